/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* NMIs, and interrupts for CPUs that are halted. */

#include "expect.h"

/* The vector field of an NMI means nothing; were it used, it would show. */
#define NMI_VECTOR 0x55u
#define HALT_ROUNDS 8u

static uint32_t expected[MAX_CPUS];

static void stay_quiet(struct cpu *me, void *arg)
{
	(void)me;
	(void)arg;
	quiet();
}

/* No register shows a pending NMI; so each CPU gives it time. */
static void settle_nmis(void)
{
	settle();
	run_all(stay_quiet, NULL);
}

static void expect_nmis(void)
{
	settle_nmis();
	for (uint32_t i = 0; i < nr_cpus; i++) {
		if (LOAD(cpus[i].nmis) != expected[i])
			fail("cpu %u took %u NMIs, expected %u", i,
			     LOAD(cpus[i].nmis), expected[i]);
		if (LOAD(cpus[i].count[NMI_VECTOR]))
			fail("cpu %u handled vector %x of an NMI", i,
			     NMI_VECTOR);
	}
}

/* Send, and wait until each of the targets took one more. */
static void
send_nmi(struct cpu *me, uint32_t icr, uint32_t dest, uint32_t targets)
{
	apic_send(icr | ICR_NMI | ICR_ASSERT | NMI_VECTOR, dest);
	for (uint32_t r = 0; r < nr_cpus; r++) {
		if (!(targets >> r & 1))
			continue;
		if (!reached(&cpus[r].nmis, ++expected[r]))
			fail("cpu %u sent an NMI, ICR %x to %x: cpu %u took "
			     "%u, expected %u",
			     me->id, icr, dest, r, LOAD(cpus[r].nmis),
			     expected[r]);
	}
}

/* One sender after the other: two NMIs at once may merge. */
static void each_cpu(void (*work)(struct cpu *, void *))
{
	for (uint32_t i = 0; i < nr_cpus; i++)
		expected[i] = 0;
	for (uint32_t i = 0; i < nr_cpus && !failed(); i++)
		run_on(&cpus[i], work, NULL);
	expect_nmis();
}

static void nmi_unicast(struct cpu *me, void *arg)
{
	(void)arg;
	for (uint32_t r = 0; r < nr_cpus && !failed(); r++) {
		if (r != me->id)
			send_nmi(me, 0, r, 1u << r);
	}
}

void check_nmi_unicast(void)
{
	each_cpu(nmi_unicast);
}

static void nmi_self_id(struct cpu *me, void *arg)
{
	(void)arg;
	send_nmi(me, 0, me->id, 1u << me->id);
}

void check_nmi_self_id(void)
{
	each_cpu(nmi_self_id);
}

static void nmi_others(struct cpu *me, void *arg)
{
	(void)arg;
	send_nmi(me, ICR_OTHERS, 0, ((1u << nr_cpus) - 1) & ~(1u << me->id));
}

void check_nmi_others(void)
{
	each_cpu(nmi_others);
}

static void send_plain(struct cpu *me, void *arg)
{
	(void)me;
	apic_send(*(uint32_t *)arg | ICR_NMI | ICR_ASSERT | NMI_VECTOR, 0);
}

/*
 * SDM table 10-3 calls an NMI by these shorthands invalid, and systems drop
 * it or carry it out. Both pass; each CPU must do the same, and the vector
 * must not arrive.
 */
static void invalid_shorthand(uint32_t shorthand, const char *name)
{
	uint32_t all = 0;

	run_on(&cpus[nr_cpus - 1], send_plain, &shorthand);
	settle_nmis();
	for (uint32_t i = 0; i < nr_cpus; i++) {
		all |= LOAD(cpus[i].nmis) << i;
		if (LOAD(cpus[i].nmis) > 1)
			fail("cpu %u took %u NMIs, expected 0 or 1", i,
			     LOAD(cpus[i].nmis));
		if (LOAD(cpus[i].count[NMI_VECTOR]))
			fail("cpu %u handled vector %x of an NMI", i,
			     NMI_VECTOR);
	}
	if (shorthand == ICR_SELF && all & ~(1u << (nr_cpus - 1)))
		fail("an NMI to self reached the CPUs %x", all);
	print("info %s.%s %s, targets %x\n", mode_name, name,
	      all ? "executed" : "dropped", all);
}

void check_nmi_self_shorthand(void)
{
	invalid_shorthand(ICR_SELF, "nmi_self_shorthand");
}

void check_nmi_all_shorthand(void)
{
	invalid_shorthand(ICR_ALL, "nmi_all_shorthand");
}

/* Halted with interrupts on until vector 0x61 came `arg` times. */
static void halt_until(struct cpu *me, void *arg)
{
	uint32_t rounds = *(uint32_t *)arg;

	for (uint32_t i = 0; i < rounds; i++) {
		STORE(me->step, i + 1);
		cli();
		while (LOAD(me->count[0x61]) <= i) {
			sti_hlt();
			cli();
		}
		sti();
	}
}

/* True if it came; a CPU that sleeps on is started again. */
static bool woken(struct cpu *cpu, uint32_t round)
{
	if (reached(&cpu->count[0x61], round + 1))
		return true;
	fail("cpu %u, halted with interrupts on, handled %u IPIs, expected %u",
	     cpu->id, LOAD(cpu->count[0x61]), round + 1);
	cpu_start(cpu);
	return false;
}

/* At once and late: on the way into the halt, and well inside. */
static void let_halt(struct cpu *cpu, uint32_t round)
{
	if (!reached(&cpu->step, round + 1))
		fail("cpu %u does not get to its halt", cpu->id);
	if (round % 2)
		delay(MILLISECOND);
}

void check_halted_ipi(void)
{
	uint32_t rounds = HALT_ROUNDS;

	for (uint32_t i = 1; i < nr_cpus; i++) {
		bool awake = true;

		run_begin(&cpus[i], halt_until, &rounds);
		for (uint32_t n = 0; n < rounds && awake; n++) {
			let_halt(&cpus[i], n);
			apic_send(ICR_FIXED | 0x61, i);
			awake = woken(&cpus[i], n);
		}
		run_end(&cpus[i]);
	}
	settle();
	for (uint32_t i = 1; i < nr_cpus; i++) {
		if (LOAD(cpus[i].count[0x61]) != rounds)
			fail("cpu %u handled %u IPIs, expected %u", i,
			     LOAD(cpus[i].count[0x61]), rounds);
	}
}

void check_halted_broadcast(void)
{
	uint32_t rounds = HALT_ROUNDS;
	bool awake = true;

	for (uint32_t i = 1; i < nr_cpus; i++)
		run_begin(&cpus[i], halt_until, &rounds);
	for (uint32_t n = 0; n < rounds && awake; n++) {
		for (uint32_t i = 1; i < nr_cpus; i++)
			let_halt(&cpus[i], n);
		apic_send(ICR_OTHERS | 0x61, 0);
		for (uint32_t i = 1; i < nr_cpus; i++)
			awake &= woken(&cpus[i], n);
	}
	for (uint32_t i = 1; i < nr_cpus; i++)
		run_end(&cpus[i]);
}

/* note[0] counts how often HLT ended. */
static void halt_masked(struct cpu *me, void *arg)
{
	(void)arg;
	cli();
	STORE(me->step, 1);
	while (!LOAD(me->nmis)) {
		hlt();
		STORE(me->note[0], me->note[0] + 1);
	}
	if (!apic_bit(APIC_IRR, 0x61))
		fail("cpu %u: IRR bit 61 is clear after cli; hlt", me->id);
	sti();
	if (!reached(&me->count[0x61], 1))
		fail("cpu %u: vector 61 is not handled after sti", me->id);
}

/* cli; hlt sleeps through an IPI but not through an NMI. */
static void halted_nmi(struct cpu *cpu)
{
	run_begin(cpu, halt_masked, NULL);
	if (!reached(&cpu->step, 1))
		fail("cpu %u does not get to its halt", cpu->id);
	delay(MILLISECOND);
	apic_send(ICR_FIXED | 0x61, cpu->id);
	delay(10 * MILLISECOND);
	if (LOAD(cpu->note[0]) || LOAD(cpu->count[0x61]))
		fail("cpu %u: cli; hlt ended by an IPI", cpu->id);
	apic_send(ICR_NMI | ICR_ASSERT, cpu->id);
	if (!reached(&cpu->note[0], 1)) {
		fail("cpu %u: cli; hlt not ended by an NMI", cpu->id);
		cpu_start(cpu);
	}
	run_end(cpu);
	if (LOAD(cpu->nmis) != 1 || LOAD(cpu->count[0x61]) != 1)
		fail("cpu %u took %u NMIs and %u IPIs, expected 1 and 1",
		     cpu->id, LOAD(cpu->nmis), LOAD(cpu->count[0x61]));
}

void check_halted_nmi(void)
{
	for (uint32_t i = 1; i < nr_cpus; i++)
		halted_nmi(&cpus[i]);
}
