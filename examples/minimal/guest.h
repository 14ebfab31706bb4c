/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A guest that is C code: its CPUs run as a processor runs a real guest's,
 * one instruction after another until there is an exit. A VMM that starts
 * from minimal.c has no use for it.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_MAX_VCPUS 64
/* What the guest's SIPIs carry; its code needs no address. */
#define GUEST_START_PAGE 0x08

enum guest_exit {
	/* None yet; guest_run() does not return it. */
	GUEST_RUNNING,
	/* WRMSR of guest.value to guest.msr. */
	GUEST_WRMSR,
	GUEST_HLT,
	/* Interrupts can be taken, as guest.window_exit asked. */
	GUEST_WINDOW,
	/* The flag that guest_run() looks at was set. */
	GUEST_KICKED,
};

/* One CPU of the guest. Zeroes are a CPU after reset, with id 0. */
struct guest {
	unsigned int id;

	/* Set to inject; cleared by the handler's IRET. */
	bool nmi;
	uint8_t vector;
	/* Ask for GUEST_WINDOW at the next IRET. */
	bool window_exit;
	/* Operands of GUEST_WRMSR. */
	uint32_t msr;
	uint64_t value;
	/* The CPU is at the end of its program. */
	bool done;

	/* The rest is the guest's own. */
	bool eoi;
	unsigned int pc, work, next_ipi, round;
};

/* What the guest saw, after its end. */
struct guest_result {
	/* Newest messages that no handler saw. */
	unsigned int unseen;
	/* Nanoseconds from a message to its handler. */
	uint64_t *latency;
	size_t nr_latency;
};

/* Call it before the first CPU runs. */
void guest_boot(unsigned int n_cpus, unsigned int n_rounds);

/* Execute until there is an exit, but at least one instruction. */
enum guest_exit guest_run(struct guest *g, const atomic_bool *kicked);

struct guest_result guest_result(void);

#endif
