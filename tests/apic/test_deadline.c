/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The timer's TSC-deadline mode: SDM vol. 3, 10.5.4.1. And what the embedder
 * hears of every deadline, by any clock that it may have: <vic/lapic.h>.
 */

#include "fake_vmm.h"

#define V 0x51u
#define TSC_MODE (VIC_LVT_TSC_DEADLINE | V)

static void make(struct fake_vm *vm, uint32_t flags)
{
	struct fake_spec spec = {.vcpus = 1, .lapic_flags = flags};

	fake_reset(NULL);
	fake_vm_make(vm, &spec);
	vm->tsc = 1000003;
	vm->ticks = 77;
}

static uint64_t read_deadline(struct fake_vcpu *cpu)
{
	uint64_t value = 1;

	assert_int_equal(
		vic_lapic_msr_read(cpu->lapic, VIC_MSR_TSC_DEADLINE, &value),
		VIC_ACCESS_DONE);
	return value;
}

static void expect_deadline(struct fake_vcpu *cpu, uint32_t clock, uint64_t at)
{
	struct vic_deadline deadline;

	assert_true(vic_lapic_deadline(cpu->lapic, &deadline));
	assert_int_equal(deadline.clock, clock);
	assert_true(deadline.at == at);
}

/* Set the TSC, look, and serve the interrupt if there is one. */
static bool fires_at(struct fake_vcpu *cpu, uint64_t tsc)
{
	cpu->vm->tsc = tsc;
	fake_alarm(cpu);
	return fake_complete_any(cpu, V);
}

/* APIC-57 */
static void apic_57_fires_when_the_tsc_is_there(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		make(&vm, x2apic ? VIC_LAPIC_X2APIC : 0);
		cpu = &vm.cpu[0];
		fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
		assert_int_equal(read_deadline(cpu), 0);
		assert_false(fake_armed(cpu));
		fake_write_deadline(cpu, 5000000);
		assert_int_equal(read_deadline(cpu), 5000000);
		expect_deadline(cpu, VIC_CLOCK_TSC, 5000000);
		assert_false(fires_at(cpu, 4999999));
		assert_int_equal(read_deadline(cpu), 5000000);
		assert_true(fires_at(cpu, 5000000));
		assert_int_equal(read_deadline(cpu), 0);
		assert_false(fake_armed(cpu));
		assert_false(fires_at(cpu, 6000000));
		/* A later one takes the place of an earlier one. */
		fake_write_deadline(cpu, 7000000);
		fake_write_deadline(cpu, 8000000);
		assert_false(fires_at(cpu, 7500000));
		assert_true(fires_at(cpu, 8000001));
	}
}

static void apic_57_a_deadline_in_the_past(void **state)
{
	static const uint64_t pasts[] = {1, 1000002, 1000003};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(pasts); i++) {
		make(&vm, 0);
		cpu = &vm.cpu[0];
		fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
		fake_write_deadline(cpu, pasts[i]);
		/* At once, without any alarm. */
		fake_complete(cpu, V);
		assert_int_equal(read_deadline(cpu), 0);
		assert_false(fake_armed(cpu));
		assert_false(fires_at(cpu, vm.tsc + 5));
	}
}

static void apic_57_zero_disarms(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
	fake_write_deadline(cpu, 2000000);
	fake_write_deadline(cpu, 0);
	assert_int_equal(read_deadline(cpu), 0);
	assert_false(fake_armed(cpu));
	assert_false(fires_at(cpu, 2000000));
	assert_false(fires_at(cpu, UINT64_MAX));
}

static void apic_57_the_end_of_time(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
	fake_write_deadline(cpu, UINT64_MAX);
	expect_deadline(cpu, VIC_CLOCK_TSC, UINT64_MAX);
	assert_false(fires_at(cpu, UINT64_MAX - 1));
	assert_true(fires_at(cpu, UINT64_MAX));
}

/* A deadline that has passed is seen without an alarm. */
static void a_late_look_loses_nothing(void **state)
{
	static const struct {
		uint32_t lvt;
		uint64_t deadline;
	} stores[] = {
		{TSC_MODE, 0},
		{TSC_MODE, UINT64_MAX},
		{VIC_LVT_MASKED | TSC_MODE, UINT64_MAX},
		{VIC_LVT_TSC_DEADLINE | 0x61, 0},
		{V, 0},
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(stores); i++) {
		make(&vm, i & 1 ? VIC_LAPIC_X2APIC : 0);
		cpu = &vm.cpu[0];
		fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
		fake_write_deadline(cpu, 2000000);
		vm.tsc = 2000001;
		fake_write(cpu, VIC_APIC_LVT_TIMER, stores[i].lvt);
		fake_write_deadline(cpu, stores[i].deadline);
		fake_alarm(cpu);
		fake_complete(cpu, V);
		assert_int_equal(fake_deliverable(cpu), 0);
	}
	make(&vm, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
	fake_write_deadline(cpu, 2000000);
	vm.tsc = 2000000;
	assert_int_equal(read_deadline(cpu), 0);
	fake_complete(cpu, V);
}

/* APIC-55 */
static void apic_55_entering_and_leaving_disarms(void **state)
{
	static const uint32_t counting[] = {V, VIC_LVT_PERIODIC | V,
					    VIC_LVT_TIMER_MODE | V};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(counting); i++) {
		make(&vm, i & 1 ? VIC_LAPIC_X2APIC : 0);
		cpu = &vm.cpu[0];
		fake_write(cpu, VIC_APIC_LVT_TIMER, counting[i]);
		fake_write(cpu, VIC_APIC_TIMER_ICR, 1000);
		fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
		assert_false(fake_armed(cpu));
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_ICR), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_CCR), 0);
		vm.ticks += 5000;
		assert_false(fires_at(cpu, 2000000));
		fake_write_deadline(cpu, 3000000);
		fake_write(cpu, VIC_APIC_LVT_TIMER, counting[i]);
		assert_false(fake_armed(cpu));
		assert_int_equal(read_deadline(cpu), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_ICR), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_CCR), 0);
		vm.ticks += 5000;
		assert_false(fires_at(cpu, 4000000));
		/* It does not come back either. */
		fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
		assert_int_equal(read_deadline(cpu), 0);
		assert_false(fake_armed(cpu));
	}
}

static void apic_55_the_same_mode_keeps_it(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_TIMER, VIC_LVT_TSC_DEADLINE | 0x61);
	fake_write_deadline(cpu, 2000000);
	fake_write(cpu, VIC_APIC_LVT_TIMER, VIC_LVT_MASKED | TSC_MODE);
	assert_int_equal(read_deadline(cpu), 2000000);
	assert_false(fake_armed(cpu));
	fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
	expect_deadline(cpu, VIC_CLOCK_TSC, 2000000);
	assert_true(fires_at(cpu, 2000000));
}

/* APIC-56 */
static void apic_56_no_count_in_tsc_deadline_mode(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		make(&vm, x2apic ? VIC_LAPIC_X2APIC : 0);
		cpu = &vm.cpu[0];
		fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
		fake_write_deadline(cpu, 2000000);
		fake_write(cpu, VIC_APIC_TIMER_ICR, 10);
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_ICR), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_CCR), 0);
		fake_write(cpu, VIC_APIC_TIMER_DCR, 3);
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_DCR), 3);
		expect_deadline(cpu, VIC_CLOCK_TSC, 2000000);
		vm.ticks += 1000;
		assert_false(fires_at(cpu, 1999999));
		/* Nor is one left for another mode. */
		fake_write(cpu, VIC_APIC_LVT_TIMER, V);
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_ICR), 0);
		assert_false(fake_armed(cpu));
	}
}

static void apic_56_no_deadline_in_other_modes(void **state)
{
	static const uint32_t lvts[] = {V, VIC_LVT_PERIODIC | V,
					VIC_LVT_MASKED};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(lvts); i++) {
		make(&vm, i & 1 ? VIC_LAPIC_X2APIC : 0);
		cpu = &vm.cpu[0];
		fake_write(cpu, VIC_APIC_LVT_TIMER, lvts[i]);
		fake_write_deadline(cpu, 2000000);
		assert_int_equal(read_deadline(cpu), 0);
		assert_false(fake_armed(cpu));
		assert_false(fires_at(cpu, 3000000));
		fake_write_deadline(cpu, 1);
		assert_false(fires_at(cpu, 3000001));
		fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
		assert_int_equal(read_deadline(cpu), 0);
	}
}

static void apic_56_hardware_disabled(void **state)
{
	const uint64_t base = VIC_APIC_BASE_RESET | VIC_APIC_BASE_BSP;
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
	fake_write_deadline(cpu, 2000000);
	fake_write_base(cpu, base);
	assert_int_equal(read_deadline(cpu), 0);
	assert_false(fake_armed(cpu));
	fake_write_deadline(cpu, 3000000);
	assert_int_equal(read_deadline(cpu), 0);
	assert_false(fires_at(cpu, 3000000));
	fake_write_base(cpu, base | VIC_APIC_BASE_EN);
	assert_int_equal(read_deadline(cpu), 0);
	fake_write(cpu, VIC_APIC_SVR, 0x1ff);
	assert_false(fires_at(cpu, 4000000));
}

static void apic_56_without_the_mode(void **state)
{
	struct fake_vm vm;
	uint64_t value;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		make(&vm, VIC_LAPIC_NO_TSC_DEADLINE |
				  (x2apic ? VIC_LAPIC_X2APIC : 0u));
		assert_int_equal(vic_lapic_msr_read(vm.cpu[0].lapic,
						    VIC_MSR_TSC_DEADLINE,
						    &value),
				 VIC_ACCESS_FOREIGN);
		assert_int_equal(vic_lapic_msr_write(vm.cpu[0].lapic,
						     VIC_MSR_TSC_DEADLINE, 1),
				 VIC_ACCESS_FOREIGN);
		assert_int_equal(fake_todo(&vm.cpu[0]), 0);
	}
}

/* Case 59, by this clock. */
static void masked_deadline_is_lost(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int looks;

	(void)state;
	for (looks = 0; looks < 2; looks++) {
		make(&vm, 0);
		cpu = &vm.cpu[0];
		fake_write(cpu, VIC_APIC_LVT_TIMER, VIC_LVT_MASKED | TSC_MODE);
		fake_write_deadline(cpu, 2000000);
		assert_false(fake_armed(cpu));
		vm.tsc = 2000000;
		if (looks)
			fake_alarm(cpu);
		fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
		assert_int_equal(read_deadline(cpu), 0);
		assert_false(fires_at(cpu, 3000000));
	}
}

static void init_stops_the_timer(void **state)
{
	static const uint32_t lvts[] = {V, VIC_LVT_PERIODIC | V, TSC_MODE};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;
	int power_up;

	(void)state;
	for (i = 0; i < FAKE_COUNT(lvts); i++)
		for (power_up = 0; power_up < 2; power_up++) {
			make(&vm, 0);
			cpu = &vm.cpu[0];
			fake_write(cpu, VIC_APIC_LVT_TIMER, lvts[i]);
			fake_write(cpu, VIC_APIC_TIMER_ICR, 1000);
			fake_write_deadline(cpu, 2000000);
			assert_true(fake_armed(cpu));
			assert_true(fake_told(cpu));
			if (power_up) {
				vic_lapic_reset(cpu->lapic);
			} else {
				fake_request(cpu, VIC_REQUEST_INIT, 0);
				fake_harvest(cpu);
				assert_int_equal(vic_lapic_ack_init(cpu->lapic),
						 VIC_OK);
			}
			assert_false(fake_armed(cpu));
			assert_true(fake_told(cpu));
			fake_vcpu_start(cpu);
			/* No mode finds anything left. */
			fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
			assert_int_equal(read_deadline(cpu), 0);
			fake_write(cpu, VIC_APIC_LVT_TIMER,
				   VIC_LVT_PERIODIC | V);
			assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_CCR), 0);
			vm.ticks += 5000;
			assert_false(fires_at(cpu, 3000000));
		}
}

/* Case 2: the timer runs on into x2APIC mode. */
static void the_mode_of_the_apic_is_no_matter(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_TIMER, TSC_MODE);
	fake_write_deadline(cpu, 2000000);
	fake_x2apic(cpu);
	assert_int_equal(read_deadline(cpu), 2000000);
	assert_true(fires_at(cpu, 2000000));
	make(&vm, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_TIMER, VIC_LVT_PERIODIC | V);
	fake_write(cpu, VIC_APIC_TIMER_ICR, 1000);
	vm.ticks += 600;
	fake_x2apic(cpu);
	assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_CCR), 700);
	vm.ticks += 1400;
	assert_true(fires_at(cpu, vm.tsc));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(apic_57_fires_when_the_tsc_is_there),
		FAKE_TEST(apic_57_a_deadline_in_the_past),
		FAKE_TEST(apic_57_zero_disarms),
		FAKE_TEST(apic_57_the_end_of_time),
		FAKE_TEST(a_late_look_loses_nothing),
		FAKE_TEST(apic_55_entering_and_leaving_disarms),
		FAKE_TEST(apic_55_the_same_mode_keeps_it),
		FAKE_TEST(apic_56_no_count_in_tsc_deadline_mode),
		FAKE_TEST(apic_56_no_deadline_in_other_modes),
		FAKE_TEST(apic_56_hardware_disabled),
		FAKE_TEST(apic_56_without_the_mode),
		FAKE_TEST(masked_deadline_is_lost),
		FAKE_TEST(init_stops_the_timer),
		FAKE_TEST(the_mode_of_the_apic_is_no_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
