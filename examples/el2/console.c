/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the hypervisor says goes through semihosting to QEMU's standard
 * error; standard output is the guest's console.
 */
#include <stdarg.h>

#include "el2.h"

#define SYS_WRITE0 0x04
#define SYS_EXIT_EXTENDED 0x20
#define STOPPED_APPLICATION_EXIT 0x20026

struct line {
	char text[160];
	size_t length;
};

static struct lock console_lock;

static void semihosting(uint64_t operation, const void *argument)
{
	register uint64_t x0 __asm__("x0") = operation;
	register const void *x1 __asm__("x1") = argument;

	__asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
}

static void put(struct line *line, char c)
{
	/* Room for the end of line and the terminating zero. */
	if (line->length < sizeof(line->text) - 2)
		line->text[line->length++] = c;
}

static void put_text(struct line *line, const char *text)
{
	while (*text)
		put(line, *text++);
}

static void put_number(struct line *line, uint64_t value, unsigned int base,
		       unsigned int width, char pad)
{
	char digits[20];
	unsigned int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	for (; width > n; width--)
		put(line, pad);
	while (n)
		put(line, digits[--n]);
}

/* %s, %c, and %u, %x with a zero, a width and a size before them. */
static void format_line(struct line *line, const char *format, va_list args)
{
	for (; *format; format++) {
		unsigned int width = 0;
		bool is_long = false;
		char pad = ' ';

		if (*format != '%') {
			put(line, *format);
			continue;
		}
		if (*++format == '0')
			pad = '0';
		for (; *format >= '0' && *format <= '9'; format++)
			width = width * 10 + (unsigned int)(*format - '0');
		for (; *format == 'l'; format++)
			is_long = true;
		if (*format == 's')
			put_text(line, va_arg(args, const char *));
		else if (*format == 'c')
			put(line, (char)va_arg(args, int));
		else
			put_number(line,
				   is_long ? va_arg(args, uint64_t)
					   : va_arg(args, uint32_t),
				   *format == 'x' ? 16 : 10, width, pad);
	}
}

static void say_args(const char *format, va_list args)
{
	struct line line = {.length = 0};

	put_text(&line, "[el2] ");
	format_line(&line, format, args);
	line.text[line.length++] = '\n';
	line.text[line.length] = '\0';
	lock(&console_lock);
	semihosting(SYS_WRITE0, line.text);
	unlock(&console_lock);
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_args(format, args);
	va_end(args);
}

_Noreturn void power_off(uint32_t status)
{
	const uint64_t block[] = {STOPPED_APPLICATION_EXIT, status};

	semihosting(SYS_EXIT_EXTENDED, block);
	for (;;)
		wait_for_interrupt();
}

_Noreturn void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_args(format, args);
	va_end(args);
	power_off(1);
}
