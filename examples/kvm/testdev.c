/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Devices for tests, as hypervisor projects have them for their guests:
 * a port for each line, written by 8, 16 or 32 bits.
 *
 *     0x2000 + n   line n is high (not 0) or low (0)
 *     0x2020 + n   another device on the same lines: they are high while
 *                  one of the two says so
 *     0x2040 + n   line n is high until the EOI of it: a device that asks
 *                  for service again only if it still needs some. With
 *                  --irqchip vic only
 *
 * isa-debug-exit at 0xf4 ends the run with what the guest writes.
 */
#include "boot.h"
#include "chips.h"
#include "vm.h"

#define BANK 0x20

void testdev_line_out(struct cpu *cpu, uint16_t port, uint8_t size,
		      uint32_t value)
{
	uint32_t gsi = (port - PORT_TESTDEV) % BANK;
	uint32_t bank = (port - PORT_TESTDEV) / BANK;

	(void)size;
	if (gsi >= CHIPS_LINES)
		return;
	if (bank < 2)
		chips_line(cpu->vm, &cpu->counters, gsi,
			   bank ? SOURCE_TESTDEV_2 : SOURCE_TESTDEV, value);
	else if (cpu->vm->options.vic)
		chips_line(cpu->vm, &cpu->counters, gsi, SOURCE_UNTIL_EOI,
			   true);
}

void testdev_exit_out(struct cpu *cpu, uint16_t port, uint8_t size,
		      uint32_t value)
{
	(void)port;
	(void)size;
	vm_end(cpu->vm, (int)((value << 1 | 1) & 0xff));
}
