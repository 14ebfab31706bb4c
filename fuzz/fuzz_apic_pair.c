/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Two vCPUs: everything that there is, in any order. */
#include "apic_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const apic_step steps[] = {
		apic_mmio_read, apic_mmio_write, apic_msr_read,
		apic_msr_write, apic_base_write, apic_deadline_write,
		apic_lvt_write, apic_svr_write,  apic_timer_write,
		apic_icr_write, apic_icr_write,  apic_eoi,
		apic_eoi,       apic_cr8,        apic_msi,
		apic_post,      apic_request,    apic_request,
		apic_time,      apic_host_timer, apic_scan,
		apic_take,      apic_take,       apic_ack,
		apic_unack,     apic_inta,       apic_ack_request,
		apic_enter,     apic_home,       apic_block,
		apic_reset,     apic_in_place,   apic_keep,
		apic_back,
	};
	struct apic_world w;

	apic_world_init(&w, data, size, 2, 0, NULL);
	apic_world_run(&w, steps, sizeof(steps) / sizeof(steps[0]));
	apic_world_free(&w);
	return 0;
}
