/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Where the lines lie that a sender touches at each target: an L1 data
 * cache of 64 sets of 64-byte lines must hold those of 64 vCPUs with at
 * most two in any set.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <vic/vic.h>

#include "ipi/vcpu_priv.h"

#define SETS 64
#define LINE 64
#define VCPUS 64
#define MOST 2

/* What sending a vector reads and writes: first and last byte. */
#define FIELD(name)                                                      \
	{                                                                \
		offsetof(struct vic_vcpu, name),                         \
			offsetof(struct vic_vcpu, name) +                \
				sizeof(((struct vic_vcpu *)0)->name) - 1 \
	}

static const size_t hot[][2] = {
	FIELD(identity), FIELD(trigger), FIELD(ops), FIELD(opaque),
	FIELD(state),    FIELD(ppr),     FIELD(pid),
};

/* The lines of a vCPU that hold them, one bit each. */
static uint64_t hot_lines(void)
{
	uint64_t lines = 0;
	size_t i;

	for (i = 0; i < sizeof(hot) / sizeof(hot[0]); i++) {
		lines |= UINT64_C(1) << hot[i][0] / LINE;
		lines |= UINT64_C(1) << hot[i][1] / LINE;
	}
	return lines;
}

static unsigned int fullest_set(size_t stride)
{
	unsigned int used[SETS] = {0};
	unsigned int fullest = 0;
	size_t vcpu, line;

	for (vcpu = 0; vcpu < VCPUS; vcpu++)
		for (line = 0; line < VIC_VCPU_SIZE / LINE; line++) {
			size_t set = (vcpu * stride / LINE + line) % SETS;

			if (hot_lines() >> line & 1 && ++used[set] > fullest)
				fullest = used[set];
		}
	return fullest;
}

static void hot_fields_share_two_lines(void **state)
{
	(void)state;
	assert_int_equal(VIC_CACHE_LINE, LINE);
	assert_int_equal(__builtin_popcountll(hot_lines()), 2);
}

static void an_array_spreads_over_the_sets(void **state)
{
	(void)state;
	assert_true(fullest_set(VIC_VCPU_SIZE) <= MOST);
}

/* The measure itself: page-aligned vCPUs would all share two sets. */
static void page_aligned_vcpus_would_not(void **state)
{
	(void)state;
	assert_int_equal(fullest_set(4096), VCPUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hot_fields_share_two_lines),
		cmocka_unit_test(an_array_spreads_over_the_sets),
		cmocka_unit_test(page_aligned_vcpus_would_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
