/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Lowest priority to an x2APIC logical destination, the short way: nobody
 * else can be meant, and everybody accepts. SDM 10.6.2.4. The ids of a
 * cluster follow each other, and mostly all from the first on are meant.
 */
#ifndef VIC_SRC_IPI_LOWEST_H
#define VIC_SRC_IPI_LOWEST_H

#include "ipi/unicast.h"

/* Whether @bits are all up to their highest. */
ALWAYS_INLINE bool is_run(uint32_t bits)
{
	return !(bits & (bits + 1));
}

/* How many of 16 bits are set; the builtin may be a call into libgcc. */
ALWAYS_INLINE uint32_t count16(uint32_t bits)
{
	bits -= bits >> 1 & 0x5555;
	bits = (bits & 0x3333) + (bits >> 2 & 0x3333);
	bits = (bits + (bits >> 4)) & 0x0f0f;
	return (bits + (bits >> 8)) & 0x1f;
}

/* One of @n by @hash, which has 16 bits. */
ALWAYS_INLINE uint32_t one_of(uint32_t n, uint32_t hash)
{
	return n * hash >> 16;
}

/* One of the bits that are set, by @hash. */
ALWAYS_INLINE uint32_t hashed_bit(uint32_t bits, uint32_t hash)
{
	if (LIKELY(is_run(bits)))
		return one_of(top_bit32(bits) + 1, hash);
	for (uint32_t k = one_of(count16(bits), hash); k; k--)
		bits &= bits - 1;
	return low_bit32(bits);
}

/*
 * The lowest PPR, then the lowest id, of all ids from @first on that a run
 * of @bits names, where ids are indices, as they mostly are.
 */
ALWAYS_INLINE struct vic_vcpu *
lowest_of_run(const struct vic_apic_bus *bus, uint32_t first, uint32_t bits)
{
	struct vic_vcpu **at, *best = NULL;
	uint64_t identity = IDENTITY_X2APIC | first;
	uint32_t least = UINT32_MAX;

	if (!bits || !is_run(bits) || first + top_bit32(bits) >= bus->max)
		return NULL;
	for (at = &bus->vcpus[first]; bits; bits >>= 1, at++, identity++) {
		struct vic_vcpu *vcpu = load_vcpu(at);
		uint32_t ppr;

		if (UNLIKELY(!vcpu ||
			     load_acquire(&vcpu->identity) != identity))
			return NULL;
		ppr = load32_relaxed(&vcpu->ppr);
		if (ppr < least) {
			least = ppr;
			best = vcpu;
		}
	}
	return best;
}

/*
 * Who takes it, by arbitration or by a hash of @vector; NULL: resolve.h has
 * the other ways.
 */
ALWAYS_INLINE struct vic_vcpu *lowest_logical32(bool arbitration,
						const struct vic_apic_bus *bus,
						uint32_t dest, uint32_t vector)
{
	uint64_t others =
		POPULATION_WIDE | POPULATION_MATRIX |
		(dest <= 0xff ? POPULATION_FLAT | POPULATION_CLUSTER : 0);
	uint32_t first = dest >> 16 << 4, bits = dest & 0xffff;

	if (UNLIKELY(load_acquire(&bus->population) & others))
		return NULL;
	/* All ones are beyond every index. */
	if (arbitration)
		return lowest_of_run(bus, first, bits);
	if (UNLIKELY(!bits || dest == UINT32_MAX))
		return NULL;
	return sole_x2apic(bus,
			   first | hashed_bit(bits, vector * ID_HASH >> 16));
}

#endif
