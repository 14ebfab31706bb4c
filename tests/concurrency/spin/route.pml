/*
 * SPDX-FileCopyrightText: Copyright libvic contributors
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An SPI that moves between two vCPUs, src/gic/irq.c: senders find its home
 * and queue it there, a router writes IROUTER, and the vCPUs' owners go
 * through flush, enter, exit, sync and block.  What is in a list register stays
 * until its owner lets it go, and is then in no queue until the owner, with
 * nothing locked, has moved it on.
 *
 * What NEW and the run state need of memory is in gic.pml; here telling is
 * one step, as are E1 and E2, and a section under one lock.  Home and route
 * are stored under locks alone, so memory is sequentially consistent.  The
 * guest takes and ends an interrupt in one step.
 *
 * Properties, by the name that a failing run prints:
 *	lost		where all rests, what is pending is in a list register
 *			of its home, and no news is left
 *	twice		it is never in two places
 *	stray		where all rests, it is where IROUTER says
 */

/*
 * What the model shows beside the absence of errors:
 *
 * - IROUTER may be written back while an interrupt is between its register and
 *   its new home: also a move to where it is must see that it is queued
 *   (back_unplaced).
 * - A sender may look for the home without a lock because it looks again
 *   under that home's (home_unchecked).
 */

/* As in delivery.pml: mutants must fail, variants must hold. */
#define home_unchecked 1
/* mutant MS twice: a sender does not look at the home again */
#define move_untold 2
/* mutant MS lost: a move does not tell the new home */
#define move_tells_old 3
/* mutant MS lost: a move tells the old home */
#define move_resident 4
/* mutant MS twice: a move does not wait for list registers */
#define move_unmarked 5
/* mutant MS stray: a move does not mark the list registers */
#define move_waits_untold 6
/* mutant MS stray: a move does not tell who must let it go */
#define back_unplaced 7
/* mutant MS lost: IROUTER as it was queues nothing */
#define place_forgotten 8
/* mutant MS lost: the owner does not move on what it let go */
#define route_tells_late 9
/* mutant MS lost: block asks to be told after it looked */
#define distributor_unlocked 10
/* mutant MS twice: a move does not take the Distributor's lock */

#ifndef MUT
#define MUT 0
#elif MUT == 0
#error "unknown mutant"
#endif

/* Memory cells; v is the vCPU, 0 or 1. */
#define DIST 0
#define LOCK(v) (1 + (v))
#define STATE(v) (3 + (v))
#define NEW(v) (5 + (v))
#define HOME 7
#define ROUTE 8
#define CELLS 9

/* STATE */
#define HOST 0
#define GUEST 1
#define BLOCKED 2

/* Owners are threads 0 and 1. */
#define ROUTER (2 + NSEND)
#define THREADS (2 + NSEND + NROUTE)

byte mem[CELLS];

/* The interrupt, under its home's lock. */
bit latch;
bit lr_latch;
bit resident;
bit queue[2];			/* whose queue it is in */

/* A vCPU, under its lock. */
bit loaded[2];
bit tell[2];
bit stale[2];
bit used[2];			/* its list register, and what it holds */
bit hw_pending[2];

bit kick[2];			/* latched until guest entry */
bit sem[2];			/* the latched wake-up */

/* What the checker knows and the protocol does not. */
byte in_flight;			/* threads inside the library */

bit lost;
bit twice;
bit stray;

#define MUST(name, condition) \
	if \
	:: (condition) \
	:: else -> name = 1; assert(!name) \
	fi

#define QUIET (in_flight == 0)

#define ONE_PLACE MUST(twice, queue[0] + queue[1] + resident <= 1 && \
	queue[0] + queue[1] + used[0] + used[1] <= 1)

inline take(c)
{
	atomic { !mem[c]; mem[c] = 1 }
}

/* inbox_work() for vCPU w. */
inline work(w)
{
	d_step {
		if
		:: told && !mem[NEW(w)] ->
			mem[NEW(w)] = 1;
			kick[w] = kick[w] || mem[STATE(w)] == GUEST;
			sem[w] = sem[w] || mem[STATE(w)] == BLOCKED
		:: else
		fi;
		told = 0
	}
}

/* irq_evict(): out of the image at rest of its home w. */
inline evict(w)
{
	if
	:: resident && !loaded[w] ->
		resident = 0;
		used[w] = 0;
		hw_pending[w] = 0;
		latch = latch || lr_latch;
		lr_latch = 0;
		stale[w] = 1
	:: else
	fi
}

/* hold_update() of its home w: to its place in the queue. */
inline update(w)
{
	evict(w);
	if
	:: latch && !resident && !queue[w] ->
		queue[w] = 1;
		told = tell[w]
	:: else
	fi;
	ONE_PLACE
}

/*
 * irq_move(): to `to`, under the Distributor's lock; then tell.  Nobody else
 * holds two queues' locks.
 */
inline move()
{
	mem[ROUTE] = to;
	from = mem[HOME];
	/* One lock, or both, the lower index first. */
	take(LOCK(from & to));
	atomic {
		from == to || !mem[LOCK(1)];
		evict(from);
		target = from;
		if
		:: from == to ->
			if
			:: !resident && MUT != back_unplaced -> update(from)
			:: else
			fi
		:: from != to && resident && MUT != move_resident ->
			stale[from] = stale[from] || MUT != move_unmarked;
			told = loaded[from] && MUT != move_waits_untold
		:: else ->
			queue[from] = 0;
			mem[HOME] = to;
			update(to);
			target = (MUT == move_tells_old -> from : to);
			told = told && MUT != move_untold
		fi;
		mem[LOCK(from & to)] = 0
	}
#if MUT != distributor_unlocked
	mem[DIST] = 0;
#endif
	work(target);
	d_step { from = 0; target = 0 }
}

inline take_distributor()
{
#if MUT != distributor_unlocked
	take(DIST)
#else
	skip
#endif
}

/* A line or a message: hold_irq() with irq_lock(), then hold_pend(). */
proctype sender(byte t)
{
	bit home;
	bit told;
#if SENDS
	byte left = SENDS;
#endif

end_idle:
	atomic {
#if SENDS
		left > 0;
		left--;
#endif
		in_flight++;
		home = mem[HOME]
	}
again:
	take(LOCK(home));
	atomic {
		if
		:: mem[HOME] != home && MUT != home_unchecked ->
			mem[LOCK(home)] = 0;
			home = mem[HOME];
			if
			:: goto again
			:: skip
			fi
		:: else -> goto found
		fi
	}
	/* Too often: the Distributor's lock keeps it still. */
	take(DIST);
	home = mem[HOME];
	take(LOCK(home));
	mem[DIST] = 0;
found:
	atomic {
		if
		:: latch || (lr_latch && !loaded[home])
		:: resident && loaded[home] && !latch ->
			latch = 1;
			told = 1;
			stale[home] = 1
		:: else -> latch = 1; update(home)
		fi;
		mem[LOCK(home)] = 0
	}
	work(home);
	d_step { in_flight--; home = 0 }
	goto end_idle
}

/* IROUTER. */
proctype router(byte t)
{
	bit from;
	bit to;
	bit target;
	bit told;
#if ROUTES
	byte left = ROUTES;
#endif

end_idle:
	atomic {
#if ROUTES
		left > 0;
		left--;
#endif
		in_flight++;
		if
		:: to = 0
		:: to = 1
		fi
	}
	take_distributor();
	move();
	d_step { in_flight--; to = 0 }
	goto end_idle
}

/* Nothing would end the stay of either owner. */
inline at_rest(may_stay)
{
	d_step {
		may_stay && QUIET && !kick[0] && !kick[1] && !sem[0] && !sem[1];
		MUST(lost, !mem[NEW(0)] && !mem[NEW(1)] && !latch &&
		    lr_latch == resident);
		MUST(stray, mem[HOME] == mem[ROUTE])
	}
}

/* moving_place(): what left its register, to the queue or on its way. */
inline let_go(v)
{
	resident = 0;
	used[v] = 0;
	hw_pending[v] = 0;
	latch = latch || lr_latch;
	lr_latch = 0;
	if
	:: mem[ROUTE] == v -> queue[v] = latch
	:: else -> moving = 1
	fi
}

/* lrs_settle() */
inline settle(v)
{
	if
	:: stale[v] && used[v] ->
		latch = latch && !lr_latch;
		if
		:: mem[ROUTE] != v -> let_go(v)
		:: else
		fi
	:: else
	fi
}

/* ended_report(): nothing is locked. */
inline move_on(v)
{
	if
	:: moving && MUT != place_forgotten ->
		moving = 0;
		take_distributor();
		to = mem[ROUTE];
		move();
		to = 0
	:: else -> moving = 0
	fi
}

proctype owner(bit v)
{
	bit from;
	bit to;
	bit target;
	bit told;
	bit moving;
	bit awake;

flush:
	if
	:: loaded[v] && !mem[NEW(v)] -> goto enter
	:: !loaded[v] || mem[NEW(v)]
	fi;
	atomic {
		!mem[LOCK(v)];
		mem[NEW(v)] = 0;
		if
		:: loaded[v] -> settle(v)
		:: else
		fi;
		/* Rebuild. */
		if
		:: stale[v] && used[v] -> let_go(v)
		:: else
		fi;
		/* Top up. */
		if
		:: queue[v] ->
			queue[v] = 0;
			resident = 1;
			used[v] = 1;
			latch = 0;
			lr_latch = 1;
			hw_pending[v] = 1
		:: else
		fi;
		ONE_PLACE;
		stale[v] = 0;
		loaded[v] = 1;
		tell[v] = 1
	}
	move_on(v);

enter:
	atomic {
		if
		:: mem[NEW(v)] -> goto flush
		:: else
		fi;
		mem[STATE(v)] = GUEST;
		kick[v] = 0;
		in_flight--
	}
	do
	:: d_step { hw_pending[v] -> hw_pending[v] = 0 }
	:: at_rest(1)
	:: atomic { in_flight++; mem[STATE(v)] = HOST }; break
	od;

	/* sync */
	if
	:: loaded[v] && used[v] ->
		atomic {
			!mem[LOCK(v)];
			if
			:: !hw_pending[v] -> lr_latch = 0; let_go(v)
			:: else
			fi;
			settle(v);
			ONE_PLACE;
			loaded[v] = 0;
			tell[v] = 0
		}
		move_on(v)
	:: !loaded[v] || !used[v]
	fi;

host:
	if
	:: goto flush
	:: skip
	fi;

	/* block */
	atomic {
		!mem[LOCK(v)];
		mem[NEW(v)] = 0;
		if
		:: loaded[v] -> settle(v)
		:: else
		fi;
		loaded[v] = 0;
		if
		:: used[v] -> let_go(v)
		:: else
		fi;
		ONE_PLACE;
		tell[v] = MUT != route_tells_late;
		awake = queue[v]
	}
#if MUT == route_tells_late
	atomic { !mem[LOCK(v)]; tell[v] = 1 }
#endif
	move_on(v);
	if
	:: awake -> awake = 0; goto flush
	:: !awake
	fi;
	atomic {
		if
		:: mem[NEW(v)] -> goto host
		:: else
		fi;
		mem[STATE(v)] = BLOCKED;
		in_flight--
	}
	do
	:: at_rest(1)
	:: d_step { sem[v] = 0; in_flight++; mem[STATE(v)] = HOST }; break
	:: d_step { in_flight++; mem[STATE(v)] = HOST }; break
	od;
	goto host
}

init
{
	byte t;

	atomic {
		in_flight = 2;
		do
		:: t == THREADS -> break
		:: t < THREADS ->
			if
			:: t < 2 -> run owner(t)
			:: t >= 2 && t < ROUTER -> run sender(t)
			:: t >= ROUTER -> run router(t)
			fi;
			t++
		od;
		t = 0
	}
}
