/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Starting the CPUs, giving them work, and waiting. */

#include "gic.h"

/*
 * How long a wait lasts that something should end. CPU 0 waits longer for a
 * CPU that may itself be waiting.
 */
#define PATIENCE_US 10000000ull
#define IDLE_SPINS 200u

enum psci_function {
	PSCI_CPU_OFF = 0x84000002,
	PSCI_SYSTEM_OFF = 0x84000008,
	PSCI_CPU_ON = 0xc4000003,
	PSCI_AFFINITY_INFO = 0xc4000004,
};

/* boot.S */
extern const char secondary[];
uint64_t call_smc(uint64_t function, uint64_t a, uint64_t b, uint64_t c);
uint64_t call_hvc(uint64_t function, uint64_t a, uint64_t b, uint64_t c);

struct cpu cpus[MAX_CPUS];
uint32_t nr_cpus;

uint64_t now(void)
{
	return read_cntvct_el0();
}

uint64_t microseconds(uint64_t n)
{
	return n * read_cntfrq_el0() / 1000000;
}

/* Where something went wrong, what depends on it need not take long. */
bool out_of_patience(uint64_t start)
{
	uint64_t us = failed() ? PATIENCE_US / 100 : PATIENCE_US;

	return now() - start > microseconds(us);
}

void delay(uint64_t us)
{
	uint64_t start = now();

	while (now() - start < microseconds(us))
		yield();
}

bool reached(const uint32_t *word, uint32_t value)
{
	uint64_t start = now();

	while (LOAD(*word) < value) {
		/* Look again last: this CPU may have been off for long. */
		if (out_of_patience(start))
			return LOAD(*word) >= value;
		yield();
	}
	return true;
}

static int64_t
psci(enum psci_function function, uint64_t a, uint64_t b, uint64_t c)
{
	if (machine.psci_smc)
		return (int64_t)call_smc(function, a, b, c);
	return (int64_t)call_hvc(function, a, b, c);
}

int64_t psci_cpu_on(uint64_t affinity, struct cpu *cpu)
{
	return (int32_t)psci(PSCI_CPU_ON, affinity, (uint64_t)secondary,
			     (uint64_t)cpu);
}

int64_t psci_affinity_info(const struct cpu *cpu)
{
	return (int32_t)psci(PSCI_AFFINITY_INFO, affinity_of(cpu), 0, 0);
}

void psci_system_off(void)
{
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
}

_Noreturn void psci_cpu_off(void)
{
	struct cpu *me = this_cpu();
	int64_t error = psci(PSCI_CPU_OFF, 0, 0, 0);

	fail("cpu %u: CPU_OFF returns %lx", me->id, (uint64_t)error);
	for (;;)
		wfi();
}

/*
 * Halt until CPU 0 has work. Whoever takes `parked` down decides: if CPU 0
 * did, its wake-up is on the way, and it is taken before the work so that it
 * does not turn up in the middle of a check.
 */
static void idle(struct cpu *me)
{
	uint32_t wakes = LOAD(me->wakes);

	for (uint32_t i = 0; i < IDLE_SPINS; i++) {
		if (LOAD(me->work))
			return;
		yield();
	}
	irq_off();
	SWAP(me->parked, 1);
	if (!LOAD(me->work))
		wfi();
	irq_on();
	if (!SWAP(me->parked, 0)) {
		while (LOAD(me->wakes) == wakes)
			yield();
	}
}

/* From boot.S, after each CPU_ON. */
_Noreturn void cpu_main(struct cpu *me)
{
	write_tpidr_el1((uint64_t)me);
	gic_setup_cpu(me);
	/* Later what is pending must stay. */
	if (me->starts == 0)
		gic_reset_cpu(me);
	STORE(me->work, NULL);
	STORE(me->parked, 0);
	STORE(me->starts, me->starts + 1);
	irq_on();
	for (;;) {
		void (*work)(struct cpu *, void *) = LOAD(me->work);

		if (!work) {
			idle(me);
			continue;
		}
		work(me, me->arg);
		irq_on();
		STORE(me->work, NULL);
	}
}

bool cpu_start(struct cpu *cpu)
{
	uint32_t starts = LOAD(cpu->starts) + 1;
	int64_t error = psci_cpu_on(affinity_of(cpu), cpu);

	if (error) {
		fail("CPU_ON of cpu %u returns %lx", cpu->id, (uint64_t)error);
		return false;
	}
	if (reached(&cpu->starts, starts))
		return true;
	fail("cpu %u does not start", cpu->id);
	return false;
}

/* A word of a Redistributor or of the Distributor, for the report. */
static uint32_t word_of(const struct cpu *cpu, uint32_t offset)
{
	return read32(cpu->gicr + GICR_SGI_BASE + offset);
}

void print_cpu(const struct cpu *cpu)
{
	print("info cpu %u: step %u parked %u wakes %u spurious %u logged %u\n",
	      cpu->id, LOAD(cpu->step), LOAD(cpu->parked), LOAD(cpu->wakes),
	      LOAD(cpu->spurious), LOAD(cpu->logged));
	print("info cpu %u: waker %x enabled %x pending %x active %x\n",
	      cpu->id, read32(cpu->gicr + GICR_WAKER), word_of(cpu, ISENABLER),
	      word_of(cpu, ISPENDR), word_of(cpu, ISACTIVER));
}

/* Nothing that follows can be trusted. */
static _Noreturn void cpu_lost(struct cpu *cpu)
{
	fail("cpu %u does not come back from its work", cpu->id);
	check_end();
	print_cpu(cpu);
	print("info the rest is not run\n");
	finish();
}

void run_begin(struct cpu *cpu, void (*work)(struct cpu *, void *), void *arg)
{
	cpu->arg = arg;
	STORE(cpu->work, work);
	if (SWAP(cpu->parked, 0))
		sgi_send(cpu, SGI_WAKE);
}

void run_end(struct cpu *cpu)
{
	uint64_t start = now();

	while (LOAD(cpu->work)) {
		if (now() - start > 3 * microseconds(PATIENCE_US) &&
		    LOAD(cpu->work))
			cpu_lost(cpu);
		yield();
	}
}

void run_on(struct cpu *cpu, void (*work)(struct cpu *, void *), void *arg)
{
	if (cpu == this_cpu()) {
		work(cpu, arg);
		irq_on();
		return;
	}
	run_begin(cpu, work, arg);
	run_end(cpu);
}

void run_all(void (*work)(struct cpu *, void *), void *arg)
{
	for (uint32_t i = 1; i < nr_cpus; i++)
		run_begin(&cpus[i], work, arg);
	work(&cpus[0], arg);
	irq_on();
	for (uint32_t i = 1; i < nr_cpus; i++)
		run_end(&cpus[i]);
}

static void stay_masked(struct cpu *me, void *arg)
{
	(void)arg;
	irq_off();
	STORE(me->step, 1);
	while (LOAD(me->held))
		yield();
	irq_on();
}

void hold(struct cpu *cpu)
{
	STORE(cpu->held, 1);
	run_begin(cpu, stay_masked, NULL);
	if (!reached(&cpu->step, 1))
		fail("cpu %u does not start its loop", cpu->id);
}

void let_go(struct cpu *cpu)
{
	STORE(cpu->held, 0);
	run_end(cpu);
}

static void settle_own(struct cpu *me, void *arg)
{
	(void)me;
	(void)arg;
	irq_on();
	delay(500);
}

/*
 * What was made pending before is taken before a wake-up, which has the
 * lowest priority of all, or within the delay.
 */
void settle(void)
{
	run_all(settle_own, NULL);
}
