/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief The affinity map of an Arm VM: from an SGI to its targets.
 *
 * The same table that leads from an x2APIC id to a vCPU leads from an
 * affinity to one: O(1) per bit of the target list, whatever the number of
 * vCPUs.
 */
#ifndef VIC_AFF_H
#define VIC_AFF_H

#include <vic/bus.h>
#include <vic/ipi.h>
#include <vic/types.h>
#include <vic/vcpu.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The map. The caller gives the storage, aligned to VIC_CACHE_LINE. */
struct vic_aff_map;

/** Bytes for @p max_vcpus (1 to 4096); 0 if out of range. Any thread. */
VIC_API size_t vic_aff_map_size(uint32_t max_vcpus);

/** Make an empty map. VIC_OK, VIC_ERR_STORAGE or VIC_ERR_INVAL. */
VIC_API VIC_NODISCARD int vic_aff_map_init(void *storage, size_t size,
					   uint32_t max_vcpus,
					   struct vic_aff_map **map);

/**
 * Add a vCPU at @p affinity (Aff3 << 24 | Aff2 << 16 | Aff1 << 8 | Aff0).
 * One thread at a time; senders may run.
 *
 * @return VIC_OK, VIC_ERR_EXISTS, or VIC_ERR_INVAL for a bad index.
 */
VIC_API VIC_NODISCARD int vic_aff_map_add(struct vic_aff_map *map,
					  struct vic_vcpu *vcpu,
					  uint32_t affinity);

/**
 * Who would receive it: decode @p value and list the targets, without
 * sending. Any thread.
 *
 * @param reg one of the Arm registers; others are VIC_DECODE_FOREIGN.
 * @param sender decides "self" and "others".
 */
VIC_API void vic_aff_map_compile(struct vic_aff_map *map,
				 const struct vic_vcpu *sender,
				 enum vic_send_register reg, uint64_t value,
				 struct vic_targets *targets);

#ifdef __cplusplus
}
#endif

#endif
