/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The only file that names atomic builtins, so that the protocol can be
 * compiled against a model of memory instead (tests/concurrency).
 *
 * Barriers are sequentially consistent read-modify-writes, never fences:
 * ThreadSanitizer understands them, and on x86 they cost the same. Words
 * are 32 or 64 bits; 64-bit ones are 8-aligned on every target.
 */
#ifndef VIC_SRC_ATOMIC_H
#define VIC_SRC_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

struct vic_vcpu;
struct vic_gicr;

/* 8-aligned also where the ABI aligns uint64_t to 4 (i386). */
typedef uint64_t __attribute__((aligned(8))) atomic_word;

#ifndef VIC_ATOMIC_MODEL

#if defined(__i386__)
/*
 * Without vector registers gcc makes library calls of the newer builtins
 * here, and cmpxchg8b of this one. It is a full barrier, so all are.
 */
static inline uint64_t exchange_if(atomic_word *p, uint64_t expected,
				   uint64_t desired)
{
	return __sync_val_compare_and_swap(p, expected, desired);
}

static inline bool compare_exchange(atomic_word *p, uint64_t *expected,
				    uint64_t desired)
{
	uint64_t old = exchange_if(p, *expected, desired);
	bool done = old == *expected;

	*expected = old;
	return done;
}

static inline uint64_t load_seq(const atomic_word *p)
{
	return exchange_if((atomic_word *)(uintptr_t)p, 0, 0);
}

static inline uint64_t load_relaxed(const atomic_word *p)
{
	return load_seq(p);
}

static inline uint64_t load_acquire(const atomic_word *p)
{
	return load_seq(p);
}

static inline uint64_t exchange(atomic_word *p, uint64_t value)
{
	uint64_t old = load_seq(p);

	while (!compare_exchange(p, &old, value))
		;
	return old;
}

static inline void store_relaxed(atomic_word *p, uint64_t value)
{
	exchange(p, value);
}

static inline void store_release(atomic_word *p, uint64_t value)
{
	exchange(p, value);
}

static inline uint64_t fetch_and(atomic_word *p, uint64_t mask)
{
	uint64_t old = load_seq(p);

	while (!compare_exchange(p, &old, old & mask))
		;
	return old;
}

static inline uint64_t fetch_or(atomic_word *p, uint64_t mask)
{
	uint64_t old = load_seq(p);

	while (!compare_exchange(p, &old, old | mask))
		;
	return old;
}

static inline uint64_t fetch_add(atomic_word *p, uint64_t n)
{
	uint64_t old = load_seq(p);

	while (!compare_exchange(p, &old, old + n))
		;
	return old;
}

static inline bool test_and_set(atomic_word *p, unsigned int bit)
{
	uint64_t mask = UINT64_C(1) << bit;

	return (fetch_or(p, mask) & mask) != 0;
}

static inline bool test_and_clear(atomic_word *p, unsigned int bit)
{
	uint64_t mask = UINT64_C(1) << bit;

	return (fetch_and(p, ~mask) & mask) != 0;
}

#else

static inline uint64_t load_relaxed(const atomic_word *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline uint64_t load_acquire(const atomic_word *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/* For a load that must not pass an earlier barrier of the same thread. */
static inline uint64_t load_seq(const atomic_word *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static inline void store_relaxed(atomic_word *p, uint64_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

static inline void store_release(atomic_word *p, uint64_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

/* Full barriers from here on. */
static inline uint64_t exchange(atomic_word *p, uint64_t value)
{
	return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST);
}

static inline uint64_t fetch_and(atomic_word *p, uint64_t mask)
{
	return __atomic_fetch_and(p, mask, __ATOMIC_SEQ_CST);
}

static inline uint64_t fetch_or(atomic_word *p, uint64_t mask)
{
	return __atomic_fetch_or(p, mask, __ATOMIC_SEQ_CST);
}

static inline uint64_t fetch_add(atomic_word *p, uint64_t n)
{
	return __atomic_fetch_add(p, n, __ATOMIC_SEQ_CST);
}

/* The form that compilers turn into one bit-test-and-set instruction. */
static inline bool test_and_set(atomic_word *p, unsigned int bit)
{
	uint64_t mask = UINT64_C(1) << bit;

	return (__atomic_fetch_or(p, mask, __ATOMIC_SEQ_CST) & mask) != 0;
}

static inline bool test_and_clear(atomic_word *p, unsigned int bit)
{
	uint64_t mask = UINT64_C(1) << bit;

	return (__atomic_fetch_and(p, ~mask, __ATOMIC_SEQ_CST) & mask) != 0;
}

/* On failure *expected is what the word holds. */
static inline bool compare_exchange(atomic_word *p, uint64_t *expected,
				    uint64_t desired)
{
	return __atomic_compare_exchange_n(p, expected, desired, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

#endif

static inline uint32_t load32_relaxed(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline uint32_t load32_acquire(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline uint32_t load32_seq(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static inline void store32_relaxed(uint32_t *p, uint32_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

static inline void store32_release(uint32_t *p, uint32_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

/* Full barrier. */
static inline uint32_t exchange32(uint32_t *p, uint32_t value)
{
	return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST);
}

static inline struct vic_vcpu *load_vcpu(struct vic_vcpu *const *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void store_vcpu(struct vic_vcpu **p, struct vic_vcpu *vcpu)
{
	__atomic_store_n(p, vcpu, __ATOMIC_RELEASE);
}

static inline struct vic_gicr *load_gicr(struct vic_gicr *const *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void store_gicr(struct vic_gicr **p, struct vic_gicr *gicr)
{
	__atomic_store_n(p, gicr, __ATOMIC_RELEASE);
}

/*
 * Add to a counter that only the calling thread adds to; others read it. A
 * plain load and store of the word are enough. On 32-bit targets a reader
 * may see two halves of different moments.
 */
static inline void counter_add(uint64_t *p, uint64_t n)
{
#if UINTPTR_MAX > UINT32_MAX
	__atomic_store_n(p, __atomic_load_n(p, __ATOMIC_RELAXED) + n,
			 __ATOMIC_RELAXED);
#else
	*p += n;
#endif
}

static inline uint64_t counter_read(const uint64_t *p)
{
#if UINTPTR_MAX > UINT32_MAX
	return __atomic_load_n(p, __ATOMIC_RELAXED);
#else
	return *(const volatile uint64_t *)p;
#endif
}

#endif

#endif
