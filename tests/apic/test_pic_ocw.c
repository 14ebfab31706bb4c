/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Priorities of a pair of 8259A, and what ends an interrupt: 8259A data sheet
 * (231468), "Operation of the 8259A".
 */

#include "fake_pc.h"

/* OCW2. */
#define ROTATE 0xa0u
#define ROTATE_OF(level) (0xe0u | (level))
#define SET_PRIORITY(level) (0xc0u | (level))
#define ROTATE_IN_AEOI 0x80u
#define NO_ROTATE_IN_AEOI 0x00u
/* OCW3. */
#define SET_SPECIAL_MASK 0x68u
#define RESET_SPECIAL_MASK 0x48u

static void make_with(struct fake_pc *pc, uint8_t icw4)
{
	struct fake_pc_spec spec = {0};

	fake_reset(NULL);
	fake_pc_make(pc, &spec);
	fake_pic_setup(pc);
	fake_pic_init(pc, VIC_PIC_MASTER, VIC_PIC_ICW1_IC4,
		      FAKE_PIC_MASTER_BASE, VIC_PIC_ICW4_UPM | icw4);
}

static void make(struct fake_pc *pc)
{
	make_with(pc, 0);
}

/* The slave's input @p input goes to service; the master is done with it. */
static void serve_slave(struct fake_pc *pc, uint32_t input)
{
	fake_irq(pc, 8 + input, true);
	assert_int_equal(fake_inta(pc), FAKE_PIC_SLAVE_BASE + input);
	fake_out(pc, VIC_PIC_MASTER, FAKE_EOI_OF(VIC_PIC_CASCADE));
	fake_irq(pc, 8 + input, false);
}

/* The same for one of the master. */
static void serve(struct fake_pc *pc, uint32_t input)
{
	fake_irq(pc, input, true);
	assert_int_equal(fake_inta(pc), FAKE_PIC_MASTER_BASE + input);
	fake_irq(pc, input, false);
}

/* PIC-09 */
static void pic_09_poll(void **state)
{
	struct fake_pc pc;
	int a0;

	(void)state;
	for (a0 = 0; a0 < 2; a0++) {
		make(&pc);
		fake_out(&pc, VIC_PIC_MASTER_A0, 0x80);
		fake_irq(&pc, 5, true);
		fake_irq(&pc, 3, true);
		fake_out(&pc, VIC_PIC_MASTER, FAKE_POLL);
		assert_int_equal(fake_in(&pc, VIC_PIC_MASTER + (uint32_t)a0),
				 0x83);
		assert_int_equal(fake_chip(&pc, 0).isr, 0x08);
		assert_int_equal(fake_chip(&pc, 0).irr, 0x20);
		assert_false(vic_pic_output(pc.pic));
		/* One read alone. */
		assert_int_equal(fake_in(&pc, VIC_PIC_MASTER), 0x20);
		assert_int_equal(fake_in(&pc, VIC_PIC_MASTER_A0), 0x80);
		/* What is in service holds the other one back. */
		fake_out(&pc, VIC_PIC_MASTER, FAKE_POLL);
		assert_int_equal(fake_in(&pc, VIC_PIC_MASTER + (uint32_t)a0),
				 0x07);
		assert_int_equal(fake_chip(&pc, 0).isr, 0x08);
		fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
		fake_out(&pc, VIC_PIC_MASTER, FAKE_POLL);
		assert_int_equal(fake_in(&pc, VIC_PIC_MASTER + (uint32_t)a0),
				 0x85);
		assert_int_equal(fake_chip(&pc, 0).isr, 0x20);
	}
}

/* PIC-09: each chip for itself. */
static void pic_09_poll_of_a_pair(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc);
	fake_irq(&pc, 12, true);
	fake_irq(&pc, 14, true);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_POLL);
	assert_int_equal(fake_in(&pc, VIC_PIC_MASTER), 0x82);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x04);
	assert_int_equal(fake_pic_isr(&pc, 1), 0);
	assert_int_equal(fake_pic_irr(&pc, 1), 0x50);
	assert_true(fake_chip(&pc, 1).output);
	fake_out(&pc, VIC_PIC_SLAVE, FAKE_POLL);
	assert_int_equal(fake_in(&pc, VIC_PIC_SLAVE), 0x84);
	assert_int_equal(fake_pic_isr(&pc, 1), 0x10);
	assert_int_equal(fake_pic_irr(&pc, 1), 0x40);
	fake_out(&pc, VIC_PIC_SLAVE, FAKE_EOI);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	/* The slave's next one is a new edge. */
	assert_int_equal(fake_inta(&pc), 0x76);
	/* Polled behind the master's back it takes its request back. */
	make(&pc);
	fake_irq(&pc, 12, true);
	fake_out(&pc, VIC_PIC_SLAVE, FAKE_POLL);
	assert_int_equal(fake_in(&pc, VIC_PIC_SLAVE_A0), 0x84);
	assert_int_equal(fake_pic_irr(&pc, 0), 0);
	assert_false(vic_pic_output(pc.pic));
}

/* PIC-09: with RR in the same word, and no request. */
static void pic_09_poll_and_read(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc);
	fake_irq(&pc, 4, true);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_POLL | FAKE_READ_ISR);
	assert_int_equal(fake_in(&pc, VIC_PIC_MASTER), 0x84);
	assert_int_equal(fake_in(&pc, VIC_PIC_MASTER), 0x10);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_POLL | FAKE_READ_IRR);
	assert_int_equal(fake_in(&pc, VIC_PIC_MASTER), 0x07);
	assert_int_equal(fake_in(&pc, VIC_PIC_MASTER), 0);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x10);
	fake_out(&pc, VIC_PIC_SLAVE, FAKE_POLL);
	assert_int_equal(fake_in(&pc, VIC_PIC_SLAVE), 0x07);
	assert_int_equal(fake_pic_isr(&pc, 1), 0);
}

/* PIC-13: all pairs in all rotations, on the slave, which has 8 lines. */
static void pic_13_priorities(void **state)
{
	struct fake_pc pc;
	uint32_t lowest, busy, asks;

	(void)state;
	make(&pc);
	for (lowest = 0; lowest < 8; lowest++)
		for (busy = 0; busy < 8; busy++)
			for (asks = 0; asks < 8; asks++) {
				bool higher = (asks - lowest - 1) % 8 <
					      (busy - lowest - 1) % 8;

				fake_pic_setup(&pc);
				fake_out(&pc, VIC_PIC_SLAVE,
					 (uint8_t)SET_PRIORITY(lowest));
				assert_int_equal(fake_chip(&pc, 1).lowest,
						 lowest);
				serve_slave(&pc, busy);
				fake_irq(&pc, 8 + asks, true);
				assert_int_equal(fake_pic_irr(&pc, 1),
						 1u << asks);
				assert_int_equal(fake_chip(&pc, 1).output,
						 higher);
				assert_int_equal(vic_pic_output(pc.pic),
						 higher);
				if (higher)
					assert_int_equal(fake_inta(&pc),
							 FAKE_PIC_SLAVE_BASE +
								 asks);
				fake_irq(&pc, 8 + asks, false);
			}
}

/* PIC-13: of all that ask, the highest goes first, in every rotation. */
static void pic_13_order_of_service(void **state)
{
	struct fake_pc pc;
	uint32_t lowest, n;

	(void)state;
	for (lowest = 0; lowest < 8; lowest++) {
		make(&pc);
		fake_out(&pc, VIC_PIC_SLAVE, (uint8_t)SET_PRIORITY(lowest));
		for (n = 8; n < 16; n++)
			fake_irq(&pc, n, true);
		for (n = 1; n <= 8; n++) {
			uint32_t input = (lowest + n) % 8;

			assert_int_equal(fake_inta(&pc),
					 FAKE_PIC_SLAVE_BASE + input);
			assert_int_equal(fake_pic_isr(&pc, 1), 1u << input);
			fake_out(&pc, VIC_PIC_SLAVE, FAKE_EOI);
			fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
		}
		assert_false(vic_pic_output(pc.pic));
	}
}

/* PIC-14 */
static void pic_14_nested(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc);
	serve(&pc, 6);
	serve(&pc, 4);
	serve(&pc, 1);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x52);
	fake_irq(&pc, 3, true);
	fake_irq(&pc, 5, true);
	assert_false(vic_pic_output(pc.pic));
	/* The highest in service ends first. */
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x50);
	assert_true(vic_pic_output(pc.pic));
	assert_int_equal(fake_inta(&pc), 0x33);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x50);
	assert_false(vic_pic_output(pc.pic));
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x40);
	assert_int_equal(fake_inta(&pc), 0x35);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_pic_isr(&pc, 0), 0);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_pic_isr(&pc, 0), 0);
	assert_int_equal(fake_chip(&pc, 0).lowest, 7);
	/* 5, 6 and 7 are above 1 now. */
	fake_out(&pc, VIC_PIC_MASTER, (uint8_t)SET_PRIORITY(4));
	fake_out(&pc, VIC_PIC_MASTER_A0, 0x28);
	serve(&pc, 1);
	serve(&pc, 6);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x02);
}

/* PIC-15: any, of any order; one that is not in service is none. */
static void pic_15_specific_eoi(void **state)
{
	struct fake_pc pc;
	uint32_t input;

	(void)state;
	make(&pc);
	serve(&pc, 6);
	serve(&pc, 4);
	serve(&pc, 1);
	for (input = 0; input < 8; input++)
		if (!(0x52u >> input & 1))
			fake_out(&pc, VIC_PIC_MASTER,
				 (uint8_t)FAKE_EOI_OF(input));
	assert_int_equal(fake_pic_isr(&pc, 0), 0x52);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI_OF(6));
	assert_int_equal(fake_pic_isr(&pc, 0), 0x12);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI_OF(1));
	assert_int_equal(fake_pic_isr(&pc, 0), 0x10);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI_OF(4));
	assert_int_equal(fake_pic_isr(&pc, 0), 0);
	assert_int_equal(fake_chip(&pc, 0).lowest, 7);
	/* The slave's are its own. */
	fake_irq(&pc, 12, true);
	fake_inta(&pc);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_pic_isr(&pc, 1), 0x10);
	fake_out(&pc, VIC_PIC_SLAVE, FAKE_EOI_OF(4));
	assert_int_equal(fake_pic_isr(&pc, 1), 0);
}

/* PIC-16 */
static void pic_16_rotate_on_eoi(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc);
	serve(&pc, 6);
	serve(&pc, 4);
	fake_out(&pc, VIC_PIC_MASTER, ROTATE);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x40);
	assert_int_equal(fake_chip(&pc, 0).lowest, 4);
	/* 5 is the highest now, and 6 the second. */
	fake_irq(&pc, 7, true);
	assert_false(vic_pic_output(pc.pic));
	fake_irq(&pc, 5, true);
	assert_int_equal(fake_inta(&pc), 0x35);
	/* Specific, of the lower one of two. */
	fake_out(&pc, VIC_PIC_MASTER, (uint8_t)ROTATE_OF(6));
	assert_int_equal(fake_pic_isr(&pc, 0), 0x20);
	assert_int_equal(fake_chip(&pc, 0).lowest, 6);
	fake_out(&pc, VIC_PIC_MASTER, ROTATE);
	assert_int_equal(fake_pic_isr(&pc, 0), 0);
	assert_int_equal(fake_chip(&pc, 0).lowest, 5);
	/* Nothing in service: nothing rotates. */
	fake_out(&pc, VIC_PIC_MASTER, ROTATE);
	assert_int_equal(fake_chip(&pc, 0).lowest, 5);
	/* The slave's priorities are its own. */
	assert_int_equal(fake_chip(&pc, 1).lowest, 7);
}

/* PIC-17 */
static void pic_17_set_priority(void **state)
{
	struct fake_pc pc;
	uint32_t level;

	(void)state;
	make(&pc);
	serve(&pc, 4);
	for (level = 0; level < 8; level++) {
		fake_out(&pc, VIC_PIC_MASTER, (uint8_t)SET_PRIORITY(level));
		assert_int_equal(fake_chip(&pc, 0).lowest, level);
		assert_int_equal(fake_pic_isr(&pc, 0), 0x10);
	}
	/* 010 is no operation. */
	for (level = 0; level < 8; level++)
		fake_out(&pc, VIC_PIC_MASTER, (uint8_t)(0x40 | level));
	assert_int_equal(fake_chip(&pc, 0).lowest, 7);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x10);
	/* What waited behind one of them may come now. */
	fake_irq(&pc, 5, true);
	assert_false(vic_pic_output(pc.pic));
	fake_out(&pc, VIC_PIC_MASTER, (uint8_t)SET_PRIORITY(4));
	assert_true(vic_pic_output(pc.pic));
	assert_int_equal(fake_inta(&pc), 0x35);
}

/* PIC-18 */
static void pic_18_automatic_eoi(void **state)
{
	struct fake_pc pc;

	(void)state;
	make_with(&pc, VIC_PIC_ICW4_AEOI);
	fake_irq(&pc, 4, true);
	fake_irq(&pc, 6, true);
	assert_int_equal(fake_inta(&pc), 0x34);
	assert_int_equal(fake_pic_isr(&pc, 0), 0);
	/* The next one at once; an edge does not come twice. */
	assert_true(vic_pic_output(pc.pic));
	assert_int_equal(fake_inta(&pc), 0x36);
	assert_false(vic_pic_output(pc.pic));
	assert_int_equal(fake_chip(&pc, 0).lowest, 7);
	/* A level does. */
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0x20);
	fake_irq(&pc, 5, true);
	assert_int_equal(fake_inta(&pc), 0x35);
	assert_int_equal(fake_inta(&pc), 0x35);
	fake_irq(&pc, 5, false);
	assert_false(vic_pic_output(pc.pic));
	/* The master's alone: the slave's EOI is the guest's. */
	fake_irq(&pc, 12, true);
	assert_int_equal(fake_inta(&pc), 0x74);
	assert_int_equal(fake_pic_isr(&pc, 0), 0);
	assert_int_equal(fake_pic_isr(&pc, 1), 0x10);
	/* A poll has it, too. */
	fake_irq(&pc, 3, true);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_POLL);
	assert_int_equal(fake_in(&pc, VIC_PIC_MASTER), 0x83);
	assert_int_equal(fake_pic_isr(&pc, 0), 0);
}

/* PIC-18 */
static void pic_18_rotate_in_automatic_eoi(void **state)
{
	struct fake_pc pc;

	(void)state;
	make_with(&pc, VIC_PIC_ICW4_AEOI);
	fake_out(&pc, VIC_PIC_MASTER, ROTATE_IN_AEOI);
	assert_int_equal(fake_chip(&pc, 0).lowest, 7);
	fake_irq(&pc, 4, true);
	fake_irq(&pc, 6, true);
	assert_int_equal(fake_inta(&pc), 0x34);
	assert_int_equal(fake_chip(&pc, 0).lowest, 4);
	fake_irq(&pc, 0, true);
	fake_irq(&pc, 3, true);
	assert_int_equal(fake_inta(&pc), 0x36);
	assert_int_equal(fake_chip(&pc, 0).lowest, 6);
	assert_int_equal(fake_inta(&pc), 0x30);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_POLL);
	assert_int_equal(fake_in(&pc, VIC_PIC_MASTER), 0x83);
	assert_int_equal(fake_chip(&pc, 0).lowest, 3);
	/* A spurious one rotates nothing. */
	assert_int_equal(fake_inta(&pc), 0x37);
	assert_int_equal(fake_chip(&pc, 0).lowest, 3);
	fake_out(&pc, VIC_PIC_MASTER, NO_ROTATE_IN_AEOI);
	fake_irq(&pc, 5, true);
	assert_int_equal(fake_inta(&pc), 0x35);
	assert_int_equal(fake_chip(&pc, 0).lowest, 3);
}

/* PIC-18: without AEOI the word has no effect. */
static void pic_18_rotation_needs_automatic_eoi(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc);
	fake_out(&pc, VIC_PIC_MASTER, ROTATE_IN_AEOI);
	serve(&pc, 4);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_chip(&pc, 0).lowest, 7);
	assert_int_equal(fake_pic_isr(&pc, 0), 0);
}

/* PIC-19 */
static void pic_19_special_fully_nested(void **state)
{
	struct fake_pc pc;
	int sfnm;

	(void)state;
	for (sfnm = 0; sfnm < 2; sfnm++) {
		make_with(&pc, sfnm ? VIC_PIC_ICW4_SFNM : 0);
		fake_irq(&pc, 12, true);
		assert_int_equal(fake_inta(&pc), 0x74);
		/* Lower ones of the slave, and of the master, wait. */
		fake_irq(&pc, 13, true);
		fake_irq(&pc, 3, true);
		assert_false(vic_pic_output(pc.pic));
		fake_irq(&pc, 9, true);
		assert_true(fake_chip(&pc, 1).output);
		assert_int_equal(vic_pic_output(pc.pic), sfnm);
		if (sfnm) {
			assert_int_equal(fake_inta(&pc), 0x71);
			assert_int_equal(fake_pic_isr(&pc, 1), 0x12);
			assert_int_equal(fake_pic_isr(&pc, 0), 0x04);
			/* As the data sheet has it: then ask for ISR. */
			fake_out(&pc, VIC_PIC_SLAVE, FAKE_EOI);
			assert_int_equal(fake_pic_isr(&pc, 1), 0x10);
		}
		/* The master's own higher ones pass in both modes. */
		fake_irq(&pc, 1, true);
		assert_int_equal(fake_inta(&pc), 0x31);
		/* And hold the slave back. */
		fake_irq(&pc, 8, true);
		assert_false(vic_pic_output(pc.pic));
		fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
		assert_int_equal(vic_pic_output(pc.pic), sfnm);
	}
}

/* PIC-20 */
static void pic_20_special_mask(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc);
	serve(&pc, 3);
	fake_irq(&pc, 5, true);
	fake_out(&pc, VIC_PIC_MASTER, SET_SPECIAL_MASK);
	/* In service and not masked: as ever. */
	assert_false(vic_pic_output(pc.pic));
	fake_out(&pc, VIC_PIC_MASTER_A0, 0x08);
	assert_true(vic_pic_output(pc.pic));
	/* Without ESMM SMM says nothing. */
	fake_out(&pc, VIC_PIC_MASTER, 0x08);
	assert_true(vic_pic_output(pc.pic));
	fake_out(&pc, VIC_PIC_MASTER, RESET_SPECIAL_MASK);
	assert_false(vic_pic_output(pc.pic));
	fake_out(&pc, VIC_PIC_MASTER, 0x28);
	assert_false(vic_pic_output(pc.pic));
	fake_out(&pc, VIC_PIC_MASTER, SET_SPECIAL_MASK);
	assert_int_equal(fake_inta(&pc), 0x35);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x28);
	/* What is masked does not ask, and 5 holds 6 back. */
	fake_irq(&pc, 3, true);
	fake_irq(&pc, 6, true);
	assert_false(vic_pic_output(pc.pic));
	fake_irq(&pc, 4, true);
	assert_int_equal(fake_inta(&pc), 0x34);
	/* The non-specific EOI does not see what is masked. */
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x28);
	fake_out(&pc, VIC_PIC_MASTER, ROTATE);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x08);
	assert_int_equal(fake_chip(&pc, 0).lowest, 5);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x08);
	fake_out(&pc, VIC_PIC_MASTER, ROTATE);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x08);
	assert_int_equal(fake_chip(&pc, 0).lowest, 5);
	/* The specific one does. */
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI_OF(3));
	assert_int_equal(fake_pic_isr(&pc, 0), 0);
}

/* PIC-20: the slave behind the master's IR2, masked in service. */
static void pic_20_special_mask_of_a_pair(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc);
	fake_irq(&pc, 12, true);
	fake_inta(&pc);
	fake_out(&pc, VIC_PIC_SLAVE, SET_SPECIAL_MASK);
	fake_out(&pc, VIC_PIC_SLAVE_A0, 0x10);
	fake_irq(&pc, 14, true);
	assert_true(fake_chip(&pc, 1).output);
	assert_false(vic_pic_output(pc.pic));
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_inta(&pc), 0x76);
	assert_int_equal(fake_pic_isr(&pc, 1), 0x50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_PC_TEST(pic_09_poll),
		FAKE_PC_TEST(pic_09_poll_of_a_pair),
		FAKE_PC_TEST(pic_09_poll_and_read),
		FAKE_PC_TEST(pic_13_priorities),
		FAKE_PC_TEST(pic_13_order_of_service),
		FAKE_PC_TEST(pic_14_nested),
		FAKE_PC_TEST(pic_15_specific_eoi),
		FAKE_PC_TEST(pic_16_rotate_on_eoi),
		FAKE_PC_TEST(pic_17_set_priority),
		FAKE_PC_TEST(pic_18_automatic_eoi),
		FAKE_PC_TEST(pic_18_rotate_in_automatic_eoi),
		FAKE_PC_TEST(pic_18_rotation_needs_automatic_eoi),
		FAKE_PC_TEST(pic_19_special_fully_nested),
		FAKE_PC_TEST(pic_20_special_mask),
		FAKE_PC_TEST(pic_20_special_mask_of_a_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
