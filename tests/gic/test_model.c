/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libvic's GICv3 against a model of the manual's, by random steps of one to
 * eight vCPUs on simulated hardware. VIC_TEST_SEED=n runs the one episode
 * that a failure named; VIC_TEST_LONG=1 runs ten million steps.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "episodes.h"
#include "model/gic_steps.h"

#define STEPS 3000u
#define NORMAL_EPISODES 100u
#define LONG_EPISODES 3400u
/* Of the steps that led to a failure, so many lines are shown. */
#define SHOWN 500u

struct totals {
	uint64_t taken, signals, spurious, retries, spilled, left_out;
	uint64_t fired, raised, dirs_for;
};

static void show(struct gic_rig *rig)
{
	const struct gic_rig_spec *spec = &rig->spec;
	uint32_t first = rig->nr_notes > SHOWN ? rig->nr_notes - SHOWN : 0;

	for (uint32_t i = first; i < rig->nr_notes; i++)
		fprintf(stderr, "# %s\n", rig->notes[i % GIC_RIG_NOTES]);
	gic_check_show(rig);
	fprintf(stderr,
		"# %u vCPUs, %u list registers, %u SPIs, %u ESPIs, %u EPPIs, "
		"1 of N %d, group 0 %d, SGI1R any %d\n",
		spec->model.vcpus, spec->nr_lrs, spec->model.spis,
		spec->model.espis, spec->model.eppis, spec->model.one_of_n,
		spec->model.reset_group0, spec->model.sgi1r_any);
}

static bool episode(void *state, uint64_t seed, void *sum)
{
	struct gic_steps *s = state;
	struct totals *totals = sum;
	struct gic_rig *rig = &s->rig;
	bool failed;
	uint32_t step;

	gic_steps_init(s, seed);
	for (step = 0; step < STEPS && !rig->failed; step++)
		gic_step(s);
	if (!rig->failed)
		gic_steps_end(s);
	totals->taken += rig->taken;
	totals->signals += rig->signals;
	totals->spurious += rig->spurious;
	totals->retries += rig->retries;
	totals->spilled += rig->spilled;
	totals->left_out += rig->left_out;
	totals->fired += rig->fired;
	totals->raised += rig->raised;
	totals->dirs_for += rig->dirs_for;
	failed = rig->failed;
	if (failed) {
		show(rig);
		episode_failed(seed, step, rig->failure);
	}
	gic_rig_free(rig);
	return !failed;
}

static void libvic_is_the_model(void **state)
{
	const struct episodes episodes = {
		.normal = NORMAL_EPISODES,
		.whole = LONG_EPISODES,
		.size = sizeof(struct gic_steps),
		.run = episode,
	};
	struct totals t = {0};

	(void)state;
	if (!episodes_run(&episodes, &t))
		return;
	fprintf(stderr,
		"# %llu taken, %llu signals, %llu of them spurious, "
		"%llu retries, %llu spilled, %llu left out, %llu physical, "
		"%llu raised by eoi, %llu DIR for another\n",
		(unsigned long long)t.taken, (unsigned long long)t.signals,
		(unsigned long long)t.spurious, (unsigned long long)t.retries,
		(unsigned long long)t.spilled, (unsigned long long)t.left_out,
		(unsigned long long)t.fired, (unsigned long long)t.raised,
		(unsigned long long)t.dirs_for);
	/* The steps reach what they are for. */
	assert_true(t.taken > 5000 && t.retries > 100);
	assert_true(t.spilled > 1000 && t.left_out > 1000);
	assert_true(t.fired > 1000 && t.raised > 100 && t.dirs_for > 100);
	/* A signal that nobody needed is legal, but not the rule. */
	assert_true(2 * t.spurious < t.signals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libvic_is_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
