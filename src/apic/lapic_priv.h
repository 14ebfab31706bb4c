/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * struct vic_lapic and what the sources of src/apic share. All of it is
 * the owner's: remote senders know struct vic_vcpu only.
 *
 * The register page is the truth. What stands beside it (highest vectors,
 * which words of IRR hold any, how many bits ISR has) is derived from it.
 */
#ifndef VIC_SRC_APIC_LAPIC_PRIV_H
#define VIC_SRC_APIC_LAPIC_PRIV_H

#include <vic/lapic.h>

#include "ipi/send.h"

enum lapic_mode {
	LAPIC_DISABLED,
	LAPIC_XAPIC,
	LAPIC_X2APIC,
};

struct vic_lapic {
	_Alignas(VIC_CACHE_LINE) uint32_t *page;
	struct vic_vcpu *vcpu;
	struct vic_apic_bus *bus;
	/* IA32_APIC_BASE, and which of its bits are reserved. */
	uint64_t base;
	uint64_t base_reserved;
	/* enum lapic_mode, from @base. */
	uint32_t mode;
	/* Highest vector in IRR, 0 for none; bit n: word n is not 0. */
	uint32_t irr_top, irr_words;
	/* Highest vector in ISR, 0 for none; how many there are. */
	uint32_t isr_top, isr_count;
	/* ESR bits since the last write to ESR. */
	uint32_t esr_pending;
	/* enum vic_lapic_flags, for a reset. */
	uint32_t flags;
	/* Waits for a SIPI. */
	bool wait_sipi;
};

/* A register, or the first word of ISR, TMR, IRR. */
ALWAYS_INLINE uint32_t *reg(const struct vic_lapic *lapic, uint32_t offset)
{
	return &lapic->page[offset / 4];
}

/* The word of ISR, TMR or IRR with @vector: 32 bits in every 16 bytes. */
ALWAYS_INLINE uint32_t *vector_word(const struct vic_lapic *lapic,
				    uint32_t first, uint32_t vector)
{
	size_t word = (vector & 0xe0) >> 3;

	return &lapic->page[word + first / 4];
}

/*
 * After TPR or ISR changed: PPR as SDM 10.8.3.1 defines it, into the page,
 * and out for arbitration. @isrv is the highest vector in service.
 */
ALWAYS_INLINE void ppr_update(uint32_t *page, struct vic_vcpu *vcpu,
			      uint32_t isrv)
{
	uint32_t ppr = page[VIC_APIC_TPR / 4];

	isrv &= 0xf0;
	if ((ppr & 0xf0) < isrv)
		ppr = isrv;
	page[VIC_APIC_PPR / 4] = ppr;
	store32_relaxed(&vcpu->ppr, ppr);
}

ALWAYS_INLINE void set_tpr(struct vic_lapic *lapic, uint32_t tpr)
{
	*reg(lapic, VIC_APIC_TPR) = tpr;
	ppr_update(lapic->page, lapic->vcpu, lapic->isr_top);
}

/* prio.c */
enum vic_access lapic_eoi(struct vic_lapic *lapic);

/* scan.c: take over from the inbox, vectors into IRR and TMR, ESR bits. */
void lapic_harvest(struct vic_lapic *lapic);
void lapic_take_esr(struct vic_lapic *lapic);

/*
 * icr.c: store the ICR and send; reserved bits are checked already. @msr is
 * there so that the arguments of WRMSR stay where they are.
 */
enum vic_access lapic_icr_xapic(struct vic_lapic *lapic, uint32_t low);
enum vic_access lapic_icr_x2apic(struct vic_lapic *lapic, uint32_t msr,
				 uint64_t value);
void lapic_send_self(struct vic_lapic *lapic, uint8_t vector);

/* lapic.c */
void lapic_publish(struct vic_lapic *lapic);
enum vic_access lapic_write_base(struct vic_lapic *lapic, uint64_t value);

#endif
