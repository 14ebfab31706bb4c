/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The timer: SDM vol. 3, 10.5.4. Nothing runs: a count is a start and a
 * length, and is looked at when somebody asks. Differences of the clock are
 * taken modulo 2^64, so a restored APIC may start before the clock does.
 */
#include "apic/lapic_priv.h"

static uint32_t divide_shift(const struct vic_lapic *lapic)
{
	return timer_shift(*reg(lapic, VIC_APIC_TIMER_DCR));
}

/* Ticks from @timer_start to the end of the count. */
static uint64_t length(const struct vic_lapic *lapic)
{
	return timer_length(lapic->timer_count,
			    *reg(lapic, VIC_APIC_TIMER_DCR));
}

static uint64_t now(const struct vic_lapic *lapic, enum vic_clock clock)
{
	const struct vic_vcpu *vcpu = lapic->vcpu;

	return vcpu->ops->now ? vcpu->ops->now(vcpu->opaque, clock) : 0;
}

/* A clock that went backwards, against its contract, stands still. */
static uint64_t elapsed(const struct vic_lapic *lapic)
{
	uint64_t ticks = now(lapic, VIC_CLOCK_BUS) - lapic->timer_start;

	return ticks >> 63 ? 0 : ticks;
}

uint64_t lapic_timer_elapsed(const struct vic_lapic *lapic)
{
	uint64_t ticks;

	if (!lapic->timer_count)
		return 0;
	/* If it has ended since it was evaluated, it ends when it goes on. */
	ticks = elapsed(lapic);
	return ticks < length(lapic) ? ticks : length(lapic) - 1;
}

void lapic_timer_resume(struct vic_lapic *lapic, uint64_t elapsed)
{
	lapic->timer_start = now(lapic, VIC_CLOCK_BUS) - elapsed;
	lapic->attention |= ATTENTION_TIMER;
}

/* A plain % of 64 bits is a library call on 32-bit hosts. */
static uint32_t modulo(uint64_t x, uint32_t n)
{
	uint64_t rest = 0;

	for (int i = 63; i >= 0; i--) {
		rest = rest << 1 | (x >> i & 1);
		if (rest >= n)
			rest -= n;
	}
	return (uint32_t)rest;
}

/*
 * The count reached 0 @over ticks ago, once or more often: a periodic one
 * goes on in phase, and however often it was, it is one interrupt.
 */
static void count_ended(struct vic_lapic *lapic, uint64_t ended, uint64_t over)
{
	uint32_t initial = *reg(lapic, VIC_APIC_TIMER_ICR);
	uint32_t shift = divide_shift(lapic), rest;

	lapic->timer_count = 0;
	if ((*reg(lapic, VIC_APIC_LVT_TIMER) & VIC_LVT_TIMER_MODE) ==
		    VIC_LVT_PERIODIC &&
	    initial) {
		rest = modulo(over >> shift, initial);
		lapic->timer_start = ended + (over >> shift << shift) -
				     ((uint64_t)rest << shift);
		lapic->timer_count = initial;
	}
	lapic->attention |= ATTENTION_TIMER;
	lapic_lvt_fire(lapic, VIC_APIC_LVT_TIMER);
}

void lapic_timer_evaluate(struct vic_lapic *lapic)
{
	uint64_t ticks;

	if (lapic->tsc_deadline &&
	    now(lapic, VIC_CLOCK_TSC) >= lapic->tsc_deadline) {
		lapic->tsc_deadline = 0;
		lapic->attention |= ATTENTION_TIMER;
		lapic_lvt_fire(lapic, VIC_APIC_LVT_TIMER);
	}
	if (!lapic->timer_count)
		return;
	ticks = elapsed(lapic);
	if (ticks >= length(lapic))
		count_ended(lapic, lapic->timer_start + length(lapic),
			    ticks - length(lapic));
}

void lapic_timer_changed(struct vic_lapic *lapic)
{
	if (lapic->timer_count || lapic->tsc_deadline)
		lapic->attention |= ATTENTION_TIMER;
}

void lapic_timer_reset(struct vic_lapic *lapic)
{
	lapic_timer_changed(lapic);
	lapic->timer_count = 0;
	lapic->tsc_deadline = 0;
}

uint32_t lapic_timer_ccr(struct vic_lapic *lapic)
{
	lapic_timer_evaluate(lapic);
	if (!lapic->timer_count)
		return 0;
	return lapic->timer_count -
	       (uint32_t)(lapic_timer_elapsed(lapic) >> divide_shift(lapic));
}

/* One-shot and periodic count; the other modes do not. */
static bool counts(uint32_t lvt)
{
	return !(lvt & VIC_LVT_TSC_DEADLINE);
}

static bool is_deadline(const struct vic_lapic *lapic)
{
	return (*reg(lapic, VIC_APIC_LVT_TIMER) & VIC_LVT_TIMER_MODE) ==
	       VIC_LVT_TSC_DEADLINE;
}

/* From one-shot to periodic and back the count goes on: see APIC-54. */
void lapic_timer_write_lvt(struct vic_lapic *lapic, uint32_t value)
{
	uint32_t *lvt = reg(lapic, VIC_APIC_LVT_TIMER);
	uint32_t changes = *lvt ^ value;

	lapic_timer_evaluate(lapic);
	if ((changes & VIC_LVT_TSC_DEADLINE) ||
	    (!counts(value) && (changes & VIC_LVT_TIMER_MODE))) {
		*reg(lapic, VIC_APIC_TIMER_ICR) = 0;
		lapic_timer_reset(lapic);
	}
	*lvt = value;
	lapic_timer_changed(lapic);
}

void lapic_timer_write_icr(struct vic_lapic *lapic, uint32_t value)
{
	if (!counts(*reg(lapic, VIC_APIC_LVT_TIMER)))
		return;
	/* What ended before this store is not lost. */
	lapic_timer_evaluate(lapic);
	*reg(lapic, VIC_APIC_TIMER_ICR) = value;
	lapic->timer_count = value;
	lapic_timer_resume(lapic, 0);
}

void lapic_timer_write_dcr(struct vic_lapic *lapic, uint32_t value)
{
	uint32_t *dcr = reg(lapic, VIC_APIC_TIMER_DCR);
	uint32_t rest;

	if (*dcr == value)
		return;
	rest = lapic_timer_ccr(lapic);
	*dcr = value;
	if (!rest)
		return;
	lapic->timer_count = rest;
	lapic_timer_resume(lapic, 0);
}

uint64_t lapic_timer_read_deadline(struct vic_lapic *lapic)
{
	lapic_timer_evaluate(lapic);
	return lapic->tsc_deadline;
}

void lapic_timer_write_deadline(struct vic_lapic *lapic, uint64_t value)
{
	if (lapic->mode == LAPIC_DISABLED || !is_deadline(lapic))
		return;
	lapic_timer_evaluate(lapic);
	lapic->tsc_deadline = value;
	lapic->attention |= ATTENTION_TIMER;
	lapic_timer_evaluate(lapic);
}

bool vic_lapic_deadline(const struct vic_lapic *lapic,
			struct vic_deadline *deadline)
{
	if (*reg(lapic, VIC_APIC_LVT_TIMER) & VIC_LVT_MASKED)
		return false;
	if (lapic->tsc_deadline) {
		deadline->clock = VIC_CLOCK_TSC;
		deadline->at = lapic->tsc_deadline;
		return true;
	}
	deadline->clock = VIC_CLOCK_BUS;
	deadline->at = lapic->timer_start + length(lapic);
	return lapic->timer_count != 0;
}
