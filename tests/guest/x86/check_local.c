/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Priorities, PPR in handlers, IRR, ISR and EOI, by self IPIs: each CPU runs
 * the whole check on its own APIC while the others do the same.
 */

#include "expect.h"

/* SDM 10.8.3.1: where the classes are equal, PPR[3:0] is TPR's or 0. */
static void ppr_handler(struct cpu *me, uint32_t vector)
{
	uint32_t ppr;

	(void)vector;
	expect_reg(me, "PPR", apic_read(APIC_PPR), 0x60, "in handler 61");
	apic_write(APIC_TPR, 0x2f);
	expect_reg(me, "PPR", apic_read(APIC_PPR), 0x60,
		   "in handler 61 with TPR 2f");
	apic_write(APIC_TPR, 0x73);
	expect_reg(me, "PPR", apic_read(APIC_PPR), 0x73,
		   "in handler 61 with TPR 73");
	apic_write(APIC_TPR, 0x65);
	ppr = apic_read(APIC_PPR);
	expect_reg(me, "PPR", ppr, ppr == 0x60 ? 0x60 : 0x65,
		   "in handler 61 with TPR 65 (60 is legal too)");
	apic_write(APIC_TPR, 0x2f);
	apic_eoi();
	expect_reg(me, "PPR", apic_read(APIC_PPR), 0x2f,
		   "after the EOI of 61 with TPR 2f");
	apic_write(APIC_TPR, 0);
}

static void send_61(struct cpu *me, void *arg)
{
	(void)arg;
	apic_send_self(0x61);
	expect_count(me, 0x61, 1, "after a self IPI");
}

void check_ppr_in_handler(void)
{
	handlers[0x61] = ppr_handler;
	run_all(send_61, NULL);
}

static void priority_order(struct cpu *me, void *arg)
{
	static const uint32_t sent[] = {0x41, 0x91, 0x61, 0x92, 0x45, 0x20};
	static const uint32_t order[] = {0x92, 0x91, 0x61, 0x45, 0x41, 0x20};

	(void)arg;
	cli();
	for (uint32_t i = 0; i < 6; i++)
		apic_send_self(sent[i]);
	sti();
	expect_count(me, 0x20, 1, "after six self IPIs");
	expect_log(me, order, 6);
}

void check_priority_order(void)
{
	run_all(priority_order, NULL);
}

/* Interrupts on in handler 41: 91 nests, 45 waits for the EOI. */
static void nest_outer(struct cpu *me, uint32_t vector)
{
	sti();
	apic_send_self(0x45);
	quiet();
	expect_count(me, 0x45, 0, "inside handler 41");
	apic_send_self(0x91);
	expect_count(me, 0x91, 1, "inside handler 41");
	quiet();
	cli();
	expect_count(me, 0x45, 0, "inside handler 41, after 91");
	me->log[me->logged++] = 0x100 | vector;
	apic_eoi();
}

static void nest_inner(struct cpu *me, uint32_t vector)
{
	me->log[me->logged++] = 0x100 | vector;
	apic_eoi();
}

static void nested(struct cpu *me, void *arg)
{
	static const uint32_t order[] = {0x41, 0x91, 0x191, 0x141, 0x45};

	(void)arg;
	apic_send_self(0x41);
	expect_count(me, 0x45, 1, "after handler 41");
	expect_log(me, order, 5);
}

void check_nested(void)
{
	handlers[0x41] = nest_outer;
	handlers[0x91] = nest_inner;
	run_all(nested, NULL);
}

static void merge_pending(struct cpu *me, void *arg)
{
	(void)arg;
	cli();
	for (uint32_t i = 0; i < 3; i++)
		apic_send_self(0x61);
	expect_reg(me, "the number of IRR bits", apic_bits(APIC_IRR), 1,
		   "after three IPIs with vector 61");
	sti();
	expect_count(me, 0x61, 1, "after three IPIs before the first handler");
	quiet();
	expect_count(me, 0x61, 1, "after three IPIs before the first handler");
}

void check_merge_pending(void)
{
	run_all(merge_pending, NULL);
}

/* IRR and ISR queue two of a vector (SDM 10.8.4). */
static void two_handler(struct cpu *me, uint32_t vector)
{
	if (me->count[vector] == 0) {
		for (uint32_t i = 0; i < 3; i++)
			apic_send_self(vector);
		expect_reg(me, "IRR bit 61", apic_bit(APIC_IRR, vector), 1,
			   "sent again in its handler");
		expect_reg(me, "ISR bit 61", apic_bit(APIC_ISR, vector), 1,
			   "in its handler");
	}
	apic_eoi();
}

static void irr_isr_two(struct cpu *me, void *arg)
{
	(void)arg;
	apic_send_self(0x61);
	expect_count(me, 0x61, 2, "after one IPI and three in its handler");
	quiet();
	expect_count(me, 0x61, 2, "after one IPI and three in its handler");
}

void check_irr_isr_two(void)
{
	handlers[0x61] = two_handler;
	run_all(irr_isr_two, NULL);
}

static void bits_handler(struct cpu *me, uint32_t vector)
{
	expect_reg(me, "the number of IRR bits", apic_bits(APIC_IRR), 0,
		   "in handler 71");
	expect_reg(me, "the number of ISR bits", apic_bits(APIC_ISR), 1,
		   "in handler 71");
	expect_reg(me, "ISR bit 71", apic_bit(APIC_ISR, vector), 1,
		   "in its handler");
	expect_reg(me, "TMR bit 71", apic_bit(APIC_TMR, vector), 0,
		   "for an edge-triggered IPI");
	apic_eoi();
	expect_reg(me, "the number of ISR bits", apic_bits(APIC_ISR), 0,
		   "after the EOI");
}

static void irr_isr_bits(struct cpu *me, void *arg)
{
	(void)arg;
	cli();
	expect_reg(me, "the number of IRR bits", apic_bits(APIC_IRR), 0,
		   "at rest");
	apic_send_self(0x71);
	expect_reg(me, "the number of IRR bits", apic_bits(APIC_IRR), 1,
		   "with interrupts off");
	expect_reg(me, "IRR bit 71", apic_bit(APIC_IRR, 0x71), 1,
		   "with interrupts off");
	expect_reg(me, "the number of ISR bits", apic_bits(APIC_ISR), 0,
		   "with interrupts off");
	sti();
	expect_count(me, 0x71, 1, "after a self IPI");
}

void check_irr_isr_bits(void)
{
	handlers[0x71] = bits_handler;
	run_all(irr_isr_bits, NULL);
}

static void eoi_outer(struct cpu *me, uint32_t vector)
{
	(void)vector;
	apic_send_self(0x91);
	sti();
	expect_count(me, 0x91, 1, "inside handler 41");
	cli();
	expect_reg(me, "the number of ISR bits", apic_bits(APIC_ISR), 1,
		   "back in handler 41");
	apic_eoi();
	expect_reg(me, "the number of ISR bits", apic_bits(APIC_ISR), 0,
		   "after both EOIs");
}

static void eoi_inner(struct cpu *me, uint32_t vector)
{
	expect_reg(me, "the number of ISR bits", apic_bits(APIC_ISR), 2,
		   "in handler 91 inside 41");
	expect_reg(me, "PPR", apic_read(APIC_PPR), 0x90,
		   "in handler 91 inside 41");
	apic_eoi();
	expect_reg(me, "ISR bit 91", apic_bit(APIC_ISR, vector), 0,
		   "after the inner EOI");
	expect_reg(me, "ISR bit 41", apic_bit(APIC_ISR, 0x41), 1,
		   "after the inner EOI");
	expect_reg(me, "PPR", apic_read(APIC_PPR), 0x40, "after the inner EOI");
}

static void eoi_highest(struct cpu *me, void *arg)
{
	(void)arg;
	apic_send_self(0x41);
	expect_count(me, 0x41, 1, "after a self IPI");
}

void check_eoi_highest(void)
{
	handlers[0x41] = eoi_outer;
	handlers[0x91] = eoi_inner;
	run_all(eoi_highest, NULL);
}

/* An EOI with nothing in service leaves what is pending alone. */
static void eoi_empty(struct cpu *me, void *arg)
{
	(void)arg;
	cli();
	apic_send_self(0x61);
	apic_eoi();
	apic_eoi();
	expect_reg(me, "IRR bit 61", apic_bit(APIC_IRR, 0x61), 1,
		   "after EOIs with an empty ISR");
	sti();
	expect_count(me, 0x61, 1, "after EOIs with an empty ISR");
	quiet();
	expect_count(me, 0x61, 1, "after EOIs with an empty ISR");
}

void check_eoi_empty(void)
{
	run_all(eoi_empty, NULL);
}
