/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* More pending at once than any list registers hold: 16 SGIs and 40 SPIs. */

#include "gic.h"

#define SGIS 16u
#define SPIS 40u
#define ALL (SGIS + SPIS)

static uint32_t intid_of(uint32_t k)
{
	return k < SGIS ? k : SPI_FREE + k - SGIS;
}

/* 28 levels, 0x08 to 0xe0, two INTIDs on each. */
static uint32_t level_of(uint32_t k)
{
	return 8 + 8 * (11 * k % 28);
}

static void prepare(struct cpu *target, handler_fn handler)
{
	for (uint32_t k = 0; k < ALL; k++) {
		/* SGI 15 is an interrupt like others here. */
		handlers[intid_of(k)] = handler;
		if (k < SGIS)
			gic_priority(target, k, level_of(k));
		else
			gic_spi(target, intid_of(k), level_of(k));
	}
}

static void end(struct cpu *me, uint32_t intid)
{
	(void)me;
	eoi(intid);
}

static void raise(struct cpu *target, uint32_t k)
{
	if (k < SGIS)
		sgi_send(target, k);
	else
		gic_pend(target, intid_of(k));
}

static uint32_t level_of_intid(uint32_t intid)
{
	return level_of(intid < SGIS ? intid : intid - SPI_FREE + SGIS);
}

/* Each once, from the best priority to the worst. */
static void compare(struct cpu *cpu)
{
	if (!reached(&cpu->logged, ALL))
		fail("cpu %u took %u of %u", cpu->id, LOAD(cpu->logged), ALL);
	delay(1000);
	expect("interrupts taken", LOAD(cpu->logged), ALL);
	for (uint32_t i = 1; i < ALL && i < cpu->logged; i++) {
		if (level_of_intid(cpu->log[i - 1]) <=
		    level_of_intid(cpu->log[i]))
			continue;
		fail("cpu %u took INTID %u of priority %x before %u of %x",
		     cpu->id, cpu->log[i - 1], level_of_intid(cpu->log[i - 1]),
		     cpu->log[i], level_of_intid(cpu->log[i]));
	}
	for (uint32_t k = 0; k < ALL; k++) {
		if (LOAD(cpu->count[intid_of(k)]) != 1)
			fail("cpu %u took INTID %u %u times", cpu->id,
			     intid_of(k), LOAD(cpu->count[intid_of(k)]));
	}
}

void check_many_order(void)
{
	struct cpu *me = this_cpu();

	prepare(me, end);
	irq_off();
	for (uint32_t k = 0; k < ALL; k++)
		raise(me, k);
	irq_on();
	compare(me);
}

/* From the worst priority to the best: each better than all before. */
void check_many_reverse(void)
{
	struct cpu *me = this_cpu();

	prepare(me, end);
	irq_off();
	for (uint32_t level = 0xe0; level; level -= 8) {
		for (uint32_t k = 0; k < ALL; k++) {
			if (level_of(k) == level)
				raise(me, k);
		}
	}
	irq_on();
	compare(me);
}

/* The first, of priority 0, makes all others pending while it is active. */
static void flood(struct cpu *me, uint32_t intid)
{
	if (intid == SPI_FREE - 1) {
		for (uint32_t k = 0; k < ALL; k++)
			raise(me, k);
		me->logged = 0;
	}
	eoi(intid);
}

void check_many_handler(void)
{
	struct cpu *me = this_cpu();

	prepare(me, flood);
	handlers[SPI_FREE - 1] = flood;
	gic_spi(me, SPI_FREE - 1, 0);
	gic_pend(me, SPI_FREE - 1);
	compare(me);
}

/*
 * Handlers let better ones in, and half of all is raised in them: the next
 * INTID that is not yet, whatever its priority.
 */
static void let_in(struct cpu *me, uint32_t intid)
{
	uint32_t level = level_of_intid(intid);
	uint32_t next = me->note[0];

	if (me->note[1] <= level)
		fail("INTID %u of priority %x preempts %x", intid, level,
		     me->note[1]);
	if (next < ALL) {
		me->note[0] = next + 1;
		raise(me, next);
	}
	next = me->note[1];
	me->note[1] = level;
	irq_on();
	delay(20);
	irq_off();
	me->note[1] = next;
	eoi(intid);
}

void check_many_nested(void)
{
	struct cpu *me = this_cpu();

	prepare(me, let_in);
	irq_off();
	me->note[0] = ALL / 2;
	me->note[1] = 0x100;
	for (uint32_t k = 0; k < ALL / 2; k++)
		raise(me, k);
	irq_on();
	if (!reached(&me->logged, ALL))
		fail("%u taken of %u", me->logged, ALL);
	delay(1000);
	expect("interrupts taken", me->logged, ALL);
	for (uint32_t k = 0; k < ALL; k++)
		expect("of one INTID", me->count[intid_of(k)], 1);
}

/* To a CPU that runs on, deaf, until all is sent. */
void check_many_remote(void)
{
	struct cpu *target = &cpus[nr_cpus - 1];

	hold(target);
	prepare(target, end);
	for (uint32_t k = 0; k < ALL; k++)
		raise(target, k);
	delay(2000);
	let_go(target);
	compare(target);
}

/* 240 SPIs spread over the CPUs, three times over, nobody masked. */
void check_many_spread(void)
{
	uint32_t last = gic_lines() < 272 ? gic_lines() : 272;
	uint32_t taken = 0;

	for (uint32_t intid = 32; intid < last; intid++)
		gic_spi(&cpus[intid % nr_cpus], intid, 8 * (intid % 28));
	for (uint32_t n = 1; n <= 3; n++) {
		for (uint32_t intid = 32; intid < last; intid++)
			gic_pend(NULL, intid);
		for (uint32_t intid = 32; intid < last; intid++) {
			struct cpu *cpu = &cpus[intid % nr_cpus];

			if (!reached(&cpu->count[intid], n))
				fail("cpu %u took INTID %u %u times, "
				     "expected %u",
				     cpu->id, intid, LOAD(cpu->count[intid]),
				     n);
			if (failed())
				return;
		}
	}
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		taken += LOAD(cpus[i].logged);
	expect("interrupts taken", taken, 3 * (last - 32));
}
