/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The MC146818A, and the century where PCs have it. Its flags follow from
 * the time that passed since they were looked at last.
 */
#include "rtc.h"

#include <string.h>

#define SECOND UINT64_C(1000000000)
/* An update cycle is announced so long before. */
#define UIP_NS 244000

enum {
	SECONDS,
	SECONDS_ALARM,
	MINUTES,
	MINUTES_ALARM,
	HOURS,
	HOURS_ALARM,
	WEEKDAY,
	DAY,
	MONTH,
	YEAR,
	REG_A,
	REG_B,
	REG_C,
	REG_D,
	CENTURY = 0x32,
};

#define A_UIP 0x80
#define A_RATE 0x0f
/* 32.768 kHz, 1024 Hz: what firmware leaves. */
#define A_RESET 0x26
#define B_SET 0x80
#define B_BINARY 0x04
#define B_24_HOURS 0x02
/* Of C, and B's enables of them. */
#define PERIODIC 0x40
#define ALARM 0x20
#define UPDATE 0x10
#define C_IRQ 0x80
#define D_VALID 0x80
#define PM 0x80
/* An alarm byte from here on matches all. */
#define ANY 0xc0

void rtc_init(struct rtc *rtc, uint64_t ns, int64_t utc)
{
	memset(rtc, 0, sizeof(*rtc));
	rtc->ram[REG_A] = A_RESET;
	rtc->ram[REG_B] = B_24_HOURS;
	rtc->epoch = utc - (int64_t)(ns / SECOND);
	rtc->seen = ns;
}

static bool stopped(const struct rtc *rtc)
{
	return rtc->ram[REG_B] & B_SET;
}

static struct tm time_at(const struct rtc *rtc, uint64_t second)
{
	time_t utc = rtc->epoch + (int64_t)second;
	/* Also if the guest made it a year that nobody can name. */
	struct tm tm = {0};

	gmtime_r(&utc, &tm);
	return tm;
}

static struct tm time_shown(const struct rtc *rtc, uint64_t ns)
{
	return stopped(rtc) ? rtc->shown : time_at(rtc, ns / SECOND);
}

static uint8_t encode(const struct rtc *rtc, int number)
{
	/* What the guest wrote may lead to years before 0. */
	uint32_t value = (uint32_t)number;

	if (rtc->ram[REG_B] & B_BINARY)
		return (uint8_t)value;
	return (uint8_t)(value / 10 % 10 << 4 | value % 10);
}

static int decode(const struct rtc *rtc, uint8_t value)
{
	if (rtc->ram[REG_B] & B_BINARY)
		return value;
	return (value >> 4) * 10 + (value & 0xf);
}

static uint8_t encode_hours(const struct rtc *rtc, int hours)
{
	if (rtc->ram[REG_B] & B_24_HOURS)
		return encode(rtc, hours);
	return (uint8_t)(encode(rtc, (hours + 11) % 12 + 1) |
			 (hours >= 12 ? PM : 0));
}

static int decode_hours(const struct rtc *rtc, uint8_t value)
{
	if (rtc->ram[REG_B] & B_24_HOURS)
		return decode(rtc, value);
	return decode(rtc, value & (uint8_t)~PM) % 12 + (value & PM ? 12 : 0);
}

/* The registers that are the time; false for others. */
static bool get_time(const struct rtc *rtc, const struct tm *tm, uint8_t reg,
		     uint8_t *value)
{
	switch (reg) {
	case SECONDS:
		*value = encode(rtc, tm->tm_sec);
		return true;
	case MINUTES:
		*value = encode(rtc, tm->tm_min);
		return true;
	case HOURS:
		*value = encode_hours(rtc, tm->tm_hour);
		return true;
	case WEEKDAY:
		*value = encode(rtc, tm->tm_wday + 1);
		return true;
	case DAY:
		*value = encode(rtc, tm->tm_mday);
		return true;
	case MONTH:
		*value = encode(rtc, tm->tm_mon + 1);
		return true;
	case YEAR:
		*value = encode(rtc, tm->tm_year % 100);
		return true;
	case CENTURY:
		*value = encode(rtc, tm->tm_year / 100 + 19);
		return true;
	default:
		return false;
	}
}

static bool
set_time(const struct rtc *rtc, struct tm *tm, uint8_t reg, uint8_t value)
{
	int number = decode(rtc, value);

	switch (reg) {
	case SECONDS:
		tm->tm_sec = number;
		return true;
	case MINUTES:
		tm->tm_min = number;
		return true;
	case HOURS:
		tm->tm_hour = decode_hours(rtc, value);
		return true;
	case WEEKDAY:
		/* It follows from the date; while stopped it is kept. */
		tm->tm_wday = number - 1;
		return true;
	case DAY:
		tm->tm_mday = number;
		return true;
	case MONTH:
		tm->tm_mon = number - 1;
		return true;
	case YEAR:
		/* In binary it may be anything. */
		tm->tm_year = tm->tm_year / 100 * 100 + number % 100;
		return true;
	case CENTURY:
		tm->tm_year = (number - 19) * 100 + tm->tm_year % 100;
		return true;
	default:
		return false;
	}
}

static void go_on_from(struct rtc *rtc, uint64_t ns, struct tm tm)
{
	rtc->epoch = timegm(&tm) - (int64_t)(ns / SECOND);
}

static bool alarm_matches(const struct rtc *rtc, uint64_t second)
{
	static const uint8_t regs[] = {SECONDS, MINUTES, HOURS};
	struct tm tm = time_at(rtc, second);

	for (uint32_t i = 0; i < sizeof(regs); i++) {
		uint8_t alarm = rtc->ram[regs[i] + 1], now = 0;

		get_time(rtc, &tm, regs[i], &now);
		if (alarm < ANY && alarm != now)
			return false;
	}
	return true;
}

/* Nanoseconds of a period, times 32768; 0: there is none. */
static uint64_t period(const struct rtc *rtc)
{
	uint32_t rate = rtc->ram[REG_A] & A_RATE;

	if (!rate)
		return 0;
	/* The two fastest of this crystal are the two below them again. */
	return SECOND << (rate < 3 ? rate + 6 : rate - 1);
}

/* @ns * 32768 / @period, which may not fit on the way. */
static uint64_t periods(uint64_t ns, uint64_t period)
{
	return ns / SECOND * ((SECOND << 15) / period) +
	       (ns % SECOND << 15) / period;
}

/* Raise the flags of what came since the last look. */
static void look(struct rtc *rtc, uint64_t ns)
{
	uint64_t from = rtc->seen / SECOND, to = ns / SECOND;
	uint64_t length = period(rtc);

	if (length && periods(ns, length) != periods(rtc->seen, length))
		rtc->ram[REG_C] |= PERIODIC;
	rtc->seen = ns;
	if (stopped(rtc) || from == to)
		return;
	rtc->ram[REG_C] |= UPDATE;
	/* After a day it has matched if it ever does. */
	if (to - from > 24 * 60 * 60)
		from = to - 24 * 60 * 60;
	while (from++ < to)
		if (alarm_matches(rtc, from)) {
			rtc->ram[REG_C] |= ALARM;
			return;
		}
}

bool rtc_irq(struct rtc *rtc, uint64_t ns)
{
	look(rtc, ns);
	return rtc->ram[REG_B] & rtc->ram[REG_C] & (PERIODIC | ALARM | UPDATE);
}

uint64_t rtc_next(const struct rtc *rtc, uint64_t ns)
{
	uint8_t enabled = rtc->ram[REG_B];
	uint64_t length = period(rtc), next = RTC_NEVER, at;

	/* What is pending already needs no clock. */
	if (enabled & rtc->ram[REG_C] & (PERIODIC | ALARM | UPDATE))
		return RTC_NEVER;
	if (enabled & (ALARM | UPDATE) && !stopped(rtc))
		next = (ns / SECOND + 1) * SECOND;
	if (enabled & PERIODIC && length) {
		at = (ns % SECOND << 15) / length + 1;
		at = ns / SECOND * SECOND + (at * length + 32767) / 32768;
		if (at < next)
			next = at;
	}
	return next;
}

static uint8_t read_a(const struct rtc *rtc, uint64_t ns)
{
	bool soon = !stopped(rtc) && ns % SECOND >= SECOND - UIP_NS;

	return (uint8_t)(rtc->ram[REG_A] | (soon ? A_UIP : 0));
}

uint8_t rtc_read(struct rtc *rtc, uint64_t ns, uint16_t port)
{
	struct tm tm = time_shown(rtc, ns);
	uint8_t value;

	/* The index cannot be read. */
	if (port == RTC_PORT)
		return 0xff;
	if (get_time(rtc, &tm, rtc->index, &value))
		return value;
	switch (rtc->index) {
	case REG_A:
		return read_a(rtc, ns);
	case REG_C:
		value = rtc_irq(rtc, ns) ? C_IRQ : 0;
		value |= rtc->ram[REG_C];
		rtc->ram[REG_C] = 0;
		return value;
	case REG_D:
		return D_VALID;
	default:
		return rtc->ram[rtc->index];
	}
}

static void write_b(struct rtc *rtc, uint64_t ns, uint8_t value)
{
	bool was = stopped(rtc);
	struct tm tm = time_shown(rtc, ns);

	rtc->ram[REG_B] = value;
	/* SET also ends update interrupts. */
	if (stopped(rtc))
		rtc->ram[REG_B] &= (uint8_t)~UPDATE;
	if (stopped(rtc) && !was)
		rtc->shown = tm;
	else if (was && !stopped(rtc))
		go_on_from(rtc, ns, tm);
}

void rtc_write(struct rtc *rtc, uint64_t ns, uint16_t port, uint8_t value)
{
	struct tm tm = time_shown(rtc, ns);

	if (port == RTC_PORT) {
		/* Bit 7 masks NMIs, and there are none. */
		rtc->index = value & 0x7f;
		return;
	}
	look(rtc, ns);
	if (set_time(rtc, &tm, rtc->index, value)) {
		if (stopped(rtc))
			rtc->shown = tm;
		else
			go_on_from(rtc, ns, tm);
		return;
	}
	switch (rtc->index) {
	case REG_A:
		rtc->ram[REG_A] = value & (uint8_t)~A_UIP;
		break;
	case REG_B:
		write_b(rtc, ns, value);
		break;
	case REG_C:
	case REG_D:
		break;
	default:
		rtc->ram[rtc->index] = value;
	}
}
