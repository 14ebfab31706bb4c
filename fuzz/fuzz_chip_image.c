/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Images of an IOAPIC, a PIC and a whole VM that nobody saved: a saved one
 * with changes. It is refused and nothing has changed, or it is taken, and
 * then the VM lives on as any other.
 */
#include "chip_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const chip_step steps[] = {
		chip_hostile_ioapic,
		chip_hostile_ioapic,
		chip_hostile_pic,
		chip_hostile_pic,
		chip_hostile_pc,
		chip_hostile_pc,
		chip_line,
		chip_line,
		chip_entry,
		chip_write,
		chip_eoi,
		chip_pic_line,
		chip_pic_write,
		chip_pic_read,
		chip_pic_ack,
		chip_take,
		chip_apic_eoi,
		chip_apic_register,
		chip_devices,
		chip_keep,
		chip_back,
	};

	chip_run(data, size, steps, sizeof(steps) / sizeof(steps[0]));
	return 0;
}
