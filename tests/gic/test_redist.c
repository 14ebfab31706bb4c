/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The Redistributors' registers: IHI 0069, 12.11 (GICR_*), and how their
 * frames lie in several regions.
 */

#include "fake_gic.h"

static void make_raw(struct fake_gic *vm, uint32_t vcpus, uint32_t flags)
{
	struct fake_gic_spec spec = {
		.vcpus = vcpus, .flags = flags, .raw = true};

	fake_gic_make(vm, &spec);
	fake_gicd_write(&vm->cpu[0], VIC_GICD_CTLR,
			VIC_GICD_CTLR_GRP0 | VIC_GICD_CTLR_GRP1);
}

/* GIC-25 */
static void gic_25_redistributors_come_out_of_reset_asleep(void **state)
{
	const uint32_t asleep = VIC_GICR_WAKER_SLEEP | VIC_GICR_WAKER_ASLEEP;
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make_raw(&vm, 2, 0);
	cpu = &vm.cpu[0];
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_WAKER), asleep);
	/* ChildrenAsleep is read-only, the rest is RES0. */
	fake_gicr_write(cpu, VIC_GICR_WAKER, VIC_GICR_WAKER_SLEEP);
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_WAKER), asleep);
	fake_gicr_write(cpu, VIC_GICR_WAKER, ~VIC_GICR_WAKER_SLEEP);
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_WAKER), 0);
	fake_gicr_write(cpu, VIC_GICR_WAKER, UINT32_MAX);
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_WAKER), asleep);
	/* One for each Redistributor. */
	fake_gicr_write(cpu, VIC_GICR_WAKER, 0);
	assert_int_equal(fake_gicr_read(&vm.cpu[1], VIC_GICR_WAKER), asleep);
	make_raw(&vm, 1, VIC_GIC_RESET_AWAKE);
	assert_int_equal(fake_gicr_read(&vm.cpu[0], VIC_GICR_WAKER), 0);
}

static void gic_25_nothing_is_delivered_asleep(void **state)
{
	static const uint32_t intids[] = {3, 20, 40};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i;

	(void)state;
	make_raw(&vm, 1, 0);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(intids); i++) {
		fake_gic_ready(cpu, intids[i], 0x80);
		fake_gic_set(cpu, FAKE_SET_PENDING, intids[i]);
	}
	assert_false(vic_gic_deliverable(cpu->gicr, &cpu->lrs));
	fake_gic_flush(cpu);
	assert_int_equal(cpu->lrs.used, 0);
	vic_gic_sync(cpu->gicr, &cpu->lrs);
	for (i = 0; i < FAKE_COUNT(intids); i++)
		assert_true(fake_gic_get(cpu, FAKE_SET_PENDING, intids[i]));
	fake_gicr_write(cpu, VIC_GICR_WAKER, 0);
	assert_true(vic_gic_deliverable(cpu->gicr, &cpu->lrs));
	fake_gic_runs(cpu, intids, FAKE_COUNT(intids));
}

/* Going to sleep releases what the CPU interface holds. */
static void gic_25_going_to_sleep_releases_what_is_pending(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	fake_gic_plain(&vm, 1);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_pulse(cpu, 40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_lr_state(cpu, 40), 1);
	fake_gic_leave(cpu);
	fake_gicr_write(cpu, VIC_GICR_WAKER, VIC_GICR_WAKER_SLEEP);
	fake_gic_runs_none(cpu);
	assert_true(fake_gic_get(cpu, FAKE_SET_PENDING, 40));
	fake_gicr_write(cpu, VIC_GICR_WAKER, 0);
	fake_gic_runs_one(cpu, 40);
}

/* WakeRequest, and nothing more. */
static void gic_25_what_comes_asleep_asks_to_wake(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make_raw(&vm, 1, 0);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x80);
	fake_gic_sleep(cpu);
	fake_gic_pulse(cpu, 40);
	assert_int_equal(cpu->wakes, 1);
	fake_gic_rise(cpu);
	fake_gic_runs_none(cpu);
	fake_gicr_write(cpu, VIC_GICR_WAKER, 0);
	fake_gic_runs_one(cpu, 40);
}

/* VMCRs of a guest that has closed its CPU interface, one way or another. */
static const uint32_t closed[] = {
	/* Both groups off, as 11.1 wants it before ProcessorSleep is set. */
	FAKE_VMCR & ~(VIC_VMCR_VENG0 | VIC_VMCR_VENG1),
	/* The other group on, or both, and a mask that nothing passes. */
	FAKE_VMCR & ~VIC_VMCR_VENG1,
	FAKE_VMCR & ~(0xffu << VIC_VMCR_VPMR_SHIFT),
	0,
};

/* Asleep in both senses: nothing is pending. */
static struct fake_gic_cpu *
doze(struct fake_gic *vm, uint32_t intid, uint32_t vmcr)
{
	struct fake_gic_cpu *cpu;

	fake_gic_reset(NULL);
	make_raw(vm, 2, 0);
	cpu = &vm->cpu[0];
	fake_gic_ready(cpu, intid, 0x80);
	cpu->lrs.vmcr = vmcr;
	fake_gic_sleep(cpu);
	return cpu;
}

/* The CPU interface, which is off, has no say: 11.1, GICR_WAKER. */
static void gic_25_a_wake_request_passes_every_mask(void **state)
{
	static const uint32_t intids[] = {3, 20, 40};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t i, n;

	(void)state;
	for (n = 0; n < FAKE_COUNT(closed); n++)
		for (i = 0; i < FAKE_COUNT(intids); i++) {
			cpu = doze(&vm, intids[i], closed[n]);
			fake_gic_set_by(&vm.cpu[1], cpu, FAKE_SET_PENDING,
					intids[i]);
			assert_int_equal(cpu->wakes, 1);
			fake_gic_rise(cpu);
			/* The request stays, and nothing is delivered. */
			assert_false(vic_gic_block(cpu->gicr, &cpu->lrs));
			assert_false(vic_gic_deliverable(cpu->gicr, &cpu->lrs));
			fake_gic_runs_none(cpu);
			assert_false(vic_gic_block(cpu->gicr, &cpu->lrs));
			/* Awake, the masks count again. */
			fake_gicr_write(cpu, VIC_GICR_WAKER, 0);
			fake_gic_sleep(cpu);
			fake_gic_rise(cpu);
			cpu->lrs.vmcr = FAKE_VMCR;
			assert_false(vic_gic_block(cpu->gicr, &cpu->lrs));
			fake_gic_runs_one(cpu, intids[i]);
		}
}

/* Nor has what is active: the running priority is the CPU interface's. */
static void gic_25_a_wake_request_passes_the_running_priority(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	fake_gic_plain(&vm, 2);
	cpu = &vm.cpu[0];
	fake_gic_ready(cpu, 40, 0x40);
	fake_gic_ready(cpu, 41, 0x80);
	fake_gic_pulse(cpu, 40);
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_leave(cpu);
	fake_gicr_write(cpu, VIC_GICR_WAKER, VIC_GICR_WAKER_SLEEP);
	/* An active interrupt asks for nothing. */
	fake_gic_sleep(cpu);
	fake_gic_pulse(cpu, 41);
	assert_int_equal(cpu->wakes, 1);
	fake_gic_rise(cpu);
	assert_false(vic_gic_block(cpu->gicr, &cpu->lrs));
	fake_gicr_write(cpu, VIC_GICR_WAKER, 0);
	fake_gic_sleep(cpu);
	fake_gic_rise(cpu);
	fake_gic_enter(cpu);
	fake_gic_eoi(cpu, 40);
	assert_int_equal(fake_gic_take(cpu), 41);
	fake_gic_eoi(cpu, 41);
	fake_gic_leave(cpu);
}

/* What the Distributor does not forward makes none, until it does. */
static void gic_25_a_wake_request_begins_with_an_enable(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu, *by;
	size_t n;

	(void)state;
	for (n = 0; n < FAKE_COUNT(closed); n++) {
		cpu = doze(&vm, 40, closed[n]);
		by = &vm.cpu[1];
		fake_gic_set(by, FAKE_DISABLE, 40);
		fake_gic_pulse(by, 40);
		assert_int_equal(cpu->wakes, 0);
		fake_gic_rise(cpu);
		fake_gic_sleep(cpu);
		fake_gic_set(by, FAKE_ENABLE, 40);
		assert_int_equal(cpu->wakes, 1);
		/* Its group, in GICD_CTLR. */
		cpu = doze(&vm, 40, closed[n]);
		by = &vm.cpu[1];
		fake_gicd_write(by, VIC_GICD_CTLR, VIC_GICD_CTLR_GRP0);
		fake_gic_pulse(by, 40);
		assert_int_equal(cpu->wakes, 0);
		fake_gic_rise(cpu);
		fake_gic_sleep(cpu);
		fake_gicd_write(by, VIC_GICD_CTLR,
				VIC_GICD_CTLR_GRP0 | VIC_GICD_CTLR_GRP1);
		assert_int_equal(cpu->wakes, 1);
		/* Its route. */
		cpu = doze(&vm, 40, closed[n]);
		by = &vm.cpu[1];
		fake_gic_route(by, 40, 1);
		fake_gic_pulse(by, 40);
		assert_int_equal(cpu->wakes, 0);
		fake_gic_route(by, 40, 0);
		assert_int_equal(cpu->wakes, 1);
	}
}

/* ProcessorSleep comes last: what a mask kept back asks now. */
static void gic_25_a_wake_request_begins_with_sleep(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	size_t n;

	(void)state;
	for (n = 0; n < FAKE_COUNT(closed); n++) {
		cpu = doze(&vm, 40, closed[n]);
		fake_gic_rise(cpu);
		fake_gicr_write(cpu, VIC_GICR_WAKER, 0);
		fake_gic_sleep(cpu);
		fake_gic_pulse(cpu, 40);
		assert_int_equal(cpu->wakes, 0);
		fake_gic_store(&vm.cpu[1], fake_gicr_at(cpu, VIC_GICR_WAKER), 4,
			       VIC_GICR_WAKER_SLEEP);
		assert_int_equal(cpu->wakes, 1);
		fake_gic_rise(cpu);
		assert_false(vic_gic_block(cpu->gicr, &cpu->lrs));
	}
}

/* GIC-26 */
static void gic_26_ctlr_without_lpis(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make_raw(&vm, 1, 0);
	cpu = &vm.cpu[0];
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_CTLR), 0);
	/* DPGS = 0: the DPG bits are RAZ/WI as EnableLPIs, CES, IR are. */
	assert_true((fake_gicr_read(cpu, VIC_GICR_TYPER) &
		     VIC_GICR_TYPER_DPGS) == 0);
	fake_gicr_write(cpu, VIC_GICR_CTLR, UINT32_MAX);
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_CTLR), 0);
}

static void gic_26_ctlr_with_1_of_n(void **state)
{
	const uint32_t dpg = VIC_GICR_CTLR_DPG0 | VIC_GICR_CTLR_DPG1NS;
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make_raw(&vm, 2, VIC_GIC_1_OF_N);
	cpu = &vm.cpu[0];
	assert_true((fake_gicr_read(cpu, VIC_GICR_TYPER) &
		     VIC_GICR_TYPER_DPGS) != 0);
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_CTLR), 0);
	/* DPG1S is RAZ/WI with one Security state. */
	fake_gicr_write(cpu, VIC_GICR_CTLR, UINT32_MAX);
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_CTLR), dpg);
	assert_int_equal(fake_gicr_read(&vm.cpu[1], VIC_GICR_CTLR), 0);
	fake_gicr_write(cpu, VIC_GICR_CTLR, VIC_GICR_CTLR_DPG0);
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_CTLR),
			 VIC_GICR_CTLR_DPG0);
}

/* The vCPU, of those in @mask, that a 1 of N SPI goes to. */
static uint32_t one_of(struct fake_gic *vm, uint32_t mask)
{
	uint32_t taken = vm->count;
	uint32_t i, intid;

	fake_gic_pulse(&vm->cpu[0], 40);
	for (i = 0; i < vm->count; i++) {
		if (fake_gic_run(&vm->cpu[i], &intid, 1) == 0)
			continue;
		assert_int_equal(intid, 40);
		assert_int_equal(taken, vm->count);
		taken = i;
	}
	assert_true(taken < vm->count);
	assert_true((mask >> taken & 1) != 0);
	return taken;
}

static void dpg_takes_a_vcpu_out_of_1_of_n(void **state)
{
	struct fake_gic vm;
	uint32_t i;

	(void)state;
	make_raw(&vm, 4, VIC_GIC_1_OF_N | VIC_GIC_RESET_AWAKE);
	fake_gic_ready(&vm.cpu[0], 40, 0x80);
	fake_gic_route(&vm.cpu[0], 40, VIC_IROUTER_IRM);
	for (i = 0; i < 4; i++)
		one_of(&vm, 15);
	fake_gicr_write(&vm.cpu[0], VIC_GICR_CTLR, VIC_GICR_CTLR_DPG1NS);
	fake_gicr_write(&vm.cpu[2], VIC_GICR_CTLR, VIC_GICR_CTLR_DPG1NS);
	/* Of another group: no difference. */
	fake_gicr_write(&vm.cpu[1], VIC_GICR_CTLR, VIC_GICR_CTLR_DPG0);
	for (i = 0; i < 4; i++)
		one_of(&vm, 10);
	fake_gicr_write(&vm.cpu[3], VIC_GICR_WAKER, VIC_GICR_WAKER_SLEEP);
	for (i = 0; i < 4; i++)
		assert_int_equal(one_of(&vm, 2), 1);
	fake_gic_group(&vm.cpu[0], 40, false);
	for (i = 0; i < 4; i++)
		one_of(&vm, 5);
}

/* Nobody may take it: pending until somebody may. */
static void one_of_n_waits_for_somebody_awake(void **state)
{
	struct fake_gic vm;
	uint32_t i;

	(void)state;
	make_raw(&vm, 2, VIC_GIC_1_OF_N);
	fake_gic_ready(&vm.cpu[0], 40, 0x80);
	fake_gic_route(&vm.cpu[0], 40, VIC_IROUTER_IRM);
	fake_gic_pulse(&vm.cpu[0], 40);
	for (i = 0; i < 2; i++)
		fake_gic_runs_none(&vm.cpu[i]);
	assert_true(fake_gic_get(&vm.cpu[0], FAKE_SET_PENDING, 40));
	fake_gicr_write(&vm.cpu[1], VIC_GICR_WAKER, 0);
	fake_gic_runs_none(&vm.cpu[0]);
	fake_gic_runs_one(&vm.cpu[1], 40);
	fake_gic_runs_none(&vm.cpu[0]);
}

/* And for somebody who takes its group. */
static void one_of_n_waits_for_a_group_that_somebody_takes(void **state)
{
	struct fake_gic vm;
	uint32_t i;

	(void)state;
	make_raw(&vm, 2, VIC_GIC_1_OF_N | VIC_GIC_RESET_AWAKE);
	fake_gic_ready(&vm.cpu[0], 40, 0x80);
	fake_gic_route(&vm.cpu[0], 40, VIC_IROUTER_IRM);
	for (i = 0; i < 2; i++)
		fake_gicr_write(&vm.cpu[i], VIC_GICR_CTLR,
				i ? VIC_GICR_CTLR_DPG1NS
				  : VIC_GICR_CTLR_DPG1NS | VIC_GICR_CTLR_DPG0);
	fake_gic_pulse(&vm.cpu[0], 40);
	for (i = 0; i < 2; i++)
		fake_gic_runs_none(&vm.cpu[i]);
	fake_gic_group(&vm.cpu[0], 40, false);
	fake_gic_runs_none(&vm.cpu[0]);
	fake_gic_runs_one(&vm.cpu[1], 40);
}

static void typer_names_the_pe(void **state)
{
	static const uint32_t affinities[] = {0x00000000, 0x0000001f,
					      0x00000300, 0x00020100,
					      0xff010203, 0xffffffff};
	struct fake_gic_spec spec = {
		.vcpus = 6, .affinities = affinities, .regions = {2, 1, 3}};
	struct fake_gic vm;
	uint32_t i;

	(void)state;
	fake_gic_make(&vm, &spec);
	for (i = 0; i < 6; i++) {
		/* Any vCPU may look. */
		struct fake_gic_cpu *by = &vm.cpu[(i + 1) % 6];
		uint64_t address = fake_gicr_at(&vm.cpu[i], VIC_GICR_TYPER);
		bool last = i == 1 || i == 2 || i == 5;
		uint64_t want = (uint64_t)affinities[i] << 32 | i << 8 |
				(last ? VIC_GICR_TYPER_LAST : 0);

		assert_true(fake_gic_load(by, address, 8) == want);
		assert_true(fake_gic_load(by, address, 4) ==
			    (want & UINT32_MAX));
		assert_true(fake_gic_load(by, address + 4, 4) == affinities[i]);
		fake_gic_store(by, address, 8, 0);
		assert_true(fake_gic_load(by, address, 8) == want);
	}
}

/* As a guest finds its own: from each base on, until Last. */
static void frames_end_where_last_says(void **state)
{
	static const uint32_t layouts[][VIC_GIC_MAX_REGIONS] = {
		{9}, {1, 8}, {8, 1}, {1, 1, 1, 1, 1, 1, 1, 2}};
	size_t n;

	(void)state;
	for (n = 0; n < FAKE_COUNT(layouts); n++) {
		struct fake_gic_spec spec = {.vcpus = 9};
		struct fake_gic vm;
		uint32_t found = 0, region;

		for (region = 0; region < VIC_GIC_MAX_REGIONS; region++)
			spec.regions[region] = layouts[n][region];
		fake_gic_make(&vm, &spec);
		for (region = 0; region < vm.config.nr_regions; region++) {
			uint64_t at = vm.config.regions[region].base;
			uint64_t typer, value;

			do {
				typer = fake_gic_load(&vm.cpu[0],
						      at + VIC_GICR_TYPER, 8);
				assert_int_equal(typer >> 32, found++);
				at += VIC_GICR_FRAME_SIZE;
			} while ((typer & VIC_GICR_TYPER_LAST) == 0);
			assert_int_equal(vic_gic_mmio_read(vm.cpu[0].gicr, at,
							   4, &value),
					 VIC_ACCESS_FOREIGN);
		}
		assert_int_equal(found, 9);
	}
}

static void typer_counts_extended_ppis(void **state)
{
	static const struct {
		uint32_t eppis, ppinum;
	} rows[] = {{0, 0}, {32, 1}, {64, 2}};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		struct fake_gic_spec spec = {.vcpus = 1,
					     .eppis = rows[i].eppis};
		struct fake_gic vm;

		fake_gic_make(&vm, &spec);
		assert_int_equal(fake_gicr_read(&vm.cpu[0], VIC_GICR_TYPER) >>
					 VIC_GICR_TYPER_PPINUM_SHIFT,
				 rows[i].ppinum);
	}
}

static void identification(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	fake_gic_plain(&vm, 2);
	cpu = &vm.cpu[1];
	fake_gicr_write(cpu, VIC_GICR_IIDR, 0);
	fake_gicr_write(cpu, VIC_GICR_PIDR2, 0);
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_IIDR), FAKE_IIDR);
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_PIDR2) & 0xf0, 0x30);
}

static void reads_0(struct fake_gic_cpu *cpu, uint32_t from, uint32_t to)
{
	uint32_t offset;

	for (offset = from; offset < to; offset += 4) {
		fake_gicr_write(cpu, offset, UINT32_MAX);
		if (fake_gicr_read(cpu, offset) != 0)
			fail_msg("GICR + 0x%x is not 0", offset);
	}
}

/* GIC-24 */
static void gic_24_reserved_registers_read_0(void **state)
{
	static const struct {
		uint32_t from, to;
	} rows[] = {
		/* Without LPIs also PROPBASER and PENDBASER. */
		{0x0018, 0xffd0},   {0x10000, 0x10080}, {0x10084, 0x10100},
		{0x10104, 0x10180}, {0x10184, 0x10200}, {0x10204, 0x10280},
		{0x10284, 0x10300}, {0x10304, 0x10380}, {0x10384, 0x10400},
		{0x10420, 0x10c00}, {0x10c08, 0x20000},
	};
	struct fake_gic vm;
	size_t i;

	(void)state;
	fake_gic_plain(&vm, 1);
	for (i = 0; i < FAKE_COUNT(rows); i++)
		reads_0(&vm.cpu[0], rows[i].from, rows[i].to);
}

static void each_frame_has_its_own_private_intids(void **state)
{
	struct fake_gic vm;
	uint32_t i, intid;

	(void)state;
	fake_gic_plain(&vm, 3);
	/* vCPU 0 writes them all. */
	for (i = 0; i < 3; i++) {
		fake_gic_store(&vm.cpu[0],
			       fake_gicr_at(&vm.cpu[i], VIC_GICR_ISENABLER0), 4,
			       0x00010001u << i);
		for (intid = 0; intid < 32; intid++)
			fake_gic_store(&vm.cpu[0],
				       fake_gic_field(&vm.cpu[i], FAKE_PRIORITY,
						      intid),
				       1, 0x40 + 0x20 * i);
	}
	for (i = 0; i < 3; i++) {
		assert_int_equal(
			fake_gicr_read(&vm.cpu[i], VIC_GICR_ICENABLER0),
			0x00010001u << i);
		for (intid = 0; intid < 32; intid++)
			assert_int_equal(
				fake_gic_peek(&vm.cpu[i], intid).priority,
				0x40 + 0x20 * i);
		fake_gic_edge(&vm.cpu[i], 16 + i, true);
		fake_gic_pulse(&vm.cpu[i], 16 + i);
		fake_gic_runs_one(&vm.cpu[i], 16 + i);
		fake_gic_runs_none(&vm.cpu[(i + 1) % 3]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_GIC_TEST(gic_25_redistributors_come_out_of_reset_asleep),
		FAKE_GIC_TEST(gic_25_nothing_is_delivered_asleep),
		FAKE_GIC_TEST(gic_25_going_to_sleep_releases_what_is_pending),
		FAKE_GIC_TEST(gic_25_what_comes_asleep_asks_to_wake),
		FAKE_GIC_TEST(gic_25_a_wake_request_passes_every_mask),
		FAKE_GIC_TEST(
			gic_25_a_wake_request_passes_the_running_priority),
		FAKE_GIC_TEST(gic_25_a_wake_request_begins_with_an_enable),
		FAKE_GIC_TEST(gic_25_a_wake_request_begins_with_sleep),
		FAKE_GIC_TEST(gic_26_ctlr_without_lpis),
		FAKE_GIC_TEST(gic_26_ctlr_with_1_of_n),
		FAKE_GIC_TEST(dpg_takes_a_vcpu_out_of_1_of_n),
		FAKE_GIC_TEST(one_of_n_waits_for_somebody_awake),
		FAKE_GIC_TEST(one_of_n_waits_for_a_group_that_somebody_takes),
		FAKE_GIC_TEST(typer_names_the_pe),
		FAKE_GIC_TEST(frames_end_where_last_says),
		FAKE_GIC_TEST(typer_counts_extended_ppis),
		FAKE_GIC_TEST(identification),
		FAKE_GIC_TEST(gic_24_reserved_registers_read_0),
		FAKE_GIC_TEST(each_frame_has_its_own_private_intids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
