/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The main program of a suite: TAP, a test for each run. */
#ifndef TESTS_H
#define TESTS_H

struct test {
	const char *name;
	/* Or it is a mutant, which has to fail. */
	bool holds;
	/* A mutant stops at its first failure. */
	unsigned long schedules;
};

template <class suite> static bool run_test(unsigned n, const test &test)
{
	std::ostream nowhere(nullptr);
	rl::test_params params;
	bool held;

	params.iteration_count = test.schedules;
	params.output_stream = test.holds ? &std::cerr : &nowhere;
	params.progress_stream = &nowhere;
	held = rl::simulate<suite>(params);
	std::cout << (held == test.holds ? "ok " : "not ok ") << n << " - "
		  << test.name << (test.holds ? " holds" : " fails")
		  << " (schedule " << params.stop_iteration << ": "
		  << rl::test_result_str(params.test_result) << ")"
		  << std::endl;
	return held == test.holds;
}

/*
 * Those of @count tests that the command line names, or all; prepare(i,
 * longer) makes test i the one that is to run.
 */
template <class suite, class function>
static int run_tests(int argc, char **argv, unsigned count, function prepare)
{
	const char *setting = getenv("VIC_TEST_LONG");
	bool longer = setting && !strcmp(setting, "1");
	unsigned tests = 0, failures = 0;

	for (unsigned i = 0; i < count; i++) {
		test next = prepare(i, longer);

		if (argc > 1 && strcmp(argv[1], next.name))
			continue;
		tests++;
		failures += !run_test<suite>(i + 1, next);
	}
	std::cout << "1.." << tests << std::endl;
	return failures || !tests;
}

#endif
