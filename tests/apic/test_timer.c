/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The timer's count in one-shot and periodic mode: SDM vol. 3, 10.5.4. The
 * TSC-deadline mode is in test_deadline.c.
 */

#include "fake_vmm.h"

#define V 0x51u

static void make(struct fake_vm *vm, bool x2apic)
{
	fake_reset(NULL);
	fake_vm_plain(vm, 1, x2apic);
	/* Not a round number, and not 0. */
	vm->ticks = 1000003;
	vm->tsc = 77;
}

static uint32_t ccr(struct fake_vcpu *cpu)
{
	return (uint32_t)fake_read(cpu, VIC_APIC_TIMER_CCR);
}

/* Divide by 1. */
static void start(struct fake_vcpu *cpu, uint32_t lvt, uint32_t count)
{
	fake_write(cpu, VIC_APIC_LVT_TIMER, lvt);
	fake_write(cpu, VIC_APIC_TIMER_DCR, 0xb);
	fake_write(cpu, VIC_APIC_TIMER_ICR, count);
}

/* @ticks pass; whether an interrupt comes, which is then served. */
static bool passes(struct fake_vcpu *cpu, uint64_t ticks)
{
	cpu->vm->ticks += ticks;
	fake_alarm(cpu);
	return fake_complete_any(cpu, V);
}

/* Ticks from now to the deadline; fails if there is none. */
static uint64_t due(struct fake_vcpu *cpu)
{
	struct vic_deadline deadline;

	assert_true(vic_lapic_deadline(cpu->lapic, &deadline));
	assert_int_equal(deadline.clock, VIC_CLOCK_BUS);
	return deadline.at - cpu->vm->ticks;
}

/* APIC-51 */
static void apic_51_divisors(void **state)
{
	static const uint32_t divisors[] = {
		[0x0] = 2,  [0x1] = 4,  [0x2] = 8,   [0x3] = 16,
		[0x8] = 32, [0x9] = 64, [0xa] = 128, [0xb] = 1,
	};
	uint32_t dcr;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++)
		for (dcr = 0; dcr < 16; dcr++) {
			/* Bit 2 is not stored, and reserved in an MSR. */
			uint32_t divisor = divisors[dcr & 0xb];
			struct fake_vm vm;
			struct fake_vcpu *cpu;

			if (x2apic && dcr & 4)
				continue;
			make(&vm, x2apic);
			cpu = &vm.cpu[0];
			fake_write(cpu, VIC_APIC_LVT_TIMER, V);
			fake_write(cpu, VIC_APIC_TIMER_DCR, dcr);
			assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_DCR),
					 dcr & 0xb);
			fake_write(cpu, VIC_APIC_TIMER_ICR, 10);
			assert_int_equal(due(cpu), 10 * divisor);
			assert_false(passes(cpu, divisor - 1));
			assert_int_equal(ccr(cpu), 10);
			assert_false(passes(cpu, 1));
			assert_int_equal(ccr(cpu), 9);
			assert_false(passes(cpu, 9 * divisor - 1));
			assert_int_equal(ccr(cpu), 1);
			assert_true(passes(cpu, 1));
			assert_int_equal(ccr(cpu), 0);
		}
}

static void apic_51_wrmsr_of_bit_2_faults(void **state)
{
	struct fake_vm vm;
	uint32_t bit;

	(void)state;
	make(&vm, true);
	fake_write(&vm.cpu[0], VIC_APIC_TIMER_DCR, 3);
	for (bit = 0; bit < 64; bit++) {
		if (bit < 4 && bit != 2)
			continue;
		assert_int_equal(
			vic_lapic_msr_write(vm.cpu[0].lapic,
					    FAKE_MSR(VIC_APIC_TIMER_DCR),
					    UINT64_C(1) << bit),
			VIC_ACCESS_FAULT);
		assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_TIMER_DCR), 3);
	}
	assert_int_equal(vic_lapic_msr_write(vm.cpu[0].lapic,
					     FAKE_MSR(VIC_APIC_TIMER_ICR),
					     UINT64_C(1) << 32),
			 VIC_ACCESS_FAULT);
	assert_int_equal(vic_lapic_msr_write(vm.cpu[0].lapic,
					     FAKE_MSR(VIC_APIC_TIMER_CCR), 1),
			 VIC_ACCESS_FAULT);
}

/* APIC-52 */
static void apic_52_ccr_starts_at_icr(void **state)
{
	static const uint32_t counts[] = {1, 2, 0x12345678, 0x80000000,
					  0xffffffff};
	static const uint32_t lvts[] = {V, VIC_LVT_PERIODIC | V,
					VIC_LVT_MASKED | V};
	size_t i, j;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++)
		for (j = 0; j < FAKE_COUNT(lvts); j++)
			for (i = 0; i < FAKE_COUNT(counts); i++) {
				struct fake_vm vm;

				make(&vm, x2apic);
				start(&vm.cpu[0], lvts[j], counts[i]);
				assert_int_equal(ccr(&vm.cpu[0]), counts[i]);
				assert_int_equal(fake_read(&vm.cpu[0],
							   VIC_APIC_TIMER_ICR),
						 counts[i]);
				vm.ticks += counts[i] - 1;
				assert_int_equal(ccr(&vm.cpu[0]), 1);
			}
}

static void apic_52_the_longest_count(void **state)
{
	const uint64_t whole = UINT64_C(0xffffffff) * 128;
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_TIMER, V);
	fake_write(cpu, VIC_APIC_TIMER_DCR, 0xa);
	fake_write(cpu, VIC_APIC_TIMER_ICR, 0xffffffff);
	assert_true(due(cpu) == whole);
	assert_false(passes(cpu, whole / 2));
	assert_int_equal(ccr(cpu), 0x80000000);
	assert_false(passes(cpu, whole - whole / 2 - 1));
	assert_int_equal(ccr(cpu), 1);
	assert_true(passes(cpu, 1));
}

static void ccr_is_read_only(void **state)
{
	struct fake_vm vm;

	(void)state;
	make(&vm, false);
	start(&vm.cpu[0], V, 1000);
	fake_write(&vm.cpu[0], VIC_APIC_TIMER_CCR, 5);
	assert_int_equal(ccr(&vm.cpu[0]), 1000);
	assert_int_equal(fake_esr(&vm.cpu[0]), 0);
}

static void one_shot_fires_once(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		make(&vm, x2apic);
		cpu = &vm.cpu[0];
		start(cpu, V, 1000);
		assert_true(passes(cpu, 1000));
		assert_false(fake_armed(cpu));
		assert_int_equal(ccr(cpu), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_ICR), 1000);
		assert_false(passes(cpu, 1000));
		assert_false(passes(cpu, 1u << 31));
		assert_int_equal(ccr(cpu), 0);
		/* Rewriting the LVT does not start it. */
		fake_write(cpu, VIC_APIC_LVT_TIMER, V);
		assert_false(fake_armed(cpu));
		fake_write(cpu, VIC_APIC_TIMER_ICR, 10);
		assert_true(passes(cpu, 10));
	}
}

static void periodic_fires_again(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int i, x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		make(&vm, x2apic);
		cpu = &vm.cpu[0];
		start(cpu, VIC_LVT_PERIODIC | V, 1000);
		for (i = 0; i < 5; i++) {
			assert_int_equal(due(cpu), 1000);
			assert_false(passes(cpu, 999));
			assert_int_equal(ccr(cpu), 1);
			assert_int_equal(due(cpu), 1);
			assert_true(passes(cpu, 1));
			assert_int_equal(ccr(cpu), 1000);
		}
	}
}

/* APIC-53 */
static void apic_53_icr_starts_anew(void **state)
{
	static const uint32_t lvts[] = {V, VIC_LVT_PERIODIC | V};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(lvts); i++) {
		make(&vm, i);
		cpu = &vm.cpu[0];
		start(cpu, lvts[i], 1000);
		assert_false(passes(cpu, 600));
		assert_int_equal(ccr(cpu), 400);
		fake_write(cpu, VIC_APIC_TIMER_ICR, 700);
		assert_int_equal(ccr(cpu), 700);
		assert_false(passes(cpu, 699));
		assert_true(passes(cpu, 1));
		fake_write(cpu, VIC_APIC_TIMER_ICR, 500);
		assert_false(passes(cpu, 499));
		fake_write(cpu, VIC_APIC_TIMER_ICR, 0);
		assert_int_equal(ccr(cpu), 0);
		assert_false(fake_armed(cpu));
		assert_false(passes(cpu, 1));
		assert_false(passes(cpu, 5000));
	}
}

/* What expired before the store has expired. */
static void a_late_look_loses_nothing(void **state)
{
	static const struct {
		uint32_t offset, value;
	} stores[] = {
		{VIC_APIC_TIMER_ICR, 0},
		{VIC_APIC_TIMER_ICR, 5000},
		{VIC_APIC_LVT_TIMER, VIC_LVT_MASKED | V},
		{VIC_APIC_LVT_TIMER, 0x61},
		{VIC_APIC_LVT_TIMER, VIC_LVT_TSC_DEADLINE | V},
		{VIC_APIC_TIMER_DCR, 0xa},
		{VIC_APIC_SVR, 0xff},
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;
	int periodic;

	(void)state;
	for (i = 0; i < FAKE_COUNT(stores); i++)
		for (periodic = 0; periodic < 2; periodic++) {
			make(&vm, i & 1);
			cpu = &vm.cpu[0];
			start(cpu, (periodic ? VIC_LVT_PERIODIC : 0) | V, 1000);
			vm.ticks += 1000;
			fake_write(cpu, stores[i].offset, stores[i].value);
			fake_alarm(cpu);
			fake_write(cpu, VIC_APIC_SVR, 0x1ff);
			fake_complete(cpu, V);
			assert_int_equal(fake_deliverable(cpu), 0);
		}
}

/* APIC-54 */
static void apic_54_the_count_goes_on(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		make(&vm, x2apic);
		cpu = &vm.cpu[0];
		start(cpu, V, 1000);
		assert_false(passes(cpu, 400));
		fake_write(cpu, VIC_APIC_LVT_TIMER, VIC_LVT_PERIODIC | V);
		assert_int_equal(ccr(cpu), 600);
		assert_int_equal(due(cpu), 600);
		assert_false(passes(cpu, 599));
		assert_true(passes(cpu, 1));
		assert_int_equal(ccr(cpu), 1000);
		assert_true(passes(cpu, 1000));
		assert_false(passes(cpu, 300));
		fake_write(cpu, VIC_APIC_LVT_TIMER, V);
		assert_int_equal(ccr(cpu), 700);
		assert_true(passes(cpu, 700));
		assert_int_equal(ccr(cpu), 0);
		assert_false(fake_armed(cpu));
		assert_false(passes(cpu, 1000));
		/* Stopped at 0, it stays there in periodic mode, too. */
		fake_write(cpu, VIC_APIC_LVT_TIMER, VIC_LVT_PERIODIC | V);
		assert_int_equal(ccr(cpu), 0);
		assert_false(fake_armed(cpu));
		assert_false(passes(cpu, 1000));
	}
}

/* Mode 3 is reserved: it is stored, and nothing counts. */
static void the_reserved_mode_stops_it(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint64_t value = 1;

	(void)state;
	make(&vm, false);
	cpu = &vm.cpu[0];
	start(cpu, VIC_LVT_PERIODIC | V, 1000);
	fake_write(cpu, VIC_APIC_LVT_TIMER, VIC_LVT_TIMER_MODE | V);
	assert_int_equal(fake_read(cpu, VIC_APIC_LVT_TIMER),
			 VIC_LVT_TIMER_MODE | V);
	assert_false(fake_armed(cpu));
	assert_false(passes(cpu, 1000));
	fake_write(cpu, VIC_APIC_TIMER_ICR, 1000);
	assert_false(fake_armed(cpu));
	assert_false(passes(cpu, 5000));
	assert_int_equal(
		vic_lapic_msr_write(cpu->lapic, VIC_MSR_TSC_DEADLINE, 1000),
		VIC_ACCESS_DONE);
	vm.tsc += 5000;
	assert_false(passes(cpu, 0));
	assert_int_equal(
		vic_lapic_msr_read(cpu->lapic, VIC_MSR_TSC_DEADLINE, &value),
		VIC_ACCESS_DONE);
	assert_int_equal(value, 0);
}

/* APIC-58 */
static void apic_58_a_new_divisor_keeps_the_count(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		make(&vm, x2apic);
		cpu = &vm.cpu[0];
		start(cpu, VIC_LVT_PERIODIC | V, 100);
		fake_write(cpu, VIC_APIC_TIMER_DCR, 0);
		assert_int_equal(ccr(cpu), 100);
		/* 25 whole ticks and a half one. */
		assert_false(passes(cpu, 51));
		assert_int_equal(ccr(cpu), 75);
		fake_write(cpu, VIC_APIC_TIMER_DCR, 3);
		assert_int_equal(ccr(cpu), 75);
		assert_int_equal(due(cpu), 75 * 16);
		assert_false(passes(cpu, 15));
		assert_int_equal(ccr(cpu), 75);
		assert_false(passes(cpu, 1));
		assert_int_equal(ccr(cpu), 74);
		/* Down to the fastest, and to the end. */
		fake_write(cpu, VIC_APIC_TIMER_DCR, 0xb);
		assert_int_equal(due(cpu), 74);
		assert_false(passes(cpu, 73));
		assert_true(passes(cpu, 1));
		assert_int_equal(ccr(cpu), 100);
		assert_int_equal(due(cpu), 100);
		/* The same divisor again changes nothing. */
		fake_write(cpu, VIC_APIC_TIMER_DCR, 0xb);
		assert_int_equal(due(cpu), 100);
		/* A whole period at a slow rate after a quick start. */
		assert_false(passes(cpu, 90));
		fake_write(cpu, VIC_APIC_TIMER_DCR, 0xa);
		assert_true(passes(cpu, 10 * 128));
		assert_false(passes(cpu, 100 * 128 - 1));
		assert_true(passes(cpu, 1));
	}
}

static void a_divisor_starts_nothing(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_TIMER, V);
	fake_write(cpu, VIC_APIC_TIMER_DCR, 0xa);
	assert_false(fake_armed(cpu));
	start(cpu, V, 10);
	assert_true(passes(cpu, 10));
	fake_write(cpu, VIC_APIC_TIMER_DCR, 1);
	assert_int_equal(ccr(cpu), 0);
	assert_false(fake_armed(cpu));
	assert_false(passes(cpu, 1000));
}

/* APIC-59 */
static void apic_59_masked_expiry_is_lost(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int looks;

	(void)state;
	/* Whether or not somebody looked before it was unmasked. */
	for (looks = 0; looks < 2; looks++) {
		make(&vm, false);
		cpu = &vm.cpu[0];
		start(cpu, VIC_LVT_MASKED | V, 1000);
		assert_false(fake_armed(cpu));
		vm.ticks += 400;
		assert_int_equal(ccr(cpu), 600);
		vm.ticks += 600;
		if (looks)
			fake_alarm(cpu);
		fake_write(cpu, VIC_APIC_LVT_TIMER, V);
		assert_false(fake_armed(cpu));
		assert_false(passes(cpu, 0));
		assert_int_equal(ccr(cpu), 0);
		assert_false(passes(cpu, 1000));
	}
}

static void apic_59_periodic_keeps_its_phase(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int looks;

	(void)state;
	for (looks = 0; looks < 2; looks++) {
		make(&vm, true);
		cpu = &vm.cpu[0];
		start(cpu, VIC_LVT_PERIODIC | VIC_LVT_MASKED | V, 1000);
		vm.ticks += 2300;
		if (looks)
			fake_alarm(cpu);
		assert_int_equal(ccr(cpu), 700);
		fake_write(cpu, VIC_APIC_LVT_TIMER, VIC_LVT_PERIODIC | V);
		assert_int_equal(due(cpu), 700);
		assert_false(passes(cpu, 699));
		assert_true(passes(cpu, 1));
		assert_true(passes(cpu, 1000));
	}
}

/* Case 45: disabled by software it counts on, and nothing comes. */
static void software_disable_lets_it_count(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false);
	cpu = &vm.cpu[0];
	start(cpu, VIC_LVT_PERIODIC | V, 1000);
	assert_false(passes(cpu, 100));
	fake_write(cpu, VIC_APIC_SVR, 0xff);
	assert_false(fake_armed(cpu));
	assert_int_equal(ccr(cpu), 900);
	assert_false(passes(cpu, 1100));
	assert_int_equal(ccr(cpu), 800);
	fake_write(cpu, VIC_APIC_SVR, 0x1ff);
	assert_false(fake_armed(cpu));
	assert_false(passes(cpu, 1000));
	fake_write(cpu, VIC_APIC_LVT_TIMER, VIC_LVT_PERIODIC | V);
	assert_int_equal(due(cpu), 800);
	assert_true(passes(cpu, 800));
}

/* APIC-60 */
static void apic_60_one_interrupt_after_a_pause(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false);
	cpu = &vm.cpu[0];
	start(cpu, VIC_LVT_PERIODIC | V, 1000);
	assert_true(passes(cpu, 10400));
	assert_int_equal(ccr(cpu), 600);
	assert_int_equal(due(cpu), 600);
	assert_false(passes(cpu, 599));
	assert_true(passes(cpu, 1));
	/* Exactly on a period. */
	assert_true(passes(cpu, 7000));
	assert_int_equal(ccr(cpu), 1000);
	assert_int_equal(due(cpu), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(apic_51_divisors),
		FAKE_TEST(apic_51_wrmsr_of_bit_2_faults),
		FAKE_TEST(apic_52_ccr_starts_at_icr),
		FAKE_TEST(apic_52_the_longest_count),
		FAKE_TEST(ccr_is_read_only),
		FAKE_TEST(one_shot_fires_once),
		FAKE_TEST(periodic_fires_again),
		FAKE_TEST(apic_53_icr_starts_anew),
		FAKE_TEST(a_late_look_loses_nothing),
		FAKE_TEST(apic_54_the_count_goes_on),
		FAKE_TEST(the_reserved_mode_stops_it),
		FAKE_TEST(apic_58_a_new_divisor_keeps_the_count),
		FAKE_TEST(a_divisor_starts_nothing),
		FAKE_TEST(apic_59_masked_expiry_is_lost),
		FAKE_TEST(apic_59_periodic_keeps_its_phase),
		FAKE_TEST(software_disable_lets_it_count),
		FAKE_TEST(apic_60_one_interrupt_after_a_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
