/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Errors in and of the local vector table: SDM vol. 3, 10.5.2, 10.5.3. */

#include "fake_vmm.h"

/* One vCPU with all entries, in either mode. */
static void whole(struct fake_vm *vm, bool x2apic)
{
	struct fake_spec spec = {
		.vcpus = 1,
		.lapic_flags =
			VIC_LAPIC_CMCI | (x2apic ? VIC_LAPIC_X2APIC : 0u),
	};

	fake_reset(NULL);
	fake_vm_make(vm, &spec);
}

/* APIC-35 */
static void apic_35_illegal_vector_when_the_source_fires(void **state)
{
	static const uint32_t lvts[] = {
		VIC_APIC_LVT_CMCI, VIC_APIC_LVT_TIMER, VIC_APIC_LVT_THERMAL,
		VIC_APIC_LVT_PERF, VIC_APIC_LVT_LINT0, VIC_APIC_LVT_LINT1,
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint32_t vector;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(lvts); i++) {
		for (vector = 0; vector < 16; vector += 5) {
			whole(&vm, vector & 1);
			cpu = &vm.cpu[0];
			fake_write(cpu, lvts[i], vector);
			assert_int_equal(fake_todo(cpu), 0);
			assert_int_equal(fake_esr(cpu), 0);
			fake_fire(cpu, lvts[i]);
			assert_int_equal(fake_todo(cpu), 0);
			assert_int_equal(fake_read(cpu, VIC_APIC_IRR), 0);
			assert_int_equal(fake_esr(cpu), 0x40);
			assert_int_equal(fake_esr(cpu), 0);
		}
		/* A masked one is no error. */
		fake_write(cpu, lvts[i], VIC_LVT_MASKED | 3);
		fake_fire(cpu, lvts[i]);
		assert_int_equal(fake_esr(cpu), 0);
		/* It is an error like others to LVT ERROR. */
		fake_write(cpu, VIC_APIC_LVT_ERROR, 0xfe);
		fake_write(cpu, lvts[i], 3);
		fake_fire(cpu, lvts[i]);
		fake_complete(cpu, 0xfe);
	}
}

/* APIC-33 */
static void apic_33_each_new_error_fires(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	whole(&vm, false);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_ERROR, 0xfe);
	fake_icr(cpu, VIC_ICR_SELF | 3);
	fake_complete(cpu, 0xfe);
	/* Recorded already; only the write of ESR arms it again. */
	fake_icr(cpu, VIC_ICR_SELF | 3);
	assert_int_equal(fake_todo(cpu), 0);
	fake_read(cpu, 0x40);
	fake_complete(cpu, 0xfe);
	vic_msi(vm.bus, &vm.device, VIC_MSI_BASE, 3);
	fake_complete(cpu, 0xfe);
	assert_int_equal(fake_todo(cpu), 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_ESR), 0);
	assert_int_equal(fake_esr(cpu), 0xe0);
	assert_int_equal(fake_todo(cpu), 0);
	fake_read(cpu, 0x40);
	fake_complete(cpu, 0xfe);
	assert_int_equal(fake_esr(cpu), 0x80);
}

static void apic_33_errors_in_x2apic_mode(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	whole(&vm, true);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_ERROR, 0xfe);
	fake_write(cpu, VIC_APIC_SELF_IPI, 3);
	fake_complete(cpu, 0xfe);
	vic_msi(vm.bus, &vm.device, VIC_MSI_BASE, 0x10f);
	fake_complete(cpu, 0xfe);
	assert_int_equal(fake_esr(cpu), 0x60);
	fake_icr(cpu, 3);
	fake_complete(cpu, 0xfe);
}

static void apic_33_masked_errors_are_recorded(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		whole(&vm, x2apic);
		cpu = &vm.cpu[0];
		fake_write(cpu, VIC_APIC_LVT_ERROR, VIC_LVT_MASKED | 0xfe);
		fake_icr(cpu, VIC_ICR_SELF | 3);
		assert_int_equal(fake_todo(cpu), 0);
		/* Unmasking brings no interrupt for what is past. */
		fake_write(cpu, VIC_APIC_LVT_ERROR, 0xfe);
		assert_int_equal(fake_todo(cpu), 0);
		assert_int_equal(fake_esr(cpu), 0x20);
	}
}

/* Without SVR[8] an APIC still sends, and so errs. */
static void apic_33_software_disabled(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	whole(&vm, false);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_ERROR, 0xfe);
	fake_write(cpu, VIC_APIC_SVR, 0xff);
	fake_icr(cpu, VIC_ICR_SELF | 3);
	fake_read(cpu, 0x40);
	assert_int_equal(fake_todo(cpu), 0);
	assert_int_equal(fake_esr(cpu), 0xa0);
}

/* APIC-32 */
static void apic_32_error_with_an_illegal_vector(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint32_t vector;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++)
		for (vector = 0; vector < 16; vector++) {
			whole(&vm, x2apic);
			cpu = &vm.cpu[0];
			fake_write(cpu, VIC_APIC_LVT_ERROR, vector);
			assert_int_equal(fake_esr(cpu), 0);
			fake_icr(cpu, VIC_ICR_SELF | 3);
			assert_int_equal(fake_todo(cpu), 0);
			assert_int_equal(fake_read(cpu, VIC_APIC_IRR), 0);
			assert_int_equal(fake_esr(cpu), 0x60);
			assert_int_equal(fake_esr(cpu), 0);
			vic_msi(vm.bus, &vm.device, VIC_MSI_BASE, 3);
			fake_harvest(cpu);
			assert_int_equal(fake_esr(cpu), 0x40);
			assert_int_equal(fake_esr(cpu), 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(apic_35_illegal_vector_when_the_source_fires),
		FAKE_TEST(apic_33_each_new_error_fires),
		FAKE_TEST(apic_33_errors_in_x2apic_mode),
		FAKE_TEST(apic_33_masked_errors_are_recorded),
		FAKE_TEST(apic_33_software_disabled),
		FAKE_TEST(apic_32_error_with_an_illegal_vector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
