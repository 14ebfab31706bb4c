/*
 * SPDX-FileCopyrightText: Copyright libvic contributors
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The other threads of gic.pml: senders, a writer and a reader of registers.
 */

/* inbox_work(); the load of the state and the call are two steps. */
inline work(t)
{
	do
#if MUT == new_before_lock || MUT == new_tested_first
	:: atomic {
		if
#if MUT == new_before_lock
		:: early -> early = 0; in_flight--; break
#else
		:: LOAD(t, NEW) -> in_flight--; break
#endif
		:: else
		fi
	   }
#else
	:: skip;
#endif
#if MUT == state_before_new
	   state = mem[STATE];
#endif
#if MUT == gic_new_stored
	   fifo[t] ! NEW, 1;
#else
	   atomic {
		EMPTY(t);
		if
		:: mem[NEW] -> state = HOST; in_flight--; break
		:: else -> mem[NEW] = 1
		fi
	   }
#endif
	   atomic {
#if MUT != state_before_new
		state = mem[STATE];
#endif
		if
		:: state == HOST -> in_flight--; break
		:: else
		fi
	   }
	   d_step {
		if
		:: state == GUEST -> kick = 1
		:: state == BLOCKED -> sem = 1
		fi;
		state = HOST;
		in_flight--
	   }
	   break
	od
}

/* hold_update(): state s for interrupt i, under the lock. */
inline update(t, i)
{
	old = mem[IRQ + i];
	if
	:: (s & (RESIDENT | ACTIVE)) == RESIDENT && !loaded ->
		s = s & ~RESIDENT;
		if
		:: s & LR_LATCH -> s = (s & ~LR_LATCH) | LATCH
		:: else
		fi;
		hw_pending = hw_pending & ~(1 << i);
		stale = 1
	:: else
	fi;
	place(s);
	changed = changed || ((s ^ old) & QUEUED);
	told = told || ((s & ~old & QUEUED) && tell);
	if
	:: s & RESIDENT ->
		told = told || loaded;
		stale = stale || (s & ENABLED) || MUT != disable_unmarked
	:: else
	fi;
	fifo[t] ! IRQ + i, s;
	s = 0;
	old = 0
}

#if NSEND
/* hold_pend() */
inline pend(t, i)
{
	s = mem[IRQ + i];
	if
	:: (s & LATCH) || ((s & LR_LATCH) && !loaded)
	:: else ->
		out[i]++;
		s = s | LATCH;
		if
		:: (s & RESIDENT) && loaded ->
			told = 1;
			stale = (MUT != pend_unmarked || stale);
			fifo[t] ! IRQ + i, s
		:: else -> update(t, i)
		fi
	fi;
	s = 0;
	drop_lock(t)
}

proctype sender(byte t)
{
	byte s;
	byte old;
	byte state;
	bit told;
#if MUT == new_before_lock
	bit early;
#endif

end_idle:
#if MUT == new_before_lock
	early = mem[NEW];
#endif
	call_lock(t);
#if NIRQ > 1
	if
	:: d_step { pend(t, 0) }
	:: d_step { pend(t, 1) }
	fi;
#else
	d_step { pend(t, 0) };
#endif
	atomic {
		if
		:: !told -> in_flight--; goto end_idle
		:: else -> told = 0
		fi
	}
	work(t);
	goto end_idle
}
#endif

#if NWRITE
inline rwp_begin(t)
{
	rwp = 1;
	fifo[t] ! RWP, 1
}

/* GICD_CTLR changes first, then each vCPU is asked. */
inline forward(t, on)
{
#if GROUP && MUT != forward_late
	d_step {
		nfull(fifo[t]);
		in_flight++;
		off = 0;
		fifo[t] ! FORWARD, on
	}
	take_lock(t)
#else
	call_lock(t)
#endif
}

/* ISENABLER and ICENABLER of interrupt 0, or GICD_CTLR. */
proctype writer(byte t)
{
	byte s;
	byte old;
	byte state;
	bit told;
	bit late;
#if MUT == new_before_lock
	bit early;
#endif

end_off:
	forward(t, 0);
	d_step {
#if GROUP
		stale = 1;
		tell = listens && mem[FORWARD];
		if
		:: loaded && (ANY(RESIDENT) || MUT == group_rwp_empty) ->
			rwp_begin(t);
			told = 1
		:: else
		fi;
#else
		s = mem[IRQ] & ~ENABLED;
#if MUT == rwp_set_late
		late = (s & RESIDENT) && loaded;
#elif MUT != rwp_not_set
		if
		:: (s & RESIDENT) && loaded -> rwp_begin(t)
		:: else
		fi;
#endif
		update(t, 0);
#endif
		drop_lock(t)
	}
#if GROUP && MUT == forward_late
	fifo[t] ! FORWARD, 0;
#endif
#if MUT == rwp_set_late
	if
	:: late -> d_step { nfull(fifo[t]); rwp_begin(t); late = 0 }
	:: !late
	fi;
#endif
	atomic {
		if
		:: !told || MUT == disable_untold ->
			told = 0; in_flight--; goto end_wait
		:: else -> told = 0
		fi
	}
	work(t);

end_wait:
	if
	:: atomic { !LOAD(t, RWP) -> off = 1 }
	:: skip
	fi;

end_on:
	forward(t, 1);
	d_step {
		off = 0;
#if GROUP
		stale = 1;
#if MUT != forward_unheard
		tell = listens && mem[FORWARD];
#endif
		told = tell && ANY(QUEUED);
#else
		s = mem[IRQ] | ENABLED;
		update(t, 0);
#endif
		drop_lock(t)
	}
#if GROUP && MUT == forward_late
	fifo[t] ! FORWARD, 1;
#endif
	atomic {
		if
		:: !told || MUT == enable_untold ->
			told = 0; in_flight--; goto end_off
		:: else -> told = 0
		fi
	}
	work(t);
	goto end_off
}
#endif

#if NREAD
#define ANSWER(s) ((s) & ACTIVE -> 2 : 1)

/* ISACTIVER of interrupt 0. */
proctype reader(byte t)
{
	byte s;
	byte state;
#if MUT == new_before_lock
	bit early;
#endif

end_idle:
	atomic {
		EMPTY(t);
		possible = (hw_active & 1 -> 2 : 1);
		in_flight++
	}
again:
	atomic {
		s = mem[IRQ];
		if
		:: !(s & RESIDENT) || MUT == read_unlocked ->
			MUST(outdated, ANSWER(s) & possible);
			s = 0; retrying = 0; possible = 0; in_flight--;
			goto end_idle
		:: else
		fi
	}
	take_lock(t);
	atomic {
		s = mem[IRQ];
		drop_lock(t);
		if
		:: !(s & RESIDENT) || !loaded || (retrying && moved) ->
			MUST(outdated, ANSWER(s) & possible);
			s = 0; retrying = 0; possible = 0; in_flight--;
			goto end_idle
		:: else -> s = 0
		fi;
		if
		:: retrying -> in_flight--; goto end_retry
		:: else -> retrying = 1
		fi
#if MUT != ask_late
		moved = 0
	}
#else
	}
	moved = 0;
#endif
#if MUT == ask_untold
	in_flight--;
#else
	work(t);
#endif
end_retry:
	atomic { EMPTY(t); in_flight++; goto again }
}
#endif
