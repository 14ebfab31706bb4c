/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Redistributors: any load and store of any vCPU at any offset of its own
 * frame, of another's, and around them.
 */
#include "gic_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gic_world w;

	world_init(&w, data, size);
	for (int n = 0; n < GIC_MAX_OPS && w.input.left; n++) {
		uint32_t what = input_u8(&w.input), frame;

		/* One more than there are. */
		frame = (what >> 2) % (w.config.max_vcpus + 1);
		if (what & 3)
			world_access(&w, world_gicr(&w, 0) +
						 frame * VIC_GICR_FRAME_SIZE);
		else
			world_step(&w);
		world_check(&w);
	}
	world_free(&w);
	return 0;
}
