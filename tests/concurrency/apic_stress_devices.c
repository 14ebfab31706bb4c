/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The devices of the local APIC's stress, and whether the counts are exact. */
#define _POSIX_C_SOURCE 200809L

#include "apic_stress.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

static enum device_kind kind_of(const struct device *d)
{
	return (enum device_kind)(d - devices);
}

static void msi(struct device *d, uint32_t target, uint32_t data)
{
	uint64_t address = VIC_MSI_BASE | target << VIC_MSI_DEST_SHIFT;
	int newly = vic_msi(bus, &d->counters, address, data);

	if (newly != 0 && newly != 1)
		die("a message to one vCPU reached another number of them");
}

static void
request(struct device *d, uint32_t target, enum vic_request what, uint8_t level)
{
	if (vic_vcpu_request(cpus[target].vcpu, &d->counters, what, level) ==
	    VIC_POST_REFUSED)
		die("a request is refused");
}

static void extint(struct device *d, uint32_t target)
{
	if (random_below(&d->random, 2))
		request(d, target, VIC_REQUEST_EXTINT, 0);
	else
		msi(d, target, VIC_MODE_EXTINT << VIC_ICR_MODE_SHIFT);
}

static void send(struct device *d, uint32_t target)
{
	const uint32_t level = VIC_ICR_LEVEL | VIC_ICR_ASSERT;
	enum device_kind kind = kind_of(d);

	switch (kind) {
	case DEVICE_MSI:
		msi(d, target, vector_of(kind));
		break;
	case DEVICE_LEVEL_MSI:
		msi(d, target, vector_of(kind) | level);
		break;
	case DEVICE_LINT0:
		/* The handler lowers it. */
		request(d, target, VIC_REQUEST_LINT0, 1);
		break;
	case DEVICE_LINT1:
		request(d, target, VIC_REQUEST_LINT1, 1);
		request(d, target, VIC_REQUEST_LINT1, 0);
		break;
	case DEVICE_PERF:
		request(d, target, VIC_REQUEST_PERF, 0);
		break;
	default:
		extint(d, target);
		break;
	}
}

/* The host's timers: a deadline that has passed is reported once. */
static void host_timers(struct device *d)
{
	while (!atomic_load(&stop)) {
		for (uint32_t i = 0; i < VCPUS; i++) {
			uint64_t at = atomic_load(&cpus[i].deadline);

			if (!at || clock_now() < at ||
			    !atomic_compare_exchange_strong(&cpus[i].deadline,
							    &at, 0))
				continue;
			request(d, i, VIC_REQUEST_TIMER, 0);
		}
		sched_yield();
	}
}

/* Lines and counters wait for each handler: what merges cannot be counted. */
static bool must_wait(const struct device *d)
{
	enum device_kind kind = kind_of(d);

	return kind == DEVICE_LINT0 || kind == DEVICE_LINT1 ||
	       kind == DEVICE_PERF;
}

void *device_thread(void *opaque)
{
	struct device *d = opaque;

	if (kind_of(d) == DEVICE_TIMERS) {
		host_timers(d);
		return NULL;
	}
	while (spend()) {
		uint32_t target = random_below(&d->random, VCPUS);
		bool reply = must_wait(d) || !random_below(&d->random, 8);

		mailbox_write(&boxes[kind_of(d)][target], reply);
		d->sent++;
		send(d, target);
		if (reply)
			latch_wait(&d->reply);
	}
	return NULL;
}

static bool all_seen(uint32_t target)
{
	for (uint32_t s = 0; s < DEVICES + VCPUS; s++)
		if (!mailbox_seen(&boxes[s][target]))
			return false;
	return atomic_load(&cpus[target].timers) ==
	       atomic_load(&cpus[target].armed);
}

void *watchdog_thread(void *unused)
{
	struct watched watched[VCPUS] = {0};

	(void)unused;
	while (!atomic_load(&stop)) {
		doze(1000000);
		for (uint32_t i = 0; i < VCPUS; i++)
			if (stalls(&watched[i], !all_seen(i),
				   atomic_load(&cpus[i].progress)))
				die("a vCPU makes no progress");
	}
	return NULL;
}

static struct totals {
	uint64_t vectors, extints, folded, irqs, taken_extints;
	uint64_t acked, acked_extints, eois, armed, timers, other;
	uint64_t level_irqs, level_eois, handled[DEVICES];
} sum;

static void sum_up(void)
{
	sum = (struct totals){
		.extints = newly(&devices[DEVICE_EXTINT].counters.requests),
	};
	for (uint32_t i = 0; i < DEVICES; i++)
		sum.vectors += newly(&devices[i].counters.vectors);
	for (uint32_t i = 0; i < VCPUS; i++) {
		const struct vic_counters *n = vic_vcpu_counters(cpus[i].vcpu);

		sum.vectors += newly(&n->vectors);
		sum.folded += look(&n->folded);
		sum.irqs += atomic_load(&cpus[i].irqs);
		sum.taken_extints += atomic_load(&cpus[i].extints);
		sum.timers += atomic_load(&cpus[i].timers);
		sum.armed += atomic_load(&cpus[i].armed);
		for (uint32_t d = 0; d < DEVICES; d++)
			sum.handled[d] += atomic_load(&cpus[i].handled[d]);
	}
}

static bool all_handled(void)
{
	sum_up();
	return sum.vectors == sum.irqs + sum.folded &&
	       sum.extints == sum.taken_extints && sum.armed == sum.timers;
}

void drain(void)
{
	for (uint32_t i = 0; i < VCPUS; i++)
		while (!all_seen(i))
			doze(1000);
	for (int i = 0; i < STALLED_SECONDS * 1000 && !all_handled(); i++)
		doze(1000);
}

/* The rest, when no thread runs any more. */
static void sum_up_finally(void)
{
	sum_up();
	for (uint32_t i = 0; i < VCPUS; i++) {
		const struct vic_counters *n = vic_vcpu_counters(cpus[i].vcpu);

		sum.acked += n->acked[VIC_MODE_FIXED];
		sum.acked_extints += n->acked[VIC_MODE_EXTINT];
		sum.eois += n->eois;
		sum.level_irqs += cpus[i].level_irqs;
		sum.level_eois += cpus[i].level_eois;
		sum.other += n->refused + n->unmatched + n->invalid +
			     n->discarded + n->requests_discarded;
	}
	for (uint32_t i = 0; i < DEVICES; i++) {
		const struct vic_counters *n = &devices[i].counters;

		sum.other += n->refused + n->unmatched + n->invalid +
			     n->requests_discarded;
	}
}

static bool all_answered(enum device_kind kind)
{
	return sum.handled[kind] == devices[kind].sent && devices[kind].sent;
}

unsigned report(int64_t messages)
{
	uint64_t sent = 0;

	sum_up_finally();
	for (uint32_t i = 0; i < DEVICES; i++)
		sent += devices[i].sent;
	printf("# %" PRIu64 " of devices; newly pending: %" PRIu64
	       " vectors, %" PRIu64 " ExtINTs; handled: %" PRIu64
	       " vectors, %" PRIu64 " ExtINTs; folded: %" PRIu64
	       "; timers: %" PRIu64 "\n",
	       sent, sum.vectors, sum.extints, sum.irqs, sum.taken_extints,
	       sum.folded, sum.timers);
	ok(true, "every message was seen, with no extra signal");
	ok(sent > 0 && sent <= (uint64_t)messages && !sum.other,
	   "nothing is refused or thrown away");
	ok(sum.vectors == sum.irqs + sum.folded,
	   "each newly pending vector is handled once or folded");
	ok(sum.irqs == sum.acked && sum.irqs == sum.eois,
	   "each vector that is handled has one ack and one EOI");
	ok(sum.level_irqs == sum.level_eois,
	   "each level vector, and no other, reports its EOI");
	ok(sum.extints == sum.taken_extints &&
		   sum.extints == sum.acked_extints && sum.extints,
	   "each newly pending ExtINT is handled once");
	ok(sum.armed == sum.timers && sum.timers,
	   "each deadline that is armed is one interrupt");
	ok(all_answered(DEVICE_LINT0), "each level of LINT0 is one interrupt");
	ok(all_answered(DEVICE_LINT1), "each edge of LINT1 is one interrupt");
	ok(all_answered(DEVICE_PERF), "each overflow is one interrupt");
	return plan();
}
