/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Starting the CPUs, giving them work, and waiting. */

#include "apic.h"

/*
 * How long a wait lasts that something should end: 5 s at 2 GHz, 2 s at
 * 5 GHz. The BSP waits longer for a CPU that may itself be waiting.
 */
#define PATIENCE 10000000000ull
#define IDLE_SPINS 300u

struct cpu cpus[MAX_CPUS];
uint32_t nr_cpus;

_Noreturn void cpu_main(uint32_t id);

static bool reached_in(const uint32_t *word, uint32_t value, uint64_t cycles)
{
	uint64_t start = rdtsc();

	while (LOAD(*word) < value) {
		/* Look again last: this CPU may have been off for long. */
		if (rdtsc() - start > cycles)
			return LOAD(*word) >= value;
		pause();
	}
	return true;
}

bool reached(const uint32_t *word, uint32_t value)
{
	return reached_in(word, value, PATIENCE);
}

bool out_of_patience(uint64_t start)
{
	return rdtsc() - start > PATIENCE;
}

void delay(uint64_t cycles)
{
	uint64_t start = rdtsc();

	while (rdtsc() - start < cycles)
		pause();
}

/* Who we are, traps, and the APIC on. Interrupts stay off. */
void cpu_setup(struct cpu *me)
{
	me->self = me;
	me->id = (uint32_t)(me - cpus);
	me->x2apic = (rdmsr(MSR_APIC_BASE) & BASE_EXTD) != 0;
	wrmsr(MSR_GS_BASE, (uint64_t)me);
	trap_load();
	apic_write(APIC_TPR, 0);
	if (!me->x2apic) {
		apic_write(APIC_DFR, 0xffffffff);
		apic_write(APIC_LDR, flat_bit(me->id) << 24);
	}
	apic_write(APIC_SVR, SVR_NORMAL);
}

static void note_reset_state(struct cpu *me)
{
	struct reset_state *reset = &me->reset;

	reset->base = rdmsr(MSR_APIC_BASE);
	me->x2apic = (reset->base & BASE_EXTD) != 0;
	reset->svr = apic_read(APIC_SVR);
	reset->tpr = apic_read(APIC_TPR);
	reset->ldr = apic_read(APIC_LDR);
	reset->dfr = me->x2apic ? 0xffffffff : apic_read(APIC_DFR);
	reset->isr = 0;
	reset->irr = 0;
	for (uint32_t i = 0; i < 8; i++) {
		reset->isr |= apic_read(APIC_ISR + i * 0x10);
		reset->irr |= apic_read(APIC_IRR + i * 0x10);
	}
	reset->lvt = 0;
	for (uint32_t i = APIC_LVT_TIMER; i <= APIC_LVT_ERROR; i += 0x10)
		reset->lvt |= apic_read(i) ^ LVT_MASKED;
	reset->timer = apic_read(APIC_TIMER_ICR) | apic_read(APIC_TIMER_CCR) |
		       apic_read(APIC_TIMER_DCR);
}

/*
 * Sleep until the BSP has work. Whoever takes `parked` down decides: if the
 * BSP did, its wake-up is on the way, and it is taken before the work so that
 * it does not turn up in the middle of a check.
 */
static void idle(struct cpu *me)
{
	uint32_t wakes = me->wakes;

	for (uint32_t i = 0; i < IDLE_SPINS; i++) {
		if (LOAD(me->work))
			return;
		pause();
	}
	cli();
	SWAP(me->parked, 1);
	if (!LOAD(me->work))
		sti_hlt();
	sti();
	if (!SWAP(me->parked, 0)) {
		while (LOAD(me->wakes) == wakes)
			pause();
	}
}

/* From boot.S, at each SIPI. */
_Noreturn void cpu_main(uint32_t id)
{
	struct cpu *me = &cpus[id];

	wrmsr(MSR_GS_BASE, (uint64_t)me);
	me->self = me;
	note_reset_state(me);
	cpu_setup(me);
	STORE(me->work, NULL);
	STORE(me->parked, 0);
	STORE(me->starts, me->starts + 1);
	sti();
	for (;;) {
		void (*work)(struct cpu *, void *) = LOAD(me->work);

		if (!work) {
			idle(me);
			continue;
		}
		work(me, me->arg);
		sti();
		STORE(me->work, NULL);
	}
}

bool cpu_start(struct cpu *cpu)
{
	uint32_t starts = LOAD(cpu->starts) + 1;
	uint32_t id = (uint32_t)(cpu - cpus);
	uint32_t sipi = ICR_SIPI | ICR_ASSERT | TRAMPOLINE >> 12;

	apic_send(ICR_INIT | ICR_ASSERT, id);
	delay(MILLISECOND);
	apic_send(sipi, id);
	if (reached_in(&cpu->starts, starts, PATIENCE / 16))
		return true;
	apic_send(sipi, id);
	return reached(&cpu->starts, starts);
}

/* The check has failed; start the CPU again for the next one. */
void cpu_lost(struct cpu *cpu)
{
	fail("cpu %u does not come back from its work", cpu->id);
	if (cpu_start(cpu))
		return;
	check_end();
	print("info cpu %u does not start again: the rest is not run\n",
	      cpu->id);
	finish();
}

void run_begin(struct cpu *cpu, void (*work)(struct cpu *, void *), void *arg)
{
	cpu->arg = arg;
	STORE(cpu->work, work);
	if (SWAP(cpu->parked, 0))
		apic_send(ICR_FIXED | VECTOR_WAKE, cpu->id);
}

bool run_end(struct cpu *cpu)
{
	uint64_t start = rdtsc();

	while (LOAD(cpu->work)) {
		if (rdtsc() - start > 6 * PATIENCE && LOAD(cpu->work)) {
			cpu_lost(cpu);
			return false;
		}
		pause();
	}
	return true;
}

bool run_on(struct cpu *cpu, void (*work)(struct cpu *, void *), void *arg)
{
	if (cpu == this_cpu()) {
		work(cpu, arg);
		sti();
		return true;
	}
	run_begin(cpu, work, arg);
	return run_end(cpu);
}

bool run_all(void (*work)(struct cpu *, void *), void *arg)
{
	bool all = true;

	for (uint32_t i = 1; i < nr_cpus; i++)
		run_begin(&cpus[i], work, arg);
	work(&cpus[0], arg);
	sti();
	for (uint32_t i = 1; i < nr_cpus; i++)
		all &= run_end(&cpus[i]);
	return all;
}

static void clear_own_counts(struct cpu *me, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < 256; i++)
		me->count[i] = 0;
	for (uint32_t i = 0; i < sizeof(me->note) / sizeof(me->note[0]); i++)
		me->note[i] = 0;
	me->logged = 0;
	me->spurious = 0;
	me->step = 0;
	STORE(me->nmis, 0);
}

void clear_counts(void)
{
	run_all(clear_own_counts, NULL);
}

/* With interrupts on and TPR 0 all that was accepted gets handled. */
static void settle_own(struct cpu *me, void *arg)
{
	uint64_t start = rdtsc();

	(void)arg;
	while (apic_bits(APIC_IRR)) {
		if (out_of_patience(start) && apic_bits(APIC_IRR)) {
			fail("cpu %u: an accepted interrupt is not delivered",
			     me->id);
			return;
		}
		pause();
	}
	apic_read(APIC_ID);
	apic_read(APIC_ID);
}

/*
 * After it the counts are final: a send has made its interrupt pending at
 * every target when the ICR write is done.
 */
void settle(void)
{
	run_all(settle_own, NULL);
}
