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

#include <cmocka.h>

#include "episodes.h"
#include "model/lapic_steps.h"

#define STEPS 3000u
#define NORMAL_EPISODES 100u
#define LONG_EPISODES 3400u

struct totals {
	uint64_t taken, ended, expired, choices, inits, restored;
};

static void show(const struct lapic_rig *rig)
{
	const struct lm_config *c = &rig->spec.model;

	lapic_rig_show(rig);
	lapic_check_show(rig);
	fprintf(stderr,
		"# %u vCPUs, policy %x, MSI format %d, inta %d, now %d, "
		"%u physical bits\n",
		c->vcpus, c->policy, c->msi, c->extint, rig->spec.clock,
		c->phys_bits);
}

static bool episode(void *state, uint64_t seed, void *totals)
{
	struct lapic_steps *s = state;
	struct totals *t = totals;
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
	if (failed) {
		show(rig);
		episode_failed(seed, step, rig->failure);
	}
	lapic_rig_free(rig);
	return !failed;
}

static void libvic_is_the_model(void **state)
{
	const struct episodes episodes = {
		.normal = NORMAL_EPISODES,
		.whole = LONG_EPISODES,
		.size = sizeof(struct lapic_steps),
		.run = episode,
	};
	struct totals t = {0};

	(void)state;
	if (!episodes_run(&episodes, &t))
		return;
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
