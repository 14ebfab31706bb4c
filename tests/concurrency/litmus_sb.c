/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Why post sets the PIR bit by a locked test-and-set and never looks at it
 * by a plain load first.
 *
 * A sender writes its message, then posts. If the bit is set already, the
 * interrupt that is pending will tell the receiver, so the sender stops. But
 * "already set" must be asked by a locked instruction. A plain load is done
 * while the message still waits in the store buffer:
 *
 *	sender				receiver
 *	store message (buffered)
 *	load PIR bit: set, so stop
 *					exchange PIR with 0, takes the bit
 *					load message: the old one
 *	message reaches memory
 *
 * Nobody will look at the message again: the interrupt is lost, although
 * every single step is right. It is the store-buffering litmus test, which
 * x86 allows. The locked form empties the store buffer before it looks: if
 * it finds the bit set, the receiver takes the bit, and the message, later.
 *
 * The same holds wherever a sender may stop early: for ON, and for the
 * request word, of which a merged request must not be a plain load alone.
 *
 * Both forms run here on real hardware. The numbers are not for comparing:
 * what counts is that one is 0 and the other is not.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SECONDS 2
#define ATTEMPTS 5
#define LINES 16

/* Each word in lines of its own, also where they are fetched in pairs. */
struct word {
	uint64_t value;
} __attribute__((aligned(128)));

struct run {
	struct word pir;
	/* A message is the number of the round in all of these. */
	struct word message[LINES];
	struct word begun; /* by the receiver: rounds */
	struct word ended; /* by the sender: rounds */
	struct word stop;
	bool locked;
	uint64_t rounds;
	uint64_t lost;
};

static uint64_t plain_load(struct word *word)
{
	return __atomic_load_n(&word->value, __ATOMIC_RELAXED);
}

static void plain_store(struct word *word, uint64_t value)
{
	__atomic_store_n(&word->value, value, __ATOMIC_RELAXED);
}

static void locked_set(struct word *word)
{
	__atomic_fetch_or(&word->value, 1, __ATOMIC_SEQ_CST);
}

/* Two CPUs are enough for a round; with fewer, let the other thread run. */
static void wait_a_little(unsigned int *turns)
{
	if (++*turns % 1024 == 0)
		sched_yield();
}

/*
 * An interrupt is pending, or has just been taken, when the message is
 * written and posted.
 */
static void send(struct run *run, uint64_t round)
{
	int i;

	locked_set(&run->pir);
	for (i = 0; i < LINES; i++)
		plain_store(&run->message[i], round);
	if (!run->locked && plain_load(&run->pir))
		return;
	locked_set(&run->pir);
}

static void *sender(void *arg)
{
	struct run *run = arg;
	uint64_t round;

	for (round = 1;; round++) {
		unsigned int turns = 0;

		while (__atomic_load_n(&run->begun.value, __ATOMIC_ACQUIRE) !=
		       round)
			wait_a_little(&turns);
		if (plain_load(&run->stop))
			return NULL;
		send(run, round);
		__atomic_store_n(&run->ended.value, round, __ATOMIC_RELEASE);
	}
}

/* Take what is pending; the handler reads the message. */
static void take(struct run *run, uint64_t *seen)
{
	if (__atomic_exchange_n(&run->pir.value, 0, __ATOMIC_SEQ_CST))
		*seen = plain_load(&run->message[LINES - 1]);
}

static bool one_round(struct run *run, uint64_t round)
{
	unsigned int turns = 0;
	uint64_t seen = 0;
	int i;

	/*
	 * Lines that were written here last make the sender's stores slow:
	 * the time for which its message stays in the store buffer.
	 */
	for (i = 0; i < LINES; i++)
		plain_store(&run->message[i], 0);
	__atomic_store_n(&run->begun.value, round, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&run->ended.value, __ATOMIC_ACQUIRE) != round) {
		take(run, &seen);
		wait_a_little(&turns);
	}
	/* The sender is silent: what is pending now is all that ever will. */
	take(run, &seen);
	return seen == round;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void run_for(struct run *run, bool locked, double seconds)
{
	const double end = now() + seconds;
	pthread_t thread;

	*run = (struct run){ .locked = locked };
	fprintf(stderr, "# %s: %.0f s\n",
		locked ? "locked test-and-set" : "plain load", seconds);
	if (pthread_create(&thread, NULL, sender, run)) {
		printf("Bail out! No thread could be started.\n");
		exit(EXIT_FAILURE);
	}
	do {
		run->rounds++;
		if (!one_round(run, run->rounds))
			run->lost++;
	} while (run->rounds % 256 || now() < end);
	plain_store(&run->stop, 1);
	__atomic_store_n(&run->begun.value, run->rounds + 1, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	fprintf(stderr, "# %" PRIu64 " of %" PRIu64 " lost\n", run->lost,
		run->rounds);
}

/* Whether the plain load must be seen to lose something here. */
static bool must_lose(void)
{
#if defined(__x86_64__) || defined(__i386__)
	cpu_set_t cpus;

	return !sched_getaffinity(0, sizeof(cpus), &cpus) &&
	       CPU_COUNT(&cpus) >= 2;
#else
	return false;
#endif
}

int main(void)
{
	static struct run run;
	bool passed, lesson;
	int attempt;

	printf("1..2\n");
	run_for(&run, true, SECONDS);
	passed = !run.lost;
	printf("%sok 1 - locked test-and-set loses nothing\n",
	       passed ? "" : "not ");
	if (!passed)
		printf("# %" PRIu64 " of %" PRIu64 " rounds lost\n", run.lost,
		       run.rounds);

	/* A busy host may keep the two threads apart: then try longer. */
	for (attempt = 0; attempt < ATTEMPTS; attempt++) {
		run_for(&run, false, SECONDS << attempt);
		if (run.lost || !must_lose())
			break;
	}
	lesson = run.lost || !must_lose();
	printf("%sok 2 - plain load loses %" PRIu64 " of %" PRIu64 "\n",
	       lesson ? "" : "not ", run.lost, run.rounds);
	return passed && lesson ? EXIT_SUCCESS : EXIT_FAILURE;
}
