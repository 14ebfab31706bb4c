/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The state of one interrupt: IHI 0069, 4.1 (state machine), 4.7 and 4.8,
 * GICD_ISPENDR<n>, GICD_ICPENDR<n>, GICD_SETSPI_NSR. Where it goes is in
 * test_route.c.
 */

#include "fake_gic.h"

/* A PPI, an SPI, and one of each extended range. */
static const uint32_t kinds[] = {20, 40, 1060, 4100};

static void make(struct fake_gic *vm, uint32_t vcpus)
{
	struct fake_gic_spec spec = {.vcpus = vcpus, .espis = 32, .eppis = 32};

	fake_gic_make(vm, &spec);
}

static bool pending(struct fake_gic_cpu *cpu, uint32_t intid)
{
	bool registers = fake_gic_get(cpu, FAKE_SET_PENDING, intid);

	assert_int_equal(fake_gic_get(cpu, FAKE_CLEAR_PENDING, intid),
			 registers);
	assert_int_equal(fake_gic_peek(cpu, intid).pending, registers);
	return registers;
}

static bool active(struct fake_gic_cpu *cpu, uint32_t intid)
{
	bool registers = fake_gic_get(cpu, FAKE_SET_ACTIVE, intid);

	assert_int_equal(fake_gic_get(cpu, FAKE_CLEAR_ACTIVE, intid),
			 registers);
	assert_int_equal(fake_gic_peek(cpu, intid).active, registers);
	return registers;
}

static void an_edge_is_pending_until_acknowledged(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(kinds); i++) {
		uint32_t intid = kinds[i];

		fake_gic_ready(cpu, intid, 0x80);
		assert_int_not_equal(fake_gic_line(cpu, intid, true),
				     VIC_POST_MERGED);
		/* The line is high already; then it falls. */
		assert_int_equal(fake_gic_line(cpu, intid, true),
				 VIC_POST_MERGED);
		fake_gic_line(cpu, intid, false);
		assert_true(pending(cpu, intid));
		/* A second edge merges. */
		assert_int_equal(fake_gic_pulse(cpu, intid), VIC_POST_MERGED);
		fake_gic_acknowledge(cpu, intid);
		assert_false(pending(cpu, intid));
		assert_true(active(cpu, intid));
		fake_gic_complete(cpu, intid);
		assert_false(active(cpu, intid));
		/* A high line alone is no edge. */
		fake_gic_line(cpu, intid, true);
		fake_gic_runs_one(cpu, intid);
		fake_gic_runs_none(cpu);
		fake_gic_line(cpu, intid, false);
		fake_gic_runs_none(cpu);
		assert_int_equal(cpu->eois, 0);
	}
}

static void a_level_is_pending_while_high(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(kinds); i++) {
		uint32_t intid = kinds[i];

		fake_gic_ready_level(cpu, intid, 0x80);
		fake_gic_line(cpu, intid, true);
		assert_true(pending(cpu, intid));
		assert_true(fake_gic_peek(cpu, intid).level);
		fake_gic_line(cpu, intid, false);
		assert_false(pending(cpu, intid));
		fake_gic_runs_none(cpu);
		fake_gic_line(cpu, intid, true);
		fake_gic_acknowledge(cpu, intid);
		/* Active and pending while the line is high. */
		assert_true(pending(cpu, intid) && active(cpu, intid));
		fake_gic_line(cpu, intid, false);
		assert_false(pending(cpu, intid));
		assert_true(active(cpu, intid));
		fake_gic_complete(cpu, intid);
		fake_gic_runs_none(cpu);
	}
}

static void a_line_that_stays_high_comes_again(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t n;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	fake_gic_ready_level(cpu, 40, 0x80);
	fake_gic_line(cpu, 40, true);
	for (n = 0; n < 3; n++) {
		fake_gic_acknowledge(cpu, 40);
		/* Not again while it is active. */
		fake_gic_enter(cpu);
		assert_int_equal(fake_gic_take(cpu), VIC_INTID_NONE);
		fake_gic_leave(cpu);
		assert_int_equal(cpu->eois, n);
		fake_gic_complete(cpu, 40);
		assert_int_equal(cpu->eois, n + 1);
		assert_int_equal(cpu->eoi_source, VIC_EOI_GIC);
		assert_int_equal(cpu->eoi_number, 40);
		assert_true(pending(cpu, 40));
	}
	fake_gic_line(cpu, 40, false);
	fake_gic_runs_none(cpu);
}

/* eoi may post, and its answer counts at once. */
static void eoi_may_lower_the_line(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	cpu->eoi_lowers = true;
	fake_gic_ready_level(cpu, 40, 0x80);
	fake_gic_line(cpu, 40, true);
	fake_gic_runs_one(cpu, 40);
	assert_int_equal(cpu->eois, 1);
	assert_false(pending(cpu, 40));
}

static void sources_are_ored(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t source;
	size_t i;
	int edge;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(kinds); i++)
		for (edge = 0; edge < 2; edge++) {
			uint32_t intid = kinds[i];

			fake_gic_edge(cpu, intid, edge);
			for (source = 0; source < 63; source++)
				vic_gic_line_set(vm.gic, cpu->gicr, &vm.device,
						 intid, source, true);
			/* Of an edge only the first one counts. */
			fake_gic_set(cpu, FAKE_CLEAR_PENDING, intid);
			assert_int_equal(pending(cpu, intid), !edge);
			for (source = 0; source < 63; source++) {
				assert_true(fake_gic_peek(cpu, intid).level);
				vic_gic_line_set(vm.gic, cpu->gicr, &vm.device,
						 intid, source, false);
				assert_int_equal(pending(cpu, intid),
						 !edge && source < 62);
			}
			assert_false(fake_gic_peek(cpu, intid).level);
		}
}

static void lines_that_do_not_exist(void **state)
{
	static const uint32_t none[] = {
		0,    15,   96,   1019, 1020, 1023, 1024,  1055,
		1088, 4095, 4128, 5120, 8191, 8192, 65536, UINT32_MAX};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(none); i++)
		assert_int_equal(fake_gic_line(cpu, none[i], true),
				 VIC_POST_REFUSED);
	for (i = 0; i < FAKE_COUNT(kinds); i++) {
		assert_int_equal(vic_gic_line_set(vm.gic, cpu->gicr, &vm.device,
						  kinds[i], 63, true),
				 VIC_POST_REFUSED);
		assert_int_equal(vic_gic_line_set(vm.gic, cpu->gicr, &vm.device,
						  kinds[i], UINT32_MAX, true),
				 VIC_POST_REFUSED);
		assert_false(pending(cpu, kinds[i]));
	}
	/* A PPI is somebody's. */
	assert_int_equal(
		vic_gic_line_set(vm.gic, NULL, &vm.device, 20, 0, true),
		VIC_POST_REFUSED);
	assert_int_not_equal(
		vic_gic_line_set(vm.gic, NULL, &vm.device, 40, 0, true),
		VIC_POST_REFUSED);
	assert_true(pending(cpu, 40));
}

/* GIC-11 */
static void gic_11_the_latch_is_ored_with_the_line(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(kinds); i++) {
		uint32_t intid = kinds[i];

		fake_gic_ready_level(cpu, intid, 0x80);
		fake_gic_set(cpu, FAKE_SET_PENDING, intid);
		assert_true(pending(cpu, intid));
		/* The line comes and goes; the latch stays. */
		fake_gic_pulse(cpu, intid);
		assert_true(pending(cpu, intid));
		fake_gic_set(cpu, FAKE_CLEAR_PENDING, intid);
		assert_false(pending(cpu, intid));
		/* ICPENDR does not reach the line. */
		fake_gic_line(cpu, intid, true);
		fake_gic_set(cpu, FAKE_SET_PENDING, intid);
		fake_gic_set(cpu, FAKE_CLEAR_PENDING, intid);
		assert_true(pending(cpu, intid));
		fake_gic_line(cpu, intid, false);
		assert_false(pending(cpu, intid));
	}
	fake_gic_runs_none(cpu);
}

static void gic_11_acknowledging_clears_the_latch(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	fake_gic_ready_level(cpu, 40, 0x80);
	fake_gic_set(cpu, FAKE_SET_PENDING, 40);
	fake_gic_acknowledge(cpu, 40);
	assert_false(pending(cpu, 40));
	fake_gic_complete(cpu, 40);
	fake_gic_runs_none(cpu);
	/* With the line high: the line alone is left. */
	fake_gic_line(cpu, 40, true);
	fake_gic_set(cpu, FAKE_SET_PENDING, 40);
	fake_gic_acknowledge(cpu, 40);
	assert_true(pending(cpu, 40));
	fake_gic_line(cpu, 40, false);
	assert_false(pending(cpu, 40));
	fake_gic_complete(cpu, 40);
	fake_gic_runs_none(cpu);
}

/* GIC-13 */
static void gic_13_active_and_pending_comes_once_more(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;
	int how;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(kinds); i++)
		for (how = 0; how < 3; how++) {
			uint32_t intid = kinds[i];

			fake_gic_set(cpu, FAKE_DISABLE, intid);
			if (how == 2)
				fake_gic_ready_level(cpu, intid, 0x80);
			else
				fake_gic_ready(cpu, intid, 0x80);
			fake_gic_set(cpu, FAKE_SET_PENDING, intid);
			fake_gic_acknowledge(cpu, intid);
			if (how == 0) {
				fake_gic_pulse(cpu, intid);
				fake_gic_pulse(cpu, intid);
			}
			fake_gic_set(cpu, FAKE_SET_PENDING, intid);
			assert_true(pending(cpu, intid));
			assert_true(active(cpu, intid));
			fake_gic_enter(cpu);
			assert_int_equal(fake_gic_take(cpu), VIC_INTID_NONE);
			fake_gic_leave(cpu);
			fake_gic_complete(cpu, intid);
			assert_false(active(cpu, intid));
			fake_gic_runs_one(cpu, intid);
			fake_gic_runs_none(cpu);
		}
}

/* The second edge comes while the guest runs with the first one active. */
static void gic_13_an_edge_while_it_is_served(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_pulse(cpu, 40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_pulse(cpu, 40);
	fake_gic_eoi(cpu, 40);
	fake_gic_leave(cpu);
	fake_gic_runs_one(cpu, 40);
	fake_gic_runs_none(cpu);
}

/*
 * GIC-13: given as active and pending it may end twice before an exit. The
 * latch is spent by that, and what the line does meanwhile is not lost.
 */
static void two_ends_of_a_level_before_one_exit(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t intid;
	int n;

	(void)state;
	for (n = 0; n < 16; n++) {
		intid = kinds[n % 4];
		fake_gic_reset(NULL);
		make(&vm, 1);
		cpu = &vm.cpu[0];
		fake_gic_ready_level(cpu, intid, 0x80);
		fake_gic_line(cpu, intid, true);
		fake_gic_acknowledge(cpu, intid);
		fake_gic_line(cpu, intid, (n & 4) != 0);
		fake_gic_set(cpu, FAKE_SET_PENDING, intid);
		fake_gic_enter(cpu);
		assert_int_equal(fake_gic_lr_state(cpu, intid), 3);
		fake_gic_eoi(cpu, intid);
		assert_int_equal(fake_gic_take(cpu), intid);
		fake_gic_line(cpu, intid, (n & 8) != 0);
		fake_gic_eoi(cpu, intid);
		fake_gic_leave(cpu);
		assert_in_range(cpu->eois, 1, 2);
		assert_int_equal(vic_vcpu_counters(cpu->vcpu)->eois, 2);
		assert_int_equal(cpu->eoi_number, intid);
		assert_false(active(cpu, intid));
		assert_int_equal(pending(cpu, intid), n >= 8);
		fake_gic_line(cpu, intid, false);
		fake_gic_runs_none(cpu);
	}
}

/* GIC-14 */
static void gic_14_a_guest_writes_its_own_active_bits(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(kinds); i++) {
		uint32_t intid = kinds[i];

		fake_gic_ready(cpu, intid, 0x80);
		fake_gic_set(cpu, FAKE_SET_ACTIVE, intid);
		fake_gic_pulse(cpu, intid);
		fake_gic_runs_none(cpu);
		assert_true(pending(cpu, intid) && active(cpu, intid));
		fake_gic_set(cpu, FAKE_CLEAR_ACTIVE, intid);
		assert_true(pending(cpu, intid));
		fake_gic_runs_one(cpu, intid);
		/* Acknowledged, and cleared by hand. */
		fake_gic_pulse(cpu, intid);
		fake_gic_acknowledge(cpu, intid);
		fake_gic_set(cpu, FAKE_CLEAR_ACTIVE, intid);
		assert_false(active(cpu, intid));
		fake_gic_enter(cpu);
		assert_int_equal(fake_gic_lr_state(cpu, intid), 0);
		/* The drop of the running priority is still due. */
		fake_gic_eoi(cpu, intid);
		fake_gic_leave(cpu);
		assert_false(active(cpu, intid));
	}
}

/* Messages */

static void a_message_to_an_edge_spi(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	assert_int_not_equal(vic_gic_message(vm.gic, &vm.device, 40, true),
			     VIC_POST_MERGED);
	assert_int_equal(vic_gic_message(vm.gic, &vm.device, 40, true),
			 VIC_POST_MERGED);
	fake_gic_acknowledge(cpu, 40);
	assert_false(pending(cpu, 40));
	/* Again without a clear between: an edge each. */
	vic_gic_message(vm.gic, &vm.device, 40, true);
	assert_true(pending(cpu, 40) && active(cpu, 40));
	fake_gic_complete(cpu, 40);
	fake_gicd_write(cpu, VIC_GICD_CLRSPI_NSR, 40);
	assert_false(pending(cpu, 40));
	fake_gic_runs_none(cpu);
	/* By ICPENDR, and of a line's edge. */
	fake_gicd_write(cpu, VIC_GICD_SETSPI_NSR, 40);
	fake_gic_set(cpu, FAKE_CLEAR_PENDING, 40);
	assert_false(pending(cpu, 40));
	fake_gic_pulse(cpu, 40);
	vic_gic_message(vm.gic, &vm.device, 40, false);
	assert_false(pending(cpu, 40));
}

/* GICD_SETSPI_NSR: pending until GICD_CLRSPI_NSR. */
static void a_message_to_a_level_spi(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	fake_gic_ready_level(cpu, 4100, 0x80);
	fake_gicd_write(cpu, VIC_GICD_SETSPI_NSR, 4100);
	assert_true(pending(cpu, 4100));
	fake_gic_set(cpu, FAKE_CLEAR_PENDING, 4100);
	assert_true(pending(cpu, 4100));
	fake_gic_acknowledge(cpu, 4100);
	assert_true(pending(cpu, 4100) && active(cpu, 4100));
	fake_gic_complete(cpu, 4100);
	/* It comes again until it is cleared. */
	fake_gic_acknowledge(cpu, 4100);
	fake_gicd_write(cpu, VIC_GICD_CLRSPI_NSR, 4100);
	assert_false(pending(cpu, 4100));
	fake_gic_complete(cpu, 4100);
	fake_gic_runs_none(cpu);
	/* The line and the message are two sources. */
	fake_gic_line(cpu, 4100, true);
	fake_gicd_write(cpu, VIC_GICD_CLRSPI_NSR, 4100);
	assert_true(pending(cpu, 4100));
	fake_gic_line(cpu, 4100, false);
	assert_false(pending(cpu, 4100));
}

static void messages_to_what_is_no_spi(void **state)
{
	static const uint32_t none[] = {0,    16,   31,   96,
					1020, 1023, 1056, 4128,
					5120, 8191, 8192, UINT32_MAX};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t intid;
	size_t i;

	(void)state;
	make(&vm, 1);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(none); i++) {
		assert_int_equal(
			vic_gic_message(vm.gic, &vm.device, none[i], true),
			VIC_POST_REFUSED);
		fake_gicd_write(cpu, VIC_GICD_SETSPI_NSR, none[i] & 0x1fff);
		/* With one Security state this one is WI. */
		fake_gicd_write(cpu, VIC_GICD_SETSPI_SR, 40);
	}
	for (intid = 0; intid < 96; intid++)
		assert_false(pending(cpu, intid));
	/* Bits 31:13 are RES0. */
	fake_gicd_write(cpu, VIC_GICD_SETSPI_NSR, 0xffffe000u | 40);
	assert_true(pending(cpu, 40));
	fake_gicd_write(cpu, VIC_GICD_CLRSPI_SR, 40);
	assert_true(pending(cpu, 40));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_GIC_TEST(an_edge_is_pending_until_acknowledged),
		FAKE_GIC_TEST(a_level_is_pending_while_high),
		FAKE_GIC_TEST(a_line_that_stays_high_comes_again),
		FAKE_GIC_TEST(eoi_may_lower_the_line),
		FAKE_GIC_TEST(sources_are_ored),
		FAKE_GIC_TEST(lines_that_do_not_exist),
		FAKE_GIC_TEST(gic_11_the_latch_is_ored_with_the_line),
		FAKE_GIC_TEST(gic_11_acknowledging_clears_the_latch),
		FAKE_GIC_TEST(gic_13_active_and_pending_comes_once_more),
		FAKE_GIC_TEST(gic_13_an_edge_while_it_is_served),
		FAKE_GIC_TEST(two_ends_of_a_level_before_one_exit),
		FAKE_GIC_TEST(gic_14_a_guest_writes_its_own_active_bits),
		FAKE_GIC_TEST(a_message_to_an_edge_spi),
		FAKE_GIC_TEST(a_message_to_a_level_spi),
		FAKE_GIC_TEST(messages_to_what_is_no_spi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
