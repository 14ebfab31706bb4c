/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A whole GIC: up to four vCPUs that run on simulated CPU interfaces,
 * devices that raise lines and send messages, registers that are written
 * with values that make sense. gic_check.c has what must hold.
 */
#include "gic_world.h"

/* Registers that change what an interrupt is, or does. */
static void change(struct gic_world *w)
{
	static const uint32_t bits[] = {
		VIC_GICD_ISENABLER, VIC_GICD_ICENABLER, VIC_GICD_ISPENDR,
		VIC_GICD_ICPENDR,   VIC_GICD_ISACTIVER, VIC_GICD_ICACTIVER,
		VIC_GICD_IGROUPR,   VIC_GICD_ISENABLER,
	};
	struct gic_cpu *cpu = world_pick(w), *whose = world_pick(w);
	uint32_t what = input_u8(&w->input), intid = world_intid(w);
	uint32_t value = input_u8(&w->input);
	uint64_t base = w->config.gicd_base;

	if (intid < VIC_INTID_SPI)
		base = world_gicr(w, whose->gicr->index) + VIC_GICR_SGI_BASE;
	intid %= VIC_INTID_SPECIAL;
	switch (what & 15) {
	case 0:
	case 1:
		world_write(cpu, base + VIC_GICD_IPRIORITYR + intid, 1, value);
		break;
	case 2:
		world_write(cpu, base + VIC_GICD_ICFGR + intid / 16 * 4, 4,
			    value * UINT64_C(0x01010101));
		break;
	case 3:
	case 4:
		world_write(cpu,
			    w->config.gicd_base + VIC_GICD_IROUTER + 8 * intid,
			    8, whose->gicr->affinity | (what & 0x80) << 24);
		break;
	default:
		base += bits[what & 7] + intid / 32 * 4;
		if (what & 0x40)
			world_read(cpu, base, 4);
		else
			world_write(cpu, base, 4,
				    (what & 0x20 ? value : 1u) << (intid % 32));
		break;
	}
}

static void control(struct gic_world *w)
{
	struct gic_cpu *cpu = world_pick(w), *whose = world_pick(w);
	uint64_t gicr = world_gicr(w, whose->gicr->index);
	uint32_t what = input_u8(&w->input);

	switch (what & 7) {
	case 0:
		world_write(cpu, gicr + VIC_GICR_WAKER, 4, what >> 4 & 2);
		break;
	case 1:
		world_write(cpu, gicr + VIC_GICR_CTLR, 4,
			    (uint64_t)(what >> 4 & 3) << 24);
		break;
	case 2:
		if (what == 0xfa)
			world_reset(w);
		break;
	case 3:
		world_write(cpu, w->config.gicd_base + VIC_GICD_CTLR, 4, 3);
		world_write(cpu, gicr + VIC_GICR_WAKER, 4, 0);
		break;
	default:
		world_write(cpu, w->config.gicd_base + VIC_GICD_CTLR, 4,
			    what >> 4);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gic_world w;

	world_init(&w, data, size);
	for (int n = 0; n < GIC_MAX_OPS && w.input.left; n++) {
		uint32_t what = input_u8(&w.input) & 15;
		struct gic_cpu *cpu;

		if (what < 4) {
			change(&w);
		} else if (what == 4) {
			control(&w);
		} else if (what == 5) {
			cpu = world_pick(&w);
			world_sysreg(cpu, VIC_ICC_SGI1R_EL1, true,
				     0xf | (uint64_t)input_u8(&w.input) << 24);
		} else if (what < 8) {
			world_raise(&w);
		} else {
			world_step(&w);
		}
		world_check(&w);
	}
	world_free(&w);
	return 0;
}
