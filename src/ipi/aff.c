/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The affinity map: SGIs of both GIC generations to lists of vCPUs. */
#include <vic/aff.h>

#include "ipi/idtab.h"
#include "ipi/targets.h"

struct vic_aff_map {
	_Alignas(VIC_CACHE_LINE) struct id_table ids;
	struct vic_vcpu **vcpus;
	uint32_t max;
	/* One more than the highest index that was added. */
	uint32_t nr;
};

size_t vic_aff_map_size(uint32_t max_vcpus)
{
	if (!max_vcpus || max_vcpus > VIC_BUS_MAX_VCPUS)
		return 0;
	return sizeof(struct vic_aff_map) +
	       id_table_slots(max_vcpus) * ID_SLOT_SIZE +
	       max_vcpus * sizeof(struct vic_vcpu *);
}

int vic_aff_map_init(void *storage, size_t size, uint32_t max_vcpus,
		     struct vic_aff_map **map)
{
	struct vic_aff_map *m = storage;
	size_t need = vic_aff_map_size(max_vcpus);
	unsigned char *slots;
	uint32_t nr_slots;

	if (!need || !map)
		return VIC_ERR_INVAL;
	if (!m || size < need || !aligned(m, VIC_CACHE_LINE))
		return VIC_ERR_STORAGE;
	memset(m, 0, need);
	slots = (unsigned char *)(m + 1);
	nr_slots = id_table_slots(max_vcpus);
	id_table_init(&m->ids, slots, nr_slots);
	m->vcpus = (void *)(slots + nr_slots * ID_SLOT_SIZE);
	m->max = max_vcpus;
	*map = m;
	return VIC_OK;
}

int vic_aff_map_add(struct vic_aff_map *map, struct vic_vcpu *vcpu,
		    uint32_t affinity)
{
	uint32_t index = vcpu->index;

	if (index >= map->max)
		return VIC_ERR_INVAL;
	if (load_vcpu(&map->vcpus[index]))
		return VIC_ERR_EXISTS;
	vcpu->id = affinity;
	if (!id_table_add(&map->ids, affinity, vcpu))
		return VIC_ERR_EXISTS;
	store_vcpu(&map->vcpus[index], vcpu);
	if (index >= map->nr)
		store32_release(&map->nr, index + 1);
	return VIC_OK;
}

static void list_affinities(struct vic_aff_map *map,
			    struct vic_targets *targets)
{
	for (uint32_t bits = targets->ipi.list; bits; bits &= bits - 1)
		targets_add(targets, id_table_find(&map->ids,
						   targets->ipi.dest +
							   low_bit32(bits)));
}

void vic_aff_map_compile(struct vic_aff_map *map,
			 const struct vic_vcpu *sender,
			 enum vic_send_register reg, uint64_t value,
			 struct vic_targets *targets)
{
	uint32_t nr = load32_acquire(&map->nr);

	targets->count = 0;
	targets->decode = vic_decode(reg, value, &targets->ipi);
	if (reg < VIC_SEND_GICD_SGIR)
		targets->decode = VIC_DECODE_FOREIGN;
	if (targets->decode != VIC_DECODE_SEND)
		return;
	if (targets->ipi.kind == VIC_DEST_SELF) {
		targets_add(targets, sender);
		return;
	}
	if (targets->ipi.kind == VIC_DEST_AFFINITY) {
		list_affinities(map, targets);
		return;
	}
	for (uint32_t i = 0; i < nr; i++) {
		const struct vic_vcpu *vcpu = load_vcpu(&map->vcpus[i]);

		if (vcpu != sender)
			targets_add(targets, vcpu);
	}
}
