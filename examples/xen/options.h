/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#ifndef VIC_XEN_OPTIONS_H
#define VIC_XEN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define EXIT_USAGE 2

#define MAX_PCPUS 64
#define MAX_VCPUS 64
#define MAX_DOMAINS 16

enum apic_choice {
	APIC_X2APIC,
	APIC_XAPIC,
	/* Each domain by the seed. */
	APIC_MIXED,
};

struct options {
	uint32_t pcpus, vcpus, domains;
	/* Index into the table of modes. */
	uint32_t mode;
	bool compare;
	const struct workload *workload;
	enum apic_choice apic;
	uint32_t seconds;
	/* 0: by time. */
	uint64_t interrupts;
	bool halt_exits;
	/* Posting ends and begins again, at any moment. */
	bool inhibit;
	uint32_t seed;
	uint32_t timeout;
};

/* Fills in @options or ends the program. */
void options_parse(struct options *options, int argc, char **argv);

#endif
