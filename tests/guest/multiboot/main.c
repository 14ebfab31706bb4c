/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The test kernel's run, and its console. */

#include "kernel.h"

#define CONSOLE_PORT 0x3f8
#define EXIT_PORT 0xf4

_Noreturn void kernel_main(void);

static uint32_t failures;

void print(const char *text)
{
	while (*text)
		out8(CONSOLE_PORT, (uint8_t)*text++);
}

void print_number(uint64_t value)
{
	char text[19] = "0x";
	uint32_t digits = 1;

	while (digits < 16 && value >> (4 * digits))
		digits++;
	for (uint32_t i = 0; i < digits; i++)
		text[2 + i] =
			"0123456789abcdef"[value >> (4 * (digits - 1 - i)) &
					   0xf];
	text[2 + digits] = 0;
	print(text);
}

void check(const char *name, bool passed)
{
	print("check ");
	print(name);
	print(passed ? " PASS\n" : " FAIL\n");
	failures += !passed;
}

bool equal(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return false;
	return true;
}

size_t length(const char *string)
{
	size_t count = 0;

	while (string[count])
		count++;
	return count;
}

_Noreturn void kernel_main(void)
{
	check_entry();
	check_info();
	check_tables();
	check_traps();
	check_timer();
	print(failures ? "kernel: failed\n" : "kernel: passed\n");
	if (!failures && option("unusual", 0))
		unusual();
	if (!failures && option("poweroff", 0))
		power_off();
	out8(EXIT_PORT, failures != 0);
	for (;;)
		__asm__ volatile("cli\n\thlt");
}
