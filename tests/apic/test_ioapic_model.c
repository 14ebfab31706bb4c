/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libvic's IOAPIC against a model of the data sheet's, by random steps:
 * alone, and on a bus with local APICs that do all they do in test_model.c.
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
#include "model/ioapic_steps.h"

#define STEPS 2000u
#define NORMAL_EPISODES 60u
#define LONG_EPISODES 5000u

struct totals {
	bool alone;
	uint64_t messages, refused, ended, restored;
};

static bool episode(void *state, uint64_t seed, void *totals)
{
	struct ioapic_steps *s = state;
	struct totals *t = totals;
	const struct lapic_rig *rig = &s->lapic.rig;
	uint32_t step;
	bool failed;

	ioapic_steps_init(s, seed, t->alone);
	for (step = 0; step < STEPS && !rig->failed; step++)
		ioapic_step(s);
	if (!rig->failed)
		ioapic_steps_end(s);
	for (uint32_t n = 0; n < s->nr_rigs; n++) {
		t->messages += s->rig[n]->messages;
		t->refused += s->rig[n]->refused;
		t->ended += s->rig[n]->ended;
		t->restored += s->rig[n]->restored;
	}
	failed = rig->failed;
	if (failed) {
		lapic_rig_show(rig);
		ioapic_steps_show(s);
		episode_failed(seed, step, rig->failure);
	}
	ioapic_steps_free(s);
	return !failed;
}

static void run(bool alone)
{
	const struct episodes episodes = {
		.normal = NORMAL_EPISODES,
		.whole = LONG_EPISODES,
		.size = sizeof(struct ioapic_steps),
		.run = episode,
	};
	struct totals t = {.alone = alone};

	if (!episodes_run(&episodes, &t))
		return;
	fprintf(stderr,
		"# %llu sent, %llu refused, %llu ended, %llu restored\n",
		(unsigned long long)t.messages, (unsigned long long)t.refused,
		(unsigned long long)t.ended, (unsigned long long)t.restored);
	/* The steps reach what they are for. */
	assert_true(t.messages > 5000 && t.refused > 500);
	assert_true(t.ended > 1000 && t.restored > 500);
}

static void libvic_alone_is_the_model(void **state)
{
	(void)state;
	run(true);
}

static void libvic_on_a_bus_is_the_model(void **state)
{
	(void)state;
	run(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libvic_alone_is_the_model),
		cmocka_unit_test(libvic_on_a_bus_is_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
