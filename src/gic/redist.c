/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* A Redistributor's registers: IHI 0069 12.10 and 12.11. */
#include "gic/regs.h"

#define DPG (VIC_GICR_CTLR_DPG0 | VIC_GICR_CTLR_DPG1NS)

static uint64_t read_ctlr(struct gic_access *a)
{
	uint32_t value = load32_relaxed(&a->bank->dpg);

	return load32_acquire(&a->bank->rwp) & RWP_GICR
		       ? value | VIC_GICR_CTLR_RWP
		       : value;
}

static void write_ctlr(struct gic_access *a, uint64_t value)
{
	struct vic_gic *gic = a->self->gic;

	if (!(gic->flags & VIC_GIC_1_OF_N))
		return;
	store32_relaxed(&a->bank->dpg, (uint32_t)value & DPG);
	irq_welcome(gic, a->hold.counters);
}

static uint64_t read_typer(struct gic_access *a)
{
	const struct vic_gicr *r = a->bank;
	uint32_t low = r->index << VIC_GICR_TYPER_NUMBER_SHIFT |
		       r->gic->eppis / 32 << VIC_GICR_TYPER_PPINUM_SHIFT;

	if (r->last)
		low |= VIC_GICR_TYPER_LAST;
	if (r->gic->flags & VIC_GIC_1_OF_N)
		low |= VIC_GICR_TYPER_DPGS;
	return (uint64_t)r->affinity << VIC_GICR_TYPER_AFF_SHIFT | low;
}

static uint64_t read_iidr(struct gic_access *a)
{
	return a->self->gic->iidr;
}

static uint64_t read_pidr2(struct gic_access *a)
{
	(void)a;
	return VIC_PIDR2_GICV3;
}

/* ChildrenAsleep follows when the guest can be given nothing any more. */
static uint64_t read_waker(struct gic_access *a)
{
	struct vic_gicr *r = a->bank;
	uint32_t value = 0;

	gicr_lock(r);
	if (r->asleep)
		value = VIC_GICR_WAKER_SLEEP;
	if (r->asleep && !(r->rwp & RWP_WAKER))
		value |= VIC_GICR_WAKER_ASLEEP;
	gicr_unlock(r);
	return value;
}

static void write_waker(struct gic_access *a, uint64_t value)
{
	struct vic_gic *gic = a->self->gic;
	struct vic_gicr *r = a->bank;
	struct hold hold = {.counters = a->hold.counters, .r = r};
	uint32_t asleep = (value & VIC_GICR_WAKER_SLEEP) != 0;

	gicr_lock(r);
	if (asleep != r->asleep) {
		store32_relaxed(&r->asleep, asleep);
		r->stale = true;
		hold.resync = true;
		if (asleep && r->loaded && r->used)
			rwp_begin(r, RWP_WAKER);
	}
	hold_drop(&hold);
	if (gic->flags & VIC_GIC_1_OF_N)
		irq_welcome(gic, hold.counters);
}

#define PLAIN(register, bytes, width, read_it, write_it)                  \
	{                                                                 \
		.name = "GICR_" #register, .offset = VIC_GICR_##register, \
		.size = bytes, .widths = width, .read = read_it,          \
		.write = write_it,                                        \
	}
#define FIELD_OF(register, length, nr_bits, width, ...)                       \
	{                                                                     \
		.name = "GICR_" #register, .offset = VIC_GICR_##register,     \
		.size = length, .bits = nr_bits, .widths = width, __VA_ARGS__ \
	}
#define FIELD(register, length, nr_bits, ...) \
	FIELD_OF(register, length, nr_bits, WIDTH_32, __VA_ARGS__)
#define RAZ_WI(register, length)                                          \
	{                                                                 \
		.name = "GICR_" #register, .offset = VIC_GICR_##register, \
		.size = length,                                           \
	}

/* Each range goes on with the extended PPIs. */
const struct gic_reg gicr_regs[] = {
	PLAIN(CTLR, 4, WIDTH_32, read_ctlr, write_ctlr),
	PLAIN(IIDR, 4, WIDTH_32, read_iidr, NULL),
	PLAIN(TYPER, 8, WIDTH_32 | WIDTH_64, read_typer, NULL),
	RAZ_WI(STATUSR, 4),
	PLAIN(WAKER, 4, WIDTH_32, read_waker, write_waker),
	PLAIN(PIDR2, 4, WIDTH_32, read_pidr2, NULL),
	FIELD(IGROUPR0, 12, 1, .get = get_group, .set = set_group),
	FIELD(ISENABLER0, 12, 1, .get = get_enabled, .set = set_enable,
	      .ones = true),
	FIELD(ICENABLER0, 12, 1, .get = get_enabled, .set = clear_enable,
	      .ones = true),
	FIELD(ISPENDR0, 12, 1, .get = get_pending, .set = set_pending,
	      .ones = true, .live = true),
	FIELD(ICPENDR0, 12, 1, .get = get_pending, .set = clear_pending,
	      .ones = true, .live = true),
	FIELD(ISACTIVER0, 12, 1, .get = get_active, .set = set_active,
	      .ones = true, .live = true),
	FIELD(ICACTIVER0, 12, 1, .get = get_active, .set = clear_active,
	      .ones = true, .live = true),
	FIELD_OF(IPRIORITYR0, 96, 8, WIDTH_8 | WIDTH_32, .get = get_priority,
		 .set = set_priority),
	FIELD(ICFGR0, 24, 2, .get = get_config, .set = set_config),
	RAZ_WI(IGRPMODR0, 12),
	RAZ_WI(NSACR, 4),
	RAZ_WI(INMIR0, 12),
};
const uint32_t gicr_nr_regs = sizeof(gicr_regs) / sizeof(gicr_regs[0]);
