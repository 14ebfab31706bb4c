/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The tables of registers: one row each, sorted by offset. */
#ifndef VIC_SRC_GIC_REGS_H
#define VIC_SRC_GIC_REGS_H

#include "gic/irq.h"

struct gic_reg;

/* A guest's access on its way. */
struct gic_access {
	struct vic_gicr *self;
	/* Whose frame; NULL for the Distributor's. */
	struct vic_gicr *bank;
	const struct gic_reg *reg;
	uint64_t address;
	/* From the row's first byte. */
	uint32_t offset;
	uint32_t len;
	/* Of a store to interrupts. */
	struct hold hold;
};

/* Legal widths: bit n is 2^n bytes. */
#define WIDTH_8 1u
#define WIDTH_16 2u
#define WIDTH_32 4u
#define WIDTH_64 8u

struct gic_reg {
	/* IHI 0069, chapter 12. */
	const char *name;
	/* First byte in the frame, and how many. */
	uint32_t offset, size;
	uint8_t widths;
	/* Bits for each interrupt; 0 if it is not about interrupts. */
	uint8_t bits;
	/* Its interrupts are the extended ones. */
	bool extended;
	/* Written, 1 means act and 0 means nothing. */
	bool ones;
	/* List registers know better. */
	bool live;
	/* The field of an interrupt in a state. */
	uint32_t (*get)(uint32_t s);
	/* Change an interrupt, under the hold of its home. */
	void (*set)(struct gic_access *a, uint32_t number, struct gic_irq *irq,
		    uint32_t field);
	/* In place of the two above; all of a 64-bit register. */
	uint64_t (*read)(struct gic_access *a);
	void (*write)(struct gic_access *a, uint64_t value);
};

/* Hidden: the library has no global offset table. */
#pragma GCC visibility push(hidden)
extern const struct gic_reg gicd_regs[];
extern const uint32_t gicd_nr_regs;
extern const struct gic_reg gicr_regs[];
extern const uint32_t gicr_nr_regs;
#pragma GCC visibility pop

/* fields.c: registers with a field for each interrupt. */
uint32_t get_group(uint32_t s);
uint32_t get_enabled(uint32_t s);
uint32_t get_pending(uint32_t s);
uint32_t get_active(uint32_t s);
uint32_t get_priority(uint32_t s);
uint32_t get_config(uint32_t s);

#define GIC_SETTER(name)                                                      \
	void name(struct gic_access *a, uint32_t number, struct gic_irq *irq, \
		  uint32_t field)
GIC_SETTER(set_group);
GIC_SETTER(set_enable);
GIC_SETTER(clear_enable);
GIC_SETTER(set_pending);
GIC_SETTER(clear_pending);
GIC_SETTER(set_active);
GIC_SETTER(clear_active);
GIC_SETTER(set_priority);
GIC_SETTER(set_config);

/* The number of the access's interrupt @i, or NUMBER_NONE. */
uint32_t field_number(const struct gic_access *a, uint32_t i);
enum vic_access field_read(struct gic_access *a, uint64_t *value);
void field_write(struct gic_access *a, uint64_t value);

#endif
