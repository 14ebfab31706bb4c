/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Expectations of a CPU about itself. `when` completes the sentence. */
#ifndef GUEST_EXPECT_H
#define GUEST_EXPECT_H

#include "apic.h"

/* Time and exits enough for a delivery that must not come. */
void quiet(void);
/* Waits for the handlers if there must be some. */
void expect_count(struct cpu *me, uint32_t vector, uint32_t n,
		  const char *when);
/* The same of lines that this CPU drives, interrupts on. */
void expect_lines(struct cpu *cpu, uint32_t vector, uint32_t n,
		  const char *when);
void expect_reg(struct cpu *me, const char *name, uint32_t got,
		uint32_t expected, const char *when);
/* The vectors in the order of their handlers; 0x100 marks an end. */
void expect_log(struct cpu *me, const uint32_t *expected, uint32_t n);

#endif
