/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What a test guest prints: lines of text, and a verdict for each check. */
#ifndef GUEST_REPORT_H
#define GUEST_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#define PRINTF(a, b) __attribute__((format(printf, a, b)))

/* Knows %s %c %u %x %lu %lx, as do the others that take a format. */
void print(const char *format, ...) PRINTF(1, 2);

/* The format makes the check's name. */
void check_begin(const char *format, ...) PRINTF(1, 2);
void check_end(void);
/* The first failure of a check is the one that is printed. Any CPU. */
void fail(const char *format, ...) PRINTF(1, 2);
bool failed(void);
/* The last line, and out. */
_Noreturn void finish(void);

/* Each guest's console.c: a byte to the console, and out with a status. */
void console_put(char c);
_Noreturn void leave(uint8_t status);

#endif
