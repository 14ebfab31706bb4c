/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Who gets an x86 interrupt message: slow, obvious, and written from the
 * manual (SDM 10.6, 10.11, 10.12.9, 10.12.10). It knows nothing of libvic.
 */
#ifndef DEST_MODEL_H
#define DEST_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define DEST_MODEL_MAX 64

/* All that decides whether one vCPU is a target. */
struct dest_vcpu {
	bool present;
	/* IA32_APIC_BASE.EN and EXTD, SVR[8]. */
	bool enabled;
	bool x2apic;
	bool software_enabled;
	/* The x2APIC id, and ID[31:24] as it would read in xAPIC mode. */
	uint32_t id;
	uint8_t xapic_id;
	/* The xAPIC registers. */
	uint32_t ldr;
	uint32_t dfr;
};

struct dest_model {
	struct dest_vcpu vcpu[DEST_MODEL_MAX];
	uint32_t count;
	bool msi_ff_is_id;
	bool no_xapic_alias;
};

/* What a value is. */
enum dest_verdict {
	DEST_SEND,
	DEST_NOTHING,
	DEST_INVALID,
	DEST_ILLEGAL_VECTOR,
	DEST_RESERVED,
	DEST_FOREIGN,
};

/* Destination shorthands as in ICR[19:18]. */
enum dest_shorthand {
	DEST_NONE,
	DEST_SELF,
	DEST_ALL,
	DEST_OTHERS,
};

struct dest_message {
	uint32_t shorthand;
	uint32_t vector;
	uint32_t mode;
	/* Without a shorthand: the destination and its width. */
	uint32_t dest;
	uint32_t width;
	bool logical;
	bool msi;
	bool level;
	/* The redirection hint of an MSI counts. */
	bool redirect;
	/* One of the targets gets it, not all. */
	bool one;
};

enum dest_verdict
dest_model_xapic_icr(uint64_t icr, struct dest_message *message);
enum dest_verdict
dest_model_x2apic_icr(uint64_t icr, struct dest_message *message);
enum dest_verdict
dest_model_self_ipi(uint64_t value, struct dest_message *message);
/* width: 8, 15 or 32 destination bits. */
enum dest_verdict dest_model_msi(uint32_t width, uint64_t address,
				 uint32_t data, struct dest_message *message);

/* A vCPU out of reset or INIT: the id stays, the rest does not. */
void dest_model_reset(struct dest_vcpu *vcpu);

/*
 * Which vCPUs the message addresses and which of them accept it. The sender
 * of an MSI is not looked at. Returns how many accept.
 */
uint32_t dest_model_targets(const struct dest_model *model, uint32_t sender,
			    const struct dest_message *message,
			    bool targets[DEST_MODEL_MAX]);

#endif
