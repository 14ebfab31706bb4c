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
	/* RDMSR gives the word in the page, always. */
	REG_MSR_PLAIN = 1 << 5,
};

struct reg_row {
	/* As in the manual; NULL for a row that is no register. */
	const char *name;
	/* SDM vol. 3. */
	const char *section;
	/* enum reg_access. */
	uint32_t access;
	uint32_t reset;
	/* Bits that a guest can set; others that it writes are dropped. */
	uint32_t stored;
	/* Bits that are 1 whatever is stored. */
	uint32_t ones;
	/* More bits that a WRMSR may set without #GP: read-only ones. */
	uint32_t ignored;
	/* FEATURE_* that the register, or that these bits of it, depend on. */
	uint32_t feature;
	uint32_t optional;
	/* NULL: what is in the page. */
	uint32_t (*read)(struct vic_lapic *lapic);
	/* NULL: it goes to the page; or access.c has it, as EOI and ICR. */
	void (*write)(struct vic_lapic *lapic, uint32_t offset, uint32_t value);
};

/* Hidden: no way through a global offset table to it. */
extern const struct reg_row reg_rows[REG_ROWS]
	__attribute__((visibility("hidden")));

/* Whether this APIC has the register at @index. */
ALWAYS_INLINE bool reg_exists(const struct vic_lapic *lapic, uint32_t index)
{
	const struct reg_row *row = &reg_rows[index];

	return row->access && (row->optional || !row->feature ||
			       (lapic->features & row->feature));
}

/* What a guest can set in it. */
ALWAYS_INLINE uint32_t reg_stored(const struct vic_lapic *lapic,
				  const struct reg_row *row)
{
	return lapic->features & row->feature ? row->stored | row->optional
					      : row->stored;
}

/* Reset values into the page; the id register stays. */
void regs_reset(struct vic_lapic *lapic);

#endif
