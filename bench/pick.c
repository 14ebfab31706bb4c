/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The one file of the benchmark that sees src/: check_layers.py. */
#include "pick.h"

#include "gic/queue.h"

uint32_t pick(const struct vic_gicr *gicr)
{
	uint64_t rows = load_relaxed(&gicr->gic->forward);

	return gicr->levels & rows ? queue_best(gicr, rows) : PICK_NONE;
}
