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
	/* With ICR in two registers of the page (VIC_BUS_ICR_SPLIT). */
	LAPIC_X2APIC_SPLIT,
};

/* See posted.c. */
#define LAPIC_SHADOWS 14

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
	/*
	 * Highest vector in ISR, 0 for none; how many there are, and
	 * COUNT_LINT0 so that an EOI takes the long way.
	 */
	uint32_t isr_top, isr_count;
	/* ESR bits since the last write to ESR. */
	uint32_t esr_pending;
	/* ATTENTION_*. */
	uint32_t attention;
	/*
	 * Bits of ICR's low half with which it takes no short way, to one
	 * target or to all, and that are #GP.
	 */
	uint32_t icr_long, icr_long_all, icr_reserved;
	/* The rest of it in lowest priority; see is_lowest(). */
	uint32_t icr_lowest;
	/* enum vic_lapic_flags. */
	uint32_t flags;
	/* Bits of a physical address. */
	uint32_t physical_bits;
	/* FEATURE_*. */
	uint32_t features;
	/* Senders have seen it enabled by SVR since its reset. */
	uint32_t was_enabled;
	/* What LINT0's remote IRR stands for, or 0. */
	uint32_t lint_vector;
	/* Count of the timer at @timer_start, a bus tick; 0: stopped. */
	uint32_t timer_count;
	uint64_t timer_start;
	/* IA32_TSC_DEADLINE; 0: disarmed. */
	uint64_t tsc_deadline;
	/*
	 * While vectors are posted: what is in the page of the registers
	 * that a guest's store overwrites before libvic hears of it.
	 */
	uint32_t shadow[LAPIC_SHADOWS];
};

/* Remote IRR of LINT0 waits for an EOI. */
#define COUNT_LINT0 0x10000u
/* Hardware changed the page: many, for what anybody knows. */
#define COUNT_UNKNOWN 0x8000u
/* Any word of IRR may hold some. */
#define IRR_WORDS_UNKNOWN 0xffu

ALWAYS_INLINE void set_lint_vector(struct vic_lapic *lapic, uint32_t vector)
{
	lapic->lint_vector = vector;
	lapic->isr_count &= ~COUNT_LINT0;
	if (vector)
		lapic->isr_count |= COUNT_LINT0;
}

/* What a scan must not overlook. */
#define ATTENTION_WAIT_SIPI 1u
/* The deadline has changed since the embedder was told. */
#define ATTENTION_TIMER 2u
/* The EOI-exit bitmap has changed since the embedder was told. */
#define ATTENTION_EOI_EXIT 4u
#define ATTENTION_TELL (ATTENTION_TIMER | ATTENTION_EOI_EXIT)
/* Vectors are posted: hardware delivers them. */
#define ATTENTION_POSTING 8u
/* Registers may have changed since they were shadowed. */
#define ATTENTION_SHADOW 16u
/* From ATTENTION_TELL to enum vic_work_flags. */
#define ATTENTION_WORK_SHIFT 10

_Static_assert(ATTENTION_TIMER << ATTENTION_WORK_SHIFT == VIC_WORK_TIMER &&
		       ATTENTION_EOI_EXIT << ATTENTION_WORK_SHIFT ==
			       VIC_WORK_EOI_EXIT,
	       "scan_requests() shifts them");

ALWAYS_INLINE bool posting(const struct vic_lapic *lapic)
{
	return lapic->attention & ATTENTION_POSTING;
}

/* What registers and bits of registers depend on. */
#define FEATURE_CMCI 1u
#define FEATURE_TSC_DEADLINE 2u
#define FEATURE_SUPPRESS_EOI 4u

/* A register, or the first word of ISR, TMR, IRR. */
ALWAYS_INLINE uint32_t *reg(const struct vic_lapic *lapic, uint32_t offset)
{
	return &lapic->page[offset / 4];
}

ALWAYS_INLINE bool in_x2apic(const struct vic_lapic *lapic)
{
	return lapic->mode >= LAPIC_X2APIC;
}

/* The ICR's high half: where the mode has it in the page. */
ALWAYS_INLINE uint32_t *icr_high(const struct vic_lapic *lapic)
{
	return lapic->mode == LAPIC_X2APIC ? reg(lapic, VIC_APIC_ICR_LO) + 1
					   : reg(lapic, VIC_APIC_ICR_HI);
}

/* Whether vectors are accepted: SVR[8]. */
ALWAYS_INLINE bool accepts(const struct vic_lapic *lapic)
{
	return *reg(lapic, VIC_APIC_SVR) & VIC_SVR_ENABLE;
}

/* The word of ISR, TMR or IRR with @vector: 32 bits in every 16 bytes. */
ALWAYS_INLINE uint32_t *
vector_word(const struct vic_lapic *lapic, uint32_t first, uint32_t vector)
{
	size_t word = (vector & 0xe0) >> 3;

	return &lapic->page[word + first / 4];
}

ALWAYS_INLINE bool in_tmr(const struct vic_lapic *lapic, uint32_t vector)
{
	return *vector_word(lapic, VIC_APIC_TMR, vector) >> vector % 32 & 1;
}

/* Two words of IRR, ISR or TMR, as a word of PIR has them. */
ALWAYS_INLINE uint64_t vectors64(const uint32_t *word)
{
	return word[0] | (uint64_t)word[4] << 32;
}

ALWAYS_INLINE uint64_t in_irr64(const struct vic_lapic *lapic, uint32_t i)
{
	return vectors64(vector_word(lapic, VIC_APIC_IRR, i * 64));
}

ALWAYS_INLINE uint64_t in_tmr64(const struct vic_lapic *lapic, uint32_t i)
{
	return vectors64(vector_word(lapic, VIC_APIC_TMR, i * 64));
}

/* Vectors that no APIC accepts; a device can post them all the same. */
ALWAYS_INLINE uint64_t illegal(uint32_t i)
{
	return i ? 0 : (UINT64_C(1) << VIC_VECTOR_MIN) - 1;
}

/*
 * After TPR or ISR changed: PPR as SDM 10.8.3.1 defines it, into the page,
 * and out for arbitration. @isrv is the highest vector in service.
 */
ALWAYS_INLINE void
ppr_update(uint32_t *page, struct vic_vcpu *vcpu, uint32_t isrv)
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
/* Tell the embedder of the EOI of a level interrupt. */
enum vic_access lapic_eoi_level(const struct vic_lapic *lapic, uint32_t vector);

/* scan.c: take over from the inbox, vectors into IRR and TMR. */
void lapic_harvest(struct vic_lapic *lapic);
/* A vector of this APIC's own, 16 or more. */
void lapic_accept(struct vic_lapic *lapic, uint32_t vector, bool level);

/*
 * @bits of word @i of PIR, and their modes, where some may not get into IRR:
 * illegal ones, those of a sender that saw this APIC enabled and is late,
 * and those that are there already.
 */
void lapic_accept_words(struct vic_lapic *lapic, uint32_t i, uint64_t bits,
			uint64_t level);

/* posted.c: the mode in which hardware will have @vector; told to all. */
bool lapic_mode_posted(struct vic_lapic *lapic, uint32_t vector, bool level);
/* S1 and S2 while hardware shares the page. */
void lapic_harvest_posted(struct vic_lapic *lapic);
/* TMR was cleared, and the registers have their reset values. */
void lapic_reset_posted(struct vic_lapic *lapic);
/* Vectors are posted no more; nothing if they were not. */
void lapic_end_posting(struct vic_lapic *lapic);
/* What follows from IRR and ISR, from the page. */
void lapic_count_vectors(struct vic_lapic *lapic);

/* lvt.c: ESR bits are recorded now; what fires is the error LVT's. */
void lapic_error(struct vic_lapic *lapic, uint32_t bits);
/* Take over from the inbox what the LVT's sources did, and others' errors. */
void lapic_take_local(struct vic_lapic *lapic);
/* The source of the entry at @offset fires. */
void lapic_lvt_fire(struct vic_lapic *lapic, uint32_t offset);
/* Whether an ExtINT waits; @word is the request word. */
bool lapic_extint(const struct vic_lapic *lapic, uint64_t word);
void lapic_mask_lvt(struct vic_lapic *lapic);
/* LVT LINT0 or the mode has changed. */
void lapic_hear(struct vic_lapic *lapic);
void lapic_write_lvt(struct vic_lapic *lapic, uint32_t offset, uint32_t value);
/* EOI of @lint_vector. */
void lapic_lint_eoi(struct vic_lapic *lapic);

/* How far DCR shifts: bits 3, 1, 0 divide by 2, 4, ... 128, 1. */
ALWAYS_INLINE uint32_t timer_shift(uint32_t dcr)
{
	return ((dcr & 3) + (dcr >> 1 & 4) + 1) & 7;
}

/* Bus ticks of a count. */
ALWAYS_INLINE uint64_t timer_length(uint32_t ticks, uint32_t dcr)
{
	return (uint64_t)ticks << timer_shift(dcr);
}

/* timer.c; evaluate: raise what is due by now. */
void lapic_timer_evaluate(struct vic_lapic *lapic);
void lapic_timer_reset(struct vic_lapic *lapic);
/* If it is armed, its deadline is told anew. */
void lapic_timer_changed(struct vic_lapic *lapic);
uint32_t lapic_timer_ccr(struct vic_lapic *lapic);
void lapic_timer_write_lvt(struct vic_lapic *lapic, uint32_t value);
void lapic_timer_write_icr(struct vic_lapic *lapic, uint32_t value);
void lapic_timer_write_dcr(struct vic_lapic *lapic, uint32_t value);
uint64_t lapic_timer_read_deadline(struct vic_lapic *lapic);
void lapic_timer_write_deadline(struct vic_lapic *lapic, uint64_t value);
/* Bus ticks since @timer_start, before the end; and the other way round. */
uint64_t lapic_timer_elapsed(const struct vic_lapic *lapic);
void lapic_timer_resume(struct vic_lapic *lapic, uint64_t elapsed);

/*
 * icr.c: store the ICR and send; reserved bits are checked already. @msr is
 * there so that the arguments of WRMSR stay where they are.
 */
enum vic_access lapic_icr_xapic(struct vic_lapic *lapic, uint32_t low);
enum vic_access
lapic_icr_x2apic(struct vic_lapic *lapic, uint32_t msr, uint64_t value);
enum vic_access lapic_icr_split(struct vic_lapic *lapic, uint64_t value);
void lapic_send_self(struct vic_lapic *lapic, uint8_t vector);

/* lapic.c */
void lapic_publish(struct vic_lapic *lapic);
/* By the guest: it may accept now what nobody accepted. */
void lapic_republish(struct vic_lapic *lapic);
/* What is in IRR counts as thrown away. */
void lapic_discard(struct vic_lapic *lapic);
enum vic_access lapic_write_base(struct vic_lapic *lapic, uint64_t value);
enum lapic_mode lapic_mode_of(const struct vic_lapic *lapic, uint64_t base);
bool lapic_base_legal(const struct vic_lapic *lapic, uint64_t base);
uint32_t lapic_x2apic_ldr(uint32_t id);

/* image.c: what vic_lapic_restore() would say. */
int lapic_image_check(const struct vic_lapic *lapic, const void *bytes,
		      size_t size, const char **what);

#endif
