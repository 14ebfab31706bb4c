/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Priorities: TPR, PPR, IRR to ISR and back, EOI. SDM vol. 3, 10.8. */
#include "apic/ioapic_priv.h"
#include "apic/lapic_priv.h"

uint8_t vic_lapic_tpr(const struct vic_lapic *lapic)
{
	return (uint8_t)*reg(lapic, VIC_APIC_TPR);
}

void vic_lapic_set_tpr(struct vic_lapic *lapic, uint8_t tpr)
{
	if (lapic->mode != LAPIC_DISABLED)
		set_tpr(lapic, tpr);
}

/* The highest vector in IRR after the last of its word is gone. */
static uint32_t irr_top(const struct vic_lapic *lapic)
{
	uint32_t n;

	if (!lapic->irr_words)
		return 0;
	n = top_bit32(lapic->irr_words);
	return n * 32 + top_bit32(*vector_word(lapic, VIC_APIC_IRR, n * 32));
}

/* The highest vector in ISR that is not above @vector; 0 for none. */
static uint32_t isr_below(const struct vic_lapic *lapic, uint32_t vector)
{
	for (uint32_t n = vector / 32 + 1; n > 0; n--) {
		uint32_t word = *vector_word(lapic, VIC_APIC_ISR, (n - 1) * 32);

		if (word)
			return (n - 1) * 32 + top_bit32(word);
	}
	return 0;
}

int vic_lapic_ack(struct vic_lapic *lapic, uint8_t vector)
{
	struct vic_vcpu *vcpu = lapic->vcpu;
	uint32_t *irr = vector_word(lapic, VIC_APIC_IRR, vector);
	uint32_t word = *irr, bit = 1u << vector % 32;

	if (UNLIKELY(!(word & bit)))
		return VIC_ERR_ABSENT;
	/* Not above the class in service, or the processor delivers. */
	if (UNLIKELY(vector <= (lapic->isr_top | 0xf) || posting(lapic)))
		return VIC_ERR_STATE;
	word ^= bit;
	*irr = word;
	irr[-(VIC_APIC_IRR - VIC_APIC_ISR) / 4] |= bit;
	if (LIKELY(!word))
		lapic->irr_words ^= 1u << vector / 32;
	lapic->irr_top = irr_top(lapic);
	lapic->isr_count++;
	lapic->isr_top = vector;
	ppr_update(lapic->page, vcpu, vector);
	count(&vcpu->counters.acked[VIC_MODE_FIXED]);
	return VIC_OK;
}

uint8_t vic_lapic_inta(struct vic_lapic *lapic)
{
	uint32_t vector;

	if (inbox_vectors(lapic->vcpu))
		lapic_harvest(lapic);
	vector = lapic->irr_top;
	if ((vector & 0xf0) <= (*reg(lapic, VIC_APIC_PPR) & 0xf0) ||
	    vic_lapic_ack(lapic, (uint8_t)vector))
		return (uint8_t)*reg(lapic, VIC_APIC_SVR);
	return (uint8_t)vector;
}

/* The highest vector in service, which is not 0, leaves it. */
static void isr_pop(struct vic_lapic *lapic, uint32_t vector)
{
	*vector_word(lapic, VIC_APIC_ISR, vector) &= ~(1u << vector % 32);
	lapic->isr_count--;
	lapic->isr_top = isr_below(lapic, vector);
	ppr_update(lapic->page, lapic->vcpu, lapic->isr_top);
}

int vic_lapic_unack(struct vic_lapic *lapic, uint8_t vector)
{
	struct vic_counters *counters = &lapic->vcpu->counters;
	uint32_t *irr = vector_word(lapic, VIC_APIC_IRR, vector);
	uint32_t bit = 1u << vector % 32;

	if (!vector || vector != lapic->isr_top || posting(lapic))
		return VIC_ERR_ABSENT;
	isr_pop(lapic, vector);
	/* Posted anew meanwhile: the two merge, and one counts as taken. */
	if (!(*irr & bit))
		counter_add(&counters->acked[VIC_MODE_FIXED], UINT64_MAX);
	*irr |= bit;
	lapic->irr_words |= 1u << vector / 32;
	if (vector > lapic->irr_top)
		lapic->irr_top = vector;
	return VIC_OK;
}

enum vic_access lapic_eoi_level(const struct vic_lapic *lapic, uint32_t vector)
{
	struct vic_vcpu *vcpu = lapic->vcpu;

	if (*reg(lapic, VIC_APIC_SVR) & VIC_SVR_SUPPRESS)
		return VIC_ACCESS_DONE;
	if (lapic->bus->ioapics)
		ioapic_eoi_bus(lapic->bus, &vcpu->counters, (uint8_t)vector);
	if (vcpu->ops->eoi)
		vcpu->ops->eoi(vcpu->opaque, VIC_EOI_LAPIC, vector);
	return VIC_ACCESS_DONE;
}

/*
 * EOI with more in service, or LINT0 waiting; @level is what TMR says of
 * @vector.
 */
static __attribute__((noinline)) enum vic_access
eoi_nested(struct vic_lapic *lapic, uint32_t vector, bool level)
{
	isr_pop(lapic, vector);
	if (vector == lapic->lint_vector)
		lapic_lint_eoi(lapic);
	return level ? lapic_eoi_level(lapic, vector) : VIC_ACCESS_DONE;
}

enum vic_access lapic_eoi(struct vic_lapic *lapic)
{
	uint32_t vector = lapic->isr_top, bit = 1u << vector % 32;
	uint32_t *isr = vector_word(lapic, VIC_APIC_ISR, vector);
	struct vic_vcpu *vcpu = lapic->vcpu;
	bool level;

	if (UNLIKELY(!vector))
		return VIC_ACCESS_DONE;
	/* TMR as the vector's last acceptance left it: SDM 10.8.5. */
	level = isr[(VIC_APIC_TMR - VIC_APIC_ISR) / 4] & bit;
	if (UNLIKELY(lapic->isr_count > 1)) {
		count(&vcpu->counters.eois);
		return eoi_nested(lapic, vector, level);
	}
	*isr &= ~bit;
	lapic->isr_top = 0;
	lapic->isr_count = 0;
	ppr_update(lapic->page, vcpu, 0);
	count(&vcpu->counters.eois);
	return UNLIKELY(level) ? lapic_eoi_level(lapic, vector)
			       : VIC_ACCESS_DONE;
}
