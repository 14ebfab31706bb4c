/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief What libvic asks of a hypervisor.
 *
 * One table of callbacks, const and shared by all vCPUs. The callbacks may
 * run inside any libvic call, on any thread, with no libvic lock held. They
 * may not call libvic, block, or take a lock that the embedder holds around
 * libvic calls. @c eoi alone may post: vic_msi(), vic_vcpu_post(), so that a
 * level line that is still high is pending again.
 */
#ifndef VIC_OPS_H
#define VIC_OPS_H

#include <vic/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Who reports an EOI through vic_vcpu_ops.eoi. */
enum vic_eoi_source {
	/** A local APIC's EOI of a vector that was accepted as level. */
	VIC_EOI_LAPIC,
};

/** The callbacks. Unused trailing members of a larger struct must be 0. */
struct vic_vcpu_ops {
	/** sizeof(struct vic_vcpu_ops) of the caller. */
	uint32_t size;
	/** Must be 0. */
	uint32_t flags;
	/**
	 * The vCPU is BLOCKED and something is pending: make its thread
	 * return from its wait. Must be latched, as a semaphore is: a wake
	 * that comes before the wait ends the wait. A vector and a request
	 * may each wake one sleep: drain a counting semaphore after the
	 * wait. Required.
	 */
	void (*wake)(void *opaque);
	/**
	 * The vCPU is in GUEST and something is pending: make it leave the
	 * guest soon. Must be latched until guest entry (see
	 * vic_vcpu_enter()). Required.
	 */
	void (*kick)(void *opaque);
	/**
	 * A level interrupt was completed. Runs on the vCPU's own thread.
	 * @p number is the vector for VIC_EOI_LAPIC. NULL: nobody asks.
	 */
	void (*eoi)(void *opaque, uint32_t source, uint32_t number);
};

#ifdef __cplusplus
}
#endif

#endif
