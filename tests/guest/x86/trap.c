/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What every interrupt passes through. */

#include "apic.h"

/* boot.S */
extern const char rdmsr_insn[], wrmsr_insn[], msr_fault[];

void trap(struct trap_frame *frame);

handler_fn handlers[256];

static void exception(struct trap_frame *frame)
{
	bool at_msr = frame->rip == (uint64_t)rdmsr_insn ||
		      frame->rip == (uint64_t)wrmsr_insn;

	if (frame->vector == VECTOR_GP && at_msr) {
		frame->rip = (uint64_t)msr_fault;
		return;
	}
	print("guest: cpu %u: unexpected exception %u, error %lx, rip %lx, "
	      "cr2 %lx\n",
	      this_cpu()->id, (uint32_t)frame->vector, frame->error, frame->rip,
	      read_cr2());
	leave(1);
}

/* Called by boot.S with interrupts off. */
void trap(struct trap_frame *frame)
{
	uint32_t vector = (uint32_t)frame->vector;
	struct cpu *me;

	if (vector < 32 && vector != VECTOR_NMI) {
		exception(frame);
		return;
	}
	me = this_cpu();
	if (vector == VECTOR_NMI) {
		STORE(me->nmis, me->nmis + 1);
	} else if (vector == VECTOR_SPURIOUS) {
		STORE(me->spurious, me->spurious + 1);
	} else if (vector == VECTOR_WAKE) {
		apic_eoi();
		STORE(me->wakes, me->wakes + 1);
	} else {
		if (me->logged < sizeof(me->log) / sizeof(me->log[0]))
			me->log[me->logged++] = vector;
		if (handlers[vector])
			handlers[vector](me, vector);
		else
			apic_eoi();
		STORE(me->count[vector], me->count[vector] + 1);
	}
}
