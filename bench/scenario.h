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

#define MAX_REGIONS 3
#define MAX_WORDS 64
#define MAX_SIZES 6

/* One target. In an empty run each is its own next: no cache misses. */
struct target {
	struct target *next;
	/* The ICR value or the MSI address that reaches it. */
	uint64_t message;
	/* Its vCPU, its local APIC and its page. */
	unsigned char *regions[MAX_REGIONS];
};

/* A word of a region that the operation changes. */
struct word {
	uint32_t region, offset;
	uint64_t value;
};

struct bench {
	struct machine machine;
	const struct scenario *scenario;
	bool empty;
	uint32_t count;
	struct target *targets;
	uint32_t words;
	struct word word[MAX_WORDS];
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

extern const struct scenario scenarios[];
extern const unsigned scenario_count;

#endif
