/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Random steps of a pair of 8259A: alone, or in a PC beside all that the
 * steps of local APICs and IOAPICs do.
 */
#ifndef PIC_STEPS_H
#define PIC_STEPS_H

#include "ioapic_steps.h"
#include "pic_rig.h"

struct pic_steps {
	/* Has the random numbers, and the rest of the PC. */
	struct ioapic_steps rest;
	struct pic_rig pic;
	bool alone;
	/* How many devices each line has. */
	uint32_t sources;
	/* An image of the whole PC, and of what. */
	uint8_t *kept;
	bool has_kept;
	struct lm kept_lm;
	struct im kept_im[IOAPIC_STEPS_RIGS];
	struct pm kept_pm;
	uint64_t restored;
};

void pic_steps_init(struct pic_steps *s, uint64_t seed, bool alone);
void pic_steps_free(struct pic_steps *s);
void pic_step(struct pic_steps *s);
void pic_steps_end(struct pic_steps *s);
void pic_steps_show(const struct pic_steps *s);

#endif
