/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The local vector table and errors (SDM 10.5.1, 10.5.3). */

#include "expect.h"

#define ERROR_VECTOR 0x62u
#define HIGH_BITS (1ull << 32 | 1ull << 47 | 1ull << 63)

/* Bits that a guest can change, and those that it may write in vain. */
struct entry {
	enum apic_reg reg;
	const char *name;
	uint32_t stored;
	uint32_t read_only;
};

/* Bit 18 of the timer is TSC-deadline's; with bit 17 it is reserved. */
static const struct entry entries[] = {
	{APIC_LVT_TIMER, "LVT timer", 0x300ff, 0x1000},
	{APIC_LVT_THERMAL, "LVT thermal", 0x107ff, 0x1000},
	{APIC_LVT_PERF, "LVT performance", 0x107ff, 0x1000},
	{APIC_LVT_LINT0, "LVT LINT0", 0x1a7ff, 0x5000},
	{APIC_LVT_LINT1, "LVT LINT1", 0x1a7ff, 0x5000},
	{APIC_LVT_ERROR, "LVT error", 0x100ff, 0x1000},
};

#define ENTRIES (sizeof(entries) / sizeof(entries[0]))

static void rw_one(struct cpu *me, const struct entry *entry, uint32_t value)
{
	apic_write(entry->reg, value);
	expect_reg(me, entry->name, apic_read(entry->reg),
		   value & entry->stored, "after a write");
}

/* All bits but timer bit 18 in xAPIC mode, the legal ones in x2APIC. */
static void lvt_rw(struct cpu *me, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < ENTRIES; i++) {
		const struct entry *entry = &entries[i];
		uint32_t most = me->x2apic ? entry->stored | entry->read_only
					   : 0xfffbffff;

		rw_one(me, entry, LVT_MASKED);
		rw_one(me, entry, most);
		rw_one(me, entry, LVT_MASKED | (most & 0xaaaaaaaa));
		rw_one(me, entry, LVT_MASKED | (most & 0x55555555));
		rw_one(me, entry, LVT_MASKED);
	}
}

void check_lvt_rw(void)
{
	run_all(lvt_rw, NULL);
}

static void write_faults(struct cpu *me, enum apic_reg reg, uint64_t value)
{
	if (!wrmsr_faults(APIC_MSR(reg), value))
		fail("cpu %u: WRMSR %x of %lx is done, expected #GP", me->id,
		     APIC_MSR(reg), value);
}

static void lvt_gp(struct cpu *me, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < ENTRIES; i++) {
		const struct entry *entry = &entries[i];
		uint64_t bits = 0xffffffff | HIGH_BITS;

		bits &= ~(uint64_t)(entry->stored | entry->read_only);
		if (entry->reg == APIC_LVT_TIMER)
			bits &= ~(uint64_t)LVT_TSC_DEADLINE;
		for (uint32_t bit = 0; bit < 64; bit++) {
			if (bits >> bit & 1)
				write_faults(me, entry->reg,
					     LVT_MASKED | 1ull << bit);
		}
		expect_reg(me, entry->name, apic_read(entry->reg), LVT_MASKED,
			   "after writes that raised #GP");
		apic_write(entry->reg, LVT_MASKED);
	}
}

void check_lvt_gp(void)
{
	run_all(lvt_gp, NULL);
}

static void timer_gp(struct cpu *me, void *arg)
{
	(void)arg;
	write_faults(me, APIC_TIMER_ICR, 1ull << 32);
	write_faults(me, APIC_TIMER_CCR, 0);
	for (uint32_t bit = 2; bit < 32; bit++) {
		if (bit != 3)
			write_faults(me, APIC_TIMER_DCR, 1ull << bit);
	}
	write_faults(me, APIC_TIMER_DCR, 1ull << 32);
	expect_reg(me, "DCR", apic_read(APIC_TIMER_DCR), 0,
		   "after writes that raised #GP");
	apic_write(APIC_TIMER_DCR, 0);
}

void check_timer_gp(void)
{
	run_all(timer_gp, NULL);
}

/* SDM 10.4.7.2: masked, and no write helps until it is enabled again. */
static void lvt_disabled(struct cpu *me, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < ENTRIES; i++)
		apic_write(entries[i].reg, 0x20 + i);
	apic_write(APIC_SVR, VECTOR_SPURIOUS);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		expect_reg(me, entries[i].name, apic_read(entries[i].reg),
			   LVT_MASKED | (0x20 + i), "once disabled");
		apic_write(entries[i].reg, 0x30 + i);
		expect_reg(me, entries[i].name, apic_read(entries[i].reg),
			   LVT_MASKED | (0x30 + i), "written while disabled");
	}
	apic_write(APIC_SVR, SVR_NORMAL);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		expect_reg(me, entries[i].name, apic_read(entries[i].reg),
			   LVT_MASKED | (0x30 + i), "once enabled again");
		apic_write(entries[i].reg, LVT_MASKED);
	}
}

void check_lvt_disabled(void)
{
	run_all(lvt_disabled, NULL);
}

static uint32_t latched(void)
{
	apic_write(APIC_ESR, 0);
	return apic_read(APIC_ESR);
}

static void clear_esr(void)
{
	apic_write(APIC_ESR, 0);
	apic_write(APIC_ESR, 0);
}

/* Reserved registers: #GP and no error in x2APIC mode (SDM 10.5.3). */
static void illegal_register(struct cpu *me, void *arg)
{
	uint64_t value;

	(void)arg;
	clear_esr();
	if (me->x2apic) {
		rdmsr_faults(0x804, &value);
		wrmsr_faults(0x804, 0);
		expect_reg(me, "ESR", latched(), 0, "after MSR 804");
		return;
	}
	expect_reg(me, "register 40", *page_at(BASE_ADDRESS, 0x40), 0,
		   "which is reserved");
	expect_reg(me, "ESR", latched(), ESR_ILLEGAL_REGISTER,
		   "after a load from 40");
	*page_at(BASE_ADDRESS, 0x40) = 0;
	expect_reg(me, "ESR", latched(), ESR_ILLEGAL_REGISTER,
		   "after a store to 40");
	expect_reg(me, "ESR", latched(), 0, "after a second write");
}

void check_esr_illegal_register(void)
{
	run_all(illegal_register, NULL);
}

/* Errors add up until a write, and a read does not change it. */
static void accumulates(struct cpu *me, void *arg)
{
	uint32_t expected = ESR_SEND_ILLEGAL | ESR_RECEIVE_ILLEGAL;

	(void)arg;
	clear_esr();
	apic_send_self(0x0d);
	if (!me->x2apic) {
		(void)*page_at(BASE_ADDRESS, 0x40);
		expected |= ESR_ILLEGAL_REGISTER;
	}
	/* The receiver is the sender: it may note its part, or not. */
	expect_reg(me, "ESR", latched() | ESR_RECEIVE_ILLEGAL, expected,
		   "with bit 6, after an illegal vector");
	expect_reg(me, "ESR", apic_read(APIC_ESR) | ESR_RECEIVE_ILLEGAL,
		   expected, "with bit 6, read again");
	clear_esr();
}

void check_esr_accumulates(void)
{
	run_all(accumulates, NULL);
}

/* An error while the same one is recorded makes no further interrupt. */
static void error_interrupt(struct cpu *me, void *arg)
{
	(void)arg;
	clear_esr();
	apic_write(APIC_LVT_ERROR, ERROR_VECTOR);
	apic_send_self(0x0d);
	expect_count(me, ERROR_VECTOR, 1, "after an illegal vector");
	quiet();
	expect_count(me, ERROR_VECTOR, 1, "after an illegal vector");
	clear_esr();
	apic_send_self(0x0e);
	if (!failed())
		expect_count(me, ERROR_VECTOR, 2, "after another, ESR written");
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	clear_esr();
}

void check_error_interrupt(void)
{
	run_all(error_interrupt, NULL);
}

static void error_masked(struct cpu *me, void *arg)
{
	(void)arg;
	clear_esr();
	apic_write(APIC_LVT_ERROR, LVT_MASKED | ERROR_VECTOR);
	apic_send_self(0x0d);
	apic_write(APIC_LVT_ERROR, ERROR_VECTOR);
	quiet();
	expect_count(me, ERROR_VECTOR, 0, "for an error while masked");
	expect_reg(me, "ESR", latched() & ESR_SEND_ILLEGAL, ESR_SEND_ILLEGAL,
		   "in bit 5, after an error while masked");
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	clear_esr();
}

void check_error_masked(void)
{
	run_all(error_masked, NULL);
}

/* The error interrupt itself has an illegal vector. */
static void error_illegal(struct cpu *me, void *arg)
{
	(void)arg;
	clear_esr();
	apic_write(APIC_LVT_ERROR, 0x0c);
	apic_send_self(0x0d);
	quiet();
	expect_reg(me, "ESR", latched(), ESR_SEND_ILLEGAL | ESR_RECEIVE_ILLEGAL,
		   "after an error whose own vector is illegal");
	expect_reg(me, "IRR bits 15:0", apic_read(APIC_IRR) & 0xffff, 0,
		   "after an error whose own vector is illegal");
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	clear_esr();
}

void check_error_illegal(void)
{
	run_all(error_illegal, NULL);
}

/* Bit 5, or bit 4 of processors that cannot send it. */
static void lowest_illegal(struct cpu *me, void *arg)
{
	uint32_t esr;

	(void)arg;
	clear_esr();
	apic_send(ICR_LOWEST | 0x0d, me->id);
	esr = latched() & ~ESR_RECEIVE_ILLEGAL;
	if (esr != 1u << 4)
		expect_reg(me, "ESR", esr, ESR_SEND_ILLEGAL,
			   "after vector d to the lowest (10 is legal too)");
	expect_reg(me, "IRR bits 15:0", apic_read(APIC_IRR) & 0xffff, 0,
		   "after vector d to the lowest");
	clear_esr();
}

void check_lowest_illegal(void)
{
	run_all(lowest_illegal, NULL);
}
