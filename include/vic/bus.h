/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief The destination map of an x86 VM: from a message to its targets.
 *
 * One bus per VM joins the local APICs. A local APIC publishes one identity
 * word (id, mode, LDR, DFR, enables); the map leads from a destination to
 * the vCPUs that may match, and the target's own word decides. A send that
 * runs while a target changes its identity acts as before or after the
 * change; a vCPU whose identity stays is always found, and found once.
 *
 * Cost: physical O(1), x2APIC cluster up to 16 probes, flat and cluster up
 * to 8 or 4; where two vCPUs share an xAPIC id or a logical slot, a walk
 * over all vCPUs, like a broadcast. Memory is bounded by max_vcpus.
 *
 * Destination width comes from the sender's mode, the match rule from each
 * target's (SDM 10.6.2, 10.12.10). docs/conformance.md has the choices.
 */
#ifndef VIC_BUS_H
#define VIC_BUS_H

#include <vic/counters.h>
#include <vic/ipi.h>
#include <vic/types.h>
#include <vic/vcpu.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The bus. The caller gives the storage, aligned to VIC_CACHE_LINE. */
struct vic_apic_bus;

/** The largest max_vcpus. */
#define VIC_BUS_MAX_VCPUS 4096

/** Policies of a VM. */
enum vic_bus_flags {
	/**
	 * Lowest priority goes to the target with the lowest published PPR
	 * (a hint by definition). Default: by a hash of the vector.
	 */
	VIC_BUS_ARBITRATE = 1 << 0,
	/**
	 * An MSI's physical destination 0xFF is APIC id 255. Default: all
	 * vCPUs, as a sender in xAPIC mode means it.
	 */
	VIC_BUS_MSI_FF_IS_ID = 1 << 1,
	/**
	 * A vCPU in xAPIC mode whose x2APIC id is above 0xFF answers to that
	 * id only. Default: it answers to the low eight bits too, as
	 * hardware does, so that several may answer to one id.
	 */
	VIC_BUS_NO_XAPIC_ALIAS = 1 << 2,
	/**
	 * VERSION[24] reads 1, and a guest that sets SVR[12] suppresses EOI
	 * broadcasts: vic_vcpu_ops.eoi is not called. Default: SVR[12] is
	 * reserved.
	 */
	VIC_BUS_SUPPRESS_EOI = 1 << 3,
	/**
	 * An IPI's trigger mode counts, as on AMD: level with assert is a
	 * level interrupt, with its EOI broadcast; level with de-assert is
	 * nothing. Default: IPIs are edge.
	 */
	VIC_BUS_LEVEL_IPIS = 1 << 4,
	/**
	 * WRMSR of the ICR with bit 12 (delivery status) is #GP, as on AMD.
	 * Default: the bit is ignored.
	 */
	VIC_BUS_BUSY_FAULTS = 1 << 5,
	/** Stores to the xAPIC id are ignored. Default: they change it. */
	VIC_BUS_ID_READ_ONLY = 1 << 6,
	/** WRMSR that moves the APIC page is #GP. Default: it moves. */
	VIC_BUS_BASE_FIXED = 1 << 7,
	/**
	 * In x2APIC mode the page has the ICR's high half at 0x310, as AMD's
	 * hardware wants it. Default: 64 bits at 0x300, as Intel's does.
	 */
	VIC_BUS_ICR_SPLIT = 1 << 8,
	/**
	 * An interrupt through LVT PERF leaves the mask bit, as on AMD.
	 * Default: it sets the bit.
	 */
	VIC_BUS_PMI_KEEPS_MASK = 1 << 9,
	/**
	 * The processors cannot send lowest priority by ICR: it records
	 * ESR[4] (redirectable IPI) and sends nothing. Default: they can.
	 */
	VIC_BUS_NO_LOWEST = 1 << 10,
};

struct vic_apic_bus_config {
	/** sizeof(struct vic_apic_bus_config) of the caller. */
	uint32_t size;
	/** enum vic_bus_flags. */
	uint32_t flags;
	/** Indices 0..max_vcpus - 1 exist. 1 to VIC_BUS_MAX_VCPUS. */
	uint32_t max_vcpus;
	/** enum vic_msi_format. */
	uint32_t msi_format;
	/**
	 * NULL, or max_vcpus x max_vcpus zeroes: entry
	 * [source * max_vcpus + target] counts what source's APIC addressed
	 * to target, merged or not. Row @c source is written by that vCPU's
	 * thread.
	 */
	uint64_t *matrix;
};

/** The list that a send register's value was compiled into. */
struct vic_targets {
	/** What to make pending at each target. */
	struct vic_ipi ipi;
	/** Whether it is a message at all; if not, @c count is 0. */
	enum vic_decode decode;
	/** Dense indices; the caller's array. */
	uint32_t *indices;
	/** Entries in @c indices; set by the caller. */
	uint32_t capacity;
	/** Targets found. More than @c capacity: the rest is not listed. */
	uint32_t count;
};

/** Bytes for a bus of @p max_vcpus; 0 if that is out of range. Any. */
VIC_API size_t vic_apic_bus_size(uint32_t max_vcpus);

/**
 * Make an empty bus in @p storage. No thread may use it before this.
 *
 * @return VIC_OK, VIC_ERR_STORAGE, VIC_ERR_ABI, VIC_ERR_INVAL.
 */
VIC_API VIC_NODISCARD int
vic_apic_bus_init(void *storage, size_t size,
		  const struct vic_apic_bus_config *config,
		  struct vic_apic_bus **bus);

/**
 * Mark the vCPU @p index absent: no message reaches it any more. Its own
 * thread has stopped, and not while the vCPU was BLOCKED; no device posts to
 * it. Its memory stays in use until vic_apic_bus_quiesced(). One thread at a
 * time may add and remove; senders may run.
 *
 * @return VIC_ERR_ABSENT if there is none; VIC_ERR_STATE if it sleeps on a
 * pCPU, whose list it would stay on: vic_vcpu_unblock() first.
 */
VIC_API VIC_NODISCARD int vic_apic_bus_remove(struct vic_apic_bus *bus,
					      uint32_t index);

/**
 * Every thread that was inside libvic at vic_apic_bus_remove() has left
 * since: forget the vCPU. After this its memory is the caller's again, and
 * its index and id may be used anew. Same thread rule as remove.
 *
 * @return VIC_ERR_ABSENT if there is none, VIC_ERR_STATE if it was not
 * removed.
 */
VIC_API VIC_NODISCARD int vic_apic_bus_quiesced(struct vic_apic_bus *bus,
						uint32_t index);

/** The longest probe that any id needs in the id table. Any thread. */
VIC_API uint32_t vic_apic_bus_worst_probe(const struct vic_apic_bus *bus);

/**
 * Who would receive it: decode @p value and list the targets that are
 * addressed and accept, without sending. Any thread.
 *
 * @param reg one of the x86 registers; others are VIC_DECODE_FOREIGN.
 * @param sender decides "self", "others" and nothing else; NULL: there is
 * no such vCPU.
 */
VIC_API void vic_apic_bus_compile(struct vic_apic_bus *bus,
				  const struct vic_vcpu *sender,
				  enum vic_send_register reg, uint64_t value,
				  struct vic_targets *targets);

/**
 * Send a message-signalled interrupt. Any thread.
 *
 * @param counters the calling thread's own block.
 * @return how many targets it was made newly pending at (0 if it merged
 * everywhere or reached nobody), or VIC_ERR_INVAL if the address is not an
 * interrupt message of the bus's format.
 */
VIC_API int vic_msi(struct vic_apic_bus *bus, struct vic_counters *counters,
		    uint64_t address, uint32_t data);

#ifdef __cplusplus
}
#endif

#endif
