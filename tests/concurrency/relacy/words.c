/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Where the protocol's words are in struct vic_vcpu. */
#include "ipi/vcpu_priv.h"
#include "model.h"

void *model_address(struct vic_vcpu *vcpu, enum model_word word)
{
	switch (word) {
	case WORD_STATE:
		return &vcpu->state;
	case WORD_ON:
		return &vcpu->pid.control;
	case WORD_PIR:
		return &vcpu->pid.pir[MODEL_VECTOR_WORD];
	case WORD_TRIGGER:
		return &vcpu->trigger[MODEL_VECTOR_WORD];
	case WORD_REQUEST:
		return &vcpu->request;
	case WORD_PIR_HIGH:
		return &vcpu->pid.pir[MODEL_VECTOR_WORD + 1];
	case WORD_HELD:
		return &vcpu->held[MODEL_VECTOR_WORD];
	case WORD_EDGES:
		return &vcpu->edges[MODEL_VECTOR_WORD];
	case WORD_POSTING:
		return &vcpu->posting;
	default:
		return NULL;
	}
}

unsigned int model_bytes(enum model_word word)
{
	return word == WORD_STATE || word == WORD_POSTING ? sizeof(uint32_t)
							  : sizeof(uint64_t);
}

uint64_t model_new(void)
{
	return REQUEST_NEW;
}
