/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* vCPUs to be kicked with one call, where the embedder has one for it. */
#ifndef VIC_SRC_IPI_KICKS_H
#define VIC_SRC_IPI_KICKS_H

#include "ipi/inbox.h"

struct kicks {
	const struct vic_vcpu_ops *ops;
	uint32_t n;
	void *opaques[VIC_KICK_MANY];
};

static inline void kicks_init(struct kicks *kicks)
{
	kicks->n = 0;
}

static inline void kicks_flush(struct kicks *kicks)
{
	if (kicks->n == 1)
		kicks->ops->kick(kicks->opaques[0]);
	else if (kicks->n)
		kicks->ops->kick_many(kicks->opaques, kicks->n);
	kicks->n = 0;
}

/* P4 for one of many targets; @vectors as in inbox_tell(). */
static inline void kicks_tell(struct kicks *kicks, struct vic_vcpu *vcpu,
			      struct vic_outcomes *outcomes, bool vectors)
{
	uint32_t state = load32_seq(&vcpu->state);

	if (!vcpu->ops->kick_many || state == VIC_HOST ||
	    state == VIC_BLOCKED || (vectors && state == VIC_POSTED)) {
		inbox_tell(vcpu, outcomes, state, vectors);
		return;
	}
	count(&outcomes->kicked);
	kicks->ops = vcpu->ops;
	kicks->opaques[kicks->n++] = vcpu->opaque;
	if (kicks->n == VIC_KICK_MANY)
		kicks_flush(kicks);
}

#endif
