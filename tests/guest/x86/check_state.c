/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Software-disabled APICs, INIT and SIPI, the switch to x2APIC mode. */

#include "apic.h"

#define SIPI (ICR_SIPI | ICR_ASSERT | TRAMPOLINE >> 12)
#define INIT (ICR_INIT | ICR_ASSERT)

/* Until the BSP says go in note[0]. */
static void disabled_target(struct cpu *me, void *arg)
{
	(void)arg;
	apic_write(APIC_SVR, VECTOR_SPURIOUS);
	STORE(me->step, 1);
	reached(&me->note[0], 1);
	if (apic_bits(APIC_IRR))
		fail("cpu %u: IRR is not empty in a software-disabled APIC",
		     me->id);
	apic_write(APIC_SVR, SVR_NORMAL);
}

/* SDM 10.4.7.2: no Fixed, but NMIs, and Fixed again once enabled. */
void check_disabled_target(void)
{
	struct cpu *off = &cpus[nr_cpus - 1];

	run_begin(off, disabled_target, NULL);
	if (!reached(&off->step, 1))
		fail("cpu %u does not disable its APIC", off->id);
	apic_send(ICR_FIXED | 0x61, off->id);
	apic_send(ICR_OTHERS | ICR_FIXED | 0x62, 0);
	apic_send(ICR_NMI | ICR_ASSERT, off->id);
	if (!reached(&off->nmis, 1))
		fail("cpu %u took no NMI while software-disabled", off->id);
	STORE(off->note[0], 1);
	run_end(off);
	settle();
	if (LOAD(off->count[0x61]) || LOAD(off->count[0x62]))
		fail("cpu %u handled a Fixed IPI while software-disabled",
		     off->id);
	for (uint32_t i = 1; i + 1 < nr_cpus; i++) {
		if (LOAD(cpus[i].count[0x62]) != 1)
			fail("cpu %u handled %u IPIs to all others, expected 1",
			     i, LOAD(cpus[i].count[0x62]));
	}
	apic_send(ICR_FIXED | 0x61, off->id);
	if (!reached(&off->count[0x61], 1))
		fail("cpu %u handled no IPI once enabled again", off->id);
}

static void disabled_sends(struct cpu *me, void *arg)
{
	(void)me;
	(void)arg;
	apic_write(APIC_SVR, VECTOR_SPURIOUS);
	apic_send(ICR_FIXED | 0x61, 0);
	apic_write(APIC_SVR, SVR_NORMAL);
}

void check_disabled_sends(void)
{
	run_on(&cpus[nr_cpus - 1], disabled_sends, NULL);
	if (!reached(&cpus[0].count[0x61], 1))
		fail("an IPI of cpu %u, software-disabled, did not arrive",
		     nr_cpus - 1);
}

/* What is pending stays, nothing new comes in. */
static void disabled_keeps_irr(struct cpu *me, void *arg)
{
	bool kept, added;

	(void)arg;
	cli();
	apic_send_self(0x61);
	apic_write(APIC_SVR, VECTOR_SPURIOUS);
	apic_send_self(0x71);
	kept = apic_bit(APIC_IRR, 0x61);
	added = apic_bit(APIC_IRR, 0x71);
	apic_write(APIC_SVR, SVR_NORMAL);
	sti();
	if (!kept)
		fail("cpu %u: IRR bit 61 is lost by a software disable",
		     me->id);
	if (added)
		fail("cpu %u: a software-disabled APIC accepted a self IPI",
		     me->id);
	if (!reached(&me->count[0x61], 1))
		fail("cpu %u: vector 61, pending before the disable, is not "
		     "handled once enabled again",
		     me->id);
}

void check_disabled_keeps_irr(void)
{
	run_all(disabled_keeps_irr, NULL);
}

/* Work that only INIT ends. */
static void spin_masked(struct cpu *me, void *arg)
{
	(void)arg;
	cli();
	for (;;)
		STORE(me->step, me->step + 1);
}

static void halt_for_ever(struct cpu *me, void *arg)
{
	(void)arg;
	cli();
	STORE(me->step, 1);
	for (;;)
		hlt();
}

static void nothing(struct cpu *me, void *arg)
{
	(void)me;
	(void)arg;
}

/* It came out of SIPI exactly so many times, and works. */
static void expect_starts(struct cpu *cpu, uint32_t starts)
{
	if (!reached(&cpu->starts, starts)) {
		fail("cpu %u has not started after INIT and SIPI", cpu->id);
		cpu_lost(cpu);
		return;
	}
	run_on(cpu, nothing, NULL);
	if (LOAD(cpu->starts) != starts)
		fail("cpu %u started %u times, expected %u", cpu->id,
		     LOAD(cpu->starts), starts);
}

static void init_sipi(struct cpu *cpu, void (*work)(struct cpu *, void *))
{
	uint32_t starts = cpu->starts;

	clear_counts();
	if (work) {
		run_begin(cpu, work, NULL);
		if (!reached(&cpu->step, 1))
			fail("cpu %u does not begin its work", cpu->id);
	}
	apic_send(INIT, cpu->id);
	delay(MILLISECOND);
	apic_send(SIPI, cpu->id);
	expect_starts(cpu, starts + 1);
}

/* Out of idling, spinning, and halted with interrupts off. */
void check_init_sipi(void)
{
	for (uint32_t i = 1; i < nr_cpus && !failed(); i++) {
		init_sipi(&cpus[i], NULL);
		init_sipi(&cpus[i], spin_masked);
		init_sipi(&cpus[i], halt_for_ever);
	}
}

/* In service 91, pending 41 and 42, TPR 70: all for INIT to clear. */
static void never_ends(struct cpu *me, uint32_t vector)
{
	(void)vector;
	apic_write(APIC_TPR, 0x70);
	apic_send_self(0x41);
	STORE(me->step, 1);
	for (;;)
		pause();
}

static void send_91(struct cpu *me, void *arg)
{
	(void)me;
	(void)arg;
	/* This CPU may be off for long: 91 has to be first all the same. */
	cli();
	apic_write(APIC_TIMER_DCR, DCR_1);
	apic_write(APIC_LVT_TIMER, LVT_PERIODIC | 0x42);
	apic_write(APIC_TIMER_ICR, 1000000);
	apic_send_self(0x91);
	sti();
	for (;;)
		pause();
}

static void expect_reset(const struct cpu *cpu, const char *name, uint64_t got,
			 uint64_t expected)
{
	if (got != expected)
		fail("cpu %u: %s is %lx after INIT, expected %lx", cpu->id,
		     name, got, expected);
}

/* SDM 10.4.7.3; 10.12.5.1: the mode, and LDR in x2APIC mode, stay. */
static void reset_state(struct cpu *cpu)
{
	const struct reset_state *reset = &cpu->reset;
	uint32_t ldr = cpu->x2apic ? cluster_address(cpu->id) : 0;
	uint64_t base = BASE_ADDRESS | BASE_EN;

	if (this_cpu()->x2apic)
		base |= BASE_EXTD;
	init_sipi(cpu, send_91);
	expect_reset(cpu, "IA32_APIC_BASE", reset->base, base);
	expect_reset(cpu, "SVR", reset->svr, 0xff);
	expect_reset(cpu, "TPR", reset->tpr, 0);
	expect_reset(cpu, "LDR", reset->ldr, ldr);
	expect_reset(cpu, "DFR", reset->dfr, 0xffffffff);
	expect_reset(cpu, "ISR (all words ORed)", reset->isr, 0);
	expect_reset(cpu, "IRR (all words ORed)", reset->irr, 0);
	expect_reset(cpu, "an LVT entry, but for its mask", reset->lvt, 0);
	expect_reset(cpu, "the timer (ICR, CCR, DCR ORed)", reset->timer, 0);
	if (LOAD(cpu->count[0x41]))
		fail("cpu %u handled vector 41 of before INIT", cpu->id);
	if (LOAD(cpu->count[0x42]))
		fail("cpu %u: its timer goes on after INIT", cpu->id);
}

void check_init_reset_state(void)
{
	handlers[0x91] = never_ends;
	for (uint32_t i = 1; i < nr_cpus; i++)
		reset_state(&cpus[i]);
}

/* What @cpu counts once it counts no more; not just off for a while. */
static uint32_t steps_at_rest(const struct cpu *cpu)
{
	uint64_t begin = rdtsc();
	uint32_t before, same = 0;

	do {
		before = LOAD(cpu->step);
		delay(10 * MILLISECOND);
		same = LOAD(cpu->step) == before ? same + 1 : 0;
	} while (same < 5 && !out_of_patience(begin));
	return before;
}

/* After INIT it stands still until SIPI, and Fixed IPIs are dropped. */
static void init_stops(struct cpu *cpu)
{
	uint32_t starts = cpu->starts;
	uint32_t before;

	run_begin(cpu, spin_masked, NULL);
	if (!reached(&cpu->step, 100))
		fail("cpu %u does not begin its work", cpu->id);
	apic_send(INIT, cpu->id);
	before = steps_at_rest(cpu);
	apic_send(ICR_FIXED | 0x61, cpu->id);
	delay(10 * MILLISECOND);
	if (LOAD(cpu->step) != before)
		fail("cpu %u goes on running after INIT", cpu->id);
	if (LOAD(cpu->starts) != starts)
		fail("cpu %u started without a SIPI", cpu->id);
	apic_send(SIPI, cpu->id);
	expect_starts(cpu, starts + 1);
	if (LOAD(cpu->count[0x61]))
		fail("cpu %u handled an IPI that came between INIT and SIPI",
		     cpu->id);
}

void check_init_stops(void)
{
	for (uint32_t i = 1; i < nr_cpus; i++)
		init_stops(&cpus[i]);
}

void check_init_sipi_others(void)
{
	uint32_t starts[MAX_CPUS];

	for (uint32_t i = 1; i < nr_cpus; i++)
		starts[i] = cpus[i].starts;
	apic_send(INIT | ICR_OTHERS, 0);
	delay(MILLISECOND);
	apic_send(SIPI | ICR_OTHERS, 0);
	for (uint32_t i = 1; i < nr_cpus; i++)
		expect_starts(&cpus[i], starts[i] + 1);
}

/* note[0]: go; step 2: an INIT would have cleared TPR, and us. */
static void hold_tpr(struct cpu *me, void *arg)
{
	(void)arg;
	apic_write(APIC_TPR, 0x20);
	STORE(me->step, 1);
	reached(&me->note[0], 1);
	if (apic_read(APIC_TPR) != 0x20)
		fail("cpu %u: TPR is %x, expected 20", me->id,
		     apic_read(APIC_TPR));
	apic_write(APIC_TPR, 0);
	STORE(me->step, 2);
}

static void send_to_running(struct cpu *cpu, uint32_t icr, const char *what)
{
	uint32_t starts = cpu->starts;

	run_begin(cpu, hold_tpr, NULL);
	if (!reached(&cpu->step, 1))
		fail("cpu %u does not begin its work", cpu->id);
	apic_send(icr, cpu->id);
	STORE(cpu->note[0], 1);
	if (!reached(&cpu->step, 2)) {
		fail("cpu %u is stopped by %s", cpu->id, what);
		cpu_start(cpu);
		return;
	}
	run_end(cpu);
	if (LOAD(cpu->starts) != starts)
		fail("cpu %u is started again by %s", cpu->id, what);
}

/* SDM 10.6.1: the level de-assert does nothing since the Pentium 4. */
void check_init_deassert(void)
{
	for (uint32_t i = 1; i < nr_cpus; i++)
		send_to_running(&cpus[i], ICR_INIT | ICR_LEVEL,
				"an INIT level de-assert");
}

void check_second_sipi(void)
{
	for (uint32_t i = 1; i < nr_cpus; i++)
		send_to_running(&cpus[i], SIPI, "a SIPI while running");
}

static void
expect_kept(struct cpu *me, const char *name, uint32_t got, uint32_t expected)
{
	if (got != expected)
		fail("cpu %u: %s is %x after the switch, expected %x", me->id,
		     name, got, expected);
}

/* SDM 10.12.5.1: all but LDR, the id and ICR's high half is preserved. */
static void x2apic_switch(struct cpu *me, void *arg)
{
	(void)arg;
	cli();
	apic_write(APIC_TPR, 0x20);
	apic_send_self(0x61);
	apic_write(APIC_LVT_TIMER, LVT_MASKED | 0x62);
	apic_write(APIC_TIMER_ICR, 0xffffffff);
	if (wrmsr_faults(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | BASE_EXTD)) {
		fail("cpu %u: setting IA32_APIC_BASE.EXTD raises #GP", me->id);
		return;
	}
	me->x2apic = 1;
	expect_kept(me, "ID", apic_read(APIC_ID), me->id);
	expect_kept(me, "SVR", apic_read(APIC_SVR), SVR_NORMAL);
	expect_kept(me, "TPR", apic_read(APIC_TPR), 0x20);
	expect_kept(me, "LDR", apic_read(APIC_LDR), cluster_address(me->id));
	expect_kept(me, "IRR bit 61", apic_bit(APIC_IRR, 0x61), 1);
	expect_kept(me, "LVT timer", apic_read(APIC_LVT_TIMER),
		    LVT_MASKED | 0x62);
	expect_kept(me, "timer ICR", apic_read(APIC_TIMER_ICR), 0xffffffff);
	if (!apic_read(APIC_TIMER_CCR))
		fail("cpu %u: the timer stops at the switch", me->id);
	apic_write(APIC_TIMER_ICR, 0);
	apic_write(APIC_TPR, 0);
	sti();
	if (!reached(&me->count[0x61], 1))
		fail("cpu %u: vector 61, pending before the switch, is not "
		     "handled",
		     me->id);
}

void check_x2apic_switch(void)
{
	run_all(x2apic_switch, NULL);
}
