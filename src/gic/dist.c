/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The Distributor's registers: IHI 0069 12.9, with GICD_CTLR.DS = 1. */
#include "gic/regs.h"

#define GROUPS (VIC_GICD_CTLR_GRP0 | VIC_GICD_CTLR_GRP1)

static uint64_t read_ctlr(struct gic_access *a)
{
	const struct vic_gic *gic = a->self->gic;
	uint32_t value = load32_relaxed(&gic->ctlr) | VIC_GICD_CTLR_ARE |
			 VIC_GICD_CTLR_DS;

	return load_acquire(&gic->rwp) ? value | VIC_GICD_CTLR_RWP : value;
}

/* Whether the guest of @r may be given something of these rows. */
static bool gives(const struct vic_gicr *r, uint64_t rows)
{
	for (uint32_t bits = r->used; bits && r->loaded; bits &= bits - 1) {
		uint32_t number = r->lr_irq[low_bit32(bits)];

		if (rows >> (irq_at(r->gic, r, number)->state & IRQ_ROW) & 1)
			return true;
	}
	return false;
}

/*
 * Whether a vCPU is to be told that the rows in @on are forwarded now and
 * those in @off no longer.
 */
static bool forward_changed(struct vic_gicr *r, uint64_t on, uint64_t off)
{
	bool tell;

	gicr_lock(r);
	r->stale = true;
	gicr_listen(r, r->listens);
	/* A pending half that was held back may be shown now, too. */
	tell = (r->levels & on & r->tell) || gives(r, on) ||
	       gicr_looks_again(r);
	if (gives(r, off)) {
		rwp_begin(r, RWP_GICD);
		tell = true;
	}
	gicr_unlock(r);
	return tell;
}

static void write_ctlr(struct gic_access *a, uint64_t value)
{
	struct vic_gic *gic = a->self->gic;
	uint32_t mask = gic->flags & VIC_GIC_1_OF_N
				? GROUPS | VIC_GICD_CTLR_E1NWF
				: GROUPS;
	uint64_t told[VIC_GIC_MAX_VCPUS / 64] = {0};
	uint64_t old, forward;
	uint32_t nr;

	gicd_lock(gic);
	store32_relaxed(&gic->ctlr, (uint32_t)value & mask);
	old = gic->forward;
	forward = (value & VIC_GICD_CTLR_GRP0 ? ROWS_GROUP0 : 0) |
		  (value & VIC_GICD_CTLR_GRP1 ? ROWS_GROUP1 : 0);
	store_relaxed(&gic->forward, forward);
	/* Under the lock that vic_gicr_init() passes through after it. */
	nr = load32_acquire(&gic->nr);
	for (uint32_t i = 0; forward != old && i < nr; i++) {
		struct vic_gicr *r = gicr_at(gic, i);

		if (r && forward_changed(r, forward & ~old, old & ~forward))
			told[i / 64] |= UINT64_C(1) << i % 64;
	}
	gicd_unlock(gic);
	for (uint32_t w = 0; w < VIC_GIC_MAX_VCPUS / 64; w++)
		for (uint64_t bits = told[w]; bits; bits &= bits - 1)
			inbox_work(gicr_at(gic, w * 64 + low_bit(bits))->vcpu,
				   &a->hold.counters->requests);
}

static uint64_t read_typer(struct gic_access *a)
{
	const struct vic_gic *gic = a->self->gic;
	uint32_t value = gic->spis / 32 | VIC_GICD_TYPER_MBIS |
			 15u << VIC_GICD_TYPER_IDBITS_SHIFT |
			 VIC_GICD_TYPER_A3V | VIC_GICD_TYPER_RSS;

	if (!(gic->flags & VIC_GIC_1_OF_N))
		value |= VIC_GICD_TYPER_NO1N;
	if (gic->espis)
		value |= VIC_GICD_TYPER_ESPI |
			 (gic->espis / 32 - 1)
				 << VIC_GICD_TYPER_ESPI_RANGE_SHIFT;
	return value;
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

static void write_setspi(struct gic_access *a, uint64_t value)
{
	vic_gic_message(a->self->gic, a->hold.counters,
			(uint32_t)value & 0x1fff, true);
}

static void write_clrspi(struct gic_access *a, uint64_t value)
{
	vic_gic_message(a->self->gic, a->hold.counters,
			(uint32_t)value & 0x1fff, false);
}

static uint64_t read_irouter(struct gic_access *a)
{
	uint32_t number = field_number(a, 0), affinity;
	const struct gic_irq *irq;

	if (number == NUMBER_NONE)
		return 0;
	irq = irq_at(a->self->gic, NULL, number);
	affinity = load32_relaxed(&irq->affinity);
	return (uint64_t)(affinity >> 24) << 32 | (affinity & 0xffffff) |
	       (load32_relaxed(&irq->state) & IRQ_1_OF_N ? VIC_IROUTER_IRM : 0);
}

static void write_irouter(struct gic_access *a, uint64_t value)
{
	uint32_t number = field_number(a, 0);

	if (number != NUMBER_NONE)
		irq_route(a->self->gic, a->hold.counters, number,
			  value & (VIC_IROUTER_AFF | VIC_IROUTER_IRM));
}

#define PLAIN(register, read_it, write_it)                                \
	{                                                                 \
		.name = "GICD_" #register, .offset = VIC_GICD_##register, \
		.size = 4, .widths = WIDTH_32, .read = read_it,           \
		.write = write_it,                                        \
	}
#define MESSAGE(register, write_it)                                          \
	{                                                                    \
		.name = "GICD_" #register, .offset = VIC_GICD_##register,    \
		.size = 4, .widths = WIDTH_16 | WIDTH_32, .write = write_it, \
	}
#define FIELD_OF(register, length, nr_bits, width, ...)                       \
	{                                                                     \
		.name = "GICD_" #register, .offset = VIC_GICD_##register,     \
		.size = length, .bits = nr_bits, .widths = width, __VA_ARGS__ \
	}
#define FIELD(register, length, nr_bits, ...) \
	FIELD_OF(register, length, nr_bits, WIDTH_32, __VA_ARGS__)
#define RAZ_WI(register, length)                                          \
	{                                                                 \
		.name = "GICD_" #register, .offset = VIC_GICD_##register, \
		.size = length,                                           \
	}
#define ROUTE(register, length, is_extended)                   \
	FIELD_OF(register, length, 64, WIDTH_32 | WIDTH_64,    \
		 .read = read_irouter, .write = write_irouter, \
		 .extended = is_extended)

/* The rows of one of the two ranges; the second has names with E. */
#define RANGE(E, length, is_extended)                                      \
	FIELD(IGROUPR##E, length, 1, .get = get_group, .set = set_group,   \
	      .extended = is_extended),                                    \
		FIELD(ISENABLER##E, length, 1, .get = get_enabled,         \
		      .set = set_enable, .ones = true,                     \
		      .extended = is_extended),                            \
		FIELD(ICENABLER##E, length, 1, .get = get_enabled,         \
		      .set = clear_enable, .ones = true,                   \
		      .extended = is_extended),                            \
		FIELD(ISPENDR##E, length, 1, .get = get_pending,           \
		      .set = set_pending, .ones = true, .live = true,      \
		      .extended = is_extended),                            \
		FIELD(ICPENDR##E, length, 1, .get = get_pending,           \
		      .set = clear_pending, .ones = true, .live = true,    \
		      .extended = is_extended),                            \
		FIELD(ISACTIVER##E, length, 1, .get = get_active,          \
		      .set = set_active, .ones = true, .live = true,       \
		      .extended = is_extended),                            \
		FIELD(ICACTIVER##E, length, 1, .get = get_active,          \
		      .set = clear_active, .ones = true, .live = true,     \
		      .extended = is_extended),                            \
		FIELD_OF(IPRIORITYR##E, length * 8, 8, WIDTH_8 | WIDTH_32, \
			 .get = get_priority, .set = set_priority,         \
			 .extended = is_extended)

const struct gic_reg gicd_regs[] = {
	PLAIN(CTLR, read_ctlr, write_ctlr),
	PLAIN(TYPER, read_typer, NULL),
	PLAIN(IIDR, read_iidr, NULL),
	RAZ_WI(TYPER2, 4),
	RAZ_WI(STATUSR, 4),
	MESSAGE(SETSPI_NSR, write_setspi),
	MESSAGE(CLRSPI_NSR, write_clrspi),
	/* Secure: RES0 with one Security state. */
	RAZ_WI(SETSPI_SR, 4),
	RAZ_WI(CLRSPI_SR, 4),
	RANGE(, 128, false),
	/* Affinity routing is on: RES0. */
	RAZ_WI(ITARGETSR, 1024),
	FIELD(ICFGR, 256, 2, .get = get_config, .set = set_config),
	RAZ_WI(IGRPMODR, 128),
	RAZ_WI(NSACR, 256),
	RAZ_WI(SGIR, 4),
	RAZ_WI(CPENDSGIR, 16),
	RAZ_WI(SPENDSGIR, 16),
	/* No FEAT_GICv3_NMI. */
	RAZ_WI(INMIR, 128),
	RANGE(E, 128, true),
	FIELD(ICFGRE, 256, 2, .get = get_config, .set = set_config,
	      .extended = true),
	RAZ_WI(IGRPMODRE, 128),
	RAZ_WI(NSACRE, 256),
	RAZ_WI(INMIRE, 128),
	ROUTE(IROUTER, 8 * 1020, false),
	ROUTE(IROUTERE, 8 * 1024, true),
	PLAIN(PIDR2, read_pidr2, NULL),
};
const uint32_t gicd_nr_regs = sizeof(gicd_regs) / sizeof(gicd_regs[0]);
