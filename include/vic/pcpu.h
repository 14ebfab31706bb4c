/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief Posting while a vCPU is scheduled: run, preempt, migrate, sleep.
 *
 * Only for hosts whose hardware posts: devices behind an IOMMU, or a
 * processor with posted-interrupt processing. There a vCPU's descriptor
 * must always say where its notification goes (SDM vol. 3, "Posted-Interrupt
 * Processing"; VT-d, "Interrupt Posting"):
 *
 *     vic_vcpu_load()     it runs on that pCPU from now on
 *     vic_vcpu_put()      it was preempted: devices post and tell nobody
 *     vic_vcpu_block()    it sleeps (<vic/vcpu.h>): the wake-up vector
 *     vic_vcpu_unblock()  it is loaded where it was last
 *
 * A vCPU that migrates is loaded elsewhere; one that was woken may be. What
 * a device posts at any moment of this is found by vic_lapic_enter(),
 * vic_vcpu_enter() or vic_vcpu_block(), or wakes the vCPU.
 *
 * The host's handlers: of the notification vector, nothing; of the wake-up
 * vector, vic_pcpu_wakeup().
 */
#ifndef VIC_PCPU_H
#define VIC_PCPU_H

#include <vic/counters.h>
#include <vic/ops.h>
#include <vic/spec/pid.h>
#include <vic/types.h>
#include <vic/vcpu.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A physical CPU. The caller gives the storage, 64-byte aligned. */
struct vic_pcpu;

/** Enough bytes for a struct vic_pcpu. */
#define VIC_PCPU_SIZE VIC_CACHE_LINE

enum vic_pcpu_flags {
	/** The host's APICs are in xAPIC mode: NDST is laid out for it. */
	VIC_PCPU_XAPIC = 1 << 0,
};

struct vic_pcpu_config {
	/** sizeof(struct vic_pcpu_config) of the caller. */
	uint32_t size;
	/** enum vic_pcpu_flags. */
	uint32_t flags;
	/** The physical APIC id; below 255 with VIC_PCPU_XAPIC. */
	uint32_t id;
	/**
	 * Physical vectors, 16 or more, that differ: the one of the posted-
	 * interrupt notification, as in the VMCS, and that of the wake-up.
	 */
	uint8_t notify_vector;
	uint8_t wakeup_vector;
	/** For lock and unlock alone; it outlives the pCPU. */
	const struct vic_vcpu_ops *ops;
};

/** Bytes of a struct vic_pcpu: at most VIC_PCPU_SIZE. Any thread. */
VIC_API size_t vic_pcpu_size(void);

/**
 * Make a pCPU. It may serve vCPUs of all VMs. If vic_pcpu_wakeup() runs in
 * an interrupt's handler, the ops must have @c lock, which masks it.
 *
 * @return VIC_OK, VIC_ERR_STORAGE, VIC_ERR_ABI or VIC_ERR_INVAL.
 */
VIC_API VIC_NODISCARD int vic_pcpu_init(void *storage, size_t size,
					const struct vic_pcpu_config *config,
					struct vic_pcpu **pcpu);

/**
 * The vCPU runs on @p pcpu from now on: notifications go there. For one
 * that is BLOCKED that holds from vic_vcpu_unblock() on. Owner, in HOST or
 * BLOCKED; after each vic_vcpu_put(), before it enters the guest. Load and
 * put may come from a hook of your scheduler that preempts the owner.
 */
VIC_API void vic_vcpu_load(struct vic_vcpu *vcpu, struct vic_pcpu *pcpu);

/**
 * The vCPU was preempted: until it is loaded devices post without a
 * notification. For one that is BLOCKED nothing changes, so that this may
 * be called for each vCPU that leaves a pCPU. Owner, in HOST or BLOCKED.
 */
VIC_API void vic_vcpu_put(struct vic_vcpu *vcpu);

/**
 * The wake-up vector came: wake who sleeps on @p pcpu and has something
 * outstanding, each once. Any thread, mostly the handler on that pCPU.
 * It looks at each vCPU that sleeps there, again for every 16 woken. For
 * vic_apic_bus_quiesced() it is inside libvic.
 *
 * It runs with the lock's interrupts masked for that long. Before a pCPU goes
 * offline wake those that sleep on it.
 *
 * @param counters the handler's own block, not that of the thread which it
 * interrupts.
 * @return how many were woken.
 */
VIC_API uint32_t vic_pcpu_wakeup(struct vic_pcpu *pcpu,
				 struct vic_counters *counters);

/**
 * The descriptor in hardware layout, 64-byte aligned: for the VMCS, and for
 * the IOMMU, which may post as soon as the vCPU was loaded once. Hardware
 * alone may write to it. Any thread.
 */
VIC_API struct vic_pid *vic_vcpu_pid(struct vic_vcpu *vcpu);

/**
 * Post as a device behind an IOMMU does: for a model of one, or a back end
 * that has nothing of the vCPU but its descriptor. The trigger mode is
 * edge. Any thread.
 *
 * @param notify receives the control word of the descriptor (NV, NDST) if
 * the caller is to send that interrupt, otherwise 0.
 * @return VIC_POST_REFUSED for a vector below 16, VIC_POST_MERGED if it was
 * pending, VIC_POST_COALESCED if the vCPU was told already,
 * VIC_POST_SILENT if SN suppresses the notification, else
 * VIC_POST_NOTIFIED.
 */
VIC_API enum vic_post vic_pid_post(struct vic_pid *pid, uint8_t vector,
				   uint64_t *notify);

#ifdef __cplusplus
}
#endif

#endif
