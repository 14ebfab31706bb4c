/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The id table's writer side; idtab.h. */
#include "ipi/idtab.h"

uint32_t id_table_slots(uint32_t max)
{
	uint32_t n = 2;

	while (n < 2 * max)
		n *= 2;
	return n;
}

void id_table_init(struct id_table *table, void *storage, uint32_t n)
{
	table->keys = storage;
	table->vcpus = (void *)(table->keys + n);
	table->shift = 32 - top_bit32(n);
	table->mask = n - 1;
	table->worst = 0;
	memset(storage, 0, n * ID_SLOT_SIZE);
}

/* The slot of @id, or -1. */
static int find_slot(const struct id_table *table, uint32_t id)
{
	uint32_t at = id_hash(table, id);
	uint32_t worst = load32_acquire(&table->worst);

	for (uint32_t n = 0; n < worst; n++) {
		/* Acquire: pairs with the release in id_table_add(). */
		uint64_t key = load_acquire(&table->keys[at]);

		if (key == (ID_VALID | id))
			return (int)at;
		if (!key)
			break;
		at = (at + 1) & table->mask;
	}
	return -1;
}

struct vic_vcpu *id_table_find(const struct id_table *table, uint32_t id)
{
	int slot = find_slot(table, id);

	return slot < 0 ? NULL : load_vcpu(&table->vcpus[slot]);
}

bool id_table_add(struct id_table *table, uint32_t id, struct vic_vcpu *vcpu)
{
	uint32_t at = id_hash(table, id), probe = 1;

	if (find_slot(table, id) >= 0)
		return false;
	while (load_relaxed(&table->keys[at]) & ID_VALID) {
		at = (at + 1) & table->mask;
		if (probe++ > table->mask)
			return false;
	}
	/*
	 * The bound before the key: who finds the key's slot must be
	 * allowed to go there. The release of the key orders both.
	 */
	if (probe > table->worst)
		store32_relaxed(&table->worst, probe);
	store_vcpu(&table->vcpus[at], vcpu);
	store_release(&table->keys[at], ID_VALID | id);
	return true;
}

void id_table_hide(struct id_table *table, uint32_t id)
{
	int slot = find_slot(table, id);

	if (slot >= 0)
		store_vcpu(&table->vcpus[slot], NULL);
}

void id_table_remove(struct id_table *table, uint32_t id)
{
	int slot = find_slot(table, id);

	if (slot >= 0)
		store_release(&table->keys[slot], ID_REMOVED);
}
