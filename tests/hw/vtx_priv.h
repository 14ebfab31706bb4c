/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the model's files share with each other. The virtual-APIC page is
 * read and written with plain accesses on purpose: see vtx.h.
 */
#ifndef VTX_PRIV_H
#define VTX_PRIV_H

#include "vtx.h"

#include <assert.h>
#include <string.h>

/* 32 bits of the virtual-APIC page. */
static inline uint32_t vtx_get(const struct vtx_pcpu *cpu, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, cpu->ctl.page + offset, sizeof(value));
	return value;
}

static inline void
vtx_put(struct vtx_pcpu *cpu, uint32_t offset, uint32_t value)
{
	memcpy(cpu->ctl.page + offset, &value, sizeof(value));
}

/* Where bit @vector of VISR or VIRR (@base) is: 29.1.1. */
static inline uint32_t vtx_word(uint32_t base, uint8_t vector)
{
	return base | (vector & 0xe0u) >> 1;
}

static inline bool
vtx_test(const struct vtx_pcpu *cpu, uint32_t base, uint8_t vector)
{
	return vtx_get(cpu, vtx_word(base, vector)) >> (vector & 0x1f) & 1;
}

static inline void vtx_set(struct vtx_pcpu *cpu, uint32_t base, uint8_t vector)
{
	uint32_t offset = vtx_word(base, vector);

	vtx_put(cpu, offset, vtx_get(cpu, offset) | 1u << (vector & 0x1f));
}

static inline void
vtx_clear(struct vtx_pcpu *cpu, uint32_t base, uint8_t vector)
{
	uint32_t offset = vtx_word(base, vector);

	vtx_put(cpu, offset, vtx_get(cpu, offset) & ~(1u << (vector & 0x1f)));
}

static inline void vtx_yield(const struct vtx_hook *hook)
{
	if (hook && hook->yield)
		hook->yield(hook->arg);
}

static inline bool vtx_vid(const struct vtx_pcpu *cpu)
{
	return cpu->ctl.secondary & VTX_PROC2_VIRTUAL_INTERRUPT_DELIVERY;
}

/* Take @vector, if it is pending. */
bool vtx_acknowledge(struct vtx_pcpu *cpu, uint8_t vector);

/* The highest pending physical vector, or 0. */
uint8_t vtx_highest(const struct vtx_pcpu *cpu);

/* VM exit: saves the guest's state, VTX_EXIT. */
enum vtx_result vtx_leave(struct vtx_pcpu *cpu, enum vtx_exit_reason reason,
			  uint64_t qualification);

/* @vector goes through the guest's IDT, by an interrupt gate: VTX_VECTOR. */
enum vtx_result vtx_through_idt(struct vtx_pcpu *cpu, uint8_t vector);

/* Events between two instructions; VTX_OK if there is none. */
enum vtx_result vtx_boundary(struct vtx_pcpu *cpu);

/*
 * How every guest instruction begins: the boundary, and the wait if the
 * guest is in HLT. Only after VTX_OK may the instruction be carried out.
 */
enum vtx_result vtx_begin(struct vtx_pcpu *cpu);

/* How every instruction ends. */
void vtx_retire(struct vtx_pcpu *cpu);

/* The operations of 29.1 and 29.2, under their names; VTX_OK or VTX_EXIT. */
enum vtx_result vtx_tpr_virtualization(struct vtx_pcpu *cpu);
void vtx_ppr_virtualization(struct vtx_pcpu *cpu);
enum vtx_result vtx_eoi_virtualization(struct vtx_pcpu *cpu);
void vtx_self_ipi_virtualization(struct vtx_pcpu *cpu, uint8_t vector);
void vtx_evaluate(struct vtx_pcpu *cpu);
/* Delivery of the recognized virtual interrupt: VTX_VECTOR. */
enum vtx_result vtx_deliver(struct vtx_pcpu *cpu);

/* Steps 3 to 7 of 29.6. */
void vtx_process_posted(struct vtx_pcpu *cpu);

#endif
