/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Registers with a field for each interrupt: IHI 0069 12.9 and 12.11. */
#include "gic/regs.h"

uint32_t get_group(uint32_t s)
{
	return (s & IRQ_GROUP1) != 0;
}

uint32_t get_enabled(uint32_t s)
{
	return (s & IRQ_ENABLED) != 0;
}

uint32_t get_pending(uint32_t s)
{
	return irq_pending(s);
}

uint32_t get_active(uint32_t s)
{
	return (s & IRQ_ACTIVE) != 0;
}

uint32_t get_priority(uint32_t s)
{
	return (s & IRQ_LEVEL) << IRQ_LEVEL_SHIFT;
}

uint32_t get_config(uint32_t s)
{
	return s & IRQ_EDGE ? 2 : 0;
}

static void change(struct gic_access *a, uint32_t number, struct gic_irq *irq,
		   uint32_t clear, uint32_t set)
{
	uint32_t s = (irq->state & ~clear) | set;

	if (s != irq->state)
		hold_update(&a->hold, number, irq, s);
}

void set_group(struct gic_access *a, uint32_t number, struct gic_irq *irq,
	       uint32_t field)
{
	change(a, number, irq, IRQ_GROUP1, field ? IRQ_GROUP1 : 0);
}

void set_priority(struct gic_access *a, uint32_t number, struct gic_irq *irq,
		  uint32_t field)
{
	change(a, number, irq, IRQ_LEVEL, field >> IRQ_LEVEL_SHIFT);
}

void set_config(struct gic_access *a, uint32_t number, struct gic_irq *irq,
		uint32_t field)
{
	/* SGIs are edge-triggered for ever. */
	uint32_t edge = field & 2 ? IRQ_EDGE : 0;

	if (number < VIC_INTID_PPI)
		return;
	/* What the physical line made pending stays so as an edge. */
	if (edge && irq_outstanding(irq) && irq_pending(irq->state))
		edge |= IRQ_LATCH;
	change(a, number, irq, IRQ_EDGE, edge);
}

void set_enable(struct gic_access *a, uint32_t number, struct gic_irq *irq,
		uint32_t field)
{
	(void)field;
	change(a, number, irq, 0, IRQ_ENABLED);
}

void clear_enable(struct gic_access *a, uint32_t number, struct gic_irq *irq,
		  uint32_t field)
{
	struct vic_gicr *r = a->hold.r;

	(void)field;
	if (!(irq->state & IRQ_ENABLED))
		return;
	change(a, number, irq, IRQ_ENABLED, 0);
	if (irq_loaded(r, irq->state))
		rwp_begin(r, a->bank ? RWP_GICR : RWP_GICD);
}

void set_pending(struct gic_access *a, uint32_t number, struct gic_irq *irq,
		 uint32_t field)
{
	struct vic_outcomes *outcomes = &a->hold.counters->vectors;
	bool told = a->hold.told;

	(void)field;
	if (!hold_pend(&a->hold, number, irq))
		count(&outcomes->merged);
	else if (told)
		count(&outcomes->coalesced);
	else if (!a->hold.told)
		count(&outcomes->silent);
}

void clear_pending(struct gic_access *a, uint32_t number, struct gic_irq *irq,
		   uint32_t field)
{
	(void)field;
	if (!irq_pending(irq->state))
		return;
	if (LIKELY(!(irq->state & IRQ_LINKED))) {
		hold_unpend(&a->hold, number, irq);
		return;
	}
	/* It may end in a callback. */
	hold_drop(&a->hold);
	irq_unpend(a->self, a->bank, number);
}

void set_active(struct gic_access *a, uint32_t number, struct gic_irq *irq,
		uint32_t field)
{
	(void)field;
	hold_activate(&a->hold, number, irq);
}

void clear_active(struct gic_access *a, uint32_t number, struct gic_irq *irq,
		  uint32_t field)
{
	(void)irq;
	(void)field;
	/* It may end in callbacks. */
	hold_drop(&a->hold);
	irq_deactivate(a->self, a->bank, number);
}

uint32_t field_number(const struct gic_access *a, uint32_t i)
{
	const struct vic_gic *gic = a->self->gic;
	uint32_t n = (a->offset * 8 >> low_bit32(a->reg->bits)) + i;

	if (a->reg->extended)
		return n < gic->espis
			       ? VIC_INTID_SPI + gic->spis + gic->eppis + n
			       : NUMBER_NONE;
	if (!a->bank)
		return n >= VIC_INTID_SPI && n < VIC_INTID_SPECIAL
			       ? irq_number(gic, n)
			       : NUMBER_NONE;
	if (n < VIC_INTID_SPI)
		return n;
	n -= VIC_INTID_SPI;
	return n < gic->eppis ? VIC_INTID_SPI + gic->spis + n : NUMBER_NONE;
}

/* Ask for the physical line, if there is one and it was high. */
static void
resample(struct gic_access *a, uint32_t number, const struct gic_irq *irq)
{
	uint32_t s = load32_relaxed(&irq->state);

	if (LIKELY((s & (IRQ_LINKED | IRQ_LINE | IRQ_ACTIVE | IRQ_RESIDENT)) !=
		   (IRQ_LINKED | IRQ_LINE)))
		return;
	hold_drop(&a->hold);
	irq_resample(a->self, a->bank, number);
}

/*
 * The state of an interrupt in a list register. If the guest of another
 * vCPU may be changing it, that vCPU is asked once, and what it says at its
 * next sync is the answer: see struct gic_retry.
 */
static uint32_t resident_state(struct gic_access *a, uint32_t i,
			       struct gic_irq *irq, bool first, bool *wait)
{
	struct gic_retry *retry = &a->self->retry;
	struct vic_gicr *r;
	uint32_t s;

	hold_irq(&a->hold, a->self->gic, a->bank, irq);
	r = a->hold.r;
	s = irq->state;
	if (r == a->self || !irq_loaded(r, s))
		return s;
	if (first) {
		retry->asked |= 1u << i;
		retry->holder[i] = (uint16_t)r->index;
		retry->generation[i] = r->generation;
		a->hold.resync = true;
	}
	if ((retry->asked >> i & 1) && retry->holder[i] == r->index &&
	    retry->generation[i] == r->generation)
		*wait = true;
	return s;
}

enum vic_access field_read(struct gic_access *a, uint64_t *value)
{
	struct gic_retry *retry = &a->self->retry;
	bool first = retry->address != a->address, wait = false;
	uint32_t bits = a->reg->bits;

	*value = 0;
	if (first)
		retry->asked = 0;
	for (uint32_t i = 0; i < a->len * 8 >> low_bit32(bits); i++) {
		uint32_t number = field_number(a, i), s;
		struct gic_irq *irq;

		if (number == NUMBER_NONE)
			continue;
		irq = irq_at(a->self->gic, a->bank, number);
		if (a->reg->get == get_pending)
			resample(a, number, irq);
		s = load32_relaxed(&irq->state);
		if (a->reg->live && UNLIKELY(s & IRQ_RESIDENT))
			s = resident_state(a, i, irq, first, &wait);
		*value |= (uint64_t)a->reg->get(s) << (i * bits);
	}
	hold_drop(&a->hold);
	retry->address = wait ? a->address : 0;
	return wait ? VIC_ACCESS_RETRY : VIC_ACCESS_DONE;
}

/* One interrupt: true if it is not quiet, or at home elsewhere. */
ALWAYS_INLINE bool
busy(struct gic_irq *irq, uint32_t home, uint32_t clear, uint32_t set)
{
	uint32_t s;

	if (UNLIKELY(load32_relaxed(&irq->home) != home))
		return true;
	s = irq->state;
	if (UNLIKELY(s & IRQ_QUIET))
		return true;
	store32_relaxed(&irq->state, (s & ~clear) | set);
	return false;
}

/* For each bit of @value; those that are left. Four at a time, for speed. */
ALWAYS_INLINE uint32_t change_quiet(struct gic_irq *irqs, uint32_t home,
				    uint32_t value, uint32_t clear,
				    uint32_t set)
{
	uint32_t left = 0;

	for (uint32_t i = 0; value >> i; i += 4) {
		uint32_t bits = value >> i;
		struct gic_irq *irq = &irqs[i];

		if ((bits & 1) && busy(irq, home, clear, set))
			left |= 1u << i;
		if ((bits & 2) && busy(irq + 1, home, clear, set))
			left |= 2u << i;
		if ((bits & 4) && busy(irq + 2, home, clear, set))
			left |= 4u << i;
		if ((bits & 8) && busy(irq + 3, home, clear, set))
			left |= 8u << i;
		if (i == 28)
			break;
	}
	return left;
}

/*
 * The quiet ones among the interrupts of a 32-bit ISENABLER or ICENABLER:
 * nothing follows from the bit. Those that are left want more.
 */
static uint32_t enable_quiet(struct gic_access *a, uint32_t value)
{
	struct vic_gic *gic = a->self->gic;
	uint32_t number = field_number(a, 0);
	struct gic_irq *irqs;

	if (number == NUMBER_NONE || field_number(a, 31) == NUMBER_NONE)
		return value;
	irqs = irq_at(gic, a->bank, number);
	hold_irq(&a->hold, gic, a->bank, &irqs[low_bit32(value)]);
	return a->reg->set == set_enable ? change_quiet(irqs, a->hold.r->index,
							value, 0, IRQ_ENABLED)
					 : change_quiet(irqs, a->hold.r->index,
							value, IRQ_ENABLED, 0);
}

/* One that is routed to one of N gets a vCPU when it becomes pending. */
static void
accept(struct gic_access *a, uint32_t number, const struct gic_irq *irq)
{
	if (LIKELY(!(load32_relaxed(&irq->state) & IRQ_1_OF_N)))
		return;
	hold_drop(&a->hold);
	irq_accept_1_of_n(a->self->gic, a->hold.counters, number);
}

void field_write(struct gic_access *a, uint64_t value)
{
	struct vic_gic *gic = a->self->gic;
	uint32_t bits = a->reg->bits, field;

	value &= UINT64_MAX >> (64 - a->len * 8);
	if ((a->reg->set == set_enable || a->reg->set == clear_enable) && value)
		value = enable_quiet(a, (uint32_t)value);
	for (uint32_t i = 0; i < a->len * 8 >> low_bit32(bits);
	     i++, value >>= bits) {
		uint32_t number;
		struct gic_irq *irq;

		if (!value && a->reg->ones)
			break;
		field = (uint32_t)value & ((1u << bits) - 1);
		if (!field && a->reg->ones)
			continue;
		number = field_number(a, i);
		if (number == NUMBER_NONE)
			continue;
		irq = irq_at(gic, a->bank, number);
		if (a->reg->set == set_enable)
			resample(a, number, irq);
		if (a->reg->set == set_pending)
			accept(a, number, irq);
		hold_irq(&a->hold, gic, a->bank, irq);
		a->reg->set(a, number, irq, field);
	}
	hold_drop(&a->hold);
}
