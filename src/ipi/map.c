/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The destination map: making it, and who is in it under which names. */
#include "ipi/bus_priv.h"

/* x2APIC logical ids carry bits 19:4 of the id as the cluster. */
#define WIDE_ID 0x100000u

static size_t slots_offset(void)
{
	return (sizeof(struct vic_apic_bus) + VIC_CACHE_LINE - 1) &
	       ~(size_t)(VIC_CACHE_LINE - 1);
}

size_t vic_apic_bus_size(uint32_t max_vcpus)
{
	if (!max_vcpus || max_vcpus > VIC_BUS_MAX_VCPUS)
		return 0;
	return slots_offset() +
	       id_table_slots(max_vcpus) * ID_SLOT_SIZE +
	       max_vcpus * (sizeof(struct vic_vcpu *) + sizeof(uint32_t));
}

static int config_check(const struct vic_apic_bus_config *config)
{
	/* All up to the highest. */
	const uint32_t known = 2 * VIC_BUS_NO_LOWEST - 1;

	if (!abi_known(config, config->size, sizeof(*config), sizeof(*config)))
		return VIC_ERR_ABI;
	if (config->flags & ~known)
		return VIC_ERR_ABI;
	if (!vic_apic_bus_size(config->max_vcpus) ||
	    config->msi_format > VIC_MSI_32BIT)
		return VIC_ERR_INVAL;
	return VIC_OK;
}

int vic_apic_bus_init(void *storage, size_t size,
		      const struct vic_apic_bus_config *config,
		      struct vic_apic_bus **bus)
{
	struct vic_apic_bus *b = storage;
	unsigned char *slots;
	uint32_t nr_slots;
	int err;

	if (!config || !bus)
		return VIC_ERR_INVAL;
	err = config_check(config);
	if (err)
		return err;
	if (!b || size < vic_apic_bus_size(config->max_vcpus) ||
	    !aligned(b, VIC_CACHE_LINE))
		return VIC_ERR_STORAGE;
	memset(b, 0, sizeof(*b));
	nr_slots = id_table_slots(config->max_vcpus);
	slots = (unsigned char *)storage + slots_offset();
	id_table_init(&b->ids, slots, nr_slots);
	b->vcpus = (void *)(slots + nr_slots * ID_SLOT_SIZE);
	memset(b->vcpus, 0, config->max_vcpus * sizeof(*b->vcpus));
	b->removed_ids = (void *)(b->vcpus + config->max_vcpus);
	b->max = config->max_vcpus;
	b->flags = config->flags;
	b->msi_format = config->msi_format;
	b->matrix = config->matrix;
	b->population = b->matrix ? POPULATION_MATRIX : 0;
	/* Never just one: a destination of 0xFF is looked at closely. */
	b->xapic[0xff] = 2;
	*bus = b;
	return VIC_OK;
}

uint32_t vic_apic_bus_worst_probe(const struct vic_apic_bus *bus)
{
	return load32_relaxed(&bus->ids.worst);
}

/*
 * @n is 1 to join and -1 to leave. A lost exchange means that another vCPU
 * joined or left the same slot: a retry for each change of another.
 */
static void slot_change(uint64_t *slot, uint32_t index, uint64_t n)
{
	uint64_t old = load_relaxed(slot), next;

	do
		next = (uint32_t)(old + n) |
		       (((old >> 32) ^ index) << 32);
	while (!compare_exchange(slot, &old, next));
}

static void population_change(struct vic_apic_bus *bus, unsigned int shift,
			      uint64_t n)
{
	fetch_add(&bus->population, n << shift);
}

/* The logical slots that @identity is listed in. */
static void logical_change(struct vic_apic_bus *bus, uint64_t identity,
			   uint32_t index, uint64_t n)
{
	uint32_t ldr = (uint32_t)(identity >> IDENTITY_LDR_SHIFT) & 0xff;
	uint32_t dfr = (uint32_t)(identity >> IDENTITY_DFR_SHIFT) & 0xf;
	unsigned int shift = POPULATION_FLAT_SHIFT;
	uint64_t *slots = bus->flat;

	if (dfr == VIC_DFR_CLUSTER) {
		shift = POPULATION_CLUSTER_SHIFT;
		slots = &bus->cluster[(ldr >> 4) * 4];
		ldr &= 0xf;
	} else if (dfr != VIC_DFR_FLAT) {
		return;
	}
	if (ldr)
		population_change(bus, shift, n);
	for (; ldr; ldr &= ldr - 1)
		slot_change(&slots[low_bit32(ldr)], index, n);
}

static void listings_change(struct vic_apic_bus *bus, uint64_t identity,
			    uint32_t index, uint64_t n)
{
	uint32_t id = (uint32_t)identity;

	if (identity == IDENTITY_ABSENT)
		return;
	if (identity & IDENTITY_X2APIC) {
		population_change(bus, POPULATION_X2APIC_SHIFT, n);
		return;
	}
	if (id < XAPIC_IDS) {
		population_change(bus, POPULATION_XAPIC_SHIFT, n);
		slot_change(&bus->xapic[id], index, n);
	}
	logical_change(bus, identity, index, n);
}

void bus_publish(struct vic_apic_bus *bus, struct vic_vcpu *vcpu,
		 uint64_t identity)
{
	/* What decides where a vCPU is listed. */
	const uint64_t listed = UINT64_C(0xffffffff) | IDENTITY_LDR |
				IDENTITY_DFR | IDENTITY_X2APIC;
	uint64_t old = load_relaxed(&vcpu->identity);

	if (old != IDENTITY_ABSENT && identity != IDENTITY_ABSENT &&
	    !((old ^ identity) & listed)) {
		store_release(&vcpu->identity, identity);
		return;
	}
	listings_change(bus, identity, vcpu->index, 1);
	store_release(&vcpu->identity, identity);
	/* Pairs with the two loads in resolve_logical(). */
	fetch_add(&bus->generation, 1);
	listings_change(bus, old, vcpu->index, UINT64_MAX);
}

int bus_add(struct vic_apic_bus *bus, struct vic_vcpu *vcpu, uint32_t id)
{
	uint32_t index = vcpu->index;

	if (index >= bus->max)
		return VIC_ERR_INVAL;
	if (load_relaxed(&vcpu->identity) != IDENTITY_ABSENT)
		return VIC_ERR_STATE;
	if (load_vcpu(&bus->vcpus[index]) ||
	    (bus->removed[index / 64] >> index % 64 & 1))
		return VIC_ERR_EXISTS;
	vcpu->id = id;
	if (!id_table_add(&bus->ids, id, vcpu))
		return VIC_ERR_EXISTS;
	if (id >= WIDE_ID)
		fetch_or(&bus->population, POPULATION_WIDE);
	/* Release: a sender that finds the vCPU finds it initialised. */
	store_vcpu(&bus->vcpus[index], vcpu);
	if (index >= bus->nr)
		store32_release(&bus->nr, index + 1);
	return VIC_OK;
}

int vic_apic_bus_remove(struct vic_apic_bus *bus, uint32_t index)
{
	struct vic_vcpu *vcpu;

	if (index >= bus->max)
		return VIC_ERR_ABSENT;
	vcpu = load_vcpu(&bus->vcpus[index]);
	if (!vcpu)
		return VIC_ERR_ABSENT;
	if (load32_relaxed(&vcpu->listed))
		return VIC_ERR_STATE;
	bus_publish(bus, vcpu, IDENTITY_ABSENT);
	id_table_hide(&bus->ids, vcpu->id);
	bus->removed_ids[index] = vcpu->id;
	store_vcpu(&bus->vcpus[index], NULL);
	bus->removed[index / 64] |= UINT64_C(1) << index % 64;
	return VIC_OK;
}

int vic_apic_bus_quiesced(struct vic_apic_bus *bus, uint32_t index)
{
	uint64_t bit = UINT64_C(1) << index % 64;

	if (index >= bus->max)
		return VIC_ERR_ABSENT;
	if (!(bus->removed[index / 64] & bit))
		return load_vcpu(&bus->vcpus[index]) ? VIC_ERR_STATE :
						       VIC_ERR_ABSENT;
	bus->removed[index / 64] &= ~bit;
	id_table_remove(&bus->ids, bus->removed_ids[index]);
	return VIC_OK;
}
