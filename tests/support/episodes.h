/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Random episodes, each from a seed of its own. VIC_TEST_SEED=n runs the one
 * that a failure named; VIC_TEST_LONG=1 runs more of them.
 */
#ifndef EPISODES_H
#define EPISODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct episodes {
	/* So many; the second if VIC_TEST_LONG is set. */
	uint64_t normal, whole;
	/* Bytes of what one episode needs; not cleared between two. */
	size_t size;
	/* False: it failed, and said why by episode_failed(). */
	bool (*run)(void *state, uint64_t seed, void *totals);
};

/*
 * Until one fails, which fails the test case. False: VIC_TEST_SEED chose one,
 * so the totals say nothing.
 */
bool episodes_run(const struct episodes *episodes, void *totals);

void episode_failed(uint64_t seed, uint32_t step, const char *why);

#endif
