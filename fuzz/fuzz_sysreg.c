/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* System registers: any encoding and value, from any vCPU. */
#include "gic_world.h"

static void access(struct gic_world *w)
{
	static const uint32_t known[] = {
		VIC_ICC_SGI1R_EL1, VIC_ICC_SGI1R_EL1,  VIC_ICC_SGI1R_EL1,
		VIC_ICC_SGI0R_EL1, VIC_ICC_ASGI1R_EL1, VIC_ICC_DIR_EL1,
		VIC_ICC_SRE_EL1,
	};
	struct gic_cpu *cpu = world_pick(w);
	uint32_t which = input_u8(&w->input) & 15, sysreg;
	uint64_t value;

	if (which < sizeof(known) / sizeof(known[0]))
		sysreg = known[which];
	else if (which == 15)
		sysreg = input_u32(&w->input);
	else
		sysreg = VIC_SYSREG(3u, 0u, 12u, which, input_u8(&w->input));
	/* A list of targets with small affinities, an INTID, or anything. */
	switch (input_u8(&w->input) & 3) {
	case 0:
		value = input_u8(&w->input);
		value |= (uint64_t)input_u8(&w->input) << 24;
		break;
	case 1:
		value = (uint64_t)input_u8(&w->input) << 40 | 0xffff;
		value |= (uint64_t)input_u8(&w->input) << 16;
		break;
	case 2:
		value = world_intid(w);
		break;
	default:
		value = input_u64(&w->input);
		break;
	}
	world_sysreg(cpu, sysreg, which != 14 && !(value >> 63), value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gic_world w;

	world_init(&w, data, size);
	for (int n = 0; n < GIC_MAX_OPS && w.input.left; n++) {
		uint32_t what = input_u8(&w.input) & 7;

		if (what == 7)
			world_access(&w, world_gicr(&w, 0));
		else if (what & 1)
			world_step(&w);
		else
			access(&w);
		world_check(&w);
	}
	world_free(&w);
	return 0;
}
