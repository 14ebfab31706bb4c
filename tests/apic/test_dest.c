/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Who receives an IPI: SDM vol. 3, 10.6.2, 10.12.9 and 10.12.10. */

#include "fake_vmm.h"

#define V 0x41u

static uint64_t physical8(struct fake_vm *vm, uint32_t sender, uint32_t dest)
{
	return fake_send(vm, sender, FAKE_TO8(dest) | V);
}

static uint64_t physical32(struct fake_vm *vm, uint32_t sender, uint32_t dest)
{
	return fake_send(vm, sender, FAKE_TO32(dest) | V);
}

static uint64_t logical8(struct fake_vm *vm, uint32_t sender, uint32_t mda)
{
	return fake_send(vm, sender, FAKE_TO8(mda) | VIC_ICR_LOGICAL | V);
}

static uint64_t logical32(struct fake_vm *vm, uint32_t sender, uint32_t mda)
{
	return fake_send(vm, sender, FAKE_TO32(mda) | VIC_ICR_LOGICAL | V);
}

static void set_ldr(struct fake_vcpu *cpu, uint32_t ldr)
{
	fake_write(cpu, VIC_APIC_LDR, ldr << 24);
}

static void set_dfr(struct fake_vm *vm, uint32_t model)
{
	uint32_t i;

	for (i = 0; i < vm->count; i++)
		fake_write(&vm->cpu[i], VIC_APIC_DFR,
			   model << 28 | VIC_DFR_ONES);
}

/* APIC-15 */
static void apic_15_x2apic_ldr(void **state)
{
	static const struct {
		uint32_t id, ldr;
	} rows[] = {
		{0, 0x00000001},          {1, 0x00000002},
		{15, 0x00008000},         {16, 0x00010001},
		{31, 0x00018000},         {0x37, 0x00030080},
		{0xff, 0x000f8000},       {0x100, 0x00100001},
		{0xfffef, 0xfffe8000},    {0x100008, 0x00000100},
		{0x12345678, 0x45670100},
	};
	uint32_t ids[FAKE_COUNT(rows)];
	struct fake_spec spec = {
		.vcpus = FAKE_COUNT(rows),
		.ids = ids,
		.lapic_flags = VIC_LAPIC_X2APIC,
	};
	struct fake_vm vm;
	uint32_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++)
		ids[i] = rows[i].id;
	fake_vm_make(&vm, &spec);
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		assert_int_equal(fake_read(&vm.cpu[i], VIC_APIC_ID),
				 rows[i].id);
		assert_int_equal(fake_read(&vm.cpu[i], VIC_APIC_LDR),
				 rows[i].ldr);
	}
}

static void apic_15_logical_ids_that_two_apics_share(void **state)
{
	/* Only id bits 19:0 make the logical id. */
	static const uint32_t ids[] = {0, 0x35, 0x100035, 0xabc00035};
	struct fake_spec spec = {
		.vcpus = FAKE_COUNT(ids),
		.ids = ids,
		.lapic_flags = VIC_LAPIC_X2APIC,
	};
	struct fake_vm vm;

	(void)state;
	fake_vm_make(&vm, &spec);
	assert_int_equal(logical32(&vm, 0, 0x30020), 14);
	assert_int_equal(physical32(&vm, 0, 0x35), 2);
	assert_int_equal(physical32(&vm, 0, 0x100035), 4);
	assert_int_equal(physical32(&vm, 0, 0xabc00035), 8);
	assert_int_equal(physical32(&vm, 0, 0x200035), 0);
}

/* APIC-16 */
static void apic_16_aliased_xapic_ids(void **state)
{
	static const uint32_t ids[] = {0, 0x12, 0x112, 0x212, 0x13};
	struct fake_spec spec = {.vcpus = FAKE_COUNT(ids), .ids = ids};
	struct fake_vm vm;

	(void)state;
	fake_vm_make(&vm, &spec);
	assert_int_equal(fake_read(&vm.cpu[2], VIC_APIC_ID), 0x12000000);
	assert_int_equal(physical8(&vm, 0, 0x12), 14);
	assert_int_equal(physical8(&vm, 0, 0x13), 16);
	/* One leaves by its mode, one by a new id, one is back. */
	fake_x2apic(&vm.cpu[2]);
	assert_int_equal(physical8(&vm, 0, 0x12), 10);
	fake_write(&vm.cpu[3], VIC_APIC_ID, 0x77u << 24);
	assert_int_equal(physical8(&vm, 0, 0x12), 2);
	assert_int_equal(physical8(&vm, 0, 0x77), 8);
	fake_write(&vm.cpu[3], VIC_APIC_ID, 0x12u << 24);
	assert_int_equal(physical8(&vm, 0, 0x12), 10);
	assert_int_equal(physical8(&vm, 0, 0x77), 0);
}

static void apic_16_no_alias_policy(void **state)
{
	static const uint32_t ids[] = {0, 0x12, 0x112, 0x212};
	struct fake_spec spec = {
		.vcpus = FAKE_COUNT(ids),
		.ids = ids,
		.bus_flags = VIC_BUS_NO_XAPIC_ALIAS,
	};
	struct fake_vm vm;

	(void)state;
	fake_vm_make(&vm, &spec);
	assert_int_equal(physical8(&vm, 0, 0x12), 2);
	/* A written id counts where the id has eight bits. */
	fake_write(&vm.cpu[2], VIC_APIC_ID, 0x66u << 24);
	assert_int_equal(physical8(&vm, 0, 0x66), 0);
	fake_write(&vm.cpu[1], VIC_APIC_ID, 0x55u << 24);
	assert_int_equal(physical8(&vm, 0, 0x55), 2);
	fake_write(&vm.cpu[1], VIC_APIC_ID, 0x12u << 24);
	fake_x2apic(&vm.cpu[0]);
	assert_int_equal(physical32(&vm, 0, 0x12), 2);
	assert_int_equal(physical32(&vm, 0, 0x112), 4);
	assert_int_equal(physical32(&vm, 0, 0x212), 8);
	assert_int_equal(physical32(&vm, 0, UINT32_MAX), 15);
}

/* APIC-17 */
static void apic_17_shorthands_mean_the_cpu(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 3, false);
	fake_write(&vm.cpu[0], VIC_APIC_ID, 2u << 24);
	assert_int_equal(fake_send(&vm, 0, VIC_ICR_SELF | V), 1);
	assert_int_equal(fake_send(&vm, 0, VIC_ICR_OTHERS | V), 6);
	assert_int_equal(fake_send(&vm, 0, VIC_ICR_ALL | V), 7);
	assert_int_equal(fake_send(&vm, 2, VIC_ICR_OTHERS | V), 3);
	assert_int_equal(physical8(&vm, 1, 2), 5);
	assert_int_equal(physical8(&vm, 1, 0), 0);
	fake_write(&vm.cpu[0], VIC_APIC_ID, 9u << 24);
	assert_int_equal(physical8(&vm, 1, 2), 4);
	assert_int_equal(physical8(&vm, 1, 9), 1);
}

/* APIC-18 */
static void apic_18_wide_id_in_xapic_mode(void **state)
{
	static const uint32_t ids[] = {0, 0x123, 0x40000123, 0x23};
	struct fake_spec spec = {.vcpus = FAKE_COUNT(ids), .ids = ids};
	struct fake_vm vm;

	(void)state;
	fake_vm_make(&vm, &spec);
	fake_x2apic(&vm.cpu[0]);
	assert_int_equal(physical32(&vm, 0, 0x123), 2);
	assert_int_equal(physical32(&vm, 0, 0x40000123), 4);
	assert_int_equal(physical32(&vm, 0, 0x23), 14);
	/* The full id stays the hardware's, whatever the guest writes. */
	fake_write(&vm.cpu[1], VIC_APIC_ID, 0x55u << 24);
	assert_int_equal(physical32(&vm, 0, 0x123), 2);
	assert_int_equal(physical32(&vm, 0, 0x55), 2);
	assert_int_equal(physical32(&vm, 0, 0x23), 12);
	fake_icr(&vm.cpu[0], FAKE_TO32(0x40000123) | FAKE_MODE(VIC_MODE_INIT));
	assert_int_equal(fake_work(&vm, VIC_WORK_INIT), 4);
}

/* APIC-19 */
static void apic_19_physical_broadcast(void **state)
{
	static const uint32_t ids[] = {0, 255, 3, 0x1ff};
	struct fake_spec spec = {.vcpus = FAKE_COUNT(ids), .ids = ids};
	struct fake_vm vm;

	(void)state;
	fake_vm_make(&vm, &spec);
	assert_int_equal(physical8(&vm, 2, 0xff), 15);
	fake_x2apic(&vm.cpu[1]);
	fake_x2apic(&vm.cpu[3]);
	assert_int_equal(physical8(&vm, 2, 0xff), 15);
	fake_x2apic(&vm.cpu[0]);
	fake_x2apic(&vm.cpu[2]);
	assert_int_equal(physical32(&vm, 2, 0xff), 2);
	assert_int_equal(physical32(&vm, 2, UINT32_MAX), 15);
	assert_int_equal(physical32(&vm, 2, 0x7fffffff), 0);
	assert_int_equal(physical32(&vm, 2, 0xff000000), 0);
}

/* APIC-20 */
static void apic_20_x2apic_logical_broadcast(void **state)
{
	static const uint32_t ids[] = {0, 0x37, 0x12345678, 0xff};
	struct fake_spec spec = {
		.vcpus = FAKE_COUNT(ids),
		.ids = ids,
		.lapic_flags = VIC_LAPIC_X2APIC,
	};
	struct fake_vm vm;

	(void)state;
	fake_vm_make(&vm, &spec);
	assert_int_equal(logical32(&vm, 1, UINT32_MAX), 15);
	assert_int_equal(logical32(&vm, 1, 0xffff0001), 0);
	assert_int_equal(logical32(&vm, 1, 0xffff8000), 0);
}

/* APIC-21 */
static void apic_21_xapic_logical_broadcast(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 4, false);
	set_ldr(&vm.cpu[1], 0x01);
	set_ldr(&vm.cpu[2], 0x21);
	set_ldr(&vm.cpu[3], 0xf1);
	assert_int_equal(logical8(&vm, 0, 0xff), 15);
	set_dfr(&vm, VIC_DFR_CLUSTER);
	assert_int_equal(logical8(&vm, 0, 0xff), 15);
	/* Cluster 15 is a cluster like others. */
	assert_int_equal(logical8(&vm, 0, 0xf1), 8);
	assert_int_equal(logical8(&vm, 0, 0xf2), 0);
	assert_int_equal(logical8(&vm, 0, 0xfe), 0);
	assert_int_equal(logical8(&vm, 0, 0xf0), 0);
}

/* APIC-22 */
static void apic_22_other_models_match_nothing(void **state)
{
	struct fake_vm vm;
	uint32_t model, mda, i;

	(void)state;
	fake_vm_plain(&vm, 4, false);
	for (i = 0; i < 4; i++)
		set_ldr(&vm.cpu[i], 0x11);
	for (model = 1; model < 15; model++) {
		set_dfr(&vm, model);
		/* Two beside them share an LDR of the flat model. */
		fake_write(&vm.cpu[2], VIC_APIC_DFR, UINT32_MAX);
		fake_write(&vm.cpu[3], VIC_APIC_DFR, UINT32_MAX);
		for (mda = 0; mda < 0xff; mda++)
			assert_int_equal(logical8(&vm, 0, mda),
					 mda & 0x11 ? 0xc : 0);
		assert_int_equal(logical8(&vm, 0, 0xff), 0xf);
		assert_int_equal(physical8(&vm, 0, 1), 2);
	}
}

static void flat_and_cluster_models(void **state)
{
	static const struct {
		uint32_t model, mda;
		uint64_t targets;
	} rows[] = {
		{15, 0x01, 0x5}, {15, 0x02, 0x2}, {15, 0x10, 0x3},
		{15, 0x20, 0xc}, {15, 0x33, 0xf}, {15, 0x0c, 0x8},
		{15, 0x00, 0x0}, {15, 0xc0, 0x0}, {15, 0xdf, 0xf},
		{0, 0x11, 0x1},  {0, 0x12, 0x2},  {0, 0x13, 0x3},
		{0, 0x1f, 0x3},  {0, 0x10, 0x0},  {0, 0x21, 0x4},
		{0, 0x2c, 0x8},  {0, 0x2f, 0xc},  {0, 0x31, 0x0},
		{0, 0x01, 0x0},  {0, 0x2d, 0xc},  {15, 0x01, 0x5},
	};
	struct fake_vm vm;
	size_t i;

	(void)state;
	fake_vm_plain(&vm, 4, false);
	set_ldr(&vm.cpu[0], 0x11);
	set_ldr(&vm.cpu[1], 0x12);
	set_ldr(&vm.cpu[2], 0x21);
	set_ldr(&vm.cpu[3], 0x2c);
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		set_dfr(&vm, rows[i].model);
		assert_int_equal(logical8(&vm, 1, rows[i].mda),
				 rows[i].targets);
	}
	/* Each target's own DFR decides. */
	set_dfr(&vm, VIC_DFR_FLAT);
	fake_write(&vm.cpu[0], VIC_APIC_DFR, 0);
	assert_int_equal(logical8(&vm, 1, 0x11), 0x7);
	assert_int_equal(logical8(&vm, 1, 0x21), 0xc);
	assert_int_equal(logical8(&vm, 1, 0x10), 0x2);
}

static void x2apic_clusters(void **state)
{
	static const uint32_t ids[] = {0, 1, 15, 16, 17, 0x123, 0xfffef};
	static const struct {
		uint32_t mda;
		uint64_t targets;
	} rows[] = {
		{0x00000001, 0x01}, {0x00000003, 0x03}, {0x0000ffff, 0x07},
		{0x00008000, 0x04}, {0x00010001, 0x08}, {0x0001ffff, 0x18},
		{0x00120008, 0x20}, {0x0012fff7, 0x00}, {0xfffe8000, 0x40},
		{0xfffeffff, 0x40}, {0x00000000, 0x00}, {0x00010000, 0x00},
		{0x00020001, 0x00}, {0x00000100, 0x00},
	};
	struct fake_spec spec = {
		.vcpus = FAKE_COUNT(ids),
		.ids = ids,
		.lapic_flags = VIC_LAPIC_X2APIC,
	};
	struct fake_vm vm;
	size_t i;

	(void)state;
	fake_vm_make(&vm, &spec);
	for (i = 0; i < FAKE_COUNT(rows); i++)
		assert_int_equal(logical32(&vm, 5, rows[i].mda),
				 rows[i].targets);
}

/* APIC-23 */
static void apic_23_mixed_modes(void **state)
{
	/* 0 and 1 in xAPIC mode, 2 to 4 in x2APIC mode. */
	static const uint32_t ids[] = {0, 1, 2, 7, 0x25};
	struct fake_spec spec = {.vcpus = FAKE_COUNT(ids), .ids = ids};
	struct fake_vm vm;
	uint32_t i;

	(void)state;
	fake_vm_make(&vm, &spec);
	set_ldr(&vm.cpu[0], 0x04);
	set_ldr(&vm.cpu[1], 0x81);
	for (i = 2; i < vm.count; i++)
		fake_x2apic(&vm.cpu[i]);
	/* From xAPIC mode: eight bits to all. */
	assert_int_equal(physical8(&vm, 0, 1), 0x02);
	assert_int_equal(physical8(&vm, 0, 2), 0x04);
	assert_int_equal(physical8(&vm, 0, 0x25), 0x10);
	assert_int_equal(physical8(&vm, 0, 0xff), 0x1f);
	assert_int_equal(logical8(&vm, 0, 0x04), 0x05);
	assert_int_equal(logical8(&vm, 0, 0x80), 0x0a);
	assert_int_equal(logical8(&vm, 0, 0x01), 0x02);
	assert_int_equal(logical8(&vm, 0, 0x20), 0x00);
	assert_int_equal(logical8(&vm, 0, 0xff), 0x1f);
	/* From x2APIC mode: 32 bits to all. */
	assert_int_equal(physical32(&vm, 2, 1), 0x02);
	assert_int_equal(physical32(&vm, 2, 0x25), 0x10);
	assert_int_equal(physical32(&vm, 2, 0x101), 0x00);
	assert_int_equal(physical32(&vm, 2, UINT32_MAX), 0x1f);
	assert_int_equal(logical32(&vm, 2, 0x00004), 0x05);
	assert_int_equal(logical32(&vm, 2, 0x00080), 0x0a);
	assert_int_equal(logical32(&vm, 2, 0x20020), 0x10);
	assert_int_equal(logical32(&vm, 2, 0x20004), 0x00);
	assert_int_equal(logical32(&vm, 2, 0x00104), 0x04);
	assert_int_equal(logical32(&vm, 2, UINT32_MAX), 0x1f);
	/* With xAPIC's cluster model at its targets, too. */
	fake_write(&vm.cpu[1], VIC_APIC_DFR, 0);
	assert_int_equal(logical32(&vm, 2, 0x00081), 0x0a);
	assert_int_equal(logical32(&vm, 2, 0x00080), 0x08);
	assert_int_equal(logical8(&vm, 0, 0x81), 0x0a);
}

/* The same where an id has more bits than a logical id. */
static void apic_23_mixed_modes_with_a_wide_id(void **state)
{
	static const uint32_t ids[] = {0, 1, 2, 0x100002};
	struct fake_spec spec = {.vcpus = FAKE_COUNT(ids), .ids = ids};
	struct fake_vm vm;

	(void)state;
	fake_vm_make(&vm, &spec);
	set_ldr(&vm.cpu[0], 0x04);
	set_ldr(&vm.cpu[1], 0x04);
	fake_x2apic(&vm.cpu[2]);
	fake_x2apic(&vm.cpu[3]);
	assert_int_equal(logical32(&vm, 2, 0x00004), 0xf);
	assert_int_equal(logical32(&vm, 2, 0x00104), 0xc);
	assert_int_equal(logical32(&vm, 2, 0x10004), 0x0);
	assert_int_equal(logical8(&vm, 0, 0x04), 0xf);
	assert_int_equal(logical8(&vm, 0, 0x08), 0x0);
}

/* APIC-24 */
static void apic_24_shared_logical_ids(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 4, false);
	set_ldr(&vm.cpu[0], 0x03);
	set_ldr(&vm.cpu[1], 0x01);
	set_ldr(&vm.cpu[2], 0x01);
	set_ldr(&vm.cpu[3], 0xf0);
	assert_int_equal(logical8(&vm, 0, 0x01), 0x7);
	assert_int_equal(logical8(&vm, 0, 0x02), 0x1);
	assert_int_equal(logical8(&vm, 0, 0x03), 0x7);
	assert_int_equal(logical8(&vm, 0, 0x81), 0xf);
	/* The others are found when one leaves. */
	set_ldr(&vm.cpu[1], 0x04);
	assert_int_equal(logical8(&vm, 0, 0x01), 0x5);
	set_ldr(&vm.cpu[0], 0x00);
	assert_int_equal(logical8(&vm, 0, 0x01), 0x4);
	assert_int_equal(logical8(&vm, 0, 0x02), 0x0);
	set_ldr(&vm.cpu[2], 0x00);
	assert_int_equal(logical8(&vm, 0, 0x01), 0x0);
	assert_int_equal(logical8(&vm, 0, 0x04), 0x2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(apic_15_x2apic_ldr),
		FAKE_TEST(apic_15_logical_ids_that_two_apics_share),
		FAKE_TEST(apic_16_aliased_xapic_ids),
		FAKE_TEST(apic_16_no_alias_policy),
		FAKE_TEST(apic_17_shorthands_mean_the_cpu),
		FAKE_TEST(apic_18_wide_id_in_xapic_mode),
		FAKE_TEST(apic_19_physical_broadcast),
		FAKE_TEST(apic_20_x2apic_logical_broadcast),
		FAKE_TEST(apic_21_xapic_logical_broadcast),
		FAKE_TEST(apic_22_other_models_match_nothing),
		FAKE_TEST(flat_and_cluster_models),
		FAKE_TEST(x2apic_clusters),
		FAKE_TEST(apic_23_mixed_modes),
		FAKE_TEST(apic_23_mixed_modes_with_a_wide_id),
		FAKE_TEST(apic_24_shared_logical_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
