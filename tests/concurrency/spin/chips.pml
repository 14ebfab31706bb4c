/*
 * SPDX-FileCopyrightText: Copyright libvic contributors
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Two pairs of accesses under x86-TSO: src/apic/ioapic.c, a level message
 * that nobody accepts against vCPUs that begin to (A, B); and with WIRE
 * src/ipi/inbox.h, LINT0 as a wire of the PIC against a vCPU that begins to
 * hear it (L, M).  scripts/spin.sh runs it.
 *
 * Memory is that of delivery.pml.  An IOAPIC's lock is a word like any
 * other: taking it is a locked access, dropping it is a store.  The PIC's
 * lock is one step, for all that is done under it here is locked.
 *
 * Properties, by the name that a failing run prints:
 *	lost		when nobody is inside the library, no level waits that
 *			its vCPU would accept, and no vCPU sleeps that hears
 *			LINT0 high
 *	twice		a level is not sent again while it is pending or in
 *			service, nor when its EOI's callback lowers it
 */

/*
 * As in delivery.pml: mutants must fail, variants must hold.
 */
#define mark_plain 1
/* mutant CA lost: A3: the mark is a plain store */
#define mark_none 2
/* mutant CA lost: A3: there is none */
#define mark_first 3
/* mutant CA lost: A3: it is set before remote IRR ends */
#define again_none 4
/* mutant CA lost: A4: the sender does not look at arrivals again */
#define again_early 5
/* mutant CA lost: A4 before A3 */
#define seen_late 6
/* mutant CA lost: A1 after A2 */
#define count_plain 7
/* mutant CA lost: B2: the count is a load and a store */
#define count_none 8
/* mutant CA lost: B2: there is none */
#define count_early 9
/* mutant CA lost: B2 before B1 */
#define look_none 10
/* mutant CA lost: B3: nobody looks at the mark */
#define look_early 11
/* mutant CA lost: B3 before B2 */
#define clear_late 12
/* mutant CA lost: B3: the mark is cleared when all has been sent */
#define clear_plain 13
/* variant CA: B3: it is cleared by a plain store */
#define remote_late 14
/* mutant CA lost: remote IRR is set when the message was accepted */
#define remote_kept 15
/* mutant CA lost: it stays though nobody accepted */
#define retry_all 24
/* mutant CA twice: a retry sends what an EOI has just ended, too */
#define hears_plain 16
/* mutant CL lost: M1: a plain store */
#define hears_late 17
/* mutant CL lost: M1 after M2 and the scan */
#define level_scan 18
/* variant CL: M2: only the scan looks at LINT0 */
#define level_plain 19
/* mutant CL lost: L2: a load and a store */
#define ear_none 20
/* mutant CL lost: L3: nobody looks again whether LINT0 is heard */
#define ear_early 21
/* mutant CL lost: L3 before L2 */
#define ear_silent 22
/* mutant CL lost: L3: who finds that it is sets no NEW */
#define low_late 23
/* mutant CL lost: LINT0 falls when the PIC's lock was dropped */

#ifndef MUT
#define MUT 0
#elif MUT == 0
#error "unknown mutant"
#endif

/* Memory cells; those of two vCPUs or pins are neighbours. */
#define NONE 0
#define ARRIVALS 1
#define WAITING 2
#define LOCK 3
#define ACCEPTS 4
#define REMOTE 6
#define HEARS 1
#define REQUEST 2
#define STATE 3
#define CELLS 8

/* Threads: the vCPUs, or the owner and the device. */
#define THREADS 3
#define DEVICE 2

/* The request word. */
#define LINT0 1
#define NEW 2

byte mem[CELLS];
byte buf_cell[THREADS];
byte buf_value[THREADS];

/* What the checker knows and the protocol does not. */
byte inside;
bit line[2];
bit taken[2];			/* accepted, and no EOI yet */
bit refused[2];			/* its last attempt was; under the lock */
bit asleep;
bit woken;
bit owned;			/* the PIC's lock */
bit lost;
bit twice;

#define MUST(name, condition) \
	if \
	:: (condition) \
	:: else -> name = 1; assert(!name) \
	fi

#define EMPTY(t) (buf_cell[t] == NONE)
#define LOAD(t, c) (buf_cell[t] == (c) -> buf_value[t] : mem[c])
#define QUIET (inside == 0 && EMPTY(0) && EMPTY(1) && EMPTY(2))

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

#if !WIRE

inline lock(t)
{
	d_step { EMPTY(t) && !mem[LOCK]; mem[LOCK] = 1 }
}

inline unlock(t)
{
	store(t, LOCK, 0)
}

/* wants(), or waits() of a retry; due is the caller's. */
inline wants(who, pin, retry)
{
	lock(who);
	due = line[pin] && !LOAD(who, REMOTE + pin) &&
	    (!(retry) || refused[pin] || MUT == retry_all);
	begin(who, pin);
	unlock(who)
}

inline begin(th, in)
{
	if
	:: due && MUT != remote_late ->
		refused[in] = 0;
		store(th, REMOTE + in, 1)
	:: !due || MUT == remote_late
	fi
}

inline mark(t)
{
#if MUT == mark_plain
	store(t, WAITING, 1)
#elif MUT != mark_none
	locked_store(t, WAITING, 1)
#else
	skip
#endif
}

/* A pin's message goes to the vCPU of its number. */
inline send_level(from, to)
{
	do
	:: !due -> break
	:: due ->
		seen = LOAD(from, ARRIVALS);			/* A1 */
		if						/* A2 */
		:: LOAD(from, ACCEPTS + to) ->
			d_step {
				EMPTY(from);
				MUST(twice, !taken[to]);
				taken[to] = 1
			}
#if MUT == remote_late
			lock(from);
			store(from, REMOTE + to, 1);
			unlock(from);
#endif
			break
		:: !LOAD(from, ACCEPTS + to)
		fi;
#if MUT == seen_late
		seen = LOAD(from, ARRIVALS);
#endif
#if MUT == mark_first
		mark(from);
#endif
#if MUT != remote_kept
		lock(from);					/* A3 */
		refused[to] = 1;
		store(from, REMOTE + to, 0);
		unlock(from);
#endif
#if MUT == again_early
		due = LOAD(from, ARRIVALS) != seen;
#endif
#if MUT != mark_first
		mark(from);
#endif
#if MUT != again_early && MUT != again_none
		due = LOAD(from, ARRIVALS) != seen;		/* A4 */
#elif MUT == again_none
		due = 0;
#endif
		seen = 0;
		if
		:: due -> wants(from, to, 1)
		:: !due
		fi
	od;
	due = 0;
	seen = 0
}

inline count(t)
{
#if MUT == count_plain
	d_step {
		EMPTY(t);
		buf_cell[t] = ARRIVALS; buf_value[t] = mem[ARRIVALS] + 1
	}
#elif MUT != count_none
	d_step { EMPTY(t); mem[ARRIVALS] = mem[ARRIVALS] + 1 }
#else
	skip
#endif
}

/* lapic_republish() */
inline publish(t, value)
{
#if MUT == count_early
	count(t);
#endif
	store(t, ACCEPTS + t, value);				/* B1 */
#if MUT == look_early
	found = LOAD(t, WAITING);
#endif
#if MUT != count_early
	count(t);						/* B2 */
#endif
#if MUT != look_early && MUT != look_none
	found = LOAD(t, WAITING);				/* B3 */
#endif
	if
	:: found ->
#if MUT == clear_plain
		store(t, WAITING, 0);
#elif MUT != clear_late
		locked_store(t, WAITING, 0);
#endif
		wants(t, 0, 1);
		send_level(t, 0);
		wants(t, 1, 1);
		send_level(t, 1);
#if MUT == clear_late
		locked_store(t, WAITING, 0);
#endif
		found = 0
	:: !found
	fi
}

proctype cpu(byte t)
{
	bit due;
	bit found;
	bit accepts;
	byte left = 2 * NARRIVE;
	byte seen;

end_guest:
	if
	:: atomic { left > 0 -> left--; inside++ }
		accepts = !accepts;
		publish(t, accepts);
		inside--
	:: atomic { taken[t] && EMPTY(t) -> inside++ }
		/* The handler lowers the line before its EOI, or... */
		MUST(twice, line[t]);
		if
		:: line[t] = 0
		:: found = 1
		fi;
		lock(t);
		d_step {
			EMPTY(t);
			taken[t] = 0;
			buf_cell[t] = REMOTE + t; buf_value[t] = 0
		}
		unlock(t);
		/* ... the EOI's callback does, or nobody. */
		if
		:: found -> line[t] = 0
		:: skip
		fi;
		found = 0;
		wants(t, t, 0);
		send_level(t, t);
		inside--
	fi;
	goto end_guest
}

proctype device()
{
	bit due;
	byte p;
	byte left = SENDS;
	byte seen;

end_idle:
	atomic {
		left > 0 && !(line[0] && line[1]);
		left--;
		if
		:: !line[0] -> p = 0
		:: !line[1] -> p = 1
		fi;
		inside++
	}
	lock(DEVICE);
	line[p] = 1;
	due = !LOAD(DEVICE, REMOTE + p);
	begin(DEVICE, p);
	unlock(DEVICE);
	send_level(DEVICE, p);
	inside--;
	goto end_idle
}

#define STUCK(p) (line[p] && !taken[p] && mem[ACCEPTS + p])
#define BAD (STUCK(0) || STUCK(1))

#else

/* inbox_wire_high(), and P4. */
proctype device()
{
	bit hears;
	bit due;
	byte old;
	byte left = SENDS;

end_idle:
	atomic {
		left > 0 && !line[0] && !owned;
		left--;
		owned = 1;
		inside++
	}
	line[0] = 1;
	hears = LOAD(DEVICE, HEARS);				/* L1 */
#if MUT == ear_early
	due = LOAD(DEVICE, HEARS);
#endif
#if MUT == level_plain
	old = LOAD(DEVICE, REQUEST);				/* L2 */
	store(DEVICE, REQUEST, (old | LINT0 | (hears -> NEW : 0)));
#else
	d_step {
		EMPTY(DEVICE);
		old = mem[REQUEST];
		mem[REQUEST] = old | LINT0 | (hears -> NEW : 0)
	}
#endif
#if MUT != ear_none && MUT != ear_early
	due = LOAD(DEVICE, HEARS);				/* L3 */
#endif
	if
	:: !hears && due ->
		d_step {
			EMPTY(DEVICE);
			old = mem[REQUEST];
#if MUT != ear_silent
			mem[REQUEST] = old | NEW
#endif
		}
	:: hears || !due
	fi;
	due = (hears || due) && !(old & NEW);
	owned = 0;
	if
	:: due && LOAD(DEVICE, STATE) -> woken = 1
	:: !due || !LOAD(DEVICE, STATE)
	fi;
	hears = 0; due = 0; old = 0;
	inside--;
	goto end_idle
}

/* The vCPU: it unmasks and masks LINT0, takes what it sees, and sleeps. */
proctype owner()
{
	bit hears;
	bit seen;
	byte left = 2 * NARRIVE;

host:
	if
	:: left > 0 ->
		left--;
		hears = !hears;
#if MUT == hears_plain
		store(0, HEARS, hears);				/* M1 */
#elif MUT != hears_late
		locked_store(0, HEARS, hears);
#endif
#if MUT != level_scan
		if						/* M2 */
		:: hears && (LOAD(0, REQUEST) & LINT0) ->
			d_step { EMPTY(0); mem[REQUEST] = mem[REQUEST] | NEW }
		:: !hears || !(LOAD(0, REQUEST) & LINT0)
		fi
#endif
	:: goto scan
	fi;
scan:
	if
	:: LOAD(0, REQUEST) & NEW ->
		d_step { EMPTY(0); mem[REQUEST] = mem[REQUEST] & LINT0 }
	:: !(LOAD(0, REQUEST) & NEW)
	fi;
	seen = hears && (LOAD(0, REQUEST) & LINT0);
#if MUT == hears_late
	locked_store(0, HEARS, hears);
#endif
	if
	:: seen ->
		/* INTA, and the handler lowers the line. */
		atomic { !owned -> owned = 1 }
		line[0] = 0;
#if MUT == low_late
		owned = 0;
#endif
		d_step { EMPTY(0); mem[REQUEST] = mem[REQUEST] & NEW }
#if MUT != low_late
		owned = 0;
#endif
		seen = 0;
		goto host
	:: !seen
	fi;
	locked_store(0, STATE, 1);				/* E1 */
	if							/* E2 */
	:: LOAD(0, REQUEST) & NEW
	:: !(LOAD(0, REQUEST) & NEW) ->
		asleep = 1;
end_sleep:	woken;
		atomic { woken = 0; asleep = 0 }
	fi;
	store(0, STATE, 0);
	goto host
}

#define BAD (asleep && !woken && mem[HEARS] && line[0])

#endif

proctype rest()
{
end:	atomic { QUIET && (BAD) -> lost = 1; assert(!lost) }
}

init
{
	atomic {
		run drain(0);
		run drain(1);
		run drain(2);
		run device();
#if WIRE
		run owner();
#else
		run cpu(0);
		run cpu(1);
#endif
		run rest()
	}
}
