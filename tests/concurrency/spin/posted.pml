/*
 * SPDX-FileCopyrightText: Copyright libvic contributors
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Delivery by posting, src/ipi/ and src/apic/posted.c, for one vCPU and two
 * pCPUs under x86-TSO: software posts and makes requests, devices post behind
 * an IOMMU, the processor takes vectors from the descriptor; the owner enters,
 * exits, is preempted, migrates and sleeps on a list that the wake-up
 * vector's handler looks through.  scripts/spin.sh runs it.
 *
 * Memory is that of delivery.pml: a store buffer of one entry for each thread.
 * The fields of the control word change by read-modify-writes alone, and a
 * section under the list's lock is one step.  A device's writes are in no
 * buffer; VT-d makes one step of its first two, so the model allows more.
 *
 * A notification and the wake-up vector are latched at the pCPU that NDST
 * names.  In a guest that posts the processor takes the vectors; without
 * posting (POSTING 0) the guest exits; where the vCPU is not, or not yet
 * with interrupts masked, the host's handler does nothing.  A preempted
 * vCPU is loaded again some time, on either pCPU.  Where the owner waits,
 * nothing that would end its wait is latched and nobody is inside the
 * library, all must have arrived: see at_rest.
 *
 * Properties, by the name that a failing run prints:
 *	lost		nothing is left behind while the owner waits
 *	inexact		each vector that was newly posted is delivered or
 *			merged into IRR
 *	on_lies		with SN clear, ON clear implies an empty PIR
 *	unseen		every message is seen by a handler
 *	twice		a vCPU is on one list at most, once
 *	non-progress	the handler of the wake-up vector ends (PL only)
 */

/*
 * What the model shows beside the absence of errors:
 *
 * - Software need not heed SN, and may (heed_sn).
 * - A sender may read where to notify before it loads the state, but not
 *   before it sets ON (where_early, where_first).
 * - The handler's look at ON spares wake-ups and is not needed for safety,
 *   as long as who comes off the list is woken (wake_all, take_all).
 * - Listing and the wake-up vector may come in either order, as long as
 *   both come before the look at ON (list_after_vector, list_after_look).
 * - Exit, unblock and a refusal need no barrier here either.
 */

/* As in delivery.pml: mutants must fail, variants must hold. */
#define post_enter_no_barrier 1
/* mutant PS lost: enter stores POSTED by a plain store */
#define post_enter_early 2
/* mutant PS lost: enter harvests before it stores POSTED */
#define post_enter_skips_on 3
/* mutant PS lost: enter does not harvest */
#define post_enter_skips_new 4
/* mutant PR lost: enter does not look at NEW */
#define post_on_late 5
/* mutant PS on_lies: a harvest clears ON after draining PIR */
#define post_drain_plain 6
/* mutant PS unseen: a harvest drains PIR by a load and a store */
#define post_state_early 7
/* mutant PS lost: post loads the state before it sets ON */
#define post_pir_plain 8
/* mutant PS unseen: post stops if a plain load finds the bit */
#define request_notifies 9
/* mutant PR lost: a request notifies instead of kicking */
#define request_state_early 10
/* mutant PR lost: a request loads the state before its CAS */
#define notify_not_latched 11
/* mutant PS lost: a notification before guest entry is dropped */
#define where_first 12
/* mutant PS lost: post reads NDST before it sets ON */
#define where_early 13
/* variant PS: post reads NDST before it loads the state */
#define heed_sn 14
/* variant PS: post leaves ON clear if SN is set */
#define load_skips_look 15
/* mutant PD on_lies: load does not look at PIR after clearing SN */
#define load_looks_early 16
/* mutant PD on_lies: load looks at PIR before it clears SN */
#define load_keeps_sn 17
/* mutant PD lost: load does not clear SN */
#define load_keeps_place 18
/* mutant PD lost: load does not change NDST */
#define load_stored 19
/* mutant PD on_lies: load changes the word by load and store */
#define put_sleeper 20
/* mutant PB lost: put sets SN of one that sleeps */
#define block_unlisted 21
/* mutant PB lost: block puts it on no list */
#define block_keeps_vector 22
/* mutant PB lost: block does not change NV */
#define list_after_vector 23
/* variant PB: block changes NV before it lists the vCPU */
#define vector_after_look 24
/* mutant PB lost: block changes NV after it looked at ON */
#define post_block_plain 25
/* variant PS: block stores BLOCKED by a plain store; B1 locks */
#define state_after_look 39
/* mutant PS lost: block stores BLOCKED after it looked at ON */
#define post_block_early 26
/* mutant PS lost: block looks before it stores BLOCKED */
#define post_block_skips_on 27
/* mutant PB lost: block does not look at ON */
#define post_block_skips_new 28
/* mutant PR lost: block does not look at NEW */
#define unblock_keeps_vector 29
/* mutant PB lost: unblock leaves the wake-up vector in NV */
#define refusal_keeps_vector 30
/* mutant PB lost: a refused block leaves it there */
#define unblock_listed 31
/* mutant PB twice: unblock leaves the vCPU on the list */
#define refusal_listed 32
/* mutant PB twice: a refused block leaves it there */
#define take_all 33
/* mutant PB lost: the handler takes all off and wakes some */
#define wake_all 34
/* variant PB: the handler wakes all, with ON or without */
#define wake_listed 35
/* mutant PL non-progress: the handler wakes and unlists nobody */
#define exit_on_vector 36
/* mutant PG lost: a guest without posting stays in it */
#define guest_enter_skips_on 37
/* mutant PG lost: enter without posting ignores ON */
#define list_after_look 38
/* mutant PB lost: block lists the vCPU after it looked at ON */

#ifndef MUT
#define MUT 0
#elif MUT == 0
#error "unknown mutant"
#endif

/* Memory cells; the control word's from ON to NDST. */
#define NONE 0
#define STATE 1
#define NEW 2
#define DATA 3
#define MESSAGE 4		/* 1: memory holds the newest one */
#define PIR 5
#define ON 6
#define SN 7
#define NV 8
#define NDST 9
#define CELLS 10

/* STATE; in the guest it is GUEST or POSTED, by POSTING. */
#define HOST 0
#define GUEST 1
#define BLOCKED 2

/* NV */
#define NOTIFY 0
#define WAKEUP 1

/* Devices have no buffer. */
#define OWNER 0
#define DEVICE (1 + NPOST + NREQ)
#define THREADS (1 + NPOST + NREQ)

byte mem[CELLS];
byte buf_cell[THREADS];
byte buf_value[THREADS];

bit kick;			/* latched until guest entry */
bit sem;			/* the latched wake-up */
bit vectors[4];			/* latched: NV + 2 * NDST */
bit listed[2];			/* under the pCPU's lock */
bit place;			/* where the vCPU is, or was last */

/* What the checker knows and the protocol does not. */
byte in_flight;			/* threads inside the library */
byte watch;			/* a sender */
bit seen = 1;
byte out;			/* newly posted, not yet accounted for */
bit waiting;			/* really in the guest, or really asleep */

bit lost;
bit inexact;
bit on_lies;
bit unseen;
bit twice;

#define MUST(name, condition) \
	if \
	:: (condition) \
	:: else -> name = 1; assert(!name) \
	fi

#define EMPTY(t) (buf_cell[t] == NONE)
/* Up to three threads, and no handler of the wake-up vector is to run. */
#define QUIET (in_flight == 0 && EMPTY(0) && EMPTY(THREADS / 2) && \
	EMPTY(THREADS - 1) && !vectors[WAKEUP] && !vectors[WAKEUP + 2])
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

#if SENDS
#define MAY_BEGIN(t) (EMPTY(t) && left > 0)
#else
#define MAY_BEGIN(t) EMPTY(t)
#endif

inline begin(t)
{
	in_flight++;
#if SENDS
	left--;
#endif
	if
	:: t == watch ->
		seen = 0;
		mem[MESSAGE] = 0;
		buf_cell[t] = MESSAGE; buf_value[t] = 1
	:: else
	fi
}

/* Where a notification goes. */
inline read_where()
{
	where = mem[NV] + 2 * mem[NDST]
}

inline interrupt()
{
	vectors[where] = MUT != notify_not_latched || waiting ||
	    (where & 1) == WAKEUP || vectors[where]
}

/* P4: load the state, and then, in another step, tell. */
inline look(t, done)
{
	atomic {
		state = LOAD(t, STATE);
		if
		:: state == HOST -> where = 0; in_flight--; goto done
		:: else
		fi
	}
}

inline tell()
{
	d_step {
		if
		:: state == GUEST -> kick = 1
		:: else -> sem = 1
		fi;
		state = HOST;
		in_flight--
	}
}

proctype poster(byte t)
{
	byte state;
	byte where;
#if SENDS
	byte left = SENDS;
#endif

end_idle:
	atomic { MAY_BEGIN(t); begin(t) }
#if MUT == post_pir_plain
	atomic {
		if
		:: LOAD(t, PIR) -> in_flight--; goto end_idle
		:: else
		fi
	}
#endif
	/* P2 */
	atomic {
		EMPTY(t);
		if
		:: mem[PIR] -> in_flight--; goto end_idle
		:: else -> out++; mem[PIR] = 1
		fi
	}
#if MUT == where_first
	read_where();
#endif
#if MUT == post_state_early
	state = LOAD(t, STATE);
#endif
	/* P3 */
	atomic {
		if
		:: mem[ON] || (MUT == heed_sn && mem[SN]) ->
			state = HOST; where = 0; in_flight--; goto end_idle
		:: else -> mem[ON] = 1
		fi
	}
#if MUT == where_early
	read_where();
#endif
#if MUT == post_state_early
	atomic {
		if
		:: state == HOST -> in_flight--; goto end_idle
		:: else
		fi
	}
#else
	look(t, end_idle);
#endif
#if POSTING
	if
	:: state == GUEST ->
#if MUT != where_first && MUT != where_early
		read_where();
#endif
		d_step {
			interrupt();
			state = HOST; where = 0; in_flight--
		}
	:: state == BLOCKED -> where = 0; tell()
	fi;
#else
	tell();
#endif
	goto end_idle
}

#if NREQ
/* One request, with data; as in delivery.pml. */
proctype requester(byte t)
{
	byte state;
	byte where;
#if SENDS
	byte left = SENDS;
#endif

end_idle:
	atomic { MAY_BEGIN(t); begin(t) }
#if MUT == request_state_early
	state = LOAD(t, STATE);
#endif
	atomic {
		EMPTY(t);
		if
		:: mem[DATA] -> state = HOST; in_flight--; goto end_idle
		:: else -> mem[DATA] = 1
		fi;
		if
		:: mem[NEW] -> state = HOST; in_flight--; goto end_idle
		:: else -> mem[NEW] = 1
		fi
	}
#if MUT == request_state_early
	atomic {
		if
		:: state == HOST -> in_flight--; goto end_idle
		:: else
		fi
	}
#else
	look(t, end_idle);
#endif
#if MUT == request_notifies
	if
	:: state == GUEST ->
		d_step {
			read_where(); interrupt();
			state = HOST; where = 0; in_flight--
		}
	:: else -> tell()
	fi;
#else
	tell();
#endif
	goto end_idle
}
#endif

#if NDEV
proctype device(byte t)
{
	byte where;
#if SENDS
	byte left = SENDS;
#endif

end_idle:
progress_idle:
	/* D1, and before it the message. */
	atomic {
#if SENDS
		left > 0;
		left--;
#endif
		in_flight++;
		if
		:: t == watch -> seen = 0; mem[MESSAGE] = 1
		:: else
		fi;
		out = out + !mem[PIR];
		mem[PIR] = 1
	}
	/* D2 */
	atomic {
		if
		:: mem[SN] || mem[ON] -> in_flight--; goto end_idle
		:: else -> mem[ON] = 1; read_where()
		fi
	}
	/* D3 */
	d_step { interrupt(); where = 0; in_flight-- }
	goto end_idle
}

/* vic_pcpu_wakeup() on a pCPU, with batches of one. */
proctype handler(bit p)
{
end_idle:
	atomic { vectors[WAKEUP + 2 * p]; vectors[WAKEUP + 2 * p] = 0;
		in_flight++ }
again:
	atomic {
		if
		:: listed[p] && (mem[ON] || MUT == wake_all) ->
			listed[p] = MUT == wake_listed
		:: else ->
#if MUT == take_all
			listed[p] = 0;
#endif
			in_flight--;
			goto end_idle
		fi
	}
	sem = 1;
	goto again
}
#endif

#include "posted_owner.pml"

init
{
	byte t;

	atomic {
		mem[SN] = 1;
		t = 1;
		do
		:: t < DEVICE + NDEV -> t++; watch = t - 1
		:: watch > 0 -> break
		od;
		t = 0;
		run owner();
#if NDEV
		run handler(0);
		run handler(1);
#endif
		do
		:: t == DEVICE + NDEV -> break
		:: t < DEVICE + NDEV ->
			if
			:: t < THREADS -> run drain(t)
			:: else
			fi;
			if
			:: t == OWNER
			:: t > OWNER && t <= NPOST -> run poster(t)
#if NREQ
			:: t > NPOST && t < DEVICE -> run requester(t)
#endif
#if NDEV
			:: t >= DEVICE -> run device(t)
#endif
			fi;
			t++
		od;
		t = 0
	}
}
