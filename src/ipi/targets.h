/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Filling the caller's list of targets. */
#ifndef VIC_SRC_IPI_TARGETS_H
#define VIC_SRC_IPI_TARGETS_H

#include <vic/bus.h>

#include "ipi/vcpu_priv.h"

/* @vcpu may be NULL: nobody has that id. */
static inline void targets_add(struct vic_targets *targets,
			       const struct vic_vcpu *vcpu)
{
	if (!vcpu)
		return;
	if (targets->count < targets->capacity)
		targets->indices[targets->count] = vcpu->index;
	targets->count++;
}

#endif
