/*
 * SPDX-FileCopyrightText: Copyright libvic contributors
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The owner of delivery.pml: scan, take, enter and exit, block and unblock.
 */

#define HANDLE(stream) \
	if \
	:: watch == (stream) -> seen = seen | mem[MESSAGE] \
	:: else \
	fi

inline clear(c, plain)
{
#if MUT
	if
	:: MUT == plain -> store(OWNER, c, 0)
	:: MUT != plain -> locked_store(OWNER, c, 0)
	fi
#else
	locked_store(OWNER, c, 0)
#endif
}

#if TRIGGERS
/* The trigger must belong to a post behind the bit, or to one under way. */
inline check_trigger(v)
{
	if
	:: got & (1 << v) ->
		allowed[v] = allowed[v] | behind[v];
		if
		:: target[1] == v -> allowed[v] = allowed[v] | own[1]
		:: else
		fi;
		if
		:: target[NPOST] == v -> allowed[v] = allowed[v] | own[NPOST]
		:: else
		fi;
		MUST(wrong_trigger, allowed[v] & (1 + ((word >> v) & 1)));
		allowed[v] = 0
	:: else
	fi
}

inline copy_triggers()
{
	d_step {
#if MUT != trigger_early
		word = mem[TRIGGER];
#endif
		check_trigger(0);
#if NVEC > 1
		check_trigger(1);
#endif
		word = 0
	}
}
#endif

/* A newly pending post whose vector IRR holds already merges into it. */
inline move_to_irr(v)
{
	if
	:: got & (1 << v) ->
#if MUT != irr_merges
		out[v] = out[v] - ((irr >> v) & 1);
#endif
		irr = irr | (1 << v);
#if TRIGGERS
		allowed[v] = behind[v];
		behind[v] = 0
#endif
	:: else
	fi
}

/* Exchange a word of PIR, OR it into IRR, copy the triggers to TMR. */
inline harvest(w)
{
#if TRIGGERS && MUT == trigger_early
	word = mem[TRIGGER];
#endif
	d_step {
		EMPTY(OWNER);
		got = mem[PIR + w];
#if MUT == drain_plain
		buf_cell[OWNER] = PIR + w; buf_value[OWNER] = 0;
#else
		mem[PIR + w] = 0;
#endif
		move_to_irr(0);
#if NVEC > 1
		move_to_irr(1);
#endif
#if !TRIGGERS
		got = 0
#endif
	}
#if TRIGGERS
	copy_triggers();
	got = 0
#endif
}

#if NVEC > 1
#define PIR_EMPTY (!mem[PIR] && !mem[PIR + WORDS - 1])
#define ALL_OUT (out[0] == (irr & 1) && out[1] == (irr >> 1))
#else
#define PIR_EMPTY !mem[PIR]
#define ALL_OUT (out[0] == irr)
#endif
#define PENDING(w) (w < NVEC -> (irr >> w) & 1 : known & \
	(w == STREAM(NMI) -> NMIS : w - NVEC))

/* What must be true when the owner waits and no sender is at work. */
inline at_rest(may_stay, asleep)
{
	d_step {
		may_stay && QUIET;
		MUST(lost, PIR_EMPTY && !mem[ON] && !mem[NEW] &&
		    mem[DATA] == known && !(asleep && (irr || known)));
		MUST(inexact, ALL_OUT && requests_out == REQUESTS(known));
		MUST(unseen, seen || PENDING(watch));
		MUST(disorder, (known & (INIT | SIPI)) ||
		    last_done == last_sent)
	}
}

/*
 * An acknowledgement is a CAS that takes its bits from DATA and nothing else;
 * it gives back the rest, which may have changed since the scan.
 */
inline acknowledge(taken_bits)
{
#if MUT == ack_stored
	known = mem[DATA] - taken_bits;
	buf_cell[OWNER] = DATA; buf_value[OWNER] = known;
#elif MUT == ack_takes_new
	mem[NEW] = 0;
	mem[DATA] = mem[DATA] - taken_bits;
	known = known - taken_bits;
#else
	mem[DATA] = mem[DATA] - taken_bits;
	known = mem[DATA];
#endif
	requests_out--
}

/* inbox_requests_again() after what a scan takes itself. */
inline take_local()
{
	d_step {
		EMPTY(OWNER);
		acknowledge(LOCAL);
		HANDLE(STREAM(LOCAL))
	}
	d_step {
		known = LOAD(OWNER, DATA);
		again = LOAD(OWNER, NEW) && MUT != again_refused &&
		    (!(known & LOCAL) || MUT == again_blind)
	}
	d_step {
		EMPTY(OWNER);
		if
		:: again && MUT == again_stale -> mem[NEW] = 0
		:: again && MUT != again_stale ->
			mem[NEW] = mem[NEW] && known != mem[DATA];
			known = mem[DATA]
		:: else
		fi;
		again = 0;
		/* It takes none of these twice. */
		known = known & ~LOCAL
	}
}

/* The look after the store of GUEST or BLOCKED: go on, or `refuse`. */
#define LOOK(c, skips, refuse) \
	if \
	:: MUT != skips && LOAD(OWNER, c) -> goto refuse \
	:: MUT == skips || !LOAD(OWNER, c) \
	fi
#if NREQ
#define LOOK_AGAIN(skips_on, skips_new, refuse) \
	LOOK(ON, skips_on, refuse); LOOK(NEW, skips_new, refuse)
#else
#define LOOK_AGAIN(skips_on, skips_new, refuse) LOOK(ON, skips_on, refuse)
#endif

proctype owner()
{
	byte irr;
	byte known;		/* request data as last read */
	byte refused;		/* in a row */
	bit armed;		/* immediate exit */
	byte w;
	byte got;
#if DISCARD
	bit reset;
#else
#define reset 0
#endif
#if MUT == new_after_data
	byte data;
#endif
#if KINDS & LOCAL
	bit again;
#endif
#if TRIGGERS
	byte word;
	byte allowed[NVEC];
#endif

round:
	/* Scan: requests first. */
#if NREQ
	if
	:: LOAD(OWNER, NEW) ->
#if MUT == new_after_data
		data = LOAD(OWNER, DATA);
		clear(NEW, new_plain);
		known = data; data = 0
#else
		clear(NEW, new_plain);
		known = LOAD(OWNER, DATA)
#endif
	:: !LOAD(OWNER, NEW)
	fi;
#endif
#if KINDS & LOCAL
	if
	:: known & LOCAL -> take_local()
	:: !(known & LOCAL)
	fi;
#endif
vectors:
	if
	:: LOAD(OWNER, ON) ->
#if MUT == on_after_drain
		skip;
#elif MUT == init_on_late
		if
		:: reset
		:: !reset -> clear(ON, on_plain)
		fi;
#else
		clear(ON, on_plain);
#endif
		do
		:: w < WORDS && LOAD(OWNER, PIR + w) -> harvest(w); w++
		:: w < WORDS && !LOAD(OWNER, PIR + w) -> w++
		:: w == WORDS -> w = 0; break
		od;
#if MUT == on_after_drain
		clear(ON, on_plain);
#elif MUT == init_on_late
		if
		:: reset -> clear(ON, on_plain)
		:: !reset
		fi;
#endif
	:: !LOAD(OWNER, ON)
	fi;
	atomic {
		MUST(on_lies, !QUIET || mem[ON] || PIR_EMPTY);
#if DISCARD
		if
		:: reset ->
			out[0] = out[0] - (irr & 1);
			if
			:: (irr & 1) && watch == 0 -> seen = seen | mem[MESSAGE]
			:: else
			fi;
			irr = 0; reset = 0
		:: else
		fi
#endif
	}

take:
	if
	:: d_step {
		(known & INIT) && EMPTY(OWNER) ->
		acknowledge(INIT);
		last_done = INIT;
		HANDLE(STREAM(INIT))
	   }
#if DISCARD
	   reset = 1; goto vectors
#endif
#if MUT == ack_late
	:: (known & SIPI) && !(known & INIT) -> HANDLE(STREAM(SIPI));
#else
	:: (known & SIPI) && !(known & INIT) ->
#endif
	   d_step {
		EMPTY(OWNER);
		if
		:: (mem[DATA] & (INIT | SIPI)) == SIPI || MUT == ack_blind ->
			acknowledge((mem[DATA] & SIPI));
			last_done = SIPI;
#if MUT != ack_late
			HANDLE(STREAM(SIPI))
#endif
		:: else -> known = mem[DATA]	/* INIT took it first */
		fi
	   }
	:: d_step {
		(known & NMIS) && EMPTY(OWNER) ->
		acknowledge(1);
		HANDLE(STREAM(NMI))
	   }
	:: d_step { (irr & 1) -> irr = irr & ~1; out[0]--; HANDLE(0) }
#if NVEC > 1
	:: d_step { (irr & 2) -> irr = irr & ~2; out[1]--; HANDLE(1) }
#endif
#if SELF
	:: calling = 1; !calling
#endif
	:: skip
	fi;

	if
	:: goto enter
#if !LIVE
	:: goto take
	:: (!irr || MUT == block_skips_irr) &&
	   (!known || MUT == block_skips_data) -> goto block
#endif
	fi;

enter:
#if MUT == enter_looks_early
	LOOK_AGAIN(0, 0, refuse_enter);
#endif
	atomic {
		EMPTY(OWNER);
		/* HOST may have taken a kick; one that it kept is spurious. */
		if
		:: kick = 0
		:: skip
		fi;
#if MUT == enter_no_barrier
		buf_cell[OWNER] = STATE; buf_value[OWNER] = GUEST
#else
		mem[STATE] = GUEST
#endif
	}
#if MUT != enter_looks_early
	LOOK_AGAIN(enter_skips_on, enter_skips_new, refuse_enter);
#endif
	goto guest;
refuse_enter:
	if
	:: refused < REFUSALS || MUT == enter_unbounded ->
		refused = refused + (MUT != enter_unbounded);
		goto leave
	:: else -> armed = 1
	fi;
guest:
	waiting = 1;
progress_guest:
	do
	:: d_step { waiting = 0; armed = 0; refused = 0 }; break
	:: at_rest(!kick && !armed, 0)
	od;
leave:
	/* exit, unblock and refusals: no barrier */
	store(OWNER, STATE, HOST);
	goto round;

block:
#if MUT == block_looks_early
	LOOK_AGAIN(0, 0, leave);
#endif
#if MUT == block_no_barrier
	store(OWNER, STATE, BLOCKED);
#else
	locked_store(OWNER, STATE, BLOCKED);
#endif
#if MUT != block_looks_early
	LOOK_AGAIN(block_skips_on, block_skips_new, leave);
#endif
	waiting = 1;
	do
	:: d_step { waiting = 0; refused = 0; sem = 0 }; break
	:: d_step { waiting = 0; refused = 0 }; break
	:: at_rest(!sem, 1)
	od;
	goto leave
}
