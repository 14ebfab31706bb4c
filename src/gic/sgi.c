/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * SGIs: from ICC_SGI1R_EL1 and its like to the targets' queues. IHI 0069
 * 8.1.10 and 12.2; system registers that a hypervisor traps.
 */
#include "ipi/sgi.h"
#include "gic/irq.h"
#include "gic/regs.h"
#include "ipi/kicks.h"

#define SGI1R_IRM (UINT64_C(1) << VIC_SGI1R_IRM_SHIFT)

/* One SGI on its way. */
struct sgi {
	struct vic_gicr *self;
	struct vic_counters *counters;
	/* The sender's row of the matrix, or NULL. */
	uint64_t *row;
	uint32_t intid;
	/* Bit n: an SGI that the target has in Group n is generated. */
	uint32_t groups;
	/* NULL: each target is kicked by itself. */
	struct kicks *many;
};

/* Groups of the senders' registers. */
#define GENERATES_GROUP0 1u
#define GENERATES_GROUP1 2u

/* Whether an SGI in state @s is generated at all: 8.1.10. */
static bool
sgi_generated(const struct vic_gic *gic, uint32_t s, uint32_t groups)
{
	if (s & IRQ_GROUP1)
		return groups & GENERATES_GROUP1;
	return (groups & GENERATES_GROUP0) ||
	       (gic->flags & VIC_GIC_SGI1R_ANY_GROUP);
}

/* The target's lock is held, and dropped. */
static __attribute__((noinline)) void
sgi_pend_locked(struct vic_gicr *r, struct vic_counters *counters,
		uint32_t intid, uint32_t groups)
{
	struct gic_irq *irq = &r->private_irqs[intid];
	struct hold hold = {.counters = counters, .r = r};

	if (!sgi_generated(r->gic, irq->state, groups))
		count(&counters->refused);
	else if (!hold_pend(&hold, intid, irq))
		count(&counters->vectors.merged);
	else if (!hold.told)
		count(&counters->vectors.silent);
	hold_drop(&hold);
}

/* inbox_work() for one of many targets. */
static __attribute__((noinline)) void work_many(struct kicks *many,
						struct vic_vcpu *vcpu,
						struct vic_outcomes *outcomes)
{
	if (test_and_set(&vcpu->request, REQUEST_NEW_BIT))
		count(&outcomes->coalesced);
	else
		kicks_tell(many, vcpu, outcomes, false);
}

/*
 * Accept and signal at one target. @own: the lock is libvic's own, so that
 * taking it is no call and the usual case needs no stack.
 */
ALWAYS_INLINE void sgi_pend(bool own, struct vic_gicr *r,
			    struct vic_counters *counters, uint32_t intid,
			    uint32_t groups, struct kicks *many)
{
	struct gic_irq *irq = &r->private_irqs[intid];
	uint32_t s;
	bool told;

	lock_take_known(&r->lock, own);
	s = irq->state;
	if (UNLIKELY((s & (IRQ_GROUP1 | IRQ_QUIET | IRQ_ENABLED)) !=
		     (IRQ_GROUP1 | IRQ_ENABLED)) ||
	    !(groups & GENERATES_GROUP1)) {
		sgi_pend_locked(r, counters, intid, groups);
		return;
	}
	/* Straight to its row: it was in none. */
	store32_relaxed(&irq->state, s | IRQ_LATCH | IRQ_QUEUED);
	queue_insert_sgi(r, s & IRQ_ROW, intid);
	told = irq_tells(r, s);
	lock_drop_known(&r->lock, own);
	if (many && told)
		work_many(many, r->vcpu, &counters->vectors);
	else if (LIKELY(told))
		inbox_work(r->vcpu, &counters->vectors);
	else
		count(&counters->vectors.silent);
}

static __attribute__((noinline)) void
sgi_account(uint64_t *row, const struct vic_gicr *r, uint32_t intid,
	    uint32_t groups)
{
	uint32_t s = load32_relaxed(&r->private_irqs[intid].state);

	if (sgi_generated(r->gic, s, groups))
		count(&row[r->index]);
}

static struct vic_gicr *find(const struct vic_gic *gic, uint32_t affinity)
{
	const struct vic_vcpu *vcpu = id_table_find(&gic->ids, affinity);

	return vcpu ? gicr_at(gic, vcpu->index) : NULL;
}

static bool sgi_list(const struct sgi *sgi, const struct vic_ipi *ipi)
{
	bool matched = false;

	for (uint32_t bits = ipi->list; bits; bits &= bits - 1) {
		struct vic_gicr *r =
			find(sgi->self->gic, ipi->dest + low_bit32(bits));

		if (!r)
			continue;
		matched = true;
		if (sgi->row)
			sgi_account(sgi->row, r, sgi->intid, sgi->groups);
		sgi_pend(false, r, sgi->counters, sgi->intid, sgi->groups,
			 sgi->many);
	}
	return matched;
}

/* To all but the sender; false if it is alone. */
ALWAYS_INLINE bool sgi_others(bool own, const struct sgi *sgi)
{
	const struct vic_gic *gic = sgi->self->gic;
	struct vic_gicr *const *at = gic->gicrs;
	struct vic_gicr *const *end = at + load32_acquire(&gic->nr);

	if (UNLIKELY(load32_relaxed(&gic->added) == 1))
		return false;
	do {
		struct vic_gicr *r = load_gicr(at);

		if (UNLIKELY(!r || r == sgi->self))
			continue;
		if (sgi->row)
			sgi_account(sgi->row, r, sgi->intid, sgi->groups);
		sgi_pend(own, r, sgi->counters, sgi->intid, sgi->groups,
			 sgi->many);
	} while (++at != end);
	return true;
}

static __attribute__((noinline)) enum vic_access
sgi_send(struct vic_gicr *self, enum vic_sgi_group group, uint64_t value)
{
	const struct vic_gic *gic = self->gic;
	struct vic_ipi ipi;
	struct sgi sgi = {
		.self = self,
		.counters = &self->vcpu->counters,
		.groups = GENERATES_GROUP0,
	};
	struct kicks kicks;

	if (sgi1r_decode(value, group, &ipi) != VIC_DECODE_SEND)
		return VIC_ACCESS_DONE;
	if (group == VIC_SGI_GROUP1)
		sgi.groups = GENERATES_GROUP1;
	sgi.intid = ipi.intid;
	if (gic->matrix)
		sgi.row = &gic->matrix[(size_t)self->index * gic->max];
	count(&sgi.counters->sent[ipi.kind][ipi.mode]);
	kicks_init(&kicks);
	if (self->vcpu->ops->kick_many)
		sgi.many = &kicks;
	if (!(ipi.kind == VIC_DEST_OTHERS ? sgi_others(false, &sgi)
					  : sgi_list(&sgi, &ipi)))
		count(&sgi.counters->unmatched);
	kicks_flush(&kicks);
	return VIC_ACCESS_DONE;
}

/* To one PE, which does not sit where its id hashes to, or nowhere. */
static __attribute__((noinline)) enum vic_access
sgi_unicast_find(struct vic_gicr *self, uint32_t id, uint32_t intid)
{
	struct vic_counters *counters = &self->vcpu->counters;
	struct vic_gicr *r = find(self->gic, id);

	count(&counters->sent[VIC_DEST_AFFINITY][VIC_SGI_GROUP1]);
	if (r)
		sgi_pend(true, r, counters, intid, GENERATES_GROUP1, NULL);
	else
		count(&counters->unmatched);
	return VIC_ACCESS_DONE;
}

/* ICC_SGI1R_EL1 to all but the sender. */
static __attribute__((noinline)) enum vic_access
sgi_broadcast(struct vic_gicr *self, uint64_t value)
{
	struct vic_counters *counters = &self->vcpu->counters;
	const struct sgi sgi = {
		.self = self,
		.counters = counters,
		.intid = sgi1r_field(value, VIC_SGI1R_INTID_SHIFT, 0xf),
		.groups = GENERATES_GROUP1,
	};

	count(&counters->sent[VIC_DEST_OTHERS][VIC_SGI_GROUP1]);
	if (!sgi_others(true, &sgi))
		count(&counters->unmatched);
	return VIC_ACCESS_DONE;
}

/* ICC_SGI1R_EL1 to one PE, as nearly all are. */
ALWAYS_INLINE bool is_unicast(uint64_t value)
{
	uint32_t list = value & VIC_SGI1R_LIST;

	return list && !(list & (list - 1));
}

ALWAYS_INLINE enum vic_access sgi_unicast(struct vic_gicr *self, uint64_t value)
{
	const struct vic_gic *gic = self->gic;
	uint32_t intid = (uint32_t)(value >> VIC_SGI1R_INTID_SHIFT) & 0xf;
	uint32_t id = sgi1r_affinity(value) + low_bit32(value & VIC_SGI1R_LIST);
	struct vic_counters *counters = &self->vcpu->counters;
	const struct vic_vcpu *vcpu = id_table_guess(&gic->ids, id);

	if (UNLIKELY(!vcpu || vcpu->id != id))
		return sgi_unicast_find(self, id, intid);
	count(&counters->sent[VIC_DEST_AFFINITY][VIC_SGI_GROUP1]);
	sgi_pend(true, gicr_at(gic, vcpu->index), counters, intid,
		 GENERATES_GROUP1, NULL);
	return VIC_ACCESS_DONE;
}

/* ICC_DIR_EL1, trapped because an active interrupt is in no register. */
static void deactivate(struct vic_gicr *self, uint64_t value)
{
	struct vic_gic *gic = self->gic;
	uint32_t number = irq_number(gic, (uint32_t)value & 0xffffff);

	if (number != NUMBER_NONE)
		irq_deactivate(self, self, number);
}

static __attribute__((noinline)) enum vic_access
sysreg_write(struct vic_gicr *gicr, uint32_t sysreg, uint64_t value)
{
	switch (sysreg) {
	case VIC_ICC_SGI1R_EL1:
		return sgi_send(gicr, VIC_SGI_GROUP1, value);
	case VIC_ICC_SGI0R_EL1:
		return sgi_send(gicr, VIC_SGI_GROUP0, value);
	case VIC_ICC_ASGI1R_EL1:
		return sgi_send(gicr, VIC_SGI_GROUP1_OTHER, value);
	case VIC_ICC_DIR_EL1:
		deactivate(gicr, value);
		return VIC_ACCESS_DONE;
	case VIC_ICC_SRE_EL1:
		/* SRE, DFB and DIB are RAO/WI. */
		return VIC_ACCESS_DONE;
	default:
		return VIC_ACCESS_FOREIGN;
	}
}

enum vic_access
vic_gic_sysreg_write(struct vic_gicr *gicr, uint32_t sysreg, uint64_t value)
{
	/* A load that had to wait was not run again. */
	gicr->retry.address = 0;
	if (LIKELY(sysreg == VIC_ICC_SGI1R_EL1) && LIKELY(gicr->plain)) {
		if (UNLIKELY(value & SGI1R_IRM)) {
			if (!gicr->vcpu->ops->kick_many)
				return sgi_broadcast(gicr, value);
		} else if (LIKELY(is_unicast(value))) {
			return sgi_unicast(gicr, value);
		}
	}
	return sysreg_write(gicr, sysreg, value);
}

enum vic_access
vic_gic_sysreg_read(struct vic_gicr *gicr, uint32_t sysreg, uint64_t *value)
{
	(void)gicr;
	if (sysreg != VIC_ICC_SRE_EL1)
		return VIC_ACCESS_FOREIGN;
	*value = VIC_ICC_SRE_VALUE;
	return VIC_ACCESS_DONE;
}
