/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The page shared with a processor that takes vectors from the descriptor,
 * delivers them and ends them: SDM vol. 3, chapter 29. It keeps IRR, ISR,
 * TPR and PPR; RVI and SVI, the highest of IRR and ISR, travel with each
 * entry and exit. TMR is libvic's alone, and the EOI-exit bitmap is a copy
 * of it.
 */
#include "apic/regs.h"

/*
 * Registers that a store overwrites before the exit (29.4.3.2), but for
 * those whose old value nobody needs: EOI, ICR.
 */
static const uint8_t shadowed[LAPIC_SHADOWS] = {
	VIC_APIC_ID >> 4,        VIC_APIC_LDR >> 4,
	VIC_APIC_DFR >> 4,       VIC_APIC_SVR >> 4,
	VIC_APIC_ESR >> 4,       VIC_APIC_LVT_CMCI >> 4,
	VIC_APIC_LVT_TIMER >> 4, VIC_APIC_LVT_THERMAL >> 4,
	VIC_APIC_LVT_PERF >> 4,  VIC_APIC_LVT_LINT0 >> 4,
	VIC_APIC_LVT_LINT1 >> 4, VIC_APIC_LVT_ERROR >> 4,
	VIC_APIC_TIMER_ICR >> 4, VIC_APIC_TIMER_DCR >> 4,
};

static __attribute__((noinline)) void shadow(struct vic_lapic *lapic)
{
	for (uint32_t i = 0; i < LAPIC_SHADOWS; i++)
		lapic->shadow[i] = lapic->page[shadowed[i] * 4];
	lapic->attention &= ~ATTENTION_SHADOW;
}

/* @bits of word @i of PIR, with the modes that TMR has. */
ALWAYS_INLINE void
accept_word(struct vic_lapic *lapic, uint32_t *page, uint32_t i, uint64_t bits)
{
	uint32_t *irr = &page[VIC_APIC_IRR / 4 + 8 * i];
	uint32_t top = i * 64 + top_bit(bits);

	irr[0] |= (uint32_t)bits;
	irr[4] |= (uint32_t)(bits >> 32);
	if (top > lapic->irr_top)
		lapic->irr_top = top;
}

/*
 * S2 from word @i on, of which @bits are taken, where some may be illegal,
 * of a sender too late, or in IRR already.
 */
static __attribute__((noinline)) uint8_t
take_careful(struct vic_lapic *lapic, uint32_t i, uint64_t bits)
{
	struct vic_vcpu *vcpu = lapic->vcpu;

	for (;; bits = exchange(&vcpu->pid.pir[i], 0)) {
		lapic_accept_words(lapic, i, bits, in_tmr64(lapic, i));
		if (++i == 4)
			return (uint8_t)lapic->irr_top;
	}
}

/* S2 for one word; what is left for take_careful(). */
ALWAYS_INLINE uint64_t take_word(struct vic_lapic *lapic, struct vic_vcpu *vcpu,
				 uint32_t *page, uint32_t i)
{
	uint64_t *word = &vcpu->pid.pir[i], bits;

	if (!load_relaxed(word))
		return 0;
	bits = exchange(word, 0);
	if (UNLIKELY((bits & illegal(i)) ||
		     (bits & vectors64(&page[VIC_APIC_IRR / 4 + 8 * i]))))
		return bits;
	accept_word(lapic, page, i, bits);
	return 0;
}

static __attribute__((noinline)) uint8_t harvest_posted(struct vic_lapic *lapic)
{
	struct vic_vcpu *vcpu = lapic->vcpu;
	uint32_t *page = lapic->page;
	uint64_t bits;

	fetch_and(&vcpu->pid.control, ~VIC_PID_ON);
	if (UNLIKELY(!(page[VIC_APIC_SVR / 4] & VIC_SVR_ENABLE)))
		return take_careful(lapic, 0, exchange(&vcpu->pid.pir[0], 0));
	bits = take_word(lapic, vcpu, page, 0);
	if (UNLIKELY(bits))
		return take_careful(lapic, 0, bits);
	bits = take_word(lapic, vcpu, page, 1);
	if (UNLIKELY(bits))
		return take_careful(lapic, 1, bits);
	bits = take_word(lapic, vcpu, page, 2);
	if (UNLIKELY(bits))
		return take_careful(lapic, 2, bits);
	bits = take_word(lapic, vcpu, page, 3);
	if (UNLIKELY(bits))
		return take_careful(lapic, 3, bits);
	return (uint8_t)lapic->irr_top;
}

void lapic_harvest_posted(struct vic_lapic *lapic)
{
	(void)harvest_posted(lapic);
}

static __attribute__((noinline)) uint8_t harvest(struct vic_lapic *lapic)
{
	lapic_harvest(lapic);
	return (uint8_t)lapic->irr_top;
}

uint8_t vic_lapic_harvest(struct vic_lapic *lapic)
{
	if (UNLIKELY(load_acquire(&lapic->vcpu->pid.control) & VIC_PID_ON))
		return posting(lapic) ? harvest_posted(lapic) : harvest(lapic);
	return (uint8_t)lapic->irr_top;
}

void lapic_count_vectors(struct vic_lapic *lapic)
{
	lapic->irr_words = lapic->irr_top = lapic->isr_top = 0;
	lapic->isr_count &= COUNT_LINT0;
	for (uint32_t v = 0; v < 256; v += 32) {
		uint32_t irr = *vector_word(lapic, VIC_APIC_IRR, v);
		uint32_t isr = *vector_word(lapic, VIC_APIC_ISR, v);

		if (irr) {
			lapic->irr_words |= 1u << v / 32;
			lapic->irr_top = v + top_bit32(irr);
		}
		if (isr)
			lapic->isr_top = v + top_bit32(isr);
		for (; isr; isr &= isr - 1)
			lapic->isr_count++;
	}
}

void vic_lapic_reload(struct vic_lapic *lapic)
{
	uint32_t *irr = reg(lapic, VIC_APIC_IRR);
		uint32_t bits = *irr & (uint32_t)illegal(0);

	/* A device posted them, and the processor took them over. */
	if (bits) {
		inbox_count(&lapic->vcpu->counters.discarded, bits);
		*irr ^= bits;
		lapic_error(lapic, VIC_ESR_RECEIVE_ILLEGAL);
	}
	lapic_count_vectors(lapic);
	ppr_update(lapic->page, lapic->vcpu, lapic->isr_top);
}

/*
 * From now on senders know of TMR what it is; what they posted before has
 * the mode that they gave it.
 */
static void begin_posting(struct vic_lapic *lapic)
{
	struct vic_vcpu *vcpu = lapic->vcpu;
	struct vic_pid *pid = &vcpu->pid;
	uint64_t level[4];

	inbox_set_posting(vcpu, true);
	for (uint32_t i = 0; i < 4; i++)
		level[i] = inbox_set_modes(vcpu, i, in_tmr64(lapic, i));
	fetch_and(&pid->control, ~VIC_PID_ON);
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t bits = exchange(&pid->pir[i], 0);

		/* A level post that merged has seen TMR already. */
		lapic_accept_words(lapic, i, bits,
				   level[i] | in_tmr64(lapic, i));
		inbox_set_modes(vcpu, i, in_tmr64(lapic, i));
	}
	lapic->attention |=
		ATTENTION_POSTING | ATTENTION_EOI_EXIT | ATTENTION_SHADOW;
}

bool lapic_mode_posted(struct vic_lapic *lapic, uint32_t vector, bool level)
{
	if (in_tmr(lapic, vector)) {
		if (!level)
			test_and_set(&lapic->vcpu->edges[vector / 64],
				     vector % 64);
		return true;
	}
	if (level) {
		lapic->attention |= ATTENTION_EOI_EXIT;
		inbox_add_modes(lapic->vcpu, vector / 64,
				UINT64_C(1) << vector % 64);
	}
	return level;
}

void lapic_end_posting(struct vic_lapic *lapic)
{
	if (!posting(lapic))
		return;
	lapic->attention &=
		~(ATTENTION_POSTING | ATTENTION_EOI_EXIT | ATTENTION_SHADOW);
	inbox_set_posting(lapic->vcpu, false);
	vic_lapic_reload(lapic);
}

int vic_lapic_set_posting(struct vic_lapic *lapic, bool on)
{
	if (!on) {
		lapic_end_posting(lapic);
		return VIC_OK;
	}
	if (!lapic->vcpu->ops->notify)
		return VIC_ERR_INVAL;
	if (lapic->mode == LAPIC_DISABLED || !lapic->vcpu->pcpu)
		return VIC_ERR_STATE;
	if (!posting(lapic))
		begin_posting(lapic);
	return VIC_OK;
}

bool vic_lapic_posting(const struct vic_lapic *lapic)
{
	return posting(lapic);
}

void lapic_reset_posted(struct vic_lapic *lapic)
{
	for (uint32_t i = 0; i < 4; i++)
		inbox_set_modes(lapic->vcpu, i, 0);
	lapic->attention |= ATTENTION_EOI_EXIT | ATTENTION_SHADOW;
}

enum vic_enter vic_lapic_enter(struct vic_lapic *lapic, uint16_t *status)
{
	struct vic_vcpu *vcpu = lapic->vcpu;
	enum vic_enter enter = VIC_ENTER_GUEST;

	*status = 0;
	if (!posting(lapic))
		return vic_vcpu_enter(vcpu);
	if (lapic->attention & ATTENTION_TELL)
		return VIC_ENTER_AGAIN;
	/* E1, pairs with P4. */
	exchange32(&vcpu->state, VIC_POSTED);
	if (UNLIKELY(load_seq(&vcpu->request) & REQUEST_NEW)) {
		enter = inbox_refuse(vcpu);
		if (enter == VIC_ENTER_AGAIN)
			return enter;
	} else {
		vcpu->refusals = 0;
		count(&vcpu->counters.enters);
	}
	/*
	 * An entry looks at no descriptor. Who posts after this look finds
	 * the state, and sends a notification, which waits for the entry.
	 */
	if (load_seq(&vcpu->pid.control) & (VIC_PID_ON | VIC_PID_SN))
		lapic_harvest_posted(lapic);
	if (UNLIKELY(lapic->attention & ATTENTION_SHADOW))
		shadow(lapic);
	*status = (uint16_t)(lapic->irr_top | lapic->isr_top << 8);
	return enter;
}

void vic_lapic_exit(struct vic_lapic *lapic, uint16_t status, bool kicked)
{
	struct vic_vcpu *vcpu = lapic->vcpu;

	if (posting(lapic)) {
		lapic->irr_top = status & 0xff;
		lapic->isr_top = status >> 8;
		lapic->irr_words = IRR_WORDS_UNKNOWN;
		lapic->isr_count =
			(lapic->isr_count & COUNT_LINT0) | COUNT_UNKNOWN;
		store32_relaxed(&vcpu->ppr, *reg(lapic, VIC_APIC_PPR));
	}
	vic_vcpu_exit(vcpu, kicked);
}

void vic_lapic_eoi_exit_bitmap(const struct vic_lapic *lapic,
			       uint64_t bitmap[4])
{
	for (uint32_t i = 0; i < 4; i++)
		bitmap[i] = in_tmr64(lapic, i);
}

/* Its EOI has come: what edges came since it was level make it an edge. */
static void relax_mode(struct vic_lapic *lapic, uint32_t vector)
{
	struct vic_vcpu *vcpu = lapic->vcpu;
	uint32_t bit = 1u << vector % 32;

	if (!inbox_make_edge(vcpu, vector))
		return;
	/* P5 pairs with these exchanges: a look at PIR would not do. */
	fetch_and(&vcpu->pid.control, ~VIC_PID_ON);
	(void)take_careful(lapic, 0, exchange(&vcpu->pid.pir[0], 0));
	if (*vector_word(lapic, VIC_APIC_IRR, vector) & bit) {
		inbox_add_modes(vcpu, vector / 64, UINT64_C(1) << vector % 64);
		return;
	}
	*vector_word(lapic, VIC_APIC_TMR, vector) &= ~bit;
	lapic->attention |= ATTENTION_EOI_EXIT;
}

void vic_lapic_eoi_exit(struct vic_lapic *lapic, uint8_t vector)
{
	bool level = in_tmr(lapic, vector);

	count(&lapic->vcpu->counters.eois);
	if (level && posting(lapic))
		relax_mode(lapic, vector);
	if (vector && vector == lapic->lint_vector) {
		lapic_lint_eoi(lapic);
		lapic->attention |= ATTENTION_SHADOW;
	}
	if (level)
		(void)lapic_eoi_level(lapic, vector);
}

/* In x2APIC mode the processor virtualizes ICR and SELF IPI. */
static enum vic_access write_x2apic(struct vic_lapic *lapic, uint32_t offset)
{
	uint32_t *at = reg(lapic, offset);
	uint64_t value = at[0] | (uint64_t)at[1] << VIC_ICR_DEST_SHIFT;

	if (offset == VIC_APIC_SELF_IPI) {
		*at = 0;
		lapic_send_self(lapic, (uint8_t)value);
		return VIC_ACCESS_DONE;
	}
	if (offset != VIC_APIC_ICR_LO || lapic->mode != LAPIC_X2APIC)
		return VIC_ACCESS_FOREIGN;
	value &= ~(uint64_t)VIC_ICR_RESERVED;
	return lapic_icr_x2apic(lapic, VIC_MSR_X2APIC, value);
}

/* Put what the register held back into the page. */
static bool unwrite(struct vic_lapic *lapic, uint32_t offset)
{
	for (uint32_t i = 0; i < LAPIC_SHADOWS; i++) {
		if (shadowed[i] == offset >> 4) {
			*reg(lapic, offset) = lapic->shadow[i];
			return true;
		}
	}
	return offset == VIC_APIC_ICR_LO || offset == VIC_APIC_ICR_HI ||
	       offset == VIC_APIC_TPR || offset == VIC_APIC_EOI;
}

enum vic_access vic_lapic_write_exit(struct vic_lapic *lapic, uint32_t offset)
{
	uint32_t value;

	if (!posting(lapic) || offset >= REG_ROWS << 4 || (offset & 0xc))
		return VIC_ACCESS_FOREIGN;
	/* A store to part of a register is one to all of it by now. */
	offset &= ~3u;
	if (in_x2apic(lapic))
		return write_x2apic(lapic, offset);
	value = *reg(lapic, offset);
	if (!unwrite(lapic, offset))
		return VIC_ACCESS_FOREIGN;
	if (offset == VIC_APIC_EOI)
		*reg(lapic, offset) = 0;
	return vic_lapic_mmio_write(lapic, offset, 4, value);
}
