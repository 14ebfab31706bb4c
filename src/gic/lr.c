/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The way into the list registers: flush, load, put. IHI 0069 12.4.6
 * ICH_LR<n>_EL2. What the guest did to them comes back in sync.c.
 *
 * Whoever makes something pending that is told sets NEW after the queue's
 * unlock. While `loaded` is set and NEW is not, nothing was added since the
 * last flush, so flush has nothing to do. It clears NEW before it takes the
 * lock; the other way round, what is added between would wait for a NEW
 * that nobody sets (inbox_work).
 */
#include "gic/lr.h"

/* The rows of what would be in registers, were there more of them. */
static uint64_t rows_left(const struct vic_gicr *r)
{
	return r->asleep ? 0 : r->levels & load_relaxed(&r->gic->forward);
}

/*
 * Whether an active interrupt that is pending again is shown as active
 * alone: with HW both at once are not allowed, elsewhere it would be taken
 * here, and among more than fits it might keep a better one out.
 */
static bool
keeps_latch(const struct vic_gicr *r, const struct gic_irq *irq, uint32_t s)
{
	return (s & IRQ_LINKED) || irq_rerouted(irq) || rows_left(r);
}

/* A list register of an interrupt in state @s. */
static uint64_t compose(const struct vic_gicr *r, const struct gic_irq *irq,
			uint32_t number, uint32_t s)
{
	uint64_t forward = r->asleep ? 0 : load_relaxed(&r->gic->forward);
	uint64_t lr = irq_intid(r->gic, number) |
		      (uint64_t)(s & IRQ_LEVEL)
			      << (VIC_LR_PRIORITY_SHIFT + IRQ_LEVEL_SHIFT);

	if (s & IRQ_GROUP1)
		lr |= VIC_LR_GROUP;
	if (s & IRQ_ACTIVE)
		lr |= VIC_LR_ACTIVE;
	/* Whatever is pending at its end needs a look, which HW cannot have. */
	if (irq_outstanding(irq) && irq->lines == LINE_LINKED_BIT &&
	    (s & (IRQ_ACTIVE | IRQ_LATCH)) != (IRQ_ACTIVE | IRQ_LATCH)) {
		lr |= VIC_LR_HW | (uint64_t)irq->pintid << VIC_LR_PINTID_SHIFT;
		/* Pending and active is not allowed with HW. */
		return s & IRQ_ACTIVE ? lr : lr | VIC_LR_PENDING;
	}
	if (!(s & IRQ_ACTIVE))
		lr |= VIC_LR_PENDING;
	else if ((s & IRQ_LR_LATCH) && (s & IRQ_ENABLED) &&
		 (forward >> (s & IRQ_ROW) & 1))
		lr |= VIC_LR_PENDING;
	/* What is pending then, or goes elsewhere, needs a look. */
	if ((!(s & IRQ_EDGE) && (s & IRQ_LINE)) || irq_rerouted(irq) ||
	    ((s & IRQ_LATCH) && (s & IRQ_ACTIVE)))
		lr |= VIC_LR_EOI;
	return lr;
}

/* Write the list register @n for an interrupt in state @s. */
static void lr_write(struct vic_gicr *r, struct vic_gic_lrs *lrs, uint32_t n,
		     struct gic_irq *irq, uint32_t number, uint32_t s)
{
	/* An active one may have to keep its latch for what comes after. */
	if ((s & IRQ_LATCH) && !((s & IRQ_ACTIVE) && keeps_latch(r, irq, s)))
		s = (s & ~IRQ_LATCH) | IRQ_LR_LATCH;
	store32_relaxed(&irq->state, s);
	r->shadow[n] = compose(r, irq, number, s);
	lrs->lr[n] = r->shadow[n];
	if (UNLIKELY((r->shadow[n] & (VIC_LR_HW | VIC_LR_ACTIVE)) == VIC_LR_HW))
		r->used_linked |= 1u << n;
}

/* Put @number, out of its row, into the free register @n. */
static void lr_fill(struct vic_gicr *r, struct vic_gic_lrs *lrs, uint32_t n,
		    uint32_t number)
{
	struct gic_irq *irq = irq_at(r->gic, r, number);
	uint32_t s = irq->state;

	queue_remove(r, s & IRQ_ACTIVE ? ROW_ACTIVE : s & IRQ_ROW, number);
	r->lr_irq[n] = (uint16_t)number;
	store32_relaxed(&r->used, r->used | 1u << n);
	if (urgency(s, number) > r->worst)
		r->worst = urgency(s, number);
	lr_write(r, lrs, n, irq, number, (s & ~IRQ_QUEUED) | IRQ_RESIDENT);
}

void lr_empty(struct vic_gicr *r, uint32_t n, struct moving *moving)
{
	uint32_t number = r->lr_irq[n];
	struct gic_irq *irq = irq_at(r->gic, r, number);
	uint32_t s = irq->state & ~IRQ_RESIDENT;

	moving_place(moving, r, number, irq, irq_latch_back(s));
	store32_relaxed(&r->used, r->used & ~(1u << n));
}

/*
 * How long ago an active interrupt was acknowledged: the last one ends
 * first. Those that never were come after all others.
 */
static uint32_t age(const struct vic_gicr *r, const struct gic_irq *irq)
{
	return irq->state & IRQ_ACKED
		       ? ((r->generation + 1) << ORDER_SHIFT) - irq->order
		       : UINT32_MAX;
}

/* Of the registers, all active, the one whose end comes last. */
static uint32_t ends_last(const struct vic_gicr *r)
{
	uint32_t last = 0, oldest = 0;

	for (uint32_t bits = r->used; bits; bits &= bits - 1) {
		uint32_t n = low_bit32(bits);
		uint32_t years = age(r, irq_at(r->gic, r, r->lr_irq[n]));

		if (years >= oldest) {
			last = n;
			oldest = years;
		}
	}
	return last;
}

uint32_t ends_first(const struct vic_gicr *r)
{
	uint64_t words = r->summary[ROW_ACTIVE];
	uint32_t first = NUMBER_NONE, youngest = 0;

	for (; words; words &= words - 1) {
		uint32_t word = low_bit(words);
		uint64_t bits = r->bits[ROW_ACTIVE * r->words + word];

		for (; bits; bits &= bits - 1) {
			uint32_t number = word * 64 + low_bit(bits);
			uint32_t years = age(r, irq_at(r->gic, r, number));

			if (first == NUMBER_NONE || years < youngest) {
				first = number;
				youngest = years;
			}
		}
	}
	return first;
}

/* Fill free registers with the best in @mask; true if one was filled. */
static bool fill(struct vic_gicr *r, struct vic_gic_lrs *lrs, uint64_t mask)
{
	uint32_t all = (1u << r->nr_lrs) - 1;
	bool filled = false;

	while ((r->levels & mask) && r->used != all) {
		lr_fill(r, lrs, low_bit32(~r->used), queue_best(r, mask));
		filled = true;
	}
	return filled;
}

/*
 * Choose what the guest sees. Only active interrupts are in registers when
 * this is called. What the guest has enabled comes first; what it has not
 * may wait there too, to be taken without an exit when it does.
 */
static void
choose(struct vic_gicr *r, struct vic_gic_lrs *lrs, struct moving *moving)
{
	uint64_t forward = load_relaxed(&r->gic->forward);
	uint32_t all = (1u << r->nr_lrs) - 1;
	uint64_t enabled;

	if (r->asleep)
		return;
	enabled = forward & enabled_rows(lrs);
	/*
	 * All are active, so nothing would ever bring the vCPU back for
	 * what is pending: the one whose end comes last gives way.
	 */
	if (!fill(r, lrs, enabled) && (r->levels & enabled)) {
		lr_empty(r, ends_last(r), moving);
		fill(r, lrs, enabled);
	}
	/* Whatever the guest has enabled goes before these. */
	if (fill(r, lrs, forward))
		r->worst = UINT32_MAX;
	while (r->summary[ROW_ACTIVE] && r->used != all)
		lr_fill(r, lrs, low_bit32(~r->used), ends_first(r));
}

/*
 * What brings the vCPU back for interrupts that were left out: no register
 * waits any more, or the guest changes the groups that decided.
 */
static uint32_t
left_out(const struct vic_gicr *r, const struct vic_gic_lrs *lrs)
{
	uint64_t left = rows_left(r);
	bool group0 = (left & ROWS_GROUP0) != 0;
	bool group1 = (left & ROWS_GROUP1) != 0;
	uint32_t hcr = 0;

	if (!left)
		return 0;
	if (!(lrs->vmcr & VIC_VMCR_VENG0))
		hcr |= group0 ? VIC_HCR_VGRP0EIE : 0;
	else if (group1)
		hcr |= VIC_HCR_VGRP0DIE;
	if (!(lrs->vmcr & VIC_VMCR_VENG1))
		hcr |= group1 ? VIC_HCR_VGRP1EIE : 0;
	else if (group0)
		hcr |= VIC_HCR_VGRP1DIE;
	return left & enabled_rows(lrs) ? hcr | VIC_HCR_NPIE : hcr;
}

/*
 * DIR is always trapped: the guest may choose EOImode = 1 without an exit,
 * and then the active interrupt may be in no register, or another vCPU's.
 */
static uint32_t control(const struct vic_gicr *r, const struct vic_gic_lrs *lrs)
{
	uint32_t hcr = VIC_HCR_EN | VIC_HCR_TDIR | left_out(r, lrs);

	if (r->summary[ROW_ACTIVE] && !(lrs->vmcr & VIC_VMCR_VEOIM))
		hcr |= VIC_HCR_LRENPIE;
	return hcr;
}

/* Everything that waits for the guest back to the queue. */
static void unload(struct vic_gicr *r, struct moving *moving)
{
	for (uint32_t bits = r->used; bits; bits &= bits - 1) {
		uint32_t n = low_bit32(bits);

		if (!(irq_at(r->gic, r, r->lr_irq[n])->state & IRQ_ACTIVE))
			lr_empty(r, n, moving);
	}
	r->used_linked = 0;
}

void lrs_rest(struct vic_gicr *r, struct ended *ended)
{
	if (r->loaded)
		lrs_settle(r, ended);
	lrs_unload(r);
	unload(r, &ended->moving);
}

/* What of VMCR decides which interrupts are chosen, and how they end. */
static uint32_t vmcr_choice(const struct vic_gic_lrs *lrs)
{
	return lrs->vmcr & (VIC_VMCR_VENG0 | VIC_VMCR_VENG1 | VIC_VMCR_VEOIM);
}

/* Rebuild the image from scratch. Under the lock. */
static void
rebuild(struct vic_gicr *r, struct vic_gic_lrs *lrs, struct moving *moving)
{
	uint32_t before = lrs->used & 0xffff, active;

	unload(r, moving);
	r->worst = 0;
	active = r->used;
	choose(r, lrs, moving);
	for (uint32_t bits = active & r->used; bits; bits &= bits - 1) {
		uint32_t n = low_bit32(bits), number = r->lr_irq[n];
		struct gic_irq *irq = irq_at(r->gic, r, number);

		lr_write(r, lrs, n, irq, number, irq->state);
	}
	for (uint32_t bits = before & ~r->used; bits; bits &= bits - 1)
		lrs->lr[low_bit32(bits)] = 0;
	r->hcr = control(r, lrs);
	r->vmcr = vmcr_choice(lrs);
	r->stale = false;
	r->changed = false;
}

/*
 * Whether the guest can take something from a register, and none is both
 * active and pending.
 */
static bool waits(const struct vic_gicr *r)
{
	bool waiting = false;

	for (uint32_t bits = r->used; bits; bits &= bits - 1) {
		uint64_t lr = r->shadow[low_bit32(bits)] & VIC_LR_STATE;

		if (lr == VIC_LR_STATE)
			return false;
		waiting |= lr == VIC_LR_PENDING;
	}
	return waiting;
}

/*
 * The usual case: what is in registers stays, and what is new goes into
 * free ones. False if that is not all there is to do. Under the lock.
 */
static bool top_up(struct vic_gicr *r, struct vic_gic_lrs *lrs)
{
	uint64_t forward = load_relaxed(&r->gic->forward);
	uint32_t number;

	if (r->stale || r->asleep || r->summary[ROW_ACTIVE] ||
	    (r->levels & forward & ~enabled_rows(lrs)))
		return false;
	fill(r, lrs, forward);
	if (r->levels & forward) {
		number = queue_best(r, forward);
		if (urgency(irq_at(r->gic, r, number)->state, number) <
			    r->worst ||
		    !waits(r))
			return false;
	}
	r->hcr = control(r, lrs);
	r->changed = false;
	return true;
}

/* The image is the hardware's from now on. Drops the lock. */
ALWAYS_INLINE void hand_over(struct vic_gicr *r, struct vic_gic_lrs *lrs)
{
	lrs->used = r->used;
	lrs->hcr = r->hcr;
	r->loaded = true;
	r->held = r->vmcr;
	gicr_listen(r, UINT64_MAX);
	gicr_unlock(r);
}

static __attribute__((noinline)) void
update(struct vic_gicr *r, struct vic_gic_lrs *lrs)
{
	struct ended ended;

	ended_init(&ended);
	if (r->loaded)
		lrs_settle(r, &ended);
	if (r->vmcr != vmcr_choice(lrs))
		r->stale = true;
	if (r->stale || (r->changed && !top_up(r, lrs)))
		rebuild(r, lrs, &ended.moving);
	r->busy = r->used ? 0 : EOICOUNT_1;
	hand_over(r, lrs);
	ended_report(r, &ended);
}

static __attribute__((noinline)) uint32_t
flush(struct vic_gicr *r, struct vic_gic_lrs *lrs)
{
	uint64_t word = load_acquire(&r->vcpu->request);

	if (word & REQUEST_NEW)
		word = inbox_requests(r->vcpu);
	gicr_lock(r);
	if (r->loaded | r->changed | r->stale | (r->vmcr ^ vmcr_choice(lrs))) {
		update(r, lrs);
	} else {
		/* As it was. */
		hand_over(r, lrs);
	}
	if (!(word & REQUEST_RESYNC))
		return 0;
	inbox_ack(r->vcpu, REQUEST_RESYNC);
	return VIC_GIC_WORK_RESYNC;
}

uint32_t vic_gic_flush(struct vic_gicr *gicr, struct vic_gic_lrs *lrs)
{
	/* Acquire: pairs with the read-modify-write in inbox_work(). */
	if (LIKELY(gicr->held == vmcr_choice(lrs) &&
		   !(load_acquire(&gicr->vcpu->request) & REQUEST_NEW))) {
		lrs->hcr = gicr->hcr;
		return 0;
	}
	return flush(gicr, lrs);
}

/* The physical active state of what is outstanding. */
static void linked_ppis(struct vic_gicr *r, bool active)
{
	const struct vic_vcpu *vcpu = r->vcpu;

	for (uint32_t word = 0; word < 2; word++) {
		for (uint64_t bits = r->linked[word]; bits; bits &= bits - 1) {
			const struct gic_irq *irq =
				&r->private_irqs[word * 64 + low_bit(bits)];
			bool outstanding;

			gicr_lock(r);
			outstanding = irq_outstanding(irq);
			gicr_unlock(r);
			if (outstanding)
				vcpu->ops->hw_set_active(vcpu->opaque,
							 irq->pintid, active);
		}
	}
}

void vic_gic_load(struct vic_gicr *gicr)
{
	linked_ppis(gicr, true);
}

void vic_gic_put(struct vic_gicr *gicr)
{
	struct ended ended;

	ended_init(&ended);
	gicr_lock(gicr);
	if (gicr->loaded)
		gicr_listen(gicr, 0);
	lrs_rest(gicr, &ended);
	gicr_unlock(gicr);
	ended_report(gicr, &ended);
	linked_ppis(gicr, false);
}
