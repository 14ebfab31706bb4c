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

void id_table_init(struct id_table *table, struct id_slot *slots, uint32_t n)
{
	table->slots = slots;
	table->shift = 32 - top_bit32(n);
	table->mask = n - 1;
	table->worst = 0;
	memset(slots, 0, n * sizeof(*slots));
}

static struct id_slot *find_slot(const struct id_table *table, uint32_t id)
{
	uint32_t at = id_hash(table, id);
	uint32_t worst = load32_acquire(&table->worst);

	for (uint32_t n = 0; n < worst; n++) {
		struct id_slot *slot = &table->slots[(at + n) & table->mask];
		/* Acquire: pairs with the release in id_table_add(). */
		uint64_t key = load_acquire(&slot->key);

		if (key == (ID_VALID | id))
			return slot;
		if (!key)
			break;
	}
	return NULL;
}

struct vic_vcpu *id_table_find(const struct id_table *table, uint32_t id)
{
	const struct id_slot *slot = find_slot(table, id);

	return slot ? load_vcpu(&slot->vcpu) : NULL;
}

bool id_table_add(struct id_table *table, uint32_t id, struct vic_vcpu *vcpu)
{
	uint32_t at = id_hash(table, id), probe = 1;
	struct id_slot *slot;

	if (find_slot(table, id))
		return false;
	while (load_relaxed(&table->slots[at].key) & ID_VALID) {
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
	slot = &table->slots[at];
	store_vcpu(&slot->vcpu, vcpu);
	store_release(&slot->key, ID_VALID | id);
	return true;
}

void id_table_hide(struct id_table *table, uint32_t id)
{
	struct id_slot *slot = find_slot(table, id);

	if (slot)
		store_vcpu(&slot->vcpu, NULL);
}

void id_table_remove(struct id_table *table, uint32_t id)
{
	struct id_slot *slot = find_slot(table, id);

	if (slot)
		store_release(&slot->key, ID_REMOVED);
}
