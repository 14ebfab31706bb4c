/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The Distributor: any load and store of any vCPU at any offset, while vCPUs
 * run with interrupts in their list registers.
 */
#include "gic_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gic_world w;

	world_init(&w, data, size);
	for (int n = 0; n < GIC_MAX_OPS && w.input.left; n++) {
		if (input_u8(&w.input) & 3)
			world_access(&w, w.config.gicd_base);
		else
			world_step(&w);
		world_check(&w);
	}
	world_free(&w);
	return 0;
}
