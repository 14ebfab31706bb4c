/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The registers that have a field for each INTID: IHI 0069, 12.9 and 12.11.
 * Widths of access are those of 12.1.3.
 */

#include "fake_gic.h"

/* The first and last of each range of make(). */
static const uint32_t all_intids[] = {0,    15,   16,   31,   32,   33,
				      511,  1018, 1019, 1056, 1087, 1088,
				      1119, 4096, 4097, 5118, 5119};

static void make(struct fake_gic *vm, uint32_t flags)
{
	struct fake_gic_spec spec = {.vcpus = 2,
				     .flags = flags,
				     .spis = 988,
				     .espis = 1024,
				     .eppis = 64};

	fake_gic_make(vm, &spec);
}

/* GIC-08 */
static void gic_08_groups_are_the_guests_to_choose(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;
	int group0;

	(void)state;
	for (group0 = 0; group0 < 2; group0++) {
		make(&vm, group0 ? VIC_GIC_RESET_GROUP0 : 0);
		cpu = &vm.cpu[0];
		for (i = 0; i < FAKE_COUNT(all_intids); i++) {
			uint32_t intid = all_intids[i];

			assert_int_equal(fake_gic_get(cpu, FAKE_GROUP, intid),
					 !group0);
			fake_gic_group(cpu, intid, group0);
			assert_int_equal(fake_gic_get(cpu, FAKE_GROUP, intid),
					 group0);
			assert_int_equal(fake_gic_peek(cpu, intid).group1,
					 group0);
		}
	}
}

static void gic_08_the_group_reaches_the_list_register(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	int group1;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	for (group1 = 0; group1 < 2; group1++) {
		int n;

		fake_gic_group(cpu, 40, group1);
		fake_gic_pulse(cpu, 40);
		fake_gic_enter(cpu);
		n = fake_gic_lr(cpu, 40);
		assert_true(n >= 0);
		assert_int_equal((cpu->lrs.lr[n] & VIC_LR_GROUP) != 0, group1);
		assert_int_equal(fake_gic_take(cpu), 40);
		fake_gic_eoi(cpu, 40);
		fake_gic_leave(cpu);
	}
}

/* GIC-09 */
static void gic_09_enables_of_all_kinds(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(all_intids); i++) {
		uint32_t intid = all_intids[i];

		assert_false(fake_gic_get(cpu, FAKE_ENABLE, intid));
		fake_gic_set(cpu, FAKE_ENABLE, intid);
		assert_true(fake_gic_get(cpu, FAKE_ENABLE, intid));
		assert_true(fake_gic_get(cpu, FAKE_DISABLE, intid));
		assert_true(fake_gic_peek(cpu, intid).enabled);
		/* Zeroes do nothing. */
		fake_gic_store(cpu, fake_gic_field(cpu, FAKE_ENABLE, intid), 4,
			       0);
		fake_gic_store(cpu, fake_gic_field(cpu, FAKE_DISABLE, intid), 4,
			       0);
		assert_true(fake_gic_get(cpu, FAKE_ENABLE, intid));
		fake_gic_set(cpu, FAKE_DISABLE, intid);
		assert_false(fake_gic_get(cpu, FAKE_DISABLE, intid));
		assert_false(fake_gic_peek(cpu, intid).enabled);
	}
}

/* A whole register at a time, with two of its interrupts pending. */
static void gic_09_enables_of_a_register(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint64_t enable, disable;
	uint32_t intid;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	enable = fake_gic_field(cpu, FAKE_ENABLE, 64);
	disable = fake_gic_field(cpu, FAKE_DISABLE, 64);
	fake_gic_ready(cpu, 70, 0x80);
	fake_gic_ready(cpu, 81, 0x80);
	fake_gic_route(cpu, 81, 1);
	fake_gic_pulse(cpu, 70);
	fake_gic_pulse(cpu, 81);
	fake_gic_store(cpu, disable, 4, UINT32_MAX);
	assert_int_equal(fake_gic_load(cpu, enable, 4), 0);
	fake_gic_runs_none(cpu);
	fake_gic_runs_none(&vm.cpu[1]);
	fake_gic_store(cpu, enable, 4, UINT32_MAX);
	assert_int_equal(fake_gic_load(cpu, enable, 4), UINT32_MAX);
	for (intid = 64; intid < 96; intid++)
		assert_true(fake_gic_peek(cpu, intid).enabled);
	fake_gic_runs_one(cpu, 70);
	fake_gic_runs_one(&vm.cpu[1], 81);
}

static void gic_09_a_disabled_sgi_is_not_delivered(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	fake_gic_set(cpu, FAKE_SET_PENDING, 5);
	fake_gic_runs_none(cpu);
	fake_gic_set(cpu, FAKE_ENABLE, 5);
	fake_gic_runs_one(cpu, 5);
}

/* GIC-10 */
static void gic_10_pending_of_sgis_is_writable(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t intid;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	for (intid = 0; intid < 16; intid++) {
		fake_gic_ready(cpu, intid, 0x80);
		fake_gic_set(cpu, FAKE_SET_PENDING, intid);
		assert_true(fake_gic_get(cpu, FAKE_CLEAR_PENDING, intid));
		fake_gic_set(cpu, FAKE_CLEAR_PENDING, intid);
		assert_false(fake_gic_get(cpu, FAKE_SET_PENDING, intid));
	}
	fake_gic_runs_none(cpu);
	fake_gicr_write(cpu, VIC_GICR_ISPENDR0, 0x8001);
	fake_gic_runs(cpu, (const uint32_t[]){0, 15}, 2);
}

static void pending_and_active_of_all_kinds(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(all_intids); i++) {
		uint32_t intid = all_intids[i];

		assert_false(fake_gic_get(cpu, FAKE_SET_PENDING, intid));
		assert_false(fake_gic_get(cpu, FAKE_SET_ACTIVE, intid));
		fake_gic_set(cpu, FAKE_SET_PENDING, intid);
		assert_true(fake_gic_get(cpu, FAKE_SET_PENDING, intid));
		assert_true(fake_gic_get(cpu, FAKE_CLEAR_PENDING, intid));
		assert_true(fake_gic_peek(cpu, intid).pending);
		fake_gic_set(cpu, FAKE_SET_ACTIVE, intid);
		assert_true(fake_gic_get(cpu, FAKE_SET_ACTIVE, intid));
		assert_true(fake_gic_get(cpu, FAKE_CLEAR_ACTIVE, intid));
		assert_true(fake_gic_peek(cpu, intid).active);
		fake_gic_set(cpu, FAKE_CLEAR_PENDING, intid);
		assert_false(fake_gic_get(cpu, FAKE_SET_PENDING, intid));
		assert_true(fake_gic_get(cpu, FAKE_SET_ACTIVE, intid));
		fake_gic_set(cpu, FAKE_CLEAR_ACTIVE, intid);
		assert_false(fake_gic_get(cpu, FAKE_SET_ACTIVE, intid));
	}
	fake_gic_runs_none(cpu);
}

/* GIC-21 */
static void gic_21_sgis_are_edge(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t intid;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_ICFGR0), 0xaaaaaaaa);
	fake_gicr_write(cpu, VIC_GICR_ICFGR0, 0);
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_ICFGR0), 0xaaaaaaaa);
	fake_gicr_write(cpu, VIC_GICR_ICFGR0, UINT32_MAX);
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_ICFGR0), 0xaaaaaaaa);
	for (intid = 0; intid < 16; intid++)
		assert_true(fake_gic_peek(cpu, intid).edge);
}

static void gic_21_low_bits_of_the_fields_are_res0(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	for (i = 2; i < FAKE_COUNT(all_intids); i++) {
		uint64_t at = fake_gic_field(cpu, FAKE_CONFIG, all_intids[i]);

		assert_int_equal(fake_gic_load(cpu, at, 4), 0);
		fake_gic_store(cpu, at, 4, 0x55555555);
		assert_int_equal(fake_gic_load(cpu, at, 4), 0);
		fake_gic_edge(cpu, all_intids[i], true);
		assert_true(fake_gic_get(cpu, FAKE_CONFIG, all_intids[i]));
		assert_true(fake_gic_peek(cpu, all_intids[i]).edge);
		fake_gic_edge(cpu, all_intids[i], false);
		assert_false(fake_gic_peek(cpu, all_intids[i]).edge);
	}
}

static void gic_21_edge_to_level_keeps_the_latch(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_set(cpu, FAKE_DISABLE, 40);
	fake_gic_pulse(cpu, 40);
	fake_gic_edge(cpu, 40, false);
	assert_true(fake_gic_get(cpu, FAKE_SET_PENDING, 40));
	fake_gic_set(cpu, FAKE_ENABLE, 40);
	fake_gic_runs_one(cpu, 40);
	fake_gic_runs_none(cpu);
}

/* GIC-22 */
static void gic_22_priorities_have_five_bits(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;
	uint32_t value;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(all_intids); i++) {
		uint64_t at = fake_gic_field(cpu, FAKE_PRIORITY, all_intids[i]);

		assert_int_equal(fake_gic_load(cpu, at, 1), 0);
		for (value = 0; value < 256; value++) {
			fake_gic_store(cpu, at, 1, value);
			assert_int_equal(fake_gic_load(cpu, at, 1),
					 value & 0xf8);
		}
		assert_int_equal(fake_gic_peek(cpu, all_intids[i]).priority,
				 0xf8);
		at &= ~UINT64_C(3);
		fake_gic_store(cpu, at, 4, 0x04f70dff);
		assert_int_equal(fake_gic_load(cpu, at, 4), 0x00f008f8);
		fake_gic_store(cpu, at, 4, 0);
	}
}

/* One that is queued already moves. */
static void gic_22_a_new_priority_counts_for_what_is_pending(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x40);
	fake_gic_ready(cpu, 41, 0x80);
	fake_gic_pulse(cpu, 40);
	fake_gic_pulse(cpu, 41);
	fake_gic_flush(cpu);
	vic_gic_sync(cpu->gicr, &cpu->lrs);
	fake_gic_priority(cpu, 40, 0xc0);
	fake_gic_runs(cpu, (const uint32_t[]){41, 40}, 2);
	fake_gic_pulse(cpu, 40);
	fake_gic_pulse(cpu, 41);
	fake_gic_priority(cpu, 40, 0x08);
	fake_gic_runs(cpu, (const uint32_t[]){40, 41}, 2);
}

/* Stores of each of @widths at @offset change nothing and loads give 0. */
static void has_no_width(struct fake_gic_cpu *cpu, uint64_t at,
			 const uint32_t *widths, size_t count)
{
	uint64_t before = fake_gic_load(cpu, at & ~UINT64_C(3), 4);
	size_t i;

	for (i = 0; i < count; i++) {
		assert_true(fake_gic_load(cpu, at, widths[i]) == 0);
		fake_gic_store(cpu, at, widths[i], UINT64_MAX);
		assert_int_equal(fake_gic_load(cpu, at & ~UINT64_C(3), 4),
				 before);
		fake_gic_store(cpu, at, widths[i], 0);
		assert_int_equal(fake_gic_load(cpu, at & ~UINT64_C(3), 4),
				 before);
	}
}

/* GIC-23 */
static void gic_23_words_are_not_read_in_parts(void **state)
{
	static const uint32_t not_words[] = {1, 2, 8};
	static const uint32_t offsets[] = {
		VIC_GICD_CTLR,          VIC_GICD_TYPER,
		VIC_GICD_IIDR,          VIC_GICD_IGROUPR + 8,
		VIC_GICD_ISENABLER + 8, VIC_GICD_ICENABLER + 8,
		VIC_GICD_ISPENDR + 8,   VIC_GICD_ICPENDR + 8,
		VIC_GICD_ISACTIVER + 8, VIC_GICD_ICACTIVER + 8,
		VIC_GICD_ICFGR + 8,     VIC_GICD_ISENABLERE + 8,
		VIC_GICD_PIDR2,
	};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	fake_gicd_write(cpu, VIC_GICD_ISENABLER + 8, 0xffff0000);
	fake_gicd_write(cpu, VIC_GICD_ISPENDR + 8, 0x0000ff00);
	fake_gicd_write(cpu, VIC_GICD_ISACTIVER + 8, 0x00ff0000);
	fake_gicd_write(cpu, VIC_GICD_ICFGR + 8, 0xaaaa0000);
	for (i = 0; i < FAKE_COUNT(offsets); i++)
		has_no_width(cpu, FAKE_GICD_BASE + offsets[i], not_words, 3);
	has_no_width(cpu, fake_gicr_at(cpu, VIC_GICR_CTLR), not_words, 3);
	has_no_width(cpu, fake_gicr_at(cpu, VIC_GICR_IIDR), not_words, 2);
	has_no_width(cpu, fake_gicr_at(cpu, VIC_GICR_WAKER), not_words, 2);
	has_no_width(cpu, fake_gicr_at(cpu, VIC_GICR_ISENABLER0), not_words, 3);
}

static void gic_23_bytes_of_priorities(void **state)
{
	static const uint32_t others[] = {2, 8};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t i;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	for (i = 0; i < 4; i++)
		fake_gic_priority(cpu, 40 + i, (uint8_t)(0x20 * (i + 1)));
	assert_int_equal(
		fake_gic_load(cpu, fake_gic_field(cpu, FAKE_PRIORITY, 40), 4),
		0x80604020);
	has_no_width(cpu, fake_gic_field(cpu, FAKE_PRIORITY, 40), others, 2);
	has_no_width(cpu, fake_gic_field(cpu, FAKE_PRIORITY, 42), others, 1);
	has_no_width(cpu, fake_gic_field(cpu, FAKE_PRIORITY, 4), others, 1);
}

static void gic_23_messages_in_16_bits(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 4100, 0x80);
	fake_gic_store(cpu, FAKE_GICD_BASE + VIC_GICD_SETSPI_NSR, 1, 40);
	fake_gic_store(cpu, FAKE_GICD_BASE + VIC_GICD_SETSPI_NSR, 8, 40);
	assert_false(fake_gic_get(cpu, FAKE_SET_PENDING, 40));
	fake_gic_store(cpu, FAKE_GICD_BASE + VIC_GICD_SETSPI_NSR, 2, 4100);
	assert_true(fake_gic_get(cpu, FAKE_SET_PENDING, 4100));
	fake_gic_store(cpu, FAKE_GICD_BASE + VIC_GICD_CLRSPI_NSR, 2, 4100);
	assert_false(fake_gic_get(cpu, FAKE_SET_PENDING, 4100));
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_SETSPI_NSR), 0);
}

static void gic_23_unaligned_accesses_do_nothing(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t i;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	fake_gicd_write(cpu, VIC_GICD_ISENABLER + 8, UINT32_MAX);
	fake_gicd_write(cpu, VIC_GICD_ISENABLER + 12, UINT32_MAX);
	for (i = 1; i < 4; i++) {
		uint64_t at = FAKE_GICD_BASE + VIC_GICD_ICENABLER + 8 + i;

		assert_int_equal(fake_gic_load(cpu, at, 4), 0);
		fake_gic_store(cpu, at, 4, UINT32_MAX);
	}
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_ISENABLER + 8),
			 UINT32_MAX);
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_ISENABLER + 12),
			 UINT32_MAX);
	fake_gic_route(cpu, 40, 1);
	fake_gic_store(cpu, FAKE_GICD_BASE + VIC_GICD_IROUTER + 40 * 8 + 4, 8,
		       UINT64_MAX);
	assert_true(fake_gic_routed(cpu, 40) == 1);
	assert_true(fake_gic_routed(cpu, 41) == 0);
}

/* GIC-20 */
static void gic_20_irouter_in_halves(void **state)
{
	static const uint32_t intids[] = {32, 100, 1019, 4096, 5119};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(intids); i++) {
		uint32_t intid = intids[i];
		uint64_t at = FAKE_GICD_BASE +
			      (intid < VIC_INTID_ESPI
				       ? VIC_GICD_IROUTER + intid * 8
				       : VIC_GICD_IROUTERE +
						 (intid - VIC_INTID_ESPI) * 8);

		assert_true(fake_gic_routed(cpu, intid) == 0);
		fake_gic_route(cpu, intid, UINT64_C(0x1200345678));
		fake_gic_store(cpu, at, 4, 0x00abcdef);
		assert_true(fake_gic_routed(cpu, intid) ==
			    UINT64_C(0x1200abcdef));
		fake_gic_store(cpu, at + 4, 4, 0x34);
		assert_true(fake_gic_routed(cpu, intid) ==
			    UINT64_C(0x3400abcdef));
		assert_int_equal(fake_gic_load(cpu, at, 4), 0x00abcdef);
		assert_int_equal(fake_gic_load(cpu, at + 4, 4), 0x34);
		/* RES0, and IRM without 1 of N. */
		fake_gic_route(cpu, intid, UINT64_MAX);
		assert_true(fake_gic_routed(cpu, intid) == VIC_IROUTER_AFF);
		assert_int_equal(fake_gic_load(cpu, at, 2), 0);
		assert_int_equal(fake_gic_load(cpu, at, 1), 0);
	}
}

static void irm_with_1_of_n(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, VIC_GIC_1_OF_N);
	cpu = &vm.cpu[0];
	fake_gic_route(cpu, 40, VIC_IROUTER_IRM);
	assert_true((fake_gic_routed(cpu, 40) & VIC_IROUTER_IRM) != 0);
	fake_gic_route(cpu, 40, 1);
	assert_true(fake_gic_routed(cpu, 40) == 1);
}

/* A neighbour's bit, field or word never changes. */
static void fields_do_not_overlap(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i, j;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(all_intids); i++) {
		uint8_t priority = (uint8_t)((i + 1) * 8);

		fake_gic_priority(cpu, all_intids[i], priority);
		if (i % 2)
			fake_gic_set(cpu, FAKE_ENABLE, all_intids[i]);
		if (i % 3 == 1)
			fake_gic_set(cpu, FAKE_SET_PENDING, all_intids[i]);
		if (i % 5 == 1)
			fake_gic_set(cpu, FAKE_SET_ACTIVE, all_intids[i]);
		if (i % 7 == 1)
			fake_gic_group(cpu, all_intids[i], false);
		if (i % 4 == 1)
			fake_gic_edge(cpu, all_intids[i], true);
		for (j = 0; j < FAKE_COUNT(all_intids); j++) {
			struct vic_gic_state look =
				fake_gic_peek(cpu, all_intids[j]);
			size_t k = j <= i ? j : 0;

			assert_int_equal(look.priority,
					 j <= i ? (j + 1) * 8 : 0);
			assert_int_equal(look.enabled, k % 2);
			assert_int_equal(look.pending, k % 3 == 1);
			assert_int_equal(look.active, k % 5 == 1);
			assert_int_equal(look.group1, k % 7 != 1);
			assert_int_equal(look.edge,
					 all_intids[j] < 16 || k % 4 == 1);
		}
	}
	for (i = 0; i < FAKE_COUNT(all_intids); i++)
		if (all_intids[i] < 32 || (all_intids[i] >= VIC_INTID_EPPI &&
					   all_intids[i] < VIC_INTID_ESPI))
			assert_false(fake_gic_peek(&vm.cpu[1], all_intids[i])
					     .enabled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_GIC_TEST(gic_08_groups_are_the_guests_to_choose),
		FAKE_GIC_TEST(gic_08_the_group_reaches_the_list_register),
		FAKE_GIC_TEST(gic_09_enables_of_all_kinds),
		FAKE_GIC_TEST(gic_09_enables_of_a_register),
		FAKE_GIC_TEST(gic_09_a_disabled_sgi_is_not_delivered),
		FAKE_GIC_TEST(gic_10_pending_of_sgis_is_writable),
		FAKE_GIC_TEST(pending_and_active_of_all_kinds),
		FAKE_GIC_TEST(gic_21_sgis_are_edge),
		FAKE_GIC_TEST(gic_21_low_bits_of_the_fields_are_res0),
		FAKE_GIC_TEST(gic_21_edge_to_level_keeps_the_latch),
		FAKE_GIC_TEST(gic_22_priorities_have_five_bits),
		FAKE_GIC_TEST(gic_22_a_new_priority_counts_for_what_is_pending),
		FAKE_GIC_TEST(gic_23_words_are_not_read_in_parts),
		FAKE_GIC_TEST(gic_23_bytes_of_priorities),
		FAKE_GIC_TEST(gic_23_messages_in_16_bits),
		FAKE_GIC_TEST(gic_23_unaligned_accesses_do_nothing),
		FAKE_GIC_TEST(gic_20_irouter_in_halves),
		FAKE_GIC_TEST(irm_with_1_of_n),
		FAKE_GIC_TEST(fields_do_not_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
