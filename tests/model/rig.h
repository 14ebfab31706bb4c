/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One x86 VM in one thread: a bus, vCPUs with local APICs, and callbacks
 * that count. Every object has an allocation of its own, so that a
 * sanitizer sees a step past its end.
 */
#ifndef RIG_H
#define RIG_H

#include <vic/vic.h>

struct rig_vcpu {
	/* NULL: there is no such vCPU. */
	struct vic_vcpu *vcpu;
	struct vic_lapic *lapic;
	void *vcpu_storage;
	void *lapic_storage;
	uint8_t *page;
	uint32_t wakes;
	uint32_t kicks;
	/* How often vic_vcpu_ops.eoi ran, and the vector it was told. */
	uint32_t eois;
	uint32_t eoi_vector;
};

struct rig {
	struct vic_apic_bus *bus;
	void *bus_storage;
	struct rig_vcpu *vcpus;
	uint32_t max_vcpus;
	/* The block of the one thread that is no vCPU. */
	struct vic_counters counters;
};

/* An empty bus; ends the program if libvic refuses. */
void rig_init(struct rig *rig, uint32_t max_vcpus, uint32_t flags,
	      uint32_t msi_format, uint64_t *matrix);
void rig_free(struct rig *rig);

/* vic_vcpu_init() and vic_lapic_init(), with the answer of the latter. */
int rig_add(struct rig *rig, uint32_t index, uint32_t id, uint32_t flags);
/* The memory of a vCPU that has left the bus. */
void rig_drop(struct rig *rig, uint32_t index);

bool rig_is_x2apic(const struct rig *rig, uint32_t index);
/* A register by its xAPIC offset, through MMIO or the MSR by the mode. */
enum vic_access
rig_read(struct rig *rig, uint32_t index, uint32_t offset, uint64_t *value);
enum vic_access
rig_write(struct rig *rig, uint32_t index, uint32_t offset, uint64_t value);
/* The ICR as one value; in xAPIC mode that is two stores. */
enum vic_access rig_icr(struct rig *rig, uint32_t index, uint64_t value);
enum vic_access rig_base(struct rig *rig, uint32_t index, uint64_t value);

/* A 256-bit register (IRR, ISR, TMR) as it stands in the page. */
void rig_vectors(const struct rig *rig, uint32_t index, uint32_t offset,
		 uint64_t vectors[4]);

static inline bool rig_bit(const uint64_t vectors[4], uint32_t vector)
{
	return vectors[vector / 64] >> (vector % 64) & 1;
}

#endif
