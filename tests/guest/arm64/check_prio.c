/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Priorities: order, nesting, mask, binary point. IHI 0069 4.8. */

#include "gic.h"

#define SGIS 14u /* SGIs 0-13 */
#define SPI_LEVELS 28u

/* Who nests how deep. */
static struct nest {
	uint32_t depth;
	uint32_t left[SPI_LEVELS]; /* INTIDs in the order of their EOIs */
	uint32_t nr_left;
} nests[MAX_CPUS];

static void expect_log(struct cpu *me, uint32_t at, uint32_t intid)
{
	if (at < me->logged && me->log[at] == intid)
		return;
	fail("cpu %u: number %u taken is %x, expected INTID %u (%u taken)",
	     me->id, at, at < me->logged ? me->log[at] : 0, intid, me->logged);
}

/* By this CPU, so far. */
static void expect_taken(struct cpu *me, uint32_t n)
{
	if (!reached(&me->logged, n))
		fail("cpu %u: %u taken of %u", me->id, me->logged, n);
}

static void expect_logged(uint32_t n)
{
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++) {
		expect("interrupts taken", cpus[i].logged, n);
		expect("spurious interrupts", cpus[i].spurious, 0);
	}
}

/* SGI k at a priority that no other has, in a mixed order. */
static uint32_t mixed(uint32_t k)
{
	return 0x10 + 0x10 * (5 * k % SGIS);
}

static void order(struct cpu *me, void *arg)
{
	(void)arg;
	irq_off();
	for (uint32_t k = 0; k < SGIS; k++) {
		gic_priority(me, k, mixed(k));
		sgi_send(me, k);
	}
	irq_on();
	expect_taken(me, SGIS);
	for (uint32_t k = 0; k < SGIS; k++)
		expect_log(me, (mixed(k) - 0x10) / 0x10, k);
}

void check_prio_order(void)
{
	run_all(order, NULL);
	expect_logged(SGIS);
}

/* Enter, send the next, which is of higher priority, and let it in. */
static void nest(struct cpu *me, uint32_t level, uint32_t priority)
{
	struct nest *nest = &nests[me->id];

	expect("ICC_RPR_EL1", read_icc_rpr_el1(), priority);
	expect("depth", nest->depth, level);
	nest->depth++;
}

static void unnest(struct cpu *me, uint32_t intid, uint32_t priority)
{
	struct nest *nest = &nests[me->id];

	expect("ICC_RPR_EL1 after the nested", read_icc_rpr_el1(), priority);
	nest->left[nest->nr_left++] = intid;
	nest->depth--;
	eoi(intid);
}

static void nested_sgi(struct cpu *me, uint32_t intid)
{
	uint32_t priority = 0xe0 - 0x10 * intid;

	nest(me, intid, priority);
	if (intid + 1 < SGIS) {
		sgi_send(me, intid + 1);
		irq_on();
		if (!reached(&me->count[intid + 1], 1))
			fail("cpu %u: SGI %u does not preempt %u", me->id,
			     intid + 1, intid);
		irq_off();
	}
	unnest(me, intid, priority);
}

static void nested(struct cpu *me, void *arg)
{
	(void)arg;
	nests[me->id].depth = 0;
	nests[me->id].nr_left = 0;
	for (uint32_t k = 0; k < SGIS; k++)
		gic_priority(me, k, 0xe0 - 0x10 * k);
	sgi_send(me, 0);
	if (!reached(&me->count[0], 1))
		fail("cpu %u took no SGI", me->id);
	expect("depth at the end", nests[me->id].depth, 0);
	expect("EOIs", nests[me->id].nr_left, SGIS);
	for (uint32_t k = 0; k < SGIS; k++) {
		expect_log(me, k, k);
		expect("order of EOIs", nests[me->id].left[k], SGIS - 1 - k);
	}
	expect("ICC_RPR_EL1 at the end", read_icc_rpr_el1(), 0xff);
}

/* More levels than list registers. */
void check_prio_nested(void)
{
	for (uint32_t k = 0; k < SGIS; k++)
		handlers[k] = nested_sgi;
	run_all(nested, NULL);
	expect_logged(SGIS);
}

/* From the innermost handler, once: all that are active are sent again. */
static void nested_again(struct cpu *me, uint32_t intid)
{
	if (intid + 1 == SGIS && me->note[0] == 0) {
		me->note[0] = 1;
		for (uint32_t k = 0; k < SGIS; k++)
			sgi_send(me, k);
	} else if (me->note[0] == 0) {
		sgi_send(me, intid + 1);
		irq_on();
		if (!reached(&me->count[intid + 1], 1))
			fail("cpu %u: SGI %u does not preempt %u", me->id,
			     intid + 1, intid);
		irq_off();
	}
	eoi(intid);
}

static void again(struct cpu *me, void *arg)
{
	(void)arg;
	for (uint32_t k = 0; k < SGIS; k++)
		gic_priority(me, k, 0xe0 - 0x10 * k);
	sgi_send(me, 0);
	/* Nothing but EOIs happens meanwhile. */
	expect_taken(me, 2 * SGIS);
}

/* Each comes once more after its own EOI, though all are active at once. */
void check_prio_nested_again(void)
{
	for (uint32_t k = 0; k < SGIS; k++)
		handlers[k] = nested_again;
	run_all(again, NULL);
	expect_logged(2 * SGIS);
	for (uint32_t i = 0; i < nr_cpus; i++) {
		for (uint32_t k = 0; k < SGIS; k++)
			expect("SGIs of one INTID", cpus[i].count[k], 2);
	}
}

static void nested_spi(struct cpu *me, uint32_t intid)
{
	uint32_t level = intid - SPI_FREE;
	uint32_t priority = 0xf0 - 8 * level;

	nest(me, level, priority);
	if (level + 1 < SPI_LEVELS) {
		gic_pend(me, intid + 1);
		irq_on();
		if (!reached(&me->count[intid + 1], 1))
			fail("SPI %u does not preempt %u", intid + 1, intid);
		irq_off();
	}
	unnest(me, intid, priority);
}

/* Every level that five bits of priority have, but for the ends. */
void check_prio_nested_spis(void)
{
	struct cpu *me = this_cpu();

	nests[0].depth = 0;
	nests[0].nr_left = 0;
	for (uint32_t k = 0; k < SPI_LEVELS; k++) {
		handlers[SPI_FREE + k] = nested_spi;
		gic_spi(me, SPI_FREE + k, 0xf0 - 8 * k);
	}
	gic_pend(me, SPI_FREE);
	if (!reached(&me->count[SPI_FREE], 1))
		fail("the first SPI is not taken");
	settle();
	expect("interrupts taken", me->logged, SPI_LEVELS);
	for (uint32_t k = 0; k < SPI_LEVELS; k++) {
		expect_log(me, k, SPI_FREE + k);
		expect("order of EOIs", nests[0].left[k],
		       SPI_FREE + SPI_LEVELS - 1 - k);
	}
}

/* SGI 3 at 0x80: equal and lower ones wait for its EOI. */
static void stubborn(struct cpu *me, uint32_t intid)
{
	for (uint32_t k = 0; k < 8; k++) {
		if (k != intid)
			sgi_send(me, k);
	}
	irq_on();
	delay(1000);
	irq_off();
	expect("taken within the handler", me->logged, 1);
	eoi(intid);
}

static void no_preemption(struct cpu *me, void *arg)
{
	(void)arg;
	for (uint32_t k = 0; k < 8; k++)
		gic_priority(me, k, k < 4 ? 0x80 : 0x90);
	sgi_send(me, 3);
	expect_taken(me, 8);
	for (uint32_t i = 1; i < 8 && i < me->logged; i++) {
		if ((me->log[i] < 4) != (i < 4))
			fail("cpu %u: INTID %u is number %u", me->id,
			     me->log[i], i);
	}
}

void check_prio_no_preemption(void)
{
	handlers[3] = stubborn;
	run_all(no_preemption, NULL);
	expect_logged(8);
}

/* Strictly above the mask passes. */
static void pmr(struct cpu *me, void *arg)
{
	(void)arg;
	gic_priority(me, 0, 0x90);
	gic_priority(me, 1, 0x80);
	gic_priority(me, 2, 0x78);
	write_icc_pmr_el1(0x80);
	sgi_send(me, 0);
	sgi_send(me, 1);
	sgi_send(me, 2);
	if (!reached(&me->count[2], 1))
		fail("cpu %u: priority 0x78 does not pass 0x80", me->id);
	delay(1000);
	expect("taken with PMR 0x80", me->logged, 1);
	write_icc_pmr_el1(0x88);
	if (!reached(&me->count[1], 1))
		fail("cpu %u: priority 0x80 does not pass 0x88", me->id);
	delay(1000);
	expect("taken with PMR 0x88", me->logged, 2);
	write_icc_pmr_el1(0);
	gic_priority(me, 3, 0);
	sgi_send(me, 3);
	delay(1000);
	expect("taken with PMR 0", me->logged, 2);
	write_icc_pmr_el1(PRIORITY_OPEN);
	expect_taken(me, 4);
	expect_log(me, 2, 3);
	expect_log(me, 3, 0);
}

void check_prio_pmr(void)
{
	run_all(pmr, NULL);
	expect_logged(4);
}

static uint32_t implemented(void)
{
	uint32_t bits = ((read_icc_ctlr_el1() >> 8) & 7) + 1;

	return 0xff & ~((1u << (8 - bits)) - 1);
}

/* 4.8: bits that are not implemented are RAZ/WI. */
void check_prio_pmr_bits(void)
{
	for (uint32_t value = 0; value < 0x100; value += 5) {
		write_icc_pmr_el1(value);
		expect("ICC_PMR_EL1", read_icc_pmr_el1(),
		       value & implemented());
	}
}

/* The same bits as the mask has. */
void check_prio_field_bits(void)
{
	uint64_t word = machine.gicd + IPRIORITYR + SPI_FREE;
	uint32_t bits = implemented();

	write32(word, 0xffffffff);
	expect("GICD_IPRIORITYR", read32(word), bits * 0x01010101u);
	gic_priority(this_cpu(), 4, 0xff);
	expect("GICR_IPRIORITYR", gic_get_priority(this_cpu(), 4), bits);
}

/* Words and bytes are the same fields. */
void check_prio_field(void)
{
	struct cpu *me = this_cpu();
	uint64_t word = machine.gicd + IPRIORITYR + SPI_FREE;

	write32(word, 0x40302010);
	for (uint32_t i = 0; i < 4; i++)
		expect("a byte of it", gic_get_priority(me, SPI_FREE + i),
		       0x10 * (i + 1));
	gic_priority(me, SPI_FREE + 2, 0xa0);
	expect("after a byte's write", read32(word), 0x40a02010);
}

/* The lowest priority never passes: the mask cannot be above it. */
static void lowest(struct cpu *me, void *arg)
{
	(void)arg;
	write_icc_pmr_el1(0xff);
	gic_priority(me, 0, implemented());
	sgi_send(me, 0);
	delay(1000);
	expect("taken at the lowest priority", me->logged, 0);
	gic_priority(me, 0, 0xf0);
	if (!reached(&me->count[0], 1))
		fail("cpu %u: not taken at 0xf0", me->id);
}

void check_prio_lowest(void)
{
	run_all(lowest, NULL);
	expect_logged(1);
}

/* 0x58 and 0x40 are one group with a binary point of 5; 0x38 is not. */
static void grouped(struct cpu *me, uint32_t intid)
{
	expect("ICC_RPR_EL1 of 0x58 in groups of 32", read_icc_rpr_el1(), 0x40);
	sgi_send(me, 1);
	irq_on();
	delay(1000);
	expect("taken within the group", me->logged, 1);
	sgi_send(me, 2);
	if (!reached(&me->count[2], 1))
		fail("cpu %u: 0x38 does not preempt 0x58", me->id);
	irq_off();
	eoi(intid);
}

static void send_grouped(struct cpu *me)
{
	gic_priority(me, 0, 0x58);
	gic_priority(me, 1, 0x40);
	gic_priority(me, 2, 0x38);
	sgi_send(me, 0);
	expect_taken(me, 3);
	expect_log(me, 1, 2);
}

static void bpr(struct cpu *me, void *arg)
{
	uint64_t least;

	(void)arg;
	write_icc_bpr1_el1(0);
	least = read_icc_bpr1_el1();
	/* 4.8.2: Group 1's least is one more than Group 0's. */
	write_icc_bpr0_el1(0);
	expect("least ICC_BPR1_EL1", least, read_icc_bpr0_el1() + 1);
	write_icc_bpr1_el1(7);
	expect("ICC_BPR1_EL1", read_icc_bpr1_el1(), 7);
	write_icc_bpr1_el1(5);
	send_grouped(me);
	expect_log(me, 2, 1);
	/* Below the point the order stays: 0x50 before 0x58. */
	irq_off();
	gic_priority(me, 4, 0x50);
	sgi_send(me, 1);
	sgi_send(me, 4);
	irq_on();
	expect_taken(me, 5);
	expect_log(me, 3, 1);
	expect_log(me, 4, 4);
}

void check_prio_bpr(void)
{
	handlers[0] = grouped;
	run_all(bpr, NULL);
	expect_logged(5);
}

/* With CBPR, Group 1 has Group 0's point, and reads one more of it. */
static void cbpr(struct cpu *me, void *arg)
{
	(void)arg;
	write_icc_ctlr_el1(ICC_CTLR_CBPR);
	write_icc_bpr0_el1(4);
	write_icc_bpr1_el1(7);
	expect("ICC_BPR1_EL1 with CBPR", read_icc_bpr1_el1(), 5);
	write_icc_bpr0_el1(7);
	expect("ICC_BPR1_EL1 of 7 with CBPR", read_icc_bpr1_el1(), 7);
	write_icc_bpr0_el1(4);
	send_grouped(me);
	write_icc_ctlr_el1(0);
}

void check_prio_cbpr(void)
{
	handlers[0] = grouped;
	run_all(cbpr, NULL);
	expect_logged(3);
}

/* 12.2.10: it ignores mask and running priority. */
static void hppir(struct cpu *me, void *arg)
{
	(void)arg;
	irq_off();
	expect("ICC_HPPIR1_EL1 when idle", read_icc_hppir1_el1(), INTID_NONE);
	gic_priority(me, 2, 0xa0);
	gic_priority(me, 4, 0x60);
	sgi_send(me, 2);
	sgi_send(me, 4);
	expect("ICC_HPPIR1_EL1", read_icc_hppir1_el1(), 4);
	write_icc_pmr_el1(0x20);
	expect("ICC_HPPIR1_EL1 with a mask", read_icc_hppir1_el1(), 4);
	write_icc_pmr_el1(PRIORITY_OPEN);
	irq_on();
	expect_taken(me, 2);
}

void check_prio_hppir(void)
{
	run_all(hppir, NULL);
	expect_logged(2);
}

/* 12.2.14: 1023 unless something would be taken. */
static void iar(struct cpu *me, void *arg)
{
	uint64_t first;

	(void)arg;
	irq_off();
	expect("ICC_IAR1_EL1 when idle", read_icc_iar1_el1(), INTID_NONE);
	gic_priority(me, 1, 0x90);
	sgi_send(me, 0);
	sgi_send(me, 1);
	write_icc_pmr_el1(0x80);
	expect("ICC_IAR1_EL1 below the mask", read_icc_iar1_el1(), INTID_NONE);
	write_icc_pmr_el1(PRIORITY_OPEN);
	first = read_icc_iar1_el1();
	expect("ICC_IAR1_EL1", first, 0);
	expect("ICC_IAR1_EL1 of a lower one", read_icc_iar1_el1(), INTID_NONE);
	eoi((uint32_t)first);
	expect("ICC_IAR1_EL1 after the EOI", read_icc_iar1_el1(), 1);
	eoi(1);
	expect("ICC_IAR1_EL1 at the end", read_icc_iar1_el1(), INTID_NONE);
	irq_on();
}

void check_prio_iar(void)
{
	run_all(iar, NULL);
	expect_logged(0);
}

/* A pending interrupt's new priority counts. */
static void change(struct cpu *me, void *arg)
{
	(void)arg;
	irq_off();
	for (uint32_t k = 0; k < 8; k++) {
		gic_priority(me, k, 0x40 + 0x10 * k);
		sgi_send(me, k);
	}
	for (uint32_t k = 0; k < 8; k++)
		gic_priority(me, k, 0xb0 - 0x10 * k);
	irq_on();
	expect_taken(me, 8);
	for (uint32_t k = 0; k < 8; k++)
		expect_log(me, 7 - k, k);
}

void check_prio_change(void)
{
	run_all(change, NULL);
	expect_logged(8);
}
