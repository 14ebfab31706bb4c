/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Memory for libvic's objects. */
#ifndef STORAGE_H
#define STORAGE_H

#include <string.h>

#include "input.h"

/*
 * Each has an allocation of its own, so that a step past its end is seen.
 * libvic does not rely on what was there.
 */
static inline void *storage(size_t size, size_t alignment)
{
	size_t rounded = (size + alignment - 1) / alignment * alignment;
	void *result = aligned_alloc(alignment, rounded);

	REQUIRE(size && result);
	memset(result, 0xa5, rounded);
	return result;
}

#endif
