/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * From a 32-bit id (x2APIC id, Arm affinity) to a vCPU: open addressing,
 * two slots per vCPU, ids that never change while they are in.
 *
 * One thread at a time adds and removes; any thread looks up. A lookup is
 * bounded by the longest probe that an add needed, so an id that a guest
 * makes up costs no more than one that exists.
 */
#ifndef VIC_SRC_IPI_IDTAB_H
#define VIC_SRC_IPI_IDTAB_H

#include "base.h"

/* Key of a slot that holds an id; without it 0 is free, else removed. */
#define ID_VALID (UINT64_C(1) << 32)
#define ID_REMOVED (UINT64_C(1) << 33)

struct id_table {
	/* By slot; the vCPUs come first in storage, then the keys. */
	struct vic_vcpu **vcpus;
	uint64_t *keys;
	/* 32 - log2(number of slots). */
	uint32_t shift;
	uint32_t mask;
	/* Longest probe, 1 for a direct hit; only grows. */
	uint32_t worst;
};

/* Fibonacci hashing: dense ids and multiples of 2^n both spread. */
#define ID_HASH 0x9e3779b9u

#define ID_SLOT_SIZE (sizeof(uint64_t) + sizeof(struct vic_vcpu *))

/* Slots for @max vCPUs: a power of two, at least 2 * max. */
uint32_t id_table_slots(uint32_t max);
/* @storage: @n * ID_SLOT_SIZE bytes, 8-aligned. */
void id_table_init(struct id_table *table, void *storage, uint32_t n);
/* False if @id is in the table or the table is full. */
bool id_table_add(struct id_table *table, uint32_t id, struct vic_vcpu *vcpu);
/* Nobody finds @id any more, and it is not free yet. */
void id_table_hide(struct id_table *table, uint32_t id);
/* @id may be added again. */
void id_table_remove(struct id_table *table, uint32_t id);

ALWAYS_INLINE uint32_t id_hash(const struct id_table *table, uint32_t id)
{
	return id * ID_HASH >> table->shift;
}

/*
 * Who sits where @id hashes to: mostly the right one, anybody, or NULL. For
 * callers that check the id themselves.
 */
ALWAYS_INLINE struct vic_vcpu *id_table_guess(const struct id_table *table,
					      uint32_t id)
{
	return load_vcpu(&table->vcpus[id_hash(table, id)]);
}

struct vic_vcpu *id_table_find(const struct id_table *table, uint32_t id);

#endif
