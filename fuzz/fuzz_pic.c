/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* A PIC that is wired to local APICs and to an IOAPIC. */
#include "chip_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const chip_step steps[] = {
		chip_pic_line,      chip_pic_line,  chip_pic_line,
		chip_pic_line,      chip_pic_write, chip_pic_write,
		chip_pic_write,     chip_pic_write, chip_pic_read,
		chip_pic_read,      chip_pic_ack,   chip_take,
		chip_take,          chip_apic_eoi,  chip_entry,
		chip_apic_register, chip_apic_base, chip_devices,
		chip_reset,         chip_keep,      chip_back,
	};

	chip_run(data, size, steps, sizeof(steps) / sizeof(steps[0]));
	return 0;
}
