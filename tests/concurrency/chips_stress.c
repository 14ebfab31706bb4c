/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * An IOAPIC and a PIC under load: device threads drive lines, and each waits
 * for its handler. Three vCPU threads run the loop of <vic/lapic.h>: one
 * masks and unmasks LVT LINT0, which the PIC is wired to, one disables and
 * enables its local APIC, one masks and unmasks an entry of the IOAPIC.
 * Nobody rescues a waiter, and an interrupt without a cause is an error.
 */
#define _POSIX_C_SOURCE 200809L

#include "chips_stress.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>

/* The vCPUs, by what they do. */
enum {
	CPU_OF_PIC,
	CPU_OF_SHARED,
	CPU_OF_MASKED,
};

struct vic_ioapic *ioapic;
struct vic_pic *pic;
struct cpu *cpus;
struct device devices[DEVICES];
uint64_t rises = SHORT_RUN;
atomic_bool stop;
uint64_t pin_eois[DEVICES], irq_eois[16];
static struct vic_apic_bus *bus;

/* So that other threads do something here, on few processors too. */
void dawdle(uint64_t *random)
{
	if (!random_below(random, 4))
		sched_yield();
}

static void wake(void *opaque)
{
	latch_set(&((struct cpu *)opaque)->wake);
}

static void kick(void *opaque)
{
	latch_set(&((struct cpu *)opaque)->kick);
}

static uint8_t inta(void *opaque)
{
	return vic_pic_ack(pic, &((struct cpu *)opaque)->counters);
}

static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	(void)number;
	if (source != VIC_EOI_LAPIC)
		die("a local APIC reports an EOI that is not its own");
	((struct cpu *)opaque)->level_eois++;
}

/* Each pin and each IRQ has one vCPU. */
static void chip_eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct cpu *c = &cpus[CPU_OF_MASKED];

	(void)opaque;
	if (source == VIC_EOI_PIC) {
		irq_eois[number]++;
		return;
	}
	pin_eois[number]++;
	if (number == input_of(DEVICE_MASKED)) {
		dawdle(&c->random);
		line(&c->counters, DEVICE_MASKED, false);
		latch_set(&devices[DEVICE_MASKED].reply);
	}
}

static const struct vic_vcpu_ops ops = {
	.size = sizeof(ops),
	.wake = wake,
	.kick = kick,
	.eoi = eoi,
	.inta = inta,
};

static const struct vic_vcpu_ops chip_ops = {
	.size = sizeof(chip_ops),
	.eoi = chip_eoi,
};

static void store(struct cpu *c, uint32_t offset, uint32_t value)
{
	if (vic_lapic_mmio_write(c->lapic, offset, 4, value) != VIC_ACCESS_DONE)
		die("a store to the local APIC fails");
}

static void out(struct cpu *c, uint32_t port, uint8_t value)
{
	if (vic_pic_write(pic, &c->counters, port, value) != VIC_ACCESS_DONE)
		die("an OUT to the PIC fails");
}

static void set_entry(struct cpu *c, uint32_t half, uint32_t value)
{
	if (vic_ioapic_write(ioapic, &c->counters, VIC_IOAPIC_IOREGSEL, 4,
			     VIC_IOAPIC_REDTBL + half) != VIC_ACCESS_DONE ||
	    vic_ioapic_write(ioapic, &c->counters, VIC_IOAPIC_IOWIN, 4,
			     value) != VIC_ACCESS_DONE)
		die("a store to the IOAPIC fails");
}

/* The entry of @kind. */
static void route(struct cpu *c, enum device_kind kind, bool masked)
{
	uint32_t pin = input_of(kind), cpu = CPU_OF_PIC;

	if (kind <= DEVICE_MASKED)
		cpu = kind == DEVICE_MASKED ? CPU_OF_MASKED : CPU_OF_SHARED;
	set_entry(c, 2 * pin + 1, cpu << 24);
	set_entry(c, 2 * pin,
		  vector_of(kind) | (is_level(kind) ? VIC_RTE_LEVEL : 0u) |
			  (masked ? (uint32_t)VIC_RTE_MASKED : 0u));
}

/* The guest lets interrupts through, or not. */
static void set_open(struct cpu *c, bool open)
{
	c->open = open;
	switch (c->index) {
	case CPU_OF_PIC:
		store(c, VIC_APIC_LVT_LINT0,
		      VIC_MODE_EXTINT << VIC_LVT_MODE_SHIFT |
			      (open ? 0u : VIC_LVT_MASKED));
		break;
	case CPU_OF_SHARED:
		store(c, VIC_APIC_SVR,
		      VIC_SVR_RESET | (open ? VIC_SVR_ENABLE : 0u));
		break;
	default:
		route(c, DEVICE_MASKED, !open);
		break;
	}
}

static void handle_extint(struct cpu *c, uint8_t vector)
{
	enum device_kind kind = DEVICE_PIC_EDGE;

	while (kind < DEVICES && vector != vector_of(kind))
		kind++;
	if (kind == DEVICES || !look_at(c, kind))
		die("an IRQ comes that nobody raised");
	if (kind == DEVICE_PIC_SLAVE)
		out(c, VIC_PIC_SLAVE, VIC_PIC_OCW2_EOI);
	out(c, VIC_PIC_MASTER, VIC_PIC_OCW2_EOI);
}

/* The guest's handler of what was injected, up to its EOI. */
static void handle(struct cpu *c)
{
	uint8_t vector = c->vector;
	bool found = false;

	c->vector = 0;
	if (c->extint) {
		c->extint = false;
		handle_extint(c, vector);
		return;
	}
	for (enum device_kind kind = 0; kind <= DEVICE_EDGE; kind++) {
		if (vector != vector_of(kind))
			continue;
		found |= look_at(c, kind);
		dawdle(&c->random);
		/* The shared pin is one interrupt. */
		if (kind != DEVICE_SHARED_TOO)
			c->levels += is_level(kind);
	}
	if (!found)
		die("a pin interrupts without a cause");
	c->irqs++;
	store(c, VIC_APIC_EOI, 0);
}

/* In GUEST: spin or wait until a kick comes. */
static void stay(struct cpu *c, bool spin)
{
	if (!spin)
		latch_wait(&c->kick);
	while (spin && !latch_take(&c->kick))
		sched_yield();
}

/* The guest runs; what it did is emulated after the exit. */
static void run(struct cpu *c, bool immediate)
{
	bool kicked = latch_take(&c->kick), idle;
	uint32_t dice = random_below(&c->random, 16);

	idle = !kicked && !c->vector && !immediate;
	if (idle && dice < 4 && c->open) {
		stay(c, dice == 0);
		kicked = true;
	}
	vic_vcpu_exit(c->vcpu, kicked);
	if (kicked)
		return;
	if (c->vector)
		handle(c);
	else if (idle && dice < 10 && c->open)
		c->halted = true;
	else if (idle && (c->open || dice < 4))
		set_open(c, !c->open);
	/* Long enough for devices to meet a guest that is not open. */
	if (!c->open)
		sched_yield();
}

static void inject(struct cpu *c)
{
	struct vic_work work;
	uint32_t flags =
		vic_lapic_scan(c->lapic, c->vector ? 0u : VIC_CAN_IRQ, &work);

	if (flags & VIC_WORK_EXTINT) {
		if (vic_lapic_ack_extint(c->lapic, &c->vector))
			die("a pending ExtINT cannot be acknowledged");
		c->extint = true;
	} else if (flags & VIC_WORK_IRQ) {
		if (vic_lapic_ack(c->lapic, work.vector))
			die("a pending vector cannot be acknowledged");
		c->vector = work.vector;
	}
	if (c->vector)
		c->halted = false;
}

static void *vcpu_thread(void *opaque)
{
	struct cpu *c = opaque;
	enum vic_enter enter;

	while (!atomic_load(&stop) || c->vector) {
		inject(c);
		if (c->halted) {
			if (!vic_lapic_block(c->lapic, VIC_CAN_IRQ))
				continue;
			latch_wait(&c->wake);
			vic_vcpu_unblock(c->vcpu);
			continue;
		}
		enter = vic_vcpu_enter(c->vcpu);
		if (enter != VIC_ENTER_AGAIN)
			run(c, enter == VIC_ENTER_EXIT);
	}
	return NULL;
}

static void make_cpu(uint32_t index)
{
	struct cpu *c = &cpus[index];
	const struct vic_vcpu_config config = {
		.size = sizeof(config),
		.index = index,
		.ops = &ops,
		.opaque = c,
	};

	c->index = index;
	c->random = 0x9e3779b97f4a7c15 + index;
	latch_init(&c->wake);
	latch_init(&c->kick);
	c->lapic = x86_vcpu(&c->storage, &config, bus, VIC_LAPIC_BSP, &c->vcpu);
	store(c, VIC_APIC_SVR, VIC_SVR_RESET | VIC_SVR_ENABLE);
}

static void make_ioapic(void)
{
	const struct vic_ioapic_config config = {
		.size = sizeof(config),
		.bus = bus,
		.ops = &chip_ops,
	};
	size_t size = vic_ioapic_size(&config);

	if (vic_ioapic_init(zeroed(VIC_CACHE_LINE, size), size, &config,
			    &ioapic))
		die("vic_ioapic_init fails");
	for (enum device_kind kind = 0; kind <= DEVICE_EDGE; kind++)
		route(&cpus[CPU_OF_PIC], kind, false);
}

static void make_pic(void)
{
	const struct vic_pic_config config = {
		.size = sizeof(config),
		.ops = &chip_ops,
	};
	struct cpu *c = &cpus[CPU_OF_PIC];

	if (vic_pic_init(zeroed(VIC_CACHE_LINE, VIC_PIC_SIZE), VIC_PIC_SIZE,
			 &config, &pic) ||
	    vic_pic_wire(pic, &c->counters, c->vcpu))
		die("the PIC cannot be made");
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t port = i ? VIC_PIC_SLAVE : VIC_PIC_MASTER;

		out(c, port, VIC_PIC_ICW1 | VIC_PIC_ICW1_IC4);
		out(c, port + 1, (uint8_t)(PIC_BASE + 8 * i));
		out(c, port + 1, i ? VIC_PIC_CASCADE : 1 << VIC_PIC_CASCADE);
		out(c, port + 1, VIC_PIC_ICW4_UPM);
	}
	out(c, VIC_PIC_ELCR_MASTER, 1 << 5);
	out(c, VIC_PIC_ELCR_SLAVE, 1 << 3);
}

static void make_machine(void)
{
	cpus = zeroed(4096, VCPUS * sizeof(*cpus));
	bus = x86_bus(VCPUS);
	for (uint32_t i = 0; i < VCPUS; i++)
		make_cpu(i);
	make_ioapic();
	make_pic();
	for (uint32_t i = 0; i < VCPUS; i++)
		set_open(&cpus[i], true);
	for (uint32_t i = 0; i < DEVICES; i++) {
		devices[i].random = 0xd1b54a32d192ed03 + i;
		latch_init(&devices[i].reply);
		pthread_mutex_init(&devices[i].mutex, NULL);
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[DEVICES + VCPUS], watchdog;

	if (is_long(argc, argv))
		rises = LONG_RUN;
	make_machine();
	printf("# %d vCPU and %d device threads\n", VCPUS, DEVICES);
	fflush(stdout);

	start(&watchdog, watchdog_thread, NULL);
	for (uint32_t i = 0; i < VCPUS; i++)
		start(&threads[DEVICES + i], vcpu_thread, &cpus[i]);
	for (uint32_t i = 0; i < DEVICES; i++)
		start(&threads[i], device_thread, &devices[i]);
	/* The last wait of each is for its handler. */
	for (uint32_t i = 0; i < DEVICES; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&stop, true);
	for (uint32_t i = 0; i < VCPUS; i++) {
		latch_set(&cpus[i].wake);
		latch_set(&cpus[i].kick);
		pthread_join(threads[DEVICES + i], NULL);
	}
	pthread_join(watchdog, NULL);
	return report() != 0;
}
