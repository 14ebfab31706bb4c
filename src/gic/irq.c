/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The life of one interrupt: IHI 0069 4.1.2, and 1.2.1 for pending. */
#include "gic/irq.h"

/* More misses than this, and the Distributor's lock keeps homes still. */
#define HOME_TRIES 4

/*
 * Lock the home of an interrupt that is not banked. Who holds the
 * Distributor's lock keeps homes where they are.
 */
static void
hold_home(struct hold *hold, struct vic_gic *gic, struct gic_irq *irq)
{
	for (unsigned int i = 0; i < HOME_TRIES; i++) {
		uint32_t home = load32_acquire(&irq->home);

		hold->r = gicr_at(gic, home);
		gicr_lock(hold->r);
		if (LIKELY(load32_relaxed(&irq->home) == home))
			return;
		gicr_unlock(hold->r);
	}
	gicd_lock(gic);
	hold->gicd = true;
	hold->r = gicr_at(gic, load32_relaxed(&irq->home));
	gicr_lock(hold->r);
}

void hold_unlock(struct hold *hold)
{
	struct vic_gicr *r = hold->r;

	hold->target = r;
	hold->r = NULL;
	if (!r)
		return;
	gicr_unlock(r);
	if (UNLIKELY(hold->gicd))
		gicd_unlock(r->gic);
	hold->gicd = false;
}

void hold_tell(struct hold *hold)
{
	struct vic_vcpu *vcpu;

	if (UNLIKELY(hold->other)) {
		inbox_work(hold->other->vcpu, &hold->counters->requests);
		hold->other = NULL;
	}
	if (!(hold->told | hold->resync))
		return;
	vcpu = hold->target->vcpu;
	if (hold->told && hold->newly)
		hold->outcome = inbox_work(vcpu, &hold->counters->vectors);
	else
		inbox_work(vcpu, &hold->counters->requests);
	hold->told = false;
	hold->newly = false;
	hold->resync = false;
}

void hold_drop(struct hold *hold)
{
	hold_unlock(hold);
	hold_tell(hold);
}

void hold_irq(struct hold *hold, struct vic_gic *gic, struct vic_gicr *r,
	      struct gic_irq *irq)
{
	if (LIKELY(hold->r) && hold->r->index == load32_relaxed(&irq->home))
		return;
	if (hold->r)
		hold_drop(hold);
	if (!r) {
		hold_home(hold, gic, irq);
		return;
	}
	gicr_lock(r);
	hold->r = r;
}

uint32_t irq_evict(struct vic_gicr *r, uint32_t number, uint32_t s)
{
	r->stale = true;
	for (uint32_t bits = r->used; bits; bits &= bits - 1) {
		uint32_t n = low_bit32(bits);

		if (r->lr_irq[n] == number)
			store32_relaxed(&r->used, r->used & ~(1u << n));
	}
	return irq_latch_back(s & ~IRQ_RESIDENT);
}

/*
 * What changes while it waits in a register of an image that is at rest
 * goes back to the queue: its owner may be away for long, and only what is
 * queued wakes it or moves elsewhere.
 */
void hold_update(struct hold *hold, uint32_t number, struct gic_irq *irq,
		 uint32_t s)
{
	if (irq_evictable(hold->r, s))
		s = irq_evict(hold->r, number, s);
	if (irq_update(hold->r, number, irq, s))
		hold->told |= irq_tells(hold->r, s);
	if (UNLIKELY(gicr_looks_again(hold->r)))
		hold->resync = true;
	if (s & IRQ_RESIDENT) {
		hold->r->stale = true;
		hold->resync |= irq_loaded(hold->r, s);
	}
}

bool hold_pend(struct hold *hold, uint32_t number, struct gic_irq *irq)
{
	uint32_t s = irq->state;

	if (s & IRQ_LATCH)
		return false;
	/* It waits in a list register that the guest cannot reach. */
	if ((s & IRQ_LR_LATCH) && !hold->r->loaded)
		return false;
	hold->newly = true;
	if (irq_loaded(hold->r, s)) {
		hold->told = true;
		hold->r->stale = true;
		store32_relaxed(&irq->state, s | IRQ_LATCH);
	} else {
		hold_update(hold, number, irq, s | IRQ_LATCH);
	}
	return true;
}

void hold_unpend(struct hold *hold, uint32_t number, struct gic_irq *irq)
{
	uint32_t s = irq->state & ~IRQ_LATCH;

	if (irq_loaded(hold->r, s))
		s |= IRQ_CLEAR_PENDING;
	else
		s &= ~IRQ_LR_LATCH;
	hold_update(hold, number, irq, s);
}

void hold_activate(struct hold *hold, uint32_t number, struct gic_irq *irq)
{
	uint32_t s = irq->state & ~IRQ_CLEAR_ACTIVE;

	if (irq_loaded(hold->r, s))
		s |= IRQ_SET_ACTIVE;
	else
		s |= IRQ_ACTIVE;
	hold_update(hold, number, irq, s);
}

struct deactivated irq_end(struct gic_irq *irq, uint32_t *s)
{
	struct deactivated done = {
		.ended = true,
		.level = !(*s & IRQ_EDGE),
		.linked = irq_outstanding(irq),
	};

	*s &= ~(IRQ_ACTIVE | IRQ_ACKED);
	if (done.linked)
		*s = irq_lower_linked(irq, *s);
	return done;
}

/*
 * ICACTIVER and DIR, under the hold of its home. @reachable: this physical
 * CPU can deactivate the physical interrupt.
 */
static struct deactivated hold_deactivate(struct hold *hold, uint32_t number,
					  struct gic_irq *irq, bool reachable)
{
	uint32_t s = irq->state & ~IRQ_SET_ACTIVE;
	struct deactivated done = {0};

	if (irq_loaded(hold->r, s))
		s |= IRQ_CLEAR_ACTIVE;
	else if ((s & IRQ_ACTIVE) && (reachable || !irq_outstanding(irq)))
		done = irq_end(irq, &s);
	else
		/* Another's PPI: pending again, and the guest ends it. */
		s &= ~(IRQ_ACTIVE | IRQ_ACKED);
	hold_update(hold, number, irq, s);
	return done;
}

enum vic_post irq_pend(struct vic_gic *gic, struct vic_gicr *r,
		       struct vic_counters *counters, uint32_t number)
{
	struct gic_irq *irq = irq_at(gic, r, number);
	struct hold hold = {
		.counters = counters,
		.outcome = VIC_POST_SILENT,
	};

	hold_irq(&hold, gic, irq_private(gic, number) ? r : NULL, irq);
	if (!hold_pend(&hold, number, irq)) {
		count(&counters->vectors.merged);
		hold.outcome = VIC_POST_MERGED;
	} else if (!hold.told) {
		count(&counters->vectors.silent);
	}
	hold_drop(&hold);
	return hold.outcome;
}

/*
 * Move a shared interrupt to the home @to. Under the Distributor's lock;
 * hold_tell() is left to the caller, after it. What is in list registers,
 * or active, stays until it is neither.
 */
static void irq_move(struct vic_gic *gic, struct hold *hold, uint32_t number,
		     struct gic_irq *irq, uint32_t to)
{
	struct vic_gicr *a = gicr_at(gic, irq->home), *b = gicr_at(gic, to);
	bool ordered = a->index < b->index;
	uint32_t s;

	store32_relaxed(&irq->route, to);
	gicr_lock(ordered ? a : b);
	if (a != b)
		gicr_lock(ordered ? b : a);
	s = irq->state;
	hold->r = a;
	if (irq_evictable(a, s))
		s = irq_evict(a, number, s);
	if (s & (IRQ_RESIDENT | IRQ_ACTIVE)) {
		a->stale = true;
		hold->resync |= irq_loaded(a, s);
	} else {
		/* It may be on its way from a to a, and in no row. */
		if (s & IRQ_QUEUED)
			queue_remove(a, queue_row(s), number);
		store32_relaxed(&irq->state, s & ~IRQ_QUEUED);
		store32_release(&irq->home, to);
		if (gicr_looks_again(a))
			hold->other = a;
		hold->r = b;
		hold_update(hold, number, irq, s & ~IRQ_QUEUED);
	}
	hold->target = hold->r;
	hold->r = NULL;
	if (a != b)
		gicr_unlock(ordered ? b : a);
	gicr_unlock(ordered ? a : b);
}

/* Whether a 1-of-N interrupt of this group may go to @r. */
static bool participates(const struct vic_gicr *r, uint32_t s)
{
	uint32_t dpg =
		s & IRQ_GROUP1 ? VIC_GICR_CTLR_DPG1NS : VIC_GICR_CTLR_DPG0;

	return r && !load32_relaxed(&r->asleep) &&
	       !(load32_relaxed(&r->dpg) & dpg);
}

/* One of N, in turn; nowhere if there is none. Distributor's lock. */
static uint32_t choose(struct vic_gic *gic, const struct gic_irq *irq)
{
	uint32_t nr = load32_acquire(&gic->nr);

	for (uint32_t i = 0; i < nr; i++) {
		if (++gic->cursor >= nr)
			gic->cursor = 0;
		if (participates(gicr_at(gic, gic->cursor),
				 load32_relaxed(&irq->state)))
			return gic->cursor;
	}
	return gic->max;
}

/* The home that IROUTER names. Distributor's lock. */
static uint32_t route_of(struct vic_gic *gic, const struct gic_irq *irq)
{
	const struct vic_vcpu *vcpu;

	if (load32_relaxed(&irq->state) & IRQ_1_OF_N)
		return choose(gic, irq);
	vcpu = id_table_find(&gic->ids, irq->affinity);
	return vcpu ? vcpu->index : gic->max;
}

void irq_route(struct vic_gic *gic, struct vic_counters *counters,
	       uint32_t number, uint64_t value)
{
	struct gic_irq *irq = irq_at(gic, NULL, number);
	bool any = (gic->flags & VIC_GIC_1_OF_N) && (value & VIC_IROUTER_IRM);
	struct hold hold = {.counters = counters};

	gicd_lock(gic);
	hold_irq(&hold, gic, gicr_at(gic, irq->home), irq);
	store32_relaxed(&irq->state, any ? irq->state | IRQ_1_OF_N
					 : irq->state & ~IRQ_1_OF_N);
	hold_unlock(&hold);
	store32_relaxed(&irq->affinity, (uint32_t)(value >> 32) << 24 |
						((uint32_t)value & 0xffffff));
	irq_move(gic, &hold, number, irq, route_of(gic, irq));
	gicd_unlock(gic);
	hold_tell(&hold);
}

void irq_place(struct vic_gic *gic, struct vic_counters *counters,
	       uint32_t number)
{
	struct gic_irq *irq = irq_at(gic, NULL, number);
	struct hold hold = {.counters = counters};

	gicd_lock(gic);
	irq_move(gic, &hold, number, irq,
		 load32_relaxed(&irq->state) & IRQ_1_OF_N ? choose(gic, irq)
							  : irq->route);
	gicd_unlock(gic);
	hold_tell(&hold);
}

void irq_settle(struct vic_gic *gic, struct vic_counters *counters,
		uint32_t number)
{
	const struct gic_irq *irq = irq_at(gic, NULL, number);

	if (irq_rerouted(irq))
		irq_place(gic, counters, number);
}

void irq_deactivate(struct vic_gicr *self, struct vic_gicr *bank,
		    uint32_t number)
{
	struct vic_gic *gic = self->gic;
	bool shared = !irq_private(gic, number);
	const struct vic_vcpu *vcpu = shared ? self->vcpu : bank->vcpu;
	struct gic_irq *irq = irq_at(gic, bank, number);
	struct hold hold = {.counters = &self->vcpu->counters};
	struct deactivated done;

	hold_irq(&hold, gic, shared ? NULL : bank, irq);
	done = hold_deactivate(&hold, number, irq, shared || bank == self);
	hold_drop(&hold);
	if (done.linked)
		vcpu->ops->hw_set_active(vcpu->opaque, irq->pintid, false);
	if (done.ended)
		count(&self->vcpu->counters.eois);
	if (shared)
		irq_settle(gic, hold.counters, number);
	if (done.level && vcpu->ops->eoi)
		vcpu->ops->eoi(vcpu->opaque, VIC_EOI_GIC,
			       irq_intid(gic, number));
}

void irq_resample(struct vic_gicr *self, struct vic_gicr *bank, uint32_t number)
{
	struct vic_gic *gic = self->gic;
	const struct vic_vcpu *vcpu = self->vcpu;
	struct gic_irq *irq = irq_at(gic, bank, number);
	struct hold hold = {.counters = &self->vcpu->counters};
	bool drop;

	/* Another physical CPU's PPI cannot be seen from here. */
	if ((bank && bank != self) || !vcpu->ops->hw_line ||
	    vcpu->ops->hw_line(vcpu->opaque, irq_intid(gic, number)))
		return;
	hold_irq(&hold, gic, bank, irq);
	drop = irq_outstanding(irq) &&
	       !(irq->state & (IRQ_ACTIVE | IRQ_RESIDENT));
	if (drop)
		hold_update(&hold, number, irq,
			    irq_lower_linked(irq, irq->state));
	hold_drop(&hold);
	if (drop)
		vcpu->ops->hw_set_active(vcpu->opaque, irq->pintid, false);
}

void irq_unpend(struct vic_gicr *self, struct vic_gicr *bank, uint32_t number)
{
	struct vic_gic *gic = self->gic;
	struct gic_irq *irq = irq_at(gic, bank, number);
	struct hold hold = {.counters = &self->vcpu->counters};
	bool drop;

	hold_irq(&hold, gic, irq_private(gic, number) ? bank : NULL, irq);
	hold_unpend(&hold, number, irq);
	drop = !irq_loaded(hold.r, irq->state) && irq_orphaned(irq, irq->state);
	if (drop)
		hold_update(&hold, number, irq,
			    irq_lower_linked(irq, irq->state));
	hold_drop(&hold);
	if (drop)
		self->vcpu->ops->hw_set_active(self->vcpu->opaque, irq->pintid,
					       false);
}

/* Whether nobody can take it where it is. */
static bool homeless(const struct vic_gic *gic, const struct gic_irq *irq)
{
	uint32_t s = load32_relaxed(&irq->state);

	if (load32_relaxed(&irq->route) == gic->max)
		return true;
	return (s & IRQ_1_OF_N) && irq_pending(s) &&
	       !participates(gicr_at(gic, load32_relaxed(&irq->home)), s);
}

void irq_find_home(struct vic_gic *gic, struct vic_counters *counters,
		   uint32_t number)
{
	struct hold hold = {.counters = counters};
	struct gic_irq *irq;

	if (irq_private(gic, number))
		return;
	irq = irq_at(gic, NULL, number);
	if (LIKELY(!homeless(gic, irq)))
		return;
	gicd_lock(gic);
	irq_move(gic, &hold, number, irq, route_of(gic, irq));
	gicd_unlock(gic);
	hold_tell(&hold);
}

void irq_welcome(struct vic_gic *gic, struct vic_counters *counters)
{
	uint32_t end = VIC_INTID_SPI + gic->spis + gic->eppis + gic->espis;

	/*
	 * Whoever routed without seeing the vCPU has stored the route, and
	 * whoever does from now on sees it.
	 */
	gicd_lock(gic);
	gicd_unlock(gic);
	for (uint32_t n = VIC_INTID_SPI; n < end; n++)
		irq_find_home(gic, counters, n);
}

/* A 1-of-N interrupt that comes while it is nowhere yet gets a home. */
void irq_accept_1_of_n(struct vic_gic *gic, struct vic_counters *counters,
		       uint32_t number)
{
	struct hold hold = {.counters = counters};
	struct gic_irq *irq;

	if (irq_private(gic, number))
		return;
	irq = irq_at(gic, NULL, number);
	if (LIKELY(!(load32_relaxed(&irq->state) & IRQ_1_OF_N)))
		return;
	gicd_lock(gic);
	if (!irq_pending(load32_relaxed(&irq->state)))
		irq_move(gic, &hold, number, irq, choose(gic, irq));
	gicd_unlock(gic);
	hold_tell(&hold);
}
