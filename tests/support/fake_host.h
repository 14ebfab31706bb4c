/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Two pCPUs whose locks and callbacks are watched, and a device that can
 * post in the middle of what takes a lock.
 */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include "fake_posting.h"

/* What the device posts, to vCPU 0. */
#define FAKE_HOST_VECTOR 0x51

struct fake_host {
	struct fake_vm vm;
	struct vic_pcpu *pcpus[2];
	/* Locks that are held now. */
	int held;
	/* The device posts at this lock or unlock from now on; 0: never. */
	unsigned int post_at;
	/* The scheduler moves the owner to pCPU 1 there; 0: never. */
	unsigned int preempt_at;
	/* The last notification that it sent. */
	struct fake_notice notice;
};

extern struct fake_host fake_host;

/** Fails if a callback comes under a lock. */
extern const struct vic_vcpu_ops fake_host_ops;

/** Fresh storage for fake_host: that many vCPUs, all in HOST. */
void fake_host_make(uint32_t vcpus);

/** vCPU 0. */
struct vic_vcpu *fake_host_vcpu(void);

/** The control word of its descriptor. */
uint64_t fake_host_control(void);

void fake_host_device_posts(void);

/** The hook of a scheduler: vCPU 0 is preempted, and goes on on pCPU 1. */
void fake_host_preempt(void);

/** The control word of a vCPU loaded, or asleep, on pCPU @p n; without ON. */
uint64_t fake_running_on(uint32_t n);
uint64_t fake_asleep_on(uint32_t n);

#endif
