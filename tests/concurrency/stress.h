/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What the halves of the stress share: stress.c runs, stress_check.c judges. */
#ifndef STRESS_H
#define STRESS_H

#include <vic/vic.h>

#include "threads.h"
#include "x86.h"

enum {
	VCPUS = 5,
	DEVICES = 4,
	SENDERS = VCPUS + DEVICES,
	/* Messages of a run; VIC_TEST_LONG=1 or --long for the longer. */
	SHORT_RUN = 1500000,
	LONG_RUN = 10000000,
	/* Of the messages, at least one in so many. */
	PER_WAKE = 100,
	PER_KICK = 100,
	PER_MERGE = 10,
	/* The device whose interrupts are level-triggered. */
	LEVEL_SENDER = SENDERS - 1,
};

struct vcpu {
	struct x86_storage storage;
	struct vic_vcpu *vcpu;
	struct vic_lapic *lapic;
	struct latch wake, kick;
	uint32_t index;
	uint64_t random;
	/* Injected, and the guest did not run since. 0: none. */
	uint8_t vector;
	bool nmi;
	bool halted;
	/* IPIs that the guest still has in mind to send. */
	unsigned burst;
	/* Turns of the loop; the watchdog reads it. */
	_Atomic uint64_t progress;
	/* How often each kind of handler ran. */
	_Atomic uint64_t irqs, nmis;
	uint64_t level_irqs, level_eois;
	uint64_t sent, requested;
};

struct device {
	struct vic_counters counters;
	struct latch reply;
	uint32_t sender;
	uint64_t random;
	uint64_t sent, requested, newly;
};

extern struct vcpu *vcpus;
extern struct device devices[DEVICES];
extern struct mailbox irq_box[SENDERS][VCPUS], nmi_box[SENDERS][VCPUS];
extern atomic_bool stop;

/* Until @stop is set: fail if a vCPU with unseen messages stands still. */
void *watchdog_thread(void *unused);

/*
 * All messages were sent: let the vCPUs see them, by what they were sent
 * alone. The watchdog ends the first wait if it takes too long; after the
 * second the checks fail.
 */
void drain(void);

/* No thread runs any more: TAP. Returns how many checks failed. */
unsigned report(uint64_t messages);

#endif
