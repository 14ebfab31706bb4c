/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The virtual timer's PPI, on all CPUs at once. It is level-sensitive. */

#include "gic.h"

#define CTL_ENABLE 1u
#define CTL_IMASK 2u
#define CTL_ISTATUS 4u
#define PERIODS 20u
#define PERIOD_US 2000u

static void arm(uint64_t us)
{
	write_cntv_cval_el0(now() + microseconds(us));
	write_cntv_ctl_el0(CTL_ENABLE);
}

static void await_status(struct cpu *me)
{
	uint64_t start = now();

	while (!(read_cntv_ctl_el0() & CTL_ISTATUS)) {
		if (!out_of_patience(start))
			continue;
		fail("cpu %u: CNTV_CTL_EL0.ISTATUS stays 0", me->id);
		return;
	}
}

static void await(struct cpu *me, uint32_t n)
{
	if (!reached(&me->count[PPI_VTIMER], n))
		fail("cpu %u took %u of its timer, %u is awaited", me->id,
		     LOAD(me->count[PPI_VTIMER]), n);
}

static void run_timers(void (*work)(struct cpu *, void *), uint32_t n)
{
	run_all(work, NULL);
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++) {
		expect("timer interrupts", cpus[i].count[PPI_VTIMER], n);
		expect("interrupts taken", cpus[i].logged, n);
	}
}

static void stop(struct cpu *me, uint32_t intid)
{
	(void)me;
	if (!(read_cntv_ctl_el0() & CTL_ISTATUS))
		fail("cpu %u: a timer interrupt without ISTATUS", me->id);
	write_cntv_ctl_el0(0);
	eoi(intid);
}

static void shot(struct cpu *me, void *arg)
{
	(void)arg;
	gic_enable(me, PPI_VTIMER);
	for (uint32_t n = 1; n <= 5; n++) {
		arm(1000);
		await(me, n);
		expect("ISPENDR after it", gic_get(me, ISPENDR, PPI_VTIMER), 0);
	}
}

void check_timer_shot(void)
{
	handlers[PPI_VTIMER] = stop;
	run_timers(shot, 5);
}

static void again(struct cpu *me, uint32_t intid)
{
	if (me->count[intid] + 1 < PERIODS)
		write_cntv_cval_el0(read_cntv_cval_el0() +
				    microseconds(PERIOD_US));
	else
		write_cntv_ctl_el0(0);
	eoi(intid);
}

static void periodic(struct cpu *me, void *arg)
{
	(void)arg;
	gic_enable(me, PPI_VTIMER);
	arm(PERIOD_US);
	await(me, PERIODS);
}

void check_timer_periodic(void)
{
	handlers[PPI_VTIMER] = again;
	run_timers(periodic, PERIODS);
}

/* Off again before it was acknowledged: nothing is taken. */
static void withdrawn(struct cpu *me, void *arg)
{
	(void)arg;
	gic_enable(me, PPI_VTIMER);
	irq_off();
	arm(0);
	await_status(me);
	gic_reads(me, ISPENDR, PPI_VTIMER, true);
	write_cntv_ctl_el0(0);
	gic_reads(me, ISPENDR, PPI_VTIMER, false);
	irq_on();
	delay(1000);
	expect("taken though withdrawn", me->count[PPI_VTIMER], 0);
	arm(1000);
	await(me, 1);
}

void check_timer_withdrawn(void)
{
	handlers[PPI_VTIMER] = stop;
	run_timers(withdrawn, 1);
}

/* As long as it is on, each EOI brings the next. */
static void third_stops(struct cpu *me, uint32_t intid)
{
	if (me->count[intid] == 2)
		write_cntv_ctl_el0(0);
	eoi(intid);
}

static void level(struct cpu *me, void *arg)
{
	(void)arg;
	gic_enable(me, PPI_VTIMER);
	arm(0);
	await(me, 3);
}

void check_timer_level(void)
{
	handlers[PPI_VTIMER] = third_stops;
	run_timers(level, 3);
}

/* IMASK lowers the line, and raises it when it goes. */
static void masked(struct cpu *me, void *arg)
{
	(void)arg;
	gic_enable(me, PPI_VTIMER);
	write_cntv_cval_el0(now());
	write_cntv_ctl_el0(CTL_ENABLE | CTL_IMASK);
	await_status(me);
	delay(1000);
	expect("taken with IMASK", me->count[PPI_VTIMER], 0);
	expect("ISPENDR with IMASK", gic_get(me, ISPENDR, PPI_VTIMER), 0);
	write_cntv_ctl_el0(CTL_ENABLE);
	await(me, 1);
}

void check_timer_masked(void)
{
	handlers[PPI_VTIMER] = stop;
	run_timers(masked, 1);
}

/* The PPI disabled in the GIC: the line shows, comes and goes, and waits. */
static void pending(struct cpu *me, void *arg)
{
	(void)arg;
	for (uint32_t n = 0; n < 3; n++) {
		write_cntv_ctl_el0(0);
		gic_reads(me, ISPENDR, PPI_VTIMER, false);
		arm(0);
		await_status(me);
		gic_reads(me, ISPENDR, PPI_VTIMER, true);
	}
	delay(1000);
	expect("taken while disabled", me->count[PPI_VTIMER], 0);
	gic_enable(me, PPI_VTIMER);
	await(me, 1);
}

void check_timer_pending(void)
{
	handlers[PPI_VTIMER] = stop;
	run_timers(pending, 1);
}
