/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The destination map's data and its writer side (map.c).
 *
 * xAPIC ids and logical slots are one word each: in the low half how many
 * vCPUs are listed, in the high half the XOR of their indices. A count of 1
 * names its vCPU; leaving is as cheap as joining; more than 1 means that
 * the sender walks all vCPUs.
 *
 * A list may name too many, never too few: who changes its identity joins
 * its new slots, publishes its word, counts the change in @generation, and
 * only then leaves its old slots. So whoever misses a vCPU in one slot and
 * in the next may have met it on the way; it sees @generation move, walks
 * all, and then decides by each vCPU's word, read once (resolve.h).
 */
#ifndef VIC_SRC_IPI_BUS_PRIV_H
#define VIC_SRC_IPI_BUS_PRIV_H

#include <vic/bus.h>

#include "ipi/idtab.h"
#include "ipi/vcpu_priv.h"

#define XAPIC_IDS 256
#define FLAT_SLOTS 8
#define CLUSTER_SLOTS 64

/*
 * Who lives where, in one word, so that a sender rules out what it need not
 * probe with one load: counts of vCPUs in x2APIC mode and of those listed
 * under an xAPIC id, in flat slots and in cluster slots; whether there are
 * ids above 20 bits, whose x2APIC logical ids alias; whether sends are to
 * be counted in the matrix.
 */
#define POPULATION_X2APIC_SHIFT 0
#define POPULATION_XAPIC_SHIFT 14
#define POPULATION_FLAT_SHIFT 32
#define POPULATION_CLUSTER_SHIFT 46
#define POPULATION_COUNT UINT64_C(0x3fff)
#define POPULATION_X2APIC (POPULATION_COUNT << POPULATION_X2APIC_SHIFT)
#define POPULATION_XAPIC (POPULATION_COUNT << POPULATION_XAPIC_SHIFT)
#define POPULATION_WIDE (UINT64_C(1) << 28)
#define POPULATION_MATRIX (UINT64_C(1) << 29)
#define POPULATION_FLAT (POPULATION_COUNT << POPULATION_FLAT_SHIFT)
#define POPULATION_CLUSTER (POPULATION_COUNT << POPULATION_CLUSTER_SHIFT)

/* While it changes its identity a vCPU counts twice. */
_Static_assert(2 * VIC_BUS_MAX_VCPUS <= POPULATION_COUNT,
	       "the counts fit their fields");

struct vic_apic_bus {
	/* Fixed by init. */
	_Alignas(VIC_CACHE_LINE) struct id_table ids;
	struct vic_vcpu **vcpus;
	/* By index, for those that were removed. */
	uint32_t *removed_ids;
	uint64_t *matrix;
	uint32_t max;
	uint32_t flags;
	uint32_t msi_format;
	/* One more than the highest index that was ever added. */
	uint32_t nr;
	/* The first of its IOAPICs; set before the bus is used. */
	struct vic_ioapic *ioapics;

	/* POPULATION_*; the counts are never too low. */
	_Alignas(VIC_CACHE_LINE) uint64_t population;
	uint64_t generation;
	/*
	 * How often a guest changed who accepts what, and whether an IOAPIC
	 * waits for that: src/apic/ioapic.c has the pair.
	 */
	uint64_t arrivals;
	uint64_t waiting;
	/* Removed and not yet quiesced, by index. */
	uint64_t removed[VIC_BUS_MAX_VCPUS / 64];
	uint64_t xapic[XAPIC_IDS];
	uint64_t flat[FLAT_SLOTS];
	uint64_t cluster[CLUSTER_SLOTS];
	/* Then the slots of @ids, @vcpus, and @removed_ids. */
};

/*
 * Add a vCPU that nobody can address yet: that comes with its first
 * bus_publish(). VIC_OK, VIC_ERR_EXISTS, VIC_ERR_STATE
 * or VIC_ERR_INVAL.
 */
int bus_add(struct vic_apic_bus *bus, struct vic_vcpu *vcpu, uint32_t id);

/* Take up @identity; the owner's thread, or bus_add()'s before it runs. */
void bus_publish(struct vic_apic_bus *bus, struct vic_vcpu *vcpu,
		 uint64_t identity);

ALWAYS_INLINE uint32_t slot_count(uint64_t word)
{
	return (uint32_t)word;
}

ALWAYS_INLINE struct vic_vcpu *slot_vcpu(const struct vic_apic_bus *bus,
					 uint64_t word)
{
	return load_vcpu(&bus->vcpus[word >> 32]);
}

#endif
