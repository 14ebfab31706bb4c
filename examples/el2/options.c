/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Lines "name=value" of text at OPTIONS_BASE; zero bytes follow the last. */
#include "el2.h"

#define AFF0_END 256u

struct options options = {.vcpus = 1, .pcpus = 1, .append = ""};

static uint64_t number(const char *text)
{
	uint64_t value = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (uint64_t)(*text - '0');
	return value;
}

/* The value of the line, if it is the one called @p name. */
static const char *value_of(const char *line, const char *name)
{
	for (; *name; line++, name++)
		if (*line != *name)
			return NULL;
	return *line == '=' ? line + 1 : NULL;
}

static void take(const char *line)
{
	const char *value;

	if ((value = value_of(line, "vcpus")))
		options.vcpus = (uint32_t)number(value);
	else if ((value = value_of(line, "pcpus")))
		options.pcpus = (uint32_t)number(value);
	else if ((value = value_of(line, "aff0")))
		options.aff0 = (uint32_t)number(value);
	else if ((value = value_of(line, "wfi-exits")))
		options.wfi_exits = number(value) != 0;
	else if ((value = value_of(line, "dtb")))
		options.dtb = number(value) != 0;
	else if ((value = value_of(line, "stats")))
		options.stats = number(value) != 0;
	else if ((value = value_of(line, "timeout")))
		options.timeout = (uint32_t)number(value);
	else if ((value = value_of(line, "initrd")))
		options.initrd_size = number(value);
	else if ((value = value_of(line, "append")))
		options.append = value;
	else
		die("unknown option: %s", line);
}

void options_read(void)
{
	char *text = (char *)(uintptr_t)OPTIONS_BASE;
	char *end = text + OPTIONS_SIZE - 1;

	*end = '\0';
	while (*text) {
		char *line = text;

		while (text < end && *text && *text != '\n')
			text++;
		if (*text)
			*text++ = '\0';
		take(line);
	}
	if (options.vcpus < 1 || options.vcpus > MAX_VCPUS)
		die("the number of vCPUs must be 1 to %u", MAX_VCPUS);
	if (options.pcpus < 1 || options.pcpus > MAX_PCPUS)
		die("the number of physical CPUs must be 1 to %u", MAX_PCPUS);
	if (options.aff0 > AFF0_END - options.vcpus)
		die("Aff0 of a vCPU would be more than 255");
}
