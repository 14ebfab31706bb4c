/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libvic's local APIC against a model of the manual's, by random steps of
 * two to four vCPUs. VIC_TEST_SEED=n runs the one episode that a failure
 * named; VIC_TEST_LONG=1 runs ten million steps.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/lapic_steps.h"

#define STEPS 3000u
#define NORMAL_EPISODES 100u
#define LONG_EPISODES 3400u
/* Of the steps that led to a failure, so many lines are shown. */
#define SHOWN 120u

struct totals {
	uint64_t taken, ended, expired, choices, inits, restored;
};

static void show(const struct lapic_rig *rig, uint64_t seed, uint32_t step)
{
	const struct lm_config *c = &rig->spec.model;
	uint32_t first = rig->nr_notes > SHOWN ? rig->nr_notes - SHOWN : 0;

	for (uint32_t i = first; i < rig->nr_notes; i++)
		fprintf(stderr, "# %s\n", rig->notes[i % LAPIC_RIG_NOTES]);
	lapic_check_show(rig);
	fprintf(stderr,
		"# VIC_TEST_SEED=%llu, step %u: %s\n"
		"# %u vCPUs, policy %x, MSI format %d, inta %d, now %d, "
		"%u physical bits\n",
		(unsigned long long)seed, step, rig->failure, c->vcpus,
		c->policy, c->msi, c->extint, rig->spec.clock, c->phys_bits);
}

static bool episode(struct lapic_steps *s, uint64_t seed, struct totals *t)
{
	struct lapic_rig *rig = &s->rig;
	bool failed;
	uint32_t step;

	lapic_steps_init(s, seed);
	for (step = 0; step < STEPS && !rig->failed; step++)
		lapic_step(s);
	if (!rig->failed)
		lapic_steps_end(s);
	t->taken += rig->taken;
	t->ended += rig->ended;
	t->expired += rig->expired;
	t->choices += rig->choices;
	t->inits += rig->inits;
	t->restored += rig->restored;
	failed = rig->failed;
	if (failed)
		show(rig, seed, step);
	lapic_rig_free(rig);
	return !failed;
}

static void run(uint64_t first, uint64_t last, struct totals *t)
{
	struct lapic_steps *s = malloc(sizeof(*s));

	assert_non_null(s);
	for (uint64_t seed = first; seed < last; seed++)
		if (!episode(s, seed, t)) {
			free(s);
			fail_msg("VIC_TEST_SEED=%llu",
				 (unsigned long long)seed);
		}
	free(s);
}

static bool is_set(const char *setting)
{
	return setting && *setting;
}

static void libvic_is_the_model(void **state)
{
	const char *seed = getenv("VIC_TEST_SEED");
	const char *is_long = getenv("VIC_TEST_LONG");
	struct totals t = {0};

	(void)state;
	if (is_set(seed)) {
		run(strtoull(seed, NULL, 0), strtoull(seed, NULL, 0) + 1, &t);
		return;
	}
	run(0, is_set(is_long) ? LONG_EPISODES : NORMAL_EPISODES, &t);
	fprintf(stderr,
		"# %llu taken, %llu level ones ended, %llu expiries, "
		"%llu lowest priority, %llu INITs, %llu restored\n",
		(unsigned long long)t.taken, (unsigned long long)t.ended,
		(unsigned long long)t.expired, (unsigned long long)t.choices,
		(unsigned long long)t.inits, (unsigned long long)t.restored);
	/* The steps reach what they are for. */
	assert_true(t.taken > 10000 && t.ended > 1000);
	assert_true(t.expired > 1000 && t.choices > 1000);
	assert_true(t.inits > 500 && t.restored > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libvic_is_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
