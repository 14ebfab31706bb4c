/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The devices of a PC that interrupt: timer (8254), clock (MC146818A) and
 * serial port (16550A), through their pins of the IOAPIC and through the
 * PIC, by their data sheets.
 */

#include "lines.h"

#define VECTOR 0x61u
#define TIMES 5u

/* Line 0 is pin 2, as a PC's tables say. */
#define PIN_PIT 2u
#define PIN_SERIAL 4u
#define PIN_RTC 8u

#define PIT 0x40u
#define PIT_CONTROL 0x43u
#define PORT_B 0x61u
#define PIT_MILLISECOND 1193u

#define SERIAL 0x3f8u
#define SERIAL_IER (SERIAL + 1)
#define SERIAL_IIR (SERIAL + 2)
#define SERIAL_MCR (SERIAL + 4)
#define SERIAL_LSR (SERIAL + 5)
#define OUT2 8u
/* Much more than a FIFO holds. */
#define SERIAL_BYTES (26u * 4)

#define RTC 0x70u
#define RTC_A 0x0au
#define RTC_B 0x0bu
#define RTC_C 0x0cu

static void pit_start(uint32_t counter, uint32_t mode, uint32_t count)
{
	uint16_t port = (uint16_t)(PIT + counter);

	out8(PIT_CONTROL, (uint8_t)(counter << 6 | 0x30 | mode << 1));
	out8(port, (uint8_t)count);
	out8(port, (uint8_t)(count >> 8));
}

/* OUT stays low until a count is written: nothing comes any more. */
static void pit_stop(void)
{
	out8(PIT_CONTROL, 0x30);
}

/* Mode 0: one interrupt for each count that is written. */
static void one_shots(uint32_t vector)
{
	struct cpu *me = this_cpu();

	for (uint32_t i = 1; i <= TIMES && !failed(); i++) {
		pit_start(0, 0, PIT_MILLISECOND);
		expect_count(me, vector, i, "after a terminal count");
	}
	delay(3 * MILLISECOND);
	expect_count(me, vector, TIMES, "in all");
	pit_stop();
}

void check_pit_pin(void)
{
	pit_stop();
	pin_route(PIN_PIT, VECTOR, 0);
	one_shots(VECTOR);
	pin_route(PIN_PIT, PIN_MASKED, 0);
}

static void end_at_the_pic(struct cpu *me, uint32_t vector)
{
	(void)me;
	pic_eoi(vector - PIC_BASE);
}

void check_pit_pic(void)
{
	handlers[PIC_BASE] = end_at_the_pic;
	pit_stop();
	cli();
	pic_begin(ICW4_8086);
	pic_unmask(1);
	lint0_extint(true);
	sti();
	one_shots(PIC_BASE);
	lint0_extint(false);
	pic_end();
}

/* Modes 2 and 3: again and again, and not faster than the rate says. */
static void ticks(uint32_t mode)
{
	struct cpu *me = this_cpu();
	uint64_t start;
	uint32_t before;

	clear_counts();
	pit_start(0, mode, 2 * PIT_MILLISECOND);
	if (!reached(&me->count[VECTOR], TIMES))
		fail("mode %u: %u ticks", mode, me->count[VECTOR]);
	before = me->count[VECTOR];
	start = rdtsc();
	delay(20 * MILLISECOND);
	/* Much more time may have passed, so this takes it as it is. */
	if (me->count[VECTOR] - before >
	    (rdtsc() - start) / (2 * MILLISECOND) * 2 + 2)
		fail("mode %u: %u ticks in 20 ms", mode,
		     me->count[VECTOR] - before);
	pit_stop();
}

void check_pit_ticks(void)
{
	pit_stop();
	pin_route(PIN_PIT, VECTOR, 0);
	ticks(2);
	ticks(3);
	pin_route(PIN_PIT, PIN_MASKED, 0);
	quiet();
}

/* Counter 2 counts while port 0x61 lets it, and that shows its output. */
void check_pit_gate(void)
{
	struct cpu *me = this_cpu();
	uint64_t start;

	out8(PORT_B, 0);
	pit_start(2, 0, PIT_MILLISECOND);
	delay(3 * MILLISECOND);
	expect_reg(me, "OUT of counter 2", in8(PORT_B) & 0x20, 0,
		   "while its gate is closed");
	out8(PIT_CONTROL, 2 << 6);
	expect_reg(me, "counter 2", in8(PIT + 2) | (uint32_t)in8(PIT + 2) << 8,
		   PIT_MILLISECOND, "while its gate is closed");
	out8(PORT_B, 1);
	start = rdtsc();
	while (!(in8(PORT_B) & 0x20) && !out_of_patience(start))
		pause();
	expect_reg(me, "OUT of counter 2", in8(PORT_B) & 0x20, 0x20,
		   "after the terminal count");
	out8(PORT_B, 0);
}

/* note[0]: the text; a byte for each interrupt: the transmitter is empty. */
static void transmit(struct cpu *me, uint32_t vector)
{
	static const char text[] = "info the serial port interrupts\n";
	uint32_t iir = in8(SERIAL_IIR);

	(void)vector;
	if ((iir & 0xf) != 2)
		fail("IIR is %x", iir);
	else if (me->note[0] < sizeof(text) - 1)
		out8(SERIAL, (uint8_t)text[me->note[0]++]);
	else
		me->note[1]++;
	apic_eoi();
}

void check_serial_irq(void)
{
	struct cpu *me = this_cpu();

	handlers[VECTOR] = transmit;
	me->note[0] = 0;
	me->note[1] = 0;
	pin_route(PIN_SERIAL, VECTOR, 0);
	out8(SERIAL_MCR, OUT2);
	out8(SERIAL_IER, 2);
	if (!reached(&me->note[1], 1))
		fail("%u bytes, IIR is %x", me->note[0], in8(SERIAL_IIR));
	quiet();
	expect_reg(me, "the number of ends", me->note[1], 1, "");
	expect_reg(me, "IIR", in8(SERIAL_IIR) & 0xf, 1, "when all is sent");
	expect_reg(me, "LSR", in8(SERIAL_LSR) & 0x61, 0x60, "when all is sent");
	out8(SERIAL_IER, 0);
	out8(SERIAL_MCR, 0);
	pin_route(PIN_SERIAL, PIN_MASKED, 0);
}

bool serial_offered(void)
{
	return in8(SERIAL_LSR) & 1;
}

/* note[0]: bytes that came; note[1]: the first that was not right. */
static void receive(struct cpu *me, uint32_t vector)
{
	(void)vector;
	while ((in8(SERIAL_IIR) & 0xf) != 1) {
		uint8_t expected = (uint8_t)('a' + me->note[0] % 26);
		uint8_t byte = in8(SERIAL);

		if (byte != expected && !me->note[1])
			me->note[1] = 1u << 8 | byte;
		me->note[0]++;
	}
	apic_eoi();
}

/*
 * The VMM's input is a byte, which is thrown away when FIFOs are turned on,
 * and four times the alphabet.
 */
void check_serial_input(void)
{
	struct cpu *me = this_cpu();

	handlers[VECTOR] = receive;
	me->note[0] = 0;
	me->note[1] = 0;
	pin_route(PIN_SERIAL, VECTOR, 0);
	/* FIFOs, an interrupt for 14 bytes. */
	out8(SERIAL_IIR, 0xc1);
	out8(SERIAL_MCR, OUT2);
	out8(SERIAL_IER, 1);
	if (!reached(&me->note[0], SERIAL_BYTES))
		fail("%u bytes came", me->note[0]);
	quiet();
	expect_reg(me, "the number of bytes", me->note[0], SERIAL_BYTES,
		   "in all");
	out8(SERIAL_IER, 0);
	expect_reg(me, "the first wrong byte", me->note[1], 0, "");
	out8(SERIAL_IIR, 0);
	out8(SERIAL_MCR, 0);
	pin_route(PIN_SERIAL, PIN_MASKED, 0);
}

static uint32_t rtc_read(uint32_t reg)
{
	out8(RTC, (uint8_t)reg);
	return in8(RTC + 1);
}

static void rtc_write(uint32_t reg, uint32_t value)
{
	out8(RTC, (uint8_t)reg);
	out8(RTC + 1, (uint8_t)value);
}

/* note[0]: interrupts whose flags were right. */
static void tick(struct cpu *me, uint32_t vector)
{
	(void)vector;
	if ((rtc_read(RTC_C) & 0xc0) == 0xc0)
		me->note[0]++;
	apic_eoi();
}

/* Its line is high from the flag on until C is read. */
void check_rtc_irq(void)
{
	struct cpu *me = this_cpu();

	handlers[VECTOR] = tick;
	me->note[0] = 0;
	pin_route(PIN_RTC, VECTOR, 0);
	/* 256 Hz; periodic interrupts, 24 hours. */
	rtc_write(RTC_A, 0x28);
	rtc_read(RTC_C);
	rtc_write(RTC_B, 0x42);
	if (!reached(&me->note[0], TIMES))
		fail("%u periodic interrupts", me->note[0]);
	/* The handler moves the index. */
	cli();
	rtc_write(RTC_B, 0x02);
	rtc_read(RTC_C);
	sti();
	quiet();
	/* One may have been on its way. */
	if (me->count[VECTOR] - me->note[0] > 1)
		fail("%u interrupts, but %u with the flags", me->count[VECTOR],
		     me->note[0]);
	pin_route(PIN_RTC, PIN_MASKED, 0);
	rtc_write(RTC_A, 0x26);
}

/* A date in this century, in BCD; memory that keeps what is written. */
void check_rtc_registers(void)
{
	struct cpu *me = this_cpu();

	expect_reg(me, "the century", rtc_read(0x32), 0x20, "in BCD");
	if (rtc_read(9) < 0x24 || rtc_read(9) > 0x99 || rtc_read(8) > 0x12 ||
	    rtc_read(7) > 0x31 || rtc_read(4) > 0x23)
		fail("year %x month %x day %x hour %x", rtc_read(9),
		     rtc_read(8), rtc_read(7), rtc_read(4));
	expect_reg(me, "D", rtc_read(0x0d), 0x80, "with a battery");
	rtc_write(0x40, 0x5a);
	expect_reg(me, "memory", rtc_read(0x40), 0x5a, "after a write");
}

static uint32_t fw_cfg(uint16_t item, uint32_t bytes)
{
	uint32_t value = 0;

	out16(0x510, item);
	for (uint32_t i = 0; i < bytes; i++)
		value |= (uint32_t)in8(0x511) << 8 * i;
	return value;
}

void check_fw_cfg(void)
{
	struct cpu *me = this_cpu();

	expect_reg(me, "the signature", fw_cfg(0, 4), 0x554d4551, "");
	expect_reg(me, "the number of CPUs", fw_cfg(5, 2), nr_cpus, "");
	expect_reg(me, "the most CPUs", fw_cfg(0xf, 2), nr_cpus, "");
	expect_reg(me, "the number of files", fw_cfg(0x19, 4), 0, "");
	if (fw_cfg(3, 4) < 4u << 20)
		fail("%x bytes of memory", fw_cfg(3, 4));
}

/* What has a fixed answer. */
void check_ports(void)
{
	struct cpu *me = this_cpu();

	out32(0xcf8, 0x80000000);
	expect_reg(me, "PCI's configuration", in32(0xcfc), 0xffffffff,
		   "without PCI");
	expect_reg(me, "port A", in8(0x92), 2, "");
	expect_reg(me, "PM1 control", in8(0x604), 1, "in ACPI mode");
	expect_reg(me, "PM1 status", in8(0x600) | in8(0x601), 0, "");
	/* Where nothing is. */
	expect_reg(me, "a port", in8(0x3e8), 0xff, "that nobody has");
}
