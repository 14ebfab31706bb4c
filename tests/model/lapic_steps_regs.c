/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* A guest's accesses to its own local APIC. */

#include "lapic_steps.h"

void lapic_step_put(struct lapic_steps *s, uint32_t cpu, uint32_t offset,
		    uint64_t value)
{
	if (lm_is_x2apic(&s->rig.lm.vcpu[cpu]))
		lapic_rig_wrmsr(&s->rig, cpu, VIC_MSR_X2APIC + offset / 16,
				value);
	else
		lapic_rig_store(&s->rig, cpu, offset, 4, value & 0xffffffff);
}

/* A value that is right, but for a bit now and then. */
static void
put(struct lapic_steps *s, uint32_t cpu, uint32_t offset, uint32_t value)
{
	uint64_t wide = value;

	if (lapic_one_in(s, 30))
		wide ^= 1ull << lapic_any(s, lapic_one_in(s, 8) ? 64 : 32);
	lapic_step_put(s, cpu, offset, wide);
}

static void step_ldr(struct lapic_steps *s, uint32_t cpu)
{
	static const uint32_t dfrs[] = {0xffffffff, 0xffffffff, 0x0fffffff,
					0xf0000000, 0x00000000, 0x10000000};
	uint32_t bit = 1u << (24 + lapic_any(s, 4));

	if (lapic_one_in(s, 3))
		put(s, cpu, VIC_APIC_DFR, LAPIC_PICK(s, dfrs));
	else if (lapic_one_in(s, 4))
		put(s, cpu, VIC_APIC_LDR, (uint32_t)lapic_any64(s));
	else if (lapic_one_in(s, 2))
		put(s, cpu, VIC_APIC_LDR, 1u << (24 + lapic_any(s, 8)));
	else
		put(s, cpu, VIC_APIC_LDR, bit | lapic_any(s, 3) << 28);
}

static void step_svr(struct lapic_steps *s, uint32_t cpu)
{
	uint32_t svr = lapic_one_in(s, 3) ? lapic_any_vector(s) : 0xff;

	if (!lapic_one_in(s, 3))
		svr |= VIC_SVR_ENABLE;
	if (lapic_one_in(s, 4))
		svr |= VIC_SVR_FOCUS;
	if (lapic_one_in(s, 3) &&
	    (s->rig.lm.config.policy & LM_SUPPRESS_EOI || lapic_one_in(s, 8)))
		svr |= VIC_SVR_SUPPRESS;
	put(s, cpu, VIC_APIC_SVR, svr);
}

/* Most let interrupts in. */
static uint8_t any_tpr(struct lapic_steps *s)
{
	static const uint32_t limits[] = {1, 1, 1, 0x10, 0x40, 0x100};

	return (uint8_t)lapic_any(s, LAPIC_PICK(s, limits));
}

void lapic_step_write(struct lapic_steps *s, uint32_t cpu)
{
	switch (lapic_any(s, 24)) {
	case 0:
	case 1:
		step_svr(s, cpu);
		break;
	case 2:
	case 3:
	case 4:
		step_ldr(s, cpu);
		break;
	case 5:
		put(s, cpu, VIC_APIC_ID, (uint32_t)lapic_any64(s));
		break;
	case 6:
	case 7:
	case 8:
		lapic_step_put(s, cpu, VIC_APIC_ESR,
			       lapic_one_in(s, 8) ? lapic_any(s, 0x100) : 0);
		break;
	case 9:
	case 10:
	case 11:
	case 12:
		put(s, cpu, VIC_APIC_TPR, any_tpr(s));
		break;
	case 13:
	case 14:
		lapic_rig_set_tpr(&s->rig, cpu, any_tpr(s) >> 4);
		break;
	default:
		lapic_step_put(s, cpu, VIC_APIC_EOI,
			       lapic_one_in(s, 20) ? lapic_any(s, 0x100) : 0);
	}
}

void lapic_step_lvt(struct lapic_steps *s, uint32_t cpu)
{
	static const uint32_t offsets[] = {
		VIC_APIC_LVT_CMCI,  VIC_APIC_LVT_TIMER, VIC_APIC_LVT_THERMAL,
		VIC_APIC_LVT_PERF,  VIC_APIC_LVT_LINT0, VIC_APIC_LVT_LINT0,
		VIC_APIC_LVT_LINT0, VIC_APIC_LVT_LINT1, VIC_APIC_LVT_ERROR,
	};
	static const uint32_t modes[] = {
		VIC_MODE_FIXED, VIC_MODE_FIXED, VIC_MODE_FIXED, VIC_MODE_FIXED,
		VIC_MODE_NMI,   VIC_MODE_NMI,   VIC_MODE_SMI,   VIC_MODE_EXTINT,
	};
	uint32_t offset = LAPIC_PICK(s, offsets);
	uint32_t lvt = lapic_any_vector(s);

	if (lapic_one_in(s, 4))
		lvt |= VIC_LVT_MASKED;
	if (offset == VIC_APIC_LVT_TIMER) {
		lvt |= lapic_any(s, lapic_one_in(s, 12) ? 4 : 3) << 17;
	} else if (offset != VIC_APIC_LVT_ERROR) {
		lvt |= (lapic_one_in(s, 20) ? lapic_any(s, 8)
					    : LAPIC_PICK(s, modes))
		       << VIC_LVT_MODE_SHIFT;
	}
	if (offset == VIC_APIC_LVT_LINT0 || offset == VIC_APIC_LVT_LINT1) {
		if (lapic_one_in(s, 2))
			lvt |= VIC_LVT_LEVEL;
		if (lapic_one_in(s, 4))
			lvt |= VIC_LVT_LOW_ACTIVE;
	}
	put(s, cpu, offset, lvt);
}

static uint32_t any_count(struct lapic_steps *s)
{
	static const uint32_t counts[] = {0,   1,    2,          7,
					  100, 1000, 0x7fffffff, 0xffffffff};

	if (lapic_one_in(s, 4))
		return (uint32_t)lapic_any64(s);
	return lapic_one_in(s, 2) ? lapic_any(s, 2000) : LAPIC_PICK(s, counts);
}

static uint64_t any_deadline(struct lapic_steps *s)
{
	uint64_t tsc = s->rig.lm.tsc;

	switch (lapic_any(s, 8)) {
	case 0:
		return 0;
	case 1:
		return lapic_any64(s);
	case 2:
		return tsc;
	case 3:
		return tsc ? tsc - lapic_any(s, 2) : 0;
	default:
		return tsc + lapic_any(s, 2000);
	}
}

void lapic_step_timer(struct lapic_steps *s, uint32_t cpu)
{
	switch (lapic_any(s, 6)) {
	case 0:
		put(s, cpu, VIC_APIC_TIMER_DCR, lapic_any(s, 16));
		break;
	case 1:
	case 2:
		lapic_rig_wrmsr(&s->rig, cpu, VIC_MSR_TSC_DEADLINE,
				any_deadline(s));
		break;
	default:
		put(s, cpu, VIC_APIC_TIMER_ICR, any_count(s));
	}
}

void lapic_step_base(struct lapic_steps *s, uint32_t cpu)
{
	const struct lm_vcpu *v = &s->rig.lm.vcpu[cpu];
	uint64_t base = v->base;

	switch (lapic_any(s, 8)) {
	case 0:
		base ^= 1ull << (v->waits ? 10 : lapic_any(s, 64));
		break;
	case 1:
		base ^= 1ull << (12 + lapic_any(s, 28));
		break;
	case 2:
		/* One that waits runs no guest that could do this. */
		if (!v->waits)
			base ^= VIC_APIC_BASE_BSP;
		break;
	case 3:
	case 4:
		base ^= VIC_APIC_BASE_EXTD;
		break;
	case 5:
		base &= ~(uint64_t)(VIC_APIC_BASE_EN | VIC_APIC_BASE_EXTD);
		break;
	case 6:
		base ^= VIC_APIC_BASE_EN;
		break;
	default:
		base |= VIC_APIC_BASE_EN;
		if (lapic_one_in(s, 2))
			base |= VIC_APIC_BASE_EXTD;
	}
	lapic_rig_wrmsr(&s->rig, cpu, VIC_MSR_APIC_BASE, base);
}

/* Anything, anywhere. */
void lapic_step_odd(struct lapic_steps *s, uint32_t cpu)
{
	static const uint32_t msrs[] = {
		VIC_MSR_TSC_DEADLINE, 0x1a, 0x1c, 0x7ff, 0x900, 0xc0000080};
	uint32_t offset = lapic_any(s, lapic_one_in(s, 8) ? 0x1100 : 0x400);
	uint32_t msr = VIC_MSR_X2APIC + lapic_any(s, 0x100);
	uint32_t len = 1u << lapic_any(s, 4);
	uint64_t value =
		lapic_one_in(s, 2) ? lapic_any(s, 0x100) : lapic_any64(s);

	if (!lapic_one_in(s, 3)) {
		offset &= ~0xfu;
		len = 4;
	}
	if (lapic_one_in(s, 2))
		msr = VIC_MSR_X2APIC + lapic_any(s, 0x40);
	else if (lapic_one_in(s, 4))
		msr = LAPIC_PICK(s, msrs);
	switch (lapic_any(s, 4)) {
	case 0:
		lapic_rig_load(&s->rig, cpu, offset, len);
		break;
	case 1:
		lapic_rig_store(&s->rig, cpu, offset, len, value);
		break;
	case 2:
		lapic_rig_rdmsr(&s->rig, cpu, msr);
		break;
	default:
		lapic_rig_wrmsr(&s->rig, cpu, msr, value);
	}
}
