/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Lines for the PL011, the verdicts, and the way out. */

#include "guest.h"

#define UART 0x09000000ull
#define UARTFR 0x18
#define UARTFR_TXFF (1u << 5)
#define SYS_EXIT_EXTENDED 0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026

/* boot.S */
uint64_t call_semihosting(uint64_t operation, const void *arguments);

struct text {
	char *to;
	char *end; /* one before the terminator's last place */
};

static struct {
	const char *name;
	uint32_t failed;
	const char *left_out;
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
	for (; *string; string++) {
		while (read32(UART + UARTFR) & UARTFR_TXFF)
			yield();
		write32(UART, (uint8_t)*string);
	}
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

/* Without semihosting its HLT is an exception, and trap() ends here too. */
_Noreturn void leave(uint32_t value)
{
	uint64_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, value};
	static uint32_t left;

	if (!SWAP(left, 1) && (value || !options.psci_exit))
		call_semihosting(SYS_EXIT_EXTENDED, block);
	psci_system_off();
	for (;;)
		wfi();
}

void check_begin(const char *name)
{
	check.name = name;
	check.left_out = NULL;
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

void expect(const char *text, uint64_t have, uint64_t want)
{
	if (have != want)
		fail("cpu %u: %s: %lx, expected %lx", this_cpu()->id, text,
		     have, want);
}

bool failed(void)
{
	return LOAD(check.failed);
}

void leave_out(const char *reason)
{
	check.left_out = reason;
}

void check_end(void)
{
	bool bad = failed();

	if (check.left_out && !bad) {
		print("check %s NONE %s\n", check.name, check.left_out);
		return;
	}
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
