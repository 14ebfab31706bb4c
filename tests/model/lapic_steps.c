/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "lapic_steps.h"

#define CAN_ALL (VIC_CAN_IRQ | VIC_CAN_NMI | VIC_CAN_SMI)

uint32_t lapic_any(struct lapic_steps *s, uint32_t count)
{
	/* xorshift64*: 0 is no state, and the seed is never 0. */
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return (uint32_t)((s->random * 0x2545f4914f6cdd1dull) >> 33) % count;
}

uint64_t lapic_any64(struct lapic_steps *s)
{
	uint64_t value = 0;

	/* In steps: a compiler chooses the order within an expression. */
	for (uint32_t i = 0; i < 3; i++)
		value = value << 21 ^ lapic_any(s, 1u << 31);
	return value;
}

bool lapic_one_in(struct lapic_steps *s, uint32_t count)
{
	return lapic_any(s, count) == 0;
}

uint32_t lapic_any_cpu(struct lapic_steps *s)
{
	return lapic_any(s, s->rig.lm.config.vcpus);
}

uint8_t lapic_any_vector(struct lapic_steps *s)
{
	if (lapic_one_in(s, 24))
		return (uint8_t)lapic_any(s, 16);
	if (lapic_one_in(s, 8))
		return (uint8_t)lapic_any(s, 256);
	return LAPIC_PICK(s, s->hot);
}

/* What the vCPU's thread does with what there is to do. */
static void step_work(struct lapic_steps *s, uint32_t cpu)
{
	struct lapic_rig *rig = &s->rig;
	uint32_t flags = rig->cpu[cpu].work.flags;

	if (flags & VIC_WORK_INIT)
		lapic_rig_ack_init(rig, cpu);
	else if (flags & VIC_WORK_SIPI)
		lapic_rig_ack_sipi(rig, cpu, lapic_one_in(s, 8));
	else if ((flags & VIC_WORK_NMI) && !lapic_one_in(s, 3))
		lapic_rig_ack_nmi(rig, cpu);
	else if ((flags & VIC_WORK_SMI) && !lapic_one_in(s, 3))
		lapic_rig_ack_smi(rig, cpu);
	else if ((flags & VIC_WORK_EXTINT) && !lapic_one_in(s, 3))
		lapic_rig_ack_extint(rig, cpu, (uint8_t)lapic_any(s, 256));
	else if (flags & VIC_WORK_IRQ)
		lapic_rig_ack(rig, cpu, rig->cpu[cpu].work.vector);
}

/* One of a set, if there is any. */
static uint8_t any_of(struct lapic_steps *s, const bool *vectors)
{
	uint32_t first = lapic_any(s, 256);

	for (uint32_t i = 0; i < 256; i++)
		if (vectors[(first + i) % 256])
			return (uint8_t)(first + i);
	return (uint8_t)first;
}

/* What it may do at other times; most find nothing. */
static void step_ack(struct lapic_steps *s, uint32_t cpu)
{
	struct lapic_rig *rig = &s->rig;
	const struct lm_vcpu *v = &rig->lm.vcpu[cpu];

	switch (lapic_any(s, 12)) {
	case 0:
		lapic_rig_ack(rig, cpu, lapic_any_vector(s));
		break;
	case 1:
	case 2:
	case 3:
		lapic_rig_ack(rig, cpu, any_of(s, v->irr));
		break;
	case 4:
	case 5:
		lapic_rig_unack(rig, cpu, any_of(s, v->isr));
		break;
	case 6:
	case 7:
		/* Without a running processor there is no INTA cycle. */
		if (!lm_pending(&rig->lm, cpu).blocked)
			lapic_rig_inta(rig, cpu);
		break;
	case 8:
		lapic_rig_ack_nmi(rig, cpu);
		break;
	case 9:
		lapic_rig_ack_smi(rig, cpu);
		break;
	case 10:
		lapic_rig_ack_init(rig, cpu);
		break;
	default:
		lapic_rig_unack(rig, cpu, lapic_any_vector(s));
	}
}

void lapic_step_serve(struct lapic_steps *s, uint32_t cpu)
{
	const struct lapic_rig_cpu *c = &s->rig.cpu[cpu];

	while (c->work.flags & VIC_WORK_IRQ) {
		lapic_rig_ack(&s->rig, cpu, c->work.vector);
		if (lapic_one_in(s, 8)) {
			lapic_rig_unack(&s->rig, cpu, c->work.vector);
			return;
		}
		lapic_step_put(s, cpu, VIC_APIC_EOI, 0);
		lapic_check_eois(&s->rig);
		lapic_check_scan(&s->rig, cpu, VIC_CAN_IRQ);
		if (lapic_one_in(s, 3))
			return;
	}
}

static void step_seldom(struct lapic_steps *s, uint32_t cpu)
{
	uint32_t bits = 8 * VIC_LAPIC_IMAGE_SIZE;

	switch (lapic_any(s, 24)) {
	case 0:
		lapic_rig_reset(&s->rig, cpu);
		break;
	case 1:
	case 2:
		lapic_rig_image(&s->rig, cpu, lapic_any(s, bits));
		break;
	case 3:
		lapic_rig_image(&s->rig, cpu, bits);
		break;
	case 4:
		lapic_rig_keep(&s->rig, cpu);
		break;
	case 5:
		/* The chip at LINT0 would not go with it. */
		if (!s->rig.chips.wired)
			lapic_rig_go_back(&s->rig, cpu);
		break;
	case 6:
	case 7:
	case 8:
		lapic_step_base(s, cpu);
		break;
	default:
		step_ack(s, cpu);
	}
}

bool lapic_step_revive(struct lapic_steps *s, uint32_t cpu)
{
	const struct lm_vcpu *v = &s->rig.lm.vcpu[cpu];

	if (v->waits && !v->init && !v->sipi && lapic_one_in(s, 6))
		lapic_rig_request(&s->rig, cpu, VIC_REQUEST_SIPI,
				  (uint8_t)lapic_any(s, 256));
	else if (!lm_is_enabled(v) && lapic_one_in(s, 6))
		lapic_rig_wrmsr(&s->rig, cpu, VIC_MSR_APIC_BASE,
				v->base | VIC_APIC_BASE_EN);
	else if (lm_is_enabled(v) && !lm_is_software_enabled(v) &&
		 lapic_one_in(s, 6))
		lapic_step_put(s, cpu, VIC_APIC_SVR, VIC_SVR_ENABLE | 0xff);
	else
		return false;
	return true;
}

static void step_host(struct lapic_steps *s, uint32_t cpu)
{
	if (lapic_step_revive(s, cpu))
		return;
	if (lm_ppr(&s->rig.lm.vcpu[cpu]) && lapic_one_in(s, 8)) {
		lapic_step_put(s, cpu, VIC_APIC_EOI, 0);
		return;
	}
	switch (lapic_any(s, 32)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
		lapic_step_write(s, cpu);
		break;
	case 6:
	case 7:
	case 8:
		lapic_step_lvt(s, cpu);
		break;
	case 9:
	case 10:
		lapic_step_timer(s, cpu);
		break;
	case 11:
	case 12:
	case 13:
	case 14:
	case 15:
		lapic_step_icr(s, cpu);
		break;
	case 16:
		lapic_step_odd(s, cpu);
		break;
	case 17:
	case 18:
		step_seldom(s, cpu);
		break;
	case 19:
		lapic_step_serve(s, cpu);
		break;
	case 20:
	case 21:
	case 22:
		lapic_rig_enter(&s->rig, cpu);
		break;
	case 23:
		lapic_rig_block(&s->rig, cpu, lapic_any(s, 8));
		break;
	default:
		step_work(s, cpu);
	}
}

static void step_line(struct lapic_steps *s, uint32_t cpu)
{
	bool lint1 = lapic_one_in(s, 3) || (s->rig.chips.wired >> cpu & 1);
	bool high = s->rig.lm.vcpu[cpu].pins[lint1];

	if (!lapic_one_in(s, 8))
		high = !high;
	lapic_rig_request(&s->rig, cpu,
			  lint1 ? VIC_REQUEST_LINT1 : VIC_REQUEST_LINT0, high);
}

static void step_request(struct lapic_steps *s, uint32_t cpu)
{
	static const enum vic_request requests[] = {
		VIC_REQUEST_NMI,     VIC_REQUEST_SMI,  VIC_REQUEST_SIPI,
		VIC_REQUEST_ESR,     VIC_REQUEST_ESR,  VIC_REQUEST_RESYNC,
		VIC_REQUEST_TIMER,   VIC_REQUEST_PERF, VIC_REQUEST_PERF,
		VIC_REQUEST_THERMAL, VIC_REQUEST_CMCI, VIC_REQUEST_CMCI,
		VIC_REQUEST_EXTINT,
	};
	static const uint8_t errors[] = {
		VIC_ESR_REDIRECTABLE,
		VIC_ESR_SEND_ILLEGAL,
		VIC_ESR_RECEIVE_ILLEGAL,
		VIC_ESR_ILLEGAL_REGISTER,
		VIC_ESR_RECEIVE_ILLEGAL | VIC_ESR_SEND_ILLEGAL,
	};
	enum vic_request request = LAPIC_PICK(s, requests);
	uint8_t argument = 0;

	if (lapic_one_in(s, 40))
		request = VIC_REQUEST_INIT;
	if (request == VIC_REQUEST_ESR)
		argument = LAPIC_PICK(s, errors);
	else if (request == VIC_REQUEST_SIPI)
		argument = (uint8_t)lapic_any(s, 256);
	lapic_rig_request(&s->rig, cpu, request, argument);
}

/* Guests touch their timers before they are told that time has come. */
static void step_before_ring(struct lapic_steps *s)
{
	for (uint32_t i = 0; i < s->rig.lm.config.vcpus; i++) {
		uint32_t vector = lapic_any_vector(s);

		if (s->rig.cpu[i].where != LAPIC_RIG_HOST)
			continue;
		switch (lapic_any(s, 8)) {
		case 0:
			lapic_rig_load(&s->rig, i, VIC_APIC_TIMER_CCR, 4);
			lapic_rig_rdmsr(&s->rig, i,
					VIC_MSR_X2APIC +
						VIC_APIC_TIMER_CCR / 16);
			lapic_rig_rdmsr(&s->rig, i, VIC_MSR_TSC_DEADLINE);
			break;
		case 1:
			lapic_step_base(s, i);
			break;
		case 2:
			lapic_rig_image(&s->rig, i, 8 * VIC_LAPIC_IMAGE_SIZE);
			break;
		case 3:
		case 4:
			lapic_step_timer(s, i);
			break;
		case 5:
		case 6:
			lapic_step_put(s, i, VIC_APIC_LVT_TIMER,
				       vector | lapic_any(s, 8) << 16);
			break;
		default:
			lapic_step_put(s, i, VIC_APIC_SVR,
				       vector | lapic_any(s, 2) << 8);
		}
	}
}

static void step_pass(struct lapic_steps *s)
{
	enum vic_clock clock =
		lapic_one_in(s, 3) ? VIC_CLOCK_TSC : VIC_CLOCK_BUS;
	const struct lapic_rig_cpu *c = &s->rig.cpu[lapic_any_cpu(s)];
	uint64_t ticks = lapic_any(s, 3000);

	if (lapic_one_in(s, 24)) {
		ticks = lapic_any64(s) >> 24;
		ticks >>= lapic_any(s, 40);
	}
	/* Just as it expires, or one tick off. */
	if (c->armed && lapic_one_in(s, 2)) {
		clock = c->deadline.clock;
		ticks = c->deadline.at - s->rig.now[clock];
		ticks += lapic_any(s, 3);
		ticks -= ticks != 0;
		if (ticks > 1ull << 48)
			ticks = 1ull << 48;
	}
	lapic_rig_pass(&s->rig, clock, ticks);
	if (lapic_one_in(s, 3))
		step_before_ring(s);
	lapic_rig_ring(&s->rig);
}

static void step_outside(struct lapic_steps *s)
{
	uint32_t cpu = lapic_any_cpu(s);
	bool level = lapic_one_in(s, 2);

	switch (lapic_any(s, 16)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		lapic_step_msi(s);
		break;
	case 5:
	case 6:
	case 7:
		step_line(s, cpu);
		break;
	case 8:
	case 9:
	case 10:
		step_request(s, cpu);
		break;
	case 11:
	case 12:
	case 13:
		step_pass(s);
		break;
	default:
		lapic_rig_post(&s->rig, cpu, lapic_any_vector(s), level);
	}
}

void lapic_step_look(struct lapic_steps *s)
{
	struct lapic_rig *rig = &s->rig;

	lapic_check_eois(rig);
	for (uint32_t i = 0; i < rig->lm.config.vcpus; i++) {
		if (rig->cpu[i].where != LAPIC_RIG_HOST)
			continue;
		lapic_check_scan(
			rig, i, lapic_one_in(s, 2) ? CAN_ALL : lapic_any(s, 8));
		lapic_check(rig, i);
		if (lapic_one_in(s, 8))
			lapic_check_image(rig, i);
		else if (lapic_one_in(s, 64))
			lapic_check_reads(rig, i);
		else
			continue;
		lapic_check_scan(rig, i, CAN_ALL);
	}
	lapic_check_eois(rig);
	lapic_check_told(rig);
}

void lapic_step(struct lapic_steps *s)
{
	uint32_t cpu = lapic_any_cpu(s);
	struct lapic_rig_cpu *c = &s->rig.cpu[cpu];

	/* Who else hears of EOIs may send the same vector again. */
	s->rig.lines_stay = !s->rig.chips.accessed && lapic_one_in(s, 4);
	if (lapic_one_in(s, 3))
		step_outside(s);
	else if (c->where == LAPIC_RIG_HOST)
		step_host(s, cpu);
	else if (c->told || lapic_one_in(s, 4))
		lapic_rig_leave(&s->rig, cpu);
	lapic_step_look(s);
}

void lapic_steps_end(struct lapic_steps *s)
{
	for (uint32_t i = 0; i < s->rig.lm.config.vcpus; i++)
		lapic_rig_leave(&s->rig, i);
	lapic_step_look(s);
	lapic_check_counters(&s->rig);
	for (uint32_t i = 0; i < s->rig.lm.config.vcpus; i++) {
		lapic_check_image(&s->rig, i);
		lapic_check_reads(&s->rig, i);
	}
}
