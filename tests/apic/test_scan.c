/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* scan, ack and unack: what <vic/lapic.h> says of them. */

#include "fake_vmm.h"

static void post(struct fake_vm *vm, uint8_t vector)
{
	fake_post(&vm->cpu[0], vector, false);
}

static void request(struct fake_vm *vm, enum vic_request what)
{
	fake_request(&vm->cpu[0], what, 0);
}

static struct vic_work scan(struct fake_vm *vm, uint32_t can)
{
	struct vic_work work;
	uint32_t flags = vic_lapic_scan(vm->cpu[0].lapic, can, &work);

	assert_int_equal(flags, work.flags);
	return work;
}

static void idle_scan_finds_nothing(void **state)
{
	struct fake_vm vm;
	struct vic_work work;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	work = scan(&vm, FAKE_CAN_ALL);
	assert_int_equal(work.flags, 0);
	assert_int_equal(work.nmis, 0);
	assert_int_equal(work.tpr_threshold, 0);
	assert_int_equal(scan(&vm, 0).flags, 0);
}

static void windows(void **state)
{
	static const struct {
		uint32_t can, flags;
	} rows[] = {
		{0, VIC_WORK_IRQ_WINDOW | VIC_WORK_NMI_WINDOW |
			    VIC_WORK_SMI_WINDOW},
		{VIC_CAN_IRQ,
		 VIC_WORK_IRQ | VIC_WORK_NMI_WINDOW | VIC_WORK_SMI_WINDOW},
		{VIC_CAN_NMI,
		 VIC_WORK_IRQ_WINDOW | VIC_WORK_NMI | VIC_WORK_SMI_WINDOW},
		{VIC_CAN_SMI,
		 VIC_WORK_IRQ_WINDOW | VIC_WORK_NMI_WINDOW | VIC_WORK_SMI},
		{FAKE_CAN_ALL, VIC_WORK_IRQ | VIC_WORK_NMI | VIC_WORK_SMI},
	};
	struct fake_vm vm;
	size_t i;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	post(&vm, 0x41);
	request(&vm, VIC_REQUEST_NMI);
	request(&vm, VIC_REQUEST_SMI);
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		struct vic_work work = scan(&vm, rows[i].can);

		assert_int_equal(work.flags, rows[i].flags);
		assert_int_equal(work.vector, 0x41);
		assert_int_equal(work.nmis, 1);
	}
}

static void a_masked_interrupt_wants_no_window(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	fake_write(&vm.cpu[0], VIC_APIC_TPR, 0x50);
	post(&vm, 0x41);
	assert_int_equal(scan(&vm, 0).flags, 0);
	assert_int_equal(scan(&vm, VIC_CAN_IRQ).flags, 0);
}

static void tpr_threshold(void **state)
{
	static const struct {
		uint8_t tpr, vector, threshold;
	} rows[] = {
		{0x00, 0x10, 0}, {0x10, 0x1f, 1}, {0x2f, 0x10, 1},
		{0x30, 0x41, 0}, {0x3f, 0x41, 0}, {0x40, 0x41, 4},
		{0x80, 0x41, 4}, {0xf0, 0x41, 4}, {0xff, 0xff, 15},
		{0xef, 0xf0, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		struct fake_vm vm;

		fake_vm_plain(&vm, 1, false);
		fake_write(&vm.cpu[0], VIC_APIC_TPR, rows[i].tpr);
		post(&vm, rows[i].vector);
		assert_int_equal(scan(&vm, VIC_CAN_IRQ).tpr_threshold,
				 rows[i].threshold);
		/* Where the guest's TPR falls below, there is work. */
		if (rows[i].threshold) {
			vic_lapic_set_tpr(
				vm.cpu[0].lapic,
				(uint8_t)((rows[i].threshold - 1) << 4));
			assert_int_equal(scan(&vm, VIC_CAN_IRQ).flags,
					 VIC_WORK_IRQ);
			assert_int_equal(scan(&vm, VIC_CAN_IRQ).tpr_threshold,
					 0);
		}
	}
}

static void an_interrupt_in_service_is_no_tpr_threshold(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	fake_serve(&vm, &vm.cpu[0], 0x61);
	post(&vm, 0x41);
	assert_int_equal(scan(&vm, VIC_CAN_IRQ).flags, 0);
	assert_int_equal(scan(&vm, VIC_CAN_IRQ).tpr_threshold, 0);
}

static void scan_only_looks(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int i;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	post(&vm, 0x41);
	request(&vm, VIC_REQUEST_NMI);
	for (i = 0; i < 3; i++) {
		struct vic_work work = scan(&vm, FAKE_CAN_ALL);

		assert_int_equal(work.flags, VIC_WORK_IRQ | VIC_WORK_NMI);
		assert_int_equal(work.vector, 0x41);
		assert_int_equal(work.nmis, 1);
		assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x41));
		assert_false(fake_bit(cpu, VIC_APIC_ISR, 0x41));
		assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0);
	}
}

static void ack_moves_irr_to_isr(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	post(&vm, 0x41);
	assert_int_equal(scan(&vm, VIC_CAN_IRQ).vector, 0x41);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x41), VIC_OK);
	assert_false(fake_bit(cpu, VIC_APIC_IRR, 0x41));
	assert_true(fake_bit(cpu, VIC_APIC_ISR, 0x41));
	assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0x40);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x41), VIC_ERR_ABSENT);
}

static void ack_may_come_late(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	post(&vm, 0x41);
	assert_int_equal(scan(&vm, VIC_CAN_IRQ).vector, 0x41);
	/* Higher, and higher of the same class, after the choice. */
	post(&vm, 0x45);
	post(&vm, 0x81);
	fake_enter(cpu);
	vic_vcpu_exit(cpu->vcpu, false);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x41), VIC_OK);
	assert_true(fake_bit(cpu, VIC_APIC_ISR, 0x41));
	assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x45));
	assert_int_equal(scan(&vm, VIC_CAN_IRQ).vector, 0x81);
}

static void ack_of_what_is_not_pending(void **state)
{
	struct fake_vm vm;
	struct vic_lapic *lapic;
	uint32_t vector;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	lapic = vm.cpu[1].lapic;
	for (vector = 0; vector < 256; vector++) {
		assert_int_equal(vic_lapic_ack(lapic, (uint8_t)vector),
				 VIC_ERR_ABSENT);
		assert_int_equal(vic_lapic_unack(lapic, (uint8_t)vector),
				 VIC_ERR_ABSENT);
	}
	assert_int_equal(vic_lapic_ack_nmi(lapic), VIC_ERR_ABSENT);
	assert_int_equal(vic_lapic_ack_smi(lapic), VIC_ERR_ABSENT);
	assert_int_equal(vic_lapic_ack_init(lapic), VIC_ERR_ABSENT);
	assert_int_equal(vic_lapic_ack_sipi(lapic), VIC_ERR_ABSENT);
	assert_int_equal(fake_read(&vm.cpu[1], VIC_APIC_SVR), 0x1ff);
	assert_int_equal(fake_work(&vm, ~0u), 0);
}

static void ack_needs_a_higher_class(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	fake_serve(&vm, cpu, 0x61);
	post(&vm, 0x61);
	post(&vm, 0x6f);
	post(&vm, 0x41);
	fake_harvest(cpu);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x61), VIC_ERR_STATE);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x6f), VIC_ERR_STATE);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x41), VIC_ERR_STATE);
	assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x6f));
	assert_false(fake_bit(cpu, VIC_APIC_ISR, 0x6f));
	fake_write(cpu, VIC_APIC_EOI, 0);
	/* TPR does not undo an injection that has happened. */
	fake_write(cpu, VIC_APIC_TPR, 0xff);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x41), VIC_OK);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x6f), VIC_OK);
}

static void unack_undoes_ack(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_TPR, 0x13);
	fake_serve(&vm, cpu, 0x31);
	fake_serve(&vm, cpu, 0x75);
	assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0x70);
	assert_int_equal(vic_lapic_unack(cpu->lapic, 0x31), VIC_ERR_ABSENT);
	assert_int_equal(vic_lapic_unack(cpu->lapic, 0x75), VIC_OK);
	assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x75));
	assert_false(fake_bit(cpu, VIC_APIC_ISR, 0x75));
	assert_true(fake_bit(cpu, VIC_APIC_ISR, 0x31));
	assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0x30);
	assert_int_equal(scan(&vm, VIC_CAN_IRQ).vector, 0x75);
	assert_int_equal(vic_lapic_unack(cpu->lapic, 0x31), VIC_OK);
	assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0x13);
	assert_int_equal(fake_take(&vm, 0x75), 1);
	assert_int_equal(fake_take(&vm, 0x31), 1);
	assert_int_equal(scan(&vm, VIC_CAN_IRQ).flags, 0);
}

static void unack_survives_a_higher_one(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	fake_serve(&vm, cpu, 0x75);
	assert_int_equal(vic_lapic_unack(cpu->lapic, 0x75), VIC_OK);
	assert_int_equal(fake_take(&vm, 0x95), 0);
	post(&vm, 0x95);
	assert_int_equal(fake_take(&vm, 0x95), 1);
	assert_int_equal(scan(&vm, VIC_CAN_IRQ).vector, 0x75);
}

static void unack_keeps_the_trigger_mode(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	vic_msi(vm.bus, &vm.device, VIC_MSI_BASE, 0xc041);
	fake_harvest(cpu);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x41), VIC_OK);
	assert_int_equal(vic_lapic_unack(cpu->lapic, 0x41), VIC_OK);
	assert_int_equal(cpu->eois, 0);
	assert_true(fake_bit(cpu, VIC_APIC_TMR, 0x41));
	assert_int_equal(fake_take(&vm, 0x41), 1);
	assert_int_equal(cpu->eois, 1);
}

static void unack_merges_with_a_second_one(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	fake_serve(&vm, cpu, 0x41);
	post(&vm, 0x41);
	fake_harvest(cpu);
	assert_int_equal(vic_lapic_unack(cpu->lapic, 0x41), VIC_OK);
	assert_int_equal(fake_take(&vm, 0x41), 1);
	assert_int_equal(fake_take(&vm, 0x41), 0);
}

/* APIC-65 */
static void apic_65_two_nmis_at_most(void **state)
{
	struct fake_vm vm;
	struct vic_lapic *lapic;
	int i;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	lapic = vm.cpu[0].lapic;
	for (i = 0; i < 5; i++)
		request(&vm, VIC_REQUEST_NMI);
	assert_int_equal(vm.device.requests.merged, 3);
	assert_int_equal(scan(&vm, VIC_CAN_NMI).nmis, 2);
	assert_int_equal(vic_lapic_ack_nmi(lapic), VIC_OK);
	/* In its handler, with NMIs blocked: one is latched. */
	assert_int_equal(scan(&vm, 0).flags, VIC_WORK_NMI_WINDOW);
	assert_int_equal(scan(&vm, 0).nmis, 1);
	request(&vm, VIC_REQUEST_NMI);
	request(&vm, VIC_REQUEST_NMI);
	assert_int_equal(scan(&vm, VIC_CAN_NMI).nmis, 2);
	assert_int_equal(vic_lapic_ack_nmi(lapic), VIC_OK);
	assert_int_equal(vic_lapic_ack_nmi(lapic), VIC_OK);
	assert_int_equal(scan(&vm, VIC_CAN_NMI).flags, 0);
	assert_int_equal(vic_lapic_ack_nmi(lapic), VIC_ERR_ABSENT);
}

static void apic_65_nmi_ignores_priorities(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	fake_write(&vm.cpu[0], VIC_APIC_TPR, 0xff);
	fake_serve(&vm, &vm.cpu[0], 0xff);
	request(&vm, VIC_REQUEST_NMI);
	assert_int_equal(scan(&vm, VIC_CAN_NMI).flags, VIC_WORK_NMI);
	assert_int_equal(vic_lapic_ack_nmi(vm.cpu[0].lapic), VIC_OK);
	/* An NMI needs no EOI. */
	assert_true(fake_bit(&vm.cpu[0], VIC_APIC_ISR, 0xff));
}

static void one_smi_is_latched(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	request(&vm, VIC_REQUEST_SMI);
	request(&vm, VIC_REQUEST_SMI);
	assert_int_equal(vm.device.requests.merged, 1);
	assert_int_equal(scan(&vm, 0).flags, VIC_WORK_SMI_WINDOW);
	assert_int_equal(scan(&vm, VIC_CAN_SMI).flags, VIC_WORK_SMI);
	assert_int_equal(vic_lapic_ack_smi(vm.cpu[0].lapic), VIC_OK);
	assert_int_equal(scan(&vm, VIC_CAN_SMI).flags, 0);
	request(&vm, VIC_REQUEST_SMI);
	assert_int_equal(scan(&vm, VIC_CAN_SMI).flags, VIC_WORK_SMI);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(idle_scan_finds_nothing),
		FAKE_TEST(windows),
		FAKE_TEST(a_masked_interrupt_wants_no_window),
		FAKE_TEST(tpr_threshold),
		FAKE_TEST(an_interrupt_in_service_is_no_tpr_threshold),
		FAKE_TEST(scan_only_looks),
		FAKE_TEST(ack_moves_irr_to_isr),
		FAKE_TEST(ack_may_come_late),
		FAKE_TEST(ack_of_what_is_not_pending),
		FAKE_TEST(ack_needs_a_higher_class),
		FAKE_TEST(unack_undoes_ack),
		FAKE_TEST(unack_survives_a_higher_one),
		FAKE_TEST(unack_keeps_the_trigger_mode),
		FAKE_TEST(unack_merges_with_a_second_one),
		FAKE_TEST(apic_65_two_nmis_at_most),
		FAKE_TEST(apic_65_nmi_ignores_priorities),
		FAKE_TEST(one_smi_is_latched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
