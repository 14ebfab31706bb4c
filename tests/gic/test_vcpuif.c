/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The simulated hardware that other suites rest on, by itself: IHI 0069,
 * 4.8 (priorities), 6 (list registers), 12.2 and 12.4 (ICV_* and ICH_*).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <vic/spec/gicv3.h>

#include "model/vcpuif.h"

#define NONE VIC_INTID_NONE

static uint64_t lr(uint32_t intid, uint32_t priority, uint64_t flags)
{
	return intid | (uint64_t)priority << VIC_LR_PRIORITY_SHIFT | flags;
}

#define PENDING(intid, priority) \
	lr(intid, priority, VIC_LR_PENDING | VIC_LR_GROUP)
#define PENDING0(intid, priority) lr(intid, priority, VIC_LR_PENDING)
#define ACTIVE(intid, priority) \
	lr(intid, priority, VIC_LR_ACTIVE | VIC_LR_GROUP)

/* Four list registers, all open. */
static void make(struct vcpuif *cpu, uint32_t prebits)
{
	vcpuif_init(cpu, 4, prebits);
	cpu->regs.hcr = VIC_HCR_EN;
	vcpuif_set_pmr(cpu, 0xff);
	vcpuif_set_igrpen(cpu, 0, true);
	vcpuif_set_igrpen(cpu, 1, true);
}

static uint32_t count(const struct vcpuif *cpu)
{
	return cpu->regs.hcr >> VIC_HCR_EOICOUNT_SHIFT;
}

static void the_best_pending_one_is_taken(void **state)
{
	struct vcpuif cpu;

	(void)state;
	make(&cpu, 5);
	cpu.regs.lr[0] = PENDING(40, 0x80);
	cpu.regs.lr[1] = PENDING(50, 0x40);
	cpu.regs.lr[2] = PENDING0(60, 0x40);
	cpu.regs.lr[3] = lr(30, 0x20, VIC_LR_STATE | VIC_LR_GROUP);
	assert_true(vcpuif_signal(&cpu, 1));
	assert_false(vcpuif_signal(&cpu, 0));
	assert_int_equal(vcpuif_hppir(&cpu, 1), 50);
	assert_int_equal(vcpuif_hppir(&cpu, 0), NONE);
	cpu.ties_high = true;
	assert_int_equal(vcpuif_hppir(&cpu, 0), 60);
	assert_int_equal(vcpuif_iar(&cpu, 1), NONE);
	assert_int_equal(vcpuif_iar(&cpu, 0), 60);
	assert_int_equal(cpu.regs.lr[2], lr(60, 0x40, VIC_LR_ACTIVE));
	assert_int_equal(cpu.regs.ap0r[0], 1u << 8);
	assert_int_equal(vcpuif_rpr(&cpu), 0x40);
}

static void a_disabled_group_or_interface_shows_nothing(void **state)
{
	struct vcpuif cpu;

	(void)state;
	make(&cpu, 5);
	cpu.regs.lr[0] = PENDING0(40, 0x40);
	cpu.regs.lr[1] = PENDING(50, 0x80);
	vcpuif_set_igrpen(&cpu, 0, false);
	assert_int_equal(vcpuif_hppir(&cpu, 0), NONE);
	assert_int_equal(vcpuif_iar(&cpu, 0), NONE);
	cpu.regs.hcr = 0;
	assert_int_equal(vcpuif_iar(&cpu, 1), NONE);
	cpu.regs.hcr = VIC_HCR_EN;
	assert_int_equal(vcpuif_iar(&cpu, 1), 50);
}

static void mask_and_running_priority_are_strict(void **state)
{
	struct vcpuif cpu;

	(void)state;
	make(&cpu, 5);
	cpu.regs.lr[0] = PENDING(40, 0x40);
	vcpuif_set_pmr(&cpu, 0x47);
	assert_int_equal(vcpuif_iar(&cpu, 1), NONE);
	assert_int_equal(vcpuif_hppir(&cpu, 1), 40);
	vcpuif_set_pmr(&cpu, 0x48);
	assert_int_equal(vcpuif_iar(&cpu, 1), 40);
	cpu.regs.lr[1] = PENDING(50, 0x40);
	assert_int_equal(vcpuif_iar(&cpu, 1), NONE);
	cpu.regs.lr[2] = PENDING(60, 0x38);
	assert_int_equal(vcpuif_iar(&cpu, 1), 60);
	assert_int_equal(vcpuif_rpr(&cpu), 0x38);
	vcpuif_eoir(&cpu, 1, 60);
	assert_int_equal(vcpuif_rpr(&cpu), 0x40);
	vcpuif_eoir(&cpu, 1, 40);
	assert_int_equal(vcpuif_rpr(&cpu), 0xff);
	assert_int_equal(count(&cpu), 0);
}

static void binary_points_split_priorities(void **state)
{
	struct vcpuif cpu;

	(void)state;
	/* The least is 7 - PREbits, for Group 1 one more; three bits. */
	make(&cpu, 5);
	assert_int_equal(cpu.regs.vmcr >> VIC_VMCR_VBPR0_SHIFT & 7, 2);
	assert_int_equal(cpu.regs.vmcr >> VIC_VMCR_VBPR1_SHIFT & 7, 3);
	vcpuif_set_bpr(&cpu, 1, 8);
	assert_int_equal(cpu.regs.vmcr >> VIC_VMCR_VBPR1_SHIFT & 7, 3);
	/* Group 1: bits 7 to BPR. Group 0: bits 7 to BPR + 1. */
	vcpuif_set_bpr(&cpu, 1, 5);
	vcpuif_set_bpr(&cpu, 0, 5);
	cpu.regs.lr[0] = PENDING(40, 0x78);
	assert_int_equal(vcpuif_iar(&cpu, 1), 40);
	assert_int_equal(vcpuif_rpr(&cpu), 0x60);
	cpu.regs.lr[1] = PENDING0(50, 0x58);
	assert_int_equal(vcpuif_iar(&cpu, 0), 50);
	assert_int_equal(vcpuif_rpr(&cpu), 0x40);
	cpu.regs.lr[2] = PENDING(60, 0x40);
	assert_int_equal(vcpuif_iar(&cpu, 1), NONE);
	/* CBPR: Group 0's for both. */
	vcpuif_eoir(&cpu, 0, 50);
	vcpuif_set_ctlr(&cpu, true, false);
	vcpuif_set_bpr(&cpu, 0, 7);
	assert_int_equal(vcpuif_iar(&cpu, 1), 60);
	assert_int_equal(vcpuif_rpr(&cpu), 0);
}

static void active_priorities_follow_prebits(void **state)
{
	struct vcpuif cpu;

	(void)state;
	make(&cpu, 6);
	cpu.regs.lr[0] = PENDING(40, 0xf8);
	assert_int_equal(vcpuif_iar(&cpu, 1), 40);
	assert_int_equal(cpu.regs.ap1r[1], 1u << 30);
	make(&cpu, 7);
	cpu.regs.lr[0] = PENDING0(40, 0xf8);
	assert_int_equal(vcpuif_iar(&cpu, 0), 40);
	assert_int_equal(cpu.regs.ap0r[3], 1u << 28);
	assert_int_equal(vcpuif_rpr(&cpu), 0xf8);
}

static void eoi_drops_and_deactivates(void **state)
{
	struct vcpuif cpu;

	(void)state;
	make(&cpu, 5);
	cpu.regs.lr[0] = PENDING(40, 0x40);
	assert_int_equal(vcpuif_iar(&cpu, 1), 40);
	/* Special INTIDs do nothing. */
	vcpuif_eoir(&cpu, 1, 1020);
	vcpuif_eoir(&cpu, 1, 1023);
	assert_int_equal(vcpuif_rpr(&cpu), 0x40);
	/* Pending again, it stays pending. */
	cpu.regs.lr[0] |= VIC_LR_PENDING;
	vcpuif_eoir(&cpu, 1, 40);
	assert_int_equal(cpu.regs.lr[0], PENDING(40, 0x40));
	/* EOImode = 1: the drop alone, then DIR, which was ignored before. */
	assert_true(vcpuif_dir(&cpu, 40));
	assert_int_equal(count(&cpu), 0);
	vcpuif_set_ctlr(&cpu, false, true);
	assert_int_equal(vcpuif_iar(&cpu, 1), 40);
	vcpuif_eoir(&cpu, 1, 40);
	assert_int_equal(vcpuif_rpr(&cpu), 0xff);
	assert_int_equal(cpu.regs.lr[0], ACTIVE(40, 0x40));
	cpu.regs.hcr |= VIC_HCR_TDIR;
	assert_false(vcpuif_dir(&cpu, 40));
	assert_int_equal(cpu.regs.lr[0], ACTIVE(40, 0x40));
	cpu.regs.hcr &= ~VIC_HCR_TDIR;
	assert_true(vcpuif_dir(&cpu, 40));
	assert_int_equal(cpu.regs.lr[0] & VIC_LR_STATE, 0);
}

static void what_is_in_no_list_register_is_counted(void **state)
{
	struct vcpuif cpu;

	(void)state;
	make(&cpu, 5);
	vcpuif_eoir(&cpu, 1, 40);
	assert_int_equal(count(&cpu), 1);
	/* Pending alone is not what is deactivated. */
	cpu.regs.lr[0] = PENDING(40, 0x40);
	vcpuif_eoir(&cpu, 1, 40);
	assert_int_equal(count(&cpu), 2);
	/* Not LPIs, not special ones; with EOImode = 1 by DIR only. */
	vcpuif_eoir(&cpu, 1, 8192);
	vcpuif_set_ctlr(&cpu, false, true);
	vcpuif_eoir(&cpu, 1, 41);
	assert_true(vcpuif_dir(&cpu, 1023));
	assert_int_equal(count(&cpu), 2);
	assert_true(vcpuif_dir(&cpu, 41));
	assert_int_equal(count(&cpu), 3);
	assert_int_equal(cpu.regs.hcr & 0x07ffffff, VIC_HCR_EN);
}

static void note(void *opaque, uint32_t pintid)
{
	*(uint32_t *)opaque = pintid;
}

static void hardware_and_lpis(void **state)
{
	uint32_t seen = 0;
	struct vcpuif cpu;

	(void)state;
	make(&cpu, 5);
	cpu.deactivated = note;
	cpu.opaque = &seen;
	cpu.regs.lr[0] =
		PENDING(40, 0x40) | VIC_LR_HW | 77ull << VIC_LR_PINTID_SHIFT;
	assert_int_equal(vcpuif_iar(&cpu, 1), 40);
	assert_int_equal(seen, 0);
	vcpuif_eoir(&cpu, 1, 40);
	assert_int_equal(seen, 77);
	/* An LPI has no active state, but a priority. */
	cpu.regs.lr[1] = PENDING(8192, 0x40);
	assert_int_equal(vcpuif_iar(&cpu, 1), 8192);
	assert_int_equal(cpu.regs.lr[1] & VIC_LR_STATE, 0);
	assert_int_equal(vcpuif_rpr(&cpu), 0x40);
}

static void maintenance_has_its_causes(void **state)
{
	struct vcpuif cpu;

	(void)state;
	make(&cpu, 5);
	assert_int_equal(vcpuif_misr(&cpu), 0);
	cpu.regs.hcr |= VIC_HCR_UIE | VIC_HCR_NPIE | VIC_HCR_LRENPIE;
	assert_int_equal(vcpuif_misr(&cpu), VIC_MISR_U | VIC_MISR_NP);
	cpu.regs.lr[0] = PENDING(40, 0x40);
	assert_int_equal(vcpuif_misr(&cpu), VIC_MISR_U);
	cpu.regs.lr[1] = ACTIVE(50, 0x40);
	assert_int_equal(vcpuif_misr(&cpu), 0);
	/* Active and pending is not pending. */
	cpu.regs.lr[0] |= VIC_LR_ACTIVE;
	assert_int_equal(vcpuif_misr(&cpu), VIC_MISR_NP);
	cpu.regs.hcr |= 1u << VIC_HCR_EOICOUNT_SHIFT;
	assert_int_equal(vcpuif_misr(&cpu), VIC_MISR_NP | VIC_MISR_LRENP);
	cpu.regs.hcr = 0;
	assert_int_equal(vcpuif_misr(&cpu), 0);
	cpu.regs.hcr = VIC_HCR_EN | VIC_HCR_VGRP0EIE | VIC_HCR_VGRP1DIE;
	assert_int_equal(vcpuif_misr(&cpu), VIC_HCR_VGRP0EIE);
	vcpuif_set_igrpen(&cpu, 0, false);
	assert_int_equal(vcpuif_misr(&cpu), 0);
	vcpuif_set_igrpen(&cpu, 1, false);
	assert_int_equal(vcpuif_misr(&cpu), VIC_HCR_VGRP1DIE);
}

static void an_eoi_that_is_asked_for_is_kept(void **state)
{
	struct vcpuif cpu;

	(void)state;
	make(&cpu, 5);
	cpu.regs.lr[0] = PENDING(40, 0x40) | VIC_LR_EOI;
	cpu.regs.lr[1] = VIC_LR_HW | VIC_LR_EOI;
	assert_int_equal(vcpuif_elrsr(&cpu), 0xe);
	assert_int_equal(vcpuif_eisr(&cpu), 0);
	assert_int_equal(vcpuif_iar(&cpu, 1), 40);
	assert_int_equal(vcpuif_misr(&cpu), 0);
	vcpuif_eoir(&cpu, 1, 40);
	/* Not free until it was seen. */
	assert_int_equal(vcpuif_elrsr(&cpu), 0xe);
	assert_int_equal(vcpuif_eisr(&cpu), 1);
	assert_int_equal(vcpuif_misr(&cpu), VIC_MISR_EOI);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_pending_one_is_taken),
		cmocka_unit_test(a_disabled_group_or_interface_shows_nothing),
		cmocka_unit_test(mask_and_running_priority_are_strict),
		cmocka_unit_test(binary_points_split_priorities),
		cmocka_unit_test(active_priorities_follow_prebits),
		cmocka_unit_test(eoi_drops_and_deactivates),
		cmocka_unit_test(what_is_in_no_list_register_is_counted),
		cmocka_unit_test(hardware_and_lpis),
		cmocka_unit_test(maintenance_has_its_causes),
		cmocka_unit_test(an_eoi_that_is_asked_for_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
