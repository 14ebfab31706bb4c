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
#include <stdlib.h>

#include <cmocka.h>

#include "model/pic_steps.h"

#define STEPS 2000u
#define NORMAL_EPISODES 60u
#define LONG_EPISODES 5000u
/* Of the notes that led to a failure, so many are shown. */
#define SHOWN 120u

struct totals {
	uint64_t taken, spurious, ended, polls, restored;
};

static void show(const struct pic_steps *s, uint64_t seed, uint32_t step)
{
	const struct lapic_rig *rig = &s->rest.lapic.rig;
	uint32_t first = rig->nr_notes > SHOWN ? rig->nr_notes - SHOWN : 0;

	for (uint32_t i = first; i < rig->nr_notes; i++)
		fprintf(stderr, "# %s\n", rig->notes[i % LAPIC_RIG_NOTES]);
	pic_steps_show(s);
	fprintf(stderr, "# VIC_TEST_SEED=%llu, step %u: %s\n",
		(unsigned long long)seed, step, rig->failure);
}

static bool
episode(struct pic_steps *s, uint64_t seed, bool alone, struct totals *t)
{
	const struct lapic_rig *rig = &s->rest.lapic.rig;
	uint32_t step;
	bool failed;

	pic_steps_init(s, seed, alone);
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
	if (failed)
		show(s, seed, step);
	pic_steps_free(s);
	return !failed;
}

static bool is_set(const char *setting)
{
	return setting && *setting;
}

static void run(bool alone)
{
	const char *seed = getenv("VIC_TEST_SEED");
	bool is_long = is_set(getenv("VIC_TEST_LONG"));
	struct pic_steps *s = malloc(sizeof(*s));
	uint64_t i = 0, end = is_long ? LONG_EPISODES : NORMAL_EPISODES;
	struct totals t = {0};

	assert_non_null(s);
	if (is_set(seed)) {
		i = strtoull(seed, NULL, 0);
		end = i + 1;
	}
	for (; i < end; i++)
		if (!episode(s, i, alone, &t)) {
			free(s);
			fail_msg("VIC_TEST_SEED=%llu", (unsigned long long)i);
		}
	free(s);
	fprintf(stderr,
		"# %llu taken, %llu spurious, %llu level ones ended, "
		"%llu polls, %llu restored\n",
		(unsigned long long)t.taken, (unsigned long long)t.spurious,
		(unsigned long long)t.ended, (unsigned long long)t.polls,
		(unsigned long long)t.restored);
	/* The steps reach what they are for. */
	if (!is_set(seed)) {
		assert_true(t.taken > 5000 && t.spurious > 500);
		assert_true(t.ended > 500 && t.polls > 500);
		assert_true(t.restored > 500);
	}
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
