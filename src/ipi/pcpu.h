/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A physical CPU as posting knows it, and the vCPUs that sleep on it.
 *
 * The descriptor's control word says whom a device's post reaches:
 *
 *	loaded    SN = 0, NV is the notification vector
 *	put       SN = 1: PIR is set and ON is not
 *	listed    SN = 0, NV is the wake-up vector, whose handler looks
 *	          through the list of this pCPU for ON
 *
 * Owner                             Device
 *   L1 control: clear SN              D1 PIR bit
 *   L2 look at PIR, set ON            D2 control: unless SN, set ON
 * L1/D2 change one word, so one comes first: a device that saw SN had set
 * its PIR bit before L2. Without L2 the vector waits for another one.
 *
 *   E1 state                          D2 ON
 *   B1 onto the list                  D3 the interrupt NV, which it read
 *   B2 control: NV is the wake-up's      with D2; the handler looks at ON
 *   E2 look at ON
 * D2 before B2 is seen by E2; D2 after B2 sends the wake-up vector, and its
 * handler finds the vCPU, which B1 listed. From E1 on a hypervisor that
 * preempts the owner and calls put and load does not disturb this.
 */
#ifndef VIC_SRC_IPI_PCPU_H
#define VIC_SRC_IPI_PCPU_H

#include <vic/pcpu.h>

#include "ipi/vcpu_priv.h"
#include "lock.h"

struct vic_pcpu {
	_Alignas(VIC_CACHE_LINE) struct lock lock;
	/* vCPUs that sleep here, in no order. */
	struct vic_vcpu *first;
	/* Control words of a vCPU that is loaded, and of one that sleeps. */
	uint64_t loaded, asleep;
};

/* B1, B2. Owner, between E1 and E2. */
void pcpu_list(struct vic_vcpu *vcpu);

/* Off the list, and loaded where it was last. Owner, in HOST. */
void pcpu_unlist(struct vic_vcpu *vcpu);

#endif
