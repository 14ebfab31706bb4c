/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Three vCPUs under a stream of operations: sends, owners that look, take,
 * complete, enter and sleep, guests that write registers and change modes.
 * shadow.h says what must hold after each.
 */

#include <string.h>

#include "shadow.h"

/* Senders. */

/* How the owner hears of it, if it was not told before. */
static enum vic_post reach(const struct shadow *s, bool told)
{
	if (told)
		return VIC_POST_COALESCED;
	if (s->state == VIC_HOST)
		return VIC_POST_SILENT;
	return s->state == VIC_BLOCKED ? VIC_POST_WOKEN : VIC_POST_KICKED;
}

static void do_post(struct world *w, uint32_t i)
{
	uint8_t vector = input_u8(&w->input);
	bool level = input_below(&w->input, 2);
	struct shadow *s = &w->vcpu[i];
	enum vic_post post = vic_vcpu_post(w->rig.vcpus[i].vcpu,
					   &w->rig.counters, vector, level);
	enum vic_post want = reach(s, s->before.inbox.outstanding);
	struct look now;

	if (vector < 16)
		want = VIC_POST_REFUSED;
	else if (inbox_has(&s->before, vector))
		want = VIC_POST_MERGED;
	REQUIRE(post == want);
	if (vector < 16)
		return;
	set_add(&s->pending, vector);
	take_look(w, i, &now);
	REQUIRE(rig_bit(now.inbox.trigger, vector) == level);
}

static void do_request(struct world *w, uint32_t i)
{
	uint32_t request = input_below(&w->input, 7);
	uint8_t argument = input_u8(&w->input);
	struct vic_vcpu_inbox old = w->vcpu[i].before.inbox, now;
	enum vic_post post;

	post = vic_vcpu_request(w->rig.vcpus[i].vcpu, &w->rig.counters,
				(enum vic_request)request, argument);
	vic_vcpu_peek(w->rig.vcpus[i].vcpu, &now);
	REQUIRE((post == VIC_POST_REFUSED) == (request > VIC_REQUEST_EXTINT));
	if (post != VIC_POST_REFUSED && post != VIC_POST_MERGED) {
		REQUIRE(post == reach(&w->vcpu[i], old.request_new));
		REQUIRE(now.request_new);
	}
	switch (request) {
	case VIC_REQUEST_NMI:
		REQUIRE(now.nmi == (old.nmi < 2 ? old.nmi + 1 : 2));
		REQUIRE((post == VIC_POST_MERGED) == (old.nmi == 2));
		break;
	case VIC_REQUEST_SMI:
		REQUIRE(now.smi);
		REQUIRE((post == VIC_POST_MERGED) == old.smi);
		break;
	case VIC_REQUEST_INIT:
		REQUIRE(now.init && !now.sipi);
		REQUIRE((post == VIC_POST_MERGED) == (old.init && !old.sipi));
		break;
	case VIC_REQUEST_SIPI:
		REQUIRE(now.sipi);
		REQUIRE((post == VIC_POST_MERGED) == old.sipi);
		REQUIRE(now.sipi_vector ==
			(old.sipi ? old.sipi_vector : argument));
		break;
	default:
		break;
	}
}

static void do_msi(struct world *w, uint32_t i)
{
	uint64_t address = input_u32(&w->input) & 0xfffff;
	uint32_t data = input_u32(&w->input);
	struct dest_message m;
	enum dest_verdict verdict;
	int result;

	if (input_below(&w->input, 4))
		address = w->model.vcpu[i].id << 12;
	address |= 0xfee00000;
	verdict = dest_model_msi(w->msi_width, address, data, &m);
	result = vic_msi(w->rig.bus, &w->rig.counters, address, data);
	REQUIRE((result == VIC_ERR_INVAL) == (verdict == DEST_FOREIGN));
	REQUIRE(result == VIC_ERR_INVAL || (result >= 0 && result <= VCPUS));
	if (verdict == DEST_SEND)
		expect(w, 0, &m);
}

static void do_icr(struct world *w, uint32_t i)
{
	const struct dest_vcpu *v = &w->model.vcpu[i];
	enum vic_access want = VIC_ACCESS_DONE;
	uint64_t icr = input_u32(&w->input);
	uint64_t dest = input_u8(&w->input);
	enum dest_verdict verdict;
	struct dest_message m;

	come_home(w, i);
	if (input_below(&w->input, 8))
		icr &= 0xcdfff;
	if (input_below(&w->input, 4))
		icr &= ~UINT64_C(0x600);
	if (dest >= 0xc0)
		dest = w->model.vcpu[dest % VCPUS].id;
	icr |= dest << (v->x2apic ? 32 : 56);
	if (v->x2apic)
		verdict = dest_model_x2apic_icr(icr, &m);
	else
		verdict = dest_model_xapic_icr(icr, &m);
	if (!v->enabled)
		want = VIC_ACCESS_FOREIGN;
	else if (verdict == DEST_RESERVED)
		want = VIC_ACCESS_FAULT;
	REQUIRE(rig_icr(&w->rig, i, icr) == want);
	if (want == VIC_ACCESS_DONE && verdict == DEST_SEND)
		expect(w, i, &m);
}

static void do_self_ipi(struct world *w, uint32_t i)
{
	uint64_t value = input_u8(&w->input);
	enum dest_verdict verdict;
	struct dest_message m;

	come_home(w, i);
	if (value < 16)
		value = input_u64(&w->input);
	if (!w->model.vcpu[i].x2apic)
		return;
	verdict = dest_model_self_ipi(value, &m);
	REQUIRE(rig_write(&w->rig, i, VIC_APIC_SELF_IPI, value) ==
		(verdict == DEST_RESERVED ? VIC_ACCESS_FAULT
					  : VIC_ACCESS_DONE));
	if (verdict == DEST_SEND)
		expect(w, i, &m);
}

/* Owners. */

static uint32_t
scan(struct world *w, uint32_t i, uint32_t can, struct vic_work *work)
{
	const struct look *before = &w->vcpu[i].before;
	uint32_t flags;
	struct look now;

	flags = vic_lapic_scan(lapic_of(w, i), can, work);
	REQUIRE(flags == work->flags);
	check_work(w, i, can, work);
	take_look(w, i, &now);
	for (uint32_t v = 16; v < 256; v++)
		if (set_has(&now.irr, v) && !set_has(&before->irr, v))
			REQUIRE(set_has(&now.tmr, v) ==
				rig_bit(before->inbox.trigger, v));
	return flags;
}

static void do_scan(struct world *w, uint32_t i)
{
	struct vic_work work;

	come_home(w, i);
	scan(w, i, input_u8(&w->input) & 7, &work);
}

static void ack(struct world *w, uint32_t i, uint8_t vector)
{
	struct shadow *s = &w->vcpu[i];
	int want = VIC_OK;
	struct look old;

	take_look(w, i, &old);
	if (!set_has(&old.irr, vector))
		want = VIC_ERR_ABSENT;
	else if (set_highest(&old.service) >> 4 >= vector >> 4)
		want = VIC_ERR_STATE;
	REQUIRE(vic_lapic_ack(lapic_of(w, i), vector) == want);
	if (want != VIC_OK)
		return;
	set_add(&s->service, vector);
	if (!inbox_has(&old, vector))
		set_drop(&s->pending, vector);
}

static void do_take(struct world *w, uint32_t i)
{
	struct vic_work work;

	come_home(w, i);
	if (scan(w, i, VIC_CAN_IRQ, &work) & VIC_WORK_IRQ)
		ack(w, i, work.vector);
}

static void do_ack(struct world *w, uint32_t i)
{
	come_home(w, i);
	ack(w, i, input_u8(&w->input));
}

static void do_unack(struct world *w, uint32_t i)
{
	struct shadow *s = &w->vcpu[i];
	uint8_t vector = (uint8_t)set_highest(&s->service);
	bool right = input_below(&w->input, 4) && vector;

	come_home(w, i);
	if (!right)
		vector ^= input_u8(&w->input);
	right = vector && vector == set_highest(&s->service);
	REQUIRE(vic_lapic_unack(lapic_of(w, i), vector) ==
		(right ? VIC_OK : VIC_ERR_ABSENT));
	if (right) {
		set_drop(&s->service, vector);
		set_add(&s->pending, vector);
	}
}

static void do_eoi(struct world *w, uint32_t i)
{
	struct shadow *s = &w->vcpu[i];
	uint32_t vector = set_highest(&s->service);
	bool level = vector && set_has(&s->before.tmr, vector);
	uint32_t eois = w->rig.vcpus[i].eois;

	come_home(w, i);
	if (!w->model.vcpu[i].enabled)
		return;
	REQUIRE(rig_write(&w->rig, i, VIC_APIC_EOI, 0) == VIC_ACCESS_DONE);
	REQUIRE(w->rig.vcpus[i].eois == eois + level);
	if (level)
		REQUIRE(w->rig.vcpus[i].eoi_vector == vector);
	if (vector)
		set_drop(&s->service, vector);
}

static void do_enter(struct world *w, uint32_t i)
{
	struct shadow *s = &w->vcpu[i];
	const struct vic_vcpu_inbox *inbox = &s->before.inbox;
	bool new_work = inbox->outstanding || inbox->request_new;
	enum vic_enter got;

	come_home(w, i);
	s->signals = w->rig.vcpus[i].kicks;
	got = vic_vcpu_enter(w->rig.vcpus[i].vcpu);
	if (!new_work) {
		REQUIRE(got == VIC_ENTER_GUEST);
	} else if (s->refusals == REFUSALS) {
		REQUIRE(got == VIC_ENTER_EXIT);
	} else {
		REQUIRE(got == VIC_ENTER_AGAIN);
		s->refusals++;
		return;
	}
	s->refusals = 0;
	s->state = VIC_GUEST;
	s->armed = got == VIC_ENTER_EXIT;
}

static void do_home(struct world *w, uint32_t i)
{
	come_home(w, i);
}

static void do_block(struct world *w, uint32_t i)
{
	struct shadow *s = &w->vcpu[i];
	const struct vic_vcpu_inbox *inbox = &s->before.inbox;
	bool new_work = inbox->outstanding || inbox->request_new;
	bool blocked;

	come_home(w, i);
	s->signals = w->rig.vcpus[i].wakes;
	if (input_below(&w->input, 2)) {
		blocked = vic_vcpu_block(w->rig.vcpus[i].vcpu);
		REQUIRE(blocked == !new_work);
	} else {
		uint32_t can = input_u8(&w->input) & 7;
		uint32_t idle = VIC_WORK_WAIT_SIPI | VIC_WORK_IRQ_WINDOW |
				VIC_WORK_SMI_WINDOW | VIC_WORK_NMI_WINDOW;
		struct vic_work work;

		blocked = vic_lapic_block(lapic_of(w, i), can);
		if (blocked)
			s->state = VIC_BLOCKED;
		/* Looking again is allowed to a test, and changes nothing. */
		scan(w, i, can, &work);
		REQUIRE(blocked == !(work.flags & ~idle));
	}
	if (blocked)
		s->state = VIC_BLOCKED;
}

static void do_ack_request(struct world *w, uint32_t i)
{
	struct shadow *s = &w->vcpu[i];
	struct vic_lapic *lapic = lapic_of(w, i);
	struct vic_vcpu_inbox old, now;

	come_home(w, i);
	vic_vcpu_peek(w->rig.vcpus[i].vcpu, &old);
	switch (input_below(&w->input, 4)) {
	case 0:
		REQUIRE(vic_lapic_ack_nmi(lapic) ==
			(old.nmi ? VIC_OK : VIC_ERR_ABSENT));
		vic_vcpu_peek(w->rig.vcpus[i].vcpu, &now);
		REQUIRE(now.nmi == (old.nmi ? old.nmi - 1 : 0));
		break;
	case 1:
		REQUIRE(vic_lapic_ack_smi(lapic) ==
			(old.smi ? VIC_OK : VIC_ERR_ABSENT));
		vic_vcpu_peek(w->rig.vcpus[i].vcpu, &now);
		REQUIRE(!now.smi);
		break;
	case 2:
		REQUIRE(vic_lapic_ack_init(lapic) ==
			(old.init ? VIC_OK : VIC_ERR_ABSENT));
		vic_vcpu_peek(w->rig.vcpus[i].vcpu, &now);
		REQUIRE(!now.init && now.sipi == old.sipi);
		if (old.init) {
			shadow_reset(w, i);
			s->waits_for_sipi = !s->bsp;
		}
		break;
	default:
		if (vic_lapic_ack_sipi(lapic) == VIC_OK) {
			REQUIRE(old.sipi || old.init);
			s->waits_for_sipi = false;
		} else {
			REQUIRE(!(old.sipi || old.init) || !s->waits_for_sipi);
		}
		break;
	}
}

static void do_reset(struct world *w, uint32_t i)
{
	struct dest_vcpu *v = &w->model.vcpu[i];
	struct shadow *s = &w->vcpu[i];
	struct vic_vcpu_inbox now;

	come_home(w, i);
	vic_lapic_reset(lapic_of(w, i));
	shadow_reset(w, i);
	v->enabled = true;
	v->x2apic = s->born_x2apic;
	v->xapic_id = (uint8_t)v->id;
	s->waits_for_sipi = !s->bsp;
	vic_vcpu_peek(w->rig.vcpus[i].vcpu, &now);
	REQUIRE(!now.nmi && !now.smi && !now.init && !now.sipi);
}

/* Guests. */

static void do_tpr(struct world *w, uint32_t i)
{
	uint32_t value = input_u8(&w->input);

	come_home(w, i);
	if (input_below(&w->input, 2))
		vic_lapic_set_tpr(lapic_of(w, i), (uint8_t)value);
	else if (rig_write(&w->rig, i, VIC_APIC_TPR, value) != VIC_ACCESS_DONE)
		return;
	w->vcpu[i].tpr = (uint8_t)value;
}

static void do_svr(struct world *w, uint32_t i)
{
	uint32_t value = input_u8(&w->input);
	bool enable = input_below(&w->input, 4);

	come_home(w, i);
	if (rig_write(&w->rig, i, VIC_APIC_SVR,
		      value | (enable ? VIC_SVR_ENABLE : 0)) == VIC_ACCESS_DONE)
		w->model.vcpu[i].software_enabled = enable;
}

static void do_identity(struct world *w, uint32_t i)
{
	struct dest_vcpu *v = &w->model.vcpu[i];
	uint32_t value = input_u32(&w->input);
	uint32_t what = input_below(&w->input, 3);

	come_home(w, i);
	if (!v->enabled || v->x2apic)
		return;
	if (what == 0) {
		REQUIRE(rig_write(&w->rig, i, VIC_APIC_LDR, value) ==
			VIC_ACCESS_DONE);
		v->ldr = value & 0xff000000;
	} else if (what == 1) {
		REQUIRE(rig_write(&w->rig, i, VIC_APIC_DFR, value) ==
			VIC_ACCESS_DONE);
		v->dfr = value | 0x0fffffff;
	} else {
		REQUIRE(rig_write(&w->rig, i, VIC_APIC_ID, value) ==
			VIC_ACCESS_DONE);
		v->xapic_id = (uint8_t)(value >> 24);
	}
}

static void do_base(struct world *w, uint32_t i)
{
	struct dest_vcpu *v = &w->model.vcpu[i];
	uint64_t base = vic_lapic_base(lapic_of(w, i));
	uint32_t mode = input_below(&w->input, 3);

	come_home(w, i);
	base &= ~(uint64_t)(VIC_APIC_BASE_EN | VIC_APIC_BASE_EXTD);
	base |= mode ? VIC_APIC_BASE_EN : 0;
	base |= mode == 2 ? VIC_APIC_BASE_EXTD : 0;
	if ((mode == 1 && v->x2apic) || (mode == 2 && !v->enabled)) {
		REQUIRE(rig_base(&w->rig, i, base) == VIC_ACCESS_FAULT);
		return;
	}
	REQUIRE(rig_base(&w->rig, i, base) == VIC_ACCESS_DONE);
	if (mode == 0 && v->enabled) {
		shadow_reset(w, i);
		v->xapic_id = (uint8_t)v->id;
	}
	v->enabled = mode != 0;
	v->x2apic = mode == 2;
}

/* What the operations above wrote is what a guest reads. */
static void check_identity(struct world *w, uint32_t i)
{
	const struct dest_vcpu *v = &w->model.vcpu[i];
	uint64_t value = 0;

	if (!v->enabled)
		return;
	REQUIRE(rig_read(&w->rig, i, VIC_APIC_SVR, &value) == VIC_ACCESS_DONE);
	REQUIRE(!(value & VIC_SVR_ENABLE) == !v->software_enabled);
	if (v->x2apic)
		return;
	REQUIRE(rig_read(&w->rig, i, VIC_APIC_ID, &value) == VIC_ACCESS_DONE);
	REQUIRE(value == (uint32_t)v->xapic_id << 24);
	REQUIRE(rig_read(&w->rig, i, VIC_APIC_LDR, &value) == VIC_ACCESS_DONE);
	REQUIRE(value == v->ldr);
	REQUIRE(rig_read(&w->rig, i, VIC_APIC_DFR, &value) == VIC_ACCESS_DONE);
	REQUIRE(value == v->dfr);
}

/*
 * Registers that have an operation of their own, and the one that makes
 * vectors of its own: that is fuzz_apic_pair's.
 */
static bool is_known(uint32_t row)
{
	if (row == VIC_APIC_LVT_ERROR >> 4)
		return true;
	return row == VIC_APIC_ID >> 4 || row == VIC_APIC_TPR >> 4 ||
	       row == VIC_APIC_EOI >> 4 || row == VIC_APIC_LDR >> 4 ||
	       row == VIC_APIC_DFR >> 4 || row == VIC_APIC_SVR >> 4 ||
	       row == VIC_APIC_ICR_LO >> 4 || row == VIC_APIC_SELF_IPI >> 4;
}

/* Any other register, by any door and width, also where there is none. */
static void do_other(struct world *w, uint32_t i)
{
	static const uint8_t widths[] = {4, 4, 8, 2, 1};
	struct vic_lapic *lapic = lapic_of(w, i);
	uint32_t door = input_below(&w->input, 4);
	uint32_t len = widths[input_below(&w->input, sizeof(widths))];
	uint32_t row = input_u8(&w->input), msr = VIC_MSR_X2APIC + row;
	uint32_t past = input_u8(&w->input), offset = row << 4;
	uint64_t value = input_u64(&w->input);
	enum vic_access access;

	come_home(w, i);
	if (past >= 0xc0)
		offset += past & 0x3f;
	if (door == 0)
		access = vic_lapic_mmio_read(lapic, offset, len, &value);
	else if (door == 1)
		access = vic_lapic_msr_read(lapic, msr, &value);
	else if (is_known(door == 2 ? offset >> 4 : row))
		return;
	else if (door == 2)
		access = vic_lapic_mmio_write(lapic, offset, len, value);
	else
		access = vic_lapic_msr_write(lapic, msr, value);
	REQUIRE(access == VIC_ACCESS_DONE || access == VIC_ACCESS_FAULT ||
		access == VIC_ACCESS_FOREIGN);
	check_identity(w, i);
}

static void step(struct world *w)
{
	static void (*const operations[])(struct world *, uint32_t) = {
		do_post,  do_post,  do_request,     do_msi,
		do_icr,   do_icr,   do_self_ipi,    do_scan,
		do_take,  do_take,  do_ack,         do_unack,
		do_eoi,   do_eoi,   do_enter,       do_reset,
		do_home,  do_block, do_ack_request, do_ack_request,
		do_tpr,   do_svr,   do_identity,    do_base,
		do_other,
	};
	uint32_t n = sizeof(operations) / sizeof(operations[0]);
	uint32_t what = input_below(&w->input, n);
	uint32_t i = input_below(&w->input, VCPUS);

	begin_step(w);
	operations[what](w, i);
	check_step(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t widths[] = {8, 15, 32};
	struct world w = {.input = {data, size}};
	uint32_t format = input_below(&w.input, 3);
	uint32_t flags = input_below(&w.input, 8);

	w.msi_width = widths[format];
	w.model.count = VCPUS;
	w.model.msi_ff_is_id = flags & VIC_BUS_MSI_FF_IS_ID;
	w.model.no_xapic_alias = flags & VIC_BUS_NO_XAPIC_ALIAS;
	rig_init(&w.rig, VCPUS, flags, format, NULL);
	for (uint32_t i = 0; i < VCPUS; i++) {
		uint32_t kind = input_u8(&w.input);
		bool x2apic = kind & 1;

		/* One vCPU has an id that does not fit eight bits. */
		w.model.vcpu[i] = (struct dest_vcpu){
			.present = true,
			.enabled = true,
			.x2apic = x2apic,
			.id = i == 2 ? 0x101 : i,
			.xapic_id = i == 2 ? 1 : (uint8_t)i,
		};
		w.vcpu[i].bsp = kind & 2;
		w.vcpu[i].born_x2apic = x2apic;
		w.vcpu[i].waits_for_sipi = !(kind & 2);
		REQUIRE(rig_add(&w.rig, i, w.model.vcpu[i].id,
				(x2apic ? VIC_LAPIC_X2APIC : 0u) |
					(kind & 2 ? VIC_LAPIC_BSP : 0u)) ==
			VIC_OK);
		shadow_reset(&w, i);
		if (kind & 4 && rig_write(&w.rig, i, VIC_APIC_SVR, 0x1ff) ==
					VIC_ACCESS_DONE)
			w.model.vcpu[i].software_enabled = true;
	}
	check_step(&w);
	for (int n = 0; n < INPUT_MAX_OPS && w.input.left; n++)
		step(&w);
	rig_free(&w.rig);
	return 0;
}
