/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Priorities, IRR, ISR, TMR and EOI: SDM vol. 3, 10.8.3 to 10.8.6. */

#include "fake_vmm.h"

#define LEVEL(vector) (0xc000u | (vector))

/* An MSI to vCPU 0, in xAPIC mode or x2APIC mode. */
static void message(struct fake_vm *vm, uint32_t data)
{
	vic_msi(vm->bus, &vm->device, VIC_MSI_BASE, data);
	fake_harvest(&vm->cpu[0]);
}

static uint8_t ppr_of(uint32_t tpr, uint32_t isrv)
{
	return (uint8_t)(tpr >> 4 >= isrv >> 4 ? tpr : isrv & 0xf0);
}

/* APIC-36 */
static void apic_36_ppr(void **state)
{
	static const uint8_t tprs[] = {0x00, 0x0f, 0x10, 0x2f, 0x30, 0x3f,
				       0x40, 0x45, 0x4f, 0x50, 0xf0, 0xff};
	static const uint8_t isrvs[] = {0,    0x10, 0x31, 0x3f,
					0x40, 0x45, 0xf1, 0xff};
	size_t i, j;

	(void)state;
	for (i = 0; i < FAKE_COUNT(isrvs); i++) {
		struct fake_vm vm;
		struct fake_vcpu *cpu;

		fake_vm_plain(&vm, 1, i & 1);
		cpu = &vm.cpu[0];
		if (isrvs[i])
			fake_serve(&vm, cpu, isrvs[i]);
		for (j = 0; j < FAKE_COUNT(tprs); j++) {
			fake_write(cpu, VIC_APIC_TPR, tprs[j]);
			assert_int_equal(fake_read(cpu, VIC_APIC_TPR), tprs[j]);
			assert_int_equal(fake_read(cpu, VIC_APIC_PPR),
					 ppr_of(tprs[j], isrvs[i]));
			vic_lapic_set_tpr(cpu->lapic, tprs[j]);
			assert_int_equal(fake_read(cpu, VIC_APIC_PPR),
					 ppr_of(tprs[j], isrvs[i]));
		}
	}
}

static void apic_36_ppr_follows_isr(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_TPR, 0x23);
	fake_serve(&vm, cpu, 0x31);
	fake_serve(&vm, cpu, 0x75);
	fake_serve(&vm, cpu, 0xc9);
	assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0xc0);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0x70);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0x30);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0x23);
}

/* APIC-37 */
static void apic_37_deliverable_by_class(void **state)
{
	uint32_t tpr, vector;

	(void)state;
	for (vector = 16; vector < 256; vector += 5) {
		struct fake_vm vm;

		fake_reset(NULL);
		fake_vm_plain(&vm, 1, vector & 1);
		fake_post(&vm.cpu[0], (uint8_t)vector, false);
		for (tpr = 0; tpr < 256; tpr += 3) {
			bool higher = vector >> 4 > tpr >> 4;

			fake_write(&vm.cpu[0], VIC_APIC_TPR, tpr);
			assert_int_equal(fake_deliverable(&vm.cpu[0]),
					 higher ? vector : 0);
		}
	}
}

static void apic_37_class_in_service_blocks(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	fake_serve(&vm, cpu, 0x31);
	fake_post(cpu, 0x35, false);
	fake_post(cpu, 0x3f, false);
	fake_post(cpu, 0x2e, false);
	assert_int_equal(fake_deliverable(cpu), 0);
	fake_post(cpu, 0x40, false);
	assert_int_equal(fake_deliverable(cpu), 0x40);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x40), VIC_OK);
	assert_int_equal(fake_deliverable(cpu), 0);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(fake_deliverable(cpu), 0);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(fake_deliverable(cpu), 0x3f);
}

static void apic_37_highest_first(void **state)
{
	static const uint8_t order[] = {0xff, 0xe0, 0x81, 0x80, 0x7f,
					0x41, 0x40, 0x20, 0x1f, 0x10};
	struct fake_vm vm;
	size_t i;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	for (i = 0; i < FAKE_COUNT(order); i++)
		fake_post(&vm.cpu[0], order[(i * 7 + 3) % FAKE_COUNT(order)],
			  false);
	for (i = 0; i < FAKE_COUNT(order); i++) {
		assert_int_equal(fake_deliverable(&vm.cpu[0]), order[i]);
		assert_int_equal(vic_lapic_ack(vm.cpu[0].lapic, order[i]),
				 VIC_OK);
		fake_write(&vm.cpu[0], VIC_APIC_EOI, 0);
	}
	assert_int_equal(fake_deliverable(&vm.cpu[0]), 0);
}

static void every_vector_of_both_modes(void **state)
{
	struct fake_vm vm;
	uint32_t vector;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		fake_vm_plain(&vm, 1, x2apic);
		for (vector = 16; vector < 256; vector++) {
			fake_post(&vm.cpu[0], (uint8_t)vector, false);
			assert_int_equal(fake_deliverable(&vm.cpu[0]), vector);
			assert_true(fake_bit(&vm.cpu[0], VIC_APIC_IRR,
					     (uint8_t)vector));
			assert_int_equal(fake_take(&vm, (uint8_t)vector), 1);
			assert_false(fake_bit(&vm.cpu[0], VIC_APIC_IRR,
					      (uint8_t)vector));
		}
	}
}

/* APIC-38 */
static void apic_38_no_spurious_vector(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint32_t offset;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	fake_post(cpu, 0x45, false);
	assert_int_equal(fake_deliverable(cpu), 0x45);
	/* Priority rises before the entry: nothing is given at all. */
	fake_write(cpu, VIC_APIC_TPR, 0x50);
	assert_int_equal(fake_deliverable(cpu), 0);
	for (offset = VIC_APIC_ISR; offset < VIC_APIC_TMR; offset += 16)
		assert_int_equal(fake_read(cpu, offset), 0);
	fake_write(cpu, VIC_APIC_TPR, 0);
	assert_int_equal(fake_deliverable(cpu), 0x45);
}

/* The acknowledge cycle of an emulated processor. */
static void apic_38_inta(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		fake_vm_plain(&vm, 1, x2apic);
		cpu = &vm.cpu[0];
		fake_post(cpu, 0x45, false);
		fake_post(cpu, 0x91, false);
		assert_int_equal(fake_deliverable(cpu), 0x91);
		assert_int_equal(vic_lapic_inta(cpu->lapic), 0x91);
		assert_true(fake_bit(cpu, VIC_APIC_ISR, 0x91));
		assert_false(fake_bit(cpu, VIC_APIC_IRR, 0x91));
		assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0x90);
		fake_write(cpu, VIC_APIC_EOI, 0);
		assert_int_equal(vic_lapic_inta(cpu->lapic), 0x45);
		fake_write(cpu, VIC_APIC_EOI, 0);
		assert_int_equal(fake_deliverable(cpu), 0);
		assert_int_equal(
			vic_vcpu_counters(cpu->vcpu)->acked[VIC_MODE_FIXED], 2);
	}
}

static void apic_38_spurious_when_priority_rose(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	const struct vic_counters *counters;
	uint32_t offset;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	counters = vic_vcpu_counters(cpu->vcpu);
	fake_write(cpu, VIC_APIC_SVR, 0x1f3);
	fake_post(cpu, 0x45, false);
	assert_int_equal(fake_deliverable(cpu), 0x45);
	fake_write(cpu, VIC_APIC_TPR, 0x40);
	assert_int_equal(vic_lapic_inta(cpu->lapic), 0xf3);
	for (offset = VIC_APIC_ISR; offset < VIC_APIC_TMR; offset += 16)
		assert_int_equal(fake_read(cpu, offset), 0);
	assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x45));
	assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0x40);
	assert_int_equal(counters->acked[VIC_MODE_FIXED], 0);
	/* Its handler ends nothing, and needs no EOI. */
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(counters->eois, 0);
	fake_write(cpu, VIC_APIC_TPR, 0x3f);
	assert_int_equal(vic_lapic_inta(cpu->lapic), 0x45);
	/* One of its class in service, and then nothing pending at all. */
	fake_post(cpu, 0x4f, false);
	fake_harvest(cpu);
	assert_int_equal(vic_lapic_inta(cpu->lapic), 0xf3);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(vic_lapic_inta(cpu->lapic), 0x4f);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(vic_lapic_inta(cpu->lapic), 0xf3);
	assert_int_equal(counters->acked[VIC_MODE_FIXED], 2);
}

static void apic_38_spurious_vector_as_a_real_one(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	assert_int_equal(fake_read(cpu, VIC_APIC_SVR) & VIC_SVR_VECTOR, 0xff);
	fake_serve(&vm, cpu, 0xff);
	assert_true(fake_bit(cpu, VIC_APIC_ISR, 0xff));
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_false(fake_bit(cpu, VIC_APIC_ISR, 0xff));
}

/* APIC-39 */
static void apic_39_two_of_one_vector_queue(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	fake_serve(&vm, cpu, 0x45);
	fake_post(cpu, 0x45, false);
	fake_harvest(cpu);
	fake_post(cpu, 0x45, false);
	fake_harvest(cpu);
	assert_true(fake_bit(cpu, VIC_APIC_ISR, 0x45));
	assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x45));
	assert_int_equal(fake_deliverable(cpu), 0);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_false(fake_bit(cpu, VIC_APIC_ISR, 0x45));
	assert_int_equal(fake_deliverable(cpu), 0x45);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x45), VIC_OK);
	fake_write(cpu, VIC_APIC_EOI, 0);
	/* The third merged. */
	assert_int_equal(fake_deliverable(cpu), 0);
}

/* APIC-40 */
static void apic_40_tmr_is_of_the_last_acceptance(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		fake_vm_plain(&vm, 1, x2apic);
		cpu = &vm.cpu[0];
		message(&vm, LEVEL(0x45));
		message(&vm, 0x46);
		assert_true(fake_bit(cpu, VIC_APIC_TMR, 0x45));
		assert_false(fake_bit(cpu, VIC_APIC_TMR, 0x46));
		assert_int_equal(fake_take(&vm, 0x45), 1);
		/* It outlives the EOI. */
		assert_true(fake_bit(cpu, VIC_APIC_TMR, 0x45));
		message(&vm, 0x45);
		assert_false(fake_bit(cpu, VIC_APIC_TMR, 0x45));
		assert_int_equal(fake_take(&vm, 0x45), 1);
		message(&vm, LEVEL(0x45));
		assert_true(fake_bit(cpu, VIC_APIC_TMR, 0x45));
		assert_int_equal(fake_take(&vm, 0x45), 1);
		assert_int_equal(cpu->eois, 2);
	}
}

static void apic_40_all_vectors(void **state)
{
	struct fake_vm vm;
	uint32_t vector;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	for (vector = 16; vector < 256; vector++)
		message(&vm, vector & 3 ? vector : LEVEL(vector));
	for (vector = 16; vector < 256; vector++)
		assert_int_equal(
			fake_bit(&vm.cpu[0], VIC_APIC_TMR, (uint8_t)vector),
			!(vector & 3));
}

/* APIC-42 */
static void apic_42_eoi_with_nothing_in_service(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	message(&vm, LEVEL(0x45));
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(cpu->eois, 0);
	assert_int_equal(vic_vcpu_counters(cpu->vcpu)->eois, 0);
	assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x45));
	assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0);
	assert_int_equal(fake_esr(cpu), 0);
}

static void apic_42_eoi_ends_the_highest_only(void **state)
{
	static const uint8_t vectors[] = {0x21, 0x3f, 0x40, 0x7f, 0x80, 0xff};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i, j;

	(void)state;
	fake_vm_plain(&vm, 1, true);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(vectors); i++)
		fake_serve(&vm, cpu, vectors[i]);
	for (i = FAKE_COUNT(vectors); i-- > 0;) {
		fake_write(cpu, VIC_APIC_EOI, 0);
		for (j = 0; j < FAKE_COUNT(vectors); j++)
			assert_int_equal(
				fake_bit(cpu, VIC_APIC_ISR, vectors[j]), j < i);
	}
	assert_int_equal(vic_vcpu_counters(cpu->vcpu)->eois,
			 FAKE_COUNT(vectors));
}

/* APIC-43 */
static void apic_43_eoi_of_level_is_reported(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	message(&vm, LEVEL(0x45));
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x45), VIC_OK);
	message(&vm, 0x65);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x65), VIC_OK);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(cpu->eois, 0);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(cpu->eois, 1);
	assert_int_equal(cpu->eoi_source, VIC_EOI_LAPIC);
	assert_int_equal(cpu->eoi_number, 0x45);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(cpu->eois, 1);
}

static void apic_43_suppression_as_a_policy(void **state)
{
	struct fake_spec spec = {
		.vcpus = 1,
		.bus_flags = VIC_BUS_SUPPRESS_EOI,
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		spec.lapic_flags = x2apic ? VIC_LAPIC_X2APIC : 0;
		fake_vm_make(&vm, &spec);
		cpu = &vm.cpu[0];
		/* Not before the guest asks for it. */
		message(&vm, LEVEL(0x45));
		assert_int_equal(fake_take(&vm, 0x45), 1);
		assert_int_equal(cpu->eois, 1);
		fake_write(cpu, VIC_APIC_SVR, 0x11ff);
		message(&vm, LEVEL(0x45));
		assert_true(fake_bit(cpu, VIC_APIC_TMR, 0x45));
		assert_int_equal(fake_take(&vm, 0x45), 1);
		assert_int_equal(cpu->eois, 1);
		assert_int_equal(vic_vcpu_counters(cpu->vcpu)->eois, 2);
		fake_write(cpu, VIC_APIC_SVR, 0x1ff);
		message(&vm, LEVEL(0x45));
		assert_int_equal(fake_take(&vm, 0x45), 1);
		assert_int_equal(cpu->eois, 2);
	}
	/* Where it is not offered, the bit does not stay. */
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_SVR, 0x11ff);
	message(&vm, LEVEL(0x45));
	assert_int_equal(fake_take(&vm, 0x45), 1);
	assert_int_equal(cpu->eois, 1);
}

/* APIC-44 */
static void apic_44_eoi_is_of_what_was_accepted(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	message(&vm, LEVEL(0x45));
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x45), VIC_OK);
	/* Sent, and not accepted yet. */
	vic_msi(vm.bus, &vm.device, VIC_MSI_BASE, 0x45);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(cpu->eois, 1);
	fake_complete(cpu, 0x45);
	assert_int_equal(cpu->eois, 1);
	fake_post(cpu, 0x45, false);
	fake_harvest(cpu);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x45), VIC_OK);
	vic_msi(vm.bus, &vm.device, VIC_MSI_BASE, LEVEL(0x45));
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(cpu->eois, 1);
	fake_complete(cpu, 0x45);
	assert_int_equal(cpu->eois, 2);
}

static void cr8_is_tpr(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		fake_vm_plain(&vm, 1, x2apic);
		cpu = &vm.cpu[0];
		fake_write(cpu, VIC_APIC_TPR, 0x3f);
		assert_int_equal(vic_lapic_tpr(cpu->lapic), 0x3f);
		vic_lapic_set_tpr(cpu->lapic, 0x70);
		assert_int_equal(fake_read(cpu, VIC_APIC_TPR), 0x70);
		assert_int_equal(vic_lapic_tpr(cpu->lapic), 0x70);
		fake_post(cpu, 0x71, false);
		assert_int_equal(fake_deliverable(cpu), 0);
		vic_lapic_set_tpr(cpu->lapic, 0x60);
		assert_int_equal(fake_deliverable(cpu), 0x71);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(apic_36_ppr),
		FAKE_TEST(apic_36_ppr_follows_isr),
		FAKE_TEST(apic_37_deliverable_by_class),
		FAKE_TEST(apic_37_class_in_service_blocks),
		FAKE_TEST(apic_37_highest_first),
		FAKE_TEST(every_vector_of_both_modes),
		FAKE_TEST(apic_38_no_spurious_vector),
		FAKE_TEST(apic_38_inta),
		FAKE_TEST(apic_38_spurious_when_priority_rose),
		FAKE_TEST(apic_38_spurious_vector_as_a_real_one),
		FAKE_TEST(apic_39_two_of_one_vector_queue),
		FAKE_TEST(apic_40_tmr_is_of_the_last_acceptance),
		FAKE_TEST(apic_40_all_vectors),
		FAKE_TEST(apic_42_eoi_with_nothing_in_service),
		FAKE_TEST(apic_42_eoi_ends_the_highest_only),
		FAKE_TEST(apic_43_eoi_of_level_is_reported),
		FAKE_TEST(apic_43_suppression_as_a_policy),
		FAKE_TEST(apic_44_eoi_is_of_what_was_accepted),
		FAKE_TEST(cr8_is_tpr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
