/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * SGIs: from ICC_SGI1R_EL1 and its like to the targets' queues. IHI 0069
 * 8.1.10 and 12.2; system registers that a hypervisor traps.
 */
#include "ipi/sgi.h"
#include "gic/irq.h"
#include "gic/regs.h"

/* One SGI on its way. */
struct sgi {
	struct vic_gicr *self;
	struct vic_counters *counters;
	/* The sender's row of the matrix, or NULL. */
	uint64_t *row;
	uint32_t intid;
	/* Bit n: an SGI that the target has in Group n is generated. */
	uint32_t groups;
	bool matched;
};

/* Accept and signal at one target. */
ALWAYS_INLINE void sgi_pend(struct sgi *sgi, struct vic_gicr *r)
{
	struct gic_irq *irq = &r->private_irqs[sgi->intid];
	struct vic_outcomes *outcomes = &sgi->counters->vectors;
	uint32_t s;
	bool told;

	sgi->matched = true;
	if (UNLIKELY(sgi->row))
		count(&sgi->row[r->index]);
	gicr_lock(r);
	s = irq->state;
	if (UNLIKELY(!(sgi->groups >> ((s & IRQ_GROUP1) != 0) & 1))) {
		gicr_unlock(r);
		count(&sgi->counters->refused);
		return;
	}
	if (UNLIKELY((s & IRQ_LATCH) || ((s & IRQ_LR_LATCH) && !r->loaded))) {
		gicr_unlock(r);
		count(&outcomes->merged);
		return;
	}
	if (LIKELY((s & (IRQ_ENABLED | IRQ_ACTIVE | IRQ_RESIDENT)) ==
		   IRQ_ENABLED)) {
		/* Straight to its row: it was in none. */
		store32_relaxed(&irq->state, s | IRQ_LATCH | IRQ_QUEUED);
		queue_insert(r, s & IRQ_ROW, sgi->intid);
		told = irq_tells(r, s);
	} else {
		s |= IRQ_LATCH;
		irq_update(r, sgi->intid, irq, s);
		r->stale = true;
		told = irq_loaded(r, s);
	}
	gicr_unlock(r);
	if (LIKELY(told))
		inbox_work(r->vcpu, outcomes);
	else
		count(&outcomes->silent);
}

static void sgi_list(struct sgi *sgi, const struct vic_ipi *ipi)
{
	const struct vic_gic *gic = sgi->self->gic;

	for (uint32_t bits = ipi->list; bits; bits &= bits - 1) {
		uint32_t id = ipi->dest + low_bit32(bits);
		const struct vic_vcpu *vcpu = id_table_guess(&gic->ids, id);

		if (UNLIKELY(!vcpu || vcpu->id != id))
			vcpu = id_table_find(&gic->ids, id);
		if (LIKELY(vcpu))
			sgi_pend(sgi, gicr_at(gic, vcpu->index));
	}
}

static void sgi_others(struct sgi *sgi)
{
	const struct vic_gic *gic = sgi->self->gic;
	uint32_t nr = load32_acquire(&gic->nr);

	for (uint32_t i = 0; i < nr; i++) {
		struct vic_gicr *r = gicr_at(gic, i);

		if (LIKELY(r && r != sgi->self))
			sgi_pend(sgi, r);
	}
}

static void
sgi_send(struct vic_gicr *self, enum vic_sgi_group group, uint64_t value)
{
	const struct vic_gic *gic = self->gic;
	struct vic_ipi ipi;
	struct sgi sgi = {
		.self = self,
		.counters = &self->vcpu->counters,
		.groups = 1,
	};

	if (UNLIKELY(sgi1r_decode(value, group, &ipi) != VIC_DECODE_SEND))
		return;
	if (LIKELY(group == VIC_SGI_GROUP1))
		sgi.groups = gic->flags & VIC_GIC_SGI1R_ANY_GROUP ? 3 : 2;
	sgi.intid = ipi.intid;
	if (UNLIKELY(gic->matrix))
		sgi.row = &gic->matrix[(size_t)self->index * gic->max];
	count(&sgi.counters->sent[ipi.kind][ipi.mode]);
	if (ipi.kind == VIC_DEST_OTHERS)
		sgi_others(&sgi);
	else
		sgi_list(&sgi, &ipi);
	if (UNLIKELY(!sgi.matched))
		count(&sgi.counters->unmatched);
}

/* ICC_DIR_EL1, trapped because an active interrupt is in no register. */
static void deactivate(struct vic_gicr *self, uint64_t value)
{
	struct vic_gic *gic = self->gic;
	uint32_t number = irq_number(gic, (uint32_t)value & 0xffffff);

	if (number != NUMBER_NONE)
		irq_deactivate(self, self, number);
}

enum vic_access
vic_gic_sysreg_write(struct vic_gicr *gicr, uint32_t sysreg, uint64_t value)
{
	switch (sysreg) {
	case VIC_ICC_SGI1R_EL1:
		sgi_send(gicr, VIC_SGI_GROUP1, value);
		return VIC_ACCESS_DONE;
	case VIC_ICC_SGI0R_EL1:
		sgi_send(gicr, VIC_SGI_GROUP0, value);
		return VIC_ACCESS_DONE;
	case VIC_ICC_ASGI1R_EL1:
		sgi_send(gicr, VIC_SGI_GROUP1_OTHER, value);
		return VIC_ACCESS_DONE;
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
vic_gic_sysreg_read(struct vic_gicr *gicr, uint32_t sysreg, uint64_t *value)
{
	(void)gicr;
	if (sysreg != VIC_ICC_SRE_EL1)
		return VIC_ACCESS_FOREIGN;
	*value = VIC_ICC_SRE_VALUE;
	return VIC_ACCESS_DONE;
}
