/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What TPR and CR8 hold back, and PPR at rest. */

#include "expect.h"

typedef void (*set_tpr_fn)(uint32_t tpr);

static void set_tpr_register(uint32_t tpr)
{
	apic_write(APIC_TPR, tpr);
}

static void set_tpr_cr8(uint32_t tpr)
{
	write_cr8(tpr >> 4);
}

/* SDM 10.8.3.1: only a class above TPR[7:4] is delivered. */
static void tpr_masks(struct cpu *me, void *arg)
{
	set_tpr_fn set_tpr = *(set_tpr_fn *)arg;
	static const uint32_t order[] = {0x61, 0x5f, 0x50, 0x41};

	set_tpr(0x50);
	apic_send_self(0x41);
	apic_send_self(0x50);
	apic_send_self(0x5f);
	apic_send_self(0x61);
	expect_count(me, 0x61, 1, "with TPR 50");
	quiet();
	expect_count(me, 0x5f, 0, "with TPR 50");
	expect_count(me, 0x50, 0, "with TPR 50");
	expect_count(me, 0x41, 0, "with TPR 50");
	expect_reg(me, "the number of IRR bits", apic_bits(APIC_IRR), 3,
		   "with three vectors held back");
	set_tpr(0x40);
	expect_count(me, 0x50, 1, "with TPR 40");
	expect_count(me, 0x5f, 1, "with TPR 40");
	quiet();
	expect_count(me, 0x41, 0, "with TPR 40");
	set_tpr(0);
	expect_count(me, 0x41, 1, "with TPR 0");
	expect_log(me, order, 4);
	apic_write(APIC_TPR, 0);
}

void check_tpr_register(void)
{
	set_tpr_fn set_tpr = set_tpr_register;

	run_all(tpr_masks, &set_tpr);
}

void check_tpr_cr8(void)
{
	set_tpr_fn set_tpr = set_tpr_cr8;

	run_all(tpr_masks, &set_tpr);
}

static void tpr_remote(struct cpu *me, void *arg)
{
	(void)arg;
	apic_write(APIC_TPR, 0x5f);
	STORE(me->step, 1);
	expect_count(me, 0x61, 1, "with TPR 5f");
	quiet();
	expect_count(me, 0x51, 0, "with TPR 5f");
	expect_reg(me, "IRR bit 51", apic_bit(APIC_IRR, 0x51), 1,
		   "with TPR 5f");
	apic_write(APIC_TPR, 0);
	expect_count(me, 0x51, 1, "with TPR 0");
}

/* The sender is another CPU. */
void check_tpr_remote(void)
{
	for (uint32_t i = 1; i < nr_cpus; i++) {
		run_begin(&cpus[i], tpr_remote, NULL);
		if (!reached(&cpus[i].step, 1))
			fail("cpu %u does not set its TPR", i);
		apic_send(ICR_FIXED | 0x51, i);
		apic_send(ICR_FIXED | 0x61, i);
		run_end(&cpus[i]);
	}
}

static void cr8_is_tpr(struct cpu *me, void *arg)
{
	(void)arg;
	write_cr8(5);
	expect_reg(me, "TPR", apic_read(APIC_TPR), 0x50, "after CR8 = 5");
	apic_write(APIC_TPR, 0x37);
	expect_reg(me, "CR8", (uint32_t)read_cr8(), 3, "after TPR = 37");
	write_cr8(0);
	expect_reg(me, "TPR", apic_read(APIC_TPR), 0, "after CR8 = 0");
	apic_write(APIC_TPR, 0);
}

void check_cr8_is_tpr(void)
{
	run_all(cr8_is_tpr, NULL);
}

static void ppr_idle(struct cpu *me, void *arg)
{
	(void)arg;
	expect_reg(me, "PPR", apic_read(APIC_PPR), 0, "with TPR 0");
	apic_write(APIC_TPR, 0x3f);
	expect_reg(me, "PPR", apic_read(APIC_PPR), 0x3f, "with TPR 3f");
	apic_write(APIC_TPR, 0xf0);
	expect_reg(me, "PPR", apic_read(APIC_PPR), 0xf0, "with TPR f0");
	apic_write(APIC_TPR, 0);
	expect_reg(me, "PPR", apic_read(APIC_PPR), 0, "with TPR 0 again");
}

void check_ppr_idle(void)
{
	run_all(ppr_idle, NULL);
}
