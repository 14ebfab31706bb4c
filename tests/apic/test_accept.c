/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Disabled APICs and the choice of one target: SDM vol. 3, 10.4.3, 10.4.7.2
 * and 10.6.2.4.
 */

#include "fake_vmm.h"

static void software_disable(struct fake_vcpu *cpu)
{
	fake_write(cpu, VIC_APIC_SVR, VIC_SVR_RESET);
}

/* The modes that a software-disabled APIC accepts, and how they show. */
static const struct {
	enum vic_delivery_mode mode;
	uint32_t work;
} always[] = {
	{VIC_MODE_SMI, VIC_WORK_SMI},
	{VIC_MODE_NMI, VIC_WORK_NMI},
	{VIC_MODE_INIT, VIC_WORK_INIT},
};

/* APIC-25 */
static void apic_25_software_disabled_drops_fixed(void **state)
{
	int x2apic, mode;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++)
		for (mode = 0; mode < 2; mode++) {
			struct fake_vm vm;
			uint64_t icr = FAKE_MODE(mode) | 0x41;

			fake_vm_plain(&vm, 3, x2apic);
			software_disable(&vm.cpu[1]);
			fake_block(&vm.cpu[1]);
			fake_icr(&vm.cpu[0],
				 icr | (x2apic ? FAKE_TO32(1) : FAKE_TO8(1)));
			if (mode == VIC_MODE_FIXED)
				fake_icr(&vm.cpu[0], icr | VIC_ICR_OTHERS);
			assert_int_equal(vm.cpu[1].wakes, 0);
			vic_vcpu_unblock(vm.cpu[1].vcpu);
			assert_int_equal(fake_take(&vm, 0x41),
					 mode == VIC_MODE_FIXED ? 4 : 0);
			/* Nothing is kept for later either. */
			fake_vcpu_start(&vm.cpu[1]);
			assert_int_equal(fake_take(&vm, 0x41), 0);
		}
}

static void apic_25_software_disabled_takes_the_rest(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(always); i++) {
		struct fake_vm vm;

		fake_vm_plain(&vm, 2, i & 1);
		software_disable(&vm.cpu[1]);
		fake_block(&vm.cpu[1]);
		fake_icr(&vm.cpu[0],
			 VIC_ICR_OTHERS | FAKE_MODE(always[i].mode));
		assert_int_equal(vm.cpu[1].wakes, 1);
		vic_vcpu_unblock(vm.cpu[1].vcpu);
		assert_int_equal(fake_work(&vm, always[i].work), 2);
	}
}

static void apic_25_software_disabled_takes_sipi(void **state)
{
	struct fake_spec spec = {.vcpus = 2, .raw = true};
	struct fake_vm vm;

	(void)state;
	/* An AP's APIC is software-disabled when its first SIPI comes. */
	fake_vm_make(&vm, &spec);
	fake_icr(&vm.cpu[0], FAKE_TO8(1) | FAKE_MODE(VIC_MODE_SIPI) | 0x9a);
	assert_int_equal(fake_work(&vm, VIC_WORK_SIPI), 2);
}

static void apic_25_software_disabled_sends(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	software_disable(&vm.cpu[0]);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(1) | 0x41), 2);
	assert_int_equal(fake_send(&vm, 0, VIC_ICR_ALL | 0x41), 2);
	fake_icr(&vm.cpu[0], FAKE_TO8(1) | FAKE_MODE(VIC_MODE_NMI));
	assert_int_equal(fake_work(&vm, VIC_WORK_NMI), 2);
}

static void apic_25_software_disable_keeps_irr_and_isr(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct vic_work work;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	cpu = &vm.cpu[1];
	fake_serve(&vm, cpu, 0x51);
	vic_vcpu_post(cpu->vcpu, &vm.device, 0x61, false);
	fake_harvest(cpu);
	/* Accepted before, and still in the inbox. */
	vic_vcpu_post(cpu->vcpu, &vm.device, 0x71, false);
	software_disable(cpu);
	fake_harvest(cpu);
	assert_true(fake_bit(cpu, VIC_APIC_ISR, 0x51));
	assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x61));
	assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x71));
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_false(fake_bit(cpu, VIC_APIC_ISR, 0x51));
	fake_vcpu_start(cpu);
	assert_true(vic_lapic_scan(cpu->lapic, VIC_CAN_IRQ, &work) &
		    VIC_WORK_IRQ);
	assert_int_equal(work.vector, 0x71);
}

static void apic_25_hardware_disabled_drops_everything(void **state)
{
	static const uint32_t modes[] = {0, 0x100, 0x200, 0x400, 0x500, 0x600};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(modes); i++) {
		struct fake_vm vm;

		fake_vm_plain(&vm, 2, i & 1);
		fake_hardware_enable(&vm.cpu[1], false);
		fake_block(&vm.cpu[1]);
		fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | modes[i] | 0x41);
		fake_icr(&vm.cpu[0], (i & 1 ? FAKE_TO32(1) : FAKE_TO8(1)) |
					     modes[i] | 0x41);
		vic_msi(vm.bus, &vm.device, 0xfee01000, modes[i] | 0x41);
		vic_msi(vm.bus, &vm.device, 0xfeeff000, 0x441);
		assert_int_equal(vm.cpu[1].wakes, 0);
		vic_vcpu_unblock(vm.cpu[1].vcpu);
		assert_int_equal(fake_work(&vm, ~0u) & 2, 0);
		fake_hardware_enable(&vm.cpu[1], true);
		fake_write(&vm.cpu[1], VIC_APIC_SVR, 0x1ff);
		assert_int_equal(fake_work(&vm, ~0u) & 2, 0);
		/* It is back. */
		fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | 0x41);
		assert_int_equal(fake_take(&vm, 0x41) & 2, 2);
	}
}

static void apic_25_hardware_disable_discards_the_inbox(void **state)
{
	struct fake_vm vm;
	struct vic_vcpu_inbox inbox;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	fake_icr(&vm.cpu[0], FAKE_TO8(1) | 0x41);
	vic_vcpu_peek(vm.cpu[1].vcpu, &inbox);
	assert_int_equal(inbox.pir[1], 2);
	fake_hardware_enable(&vm.cpu[1], false);
	vic_vcpu_peek(vm.cpu[1].vcpu, &inbox);
	assert_int_equal(inbox.pir[1], 0);
	assert_int_equal(vic_vcpu_counters(vm.cpu[1].vcpu)->discarded, 1);
	fake_hardware_enable(&vm.cpu[1], true);
	fake_write(&vm.cpu[1], VIC_APIC_SVR, 0x1ff);
	assert_int_equal(fake_take(&vm, 0x41), 0);
}

/* A sender that was late, or a device that asked no bus. */
static void apic_25_posted_while_disabled(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	cpu = &vm.cpu[1];
	software_disable(cpu);
	vic_vcpu_post(cpu->vcpu, &vm.device, 0x41, false);
	vic_vcpu_post(cpu->vcpu, &vm.device, 0xf1, false);
	assert_int_equal(fake_work(&vm, ~0u), 0);
	assert_false(fake_bit(cpu, VIC_APIC_IRR, 0x41));
	assert_false(fake_bit(cpu, VIC_APIC_IRR, 0xf1));
	assert_int_equal(vic_vcpu_counters(cpu->vcpu)->discarded, 2);
	fake_vcpu_start(cpu);
	assert_int_equal(fake_take(&vm, 0x41), 0);
}

/* Targets that @icr reaches for each vector; each must be one of @set. */
static uint64_t spread(struct fake_vm *vm, uint64_t icr, uint64_t set)
{
	uint64_t seen = 0;
	uint32_t vector;

	for (vector = 16; vector < 256; vector++) {
		uint64_t first = fake_send(vm, 0, icr | vector);

		assert_int_equal(__builtin_popcountll(first), 1);
		assert_int_equal(first & ~set, 0);
		assert_int_equal(fake_send(vm, 0, icr | vector), first);
		seen |= first;
	}
	return seen;
}

/* APIC-28 */
static void apic_28_lowest_priority_reaches_exactly_one(void **state)
{
	const uint64_t mode = FAKE_MODE(VIC_MODE_LOWEST);
	const uint64_t flat = FAKE_TO8(0x0e) | VIC_ICR_LOGICAL | mode;
	struct fake_vm vm;
	uint32_t i;

	(void)state;
	fake_vm_plain(&vm, 4, false);
	for (i = 0; i < 4; i++)
		fake_write(&vm.cpu[i], VIC_APIC_LDR, UINT32_C(1) << (24 + i));
	assert_int_equal(spread(&vm, flat, 14), 14);
	/* A disabled slot is skipped, its interrupts are not lost. */
	software_disable(&vm.cpu[2]);
	assert_int_equal(spread(&vm, flat, 10), 10);
	fake_hardware_enable(&vm.cpu[1], false);
	assert_int_equal(spread(&vm, flat, 8), 8);
	software_disable(&vm.cpu[3]);
	assert_int_equal(fake_send(&vm, 0, flat | 0x41), 0);
	/* Physical: the one. */
	fake_vcpu_start(&vm.cpu[2]);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(2) | mode | 0x41), 4);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(3) | mode | 0x41), 0);
}

static void apic_28_lowest_priority_in_an_x2apic_cluster(void **state)
{
	const uint64_t icr = FAKE_TO32(0xffff) | VIC_ICR_LOGICAL |
			     FAKE_MODE(VIC_MODE_LOWEST);
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 20, true);
	assert_int_equal(spread(&vm, icr, 0xffff), 0xffff);
	software_disable(&vm.cpu[7]);
	assert_int_equal(spread(&vm, icr, 0xff7f), 0xff7f);
}

static void apic_28_arbitration_takes_the_lowest_ppr(void **state)
{
	const uint64_t icr =
		FAKE_TO8(0x0f) | VIC_ICR_LOGICAL | FAKE_MODE(VIC_MODE_LOWEST);
	struct fake_spec spec = {
		.vcpus = 4,
		.bus_flags = VIC_BUS_ARBITRATE,
	};
	struct fake_vm vm;
	uint32_t i;

	(void)state;
	fake_vm_make(&vm, &spec);
	for (i = 0; i < 4; i++) {
		fake_write(&vm.cpu[i], VIC_APIC_LDR, UINT32_C(1) << (24 + i));
		fake_write(&vm.cpu[i], VIC_APIC_TPR, 0x80 - 0x10 * i);
	}
	assert_int_equal(spread(&vm, icr, 8), 8);
	/* What is in service counts as much as TPR. */
	vic_vcpu_post(vm.cpu[3].vcpu, &vm.device, 0xc1, false);
	fake_harvest(&vm.cpu[3]);
	assert_int_equal(vic_lapic_ack(vm.cpu[3].lapic, 0xc1), VIC_OK);
	fake_icr(&vm.cpu[0], icr | 0x41);
	assert_int_equal(fake_take(&vm, 0x41), 4);
	fake_write(&vm.cpu[3], VIC_APIC_EOI, 0);
	assert_int_equal(spread(&vm, icr, 8), 8);
	vic_lapic_set_tpr(vm.cpu[1].lapic, 0x10);
	assert_int_equal(spread(&vm, icr, 2), 2);
	/* The lowest of those that accept. */
	software_disable(&vm.cpu[1]);
	assert_int_equal(spread(&vm, icr, 8), 8);
}

/* Processors that cannot send it: a policy. Messages have it all the same. */
static void apic_28_no_lowest_priority_by_icr(void **state)
{
	static const uint32_t kinds[] = {0, VIC_ICR_LOGICAL, VIC_ICR_OTHERS};
	struct fake_spec spec = {
		.vcpus = 3,
		.bus_flags = VIC_BUS_NO_LOWEST,
	};
	struct fake_vm vm;
	size_t i;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		spec.lapic_flags = x2apic ? VIC_LAPIC_X2APIC : 0;
		fake_vm_make(&vm, &spec);
		for (i = 0; i < FAKE_COUNT(kinds); i++) {
			uint64_t icr = (x2apic ? FAKE_TO32(2) : FAKE_TO8(2)) |
				       FAKE_MODE(VIC_MODE_LOWEST) | kinds[i];

			fake_icr(&vm.cpu[0], icr | 0x41);
			assert_int_equal(fake_take(&vm, 0x41), 0);
			assert_int_equal(fake_esr(&vm.cpu[0]), 0x10);
			/* An illegal vector is no error besides. */
			fake_icr(&vm.cpu[0], icr | 3);
			assert_int_equal(fake_work(&vm, ~0u), 0);
			assert_int_equal(fake_esr(&vm.cpu[0]), 0x10);
			assert_int_equal(fake_esr(&vm.cpu[2]), 0);
		}
		fake_icr(&vm.cpu[0], VIC_ICR_SELF | 0x41);
		assert_int_equal(fake_take(&vm, 0x41), 1);
		assert_int_equal(fake_esr(&vm.cpu[0]), 0);
		assert_int_equal(fake_msi(&vm, 0xfee02000, 0x141), 4);
		assert_int_equal(fake_esr(&vm.cpu[2]), 0);
		/* It is an error like others. */
		fake_write(&vm.cpu[0], VIC_APIC_LVT_ERROR, 0xfe);
		fake_icr(&vm.cpu[0], FAKE_MODE(VIC_MODE_LOWEST) | 0x41);
		fake_complete(&vm.cpu[0], 0xfe);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(apic_25_software_disabled_drops_fixed),
		FAKE_TEST(apic_25_software_disabled_takes_the_rest),
		FAKE_TEST(apic_25_software_disabled_takes_sipi),
		FAKE_TEST(apic_25_software_disabled_sends),
		FAKE_TEST(apic_25_software_disable_keeps_irr_and_isr),
		FAKE_TEST(apic_25_hardware_disabled_drops_everything),
		FAKE_TEST(apic_25_hardware_disable_discards_the_inbox),
		FAKE_TEST(apic_25_posted_while_disabled),
		FAKE_TEST(apic_28_lowest_priority_reaches_exactly_one),
		FAKE_TEST(apic_28_lowest_priority_in_an_x2apic_cluster),
		FAKE_TEST(apic_28_arbitration_takes_the_lowest_ppr),
		FAKE_TEST(apic_28_no_lowest_priority_by_icr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
