/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What vic_gic_sync() makes of the list registers and of EOIcount, and
 * ICC_DIR_EL1: IHI 0069, 4.8, ICH_LR<n>_EL2, ICH_HCR_EL2, ICV_DIR_EL1.
 * Hardware-linked interrupts are in test_hw.c.
 */

#include "fake_gic.h"

static void make(struct fake_gic *vm, uint32_t nr_lrs)
{
	struct fake_gic_spec spec = {.vcpus = 2, .nr_lrs = nr_lrs};

	fake_gic_make(vm, &spec);
}

static bool active(struct fake_gic_cpu *cpu, uint32_t intid)
{
	return fake_gic_peek(cpu, intid).active;
}

/* In GUEST: nest INTIDs 40 to 40 + @depth - 1, each above the last. */
static void nest(struct fake_gic_cpu *cpu, uint32_t depth)
{
	uint32_t i;

	for (i = 0; i < depth; i++) {
		fake_gic_ready(cpu, 40 + i, (uint8_t)(0xf0 - 8 * i));
		fake_gic_pulse(cpu, 40 + i);
		fake_gic_enter(cpu);
		assert_int_equal(fake_gic_take(cpu), 40 + i);
		fake_gic_leave(cpu);
	}
	for (i = 0; i < depth; i++)
		assert_true(active(cpu, 40 + i));
	fake_gic_enter(cpu);
}

/* Those of 40 to 39 + @depth that are active: the first @left. */
static void
check_active(struct fake_gic_cpu *cpu, uint32_t depth, uint32_t left)
{
	uint32_t i;

	for (i = 0; i < depth; i++)
		assert_int_equal(active(cpu, 40 + i), i < left);
}

/* GIC-42 */
static void gic_42_each_end_outside_counts(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t nr_lrs, depth, i;

	(void)state;
	for (nr_lrs = 1; nr_lrs <= 5; nr_lrs++)
		for (depth = 1; depth <= 30; depth += 3) {
			fake_gic_reset(NULL);
			make(&vm, nr_lrs);
			cpu = &vm.cpu[0];
			nest(cpu, depth);
			for (i = depth; i-- > 0;) {
				fake_gic_eoi(cpu, 40 + i);
				fake_gic_turn(cpu);
				check_active(cpu, depth, i);
				/* Its state is no longer the guest's. */
				assert_int_equal(fake_gic_lr(cpu, 40 + i), -1);
			}
			fake_gic_leave(cpu);
		}
}

/* Several ends before the maintenance interrupt is taken. */
static void gic_42_several_ends_at_once(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t at_once, i;

	(void)state;
	for (at_once = 2; at_once <= 12; at_once++) {
		fake_gic_reset(NULL);
		make(&vm, 2);
		cpu = &vm.cpu[0];
		nest(cpu, 12);
		for (i = 0; i < at_once; i++)
			fake_gic_eoi(cpu, 51 - i);
		assert_true(at_once <= 2 ||
			    (fake_gic_misr(cpu) & VIC_MISR_LRENP) != 0);
		fake_gic_turn(cpu);
		check_active(cpu, 12, 12 - at_once);
		fake_gic_leave(cpu);
	}
}

/* A count without anything outside is ignored, and never kept. */
static void gic_42_a_count_for_nothing(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4);
	cpu = &vm.cpu[0];
	nest(cpu, 2);
	cpu->lrs.hcr |= 31u << VIC_HCR_EOICOUNT_SHIFT;
	fake_gic_turn(cpu);
	check_active(cpu, 2, 2);
	fake_gic_leave(cpu);
	make(&vm, 1);
	cpu = &vm.cpu[0];
	nest(cpu, 3);
	/* Two are outside; the third is in its list register. */
	cpu->lrs.hcr |= 31u << VIC_HCR_EOICOUNT_SHIFT;
	fake_gic_leave(cpu);
	assert_int_equal(active(cpu, 40) + active(cpu, 41) + active(cpu, 42),
			 1);
}

/* GIC-43 */
static void gic_43_the_highest_priority_outside_ends_first(void **state)
{
	static const uint32_t intids[] = {45, 40, 43};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t i;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	/* Neither the INTIDs' order nor its reverse. */
	for (i = 0; i < 3; i++) {
		fake_gic_ready(cpu, intids[i], (uint8_t)(0xc0 - 0x20 * i));
		fake_gic_pulse(cpu, intids[i]);
		fake_gic_enter(cpu);
		assert_int_equal(fake_gic_take(cpu), intids[i]);
		fake_gic_leave(cpu);
	}
	/* One that is pending takes the only list register. */
	fake_gic_ready(cpu, 50, 0xd0);
	fake_gic_pulse(cpu, 50);
	fake_gic_enter(cpu);
	for (i = 3; i-- > 0;) {
		fake_gic_eoi(cpu, intids[i]);
		fake_gic_turn(cpu);
		assert_int_equal(active(cpu, 45), i > 0);
		assert_int_equal(active(cpu, 40), i > 1);
		assert_false(active(cpu, 43));
	}
	assert_int_equal(fake_gic_take(cpu), 50);
	fake_gic_eoi(cpu, 50);
	fake_gic_leave(cpu);
	assert_false(active(cpu, 50));
}

/* What counts is the priority that it was acknowledged with. */
static void gic_43_a_priority_that_changes_meanwhile(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t i;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	nest(cpu, 4);
	fake_gic_leave(cpu);
	for (i = 0; i < 4; i++)
		fake_gic_priority(cpu, 40 + i, (uint8_t)(0x10 + 8 * i));
	fake_gic_enter(cpu);
	for (i = 4; i-- > 0;) {
		fake_gic_eoi(cpu, 40 + i);
		fake_gic_turn(cpu);
		check_active(cpu, 4, i);
	}
	fake_gic_leave(cpu);
}

/*
 * The State that comes back is the interrupt's. Nothing in hardware makes a
 * register pending, so one that was given as active alone is left out here.
 */
static void each_state_that_comes_back_is_believed(void **state)
{
	unsigned int given, back;
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	for (given = 1; given <= 3; given += 2)
		for (back = 0; back <= 3; back++) {
			fake_gic_reset(NULL);
			make(&vm, 4);
			cpu = &vm.cpu[0];
			fake_gic_ready(cpu, 40, 0x80);
			fake_gic_set(cpu, FAKE_SET_PENDING, 40);
			if (given == 3)
				fake_gic_set(cpu, FAKE_SET_ACTIVE, 40);
			fake_gic_enter(cpu);
			assert_int_equal(fake_gic_lr_state(cpu, 40), given);
			cpu->lrs.lr[fake_gic_lr(cpu, 40)] ^=
				(uint64_t)(given ^ back) << 62;
			fake_gic_leave(cpu);
			assert_int_equal(fake_gic_peek(cpu, 40).pending,
					 back & 1);
			assert_int_equal(active(cpu, 40), back >> 1);
			/* And the next image says the same. */
			fake_gic_enter(cpu);
			assert_int_equal(fake_gic_lr_state(cpu, 40), back);
			fake_gic_leave(cpu);
			fake_gic_set(cpu, FAKE_CLEAR_ACTIVE, 40);
			if ((back & 1) != 0)
				fake_gic_runs_one(cpu, 40);
			fake_gic_runs_none(cpu);
		}
}

/*
 * Pending, active, then active and pending by a new edge; how far
 * the guest gets with that before it leaves.
 */
static void a_new_edge_in_its_list_register(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t deeds, n;

	(void)state;
	for (n = 0; n < 16; n++) {
		fake_gic_reset(NULL);
		make(&vm, 4);
		cpu = &vm.cpu[0];
		fake_gic_ready(cpu, 40, 0x80);
		fake_gic_pulse(cpu, 40);
		fake_gic_enter(cpu);
		assert_int_equal(fake_gic_take(cpu), 40);
		/* One edge or two, in GUEST with and without an exit. */
		if ((n & 4) != 0)
			fake_gic_turn(cpu);
		fake_gic_pulse(cpu, 40);
		if ((n & 8) != 0)
			fake_gic_pulse(cpu, 40);
		fake_gic_turn(cpu);
		assert_int_equal(fake_gic_lr_state(cpu, 40), 3);
		/* An end, an acknowledge, an end: so many, then the rest. */
		for (deeds = 0; deeds < 3; deeds++) {
			if (deeds == n % 4) {
				fake_gic_leave(cpu);
				assert_int_equal(fake_gic_peek(cpu, 40).pending,
						 deeds < 2);
				assert_int_equal(active(cpu, 40), deeds != 1);
				fake_gic_enter(cpu);
			}
			assert_int_equal(fake_gic_take(cpu),
					 deeds == 1 ? 40 : VIC_INTID_NONE);
			if (deeds != 1)
				fake_gic_eoi(cpu, 40);
		}
		fake_gic_leave(cpu);
		assert_false(active(cpu, 40));
		fake_gic_runs_none(cpu);
	}
}

/* ICC_DIR_EL1 */

static void mode_1(struct fake_gic *vm)
{
	uint32_t i;

	for (i = 0; i < vm->count; i++)
		vm->cpu[i].lrs.vmcr |= VIC_VMCR_VEOIM;
}

/* GIC-41 */
static void gic_41_the_drop_does_not_deactivate(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 4);
	mode_1(&vm);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_pulse(cpu, 40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_eoi(cpu, 40);
	fake_gic_turn(cpu);
	assert_true(active(cpu, 40));
	fake_gic_pulse(cpu, 40);
	fake_gic_turn(cpu);
	assert_int_equal(fake_gic_take(cpu), VIC_INTID_NONE);
	fake_gic_dir(cpu, 40);
	fake_gic_leave(cpu);
	assert_false(active(cpu, 40));
	fake_gic_runs_one(cpu, 40);
}

/* Some hardware counts the drop: it is no deactivation. */
static void gic_41_eoicount_means_nothing(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 1);
	mode_1(&vm);
	cpu = &vm.cpu[0];
	nest(cpu, 3);
	cpu->lrs.hcr += 2u << VIC_HCR_EOICOUNT_SHIFT;
	fake_gic_turn(cpu);
	check_active(cpu, 3, 3);
	fake_gic_dir(cpu, 40);
	fake_gic_leave(cpu);
	assert_false(active(cpu, 40));
	assert_true(active(cpu, 41) && active(cpu, 42));
}

/* More active than list registers, ended in any order. */
static void gic_41_deactivation_in_any_order(void **state)
{
	static const uint32_t order[] = {44, 40, 49, 41, 47,
					 42, 48, 45, 43, 46};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t i, j;

	(void)state;
	make(&vm, 4);
	mode_1(&vm);
	cpu = &vm.cpu[0];
	for (i = 0; i < 10; i++) {
		fake_gic_ready(cpu, 40 + i, 0x80);
		fake_gic_pulse(cpu, 40 + i);
	}
	fake_gic_enter(cpu);
	for (i = 0; i < 10; i++) {
		assert_int_equal(fake_gic_take(cpu), 40 + i);
		fake_gic_eoi(cpu, 40 + i);
		fake_gic_turn(cpu);
	}
	assert_true((cpu->lrs.hcr & VIC_HCR_TDIR) != 0);
	for (i = 0; i < 10; i++) {
		fake_gic_dir(cpu, order[i]);
		fake_gic_turn(cpu);
		for (j = 0; j < 10; j++)
			assert_int_equal(active(cpu, order[j]), j > i);
	}
	assert_int_equal(fake_gic_take(cpu), VIC_INTID_NONE);
	fake_gic_leave(cpu);
}

/* An SPI may be deactivated by another vCPU than the one that took it. */
static void gic_41_deactivation_by_another_vcpu(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	int in_guest;

	(void)state;
	make(&vm, 4);
	mode_1(&vm);
	cpu = vm.cpu;
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_route(cpu, 40, 1);
	for (in_guest = 0; in_guest < 2; in_guest++) {
		fake_gic_pulse(cpu, 40);
		fake_gic_enter(&cpu[1]);
		assert_int_equal(fake_gic_take(&cpu[1]), 40);
		fake_gic_eoi(&cpu[1], 40);
		fake_gic_leave(&cpu[1]);
		if (in_guest)
			fake_gic_enter(&cpu[1]);
		/* EOIcount has no INTID: the trap must be on. */
		fake_gic_enter(&cpu[0]);
		assert_true((cpu[0].lrs.hcr & VIC_HCR_TDIR) != 0);
		fake_gic_dir(&cpu[0], 40);
		fake_gic_leave(&cpu[0]);
		if (in_guest) {
			assert_int_equal(cpu[1].kicks, 1);
			fake_gic_leave(&cpu[1]);
			fake_gic_flush(&cpu[1]);
			assert_int_equal(fake_gic_lr(&cpu[1], 40), -1);
			vic_gic_sync(cpu[1].gicr, &cpu[1].lrs);
		}
		assert_false(active(cpu, 40));
	}
	/* A private one is another interrupt there. */
	fake_gic_ready(&cpu[1], 20, 0x80);
	fake_gic_pulse(&cpu[1], 20);
	fake_gic_enter(&cpu[1]);
	assert_int_equal(fake_gic_take(&cpu[1]), 20);
	fake_gic_eoi(&cpu[1], 20);
	fake_gic_leave(&cpu[1]);
	assert_int_equal(vic_gic_sysreg_write(cpu[0].gicr, VIC_ICC_DIR_EL1, 20),
			 VIC_ACCESS_DONE);
	assert_true(active(&cpu[1], 20));
}

/* GIC-39 */
static void gic_39_deactivation_of_what_is_not_there(void **state)
{
	static const uint64_t none[] = {
		0,    41,   95,       96,         1019,
		1020, 1023, 1024,     1056,       4096,
		5120, 8192, 0xffffff, UINT32_MAX, UINT64_MAX - 1023 + 40};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	make(&vm, 4);
	mode_1(&vm);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_ready(cpu, 41, 0x80);
	fake_gic_pulse(cpu, 40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_leave(cpu);
	fake_gic_pulse(cpu, 41);
	for (i = 0; i < FAKE_COUNT(none); i++) {
		assert_int_equal(vic_gic_sysreg_write(cpu->gicr,
						      VIC_ICC_DIR_EL1, none[i]),
				 VIC_ACCESS_DONE);
		assert_true(active(cpu, 40));
		assert_true(fake_gic_peek(cpu, 41).pending);
		assert_false(active(cpu, 41));
	}
}

/* Hostile images */

static void another_intid_in_a_list_register(void **state)
{
	static const uint32_t others[] = {41,   96,         1020, 1023,
					  8192, 0xffffffff, 0};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;
	int n;

	(void)state;
	make(&vm, 4);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_ready(cpu, 41, 0x80);
	fake_gic_pulse(cpu, 40);
	for (i = 0; i < FAKE_COUNT(others); i++) {
		fake_gic_enter(cpu);
		n = fake_gic_lr(cpu, 40);
		cpu->lrs.lr[n] = VIC_LR_ACTIVE | VIC_LR_GROUP | others[i] |
				 UINT64_C(0x80) << VIC_LR_PRIORITY_SHIFT;
		fake_gic_leave(cpu);
		assert_false(active(cpu, 41));
		assert_false(fake_gic_peek(cpu, 41).pending);
		/* The state counts, for the one that was given. */
		assert_true(active(cpu, 40));
		assert_false(fake_gic_peek(cpu, 40).pending);
		fake_gic_set(cpu, FAKE_CLEAR_ACTIVE, 40);
		fake_gic_set(cpu, FAKE_SET_PENDING, 40);
	}
	fake_gic_runs_one(cpu, 40);
}

static void a_list_register_that_flush_did_not_give(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	int n;

	(void)state;
	make(&vm, 4);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_ready(cpu, 41, 0x80);
	fake_gic_pulse(cpu, 40);
	fake_gic_enter(cpu);
	n = (fake_gic_lr(cpu, 40) + 1) % 4;
	cpu->lrs.lr[n] = VIC_LR_ACTIVE | VIC_LR_PENDING | 41;
	cpu->lrs.lr[15] = VIC_LR_PENDING | 42;
	cpu->lrs.used = UINT32_MAX;
	fake_gic_leave(cpu);
	assert_false(active(cpu, 41) || fake_gic_peek(cpu, 41).pending);
	assert_false(active(cpu, 42) || fake_gic_peek(cpu, 42).pending);
	fake_gic_runs_one(cpu, 40);
}

/* Priority, group, HW and EOI that came back changed are not believed. */
static void only_the_state_is_believed(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint64_t before;
	int n;

	(void)state;
	make(&vm, 4);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_pulse(cpu, 40);
	fake_gic_enter(cpu);
	n = fake_gic_lr(cpu, 40);
	before = cpu->lrs.lr[n];
	cpu->lrs.lr[n] ^= ~(VIC_LR_STATE | VIC_LR_VINTID);
	fake_gic_turn(cpu);
	n = fake_gic_lr(cpu, 40);
	assert_true(n >= 0);
	assert_true(cpu->lrs.lr[n] == before);
	assert_int_equal(fake_gic_take(cpu), 40);
	cpu->lrs.lr[n] ^= VIC_LR_HW | VIC_LR_PRIORITY | VIC_LR_GROUP;
	fake_gic_leave(cpu);
	assert_true(active(cpu, 40));
	assert_true(fake_gic_peek(cpu, 40).group1);
	assert_int_equal(fake_gic_peek(cpu, 40).priority, 0x80);
	assert_int_equal(cpu->hw_sets, 0);
	fake_gic_enter(cpu);
	fake_gic_eoi(cpu, 40);
	fake_gic_leave(cpu);
	fake_gic_runs_none(cpu);
}

/* Whatever came back, the next image keeps the rules and all works. */
static void any_image_at_all(void **state)
{
	uint64_t seed = 1;
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t n, i;

	(void)state;
	make(&vm, 4);
	cpu = &vm.cpu[0];
	assert_int_equal(vic_gic_link(vm.gic, cpu->gicr, 52, 77), VIC_OK);
	for (i = 0; i < 8; i++) {
		fake_gic_ready(cpu, 40 + i, (uint8_t)(0x40 + 0x10 * i));
		fake_gic_ready_level(cpu, 50 + i, (uint8_t)(0x40 + 8 * i));
	}
	for (n = 0; n < 3000; n++) {
		fake_gic_pulse(cpu, 40 + n % 8);
		fake_gic_line(cpu, 50 + n % 8, n / 8 % 2);
		fake_gic_enter(cpu);
		for (i = 0; i < VIC_GIC_MAX_LRS; i++) {
			seed = seed * UINT64_C(6364136223846793005) + 99;
			if (seed >> 63)
				cpu->lrs.lr[i] ^= seed << 7;
			else if (seed >> 62 & 1)
				cpu->lrs.lr[i] ^= seed & VIC_LR_STATE;
		}
		cpu->lrs.hcr = (uint32_t)(seed >> 20);
		if (n % 3 == 0)
			cpu->lrs.used = (uint32_t)(seed >> 16);
		fake_gic_leave(cpu);
	}
	for (i = 0; i < 8; i++)
		fake_gic_line(cpu, 50 + i, false);
	fake_gicd_write(cpu, VIC_GICD_ICPENDR + 4, UINT32_MAX);
	fake_gicd_write(cpu, VIC_GICD_ICACTIVER + 4, UINT32_MAX);
	fake_gic_runs_none(cpu);
	for (i = 0; i < 8; i++)
		fake_gic_pulse(cpu, 40 + i);
	fake_gic_runs(cpu, (const uint32_t[]){40, 41, 42, 43, 44, 45, 46, 47},
		      8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_GIC_TEST(gic_42_each_end_outside_counts),
		FAKE_GIC_TEST(gic_42_several_ends_at_once),
		FAKE_GIC_TEST(gic_42_a_count_for_nothing),
		FAKE_GIC_TEST(gic_43_the_highest_priority_outside_ends_first),
		FAKE_GIC_TEST(gic_43_a_priority_that_changes_meanwhile),
		FAKE_GIC_TEST(each_state_that_comes_back_is_believed),
		FAKE_GIC_TEST(a_new_edge_in_its_list_register),
		FAKE_GIC_TEST(gic_41_the_drop_does_not_deactivate),
		FAKE_GIC_TEST(gic_41_eoicount_means_nothing),
		FAKE_GIC_TEST(gic_41_deactivation_in_any_order),
		FAKE_GIC_TEST(gic_41_deactivation_by_another_vcpu),
		FAKE_GIC_TEST(gic_39_deactivation_of_what_is_not_there),
		FAKE_GIC_TEST(another_intid_in_a_list_register),
		FAKE_GIC_TEST(a_list_register_that_flush_did_not_give),
		FAKE_GIC_TEST(only_the_state_is_believed),
		FAKE_GIC_TEST(any_image_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
