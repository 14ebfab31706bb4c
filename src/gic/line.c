/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Inputs and messages: what makes an SPI or a PPI pending from outside. */
#include "gic/irq.h"

/* What a change of the input makes of an interrupt. */
static enum vic_post line_changed(struct hold *hold, uint32_t number,
				  struct gic_irq *irq, bool level)
{
	uint32_t s = irq->state;
	bool was = irq_pending(s);

	s = level ? s | IRQ_LINE : s & ~IRQ_LINE;
	if (s & IRQ_EDGE) {
		store32_relaxed(&irq->state, s);
		return level && hold_pend(hold, number, irq) ? VIC_POST_SILENT
							     : VIC_POST_MERGED;
	}
	hold_update(hold, number, irq, s);
	hold->newly = level && !was;
	return hold->newly ? VIC_POST_SILENT : VIC_POST_MERGED;
}

/*
 * A linked interrupt is raised while the guest has it in a list register:
 * if that ends, it is not this one's end.
 */
static bool irq_again(struct vic_gicr *r, struct gic_irq *irq)
{
	uint32_t s = irq->state;

	if (!(s & IRQ_LINKED) || !irq_loaded(r, s) || (s & IRQ_AGAIN))
		return false;
	store32_relaxed(&irq->state, s | IRQ_AGAIN);
	r->stale = true;
	return true;
}

static enum vic_post line_set(struct vic_gic *gic, struct vic_gicr *r,
			      struct vic_counters *counters, uint32_t number,
			      uint32_t source, bool level)
{
	struct gic_irq *irq = irq_at(gic, r, number);
	struct hold hold = {.counters = counters};
	uint64_t bit = UINT64_C(1) << source;
	uint64_t lines;

	hold_irq(&hold, gic, irq_private(gic, number) ? r : NULL, irq);
	lines = level ? irq->lines | bit : irq->lines & ~bit;
	hold.outcome = VIC_POST_MERGED;
	if (!irq->lines != !lines) {
		hold.outcome = line_changed(&hold, number, irq, lines != 0);
		if (level && source == LINE_LINKED)
			irq_again(hold.r, irq);
	} else if (level && source == LINE_LINKED && irq_outstanding(irq) &&
		   irq_again(hold.r, irq)) {
		/* The guest ended the first: only the register knows. */
		hold.outcome = VIC_POST_SILENT;
	} else if (lines != irq->lines && (irq->state & IRQ_LINKED) &&
		   (irq->state & IRQ_RESIDENT)) {
		/* Whether hardware may end it alone has changed. */
		hold.r->stale = true;
		hold.resync = irq_loaded(hold.r, irq->state);
	}
	hold.newly = hold.outcome == VIC_POST_SILENT;
	irq->lines = lines;
	/* New for the guest: what it holds must be written anew. */
	if (hold.outcome == VIC_POST_SILENT && irq_loaded(hold.r, irq->state))
		hold.told = true;
	if (hold.outcome == VIC_POST_SILENT && !hold.told)
		count(&counters->vectors.silent);
	if (hold.outcome == VIC_POST_MERGED && level)
		count(&counters->vectors.merged);
	hold_drop(&hold);
	return hold.outcome;
}

/*
 * What nearly all raises are: an SPI that is enabled and quiet. The number
 * is below the first extended one. *outcome is set if it was that.
 */
ALWAYS_INLINE bool
raise_quiet(struct vic_gic *gic, struct vic_counters *counters, uint32_t number,
	    uint64_t lines, uint32_t set, enum vic_post *outcome)
{
	struct gic_irq *irq = &gic->shared[number - VIC_INTID_SPI];
	uint32_t home = load32_acquire(&irq->home), s;
	struct vic_gicr *r = gicr_at(gic, home);
	bool told;

	/* Without calls of the embedder's the usual case needs no stack. */
	if (UNLIKELY(r->lock.ops))
		return false;
	lock_take_known(&r->lock, true);
	s = load32_relaxed(&irq->state);
	if (UNLIKELY(load32_relaxed(&irq->home) != home) ||
	    UNLIKELY((s & (IRQ_QUIET | IRQ_ENABLED | IRQ_1_OF_N)) !=
		     IRQ_ENABLED) ||
	    irq->lines || !((s | set) & (IRQ_EDGE | IRQ_LINE))) {
		lock_drop_known(&r->lock, true);
		return false;
	}
	irq->lines = lines;
	if (s & IRQ_EDGE)
		set |= IRQ_LATCH;
	store32_relaxed(&irq->state, s | set | IRQ_QUEUED);
	queue_insert(r, s & IRQ_ROW, number);
	told = irq_tells(r, s);
	lock_drop_known(&r->lock, true);
	if (UNLIKELY(!told)) {
		count(&counters->vectors.silent);
		*outcome = VIC_POST_SILENT;
	} else {
		*outcome = inbox_work(r->vcpu, &counters->vectors);
	}
	return true;
}

/* Whether it is an SPI, and no extended one. */
ALWAYS_INLINE bool is_spi(const struct vic_gic *gic, uint32_t intid)
{
	return intid - VIC_INTID_SPI < gic->spis_valid;
}

static __attribute__((noinline)) enum vic_post
line_set_slow(struct vic_gic *gic, struct vic_gicr *gicr,
	      struct vic_counters *counters, uint32_t intid, uint32_t source,
	      bool level)
{
	uint32_t number = irq_number(gic, intid);

	if (number == NUMBER_NONE || intid < VIC_INTID_PPI ||
	    source >= LINE_MESSAGE || (irq_private(gic, number) && !gicr))
		return VIC_POST_REFUSED;
	if (level)
		irq_accept_1_of_n(gic, counters, number);
	return line_set(gic, gicr, counters, number, source, level);
}

enum vic_post vic_gic_line_set(struct vic_gic *gic, struct vic_gicr *gicr,
			       struct vic_counters *counters, uint32_t intid,
			       uint32_t source, bool level)
{
	enum vic_post outcome;

	if (level && is_spi(gic, intid) && source < LINE_MESSAGE &&
	    raise_quiet(gic, counters, intid, UINT64_C(1) << source, IRQ_LINE,
			&outcome))
		return outcome;
	return line_set_slow(gic, gicr, counters, intid, source, level);
}

static __attribute__((noinline)) enum vic_post
message_slow(struct vic_gic *gic, struct vic_counters *counters, uint32_t intid,
	     bool set)
{
	uint32_t number = irq_number(gic, intid);
	struct hold hold = {.counters = counters};
	struct gic_irq *irq;

	if (number == NUMBER_NONE || irq_private(gic, number))
		return VIC_POST_REFUSED;
	count(&counters->msi);
	irq = irq_at(gic, NULL, number);
	if (set)
		irq_accept_1_of_n(gic, counters, number);
	if (!(load32_relaxed(&irq->state) & IRQ_EDGE))
		return line_set(gic, NULL, counters, number, LINE_MESSAGE, set);
	if (set)
		return irq_pend(gic, NULL, counters, number);
	/* It may have been level-sensitive when it was set. */
	line_set(gic, NULL, counters, number, LINE_MESSAGE, false);
	hold_irq(&hold, gic, NULL, irq);
	hold_unpend(&hold, number, irq);
	hold_drop(&hold);
	return VIC_POST_MERGED;
}

enum vic_post vic_gic_message(struct vic_gic *gic,
			      struct vic_counters *counters, uint32_t intid,
			      bool set)
{
	enum vic_post outcome;

	if (set && is_spi(gic, intid) &&
	    raise_quiet(gic, counters, intid, 0, 0, &outcome)) {
		count(&counters->msi);
		return outcome;
	}
	return message_slow(gic, counters, intid, set);
}
