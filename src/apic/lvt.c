/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The local vector table, its sources, and errors: SDM vol. 3, 10.5. What
 * sources do on other threads waits in the request word; it is taken over
 * by a scan, and before anything changes how it would be taken.
 */
#include "apic/lapic_priv.h"

static uint32_t lvt_mode(uint32_t lvt)
{
	return (lvt & VIC_LVT_MODE) >> VIC_LVT_MODE_SHIFT;
}

/*
 * A bit that is recorded already fires no more, so an error LVT with an
 * illegal vector ends here and not in itself.
 */
void lapic_error(struct vic_lapic *lapic, uint32_t bits)
{
	uint32_t lvt = *reg(lapic, VIC_APIC_LVT_ERROR);

	bits &= ~lapic->esr_pending;
	if (!bits || lapic->mode == LAPIC_DISABLED)
		return;
	lapic->esr_pending |= bits;
	if (lvt & VIC_LVT_MASKED)
		return;
	if ((lvt & VIC_LVT_VECTOR) < VIC_VECTOR_MIN)
		lapic->esr_pending |= VIC_ESR_RECEIVE_ILLEGAL;
	else
		lapic_accept(lapic, lvt & VIC_LVT_VECTOR, false);
}

static void request_self(struct vic_lapic *lapic, enum vic_request request)
{
	inbox_request(lapic->vcpu, &lapic->vcpu->counters, request, 0);
}

/* @lint: of LINT0 or LINT1, which alone know INIT. If it is delivered. */
static bool fire(struct vic_lapic *lapic, uint32_t lvt, bool lint)
{
	uint32_t vector = lvt & VIC_LVT_VECTOR;

	switch (lvt_mode(lvt)) {
	case VIC_MODE_FIXED:
		if (vector < VIC_VECTOR_MIN) {
			lapic_error(lapic, VIC_ESR_RECEIVE_ILLEGAL);
			return false;
		}
		lapic_accept(lapic, vector, false);
		return true;
	case VIC_MODE_SMI:
		request_self(lapic, VIC_REQUEST_SMI);
		return true;
	case VIC_MODE_NMI:
		request_self(lapic, VIC_REQUEST_NMI);
		return true;
	case VIC_MODE_INIT:
		if (lint)
			request_self(lapic, VIC_REQUEST_INIT);
		return lint;
	default:
		/* ExtINT is a level, lapic_extint(); others are reserved. */
		return false;
	}
}

void lapic_lvt_fire(struct vic_lapic *lapic, uint32_t offset)
{
	bool lint =
		offset == VIC_APIC_LVT_LINT0 || offset == VIC_APIC_LVT_LINT1;
	uint32_t lvt = *reg(lapic, offset);

	if (lvt & VIC_LVT_MASKED || !fire(lapic, lvt, lint))
		return;
	if (offset == VIC_APIC_LVT_PERF &&
	    !(lapic->bus->flags & VIC_BUS_PMI_KEEPS_MASK))
		*reg(lapic, offset) |= VIC_LVT_MASKED;
}

/* LINT1 is edge, whatever its trigger mode says: SDM 10.5.1. */
static bool is_level(uint32_t lvt0)
{
	return (lvt0 & VIC_LVT_LEVEL) && lvt_mode(lvt0) == VIC_MODE_FIXED;
}

static void lint_edges(struct vic_lapic *lapic, uint64_t edges)
{
	uint32_t lvt0 = *reg(lapic, VIC_APIC_LVT_LINT0);

	/* Then they are the processor's INTR and NMI: SDM 10.4.7.2. */
	if (lapic->mode == LAPIC_DISABLED) {
		if (edges & REQUEST_EDGE(1))
			request_self(lapic, VIC_REQUEST_NMI);
		return;
	}
	/* A level with an illegal vector is an error when it rises. */
	if ((edges & REQUEST_EDGE(0)) &&
	    (!is_level(lvt0) || (lvt0 & VIC_LVT_VECTOR) < VIC_VECTOR_MIN))
		lapic_lvt_fire(lapic, VIC_APIC_LVT_LINT0);
	if (edges & REQUEST_EDGE(1))
		lapic_lvt_fire(lapic, VIC_APIC_LVT_LINT1);
}

/* If LINT0 is high and level-triggered: once until its EOI. */
static void lint0_level(struct vic_lapic *lapic)
{
	/* A line that rises meanwhile is NEW, and one that falls no news. */
	uint64_t word = load_relaxed(&lapic->vcpu->request);
	uint32_t *lvt = reg(lapic, VIC_APIC_LVT_LINT0);
	uint32_t vector = *lvt & VIC_LVT_VECTOR;

	if (!(word & REQUEST_LINT(0)) || !is_level(*lvt) ||
	    (*lvt & VIC_LVT_MASKED) || vector < VIC_VECTOR_MIN)
		return;
	if (lapic->lint_vector)
		return;
	*lvt |= VIC_LVT_REMOTE_IRR;
	set_lint_vector(lapic, vector);
	lapic_accept(lapic, vector, true);
}

void lapic_lint_eoi(struct vic_lapic *lapic)
{
	set_lint_vector(lapic, 0);
	*reg(lapic, VIC_APIC_LVT_LINT0) &= ~VIC_LVT_REMOTE_IRR;
	lint0_level(lapic);
}

void lapic_take_local(struct vic_lapic *lapic)
{
	struct vic_vcpu *vcpu = lapic->vcpu;
	/* As in inbox_requests(): what is missed here is NEW. */
	uint64_t word = load_acquire(&vcpu->request) & REQUEST_LOCAL;

	if (word)
		word = inbox_ack(vcpu, REQUEST_LOCAL);
	/* Of a sender that was late. */
	if (lapic->mode == LAPIC_DISABLED)
		inbox_drop(vcpu, REQUEST_EXTINT);
	lapic_error(lapic,
		    (uint32_t)((word & REQUEST_ESR) >> REQUEST_ESR_SHIFT));
	if (word & REQUEST_TIMER) {
		/* The host's timer has gone off, even if it was early. */
		lapic_timer_changed(lapic);
		lapic_timer_evaluate(lapic);
	}
	if (word & REQUEST_PERF)
		lapic_lvt_fire(lapic, VIC_APIC_LVT_PERF);
	if (word & REQUEST_THERMAL)
		lapic_lvt_fire(lapic, VIC_APIC_LVT_THERMAL);
	if ((word & REQUEST_CMCI) && (lapic->features & FEATURE_CMCI))
		lapic_lvt_fire(lapic, VIC_APIC_LVT_CMCI);
	lint_edges(lapic, word & REQUEST_EDGES);
	lint0_level(lapic);
}

bool lapic_extint(const struct vic_lapic *lapic, uint64_t word)
{
	if (!lapic->vcpu->ops->inta)
		return false;
	if (lapic->mode == LAPIC_DISABLED)
		return word & REQUEST_LINT(0);
	if (word & REQUEST_EXTINT)
		return true;
	for (uint32_t pin = 0; pin < 2; pin++) {
		uint32_t lvt = *reg(lapic, VIC_APIC_LVT_LINT0 + 16 * pin);

		if ((word & REQUEST_LINT(pin)) && !(lvt & VIC_LVT_MASKED) &&
		    lvt_mode(lvt) == VIC_MODE_EXTINT)
			return true;
	}
	return false;
}

int vic_lapic_ack_extint(struct vic_lapic *lapic, uint8_t *vector)
{
	struct vic_vcpu *vcpu = lapic->vcpu;

	if (!lapic_extint(lapic, load_acquire(&vcpu->request)))
		return VIC_ERR_ABSENT;
	inbox_ack(vcpu, REQUEST_EXTINT);
	*vector = vcpu->ops->inta(vcpu->opaque);
	count(&vcpu->counters.acked[VIC_MODE_EXTINT]);
	return VIC_OK;
}

/* Software disable sets every mask: SDM 10.4.7.2. */
void lapic_mask_lvt(struct vic_lapic *lapic)
{
	lapic_take_local(lapic);
	lapic_timer_evaluate(lapic);
	for (uint32_t at = VIC_APIC_LVT_TIMER; at <= VIC_APIC_LVT_ERROR;
	     at += 16)
		*reg(lapic, at) |= VIC_LVT_MASKED;
	if (lapic->features & FEATURE_CMCI)
		*reg(lapic, VIC_APIC_LVT_CMCI) |= VIC_LVT_MASKED;
	lapic_hear(lapic);
	lapic_timer_changed(lapic);
}

/* A disabled APIC's LINT0 is the processor's INTR. */
void lapic_hear(struct vic_lapic *lapic)
{
	inbox_hear(lapic->vcpu,
		   lapic->mode == LAPIC_DISABLED ||
			   !(*reg(lapic, VIC_APIC_LVT_LINT0) & VIC_LVT_MASKED));
}

void lapic_write_lvt(struct vic_lapic *lapic, uint32_t offset, uint32_t value)
{
	uint32_t *lvt = reg(lapic, offset);

	if (load_acquire(&lapic->vcpu->request) &
	    (REQUEST_LOCAL | REQUEST_LINES))
		lapic_take_local(lapic);
	if (!accepts(lapic))
		value |= VIC_LVT_MASKED;
	if (offset == VIC_APIC_LVT_TIMER) {
		lapic_timer_write_lvt(lapic, value);
		return;
	}
	if (offset == VIC_APIC_LVT_LINT0) {
		/* Read-only, and nothing to an edge. */
		if (!is_level(value))
			set_lint_vector(lapic, 0);
		value |= *lvt & VIC_LVT_REMOTE_IRR;
		if (!lapic->lint_vector)
			value &= ~VIC_LVT_REMOTE_IRR;
	}
	*lvt = value;
	if (offset == VIC_APIC_LVT_LINT0) {
		lapic_hear(lapic);
		lint0_level(lapic);
	}
}
