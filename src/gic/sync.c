/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What the guest did to the list registers. IHI 0069 12.4. */
#include "gic/lr.h"

#define LR_LEVEL_SHIFT (VIC_LR_PRIORITY_SHIFT + IRQ_LEVEL_SHIFT)

/* An active interrupt in state @s was deactivated; the state after. */
static uint32_t end(struct vic_gicr *r, struct gic_irq *irq, uint32_t number,
		    uint32_t s, struct ended *ended)
{
	count(&r->vcpu->counters.eois);
	if (irq_end(irq, &s).level)
		ended->level[ended->nr_level++] = number;
	return s;
}

/* The same where no list register did it to the physical one. */
static uint32_t end_linked(struct vic_gicr *r, struct gic_irq *irq,
			   uint32_t number, uint32_t s, struct ended *ended)
{
	if (irq_outstanding(irq) && !(s & IRQ_AGAIN))
		ended->pintid[ended->nr_pintid++] = irq->pintid;
	return end(r, irq, number, s, ended);
}

/* By the guest, in the register @lr. */
static uint32_t end_in(struct vic_gicr *r, struct gic_irq *irq, uint32_t number,
		       uint32_t s, uint64_t lr, struct ended *ended)
{
	return lr & VIC_LR_HW ? end(r, irq, number, s, ended)
			      : end_linked(r, irq, number, s, ended);
}

/* The guest acknowledged it; the state after. */
static uint32_t taken(struct vic_gicr *r, struct gic_irq *irq, uint32_t s,
		      uint64_t lr, uint32_t vmcr)
{
	uint32_t level = (uint32_t)(lr >> LR_LEVEL_SHIFT) & IRQ_LEVEL;
	uint32_t size = group_size(vmcr, (lr & VIC_LR_GROUP) != 0);

	if (size > 1u << IRQ_LEVEL_SHIFT)
		level &= ~((size >> IRQ_LEVEL_SHIFT) - 1);
	count(&r->vcpu->counters.acked[0]);
	/* Another instruction may be next: the access must ask again. */
	r->retry.address = 0;
	irq->order = r->generation << ORDER_SHIFT | (IRQ_LEVEL - level);
	return (s & ~(IRQ_LR_LATCH | IRQ_CLEAR_PENDING)) | IRQ_ACKED;
}

/*
 * What of a register's new state can be true, given what flush wrote:
 * nothing becomes pending there, and HW is never pending and active.
 */
static uint64_t believed(uint64_t old, uint64_t now)
{
	if (!(old & VIC_LR_PENDING))
		now &= ~VIC_LR_PENDING;
	if ((old & VIC_LR_HW) && (now & VIC_LR_STATE) == VIC_LR_STATE)
		return old;
	return (old & ~VIC_LR_STATE) | (now & VIC_LR_STATE);
}

/* What waited for this moment; the state after. */
static uint32_t settle(struct vic_gicr *r, struct gic_irq *irq, uint32_t number,
		       uint32_t s, struct ended *ended)
{
	if (s & IRQ_CLEAR_PENDING) {
		s &= ~IRQ_LR_LATCH;
		if (irq_orphaned(irq, s)) {
			ended->pintid[ended->nr_pintid++] = irq->pintid;
			s = irq_lower_linked(irq, s);
		}
	}
	if ((s & IRQ_CLEAR_ACTIVE) && (s & IRQ_ACTIVE))
		s = end_linked(r, irq, number, s, ended);
	if (s & IRQ_SET_ACTIVE)
		s |= IRQ_ACTIVE;
	/* Pending twice is pending once. */
	if ((s & IRQ_LATCH) && (s & IRQ_LR_LATCH)) {
		s &= ~IRQ_LATCH;
		count(&r->vcpu->counters.folded);
	}
	return s & ~(IRQ_DEFERRED | IRQ_AGAIN);
}

/* The register @n went from @old to @now. */
static void fold(struct vic_gicr *r, uint32_t n, uint64_t old, uint64_t now,
		 uint32_t vmcr, struct ended *ended)
{
	uint32_t number = r->lr_irq[n];
	struct gic_irq *irq = irq_at(r->gic, r, number);
	uint32_t s = irq->state;
	bool acked = (old & VIC_LR_PENDING) && !(now & VIC_LR_PENDING);

	/* It ended once if it was active, and again if that was taken. */
	if ((old & VIC_LR_ACTIVE) && (acked || !(now & VIC_LR_ACTIVE)))
		s = end_in(r, irq, number, s, old, ended);
	if (acked) {
		s = taken(r, irq, s, old, vmcr);
		r->used_linked &= ~(1u << n);
	}
	if (now & VIC_LR_ACTIVE)
		s |= IRQ_ACTIVE;
	else if (acked)
		s = end_in(r, irq, number, s, old, ended);
	if (now & VIC_LR_STATE) {
		store32_relaxed(&irq->state, s);
		/* It waits now, maybe before others that were left out. */
		if ((old & ~now & VIC_LR_ACTIVE))
			r->stale = true;
		return;
	}
	s = settle(r, irq, number, s, ended);
	/* A latch that was held back while it was active. */
	s = irq_latch_back(s);
	store32_relaxed(&r->used, r->used & ~(1u << n));
	moving_place(&ended->moving, r, number, irq, s & ~IRQ_RESIDENT);
}

void lrs_settle(struct vic_gicr *r, struct ended *ended)
{
	r->generation++;
	/* Nobody wished for anything since flush. */
	if (LIKELY(!r->stale))
		return;
	for (uint32_t bits = r->used; bits; bits &= bits - 1) {
		uint32_t n = low_bit32(bits), number = r->lr_irq[n], s;
		struct gic_irq *irq = irq_at(r->gic, r, number);

		s = settle(r, irq, number, irq->state, ended);
		store32_relaxed(&irq->state, s);
		if (!(s & IRQ_ACTIVE) && irq_rerouted(irq))
			lr_empty(r, n, &ended->moving);
	}
	rwp_end(r);
}

/*
 * The guest ended @n interrupts that were in no register: since priorities
 * drop in order, those acknowledged last. With EOImode = 1 that is not so;
 * then each write of ICC_DIR_EL1 was trapped.
 */
static void end_spilled(struct vic_gicr *r, uint32_t n, struct ended *ended)
{
	for (; n && r->summary[ROW_ACTIVE]; n--) {
		uint32_t number = ends_first(r), s;
		struct gic_irq *irq = irq_at(r->gic, r, number);

		s = end_linked(r, irq, number, irq->state, ended);
		queue_remove(r, ROW_ACTIVE, number);
		store32_relaxed(&irq->state, irq->state & ~IRQ_QUEUED);
		moving_place(&ended->moving, r, number, irq, s & ~IRQ_QUEUED);
	}
}

/*
 * Registers whose physical line fell before the guest took the interrupt:
 * it is pending no longer.
 */
static uint32_t fallen(struct vic_gicr *r, const struct vic_gic_lrs *lrs)
{
	const struct vic_vcpu *vcpu = r->vcpu;
	uint32_t n, result = 0;

	if (!vcpu->ops->hw_line)
		return 0;
	for (uint32_t bits = r->used_linked; bits; bits &= bits - 1) {
		n = low_bit32(bits);
		if ((lrs->lr[n] & VIC_LR_STATE) == VIC_LR_PENDING &&
		    !vcpu->ops->hw_line(vcpu->opaque, (uint32_t)r->shadow[n]))
			result |= 1u << n;
	}
	return result;
}

static void
drop_fallen(struct vic_gicr *r, uint32_t registers, struct ended *ended)
{
	if (registers)
		r->stale = true;
	for (uint32_t bits = registers; bits; bits &= bits - 1) {
		uint32_t number = r->lr_irq[low_bit32(bits)];
		struct gic_irq *irq = irq_at(r->gic, r, number);

		store32_relaxed(&irq->state, irq_lower_linked(irq, irq->state));
		ended->pintid[ended->nr_pintid++] = irq->pintid;
	}
}

void ended_tell(struct vic_gicr *r, const struct ended *ended)
{
	const struct moving *moving = &ended->moving;
	const struct vic_vcpu *vcpu = r->vcpu;
	const struct vic_vcpu_ops *ops = vcpu->ops;

	for (uint32_t i = 0; i < ended->nr_pintid; i++)
		ops->hw_set_active(vcpu->opaque, ended->pintid[i], false);
	for (uint32_t i = 0; i < moving->count; i++)
		irq_place(r->gic, &r->vcpu->counters, moving->number[i]);
	for (uint32_t i = 0; ops->eoi && i < ended->nr_level; i++)
		ops->eoi(vcpu->opaque, VIC_EOI_GIC,
			 irq_intid(r->gic, ended->level[i]));
}

/* Take over what the guest did to the registers in @changed. */
static void take_over(struct vic_gicr *r, struct vic_gic_lrs *lrs,
		      uint32_t changed, struct ended *ended)
{
	for (uint32_t bits = changed & r->used; bits; bits &= bits - 1) {
		uint32_t n = low_bit32(bits);
		uint64_t old = r->shadow[n];

		r->shadow[n] = believed(old, lrs->lr[n]);
		lrs->lr[n] = r->shadow[n];
		fold(r, n, old, r->shadow[n], lrs->vmcr, ended);
	}
}

/* The lock is held, and dropped. */
static __attribute__((noinline)) void
sync_changed(struct vic_gicr *r, struct vic_gic_lrs *lrs, uint32_t changed,
	     uint32_t down, uint32_t eoicount)
{
	struct ended ended;

	ended_init(&ended);
	take_over(r, lrs, changed, &ended);
	drop_fallen(r, down, &ended);
	end_spilled(r, eoicount, &ended);
	lrs_settle(r, &ended);
	/* A register is free, and others may be waiting for one. */
	r->changed = true;
	lrs_unload(r);
	gicr_listen(r, 0);
	lrs->used = r->used;
	gicr_unlock(r);
	ended_report(r, &ended);
}

/* The registers that the guest changed. */
static uint32_t
lrs_changed(const struct vic_gicr *r, const struct vic_gic_lrs *lrs)
{
	uint32_t changed = 0;

	for (uint32_t bits = r->used; bits; bits &= bits - 1) {
		uint32_t n = low_bit32(bits);

		if (lrs->lr[n] != r->shadow[n])
			changed |= 1u << n;
	}
	return changed;
}

static __attribute__((noinline)) void
sync(struct vic_gicr *r, struct vic_gic_lrs *lrs)
{
	uint32_t eoicount = lrs->hcr >> VIC_HCR_EOICOUNT_SHIFT;
	uint32_t changed, down = 0;

	/* Nothing was given to the guest since the last sync. */
	if (!r->loaded)
		return;
	/* Counted once, also if nobody reads the register again. */
	lrs->hcr &= EOICOUNT_1 - 1;
	/*
	 * With EOImode = 1 each DIR is trapped, so there is nothing to
	 * count; some hosts count EOIR all the same.
	 */
	if (lrs->vmcr & VIC_VMCR_VEOIM)
		eoicount = 0;
	changed = lrs_changed(r, lrs);
	if (UNLIKELY(r->used_linked))
		down = fallen(r, lrs);
	gicr_lock(r);
	if (changed | down | eoicount | r->stale) {
		sync_changed(r, lrs, changed, down, eoicount);
		return;
	}
	r->generation++;
	lrs_unload(r);
	gicr_listen(r, 0);
	lrs->used = r->used;
	gicr_unlock(r);
}

void vic_gic_sync(struct vic_gicr *gicr, struct vic_gic_lrs *lrs)
{
	/*
	 * Nothing in list registers: nobody waits for them, and what comes
	 * is told by NEW, so the image may stay the hardware's until flush.
	 */
	if (UNLIKELY(lrs->hcr >= gicr->busy))
		sync(gicr, lrs);
}
