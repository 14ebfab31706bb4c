/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Three vCPUs on two pCPUs whose hardware posts, and all that may happen. */
#include "hw_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const apic_step steps[] = {
		hw_boot,        hw_guest,         hw_guest,
		hw_guest,       hw_enter,         hw_enter,
		hw_device,      hw_device,        hw_spurious,
		hw_load,        hw_put,           hw_host,
		hw_sleep,       hw_sleep,         hw_set_posting,
		hw_harvest,     hw_reload,        hw_write_exit,
		hw_write_exit,  hw_eoi_exit,      hw_ack,
		hw_unack,       hw_inta,          apic_post,
		apic_post,      apic_msi,         apic_request,
		apic_take,      apic_take,        apic_scan,
		apic_time,      apic_host_timer,  apic_mmio_write,
		apic_msr_write, apic_base_write,  apic_lvt_write,
		apic_svr_write, apic_timer_write, apic_icr_write,
		apic_eoi,       apic_cr8,         apic_ack_request,
		apic_home,      apic_reset,       apic_in_place,
		apic_keep,      apic_back,
	};
	struct apic_world w;
	struct hw hw;

	apic_world_init(&w, data, size, APIC_CPUS, 0, &hw);
	for (uint32_t i = 0; i < w.count && hw.booted; i++) {
		apic_check_begin(&w);
		hw_boot(&w, &w.cpu[i]);
	}
	apic_world_run(&w, steps, sizeof(steps) / sizeof(steps[0]));
	apic_world_free(&w);
	return 0;
}
