/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Images of a pair of 8259A: docs/images.md.
 */

#include "fake_pc.h"

#include <string.h>

#define SIZE VIC_PIC_IMAGE_SIZE
/* Where things are. */
#define AT_FLAGS 16u
#define AT_ZERO 20u
#define AT_SOURCES(irq) (24u + 8u * (irq))
#define AT_CHIP(n) (152u + 20u * (n))
enum {
	CHIP_IRR,
	CHIP_ISR,
	CHIP_IMR,
	CHIP_ELCR,
	CHIP_ICW2,
	CHIP_LOWEST,
	CHIP_ICW1,
	CHIP_ICW3,
	CHIP_ICW4,
	CHIP_NEXT,
	CHIP_READY,
	CHIP_SPECIAL_MASK,
	CHIP_ROTATE,
	CHIP_READ_ISR,
	CHIP_POLL,
	CHIP_ZERO,
};

struct image {
	unsigned char bytes[SIZE];
};

enum shape {
	NESTED,
	/* AEOI, rotation, special mask, a poll due. */
	MODES,
	LEVELS,
	KEPT,
	SPURIOUS_15,
	IN_SEQUENCE,
	FRESH,
	SHAPES,
};

static void nested(struct fake_pc *pc)
{
	fake_irq(pc, 4, true);
	fake_inta(pc);
	fake_irq(pc, 12, true);
	fake_inta(pc);
	fake_irq(pc, 9, true);
	fake_irq(pc, 5, true);
	vic_pic_line_set(pc->pic, &pc->device, 5, 63, true);
	fake_out(pc, VIC_PIC_MASTER_A0, 0x40);
	fake_out(pc, VIC_PIC_MASTER, FAKE_READ_ISR);
}

static void modes(struct fake_pc *pc)
{
	fake_pic_init(pc, VIC_PIC_MASTER, VIC_PIC_ICW1_IC4,
		      FAKE_PIC_MASTER_BASE,
		      VIC_PIC_ICW4_UPM | VIC_PIC_ICW4_AEOI | VIC_PIC_ICW4_SFNM);
	fake_out(pc, VIC_PIC_MASTER, 0x80);
	fake_out(pc, VIC_PIC_MASTER, 0xc3);
	fake_irq(pc, 11, true);
	fake_inta(pc);
	fake_out(pc, VIC_PIC_SLAVE, 0x68);
	fake_out(pc, VIC_PIC_SLAVE_A0, 0x08);
	fake_irq(pc, 13, true);
	fake_out(pc, VIC_PIC_SLAVE, FAKE_POLL | FAKE_READ_ISR);
}

static void levels(struct fake_pc *pc)
{
	fake_out(pc, VIC_PIC_ELCR_MASTER, 0x28);
	fake_pic_init(pc, VIC_PIC_SLAVE, VIC_PIC_ICW1_IC4 | VIC_PIC_ICW1_LTIM,
		      FAKE_PIC_SLAVE_BASE, VIC_PIC_ICW4_UPM);
	fake_irq(pc, 3, true);
	fake_inta(pc);
	fake_irq(pc, 5, true);
	fake_irq(pc, 14, true);
}

static void make(struct fake_pc *pc, enum shape shape)
{
	struct fake_pc_spec spec = {
		.pic_flags = shape == KEPT ? VIC_PIC_KEEP_EDGES : 0,
	};

	fake_reset(NULL);
	fake_pc_make(pc, &spec);
	if (shape == FRESH) {
		fake_irq(pc, 5, true);
		fake_out(pc, VIC_PIC_MASTER_A0, 0x11);
		return;
	}
	fake_pic_setup(pc);
	switch (shape) {
	case NESTED:
		nested(pc);
		break;
	case MODES:
		modes(pc);
		break;
	case LEVELS:
		levels(pc);
		break;
	case KEPT:
		fake_pulse(pc, 5);
		fake_pulse(pc, 13);
		break;
	case SPURIOUS_15:
		fake_pulse(pc, 13);
		break;
	default:
		nested(pc);
		fake_out(pc, VIC_PIC_MASTER, 0x11);
		fake_out(pc, VIC_PIC_MASTER_A0, 0x48);
		break;
	}
}

static struct image save(struct fake_pc *pc)
{
	struct image image;

	memset(&image, 0x5a, sizeof(image));
	vic_pic_save(pc->pic, image.bytes);
	return image;
}

static void restore(struct fake_pc *pc, const struct image *image)
{
	const char *what = "not NULL";

	assert_int_equal(vic_pic_restore(pc->pic, image->bytes, SIZE, &what),
			 VIC_OK);
	assert_null(what);
}

/* PIC-32 */
static void pic_32_layout(void **state)
{
	static const unsigned char master[20] = {
		[CHIP_IRR] = 0x20,  [CHIP_ISR] = 0x14,   [CHIP_IMR] = 0x40,
		[CHIP_ELCR] = 0x00, [CHIP_ICW2] = 0x30,  [CHIP_LOWEST] = 7,
		[CHIP_ICW1] = 0x11, [CHIP_ICW3] = 0x04,  [CHIP_ICW4] = 0x01,
		[CHIP_READY] = 1,   [CHIP_READ_ISR] = 1,
	};
	static const unsigned char slave[20] = {
		[CHIP_IRR] = 0x20,   [CHIP_ISR] = 0x08,
		[CHIP_IMR] = 0x08,   [CHIP_ICW2] = 0x70,
		[CHIP_LOWEST] = 7,   [CHIP_ICW1] = 0x11,
		[CHIP_ICW3] = 0x02,  [CHIP_ICW4] = 0x01,
		[CHIP_READY] = 1,    [CHIP_SPECIAL_MASK] = 1,
		[CHIP_READ_ISR] = 1, [CHIP_POLL] = 1,
	};
	struct fake_pc pc;
	struct image image;
	uint32_t irq;

	(void)state;
	make(&pc, NESTED);
	/* The slave's is an edge that waits behind the master's EOI. */
	fake_out(&pc, VIC_PIC_SLAVE_A0, 0xff);
	fake_irq(&pc, 9, false);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI_OF(2));
	fake_inta(&pc);
	image = save(&pc);
	assert_memory_equal(image.bytes, "vicPIC\0\0", 8);
	assert_int_equal(fake_get32(image.bytes, 8), 1);
	assert_int_equal(fake_get32(image.bytes, 12), SIZE);
	assert_int_equal(fake_get32(image.bytes, AT_FLAGS), 0);
	assert_int_equal(fake_get32(image.bytes, AT_ZERO), 0);
	for (irq = 0; irq < 16; irq++)
		assert_true(fake_get64(image.bytes, AT_SOURCES(irq)) ==
			    (irq == 5    ? UINT64_C(1) << 63 | 1
			     : irq == 4  ? 1
			     : irq == 12 ? 1
					 : 0));
	assert_memory_equal(image.bytes + AT_CHIP(0), master, sizeof(master));
	make(&pc, MODES);
	image = save(&pc);
	assert_memory_equal(image.bytes + AT_CHIP(1), slave, sizeof(slave));
	assert_int_equal(image.bytes[AT_CHIP(0) + CHIP_ICW4], 0x13);
	assert_int_equal(image.bytes[AT_CHIP(0) + CHIP_ROTATE], 1);
	make(&pc, LEVELS);
	image = save(&pc);
	assert_int_equal(image.bytes[AT_CHIP(0) + CHIP_ELCR], 0x28);
	assert_int_equal(image.bytes[AT_CHIP(1) + CHIP_ICW1], 0x19);
	make(&pc, IN_SEQUENCE);
	image = save(&pc);
	assert_int_equal(image.bytes[AT_CHIP(0) + CHIP_NEXT], 3);
	make(&pc, KEPT);
	image = save(&pc);
	assert_int_equal(fake_get32(image.bytes, AT_FLAGS), VIC_PIC_KEEP_EDGES);
	make(&pc, FRESH);
	image = save(&pc);
	assert_int_equal(image.bytes[AT_CHIP(0) + CHIP_ICW1], 0);
	assert_int_equal(image.bytes[AT_CHIP(0) + CHIP_IMR], 0x11);
	assert_int_equal(image.bytes[AT_CHIP(0) + CHIP_READY], 0);
}

/* What a guest sees from here on, as bytes; the state is another one then. */
static void tell(struct fake_pc *pc, unsigned char out[96])
{
	static const uint32_t ports[] = {
		VIC_PIC_SLAVE,     VIC_PIC_SLAVE_A0,    VIC_PIC_MASTER,
		VIC_PIC_MASTER_A0, VIC_PIC_ELCR_MASTER, VIC_PIC_ELCR_SLAVE,
	};
	uint32_t i, n = 0;

	/* The word that comes next of a sequence. */
	fake_out(pc, VIC_PIC_MASTER_A0, 0x01);
	for (i = 0; i < FAKE_COUNT(ports); i++)
		out[n++] = fake_in(pc, ports[i]);
	fake_out(pc, VIC_PIC_MASTER, FAKE_READ_IRR);
	out[n++] = fake_in(pc, VIC_PIC_MASTER);
	for (i = 0; i < 8; i++) {
		out[n++] = vic_pic_output(pc->pic);
		out[n++] = fake_inta(pc);
		out[n++] = fake_chip(pc, 0).isr;
		out[n++] = fake_chip(pc, 1).isr;
		fake_irq(pc, 7, i & 1);
		fake_irq(pc, 9, !(i & 1));
		out[n++] = fake_chip(pc, 0).irr;
		out[n++] = fake_chip(pc, 1).irr;
		fake_out(pc, VIC_PIC_SLAVE, i & 1 ? 0xa0 : 0x20);
		fake_out(pc, VIC_PIC_MASTER, i & 1 ? 0xa0 : 0x20);
		out[n++] = fake_chip(pc, 0).lowest;
		out[n++] = fake_chip(pc, 1).lowest;
	}
	for (i = 0; i < 16; i++)
		if (i != VIC_PIC_CASCADE)
			vic_pic_line_set(pc->pic, &pc->device, i, 0, false);
	out[n++] = fake_chip(pc, 0).irr;
	out[n++] = fake_chip(pc, 1).irr;
	assert_true(n <= 96);
}

/* PIC-32: it goes on in the same object, and in another one. */
static void pic_32_goes_on(void **state)
{
	static struct fake_pc pc, other;
	unsigned char should[96] = {0}, is[96] = {0};
	struct image image, again;
	int shape;

	(void)state;
	for (shape = 0; shape < SHAPES; shape++) {
		make(&pc, (enum shape)shape);
		image = save(&pc);
		again = save(&pc);
		assert_memory_equal(&image, &again, sizeof(image));
		tell(&pc, should);
		restore(&pc, &image);
		again = save(&pc);
		assert_memory_equal(&image, &again, sizeof(image));
		tell(&pc, is);
		assert_memory_equal(is, should, sizeof(is));
		make(&other, shape == KEPT ? KEPT : LEVELS);
		restore(&other, &image);
		again = save(&other);
		assert_memory_equal(&image, &again, sizeof(image));
		tell(&other, is);
		assert_memory_equal(is, should, sizeof(is));
	}
}

/* PIC-32: nothing is told to what it is wired to. */
static void pic_32_wires_are_told_nothing(void **state)
{
	struct fake_pc_spec spec = {.wires = 1, .hub = true};
	struct vic_vcpu_inbox inbox;
	struct vic_ioapic_pin pin;
	struct fake_pc pc;
	struct image image;

	(void)state;
	fake_pc_make(&pc, &spec);
	fake_pic_setup(&pc);
	fake_irq(&pc, 5, true);
	image = save(&pc);
	fake_irq(&pc, 5, false);
	restore(&pc, &image);
	assert_true(vic_pic_output(pc.pic));
	vic_vcpu_peek(pc.vm.cpu[0].vcpu, &inbox);
	assert_int_equal(inbox.lint, 0);
	assert_int_equal(vic_ioapic_peek(pc.ioapic, 0, &pin), VIC_OK);
	assert_true(pin.sources == 0);
	/* The next change is. */
	fake_irq(&pc, 5, false);
	fake_irq(&pc, 5, true);
	vic_vcpu_peek(pc.vm.cpu[0].vcpu, &inbox);
	assert_int_equal(inbox.lint, 1);
}

/* Refuse it, and change nothing. */
static void refused(struct fake_pc *pc, const struct image *image, size_t size,
		    int err, const char *name)
{
	struct image before = save(pc), after, copy = *image;
	const char *what = NULL;

	assert_int_equal(vic_pic_restore(pc->pic, copy.bytes, size, &what),
			 err);
	assert_non_null(what);
	if (name)
		assert_string_equal(what, name);
	assert_int_equal(vic_pic_restore(pc->pic, copy.bytes, size, NULL), err);
	after = save(pc);
	assert_memory_equal(&before, &after, sizeof(after));
	assert_memory_equal(&copy, image, sizeof(copy));
}

/* PIC-33 */
static void pic_33_no_image(void **state)
{
	static const size_t sizes[] = {0, 8, 15, 16, 152, SIZE - 1};
	struct fake_pc pc;
	struct image image, bad;
	uint32_t i;

	(void)state;
	make(&pc, NESTED);
	image = save(&pc);
	fake_irq(&pc, 5, false);
	for (i = 0; i < FAKE_COUNT(sizes); i++)
		refused(&pc, &image, sizes[i], VIC_ERR_IMAGE, NULL);
	for (i = 0; i < 128; i++) {
		bad = image;
		bad.bytes[i / 8] ^= (unsigned char)(1u << i % 8);
		refused(&pc, &bad, SIZE, VIC_ERR_IMAGE, NULL);
	}
	for (i = 0; i < 32; i++) {
		bad = image;
		bad.bytes[AT_FLAGS + i / 8] ^= (unsigned char)(1u << i % 8);
		refused(&pc, &bad, SIZE, VIC_ERR_IMAGE_CONFIG,
			"vic_pic_config.flags");
	}
}

/* PIC-33: one byte each that no guest can have led to. */
static void pic_33_impossible_states(void **state)
{
	static const struct {
		enum shape shape;
		uint32_t at;
		uint8_t value;
	} rows[] = {
		{NESTED, AT_ZERO, 1},
		{NESTED, AT_SOURCES(VIC_PIC_CASCADE), 1},
		/* A request without its line; with it in KEPT. */
		{NESTED, AT_CHIP(0) + CHIP_IRR, 0x60},
		{NESTED, AT_CHIP(1) + CHIP_IRR, 0x82},
		/* A level without its request. */
		{LEVELS, AT_CHIP(0) + CHIP_IRR, 0x04},
		{LEVELS, AT_CHIP(1) + CHIP_IRR, 0},
		{NESTED, AT_CHIP(0) + CHIP_ELCR, 0x04},
		{NESTED, AT_CHIP(1) + CHIP_ELCR, 0x20},
		{NESTED, AT_CHIP(0) + CHIP_LOWEST, 8},
		{NESTED, AT_CHIP(0) + CHIP_NEXT, 1},
		{NESTED, AT_CHIP(0) + CHIP_NEXT, 5},
		{NESTED, AT_CHIP(0) + CHIP_NEXT, 3},
		{NESTED, AT_CHIP(0) + CHIP_ICW1, 0x01},
		{NESTED, AT_CHIP(0) + CHIP_READY, 0},
		{NESTED, AT_CHIP(0) + CHIP_READY, 2},
		{NESTED, AT_CHIP(0) + CHIP_SPECIAL_MASK, 2},
		{NESTED, AT_CHIP(0) + CHIP_ROTATE, 2},
		{NESTED, AT_CHIP(0) + CHIP_READ_ISR, 2},
		{NESTED, AT_CHIP(0) + CHIP_POLL, 2},
		{NESTED, AT_CHIP(0) + CHIP_ZERO, 1},
		{NESTED, AT_CHIP(0) + CHIP_ZERO + 4, 1},
		{IN_SEQUENCE, AT_CHIP(0) + CHIP_READY, 1},
		{IN_SEQUENCE, AT_CHIP(0) + CHIP_NEXT, 0},
		/* In service where nothing was initialized. */
		{FRESH, AT_CHIP(0) + CHIP_ISR, 1},
		{FRESH, AT_CHIP(0) + CHIP_READY, 1},
	};
	struct fake_pc pc;
	struct image bad;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		make(&pc, rows[i].shape);
		bad = save(&pc);
		assert_int_not_equal(bad.bytes[rows[i].at], rows[i].value);
		bad.bytes[rows[i].at] = rows[i].value;
		refused(&pc, &bad, SIZE, VIC_ERR_IMAGE_STATE, NULL);
	}
}

/* It works, and two requests come where they should. */
static void use(struct fake_pc *pc)
{
	uint32_t irq, source;

	for (irq = 0; irq < 16; irq++)
		for (source = 0; source < 64; source++)
			if (irq != VIC_PIC_CASCADE)
				vic_pic_line_set(pc->pic, &pc->device, irq,
						 source, false);
	fake_inta(pc);
	fake_pic_setup(pc);
	assert_int_equal(fake_chip(pc, 0).irr | fake_chip(pc, 1).irr, 0);
	assert_false(vic_pic_output(pc->pic));
	fake_irq(pc, 12, true);
	assert_int_equal(fake_inta(pc), 0x74);
	fake_irq(pc, 1, true);
	assert_int_equal(fake_inta(pc), 0x31);
	fake_irq(pc, 12, false);
	fake_irq(pc, 1, false);
	pc->heard_count = 0;
}

/* PIC-33 */
static void pic_33_every_bit(void **state)
{
	struct fake_pc pc;
	struct image good, bad, is;
	unsigned int accepted;
	const char *what;
	uint32_t bit;
	int shape, err;

	(void)state;
	for (shape = 0; shape < SHAPES; shape++) {
		make(&pc, (enum shape)shape);
		good = save(&pc);
		accepted = 0;
		for (bit = 0; bit < 8 * SIZE; bit++) {
			bad = good;
			bad.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
			what = NULL;
			err = vic_pic_restore(pc.pic, bad.bytes, SIZE, &what);
			is = save(&pc);
			if (err != VIC_OK) {
				assert_non_null(what);
				assert_memory_equal(&is, &good, sizeof(is));
				continue;
			}
			assert_null(what);
			assert_memory_equal(&is, &bad, sizeof(is));
			accepted++;
			use(&pc);
			restore(&pc, &good);
		}
		/* IMR and ISR are a guest's, sources a device's. */
		assert_true(accepted >= 16);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_PC_TEST(pic_32_layout),
		FAKE_PC_TEST(pic_32_goes_on),
		FAKE_PC_TEST(pic_32_wires_are_told_nothing),
		FAKE_PC_TEST(pic_33_no_image),
		FAKE_PC_TEST(pic_33_impossible_states),
		FAKE_PC_TEST(pic_33_every_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
