/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Lines and verdicts of the test guests, which have no C library. */

#include "report.h"

#include <stdarg.h>
#include <stddef.h>

struct text {
	char *to;
	char *end; /* one before the terminator's last place */
};

static struct {
	char name[64];
	bool failed;
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

static void put_all(char *to, size_t size, const char *format, va_list *args)
{
	struct text text = {to, to + size - 1};

	while (*format) {
		if (*format == '%')
			format = put_one(&text, format + 1, args);
		else
			put(&text, *format++);
	}
	*text.to = '\0';
}

void print(const char *format, ...)
{
	char line[320];
	va_list args;

	va_start(args, format);
	put_all(line, sizeof(line), format, &args);
	va_end(args);
	for (const char *c = line; *c; c++)
		console_put(*c);
}

void check_begin(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_all(check.name, sizeof(check.name), format, &args);
	va_end(args);
	__atomic_store_n(&check.failed, false, __ATOMIC_SEQ_CST);
}

void fail(const char *format, ...)
{
	va_list args;

	if (__atomic_exchange_n(&check.failed, true, __ATOMIC_SEQ_CST))
		return;
	va_start(args, format);
	put_all(check.detail, sizeof(check.detail), format, &args);
	va_end(args);
}

bool failed(void)
{
	return __atomic_load_n(&check.failed, __ATOMIC_SEQ_CST);
}

void check_end(void)
{
	bool bad = failed();

	check.checks++;
	check.failures += bad;
	print("check %s %s%s\n", check.name, bad ? "FAIL " : "PASS",
	      bad ? check.detail : "");
}

_Noreturn void finish(void)
{
	print("guest: %u checks, %u failed\n", check.checks, check.failures);
	leave(check.failures != 0);
}
