/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#define _POSIX_C_SOURCE 200809L

#include "threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned tests, failures;

void die(const char *what)
{
	printf("Bail out! %s\n", what);
	fflush(stdout);
	_Exit(1);
}

void *zeroed(size_t alignment, size_t size)
{
	size_t whole = (size + alignment - 1) / alignment * alignment;
	void *memory = aligned_alloc(alignment, whole);

	if (!memory)
		die("out of memory");
	return memset(memory, 0, whole);
}

bool is_long(int argc, char **argv)
{
	const char *setting = getenv("VIC_TEST_LONG");
	bool found = setting && !strcmp(setting, "1");

	for (int i = 1; i < argc; i++)
		found |= !strcmp(argv[i], "--long");
	return found;
}

void doze(unsigned microseconds)
{
	const struct timespec time = {
		.tv_sec = (time_t)(microseconds / 1000000),
		.tv_nsec = (long)(microseconds % 1000000) * 1000,
	};

	nanosleep(&time, NULL);
}

bool stalls(struct watched *watched, bool waits, uint64_t progress)
{
	if (waits && progress == watched->last)
		watched->still++;
	else
		watched->still = 0;
	watched->last = progress;
	return watched->still >= STALLED_SECONDS;
}

void ok(bool passed, const char *name)
{
	failures += !passed;
	printf("%s %u - %s\n", passed ? "ok" : "not ok", ++tests, name);
}

unsigned plan(void)
{
	printf("1..%u\n", tests);
	return failures;
}
