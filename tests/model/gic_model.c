/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "gic_model.h"

#include <stdlib.h>
#include <string.h>
#include <vic/spec/sgi.h>

static void reset_irq(const struct gm *gm, struct gm_irq *irq)
{
	uint32_t intid = irq->intid, vcpu = irq->vcpu;
	bool linked = irq->linked;

	memset(irq, 0, sizeof(*irq));
	irq->intid = intid;
	irq->vcpu = vcpu;
	irq->linked = linked;
	irq->group1 = !gm->config.reset_group0;
	irq->edge = intid < VIC_INTID_PPI;
	irq->nr_states = 1;
	irq->chosen = GM_NOBODY;
	irq->holder = GM_NOBODY;
	irq->acked_by = GM_NOBODY;
	irq->ender = GM_NOBODY;
	irq->old_home = GM_NOBODY;
}

void gm_reset(struct gm *gm)
{
	for (struct gm_irq *i = gm_next(gm, NULL); i; i = gm_next(gm, i))
		reset_irq(gm, i);
	gm->group_enabled[0] = false;
	gm->group_enabled[1] = false;
	gm->ctlr_extra = 0;
	for (uint32_t v = 0; v < gm->config.vcpus; v++) {
		struct gm_pe *pe = &gm->pe[v];

		pe->asleep = !gm->config.reset_awake;
		pe->dpg[0] = pe->dpg[1] = false;
		pe->gicd_rwp = pe->gicr_rwp = false;
		pe->gicd_late = pe->gicr_late = pe->sleep_late = false;
		pe->out = pe->running = false;
	}
}

void gm_init(struct gm *gm, const struct gm_config *config)
{
	memset(gm, 0, sizeof(*gm));
	gm->config = *config;
	for (uint32_t v = 0; v < config->vcpus; v++)
		for (uint32_t i = 0; i < 32 + config->eppis; i++) {
			gm->private[v][i].vcpu = v;
			gm->private[v][i].intid =
				i < 32 ? i : VIC_INTID_EPPI + i - 32;
		}
	for (uint32_t i = 0; i < config->spis; i++) {
		gm->spi[i].vcpu = GM_NOBODY;
		gm->spi[i].intid = VIC_INTID_SPI + i;
	}
	for (uint32_t i = 0; i < config->espis; i++) {
		gm->espi[i].vcpu = GM_NOBODY;
		gm->espi[i].intid = VIC_INTID_ESPI + i;
	}
	gm_reset(gm);
}

struct gm_irq *gm_irq(struct gm *gm, uint32_t vcpu, uint32_t intid)
{
	const struct gm_config *c = &gm->config;

	if (intid < VIC_INTID_SPI)
		return vcpu < c->vcpus ? &gm->private[vcpu][intid] : NULL;
	if (intid < VIC_INTID_SPI + c->spis)
		return &gm->spi[intid - VIC_INTID_SPI];
	if (intid >= VIC_INTID_EPPI && intid < VIC_INTID_EPPI + c->eppis)
		return vcpu < c->vcpus
			       ? &gm->private[vcpu][intid - VIC_INTID_EPPI + 32]
			       : NULL;
	if (intid >= VIC_INTID_ESPI && intid < VIC_INTID_ESPI + c->espis)
		return &gm->espi[intid - VIC_INTID_ESPI];
	return NULL;
}

struct gm_irq *gm_next(struct gm *gm, struct gm_irq *irq)
{
	const struct gm_config *c = &gm->config;

	if (!irq)
		return &gm->private[0][0];
	if (irq->vcpu != GM_NOBODY) {
		uint32_t v = irq->vcpu;

		if (++irq < &gm->private[v][32 + c->eppis])
			return irq;
		return ++v < c->vcpus ? &gm->private[v][0] : &gm->spi[0];
	}
	irq++;
	if (irq == &gm->spi[c->spis])
		return c->espis ? &gm->espi[0] : NULL;
	return irq == &gm->espi[c->espis] ? NULL : irq;
}

static bool is_pending(const struct gm_irq *irq, const struct gm_state *s)
{
	return s->latch || (!irq->edge && s->line);
}

static void do_op(struct gm_state *s, enum gm_op op)
{
	switch (op) {
	case GM_SET:
	case GM_CLEAR:
		s->latch = op == GM_SET;
		break;
	case GM_LOW:
	case GM_HIGH:
		s->line = op == GM_HIGH;
		break;
	default:
		s->active = op == GM_ACTIVATE;
	}
}

static void add_state(struct gm_irq *irq, struct gm_state state)
{
	for (uint32_t i = 0; i < irq->nr_states; i++) {
		const struct gm_state *s = &irq->states[i];

		if (s->latch == state.latch && s->line == state.line &&
		    s->active == state.active && s->served == state.served &&
		    s->done == state.done)
			return;
	}
	irq->states[irq->nr_states++] = state;
}

/* That state, no longer active; it may have been two things at once. */
static void add_ended(struct gm_irq *irq, struct gm_state state)
{
	state.active = false;
	if (irq->linked && state.line) {
		/* The line rose after it had become active for something else.
		 */
		if (!state.served)
			add_state(irq, state);
		state.line = false;
	}
	state.served = false;
	add_state(irq, state);
}

/* Add what the states become when more of the operations take effect. */
static void close_states(struct gm_irq *irq)
{
	/* The loop sees what it adds. */
	for (uint32_t i = 0; i < irq->nr_states; i++) {
		struct gm_state s = irq->states[i];
		enum gm_op op;

		if (s.done == irq->nr_ops)
			continue;
		op = irq->ops[s.done++];
		if (op == GM_DEACTIVATE && s.active) {
			add_ended(irq, s);
			continue;
		}
		do_op(&s, op);
		add_state(irq, s);
	}
}

/* Keep the states that keep says, after a change to each. */
static bool change(struct gm_irq *irq,
		   bool (*keep)(const struct gm_irq *irq, struct gm_state *s,
				bool pending, bool active),
		   bool pending, bool active)
{
	uint32_t count = irq->nr_states;
	struct gm_state old[GM_STATES];

	memcpy(old, irq->states, sizeof(*old) * count);
	irq->nr_states = 0;
	for (uint32_t i = 0; i < count; i++)
		if (keep(irq, &old[i], pending, active))
			add_state(irq, old[i]);
	return irq->nr_states > 0;
}

static bool
is_done(const struct gm_irq *irq, struct gm_state *s, bool pending, bool active)
{
	(void)pending;
	(void)active;
	if (s->done < irq->nr_ops)
		return false;
	s->done = 0;
	return true;
}

void gm_settle(struct gm_irq *irq)
{
	close_states(irq);
	change(irq, is_done, false, false);
	irq->nr_ops = 0;
	irq->holder = GM_NOBODY;
	if (!gm_can(gm_now(irq), true, true) &&
	    !gm_can(gm_now(irq), false, true))
		irq->old_home = GM_NOBODY;
	irq->shown_pending = false;
}

void gm_back(struct gm *gm, uint32_t vcpu)
{
	struct gm_pe *pe = &gm->pe[vcpu];

	for (struct gm_irq *i = gm_next(gm, NULL); i; i = gm_next(gm, i))
		if (i->holder == vcpu)
			gm_settle(i);
	pe->out = pe->running = false;
	pe->gicd_rwp = pe->gicr_rwp = false;
	pe->gicd_late = pe->gicr_late = pe->sleep_late = false;
}

void gm_hold(struct gm_irq *irq, uint32_t vcpu, bool shown_pending,
	     bool shown_hw)
{
	irq->holder = vcpu;
	irq->shown_pending = shown_pending;
	irq->shown_hw = shown_hw;
	irq->shown_group1 = irq->group1;
	irq->shown_priority = irq->priority;
}

void gm_apply(struct gm_irq *irq, enum gm_op op)
{
	if (irq->nr_ops == GM_OPS)
		abort();
	irq->ops[irq->nr_ops++] = op;
	if (irq->holder == GM_NOBODY)
		gm_settle(irq);
	else
		close_states(irq);
	if (op == GM_DEACTIVATE)
		irq->acked_by = GM_NOBODY;
}

static bool
is_seen(const struct gm_irq *irq, struct gm_state *s, bool pending, bool active)
{
	return is_pending(irq, s) == pending && s->active == active;
}

bool gm_see(struct gm_irq *irq, bool pending, bool active)
{
	return change(irq, is_seen, pending, active);
}

static bool is_pending_seen(const struct gm_irq *irq, struct gm_state *s,
			    bool pending, bool active)
{
	(void)active;
	return is_pending(irq, s) == pending;
}

bool gm_see_pending(struct gm_irq *irq, bool pending)
{
	return change(irq, is_pending_seen, pending, false);
}

static bool is_active_seen(const struct gm_irq *irq, struct gm_state *s,
			   bool pending, bool active)
{
	(void)irq;
	(void)pending;
	return s->active == active;
}

bool gm_see_active(struct gm_irq *irq, bool active)
{
	return change(irq, is_active_seen, false, active);
}

static bool is_physical(const struct gm_irq *irq, struct gm_state *s,
			bool active, bool requested)
{
	(void)irq;
	if (s->line && !active && !requested && !s->served)
		s->line = false;
	return s->line == active;
}

void gm_keep_physical(struct gm_irq *irq)
{
	for (uint32_t i = 0; i < irq->nr_states; i++)
		irq->states[i].served = false;
}

bool gm_see_physical(struct gm_irq *irq, bool active, bool requested)
{
	return change(irq, is_physical, active, requested);
}

struct gm_answers gm_now(const struct gm_irq *irq)
{
	struct gm_answers answers = {{{false}}};

	for (uint32_t i = 0; i < irq->nr_states; i++) {
		const struct gm_state *s = &irq->states[i];

		answers.may[is_pending(irq, s)][s->active] = true;
	}
	return answers;
}

struct gm_answers gm_settled(const struct gm_irq *irq)
{
	struct gm_irq settled;

	if (!irq->nr_ops)
		return gm_now(irq);
	settled = *irq;
	gm_settle(&settled);
	return gm_now(&settled);
}

bool gm_is_latched(const struct gm_irq *irq)
{
	for (uint32_t i = 0; i < irq->nr_states; i++) {
		const struct gm_state *s = &irq->states[i];

		if (s->done == irq->nr_ops && s->latch)
			return true;
	}
	return false;
}

bool gm_can(struct gm_answers answers, bool pending, bool active)
{
	return answers.may[pending][active];
}

bool gm_is_active(struct gm_answers answers)
{
	return !answers.may[false][false] && !answers.may[true][false];
}

bool gm_is(struct gm_answers answers, bool pending, bool active)
{
	for (int p = 0; p < 2; p++)
		for (int a = 0; a < 2; a++)
			if (answers.may[p][a] != (p == pending && a == active))
				return false;
	return true;
}

void gm_line(struct gm_irq *irq, uint32_t source, bool level)
{
	bool before = false, after = false;

	if (irq->linked) {
		/* Each time it is another physical interrupt. */
		gm_apply(irq, level ? GM_HIGH : GM_LOW);
		return;
	}
	for (uint32_t i = 0; i < GM_LINES; i++)
		before |= irq->lines[i];
	irq->lines[source] = level;
	for (uint32_t i = 0; i < GM_LINES; i++)
		after |= irq->lines[i];
	if (before == after)
		return;
	gm_apply(irq, after ? GM_HIGH : GM_LOW);
	if (after && irq->edge)
		gm_apply(irq, GM_SET);
}

void gm_message(struct gm_irq *irq, bool set)
{
	if (irq->edge)
		gm_apply(irq, set ? GM_SET : GM_CLEAR);
	else
		gm_line(irq, GM_MESSAGE, set);
}

uint32_t gm_target(const struct gm *gm, const struct gm_irq *irq)
{
	if (irq->vcpu != GM_NOBODY)
		return irq->vcpu;
	if (irq->router & VIC_IROUTER_IRM)
		return irq->chosen;
	for (uint32_t v = 0; v < gm->config.vcpus; v++) {
		uint64_t affinity = gm->config.affinity[v];

		if (irq->router ==
		    ((affinity & 0xffffff) | affinity >> 24 << 32))
			return v;
	}
	return GM_NOBODY;
}

bool gm_eligible(const struct gm *gm, const struct gm_irq *irq, uint32_t vcpu)
{
	return vcpu < gm->config.vcpus && !gm->pe[vcpu].asleep &&
	       !gm->pe[vcpu].dpg[irq->group1];
}

bool gm_forwarded(const struct gm *gm, const struct gm_irq *irq, uint32_t vcpu)
{
	return vcpu != GM_NOBODY && irq->enabled &&
	       gm->group_enabled[irq->group1] &&
	       (gm_target(gm, irq) == vcpu || irq->old_home == vcpu) &&
	       !gm->pe[vcpu].asleep;
}

uint8_t gm_group_priority(const struct gm_pe *pe, bool group1, uint8_t priority)
{
	/* 4.8.5: the binary point of Group 1 counts from one bit higher. */
	uint32_t fraction = group1 && !pe->cbpr ? pe->bpr[1] : pe->bpr[0] + 1u;

	return (uint8_t)(priority & ~((1u << fraction) - 1));
}

uint8_t gm_running(const struct gm_pe *pe)
{
	return pe->nr_active ? pe->active[pe->nr_active - 1].group_priority
			     : 0xff;
}

bool gm_unmasked(const struct gm *gm, const struct gm_irq *irq, uint32_t vcpu)
{
	const struct gm_pe *pe = &gm->pe[vcpu];

	return gm_forwarded(gm, irq, vcpu) && pe->enabled[irq->group1] &&
	       irq->priority < pe->pmr &&
	       gm_group_priority(pe, irq->group1, irq->priority) <
		       gm_running(pe);
}

bool gm_before(const struct gm_irq *a, const struct gm_irq *b)
{
	return a->priority != b->priority ? a->priority < b->priority
					  : a->intid < b->intid;
}

bool gm_candidate(const struct gm *gm, const struct gm_irq *irq, uint32_t vcpu)
{
	return gm_target(gm, irq) == vcpu && irq->old_home == GM_NOBODY &&
	       (irq->holder == GM_NOBODY || irq->holder == vcpu) &&
	       gm_forwarded(gm, irq, vcpu) && gm->pe[vcpu].enabled[irq->group1];
}

static bool
hides(const struct gm *gm, const struct gm_irq *a, const struct gm_irq *b)
{
	return gm->ties_open ? a->priority < b->priority : gm_before(a, b);
}

/* 4.8: the best of the enabled groups hides the rest, also when masked. */
bool gm_may_take(struct gm *gm, uint32_t vcpu, const struct gm_irq *irq)
{
	const struct gm_irq *best = NULL;

	if (irq &&
	    ((irq->holder != GM_NOBODY && irq->holder != vcpu) ||
	     !gm_unmasked(gm, irq, vcpu) || !gm_can(gm_now(irq), true, false)))
		return false;
	for (struct gm_irq *i = gm_next(gm, NULL); i; i = gm_next(gm, i)) {
		if (!gm_candidate(gm, i, vcpu) ||
		    !gm_is(gm_now(i), true, false))
			continue;
		if (irq && i != irq && hides(gm, i, irq))
			return false;
		if (!best || gm_before(i, best))
			best = i;
	}
	if (irq || !best || !gm_unmasked(gm, best, vcpu))
		return true;
	for (struct gm_irq *i = gm_next(gm, NULL); i; i = gm_next(gm, i))
		if (gm_candidate(gm, i, vcpu) && i != best &&
		    !hides(gm, best, i) && gm_can(gm_now(i), true, false) &&
		    !gm_unmasked(gm, i, vcpu))
			return true;
	return false;
}

bool gm_may_take_any(struct gm *gm, uint32_t vcpu)
{
	for (struct gm_irq *i = gm_next(gm, NULL); i; i = gm_next(gm, i))
		if (gm_unmasked(gm, i, vcpu) && gm_may_take(gm, vcpu, i))
			return true;
	return false;
}

static bool acknowledge(const struct gm_irq *irq, struct gm_state *s,
			bool pending, bool active)
{
	if (!is_seen(irq, s, pending, active))
		return false;
	s->latch = false;
	s->active = true;
	s->served = irq->shown_hw;
	return true;
}

bool gm_ack(struct gm *gm, uint32_t vcpu, struct gm_irq *irq)
{
	struct gm_pe *pe = &gm->pe[vcpu];

	pe->active[pe->nr_active++] = (struct gm_active){
		.intid = irq->intid,
		.group_priority = gm_group_priority(pe, irq->shown_group1,
						    irq->shown_priority),
		.group1 = irq->shown_group1,
	};
	irq->acked_by = vcpu;
	irq->old_home = GM_NOBODY;
	if (!change(irq, acknowledge, true, false))
		return false;
	close_states(irq);
	return true;
}

void gm_drop(struct gm *gm, uint32_t vcpu)
{
	gm->pe[vcpu].nr_active--;
}

void gm_deactivate(struct gm_irq *irq)
{
	uint32_t count = irq->nr_states;
	struct gm_state old[GM_STATES];

	memcpy(old, irq->states, sizeof(*old) * count);
	irq->nr_states = 0;
	for (uint32_t i = 0; i < count; i++)
		add_ended(irq, old[i]);
	close_states(irq);
	irq->acked_by = GM_NOBODY;
}

void gm_sgi(struct gm *gm, uint32_t sender, bool group1, uint64_t value)
{
	uint32_t intid = value >> VIC_SGI1R_INTID_SHIFT & 0xf;
	uint32_t above =
		(uint32_t)((value >> VIC_SGI1R_AFF3_SHIFT & 0xff) << 24 |
			   (value >> VIC_SGI1R_AFF2_SHIFT & 0xff) << 16 |
			   (value >> VIC_SGI1R_AFF1_SHIFT & 0xff) << 8);
	uint32_t range = value >> VIC_SGI1R_RS_SHIFT & 0xf;

	for (uint32_t v = 0; v < gm->config.vcpus; v++) {
		struct gm_irq *irq = &gm->private[v][intid];
		uint32_t affinity = gm->config.affinity[v];
		bool hit;

		if (value >> VIC_SGI1R_IRM_SHIFT & 1)
			hit = v != sender;
		else
			hit = (affinity & 0xffffff00) == above &&
			      (affinity >> 4 & 0xf) == range &&
			      (value >> (affinity & 0xf) & 1);
		if (!hit)
			continue;
		if (irq->group1 != group1 && !(group1 && gm->config.sgi1r_any))
			continue;
		gm->sgis[sender][v]++;
		gm_apply(irq, GM_SET);
	}
}
