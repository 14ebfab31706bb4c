/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The pretend guest. Its first CPU starts the others by INIT and SIPI. Then
 * all send every kind of IPI, round by round, and wait by HLT until all have
 * sent. Before it sends, a CPU numbers a message to each target in memory;
 * the target's handler reads the messages, so a lost interrupt shows as a
 * message that nobody saw, or as a CPU that waits for ever.
 */
#include <time.h>
#include <vic/spec/apic.h>

#include "guest.h"

#define MSR(offset) (VIC_MSR_X2APIC + (offset) / 16)
/* Instructions between two IPIs, so that some find their target running. */
#define WORK 2000
/* Latencies that are kept. */
#define SAMPLES 100000

/* The IPIs that the guest's CPUs send to each other. */
enum ipi {
	/* In every round, by every CPU, in this order. */
	IPI_SELF,
	IPI_UNICAST,
	IPI_CLUSTER,
	IPI_ALL,
	IPI_NMI,
	IPI_OTHERS,
	/* A started CPU tells the first one; that one tells all to begin. */
	IPI_ONLINE,
	IPI_BEGIN,
	/* The last CPU that is done tells all. */
	IPI_STOP,
	IPIS,
};

struct message {
	atomic_ullong sent_ns;
	atomic_ullong number;
};

static struct message messages[IPIS][GUEST_MAX_VCPUS][GUEST_MAX_VCPUS];
static atomic_uint cpus_done;
static unsigned int cpus, rounds;

/* The newest message that a handler saw. */
static uint64_t seen[GUEST_MAX_VCPUS][IPIS][GUEST_MAX_VCPUS];
static uint64_t latency[SAMPLES];
static atomic_size_t nr_latency;

enum pc {
	PC_ENABLE_APIC,
	PC_INIT,
	PC_SIPI,
	PC_GATHER,
	PC_ONLINE,
	PC_WAIT_BEGIN,
	PC_SEND,
	PC_WAIT_ROUND,
	PC_LAST,
	PC_END,
};

/* A priority class of its own for each; NMIs ignore it. */
static uint8_t vector_of(enum ipi ipi)
{
	return (uint8_t)(0x30 + 0x10 * ipi);
}

static bool addressed(enum ipi ipi, unsigned int source, unsigned int peer,
		      unsigned int target)
{
	switch (ipi) {
	case IPI_SELF:
		return target == source;
	case IPI_CLUSTER:
		return target / 16 == peer / 16;
	case IPI_OTHERS:
		return target != source;
	case IPI_ALL:
	case IPI_BEGIN:
	case IPI_STOP:
		return true;
	default:
		return target == peer;
	}
}

/* What to write to the ICR. */
static uint64_t icr_of(enum ipi ipi, unsigned int peer)
{
	uint64_t low = VIC_ICR_ASSERT | vector_of(ipi), dest = peer;

	switch (ipi) {
	case IPI_CLUSTER:
		low |= VIC_ICR_LOGICAL;
		dest = peer / 16 << 16 | 0xffff;
		break;
	case IPI_OTHERS:
		low |= VIC_ICR_OTHERS;
		break;
	case IPI_ALL:
	case IPI_BEGIN:
	case IPI_STOP:
		low |= VIC_ICR_ALL;
		break;
	case IPI_NMI:
		low = VIC_ICR_ASSERT | VIC_MODE_NMI << VIC_ICR_MODE_SHIFT;
		break;
	default:
		break;
	}
	return dest << VIC_ICR_DEST_SHIFT | low;
}

static enum guest_exit wrmsr(struct guest *g, uint32_t msr, uint64_t value)
{
	g->msr = msr;
	g->value = value;
	return GUEST_WRMSR;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static enum guest_exit send(struct guest *g, enum ipi ipi, unsigned int peer)
{
	uint64_t now = now_ns();

	for (unsigned int t = 0; t < cpus; t++) {
		struct message *message = &messages[ipi][g->id][t];

		if (!addressed(ipi, g->id, peer, t))
			continue;
		atomic_store(&message->sent_ns, now);
		atomic_fetch_add(&message->number, 1);
	}
	if (ipi == IPI_SELF)
		return wrmsr(g, MSR(VIC_APIC_SELF_IPI), vector_of(ipi));
	return wrmsr(g, MSR(VIC_APIC_ICR_LO), icr_of(ipi, peer));
}

static enum guest_exit send_to_others(struct guest *g, uint32_t mode,
				      uint32_t page)
{
	return wrmsr(g, MSR(VIC_APIC_ICR_LO),
		     VIC_ICR_OTHERS | VIC_ICR_ASSERT |
			     mode << VIC_ICR_MODE_SHIFT | page);
}

static void handle(const struct guest *g, enum ipi ipi)
{
	for (unsigned int s = 0; s < cpus; s++) {
		struct message *message = &messages[ipi][s][g->id];
		uint64_t number = atomic_load(&message->number);
		size_t sample;

		if (number == seen[g->id][ipi][s])
			continue;
		seen[g->id][ipi][s] = number;
		sample = atomic_fetch_add(&nr_latency, 1);
		if (sample < SAMPLES)
			latency[sample] =
				now_ns() - atomic_load(&message->sent_ns);
	}
}

static bool seen_from_others(const struct guest *g, enum ipi ipi,
			     unsigned int number)
{
	for (unsigned int s = 0; s < cpus; s++)
		if (s != g->id && seen[g->id][ipi][s] < number)
			return false;
	return true;
}

static bool seen_from_any(const struct guest *g, enum ipi ipi)
{
	for (unsigned int s = 0; s < cpus; s++)
		if (seen[g->id][ipi][s])
			return true;
	return false;
}

static enum guest_exit send_next(struct guest *g)
{
	enum ipi ipi = (enum ipi)g->next_ipi++;
	/* Another CPU in each round. */
	unsigned int step = cpus > 1 ? 1 + g->round % (cpus - 1) : 0;

	g->work = WORK;
	if (ipi == IPI_OTHERS) {
		g->next_ipi = 0;
		g->round++;
		g->pc = PC_WAIT_ROUND;
	}
	return send(g, ipi, (g->id + step) % cpus);
}

/* One instruction of what runs while no handler does. */
static enum guest_exit program(struct guest *g)
{
	if (g->work) {
		g->work--;
		return GUEST_RUNNING;
	}
	switch ((enum pc)g->pc) {
	case PC_ENABLE_APIC:
		g->pc = g->id == 0 ? PC_INIT : PC_ONLINE;
		return wrmsr(g, MSR(VIC_APIC_SVR), VIC_SVR_ENABLE | 0xff);
	case PC_INIT:
		g->pc = PC_SIPI;
		return send_to_others(g, VIC_MODE_INIT, 0);
	case PC_SIPI:
		g->pc = PC_GATHER;
		return send_to_others(g, VIC_MODE_SIPI, GUEST_START_PAGE);
	case PC_GATHER:
		if (!seen_from_others(g, IPI_ONLINE, 1))
			return GUEST_HLT;
		g->pc = PC_WAIT_BEGIN;
		return send(g, IPI_BEGIN, 0);
	case PC_ONLINE:
		g->pc = PC_WAIT_BEGIN;
		return send(g, IPI_ONLINE, 0);
	case PC_WAIT_BEGIN:
		/* Not by HLT: only a kick brings this one in. */
		if (seen_from_any(g, IPI_BEGIN))
			g->pc = PC_SEND;
		return GUEST_RUNNING;
	case PC_SEND:
		return send_next(g);
	case PC_WAIT_ROUND:
		if (!seen_from_others(g, IPI_OTHERS, g->round))
			return GUEST_HLT;
		g->pc = g->round < rounds ? PC_SEND : PC_LAST;
		return GUEST_RUNNING;
	case PC_LAST:
		g->pc = PC_END;
		if (atomic_fetch_add(&cpus_done, 1) + 1 == cpus)
			return send(g, IPI_STOP, 0);
		return GUEST_RUNNING;
	case PC_END:
		g->done = seen_from_any(g, IPI_STOP);
		return GUEST_HLT;
	}
	return GUEST_HLT;
}

/* IRET: more can be taken from here on. */
static enum guest_exit window(const struct guest *g)
{
	return g->window_exit ? GUEST_WINDOW : GUEST_RUNNING;
}

/* One instruction of an interrupt handler: its EOI, then its IRET. */
static enum guest_exit interrupt_handler(struct guest *g)
{
	if (!g->eoi) {
		handle(g, (enum ipi)((g->vector - vector_of(0)) / 0x10));
		g->eoi = true;
		return wrmsr(g, MSR(VIC_APIC_EOI), 0);
	}
	g->eoi = false;
	g->vector = 0;
	return window(g);
}

enum guest_exit guest_run(struct guest *g, const atomic_bool *kicked)
{
	do {
		enum guest_exit exit = GUEST_RUNNING;

		if (g->nmi) {
			handle(g, IPI_NMI);
			g->nmi = false;
			exit = window(g);
		} else if (g->vector) {
			exit = interrupt_handler(g);
		} else {
			exit = program(g);
		}
		if (exit != GUEST_RUNNING)
			return exit;
	} while (!atomic_load(kicked));
	return GUEST_KICKED;
}

void guest_boot(unsigned int n_cpus, unsigned int n_rounds)
{
	cpus = n_cpus;
	rounds = n_rounds;
}

struct guest_result guest_result(void)
{
	struct guest_result result = { .latency = latency };

	result.nr_latency = nr_latency < SAMPLES ? nr_latency : SAMPLES;
	for (unsigned int t = 0; t < cpus; t++)
		for (unsigned int ipi = 0; ipi < IPIS; ipi++)
			for (unsigned int s = 0; s < cpus; s++)
				result.unseen += seen[t][ipi][s] !=
						 messages[ipi][s][t].number;
	return result;
}
