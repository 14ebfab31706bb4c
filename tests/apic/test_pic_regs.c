/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The words that a guest writes to a pair of 8259A and reads back: 8259A data
 * sheet (231468), "Programming the 8259A"; ELCR from ICH data sheets.
 */

#include "fake_pc.h"

/* The two chips' command ports. */
static const uint32_t ports[] = {VIC_PIC_MASTER, VIC_PIC_SLAVE};

/* The IRQ of an input. */
#define IRQ(chip, input) (8u * (uint32_t)(chip) + (input))

static void make(struct fake_pc *pc)
{
	struct fake_pc_spec spec = {0};

	fake_reset(NULL);
	fake_pc_make(pc, &spec);
}

static void make_ready(struct fake_pc *pc)
{
	make(pc);
	fake_pic_setup(pc);
}

static uint8_t irr(struct fake_pc *pc, int chip)
{
	fake_out(pc, ports[chip], FAKE_READ_IRR);
	assert_int_equal(fake_in(pc, ports[chip]),
			 fake_chip(pc, (uint32_t)chip).irr);
	return fake_in(pc, ports[chip]);
}

static uint8_t isr(struct fake_pc *pc, int chip)
{
	fake_out(pc, ports[chip], FAKE_READ_ISR);
	assert_int_equal(fake_in(pc, ports[chip]),
			 fake_chip(pc, (uint32_t)chip).isr);
	return fake_in(pc, ports[chip]);
}

static uint8_t imr(struct fake_pc *pc, int chip)
{
	assert_int_equal(fake_in(pc, ports[chip] + 1),
			 fake_chip(pc, (uint32_t)chip).imr);
	return fake_in(pc, ports[chip] + 1);
}

/* PIC-01 */
static void pic_01_before_the_first_icw1(void **state)
{
	struct vic_pic_chip chip;
	struct fake_pc pc;
	int n;

	(void)state;
	make(&pc);
	for (n = 0; n < 2; n++) {
		assert_int_equal(fake_in(&pc, ports[n]), 0);
		assert_int_equal(fake_in(&pc, ports[n] + 1), 0);
		assert_int_equal(irr(&pc, n), 0);
		assert_int_equal(isr(&pc, n), 0);
		chip = fake_chip(&pc, (uint32_t)n);
		assert_int_equal(chip.elcr, 0);
		assert_false(chip.output);
		/* It asks for nothing. */
		assert_false(fake_irq(&pc, IRQ(n, 3), true));
		assert_false(fake_chip(&pc, (uint32_t)n).output);
		assert_false(vic_pic_output(pc.pic));
		fake_irq(&pc, IRQ(n, 3), false);
		/* OCW1 is taken. */
		fake_out(&pc, ports[n] + 1, 0xa5);
		assert_int_equal(imr(&pc, n), 0xa5);
	}
	/* The slave alone is not enough, nor is the master. */
	make(&pc);
	fake_pic_init(&pc, VIC_PIC_SLAVE, VIC_PIC_ICW1_IC4, 0x70, 1);
	fake_irq(&pc, 9, true);
	assert_true(fake_chip(&pc, 1).output);
	assert_false(vic_pic_output(pc.pic));
	make(&pc);
	fake_pic_init(&pc, VIC_PIC_MASTER, VIC_PIC_ICW1_IC4, 0x30, 1);
	assert_false(fake_irq(&pc, 9, true));
	assert_true(fake_irq(&pc, 3, true));
}

/* PIC-02: ICW1's bits say how many words follow at A0 = 1. */
static void pic_02_sequences(void **state)
{
	struct fake_pc pc;
	uint32_t icw1;
	int n, words, i;

	(void)state;
	for (n = 0; n < 2; n++)
		for (icw1 = 0; icw1 < 16; icw1++) {
			make(&pc);
			fake_pic_setup(&pc);
			fake_out(&pc, ports[n] + 1, 0xff);
			fake_out(&pc, ports[n], (uint8_t)(0x10 | icw1));
			assert_int_equal(imr(&pc, n), 0);
			fake_irq(&pc, IRQ(n, 3), true);
			words = 1 + !(icw1 & VIC_PIC_ICW1_SNGL) +
				!!(icw1 & VIC_PIC_ICW1_IC4);
			for (i = 0; i < words; i++) {
				/* INT is low until the last one. */
				assert_false(
					fake_chip(&pc, (uint32_t)n).output);
				/* ICW4 is the last one: 8086, no AEOI. */
				fake_out(&pc, ports[n] + 1,
					 i == 0 ? 0x58 : VIC_PIC_ICW4_UPM);
				assert_int_equal(imr(&pc, n), 0);
			}
			assert_true(fake_chip(&pc, (uint32_t)n).output);
			assert_true(vic_pic_output(pc.pic));
			assert_int_equal(fake_inta(&pc), 0x5b);
			/* The next one is OCW1. */
			fake_out(&pc, ports[n] + 1, 0xc3);
			assert_int_equal(imr(&pc, n), 0xc3);
			assert_int_equal(fake_chip(&pc, (uint32_t)n).base,
					 0x58);
		}
}

/* PIC-02: each of them may be cut short by another ICW1. */
static void pic_02_an_icw1_in_between(void **state)
{
	struct fake_pc pc;
	int n, cut;

	(void)state;
	for (n = 0; n < 2; n++)
		for (cut = 0; cut < 3; cut++) {
			make_ready(&pc);
			fake_out(&pc, ports[n], 0x11);
			if (cut > 0)
				fake_out(&pc, ports[n] + 1, 0x80);
			if (cut > 1)
				fake_out(&pc, ports[n] + 1, 0xff);
			fake_pic_init(&pc, ports[n], VIC_PIC_ICW1_IC4, 0x58, 1);
			fake_irq(&pc, IRQ(n, 6), true);
			assert_int_equal(fake_inta(&pc), 0x5e);
			assert_int_equal(isr(&pc, n), 0x40);
		}
}

/* Leave in a chip all that ICW1 takes away. */
static void upset(struct fake_pc *pc, int n)
{
	uint32_t port = ports[n];

	/* AEOI and the rotation that goes with it, then without AEOI. */
	fake_out(pc, port, 0x80);
	/* Priorities. */
	fake_out(pc, port, 0xc4);
	/* In service 5, pending 6 (edge) and 7 (level), special mask. */
	fake_out(pc, n ? VIC_PIC_ELCR_SLAVE : VIC_PIC_ELCR_MASTER, 0x80);
	fake_irq(pc, IRQ(n, 5), true);
	fake_inta(pc);
	fake_irq(pc, IRQ(n, 5), false);
	fake_irq(pc, IRQ(n, 6), true);
	fake_irq(pc, IRQ(n, 7), true);
	fake_out(pc, port, 0x68);
	fake_out(pc, port + 1, 0x21);
	assert_int_equal(irr(pc, n), 0xc0);
	assert_int_equal(isr(pc, n), 0x20);
	assert_int_equal(fake_chip(pc, (uint32_t)n).lowest, 4);
}

/* PIC-03 */
static void pic_03_what_icw1_clears(void **state)
{
	struct vic_pic_chip chip;
	struct fake_pc pc;
	int n;

	(void)state;
	for (n = 0; n < 2; n++) {
		uint32_t elcr = n ? VIC_PIC_ELCR_SLAVE : VIC_PIC_ELCR_MASTER;

		make_ready(&pc);
		upset(&pc, n);
		/* Reads were of ISR; a poll is due. */
		fake_out(&pc, ports[n], FAKE_POLL);
		fake_out(&pc, ports[n], 0x11);
		chip = fake_chip(&pc, (uint32_t)n);
		assert_int_equal(chip.imr, 0);
		assert_int_equal(chip.isr, 0);
		assert_int_equal(chip.lowest, 7);
		/* The edge has to come again; a level is there. */
		assert_int_equal(chip.irr, 0x80);
		assert_int_equal(fake_in(&pc, ports[n]), 0x80);
		assert_int_equal(fake_in(&pc, elcr), 0x80);
		/* The other chip is as it was. */
		assert_int_equal(fake_chip(&pc, !n).base,
				 n ? FAKE_PIC_MASTER_BASE
				   : FAKE_PIC_SLAVE_BASE);
		fake_pic_init(&pc, ports[n], VIC_PIC_ICW1_IC4, 0x58, 1);
		fake_irq(&pc, IRQ(n, 7), false);
		fake_irq(&pc, IRQ(n, 6), false);
		assert_int_equal(irr(&pc, n), 0);
		/* The special mask is gone: 5 in service holds 6 back. */
		fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI_OF(VIC_PIC_CASCADE));
		fake_irq(&pc, IRQ(n, 5), true);
		assert_int_equal(fake_inta(&pc), 0x5d);
		fake_out(&pc, ports[n] + 1, 0x20);
		fake_irq(&pc, IRQ(n, 6), true);
		assert_false(fake_chip(&pc, (uint32_t)n).output);
	}
}

/* PIC-03: without IC4 the modes of ICW4 are off; rotation in AEOI, ever. */
static void pic_03_modes_of_icw4(void **state)
{
	struct fake_pc pc;

	(void)state;
	make_ready(&pc);
	fake_pic_init(&pc, VIC_PIC_MASTER, VIC_PIC_ICW1_IC4, 0x30,
		      VIC_PIC_ICW4_UPM | VIC_PIC_ICW4_AEOI | VIC_PIC_ICW4_SFNM);
	fake_out(&pc, VIC_PIC_MASTER, 0x80);
	fake_irq(&pc, 3, true);
	fake_inta(&pc);
	assert_int_equal(isr(&pc, 0), 0);
	assert_int_equal(fake_chip(&pc, 0).lowest, 3);
	fake_pic_init(&pc, VIC_PIC_MASTER, VIC_PIC_ICW1_IC4, 0x30,
		      VIC_PIC_ICW4_UPM | VIC_PIC_ICW4_AEOI);
	fake_irq(&pc, 5, true);
	assert_int_equal(fake_inta(&pc), 0x35);
	assert_int_equal(fake_chip(&pc, 0).lowest, 7);
	/* No ICW4. */
	fake_pic_init(&pc, VIC_PIC_MASTER, VIC_PIC_ICW1_IC4, 0x30,
		      VIC_PIC_ICW4_UPM | VIC_PIC_ICW4_AEOI | VIC_PIC_ICW4_SFNM);
	fake_pic_init(&pc, VIC_PIC_MASTER, 0, 0x30, 0);
	fake_irq(&pc, 12, true);
	assert_int_equal(fake_inta(&pc), 0x74);
	assert_int_equal(isr(&pc, 0), 0x04);
	/* Not special fully nested either. */
	fake_irq(&pc, 8, true);
	assert_true(fake_chip(&pc, 1).output);
	assert_false(vic_pic_output(pc.pic));
}

/* PIC-04 */
static void pic_04_vectors(void **state)
{
	struct fake_pc pc;
	uint32_t icw2, irq;

	(void)state;
	make(&pc);
	for (icw2 = 0; icw2 < 256; icw2++) {
		uint8_t base = (uint8_t)(icw2 & VIC_PIC_ICW2_BASE);

		fake_pic_init(&pc, VIC_PIC_MASTER, VIC_PIC_ICW1_IC4,
			      (uint8_t)icw2, VIC_PIC_ICW4_UPM);
		fake_pic_init(&pc, VIC_PIC_SLAVE, VIC_PIC_ICW1_IC4,
			      (uint8_t)~icw2, VIC_PIC_ICW4_UPM);
		assert_int_equal(fake_chip(&pc, 0).base, base);
		assert_int_equal(fake_chip(&pc, 1).base, base ^ 0xf8);
		for (irq = 0; irq < 16; irq++) {
			uint32_t vector =
				irq < 8 ? base | irq
					: (uint32_t)(base ^ 0xf8) | (irq - 8);

			if (irq == VIC_PIC_CASCADE)
				continue;
			fake_irq(&pc, irq, true);
			assert_int_equal(fake_inta(&pc), vector);
			fake_irq(&pc, irq, false);
			fake_out(&pc, VIC_PIC_SLAVE, FAKE_EOI);
			fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
		}
	}
}

/* PIC-05: the wiring is fixed. */
static void pic_05_icw3_and_single(void **state)
{
	static const uint8_t icw3[] = {0, 0x04, 0x02, 0xff, 0xfb};
	struct fake_pc pc;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(icw3); i++) {
		make_ready(&pc);
		fake_out(&pc, VIC_PIC_MASTER, 0x11);
		fake_out(&pc, VIC_PIC_MASTER_A0, 0x40);
		fake_out(&pc, VIC_PIC_MASTER_A0, icw3[i]);
		fake_out(&pc, VIC_PIC_MASTER_A0, 0x01);
		fake_out(&pc, VIC_PIC_SLAVE, 0x11);
		fake_out(&pc, VIC_PIC_SLAVE_A0, 0x48);
		fake_out(&pc, VIC_PIC_SLAVE_A0, icw3[i]);
		fake_out(&pc, VIC_PIC_SLAVE_A0, 0x01);
		fake_irq(&pc, 12, true);
		assert_int_equal(fake_inta(&pc), 0x4c);
		fake_irq(&pc, 1, true);
		assert_int_equal(fake_inta(&pc), 0x41);
	}
	make(&pc);
	fake_pic_init(&pc, VIC_PIC_MASTER, VIC_PIC_ICW1_SNGL, 0x40, 0);
	fake_pic_init(&pc, VIC_PIC_SLAVE, VIC_PIC_ICW1_SNGL, 0x48, 0);
	fake_irq(&pc, 12, true);
	assert_int_equal(fake_inta(&pc), 0x4c);
}

/* PIC-06: buffered mode and the 8080's, which change no vector here. */
static void pic_06_buffered_and_8080(void **state)
{
	struct fake_pc pc;
	uint32_t bits;

	(void)state;
	for (bits = 0; bits < 8; bits++) {
		uint8_t icw4 = (uint8_t)((bits & 1) | (bits & 6) << 1);

		make(&pc);
		fake_pic_init(&pc, VIC_PIC_MASTER,
			      VIC_PIC_ICW1_IC4 | VIC_PIC_ICW1_ADI, 0x47, icw4);
		fake_pic_init(&pc, VIC_PIC_SLAVE, VIC_PIC_ICW1_IC4, 0x4f, icw4);
		fake_irq(&pc, 5, true);
		assert_int_equal(fake_inta(&pc), 0x45);
		assert_int_equal(isr(&pc, 0), 0x20);
		fake_irq(&pc, 13, true);
		assert_int_equal(fake_inta(&pc), 0x4d);
		assert_int_equal(isr(&pc, 1), 0x20);
	}
}

/* PIC-07 */
static void pic_07_masks(void **state)
{
	struct fake_pc pc;
	uint32_t value, input;
	int n;

	(void)state;
	make_ready(&pc);
	for (n = 0; n < 2; n++) {
		for (value = 0; value < 256; value++) {
			fake_out(&pc, ports[n] + 1, (uint8_t)value);
			assert_int_equal(imr(&pc, n), value);
		}
		for (input = 0; input < 8; input++) {
			if (IRQ(n, input) == VIC_PIC_CASCADE)
				continue;
			fake_out(&pc, ports[n] + 1, (uint8_t)(1u << input));
			/* The request is there, and waits. */
			assert_false(fake_irq(&pc, IRQ(n, input), true));
			assert_int_equal(irr(&pc, n), 1u << input);
			assert_false(fake_chip(&pc, (uint32_t)n).output);
			fake_out(&pc, ports[n] + 1, (uint8_t) ~(1u << input));
			assert_true(vic_pic_output(pc.pic));
			fake_out(&pc, ports[n] + 1, 0xff);
			assert_false(fake_chip(&pc, (uint32_t)n).output);
			fake_irq(&pc, IRQ(n, input), false);
			if (n)
				/* What the master has latched meanwhile. */
				fake_inta(&pc);
			fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
		}
		fake_out(&pc, ports[n] + 1, 0);
	}
	/* The master's mask of IR2 holds all of the slave back. */
	fake_out(&pc, VIC_PIC_MASTER_A0, 0x04);
	assert_false(fake_irq(&pc, 8, true));
	assert_true(fake_chip(&pc, 1).output);
	assert_int_equal(irr(&pc, 0), 0x04);
	fake_out(&pc, VIC_PIC_MASTER_A0, 0);
	assert_int_equal(fake_inta(&pc), 0x70);
}

/* PIC-08 */
static void pic_08_which_register_is_read(void **state)
{
	struct fake_pc pc;
	int n;

	(void)state;
	for (n = 0; n < 2; n++) {
		make_ready(&pc);
		fake_irq(&pc, IRQ(n, 4), true);
		fake_inta(&pc);
		fake_irq(&pc, IRQ(n, 6), true);
		/* IRR after ICW1. */
		assert_int_equal(fake_in(&pc, ports[n]), 0x40);
		fake_out(&pc, ports[n], FAKE_READ_ISR);
		assert_int_equal(fake_in(&pc, ports[n]), 0x10);
		assert_int_equal(fake_in(&pc, ports[n]), 0x10);
		/* RR = 0: RIS says nothing. */
		fake_out(&pc, ports[n], 0x08);
		assert_int_equal(fake_in(&pc, ports[n]), 0x10);
		fake_out(&pc, ports[n], FAKE_READ_IRR);
		assert_int_equal(fake_in(&pc, ports[n]), 0x40);
		fake_out(&pc, ports[n], 0x09);
		assert_int_equal(fake_in(&pc, ports[n]), 0x40);
		/* An EOI does not change it. */
		fake_out(&pc, ports[n], FAKE_EOI);
		assert_int_equal(fake_in(&pc, ports[n]), 0x40);
		assert_int_equal(imr(&pc, n), 0);
	}
}

/* PIC-10 */
static void pic_10_elcr(void **state)
{
	struct fake_pc pc;
	uint32_t bit;

	(void)state;
	make(&pc);
	for (bit = 0; bit < 8; bit++) {
		uint8_t value = (uint8_t)(1u << bit);

		fake_out(&pc, VIC_PIC_ELCR_MASTER, value);
		fake_out(&pc, VIC_PIC_ELCR_SLAVE, value);
		assert_int_equal(fake_in(&pc, VIC_PIC_ELCR_MASTER),
				 value & 0xf8);
		assert_int_equal(fake_in(&pc, VIC_PIC_ELCR_SLAVE),
				 value & 0xde);
	}
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0xff);
	fake_out(&pc, VIC_PIC_ELCR_SLAVE, 0xff);
	assert_int_equal(fake_in(&pc, VIC_PIC_ELCR_MASTER), 0xf8);
	assert_int_equal(fake_in(&pc, VIC_PIC_ELCR_SLAVE), 0xde);
	assert_int_equal(fake_chip(&pc, 0).elcr, 0xf8);
	assert_int_equal(fake_chip(&pc, 1).elcr, 0xde);
	fake_pic_setup(&pc);
	assert_int_equal(fake_in(&pc, VIC_PIC_ELCR_MASTER), 0xf8);
}

/* PIC-11 */
static void pic_11_ports(void **state)
{
	static const uint32_t ours[] = {0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1};
	unsigned char before[VIC_PIC_IMAGE_SIZE], after[VIC_PIC_IMAGE_SIZE];
	struct fake_pc pc;
	uint32_t port;
	uint8_t value;
	size_t i;

	(void)state;
	make_ready(&pc);
	vic_pic_save(pc.pic, before);
	for (port = 0; port < 0x10100; port++) {
		for (i = 0; i < FAKE_COUNT(ours); i++)
			if (port == ours[i])
				break;
		if (i < FAKE_COUNT(ours)) {
			fake_in(&pc, port);
			continue;
		}
		assert_int_equal(vic_pic_read(pc.pic, &pc.device, port, &value),
				 VIC_ACCESS_FOREIGN);
		assert_int_equal(vic_pic_write(pc.pic, &pc.device, port, 0x11),
				 VIC_ACCESS_FOREIGN);
	}
	vic_pic_save(pc.pic, after);
	assert_memory_equal(before, after, sizeof(before));
}

/* PIC-12 */
static void pic_12_reset(void **state)
{
	struct vic_pic_chip chip;
	struct fake_pc pc;
	uint32_t n;
	int upset_chip;

	(void)state;
	for (upset_chip = 0; upset_chip < 2; upset_chip++) {
		make_ready(&pc);
		upset(&pc, upset_chip);
		vic_pic_reset(pc.pic, &pc.device);
		assert_false(vic_pic_output(pc.pic));
		for (n = 0; n < 2; n++) {
			chip = fake_chip(&pc, n);
			assert_int_equal(chip.irr, 0);
			assert_int_equal(chip.isr, 0);
			assert_int_equal(chip.imr, 0);
			assert_int_equal(chip.elcr, 0);
			assert_int_equal(chip.lowest, 7);
			assert_false(chip.output);
			assert_int_equal(fake_in(&pc, ports[n]), 0);
		}
		/* Lines are wires: 6 and 7 are still high. */
		fake_pic_setup(&pc);
		assert_int_equal(irr(&pc, upset_chip), 0);
		assert_false(fake_irq(&pc, IRQ(upset_chip, 7), true));
		fake_out(&pc,
			 upset_chip ? VIC_PIC_ELCR_SLAVE : VIC_PIC_ELCR_MASTER,
			 0xc0);
		assert_int_equal(irr(&pc, upset_chip), 0xc0);
		assert_int_equal(fake_inta(&pc), upset_chip ? 0x76 : 0x36);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_PC_TEST(pic_01_before_the_first_icw1),
		FAKE_PC_TEST(pic_02_sequences),
		FAKE_PC_TEST(pic_02_an_icw1_in_between),
		FAKE_PC_TEST(pic_03_what_icw1_clears),
		FAKE_PC_TEST(pic_03_modes_of_icw4),
		FAKE_PC_TEST(pic_04_vectors),
		FAKE_PC_TEST(pic_05_icw3_and_single),
		FAKE_PC_TEST(pic_06_buffered_and_8080),
		FAKE_PC_TEST(pic_07_masks),
		FAKE_PC_TEST(pic_08_which_register_is_read),
		FAKE_PC_TEST(pic_10_elcr),
		FAKE_PC_TEST(pic_11_ports),
		FAKE_PC_TEST(pic_12_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
