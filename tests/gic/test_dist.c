/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The Distributor's registers as a whole: IHI 0069, 12.9 (GICD_*). What they
 * hold for each INTID is in test_fields.c.
 */

#include "fake_gic.h"

#define GROUPS (VIC_GICD_CTLR_GRP0 | VIC_GICD_CTLR_GRP1)
#define FIXED (VIC_GICD_CTLR_ARE | VIC_GICD_CTLR_DS)

static void make(struct fake_gic *vm, uint32_t spis, uint32_t espis)
{
	struct fake_gic_spec spec = {.vcpus = 2, .spis = spis, .espis = espis};

	fake_gic_make(vm, &spec);
}

static uint32_t lines(struct fake_gic *vm)
{
	return fake_gicd_read(&vm->cpu[0], VIC_GICD_TYPER) &
	       VIC_GICD_TYPER_LINES;
}

/* GIC-01 */
static void gic_01_rwp_reads_0_when_all_are_synced(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	fake_gic_plain(&vm, 2);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_pulse(cpu, 40);
	fake_gic_flush(cpu);
	vic_gic_sync(cpu->gicr, &cpu->lrs);
	fake_gic_set(cpu, FAKE_DISABLE, 40);
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_CTLR), GROUPS | FIXED);
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_CTLR), 0);
	fake_gicd_write(cpu, VIC_GICD_CTLR, 0);
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_CTLR), FIXED);
	fake_gic_runs_none(cpu);
}

static void gic_01_rwp_is_read_only(void **state)
{
	struct fake_gic vm;

	(void)state;
	fake_gic_plain(&vm, 1);
	fake_gicd_write(&vm.cpu[0], VIC_GICD_CTLR, VIC_GICD_CTLR_RWP);
	assert_int_equal(fake_gicd_read(&vm.cpu[0], VIC_GICD_CTLR), FIXED);
	fake_gicr_write(&vm.cpu[0], VIC_GICR_CTLR, VIC_GICR_CTLR_RWP);
	assert_int_equal(fake_gicr_read(&vm.cpu[0], VIC_GICR_CTLR), 0);
}

/* GIC-02 */
static void gic_02_ctlr_with_one_security_state(void **state)
{
	struct fake_gic_spec spec = {.vcpus = 1, .raw = true};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t groups;

	(void)state;
	fake_gic_make(&vm, &spec);
	cpu = &vm.cpu[0];
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_CTLR), FIXED);
	for (groups = 0; groups < 4; groups++) {
		fake_gicd_write(cpu, VIC_GICD_CTLR, groups);
		assert_int_equal(fake_gicd_read(cpu, VIC_GICD_CTLR),
				 groups | FIXED);
	}
	fake_gicd_write(cpu, VIC_GICD_CTLR, UINT32_MAX);
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_CTLR), GROUPS | FIXED);
	spec.flags = VIC_GIC_1_OF_N;
	fake_gic_make(&vm, &spec);
	cpu = &vm.cpu[0];
	fake_gicd_write(cpu, VIC_GICD_CTLR, UINT32_MAX);
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_CTLR),
			 GROUPS | FIXED | VIC_GICD_CTLR_E1NWF);
}

/* Each group alone reaches the guest by its own enable. */
static void gic_02_groups_are_forwarded_by_their_own_enable(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	fake_gic_plain(&vm, 1);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_ready(cpu, 41, 0x80);
	fake_gic_group(cpu, 40, false);
	fake_gicd_write(cpu, VIC_GICD_CTLR, 0);
	fake_gic_pulse(cpu, 40);
	fake_gic_pulse(cpu, 41);
	fake_gic_runs_none(cpu);
	fake_gicd_write(cpu, VIC_GICD_CTLR, VIC_GICD_CTLR_GRP0);
	fake_gic_runs_one(cpu, 40);
	fake_gicd_write(cpu, VIC_GICD_CTLR, VIC_GICD_CTLR_GRP1);
	fake_gic_runs_one(cpu, 41);
}

/* GIC-03 */
static void gic_03_ds_and_are_are_fixed(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	fake_gic_plain(&vm, 1);
	cpu = &vm.cpu[0];
	fake_gicd_write(cpu, VIC_GICD_CTLR, 0);
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_CTLR), FIXED);
	fake_gicd_write(cpu, VIC_GICD_CTLR, VIC_GICD_CTLR_GRP1);
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_CTLR),
			 VIC_GICD_CTLR_GRP1 | FIXED);
}

/* GIC-04 */
static void gic_04_lines_of_typer(void **state)
{
	struct fake_gic vm;
	uint32_t spis;

	(void)state;
	for (spis = 32; spis <= 960; spis += 32) {
		fake_gic_reset(NULL);
		make(&vm, spis, 0);
		assert_int_equal(lines(&vm), spis / 32);
	}
	make(&vm, 988, 0);
	assert_int_equal(lines(&vm), 31);
}

static void gic_04_intids_1020_to_1023_never_exist(void **state)
{
	static const uint32_t offsets[] = {VIC_GICD_IGROUPR, VIC_GICD_ISENABLER,
					   VIC_GICD_ISPENDR,
					   VIC_GICD_ISACTIVER};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t intid;
	size_t i;

	(void)state;
	make(&vm, 988, 1024);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(offsets); i++) {
		fake_gicd_write(cpu, offsets[i] + 31 * 4, UINT32_MAX);
		assert_int_equal(fake_gicd_read(cpu, offsets[i] + 31 * 4),
				 0x0fffffff);
	}
	for (intid = 1020; intid < 1024; intid++) {
		struct vic_gic_state look;

		fake_gic_priority(cpu, intid, 0xa0);
		assert_int_equal(
			fake_gic_load(
				cpu,
				fake_gic_field(cpu, FAKE_PRIORITY, intid - 4),
				4),
			0);
		fake_gic_route(cpu, intid, 1);
		assert_int_equal(fake_gic_routed(cpu, intid), 0);
		assert_int_equal(fake_gic_line(cpu, intid, true),
				 VIC_POST_REFUSED);
		assert_int_equal(
			vic_gic_message(vm.gic, &vm.device, intid, true),
			VIC_POST_REFUSED);
		assert_int_equal(vic_gic_peek(vm.gic, cpu->gicr, intid, &look),
				 VIC_ERR_ABSENT);
	}
	fake_gicd_write(cpu, VIC_GICD_ICFGR + 63 * 4, UINT32_MAX);
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_ICFGR + 63 * 4),
			 0x00aaaaaa);
}

/* GIC-05 */
static void gic_05_typer_has_no_cpu_number(void **state)
{
	static const uint32_t counts[] = {1, 2, 8, 9, 64};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(counts); i++) {
		struct fake_gic vm;

		fake_gic_plain(&vm, counts[i]);
		assert_int_equal(
			fake_gicd_read(&vm.cpu[0], VIC_GICD_TYPER) >> 5 & 7, 0);
	}
}

/* GIC-06 */
static void gic_06_idbits_hold_every_intid_and_no_lpi(void **state)
{
	struct fake_gic vm;
	uint32_t typer, bits;

	(void)state;
	make(&vm, 988, 0);
	typer = fake_gicd_read(&vm.cpu[0], VIC_GICD_TYPER);
	bits = (typer >> VIC_GICD_TYPER_IDBITS_SHIFT & 31) + 1;
	assert_true(1u << bits > 1019);
	make(&vm, 988, 1024);
	typer = fake_gicd_read(&vm.cpu[0], VIC_GICD_TYPER);
	bits = (typer >> VIC_GICD_TYPER_IDBITS_SHIFT & 31) + 1;
	assert_true(1u << bits > 5119);
	/* num_LPIs, LPIS and DVIS. */
	assert_int_equal(typer & (31u << 11 | 3u << 17), 0);
}

static void typer_says_what_there_is(void **state)
{
	struct fake_gic_spec spec = {.vcpus = 1, .espis = 96};
	struct fake_gic vm;
	uint32_t typer;

	(void)state;
	fake_gic_plain(&vm, 1);
	typer = fake_gicd_read(&vm.cpu[0], VIC_GICD_TYPER);
	assert_int_equal(typer & (VIC_GICD_TYPER_ESPI | 31u << 27), 0);
	assert_true((typer & VIC_GICD_TYPER_MBIS) != 0);
	assert_true((typer & VIC_GICD_TYPER_A3V) != 0);
	assert_true((typer & VIC_GICD_TYPER_NO1N) != 0);
	assert_true((typer & VIC_GICD_TYPER_RSS) != 0);
	/* NMI and SecurityExtn. */
	assert_int_equal(typer & 3u << 9, 0);
	spec.flags = VIC_GIC_1_OF_N;
	fake_gic_make(&vm, &spec);
	typer = fake_gicd_read(&vm.cpu[0], VIC_GICD_TYPER);
	assert_true((typer & VIC_GICD_TYPER_ESPI) != 0);
	assert_int_equal(typer >> VIC_GICD_TYPER_ESPI_RANGE_SHIFT, 2);
	assert_true((typer & VIC_GICD_TYPER_NO1N) == 0);
	fake_gicd_write(&vm.cpu[0], VIC_GICD_TYPER, ~typer);
	assert_int_equal(fake_gicd_read(&vm.cpu[0], VIC_GICD_TYPER), typer);
	assert_int_equal(fake_gicd_read(&vm.cpu[0], VIC_GICD_TYPER2), 0);
}

static void identification(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	fake_gic_plain(&vm, 1);
	cpu = &vm.cpu[0];
	fake_gicd_write(cpu, VIC_GICD_IIDR, 0);
	fake_gicd_write(cpu, VIC_GICD_PIDR2, 0);
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_IIDR), FAKE_IIDR);
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_PIDR2) & 0xf0, 0x30);
}

/* GIC-07 */
static void gic_07_statusr_is_not_implemented(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	fake_gic_plain(&vm, 1);
	cpu = &vm.cpu[0];
	fake_gicd_write(cpu, VIC_GICD_STATUSR, UINT32_MAX);
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_STATUSR), 0);
	fake_gicr_write(cpu, VIC_GICR_STATUSR, UINT32_MAX);
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_STATUSR), 0);
}

/* Write ones to [from, to) of the Distributor; all must read 0. */
static void reads_0(struct fake_gic_cpu *cpu, uint32_t from, uint32_t to)
{
	uint32_t offset;

	for (offset = from; offset < to; offset += 4) {
		fake_gicd_write(cpu, offset, UINT32_MAX);
		if (fake_gicd_read(cpu, offset) != 0)
			fail_msg("GICD + 0x%x is not 0", offset);
	}
}

/* GIC-16 */
static void gic_16_private_intids_are_not_in_the_distributor(void **state)
{
	static const struct {
		uint32_t offset, bytes;
	} rows[] = {
		{VIC_GICD_IGROUPR, 4},      {VIC_GICD_ISENABLER, 4},
		{VIC_GICD_ICENABLER, 4},    {VIC_GICD_ISPENDR, 4},
		{VIC_GICD_ICPENDR, 4},      {VIC_GICD_ISACTIVER, 4},
		{VIC_GICD_ICACTIVER, 4},    {VIC_GICD_IPRIORITYR, 32},
		{VIC_GICD_ICFGR, 8},        {VIC_GICD_IGRPMODR, 4},
		{VIC_GICD_NSACR, 8},        {VIC_GICD_SGIR, 4},
		{VIC_GICD_CPENDSGIR, 16},   {VIC_GICD_SPENDSGIR, 16},
		{VIC_GICD_IROUTER, 32 * 8},
	};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint32_t intid;
	size_t i;

	(void)state;
	fake_gic_plain(&vm, 1);
	cpu = &vm.cpu[0];
	for (intid = 0; intid < 32; intid++)
		fake_gic_set(cpu, FAKE_ENABLE, intid);
	for (i = 0; i < FAKE_COUNT(rows); i++)
		reads_0(cpu, rows[i].offset, rows[i].offset + rows[i].bytes);
	for (intid = 0; intid < 32; intid++) {
		struct vic_gic_state look = fake_gic_peek(cpu, intid);

		assert_true(look.enabled && look.group1);
		assert_false(look.pending || look.active);
		assert_int_equal(look.priority, 0);
	}
	fake_gic_runs_none(cpu);
}

/* GIC-17 */
static void gic_17_targets_of_gicv2_read_0(void **state)
{
	struct fake_gic vm;

	(void)state;
	make(&vm, 988, 0);
	reads_0(&vm.cpu[0], VIC_GICD_ITARGETSR, VIC_GICD_ITARGETSR + 1024);
}

/* GIC-24 */
static void gic_24_registers_above_the_lines_read_0(void **state)
{
	/* 64 SPIs: INTIDs up to 95. */
	static const struct {
		uint32_t offset, first, end;
	} rows[] = {
		{VIC_GICD_IGROUPR, 12, 128},
		{VIC_GICD_ISENABLER, 12, 128},
		{VIC_GICD_ICENABLER, 12, 128},
		{VIC_GICD_ISPENDR, 12, 128},
		{VIC_GICD_ICPENDR, 12, 128},
		{VIC_GICD_ISACTIVER, 12, 128},
		{VIC_GICD_ICACTIVER, 12, 128},
		{VIC_GICD_IPRIORITYR, 96, 1024},
		{VIC_GICD_ICFGR, 24, 256},
		{VIC_GICD_IROUTER, 96 * 8, 1024 * 8},
		{VIC_GICD_IGROUPRE, 0, 128},
		{VIC_GICD_ISENABLERE, 0, 128},
		{VIC_GICD_ICENABLERE, 0, 128},
		{VIC_GICD_ISPENDRE, 0, 128},
		{VIC_GICD_ICPENDRE, 0, 128},
		{VIC_GICD_ISACTIVERE, 0, 128},
		{VIC_GICD_ICACTIVERE, 0, 128},
		{VIC_GICD_IPRIORITYRE, 0, 1024},
		{VIC_GICD_ICFGRE, 0, 256},
		{VIC_GICD_IROUTERE, 0, 1024 * 8},
	};
	struct fake_gic vm;
	size_t i;

	(void)state;
	fake_gic_plain(&vm, 1);
	for (i = 0; i < FAKE_COUNT(rows); i++)
		reads_0(&vm.cpu[0], rows[i].offset + rows[i].first,
			rows[i].offset + rows[i].end);
}

static void gic_24_reserved_registers_read_0(void **state)
{
	static const struct {
		uint32_t from, to;
	} rows[] = {
		{0x0010, 0x0080},
		{VIC_GICD_IGRPMODR, VIC_GICD_SGIR + 0x100},
		{0x3400, 0x6000},
		{0xa000, 0xffd0},
	};
	struct fake_gic vm;
	size_t i;

	(void)state;
	make(&vm, 988, 1024);
	for (i = 0; i < FAKE_COUNT(rows); i++)
		reads_0(&vm.cpu[0], rows[i].from, rows[i].to);
}

static void what_is_in_no_frame_is_foreign(void **state)
{
	static const uint64_t addresses[] = {
		0,
		FAKE_GICD_BASE - 4,
		FAKE_GICD_BASE + VIC_GICD_FRAME_SIZE,
		FAKE_GICR_BASE - 4,
		FAKE_GICR_BASE + 2 * VIC_GICR_FRAME_SIZE,
		FAKE_GICD_BASE + (UINT64_C(1) << 32),
		UINT64_MAX - 3,
	};
	struct fake_gic vm;
	uint64_t value;
	size_t i;

	(void)state;
	fake_gic_plain(&vm, 2);
	for (i = 0; i < FAKE_COUNT(addresses); i++) {
		assert_int_equal(vic_gic_mmio_read(vm.cpu[0].gicr, addresses[i],
						   4, &value),
				 VIC_ACCESS_FOREIGN);
		assert_int_equal(
			vic_gic_mmio_write(vm.cpu[0].gicr, addresses[i], 4, 0),
			VIC_ACCESS_FOREIGN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_GIC_TEST(gic_01_rwp_reads_0_when_all_are_synced),
		FAKE_GIC_TEST(gic_01_rwp_is_read_only),
		FAKE_GIC_TEST(gic_02_ctlr_with_one_security_state),
		FAKE_GIC_TEST(gic_02_groups_are_forwarded_by_their_own_enable),
		FAKE_GIC_TEST(gic_03_ds_and_are_are_fixed),
		FAKE_GIC_TEST(gic_04_lines_of_typer),
		FAKE_GIC_TEST(gic_04_intids_1020_to_1023_never_exist),
		FAKE_GIC_TEST(gic_05_typer_has_no_cpu_number),
		FAKE_GIC_TEST(gic_06_idbits_hold_every_intid_and_no_lpi),
		FAKE_GIC_TEST(typer_says_what_there_is),
		FAKE_GIC_TEST(identification),
		FAKE_GIC_TEST(gic_07_statusr_is_not_implemented),
		FAKE_GIC_TEST(gic_16_private_intids_are_not_in_the_distributor),
		FAKE_GIC_TEST(gic_17_targets_of_gicv2_read_0),
		FAKE_GIC_TEST(gic_24_registers_above_the_lines_read_0),
		FAKE_GIC_TEST(gic_24_reserved_registers_read_0),
		FAKE_GIC_TEST(what_is_in_no_frame_is_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
