/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The destination map against the model: vCPUs come, go and change who they
 * are, and each message must reach exactly the set that the model names,
 * both when it is compiled and when it is sent.
 */

#include <string.h>

#include <model/dest_model.h>
#include <model/rig.h>

#include "input.h"

#define MAX_VCPUS 20
#define CAN_ALL (VIC_CAN_IRQ | VIC_CAN_NMI | VIC_CAN_SMI)

struct world {
	struct input input;
	struct rig rig;
	struct dest_model model;
	/* Off the bus, but its memory is still in use. */
	bool removed[MAX_VCPUS];
	/* The mode it was made in. */
	bool born_x2apic[MAX_VCPUS];
	uint8_t tpr[MAX_VCPUS];
	bool arbitrate;
	uint32_t msi_width;
};

static bool exists(const struct world *w, uint32_t i)
{
	return w->rig.vcpus[i].vcpu != NULL;
}

static void reset(struct world *w, uint32_t i)
{
	dest_model_reset(&w->model.vcpu[i]);
	w->tpr[i] = 0;
}

/* Ids that meet in the low byte, in a cluster, or nowhere. */
static uint32_t pick_id(struct world *w)
{
	uint32_t id = 0;

	switch (input_below(&w->input, 4)) {
	case 0:
		id = input_u8(&w->input);
		break;
	case 1:
		id = input_u8(&w->input) & 7u;
		id |= (input_u8(&w->input) & 3u) << 8;
		break;
	case 2:
		id = input_u8(&w->input) & 0x1fu;
		id |= (uint32_t)input_u8(&w->input) << 16;
		break;
	default:
		id = input_u32(&w->input);
		break;
	}
	return id == 0xffffffff ? 0 : id;
}

static void add(struct world *w, uint32_t i)
{
	struct dest_vcpu *v = &w->model.vcpu[i];
	uint32_t id = pick_id(w);
	uint32_t x2apic = input_below(&w->input, 2);
	bool taken = false;

	if (exists(w, i))
		return;
	/* An id is free again when its last owner is forgotten. */
	for (uint32_t n = 0; n < w->model.count; n++)
		taken |= exists(w, n) && w->model.vcpu[n].id == id;
	/* A BSP never waits for a SIPI, so its inbox can always be emptied. */
	REQUIRE(rig_add(&w->rig, i, id,
			VIC_LAPIC_BSP | (x2apic ? VIC_LAPIC_X2APIC : 0)) ==
		(taken ? VIC_ERR_EXISTS : VIC_OK));
	if (taken)
		return;
	*v = (struct dest_vcpu){
		.present = true,
		.enabled = true,
		.x2apic = x2apic,
		.id = id,
		.xapic_id = (uint8_t)id,
	};
	w->removed[i] = false;
	w->born_x2apic[i] = x2apic;
	reset(w, i);
}

static void remove_or_forget(struct world *w, uint32_t i)
{
	if (!exists(w, i)) {
		REQUIRE(vic_apic_bus_remove(w->rig.bus, i) == VIC_ERR_ABSENT);
		REQUIRE(vic_apic_bus_quiesced(w->rig.bus, i) == VIC_ERR_ABSENT);
	} else if (!w->removed[i]) {
		REQUIRE(vic_apic_bus_quiesced(w->rig.bus, i) == VIC_ERR_STATE);
		REQUIRE(vic_apic_bus_remove(w->rig.bus, i) == VIC_OK);
		w->removed[i] = true;
		w->model.vcpu[i].present = false;
	} else {
		REQUIRE(vic_apic_bus_remove(w->rig.bus, i) == VIC_ERR_ABSENT);
		REQUIRE(vic_apic_bus_quiesced(w->rig.bus, i) == VIC_OK);
		rig_drop(&w->rig, i);
	}
}

/* SDM figure 10-27. */
static void write_base(struct world *w, uint32_t i)
{
	struct dest_vcpu *v = &w->model.vcpu[i];
	uint32_t bits = input_below(&w->input, 4);
	bool enable = bits & 1, extend = bits & 2;
	uint64_t base = vic_lapic_base(w->rig.vcpus[i].lapic);
	enum vic_access want = VIC_ACCESS_DONE;

	base &= ~(uint64_t)(VIC_APIC_BASE_EN | VIC_APIC_BASE_EXTD);
	base |= enable ? VIC_APIC_BASE_EN : 0;
	base |= extend ? VIC_APIC_BASE_EXTD : 0;
	if (extend && !enable)
		want = VIC_ACCESS_FAULT;
	if (enable && extend && !v->enabled)
		want = VIC_ACCESS_FAULT;
	if (enable && !extend && v->x2apic)
		want = VIC_ACCESS_FAULT;
	REQUIRE(rig_base(&w->rig, i, base) == want);
	if (want == VIC_ACCESS_FAULT)
		return;
	if (!enable || !v->enabled) {
		reset(w, i);
		v->xapic_id = (uint8_t)v->id;
	}
	v->enabled = enable;
	v->x2apic = extend;
}

static void power_up(struct world *w, uint32_t i)
{
	struct dest_vcpu *v = &w->model.vcpu[i];

	vic_lapic_reset(w->rig.vcpus[i].lapic);
	reset(w, i);
	v->enabled = true;
	v->x2apic = w->born_x2apic[i];
	v->xapic_id = (uint8_t)v->id;
}

static void write_identity(struct world *w, uint32_t i, uint32_t what)
{
	struct dest_vcpu *v = &w->model.vcpu[i];
	uint32_t value = input_u32(&w->input);
	enum vic_access want = VIC_ACCESS_DONE;
	uint32_t offset = 0;

	/* More often than chance has it, models and ids that meet. */
	if (what == 1 && (value & 1))
		value = value & 2 ? 0xffffffff : 0x0fffffff;
	switch (what) {
	case 0:
		offset = VIC_APIC_LDR;
		break;
	case 1:
		offset = VIC_APIC_DFR;
		break;
	case 2:
		offset = VIC_APIC_ID;
		break;
	case 3:
		offset = VIC_APIC_SVR;
		value &= 0x1ff;
		break;
	default:
		offset = VIC_APIC_TPR;
		value &= 0xff;
		break;
	}
	if (!v->enabled)
		want = VIC_ACCESS_FOREIGN;
	else if (v->x2apic && what < 3)
		want = VIC_ACCESS_FAULT;
	REQUIRE(rig_write(&w->rig, i, offset, value) == want);
	if (want != VIC_ACCESS_DONE)
		return;
	if (what == 0)
		v->ldr = value & 0xff000000;
	else if (what == 1)
		v->dfr = value | 0x0fffffff;
	else if (what == 2)
		v->xapic_id = (uint8_t)(value >> 24);
	else if (what == 3)
		v->software_enabled = value & 0x100;
	else
		w->tpr[i] = (uint8_t)value;
}

/* Take everything out of an inbox. */
static void drain(struct world *w, uint32_t i)
{
	struct vic_lapic *lapic = w->rig.vcpus[i].lapic;
	struct vic_vcpu_inbox inbox;
	struct vic_work work;

	for (int turn = 0; turn < 4; turn++) {
		uint32_t flags = vic_lapic_scan(lapic, CAN_ALL, &work);

		if (flags & VIC_WORK_INIT) {
			REQUIRE(vic_lapic_ack_init(lapic) == VIC_OK);
			reset(w, i);
			continue;
		}
		if (flags & VIC_WORK_NMI)
			REQUIRE(vic_lapic_ack_nmi(lapic) == VIC_OK);
		if (flags & VIC_WORK_SMI)
			REQUIRE(vic_lapic_ack_smi(lapic) == VIC_OK);
		if (flags & VIC_WORK_SIPI)
			REQUIRE(vic_lapic_ack_sipi(lapic) == VIC_OK);
	}
	vic_vcpu_peek(w->rig.vcpus[i].vcpu, &inbox);
	REQUIRE(!inbox.outstanding && !inbox.request_new);
	REQUIRE(!(inbox.pir[0] | inbox.pir[1] | inbox.pir[2] | inbox.pir[3]));
	REQUIRE(!inbox.nmi && !inbox.smi && !inbox.init && !inbox.sipi);
}

/* Did the message, and nothing else, arrive at vCPU i? */
static bool arrived(struct world *w, uint32_t i, const struct dest_message *m)
{
	uint64_t pir[4] = {0};
	struct vic_vcpu_inbox inbox, want = {0};
	bool got = false;

	vic_vcpu_peek(w->rig.vcpus[i].vcpu, &inbox);
	switch (m->mode) {
	case VIC_MODE_FIXED:
	case VIC_MODE_LOWEST:
		got = rig_bit(inbox.pir, m->vector);
		if (got) {
			pir[m->vector / 64] = UINT64_C(1) << m->vector % 64;
			REQUIRE(rig_bit(inbox.trigger, m->vector) == m->level);
			REQUIRE(inbox.outstanding);
		}
		break;
	case VIC_MODE_NMI:
		got = inbox.nmi != 0;
		want.nmi = 1;
		break;
	case VIC_MODE_SMI:
		got = inbox.smi;
		want.smi = true;
		break;
	case VIC_MODE_INIT:
		got = inbox.init;
		want.init = true;
		break;
	case VIC_MODE_SIPI:
		got = inbox.sipi;
		want.sipi = true;
		break;
	default:
		break;
	}
	REQUIRE(!memcmp(inbox.pir, pir, sizeof(pir)));
	REQUIRE(inbox.nmi == (got ? want.nmi : 0));
	REQUIRE(inbox.smi == (got && want.smi));
	REQUIRE(inbox.init == (got && want.init));
	REQUIRE(inbox.sipi == (got && want.sipi));
	if (inbox.sipi)
		REQUIRE(inbox.sipi_vector == m->vector);
	return got;
}

static uint32_t
best_ppr(const struct world *w, const bool targets[DEST_MODEL_MAX])
{
	uint32_t best = MAX_VCPUS;

	for (uint32_t i = 0; i < w->model.count; i++)
		if (targets[i] &&
		    (best == MAX_VCPUS || w->tpr[i] < w->tpr[best]))
			best = i;
	return best;
}

/* The set that got it is the model's, or one of it where one is asked for. */
static void right_set(struct world *w, const struct dest_message *m,
		      const bool targets[DEST_MODEL_MAX], uint32_t count,
		      const bool got[DEST_MODEL_MAX])
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < w->model.count; i++) {
		REQUIRE(!got[i] || targets[i]);
		found += got[i];
	}
	REQUIRE(found == (m->one && count ? 1 : count));
	if (m->one && count && w->arbitrate)
		REQUIRE(got[best_ppr(w, targets)]);
}

static void check_compile(struct world *w, uint32_t sender,
			  enum vic_send_register reg, uint64_t value,
			  enum dest_verdict verdict,
			  const struct dest_message *m, bool got[])
{
	uint32_t indices[MAX_VCPUS];
	bool targets[DEST_MODEL_MAX];
	struct vic_targets compiled = {
		.indices = indices,
		.capacity = MAX_VCPUS,
	};
	uint32_t count, total;

	memset(got, 0, DEST_MODEL_MAX * sizeof(*got));
	vic_apic_bus_compile(w->rig.bus, w->rig.vcpus[sender].vcpu, reg, value,
			     &compiled);
	REQUIRE((compiled.decode == VIC_DECODE_SEND) == (verdict == DEST_SEND));
	if (verdict != DEST_SEND) {
		REQUIRE(compiled.count == 0);
		return;
	}
	REQUIRE(compiled.count <= MAX_VCPUS);
	for (uint32_t i = 0; i < compiled.count; i++) {
		REQUIRE(indices[i] < w->model.count);
		REQUIRE(!got[indices[i]]);
		got[indices[i]] = true;
	}
	count = dest_model_targets(&w->model, sender, m, targets);
	right_set(w, m, targets, count, got);

	total = compiled.count;
	compiled.capacity = input_below(&w->input, MAX_VCPUS);
	for (uint32_t i = 0; i < MAX_VCPUS; i++)
		indices[i] = UINT32_MAX;
	vic_apic_bus_compile(w->rig.bus, w->rig.vcpus[sender].vcpu, reg, value,
			     &compiled);
	REQUIRE(compiled.count == total);
	for (uint32_t i = 0; i < MAX_VCPUS; i++)
		if (i >= compiled.capacity || i >= total)
			REQUIRE(indices[i] == UINT32_MAX);
		else
			REQUIRE(indices[i] < w->model.count && got[indices[i]]);
}

/* What a message that was sent did, and an empty house for the next one. */
static uint32_t
collect(struct world *w, const struct dest_message *m, bool got[DEST_MODEL_MAX])
{
	uint32_t count = 0;

	memset(got, 0, DEST_MODEL_MAX * sizeof(*got));
	for (uint32_t i = 0; i < w->model.count; i++)
		if (exists(w, i)) {
			got[i] = arrived(w, i, m);
			count += got[i];
		}
	for (uint32_t i = 0; i < w->model.count; i++)
		if (exists(w, i))
			drain(w, i);
	return count;
}

static uint32_t pick_dest(struct world *w)
{
	uint32_t i;

	switch (input_below(&w->input, 6)) {
	case 0:
		return 0xff;
	case 1:
		return 0xffffffff;
	case 2:
		return input_u8(&w->input);
	case 3:
		i = input_below(&w->input, w->model.count);
		return w->model.vcpu[i].id;
	case 4:
		i = input_below(&w->input, w->model.count);
		return w->model.vcpu[i].id >> 4 << 16 | input_u32(&w->input);
	default:
		return input_u32(&w->input);
	}
}

static void send_icr(struct world *w, uint32_t i)
{
	struct dest_vcpu *v = &w->model.vcpu[i];
	uint64_t dest = pick_dest(w);
	uint64_t icr = input_u32(&w->input) & 0xcdfff;
	bool got[DEST_MODEL_MAX], sent[DEST_MODEL_MAX];
	enum dest_verdict verdict;
	struct dest_message m;

	/* Fixed and Lowest Priority, no shorthand, more often than not. */
	if (input_below(&w->input, 4))
		icr &= ~UINT64_C(0x40600);
	if (v->x2apic) {
		icr |= dest << 32;
		verdict = dest_model_x2apic_icr(icr, &m);
	} else {
		icr |= dest << 56;
		verdict = dest_model_xapic_icr(icr, &m);
	}
	check_compile(w, i,
		      v->x2apic ? VIC_SEND_X2APIC_ICR : VIC_SEND_XAPIC_ICR, icr,
		      verdict, &m, got);
	if (!v->enabled)
		return;
	REQUIRE(rig_icr(&w->rig, i, icr) == VIC_ACCESS_DONE);
	if (verdict != DEST_SEND)
		memset(&m, 0, sizeof(m));
	collect(w, &m, sent);
	REQUIRE(!memcmp(got, sent, w->model.count * sizeof(*got)));
}

static void send_self_ipi(struct world *w, uint32_t i)
{
	uint64_t value = input_u8(&w->input);
	bool got[DEST_MODEL_MAX], sent[DEST_MODEL_MAX];
	enum dest_verdict verdict;
	struct dest_message m;

	verdict = dest_model_self_ipi(value, &m);
	check_compile(w, i, VIC_SEND_SELF_IPI, value, verdict, &m, got);
	if (!w->model.vcpu[i].x2apic)
		return;
	REQUIRE(rig_write(&w->rig, i, VIC_APIC_SELF_IPI, value) ==
		VIC_ACCESS_DONE);
	if (verdict != DEST_SEND)
		memset(&m, 0, sizeof(m));
	collect(w, &m, sent);
	REQUIRE(!memcmp(got, sent, w->model.count * sizeof(*got)));
}

static void send_msi(struct world *w)
{
	uint64_t dest = pick_dest(w);
	uint64_t address = input_u32(&w->input) & 0xffe;
	uint32_t data = input_u32(&w->input);
	bool targets[DEST_MODEL_MAX], sent[DEST_MODEL_MAX];
	enum dest_verdict verdict;
	struct dest_message m;
	uint32_t count, arrivals;
	int result;

	if (input_below(&w->input, 4))
		data &= ~0x600u;
	address |= 0xfee00000 | (dest & 0xff) << 12;
	if (w->msi_width == 32)
		address |= dest >> 8 << 40;
	else if (w->msi_width == 15)
		address = (address & ~UINT64_C(0xff0)) | (dest >> 8 & 0x7f)
								 << 5;
	/* Now and then no message at all. */
	if (!input_below(&w->input, 32))
		address ^= input_u64(&w->input);
	verdict = dest_model_msi(w->msi_width, address, data, &m);
	result = vic_msi(w->rig.bus, &w->rig.counters, address, data);
	REQUIRE((result == VIC_ERR_INVAL) == (verdict == DEST_FOREIGN));
	if (verdict != DEST_SEND || (m.mode < 2 && m.vector < 16)) {
		memset(&m, 0, sizeof(m));
		REQUIRE(collect(w, &m, sent) == 0);
		return;
	}
	count = dest_model_targets(&w->model, 0, &m, targets);
	arrivals = collect(w, &m, sent);
	REQUIRE(result == (int)arrivals);
	right_set(w, &m, targets, count, sent);
}

static void step(struct world *w)
{
	uint32_t what = input_below(&w->input, 16);
	uint32_t i = input_below(&w->input, w->model.count);

	if (what == 0) {
		remove_or_forget(w, i);
		return;
	}
	if (what == 1 || !exists(w, i)) {
		add(w, i);
		return;
	}
	/* Its thread has stopped. */
	if (w->removed[i])
		return;
	if (what < 7)
		write_identity(w, i, what - 2);
	else if (what < 8)
		write_base(w, i);
	else if (what < 9)
		power_up(w, i);
	else if (what < 13)
		send_icr(w, i);
	else if (what < 14)
		send_self_ipi(w, i);
	else
		send_msi(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t widths[] = {8, 15, 32};
	struct world w = {.input = {data, size}};
	uint32_t flags = input_below(&w.input, 8);
	uint32_t format = input_below(&w.input, 3);

	w.model.count = 1 + input_below(&w.input, MAX_VCPUS);
	w.model.msi_ff_is_id = flags & VIC_BUS_MSI_FF_IS_ID;
	w.model.no_xapic_alias = flags & VIC_BUS_NO_XAPIC_ALIAS;
	w.arbitrate = flags & VIC_BUS_ARBITRATE;
	w.msi_width = widths[format];
	rig_init(&w.rig, w.model.count, flags, format, NULL);
	for (uint32_t i = 0; i < w.model.count; i++)
		add(&w, i);
	for (int n = 0; n < INPUT_MAX_OPS && w.input.left; n++)
		step(&w);
	rig_free(&w.rig);
	return 0;
}
