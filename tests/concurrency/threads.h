/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What the stress programs use: latches, mailboxes, dice, verdicts. */
#ifndef THREADS_H
#define THREADS_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vic/counters.h>

enum {
	STALLED_SECONDS = 60,
};

/* Fail at once. */
void die(const char *what);

void *zeroed(size_t alignment, size_t size);

/* VIC_TEST_LONG=1, or --long. */
bool is_long(int argc, char **argv);

/* Sleep. */
void doze(unsigned microseconds);

/* TAP: a verdict; the end, and how many failed. */
void ok(bool passed, const char *name);
unsigned plan(void);

/* Of something that a watchdog looks at each second. */
struct watched {
	uint64_t last;
	unsigned still;
};

/* True if it made no progress for STALLED_SECONDS though it has to. */
bool stalls(struct watched *watched, bool waits, uint64_t progress);

/* A counter of a thread that may be running. */
static inline uint64_t look(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* How often what these count was made newly pending. */
static inline uint64_t newly(const struct vic_outcomes *o)
{
	return look(&o->coalesced) + look(&o->silent) + look(&o->woken) +
	       look(&o->kicked);
}

/* A semaphore that counts to one. */
struct latch {
	atomic_bool set;
	sem_t sem;
};

static inline void latch_init(struct latch *latch)
{
	if (sem_init(&latch->sem, 0, 0))
		die("no semaphore");
}

static inline void latch_set(struct latch *latch)
{
	if (!atomic_exchange(&latch->set, true))
		sem_post(&latch->sem);
}

/*
 * The exchange, not a store: whoever found the latch set and left has its
 * message seen after this.
 */
static inline void latch_wait(struct latch *latch)
{
	while (sem_wait(&latch->sem))
		;
	atomic_exchange(&latch->set, false);
}

static inline bool latch_take(struct latch *latch)
{
	if (sem_trywait(&latch->sem))
		return false;
	atomic_exchange(&latch->set, false);
	return true;
}

/* What a sender has to say to whoever handles its interrupt. */
struct mailbox {
	/* Number << 1, plus 1 if the sender waits for the handler. */
	_Atomic uint64_t written;
	_Atomic uint64_t seen;
};

static inline void mailbox_write(struct mailbox *box, bool reply)
{
	uint64_t last =
		atomic_load_explicit(&box->written, memory_order_relaxed);

	/* Relaxed: it is the interrupt that must carry it across. */
	atomic_store_explicit(&box->written, ((last >> 1) + 1) << 1 | reply,
			      memory_order_relaxed);
}

/* Read what is new; true if its sender waits for that. */
static inline bool mailbox_read(struct mailbox *box)
{
	uint64_t last = atomic_load_explicit(&box->seen, memory_order_relaxed);
	uint64_t now =
		atomic_load_explicit(&box->written, memory_order_relaxed);

	if (now == last)
		return false;
	atomic_store_explicit(&box->seen, now, memory_order_relaxed);
	return now & 1;
}

static inline bool mailbox_seen(struct mailbox *box)
{
	return atomic_load(&box->written) == atomic_load(&box->seen);
}

static inline uint32_t random_below(uint64_t *state, uint32_t n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)((*state >> 32) % n);
}

static inline void start(pthread_t *thread, void *(*body)(void *), void *opaque)
{
	if (pthread_create(thread, NULL, body, opaque))
		die("no thread");
}

#endif
