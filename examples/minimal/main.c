/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* vic-minimal's command line, and whether the run was exact. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/report.h"
#include "guest.h"
#include "minimal.h"

static unsigned int n_vcpus = 4, n_rounds = 2000;

static const char help[] =
	"usage: vic-minimal [--vcpus N] [--rounds N] [--report]\n\n"
	"Runs a pretend guest whose CPUs send each other IPIs of every kind\n"
	"through libvic. Exit status 0: all arrived, none was invented.\n\n"
	"  --vcpus N   1 to 64, each a thread (default 4)\n"
	"  --rounds N  1 to 1000000, of six IPIs from each vCPU (2000)\n"
	"  --report    print counters, latencies, who sent to whom\n";

static unsigned int number(const char *option, const char *text, long max)
{
	char *end = NULL;
	long value = text ? strtol(text, &end, 10) : 0;

	if (value < 1 || value > max || *end) {
		fprintf(stderr, "vic-minimal: %s %s: give it 1 to %ld\n",
			option, text ? text : "", max);
		exit(EXIT_FAILURE);
	}
	return (unsigned int)value;
}

/* Fills in n_vcpus and n_rounds; true if there is to be a report. */
static bool parse(char **arg)
{
	bool tables = false;

	for (; *arg; arg++) {
		if (!strcmp(*arg, "--vcpus")) {
			n_vcpus = number(arg[0], arg[1], GUEST_MAX_VCPUS);
			arg++;
		} else if (!strcmp(*arg, "--rounds")) {
			n_rounds = number(arg[0], arg[1], 1000000);
			arg++;
		} else if (!strcmp(*arg, "--report")) {
			tables = true;
		} else if (!strcmp(*arg, "--help")) {
			fputs(help, stdout);
			exit(EXIT_SUCCESS);
		} else {
			fprintf(stderr, "vic-minimal: no option '%s', see "
				"--help\n", *arg);
			exit(EXIT_FAILURE);
		}
	}
	return tables;
}

static bool check_and_report(bool tables)
{
	const struct vic_counters *counters[GUEST_MAX_VCPUS];
	struct guest_result result = guest_result();
	struct report report = {
		.counters = counters,
		.nr_counters = n_vcpus,
		.matrix = minimal_matrix,
		.nr_vcpus = n_vcpus,
		.latency = result.latency,
		.nr_latency = result.nr_latency,
		.latency_of = "from a message to its handler",
	};
	int64_t balance;

	for (unsigned int i = 0; i < n_vcpus; i++)
		counters[i] = minimal_counters(i);
	balance = report_balance(&report);
	if (tables)
		report_print(stdout, &report);
	printf("vic-minimal: %u messages unseen, balance %lld: %s\n",
	       result.unseen, (long long)balance,
	       result.unseen || balance ? "NOT EXACT" : "exact");
	return !result.unseen && !balance;
}

int main(int argc, char **argv)
{
	bool tables = argc > 1 && parse(argv + 1);

	guest_boot(n_vcpus, n_rounds);
	minimal_run(n_vcpus);
	return check_and_report(tables) ? EXIT_SUCCESS : EXIT_FAILURE;
}
