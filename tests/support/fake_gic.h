/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * An Arm VM without a guest: N vCPUs and a GICv3, callbacks that count, the
 * registers by name and by INTID, and a CPU interface that plays the guest
 * on the list registers as IHI 0069 has it (chapter 4.8, ICH_*). Storage is
 * static and filled with garbage first.
 */
#ifndef FAKE_GIC_H
#define FAKE_GIC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <vic/vic.h>

/** A case with fresh storage. */
#define FAKE_GIC_TEST(f) cmocka_unit_test_setup(f, fake_gic_reset)

#define FAKE_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define FAKE_GICD_BASE 0x08000000ull
/** Of region 0; each further region is 256 MiB above. */
#define FAKE_GICR_BASE 0x40000000ull
#define FAKE_IIDR 0x4200043bu

/* ICH_VMCR_EL2 with both groups on and the highest mask. */
#define FAKE_VMCR                                                         \
	(VIC_VMCR_VENG0 | VIC_VMCR_VENG1 | 0xf8u << VIC_VMCR_VPMR_SHIFT | \
	 2u << VIC_VMCR_VBPR0_SHIFT | 3u << VIC_VMCR_VBPR1_SHIFT)
#define FAKE_IDLE 0xffu

struct fake_gic;

struct fake_gic_cpu {
	struct fake_gic *vm;
	struct vic_vcpu *vcpu;
	struct vic_gicr *gicr;
	struct vic_gic_lrs lrs;
	uint32_t nr_lrs;
	unsigned int wakes;
	unsigned int kicks;
	unsigned int eois;
	/* Of the last EOI. */
	uint32_t eoi_source;
	uint32_t eoi_number;
	/* In eoi, lower this source of the INTID that ended. */
	bool eoi_lowers;
	/* Calls of hw_set_active, and what each pintid was last set to. */
	unsigned int hw_sets;
	bool hw_active[1024];
	bool hw_line;
	/* Physical deactivations by the guest (ICH_LR<n>_EL2.HW). */
	unsigned int hw_deactivations;
	uint32_t hw_deactivated;
};

struct fake_gic {
	struct vic_gic *gic;
	struct vic_gic_config config;
	/** The block of a device thread. */
	struct vic_counters device;
	/** vCPUs made: cpu[0] to cpu[count - 1]. */
	uint32_t count;
	struct fake_gic_cpu *cpu;
};

/** What to build; the zero of each field is the plain case. */
struct fake_gic_spec {
	uint32_t vcpus;
	/** How many to add at once; 0: all. */
	uint32_t present;
	uint32_t flags;
	/** SPIs; 0: 64. */
	uint32_t spis;
	uint32_t espis, eppis;
	/** List registers of each; 0: 4. */
	uint32_t nr_lrs;
	/** The affinity of each; NULL: the index as Aff0. */
	const uint32_t *affinities;
	/** vCPUs of each region; all 0: one region. */
	uint32_t regions[VIC_GIC_MAX_REGIONS];
	const struct vic_vcpu_ops *ops;
	uint64_t *matrix;
	/** As it comes out of reset: groups off, vCPUs asleep. */
	bool raw;
};

/** Registers that have a field for each INTID. */
enum fake_field {
	FAKE_GROUP,
	FAKE_ENABLE,
	FAKE_DISABLE,
	FAKE_SET_PENDING,
	FAKE_CLEAR_PENDING,
	FAKE_SET_ACTIVE,
	FAKE_CLEAR_ACTIVE,
	FAKE_PRIORITY,
	FAKE_CONFIG,
};

/** Callbacks that count; the opaque pointer is a struct fake_gic_cpu. */
extern const struct vic_vcpu_ops fake_gic_ops;

/** Take all storage back: a CMocka setup function. */
int fake_gic_reset(void **state);

/** Unless spec->raw, groups are on and all vCPUs awake. */
void fake_gic_make(struct fake_gic *vm, const struct fake_gic_spec *spec);

/** The usual VM: 64 SPIs, four list registers. */
void fake_gic_plain(struct fake_gic *vm, uint32_t vcpus);

/** Storage of @p size bytes, filled with garbage; fails if there is none. */
void *fake_gic_storage(size_t size);

/** Make vCPU @p index and its Redistributor at @p affinity. */
int fake_gic_add(struct fake_gic *vm, uint32_t index, uint32_t affinity,
		 uint32_t nr_lrs);

/** Guest physical address of a register in @p cpu's frame. */
uint64_t fake_gicr_at(const struct fake_gic_cpu *cpu, uint32_t offset);

/** Any access; it must be done. */
uint64_t fake_gic_load(struct fake_gic_cpu *by, uint64_t address, uint32_t len);
void fake_gic_store(struct fake_gic_cpu *by, uint64_t address, uint32_t len,
		    uint64_t value);

/** 32-bit registers; GICR_* of @p cpu by itself. */
uint32_t fake_gicd_read(struct fake_gic_cpu *cpu, uint32_t offset);
void fake_gicd_write(struct fake_gic_cpu *cpu, uint32_t offset, uint32_t value);
uint32_t fake_gicr_read(struct fake_gic_cpu *cpu, uint32_t offset);
void fake_gicr_write(struct fake_gic_cpu *cpu, uint32_t offset, uint32_t value);

/** Address of the word (the byte, of a priority) of @p intid. */
uint64_t fake_gic_field(const struct fake_gic_cpu *of, enum fake_field field,
			uint32_t intid);

/** Write 1 to its bit, through another vCPU if @p by is not @p of. */
void fake_gic_set_by(struct fake_gic_cpu *by, struct fake_gic_cpu *of,
		     enum fake_field field, uint32_t intid);
void fake_gic_set(struct fake_gic_cpu *cpu, enum fake_field field,
		  uint32_t intid);
/** Its bit; of FAKE_CONFIG: whether it is edge. */
bool fake_gic_get(struct fake_gic_cpu *cpu, enum fake_field field,
		  uint32_t intid);
void fake_gic_group(struct fake_gic_cpu *cpu, uint32_t intid, bool group1);
void fake_gic_edge(struct fake_gic_cpu *cpu, uint32_t intid, bool edge);
void fake_gic_priority(struct fake_gic_cpu *cpu, uint32_t intid,
		       uint8_t priority);
/** GICD_IROUTER<n> as one 64-bit access. */
void fake_gic_route(struct fake_gic_cpu *cpu, uint32_t intid, uint64_t value);
uint64_t fake_gic_routed(struct fake_gic_cpu *cpu, uint32_t intid);

/** Give it @p priority, make it edge (but for an SGI), enable it. */
void fake_gic_ready(struct fake_gic_cpu *cpu, uint32_t intid, uint8_t priority);
/** The same, level-sensitive. */
void fake_gic_ready_level(struct fake_gic_cpu *cpu, uint32_t intid,
			  uint8_t priority);

/** Source 0 of its line, from the device thread. */
enum vic_post
fake_gic_line(struct fake_gic_cpu *cpu, uint32_t intid, bool level);
/** The line up and down. */
enum vic_post fake_gic_pulse(struct fake_gic_cpu *cpu, uint32_t intid);

struct vic_gic_state fake_gic_peek(struct fake_gic_cpu *cpu, uint32_t intid);

/*
 * The loop of <vic/gic_lr.h>. fake_gic_flush() also checks what must hold of
 * every image.
 */
uint32_t fake_gic_flush(struct fake_gic_cpu *cpu);
void fake_gic_enter(struct fake_gic_cpu *cpu);
void fake_gic_leave(struct fake_gic_cpu *cpu);
/** Leave and enter. */
void fake_gic_turn(struct fake_gic_cpu *cpu);

/** The list register of @p intid, or -1. */
int fake_gic_lr(const struct fake_gic_cpu *cpu, uint32_t intid);
/** Its State field: 0 when it is in none. */
unsigned int fake_gic_lr_state(const struct fake_gic_cpu *cpu, uint32_t intid);

/* The guest's instructions, on the image. */
/** A read of ICV_IAR: what it acknowledges, or VIC_INTID_NONE. */
uint32_t fake_gic_take(struct fake_gic_cpu *cpu);
/** A write of ICV_EOIR. */
void fake_gic_eoi(struct fake_gic_cpu *cpu, uint32_t intid);
/** A write of ICV_DIR; trapped if ICH_HCR_EL2.TDIR says so. */
void fake_gic_dir(struct fake_gic_cpu *cpu, uint32_t intid);
/** ICV_RPR. */
uint8_t fake_gic_running(const struct fake_gic_cpu *cpu);
/**
 * Enabled maintenance interrupts that are asserted: VIC_MISR_*, and VGrp as
 * VIC_HCR_VGRP*.
 */
uint32_t fake_gic_misr(const struct fake_gic_cpu *cpu);

/** From HOST to HOST: acknowledge @p intid, which must come first. */
void fake_gic_acknowledge(struct fake_gic_cpu *cpu, uint32_t intid);
/** From HOST to HOST: end it. */
void fake_gic_complete(struct fake_gic_cpu *cpu, uint32_t intid);

/**
 * Run from HOST to HOST, taking and ending all that comes; the INTIDs in
 * order. Maintenance interrupts are exits.
 *
 * @return how many; at most @p max, which fails the case if it is too small.
 */
uint32_t fake_gic_run(struct fake_gic_cpu *cpu, uint32_t *taken, uint32_t max);
/** Run, expecting exactly @p count, or just one, or none. */
void fake_gic_runs(struct fake_gic_cpu *cpu, const uint32_t *intids,
		   uint32_t count);
void fake_gic_runs_one(struct fake_gic_cpu *cpu, uint32_t intid);
void fake_gic_runs_none(struct fake_gic_cpu *cpu);

/** HOST to BLOCKED; must succeed. */
void fake_gic_sleep(struct fake_gic_cpu *cpu);
/** BLOCKED to HOST. */
void fake_gic_rise(struct fake_gic_cpu *cpu);

#endif
