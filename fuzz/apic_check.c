/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What holds for every local APIC at every time, from the manual. */
#include "apic_world.h"

#include <string.h>

#include "hw_world.h"
#include "requests.h"

#define ROWS 64
#define ESR_BITS 0xffu
/* Vectors below 16 are illegal; only hardware can post them. */
#define LEGAL 0xffff0000
/* Offsets in an image: docs/images.md. */
#define IMAGE_PAGE 16
#define IMAGE_WAIT_SIPI 1068
#define IMAGE_LINES 1078
#define IMAGE_LINT_VECTOR 1080

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static bool in_x2apic(const struct apic_cpu *c)
{
	return vic_lapic_base(c->lapic) & VIC_APIC_BASE_EXTD;
}

static bool is_off(const struct apic_cpu *c)
{
	return !(vic_lapic_base(c->lapic) & VIC_APIC_BASE_EN);
}

/* Bits that can be set in the register at @offset. */
static uint32_t possible(const struct apic_cpu *c, uint32_t offset)
{
	const uint32_t entry = VIC_LVT_MASKED | VIC_LVT_VECTOR;
	const uint32_t lint =
		entry | VIC_LVT_LEVEL | VIC_LVT_LOW_ACTIVE | VIC_LVT_MODE;
	bool high_half =
		!in_x2apic(c) || (c->world->policy & VIC_BUS_ICR_SPLIT);

	/* What a processor keeps there: SDM 29.5, 29.6. */
	if (c->hw && offset == VIC_APIC_SELF_IPI)
		return 0xff;
	if (c->hw && offset == VIC_APIC_IRR)
		return UINT32_MAX;
	if (offset >= VIC_APIC_ISR && offset < VIC_APIC_ESR)
		return offset & 0x70 ? UINT32_MAX : LEGAL;
	switch (offset) {
	case VIC_APIC_ID:
	case VIC_APIC_LDR:
		return in_x2apic(c) ? UINT32_MAX : 0xff000000;
	case VIC_APIC_DFR:
	case VIC_APIC_VERSION:
	case VIC_APIC_TIMER_ICR:
		return UINT32_MAX;
	case VIC_APIC_TPR:
	case VIC_APIC_PPR:
		return 0xff;
	case VIC_APIC_SVR:
		return c->world->policy & VIC_BUS_SUPPRESS_EOI ? 0x13ff : 0x3ff;
	case VIC_APIC_ESR:
		return ESR_BITS;
	case VIC_APIC_ICR_LO:
		return ~(VIC_ICR_RESERVED | VIC_ICR_BUSY);
	case VIC_APIC_ICR_HI:
		if (!high_half)
			return 0;
		return in_x2apic(c) ? UINT32_MAX : 0xff000000;
	case VIC_APIC_LVT_TIMER:
		return entry | (c->flags & VIC_LAPIC_NO_TSC_DEADLINE
					? VIC_LVT_PERIODIC
					: VIC_LVT_TIMER_MODE);
	case VIC_APIC_LVT_CMCI:
		return c->flags & VIC_LAPIC_CMCI ? entry | VIC_LVT_MODE : 0;
	case VIC_APIC_LVT_THERMAL:
	case VIC_APIC_LVT_PERF:
		return entry | VIC_LVT_MODE;
	case VIC_APIC_LVT_LINT0:
		return lint | VIC_LVT_REMOTE_IRR;
	case VIC_APIC_LVT_LINT1:
		return lint;
	case VIC_APIC_LVT_ERROR:
		return entry;
	case VIC_APIC_TIMER_DCR:
		return VIC_DCR_MASK;
	default:
		return 0;
	}
}

static bool is_lvt(const struct apic_cpu *c, uint32_t offset)
{
	if (offset == VIC_APIC_LVT_CMCI)
		return c->flags & VIC_LAPIC_CMCI;
	return offset >= VIC_APIC_LVT_TIMER && offset <= VIC_APIC_LVT_ERROR;
}

static uint32_t version(const struct apic_cpu *c)
{
	return 0x14u | (c->flags & VIC_LAPIC_CMCI ? 6u : 5u) << 16 |
	       (c->world->policy & VIC_BUS_SUPPRESS_EOI ? 1u << 24 : 0);
}

/* Nothing but registers, and in them nothing but their bits. */
static void check_bits(const struct apic_cpu *c)
{
	static const uint8_t zeroes[VIC_APIC_PAGE_SIZE - ROWS * 16];
	bool enabled = apic_reg(c, VIC_APIC_SVR) & VIC_SVR_ENABLE;
	bool wide = in_x2apic(c) && !(c->world->policy & VIC_BUS_ICR_SPLIT);

	for (uint32_t at = 0; at < ROWS * 16; at += 16) {
		uint32_t value = apic_reg(c, at), high = 4;

		REQUIRE(!(value & ~possible(c, at)));
		/* SDM 10.4.7.2 */
		if (is_lvt(c, at) && !enabled)
			REQUIRE(value & VIC_LVT_MASKED);
		if (at == VIC_APIC_ICR_LO && wide)
			high = 8;
		REQUIRE(!memcmp(c->page + at + high, zeroes, 16 - high));
	}
	REQUIRE(!memcmp(c->page + ROWS * 16, zeroes, sizeof(zeroes)));
}

static void check_registers(const struct apic_cpu *c)
{
	uint32_t id = c->id, alias = id << 24;

	REQUIRE((apic_reg(c, VIC_APIC_DFR) & VIC_DFR_ONES) == VIC_DFR_ONES);
	REQUIRE(apic_reg(c, VIC_APIC_VERSION) == version(c));
	REQUIRE(apic_reg(c, VIC_APIC_PPR) == apic_ppr(c));
	REQUIRE(vic_lapic_tpr(c->lapic) == apic_reg(c, VIC_APIC_TPR));
	if (in_x2apic(c)) {
		REQUIRE(apic_reg(c, VIC_APIC_ID) == id);
		REQUIRE(apic_reg(c, VIC_APIC_LDR) ==
			((id >> 4 & 0xffff) << 16 | 1u << (id & 0xf)));
	} else if (c->world->policy & VIC_BUS_ID_READ_ONLY) {
		REQUIRE(apic_reg(c, VIC_APIC_ID) == alias);
	}
	/* SDM 10.8.3.1: who is in service keeps out its class. */
	for (uint32_t class = 1; class < 16; class ++) {
		uint32_t word = apic_reg(c, VIC_APIC_ISR + class / 2 * 16);

		word = word >> (class & 1) * 16 & 0xffff;
		REQUIRE(!(word & (word - 1)));
	}
}

/* SDM 10.4.3: what it is after power-up. */
static void check_off(const struct apic_cpu *c)
{
	struct vic_deadline deadline;

	for (uint32_t at = VIC_APIC_TPR; at < ROWS * 16; at += 16) {
		uint32_t value = apic_reg(c, at);

		if (is_lvt(c, at))
			REQUIRE(value == VIC_LVT_MASKED);
		else if (at == VIC_APIC_SVR)
			REQUIRE(value == VIC_SVR_RESET);
		else if (at != VIC_APIC_DFR)
			REQUIRE(value == 0);
		else
			REQUIRE(value == UINT32_MAX);
	}
	REQUIRE(!vic_lapic_deadline(c->lapic, &deadline));
}

static void check_base(const struct apic_cpu *c)
{
	uint64_t base = vic_lapic_base(c->lapic),
		 bits = VIC_APIC_BASE_EN | VIC_APIC_BASE_BSP;
	uint32_t physical = c->physical_bits ? c->physical_bits : 52;

	if (!(c->flags & VIC_LAPIC_NO_X2APIC))
		bits |= VIC_APIC_BASE_EXTD;
	bits |= ((UINT64_C(1) << physical) - 1) & ~UINT64_C(0xfff);
	REQUIRE(!(base & ~bits));
	REQUIRE((base & VIC_APIC_BASE_EN) || !(base & VIC_APIC_BASE_EXTD));
	if (c->world->policy & VIC_BUS_BASE_FIXED)
		REQUIRE((base & ~UINT64_C(0xfff)) == VIC_APIC_BASE_RESET);
}

static uint32_t divisor(const struct apic_cpu *c)
{
	uint32_t dcr = apic_reg(c, VIC_APIC_TIMER_DCR);
	uint32_t code = (dcr & 3) | (dcr >> 1 & 4);

	return code == 7 ? 1 : 2u << code;
}

static bool is_tsc_deadline(const struct apic_cpu *c)
{
	return (apic_reg(c, VIC_APIC_LVT_TIMER) & VIC_LVT_TIMER_MODE) ==
	       VIC_LVT_TSC_DEADLINE;
}

/* A register as the guest sees it, in the mode that the APIC has. */
static uint64_t guest_reads(const struct apic_cpu *c, uint32_t offset)
{
	uint64_t value = 0;

	if (in_x2apic(c))
		REQUIRE(vic_lapic_msr_read(c->lapic,
					   VIC_MSR_X2APIC + offset / 16,
					   &value) == VIC_ACCESS_DONE);
	else
		REQUIRE(vic_lapic_mmio_read(c->lapic, offset, 4, &value) ==
			VIC_ACCESS_DONE);
	return value;
}

/* The deadline is when CCR gets to 0, or IA32_TSC_DEADLINE. */
static void check_deadline(const struct apic_cpu *c)
{
	const struct apic_world *w = c->world;
	struct vic_deadline d = {.at = 0};
	bool armed = vic_lapic_deadline(c->lapic, &d);
	uint64_t tsc = 0, ccr, left;

	if (is_off(c))
		return;
	REQUIRE(!armed || d.clock <= VIC_CLOCK_BUS);
	/* What is due expires as soon as anybody looks. */
	if (armed && w->ops.now && d.at <= w->clock[d.clock])
		return;
	if (!(c->flags & VIC_LAPIC_NO_TSC_DEADLINE))
		REQUIRE(vic_lapic_msr_read(c->lapic, VIC_MSR_TSC_DEADLINE,
					   &tsc) == VIC_ACCESS_DONE);
	ccr = guest_reads(c, VIC_APIC_TIMER_CCR);
	REQUIRE(ccr <= guest_reads(c, VIC_APIC_TIMER_ICR));
	REQUIRE(!tsc || is_tsc_deadline(c));
	REQUIRE(!ccr || !tsc);
	if (apic_reg(c, VIC_APIC_LVT_TIMER) & VIC_LVT_MASKED) {
		REQUIRE(!armed);
		return;
	}
	REQUIRE(armed == (ccr || tsc));
	if (!armed)
		return;
	REQUIRE(d.clock == (tsc ? VIC_CLOCK_TSC : VIC_CLOCK_BUS));
	if (tsc) {
		REQUIRE(d.at == tsc);
		return;
	}
	left = d.at - (w->ops.now ? w->clock[VIC_CLOCK_BUS] : 0);
	REQUIRE(ccr == left / divisor(c) + (left % divisor(c) != 0));
}

bool apic_offers_vectors(const struct apic_cpu *c)
{
	return !vic_lapic_posting(c->lapic);
}

void apic_check_work(const struct apic_cpu *c, uint32_t can,
		     const struct vic_work *work)
{
	const uint32_t irq =
		VIC_WORK_IRQ | VIC_WORK_IRQ_WINDOW | VIC_WORK_EXTINT;
	struct vic_vcpu_inbox inbox;
	uint32_t top, isrv, want = 0;
	bool extint, vector;

	vic_vcpu_peek(c->vcpu, &inbox);
	/* What the local vector table made of a source is told all the same. */
	REQUIRE(!inbox.request_new || inbox.nmi || inbox.smi || inbox.init);
	if (!check_requests(&inbox, c->waits, can, work))
		return;
	extint = apic_extint(c, &inbox);
	vector = apic_offers_vectors(c) && apic_deliverable(c);
	top = apic_top(c, VIC_APIC_IRR);
	isrv = apic_top(c, VIC_APIC_ISR);
	if (can & VIC_CAN_IRQ)
		want = (extint ? VIC_WORK_EXTINT : 0u) |
		       (vector ? VIC_WORK_IRQ : 0u);
	else if (extint || vector)
		want = VIC_WORK_IRQ_WINDOW;
	REQUIRE((work->flags & irq) == want);
	if (vector)
		REQUIRE(work->vector == top);
	/* The threshold is of use where TPR alone is in the way. */
	REQUIRE(work->tpr_threshold ==
		(apic_offers_vectors(c) && !vector && top >> 4 > isrv >> 4
			 ? top >> 4
			 : 0));
}

/*
 * Remote IRR is that of a vector on its way to its EOI: SDM 10.5.1. It may
 * stay behind after an EOI as edge, until the line is high again.
 */
static void check_lint0(const uint8_t *image)
{
	const uint32_t level = VIC_LVT_REMOTE_IRR | VIC_LVT_LEVEL;
	uint32_t lvt = get32(image + IMAGE_PAGE + VIC_APIC_LVT_LINT0);
	uint32_t vector = get32(image + IMAGE_LINT_VECTOR);
	uint32_t irr, isr;

	REQUIRE(!vector == !(lvt & VIC_LVT_REMOTE_IRR));
	if (!vector)
		return;
	REQUIRE((lvt & (level | VIC_LVT_MODE)) == level);
	irr = get32(image + IMAGE_PAGE + VIC_APIC_IRR + vector / 32 * 16);
	isr = get32(image + IMAGE_PAGE + VIC_APIC_ISR + vector / 32 * 16);
	if (image[IMAGE_LINES] & 1 && !(lvt & VIC_LVT_MASKED))
		REQUIRE((irr | isr) >> vector % 32 & 1);
}

/* Restored, an image gives the same image again, and the same work. */
static void check_image(struct apic_cpu *c)
{
	uint8_t image[VIC_LAPIC_IMAGE_SIZE], again[VIC_LAPIC_IMAGE_SIZE];
	struct apic_world *w = c->world;
	enum vic_run_state state = c->state;
	const char *what = "";

	w->nows = 0;
	apic_image(c, image);
	check_lint0(image);
	REQUIRE(get32(image + IMAGE_WAIT_SIPI) == c->waits);
	apic_copy_take(w, &w->spare);
	w->trial = true;
	apic_come_home(c);
	REQUIRE(vic_lapic_restore(c->lapic, image, sizeof(image), &what) ==
		VIC_OK);
	REQUIRE(!what);
	vic_lapic_save(c->lapic, again);
	w->trial = false;
	REQUIRE(!memcmp(image, again, sizeof(image)));
	apic_copy_put_back(w, &w->spare);
	c->state = state;
}

/* What a scan says here, and that it leaves nothing unsaid. */
static void check_scan(struct apic_cpu *c)
{
	struct apic_world *w = c->world;
	struct vic_deadline d;
	struct vic_work work;
	struct apic_copy *copy = &w->before;

	w->nows = 0;
	apic_copy_take(w, copy);
	REQUIRE(vic_lapic_scan(c->lapic, 7, &work) == work.flags);
	REQUIRE(!(work.flags & VIC_WORK_RESYNC) == !c->resync);
	apic_check_work(c, 7, &work);
	w->nows = 0;
	check_deadline(c);
	/* Else the host's timer is not armed for it. */
	if (vic_lapic_deadline(c->lapic, &d) && !(work.flags & VIC_WORK_TIMER))
		REQUIRE(c->armed && c->deadline.at == d.at &&
			c->deadline.clock == d.clock);
	apic_copy_put_back(w, copy);
}

/* Who was to be told has been told. */
static void check_reached(const struct apic_cpu *c)
{
	struct vic_vcpu_inbox inbox;
	bool news;

	vic_vcpu_peek(c->vcpu, &inbox);
	news = inbox.outstanding || inbox.request_new;
	REQUIRE(inbox.state == (uint32_t)c->state);
	if (c->hw) {
		hw_check_reached(c, &inbox);
		return;
	}
	if (c->state == VIC_BLOCKED && news)
		REQUIRE(c->seen.wakes != c->signals);
	if (c->state == VIC_GUEST && news && !c->immediate)
		REQUIRE(c->seen.kicks != c->signals);
	for (int n = 0; n < 4 && !inbox.outstanding; n++)
		REQUIRE(inbox.pir[n] == 0);
}

static uint64_t newly(const struct vic_outcomes *o)
{
	return o->coalesced + o->silent + o->woken + o->kicked + o->notified;
}

uint64_t apic_newly_requested(const struct apic_world *w)
{
	uint64_t sum = newly(&w->device.requests);

	for (uint32_t i = 0; i < w->count; i++)
		sum += newly(&vic_vcpu_counters(w->cpu[i].vcpu)->requests);
	return sum;
}

static uint64_t bits(uint64_t word)
{
	return (uint64_t)__builtin_popcountll(word);
}

/* Newly pending = acked + discarded + folded + still pending. */
static uint64_t imbalance(const struct apic_world *w)
{
	uint64_t sum = newly(&w->device.vectors);

	for (uint32_t i = 0; i < w->count; i++) {
		const struct apic_cpu *c = &w->cpu[i];
		const struct vic_counters *n = vic_vcpu_counters(c->vcpu);
		struct vic_vcpu_inbox inbox;

		vic_vcpu_peek(c->vcpu, &inbox);
		sum += newly(&n->vectors) - n->acked[VIC_MODE_FIXED] -
		       n->discarded - n->folded;
		for (uint32_t word = 0; word < 8; word++)
			sum -= bits(apic_reg(c, VIC_APIC_IRR + word * 16));
		for (uint32_t word = 0; word < 4; word++)
			sum -= bits(inbox.pir[word]);
		if (c->hw)
			sum += hw_vectors(c);
	}
	return sum;
}

/* Where hardware posts, a vector may be pending twice before a harvest. */
static uint64_t vectors_imbalance(struct apic_world *w)
{
	uint64_t sum;

	if (!w->hw)
		return imbalance(w);
	apic_copy_take(w, &w->spare);
	apic_settle(w);
	sum = imbalance(w);
	apic_copy_put_back(w, &w->spare);
	return sum;
}

static uint64_t requests_imbalance(const struct apic_world *w)
{
	uint64_t sum = apic_newly_requested(w);

	/* An INIT that cancels a SIPI: its sender counts that. */
	sum -= w->device.requests_discarded;
	for (uint32_t i = 0; i < w->count; i++) {
		const struct apic_cpu *c = &w->cpu[i];
		const struct vic_counters *n = vic_vcpu_counters(c->vcpu);
		struct vic_vcpu_inbox inbox;

		vic_vcpu_peek(c->vcpu, &inbox);
		for (uint32_t mode = VIC_MODE_SMI; mode < 8; mode++)
			sum -= n->acked[mode];
		sum -= n->requests_discarded;
		sum -= (uint64_t)inbox.nmi + inbox.smi + inbox.init +
		       inbox.sipi + inbox.extint;
	}
	return sum;
}

void apic_no_request(struct apic_world *w, uint64_t n)
{
	w->requests_off += n;
}

void apic_asked(struct apic_cpu *c)
{
	if (!c->resync)
		apic_no_request(c->world, 1);
	c->resync = true;
}

void apic_check_restored(struct apic_cpu *c, const uint8_t *image)
{
	struct apic_world *w = c->world;

	c->waits = get32(image + IMAGE_WAIT_SIPI);
	w->vectors_off = vectors_imbalance(w);
	w->requests_off = requests_imbalance(w);
	for (uint32_t i = 0; i < w->count; i++)
		vic_vcpu_peek(w->cpu[i].vcpu, &w->cpu[i].before);
}

/* An INIT that cancels a SIPI is news also beside another INIT. */
static void account_inits(struct apic_world *w)
{
	for (uint32_t i = 0; i < w->count; i++) {
		const struct apic_cpu *c = &w->cpu[i];
		struct vic_vcpu_inbox inbox;

		vic_vcpu_peek(c->vcpu, &inbox);
		if (c->before.init && c->before.sipi && inbox.init &&
		    !inbox.sipi)
			apic_no_request(w, 1);
	}
}

void apic_check_begin(struct apic_world *w)
{
	for (uint32_t i = 0; i < w->count; i++)
		vic_vcpu_peek(w->cpu[i].vcpu, &w->cpu[i].before);
	w->nows = 0;
	w->line_stays = false;
}

static void check_page(const struct apic_cpu *c)
{
	check_bits(c);
	check_registers(c);
	check_base(c);
	if (is_off(c))
		check_off(c);
}

void apic_check_sound(struct apic_cpu *c)
{
	check_page(c);
	check_image(c);
}

void apic_check(struct apic_world *w, struct apic_cpu *changed)
{
	uint32_t drift = w->drift;

	/* Nothing that is tried here takes time. */
	w->drift = 0;
	w->line_stays = false;
	account_inits(w);
	REQUIRE(vectors_imbalance(w) == w->vectors_off);
	REQUIRE(requests_imbalance(w) == w->requests_off);
	for (uint32_t i = 0; i < w->count; i++) {
		struct apic_cpu *c = &w->cpu[i];

		check_reached(c);
		check_page(c);
		if (c->hw)
			hw_check(c);
		if (c == changed)
			check_image(c);
		if (c->state == VIC_HOST)
			check_scan(c);
	}
	w->drift = drift;
}
