/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Locks: the embedder's, or a word to spin on. */
#ifndef VIC_SRC_LOCK_H
#define VIC_SRC_LOCK_H

#include <vic/ops.h>

#include "base.h"

struct lock {
	uint32_t word;
	/* NULL: spin on the word. */
	const struct vic_vcpu_ops *ops;
	/* What the embedder's lock returned; the holder's. */
	uint64_t flags;
};

static inline void lock_init(struct lock *lock, const struct vic_vcpu_ops *ops)
{
	lock->word = 0;
	lock->ops = ops->lock ? ops : NULL;
}

static inline void spin_hint(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield");
#endif
}

/* @own: it is known to be libvic's own, a word to spin on. */
ALWAYS_INLINE void lock_take_known(struct lock *lock, bool own)
{
	if (!own && UNLIKELY(lock->ops)) {
		lock->flags = lock->ops->lock(&lock->word);
		return;
	}
	/* Acquire: pairs with the release in lock_drop_known(). */
	while (UNLIKELY(exchange32(&lock->word, 1)))
		while (load32_relaxed(&lock->word))
			spin_hint();
}

ALWAYS_INLINE void lock_drop_known(struct lock *lock, bool own)
{
	if (!own && UNLIKELY(lock->ops)) {
		lock->ops->unlock(&lock->word, lock->flags);
		return;
	}
	store32_release(&lock->word, 0);
}

ALWAYS_INLINE void lock_take(struct lock *lock)
{
	lock_take_known(lock, false);
}

ALWAYS_INLINE void lock_drop(struct lock *lock)
{
	lock_drop_known(lock, false);
}

#endif
