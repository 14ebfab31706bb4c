/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libvic's pair of 8259A against a model of the data sheet's, by random steps:
 * alone, and in a PC, wired to local APICs and to an IOAPIC that do all they
 * do in test_model.c and test_ioapic_model.c.
 * VIC_TEST_SEED=n runs the one episode that a failure named; VIC_TEST_LONG=1
 * runs ten million steps of each.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "episodes.h"
#include "model/pic_steps.h"

#define STEPS 2000u
#define NORMAL_EPISODES 60u
#define LONG_EPISODES 5000u

struct totals {
	bool alone;
	uint64_t taken, spurious, ended, polls, restored;
};

static bool episode(void *state, uint64_t seed, void *totals)
{
	struct pic_steps *s = state;
	struct totals *t = totals;
	const struct lapic_rig *rig = &s->rest.lapic.rig;
	uint32_t step;
	bool failed;

	pic_steps_init(s, seed, t->alone);
	for (step = 0; step < STEPS && !rig->failed; step++)
		pic_step(s);
	if (!rig->failed)
		pic_steps_end(s);
	t->taken += s->pic.taken;
	t->spurious += s->pic.spurious;
	t->ended += s->pic.ended;
	t->polls += s->pic.polls;
	t->restored += s->pic.restored + s->restored;
	failed = rig->failed;
	if (failed) {
		lapic_rig_show(rig);
		pic_steps_show(s);
		episode_failed(seed, step, rig->failure);
	}
	pic_steps_free(s);
	return !failed;
}

static void run(bool alone)
{
	const struct episodes episodes = {
		.normal = NORMAL_EPISODES,
		.whole = LONG_EPISODES,
		.size = sizeof(struct pic_steps),
		.run = episode,
	};
	struct totals t = {.alone = alone};

	if (!episodes_run(&episodes, &t))
		return;
	fprintf(stderr,
		"# %llu taken, %llu spurious, %llu level ones ended, "
		"%llu polls, %llu restored\n",
		(unsigned long long)t.taken, (unsigned long long)t.spurious,
		(unsigned long long)t.ended, (unsigned long long)t.polls,
		(unsigned long long)t.restored);
	/* The steps reach what they are for. */
	assert_true(t.taken > 5000 && t.spurious > 500);
	assert_true(t.ended > 500 && t.polls > 500);
	assert_true(t.restored > 500);
}

static void libvic_alone_is_the_model(void **state)
{
	(void)state;
	run(true);
}

static void libvic_in_a_pc_is_the_model(void **state)
{
	(void)state;
	run(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libvic_alone_is_the_model),
		cmocka_unit_test(libvic_in_a_pc_is_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
