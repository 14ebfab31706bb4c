/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* How a guest runs: frames, and one instruction after the other. */
#include <sched.h>

#include "guest.h"
#include "xen.h"

void guest_init(struct guest *g, struct guest_memory *memory, uint32_t id,
		uint64_t seed)
{
	g->memory = memory;
	g->id = id;
	g->random = seed;
	guest_reset(g);
}

void guest_reset(struct guest *g)
{
	g->depth = 0;
	g->frames[0] = (struct frame){.pc = PC_BOOT};
	g->tokens = g->id == 0;
	atomic_store(&g->halted, false);
	atomic_store(&g->resting, false);
}

const struct insn *guest_insn(struct guest *g)
{
	struct frame *f = &g->frames[g->depth];

	while (f->at == f->count) {
		f->at = f->count = 0;
		if (g->depth)
			handler_next(g, f);
		else
			program_next(g, f);
	}
	return &f->queue[f->at];
}

static enum vtx_result
call(struct guest *g, struct vtx_pcpu *cpu, const struct insn *insn)
{
	uint32_t word = 0;
	enum vtx_result result;

	switch (insn->op) {
	case OP_STEP:
		return vtx_step(cpu);
	case OP_PAUSE:
		sched_yield();
		return vtx_step(cpu);
	case OP_STI:
		return vtx_sti(cpu);
	case OP_CLI:
		return vtx_cli(cpu);
	case OP_HLT:
		return vtx_hlt(cpu);
	case OP_IRET:
		return vtx_iret(cpu, true);
	case OP_CR8:
		return vtx_mov_to_cr8(cpu, insn->value);
	case OP_WRMSR:
		return vtx_wrmsr(cpu, insn->at, insn->value);
	case OP_RDMSR:
		return vtx_rdmsr(cpu, insn->at, &g->value);
	case OP_STORE:
		return vtx_store(cpu, insn->at, (uint32_t)insn->value);
	case OP_LOAD:
		result = vtx_load(cpu, insn->at, &word);
		if (cpu->retired)
			g->value = word;
		return result;
	case OP_VMCALL:
		return vtx_vmcall(cpu);
	}
	die("a guest's program went astray");
}

enum vtx_result guest_execute(struct guest *g, struct vtx_pcpu *cpu)
{
	enum vtx_result result = call(g, cpu, guest_insn(g));

	if (cpu->retired)
		guest_complete(g);
	return result;
}

void guest_complete(struct guest *g)
{
	struct frame *f = &g->frames[g->depth];

	if (f->queue[f->at++].op == OP_IRET)
		g->depth--;
}

void guest_interrupt(struct guest *g, uint8_t vector)
{
	if (g->depth == MAX_DEPTH)
		die("vCPU %u has more handlers than priority classes", g->id);
	g->depth++;
	g->frames[g->depth] = (struct frame){.vector = vector};
	atomic_store(&g->halted, false);
	atomic_store_explicit(
		&g->taken,
		atomic_load_explicit(&g->taken, memory_order_relaxed) + 1,
		memory_order_relaxed);
}
