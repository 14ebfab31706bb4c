/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The 8254. Nothing happens between two calls: what a counter holds follows
 * from when it was loaded.
 */
#include "pit.h"

#include <string.h>

#define PORT_CONTROL (PIT_PORT + 3)
#define READ_BACK 3
/* Read-back: 0 in these bits latches. */
#define NO_COUNT 0x20
#define NO_STATUS 0x10
#define STATUS_OUT 0x80
#define STATUS_NULL 0x40

#define PORT_B_GATE 0x01
#define PORT_B_WRITABLE 0x0f
/* Toggles with each refresh of memory, about every 15 us. */
#define PORT_B_REFRESH 0x10
#define PORT_B_OUT 0x20
#define REFRESH_TICKS 18

uint64_t pit_ticks(uint64_t ns)
{
	return ns / 1000000000 * PIT_HZ + ns % 1000000000 * PIT_HZ / 1000000000;
}

uint64_t pit_ns(uint64_t tick)
{
	return tick / PIT_HZ * 1000000000 +
	       (tick % PIT_HZ * 1000000000 + PIT_HZ - 1) / PIT_HZ;
}

void pit_init(struct pit *pit)
{
	memset(pit, 0, sizeof(*pit));
	for (uint32_t i = 0; i < 3; i++) {
		pit->counters[i].access = 3;
		pit->counters[i].count = 0x10000;
		pit->counters[i].gate = i != 2;
	}
}

static uint32_t modulus(const struct pit_counter *c)
{
	return c->bcd ? 10000 : 0x10000;
}

static bool triggered_by_gate(const struct pit_counter *c)
{
	return c->mode == 1 || c->mode == 5;
}

static bool periodic(const struct pit_counter *c)
{
	return c->mode == 2 || c->mode == 3;
}

/* Clocks from a count's load to @tick; 0 before it. */
static uint64_t elapsed(const struct pit_counter *c, uint64_t tick)
{
	if (!c->gate && !triggered_by_gate(c))
		tick = c->stopped;
	return tick > c->start ? tick - c->start : 0;
}

/* Mode 3: where in which half @clocks is. */
struct half {
	bool low;
	uint64_t at;
	uint64_t length;
};

static struct half half_of(const struct pit_counter *c, uint64_t clocks)
{
	struct half half = {.low = c->low_half, .at = clocks % c->count};

	/* An odd count's high half is one clock longer. */
	half.length = (c->count + !half.low) / 2;
	if (half.at >= half.length) {
		half.at -= half.length;
		half.low = !half.low;
		half.length = c->count - half.length;
	}
	return half;
}

/* A count that waited for the end of a period, or of a half, goes in. */
static void settle(struct pit_counter *c, uint64_t tick)
{
	if (!c->next || tick < c->next_start)
		return;
	if (c->mode == 3)
		c->low_half = half_of(c, c->next_start - c->start).low;
	c->count = c->next;
	c->start = c->next_start;
	c->next = 0;
}

static bool out(struct pit_counter *c, uint64_t tick)
{
	uint64_t clocks;

	settle(c, tick);
	clocks = elapsed(c, tick);
	switch (c->mode) {
	case 0:
		return c->loaded && clocks >= c->count;
	case 1:
		return !c->loaded || tick < c->start || clocks >= c->count;
	case 2:
		return !c->loaded || !c->gate ||
		       clocks % c->count != c->count - 1;
	case 3:
		return !c->loaded || !c->gate || !half_of(c, clocks).low;
	default:
		return !c->loaded || clocks != c->count;
	}
}

bool pit_out(struct pit *pit, uint64_t tick, uint32_t counter)
{
	return out(&pit->counters[counter], tick);
}

static uint32_t to_bcd(uint32_t value)
{
	return value / 1000 % 10 << 12 | value / 100 % 10 << 8 |
	       value / 10 % 10 << 4 | value % 10;
}

static uint32_t from_bcd(uint32_t value)
{
	return (value >> 12) * 1000 + (value >> 8 & 0xf) * 100 +
	       (value >> 4 & 0xf) * 10 + (value & 0xf);
}

/* The counting element as reads give it. */
static uint16_t value_of(struct pit_counter *c, uint64_t tick)
{
	uint64_t clocks;
	uint32_t value;

	settle(c, tick);
	clocks = c->loaded ? elapsed(c, tick) : 0;
	value = c->count;
	if (c->mode == 2)
		value -= (uint32_t)(clocks % c->count);
	else if (c->mode == 3)
		value = (c->count & ~1u) - 2 * (uint32_t)half_of(c, clocks).at;
	else
		value = (uint32_t)((modulus(c) + value - clocks % modulus(c)) %
				   modulus(c));
	value %= modulus(c);
	return (uint16_t)(c->bcd ? to_bcd(value) : value);
}

static void latch_count(struct pit_counter *c, uint64_t tick)
{
	/* Only the first latch counts until it is read. */
	if (c->latched_bytes)
		return;
	c->latch = value_of(c, tick);
	c->latched_bytes = c->access == 3 ? 2 : 1;
}

static void latch_status(struct pit_counter *c, uint64_t tick)
{
	bool null = c->next || !c->loaded || tick < c->start;

	if (c->status_latched)
		return;
	c->status_latched = true;
	c->status = (uint8_t)((out(c, tick) ? STATUS_OUT : 0) |
			      (null ? STATUS_NULL : 0) | c->access << 4 |
			      c->mode << 1 | c->bcd);
}

static uint8_t read_counter(struct pit_counter *c, uint64_t tick)
{
	uint16_t value = c->latch;
	bool high = c->access == 2;

	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	if (!c->latched_bytes)
		value = value_of(c, tick);
	else
		c->latched_bytes--;
	if (c->access == 3) {
		high = c->half_read;
		c->half_read = !c->half_read;
	}
	return (uint8_t)(high ? value >> 8 : value);
}

/* When a count that is written at @tick is loaded, if one runs already. */
static uint64_t next_load(const struct pit_counter *c, uint64_t tick)
{
	uint64_t clocks = elapsed(c, tick);

	if (c->mode == 2)
		return c->start + (clocks / c->count + 1) * c->count;
	struct half half = half_of(c, clocks);
	return c->start + clocks - half.at + half.length;
}

static void write_count(struct pit_counter *c, uint64_t tick, uint16_t value)
{
	uint32_t count = c->bcd ? from_bcd(value) : value;

	if (!count)
		count = modulus(c);
	/* 1 is illegal where OUT has to change twice. */
	if (periodic(c) && count == 1)
		count = 2;
	settle(c, tick);
	c->armed = true;
	if (triggered_by_gate(c)) {
		c->next = count;
		c->next_start = PIT_NEVER;
		return;
	}
	if (periodic(c) && c->loaded && c->gate && tick >= c->start) {
		c->next_start = next_load(c, tick);
		c->next = count;
		return;
	}
	/* With the next clock; a closed gate then keeps it as it is. */
	c->count = count;
	c->start = tick + 1;
	c->stopped = tick + 1;
	c->low_half = false;
	c->next = 0;
	c->loaded = true;
}

static void write_byte(struct pit_counter *c, uint64_t tick, uint8_t value)
{
	switch (c->access) {
	case 1:
		write_count(c, tick, value);
		break;
	case 2:
		write_count(c, tick, (uint16_t)(value << 8));
		break;
	default:
		if (c->half_written) {
			c->half_written = false;
			write_count(c, tick, (uint16_t)(value << 8 | c->low));
			break;
		}
		c->half_written = true;
		c->low = value;
		/* The first byte stops the count and lowers OUT. */
		if (c->mode == 0)
			c->loaded = false;
	}
}

static void write_mode(struct pit_counter *c, uint8_t word)
{
	uint8_t mode = word >> 1 & 7;

	c->access = word >> 4 & 3;
	/* The top bit of modes 2 and 3 does not count. */
	c->mode = mode > 5 ? mode & 3 : mode;
	c->bcd = word & 1;
	c->loaded = false;
	c->armed = false;
	c->half_written = false;
	c->half_read = false;
	c->latched_bytes = 0;
	c->status_latched = false;
	c->next = 0;
}

static void write_control(struct pit *pit, uint64_t tick, uint8_t word)
{
	uint32_t select = word >> 6;

	if (select != READ_BACK) {
		if (word >> 4 & 3)
			write_mode(&pit->counters[select], word);
		else
			latch_count(&pit->counters[select], tick);
		return;
	}
	for (uint32_t i = 0; i < 3; i++) {
		if (!(word >> (i + 1) & 1))
			continue;
		if (!(word & NO_COUNT))
			latch_count(&pit->counters[i], tick);
		if (!(word & NO_STATUS))
			latch_status(&pit->counters[i], tick);
	}
}

static void set_gate(struct pit_counter *c, uint64_t tick, bool gate)
{
	if (gate == c->gate)
		return;
	settle(c, tick);
	if (!gate) {
		c->stopped = tick > c->start ? tick : c->start;
	} else if (triggered_by_gate(c)) {
		if (c->next)
			c->count = c->next;
		c->next = 0;
		c->loaded = c->armed;
		c->start = tick + 1;
	} else if (periodic(c)) {
		/* The rising edge starts anew, with the latest count. */
		if (c->next)
			c->count = c->next;
		c->next = 0;
		c->low_half = false;
		c->start = tick + 1;
	} else {
		c->start += tick + 1 - c->stopped;
	}
	c->gate = gate;
}

uint8_t pit_read(struct pit *pit, uint64_t tick, uint16_t port)
{
	if (port == PIT_PORT_B)
		return (uint8_t)(pit->port_b |
				 (tick / REFRESH_TICKS % 2 ? PORT_B_REFRESH
							   : 0) |
				 (pit_out(pit, tick, 2) ? PORT_B_OUT : 0));
	/* The control word cannot be read. */
	if (port == PORT_CONTROL)
		return 0xff;
	return read_counter(&pit->counters[port - PIT_PORT], tick);
}

void pit_write(struct pit *pit, uint64_t tick, uint16_t port, uint8_t value)
{
	if (port == PIT_PORT_B) {
		pit->port_b = value & PORT_B_WRITABLE;
		set_gate(&pit->counters[2], tick, value & PORT_B_GATE);
	} else if (port == PORT_CONTROL) {
		write_control(pit, tick, value);
	} else {
		write_byte(&pit->counters[port - PIT_PORT], tick, value);
	}
}

/* The first rise of OUT after @tick that the present count makes. */
static uint64_t rise(const struct pit_counter *c, uint64_t tick)
{
	/* A rise, and all that are a count apart. */
	uint64_t first = c->start + c->count;

	if (c->mode == 3 && c->low_half)
		first = c->start + c->count / 2;
	/* A strobe is low for one clock. */
	if (c->mode == 4)
		first++;
	if (tick < first)
		return first;
	if (!periodic(c))
		return PIT_NEVER;
	return first + ((tick - first) / c->count + 1) * c->count;
}

uint64_t pit_next_rise(struct pit *pit, uint64_t tick)
{
	struct pit_counter *c = &pit->counters[0], after;
	uint64_t next;

	settle(c, tick);
	/* Nothing triggers counter 0, whose gate is open. */
	if (!c->loaded || triggered_by_gate(c))
		return PIT_NEVER;
	next = rise(c, tick);
	if (!c->next || next <= c->next_start)
		return next;
	after = *c;
	settle(&after, c->next_start);
	return rise(&after, c->next_start);
}

bool pit_ticking(const struct pit *pit)
{
	const struct pit_counter *c = &pit->counters[0];

	return c->mode != 0 && c->armed;
}
