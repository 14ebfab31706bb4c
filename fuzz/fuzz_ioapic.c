/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* An IOAPIC with two local APICs, or alone: lines, entries, EOIs. */
#include "chip_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const chip_step steps[] = {
		chip_line,     chip_line,          chip_line,      chip_line,
		chip_entry,    chip_entry,         chip_write,     chip_read,
		chip_eoi,      chip_retry,         chip_take,      chip_take,
		chip_apic_eoi, chip_apic_register, chip_apic_base, chip_msi,
		chip_devices,  chip_reset,         chip_keep,      chip_back,
	};

	chip_run(data, size, steps, sizeof(steps) / sizeof(steps[0]));
	return 0;
}
