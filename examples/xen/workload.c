/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What the guests do. */
#include <string.h>

#include "guest.h"
#include "xen.h"

#define MSR_SELF_IPI (VIC_MSR_X2APIC + VIC_APIC_SELF_IPI / 16)

static uint64_t everybody(const struct guest *g)
{
	return UINT64_MAX >> (MAX_VCPUS - g->memory->cpus);
}

static uint64_t only(uint32_t id)
{
	return UINT64_C(1) << id;
}

/*
 * Write the messages, and choose how to wait for the answers: not at all,
 * so that many are under way, in a loop, or halted.
 */
static void
announce(struct guest *g, struct frame *f, enum kind kind, uint64_t targets)
{
	struct guest_memory *memory = g->memory;
	uint64_t choice = draw(&g->random) % 8;
	bool waits = choice >= 2;
	bool halts = choice >= 5;

	if (waits) {
		atomic_store(&memory->halting[g->id], halts);
		atomic_store(&memory->remaining[g->id],
			     (unsigned int)__builtin_popcountll(targets));
	}
	for (uint32_t id = 0; id < memory->cpus; id++)
		if (targets >> id & 1)
			message_write(memory, kind, g->id, id, waits);
	f->pc = !waits ? PC_LOOP : halts ? PC_WAIT : PC_SPIN;
}

static uint32_t icr_low(enum kind kind)
{
	return VIC_ICR_ASSERT | kind_vector(kind);
}

/* A logical destination of @targets, which one cluster or group has. */
static void emit_logical(const struct guest *g, struct frame *f, enum kind kind,
			 uint32_t cluster, uint32_t mask)
{
	uint32_t dest = g->memory->xapic ? mask : cluster << 16 | mask;

	emit_icr(g, f, icr_low(kind) | VIC_ICR_LOGICAL, dest);
}

static void dry_run(struct guest *g, struct frame *f)
{
	(void)f;
	atomic_store_explicit(
		&g->loops,
		atomic_load_explicit(&g->loops, memory_order_relaxed) + 1,
		memory_order_relaxed);
}

static void self_ipi(struct guest *g, struct frame *f)
{
	uint64_t how = draw(&g->random) % 4;

	announce(g, f, KIND_SELF, only(g->id));
	if (how == 0)
		emit_icr(g, f, icr_low(KIND_SELF), g->id);
	else if (how == 1 || g->memory->xapic)
		emit_icr(g, f, icr_low(KIND_SELF) | VIC_ICR_SELF, 0);
	else
		emit(f, OP_WRMSR, MSR_SELF_IPI, kind_vector(KIND_SELF));
}

static uint32_t another(struct guest *g)
{
	uint32_t cpus = g->memory->cpus;
	uint32_t step =
		cpus > 1 ? 1 + (uint32_t)draw(&g->random) % (cpus - 1) : 0;

	return (g->id + step) % cpus;
}

static void unicast(struct guest *g, struct frame *f)
{
	uint32_t target = another(g);

	announce(g, f, KIND_CALL, only(target));
	/* In xAPIC mode, vCPUs share logical ids. */
	if (g->memory->xapic || draw(&g->random) % 4)
		emit_icr(g, f, icr_low(KIND_CALL), target);
	else
		emit_logical(g, f, KIND_CALL, target / 16, 1u << target % 16);
}

static void broadcast(struct guest *g, struct frame *f)
{
	uint32_t low = icr_low(KIND_BROADCAST);

	switch (draw(&g->random) % 4) {
	case 0:
		announce(g, f, KIND_BROADCAST, everybody(g));
		emit_icr(g, f, low, g->memory->xapic ? 0xff : 0xffffffff);
		break;
	case 1:
		announce(g, f, KIND_BROADCAST, everybody(g));
		emit_icr(g, f, low | VIC_ICR_ALL, 0);
		break;
	default:
		announce(g, f, KIND_BROADCAST, everybody(g) & ~only(g->id));
		emit_icr(g, f, low | VIC_ICR_OTHERS, 0);
	}
}

/* The first vCPU has a token to begin with; each passes it to the next. */
static void ring(struct guest *g, struct frame *f)
{
	uint32_t next = (g->id + 1) % g->memory->cpus;

	f->pc = PC_TOKEN;
	if (!g->tokens)
		return;
	g->tokens--;
	message_write(g->memory, KIND_TOKEN, g->id, next, false);
	emit_icr(g, f, icr_low(KIND_TOKEN), next);
}

/* To a random set, by its logical destination. */
static void shootdown(struct guest *g, struct frame *f)
{
	uint32_t cpus = g->memory->cpus;
	uint32_t width = g->memory->xapic ? 8 : 16;
	uint32_t cluster = 0;
	uint32_t mask = (uint32_t)draw(&g->random) % (1u << width);
	uint64_t targets = 0;

	if (!g->memory->xapic)
		cluster = (uint32_t)draw(&g->random) % ((cpus + 15) / 16);
	for (uint32_t id = 0; id < cpus; id++)
		if ((g->memory->xapic || id / 16 == cluster) &&
		    mask >> id % width & 1)
			targets |= only(id);
	if (!targets)
		return;
	announce(g, f, KIND_SHOOTDOWN, targets);
	emit_logical(g, f, KIND_SHOOTDOWN, cluster, mask);
}

/* The devices do it all. */
static void device_storm(struct guest *g, struct frame *f)
{
	atomic_store(&g->resting, true);
	if (draw(&g->random) % 4)
		emit(f, OP_HLT, 0, 0);
}

const struct workload workloads[] = {
	{.name = "dry-run", .what = "no interrupts", .next = dry_run},
	{.name = "self-ipi", .what = "each vCPU to itself", .next = self_ipi},
	{.name = "unicast", .what = "each to another one", .next = unicast},
	{.name = "broadcast", .what = "each to all", .next = broadcast},
	{.name = "broadcast-lock",
	 .what = "the same, and the handlers share a lock",
	 .next = broadcast,
	 .locks = true},
	{.name = "ring", .what = "a token from each to the next", .next = ring},
	{.name = "device-storm",
	 .what = "devices to all: MSIs, posts, level lines",
	 .next = device_storm,
	 .devices = true},
	{.name = "tlb-shootdown",
	 .what = "each to a random set, until all have answered",
	 .next = shootdown},
};
const unsigned int nr_workloads = sizeof(workloads) / sizeof(workloads[0]);

const struct workload *workload_find(const char *name)
{
	for (unsigned int i = 0; i < nr_workloads; i++)
		if (!strcmp(workloads[i].name, name))
			return &workloads[i];
	return NULL;
}
