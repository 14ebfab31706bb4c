/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The local vector table: SDM vol. 3, 10.5.1, 10.4.7.2 and 10.12.1.3. Its
 * errors are in test_error.c, LINT0 and LINT1 as wires in test_lint.c, the
 * timer's counting in test_timer.c.
 */

#include "fake_vmm.h"

/* What may be written, and what is read-only, in each entry. */
static const struct {
	uint32_t offset, writable, read_only;
} lvts[] = {
	{VIC_APIC_LVT_CMCI, 0x107ff, 0x1000},
	{VIC_APIC_LVT_TIMER, 0x700ff, 0x1000},
	{VIC_APIC_LVT_THERMAL, 0x107ff, 0x1000},
	{VIC_APIC_LVT_PERF, 0x107ff, 0x1000},
	{VIC_APIC_LVT_LINT0, 0x1a7ff, 0x5000},
	{VIC_APIC_LVT_LINT1, 0x1a7ff, 0x5000},
	{VIC_APIC_LVT_ERROR, 0x100ff, 0x1000},
};

/* Those with a delivery mode. */
static const uint32_t with_mode[] = {
	VIC_APIC_LVT_CMCI,  VIC_APIC_LVT_THERMAL, VIC_APIC_LVT_PERF,
	VIC_APIC_LVT_LINT0, VIC_APIC_LVT_LINT1,
};

static void make(struct fake_vm *vm, uint32_t lapic_flags, uint32_t bus_flags)
{
	struct fake_spec spec = {
		.vcpus = 1,
		.lapic_flags = lapic_flags,
		.bus_flags = bus_flags,
	};

	fake_reset(NULL);
	fake_vm_make(vm, &spec);
}

/* One vCPU with all entries, in either mode. */
static void whole(struct fake_vm *vm, bool x2apic)
{
	make(vm, VIC_LAPIC_CMCI | (x2apic ? VIC_LAPIC_X2APIC : 0u), 0);
}

static bool is_lint(uint32_t offset)
{
	return offset == VIC_APIC_LVT_LINT0 || offset == VIC_APIC_LVT_LINT1;
}

static void expect_reset(struct fake_vcpu *cpu)
{
	size_t i;

	for (i = 0; i < FAKE_COUNT(lvts); i++)
		assert_int_equal(fake_read(cpu, lvts[i].offset), 0x10000);
	assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_ICR), 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_CCR), 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_DCR), 0);
}

/* Everything unmasked, and the timer running. */
static void use_all(struct fake_vcpu *cpu)
{
	size_t i;

	for (i = 0; i < FAKE_COUNT(lvts); i++)
		fake_write(cpu, lvts[i].offset, 0x61 + 16 * i);
	fake_write(cpu, VIC_APIC_TIMER_DCR, 0xb);
	fake_write(cpu, VIC_APIC_TIMER_ICR, 1000);
}

/* APIC-47 */
static void apic_47_reset_values(void **state)
{
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		struct fake_spec spec = {
			.vcpus = 2,
			.lapic_flags = VIC_LAPIC_CMCI |
				       (x2apic ? VIC_LAPIC_X2APIC : 0u),
			.raw = true,
		};
		struct fake_vm vm;
		uint32_t i;

		fake_vm_make(&vm, &spec);
		for (i = 0; i < 2; i++) {
			expect_reset(&vm.cpu[i]);
			fake_vcpu_start(&vm.cpu[i]);
			use_all(&vm.cpu[i]);
			vic_lapic_reset(vm.cpu[i].lapic);
			expect_reset(&vm.cpu[i]);
		}
		/* Of an INIT, too. */
		fake_vcpu_start(&vm.cpu[1]);
		use_all(&vm.cpu[1]);
		fake_request(&vm.cpu[1], VIC_REQUEST_INIT, 0);
		fake_harvest(&vm.cpu[1]);
		assert_int_equal(vic_lapic_ack_init(vm.cpu[1].lapic), VIC_OK);
		expect_reset(&vm.cpu[1]);
	}
}

static void apic_47_hardware_disable_resets(void **state)
{
	static const uint64_t base = VIC_APIC_BASE_RESET | VIC_APIC_BASE_BSP;
	struct fake_vm vm;
	struct vic_lapic *lapic;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		whole(&vm, x2apic);
		lapic = vm.cpu[0].lapic;
		use_all(&vm.cpu[0]);
		assert_int_equal(
			vic_lapic_msr_write(lapic, VIC_MSR_APIC_BASE, base),
			VIC_ACCESS_DONE);
		assert_int_equal(vic_lapic_msr_write(lapic, VIC_MSR_APIC_BASE,
						     base | VIC_APIC_BASE_EN),
				 VIC_ACCESS_DONE);
		expect_reset(&vm.cpu[0]);
	}
}

/* APIC-46 */
static void apic_46_mmio_stores_what_is_writable(void **state)
{
	static const uint32_t values[] = {0xffffffff, 0x12345678, 0xfffeffff,
					  0xedcba987, 0x00010000, 0};
	struct fake_vm vm;
	size_t i, j;

	(void)state;
	whole(&vm, false);
	for (i = 0; i < FAKE_COUNT(lvts); i++)
		for (j = 0; j < FAKE_COUNT(values); j++) {
			fake_write(&vm.cpu[0], lvts[i].offset, values[j]);
			assert_int_equal(fake_read(&vm.cpu[0], lvts[i].offset),
					 values[j] & lvts[i].writable);
		}
	fake_write(&vm.cpu[0], VIC_APIC_TIMER_DCR, 0xffffffff);
	assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_TIMER_DCR), 0xb);
	assert_int_equal(fake_esr(&vm.cpu[0]), 0);
}

static void apic_46_wrmsr_faults_on_the_rest(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint32_t bit;
	size_t i;

	(void)state;
	whole(&vm, true);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(lvts); i++)
		for (bit = 0; bit < 64; bit++) {
			uint64_t value = UINT64_C(1) << bit;
			bool legal =
				(lvts[i].writable | lvts[i].read_only) & value;

			fake_write(cpu, lvts[i].offset, 0x10031);
			assert_int_equal(
				vic_lapic_msr_write(cpu->lapic,
						    FAKE_MSR(lvts[i].offset),
						    value),
				legal ? VIC_ACCESS_DONE : VIC_ACCESS_FAULT);
			assert_int_equal(fake_read(cpu, lvts[i].offset),
					 legal ? value & lvts[i].writable
					       : 0x10031);
		}
	assert_int_equal(fake_esr(cpu), 0);
}

static void apic_46_without_tsc_deadline(void **state)
{
	struct fake_vm vm;
	struct vic_lapic *lapic;

	(void)state;
	make(&vm, VIC_LAPIC_NO_TSC_DEADLINE, 0);
	fake_write(&vm.cpu[0], VIC_APIC_LVT_TIMER, 0xffffffff);
	assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_LVT_TIMER), 0x300ff);
	fake_x2apic(&vm.cpu[0]);
	lapic = vm.cpu[0].lapic;
	assert_int_equal(vic_lapic_msr_write(
				 lapic, FAKE_MSR(VIC_APIC_LVT_TIMER), 0x40031),
			 VIC_ACCESS_FAULT);
	assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_LVT_TIMER), 0x300ff);
	fake_write(&vm.cpu[0], VIC_APIC_LVT_TIMER, 0x20031);
	assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_LVT_TIMER), 0x20031);
}

/* APIC-45 */
static void apic_45_software_disable_masks(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		whole(&vm, x2apic);
		cpu = &vm.cpu[0];
		for (i = 0; i < FAKE_COUNT(lvts); i++)
			fake_write(cpu, lvts[i].offset, 0x41 + i);
		vic_vcpu_post(cpu->vcpu, &vm.device, 0x91, true);
		fake_harvest(cpu);
		fake_write(cpu, VIC_APIC_SVR, 0xff);
		for (i = 0; i < FAKE_COUNT(lvts); i++) {
			assert_int_equal(fake_read(cpu, lvts[i].offset),
					 0x10041 + i);
			/* Writes take the rest and leave it masked. */
			fake_write(cpu, lvts[i].offset, 0x51 + i);
			assert_int_equal(fake_read(cpu, lvts[i].offset),
					 0x10051 + i);
		}
		assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x91));
		assert_true(fake_bit(cpu, VIC_APIC_TMR, 0x91));
		fake_write(cpu, VIC_APIC_SVR, 0x1ff);
		for (i = 0; i < FAKE_COUNT(lvts); i++) {
			assert_int_equal(fake_read(cpu, lvts[i].offset),
					 0x10051 + i);
			fake_write(cpu, lvts[i].offset, 0x61 + i);
			assert_int_equal(fake_read(cpu, lvts[i].offset),
					 0x61 + i);
		}
	}
}

static void apic_45_nothing_comes_while_disabled(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;
	int mode;

	(void)state;
	for (mode = 0; mode < 5; mode += 2) {
		whole(&vm, mode == 2);
		cpu = &vm.cpu[0];
		for (i = 0; i < FAKE_COUNT(with_mode); i++)
			fake_write(cpu, with_mode[i], FAKE_MODE(mode) | 0x51);
		fake_write(cpu, VIC_APIC_LVT_TIMER, 0x52);
		fake_write(cpu, VIC_APIC_LVT_ERROR, 0x53);
		fake_write(cpu, VIC_APIC_SVR, 0xff);
		for (i = 0; i < FAKE_COUNT(lvts); i++)
			fake_fire(cpu, lvts[i].offset);
		assert_int_equal(fake_todo(cpu), 0);
		fake_write(cpu, VIC_APIC_SVR, 0x1ff);
		assert_int_equal(fake_todo(cpu), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_IRR + 0x20), 0);
		/* The error itself is recorded. */
		assert_int_equal(fake_esr(cpu), 0x20);
	}
}

/* Every source in every mode: what comes of it. */
static void delivery_modes(void **state)
{
	static const uint32_t works[] = {
		[VIC_MODE_FIXED] = VIC_WORK_IRQ,
		[VIC_MODE_SMI] = VIC_WORK_SMI,
		[VIC_MODE_NMI] = VIC_WORK_NMI,
		[VIC_MODE_INIT] = VIC_WORK_INIT,
	};
	size_t i;
	uint32_t mode;
	int level;

	(void)state;
	for (i = 0; i < FAKE_COUNT(with_mode); i++)
		for (mode = 0; mode <= VIC_MODE_INIT; mode++)
			for (level = 0; level < 2; level++) {
				struct fake_vm vm;
				struct fake_vcpu *cpu = NULL;
				uint32_t lvt = mode << VIC_LVT_MODE_SHIFT;
				bool lint = is_lint(with_mode[i]);
				uint32_t work = works[mode];

				if (level && !lint)
					continue;
				/* The others have no INIT. */
				if (mode == VIC_MODE_INIT && !lint)
					work = 0;
				if (level)
					lvt |= VIC_LVT_LEVEL;
				/* Fixed alone has a vector. */
				if (mode == VIC_MODE_FIXED)
					lvt |= 0x51;
				whole(&vm, level);
				cpu = &vm.cpu[0];
				fake_write(cpu, with_mode[i], lvt);
				assert_int_equal(fake_todo(cpu), 0);
				fake_fire(cpu, with_mode[i]);
				assert_int_equal(fake_todo(cpu), work);
				if (mode == VIC_MODE_FIXED)
					fake_complete(cpu, 0x51);
				assert_int_equal(fake_esr(cpu), 0);
			}
}

static void reserved_delivery_modes(void **state)
{
	static const uint32_t modes[] = {VIC_MODE_LOWEST, VIC_MODE_RESERVED,
					 VIC_MODE_SIPI, VIC_MODE_EXTINT};
	struct fake_vm vm;
	size_t i, j;

	(void)state;
	for (i = 0; i < FAKE_COUNT(with_mode); i++)
		for (j = 0; j < FAKE_COUNT(modes); j++) {
			if (is_lint(with_mode[i]) &&
			    modes[j] == VIC_MODE_EXTINT)
				continue;
			whole(&vm, false);
			fake_write(&vm.cpu[0], with_mode[i],
				   FAKE_MODE(modes[j]) | 0x51);
			fake_fire(&vm.cpu[0], with_mode[i]);
			assert_int_equal(fake_todo(&vm.cpu[0]), 0);
			assert_int_equal(fake_esr(&vm.cpu[0]), 0);
		}
}

static void masked_sources_are_lost(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint32_t mode;
	size_t i;

	(void)state;
	for (mode = 0; mode < 5; mode += 2) {
		whole(&vm, mode == 4);
		cpu = &vm.cpu[0];
		for (i = 0; i < FAKE_COUNT(with_mode); i++) {
			uint32_t lvt = mode << VIC_LVT_MODE_SHIFT | 0x51;

			fake_write(cpu, with_mode[i], VIC_LVT_MASKED | lvt);
			fake_fire(cpu, with_mode[i]);
			assert_int_equal(fake_todo(cpu), 0);
			fake_write(cpu, with_mode[i], lvt);
			assert_int_equal(fake_todo(cpu), 0);
		}
	}
}

static void local_interrupts_are_edge(void **state)
{
	static const uint32_t offsets[] = {
		VIC_APIC_LVT_CMCI,  VIC_APIC_LVT_TIMER, VIC_APIC_LVT_THERMAL,
		VIC_APIC_LVT_PERF,  VIC_APIC_LVT_ERROR, VIC_APIC_LVT_LINT0,
		VIC_APIC_LVT_LINT1,
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;

	(void)state;
	whole(&vm, false);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(offsets); i++) {
		/* TMR says level of the vector's last acceptance. */
		vic_vcpu_post(cpu->vcpu, &vm.device, 0x51, true);
		fake_complete(cpu, 0x51);
		assert_int_equal(cpu->eois, i + 1);
		fake_write(cpu, offsets[i], 0x51);
		fake_fire(cpu, offsets[i]);
		assert_false(fake_bit(cpu, VIC_APIC_TMR, 0x51));
		fake_complete(cpu, 0x51);
		assert_int_equal(cpu->eois, i + 1);
		fake_write(cpu, offsets[i], VIC_LVT_MASKED);
	}
}

/* APIC-48 */
static void apic_48_pmi_masks_itself(void **state)
{
	static const uint32_t lvt[] = {0x51, 0x400, 0x200};
	static const uint32_t work[] = {VIC_WORK_IRQ, VIC_WORK_NMI,
					VIC_WORK_SMI};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;
	int keeps;

	(void)state;
	for (keeps = 0; keeps < 2; keeps++)
		for (i = 0; i < FAKE_COUNT(lvt); i++) {
			uint32_t mask = keeps ? 0 : VIC_LVT_MASKED;

			make(&vm, VIC_LAPIC_CMCI,
			     keeps ? VIC_BUS_PMI_KEEPS_MASK : 0);
			cpu = &vm.cpu[0];
			fake_write(cpu, VIC_APIC_LVT_PERF, lvt[i]);
			assert_int_equal(fake_read(cpu, VIC_APIC_LVT_PERF),
					 lvt[i]);
			fake_fire(cpu, VIC_APIC_LVT_PERF);
			assert_int_equal(fake_todo(cpu), work[i]);
			assert_int_equal(fake_read(cpu, VIC_APIC_LVT_PERF),
					 lvt[i] | mask);
		}
	/* The last one kept it: the next comes as well. */
	assert_int_equal(vic_lapic_ack_smi(cpu->lapic), VIC_OK);
	fake_fire(cpu, VIC_APIC_LVT_PERF);
	assert_int_equal(fake_todo(cpu), VIC_WORK_SMI);
}

static void apic_48_until_the_guest_unmasks(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	whole(&vm, true);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_PERF, 0x51);
	fake_fire(cpu, VIC_APIC_LVT_PERF);
	fake_complete(cpu, 0x51);
	fake_fire(cpu, VIC_APIC_LVT_PERF);
	assert_int_equal(fake_todo(cpu), 0);
	fake_write(cpu, VIC_APIC_LVT_PERF, 0x51);
	assert_int_equal(fake_todo(cpu), 0);
	fake_fire(cpu, VIC_APIC_LVT_PERF);
	fake_complete(cpu, 0x51);
	/* Other sources leave their masks. */
	fake_write(cpu, VIC_APIC_LVT_THERMAL, 0x52);
	fake_write(cpu, VIC_APIC_LVT_CMCI, 0x53);
	fake_fire(cpu, VIC_APIC_LVT_THERMAL);
	fake_fire(cpu, VIC_APIC_LVT_CMCI);
	assert_int_equal(fake_read(cpu, VIC_APIC_LVT_THERMAL), 0x52);
	assert_int_equal(fake_read(cpu, VIC_APIC_LVT_CMCI), 0x53);
	fake_complete(cpu, 0x53);
	fake_complete(cpu, 0x52);
}

/* A configuration choice, seen in cases 13, 14 and 46. */
static void cmci_is_there_or_not(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint64_t value;

	(void)state;
	make(&vm, 0, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_CMCI, 0x51);
	assert_int_equal(fake_esr(cpu), 0x80);
	assert_int_equal(fake_read(cpu, VIC_APIC_LVT_CMCI), 0);
	assert_int_equal(fake_esr(cpu), 0x80);
	fake_fire(cpu, VIC_APIC_LVT_CMCI);
	assert_int_equal(fake_todo(cpu), 0);
	fake_x2apic(cpu);
	assert_int_equal(vic_lapic_msr_read(cpu->lapic, 0x82f, &value),
			 VIC_ACCESS_FAULT);
	assert_int_equal(vic_lapic_msr_write(cpu->lapic, 0x82f, 0x51),
			 VIC_ACCESS_FAULT);
	fake_fire(cpu, VIC_APIC_LVT_CMCI);
	assert_int_equal(fake_todo(cpu), 0);
	assert_int_equal(fake_esr(cpu), 0);
	make(&vm, VIC_LAPIC_CMCI | VIC_LAPIC_X2APIC, 0);
	cpu = &vm.cpu[0];
	assert_int_equal(vic_lapic_msr_write(cpu->lapic, 0x82f, 0x51),
			 VIC_ACCESS_DONE);
	fake_fire(cpu, VIC_APIC_LVT_CMCI);
	fake_complete(cpu, 0x51);
}

static void sources_reach_every_run_state(void **state)
{
	static const enum vic_request requests[] = {
		VIC_REQUEST_TIMER,
		VIC_REQUEST_PERF,
		VIC_REQUEST_THERMAL,
		VIC_REQUEST_CMCI,
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(requests); i++) {
		whole(&vm, false);
		cpu = &vm.cpu[0];
		fake_enter(cpu);
		assert_int_equal(
			vic_vcpu_request(cpu->vcpu, &vm.device, requests[i], 0),
			VIC_POST_KICKED);
		assert_int_equal(cpu->kicks, 1);
		assert_int_equal(
			vic_vcpu_request(cpu->vcpu, &vm.device, requests[i], 0),
			VIC_POST_MERGED);
		vic_vcpu_exit(cpu->vcpu, true);
		fake_block(cpu);
		assert_int_equal(
			vic_vcpu_request(cpu->vcpu, &vm.device, requests[i], 0),
			VIC_POST_WOKEN);
		assert_int_equal(cpu->wakes, 1);
		vic_vcpu_unblock(cpu->vcpu);
		assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_AGAIN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(apic_47_reset_values),
		FAKE_TEST(apic_47_hardware_disable_resets),
		FAKE_TEST(apic_46_mmio_stores_what_is_writable),
		FAKE_TEST(apic_46_wrmsr_faults_on_the_rest),
		FAKE_TEST(apic_46_without_tsc_deadline),
		FAKE_TEST(apic_45_software_disable_masks),
		FAKE_TEST(apic_45_nothing_comes_while_disabled),
		FAKE_TEST(delivery_modes),
		FAKE_TEST(reserved_delivery_modes),
		FAKE_TEST(masked_sources_are_lost),
		FAKE_TEST(local_interrupts_are_edge),
		FAKE_TEST(apic_48_pmi_masks_itself),
		FAKE_TEST(apic_48_until_the_guest_unmasks),
		FAKE_TEST(cmci_is_there_or_not),
		FAKE_TEST(sources_reach_every_run_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
