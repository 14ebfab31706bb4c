/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the list registers hold after vic_gic_flush(): IHI 0069, 4.8 and
 * ICH_LR<n>_EL2, ICH_HCR_EL2, ICH_MISR_EL2. What comes back is in
 * test_sync.c. fake_gic_flush() checks the rules of all images.
 */

#include "fake_gic.h"

static void make(struct fake_gic *vm, uint32_t nr_lrs, uint32_t spis)
{
	struct fake_gic_spec spec = {
		.vcpus = 2, .nr_lrs = nr_lrs, .spis = spis, .espis = 32};

	fake_gic_make(vm, &spec);
}

static void an_empty_image(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4, 64);
	cpu = &vm.cpu[0];
	assert_int_equal(fake_gic_flush(cpu), 0);
	assert_int_equal(cpu->lrs.used, 0);
	assert_int_equal(cpu->lrs.hcr, VIC_HCR_EN | VIC_HCR_TDIR);
	vic_gic_sync(cpu->gicr, &cpu->lrs);
}

/* GIC-33 */
static void gic_33_ties_go_to_the_lowest_intid(void **state)
{
	static const uint32_t order[] = {3, 9, 21, 33, 40, 4099, 4100};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i, n;

	(void)state;
	/* One list register: libvic alone decides. */
	make(&vm, 1, 64);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(order); i++)
		fake_gic_ready(cpu, order[i], 0x80);
	for (n = 0; n < FAKE_COUNT(order); n++) {
		for (i = 0; i < FAKE_COUNT(order); i++)
			fake_gic_set(cpu, FAKE_SET_PENDING,
				     order[(i * 3 + n) % FAKE_COUNT(order)]);
		fake_gic_runs(cpu, order, FAKE_COUNT(order));
	}
}

static void priorities_decide(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t order[31];
	uint32_t i;

	(void)state;
	make(&vm, 1, 64);
	cpu = &vm.cpu[0];
	/* The highest INTID has the highest priority, 0. */
	for (i = 0; i < 31; i++) {
		order[i] = 70 - i;
		fake_gic_ready(cpu, 70 - i, (uint8_t)(i * 8));
	}
	for (i = 0; i < 31; i++)
		fake_gic_pulse(cpu, 40 + i * 7 % 31);
	fake_gic_runs(cpu, order, 31);
}

/* @count pending at once, with @nr_lrs list registers. */
static void all_come_in_order(uint32_t nr_lrs, uint32_t count, uint32_t seed)
{
	uint32_t taken[128];
	uint8_t priority[128];
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t i;

	make(&vm, nr_lrs, 128);
	cpu = &vm.cpu[0];
	for (i = 0; i < count; i++) {
		seed = seed * 1664525 + 1013904223;
		priority[i] = (uint8_t)((seed >> 24) % 31 * 8);
		fake_gic_ready(cpu, 32 + i, priority[i]);
		fake_gic_pulse(cpu, 32 + i);
	}
	fake_gic_enter(cpu);
	assert_int_equal((cpu->lrs.hcr & VIC_HCR_NPIE) != 0, count > nr_lrs);
	assert_int_equal(__builtin_popcount(cpu->lrs.used),
			 count < nr_lrs ? count : nr_lrs);
	fake_gic_leave(cpu);
	assert_int_equal(fake_gic_run(cpu, taken, 128), count);
	for (i = 1; i < count; i++) {
		uint8_t before = priority[taken[i - 1] - 32];
		uint8_t now = priority[taken[i] - 32];

		assert_true(before < now ||
			    (before == now && taken[i - 1] < taken[i]));
	}
	fake_gic_runs_none(cpu);
}

/* GIC-44 */
static void gic_44_more_pending_than_list_registers(void **state)
{
	uint32_t count;

	(void)state;
	for (count = 1; count <= 100; count++) {
		fake_gic_reset(NULL);
		all_come_in_order(4, count, count);
	}
	for (count = 1; count <= 16; count++) {
		fake_gic_reset(NULL);
		all_come_in_order(count, 40, count);
	}
}

/* What comes later and is better gets in although all are in use. */
static void a_better_one_takes_a_list_register(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t i;

	(void)state;
	make(&vm, 4, 64);
	cpu = &vm.cpu[0];
	for (i = 0; i < 6; i++) {
		fake_gic_ready(cpu, 40 + i, 0x80);
		fake_gic_pulse(cpu, 40 + i);
	}
	fake_gic_ready(cpu, 60, 0x40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_lr(cpu, 60), -1);
	fake_gic_pulse(cpu, 60);
	assert_int_equal(cpu->kicks, 1);
	fake_gic_turn(cpu);
	assert_int_equal(fake_gic_lr_state(cpu, 60), 1);
	fake_gic_leave(cpu);
	fake_gic_runs(cpu, (const uint32_t[]){60, 40, 41, 42, 43, 44, 45}, 7);
}

/* All in the list registers are active and something is pending. */
static void gic_44_active_ones_give_way_to_a_pending_one(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t i;

	(void)state;
	make(&vm, 4, 64);
	cpu = &vm.cpu[0];
	for (i = 0; i < 6; i++)
		fake_gic_ready(cpu, 40 + i, (uint8_t)(0xa0 - 0x10 * i));
	fake_gic_enter(cpu);
	for (i = 0; i < 6; i++) {
		/* Preempts what is active. */
		fake_gic_pulse(cpu, 40 + i);
		fake_gic_turn(cpu);
		assert_int_equal(fake_gic_take(cpu), 40 + i);
		/* LRENPIE only when one is outside. */
		fake_gic_turn(cpu);
		assert_int_equal((cpu->lrs.hcr & VIC_HCR_LRENPIE) != 0, i >= 4);
	}
	for (i = 6; i-- > 0;) {
		fake_gic_eoi(cpu, 40 + i);
		fake_gic_turn(cpu);
		assert_int_equal(fake_gic_take(cpu), VIC_INTID_NONE);
		assert_int_equal(fake_gic_running(cpu),
				 i ? 0xa0 - 0x10 * (i - 1) : FAKE_IDLE);
	}
	fake_gic_leave(cpu);
	for (i = 0; i < 6; i++)
		assert_false(fake_gic_peek(cpu, 40 + i).active);
}

/* A pending one that cannot preempt must not starve, nor storm. */
static void gic_44_a_lower_one_waits_for_the_active_ones(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 1, 64);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x40);
	fake_gic_ready(cpu, 41, 0x80);
	fake_gic_pulse(cpu, 40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_pulse(cpu, 41);
	fake_gic_turn(cpu);
	assert_int_equal(fake_gic_take(cpu), VIC_INTID_NONE);
	assert_int_equal(fake_gic_misr(cpu), 0);
	fake_gic_eoi(cpu, 40);
	if (fake_gic_misr(cpu) != 0)
		fake_gic_turn(cpu);
	assert_int_equal(fake_gic_take(cpu), 41);
	fake_gic_eoi(cpu, 41);
	fake_gic_leave(cpu);
	assert_false(fake_gic_peek(cpu, 40).active);
	assert_false(fake_gic_peek(cpu, 41).active);
	fake_gic_runs_none(cpu);
}

/* What a group that is off leaves room for makes room when it is on. */
static void gic_44_a_group_that_the_guest_turns_on(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t i, taken;

	(void)state;
	make(&vm, 4, 64);
	cpu = &vm.cpu[0];
	for (i = 0; i < 12; i++) {
		fake_gic_ready(cpu, 40 + i, i < 6 ? 0x80 : 0x40);
		fake_gic_group(cpu, 40 + i, i >= 6);
		fake_gic_pulse(cpu, 40 + i);
	}
	cpu->lrs.vmcr &= ~VIC_VMCR_VENG1;
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_eoi(cpu, 40);
	/* ICV_IGRPEN1_EL1 := 1, without an exit. */
	cpu->lrs.vmcr |= VIC_VMCR_VENG1;
	if (fake_gic_misr(cpu) != 0)
		fake_gic_turn(cpu);
	assert_int_equal(fake_gic_take(cpu), 46);
	fake_gic_eoi(cpu, 46);
	/* And off again: the others of Group 0. */
	cpu->lrs.vmcr &= ~VIC_VMCR_VENG1;
	for (i = 41; i < 46; i++) {
		if (fake_gic_misr(cpu) != 0)
			fake_gic_turn(cpu);
		taken = fake_gic_take(cpu);
		assert_int_equal(taken, i);
		fake_gic_eoi(cpu, taken);
	}
	cpu->lrs.vmcr |= VIC_VMCR_VENG1;
	fake_gic_leave(cpu);
	fake_gic_runs(cpu, (const uint32_t[]){47, 48, 49, 50, 51}, 5);
}

/* GIC-45 */
static void gic_45_eoi_for_levels_only(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4, 64);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 5, 0x80);
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_ready_level(cpu, 41, 0x80);
	fake_gic_set(cpu, FAKE_SET_PENDING, 5);
	fake_gic_pulse(cpu, 40);
	fake_gic_line(cpu, 41, true);
	fake_gic_enter(cpu);
	assert_true((cpu->lrs.lr[fake_gic_lr(cpu, 5)] & VIC_LR_EOI) == 0);
	assert_true((cpu->lrs.lr[fake_gic_lr(cpu, 40)] & VIC_LR_EOI) == 0);
	assert_true((cpu->lrs.lr[fake_gic_lr(cpu, 41)] & VIC_LR_EOI) != 0);
	/* It brings the vCPU back, and the line is looked at. */
	assert_int_equal(fake_gic_take(cpu), 5);
	fake_gic_eoi(cpu, 5);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_eoi(cpu, 40);
	assert_int_equal(fake_gic_take(cpu), 41);
	assert_int_equal(fake_gic_misr(cpu), 0);
	fake_gic_eoi(cpu, 41);
	assert_int_equal(fake_gic_misr(cpu), VIC_MISR_EOI);
	fake_gic_turn(cpu);
	assert_int_equal(cpu->eois, 1);
	assert_int_equal(fake_gic_lr_state(cpu, 41), 1);
	fake_gic_leave(cpu);
}

/* A level interrupt in the LR is never 0b11: it comes again by its line. */
static void a_level_that_is_active_is_only_active(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4, 64);
	cpu = &vm.cpu[0];
	fake_gic_ready_level(cpu, 41, 0x80);
	fake_gic_line(cpu, 41, true);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 41);
	fake_gic_line(cpu, 41, false);
	fake_gic_turn(cpu);
	assert_int_equal(fake_gic_lr_state(cpu, 41), 2);
	/* The line fell before the end: it does not come again. */
	fake_gic_eoi(cpu, 41);
	fake_gic_turn(cpu);
	assert_int_equal(fake_gic_take(cpu), VIC_INTID_NONE);
	fake_gic_leave(cpu);
}

/* The line falls while the interrupt is pending in a list register. */
static void a_level_that_falls_leaves_the_list_registers(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4, 64);
	cpu = &vm.cpu[0];
	fake_gic_ready_level(cpu, 41, 0x80);
	fake_gic_line(cpu, 41, true);
	fake_gic_enter(cpu);
	fake_gic_line(cpu, 41, false);
	fake_gic_turn(cpu);
	assert_int_equal(fake_gic_lr_state(cpu, 41), 0);
	assert_int_equal(fake_gic_take(cpu), VIC_INTID_NONE);
	fake_gic_leave(cpu);
	assert_int_equal(cpu->eois, 0);
}

/* GIC-46 */
static void gic_46_one_list_register_for_an_intid(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t n;

	(void)state;
	make(&vm, 4, 64);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_enter(cpu);
	for (n = 0; n < 4; n++) {
		/* fake_gic_flush() looks for a second one. */
		fake_gic_pulse(cpu, 40);
		fake_gic_turn(cpu);
		if (n == 1)
			assert_int_equal(fake_gic_take(cpu), 40);
	}
	assert_int_equal(__builtin_popcount(cpu->lrs.used), 1);
	fake_gic_eoi(cpu, 40);
	fake_gic_leave(cpu);
	fake_gic_runs_one(cpu, 40);
}

/* GIC-48 */
static void gic_48_vmcr_and_aprs_are_not_written(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t vmcr;

	(void)state;
	make(&vm, 1, 64);
	cpu = &vm.cpu[0];
	/* VFIQEn and VAckCtl stand for the bits that libvic has no use for. */
	vmcr = FAKE_VMCR | 1u << 3 | 1u << 2;
	cpu->lrs.vmcr = vmcr;
	cpu->lrs.ap0r[0] = 0x80000000;
	cpu->lrs.ap1r[0] = 0x40;
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_ready(cpu, 41, 0x40);
	vic_gic_load(cpu->gicr);
	fake_gic_pulse(cpu, 40);
	fake_gic_pulse(cpu, 41);
	fake_gic_flush(cpu);
	vic_gic_sync(cpu->gicr, &cpu->lrs);
	assert_false(vic_gic_deliverable(cpu->gicr, &cpu->lrs));
	fake_gic_set(cpu, FAKE_CLEAR_ACTIVE, 40);
	vic_gic_put(cpu->gicr);
	assert_int_equal(cpu->lrs.vmcr, vmcr);
	assert_int_equal(cpu->lrs.ap0r[0], 0x80000000);
	assert_int_equal(cpu->lrs.ap1r[0], 0x40);
}

/* A vCPU that moves to another physical CPU keeps what it holds. */
static void put_and_load_keep_all(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4, 64);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_ready(cpu, 41, 0xa0);
	fake_gic_pulse(cpu, 40);
	fake_gic_pulse(cpu, 41);
	vic_gic_load(cpu->gicr);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_leave(cpu);
	vic_gic_put(cpu->gicr);
	assert_true(fake_gic_get(cpu, FAKE_SET_ACTIVE, 40));
	assert_true(fake_gic_get(cpu, FAKE_SET_PENDING, 41));
	vic_gic_load(cpu->gicr);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_lr_state(cpu, 40), 2);
	fake_gic_eoi(cpu, 40);
	assert_int_equal(fake_gic_take(cpu), 41);
	fake_gic_eoi(cpu, 41);
	fake_gic_leave(cpu);
	assert_int_equal(cpu->hw_sets, 0);
}

static void resync_is_told_once(void **state)
{
	struct vic_counters counters = {0};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4, 64);
	cpu = &vm.cpu[0];
	fake_gic_enter(cpu);
	vic_vcpu_request(cpu->vcpu, &counters, VIC_REQUEST_RESYNC, 0);
	assert_int_equal(cpu->kicks, 1);
	fake_gic_leave(cpu);
	assert_int_equal(fake_gic_flush(cpu), VIC_GIC_WORK_RESYNC);
	assert_int_equal(fake_gic_flush(cpu), 0);
	vic_gic_sync(cpu->gicr, &cpu->lrs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_GIC_TEST(an_empty_image),
		FAKE_GIC_TEST(gic_33_ties_go_to_the_lowest_intid),
		FAKE_GIC_TEST(priorities_decide),
		FAKE_GIC_TEST(gic_44_more_pending_than_list_registers),
		FAKE_GIC_TEST(a_better_one_takes_a_list_register),
		FAKE_GIC_TEST(gic_44_active_ones_give_way_to_a_pending_one),
		FAKE_GIC_TEST(gic_44_a_lower_one_waits_for_the_active_ones),
		FAKE_GIC_TEST(gic_44_a_group_that_the_guest_turns_on),
		FAKE_GIC_TEST(gic_45_eoi_for_levels_only),
		FAKE_GIC_TEST(a_level_that_is_active_is_only_active),
		FAKE_GIC_TEST(a_level_that_falls_leaves_the_list_registers),
		FAKE_GIC_TEST(gic_46_one_list_register_for_an_intid),
		FAKE_GIC_TEST(gic_48_vmcr_and_aprs_are_not_written),
		FAKE_GIC_TEST(put_and_load_keep_all),
		FAKE_GIC_TEST(resync_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
