/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Random steps of IOAPICs, alone or beside all that the steps of local APICs
 * do, biased to a few pins and vectors.
 */
#ifndef IOAPIC_STEPS_H
#define IOAPIC_STEPS_H

#include "ioapic_rig.h"
#include "lapic_steps.h"

#define IOAPIC_STEPS_RIGS 2
#define IOAPIC_STEPS_HOT 6

struct ioapic_steps {
	/* Has the random numbers; without vCPUs if the IOAPIC is alone. */
	struct lapic_steps lapic;
	struct ioapic_rig *rig[IOAPIC_STEPS_RIGS];
	uint32_t nr_rigs;
	/* The pins that most steps are about, and how many devices each has. */
	uint32_t hot[IOAPIC_STEPS_RIGS][IOAPIC_STEPS_HOT];
	uint32_t sources;
	/* Source 63 of a pin is a PIC. */
	bool has_pic;
};

/* What the seed decides on: one IOAPIC alone, or one or two on a bus. */
void ioapic_steps_init(struct ioapic_steps *s, uint64_t seed, bool alone);
void ioapic_steps_free(struct ioapic_steps *s);
void ioapic_step(struct ioapic_steps *s);
void ioapic_steps_end(struct ioapic_steps *s);
void ioapic_steps_show(const struct ioapic_steps *s);

/* For a PC that has a PIC as well. */
void ioapic_steps_check(struct ioapic_steps *s);
void ioapic_steps_accessed(struct ioapic_steps *s, uint32_t vcpu,
			   const struct lm_eoi *eoi, bool moved);

#endif
