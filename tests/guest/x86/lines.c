/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "lines.h"

#define IOREGSEL 0x00u
#define IOWIN 0x10u
#define IOEOI 0x40u

void line(uint32_t n, bool up)
{
	out32((uint16_t)(LINE_PORT + n), up);
}

void shared_line(uint32_t n, bool up)
{
	out32((uint16_t)(SHARED_LINE_PORT + n), up);
}

void line_until_eoi(uint32_t n)
{
	out32((uint16_t)(EOI_LINE_PORT + n), 1);
}

static volatile uint32_t *ioapic(uint32_t offset)
{
	return (volatile uint32_t *)(uint64_t)(IOAPIC_ADDRESS + offset);
}

uint32_t ioapic_index(void)
{
	return *ioapic(IOREGSEL);
}

void ioapic_select(uint32_t index)
{
	*ioapic(IOREGSEL) = index;
}

uint32_t ioapic_read(uint32_t index)
{
	ioapic_select(index);
	return *ioapic(IOWIN);
}

void ioapic_write(uint32_t index, uint32_t value)
{
	ioapic_select(index);
	*ioapic(IOWIN) = value;
}

bool ioapic_has_eoi(void)
{
	return (ioapic_read(IOAPIC_VER) & 0xff) >= 0x20;
}

void ioapic_eoi(uint32_t vector)
{
	*ioapic(IOEOI) = vector;
}

uint32_t pin_read(uint32_t pin)
{
	return ioapic_read(IOAPIC_ENTRY + 2 * pin);
}

void pin_write(uint32_t pin, uint32_t low)
{
	ioapic_write(IOAPIC_ENTRY + 2 * pin, low);
}

void pin_aim(uint32_t pin, uint32_t dest)
{
	ioapic_write(IOAPIC_ENTRY + 2 * pin + 1, dest << 24);
}

void pin_route(uint32_t pin, uint32_t low, uint32_t dest)
{
	pin_aim(pin, dest);
	pin_write(pin, low);
}

void pin_end(uint32_t pin)
{
	line(pin, false);
	shared_line(pin, false);
	pin_route(pin, PIN_MASKED, 0);
}

void pic_command(uint32_t chip, uint32_t value)
{
	out8((uint16_t)chip, (uint8_t)value);
}

uint32_t pic_read(uint32_t chip)
{
	return in8((uint16_t)chip);
}

static void pic_init(uint32_t chip, uint32_t base, uint32_t wire, uint32_t icw4)
{
	pic_command(chip, 0x11);
	pic_command(chip + 1, base);
	pic_command(chip + 1, wire);
	pic_command(chip + 1, icw4);
}

/* Bit n: IRQ n is masked. */
static void pic_mask(uint32_t irqs)
{
	pic_command(PIC_MASTER + 1, irqs & 0xff);
	pic_command(PIC_SLAVE + 1, irqs >> 8);
}

void pic_begin(uint32_t icw4)
{
	pic_command(PIC_ELCR, 0);
	pic_command(PIC_ELCR + 1, 0);
	pic_init(PIC_MASTER, PIC_BASE, 1 << 2, icw4);
	/* The slave has no slave. */
	pic_init(PIC_SLAVE, PIC_BASE + 8, 2, icw4 & ~ICW4_SFNM);
	pic_unmask(0);
}

void pic_end(void)
{
	for (uint32_t n = 1; n < 16; n++) {
		if (n != 2)
			line(n, false);
	}
	pic_begin(ICW4_8086);
	pic_mask(0xffff);
}

uint32_t pic_both(uint32_t ocw3)
{
	pic_command(PIC_MASTER, ocw3);
	pic_command(PIC_SLAVE, ocw3);
	return pic_read(PIC_MASTER) | pic_read(PIC_SLAVE) << 8;
}

void pic_unmask(uint32_t irqs)
{
	pic_mask(~(irqs | 1 << 2) & 0xffff);
}

void pic_eoi(uint32_t irq)
{
	if (irq >= 8)
		pic_command(PIC_SLAVE, OCW2_EOI);
	pic_command(PIC_MASTER, OCW2_EOI);
}
