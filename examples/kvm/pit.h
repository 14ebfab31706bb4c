/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A PC's interval timer (Intel 8254 data sheet, order 231164) with the port
 * that has its third counter's gate. It has no clock of its own: each call
 * says when it is, in ticks of the chip's CLK input.
 */
#ifndef VIC_KVM_PIT_H
#define VIC_KVM_PIT_H

#include <stdbool.h>
#include <stdint.h>

/* Ticks in a second. */
#define PIT_HZ 1193182

#define PIT_PORT 0x40
/* Speaker and gate of counter 2. */
#define PIT_PORT_B 0x61

/* Never. */
#define PIT_NEVER UINT64_MAX

struct pit_counter {
	uint8_t mode;
	/* RW1 and RW0 of the control word: 1 low, 2 high byte, 3 both. */
	uint8_t access;
	bool bcd;
	bool gate;
	/* It counts, or did until the gate stopped it. */
	bool loaded;
	/* Modes 1 and 5: a count was written, so a trigger starts it. */
	bool armed;
	/* The initial count, 1 to 65536. */
	uint32_t count;
	/* When it was loaded, or would have been had the gate never closed. */
	uint64_t start;
	/* When the gate closed. */
	uint64_t stopped;
	/* Mode 3: OUT was low at @start. */
	bool low_half;
	/* A new count that is loaded at @next_start; 0: none. */
	uint32_t next;
	uint64_t next_start;
	/* The first byte of two was written, and is @low. */
	bool half_written;
	uint8_t low;
	/* Bytes that the next reads give, @latched_bytes of them. */
	uint16_t latch;
	uint8_t latched_bytes;
	bool status_latched;
	uint8_t status;
	/* The next byte read of two is the high one. */
	bool half_read;
};

struct pit {
	struct pit_counter counters[3];
	/* Bits 3:0 of port 0x61. */
	uint8_t port_b;
};

uint64_t pit_ticks(uint64_t ns);
/* When tick @tick begins. */
uint64_t pit_ns(uint64_t tick);

void pit_init(struct pit *pit);
/* PIT_PORT to PIT_PORT + 3, and PIT_PORT_B. */
uint8_t pit_read(struct pit *pit, uint64_t tick, uint16_t port);
void pit_write(struct pit *pit, uint64_t tick, uint16_t port, uint8_t value);
/* OUT of a counter. */
bool pit_out(struct pit *pit, uint64_t tick, uint32_t counter);
/* When OUT of counter 0 rises next, after @tick; or PIT_NEVER. */
uint64_t pit_next_rise(struct pit *pit, uint64_t tick);
/* Whether counter 0's OUT is high but for moments: it ticks. */
bool pit_ticking(const struct pit *pit);

#endif
