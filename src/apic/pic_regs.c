/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A guest's accesses to a pair of 8259A: the data sheet's "Initialization
 * command words" and "Operation command words"; ELCR as in Intel's ICH.
 */
#include "apic/pic_priv.h"

/* The datasheet's list of what ICW1 does. */
static void icw1(struct pic_chip *chip, uint8_t value)
{
	chip->icw1 = value;
	chip->ready = false;
	chip->step = 2;
	chip->irr = 0;
	chip->isr = 0;
	chip->imr = 0;
	chip->lowest = PIC_INPUTS - 1;
	chip->special_mask = false;
	chip->rotate = false;
	chip->read_isr = false;
	chip->poll = false;
	if (!(value & VIC_PIC_ICW1_IC4))
		chip->icw4 = 0;
	pic_set_level(chip);
}

/* A word that is expected at A0 = 1, and which is next. */
static void icw(struct pic_chip *chip, uint8_t value)
{
	const uint8_t after3 = chip->icw1 & VIC_PIC_ICW1_IC4 ? 4 : 0;

	switch (chip->step) {
	case 2:
		chip->base = value & VIC_PIC_ICW2_BASE;
		chip->step = chip->icw1 & VIC_PIC_ICW1_SNGL ? after3 : 3;
		break;
	case 3:
		chip->icw3 = value;
		chip->step = after3;
		break;
	default:
		chip->icw4 = value & 0x1f;
		chip->step = 0;
		break;
	}
	chip->ready = !chip->step;
}

/* The input that a non-specific EOI ends; PIC_INPUTS for none. */
static uint32_t non_specific(const struct pic_chip *chip)
{
	uint32_t bits = chip->isr;

	if (chip->special_mask)
		bits &= ~(uint32_t)chip->imr;
	return bits ? pic_highest(chip, bits) : PIC_INPUTS;
}

static void ocw2(struct pic_call *call, uint32_t c, uint8_t value)
{
	struct pic_chip *chip = &call->pic->chips[c];
	bool rotate = value & VIC_PIC_OCW2_R;
	bool specific = value & VIC_PIC_OCW2_SL;
	uint32_t n = value & VIC_PIC_OCW2_LEVEL;

	if (!(value & VIC_PIC_OCW2_EOI)) {
		if (!specific)
			chip->rotate = rotate;
		else if (rotate)
			chip->lowest = (uint8_t)n;
		return;
	}
	if (!specific) {
		n = non_specific(chip);
		if (n == PIC_INPUTS)
			return;
	}
	if (chip->isr >> n & 1)
		pic_finish(call, c, n);
	if (rotate)
		chip->lowest = (uint8_t)n;
}

static void ocw3(struct pic_chip *chip, uint8_t value)
{
	if (value & VIC_PIC_OCW3_P)
		chip->poll = true;
	if (value & VIC_PIC_OCW3_RR)
		chip->read_isr = value & VIC_PIC_OCW3_RIS;
	if (value & VIC_PIC_OCW3_ESMM)
		chip->special_mask = value & VIC_PIC_OCW3_SMM;
}

static void write_a0(struct pic_chip *chip, uint8_t value)
{
	if (chip->step)
		icw(chip, value);
	else
		chip->imr = value;
}

static void write_command(struct pic_call *call, uint32_t c, uint8_t value)
{
	if (value & VIC_PIC_ICW1)
		icw1(&call->pic->chips[c], value);
	else if (value & VIC_PIC_OCW3)
		ocw3(&call->pic->chips[c], value);
	else
		ocw2(call, c, value);
}

static void write_elcr(struct pic_chip *chip, uint32_t value)
{
	chip->elcr = (uint8_t)value;
	pic_set_level(chip);
}

enum vic_access pic_write(struct vic_pic *pic, struct vic_counters *counters,
			  uint32_t port, uint8_t value)
{
	enum vic_access result = VIC_ACCESS_DONE;
	struct pic_call call;

	pic_begin(&call, pic, counters);
	switch (port) {
	case VIC_PIC_MASTER:
		write_command(&call, PIC_CHIP_MASTER, value);
		break;
	case VIC_PIC_SLAVE:
		write_command(&call, PIC_CHIP_SLAVE, value);
		break;
	case VIC_PIC_MASTER_A0:
		write_a0(&pic->chips[PIC_CHIP_MASTER], value);
		break;
	case VIC_PIC_SLAVE_A0:
		write_a0(&pic->chips[PIC_CHIP_SLAVE], value);
		break;
	case VIC_PIC_ELCR_MASTER:
		write_elcr(&pic->chips[PIC_CHIP_MASTER],
			   value & PIC_ELCR_MASTER);
		break;
	case VIC_PIC_ELCR_SLAVE:
		write_elcr(&pic->chips[PIC_CHIP_SLAVE], value & PIC_ELCR_SLAVE);
		break;
	default:
		result = VIC_ACCESS_FOREIGN;
		break;
	}
	pic_end(&call);
	return result;
}

static uint32_t read_chip(struct pic_call *call, uint32_t c, bool a0)
{
	struct pic_chip *chip = &call->pic->chips[c];
	uint32_t n;

	if (chip->poll) {
		chip->poll = false;
		n = pic_service(call, c);
		return n == PIC_INPUTS ? PIC_SPURIOUS : VIC_PIC_POLL_I | n;
	}
	if (a0)
		return chip->imr;
	return chip->read_isr ? chip->isr : chip->irr;
}

enum vic_access vic_pic_read(struct vic_pic *pic, struct vic_counters *counters,
			     uint32_t port, uint8_t *value)
{
	enum vic_access result = VIC_ACCESS_DONE;
	struct pic_call call;
	uint32_t v = 0;

	pic_begin(&call, pic, counters);
	switch (port) {
	case VIC_PIC_MASTER:
	case VIC_PIC_MASTER_A0:
		v = read_chip(&call, PIC_CHIP_MASTER, port & 1);
		break;
	case VIC_PIC_SLAVE:
	case VIC_PIC_SLAVE_A0:
		v = read_chip(&call, PIC_CHIP_SLAVE, port & 1);
		break;
	case VIC_PIC_ELCR_MASTER:
		v = pic->chips[PIC_CHIP_MASTER].elcr;
		break;
	case VIC_PIC_ELCR_SLAVE:
		v = pic->chips[PIC_CHIP_SLAVE].elcr;
		break;
	default:
		result = VIC_ACCESS_FOREIGN;
		break;
	}
	pic_end(&call);
	if (result == VIC_ACCESS_DONE)
		*value = (uint8_t)v;
	return result;
}
