/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * SGIs from ICC_SGI1R_EL1, ICC_SGI0R_EL1 and ICC_ASGI1R_EL1: IHI 0069, 4.5
 * and 12.2. What the values mean is also in tests/ipi/test_sgi.c.
 */

#include "fake_gic.h"

#define IRM (UINT64_C(1) << 40)

static const uint32_t senders[] = {VIC_ICC_SGI1R_EL1, VIC_ICC_SGI0R_EL1,
				   VIC_ICC_ASGI1R_EL1};

/* Affinities of the usual VM: three clusters, Aff0 up to 0xff. */
static const uint32_t affinities[] = {
	0x00000000, 0x00000001, 0x00000010, 0x000000ff, 0x00000100,
	0x00010000, 0x01000000, 0x02030405, 0x02030415,
};
#define VCPUS FAKE_COUNT(affinities)

static uint64_t to(uint32_t affinity, uint32_t intid)
{
	uint64_t aff = affinity;

	return aff >> 24 << 48 | (aff >> 4 & 15) << 44 |
	       (aff >> 16 & 0xff) << 32 | (uint64_t)intid << 24 |
	       (aff >> 8 & 0xff) << 16 | UINT64_C(1) << (aff & 15);
}

static void send(struct fake_gic_cpu *cpu, uint32_t sysreg, uint64_t value)
{
	assert_int_equal(vic_gic_sysreg_write(cpu->gicr, sysreg, value),
			 VIC_ACCESS_DONE);
}

static void make(struct fake_gic *vm, uint32_t flags)
{
	struct fake_gic_spec spec = {
		.vcpus = VCPUS, .flags = flags, .affinities = affinities};
	uint32_t i, intid;

	fake_gic_make(vm, &spec);
	for (i = 0; i < VCPUS; i++)
		for (intid = 0; intid < 16; intid++)
			fake_gic_ready(&vm->cpu[i], intid, 0x80);
}

/* vCPUs at which @intid came, one bit each; nothing else may have come. */
static uint32_t reached(struct fake_gic *vm, uint32_t intid)
{
	uint32_t mask = 0;
	uint32_t i;

	for (i = 0; i < vm->count; i++) {
		uint32_t taken[2];
		uint32_t n = fake_gic_run(&vm->cpu[i], taken, 2);

		if (n == 0)
			continue;
		assert_int_equal(n, 1);
		assert_int_equal(taken[0], intid);
		mask |= 1u << i;
	}
	return mask;
}

/* GIC-51 */
static void gic_51_sgir_filter_3_sends_nothing(void **state)
{
	struct vic_ipi ipi;
	struct fake_gic vm;

	(void)state;
	assert_int_equal(
		vic_decode(VIC_SEND_GICD_SGIR, 3u << 24 | 0xff0001, &ipi),
		VIC_DECODE_INVALID);
	assert_int_equal(vic_decode(VIC_SEND_GICD_SGIR, 0x0001, &ipi),
			 VIC_DECODE_NOTHING);
	/* With affinity routing the register is RES0 altogether. */
	make(&vm, 0);
	fake_gicd_write(&vm.cpu[0], VIC_GICD_SGIR, 0x00ff0001);
	fake_gicd_write(&vm.cpu[0], VIC_GICD_SGIR, 1u << 24 | 1);
	assert_int_equal(reached(&vm, 1), 0);
}

/* GIC-53 */
static void gic_53_the_register_and_the_group(void **state)
{
	struct fake_gic vm;
	int any, group1;
	size_t i;

	(void)state;
	for (any = 0; any < 2; any++) {
		make(&vm, any ? VIC_GIC_SGI1R_ANY_GROUP : 0);
		for (group1 = 0; group1 < 2; group1++) {
			fake_gic_group(&vm.cpu[1], 7, group1);
			for (i = 0; i < 3; i++) {
				bool want = i == 0 ? any || group1 : !group1;

				send(&vm.cpu[0], senders[i], to(1, 7));
				assert_int_equal(reached(&vm, 7), want ? 2 : 0);
				assert_false(fake_gic_get(&vm.cpu[1],
							  FAKE_SET_PENDING, 7));
			}
		}
	}
}

/* It is each target's group that counts. */
static void gic_53_targets_of_different_groups(void **state)
{
	struct fake_gic vm;

	(void)state;
	make(&vm, 0);
	fake_gic_group(&vm.cpu[1], 7, false);
	fake_gic_group(&vm.cpu[5], 7, false);
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, IRM | 7u << 24);
	assert_int_equal(reached(&vm, 7), 0x1fe & ~0x22);
	send(&vm.cpu[0], VIC_ICC_SGI0R_EL1, IRM | 7u << 24);
	assert_int_equal(reached(&vm, 7), 0x22);
}

/* GIC-54 */
static void gic_54_irm_is_all_but_self(void **state)
{
	/* TargetList, Aff1, Aff2, Aff3, RS: ignored. */
	static const uint64_t rest[] = {0,
					0xffff,
					UINT64_C(0xff) << 16,
					UINT64_C(0xff) << 32,
					UINT64_C(0xff) << 48,
					UINT64_C(0xf) << 44};
	struct fake_gic vm;
	uint32_t from;
	size_t i;

	(void)state;
	make(&vm, 0);
	for (from = 0; from < VCPUS; from++)
		for (i = 0; i < FAKE_COUNT(rest); i++) {
			send(&vm.cpu[from], VIC_ICC_SGI1R_EL1,
			     IRM | 5u << 24 | rest[i]);
			assert_int_equal(reached(&vm, 5),
					 ((1u << VCPUS) - 1) & ~(1u << from));
		}
}

static void gic_54_every_affinity_field_counts(void **state)
{
	struct fake_gic vm;
	uint32_t i, intid;

	(void)state;
	make(&vm, 0);
	for (i = 0; i < VCPUS; i++)
		for (intid = 0; intid < 16; intid++) {
			/* Self too: IRM = 0 may name the sender. */
			send(&vm.cpu[i % 2], VIC_ICC_SGI1R_EL1,
			     to(affinities[i], intid));
			assert_int_equal(reached(&vm, intid), 1u << i);
		}
}

static void gic_54_lists(void **state)
{
	struct fake_gic vm;

	(void)state;
	make(&vm, 0);
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, 3u << 24 | 0x0003);
	assert_int_equal(reached(&vm, 3), 3);
	/* Only those that are there. */
	send(&vm.cpu[4], VIC_ICC_SGI1R_EL1, 3u << 24 | 0xffff);
	assert_int_equal(reached(&vm, 3), 3);
	/* RS = 15: Aff0 0xf0 to 0xff. */
	send(&vm.cpu[4], VIC_ICC_SGI1R_EL1,
	     UINT64_C(15) << 44 | 3u << 24 | 0xffff);
	assert_int_equal(reached(&vm, 3), 8);
	/* Two of another cluster, of which one is there. */
	send(&vm.cpu[4], VIC_ICC_SGI1R_EL1,
	     to(0x02030400, 3) ^ 1 ^ UINT64_C(0x60));
	assert_int_equal(reached(&vm, 3), 1u << 7);
	send(&vm.cpu[4], VIC_ICC_SGI1R_EL1,
	     to(0x02030410, 3) ^ 1 ^ UINT64_C(0x60));
	assert_int_equal(reached(&vm, 3), 1u << 8);
	/* An empty list. */
	send(&vm.cpu[4], VIC_ICC_SGI1R_EL1, 3u << 24);
	assert_int_equal(reached(&vm, 3), 0);
}

/* GIC-55 */
static void gic_55_an_sgi_waits_for_a_target_asleep(void **state)
{
	struct fake_gic vm;

	(void)state;
	make(&vm, 0);
	fake_gicr_write(&vm.cpu[1], VIC_GICR_WAKER, VIC_GICR_WAKER_SLEEP);
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, IRM | 9u << 24);
	assert_int_equal(reached(&vm, 9), 0x1fc);
	assert_true(fake_gic_get(&vm.cpu[1], FAKE_SET_PENDING, 9));
	fake_gicr_write(&vm.cpu[1], VIC_GICR_WAKER, 0);
	assert_int_equal(reached(&vm, 9), 2);
}

static void gic_55_an_sgi_waits_for_its_enable(void **state)
{
	struct fake_gic vm;

	(void)state;
	make(&vm, 0);
	fake_gic_set(&vm.cpu[1], FAKE_DISABLE, 9);
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, to(1, 9));
	assert_int_equal(reached(&vm, 9), 0);
	fake_gic_set(&vm.cpu[1], FAKE_ENABLE, 9);
	assert_int_equal(reached(&vm, 9), 2);
}

static void gic_55_a_target_that_is_not_there(void **state)
{
	struct fake_gic vm;
	const struct vic_counters *counters;
	uint64_t unmatched;

	(void)state;
	make(&vm, 0);
	counters = vic_vcpu_counters(vm.cpu[0].vcpu);
	unmatched = counters->unmatched;
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, to(0x03030405, 9));
	assert_int_equal(reached(&vm, 9), 0);
	assert_int_equal(counters->unmatched, unmatched + 1);
}

/* Nobody to send to, then one. */
static void gic_54_irm_of_a_vcpu_alone(void **state)
{
	struct fake_gic_spec spec = {.vcpus = 2, .present = 1};
	const struct vic_counters *counters;
	struct fake_gic vm;

	(void)state;
	fake_gic_make(&vm, &spec);
	counters = vic_vcpu_counters(vm.cpu[0].vcpu);
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, IRM | 3 << 24);
	assert_int_equal(counters->unmatched, 1);
	assert_int_equal(fake_gic_add(&vm, 1, 1, 4), VIC_OK);
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, IRM | 3 << 24);
	assert_int_equal(counters->unmatched, 1);
	assert_true(fake_gic_peek(&vm.cpu[1], 3).pending);
	assert_false(fake_gic_peek(&vm.cpu[0], 3).pending);
}

static void sgis_merge_until_acknowledged(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[1];
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, to(1, 9));
	send(&vm.cpu[2], VIC_ICC_SGI1R_EL1, to(1, 9));
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), 9);
	fake_gic_leave(cpu);
	/* One more while it is active. */
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, to(1, 9));
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, to(1, 9));
	assert_true(fake_gic_peek(cpu, 9).pending);
	assert_true(fake_gic_peek(cpu, 9).active);
	fake_gic_enter(cpu);
	fake_gic_eoi(cpu, 9);
	fake_gic_leave(cpu);
	assert_int_equal(reached(&vm, 9), 2);
	assert_int_equal(reached(&vm, 9), 0);
	/* An SGI is edge: nobody hears of its end. */
	assert_int_equal(cpu->eois, 0);
}

/* Silent in HOST, a kick in GUEST, a wake in BLOCKED: once each. */
static void sgis_reach_a_target_in_every_state(void **state)
{
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[1];
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, to(1, 1));
	assert_int_equal(cpu->kicks + cpu->wakes, 0);
	assert_int_equal(reached(&vm, 1), 2);
	fake_gic_enter(cpu);
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, to(1, 2));
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, to(1, 3));
	assert_int_equal(cpu->kicks, 1);
	fake_gic_turn(cpu);
	assert_int_equal(fake_gic_take(cpu), 2);
	fake_gic_eoi(cpu, 2);
	assert_int_equal(fake_gic_take(cpu), 3);
	fake_gic_eoi(cpu, 3);
	fake_gic_leave(cpu);
	fake_gic_sleep(cpu);
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, to(1, 4));
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, to(1, 5));
	assert_int_equal(cpu->wakes, 1);
	assert_int_equal(cpu->kicks, 1);
	fake_gic_rise(cpu);
	fake_gic_runs(cpu, (const uint32_t[]){4, 5}, 2);
}

static void senders_are_counted(void **state)
{
	struct fake_gic vm;
	const struct vic_counters *counters;

	(void)state;
	make(&vm, 0);
	counters = vic_vcpu_counters(vm.cpu[0].vcpu);
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, to(1, 9));
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, 3);
	send(&vm.cpu[0], VIC_ICC_SGI0R_EL1, to(1, 9));
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, IRM);
	assert_int_equal(counters->sent[VIC_DEST_AFFINITY][VIC_SGI_GROUP1], 2);
	assert_int_equal(counters->sent[VIC_DEST_AFFINITY][VIC_SGI_GROUP0], 1);
	assert_int_equal(counters->sent[VIC_DEST_OTHERS][VIC_SGI_GROUP1], 1);
	counters = vic_vcpu_counters(vm.cpu[1].vcpu);
	assert_int_equal(counters->sent[VIC_DEST_AFFINITY][VIC_SGI_GROUP1], 0);
}

static void the_matrix_counts_by_source_and_target(void **state)
{
	static uint64_t matrix[3 * 3];
	struct fake_gic_spec spec = {.vcpus = 3, .matrix = matrix};
	struct fake_gic vm;
	uint32_t i, intid;

	(void)state;
	for (i = 0; i < 9; i++)
		matrix[i] = 0;
	fake_gic_make(&vm, &spec);
	for (i = 0; i < 3; i++)
		for (intid = 0; intid < 16; intid++)
			fake_gic_ready(&vm.cpu[i], intid, 0x80);
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, 2);
	/* Merged: counted all the same. */
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, 2);
	send(&vm.cpu[1], VIC_ICC_SGI1R_EL1, IRM);
	send(&vm.cpu[2], VIC_ICC_SGI1R_EL1, 7);
	for (i = 0; i < 9; i++) {
		static const uint64_t want[] = {0, 2, 0, 1, 0, 1, 1, 1, 1};

		assert_int_equal(matrix[i], want[i]);
	}
}

static void a_broadcast_in_the_largest_vm(void **state)
{
	struct fake_gic vm;
	uint32_t i, taken;

	(void)state;
	fake_gic_plain(&vm, 512);
	for (i = 0; i < 512; i++)
		fake_gic_ready(&vm.cpu[i], 0, 0x80);
	send(&vm.cpu[300], VIC_ICC_SGI1R_EL1, IRM);
	for (i = 0; i < 512; i++) {
		assert_int_equal(fake_gic_run(&vm.cpu[i], &taken, 1), i != 300);
		if (i != 300)
			assert_int_equal(taken, 0);
	}
}

static unsigned int kick_calls, kicked_together;

static void kick_each(void *const *opaques, uint32_t n)
{
	assert_in_range(n, 2, VIC_KICK_MANY);
	kick_calls++;
	kicked_together += n;
	for (uint32_t i = 0; i < n; i++)
		((struct fake_gic_cpu *)opaques[i])->kicks++;
}

/* All in GUEST but vCPU 1, which is in HOST. */
static void enter_all(struct fake_gic *vm)
{
	kick_calls = kicked_together = 0;
	for (uint32_t i = 0; i < vm->count; i++) {
		struct fake_gic_cpu *cpu = &vm->cpu[i];

		fake_gic_ready(cpu, 7, 0x80);
		cpu->kicks = 0;
		if (i == 1)
			continue;
		vic_gic_flush(cpu->gicr, &cpu->lrs);
		assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_GUEST);
	}
}

/* One call for many targets, if the embedder has one for it. */
static void many_targets_are_kicked_together(void **state)
{
	struct vic_vcpu_ops ops = fake_gic_ops;
	struct fake_gic_spec spec = {.vcpus = 100, .ops = &ops};
	const struct vic_counters *counters;
	struct fake_gic vm;

	(void)state;
	ops.kick_many = kick_each;
	fake_gic_make(&vm, &spec);
	enter_all(&vm);
	counters = vic_vcpu_counters(vm.cpu[0].vcpu);
	/* With IRM the rest of the register says nothing. */
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, IRM | 7u << 24 | 1);
	assert_int_equal(kicked_together, 98);
	assert_int_equal(kick_calls, (98 + VIC_KICK_MANY - 1) / VIC_KICK_MANY);
	assert_int_equal(counters->vectors.kicked, 98);
	assert_int_equal(counters->vectors.silent, 1);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(vm.cpu[i].kicks, i > 1);
	/* They are told already. */
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, IRM | 7u << 24);
	assert_int_equal(kicked_together, 98);
	assert_int_equal(counters->vectors.merged, 99);
}

static void a_list_is_kicked_together(void **state)
{
	struct vic_vcpu_ops ops = fake_gic_ops;
	struct fake_gic_spec spec = {.vcpus = 4, .ops = &ops};
	struct fake_gic vm;

	(void)state;
	ops.kick_many = kick_each;
	fake_gic_make(&vm, &spec);
	enter_all(&vm);
	send(&vm.cpu[0], VIC_ICC_SGI1R_EL1, 7u << 24 | 0xe);
	assert_int_equal(kick_calls, 1);
	assert_int_equal(kicked_together, 2);
	assert_int_equal(vm.cpu[1].kicks, 0);
	assert_int_equal(vm.cpu[2].kicks, 1);
	assert_int_equal(vm.cpu[3].kicks, 1);
}

static void other_system_registers_are_foreign(void **state)
{
	/* ICC_IAR1_EL1, ICC_CTLR_EL1, and none at all. */
	static const uint32_t others[] = {VIC_SYSREG(3u, 0u, 12u, 12u, 0u),
					  VIC_SYSREG(3u, 0u, 12u, 12u, 4u), 0,
					  UINT32_MAX};
	struct fake_gic vm;
	struct fake_gic_cpu *cpu;
	uint64_t value;
	size_t i;

	(void)state;
	make(&vm, 0);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(others); i++) {
		assert_int_equal(vic_gic_sysreg_write(cpu->gicr, others[i], 0),
				 VIC_ACCESS_FOREIGN);
		assert_int_equal(
			vic_gic_sysreg_read(cpu->gicr, others[i], &value),
			VIC_ACCESS_FOREIGN);
	}
	for (i = 0; i < 3; i++)
		assert_int_not_equal(
			vic_gic_sysreg_read(cpu->gicr, senders[i], &value),
			VIC_ACCESS_DONE);
	send(cpu, VIC_ICC_SRE_EL1, 0);
	assert_int_equal(
		vic_gic_sysreg_read(cpu->gicr, VIC_ICC_SRE_EL1, &value),
		VIC_ACCESS_DONE);
	assert_int_equal(value, VIC_ICC_SRE_VALUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_GIC_TEST(gic_51_sgir_filter_3_sends_nothing),
		FAKE_GIC_TEST(gic_53_the_register_and_the_group),
		FAKE_GIC_TEST(gic_53_targets_of_different_groups),
		FAKE_GIC_TEST(gic_54_irm_is_all_but_self),
		FAKE_GIC_TEST(gic_54_irm_of_a_vcpu_alone),
		FAKE_GIC_TEST(gic_54_every_affinity_field_counts),
		FAKE_GIC_TEST(gic_54_lists),
		FAKE_GIC_TEST(gic_55_an_sgi_waits_for_a_target_asleep),
		FAKE_GIC_TEST(gic_55_an_sgi_waits_for_its_enable),
		FAKE_GIC_TEST(gic_55_a_target_that_is_not_there),
		FAKE_GIC_TEST(sgis_merge_until_acknowledged),
		FAKE_GIC_TEST(sgis_reach_a_target_in_every_state),
		FAKE_GIC_TEST(senders_are_counted),
		FAKE_GIC_TEST(the_matrix_counts_by_source_and_target),
		FAKE_GIC_TEST(a_broadcast_in_the_largest_vm),
		FAKE_GIC_TEST(many_targets_are_kicked_together),
		FAKE_GIC_TEST(a_list_is_kicked_together),
		FAKE_GIC_TEST(other_system_registers_are_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
