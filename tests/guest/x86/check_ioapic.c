/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The IOAPIC's registers, and messages of edge-triggered pins. */

#include "lines.h"

#define PIN 19u
#define VECTOR 0x51u
#define TIMES 3u

static void expect_register(const char *name, uint32_t index, uint32_t value)
{
	expect_reg(this_cpu(), name, ioapic_read(index), value,
		   "after a write");
}

/* Data sheet 3.2.1 to 3.2.3, and what is reserved. */
void check_ioapic_regs(void)
{
	struct cpu *me = this_cpu();
	uint32_t id = ioapic_read(IOAPIC_ID);
	uint32_t version = ioapic_read(IOAPIC_VER);

	expect_reg(me, "VER", version & 0x00ffff00, (IOAPIC_PINS - 1) << 16,
		   "in bits 23:8");
	ioapic_write(IOAPIC_VER, ~version);
	expect_register("VER", IOAPIC_VER, version);
	ioapic_write(IOAPIC_ID, 0xffffffff);
	expect_register("ID", IOAPIC_ID, 0x0f000000);
	expect_register("ARB", IOAPIC_ARB, 0x0f000000);
	ioapic_write(IOAPIC_ID, 0x05aaaaaa);
	expect_register("ID", IOAPIC_ID, 0x05000000);
	ioapic_write(IOAPIC_ID, id);
	expect_register("ID", IOAPIC_ID, id);
	ioapic_select(0xffffff11);
	expect_reg(me, "IOREGSEL", ioapic_index(), 0x11, "after a write");
}

/* Data sheet 3.2.4: what of an entry is stored. */
static void entry_rw(uint32_t pin, uint32_t low, uint32_t high)
{
	uint32_t index = IOAPIC_ENTRY + 2 * pin;

	ioapic_write(index, PIN_MASKED | low);
	ioapic_write(index + 1, high);
	expect_register("an entry's low half", index,
			PIN_MASKED | (low & 0xafff));
	expect_register("an entry's high half", index + 1, high & 0xff000000);
}

void check_ioapic_entries(void)
{
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
		entry_rw(pin, 0xffffffff, 0xff000000);
		entry_rw(pin, 0xaaaaaaaa, 0x55000000);
		entry_rw(pin, 0x55555555, 0xaa000000);
		entry_rw(pin, 0, 0);
		entry_rw(pin, 0x1200 + pin, pin << 24);
	}
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
		expect_register("an entry's high half",
				IOAPIC_ENTRY + 2 * pin + 1, pin << 24);
		pin_route(pin, PIN_MASKED, 0);
	}
}

/* Rises, each of which must be handled before the next. */
static void pulse(struct cpu *target, uint32_t pin, uint32_t vector)
{
	uint32_t n = target->count[vector];

	for (uint32_t i = 1; i <= TIMES && !failed(); i++) {
		line(pin, true);
		expect_lines(target, vector, n + i, "after a rise of its line");
		line(pin, false);
	}
}

/* One of the PIC's lines and two that are the IOAPIC's alone. */
void check_ioapic_edge(void)
{
	static const uint8_t pins[] = {5, 17, 23};

	for (uint32_t i = 0; i < nr_cpus; i++) {
		for (uint32_t k = 0; k < sizeof(pins); k++) {
			pin_route(pins[k], VECTOR + k, i);
			pulse(&cpus[i], pins[k], VECTOR + k);
			pin_end(pins[k]);
		}
	}
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++) {
		for (uint32_t k = 0; k < sizeof(pins); k++)
			expect_lines(&cpus[i], VECTOR + k, TIMES, "in all");
	}
}

/* Two devices on one line: it rises when the first of them does. */
void check_ioapic_edge_shared(void)
{
	struct cpu *me = this_cpu();

	pin_route(PIN, VECTOR, 0);
	line(PIN, true);
	expect_lines(me, VECTOR, 1, "after the first device");
	shared_line(PIN, true);
	line(PIN, false);
	line(PIN, true);
	expect_lines(me, VECTOR, 1, "with the second one up");
	line(PIN, false);
	shared_line(PIN, false);
	line(PIN, true);
	expect_lines(me, VECTOR, 2, "after both were down");
	pin_end(PIN);
}

/* Other kernels drive the test device by 8 or 16 bits. */
void check_ioapic_edge_narrow(void)
{
	struct cpu *me = this_cpu();

	pin_route(PIN, VECTOR, 0);
	out8(LINE_PORT + PIN, 1);
	expect_lines(me, VECTOR, 1, "after a rise by 8 bits");
	out8(LINE_PORT + PIN, 0);
	out16(LINE_PORT + PIN, 1);
	expect_lines(me, VECTOR, 2, "after one by 16 bits");
	out16(LINE_PORT + PIN, 0);
	line(PIN, true);
	expect_lines(me, VECTOR, 3, "after one by 32 bits");
	pin_end(PIN);
}

/* What a masked pin missed is gone. */
void check_ioapic_edge_masked(void)
{
	struct cpu *me = this_cpu();

	pin_route(PIN, PIN_MASKED | VECTOR, 0);
	line(PIN, true);
	line(PIN, false);
	pin_write(PIN, VECTOR);
	quiet();
	expect_lines(me, VECTOR, 0, "for an edge while masked");
	pulse(me, PIN, VECTOR);
	quiet();
	expect_lines(me, VECTOR, TIMES, "after rises while not masked");
	pin_end(PIN);
}

/* A message that was accepted stays; edges before its handler merge. */
void check_ioapic_edge_pending(void)
{
	struct cpu *me = this_cpu();

	cli();
	pin_route(PIN, VECTOR, 0);
	for (uint32_t i = 0; i < TIMES; i++) {
		line(PIN, true);
		line(PIN, false);
	}
	pin_write(PIN, PIN_MASKED);
	expect_reg(me, "IRR bit 51", apic_bit(APIC_IRR, VECTOR), 1,
		   "after three edges");
	sti();
	expect_lines(me, VECTOR, 1, "after three edges while pending");
	quiet();
	expect_lines(me, VECTOR, 1, "after three edges while pending");
	pin_end(PIN);
}

static void all_once(uint32_t low, uint32_t dest)
{
	pin_route(PIN, low | VECTOR, dest);
	for (uint32_t n = 1; n <= TIMES && !failed(); n++) {
		line(PIN, true);
		for (uint32_t i = 0; i < nr_cpus; i++)
			expect_lines(&cpus[i], VECTOR, n, "after a broadcast");
		line(PIN, false);
	}
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect_count(&cpus[i], VECTOR, TIMES, "in all");
	pin_end(PIN);
}

void check_ioapic_broadcast(void)
{
	all_once(0, 0xff);
}

/* Flat in xAPIC mode; cluster 0 in x2APIC mode. */
void check_ioapic_logical(void)
{
	if (!this_cpu()->x2apic)
		use_flat();
	all_once(PIN_LOGICAL, (1u << nr_cpus) - 1);
}

static uint32_t handled(uint32_t vector)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < nr_cpus; i++)
		n += LOAD(cpus[i].count[vector]);
	return n;
}

/* One of them, whichever, and no other. */
void check_ioapic_lowest(void)
{
	if (!this_cpu()->x2apic)
		use_flat();
	pin_route(PIN, PIN_LOWEST | PIN_LOGICAL | VECTOR, (1u << nr_cpus) - 1);
	for (uint32_t n = 1; n <= TIMES; n++) {
		uint64_t start = rdtsc();

		line(PIN, true);
		while (handled(VECTOR) < n && !out_of_patience(start))
			pause();
		line(PIN, false);
		settle();
		if (handled(VECTOR) != n)
			fail("%u handlers ran for %u interrupts to the lowest",
			     handled(VECTOR), n);
	}
	pin_end(PIN);
}

/* An edge, whatever the trigger mode says. */
void check_ioapic_nmi(void)
{
	for (uint32_t i = 0; i < nr_cpus; i++) {
		pin_route(PIN, PIN_NMI | PIN_LEVEL, i);
		for (uint32_t n = 1; n <= TIMES && !failed(); n++) {
			line(PIN, true);
			quiet();
			if (i ? !reached(&cpus[i].nmis, n)
			      : LOAD(cpus[i].nmis) != n)
				fail("cpu %u: %u NMIs after %u rises", i,
				     LOAD(cpus[i].nmis), n);
			line(PIN, false);
		}
		expect_reg(&cpus[i], "remote IRR",
			   pin_read(PIN) & PIN_REMOTE_IRR, 0, "after an NMI");
		pin_end(PIN);
	}
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++) {
		if (LOAD(cpus[i].nmis) != TIMES)
			fail("cpu %u: %u NMIs, expected %u", i,
			     LOAD(cpus[i].nmis), TIMES);
	}
}

/* SDM 10.5.3: the receiver notes it. */
void check_ioapic_illegal(void)
{
	struct cpu *me = this_cpu();

	apic_write(APIC_ESR, 0);
	pin_route(PIN, 0x0c, 0);
	line(PIN, true);
	line(PIN, false);
	apic_write(APIC_ESR, 0);
	expect_reg(me, "ESR", apic_read(APIC_ESR), ESR_RECEIVE_ILLEGAL,
		   "after a message with vector c");
	expect_reg(me, "IRR bits 15:0", apic_read(APIC_IRR) & 0xffff, 0,
		   "after a message with vector c");
	pin_end(PIN);
	apic_write(APIC_ESR, 0);
}
