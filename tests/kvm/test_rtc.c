/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* vic-kvm's real-time clock: Motorola MC146818A data sheet. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rtc.h"

#define SECOND UINT64_C(1000000000)
/* When the tests begin, and the date then: Wednesday 2024-02-28 23:59:50. */
#define T (1000 * SECOND)
#define DATE INT64_C(1709164790)

#define A 0x0au
#define B 0x0bu
#define C 0x0cu
#define D 0x0du
#define CENTURY 0x32u
#define SET 0x80u
#define PIE 0x40u
#define AIE 0x20u
#define UIE 0x10u
#define BINARY 0x04u
#define H24 0x02u

static struct rtc rtc;

static int setup(void **state)
{
	(void)state;
	rtc_init(&rtc, T, DATE);
	return 0;
}

static uint8_t get(uint64_t ns, uint32_t reg)
{
	rtc_write(&rtc, ns, RTC_PORT, (uint8_t)reg);
	return rtc_read(&rtc, ns, RTC_PORT + 1);
}

static void set(uint64_t ns, uint32_t reg, uint32_t value)
{
	rtc_write(&rtc, ns, RTC_PORT, (uint8_t)reg);
	rtc_write(&rtc, ns, RTC_PORT + 1, (uint8_t)value);
}

/* Seconds, minutes, hours, weekday, day, month, year, century. */
static void expect_time(uint64_t ns, const uint8_t expected[8])
{
	static const uint8_t regs[] = {0, 2, 4, 6, 7, 8, 9, CENTURY};

	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(get(ns, regs[i]), expected[i]);
}

static void date_in_bcd(void **state)
{
	static const uint8_t before[] = {0x50, 0x59, 0x23, 0x04,
					 0x28, 0x02, 0x24, 0x20};
	static const uint8_t after[] = {0x00, 0x00, 0x00, 0x05,
					0x29, 0x02, 0x24, 0x20};

	(void)state;
	expect_time(T, before);
	expect_time(T + 10 * SECOND - 1 - 244000,
		    (const uint8_t[]){0x59, 0x59, 0x23, 0x04, 0x28, 0x02, 0x24,
				      0x20});
	/* A leap day. */
	expect_time(T + 10 * SECOND, after);
}

static void date_in_binary(void **state)
{
	static const uint8_t now[] = {50, 59, 23, 4, 28, 2, 24, 20};

	(void)state;
	set(T, B, BINARY | H24);
	expect_time(T, now);
}

static void twelve_hours(void **state)
{
	(void)state;
	set(T, B, 0);
	assert_int_equal(get(T, 4), 0x91);
	/* Midnight is 12 AM. */
	assert_int_equal(get(T + 10 * SECOND, 4), 0x12);
	assert_int_equal(get(T + 10 * SECOND + 12 * 3600 * SECOND, 4), 0x92);
	set(T, 4, 0x12);
	set(T, B, H24);
	assert_int_equal(get(T, 4), 0x00);
}

/* SET holds the time still; what was written then goes on from there. */
static void set_stops_the_clock(void **state)
{
	(void)state;
	set(T, B, SET | H24);
	assert_int_equal(get(T + 5 * SECOND, 0), 0x50);
	set(T + 5 * SECOND, 0, 0x30);
	set(T + 5 * SECOND, 2, 0x15);
	set(T + 5 * SECOND, 4, 0x07);
	set(T + 5 * SECOND, 7, 0x31);
	set(T + 5 * SECOND, 8, 0x12);
	set(T + 5 * SECOND, 9, 0x99);
	set(T + 5 * SECOND, CENTURY, 0x19);
	assert_int_equal(get(T + 9 * SECOND, 0), 0x30);
	set(T + 9 * SECOND, B, H24);
	expect_time(T + 9 * SECOND, (const uint8_t[]){0x30, 0x15, 0x07, 0x06,
						      0x31, 0x12, 0x99, 0x19});
	expect_time(T + 9 * SECOND + 16 * 3600 * SECOND + 44 * 60 * SECOND +
			    30 * SECOND,
		    (const uint8_t[]){0x00, 0x00, 0x00, 0x07, 0x01, 0x01, 0x00,
				      0x20});
}

static void written_while_it_runs(void **state)
{
	(void)state;
	set(T, 2, 0x30);
	assert_int_equal(get(T + 3 * SECOND, 0), 0x53);
	assert_int_equal(get(T + 3 * SECOND, 2), 0x30);
	set(T, 9, 0x31);
	assert_int_equal(get(T, 9), 0x31);
	assert_int_equal(get(T, CENTURY), 0x20);
}

/* UIP is 1 from 244 us before an update. */
static void update_in_progress(void **state)
{
	(void)state;
	assert_int_equal(get(T, A), 0x26);
	assert_int_equal(get(T + SECOND - 244001, A), 0x26);
	assert_int_equal(get(T + SECOND - 244000, A), 0xa6);
	assert_int_equal(get(T + SECOND - 1, A), 0xa6);
	assert_int_equal(get(T + SECOND, A), 0x26);
	set(T, B, SET | H24);
	assert_int_equal(get(T + SECOND - 1, A), 0x26);
	/* It cannot be written. */
	set(T, A, 0xaf);
	assert_int_equal(get(T, A), 0x2f);
}

/* The flag is there without the interrupt; reading C takes both away. */
static void periodic(void **state)
{
	/* Rate 6 of the 32.768 kHz time base: 1024 Hz. */
	uint64_t period = SECOND / 1024 + 1;

	(void)state;
	assert_int_equal(get(T, C), 0);
	assert_int_equal(get(T + period, C), 0x40);
	assert_int_equal(get(T + period, C), 0);
	assert_false(rtc_irq(&rtc, T + 2 * period));
	set(T + 2 * period, B, PIE | H24);
	assert_true(rtc_irq(&rtc, T + 2 * period));
	assert_int_equal(rtc_next(&rtc, T + 2 * period), RTC_NEVER);
	assert_int_equal(get(T + 2 * period, C), 0xc0);
	assert_false(rtc_irq(&rtc, T + 2 * period));
	/* However many were missed, they are one. */
	assert_true(rtc_irq(&rtc, T + SECOND / 2));
	assert_int_equal(get(T + SECOND / 2, C), 0xc0);
	assert_false(rtc_irq(&rtc, T + SECOND / 2));
}

/* Table of the data sheet for the 32.768 kHz time base, in 1/8192 s. */
static void periodic_rates(void **state)
{
	static const uint16_t periods[] = {0,   32,   64,   1,   2,   4,
					   8,   16,   32,   64,  128, 256,
					   512, 1024, 2048, 4096};

	(void)state;
	for (uint32_t rate = 0; rate < 16; rate++) {
		uint64_t now = T, next;

		setup(NULL);
		set(now, A, 0x20 | rate);
		set(now, B, PIE | H24);
		for (uint32_t i = 1; i < 20; i++) {
			next = rtc_next(&rtc, now);
			if (!rate) {
				assert_int_equal(next, RTC_NEVER);
				continue;
			}
			/* Rounded up. */
			assert_int_equal(next, T + (i * periods[rate] * SECOND +
						    8191) / 8192);
			assert_false(rtc_irq(&rtc, next - 1));
			assert_true(rtc_irq(&rtc, next));
			get(next, C);
			now = next;
		}
	}
}

static void update_ended(void **state)
{
	(void)state;
	set(T + 1, B, UIE | H24);
	get(T + 1, C);
	assert_int_equal(rtc_next(&rtc, T + 1), T + SECOND);
	assert_false(rtc_irq(&rtc, T + SECOND - 1));
	assert_true(rtc_irq(&rtc, T + SECOND));
	assert_int_equal(get(T + SECOND, C) & 0xb0, 0x90);
	/* Not while SET stops it, and SET clears the enable. */
	set(T + SECOND, B, SET | UIE | H24);
	assert_int_equal(get(T + SECOND, B), SET | H24);
	assert_int_equal(get(T + 3 * SECOND, C) & 0x30, 0);
}

/* @second of the date at which the first alarm comes, within a day. */
static uint64_t first_alarm(void)
{
	uint64_t now = T;

	set(T, B, AIE | H24);
	for (uint32_t i = 0; i <= 24 * 3600; i++) {
		if (rtc_irq(&rtc, now))
			return (now - T) / SECOND;
		now = rtc_next(&rtc, now);
	}
	return UINT64_MAX;
}

static void alarms(void **state)
{
	(void)state;
	set(T, 1, 0x55);
	set(T, 3, 0x59);
	set(T, 5, 0x23);
	assert_int_equal(first_alarm(), 5);
	assert_int_equal(get(T + 5 * SECOND, C) & 0xa0, 0xa0);
	setup(NULL);
	set(T, 1, 0x00);
	set(T, 3, 0x01);
	set(T, 5, 0x02);
	assert_int_equal(first_alarm(), 10 + 2 * 3600 + 60);
	/* 0xc0 and above match all. */
	setup(NULL);
	set(T, 1, 0x05);
	set(T, 3, 0xc0);
	set(T, 5, 0xff);
	assert_int_equal(first_alarm(), 15);
	setup(NULL);
	set(T, 1, 0x71);
	assert_int_equal(first_alarm(), UINT64_MAX);
}

/* One that was not looked at for long is there all the same. */
static void alarm_of_the_past(void **state)
{
	(void)state;
	set(T, 1, 0x55);
	set(T, 3, 0x59);
	set(T, 5, 0x23);
	set(T, B, AIE | H24);
	assert_true(rtc_irq(&rtc, T + 7 * 24 * 3600 * SECOND));
	get(T + 7 * 24 * 3600 * SECOND, C);
	assert_false(rtc_irq(&rtc, T + 7 * 24 * 3600 * SECOND + 4 * SECOND));
	/* One before the time that is looked at is not. */
	set(T + 7 * 24 * 3600 * SECOND + 4 * SECOND, 1, 0x45);
	assert_false(rtc_irq(&rtc, T + 7 * 24 * 3600 * SECOND + 100 * SECOND));
}

static void memory_and_ports(void **state)
{
	(void)state;
	for (uint32_t reg = 0x0e; reg < 0x80; reg++) {
		if (reg == CENTURY)
			continue;
		assert_int_equal(get(T, reg), 0);
		set(T, reg, reg ^ 0xa5);
	}
	for (uint32_t reg = 0x0e; reg < 0x80; reg++)
		if (reg != CENTURY)
			assert_int_equal(get(T, reg | 0x80), reg ^ 0xa5);
	/* VRT: the time is valid. C and D are for reading. */
	set(T, C, 0xff);
	set(T, D, 0);
	assert_int_equal(get(T, C), 0);
	assert_int_equal(get(T, D), 0x80);
	assert_int_equal(rtc_read(&rtc, T, RTC_PORT), 0xff);
}

#define CASE(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(date_in_bcd),
		CASE(date_in_binary),
		CASE(twelve_hours),
		CASE(set_stops_the_clock),
		CASE(written_while_it_runs),
		CASE(update_in_progress),
		CASE(periodic),
		CASE(periodic_rates),
		CASE(update_ended),
		CASE(alarms),
		CASE(alarm_of_the_past),
		CASE(memory_and_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
