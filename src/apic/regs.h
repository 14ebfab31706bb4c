/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The register table: one row per register, indexed by offset / 16, which
 * is the x2APIC MSR minus 0x800 too. A row says who may access it how; only
 * a write that has an effect has a function.
 */
#ifndef VIC_SRC_APIC_REGS_H
#define VIC_SRC_APIC_REGS_H

#include "apic/lapic_priv.h"

#define REG_ROWS 64

/* What a guest may do with a register; others are illegal. */
enum reg_access {
	REG_MMIO_READ = 1 << 0,
	REG_MMIO_WRITE = 1 << 1,
	REG_MSR_READ = 1 << 2,
	REG_MSR_WRITE = 1 << 3,
	/* Reserved for reading and yet no illegal register (EOI). */
	REG_MMIO_ZERO = 1 << 4,
};

struct reg_row {
	/* As in the manual; NULL for a row that is no register. */
	const char *name;
	/* SDM vol. 3. */
	const char *section;
	/* enum reg_access. */
	uint32_t access;
	uint32_t reset;
	/* Bits that a guest's store changes; the rest keeps or reads 0. */
	uint32_t mmio_mask;
	/* Bits that are 1 whatever is stored. */
	uint32_t mmio_ones;
	/* Bits that a WRMSR may set without #GP. */
	uint64_t msr_mask;
	/* NULL: the value is stored. */
	void (*write)(struct vic_lapic *lapic, uint64_t value);
};

/* Hidden: no way through a global offset table to it. */
extern const struct reg_row reg_rows[REG_ROWS]
	__attribute__((visibility("hidden")));

/* Reset values into the page; the id register stays. */
void regs_reset(uint32_t *page);

#endif
