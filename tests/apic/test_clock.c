/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The timer and its embedder, as <vic/lapic.h> tells it: who is told of a
 * deadline and when, and clocks that jump, stand still or do not exist.
 */

#include "fake_vmm.h"

#define V 0x51u

static void make(struct fake_vm *vm, const struct vic_vcpu_ops *ops)
{
	struct fake_spec spec = {.vcpus = 1, .ops = ops};

	fake_reset(NULL);
	fake_vm_make(vm, &spec);
}

/* Divide by 1. */
static void start(struct fake_vcpu *cpu, uint32_t lvt, uint32_t count)
{
	fake_write(cpu, VIC_APIC_LVT_TIMER, lvt);
	fake_write(cpu, VIC_APIC_TIMER_DCR, 0xb);
	fake_write(cpu, VIC_APIC_TIMER_ICR, count);
}

static uint32_t ccr(struct fake_vcpu *cpu)
{
	return (uint32_t)fake_read(cpu, VIC_APIC_TIMER_CCR);
}

static void every_change_is_told(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, NULL);
	cpu = &vm.cpu[0];
	fake_told(cpu);
	start(cpu, V, 1000);
	assert_true(fake_told(cpu));
	fake_write(cpu, VIC_APIC_TIMER_ICR, 2000);
	assert_true(fake_told(cpu));
	fake_write(cpu, VIC_APIC_TIMER_DCR, 0);
	assert_true(fake_told(cpu));
	fake_write(cpu, VIC_APIC_LVT_TIMER, VIC_LVT_MASKED | V);
	assert_true(fake_told(cpu));
	fake_write(cpu, VIC_APIC_LVT_TIMER, V);
	assert_true(fake_told(cpu));
	fake_write(cpu, VIC_APIC_SVR, 0xff);
	assert_true(fake_told(cpu));
	fake_write(cpu, VIC_APIC_SVR, 0x1ff);
	fake_write(cpu, VIC_APIC_LVT_TIMER, V);
	assert_true(fake_told(cpu));
	fake_write(cpu, VIC_APIC_TIMER_ICR, 0);
	assert_true(fake_told(cpu));
	/* The next period of a periodic one is a new deadline. */
	start(cpu, VIC_LVT_PERIODIC | V, 1000);
	assert_true(fake_told(cpu));
	vm.ticks += 1000;
	fake_request(cpu, VIC_REQUEST_TIMER, 0);
	assert_true(fake_told(cpu));
	fake_write(cpu, VIC_APIC_LVT_TIMER, VIC_LVT_TSC_DEADLINE | V);
	assert_true(fake_told(cpu));
	fake_write_deadline(cpu, 5000);
	assert_true(fake_told(cpu));
	fake_write_deadline(cpu, 6000);
	assert_true(fake_told(cpu));
	fake_write_deadline(cpu, 0);
	assert_true(fake_told(cpu));
}

/* Accesses that leave the deadline alone are no news. */
static void nothing_new_is_not_told(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, NULL);
	cpu = &vm.cpu[0];
	start(cpu, V, 1000);
	assert_true(fake_told(cpu));
	vm.ticks += 10;
	assert_int_equal(ccr(cpu), 990);
	assert_false(fake_told(cpu));
	fake_write(cpu, VIC_APIC_TPR, 0x10);
	fake_serve(&vm, cpu, 0x91);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_false(fake_told(cpu));
}

/* The embedder has no alarm any more, and must set another one. */
static void too_early_is_told(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct vic_deadline deadline;

	(void)state;
	make(&vm, NULL);
	cpu = &vm.cpu[0];
	start(cpu, V, 1000);
	assert_true(fake_told(cpu));
	vm.ticks += 999;
	fake_request(cpu, VIC_REQUEST_TIMER, 0);
	assert_true(fake_told(cpu));
	assert_true(vic_lapic_deadline(cpu->lapic, &deadline));
	assert_int_equal(deadline.at, vm.ticks + 1);
	assert_int_equal(fake_deliverable(cpu), 0);
	vm.ticks++;
	fake_alarm(cpu);
	fake_complete(cpu, V);
}

static void a_change_keeps_it_from_sleeping(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, NULL);
	cpu = &vm.cpu[0];
	fake_told(cpu);
	start(cpu, V, 1000);
	assert_false(vic_lapic_block(cpu->lapic, FAKE_CAN_ALL));
	fake_told(cpu);
	assert_true(vic_lapic_block(cpu->lapic, FAKE_CAN_ALL));
	assert_int_equal(
		vic_vcpu_request(cpu->vcpu, &vm.device, VIC_REQUEST_TIMER, 0),
		VIC_POST_WOKEN);
	vic_vcpu_unblock(cpu->vcpu);
	/* Too early: no harm. */
	assert_true(fake_told(cpu));
	assert_true(vic_lapic_block(cpu->lapic, FAKE_CAN_ALL));
	vm.ticks += 1000;
	fake_request(cpu, VIC_REQUEST_TIMER, 0);
	vic_vcpu_unblock(cpu->vcpu);
	assert_false(vic_lapic_block(cpu->lapic, FAKE_CAN_ALL));
	assert_int_equal(fake_deliverable(cpu), V);
}

/* An embedder that does what the header says, and nothing else. */
static void an_embedder(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct vic_deadline deadline = {0};
	struct vic_work work;
	uint32_t fired = 0;
	bool set = false;
	uint64_t early;
	int i;

	(void)state;
	make(&vm, NULL);
	cpu = &vm.cpu[0];
	vm.ticks = 12345;
	start(cpu, VIC_LVT_PERIODIC | V, 1000);
	for (i = 0; i < 1000; i++) {
		vic_lapic_scan(cpu->lapic, VIC_CAN_IRQ, &work);
		if (work.flags & VIC_WORK_IRQ) {
			assert_int_equal(work.vector, V);
			assert_int_equal(vic_lapic_ack(cpu->lapic, V), VIC_OK);
			fake_write(cpu, VIC_APIC_EOI, 0);
			fired++;
			assert_int_equal(vm.ticks, 12345 + fired * 1000);
		}
		if (work.flags & VIC_WORK_TIMER)
			set = vic_lapic_deadline(cpu->lapic, &deadline);
		if (work.flags & (VIC_WORK_IRQ | VIC_WORK_TIMER))
			continue;
		/* It sleeps until its timer goes off. */
		assert_true(set);
		assert_true(vic_lapic_block(cpu->lapic, VIC_CAN_IRQ));
		assert_true(deadline.at > vm.ticks);
		/* Now and then too early. */
		early = i % 7 ? 0 : (deadline.at - vm.ticks) / 2;
		vm.ticks = deadline.at - early;
		fake_request(cpu, VIC_REQUEST_TIMER, 0);
		vic_vcpu_unblock(cpu->vcpu);
	}
	assert_true(fired >= 300);
}

/* However far time has jumped: no loop, one interrupt. */
static void far_ahead(void **state)
{
	static const uint64_t jumps[] = {
		UINT64_C(1) << 32,
		UINT64_C(1) << 40,
		(UINT64_C(1) << 63) - 1,
	};
	static const uint32_t counts[] = {1, 7, 0xffffffff};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i, j;
	int periodic;

	(void)state;
	for (periodic = 0; periodic < 2; periodic++)
		for (i = 0; i < FAKE_COUNT(jumps); i++)
			for (j = 0; j < FAKE_COUNT(counts); j++) {
				uint64_t at = jumps[i] % counts[j];

				make(&vm, NULL);
				cpu = &vm.cpu[0];
				start(cpu,
				      (periodic ? VIC_LVT_PERIODIC : 0) | V,
				      counts[j]);
				vm.ticks += jumps[i];
				fake_alarm(cpu);
				fake_complete(cpu, V);
				assert_int_equal(fake_deliverable(cpu), 0);
				assert_int_equal(ccr(cpu),
						 periodic ? counts[j] - at : 0);
			}
}

/* At the end of 64 bits, and beyond, nothing breaks. */
static void the_clock_wraps(void **state)
{
	static const uint64_t nows[] = {UINT64_MAX - 5, UINT64_MAX,       0, 3,
					2000,           UINT64_C(1) << 63};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct vic_deadline deadline;
	size_t i;
	int periodic;

	(void)state;
	for (periodic = 0; periodic < 2; periodic++) {
		make(&vm, NULL);
		cpu = &vm.cpu[0];
		vm.ticks = UINT64_MAX - 5;
		start(cpu, (periodic ? VIC_LVT_PERIODIC : 0) | V, 100);
		assert_int_equal(ccr(cpu), 100);
		for (i = 0; i < FAKE_COUNT(nows); i++) {
			vm.ticks = nows[i];
			assert_true(ccr(cpu) <= 100);
			if (vic_lapic_deadline(cpu->lapic, &deadline))
				assert_int_equal(deadline.clock, VIC_CLOCK_BUS);
			fake_alarm(cpu);
			if (fake_deliverable(cpu))
				fake_complete(cpu, V);
			assert_int_equal(fake_deliverable(cpu), 0);
		}
	}
}

/* Against the contract, and yet no reason to break. */
static void the_clock_goes_back(void **state)
{
	static const uint32_t lvts[] = {V, VIC_LVT_PERIODIC | V,
					VIC_LVT_TSC_DEADLINE | V};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct vic_deadline deadline;
	size_t i;
	int look;

	(void)state;
	for (i = 0; i < FAKE_COUNT(lvts); i++) {
		uint32_t clock = lvts[i] & VIC_LVT_TSC_DEADLINE ? VIC_CLOCK_TSC
								: VIC_CLOCK_BUS;

		make(&vm, NULL);
		cpu = &vm.cpu[0];
		vm.ticks = 1000000;
		vm.tsc = 1000000;
		start(cpu, lvts[i], 1000);
		fake_write_deadline(cpu, 1000500);
		vm.ticks = 1000400;
		for (look = 0; look < 3; look++) {
			assert_true(ccr(cpu) <= 1000);
			if (vic_lapic_deadline(cpu->lapic, &deadline))
				assert_int_equal(deadline.clock, clock);
			fake_alarm(cpu);
			fake_write(cpu, VIC_APIC_TIMER_DCR, 0xb);
			if (fake_deliverable(cpu))
				fake_complete(cpu, V);
			assert_int_equal(fake_deliverable(cpu), 0);
			vm.ticks = look ? 0 : 999999;
			vm.tsc = look ? 0 : 999999;
		}
		/* A new start counts from where the clock is. */
		vm.ticks = 500;
		fake_write(cpu, VIC_APIC_LVT_TIMER, V);
		fake_write(cpu, VIC_APIC_TIMER_ICR, 1000);
		vm.ticks = 1500;
		fake_alarm(cpu);
		fake_complete(cpu, V);
	}
}

/* Without vic_vcpu_ops.now no time passes. */
static void no_clock(void **state)
{
	static const uint32_t lvts[] = {V, VIC_LVT_PERIODIC | V,
					VIC_LVT_TSC_DEADLINE | V};
	struct vic_vcpu_ops ops = fake_ops;
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;

	(void)state;
	ops.now = NULL;
	for (i = 0; i < FAKE_COUNT(lvts); i++) {
		bool count = !(lvts[i] & VIC_LVT_TSC_DEADLINE);

		make(&vm, &ops);
		cpu = &vm.cpu[0];
		start(cpu, lvts[i], 1);
		fake_write_deadline(cpu, 1);
		assert_int_equal(ccr(cpu), count);
		fake_alarm(cpu);
		assert_int_equal(fake_deliverable(cpu), 0);
		fake_write(cpu, VIC_APIC_TIMER_DCR, 3);
		fake_alarm(cpu);
		assert_int_equal(fake_deliverable(cpu), 0);
		assert_int_equal(ccr(cpu), count);
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_ICR), count);
	}
}

/* What another thread does while this vCPU's reads the clock. */
static enum vic_request meanwhile;
static uint8_t meanwhile_argument;
static bool happens;

static uint64_t read_and_request(void *opaque, uint32_t clock)
{
	struct fake_vcpu *cpu = opaque;

	if (happens)
		fake_request(cpu, meanwhile, meanwhile_argument);
	happens = false;
	return fake_ops.now(opaque, clock);
}

/* A scan takes what comes while it runs, or it is news to the entry. */
static void what_comes_while_it_looks(void **state)
{
	static const struct {
		enum vic_request request;
		uint8_t argument, vector;
	} rows[] = {
		{VIC_REQUEST_TIMER, 0, 0},      {VIC_REQUEST_PERF, 0, 0x61},
		{VIC_REQUEST_THERMAL, 0, 0x62}, {VIC_REQUEST_LINT0, 1, 0x63},
		{VIC_REQUEST_LINT1, 1, 0x64},   {VIC_REQUEST_ESR, 0x80, 0x65},
	};
	struct vic_vcpu_ops ops = fake_ops;
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;

	(void)state;
	ops.now = read_and_request;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		make(&vm, &ops);
		cpu = &vm.cpu[0];
		fake_write(cpu, VIC_APIC_LVT_PERF, 0x61);
		fake_write(cpu, VIC_APIC_LVT_THERMAL, 0x62);
		fake_write(cpu, VIC_APIC_LVT_LINT0, 0x63);
		fake_write(cpu, VIC_APIC_LVT_LINT1, 0x64);
		fake_write(cpu, VIC_APIC_LVT_ERROR, 0x65);
		start(cpu, V, 1000);
		fake_told(cpu);
		meanwhile = rows[i].request;
		meanwhile_argument = rows[i].argument;
		fake_request(cpu, VIC_REQUEST_TIMER, 0);
		happens = true;
		if (fake_deliverable(cpu) == 0)
			assert_int_equal(vic_vcpu_enter(cpu->vcpu),
					 VIC_ENTER_AGAIN);
		assert_false(happens);
		assert_int_equal(fake_deliverable(cpu), rows[i].vector);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(every_change_is_told),
		FAKE_TEST(nothing_new_is_not_told),
		FAKE_TEST(too_early_is_told),
		FAKE_TEST(a_change_keeps_it_from_sleeping),
		FAKE_TEST(an_embedder),
		FAKE_TEST(far_ahead),
		FAKE_TEST(the_clock_wraps),
		FAKE_TEST(the_clock_goes_back),
		FAKE_TEST(no_clock),
		FAKE_TEST(what_comes_while_it_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
