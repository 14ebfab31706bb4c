/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What ends a WFI. DDI 0487 D1.6.2: a pending IRQ or FIQ does, whatever
 * PSTATE.I and F say. What the GIC does not signal, for it is masked by
 * ICC_PMR_EL1 or its group or itself is disabled, is no pending IRQ; a WFI
 * may end for other reasons at any time, so it is waited for with a timer,
 * and no check says that a WFI lasts.
 */

#include "gic.h"

#define CTL_ENABLE 1u
#define BACKSTOP_US 20000u
#define ROUNDS 50u

static void backstop(uint64_t us)
{
	write_cntv_cval_el0(now() + microseconds(us));
	write_cntv_ctl_el0(CTL_ENABLE);
}

static void stop_timer(struct cpu *me, uint32_t intid)
{
	(void)me;
	write_cntv_ctl_el0(0);
	/* Group 0 is ended by trap(). */
	if (!(me->log[me->logged - 1] & LOG_FIQ))
		eoi(intid);
}

/* Halt until the INTID was taken n times. */
static void sleep_until(struct cpu *me, uint32_t intid, uint32_t n)
{
	irq_off();
	STORE(me->step, n);
	while (LOAD(me->count[intid]) < n) {
		wfi();
		irq_on();
		irq_off();
	}
	irq_on();
}

static void sleeper(struct cpu *me, void *arg)
{
	uint32_t intid = *(uint32_t *)arg;

	for (uint32_t n = 1; n <= ROUNDS; n++)
		sleep_until(me, intid, n);
}

/* The delays end before, during and after the sleeper's way to WFI. */
static void wake_all(uint32_t intid)
{
	for (uint32_t i = 1; i < nr_cpus; i++) {
		struct cpu *cpu = &cpus[i];

		if (intid >= 32)
			gic_spi(cpu, intid, PRIORITY_USUAL);
		run_begin(cpu, sleeper, &intid);
		for (uint32_t n = 1; n <= ROUNDS && !failed(); n++) {
			if (!reached(&cpu->step, n))
				fail("cpu %u does not go to sleep", i);
			delay(n % 5 * 30);
			if (intid >= 32)
				gic_pend(cpu, intid);
			else
				sgi_send(cpu, intid);
			if (!reached(&cpu->count[intid], n))
				fail("cpu %u sleeps on, wake-up %u", i, n);
		}
		run_end(cpu);
		expect("interrupts taken", cpu->logged, ROUNDS);
	}
}

void check_wfi_sgi(void)
{
	wake_all(2);
}

void check_wfi_spi(void)
{
	wake_all(SPI_FREE);
}

static void timer(struct cpu *me, void *arg)
{
	(void)arg;
	gic_enable(me, PPI_VTIMER);
	for (uint32_t n = 1; n <= 10; n++) {
		backstop(300 * (n % 3));
		sleep_until(me, PPI_VTIMER, n);
	}
	expect("interrupts taken", me->logged, 10);
}

void check_wfi_timer(void)
{
	handlers[PPI_VTIMER] = stop_timer;
	run_all(timer, NULL);
}

/* Pending before the WFI, PSTATE.I set: it goes on, and nothing is taken. */
static void masked(struct cpu *me, void *arg)
{
	(void)arg;
	irq_off();
	sgi_send(me, 2);
	for (uint32_t n = 0; n < 10; n++)
		wfi();
	expect("taken with PSTATE.I", me->logged, 0);
	irq_on();
	if (!reached(&me->count[2], 1))
		fail("cpu %u: not taken after WFI", me->id);
}

void check_wfi_off(void)
{
	run_all(masked, NULL);
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("interrupts taken", cpus[i].logged, 1);
}

/* The SGI waits; the timer ends the sleep. */
static void sleep_over_sgi(struct cpu *me)
{
	gic_enable(me, PPI_VTIMER);
	sgi_send(me, 2);
	backstop(BACKSTOP_US);
	sleep_until(me, PPI_VTIMER, 1);
	expect("SGIs taken in the sleep", me->count[2], 0);
}

static void await_sgi(struct cpu *me)
{
	if (!reached(&me->count[2], 1))
		fail("cpu %u: the SGI is lost", me->id);
	settle();
	expect("SGIs taken", me->count[2], 1);
}

void check_wfi_pmr(void)
{
	struct cpu *me = this_cpu();

	handlers[PPI_VTIMER] = stop_timer;
	write_icc_pmr_el1(0x40);
	sleep_over_sgi(me);
	write_icc_pmr_el1(PRIORITY_OPEN);
	await_sgi(me);
}

/* The timer is Group 0 and comes as an FIQ. */
void check_wfi_group(void)
{
	struct cpu *me = this_cpu();

	handlers[PPI_VTIMER] = stop_timer;
	gic_group(me, PPI_VTIMER, 0);
	write_icc_igrpen1_el1(0);
	sleep_over_sgi(me);
	expect("taken as FIQ", me->log[0], LOG_FIQ | PPI_VTIMER);
	write_icc_igrpen1_el1(1);
	await_sgi(me);
}

void check_wfi_disabled(void)
{
	struct cpu *me = this_cpu();

	handlers[PPI_VTIMER] = stop_timer;
	gic_disable(me, 2);
	sleep_over_sgi(me);
	gic_enable(me, 2);
	await_sgi(me);
}

/* SGI 0 goes round; whoever has none sleeps. */
static void pass_on(struct cpu *me, void *arg)
{
	struct cpu *next = &cpus[(me->id + 1) % nr_cpus];

	(void)arg;
	for (uint32_t n = 1; n <= 2 * ROUNDS; n++) {
		sleep_until(me, 0, n);
		if (me->id || n < 2 * ROUNDS)
			sgi_send(next, 0);
	}
	/* The last round ends at CPU 0. */
}

static void pass_first(struct cpu *me, void *arg)
{
	if (me->id == 0)
		sgi_send(&cpus[1], 0);
	pass_on(me, arg);
}

void check_wfi_ping(void)
{
	run_all(pass_first, NULL);
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("interrupts taken", cpus[i].logged, 2 * ROUNDS);
}
