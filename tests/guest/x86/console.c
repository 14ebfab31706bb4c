/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The VMM's console, and the way out. */

#include "guest.h"

#define CONSOLE_PORT 0x3f8
#define EXIT_PORT 0xf4

void console_put(char c)
{
	out8(CONSOLE_PORT, (uint8_t)c);
}

_Noreturn void leave(uint8_t status)
{
	out8(EXIT_PORT, status);
	for (;;) {
		cli();
		hlt();
	}
}
