/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Operations that the fuzzer chooses: of vCPUs, guests and devices. */
#include "gic_world.h"

/* ICC_DIR_EL1, trapped or not. */
static void dir(struct gic_cpu *cpu, uint32_t intid)
{
	if (vcpuif_dir(&cpu->hw, intid))
		return;
	world_sysreg(cpu, VIC_ICC_DIR_EL1, true, intid);
}

/* An instruction of the guest's that does not trap. */
static void guest(struct gic_world *w)
{
	struct gic_cpu *cpu = world_pick(w);
	uint32_t what = input_u8(&w->input), group = what >> 7;
	uint32_t value = input_u8(&w->input), intid = VIC_INTID_NONE;

	if (cpu->place != AT_GUEST)
		world_enter(cpu);
	/* One that it has, or any. */
	intid = (uint32_t)cpu->hw.regs.lr[value % w->nr_lrs];
	if (value >= 0xc0)
		intid = world_intid(w);
	switch (what % 10) {
	case 0:
	case 1:
	case 2:
		vcpuif_iar(&cpu->hw, group);
		break;
	case 3:
	case 4:
		vcpuif_eoir(&cpu->hw, group, intid);
		break;
	case 5:
		dir(cpu, intid);
		break;
	case 6:
		vcpuif_set_pmr(&cpu->hw, value);
		break;
	case 7:
		vcpuif_set_bpr(&cpu->hw, group, value);
		break;
	case 8:
		vcpuif_set_igrpen(&cpu->hw, group, value & 1);
		break;
	default:
		vcpuif_set_ctlr(&cpu->hw, value & 1, value & 2);
		break;
	}
	/* A maintenance interrupt, or the exit that was armed. */
	if (cpu->place == AT_GUEST && (vcpuif_misr(&cpu->hw) || cpu->armed))
		world_home(cpu);
}

/* The physical interrupt of a linked one is acknowledged by the host. */
static void raise_linked(struct gic_world *w, struct gic_cpu *cpu)
{
	uint32_t intid = 40 + (input_u8(&w->input) & 3);

	if (intid == 40) {
		/* It came to the CPU that the vCPU is on. */
		world_home(cpu);
		if (cpu->active[26])
			return;
		cpu->active[26] = true;
		intid = 27;
	} else {
		if (w->active[intid + 100])
			return;
		w->active[intid + 100] = true;
	}
	vic_gic_line_set(w->gic, cpu->gicr, &w->counters, intid, 0, true);
}

static bool exists(const struct gic_world *w, uint32_t intid)
{
	const struct vic_gic_config *c = &w->config;

	return intid < VIC_INTID_SPI + c->spis ||
	       intid - VIC_INTID_EPPI < c->eppis ||
	       intid - VIC_INTID_ESPI < c->espis;
}

void world_raise(struct gic_world *w)
{
	struct gic_cpu *cpu = world_pick(w);
	uint32_t intid = world_intid(w), how = input_u8(&w->input);
	uint32_t number = irq_number(w->gic, intid), source = how & 3;
	bool there = exists(w, intid), level = how & 4;
	bool private = intid < VIC_INTID_SPI || intid - VIC_INTID_EPPI < 64;
	enum vic_post post;
	uint32_t s;

	REQUIRE(there == (number != NUMBER_NONE));
	REQUIRE(!there || private == irq_private(w->gic, number));
	s = there ? irq_at(w->gic, cpu->gicr, number)->state : 0;
	if (how & 8) {
		post = vic_gic_message(w->gic, &w->counters, intid, level);
		REQUIRE((post == VIC_POST_REFUSED) == (private || !there));
		return;
	}
	if ((s & IRQ_LINKED) && source == 0) {
		raise_linked(w, cpu);
		return;
	}
	if (how >= 0xe0)
		source = how;
	post = vic_gic_line_set(w->gic, how & 16 && private ? NULL : cpu->gicr,
				&w->counters, intid, source, level);
	REQUIRE((post == VIC_POST_REFUSED) ==
		(!there || intid < VIC_INTID_PPI || source > 62 ||
		 (private && (how & 16))));
}

void world_access(struct gic_world *w, uint64_t base)
{
	static const uint8_t widths[] = {4, 4, 4, 4, 8, 1, 2, 3};
	struct gic_cpu *cpu = world_pick(w);
	uint32_t how = input_u8(&w->input);
	uint64_t offset = input_u8(&w->input), value;
	uint32_t len = widths[how & 7];

	offset |= (uint64_t)input_u8(&w->input) << 8;
	/* Of a Redistributor there are two times 64 KiB. */
	offset |= (uint64_t)(how >> 3 & 1) << 16;
	if (how & 0x10)
		offset &= ~UINT64_C(3);
	if (how & 0x20) {
		world_read(cpu, base + offset, len);
		return;
	}
	value = how & 0x40 ? input_u64(&w->input) : input_u8(&w->input);
	if (how & 0x80)
		value = ~value;
	world_write(cpu, base + offset, len, value);
}

void world_step(struct gic_world *w)
{
	struct gic_cpu *cpu = world_pick(w);

	switch (input_u8(&w->input) & 15) {
	case 0:
	case 1:
		world_enter(cpu);
		break;
	case 2:
		world_home(cpu);
		break;
	case 3:
		world_put(cpu);
		break;
	case 4:
	case 5:
		world_block(cpu);
		break;
	case 6:
		world_flush(cpu);
		break;
	case 7:
		vic_vcpu_request(cpu->vcpu, &w->counters, VIC_REQUEST_RESYNC,
				 0);
		break;
	case 8:
		world_add(w, input_below(&w->input, w->config.max_vcpus));
		break;
	case 9:
	case 10:
	case 11:
		world_raise(w);
		break;
	default:
		guest(w);
		break;
	}
}
