/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Where an SPI goes: IHI 0069, 4.4, GICD_IROUTER<n>. The register itself is
 * in test_fields.c, 1 of N in test_redist.c.
 */

#include "fake_gic.h"

/* GIC-18 */
static void gic_18_retarget_while_pending(void **state)
{
	struct fake_gic vm;
	int flushed, high;

	(void)state;
	fake_gic_plain(&vm, 3);
	for (flushed = 0; flushed < 2; flushed++)
		for (high = 0; high < 2; high++) {
			struct fake_gic_cpu *cpu = vm.cpu;

			fake_gic_set(cpu, FAKE_DISABLE, 40);
			if (high)
				fake_gic_ready_level(cpu, 40, 0x80);
			else
				fake_gic_ready(cpu, 40, 0x80);
			fake_gic_route(cpu, 40, 1);
			fake_gic_line(cpu, 40, true);
			if (flushed) {
				fake_gic_flush(&cpu[1]);
				vic_gic_sync(cpu[1].gicr, &cpu[1].lrs);
			}
			assert_int_equal(fake_gic_peek(cpu, 40).home, 1);
			fake_gic_route(cpu, 40, 2);
			assert_int_equal(fake_gic_peek(cpu, 40).home, 2);
			fake_gic_runs_none(&cpu[0]);
			fake_gic_runs_none(&cpu[1]);
			cpu[2].eoi_lowers = true;
			fake_gic_runs_one(&cpu[2], 40);
			fake_gic_runs_none(&cpu[1]);
			fake_gic_line(cpu, 40, false);
		}
}

/* What is active stays with the vCPU that acknowledged it. */
static void gic_18_retarget_while_active(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	fake_gic_plain(&vm, 3);
	cpu = vm.cpu;
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_route(cpu, 40, 1);
	fake_gic_pulse(cpu, 40);
	fake_gic_acknowledge(&cpu[1], 40);
	fake_gic_route(cpu, 40, 2);
	assert_true(fake_gic_get(&cpu[0], FAKE_SET_ACTIVE, 40));
	fake_gic_runs_none(&cpu[2]);
	/* The next one waits for the deactivation, then goes elsewhere. */
	fake_gic_pulse(cpu, 40);
	fake_gic_runs_none(&cpu[2]);
	fake_gic_complete(&cpu[1], 40);
	assert_false(fake_gic_get(&cpu[0], FAKE_SET_ACTIVE, 40));
	fake_gic_runs_none(&cpu[1]);
	fake_gic_runs_one(&cpu[2], 40);
	fake_gic_runs_none(&cpu[2]);
}

/* Active, and in no list register of that vCPU any more. */
static void gic_18_retarget_while_active_outside(void **state)
{
	struct fake_gic_spec spec = {.vcpus = 3, .nr_lrs = 1};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	fake_gic_make(&vm, &spec);
	cpu = vm.cpu;
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_ready(cpu, 41, 0x40);
	fake_gic_route(cpu, 40, 1);
	fake_gic_route(cpu, 41, 1);
	fake_gic_pulse(cpu, 40);
	fake_gic_acknowledge(&cpu[1], 40);
	fake_gic_pulse(cpu, 41);
	fake_gic_acknowledge(&cpu[1], 41);
	fake_gic_route(cpu, 40, 2);
	fake_gic_runs_none(&cpu[2]);
	fake_gic_complete(&cpu[1], 41);
	fake_gic_complete(&cpu[1], 40);
	assert_false(fake_gic_get(cpu, FAKE_SET_ACTIVE, 40));
	assert_false(fake_gic_get(cpu, FAKE_SET_ACTIVE, 41));
	fake_gic_pulse(cpu, 40);
	fake_gic_runs_one(&cpu[2], 40);
}

/* Writes that wait for a running vCPU, and an edge: in each order. */

enum event {
	EDGE,
	CLEAR,
	ROUTE
};

/* The edge is before the clear in the first three. */
static const enum event orders[][3] = {
	{EDGE, CLEAR, ROUTE}, {EDGE, ROUTE, CLEAR}, {ROUTE, EDGE, CLEAR},
	{CLEAR, EDGE, ROUTE}, {CLEAR, ROUTE, EDGE}, {ROUTE, CLEAR, EDGE},
};

/* What the guest does before it leaves. */
enum deed {
	NOTHING,
	TAKES,
	ENDS,
	TAKES_AND_ENDS,
	DEEDS
};

static void post(struct fake_gic *vm, enum event event, bool line)
{
	struct fake_gic_cpu *cpu = &vm->cpu[0];

	if (event == ROUTE)
		fake_gic_route(cpu, 40, 2);
	else if (event == CLEAR)
		fake_gic_set(cpu, FAKE_CLEAR_PENDING, 40);
	else if (line)
		fake_gic_pulse(cpu, 40);
	else
		fake_gic_set(cpu, FAKE_SET_PENDING, 40);
}

/* Active, with a latch that no list register shows: it is disabled. */
#define HELD_BACK 4

/* vCPU 1 in GUEST with INTID 40 in a list register of that State. */
static struct fake_gic_cpu *
hold_as(struct fake_gic *vm, unsigned int given, bool level)
{
	struct fake_gic_cpu *cpu;

	fake_gic_reset(NULL);
	fake_gic_plain(vm, 3);
	cpu = &vm->cpu[1];
	if (level)
		fake_gic_ready_level(cpu, 40, 0x80);
	else
		fake_gic_ready(cpu, 40, 0x80);
	fake_gic_route(cpu, 40, 1);
	fake_gic_set(cpu, FAKE_SET_PENDING, 40);
	if (given > 1)
		fake_gic_acknowledge(cpu, 40);
	if (given > 2)
		fake_gic_set(cpu, FAKE_SET_PENDING, 40);
	if (given == HELD_BACK)
		fake_gic_set(cpu, FAKE_DISABLE, 40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_lr_state(cpu, 40),
			 given == HELD_BACK ? 2 : given);
	return cpu;
}

/* What that State allows of it; whether the interrupt is active then. */
static bool act(struct fake_gic_cpu *cpu, enum deed deed, unsigned int given)
{
	bool active = given > 1;

	if (active && (deed == ENDS || deed == TAKES_AND_ENDS)) {
		fake_gic_eoi(cpu, 40);
		active = false;
	}
	if (deed == TAKES || deed == TAKES_AND_ENDS) {
		if (fake_gic_take(cpu) == 40)
			active = true;
	}
	if (!(given & 1) || deed != TAKES_AND_ENDS || !active)
		return active;
	fake_gic_eoi(cpu, 40);
	return false;
}

/*
 * Of the edges the last one counts, if no ICPENDR follows it, and it goes to
 * the new target when the old one has deactivated what it had acknowledged.
 */
static void
order(size_t n, unsigned int given, enum deed deed, bool level, bool first)
{
	const enum event *events = orders[n];
	bool active, pending = n >= 3;
	struct fake_gic vm;
	struct fake_gic_cpu *old = hold_as(&vm, given, level);
	int i;

	if (first)
		active = act(old, deed, given);
	for (i = 0; i < 3; i++)
		post(&vm, events[i], !level);
	if (!first)
		active = act(old, deed, given);
	assert_in_range(old->kicks, given != HELD_BACK, 1);
	fake_gic_runs_none(&vm.cpu[2]);
	fake_gic_turn(old);
	assert_int_equal(fake_gic_take(old), VIC_INTID_NONE);
	assert_int_equal(fake_gic_lr_state(old, 40) >> 1, active);
	fake_gic_leave(old);
	assert_int_equal(fake_gic_peek(old, 40).pending, pending);
	assert_int_equal(fake_gic_peek(old, 40).active, active);
	fake_gic_set(old, FAKE_ENABLE, 40);
	if (active) {
		fake_gic_runs_none(&vm.cpu[2]);
		fake_gic_complete(old, 40);
	}
	if (pending)
		fake_gic_runs_one(&vm.cpu[2], 40);
	fake_gic_runs_none(&vm.cpu[2]);
	fake_gic_runs_none(old);
}

static void gic_18_an_edge_a_clear_and_a_route_in_each_order(void **state)
{
	size_t i;
	unsigned int given;
	int deed, n;

	(void)state;
	for (i = 0; i < FAKE_COUNT(orders); i++)
		for (given = 1; given <= HELD_BACK; given++)
			for (deed = 0; deed < DEEDS; deed++)
				for (n = 0; n < 4; n++)
					order(i, given, (enum deed)deed,
					      (n & 1) != 0, n > 1);
}

/* A latch that its list register does not show is still the interrupt's. */
static void gic_18_a_latch_held_back_goes_along(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *old;
	int n;

	(void)state;
	for (n = 0; n < 16; n++) {
		bool routed = (n & 1) != 0, ends = (n & 2) != 0;

		old = hold_as(&vm, HELD_BACK, (n & 4) != 0);
		if (routed)
			post(&vm, ROUTE, false);
		if (ends)
			fake_gic_eoi(old, 40);
		fake_gic_leave(old);
		assert_true(fake_gic_peek(old, 40).pending);
		/* One more makes no second one. */
		if ((n & 8) != 0) {
			fake_gic_enter(old);
			fake_gic_set(old, FAKE_SET_PENDING, 40);
			fake_gic_leave(old);
		}
		fake_gic_set(old, FAKE_ENABLE, 40);
		if (!ends)
			fake_gic_complete(old, 40);
		fake_gic_runs_one(&vm.cpu[routed ? 2 : 1], 40);
		fake_gic_runs_none(&vm.cpu[1]);
		fake_gic_runs_none(&vm.cpu[2]);
	}
}

/* GIC-19 */
static void gic_19_nobody_is_at_the_affinity(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t i;

	(void)state;
	fake_gic_plain(&vm, 3);
	cpu = vm.cpu;
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_route(cpu, 40, UINT64_C(0x0100000001));
	assert_true(fake_gic_routed(cpu, 40) == UINT64_C(0x0100000001));
	fake_gic_pulse(cpu, 40);
	assert_int_equal(fake_gic_peek(cpu, 40).home, 3);
	for (i = 0; i < 3; i++)
		fake_gic_runs_none(&cpu[i]);
	assert_true(fake_gic_get(cpu, FAKE_SET_PENDING, 40));
	fake_gic_route(cpu, 40, 1);
	fake_gic_runs_one(&cpu[1], 40);
}

/* All four affinity fields count. */
static void gic_19_routes_by_affinity(void **state)
{
	static const uint32_t affinities[] = {0x00000000, 0x00000011,
					      0x00001100, 0x00110000,
					      0x11000000, 0x11111111};
	struct fake_gic_spec spec = {.vcpus = 6, .affinities = affinities};
	struct fake_gic vm;
	uint32_t i, n;

	(void)state;
	fake_gic_make(&vm, &spec);
	fake_gic_ready(&vm.cpu[0], 40, 0x80);
	for (i = 0; i < 6; i++) {
		uint64_t aff = affinities[i];

		fake_gic_route(&vm.cpu[0], 40,
			       (aff & 0xffffff) | aff >> 24 << 32);
		fake_gic_pulse(&vm.cpu[0], 40);
		for (n = 0; n < 6; n++)
			if (n != i)
				fake_gic_runs_none(&vm.cpu[n]);
		fake_gic_runs_one(&vm.cpu[i], 40);
	}
}

/* GIC-20 */
static void gic_20_a_route_in_halves_loses_nothing(void **state)
{
	static const uint32_t affinities[] = {0, 0x01000002, 0x00000002};
	const uint64_t at = FAKE_GICD_BASE + VIC_GICD_IROUTER + 40 * 8;
	struct fake_gic_spec spec = {.vcpus = 3, .affinities = affinities};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	fake_gic_make(&vm, &spec);
	cpu = vm.cpu;
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_pulse(cpu, 40);
	/* 0.0.0.0, then nobody (1.0.0.0), then 1.0.0.2. */
	fake_gic_store(cpu, at + 4, 4, 1);
	assert_int_equal(fake_gic_peek(cpu, 40).home, 3);
	assert_true(fake_gic_get(cpu, FAKE_SET_PENDING, 40));
	fake_gic_store(cpu, at, 4, 2);
	fake_gic_runs_none(&cpu[0]);
	fake_gic_runs_none(&cpu[2]);
	fake_gic_runs_one(&cpu[1], 40);
	fake_gic_pulse(cpu, 40);
	/* Through 0.0.0.2, which is somebody. */
	fake_gic_store(cpu, at + 4, 4, 0);
	fake_gic_runs_none(&cpu[1]);
	fake_gic_runs_one(&cpu[2], 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_GIC_TEST(gic_18_retarget_while_pending),
		FAKE_GIC_TEST(gic_18_retarget_while_active),
		FAKE_GIC_TEST(gic_18_retarget_while_active_outside),
		FAKE_GIC_TEST(gic_18_an_edge_a_clear_and_a_route_in_each_order),
		FAKE_GIC_TEST(gic_18_a_latch_held_back_goes_along),
		FAKE_GIC_TEST(gic_19_nobody_is_at_the_affinity),
		FAKE_GIC_TEST(gic_19_routes_by_affinity),
		FAKE_GIC_TEST(gic_20_a_route_in_halves_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
