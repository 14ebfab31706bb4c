/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The registers of gic_model.h: IHI 0069, 12.8 to 12.11. */

#include "gic_model.h"

#include <string.h>

enum kind {
	/* Nothing: RAZ/WI. */
	RESERVED,
	/* One, two or eight bits for each interrupt. */
	GROUP,
	ENABLE,
	DISABLE,
	SET_PENDING,
	CLEAR_PENDING,
	SET_ACTIVE,
	CLEAR_ACTIVE,
	PRIORITY,
	CONFIG,
	/* 64 bits, or half of that, for one. */
	ROUTER,
	/* The rest of the Distributor's. */
	D_CTLR,
	D_TYPER,
	D_IIDR,
	D_SETSPI,
	D_CLRSPI,
	/* And of a Redistributor's. */
	R_CTLR,
	R_IIDR,
	R_TYPER,
	R_WAKER,
	PIDR2,
	/* Identification: anything. */
	OTHER_ID,
	/* No frame. */
	FOREIGN,
};

struct target {
	enum kind kind;
	/* The Redistributor's, or GM_NOBODY. */
	uint32_t vcpu;
	/* The interrupts whose fields are accessed; NULL: no such field. */
	struct gm_irq *irq[32];
	uint32_t fields, width;
	/* Bits 63:32 of a 64-bit register. */
	bool upper;
};

struct row {
	enum kind kind;
	uint32_t base, base_e, width;
};

/* The Distributor's, and those of the extended SPIs. */
static const struct row rows[] = {
	{GROUP, VIC_GICD_IGROUPR, VIC_GICD_IGROUPRE, 1},
	{ENABLE, VIC_GICD_ISENABLER, VIC_GICD_ISENABLERE, 1},
	{DISABLE, VIC_GICD_ICENABLER, VIC_GICD_ICENABLERE, 1},
	{SET_PENDING, VIC_GICD_ISPENDR, VIC_GICD_ISPENDRE, 1},
	{CLEAR_PENDING, VIC_GICD_ICPENDR, VIC_GICD_ICPENDRE, 1},
	{SET_ACTIVE, VIC_GICD_ISACTIVER, VIC_GICD_ISACTIVERE, 1},
	{CLEAR_ACTIVE, VIC_GICD_ICACTIVER, VIC_GICD_ICACTIVERE, 1},
	{PRIORITY, VIC_GICD_IPRIORITYR, VIC_GICD_IPRIORITYRE, 8},
	{CONFIG, VIC_GICD_ICFGR, VIC_GICD_ICFGRE, 2},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool legal(enum kind kind, uint32_t offset, uint32_t len)
{
	switch (kind) {
	case PRIORITY:
		return len == 1 || (len == 4 && offset % 4 == 0);
	case ROUTER:
	case R_TYPER:
		return (len == 4 && offset % 4 == 0) ||
		       (len == 8 && offset % 8 == 0);
	case D_SETSPI:
	case D_CLRSPI:
		return offset % 4 == 0 && (len == 2 || len == 4);
	default:
		return len == 4 && offset % 4 == 0;
	}
}

static void fill(struct gm *gm, struct target *t, const struct row *row,
		 uint32_t first, uint32_t offset, uint32_t len)
{
	t->kind = row->kind;
	t->width = row->width;
	t->fields = len * 8 / row->width;
	if (!legal(t->kind, offset, len)) {
		t->kind = RESERVED;
		t->fields = 0;
		return;
	}
	for (uint32_t i = 0; i < t->fields; i++)
		t->irq[i] = gm_irq(gm, t->vcpu, first + i);
}

static void
decode_gicd(struct gm *gm, struct target *t, uint32_t offset, uint32_t len)
{
	for (uint32_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];
		uint32_t bytes = 1024 * r->width / 8;

		/* vcpu is GM_NOBODY here, so private interrupts have none. */
		if (offset >= r->base && offset < r->base + bytes) {
			fill(gm, t, r, (offset - r->base) * 8 / r->width,
			     offset, len);
			/* 12.9: INTIDs 1020 to 1023 are special. */
			return;
		}
		if (offset >= r->base_e && offset < r->base_e + bytes) {
			fill(gm, t, r,
			     VIC_INTID_ESPI +
				     (offset - r->base_e) * 8 / r->width,
			     offset, len);
			return;
		}
	}
	if (offset >= VIC_GICD_IROUTER && offset < VIC_GICD_IROUTERE + 0x2000) {
		uint32_t intid = (offset - VIC_GICD_IROUTER) / 8;

		if (intid >= 1024)
			intid += VIC_INTID_ESPI - 1024;
		t->irq[0] = gm_irq(gm, GM_NOBODY, intid);
		t->kind = t->irq[0] ? ROUTER : RESERVED;
		t->upper = len == 4 && offset % 8 == 4;
	}
	switch (offset & ~3u) {
	case VIC_GICD_CTLR:
		t->kind = D_CTLR;
		break;
	case VIC_GICD_TYPER:
		t->kind = D_TYPER;
		break;
	case VIC_GICD_IIDR:
		t->kind = D_IIDR;
		break;
	case VIC_GICD_SETSPI_NSR:
		t->kind = D_SETSPI;
		break;
	case VIC_GICD_CLRSPI_NSR:
		t->kind = D_CLRSPI;
		break;
	}
}

static void
decode_gicr(struct gm *gm, struct target *t, uint32_t offset, uint32_t len)
{
	for (uint32_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];
		uint32_t base = r->base + VIC_GICR_SGI_BASE;
		uint32_t n = (offset - base) * 8 / r->width;

		/* Interrupts 0 to 31, then the extended PPIs. */
		if (offset < base || n >= GM_PRIVATE)
			continue;
		fill(gm, t, r, n < 32 ? n : VIC_INTID_EPPI + n - 32, offset,
		     len);
		return;
	}
	switch (offset & ~3u) {
	case VIC_GICR_CTLR:
		t->kind = R_CTLR;
		break;
	case VIC_GICR_IIDR:
		t->kind = R_IIDR;
		break;
	case VIC_GICR_TYPER:
	case VIC_GICR_TYPER + 4:
		t->kind = R_TYPER;
		t->upper = len == 4 && offset % 8 == 4;
		break;
	case VIC_GICR_WAKER:
		t->kind = R_WAKER;
		break;
	}
}

static void
decode(struct gm *gm, uint64_t address, uint32_t len, struct target *t)
{
	uint64_t offset = address - gm->config.gicd_base;

	memset(t, 0, sizeof(*t));
	t->kind = FOREIGN;
	t->vcpu = GM_NOBODY;
	if (offset < VIC_GICD_FRAME_SIZE) {
		t->kind = RESERVED;
		decode_gicd(gm, t, (uint32_t)offset, len);
	}
	for (uint32_t v = 0; v < gm->config.vcpus; v++) {
		if (address < gm->config.gicr_base[v] ||
		    address >= gm->config.gicr_base[v] + VIC_GICR_FRAME_SIZE)
			continue;
		offset = address - gm->config.gicr_base[v];
		t->kind = RESERVED;
		t->vcpu = v;
		decode_gicr(gm, t, (uint32_t)offset, len);
	}
	if (t->kind == FOREIGN)
		return;
	if ((offset & 0xffff) >= 0xffd0 &&
	    (t->vcpu == GM_NOBODY || offset < VIC_GICR_SGI_BASE))
		t->kind =
			(offset & 0xfffc) == VIC_GICD_PIDR2 ? PIDR2 : OTHER_ID;
	if (t->kind != RESERVED && t->kind != OTHER_ID &&
	    !legal(t->kind, (uint32_t)offset, len))
		t->kind = RESERVED;
}

/* A write that its holder sees late. */
static void late(struct gm *gm, const struct gm_irq *irq)
{
	if (irq->holder == GM_NOBODY)
		return;
	if (irq->vcpu == GM_NOBODY)
		gm->pe[irq->holder].gicd_late = true;
	else
		gm->pe[irq->holder].gicr_late = true;
}

static void disable(struct gm *gm, struct gm_irq *irq)
{
	if (irq->enabled && irq->holder != GM_NOBODY && irq->shown_pending) {
		if (irq->vcpu == GM_NOBODY)
			gm->pe[irq->holder].gicd_rwp = true;
		else
			gm->pe[irq->holder].gicr_rwp = true;
	}
	irq->enabled = false;
}

static void
write_field(struct gm *gm, enum kind kind, struct gm_irq *irq, uint32_t value)
{
	if (kind != PRIORITY && kind != CONFIG && kind != GROUP && !value)
		return;
	late(gm, irq);
	switch (kind) {
	case GROUP:
		irq->group1 = value;
		break;
	case ENABLE:
		irq->enabled = true;
		break;
	case DISABLE:
		disable(gm, irq);
		break;
	case SET_PENDING:
		gm_apply(irq, GM_SET);
		break;
	case CLEAR_PENDING:
		gm_apply(irq, GM_CLEAR);
		break;
	case SET_ACTIVE:
		gm_apply(irq, GM_ACTIVATE);
		break;
	case CLEAR_ACTIVE:
		gm_apply(irq, GM_DEACTIVATE);
		irq->cleared = true;
		break;
	case PRIORITY:
		/* Five bits: 4.8. */
		irq->priority = value & 0xf8;
		break;
	case CONFIG:
		if (irq->intid >= VIC_INTID_PPI)
			irq->edge = value & 2;
		break;
	default:
		break;
	}
}

static void write_router(struct gm *gm, const struct target *t, uint32_t len,
			 uint64_t value)
{
	uint64_t mask = VIC_IROUTER_AFF, old = t->irq[0]->router;

	if (gm->config.one_of_n)
		mask |= VIC_IROUTER_IRM;
	if (len == 4 && t->upper)
		value = (old & UINT32_MAX) | value << 32;
	else if (len == 4)
		value = (old >> 32 << 32) | (value & UINT32_MAX);
	late(gm, t->irq[0]);
	if (t->irq[0]->old_home == GM_NOBODY &&
	    (gm_can(gm_now(t->irq[0]), true, true) ||
	     (t->irq[0]->holder != GM_NOBODY &&
	      gm_can(gm_now(t->irq[0]), true, false))))
		t->irq[0]->old_home = gm_target(gm, t->irq[0]);
	t->irq[0]->router = value & mask;
}

static void write_ctlr(struct gm *gm, uint32_t value)
{
	for (uint32_t group = 0; group < 2; group++) {
		bool enable = value >> group & 1;

		for (struct gm_irq *i = gm_next(gm, NULL); i;
		     i = gm_next(gm, i)) {
			if (gm->group_enabled[group] && !enable &&
			    i->holder != GM_NOBODY && i->group1 == group &&
			    i->enabled && i->shown_pending)
				gm->pe[i->holder].gicd_rwp = true;
		}
		gm->group_enabled[group] = enable;
	}
	for (uint32_t v = 0; v < gm->config.vcpus; v++)
		gm->pe[v].gicd_late |= gm->pe[v].out;
	gm->ctlr_extra = value & gm->config.ctlr_open;
}

bool gm_is_mine(struct gm *gm, uint64_t address)
{
	struct target t;

	decode(gm, address, 4, &t);
	return t.kind != FOREIGN;
}

bool gm_is_reserved(struct gm *gm, uint64_t address, uint32_t len)
{
	struct target t;

	decode(gm, address, len, &t);
	return t.kind == RESERVED;
}

void gm_write(struct gm *gm, uint64_t address, uint32_t len, uint64_t value)
{
	struct target t;
	struct gm_irq *irq;

	decode(gm, address, len, &t);
	switch (t.kind) {
	case ROUTER:
		write_router(gm, &t, len, value);
		break;
	case D_CTLR:
		write_ctlr(gm, (uint32_t)value);
		break;
	case D_SETSPI:
	case D_CLRSPI:
		irq = gm_irq(gm, GM_NOBODY, value & 0x1fff);
		if (irq) {
			late(gm, irq);
			gm_message(irq, t.kind == D_SETSPI);
		}
		break;
	case R_CTLR:
		for (uint32_t group = 0; group < 2; group++)
			gm->pe[t.vcpu].dpg[group] =
				gm->config.dpgs && value >> (24 + group) & 1;
		break;
	case R_WAKER:
		gm->pe[t.vcpu].asleep = value & VIC_GICR_WAKER_SLEEP;
		gm->pe[t.vcpu].sleep_late = gm->pe[t.vcpu].out;
		gm->pe[t.vcpu].gicr_late |= gm->pe[t.vcpu].out;
		break;
	default:
		for (uint32_t i = 0; i < t.fields; i++)
			if (t.irq[i])
				write_field(gm, t.kind, t.irq[i],
					    (uint32_t)(value >> i * t.width) &
						    ((1u << t.width) - 1));
	}
}

uint32_t gm_asks(struct gm *gm, uint64_t address, uint32_t len)
{
	struct target t;
	uint32_t asked = 0;

	decode(gm, address, len, &t);
	if (t.kind < SET_PENDING || t.kind > CLEAR_ACTIVE)
		return 0;
	for (uint32_t i = 0; i < t.fields; i++)
		if (t.irq[i] && t.irq[i]->holder != GM_NOBODY)
			asked |= 1u << t.irq[i]->holder;
	return asked;
}

/* Whether a field of that interrupt may read so. */
static bool read_field(enum kind kind, struct gm_irq *irq, uint32_t value)
{
	switch (kind) {
	case GROUP:
		return irq->group1 == value;
	case ENABLE:
	case DISABLE:
		return irq->enabled == value;
	case SET_PENDING:
	case CLEAR_PENDING:
		return gm_see_pending(irq, value);
	case SET_ACTIVE:
	case CLEAR_ACTIVE:
		return gm_see_active(irq, value);
	case PRIORITY:
		return irq->priority == value;
	default:
		return value == (irq->edge ? 2 : 0);
	}
}

static uint64_t half(const struct target *t, uint32_t len, uint64_t value)
{
	if (len == 8)
		return value;
	return t->upper ? value >> 32 : value & UINT32_MAX;
}

static bool read_ctlr(const struct gm *gm, uint64_t value)
{
	uint32_t expected =
		VIC_GICD_CTLR_ARE | VIC_GICD_CTLR_DS | gm->ctlr_extra;
	bool must = false, may = false;

	for (uint32_t v = 0; v < gm->config.vcpus; v++) {
		must |= gm->pe[v].running && gm->pe[v].gicd_rwp;
		may |= gm->pe[v].gicd_rwp || gm->pe[v].gicd_late;
	}
	for (uint32_t group = 0; group < 2; group++)
		expected |= (uint32_t)gm->group_enabled[group] << group;
	if (must || (may && (value & VIC_GICD_CTLR_RWP)))
		expected |= VIC_GICD_CTLR_RWP;
	return value == expected;
}

static uint32_t typer(const struct gm *gm)
{
	const struct gm_config *c = &gm->config;
	uint32_t result = VIC_GICD_TYPER_MBIS | c->typer_open;

	/* 12.9.38: 31 stands for 1020 INTIDs. */
	result |= c->spis == GM_SPIS ? 31 : c->spis / 32;
	if (c->espis)
		result |= VIC_GICD_TYPER_ESPI |
			  (c->espis / 32 - 1)
				  << VIC_GICD_TYPER_ESPI_RANGE_SHIFT;
	if (!c->one_of_n)
		result |= VIC_GICD_TYPER_NO1N;
	return result;
}

static uint64_t gicr_typer(const struct gm *gm, uint32_t vcpu)
{
	const struct gm_config *c = &gm->config;
	uint64_t result = (uint64_t)c->affinity[vcpu]
			  << VIC_GICR_TYPER_AFF_SHIFT;

	result |= vcpu << VIC_GICR_TYPER_NUMBER_SHIFT;
	result |= (uint64_t)(c->eppis / 32) << VIC_GICR_TYPER_PPINUM_SHIFT;
	if (c->last[vcpu])
		result |= VIC_GICR_TYPER_LAST;
	if (c->dpgs)
		result |= VIC_GICR_TYPER_DPGS;
	return result;
}

static bool read_waker(const struct gm_pe *pe, uint64_t value)
{
	uint32_t expected = 0;

	if (pe->asleep)
		expected = VIC_GICR_WAKER_SLEEP | VIC_GICR_WAKER_ASLEEP;
	/* ChildrenAsleep follows when the CPU interface is quiescent. */
	if (pe->sleep_late)
		return ((value ^ expected) & ~VIC_GICR_WAKER_ASLEEP) == 0;
	return value == expected;
}

static bool read_gicr_ctlr(const struct gm_pe *pe, uint64_t value)
{
	uint32_t expected = 0;

	if (pe->dpg[0])
		expected |= VIC_GICR_CTLR_DPG0;
	if (pe->dpg[1])
		expected |= VIC_GICR_CTLR_DPG1NS;
	if ((pe->running && pe->gicr_rwp) ||
	    ((pe->gicr_rwp || pe->gicr_late) && (value & VIC_GICR_CTLR_RWP)))
		expected |= VIC_GICR_CTLR_RWP;
	return value == expected;
}

bool gm_read(struct gm *gm, uint64_t address, uint32_t len, uint64_t value)
{
	struct target t;

	decode(gm, address, len, &t);
	switch (t.kind) {
	case ROUTER:
		return value == half(&t, len, t.irq[0]->router);
	case D_CTLR:
		return read_ctlr(gm, value);
	case D_TYPER:
		return value == typer(gm);
	case D_IIDR:
	case R_IIDR:
		return value == gm->config.iidr;
	case R_TYPER:
		return value == half(&t, len, gicr_typer(gm, t.vcpu));
	case R_WAKER:
		return read_waker(&gm->pe[t.vcpu], value);
	case R_CTLR:
		return read_gicr_ctlr(&gm->pe[t.vcpu], value);
	case PIDR2:
		return value == VIC_PIDR2_GICV3;
	case OTHER_ID:
		return true;
	case RESERVED:
	case D_SETSPI:
	case D_CLRSPI:
	case FOREIGN:
		return value == 0;
	default:
		break;
	}
	for (uint32_t i = 0; i < t.fields; i++) {
		uint32_t field = (uint32_t)(value >> i * t.width) &
				 ((1u << t.width) - 1);

		if (t.irq[i] ? !read_field(t.kind, t.irq[i], field) : field)
			return false;
	}
	return len == 8 || value >> len * 8 == 0;
}
