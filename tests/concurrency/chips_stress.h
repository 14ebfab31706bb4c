/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the halves of the stress of IOAPIC and PIC share: chips_stress.c has
 * the vCPUs, chips_stress_devices.c the devices and the verdict.
 */
#ifndef CHIPS_STRESS_H
#define CHIPS_STRESS_H

#include <vic/vic.h>

#include "threads.h"
#include "x86.h"

enum {
	VCPUS = 3,
	/* Rises of each device; VIC_TEST_LONG=1 or --long for the longer. */
	SHORT_RUN = 20000,
	LONG_RUN = 1000000,
	PIC_BASE = 0x20,
};

/* Device threads: first those of the IOAPIC, then those of the PIC. */
enum device_kind {
	/* These two share a level pin of the vCPU that disables its APIC. */
	DEVICE_SHARED,
	DEVICE_SHARED_TOO,
	/* Its vCPU masks the entry, and it falls in the EOI's callback. */
	DEVICE_MASKED,
	DEVICE_EDGE,
	/* Those of the vCPU that masks LVT LINT0. */
	DEVICE_PIC_EDGE,
	DEVICE_PIC_LEVEL,
	DEVICE_PIC_SLAVE,
	DEVICES,
};

struct cpu {
	struct x86_storage storage;
	struct vic_vcpu *vcpu;
	struct vic_lapic *lapic;
	struct latch wake, kick;
	uint32_t index;
	uint64_t random;
	/* The guest as a device, and as the owner of chips. */
	struct vic_counters counters;
	/* Injected, and the guest did not run since. 0: none. */
	uint8_t vector;
	bool extint;
	bool halted;
	/* It takes what comes: nothing is masked or disabled. */
	bool open;
	uint64_t irqs, levels, level_eois;
};

struct device {
	_Alignas(VIC_CACHE_LINE) struct vic_counters counters;
	struct mailbox box;
	struct latch reply;
	/* What it has to say and its line change at once. */
	pthread_mutex_t mutex;
	uint64_t random;
	_Atomic uint64_t sent;
	/* By the thread of its vCPU. */
	uint64_t handled;
};

extern struct vic_ioapic *ioapic;
extern struct vic_pic *pic;
extern struct cpu *cpus;
extern struct device devices[DEVICES];
/* How often each device raises its line. */
extern uint64_t rises;
extern atomic_bool stop;
/* EOIs that the callbacks heard of, by IOAPIC pin and by IRQ. */
extern uint64_t pin_eois[DEVICES], irq_eois[16];

/* Let other threads run now and then. */
void dawdle(uint64_t *random);

/* Its pin or IRQ, and its vector there. */
uint32_t input_of(enum device_kind kind);
uint8_t vector_of(enum device_kind kind);
bool is_level(enum device_kind kind);
/* Drive the line of @kind. */
void line(struct vic_counters *counters, enum device_kind kind, bool level);

/* The body of device @opaque, a struct device. */
void *device_thread(void *opaque);
/* A handler looks at @kind; true if there was something new. */
bool look_at(struct cpu *c, enum device_kind kind);
/* Until @stop is set: fail if no device gets on. */
void *watchdog_thread(void *unused);
/* No thread runs any more: TAP. Returns how many checks failed. */
unsigned report(void);

#endif
