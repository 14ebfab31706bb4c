/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Making a GIC and its Redistributors: the contract of <vic/gic.h>. */

#include <string.h>

#include "fake_gic.h"

static struct vic_gic_config plain_config(void)
{
	struct vic_gic_config config = {
		.size = sizeof(config),
		.max_vcpus = 4,
		.spis = 64,
		.nr_regions = 1,
		.gicd_base = FAKE_GICD_BASE,
		.regions = {{.base = FAKE_GICR_BASE, .count = 4}},
		.ops = &fake_gic_ops,
	};

	return config;
}

static void refuses_by_init(const struct vic_gic_config *config, int err)
{
	struct vic_gic *gic;
	void *bytes;

	fake_gic_reset(NULL);
	bytes = fake_gic_storage(1u << 20);
	assert_int_equal(vic_gic_init(bytes, 1u << 20, config, &gic), err);
}

/* Both the size function and init say no, whatever storage there is. */
static void refuses(const struct vic_gic_config *config, int err)
{
	assert_true(vic_gic_size(config) == 0);
	refuses_by_init(config, err);
}

static void takes(const struct vic_gic_config *config)
{
	size_t size = vic_gic_size(config);
	struct vic_gic *gic;

	fake_gic_reset(NULL);
	assert_true(size > 0);
	assert_int_equal(
		vic_gic_init(fake_gic_storage(size), size, config, &gic),
		VIC_OK);
}

static void interrupts_that_a_config_may_have(void **state)
{
	static const uint32_t bad_spis[] = {
		1, 31, 33, 980, 987, 989, 992, 1020, 1024, UINT32_MAX - 31};
	static const uint32_t bad_espis[] = {1,    31,   1023,
					     1025, 1056, UINT32_MAX - 31};
	static const uint32_t bad_eppis[] = {1, 16, 31, 33, 63, 65, 96};
	struct vic_gic_config config = plain_config();
	uint32_t n;
	size_t i;

	(void)state;
	for (n = 0; n <= 960; n += 32) {
		config.spis = n;
		takes(&config);
	}
	config.spis = 988;
	takes(&config);
	for (i = 0; i < FAKE_COUNT(bad_spis); i++) {
		config.spis = bad_spis[i];
		refuses(&config, VIC_ERR_INVAL);
	}
	config.spis = 64;
	for (n = 0; n <= 1024; n += 32) {
		config.espis = n;
		takes(&config);
	}
	for (i = 0; i < FAKE_COUNT(bad_espis); i++) {
		config.espis = bad_espis[i];
		refuses(&config, VIC_ERR_INVAL);
	}
	config.espis = 0;
	for (n = 0; n <= 64; n += 32) {
		config.eppis = n;
		takes(&config);
	}
	for (i = 0; i < FAKE_COUNT(bad_eppis); i++) {
		config.eppis = bad_eppis[i];
		refuses(&config, VIC_ERR_INVAL);
	}
}

static void vcpus_and_regions_that_a_config_may_have(void **state)
{
	struct vic_gic_config config = plain_config();
	uint32_t i;

	(void)state;
	config.max_vcpus = config.regions[0].count = 512;
	takes(&config);
	config.max_vcpus = config.regions[0].count = 513;
	refuses(&config, VIC_ERR_INVAL);
	config.max_vcpus = config.regions[0].count = 0;
	refuses(&config, VIC_ERR_INVAL);
	config = plain_config();
	config.regions[0].count = 3;
	refuses(&config, VIC_ERR_INVAL);
	config.regions[0].count = 5;
	refuses(&config, VIC_ERR_INVAL);
	config.regions[0].count = UINT32_MAX;
	refuses(&config, VIC_ERR_INVAL);
	config = plain_config();
	config.nr_regions = 0;
	refuses(&config, VIC_ERR_INVAL);
	config.nr_regions = VIC_GIC_MAX_REGIONS + 1;
	refuses(&config, VIC_ERR_INVAL);
	config = plain_config();
	config.regions[0].reserved = 1;
	refuses(&config, VIC_ERR_INVAL);
	config = plain_config();
	config.regions[0].base += 0x1000;
	refuses(&config, VIC_ERR_INVAL);
	config = plain_config();
	config.gicd_base += 0x8000;
	refuses(&config, VIC_ERR_INVAL);
	config = plain_config();
	config.ops = NULL;
	refuses(&config, VIC_ERR_INVAL);
	/* A region of none, in the middle. */
	config = plain_config();
	config.nr_regions = 3;
	for (i = 0; i < 3; i++) {
		config.regions[i].base = FAKE_GICR_BASE + i * 0x100000ull;
		config.regions[i].count = i == 1 ? 0 : 2;
	}
	refuses(&config, VIC_ERR_INVAL);
}

/* Frames that share an address. */
static void frames_that_overlap(void **state)
{
	struct vic_gic_config config = plain_config();

	(void)state;
	config.gicd_base = FAKE_GICR_BASE + 4 * VIC_GICR_FRAME_SIZE;
	takes(&config);
	config.gicd_base -= VIC_GICD_FRAME_SIZE;
	refuses(&config, VIC_ERR_INVAL);
	config = plain_config();
	config.nr_regions = 2;
	config.regions[0].count = 2;
	config.regions[1].count = 2;
	config.regions[1].base = FAKE_GICR_BASE + 2 * VIC_GICR_FRAME_SIZE;
	takes(&config);
	config.regions[1].base -= VIC_GICR_FRAME_SIZE;
	refuses(&config, VIC_ERR_INVAL);
	config = plain_config();
	config.regions[0].base = 0 - UINT64_C(2) * VIC_GICR_FRAME_SIZE;
	refuses(&config, VIC_ERR_INVAL);
}

static void sizes_and_flags_of_another_version(void **state)
{
	struct vic_gic_config config = plain_config();
	uint32_t flag;

	(void)state;
	config.size = 0;
	refuses(&config, VIC_ERR_ABI);
	config.size = sizeof(config) - 1;
	refuses(&config, VIC_ERR_ABI);
	config = plain_config();
	for (flag = 0; flag < 4; flag++) {
		config.flags = 1u << flag;
		takes(&config);
	}
	config.flags = 1u << 4;
	refuses(&config, VIC_ERR_ABI);
	config.flags = 1u << 31;
	refuses(&config, VIC_ERR_ABI);
}

/* A larger struct is fine if what is new in it is 0. */
static void a_larger_config(void **state)
{
	struct {
		struct vic_gic_config config;
		unsigned char more[16];
	} later;

	(void)state;
	memset(&later, 0, sizeof(later));
	later.config = plain_config();
	later.config.size = sizeof(later);
	takes(&later.config);
	later.more[15] = 1;
	refuses(&later.config, VIC_ERR_ABI);
}

static void storage_that_does_not_do(void **state)
{
	struct vic_gic_config config = plain_config();
	size_t size = vic_gic_size(&config);
	unsigned char *bytes = fake_gic_storage(size + 64);
	struct vic_gic *gic;

	(void)state;
	assert_int_equal(vic_gic_init(bytes, size - 1, &config, &gic),
			 VIC_ERR_STORAGE);
	assert_int_equal(vic_gic_init(bytes + 32, size, &config, &gic),
			 VIC_ERR_STORAGE);
	assert_int_equal(vic_gic_init(bytes, size, &config, &gic), VIC_OK);
}

static void redistributors_that_may_not_be(void **state)
{
	struct fake_gic_spec spec = {.vcpus = 4, .present = 2};
	struct vic_gicr_config config = {.size = sizeof(config)};
	struct vic_gicr_config bad;
	struct fake_gic vm;
	struct vic_vcpu_config vcpu_config = {
		.size = sizeof(vcpu_config),
		.index = 2,
		.ops = &fake_gic_ops,
	};
	struct vic_gicr *gicr;
	unsigned char *bytes;
	size_t size;

	(void)state;
	fake_gic_make(&vm, &spec);
	size = vic_gicr_size(vm.gic);
	bytes = fake_gic_storage(size + 64);
	assert_int_equal(vic_vcpu_init(fake_gic_storage(VIC_VCPU_SIZE),
				       VIC_VCPU_SIZE, &vcpu_config,
				       &config.vcpu),
			 VIC_OK);
	config.gic = vm.gic;
	config.affinity = 7;
	config.nr_lrs = 4;
	bad = config;
	bad.size--;
	assert_int_equal(vic_gicr_init(bytes, size, &bad, &gicr), VIC_ERR_ABI);
	bad = config;
	bad.flags = 1;
	assert_int_equal(vic_gicr_init(bytes, size, &bad, &gicr), VIC_ERR_ABI);
	bad = config;
	bad.nr_lrs = 0;
	assert_int_equal(vic_gicr_init(bytes, size, &bad, &gicr),
			 VIC_ERR_INVAL);
	bad.nr_lrs = 17;
	assert_int_equal(vic_gicr_init(bytes, size, &bad, &gicr),
			 VIC_ERR_INVAL);
	bad = config;
	bad.affinity = 1;
	assert_int_equal(vic_gicr_init(bytes, size, &bad, &gicr),
			 VIC_ERR_EXISTS);
	bad = config;
	bad.vcpu = vm.cpu[1].vcpu;
	assert_int_equal(vic_gicr_init(bytes, size, &bad, &gicr),
			 VIC_ERR_EXISTS);
	bad = config;
	bad.vcpu = NULL;
	assert_int_equal(vic_gicr_init(bytes, size, &bad, &gicr),
			 VIC_ERR_INVAL);
	assert_int_equal(vic_gicr_init(bytes, size - 1, &config, &gicr),
			 VIC_ERR_STORAGE);
	assert_int_equal(vic_gicr_init(bytes + 8, size, &config, &gicr),
			 VIC_ERR_STORAGE);
	/* None of these took the index or the affinity. */
	assert_int_equal(vic_gicr_init(bytes, size, &config, &gicr), VIC_OK);
}

static void an_index_beyond_the_last(void **state)
{
	struct fake_gic vm;
	struct vic_vcpu_config vcpu_config = {
		.size = sizeof(vcpu_config),
		.index = 2,
		.ops = &fake_gic_ops,
	};
	struct vic_gicr_config config = {
		.size = sizeof(config), .affinity = 9, .nr_lrs = 4};
	struct vic_gicr *gicr;
	size_t size;

	(void)state;
	fake_gic_plain(&vm, 2);
	size = vic_gicr_size(vm.gic);
	config.gic = vm.gic;
	assert_int_equal(vic_vcpu_init(fake_gic_storage(VIC_VCPU_SIZE),
				       VIC_VCPU_SIZE, &vcpu_config,
				       &config.vcpu),
			 VIC_OK);
	assert_int_equal(
		vic_gicr_init(fake_gic_storage(size), size, &config, &gicr),
		VIC_ERR_INVAL);
}

/* Hotplug: what was routed there, and broadcasts, find it. */
static void a_vcpu_that_comes_late(void **state)
{
	struct fake_gic_spec spec = {.vcpus = 4, .present = 2};
	struct fake_gic vm;
	struct fake_gic_cpu *late;

	(void)state;
	fake_gic_make(&vm, &spec);
	late = &vm.cpu[3];
	fake_gic_ready(&vm.cpu[0], 40, 0x80);
	fake_gic_route(&vm.cpu[0], 40, 0x0203);
	fake_gic_pulse(&vm.cpu[0], 40);
	assert_int_equal(fake_gic_peek(&vm.cpu[0], 40).home, 4);
	assert_int_equal(fake_gic_add(&vm, 3, 0x0203, 4), VIC_OK);
	fake_gicr_write(late, VIC_GICR_WAKER, 0);
	assert_int_equal(fake_gic_peek(&vm.cpu[0], 40).home, 3);
	fake_gic_runs_one(late, 40);
	fake_gic_ready(late, 1, 0x80);
	assert_int_equal(vic_gic_sysreg_write(vm.cpu[0].gicr, VIC_ICC_SGI1R_EL1,
					      UINT64_C(1) << 40 | 1u << 24),
			 VIC_ACCESS_DONE);
	fake_gic_runs_one(late, 1);
	fake_gic_pulse(late, 40);
	fake_gic_runs_one(late, 40);
}

/* Everything as vic_gic_init() and vic_gicr_init() made it. */
static void reset_forgets_all(void **state)
{
	struct fake_gic_spec spec = {
		.vcpus = 2, .espis = 32, .eppis = 32, .raw = true};
	static const uint32_t intids[] = {3, 20, 40, 1060, 4100};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	struct vic_gic_state before[FAKE_COUNT(intids)];
	size_t i;

	(void)state;
	fake_gic_make(&vm, &spec);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(intids); i++)
		before[i] = fake_gic_peek(cpu, intids[i]);
	fake_gicr_write(cpu, VIC_GICR_WAKER, 0);
	fake_gicd_write(cpu, VIC_GICD_CTLR, 3);
	for (i = 0; i < FAKE_COUNT(intids); i++) {
		fake_gic_ready(cpu, intids[i], (uint8_t)(0xa0 - 8 * i));
		fake_gic_group(cpu, intids[i], i % 2);
		fake_gic_set(cpu, FAKE_SET_PENDING, intids[i]);
		if (intids[i] >= VIC_INTID_PPI)
			fake_gic_line(cpu, intids[i], true);
	}
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 4100);
	fake_gic_leave(cpu);
	fake_gic_route(cpu, 40, 1);
	vic_gic_reset(vm.gic);
	memset(&cpu->lrs, 0, sizeof(cpu->lrs));
	cpu->lrs.vmcr = FAKE_VMCR;
	cpu->lrs.prebits = 5;
	for (i = 0; i < FAKE_COUNT(intids); i++) {
		struct vic_gic_state now = fake_gic_peek(cpu, intids[i]);

		assert_int_equal(now.enabled, before[i].enabled);
		assert_int_equal(now.pending, false);
		assert_int_equal(now.active, false);
		assert_int_equal(now.edge, before[i].edge);
		assert_int_equal(now.group1, before[i].group1);
		assert_int_equal(now.priority, before[i].priority);
		assert_int_equal(now.home, before[i].home);
		assert_false(now.resident);
	}
	assert_true(fake_gic_routed(cpu, 40) == 0);
	assert_int_equal(fake_gicd_read(cpu, VIC_GICD_CTLR),
			 VIC_GICD_CTLR_ARE | VIC_GICD_CTLR_DS);
	assert_int_equal(fake_gicr_read(cpu, VIC_GICR_WAKER),
			 VIC_GICR_WAKER_SLEEP | VIC_GICR_WAKER_ASLEEP);
	fake_gicr_write(cpu, VIC_GICR_WAKER, 0);
	fake_gicd_write(cpu, VIC_GICD_CTLR, 3);
	for (i = 0; i < FAKE_COUNT(intids); i++)
		fake_gic_set(cpu, FAKE_ENABLE, intids[i]);
	fake_gic_runs_none(cpu);
	fake_gic_set(cpu, FAKE_SET_PENDING, 40);
	fake_gic_set(cpu, FAKE_SET_PENDING, 3);
	fake_gic_runs(cpu, (const uint32_t[]){3, 40}, 2);
}

/* The embedder's locks: what is held, and how deep at most. */
static unsigned int held, deepest;

#define FLAGS UINT64_C(0x1234500000000000)

static uint64_t take_lock(uint32_t *word)
{
	assert_int_equal(*word, 0);
	*word = 1;
	if (++held > deepest)
		deepest = held;
	return FLAGS + held;
}

static void drop_lock(uint32_t *word, uint64_t flags)
{
	assert_int_equal(*word, 1);
	*word = 0;
	/* Nested locks are dropped in any order; the flags are its own. */
	assert_true(flags > FLAGS && flags <= FLAGS + deepest);
	assert_true(held-- > 0);
}

static void wake_unlocked(void *opaque)
{
	assert_int_equal(held, 0);
	fake_gic_ops.wake(opaque);
}

static void kick_unlocked(void *opaque)
{
	assert_int_equal(held, 0);
	fake_gic_ops.kick(opaque);
}

static void eoi_unlocked(void *opaque, uint32_t source, uint32_t number)
{
	assert_int_equal(held, 0);
	fake_gic_ops.eoi(opaque, source, number);
}

static void hw_unlocked(void *opaque, uint32_t pintid, bool active)
{
	assert_int_equal(held, 0);
	fake_gic_ops.hw_set_active(opaque, pintid, active);
}

static bool line_unlocked(void *opaque, uint32_t intid)
{
	assert_int_equal(held, 0);
	return fake_gic_ops.hw_line(opaque, intid);
}

static void callbacks_run_without_locks(void **state)
{
	static struct vic_vcpu_ops ops;
	struct fake_gic_spec spec = {.vcpus = 3, .nr_lrs = 1, .ops = &ops};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	ops = fake_gic_ops;
	ops.lock = take_lock;
	ops.unlock = drop_lock;
	ops.wake = wake_unlocked;
	ops.kick = kick_unlocked;
	ops.eoi = eoi_unlocked;
	ops.hw_set_active = hw_unlocked;
	ops.hw_line = line_unlocked;
	held = 0;
	deepest = 0;
	fake_gic_make(&vm, &spec);
	cpu = vm.cpu;
	assert_int_equal(vic_gic_link(vm.gic, NULL, 41, 77), VIC_OK);
	fake_gic_ready_level(cpu, 40, 0x80);
	fake_gic_ready_level(cpu, 41, 0x40);
	fake_gic_ready(&cpu[1], 1, 0x80);
	fake_gic_route(cpu, 40, 1);
	fake_gic_route(cpu, 41, 1);
	fake_gic_sleep(&cpu[1]);
	fake_gic_line(cpu, 40, true);
	assert_int_equal(cpu[1].wakes, 1);
	fake_gic_rise(&cpu[1]);
	cpu[1].eoi_lowers = true;
	fake_gic_enter(&cpu[1]);
	assert_int_equal(fake_gic_take(&cpu[1]), 40);
	fake_gic_line(cpu, 41, true);
	assert_int_equal(cpu[1].kicks, 1);
	fake_gic_turn(&cpu[1]);
	assert_int_equal(fake_gic_take(&cpu[1]), 41);
	fake_gic_route(cpu, 40, 2);
	fake_gic_route(cpu, 41, 2);
	assert_int_equal(vic_gic_sysreg_write(cpu[0].gicr, VIC_ICC_SGI1R_EL1,
					      UINT64_C(1) << 40 | 1u << 24),
			 VIC_ACCESS_DONE);
	fake_gic_eoi(&cpu[1], 41);
	fake_gic_eoi(&cpu[1], 40);
	fake_gic_leave(&cpu[1]);
	assert_int_equal(cpu[1].eois, 2);
	fake_gic_runs_one(&cpu[1], 1);
	fake_gicd_write(cpu, VIC_GICD_CTLR, 0);
	vic_gic_reset(vm.gic);
	assert_int_equal(held, 0);
	assert_true(deepest > 0 && deepest <= 3);
}

static void a_lock_without_an_unlock(void **state)
{
	static struct vic_vcpu_ops ops;
	struct vic_gic_config config = plain_config();

	(void)state;
	ops = fake_gic_ops;
	config.ops = &ops;
	ops.lock = take_lock;
	refuses_by_init(&config, VIC_ERR_INVAL);
	ops.unlock = drop_lock;
	takes(&config);
	ops.lock = NULL;
	refuses_by_init(&config, VIC_ERR_INVAL);
	ops = fake_gic_ops;
	ops.flags = 1;
	refuses_by_init(&config, VIC_ERR_ABI);
}

static void peek_tells_all(void **state)
{
	static const uint32_t none[] = {96,   1019, 1020, 1023, 1055,
					1056, 4096, 5120, 8192, UINT32_MAX};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	struct vic_gic_state look;
	size_t i;

	(void)state;
	fake_gic_plain(&vm, 2);
	cpu = &vm.cpu[1];
	for (i = 0; i < FAKE_COUNT(none); i++)
		assert_int_equal(
			vic_gic_peek(vm.gic, cpu->gicr, none[i], &look),
			VIC_ERR_ABSENT);
	fake_gic_ready_level(cpu, 40, 0x48);
	fake_gic_route(cpu, 40, 1);
	look = fake_gic_peek(cpu, 40);
	assert_true(look.enabled && look.group1);
	assert_false(look.pending || look.active || look.level || look.edge ||
		     look.resident);
	assert_int_equal(look.priority, 0x48);
	assert_int_equal(look.home, 1);
	fake_gic_line(cpu, 40, true);
	fake_gic_enter(cpu);
	look = fake_gic_peek(cpu, 40);
	assert_true(look.pending && look.level && look.resident);
	assert_int_equal(fake_gic_take(cpu), 40);
	fake_gic_leave(cpu);
	look = fake_gic_peek(cpu, 40);
	assert_true(look.pending && look.active && look.level);
	/* A private one is its owner's. */
	assert_int_equal(fake_gic_peek(cpu, 20).home, 1);
	assert_int_equal(fake_gic_peek(&vm.cpu[0], 20).home, 0);
	/* An SPI may be looked at without a vCPU. */
	assert_int_equal(vic_gic_peek(vm.gic, NULL, 40, &look), VIC_OK);
	assert_true(look.active);
	assert_int_equal(vic_gic_peek(vm.gic, NULL, 20, &look), VIC_ERR_ABSENT);
}

/* Two VMs in one program share nothing. */
static void two_vms(void **state)
{
	struct fake_gic a, b;

	(void)state;
	fake_gic_plain(&a, 1);
	fake_gic_plain(&b, 1);
	fake_gic_ready(&a.cpu[0], 40, 0x80);
	fake_gic_ready(&b.cpu[0], 40, 0x80);
	fake_gic_pulse(&a.cpu[0], 40);
	fake_gic_runs_none(&b.cpu[0]);
	fake_gic_runs_one(&a.cpu[0], 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_GIC_TEST(interrupts_that_a_config_may_have),
		FAKE_GIC_TEST(vcpus_and_regions_that_a_config_may_have),
		FAKE_GIC_TEST(frames_that_overlap),
		FAKE_GIC_TEST(sizes_and_flags_of_another_version),
		FAKE_GIC_TEST(a_larger_config),
		FAKE_GIC_TEST(storage_that_does_not_do),
		FAKE_GIC_TEST(redistributors_that_may_not_be),
		FAKE_GIC_TEST(an_index_beyond_the_last),
		FAKE_GIC_TEST(a_vcpu_that_comes_late),
		FAKE_GIC_TEST(reset_forgets_all),
		FAKE_GIC_TEST(callbacks_run_without_locks),
		FAKE_GIC_TEST(a_lock_without_an_unlock),
		FAKE_GIC_TEST(peek_tells_all),
		FAKE_GIC_TEST(two_vms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
