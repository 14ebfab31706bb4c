/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * ExtINT through LINT0 and by message, and the pins of a disabled APIC: SDM
 * vol. 3, 10.4.3, 10.5.1 and 10.11.2.
 */

#include "fake_vmm.h"

#define LEVEL(vector) (VIC_LVT_LEVEL | (vector))
#define EXTINT ((uint32_t)VIC_MODE_EXTINT << VIC_LVT_MODE_SHIFT)

static void make(struct fake_vm *vm, bool x2apic)
{
	fake_reset(NULL);
	fake_vm_plain(vm, 1, x2apic);
}

static void take_extint(struct fake_vcpu *cpu, uint8_t answer)
{
	unsigned int before = cpu->intas;
	uint8_t vector = 0;

	assert_true(fake_todo(cpu) & VIC_WORK_EXTINT);
	cpu->inta_vector = answer;
	assert_int_equal(vic_lapic_ack_extint(cpu->lapic, &vector), VIC_OK);
	assert_int_equal(vector, answer);
	assert_int_equal(cpu->intas, before + 1);
}

static void expect_no_extint(struct fake_vcpu *cpu)
{
	uint8_t vector;

	assert_false(fake_todo(cpu) & VIC_WORK_EXTINT);
	assert_int_equal(vic_lapic_ack_extint(cpu->lapic, &vector),
			 VIC_ERR_ABSENT);
	assert_int_equal(cpu->intas, 0);
}

/* APIC-50 */
static void apic_50_extint_is_a_level(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	const struct vic_counters *counters;
	struct vic_work work;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		make(&vm, x2apic);
		cpu = &vm.cpu[0];
		fake_write(cpu, VIC_APIC_LVT_LINT0, EXTINT);
		fake_lint0(cpu, true);
		assert_int_equal(fake_todo(cpu), VIC_WORK_EXTINT);
		assert_int_equal(vic_lapic_scan(cpu->lapic, VIC_CAN_NMI, &work),
				 VIC_WORK_IRQ_WINDOW);
		assert_int_equal(work.vector, 0);
		assert_int_equal(cpu->intas, 0);
		/* The 8259 took it back. */
		fake_lint0(cpu, false);
		expect_no_extint(cpu);
		fake_lint0(cpu, true);
		/* While it asks there is another; vectors below 16 too. */
		take_extint(cpu, 8);
		take_extint(cpu, 0x70);
		fake_lint0(cpu, false);
		assert_int_equal(fake_todo(cpu), 0);
		/* There is nothing to end. */
		assert_int_equal(fake_read(cpu, VIC_APIC_ISR), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_ISR + 0x30), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0);
		assert_int_equal(fake_esr(cpu), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_LVT_LINT0), EXTINT);
		counters = vic_vcpu_counters(cpu->vcpu);
		assert_int_equal(counters->acked[VIC_MODE_EXTINT], 2);
		assert_int_equal(counters->acked[VIC_MODE_FIXED], 0);
	}
}

static void apic_50_no_priority_holds_it_back(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT0, EXTINT);
	fake_serve(&vm, cpu, 0xf1);
	fake_write(cpu, VIC_APIC_TPR, 0xff);
	fake_lint0(cpu, true);
	assert_int_equal(fake_todo(cpu), VIC_WORK_EXTINT);
	assert_false(vic_lapic_block(cpu->lapic, FAKE_CAN_ALL));
	take_extint(cpu, 0x30);
	assert_true(fake_bit(cpu, VIC_APIC_ISR, 0xf1));
}

static void apic_50_mask(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false);
	cpu = &vm.cpu[0];
	/* Masked, in another mode, or disabled by software. */
	fake_write(cpu, VIC_APIC_LVT_LINT0, VIC_LVT_MASKED | EXTINT);
	fake_lint0(cpu, true);
	expect_no_extint(cpu);
	fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x51));
	expect_no_extint(cpu);
	fake_complete(cpu, 0x51);
	fake_write(cpu, VIC_APIC_LVT_LINT0, VIC_LVT_MASKED);
	fake_complete(cpu, 0x51);
	fake_write(cpu, VIC_APIC_LVT_LINT0, EXTINT);
	fake_write(cpu, VIC_APIC_SVR, 0xff);
	expect_no_extint(cpu);
	fake_write(cpu, VIC_APIC_SVR, 0x1ff);
	expect_no_extint(cpu);
	fake_write(cpu, VIC_APIC_LVT_LINT0, EXTINT);
	take_extint(cpu, 0x30);
}

static void apic_50_hardware_disabled(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false);
	cpu = &vm.cpu[0];
	/* What the LVT said is gone. */
	fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x51));
	fake_write(cpu, VIC_APIC_LVT_LINT1, 0x52);
	fake_hardware_enable(cpu, false);
	fake_lint0(cpu, true);
	assert_int_equal(fake_todo(cpu), VIC_WORK_EXTINT);
	take_extint(cpu, 0x30);
	take_extint(cpu, 0x31);
	fake_lint0(cpu, false);
	assert_int_equal(fake_todo(cpu), 0);
	/* NMI is an edge. */
	fake_lint1(cpu, true);
	assert_int_equal(fake_todo(cpu), VIC_WORK_NMI);
	assert_int_equal(vic_lapic_ack_nmi(cpu->lapic), VIC_OK);
	assert_int_equal(fake_todo(cpu), 0);
	fake_lint1(cpu, false);
	fake_lint1(cpu, true);
	assert_int_equal(fake_todo(cpu), VIC_WORK_NMI);
	assert_int_equal(vic_lapic_ack_nmi(cpu->lapic), VIC_OK);
	fake_request(cpu, VIC_REQUEST_PERF, 0);
	fake_request(cpu, VIC_REQUEST_THERMAL, 0);
	assert_int_equal(fake_todo(cpu), 0);
	/* Enabled, both pins are masked as after power-up. */
	fake_lint0(cpu, true);
	fake_hardware_enable(cpu, true);
	assert_int_equal(fake_todo(cpu), 0);
	fake_lint1(cpu, false);
	fake_lint1(cpu, true);
	assert_int_equal(fake_todo(cpu), 0);
}

static void apic_50_extint_message(void **state)
{
	const uint32_t data = (uint32_t)FAKE_MODE(VIC_MODE_EXTINT);
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct vic_vcpu_inbox inbox;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		make(&vm, x2apic);
		cpu = &vm.cpu[0];
		fake_write(cpu, VIC_APIC_TPR, 0xff);
		assert_int_equal(
			vic_msi(vm.bus, &vm.device, VIC_MSI_BASE, data), 1);
		vic_vcpu_peek(cpu->vcpu, &inbox);
		assert_true(inbox.extint);
		assert_int_equal(
			vic_msi(vm.bus, &vm.device, VIC_MSI_BASE, data), 0);
		take_extint(cpu, 0x30);
		vic_vcpu_peek(cpu->vcpu, &inbox);
		assert_false(inbox.extint);
		assert_int_equal(fake_todo(cpu), 0);
		assert_int_equal(fake_esr(cpu), 0);
		assert_int_equal(
			vic_msi(vm.bus, &vm.device, VIC_MSI_BASE, data | 0x51),
			1);
		take_extint(cpu, 0x31);
	}
	/* An INIT throws it away. */
	fake_request(cpu, VIC_REQUEST_EXTINT, 0);
	fake_request(cpu, VIC_REQUEST_INIT, 0);
	fake_harvest(cpu);
	assert_int_equal(vic_lapic_ack_init(cpu->lapic), VIC_OK);
	assert_int_equal(fake_todo(cpu), 0);
	assert_int_equal(vic_vcpu_counters(cpu->vcpu)->requests_discarded, 1);
}

static void apic_50_extint_before_a_vector(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT0, EXTINT);
	fake_lint0(cpu, true);
	vic_vcpu_post(cpu->vcpu, &vm.device, 0x51, false);
	take_extint(cpu, 0x30);
	fake_lint0(cpu, false);
	fake_complete(cpu, 0x51);
}

/* An 8259 with nothing else lowers its line in the INTA cycle. */
static uint8_t inta_and_lower(void *opaque)
{
	fake_request(opaque, VIC_REQUEST_LINT0, 0);
	return 0x38;
}

static void apic_50_inta_lowers_the_line(void **state)
{
	struct vic_vcpu_ops ops = fake_ops;
	struct fake_spec spec = {.vcpus = 1, .ops = &ops};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint8_t vector = 0;

	(void)state;
	ops.inta = inta_and_lower;
	fake_vm_make(&vm, &spec);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT0, EXTINT);
	fake_lint0(cpu, true);
	assert_int_equal(fake_todo(cpu), VIC_WORK_EXTINT);
	assert_int_equal(vic_lapic_ack_extint(cpu->lapic, &vector), VIC_OK);
	assert_int_equal(vector, 0x38);
	assert_int_equal(fake_todo(cpu), 0);
}

/* A sender that was late, or asked no bus. */
static void apic_50_message_to_a_disabled_apic(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false);
	cpu = &vm.cpu[0];
	fake_hardware_enable(cpu, false);
	assert_int_equal(vic_msi(vm.bus, &vm.device, VIC_MSI_BASE, 0x700), 0);
	expect_no_extint(cpu);
	fake_request(cpu, VIC_REQUEST_EXTINT, 0);
	expect_no_extint(cpu);
	fake_hardware_enable(cpu, true);
	expect_no_extint(cpu);
}

/* A VMM without an 8259 has no ExtINT. */
static void extint_without_inta(void **state)
{
	struct vic_vcpu_ops ops = fake_ops;
	struct fake_spec spec = {.vcpus = 1, .ops = &ops};
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	ops.inta = NULL;
	fake_vm_make(&vm, &spec);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT0, EXTINT);
	fake_lint0(cpu, true);
	expect_no_extint(cpu);
	assert_int_equal(vic_msi(vm.bus, &vm.device, VIC_MSI_BASE, 0x700), 0);
	expect_no_extint(cpu);
	assert_int_equal(
		vic_vcpu_request(cpu->vcpu, &vm.device, VIC_REQUEST_EXTINT, 0),
		VIC_POST_REFUSED);
	expect_no_extint(cpu);
	fake_hardware_enable(cpu, false);
	expect_no_extint(cpu);
	assert_int_equal(fake_todo(cpu), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(apic_50_extint_is_a_level),
		FAKE_TEST(apic_50_no_priority_holds_it_back),
		FAKE_TEST(apic_50_mask),
		FAKE_TEST(apic_50_hardware_disabled),
		FAKE_TEST(apic_50_extint_message),
		FAKE_TEST(apic_50_extint_before_a_vector),
		FAKE_TEST(apic_50_inta_lowers_the_line),
		FAKE_TEST(apic_50_message_to_a_disabled_apic),
		FAKE_TEST(extint_without_inta),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
