/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* One vCPU: RDMSR and WRMSR in every mode, and from one to another. */
#include "apic_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const apic_step steps[] = {
		apic_msr_read,       apic_msr_read,  apic_msr_write,
		apic_msr_write,      apic_msr_write, apic_base_write,
		apic_deadline_write, apic_lvt_write, apic_timer_write,
		apic_svr_write,      apic_icr_write, apic_eoi,
		apic_time,           apic_request,   apic_host_timer,
		apic_take,
	};
	struct apic_world w;

	apic_world_init(&w, data, size, 1, 0, NULL);
	apic_world_run(&w, steps, sizeof(steps) / sizeof(steps[0]));
	apic_world_free(&w);
	return 0;
}
