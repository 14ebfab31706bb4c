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

/* Not 0: some of eight interrupts are at home elsewhere. */
ALWAYS_INLINE uint32_t strangers8(const struct gic_irq *irqs, uint32_t home)
{
	uint32_t differ = load32_relaxed(&irqs[0].home) ^ home;

	differ |= load32_relaxed(&irqs[1].home) ^ home;
	differ |= load32_relaxed(&irqs[2].home) ^ home;
	differ |= load32_relaxed(&irqs[3].home) ^ home;
	differ |= load32_relaxed(&irqs[4].home) ^ home;
	differ |= load32_relaxed(&irqs[5].home) ^ home;
	differ |= load32_relaxed(&irqs[6].home) ^ home;
	return differ | (load32_relaxed(&irqs[7].home) ^ home);
}

/* What the states of eight have in all. */
ALWAYS_INLINE uint32_t states8(const struct gic_irq *irqs)
{
	return irqs[0].state | irqs[1].state | irqs[2].state | irqs[3].state |
	       irqs[4].state | irqs[5].state | irqs[6].state | irqs[7].state;
}

ALWAYS_INLINE void enable1(struct gic_irq *irq, bool on)
{
	uint32_t s = irq->state;

	store32_relaxed(&irq->state, on ? s | IRQ_ENABLED : s & ~IRQ_ENABLED);
}

/* Eight in a row; false if one of them wants more. */
ALWAYS_INLINE bool enable8(struct gic_irq *irqs, uint32_t home, bool on)
{
	if (UNLIKELY(strangers8(irqs, home)) ||
	    UNLIKELY(states8(irqs) & IRQ_QUIET))
		return false;
	enable1(irqs, on);
	enable1(irqs + 1, on);
	enable1(irqs + 2, on);
	enable1(irqs + 3, on);
	enable1(irqs + 4, on);
	enable1(irqs + 5, on);
	enable1(irqs + 6, on);
	enable1(irqs + 7, on);
	return true;
}

/*
 * For each bit of @value; those that are left. Eight at a time if they are
 * all alike, as when an operating system starts.
 */
ALWAYS_INLINE uint32_t enable_bits(struct gic_irq *irqs, uint32_t home,
				   uint32_t value, bool on)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < 32; i += 8, irqs += 8) {
		uint32_t bits = value >> i & 0xff;

		if (bits == 0xff && enable8(irqs, home, on))
			continue;
		for (; bits; bits &= bits - 1) {
			struct gic_irq *irq = &irqs[low_bit32(bits)];

			if (load32_relaxed(&irq->home) == home &&
			    !(irq->state & IRQ_QUIET))
				enable1(irq, on);
			else
				left |= (bits & -bits) << i;
		}
	}
	return left;
}

/*
 * The first interrupt of a 32-bit register that has all 32 of them, or
 * NUMBER_NONE.
 */
static uint32_t whole(const struct gic_access *a)
{
	uint32_t n = a->offset * 8;

	/* The SPIs: numbers are INTIDs. */
	if (LIKELY(!a->bank) && LIKELY(!a->reg->extended) &&
	    LIKELY(n >= VIC_INTID_SPI && n < a->self->gic->spis_valid))
		return n;
	return field_number(a, 31) == NUMBER_NONE ? NUMBER_NONE
						  : field_number(a, 0);
}

/*
 * The quiet ones among the interrupts of a 32-bit ISENABLER or ICENABLER
 * that are where the first is: nothing follows from the bit. Those that are
 * left want more.
 */
static __attribute__((noinline)) uint32_t
enable_quiet(struct gic_access *a, uint32_t value)
{
	struct vic_gic *gic = a->self->gic;
	uint32_t number = whole(a);
	struct vic_gicr *r = a->bank;
	struct gic_irq *irqs;

	if (number == NUMBER_NONE)
		return value;
	irqs = irq_at(gic, r, number);
	/* Pairs with the release in irq_move(). */
	if (!r)
		r = gicr_at(gic, load32_acquire(&irqs[low_bit32(value)].home));
	gicr_lock(r);
	value = a->reg->set == set_enable
			? enable_bits(irqs, r->index, value, true)
			: enable_bits(irqs, r->index, value, false);
	gicr_unlock(r);
	return value;
}

/* One that waits for one of N may now find one: GICR_CTLR.DPG. */
static void
regrouped(struct gic_access *a, uint32_t number, const struct gic_irq *irq)
{
	if (LIKELY(!(load32_relaxed(&irq->state) & IRQ_1_OF_N)))
		return;
	hold_drop(&a->hold);
	irq_find_home(a->self->gic, a->hold.counters, number);
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

static __attribute__((noinline)) void
field_write_each(struct gic_access *a, uint64_t value)
{
	struct vic_gic *gic = a->self->gic;
	uint32_t bits = a->reg->bits, field;

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
		if (a->reg->set == set_group)
			regrouped(a, number, irq);
	}
	hold_drop(&a->hold);
}

void field_write(struct gic_access *a, uint64_t value)
{
	value &= UINT64_MAX >> (64 - a->len * 8);
	if ((a->reg->set == set_enable || a->reg->set == clear_enable) && value)
		value = enable_quiet(a, (uint32_t)value);
	if (value || !a->reg->ones)
		field_write_each(a, value);
}
