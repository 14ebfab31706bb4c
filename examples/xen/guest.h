/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The guests: small programs, one for each workload. Every instruction is a
 * call of the modelled processor; what a program computes between two of
 * them takes no time.
 *
 * Before it sends, a program numbers a message in the memory of its VM. The
 * handler of the target's interrupt reads all messages of that kind, so a
 * lost interrupt shows as a message that nobody has seen.
 */
#ifndef VIC_XEN_GUEST_H
#define VIC_XEN_GUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../tests/hw/vtx.h"
#include "options.h"

#define MAX_DEVICES 4
/* Kept of each vCPU. */
#define LATENCY_SAMPLES 8192
/* Handlers that interrupt each other: one for each priority class. */
#define MAX_DEPTH 16
#define QUEUE_SIZE 16

/* What an interrupt is for; each has a vector. */
enum kind {
	KIND_BEGIN,
	KIND_SELF,
	KIND_CALL,
	KIND_BROADCAST,
	KIND_TOKEN,
	KIND_SHOOTDOWN,
	/* All targets of a halted sender have answered. */
	KIND_REPLY,
	/* Of devices: by a message, through a descriptor, by a line. */
	KIND_EDGE,
	KIND_POSTED,
	KIND_LEVEL,
	KINDS,
};

/* A device's line, in struct guest_memory. */
#define LINE_HIGH 1u
/* An interrupt was sent and its EOI has not come back. */
#define LINE_REMOTE_IRR 2u

/* The newest message of one kind from one sender to one target. */
struct message {
	/* Number << 1; bit 0: the sender waits for an answer. */
	atomic_uint_least64_t number;
	atomic_uint_least64_t sent_ns;
	/* The last number that a handler read. */
	atomic_uint_least64_t seen;
};

/* What the vCPUs and the devices of a VM share. */
struct guest_memory {
	const struct workload *workload;
	bool xapic;
	uint32_t cpus;
	/* Senders: vCPUs, then devices. */
	uint32_t senders;
	struct message *messages;
	/* vCPUs that have started. */
	atomic_uint online;
	/* By sender: answers that are due, and whether it waits in HLT. */
	atomic_uint remaining[MAX_VCPUS];
	atomic_bool halting[MAX_VCPUS];
	/* A lock of the guest's own, and what it protects. */
	atomic_bool lock;
	uint64_t guarded;
	/* LINE_HIGH and LINE_REMOTE_IRR. */
	atomic_uint lines[MAX_DEVICES];
	/* The run's: senders stop. */
	const atomic_bool *stop;
};

enum op {
	OP_STEP,
	/* A step of a spin loop: others may run. */
	OP_PAUSE,
	OP_STI,
	OP_CLI,
	OP_HLT,
	OP_IRET,
	OP_CR8,
	OP_WRMSR,
	OP_RDMSR,
	OP_STORE,
	OP_LOAD,
	/* Ask the hypervisor to run somebody else. */
	OP_VMCALL,
};

struct insn {
	enum op op;
	uint32_t at;
	uint64_t value;
};

/* The program, or an interrupt handler. */
struct frame {
	uint8_t vector;
	/* The handler has set IF. */
	bool nests;
	uint32_t pc;
	uint32_t spins;
	/* Who is to be told that all have answered. */
	uint64_t replies;
	/* Instructions to come. */
	uint32_t at, count;
	struct insn queue[QUEUE_SIZE];
};

struct guest {
	struct guest_memory *memory;
	uint32_t id;
	uint64_t random;
	uint32_t depth;
	struct frame frames[MAX_DEPTH + 1];
	/* What the last load has read. */
	uint64_t value;
	uint64_t tokens;

	/* Any thread may read these. */
	atomic_bool halted;
	/* Its program may stay as it is for ever. */
	atomic_bool resting;
	/* Interrupts that were taken; loops of the dry run. */
	atomic_uint_least64_t taken, loops;

	uint64_t nr_latency;
	uint64_t latency[LATENCY_SAMPLES];
};

struct workload {
	const char *name;
	const char *what;
	/* What the program does next; with PC_LOOP again afterwards. */
	void (*next)(struct guest *g, struct frame *f);
	/* Handlers of broadcasts take the lock. */
	bool locks;
	bool devices;
};
extern const struct workload workloads[];
extern const unsigned int nr_workloads;

/* Where a program is; the boot first. */
enum pc {
	PC_BOOT,
	PC_CHECK_ID,
	PC_START_OTHERS,
	PC_GATHER,
	PC_ONLINE,
	PC_WAIT_BEGIN,
	PC_CHECK_BEGIN,
	PC_LOOP,
	PC_SPIN,
	PC_WAIT,
	PC_CHECK,
	PC_TOKEN,
	PC_CHECK_TOKEN,
	PC_REST,
};

/* guest.c */
void guest_init(struct guest *g, struct guest_memory *memory, uint32_t id,
		uint64_t seed);
/* INIT; the program begins at PC_BOOT. */
void guest_reset(struct guest *g);
/* The instruction at which the guest is. */
const struct insn *guest_insn(struct guest *g);
/* Carry it out. */
enum vtx_result guest_execute(struct guest *g, struct vtx_pcpu *cpu);
/* It was carried out: by guest_execute(), or by the hypervisor. */
void guest_complete(struct guest *g);
/* @vector went through the IDT. */
void guest_interrupt(struct guest *g, uint8_t vector);

/* handler.c */
uint8_t kind_vector(enum kind kind);
/* Instructions of the handler in @f. */
void handler_next(struct guest *g, struct frame *f);
struct message *message_of(const struct guest_memory *memory, enum kind kind,
			   uint32_t sender, uint32_t target);
/* Write the next message; returns its number. */
uint64_t message_write(const struct guest_memory *memory, enum kind kind,
		       uint32_t sender, uint32_t target, bool waits);

/* program.c */
void program_next(struct guest *g, struct frame *f);
void emit(struct frame *f, enum op op, uint32_t at, uint64_t value);
void emit_write(const struct guest *g, struct frame *f, uint32_t offset,
		uint64_t value);
void emit_icr(const struct guest *g, struct frame *f, uint32_t low,
	      uint32_t dest);
/* Spin once more. */
void emit_pause(const struct guest *g, struct frame *f);

/* workload.c */
const struct workload *workload_find(const char *name);

#endif
