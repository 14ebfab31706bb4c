/*
 * SPDX-FileCopyrightText: Copyright libvic contributors
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The delivery protocol of src/ipi/ for one vCPU: post, request, scan, enter,
 * exit, block and unblock, under x86-TSO.  scripts/spin.sh runs it.
 *
 * Memory.  Each thread has a store buffer of one entry: a plain store goes
 * into it, the thread's own loads are forwarded from it, a locked
 * read-modify-write waits until it is empty, and the process `drain` empties
 * it at any moment.  No thread makes two plain stores without a locked access
 * between them, so one entry is the whole of TSO here.
 *
 * Senders.  With SENDS 0 they go on for ever.  Messages have no numbers: what
 * matters is whether the newest message is in memory yet, and whether a
 * handler has seen it.  One stream of messages is watched, and the checker
 * tries every choice of it; the others are left out, for nobody reads them.
 *
 * The owner takes what it likes of what it found, in any order, and then
 * enters or blocks; a guest may exit and a sleeper may wake for other reasons
 * at any time.  When the owner waits, nothing is latched that would end its
 * wait and no sender is inside the library, all that was sent must have
 * arrived: see at_rest in owner.pml.
 *
 * Properties, by the name that a failing run prints:
 *	lost		(a) nothing is left behind while the owner waits
 *	inexact		(b) a post or request that made something newly
 *			pending is acknowledged, merged into IRR or discarded
 *			by INIT, exactly once
 *	on_lies		(c) ON clear implies an empty PIR once drained
 *	unseen		(d) every message is seen by a handler
 *	wrong_trigger	(e) the trigger copied with a bit is that of a post
 *			behind the bit or of one that overlapped it
 *	disorder	(f) the last of INIT and SIPI sent is the last done
 *	non-progress	(g) enter reaches the guest (LIVE only)
 */

/*
 * What the model shows beside the absence of errors:
 *
 * - Scan's loads, post's load of the state, and the stores of HOST by exit,
 *   unblock and a refusal need no barrier: a sender that they mislead either
 *   signals once too often or is seen by the next look of enter or block.
 * - A request that changes nothing must still be a locked instruction before
 *   it stops, as a post must (request_plain, pir_plain).
 * - ON may be set while PIR is empty: a harvest can take a bit whose sender
 *   has not come to ON yet.  Clearing ON by a plain store, and the trigger
 *   after the bit, go wrong only because of that.
 * - Newly pending posts are not acknowledgements: one that is harvested
 *   while IRR holds its vector merges there (irr_merges).
 * - SIPI must be acknowledged by a CAS that finds no INIT: an INIT may have
 *   taken that SIPI, and the one that is there comes after it (ack_blind).
 * - The second look of a scan clears NEW by a CAS or not at all: a failed one
 *   means that there is news (again_stale, again_refused).
 * - Posts of one vector with both triggers at once: TMR gets the trigger of
 *   one of them, maybe of one that was delivered before (trigger_exact).
 */

/*
 * What is changed by -DMUT=name; spin.sh reads this list.  The letter names
 * the configuration in spin.sh.  A mutant must fail, by the property given.
 * A variant must hold: TSO does not need what it leaves out.  A limit must
 * fail: it states more than the protocol promises.
 */
#define enter_no_barrier 1
/* mutant V lost: enter stores GUEST by a plain store */
#define enter_looks_early 2
/* mutant V lost: enter looks before it stores GUEST */
#define enter_skips_on 3
/* mutant V lost: enter does not look at ON */
#define enter_skips_new 4
/* mutant R lost: enter does not look at NEW */
#define block_no_barrier 5
/* mutant V lost: block stores BLOCKED by a plain store */
#define block_looks_early 6
/* mutant V lost: block looks before it stores BLOCKED */
#define block_skips_on 7
/* mutant V lost: block does not look at ON */
#define block_skips_new 8
/* mutant R lost: block does not look at NEW */
#define block_skips_irr 9
/* mutant V lost: block does not look at IRR */
#define block_skips_data 10
/* mutant R lost: block does not look at known requests */
#define on_after_drain 11
/* mutant V on_lies: scan clears ON after draining PIR */
#define on_plain 12
/* mutant V on_lies: scan clears ON by a plain store */
#define drain_plain 13
/* mutant V unseen: scan drains PIR by a load and a store */
#define pir_plain 14
/* mutant V unseen: post stops if a plain load finds the PIR bit */
#define pir_stored 15
/* mutant E unseen: post sets the PIR bit by a load and a store */
#define on_before_pir 16
/* mutant V on_lies: post sets ON before the PIR bit */
#define on_stored 17
/* mutant V lost: post sets ON by a load and a store */
#define state_before_on 18
/* mutant V lost: post loads the state before it sets ON */
#define trigger_after_pir 19
/* mutant T wrong_trigger: post corrects it after the bit */
#define trigger_early 20
/* mutant T wrong_trigger: scan reads it before draining PIR */
#define trigger_plain 21
/* mutant T wrong_trigger: post corrects it by load and store */
#define new_after_data 22
/* mutant R lost: scan clears NEW after reading the data */
#define new_plain 23
/* mutant R lost: scan clears NEW by a plain store */
#define new_before_data 24
/* mutant R lost: request sets NEW, then changes the data */
#define new_stored 25
/* mutant R lost: request sets NEW by a load and a store */
#define request_plain 26
/* mutant R unseen: request stops if a plain load finds it */
#define request_early 27
/* mutant R lost: request loads the state before its CAS */
#define request_edge 28
/* mutant R lost: request signals if data was 0, not NEW */
#define ack_takes_new 29
/* mutant R lost: ack clears NEW and looks at nothing else */
#define ack_stored 30
/* mutant R unseen: ack is a load and a store */
#define ack_blind 31
/* mutant R inexact: ack of SIPI does not ask for a later INIT */
#define ack_late 32
/* mutant R unseen: SIPI is obeyed first and acknowledged then */
#define kick_not_latched 33
/* mutant V lost: a kick before guest entry is dropped */
#define wake_not_latched 34
/* mutant V lost: a wake before the wait is dropped */
#define init_on_late 35
/* mutant I on_lies: INIT clears ON after discarding PIR */
#define enter_unbounded 36
/* mutant L non-progress: enter refuses without a limit */
#define on_tested_first 37
/* variant V: post stops if a plain load finds ON set */
#define data_before_new 38
/* variant R: request changes the data, then sets NEW */
#define irr_merges 39
/* limit V inexact: each newly pending post gets its own ack */
#define trigger_exact 40
/* limit E wrong_trigger: TMR never has an overlapping post's */
#define again_blind 41
/* mutant Q lost: the second look clears NEW whatever has come */
#define again_stale 42
/* mutant Q lost: it clears NEW and goes by what it had read */
#define again_refused 43
/* variant Q: it leaves NEW to the next scan */

#ifndef MUT
#define MUT 0
#elif MUT == 0
#error "unknown mutant"
#endif

/* Memory cells.  NEW and DATA are one word: one CAS takes both. */
#define NONE 0
#define STATE 1
#define ON 2
#define NEW 3
#define DATA 4
#define TRIGGER 5		/* bit v: vector v is level */
#define MESSAGE 6		/* 1: memory holds the newest one */
#define PIR 7			/* one word, or one for each vector */
#define CELLS (PIR + WORDS)
#define WORD(v) (PIR + (v) % WORDS)	/* bit v is vector v */

/* STATE */
#define HOST 0
#define GUEST 1
#define BLOCKED 2

/* DATA: the NMI count in bits 1:0 */
#define NMI 1
#define NMIS 3
#define INIT 4
#define SIPI 8
#define LOCAL 16		/* what a scan takes itself */
#define REQUESTS(d) (((d) & NMIS) + ((d) & INIT) / INIT + \
	((d) & SIPI) / SIPI + ((d) & LOCAL) / LOCAL)

/* Streams that may be watched: vectors from 0, then NMI, INIT, SIPI, LOCAL. */
#define STREAM(what) (NVEC + (what))

#define OWNER 0
#define REQUESTER (1 + NPOST)
#define THREADS (1 + NPOST + NREQ)

byte mem[CELLS];
byte buf_cell[THREADS];
byte buf_value[THREADS];

#if SELF
bit calling;			/* the owner is inside post */
#endif
bit kick;			/* latched until guest entry */
bit sem;			/* the latched wake-up */

/* What the checker knows and the protocol does not. */
byte in_flight;			/* senders inside the library */
byte watch;
bit seen = 1;
byte out[NVEC];			/* newly pending, not yet accounted for */
byte requests_out;
byte last_sent;
byte last_done;
bit waiting;			/* really in the guest, or really asleep */

#if TRIGGERS
/* Sets of triggers.  A post overlaps others from its start to its T1. */
#define EDGE 1
#define LEVEL 2
byte behind[NVEC];		/* that may come with the PIR bit */
byte own[THREADS];		/* of the post that has not reached T1 */
byte met[THREADS];		/* of the posts that it overlapped */
byte target[THREADS];
#endif

bit lost;
bit inexact;
bit on_lies;
bit unseen;
bit wrong_trigger;
bit disorder;

/* Macros, where Spin's inlines do not take the argument. */
#define MUST(name, condition) \
	if \
	:: (condition) \
	:: else -> name = 1; assert(!name) \
	fi

#define EMPTY(t) (buf_cell[t] == NONE)
/* Up to four threads: no sender inside the library, no store on its way. */
#define QUIET (in_flight == 0 && EMPTY(0) && EMPTY(1) && \
	EMPTY(THREADS / 2) && EMPTY(THREADS - 1))
#define LOAD(t, c) (buf_cell[t] == (c) -> buf_value[t] : mem[c])

inline store(t, c, v)
{
	d_step { EMPTY(t); buf_cell[t] = c; buf_value[t] = v }
}

inline locked_store(t, c, v)
{
	d_step { EMPTY(t); mem[c] = v }
}

proctype drain(byte t)
{
end:	do
	:: d_step {
		!EMPTY(t) -> mem[buf_cell[t]] = buf_value[t];
		buf_cell[t] = NONE; buf_value[t] = 0
	   }
	od
}

#include "senders.pml"
#include "owner.pml"

init
{
	byte t;

	atomic {
		if
#if NPOST
		:: watch = 0
#if NVEC > 1
		:: watch = 1
#endif
#endif
#if NREQ
		:: (KINDS & NMI) -> watch = STREAM(NMI)
		:: (KINDS & INIT) -> watch = STREAM(INIT)
		:: (KINDS & SIPI) -> watch = STREAM(SIPI)
		:: (KINDS & LOCAL) -> watch = STREAM(LOCAL)
#endif
		fi;
		run owner();
		do
		:: t == THREADS -> break
		:: t < THREADS ->
			run drain(t);
			if
#if SELF
			:: t == OWNER -> run poster(t)
#else
			:: t == OWNER
#endif
#if NPOST
			:: t > OWNER && t < REQUESTER -> run poster(t)
#endif
#if NREQ
			:: t >= REQUESTER -> run requester(t)
#endif
			fi;
			t++
		od;
		t = 0
	}
}
