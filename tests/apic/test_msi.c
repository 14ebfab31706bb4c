/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Message-signalled interrupts: SDM vol. 3, 10.11; the 15-bit and 32-bit
 * formats are conventions of hypervisors.
 */

#include "fake_vmm.h"

#define V 0x41u
#define DM ((uint64_t)VIC_MSI_DM)
#define RH ((uint64_t)VIC_MSI_RH)

static uint64_t to8(uint32_t dest)
{
	return VIC_MSI_BASE | dest << VIC_MSI_DEST_SHIFT;
}

static uint64_t to15(uint32_t dest)
{
	return VIC_MSI_BASE | (dest & 0xff) << VIC_MSI_DEST_SHIFT |
	       dest >> 8 << VIC_MSI_EXT_DEST_SHIFT;
}

static uint64_t to32(uint32_t dest)
{
	return to8(dest & 0xff) | (uint64_t)(dest >> 8) << 40;
}

static void make(struct fake_vm *vm, const uint32_t *ids, uint32_t count,
		 uint32_t format, uint32_t bus_flags, bool x2apic)
{
	struct fake_spec spec = {
		.vcpus = count,
		.ids = ids,
		.msi_format = format,
		.bus_flags = bus_flags,
		.lapic_flags = x2apic ? VIC_LAPIC_X2APIC : 0,
	};

	fake_vm_make(vm, &spec);
}

/* APIC-83 */
static void apic_83_address_and_data(void **state)
{
	struct fake_vm vm;

	(void)state;
	make(&vm, NULL, 4, VIC_MSI_8BIT, 0, false);
	assert_int_equal(fake_msi(&vm, 0xfee00000, V), 1);
	assert_int_equal(fake_msi(&vm, 0xfee03000, V), 8);
	assert_int_equal(fake_msi(&vm, 0xfee04000, V), 0);
	assert_int_equal(fake_msi(&vm, 0xfee02000, 0x10), 4);
	assert_int_equal(fake_msi(&vm, 0xfee02000, 0xff), 4);
	/* Address bits 1:0, data bits 31:16 and 13:11 mean nothing. */
	assert_int_equal(fake_msi(&vm, 0xfee02003, V | 0xffff3800), 4);
	/* Edge, whether asserted or not. */
	assert_int_equal(fake_msi(&vm, 0xfee02000, V | 0x4000), 4);
	assert_int_equal(vm.cpu[2].eois, 0);
}

static void apic_83_delivery_modes(void **state)
{
	static const struct {
		enum vic_delivery_mode mode;
		uint32_t work;
	} rows[] = {
		{VIC_MODE_LOWEST, VIC_WORK_IRQ},
		{VIC_MODE_SMI, VIC_WORK_SMI},
		{VIC_MODE_RESERVED, 0},
		{VIC_MODE_NMI, VIC_WORK_NMI},
		{VIC_MODE_INIT, VIC_WORK_INIT},
		{VIC_MODE_EXTINT, VIC_WORK_EXTINT},
		/* 110 is start-up in ICR only; in an MSI it is reserved. */
		{VIC_MODE_SIPI, 0},
	};
	const uint32_t work = VIC_WORK_INIT | VIC_WORK_SIPI | VIC_WORK_NMI |
			      VIC_WORK_SMI | VIC_WORK_IRQ | VIC_WORK_EXTINT;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		struct fake_vm vm;
		int posted;

		fake_vm_plain(&vm, 3, i & 1);
		/*
		 * The third is a new AP, that SIPI could start. Disabled by
		 * SVR, it takes NMI, SMI and INIT alone.
		 */
		vic_vcpu_request(vm.cpu[2].vcpu, &vm.device, VIC_REQUEST_INIT,
				 0);
		fake_harvest(&vm.cpu[2]);
		assert_int_equal(vic_lapic_ack_init(vm.cpu[2].lapic), VIC_OK);
		posted = vic_msi(vm.bus, &vm.device, to8(2),
				 (uint32_t)FAKE_MODE(rows[i].mode) | V);
		if (rows[i].mode != VIC_MODE_LOWEST &&
		    rows[i].mode != VIC_MODE_EXTINT) {
			assert_int_equal(posted, rows[i].work ? 1 : 0);
			assert_int_equal(fake_work(&vm, work) & 3, 0);
		} else {
			assert_int_equal(posted, 0);
		}
		vic_msi(vm.bus, &vm.device, to8(1),
			(uint32_t)FAKE_MODE(rows[i].mode) | V);
		assert_int_equal(fake_work(&vm, rows[i].work) & 2,
				 rows[i].work ? 2 : 0);
		assert_int_equal(fake_work(&vm, work & ~rows[i].work), 0);
	}
}

static void apic_83_foreign_addresses(void **state)
{
	/* Bit 4 with 15 bits is the remappable format. */
	static const struct {
		uint32_t format;
		uint64_t address;
	} rows[] = {
		{VIC_MSI_8BIT, 0},
		{VIC_MSI_8BIT, 0xfed00000},
		{VIC_MSI_8BIT, 0xfef00000},
		{VIC_MSI_8BIT, 0x7ee00000},
		{VIC_MSI_8BIT, 0x1fee00000},
		{VIC_MSI_8BIT, 0x10000000fee00000},
		{VIC_MSI_15BIT, 0xfee00010},
		{VIC_MSI_15BIT, 0x100fee00000},
		{VIC_MSI_15BIT, 0xfed00000},
		{VIC_MSI_32BIT, 0x1fee00000},
		{VIC_MSI_32BIT, 0x80fee00000},
		{VIC_MSI_32BIT, 0x1fed00000},
	};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		struct fake_vm vm;

		make(&vm, NULL, 2, rows[i].format, 0, false);
		assert_int_equal(
			vic_msi(vm.bus, &vm.device, rows[i].address, V),
			VIC_ERR_INVAL);
		assert_int_equal(fake_take(&vm, V), 0);
	}
}

static void apic_83_wide_destinations(void **state)
{
	static const uint32_t ids[] = {0, 0x41, 0x141, 0x7f41, 0x12345641};
	struct fake_vm vm;

	(void)state;
	make(&vm, ids, 5, VIC_MSI_8BIT, 0, true);
	assert_int_equal(fake_msi(&vm, to8(0x41), V), 0x02);
	/* Bits 11:5 are no destination in this format. */
	assert_int_equal(fake_msi(&vm, to15(0x141), V), 0x02);
	make(&vm, ids, 5, VIC_MSI_15BIT, 0, true);
	assert_int_equal(fake_msi(&vm, to15(0x41), V), 0x02);
	assert_int_equal(fake_msi(&vm, to15(0x141), V), 0x04);
	assert_int_equal(fake_msi(&vm, to15(0x7f41), V), 0x08);
	assert_int_equal(fake_msi(&vm, to15(0x5641), V), 0x00);
	make(&vm, ids, 5, VIC_MSI_32BIT, 0, true);
	assert_int_equal(fake_msi(&vm, to32(0x41), V), 0x02);
	assert_int_equal(fake_msi(&vm, to32(0x7f41), V), 0x08);
	assert_int_equal(fake_msi(&vm, to32(0x12345641), V), 0x10);
	assert_int_equal(fake_msi(&vm, to32(0x02345641), V), 0x00);
	assert_int_equal(fake_msi(&vm, to32(UINT32_MAX), V), 0x1f);
	assert_int_equal(fake_msi(&vm, to32(UINT32_MAX) | DM, V), 0x1f);
	assert_int_equal(fake_msi(&vm, to32(0x45640002) | DM, V), 0x10);
	/* Full ids reach targets that are still in xAPIC mode. */
	make(&vm, ids, 5, VIC_MSI_15BIT, VIC_BUS_NO_XAPIC_ALIAS, false);
	assert_int_equal(fake_msi(&vm, to15(0x141), V), 0x04);
	assert_int_equal(fake_msi(&vm, to15(0x41), V), 0x02);
}

static void apic_83_logical_destinations(void **state)
{
	static const uint32_t formats[] = {VIC_MSI_8BIT, VIC_MSI_15BIT,
					   VIC_MSI_32BIT};
	size_t i;
	uint32_t n;

	(void)state;
	for (i = 0; i < FAKE_COUNT(formats); i++) {
		struct fake_vm vm;

		make(&vm, NULL, 4, formats[i], 0, false);
		for (n = 0; n < 4; n++)
			fake_write(&vm.cpu[n], VIC_APIC_LDR,
				   UINT32_C(2) << (24 + n));
		assert_int_equal(fake_msi(&vm, to8(0x06) | DM, V), 3);
		assert_int_equal(fake_msi(&vm, to8(0xff) | DM, V), 15);
		/* The last one's id is 3: bit 3 of cluster 0. */
		fake_x2apic(&vm.cpu[3]);
		assert_int_equal(fake_msi(&vm, to8(0x0c) | DM, V), 14);
		assert_int_equal(fake_msi(&vm, to8(0x10) | DM, V), 0);
		assert_int_equal(fake_msi(&vm, to8(0xff) | DM, V), 15);
	}
}

/* The policy for case 19. */
static void apic_19_msi_physical_ff(void **state)
{
	static const uint32_t ids[] = {0, 255, 3};
	static const uint32_t formats[] = {VIC_MSI_8BIT, VIC_MSI_15BIT};
	size_t i;
	int x2apic;

	(void)state;
	for (i = 0; i < FAKE_COUNT(formats); i++)
		for (x2apic = 0; x2apic < 2; x2apic++) {
			struct fake_vm vm;

			make(&vm, ids, 3, formats[i], 0, x2apic);
			assert_int_equal(fake_msi(&vm, to8(0xff), V), 7);
			if (formats[i] == VIC_MSI_8BIT)
				assert_int_equal(
					fake_msi(&vm, to8(0xff) | DM, V), 7);
			make(&vm, ids, 3, formats[i], VIC_BUS_MSI_FF_IS_ID,
			     x2apic);
			assert_int_equal(fake_msi(&vm, to8(0xff), V), 2);
			assert_int_equal(fake_msi(&vm, to8(3), V), 4);
		}
}

/* The receiver's half of case 29. */
static void apic_29_illegal_vector_in_an_msi(void **state)
{
	int x2apic;
	uint32_t vector;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		struct fake_vm vm;

		make(&vm, NULL, 3, VIC_MSI_8BIT, 0, x2apic);
		for (vector = 0; vector < 16; vector++) {
			uint32_t mode = vector & 1 ? 0x100 : 0;

			vic_msi(vm.bus, &vm.device, to8(1), mode | vector);
			assert_int_equal(fake_work(&vm, ~0u), 0);
			assert_int_equal(fake_read(&vm.cpu[1], VIC_APIC_IRR),
					 0);
			assert_int_equal(fake_read(&vm.cpu[1], VIC_APIC_ESR),
					 0);
			assert_int_equal(fake_esr(&vm.cpu[1]), 0x40);
			assert_int_equal(fake_esr(&vm.cpu[1]), 0);
			assert_int_equal(fake_esr(&vm.cpu[0]), 0);
			assert_int_equal(fake_esr(&vm.cpu[2]), 0);
		}
		/* Reported once. */
		fake_harvest(&vm.cpu[1]);
		assert_int_equal(fake_esr(&vm.cpu[1]), 0);
		/* A disabled APIC receives nothing, right or wrong. */
		fake_write(&vm.cpu[1], VIC_APIC_SVR, 0xff);
		vic_msi(vm.bus, &vm.device, to8(1), 3);
		assert_int_equal(fake_work(&vm, ~0u), 0);
	}
}

static void level_triggered_messages(void **state)
{
	struct fake_vm vm;

	(void)state;
	make(&vm, NULL, 2, VIC_MSI_8BIT, 0, false);
	/* De-asserted: nothing. */
	assert_int_equal(vic_msi(vm.bus, &vm.device, to8(1), 0x8000 | V), 0);
	assert_int_equal(fake_take(&vm, V), 0);
	assert_int_equal(fake_msi(&vm, to8(1), 0xc000 | V), 2);
	assert_int_equal(vm.cpu[1].eois, 1);
	assert_int_equal(vm.cpu[1].eoi_source, VIC_EOI_LAPIC);
	assert_int_equal(vm.cpu[1].eoi_number, V);
}

static void flat_four(struct fake_vm *vm, uint32_t bus_flags)
{
	uint32_t i;

	make(vm, NULL, 4, VIC_MSI_8BIT, bus_flags, false);
	for (i = 0; i < 4; i++)
		fake_write(&vm->cpu[i], VIC_APIC_LDR, UINT32_C(1) << (24 + i));
}

/* APIC-84 */
static void apic_84_redirection_hint_picks_one(void **state)
{
	struct fake_vm vm;
	uint32_t vector;

	(void)state;
	flat_four(&vm, 0);
	for (vector = 16; vector < 256; vector++) {
		uint64_t taken = fake_msi(&vm, to8(0x0d) | RH | DM, vector);

		assert_int_equal(__builtin_popcountll(taken), 1);
		assert_int_equal(taken & ~UINT64_C(0x0d), 0);
		/* Without the hint, all of them. */
		assert_int_equal(fake_msi(&vm, to8(0x0d) | DM, vector), 0x0d);
	}
	fake_write(&vm.cpu[0], VIC_APIC_SVR, 0xff);
	fake_write(&vm.cpu[2], VIC_APIC_SVR, 0xff);
	for (vector = 16; vector < 256; vector++)
		assert_int_equal(fake_msi(&vm, to8(0x0d) | RH | DM, vector), 8);
}

static void apic_84_redirection_hint_arbitrates(void **state)
{
	struct fake_vm vm;
	uint32_t i;

	(void)state;
	flat_four(&vm, VIC_BUS_ARBITRATE);
	for (i = 0; i < 4; i++)
		fake_write(&vm.cpu[i], VIC_APIC_TPR, i == 2 ? 0x20 : 0x30);
	for (i = 16; i < 256; i++)
		assert_int_equal(fake_msi(&vm, to8(0x0f) | RH | DM, i), 4);
}

static void apic_84_hint_in_physical_mode_is_plain(void **state)
{
	static const uint32_t ids[] = {0, 0x12, 0x112};
	struct fake_vm vm;

	(void)state;
	flat_four(&vm, 0);
	assert_int_equal(fake_msi(&vm, to8(1) | RH, V), 2);
	assert_int_equal(fake_msi(&vm, to8(2) | RH, V), 4);
	assert_int_equal(fake_msi(&vm, to8(9) | RH, V), 0);
	/* Nor does it choose among those that share an id. */
	make(&vm, ids, 3, VIC_MSI_8BIT, 0, false);
	assert_int_equal(fake_msi(&vm, to8(0x12) | RH, V), 6);
}

static void result_counts_what_became_pending(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 4, false);
	assert_int_equal(vic_msi(vm.bus, &vm.device, to8(2), V), 1);
	assert_int_equal(vic_msi(vm.bus, &vm.device, to8(2), V), 0);
	assert_int_equal(vic_msi(vm.bus, &vm.device, to8(0xff), V), 3);
	assert_int_equal(vic_msi(vm.bus, &vm.device, to8(0xff), V), 0);
	assert_int_equal(vic_msi(vm.bus, &vm.device, to8(7), V), 0);
	assert_int_equal(fake_take(&vm, V), 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(apic_83_address_and_data),
		FAKE_TEST(apic_83_delivery_modes),
		FAKE_TEST(apic_83_foreign_addresses),
		FAKE_TEST(apic_83_wide_destinations),
		FAKE_TEST(apic_83_logical_destinations),
		FAKE_TEST(apic_19_msi_physical_ff),
		FAKE_TEST(apic_29_illegal_vector_in_an_msi),
		FAKE_TEST(level_triggered_messages),
		FAKE_TEST(apic_84_redirection_hint_picks_one),
		FAKE_TEST(apic_84_redirection_hint_arbitrates),
		FAKE_TEST(apic_84_hint_in_physical_mode_is_plain),
		FAKE_TEST(result_counts_what_became_pending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
