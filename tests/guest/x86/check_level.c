/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Level-triggered pins of the IOAPIC (82093AA data sheet 3.2.4, SDM 10.8.5):
 * one message, remote IRR, and the EOI that ends it. A device holds its line
 * until its handler has run so often as the check says; handlers must have
 * run exactly as often.
 */

#include "lines.h"

#define PIN 18u
#define OTHER_PIN 20u
#define VECTOR 0x61u
#define OTHER_VECTOR 0x72u

static struct {
	/* Handlers until the device is content; 0: it lowers nothing. */
	uint32_t left;
	/* Handlers that saw remote IRR 0. */
	uint32_t without_remote_irr;
} device;

static bool remote_irr(uint32_t pin)
{
	return pin_read(pin) & PIN_REMOTE_IRR;
}

static void serve(void)
{
	if (!remote_irr(PIN))
		device.without_remote_irr++;
	if (device.left && --device.left == 0)
		line(PIN, false);
}

static void serve_and_end(struct cpu *me, uint32_t vector)
{
	(void)me;
	(void)vector;
	serve();
	apic_eoi();
}

static void begin(uint32_t left)
{
	handlers[VECTOR] = serve_and_end;
	device.left = left;
	device.without_remote_irr = 0;
}

static void expect_remote_irr(bool expected, const char *when)
{
	expect_reg(this_cpu(), "remote IRR", remote_irr(PIN), expected, when);
}

/* So many handlers in all, on that CPU, and the pin at rest. */
static void expect_exact(struct cpu *cpu, uint32_t n, const char *when)
{
	expect_lines(cpu, VECTOR, n, when);
	settle();
	quiet();
	expect_lines(cpu, VECTOR, n, when);
	expect_remote_irr(false, when);
	if (device.without_remote_irr)
		fail("cpu %u: %u handlers saw no remote IRR %s", cpu->id,
		     device.without_remote_irr, when);
}

/* Each CPU; once for a device that is content at once, and held longer. */
void check_level(void)
{
	for (uint32_t i = 0; i < nr_cpus; i++) {
		begin(1);
		pin_route(PIN, PIN_LEVEL | VECTOR, i);
		line(PIN, true);
		expect_exact(&cpus[i], 1, "for a line that falls at once");
		begin(5);
		line(PIN, true);
		expect_exact(&cpus[i], 6, "for a line that stays for five");
		pin_end(PIN);
	}
}

/* A level is not lost while masked, and gone when it falls. */
void check_level_masked(void)
{
	struct cpu *me = this_cpu();

	begin(1);
	pin_route(PIN, PIN_MASKED | PIN_LEVEL | VECTOR, 0);
	line(PIN, true);
	quiet();
	expect_lines(me, VECTOR, 0, "while masked");
	expect_remote_irr(false, "while masked");
	line(PIN, false);
	pin_write(PIN, PIN_LEVEL | VECTOR);
	quiet();
	expect_lines(me, VECTOR, 0, "for a line that fell while masked");
	pin_write(PIN, PIN_MASKED | PIN_LEVEL | VECTOR);
	line(PIN, true);
	pin_write(PIN, PIN_LEVEL | VECTOR);
	expect_exact(me, 1, "for a line that is up when it is unmasked");
	pin_end(PIN);
}

static void mask_and_end(struct cpu *me, uint32_t vector)
{
	(void)me;
	serve();
	pin_write(PIN, PIN_MASKED | PIN_LEVEL | vector);
	apic_eoi();
}

/* The EOI ends it, masked or not; what is still up waits for the unmask. */
void check_level_mask_in_service(void)
{
	struct cpu *me = this_cpu();

	begin(2);
	handlers[VECTOR] = mask_and_end;
	pin_route(PIN, PIN_LEVEL | VECTOR, 0);
	line(PIN, true);
	expect_exact(me, 1, "for a pin that its handler masks");
	pin_write(PIN, PIN_LEVEL | VECTOR);
	expect_exact(me, 2, "unmasked again");
	pin_end(PIN);
}

/* What was accepted comes, though the line fell meanwhile. */
void check_level_withdrawn(void)
{
	struct cpu *me = this_cpu();

	begin(0);
	cli();
	pin_route(PIN, PIN_LEVEL | VECTOR, 0);
	line(PIN, true);
	line(PIN, false);
	line(PIN, true);
	line(PIN, false);
	expect_remote_irr(true, "before the handler");
	expect_reg(me, "TMR bit 61", apic_bit(APIC_TMR, VECTOR), 1,
		   "before the handler");
	sti();
	expect_exact(me, 1, "for a line that fell before the handler");
	pin_end(PIN);
}

static void serve_bouncing(struct cpu *me, uint32_t vector)
{
	(void)me;
	(void)vector;
	serve();
	line(PIN, true);
	line(PIN, false);
	apic_eoi();
}

/* While it is in service the line says nothing until the EOI. */
void check_level_bounces(void)
{
	for (uint32_t i = 0; i < nr_cpus; i++) {
		begin(1);
		handlers[VECTOR] = serve_bouncing;
		pin_route(PIN, PIN_LEVEL | VECTOR, i);
		line(PIN, true);
		expect_exact(&cpus[i], 1, "for a line that bounces");
		pin_end(PIN);
	}
}

static void serve_shared(struct cpu *me, uint32_t vector)
{
	/* The second device asks while the first is served. */
	if (me->count[vector] == 0) {
		shared_line(PIN, true);
		serve();
	} else if (me->count[vector] == 2) {
		shared_line(PIN, false);
	}
	apic_eoi();
}

/* Two devices on one line: the second one for two handlers. */
void check_level_shared_line(void)
{
	for (uint32_t i = 0; i < nr_cpus; i++) {
		begin(1);
		handlers[VECTOR] = serve_shared;
		pin_route(PIN, PIN_LEVEL | VECTOR, i);
		line(PIN, true);
		expect_exact(&cpus[i], 3, "for two devices on one line");
		pin_end(PIN);
	}
}

/* A device that the EOI is reported to lowers its line then. */
void check_level_until_eoi(void)
{
	for (uint32_t i = 0; i < nr_cpus; i++) {
		begin(0);
		pin_route(PIN, PIN_LEVEL | VECTOR, i);
		for (uint32_t n = 1; n <= 3 && !failed(); n++) {
			line_until_eoi(PIN);
			expect_exact(&cpus[i], n, "for a line until its EOI");
		}
		pin_end(PIN);
	}
}

static void serve_pins(struct cpu *me, uint32_t vector)
{
	uint32_t n = me->count[vector];

	if (!remote_irr(n ? OTHER_PIN : PIN))
		device.without_remote_irr++;
	line(n ? OTHER_PIN : PIN, false);
	apic_eoi();
}

/* One EOI ends both; the one that is still up comes again. */
void check_level_shared_vector(void)
{
	struct cpu *me = this_cpu();

	begin(0);
	handlers[VECTOR] = serve_pins;
	pin_route(PIN, PIN_LEVEL | VECTOR, 0);
	pin_route(OTHER_PIN, PIN_LEVEL | VECTOR, 0);
	cli();
	line(PIN, true);
	line(OTHER_PIN, true);
	sti();
	expect_exact(me, 2, "for two pins with one vector");
	if (remote_irr(OTHER_PIN))
		fail("the second pin with the vector has remote IRR");
	pin_end(PIN);
	pin_end(OTHER_PIN);
}

/* Only an EOI of what came as level is told to the IOAPIC (TMR). */
static void serve_late(struct cpu *me, uint32_t vector)
{
	(void)vector;
	if (me->id != 0) {
		STORE(me->step, 1);
		if (!reached(&cpus[0].step, 1))
			fail("cpu 0 takes no IPI");
		serve();
	}
	apic_eoi();
}

void check_level_ipi_same_vector(void)
{
	struct cpu *target = &cpus[nr_cpus - 1];

	begin(1);
	handlers[VECTOR] = serve_late;
	pin_route(PIN, PIN_LEVEL | VECTOR, target->id);
	line(PIN, true);
	if (!reached(&target->step, 1))
		fail("cpu %u takes no level interrupt", target->id);
	apic_send_self(VECTOR);
	expect_lines(this_cpu(), VECTOR, 1, "after an IPI to itself");
	expect_remote_irr(true, "after the EOI of an IPI with its vector");
	STORE(cpus[0].step, 1);
	expect_exact(target, 1, "whose vector is an IPI's, too");
	pin_end(PIN);
}

static void end_elsewhere(struct cpu *me, uint32_t vector)
{
	(void)vector;
	serve();
	if (me->id != 0)
		pin_aim(PIN, 0);
	apic_eoi();
}

/* In service on one CPU, and moved: the next goes to the other. */
void check_level_move(void)
{
	struct cpu *from = &cpus[nr_cpus - 1];

	begin(2);
	handlers[VECTOR] = end_elsewhere;
	pin_route(PIN, PIN_LEVEL | VECTOR, from->id);
	line(PIN, true);
	expect_lines(from, VECTOR, 1, "before it is moved");
	expect_exact(this_cpu(), 1, "moved from another CPU");
	expect_lines(from, VECTOR, 1, "once it was moved");
	pin_end(PIN);
}

static void change_vector(struct cpu *me, uint32_t vector)
{
	(void)me;
	(void)vector;
	serve();
	pin_write(PIN, PIN_LEVEL | OTHER_VECTOR);
	apic_eoi();
}

static void serve_other(struct cpu *me, uint32_t vector)
{
	(void)me;
	(void)vector;
	line(PIN, false);
	apic_eoi();
}

/* The EOI names a vector that the entry no longer has: it does not end. */
static void orphan(struct cpu *me)
{
	begin(0);
	handlers[VECTOR] = change_vector;
	handlers[OTHER_VECTOR] = serve_other;
	pin_route(PIN, PIN_LEVEL | VECTOR, 0);
	line(PIN, true);
	expect_lines(me, VECTOR, 1, "before its vector changes");
	quiet();
	expect_lines(me, OTHER_VECTOR, 0, "after the EOI of the old vector");
	expect_remote_irr(true, "after the EOI of the old vector");
}

static void adopted(struct cpu *me, const char *how)
{
	expect_lines(me, OTHER_VECTOR, 1, how);
	expect_exact(me, 1, how);
	expect_lines(me, OTHER_VECTOR, 1, how);
	pin_end(PIN);
}

/* An entry that is edge has no remote IRR: the way out with version 0x11. */
void check_level_change_vector(void)
{
	struct cpu *me = this_cpu();

	orphan(me);
	pin_write(PIN, PIN_MASKED | OTHER_VECTOR);
	expect_remote_irr(false, "in an entry that is edge");
	pin_write(PIN, PIN_LEVEL | OTHER_VECTOR);
	adopted(me, "once the entry was edge");
}

/* The EOI register's way. */
void check_level_eoi_register(void)
{
	struct cpu *me = this_cpu();

	orphan(me);
	ioapic_eoi(VECTOR);
	expect_remote_irr(true, "after a write of another vector to EOI");
	ioapic_eoi(OTHER_VECTOR);
	adopted(me, "after a write of its vector to EOI");
}

/* Nobody accepts it: it is pending, and comes once somebody does. */
void check_level_refused(void)
{
	struct cpu *me = this_cpu();

	begin(1);
	apic_write(APIC_SVR, VECTOR_SPURIOUS);
	pin_route(PIN, PIN_LEVEL | VECTOR, 0);
	line(PIN, true);
	expect_remote_irr(false, "with its target disabled");
	expect_reg(me, "delivery status", pin_read(PIN) & PIN_BUSY, PIN_BUSY,
		   "with its target disabled");
	apic_write(APIC_SVR, SVR_NORMAL);
	expect_exact(me, 1, "once its target was enabled");
	expect_reg(me, "delivery status", pin_read(PIN) & PIN_BUSY, 0,
		   "once its target was enabled");
	pin_end(PIN);
	begin(1);
	pin_route(PIN, PIN_LEVEL | VECTOR, 0x77);
	line(PIN, true);
	expect_reg(me, "delivery status", pin_read(PIN) & PIN_BUSY, PIN_BUSY,
		   "without a target");
	pin_aim(PIN, 0);
	expect_exact(me, 2, "once it had a target");
	pin_end(PIN);
}

bool suppress_offered(void)
{
	return apic_read(APIC_VERSION) >> 24 & 1;
}

bool eoi_register_offered(void)
{
	return ioapic_has_eoi();
}

static void set_suppress(struct cpu *me, void *arg)
{
	(void)me;
	apic_write(APIC_SVR, arg ? SVR_NORMAL | SVR_SUPPRESS : SVR_NORMAL);
}

/* SDM 10.8.5: the EOI stays here, and the IOAPIC is told by its register. */
static void serve_and_direct(struct cpu *me, uint32_t vector)
{
	serve();
	apic_eoi();
	if (!remote_irr(PIN))
		fail("cpu %u: an EOI ends remote IRR with SVR[12]", me->id);
	ioapic_eoi(vector);
}

void check_level_suppressed(void)
{
	run_all(set_suppress, cpus);
	expect_reg(this_cpu(), "SVR", apic_read(APIC_SVR),
		   SVR_NORMAL | SVR_SUPPRESS, "after a write");
	for (uint32_t i = 0; i < nr_cpus; i++) {
		begin(5);
		handlers[VECTOR] = serve_and_direct;
		pin_route(PIN, PIN_LEVEL | VECTOR, i);
		line(PIN, true);
		expect_exact(&cpus[i], 5, "with directed EOIs");
		pin_end(PIN);
	}
	run_all(set_suppress, NULL);
}
