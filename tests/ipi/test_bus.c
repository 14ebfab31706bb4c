/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The destination map against model/dest_model.c: every destination, over
 * many mixtures of ids, modes, LDR, DFR and enables. The targets must be the
 * model's both when a message is compiled and when it is sent. The cases of
 * the manuals by hand are in tests/apic.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/dest_model.h"
#include "model/rig.h"

#define SCENES 48
#define MAX_VCPUS 20

struct scene {
	struct rig rig;
	struct dest_model model;
	uint32_t random;
};

static uint32_t draw(struct scene *s, uint32_t n)
{
	s->random = s->random * 1664525 + 1013904223;
	return (s->random >> 8) % n;
}

/* Some in a row, some that alias, some wide, some in one cluster. */
static uint32_t draw_id(struct scene *s, uint32_t i)
{
	switch (draw(s, 5)) {
	case 0:
		return i;
	case 1:
		return draw(s, 256);
	case 2:
		return (1 + draw(s, 3)) * 256 + draw(s, 4);
	case 3:
		return 0x40 + draw(s, 16);
	default:
		return draw(s, 1 << 24) << 8 | draw(s, 256);
	}
}

static void
guest_write(struct scene *s, uint32_t i, uint32_t offset, uint32_t value)
{
	assert_int_equal(rig_write(&s->rig, i, offset, value), VIC_ACCESS_DONE);
}

static void write_xapic_identity(struct scene *s, uint32_t i)
{
	static const uint32_t models[] = {0xffffffff, 0xffffffff, 0x0fffffff,
					  0x0fffffff, 0x1fffffff};
	struct dest_vcpu *v = &s->model.vcpu[i];

	v->ldr = draw(s, 2) ? UINT32_C(1) << (24 + draw(s, 8))
			    : draw(s, 256) << 24;
	v->dfr = models[draw(s, 5)];
	guest_write(s, i, VIC_APIC_LDR, v->ldr);
	guest_write(s, i, VIC_APIC_DFR, v->dfr);
	if (draw(s, 8) == 0) {
		v->xapic_id = (uint8_t)draw(s, 256);
		guest_write(s, i, VIC_APIC_ID, (uint32_t)v->xapic_id << 24);
	}
}

static void add_vcpu(struct scene *s, uint32_t i)
{
	struct dest_vcpu *v = &s->model.vcpu[i];
	uint32_t id = draw_id(s, i);
	int err = rig_add(&s->rig, i, id, VIC_LAPIC_BSP);
	uint64_t base;

	if (err) {
		assert_int_equal(err, VIC_ERR_EXISTS);
		return;
	}
	*v = (struct dest_vcpu){
		.present = true,
		.enabled = true,
		.id = id,
		.xapic_id = (uint8_t)id,
	};
	dest_model_reset(v);
	v->software_enabled = draw(s, 8) != 0;
	guest_write(s, i, VIC_APIC_SVR, v->software_enabled ? 0x1ff : 0xff);
	write_xapic_identity(s, i);
	base = vic_lapic_base(s->rig.vcpus[i].lapic);
	switch (draw(s, 8)) {
	case 0:
		base &= ~(uint64_t)VIC_APIC_BASE_EN;
		v->enabled = false;
		break;
	case 1:
	case 2:
	case 3:
		base |= VIC_APIC_BASE_EXTD;
		v->x2apic = true;
		break;
	default:
		return;
	}
	assert_int_equal(rig_base(&s->rig, i, base), VIC_ACCESS_DONE);
}

static void
make_scene(struct scene *s, uint32_t seed, uint32_t flags, uint32_t format)
{
	memset(s, 0, sizeof(*s));
	s->random = seed;
	s->model.count = MAX_VCPUS;
	s->model.msi_ff_is_id = flags & VIC_BUS_MSI_FF_IS_ID;
	s->model.no_xapic_alias = flags & VIC_BUS_NO_XAPIC_ALIAS;
	rig_init(&s->rig, MAX_VCPUS, flags, format, NULL);
	for (uint32_t i = 0; i < MAX_VCPUS; i++)
		add_vcpu(s, i);
}

/* One bit for each vCPU. */
static uint32_t as_bits(const bool targets[DEST_MODEL_MAX])
{
	uint32_t result = 0;

	for (uint32_t i = 0; i < MAX_VCPUS; i++)
		result |= (uint32_t)targets[i] << i;
	return result;
}

static uint32_t
model_set(const struct scene *s, uint32_t sender, const struct dest_message *m)
{
	bool targets[DEST_MODEL_MAX];

	dest_model_targets(&s->model, sender, m, targets);
	return as_bits(targets);
}

static uint32_t compiled_set(struct scene *s, uint32_t sender,
			     enum vic_send_register reg, uint64_t icr)
{
	uint32_t indices[MAX_VCPUS], result = 0;
	struct vic_targets targets = {
		.indices = indices,
		.capacity = MAX_VCPUS,
	};

	vic_apic_bus_compile(s->rig.bus, s->rig.vcpus[sender].vcpu, reg, icr,
			     &targets);
	assert_int_equal(targets.decode, VIC_DECODE_SEND);
	assert_in_range(targets.count, 0, MAX_VCPUS);
	for (uint32_t i = 0; i < targets.count; i++) {
		assert_in_range(indices[i], 0, MAX_VCPUS - 1);
		assert_false(result >> indices[i] & 1);
		result |= UINT32_C(1) << indices[i];
	}
	return result;
}

/* Who has @vector in the inbox, and nothing else there; it is taken out. */
static uint32_t take_inboxes(struct scene *s, uint32_t vector)
{
	uint32_t result = 0;

	for (uint32_t i = 0; i < MAX_VCPUS; i++) {
		struct vic_vcpu_inbox inbox;
		struct vic_work work;
		uint64_t other = 0;

		if (!s->rig.vcpus[i].vcpu)
			continue;
		vic_vcpu_peek(s->rig.vcpus[i].vcpu, &inbox);
		if (rig_bit(inbox.pir, vector)) {
			result |= UINT32_C(1) << i;
			inbox.pir[vector / 64] &= ~(UINT64_C(1) << vector % 64);
			vic_lapic_scan(s->rig.vcpus[i].lapic, 0, &work);
		}
		for (int n = 0; n < 4; n++)
			other |= inbox.pir[n];
		assert_int_equal(other, 0);
		assert_false(inbox.request_new);
	}
	return result;
}

static void try_icr(struct scene *s, uint32_t sender, uint64_t icr)
{
	const struct dest_vcpu *v = &s->model.vcpu[sender];
	enum vic_send_register reg =
		v->x2apic ? VIC_SEND_X2APIC_ICR : VIC_SEND_XAPIC_ICR;
	struct dest_message m;
	uint32_t want;

	assert_int_equal(v->x2apic ? dest_model_x2apic_icr(icr, &m)
				   : dest_model_xapic_icr(icr, &m),
			 DEST_SEND);
	want = model_set(s, sender, &m);
	assert_int_equal(compiled_set(s, sender, reg, icr), want);
	assert_int_equal(rig_icr(&s->rig, sender, icr), VIC_ACCESS_DONE);
	assert_int_equal(take_inboxes(s, m.vector), want);
}

/* A sender in each mode, if the scene has one. */
static void
for_senders(struct scene *s, void (*try)(struct scene *s, uint32_t sender))
{
	bool tried[2] = {false, false};

	for (uint32_t i = 0; i < MAX_VCPUS; i++) {
		const struct dest_vcpu *v = &s->model.vcpu[i];

		if (!v->present || !v->enabled || tried[v->x2apic])
			continue;
		tried[v->x2apic] = true;
		try(s, i);
	}
}

static void try_destination(struct scene *s, uint32_t sender, uint64_t dest)
{
	uint64_t vector = 16 + draw(s, 240);

	dest <<= s->model.vcpu[sender].x2apic ? 32 : 56;
	try_icr(s, sender, dest | vector);
	try_icr(s, sender, dest | vector | 0x800);
}

static void try_256_destinations(struct scene *s, uint32_t sender)
{
	for (uint32_t dest = 0; dest < 256; dest++)
		try_destination(s, sender, dest);
	for (uint64_t shorthand = 1; shorthand < 4; shorthand++)
		try_icr(s, sender, shorthand << 18 | 0x31);
}

/* APIC-15, APIC-16, APIC-17, APIC-21, APIC-22, APIC-23, APIC-24 */
static void every_destination_below_256_in_every_mixture(void **state)
{
	struct scene s;

	(void)state;
	for (uint32_t seed = 0; seed < SCENES; seed++) {
		make_scene(&s, seed, seed & VIC_BUS_NO_XAPIC_ALIAS, 0);
		for_senders(&s, try_256_destinations);
		rig_free(&s.rig);
	}
}

static void try_wide_destinations(struct scene *s, uint32_t sender)
{
	if (!s->model.vcpu[sender].x2apic)
		return;
	try_destination(s, sender, 0xffffffff);
	for (uint32_t i = 0; i < MAX_VCPUS; i++) {
		uint32_t id = s->model.vcpu[i].id;
		uint32_t cluster = (id >> 4 & 0xffff) << 16;

		try_destination(s, sender, id);
		try_destination(s, sender, id + 1);
		try_destination(s, sender, id ^ UINT32_C(0x80000000));
		try_destination(s, sender, cluster | 0xffff);
		try_destination(s, sender, cluster | 1u << (id & 15));
		try_destination(s, sender, cluster | draw(s, 0x10000));
	}
	for (unsigned bit = 8; bit < 32; bit++)
		try_destination(s, sender, UINT32_C(1) << bit);
}

/* APIC-15, APIC-16, APIC-18, APIC-19, APIC-20, APIC-23 */
static void destinations_of_32_bits_in_every_mixture(void **state)
{
	struct scene s;

	(void)state;
	for (uint32_t seed = 0; seed < SCENES; seed++) {
		make_scene(&s, seed, seed & VIC_BUS_NO_XAPIC_ALIAS, 0);
		for_senders(&s, try_wide_destinations);
		rig_free(&s.rig);
	}
}

static void try_msi(struct scene *s, uint32_t width, uint32_t dest)
{
	uint64_t address = 0xfee00000 | (dest & 0xff) << 12;
	uint32_t data = 16 + draw(s, 240);

	if (width == 15)
		address |= (dest >> 8 & 0x7f) << 5;
	else if (width == 32)
		address |= (uint64_t)(dest >> 8) << 40;
	for (uint32_t logical = 0; logical < 2; logical++) {
		struct dest_message m;
		uint32_t want, got;
		int result;

		address |= logical << 2;
		assert_int_equal(dest_model_msi(width, address, data, &m),
				 DEST_SEND);
		result = vic_msi(s->rig.bus, &s->rig.counters, address, data);
		want = model_set(s, 0, &m);
		got = take_inboxes(s, m.vector);
		assert_int_equal(got, want);
		assert_int_equal(result, __builtin_popcount(want));
	}
}

/* APIC-19, APIC-83 */
static void msi_destinations_of_every_width_and_policy(void **state)
{
	static const uint32_t widths[] = {8, 15, 32};
	struct scene s;

	(void)state;
	for (uint32_t seed = 0; seed < SCENES; seed++) {
		uint32_t format = seed % 3, width = widths[format];

		make_scene(&s, seed, seed / 3 & 7, format);
		for (uint32_t dest = 0; dest < 256; dest++)
			try_msi(&s, width, dest);
		for (uint32_t i = 0; i < MAX_VCPUS && width > 8; i++) {
			try_msi(&s, width, s.model.vcpu[i].id);
			try_msi(&s, width, UINT32_C(1) << i);
		}
		try_msi(&s, width, 0x7fff);
		try_msi(&s, width, 0xffffffff);
		rig_free(&s.rig);
	}
}

/* Eight vCPUs with ids 0-7, xAPIC flat, LDR bit n, all enabled. */
static void make_eight(struct scene *s, uint32_t flags)
{
	memset(s, 0, sizeof(*s));
	rig_init(&s->rig, MAX_VCPUS, flags, 0, NULL);
	s->model.count = 8;
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(rig_add(&s->rig, i, i, VIC_LAPIC_BSP), VIC_OK);
		guest_write(s, i, VIC_APIC_SVR, 0x1ff);
		guest_write(s, i, VIC_APIC_LDR, UINT32_C(1) << (24 + i));
	}
}

/* Lowest priority, logical, to @mda. */
static uint32_t lowest_of(struct scene *s, uint32_t mda, uint32_t vector)
{
	uint64_t icr = (uint64_t)mda << 56 | 0x900 | vector;
	uint32_t got = compiled_set(s, 0, VIC_SEND_XAPIC_ICR, icr);

	assert_int_equal(rig_icr(&s->rig, 0, icr), VIC_ACCESS_DONE);
	assert_int_equal(take_inboxes(s, vector), got);
	return got;
}

/* APIC-28 */
static void lowest_priority_is_one_of_the_set_and_the_same_one(void **state)
{
	struct scene s;

	(void)state;
	make_eight(&s, 0);
	for (uint32_t mda = 1; mda < 255; mda++) {
		uint32_t reached = 0;

		for (uint32_t vector = 16; vector < 256; vector++) {
			uint32_t got = lowest_of(&s, mda, vector);

			assert_int_equal(__builtin_popcount(got), 1);
			assert_int_equal(got & ~mda, 0);
			assert_int_equal(lowest_of(&s, mda, vector), got);
			reached |= got;
		}
		/* Over all vectors nobody of the set is left out. */
		assert_int_equal(reached, mda);
	}
	rig_free(&s.rig);
}

/* APIC-28: a disabled APIC is no candidate, and nothing is lost on it. */
static void lowest_priority_passes_over_the_disabled(void **state)
{
	struct scene s;

	(void)state;
	make_eight(&s, 0);
	guest_write(&s, 3, VIC_APIC_SVR, 0xff);
	assert_int_equal(rig_base(&s.rig, 5, VIC_APIC_BASE_RESET),
			 VIC_ACCESS_DONE);
	for (uint32_t vector = 16; vector < 256; vector++) {
		uint32_t got = lowest_of(&s, 0x38, vector);

		assert_int_equal(got, 0x10);
		assert_int_equal(lowest_of(&s, 0x28, vector), 0);
	}
	rig_free(&s.rig);
}

/* APIC-28 */
static void arbitration_takes_the_lowest_ppr_then_index(void **state)
{
	struct scene s;

	(void)state;
	make_eight(&s, VIC_BUS_ARBITRATE);
	assert_int_equal(lowest_of(&s, 0xfc, 0x31), 0x04);
	for (uint32_t i = 0; i < 8; i++)
		guest_write(&s, i, VIC_APIC_TPR, 0x90 - 0x10 * i);
	for (uint32_t mda = 1; mda < 255; mda++) {
		uint32_t top = UINT32_C(1) << (31 - __builtin_clz(mda));

		assert_int_equal(lowest_of(&s, mda, 0x31), top);
	}
	/* An interrupt in service counts as much as TPR does. */
	guest_write(&s, 7, VIC_APIC_TPR, 0);
	assert_int_equal(lowest_of(&s, 0xf0, 0xe1), 0x80);
	assert_int_equal(vic_lapic_ack(s.rig.vcpus[7].lapic, 0xe1), VIC_OK);
	assert_int_equal(lowest_of(&s, 0xf0, 0x31), 0x40);
	guest_write(&s, 7, VIC_APIC_EOI, 0);
	assert_int_equal(lowest_of(&s, 0xf0, 0x31), 0x80);
	rig_free(&s.rig);
}

/* APIC-84 */
static void redirection_hint_picks_as_lowest_priority_does(void **state)
{
	struct scene s;

	(void)state;
	make_eight(&s, 0);
	for (uint32_t mda = 1; mda < 255; mda++)
		for (uint32_t vector = 16; vector < 256; vector += 5) {
			uint64_t address = 0xfee0000c | mda << 12;

			uint32_t got;

			assert_int_equal(vic_msi(s.rig.bus, &s.rig.counters,
						 address, vector),
					 1);
			got = take_inboxes(&s, vector);
			assert_int_equal(lowest_of(&s, mda, vector), got);
		}
	rig_free(&s.rig);
}

/* APIC-84: the hint is about the message, not about its delivery mode. */
static void redirection_hint_counts_in_every_delivery_mode(void **state)
{
	static const uint32_t modes[] = {2, 4, 5};
	struct scene s;

	(void)state;
	for (size_t n = 0; n < 3; n++) {
		uint32_t pending = 0;

		make_eight(&s, 0);
		assert_int_equal(vic_msi(s.rig.bus, &s.rig.counters, 0xfee3c00c,
					 modes[n] << 8),
				 1);
		for (uint32_t i = 0; i < 8; i++) {
			struct vic_vcpu_inbox inbox;

			vic_vcpu_peek(s.rig.vcpus[i].vcpu, &inbox);
			pending += inbox.nmi || inbox.smi || inbox.init;
			assert_false(inbox.request_new && !(0x3c >> i & 1));
		}
		assert_int_equal(pending, 1);
		rig_free(&s.rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_destination_below_256_in_every_mixture),
		cmocka_unit_test(destinations_of_32_bits_in_every_mixture),
		cmocka_unit_test(msi_destinations_of_every_width_and_policy),
		cmocka_unit_test(
			lowest_priority_is_one_of_the_set_and_the_same_one),
		cmocka_unit_test(lowest_priority_passes_over_the_disabled),
		cmocka_unit_test(arbitration_takes_the_lowest_ppr_then_index),
		cmocka_unit_test(
			redirection_hint_picks_as_lowest_priority_does),
		cmocka_unit_test(
			redirection_hint_counts_in_every_delivery_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
