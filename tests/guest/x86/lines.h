/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Lines of devices, and the guest's own view of what they lead to: the
 * IOAPIC (Intel 82093AA data sheet) and the pair of 8259A (order 231468).
 * As in apic.h nothing is shared with libvic on purpose.
 */
#ifndef GUEST_LINES_H
#define GUEST_LINES_H

#include "expect.h"

/*
 * The VMM's test device. A write to port LINE_PORT + n drives line n, which
 * is pin n of the IOAPIC and, below 16, IRQ n of the PIC. A second device
 * shares each line. Line 2 is no IRQ: the slave is there.
 */
#define LINE_PORT 0x2000u
#define SHARED_LINE_PORT 0x2020u
/* One that keeps its line up until the EOI. */
#define EOI_LINE_PORT 0x2040u

void line(uint32_t n, bool up);
void shared_line(uint32_t n, bool up);
void line_until_eoi(uint32_t n);

/* IOAPIC */
#define IOAPIC_ADDRESS 0xfec00000u
#define IOAPIC_ID 0u
#define IOAPIC_VER 1u
#define IOAPIC_ARB 2u
#define IOAPIC_ENTRY 0x10u
#define IOAPIC_PINS 24u

#define PIN_LOWEST (1u << 8)
#define PIN_NMI (4u << 8)
#define PIN_EXTINT (7u << 8)
#define PIN_LOGICAL (1u << 11)
#define PIN_BUSY (1u << 12)
#define PIN_REMOTE_IRR (1u << 14)
#define PIN_LEVEL (1u << 15)
#define PIN_MASKED (1u << 16)

uint32_t ioapic_index(void);
void ioapic_select(uint32_t index);
uint32_t ioapic_read(uint32_t index);
void ioapic_write(uint32_t index, uint32_t value);
/* Version 0x20 and later have it. */
bool ioapic_has_eoi(void);
void ioapic_eoi(uint32_t vector);
/* The low half of a pin's entry: read it, write it. */
uint32_t pin_read(uint32_t pin);
void pin_write(uint32_t pin, uint32_t low);
/* Where its messages go; the low half stays. */
void pin_aim(uint32_t pin, uint32_t dest);
void pin_route(uint32_t pin, uint32_t low, uint32_t dest);
/* Masked, edge, with its lines down. */
void pin_end(uint32_t pin);

/* PIC: `chip` is its command port. */
#define PIC_MASTER 0x20u
#define PIC_SLAVE 0xa0u
#define PIC_ELCR 0x4d0u
#define PIC_BASE 0xd0u

#define ICW4_8086 0x01u
#define ICW4_AEOI 0x02u
#define ICW4_SFNM 0x10u
#define OCW2_EOI 0x20u
#define OCW3_IRR 0x0au
#define OCW3_ISR 0x0bu
#define OCW3_POLL 0x0cu

/* Vectors from PIC_BASE on, all IRQs but the slave's masked. */
void pic_begin(uint32_t icw4);
/* All masked, edge, lines down. */
void pic_end(void);
void pic_command(uint32_t chip, uint32_t value);
uint32_t pic_read(uint32_t chip);
/* IRR or ISR of both; bit n is IRQ n. */
uint32_t pic_both(uint32_t ocw3);
void pic_unmask(uint32_t irqs);
void pic_eoi(uint32_t irq);

#endif
