/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request that merges must still be a locked access: bursts of NMIs, more
 * than can be pending, each with a message written before. Were the merge
 * decided by a plain load, the owner could take the pending NMIs and not
 * yet see the message of the one that merged into them.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <vic/vic.h>

#define BURSTS 30000
#define BURST 40

static _Alignas(VIC_CACHE_LINE) unsigned char vcpu_storage[VIC_VCPU_SIZE];
static _Alignas(VIC_CACHE_LINE) unsigned char lapic_storage[VIC_LAPIC_SIZE];
static _Alignas(VIC_APIC_PAGE_SIZE) unsigned char page[VIC_APIC_PAGE_SIZE];
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
			abort();
		seen = __atomic_load_n(&message, __ATOMIC_RELAXED);
	}
	return seen;
}

static int make(void)
{
	static const struct vic_vcpu_ops ops = {
		.size = sizeof(ops),
		.wake = nothing,
		.kick = nothing,
	};
	struct vic_vcpu_config vcpu_config = {
		.size = sizeof(vcpu_config),
		.ops = &ops,
	};
	struct vic_apic_bus_config bus_config = {
		.size = sizeof(bus_config),
		.max_vcpus = 1,
	};
	struct vic_lapic_config lapic_config = {
		.size = sizeof(lapic_config),
		.flags = VIC_LAPIC_BSP,
		.page = page,
	};
	static _Alignas(VIC_CACHE_LINE) unsigned char bus[16384];

	if (vic_vcpu_init(vcpu_storage, sizeof(vcpu_storage), &vcpu_config,
			  &vcpu) ||
	    vic_apic_bus_init(bus, sizeof(bus), &bus_config,
			      &lapic_config.bus))
		return -1;
	lapic_config.vcpu = vcpu;
	return vic_lapic_init(lapic_storage, sizeof(lapic_storage),
			      &lapic_config, &lapic);
}

int main(void)
{
	unsigned long lost = 0, seen = 0;
	pthread_t thread;

	if (make() || pthread_create(&thread, NULL, sender, NULL)) {
		printf("Bail out! no vCPU or no thread\n");
		return 1;
	}
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
