/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * GICv3: offsets, fields and what the checks do with them. In the names of
 * IHI 0069. Private INTIDs (0-31) are those of the CPU that is given.
 */
#ifndef GIC_H
#define GIC_H

#include "guest.h"

enum gic_register {
	GICD_CTLR = 0x0000,
	GICD_TYPER = 0x0004,
	GICD_SETSPI_NSR = 0x0040,
	GICD_CLRSPI_NSR = 0x0048,
	IGROUPR = 0x0080,
	ISENABLER = 0x0100,
	ICENABLER = 0x0180,
	ISPENDR = 0x0200,
	ICPENDR = 0x0280,
	ISACTIVER = 0x0300,
	ICACTIVER = 0x0380,
	IPRIORITYR = 0x0400,
	ICFGR = 0x0c00,
	GICD_IROUTER = 0x6000,
	PIDR2 = 0xffe8,

	GICR_CTLR = 0x0000,
	GICR_TYPER = 0x0008,
	GICR_WAKER = 0x0014,
	GICR_SGI_BASE = 0x10000,
};

#define GICD_CTLR_GRP0 (1u << 0)
#define GICD_CTLR_GRP1 (1u << 1)
#define GICD_CTLR_ARE (1u << 4)
#define GICD_CTLR_DS (1u << 6)
#define GICD_CTLR_RWP (1u << 31)
#define GICR_CTLR_RWP (1u << 3)
#define GICD_TYPER_MBIS (1u << 16)
#define GICD_TYPER_RSS (1u << 26)
#define GICR_TYPER_LAST (1u << 4)
#define GICR_WAKER_SLEEP (1u << 1)
#define GICR_WAKER_ASLEEP (1u << 2)
#define GICR_FRAME 0x20000u

#define ICC_CTLR_CBPR (1u << 0)
#define ICC_CTLR_EOIMODE (1u << 1)
#define ICC_CTLR_RSS (1u << 18)
#define SGI1R_IRM (1ull << 40)

#define INTID_NONE 1023u
#define PPI_VTIMER 27u
#define SPI_UART 33u
/* SPIs that no device of the machine has; 40 and more in a row. */
#define SPI_FREE 160u

#define PRIORITY_OPEN 0xf8u /* PMR: all but the lowest pass */
#define PRIORITY_USUAL 0x80u
#define PRIORITY_WAKE 0xe8u /* after everything else */
#define PRIORITY_WATCH 0x00u

bool gic_find(void);
uint32_t gic_lines(void); /* INTIDs below it exist */
/* All as checks find it: Group 1, usual priority, SGIs alone enabled. */
void gic_reset(void);
void gic_setup_cpu(struct cpu *me);
void gic_reset_cpu(struct cpu *me);

/* ISENABLER to ICACTIVER, IGROUPR: one interrupt's bit. */
void gic_set(struct cpu *cpu, uint32_t offset, uint32_t intid);
bool gic_get(struct cpu *cpu, uint32_t offset, uint32_t intid);
void gic_group(struct cpu *cpu, uint32_t intid, uint32_t group);
void gic_priority(struct cpu *cpu, uint32_t intid, uint32_t priority);
uint32_t gic_get_priority(struct cpu *cpu, uint32_t intid);
/* The interrupt should be disabled. */
void gic_edge(struct cpu *cpu, uint32_t intid, bool edge);
void gic_route(uint32_t intid, uint64_t affinity);
void gic_route_halves(uint32_t intid, uint64_t affinity);
void gic_enable(struct cpu *cpu, uint32_t intid);
/* ICENABLER, and RWP until it is done. */
void gic_disable(struct cpu *cpu, uint32_t intid);
bool gic_wait_rwp(struct cpu *cpu, uint32_t intid);
void gic_pend(struct cpu *cpu, uint32_t intid);
/* Edge-triggered, of this priority, routed to the CPU and enabled. */
void gic_spi(struct cpu *cpu, uint32_t intid, uint32_t priority);
/* Poll until the bit has the value. */
bool gic_reads(struct cpu *cpu, uint32_t offset, uint32_t intid, bool value);

uint64_t affinity_of(const struct cpu *cpu);
/* ICC_SGI1R_EL1 for one CPU. */
uint64_t sgi_to(const struct cpu *cpu, uint32_t intid);
void sgi_send(const struct cpu *cpu, uint32_t intid);
/* To all whose bit of the mask is 1, with few writes. */
void sgi_send_set(uint32_t set, uint32_t intid);
void sgi_send_others(uint32_t intid);

static inline void eoi(uint32_t intid)
{
	write_icc_eoir1_el1(intid);
}

static inline uint32_t everybody(void)
{
	return (1u << nr_cpus) - 1;
}

#endif
