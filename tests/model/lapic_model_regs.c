/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The registers, by MMIO (10.4.1) and by MSR (10.12.1). */
#include "lapic_model.h"

static bool is_in(uint32_t offset, uint32_t first)
{
	return offset >= first && offset < first + 0x80;
}

static uint32_t bits(const bool *vectors, uint32_t offset)
{
	uint32_t word = 0, first = (offset & 0x7f) * 2;

	for (uint32_t i = 0; i < 32; i++)
		word |= (uint32_t)vectors[first + i] << i;
	return word;
}

static bool lvt_of(const struct lm_vcpu *v, uint32_t offset, enum lm_lvt *lvt)
{
	switch (offset) {
	case VIC_APIC_LVT_CMCI:
		*lvt = LM_LVT_CMCI;
		return v->flags & LM_CMCI;
	case VIC_APIC_LVT_TIMER:
		*lvt = LM_LVT_TIMER;
		return true;
	case VIC_APIC_LVT_THERMAL:
		*lvt = LM_LVT_THERMAL;
		return true;
	case VIC_APIC_LVT_PERF:
		*lvt = LM_LVT_PERF;
		return true;
	case VIC_APIC_LVT_LINT0:
		*lvt = LM_LVT_LINT0;
		return true;
	case VIC_APIC_LVT_LINT1:
		*lvt = LM_LVT_LINT1;
		return true;
	case VIC_APIC_LVT_ERROR:
		*lvt = LM_LVT_ERROR;
		return true;
	default:
		return false;
	}
}

static uint32_t version(const struct lm *m, const struct lm_vcpu *v)
{
	uint32_t last = v->flags & LM_CMCI ? 6 : 5;
	uint32_t value = VIC_APIC_VERSION_VALUE;

	value |= last << VIC_APIC_VERSION_LVT_SHIFT;
	if (m->config.policy & LM_SUPPRESS_EOI)
		value |= VIC_APIC_VERSION_SUPPRESS;
	return value;
}

static uint32_t icr_high(const struct lm *m, const struct lm_vcpu *v)
{
	if (lm_is_x2apic(v) && !(m->config.policy & LM_ICR_SPLIT))
		return 0;
	return (uint32_t)(v->icr >> 32);
}

uint32_t lm_reg(const struct lm *m, uint32_t vcpu, uint32_t offset)
{
	const struct lm_vcpu *v = &m->vcpu[vcpu];
	enum lm_lvt lvt;

	if (lvt_of(v, offset, &lvt))
		return v->lvt[lvt];
	if (is_in(offset, VIC_APIC_ISR))
		return bits(v->isr, offset);
	if (is_in(offset, VIC_APIC_TMR))
		return bits(v->tmr, offset);
	if (is_in(offset, VIC_APIC_IRR))
		return bits(v->irr, offset);
	switch (offset) {
	case VIC_APIC_ID:
		return lm_is_x2apic(v) ? v->id : (uint32_t)v->xapic_id << 24;
	case VIC_APIC_VERSION:
		return version(m, v);
	case VIC_APIC_TPR:
		return v->tpr;
	case VIC_APIC_PPR:
		return lm_ppr(v);
	case VIC_APIC_LDR:
		return lm_ldr(v);
	case VIC_APIC_DFR:
		return v->dfr;
	case VIC_APIC_SVR:
		return v->svr;
	case VIC_APIC_ESR:
		return v->esr;
	case VIC_APIC_ICR_LO:
		return (uint32_t)v->icr;
	case VIC_APIC_ICR_HI:
		return icr_high(m, v);
	case VIC_APIC_TIMER_ICR:
		return v->initial_count;
	case VIC_APIC_TIMER_CCR:
		return lm_timer_count(v);
	case VIC_APIC_TIMER_DCR:
		return v->divide;
	default:
		return 0;
	}
}

/* Table 10-1, without what only older processors have. */
bool lm_is_register(const struct lm_vcpu *v, uint32_t offset)
{
	enum lm_lvt lvt;

	if (lvt_of(v, offset, &lvt) || is_in(offset, VIC_APIC_ISR) ||
	    is_in(offset, VIC_APIC_TMR) || is_in(offset, VIC_APIC_IRR))
		return true;
	switch (offset) {
	case VIC_APIC_ID:
	case VIC_APIC_VERSION:
	case VIC_APIC_TPR:
	case VIC_APIC_PPR:
	case VIC_APIC_EOI:
	case VIC_APIC_LDR:
	case VIC_APIC_DFR:
	case VIC_APIC_SVR:
	case VIC_APIC_ESR:
	case VIC_APIC_ICR_LO:
	case VIC_APIC_ICR_HI:
	case VIC_APIC_TIMER_ICR:
	case VIC_APIC_TIMER_CCR:
	case VIC_APIC_TIMER_DCR:
		return true;
	default:
		return false;
	}
}

/* Table 10-6: what RDMSR may read. */
static bool is_x2apic_register(const struct lm_vcpu *v, uint32_t offset)
{
	return lm_is_register(v, offset) && offset != VIC_APIC_EOI &&
	       offset != VIC_APIC_DFR && offset != VIC_APIC_ICR_HI;
}

static uint32_t svr_writable(const struct lm *m)
{
	uint32_t mask = VIC_SVR_VECTOR | VIC_SVR_ENABLE | VIC_SVR_FOCUS;

	return m->config.policy & LM_SUPPRESS_EOI ? mask | VIC_SVR_SUPPRESS
						  : mask;
}

/* Which bits WRMSR may not set; false if it may not write the register. */
static bool x2apic_reserved(const struct lm *m, const struct lm_vcpu *v,
			    uint32_t offset, uint64_t *reserved)
{
	enum lm_lvt lvt;

	if (lvt_of(v, offset, &lvt)) {
		*reserved = ~(uint64_t)(lm_lvt_writable(v, lvt) |
					lm_lvt_read_only(lvt));
		return true;
	}
	switch (offset) {
	case VIC_APIC_TPR:
	case VIC_APIC_SELF_IPI:
		*reserved = ~UINT64_C(0xff);
		return true;
	case VIC_APIC_EOI:
	case VIC_APIC_ESR:
		*reserved = UINT64_MAX;
		return true;
	case VIC_APIC_SVR:
		*reserved = ~(uint64_t)svr_writable(m);
		return true;
	case VIC_APIC_ICR_LO:
		*reserved = VIC_ICR_RESERVED;
		if (m->config.policy & LM_BUSY_FAULTS)
			*reserved |= VIC_ICR_BUSY;
		return true;
	case VIC_APIC_TIMER_ICR:
		*reserved = ~UINT64_C(0xffffffff);
		return true;
	case VIC_APIC_TIMER_DCR:
		*reserved = ~(uint64_t)VIC_DCR_MASK;
		return true;
	default:
		return false;
	}
}

static void write_svr(const struct lm *m, struct lm_vcpu *v, uint32_t value)
{
	v->svr = value & svr_writable(m);
	if (v->svr & VIC_SVR_ENABLE) {
		v->was_enabled = true;
		return;
	}
	for (uint32_t i = 0; i < LM_LVTS; i++)
		v->lvt[i] |= VIC_LVT_MASKED;
}

/* A store; where there is nothing to store to, it is ignored. */
static void store(struct lm *m, uint32_t vcpu, uint32_t offset, uint32_t value)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];
	const uint64_t high = UINT64_C(0xffffffff) << 32;
	enum lm_lvt lvt;

	if (lvt_of(v, offset, &lvt)) {
		lm_lvt_write(v, lvt, value);
		return;
	}
	switch (offset) {
	case VIC_APIC_ID:
		if (!(m->config.policy & LM_ID_READ_ONLY))
			v->xapic_id = (uint8_t)(value >> 24);
		break;
	case VIC_APIC_TPR:
		v->tpr = (uint8_t)value;
		break;
	case VIC_APIC_EOI:
		lm_eoi(m, vcpu);
		break;
	case VIC_APIC_LDR:
		v->ldr = value & 0xff000000;
		break;
	case VIC_APIC_DFR:
		v->dfr = value | VIC_DFR_ONES;
		break;
	case VIC_APIC_SVR:
		write_svr(m, v, value);
		break;
	case VIC_APIC_ESR:
		v->esr = v->errors;
		v->errors = 0;
		break;
	case VIC_APIC_ICR_LO:
		value &= ~(VIC_ICR_RESERVED | VIC_ICR_BUSY);
		v->icr = (v->icr & high) | value;
		lm_send(m, vcpu);
		break;
	case VIC_APIC_ICR_HI:
		v->icr =
			(uint64_t)(value & 0xff000000) << 32 | (uint32_t)v->icr;
		break;
	case VIC_APIC_TIMER_ICR:
		lm_timer_start(v, value);
		break;
	case VIC_APIC_TIMER_DCR:
		lm_timer_divide(v, value);
		break;
	case VIC_APIC_SELF_IPI:
		lm_send_self(m, vcpu, (uint8_t)value);
		break;
	default:
		break;
	}
}

static bool has_page(const struct lm_vcpu *v)
{
	return lm_is_enabled(v) && !lm_is_x2apic(v);
}

enum lm_access lm_mmio_read(struct lm *m, uint32_t vcpu, uint32_t offset,
			    uint32_t len, uint64_t *value)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];
	uint32_t reg = offset & ~0xfu;
	uint64_t word;

	*value = 0;
	if (!has_page(v) || offset >= VIC_APIC_PAGE_SIZE)
		return LM_FOREIGN;
	word = lm_reg(m, vcpu, reg);
	for (uint32_t i = 0; i < len; i++)
		if ((offset & 0xf) + i < 4)
			*value |= (word >> ((offset & 0xf) + i) * 8 & 0xff)
				  << i * 8;
	if (!lm_is_register(v, reg))
		lm_error(v, VIC_ESR_ILLEGAL_REGISTER);
	return LM_DONE;
}

enum lm_access lm_mmio_write(struct lm *m, uint32_t vcpu, uint32_t offset,
			     uint32_t len, uint64_t value)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];

	if (!has_page(v) || offset >= VIC_APIC_PAGE_SIZE)
		return LM_FOREIGN;
	if (len != 4 || (offset & 0xf))
		return LM_DONE;
	if (lm_is_register(v, offset))
		store(m, vcpu, offset, (uint32_t)value);
	else
		lm_error(v, VIC_ESR_ILLEGAL_REGISTER);
	return LM_DONE;
}

/* 10.4.4, 10.12.5 */
static enum lm_access
write_base(const struct lm *m, struct lm_vcpu *v, uint64_t value)
{
	uint64_t reserved = 0x2ff | ~UINT64_C(0) << m->config.phys_bits;
	bool enable = value & VIC_APIC_BASE_EN;
	bool extend = value & VIC_APIC_BASE_EXTD;

	if (v->flags & LM_NO_X2APIC)
		reserved |= VIC_APIC_BASE_EXTD;
	if (value & reserved)
		return LM_FAULT;
	if (extend && (!enable || !lm_is_enabled(v)))
		return LM_FAULT;
	if (lm_is_x2apic(v) && enable && !extend)
		return LM_FAULT;
	if ((m->config.policy & LM_BASE_FIXED) && value >> 12 != v->base >> 12)
		return LM_FAULT;
	if (!enable && lm_is_enabled(v)) {
		lm_power_up(v);
		v->xapic_id = (uint8_t)v->id;
	}
	if (extend && !lm_is_x2apic(v)) {
		v->icr = (uint32_t)v->icr;
		v->xapic_id = (uint8_t)v->id;
	}
	v->base = value;
	return LM_DONE;
}

static bool is_x2apic_msr(uint32_t msr)
{
	return msr >= VIC_MSR_X2APIC && msr <= VIC_MSR_X2APIC_END;
}

static enum lm_access
read_x2apic(const struct lm *m, uint32_t vcpu, uint32_t msr, uint64_t *value)
{
	const struct lm_vcpu *v = &m->vcpu[vcpu];
	uint32_t offset = (msr - VIC_MSR_X2APIC) * 16;

	if (!lm_is_x2apic(v) || !is_x2apic_register(v, offset))
		return LM_FAULT;
	*value = lm_reg(m, vcpu, offset);
	if (offset == VIC_APIC_ICR_LO)
		*value = v->icr;
	return LM_DONE;
}

enum lm_access
lm_rdmsr(struct lm *m, uint32_t vcpu, uint32_t msr, uint64_t *value)
{
	const struct lm_vcpu *v = &m->vcpu[vcpu];

	*value = 0;
	if (msr == VIC_MSR_APIC_BASE) {
		*value = v->base;
		return LM_DONE;
	}
	if (msr == VIC_MSR_TSC_DEADLINE && !(v->flags & LM_NO_TSC_DEADLINE)) {
		*value = v->deadline;
		return LM_DONE;
	}
	if (is_x2apic_msr(msr))
		return read_x2apic(m, vcpu, msr, value);
	return LM_FOREIGN;
}

static enum lm_access
write_x2apic(struct lm *m, uint32_t vcpu, uint32_t msr, uint64_t value)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];
	uint32_t offset = (msr - VIC_MSR_X2APIC) * 16;
	uint64_t reserved;

	if (!lm_is_x2apic(v) || !x2apic_reserved(m, v, offset, &reserved))
		return LM_FAULT;
	if (value & reserved)
		return LM_FAULT;
	if (offset == VIC_APIC_ICR_LO)
		v->icr = value;
	store(m, vcpu, offset, (uint32_t)value);
	return LM_DONE;
}

enum lm_access
lm_wrmsr(struct lm *m, uint32_t vcpu, uint32_t msr, uint64_t value)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];

	if (msr == VIC_MSR_APIC_BASE)
		return write_base(m, v, value);
	if (msr == VIC_MSR_TSC_DEADLINE && !(v->flags & LM_NO_TSC_DEADLINE)) {
		lm_timer_deadline(m, v, value);
		return LM_DONE;
	}
	if (is_x2apic_msr(msr))
		return write_x2apic(m, vcpu, msr, value);
	return LM_FOREIGN;
}
