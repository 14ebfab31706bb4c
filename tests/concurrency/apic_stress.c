/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The whole local APIC under load: vCPU threads run the loop of
 * <vic/lapic.h>, send IPIs and arm TSC deadlines; device threads send MSIs
 * and ExtINTs, drive LINT0 and LINT1, overflow performance counters and
 * stand for the host's timers. Nobody rescues a waiter, as in stress.c.
 */
#define _POSIX_C_SOURCE 200809L

#include "apic_stress.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#define MSR(offset) (VIC_MSR_X2APIC + (offset) / 16)

struct vic_apic_bus *bus;
struct cpu *cpus;
struct device devices[DEVICES];
struct mailbox boxes[DEVICES + VCPUS][VCPUS];
static _Atomic int64_t budget;
atomic_bool stop;

bool spend(void)
{
	return atomic_fetch_sub_explicit(&budget, 1, memory_order_relaxed) > 0;
}

uint64_t clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void wake(void *opaque)
{
	latch_set(&((struct cpu *)opaque)->wake);
}

static void kick(void *opaque)
{
	latch_set(&((struct cpu *)opaque)->kick);
}

static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	if (source != VIC_EOI_LAPIC || (number != vector_of(DEVICE_LINT0) &&
					number != vector_of(DEVICE_LEVEL_MSI)))
		die("an edge interrupt was reported as level");
	((struct cpu *)opaque)->level_eois++;
}

static uint64_t now(void *opaque, uint32_t clock)
{
	(void)opaque;
	(void)clock;
	return clock_now();
}

static uint8_t inta(void *opaque)
{
	(void)opaque;
	return VECTOR_EXTINT;
}

static const struct vic_vcpu_ops ops = {
	.size = sizeof(ops),
	.wake = wake,
	.kick = kick,
	.eoi = eoi,
	.now = now,
	.inta = inta,
};

static void wrmsr(struct cpu *c, uint32_t msr, uint64_t value)
{
	if (vic_lapic_msr_write(c->lapic, msr, value) != VIC_ACCESS_DONE)
		die("WRMSR of a legal value faults");
}

/* Its handler tells a device that waits. */
static void answer(struct cpu *c, uint32_t device)
{
	if (mailbox_read(&boxes[device][c->index]))
		latch_set(&devices[device].reply);
}

static void device_irq(struct cpu *c, uint32_t device)
{
	atomic_fetch_add(&c->handled[device], 1);
	c->level_irqs += device == DEVICE_LINT0 || device == DEVICE_LEVEL_MSI;
	/* Before its EOI, so the device may raise it again before that. */
	if (device == DEVICE_LINT0)
		vic_vcpu_request(c->vcpu, &c->lines, VIC_REQUEST_LINT0, 0);
	/* The delivery has set the mask bit. */
	if (device == DEVICE_PERF)
		wrmsr(c, MSR(VIC_APIC_LVT_PERF), vector_of(DEVICE_PERF));
	answer(c, device);
}

/* The guest's handler of what was injected, up to its EOI. */
static void handle(struct cpu *c)
{
	uint8_t vector = c->vector;

	c->vector = 0;
	if (vector == VECTOR_EXTINT) {
		answer(c, DEVICE_EXTINT);
		atomic_fetch_add(&c->extints, 1);
		return;
	}
	if (vector == VECTOR_TIMER) {
		if (!c->waits_for_timer)
			die("a timer that is not armed fires");
		c->waits_for_timer = false;
		atomic_fetch_add(&c->timers, 1);
	} else if (vector == VECTOR_IPI) {
		for (uint32_t i = 0; i < VCPUS; i++)
			mailbox_read(&boxes[DEVICES + i][c->index]);
	} else if (vector != VECTOR_LOWEST) {
		uint32_t device = (vector - VECTOR_DEVICE) / 0x10u;

		if (device >= DEVICE_EXTINT || vector != vector_of(device))
			die("a vector came that nobody sends");
		device_irq(c, device);
	}
	atomic_fetch_add(&c->irqs, 1);
	wrmsr(c, MSR(VIC_APIC_EOI), 0);
}

static void arm_timer(struct cpu *c)
{
	uint64_t delay = random_below(&c->random, 4) ? 20000 : 0;

	if (c->waits_for_timer)
		return;
	c->waits_for_timer = true;
	atomic_fetch_add(&c->armed, 1);
	wrmsr(c, VIC_MSR_TSC_DEADLINE, clock_now() + delay);
}

static void send_ipi(struct cpu *c)
{
	uint32_t target = random_below(&c->random, VCPUS);
	uint64_t icr = VECTOR_IPI;

	if (!spend())
		return;
	if (!random_below(&c->random, 4)) {
		icr = (uint64_t)((1u << VCPUS) - 1) << VIC_ICR_DEST_SHIFT |
		      VIC_ICR_LOGICAL | VIC_MODE_LOWEST << VIC_ICR_MODE_SHIFT |
		      VECTOR_LOWEST;
	} else {
		icr |= (uint64_t)target << VIC_ICR_DEST_SHIFT;
		mailbox_write(&boxes[DEVICES + c->index][target], false);
	}
	wrmsr(c, MSR(VIC_APIC_ICR_LO), icr);
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
	bool kicked = latch_take(&c->kick), idle = false;
	uint32_t dice = random_below(&c->random, 16);

	if (!kicked && !c->vector && !immediate) {
		idle = true;
		if (dice < 4) {
			stay(c, dice == 0);
			kicked = true;
		}
	}
	vic_vcpu_exit(c->vcpu, kicked);
	if (kicked)
		return;
	if (c->vector)
		handle(c);
	else if (idle && dice < 8)
		c->halted = true;
	else if (idle && dice < 11 &&
		 atomic_load_explicit(&budget, memory_order_relaxed) > 0)
		arm_timer(c);
	else if (idle)
		send_ipi(c);
}

static void inject(struct cpu *c)
{
	uint32_t can = c->vector ? 0u : VIC_CAN_IRQ;
	struct vic_deadline deadline;
	struct vic_work work;
	uint32_t flags = vic_lapic_scan(c->lapic, can, &work);

	if (flags & VIC_WORK_TIMER)
		atomic_store(&c->deadline,
			     vic_lapic_deadline(c->lapic, &deadline)
				     ? deadline.at
				     : 0);
	if (flags & VIC_WORK_EXTINT) {
		if (vic_lapic_ack_extint(c->lapic, &c->vector))
			die("a pending ExtINT cannot be acknowledged");
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

	while (!atomic_load(&stop)) {
		atomic_fetch_add(&c->progress, 1);
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

/* As a guest's start-up code leaves it. */
static void set_up(struct cpu *c)
{
	wrmsr(c, MSR(VIC_APIC_SVR), VIC_SVR_RESET | VIC_SVR_ENABLE);
	wrmsr(c, MSR(VIC_APIC_LVT_TIMER), VIC_LVT_TSC_DEADLINE | VECTOR_TIMER);
	wrmsr(c, MSR(VIC_APIC_LVT_LINT0),
	      VIC_LVT_LEVEL | vector_of(DEVICE_LINT0));
	wrmsr(c, MSR(VIC_APIC_LVT_LINT1), vector_of(DEVICE_LINT1));
	wrmsr(c, MSR(VIC_APIC_LVT_PERF), vector_of(DEVICE_PERF));
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
	c->lapic = x86_vcpu(&c->storage, &config, bus,
			    VIC_LAPIC_BSP | VIC_LAPIC_X2APIC, &c->vcpu);
	set_up(c);
}

static void make_machine(void)
{
	cpus = zeroed(4096, VCPUS * sizeof(*cpus));
	bus = x86_bus(VCPUS);
	for (uint32_t i = 0; i < VCPUS; i++)
		make_cpu(i);
	for (uint32_t i = 0; i < DEVICES; i++) {
		devices[i].random = 0xd1b54a32d192ed03 + i;
		latch_init(&devices[i].reply);
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[DEVICES + VCPUS], watchdog;
	int64_t messages = is_long(argc, argv) ? LONG_RUN : SHORT_RUN;

	atomic_store(&budget, messages);
	make_machine();
	printf("# %" PRId64 " messages, %d vCPU and %d device threads\n",
	       messages, VCPUS, DEVICES);
	fflush(stdout);

	start(&watchdog, watchdog_thread, NULL);
	for (uint32_t i = 0; i < VCPUS; i++)
		start(&threads[DEVICES + i], vcpu_thread, &cpus[i]);
	for (uint32_t i = 0; i < DEVICES; i++)
		start(&threads[i], device_thread, &devices[i]);
	for (uint32_t i = 0; i < DEVICE_TIMERS; i++)
		pthread_join(threads[i], NULL);
	drain();

	/* The verdict stands: let the waiters go home. */
	atomic_store(&stop, true);
	pthread_join(threads[DEVICE_TIMERS], NULL);
	for (uint32_t i = 0; i < VCPUS; i++) {
		latch_set(&cpus[i].wake);
		latch_set(&cpus[i].kick);
		pthread_join(threads[DEVICES + i], NULL);
	}
	pthread_join(watchdog, NULL);
	return report(messages) != 0;
}
