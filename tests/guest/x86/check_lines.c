/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Devices in a storm. There are four groups, each on one of the CPUs: an
 * edge and a level pin of the IOAPIC, an edge and a level IRQ of the PIC,
 * which CPU 0 takes as ExtINT. A device raises its line again once its last
 * request was served, so nothing merges, and its handlers must have run
 * exactly as often as it asked for: once for an edge, one to three times for
 * a level that it holds. CPU 0 sends the pins to other CPUs all the while.
 * Where EOI broadcasts can be suppressed, odd CPUs do so and write the
 * IOAPIC's EOI register.
 */

#include "lines.h"

#define OWNERS 4u
#define DEVICES 4u
#define LEAST 10u /* requests of each */

struct device {
	/* Handlers asked for and run; until the line falls. */
	uint32_t asked, run, left;
	uint32_t owner, line;
	bool level, pic;
};

static struct device devices[OWNERS * DEVICES];
static struct device *by_vector[256];
static bool directed[MAX_CPUS];

static void run_device(struct cpu *me, uint32_t vector)
{
	struct device *device = by_vector[vector];

	if (--device->left == 0)
		line(device->line, false);
	if (device->pic) {
		pic_eoi(device->line);
	} else {
		apic_eoi();
		if (device->level && directed[me->id])
			ioapic_eoi(vector);
	}
	/* After the EOI another CPU may run the next. */
	__atomic_fetch_add(&device->run, 1, __ATOMIC_SEQ_CST);
}

static void ask(struct device *device, uint32_t random)
{
	device->left = device->level ? 1 + random % 3 : 1;
	device->asked += device->left;
	line(device->line, true);
}

static void make(uint32_t owner, uint32_t k, uint32_t n, uint32_t vector)
{
	struct device *device = &devices[owner * DEVICES + k];

	*device = (struct device){
		.owner = owner % nr_cpus,
		.line = n,
		.level = k % 2,
		.pic = k >= 2,
	};
	by_vector[vector] = device;
	handlers[vector] = run_device;
}

/* Between the vectors of check_storm.c's channels. */
static void make_all(uint32_t owner)
{
	static const uint8_t edge[OWNERS] = {3, 5, 10, 14};
	static const uint8_t level[OWNERS] = {6, 7, 11, 15};

	for (uint32_t k = 0; k < 2; k++) {
		uint32_t pin = 16 + 2 * owner + k;
		uint32_t vector = 0x22 + 20 * (pin - 16);

		make(owner, k, pin, vector);
		pin_route(pin, vector | (k ? PIN_LEVEL : 0), owner % nr_cpus);
	}
	make(owner, 2, edge[owner], PIC_BASE + edge[owner]);
	make(owner, 3, level[owner], PIC_BASE + level[owner]);
}

static void direct(struct cpu *me, void *arg)
{
	directed[me->id] = arg && me->id % 2 == 1;
	apic_write(APIC_SVR,
		   directed[me->id] ? SVR_NORMAL | SVR_SUPPRESS : SVR_NORMAL);
}

/* Is a level one at all? */
static void probe(void)
{
	struct device *device = &devices[1];

	cli();
	ask(device, 0);
	if (!(pin_read(device->line) & PIN_REMOTE_IRR))
		fail("line %u: no remote IRR while it is pending",
		     device->line);
	sti();
	quiet();
	if (device->run != device->asked)
		fail("line %u: %u handlers, expected %u", device->line,
		     device->run, device->asked);
}

void lines_prepare(void)
{
	pic_begin(ICW4_8086);
	pic_command(PIC_ELCR, 1 << 6 | 1 << 7);
	pic_command(PIC_ELCR + 1, 1 << 3 | 1 << 7);
	for (uint32_t owner = 0; owner < OWNERS; owner++)
		make_all(owner);
	run_all(direct, suppress_offered() ? cpus : NULL);
	pic_unmask(1 << 3 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 11 |
		   1 << 14 | 1 << 15);
	lint0_extint(true);
	probe();
}

static bool owns(const struct cpu *me, const struct device *device)
{
	return device->owner == me->id;
}

void lines_step(struct cpu *me, uint32_t random)
{
	if (me->id == 0) {
		uint32_t pin = 16 + (random >> 3) % (OWNERS * 2);

		pin_aim(pin, (random >> 8) % nr_cpus);
	}
	for (uint32_t i = 0; i < OWNERS * DEVICES; i++) {
		struct device *device = &devices[i];

		if (owns(me, device) && LOAD(device->run) == device->asked)
			ask(device, random >> 16);
	}
}

static uint32_t all_run(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < OWNERS * DEVICES; i++)
		n += LOAD(devices[i].run);
	return n;
}

/* Others may go first, for as long as they come. */
static bool served(const struct device *device)
{
	uint32_t run;

	do {
		run = all_run();
		if (reached(&device->run, device->asked))
			return true;
	} while (all_run() != run);
	fail("line %u: %u handlers, the last of %u did not come; entry %x",
	     device->line, LOAD(device->run), device->asked,
	     device->pic ? 0 : pin_read(device->line));
	return false;
}

/* What is asked so far is served, and that was enough. */
void lines_end(struct cpu *me)
{
	for (uint32_t i = 0; i < OWNERS * DEVICES; i++) {
		struct device *device = &devices[i];

		while (owns(me, device) && !failed() && served(device) &&
		       device->asked < LEAST)
			ask(device, device->asked);
	}
}

/* On CPU 0, after all have ended theirs. */
void lines_report(void)
{
	uint32_t asked = 0, run = 0;

	lint0_extint(false);
	pic_end();
	for (uint32_t i = 0; i < OWNERS * DEVICES; i++) {
		struct device *device = &devices[i];

		if (!device->pic)
			pin_end(device->line);
		asked += device->asked;
		run += LOAD(device->run);
		if (device->run != device->asked)
			fail("line %u: %u handlers, expected %u", device->line,
			     device->run, device->asked);
	}
	run_all(direct, NULL);
	print("exact %s.lines posted=%u seen=%u\n", mode_name, asked, run);
}
