/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The pair of 8259A and ExtINT (8259A data sheet; SDM 10.1, 10.5.1): what
 * goes to LINT0 of CPU 0, or through pin 0 of the IOAPIC to any CPU.
 */

#include "lines.h"

#define IRQS 0xfffau /* all but 0, which is the PIT's, and the slave's */
#define ENDED 0x100u
#define EXTINT_PIN 0u

static void note(struct cpu *me, uint32_t event)
{
	if (me->logged < sizeof(me->log) / sizeof(me->log[0]))
		me->log[me->logged++] = event;
}

/* note[0]: handlers whose vector was in service in the local APIC. */
static void serve(struct cpu *me, uint32_t vector)
{
	me->note[0] += apic_bit(APIC_ISR, vector);
	line(vector - PIC_BASE, false);
	pic_eoi(vector - PIC_BASE);
}

static void begin(uint32_t icw4, handler_fn handler)
{
	cli();
	for (uint32_t n = 0; n < 16; n++)
		handlers[PIC_BASE + n] = handler;
	pic_begin(icw4);
	pic_unmask(IRQS);
	lint0_extint(true);
	sti();
}

static void end(void)
{
	lint0_extint(false);
	pic_end();
	expect_reg(this_cpu(), "the number of ExtINTs in ISR",
		   this_cpu()->note[0], 0, "in their handlers");
}

static void raise(const uint8_t *irqs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		line(irqs[i], true);
}

/* Raised with interrupts off; their handlers in that order, and no more. */
static void expect_order(const uint8_t *irqs, const uint32_t *order, uint32_t n)
{
	struct cpu *me = this_cpu();

	me->logged = 0;
	cli();
	raise(irqs, n);
	sti();
	reached(&me->logged, n);
	quiet();
	expect_log(me, order, n);
}

void check_pic_regs(void)
{
	struct cpu *me = this_cpu();

	pic_begin(ICW4_8086);
	for (uint32_t mask = 0; mask < 0x100; mask += 0x55) {
		pic_command(PIC_MASTER + 1, mask);
		pic_command(PIC_SLAVE + 1, mask ^ 0xff);
		expect_reg(me, "IMR of the master", pic_read(PIC_MASTER + 1),
			   mask, "after a write");
		expect_reg(me, "IMR of the slave", pic_read(PIC_SLAVE + 1),
			   mask ^ 0xff, "after a write");
	}
	pic_command(PIC_ELCR, 0xff);
	pic_command(PIC_ELCR + 1, 0xff);
	expect_reg(me, "ELCR", pic_read(PIC_ELCR) | pic_read(PIC_ELCR + 1) << 8,
		   0xdef8, "after a write of ones");
	pic_end();
	expect_reg(me, "ELCR", pic_read(PIC_ELCR) | pic_read(PIC_ELCR + 1) << 8,
		   0, "after a write of zeroes");
	expect_reg(me, "IRR", pic_both(OCW3_IRR), 0, "with all lines down");
	expect_reg(me, "ISR", pic_both(OCW3_ISR), 0, "with all lines down");
}

static void serve_alone(struct cpu *me, uint32_t vector)
{
	uint32_t irq = vector - PIC_BASE;
	uint32_t isr = 1u << irq | (irq >= 8 ? 1u << 2 : 0);

	expect_reg(me, "ISR of the PIC", pic_both(OCW3_ISR), isr,
		   "in a handler");
	serve(me, vector);
}

void check_pic_extint(void)
{
	struct cpu *me = this_cpu();

	begin(ICW4_8086, serve_alone);
	for (uint32_t times = 1; times <= 3; times++) {
		for (uint32_t n = 0; n < 16 && !failed(); n++) {
			if (!(IRQS >> n & 1))
				continue;
			line(n, true);
			expect_lines(me, PIC_BASE + n, times, "in all");
		}
	}
	quiet();
	for (uint32_t n = 0; n < 16; n++) {
		if (IRQS >> n & 1)
			expect_lines(me, PIC_BASE + n, 3, "in all");
	}
	end();
}

/* Another CPU raises the lines while this one halts. */
static void raise_slowly(struct cpu *me, void *arg)
{
	(void)arg;
	for (uint32_t n = 1; n <= 3; n++) {
		delay(MILLISECOND / 4);
		line(11, true);
		if (!reached(&cpus[0].count[PIC_BASE + 11], n))
			fail("cpu %u: ExtINT does not wake cpu 0", me->id);
	}
}

void check_pic_halted(void)
{
	struct cpu *me = this_cpu(), *other = &cpus[nr_cpus - 1];

	begin(ICW4_8086, serve);
	run_begin(other, raise_slowly, NULL);
	cli();
	while (LOAD(me->count[PIC_BASE + 11]) < 3) {
		sti_hlt();
		cli();
	}
	sti();
	run_end(other);
	end();
}

void check_pic_priority(void)
{
	static const uint8_t irqs[] = {14, 5, 3, 9, 12, 1};
	static const uint32_t order[] = {
		PIC_BASE + 1,  PIC_BASE + 9, PIC_BASE + 12,
		PIC_BASE + 14, PIC_BASE + 3, PIC_BASE + 5,
	};
	static const uint8_t rotated[] = {3, 5, 1, 6};
	static const uint32_t rotated_order[] = {
		PIC_BASE + 5,
		PIC_BASE + 6,
		PIC_BASE + 1,
		PIC_BASE + 3,
	};

	begin(ICW4_8086, serve);
	expect_order(irqs, order, 6);
	/* Set priority: IRQ 4 is the lowest. */
	pic_command(PIC_MASTER, 0xc4);
	expect_order(rotated, rotated_order, 4);
	end();
}

static void rotate(struct cpu *me, uint32_t vector)
{
	(void)me;
	line(vector - PIC_BASE, false);
	pic_command(PIC_MASTER, 0xa0);
}

static void lower(struct cpu *me, uint32_t vector)
{
	(void)me;
	line(vector - PIC_BASE, false);
}

/* Who was served is the lowest, by a non-specific EOI or an automatic one. */
void check_pic_rotate(void)
{
	static const uint8_t irqs[] = {3, 5}, again[] = {3, 6};
	static const uint32_t order[] = {PIC_BASE + 3, PIC_BASE + 5};
	static const uint32_t then[] = {PIC_BASE + 6, PIC_BASE + 3};

	begin(ICW4_8086, rotate);
	expect_order(irqs, order, 2);
	expect_order(again, then, 2);
	begin(ICW4_8086 | ICW4_AEOI, lower);
	pic_command(PIC_MASTER, 0x80);
	expect_order(irqs, order, 2);
	expect_order(again, then, 2);
	pic_command(PIC_MASTER, 0x00);
	end();
}

static void serve_aeoi(struct cpu *me, uint32_t vector)
{
	expect_reg(me, "ISR of the PIC", pic_both(OCW3_ISR), 0,
		   "in a handler with automatic EOI");
	line(vector - PIC_BASE, false);
}

void check_pic_aeoi(void)
{
	struct cpu *me = this_cpu();

	begin(ICW4_8086 | ICW4_AEOI, serve_aeoi);
	for (uint32_t times = 1; times <= 3 && !failed(); times++) {
		line(4, true);
		expect_lines(me, PIC_BASE + 4, times, "with automatic EOI");
		line(13, true);
		expect_lines(me, PIC_BASE + 13, times, "with automatic EOI");
	}
	end();
}

/* While 6 is served: 3 comes in between, 7 waits for its end. */
static void serve_nested(struct cpu *me, uint32_t vector)
{
	static const uint8_t others[] = {3, 7};

	if (vector == PIC_BASE + 6) {
		raise(others, 2);
		sti();
		expect_lines(me, PIC_BASE + 3, 1, "while 6 is in service");
		quiet();
		cli();
	}
	note(me, vector | ENDED);
	serve(me, vector);
}

void check_pic_nested(void)
{
	struct cpu *me = this_cpu();
	static const uint32_t order[] = {
		PIC_BASE + 6,           PIC_BASE + 3, ENDED | (PIC_BASE + 3),
		ENDED | (PIC_BASE + 6), PIC_BASE + 7, ENDED | (PIC_BASE + 7),
	};

	begin(ICW4_8086, serve_nested);
	line(6, true);
	expect_lines(me, PIC_BASE + 7, 1, "after 6");
	expect_log(me, order, 6);
	end();
}

/* 12 is in service; 9 has a higher priority of the same slave. */
static void serve_slave(struct cpu *me, uint32_t vector)
{
	if (vector == PIC_BASE + 12) {
		line(9, true);
		sti();
		quiet();
		cli();
		me->note[1] = me->count[PIC_BASE + 9];
	}
	line(vector - PIC_BASE, false);
	pic_command(PIC_SLAVE, OCW2_EOI);
	/* The master hears of it only if the slave has no other. */
	pic_command(PIC_SLAVE, OCW3_ISR);
	if (!pic_read(PIC_SLAVE))
		pic_command(PIC_MASTER, OCW2_EOI);
}

void check_pic_sfnm(void)
{
	struct cpu *me = this_cpu();

	begin(ICW4_8086, serve_slave);
	line(12, true);
	expect_lines(me, PIC_BASE + 9, 1, "after 12");
	expect_reg(me, "the number of handlers of 9", me->note[1], 0,
		   "in that of 12, fully nested");
	begin(ICW4_8086 | ICW4_SFNM, serve_slave);
	line(12, true);
	expect_lines(me, PIC_BASE + 12, 2, "special fully nested");
	expect_reg(me, "the number of handlers of 9", me->note[1], 2,
		   "in that of 12, special fully nested");
	end();
}

/* 3 masks itself: in special mask mode 5 need not wait for its end. */
static void serve_special(struct cpu *me, uint32_t vector)
{
	if (vector == PIC_BASE + 3) {
		pic_unmask(IRQS & ~(1u << 3));
		pic_command(PIC_MASTER, 0x68);
		line(5, true);
		sti();
		expect_lines(me, PIC_BASE + 5, 1, "in special mask mode");
		cli();
		pic_command(PIC_MASTER, 0x48);
		pic_unmask(IRQS);
	}
	line(vector - PIC_BASE, false);
	pic_command(PIC_MASTER, 0x60 | (vector - PIC_BASE));
}

void check_pic_special_mask(void)
{
	struct cpu *me = this_cpu();

	begin(ICW4_8086, serve_special);
	line(3, true);
	expect_lines(me, PIC_BASE + 3, 1, "in special mask mode");
	expect_reg(me, "ISR", pic_both(OCW3_ISR), 0, "after specific EOIs");
	end();
}

void check_pic_masked(void)
{
	struct cpu *me = this_cpu();

	begin(ICW4_8086, serve);
	pic_unmask(IRQS & ~(1u << 5 | 1u << 10));
	line(5, true);
	line(10, true);
	quiet();
	expect_lines(me, PIC_BASE + 5, 0, "while masked");
	expect_lines(me, PIC_BASE + 10, 0, "while masked");
	expect_reg(me, "IRR", pic_both(OCW3_IRR), 1u << 5 | 1u << 10,
		   "with two requests that are masked");
	pic_unmask(IRQS);
	expect_lines(me, PIC_BASE + 5, 1, "once unmasked");
	expect_lines(me, PIC_BASE + 10, 1, "once unmasked");
	end();
}

/* Until its handler has run three times. */
static void serve_level(struct cpu *me, uint32_t vector)
{
	uint32_t irq = vector - PIC_BASE;

	if (me->count[vector] % 3 == 2)
		line(irq, false);
	pic_eoi(irq);
}

void check_pic_level(void)
{
	struct cpu *me = this_cpu();

	begin(ICW4_8086, serve_level);
	pic_command(PIC_ELCR, 1 << 5);
	pic_command(PIC_ELCR + 1, 1 << 2);
	for (uint32_t times = 1; times <= 3 && !failed(); times++) {
		line(5, true);
		expect_lines(me, PIC_BASE + 5, 3 * times, "of a level");
		line(10, true);
		expect_lines(me, PIC_BASE + 10, 3 * times, "of a level");
		quiet();
		expect_lines(me, PIC_BASE + 5, 3 * times, "of a level");
		expect_lines(me, PIC_BASE + 10, 3 * times, "of a level");
	}
	end();
}

/* LINT0 is a level: what is withdrawn before it is taken does not come. */
void check_pic_withdrawn(void)
{
	struct cpu *me = this_cpu();

	begin(ICW4_8086, serve);
	cli();
	line(5, true);
	line(5, false);
	sti();
	quiet();
	for (uint32_t n = 0; n < 16; n++)
		expect_lines(me, PIC_BASE + n, 0, "of a request withdrawn");
	end();
}

/* A poll acknowledges, and says whom. */
void check_pic_poll(void)
{
	struct cpu *me = this_cpu();
	static const uint8_t irqs[] = {6, 11};

	pic_begin(ICW4_8086);
	pic_unmask(IRQS);
	raise(irqs, 2);
	pic_command(PIC_MASTER, OCW3_POLL);
	expect_reg(me, "a poll", pic_read(PIC_MASTER), 0x82, "of the master");
	pic_command(PIC_SLAVE, OCW3_POLL);
	expect_reg(me, "a poll", pic_read(PIC_SLAVE), 0x83, "of the slave");
	expect_reg(me, "ISR", pic_both(OCW3_ISR), 0x804, "after two polls");
	pic_eoi(11);
	pic_command(PIC_MASTER, OCW3_POLL);
	expect_reg(me, "a poll", pic_read(PIC_MASTER), 0x86, "of the master");
	pic_eoi(6);
	pic_command(PIC_MASTER, OCW3_POLL);
	expect_reg(me, "a poll", pic_read(PIC_MASTER) & 0x80, 0,
		   "without a request");
	expect_reg(me, "ISR", pic_both(OCW3_ISR), 0, "after the EOIs");
	pic_end();
}

static void through_pin(uint32_t icw4, handler_fn handler, uint32_t cpu)
{
	begin(icw4, handler);
	lint0_extint(false);
	pin_route(EXTINT_PIN, PIN_EXTINT, cpu);
}

/* One edge of INT for each, though all are requested at once. */
static void pin_at_once(void)
{
	static const uint8_t irqs[] = {5, 12, 3, 10};
	static const uint32_t order[] = {
		PIC_BASE + 10,
		PIC_BASE + 12,
		PIC_BASE + 3,
		PIC_BASE + 5,
	};

	through_pin(ICW4_8086 | ICW4_AEOI, lower, 0);
	expect_order(irqs, order, 4);
	pin_write(EXTINT_PIN, PIN_MASKED);
	end();
}

/* MultiProcessor Specification 3.6.2.2: virtual wire through the IOAPIC. */
void check_pic_pin(void)
{
	for (uint32_t i = 0; i < nr_cpus; i++) {
		through_pin(ICW4_8086, serve_alone, i);
		for (uint32_t times = 1; times <= 3 && !failed(); times++) {
			line(3, true);
			expect_lines(&cpus[i], PIC_BASE + 3, times,
				     "through the IOAPIC");
			line(10, true);
			expect_lines(&cpus[i], PIC_BASE + 10, times,
				     "through the IOAPIC");
		}
		pin_write(EXTINT_PIN, PIN_MASKED);
		end();
	}
	pin_at_once();
}

/* note[1]: IRQ 7 without its bit in ISR, note[2]: so 15, note[3]: others. */
static void serve_spurious(struct cpu *me, uint32_t vector)
{
	uint32_t irq = vector - PIC_BASE, isr = pic_both(OCW3_ISR);

	if (irq == 7 && !(isr >> 7 & 1)) {
		me->note[1]++;
		expect_reg(me, "ISR", isr, 0, "with a spurious IRQ 7");
	} else if (irq == 15 && !(isr >> 15 & 1)) {
		me->note[2]++;
		expect_reg(me, "ISR", isr, 1u << 2, "with a spurious IRQ 15");
		pic_command(PIC_MASTER, OCW2_EOI);
	} else {
		me->note[3]++;
		serve(me, vector);
	}
}

/* The message is on its way when the request goes: IRQ 7, or IRQ 15. */
void check_pic_spurious(void)
{
	struct cpu *me = this_cpu();

	through_pin(ICW4_8086, serve_spurious, 0);
	for (uint32_t times = 1; times <= 3 && !failed(); times++) {
		cli();
		line(5, true);
		line(5, false);
		sti();
		expect_lines(me, PIC_BASE + 7, 2 * times - 1,
			     "for a request that went");
		line(7, true);
		expect_lines(me, PIC_BASE + 7, 2 * times, "for IRQ 7");
		cli();
		line(10, true);
		line(10, false);
		sti();
		expect_lines(me, PIC_BASE + 15, 2 * times - 1,
			     "for a slave's request that went");
		line(15, true);
		expect_lines(me, PIC_BASE + 15, 2 * times, "for IRQ 15");
	}
	cli();
	line(5, true);
	pic_unmask(0);
	sti();
	expect_lines(me, PIC_BASE + 7, 7, "for a request that was masked");
	expect_reg(me, "the number of spurious IRQ 7", me->note[1], 4,
		   "in all");
	expect_reg(me, "the number of spurious IRQ 15", me->note[2], 3,
		   "in all");
	expect_reg(me, "the number of others", me->note[3], 6, "in all");
	expect_reg(me, "ISR", pic_both(OCW3_ISR), 0, "in the end");
	pin_write(EXTINT_PIN, PIN_MASKED);
	end();
}
