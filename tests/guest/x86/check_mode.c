/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * IA32_APIC_BASE: where the page is, and the ways between the modes that
 * are left after the switch to x2APIC mode and the faults of check_gp.c
 * (SDM 10.4.3, 10.4.5, 10.12.5).
 */

#include "expect.h"

/* Neither memory nor a device is there. */
#define ELSEWHERE 0xfed80000u
#define NOBODY 0xffffffffu

static void write_base(struct cpu *me, uint64_t value)
{
	if (wrmsr_faults(MSR_APIC_BASE, value))
		fail("cpu %u: WRMSR of %lx to IA32_APIC_BASE raises #GP",
		     me->id, value);
}

static void write_base_faults(struct cpu *me, uint64_t value)
{
	if (!wrmsr_faults(MSR_APIC_BASE, value))
		fail("cpu %u: WRMSR of %lx to IA32_APIC_BASE is done, "
		     "expected #GP",
		     me->id, value);
}

/* All flags, but not the address. */
static uint64_t base_flags(void)
{
	return rdmsr(MSR_APIC_BASE) & 0xfff;
}

static void expect_nobody(struct cpu *me, uint32_t address, const char *when)
{
	expect_reg(me, "a load from the APIC page", *page_at(address, APIC_SVR),
		   NOBODY, when);
}

/* CPUID.1:EDX[9] follows IA32_APIC_BASE.EN (SDM 10.4.3). */
static void expect_cpuid(struct cpu *me, uint32_t expected, const char *when)
{
	uint32_t regs[4];

	cpuid(1, regs);
	expect_reg(me, "CPUID.1:EDX[9]", regs[3] >> 9 & 1, expected, when);
}

static void base_move(struct cpu *me, void *arg)
{
	uint64_t flags = base_flags();

	(void)arg;
	cli();
	apic_write(APIC_TPR, 0x30);
	write_base(me, ELSEWHERE | flags);
	expect_reg(me, "SVR", *page_at(ELSEWHERE, APIC_SVR), SVR_NORMAL,
		   "in the page that moved");
	expect_reg(me, "TPR", *page_at(ELSEWHERE, APIC_TPR), 0x30,
		   "in the page that moved");
	expect_nobody(me, BASE_ADDRESS, "where the page was");
	*page_at(BASE_ADDRESS, APIC_TPR) = 0x50;
	*page_at(ELSEWHERE, APIC_ICR) = ICR_SELF | 0x61;
	expect_reg(me, "TPR", *page_at(ELSEWHERE, APIC_TPR), 0x30,
		   "after a store to where the page was");
	write_base(me, BASE_ADDRESS | flags);
	expect_nobody(me, ELSEWHERE, "after it moved back");
	apic_write(APIC_TPR, 0);
	sti();
	expect_count(me, 0x61, 1, "sent through the page that moved");
}

void check_base_move(void)
{
	run_all(base_move, NULL);
}

/* SDM 10.4.7.1: as after power-up. */
static void expect_power_up(struct cpu *me)
{
	expect_reg(me, "SVR", apic_read(APIC_SVR), 0xff, "after a disable");
	expect_reg(me, "TPR", apic_read(APIC_TPR), 0, "after a disable");
	expect_reg(me, "LDR", apic_read(APIC_LDR), 0, "after a disable");
	expect_reg(me, "DFR", apic_read(APIC_DFR), 0xffffffff,
		   "after a disable");
	expect_reg(me, "the number of IRR bits", apic_bits(APIC_IRR), 0,
		   "after a disable");
	for (uint32_t i = APIC_LVT_TIMER; i <= APIC_LVT_ERROR; i += 0x10)
		expect_reg(me, "an LVT entry", apic_read(i), LVT_MASKED,
			   "after a disable");
	expect_reg(me, "the timer's ICR", apic_read(APIC_TIMER_ICR), 0,
		   "after a disable");
	expect_reg(me, "the timer's DCR", apic_read(APIC_TIMER_DCR), 0,
		   "after a disable");
}

static void fill(struct cpu *me)
{
	apic_write(APIC_TPR, 0x20);
	apic_write(APIC_LVT_TIMER, 0x62);
	apic_write(APIC_TIMER_DCR, DCR_1);
	apic_write(APIC_TIMER_ICR, 0xffffffff);
	apic_send_self(0x61);
	expect_reg(me, "IRR bit 61", apic_bit(APIC_IRR, 0x61), 1,
		   "with interrupts off");
}

/* What the modes xAPIC and x2APIC have in common. */
static void disabled(struct cpu *me, uint64_t enabled)
{
	uint64_t off = BASE_ADDRESS | (enabled & BASE_BSP), value;

	write_base(me, off);
	expect_cpuid(me, 0, "while disabled");
	expect_nobody(me, BASE_ADDRESS, "while disabled");
	if (!rdmsr_faults(0x802, &value))
		fail("cpu %u: RDMSR 802 is done while disabled, expected #GP",
		     me->id);
	write_base_faults(me, off | BASE_EXTD);
	write_base_faults(me, off | BASE_EXTD | BASE_EN);
	write_base(me, off | BASE_EN);
	me->x2apic = 0;
	expect_cpuid(me, 1, "once enabled again");
	if (apic_id() != me->id)
		fail("cpu %u: the ID register says %u after a disable", me->id,
		     apic_id());
	expect_power_up(me);
}

static void disable_enable(struct cpu *me, void *arg)
{
	(void)arg;
	cli();
	fill(me);
	disabled(me, rdmsr(MSR_APIC_BASE));
	apic_write(APIC_TIMER_ICR, 0);
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	cpu_setup(me);
	sti();
	quiet();
	expect_count(me, 0x61, 0, "that was pending before a disable");
	apic_send_self(0x63);
	expect_count(me, 0x63, 1, "sent after a disable");
}

void check_disable_enable(void)
{
	run_all(disable_enable, NULL);
}

static void x2apic_disable(struct cpu *me, void *arg)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	(void)arg;
	cli();
	fill(me);
	disabled(me, base);
	apic_write(APIC_TIMER_ICR, 0);
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	write_base(me, base);
	cpu_setup(me);
	expect_reg(me, "ID", apic_read(APIC_ID), me->id, "in x2APIC mode");
	expect_reg(me, "LDR", apic_read(APIC_LDR), cluster_address(me->id),
		   "in x2APIC mode");
	sti();
	quiet();
	expect_count(me, 0x61, 0, "that was pending before a disable");
	apic_send_self(0x63);
	expect_count(me, 0x63, 1, "sent after a disable");
}

void check_x2apic_disable(void)
{
	run_all(x2apic_disable, NULL);
}

static void hides_page(struct cpu *me, void *arg)
{
	(void)arg;
	expect_nobody(me, BASE_ADDRESS, "in x2APIC mode");
	*page_at(BASE_ADDRESS, APIC_TPR) = 0x50;
	expect_reg(me, "TPR", apic_read(APIC_TPR), 0,
		   "after a store to the page in x2APIC mode");
}

void check_x2apic_hides_page(void)
{
	run_all(hides_page, NULL);
}
