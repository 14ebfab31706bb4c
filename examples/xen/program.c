/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* A guest's program: how it starts, waits and rests. */
#include "guest.h"
#include "xen.h"

#define MSR(offset) (VIC_MSR_X2APIC + (offset) / 16)
/* Turns of a spin loop between two hypercalls, and two looks around. */
#define SPINS 64
#define PAUSES 8
/* SIPI's start page; nothing is there. */
#define START_PAGE 8

void emit(struct frame *f, enum op op, uint32_t at, uint64_t value)
{
	f->queue[f->count++] =
		(struct insn){.op = op, .at = at, .value = value};
}

void emit_write(const struct guest *g, struct frame *f, uint32_t offset,
		uint64_t value)
{
	if (g->memory->xapic)
		emit(f, OP_STORE, offset, value);
	else
		emit(f, OP_WRMSR, MSR(offset), value);
}

/*
 * The two halves of an xAPIC's ICR belong together: a handler in between
 * would overwrite the first. Handlers have IF = 0 here already.
 */
void emit_icr(const struct guest *g, struct frame *f, uint32_t low,
	      uint32_t dest)
{
	if (!g->memory->xapic) {
		emit_write(g, f, VIC_APIC_ICR_LO,
			   (uint64_t)dest << VIC_ICR_DEST_SHIFT | low);
		return;
	}
	if (!g->depth)
		emit(f, OP_CLI, 0, 0);
	emit_write(g, f, VIC_APIC_ICR_HI, dest << 24);
	emit_write(g, f, VIC_APIC_ICR_LO, low);
	if (!g->depth)
		emit(f, OP_STI, 0, 0);
}

/* Every other vCPU says so when it spins for long. */
void emit_pause(const struct guest *g, struct frame *f)
{
	f->spins++;
	if (f->spins % SPINS == 0 && g->id % 2)
		emit(f, OP_VMCALL, 0, 0);
	else
		emit(f, f->spins % PAUSES ? OP_STEP : OP_PAUSE, 0, 0);
}

/* STI and HLT in a row, so that no interrupt falls between. */
static void emit_halt(struct frame *f)
{
	emit(f, OP_STI, 0, 0);
	emit(f, OP_HLT, 0, 0);
}

static void boot(const struct guest *g, struct frame *f)
{
	emit_write(g, f, VIC_APIC_SVR, VIC_SVR_ENABLE | 0xff);
	if (g->memory->xapic) {
		emit_write(g, f, VIC_APIC_LDR, UINT64_C(1) << (24 + g->id % 8));
		emit(f, OP_LOAD, VIC_APIC_ID, 0);
	} else {
		emit(f, OP_RDMSR, MSR(VIC_APIC_ID), 0);
	}
	f->pc = PC_CHECK_ID;
}

static void check_id(const struct guest *g, struct frame *f)
{
	uint64_t id = g->memory->xapic ? g->value >> 24 : g->value;

	if (id != g->id)
		die("vCPU %u reads %llu as its APIC id", g->id,
		    (unsigned long long)id);
	emit(f, OP_STI, 0, 0);
	f->pc = g->id == 0 ? PC_START_OTHERS : PC_ONLINE;
}

static void start_others(const struct guest *g, struct frame *f)
{
	emit_icr(g, f,
		 VIC_ICR_OTHERS | VIC_ICR_ASSERT |
			 VIC_MODE_INIT << VIC_ICR_MODE_SHIFT,
		 0);
	emit_icr(g, f,
		 VIC_ICR_OTHERS | VIC_ICR_ASSERT |
			 VIC_MODE_SIPI << VIC_ICR_MODE_SHIFT | START_PAGE,
		 0);
	f->pc = PC_GATHER;
}

/* The first vCPU waits for the others, then tells them to begin. */
static void gather(struct guest *g, struct frame *f)
{
	struct guest_memory *memory = g->memory;

	if (atomic_load(&memory->online) + 1 < memory->cpus) {
		emit_pause(g, f);
		return;
	}
	for (uint32_t id = 1; id < memory->cpus; id++)
		message_write(memory, KIND_BEGIN, 0, id, false);
	emit_icr(g, f,
		 VIC_ICR_OTHERS | VIC_ICR_ASSERT | kind_vector(KIND_BEGIN), 0);
	atomic_fetch_add(&memory->online, 1);
	f->pc = PC_LOOP;
}

/* Things that a kernel does between two IPIs. */
static void noise(const struct guest *g, struct frame *f, uint64_t random)
{
	uint64_t class = random >> 8 & 0xf;

	switch (random % 8) {
	case 0:
		emit(f, OP_CR8, 0, class);
		emit(f, OP_STEP, 0, 0);
		emit(f, OP_CR8, 0, 0);
		break;
	case 1:
		emit_write(g, f, VIC_APIC_TPR, class << 4);
		emit(f, OP_STEP, 0, 0);
		emit_write(g, f, VIC_APIC_TPR, 0);
		break;
	case 2:
		emit(f, OP_CLI, 0, 0);
		emit(f, OP_STEP, 0, 0);
		emit(f, OP_STI, 0, 0);
		break;
	default:
		emit(f, OP_STEP, 0, 0);
	}
}

/* Sometimes it sends with TPR raised; it must not halt so. */
static void loop(struct guest *g, struct frame *f)
{
	const struct workload *workload = g->memory->workload;
	uint64_t random = draw(&g->random);
	bool raises = random % 8 == 7 && !workload->devices;

	if (atomic_load(g->memory->stop)) {
		f->pc = PC_REST;
		return;
	}
	if (raises)
		emit(f, OP_CR8, 0, random >> 8 & 0xf);
	else
		noise(g, f, random);
	workload->next(g, f);
	if (raises)
		emit(f, OP_CR8, 0, 0);
}

static void check_begin(struct guest *g, struct frame *f)
{
	if (atomic_load(&message_of(g->memory, KIND_BEGIN, 0, g->id)->seen)) {
		emit(f, OP_STI, 0, 0);
		f->pc = PC_LOOP;
	} else {
		emit_halt(f);
		f->pc = PC_WAIT_BEGIN;
	}
}

static bool all_answered(const struct guest *g)
{
	return !atomic_load(&g->memory->remaining[g->id]);
}

static void check_answers(struct guest *g, struct frame *f)
{
	if (all_answered(g)) {
		emit(f, OP_STI, 0, 0);
		f->pc = PC_LOOP;
	} else {
		emit_halt(f);
		f->pc = PC_WAIT;
	}
}

static void spin(struct guest *g, struct frame *f)
{
	if (all_answered(g))
		f->pc = PC_LOOP;
	else
		emit_pause(g, f);
}

static void check_token(struct guest *g, struct frame *f)
{
	atomic_store(&g->resting, !g->tokens);
	if (g->tokens) {
		emit(f, OP_STI, 0, 0);
		f->pc = PC_LOOP;
	} else {
		emit_halt(f);
		f->pc = PC_TOKEN;
	}
}

/* A look at memory with IF = 0, so that no handler changes it meanwhile. */
static void look(struct frame *f, enum pc then)
{
	emit(f, OP_CLI, 0, 0);
	f->pc = then;
}

void program_next(struct guest *g, struct frame *f)
{
	switch ((enum pc)f->pc) {
	case PC_BOOT:
		boot(g, f);
		break;
	case PC_CHECK_ID:
		check_id(g, f);
		break;
	case PC_START_OTHERS:
		start_others(g, f);
		break;
	case PC_GATHER:
		gather(g, f);
		break;
	case PC_ONLINE:
		atomic_fetch_add(&g->memory->online, 1);
		f->pc = PC_WAIT_BEGIN;
		break;
	case PC_WAIT_BEGIN:
		look(f, PC_CHECK_BEGIN);
		break;
	case PC_CHECK_BEGIN:
		check_begin(g, f);
		break;
	case PC_LOOP:
		loop(g, f);
		break;
	case PC_SPIN:
		spin(g, f);
		break;
	case PC_WAIT:
		look(f, PC_CHECK);
		break;
	case PC_CHECK:
		check_answers(g, f);
		break;
	case PC_TOKEN:
		look(f, PC_CHECK_TOKEN);
		break;
	case PC_CHECK_TOKEN:
		check_token(g, f);
		break;
	case PC_REST:
		atomic_store(&g->resting, true);
		emit_halt(f);
		break;
	}
}
