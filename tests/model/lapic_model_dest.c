/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* IPIs and MSIs, and who takes them: 10.6, 10.11, 10.12.9, 10.12.10. */
#include "lapic_model.h"

#include <stddef.h>

struct destination {
	uint32_t dest;
	bool logical;
	/* All ones, in the width of who sent it. */
	bool broadcast;
};

static enum vic_delivery_mode mode_of(uint32_t icr)
{
	return (enum vic_delivery_mode)((icr & VIC_ICR_MODE) >>
					VIC_ICR_MODE_SHIFT);
}

/* 10.12.10.2 */
uint32_t lm_ldr(const struct lm_vcpu *v)
{
	if (lm_is_x2apic(v))
		return (v->id >> 4) << 16 | 1u << (v->id & 0xf);
	return v->ldr;
}

static bool is_physical_match(const struct lm *m, const struct lm_vcpu *v,
			      const struct destination *d)
{
	if (d->broadcast)
		return true;
	if (lm_is_x2apic(v) || d->dest > 0xff)
		return d->dest == v->id;
	if (v->id > 0xff && (m->config.policy & LM_NO_XAPIC_ALIAS))
		return false;
	return d->dest == v->xapic_id;
}

static bool is_x2apic_logical(const struct lm_vcpu *v, uint32_t dest)
{
	uint32_t ldr = lm_ldr(v);

	return dest >> 16 == ldr >> 16 && (dest & ldr & 0xffff);
}

/* 10.6.2.2 */
static bool
is_xapic_logical(const struct lm_vcpu *v, const struct destination *d)
{
	uint32_t ldr = v->ldr >> 24;
	uint32_t model = v->dfr >> 28;

	if (d->broadcast)
		return true;
	if (d->dest > 0xff)
		return false;
	if (model == VIC_DFR_FLAT)
		return d->dest & ldr;
	return model == VIC_DFR_CLUSTER && d->dest >> 4 == ldr >> 4 &&
	       (d->dest & ldr & 0xf);
}

static bool is_match(const struct lm *m, const struct lm_vcpu *v,
		     const struct destination *d)
{
	if (!d->logical)
		return is_physical_match(m, v, d);
	if (!lm_is_x2apic(v))
		return is_xapic_logical(v, d);
	return d->broadcast || is_x2apic_logical(v, d->dest);
}

static bool has_vector(enum vic_delivery_mode mode)
{
	return mode == VIC_MODE_FIXED || mode == VIC_MODE_LOWEST;
}

/* The lowest PPR of those in a mask, then the lowest id. */
static uint32_t arbitrate(const struct lm *m, uint32_t mask)
{
	uint32_t best = LM_VCPUS;

	for (uint32_t i = 0; i < m->config.vcpus; i++) {
		const struct lm_vcpu *v = &m->vcpu[i], *b;

		if (!(mask >> i & 1))
			continue;
		b = best == LM_VCPUS ? NULL : &m->vcpu[best];
		if (!b || lm_ppr(v) < lm_ppr(b) ||
		    (lm_ppr(v) == lm_ppr(b) && v->id < b->id))
			best = i;
	}
	return best;
}

/* Leaves one of the targets: 10.6.2.4. */
static void
choose(const struct lm *m, const struct lm_message *msg, bool targets[LM_VCPUS])
{
	uint32_t mask = 0, best;

	for (uint32_t i = 0; i < m->config.vcpus; i++)
		mask |= (uint32_t)targets[i] << i;
	if (mask == 0)
		return;
	if (m->config.policy & LM_ARBITRATE)
		best = arbitrate(m, mask);
	else
		best = m->config.choose(m->config.opaque, msg, mask);
	for (uint32_t i = 0; i < m->config.vcpus; i++)
		targets[i] = i == best;
}

static void
take(const struct lm *m, struct lm_vcpu *v, const struct lm_message *msg)
{
	switch (msg->mode) {
	case VIC_MODE_FIXED:
	case VIC_MODE_LOWEST:
		if (msg->vector < VIC_VECTOR_MIN)
			lm_error(v, VIC_ESR_RECEIVE_ILLEGAL);
		else
			lm_accept(v, msg->vector, msg->level);
		break;
	case VIC_MODE_SMI:
		v->smi = true;
		break;
	case VIC_MODE_NMI:
		lm_accept_nmi(v);
		break;
	case VIC_MODE_INIT:
		lm_accept_init(v);
		break;
	case VIC_MODE_SIPI:
		lm_accept_sipi(v, msg->vector);
		break;
	case VIC_MODE_EXTINT:
		lm_accept_extint(m, v);
		break;
	default:
		break;
	}
}

static bool is_maskable(enum vic_delivery_mode mode)
{
	return has_vector(mode) || mode == VIC_MODE_EXTINT;
}

/* 10.4.7.2: who is software-disabled takes no vectors, but all others. */
static void
deliver(struct lm *m, const struct lm_message *msg, bool targets[LM_VCPUS])
{
	for (uint32_t i = 0; i < m->config.vcpus; i++) {
		const struct lm_vcpu *v = &m->vcpu[i];

		if (!lm_is_enabled(v))
			targets[i] = false;
		if (is_maskable(msg->mode) && !lm_is_software_enabled(v))
			targets[i] = false;
	}
	if (msg->one)
		choose(m, msg, targets);
	for (uint32_t i = 0; i < m->config.vcpus; i++)
		if (targets[i]) {
			take(m, &m->vcpu[i], msg);
			m->accepted += !has_vector(msg->mode) ||
				       msg->vector >= VIC_VECTOR_MIN;
		}
}

static struct destination icr_destination(const struct lm_vcpu *v)
{
	struct destination d = {.logical = v->icr & VIC_ICR_LOGICAL};

	if (lm_is_x2apic(v)) {
		d.dest = (uint32_t)(v->icr >> VIC_ICR_DEST_SHIFT);
		d.broadcast = d.dest == 0xffffffff;
	} else {
		d.dest = (uint32_t)(v->icr >> VIC_ICR_XAPIC_DEST_SHIFT);
		d.broadcast = d.dest == 0xff;
	}
	return d;
}

static void icr_targets(const struct lm *m, uint32_t vcpu, bool *targets)
{
	const struct lm_vcpu *v = &m->vcpu[vcpu];
	struct destination d = icr_destination(v);

	for (uint32_t i = 0; i < m->config.vcpus; i++)
		switch (v->icr & VIC_ICR_SHORTHAND) {
		case VIC_ICR_SELF:
			targets[i] = i == vcpu;
			break;
		case VIC_ICR_ALL:
			targets[i] = true;
			break;
		case VIC_ICR_OTHERS:
			targets[i] = i != vcpu;
			break;
		default:
			targets[i] = is_match(m, &m->vcpu[i], &d);
		}
}

/* Table 10-3. */
static bool is_valid(uint32_t icr)
{
	enum vic_delivery_mode mode = mode_of(icr);
	uint32_t shorthand = icr & VIC_ICR_SHORTHAND;

	if (mode == VIC_MODE_RESERVED || mode == VIC_MODE_EXTINT)
		return false;
	return mode == VIC_MODE_FIXED ||
	       (shorthand != VIC_ICR_SELF && shorthand != VIC_ICR_ALL);
}

/* Level, and no longer: 10.6.1. */
static bool deasserts(const struct lm *m, uint32_t icr)
{
	enum vic_delivery_mode mode = mode_of(icr);

	if (!(icr & VIC_ICR_LEVEL) || (icr & VIC_ICR_ASSERT))
		return false;
	return mode == VIC_MODE_INIT ||
	       (has_vector(mode) && (m->config.policy & LM_LEVEL_IPIS));
}

void lm_send(struct lm *m, uint32_t vcpu)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];
	uint32_t icr = (uint32_t)v->icr;
	struct lm_message msg = {
		.mode = mode_of(icr),
		.vector = icr & VIC_ICR_VECTOR,
	};
	bool targets[LM_VCPUS] = {false};

	msg.one = msg.mode == VIC_MODE_LOWEST;
	msg.level = (m->config.policy & LM_LEVEL_IPIS) && (icr & VIC_ICR_LEVEL);
	if (!is_valid(icr))
		return;
	if (msg.one && (m->config.policy & LM_NO_LOWEST)) {
		lm_error(v, VIC_ESR_REDIRECTABLE);
		return;
	}
	if (has_vector(msg.mode) && msg.vector < VIC_VECTOR_MIN) {
		lm_error(v, VIC_ESR_SEND_ILLEGAL);
		return;
	}
	if (deasserts(m, icr))
		return;
	icr_targets(m, vcpu, targets);
	deliver(m, &msg, targets);
}

/* 10.12.11 */
void lm_send_self(struct lm *m, uint32_t vcpu, uint8_t vector)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];

	if (vector < VIC_VECTOR_MIN)
		lm_error(v, VIC_ESR_SEND_ILLEGAL);
	else if (lm_is_software_enabled(v))
		lm_accept(v, vector, false);
}

static bool has_format(enum lm_msi_format format, uint64_t address)
{
	uint32_t low = (uint32_t)address;

	if ((low & VIC_MSI_BASE_MASK) != VIC_MSI_BASE)
		return false;
	if (low & VIC_MSI_REMAPPABLE)
		return false;
	if (format != LM_MSI_15 && (low & VIC_MSI_EXT_DEST))
		return false;
	if (format == LM_MSI_32)
		return (address >> 32 & 0xff) == 0;
	return address >> 32 == 0;
}

static struct destination
msi_destination(const struct lm_config *config, uint64_t address)
{
	uint32_t low = (uint32_t)address;
	struct destination d = {
		.dest = low >> VIC_MSI_DEST_SHIFT & 0xff,
		.logical = low & VIC_MSI_DM,
	};

	if (config->msi == LM_MSI_15)
		d.dest |= (low & VIC_MSI_EXT_DEST) >> VIC_MSI_EXT_DEST_SHIFT
							      << 8;
	if (config->msi == LM_MSI_32)
		d.dest |= (uint32_t)(address >> 40) << 8;
	d.broadcast = d.dest == 0xffffffff;
	/* A logical one is no id; in eight bits it is all ones. */
	if (d.dest == 0xff && (!(config->policy & LM_MSI_FF_IS_ID) ||
			       (d.logical && config->msi == LM_MSI_8)))
		d.broadcast = true;
	return d;
}

bool lm_msi(struct lm *m, uint64_t address, uint32_t data)
{
	struct destination d = msi_destination(&m->config, address);
	struct lm_message msg = {
		.mode = mode_of(data),
		.vector = data & VIC_ICR_VECTOR,
		.level = data & VIC_ICR_LEVEL,
	};
	uint32_t one_of = VIC_MSI_RH | VIC_MSI_DM;
	bool targets[LM_VCPUS] = {false};

	m->accepted = 0;
	if (!has_format(m->config.msi, address))
		return false;
	/* 10.11.2 */
	if (msg.mode == VIC_MODE_RESERVED || msg.mode == VIC_MODE_SIPI)
		return true;
	if (msg.mode == VIC_MODE_EXTINT && !m->config.extint)
		return true;
	if (msg.level && !(data & VIC_ICR_ASSERT))
		return true;
	msg.one = msg.mode == VIC_MODE_LOWEST || (address & one_of) == one_of;
	for (uint32_t i = 0; i < m->config.vcpus; i++)
		targets[i] = is_match(m, &m->vcpu[i], &d);
	deliver(m, &msg, targets);
	return true;
}
