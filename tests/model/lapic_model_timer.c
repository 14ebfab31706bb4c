/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The timer: 10.5.4. */
#include "lapic_model.h"

#include <assert.h>

static uint32_t mode_of(const struct lm_vcpu *v)
{
	return v->lvt[LM_LVT_TIMER] & VIC_LVT_TIMER_MODE;
}

/* It counts bus ticks: one-shot or periodic. */
static bool has_count(uint32_t mode)
{
	return mode == VIC_LVT_ONE_SHOT || mode == VIC_LVT_PERIODIC;
}

/* Figure 10-10: bits 3, 1 and 0. */
static uint64_t divisor(uint32_t divide)
{
	switch (divide & VIC_DCR_MASK) {
	case 0x0:
		return 2;
	case 0x1:
		return 4;
	case 0x2:
		return 8;
	case 0x3:
		return 16;
	case 0x8:
		return 32;
	case 0x9:
		return 64;
	case 0xa:
		return 128;
	default:
		return 1;
	}
}

uint32_t lm_timer_count(const struct lm_vcpu *v)
{
	uint64_t d = divisor(v->divide);

	if (!v->counting)
		return 0;
	return (uint32_t)((v->left + d - 1) / d);
}

void lm_timer_start(struct lm_vcpu *v, uint32_t count)
{
	if (!has_count(mode_of(v)))
		return;
	v->initial_count = count;
	v->left = count * divisor(v->divide);
	v->counting = count != 0;
}

void lm_timer_divide(struct lm_vcpu *v, uint32_t value)
{
	uint32_t count = lm_timer_count(v);
	uint64_t old = divisor(v->divide);

	v->divide = value & VIC_DCR_MASK;
	if (v->counting && divisor(v->divide) != old)
		v->left = count * divisor(v->divide);
}

void lm_timer_mode(struct lm_vcpu *v, uint32_t old, uint32_t mode)
{
	if (mode == old || (has_count(mode) && has_count(old)))
		return;
	v->initial_count = 0;
	v->counting = false;
	v->left = 0;
	v->deadline = 0;
}

/* 10.5.4.1 */
static void check_deadline(const struct lm *m, struct lm_vcpu *v)
{
	if (v->deadline == 0 || v->deadline > m->tsc)
		return;
	v->deadline = 0;
	lm_lvt_fire(v, LM_LVT_TIMER);
}

void lm_timer_deadline(const struct lm *m, struct lm_vcpu *v, uint64_t value)
{
	if (mode_of(v) != VIC_LVT_TSC_DEADLINE)
		return;
	v->deadline = value;
	check_deadline(m, v);
}

static void count_down(struct lm_vcpu *v, uint64_t ticks)
{
	uint64_t period = v->initial_count * divisor(v->divide);

	if (!v->counting)
		return;
	if (ticks < v->left) {
		v->left -= ticks;
		return;
	}
	ticks -= v->left;
	if (mode_of(v) == VIC_LVT_PERIODIC) {
		v->left = period - ticks % period;
	} else {
		v->left = 0;
		v->counting = false;
	}
	lm_lvt_fire(v, LM_LVT_TIMER);
}

void lm_set_tsc(struct lm *m, uint64_t tsc)
{
	assert(tsc >= m->tsc);
	m->tsc = tsc;
	for (uint32_t i = 0; i < m->config.vcpus; i++)
		check_deadline(m, &m->vcpu[i]);
}

void lm_set_bus(struct lm *m, uint64_t bus)
{
	uint64_t ticks = bus - m->bus;

	assert(bus >= m->bus);
	m->bus = bus;
	for (uint32_t i = 0; i < m->config.vcpus; i++)
		count_down(&m->vcpu[i], ticks);
}

bool lm_expiry(const struct lm *m, uint32_t vcpu, bool *is_tsc, uint64_t *at)
{
	const struct lm_vcpu *v = &m->vcpu[vcpu];

	*is_tsc = v->deadline != 0;
	*at = *is_tsc ? v->deadline : m->bus + v->left;
	return *is_tsc || v->counting;
}
