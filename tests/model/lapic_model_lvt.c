/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The local vector table and what is wired to it: 10.5.1. */
#include "lapic_model.h"

uint32_t lm_lvt_writable(const struct lm_vcpu *v, enum lm_lvt lvt)
{
	switch (lvt) {
	case LM_LVT_TIMER:
		return v->flags & LM_NO_TSC_DEADLINE ? 0x300ff : 0x700ff;
	case LM_LVT_LINT0:
	case LM_LVT_LINT1:
		return 0x1a7ff;
	case LM_LVT_ERROR:
		return 0x100ff;
	default:
		return 0x107ff;
	}
}

uint32_t lm_lvt_read_only(enum lm_lvt lvt)
{
	if (lvt == LM_LVT_LINT0 || lvt == LM_LVT_LINT1)
		return VIC_LVT_BUSY | VIC_LVT_REMOTE_IRR;
	return VIC_LVT_BUSY;
}

static enum vic_delivery_mode mode_of(const struct lm_vcpu *v, enum lm_lvt lvt)
{
	if (lvt == LM_LVT_TIMER || lvt == LM_LVT_ERROR)
		return VIC_MODE_FIXED;
	return (enum vic_delivery_mode)((v->lvt[lvt] & VIC_LVT_MODE) >>
					VIC_LVT_MODE_SHIFT);
}

/* Only LINT0 is ever level-triggered, and only if Fixed. */
static bool is_level(const struct lm_vcpu *v)
{
	return mode_of(v, LM_LVT_LINT0) == VIC_MODE_FIXED &&
	       (v->lvt[LM_LVT_LINT0] & VIC_LVT_LEVEL);
}

bool lm_lvt_fire(struct lm_vcpu *v, enum lm_lvt lvt)
{
	uint8_t vector = v->lvt[lvt] & VIC_LVT_VECTOR;

	if (v->lvt[lvt] & VIC_LVT_MASKED)
		return false;
	switch (mode_of(v, lvt)) {
	case VIC_MODE_FIXED:
		if (vector < VIC_VECTOR_MIN) {
			lm_error(v, VIC_ESR_RECEIVE_ILLEGAL);
			return false;
		}
		lm_accept(v, vector, false);
		return true;
	case VIC_MODE_SMI:
		v->smi = true;
		return true;
	case VIC_MODE_NMI:
		lm_accept_nmi(v);
		return true;
	case VIC_MODE_INIT:
		if (lvt != LM_LVT_LINT0 && lvt != LM_LVT_LINT1)
			return false;
		lm_accept_init(v);
		return true;
	default:
		/* Reserved; or ExtINT, where the level is what counts. */
		return false;
	}
}

/* Takes the interrupt that level-triggered LINT0 asks for, if it may. */
static void sample(struct lm_vcpu *v, bool rises)
{
	uint32_t *lvt = &v->lvt[LM_LVT_LINT0];
	uint8_t vector = *lvt & VIC_LVT_VECTOR;

	/* The bit has no meaning in other modes. */
	if (!is_level(v))
		*lvt &= ~VIC_LVT_REMOTE_IRR;
	if (!is_level(v) || !v->pins[0] || (*lvt & VIC_LVT_MASKED))
		return;
	if (vector < VIC_VECTOR_MIN) {
		if (rises)
			lm_error(v, VIC_ESR_RECEIVE_ILLEGAL);
		return;
	}
	if (*lvt & VIC_LVT_REMOTE_IRR)
		return;
	lm_accept(v, vector, true);
	*lvt |= VIC_LVT_REMOTE_IRR;
	v->remote = vector;
}

void lm_lvt_write(struct lm_vcpu *v, enum lm_lvt lvt, uint32_t value)
{
	uint32_t old = v->lvt[lvt];
	uint32_t kept = old & lm_lvt_read_only(lvt);

	value &= lm_lvt_writable(v, lvt);
	/* 10.4.7.2: the mask bits stay set while it is disabled. */
	if (!(v->svr & VIC_SVR_ENABLE))
		value |= VIC_LVT_MASKED;
	v->lvt[lvt] = value | kept;
	if (lvt == LM_LVT_TIMER)
		lm_timer_mode(v, old & VIC_LVT_TIMER_MODE,
			      value & VIC_LVT_TIMER_MODE);
	if (lvt == LM_LVT_LINT0)
		sample(v, false);
}

void lm_lvt_eoi(struct lm_vcpu *v, uint8_t vector)
{
	if (v->remote == vector)
		v->lvt[LM_LVT_LINT0] &= ~VIC_LVT_REMOTE_IRR;
	sample(v, false);
}

void lm_lint(struct lm *m, uint32_t vcpu, uint32_t pin, bool level)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];
	bool rises = level && !v->pins[pin];

	v->pins[pin] = level;
	if (!lm_is_enabled(v)) {
		/* 10.4.3: LINT0 is INTR then, and LINT1 is NMI. */
		if (pin == 1 && rises)
			lm_accept_nmi(v);
		return;
	}
	if (pin == 0 && is_level(v))
		sample(v, rises);
	else if (rises)
		lm_lvt_fire(v, pin == 0 ? LM_LVT_LINT0 : LM_LVT_LINT1);
}

static bool pin_is_extint(const struct lm_vcpu *v, uint32_t pin)
{
	enum lm_lvt lvt = pin == 0 ? LM_LVT_LINT0 : LM_LVT_LINT1;

	return v->pins[pin] && !(v->lvt[lvt] & VIC_LVT_MASKED) &&
	       mode_of(v, lvt) == VIC_MODE_EXTINT;
}

bool lm_extint(const struct lm *m, const struct lm_vcpu *v)
{
	if (!m->config.extint)
		return false;
	if (v->extint)
		return true;
	if (!lm_is_enabled(v))
		return v->pins[0];
	return pin_is_extint(v, 0) || pin_is_extint(v, 1);
}

void lm_local(struct lm *m, uint32_t vcpu, enum lm_source source)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];

	switch (source) {
	case LM_SOURCE_CMCI:
		if (v->flags & LM_CMCI)
			lm_lvt_fire(v, LM_LVT_CMCI);
		break;
	case LM_SOURCE_THERMAL:
		lm_lvt_fire(v, LM_LVT_THERMAL);
		break;
	case LM_SOURCE_PERF:
		if (lm_lvt_fire(v, LM_LVT_PERF) &&
		    !(m->config.policy & LM_PMI_KEEPS_MASK))
			v->lvt[LM_LVT_PERF] |= VIC_LVT_MASKED;
		break;
	}
}
