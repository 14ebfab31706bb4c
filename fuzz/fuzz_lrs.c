/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Hostile list registers: what comes back from the guest in the whole of
 * struct vic_gic_lrs is the fuzzer's. libvic believes states alone.
 */
#include "gic_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gic_world w;

	world_init(&w, data, size);
	w.hostile = true;
	for (int n = 0; n < GIC_MAX_OPS && w.input.left; n++) {
		switch (input_u8(&w.input) & 7) {
		case 0:
			world_access(&w, w.config.gicd_base);
			break;
		case 1:
			world_access(&w, world_gicr(&w, 0));
			break;
		case 2:
		case 3:
			world_raise(&w);
			break;
		case 4:
		case 5:
			world_enter(world_pick(&w));
			break;
		default:
			world_step(&w);
			break;
		}
		world_check(&w);
	}
	world_free(&w);
	return 0;
}
