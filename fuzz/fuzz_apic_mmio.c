/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* One vCPU in xAPIC mode: loads, stores and CR8, while time passes. */
#include "apic_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const apic_step steps[] = {
		apic_mmio_read,   apic_mmio_read,  apic_mmio_write,
		apic_mmio_write,  apic_mmio_write, apic_lvt_write,
		apic_timer_write, apic_svr_write,  apic_icr_write,
		apic_eoi,         apic_cr8,        apic_time,
		apic_host_timer,  apic_request,    apic_scan,
		apic_take,
	};
	struct apic_world w;

	apic_world_init(&w, data, size, 1, VIC_LAPIC_X2APIC, NULL);
	apic_world_run(&w, steps, sizeof(steps) / sizeof(steps[0]));
	apic_world_free(&w);
	return 0;
}
