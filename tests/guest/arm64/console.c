/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The PL011, and the way out. */

#include "guest.h"

#define UART 0x09000000ull
#define UARTFR 0x18
#define UARTFR_TXFF (1u << 5)
#define SYS_EXIT_EXTENDED 0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026

/* boot.S */
uint64_t call_semihosting(uint64_t operation, const void *arguments);

void console_put(char c)
{
	while (read32(UART + UARTFR) & UARTFR_TXFF)
		yield();
	write32(UART, (uint8_t)c);
}

/* Without semihosting its HLT is an exception, and trap() ends here too. */
_Noreturn void leave(uint8_t status)
{
	uint64_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, status};
	static uint32_t left;

	if (!SWAP(left, 1) && (status || !options.psci_exit))
		call_semihosting(SYS_EXIT_EXTENDED, block);
	psci_system_off();
	for (;;)
		wfi();
}
