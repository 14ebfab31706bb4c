/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One CPU's registers and SPIs, changed by another while it runs in a loop
 * that neither takes interrupts nor does anything that a hypervisor sees.
 */

#include "gic.h"

#define HOLD_US 2000 /* for a hypervisor to hand the interrupt over */

static struct cpu *holder(void)
{
	return &cpus[nr_cpus - 1];
}

static void release(void)
{
	let_go(holder());
	settle();
}

static void expect_taken(uint32_t intid, uint32_t n)
{
	if (LOAD(holder()->count[intid]) != n)
		fail("the holder took INTID %u %u times, expected %u", intid,
		     LOAD(holder()->count[intid]), n);
}

/* Pending at the holder, and as far on its way as it gets. */
static void pend_held(uint32_t intid)
{
	gic_pend(holder(), intid);
	delay(HOLD_US);
}

static void spi_held(uint32_t intid)
{
	gic_spi(holder(), intid, PRIORITY_USUAL);
	pend_held(intid);
}

static void disable_while_held(uint32_t intid)
{
	hold(holder());
	pend_held(intid);
	gic_disable(holder(), intid);
	release();
	expect_taken(intid, 0);
	expect("ISPENDR", gic_get(holder(), ISPENDR, intid), 1);
	gic_enable(holder(), intid);
	if (!reached(&holder()->count[intid], 1))
		fail("the holder does not take it once enabled");
	settle();
	expect_taken(intid, 1);
}

/* 12.9.4: with RWP 0 after ICENABLER it is not taken any more. */
void check_remote_icenabler(void)
{
	gic_spi(holder(), SPI_FREE, PRIORITY_USUAL);
	disable_while_held(SPI_FREE);
}

/* An SGI, by the holder's Redistributor. */
void check_remote_icenabler_sgi(void)
{
	disable_while_held(3);
}

void check_remote_ispendr(void)
{
	hold(holder());
	expect("ISPENDR before", gic_get(NULL, ISPENDR, SPI_FREE), 0);
	spi_held(SPI_FREE);
	sgi_send(holder(), 4);
	expect("ISPENDR", gic_get(NULL, ISPENDR, SPI_FREE), 1);
	expect("ISPENDR0", gic_get(holder(), ISPENDR, 4), 1);
	expect("ISACTIVER", gic_get(NULL, ISACTIVER, SPI_FREE), 0);
	release();
	expect_taken(SPI_FREE, 1);
	expect_taken(4, 1);
	expect("ISPENDR after", gic_get(NULL, ISPENDR, SPI_FREE), 0);
	expect("ISPENDR0 after", gic_get(holder(), ISPENDR, 4), 0);
}

void check_remote_icpendr(void)
{
	hold(holder());
	spi_held(SPI_FREE);
	sgi_send(holder(), 4);
	delay(HOLD_US);
	gic_set(NULL, ICPENDR, SPI_FREE);
	gic_set(holder(), ICPENDR, 4);
	gic_reads(NULL, ISPENDR, SPI_FREE, false);
	gic_reads(holder(), ISPENDR, 4, false);
	release();
	expect_taken(SPI_FREE, 0);
	expect_taken(4, 0);
	gic_pend(NULL, SPI_FREE);
	if (!reached(&holder()->count[SPI_FREE], 1))
		fail("the holder takes nothing after an ICPENDR");
}

/* In the handler, until note[1] says go. */
static void linger(struct cpu *me, uint32_t intid)
{
	if (me->count[intid] == 0) {
		STORE(me->note[2], 1);
		while (!LOAD(me->note[1]))
			yield();
	}
	eoi(intid);
}

/* In a loop, until note[0] says go. */
static void take_all(struct cpu *me, void *arg)
{
	(void)arg;
	irq_on();
	STORE(me->step, 1);
	while (!LOAD(me->note[0]))
		yield();
}

static void begin_taking(void)
{
	run_begin(holder(), take_all, NULL);
	if (!reached(&holder()->step, 1))
		fail("cpu %u does not start its loop", holder()->id);
}

/* The holder stays in the handler of the interrupt. */
static void hold_active(uint32_t intid)
{
	handlers[intid] = linger;
	begin_taking();
	gic_pend(holder(), intid);
	if (!reached(&holder()->note[2], 1))
		fail("the holder does not take INTID %u", intid);
}

static void release_active(void)
{
	STORE(holder()->note[1], 1);
	STORE(holder()->note[0], 1);
	run_end(holder());
	settle();
}

void check_remote_isactiver(void)
{
	gic_spi(holder(), SPI_FREE, PRIORITY_USUAL);
	hold_active(SPI_FREE);
	expect("ISACTIVER", gic_get(NULL, ISACTIVER, SPI_FREE), 1);
	expect("ICACTIVER reads the same", gic_get(NULL, ICACTIVER, SPI_FREE),
	       1);
	expect("ISPENDR", gic_get(NULL, ISPENDR, SPI_FREE), 0);
	release_active();
	expect_taken(SPI_FREE, 1);
	expect("ISACTIVER after", gic_get(NULL, ISACTIVER, SPI_FREE), 0);
}

/* Deactivated while the handler runs, it can be taken by somebody else. */
void check_remote_icactiver(void)
{
	struct cpu *me = this_cpu();

	gic_spi(holder(), SPI_FREE, PRIORITY_USUAL);
	hold_active(SPI_FREE);
	gic_set(NULL, ICACTIVER, SPI_FREE);
	gic_reads(NULL, ISACTIVER, SPI_FREE, false);
	me->count[SPI_FREE] = 1; /* so that it does not linger here */
	gic_route(SPI_FREE, affinity_of(me));
	gic_pend(NULL, SPI_FREE);
	if (!reached(&me->count[SPI_FREE], 2))
		fail("deactivated and routed here it is not taken");
	release_active();
	expect_taken(SPI_FREE, 1);
	expect("taken here", me->count[SPI_FREE], 2);
}

/* Made active while it is pending at the holder. */
void check_remote_set_active(void)
{
	hold(holder());
	spi_held(SPI_FREE);
	gic_set(NULL, ISACTIVER, SPI_FREE);
	gic_reads(NULL, ISACTIVER, SPI_FREE, true);
	release();
	expect_taken(SPI_FREE, 0);
	expect("ISPENDR", gic_get(NULL, ISPENDR, SPI_FREE), 1);
	gic_set(NULL, ICACTIVER, SPI_FREE);
	if (!reached(&holder()->count[SPI_FREE], 1))
		fail("the holder does not take it once deactivated");
	settle();
	expect_taken(SPI_FREE, 1);
}

/* Pended while the holder has it active: exactly one more. */
void check_remote_active_pending(void)
{
	gic_spi(holder(), SPI_FREE, PRIORITY_USUAL);
	hold_active(SPI_FREE);
	pend_held(SPI_FREE);
	gic_pend(NULL, SPI_FREE);
	expect("ISPENDR while active", gic_get(NULL, ISPENDR, SPI_FREE), 1);
	expect("ISACTIVER", gic_get(NULL, ISACTIVER, SPI_FREE), 1);
	release_active();
	if (!reached(&holder()->count[SPI_FREE], 2))
		fail("what came while active is lost");
	settle();
	expect_taken(SPI_FREE, 2);
}

/* The priorities of six that are pending there turn round. */
void check_remote_priority(void)
{
	hold(holder());
	for (uint32_t i = 0; i < 6; i++) {
		gic_spi(holder(), SPI_FREE + i, 0x40 + 0x10 * i);
		gic_pend(NULL, SPI_FREE + i);
	}
	delay(HOLD_US);
	for (uint32_t i = 0; i < 6; i++)
		gic_priority(NULL, SPI_FREE + i, 0xa0 - 0x10 * i);
	gic_wait_rwp(NULL, SPI_FREE);
	/* Nothing tells when a priority has got there. */
	delay(10 * HOLD_US);
	release();
	for (uint32_t i = 0; i < 6; i++)
		expect("order", holder()->log[i], SPI_FREE + 5 - i);
	expect("interrupts taken", holder()->logged, 6);
}

/* Group 0 from now on: an FIQ. */
void check_remote_group(void)
{
	hold(holder());
	spi_held(SPI_FREE);
	gic_group(NULL, SPI_FREE, 0);
	gic_wait_rwp(NULL, SPI_FREE);
	delay(10 * HOLD_US);
	release();
	expect_taken(SPI_FREE, 1);
	expect("taken as FIQ", holder()->log[0], LOG_FIQ | SPI_FREE);
}

static void retarget(void (*route)(uint32_t, uint64_t))
{
	struct cpu *me = this_cpu();

	hold(holder());
	spi_held(SPI_FREE);
	route(SPI_FREE, affinity_of(me));
	if (!reached(&me->count[SPI_FREE], 1))
		fail("routed here it is not taken, though nobody else did");
	release();
	expect_taken(SPI_FREE, 0);
	expect("taken here", me->count[SPI_FREE], 1);
}

void check_remote_retarget(void)
{
	retarget(gic_route);
}

void check_remote_halves(void)
{
	retarget(gic_route_halves);
}

/* Active there, the next one comes here, after the EOI. */
void check_remote_retarget_active(void)
{
	struct cpu *me = this_cpu();

	gic_spi(holder(), SPI_FREE, PRIORITY_USUAL);
	hold_active(SPI_FREE);
	gic_route(SPI_FREE, affinity_of(me));
	gic_pend(NULL, SPI_FREE);
	delay(HOLD_US);
	expect("taken while active there", LOAD(me->logged), 0);
	me->note[1] = 1;
	/* Nothing but its EOI happens there meanwhile. */
	STORE(holder()->note[1], 1);
	if (!reached(&me->count[SPI_FREE], 1))
		fail("what came while active there is lost");
	release_active();
	expect_taken(SPI_FREE, 1);
	expect("taken here", me->count[SPI_FREE], 1);
}

/* Pending too before the route changes: once more, there or here. */
void check_remote_retarget_both(void)
{
	struct cpu *me = this_cpu();

	gic_spi(holder(), SPI_FREE, PRIORITY_USUAL);
	hold_active(SPI_FREE);
	pend_held(SPI_FREE);
	gic_route(SPI_FREE, affinity_of(me));
	delay(HOLD_US);
	me->note[1] = 1;
	release_active();
	expect("taken in all",
	       LOAD(holder()->count[SPI_FREE]) + LOAD(me->count[SPI_FREE]), 2);
	gic_pend(NULL, SPI_FREE);
	settle();
	expect("taken in all, after another",
	       LOAD(holder()->count[SPI_FREE]) + LOAD(me->count[SPI_FREE]), 3);
}

/* Active and pending there when it is disabled: it goes no further. */
void check_remote_disable_active(void)
{
	gic_spi(holder(), SPI_FREE, PRIORITY_USUAL);
	hold_active(SPI_FREE);
	pend_held(SPI_FREE);
	gic_disable(NULL, SPI_FREE);
	release_active();
	expect_taken(SPI_FREE, 1);
	expect("ISPENDR", gic_get(NULL, ISPENDR, SPI_FREE), 1);
	expect("ISACTIVER", gic_get(NULL, ISACTIVER, SPI_FREE), 0);
	gic_enable(NULL, SPI_FREE);
	if (!reached(&holder()->count[SPI_FREE], 2))
		fail("the holder does not take it once enabled");
	settle();
	expect_taken(SPI_FREE, 2);
}

/* Disabled, pended, enabled, a hundred times, while the holder runs. */
void check_remote_toggle(void)
{
	uint32_t *count = &holder()->count[SPI_FREE];

	begin_taking();
	gic_spi(holder(), SPI_FREE, PRIORITY_USUAL);
	for (uint32_t n = 0; n < 100 && !failed(); n++) {
		gic_disable(NULL, SPI_FREE);
		gic_pend(NULL, SPI_FREE);
		delay(n % 4 * 50);
		if (LOAD(*count) != n)
			fail("taken while disabled, in round %u", n);
		gic_enable(NULL, SPI_FREE);
		if (!reached(count, n + 1))
			fail("not taken once enabled, in round %u", n);
	}
	release_active();
	expect_taken(SPI_FREE, 100);
}

/* Routes the SPI from CPU to CPU while CPU 0 pends it. */
static void chase(struct cpu *me, void *arg)
{
	(void)arg;
	for (uint32_t n = 0; !LOAD(me->note[0]); n++) {
		gic_route(SPI_FREE, affinity_of(&cpus[n % nr_cpus]));
		delay(20 * (n % 5));
	}
}

/* Each is taken once, wherever. */
void check_remote_chase(void)
{
	uint32_t rounds = 300, taken = 0;

	gic_spi(holder(), SPI_FREE, PRIORITY_USUAL);
	run_begin(holder(), chase, NULL);
	for (uint32_t n = 1; n <= rounds && !failed(); n++) {
		uint64_t start = now();

		gic_pend(NULL, SPI_FREE);
		do {
			taken = 0;
			for (uint32_t i = 0; i < nr_cpus; i++)
				taken += LOAD(cpus[i].count[SPI_FREE]);
			yield();
		} while (taken < n && !out_of_patience(start));
		if (taken != n)
			fail("%u taken of %u while the route changes", taken,
			     n);
	}
	STORE(holder()->note[0], 1);
	run_end(holder());
	settle();
	taken = 0;
	for (uint32_t i = 0; i < nr_cpus; i++)
		taken += LOAD(cpus[i].count[SPI_FREE]);
	expect("taken by all", taken, rounds);
}
