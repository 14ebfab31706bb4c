/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Interrupts that are linked to a physical one: IHI 0069, 4.8 and
 * ICH_LR<n>_EL2.HW, and the contract of vic_gic_link().
 */

#include "fake_gic.h"

#define PINTID 77u

static void make(struct fake_gic *vm, uint32_t nr_lrs, uint32_t intid)
{
	struct fake_gic_spec spec = {.vcpus = 2, .nr_lrs = nr_lrs};

	fake_gic_make(vm, &spec);
	assert_int_equal(vic_gic_link(vm->gic, vm->cpu[0].gicr, intid, PINTID),
			 VIC_OK);
	fake_gic_ready_level(&vm->cpu[0], intid, 0x80);
}

/* The physical interrupt was acknowledged and left active. */
static void fire(struct fake_gic_cpu *cpu, uint32_t intid)
{
	cpu->hw_active[PINTID] = true;
	fake_gic_line(cpu, intid, true);
}

static bool hw(const struct fake_gic_cpu *cpu, uint32_t intid)
{
	int n = fake_gic_lr(cpu, intid);

	assert_true(n >= 0);
	return (cpu->lrs.lr[n] & VIC_LR_HW) != 0;
}

/* GIC-47 */
static void gic_47_the_guest_deactivates_the_physical_one(void **state)
{
	static const uint32_t intids[] = {27, 40};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(intids); i++) {
		make(&vm, 4, intids[i]);
		cpu = &vm.cpu[0];
		fire(cpu, intids[i]);
		fake_gic_enter(cpu);
		assert_true(hw(cpu, intids[i]));
		assert_int_equal((cpu->lrs.lr[fake_gic_lr(cpu, intids[i])] &
				  VIC_LR_PINTID) >>
					 VIC_LR_PINTID_SHIFT,
				 PINTID);
		assert_int_equal(fake_gic_take(cpu), intids[i]);
		fake_gic_turn(cpu);
		assert_true(hw(cpu, intids[i]));
		assert_int_equal(fake_gic_lr_state(cpu, intids[i]), 2);
		fake_gic_eoi(cpu, intids[i]);
		assert_int_equal(cpu->hw_deactivations, 1);
		assert_int_equal(cpu->hw_deactivated, PINTID);
		fake_gic_leave(cpu);
		/* libvic lowers source 0. */
		assert_false(fake_gic_peek(cpu, intids[i]).level);
		fake_gic_runs_none(cpu);
		fire(cpu, intids[i]);
		fake_gic_runs_one(cpu, intids[i]);
	}
}

static void gic_47_physical_intids_that_may_not_be_linked(void **state)
{
	static const uint32_t none[] = {0,    15,   1020,      1023,
					1056, 8192, UINT32_MAX};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	fake_gic_plain(&vm, 1);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(none); i++)
		assert_int_equal(vic_gic_link(vm.gic, cpu->gicr, 40, none[i]),
				 VIC_ERR_INVAL);
	/* Nor INTIDs without a line. */
	assert_int_equal(vic_gic_link(vm.gic, cpu->gicr, 0, PINTID),
			 VIC_ERR_INVAL);
	assert_int_equal(vic_gic_link(vm.gic, cpu->gicr, 96, PINTID),
			 VIC_ERR_INVAL);
	assert_int_equal(vic_gic_link(vm.gic, cpu->gicr, 1020, PINTID),
			 VIC_ERR_INVAL);
	assert_int_equal(vic_gic_link(vm.gic, NULL, 27, PINTID), VIC_ERR_INVAL);
	assert_int_equal(vic_gic_link(vm.gic, cpu->gicr, 40, 16), VIC_OK);
	assert_int_equal(vic_gic_link(vm.gic, NULL, 41, 1019), VIC_OK);
	fake_gic_set(cpu, FAKE_SET_PENDING, 42);
	assert_int_equal(vic_gic_link(vm.gic, cpu->gicr, 42, PINTID),
			 VIC_ERR_STATE);
	fake_gic_set(cpu, FAKE_SET_ACTIVE, 43);
	assert_int_equal(vic_gic_link(vm.gic, cpu->gicr, 43, PINTID),
			 VIC_ERR_STATE);
}

/* The virtual INTID may be an extended one. */
static void extended_interrupts_may_be_linked(void **state)
{
	static const uint32_t intids[] = {1060, 4100};
	struct fake_gic_spec spec = {.vcpus = 1, .espis = 32, .eppis = 32};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(intids); i++) {
		fake_gic_make(&vm, &spec);
		cpu = &vm.cpu[0];
		assert_int_equal(
			vic_gic_link(vm.gic, cpu->gicr, intids[i], PINTID),
			VIC_OK);
		fake_gic_ready_level(cpu, intids[i], 0x80);
		fire(cpu, intids[i]);
		fake_gic_enter(cpu);
		assert_true(hw(cpu, intids[i]));
		fake_gic_leave(cpu);
		fake_gic_runs_one(cpu, intids[i]);
		assert_false(cpu->hw_active[PINTID]);
	}
}

static void a_link_needs_the_callback(void **state)
{
	static struct vic_vcpu_ops ops;
	struct fake_gic_spec spec = {.vcpus = 1, .ops = &ops};
	struct fake_gic vm;

	(void)state;
	ops = fake_gic_ops;
	ops.hw_set_active = NULL;
	fake_gic_make(&vm, &spec);
	assert_int_equal(vic_gic_link(vm.gic, vm.cpu[0].gicr, 40, PINTID),
			 VIC_ERR_INVAL);
}

/* GIC-13 */
static void gic_13_hw_is_never_active_and_pending(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4, 40);
	cpu = &vm.cpu[0];
	fire(cpu, 40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_leave(cpu);
	/* fake_gic_flush() looks for it. */
	fake_gic_set(cpu, FAKE_SET_PENDING, 40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), VIC_INTID_NONE);
	fake_gic_eoi(cpu, 40);
	fake_gic_leave(cpu);
	/* The end of the first one was the physical one's. */
	assert_false(cpu->hw_active[PINTID]);
	fake_gic_runs_one(cpu, 40);
	fake_gic_runs_none(cpu);
	assert_false(cpu->hw_active[PINTID]);
}

/* Disabled while active: it stays active, and ends as it should. */
static void gic_47_disabling_does_not_orphan_it(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4, 40);
	cpu = &vm.cpu[0];
	fire(cpu, 40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_leave(cpu);
	fake_gic_set(cpu, FAKE_DISABLE, 40);
	fake_gic_enter(cpu);
	fake_gic_eoi(cpu, 40);
	fake_gic_leave(cpu);
	assert_false(cpu->hw_active[PINTID]);
	assert_false(fake_gic_peek(cpu, 40).active);
	/* Disabled while pending: it waits. */
	fire(cpu, 40);
	fake_gic_runs_none(cpu);
	assert_true(cpu->hw_active[PINTID]);
	fake_gic_set(cpu, FAKE_ENABLE, 40);
	fake_gic_runs_one(cpu, 40);
	assert_false(cpu->hw_active[PINTID]);
}

/* Ended outside the list registers: libvic deactivates it. */
static void gic_47_an_end_outside_the_list_registers(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 1, 40);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 41, 0x40);
	fire(cpu, 40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_pulse(cpu, 41);
	fake_gic_turn(cpu);
	assert_int_equal(fake_gic_take(cpu), 41);
	assert_int_equal(fake_gic_lr(cpu, 40), -1);
	fake_gic_eoi(cpu, 41);
	/* No exit between: EOIcount. */
	fake_gic_eoi(cpu, 40);
	assert_int_equal(cpu->hw_deactivations, 0);
	assert_true(cpu->hw_active[PINTID]);
	fake_gic_leave(cpu);
	assert_false(cpu->hw_active[PINTID]);
	assert_false(fake_gic_peek(cpu, 40).active);
	fake_gic_runs_none(cpu);
}

static void clearing_the_active_bit_deactivates(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4, 40);
	cpu = &vm.cpu[0];
	fire(cpu, 40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_leave(cpu);
	fake_gic_set(cpu, FAKE_CLEAR_ACTIVE, 40);
	assert_false(cpu->hw_active[PINTID]);
	fake_gic_enter(cpu);
	fake_gic_eoi(cpu, 40);
	fake_gic_leave(cpu);
	fake_gic_runs_none(cpu);
}

static void dir_deactivates(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4, 40);
	cpu = &vm.cpu[0];
	cpu->lrs.vmcr |= VIC_VMCR_VEOIM;
	fire(cpu, 40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_eoi(cpu, 40);
	fake_gic_leave(cpu);
	assert_true(cpu->hw_active[PINTID]);
	assert_int_equal(vic_gic_sysreg_write(cpu->gicr, VIC_ICC_DIR_EL1, 40),
			 VIC_ACCESS_DONE);
	assert_false(cpu->hw_active[PINTID]);
	assert_false(fake_gic_peek(cpu, 40).active);
	fake_gic_runs_none(cpu);
}

/* The banked physical PPI is another one on each physical CPU. */
static void put_and_load_hand_over_ppis(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	int taken;

	(void)state;
	for (taken = 0; taken < 2; taken++) {
		make(&vm, 4, 27);
		cpu = &vm.cpu[0];
		vic_gic_load(cpu->gicr);
		assert_false(cpu->hw_active[PINTID]);
		fire(cpu, 27);
		fake_gic_enter(cpu);
		if (taken)
			assert_int_equal(fake_gic_take(cpu), 27);
		fake_gic_leave(cpu);
		assert_true(cpu->hw_active[PINTID]);
		vic_gic_put(cpu->gicr);
		assert_false(cpu->hw_active[PINTID]);
		vic_gic_load(cpu->gicr);
		assert_true(cpu->hw_active[PINTID]);
		fake_gic_enter(cpu);
		if (!taken)
			assert_int_equal(fake_gic_take(cpu), 27);
		fake_gic_eoi(cpu, 27);
		fake_gic_leave(cpu);
		assert_false(cpu->hw_active[PINTID]);
		vic_gic_put(cpu->gicr);
		vic_gic_load(cpu->gicr);
		assert_false(cpu->hw_active[PINTID]);
	}
}

/* The device took its request back before the guest looked. */
static void a_physical_line_that_fell(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4, 27);
	cpu = &vm.cpu[0];
	fire(cpu, 27);
	fake_gic_enter(cpu);
	cpu->hw_line = false;
	fake_gic_leave(cpu);
	fake_gic_runs_none(cpu);
	assert_false(cpu->hw_active[PINTID]);
	cpu->hw_line = true;
	fire(cpu, 27);
	fake_gic_runs_one(cpu, 27);
}

/*
 * Ended, and the physical one came again, before libvic saw any of it: the
 * second one is another interrupt, and ends by itself.
 */
static void gic_47_again_before_the_exit(void **state)
{
	static const uint32_t intids[] = {27, 40};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t intid, n, i;

	(void)state;
	/* Of a register given as pending, or as active. */
	for (n = 0; n < 4; n++) {
		intid = intids[n % 2];
		fake_gic_reset(NULL);
		make(&vm, 4, intid);
		cpu = &vm.cpu[0];
		fire(cpu, intid);
		fake_gic_enter(cpu);
		for (i = 1; i <= 3; i++) {
			assert_int_equal(fake_gic_take(cpu), intid);
			if (n > 1)
				fake_gic_turn(cpu);
			fake_gic_eoi(cpu, intid);
			assert_int_equal(cpu->hw_deactivations, i);
			assert_false(cpu->hw_active[PINTID]);
			/* Again: another physical CPU may take it. */
			fire(cpu, intid);
			assert_int_equal(cpu->kicks, i);
			fake_gic_turn(cpu);
			/* It is not ended with the first one. */
			assert_true(cpu->hw_active[PINTID]);
			assert_int_equal(fake_gic_lr_state(cpu, intid), 1);
			assert_true(hw(cpu, intid));
			assert_int_equal(cpu->eois, i);
		}
		assert_int_equal(fake_gic_take(cpu), intid);
		fake_gic_eoi(cpu, intid);
		fake_gic_leave(cpu);
		assert_false(cpu->hw_active[PINTID]);
		assert_int_equal(cpu->eois, 4);
		assert_false(fake_gic_peek(cpu, intid).level);
		fake_gic_runs_none(cpu);
	}
}

/* The same, but the device took the second request back. */
static void gic_47_again_before_the_exit_and_gone(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4, 27);
	cpu = &vm.cpu[0];
	fire(cpu, 27);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 27);
	fake_gic_eoi(cpu, 27);
	fire(cpu, 27);
	cpu->hw_line = false;
	fake_gic_turn(cpu);
	fake_gic_leave(cpu);
	fake_gic_runs_none(cpu);
	assert_false(cpu->hw_active[PINTID]);
	cpu->hw_line = true;
	fire(cpu, 27);
	fake_gic_runs_one(cpu, 27);
	assert_false(cpu->hw_active[PINTID]);
}

/* ICACTIVER by another vCPU, when the guest has ended it and it came again. */
static void gic_47_again_before_the_exit_and_cleared(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	int later;

	(void)state;
	for (later = 0; later < 2; later++) {
		make(&vm, 4, 40);
		cpu = &vm.cpu[0];
		fire(cpu, 40);
		fake_gic_enter(cpu);
		assert_int_equal(fake_gic_take(cpu), 40);
		fake_gic_turn(cpu);
		if (!later)
			fake_gic_set_by(&vm.cpu[1], cpu, FAKE_CLEAR_ACTIVE, 40);
		fake_gic_eoi(cpu, 40);
		fire(cpu, 40);
		if (later)
			fake_gic_set_by(&vm.cpu[1], cpu, FAKE_CLEAR_ACTIVE, 40);
		fake_gic_leave(cpu);
		/* The new one is pending, and was never active. */
		assert_true(cpu->hw_active[PINTID]);
		assert_true(fake_gic_peek(cpu, 40).pending);
		fake_gic_runs_one(cpu, 40);
		assert_false(cpu->hw_active[PINTID]);
		fake_gic_runs_none(cpu);
	}
}

/* Pending by ISPENDR, taken and ended; the physical one comes after that. */
static void gic_47_after_an_end_that_was_not_its_own(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4, 40);
	cpu = &vm.cpu[0];
	fake_gic_set(cpu, FAKE_SET_PENDING, 40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_eoi(cpu, 40);
	fire(cpu, 40);
	fake_gic_leave(cpu);
	assert_true(cpu->hw_active[PINTID]);
	fake_gic_runs_one(cpu, 40);
	assert_false(cpu->hw_active[PINTID]);
	fake_gic_runs_none(cpu);
}

/* Another vCPU's thread cannot reach the physical PPI: that is left to it. */
static void gic_47_the_active_bit_of_anothers_ppi(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t taken[2];

	(void)state;
	make(&vm, 4, 27);
	cpu = &vm.cpu[0];
	fire(cpu, 27);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 27);
	fake_gic_leave(cpu);
	fake_gic_set_by(&vm.cpu[1], cpu, FAKE_CLEAR_ACTIVE, 27);
	assert_int_equal(cpu->hw_sets + vm.cpu[1].hw_sets, 0);
	assert_false(fake_gic_peek(cpu, 27).active);
	cpu->lrs.ap1r[0] = 0;
	/* It may come once more, as its line is high. */
	assert_in_range(fake_gic_run(cpu, taken, 2), 0, 1);
	assert_false(cpu->hw_active[PINTID]);
	fake_gic_runs_none(cpu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_GIC_TEST(gic_47_the_guest_deactivates_the_physical_one),
		FAKE_GIC_TEST(gic_47_physical_intids_that_may_not_be_linked),
		FAKE_GIC_TEST(extended_interrupts_may_be_linked),
		FAKE_GIC_TEST(a_link_needs_the_callback),
		FAKE_GIC_TEST(gic_13_hw_is_never_active_and_pending),
		FAKE_GIC_TEST(gic_47_disabling_does_not_orphan_it),
		FAKE_GIC_TEST(gic_47_an_end_outside_the_list_registers),
		FAKE_GIC_TEST(clearing_the_active_bit_deactivates),
		FAKE_GIC_TEST(dir_deactivates),
		FAKE_GIC_TEST(put_and_load_hand_over_ppis),
		FAKE_GIC_TEST(a_physical_line_that_fell),
		FAKE_GIC_TEST(gic_47_again_before_the_exit),
		FAKE_GIC_TEST(gic_47_again_before_the_exit_and_gone),
		FAKE_GIC_TEST(gic_47_again_before_the_exit_and_cleared),
		FAKE_GIC_TEST(gic_47_after_an_end_that_was_not_its_own),
		FAKE_GIC_TEST(gic_47_the_active_bit_of_anothers_ppi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
