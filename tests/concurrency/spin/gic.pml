/*
 * SPDX-FileCopyrightText: Copyright libvic contributors
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The GIC's queues and list registers, src/gic/, for one vCPU under x86-TSO:
 * senders queue under its lock and tell by NEW; others disable an interrupt
 * or a group and wait for RWP, or read what is in its list registers; the
 * owner goes through flush, enter, exit, sync, block and put.  Interrupts
 * that move between vCPUs are in route.pml.  scripts/spin.sh runs both.
 *
 * Memory.  Each thread has a FIFO of plain stores, which `drain` empties at
 * any moment; a locked read-modify-write waits until it is empty.  Cells
 * are what threads read without the lock.  What is read under it alone, or
 * by its only writer, needs none: the store that frees the lock is the last
 * in the FIFO.  A lock that is taken is not tried: a failed exchange
 * changes nothing.
 *
 * An entry that is refused may also go on with an immediate exit armed.  The
 * guest takes and ends interrupts as it likes and exits at any time, and a
 * sleeper may wake for other reasons.  Where nothing is latched that would
 * end the wait, and no other thread is inside the library, all must be
 * settled: see at_rest.  In HOST, synced, the owner may stay for ever too.
 *
 * Properties, by the name that a failing run prints:
 *	lost		nothing that is pending, enabled and forwarded is left
 *			in the queue while the owner waits, and no news
 *	inexact		what was newly pending was taken, merged or is pending
 *	rwp_lies	after RWP reads 0 the guest takes nothing that was
 *			disabled
 *	outdated	a read gives a state not older than its start
 *	stuck		neither RWP nor a read waits for a vCPU that waits, or
 *			that is in HOST and synced
 */

/*
 * What the model shows beside the absence of errors:
 *
 * - NEW may also be cleared inside the lock, before the look; what counts is
 *   that it is not cleared after (new_in_lock).
 * - A sender may stop where a plain load finds NEW, for it took the lock before
 *   (new_tested_first); a load before the lock loses (new_before_lock).
 * - RWP and the generation may change at any point of the owner's locked
 *   section, for the guest does not run then; outside they may not.
 * - The owner may be told of nothing between sync and flush only because it
 *   then takes the lock: stays loaded, and is told, or neither (sync_quiet).
 * - An image that holds something must not stay loaded in HOST: readers would
 *   wait for an owner that need not come back (sync_lazy).
 */

/* As in delivery.pml: mutants must fail, variants must hold. */
#define new_before_lock 1
/* mutant GS lost: a sender loads NEW before it takes the lock */
#define gic_new_stored 2
/* mutant GS lost: a sender sets NEW by a plain store */
#define state_before_new 3
/* mutant GS lost: a sender loads the state before it sets NEW */
#define new_after_lock 4
/* mutant GS lost: flush clears NEW after it dropped the lock */
#define new_in_lock 5
/* variant GS: flush clears NEW under the lock, before it looks */
#define block_new_late 6
/* mutant GS lost: block clears NEW after it dropped the lock */
#define gic_enter_no_barrier 7
/* mutant GS lost: enter stores GUEST by a plain store */
#define gic_enter_looks_early 8
/* mutant GS lost: enter looks before it stores GUEST */
#define gic_enter_skips_new 9
/* mutant GS lost: enter does not look at NEW */
#define gic_block_no_barrier 10
/* mutant GS lost: block stores BLOCKED by a plain store */
#define gic_block_skips_new 11
/* mutant GS lost: block does not look at NEW */
#define block_skips_queue 12
/* mutant GS lost: block does not look at the queue */
#define block_tells_late 13
/* mutant GS lost: block asks to be told after it looked */
#define flush_tells_late 14
/* mutant GS lost: flush asks to be told after it looked */
#define sync_quiet 15
/* mutant GS lost: an empty image stays loaded and is not told */
#define pend_unmarked 16
/* mutant GS lost: a sender does not mark what is in a register */
#define latches_kept 17
/* mutant GS inexact: two latches of one interrupt stay two */
#define sync_frees 18
/* variant GS: an empty image comes to rest, without the lock */
#define rwp_not_set 19
/* mutant GW rwp_lies: ICENABLER does not set RWP */
#define rwp_set_late 20
/* mutant GW stuck: ICENABLER sets RWP after it dropped the lock */
#define rwp_after_lock 21
/* mutant GW rwp_lies: flush clears RWP after it dropped the lock */
#define rwp_before_fold 22
/* mutant GW stuck: sync clears RWP before it takes the lock */
#define disable_untold 23
/* mutant GW stuck: ICENABLER does not tell */
#define disable_unmarked 24
/* mutant GW stuck: ICENABLER does not mark the registers */
#define enable_untold 25
/* mutant GW lost: ISENABLER does not tell */
#define generation_early 26
/* mutant GR outdated: sync moves the generation before it locks */
#define generation_kept 27
/* mutant GR stuck: sync does not move the generation */
#define ask_late 28
/* mutant GR stuck: a reader notes the generation after unlocking */
#define ask_untold 29
/* mutant GR stuck: a reader does not tell */
#define read_unlocked 30
/* mutant GR outdated: a reader believes the state of a register */
#define sync_lazy 31
/* mutant GR stuck: an unchanged image stays loaded */
#define forward_late 32
/* mutant GG rwp_lies: GICD_CTLR changes after vCPUs are asked */
#define leave_unsettled 33
/* mutant GD inexact: what leaves a register has two latches */
#define leave_latched 34
/* mutant GD inexact: what leaves one keeps its latch */
#define forward_unheard 35
/* mutant GG lost: GICD_CTLR does not change what is told */
#define new_tested_first 36
/* variant GS: a sender stops where a plain load finds NEW */
#define group_rwp_empty 37
/* mutant GG stuck: RWP also if no list register is in use */

#ifndef MUT
#define MUT 0
#elif MUT == 0
#error "unknown mutant"
#endif

/* Memory cells. */
#define LOCK 0
#define STATE 1
#define NEW 2
#define RWP 3
#define FORWARD 4
#define IRQ 5			/* one for each interrupt */
#define CELLS (IRQ + NIRQ)
#define STORES (NIRQ + 2)	/* that one FIFO may hold */

/* STATE */
#define HOST 0
#define GUEST 1
#define BLOCKED 2

/* IRQ, as struct gic_irq.state */
#define LATCH 1
#define LR_LATCH 2
#define RESIDENT 4
#define ACTIVE 8
#define ENABLED 16
#define QUEUED 32

#define OWNER 0
#define WRITER (1 + NSEND)
#define READER (1 + NSEND + NWRITE)
#define THREADS (1 + NSEND + NWRITE + NREAD)

byte mem[CELLS];
chan fifo[THREADS] = [STORES] of { byte, byte };

/* Under the lock. */
bit loaded;
bit listens;
bit tell;			/* listens, and forwarded */
bit changed;			/* the queue */
bit stale;			/* the registers */
bit rwp;

/* The list registers; bit n is interrupt n. */
byte hw_pending;
byte hw_active;
byte shadow;			/* hw_pending as flush wrote it */

bit kick;			/* latched until guest entry */
bit sem;			/* the latched wake-up */

/* What the checker knows and the protocol does not. */
byte in_flight;			/* threads inside the library */
bit waiting;			/* really in the guest, or really asleep */
byte out[NIRQ];			/* newly pending, not yet accounted for */
bit off;			/* RWP read 0 since the disabling */
#if NREAD
bit moved;			/* the generation, since the reader asked */
bit retrying;
byte possible;			/* bit n: n was ISACTIVER since the start */
#endif

bit lost;
bit inexact;
bit rwp_lies;
bit outdated;
bit stuck;

#define MUST(name, condition) \
	if \
	:: (condition) \
	:: else -> name = 1; assert(!name) \
	fi

#define EMPTY(t) empty(fifo[t])
/* Up to four threads. */
#define QUIET (in_flight == 0 && EMPTY(0) && EMPTY(1) && \
	EMPTY(THREADS / 2) && EMPTY(THREADS - 1))
/* Of cells that hold 0 or 1. */
#define LOAD(t, c) (fifo[t] ?? [c, 0] -> 0 : \
	(fifo[t] ?? [c, 1] -> 1 : mem[c]))

#define IS(i, bits) ((mem[IRQ + (i)] & (bits)) == (bits))
#if NIRQ > 1
#define ANY(bits) (IS(0, bits) || IS(1, bits))
#else
#define ANY(bits) IS(0, bits)
#endif

inline take_lock(t)
{
	atomic { EMPTY(t) && !mem[LOCK]; mem[LOCK] = 1 }
}

/* From no call into the library. */
inline call_lock(t)
{
	atomic {
		EMPTY(t) && !mem[LOCK];
		mem[LOCK] = 1;
		in_flight++
	}
}

inline drop_lock(t)
{
	fifo[t] ! LOCK, 0
}

/* The place in the queue that belongs to state s. */
inline place(s)
{
	s = s & ~QUEUED;
	if
	:: (s & (RESIDENT | ACTIVE)) == 0 && (s & ENABLED) &&
	   (s & (LATCH | LR_LATCH)) ->
		s = s | QUEUED
	:: else
	fi
}

proctype drain(byte t)
{
	byte c;
	byte v;

end:	do
	:: d_step { fifo[t] ? c, v -> mem[c] = v; c = 0; v = 0 }
	od
}

#include "gic_owner.pml"
#include "gic_others.pml"

init
{
	byte t;

	atomic {
		mem[FORWARD] = 1;
		mem[IRQ] = ENABLED;
#if NIRQ > 1
		mem[IRQ + 1] = ENABLED;
#endif
		stale = 1;
		run owner();
		do
		:: t == THREADS -> break
		:: t < THREADS ->
			run drain(t);
			if
			:: t == OWNER
#if NSEND
			:: t > OWNER && t < WRITER -> run sender(t)
#endif
#if NWRITE
			:: t == WRITER -> run writer(t)
#endif
#if NREAD
			:: t == READER -> run reader(t)
#endif
			fi;
			t++
		od;
		t = 0
	}
}
