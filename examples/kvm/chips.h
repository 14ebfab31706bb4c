/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The IOAPIC and the PIC, and the lines that lead to them. */
#ifndef VIC_KVM_CHIPS_H
#define VIC_KVM_CHIPS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <vic/vic.h>

/*
 * Lines 0 to 15 are ISA's IRQs: each goes to that input of the PIC and that
 * pin of the IOAPIC, but line 0 goes to pin 2, for pin 0 has the PIC's
 * output, and line 2 to no input of the PIC. 16 to 23 are pins only.
 */
#define CHIPS_LINES 24

/* Who drives a line: a line is high while one of them says so. */
enum line_source {
	SOURCE_PIT,
	SOURCE_RTC,
	SOURCE_SERIAL,
	SOURCE_TESTDEV,
	SOURCE_TESTDEV_2,
	/* Lowered by the EOI. */
	SOURCE_UNTIL_EOI,
};

struct cpu;
struct vm;

struct chips {
	/* NULL with --irqchip kernel: KVM has them. */
	struct vic_ioapic *ioapic;
	struct vic_pic *pic;
	/* For vic_pc_save() and its like. */
	struct vic_lapic **lapics;
	unsigned char *image;
	size_t image_size;
	/* Orders calls to KVM of several sources. */
	pthread_mutex_t kernel;
	/* Bit n: source n is high. */
	atomic_uint_least64_t sources[CHIPS_LINES];
	/* How often each rose. */
	atomic_uint_least64_t rises[CHIPS_LINES];
};

/* Ends the program if it fails. After all local APICs are made. */
void chips_init(struct vm *vm);
/*
 * Any thread, each with counters of its own; under a device's lock, too,
 * for no callback of libvic takes one.
 */
void chips_line(struct vm *vm, struct vic_counters *counters, uint32_t gsi,
		enum line_source source, bool level);
/* vic_vcpu_ops.inta */
uint8_t chips_inta(void *cpu);
/* The IOAPIC's page; VIC_ACCESS_FOREIGN elsewhere. */
enum vic_access
chips_read(struct vm *vm, uint64_t address, uint32_t len, uint64_t *value);
enum vic_access
chips_write(struct cpu *cpu, uint64_t address, uint32_t len, uint64_t value);
/* What all of them are, for libvic's calls about a whole VM. */
struct vic_pc chips_pc(struct vm *vm);

#endif
