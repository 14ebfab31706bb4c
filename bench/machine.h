/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A VM to measure: vCPUs with local APICs or a GIC, and no guest. Everything
 * runs on one thread, so the vCPUs stand still in the run state that a
 * scenario puts them in.
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
	struct vic_gicr *gicr;
	struct vic_gic_lrs lrs;
};

struct machine {
	uint32_t n;
	/* Of its vCPUs. */
	const struct vic_vcpu_ops *ops;
	struct vic_apic_bus *bus;
	size_t bus_size;
	struct cpu *cpus;
	struct vic_gic *gic;
	size_t gic_size;
	/* Of each Redistributor, one after the other. */
	size_t gicr_size;
	unsigned char *gicr_storage;
	/* chip_machine_init(): an IOAPIC and a PIC. */
	struct vic_ioapic *ioapic;
	struct vic_pic *pic;
	/* The counters of a device thread, for MSIs. */
	struct vic_counters device;
	/* Where vCPUs that are posted to run: the first. */
	struct vic_pcpu *pcpu[2];
	_Alignas(VIC_CACHE_LINE) unsigned char pcpu_storage[2][VIC_PCPU_SIZE];
};

/* What the callbacks count. */
struct calls {
	uint64_t wakes, kicks, notifies, eois;
};
extern struct calls calls;

/* What vic_vcpu_ops.now says, of both clocks. */
extern uint64_t clock_now;

enum machine_flags {
	/* Every APIC is in x2APIC mode; otherwise in xAPIC mode. */
	MACHINE_X2APIC = 1 << 0,
	/* xAPIC: vCPU i has the logical id 1 << i. */
	MACHINE_FLAT = 1 << 1,
	/* vCPUs have Redistributors, and no APICs: gic_machine_init(). */
	MACHINE_GIC = 1 << 2,
	/* Lowest priority by PPR: VIC_BUS_ARBITRATE. */
	MACHINE_ARBITRATE = 1 << 3,
	/* Vectors are posted. */
	MACHINE_POSTING = 1 << 4,
	/* Beside the APICs an IOAPIC and a PIC: chip_machine_init(). */
	MACHINE_CHIPS = 1 << 5,
};

/* Get memory for n vCPUs. */
void machine_alloc(struct machine *m, uint32_t n);
void machine_free(struct machine *m);

/* Zeroed memory that has been touched. */
void *alloc(size_t alignment, size_t size);

/* The callbacks: they count. */
extern const struct vic_vcpu_ops ops;

/* Join n local APICs, software-enabled, all in HOST. */
void machine_init(struct machine *m, unsigned flags);

/*
 * From reset memory to n vCPUs in x2APIC mode: the BSP starts each AP by
 * INIT and SIPI. Returns 0 if each step did what it should.
 */
unsigned machine_boot(struct machine *m);

/*
 * Join n Redistributors, awake, with all SGIs and edge-triggered SPIs
 * enabled; SPI 32 + i has one of 32 priorities and goes to vCPU i % n. All
 * are in HOST. gic_machine.c.
 */
void gic_machine_init(struct machine *m);
#define GIC_SPIS 988u
/* Both groups on, everything above the lowest priority. */
#define GIC_VMCR \
	(VIC_VMCR_VENG0 | VIC_VMCR_VENG1 | 0xf8u << VIC_VMCR_VPMR_SHIFT)
#define GICD_BASE UINT64_C(0x08000000)
/* Stores of vCPU 0 to the Distributor. */
void gic_route(struct machine *m, uint32_t intid, uint32_t index);
void gicd_write(struct machine *m, uint32_t offset, uint32_t len,
		uint64_t value);

/*
 * As machine_init(), and an IOAPIC of 24 pins on the bus, whose device lowers
 * its line when it hears of an EOI, and a PIC that was initialized and is
 * wired to LINT0 of vCPU 0, where it is ExtINT. chips.c.
 */
void chip_machine_init(struct machine *m, unsigned flags);

/* Stop with a message. */
noreturn void die(const char *what);

/* Stop unless the call did what it must. */
static inline void must(int result, const char *what)
{
	if (result)
		die(what);
}

#endif
