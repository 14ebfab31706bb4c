/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * struct vic_vcpu, field by field: who writes and who reads.
 *
 * A sender of a vector touches two cache lines of its target: the first
 * and the descriptor. A sender of a request touches the first and the
 * third. The rest is the owner's, but for what is held.
 */
#ifndef VIC_SRC_IPI_VCPU_PRIV_H
#define VIC_SRC_IPI_VCPU_PRIV_H

#include <vic/vcpu.h>

#include "base.h"

/*
 * The identity word: what a sender must know about a target's APIC, in one
 * atomic load. The owner's thread writes it (bus_publish), senders read it;
 * docs/design.md, "Destination maps". The flags say what a target is not,
 * so that one test of a broadcast settles what is usual.
 */
/* Bits 31:0: the x2APIC id in x2APIC mode, otherwise the xAPIC id. */
#define IDENTITY_X2APIC (UINT64_C(1) << 32)
/* IA32_APIC_BASE.EN is 0, or the vCPU is not on the bus: it gets nothing. */
#define IDENTITY_DISABLED (UINT64_C(1) << 33)
/* SVR[8] is 0: it gets no vectors. */
#define IDENTITY_NO_VECTORS (UINT64_C(1) << 34)
#define IDENTITY_ABSENT (IDENTITY_DISABLED | IDENTITY_NO_VECTORS)
#define IDENTITY_DFR_SHIFT 40
#define IDENTITY_DFR (UINT64_C(0xf) << IDENTITY_DFR_SHIFT)
#define IDENTITY_LDR_SHIFT 48
#define IDENTITY_LDR (UINT64_C(0xff) << IDENTITY_LDR_SHIFT)

/*
 * The request word: data bits, and NEW when something in them is newer
 * than the owner's last look. NEW is to the data what ON is to PIR.
 */
#define REQUEST_NMI_MAX 2u
#define REQUEST_NMI UINT64_C(0x3)
#define REQUEST_SMI (UINT64_C(1) << 2)
#define REQUEST_INIT (UINT64_C(1) << 3)
#define REQUEST_SIPI (UINT64_C(1) << 4)
#define REQUEST_SIPI_SHIFT 8
#define REQUEST_SIPI_VECTOR (UINT64_C(0xff) << REQUEST_SIPI_SHIFT)
#define REQUEST_ESR_SHIFT 16
#define REQUEST_ESR (UINT64_C(0xff) << REQUEST_ESR_SHIFT)
#define REQUEST_RESYNC (UINT64_C(1) << 24)
#define REQUEST_EXTINT (UINT64_C(1) << 25)
/* Sources of the local vector table, besides errors. */
#define REQUEST_TIMER (UINT64_C(1) << 26)
#define REQUEST_PERF (UINT64_C(1) << 27)
#define REQUEST_THERMAL (UINT64_C(1) << 28)
#define REQUEST_CMCI (UINT64_C(1) << 29)
/* LINTn rose since the owner's last look; LINTn is high. */
#define REQUEST_LINT_EDGE_SHIFT 30
#define REQUEST_LINT_SHIFT 32
#define REQUEST_EDGE(pin) (UINT64_C(1) << (REQUEST_LINT_EDGE_SHIFT + (pin)))
#define REQUEST_LINT(pin) (UINT64_C(1) << (REQUEST_LINT_SHIFT + (pin)))
#define REQUEST_EDGES (REQUEST_EDGE(0) | REQUEST_EDGE(1))
#define REQUEST_LINES (REQUEST_LINT(0) | REQUEST_LINT(1))
/* Vectors are held: vic_vcpu.held. */
#define REQUEST_HELD (UINT64_C(1) << 34)
#define REQUEST_LOCAL                                                    \
	(REQUEST_TIMER | REQUEST_PERF | REQUEST_THERMAL | REQUEST_CMCI | \
	 REQUEST_EDGES | REQUEST_ESR)
/* Not the top one: compilers make a loop of its test-and-set. */
#define REQUEST_NEW_BIT 62
#define REQUEST_NEW (UINT64_C(1) << REQUEST_NEW_BIT)
/*
 * What a reset throws away: not the levels of wires, nor who wants a look,
 * nor what says where else to look.
 */
#define REQUEST_KEPT \
	(REQUEST_LINES | REQUEST_RESYNC | REQUEST_HELD | REQUEST_NEW)
#define REQUEST_ALL (~REQUEST_KEPT)

#define PID_ON_BIT 0
#define PID_SN_BIT 1

struct vic_vcpu {
	/*
	 * Read by every sender. The owner writes the identity now and then;
	 * the trigger modes are corrected by senders before they post.
	 */
	_Alignas(VIC_CACHE_LINE) uint64_t trigger[4];
	uint64_t identity;
	const struct vic_vcpu_ops *ops;
	void *opaque;
	/* enum vic_run_state; the owner writes. */
	uint32_t state;
	/* PPR as last published: a hint for lowest priority. */
	uint32_t ppr;

	/* The inbox for vectors: senders set, the owner drains. */
	_Alignas(VIC_CACHE_LINE) struct vic_pid pid;

	/* The inbox for everything else: senders set, the owner acks. */
	_Alignas(VIC_CACHE_LINE) uint64_t request;
	/* Fixed when the vCPU is made or added. */
	uint32_t index;
	uint32_t id;
	/* Owner: refusals of vic_vcpu_enter() in a row. */
	uint32_t refusals;
	/* Vectors are posted to hardware; the owner writes. */
	uint32_t posting;
	/* LINT0 does something: inbox_hear(). */
	uint32_t hears;

	/*
	 * Level vectors that hardware does not know as level yet, and those
	 * posted as edges that it takes for level. Senders set, the owner
	 * drains.
	 */
	_Alignas(VIC_CACHE_LINE) uint64_t held[4];
	uint64_t edges[4];

	/*
	 * Where it was loaded last, and where it sleeps: the owner's. The
	 * rest is under the lock of the latter, and its handler takes vCPUs
	 * off.
	 */
	_Alignas(VIC_CACHE_LINE) struct vic_pcpu *pcpu;
	struct vic_pcpu *bed;
	struct vic_vcpu *next, *prev;
	uint32_t listed;

	/* Owner, as a sender and as itself. */
	_Alignas(VIC_CACHE_LINE) struct vic_counters counters;
};

#endif
