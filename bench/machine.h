/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A VM to measure: vCPUs with local APICs and no guest. Everything runs on
 * one thread, so the vCPUs stand still in the run state that a scenario
 * puts them in.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdnoreturn.h>
#include <vic/vic.h>

/* An embedder's struct for one vCPU. Its stride is an odd number of lines. */
struct cpu {
	_Alignas(VIC_CACHE_LINE) unsigned char vcpu_storage[VIC_VCPU_SIZE];
	_Alignas(VIC_CACHE_LINE) unsigned char lapic_storage[VIC_LAPIC_SIZE];
	_Alignas(VIC_CACHE_LINE) struct vic_vcpu *vcpu;
	struct vic_lapic *lapic;
	unsigned char *page;
};

struct machine {
	uint32_t n;
	struct vic_apic_bus *bus;
	size_t bus_size;
	struct cpu *cpus;
	/* The counters of a device thread, for MSIs. */
	struct vic_counters device;
};

/* What the callbacks count. */
struct calls {
	uint64_t wakes, kicks, eois;
};
extern struct calls calls;

enum machine_flags {
	/* Every APIC is in x2APIC mode; otherwise in xAPIC mode. */
	MACHINE_X2APIC = 1 << 0,
	/* xAPIC: vCPU i has the logical id 1 << i. */
	MACHINE_FLAT = 1 << 1,
};

/* Get memory for n vCPUs. */
void machine_alloc(struct machine *m, uint32_t n);

/* Join n local APICs, software-enabled, all in HOST. */
void machine_init(struct machine *m, unsigned flags);

/*
 * From reset memory to n vCPUs in x2APIC mode: the BSP starts each AP by
 * INIT and SIPI. Returns 0 if each step did what it should.
 */
unsigned machine_boot(struct machine *m);

/* Stop with a message. */
noreturn void die(const char *what);

/* Stop unless the call did what it must. */
static inline void must(int result, const char *what)
{
	if (result)
		die(what);
}

#endif
