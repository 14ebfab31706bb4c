/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The state of a pair of 8259A as bytes: docs/images.md. */
#include "apic/image.h"
#include "apic/pic_priv.h"

#define VERSION 1

/* Offsets in the image. */
enum {
	AT_FLAGS = IMAGE_BODY,
	AT_ZERO = 20,
	AT_SOURCES = 24,
	AT_CHIPS = 152,
	AT_END = 192,
};

/* Offsets in what a chip has there. */
enum {
	CHIP_IRR,
	CHIP_ISR,
	CHIP_IMR,
	CHIP_ELCR,
	CHIP_BASE,
	CHIP_LOWEST,
	CHIP_ICW1,
	CHIP_ICW3,
	CHIP_ICW4,
	CHIP_STEP,
	CHIP_READY,
	CHIP_SPECIAL_MASK,
	CHIP_ROTATE,
	CHIP_READ_ISR,
	CHIP_POLL,
	CHIP_ZERO,
	CHIP_SIZE = 20,
};

_Static_assert(AT_CHIPS == AT_SOURCES + 8 * PIC_IRQS &&
		       AT_END == AT_CHIPS + 2 * CHIP_SIZE &&
		       AT_END == VIC_PIC_IMAGE_SIZE,
	       "published size");

static const char magic[8] = {'v', 'i', 'c', 'P', 'I', 'C', 0, 0};

static void save_chip(const struct pic_chip *chip, unsigned char *bytes)
{
	bytes[CHIP_IRR] = chip->irr;
	bytes[CHIP_ISR] = chip->isr;
	bytes[CHIP_IMR] = chip->imr;
	bytes[CHIP_ELCR] = chip->elcr;
	bytes[CHIP_BASE] = chip->base;
	bytes[CHIP_LOWEST] = chip->lowest;
	bytes[CHIP_ICW1] = chip->icw1;
	bytes[CHIP_ICW3] = chip->icw3;
	bytes[CHIP_ICW4] = chip->icw4;
	bytes[CHIP_STEP] = chip->step;
	bytes[CHIP_READY] = chip->ready;
	bytes[CHIP_SPECIAL_MASK] = chip->special_mask;
	bytes[CHIP_ROTATE] = chip->rotate;
	bytes[CHIP_READ_ISR] = chip->read_isr;
	bytes[CHIP_POLL] = chip->poll;
}

void vic_pic_save(struct vic_pic *pic, void *image)
{
	unsigned char *bytes = image;

	image_begin(bytes, magic, VERSION, AT_END);
	put32(bytes, AT_FLAGS, pic->flags);
	for (uint32_t i = 0; i < PIC_IRQS; i++)
		put64(bytes, AT_SOURCES + i * 8, pic->sources[i]);
	for (uint32_t c = 0; c < 2; c++)
		save_chip(&pic->chips[c],
			  bytes + AT_CHIPS + (size_t)c * CHIP_SIZE);
}

/* Chip @c of @image, whose inputs do not know the slave's output yet. */
static void
load_chip(struct pic_chip *chip, const unsigned char *image, uint32_t c)
{
	const unsigned char *bytes = image + AT_CHIPS + (size_t)c * CHIP_SIZE;
	uint32_t inputs = 0;

	for (uint32_t i = 0; i < PIC_INPUTS; i++)
		if (get64(image, AT_SOURCES + (c * PIC_INPUTS + i) * 8))
			inputs |= 1u << i;
	*chip = (struct pic_chip){
		.inputs = (uint8_t)inputs,
		.irr = bytes[CHIP_IRR],
		.isr = bytes[CHIP_ISR],
		.imr = bytes[CHIP_IMR],
		.elcr = bytes[CHIP_ELCR],
		.base = bytes[CHIP_BASE],
		/* check_chip() says whether these are all its bits. */
		.lowest = bytes[CHIP_LOWEST] % PIC_INPUTS,
		.icw1 = bytes[CHIP_ICW1],
		.icw3 = bytes[CHIP_ICW3],
		.icw4 = bytes[CHIP_ICW4],
		.step = bytes[CHIP_STEP],
		.ready = bytes[CHIP_READY],
		.special_mask = bytes[CHIP_SPECIAL_MASK],
		.rotate = bytes[CHIP_ROTATE],
		.read_isr = bytes[CHIP_READ_ISR],
		.poll = bytes[CHIP_POLL],
	};
	chip->level = chip->icw1 & VIC_PIC_ICW1_LTIM ? 0xff : chip->elcr;
}

/* What the ICWs that were written so far allow. */
static bool icws_possible(const struct pic_chip *chip)
{
	bool single = chip->icw1 & VIC_PIC_ICW1_SNGL;
	bool has4 = chip->icw1 & VIC_PIC_ICW1_IC4;

	if (chip->icw4 & ~0x1fu || (!has4 && chip->icw4))
		return false;
	if (!chip->icw1)
		return !chip->step && !chip->ready;
	if (!(chip->icw1 & VIC_PIC_ICW1))
		return false;
	/* What comes next decides whether it is initialized. */
	return chip->ready == !chip->step && chip->step != 1 &&
	       chip->step <= 4 && !(chip->step == 3 && single) &&
	       !(chip->step == 4 && !has4);
}

static bool flags_possible(const unsigned char *bytes)
{
	for (uint32_t i = CHIP_READY; i < CHIP_ZERO; i++)
		if (bytes[i] > 1)
			return false;
	for (uint32_t i = CHIP_ZERO; i < CHIP_SIZE; i++)
		if (bytes[i])
			return false;
	return true;
}

static void check_chip(const struct vic_pic *pic, const unsigned char *image,
		       const struct pic_chip *chip, uint32_t c,
		       const char **what)
{
	bool master = c == PIC_CHIP_MASTER;
	uint32_t elcr = master ? PIC_ELCR_MASTER : PIC_ELCR_SLAVE;
	uint32_t kept = pic->flags & VIC_PIC_KEEP_EDGES ? 0xff : 0;

	/* IR2 always keeps one. */
	if (master)
		kept |= 1u << VIC_PIC_CASCADE;
	image_check(what, flags_possible(image + AT_CHIPS + c * CHIP_SIZE),
		    "reserved bytes");
	image_check(what,
		    image[AT_CHIPS + c * CHIP_SIZE + CHIP_LOWEST] < PIC_INPUTS,
		    "priority");
	image_check(what, icws_possible(chip), "ICW");
	image_check(what, !(chip->elcr & ~elcr), "ELCR");
	image_check(what, !(chip->base & ~VIC_PIC_ICW2_BASE), "ICW2");
	image_check(what,
		    (chip->irr & chip->level) == (chip->inputs & chip->level),
		    "IRR of a level");
	image_check(what, !(chip->irr & ~(chip->inputs | chip->level | kept)),
		    "IRR of an edge");
	image_check(what,
		    !chip->isr ||
			    (chip->ready && !(chip->icw4 & VIC_PIC_ICW4_AEOI)),
		    "ISR");
}

/* Both chips as @image has them, wired to each other. */
static void load(struct pic_chip *chips, const unsigned char *image)
{
	struct pic_chip *master = &chips[PIC_CHIP_MASTER];
	struct pic_chip *slave = &chips[PIC_CHIP_SLAVE];

	for (uint32_t c = 0; c < 2; c++)
		load_chip(&chips[c], image, c);
	slave->output = pic_pick(slave, false) != PIC_INPUTS;
	if (slave->output)
		master->inputs |= 1u << VIC_PIC_CASCADE;
	master->output = pic_pick(master, true) != PIC_INPUTS;
}

int pic_image_check(const struct vic_pic *pic, const void *image, size_t size,
		    const char **what)
{
	const unsigned char *bytes = image;
	struct pic_chip chips[2];

	*what = image_head(bytes, size, magic, VERSION, AT_END);
	if (*what)
		return VIC_ERR_IMAGE;
	if (!image_check(what, get32(bytes, AT_FLAGS) == pic->flags,
			 "vic_pic_config.flags"))
		return VIC_ERR_IMAGE_CONFIG;
	image_check(what, !get32(bytes, AT_ZERO), "reserved bytes");
	image_check(what, !get64(bytes, AT_SOURCES + 8 * VIC_PIC_CASCADE),
		    "IRQ 2");
	load(chips, bytes);
	for (uint32_t c = 0; c < 2; c++)
		check_chip(pic, bytes, &chips[c], c, what);
	return *what ? VIC_ERR_IMAGE_STATE : VIC_OK;
}

int vic_pic_restore(struct vic_pic *pic, const void *image, size_t size,
		    const char **what)
{
	const unsigned char *bytes = image;
	const char *wrong;
	int err = pic_image_check(pic, image, size, &wrong);

	if (what)
		*what = wrong;
	if (err)
		return err;
	for (uint32_t i = 0; i < PIC_IRQS; i++)
		pic->sources[i] = get64(bytes, AT_SOURCES + i * 8);
	load(pic->chips, bytes);
	return VIC_OK;
}
