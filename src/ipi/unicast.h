/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The short way for the messages that guests send most: Fixed, to exactly
 * one vCPU, while nobody else can be meant and no matrix counts. What it
 * cannot settle with a look at one slot goes the way of resolve.h, which is
 * right in all cases.
 *
 * It reads who lives in the other address spaces (population) before it
 * reads the slot, so each other vCPU is decided at the former.
 */
#ifndef VIC_SRC_IPI_UNICAST_H
#define VIC_SRC_IPI_UNICAST_H

#include "ipi/bus_priv.h"

/* Id and flags. */
#define IDENTITY_WHO (UINT32_MAX | IDENTITY_X2APIC | IDENTITY_ABSENT)

/* The vCPU with this id if it is in x2APIC mode and accepts vectors. */
ALWAYS_INLINE struct vic_vcpu *sole_x2apic(const struct vic_apic_bus *bus,
					   uint32_t id)
{
	struct vic_vcpu *vcpu = id_table_guess(&bus->ids, id);

	if (UNLIKELY(!vcpu ||
		     load_acquire(&vcpu->identity) != (IDENTITY_X2APIC | id)))
		return NULL;
	return vcpu;
}

/* The only vCPU listed in @slot; its word is checked by the caller. */
ALWAYS_INLINE struct vic_vcpu *sole_listed(const struct vic_apic_bus *bus,
					   const uint64_t *slot,
					   uint64_t *identity)
{
	uint64_t word = load_acquire(slot);
	struct vic_vcpu *vcpu;

	if (UNLIKELY(slot_count(word) != 1))
		return NULL;
	vcpu = slot_vcpu(bus, word);
	if (UNLIKELY(!vcpu))
		return NULL;
	*identity = load_acquire(&vcpu->identity);
	return vcpu;
}

/* With the population that was read. */
ALWAYS_INLINE struct vic_vcpu *
physical32_among(const struct vic_apic_bus *bus, uint64_t population,
		 uint32_t dest)
{
	if (UNLIKELY(population & (POPULATION_XAPIC | POPULATION_MATRIX))) {
		if ((population & POPULATION_MATRIX) ||
		    (dest < XAPIC_IDS && load_acquire(&bus->xapic[dest])))
			return NULL;
	}
	return sole_x2apic(bus, dest);
}

/* @dest is an x2APIC destination. */
ALWAYS_INLINE struct vic_vcpu *
unicast_physical32(const struct vic_apic_bus *bus, uint32_t dest)
{
	return physical32_among(bus, load_acquire(&bus->population), dest);
}

/* @dest is an x2APIC logical destination. */
ALWAYS_INLINE struct vic_vcpu *
unicast_logical32(const struct vic_apic_bus *bus, uint32_t dest)
{
	uint64_t others = POPULATION_WIDE | POPULATION_MATRIX |
			  (dest <= 0xff ? POPULATION_FLAT | POPULATION_CLUSTER :
					  0);
	uint32_t bits = dest & 0xffff;

	if (UNLIKELY((load_acquire(&bus->population) & others) || !bits ||
		     (bits & (bits - 1))))
		return NULL;
	return sole_x2apic(bus, dest >> 16 << 4 | low_bit32(bits));
}

/* @may_be_ff: it is for unicast_physical8(), where @dest is any. */
ALWAYS_INLINE struct vic_vcpu *
unicast_id8(const struct vic_apic_bus *bus, uint32_t dest, bool may_be_ff)
{
	uint64_t population = load_acquire(&bus->population);
	uint64_t identity = IDENTITY_ABSENT;
	struct vic_vcpu *vcpu;

	if (UNLIKELY(population & (POPULATION_X2APIC | POPULATION_MATRIX)))
		return may_be_ff && dest == 0xff
			       ? NULL
			       : physical32_among(bus, population, dest);
	vcpu = sole_listed(bus, &bus->xapic[dest & 0xff], &identity);
	/* All of id and flags at once: enabled, and not in x2APIC mode. */
	if (LIKELY((identity & IDENTITY_WHO) == dest))
		return vcpu;
	return NULL;
}

/*
 * @dest is an xAPIC destination or one of an MSI. 0xFF, which may mean all,
 * finds nobody here: its slot never counts one, and nobody in x2APIC mode
 * is looked for.
 */
ALWAYS_INLINE struct vic_vcpu *
unicast_physical8(const struct vic_apic_bus *bus, uint32_t dest)
{
	return unicast_id8(bus, dest, true);
}

/* @dest is an xAPIC logical destination; flat model only. */
ALWAYS_INLINE struct vic_vcpu *
unicast_logical8(const struct vic_apic_bus *bus, uint32_t dest)
{
	const uint64_t flags = IDENTITY_ABSENT | IDENTITY_X2APIC | IDENTITY_DFR;
	uint64_t identity = IDENTITY_ABSENT;
	struct vic_vcpu *vcpu;

	if (UNLIKELY((load_acquire(&bus->population) &
		      (POPULATION_X2APIC | POPULATION_CLUSTER |
		       POPULATION_MATRIX)) ||
		     (dest & (dest - 1)) || !dest))
		return NULL;
	vcpu = sole_listed(bus, &bus->flat[(size_t)low_bit32(dest)],
			   &identity);
	if (LIKELY((identity & flags) == IDENTITY_DFR &&
		   (identity >> IDENTITY_LDR_SHIFT & dest)))
		return vcpu;
	return NULL;
}

#endif
