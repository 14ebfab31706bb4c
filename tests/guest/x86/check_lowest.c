/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Lowest-priority delivery: exactly one of the set, whichever that is. */

#include "apic.h"

#define ROUNDS 8u

static uint32_t sender_vector(uint32_t sender)
{
	return 0x31 + 11 * sender;
}

static uint32_t handled(uint32_t vector)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < nr_cpus; i++)
		n += LOAD(cpus[i].count[vector]);
	return n;
}

static bool handled_reaches(uint32_t vector, uint32_t n)
{
	uint64_t start = rdtsc();

	while (handled(vector) < n) {
		if (out_of_patience(start))
			return handled(vector) >= n;
		pause();
	}
	return true;
}

/* The logical address of a set of CPUs: flat, or x2APIC cluster 0. */
static uint32_t address_of(struct cpu *me, uint32_t set)
{
	return me->x2apic ? set : (set | set >> 8) & 0xff;
}

static void lowest(struct cpu *me, void *arg)
{
	uint32_t set = *(uint32_t *)arg;
	uint32_t vector = sender_vector(me->id);
	uint32_t dest = address_of(me, set);

	for (uint32_t n = 1; n <= ROUNDS; n++) {
		apic_send(ICR_LOWEST | ICR_LOGICAL | vector, dest);
		if (handled_reaches(vector, n))
			continue;
		fail("cpu %u sent %u to the lowest of the set %x: %u handled",
		     me->id, n, set, handled(vector));
		return;
	}
}

/* Beyond eight CPUs two share an address: the set then has both. */
static uint32_t closed(uint32_t set)
{
	if (!this_cpu()->x2apic)
		set |= set << 8 | set >> 8;
	return set & ((1u << nr_cpus) - 1);
}

static void lowest_of(uint32_t set)
{
	set = closed(set);
	clear_counts();
	run_all(lowest, &set);
	settle();
	for (uint32_t s = 0; s < nr_cpus; s++) {
		uint32_t vector = sender_vector(s);

		if (handled(vector) != ROUNDS)
			fail("cpu %u sent %u to the lowest of the set %x: %u "
			     "handled",
			     s, ROUNDS, set, handled(vector));
		for (uint32_t r = 0; r < nr_cpus; r++) {
			if (!(set >> r & 1) && LOAD(cpus[r].count[vector]))
				fail("cpu %u is not in the set %x but handled "
				     "vector %x",
				     r, set, vector);
		}
	}
}

void check_lowest_one(void)
{
	if (!this_cpu()->x2apic)
		use_flat();
	lowest_of((1u << nr_cpus) - 1);
	lowest_of(1u | 1u << (nr_cpus - 1));
	lowest_of(2u);
}

/* Software-disabled until the BSP says go in note[0]. */
static void stay_disabled(struct cpu *me, void *arg)
{
	(void)arg;
	apic_write(APIC_SVR, VECTOR_SPURIOUS);
	STORE(me->step, 1);
	reached(&me->note[0], 1);
	apic_write(APIC_SVR, SVR_NORMAL);
}

/*
 * A disabled APIC takes no part in the arbitration (SDM 10.6.2.4), so none
 * of sixteen vectors, however they are spread over two, may be lost on it.
 */
void check_lowest_skips_disabled(void)
{
	struct cpu *off = &cpus[nr_cpus - 1];
	uint32_t dest = address_of(this_cpu(), 1u | 1u << (nr_cpus - 1));

	if (!this_cpu()->x2apic)
		use_flat();
	run_begin(off, stay_disabled, NULL);
	if (!reached(&off->step, 1))
		fail("cpu %u does not disable its APIC", off->id);
	for (uint32_t vector = 0x40; vector < 0x50; vector++)
		apic_send(ICR_LOWEST | ICR_LOGICAL | vector, dest);
	STORE(off->note[0], 1);
	run_end(off);
	settle();
	for (uint32_t vector = 0x40; vector < 0x50; vector++) {
		if (LOAD(off->count[vector]))
			fail("cpu %u handled vector %x while disabled", off->id,
			     vector);
		if (handled(vector) != 1)
			fail("vector %x for the lowest of the CPUs 0 and %u, "
			     "the latter software-disabled: %u handled, "
			     "expected 1",
			     vector, off->id, handled(vector));
	}
}
