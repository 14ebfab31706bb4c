/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief One vCPU: its inbox, its run state, and how it is reached.
 *
 * This is the neutral middle of libvic: it knows no interrupt controller.
 * Any thread makes something pending in the inbox; the vCPU's own thread
 * (its owner) looks before it enters the guest and before it sleeps.
 *
 *     HOST     in the hypervisor; will look at its inbox before it leaves
 *     GUEST    executing guest code, or halted inside the guest
 *     POSTED   as GUEST, and the processor takes vectors from the descriptor
 *     BLOCKED  its thread waits, or is about to, on the embedder's semaphore
 *
 * docs/design.md tells the protocol and why it loses nothing.
 *
 * Thread rule: "owner" is the one thread that runs the vCPU; "any" may be
 * called by every thread at every time after vic_vcpu_init().
 */
#ifndef VIC_VCPU_H
#define VIC_VCPU_H

#include <vic/counters.h>
#include <vic/ops.h>
#include <vic/spec/pid.h>
#include <vic/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A vCPU. The caller gives the storage, aligned to VIC_CACHE_LINE. */
struct vic_vcpu;

/**
 * Enough bytes for a struct vic_vcpu: an odd number of cache lines, so that
 * an array of vCPUs spreads over the sets of a cache. An embedder may put
 * `_Alignas(VIC_CACHE_LINE) unsigned char vic[VIC_VCPU_SIZE]` into its own
 * struct; its stride should be an odd number of lines too.
 */
#define VIC_VCPU_SIZE (19 * VIC_CACHE_LINE)

/** Where a vCPU is; see the top of this file. */
enum vic_run_state {
	VIC_HOST,
	VIC_GUEST,
	VIC_BLOCKED,
	/** vic_lapic_enter() with posting on. */
	VIC_POSTED,
};

/** Requests: what may be pending besides x86 vectors. */
enum vic_request {
	/** Non-maskable interrupt: up to two are pending, more merge. */
	VIC_REQUEST_NMI,
	VIC_REQUEST_SMI,
	/** INIT; it cancels a SIPI that is pending. */
	VIC_REQUEST_INIT,
	/** Start-up with a vector; ignored while one is pending. */
	VIC_REQUEST_SIPI,
	/** Bits for the error status register, as the argument. */
	VIC_REQUEST_ESR,
	/** Nothing but a look: the owner leaves the guest or its sleep. */
	VIC_REQUEST_RESYNC,
	/* Of a local APIC, to its local vector table. */
	/** The deadline of vic_lapic_deadline() has come. */
	VIC_REQUEST_TIMER,
	/** A performance counter overflowed (LVT PERF). */
	VIC_REQUEST_PERF,
	VIC_REQUEST_THERMAL,
	/** A corrected machine check (LVT CMCI). */
	VIC_REQUEST_CMCI,
	/** LINT0 or LINT1 is high (argument 1) or low (0). */
	VIC_REQUEST_LINT0,
	VIC_REQUEST_LINT1,
	/** An ExtINT message; refused if there is no vic_vcpu_ops.inta. */
	VIC_REQUEST_EXTINT,
};

/** What became of making something pending. */
enum vic_post {
	VIC_POST_MERGED,
	VIC_POST_COALESCED,
	VIC_POST_SILENT,
	VIC_POST_WOKEN,
	VIC_POST_KICKED,
	/** vic_vcpu_ops.notify was called: no exit is needed. */
	VIC_POST_NOTIFIED,
	/** The arguments name no such interrupt. Nothing changed. */
	VIC_POST_REFUSED,
};

/** What vic_vcpu_enter() wants. */
enum vic_enter {
	/** Enter the guest. */
	VIC_ENTER_GUEST,
	/** Something new is pending: scan again. The state is HOST. */
	VIC_ENTER_AGAIN,
	/**
	 * Refused four times in a row: enter with an immediate exit armed,
	 * so that the vCPU makes progress and looks again. The state is
	 * GUEST, and what is new stays so: until the next scan nobody kicks.
	 */
	VIC_ENTER_EXIT,
};

struct vic_vcpu_config {
	/** sizeof(struct vic_vcpu_config) of the caller. */
	uint32_t size;
	/** Dense index in the VM, from 0: no APIC id and no affinity. */
	uint32_t index;
	/** Shared by all vCPUs; must outlive them. */
	const struct vic_vcpu_ops *ops;
	/** Given to every callback. */
	void *opaque;
};

/** What a vCPU's inbox holds; for dumps and tests. */
struct vic_vcpu_inbox {
	/** enum vic_run_state. */
	uint32_t state;
	/** Something in the requests is newer than the last look. */
	bool request_new;
	/** ON in the descriptor: the same for vectors. */
	bool outstanding;
	/** Pending NMIs: 0, 1 or 2. */
	uint8_t nmi;
	bool smi, init, sipi, extint;
	uint8_t sipi_vector;
	/** Bit n: LINTn is high. */
	uint8_t lint;
	/** Vectors posted and not yet harvested. */
	uint64_t pir[4];
	/**
	 * Trigger mode of each vector at its last post: 1 is level; see
	 * vic_vcpu_post() for those that are posted to hardware.
	 */
	uint64_t trigger[4];
};

/** Bytes of a struct vic_vcpu: at most VIC_VCPU_SIZE. Any thread. */
VIC_API size_t vic_vcpu_size(void);

/**
 * Make a vCPU in @p storage, in HOST with an empty inbox.
 *
 * @param storage aligned to VIC_CACHE_LINE; belongs to libvic from now on.
 * @param size of the storage in bytes.
 * @param vcpu receives the handle, which equals @p storage.
 * @return VIC_OK; VIC_ERR_STORAGE, VIC_ERR_ABI, or VIC_ERR_INVAL when a
 * required callback is missing. No thread may use the vCPU before this.
 */
VIC_API VIC_NODISCARD int vic_vcpu_init(void *storage, size_t size,
					const struct vic_vcpu_config *config,
					struct vic_vcpu **vcpu);

/**
 * Make x86 vector @p vector pending and reach the vCPU. Any thread.
 *
 * @param counters the calling thread's block.
 * @param level the trigger mode; it is what the last post of the vector
 * says that reaches TMR. While vectors are posted (vic_lapic_set_posting())
 * a level one that TMR does not know makes the target leave the guest, and
 * one that was level stays so until its EOI, which vic_vcpu_ops.eoi hears.
 * What comes to a local APIC that is disabled is thrown away; of a bus with
 * an IOAPIC not the level ones, if SVR has disabled it since its reset.
 * @return VIC_POST_MERGED if it was pending already. A vector below 16 is
 * refused.
 */
VIC_API enum vic_post vic_vcpu_post(struct vic_vcpu *vcpu,
				    struct vic_counters *counters,
				    uint8_t vector, bool level);

/**
 * Make @p request pending and reach the vCPU. Any thread.
 *
 * @param argument the start page of VIC_REQUEST_SIPI, the bits of
 * VIC_REQUEST_ESR, the level of VIC_REQUEST_LINT0 and 1, otherwise 0.
 * @return VIC_POST_MERGED also for a line that falls: nobody is told.
 */
VIC_API enum vic_post vic_vcpu_request(struct vic_vcpu *vcpu,
				       struct vic_counters *counters,
				       enum vic_request request,
				       uint8_t argument);

/**
 * HOST to GUEST, unless something new is pending. Owner.
 *
 * Call it where a kick stays latched until guest entry: with host
 * interrupts masked, or with a flag like KVM's immediate_exit that the kick
 * sets. Costs one full barrier.
 */
VIC_API VIC_NODISCARD enum vic_enter vic_vcpu_enter(struct vic_vcpu *vcpu);

/**
 * GUEST to HOST. Owner.
 *
 * @param kicked this exit was caused by a kick; for the counters only.
 */
VIC_API void vic_vcpu_exit(struct vic_vcpu *vcpu, bool kicked);

/**
 * HOST to BLOCKED, unless something new is pending. Owner.
 *
 * A vCPU that was loaded (<vic/pcpu.h>) is listed with its pCPU meanwhile,
 * so that a device's post wakes it.
 *
 * Look at what is already known first (vic_lapic_block() does). After true
 * wait for vic_vcpu_ops.wake, then call vic_vcpu_unblock(). After false the
 * state is HOST: scan again.
 */
VIC_API VIC_NODISCARD bool vic_vcpu_block(struct vic_vcpu *vcpu);

/** BLOCKED to HOST, after a wake or for any other reason. Owner. */
VIC_API void vic_vcpu_unblock(struct vic_vcpu *vcpu);

/** The vCPU's own block. Any thread; see <vic/counters.h>. */
VIC_API const struct vic_counters *
vic_vcpu_counters(const struct vic_vcpu *vcpu);

/** The dense index. Any thread. */
VIC_API uint32_t vic_vcpu_index(const struct vic_vcpu *vcpu);

/** A look at the inbox, word by word while others may change it. Any. */
VIC_API void vic_vcpu_peek(const struct vic_vcpu *vcpu,
			   struct vic_vcpu_inbox *out);

#ifdef __cplusplus
}
#endif

#endif
