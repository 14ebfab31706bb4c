/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The flattened device tree: CPUs, GIC, PSCI and the command line. */

#include "guest.h"

enum token {
	FDT_BEGIN_NODE = 1,
	FDT_END_NODE = 2,
	FDT_PROP = 3,
	FDT_NOP = 4,
};

#define FDT_MAGIC 0xd00dfeedu

struct machine machine;

static uint32_t big_endian(const uint32_t *word)
{
	return __builtin_bswap32(*word);
}

static uint64_t big_endian_pair(const uint32_t *words)
{
	return (uint64_t)big_endian(words) << 32 | big_endian(words + 1);
}

static const uint32_t *skip_string(const uint32_t *at)
{
	const char *c = (const char *)at;

	while (*c)
		c++;
	return (const uint32_t *)(((uintptr_t)c + 4) & ~(uintptr_t)3);
}

/* A property of /TOP or of /TOP/SUB. */
static void property(const char *top, const char *sub, const char *name,
		     const uint32_t *value, uint32_t length)
{
	const char *text = (const char *)value;
	bool reg = is_word(name, "reg");

	if (!sub && is_word(top, "chosen") && is_word(name, "bootargs"))
		machine.bootargs = text;
	if (!sub && is_word(top, "psci") && is_word(name, "method"))
		machine.psci_smc = is_word(text, "smc");
	if (!sub && after(top, "intc@") && reg && length >= 32) {
		machine.gicd = big_endian_pair(value);
		machine.gicr = big_endian_pair(value + 4);
		machine.gicr_size = big_endian_pair(value + 6);
	}
	if (sub && is_word(top, "cpus") && after(sub, "cpu@") && reg &&
	    machine.nr_cpus < MAX_CPUS)
		machine.mpidr[machine.nr_cpus++] =
			length == 8 ? big_endian_pair(value)
				    : big_endian(value);
}

bool dtb_read(const void *dtb)
{
	const uint32_t *header = dtb;
	const char *strings, *path[3] = {NULL, NULL, NULL};
	const uint32_t *at;
	uint32_t depth = 0;

	machine.bootargs = "";
	if (!dtb || big_endian(header) != FDT_MAGIC)
		return false;
	at = header + big_endian(header + 2) / 4;
	strings = (const char *)dtb + big_endian(header + 3);
	for (;;) {
		uint32_t token = big_endian(at++);

		if (token == FDT_BEGIN_NODE) {
			if (depth < 3)
				path[depth] = (const char *)at;
			depth++;
			at = skip_string(at);
		} else if (token == FDT_END_NODE) {
			depth--;
			if (depth < 3)
				path[depth] = NULL;
		} else if (token == FDT_PROP) {
			uint32_t length = big_endian(at);

			if (depth == 2 || depth == 3)
				property(path[1], path[2],
					 strings + big_endian(at + 1), at + 2,
					 length);
			at += 2 + (length + 3) / 4;
		} else if (token != FDT_NOP) {
			break;
		}
	}
	return machine.nr_cpus && machine.gicd && machine.gicr;
}
