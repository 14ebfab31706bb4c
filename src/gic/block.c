/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whether a vCPU would take an interrupt: IHI 0069 4.8 (priorities), with
 * the virtual CPU interface's registers as the last exit left them.
 */
#include "gic/lr.h"

#define PRIORITY_IDLE 0x100u

static bool any_active(const struct vic_gic_lrs *lrs)
{
	const uint32_t *a = lrs->ap0r, *b = lrs->ap1r;

	return a[0] | a[1] | a[2] | a[3] | b[0] | b[1] | b[2] | b[3];
}

/* The group priority of what is active, PRIORITY_IDLE if nothing is. */
static uint32_t running_priority(const struct vic_gic_lrs *lrs)
{
	uint32_t prebits = lrs->prebits - 5 < 3 ? lrs->prebits : 5;

	if (LIKELY(!any_active(lrs)))
		return PRIORITY_IDLE;
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t active = lrs->ap0r[i] | lrs->ap1r[i];

		if (active)
			return (i * 32 + low_bit32(active)) << (8 - prebits) &
			       0xff;
	}
	return PRIORITY_IDLE;
}

/*
 * The rows of a group that may be signalled: priorities below the mask, and
 * group priorities below the running one. @size is how many priorities
 * share a group priority, a power of two.
 */
static uint32_t group_rows(uint32_t mask, uint32_t running, uint32_t size)
{
	uint32_t limit = (running + size - 1) & -size, rows;

	if (limit > mask)
		limit = mask;
	rows = (limit + (1u << IRQ_LEVEL_SHIFT) - 1) >> IRQ_LEVEL_SHIFT;
	return (uint32_t)((UINT64_C(1) << rows) - 1);
}

/* Rows of a group with interrupts that the guest would take now. */
static uint32_t takes_of(const struct vic_gic_lrs *lrs, bool group1)
{
	uint32_t vmcr = lrs->vmcr;

	if (!(vmcr & (group1 ? VIC_VMCR_VENG1 : VIC_VMCR_VENG0)))
		return 0;
	return group_rows(vmcr >> VIC_VMCR_VPMR_SHIFT, running_priority(lrs),
			  group_size(vmcr, group1));
}

/* Of both groups. */
static uint64_t takes(const struct vic_gic_lrs *lrs)
{
	return takes_of(lrs, false) | (uint64_t)takes_of(lrs, true) << 32;
}

/*
 * The state of the highest priority pending interrupt of the groups that
 * are enabled, or 0: of the one that hardware compares with what is running.
 */
ALWAYS_INLINE uint32_t highest(const struct vic_gicr *r,
			       const struct vic_gic_lrs *lrs)
{
	uint64_t rows = load_relaxed(&r->gic->forward) & enabled_rows(lrs);
	uint32_t best = 0, best_urgency = UINT32_MAX;

	if (r->levels & rows) {
		uint32_t number = queue_best(r, rows);

		best = irq_at(r->gic, r, number)->state;
		best_urgency = urgency(best, number);
	}
	for (uint32_t bits = r->used; bits; bits &= bits - 1) {
		uint32_t number = r->lr_irq[low_bit32(bits)];
		uint32_t s = irq_at(r->gic, r, number)->state;

		if (!(s & IRQ_ACTIVE) && (s & IRQ_ENABLED) && irq_pending(s) &&
		    (rows >> (s & IRQ_ROW) & 1) &&
		    urgency(s, number) < best_urgency) {
			best = s;
			best_urgency = urgency(s, number);
		}
	}
	return best;
}

/* Whether nothing is pending that may be for the guest. Under the lock. */
ALWAYS_INLINE bool is_idle(const struct vic_gicr *r)
{
	return r->asleep || !(r->levels | r->used);
}

/* Under the lock; not idle. */
static __attribute__((noinline)) bool
deliverable(const struct vic_gicr *r, const struct vic_gic_lrs *lrs)
{
	uint32_t s = highest(r, lrs);

	return s && (takes_of(lrs, s & IRQ_GROUP1) >> (s & IRQ_LEVEL) & 1);
}

/* With locks of the embedder's. */
static __attribute__((noinline)) bool
deliverable_slow(struct vic_gicr *r, const struct vic_gic_lrs *lrs)
{
	bool yes;

	gicr_lock(r);
	yes = !is_idle(r) && deliverable(r, lrs);
	gicr_unlock(r);
	return yes;
}

bool vic_gic_deliverable(struct vic_gicr *gicr, const struct vic_gic_lrs *lrs)
{
	bool yes = false;

	if (UNLIKELY(gicr->lock.ops))
		return deliverable_slow(gicr, lrs);
	lock_take_known(&gicr->lock, true);
	if (!is_idle(gicr))
		yes = deliverable(gicr, lrs);
	lock_drop_known(&gicr->lock, true);
	return yes;
}

bool vic_gic_block(struct vic_gicr *gicr, const struct vic_gic_lrs *lrs)
{
	uint64_t rows = takes(lrs), word = inbox_requests(gicr->vcpu);
	struct ended ended;
	bool awake;

	ended_init(&ended);
	gicr_lock(gicr);
	lrs_rest(gicr, &ended);
	/* Asleep, whatever comes is a wake request. */
	gicr_listen(gicr, gicr->asleep ? UINT64_MAX : rows);
	awake = (word & REQUEST_RESYNC) ||
		(!is_idle(gicr) && deliverable(gicr, lrs)) ||
		(gicr->asleep &&
		 (gicr->levels & load_relaxed(&gicr->gic->forward)));
	gicr_unlock(gicr);
	ended_report(gicr, &ended);
	if (awake) {
		count(&gicr->vcpu->counters.block_refusals);
		return false;
	}
	return vic_vcpu_block(gicr->vcpu);
}
