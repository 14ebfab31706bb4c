/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What assembler and C must agree about. */
#ifndef EL2_LAYOUT_H
#define EL2_LAYOUT_H

/* Kinds of exits. */
#define EXIT_SYNC 0
#define EXIT_IRQ 1
#define EXIT_SERROR 2

/* In struct context and struct fp. */
#define CONTEXT_PC 256
#define FP_CONTROL 512

#endif
