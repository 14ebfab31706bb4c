/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The GIC's data, and who may touch it.
 *
 * Locks, outer to inner:
 *   vic_gic.lock      the Distributor: where interrupts are routed, groups
 *   vic_gicr.lock     a vCPU's queue; of two the lower index first
 *
 * Every interrupt has a home: the vCPU in whose queue or list registers it
 * is, with an index of max for "nowhere". Its home's lock guards its state.
 * The home of an SPI changes under the Distributor's lock and both queues',
 * so whoever holds one of the three can rely on it. Registers are read
 * without a lock: state, home and affinity are words of their own.
 *
 * Signals go out after the last unlock (struct hold).
 */
#ifndef VIC_SRC_GIC_GIC_PRIV_H
#define VIC_SRC_GIC_GIC_PRIV_H

#include <vic/gic.h>
#include <vic/gic_lr.h>
#include <vic/spec/gicv3.h>

#include "ipi/idtab.h"
#include "ipi/inbox.h"
#include "lock.h"

/* struct gic_irq.state */
#define IRQ_LEVEL_SHIFT 3
/* Row of the queue: Group << 5 | priority >> 3. */
#define IRQ_ROW 0x3fu
#define IRQ_LEVEL 0x1fu
#define IRQ_GROUP1 (1u << 5)
#define IRQ_ENABLED (1u << 6)
#define IRQ_EDGE (1u << 7)
/* Pending by an edge, a message, an SGI or ISPENDR. */
#define IRQ_LATCH (1u << 8)
/* The input is high. */
#define IRQ_LINE (1u << 9)
#define IRQ_ACTIVE (1u << 10)
/* In a row of its home's queue. */
#define IRQ_QUEUED (1u << 11)
/* In a list register of its home. */
#define IRQ_RESIDENT (1u << 12)
/* The latch that went to the list register, not acknowledged so far. */
#define IRQ_LR_LATCH (1u << 13)
/* To be done at the next sync, for the guest may have changed the state. */
#define IRQ_CLEAR_PENDING (1u << 14)
#define IRQ_CLEAR_ACTIVE (1u << 15)
#define IRQ_SET_ACTIVE (1u << 16)
#define IRQ_DEFERRED (IRQ_CLEAR_PENDING | IRQ_CLEAR_ACTIVE | IRQ_SET_ACTIVE)
/* pintid is its physical interrupt. */
#define IRQ_LINKED (1u << 17)
/* IROUTER.IRM. */
#define IRQ_1_OF_N (1u << 18)
/* Active by an acknowledge, at gic_irq.order. */
#define IRQ_ACKED (1u << 19)
/* Linked: raised since flush; an end in the register is an earlier one's. */
#define IRQ_AGAIN (1u << 20)

/* With none of these it is in no queue, no register and nobody's hands. */
#define IRQ_QUIET                                                          \
	(IRQ_LATCH | IRQ_LR_LATCH | IRQ_LINE | IRQ_ACTIVE | IRQ_RESIDENT | \
	 IRQ_QUEUED)

struct gic_irq {
	uint32_t state;
	/* Index of a vCPU, or max. */
	uint32_t home;
	/* The home that IROUTER asks for; differs while that must wait. */
	uint32_t route;
	/* IROUTER: Aff3 << 24 | Aff2 << 16 | Aff1 << 8 | Aff0. */
	uint32_t affinity;
	uint32_t pintid;
	/* When it was acknowledged: generation, then group priority. */
	uint32_t order;
	/* The sources of its input. */
	uint64_t lines;
};

/* The source that messages drive. */
#define LINE_MESSAGE 63u
#define LINE_LINKED 0u
#define LINE_LINKED_BIT (UINT64_C(1) << LINE_LINKED)

/* Rows of pending interrupts, and one of those active without a register. */
#define ROWS 64u
#define ROW_ACTIVE ROWS
#define ROW_NONE (ROWS + 1)
#define ROWS_GROUP0 UINT64_C(0xffffffff)
#define ROWS_GROUP1 (ROWS_GROUP0 << 32)

/* GICR_CTLR.RWP and GICD_CTLR.RWP wait for this vCPU's sync. */
#define RWP_GICR 1u
#define RWP_GICD 2u
/* The same for GICR_WAKER.ChildrenAsleep. */
#define RWP_WAKER 4u

#define PRIVATE_MAX 96u

/* No image is the hardware's: no value of VMCR's bits. */
#define HELD_NONE UINT32_MAX

/* An access that asked other vCPUs for what is in their list registers. */
struct gic_retry {
	/* 0: none. */
	uint64_t address;
	/* Bit n: interrupt n of the register was asked for... */
	uint32_t asked;
	/* ... of this vCPU, at this generation. */
	uint16_t holder[32];
	uint32_t generation[32];
};

struct vic_gicr {
	/* Senders and the owner, under the lock. */
	_Alignas(VIC_CACHE_LINE) struct lock lock;
	struct vic_vcpu *vcpu;
	/* Rows that hold something. */
	uint64_t levels;
	/* Rows in which something new is told: those that the vCPU would
	 * look at, if GICD_CTLR forwards them. */
	uint64_t tell;
	/* words of each row. */
	uint64_t *bits;
	uint32_t words;
	/* The same whatever GICD_CTLR says. */
	uint64_t listens;
	/* The list registers are the hardware's: flush to sync. */
	uint32_t loaded;
	/* The queue is not as flush left it. */
	uint32_t changed;
	/* What is in list registers is not, or must not be there. */
	uint32_t stale;
	/* Moves when libvic has seen the list registers. */
	uint32_t generation;
	/* GICR_WAKER.ProcessorSleep. */
	uint32_t asleep;
	/* RWP_GICR, RWP_GICD, RWP_WAKER. */
	uint32_t rwp;
	/* GICR_CTLR.DPG0 and DPG1NS. */
	uint32_t dpg;
	/* Words of each row that hold something. */
	uint64_t summary[ROWS + 1];

	/* Fixed when it is made. */
	struct vic_gic *gic;
	uint32_t index;
	uint32_t affinity;
	uint32_t nr_lrs;
	bool last;
	/* Neither a matrix nor locks of the embedder's. */
	bool plain;

	/* List registers in use; others may take out of an image at rest. */
	uint32_t used;

	/* The owner's. */
	/* What of VMCR decided in the last flush, and HCR after it. */
	uint32_t vmcr, hcr;
	/* The former while `loaded` is set, otherwise HELD_NONE. */
	uint32_t held;
	/* While `loaded` is set sync has work from this value of HCR on. */
	uint32_t busy;
	/* No interrupt that waits in a register is less urgent than this. */
	uint32_t worst;
	/* Those among them that wait for the guest and are linked. */
	uint32_t used_linked;
	/* Private interrupts that are linked, by place in private_irqs. */
	uint64_t linked[2];
	/* What flush wrote, and for which interrupt. */
	uint64_t shadow[VIC_GIC_MAX_LRS];
	uint16_t lr_irq[VIC_GIC_MAX_LRS];
	struct gic_retry retry;

	/* See private_place(). Under the lock. */
	_Alignas(VIC_CACHE_LINE) struct gic_irq private_irqs[];
};

struct vic_gic {
	_Alignas(VIC_CACHE_LINE) const struct vic_vcpu_ops *ops;
	/* By index; [max] is nowhere. */
	struct vic_gicr **gicrs;
	struct gic_irq *shared;
	uint64_t *matrix;
	/* Rows whose group GICD_CTLR enables. */
	atomic_word forward;
	uint32_t flags;
	uint32_t max;
	/* One more than the highest index that was added. */
	uint32_t nr;
	/* How many were. */
	uint32_t added;
	/* In numbers of the queue, by kind; see irq_number(). */
	uint32_t spis, spis_valid, eppis, espis;
	struct id_table ids;

	struct lock lock;
	/* GICD_CTLR.EnableGrp0 and 1, E1NWF. */
	uint32_t ctlr;
	/* vCPUs with RWP_GICD. */
	atomic_word rwp;
	/* Where the last 1-of-N interrupt went. */
	uint32_t cursor;
	uint32_t iidr;
	uint64_t gicd_base;
	uint32_t nr_regions;
	struct vic_gic_region regions[VIC_GIC_MAX_REGIONS];
};

/*
 * Numbers: dense, and in the order of INTIDs. SGIs and PPIs, SPIs, extended
 * PPIs, extended SPIs.
 */
#define NUMBER_NONE UINT32_MAX

static inline uint32_t irq_number(const struct vic_gic *gic, uint32_t intid)
{
	if (intid < VIC_INTID_SPI + gic->spis_valid)
		return intid;
	if (intid - VIC_INTID_EPPI < gic->eppis)
		return VIC_INTID_SPI + gic->spis + intid - VIC_INTID_EPPI;
	if (intid - VIC_INTID_ESPI < gic->espis)
		return VIC_INTID_SPI + gic->spis + gic->eppis + intid -
		       VIC_INTID_ESPI;
	return NUMBER_NONE;
}

static inline uint32_t irq_intid(const struct vic_gic *gic, uint32_t number)
{
	uint32_t rest = number - VIC_INTID_SPI - gic->spis;

	if (LIKELY(number < VIC_INTID_SPI + gic->spis))
		return number;
	if (rest < gic->eppis)
		return VIC_INTID_EPPI + rest;
	return VIC_INTID_ESPI + rest - gic->eppis;
}

/* Whether @number is banked: an SGI or a PPI. */
static inline bool irq_private(const struct vic_gic *gic, uint32_t number)
{
	return number < VIC_INTID_SPI ||
	       number - VIC_INTID_SPI - gic->spis < gic->eppis;
}

/* The place of a banked interrupt in private_irqs. */
static inline uint32_t private_place(const struct vic_gic *gic, uint32_t number)
{
	return number < VIC_INTID_SPI ? number : number - gic->spis;
}

/* A function that leaves the queue alone may still change an interrupt. */
static inline struct gic_irq *
private_at(const struct vic_gicr *r, uint32_t place)
{
	return (struct gic_irq *)(uintptr_t)&r->private_irqs[place];
}

/* @r may be anybody's for an SPI. */
static inline struct gic_irq *
irq_at(const struct vic_gic *gic, const struct vic_gicr *r, uint32_t number)
{
	if (number < VIC_INTID_SPI)
		return private_at(r, number);
	number -= VIC_INTID_SPI;
	if (LIKELY(number < gic->spis))
		return &gic->shared[number];
	if (number - gic->spis < gic->eppis)
		return private_at(r, number - gic->spis + VIC_INTID_SPI);
	return &gic->shared[number - gic->eppis];
}

static inline bool irq_pending(uint32_t s)
{
	return (s & (IRQ_LATCH | IRQ_LR_LATCH)) ||
	       (s & (IRQ_EDGE | IRQ_LINE)) == IRQ_LINE;
}

ALWAYS_INLINE void gicr_lock(struct vic_gicr *r)
{
	lock_take(&r->lock);
}

ALWAYS_INLINE void gicr_unlock(struct vic_gicr *r)
{
	lock_drop(&r->lock);
}

static inline void gicd_lock(struct vic_gic *gic)
{
	lock_take(&gic->lock);
}

static inline void gicd_unlock(struct vic_gic *gic)
{
	lock_drop(&gic->lock);
}

/* The vCPU at @index, NULL if it was not added. Any thread. */
static inline struct vic_gicr *
gicr_at(const struct vic_gic *gic, uint32_t index)
{
	return load_gicr(&gic->gicrs[index]);
}

#endif
