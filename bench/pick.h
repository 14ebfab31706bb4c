/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* A step inside the library that is measured by itself. */
#ifndef PICK_H
#define PICK_H

#include <vic/gic.h>

/* Not the number of an interrupt. */
#define PICK_NONE UINT32_MAX

/*
 * The best of what is queued at a vCPU in the groups that GICD_CTLR
 * enables. No lock is taken: nothing else runs.
 */
uint32_t pick(const struct vic_gicr *gicr);

#endif
