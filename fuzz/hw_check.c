/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What holds where hardware posts: <vic/pcpu.h>, SDM 29.1 to 29.6. */
#include "hw_world.h"

#include <string.h>

static uint64_t control(const struct apic_cpu *c)
{
	return c->hw->vmcs.pid->control;
}

bool hw_pending(const struct hw_pcpu *p, uint8_t vector)
{
	return p->cpu.pending[vector / 64] >> vector % 64 & 1;
}

uint64_t hw_vectors(const struct apic_cpu *c)
{
	const struct vtx_stats *n = &c->hw->vmcs.stats;
	uint64_t sum = c->hw->posted;

	for (uint32_t v = 0; v < 256; v++)
		sum += n->self_ipis[v] - n->self_folds[v] - n->delivered[v] -
		       n->folds[v];
	return sum;
}

void hw_check_reached(const struct apic_cpu *c,
		      const struct vic_vcpu_inbox *inbox)
{
	const struct hw *hw = c->world->hw;
	const struct hw_pcpu *p = c->hw->at;
	bool quiet = inbox->state == VIC_BLOCKED
			     ? c->seen.wakes == c->signals
			     : c->seen.kicks == c->signals && !c->immediate;
	bool runs = inbox->state == VIC_GUEST || inbox->state == VIC_POSTED;

	/* Who has been told needs no more. */
	if (quiet && inbox->state != VIC_HOST)
		REQUIRE(!inbox->request_new);
	if (quiet && inbox->outstanding && runs)
		REQUIRE(p && hw_pending(p, hw->notify_vector));
	if (quiet && inbox->outstanding && inbox->state == VIC_BLOCKED)
		REQUIRE(p && hw_pending(p, hw->wakeup_vector));
	if (inbox->outstanding || control(c) & VIC_PID_SN)
		return;
	for (int n = 0; n < 4; n++)
		REQUIRE(c->hw->vmcs.pid->pir[n] == 0);
}

/* Where the notification goes. */
static void check_descriptor(const struct apic_cpu *c)
{
	const struct hw *hw = c->world->hw;
	const struct vic_pid *pid = c->hw->vmcs.pid;
	uint64_t word = pid->control & ~VIC_PID_ON, vector, dest;

	for (int n = 0; n < 3; n++)
		REQUIRE(pid->reserved[n] == 0);
	REQUIRE(!(word & ~(VIC_PID_SN | VIC_PID_NV | VIC_PID_NDST)));
	if (!c->hw->at)
		return;
	REQUIRE(!(word & VIC_PID_SN) == !c->hw->put);
	if (c->hw->put)
		return;
	vector =
		c->state == VIC_BLOCKED ? hw->wakeup_vector : hw->notify_vector;
	dest = c->hw->at->cpu.apic_id;
	REQUIRE(word == (vector << VIC_PID_NV_SHIFT |
			 dest << (hw->xapic ? VIC_PID_NDST_XAPIC_SHIFT
					    : VIC_PID_NDST_SHIFT)));
}

static bool in_lvt(const struct apic_cpu *c, uint8_t vector)
{
	if ((uint8_t)apic_reg(c, VIC_APIC_LVT_CMCI) == vector)
		return true;
	for (uint32_t at = VIC_APIC_LVT_TIMER; at <= VIC_APIC_LVT_ERROR;
	     at += 16)
		if ((uint8_t)apic_reg(c, at) == vector)
			return true;
	return false;
}

void hw_posting(struct apic_cpu *c, uint8_t vector, bool level)
{
	uint64_t bit = UINT64_C(1) << vector % 64;
	struct vic_vcpu_inbox inbox;

	vic_vcpu_peek(c->vcpu, &inbox);
	c->hw->level[vector / 64] &= ~bit;
	if (level && !(inbox.pir[vector / 64] & bit) && !in_lvt(c, vector) &&
	    !apic_bit(c, VIC_APIC_IRR, vector))
		c->hw->level[vector / 64] |= bit;
}

void hw_forget(struct apic_world *w)
{
	for (uint32_t i = 0; i < w->count; i++)
		memset(w->cpu[i].hw->level, 0, sizeof(w->cpu[i].hw->level));
}

void hw_delivered(struct apic_cpu *c, uint8_t vector)
{
	uint64_t bit = UINT64_C(1) << vector % 64;

	if (!(c->hw->level[vector / 64] & bit))
		return;
	REQUIRE(apic_bit(c, VIC_APIC_TMR, vector));
	REQUIRE(c->hw->vmcs.eoi_exit[vector / 64] & bit);
	c->hw->level[vector / 64] &= ~bit;
}

/* Of those accepted as level none may end without an exit. */
static void check_level(const struct apic_cpu *c)
{
	for (uint32_t v = VIC_VECTOR_MIN; v < 256; v++) {
		if (!apic_bit(c, VIC_APIC_TMR, v))
			continue;
		if (apic_bit(c, VIC_APIC_IRR, v) ||
		    apic_bit(c, VIC_APIC_ISR, v))
			REQUIRE(c->hw->vmcs.eoi_exit[v / 64] >> v % 64 & 1);
	}
}

void hw_check(struct apic_cpu *c)
{
	REQUIRE(!c->world->hw->locks);
	check_descriptor(c);
	REQUIRE(vic_lapic_posting(c->lapic) || c->state != VIC_POSTED);
	if (vic_lapic_posting(c->lapic))
		REQUIRE(vic_lapic_base(c->lapic) & VIC_APIC_BASE_EN);
	if (c->state != VIC_POSTED)
		return;
	REQUIRE(c->hw->at->cpu.rvi == apic_top(c, VIC_APIC_IRR));
	REQUIRE(c->hw->at->cpu.svi == apic_top(c, VIC_APIC_ISR));
	/* Nobody else touches the page while the hardware has it. */
	REQUIRE(!memcmp(c->hw->page, c->page, VIC_APIC_PAGE_SIZE));
	check_level(c);
}
