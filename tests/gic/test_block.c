/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whether a pending interrupt would be taken, and sleeping until one would:
 * IHI 0069, 4.8 (priority mask, preemption), ICH_VMCR_EL2, ICH_AP1R<n>_EL2.
 */

#include "fake_gic.h"

/* A VM whose INTID 40 is pending in vCPU 0, at @priority. */
static struct fake_gic_cpu *pend(struct fake_gic *vm, uint8_t priority)
{
	fake_gic_reset(NULL);
	fake_gic_plain(vm, 2);
	fake_gic_ready(&vm->cpu[0], 40, priority);
	fake_gic_pulse(&vm->cpu[0], 40);
	return &vm->cpu[0];
}

static bool deliverable(struct fake_gic_cpu *cpu)
{
	bool taken;

	/* What libvic says is what the CPU interface does. */
	taken = vic_gic_deliverable(cpu->gicr, &cpu->lrs);
	fake_gic_flush(cpu);
	if (taken) {
		struct vic_gic_lrs before = cpu->lrs;

		assert_int_not_equal(fake_gic_take(cpu), VIC_INTID_NONE);
		cpu->lrs = before;
	} else {
		assert_int_equal(fake_gic_take(cpu), VIC_INTID_NONE);
	}
	vic_gic_sync(cpu->gicr, &cpu->lrs);
	return taken;
}

static void set_pmr(struct fake_gic_cpu *cpu, uint32_t mask)
{
	cpu->lrs.vmcr &= ~(0xffu << VIC_VMCR_VPMR_SHIFT);
	cpu->lrs.vmcr |= mask << VIC_VMCR_VPMR_SHIFT;
}

static void set_bpr(struct fake_gic_cpu *cpu, uint32_t bpr0, uint32_t bpr1)
{
	cpu->lrs.vmcr &=
		~(7u << VIC_VMCR_VBPR0_SHIFT | 7u << VIC_VMCR_VBPR1_SHIFT);
	cpu->lrs.vmcr |=
		bpr0 << VIC_VMCR_VBPR0_SHIFT | bpr1 << VIC_VMCR_VBPR1_SHIFT;
}

/* GIC-31 */
static void gic_31_the_priority_mask_is_strict(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t priority, mask;

	(void)state;
	for (priority = 0; priority < 256; priority += 0x38) {
		cpu = pend(&vm, (uint8_t)priority);
		for (mask = 0; mask < 256; mask += 8) {
			set_pmr(cpu, mask);
			assert_int_equal(deliverable(cpu), priority < mask);
		}
	}
}

static void gic_31_both_enables_of_the_group(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t here, there;
	int group1;

	(void)state;
	for (group1 = 0; group1 < 2; group1++) {
		cpu = pend(&vm, 0x80);
		fake_gic_group(cpu, 40, group1);
		for (here = 0; here < 4; here++)
			for (there = 0; there < 4; there++) {
				cpu->lrs.vmcr &= ~3u;
				cpu->lrs.vmcr |= here;
				fake_gicd_write(cpu, VIC_GICD_CTLR, there);
				assert_int_equal(deliverable(cpu),
						 (here & there) >> group1 & 1);
			}
	}
}

static void gic_31_its_own_enable(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	cpu = pend(&vm, 0x80);
	fake_gic_set(cpu, FAKE_DISABLE, 40);
	assert_false(deliverable(cpu));
	fake_gic_set(cpu, FAKE_ENABLE, 40);
	assert_true(deliverable(cpu));
	fake_gic_set(cpu, FAKE_SET_ACTIVE, 40);
	assert_false(deliverable(cpu));
	fake_gic_set(cpu, FAKE_CLEAR_ACTIVE, 40);
	assert_true(deliverable(cpu));
	fake_gic_set(cpu, FAKE_CLEAR_PENDING, 40);
	assert_false(deliverable(cpu));
}

/* Not the best, but one whose group is enabled, counts. */
static void gic_31_a_group_that_is_off_hides_nothing(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	cpu = pend(&vm, 0x80);
	fake_gic_ready(cpu, 41, 0x40);
	fake_gic_group(cpu, 41, false);
	fake_gic_pulse(cpu, 41);
	cpu->lrs.vmcr &= ~VIC_VMCR_VENG0;
	assert_true(deliverable(cpu));
	cpu->lrs.vmcr ^= 3u;
	set_pmr(cpu, 0x60);
	assert_true(deliverable(cpu));
	fake_gic_group(cpu, 41, true);
	assert_false(deliverable(cpu));
}

/* GIC-32 */
static void gic_32_the_lowest_priority_is_never_taken(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	cpu = pend(&vm, 0xff);
	set_pmr(cpu, 0xf8);
	assert_false(deliverable(cpu));
	fake_gic_sleep(cpu);
	fake_gic_rise(cpu);
	fake_gic_priority(cpu, 40, 0xf0);
	assert_true(deliverable(cpu));
}

/* GIC-34 */
static void gic_34_the_group_priority_preempts(void **state)
{
	/* The last ones as a guest leaves them that changes its BPR. */
	static const uint32_t running[] = {0x40, 0x80, 0x88, 0x98, 0xb0};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t bpr, priority;
	size_t i;
	int group1;

	(void)state;
	for (group1 = 0; group1 < 2; group1++) {
		cpu = pend(&vm, 0);
		fake_gic_group(cpu, 40, group1);
		for (bpr = 2 + (uint32_t)group1; bpr < 8; bpr++)
			for (priority = 0; priority < 0xf0; priority += 8) {
				uint32_t shift = group1 ? bpr : bpr + 1;

				fake_gic_priority(cpu, 40, (uint8_t)priority);
				set_bpr(cpu, group1 ? 2 : bpr,
					group1 ? bpr : 3);
				for (i = 0; i < FAKE_COUNT(running); i++) {
					cpu->lrs.ap1r[0] = 1u << running[i] / 8;
					assert_int_equal(
						deliverable(cpu),
						priority >> shift << shift <
							running[i]);
				}
			}
	}
}

/* GIC-35 */
static void gic_35_a_common_binary_point(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	/* 0x70 is 0x60 by BPR0 + 1, 0x70 by BPR0 and by BPR1. */
	cpu = pend(&vm, 0x70);
	set_bpr(cpu, 4, 3);
	cpu->lrs.ap1r[0] = 1u << 0x68 / 8;
	assert_false(deliverable(cpu));
	cpu->lrs.vmcr |= VIC_VMCR_VCBPR;
	assert_true(deliverable(cpu));
	cpu->lrs.ap1r[0] = 1u << 0x60 / 8;
	assert_false(deliverable(cpu));
	/* BPR1 does not count then. */
	set_bpr(cpu, 2, 7);
	cpu->lrs.ap1r[0] = 1u << 0x68 / 8;
	assert_false(deliverable(cpu));
	cpu->lrs.vmcr &= ~VIC_VMCR_VCBPR;
	assert_true(deliverable(cpu));
}

/* GIC-37 */
static void gic_37_the_running_priority_is_of_both_groups(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	cpu = pend(&vm, 0x80);
	cpu->lrs.ap0r[0] = 1u << 0x40 / 8 | 1u << 0xa0 / 8;
	assert_false(deliverable(cpu));
	cpu->lrs.ap0r[0] = 1u << 0xa0 / 8;
	assert_true(deliverable(cpu));
	cpu->lrs.ap1r[0] = 1u << 0x88 / 8;
	assert_true(deliverable(cpu));
	cpu->lrs.ap1r[0] |= 1u << 0x80 / 8;
	assert_false(deliverable(cpu));
	cpu->lrs.ap0r[0] = 0;
	cpu->lrs.ap1r[0] = 0;
	assert_true(deliverable(cpu));
}

/* GIC-49 */
static void gic_49_one_two_or_four_active_priority_registers(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t prebits, running;

	(void)state;
	for (prebits = 5; prebits <= 7; prebits++) {
		cpu = pend(&vm, 0x80);
		cpu->lrs.prebits = prebits;
		for (running = 0; running < 256;
		     running += 1u << (8 - prebits)) {
			uint32_t bit = running >> (8 - prebits);
			uint32_t *apr =
				running & 16 ? cpu->lrs.ap0r : cpu->lrs.ap1r;

			set_bpr(cpu, 7 - prebits, 8 - prebits);
			apr[bit / 32] = 1u << bit % 32;
			assert_int_equal(deliverable(cpu), 0x80 < running);
			apr[bit / 32] = 0;
		}
	}
	/* 0 means 5. */
	cpu = pend(&vm, 0x80);
	cpu->lrs.ap1r[0] = 1u << 0x88 / 8;
	cpu->lrs.prebits = 0;
	assert_true(vic_gic_deliverable(cpu->gicr, &cpu->lrs));
	cpu->lrs.ap1r[0] = 1u << 0x80 / 8;
	assert_false(vic_gic_deliverable(cpu->gicr, &cpu->lrs));
}

/* GIC-15 */
static void gic_15_clearing_the_active_bit_is_no_priority_drop(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	cpu = pend(&vm, 0x80);
	fake_gic_ready(cpu, 41, 0x80);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_leave(cpu);
	fake_gic_set(cpu, FAKE_CLEAR_ACTIVE, 40);
	assert_int_equal(fake_gic_running(cpu), 0x80);
	fake_gic_pulse(cpu, 41);
	assert_false(deliverable(cpu));
	fake_gic_enter(cpu);
	fake_gic_eoi(cpu, 40);
	fake_gic_leave(cpu);
	assert_true(deliverable(cpu));
}

/* Sleeping */

static void no_sleep_with_something_to_take(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	struct vic_vcpu_inbox inbox;

	(void)state;
	cpu = pend(&vm, 0x80);
	assert_false(vic_gic_block(cpu->gicr, &cpu->lrs));
	vic_vcpu_peek(cpu->vcpu, &inbox);
	assert_int_equal(inbox.state, VIC_HOST);
	set_pmr(cpu, 0x80);
	fake_gic_sleep(cpu);
	vic_vcpu_peek(cpu->vcpu, &inbox);
	assert_int_equal(inbox.state, VIC_BLOCKED);
	assert_int_equal(cpu->wakes, 0);
	fake_gic_rise(cpu);
	set_pmr(cpu, 0x88);
	assert_false(vic_gic_block(cpu->gicr, &cpu->lrs));
}

static void only_what_would_be_taken_wakes(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	fake_gic_plain(&vm, 1);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_ready(cpu, 41, 0x80);
	fake_gic_ready(cpu, 42, 0x40);
	fake_gic_group(cpu, 41, false);
	fake_gic_priority(cpu, 43, 0x20);
	set_pmr(cpu, 0x80);
	cpu->lrs.vmcr &= ~VIC_VMCR_VENG0;
	fake_gic_sleep(cpu);
	/* Masked, of a group that is off, disabled. */
	assert_int_equal(fake_gic_pulse(cpu, 40), VIC_POST_SILENT);
	assert_int_equal(fake_gic_pulse(cpu, 41), VIC_POST_SILENT);
	assert_int_equal(fake_gic_pulse(cpu, 43), VIC_POST_SILENT);
	assert_int_equal(cpu->wakes, 0);
	assert_int_equal(fake_gic_pulse(cpu, 42), VIC_POST_WOKEN);
	assert_int_equal(cpu->wakes, 1);
	fake_gic_rise(cpu);
	fake_gic_runs_one(cpu, 42);
	set_pmr(cpu, 0xf8);
	fake_gic_runs_one(cpu, 40);
}

static void a_running_priority_keeps_asleep(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	cpu = pend(&vm, 0x80);
	fake_gic_ready(cpu, 41, 0x80);
	fake_gic_ready(cpu, 42, 0x78);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_leave(cpu);
	/* WFI in the handler. */
	fake_gic_sleep(cpu);
	fake_gic_pulse(cpu, 41);
	assert_int_equal(cpu->wakes, 0);
	fake_gic_pulse(cpu, 42);
	assert_int_equal(cpu->wakes, 1);
	fake_gic_rise(cpu);
}

/* What another vCPU's store makes deliverable wakes too. */
enum cause {
	ENABLED,
	GROUP_ON,
	RAISED,
	ROUTED,
	DEACTIVATED,
	REGROUPED,
	SET_PENDING,
	CAUSES,
};

static void cause(enum cause cause, struct fake_gic_cpu *by,
		  struct fake_gic_cpu *sleeper, bool before)
{
	switch (cause) {
	case ENABLED:
		fake_gic_set_by(by, sleeper,
				before ? FAKE_DISABLE : FAKE_ENABLE, 40);
		break;
	case GROUP_ON:
		fake_gicd_write(by, VIC_GICD_CTLR,
				before ? VIC_GICD_CTLR_GRP0
				       : VIC_GICD_CTLR_GRP1);
		break;
	case RAISED:
		fake_gic_priority(by, 40, before ? 0xf8 : 0x80);
		break;
	case ROUTED:
		fake_gic_route(by, 40, before ? 1 : 0);
		break;
	case DEACTIVATED:
		fake_gic_set_by(by, sleeper,
				before ? FAKE_SET_ACTIVE : FAKE_CLEAR_ACTIVE,
				40);
		break;
	case REGROUPED:
		fake_gic_group(by, 40, !before);
		break;
	case SET_PENDING:
		fake_gic_set_by(by, sleeper,
				before ? FAKE_CLEAR_PENDING : FAKE_SET_PENDING,
				40);
		break;
	case CAUSES:
		break;
	}
}

static void another_vcpus_stores_wake(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	int n;

	(void)state;
	for (n = 0; n < CAUSES; n++) {
		cpu = pend(&vm, 0x80);
		cpu->lrs.vmcr &= ~VIC_VMCR_VENG0;
		cause((enum cause)n, &vm.cpu[1], cpu, true);
		fake_gic_sleep(cpu);
		assert_int_equal(cpu->wakes, 0);
		cause((enum cause)n, &vm.cpu[1], cpu, false);
		if (cpu->wakes != 1)
			fail_msg("cause %d: %u wakes", n, cpu->wakes);
		fake_gic_rise(cpu);
		fake_gic_runs_one(cpu, 40);
	}
}

/* In HOST nobody is told, in GUEST once until it has left. */
static void one_signal_for_each_look(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t i;

	(void)state;
	fake_gic_plain(&vm, 1);
	cpu = &vm.cpu[0];
	for (i = 0; i < 6; i++)
		fake_gic_ready(cpu, 40 + i, 0x80);
	assert_int_equal(fake_gic_pulse(cpu, 40), VIC_POST_SILENT);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_pulse(cpu, 41), VIC_POST_KICKED);
	assert_int_equal(fake_gic_pulse(cpu, 42), VIC_POST_COALESCED);
	assert_int_equal(cpu->kicks, 1);
	fake_gic_turn(cpu);
	assert_int_equal(fake_gic_pulse(cpu, 43), VIC_POST_KICKED);
	fake_gic_leave(cpu);
	assert_int_equal(cpu->kicks, 2);
	assert_int_equal(cpu->wakes, 0);
	fake_gic_runs(cpu, (const uint32_t[]){40, 41, 42, 43}, 4);
	/* A disabled one in GUEST: no reason to leave. */
	fake_gic_set(cpu, FAKE_DISABLE, 44);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_pulse(cpu, 44), VIC_POST_SILENT);
	assert_int_equal(cpu->kicks, 2);
	fake_gic_leave(cpu);
}

/* What comes between the look and the entry or the sleep is not lost. */
static void nothing_comes_between(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	fake_gic_plain(&vm, 1);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_flush(cpu);
	fake_gic_pulse(cpu, 40);
	assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_AGAIN);
	fake_gic_flush(cpu);
	assert_int_equal(fake_gic_lr_state(cpu, 40), 1);
	assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_GUEST);
	fake_gic_leave(cpu);
	fake_gic_runs_one(cpu, 40);
	assert_false(vic_gic_deliverable(cpu->gicr, &cpu->lrs));
	fake_gic_pulse(cpu, 40);
	assert_false(vic_gic_block(cpu->gicr, &cpu->lrs));
	assert_int_equal(cpu->kicks + cpu->wakes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_GIC_TEST(gic_31_the_priority_mask_is_strict),
		FAKE_GIC_TEST(gic_31_both_enables_of_the_group),
		FAKE_GIC_TEST(gic_31_its_own_enable),
		FAKE_GIC_TEST(gic_31_a_group_that_is_off_hides_nothing),
		FAKE_GIC_TEST(gic_32_the_lowest_priority_is_never_taken),
		FAKE_GIC_TEST(gic_34_the_group_priority_preempts),
		FAKE_GIC_TEST(gic_35_a_common_binary_point),
		FAKE_GIC_TEST(gic_37_the_running_priority_is_of_both_groups),
		FAKE_GIC_TEST(gic_49_one_two_or_four_active_priority_registers),
		FAKE_GIC_TEST(
			gic_15_clearing_the_active_bit_is_no_priority_drop),
		FAKE_GIC_TEST(no_sleep_with_something_to_take),
		FAKE_GIC_TEST(only_what_would_be_taken_wakes),
		FAKE_GIC_TEST(a_running_priority_keeps_asleep),
		FAKE_GIC_TEST(another_vcpus_stores_wake),
		FAKE_GIC_TEST(one_signal_for_each_look),
		FAKE_GIC_TEST(nothing_comes_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
