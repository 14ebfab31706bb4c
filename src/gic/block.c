/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whether a vCPU would take an interrupt: IHI 0069 4.8 (priorities), with
 * the virtual CPU interface's registers as the last exit left them.
 */
#include "gic/lr.h"

#define PRIORITY_IDLE 0x100u

/* The group priority of what is active, PRIORITY_IDLE if nothing is. */
static uint32_t running_priority(const struct vic_gic_lrs *lrs)
{
	uint32_t prebits = lrs->prebits - 5 < 3 ? lrs->prebits : 5;

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
static uint64_t group_rows(uint32_t mask, uint32_t running, uint32_t size)
{
	uint32_t limit = (running + size - 1) & -size, rows;

	if (limit > mask)
		limit = mask;
	rows = (limit + (1u << IRQ_LEVEL_SHIFT) - 1) >> IRQ_LEVEL_SHIFT;
	return (UINT64_C(1) << rows) - 1;
}

/* Rows with interrupts that the guest would take now. */
static uint64_t takes(const struct vic_gic_lrs *lrs)
{
	uint32_t running = running_priority(lrs), vmcr = lrs->vmcr;
	uint32_t mask = vmcr >> VIC_VMCR_VPMR_SHIFT;
	uint64_t rows = 0;

	if (vmcr & VIC_VMCR_VENG0)
		rows |= group_rows(mask, running, group_size(vmcr, false));
	if (vmcr & VIC_VMCR_VENG1)
		rows |= group_rows(mask, running, group_size(vmcr, true)) << 32;
	return rows;
}

/*
 * The highest priority pending interrupt of the groups that are enabled, or
 * NUMBER_NONE: the one that hardware compares with what is running.
 */
static uint32_t highest(const struct vic_gicr *r, const struct vic_gic_lrs *lrs)
{
	uint64_t rows = load_relaxed(&r->gic->forward) & enabled_rows(lrs);
	uint32_t best = NUMBER_NONE, best_urgency = UINT32_MAX;

	if (r->levels & rows) {
		best = queue_best(r, rows);
		best_urgency = urgency(irq_at(r->gic, r, best)->state, best);
	}
	for (uint32_t bits = r->used; bits; bits &= bits - 1) {
		uint32_t number = r->lr_irq[low_bit32(bits)];
		uint32_t s = irq_at(r->gic, r, number)->state;

		if (!(s & IRQ_ACTIVE) && (s & IRQ_ENABLED) && irq_pending(s) &&
		    (rows >> (s & IRQ_ROW) & 1) &&
		    urgency(s, number) < best_urgency) {
			best = number;
			best_urgency = urgency(s, number);
		}
	}
	return best;
}

/* Under the lock. */
static bool deliverable(const struct vic_gicr *r, const struct vic_gic_lrs *lrs,
			uint64_t rows)
{
	uint32_t number;

	if (r->asleep || !(r->levels | r->used))
		return false;
	number = highest(r, lrs);
	return number != NUMBER_NONE &&
	       (rows >> (irq_at(r->gic, r, number)->state & IRQ_ROW) & 1);
}

bool vic_gic_deliverable(struct vic_gicr *gicr, const struct vic_gic_lrs *lrs)
{
	bool yes;

	gicr_lock(gicr);
	yes = deliverable(gicr, lrs, takes(lrs));
	gicr_unlock(gicr);
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
	awake = (word & REQUEST_RESYNC) || deliverable(gicr, lrs, rows) ||
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
