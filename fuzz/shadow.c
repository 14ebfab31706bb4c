/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "shadow.h"

#include <string.h>

#include "requests.h"

static bool set_equal(const struct vectors *a, const struct vectors *b)
{
	return !memcmp(a, b, sizeof(*a));
}

uint32_t set_highest(const struct vectors *v)
{
	for (uint32_t n = 4; n-- > 0;)
		for (uint32_t bit = v->word[n] ? 64 : 0; bit-- > 0;)
			if (v->word[n] >> bit & 1)
				return n * 64 + bit;
	return 0;
}

void take_look(const struct world *w, uint32_t i, struct look *out)
{
	vic_vcpu_peek(w->rig.vcpus[i].vcpu, &out->inbox);
	rig_vectors(&w->rig, i, VIC_APIC_IRR, out->irr.word);
	rig_vectors(&w->rig, i, VIC_APIC_TMR, out->tmr.word);
	rig_vectors(&w->rig, i, VIC_APIC_ISR, out->service.word);
	for (int n = 0; n < 4; n++)
		out->pending.word[n] = out->irr.word[n] | out->inbox.pir[n];
}

/* SDM 10.8.3.1 */
uint8_t ppr_of(const struct world *w, uint32_t i, const struct look *now)
{
	uint32_t tpr = w->vcpu[i].tpr, isrv = set_highest(&now->service);

	return (uint8_t)(tpr >> 4 >= isrv >> 4 ? tpr : isrv & 0xf0);
}

void come_home(struct world *w, uint32_t i)
{
	struct shadow *s = &w->vcpu[i];

	if (s->state == VIC_GUEST)
		vic_vcpu_exit(w->rig.vcpus[i].vcpu,
			      w->rig.vcpus[i].kicks != s->signals);
	else if (s->state == VIC_BLOCKED)
		vic_vcpu_unblock(w->rig.vcpus[i].vcpu);
	s->state = VIC_HOST;
}

void shadow_reset(struct world *w, uint32_t i)
{
	struct shadow *s = &w->vcpu[i];

	dest_model_reset(&w->model.vcpu[i]);
	s->tpr = 0;
	memset(&s->pending, 0, sizeof(s->pending));
	memset(&s->service, 0, sizeof(s->service));
}

static void
check_reached(const struct world *w, uint32_t i, const struct look *now)
{
	const struct shadow *s = &w->vcpu[i];
	bool new_work = now->inbox.outstanding || now->inbox.request_new;

	REQUIRE(now->inbox.state == (uint32_t)s->state);
	if (s->state == VIC_BLOCKED && new_work)
		REQUIRE(w->rig.vcpus[i].wakes != s->signals);
	if (s->state == VIC_GUEST && new_work && !s->armed)
		REQUIRE(w->rig.vcpus[i].kicks != s->signals);
	/* Without SN, ON clear means that there is nothing. */
	if (!now->inbox.outstanding)
		for (int n = 0; n < 4; n++)
			REQUIRE(now->inbox.pir[n] == 0);
}

/* All that the operation said, and no more, is pending. */
static void check_pending(struct world *w, uint32_t i, struct vectors pending)
{
	const struct shadow *s = &w->vcpu[i];
	struct vectors more = s->pending;

	if (s->may_discard)
		for (int n = 0; n < 4; n++)
			pending.word[n] |=
				s->pending.word[n] & s->before.inbox.pir[n];
	if (w->any && w->any_one[i]) {
		set_add(&more, w->vector);
		/* Where it was pending before, nothing shows. */
		if (set_equal(&pending, &more)) {
			w->found = true;
			w->gained += !set_equal(&more, &s->pending);
			return;
		}
	}
	REQUIRE(set_equal(&pending, &s->pending));
}

static void check_ppr(struct world *w, uint32_t i)
{
	uint64_t value = 0;

	if (w->vcpu[i].state != VIC_HOST || !w->model.vcpu[i].enabled)
		return;
	REQUIRE(vic_lapic_tpr(lapic_of(w, i)) == w->vcpu[i].tpr);
	REQUIRE(rig_read(&w->rig, i, VIC_APIC_TPR, &value) == VIC_ACCESS_DONE);
	REQUIRE(value == w->vcpu[i].tpr);
	REQUIRE(rig_read(&w->rig, i, VIC_APIC_PPR, &value) == VIC_ACCESS_DONE);
	REQUIRE(value == ppr_of(w, i, &w->vcpu[i].now));
}

void check_work(struct world *w, uint32_t i, uint32_t can,
		const struct vic_work *work)
{
	const uint32_t irq = VIC_WORK_IRQ | VIC_WORK_IRQ_WINDOW;
	const struct shadow *s = &w->vcpu[i];
	uint32_t top, isrv, want = 0;
	struct look now;

	take_look(w, i, &now);
	/* There is no clock here, no posting and no ExtINT. */
	REQUIRE(!(work->flags &
		  (VIC_WORK_TIMER | VIC_WORK_EOI_EXIT | VIC_WORK_EXTINT)));
	REQUIRE(!now.inbox.request_new);
	if (!check_requests(&now.inbox, s->waits_for_sipi, can, work))
		return;
	top = set_highest(&now.irr);
	isrv = set_highest(&now.service);
	if (top >> 4 > ppr_of(w, i, &now) >> 4) {
		want = can & VIC_CAN_IRQ ? VIC_WORK_IRQ : VIC_WORK_IRQ_WINDOW;
		REQUIRE(work->vector == top);
		REQUIRE(w->model.vcpu[i].enabled);
	}
	REQUIRE((work->flags & irq) == want);
	/* The threshold is of use where TPR alone is in the way. */
	REQUIRE(work->tpr_threshold ==
		(!want && top >> 4 > isrv >> 4 ? top >> 4 : 0));
}

void expect(struct world *w, uint32_t sender, const struct dest_message *m)
{
	bool targets[DEST_MODEL_MAX];
	uint32_t count = dest_model_targets(&w->model, sender, m, targets);

	if (m->mode > 1 || m->vector < 16 || !count)
		return;
	w->vector = m->vector;
	if (m->one) {
		memcpy(w->any_one, targets, sizeof(targets));
		w->any = true;
		return;
	}
	for (uint32_t i = 0; i < VCPUS; i++)
		if (targets[i])
			set_add(&w->vcpu[i].pending, m->vector);
}

static uint64_t newly_pending(const struct vic_counters *counters)
{
	const struct vic_outcomes *vectors = &counters->vectors;

	return vectors->coalesced + vectors->silent + vectors->woken +
	       vectors->kicked;
}

/* What became pending was given to a guest, or one knows why not. */
static void check_account(const struct world *w)
{
	uint64_t posted = newly_pending(&w->rig.counters), gone = 0;

	for (uint32_t i = 0; i < VCPUS; i++) {
		const struct look *now = &w->vcpu[i].now;
		const struct vic_counters *counters =
			vic_vcpu_counters(w->rig.vcpus[i].vcpu);

		posted += newly_pending(counters);
		gone += counters->acked[VIC_MODE_FIXED] + counters->discarded +
			counters->folded;
		for (int n = 0; n < 4; n++)
			gone += (uint64_t)__builtin_popcountll(
					now->irr.word[n]) +
				(uint64_t)__builtin_popcountll(
					now->inbox.pir[n]);
	}
	REQUIRE(posted == gone);
}

void begin_step(struct world *w)
{
	for (uint32_t i = 0; i < VCPUS; i++) {
		struct shadow *s = &w->vcpu[i];

		s->before = s->now;
		s->pending = s->before.pending;
		s->service = s->before.service;
		/* An APIC that is off throws away what evaded the bus. */
		s->may_discard = !w->model.vcpu[i].software_enabled;
	}
	w->any = false;
	w->found = false;
	w->gained = 0;
}

void check_step(struct world *w)
{
	for (uint32_t i = 0; i < VCPUS; i++) {
		struct look *now = &w->vcpu[i].now;

		take_look(w, i, now);
		check_reached(w, i, now);
		REQUIRE((now->irr.word[0] & 0xffff) == 0);
		REQUIRE((now->service.word[0] & 0xffff) == 0);
		REQUIRE(set_equal(&now->service, &w->vcpu[i].service));
		check_pending(w, i, now->pending);
		check_ppr(w, i);
	}
	REQUIRE(w->found == w->any && w->gained <= 1);
	check_account(w);
}
