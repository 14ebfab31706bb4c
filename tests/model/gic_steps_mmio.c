/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The registers in memory, as a guest accesses them. */

#include "gic_steps.h"

/* Where an interrupt's field is, in a register that has one for each. */
static uint64_t field(struct gic_steps *s, const struct gm_irq *irq,
		      uint32_t base, uint32_t base_e, uint32_t width,
		      uint32_t *shift)
{
	const struct gm_config *c = &s->rig.gm.config;
	uint32_t index = irq->intid, bit;
	uint64_t frame = c->gicd_base;

	if (irq->vcpu != GM_NOBODY) {
		frame = c->gicr_base[irq->vcpu] + VIC_GICR_SGI_BASE;
		if (index >= VIC_INTID_EPPI)
			index = index - VIC_INTID_EPPI + 32;
	} else if (index >= VIC_INTID_ESPI) {
		index -= VIC_INTID_ESPI;
		base = base_e;
	}
	bit = index * width;
	*shift = bit % 32;
	return frame + base + bit / 32 * 4;
}

struct bits {
	uint32_t base, base_e;
};

static const struct bits group = {VIC_GICD_IGROUPR, VIC_GICD_IGROUPRE};
static const struct bits enabler = {VIC_GICD_ISENABLER, VIC_GICD_ISENABLERE};
static const struct bits disabler = {VIC_GICD_ICENABLER, VIC_GICD_ICENABLERE};
static const struct bits set_active = {VIC_GICD_ISACTIVER, VIC_GICD_ISACTIVERE};
static const struct bits clear_active = {VIC_GICD_ICACTIVER,
					 VIC_GICD_ICACTIVERE};

/*
 * With EOImode = 0 the deactivation of an interrupt outside the list
 * registers carries no INTID. A guest that ends one by ICACTIVER and then
 * writes it to EOIR, beside others that are active, is beyond what hardware
 * can tell; this guest does so only with one that is alone.
 */
static bool has_ended(const struct gm *gm, uint32_t vcpu)
{
	const struct gm_pe *pe = &gm->pe[vcpu];

	for (uint32_t i = 0; i < pe->nr_active; i++) {
		const struct gm_irq *irq =
			gm_irq((struct gm *)gm, vcpu, pe->active[i].intid);

		if (irq->acked_by != vcpu || !gm_is_active(gm_settled(irq)))
			return true;
	}
	return false;
}

static bool may_set_active(const struct gic_rig *rig)
{
	const struct gm *gm = &rig->gm;

	for (uint32_t v = 0; v < gm->config.vcpus; v++)
		if (!gm->pe[v].eoimode &&
		    (has_ended(gm, v) ||
		     rig->cpu[v].hw.regs.hcr >> VIC_HCR_EOICOUNT_SHIFT))
			return false;
	return true;
}

/* Its deactivation was not seen yet. */
static bool is_ending(const struct gm_irq *irq)
{
	for (uint32_t i = 0; i < irq->nr_ops; i++)
		if (irq->ops[i] == GM_DEACTIVATE)
			return true;
	return false;
}

static bool is_alone(struct gm *gm, const struct gm_irq *irq)
{
	/* One that is held may be taken before it is ended. */
	uint32_t v = irq->acked_by == GM_NOBODY ? irq->holder : irq->acked_by;

	if (v == GM_NOBODY || gm->pe[v].eoimode)
		return true;
	if (gm->pe[v].nr_active != (irq->acked_by != GM_NOBODY))
		return false;
	for (struct gm_irq *i = gm_next(gm, NULL); i; i = gm_next(gm, i))
		if (i->acked_by == GM_NOBODY &&
		    (gm_can(gm_settled(i), false, true) ||
		     gm_can(gm_settled(i), true, true)))
			return false;
	return true;
}

/* Of a write to ISACTIVER or ICACTIVER, what this guest does. */
static uint32_t allowed(struct gic_steps *s, const struct gm_irq *irq,
			uint32_t shift, uint32_t value, bool clear)
{
	uint32_t cpu = irq->vcpu == GM_NOBODY ? 0 : irq->vcpu;
	struct gm *gm = &s->rig.gm;

	if (!clear && !may_set_active(&s->rig))
		return 0;
	for (uint32_t bit = 0; bit < 32; bit++) {
		const struct gm_irq *other =
			gm_irq(gm, cpu, irq->intid - shift + bit);

		if (other &&
		    (is_ending(other) || (clear && !is_alone(gm, other))))
			value &= ~(1u << bit);
	}
	return value;
}

static void write_bits(struct gic_steps *s, uint32_t cpu,
		       const struct gm_irq *irq, const struct bits *row)
{
	uint32_t shift, value;
	uint64_t address = field(s, irq, row->base, row->base_e, 1, &shift);

	value = 1u << shift;
	if (one_in(s, 3))
		value |= (uint32_t)(any64(s) & any64(s) & any64(s));
	if (row == &group)
		value = (uint32_t)(any64(s) | any64(s) | any64(s));
	if (row == &set_active || row == &clear_active)
		value = allowed(s, irq, shift, value, row == &clear_active);
	gic_rig_write(&s->rig, cpu, address, 4, value);
}

static void
write_priority(struct gic_steps *s, uint32_t cpu, const struct gm_irq *irq)
{
	uint32_t shift, value = 0;
	uint64_t address = field(s, irq, VIC_GICD_IPRIORITYR,
				 VIC_GICD_IPRIORITYRE, 8, &shift);

	for (uint32_t i = 0; i < 4; i++)
		value = value << 8 | any_priority(s) | any(s, 8);
	if (one_in(s, 2))
		gic_rig_write(&s->rig, cpu, address, 4, value);
	else
		gic_rig_write(&s->rig, cpu, address + shift / 8, 1,
			      value & 0xff);
}

/* Changing it while it is pending or enabled is UNPREDICTABLE: 12.9.9. */
static void
write_config(struct gic_steps *s, uint32_t cpu, const struct gm_irq *irq)
{
	struct gm *gm = &s->rig.gm;
	const struct gm_state *state = &irq->states[0];
	uint32_t shift, value = 0, v = irq->vcpu == GM_NOBODY ? 0 : irq->vcpu;
	uint64_t address =
		field(s, irq, VIC_GICD_ICFGR, VIC_GICD_ICFGRE, 2, &shift);

	for (uint32_t i = 0; i < 16; i++) {
		const struct gm_irq *other =
			gm_irq(gm, v, irq->intid - shift / 2 + i);

		if (other && other->edge)
			value |= 2u << 2 * i;
	}
	if (irq->holder == GM_NOBODY && irq->nr_states == 1 && !state->latch &&
	    !state->line && !state->active && !irq->enabled && !irq->linked)
		value ^= 2u << shift;
	gic_rig_write(&s->rig, cpu, address, 4,
		      value | (any64(s) & 0x55555555));
}

static void
write_router(struct gic_steps *s, uint32_t cpu, const struct gm_irq *irq)
{
	const struct gm_config *c = &s->rig.gm.config;
	uint32_t intid = irq->intid;
	uint64_t affinity = c->affinity[any_cpu(s)], address;
	uint64_t value = (affinity & 0xffffff) | affinity >> 24 << 32;

	if (irq->vcpu != GM_NOBODY)
		return;
	if (intid >= VIC_INTID_ESPI)
		intid = intid - VIC_INTID_ESPI + 1024;
	address = c->gicd_base + VIC_GICD_IROUTER + 8ull * intid;
	if (one_in(s, 8))
		value |= VIC_IROUTER_IRM;
	if (one_in(s, 12))
		value = any64(s);
	if (!one_in(s, 3)) {
		gic_rig_write(&s->rig, cpu, address, 8, value);
		return;
	}
	if (one_in(s, 2))
		gic_rig_write(&s->rig, cpu, address + 4, 4, value >> 32);
	else
		gic_rig_write(&s->rig, cpu, address, 4, value & UINT32_MAX);
}

static void write_ctlr(struct gic_steps *s, uint32_t cpu)
{
	const struct gm_config *c = &s->rig.gm.config;
	uint32_t other = any_cpu(s);

	switch (any(s, 4)) {
	case 0:
		gic_rig_write(&s->rig, cpu, c->gicd_base + VIC_GICD_CTLR, 4,
			      any64(s) & UINT32_MAX & ~3ull);
		break;
	case 1:
		gic_rig_write(&s->rig, cpu, c->gicd_base + VIC_GICD_CTLR, 4,
			      any(s, 4));
		break;
	case 2:
		gic_rig_write(&s->rig, cpu,
			      c->gicr_base[other] + VIC_GICR_WAKER, 4,
			      one_in(s, 2) ? 0 : VIC_GICR_WAKER_SLEEP);
		break;
	default:
		gic_rig_write(&s->rig, cpu, c->gicr_base[other] + VIC_GICR_CTLR,
			      4, one_in(s, 2) ? 0 : any64(s) & UINT32_MAX);
		return;
	}
	/* Mostly, all is open again. */
	if (one_in(s, 4))
		return;
	gic_rig_write(&s->rig, cpu, c->gicd_base + VIC_GICD_CTLR, 4, 3);
	gic_rig_write(&s->rig, cpu, c->gicr_base[other] + VIC_GICR_WAKER, 4, 0);
}

/* Somewhere in a frame, or beside it. */
static uint64_t any_address(struct gic_steps *s)
{
	const struct gm_config *c = &s->rig.gm.config;

	if (one_in(s, 3))
		return c->gicd_base + any(s, 0x10080);
	if (one_in(s, 3))
		return c->gicd_base + any(s, 0x1000);
	if (one_in(s, 2))
		return c->gicr_base[any_cpu(s)] + any(s, 0x1000) +
		       VIC_GICR_SGI_BASE;
	return c->gicr_base[any_cpu(s)] + any(s, 0x20000);
}

static void access_anywhere(struct gic_steps *s, uint32_t cpu)
{
	uint32_t len = 1u << any(s, 4);
	uint64_t address = any_address(s);

	if (one_in(s, 2))
		address &= ~7ull;
	if (one_in(s, 2))
		gic_rig_read(&s->rig, cpu, address, len, one_in(s, 2));
	else if (gm_is_reserved(&s->rig.gm, address, len) ||
		 !gm_is_mine(&s->rig.gm, address))
		gic_rig_write(&s->rig, cpu, address, len, any64(s));
}

void gic_step_write(struct gic_steps *s, uint32_t cpu)
{
	static const struct bits set_pending = {VIC_GICD_ISPENDR,
						VIC_GICD_ISPENDRE};
	static const struct bits clear_pending = {VIC_GICD_ICPENDR,
						  VIC_GICD_ICPENDRE};
	static const struct bits *const rows[] = {
		&group,      &enabler,      &enabler,      &enabler,
		&disabler,   &set_pending,  &set_pending,  &clear_pending,
		&set_active, &clear_active, &clear_active, &clear_active,
	};
	struct gm_irq *irq = any_irq(s);

	switch (any(s, 12)) {
	case 0:
	case 1:
		write_priority(s, cpu, irq);
		break;
	case 2:
		write_config(s, cpu, irq);
		break;
	case 3:
		write_router(s, cpu, irq);
		break;
	case 4:
		write_ctlr(s, cpu);
		break;
	case 5:
		access_anywhere(s, cpu);
		break;
	case 6:
		if (irq->vcpu == GM_NOBODY && !irq->linked)
			gic_rig_write(&s->rig, cpu,
				      s->rig.gm.config.gicd_base +
					      (one_in(s, 3)
						       ? VIC_GICD_CLRSPI_NSR
						       : VIC_GICD_SETSPI_NSR),
				      one_in(s, 2) ? 2 : 4, irq->intid);
		break;
	default:
		write_bits(s, cpu, irq, PICK(s, rows));
	}
}

void gic_step_read(struct gic_steps *s, uint32_t cpu)
{
	static const uint32_t bases[][3] = {
		{VIC_GICD_IGROUPR, VIC_GICD_IGROUPRE, 1},
		{VIC_GICD_ISENABLER, VIC_GICD_ISENABLERE, 1},
		{VIC_GICD_ICENABLER, VIC_GICD_ICENABLERE, 1},
		{VIC_GICD_ISPENDR, VIC_GICD_ISPENDRE, 1},
		{VIC_GICD_ICPENDR, VIC_GICD_ICPENDRE, 1},
		{VIC_GICD_ISACTIVER, VIC_GICD_ISACTIVERE, 1},
		{VIC_GICD_ICACTIVER, VIC_GICD_ICACTIVERE, 1},
		{VIC_GICD_IPRIORITYR, VIC_GICD_IPRIORITYRE, 8},
		{VIC_GICD_ICFGR, VIC_GICD_ICFGRE, 2},
	};
	const struct gm_config *c = &s->rig.gm.config;
	const struct gm_irq *irq = any_irq(s);
	const uint32_t *row = PICK(s, bases);
	uint32_t shift;

	if (one_in(s, 6)) {
		static const uint32_t some[] = {VIC_GICR_CTLR, VIC_GICR_WAKER,
						VIC_GICR_TYPER, VIC_GICR_IIDR,
						VIC_GICR_PIDR2};

		gic_rig_read(&s->rig, cpu,
			     c->gicr_base[any_cpu(s)] + PICK(s, some), 4,
			     false);
		return;
	}
	if (one_in(s, 6)) {
		static const uint32_t some[] = {VIC_GICD_CTLR, VIC_GICD_CTLR,
						VIC_GICD_TYPER, VIC_GICD_IIDR,
						VIC_GICD_PIDR2};

		gic_rig_read(&s->rig, cpu, c->gicd_base + PICK(s, some), 4,
			     false);
		return;
	}
	gic_rig_read(&s->rig, cpu,
		     field(s, irq, row[0], row[1], row[2], &shift), 4,
		     one_in(s, 2));
}
