/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What executor.c runs and what it logs; tests/kvm/stream.py repeats this
 * page. All of it lies in the memory that the VMM shares with a file.
 *
 * Interrupts are off but in a WINDOW, so each operation's outcome depends
 * on those before it alone. What must not be compared, because it depends
 * on when something happened, is up to who makes the stream.
 */
#ifndef GUEST_EXECUTOR_H
#define GUEST_EXECUTOR_H

#include "guest.h"

#define SHARE 0xd0000000u
#define STREAM_MAGIC 0x45584543u
#define YIELD_PORT 0xe0
#define RFLAGS_IF 0x200u

struct stream {
	uint32_t magic;
	uint32_t nr_ops;
	/* Offsets in the share; the log holds words of 64 bits. */
	uint32_t ops_at, log_at;
	uint32_t log_words;
	/* Written by the guest. */
	uint32_t done, logged, full;
};

enum opcode {
	/* Physical address @at; @width bytes. Logs the value. */
	OP_LOAD,
	OP_STORE,
	/* MSR @at. Log the fault, RDMSR the value. */
	OP_RDMSR,
	OP_WRMSR,
	OP_READ_CR8,
	OP_WRITE_CR8,
	/* Take all interrupts that can be, at most @value unless that is 0,
	 * for a level may last. Logs vectors and new NMIs. */
	OP_WINDOW,
	/* Leave the guest, so that what is asynchronous has come. */
	OP_SETTLE,
	/* Spin until vector @at is in IRR, for @value cycles; logs if it is. */
	OP_WAIT,
	/* Logs all registers of the mode, as extra words. */
	OP_SNAPSHOT,
	/* CPUID.1:EDX[9]. */
	OP_CPUID,
	/* CPU 0: INIT and SIPI to CPU 1. Logs how often it started. */
	OP_START,
	/* Port @at; IN logs a byte, OUT writes 4 if @width is 4, else 1. */
	OP_IN,
	OP_OUT,
	/* Logs the IOAPIC's registers, as extra words; IOREGSEL stays. */
	OP_IOAPIC,
	/* Logs the PIC's IRR, ISR, IMR and ELCR, as extra words. */
	OP_PIC,
	/* Line @at falls, but not while the PIC's IRR has it; logs that. */
	OP_FALL,
	OP_CODES,
};

struct op {
	uint8_t code;
	uint8_t cpu;
	uint8_t width;
	uint8_t zero;
	uint32_t at;
	uint64_t value;
};

/*
 * Each operation logs a head, a value, and extra words: head bits 31:0 the
 * operation's number, bit 32 that it raised #GP, bits 63:48 how many extra
 * words. A WINDOW's are vectors, with bit 8 if ISR had it in its handler,
 * and its value counts NMIs since the last. A SNAPSHOT's are registers.
 */
#define LOG_FAULT (1ull << 32)
#define LOG_EXTRA_SHIFT 48
#define IOAPIC_WORDS 27
#define PIC_WORDS 4

#endif
