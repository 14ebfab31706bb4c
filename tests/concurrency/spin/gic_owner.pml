/*
 * SPDX-FileCopyrightText: Copyright libvic contributors
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The owner of gic.pml: flush, enter, the guest, exit, sync, block, put.
 */

/* What must be true when nothing would end the owner's stay. */
inline settled()
{
	MUST(stuck, !mem[RWP]);
#if NREAD
	MUST(stuck, !retrying || moved || !loaded || !IS(0, RESIDENT))
#endif
}

#define PENDING(i) (IS(i, LATCH) + (loaded && ((shadow >> (i)) & 1) -> \
	(hw_pending >> (i)) & 1 : IS(i, LR_LATCH)))

inline at_rest(may_stay, told, asleep)
{
	d_step {
		may_stay && QUIET;
		MUST(lost, !mem[NEW] && !(told && mem[FORWARD] && ANY(QUEUED)));
		MUST(lost, asleep || !ANY(RESIDENT | LATCH));
		MUST(inexact, out[0] == PENDING(0));
#if NIRQ > 1
		MUST(inexact, out[1] == PENDING(1));
#endif
		settled()
	}
}

/* Pending twice is pending once. */
inline merge(s, i)
{
	if
	:: MUT != latches_kept && (s & LATCH) && (s & LR_LATCH) ->
		s = s & ~LATCH;
		out[i]--
	:: else
	fi
}

/* Out of its register: what it holds is in the queue's latch again. */
inline leave(s)
{
	s = s & ~RESIDENT;
	if
	:: s & LR_LATCH -> s = (s & ~LR_LATCH) | LATCH
	:: else
	fi;
	place(s)
}

/* One register as the guest left it. */
inline fold(i)
{
	s = mem[IRQ + i];
	if
	:: s & RESIDENT ->
		if
		:: ((shadow & ~hw_pending) >> i) & 1 -> s = s & ~LR_LATCH
		:: else
		fi;
		s = (s & ~ACTIVE) | (((hw_active >> i) & 1) -> ACTIVE : 0);
		if
		:: !(((hw_pending | hw_active) >> i) & 1) ->
#if MUT != leave_unsettled
			merge(s, i);
#endif
#if MUT == leave_latched
			s = s & ~RESIDENT;
			place(s);
#else
			leave(s);
#endif
			changed = 1
		:: else
		fi;
		mem[IRQ + i] = s
	:: else
	fi;
	s = 0
}

inline settle_irq(i)
{
	s = mem[IRQ + i];
	if
	:: s & RESIDENT -> merge(s, i); mem[IRQ + i] = s
	:: else
	fi;
	s = 0
}

inline rwp_end()
{
	if
	:: rwp -> rwp = 0; fifo[OWNER] ! RWP, 0
	:: else
	fi
}

inline settle(generation)
{
#if NREAD
	moved = moved || generation;
#endif
	if
	:: stale ->
		settle_irq(0);
#if NIRQ > 1
		settle_irq(1);
#endif
#if MUT != rwp_after_lock && MUT != rwp_before_fold
		rwp_end()
#endif
	:: else
	fi
}

/* What waits for the guest goes back to the queue. */
inline unload_irq(i)
{
	s = mem[IRQ + i];
	if
	:: (s & (RESIDENT | ACTIVE)) == RESIDENT ->
		leave(s);
		changed = 1;
		hw_pending = hw_pending & ~(1 << i);
		mem[IRQ + i] = s
	:: else
	fi;
	s = 0
}

inline unload()
{
	unload_irq(0);
#if NIRQ > 1
	unload_irq(1)
#endif
}

/* There are registers enough for all.  What is in one is written anew. */
inline write_irq(i, all)
{
	s = mem[IRQ + i];
	if
	:: ((s & QUEUED) && mem[FORWARD]) || ((s & RESIDENT) && all) ->
		s = (s & ~QUEUED) | RESIDENT;
		if
		:: s & LATCH -> s = (s & ~LATCH) | LR_LATCH
		:: else
		fi;
		hw_pending = hw_pending & ~(1 << i);
		hw_active = hw_active & ~(1 << i);
		if
		:: !(s & ACTIVE) || ((s & LR_LATCH) && (s & ENABLED) &&
		   mem[FORWARD]) ->
			hw_pending = hw_pending | (1 << i)
		:: else
		fi;
		hw_active = hw_active | (((s & ACTIVE) != 0) << i)
	:: else
	fi;
	mem[IRQ + i] = s;
	s = 0
}

/* What is in registers stays if nobody changed it. */
inline fill()
{
	if
	:: stale -> unload()
	:: else
	fi;
	write_irq(0, stale);
#if NIRQ > 1
	write_irq(1, stale);
#endif
	shadow = hw_pending;
	stale = 0;
	changed = 0
}

/* A look under the lock: what the section stored goes through the FIFO. */
inline begin_section()
{
	was0 = mem[IRQ];
#if NIRQ > 1
	was1 = mem[IRQ + 1]
#endif
}

inline publish(i, was)
{
	if
	:: mem[IRQ + i] != was ->
		s = mem[IRQ + i];
		mem[IRQ + i] = was;
		fifo[OWNER] ! IRQ + i, s
	:: else
	fi;
	s = 0;
	was = 0
}

inline end_section()
{
	publish(0, was0);
#if NIRQ > 1
	publish(1, was1);
#endif
	drop_lock(OWNER)
}

/* What the owner wants to hear of. */
inline listen(on)
{
	listens = on;
	tell = listens && mem[FORWARD]
}

inline rest()
{
	if
	:: loaded -> settle(1)
	:: else
	fi;
	loaded = 0;
	unload()
}

/* S1 */
inline clear_new()
{
	if
	:: LOAD(OWNER, NEW) -> atomic { EMPTY(OWNER); mem[NEW] = 0 }
	:: !LOAD(OWNER, NEW)
	fi
}

inline guest_takes(i)
{
	hw_pending = hw_pending & ~(1 << i);
	hw_active = hw_active | (1 << i);
	out[i]--;
	if
	:: i == 0 ->
		MUST(rwp_lies, !off);
#if NREAD
		possible = possible | 2
#endif
	:: else
	fi
}

inline guest_ends(i)
{
	hw_active = hw_active & ~(1 << i);
#if NREAD
	if
	:: i == 0 -> possible = possible | 1
	:: else
	fi
#endif
}

#define TAKES(i) (((hw_pending & ~hw_active) >> (i)) & 1)
#define ENDS(i) ((hw_active >> (i)) & 1)

proctype owner()
{
	byte s;
	byte was0;
	byte was1;
	bit armed;		/* immediate exit */
	bit rows;		/* the guest would take an interrupt */
	bit awake;

flush:
	if
	:: loaded && !LOAD(OWNER, NEW) -> goto enter
	:: !loaded || LOAD(OWNER, NEW)
	fi;
#if MUT != new_after_lock && MUT != new_in_lock
	clear_new();
#endif
	take_lock(OWNER);
#if MUT == new_in_lock
	clear_new();
#endif
	d_step {
		begin_section();
		if
		:: loaded -> settle(1)
		:: else
		fi;
		if
		:: stale || changed -> fill()
		:: else
		fi;
		loaded = 1;
#if MUT != flush_tells_late
		listen(1);
#endif
		end_section()
	}
#if MUT == new_after_lock
	clear_new();
#elif MUT == flush_tells_late
	listen(1);
#elif MUT == rwp_after_lock
	d_step { nfull(fifo[OWNER]); rwp_end() }
#endif

enter:
#if MUT == gic_enter_looks_early
	if
	:: LOAD(OWNER, NEW) -> goto flush
	:: !LOAD(OWNER, NEW)
	fi;
#endif
	atomic {
		/* HOST may have taken a kick; one that it kept is spurious. */
#if MUT == gic_enter_no_barrier
		nfull(fifo[OWNER]);
		fifo[OWNER] ! STATE, GUEST;
#else
		EMPTY(OWNER);
		mem[STATE] = GUEST;
#endif
		if
		:: kick = 0
		:: skip
		fi
	}
#if MUT != gic_enter_looks_early && MUT != gic_enter_skips_new
	if
	:: LOAD(OWNER, NEW) ->
		if
		:: fifo[OWNER] ! STATE, HOST; goto flush
		:: armed = 1
		fi
	:: !LOAD(OWNER, NEW)
	fi;
#endif
	waiting = 1;
	do
	:: d_step { TAKES(0) -> guest_takes(0) }
	:: d_step { ENDS(0) -> guest_ends(0) }
#if NIRQ > 1
	:: d_step { TAKES(1) -> guest_takes(1) }
	:: d_step { ENDS(1) -> guest_ends(1) }
#endif
	:: d_step { waiting = 0; armed = 0 }; break
	:: at_rest(!kick && !armed, 1, 0)
	od;
	/* exit: no barrier */
	fifo[OWNER] ! STATE, HOST;

	/* sync */
#if MUT == rwp_before_fold
	d_step { nfull(fifo[OWNER]); rwp_end() }
#elif MUT == generation_early
	moved = 1;
#endif
	if
	:: !loaded || !ANY(RESIDENT) ->
#if MUT == sync_quiet
		listen(0)
#elif MUT == sync_frees
		listen(0); loaded = 0
#else
		skip
#endif
#if MUT == sync_lazy
	:: loaded && ANY(RESIDENT) && hw_pending == shadow &&
	   hw_active == (IS(0, ACTIVE))
	:: loaded && ANY(RESIDENT) && !(hw_pending == shadow &&
	   hw_active == (IS(0, ACTIVE))) ->
#else
	:: loaded && ANY(RESIDENT) ->
#endif
		take_lock(OWNER);
		d_step {
			begin_section();
			fold(0);
#if NIRQ > 1
			fold(1);
#endif
			shadow = hw_pending;
			settle(MUT != generation_kept);
			loaded = 0;
			listen(0);
			end_section()
		}
	fi;

host:
	do
	:: d_step { QUIET; settled() }
	:: goto flush
	:: break
	:: /* put */
		take_lock(OWNER);
		d_step {
			begin_section();
			listen(listens && !loaded);
			rest();
			end_section()
		};
		goto flush
	od;

	/* block */
#if MUT != block_new_late
	clear_new();
#endif
	atomic {
		EMPTY(OWNER) && !mem[LOCK];
		mem[LOCK] = 1;
		if
		:: rows = 0
		:: rows = 1
		fi
	}
	d_step {
		begin_section();
		rest();
#if MUT != block_tells_late
		listen(rows);
#endif
#if MUT != block_skips_queue
		awake = rows && mem[FORWARD] && ANY(QUEUED);
#endif
		end_section()
	}
#if MUT == block_new_late
	clear_new();
#elif MUT == block_tells_late
	take_lock(OWNER);
	d_step { listen(rows); drop_lock(OWNER) }
#endif
	if
	:: awake -> d_step { awake = 0; rows = 0 }; goto host
	:: !awake
	fi;
	atomic {
#if MUT == gic_block_no_barrier
		nfull(fifo[OWNER]);
		fifo[OWNER] ! STATE, BLOCKED
#else
		EMPTY(OWNER);
		mem[STATE] = BLOCKED
#endif
	}
#if MUT != gic_block_skips_new
	if
	:: LOAD(OWNER, NEW) -> goto unblock
	:: !LOAD(OWNER, NEW)
	fi;
#endif
	waiting = 1;
	do
	:: d_step { waiting = 0; sem = 0 }; break
	:: d_step { waiting = 0 }; break
	:: at_rest(!sem, rows, 1)
	od;
unblock:
	rows = 0;
	fifo[OWNER] ! STATE, HOST;
	goto host
}
