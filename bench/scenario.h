/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What is measured. Before each operation the memory of its target is put
 * back to what it was, so that every one starts from the same state; an
 * empty run is the same loop without the operation.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "machine.h"

#include <string.h>

#define MAX_REGIONS 3
#define MAX_WORDS 64
#define MAX_SIZES 7

/* A word that the operation changes, and what it was. */
struct word {
	unsigned char *at;
	uint64_t value;
};

/* One target. In an empty run each is its own next: no cache misses. */
struct target {
	struct target *next;
	struct cpu *cpu;
	/* The ICR value, the MSI address, the INTID... that reaches it. */
	uint64_t message;
	/* Its vCPU; its local APIC and its page, or its part of the GIC. */
	struct region {
		void *at;
		size_t size;
	} regions[MAX_REGIONS];
	struct word word[MAX_WORDS];
};

struct bench {
	struct machine machine;
	const struct scenario *scenario;
	bool empty;
	uint32_t count;
	/* The loop begins with the first. */
	struct target *targets, *first;
	/* Of each target; of a scenario's size those that are pending. */
	uint32_t words, pending;
	/* Not 0: a call returned what it should not. */
	unsigned bad;
};

/* What one operation must leave in the counters. */
struct effect {
	/* In the sender's vic_counters.vectors, per target. */
	struct vic_outcomes vectors;
	/* In the target's vic_counters. */
	uint64_t acked, eois, enters, exits;
	/* Calls of vic_vcpu_ops.wake, per target. */
	uint64_t wakes;
};

struct scenario {
	const char *name;
	uint32_t sizes[MAX_SIZES];
	/* Callgrind collects in functions whose name begins with loop_. */
	void (*loop)(struct bench *bench, uint64_t iterations);
	/* enum machine_flags. */
	unsigned machine;
	/* The loop makes the machine itself. */
	bool boots;
	/* One vCPU: the size is how many interrupts are pending there. */
	bool pends;
	/* An operation is a message to all targets. */
	bool broadcast;
	/* The targets are in GUEST; otherwise in HOST. */
	bool guest;
	/* How many regions of a target an operation may change. */
	uint32_t regions;
	/* The state from which each operation starts. */
	void (*prepare)(struct bench *bench, struct target *target);
	/* The message for a vCPU. */
	uint64_t (*message)(uint32_t index);
	struct effect effect;
};

extern const struct scenario apic_scenarios[];
extern const unsigned apic_scenario_count;
extern const struct scenario posted_scenarios[];
extern const unsigned posted_scenario_count;
extern const struct scenario chip_scenarios[];
extern const unsigned chip_scenario_count;
extern const struct scenario gic_scenarios[];
extern const unsigned gic_scenario_count;

/*
 * At the head of each loop: whether it is empty is looked up again each
 * time, so that both kinds of run do that work.
 */
static inline bool empty(const struct bench *b)
{
	__asm__ volatile("" : : : "memory");
	return b->empty;
}

static inline void put_back(const struct bench *b, const struct target *t)
{
	for (uint32_t i = 0; i < b->words; i++)
		memcpy(t->word[i].at, &t->word[i].value,
		       sizeof(t->word[i].value));
}

#endif
