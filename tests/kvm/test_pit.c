/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* vic-kvm's interval timer: Intel 8254 data sheet, order 231164. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pit.h"

#define CONTROL (PIT_PORT + 3)
#define BOTH 0x30u
#define MODE(n) ((uint32_t)(n) << 1)
#define BCD 1u
#define SELECT(n) ((uint32_t)(n) << 6)
/* When the tests begin: no round number. */
#define T UINT64_C(12345677)

static struct pit pit;

static int setup(void **state)
{
	(void)state;
	pit_init(&pit);
	return 0;
}

static void control(uint64_t tick, uint32_t word)
{
	pit_write(&pit, tick, CONTROL, (uint8_t)word);
}

static void count(uint64_t tick, uint16_t counter, uint32_t value)
{
	pit_write(&pit, tick, PIT_PORT + counter, (uint8_t)value);
	pit_write(&pit, tick, PIT_PORT + counter, (uint8_t)(value >> 8));
}

/* Counter 0 in @mode with the count @value, written at T. */
static void start(uint32_t mode, uint32_t value)
{
	control(T, BOTH | MODE(mode));
	count(T, 0, value);
}

static uint32_t read_both(uint64_t tick, uint16_t counter)
{
	uint32_t low = pit_read(&pit, tick, PIT_PORT + counter);

	return low | (uint32_t)pit_read(&pit, tick, PIT_PORT + counter) << 8;
}

static bool out0(uint64_t tick)
{
	return pit_out(&pit, tick, 0);
}

/* Mode 0: OUT goes high N + 1 clocks after the count is written. */
static void terminal_count(void **state)
{
	(void)state;
	control(T, BOTH | MODE(0));
	assert_false(out0(T));
	assert_false(out0(T + 100000));
	count(T + 10, 0, 1000);
	assert_false(out0(T + 10 + 1000));
	assert_true(out0(T + 10 + 1001));
	assert_true(out0(T + 10 + 1000000));
	assert_int_equal(read_both(T + 10 + 1, 0), 1000);
	assert_int_equal(read_both(T + 10 + 1000, 0), 1);
	assert_int_equal(read_both(T + 10 + 1001, 0), 0);
	/* It goes on counting. */
	assert_int_equal(read_both(T + 10 + 1002, 0), 0xffff);
}

/* Mode 0: the first byte of a new count stops the old one, OUT is low. */
static void first_byte_stops_mode_0(void **state)
{
	(void)state;
	start(0, 100);
	assert_true(out0(T + 101));
	pit_write(&pit, T + 200, PIT_PORT, 50);
	assert_false(out0(T + 200));
	assert_false(out0(T + 100000));
	pit_write(&pit, T + 300, PIT_PORT, 0);
	assert_false(out0(T + 350));
	assert_true(out0(T + 351));
}

/* Mode 2: low for the last clock of each period. */
static void rate_generator(void **state)
{
	(void)state;
	control(T, BOTH | MODE(2));
	assert_true(out0(T));
	count(T, 0, 10);
	for (uint32_t i = 0; i < 35; i++) {
		assert_int_equal(out0(T + 1 + i), i % 10 != 9);
		assert_int_equal(read_both(T + 1 + i, 0), 10 - i % 10);
	}
}

/* Mode 2: a new count waits for the end of the period. */
static void new_rate_after_the_period(void **state)
{
	(void)state;
	start(2, 100);
	count(T + 1 + 130, 0, 40);
	assert_int_equal(read_both(T + 1 + 199, 0), 1);
	assert_false(out0(T + 1 + 199));
	assert_int_equal(read_both(T + 1 + 200, 0), 40);
	assert_false(out0(T + 1 + 239));
	assert_true(out0(T + 1 + 240));
}

/* Mode 3: an odd count is high for one clock more than it is low. */
static void square_wave(void **state)
{
	static const uint8_t odd[] = {4, 2, 0, 4, 2};
	static const uint8_t even[] = {6, 4, 2, 6, 4, 2};

	(void)state;
	start(3, 5);
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(out0(T + 1 + i), i % 5 < 3);
		assert_int_equal(read_both(T + 1 + i, 0), odd[i % 5]);
	}
	start(3, 6);
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(out0(T + 1 + i), i % 6 < 3);
		assert_int_equal(read_both(T + 1 + i, 0), even[i % 6]);
	}
}

/* Mode 3: a new count waits for the end of the half. */
static void new_wave_after_the_half(void **state)
{
	(void)state;
	start(3, 100);
	/* In the high half: the low one is 5 clocks. */
	count(T + 1 + 10, 0, 10);
	assert_true(out0(T + 1 + 49));
	assert_false(out0(T + 1 + 50));
	assert_false(out0(T + 1 + 54));
	assert_true(out0(T + 1 + 55));
	/* In that low half: the high one that follows is 20 clocks. */
	count(T + 1 + 51, 0, 40);
	assert_true(out0(T + 1 + 55));
	assert_true(out0(T + 1 + 74));
	assert_false(out0(T + 1 + 75));
}

/* Mode 4: low for one clock, N + 1 clocks after the count was written. */
static void strobe(void **state)
{
	(void)state;
	start(4, 30);
	assert_true(out0(T + 30));
	assert_false(out0(T + 31));
	assert_true(out0(T + 32));
	assert_int_equal(pit_next_rise(&pit, T), T + 32);
	assert_int_equal(pit_next_rise(&pit, T + 32), PIT_NEVER);
}

static void modes_6_and_7_are_2_and_3(void **state)
{
	(void)state;
	start(6, 10);
	assert_false(out0(T + 10));
	assert_true(out0(T + 11));
	start(7, 10);
	assert_true(out0(T + 5));
	assert_false(out0(T + 6));
}

static void zero_is_the_largest_count(void **state)
{
	(void)state;
	start(0, 0);
	assert_false(out0(T + 0x10000));
	assert_true(out0(T + 0x10001));
	control(T, BOTH | MODE(0) | BCD);
	count(T, 0, 0);
	assert_false(out0(T + 10000));
	assert_true(out0(T + 10001));
}

static void binary_coded_decimal(void **state)
{
	(void)state;
	control(T, BOTH | MODE(0) | BCD);
	count(T, 0, 0x1234);
	assert_int_equal(read_both(T + 1, 0), 0x1234);
	assert_int_equal(read_both(T + 1 + 35, 0), 0x1199);
	assert_true(out0(T + 1235));
	assert_false(out0(T + 1234));
	assert_int_equal(read_both(T + 1236, 0), 0x9999);
}

/* One byte: the other one is 0. */
static void low_or_high_byte_alone(void **state)
{
	(void)state;
	control(T, 0x10 | MODE(0));
	pit_write(&pit, T, PIT_PORT, 200);
	assert_int_equal(pit_read(&pit, T + 1, PIT_PORT), 200);
	assert_int_equal(pit_read(&pit, T + 2, PIT_PORT), 199);
	assert_true(out0(T + 201));
	control(T, 0x20 | MODE(0));
	pit_write(&pit, T, PIT_PORT, 2);
	assert_int_equal(pit_read(&pit, T + 1, PIT_PORT), 2);
	assert_int_equal(pit_read(&pit, T + 2, PIT_PORT), 1);
	assert_false(out0(T + 512));
	assert_true(out0(T + 513));
}

/* A latched count waits to be read; a second latch command is ignored. */
static void counter_latch(void **state)
{
	(void)state;
	start(2, 1000);
	control(T + 1 + 100, SELECT(0));
	control(T + 1 + 200, SELECT(0));
	assert_int_equal(read_both(T + 1 + 300, 0), 900);
	assert_int_equal(read_both(T + 1 + 300, 0), 700);
}

/* Read-back: status, then count; both latched by one command. */
static void read_back(void **state)
{
	(void)state;
	control(T, SELECT(1) | BOTH | MODE(2));
	/* OUT, null count, both bytes, mode 2. */
	control(T, 0xe0 | 0x4);
	assert_int_equal(pit_read(&pit, T, PIT_PORT + 1), 0xf4);
	count(T, 1, 500);
	/* Not loaded before the next clock. */
	control(T, 0xe0 | 0x4);
	assert_int_equal(pit_read(&pit, T, PIT_PORT + 1), 0xf4);
	control(T + 1, 0xe0 | 0x4);
	assert_int_equal(pit_read(&pit, T + 1, PIT_PORT + 1), 0xb4);
	/* The last clock of a period: OUT is low. */
	control(T + 500, 0xc0 | 0x4);
	assert_int_equal(pit_read(&pit, T + 600, PIT_PORT + 1), 0x34);
	assert_int_equal(read_both(T + 600, 1), 1);
	/* A count that waits for the end of the period is not loaded. */
	count(T + 610, 1, 500);
	control(T + 620, 0xe0 | 0x4);
	assert_int_equal(pit_read(&pit, T + 620, PIT_PORT + 1), 0xf4);
	/* Only the counters that are selected. */
	control(T + 700, 0xd0 | 0x2);
	assert_int_equal(read_both(T + 701, 1), 500 - 200);
}

/* Port 0x61: counter 2 counts while bit 0 is 1, and is seen in bit 5. */
static void gate_stops_mode_0(void **state)
{
	(void)state;
	control(T, SELECT(2) | BOTH | MODE(0));
	count(T, 2, 100);
	assert_false(pit_out(&pit, T + 1000, 2));
	pit_write(&pit, T + 1000, PIT_PORT_B, 0x01);
	assert_int_equal(read_both(T + 1000 + 51, 2), 50);
	pit_write(&pit, T + 1000 + 51, PIT_PORT_B, 0x00);
	assert_int_equal(read_both(T + 5000, 2), 50);
	pit_write(&pit, T + 6000, PIT_PORT_B, 0x01);
	assert_int_equal(pit_read(&pit, T + 6000 + 50, PIT_PORT_B) & 0x20, 0);
	assert_int_equal(pit_read(&pit, T + 6000 + 51, PIT_PORT_B) & 0x20,
			 0x20);
}

/* Mode 1: low for N clocks after each rise of the gate. */
static void one_shot(void **state)
{
	(void)state;
	control(T, SELECT(2) | BOTH | MODE(1));
	assert_true(pit_out(&pit, T, 2));
	/* Without a count there is nothing to start. */
	pit_write(&pit, T, PIT_PORT_B, 1);
	assert_true(pit_out(&pit, T + 1, 2));
	pit_write(&pit, T + 1, PIT_PORT_B, 0);
	count(T, 2, 100);
	assert_true(pit_out(&pit, T + 50, 2));
	pit_write(&pit, T + 60, PIT_PORT_B, 1);
	assert_false(pit_out(&pit, T + 61, 2));
	/* It goes on without the gate. */
	pit_write(&pit, T + 62, PIT_PORT_B, 0);
	assert_false(pit_out(&pit, T + 160, 2));
	assert_true(pit_out(&pit, T + 161, 2));
	/* A trigger in the middle starts it anew. */
	pit_write(&pit, T + 200, PIT_PORT_B, 1);
	pit_write(&pit, T + 240, PIT_PORT_B, 0);
	pit_write(&pit, T + 250, PIT_PORT_B, 1);
	assert_false(pit_out(&pit, T + 350, 2));
	assert_true(pit_out(&pit, T + 351, 2));
}

/* Modes 2 and 3: OUT is high while the gate is low, then it starts anew. */
static void gate_restarts_a_wave(void **state)
{
	(void)state;
	control(T, SELECT(2) | BOTH | MODE(3));
	pit_write(&pit, T, PIT_PORT_B, 1);
	count(T, 2, 100);
	assert_false(pit_out(&pit, T + 70, 2));
	pit_write(&pit, T + 70, PIT_PORT_B, 0);
	assert_true(pit_out(&pit, T + 71, 2));
	pit_write(&pit, T + 80, PIT_PORT_B, 1);
	assert_true(pit_out(&pit, T + 81 + 49, 2));
	assert_false(pit_out(&pit, T + 81 + 50, 2));
}

/* Bits 3:0 are stored, bit 4 toggles by itself, 7:6 are 0. */
static void port_b(void **state)
{
	uint32_t seen = 0;

	(void)state;
	pit_write(&pit, T, PIT_PORT_B, 0xfe);
	for (uint32_t i = 0; i < 100; i++) {
		uint8_t value = pit_read(&pit, T + i, PIT_PORT_B);

		assert_int_equal(value & 0xcf, 0x0e);
		seen |= 1u << (value >> 4 & 1);
	}
	assert_int_equal(seen, 3);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* What is told beforehand is what OUT does, whatever is written. */
static void rises_come_when_told(void **state)
{
	static const uint8_t modes[] = {0, 2, 3, 4};
	uint32_t seed = 1;

	(void)state;
	for (uint32_t i = 0; i < 4000; i++) {
		uint64_t tick = T + i * 1000, told;
		bool was;

		if (i % 5 == 0)
			control(tick,
				BOTH | MODE(modes[next_random(&seed) % 4]));
		count(tick, 0, next_random(&seed) % 300 + 2);
		tick += next_random(&seed) % 400;
		if (next_random(&seed) % 2)
			count(tick, 0, next_random(&seed) % 300 + 2);
		told = pit_next_rise(&pit, tick);
		was = out0(tick);
		while (++tick < T + (i + 1) * 1000) {
			bool now = out0(tick);

			if (now && !was)
				break;
			was = now;
		}
		if (tick < T + (i + 1) * 1000)
			assert_int_equal(told, tick);
		else
			assert_true(told >= tick);
	}
}

static void clocks_that_never_rise(void **state)
{
	(void)state;
	assert_int_equal(pit_next_rise(&pit, T), PIT_NEVER);
	assert_false(pit_ticking(&pit));
	/* Counter 0's gate is open: nothing triggers it. */
	start(1, 100);
	assert_int_equal(pit_next_rise(&pit, T), PIT_NEVER);
	start(5, 100);
	assert_int_equal(pit_next_rise(&pit, T), PIT_NEVER);
	/* A control word stops it until a count comes. */
	start(2, 100);
	assert_true(pit_ticking(&pit));
	control(T, BOTH | MODE(2));
	assert_int_equal(pit_next_rise(&pit, T), PIT_NEVER);
	assert_false(pit_ticking(&pit));
}

/* A second is PIT_HZ ticks, and no tick begins before its time. */
static void ticks_and_nanoseconds(void **state)
{
	(void)state;
	assert_int_equal(pit_ticks(UINT64_C(3600) * 1000000000),
			 UINT64_C(3600) * PIT_HZ);
	for (uint64_t tick = 0; tick < 5 * (uint64_t)PIT_HZ; tick += 7919) {
		assert_int_equal(pit_ticks(pit_ns(tick)), tick);
		if (tick)
			assert_int_equal(pit_ticks(pit_ns(tick) - 1), tick - 1);
	}
}

#define CASE(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(terminal_count),
		CASE(first_byte_stops_mode_0),
		CASE(rate_generator),
		CASE(new_rate_after_the_period),
		CASE(square_wave),
		CASE(new_wave_after_the_half),
		CASE(strobe),
		CASE(modes_6_and_7_are_2_and_3),
		CASE(zero_is_the_largest_count),
		CASE(binary_coded_decimal),
		CASE(low_or_high_byte_alone),
		CASE(counter_latch),
		CASE(read_back),
		CASE(gate_stops_mode_0),
		CASE(one_shot),
		CASE(gate_restarts_a_wave),
		CASE(port_b),
		CASE(rises_come_when_told),
		CASE(clocks_that_never_rise),
		CASE(ticks_and_nanoseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
