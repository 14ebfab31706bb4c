/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* A vCPU's way into the guest and out of it, and the guest itself. */

#include "gic_rig.h"

#include <string.h>

/* More entries in a row than this without an instruction are a storm. */
#define MAX_IDLE 8

static void look(struct gic_rig_cpu *cpu)
{
	if (vcpuif_misr(&cpu->hw))
		cpu->must_exit = true;
}

/* All is known of what the vCPU held; who asked gets an answer. */
static void back(struct gic_rig *rig, uint32_t vcpu)
{
	gm_back(&rig->gm, vcpu);
	for (uint32_t v = 0; v < rig->gm.config.vcpus; v++)
		rig->cpu[v].asked &= ~(1u << vcpu);
}

/* Reports may come until the vCPU is about to run again. */
static void check_dues(struct gic_rig *rig, uint32_t vcpu)
{
	struct gm *gm = &rig->gm;

	for (struct gm_irq *i = gm_next(gm, NULL); i; i = gm_next(gm, i)) {
		if (i->holder != GM_NOBODY)
			continue;
		i->cleared = false;
		if (i->ender != vcpu)
			continue;
		if (i->due && !i->reported && !i->edge)
			gic_rig_fail(rig, "cpu%u: no eoi of %u", vcpu,
				     i->intid);
		i->ended = i->reported = 0;
		i->due = false;
		i->ender = GM_NOBODY;
	}
}

/* Those that the image shows as posted, and then the rest. */
static void
take_posted(struct gic_rig *rig, const struct gic_rig_cpu *cpu, bool shown)
{
	bool level = rig->on_eoi == RIG_EOI_RAISES;
	uint32_t left = 0;

	for (uint32_t i = 0; i < rig->nr_posted; i++) {
		struct gm_irq *irq = rig->posted[i];
		bool pending = false;

		for (uint32_t n = 0; n < cpu->hw.nr_lrs; n++)
			pending |= (cpu->image.used >> n & 1) &&
				   (cpu->image.lr[n] & VIC_LR_VINTID) ==
					   irq->intid &&
				   (cpu->image.lr[n] & VIC_LR_PENDING);
		if (shown && pending != level)
			rig->posted[left++] = irq;
		else
			gm_line(irq, 1, level);
	}
	rig->nr_posted = left;
}

void gic_rig_flush(struct gic_rig *rig, uint32_t vcpu)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu];
	uint32_t work;

	if (!cpu->loaded)
		gic_rig_put(rig, vcpu);
	back(rig, vcpu);
	cpu->told = false;
	rig->thread = vcpu;
	rig->flushing = true;
	work = vic_gic_flush(cpu->gicr, &cpu->image);
	rig->flushing = false;
	gic_rig_note(rig, "cpu%u: flush -> %u, hcr %x, used %x", vcpu, work,
		     cpu->image.hcr, cpu->image.used);
	for (uint32_t n = 0; n < VIC_GIC_MAX_LRS; n++)
		if (cpu->image.used >> n & 1)
			gic_rig_note(rig, "  lr%u %016llx (%u)", n,
				     (unsigned long long)cpu->image.lr[n],
				     (uint32_t)cpu->image.lr[n]);
	if (cpu->resync && !(work & VIC_GIC_WORK_RESYNC))
		gic_rig_fail(rig, "cpu%u: flush tells of no resync", vcpu);
	cpu->resync = false;
	check_dues(rig, vcpu);
	cpu->where = RIG_FLUSHED;
	gic_check_physical(rig, vcpu);
	take_posted(rig, cpu, true);
	gic_check_flush(rig, vcpu);
	take_posted(rig, cpu, false);
	memcpy(cpu->given, cpu->image.lr, sizeof(cpu->given));
	cpu->given_used = cpu->image.used;
}

void gic_rig_enter(struct gic_rig *rig, uint32_t vcpu)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu];
	enum vic_enter answer;

	rig->thread = vcpu;
	answer = vic_vcpu_enter(cpu->vcpu);

	gic_rig_note(rig, "cpu%u: enter -> %d", vcpu, answer);
	if (answer == VIC_ENTER_AGAIN) {
		cpu->where = RIG_REFUSED;
		return;
	}
	/* Those in use are written, those that were before are emptied. */
	for (uint32_t n = 0; n < VIC_GIC_MAX_LRS; n++)
		if (cpu->image.used >> n & 1)
			cpu->hw.regs.lr[n] = cpu->image.lr[n];
		else if (cpu->hw.regs.used >> n & 1)
			cpu->hw.regs.lr[n] = 0;
	cpu->hw.regs.used = cpu->image.used;
	cpu->hw.regs.hcr = cpu->image.hcr;
	cpu->where = RIG_GUEST;
	rig->gm.pe[vcpu].running = true;
	cpu->must_exit = answer == VIC_ENTER_EXIT;
	cpu->told = cpu->must_exit;
	look(cpu);
	if (!vcpuif_misr(&cpu->hw) || cpu->told)
		cpu->idle = 0;
	else if (++cpu->idle > MAX_IDLE)
		gic_rig_fail(rig, "cpu%u: MISR %x at every entry", vcpu,
			     vcpuif_misr(&cpu->hw));
}

void gic_rig_exit(struct gic_rig *rig, uint32_t vcpu)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu];

	gic_rig_note(rig, "cpu%u: exit, misr %x", vcpu, vcpuif_misr(&cpu->hw));
	rig->thread = vcpu;
	vic_vcpu_exit(cpu->vcpu, cpu->told);
	/* What is not in use is nobody's: sync may not look at it. */
	for (uint32_t n = 0; n < VIC_GIC_MAX_LRS; n++)
		cpu->image.lr[n] = cpu->hw.regs.used >> n & 1
					   ? cpu->hw.regs.lr[n]
					   : ~cpu->image.lr[n];
	cpu->image.hcr = cpu->hw.regs.hcr;
	cpu->image.vmcr = cpu->hw.regs.vmcr;
	memcpy(cpu->image.ap0r, cpu->hw.regs.ap0r, sizeof(cpu->image.ap0r));
	memcpy(cpu->image.ap1r, cpu->hw.regs.ap1r, sizeof(cpu->image.ap1r));
	cpu->where = RIG_LEFT;
	cpu->must_exit = false;
	rig->gm.pe[vcpu].running = false;
}

/* What the hardware shows, so that a report must come: vic_vcpu_ops.eoi. */
static void note_dues(struct gic_rig *rig, const struct gic_rig_cpu *cpu)
{
	for (uint32_t n = 0; n < VIC_GIC_MAX_LRS; n++) {
		uint64_t given = cpu->given[n], now = cpu->hw.regs.lr[n];
		struct gm_irq *irq;

		if (!(cpu->given_used >> n & 1))
			continue;
		irq = gm_irq(&rig->gm, cpu->index,
			     (uint32_t)(given & VIC_LR_VINTID));
		irq->due = irq->ended && !(now & VIC_LR_ACTIVE) &&
			   ((given & VIC_LR_ACTIVE) || !(now & VIC_LR_PENDING));
	}
}

/* A request that was taken back before the guest took it is nobody's. */
static void check_fallen(struct gic_rig *rig, const struct gic_rig_cpu *cpu)
{
	for (uint32_t n = 0; n < VIC_GIC_MAX_LRS; n++) {
		uint64_t now = cpu->hw.regs.lr[n];
		const struct gic_rig_link *link;

		if (!(cpu->given_used >> n & 1) || !(now & VIC_LR_HW) ||
		    (now & VIC_LR_STATE) != VIC_LR_PENDING)
			continue;
		link = gic_rig_linked(rig, cpu->index,
				      (uint32_t)(now >> VIC_LR_PINTID_SHIFT) &
					      0x3ff);
		if (!link->requested && link->active)
			gic_rig_fail(rig, "cpu%u: %u fell, but is active",
				     cpu->index, link->irq->intid);
	}
}

void gic_rig_sync(struct gic_rig *rig, uint32_t vcpu)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu];

	gic_rig_note(rig, "cpu%u: sync", vcpu);
	note_dues(rig, cpu);
	rig->thread = vcpu;
	vic_gic_sync(cpu->gicr, &cpu->image);
	back(rig, vcpu);
	cpu->where = RIG_HOST;
	cpu->must_exit = false;
	gic_check_physical(rig, GM_NOBODY);
	check_fallen(rig, cpu);
	gic_check_deliverable(rig, vcpu);
}

void gic_rig_put(struct gic_rig *rig, uint32_t vcpu)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu];

	gic_rig_note(rig, "cpu%u: %s", vcpu, cpu->loaded ? "put" : "load");
	rig->thread = vcpu;
	if (cpu->loaded)
		vic_gic_put(cpu->gicr);
	else
		vic_gic_load(cpu->gicr);
	cpu->loaded = !cpu->loaded;
	gic_check_physical(rig, cpu->loaded ? vcpu : GM_NOBODY);
}

void gic_rig_block(struct gic_rig *rig, uint32_t vcpu)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu];
	bool blocked;

	if (rig->nr_links && !cpu->loaded)
		gic_rig_put(rig, vcpu);
	cpu->told = false;
	rig->thread = vcpu;
	blocked = vic_gic_block(cpu->gicr, &cpu->image);
	gic_rig_note(rig, "cpu%u: block -> %d", vcpu, blocked);
	if (blocked)
		cpu->where = RIG_BLOCKED;
	gic_check_physical(rig, vcpu);
	if (blocked && !gm_may_take(&rig->gm, vcpu, NULL))
		gic_rig_fail(rig, "cpu%u: blocked with an interrupt", vcpu);
}

void gic_rig_unblock(struct gic_rig *rig, uint32_t vcpu)
{
	gic_rig_note(rig, "cpu%u: unblock", vcpu);
	rig->thread = vcpu;
	vic_vcpu_unblock(rig->cpu[vcpu].vcpu);
	rig->cpu[vcpu].where = RIG_HOST;
	gic_check_deliverable(rig, vcpu);
}

void gic_rig_iar(struct gic_rig *rig, uint32_t vcpu, uint32_t group)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu];
	struct gm *gm = &rig->gm;
	uint32_t intid = vcpuif_iar(&cpu->hw, group);
	struct gm_irq *irq = NULL;

	gic_rig_note(rig, "cpu%u: iar%u -> %u", vcpu, group, intid);
	cpu->idle = 0;
	if (intid == VIC_INTID_NONE) {
		/* It may be one of the other group. */
		if (!cpu->told && !vcpuif_signal(&cpu->hw, !group) &&
		    !gm_may_take(gm, vcpu, NULL))
			gic_rig_fail(rig, "cpu%u: takes nothing", vcpu);
		return;
	}
	irq = gm_irq(gm, vcpu, intid);
	if (!cpu->told && !gm_may_take(gm, vcpu, irq) &&
	    !gic_check_excused(rig, vcpu, intid))
		gic_rig_fail(rig, "cpu%u: should not take %u", vcpu, intid);
	if (irq->holder != vcpu || irq->shown_group1 != group ||
	    !gm_ack(gm, vcpu, irq))
		gic_rig_fail(rig, "cpu%u: cannot take %u", vcpu, intid);
	if (vcpuif_rpr(&cpu->hw) != gm_running(&gm->pe[vcpu]))
		gic_rig_fail(rig, "cpu%u: RPR %x, not %x", vcpu,
			     vcpuif_rpr(&cpu->hw), gm_running(&gm->pe[vcpu]));
	rig->taken++;
	look(cpu);
}

/* Where the hardware will find it: in a list register, or nowhere. */
static bool is_listed(const struct gic_rig_cpu *cpu, uint32_t intid)
{
	for (uint32_t n = 0; n < cpu->hw.nr_lrs; n++)
		if ((cpu->hw.regs.lr[n] & VIC_LR_ACTIVE) &&
		    (cpu->hw.regs.lr[n] & VIC_LR_VINTID) == intid)
			return true;
	return false;
}

static void
deactivated(struct gic_rig *rig, struct gic_rig_cpu *cpu, uint32_t intid)
{
	struct gm_irq *irq = gm_irq(&rig->gm, cpu->index, intid);

	if (is_listed(cpu, intid)) {
		gm_deactivate(irq);
	} else if (irq->acked_by == cpu->index &&
		   !gic_check_given(cpu, intid)) {
		/*
		 * EOIcount: libvic sees it when it syncs. One that is in a
		 * list register was ended by ICACTIVER before.
		 */
		irq->due = gm_is_active(gm_now(irq));
		gm_apply(irq, GM_DEACTIVATE);
	} else {
		return;
	}
	irq->ended++;
	irq->ender = cpu->index;
}

void gic_rig_eoir(struct gic_rig *rig, uint32_t vcpu)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu];
	struct gm_pe *pe = &rig->gm.pe[vcpu];
	struct gm_active top;

	cpu->idle = 0;
	if (!pe->nr_active)
		return;
	top = pe->active[pe->nr_active - 1];
	gic_rig_note(rig, "cpu%u: eoir%u %u", vcpu, top.group1, top.intid);
	gm_drop(&rig->gm, vcpu);
	if (pe->eoimode)
		cpu->dropped[cpu->nr_dropped++] = top.intid;
	else
		deactivated(rig, cpu, top.intid);
	vcpuif_eoir(&cpu->hw, top.group1, top.intid);
	if (vcpuif_rpr(&cpu->hw) != gm_running(pe))
		gic_rig_fail(rig, "cpu%u: RPR %x, not %x", vcpu,
			     vcpuif_rpr(&cpu->hw), gm_running(pe));
	look(cpu);
}

/* Trapped. One that another vCPU has in the guest ends when that is back. */
static void write_dir(struct gic_rig *rig, uint32_t vcpu, struct gm_irq *irq)
{
	enum vic_access access;

	/* One that is outside its list registers ends at once. */
	if (irq->holder != GM_NOBODY &&
	    !gic_check_given(&rig->cpu[irq->holder], irq->intid))
		gm_settle(irq);
	if (irq->holder == GM_NOBODY) {
		irq->ended++;
		irq->ender = vcpu;
		irq->due |= gm_is_active(gm_now(irq));
	} else {
		irq->cleared = true;
	}
	gm_apply(irq, GM_DEACTIVATE);
	rig->thread = vcpu;
	access = vic_gic_sysreg_write(rig->cpu[vcpu].gicr, VIC_ICC_DIR_EL1,
				      irq->intid);
	if (access != VIC_ACCESS_DONE)
		gic_rig_fail(rig, "dir: access %d", access);
}

void gic_rig_dir(struct gic_rig *rig, uint32_t vcpu, uint32_t which)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu];
	uint32_t intid = cpu->dropped[which];
	struct gm_irq *irq = gm_irq(&rig->gm, vcpu, intid);

	cpu->idle = 0;
	cpu->dropped[which] = cpu->dropped[--cpu->nr_dropped];
	/*
	 * Cleared by ICACTIVER and taken by another since: this DIR would
	 * end what the other does, which no guest wants.
	 */
	if (irq->acked_by != vcpu && irq->acked_by != GM_NOBODY)
		return;
	gic_rig_note(rig, "cpu%u: dir %u", vcpu, intid);
	if (!(cpu->hw.regs.hcr & VIC_HCR_TDIR)) {
		deactivated(rig, cpu, intid);
		vcpuif_dir(&cpu->hw, intid);
		look(cpu);
		return;
	}
	gic_rig_exit(rig, vcpu);
	gic_rig_sync(rig, vcpu);
	write_dir(rig, vcpu, irq);
}

void gic_rig_dir_for(struct gic_rig *rig, uint32_t vcpu, uint32_t other,
		     uint32_t which)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu], *from = &rig->cpu[other];
	uint32_t intid = from->dropped[which];
	struct gm_irq *irq = gm_irq(&rig->gm, other, intid);

	if (irq->vcpu != GM_NOBODY || irq->acked_by != other)
		return;
	gic_rig_note(rig, "cpu%u: dir %u for cpu%u", vcpu, intid, other);
	if (!(cpu->hw.regs.hcr & VIC_HCR_TDIR))
		gic_rig_fail(rig, "cpu%u: dir does not trap", vcpu);
	rig->dirs_for++;
	cpu->idle = 0;
	from->dropped[which] = from->dropped[--from->nr_dropped];
	gic_rig_exit(rig, vcpu);
	gic_rig_sync(rig, vcpu);
	write_dir(rig, vcpu, irq);
}

void gic_rig_pmr(struct gic_rig *rig, uint32_t vcpu, uint32_t value)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu];

	gic_rig_note(rig, "cpu%u: pmr = %x", vcpu, value);
	vcpuif_set_pmr(&cpu->hw, value);
	rig->gm.pe[vcpu].pmr =
		(uint8_t)(value & ~((1u << (8 - rig->spec.prebits)) - 1));
	look(cpu);
}

void gic_rig_bpr(struct gic_rig *rig, uint32_t vcpu, uint32_t group,
		 uint32_t value)
{
	uint32_t least = 7 + group - rig->spec.prebits;

	gic_rig_note(rig, "cpu%u: bpr%u = %u", vcpu, group, value);
	vcpuif_set_bpr(&rig->cpu[vcpu].hw, group, value);
	value &= 7;
	rig->gm.pe[vcpu].bpr[group] = (uint8_t)(value > least ? value : least);
	look(&rig->cpu[vcpu]);
}

void gic_rig_igrpen(struct gic_rig *rig, uint32_t vcpu, uint32_t group,
		    bool enable)
{
	gic_rig_note(rig, "cpu%u: igrpen%u = %d", vcpu, group, enable);
	vcpuif_set_igrpen(&rig->cpu[vcpu].hw, group, enable);
	rig->gm.pe[vcpu].enabled[group] = enable;
	look(&rig->cpu[vcpu]);
}

void gic_rig_ctlr(struct gic_rig *rig, uint32_t vcpu, bool cbpr, bool eoimode)
{
	struct gm_pe *pe = &rig->gm.pe[vcpu];

	/* 4.4.5: not while something is acknowledged. */
	if (pe->nr_active || rig->cpu[vcpu].nr_dropped)
		eoimode = pe->eoimode;
	gic_rig_note(rig, "cpu%u: ctlr cbpr %d eoimode %d", vcpu, cbpr,
		     eoimode);
	vcpuif_set_ctlr(&rig->cpu[vcpu].hw, cbpr, eoimode);
	pe->cbpr = cbpr;
	pe->eoimode = eoimode;
}
