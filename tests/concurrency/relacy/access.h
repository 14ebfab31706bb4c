/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What an access of model.h is in relacy's terms, or in plain memory.
 * Included after relacy.
 */
#ifndef ACCESS_H
#define ACCESS_H

#include "model.h"

namespace
{

rl::memory_order order_of(model_order order)
{
	switch (order) {
	case MODEL_RELAXED:
		return rl::mo_relaxed;
	case MODEL_ACQUIRE:
		return rl::mo_acquire;
	case MODEL_RELEASE:
		return rl::mo_release;
	case MODEL_ACQ_REL:
		return rl::mo_acq_rel;
	default:
		return rl::mo_seq_cst;
	}
}

uint64_t plain_load(const void *p, unsigned bytes)
{
	uint32_t narrow;
	uint64_t wide;

	memcpy(bytes == 4 ? (void *)&narrow : (void *)&wide, p, bytes);
	return bytes == 4 ? narrow : wide;
}

void plain_store(void *p, unsigned bytes, uint64_t value)
{
	uint32_t narrow = uint32_t(value);

	memcpy(p, bytes == 4 ? (void *)&narrow : (void *)&value, bytes);
}

uint64_t apply(model_op op, uint64_t value, uint64_t operand)
{
	switch (op) {
	case MODEL_EXCHANGE:
		return operand;
	case MODEL_AND:
		return value & operand;
	case MODEL_ADD:
		return value + operand;
	default:
		return value | operand;
	}
}

uint64_t update(rl::atomic<uint64_t> &word, model_op op, uint64_t operand,
		rl::memory_order order)
{
	switch (op) {
	case MODEL_EXCHANGE:
		return word.exchange(operand, order, RL_INFO);
	case MODEL_AND:
		return word.fetch_and(operand, order, RL_INFO);
	case MODEL_ADD:
		return word.fetch_add(operand, order, RL_INFO);
	default:
		return word.fetch_or(operand, order, RL_INFO);
	}
}

} // namespace

#endif
