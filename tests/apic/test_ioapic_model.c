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
#include <stdlib.h>

#include <cmocka.h>

#include "model/ioapic_steps.h"

#define STEPS 2000u
#define NORMAL_EPISODES 60u
#define LONG_EPISODES 5000u
/* Of the notes that led to a failure, so many are shown. */
#define SHOWN 120u

struct totals {
	uint64_t messages, refused, ended, restored;
};

static void show(const struct ioapic_steps *s, uint64_t seed, uint32_t step)
{
	const struct lapic_rig *rig = &s->lapic.rig;
	uint32_t first = rig->nr_notes > SHOWN ? rig->nr_notes - SHOWN : 0;

	for (uint32_t i = first; i < rig->nr_notes; i++)
		fprintf(stderr, "# %s\n", rig->notes[i % LAPIC_RIG_NOTES]);
	ioapic_steps_show(s);
	fprintf(stderr, "# VIC_TEST_SEED=%llu, step %u: %s\n",
		(unsigned long long)seed, step, rig->failure);
}

static bool
episode(struct ioapic_steps *s, uint64_t seed, bool alone, struct totals *t)
{
	const struct lapic_rig *rig = &s->lapic.rig;
	uint32_t step;
	bool failed;

	ioapic_steps_init(s, seed, alone);
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
	if (failed)
		show(s, seed, step);
	ioapic_steps_free(s);
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
	struct ioapic_steps *s = malloc(sizeof(*s));
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
		"# %llu sent, %llu refused, %llu ended, %llu restored\n",
		(unsigned long long)t.messages, (unsigned long long)t.refused,
		(unsigned long long)t.ended, (unsigned long long)t.restored);
	/* The steps reach what they are for. */
	if (!is_set(seed)) {
		assert_true(t.messages > 5000 && t.refused > 500);
		assert_true(t.ended > 1000 && t.restored > 500);
	}
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
