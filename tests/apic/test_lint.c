/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* LINT0 and LINT1 as wires: SDM vol. 3, 10.5.1 and 10.8.5. */

#include "fake_vmm.h"

#define LEVEL(vector) (VIC_LVT_LEVEL | (vector))
#define NMI ((uint32_t)VIC_MODE_NMI << VIC_LVT_MODE_SHIFT)

static void make(struct fake_vm *vm, bool x2apic, uint32_t bus_flags)
{
	struct fake_spec spec = {
		.vcpus = 1,
		.lapic_flags = x2apic ? VIC_LAPIC_X2APIC : 0,
		.bus_flags = bus_flags,
	};

	fake_reset(NULL);
	fake_vm_make(vm, &spec);
}

static bool remote_irr(struct fake_vcpu *cpu)
{
	return fake_read(cpu, VIC_APIC_LVT_LINT0) & VIC_LVT_REMOTE_IRR;
}

static void edges(void **state)
{
	static const uint32_t offsets[] = {VIC_APIC_LVT_LINT0,
					   VIC_APIC_LVT_LINT1};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint32_t pin;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++)
		for (pin = 0; pin < 2; pin++) {
			enum vic_request line =
				pin ? VIC_REQUEST_LINT1 : VIC_REQUEST_LINT0;

			make(&vm, x2apic, 0);
			cpu = &vm.cpu[0];
			fake_write(cpu, offsets[pin], 0x51);
			fake_request(cpu, line, 1);
			fake_complete(cpu, 0x51);
			/* Still high, and high again, is no edge. */
			assert_int_equal(fake_todo(cpu), 0);
			assert_int_equal(vic_vcpu_request(cpu->vcpu, &vm.device,
							  line, 1),
					 VIC_POST_MERGED);
			assert_int_equal(fake_todo(cpu), 0);
			fake_request(cpu, line, 0);
			assert_int_equal(fake_todo(cpu), 0);
			/* A pulse between two scans is one edge. */
			fake_request(cpu, line, 1);
			fake_request(cpu, line, 0);
			fake_complete(cpu, 0x51);
			assert_int_equal(fake_todo(cpu), 0);
			/* It went low and high again. */
			fake_request(cpu, line, 1);
			fake_harvest(cpu);
			fake_request(cpu, line, 0);
			fake_request(cpu, line, 1);
			fake_complete(cpu, 0x51);
			assert_int_equal(cpu->eois, 0);
		}
}

static void a_masked_edge_is_lost(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT0, VIC_LVT_MASKED | 0x51);
	fake_lint0(cpu, true);
	fake_write(cpu, VIC_APIC_LVT_LINT0, 0x51);
	assert_int_equal(fake_todo(cpu), 0);
	fake_lint0(cpu, false);
	fake_lint0(cpu, true);
	fake_complete(cpu, 0x51);
}

/* APIC-49 */
static void apic_49_level_until_it_falls(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		make(&vm, x2apic, 0);
		cpu = &vm.cpu[0];
		fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x51));
		assert_false(remote_irr(cpu));
		fake_lint0(cpu, true);
		assert_true(remote_irr(cpu));
		assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x51));
		assert_true(fake_bit(cpu, VIC_APIC_TMR, 0x51));
		fake_complete(cpu, 0x51);
		assert_int_equal(cpu->eois, 1);
		assert_int_equal(cpu->eoi_number, 0x51);
		/* The EOI samples it again. */
		fake_harvest(cpu);
		assert_true(remote_irr(cpu));
		assert_int_equal(fake_deliverable(cpu), 0x51);
		assert_int_equal(vic_lapic_ack(cpu->lapic, 0x51), VIC_OK);
		assert_int_equal(fake_todo(cpu), 0);
		fake_lint0(cpu, false);
		assert_true(remote_irr(cpu));
		fake_write(cpu, VIC_APIC_EOI, 0);
		assert_false(remote_irr(cpu));
		assert_int_equal(fake_todo(cpu), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_LVT_LINT0),
				 LEVEL(0x51));
	}
}

static void apic_49_one_interrupt_until_its_eoi(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int i;

	(void)state;
	make(&vm, false, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x51));
	fake_lint0(cpu, true);
	/* What was accepted stays when the line falls. */
	fake_lint0(cpu, false);
	assert_int_equal(fake_deliverable(cpu), 0x51);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x51), VIC_OK);
	for (i = 0; i < 3; i++) {
		fake_lint0(cpu, true);
		assert_false(fake_bit(cpu, VIC_APIC_IRR, 0x51));
		fake_lint0(cpu, false);
	}
	/* Another vector's EOI is not its own. */
	fake_serve(&vm, cpu, 0x91);
	fake_lint0(cpu, true);
	fake_write(cpu, VIC_APIC_EOI, 0);
	fake_harvest(cpu);
	assert_true(remote_irr(cpu));
	assert_false(fake_bit(cpu, VIC_APIC_IRR, 0x51));
	fake_write(cpu, VIC_APIC_EOI, 0);
	fake_harvest(cpu);
	assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x51));
}

static void apic_49_mask_and_unmask(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT0, VIC_LVT_MASKED | LEVEL(0x51));
	fake_lint0(cpu, true);
	assert_int_equal(fake_todo(cpu), 0);
	assert_false(remote_irr(cpu));
	/* A level is not lost as an edge is. */
	fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x51));
	fake_harvest(cpu);
	assert_true(remote_irr(cpu));
	assert_int_equal(fake_deliverable(cpu), 0x51);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x51), VIC_OK);
	/* The store does not change bit 14. */
	fake_write(cpu, VIC_APIC_LVT_LINT0, VIC_LVT_MASKED | LEVEL(0x51));
	assert_true(remote_irr(cpu));
	fake_write(cpu, VIC_APIC_EOI, 0);
	fake_harvest(cpu);
	assert_false(remote_irr(cpu));
	assert_int_equal(fake_todo(cpu), 0);
	fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x51));
	fake_complete(cpu, 0x51);
}

static void apic_49_a_new_vector_before_the_eoi(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, true, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x51));
	fake_lint0(cpu, true);
	fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x61));
	assert_true(remote_irr(cpu));
	fake_complete(cpu, 0x51);
	fake_complete(cpu, 0x61);
	fake_lint0(cpu, false);
	fake_complete(cpu, 0x61);
	assert_false(remote_irr(cpu));
	assert_int_equal(fake_todo(cpu), 0);
}

/* A message of the same vector may have made it an edge by then. */
static void apic_49_eoi_of_what_became_an_edge(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x51));
	fake_lint0(cpu, true);
	fake_lint0(cpu, false);
	vic_msi(vm.bus, &vm.device, VIC_MSI_BASE, 0x51);
	fake_harvest(cpu);
	assert_false(fake_bit(cpu, VIC_APIC_TMR, 0x51));
	fake_complete(cpu, 0x51);
	assert_false(remote_irr(cpu));
	assert_int_equal(cpu->eois, 0);
	fake_lint0(cpu, true);
	fake_lint0(cpu, false);
	fake_complete(cpu, 0x51);
	assert_int_equal(cpu->eois, 1);
}

/* Its EOI among those of others. */
static void apic_49_nested_eoi(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, true, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x91));
	fake_serve(&vm, cpu, 0x51);
	fake_lint0(cpu, true);
	fake_lint0(cpu, false);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x91), VIC_OK);
	fake_serve(&vm, cpu, 0xb1);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_true(remote_irr(cpu));
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_false(remote_irr(cpu));
	assert_true(fake_bit(cpu, VIC_APIC_ISR, 0x51));
	assert_int_equal(cpu->eois, 1);
}

static void apic_49_software_disable(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x51));
	fake_write(cpu, VIC_APIC_SVR, 0xff);
	fake_lint0(cpu, true);
	assert_int_equal(fake_todo(cpu), 0);
	fake_write(cpu, VIC_APIC_SVR, 0x1ff);
	assert_int_equal(fake_todo(cpu), 0);
	fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x51));
	fake_complete(cpu, 0x51);
}

/* SVR[12] stops the broadcast; remote IRR is this APIC's own. */
static void apic_49_without_eoi_broadcast(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false, VIC_BUS_SUPPRESS_EOI);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_SVR, 0x11ff);
	fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x51));
	fake_lint0(cpu, true);
	fake_lint0(cpu, false);
	fake_complete(cpu, 0x51);
	assert_false(remote_irr(cpu));
	assert_int_equal(cpu->eois, 0);
}

/* LINT1 has no level-sensitive interrupts, whatever bit 15 says. */
static void apic_49_lint1_is_edge(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT1, LEVEL(0x51));
	fake_lint1(cpu, true);
	assert_int_equal(fake_read(cpu, VIC_APIC_LVT_LINT1), LEVEL(0x51));
	assert_false(fake_bit(cpu, VIC_APIC_TMR, 0x51));
	fake_complete(cpu, 0x51);
	assert_int_equal(fake_todo(cpu), 0);
	assert_int_equal(cpu->eois, 0);
}

static void nmi_smi_and_init_are_edge(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false, 0);
	cpu = &vm.cpu[0];
	/* A vector means nothing either. */
	fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(NMI | 0x51));
	fake_lint0(cpu, true);
	assert_int_equal(fake_todo(cpu), VIC_WORK_NMI);
	assert_false(remote_irr(cpu));
	assert_int_equal(vic_lapic_ack_nmi(cpu->lapic), VIC_OK);
	assert_int_equal(fake_todo(cpu), 0);
	fake_write(cpu, VIC_APIC_LVT_LINT1, NMI);
	fake_lint1(cpu, true);
	assert_int_equal(fake_todo(cpu), VIC_WORK_NMI);
	assert_int_equal(vic_lapic_ack_nmi(cpu->lapic), VIC_OK);
	assert_int_equal(fake_todo(cpu), 0);
	assert_int_equal(cpu->eois, 0);
}

/* Lines are logical here: bit 13 is stored and changes nothing. */
static void polarity(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT0, VIC_LVT_LOW_ACTIVE | LEVEL(0x51));
	assert_int_equal(fake_todo(cpu), 0);
	fake_lint0(cpu, true);
	fake_lint0(cpu, false);
	fake_complete(cpu, 0x51);
	assert_int_equal(fake_todo(cpu), 0);
}

static void wires_outlive_a_reset(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct vic_vcpu_inbox inbox;
	int init;

	(void)state;
	for (init = 0; init < 2; init++) {
		make(&vm, false, 0);
		cpu = &vm.cpu[0];
		fake_lint0(cpu, true);
		fake_lint1(cpu, true);
		vic_vcpu_peek(cpu->vcpu, &inbox);
		assert_int_equal(inbox.lint, 3);
		fake_lint1(cpu, false);
		if (init) {
			fake_request(cpu, VIC_REQUEST_INIT, 0);
			fake_harvest(cpu);
			assert_int_equal(vic_lapic_ack_init(cpu->lapic),
					 VIC_OK);
		} else {
			vic_lapic_reset(cpu->lapic);
		}
		vic_vcpu_peek(cpu->vcpu, &inbox);
		assert_int_equal(inbox.lint, 1);
		fake_vcpu_start(cpu);
		fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x51));
		fake_complete(cpu, 0x51);
	}
}

static void lines_in_every_run_state(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	make(&vm, false, 0);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT0, LEVEL(0x51));
	fake_enter(cpu);
	assert_int_equal(
		vic_vcpu_request(cpu->vcpu, &vm.device, VIC_REQUEST_LINT0, 1),
		VIC_POST_KICKED);
	vic_vcpu_exit(cpu->vcpu, true);
	assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_AGAIN);
	fake_complete(cpu, 0x51);
	assert_int_equal(fake_deliverable(cpu), 0x51);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x51), VIC_OK);
	/* Nobody is told that a line fell. */
	fake_enter(cpu);
	assert_int_equal(
		vic_vcpu_request(cpu->vcpu, &vm.device, VIC_REQUEST_LINT0, 0),
		VIC_POST_MERGED);
	assert_int_equal(cpu->kicks, 1);
	vic_vcpu_exit(cpu->vcpu, false);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(fake_todo(cpu), 0);
	/* The block of a vCPU whose EOI brought the level back. */
	fake_lint0(cpu, true);
	fake_complete(cpu, 0x51);
	assert_false(vic_lapic_block(cpu->lapic, FAKE_CAN_ALL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(edges),
		FAKE_TEST(a_masked_edge_is_lost),
		FAKE_TEST(apic_49_level_until_it_falls),
		FAKE_TEST(apic_49_one_interrupt_until_its_eoi),
		FAKE_TEST(apic_49_mask_and_unmask),
		FAKE_TEST(apic_49_a_new_vector_before_the_eoi),
		FAKE_TEST(apic_49_eoi_of_what_became_an_edge),
		FAKE_TEST(apic_49_nested_eoi),
		FAKE_TEST(apic_49_software_disable),
		FAKE_TEST(apic_49_without_eoi_broadcast),
		FAKE_TEST(apic_49_lint1_is_edge),
		FAKE_TEST(nmi_smi_and_init_are_edge),
		FAKE_TEST(polarity),
		FAKE_TEST(wires_outlive_a_reset),
		FAKE_TEST(lines_in_every_run_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
