/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "dest_model.h"

/* Delivery modes, SDM figure 10-12. */
enum {
	FIXED = 0,
	LOWEST_PRIORITY = 1,
	INIT = 5,
	START_UP = 6,
	EXTINT = 7,
	RESERVED_MODE = 3,
};

static uint32_t bits(uint64_t value, unsigned high, unsigned low)
{
	uint32_t result = 0;

	for (unsigned i = low; i <= high; i++)
		if ((value >> i) & 1)
			result |= UINT32_C(1) << (i - low);
	return result;
}

/* Bits 31:0 of either ICR: figures 10-12 and 10-28, table 10-3. */
static enum dest_verdict icr_low(uint64_t icr, struct dest_message *message)
{
	bool has_vector, level, assert_level;

	message->vector = bits(icr, 7, 0);
	message->mode = bits(icr, 10, 8);
	message->logical = bits(icr, 11, 11) != 0;
	message->shorthand = bits(icr, 19, 18);
	message->one = message->mode == LOWEST_PRIORITY;
	assert_level = bits(icr, 14, 14) != 0;
	level = bits(icr, 15, 15) != 0;

	if (message->mode == RESERVED_MODE || message->mode == EXTINT)
		return DEST_INVALID;
	/* No state can be de-asserted since the Pentium 4 (10.6.1). */
	if (message->mode == INIT && level && !assert_level)
		return DEST_NOTHING;
	if (message->shorthand == DEST_SELF || message->shorthand == DEST_ALL)
		if (message->mode != FIXED)
			return DEST_INVALID;
	has_vector = message->mode == FIXED || message->mode == LOWEST_PRIORITY;
	if (has_vector && message->vector < 16)
		return DEST_ILLEGAL_VECTOR;
	return DEST_SEND;
}

static void clear(struct dest_message *message)
{
	*message = (struct dest_message){0};
}

enum dest_verdict
dest_model_xapic_icr(uint64_t icr, struct dest_message *message)
{
	enum dest_verdict verdict;

	clear(message);
	verdict = icr_low(icr, message);
	if (message->shorthand == DEST_NONE) {
		message->dest = bits(icr, 63, 56);
		message->width = 8;
	}
	return verdict;
}

enum dest_verdict
dest_model_x2apic_icr(uint64_t icr, struct dest_message *message)
{
	enum dest_verdict verdict;

	clear(message);
	verdict = icr_low(icr, message);
	if (message->shorthand == DEST_NONE) {
		message->dest = bits(icr, 63, 32);
		message->width = 32;
	}
	if (bits(icr, 31, 20) || bits(icr, 17, 16) || bits(icr, 13, 13))
		return DEST_RESERVED;
	return verdict;
}

enum dest_verdict
dest_model_self_ipi(uint64_t value, struct dest_message *message)
{
	clear(message);
	message->shorthand = DEST_SELF;
	message->mode = FIXED;
	message->vector = bits(value, 7, 0);
	if (value > 0xff)
		return DEST_RESERVED;
	return message->vector < 16 ? DEST_ILLEGAL_VECTOR : DEST_SEND;
}

enum dest_verdict dest_model_msi(uint32_t width, uint64_t address,
				 uint32_t data, struct dest_message *message)
{
	bool redirection_hint = bits(address, 3, 3) != 0;
	bool assert_level = bits(data, 14, 14) != 0;

	clear(message);
	message->msi = true;
	message->width = width;
	message->dest = bits(address, 19, 12);
	message->logical = bits(address, 2, 2) != 0;
	message->vector = bits(data, 7, 0);
	message->mode = bits(data, 10, 8);
	message->level = bits(data, 15, 15) != 0;
	message->redirect = redirection_hint && message->logical;
	message->one = message->redirect || message->mode == LOWEST_PRIORITY;

	if (bits(address, 31, 20) != 0xfee)
		return DEST_FOREIGN;
	if (width == 32) {
		if (bits(address, 39, 32))
			return DEST_FOREIGN;
		message->dest |= bits(address, 63, 40) << 8;
	} else if (bits(address, 63, 32)) {
		return DEST_FOREIGN;
	}
	if (width == 15) {
		if (bits(address, 4, 4))
			return DEST_FOREIGN;
		message->dest |= bits(address, 11, 5) << 8;
	}
	/* Figure 10-25: 011 and 110 are reserved. */
	if (message->mode == RESERVED_MODE || message->mode == START_UP)
		return DEST_INVALID;
	if (message->level && !assert_level)
		return DEST_NOTHING;
	return DEST_SEND;
}

void dest_model_reset(struct dest_vcpu *vcpu)
{
	vcpu->software_enabled = false;
	vcpu->ldr = 0;
	vcpu->dfr = 0xffffffff;
}

/* Does the destination, as the sender wrote it, mean every vCPU? */
static bool
is_broadcast(const struct dest_model *model, const struct dest_message *message)
{
	if (message->width == 32 && message->dest == 0xffffffff)
		return true;
	if (message->dest != 0xff)
		return false;
	if (!message->msi)
		return message->width == 8;
	if (message->logical && message->width == 8)
		return true;
	return !model->msi_ff_is_id;
}

static bool physical_match(const struct dest_model *model,
			   const struct dest_vcpu *vcpu, uint32_t dest)
{
	if (vcpu->x2apic || dest > 0xff)
		return vcpu->id == dest;
	if (model->no_xapic_alias && vcpu->id > 0xff)
		return false;
	return vcpu->xapic_id == dest;
}

static bool logical_match(const struct dest_vcpu *vcpu, uint32_t dest)
{
	uint32_t ldr = bits(vcpu->ldr, 31, 24);

	if (vcpu->x2apic)
		return bits(dest, 31, 16) == bits(vcpu->id, 19, 4) &&
		       bits(dest, 15, 0) & (1u << bits(vcpu->id, 3, 0));
	if (dest > 0xff)
		return false;
	switch (bits(vcpu->dfr, 31, 28)) {
	case 0xf:
		return (dest & ldr) != 0;
	case 0x0:
		return dest / 16 == ldr / 16 && (dest & ldr & 0xf) != 0;
	default:
		return false;
	}
}

static bool addressed(const struct dest_model *model, uint32_t sender,
		      uint32_t index, const struct dest_message *message)
{
	const struct dest_vcpu *vcpu = &model->vcpu[index];

	switch (message->shorthand) {
	case DEST_SELF:
		return index == sender;
	case DEST_ALL:
		return true;
	case DEST_OTHERS:
		return index != sender;
	default:
		break;
	}
	if (is_broadcast(model, message))
		return true;
	if (message->logical)
		return logical_match(vcpu, message->dest);
	return physical_match(model, vcpu, message->dest);
}

static bool accepts(const struct dest_vcpu *vcpu, uint32_t mode)
{
	if (!vcpu->present || !vcpu->enabled || mode == EXTINT)
		return false;
	if (mode == FIXED || mode == LOWEST_PRIORITY)
		return vcpu->software_enabled;
	return true;
}

uint32_t dest_model_targets(const struct dest_model *model, uint32_t sender,
			    const struct dest_message *message,
			    bool targets[DEST_MODEL_MAX])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < DEST_MODEL_MAX; i++) {
		targets[i] = i < model->count &&
			     accepts(&model->vcpu[i], message->mode) &&
			     addressed(model, sender, i, message);
		count += targets[i];
	}
	return count;
}
