/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request that merges must still be a locked access: bursts of NMIs, more
 * than can be pending, each with a message written before. Were the merge
 * decided by a plain load, the owner could take the pending NMIs and not
 * yet see the message of the one that merged into them.
 */
#include <sched.h>
#include <stdio.h>

#include "threads.h"
#include "x86.h"

#define BURSTS 30000
#define BURST 40

static struct vic_vcpu *vcpu;
static struct vic_lapic *lapic;

/* Each on a line of its own, so that their stores are not ordered by luck. */
static _Alignas(VIC_CACHE_LINE) unsigned long message;
static _Alignas(VIC_CACHE_LINE) unsigned long started;
static _Alignas(VIC_CACHE_LINE) unsigned long finished;

static void nothing(void *opaque)
{
	(void)opaque;
}

static void wait_for(const unsigned long *word, unsigned long burst)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) < burst)
		sched_yield();
}

static void *sender(void *unused)
{
	struct vic_counters counters = {0};

	(void)unused;
	for (unsigned long burst = 1; burst <= BURSTS; burst++) {
		wait_for(&started, burst);
		for (unsigned long i = 1; i <= BURST; i++) {
			__atomic_store_n(&message, burst * BURST + i,
					 __ATOMIC_RELAXED);
			vic_vcpu_request(vcpu, &counters, VIC_REQUEST_NMI, 0);
		}
		__atomic_store_n(&finished, burst, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Take what is pending; what the last handler saw, or @seen if none ran. */
static unsigned long handle(unsigned long seen)
{
	struct vic_work work;

	while (vic_lapic_scan(lapic, VIC_CAN_NMI, &work) & VIC_WORK_NMI) {
		if (vic_lapic_ack_nmi(lapic))
			die("a pending NMI cannot be acknowledged");
		seen = __atomic_load_n(&message, __ATOMIC_RELAXED);
	}
	return seen;
}

static void make(void)
{
	static struct x86_storage storage;
	static const struct vic_vcpu_ops ops = {
		.size = sizeof(ops),
		.wake = nothing,
		.kick = nothing,
	};
	const struct vic_vcpu_config config = {
		.size = sizeof(config),
		.ops = &ops,
	};

	lapic = x86_vcpu(&storage, &config, x86_bus(1), VIC_LAPIC_BSP, &vcpu);
}

int main(void)
{
	unsigned long lost = 0, seen = 0;
	pthread_t thread;

	make();
	start(&thread, sender, NULL);
	for (unsigned long burst = 1; burst <= BURSTS; burst++) {
		__atomic_store_n(&started, burst, __ATOMIC_RELEASE);
		while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) < burst)
			seen = handle(seen);
		seen = handle(seen);
		lost += seen != burst * BURST + BURST;
	}
	pthread_join(thread, NULL);
	printf("1..1\n%sok 1 - a merged NMI's message is seen\n"
	       "# %d bursts, %lu lost\n",
	       lost ? "not " : "", BURSTS, lost);
	return lost != 0;
}
