/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The lines of a pair of 8259A, its INTA cycles, and what becomes of a request
 * that is withdrawn: 8259A data sheet (231468), "Interrupt Sequence", "Edge
 * and Level Triggered Modes", "Cascade Mode".
 */

#include "fake_pc.h"

#include <string.h>

static void make_with(struct fake_pc *pc, uint32_t flags)
{
	struct fake_pc_spec spec = {.pic_flags = flags};

	fake_reset(NULL);
	fake_pc_make(pc, &spec);
	fake_pic_setup(pc);
}

static void make(struct fake_pc *pc)
{
	make_with(pc, 0);
}

static void end(struct fake_pc *pc, uint32_t irq)
{
	if (irq >= 8)
		fake_out(pc, VIC_PIC_SLAVE, (uint8_t)FAKE_EOI_OF(irq - 8));
	fake_out(pc, VIC_PIC_MASTER,
		 (uint8_t)FAKE_EOI_OF(irq < 8 ? irq : VIC_PIC_CASCADE));
}

static uint8_t vector_of(uint32_t irq)
{
	return (uint8_t)(irq < 8 ? FAKE_PIC_MASTER_BASE + irq
				 : FAKE_PIC_SLAVE_BASE + irq - 8);
}

/* PIC-21 */
static void pic_21_edge(void **state)
{
	struct fake_pc pc;
	uint32_t irq;

	(void)state;
	make(&pc);
	for (irq = 0; irq < 16; irq++) {
		int n = irq >= 8;
		uint8_t bit = (uint8_t)(1u << irq % 8);

		if (irq == VIC_PIC_CASCADE)
			continue;
		assert_true(fake_irq(&pc, irq, true));
		assert_int_equal(fake_pic_irr(&pc, n), bit);
		assert_int_equal(fake_pic_isr(&pc, n), 0);
		assert_int_equal(fake_inta(&pc), vector_of(irq));
		assert_int_equal(fake_pic_irr(&pc, n), 0);
		assert_int_equal(fake_pic_isr(&pc, n), bit);
		assert_int_equal(fake_pic_isr(&pc, 0), n ? 0x04 : bit);
		/* High is no edge, neither before nor after the EOI. */
		assert_false(fake_irq(&pc, irq, true));
		end(&pc, irq);
		assert_false(fake_irq(&pc, irq, true));
		assert_int_equal(fake_pic_irr(&pc, n), 0);
		assert_int_equal(fake_pic_isr(&pc, n), 0);
		/* A new one in service waits for the EOI. */
		fake_irq(&pc, irq, false);
		assert_true(fake_irq(&pc, irq, true));
		fake_inta(&pc);
		fake_irq(&pc, irq, false);
		assert_false(fake_irq(&pc, irq, true));
		assert_int_equal(fake_pic_irr(&pc, n), bit);
		end(&pc, irq);
		assert_true(vic_pic_output(pc.pic));
		assert_int_equal(fake_inta(&pc), vector_of(irq));
		end(&pc, irq);
		fake_irq(&pc, irq, false);
		assert_false(vic_pic_output(pc.pic));
	}
}

/* A level IRQ of a chip in a mode; both ways to have one. */
static void level_cycle(struct fake_pc *pc, uint32_t irq)
{
	int n = irq >= 8;
	uint8_t bit = (uint8_t)(1u << irq % 8);

	assert_true(fake_irq(pc, irq, true));
	assert_int_equal(fake_pic_irr(pc, n), bit);
	fake_irq(pc, irq, false);
	assert_int_equal(fake_pic_irr(pc, n), 0);
	if (n)
		/* What the master has latched (PIC-25). */
		while (vic_pic_output(pc->pic)) {
			fake_inta(pc);
			fake_out(pc, VIC_PIC_MASTER, FAKE_EOI);
		}
	assert_true(fake_irq(pc, irq, true));
	assert_int_equal(fake_inta(pc), vector_of(irq));
	/* It asks on, and may not before its EOI. */
	assert_int_equal(fake_pic_irr(pc, n), bit);
	assert_false(fake_chip(pc, (uint32_t)n).output);
	end(pc, irq);
	assert_true(vic_pic_output(pc->pic));
	assert_int_equal(fake_inta(pc), vector_of(irq));
	fake_irq(pc, irq, false);
	end(pc, irq);
	assert_false(vic_pic_output(pc->pic));
	assert_int_equal(fake_pic_irr(pc, n) | fake_pic_isr(pc, n), 0);
}

/* PIC-22 */
static void pic_22_level_by_elcr(void **state)
{
	struct fake_pc pc;
	uint32_t irq;

	(void)state;
	make(&pc);
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0xf8);
	fake_out(&pc, VIC_PIC_ELCR_SLAVE, 0xde);
	for (irq = 0; irq < 16; irq++)
		if (0xdef8u >> irq & 1)
			level_cycle(&pc, irq);
}

/* PIC-22: LTIM makes all of a chip's inputs level. */
static void pic_22_level_by_ltim(void **state)
{
	struct fake_pc pc;
	uint32_t irq;

	(void)state;
	make(&pc);
	fake_pic_init(&pc, VIC_PIC_MASTER, VIC_PIC_ICW1_IC4 | VIC_PIC_ICW1_LTIM,
		      FAKE_PIC_MASTER_BASE, VIC_PIC_ICW4_UPM);
	for (irq = 0; irq < 8; irq++)
		if (irq != VIC_PIC_CASCADE)
			level_cycle(&pc, irq);
	/* The slave's inputs are edge still. */
	fake_irq(&pc, 9, true);
	assert_int_equal(fake_inta(&pc), 0x71);
	end(&pc, 9);
	assert_false(vic_pic_output(pc.pic));
	make(&pc);
	fake_pic_init(&pc, VIC_PIC_SLAVE, VIC_PIC_ICW1_IC4 | VIC_PIC_ICW1_LTIM,
		      FAKE_PIC_SLAVE_BASE, VIC_PIC_ICW4_UPM);
	for (irq = 8; irq < 16; irq++)
		level_cycle(&pc, irq);
}

/* PIC-23: ELCR while a line is high. */
static void pic_23_elcr_changes(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc);
	/* Edge, taken; it is level now and asks again. */
	fake_irq(&pc, 5, true);
	fake_inta(&pc);
	end(&pc, 5);
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0x20);
	assert_int_equal(fake_pic_irr(&pc, 0), 0x20);
	assert_true(vic_pic_output(pc.pic));
	/* Edge again: not before the next rise. */
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0);
	assert_int_equal(fake_pic_irr(&pc, 0), 0);
	assert_false(vic_pic_output(pc.pic));
	fake_irq(&pc, 5, false);
	assert_true(fake_irq(&pc, 5, true));
	/* A bit that stays changes nothing. */
	fake_irq(&pc, 6, true);
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0x80);
	assert_int_equal(fake_pic_irr(&pc, 0), 0x60);
	assert_int_equal(fake_inta(&pc), 0x35);
	end(&pc, 5);
	assert_int_equal(fake_inta(&pc), 0x36);
	/* A low one has no request. */
	fake_irq(&pc, 5, false);
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0x20);
	assert_int_equal(fake_pic_irr(&pc, 0), 0);
	/* The slave's. */
	fake_irq(&pc, 12, true);
	fake_out(&pc, VIC_PIC_ELCR_SLAVE, 0x10);
	assert_int_equal(fake_pic_irr(&pc, 1), 0x10);
	fake_out(&pc, VIC_PIC_ELCR_SLAVE, 0);
	assert_int_equal(fake_pic_irr(&pc, 1), 0);
	assert_false(fake_chip(&pc, 1).output);
}

/* PIC-24 */
static void pic_24_spurious_irq_7(void **state)
{
	struct fake_pc pc;
	int level;

	(void)state;
	for (level = 0; level < 2; level++) {
		make(&pc);
		fake_out(&pc, VIC_PIC_ELCR_MASTER, level ? 0x20 : 0);
		/* The line fell before INTA. */
		assert_true(fake_irq(&pc, 5, true));
		fake_irq(&pc, 5, false);
		assert_int_equal(fake_pic_irr(&pc, 0), 0);
		assert_false(vic_pic_output(pc.pic));
		assert_int_equal(fake_inta(&pc), 0x37);
		assert_int_equal(fake_pic_isr(&pc, 0), 0);
		/* Masked before INTA. */
		fake_irq(&pc, 5, true);
		fake_out(&pc, VIC_PIC_MASTER_A0, 0x20);
		assert_false(vic_pic_output(pc.pic));
		assert_int_equal(fake_inta(&pc), 0x37);
		assert_int_equal(fake_pic_isr(&pc, 0), 0);
		assert_int_equal(fake_pic_irr(&pc, 0), 0x20);
		fake_out(&pc, VIC_PIC_MASTER_A0, 0);
		assert_int_equal(fake_inta(&pc), 0x35);
		fake_irq(&pc, 5, false);
		end(&pc, 5);
		/* A true IRQ 7 is in service, and a spurious one is not. */
		fake_irq(&pc, 7, true);
		assert_int_equal(fake_inta(&pc), 0x37);
		assert_int_equal(fake_pic_isr(&pc, 0), 0x80);
		assert_int_equal(fake_inta(&pc), 0x37);
		assert_int_equal(fake_pic_isr(&pc, 0), 0x80);
		fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
		assert_int_equal(fake_pic_isr(&pc, 0), 0);
		assert_int_equal(fake_chip(&pc, 0).lowest, 7);
	}
}

/* PIC-24: something of lower priority waits, and something is in service. */
static void pic_24_spurious_beside_others(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc);
	fake_irq(&pc, 4, true);
	fake_inta(&pc);
	fake_irq(&pc, 6, true);
	fake_pulse(&pc, 1);
	assert_false(vic_pic_output(pc.pic));
	assert_int_equal(fake_inta(&pc), 0x37);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x10);
	assert_int_equal(fake_pic_irr(&pc, 0), 0x40);
	/* A lower one instead of the one that was withdrawn. */
	end(&pc, 4);
	fake_irq(&pc, 3, true);
	fake_irq(&pc, 3, false);
	assert_int_equal(fake_inta(&pc), 0x36);
}

static void withdraw(struct fake_pc *pc, int how)
{
	switch (how) {
	case 0:
		fake_irq(pc, 12, false);
		break;
	case 1:
		fake_out(pc, VIC_PIC_SLAVE_A0, 0x10);
		break;
	default:
		/* A level line, made edge. */
		fake_out(pc, VIC_PIC_ELCR_SLAVE, 0);
		break;
	}
	assert_false(fake_chip(pc, 1).output);
}

/* PIC-25 */
static void pic_25_spurious_irq_15(void **state)
{
	struct fake_pc pc;
	int how;

	(void)state;
	for (how = 0; how < 3; how++) {
		make(&pc);
		fake_out(&pc, VIC_PIC_ELCR_SLAVE, how == 2 ? 0x10 : 0);
		fake_irq(&pc, 12, true);
		assert_int_equal(fake_pic_irr(&pc, 0), 0x04);
		withdraw(&pc, how);
		/* The master has latched it. */
		assert_int_equal(fake_pic_irr(&pc, 0), 0x04);
		assert_true(vic_pic_output(pc.pic));
		assert_int_equal(fake_inta(&pc), 0x77);
		assert_int_equal(fake_pic_isr(&pc, 0), 0x04);
		assert_int_equal(fake_pic_isr(&pc, 1), 0);
		assert_int_equal(fake_pic_irr(&pc, 0), 0);
		/* Until the master's EOI the slave is held back. */
		assert_false(fake_irq(&pc, 9, true));
		fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
		assert_int_equal(fake_pic_isr(&pc, 0), 0);
		assert_int_equal(fake_inta(&pc), 0x71);
		assert_int_equal(fake_pic_isr(&pc, 1), 0x02);
	}
}

/* PIC-25: a true one is in service in both. */
static void pic_25_true_irq_15(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc);
	fake_irq(&pc, 15, true);
	assert_int_equal(fake_inta(&pc), 0x77);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x04);
	assert_int_equal(fake_pic_isr(&pc, 1), 0x80);
	end(&pc, 15);
	/* The master's LTIM follows: nothing asks any more. */
	fake_pic_init(&pc, VIC_PIC_MASTER, VIC_PIC_ICW1_IC4 | VIC_PIC_ICW1_LTIM,
		      FAKE_PIC_MASTER_BASE, VIC_PIC_ICW4_UPM);
	fake_irq(&pc, 12, true);
	assert_true(vic_pic_output(pc.pic));
	fake_irq(&pc, 12, false);
	assert_int_equal(fake_pic_irr(&pc, 0), 0);
	assert_false(vic_pic_output(pc.pic));
	assert_int_equal(fake_inta(&pc), 0x37);
	assert_int_equal(fake_pic_isr(&pc, 0), 0);
}

/* PIC-26 */
static void pic_26_kept_edges(void **state)
{
	struct fake_pc pc;

	(void)state;
	make_with(&pc, VIC_PIC_KEEP_EDGES);
	assert_true(fake_irq(&pc, 5, true));
	fake_irq(&pc, 5, false);
	assert_true(vic_pic_output(pc.pic));
	assert_int_equal(fake_pic_irr(&pc, 0), 0x20);
	assert_int_equal(fake_inta(&pc), 0x35);
	end(&pc, 5);
	assert_false(vic_pic_output(pc.pic));
	fake_pulse(&pc, 12);
	assert_int_equal(fake_pic_irr(&pc, 1), 0x10);
	assert_int_equal(fake_inta(&pc), 0x74);
	end(&pc, 12);
	/* Levels are levels. */
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0x20);
	fake_pulse(&pc, 5);
	assert_int_equal(fake_pic_irr(&pc, 0), 0);
	assert_false(vic_pic_output(pc.pic));
	/* What was kept goes with ICW1. */
	fake_pulse(&pc, 6);
	fake_pic_setup(&pc);
	assert_int_equal(fake_pic_irr(&pc, 0), 0);
}

/* PIC-27 */
static void pic_27_cascade(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc);
	fake_irq(&pc, 12, true);
	assert_true(fake_chip(&pc, 1).output);
	assert_int_equal(fake_pic_irr(&pc, 0), 0x04);
	fake_irq(&pc, 10, true);
	fake_irq(&pc, 1, true);
	fake_irq(&pc, 3, true);
	/* The order of priority is 1, the slave's, 3. */
	assert_int_equal(fake_inta(&pc), 0x31);
	assert_false(vic_pic_output(pc.pic));
	end(&pc, 1);
	assert_int_equal(fake_inta(&pc), 0x72);
	assert_int_equal(fake_pic_isr(&pc, 0), 0x04);
	assert_int_equal(fake_pic_isr(&pc, 1), 0x04);
	/* 12 waits for the slave's EOI, and then for the master's. */
	assert_false(fake_chip(&pc, 1).output);
	fake_out(&pc, VIC_PIC_SLAVE, FAKE_EOI);
	assert_true(fake_chip(&pc, 1).output);
	assert_int_equal(fake_pic_irr(&pc, 0), 0x0c);
	assert_false(vic_pic_output(pc.pic));
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_inta(&pc), 0x74);
	end(&pc, 12);
	assert_int_equal(fake_inta(&pc), 0x33);
}

/* PIC-27: what the slave still has after an INTA is an edge of its own. */
static void pic_27_several_of_the_slave(void **state)
{
	struct fake_pc pc;
	uint32_t irq;

	(void)state;
	make(&pc);
	for (irq = 15; irq >= 8; irq--)
		fake_irq(&pc, irq, true);
	for (irq = 8; irq < 16; irq++) {
		assert_int_equal(fake_inta(&pc), vector_of(irq));
		end(&pc, irq);
	}
	assert_false(vic_pic_output(pc.pic));
	/* A higher one, while one of the slave's is in service. */
	fake_irq(&pc, 14, false);
	fake_irq(&pc, 14, true);
	fake_irq(&pc, 9, false);
	fake_inta(&pc);
	fake_irq(&pc, 9, true);
	assert_true(fake_chip(&pc, 1).output);
	assert_int_equal(fake_pic_irr(&pc, 0), 0x04);
	assert_false(vic_pic_output(pc.pic));
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_inta(&pc), 0x71);
	assert_int_equal(fake_pic_isr(&pc, 1), 0x42);
	/* One that may go at once. */
	fake_pic_setup(&pc);
	fake_pic_init(&pc, VIC_PIC_SLAVE, VIC_PIC_ICW1_IC4, FAKE_PIC_SLAVE_BASE,
		      VIC_PIC_ICW4_UPM | VIC_PIC_ICW4_AEOI);
	fake_irq(&pc, 10, false);
	fake_irq(&pc, 11, false);
	fake_irq(&pc, 10, true);
	fake_irq(&pc, 11, true);
	assert_int_equal(fake_inta(&pc), 0x72);
	assert_true(fake_chip(&pc, 1).output);
	assert_int_equal(fake_pic_irr(&pc, 0), 0x04);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_inta(&pc), 0x73);
	assert_int_equal(fake_pic_irr(&pc, 0), 0);
}

/* PIC-28 */
static void pic_28_sources(void **state)
{
	struct fake_pc pc;
	uint32_t source;

	(void)state;
	make(&pc);
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0x20);
	for (source = 0; source < 64; source++) {
		assert_true(
			vic_pic_line_set(pc.pic, &pc.device, 5, source, true));
		vic_pic_line_set(pc.pic, &pc.device, 5, source, false);
		assert_int_equal(fake_pic_irr(&pc, 0), 0);
	}
	vic_pic_line_set(pc.pic, &pc.device, 5, 1, true);
	assert_false(vic_pic_line_set(pc.pic, &pc.device, 5, 62, true));
	vic_pic_line_set(pc.pic, &pc.device, 5, 1, false);
	assert_int_equal(fake_pic_irr(&pc, 0), 0x20);
	vic_pic_line_set(pc.pic, &pc.device, 5, 62, false);
	assert_int_equal(fake_pic_irr(&pc, 0), 0);
	/* Edge: the second source is none. */
	vic_pic_line_set(pc.pic, &pc.device, 12, 0, true);
	fake_inta(&pc);
	end(&pc, 12);
	assert_false(vic_pic_line_set(pc.pic, &pc.device, 12, 63, true));
	vic_pic_line_set(pc.pic, &pc.device, 12, 0, false);
	assert_false(vic_pic_line_set(pc.pic, &pc.device, 12, 0, true));
	assert_int_equal(fake_pic_irr(&pc, 1), 0);
}

/* INT rises once for all. */
static void what_line_set_returns(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc);
	assert_true(fake_irq(&pc, 5, true));
	assert_false(fake_irq(&pc, 3, true));
	assert_false(fake_irq(&pc, 12, true));
	assert_false(fake_irq(&pc, 5, true));
	assert_int_equal(fake_inta(&pc), 0x74);
	assert_true(fake_irq(&pc, 0, true));
	assert_false(fake_irq(&pc, 0, false));
	assert_false(vic_pic_output(pc.pic));
}

static int init(const struct vic_pic_config *config, size_t less)
{
	static _Alignas(VIC_CACHE_LINE) unsigned char bytes[VIC_PIC_SIZE + 8];
	struct vic_pic *pic = NULL;
	int err;

	memset(bytes, 0x5a, sizeof(bytes));
	err = vic_pic_init(bytes, vic_pic_size() - less, config, &pic);
	if (err == VIC_OK) {
		assert_ptr_equal(pic, bytes);
		assert_int_equal(
			vic_pic_init(bytes + 8, VIC_PIC_SIZE, config, &pic),
			VIC_ERR_STORAGE);
	}
	return err;
}

static void what_init_accepts(void **state)
{
	const struct vic_pic_config good = {
		.size = sizeof(good),
		.ops = &fake_pc_ops,
	};
	struct vic_vcpu_ops ops = fake_pc_ops;
	struct vic_pic_config config = good;
	struct fake_pc pc;
	uint32_t i;

	(void)state;
	make(&pc);
	assert_in_range(vic_pic_size(), 1, VIC_PIC_SIZE);
	assert_int_equal(init(&good, 0), VIC_OK);
	assert_int_equal(init(&good, 1), VIC_ERR_STORAGE);
	config.size = sizeof(config) - 1;
	assert_int_equal(init(&config, 0), VIC_ERR_ABI);
	for (i = 1; i < 32; i++) {
		config = good;
		config.flags = UINT32_C(1) << i;
		assert_int_equal(init(&config, 0), VIC_ERR_ABI);
	}
	config = good;
	config.reserved = 1;
	assert_int_equal(init(&config, 0), VIC_ERR_INVAL);
	config = good;
	config.ops = NULL;
	assert_int_equal(init(&config, 0), VIC_ERR_INVAL);
	config = good;
	config.ioapic = pc.ioapic;
	config.ioapic_pin = 23;
	assert_int_equal(init(&config, 0), VIC_OK);
	config.ioapic_pin = 24;
	assert_int_equal(init(&config, 0), VIC_ERR_INVAL);
	ops.wake = NULL;
	ops.kick = NULL;
	ops.eoi = NULL;
	ops.msi = NULL;
	config = good;
	config.ops = &ops;
	assert_int_equal(init(&config, 0), VIC_OK);
	ops.unlock = NULL;
	assert_int_equal(init(&config, 0), VIC_ERR_INVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_PC_TEST(pic_21_edge),
		FAKE_PC_TEST(pic_22_level_by_elcr),
		FAKE_PC_TEST(pic_22_level_by_ltim),
		FAKE_PC_TEST(pic_23_elcr_changes),
		FAKE_PC_TEST(pic_24_spurious_irq_7),
		FAKE_PC_TEST(pic_24_spurious_beside_others),
		FAKE_PC_TEST(pic_25_spurious_irq_15),
		FAKE_PC_TEST(pic_25_true_irq_15),
		FAKE_PC_TEST(pic_26_kept_edges),
		FAKE_PC_TEST(pic_27_cascade),
		FAKE_PC_TEST(pic_27_several_of_the_slave),
		FAKE_PC_TEST(pic_28_sources),
		FAKE_PC_TEST(what_line_set_returns),
		FAKE_PC_ONCE(what_init_accepts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
