/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief Who sent what to whom, and how each target was reached.
 *
 * Counters live with the sender: one block in each vCPU, and one for each
 * thread that is no vCPU. Only that thread adds to its block, so adding
 * needs no locked instruction. Any thread may read a block at any time with
 * vic_counters_read(); it then sees values that are a moment old.
 */
#ifndef VIC_COUNTERS_H
#define VIC_COUNTERS_H

#include <vic/ipi.h>
#include <vic/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What became of one interrupt for one target. */
struct vic_outcomes {
	/** It was pending already: nothing to do. */
	uint64_t merged;
	/** Newly pending; the target was told earlier and did not look yet. */
	uint64_t coalesced;
	/** Newly pending; the target is in HOST and looks before it enters. */
	uint64_t silent;
	/** Newly pending; vic_vcpu_ops.wake was called. */
	uint64_t woken;
	/** Newly pending; vic_vcpu_ops.kick was called. */
	uint64_t kicked;
	/** Newly pending; vic_vcpu_ops.notify was called. */
	uint64_t notified;
};

/** Start with all zeroes. */
struct vic_counters {
	/* As a sender. */
	/** IPIs, by enum vic_dest_kind and enum vic_delivery_mode. */
	uint64_t sent[VIC_DEST_KINDS][8];
	/** Message-signalled interrupts. */
	uint64_t msi;
	/** x86 vectors and GIC interrupts, per target. */
	struct vic_outcomes vectors;
	/** NMI, SMI, INIT, SIPI and the other requests, per target. */
	struct vic_outcomes requests;
	/** Targets that were addressed but do not accept (disabled APIC). */
	uint64_t refused;
	/** Messages to an id or a logical set that nobody belongs to. */
	uint64_t unmatched;
	/** Values that were no valid message. */
	uint64_t invalid;

	/* As the owner of a vCPU. */
	uint64_t enters;
	/** vic_vcpu_enter() or vic_lapic_enter() found a request. */
	uint64_t enter_refusals;
	uint64_t exits;
	/** Exits that the embedder said were kicks. */
	uint64_t kicks;
	/** Kicks that found nothing new. */
	uint64_t kicks_spurious;
	/** vic_vcpu_block() that succeeded. */
	uint64_t blocks;
	uint64_t block_refusals;
	/** vic_vcpu_unblock() that found nothing new. */
	uint64_t wakes_spurious;
	/** Vectors thrown away: INIT, or posted while disabled. */
	uint64_t discarded;
	/**
	 * Vectors that were newly pending in the inbox while the same vector
	 * was still in IRR, or GIC interrupts while the same one was still
	 * in a list register: the two became one. So, over all blocks, newly
	 * pending = acked + discarded + folded + still pending. Not while
	 * vectors are posted: what devices post, and what the processor
	 * folds and delivers, nobody counts here.
	 */
	uint64_t folded;
	/**
	 * The same for NMI, SMI, INIT, SIPI and ExtINT: thrown away by an
	 * INIT or a reset, or a SIPI to a vCPU that does not wait for one.
	 * What a local vector table makes of a source counts twice as newly
	 * pending, and a level ExtINT is acknowledged as often as it is.
	 */
	uint64_t requests_discarded;
	/**
	 * Interrupts given to the guest, by enum vic_delivery_mode; those
	 * of a GIC under 0.
	 */
	uint64_t acked[8];
	/**
	 * EOIs that ended an interrupt in service. While vectors are posted
	 * this and @c acked count what libvic sees: EOI-induced exits, and
	 * no deliveries.
	 */
	uint64_t eois;

	/* Of posting. */
	/**
	 * Level vectors, of those newly pending, that were not posted
	 * because the target's EOI-exit bitmap did not know them: the target
	 * leaves the guest for them.
	 */
	uint64_t held;
	/** vCPUs woken by vic_pcpu_wakeup(). */
	uint64_t wakeups;

	/** Messages that IOAPICs sent, on this thread. */
	uint64_t ioapic;
	/** 0, for counters to come. */
	uint64_t reserved[9];
};

/** Copy a block while its thread may add to it. Any thread. */
VIC_API void vic_counters_read(const struct vic_counters *from,
			       struct vic_counters *to);

#ifdef __cplusplus
}
#endif

#endif
