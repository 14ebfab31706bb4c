/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What is pending at a vCPU: one bitmap per group and priority, a summary
 * word for each, and one word of rows. The best is found in three steps,
 * whatever is pending. All under the vCPU's lock.
 */
#ifndef VIC_SRC_GIC_QUEUE_H
#define VIC_SRC_GIC_QUEUE_H

#include "gic/gic_priv.h"

static inline void
queue_insert(struct vic_gicr *r, uint32_t row, uint32_t number)
{
	r->changed = true;
	r->bits[row * r->words + number / 64] |= UINT64_C(1) << number % 64;
	r->summary[row] |= UINT64_C(1) << number / 64;
	if (row < ROWS)
		r->levels |= UINT64_C(1) << row;
}

/* The same for a number below 64. */
static inline void
queue_insert_sgi(struct vic_gicr *r, uint32_t row, uint32_t number)
{
	r->changed = true;
	r->bits[row * r->words] |= UINT64_C(1) << number;
	r->summary[row] |= 1;
	r->levels |= UINT64_C(1) << row;
}

static inline void
queue_remove(struct vic_gicr *r, uint32_t row, uint32_t number)
{
	uint64_t *word = &r->bits[row * r->words + number / 64];

	r->changed = true;
	*word &= ~(UINT64_C(1) << number % 64);
	if (*word)
		return;
	r->summary[row] &= ~(UINT64_C(1) << number / 64);
	if (!r->summary[row] && row < ROWS)
		r->levels &= ~(UINT64_C(1) << row);
}

/* The lowest number in @row, which is not empty. */
static inline uint32_t queue_first(const struct vic_gicr *r, uint32_t row)
{
	uint32_t word = low_bit(r->summary[row]);

	return word * 64 + low_bit(r->bits[row * r->words + word]);
}

/*
 * The best of the rows in @mask, at least one of which holds something:
 * lowest priority value, then lowest INTID.
 */
static inline uint32_t queue_best(const struct vic_gicr *r, uint64_t mask)
{
	uint64_t levels = r->levels & mask;
	uint32_t group0 = (uint32_t)levels, group1 = (uint32_t)(levels >> 32);
	uint32_t level0, level1, first0, first1;

	if (LIKELY(!group0))
		return queue_first(r, 32 + low_bit32(group1));
	level0 = low_bit32(group0);
	if (!group1)
		return queue_first(r, level0);
	level1 = low_bit32(group1);
	if (level0 != level1)
		return queue_first(r, level0 < level1 ? level0 : 32 + level1);
	first0 = queue_first(r, level0);
	first1 = queue_first(r, 32 + level1);
	return first0 < first1 ? first0 : first1;
}

/* Where an interrupt in state @s belongs, list registers aside. */
ALWAYS_INLINE uint32_t queue_row(uint32_t s)
{
	if (s & IRQ_RESIDENT)
		return ROW_NONE;
	if (UNLIKELY(s & IRQ_ACTIVE))
		return ROW_ACTIVE;
	return (s & IRQ_ENABLED) && irq_pending(s) ? s & IRQ_ROW : ROW_NONE;
}

/*
 * Give an interrupt the state @s, and the place in its home's queue that
 * belongs to it. True if it is newly in a row of pending ones.
 */
ALWAYS_INLINE bool
irq_update(struct vic_gicr *r, uint32_t number, struct gic_irq *irq, uint32_t s)
{
	uint32_t old = irq->state;
	uint32_t from = old & IRQ_QUEUED ? queue_row(old) : ROW_NONE;
	uint32_t to = queue_row(s);

	s &= ~IRQ_QUEUED;
	if (to != ROW_NONE)
		s |= IRQ_QUEUED;
	store32_relaxed(&irq->state, s);
	if (from == to)
		return false;
	if (from != ROW_NONE)
		queue_remove(r, from, number);
	if (to == ROW_NONE)
		return false;
	queue_insert(r, to, number);
	return to < ROWS;
}

#endif
