/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The library's atomic accesses, as the model sees them. Words that threads
 * share by the delivery protocol live in relacy's atomics; the model finds
 * them by their address. All other words are plain memory, which is right
 * where one thread writes or nothing changes.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vic_vcpu;

enum model_order {
	MODEL_RELAXED,
	MODEL_ACQUIRE,
	MODEL_RELEASE,
	MODEL_ACQ_REL,
	MODEL_SEQ,
};

enum model_op {
	MODEL_EXCHANGE,
	MODEL_AND,
	MODEL_ADD,
	MODEL_OR,
};

/* The words of the protocol. */
enum model_word {
	WORD_STATE,
	WORD_ON,
	WORD_PIR,
	WORD_TRIGGER,
	WORD_REQUEST,
	/* Without posting nobody but the owner looks at these. */
	DELIVERY_WORDS,
	WORD_PIR_HIGH = DELIVERY_WORDS,
	WORD_HELD,
	WORD_EDGES,
	WORD_POSTING,
	WORDS,
	NO_WORD,
};

/* Where vectors 64-127 are, and in PIR_HIGH those of the next word. */
#define MODEL_VECTOR_WORD 1

/* words.c: where @word is, and how many bytes it has (4 or 8). */
void *model_address(struct vic_vcpu *vcpu, enum model_word word);
unsigned int model_bytes(enum model_word word);
/* NEW in the request word. */
uint64_t model_new(void);

/* delivery.cpp, posting.cpp, chips.cpp */
uint64_t model_load(const void *p, unsigned int bytes, enum model_order order);
void model_store(void *p, unsigned int bytes, uint64_t value,
		 enum model_order order);
uint64_t
model_rmw(void *p, unsigned int bytes, enum model_op op, uint64_t operand);
bool model_compare_exchange(void *p, uint64_t *expected, uint64_t desired);

#ifdef __cplusplus
}
#endif

#endif
