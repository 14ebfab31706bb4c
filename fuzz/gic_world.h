/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One Arm VM of up to four vCPUs in one thread, for the targets of the GIC:
 * libvic, simulated hardware, and the ways between them. After each
 * operation world_check() looks at all of libvic's state.
 */
#ifndef GIC_WORLD_H
#define GIC_WORLD_H

#include <model/vcpuif.h>

#include <gic/irq.h>

#include "input.h"

#define GIC_VCPUS 4u
#define GIC_PPIS 32u
/* No input makes a target do more than this many operations. */
#define GIC_MAX_OPS 512
/*
 * No access takes more locks than this: ten for each of 32 interrupts, or
 * three for each SPI, where 1-of-N ones look for a vCPU.
 */
#define GIC_MAX_LOCKS(w)                                         \
	(512 + ((w)->config.flags & VIC_GIC_1_OF_N               \
			? 3 * ((w)->gic->spis + (w)->gic->espis) \
			: 0))

enum place {
	/* In the hypervisor, list registers synced. */
	AT_HOST,
	/* After vic_gic_flush(). */
	AT_FLUSHED,
	AT_GUEST,
	AT_BLOCKED,
};

struct gic_world;

struct gic_cpu {
	struct gic_world *world;
	/* NULL: there is no such vCPU so far. */
	struct vic_vcpu *vcpu;
	struct vic_gicr *gicr;
	void *vcpu_storage, *gicr_storage;
	struct vic_gic_lrs image;
	/* The registers of the physical CPU. */
	struct vcpuif hw;
	enum place place;
	/* Entered with an immediate exit armed: no kick is owed. */
	bool armed;
	/* The image is the fuzzer's, until flush fills it again. */
	bool garbled;
	/* Between vic_gic_load() and vic_gic_put(). */
	bool on_cpu;
	/* Kicks and wakes since it entered or blocked. */
	uint32_t signals;
	uint32_t generation;
	/* Active PPIs of its physical CPU. */
	bool active[GIC_PPIS];
};

struct gic_world {
	struct input input;
	struct vic_gic *gic;
	void *gic_storage;
	struct vic_gic_config config;
	struct vic_counters counters;
	struct gic_cpu cpu[GIC_VCPUS];
	uint32_t nr_lrs, prebits, affinity;
	/* Active SPIs of the physical machine. */
	bool active[VIC_INTID_SPECIAL];
	/* What comes back from the guest is the fuzzer's, not hardware's. */
	bool hostile;
	/* Locks taken by the operation, and those that are held. */
	uint32_t locks, depth;
	uint64_t *words[3];
};

/* Makes what the first bytes of the input say. */
void world_init(struct gic_world *w, const uint8_t *data, size_t size);
void world_free(struct gic_world *w);
/* An INTID that is likely to exist. */
uint32_t world_intid(struct gic_world *w);
uint64_t world_gicr(const struct gic_world *w, uint32_t i);
/* One that was added. */
struct gic_cpu *world_pick(struct gic_world *w);
void world_add(struct gic_world *w, uint32_t i);

/* The owner's way around. */
void world_home(struct gic_cpu *cpu);
void world_put(struct gic_cpu *cpu);
void world_flush(struct gic_cpu *cpu);
void world_enter(struct gic_cpu *cpu);
void world_block(struct gic_cpu *cpu);

/* Accesses of a guest, which trap: see gic_access.c. */
void world_write(struct gic_cpu *cpu, uint64_t address, uint32_t len,
		 uint64_t value);
void world_read(struct gic_cpu *cpu, uint64_t address, uint32_t len);
void world_sysreg(struct gic_cpu *cpu, uint32_t sysreg, bool write,
		  uint64_t value);
/* What surrounds an access: vCPUs run, devices raise lines. gic_steps.c. */
void world_step(struct gic_world *w);
void world_raise(struct gic_world *w);
void world_reset(struct gic_world *w);
/* A load or store somewhere around @base, of any width. */
void world_access(struct gic_world *w, uint64_t base);

/* All that must hold between two operations: gic_check.c. */
void world_check(struct gic_world *w);
/* Whether @cpu would take an interrupt, by its hardware. */
bool world_would_take(const struct gic_cpu *cpu);
/* One number for the states of all interrupts. */
uint64_t world_digest(const struct gic_world *w);

#endif
