/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* List registers: what lr.c and sync.c share. All the owner's. */
#ifndef VIC_SRC_GIC_LR_H
#define VIC_SRC_GIC_LR_H

#include "gic/irq.h"

/* Deactivations that one call can see: LRs twice, deferred, EOIcount. */
#define ENDED_MAX (3 * VIC_GIC_MAX_LRS + 31)

/* Interrupts that may go where IROUTER sends them, after the unlock. */
struct moving {
	uint32_t number[ENDED_MAX];
	uint32_t count;
};

/*
 * An interrupt in state @s is in no register any more: to its place in the
 * queue, or, if it may leave, to none: another flush would only take it
 * into a register again.
 */
static inline void moving_place(struct moving *moving, struct vic_gicr *r,
				uint32_t number, struct gic_irq *irq,
				uint32_t s)
{
	if (LIKELY(!irq_rerouted(irq)) || (s & IRQ_ACTIVE)) {
		irq_update(r, number, irq, s);
		return;
	}
	store32_relaxed(&irq->state, s);
	moving->number[moving->count++] = number;
}

/* What is left to be done after the unlock. */
struct ended {
	/* Numbers, for vic_vcpu_ops.eoi. */
	uint32_t level[ENDED_MAX];
	uint32_t nr_level;
	/* Physical interrupts to deactivate. */
	uint32_t pintid[ENDED_MAX];
	uint32_t nr_pintid;
	struct moving moving;
};

static inline void ended_init(struct ended *ended)
{
	ended->nr_level = 0;
	ended->nr_pintid = 0;
	ended->moving.count = 0;
}

/* Do it. Nothing is locked. */
void ended_tell(struct vic_gicr *r, const struct ended *ended);

/* The same; mostly there is nothing to do. */
static inline void ended_report(struct vic_gicr *r, const struct ended *ended)
{
	if (UNLIKELY(ended->nr_level | ended->nr_pintid | ended->moving.count))
		ended_tell(r, ended);
}

/* The image is the vCPU's again. Under the lock. */
static inline void lrs_unload(struct vic_gicr *r)
{
	r->loaded = false;
	r->held = HELD_NONE;
}

/*
 * The registers are known to be as the state says, or were just folded into
 * it: do what had to wait, and let those go on who wait for that. Under the
 * lock.
 */
void lrs_settle(struct vic_gicr *r, struct ended *ended);

/*
 * The image comes to rest: settle it, and put what waits in it back to the
 * queue, where others can move it. Under the lock.
 */
void lrs_rest(struct vic_gicr *r, struct ended *ended);

/*
 * Take the interrupt out of the register @n, back to its place in the
 * queue; or to none, if it is routed away: then it is in *moving.
 */
void lr_empty(struct vic_gicr *r, uint32_t n, struct moving *moving);
/* Of those that are active without a register, whose end comes first. */
uint32_t ends_first(const struct vic_gicr *r);

/* gic_irq.order: generation << 5 | 31 - level of the group priority. */
#define ORDER_SHIFT 5

/* Less is more urgent: priority, then INTID. */
static inline uint32_t urgency(uint32_t s, uint32_t number)
{
	return (s & IRQ_LEVEL) << 16 | number;
}

/* HCR.EOIcount is not 0. */
#define EOICOUNT_1 (1u << VIC_HCR_EOICOUNT_SHIFT)

/* Rows that the guest's own CPU interface has enabled. */
static inline uint64_t enabled_rows(const struct vic_gic_lrs *lrs)
{
	return (lrs->vmcr & VIC_VMCR_VENG0 ? ROWS_GROUP0 : 0) |
	       (lrs->vmcr & VIC_VMCR_VENG1 ? ROWS_GROUP1 : 0);
}

/* How many priorities share a group priority: 4.8.2, by the BPRs. */
static inline uint32_t group_size(uint32_t vmcr, bool group1)
{
	if (group1 && !(vmcr & VIC_VMCR_VCBPR))
		return 1u << (vmcr >> VIC_VMCR_VBPR1_SHIFT & 7);
	return 2u << (vmcr >> VIC_VMCR_VBPR0_SHIFT & 7);
}

#endif
