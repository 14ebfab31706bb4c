/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The guests' messages, and the handler that reads them. */
#include "guest.h"
#include "xen.h"

/* One priority class each, so that handlers interrupt each other. */
static const uint8_t vectors[KINDS] = {
	[KIND_LEVEL] = 0x31,     [KIND_EDGE] = 0x45,      [KIND_SELF] = 0x61,
	[KIND_CALL] = 0x71,      [KIND_BROADCAST] = 0x81, [KIND_TOKEN] = 0x91,
	[KIND_SHOOTDOWN] = 0xa1, [KIND_REPLY] = 0xb1,     [KIND_BEGIN] = 0xc1,
	[KIND_POSTED] = 0xd5,
};

enum handler_pc {
	HANDLER_ENTER,
	HANDLER_LOCK,
	HANDLER_UNLOCK,
	HANDLER_READ,
	HANDLER_REPLY,
};

uint8_t kind_vector(enum kind kind)
{
	return vectors[kind];
}

/* A level vector is a device's own. */
static enum kind kind_of(uint8_t vector)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (vector >> 4 == vectors[kind] >> 4)
			return (enum kind)kind;
	die("a guest took vector %#x, which nobody sends", vector);
}

struct message *message_of(const struct guest_memory *memory, enum kind kind,
			   uint32_t sender, uint32_t target)
{
	size_t row = (size_t)kind * memory->cpus + target;

	return &memory->messages[row * memory->senders + sender];
}

uint64_t message_write(const struct guest_memory *memory, enum kind kind,
		       uint32_t sender, uint32_t target, bool waits)
{
	struct message *message = message_of(memory, kind, sender, target);
	uint64_t number = atomic_load(&message->number) >> 1;

	atomic_store(&message->sent_ns, now_ns());
	atomic_store(&message->number, (number + 1) << 1 | waits);
	return number + 1;
}

static void sample(struct guest *g, uint64_t sent_ns)
{
	g->latency[g->nr_latency++ % LATENCY_SAMPLES] = now_ns() - sent_ns;
}

static void
read_one(struct guest *g, struct frame *f, enum kind kind, uint32_t sender)
{
	struct guest_memory *memory = g->memory;
	struct message *message = message_of(memory, kind, sender, g->id);
	uint64_t number = atomic_load(&message->number);
	uint64_t seen =
		atomic_load_explicit(&message->seen, memory_order_relaxed);

	if (number >> 1 == seen)
		return;
	if (kind == KIND_TOKEN)
		g->tokens += (number >> 1) - seen;
	sample(g, atomic_load(&message->sent_ns));
	atomic_store(&message->seen, number >> 1);
	if (number & 1 &&
	    atomic_fetch_sub(&memory->remaining[sender], 1) == 1 &&
	    sender != g->id && atomic_load(&memory->halting[sender]))
		f->replies |= UINT64_C(1) << sender;
}

/*
 * Sometimes a device is served at the second interrupt only: its line is
 * still high at the first one's EOI.
 */
static bool serve_line(struct guest *g, uint8_t vector)
{
	uint32_t device = vector - vectors[KIND_LEVEL];

	if (draw(&g->random) % 4 == 0)
		return false;
	/* Low first: what the device writes from now on raises it again. */
	atomic_fetch_and(&g->memory->lines[device], ~LINE_HIGH);
	return true;
}

static void read_messages(struct guest *g, struct frame *f)
{
	enum kind kind = kind_of(f->vector);

	if (kind == KIND_LEVEL && !serve_line(g, f->vector))
		return;
	for (uint32_t sender = 0; sender < g->memory->senders; sender++)
		read_one(g, f, kind, sender);
}

static void enter(struct guest *g, struct frame *f)
{
	bool locks = g->memory->workload->locks &&
		     kind_of(f->vector) == KIND_BROADCAST;

	f->nests = draw(&g->random) % 4 == 0;
	if (f->nests)
		emit(f, OP_STI, 0, 0);
	emit(f, OP_STEP, 0, 0);
	f->pc = locks ? HANDLER_LOCK : HANDLER_READ;
}

static void take_lock(struct guest *g, struct frame *f)
{
	if (atomic_exchange(&g->memory->lock, true)) {
		emit_pause(g, f);
		return;
	}
	g->memory->guarded++;
	emit(f, OP_STEP, 0, 0);
	emit(f, OP_STEP, 0, 0);
	f->pc = HANDLER_UNLOCK;
}

/* One after the other; then the end. */
static void reply(struct guest *g, struct frame *f)
{
	for (uint32_t id = 0; id < g->memory->cpus; id++) {
		if (!(f->replies >> id & 1))
			continue;
		f->replies &= ~(UINT64_C(1) << id);
		message_write(g->memory, KIND_REPLY, g->id, id, false);
		emit_icr(g, f, VIC_ICR_ASSERT | vectors[KIND_REPLY], id);
		return;
	}
	emit_write(g, f, VIC_APIC_EOI, 0);
	emit(f, OP_IRET, 0, 0);
}

void handler_next(struct guest *g, struct frame *f)
{
	switch ((enum handler_pc)f->pc) {
	case HANDLER_ENTER:
		enter(g, f);
		break;
	case HANDLER_LOCK:
		take_lock(g, f);
		break;
	case HANDLER_UNLOCK:
		g->memory->guarded++;
		atomic_store(&g->memory->lock, false);
		f->pc = HANDLER_READ;
		break;
	case HANDLER_READ:
		read_messages(g, f);
		if (f->nests)
			emit(f, OP_CLI, 0, 0);
		f->pc = HANDLER_REPLY;
		break;
	case HANDLER_REPLY:
		reply(g, f);
		break;
	}
}
