/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "expect.h"

/* Some 3000 instructions: KVM may emulate 1024 before it looks. */
void quiet(void)
{
	for (uint32_t i = 0; i < 1000; i++)
		pause();
	apic_read(APIC_VERSION);
	apic_read(APIC_VERSION);
}

static void compare_count(const struct cpu *me, uint32_t vector, uint32_t n,
			  const char *when)
{
	uint32_t got = LOAD(me->count[vector]);

	if (got != n)
		fail("cpu %u: vector %x handled %u times %s, expected %u",
		     me->id, vector, got, when, n);
}

void expect_count(struct cpu *me, uint32_t vector, uint32_t n, const char *when)
{
	/* After a failure nothing is worth waiting for. */
	if (n && !failed())
		reached(&me->count[vector], n);
	compare_count(me, vector, n, when);
}

void expect_lines(struct cpu *cpu, uint32_t vector, uint32_t n,
		  const char *when)
{
	/* Its own exit made it pending: it comes by then or never. */
	if (cpu == this_cpu())
		quiet();
	else if (n && !failed())
		reached(&cpu->count[vector], n);
	compare_count(cpu, vector, n, when);
}

void expect_reg(struct cpu *me, const char *name, uint32_t got,
		uint32_t expected, const char *when)
{
	if (got != expected)
		fail("cpu %u: %s is %x %s, expected %x", me->id, name, got,
		     when, expected);
}

void expect_log(struct cpu *me, const uint32_t *expected, uint32_t n)
{
	if (me->logged != n)
		fail("cpu %u: %u handler events, expected %u", me->id,
		     me->logged, n);
	for (uint32_t i = 0; i < n && i < me->logged; i++) {
		if (me->log[i] != expected[i])
			fail("cpu %u: handler event %u is %x, expected %x",
			     me->id, i, me->log[i], expected[i]);
	}
}
