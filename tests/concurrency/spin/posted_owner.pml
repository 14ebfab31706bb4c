/*
 * SPDX-FileCopyrightText: Copyright libvic contributors
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The owner of posted.pml, and the processor that it runs on.
 */

#define VECTOR_WATCHED (watch <= NPOST || watch >= DEVICE)

#define HANDLE(condition) \
	if \
	:: (condition) -> seen = seen | mem[MESSAGE] \
	:: else \
	fi

/* PIR into IRR, where a vector that is there already merges. */
inline drain_pir()
{
	if
	:: mem[PIR] -> out = out - irr; irr = 1
	:: else
	fi;
#if MUT == post_drain_plain
	if
	:: !waiting -> buf_cell[OWNER] = PIR; buf_value[OWNER] = 0
	:: else -> mem[PIR] = 0
	fi
#else
	mem[PIR] = 0
#endif
}

/* S1, S2. */
inline harvest()
{
#if MUT != post_on_late
	locked_store(OWNER, ON, 0);
#endif
	if
	:: LOAD(OWNER, PIR) -> d_step { EMPTY(OWNER); drain_pir() }
	:: !LOAD(OWNER, PIR)
	fi;
#if MUT == post_on_late
	locked_store(OWNER, ON, 0);
#endif
	honest()
}

inline honest()
{
	d_step { MUST(on_lies, !QUIET || mem[ON] || mem[SN] || !mem[PIR]) }
}

#define MUST_LOOK (mem[SN] && !mem[ON])

/* redirect(): L1 and L2, with ON as it is. */
inline redirect(vector)
{
#if MUT == load_looks_early
	look_at_pir = MUST_LOOK && LOAD(OWNER, PIR);
#elif MUT == load_stored
	look_at_pir = mem[ON];
#endif
	d_step {
		EMPTY(OWNER);
#if MUT == load_stored
		mem[ON] = look_at_pir;
#endif
#if MUT != load_looks_early
		look_at_pir = MUST_LOOK && MUT != load_skips_look;
#endif
		mem[SN] = mem[SN] && MUT == load_keeps_sn;
#if MUT != load_keeps_place
		mem[NDST] = place;
#endif
		mem[NV] = vector
	}
	/* A look and then ON: nobody else drains PIR meanwhile. */
	d_step {
		mem[ON] = mem[ON] ||
		    (look_at_pir && (mem[PIR] || MUT == load_looks_early));
		look_at_pir = 0
	}
}

inline list()
{
	d_step {
		EMPTY(OWNER);
		MUST(twice, !listed[0] && !listed[1]);
		listed[place] = MUT != block_unlisted
	}
}

/* pcpu_unlist() */
inline unlist()
{
	d_step { EMPTY(OWNER); listed[place] = 0 }
	redirect(NOTIFY)
}

/* What must be true when the owner waits and no sender is at work. */
inline at_rest(may_stay, asleep)
{
	d_step {
		may_stay && QUIET;
		MUST(lost, !mem[PIR] && !mem[ON] && !mem[NEW] && !mem[DATA] &&
		    !(asleep && irr));
		MUST(inexact, out == irr);
		MUST(unseen, seen || (irr && VECTOR_WATCHED))
	}
}

/* The look after the store of the state: go on, or `refuse`. */
#define LOOK(c, skips, refuse) \
	if \
	:: MUT != skips && LOAD(OWNER, c) -> goto refuse \
	:: MUT == skips || !LOAD(OWNER, c) \
	fi

proctype owner()
{
	bit irr;
	bit look_at_pir;

away:
	/* Preempted, or it goes where it likes. */
#if PREEMPT
	if
	:: locked_store(OWNER, SN, 1)
	:: skip
	fi;
	atomic {
		EMPTY(OWNER);
		if
		:: place = 0
		:: place = 1
		fi
	}
#endif
	redirect(NOTIFY);
	honest();

host:
progress_host:
	if
	:: goto enter
	:: goto scan
#if PREEMPT
	:: goto away
#endif
#if !POSTING
	:: d_step { irr -> irr = 0; out--; HANDLE(VECTOR_WATCHED) } goto host
#endif
	fi;

scan:
	if
	:: LOAD(OWNER, NEW) ->
		locked_store(OWNER, NEW, 0);
		d_step {
			EMPTY(OWNER);
			HANDLE(mem[DATA] && !VECTOR_WATCHED);
			mem[DATA] = 0
		}
	:: !LOAD(OWNER, NEW)
	fi;
	if
	:: LOAD(OWNER, ON) -> harvest()
	:: !LOAD(OWNER, ON)
	fi;
	if
	:: goto host
#if SLEEP
	:: !irr -> goto block
#endif
	fi;

enter:
#if MUT == post_enter_early
	if
	:: LOAD(OWNER, ON) -> harvest()
	:: !LOAD(OWNER, ON)
	fi;
#endif
	atomic {
		EMPTY(OWNER);
		/* HOST may have taken these; what it left is spurious. */
		if
		:: kick = 0; vectors[NOTIFY + 2 * place] = 0
		:: skip
		fi;
#if MUT == post_enter_no_barrier
		buf_cell[OWNER] = STATE; buf_value[OWNER] = GUEST
#else
		mem[STATE] = GUEST
#endif
	}
	LOOK(NEW, post_enter_skips_new, refuse_enter);
#if POSTING
	if
	:: LOAD(OWNER, ON) && MUT != post_enter_skips_on &&
	   MUT != post_enter_early -> harvest()
	:: !LOAD(OWNER, ON) || MUT == post_enter_skips_on ||
	   MUT == post_enter_early
	fi;
#else
	LOOK(ON, guest_enter_skips_on, refuse_enter);
#endif
	waiting = 1;
progress_guest:
	do
	:: waiting = 0; break
#if POSTING
	/* The processor's S1 and S2, and no exit between. */
	:: d_step {
		vectors[NOTIFY + 2 * place] ->
		vectors[NOTIFY + 2 * place] = 0; mem[ON] = 0
	   }
	   d_step { drain_pir() }
	:: d_step { irr -> irr = 0; out--; HANDLE(VECTOR_WATCHED) }
#endif
	:: at_rest(!kick && (!vectors[NOTIFY + 2 * place] ||
		MUT == exit_on_vector), 0)
	od;
refuse_enter:
	/* exit, unblock and refusals: no barrier */
	store(OWNER, STATE, HOST);
	goto host;

#if SLEEP
block:
	/* E1, B1, B2, E2 */
#if MUT == post_block_early
	LOOK(ON, 0, refuse_block);
	LOOK(NEW, 0, refuse_block);
#endif
#if MUT == post_block_plain
	store(OWNER, STATE, BLOCKED);
#elif MUT != state_after_look
	locked_store(OWNER, STATE, BLOCKED);
#endif
#if MUT == list_after_vector
	redirect(WAKEUP);
	list();
#else
#if MUT != list_after_look
	list();
#endif
#if MUT != block_keeps_vector && MUT != vector_after_look
	redirect(WAKEUP);
#endif
#endif
#if MUT != post_block_early
	LOOK(ON, post_block_skips_on, refuse_block);
	LOOK(NEW, post_block_skips_new, refuse_block);
#endif
#if MUT == vector_after_look
	redirect(WAKEUP);
#elif MUT == list_after_look
	list();
#elif MUT == state_after_look
	locked_store(OWNER, STATE, BLOCKED);
#endif
#if MUT == put_sleeper
	locked_store(OWNER, SN, 1);
#endif
	waiting = 1;
progress_asleep:
	do
	:: d_step { waiting = 0; sem = 0 }; break
	:: waiting = 0; break
	:: at_rest(!sem, 1)
	od;
	store(OWNER, STATE, HOST);
#if MUT == unblock_listed
	redirect(NOTIFY);
#elif MUT == unblock_keeps_vector
	d_step { EMPTY(OWNER); listed[place] = 0 }
#else
	unlist();
#endif
	goto host;
refuse_block:
	store(OWNER, STATE, HOST);
#if MUT == refusal_listed
	redirect(NOTIFY);
#elif MUT == refusal_keeps_vector
	d_step { EMPTY(OWNER); listed[place] = 0 }
#else
	unlist();
#endif
	goto scan
#endif
}
