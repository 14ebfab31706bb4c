/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The stress's watchdog, and whether what came out is exact. */
#define _POSIX_C_SOURCE 200809L

#include "stress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool all_seen(uint32_t target)
{
	for (uint32_t s = 0; s < SENDERS; s++)
		if (!mailbox_seen(&irq_box[s][target]) ||
		    !mailbox_seen(&nmi_box[s][target]))
			return false;
	return true;
}

static void dump(const struct vcpu *v)
{
	struct vic_vcpu_inbox in;

	vic_vcpu_peek(v->vcpu, &in);
	printf("# vcpu %" PRIu32 ": %s, state %" PRIu32 ", turn %" PRIu64
	       ", request_new %d, ON %d, NMIs %u, PIR %016" PRIx64
	       " %016" PRIx64 " %016" PRIx64 " %016" PRIx64 "\n",
	       v->index, all_seen(v->index) ? "idle" : "has unseen messages",
	       in.state, atomic_load(&v->progress), in.request_new,
	       in.outstanding, in.nmi, in.pir[3], in.pir[2], in.pir[1],
	       in.pir[0]);
	for (uint32_t s = 0; s < SENDERS; s++)
		printf("#   from %" PRIu32 ": irq %" PRIu64 "/%" PRIu64
		       ", nmi %" PRIu64 "/%" PRIu64 "\n",
		       s, atomic_load(&irq_box[s][v->index].seen) >> 1,
		       atomic_load(&irq_box[s][v->index].written) >> 1,
		       atomic_load(&nmi_box[s][v->index].seen) >> 1,
		       atomic_load(&nmi_box[s][v->index].written) >> 1);
}

/* A vCPU that has something to see and does not turn is stuck. */
void *watchdog_thread(void *unused)
{
	struct watched watched[VCPUS] = {0};

	(void)unused;
	while (!atomic_load(&stop)) {
		doze(1000000);
		for (uint32_t i = 0; i < VCPUS; i++) {
			if (!stalls(&watched[i], !all_seen(i),
				    atomic_load(&vcpus[i].progress)))
				continue;
			for (uint32_t j = 0; j < VCPUS; j++)
				dump(&vcpus[j]);
			die("a vCPU makes no progress");
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
	uint64_t irqs, folded, nmis, acked_irqs, acked_nmis, eois;
	uint64_t level_irqs, level_eois;
	uint64_t sent, requested, msis_newly, other;
	uint64_t enter_refusals, block_refusals, spurious_kicks;
	uint64_t spurious_wakes;
} sum;

static void sum_up(void)
{
	memset(&sum, 0, sizeof(sum));
	for (uint32_t i = 0; i < VCPUS; i++) {
		const struct vic_counters *c = vic_vcpu_counters(vcpus[i].vcpu);

		add_outcomes(&sum.vectors, &c->vectors);
		add_outcomes(&sum.requests, &c->requests);
		sum.irqs += atomic_load(&vcpus[i].irqs);
		sum.folded += look(&c->folded);
		sum.nmis += atomic_load(&vcpus[i].nmis);
	}
	for (uint32_t i = 0; i < DEVICES; i++) {
		add_outcomes(&sum.vectors, &devices[i].counters.vectors);
		add_outcomes(&sum.requests, &devices[i].counters.requests);
	}
}

/* The rest, when no thread runs any more. */
static void sum_up_finally(void)
{
	sum_up();
	for (uint32_t i = 0; i < VCPUS; i++) {
		const struct vic_counters *c = vic_vcpu_counters(vcpus[i].vcpu);

		sum.acked_irqs += c->acked[VIC_MODE_FIXED];
		sum.acked_nmis += c->acked[VIC_MODE_NMI];
		sum.eois += c->eois;
		sum.level_irqs += vcpus[i].level_irqs;
		sum.level_eois += vcpus[i].level_eois;
		sum.sent += vcpus[i].sent;
		sum.requested += vcpus[i].requested;
		sum.other +=
			c->refused + c->unmatched + c->invalid + c->discarded;
		sum.enter_refusals += c->enter_refusals;
		sum.block_refusals += c->block_refusals;
		sum.spurious_kicks += c->kicks_spurious;
		sum.spurious_wakes += c->wakes_spurious;
	}
	for (uint32_t i = 0; i < DEVICES; i++) {
		const struct vic_counters *c = &devices[i].counters;

		sum.sent += devices[i].sent;
		sum.requested += devices[i].requested;
		sum.msis_newly += devices[i].newly;
		sum.msis_newly -= newly(&c->vectors) + newly(&c->requests);
		sum.other += c->refused + c->unmatched + c->invalid;
	}
}

static bool all_handled(void)
{
	sum_up();
	return sum.irqs + sum.folded == newly(&sum.vectors) &&
	       sum.nmis == newly(&sum.requests);
}

void drain(void)
{
	for (uint32_t i = 0; i < VCPUS; i++)
		while (!all_seen(i))
			doze(1000);
	for (int i = 0; i < STALLED_SECONDS * 1000 && !all_handled(); i++)
		doze(1000);
}

static void print_stats(void)
{
	const struct vic_outcomes *v = &sum.vectors, *r = &sum.requests;

	printf("# vectors: %" PRIu64 " sent, %" PRIu64 " merged, %" PRIu64
	       " coalesced, %" PRIu64 " silent, %" PRIu64 " woken, %" PRIu64
	       " kicked\n",
	       sum.sent, v->merged, v->coalesced, v->silent, v->woken,
	       v->kicked);
	printf("# NMIs: %" PRIu64 " sent, %" PRIu64 " merged, %" PRIu64
	       " coalesced, %" PRIu64 " silent, %" PRIu64 " woken, %" PRIu64
	       " kicked\n",
	       sum.requested, r->merged, r->coalesced, r->silent, r->woken,
	       r->kicked);
	printf("# handled: %" PRIu64 " vectors (%" PRIu64 " level), %" PRIu64
	       " NMIs; folded: %" PRIu64 "\n",
	       sum.irqs, sum.level_irqs, sum.nmis, sum.folded);
	printf("# refusals: %" PRIu64 " enter, %" PRIu64
	       " block; spurious: %" PRIu64 " kicks, %" PRIu64 " wakes\n",
	       sum.enter_refusals, sum.block_refusals, sum.spurious_kicks,
	       sum.spurious_wakes);
}

unsigned report(uint64_t messages)
{
	const struct vic_outcomes *v = &sum.vectors, *r = &sum.requests;

	sum_up_finally();
	print_stats();
	ok(true, "every message was seen, with no extra signal");
	ok(sum.sent + sum.requested >= messages, "all messages were sent");
	ok(sum.sent == v->merged + newly(v) && !sum.other,
	   "each vector has one outcome");
	ok(sum.requested == r->merged + newly(r), "each NMI has one outcome");
	ok(sum.msis_newly == 0, "vic_msi() returns what it counts");
	ok(newly(v) == sum.irqs + sum.folded,
	   "each newly pending vector is handled once or folded");
	ok(sum.irqs == sum.acked_irqs && sum.irqs == sum.eois,
	   "each vector that is handled has one ack and one EOI");
	ok(newly(r) == sum.nmis && newly(r) == sum.acked_nmis,
	   "each newly pending NMI is handled once");
	ok(sum.level_eois == sum.level_irqs,
	   "each level vector, and no other, reports its EOI");
	ok(v->woken + r->woken >= messages / PER_WAKE, "enough wakes");
	ok(v->kicked + r->kicked >= messages / PER_KICK, "enough kicks");
	ok(v->merged + r->merged >= messages / PER_MERGE, "enough merges");
	return plan();
}
