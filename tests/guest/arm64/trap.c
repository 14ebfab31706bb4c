/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What every exception passes through. */

#include "gic.h"

enum kind {
	KIND_SYNC,
	KIND_IRQ,
	KIND_FIQ,
};

void trap(uint64_t kind);

handler_fn handlers[MAX_INTID];

static _Noreturn void unexpected(uint64_t kind)
{
	static uint32_t once;

	/* The HLT of leave(), if nobody serves it. */
	if (SWAP(once, 1))
		leave(1);
	print("guest: cpu %u: unexpected exception %lu, esr %lx, elr %lx, "
	      "far %lx\n",
	      this_cpu() ? this_cpu()->id : 0, kind, read_esr_el1(),
	      read_elr_el1(), read_far_el1());
	leave(1);
}

static void note(struct cpu *me, uint32_t entry)
{
	if (me->logged < LOG_SIZE)
		me->log[me->logged] = entry;
	STORE(me->logged, me->logged + 1);
}

static void fiq(struct cpu *me)
{
	uint32_t intid = (uint32_t)read_icc_iar0_el1() & 0xffffff;

	if (intid >= MAX_INTID) {
		STORE(me->spurious, me->spurious + 1);
		return;
	}
	note(me, LOG_FIQ | intid);
	if (handlers[intid])
		handlers[intid](me, intid);
	write_icc_eoir0_el1(intid);
	STORE(me->count[intid], me->count[intid] + 1);
}

static void irq(struct cpu *me)
{
	uint32_t intid = (uint32_t)read_icc_iar1_el1() & 0xffffff;

	if (intid >= MAX_INTID) {
		STORE(me->spurious, me->spurious + 1);
		return;
	}
	if (intid == SGI_WAKE && !handlers[intid]) {
		eoi(intid);
		STORE(me->wakes, me->wakes + 1);
		return;
	}
	note(me, intid);
	if (handlers[intid])
		handlers[intid](me, intid);
	else
		eoi(intid);
	STORE(me->count[intid], me->count[intid] + 1);
}

void trap(uint64_t kind)
{
	if (kind == KIND_IRQ)
		irq(this_cpu());
	else if (kind == KIND_FIQ)
		fiq(this_cpu());
	else
		unexpected(kind);
}
