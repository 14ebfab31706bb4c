/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Registers as a guest reads and writes them: SDM vol. 3, 10.4.1, 10.4.7,
 * 10.5.3, 10.12.1, tables 10-1 and 10-6.
 */

#include "fake_vmm.h"

static enum vic_access read_msr(struct fake_vcpu *cpu, uint32_t msr)
{
	uint64_t value;

	return vic_lapic_msr_read(cpu->lapic, msr, &value);
}

static enum vic_access
write_msr(struct fake_vcpu *cpu, uint32_t msr, uint64_t value)
{
	return vic_lapic_msr_write(cpu->lapic, msr, value);
}

static void registers_after_reset(void **state)
{
	static const uint32_t ids[] = {0x12, 0x34};
	struct fake_spec spec = {.vcpus = 2, .ids = ids, .raw = true};
	struct fake_vm vm;
	uint32_t i, offset;

	(void)state;
	fake_vm_make(&vm, &spec);
	for (i = 0; i < 2; i++) {
		struct fake_vcpu *cpu = &vm.cpu[i];

		assert_int_equal(fake_read(cpu, VIC_APIC_ID), ids[i] << 24);
		assert_int_equal(fake_read(cpu, VIC_APIC_TPR), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_LDR), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_DFR), 0xffffffff);
		assert_int_equal(fake_read(cpu, VIC_APIC_SVR), 0xff);
		assert_int_equal(fake_read(cpu, VIC_APIC_ESR), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_ICR_LO), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_ICR_HI), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_ICR), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_CCR), 0);
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_DCR), 0);
		for (offset = VIC_APIC_ISR; offset < VIC_APIC_ESR; offset += 16)
			assert_int_equal(fake_read(cpu, offset), 0);
	}
}

/* APIC-07 */
static void apic_07_msr_directions(void **state)
{
	/* Offsets; arrays are given by their first and last word. */
	static const struct {
		uint32_t first, last;
		enum vic_access read, write;
	} rows[] = {
		{VIC_APIC_ID, VIC_APIC_ID, VIC_ACCESS_DONE, VIC_ACCESS_FAULT},
		{VIC_APIC_VERSION, VIC_APIC_VERSION, VIC_ACCESS_DONE,
		 VIC_ACCESS_FAULT},
		{VIC_APIC_TPR, VIC_APIC_TPR, VIC_ACCESS_DONE, VIC_ACCESS_DONE},
		{VIC_APIC_PPR, VIC_APIC_PPR, VIC_ACCESS_DONE, VIC_ACCESS_FAULT},
		{VIC_APIC_EOI, VIC_APIC_EOI, VIC_ACCESS_FAULT, VIC_ACCESS_DONE},
		{VIC_APIC_LDR, VIC_APIC_LDR, VIC_ACCESS_DONE, VIC_ACCESS_FAULT},
		{VIC_APIC_DFR, VIC_APIC_DFR, VIC_ACCESS_FAULT,
		 VIC_ACCESS_FAULT},
		{VIC_APIC_SVR, VIC_APIC_SVR, VIC_ACCESS_DONE, VIC_ACCESS_DONE},
		{VIC_APIC_ISR, VIC_APIC_IRR + 0x70, VIC_ACCESS_DONE,
		 VIC_ACCESS_FAULT},
		{VIC_APIC_ESR, VIC_APIC_ESR, VIC_ACCESS_DONE, VIC_ACCESS_DONE},
		{VIC_APIC_ICR_LO, VIC_APIC_ICR_LO, VIC_ACCESS_DONE,
		 VIC_ACCESS_DONE},
		{VIC_APIC_ICR_HI, VIC_APIC_ICR_HI, VIC_ACCESS_FAULT,
		 VIC_ACCESS_FAULT},
		{VIC_APIC_LVT_TIMER, VIC_APIC_TIMER_ICR, VIC_ACCESS_DONE,
		 VIC_ACCESS_DONE},
		{VIC_APIC_TIMER_CCR, VIC_APIC_TIMER_CCR, VIC_ACCESS_DONE,
		 VIC_ACCESS_FAULT},
		{VIC_APIC_TIMER_DCR, VIC_APIC_TIMER_DCR, VIC_ACCESS_DONE,
		 VIC_ACCESS_DONE},
		{VIC_APIC_SELF_IPI, VIC_APIC_SELF_IPI, VIC_ACCESS_FAULT,
		 VIC_ACCESS_DONE},
	};
	struct fake_vm vm;
	uint32_t offset;
	size_t i;

	(void)state;
	fake_vm_plain(&vm, 1, true);
	for (i = 0; i < FAKE_COUNT(rows); i++)
		for (offset = rows[i].first; offset <= rows[i].last;
		     offset += 16) {
			assert_int_equal(read_msr(&vm.cpu[0], FAKE_MSR(offset)),
					 rows[i].read);
			assert_int_equal(
				write_msr(&vm.cpu[0], FAKE_MSR(offset), 0),
				rows[i].write);
		}
}

/* APIC-08 */
static void apic_08_wrmsr_reserved_bits_fault(void **state)
{
	static const struct {
		uint32_t offset;
		/* Bits that may be written. */
		uint64_t allowed;
	} rows[] = {
		{VIC_APIC_TPR, 0xff},
		{VIC_APIC_EOI, 0},
		{VIC_APIC_ESR, 0},
		{VIC_APIC_SVR, 0x3ff},
		{VIC_APIC_ICR_LO, 0xffffffff000cdfff},
		{VIC_APIC_TIMER_ICR, 0xffffffff},
		{VIC_APIC_TIMER_DCR, 0xb},
		{VIC_APIC_SELF_IPI, 0xff},
	};
	struct fake_vm vm;
	uint32_t bit;
	size_t i;

	(void)state;
	fake_vm_plain(&vm, 2, true);
	for (i = 0; i < FAKE_COUNT(rows); i++)
		for (bit = 0; bit < 64; bit++) {
			uint64_t value = UINT64_C(1) << bit;

			assert_int_equal(
				write_msr(&vm.cpu[0], FAKE_MSR(rows[i].offset),
					  value),
				rows[i].allowed & value ? VIC_ACCESS_DONE
							: VIC_ACCESS_FAULT);
		}
}

/* SVR[12] exists where VERSION[24] says so, in either mode. */
static void apic_08_suppression_of_eoi_broadcasts(void **state)
{
	struct fake_spec spec = {
		.vcpus = 1,
		.bus_flags = VIC_BUS_SUPPRESS_EOI,
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_make(&vm, &spec);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_SVR, 0xffffffff);
	assert_int_equal(fake_read(cpu, VIC_APIC_SVR), 0x13ff);
	fake_write(cpu, VIC_APIC_SVR, 0xffffefff);
	assert_int_equal(fake_read(cpu, VIC_APIC_SVR), 0x3ff);
	fake_x2apic(cpu);
	fake_write(cpu, VIC_APIC_SVR, 0x11ff);
	assert_int_equal(fake_read(cpu, VIC_APIC_SVR), 0x11ff);
	assert_int_equal(write_msr(cpu, FAKE_MSR(VIC_APIC_SVR), 0x9ff),
			 VIC_ACCESS_FAULT);
	assert_int_equal(fake_read(cpu, VIC_APIC_SVR), 0x11ff);
}

static void apic_08_a_faulting_write_does_nothing(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 2, true);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_TPR, 0x21);
	fake_icr(cpu, FAKE_TO32(9) | 0x33);
	fake_serve(&vm, cpu, 0x51);
	assert_int_equal(write_msr(cpu, FAKE_MSR(VIC_APIC_TPR), 0x145),
			 VIC_ACCESS_FAULT);
	assert_int_equal(write_msr(cpu, FAKE_MSR(VIC_APIC_SVR), 0x1007f),
			 VIC_ACCESS_FAULT);
	assert_int_equal(write_msr(cpu, FAKE_MSR(VIC_APIC_EOI), 1),
			 VIC_ACCESS_FAULT);
	assert_int_equal(write_msr(cpu, FAKE_MSR(VIC_APIC_ICR_LO),
				   FAKE_TO32(1) | 0x10041),
			 VIC_ACCESS_FAULT);
	assert_int_equal(write_msr(cpu, FAKE_MSR(VIC_APIC_SELF_IPI), 0x141),
			 VIC_ACCESS_FAULT);
	assert_int_equal(fake_read(cpu, VIC_APIC_TPR), 0x21);
	assert_int_equal(fake_read(cpu, VIC_APIC_SVR), 0x1ff);
	assert_int_equal(fake_read(cpu, VIC_APIC_ICR_LO), FAKE_TO32(9) | 0x33);
	assert_true(fake_bit(cpu, VIC_APIC_ISR, 0x51));
	assert_int_equal(fake_take(&vm, 0x41), 0);
}

/* APIC-09 */
static void apic_09_mmio_reserved_bits_are_ignored(void **state)
{
	static const struct {
		uint32_t offset, written, reads;
	} rows[] = {
		{VIC_APIC_TPR, 0xffffffff, 0xff},
		{VIC_APIC_TPR, 0x12345678, 0x78},
		{VIC_APIC_LDR, 0xffffffff, 0xff000000},
		{VIC_APIC_LDR, 0x12345678, 0x12000000},
		{VIC_APIC_DFR, 0x00000000, 0x0fffffff},
		{VIC_APIC_DFR, 0x52345678, 0x5fffffff},
		{VIC_APIC_DFR, 0xffffffff, 0xffffffff},
		{VIC_APIC_SVR, 0xffffffff, 0x3ff},
		{VIC_APIC_SVR, 0x12345678, 0x278},
		{VIC_APIC_SVR, 0x00000000, 0},
		{VIC_APIC_ICR_HI, 0xffffffff, 0xff000000},
		{VIC_APIC_ICR_HI, 0x12345678, 0x12000000},
		{VIC_APIC_ID, 0x12345678, 0x12000000},
		{VIC_APIC_TIMER_DCR, 0xffffffff, 0xb},
		{VIC_APIC_TIMER_DCR, 0x12345674, 0},
		{VIC_APIC_TIMER_ICR, 0x12345678, 0x12345678},
	};
	struct fake_vm vm;
	size_t i;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		fake_write(&vm.cpu[0], rows[i].offset, rows[i].written);
		assert_int_equal(fake_read(&vm.cpu[0], rows[i].offset),
				 rows[i].reads);
	}
	assert_int_equal(fake_esr(&vm.cpu[0]), 0);
}

static void apic_09_id_as_a_policy(void **state)
{
	static const uint32_t ids[] = {3, 5};
	struct fake_spec spec = {
		.vcpus = 2,
		.ids = ids,
		.bus_flags = VIC_BUS_ID_READ_ONLY,
	};
	struct fake_vm vm;

	(void)state;
	fake_vm_make(&vm, &spec);
	fake_write(&vm.cpu[1], VIC_APIC_ID, 0x44u << 24);
	assert_int_equal(fake_read(&vm.cpu[1], VIC_APIC_ID), 5u << 24);
	assert_int_equal(fake_esr(&vm.cpu[1]), 0);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(0x44) | 0x41), 0);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(5) | 0x41), 2);
	/* Without it the id is the guest's. */
	spec.bus_flags = 0;
	fake_vm_make(&vm, &spec);
	fake_write(&vm.cpu[1], VIC_APIC_ID, 0x44u << 24);
	assert_int_equal(fake_read(&vm.cpu[1], VIC_APIC_ID), 0x44u << 24);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(0x44) | 0x41), 2);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(5) | 0x41), 0);
}

static void apic_09_icr_sends_with_reserved_bits_set(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	fake_write(&vm.cpu[0], VIC_APIC_ICR_HI, 0x01ffffff);
	fake_write(&vm.cpu[0], VIC_APIC_ICR_LO, VIC_ICR_RESERVED | 0x41);
	assert_int_equal(fake_take(&vm, 0x41), 2);
	assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_ICR_LO) & 0xcdfff,
			 0x41);
}

static void apic_09_eoi_takes_any_value(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	fake_serve(&vm, &vm.cpu[0], 0x51);
	fake_write(&vm.cpu[0], VIC_APIC_EOI, 0xdeadbeef);
	assert_false(fake_bit(&vm.cpu[0], VIC_APIC_ISR, 0x51));
}

static void read_only_registers_ignore_mmio_writes(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint32_t offset;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_VERSION, ~UINT32_C(0));
	fake_write(cpu, VIC_APIC_PPR, ~UINT32_C(0));
	fake_write(cpu, VIC_APIC_TIMER_CCR, ~UINT32_C(0));
	for (offset = VIC_APIC_ISR; offset < VIC_APIC_ESR; offset += 16) {
		fake_write(cpu, offset, ~UINT32_C(0));
		assert_int_equal(fake_read(cpu, offset), 0);
	}
	assert_int_equal(fake_read(cpu, VIC_APIC_VERSION), 0x50014);
	assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_CCR), 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_EOI), 0);
	assert_int_equal(fake_esr(cpu), 0);
	assert_int_equal(fake_work(&vm, ~0u), 0);
}

/* APIC-13 */
static void apic_13_version(void **state)
{
	static const struct {
		uint32_t lapic_flags, bus_flags, version;
	} rows[] = {
		{0, 0, 0x00050014},
		{VIC_LAPIC_CMCI, 0, 0x00060014},
		{0, VIC_BUS_SUPPRESS_EOI, 0x01050014},
		{VIC_LAPIC_CMCI, VIC_BUS_SUPPRESS_EOI, 0x01060014},
		{VIC_LAPIC_NO_TSC_DEADLINE, 0, 0x00050014},
	};
	struct fake_vm vm;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		struct fake_spec spec = {
			.vcpus = 1,
			.lapic_flags = rows[i].lapic_flags,
			.bus_flags = rows[i].bus_flags,
		};

		fake_vm_make(&vm, &spec);
		assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_VERSION),
				 rows[i].version);
		fake_x2apic(&vm.cpu[0]);
		assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_VERSION),
				 rows[i].version);
	}
}

/*
 * First and last offset of what is reserved in table 10-1, of APR and RRD,
 * that libvic does not have, and of LVT CMCI, which these VMs lack.
 */
static const uint32_t reserved[][2] = {
	{0x000, 0x010}, {0x040, 0x070}, {0x090, 0x090}, {0x0c0, 0x0c0},
	{0x290, 0x2f0}, {0x3a0, 0x3d0}, {0x3f0, 0x3f0}, {0x400, 0xff0},
};

/* APIC-14 */
static void apic_14_reserved_mmio_sets_esr_7(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint32_t offset;
	size_t i;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(reserved); i++)
		for (offset = reserved[i][0]; offset <= reserved[i][1];
		     offset += 16) {
			assert_int_equal(fake_read(cpu, offset), 0);
			assert_int_equal(fake_esr(cpu), 0x80);
			assert_int_equal(fake_esr(cpu), 0);
			fake_write(cpu, offset, 0x12345678);
			assert_int_equal(fake_esr(cpu), 0x80);
			assert_int_equal(fake_read(cpu, offset), 0);
			assert_int_equal(fake_esr(cpu), 0x80);
		}
}

static void apic_14_reserved_msrs_fault_without_esr(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint32_t offset;
	size_t i;

	(void)state;
	fake_vm_plain(&vm, 1, true);
	cpu = &vm.cpu[0];
	for (i = 0; i < FAKE_COUNT(reserved); i++)
		for (offset = reserved[i][0]; offset <= reserved[i][1];
		     offset += 16) {
			if (offset == VIC_APIC_SELF_IPI)
				continue;
			assert_int_equal(read_msr(cpu, FAKE_MSR(offset)),
					 VIC_ACCESS_FAULT);
			assert_int_equal(write_msr(cpu, FAKE_MSR(offset), 0),
					 VIC_ACCESS_FAULT);
		}
	assert_int_equal(fake_esr(cpu), 0);
}

static void mmio_reads_of_all_widths(void **state)
{
	static const struct {
		uint32_t offset, len;
		uint64_t value;
	} rows[] = {
		{0x030, 4, 0x50014},    {0x030, 8, 0x50014}, {0x030, 2, 0x14},
		{0x032, 2, 0x5},        {0x030, 1, 0x14},    {0x031, 1, 0},
		{0x032, 1, 0x5},        {0x033, 1, 0},       {0x034, 4, 0},
		{0x038, 4, 0},          {0x03c, 4, 0},       {0x038, 8, 0},
		{0x03f, 1, 0},          {0x023, 1, 0x12},    {0x022, 2, 0x1200},
		{0x020, 8, 0x12000000},
	};
	static const uint32_t ids[] = {0x12};
	struct fake_spec spec = {.vcpus = 1, .ids = ids};
	struct fake_vm vm;
	size_t i;

	(void)state;
	fake_vm_make(&vm, &spec);
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		uint64_t value = 0x5555555555555555;

		assert_int_equal(vic_lapic_mmio_read(vm.cpu[0].lapic,
						     rows[i].offset,
						     rows[i].len, &value),
				 VIC_ACCESS_DONE);
		assert_int_equal(value, rows[i].value);
	}
	assert_int_equal(fake_esr(&vm.cpu[0]), 0);
}

static void mmio_writes_of_other_widths_are_ignored(void **state)
{
	static const struct {
		uint32_t offset, len;
	} rows[] = {
		{0x80, 1}, {0x80, 2}, {0x80, 8}, {0x81, 4},
		{0x82, 4}, {0x84, 4}, {0x88, 4}, {0x8c, 4},
		{0x8c, 8}, {0x81, 1}, {0x7c, 8}, {0x7e, 4},
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint32_t len;
	size_t i;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_TPR, 0x35);
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		assert_int_equal(vic_lapic_mmio_write(cpu->lapic,
						      rows[i].offset,
						      rows[i].len, 0x7777),
				 VIC_ACCESS_DONE);
		assert_int_equal(fake_read(cpu, VIC_APIC_TPR), 0x35);
	}
	fake_serve(&vm, cpu, 0x51);
	for (len = 1; len <= 8; len *= 2) {
		if (len == 4)
			continue;
		assert_int_equal(
			vic_lapic_mmio_write(cpu->lapic, VIC_APIC_EOI, len, 0),
			VIC_ACCESS_DONE);
		assert_int_equal(vic_lapic_mmio_write(cpu->lapic,
						      VIC_APIC_ICR_LO, len,
						      0x80041),
				 VIC_ACCESS_DONE);
	}
	assert_true(fake_bit(cpu, VIC_APIC_ISR, 0x51));
	assert_int_equal(fake_take(&vm, 0x41), 0);
}

static void every_mmio_access_ends(void **state)
{
	static const uint32_t lens[] = {1, 2, 4, 8};
	struct fake_vm vm;
	uint64_t value;
	uint32_t offset;
	size_t i;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	for (i = 0; i < FAKE_COUNT(lens); i++)
		for (offset = 0; offset < VIC_APIC_PAGE_SIZE; offset++) {
			assert_true(vic_lapic_mmio_read(vm.cpu[0].lapic, offset,
							lens[i], &value) !=
				    VIC_ACCESS_FAULT);
			assert_true(lens[i] == 8 || value >> 8 * lens[i] == 0);
			assert_true(vic_lapic_mmio_write(
					    vm.cpu[0].lapic, offset, lens[i],
					    UINT64_MAX) != VIC_ACCESS_FAULT);
		}
}

static void page_has_the_hardware_layout(void **state)
{
	static const uint32_t same[] = {
		VIC_APIC_ID,         VIC_APIC_TPR,        VIC_APIC_LDR,
		VIC_APIC_DFR,        VIC_APIC_SVR,        VIC_APIC_ISR + 0x30,
		VIC_APIC_TMR + 0x20, VIC_APIC_IRR + 0x20, VIC_APIC_IRR + 0x40,
		VIC_APIC_ICR_LO,     VIC_APIC_ICR_HI,
	};
	static const uint32_t ids[] = {3};
	struct fake_spec spec = {.vcpus = 1, .ids = ids};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	size_t i;

	(void)state;
	fake_vm_make(&vm, &spec);
	cpu = &vm.cpu[0];
	fake_write(cpu, VIC_APIC_TPR, 0x35);
	fake_write(cpu, VIC_APIC_LDR, 0x11000000);
	fake_write(cpu, VIC_APIC_DFR, 0);
	fake_icr(cpu, FAKE_TO8(9) | 0x33);
	fake_serve(&vm, cpu, 0x61);
	vic_msi(vm.bus, &vm.device, 0xfee03000, 0xc052);
	vic_vcpu_post(cpu->vcpu, &vm.device, 0x91, false);
	fake_harvest(cpu);
	for (i = 0; i < FAKE_COUNT(same); i++) {
		assert_int_not_equal(fake_read(cpu, same[i]), 0);
		assert_int_equal(fake_page(cpu, same[i]),
				 fake_read(cpu, same[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(registers_after_reset),
		FAKE_TEST(apic_07_msr_directions),
		FAKE_TEST(apic_08_wrmsr_reserved_bits_fault),
		FAKE_TEST(apic_08_a_faulting_write_does_nothing),
		FAKE_TEST(apic_08_suppression_of_eoi_broadcasts),
		FAKE_TEST(apic_09_mmio_reserved_bits_are_ignored),
		FAKE_TEST(apic_09_id_as_a_policy),
		FAKE_TEST(apic_09_icr_sends_with_reserved_bits_set),
		FAKE_TEST(apic_09_eoi_takes_any_value),
		FAKE_TEST(read_only_registers_ignore_mmio_writes),
		FAKE_TEST(apic_13_version),
		FAKE_TEST(apic_14_reserved_mmio_sets_esr_7),
		FAKE_TEST(apic_14_reserved_msrs_fault_without_esr),
		FAKE_TEST(mmio_reads_of_all_widths),
		FAKE_TEST(mmio_writes_of_other_widths_are_ignored),
		FAKE_TEST(every_mmio_access_ends),
		FAKE_TEST(page_has_the_hardware_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
