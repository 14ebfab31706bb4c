/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What a write to ICR or SELF IPI sends, and the errors that it records:
 * SDM vol. 3, 10.5.3, 10.6.1, table 10-3, 10.12.9 and 10.12.11.
 */

#include "fake_vmm.h"

#define ALL_WORK                                                       \
	(VIC_WORK_INIT | VIC_WORK_SIPI | VIC_WORK_NMI | VIC_WORK_SMI | \
	 VIC_WORK_IRQ | VIC_WORK_IRQ_WINDOW)

/* The destination field for APIC @id in vCPU 0's mode. */
static uint64_t to(bool x2apic, uint32_t id)
{
	return x2apic ? FAKE_TO32(id) : FAKE_TO8(id);
}

static uint64_t read_icr(struct fake_vcpu *cpu, bool x2apic)
{
	uint64_t icr = fake_read(cpu, VIC_APIC_ICR_LO);

	if (!x2apic)
		icr |= fake_read(cpu, VIC_APIC_ICR_HI) << 32;
	return icr;
}

/* APIC-10 */
static void apic_10_delivery_status_reads_0(void **state)
{
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		struct fake_vm vm;

		fake_vm_plain(&vm, 2, x2apic);
		fake_icr(&vm.cpu[0], to(x2apic, 1) | VIC_ICR_BUSY | 0x41);
		assert_int_equal(read_icr(&vm.cpu[0], x2apic),
				 to(x2apic, 1) | 0x41);
		assert_int_equal(fake_take(&vm, 0x41), 2);
	}
}

/* What AMD's processors do, by policy; a store to the page never faults. */
static void apic_10_delivery_status_as_a_policy(void **state)
{
	struct fake_spec spec = {
		.vcpus = 2,
		.bus_flags = VIC_BUS_BUSY_FAULTS,
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_make(&vm, &spec);
	cpu = &vm.cpu[0];
	fake_icr(cpu, FAKE_TO8(1) | VIC_ICR_BUSY | 0x41);
	assert_int_equal(read_icr(cpu, false), FAKE_TO8(1) | 0x41);
	assert_int_equal(fake_take(&vm, 0x41), 2);
	fake_x2apic(cpu);
	fake_icr(cpu, FAKE_TO32(9) | 0x33);
	assert_int_equal(
		vic_lapic_msr_write(cpu->lapic, FAKE_MSR(VIC_APIC_ICR_LO),
				    FAKE_TO32(1) | VIC_ICR_BUSY | 0x41),
		VIC_ACCESS_FAULT);
	assert_true(read_icr(cpu, true) == (FAKE_TO32(9) | 0x33));
	assert_int_equal(fake_work(&vm, ALL_WORK), 0);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO32(1) | 0x41), 2);
}

/* APIC-11 */
static void apic_11_x2apic_icr_is_one_register(void **state)
{
	static const uint64_t values[] = {
		0x1234567800000041,
		0x8000000100008841,
		0xfffffffe000c4441,
		0x0000000000004441,
	};
	struct fake_vm vm;
	size_t i;

	(void)state;
	fake_vm_plain(&vm, 2, true);
	for (i = 0; i < FAKE_COUNT(values); i++) {
		fake_icr(&vm.cpu[0], values[i]);
		assert_true(fake_read(&vm.cpu[0], VIC_APIC_ICR_LO) ==
			    values[i]);
	}
}

/* The guest sees no difference; hardware that has the page does. */
static void apic_11_icr_in_the_page(void **state)
{
	static const uint32_t flags[] = {0, VIC_BUS_ICR_SPLIT};
	uint32_t split;

	(void)state;
	for (split = 0; split < 2; split++) {
		struct fake_spec spec = {
			.vcpus = 1,
			.bus_flags = flags[split],
		};
		struct fake_vm vm;
		struct fake_vcpu *cpu;

		fake_vm_make(&vm, &spec);
		cpu = &vm.cpu[0];
		fake_icr(cpu, FAKE_TO8(0x12) | 0x41);
		assert_int_equal(fake_page(cpu, VIC_APIC_ICR_LO), 0x41);
		assert_int_equal(fake_page(cpu, VIC_APIC_ICR_LO + 4), 0);
		assert_int_equal(fake_page(cpu, VIC_APIC_ICR_HI), 0x12000000);
		fake_x2apic(cpu);
		fake_icr(cpu, FAKE_TO32(0x12345678) | 0x42);
		assert_true(read_icr(cpu, true) ==
			    (FAKE_TO32(0x12345678) | 0x42));
		assert_int_equal(fake_page(cpu, VIC_APIC_ICR_LO), 0x42);
		assert_int_equal(fake_page(cpu, VIC_APIC_ICR_LO + 4),
				 split ? 0 : 0x12345678);
		assert_int_equal(fake_page(cpu, VIC_APIC_ICR_HI),
				 split ? 0x12345678 : 0);
	}
}

static void apic_11_xapic_icr_is_two_registers(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 3, false);
	fake_write(&vm.cpu[0], VIC_APIC_ICR_HI, 1u << 24);
	assert_int_equal(fake_work(&vm, ALL_WORK), 0);
	fake_write(&vm.cpu[0], VIC_APIC_ICR_LO, 0x41);
	assert_int_equal(fake_take(&vm, 0x41), 2);
	fake_write(&vm.cpu[0], VIC_APIC_ICR_HI, 2u << 24);
	assert_int_equal(fake_work(&vm, ALL_WORK), 0);
	/* The upper half stays for the next message. */
	fake_write(&vm.cpu[0], VIC_APIC_ICR_LO, 0x41);
	fake_write(&vm.cpu[0], VIC_APIC_ICR_LO, 0x42);
	assert_int_equal(fake_take(&vm, 0x41), 4);
	assert_int_equal(fake_take(&vm, 0x42), 4);
	assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_ICR_HI), 2u << 24);
	assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_ICR_LO), 0x42);
}

/* APIC-12 */
static void apic_12_self_ipi_leaves_icr_alone(void **state)
{
	const uint64_t icr = FAKE_TO32(9) | 0x33;
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 3, true);
	fake_icr(&vm.cpu[1], icr);
	fake_write(&vm.cpu[1], VIC_APIC_SELF_IPI, 0x41);
	assert_true(fake_read(&vm.cpu[1], VIC_APIC_ICR_LO) == icr);
	assert_int_equal(fake_take(&vm, 0x41), 2);
	fake_write(&vm.cpu[1], VIC_APIC_SELF_IPI, 0);
	assert_true(fake_read(&vm.cpu[1], VIC_APIC_ICR_LO) == icr);
}

static void delivery_modes_reach_as_what_they_are(void **state)
{
	/* Vector and work; the vector of NMI is ignored. */
	static const struct {
		enum vic_delivery_mode mode;
		uint8_t vector;
		uint32_t work;
	} rows[] = {
		{VIC_MODE_FIXED, 0x41, VIC_WORK_IRQ},
		{VIC_MODE_LOWEST, 0x41, VIC_WORK_IRQ},
		{VIC_MODE_SMI, 0, VIC_WORK_SMI},
		{VIC_MODE_NMI, 0, VIC_WORK_NMI},
		{VIC_MODE_NMI, 0x41, VIC_WORK_NMI},
		{VIC_MODE_INIT, 0, VIC_WORK_INIT},
	};
	size_t i;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++)
		for (i = 0; i < FAKE_COUNT(rows); i++) {
			struct fake_vm vm;
			uint64_t icr = FAKE_MODE(rows[i].mode) | rows[i].vector;

			fake_vm_plain(&vm, 3, x2apic);
			fake_icr(&vm.cpu[0], to(x2apic, 1) | icr);
			assert_int_equal(fake_work(&vm, rows[i].work), 2);
			assert_int_equal(
				fake_work(&vm, ALL_WORK & ~rows[i].work), 0);
			assert_int_equal(fake_esr(&vm.cpu[0]), 0);
			assert_int_equal(fake_esr(&vm.cpu[1]), 0);
		}
}

static void shorthands_of_fixed(void **state)
{
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		struct fake_vm vm;

		fake_vm_plain(&vm, 4, x2apic);
		/* The destination field and mode are not looked at. */
		assert_int_equal(fake_send(&vm, 1, VIC_ICR_SELF | 0x41), 2);
		assert_int_equal(
			fake_send(&vm, 1, to(x2apic, 3) | VIC_ICR_SELF | 0x41),
			2);
		assert_int_equal(fake_send(&vm, 1,
					   to(x2apic, 3) | VIC_ICR_LOGICAL |
						   VIC_ICR_ALL | 0x41),
				 15);
		assert_int_equal(
			fake_send(&vm, 1,
				  to(x2apic, 1) | VIC_ICR_OTHERS | 0x41),
			13);
	}
}

static void others_takes_every_delivery_mode(void **state)
{
	static const struct {
		enum vic_delivery_mode mode;
		uint32_t work;
	} rows[] = {
		{VIC_MODE_SMI, VIC_WORK_SMI},
		{VIC_MODE_NMI, VIC_WORK_NMI},
		{VIC_MODE_INIT, VIC_WORK_INIT},
	};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		struct fake_vm vm;

		fake_vm_plain(&vm, 4, i & 1);
		fake_icr(&vm.cpu[1], VIC_ICR_OTHERS | FAKE_MODE(rows[i].mode));
		assert_int_equal(fake_work(&vm, rows[i].work), 13);
	}
}

static void lowest_priority_to_others_reaches_one(void **state)
{
	struct fake_vm vm;
	uint64_t taken;

	(void)state;
	fake_vm_plain(&vm, 4, false);
	taken = fake_send(&vm, 1,
			  VIC_ICR_OTHERS | FAKE_MODE(VIC_MODE_LOWEST) | 0x41);
	assert_int_equal(__builtin_popcountll(taken), 1);
}

/* Write @icr from vCPU 1 of 3 in each mode; nobody may notice. */
static void nothing_comes_of(uint32_t icr)
{
	int x2apic;

	for (x2apic = 0; x2apic < 2; x2apic++) {
		struct fake_vm vm;
		const struct vic_counters *counters;
		uint64_t invalid;

		fake_vm_plain(&vm, 3, x2apic);
		counters = vic_vcpu_counters(vm.cpu[1].vcpu);
		invalid = counters->invalid;
		fake_icr(&vm.cpu[1], to(x2apic, 2) | icr);
		assert_int_equal(fake_work(&vm, ALL_WORK), 0);
		assert_int_equal(counters->invalid, invalid + 1);
		assert_int_equal(fake_esr(&vm.cpu[1]), 0);
		assert_int_equal(fake_esr(&vm.cpu[2]), 0);
	}
}

/* APIC-26 */
static void apic_26_self_and_all_are_for_fixed_only(void **state)
{
	static const enum vic_delivery_mode modes[] = {
		VIC_MODE_LOWEST, VIC_MODE_SMI,  VIC_MODE_NMI,
		VIC_MODE_INIT,   VIC_MODE_SIPI,
	};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(modes); i++) {
		uint32_t icr = (uint32_t)FAKE_MODE(modes[i]) | 0x41;

		nothing_comes_of(VIC_ICR_SELF | icr);
		nothing_comes_of(VIC_ICR_ALL | icr);
		nothing_comes_of(VIC_ICR_SELF | VIC_ICR_ASSERT | icr);
	}
}

/* APIC-27 */
static void apic_27_reserved_delivery_modes_are_dropped(void **state)
{
	static const uint32_t shorthands[] = {0, VIC_ICR_SELF, VIC_ICR_ALL,
					      VIC_ICR_OTHERS};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(shorthands); i++) {
		nothing_comes_of(shorthands[i] | 0x341);
		nothing_comes_of(shorthands[i] | 0x741);
	}
}

/* APIC-29; the receiver's half is in test_msi.c. */
static void apic_29_illegal_vectors_are_the_senders_error(void **state)
{
	static const uint32_t kinds[] = {0, VIC_ICR_SELF, VIC_ICR_ALL,
					 VIC_ICR_OTHERS};
	struct fake_vm vm;
	uint32_t vector;
	size_t i;
	int x2apic, lowest;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		fake_vm_plain(&vm, 2, x2apic);
		for (i = 0; i < FAKE_COUNT(kinds); i++)
			for (vector = 0; vector < 16; vector++) {
				uint64_t icr =
					to(x2apic, 1) | kinds[i] | vector;

				fake_icr(&vm.cpu[0], icr);
				assert_true(read_icr(&vm.cpu[0], x2apic) ==
					    icr);
				assert_int_equal(fake_work(&vm, ALL_WORK), 0);
				assert_int_equal(fake_esr(&vm.cpu[0]) & 0x20,
						 0x20);
				assert_int_equal(fake_esr(&vm.cpu[1]), 0);
				assert_int_equal(
					fake_read(&vm.cpu[0], VIC_APIC_IRR), 0);
				assert_int_equal(
					fake_read(&vm.cpu[1], VIC_APIC_IRR), 0);
			}
		for (lowest = 0; lowest < 2; lowest++) {
			uint64_t mode = lowest ? FAKE_MODE(VIC_MODE_LOWEST) : 0;

			fake_icr(&vm.cpu[0], to(x2apic, 1) | mode | 15);
			assert_int_equal(fake_esr(&vm.cpu[0]), 0x20);
			fake_icr(&vm.cpu[0], to(x2apic, 1) | mode | 16);
			assert_int_equal(fake_esr(&vm.cpu[0]), 0);
			assert_int_equal(fake_take(&vm, 16), 2);
		}
	}
}

/* APIC-30 */
static void apic_30_self_ipi_of_an_illegal_vector(void **state)
{
	struct fake_vm vm;
	uint32_t vector;

	(void)state;
	fake_vm_plain(&vm, 1, true);
	for (vector = 0; vector < 16; vector++) {
		fake_write(&vm.cpu[0], VIC_APIC_SELF_IPI, vector);
		assert_int_equal(fake_work(&vm, ALL_WORK), 0);
		assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_IRR), 0);
		/* The manual lets a self IPI set bit 6 as well. */
		assert_int_equal(fake_esr(&vm.cpu[0]) & ~UINT64_C(0x40), 0x20);
		assert_int_equal(fake_esr(&vm.cpu[0]), 0);
	}
	fake_write(&vm.cpu[0], VIC_APIC_SELF_IPI, 16);
	assert_int_equal(fake_take(&vm, 16), 1);
	assert_int_equal(fake_esr(&vm.cpu[0]), 0);
}

/* APIC-31 */
static void apic_31_a_write_latches_esr(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	cpu = &vm.cpu[0];
	fake_icr(cpu, FAKE_TO8(1) | 3);
	assert_int_equal(fake_read(cpu, VIC_APIC_ESR), 0);
	fake_write(cpu, VIC_APIC_ESR, 0xffffffff);
	assert_int_equal(fake_read(cpu, VIC_APIC_ESR), 0x20);
	assert_int_equal(fake_read(cpu, VIC_APIC_ESR), 0x20);
	/* A new error does not show before the next write. */
	fake_read(cpu, 0x40);
	assert_int_equal(fake_read(cpu, VIC_APIC_ESR), 0x20);
	fake_write(cpu, VIC_APIC_ESR, 0x20);
	assert_int_equal(fake_read(cpu, VIC_APIC_ESR), 0x80);
	/* Two before one write are both there. */
	fake_icr(cpu, FAKE_TO8(1) | 3);
	fake_read(cpu, 0x40);
	fake_write(cpu, VIC_APIC_ESR, 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_ESR), 0xa0);
	fake_write(cpu, VIC_APIC_ESR, 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_ESR), 0);
}

static void apic_31_x2apic_esr_takes_zero_only(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 2, true);
	cpu = &vm.cpu[0];
	fake_icr(cpu, FAKE_TO32(1) | 3);
	assert_int_equal(
		vic_lapic_msr_write(cpu->lapic, FAKE_MSR(VIC_APIC_ESR), 0x20),
		VIC_ACCESS_FAULT);
	assert_int_equal(fake_read(cpu, VIC_APIC_ESR), 0);
	assert_int_equal(fake_esr(cpu), 0x20);
	assert_int_equal(fake_read(cpu, VIC_APIC_ESR), 0x20);
	assert_int_equal(fake_esr(cpu), 0);
}

/* APIC-41 */
static void apic_41_ipis_are_edge_whatever_icr_says(void **state)
{
	static const uint32_t bits[] = {
		0,
		VIC_ICR_ASSERT,
		VIC_ICR_LEVEL,
		VIC_ICR_LEVEL | VIC_ICR_ASSERT,
	};
	struct fake_vm vm;
	size_t i;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		fake_vm_plain(&vm, 2, x2apic);
		for (i = 0; i < FAKE_COUNT(bits); i++) {
			fake_icr(&vm.cpu[0], to(x2apic, 1) | bits[i] | 0x41);
			fake_icr(&vm.cpu[0], VIC_ICR_SELF | bits[i] | 0x42);
			fake_harvest(&vm.cpu[0]);
			fake_harvest(&vm.cpu[1]);
			assert_true(fake_bit(&vm.cpu[1], VIC_APIC_IRR, 0x41));
			assert_false(fake_bit(&vm.cpu[1], VIC_APIC_TMR, 0x41));
			assert_true(fake_bit(&vm.cpu[0], VIC_APIC_IRR, 0x42));
			assert_false(fake_bit(&vm.cpu[0], VIC_APIC_TMR, 0x42));
			assert_int_equal(fake_take(&vm, 0x41), 2);
			assert_int_equal(fake_take(&vm, 0x42), 1);
			assert_int_equal(vm.cpu[0].eois + vm.cpu[1].eois, 0);
		}
		fake_icr(&vm.cpu[0], to(x2apic, 1) | VIC_ICR_LEVEL |
					     FAKE_MODE(VIC_MODE_NMI));
		assert_int_equal(fake_work(&vm, VIC_WORK_NMI), 2);
	}
}

/* AMD's processors have level IPIs: a policy. */
static void apic_41_level_ipis_as_a_policy(void **state)
{
	static const uint32_t modes[] = {0, VIC_MODE_LOWEST << 8};
	struct fake_spec spec = {
		.vcpus = 2,
		.bus_flags = VIC_BUS_LEVEL_IPIS,
	};
	const uint32_t level = VIC_ICR_LEVEL | VIC_ICR_ASSERT;
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++)
		for (i = 0; i < FAKE_COUNT(modes); i++) {
			uint64_t icr = to(x2apic, 1) | modes[i] | 0x41;

			spec.lapic_flags = x2apic ? VIC_LAPIC_X2APIC : 0;
			fake_vm_make(&vm, &spec);
			cpu = &vm.cpu[1];
			fake_icr(&vm.cpu[0], icr | level);
			fake_harvest(cpu);
			assert_true(fake_bit(cpu, VIC_APIC_TMR, 0x41));
			assert_int_equal(fake_take(&vm, 0x41), 2);
			assert_int_equal(cpu->eois, 1);
			assert_int_equal(cpu->eoi_number, 0x41);
			/* De-asserted it is nothing. */
			fake_icr(&vm.cpu[0], icr | VIC_ICR_LEVEL);
			assert_int_equal(fake_work(&vm, ALL_WORK), 0);
			/* An edge, whether asserted or not. */
			fake_icr(&vm.cpu[0], icr);
			assert_int_equal(fake_take(&vm, 0x41), 2);
			fake_icr(&vm.cpu[0], icr | VIC_ICR_ASSERT);
			assert_int_equal(fake_take(&vm, 0x41), 2);
			assert_false(fake_bit(cpu, VIC_APIC_TMR, 0x41));
			assert_int_equal(cpu->eois, 1);
		}
	/* To itself, and by the register that has no trigger mode. */
	fake_icr(cpu, VIC_ICR_SELF | level | 0x42);
	assert_int_equal(fake_take(&vm, 0x42), 2);
	assert_int_equal(cpu->eois, 2);
	fake_icr(cpu, VIC_ICR_SELF | VIC_ICR_LEVEL | 0x42);
	assert_int_equal(fake_work(&vm, ALL_WORK), 0);
	fake_write(cpu, VIC_APIC_SELF_IPI, 0x42);
	assert_int_equal(fake_take(&vm, 0x42), 2);
	assert_int_equal(cpu->eois, 2);
	/* Other delivery modes have no level. */
	fake_icr(&vm.cpu[0],
		 to(true, 1) | VIC_ICR_LEVEL | FAKE_MODE(VIC_MODE_NMI));
	assert_int_equal(fake_work(&vm, VIC_WORK_NMI), 2);
}

static void an_absent_destination_harms_nobody(void **state)
{
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		struct fake_vm vm;

		fake_vm_plain(&vm, 2, x2apic);
		assert_int_equal(fake_send(&vm, 0, to(x2apic, 2) | 0x41), 0);
		assert_int_equal(fake_send(&vm, 0, to(x2apic, 0xfe) | 0x41), 0);
		assert_int_equal(fake_esr(&vm.cpu[0]), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(apic_10_delivery_status_reads_0),
		FAKE_TEST(apic_10_delivery_status_as_a_policy),
		FAKE_TEST(apic_11_x2apic_icr_is_one_register),
		FAKE_TEST(apic_11_icr_in_the_page),
		FAKE_TEST(apic_11_xapic_icr_is_two_registers),
		FAKE_TEST(apic_12_self_ipi_leaves_icr_alone),
		FAKE_TEST(delivery_modes_reach_as_what_they_are),
		FAKE_TEST(shorthands_of_fixed),
		FAKE_TEST(others_takes_every_delivery_mode),
		FAKE_TEST(lowest_priority_to_others_reaches_one),
		FAKE_TEST(apic_26_self_and_all_are_for_fixed_only),
		FAKE_TEST(apic_27_reserved_delivery_modes_are_dropped),
		FAKE_TEST(apic_29_illegal_vectors_are_the_senders_error),
		FAKE_TEST(apic_30_self_ipi_of_an_illegal_vector),
		FAKE_TEST(apic_31_a_write_latches_esr),
		FAKE_TEST(apic_31_x2apic_esr_takes_zero_only),
		FAKE_TEST(apic_41_ipis_are_edge_whatever_icr_says),
		FAKE_TEST(apic_41_level_ipis_as_a_policy),
		FAKE_TEST(an_absent_destination_harms_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
