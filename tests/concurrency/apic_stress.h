/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the halves of the local APIC's stress share: apic_stress.c has the
 * vCPUs, apic_stress_devices.c the devices and the verdict.
 */
#ifndef APIC_STRESS_H
#define APIC_STRESS_H

#include <vic/vic.h>

#include "threads.h"
#include "x86.h"

enum {
	VCPUS = 3,
	/* Messages of a run; VIC_TEST_LONG=1 or --long for the longer. */
	SHORT_RUN = 400000,
	LONG_RUN = 8000000,
};

/* Device threads. Each but the timers' has a vector of its own. */
enum device_kind {
	DEVICE_MSI,
	DEVICE_LEVEL_MSI,
	DEVICE_LINT0,
	DEVICE_LINT1,
	DEVICE_PERF,
	DEVICE_EXTINT,
	DEVICE_TIMERS,
	DEVICES,
};

/* Vectors, in classes so that they nest. */
enum {
	VECTOR_IPI = 0x30,
	VECTOR_LOWEST = 0x40,
	VECTOR_DEVICE = 0x50,
	VECTOR_TIMER = 0xe0,
	/* What the 8259 says. */
	VECTOR_EXTINT = 0xf0,
};

static inline uint8_t vector_of(enum device_kind kind)
{
	return (uint8_t)(VECTOR_DEVICE + 0x10 * kind);
}

struct cpu {
	struct x86_storage storage;
	struct vic_vcpu *vcpu;
	struct vic_lapic *lapic;
	struct latch wake, kick;
	uint32_t index;
	uint64_t random;
	/* The guest as a device: it lowers LINT0. */
	struct vic_counters lines;
	/* Injected, and the guest did not run since. 0: none. */
	uint8_t vector;
	bool halted;
	/* The guest's timer is armed; the host's, 0 if it is not. */
	bool waits_for_timer;
	_Atomic uint64_t deadline;
	/* Turns of the loop; the watchdog reads it. */
	_Atomic uint64_t progress;
	/* What handlers ran, and what the guest did. */
	_Atomic uint64_t irqs, extints, timers, armed;
	_Atomic uint64_t handled[DEVICES];
	uint64_t level_irqs, level_eois;
};

struct device {
	struct vic_counters counters;
	struct latch reply;
	uint64_t random;
	uint64_t sent;
};

extern struct vic_apic_bus *bus;
extern struct cpu *cpus;
extern struct device devices[DEVICES];
/* By sender: the devices, then the vCPUs. */
extern struct mailbox boxes[DEVICES + VCPUS][VCPUS];
extern atomic_bool stop;

/* Take one message out of the budget; false if there is none left. */
bool spend(void);
/* What vic_vcpu_ops.now says, of both clocks. */
uint64_t clock_now(void);

/* The body of device @opaque, a struct device. */
void *device_thread(void *opaque);
/* Until @stop is set: fail if a vCPU with unseen messages stands still. */
void *watchdog_thread(void *unused);
/* All messages were sent: wait until they were handled. */
void drain(void);
/* No thread runs any more: TAP. Returns how many checks failed. */
unsigned report(int64_t messages);

#endif
