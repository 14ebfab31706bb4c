/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The same guest on two hosts: one without any help from the processor, and
 * one that posts. Whatever the guest does must come out the same.
 */
#ifndef FAKE_PAIR_H
#define FAKE_PAIR_H

#include "fake_posting.h"

struct fake_pair {
	/* Two vCPUs each; the first one, the BSP, is looked at. */
	struct fake_vm plain;
	struct fake_vm posting;
	struct fake_run run;
	/* Posting is on in the second VM. */
	bool on;
};

/** Build both; posting starts on. */
void fake_pair_make(struct fake_pair *pair, uint32_t bus_flags,
		    uint32_t lapic_flags);

/** Turn posting on or off, in HOST. */
void fake_pair_switch(struct fake_pair *pair, bool on);

/** Both have taken over what is pending; an INIT is acknowledged. */
void fake_pair_settle(struct fake_pair *pair);

/** Settle, and compare all that there is. */
void fake_pair_compare(struct fake_pair *pair);

/** A post by software while the vCPU runs, or with @p host is in HOST. */
void fake_pair_post(struct fake_pair *pair, uint8_t vector, bool level,
		    bool host);

/** The same by an IOMMU. */
void fake_pair_device(struct fake_pair *pair, uint8_t vector, bool host);

void fake_pair_request(struct fake_pair *pair, enum vic_request request,
		       uint8_t argument);

/** Time passes, and the timers are looked at. */
void fake_pair_ticks(struct fake_pair *pair, uint64_t ticks);

/** The next vector is taken; 0: none can be. */
uint8_t fake_pair_deliver(struct fake_pair *pair);

/** The guest writes EOI, or TPR, or sends itself an IPI. */
void fake_pair_eoi(struct fake_pair *pair);
void fake_pair_tpr(struct fake_pair *pair, uint8_t tpr);
void fake_pair_self_ipi(struct fake_pair *pair, uint8_t vector);

/** A store that both emulate: an APIC-access exit. */
void fake_pair_access(struct fake_pair *pair, uint32_t offset, uint64_t value);

/**
 * A store that ends in an APIC-write exit where posting is on. Of ICR,
 * @p value has both halves.
 */
enum vic_access
fake_pair_write(struct fake_pair *pair, uint32_t offset, uint64_t value);

#endif
