/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "gic_steps.h"

uint32_t any(struct gic_steps *s, uint32_t count)
{
	/* xorshift64*: 0 is no state, and the seed is never 0. */
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return (uint32_t)((s->random * 0x2545f4914f6cdd1dull) >> 33) % count;
}

uint64_t any64(struct gic_steps *s)
{
	return (uint64_t)any(s, 1u << 31) << 42 ^
	       (uint64_t)any(s, 1u << 31) << 21 ^ any(s, 1u << 31);
}

bool one_in(struct gic_steps *s, uint32_t count)
{
	return any(s, count) == 0;
}

uint32_t any_cpu(struct gic_steps *s)
{
	return any(s, s->rig.gm.config.vcpus);
}

struct gm_irq *any_irq(struct gic_steps *s)
{
	uint32_t cpu = any_cpu(s);

	return gm_irq(&s->rig.gm, cpu, s->hot[any(s, s->nr_hot)]);
}

uint8_t any_priority(struct gic_steps *s)
{
	static const uint8_t some[] = {0x00, 0x08, 0x20, 0x28, 0x40,
				       0x80, 0xa0, 0xa0, 0xf0, 0xf8};

	return PICK(s, some);
}

static void step_sgi(struct gic_steps *s, uint32_t cpu)
{
	static const uint32_t registers[] = {
		VIC_ICC_SGI1R_EL1, VIC_ICC_SGI1R_EL1, VIC_ICC_SGI0R_EL1,
		VIC_ICC_ASGI1R_EL1};
	uint64_t affinity = s->rig.gm.config.affinity[any_cpu(s)];
	uint64_t intid = one_in(s, 8) ? any(s, 16) : s->hot[any(s, 4)];
	uint64_t value;

	value = affinity >> 24 << VIC_SGI1R_AFF3_SHIFT |
		(affinity >> 16 & 0xff) << VIC_SGI1R_AFF2_SHIFT |
		(affinity >> 8 & 0xff) << VIC_SGI1R_AFF1_SHIFT |
		(affinity >> 4 & 0xf) << VIC_SGI1R_RS_SHIFT |
		1u << (affinity & 0xf) | intid << VIC_SGI1R_INTID_SHIFT;
	if (one_in(s, 2))
		value |= any(s, 0x10000);
	if (one_in(s, 6))
		value |= 1ull << VIC_SGI1R_IRM_SHIFT;
	if (one_in(s, 16))
		value = any64(s);
	gic_rig_sgi(&s->rig, cpu, PICK(s, registers), value);
}

/* What a guest does to its CPU interface but to take interrupts. */
static void step_control(struct gic_steps *s, uint32_t cpu)
{
	struct gic_rig *rig = &s->rig;

	switch (any(s, 4)) {
	case 0:
		gic_rig_pmr(rig, cpu, one_in(s, 3) ? any_priority(s) : 0xff);
		break;
	case 1:
		gic_rig_bpr(rig, cpu, any(s, 2), one_in(s, 2) ? 0 : any(s, 16));
		break;
	case 2:
		gic_rig_igrpen(rig, cpu, any(s, 2), !one_in(s, 4));
		break;
	default:
		gic_rig_ctlr(rig, cpu, one_in(s, 4), one_in(s, 2));
	}
}

/* Another vCPU has handed over what is left to do. */
static void step_dir_for(struct gic_steps *s, uint32_t cpu)
{
	uint32_t vcpus = s->rig.gm.config.vcpus, first = any_cpu(s);

	for (uint32_t i = 0; i < vcpus; i++) {
		uint32_t other = (first + i) % vcpus;
		uint32_t count = s->rig.cpu[other].nr_dropped;

		if (other == cpu || !count)
			continue;
		gic_rig_dir_for(&s->rig, cpu, other, any(s, count));
		return;
	}
}

static void step_guest(struct gic_steps *s, uint32_t cpu)
{
	struct gic_rig *rig = &s->rig;
	const struct gic_rig_cpu *c = &rig->cpu[cpu];
	bool fiq = vcpuif_signal(&c->hw, 0);

	if (one_in(s, 12))
		step_control(s, cpu);
	else if (one_in(s, 12))
		gic_rig_exit(rig, cpu);
	else if (one_in(s, 16))
		gic_rig_iar(rig, cpu, any(s, 2));
	else if (rig->gm.pe[cpu].eoimode && one_in(s, 5))
		step_dir_for(s, cpu);
	else if (c->nr_dropped && one_in(s, 3))
		gic_rig_dir(rig, cpu, any(s, c->nr_dropped));
	else if ((fiq || vcpuif_signal(&c->hw, 1)) && !one_in(s, 4))
		gic_rig_iar(rig, cpu, !fiq);
	else
		gic_rig_eoir(rig, cpu);
}

static void step_host(struct gic_steps *s, uint32_t cpu)
{
	switch (any(s, 32)) {
	case 0:
		gic_rig_sre(&s->rig, cpu, any64(s));
		break;
	case 1:
		gic_rig_put(&s->rig, cpu);
		break;
	case 2:
	case 3:
	case 4:
		gic_rig_block(&s->rig, cpu);
		break;
	case 5:
	case 6:
	case 7:
		step_sgi(s, cpu);
		break;
	case 8:
	case 9:
	case 10:
	case 11:
	case 12:
		gic_step_read(s, cpu);
		break;
	case 13:
	case 14:
	case 15:
	case 16:
	case 17:
	case 18:
	case 19:
		gic_step_write(s, cpu);
		break;
	default:
		gic_rig_flush(&s->rig, cpu);
	}
}

static void step_cpu(struct gic_steps *s, uint32_t v)
{
	struct gic_rig_cpu *cpu = &s->rig.cpu[v];

	switch (cpu->where) {
	case RIG_HOST:
		step_host(s, v);
		break;
	case RIG_FLUSHED:
		if (one_in(s, 10))
			gic_rig_flush(&s->rig, v);
		else
			gic_rig_enter(&s->rig, v);
		break;
	case RIG_REFUSED:
		gic_rig_flush(&s->rig, v);
		break;
	case RIG_GUEST:
		if (cpu->must_exit || (cpu->told && one_in(s, 2))) {
			gic_rig_exit(&s->rig, v);
			break;
		}
		do
			step_guest(s, v);
		while (cpu->where == RIG_GUEST && !cpu->must_exit &&
		       !one_in(s, 4));
		break;
	case RIG_LEFT:
		gic_rig_sync(&s->rig, v);
		break;
	case RIG_BLOCKED:
		if (cpu->loaded && one_in(s, 8))
			gic_rig_put(&s->rig, v);
		else if (cpu->told ? !one_in(s, 3) : one_in(s, 20))
			gic_rig_unblock(&s->rig, v);
	}
}

static bool is_linked(struct gic_steps *s, uint32_t cpu, uint32_t intid)
{
	const struct gm_irq *irq = gm_irq(&s->rig.gm, cpu, intid);

	return irq && irq->linked;
}

/* Devices that are linked ones' come and go, and the physical GIC looks. */
static void step_physical(struct gic_steps *s)
{
	struct gic_rig *rig = &s->rig;
	struct gic_rig_link *link = &rig->links[any(s, rig->nr_links)];

	if (one_in(s, 3))
		gic_rig_request(rig, link, !link->requested);
	if (!one_in(s, 4))
		gic_rig_fire(rig, link);
}

static void step_outside(struct gic_steps *s)
{
	const struct gm_irq *irq = any_irq(s);
	uint32_t cpu = irq->vcpu == GM_NOBODY ? any_cpu(s) : irq->vcpu;
	uint32_t source = one_in(s, 6) ? any(s, 66) : any(s, 2), stray;

	if (irq->linked) {
		step_physical(s);
		return;
	}
	switch (any(s, 20)) {
	case 0:
		gic_rig_resync(&s->rig, cpu);
		break;
	case 1:
		stray = any(s, 6000);
		if (!is_linked(s, cpu, stray))
			gic_rig_line(&s->rig, cpu, stray, source, one_in(s, 2));
		break;
	case 2:
		stray = any(s, 6000);
		if (!is_linked(s, cpu, stray))
			gic_rig_message(&s->rig, stray, one_in(s, 2));
		break;
	case 3:
	case 4:
	case 5:
	case 6:
	case 7:
		gic_rig_message(&s->rig, irq->intid, !one_in(s, 3));
		break;
	default:
		gic_rig_line(&s->rig, cpu, irq->intid, source, !one_in(s, 2));
	}
}

/* What runs out of room, or out of time, goes first. */
static bool step_urgent(struct gic_steps *s)
{
	for (uint32_t v = 0; v < s->rig.gm.config.vcpus; v++)
		if (s->rig.cpu[v].must_exit && !one_in(s, 4)) {
			step_cpu(s, v);
			return true;
		}
	return false;
}

/* Signals that nothing asked for are legal, but are counted. */
static void count_spurious(struct gic_rig *rig, const uint32_t before[GM_VCPUS],
			   uint64_t retries)
{
	for (uint32_t v = 0; v < rig->gm.config.vcpus; v++) {
		const struct gic_rig_cpu *cpu = &rig->cpu[v];

		if (cpu->kicks + cpu->wakes != before[v] && cpu->told &&
		    retries == rig->retries && !gic_check_needed(rig, v))
			rig->spurious++;
	}
}

void gic_step(struct gic_steps *s)
{
	struct gic_rig *rig = &s->rig;
	uint64_t retries = rig->retries;
	uint32_t before[GM_VCPUS];

	for (uint32_t v = 0; v < rig->gm.config.vcpus; v++)
		before[v] = rig->cpu[v].kicks + rig->cpu[v].wakes;
	rig->on_eoi = any(s, 4) < 2  ? RIG_EOI_NOTHING
		      : one_in(s, 2) ? RIG_EOI_RAISES
				     : RIG_EOI_LOWERS;
	if (!step_urgent(s)) {
		if (rig->nr_links && one_in(s, 8))
			step_physical(s);
		else if (one_in(s, 4))
			step_outside(s);
		else
			step_cpu(s, any_cpu(s));
	}
	gic_check(rig);
	count_spurious(rig, before, retries);
	if (one_in(s, 64))
		gic_check_peek(rig);
}
