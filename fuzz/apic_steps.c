/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Senders and devices, time, and what the owner of a vCPU does. */
#include "apic_world.h"

#include <string.h>

#include "hw_world.h"

#define REFUSALS 4
/* So that no sum of a clock and a count passes the end of 64 bits. */
#define CLOCK_END (UINT64_MAX >> 1)

void apic_msi(struct apic_world *w, struct apic_cpu *c)
{
	uint64_t address = input_u32(&w->input);
	uint32_t data = input_u32(&w->input), mode = data >> 8 & 7;
	uint64_t before = apic_newly_requested(w);
	int result;

	if (address >> 30)
		address = (address & 0xc) | (uint64_t)(c->id & 0xff) << 12;
	if (address >> 20 != 0xfff)
		address = (address & 0xfffff) | VIC_MSI_BASE;
	result = vic_msi(w->bus, &w->device, address, data);
	REQUIRE(result == VIC_ERR_INVAL ||
		(result >= 0 && result <= (int)w->count));
	/* A bit of the target's ESR: SDM 10.5.3. */
	if (mode <= VIC_MODE_LOWEST && (data & 0xff) < VIC_VECTOR_MIN)
		apic_no_request(w, apic_newly_requested(w) - before);
}

static uint64_t newly(const struct vic_outcomes *o)
{
	return o->coalesced + o->silent + o->woken + o->kicked + o->notified;
}

void apic_post(struct apic_world *w, struct apic_cpu *c)
{
	uint8_t vector = input_u8(&w->input);
	bool level = input_u8(&w->input) & 1;
	uint64_t before = newly(&w->device.vectors);
	struct vic_vcpu_inbox inbox;
	enum vic_post post;

	if (c->hw)
		hw_posting(c, vector, level);
	post = vic_vcpu_post(c->vcpu, &w->device, vector, level);
	REQUIRE((post == VIC_POST_REFUSED) == (vector < VIC_VECTOR_MIN));
	if (post == VIC_POST_REFUSED)
		return;
	/* Nobody has harvested it. */
	vic_vcpu_peek(c->vcpu, &inbox);
	REQUIRE(inbox.pir[vector / 64] >> vector % 64 & 1);
	REQUIRE(newly(&w->device.vectors) ==
		before + (post != VIC_POST_MERGED));
}

static bool is_counted(uint32_t request)
{
	return request <= VIC_REQUEST_SIPI || request == VIC_REQUEST_EXTINT;
}

static enum vic_post request(struct apic_world *w, struct apic_cpu *c,
			     uint32_t what, uint8_t argument)
{
	enum vic_post post;

	post = vic_vcpu_request(c->vcpu, &w->device, (enum vic_request)what,
				argument);
	REQUIRE((post == VIC_POST_REFUSED) ==
		(what > VIC_REQUEST_EXTINT ||
		 (what == VIC_REQUEST_EXTINT && !w->ops.inta)));
	if (post != VIC_POST_MERGED && post != VIC_POST_REFUSED &&
	    !is_counted(what))
		apic_no_request(w, 1);
	if (what == VIC_REQUEST_RESYNC)
		c->resync = true;
	return post;
}

/* Lines most often: half of the numbers are LINT0 and LINT1. */
void apic_request(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t what = input_u8(&w->input);
	uint8_t argument = input_u8(&w->input);

	if (what >= 0x80)
		what = what & 2 ? VIC_REQUEST_LINT0 : VIC_REQUEST_LINT1;
	else
		what %= VIC_REQUEST_EXTINT + 2u;
	if (what == VIC_REQUEST_LINT0 || what == VIC_REQUEST_LINT1)
		argument &= 1;
	else if (what != VIC_REQUEST_SIPI && what != VIC_REQUEST_ESR)
		argument = 0;
	request(w, c, what, argument);
}

void apic_time(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t what = input_u8(&w->input), clock = what & 1;
	uint64_t step = 1u << (what >> 4);

	/* To the deadline, or to the tick before. */
	if (what & 2 && c->armed) {
		clock = c->deadline.clock;
		step = c->deadline.at - w->clock[clock] - (what >> 2 & 1);
		if (step >> 63)
			step = 0;
	} else if (what & 4) {
		step = input_u8(&w->input);
	} else if (what & 8) {
		step = input_u64(&w->input) >> 1;
	}
	if (step < CLOCK_END - w->clock[clock])
		w->clock[clock] += step;
}

uint32_t apic_look(struct apic_world *w, struct apic_cpu *c, uint32_t can,
		   struct vic_work *work)
{
	uint32_t flags;

	apic_come_home(c);
	flags = vic_lapic_scan(c->lapic, can, work);
	REQUIRE(flags == work->flags);
	REQUIRE(!(flags & VIC_WORK_RESYNC) == !c->resync);
	c->resync = false;
	if (c->hw)
		hw_looked(c, flags);
	if (flags & VIC_WORK_TIMER)
		c->armed = vic_lapic_deadline(c->lapic, &c->deadline);
	w->nows = 0;
	if (!w->drift)
		apic_check_work(c, can, work);
	return flags;
}

/* Goes off when it is due, and now and then too early. */
void apic_host_timer(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t what = input_u8(&w->input), clock = c->deadline.clock;
	uint64_t now = w->clock[clock];
	struct vic_work work;

	if (!c->armed || (now < c->deadline.at && what < 0xf0))
		return;
	c->armed = false;
	request(w, c, VIC_REQUEST_TIMER, 0);
	if (what & 1)
		return;
	/* What was due has expired: the next is later. */
	apic_look(w, c, what >> 1 & 7, &work);
	if (c->armed && c->deadline.clock == clock && w->ops.now)
		REQUIRE(c->deadline.at > now);
}

void apic_scan(struct apic_world *w, struct apic_cpu *c)
{
	struct vic_work work;

	apic_look(w, c, input_u8(&w->input) & 7, &work);
}

static void ack(struct apic_cpu *c, uint8_t vector)
{
	int want = VIC_OK;

	if (!apic_bit(c, VIC_APIC_IRR, vector))
		want = VIC_ERR_ABSENT;
	else if (apic_top(c, VIC_APIC_ISR) >> 4 >= vector >> 4)
		want = VIC_ERR_STATE;
	REQUIRE(vic_lapic_ack(c->lapic, vector) == want);
	if (want == VIC_OK) {
		REQUIRE(apic_bit(c, VIC_APIC_ISR, vector));
		REQUIRE(!apic_bit(c, VIC_APIC_IRR, vector));
	}
}

static int ack_init(struct apic_cpu *c)
{
	int result = vic_lapic_ack_init(c->lapic);

	if (!result)
		c->waits = !(vic_lapic_base(c->lapic) & VIC_APIC_BASE_BSP);
	return result;
}

static int ack_sipi(struct apic_cpu *c)
{
	struct vic_vcpu_inbox inbox;
	int result;

	vic_vcpu_peek(c->vcpu, &inbox);
	result = vic_lapic_ack_sipi(c->lapic);
	REQUIRE(result == (c->waits && (inbox.sipi || inbox.init)
				   ? VIC_OK
				   : VIC_ERR_ABSENT));
	if (!result)
		c->waits = false;
	return result;
}

static void ack_extint(struct apic_world *w, struct apic_cpu *c)
{
	uint8_t vector = 0, expected = input_u8(&w->input);
	struct vic_vcpu_inbox inbox;
	bool waits;

	vic_vcpu_peek(c->vcpu, &inbox);
	waits = apic_extint(c, &inbox);
	w->inta_vector = expected;
	REQUIRE(vic_lapic_ack_extint(c->lapic, &vector) ==
		(waits ? VIC_OK : VIC_ERR_ABSENT));
	if (!waits)
		return;
	REQUIRE(vector == expected);
	/* A line that is high was never newly pending. */
	if (!inbox.extint)
		apic_no_request(w, UINT64_MAX);
}

/* What the loop of an embedder does. */
void apic_take(struct apic_world *w, struct apic_cpu *c)
{
	struct vic_work work;
	uint32_t flags = apic_look(w, c, 7, &work);

	if (flags & VIC_WORK_INIT)
		REQUIRE(ack_init(c) == VIC_OK);
	else if (flags & VIC_WORK_SIPI)
		REQUIRE(ack_sipi(c) == VIC_OK);
	else if (flags & VIC_WORK_SMI)
		REQUIRE(vic_lapic_ack_smi(c->lapic) == VIC_OK);
	else if (flags & VIC_WORK_NMI)
		REQUIRE(vic_lapic_ack_nmi(c->lapic) == VIC_OK);
	else if (flags & VIC_WORK_EXTINT)
		ack_extint(w, c);
	else if (flags & VIC_WORK_IRQ)
		ack(c, work.vector);
}

void apic_ack(struct apic_world *w, struct apic_cpu *c)
{
	uint8_t vector = input_u8(&w->input);

	apic_come_home(c);
	ack(c, vector);
}

void apic_unack(struct apic_world *w, struct apic_cpu *c)
{
	uint8_t top = (uint8_t)apic_top(c, VIC_APIC_ISR), vector = top;
	uint8_t other = input_u8(&w->input);

	apic_come_home(c);
	if (other >= 0xc0)
		vector = other;
	REQUIRE(vic_lapic_unack(c->lapic, vector) ==
		(vector && vector == top ? VIC_OK : VIC_ERR_ABSENT));
	if (vector && vector == top)
		REQUIRE(apic_bit(c, VIC_APIC_IRR, vector));
}

/* SDM 10.9: the spurious vector has no bit in ISR. */
void apic_inta(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t isr = apic_top(c, VIC_APIC_ISR), top;
	struct vic_vcpu_inbox inbox;
	uint8_t vector;

	(void)w;
	apic_come_home(c);
	vector = vic_lapic_inta(c->lapic);
	top = apic_top(c, VIC_APIC_ISR);
	vic_vcpu_peek(c->vcpu, &inbox);
	REQUIRE(!inbox.outstanding);
	if (top != isr) {
		REQUIRE(vector == top && top >> 4 > isr >> 4);
		REQUIRE(apic_top(c, VIC_APIC_IRR) <= top);
		return;
	}
	REQUIRE(vector == (uint8_t)apic_reg(c, VIC_APIC_SVR));
	REQUIRE(!apic_deliverable(c));
}

void apic_ack_request(struct apic_world *w, struct apic_cpu *c)
{
	struct vic_vcpu_inbox old, now;
	int result;

	apic_come_home(c);
	vic_vcpu_peek(c->vcpu, &old);
	switch (input_below(&w->input, 5)) {
	case 0:
		result = vic_lapic_ack_nmi(c->lapic);
		REQUIRE(result == (old.nmi ? VIC_OK : VIC_ERR_ABSENT));
		break;
	case 1:
		result = vic_lapic_ack_smi(c->lapic);
		REQUIRE(result == (old.smi ? VIC_OK : VIC_ERR_ABSENT));
		break;
	case 2:
		result = ack_init(c);
		REQUIRE(result == (old.init ? VIC_OK : VIC_ERR_ABSENT));
		if (result)
			break;
		vic_vcpu_peek(c->vcpu, &now);
		REQUIRE(!now.init && !now.nmi && !now.smi && !now.extint);
		REQUIRE(now.sipi == old.sipi && now.lint == old.lint);
		break;
	case 3:
		ack_sipi(c);
		break;
	default:
		ack_extint(w, c);
		break;
	}
}

void apic_enter(struct apic_world *w, struct apic_cpu *c)
{
	struct vic_vcpu_inbox inbox;
	enum vic_enter got;
	bool news;

	(void)w;
	apic_come_home(c);
	vic_vcpu_peek(c->vcpu, &inbox);
	news = inbox.outstanding || inbox.request_new;
	c->signals = c->seen.kicks;
	got = vic_vcpu_enter(c->vcpu);
	if (!news) {
		REQUIRE(got == VIC_ENTER_GUEST);
	} else if (c->refusals == REFUSALS) {
		REQUIRE(got == VIC_ENTER_EXIT);
	} else {
		REQUIRE(got == VIC_ENTER_AGAIN);
		c->refusals++;
		return;
	}
	c->refusals = 0;
	c->state = VIC_GUEST;
	c->immediate = got == VIC_ENTER_EXIT;
}

void apic_home(struct apic_world *w, struct apic_cpu *c)
{
	(void)w;
	apic_come_home(c);
}

void apic_block(struct apic_world *w, struct apic_cpu *c)
{
	const uint32_t idle = VIC_WORK_WAIT_SIPI | VIC_WORK_EOI_EXIT |
			      VIC_WORK_IRQ_WINDOW | VIC_WORK_SMI_WINDOW |
			      VIC_WORK_NMI_WINDOW;
	uint32_t can = input_u8(&w->input) & 7;
	struct vic_work work;
	bool blocked, busy;

	apic_come_home(c);
	c->signals = c->seen.wakes;
	/* What it should say, at a time that does not pass. */
	apic_copy_take(w, &w->before);
	vic_lapic_scan(c->lapic, can, &work);
	busy = work.flags & ~idle;
	/* Not offered, for the processor would deliver it at once. */
	if (!apic_offers_vectors(c) && !c->waits && can & VIC_CAN_IRQ)
		busy = busy || apic_deliverable(c);
	apic_copy_put_back(w, &w->before);
	w->nows = 0;
	blocked = vic_lapic_block(c->lapic, can);
	if (!w->drift)
		REQUIRE(blocked == !busy);
	if (blocked)
		c->state = VIC_BLOCKED;
}

void apic_reset(struct apic_world *w, struct apic_cpu *c)
{
	struct vic_vcpu_inbox old = c->before, now;

	(void)w;
	apic_come_home(c);
	vic_lapic_reset(c->lapic);
	c->waits = !(c->flags & VIC_LAPIC_BSP);
	vic_vcpu_peek(c->vcpu, &now);
	REQUIRE(!now.nmi && !now.smi && !now.init && !now.sipi && !now.extint);
	REQUIRE(now.lint == old.lint);
}

/* Save, and restore it where it was: nothing changes, nothing is lost. */
void apic_in_place(struct apic_world *w, struct apic_cpu *c)
{
	uint8_t image[VIC_LAPIC_IMAGE_SIZE];

	(void)w;
	apic_come_home(c);
	vic_lapic_save(c->lapic, image);
	apic_asked(c);
	REQUIRE(vic_lapic_restore(c->lapic, image, sizeof(image), NULL) ==
		VIC_OK);
}

void apic_keep(struct apic_world *w, struct apic_cpu *c)
{
	(void)w;
	apic_come_home(c);
	vic_lapic_save(c->lapic, c->image);
	apic_asked(c);
	c->kept = true;
}

/* An old image, or that of the other vCPU, which may be refused. */
void apic_back(struct apic_world *w, struct apic_cpu *c)
{
	const struct apic_cpu *from = &w->cpu[input_below(&w->input, w->count)];
	const char *what = NULL;
	int err;

	apic_come_home(c);
	if (!from->kept)
		return;
	apic_copy_take(w, &w->before);
	err = vic_lapic_restore(c->lapic, from->image, sizeof(from->image),
				&what);
	REQUIRE(err == (from == c ? VIC_OK : VIC_ERR_IMAGE_CONFIG));
	REQUIRE(!what == !err);
	if (err) {
		REQUIRE(apic_copy_equal(w, &w->before));
		return;
	}
	apic_asked(c);
	apic_check_restored(c, from->image);
}
