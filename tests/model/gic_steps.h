/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Random steps of vCPUs, guests and devices, biased to what guests do and
 * to a few interrupts. A vCPU stays in the guest while others do as they
 * like.
 */
#ifndef GIC_STEPS_H
#define GIC_STEPS_H

#include "gic_rig.h"

#define GIC_STEPS_HOT 24

struct gic_steps {
	uint64_t random;
	struct gic_rig rig;
	/* The INTIDs that most steps are about; the first four are SGIs. */
	uint32_t hot[GIC_STEPS_HOT];
	uint32_t nr_hot;
};

/* A VM that the seed decides on; most are set up as a guest's boot does. */
void gic_steps_init(struct gic_steps *s, uint64_t seed);
void gic_step(struct gic_steps *s);

/* Of what the seed brings next: a number below count, and so on. */
uint32_t any(struct gic_steps *s, uint32_t count);
uint64_t any64(struct gic_steps *s);
bool one_in(struct gic_steps *s, uint32_t count);
uint32_t any_cpu(struct gic_steps *s);
struct gm_irq *any_irq(struct gic_steps *s);
uint8_t any_priority(struct gic_steps *s);
#define PICK(s, array) ((array)[any(s, sizeof(array) / sizeof((array)[0]))])
/* A vCPU's access, synced: gic_steps_mmio.c. */
void gic_step_write(struct gic_steps *s, uint32_t cpu);
void gic_step_read(struct gic_steps *s, uint32_t cpu);
/* All vCPUs in the hypervisor, and everything looked at once more. */
void gic_steps_end(struct gic_steps *s);

#endif
