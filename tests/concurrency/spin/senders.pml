/*
 * SPDX-FileCopyrightText: Copyright libvic contributors
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The senders of delivery.pml: post a vector, make a request.
 */


inline begin(t, stream)
{
	in_flight++;
#if SENDS
	left--;
#endif
	if
	:: stream == watch && (t == 1 || t == REQUESTER) ->
		seen = 0;
		mem[MESSAGE] = 0;
		buf_cell[t] = MESSAGE; buf_value[t] = 1
	:: else
	fi
}

#if SENDS
#define MAY_BEGIN(t) (EMPTY(t) && left > 0)
#else
#define MAY_BEGIN(t) EMPTY(t)
#endif

/* T3.  The load and the embedder's call are two steps. */
inline look(t, done)
{
	atomic {
		state = LOAD(t, STATE);
		if
		:: state == HOST -> in_flight--; goto done
		:: else
		fi
	}
}

inline signal()
{
	d_step {
		if
		:: state == GUEST && (MUT != kick_not_latched || waiting) ->
			kick = 1
		:: state == BLOCKED && (MUT != wake_not_latched || waiting) ->
			sem = 1
		:: else
		fi;
		state = HOST;
		in_flight--
	}
}

#if TRIGGERS
inline meet(t, o)
{
	if
	:: t != o && own[o] && target[o] == v ->
		met[o] = met[o] | own[t];
		met[t] = met[t] | own[o]
	:: else
	fi
}

inline choose_trigger(t)
{
	if
	:: own[t] = EDGE
	:: own[t] = LEVEL
	fi;
	target[t] = v;
	level = (own[t] == LEVEL);
	meet(t, 1);
	meet(t, NPOST)
}

/* T0.  The trigger array is one word. */
inline correct_trigger(t)
{
	word = LOAD(t, TRIGGER);
	if
	:: ((word >> v) & 1) == level -> word = 0
	:: else ->
		d_step {
			EMPTY(t);
#if MUT == trigger_plain
			buf_cell[t] = TRIGGER; buf_value[t] = word ^ (1 << v);
#else
			mem[TRIGGER] = mem[TRIGGER] & ~(1 << v);
			mem[TRIGGER] = mem[TRIGGER] | (level << v);
#endif
			word = 0
		}
	fi
}

inline reach_pir(t)
{
	behind[v] = behind[v] | own[t];
#if MUT != trigger_exact
	behind[v] = behind[v] | met[t];
#endif
	own[t] = 0; met[t] = 0; target[t] = 0
}
#else
inline reach_pir(t)
{
	skip
}
#endif

proctype poster(byte t)
{
	byte v;
	byte state;
#if SENDS
	byte left = SENDS;
#endif
#if TRIGGERS
	byte word;
	bit level;
#endif
#if MUT == on_before_pir
	bit edge;
#endif

end_idle:
	atomic {
		v = 0;
#if SELF
		if
		:: t == OWNER -> calling = 0; calling
		:: t != OWNER -> MAY_BEGIN(t)
		fi;
#else
		MAY_BEGIN(t);
#endif
#if NVEC > 1
		if
		:: v = 0
		:: v = 1
		fi;
#endif
		begin(t, v);
#if TRIGGERS
		choose_trigger(t)
#endif
	}
#if TRIGGERS && MUT != trigger_after_pir
	correct_trigger(t);
#endif
#if MUT == pir_plain
	atomic {
		if
		:: LOAD(t, WORD(v)) & (1 << v) -> in_flight--; goto end_idle
		:: else
		fi
	}
#endif
#if MUT == on_before_pir
	d_step { EMPTY(t); edge = !mem[ON]; mem[ON] = 1 }
#endif
	/* T1 */
#if MUT == pir_stored
	atomic {
		reach_pir(t);
		if
		:: LOAD(t, WORD(v)) & (1 << v) -> in_flight--; goto end_idle
		:: else
		fi
	}
	out[v]++;
	store(t, WORD(v), mem[WORD(v)] | (1 << v));
#else
	atomic {
		EMPTY(t);
		reach_pir(t);
		if
		:: mem[WORD(v)] & (1 << v) ->
#if MUT != on_before_pir
			in_flight--; goto end_idle
#endif
		:: else ->
			out[v]++;
			mem[WORD(v)] = mem[WORD(v)] | (1 << v)
		fi
	}
#endif
#if TRIGGERS && MUT == trigger_after_pir
	correct_trigger(t);
#endif
#if MUT == state_before_on
	state = LOAD(t, STATE);
#endif
	/* T2 */
#if MUT == on_before_pir
	atomic {
		if
		:: !edge -> in_flight--; goto end_idle
		:: else -> edge = 0
		fi
	}
#else
#if MUT == on_tested_first || MUT == on_stored
	atomic {
		if
		:: LOAD(t, ON) -> in_flight--; goto end_idle
		:: else
		fi
	}
#endif
#if MUT == on_stored
	store(t, ON, 1);
#else
	atomic {
		EMPTY(t);
		if
		:: mem[ON] -> state = HOST; in_flight--; goto end_idle
		:: else -> mem[ON] = 1
		fi
	}
#endif
#endif
#if MUT != state_before_on
	look(t, end_idle);
#endif
	signal();
	goto end_idle
}

#if NREQ
/* What a request makes of data; same as before: it is merged. */
#define AFTER_NMI(d) (((d) & NMIS) < 2 -> (d) + 1 : (d))
#define AFTER_INIT(d) (((d) | INIT) & ~SIPI)
#define AFTER_SIPI(d) ((d) | SIPI)
#define AFTER(w, d) (w == NMI -> AFTER_NMI(d) : \
	(w == INIT -> AFTER_INIT(d) : \
	(w == SIPI -> AFTER_SIPI(d) : (d) | LOCAL)))

inline account()
{
	if
	:: what != INIT -> requests_out++
	:: else ->
		/* A SIPI that INIT clears, and its message, are void. */
		if
		:: (mem[DATA] & SIPI) && watch == STREAM(SIPI) -> seen = 1
		:: else
		fi;
		requests_out = requests_out + REQUESTS(INIT) -
		    REQUESTS(mem[DATA] & (INIT | SIPI))
	fi;
	if
	:: what == INIT || what == SIPI -> last_sent = what
	:: else
	fi
}

proctype requester(byte t)
{
	byte what;
	byte state;
	bit edge;
#if SENDS
	byte left = SENDS;
#endif

end_idle:
	atomic {
		what = 0;
		edge = 0;
		state = HOST;
		MAY_BEGIN(t);
		if
		:: (KINDS & NMI) -> what = NMI
		:: (KINDS & INIT) -> what = INIT
		:: (KINDS & SIPI) -> what = SIPI
		:: (KINDS & LOCAL) -> what = LOCAL
		fi;
		begin(t, STREAM(what))
	}
#if MUT == request_plain
	atomic {
		if
		:: LOAD(t, DATA) == AFTER(what, LOAD(t, DATA)) ->
			in_flight--; goto end_idle
		:: else
		fi
	}
#endif
#if MUT == request_early
	state = LOAD(t, STATE);
#endif
#if MUT == new_before_data
	d_step { EMPTY(t); edge = !mem[NEW]; mem[NEW] = 1 }
#endif
	/* The CAS loop, as its last turn: a failed CAS changes nothing. */
	atomic {
		EMPTY(t);
		if
		:: mem[DATA] == AFTER(what, mem[DATA]) ->
#if MUT != new_before_data
			in_flight--; goto end_idle
#endif
		:: else ->
			account();
#if MUT == request_edge
			edge = !mem[DATA];
#elif MUT != new_before_data
			edge = !mem[NEW];
#endif
			mem[DATA] = AFTER(what, mem[DATA])
		fi;
#if MUT == data_before_new || MUT == new_stored
	}
	atomic {
		EMPTY(t); edge = !mem[NEW];
#endif
#if MUT == new_stored
		buf_cell[t] = NEW; buf_value[t] = 1;
#else
		mem[NEW] = 1;
#endif
		if
		:: !edge -> in_flight--; goto end_idle
		:: else
		fi
	}
#if MUT != request_early
	look(t, end_idle);
#endif
	signal();
	goto end_idle
}
#endif
