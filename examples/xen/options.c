/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The command line. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xen.h"

static const char usage[] =
	"Usage: vic-xen [OPTION]...\n"
	"The interrupt path of a hypervisor of type 1: vCPUs are scheduled\n"
	"on pCPUs, which are host threads with a model of a processor. No\n"
	"interrupt may be lost or come from nowhere: a run counts them all.\n"
	"\n"
	"  --pcpus P       1 to 64 (2)\n"
	"  --vcpus M       of each domain, 1 to 64 (4)\n"
	"  --domains D     1 to 16 (1)\n"
	"  --mode MODE     how vectors reach a guest, see below (posted)\n"
	"  --compare       run all modes, print them side by side\n"
	"  --workload W    what the guests do, see below (unicast)\n"
	"  --apic MODE     of the guests: x2apic (default), xapic, or mixed:\n"
	"                  some domains this, some that\n"
	"  --seconds S     how long they send (2)\n"
	"  --interrupts N  stop after so many instead\n"
	"  --halt-exits WHAT   on (default), or off: a halted vCPU waits in\n"
	"                  the guest, on its pCPU\n"
	"  --inhibit       stop and resume posting now and then\n"
	"  --seed N        for the choices of guests and scheduler; an odd\n"
	"                  one means that the host's APICs are xAPICs (1)\n"
	"  --timeout S     a run without progress for so long has failed (30)\n"
	"  --help          this text\n";

static const char status[] =
	"\nExit status: 0 if every message was seen by a handler and all that\n"
	"was made pending is accounted for; 1 if not, or after the timeout,\n"
	"with the state of each vCPU; 2 for a wrong command line.\n";

static void help(void)
{
	fputs(usage, stdout);
	fputs("\nModes:\n", stdout);
	for (unsigned int i = 0; i < nr_modes; i++)
		printf("  %-14s  %s\n", modes[i].name, modes[i].what);
	fputs("\nWorkloads:\n", stdout);
	for (unsigned int i = 0; i < nr_workloads; i++)
		printf("  %-14s  %s\n", workloads[i].name, workloads[i].what);
	fputs(status, stdout);
	exit(EXIT_SUCCESS);
}

static _Noreturn void
wrong(const char *name, const char *text, const char *right)
{
	fprintf(stderr, "vic-xen: --%s is '%s'; give it %s\n", name, text,
		right);
	exit(EXIT_USAGE);
}

static uint64_t
number(const char *name, const char *text, uint64_t least, uint64_t most)
{
	char right[64];
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || value < least ||
	    value > most) {
		snprintf(right, sizeof(right), "a number from %llu to %llu",
			 (unsigned long long)least, (unsigned long long)most);
		wrong(name, text, right);
	}
	return value;
}

static uint32_t mode_index(const char *text)
{
	for (uint32_t i = 0; i < nr_modes; i++)
		if (!strcmp(modes[i].name, text))
			return i;
	wrong("mode", text, "one that --help lists");
}

static const struct workload *workload(const char *text)
{
	const struct workload *found = workload_find(text);

	if (!found)
		wrong("workload", text, "one that --help lists");
	return found;
}

static bool on(const char *text)
{
	if (strcmp(text, "on") && strcmp(text, "off"))
		wrong("halt-exits", text, "'on' or 'off'");
	return !strcmp(text, "on");
}

static enum apic_choice apic(const char *text)
{
	static const char *const names[] = {"x2apic", "xapic", "mixed"};

	for (unsigned int i = 0; i < 3; i++)
		if (!strcmp(names[i], text))
			return (enum apic_choice)i;
	wrong("apic", text, "'x2apic', 'xapic' or 'mixed'");
}

enum option_code {
	PCPUS,
	VCPUS,
	DOMAINS,
	MODE,
	COMPARE,
	WORKLOAD,
	APIC,
	SECONDS,
	INTERRUPTS,
	HALT_EXITS,
	INHIBIT,
	SEED,
	TIMEOUT,
	HELP
};

static void set(struct options *options, enum option_code code,
		const char *name, const char *text)
{
	switch (code) {
	case PCPUS:
		options->pcpus = (uint32_t)number(name, text, 1, MAX_PCPUS);
		break;
	case VCPUS:
		options->vcpus = (uint32_t)number(name, text, 1, MAX_VCPUS);
		break;
	case DOMAINS:
		options->domains = (uint32_t)number(name, text, 1, MAX_DOMAINS);
		break;
	case MODE:
		options->mode = mode_index(text);
		break;
	case COMPARE:
		options->compare = true;
		break;
	case WORKLOAD:
		options->workload = workload(text);
		break;
	case APIC:
		options->apic = apic(text);
		break;
	case SECONDS:
		options->seconds = (uint32_t)number(name, text, 1, 1000000);
		break;
	case INTERRUPTS:
		options->interrupts = number(name, text, 1, UINT64_MAX);
		break;
	case HALT_EXITS:
		options->halt_exits = on(text);
		break;
	case INHIBIT:
		options->inhibit = true;
		break;
	case SEED:
		options->seed = (uint32_t)number(name, text, 0, UINT32_MAX);
		break;
	case TIMEOUT:
		options->timeout = (uint32_t)number(name, text, 1, 86400);
		break;
	case HELP:
		help();
	}
}

void options_parse(struct options *options, int argc, char **argv)
{
	static const struct option table[] = {
		{"pcpus", required_argument, NULL, PCPUS},
		{"vcpus", required_argument, NULL, VCPUS},
		{"domains", required_argument, NULL, DOMAINS},
		{"mode", required_argument, NULL, MODE},
		{"compare", no_argument, NULL, COMPARE},
		{"workload", required_argument, NULL, WORKLOAD},
		{"apic", required_argument, NULL, APIC},
		{"seconds", required_argument, NULL, SECONDS},
		{"interrupts", required_argument, NULL, INTERRUPTS},
		{"halt-exits", required_argument, NULL, HALT_EXITS},
		{"inhibit", no_argument, NULL, INHIBIT},
		{"seed", required_argument, NULL, SEED},
		{"timeout", required_argument, NULL, TIMEOUT},
		{"help", no_argument, NULL, HELP},
		{NULL, 0, NULL, 0},
	};
	int code, at;

	*options = (struct options){.pcpus = 2,
				    .vcpus = 4,
				    .domains = 1,
				    .mode = mode_index("posted"),
				    .workload = workload("unicast"),
				    .seconds = 2,
				    .halt_exits = true,
				    .seed = 1,
				    .timeout = 30};
	while ((code = getopt_long(argc, argv, "", table, &at)) != -1) {
		if (code == '?')
			exit(EXIT_USAGE);
		set(options, (enum option_code)code, table[at].name, optarg);
	}
	if (optind != argc) {
		fprintf(stderr, "vic-xen: '%s' is no option; see --help\n",
			argv[optind]);
		exit(EXIT_USAGE);
	}
}
