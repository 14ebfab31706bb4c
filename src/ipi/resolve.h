/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * From a message to the vCPUs that it addresses: one piece of code for
 * sending and for compiling, which differ in what @visit does.
 *
 * Each vCPU is decided once, by one load of its identity word, so a send
 * acts as before or after any change of a target. SDM 10.6.2 (xAPIC),
 * 10.12.10 (x2APIC).
 */
#ifndef VIC_SRC_IPI_RESOLVE_H
#define VIC_SRC_IPI_RESOLVE_H

#include "ipi/bus_priv.h"

/* 16 of an x2APIC cluster, 8 flat, 4 of a cluster. */
#define MAX_PROBED 28

/* What to do with a vCPU that is addressed. @identity is what decided. */
typedef void (*visit_fn)(void *ctx, struct vic_vcpu *vcpu, uint64_t identity);

/* Who was visited by probing, so that a walk does not visit it again. */
struct probed {
	uint32_t nr;
	struct vic_vcpu *vcpus[MAX_PROBED];
};

ALWAYS_INLINE bool probed_before(const struct probed *probed,
				 const struct vic_vcpu *vcpu)
{
	for (uint32_t i = 0; i < probed->nr; i++)
		if (probed->vcpus[i] == vcpu)
			return true;
	return false;
}

ALWAYS_INLINE bool is_broadcast(const struct vic_ipi *ipi)
{
	return ipi->dest == (ipi->width == 32 ? UINT32_MAX : 0xff);
}

ALWAYS_INLINE bool matches_physical(uint64_t identity,
				    const struct vic_vcpu *vcpu, uint32_t dest)
{
	/* Above 0xFF only full ids are meant, whatever the target's mode. */
	return dest > 0xff ? vcpu->id == dest : (uint32_t)identity == dest;
}

ALWAYS_INLINE bool matches_logical(uint64_t identity, uint32_t dest)
{
	uint32_t id = (uint32_t)identity;
	uint32_t ldr = (uint32_t)(identity >> IDENTITY_LDR_SHIFT) & 0xff;
	uint32_t dfr = (uint32_t)(identity >> IDENTITY_DFR_SHIFT) & 0xf;

	if (identity & IDENTITY_X2APIC)
		return dest >> 16 == (id >> 4 & 0xffff) &&
		       (dest >> (id & 0xf) & 1);
	if (dest > 0xff)
		return false;
	if (dfr == VIC_DFR_FLAT)
		return (ldr & dest) != 0;
	return dfr == VIC_DFR_CLUSTER && ldr >> 4 == dest >> 4 &&
	       (ldr & dest & 0xf);
}

ALWAYS_INLINE bool matches(uint64_t identity, const struct vic_vcpu *vcpu,
			   const struct vic_ipi *ipi)
{
	if (identity & IDENTITY_DISABLED)
		return false;
	if (ipi->kind == VIC_DEST_PHYSICAL)
		return matches_physical(identity, vcpu, ipi->dest);
	return matches_logical(identity, ipi->dest);
}

/* Every vCPU on the bus but @except. */
ALWAYS_INLINE void resolve_all(struct vic_apic_bus *bus,
			       const struct vic_vcpu *except, visit_fn visit,
			       void *ctx)
{
	uint32_t nr = load32_acquire(&bus->nr);

	for (uint32_t i = 0; i < nr; i++) {
		struct vic_vcpu *vcpu = load_vcpu(&bus->vcpus[i]);
		uint64_t identity;

		if (UNLIKELY(!vcpu) || vcpu == except)
			continue;
		identity = load_acquire(&vcpu->identity);
		if (LIKELY(!(identity & IDENTITY_DISABLED)))
			visit(ctx, vcpu, identity);
	}
}

/* The slow way, right in every case: look at everybody's word. */
ALWAYS_INLINE void resolve_walk(struct vic_apic_bus *bus,
				const struct vic_ipi *ipi,
				const struct probed *probed, visit_fn visit,
				void *ctx)
{
	uint32_t nr = load32_acquire(&bus->nr);

	for (uint32_t i = 0; i < nr; i++) {
		struct vic_vcpu *vcpu = load_vcpu(&bus->vcpus[i]);
		uint64_t identity;

		if (!vcpu || probed_before(probed, vcpu))
			continue;
		identity = load_acquire(&vcpu->identity);
		if (matches(identity, vcpu, ipi))
			visit(ctx, vcpu, identity);
	}
}

/* Decide @vcpu, unless that happened already. */
ALWAYS_INLINE void resolve_probe(struct probed *probed, struct vic_vcpu *vcpu,
				 const struct vic_ipi *ipi, visit_fn visit,
				 void *ctx)
{
	uint64_t identity;

	if (!vcpu || probed_before(probed, vcpu))
		return;
	identity = load_acquire(&vcpu->identity);
	if (!matches(identity, vcpu, ipi))
		return;
	probed->vcpus[probed->nr++] = vcpu;
	visit(ctx, vcpu, identity);
}

/*
 * @dest is no broadcast. The vCPU that owns the full id is decided first,
 * in whichever mode it is; then those that answer to an xAPIC id.
 */
ALWAYS_INLINE void resolve_physical(struct vic_apic_bus *bus,
				    const struct vic_ipi *ipi, visit_fn visit,
				    void *ctx)
{
	struct vic_vcpu *owner = id_table_find(&bus->ids, ipi->dest);
	struct probed probed;
	uint64_t word;

	if (LIKELY(owner)) {
		uint64_t identity = load_acquire(&owner->identity);

		if (LIKELY(matches(identity, owner, ipi)))
			visit(ctx, owner, identity);
	}
	if (ipi->dest >= XAPIC_IDS)
		return;
	word = load_acquire(&bus->xapic[ipi->dest]);
	if (!word)
		return;
	if (LIKELY(slot_count(word) == 1)) {
		struct vic_vcpu *vcpu = slot_vcpu(bus, word);

		if (LIKELY(vcpu == owner))
			return;
		probed.nr = 0;
		resolve_probe(&probed, vcpu, ipi, visit, ctx);
		return;
	}
	probed.nr = owner != NULL;
	probed.vcpus[0] = owner;
	resolve_walk(bus, ipi, &probed, visit, ctx);
}

/* Bits of @bits name slots. False if two vCPUs share one. */
ALWAYS_INLINE bool resolve_slots(struct vic_apic_bus *bus,
				 const uint64_t *slots, uint32_t bits,
				 struct probed *probed,
				 const struct vic_ipi *ipi, visit_fn visit,
				 void *ctx)
{
	for (; bits; bits &= bits - 1) {
		uint64_t word = load_acquire(&slots[low_bit32(bits)]);

		if (slot_count(word) > 1)
			return false;
		if (word)
			resolve_probe(probed, slot_vcpu(bus, word), ipi, visit,
				      ctx);
	}
	return true;
}

ALWAYS_INLINE void resolve_cluster(struct vic_apic_bus *bus,
				   struct probed *probed,
				   const struct vic_ipi *ipi, visit_fn visit,
				   void *ctx)
{
	uint32_t first = ipi->dest >> 16 << 4;

	for (uint32_t bits = ipi->dest & 0xffff; bits; bits &= bits - 1)
		resolve_probe(probed,
			      id_table_find(&bus->ids,
					    first | low_bit32(bits)),
			      ipi, visit, ctx);
}

/*
 * @dest is no broadcast. A target that moves from a slot not yet probed to
 * one that was probed is missed by both; @generation tells, see bus_priv.h.
 */
ALWAYS_INLINE void resolve_logical(struct vic_apic_bus *bus,
				   const struct vic_ipi *ipi, visit_fn visit,
				   void *ctx)
{
	uint64_t generation = load_acquire(&bus->generation);
	uint64_t population = load_acquire(&bus->population);
	bool exact = !(population & POPULATION_WIDE);
	uint32_t dest = ipi->dest;
	struct probed probed;

	probed.nr = 0;
	if (population & POPULATION_X2APIC)
		resolve_cluster(bus, &probed, ipi, visit, ctx);
	if (dest <= 0xff && (population & (POPULATION_FLAT |
					   POPULATION_CLUSTER))) {
		exact &= resolve_slots(bus, bus->flat, dest, &probed, ipi,
				       visit, ctx);
		exact &= resolve_slots(bus, &bus->cluster[(dest >> 4) * 4],
				       dest & 0xf, &probed, ipi, visit, ctx);
	}
	if (UNLIKELY(!exact || load_seq(&bus->generation) != generation))
		resolve_walk(bus, ipi, &probed, visit, ctx);
}

/* @sender may be NULL: an MSI has none. */
ALWAYS_INLINE void resolve(struct vic_apic_bus *bus, struct vic_vcpu *sender,
			   const struct vic_ipi *ipi, visit_fn visit,
			   void *ctx)
{
	switch (ipi->kind) {
	case VIC_DEST_SELF:
		if (sender)
			visit(ctx, sender, load_relaxed(&sender->identity));
		break;
	case VIC_DEST_ALL:
		resolve_all(bus, NULL, visit, ctx);
		break;
	case VIC_DEST_OTHERS:
		resolve_all(bus, sender, visit, ctx);
		break;
	case VIC_DEST_PHYSICAL:
		if (UNLIKELY(is_broadcast(ipi)))
			resolve_all(bus, NULL, visit, ctx);
		else
			resolve_physical(bus, ipi, visit, ctx);
		break;
	case VIC_DEST_LOGICAL:
		if (UNLIKELY(is_broadcast(ipi)))
			resolve_all(bus, NULL, visit, ctx);
		else
			resolve_logical(bus, ipi, visit, ctx);
		break;
	default:
		break;
	}
}

#endif
