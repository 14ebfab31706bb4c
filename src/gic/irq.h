/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What happens to one interrupt; irq.c. */
#ifndef VIC_SRC_GIC_IRQ_H
#define VIC_SRC_GIC_IRQ_H

#include "gic/queue.h"

/*
 * A vCPU's lock that is held, and whether the vCPU is to be told when it is
 * dropped. Interrupts with the same home share one.
 */
struct hold {
	struct vic_counters *counters;
	/* Whose lock is held, or NULL. */
	struct vic_gicr *r;
	/* The Distributor's lock is held around it. */
	bool gicd;
	/* Who is to be told, from hold_unlock() to hold_tell(). */
	struct vic_gicr *target;
	/* Another one that is to look again, or NULL. */
	struct vic_gicr *other;
	/* Something in the list registers must be looked at. */
	bool resync;
	/* Something is pending that is told... */
	bool told;
	/* ... and was not before: it counts as an interrupt. */
	bool newly;
	enum vic_post outcome;
};

/* Hold the lock of @irq's home; @r is that of a banked one, or NULL. */
void hold_irq(struct hold *hold, struct vic_gic *gic, struct vic_gicr *r,
	      struct gic_irq *irq);
/* Drop the lock, then tell; or in two steps. */
void hold_drop(struct hold *hold);
void hold_unlock(struct hold *hold);
void hold_tell(struct hold *hold);

/*
 * Give an interrupt the state @s: place it, and note whom to tell. Under
 * the hold of its home.
 */
void hold_update(struct hold *hold, uint32_t number, struct gic_irq *irq,
		 uint32_t s);

/* ISPENDR, an edge, a message: newly pending, or merged. */
enum vic_post irq_pend(struct vic_gic *gic, struct vic_gicr *r,
		       struct vic_counters *counters, uint32_t number);

/* Under the hold of its home; true if that made it newly pending. */
bool hold_pend(struct hold *hold, uint32_t number, struct gic_irq *irq);
/* ICPENDR: the latch goes. Of one that is not linked. */
void hold_unpend(struct hold *hold, uint32_t number, struct gic_irq *irq);
void hold_activate(struct hold *hold, uint32_t number, struct gic_irq *irq);

/* What a deactivation asks for after the unlock. */
struct deactivated {
	bool ended;
	/* vic_vcpu_ops.eoi. */
	bool level;
	/* The physical interrupt. */
	bool linked;
};

/* The end of an active interrupt in state @s, which changes. Locked. */
struct deactivated irq_end(struct gic_irq *irq, uint32_t *s);

/*
 * Deactivate for good: the physical interrupt too, and then on to where it
 * is routed by now. @bank as in hold_irq(). Nothing is locked.
 */
void irq_deactivate(struct vic_gicr *self, struct vic_gicr *bank,
		    uint32_t number);

/*
 * A linked interrupt that is in no register and not active: if the physical
 * line fell, it is pending no longer. Nothing is locked.
 */
void irq_resample(struct vic_gicr *self, struct vic_gicr *bank,
		  uint32_t number);

/* ICPENDR of a linked one, with the physical. Nothing is locked. */
void irq_unpend(struct vic_gicr *self, struct vic_gicr *bank, uint32_t number);

/* IROUTER. */
void irq_route(struct vic_gic *gic, struct vic_counters *counters,
	       uint32_t number, uint64_t value);
/* To its new home, if it has one and may go. Nothing is locked. */
void irq_settle(struct vic_gic *gic, struct vic_counters *counters,
		uint32_t number);
/* The same for one that is in no row, and must come into one. */
void irq_place(struct vic_gic *gic, struct vic_counters *counters,
	       uint32_t number);
/*
 * A vCPU has come, or takes 1-of-N interrupts from now on: what waits for
 * one finds it.
 */
void irq_welcome(struct vic_gic *gic, struct vic_counters *counters);

/*
 * The physical interrupt is no longer outstanding; unless another physical
 * CPU acknowledged the next one already. Under the lock.
 */
static inline uint32_t irq_lower_linked(struct gic_irq *irq, uint32_t s)
{
	if (UNLIKELY(s & IRQ_AGAIN))
		return (s & ~IRQ_AGAIN) | (s & IRQ_EDGE ? IRQ_LATCH : 0);
	irq->lines &= ~LINE_LINKED_BIT;
	return irq->lines ? s : s & ~IRQ_LINE;
}

/* RWP reads 1 until the vCPU's sync. Under its lock. */
static inline void rwp_begin(struct vic_gicr *r, uint32_t which)
{
	if (which & ~r->rwp & RWP_GICD)
		fetch_add(&r->gic->rwp, 1);
	store32_relaxed(&r->rwp, r->rwp | which);
}

static inline void rwp_end(struct vic_gicr *r)
{
	if (r->rwp & RWP_GICD)
		fetch_add(&r->gic->rwp, UINT64_MAX);
	store32_relaxed(&r->rwp, 0);
}

/*
 * Whether a vCPU that is blocked behind an interrupt which it could not take
 * has others that it could: the first went away, so it must look again.
 */
static inline bool gicr_looks_again(const struct vic_gicr *r)
{
	return r->listens && r->listens != UINT64_MAX && (r->levels & r->tell);
}

/* Whether the owner is told that an interrupt in state @s is queued. */
ALWAYS_INLINE bool irq_tells(const struct vic_gicr *r, uint32_t s)
{
	return r->tell >> (s & IRQ_ROW) & 1;
}

/* The rows that the owner wants to hear of from now on. Under the lock. */
ALWAYS_INLINE void gicr_listen(struct vic_gicr *r, uint64_t rows)
{
	r->listens = rows;
	r->tell = rows ? rows & load_relaxed(&r->gic->forward) : 0;
}

/*
 * Out of the list register that it has in an image that is at rest; the
 * state after, which is to be placed. Under the lock.
 */
uint32_t irq_evict(struct vic_gicr *r, uint32_t number, uint32_t s);

/* Whether it is to leave its home; for good under the lock. */
static inline bool irq_rerouted(const struct gic_irq *irq)
{
	return load32_relaxed(&irq->route) != load32_relaxed(&irq->home);
}

/* One that has no home may have found one: its group or a route is new. */
void irq_find_home(struct vic_gic *gic, struct vic_counters *counters,
		   uint32_t number);

/* A 1-of-N interrupt that comes while it is nowhere yet gets a home. */
void irq_accept_1_of_n(struct vic_gic *gic, struct vic_counters *counters,
		       uint32_t number);

/* Whether its physical interrupt is active on its behalf. */
static inline bool irq_outstanding(const struct gic_irq *irq)
{
	return (irq->state & IRQ_LINKED) && (irq->lines & LINE_LINKED_BIT);
}

/* Whether the physical one is active for a latch that is gone. */
static inline bool irq_orphaned(const struct gic_irq *irq, uint32_t s)
{
	return irq_outstanding(irq) && !(s & IRQ_ACTIVE) && !irq_pending(s);
}

/* The latch of one that leaves its list register. */
static inline uint32_t irq_latch_back(uint32_t s)
{
	return s & IRQ_LR_LATCH ? (s & ~IRQ_LR_LATCH) | IRQ_LATCH : s;
}

/* Whether it waits in a register of an image that is at rest. */
static inline bool irq_evictable(const struct vic_gicr *r, uint32_t s)
{
	return (s & (IRQ_RESIDENT | IRQ_ACTIVE)) == IRQ_RESIDENT && !r->loaded;
}

/* Whether the guest is changing it right now, for all that is known. */
static inline bool irq_loaded(const struct vic_gicr *r, uint32_t s)
{
	return (s & IRQ_RESIDENT) && r->loaded;
}

#endif
