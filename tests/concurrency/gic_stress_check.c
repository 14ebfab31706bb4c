/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The GIC stress's watchdog, and whether what came out is exact. */
#define _POSIX_C_SOURCE 200809L

#include "gic_stress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	BOXES = GUESTS * GUESTS + GUESTS + SPIS,
};

static struct mailbox *box_at(uint32_t i)
{
	if (i < GUESTS * GUESTS)
		return &sgi_box[i / GUESTS][i % GUESTS];
	i -= GUESTS * GUESTS;
	return i < GUESTS ? &ppi_box[i] : &spi_box[i - GUESTS];
}

static void dump_box(uint32_t i)
{
	struct mailbox *box = box_at(i);

	if (mailbox_seen(box))
		return;
	if (i < GUESTS * GUESTS)
		printf("# SGI %" PRIu32 " at vCPU %" PRIu32, i / GUESTS,
		       i % GUESTS);
	else if (i < GUESTS * GUESTS + GUESTS)
		printf("# PPI at vCPU %" PRIu32, i - GUESTS * GUESTS);
	else
		printf("# SPI %" PRIu32,
		       i - GUESTS * GUESTS - GUESTS + FIRST_SPI);
	printf(": seen %" PRIu64 " of %" PRIu64 "\n",
	       atomic_load(&box->seen) >> 1, atomic_load(&box->written) >> 1);
}

static void dump_irq(const struct vic_gicr *gicr, uint32_t intid)
{
	struct vic_gic_state s;

	if (vic_gic_peek(gic, gicr, intid, &s))
		return;
	if (!s.pending && !s.active && !s.resident)
		return;
	printf("#   %" PRIu32 ":%s%s%s%s priority 0x%02x, home %" PRIu32 "\n",
	       intid, s.enabled ? "" : " disabled", s.pending ? " pending" : "",
	       s.active ? " active" : "", s.resident ? " resident" : "",
	       s.priority, s.home);
}

/* Its registers are its own, but nothing moves any more. */
__attribute__((no_sanitize("thread"))) static void dump(const struct vcpu *v)
{
	const struct vic_gic_lrs *lrs = &v->cpu.regs;
	struct vic_vcpu_inbox in;

	vic_vcpu_peek(v->vcpu, &in);
	printf("# vCPU %" PRIu32 ": state %" PRIu32 ", new %d, nested %" PRIu32
	       ", HCR %08" PRIx32 ", VMCR %08" PRIx32 ", used %" PRIx32 "\n",
	       v->index, in.state, in.request_new, v->depth, lrs->hcr,
	       lrs->vmcr, lrs->used);
	for (uint32_t n = 0; n < v->cpu.nr_lrs; n++)
		printf("#   LR%" PRIu32 " %016" PRIx64 "\n", n, lrs->lr[n]);
	for (uint32_t intid = 0; intid < VIC_INTID_SPI; intid++)
		dump_irq(v->gicr, intid);
}

static void dump_all(void)
{
	for (uint32_t i = 0; i < BOXES; i++)
		dump_box(i);
	for (uint32_t i = 0; i < VCPUS; i++)
		dump(&vcpus[i]);
	printf("# SPIs:\n");
	for (uint32_t spi = 0; spi < SPIS; spi++)
		dump_irq(NULL, FIRST_SPI + spi);
	fflush(stdout);
}

/*
 * A message that nobody sees, or a keeper who waits for a register:
 * somebody is stuck.
 */
void *watchdog_thread(void *unused)
{
	struct watched watched[BOXES + 1] = {0};

	(void)unused;
	while (!atomic_load(&stop)) {
		doze(1000000);
		for (uint32_t i = 0; i <= BOXES; i++) {
			/* The keeper always has something to do. */
			bool waits = i == BOXES || !mailbox_seen(box_at(i));
			uint64_t now = i < BOXES ? atomic_load(&box_at(i)->seen)
						 : atomic_load(&keeper.turns);

			if (!stalls(&watched[i], waits, now))
				continue;
			dump_all();
			die(i < BOXES ? "a message is not seen"
				      : "the keeper waits for ever");
		}
	}
	return NULL;
}

static void
add_outcomes(struct vic_outcomes *sum, const struct vic_outcomes *one)
{
	sum->merged += look(&one->merged);
	sum->coalesced += look(&one->coalesced);
	sum->silent += look(&one->silent);
	sum->woken += look(&one->woken);
	sum->kicked += look(&one->kicked);
}

/* What all threads counted. */
static struct totals {
	struct vic_outcomes vectors, requests;
	uint64_t irqs, folded, discarded, pending, acked, eois, ended;
	uint64_t level_irqs, level_eois, sent, returned, other, puts;
	uint64_t enter_refusals, block_refusals, spurious_kicks;
	uint64_t spurious_wakes, blocks;
} sum;

static uint64_t pending(const struct vic_gicr *gicr, uint32_t intid)
{
	struct vic_gic_state s;

	return !vic_gic_peek(gic, gicr, intid, &s) && s.pending;
}

static void sum_up(void)
{
	memset(&sum, 0, sizeof(sum));
	for (uint32_t i = 0; i < VCPUS; i++) {
		const struct vic_counters *c = vic_vcpu_counters(vcpus[i].vcpu);

		add_outcomes(&sum.vectors, &c->vectors);
		add_outcomes(&sum.vectors, &vcpus[i].counters.vectors);
		add_outcomes(&sum.requests, &c->requests);
		add_outcomes(&sum.requests, &vcpus[i].counters.requests);
		sum.irqs += atomic_load(&vcpus[i].irqs);
		sum.folded += look(&c->folded);
		sum.discarded += look(&c->discarded);
		for (uint32_t n = 0; n < VIC_INTID_SPI; n++)
			sum.pending += pending(vcpus[i].gicr, n);
	}
	for (uint32_t n = FIRST_SPI; n < FIRST_SPI + SPIS; n++)
		sum.pending += pending(NULL, n);
	for (uint32_t i = 0; i < DEVICES; i++) {
		add_outcomes(&sum.vectors, &devices[i].counters.vectors);
		add_outcomes(&sum.requests, &devices[i].counters.requests);
	}
}

/* The rest, when no thread runs any more. */
static void sum_up_finally(void)
{
	sum_up();
	sum.sent = keeper.pended;
	for (uint32_t i = 0; i < VCPUS; i++) {
		const struct vic_counters *c = vic_vcpu_counters(vcpus[i].vcpu);

		sum.acked += c->acked[0];
		sum.eois += c->eois;
		sum.ended += vcpus[i].ended;
		sum.level_irqs += vcpus[i].level_irqs;
		sum.level_eois += vcpus[i].level_eois;
		sum.sent += vcpus[i].sent;
		sum.puts += vcpus[i].puts;
		sum.other += c->refused + c->unmatched + c->invalid;
		sum.enter_refusals += c->enter_refusals;
		sum.block_refusals += c->block_refusals;
		sum.blocks += c->blocks;
		sum.spurious_kicks += c->kicks_spurious;
		sum.spurious_wakes += c->wakes_spurious;
	}
	for (uint32_t i = 0; i < DEVICES; i++) {
		sum.sent += devices[i].sent;
		sum.returned += devices[i].newly;
		sum.returned -= newly(&devices[i].counters.vectors);
	}
}

static bool all_handled(void)
{
	sum_up();
	return newly(&sum.vectors) ==
	       sum.irqs + sum.folded + sum.discarded + sum.pending;
}

void drain(void)
{
	for (uint32_t i = 0; i < BOXES; i++)
		while (!mailbox_seen(box_at(i)))
			doze(20);
}

void settle_counters(void)
{
	for (int i = 0; i < STALLED_SECONDS * 100 && !all_handled(); i++)
		doze(1000);
}

static void print_stats(void)
{
	const struct vic_outcomes *v = &sum.vectors, *r = &sum.requests;

	printf("# interrupts: %" PRIu64 " sent, %" PRIu64 " merged, %" PRIu64
	       " coalesced, %" PRIu64 " silent, %" PRIu64 " woken, %" PRIu64
	       " kicked\n",
	       sum.sent, v->merged, v->coalesced, v->silent, v->woken,
	       v->kicked);
	printf("# requests: %" PRIu64 " coalesced, %" PRIu64 " silent, %" PRIu64
	       " woken, %" PRIu64 " kicked\n",
	       r->coalesced, r->silent, r->woken, r->kicked);
	printf("# newly pending: %" PRIu64 "; taken: %" PRIu64 " (%" PRIu64
	       " level), folded: %" PRIu64 ", discarded: %" PRIu64
	       ", pending: %" PRIu64 "\n",
	       newly(v), sum.irqs, sum.level_irqs, sum.folded, sum.discarded,
	       sum.pending);
	printf("# acked: %" PRIu64 ", ended: %" PRIu64 ", EOIs: %" PRIu64
	       "; level EOIs: %" PRIu64 "\n",
	       sum.acked, sum.ended, sum.eois, sum.level_eois);
	printf("# keeper: %" PRIu64 " turns, %" PRIu64 " set pending, %" PRIu64
	       " retries; %" PRIu64 " puts, %" PRIu64 " blocks\n",
	       atomic_load(&keeper.turns), keeper.pended, keeper.retries,
	       sum.puts, sum.blocks);
	printf("# refusals: %" PRIu64 " enter, %" PRIu64
	       " block; spurious: %" PRIu64 " kicks, %" PRIu64 " wakes\n",
	       sum.enter_refusals, sum.block_refusals, sum.spurious_kicks,
	       sum.spurious_wakes);
}

/* Nothing but what a guest left at the keeper, who takes nothing. */
static uint64_t pending_at_keeper(void)
{
	uint64_t n = 0;

	for (uint32_t intid = 0; intid < GUESTS; intid++)
		n += pending(vcpus[KEEPER].gicr, intid);
	return n;
}

unsigned report(uint64_t messages)
{
	const struct vic_outcomes *v = &sum.vectors;
	bool even = true;

	sum_up_finally();
	print_stats();
	for (uint32_t spi = 0; spi < SPIS; spi++)
		even &= handlers[spi] % 2 == 0;
	ok(true, "every message was seen, with no extra signal");
	ok(sum.sent >= messages, "all messages were sent");
	ok(sum.sent == v->merged + newly(v) && !sum.other,
	   "each interrupt has one outcome");
	ok(!sum.returned, "devices get the outcome that is counted");
	ok(newly(v) == sum.irqs + sum.folded + sum.discarded + sum.pending,
	   "each newly pending interrupt is taken once, folded or still there");
	ok(sum.pending == pending_at_keeper(), "no guest has any pending");
	ok(sum.irqs == sum.acked && sum.irqs == sum.ended,
	   "each interrupt that was taken has one ack and one end");
	ok(sum.irqs == sum.eois, "each end is counted");
	ok(even, "each SPI had one handler at a time");
	ok(sum.level_eois == sum.level_irqs,
	   "each level-sensitive one, and no other, reports its end");
	ok(v->woken >= messages / PER_WAKE, "enough wakes");
	ok(v->kicked >= messages / PER_KICK, "enough kicks");
	ok(v->merged >= messages / PER_MERGE, "enough merges");
	ok(keeper.retries > 0, "some reads had to ask");
	return plan();
}
