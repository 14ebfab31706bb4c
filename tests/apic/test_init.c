/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* INIT and SIPI: SDM vol. 3, 8.4, 10.4.7.3, 10.6.1 and 10.12.5.1. */

#include "fake_vmm.h"

static uint64_t mode_icr(enum vic_delivery_mode mode, bool x2apic, uint32_t id)
{
	return (x2apic ? FAKE_TO32(id) : FAKE_TO8(id)) | FAKE_MODE(mode);
}

static void init_by_icr(struct fake_vm *vm, bool x2apic, uint32_t id)
{
	fake_icr(&vm->cpu[0], mode_icr(VIC_MODE_INIT, x2apic, id));
}

static void
sipi_by_icr(struct fake_vm *vm, bool x2apic, uint32_t id, uint8_t page)
{
	fake_icr(&vm->cpu[0], mode_icr(VIC_MODE_SIPI, x2apic, id) | page);
}

static struct vic_work scan(struct fake_vcpu *cpu)
{
	struct vic_work work;

	vic_lapic_scan(cpu->lapic, FAKE_CAN_ALL, &work);
	return work;
}

static void take_init(struct fake_vcpu *cpu)
{
	assert_true(scan(cpu).flags & VIC_WORK_INIT);
	assert_int_equal(vic_lapic_ack_init(cpu->lapic), VIC_OK);
	assert_false(scan(cpu).flags & VIC_WORK_INIT);
}

static void expect_waiting(struct fake_vcpu *cpu)
{
	assert_int_equal(scan(cpu).flags, VIC_WORK_WAIT_SIPI);
}

static void take_sipi(struct fake_vcpu *cpu, uint8_t page)
{
	struct vic_work work = scan(cpu);

	assert_true(work.flags & VIC_WORK_SIPI);
	assert_int_equal(work.sipi_vector, page);
	assert_int_equal(vic_lapic_ack_sipi(cpu->lapic), VIC_OK);
	assert_int_equal(scan(cpu).flags, 0);
}

/* State in every register that INIT must clear. */
static void dirty(struct fake_vm *vm, struct fake_vcpu *cpu, bool x2apic)
{
	fake_serve(vm, cpu, 0x61);
	vic_msi(vm->bus, &vm->device, 0xfee01000, 0xc052);
	fake_harvest(cpu);
	fake_write(cpu, VIC_APIC_TPR, 0x35);
	if (!x2apic) {
		fake_write(cpu, VIC_APIC_LDR, 0x11000000);
		fake_write(cpu, VIC_APIC_DFR, 0);
		fake_read(cpu, 0x40);
	}
	/* One error latched, one pending; ICR holds something. */
	fake_icr(cpu, mode_icr(VIC_MODE_FIXED, x2apic, 9) | 3);
	assert_int_not_equal(fake_esr(cpu), 0);
	fake_icr(cpu, mode_icr(VIC_MODE_FIXED, x2apic, 9) | 3);
}

/* APIC-61 */
static void apic_61_init_resets_all_but_ids(void **state)
{
	int x2apic;
	uint32_t offset;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		struct fake_vm vm;
		struct fake_vcpu *cpu;

		fake_vm_plain(&vm, 2, x2apic);
		cpu = &vm.cpu[1];
		dirty(&vm, cpu, x2apic);
		init_by_icr(&vm, x2apic, 1);
		take_init(cpu);
		assert_int_equal(fake_read(cpu, VIC_APIC_ID),
				 x2apic ? 1 : 1u << 24);
		assert_int_equal(fake_read(cpu, VIC_APIC_VERSION), 0x50014);
		assert_int_equal(fake_read(cpu, VIC_APIC_TPR), 0);
		assert_int_equal(vic_lapic_tpr(cpu->lapic), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_SVR), 0xff);
		assert_true(fake_read(cpu, VIC_APIC_ICR_LO) == 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_LDR), x2apic ? 2 : 0);
		if (!x2apic) {
			assert_int_equal(fake_read(cpu, VIC_APIC_DFR),
					 0xffffffff);
			assert_int_equal(fake_read(cpu, VIC_APIC_ICR_HI), 0);
		}
		for (offset = VIC_APIC_ISR; offset <= VIC_APIC_ESR;
		     offset += 16)
			assert_int_equal(fake_read(cpu, offset), 0);
		assert_int_equal(fake_esr(cpu), 0);
		assert_int_equal(cpu->eois, 0);
		/* The vectors of before do not come back. */
		expect_waiting(cpu);
		sipi_by_icr(&vm, x2apic, 1, 0x12);
		take_sipi(cpu, 0x12);
		fake_vcpu_start(cpu);
		assert_int_equal(scan(cpu).flags, 0);
	}
}

/* APIC-34 */
static void apic_34_init_clears_errors(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		fake_vm_plain(&vm, 2, x2apic);
		cpu = &vm.cpu[1];
		fake_icr(cpu, VIC_ICR_SELF | 3);
		assert_int_equal(fake_esr(cpu), 0x20);
		/* One more of this APIC, and one that is on its way. */
		fake_icr(cpu, VIC_ICR_SELF | 3);
		vic_msi(vm.bus, &vm.device, 0xfee01000, 3);
		init_by_icr(&vm, x2apic, 1);
		take_init(cpu);
		assert_int_equal(fake_read(cpu, VIC_APIC_ESR), 0);
		assert_int_equal(fake_esr(cpu), 0);
		/* And there is nothing that LVT ERROR would not tell. */
		sipi_by_icr(&vm, x2apic, 1, 0);
		take_sipi(cpu, 0);
		fake_vcpu_start(cpu);
		fake_write(cpu, VIC_APIC_LVT_ERROR, 0xfe);
		fake_icr(cpu, VIC_ICR_SELF | 3);
		fake_complete(cpu, 0xfe);
	}
}

static void apic_61_init_keeps_the_xapic_id_of_the_guest(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	fake_write(&vm.cpu[1], VIC_APIC_ID, 0x55u << 24);
	init_by_icr(&vm, false, 0x55);
	take_init(&vm.cpu[1]);
	assert_int_equal(fake_read(&vm.cpu[1], VIC_APIC_ID), 0x55u << 24);
	sipi_by_icr(&vm, false, 0x55, 0x12);
	take_sipi(&vm.cpu[1], 0x12);
}

static void apic_61_logical_ids_after_init(void **state)
{
	const uint64_t flat = FAKE_TO8(2) | VIC_ICR_LOGICAL | 0x41;
	const uint64_t cluster = FAKE_TO32(2) | VIC_ICR_LOGICAL | 0x41;
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	fake_write(&vm.cpu[1], VIC_APIC_LDR, 2u << 24);
	assert_int_equal(fake_send(&vm, 0, flat), 2);
	init_by_icr(&vm, false, 1);
	take_init(&vm.cpu[1]);
	/* Disabled by SVR, and known as such to senders. */
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(1) | 0x41), 0);
	fake_icr(&vm.cpu[0], flat | FAKE_MODE(VIC_MODE_SMI));
	assert_int_equal(vic_vcpu_counters(vm.cpu[0].vcpu)->unmatched, 1);
	sipi_by_icr(&vm, false, 1, 0);
	fake_vcpu_start(&vm.cpu[1]);
	assert_int_equal(fake_send(&vm, 0, flat), 0);
	/* In x2APIC mode it is found as before. */
	fake_vm_plain(&vm, 2, true);
	assert_int_equal(fake_send(&vm, 0, cluster), 2);
	init_by_icr(&vm, true, 1);
	take_init(&vm.cpu[1]);
	fake_vcpu_start(&vm.cpu[1]);
	assert_int_equal(fake_send(&vm, 0, cluster), 2);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO32(1) | 0x41), 2);
}

static void apic_61_init_discards_the_inbox(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct vic_vcpu_inbox inbox;
	int i;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	cpu = &vm.cpu[1];
	vic_vcpu_post(cpu->vcpu, &vm.device, 0x41, true);
	vic_vcpu_request(cpu->vcpu, &vm.device, VIC_REQUEST_NMI, 0);
	vic_vcpu_request(cpu->vcpu, &vm.device, VIC_REQUEST_SMI, 0);
	vic_msi(vm.bus, &vm.device, 0xfee01000, 3);
	init_by_icr(&vm, false, 1);
	assert_true(scan(cpu).flags & VIC_WORK_INIT);
	vic_vcpu_post(cpu->vcpu, &vm.device, 0x42, true);
	assert_int_equal(vic_lapic_ack_init(cpu->lapic), VIC_OK);
	vic_vcpu_peek(cpu->vcpu, &inbox);
	for (i = 0; i < 4; i++)
		assert_int_equal(inbox.pir[i], 0);
	assert_int_equal(inbox.nmi, 0);
	assert_false(inbox.smi);
	assert_false(inbox.init);
	assert_int_equal(fake_esr(cpu), 0);
	sipi_by_icr(&vm, false, 1, 0x12);
	take_sipi(cpu, 0x12);
	fake_vcpu_start(cpu);
	assert_int_equal(scan(cpu).flags, 0);
}

static void init_of_the_bsp(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	fake_icr(&vm.cpu[1], mode_icr(VIC_MODE_INIT, false, 0));
	take_init(&vm.cpu[0]);
	assert_int_equal(scan(&vm.cpu[0]).flags, 0);
	assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_SVR), 0xff);
	assert_int_equal(vic_lapic_base(vm.cpu[0].lapic), 0xfee00900);
}

/* APIC-62 */
static void apic_62_init_when_software_disabled(void **state)
{
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		struct fake_vm vm;

		fake_vm_plain(&vm, 2, x2apic);
		fake_write(&vm.cpu[1], VIC_APIC_SVR, 0xff);
		init_by_icr(&vm, x2apic, 1);
		take_init(&vm.cpu[1]);
		expect_waiting(&vm.cpu[1]);
	}
}

static void apic_62_init_cancels_an_older_sipi(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	cpu = &vm.cpu[1];
	init_by_icr(&vm, false, 1);
	take_init(cpu);
	sipi_by_icr(&vm, false, 1, 0x12);
	init_by_icr(&vm, false, 1);
	take_init(cpu);
	expect_waiting(cpu);
	sipi_by_icr(&vm, false, 1, 0x34);
	take_sipi(cpu, 0x34);
}

static void apic_62_a_sipi_after_init_stays(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	cpu = &vm.cpu[1];
	/* Both before the target looks. */
	init_by_icr(&vm, false, 1);
	sipi_by_icr(&vm, false, 1, 0x12);
	take_init(cpu);
	take_sipi(cpu, 0x12);
	/* INIT, SIPI, INIT, SIPI: the last one counts. */
	init_by_icr(&vm, false, 1);
	sipi_by_icr(&vm, false, 1, 0x12);
	init_by_icr(&vm, false, 1);
	sipi_by_icr(&vm, false, 1, 0x34);
	take_init(cpu);
	take_sipi(cpu, 0x34);
	/* A SIPI of before the INIT does not. */
	sipi_by_icr(&vm, false, 1, 0x56);
	init_by_icr(&vm, false, 1);
	take_init(cpu);
	expect_waiting(cpu);
}

/* APIC-63 */
static void apic_63_power_up(void **state)
{
	struct fake_spec spec = {.vcpus = 3, .raw = true};
	struct fake_vm vm;

	(void)state;
	fake_vm_make(&vm, &spec);
	assert_int_equal(scan(&vm.cpu[0]).flags, 0);
	expect_waiting(&vm.cpu[1]);
	expect_waiting(&vm.cpu[2]);
	sipi_by_icr(&vm, false, 1, 0xff);
	expect_waiting(&vm.cpu[2]);
	take_sipi(&vm.cpu[1], 0xff);
}

static void apic_63_second_sipi_is_ignored(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	cpu = &vm.cpu[1];
	init_by_icr(&vm, false, 1);
	take_init(cpu);
	sipi_by_icr(&vm, false, 1, 0x12);
	sipi_by_icr(&vm, false, 1, 0x34);
	take_sipi(cpu, 0x12);
	sipi_by_icr(&vm, false, 1, 0x56);
	assert_int_equal(scan(cpu).flags, 0);
	assert_int_equal(vic_lapic_ack_sipi(cpu->lapic), VIC_ERR_ABSENT);
	/* Not kept for a later wait. */
	init_by_icr(&vm, false, 1);
	take_init(cpu);
	expect_waiting(cpu);
}

static void apic_63_sipi_to_a_running_vcpu(void **state)
{
	struct fake_vm vm;
	uint32_t i;

	(void)state;
	fake_vm_plain(&vm, 2, true);
	fake_icr(&vm.cpu[1], VIC_ICR_OTHERS | FAKE_MODE(VIC_MODE_SIPI) | 0x12);
	sipi_by_icr(&vm, true, 1, 0x12);
	for (i = 0; i < 2; i++) {
		assert_int_equal(scan(&vm.cpu[i]).flags, 0);
		/* It keeps nobody from sleeping. */
		fake_block(&vm.cpu[i]);
		vic_vcpu_unblock(vm.cpu[i].vcpu);
	}
	init_by_icr(&vm, true, 1);
	take_init(&vm.cpu[1]);
	expect_waiting(&vm.cpu[1]);
}

static void a_waiting_vcpu_sleeps_until_its_sipi(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	cpu = &vm.cpu[1];
	init_by_icr(&vm, false, 1);
	take_init(cpu);
	assert_true(vic_lapic_block(cpu->lapic, FAKE_CAN_ALL));
	/* There is no guest code that could take this. */
	fake_icr(&vm.cpu[0], mode_icr(VIC_MODE_NMI, false, 1));
	vic_vcpu_unblock(cpu->vcpu);
	assert_false(scan(cpu).flags & VIC_WORK_NMI);
	assert_true(vic_lapic_block(cpu->lapic, FAKE_CAN_ALL));
	cpu->wakes = 0;
	sipi_by_icr(&vm, false, 1, 0x12);
	assert_int_equal(cpu->wakes, 1);
	vic_vcpu_unblock(cpu->vcpu);
	assert_false(vic_lapic_block(cpu->lapic, 0));
	assert_true(scan(cpu).flags & VIC_WORK_SIPI);
}

static void init_reaches_every_run_state(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 4, false);
	fake_enter(&vm.cpu[1]);
	fake_block(&vm.cpu[2]);
	fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | FAKE_MODE(VIC_MODE_INIT));
	assert_int_equal(vm.cpu[1].kicks, 1);
	assert_int_equal(vm.cpu[2].wakes, 1);
	assert_int_equal(vm.cpu[3].kicks + vm.cpu[3].wakes, 0);
	assert_int_equal(vic_vcpu_enter(vm.cpu[3].vcpu), VIC_ENTER_AGAIN);
	vic_vcpu_exit(vm.cpu[1].vcpu, true);
	vic_vcpu_unblock(vm.cpu[2].vcpu);
	assert_int_equal(fake_work(&vm, VIC_WORK_INIT), 14);
}

/* The sequence that operating systems use. */
static void boot_by_init_sipi_sipi(void **state)
{
	int x2apic;
	uint32_t i;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		struct fake_spec spec = {
			.vcpus = 8,
			.lapic_flags = x2apic ? VIC_LAPIC_X2APIC : 0,
			.raw = true,
		};
		struct fake_vm vm;

		fake_vm_make(&vm, &spec);
		fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | 0xc500);
		fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | 0x8500);
		for (i = 1; i < 8; i++)
			take_init(&vm.cpu[i]);
		fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | 0x469a);
		fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | 0x469a);
		for (i = 1; i < 8; i++)
			take_sipi(&vm.cpu[i], 0x9a);
	}
}

/* APIC-64 */
static void apic_64_init_level_de_assert(void **state)
{
	static const uint32_t kinds[] = {0, VIC_ICR_SELF, VIC_ICR_ALL,
					 VIC_ICR_OTHERS};
	struct fake_vm vm;
	const struct vic_counters *counters;
	size_t i;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		const uint64_t to_1 = mode_icr(VIC_MODE_INIT, x2apic, 1);

		fake_vm_plain(&vm, 3, x2apic);
		counters = vic_vcpu_counters(vm.cpu[0].vcpu);
		for (i = 0; i < FAKE_COUNT(kinds); i++) {
			fake_icr(&vm.cpu[0], to_1 | kinds[i] | VIC_ICR_LEVEL);
			assert_int_equal(fake_work(&vm, ~0u), 0);
		}
		assert_int_equal(counters->requests.silent, 0);
		assert_int_equal(fake_esr(&vm.cpu[0]), 0);
		/* Edge, and level asserted, are INIT; level 0 or not. */
		fake_icr(&vm.cpu[0], to_1);
		take_init(&vm.cpu[1]);
		fake_icr(&vm.cpu[0], to_1 | VIC_ICR_ASSERT);
		take_init(&vm.cpu[1]);
		fake_icr(&vm.cpu[0], to_1 | VIC_ICR_ASSERT | VIC_ICR_LEVEL);
		take_init(&vm.cpu[1]);
	}
}

/* The manual asks software to use this shorthand for it. */
static void apic_64_de_assert_to_all_is_valid(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	fake_icr(&vm.cpu[0],
		 VIC_ICR_ALL | VIC_ICR_LEVEL | FAKE_MODE(VIC_MODE_INIT));
	assert_int_equal(vic_vcpu_counters(vm.cpu[0].vcpu)->invalid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(apic_34_init_clears_errors),
		FAKE_TEST(apic_61_init_resets_all_but_ids),
		FAKE_TEST(apic_61_init_keeps_the_xapic_id_of_the_guest),
		FAKE_TEST(apic_61_logical_ids_after_init),
		FAKE_TEST(apic_61_init_discards_the_inbox),
		FAKE_TEST(init_of_the_bsp),
		FAKE_TEST(apic_62_init_when_software_disabled),
		FAKE_TEST(apic_62_init_cancels_an_older_sipi),
		FAKE_TEST(apic_62_a_sipi_after_init_stays),
		FAKE_TEST(apic_63_power_up),
		FAKE_TEST(apic_63_second_sipi_is_ignored),
		FAKE_TEST(apic_63_sipi_to_a_running_vcpu),
		FAKE_TEST(a_waiting_vcpu_sleeps_until_its_sipi),
		FAKE_TEST(init_reaches_every_run_state),
		FAKE_TEST(boot_by_init_sipi_sipi),
		FAKE_TEST(apic_64_init_level_de_assert),
		FAKE_TEST(apic_64_de_assert_to_all_is_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
