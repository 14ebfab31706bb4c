/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What an IOAPIC sends, to whom, and what becomes of a message that nobody
 * accepts: 82093AA data sheet, 3.2.4; SDM vol. 3, 10.5.2, 10.6.2 and 10.11;
 * <vic/ioapic.h>.
 */

#include "fake_pc.h"

#define MASKED ((uint64_t)VIC_RTE_MASKED)
#define LOGICAL ((uint64_t)VIC_RTE_LOGICAL)

static void make(struct fake_pc *pc, uint32_t vcpus, bool x2apic)
{
	struct fake_pc_spec spec = {
		.vcpus = vcpus,
		.lapic_flags = x2apic ? VIC_LAPIC_X2APIC : 0,
	};

	fake_reset(NULL);
	fake_pc_make(pc, &spec);
}

static void make_alone(struct fake_pc *pc)
{
	struct fake_pc_spec spec = {.alone = true};

	fake_pc_make(pc, &spec);
}

static void nothing(struct fake_pc *pc)
{
	assert_int_equal(fake_work(&pc->vm, ~(uint32_t)VIC_WORK_TIMER), 0);
}

/* One edge by @p entry; whom it reached. */
static uint64_t send(struct fake_pc *pc, uint64_t entry)
{
	uint64_t taken;
	bool newly;

	fake_line(pc, 4, false);
	fake_program(pc, 4, entry);
	newly = fake_line(pc, 4, true);
	taken = fake_take(&pc->vm, entry & VIC_RTE_VECTOR);
	assert_int_equal(newly, taken != 0);
	return taken;
}

static void enable(struct fake_pc *pc, uint32_t n, bool on)
{
	fake_write(&pc->vm.cpu[n], VIC_APIC_SVR,
		   VIC_SVR_RESET | (on ? VIC_SVR_ENABLE : 0));
}

/* IOAPIC-18 */
static void ioapic_18_physical(void **state)
{
	struct fake_pc pc;
	uint32_t n;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		make(&pc, 4, x2apic);
		for (n = 0; n < 4; n++)
			assert_int_equal(send(&pc, FAKE_RTE_TO(n) | 0x51),
					 1 << n);
		assert_int_equal(send(&pc, FAKE_RTE_TO(4) | 0x51), 0);
		/* All of them. */
		assert_int_equal(send(&pc, FAKE_RTE_TO(0xff) | 0x51), 15);
		assert_int_equal(send(&pc, FAKE_RTE_TO(3) | 0xff), 8);
		assert_int_equal(send(&pc, FAKE_RTE_TO(3) | 0x10), 8);
	}
}

/* IOAPIC-18 */
static void ioapic_18_logical(void **state)
{
	struct fake_pc pc;
	uint32_t n;

	(void)state;
	make(&pc, 4, false);
	for (n = 0; n < 4; n++)
		fake_write(&pc.vm.cpu[n], VIC_APIC_LDR,
			   UINT32_C(0x01000000) << n);
	assert_int_equal(send(&pc, LOGICAL | FAKE_RTE_TO(0x06) | 0x51), 6);
	assert_int_equal(send(&pc, LOGICAL | FAKE_RTE_TO(0xf9) | 0x51), 9);
	assert_int_equal(send(&pc, LOGICAL | FAKE_RTE_TO(0xf0) | 0x51), 0);
	assert_int_equal(send(&pc, LOGICAL | FAKE_RTE_TO(0xff) | 0x51), 15);
	/* In the cluster model. */
	for (n = 0; n < 4; n++) {
		fake_write(&pc.vm.cpu[n], VIC_APIC_DFR, 0x0fffffff);
		fake_write(&pc.vm.cpu[n], VIC_APIC_LDR,
			   (n / 2 << 4 | 1u << n % 2) << 24);
	}
	assert_int_equal(send(&pc, LOGICAL | FAKE_RTE_TO(0x13) | 0x51), 12);
	assert_int_equal(send(&pc, LOGICAL | FAKE_RTE_TO(0x02) | 0x51), 2);
	/* Ids of x2APIC mode: cluster 0. */
	make(&pc, 4, true);
	assert_int_equal(send(&pc, LOGICAL | FAKE_RTE_TO(0x0a) | 0x51), 10);
}

/* IOAPIC-18: a level message to several is one, and one EOI ends it. */
static void ioapic_18_level_to_several(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 3, false);
	fake_program(&pc, 4, FAKE_RTE_TO(0xff) | FAKE_RTE_LEVEL(0x51));
	assert_true(fake_line(&pc, 4, true));
	assert_int_equal(pc.device.ioapic, 1);
	fake_pc_serve(&pc, 0, 0x51);
	fake_pc_serve(&pc, 1, 0x51);
	fake_pc_serve(&pc, 2, 0x51);
	fake_line(&pc, 4, false);
	fake_pc_eoi(&pc, 1);
	assert_false(fake_remote_irr(&pc, 4));
	fake_pc_eoi(&pc, 0);
	fake_pc_eoi(&pc, 2);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 4);
}

/* IOAPIC-19: each of them is an edge, with either trigger mode. */
static void ioapic_19_nmi_smi_init_extint(void **state)
{
	static const struct {
		unsigned int mode;
		uint32_t work;
	} rows[] = {
		{VIC_MODE_NMI, VIC_WORK_NMI},
		{VIC_MODE_SMI, VIC_WORK_SMI},
		{VIC_MODE_INIT, VIC_WORK_INIT},
		{VIC_MODE_EXTINT, VIC_WORK_EXTINT},
	};
	struct fake_pc pc;
	size_t i;
	int level;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++)
		for (level = 0; level < 2; level++) {
			uint64_t entry = FAKE_RTE_TO(1) |
					 FAKE_RTE_MODE(rows[i].mode) |
					 (level ? VIC_RTE_LEVEL : 0);

			make(&pc, 2, false);
			/* Asserted before: no edge. */
			fake_program(&pc, 4, MASKED | entry);
			fake_line(&pc, 4, true);
			fake_program(&pc, 4, entry);
			nothing(&pc);
			assert_true(fake_entry(&pc, 4) == entry);
			fake_line(&pc, 4, false);
			assert_true(fake_line(&pc, 4, true));
			assert_true(fake_entry(&pc, 4) == entry);
			assert_int_equal(fake_work(&pc.vm, rows[i].work), 2);
			fake_program(&pc, 4, entry);
			assert_int_equal(pc.device.ioapic, 1);
			/* No EOI is for them. */
			vic_ioapic_eoi(pc.ioapic, &pc.device, 0);
			fake_heard_nothing(&pc);
			assert_int_equal(pc.device.ioapic, 1);
		}
}

/* IOAPIC-19: two NMIs are pending at most, and more of others merge. */
static void ioapic_19_merged(void **state)
{
	struct vic_vcpu_inbox inbox;
	struct fake_pc pc;

	(void)state;
	make(&pc, 2, false);
	fake_program(&pc, 4, FAKE_RTE_MODE(VIC_MODE_NMI));
	assert_true(fake_line(&pc, 4, true));
	fake_line(&pc, 4, false);
	assert_true(fake_line(&pc, 4, true));
	fake_line(&pc, 4, false);
	assert_false(fake_line(&pc, 4, true));
	fake_program(&pc, 5, FAKE_RTE_MODE(VIC_MODE_SMI));
	assert_true(fake_line(&pc, 5, true));
	fake_line(&pc, 5, false);
	assert_false(fake_line(&pc, 5, true));
	vic_vcpu_peek(pc.vm.cpu[0].vcpu, &inbox);
	assert_int_equal(inbox.nmi, 2);
	assert_true(inbox.smi);
}

/* IOAPIC-20 */
static void ioapic_20_reserved_modes(void **state)
{
	struct fake_pc_spec spec = {0};
	struct fake_pc pc;
	unsigned int i;

	(void)state;
	/* Two modes, edge and level, with and without a bus. */
	for (i = 0; i < 8; i++) {
		uint64_t entry = FAKE_RTE_MODE(i & 1 ? 6 : 3) | 0x51 |
				 (i & 2 ? VIC_RTE_LEVEL : 0);

		fake_reset(NULL);
		spec.alone = (i & 4) != 0;
		fake_pc_make(&pc, &spec);
		fake_program(&pc, 4, entry);
		assert_false(fake_line(&pc, 4, true));
		assert_true(fake_entry(&pc, 4) == entry);
		fake_program(&pc, 4, entry);
		vic_ioapic_retry(pc.ioapic, &pc.device);
		nothing(&pc);
		assert_int_equal(pc.msis, 0);
		assert_int_equal(pc.device.ioapic, 0);
	}
}

/* IOAPIC-21 */
static void ioapic_21_lowest_priority(void **state)
{
	struct fake_pc pc;
	uint64_t taken;
	uint32_t n;

	(void)state;
	make(&pc, 3, false);
	for (n = 0; n < 3; n++)
		fake_write(&pc.vm.cpu[n], VIC_APIC_LDR,
			   UINT32_C(0x01000000) << n);
	taken = send(&pc, LOGICAL | FAKE_RTE_MODE(VIC_MODE_LOWEST) |
				  FAKE_RTE_TO(6) | 0x51);
	assert_true(taken == 2 || taken == 4);
	enable(&pc, 1, false);
	taken = send(&pc, LOGICAL | FAKE_RTE_MODE(VIC_MODE_LOWEST) |
				  FAKE_RTE_TO(6) | 0x51);
	assert_int_equal(taken, 4);
	/* It may be level. */
	fake_line(&pc, 4, false);
	fake_program(&pc, 4,
		     LOGICAL | FAKE_RTE_MODE(VIC_MODE_LOWEST) | FAKE_RTE_TO(6) |
			     FAKE_RTE_LEVEL(0x61));
	assert_true(fake_line(&pc, 4, true));
	assert_true(fake_remote_irr(&pc, 4));
	fake_pc_serve(&pc, 2, 0x61);
	fake_line(&pc, 4, false);
	fake_pc_eoi(&pc, 2);
	assert_false(fake_remote_irr(&pc, 4));
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 4);
}

/* IOAPIC-22 */
static void ioapic_22_destinations_of_15_bits(void **state)
{
	static const uint32_t ids[] = {0, 0x2c, 0x12c, 0x7ffe};
	struct fake_pc_spec spec = {
		.vcpus = 4,
		.ids = ids,
		.lapic_flags = VIC_LAPIC_X2APIC,
		.msi_format = VIC_MSI_15BIT,
	};
	struct fake_pc pc;
	uint32_t n;

	(void)state;
	fake_pc_make(&pc, &spec);
	for (n = 0; n < 4; n++)
		assert_int_equal(
			send(&pc, FAKE_RTE_TO(ids[n] & 0xff) |
					  (uint64_t)(ids[n] >> 8)
						  << VIC_RTE_EXT_DEST_SHIFT |
					  0x51),
			1 << n);
	/* A bus without them has these bits 0. */
	spec.msi_format = VIC_MSI_8BIT;
	fake_pc_make(&pc, &spec);
	assert_int_equal(
		send(&pc, FAKE_RTE_TO(0x2c) |
				  UINT64_C(1) << VIC_RTE_EXT_DEST_SHIFT | 0x51),
		2);
}

/* IOAPIC-23: the receiver records it. */
static void ioapic_23_illegal_vector(void **state)
{
	struct fake_pc pc;
	uint32_t vector;
	int level;

	(void)state;
	make(&pc, 2, false);
	for (vector = 0; vector < 16; vector++)
		for (level = 0; level < 2; level++) {
			fake_program(&pc, 4,
				     FAKE_RTE_TO(1) | vector |
					     (level ? VIC_RTE_LEVEL : 0));
			assert_false(fake_line(&pc, 4, true));
			assert_false(fake_remote_irr(&pc, 4));
			assert_int_equal(fake_send_pending(&pc, 4), level);
			fake_harvest(&pc.vm.cpu[1]);
			assert_int_equal(fake_esr(&pc.vm.cpu[1]),
					 VIC_ESR_RECEIVE_ILLEGAL);
			assert_int_equal(fake_esr(&pc.vm.cpu[0]), 0);
			nothing(&pc);
			fake_line(&pc, 4, false);
		}
}

/* IOAPIC-24 */
static void ioapic_24_delivery_status(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 2, false);
	fake_program(&pc, 4, FAKE_RTE_TO(5) | FAKE_RTE_LEVEL(0x51));
	assert_false(fake_send_pending(&pc, 4));
	assert_false(fake_line(&pc, 4, true));
	assert_true(fake_send_pending(&pc, 4));
	assert_false(fake_remote_irr(&pc, 4));
	/* Nothing to send any more. */
	fake_line(&pc, 4, false);
	assert_false(fake_send_pending(&pc, 4));
	fake_line(&pc, 4, true);
	fake_program(&pc, 4, MASKED | FAKE_RTE_TO(5) | FAKE_RTE_LEVEL(0x51));
	assert_false(fake_send_pending(&pc, 4));
	fake_program(&pc, 4, FAKE_RTE_TO(5) | FAKE_RTE_LEVEL(0x51));
	assert_true(fake_send_pending(&pc, 4));
	/* An edge that nobody accepts is lost. */
	fake_program(&pc, 4, FAKE_RTE_TO(5) | 0x51);
	assert_false(fake_send_pending(&pc, 4));
	fake_line(&pc, 4, false);
	assert_false(fake_line(&pc, 4, true));
	assert_true(fake_entry(&pc, 4) == (FAKE_RTE_TO(5) | 0x51));
	fake_program(&pc, 4, FAKE_RTE_TO(1) | 0x51);
	nothing(&pc);
	/* It is read-only. */
	fake_program(&pc, 4, FAKE_RTE_TO(5) | FAKE_RTE_LEVEL(0x51));
	fake_program(&pc, 4, FAKE_RTE_TO(1) | FAKE_RTE_LEVEL(0x51));
	assert_true(
		fake_entry(&pc, 4) ==
		(FAKE_RTE_TO(1) | FAKE_RTE_LEVEL(0x51) | VIC_RTE_REMOTE_IRR));
	assert_int_equal(fake_take(&pc.vm, 0x51), 2);
}

/* IOAPIC-25 */
static void ioapic_25_enabled_by_software(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 2, false);
	enable(&pc, 1, false);
	fake_program(&pc, 4, FAKE_RTE_TO(1) | FAKE_RTE_LEVEL(0x51));
	fake_program(&pc, 5, FAKE_RTE_TO(1) | 0x52);
	assert_false(fake_line(&pc, 4, true));
	assert_false(fake_line(&pc, 5, true));
	assert_true(fake_send_pending(&pc, 4));
	assert_true(pc.device.refused >= 1);
	/* Of another one nothing follows. */
	enable(&pc, 0, false);
	enable(&pc, 0, true);
	assert_true(fake_send_pending(&pc, 4));
	enable(&pc, 1, true);
	assert_true(fake_remote_irr(&pc, 4));
	assert_false(fake_send_pending(&pc, 4));
	fake_pc_serve(&pc, 1, 0x51);
	fake_line(&pc, 4, false);
	fake_pc_eoi(&pc, 1);
	/* The edge is lost. */
	nothing(&pc);
}

/* IOAPIC-25 */
static void ioapic_25_enabled_by_hardware(void **state)
{
	struct fake_vcpu *cpu;
	struct fake_pc pc;

	(void)state;
	make(&pc, 2, false);
	cpu = &pc.vm.cpu[1];
	fake_hardware_enable(cpu, false);
	fake_program(&pc, 4, FAKE_RTE_TO(1) | FAKE_RTE_LEVEL(0x51));
	assert_false(fake_line(&pc, 4, true));
	assert_true(fake_send_pending(&pc, 4));
	fake_hardware_enable(cpu, true);
	/* It is still disabled by software. */
	assert_true(fake_send_pending(&pc, 4));
	enable(&pc, 1, true);
	assert_true(fake_remote_irr(&pc, 4));
	fake_pc_serve(&pc, 1, 0x51);
}

/* IOAPIC-25 */
static void ioapic_25_added_later(void **state)
{
	struct fake_pc_spec spec = {.vcpus = 3, .present = 2};
	struct fake_pc pc;

	(void)state;
	fake_pc_make(&pc, &spec);
	fake_program(&pc, 4, FAKE_RTE_TO(7) | FAKE_RTE_LEVEL(0x51));
	assert_false(fake_line(&pc, 4, true));
	assert_int_equal(fake_vcpu_add(&pc.vm, 2, 7, 0), VIC_OK);
	pc.vm.count = 3;
	assert_true(fake_send_pending(&pc, 4));
	fake_vcpu_start(&pc.vm.cpu[2]);
	assert_true(fake_remote_irr(&pc, 4));
	fake_pc_serve(&pc, 2, 0x51);
}

/* IOAPIC-25: an identity that changes is such a beginning. */
static void ioapic_25_matches_later(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 2, false);
	fake_program(&pc, 4,
		     LOGICAL | FAKE_RTE_TO(0x20) | FAKE_RTE_LEVEL(0x51));
	fake_program(&pc, 5, FAKE_RTE_TO(9) | FAKE_RTE_LEVEL(0x61));
	assert_false(fake_line(&pc, 4, true));
	assert_false(fake_line(&pc, 5, true));
	fake_write(&pc.vm.cpu[1], VIC_APIC_LDR, 0x20000000);
	assert_true(fake_remote_irr(&pc, 4));
	fake_write(&pc.vm.cpu[1], VIC_APIC_ID, 0x09000000);
	assert_true(fake_remote_irr(&pc, 5));
	fake_pc_serve(&pc, 1, 0x61);
	fake_pc_eoi(&pc, 1);
	/* Other vectors' EOIs are none of pin 4's. */
	assert_true(fake_remote_irr(&pc, 4));
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 5);
}

/* IOAPIC-25: what else sends it again. */
static void ioapic_25_again(void **state)
{
	struct fake_pc pc;
	unsigned int before;

	(void)state;
	make_alone(&pc);
	pc.refuse = true;
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	assert_false(fake_line(&pc, 4, true));
	assert_int_equal(pc.msis, 1);
	/* Nothing of these does. */
	fake_line(&pc, 4, true);
	fake_source(&pc, 4, 1, true);
	fake_source(&pc, 4, 1, false);
	fake_line(&pc, 5, true);
	fake_program(&pc, 6, FAKE_RTE_LEVEL(0x51));
	vic_ioapic_eoi(pc.ioapic, &pc.device, 0x52);
	/* Its own vector's EOI is for what was accepted. */
	vic_ioapic_eoi(pc.ioapic, &pc.device, 0x51);
	fake_entry(&pc, 4);
	assert_int_equal(pc.msis, 1);
	before = pc.msis;
	/* A rise of the input. */
	fake_line(&pc, 4, false);
	assert_int_equal(pc.msis, before);
	fake_line(&pc, 4, true);
	assert_int_equal(pc.msis, before + 1);
	/* A write of the entry, of each half. */
	fake_ioapic_put(&pc, VIC_IOAPIC_REDTBL + 9, 0);
	assert_int_equal(pc.msis, before + 2);
	fake_ioapic_put(&pc, VIC_IOAPIC_REDTBL + 8, FAKE_RTE_LEVEL(0x51));
	assert_int_equal(pc.msis, before + 3);
	vic_ioapic_retry(pc.ioapic, &pc.device);
	assert_int_equal(pc.msis, before + 4);
	assert_true(fake_send_pending(&pc, 4));
	pc.refuse = false;
	vic_ioapic_retry(pc.ioapic, &pc.device);
	assert_int_equal(pc.msis, before + 5);
	assert_true(fake_remote_irr(&pc, 4));
	assert_false(fake_send_pending(&pc, 4));
	/* Once. */
	vic_ioapic_retry(pc.ioapic, &pc.device);
	assert_int_equal(pc.msis, before + 5);
	assert_int_equal(pc.device.ioapic, before + 5);
	fake_heard_nothing(&pc);
}

/* IOAPIC-26 */
static void ioapic_26_the_message(void **state)
{
	static const struct {
		uint64_t entry;
		uint64_t address;
		uint32_t data;
	} rows[] = {
		{0x51, 0xfee00000, 0x0051},
		{FAKE_RTE_TO(0x12) | 0x51, 0xfee12000, 0x0051},
		{FAKE_RTE_TO(0xff) | 0xfe, 0xfeeff000, 0x00fe},
		{FAKE_RTE_TO(0x12) | 0x8051, 0xfee12000, 0xc051},
		{FAKE_RTE_TO(0xa5) | 0x0851, 0xfeea5004, 0x0051},
		{FAKE_RTE_TO(0xa5) | 0x0951, 0xfeea5004, 0x0151},
		{FAKE_RTE_TO(0xa5) | 0x8951, 0xfeea5004, 0xc151},
		{FAKE_RTE_TO(0x01) | 0x0151, 0xfee01000, 0x0151},
		{FAKE_RTE_TO(0x01) | 0x0200, 0xfee01000, 0x0200},
		{FAKE_RTE_TO(0x01) | 0x0433, 0xfee01000, 0x0433},
		{FAKE_RTE_TO(0x01) | 0x0500, 0xfee01000, 0x0500},
		{FAKE_RTE_TO(0x01) | 0x0700, 0xfee01000, 0x0700},
		/* Polarity is the pin's own. */
		{FAKE_RTE_TO(0x01) | 0x2051, 0xfee01000, 0x0051},
	};
	struct fake_pc pc;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		make_alone(&pc);
		fake_program(&pc, 4, rows[i].entry);
		assert_int_equal(pc.msis, 0);
		assert_true(fake_line(&pc, 4, true));
		assert_int_equal(pc.msis, 1);
		assert_true(pc.address == rows[i].address);
		assert_int_equal(pc.data, rows[i].data);
		assert_int_equal(fake_remote_irr(&pc, 4),
				 (rows[i].entry & VIC_RTE_LEVEL) != 0);
	}
}

/* IOAPIC-26 */
static void ioapic_26_its_answer(void **state)
{
	struct fake_pc pc;

	(void)state;
	make_alone(&pc);
	pc.refuse = true;
	fake_program(&pc, 4, 0x51);
	assert_false(fake_line(&pc, 4, true));
	fake_program(&pc, 5, FAKE_RTE_LEVEL(0x52));
	assert_false(fake_line(&pc, 5, true));
	assert_false(fake_remote_irr(&pc, 5));
	pc.refuse = false;
	vic_ioapic_retry(pc.ioapic, &pc.device);
	/* Only the level one waited. */
	assert_int_equal(pc.msis, 3);
	assert_int_equal(pc.data, 0xc052);
	assert_true(fake_remote_irr(&pc, 5));
	vic_ioapic_eoi(pc.ioapic, &pc.device, 0x52);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 5);
	assert_int_equal(pc.msis, 4);
	assert_true(fake_remote_irr(&pc, 5));
	fake_line(&pc, 5, false);
	vic_ioapic_eoi(pc.ioapic, &pc.device, 0x52);
	assert_int_equal(pc.msis, 4);
	assert_false(fake_remote_irr(&pc, 5));
	/* The bus that the VM has hears nothing. */
	nothing(&pc);
	assert_int_equal(pc.device.msi, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_PC_TEST(ioapic_18_physical),
		FAKE_PC_TEST(ioapic_18_logical),
		FAKE_PC_TEST(ioapic_18_level_to_several),
		FAKE_PC_TEST(ioapic_19_nmi_smi_init_extint),
		FAKE_PC_TEST(ioapic_19_merged),
		FAKE_PC_TEST(ioapic_20_reserved_modes),
		FAKE_PC_TEST(ioapic_21_lowest_priority),
		FAKE_PC_TEST(ioapic_22_destinations_of_15_bits),
		FAKE_PC_TEST(ioapic_23_illegal_vector),
		FAKE_PC_TEST(ioapic_24_delivery_status),
		FAKE_PC_TEST(ioapic_25_enabled_by_software),
		FAKE_PC_TEST(ioapic_25_enabled_by_hardware),
		FAKE_PC_TEST(ioapic_25_added_later),
		FAKE_PC_TEST(ioapic_25_matches_later),
		FAKE_PC_TEST(ioapic_25_again),
		FAKE_PC_TEST(ioapic_26_the_message),
		FAKE_PC_TEST(ioapic_26_its_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
