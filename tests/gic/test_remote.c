/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Registers of an interrupt that is in the list registers of a vCPU in
 * GUEST, seen from another vCPU: the manual wants each effect in finite
 * time (IHI 0069, 12.9), GICD_CTLR.RWP and GICR_CTLR.RWP tell when; how
 * comes from <vic/gic.h>.
 */

#include "fake_gic.h"

struct scene {
	struct fake_gic vm;
	struct fake_gic_cpu *by;
	/* In GUEST with INTIDs 20 and 40 pending in its list registers. */
	struct fake_gic_cpu *holder;
	struct fake_gic_cpu *third;
};

static void set_scene(struct scene *s)
{
	fake_gic_plain(&s->vm, 3);
	s->by = &s->vm.cpu[0];
	s->holder = &s->vm.cpu[1];
	s->third = &s->vm.cpu[2];
	fake_gic_ready(s->holder, 20, 0x80);
	fake_gic_ready(s->by, 40, 0x80);
	fake_gic_route(s->by, 40, 1);
	fake_gic_pulse(s->holder, 20);
	fake_gic_pulse(s->by, 40);
	fake_gic_enter(s->holder);
	assert_int_equal(fake_gic_lr_state(s->holder, 20), 1);
	assert_int_equal(fake_gic_lr_state(s->holder, 40), 1);
	assert_int_equal(s->holder->kicks, 0);
}

static const uint32_t both[] = {20, 40};

/* 0 or 1, or 2: run it again. */
static int try(struct scene *s, enum fake_field field, uint32_t intid)
{
	uint64_t value;
	enum vic_access access = vic_gic_mmio_read(
		s->by->gicr, fake_gic_field(s->holder, field, intid), 4,
		&value);

	if (access == VIC_ACCESS_RETRY)
		return 2;
	assert_int_equal(access, VIC_ACCESS_DONE);
	return value >> intid % 32 & 1;
}

static void write_bit(struct scene *s, enum fake_field field, uint32_t intid)
{
	fake_gic_set_by(s->by, s->holder, field, intid);
}

static bool rwp(struct scene *s, uint32_t intid)
{
	if (intid >= VIC_INTID_SPI)
		return (fake_gicd_read(s->by, VIC_GICD_CTLR) &
			VIC_GICD_CTLR_RWP) != 0;
	return (fake_gic_load(s->by, fake_gicr_at(s->holder, VIC_GICR_CTLR),
			      4) &
		VIC_GICR_CTLR_RWP) != 0;
}

/* GIC-14 */
static void gic_14_reads_wait_for_the_holder(void **state)
{
	static const enum fake_field fields[] = {
		FAKE_SET_PENDING, FAKE_CLEAR_PENDING, FAKE_SET_ACTIVE,
		FAKE_CLEAR_ACTIVE};
	struct scene s;
	size_t f, i;

	(void)state;
	for (f = 0; f < FAKE_COUNT(fields); f++)
		for (i = 0; i < 2; i++) {
			int is_active = f >= 2;

			set_scene(&s);
			assert_int_equal(try(&s, fields[f], both[i]), 2);
			assert_int_equal(try(&s, fields[f], both[i]), 2);
			assert_int_equal(s.holder->kicks, 1);
			/* Meanwhile the guest takes one of them. */
			assert_int_equal(fake_gic_take(s.holder), 20);
			fake_gic_leave(s.holder);
			assert_int_equal(try(&s, fields[f], both[i]),
					 both[i] == 20 ? is_active
						       : !is_active);
			fake_gic_reset(NULL);
		}
}

/* Each retry ends when the holder has left the guest once. */
static void gic_14_a_retry_ends_although_the_holder_is_back(void **state)
{
	struct scene s;
	uint32_t n;

	(void)state;
	set_scene(&s);
	assert_int_equal(try(&s, FAKE_SET_ACTIVE, 40), 2);
	fake_gic_turn(s.holder);
	assert_int_equal(try(&s, FAKE_SET_ACTIVE, 40), 0);
	/* And what is read later is not that old. */
	assert_int_equal(fake_gic_take(s.holder), 20);
	fake_gic_eoi(s.holder, 20);
	assert_int_equal(fake_gic_take(s.holder), 40);
	for (n = 0; try(&s, FAKE_SET_ACTIVE, 40) == 2; n++) {
		assert_true(n < 2);
		fake_gic_turn(s.holder);
	}
	assert_true(n > 0);
	assert_int_equal(fake_gic_peek(s.by, 40).active, 1);
}

static void gic_14_only_holders_are_asked(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	/* SPIs 64 to 95; vCPU 2's PPIs; the owner itself. */
	assert_int_equal(try(&s, FAKE_SET_PENDING, 64), 0);
	fake_gic_load(s.by, fake_gicr_at(s.third, VIC_GICR_ISPENDR0), 4);
	fake_gic_load(s.by, fake_gicr_at(s.by, VIC_GICR_ISACTIVER0), 4);
	/* Registers that the list registers do not hold. */
	assert_int_equal(try(&s, FAKE_ENABLE, 40), 1);
	assert_int_equal(try(&s, FAKE_GROUP, 40), 1);
	assert_true(fake_gic_routed(s.by, 40) == 1);
	assert_int_equal(s.holder->kicks, 0);
	assert_int_equal(s.third->kicks, 0);
	fake_gic_leave(s.holder);
	/* In HOST and BLOCKED a vCPU is synced. */
	assert_int_equal(try(&s, FAKE_SET_PENDING, 40), 1);
	fake_gic_runs(s.holder, both, 2);
	fake_gic_pulse(s.by, 40);
	fake_gic_enter(s.holder);
	assert_int_equal(fake_gic_take(s.holder), 40);
	fake_gic_leave(s.holder);
	fake_gic_sleep(s.holder);
	assert_int_equal(try(&s, FAKE_SET_ACTIVE, 40), 1);
	assert_int_equal(s.holder->wakes + s.holder->kicks, 0);
}

static void gic_14_two_holders_of_one_word(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	fake_gic_ready(s.by, 41, 0x80);
	fake_gic_route(s.by, 41, 2);
	fake_gic_pulse(s.by, 41);
	fake_gic_enter(s.third);
	assert_int_equal(try(&s, FAKE_SET_PENDING, 40), 2);
	fake_gic_leave(s.holder);
	if (try(&s, FAKE_SET_PENDING, 40) == 2)
		fake_gic_leave(s.third);
	else
		fail_msg("vCPU 2 was not asked");
	assert_int_equal(try(&s, FAKE_SET_PENDING, 40), 1);
	assert_int_equal(try(&s, FAKE_SET_PENDING, 41), 1);
	assert_int_equal(s.holder->kicks, 1);
	assert_int_equal(s.third->kicks, 1);
}

static void gic_14_set_active_while_the_holder_runs(void **state)
{
	struct scene s;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		set_scene(&s);
		write_bit(&s, FAKE_SET_ACTIVE, both[i]);
		assert_int_equal(s.holder->kicks, 1);
		fake_gic_leave(s.holder);
		/* It was pending: active and pending, so not taken. */
		assert_true(fake_gic_peek(s.holder, both[i]).active);
		assert_true(fake_gic_peek(s.holder, both[i]).pending);
		fake_gic_runs_one(s.holder, both[1 - i]);
		write_bit(&s, FAKE_CLEAR_ACTIVE, both[i]);
		fake_gic_runs_one(s.holder, both[i]);
		fake_gic_reset(NULL);
	}
}

static void gic_14_clear_active_while_the_holder_runs(void **state)
{
	struct scene s;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		set_scene(&s);
		assert_int_equal(fake_gic_take(s.holder), both[0]);
		fake_gic_eoi(s.holder, both[0]);
		fake_gic_leave(s.holder);
		fake_gic_runs_one(s.holder, both[1]);
		fake_gic_pulse(s.holder, both[i]);
		fake_gic_enter(s.holder);
		assert_int_equal(fake_gic_take(s.holder), both[i]);
		fake_gic_turn(s.holder);
		write_bit(&s, FAKE_CLEAR_ACTIVE, both[i]);
		assert_int_equal(s.holder->kicks, 1);
		fake_gic_turn(s.holder);
		assert_int_equal(fake_gic_lr(s.holder, both[i]), -1);
		assert_false(fake_gic_peek(s.holder, both[i]).active);
		assert_false(fake_gic_peek(s.holder, both[i]).pending);
		/* GIC-15: the running priority is the guest's to drop. */
		assert_int_equal(fake_gic_running(s.holder), 0x80);
		fake_gic_reset(NULL);
	}
}

/* Both before one exit: the last one wins, and what is pending stays. */
static void gic_14_the_last_write_of_the_active_state_wins(void **state)
{
	struct scene s;
	int n;

	(void)state;
	for (n = 0; n < 24; n++) {
		bool set_last = (n & 1) != 0;
		int given = n / 2 % 3 + 1;
		uint32_t intid = both[n / 6 % 2];

		/* Alone, and in a list register of that State. */
		set_scene(&s);
		write_bit(&s, FAKE_DISABLE, both[1 - n / 6 % 2]);
		fake_gic_leave(s.holder);
		if (given > 1)
			write_bit(&s, FAKE_SET_ACTIVE, intid);
		if (given == 2)
			write_bit(&s, FAKE_CLEAR_PENDING, intid);
		fake_gic_enter(s.holder);
		assert_int_equal(fake_gic_lr_state(s.holder, intid), given);
		s.holder->kicks = 0;
		write_bit(&s, set_last ? FAKE_CLEAR_ACTIVE : FAKE_SET_ACTIVE,
			  intid);
		assert_int_equal(try(&s, FAKE_SET_ACTIVE, intid), 2);
		write_bit(&s, set_last ? FAKE_SET_ACTIVE : FAKE_CLEAR_ACTIVE,
			  intid);
		assert_int_equal(s.holder->kicks, 1);
		/* What the guest does meanwhile came first. */
		if (n >= 12 && fake_gic_take(s.holder) != intid)
			fake_gic_eoi(s.holder, intid);
		fake_gic_leave(s.holder);
		given &= n >= 12 && given == 1 ? 0 : 1;
		assert_int_equal(try(&s, FAKE_SET_ACTIVE, intid), set_last);
		assert_int_equal(try(&s, FAKE_SET_PENDING, intid), given);
		s.holder->lrs.ap1r[0] = 0;
		write_bit(&s, FAKE_CLEAR_ACTIVE, intid);
		fake_gic_runs(s.holder, &intid, (uint32_t)given);
		fake_gic_reset(NULL);
	}
}

/* GIC-12 */
static void gic_12_clear_pending_is_not_lost(void **state)
{
	struct scene s;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		/* Not taken yet. */
		set_scene(&s);
		write_bit(&s, FAKE_CLEAR_PENDING, both[i]);
		assert_int_equal(s.holder->kicks, 1);
		fake_gic_leave(s.holder);
		assert_false(fake_gic_peek(s.holder, both[i]).pending);
		fake_gic_runs_one(s.holder, both[1 - i]);
		fake_gic_reset(NULL);
	}
	/* Taken: the clear came too late, and stays without effect. */
	set_scene(&s);
	assert_int_equal(fake_gic_take(s.holder), 20);
	write_bit(&s, FAKE_CLEAR_PENDING, 20);
	fake_gic_turn(s.holder);
	assert_true(fake_gic_peek(s.holder, 20).active);
	fake_gic_eoi(s.holder, 20);
	fake_gic_leave(s.holder);
	fake_gic_runs_one(s.holder, 40);
}

static void gic_12_an_edge_after_the_clear(void **state)
{
	struct scene s;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		set_scene(&s);
		write_bit(&s, FAKE_CLEAR_PENDING, both[i]);
		fake_gic_pulse(s.holder, both[i]);
		fake_gic_turn(s.holder);
		fake_gic_leave(s.holder);
		fake_gic_runs(s.holder, both, 2);
		fake_gic_runs_none(s.holder);
		fake_gic_reset(NULL);
	}
}

/* A level whose line is high: the clear does nothing. */
static void gic_12_clear_of_a_high_level(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	fake_gic_leave(s.holder);
	fake_gic_runs(s.holder, both, 2);
	fake_gic_set(s.by, FAKE_DISABLE, 40);
	fake_gic_ready_level(s.by, 40, 0x80);
	fake_gic_line(s.by, 40, true);
	fake_gic_enter(s.holder);
	write_bit(&s, FAKE_CLEAR_PENDING, 40);
	fake_gic_turn(s.holder);
	assert_int_equal(fake_gic_take(s.holder), 40);
	fake_gic_line(s.by, 40, false);
	fake_gic_eoi(s.holder, 40);
	fake_gic_leave(s.holder);
	fake_gic_runs_none(s.holder);
}

/* GIC-01 */
static void gic_01_rwp_until_the_holder_has_synced(void **state)
{
	struct scene s;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		set_scene(&s);
		assert_false(rwp(&s, both[i]));
		write_bit(&s, FAKE_DISABLE, both[i]);
		assert_true(rwp(&s, both[i]));
		/* A private one is not the Distributor's. */
		assert_int_equal(rwp(&s, both[1 - i]), false);
		assert_int_equal(s.holder->kicks, 1);
		fake_gic_leave(s.holder);
		assert_false(rwp(&s, both[i]));
		fake_gic_enter(s.holder);
		assert_int_equal(fake_gic_lr(s.holder, both[i]), -1);
		assert_false(rwp(&s, both[i]));
		fake_gic_leave(s.holder);
		fake_gic_runs_one(s.holder, both[1 - i]);
		write_bit(&s, FAKE_ENABLE, both[i]);
		fake_gic_runs_one(s.holder, both[i]);
		fake_gic_reset(NULL);
	}
}

static void gic_01_rwp_of_what_nobody_holds(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	fake_gic_set(s.by, FAKE_ENABLE, 41);
	fake_gic_set(s.by, FAKE_DISABLE, 41);
	assert_false(rwp(&s, 41));
	/* Enabling is not tracked. */
	write_bit(&s, FAKE_ENABLE, 40);
	assert_false(rwp(&s, 40));
	assert_int_equal(s.holder->kicks, 0);
}

static void gic_01_rwp_of_a_group(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	/* Group 0, of which nobody holds one. */
	fake_gicd_write(s.by, VIC_GICD_CTLR, VIC_GICD_CTLR_GRP1);
	assert_false(rwp(&s, 40));
	assert_int_equal(s.holder->kicks, 0);
	fake_gicd_write(s.by, VIC_GICD_CTLR, 0);
	assert_true(rwp(&s, 40));
	assert_int_equal(s.holder->kicks, 1);
	fake_gic_turn(s.holder);
	assert_false(rwp(&s, 40));
	assert_int_equal(s.holder->lrs.used, 0);
	fake_gicd_write(s.by, VIC_GICD_CTLR, VIC_GICD_CTLR_GRP1);
	assert_false(rwp(&s, 40));
	assert_int_equal(s.holder->kicks, 2);
	fake_gic_leave(s.holder);
	fake_gic_runs(s.holder, both, 2);
}

/* GIC-22 */
static void gic_22_a_priority_while_the_holder_runs(void **state)
{
	static const uint8_t priorities[] = {0x40, 0xc0};
	struct scene s;
	size_t i, j;

	(void)state;
	for (i = 0; i < 2; i++)
		for (j = 0; j < 2; j++) {
			bool first = (i == 0) == (j == 0);
			int n;

			set_scene(&s);
			fake_gic_store(s.by,
				       fake_gic_field(s.holder, FAKE_PRIORITY,
						      both[i]),
				       1, priorities[j]);
			assert_int_equal(s.holder->kicks, 1);
			fake_gic_turn(s.holder);
			n = fake_gic_lr(s.holder, both[i]);
			assert_true(n >= 0);
			assert_int_equal(
				(s.holder->lrs.lr[n] & VIC_LR_PRIORITY) >>
					VIC_LR_PRIORITY_SHIFT,
				priorities[j]);
			fake_gic_leave(s.holder);
			fake_gic_runs(
				s.holder,
				(const uint32_t[]){both[!first], both[first]},
				2);
			fake_gic_reset(NULL);
		}
}

/* GIC-08 */
static void gic_08_a_group_while_the_holder_runs(void **state)
{
	struct scene s;
	int n;

	(void)state;
	set_scene(&s);
	fake_gic_group(s.by, 40, false);
	assert_int_equal(s.holder->kicks, 1);
	fake_gic_turn(s.holder);
	n = fake_gic_lr(s.holder, 40);
	assert_true(n >= 0);
	assert_true((s.holder->lrs.lr[n] & VIC_LR_GROUP) == 0);
	fake_gic_leave(s.holder);
	fake_gic_runs(s.holder, both, 2);
}

/* GIC-18 */
static void gic_18_a_route_while_the_holder_runs(void **state)
{
	struct scene s;
	int taken;

	(void)state;
	for (taken = 0; taken < 2; taken++) {
		set_scene(&s);
		fake_gic_take(s.holder);
		fake_gic_eoi(s.holder, 20);
		if (taken)
			assert_int_equal(fake_gic_take(s.holder), 40);
		fake_gic_route(s.by, 40, 2);
		assert_int_equal(s.holder->kicks, 1);
		/* Not before the old one has let it go. */
		fake_gic_runs_none(s.third);
		fake_gic_turn(s.holder);
		if (taken) {
			assert_int_equal(fake_gic_lr_state(s.holder, 40), 2);
			fake_gic_eoi(s.holder, 40);
			fake_gic_leave(s.holder);
			fake_gic_runs_none(s.third);
		} else {
			assert_int_equal(fake_gic_take(s.holder),
					 VIC_INTID_NONE);
			fake_gic_leave(s.holder);
			fake_gic_runs_one(s.third, 40);
		}
		fake_gic_runs_none(s.holder);
		fake_gic_reset(NULL);
	}
}

/* The new target sleeps; it is woken when the old one has let go. */
static void gic_18_a_route_to_a_sleeper(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	fake_gic_sleep(s.third);
	fake_gic_route(s.by, 40, 2);
	fake_gic_turn(s.holder);
	assert_int_equal(s.third->wakes, 1);
	fake_gic_rise(s.third);
	fake_gic_runs_one(s.third, 40);
	fake_gic_leave(s.holder);
	fake_gic_runs_one(s.holder, 20);
}

/* GIC-25 */
static void gic_25_put_to_sleep_while_it_runs(void **state)
{
	const uint32_t asleep = VIC_GICR_WAKER_SLEEP | VIC_GICR_WAKER_ASLEEP;
	struct scene s;
	uint64_t at;

	(void)state;
	set_scene(&s);
	at = fake_gicr_at(s.holder, VIC_GICR_WAKER);
	fake_gic_store(s.by, at, 4, VIC_GICR_WAKER_SLEEP);
	assert_int_equal(s.holder->kicks, 1);
	/* The CPU interface still has two. */
	assert_int_equal(fake_gic_load(s.by, at, 4), VIC_GICR_WAKER_SLEEP);
	fake_gic_leave(s.holder);
	assert_int_equal(fake_gic_load(s.by, at, 4), asleep);
	fake_gic_runs_none(s.holder);
	fake_gic_store(s.by, at, 4, 0);
	assert_int_equal(fake_gic_load(s.by, at, 4), 0);
	fake_gic_runs(s.holder, both, 2);
}

/* GIC-13 */
static void gic_13_set_pending_while_the_holder_runs(void **state)
{
	struct scene s;

	(void)state;
	/* Taken before: one more. */
	set_scene(&s);
	assert_int_equal(fake_gic_take(s.holder), 20);
	fake_gic_turn(s.holder);
	write_bit(&s, FAKE_SET_PENDING, 20);
	fake_gic_eoi(s.holder, 20);
	fake_gic_leave(s.holder);
	fake_gic_runs(s.holder, both, 2);
	fake_gic_runs_none(s.holder);
	/* Still pending when the holder has left: the same one. */
	fake_gic_reset(NULL);
	set_scene(&s);
	write_bit(&s, FAKE_SET_PENDING, 20);
	write_bit(&s, FAKE_SET_PENDING, 40);
	fake_gic_leave(s.holder);
	fake_gic_runs(s.holder, both, 2);
	fake_gic_runs_none(s.holder);
}

/* Several at once: each has its effect. */
static void writes_before_one_exit_add_up(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	fake_gic_store(s.by, fake_gic_field(s.holder, FAKE_PRIORITY, 40), 1,
		       0x20);
	fake_gic_group(s.by, 40, false);
	fake_gic_route(s.by, 40, 2);
	write_bit(&s, FAKE_CLEAR_PENDING, 20);
	write_bit(&s, FAKE_DISABLE, 20);
	assert_int_equal(s.holder->kicks, 1);
	fake_gic_leave(s.holder);
	fake_gic_runs_none(s.holder);
	write_bit(&s, FAKE_ENABLE, 20);
	fake_gic_runs_none(s.holder);
	fake_gic_enter(s.third);
	assert_int_equal(s.third->lrs.lr[fake_gic_lr(s.third, 40)] &
				 (VIC_LR_GROUP | VIC_LR_PRIORITY),
			 UINT64_C(0x20) << VIC_LR_PRIORITY_SHIFT);
	fake_gic_leave(s.third);
	fake_gic_runs_one(s.third, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_GIC_TEST(gic_14_reads_wait_for_the_holder),
		FAKE_GIC_TEST(gic_14_a_retry_ends_although_the_holder_is_back),
		FAKE_GIC_TEST(gic_14_only_holders_are_asked),
		FAKE_GIC_TEST(gic_14_two_holders_of_one_word),
		FAKE_GIC_TEST(gic_14_set_active_while_the_holder_runs),
		FAKE_GIC_TEST(gic_14_clear_active_while_the_holder_runs),
		FAKE_GIC_TEST(gic_14_the_last_write_of_the_active_state_wins),
		FAKE_GIC_TEST(gic_12_clear_pending_is_not_lost),
		FAKE_GIC_TEST(gic_12_an_edge_after_the_clear),
		FAKE_GIC_TEST(gic_12_clear_of_a_high_level),
		FAKE_GIC_TEST(gic_01_rwp_until_the_holder_has_synced),
		FAKE_GIC_TEST(gic_01_rwp_of_what_nobody_holds),
		FAKE_GIC_TEST(gic_01_rwp_of_a_group),
		FAKE_GIC_TEST(gic_22_a_priority_while_the_holder_runs),
		FAKE_GIC_TEST(gic_08_a_group_while_the_holder_runs),
		FAKE_GIC_TEST(gic_18_a_route_while_the_holder_runs),
		FAKE_GIC_TEST(gic_18_a_route_to_a_sleeper),
		FAKE_GIC_TEST(gic_25_put_to_sleep_while_it_runs),
		FAKE_GIC_TEST(gic_13_set_pending_while_the_holder_runs),
		FAKE_GIC_TEST(writes_before_one_exit_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
