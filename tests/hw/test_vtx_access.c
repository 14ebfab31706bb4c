/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The guest's accesses to its APIC: SDM vol. 3, 29.3 to 29.5, and 25.1.3. */

#include "machine.h"

#define REGISTER_VIRTUALIZATION VTX_PROC2_APIC_REGISTER_VIRTUALIZATION
#define VID VTX_PROC2_VIRTUAL_INTERRUPT_DELIVERY

/* An xAPIC guest with @secondary beside "virtualize APIC accesses". */
static void make(struct machine *m, uint32_t secondary)
{
	machine_make(m, SHADOW);
	m->vmcs.secondary |= secondary;
	assert_carries_on(vtx_enter(&m->cpu, &m->vmcs));
}

static void make_x2apic(struct machine *m, uint32_t secondary)
{
	machine_make(m, SHADOW);
	m->vmcs.secondary = VTX_PROC2_VIRTUALIZE_X2APIC_MODE | secondary;
	assert_carries_on(vtx_enter(&m->cpu, &m->vmcs));
}

/* 29.3 */
static void cr8_is_vtpr_bits_7_to_4(void **state)
{
	struct machine m;
	uint64_t value;

	(void)state;
	make(&m, 0);
	machine_set_reg(&m, VIC_APIC_TPR, 0xffffffa7);
	assert_carries_on(vtx_mov_from_cr8(&m.cpu, &value));
	assert_true(value == 0xa);
	assert_carries_on(vtx_mov_to_cr8(&m.cpu, 0x5));
	assert_int_equal(machine_reg(&m, VIC_APIC_TPR), 0x50);
}

static void cr8_has_60_reserved_bits(void **state)
{
	struct machine m;
	int bit;

	(void)state;
	make(&m, 0);
	machine_set_reg(&m, VIC_APIC_TPR, 0x30);
	for (bit = 4; bit < 64; bit++) {
		assert_result(vtx_mov_to_cr8(&m.cpu, UINT64_C(1) << bit),
			      VTX_GP);
		assert_false(m.cpu.retired);
	}
	assert_int_equal(machine_reg(&m, VIC_APIC_TPR), 0x30);
}

/* 25.1.3: these exits come before everything else. */
static void cr8_exits(void **state)
{
	struct machine m;
	uint64_t value = 99;

	(void)state;
	machine_make(&m, SHADOW);
	m.vmcs.primary |= VTX_PROC_CR8_LOAD_EXITING;
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	assert_carries_on(vtx_mov_from_cr8(&m.cpu, &value));
	assert_exits(&m, vtx_mov_to_cr8(&m.cpu, 0x12), VTX_EXIT_CR_ACCESS);
	assert_int_equal(m.vmcs.exit_qualification, 0x08);
	assert_int_equal(m.vmcs.value, 0x12);
	assert_false(m.cpu.retired);
	machine_make(&m, SHADOW);
	m.vmcs.primary |= VTX_PROC_CR8_STORE_EXITING;
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	assert_carries_on(vtx_mov_to_cr8(&m.cpu, 1));
	assert_exits(&m, vtx_mov_from_cr8(&m.cpu, &value), VTX_EXIT_CR_ACCESS);
	assert_int_equal(m.vmcs.exit_qualification, 0x18);
}

static void without_its_controls_the_guest_meets_the_host_apic(void **state)
{
	struct machine m;
	uint64_t value;
	uint32_t word;

	(void)state;
	machine_make(&m, PLAIN);
	memset(m.bitmap, 0, sizeof(m.bitmap));
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	assert_result(vtx_mov_to_cr8(&m.cpu, 1), VTX_PHYSICAL);
	assert_result(vtx_mov_from_cr8(&m.cpu, &value), VTX_PHYSICAL);
	assert_result(vtx_load(&m.cpu, 0x80, &word), VTX_PHYSICAL);
	assert_result(vtx_store(&m.cpu, 0x80, 0), VTX_PHYSICAL);
	assert_result(vtx_rdmsr(&m.cpu, 0x808, &value), VTX_PHYSICAL);
	assert_result(vtx_wrmsr(&m.cpu, 0x808, 0), VTX_PHYSICAL);
	assert_false(m.cpu.retired);
	assert_int_equal(machine_reg(&m, VIC_APIC_TPR), 0);
}

/* What 29.4.2 lists for reads with APIC-register virtualization. */
static bool may_read(uint32_t offset)
{
	switch (offset) {
	case 0x20:
	case 0x30:
	case 0x80:
	case 0xb0:
	case 0xd0:
	case 0xe0:
	case 0xf0:
	case 0x280:
	case 0x300:
	case 0x310:
	case 0x320:
	case 0x330:
	case 0x340:
	case 0x350:
	case 0x360:
	case 0x370:
	case 0x380:
	case 0x3e0:
		return true;
	default:
		return offset >= 0x100 && offset < 0x280 && !(offset & 0xf);
	}
}

/* And 29.4.3.1 for writes. */
static bool may_write(uint32_t offset)
{
	if (offset == 0x30 || (offset >= 0x100 && offset < 0x280))
		return false;
	return may_read(offset);
}

/* 29.4.2 */
static void reads_of_the_apic_access_page(void **state)
{
	static const uint32_t controls[] = {0, VID, REGISTER_VIRTUALIZATION,
					    VID | REGISTER_VIRTUALIZATION};
	uint32_t offset;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		for (offset = 0; offset <= 0xffc; offset++) {
			struct machine m;
			uint32_t value = 0;

			make(&m, controls[i]);
			machine_set_reg(&m, offset, 0x87654321);
			if (controls[i] & REGISTER_VIRTUALIZATION
				    ? may_read(offset)
				    : offset == 0x80) {
				assert_carries_on(
					vtx_load(&m.cpu, offset, &value));
				assert_int_equal(value, 0x87654321);
				continue;
			}
			assert_exits(&m, vtx_load(&m.cpu, offset, &value),
				     VTX_EXIT_APIC_ACCESS);
			assert_int_equal(m.vmcs.exit_qualification, offset);
			assert_false(m.cpu.retired);
		}
}

static bool is_virtualized_write(uint32_t controls, uint32_t offset)
{
	if (controls & REGISTER_VIRTUALIZATION)
		return may_write(offset);
	return offset == 0x80 ||
	       (controls & VID && (offset == 0xb0 || offset == 0x300));
}

/* 29.4.3.1; an access that is not virtualized leaves the page alone. */
static void writes_of_the_apic_access_page(void **state)
{
	static const uint32_t controls[] = {0, VID, REGISTER_VIRTUALIZATION,
					    VID | REGISTER_VIRTUALIZATION};
	uint32_t offset;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		for (offset = 0; offset <= 0xffc; offset++) {
			struct machine m;
			enum vtx_result result;

			make(&m, controls[i]);
			result = vtx_store(&m.cpu, offset, 0xa5);
			if (is_virtualized_write(controls[i], offset)) {
				assert_true(m.cpu.retired);
				if (result == VTX_EXIT)
					assert_int_equal(m.vmcs.exit_reason,
							 VTX_EXIT_APIC_WRITE);
				continue;
			}
			assert_result(result, VTX_EXIT);
			assert_int_equal(m.vmcs.exit_reason,
					 VTX_EXIT_APIC_ACCESS);
			assert_int_equal(m.vmcs.exit_qualification,
					 0x1000 | offset);
			assert_int_equal(m.vmcs.value, 0xa5);
			assert_false(m.cpu.retired);
			assert_int_equal(machine_reg(&m, offset), 0);
		}
}

/* 29.4.2: "use TPR shadow" is a condition of all of it. */
static void without_the_tpr_shadow_every_access_exits(void **state)
{
	struct machine m;
	uint32_t value;

	(void)state;
	machine_make(&m, SHADOW);
	m.vmcs.primary &= ~VTX_PROC_USE_TPR_SHADOW;
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	assert_exits(&m, vtx_load(&m.cpu, 0x80, &value), VTX_EXIT_APIC_ACCESS);
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	assert_exits(&m, vtx_store(&m.cpu, 0x80, 0), VTX_EXIT_APIC_ACCESS);
}

/* 29.4.3.2 */
static void apic_write_emulation(void **state)
{
	static const uint32_t exits[] = {
		0x20,  0xd0,  0xe0,  0xf0,  0x280, 0x320, 0x330,
		0x340, 0x350, 0x360, 0x370, 0x380, 0x3e0,
	};
	struct machine m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		make(&m, VID | REGISTER_VIRTUALIZATION);
		assert_exits(&m, vtx_store(&m.cpu, exits[i], 0x12345678),
			     VTX_EXIT_APIC_WRITE);
		assert_int_equal(m.vmcs.exit_qualification, exits[i]);
		assert_true(m.cpu.retired);
		assert_int_equal(machine_reg(&m, exits[i]), 0x12345678);
	}
	/* TPR: bytes 3:1 are cleared, then TPR virtualization. */
	make(&m, VID | REGISTER_VIRTUALIZATION);
	assert_carries_on(vtx_store(&m.cpu, VIC_APIC_TPR, 0x12345678));
	assert_int_equal(machine_reg(&m, VIC_APIC_TPR), 0x78);
	assert_int_equal(machine_reg(&m, VIC_APIC_PPR), 0x78);
	/* ICR_HI: bytes 2:0 are cleared, and that is all. */
	assert_carries_on(vtx_store(&m.cpu, VIC_APIC_ICR_HI, 0x12345678));
	assert_int_equal(machine_reg(&m, VIC_APIC_ICR_HI), 0x12000000);
	/* EOI without VID is the VMM's. */
	make(&m, REGISTER_VIRTUALIZATION);
	assert_exits(&m, vtx_store(&m.cpu, VIC_APIC_EOI, 0),
		     VTX_EXIT_APIC_WRITE);
	assert_int_equal(m.vmcs.exit_qualification, VIC_APIC_EOI);
	/* So is ICR_LO, even a self-IPI. */
	make(&m, REGISTER_VIRTUALIZATION);
	assert_exits(&m, vtx_store(&m.cpu, VIC_APIC_ICR_LO, 0x40041),
		     VTX_EXIT_APIC_WRITE);
	assert_int_equal(m.vmcs.exit_qualification, VIC_APIC_ICR_LO);
}

/* 29.4.3.2: "virtual-interrupt delivery", no APIC-register virtualization. */
static void vid_alone_virtualizes_eoi_and_self_ipis(void **state)
{
	struct machine m;

	(void)state;
	make(&m, VID);
	assert_carries_on(vtx_cli(&m.cpu));
	assert_carries_on(vtx_store(&m.cpu, VIC_APIC_ICR_LO, 0x40041));
	assert_true(machine_bit(&m, VIC_APIC_IRR, 0x41));
	assert_carries_on(vtx_sti(&m.cpu));
	assert_carries_on(vtx_step(&m.cpu));
	assert_takes(&m, vtx_step(&m.cpu), 0x41);
	assert_carries_on(vtx_store(&m.cpu, VIC_APIC_EOI, 0));
	assert_false(machine_bit(&m, VIC_APIC_ISR, 0x41));
}

/*
 * 29.4.3.2: reserved bits and delivery status 0, shorthand self, edge,
 * fixed, and the upper half of the vector not 0. The destination mode (bit
 * 11) and the level (bit 14) do not matter.
 */
static void icr_lo_is_a_self_ipi_under_all_conditions(void **state)
{
	int bit, vector;

	(void)state;
	for (bit = 8; bit < 32; bit++) {
		bool harmless = bit == 11 || bit == 14;
		uint32_t icr = 0x40041u ^ 1u << bit;
		struct machine m;

		make(&m, VID | REGISTER_VIRTUALIZATION);
		if (harmless) {
			assert_carries_on(
				vtx_store(&m.cpu, VIC_APIC_ICR_LO, icr));
		} else {
			assert_exits(&m,
				     vtx_store(&m.cpu, VIC_APIC_ICR_LO, icr),
				     VTX_EXIT_APIC_WRITE);
			assert_int_equal(m.vmcs.exit_qualification,
					 VIC_APIC_ICR_LO);
		}
		assert_int_equal(m.vmcs.stats.self_ipis[0x41], harmless);
		assert_int_equal(machine_bit(&m, VIC_APIC_IRR, 0x41), harmless);
		assert_int_equal(machine_reg(&m, VIC_APIC_ICR_LO), icr);
	}
	for (vector = 0; vector < 256; vector++) {
		struct machine m;
		enum vtx_result result;

		make(&m, VID | REGISTER_VIRTUALIZATION);
		result = vtx_store(&m.cpu, VIC_APIC_ICR_LO,
				   0x40000u | (uint32_t)vector);
		if (vector < 16)
			assert_exits(&m, result, VTX_EXIT_APIC_WRITE);
		else
			assert_takes(&m, vtx_step(&m.cpu), vector);
	}
}

/* 25.1.3 and 24.6.9 */
static void msr_bitmaps_decide_about_exits(void **state)
{
	static const uint32_t msrs[] = {0,          0x10,       0x800,
					0x808,      0x8ff,      0x1fff,
					0xc0000000, 0xc0000080, 0xc0001fff};
	static const uint32_t outside[] = {0x2000, 0xbfffffff, 0xc0002000};
	struct machine m;
	uint64_t value;
	size_t i;
	int write;

	(void)state;
	for (i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++)
		for (write = 0; write < 2; write++) {
			size_t map =
				(msrs[i] >> 31) * 1024u + (write ? 2048u : 0u);
			size_t byte = map + (msrs[i] & 0x1fff) / 8;

			machine_make(&m, PLAIN);
			memset(m.bitmap, 0, sizeof(m.bitmap));
			m.bitmap[byte] = (uint8_t)(1u << (msrs[i] & 7));
			assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
			/* The other kind of access goes through. */
			assert_result(write ? vtx_rdmsr(&m.cpu, msrs[i], &value)
					    : vtx_wrmsr(&m.cpu, msrs[i], 5),
				      VTX_PHYSICAL);
			if (write)
				assert_exits(&m, vtx_wrmsr(&m.cpu, msrs[i], 5),
					     VTX_EXIT_WRMSR);
			else
				assert_exits(&m,
					     vtx_rdmsr(&m.cpu, msrs[i], &value),
					     VTX_EXIT_RDMSR);
			assert_int_equal(m.vmcs.msr, msrs[i]);
			assert_int_equal(m.vmcs.value, write ? 5 : 0);
			assert_false(m.cpu.retired);
		}
	for (i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		machine_make(&m, PLAIN);
		memset(m.bitmap, 0, sizeof(m.bitmap));
		assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
		assert_exits(&m, vtx_rdmsr(&m.cpu, outside[i], &value),
			     VTX_EXIT_RDMSR);
	}
	machine_make(&m, PLAIN);
	memset(m.bitmap, 0, sizeof(m.bitmap));
	m.vmcs.primary &= ~VTX_PROC_USE_MSR_BITMAPS;
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	assert_exits(&m, vtx_wrmsr(&m.cpu, 0x10, 1), VTX_EXIT_WRMSR);
}

/* 29.5: 8 bytes at (ECX & FFH) << 4; without the control 808H alone. */
static void rdmsr_reads_the_virtual_apic_page(void **state)
{
	uint32_t msr;
	int full;

	(void)state;
	for (full = 0; full < 2; full++)
		for (msr = 0x7ff; msr <= 0x900; msr++) {
			bool apic = msr >= 0x800 && msr <= 0x8ff;
			uint32_t offset = (msr & 0xff) << 4;
			uint64_t value = 0;
			struct machine m;

			make_x2apic(&m, full ? REGISTER_VIRTUALIZATION : 0);
			memset(m.bitmap, 0, sizeof(m.bitmap));
			machine_set_reg(&m, offset, 0x55667788);
			machine_set_reg(&m, offset + 4, 0x11223344);
			if (apic && (full || msr == 0x808)) {
				assert_carries_on(
					vtx_rdmsr(&m.cpu, msr, &value));
				assert_true(value == 0x1122334455667788);
			} else {
				assert_result(vtx_rdmsr(&m.cpu, msr, &value),
					      VTX_PHYSICAL);
			}
		}
}

/* 29.5: TPR, and with VID also EOI and SELF IPI; the bitmap comes first. */
static void wrmsr_is_special_for_three_registers(void **state)
{
	uint32_t msr;
	int vid;

	(void)state;
	for (vid = 0; vid < 2; vid++)
		for (msr = 0x7ff; msr <= 0x900; msr++) {
			bool special = msr == 0x808 ||
				       (vid && (msr == 0x80b || msr == 0x83f));
			struct machine m;

			make_x2apic(&m, vid ? VID : 0);
			memset(m.bitmap, 0, sizeof(m.bitmap));
			if (special)
				assert_result(vtx_wrmsr(&m.cpu, msr, ~0ull),
					      VTX_GP);
			else
				assert_result(vtx_wrmsr(&m.cpu, msr, 0),
					      VTX_PHYSICAL);
			memset(m.bitmap, 0xff, sizeof(m.bitmap));
			assert_exits(&m, vtx_wrmsr(&m.cpu, msr, ~0ull),
				     VTX_EXIT_WRMSR);
			assert_int_equal(m.vmcs.msr, msr);
			assert_true(m.vmcs.value == ~0ull);
		}
}

/* 29.5: "the normal reserved-bit checking". */
static void wrmsr_checks_reserved_bits(void **state)
{
	struct machine m;
	int bit;

	(void)state;
	make_x2apic(&m, VID);
	for (bit = 0; bit < 64; bit++) {
		uint64_t value = UINT64_C(1) << bit;

		assert_result(vtx_wrmsr(&m.cpu, 0x80b, value), VTX_GP);
		if (bit < 8)
			continue;
		assert_result(vtx_wrmsr(&m.cpu, 0x808, value), VTX_GP);
		assert_result(vtx_wrmsr(&m.cpu, 0x83f, value), VTX_GP);
	}
	assert_false(m.cpu.retired);
	assert_int_equal(machine_reg(&m, VIC_APIC_TPR), 0);
	assert_int_equal(vtx_sum(m.vmcs.stats.self_ipis), 0);
}

static void wrmsr_tpr_and_eoi(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, X2APIC);
	machine_set_bit(&m, VIC_APIC_ISR, 0x61);
	machine_set_status(&m, 0x61, 0);
	machine_set_reg(&m, VIC_APIC_TPR + 4, 0xdeadbeef);
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	assert_carries_on(vtx_wrmsr(&m.cpu, 0x808, 0x7e));
	assert_int_equal(machine_reg(&m, VIC_APIC_TPR), 0x7e);
	assert_int_equal(machine_reg(&m, VIC_APIC_TPR + 4), 0);
	assert_int_equal(machine_reg(&m, VIC_APIC_PPR), 0x7e);
	assert_carries_on(vtx_wrmsr(&m.cpu, 0x80b, 0));
	assert_false(machine_bit(&m, VIC_APIC_ISR, 0x61));
}

/* 29.5: a vector below 16 is an APIC write of page offset 3F0H. */
static void wrmsr_self_ipi(void **state)
{
	uint32_t vector;

	(void)state;
	for (vector = 0; vector < 256; vector++) {
		struct machine m;

		machine_make(&m, X2APIC);
		assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
		if (vector >= 16) {
			assert_carries_on(vtx_wrmsr(&m.cpu, 0x83f, vector));
			assert_takes(&m, vtx_step(&m.cpu), vector);
			continue;
		}
		assert_exits(&m, vtx_wrmsr(&m.cpu, 0x83f, vector),
			     VTX_EXIT_APIC_WRITE);
		assert_int_equal(m.vmcs.exit_qualification, 0x3f0);
		assert_true(m.cpu.retired);
		assert_int_equal(machine_reg(&m, 0x3f0), vector);
		assert_int_equal(machine_rvi(&m), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cr8_is_vtpr_bits_7_to_4),
		cmocka_unit_test(cr8_has_60_reserved_bits),
		cmocka_unit_test(cr8_exits),
		cmocka_unit_test(
			without_its_controls_the_guest_meets_the_host_apic),
		cmocka_unit_test(reads_of_the_apic_access_page),
		cmocka_unit_test(writes_of_the_apic_access_page),
		cmocka_unit_test(without_the_tpr_shadow_every_access_exits),
		cmocka_unit_test(apic_write_emulation),
		cmocka_unit_test(vid_alone_virtualizes_eoi_and_self_ipis),
		cmocka_unit_test(icr_lo_is_a_self_ipi_under_all_conditions),
		cmocka_unit_test(msr_bitmaps_decide_about_exits),
		cmocka_unit_test(rdmsr_reads_the_virtual_apic_page),
		cmocka_unit_test(wrmsr_is_special_for_three_registers),
		cmocka_unit_test(wrmsr_checks_reserved_bits),
		cmocka_unit_test(wrmsr_tpr_and_eoi),
		cmocka_unit_test(wrmsr_self_ipi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
