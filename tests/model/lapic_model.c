/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "lapic_model.h"

#include <assert.h>
#include <string.h>

/* 10.4.7.1; what INIT keeps, the id and the mode, is not touched. */
void lm_power_up(struct lm_vcpu *v)
{
	v->tpr = 0;
	v->ldr = 0;
	v->dfr = 0xffffffff;
	v->svr = VIC_SVR_RESET;
	v->was_enabled = false;
	memset(v->irr, 0, sizeof(v->irr));
	memset(v->tmr, 0, sizeof(v->tmr));
	memset(v->isr, 0, sizeof(v->isr));
	v->esr = 0;
	v->errors = 0;
	v->icr = 0;
	for (uint32_t i = 0; i < LM_LVTS; i++)
		v->lvt[i] = VIC_LVT_MASKED;
	v->remote = 0;
	v->initial_count = 0;
	v->divide = 0;
	v->counting = false;
	v->left = 0;
	v->deadline = 0;
	v->extint = false;
}

void lm_reset(struct lm *m, uint32_t vcpu)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];

	lm_power_up(v);
	v->base = VIC_APIC_BASE_RESET | VIC_APIC_BASE_EN;
	if (v->flags & LM_BSP)
		v->base |= VIC_APIC_BASE_BSP;
	if (v->flags & LM_X2APIC)
		v->base |= VIC_APIC_BASE_EXTD;
	v->xapic_id = (uint8_t)v->id;
	v->init = false;
	v->sipi = false;
	v->sipi_vector = 0;
	v->smi = false;
	v->nmis = 0;
	v->waits = !(v->flags & LM_BSP);
}

void lm_init(struct lm *m, const struct lm_config *config)
{
	memset(m, 0, sizeof(*m));
	m->config = *config;
	if (m->config.phys_bits == 0)
		m->config.phys_bits = 52;
	for (uint32_t i = 0; i < config->vcpus; i++) {
		m->vcpu[i].id = config->id[i];
		m->vcpu[i].flags = config->flags[i];
		lm_reset(m, i);
	}
}

bool lm_is_enabled(const struct lm_vcpu *v)
{
	return v->base & VIC_APIC_BASE_EN;
}

bool lm_is_x2apic(const struct lm_vcpu *v)
{
	return v->base & VIC_APIC_BASE_EXTD;
}

bool lm_is_software_enabled(const struct lm_vcpu *v)
{
	return lm_is_enabled(v) && (v->svr & VIC_SVR_ENABLE);
}

static int32_t highest(const bool *vectors)
{
	for (int32_t i = 255; i >= 0; i--)
		if (vectors[i])
			return i;
	return -1;
}

/* 10.8.3.1; with nothing in service ISRV is 0. */
static uint8_t isrv(const struct lm_vcpu *v)
{
	int32_t vector = highest(v->isr);

	return vector < 0 ? 0 : (uint8_t)vector;
}

uint8_t lm_ppr(const struct lm_vcpu *v)
{
	uint8_t in_service = isrv(v);

	if (v->tpr >> 4 >= in_service >> 4)
		return v->tpr;
	return in_service & 0xf0;
}

/* 10.8.4 */
void lm_accept(struct lm_vcpu *v, uint8_t vector, bool level)
{
	assert(vector >= VIC_VECTOR_MIN);
	v->irr[vector] = true;
	v->tmr[vector] = level;
}

/* One in service, and one latched. */
void lm_accept_nmi(struct lm_vcpu *v)
{
	if (v->nmis < 2)
		v->nmis++;
}

void lm_accept_extint(const struct lm *m, struct lm_vcpu *v)
{
	v->extint |= m->config.extint && lm_is_enabled(v);
}

void lm_accept_init(struct lm_vcpu *v)
{
	v->init = true;
	v->sipi = false;
}

/* 8.4.2: it counts where the vCPU waits, or may after a pending INIT. */
void lm_accept_sipi(struct lm_vcpu *v, uint8_t vector)
{
	if ((!v->waits && !v->init) || v->sipi)
		return;
	v->sipi = true;
	v->sipi_vector = vector;
}

/* 10.5.3 */
void lm_error(struct lm_vcpu *v, uint32_t bit)
{
	uint32_t lvt = v->lvt[LM_LVT_ERROR];
	uint8_t vector = lvt & VIC_LVT_VECTOR;

	if (v->errors & bit)
		return;
	v->errors |= bit;
	if (lvt & VIC_LVT_MASKED)
		return;
	if (vector < VIC_VECTOR_MIN)
		v->errors |= VIC_ESR_RECEIVE_ILLEGAL;
	else
		lm_accept(v, vector, false);
}

/* 10.8.5 */
void lm_eoi(struct lm *m, uint32_t vcpu)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];
	int32_t vector = highest(v->isr);

	if (vector < 0)
		return;
	v->isr[vector] = false;
	if (v->tmr[vector] && !(v->svr & VIC_SVR_SUPPRESS)) {
		assert(m->nr_eois < LM_EOIS);
		m->eois[m->nr_eois].vcpu = vcpu;
		m->eois[m->nr_eois].vector = (uint8_t)vector;
		m->nr_eois++;
	}
	lm_lvt_eoi(v, (uint8_t)vector);
}

bool lm_take_eoi(struct lm *m, struct lm_eoi *eoi)
{
	if (m->nr_eois == 0)
		return false;
	*eoi = m->eois[0];
	m->nr_eois--;
	memmove(m->eois, m->eois + 1, m->nr_eois * sizeof(m->eois[0]));
	return true;
}

static bool is_blocked(const struct lm_vcpu *v)
{
	return v->init || v->waits;
}

static int32_t deliverable(const struct lm_vcpu *v)
{
	int32_t vector = highest(v->irr);

	if (is_blocked(v) || vector < 0 || vector >> 4 <= lm_ppr(v) >> 4)
		return -1;
	return vector;
}

/* What TPR alone holds back. */
static uint32_t tpr_threshold(const struct lm_vcpu *v)
{
	int32_t vector = highest(v->irr);

	if (is_blocked(v) || vector < 0)
		return 0;
	if (vector >> 4 <= isrv(v) >> 4 || vector >> 4 > v->tpr >> 4)
		return 0;
	return (uint32_t)vector >> 4;
}

struct lm_pending lm_pending(const struct lm *m, uint32_t vcpu)
{
	const struct lm_vcpu *v = &m->vcpu[vcpu];
	struct lm_pending p = {
		.blocked = is_blocked(v),
		.init = v->init,
		.sipi = v->sipi && v->waits && !v->init,
		.nmis = v->nmis,
		.smi = v->smi,
		.extint = !is_blocked(v) && lm_extint(m, v),
		.vector = deliverable(v),
		.tpr_threshold = tpr_threshold(v),
	};

	if (p.sipi)
		p.sipi_vector = v->sipi_vector;
	return p;
}

uint8_t lm_inta(struct lm *m, uint32_t vcpu)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];
	int32_t vector = deliverable(v);

	if (vector < 0)
		return v->svr & VIC_SVR_VECTOR;
	v->irr[vector] = false;
	v->isr[vector] = true;
	return (uint8_t)vector;
}

enum lm_ack lm_ack(struct lm *m, uint32_t vcpu, uint8_t vector)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];

	if (!v->irr[vector])
		return LM_ABSENT;
	if (vector >> 4 <= isrv(v) >> 4)
		return LM_TOO_LOW;
	v->irr[vector] = false;
	v->isr[vector] = true;
	return LM_TAKEN;
}

bool lm_unack(struct lm *m, uint32_t vcpu, uint8_t vector)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];

	if (highest(v->isr) != vector)
		return false;
	v->isr[vector] = false;
	v->irr[vector] = true;
	return true;
}

bool lm_ack_extint(struct lm *m, uint32_t vcpu)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];

	if (!lm_extint(m, v))
		return false;
	v->extint = false;
	return true;
}

bool lm_ack_nmi(struct lm *m, uint32_t vcpu)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];

	if (v->nmis == 0)
		return false;
	v->nmis--;
	return true;
}

bool lm_ack_smi(struct lm *m, uint32_t vcpu)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];

	if (!v->smi)
		return false;
	v->smi = false;
	return true;
}

/* 10.4.7.3, 10.12.5.1 */
bool lm_ack_init(struct lm *m, uint32_t vcpu)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];

	if (!v->init)
		return false;
	v->init = false;
	v->smi = false;
	v->nmis = 0;
	lm_power_up(v);
	v->waits = !(v->base & VIC_APIC_BASE_BSP);
	if (!v->waits)
		v->sipi = false;
	return true;
}

bool lm_ack_sipi(struct lm *m, uint32_t vcpu, uint8_t *vector)
{
	struct lm_vcpu *v = &m->vcpu[vcpu];

	if (!lm_pending(m, vcpu).sipi)
		return false;
	*vector = v->sipi_vector;
	v->sipi = false;
	v->waits = false;
	return true;
}

void lm_set_cr8(struct lm *m, uint32_t vcpu, uint8_t cr8)
{
	if (lm_is_enabled(&m->vcpu[vcpu]))
		m->vcpu[vcpu].tpr = (uint8_t)(cr8 << 4);
}

void lm_dump(const struct lm *m, uint32_t vcpu, struct lm_dump *dump)
{
	const struct lm_vcpu *v = &m->vcpu[vcpu];

	for (uint32_t i = 0; i < LM_REGS; i++)
		dump->reg[i] = lm_reg(m, vcpu, i * 16);
	dump->icr_high = (uint32_t)(v->icr >> 32);
	dump->errors = v->errors;
	dump->base = v->base;
	dump->deadline = v->deadline;
}
