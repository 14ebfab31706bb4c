/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What must hold between any two steps, written from the contract of
 * <vic/gic.h> and <vic/gic_lr.h>.
 */

#include "gic_rig.h"

#include <stddef.h>
#include <stdio.h>

/* More operations than this wait for a vCPU: it has to be let out. */
#define MAX_OPS (GM_OPS / 2)

static bool is_idle(const struct gm_irq *irq)
{
	const struct gm_state *s = &irq->states[0];

	return irq->holder == GM_NOBODY && irq->nr_states == 1 && !s->latch &&
	       !s->active && (irq->edge || !s->line);
}

static uint64_t hardware(const struct gic_rig_cpu *cpu, uint32_t intid)
{
	for (uint32_t n = 0; n < cpu->hw.nr_lrs; n++)
		if ((cpu->hw.regs.used >> n & 1) &&
		    (cpu->hw.regs.lr[n] & VIC_LR_VINTID) == intid)
			return cpu->hw.regs.lr[n];
	return 0;
}

static uint32_t priority_of(uint64_t lr)
{
	return (uint32_t)(lr >> VIC_LR_PRIORITY_SHIFT) & 0xff;
}

bool gic_check_given(const struct gic_rig_cpu *cpu, uint32_t intid)
{
	for (uint32_t n = 0; n < VIC_GIC_MAX_LRS; n++)
		if ((cpu->given_used >> n & 1) &&
		    (cpu->given[n] & VIC_LR_VINTID) == intid)
			return true;
	return false;
}

/*
 * An interrupt in a list register of a running vCPU: whether the hardware
 * shows what it should, or the hardware itself will bring the vCPU out.
 */
static bool shown_right(const struct gm *gm, const struct gm_irq *irq,
			const struct gic_rig_cpu *cpu, uint64_t lr)
{
	uint32_t vcpu = cpu->index;
	struct gm_answers settled = gm_settled(irq);
	bool pending = lr & VIC_LR_PENDING, active = lr & VIC_LR_ACTIVE;
	bool forwarded = gm_forwarded(gm, irq, vcpu);

	/* Routed away it may be taken yet, but not for long. */
	if (pending && !active && gm_target(gm, irq) != vcpu)
		return false;
	if (pending && (!forwarded || priority_of(lr) != irq->priority ||
			!(lr & VIC_LR_GROUP) == irq->group1))
		return false;
	if (pending)
		/* A line that fell is seen late, and does no harm. */
		return gm_can(settled, true, active) ||
		       (!irq->edge && gm_can(settled, false, active));
	if (gm_can(settled, false, active))
		return true;
	if (!forwarded)
		return gm_can(settled, true, active);
	/*
	 * Its end in hardware is that of the line, too; and what no guest
	 * acknowledged none ends there.
	 */
	if (active && (lr & VIC_LR_HW) &&
	    (!gm_is_latched(irq) || irq->acked_by == GM_NOBODY))
		return true;
	/* It pends behind an active state whose end is an exit. */
	if (!active || !gm_can(settled, true, true))
		return false;
	if (gm->pe[vcpu].eoimode && (cpu->hw.regs.hcr & VIC_HCR_TDIR))
		return true;
	return (lr & VIC_LR_EOI) && !(lr & VIC_LR_HW);
}

/* A pending interrupt outside: whether a list register's end fetches it. */
static bool comes_later(const struct gic_rig_cpu *cpu, const struct gm_irq *irq)
{
	uint32_t pmr = cpu->rig->gm.pe[cpu->index].pmr;
	bool pending = false;

	if (!(cpu->hw.regs.hcr & VIC_HCR_NPIE))
		return false;
	for (uint32_t n = 0; n < cpu->hw.nr_lrs; n++) {
		uint64_t lr = cpu->hw.regs.lr[n];

		if ((lr & VIC_LR_STATE) != VIC_LR_PENDING)
			continue;
		pending = true;
		/* One that was active too stays, if it can be taken. */
		if (irq->priority < priority_of(lr) &&
		    ((cpu->given[n] & VIC_LR_STATE) != VIC_LR_STATE ||
		     (irq->priority < pmr && priority_of(lr) >= pmr)))
			return false;
	}
	return pending;
}

bool gic_check_excused(struct gic_rig *rig, uint32_t vcpu, uint32_t intid)
{
	const struct gic_rig_cpu *cpu = &rig->cpu[vcpu];

	if (!(cpu->hw.regs.hcr & VIC_HCR_NPIE))
		return false;
	for (uint32_t n = 0; n < cpu->hw.nr_lrs; n++)
		if ((cpu->given_used >> n & 1) &&
		    (cpu->given[n] & VIC_LR_VINTID) == intid &&
		    (cpu->given[n] & VIC_LR_STATE) == VIC_LR_STATE)
			return true;
	return false;
}

static bool guest_needs(struct gic_rig *rig, struct gic_rig_cpu *cpu,
			const struct gm_irq *irq)
{
	if (irq->holder == cpu->index && gic_check_given(cpu, irq->intid))
		return !shown_right(&rig->gm, irq, cpu,
				    hardware(cpu, irq->intid));
	return gm_candidate(&rig->gm, irq, cpu->index) &&
	       gm_is(gm_settled(irq), true, false) && !comes_later(cpu, irq);
}

static bool
needs(struct gic_rig *rig, struct gic_rig_cpu *cpu, const struct gm_irq *irq)
{
	if (cpu->where == RIG_BLOCKED)
		return gm_unmasked(&rig->gm, irq, cpu->index) &&
		       gm_is(gm_now(irq), true, false) &&
		       !gm_may_take(&rig->gm, cpu->index, NULL);
	return cpu->where == RIG_GUEST && !vcpuif_misr(&cpu->hw) &&
	       guest_needs(rig, cpu, irq);
}

bool gic_check_needed(struct gic_rig *rig, uint32_t vcpu)
{
	struct gm *gm = &rig->gm;

	for (struct gm_irq *i = gm_next(gm, NULL); i; i = gm_next(gm, i))
		if (!is_idle(i) && needs(rig, &rig->cpu[vcpu], i))
			return true;
	return rig->cpu[vcpu].resync;
}

static bool is_chosen(const struct gm_irq *irq)
{
	return irq->vcpu == GM_NOBODY && (irq->router & VIC_IROUTER_IRM);
}

/* IRM = 1: which vCPU was chosen is for libvic to say. */
static void check_choice(struct gic_rig *rig, struct gm_irq *irq)
{
	struct gm *gm = &rig->gm;
	struct vic_gic_state state;
	bool any = false;

	if (!is_chosen(irq))
		return;
	if (vic_gic_peek(rig->gic, NULL, irq->intid, &state) != VIC_OK) {
		gic_rig_fail(rig, "peek of %u", irq->intid);
		return;
	}
	if (irq->holder != GM_NOBODY) {
		irq->chosen = irq->holder;
		return;
	}
	for (uint32_t v = 0; v < gm->config.vcpus; v++)
		any |= gm_eligible(gm, irq, v);
	if (state.home >= gm->config.vcpus) {
		irq->chosen = GM_NOBODY;
		if (any && irq->enabled && gm_is(gm_now(irq), true, false))
			gic_rig_fail(rig, "%u: nobody chosen", irq->intid);
		return;
	}
	/* With nobody to choose it may wait where nobody takes it. */
	if (irq->chosen != state.home && gm_is(gm_now(irq), true, false) &&
	    !gm_eligible(gm, irq, state.home) &&
	    (any || !gm->pe[state.home].asleep))
		gic_rig_fail(rig, "%u: chosen is cpu%u", irq->intid,
			     state.home);
	irq->chosen = state.home;
}

void gic_check_physical(struct gic_rig *rig, uint32_t exact)
{
	for (uint32_t n = 0; n < rig->nr_links; n++) {
		struct gic_rig_link *link = &rig->links[n];
		struct gm_irq *irq = link->irq;
		bool private = irq->vcpu != GM_NOBODY;

		if (irq->holder != GM_NOBODY)
			continue;
		if (private && !rig->cpu[irq->vcpu].loaded) {
			if (link->active)
				gic_rig_fail(rig, "cpu%u: put leaves %u active",
					     irq->vcpu, link->pintid);
			continue;
		}
		if (private && link->active && irq->vcpu != exact)
			continue;
		if (!gm_see_physical(irq, link->active, link->requested))
			gic_rig_fail(rig, "%u: physical %u active %d",
				     irq->intid, link->pintid, link->active);
	}
}

void gic_check(struct gic_rig *rig)
{
	struct gm *gm = &rig->gm;

	gic_check_physical(rig, GM_NOBODY);
	for (struct gm_irq *i = gm_next(gm, NULL); i; i = gm_next(gm, i)) {
		if (is_idle(i)) {
			i->chosen = GM_NOBODY;
			continue;
		}
		check_choice(rig, i);
		if (i->nr_ops > MAX_OPS)
			rig->cpu[i->holder].must_exit = true;
		for (uint32_t v = 0; v < gm->config.vcpus; v++) {
			struct gic_rig_cpu *cpu = &rig->cpu[v];

			if (cpu->told || (i->vcpu != GM_NOBODY && i->vcpu != v))
				continue;
			if (needs(rig, cpu, i))
				gic_rig_fail(rig, "cpu%u: not told of %u", v,
					     i->intid);
		}
	}
	for (uint32_t v = 0; v < gm->config.vcpus; v++) {
		struct gic_rig_cpu *cpu = &rig->cpu[v];

		if (cpu->resync && !cpu->told &&
		    (cpu->where == RIG_GUEST || cpu->where == RIG_BLOCKED))
			gic_rig_fail(rig, "cpu%u: not told to resync", v);
	}
}

void gic_check_deliverable(struct gic_rig *rig, uint32_t vcpu)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu];
	bool answer = vic_gic_deliverable(cpu->gicr, &cpu->image);
	struct gm *gm = &rig->gm;

	for (struct gm_irq *i = gm_next(gm, NULL); i; i = gm_next(gm, i))
		if (!is_idle(i))
			check_choice(rig, i);
	if (answer ? !gm_may_take_any(gm, vcpu) : !gm_may_take(gm, vcpu, NULL))
		gic_rig_fail(rig, "cpu%u: deliverable %d", vcpu, answer);
}

/* Its end ends a physical interrupt, which must be active then. */
static void check_hw(struct gic_rig *rig, uint32_t vcpu,
		     const struct gm_irq *irq, uint64_t lr)
{
	uint32_t pintid = (uint32_t)(lr >> VIC_LR_PINTID_SHIFT) & 0x3ff;
	const struct gic_rig_link *link = gic_rig_linked(rig, vcpu, pintid);

	if (!link || link->irq != irq || !link->active)
		gic_rig_fail(rig, "flush: %u has HW, pINTID %u", irq->intid,
			     pintid);
	if ((lr & VIC_LR_STATE) == VIC_LR_STATE)
		gic_rig_fail(rig, "flush: %u has HW and both", irq->intid);
}

/* One list register that flush filled. */
static void check_lr(struct gic_rig *rig, uint32_t vcpu, uint64_t lr)
{
	struct gm *gm = &rig->gm;
	uint32_t intid = (uint32_t)(lr & VIC_LR_VINTID);
	struct gm_irq *irq = gm_irq(gm, vcpu, intid);
	bool pending = lr & VIC_LR_PENDING, active = lr & VIC_LR_ACTIVE;

	/* One that was outside its list registers is libvic's to move. */
	if (irq && irq->holder != GM_NOBODY &&
	    !gic_check_given(&rig->cpu[irq->holder], intid))
		gm_settle(irq);
	if (!irq || !(lr & VIC_LR_STATE))
		gic_rig_fail(rig, "flush: lr of no interrupt");
	else if (irq->holder != GM_NOBODY)
		gic_rig_fail(rig, "flush: %u is in two homes", intid);
	else if (!gm_see_active(irq, active))
		gic_rig_fail(rig, "flush: %u active %d", intid, active);
	else if (pending && !gm_see_pending(irq, true))
		gic_rig_fail(rig, "flush: %u is not pending", intid);
	else if (pending && !gm_forwarded(gm, irq, vcpu))
		gic_rig_fail(rig, "flush: %u is not forwarded", intid);
	else if (pending && (priority_of(lr) != irq->priority ||
			     !(lr & VIC_LR_GROUP) == irq->group1))
		gic_rig_fail(rig, "flush: %u has priority %x group %u", intid,
			     irq->priority, irq->group1);
	else
		gm_hold(irq, vcpu, pending, lr & VIC_LR_HW);
	if ((lr & VIC_LR_HW) && irq)
		check_hw(rig, vcpu, irq, lr);
}

/* A certainly pending interrupt that flush left out. */
static void check_left_out(struct gic_rig *rig, struct gic_rig_cpu *cpu,
			   const struct gm_irq *irq)
{
	const struct gm *gm = &rig->gm;
	uint32_t v = cpu->index, pending = 0, open = 0;

	rig->left_out++;
	if (!gm->pe[v].enabled[irq->group1]) {
		/* It is fetched when the guest enables its group. */
		if (!(cpu->image.hcr &
		      (irq->group1 ? VIC_HCR_VGRP1EIE : VIC_HCR_VGRP0EIE)))
			gic_rig_fail(rig, "flush: %u left out, hcr %x",
				     irq->intid, cpu->image.hcr);
		return;
	}
	for (uint32_t n = 0; n < cpu->hw.nr_lrs; n++) {
		uint64_t lr = cpu->image.lr[n];
		const struct gm_irq *other;

		if (!(cpu->image.used >> n & 1)) {
			gic_rig_fail(rig, "flush: %u left out, lr%u is free",
				     irq->intid, n);
			return;
		}
		if ((lr & VIC_LR_STATE) != VIC_LR_PENDING)
			continue;
		pending++;
		other = gm_irq(&rig->gm, v, (uint32_t)(lr & VIC_LR_VINTID));
		open += gm_candidate(gm, other, v);
		if (gm_candidate(gm, other, v) && gm_before(irq, other))
			gic_rig_fail(rig, "flush: %u left out, %u is in",
				     irq->intid, other->intid);
	}
	if (!open)
		gic_rig_fail(rig, "flush: %u left out for disabled groups",
			     irq->intid);
	if (!(cpu->image.hcr & VIC_HCR_NPIE) || !pending)
		gic_rig_fail(rig, "flush: %u left out, hcr %x, %u pending",
			     irq->intid, cpu->image.hcr, pending);
}

void gic_check_flush(struct gic_rig *rig, uint32_t vcpu)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu];
	const struct gm_pe *pe = &rig->gm.pe[vcpu];
	struct gm *gm = &rig->gm;
	uint32_t hcr = cpu->image.hcr;
	uint32_t may = VIC_HCR_EN | VIC_HCR_LRENPIE | VIC_HCR_NPIE |
		       VIC_HCR_VGRP0EIE | VIC_HCR_VGRP0DIE | VIC_HCR_VGRP1EIE |
		       VIC_HCR_VGRP1DIE | VIC_HCR_TDIR;

	if ((hcr & ~may) || !(hcr & VIC_HCR_EN))
		gic_rig_fail(rig, "flush: hcr %x", hcr);
	if (cpu->image.used >> cpu->hw.nr_lrs)
		gic_rig_fail(rig, "flush: used %x", cpu->image.used);
	for (uint32_t n = 0; n < cpu->hw.nr_lrs; n++)
		if (cpu->image.used >> n & 1)
			check_lr(rig, vcpu, cpu->image.lr[n]);
	gm->pe[vcpu].out = true;
	for (struct gm_irq *i = gm_next(gm, NULL); i; i = gm_next(gm, i)) {
		struct gm_answers now = gm_now(i);

		if (!is_idle(i))
			check_choice(rig, i);
		if (i->holder != GM_NOBODY)
			continue;
		/*
		 * A choice that fell only now is told by refusing the entry:
		 * gic_check() sees to that.
		 */
		if (!is_chosen(i) && gm_target(gm, i) == vcpu &&
		    gm_forwarded(gm, i, vcpu) && gm_is(now, true, false))
			check_left_out(rig, cpu, i);
		if (i->acked_by != vcpu || !gm_is_active(now))
			continue;
		rig->spilled++;
		if (!(hcr & (pe->eoimode ? VIC_HCR_TDIR : VIC_HCR_LRENPIE)))
			gic_rig_fail(rig, "flush: %u spilled, hcr %x", i->intid,
				     hcr);
		gm_hold(i, vcpu, false, false);
	}
}

void gic_check_peek(struct gic_rig *rig)
{
	struct gm *gm = &rig->gm;

	for (struct gm_irq *i = gm_next(gm, NULL); i; i = gm_next(gm, i)) {
		uint32_t target = gm_target(gm, i);
		struct vic_gic_state s;
		struct vic_gicr *gicr =
			i->vcpu == GM_NOBODY ? NULL : rig->cpu[i->vcpu].gicr;

		if (vic_gic_peek(rig->gic, gicr, i->intid, &s) != VIC_OK ||
		    s.enabled != i->enabled || s.edge != i->edge ||
		    s.group1 != i->group1 || s.priority != i->priority)
			gic_rig_fail(rig, "peek of %u", i->intid);
		if (i->holder != GM_NOBODY)
			continue;
		if (!gm_see(i, s.pending, s.active))
			gic_rig_fail(rig, "peek of %u: pending %d active %d",
				     i->intid, s.pending, s.active);
		if (target == GM_NOBODY)
			target = gm->config.vcpus;
		if (!s.active && !s.resident && s.home != target &&
		    !(i->router & VIC_IROUTER_IRM))
			gic_rig_fail(rig, "peek of %u: home %u", i->intid,
				     s.home);
	}
}

void gic_check_show(struct gic_rig *rig)
{
	struct gm *gm = &rig->gm;

	for (uint32_t v = 0; v < gm->config.vcpus; v++) {
		const struct gm_pe *pe = &gm->pe[v];

		fprintf(stderr,
			"# cpu%u: where %d, pmr %02x, bpr %u %u, groups %d "
			"%d, cbpr %d, eoimode %d, running %02x, asleep %d, "
			"dpg %d %d, vmcr %08x, hcr %08x, told %d\n",
			v, rig->cpu[v].where, pe->pmr, pe->bpr[0], pe->bpr[1],
			pe->enabled[0], pe->enabled[1], pe->cbpr, pe->eoimode,
			gm_running(pe), pe->asleep, pe->dpg[0], pe->dpg[1],
			rig->cpu[v].image.vmcr, rig->cpu[v].image.hcr,
			rig->cpu[v].told);
	}
	for (struct gm_irq *i = gm_next(gm, NULL); i; i = gm_next(gm, i)) {
		struct vic_gic_state s = {0};
		struct vic_gicr *gicr =
			i->vcpu == GM_NOBODY ? NULL : rig->cpu[i->vcpu].gicr;

		if (is_idle(i))
			continue;
		if (vic_gic_peek(rig->gic, gicr, i->intid, &s) != VIC_OK)
			fprintf(stderr, "# absent: ");
		fprintf(stderr,
			"# %u: target %d, holder %d, taken by %d, e%d g%d "
			"p%02x %s",
			i->intid, (int)gm_target(gm, i), (int)i->holder,
			(int)i->acked_by, i->enabled, i->group1, i->priority,
			i->edge ? "edge" : "level");
		for (uint32_t n = 0; n < i->nr_states; n++)
			fprintf(stderr, " [latch %d line %d active %d]",
				i->states[n].latch, i->states[n].line,
				i->states[n].active);
		fprintf(stderr,
			"; libvic: home %u resident %d e%d g%d p%02x "
			"pending %d active %d level %d\n",
			s.home, s.resident, s.enabled, s.group1, s.priority,
			s.pending, s.active, s.level);
	}
}
