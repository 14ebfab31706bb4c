/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* vic-kvm's serial port: National Semiconductor 16550A data sheet. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "serial.h"

enum {
	DATA,
	IER,
	IIR,
	LCR,
	MCR,
	LSR,
	MSR,
	SCR
};

#define FCR IIR
#define LOOP 0x10u

static struct serial serial;
static uint8_t sent[64];
static uint32_t nr_sent;

static void send(void *opaque, uint8_t byte)
{
	assert_ptr_equal(opaque, &nr_sent);
	sent[nr_sent++] = byte;
}

static int setup(void **state)
{
	(void)state;
	nr_sent = 0;
	serial_init(&serial, send, &nr_sent);
	return 0;
}

static uint8_t get(uint32_t reg)
{
	return serial_read(&serial, (uint16_t)(SERIAL_PORT + reg));
}

static void set(uint32_t reg, uint32_t value)
{
	serial_write(&serial, (uint16_t)(SERIAL_PORT + reg), (uint8_t)value);
}

static void come(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		serial_receive(&serial, (uint8_t)('a' + i));
}

/* Table of reset values; the lines of a modem that is there. */
static void reset(void **state)
{
	(void)state;
	assert_int_equal(get(IER), 0);
	assert_int_equal(get(IIR), 0x01);
	assert_int_equal(get(LCR), 0);
	assert_int_equal(get(MCR), 0);
	assert_int_equal(get(LSR), 0x60);
	assert_int_equal(get(MSR), 0xb0);
	assert_false(serial_irq(&serial));
}

static void divisor_and_scratch(void **state)
{
	(void)state;
	set(LCR, 0x83);
	set(DATA, 0x0c);
	set(IER, 0x01);
	assert_int_equal(get(DATA), 0x0c);
	assert_int_equal(get(IER), 0x01);
	set(LCR, 0x03);
	assert_int_equal(get(IER), 0);
	assert_int_equal(nr_sent, 0);
	set(SCR, 0x5a);
	assert_int_equal(get(SCR), 0x5a);
	/* The upper bits of IER and MCR are 0. */
	set(IER, 0xf0);
	set(MCR, 0xe0);
	assert_int_equal(get(IER), 0);
	assert_int_equal(get(MCR), 0);
}

static void transmits(void **state)
{
	(void)state;
	set(DATA, 'v');
	set(DATA, 'i');
	assert_int_equal(nr_sent, 2);
	assert_memory_equal(sent, "vi", 2);
	assert_int_equal(get(LSR), 0x60);
	/* Nobody asked for an interrupt. */
	assert_int_equal(get(IIR), 0x01);
}

/* It comes with the enable and with each byte; reading IIR ends it. */
static void transmitter_empty(void **state)
{
	(void)state;
	set(IER, 0x02);
	assert_true(serial_irq(&serial));
	assert_int_equal(get(IIR), 0x02);
	assert_false(serial_irq(&serial));
	assert_int_equal(get(IIR), 0x01);
	set(DATA, 'x');
	assert_true(serial_irq(&serial));
	assert_int_equal(get(IIR), 0x02);
	/* Enabled already: no news. */
	set(IER, 0x02);
	assert_int_equal(get(IIR), 0x01);
	set(IER, 0x00);
	set(IER, 0x02);
	assert_int_equal(get(IIR), 0x02);
}

static void receives(void **state)
{
	(void)state;
	come(1);
	assert_int_equal(get(LSR), 0x61);
	assert_int_equal(get(IIR), 0x01);
	set(IER, 0x01);
	assert_int_equal(get(IIR), 0x04);
	assert_true(serial_irq(&serial));
	assert_int_equal(get(DATA), 'a');
	assert_int_equal(get(LSR), 0x60);
	assert_false(serial_irq(&serial));
}

/* One byte: the next one takes its place. */
static void overrun_without_fifos(void **state)
{
	(void)state;
	assert_int_equal(serial_room(&serial), 1);
	come(2);
	assert_int_equal(serial_room(&serial), 0);
	set(IER, 0x05);
	assert_int_equal(get(IIR), 0x06);
	assert_int_equal(get(LSR), 0x63);
	assert_int_equal(get(LSR), 0x61);
	assert_int_equal(get(IIR), 0x04);
	assert_int_equal(get(DATA), 'b');
}

/* 16 bytes: the next one is lost. */
static void overrun_of_the_fifo(void **state)
{
	(void)state;
	set(FCR, 0x01);
	assert_int_equal(serial_room(&serial), 16);
	come(17);
	assert_int_equal(serial_room(&serial), 0);
	assert_int_equal(get(LSR), 0x63);
	for (uint32_t i = 0; i < 16; i++)
		assert_int_equal(get(DATA), 'a' + i);
	assert_int_equal(get(LSR), 0x60);
}

/* At the trigger level; below it after a while, which is at once here. */
static void trigger_levels(void **state)
{
	static const uint8_t levels[] = {1, 4, 8, 14};

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		set(FCR, 0x03 | i << 6);
		set(IER, 0x01);
		assert_int_equal(get(IIR), 0xc1);
		for (uint32_t n = 1; n <= 16; n++) {
			come(1);
			assert_int_equal(get(IIR), n < levels[i] ? 0xcc : 0xc4);
		}
		for (uint32_t n = 16; n; n--) {
			assert_int_equal(get(IIR), n < levels[i] ? 0xcc : 0xc4);
			get(DATA);
		}
		assert_int_equal(get(IIR), 0xc1);
	}
}

static void fifo_control(void **state)
{
	(void)state;
	set(FCR, 0x01);
	come(3);
	/* A trigger level alone keeps them. */
	set(FCR, 0x41);
	assert_int_equal(serial_room(&serial), 13);
	set(FCR, 0x43);
	assert_int_equal(serial_room(&serial), 16);
	assert_int_equal(get(LSR), 0x60);
	/* So does turning them off, and on. */
	come(3);
	set(FCR, 0x00);
	assert_int_equal(get(IIR), 0x01);
	assert_int_equal(serial_room(&serial), 1);
}

/* Line status, received data, transmitter empty, modem status. */
static void priorities(void **state)
{
	(void)state;
	set(MCR, LOOP);
	get(MSR);
	set(MCR, 0);
	set(IER, 0x0f);
	come(2);
	assert_int_equal(get(IIR), 0x06);
	get(LSR);
	assert_int_equal(get(IIR), 0x04);
	get(DATA);
	assert_int_equal(get(IIR), 0x02);
	assert_int_equal(get(IIR), 0x00);
	get(MSR);
	assert_int_equal(get(IIR), 0x01);
}

/* Bytes and modem lines come back; the wire is idle. */
static void loopback(void **state)
{
	(void)state;
	set(MCR, LOOP | 0x0a);
	assert_int_equal(get(MSR) & 0xf0, 0x90);
	set(MCR, LOOP | 0x05);
	assert_int_equal(get(MSR) & 0xf0, 0x60);
	set(IER, 0x01);
	set(MCR, LOOP);
	serial_receive(&serial, 'w');
	assert_int_equal(get(LSR), 0x60);
	assert_int_equal(serial_room(&serial), 0);
	set(DATA, 'x');
	assert_int_equal(nr_sent, 0);
	assert_int_equal(get(IIR), 0x04);
	assert_int_equal(get(DATA), 'x');
}

/* Changes of CTS, DSR, DCD, and the end of RI; reading MSR ends them. */
static void modem_changes(void **state)
{
	(void)state;
	set(MCR, LOOP | 0x0b);
	assert_int_equal(get(MSR), 0xb0);
	set(MCR, LOOP | 0x04);
	assert_int_equal(get(MSR), 0x4b);
	assert_int_equal(get(MSR), 0x40);
	set(MCR, LOOP);
	assert_int_equal(get(MSR), 0x04);
	/* What is not read yet stays. */
	set(MCR, LOOP | 0x01);
	set(MCR, LOOP | 0x03);
	assert_int_equal(get(MSR), 0x33);
}

#define CASE(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(reset),
		CASE(divisor_and_scratch),
		CASE(transmits),
		CASE(transmitter_empty),
		CASE(receives),
		CASE(overrun_without_fifos),
		CASE(overrun_of_the_fifo),
		CASE(trigger_levels),
		CASE(fifo_control),
		CASE(priorities),
		CASE(loopback),
		CASE(modem_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
