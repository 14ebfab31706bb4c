/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The devices of the stress of IOAPIC and PIC, and the verdict. */
#define _POSIX_C_SOURCE 200809L

#include "chips_stress.h"

#include <inttypes.h>
#include <stdio.h>

static enum device_kind kind_of(const struct device *d)
{
	return (enum device_kind)(d - devices);
}

uint32_t input_of(enum device_kind kind)
{
	static const uint32_t inputs[DEVICES] = {
		[DEVICE_MASKED] = 1,     [DEVICE_EDGE] = 2,
		[DEVICE_PIC_EDGE] = 3,   [DEVICE_PIC_LEVEL] = 5,
		[DEVICE_PIC_SLAVE] = 11,
	};

	return inputs[kind];
}

uint8_t vector_of(enum device_kind kind)
{
	if (kind >= DEVICE_PIC_EDGE)
		return (uint8_t)(PIC_BASE + input_of(kind));
	return (uint8_t)(0x50 + 0x10 * input_of(kind));
}

bool is_level(enum device_kind kind)
{
	return kind != DEVICE_EDGE && kind != DEVICE_PIC_EDGE;
}

void line(struct vic_counters *counters, enum device_kind kind, bool level)
{
	uint32_t source = kind == DEVICE_SHARED_TOO;

	if (kind >= DEVICE_PIC_EDGE)
		vic_pic_line_set(pic, counters, input_of(kind), 0, level);
	else
		vic_ioapic_line_set(ioapic, counters, input_of(kind), source,
				    level);
}

void *device_thread(void *opaque)
{
	struct device *d = opaque;
	enum device_kind kind = kind_of(d);
	bool shared = kind <= DEVICE_SHARED_TOO;

	for (uint64_t i = 0; i < rises; i++) {
		dawdle(&d->random);
		if (shared)
			pthread_mutex_lock(&d->mutex);
		mailbox_write(&d->box, true);
		atomic_fetch_add(&d->sent, 1);
		line(&d->counters, kind, true);
		if (kind == DEVICE_EDGE)
			line(&d->counters, kind, false);
		if (shared)
			pthread_mutex_unlock(&d->mutex);
		latch_wait(&d->reply);
	}
	return NULL;
}

/* Its source is high, as it left it. */
static bool stands(enum device_kind kind)
{
	struct vic_ioapic_pin pin;

	return !vic_ioapic_peek(ioapic, input_of(kind), &pin) &&
	       (pin.sources >> (kind == DEVICE_SHARED_TOO) & 1);
}

bool look_at(struct cpu *c, enum device_kind kind)
{
	struct device *d = &devices[kind];
	bool shared = kind <= DEVICE_SHARED_TOO, found;

	if (shared)
		pthread_mutex_lock(&d->mutex);
	found = mailbox_read(&d->box);
	if (found && shared && !stands(kind))
		die("a source falls with another");
	if (found && kind != DEVICE_EDGE && kind != DEVICE_MASKED)
		line(&c->counters, kind, false);
	if (shared)
		pthread_mutex_unlock(&d->mutex);
	if (!found)
		return false;
	d->handled++;
	/* Of the other one the EOI's callback does it. */
	if (kind != DEVICE_MASKED)
		latch_set(&d->reply);
	return true;
}

void *watchdog_thread(void *unused)
{
	struct watched watched = {0};
	uint64_t now;

	(void)unused;
	while (!atomic_load(&stop)) {
		doze(1000000);
		now = 0;
		for (uint32_t i = 0; i < DEVICES; i++)
			now += atomic_load(&devices[i].sent);
		if (stalls(&watched, !atomic_load(&stop), now))
			die("an interrupt is lost");
	}
	return NULL;
}

static struct totals {
	uint64_t sent, vectors, merged, irqs, folded, acked, extints, eois;
	uint64_t levels, level_eois, lost, refused;
} sum;

static void add(const struct vic_counters *n)
{
	sum.vectors += newly(&n->vectors);
	sum.merged += n->vectors.merged;
	sum.refused += n->refused + n->unmatched;
	sum.lost += n->discarded + n->requests_discarded + n->invalid;
}

static void sum_up(void)
{
	for (uint32_t i = 0; i < DEVICES; i++) {
		sum.sent += devices[i].sent;
		add(&devices[i].counters);
	}
	for (uint32_t i = 0; i < VCPUS; i++) {
		const struct vic_counters *n = vic_vcpu_counters(cpus[i].vcpu);

		add(n);
		add(&cpus[i].counters);
		sum.folded += n->folded;
		sum.acked += n->acked[VIC_MODE_FIXED];
		sum.extints += n->acked[VIC_MODE_EXTINT];
		sum.eois += n->eois;
		sum.irqs += cpus[i].irqs;
		sum.levels += cpus[i].levels;
		sum.level_eois += cpus[i].level_eois;
	}
}

static bool all_handled(void)
{
	for (uint32_t i = 0; i < DEVICES; i++)
		if (devices[i].handled != devices[i].sent ||
		    devices[i].sent != rises)
			return false;
	return true;
}

static uint64_t handled(enum device_kind kind)
{
	return devices[kind].handled;
}

static bool ioapic_at_rest(void)
{
	struct vic_ioapic_pin pin;

	for (uint32_t i = 0; i <= input_of(DEVICE_EDGE); i++)
		if (vic_ioapic_peek(ioapic, i, &pin) || pin.sources ||
		    (pin.entry & (VIC_RTE_REMOTE_IRR | VIC_RTE_BUSY)))
			return false;
	return true;
}

static bool pic_at_rest(void)
{
	struct vic_pic_chip chip;
	bool rests = !vic_pic_output(pic);

	for (uint32_t i = 0; i < 2; i++) {
		vic_pic_peek(pic, i, &chip);
		rests = rests && !chip.irr && !chip.isr && !chip.output;
	}
	return rests;
}

unsigned report(void)
{
	uint64_t of_pic = handled(DEVICE_PIC_EDGE) + handled(DEVICE_PIC_LEVEL) +
			  handled(DEVICE_PIC_SLAVE);

	sum_up();
	printf("# %" PRIu64 " rises; %" PRIu64
	       " vectors newly pending, %" PRIu64 " handled; %" PRIu64
	       " ExtINTs; %" PRIu64 " levels, %" PRIu64 " refused\n",
	       sum.sent, sum.vectors, sum.irqs, sum.extints, sum.levels,
	       sum.refused);
	ok(all_handled(), "each rise is handled once");
	ok(!sum.lost && !sum.merged, "nothing is thrown away or merged");
	ok(sum.refused, "some levels were refused");
	ok(sum.vectors == sum.irqs + sum.folded,
	   "each newly pending vector is handled once");
	ok(sum.irqs == sum.acked && sum.irqs == sum.eois,
	   "each vector that is handled has one ack and one EOI");
	ok(handled(DEVICE_MASKED) + handled(DEVICE_EDGE) + cpus[1].irqs ==
		   sum.irqs,
	   "a pin that is not shared interrupts once for each rise");
	ok(sum.levels == sum.level_eois, "each level vector reports its EOI");
	ok(pin_eois[input_of(DEVICE_SHARED)] == cpus[1].irqs &&
		   pin_eois[input_of(DEVICE_MASKED)] == handled(DEVICE_MASKED),
	   "and that of its pin");
	ok(of_pic == sum.extints, "each rise of an IRQ is one ExtINT");
	ok(irq_eois[input_of(DEVICE_PIC_LEVEL)] == handled(DEVICE_PIC_LEVEL) &&
		   irq_eois[input_of(DEVICE_PIC_SLAVE)] ==
			   handled(DEVICE_PIC_SLAVE),
	   "each level-triggered IRQ reports its EOI");
	ok(ioapic_at_rest(), "the IOAPIC is at rest");
	ok(pic_at_rest(), "the PIC is at rest");
	return plan();
}
