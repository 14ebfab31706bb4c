/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A PC's real-time clock with its battery-backed memory (Motorola MC146818A
 * data sheet). It has no clock of its own: each call says what time it is.
 */
#ifndef VIC_KVM_RTC_H
#define VIC_KVM_RTC_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* The index; the register behind it. */
#define RTC_PORT 0x70

#define RTC_NEVER UINT64_MAX

struct rtc {
	uint8_t index;
	uint8_t ram[128];
	/* What the guest set, or the host: UTC at time 0 of the caller. */
	int64_t epoch;
	/* While B's SET bit stops the clock: what it shows. */
	struct tm shown;
	/* Flags are up to date until then. */
	uint64_t seen;
};

/* @utc in seconds is the date at @ns. */
void rtc_init(struct rtc *rtc, uint64_t ns, int64_t utc);
/* RTC_PORT and RTC_PORT + 1. */
uint8_t rtc_read(struct rtc *rtc, uint64_t ns, uint16_t port);
void rtc_write(struct rtc *rtc, uint64_t ns, uint16_t port, uint8_t value);
/* Whether it asks for an interrupt: IRQF. */
bool rtc_irq(struct rtc *rtc, uint64_t ns);
/* When to ask rtc_irq() next, after @ns; or RTC_NEVER. */
uint64_t rtc_next(const struct rtc *rtc, uint64_t ns);

#endif
