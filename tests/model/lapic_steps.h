/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Random steps of vCPUs, guests and devices, biased to what guests do and
 * to a few vectors. A vCPU stays in the guest, or asleep, while others do as
 * they like.
 */
#ifndef LAPIC_STEPS_H
#define LAPIC_STEPS_H

#include "lapic_rig.h"

#define LAPIC_STEPS_HOT 12

struct lapic_steps {
	uint64_t random;
	struct lapic_rig rig;
	/* The vectors that most steps are about. */
	uint8_t hot[LAPIC_STEPS_HOT];
};

/* A VM that the seed decides on; most are set up as a guest's boot does. */
void lapic_steps_init(struct lapic_steps *s, uint64_t seed);
void lapic_step(struct lapic_steps *s);
/* Handlers that end at once, or an injection that fails. In HOST. */
void lapic_step_serve(struct lapic_steps *s, uint32_t cpu);
/* Back to where interrupts are taken, perhaps; false if it is there. */
bool lapic_step_revive(struct lapic_steps *s, uint32_t cpu);
/* After a step of another kind: who is in the hypervisor looks. */
void lapic_step_look(struct lapic_steps *s);
/* All vCPUs in the hypervisor, and everything looked at once more. */
void lapic_steps_end(struct lapic_steps *s);

/* Of what the seed brings next: a number below count, and so on. */
uint32_t lapic_any(struct lapic_steps *s, uint32_t count);
uint64_t lapic_any64(struct lapic_steps *s);
bool lapic_one_in(struct lapic_steps *s, uint32_t count);
uint32_t lapic_any_cpu(struct lapic_steps *s);
uint8_t lapic_any_vector(struct lapic_steps *s);
#define LAPIC_PICK(s, array) \
	((array)[lapic_any(s, sizeof(array) / sizeof((array)[0]))])

/* A register's store, by MMIO or MSR as the mode is. */
void lapic_step_put(struct lapic_steps *s, uint32_t cpu, uint32_t offset,
		    uint64_t value);
/* Messages: lapic_steps_send.c. */
void lapic_step_icr(struct lapic_steps *s, uint32_t cpu);
void lapic_step_msi(struct lapic_steps *s);
/* Accesses: lapic_steps_regs.c. */
void lapic_step_write(struct lapic_steps *s, uint32_t cpu);
void lapic_step_lvt(struct lapic_steps *s, uint32_t cpu);
void lapic_step_timer(struct lapic_steps *s, uint32_t cpu);
void lapic_step_base(struct lapic_steps *s, uint32_t cpu);
void lapic_step_odd(struct lapic_steps *s, uint32_t cpu);

#endif
