/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "episodes.h"

#include <cmocka.h>

static bool is_set(const char *setting)
{
	return setting && *setting;
}

bool episodes_run(const struct episodes *episodes, void *totals)
{
	const char *chosen = getenv("VIC_TEST_SEED");
	bool is_long = is_set(getenv("VIC_TEST_LONG")), good = true;
	uint64_t seed = 0, end = is_long ? episodes->whole : episodes->normal;
	void *state = malloc(episodes->size);

	assert_non_null(state);
	if (is_set(chosen)) {
		seed = strtoull(chosen, NULL, 0);
		end = seed + 1;
	}
	for (; seed < end && good; seed++)
		good = episodes->run(state, seed, totals);
	free(state);
	if (!good)
		fail_msg("VIC_TEST_SEED=%llu", (unsigned long long)seed - 1);
	return !is_set(chosen);
}

void episode_failed(uint64_t seed, uint32_t step, const char *why)
{
	fprintf(stderr, "# VIC_TEST_SEED=%llu, step %u: %s\n",
		(unsigned long long)seed, step, why);
}
