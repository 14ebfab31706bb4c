/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * In place of the functions of src/atomic.h; given to the compiler by
 * -include, so that the sources of src/ are compiled as they are.
 */
#define VIC_ATOMIC_MODEL
#include "atomic.h"

#include "model.h"

static inline uint64_t load_relaxed(const atomic_word *p)
{
	return model_load(p, 8, MODEL_RELAXED);
}

static inline uint64_t load_acquire(const atomic_word *p)
{
	return model_load(p, 8, MODEL_ACQUIRE);
}

static inline uint64_t load_seq(const atomic_word *p)
{
	return model_load(p, 8, MODEL_SEQ);
}

static inline void store_relaxed(atomic_word *p, uint64_t value)
{
	model_store(p, 8, value, MODEL_RELAXED);
}

static inline void store_release(atomic_word *p, uint64_t value)
{
	model_store(p, 8, value, MODEL_RELEASE);
}

static inline uint64_t exchange(atomic_word *p, uint64_t value)
{
	return model_rmw(p, 8, MODEL_EXCHANGE, value);
}

static inline uint64_t fetch_and(atomic_word *p, uint64_t mask)
{
	return model_rmw(p, 8, MODEL_AND, mask);
}

static inline uint64_t fetch_or(atomic_word *p, uint64_t mask)
{
	return model_rmw(p, 8, MODEL_OR, mask);
}

static inline uint64_t fetch_add(atomic_word *p, uint64_t n)
{
	return model_rmw(p, 8, MODEL_ADD, n);
}

static inline bool test_and_set(atomic_word *p, unsigned int bit)
{
	return model_rmw(p, 8, MODEL_OR, UINT64_C(1) << bit) >> bit & 1;
}

static inline bool test_and_clear(atomic_word *p, unsigned int bit)
{
	return model_rmw(p, 8, MODEL_AND, ~(UINT64_C(1) << bit)) >> bit & 1;
}

static inline bool
compare_exchange(atomic_word *p, uint64_t *expected, uint64_t desired)
{
	return model_compare_exchange(p, expected, desired);
}

static inline uint32_t load32_relaxed(const uint32_t *p)
{
	return (uint32_t)model_load(p, 4, MODEL_RELAXED);
}

static inline uint32_t load32_acquire(const uint32_t *p)
{
	return (uint32_t)model_load(p, 4, MODEL_ACQUIRE);
}

static inline uint32_t load32_seq(const uint32_t *p)
{
	return (uint32_t)model_load(p, 4, MODEL_SEQ);
}

static inline void store32_relaxed(uint32_t *p, uint32_t value)
{
	model_store(p, 4, value, MODEL_RELAXED);
}

static inline void store32_release(uint32_t *p, uint32_t value)
{
	model_store(p, 4, value, MODEL_RELEASE);
}

static inline uint32_t exchange32(uint32_t *p, uint32_t value)
{
	return (uint32_t)model_rmw(p, 4, MODEL_EXCHANGE, value);
}

/* Fixed while the model runs. */
static inline struct vic_vcpu *load_vcpu(struct vic_vcpu *const *p)
{
	return *p;
}

static inline void store_vcpu(struct vic_vcpu **p, struct vic_vcpu *vcpu)
{
	*p = vcpu;
}

static inline struct vic_gicr *load_gicr(struct vic_gicr *const *p)
{
	return *p;
}

static inline void store_gicr(struct vic_gicr **p, struct vic_gicr *gicr)
{
	*p = gicr;
}

static inline uint64_t counter_read(const uint64_t *p)
{
	return *p;
}

/* Nobody reads a counter of a running thread here. */
static inline void counter_add(uint64_t *p, uint64_t n)
{
	*p += n;
}
