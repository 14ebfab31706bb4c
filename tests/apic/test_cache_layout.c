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

static const size_t hot[] = {
	offsetof(struct vic_vcpu, identity),
	offsetof(struct vic_vcpu, pid),
};

static unsigned int fullest_set(size_t stride)
{
	unsigned int used[SETS] = {0};
	unsigned int fullest = 0;
	size_t vcpu, i;

	for (vcpu = 0; vcpu < VCPUS; vcpu++)
		for (i = 0; i < sizeof(hot) / sizeof(hot[0]); i++) {
			size_t line = (vcpu * stride + hot[i]) / LINE;

			if (++used[line % SETS] > fullest)
				fullest = used[line % SETS];
		}
	return fullest;
}

static void hot_lines_are_two_lines(void **state)
{
	(void)state;
	assert_int_equal(VIC_CACHE_LINE, LINE);
	assert_int_equal(hot[1] % LINE, 0);
	assert_int_not_equal(hot[0] / LINE, hot[1] / LINE);
	/* What lies beside the identity starts and ends with its line. */
	assert_int_equal(hot[0] % LINE, 0);
	assert_int_equal(sizeof(((struct vic_vcpu *)0)->pid), LINE);
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
		cmocka_unit_test(hot_lines_are_two_lines),
		cmocka_unit_test(an_array_spreads_over_the_sets),
		cmocka_unit_test(page_aligned_vcpus_would_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
