/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Lines for the VMM's console, and the verdicts. */

#include "guest.h"

#define CONSOLE_PORT 0x3f8
#define EXIT_PORT 0xf4

struct text {
	char *to;
	char *end; /* one before the terminator's last place */
};

static struct {
	const char *mode;
	const char *name;
	uint32_t failed;
	uint32_t checks;
	uint32_t failures;
	char detail[256];
} check;

static void put(struct text *text, char c)
{
	if (text->to < text->end)
		*text->to++ = c;
}

static void put_number(struct text *text, uint64_t value, uint32_t base)
{
	char digits[20];
	uint32_t n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (n)
		put(text, digits[--n]);
}

static void put_string(struct text *text, const char *string)
{
	while (*string)
		put(text, *string++);
}

/* One conversion; returns the character after it. */
static const char *put_one(struct text *text, const char *format, va_list *args)
{
	bool is_long = *format == 'l';
	uint64_t value;

	if (is_long)
		format++;
	switch (*format) {
	case 's':
		put_string(text, va_arg(*args, const char *));
		break;
	case 'c':
		put(text, (char)va_arg(*args, int));
		break;
	case 'u':
	case 'x':
		value = is_long ? va_arg(*args, uint64_t)
				: va_arg(*args, uint32_t);
		put_number(text, value, *format == 'u' ? 10 : 16);
		break;
	default:
		put(text, '%');
		return format;
	}
	return format + 1;
}

static void put_all(struct text *text, const char *format, va_list *args)
{
	while (*format) {
		if (*format == '%')
			format = put_one(text, format + 1, args);
		else
			put(text, *format++);
	}
	*text->to = '\0';
}

static void console(const char *string)
{
	while (*string)
		out8(CONSOLE_PORT, (uint8_t)*string++);
}

void print(const char *format, ...)
{
	char line[320];
	struct text text = {line, line + sizeof(line) - 1};
	va_list args;

	va_start(args, format);
	put_all(&text, format, &args);
	va_end(args);
	console(line);
}

_Noreturn void leave(uint8_t value)
{
	out8(EXIT_PORT, value);
	for (;;) {
		cli();
		hlt();
	}
}

void check_begin(const char *mode, const char *name)
{
	check.mode = mode;
	check.name = name;
	STORE(check.failed, 0);
}

void fail(const char *format, ...)
{
	struct text text = {check.detail,
			    check.detail + sizeof(check.detail) - 1};
	va_list args;

	if (SWAP(check.failed, 1))
		return;
	va_start(args, format);
	put_all(&text, format, &args);
	va_end(args);
}

bool failed(void)
{
	return LOAD(check.failed);
}

void check_end(void)
{
	bool bad = failed();

	check.checks++;
	check.failures += bad;
	print("check %s.%s %s%s\n", check.mode, check.name,
	      bad ? "FAIL " : "PASS", bad ? check.detail : "");
}

_Noreturn void finish(void)
{
	print("guest: %u checks, %u failed\n", check.checks, check.failures);
	leave(check.failures != 0);
}
