/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A PC's two 8259A: slow, obvious, and written from the data sheet. It knows
 * nothing of libvic. The slave's output, the master's input 2 and the
 * master's output are wires: what is at one end is at the other at once.
 */
#ifndef PIC_MODEL_H
#define PIC_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <vic/spec/pic.h>

#define PM_SOURCES 64

struct pm_config {
	/* A request outlives the edge that made it. */
	bool keep_edges;
	/* The master's output changed. */
	void (*wire)(void *opaque, bool level);
	/* A level-triggered interrupt has ended. */
	void (*eoi)(void *opaque, uint32_t irq);
	void *opaque;
};

/* What A0 = 1 writes. */
enum pm_expects {
	PM_MASK,
	PM_ICW2,
	PM_ICW3,
	PM_ICW4,
};

struct pm_input {
	bool high;
	/* It rose, and nobody has acknowledged that. */
	bool edge;
	bool in_service, masked;
	/* Its bit in ELCR. */
	bool level;
};

struct pm_chip {
	struct pm_input in[8];
	enum pm_expects expects;
	/* All ICWs that it needs were there. */
	bool ready;
	/* Of ICW1. */
	bool ltim, single, icw4;
	uint8_t base;
	/* The input with the lowest priority. */
	uint32_t lowest;
	bool automatic, nested, rotates, special;
	/* What the next read is: a poll; else IRR or ISR. */
	bool poll, read_isr;
	bool output;
};

struct pm {
	struct pm_config config;
	struct pm_chip chip[2];
	bool sources[16][PM_SOURCES];
};

/* What pm_peek() says; bit n is input n. */
struct pm_state {
	uint8_t irr, isr, imr, elcr, base;
	uint32_t lowest;
	bool output;
};

void pm_init(struct pm *m, const struct pm_config *config);
/* What devices drive stays. */
void pm_reset(struct pm *m);

/* Whether the output rose. */
bool pm_line(struct pm *m, uint32_t irq, uint32_t source, bool level);
/* False for ports that are not theirs. */
bool pm_read(struct pm *m, uint32_t port, uint8_t *value);
bool pm_write(struct pm *m, uint32_t port, uint8_t value);
/* The INTA cycle. */
uint8_t pm_ack(struct pm *m);
bool pm_output(const struct pm *m);
void pm_peek(const struct pm *m, uint32_t chip, struct pm_state *state);

#endif
