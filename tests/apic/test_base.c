/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* IA32_APIC_BASE: SDM vol. 3, 10.4.3, 10.4.4 and 10.12.5. */

#include "fake_vmm.h"

#define EN ((uint64_t)VIC_APIC_BASE_EN)
#define EXTD ((uint64_t)VIC_APIC_BASE_EXTD)
#define MODES (EN | EXTD)

static enum vic_access write_base(struct fake_vcpu *cpu, uint64_t value)
{
	return vic_lapic_msr_write(cpu->lapic, VIC_MSR_APIC_BASE, value);
}

/* From xAPIC mode to one of the three modes, by legal steps. */
static void go(struct fake_vcpu *cpu, uint64_t mode)
{
	uint64_t base = vic_lapic_base(cpu->lapic) & ~MODES;

	fake_write_base(cpu, base | mode);
}

/* APIC-01 */
static void apic_01_base_after_reset(void **state)
{
	static const struct {
		uint32_t flags;
		uint64_t bsp, ap;
	} rows[] = {
		{0, 0xfee00900, 0xfee00800},
		{VIC_LAPIC_X2APIC, 0xfee00d00, 0xfee00c00},
		{VIC_LAPIC_NO_X2APIC, 0xfee00900, 0xfee00800},
	};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		struct fake_spec spec = {
			.vcpus = 2,
			.lapic_flags = rows[i].flags,
			.raw = true,
		};
		struct fake_vm vm;
		uint64_t value = 0;

		fake_vm_make(&vm, &spec);
		assert_int_equal(vic_lapic_base(vm.cpu[0].lapic), rows[i].bsp);
		assert_int_equal(vic_lapic_base(vm.cpu[1].lapic), rows[i].ap);
		assert_int_equal(vic_lapic_msr_read(vm.cpu[1].lapic,
						    VIC_MSR_APIC_BASE, &value),
				 VIC_ACCESS_DONE);
		assert_int_equal(value, rows[i].ap);
	}
}

static void apic_01_init_keeps_the_base(void **state)
{
	static const uint64_t modes[] = {EN, MODES};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(modes); i++) {
		struct fake_vm vm;
		struct fake_vcpu *cpu;
		uint64_t base = 0x123450000 | modes[i];

		fake_vm_plain(&vm, 2, false);
		cpu = &vm.cpu[1];
		fake_write_base(cpu, base);
		vic_vcpu_request(cpu->vcpu, &vm.device, VIC_REQUEST_INIT, 0);
		fake_harvest(cpu);
		assert_int_equal(vic_lapic_ack_init(cpu->lapic), VIC_OK);
		assert_int_equal(vic_lapic_base(cpu->lapic), base);
	}
}

/* APIC-02 */
static void apic_02_transitions(void **state)
{
	static const struct {
		uint64_t from, to;
		enum vic_access access;
	} rows[] = {
		{EN, EN, VIC_ACCESS_DONE},
		{EN, MODES, VIC_ACCESS_DONE},
		{EN, 0, VIC_ACCESS_DONE},
		{EN, EXTD, VIC_ACCESS_FAULT},
		{MODES, MODES, VIC_ACCESS_DONE},
		{MODES, 0, VIC_ACCESS_DONE},
		{MODES, EN, VIC_ACCESS_FAULT},
		{MODES, EXTD, VIC_ACCESS_FAULT},
		{0, 0, VIC_ACCESS_DONE},
		{0, EN, VIC_ACCESS_DONE},
		{0, MODES, VIC_ACCESS_FAULT},
		{0, EXTD, VIC_ACCESS_FAULT},
	};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		uint64_t is = rows[i].access == VIC_ACCESS_DONE ? rows[i].to
								: rows[i].from;
		struct fake_vm vm;
		struct fake_vcpu *cpu;

		fake_vm_plain(&vm, 2, false);
		cpu = &vm.cpu[1];
		go(cpu, rows[i].from);
		assert_int_equal(
			write_base(cpu, VIC_APIC_BASE_RESET | rows[i].to),
			rows[i].access);
		assert_int_equal(vic_lapic_base(cpu->lapic) & MODES, is);
	}
}

static void apic_02_to_x2apic_keeps_all_but_ids(void **state)
{
	static const uint32_t ids[] = {0, 0x37};
	struct fake_spec spec = {.vcpus = 2, .ids = ids};
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_make(&vm, &spec);
	cpu = &vm.cpu[1];
	vic_msi(vm.bus, &vm.device, VIC_MSI_BASE | 0x37u << VIC_MSI_DEST_SHIFT,
		0xc052);
	fake_serve(&vm, cpu, 0x61);
	vic_vcpu_post(cpu->vcpu, &vm.device, 0x91, false);
	fake_harvest(cpu);
	fake_write(cpu, VIC_APIC_TPR, 0x35);
	fake_write(cpu, VIC_APIC_SVR, 0x1f3);
	fake_write(cpu, VIC_APIC_LDR, 0x55u << 24);
	fake_write(cpu, VIC_APIC_ID, 0x44u << 24);
	fake_icr(cpu, FAKE_TO8(9) | 0x71);
	fake_write(cpu, VIC_APIC_LVT_PERF, 0x81);
	fake_write(cpu, VIC_APIC_TIMER_DCR, 3);
	fake_read(cpu, 0x40);
	fake_x2apic(cpu);

	assert_int_equal(fake_read(cpu, VIC_APIC_ID), 0x37);
	assert_int_equal(fake_read(cpu, VIC_APIC_LDR), 0x30080);
	assert_int_equal(fake_read(cpu, VIC_APIC_TPR), 0x35);
	assert_int_equal(fake_read(cpu, VIC_APIC_SVR), 0x1f3);
	assert_int_equal(fake_read(cpu, VIC_APIC_ICR_LO), 0x71);
	assert_int_equal(fake_read(cpu, VIC_APIC_LVT_PERF), 0x81);
	assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_DCR), 3);
	assert_int_equal(fake_esr(cpu), 0x80);
	assert_true(fake_bit(cpu, VIC_APIC_ISR, 0x61));
	assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x91));
	assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x52));
	assert_true(fake_bit(cpu, VIC_APIC_TMR, 0x52));
	assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0x60);
}

static void apic_02_leaving_x2apic_resets(void **state)
{
	static const uint32_t ids[] = {0, 0x37};
	struct fake_spec spec = {
		.vcpus = 2,
		.ids = ids,
		.lapic_flags = VIC_LAPIC_X2APIC,
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint32_t offset;

	(void)state;
	fake_vm_make(&vm, &spec);
	cpu = &vm.cpu[1];
	fake_serve(&vm, cpu, 0x61);
	vic_vcpu_post(cpu->vcpu, &vm.device, 0x91, false);
	fake_harvest(cpu);
	fake_write(cpu, VIC_APIC_TPR, 0x35);
	fake_icr(cpu, FAKE_TO32(9) | 0x71);
	go(cpu, 0);
	go(cpu, EN);

	assert_int_equal(fake_read(cpu, VIC_APIC_ID), 0x37000000);
	assert_int_equal(fake_read(cpu, VIC_APIC_LDR), 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_DFR), 0xffffffff);
	assert_int_equal(fake_read(cpu, VIC_APIC_SVR), 0xff);
	assert_int_equal(fake_read(cpu, VIC_APIC_TPR), 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_ICR_LO), 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_ICR_HI), 0);
	for (offset = VIC_APIC_ISR; offset < VIC_APIC_ESR; offset += 16)
		assert_int_equal(fake_read(cpu, offset), 0);
}

static void apic_02_writing_the_mode_again_changes_nothing(void **state)
{
	static const uint64_t modes[] = {EN, MODES};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(modes); i++) {
		struct fake_vm vm;
		struct fake_vcpu *cpu;

		fake_vm_plain(&vm, 2, false);
		cpu = &vm.cpu[1];
		go(cpu, modes[i]);
		fake_write(cpu, VIC_APIC_TPR, 0x35);
		fake_serve(&vm, cpu, 0x61);
		go(cpu, modes[i]);
		assert_int_equal(fake_read(cpu, VIC_APIC_TPR), 0x35);
		assert_int_equal(fake_read(cpu, VIC_APIC_SVR), 0x1ff);
		assert_true(fake_bit(cpu, VIC_APIC_ISR, 0x61));
	}
}

static int add_with(struct fake_vm *vm, uint32_t physical_bits, uint32_t flags)
{
	static _Alignas(VIC_CACHE_LINE) unsigned char memory[VIC_LAPIC_SIZE];
	struct vic_lapic_config config = {
		.size = sizeof(config),
		.flags = flags,
		.id = 0,
		.physical_bits = physical_bits,
		.bus = vm->bus,
		.vcpu = vm->cpu[0].vcpu,
		.page = vm->cpu[0].page,
	};

	assert_int_equal(vic_apic_bus_remove(vm->bus, 0), VIC_OK);
	assert_int_equal(vic_apic_bus_quiesced(vm->bus, 0), VIC_OK);
	return vic_lapic_init(memory, sizeof(memory), &config,
			      &vm->cpu[0].lapic);
}

/* APIC-03 */
static void apic_03_reserved_bits_fault(void **state)
{
	static const uint32_t widths[][2] = {
		{0, 52}, {36, 36}, {39, 39}, {46, 46}, {52, 52},
	};
	size_t i;
	uint32_t bit;

	(void)state;
	for (i = 0; i < FAKE_COUNT(widths); i++) {
		struct fake_vm vm;
		uint64_t base = VIC_APIC_BASE_RESET | EN | VIC_APIC_BASE_BSP;

		fake_vm_plain(&vm, 1, false);
		assert_int_equal(add_with(&vm, widths[i][0], VIC_LAPIC_BSP),
				 VIC_OK);
		for (bit = 0; bit < 64; bit++) {
			uint64_t value = base ^ UINT64_C(1) << bit;
			bool reserved =
				bit < 8 || bit == 9 || bit >= widths[i][1];

			/* BSP, EXTD and EN have their own cases. */
			if (bit == 8 || bit == 10 || bit == 11)
				continue;
			assert_int_equal(write_base(&vm.cpu[0], value),
					 reserved ? VIC_ACCESS_FAULT
						  : VIC_ACCESS_DONE);
			assert_int_equal(vic_lapic_base(vm.cpu[0].lapic),
					 reserved ? base : value);
			fake_write_base(&vm.cpu[0], base);
		}
	}
}

static void apic_03_extd_is_reserved_without_x2apic(void **state)
{
	struct fake_spec spec = {
		.vcpus = 1,
		.lapic_flags = VIC_LAPIC_NO_X2APIC,
	};
	struct fake_vm vm;
	uint64_t base;

	(void)state;
	fake_vm_make(&vm, &spec);
	base = vic_lapic_base(vm.cpu[0].lapic);
	assert_int_equal(write_base(&vm.cpu[0], base | EXTD), VIC_ACCESS_FAULT);
	assert_int_equal(vic_lapic_base(vm.cpu[0].lapic), base);
	assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_SVR), 0x1ff);
}

static void apic_03_reserved_bits_fault_in_every_mode(void **state)
{
	static const uint64_t modes[] = {0, EN, MODES};
	static const uint64_t reserved[] = {1, 0x80, 0x200, UINT64_C(1) << 52,
					    UINT64_C(1) << 63};
	size_t i, j;

	(void)state;
	for (i = 0; i < FAKE_COUNT(modes); i++) {
		struct fake_vm vm;
		uint64_t base;

		fake_vm_plain(&vm, 1, false);
		go(&vm.cpu[0], modes[i]);
		base = vic_lapic_base(vm.cpu[0].lapic);
		for (j = 0; j < FAKE_COUNT(reserved); j++)
			assert_int_equal(
				write_base(&vm.cpu[0], base | reserved[j]),
				VIC_ACCESS_FAULT);
		assert_int_equal(vic_lapic_base(vm.cpu[0].lapic), base);
	}
}

/* APIC-04 */
static void apic_04_base_moves_while_enabled(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	cpu = &vm.cpu[1];
	fake_write(cpu, VIC_APIC_TPR, 0x35);
	fake_write_base(cpu, 0x345678000 | EN);
	assert_int_equal(vic_lapic_base(cpu->lapic), 0x345678800);
	assert_int_equal(fake_read(cpu, VIC_APIC_TPR), 0x35);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(1) | 0x41), 2);
}

static void apic_04_base_as_a_policy(void **state)
{
	struct fake_spec spec = {
		.vcpus = 2,
		.bus_flags = VIC_BUS_BASE_FIXED,
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint32_t bit;

	(void)state;
	fake_vm_make(&vm, &spec);
	cpu = &vm.cpu[1];
	fake_write(cpu, VIC_APIC_TPR, 0x35);
	for (bit = 12; bit < 52; bit++) {
		assert_int_equal(write_base(cpu, (VIC_APIC_BASE_RESET | EN) ^
							 UINT64_C(1) << bit),
				 VIC_ACCESS_FAULT);
		assert_int_equal(vic_lapic_base(cpu->lapic), 0xfee00800);
	}
	assert_int_equal(fake_read(cpu, VIC_APIC_TPR), 0x35);
	/* The modes are free. */
	go(cpu, EN);
	go(cpu, MODES);
	assert_int_equal(write_base(cpu, 0xfef00000), VIC_ACCESS_FAULT);
	go(cpu, 0);
	assert_int_equal(write_base(cpu, 0xfef00000), VIC_ACCESS_FAULT);
	go(cpu, EN);
	assert_int_equal(vic_lapic_base(cpu->lapic), 0xfee00800);
}

/* APIC-05 */
static void apic_05_page_is_foreign_outside_xapic_mode(void **state)
{
	static const uint64_t modes[] = {0, MODES};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint32_t offset;
	uint64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(modes); i++) {
		fake_vm_plain(&vm, 1, false);
		cpu = &vm.cpu[0];
		go(cpu, modes[i]);
		for (offset = 0; offset < VIC_APIC_PAGE_SIZE; offset += 16) {
			assert_int_equal(vic_lapic_mmio_read(cpu->lapic, offset,
							     4, &value),
					 VIC_ACCESS_FOREIGN);
			assert_int_equal(vic_lapic_mmio_write(cpu->lapic,
							      offset, 4,
							      0x40040),
					 VIC_ACCESS_FOREIGN);
		}
		assert_int_equal(fake_work(&vm, ~0u), 0);
	}
	assert_int_equal(fake_read(cpu, VIC_APIC_TPR), 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_SVR), 0x1ff);
	assert_int_equal(fake_esr(cpu), 0);
}

static void apic_05_beyond_the_page_is_foreign(void **state)
{
	static const uint32_t offsets[] = {0x1000, 0x1080, 0x10000, 0x80000020,
					   0xfffffff0};
	struct fake_vm vm;
	uint64_t value;
	size_t i;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	for (i = 0; i < FAKE_COUNT(offsets); i++) {
		assert_int_equal(vic_lapic_mmio_read(vm.cpu[0].lapic,
						     offsets[i], 4, &value),
				 VIC_ACCESS_FOREIGN);
		assert_int_equal(
			vic_lapic_mmio_write(vm.cpu[0].lapic, offsets[i], 4, 1),
			VIC_ACCESS_FOREIGN);
	}
}

/* APIC-06 */
static void apic_06_msrs_fault_outside_x2apic_mode(void **state)
{
	static const uint64_t modes[] = {0, EN};
	size_t i;
	uint32_t msr;

	(void)state;
	for (i = 0; i < FAKE_COUNT(modes); i++) {
		struct fake_vm vm;
		uint64_t value;

		fake_vm_plain(&vm, 1, false);
		go(&vm.cpu[0], modes[i]);
		for (msr = VIC_MSR_X2APIC; msr <= VIC_MSR_X2APIC_END; msr++) {
			assert_int_equal(vic_lapic_msr_read(vm.cpu[0].lapic,
							    msr, &value),
					 VIC_ACCESS_FAULT);
			assert_int_equal(
				vic_lapic_msr_write(vm.cpu[0].lapic, msr, 0),
				VIC_ACCESS_FAULT);
		}
	}
}

static void apic_06_other_msrs_are_foreign(void **state)
{
	static const uint32_t msrs[] = {0,       0x10,  0x1a,       0x1c,
					0x7ff,   0x900, 0xc0000080, 0x40000073,
					0x10800, ~0u};
	size_t i, mode;

	(void)state;
	for (mode = 0; mode < 2; mode++) {
		struct fake_vm vm;
		uint64_t value;

		fake_vm_plain(&vm, 1, mode == 1);
		for (i = 0; i < FAKE_COUNT(msrs); i++) {
			assert_int_equal(vic_lapic_msr_read(vm.cpu[0].lapic,
							    msrs[i], &value),
					 VIC_ACCESS_FOREIGN);
			assert_int_equal(vic_lapic_msr_write(vm.cpu[0].lapic,
							     msrs[i], 0),
					 VIC_ACCESS_FOREIGN);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(apic_01_base_after_reset),
		FAKE_TEST(apic_01_init_keeps_the_base),
		FAKE_TEST(apic_02_transitions),
		FAKE_TEST(apic_02_to_x2apic_keeps_all_but_ids),
		FAKE_TEST(apic_02_leaving_x2apic_resets),
		FAKE_TEST(apic_02_writing_the_mode_again_changes_nothing),
		FAKE_TEST(apic_03_reserved_bits_fault),
		FAKE_TEST(apic_03_extd_is_reserved_without_x2apic),
		FAKE_TEST(apic_03_reserved_bits_fault_in_every_mode),
		FAKE_TEST(apic_04_base_moves_while_enabled),
		FAKE_TEST(apic_04_base_as_a_policy),
		FAKE_TEST(apic_05_page_is_foreign_outside_xapic_mode),
		FAKE_TEST(apic_05_beyond_the_page_is_foreign),
		FAKE_TEST(apic_06_msrs_fault_outside_x2apic_mode),
		FAKE_TEST(apic_06_other_msrs_are_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
