/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What every source uses: alignment of storage, bits, counting. */
#ifndef VIC_SRC_BASE_H
#define VIC_SRC_BASE_H

#include <stddef.h>

#include <vic/types.h>

#include "atomic.h"

/* More than any version of a sized struct; bounds the look at its tail. */
#define VIC_CONFIG_MAX 1024u

/* The only functions that a freestanding embedder supplies. */
void *memset(void *, int, size_t);
void *memcpy(void *, const void *, size_t);

/* A build that counts branches counts each once, not in each copy. */
#ifndef ALWAYS_INLINE
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#endif
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Elsewhere the builtins may be calls into libgcc. */
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__) || \
	defined(__ARM_FEATURE_CLZ)
#define HAVE_BIT_SCAN 1
#else
#define HAVE_BIT_SCAN 0
#endif

/* Index of the highest set bit; @x is not 0. */
static inline unsigned int top_bit32(uint32_t x)
{
	unsigned int n = 0;

	if (HAVE_BIT_SCAN)
		return 31u ^ (unsigned int)__builtin_clz(x);
	for (unsigned int step = 16; step; step /= 2) {
		if (x >> step) {
			x >>= step;
			n += step;
		}
	}
	return n;
}

/* The same; 64-bit builtins are library calls on 32-bit targets. */
static inline unsigned int top_bit(uint64_t x)
{
#if HAVE_BIT_SCAN && UINTPTR_MAX > UINT32_MAX
	return 63u ^ (unsigned int)__builtin_clzll(x);
#else
	uint32_t high = (uint32_t)(x >> 32);

	return high ? 32 + top_bit32(high) : top_bit32((uint32_t)x);
#endif
}

/* Index of the lowest set bit; @x is not 0. */
static inline unsigned int low_bit32(uint32_t x)
{
	if (HAVE_BIT_SCAN)
		return (unsigned int)__builtin_ctz(x);
	return top_bit32(x & -x);
}

/* The same in 64 bits. */
static inline unsigned int low_bit(uint64_t x)
{
#if HAVE_BIT_SCAN && UINTPTR_MAX > UINT32_MAX
	return (unsigned int)__builtin_ctzll(x);
#else
	uint32_t low = (uint32_t)x;

	return low ? low_bit32(low) : 32 + low_bit32((uint32_t)(x >> 32));
#endif
}

/* Add 1 to a counter of the calling thread. */
static inline void count(uint64_t *counter)
{
	counter_add(counter, 1);
}

static inline bool aligned(const void *p, size_t alignment)
{
	return ((uintptr_t)p & (alignment - 1)) == 0;
}

/*
 * Whether a caller's sized struct can be used: at least as large as in the
 * first release, and what this library does not know in it is 0.
 */
static inline bool abi_known(const void *p, uint32_t size, size_t known,
			     size_t first)
{
	const unsigned char *bytes = p;

	if (size < first || size > VIC_CONFIG_MAX)
		return false;
	for (size_t i = known; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

#endif
