/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The pins of an IOAPIC, edge and level, and its interrupts' lives: 82093AA
 * data sheet, 3.2.4; <vic/ioapic.h>.
 */

#include "fake_pc.h"

#define MASKED ((uint64_t)VIC_RTE_MASKED)
#define LOW ((uint64_t)VIC_RTE_LOW)

static void make(struct fake_pc *pc, uint32_t flags)
{
	struct fake_pc_spec spec = {.flags = flags};

	fake_reset(NULL);
	fake_pc_make(pc, &spec);
}

static uint64_t sources(struct fake_pc *pc, uint32_t pin)
{
	struct vic_ioapic_pin out;

	assert_int_equal(vic_ioapic_peek(pc->ioapic, pin, &out), VIC_OK);
	return out.sources;
}

static void nothing(struct fake_pc *pc)
{
	assert_int_equal(fake_work(&pc->vm, ~(uint32_t)VIC_WORK_TIMER), 0);
}

/* IOAPIC-09 */
static void ioapic_09_edge(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 4, FAKE_RTE_TO(1) | 0x51);
	nothing(&pc);
	assert_true(fake_line(&pc, 4, true));
	assert_true(fake_entry(&pc, 4) == (FAKE_RTE_TO(1) | 0x51));
	/* High is no edge. */
	assert_false(fake_line(&pc, 4, true));
	assert_int_equal(fake_take(&pc.vm, 0x51), 2);
	nothing(&pc);
	assert_false(fake_line(&pc, 4, false));
	nothing(&pc);
	assert_true(fake_line(&pc, 4, true));
	/* What is pending already takes the next one. */
	fake_line(&pc, 4, false);
	assert_false(fake_line(&pc, 4, true));
	assert_int_equal(pc.device.ioapic, 3);
	/* In service: one more waits, for no EOI. */
	fake_pc_serve(&pc, 1, 0x51);
	assert_false(fake_bit(&pc.vm.cpu[1], VIC_APIC_TMR, 0x51));
	fake_line(&pc, 4, false);
	assert_true(fake_line(&pc, 4, true));
	fake_pc_eoi(&pc, 1);
	assert_int_equal(fake_take(&pc.vm, 0x51), 2);
	nothing(&pc);
	fake_heard_nothing(&pc);
}

/* IOAPIC-10 */
static void ioapic_10_a_masked_edge_is_lost(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 4, MASKED | 0x51);
	assert_false(fake_line(&pc, 4, true));
	fake_program(&pc, 4, 0x51);
	nothing(&pc);
	assert_false(fake_send_pending(&pc, 4));
	fake_line(&pc, 4, false);
	assert_true(fake_line(&pc, 4, true));
	assert_int_equal(fake_take(&pc.vm, 0x51), 1);
	/* Writes while it is high, and the fall, are no edges. */
	fake_program(&pc, 4, MASKED | 0x51);
	fake_program(&pc, 4, 0x52);
	fake_line(&pc, 4, false);
	nothing(&pc);
	assert_int_equal(pc.device.ioapic, 1);
}

/* IOAPIC-11: the last of the three conditions sends. */
static void ioapic_11_level(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	/* The line. */
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	nothing(&pc);
	assert_true(fake_line(&pc, 4, true));
	assert_true(fake_remote_irr(&pc, 4));
	fake_pc_serve(&pc, 0, 0x51);
	assert_true(fake_bit(&pc.vm.cpu[0], VIC_APIC_TMR, 0x51));
	/* Not again before the EOI, whatever the line does. */
	fake_line(&pc, 4, false);
	assert_false(fake_line(&pc, 4, true));
	assert_false(fake_line(&pc, 4, true));
	nothing(&pc);
	/* Remote IRR. */
	fake_pc_eoi(&pc, 0);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 4);
	assert_true(fake_remote_irr(&pc, 4));
	fake_pc_serve(&pc, 0, 0x51);
	fake_line(&pc, 4, false);
	fake_pc_eoi(&pc, 0);
	assert_false(fake_remote_irr(&pc, 4));
	nothing(&pc);
	/* The mask. */
	fake_program(&pc, 4, MASKED | FAKE_RTE_LEVEL(0x51));
	assert_false(fake_line(&pc, 4, true));
	assert_false(fake_remote_irr(&pc, 4));
	nothing(&pc);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	assert_true(fake_remote_irr(&pc, 4));
	fake_pc_serve(&pc, 0, 0x51);
	assert_int_equal(pc.device.ioapic, 2);
	assert_int_equal(vic_vcpu_counters(pc.vm.cpu[0].vcpu)->ioapic, 1);
}

/* IOAPIC-12 */
static void ioapic_12_remote_irr_is_read_only(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51) | VIC_RTE_REMOTE_IRR);
	assert_false(fake_remote_irr(&pc, 4));
	assert_true(fake_line(&pc, 4, true));
	assert_true(fake_entry(&pc, 4) ==
		    (FAKE_RTE_LEVEL(0x51) | VIC_RTE_REMOTE_IRR));
	/* Neither a 0 nor a 1 changes it, and nothing is sent again. */
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	assert_true(fake_remote_irr(&pc, 4));
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51) | VIC_RTE_REMOTE_IRR);
	assert_true(fake_remote_irr(&pc, 4));
	assert_int_equal(pc.device.ioapic, 1);
	/* A message that was sent stays, though the line falls. */
	fake_line(&pc, 4, false);
	assert_true(fake_remote_irr(&pc, 4));
	assert_int_equal(fake_take(&pc.vm, 0x51), 1);
	assert_false(fake_remote_irr(&pc, 4));
	nothing(&pc);
}

/* IOAPIC-12: a write of either half, or of the other entry's. */
static void ioapic_12_writes_of_a_pending_entry(void **state)
{
	const uint32_t index = VIC_IOAPIC_REDTBL + 8;
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 4, true);
	fake_ioapic_put(&pc, index + 1, 0x01000000);
	assert_true(fake_remote_irr(&pc, 4));
	fake_ioapic_put(&pc, index, VIC_RTE_LEVEL | 0x52);
	assert_true(fake_remote_irr(&pc, 4));
	fake_program(&pc, 5, FAKE_RTE_LEVEL(0x51));
	assert_true(fake_remote_irr(&pc, 4));
	assert_false(fake_remote_irr(&pc, 5));
	assert_int_equal(pc.device.ioapic, 1);
}

/* IOAPIC-13 */
static void ioapic_13_masked_after_it_was_accepted(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 4, true);
	fake_program(&pc, 4, MASKED | FAKE_RTE_LEVEL(0x51));
	assert_true(fake_remote_irr(&pc, 4));
	fake_pc_serve(&pc, 0, 0x51);
	/* The EOI of a masked entry counts; what is asserted waits. */
	fake_pc_eoi(&pc, 0);
	assert_false(fake_remote_irr(&pc, 4));
	assert_false(fake_send_pending(&pc, 4));
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 4);
	nothing(&pc);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	fake_pc_serve(&pc, 0, 0x51);
	/* The device takes it back while it is masked. */
	fake_program(&pc, 4, MASKED | FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 4, false);
	fake_pc_eoi(&pc, 0);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	nothing(&pc);
	assert_false(fake_remote_irr(&pc, 4));
	/* A line that comes and goes under the mask leaves nothing. */
	fake_program(&pc, 4, MASKED | FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 4, true);
	fake_line(&pc, 4, false);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	nothing(&pc);
}

/* IOAPIC-14 */
static void ioapic_14_polarity_as_a_bit(void **state)
{
	struct fake_pc pc;
	int low;

	(void)state;
	for (low = 0; low < 2; low++) {
		uint64_t polarity = low ? LOW : 0;

		make(&pc, 0);
		fake_program(&pc, 4, polarity | FAKE_RTE_LEVEL(0x51));
		nothing(&pc);
		assert_true(fake_line(&pc, 4, true));
		assert_true(
			fake_entry(&pc, 4) ==
			(polarity | VIC_RTE_REMOTE_IRR | FAKE_RTE_LEVEL(0x51)));
		fake_line(&pc, 4, false);
		assert_int_equal(fake_take(&pc.vm, 0x51), 1);
		nothing(&pc);
		fake_program(&pc, 5, polarity | 0x52);
		nothing(&pc);
		assert_true(fake_line(&pc, 5, true));
		assert_int_equal(fake_take(&pc.vm, 0x52), 1);
		assert_false(fake_line(&pc, 5, false));
		nothing(&pc);
	}
}

/* IOAPIC-14 */
static void ioapic_14_voltages_level(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, VIC_IOAPIC_VOLTAGES);
	/* Low and active low: asserted. */
	fake_program(&pc, 4, LOW | FAKE_RTE_LEVEL(0x51));
	assert_true(fake_remote_irr(&pc, 4));
	fake_pc_serve(&pc, 0, 0x51);
	fake_source(&pc, 4, 1, true);
	fake_pc_eoi(&pc, 0);
	nothing(&pc);
	assert_false(fake_source(&pc, 4, 2, true));
	/* Not before the last source is low. */
	assert_false(fake_source(&pc, 4, 1, false));
	nothing(&pc);
	assert_true(fake_source(&pc, 4, 2, false));
	assert_int_equal(pc.device.ioapic, 2);
	fake_source(&pc, 4, 1, true);
	assert_int_equal(fake_take(&pc.vm, 0x51), 1);
	nothing(&pc);
	/* The other way round. */
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x61));
	assert_true(fake_remote_irr(&pc, 4));
	fake_source(&pc, 4, 1, false);
	assert_int_equal(fake_take(&pc.vm, 0x61), 1);
	nothing(&pc);
	/* Masked entries take no notice. */
	fake_program(&pc, 4, MASKED | LOW | FAKE_RTE_LEVEL(0x51));
	nothing(&pc);
	assert_false(fake_remote_irr(&pc, 4));
}

/* IOAPIC-14 */
static void ioapic_14_voltages_edge(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, VIC_IOAPIC_VOLTAGES);
	fake_source(&pc, 4, 1, true);
	fake_program(&pc, 4, MASKED | LOW | 0x51);
	fake_program(&pc, 4, LOW | 0x51);
	nothing(&pc);
	fake_source(&pc, 4, 2, true);
	assert_false(fake_source(&pc, 4, 1, false));
	nothing(&pc);
	assert_true(fake_source(&pc, 4, 2, false));
	assert_int_equal(fake_take(&pc.vm, 0x51), 1);
	assert_false(fake_source(&pc, 4, 2, true));
	nothing(&pc);
	/* Active high. */
	fake_program(&pc, 5, 0x52);
	assert_true(fake_source(&pc, 5, 1, true));
	assert_int_equal(fake_take(&pc.vm, 0x52), 1);
	assert_false(fake_source(&pc, 5, 1, false));
	nothing(&pc);
	/* The write of an entry that is not masked makes an edge. */
	fake_program(&pc, 5, LOW | 0x53);
	assert_int_equal(fake_take(&pc.vm, 0x53), 1);
	fake_program(&pc, 5, 0x52);
	nothing(&pc);
}

/* IOAPIC-15 */
static void ioapic_15_sources(void **state)
{
	struct fake_pc pc;
	uint32_t source;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 4, 0x51);
	fake_program(&pc, 5, FAKE_RTE_LEVEL(0x52));
	for (source = 0; source < VIC_IOAPIC_SOURCES; source++) {
		assert_true(fake_source(&pc, 4, source, true));
		assert_true(fake_source(&pc, 5, source, true));
		assert_true(sources(&pc, 4) == UINT64_C(1) << source);
		assert_true(sources(&pc, 5) == UINT64_C(1) << source);
		fake_source(&pc, 4, source, false);
		fake_source(&pc, 5, source, false);
		assert_true(sources(&pc, 4) == 0);
		assert_int_equal(fake_take(&pc.vm, 0x51), 1);
		assert_int_equal(fake_take(&pc.vm, 0x52), 1);
		nothing(&pc);
	}
	assert_true(sources(&pc, 3) == 0);
}

/* IOAPIC-15 */
static void ioapic_15_a_line_is_their_or(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 4, 0x51);
	fake_program(&pc, 5, FAKE_RTE_LEVEL(0x52));
	/* Edge: the second source is no edge. */
	assert_true(fake_source(&pc, 4, 0, true));
	assert_int_equal(fake_take(&pc.vm, 0x51), 1);
	assert_false(fake_source(&pc, 4, 63, true));
	fake_source(&pc, 4, 0, false);
	assert_false(fake_source(&pc, 4, 0, true));
	nothing(&pc);
	fake_source(&pc, 4, 0, false);
	fake_source(&pc, 4, 63, false);
	assert_true(fake_source(&pc, 4, 63, true));
	assert_int_equal(fake_take(&pc.vm, 0x51), 1);
	/* Level: it goes on until the last one is low. */
	assert_true(fake_source(&pc, 5, 10, true));
	fake_source(&pc, 5, 40, true);
	fake_source(&pc, 5, 10, false);
	assert_int_equal(fake_take(&pc.vm, 0x52), 1);
	fake_pc_serve(&pc, 0, 0x52);
	fake_source(&pc, 5, 40, false);
	fake_pc_eoi(&pc, 0);
	nothing(&pc);
}

/* IOAPIC-16 */
static void ioapic_16_level_becomes_edge_in_service(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 4, true);
	fake_pc_serve(&pc, 0, 0x51);
	fake_program(&pc, 4, 0x51);
	assert_true(fake_entry(&pc, 4) == 0x51);
	nothing(&pc);
	/* Its EOI is for no pin. */
	fake_pc_eoi(&pc, 0);
	fake_heard_nothing(&pc);
	nothing(&pc);
	/* Level again, and it is still asserted. */
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	assert_true(fake_remote_irr(&pc, 4));
	fake_pc_serve(&pc, 0, 0x51);
	fake_line(&pc, 4, false);
	fake_pc_eoi(&pc, 0);
	assert_false(fake_remote_irr(&pc, 4));
}

/* IOAPIC-16: how kernels end a level interrupt without an EOI register. */
static void ioapic_16_edge_and_back_clears_remote_irr(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 4, true);
	fake_pc_serve(&pc, 0, 0x51);
	fake_line(&pc, 4, false);
	fake_program(&pc, 4, MASKED | 0x51);
	assert_false(fake_remote_irr(&pc, 4));
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	nothing(&pc);
	assert_true(fake_line(&pc, 4, true));
	assert_true(fake_remote_irr(&pc, 4));
}

/* IOAPIC-16 */
static void ioapic_16_edge_becomes_level_in_service(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 4, 0x51);
	fake_line(&pc, 4, true);
	fake_pc_serve(&pc, 0, 0x51);
	assert_false(fake_bit(&pc.vm.cpu[0], VIC_APIC_TMR, 0x51));
	/* The line is high, so a level interrupt begins. */
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	assert_true(fake_remote_irr(&pc, 4));
	fake_harvest(&pc.vm.cpu[0]);
	fake_pc_eoi(&pc, 0);
	fake_pc_serve(&pc, 0, 0x51);
	assert_true(fake_bit(&pc.vm.cpu[0], VIC_APIC_TMR, 0x51));
	fake_line(&pc, 4, false);
	fake_pc_eoi(&pc, 0);
	assert_false(fake_remote_irr(&pc, 4));
	nothing(&pc);
}

/* IOAPIC-16: of a mode that is never level. */
static void ioapic_16_another_delivery_mode_in_service(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 4, true);
	fake_pc_serve(&pc, 0, 0x51);
	fake_program(&pc, 4,
		     FAKE_RTE_MODE(VIC_MODE_NMI) | FAKE_RTE_LEVEL(0x51));
	assert_false(fake_remote_irr(&pc, 4));
	nothing(&pc);
	fake_pc_eoi(&pc, 0);
	fake_heard_nothing(&pc);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	fake_pc_serve(&pc, 0, 0x51);
}

/* IOAPIC-17 */
static void ioapic_17_the_destination_changes_in_service(void **state)
{
	const uint32_t high = VIC_IOAPIC_REDTBL + 9;
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 4, true);
	/* What is on its way arrives where it went. */
	fake_ioapic_put(&pc, high, 0x01000000);
	assert_true(fake_remote_irr(&pc, 4));
	assert_int_equal(fake_pc_next(&pc, 1), 0);
	fake_pc_serve(&pc, 0, 0x51);
	/* Its EOI counts, and the next one goes to the new place. */
	fake_pc_eoi(&pc, 0);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 4);
	assert_int_equal(fake_pc_next(&pc, 0), 0);
	fake_pc_serve(&pc, 1, 0x51);
	assert_true(fake_remote_irr(&pc, 4));
	fake_line(&pc, 4, false);
	fake_pc_eoi(&pc, 1);
	assert_false(fake_remote_irr(&pc, 4));
	nothing(&pc);
}

/* IOAPIC-17 */
static void ioapic_17_the_vector_changes_in_service(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 4, true);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x61));
	fake_pc_serve(&pc, 0, 0x51);
	/* No entry has that vector. */
	fake_pc_eoi(&pc, 0);
	fake_heard_nothing(&pc);
	assert_true(fake_remote_irr(&pc, 4));
	nothing(&pc);
	/* One of the present vector counts, wherever it is from. */
	vic_vcpu_post(pc.vm.cpu[1].vcpu, &pc.vm.device, 0x61, true);
	fake_pc_serve(&pc, 1, 0x61);
	fake_pc_eoi(&pc, 1);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 4);
	fake_pc_serve(&pc, 0, 0x61);
	fake_line(&pc, 4, false);
	fake_pc_eoi(&pc, 0);
	assert_false(fake_remote_irr(&pc, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_PC_TEST(ioapic_09_edge),
		FAKE_PC_TEST(ioapic_10_a_masked_edge_is_lost),
		FAKE_PC_TEST(ioapic_11_level),
		FAKE_PC_TEST(ioapic_12_remote_irr_is_read_only),
		FAKE_PC_TEST(ioapic_12_writes_of_a_pending_entry),
		FAKE_PC_TEST(ioapic_13_masked_after_it_was_accepted),
		FAKE_PC_TEST(ioapic_14_polarity_as_a_bit),
		FAKE_PC_TEST(ioapic_14_voltages_level),
		FAKE_PC_TEST(ioapic_14_voltages_edge),
		FAKE_PC_TEST(ioapic_15_sources),
		FAKE_PC_TEST(ioapic_15_a_line_is_their_or),
		FAKE_PC_TEST(ioapic_16_level_becomes_edge_in_service),
		FAKE_PC_TEST(ioapic_16_edge_and_back_clears_remote_irr),
		FAKE_PC_TEST(ioapic_16_edge_becomes_level_in_service),
		FAKE_PC_TEST(ioapic_16_another_delivery_mode_in_service),
		FAKE_PC_TEST(ioapic_17_the_destination_changes_in_service),
		FAKE_PC_TEST(ioapic_17_the_vector_changes_in_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
