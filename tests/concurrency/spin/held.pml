/*
 * SPDX-FileCopyrightText: Copyright libvic contributors
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Trigger modes while vectors are posted, src/ipi/inbox.h, for one vector of
 * one vCPU under x86-TSO: level and edge sources share it, and the owner turns
 * posting on.  scripts/spin.sh runs it.
 *
 * Memory is that of delivery.pml.  What ON, NEW and the run state need of it
 * is in posted.pml; here telling is one step, as are E1 and E2.
 *
 * A level source is a pin with a remote IRR: it posts, and its next post
 * waits for the report of an EOI of what was accepted from it.  Without
 * posting, as in a real APIC, an edge that is accepted with or after the
 * level takes that report away, and excuses it; but no edge whose post ended
 * before that of the level began.  When the guest waits, nothing that would
 * end its stay is latched and nobody is inside the library, all must be
 * settled: see at_rest.
 *
 * Properties, by the name that a failing run prints:
 *	lost		nothing is left behind while the guest waits
 *	unreported	the EOI of each level post is reported
 *	mirror		then a bit in the array of P1 says that the vector
 *			is level in TMR and in the EOI-exit bitmap
 */

/*
 * What the model shows beside the absence of errors:
 *
 * - A level post that finds the array changed after P2 may be delivered as
 *   an edge, and once more as the level that is held: only that EOI is
 *   reported (level_once).
 * - The locked accesses to the array that follow are the barrier that
 *   posting needs when it begins (activate_no_barrier).
 */

/* As in delivery.pml: mutants and limits must fail, variants must hold. */
#define new_after_held 1
/* mutant HP lost: scan clears NEW after it looked at HELD */
#define held_after_request 2
/* mutant HP lost: hold sets HELD and NEW before the bit in held */
#define held_request_late 3
/* mutant HP lost: the owner clears HELD after it took held */
#define looks_once 4
/* mutant HP unreported: a level post does not look again */
#define looks_early 5
/* mutant HP unreported: it looks again before it sets the PIR bit */
#define bit_before_tmr 6
/* variant HP: the owner sets the bit of P1 before TMR */
#define bit_kept 7
/* mutant HP unreported: it makes an edge and leaves the bit of P1 */
#define bit_late 8
/* mutant HP unreported: it clears the bit after it drained PIR */
#define relax_undrained 9
/* mutant HP unreported: it makes an edge without draining PIR */
#define relax_pending 10
/* mutant HP unreported: it makes an edge of what is in IRR */
#define exit_untold 11
/* mutant HP unreported: the EOI-exit bitmap is not loaded anew */
#define late_keeps_bit 12
/* variant HA: a late sender does not take its bit back */
#define late_untold 13
/* mutant HA unreported: a late sender does not look at posting */
#define activate_no_barrier 14
/* variant HA: posting begins by a plain store; the next one locks */
#define activate_early 15
/* mutant HA unreported: the array is taken over before */
#define activate_undrained 16
/* mutant HA lost: PIR is not drained when posting begins */
#define activate_by_array 19
/* mutant HA unreported: that drain takes the modes of the array alone */
#define level_once 17
/* limit HP unreported: a level post is reported when it is delivered */
#define posting_ends 18
/* variant HA: posting ends, too, and begins again */

#ifndef MUT
#define MUT 0
#elif MUT == 0
#error "unknown mutant"
#endif

/* Memory cells. */
#define NONE 0
#define POSTING 1
#define TRIGGER 2
#define EDGES 3
#define HELD 4
#define PIR 5
#define CELLS 6

#define OWNER 0
#define THREADS (1 + NLEVEL + NEDGE)

byte mem[CELLS];
byte buf_cell[THREADS];
byte buf_value[THREADS];

/* One step tells, so no buffer can be seen of these. */
bit on;
bit request_new;
bit request_held;
bit guest;			/* STATE: POSTED, or GUEST without posting */
bit kick;
bit notification;

bit tmr;
bit irr;
bit isr;
bit exits;			/* in the EOI-exit bitmap */

/* What the checker knows and the protocol does not. */
byte in_flight;
byte edges;			/* of them, of edge posts */
bit outstanding[THREADS];	/* remote IRR */
bit in_pir[THREADS];
bit in_held[THREADS];
bit busy[THREADS];		/* its post is under way */
bit meets[THREADS];		/* ... with an edge post at the same time */
bit accepted[THREADS];
bit ended[THREADS];		/* EOI came after it was accepted */
bit excused[THREADS];
bit fresh[THREADS];		/* an edge post came or ended since its start */

bit lost;
bit unreported;
bit mirror;

#define MUST(name, condition) \
	if \
	:: (condition) \
	:: else -> name = 1; assert(!name) \
	fi

#define EMPTY(t) (buf_cell[t] == NONE)
#define LOAD(t, c) (buf_cell[t] == (c) -> buf_value[t] : mem[c])
#define QUIET (in_flight == 0 && EMPTY(0) && EMPTY(1) && EMPTY(THREADS - 1))
/* Level sources are 1 to NLEVEL, at most two. */
#define FIRST 1
#define LAST NLEVEL

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

/* H1, H2 */
inline hold(t)
{
#if MUT == held_after_request
	ask();
#endif
	d_step { EMPTY(t); merged = mem[HELD]; mem[HELD] = 1; in_held[t] = 1 }
#if MUT != held_after_request
	if
	:: !merged -> ask()
	:: merged
	fi;
#endif
	merged = 0
}

inline ask()
{
	d_step {
		kick = kick || (guest && !request_new);
		request_held = 1;
		request_new = 1
	}
}

/* P2 */
inline pend_bit(t)
{
	d_step {
		EMPTY(t); merged = mem[PIR]; mem[PIR] = 1; in_pir[t] = level
	}
}

/* P3 and P4 */
inline pend_tell()
{
	if
	:: !merged ->
		d_step {
			if
			:: !on && guest && mem[POSTING] -> notification = 1
			:: !on && guest && !mem[POSTING] -> kick = 1
			:: else
			fi; on = 1
		}
	:: merged -> merged = 0
	fi
}

/* inbox_post_level() with P5. */
inline post_level(t)
{
#if MUT == looks_early
	missing = !LOAD(t, TRIGGER);
	pend_bit(t);
#else
	pend_bit(t);
	missing = !LOAD(t, TRIGGER) && MUT != looks_once;
#endif
	pend_tell();
	if
	:: missing -> missing = 0; hold(t)
	:: !missing
	fi
}

#if SENDS
#define MAY_BEGIN(t) (EMPTY(t) && left > 0)
#else
#define MAY_BEGIN(t) EMPTY(t)
#endif

/* inbox_post(): of a level source, or of an edge source. */
proctype source(byte t; bit level)
{
	bit merged;
	bit missing;
	bit unposted;		/* it found no posting */
#if SENDS
	byte left = SENDS;
#endif

end_idle:
	atomic {
		MAY_BEGIN(t) && (!level || !outstanding[t] || excused[t]);
#if SENDS
		left--;
#endif
		in_flight++;
		if
		:: level ->
			outstanding[t] = 1;
			in_pir[t] = 0; in_held[t] = 0; accepted[t] = 0;
			ended[t] = 0;
			excused[t] = 0;
			busy[t] = 1;
			meets[t] = edges > 0;
			fresh[t] = edges > 0
		:: else ->
			edges++;
			fresh[FIRST] = 1; meets[FIRST] = busy[FIRST];
			fresh[LAST] = 1; meets[LAST] = busy[LAST]
		fi
	}
	if
	:: LOAD(t, TRIGGER) == level -> goto in_order
	:: LOAD(t, TRIGGER) != level
	fi;
	/* inbox_post_corrected() */
	if
	:: mem[POSTING] -> goto other_mode
	:: !mem[POSTING]
	fi;
	locked_store(t, TRIGGER, level);
	if
	:: !mem[POSTING] || MUT == late_untold -> unposted = 1; goto in_order
	:: mem[POSTING] && MUT != late_untold
	fi;
	if
	:: level && MUT != late_keeps_bit -> locked_store(t, TRIGGER, 0)
	:: !level || MUT == late_keeps_bit
	fi;
other_mode:
	if
	:: level -> hold(t)
	:: !level -> locked_store(t, EDGES, 1); pend_bit(t); pend_tell()
	fi;
	goto done;
in_order:
	unposted = unposted || !mem[POSTING];
	if
	:: level -> post_level(t)
	:: !level -> pend_bit(t); pend_tell()
	fi;
done:
	atomic {
		in_flight--;
		edges = edges - !level;
		/* Then either mode is right for posts that overlap. */
		excused[t] = excused[t] || (unposted && meets[t]);
		unposted = 0; busy[t] = 0; meets[t] = 0
	}
	goto end_idle
}

/* A level post was taken from where `in` says; FIRST may be LAST. */
#define ACCEPT_FROM(in) \
	accepted[FIRST] = accepted[FIRST] | in[FIRST]; in[FIRST] = 0; \
	accepted[LAST] = accepted[LAST] | in[LAST]; in[LAST] = 0

inline excuse(t)
{
	excused[t] = excused[t] | (accepted[t] & fresh[t])
}

/* Into IRR, in that mode; an edge ends the level's claim. */
inline accept(mode)
{
	irr = 1;
	tmr = mode;
	if
	:: !tmr -> excuse(FIRST); excuse(LAST)
	:: else
	fi
}

/* S1, S2 */
inline drain_pir()
{
	on = 0;
	d_step {
		EMPTY(OWNER);
		bits = mem[PIR];
		mem[PIR] = 0;
		ACCEPT_FROM(in_pir);
		irr = irr | (bits & mem[POSTING]);
		bits = bits & !mem[POSTING]
	}
#if ACTIVATE
	if
	:: bits -> d_step { accept(mem[TRIGGER]); bits = 0 }
	:: !bits
	fi
#endif
}

/* R1, R2 */
inline take_held()
{
#if MUT != held_request_late
	request_held = 0;
#endif
	d_step {
		EMPTY(OWNER);
		held = mem[HELD];
		mem[HELD] = 0;
		taken[FIRST] = in_held[FIRST]; in_held[FIRST] = 0;
		taken[LAST] = taken[LAST] | in_held[LAST]; in_held[LAST] = 0
	}
#if MUT == held_request_late
	request_held = 0;
#endif
	if
	:: held ->
#if MUT == bit_before_tmr
		locked_store(OWNER, TRIGGER, 1);
#endif
		d_step { ACCEPT_FROM(taken); accept(1) }
#if MUT != bit_before_tmr
		locked_store(OWNER, TRIGGER, 1);
#endif
		held = 0
	:: !held
	fi
}

/* inbox_set_modes() to TMR; what it was. */
inline swap_modes()
{
	locked_store(OWNER, EDGES, 0);
	d_step { EMPTY(OWNER); look = mem[TRIGGER]; mem[TRIGGER] = tmr }
}

inline deliver(posted)
{
	d_step { mem[POSTING] == posted && irr && !isr -> irr = 0; isr = 1 }
}

/* EOI, and its report if it exits. */
inline end_of_interrupt(posted, reports)
{
	d_step {
		mem[POSTING] == posted && isr ->
		isr = 0;
#if MUT == level_once
		MUST(unreported, (reports) || !outstanding[FIRST] ||
		    !accepted[FIRST] || excused[FIRST]);
#endif
		ended[FIRST] = ended[FIRST] | accepted[FIRST];
		ended[LAST] = ended[LAST] | accepted[LAST]
	}
}

inline report()
{
	d_step {
		outstanding[FIRST] = outstanding[FIRST] && !ended[FIRST];
		outstanding[LAST] = outstanding[LAST] && !ended[LAST]
	}
}

/* relax_mode(): edges that came make it an edge, unless it is pending. */
inline relax()
{
	d_step { EMPTY(OWNER); held = mem[EDGES]; mem[EDGES] = 0 }
#if MUT != bit_kept && MUT != bit_late
	if
	:: held -> locked_store(OWNER, TRIGGER, 0)
	:: !held
	fi;
#endif
	if
	:: held || !LOAD(OWNER, TRIGGER) ->
#if MUT != relax_undrained
		drain_pir();
#endif
#if MUT == bit_late
		locked_store(OWNER, TRIGGER, 0);
#endif
		if
		:: irr && MUT != relax_pending ->
			locked_store(OWNER, TRIGGER, 1)
		:: !irr || MUT == relax_pending -> tmr = 0
		fi
	:: !held && LOAD(OWNER, TRIGGER)
	fi;
	held = 0
}

#define SETTLED(t) (!outstanding[t] || excused[t] || irr || isr)

inline at_rest()
{
	d_step {
		!kick && !notification && QUIET;
		MUST(lost, !mem[PIR] && !mem[HELD] && !on && !request_new &&
		    !request_held);
		MUST(unreported, SETTLED(FIRST) && SETTLED(LAST));
		MUST(mirror, !mem[POSTING] || !mem[TRIGGER] || (tmr && exits))
	}
}

proctype owner()
{
	bit bits;
	bit held;
	bit look;
	bit taken[THREADS];

host:
	if
	:: goto scan
	:: goto enter
#if ACTIVATE
	:: !mem[POSTING] -> goto activate
	:: mem[POSTING] && MUT == posting_ends ->
		locked_store(OWNER, POSTING, 0); goto host
	:: deliver(0); goto host
	:: end_of_interrupt(0, tmr);
		if
		:: tmr -> report()
		:: !tmr
		fi;
		goto host
#endif
	fi;

scan:
#if MUT != new_after_held
	request_new = 0;
#endif
	if
	:: on || request_held -> drain_pir()
	:: !on && !request_held
	fi;
	if
	:: request_held -> take_held()
	:: !request_held
	fi;
#if MUT == new_after_held
	request_new = 0;
#endif
	goto host;

#if ACTIVATE
activate:
	/* lapic_harvest(), begin_posting() */
	drain_pir();
#if MUT == activate_early
	swap_modes();
#endif
#if MUT == activate_no_barrier
	store(OWNER, POSTING, 1);
#else
	locked_store(OWNER, POSTING, 1);
#endif
#if MUT != activate_early
	swap_modes();
#endif
	on = 0;
#if MUT != activate_undrained
	d_step {
		EMPTY(OWNER);
		bits = mem[PIR];
		mem[PIR] = 0;
		ACCEPT_FROM(in_pir);
		if
		:: bits -> accept((look | (tmr & MUT != activate_by_array)))
		:: else
		fi;
		bits = 0
	}
	d_step { EMPTY(OWNER); mem[EDGES] = 0; mem[TRIGGER] = tmr; look = 0 }
#endif
	goto host;
#endif

enter:
	atomic {
		if
		:: request_new -> goto scan
		:: !request_new && on && !mem[POSTING] -> goto scan
		:: else
		fi;
		guest = 1;
		kick = 0;
		notification = 0;
#if MUT == exit_untold
		exits = exits | !mem[POSTING]
#else
		exits = tmr
#endif
	}
	if
	:: on && mem[POSTING] -> drain_pir()
	:: !on || !mem[POSTING]
	fi;
	do
	:: break
	:: mem[POSTING] && notification -> notification = 0; drain_pir()
	:: deliver(1)
	:: end_of_interrupt(1, exits && tmr);
		if
		:: exits -> goto eoi_exit
		:: !exits
		fi
	:: at_rest()
	od;
	guest = 0;
	goto host;

eoi_exit:
	guest = 0;
	look = tmr;
	if
	:: tmr -> relax()
	:: !tmr
	fi;
	if
	:: look -> report()
	:: !look
	fi;
	look = 0;
	goto host
}

init
{
	byte t;

	atomic {
		mem[POSTING] = !ACTIVATE;
		mem[TRIGGER] = 1;
		tmr = 1;
		run owner();
		do
		:: t == THREADS -> break
		:: t < THREADS ->
			run drain(t);
			if
			:: t > OWNER && t <= NLEVEL -> run source(t, 1)
			:: t > NLEVEL -> run source(t, 0)
			:: t == OWNER
			fi;
			t++
		od;
		t = 0
	}
}
