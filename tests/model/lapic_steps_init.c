/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* From a seed to a VM. */

#include "lapic_steps.h"

#include <string.h>

/* In a row; sharing eight bits; sharing a cluster; beyond eight bits. */
static void pick_ids(struct lapic_steps *s, struct lm_config *c)
{
	static const uint32_t sets[][LAPIC_RIG_VCPUS] = {
		{0, 1, 2, 3},
		{0, 1, 2, 3},
		{0x10, 0x11, 0x20, 0xfe},
		{0xff, 0x00, 0x1ff, 0x100},
		{0x03, 0x103, 0x203, 0x04},
		{0xfffffffe, 0x000000fe, 0x12345678, 0x00000078},
		{0x00100001, 0x00000001, 0x0010000f, 0x0000000f},
	};
	const uint32_t *set = LAPIC_PICK(s, sets);
	uint32_t first = lapic_any(s, LAPIC_RIG_VCPUS);

	for (uint32_t i = 0; i < c->vcpus; i++)
		c->id[i] = set[(first + i) % LAPIC_RIG_VCPUS];
}

static uint32_t pick_flags(struct lapic_steps *s, bool bsp, uint32_t mode)
{
	uint32_t flags = bsp ? LM_BSP : 0;

	if (mode == 0 || (mode == 1 && lapic_one_in(s, 2)))
		flags |= LM_X2APIC;
	else if (lapic_one_in(s, 8))
		flags |= LM_NO_X2APIC;
	if (lapic_one_in(s, 2))
		flags |= LM_CMCI;
	if (lapic_one_in(s, 4))
		flags |= LM_NO_TSC_DEADLINE;
	return flags;
}

static void pick_spec(struct lapic_steps *s, struct lapic_rig_spec *spec)
{
	static const uint32_t phys_bits[] = {0, 36, 40, 46, 52};
	static const enum lm_msi_format formats[] = {LM_MSI_8, LM_MSI_15,
						     LM_MSI_32};
	struct lm_config *c = &spec->model;
	uint32_t mode = lapic_any(s, 3), bsp;

	memset(spec, 0, sizeof(*spec));
	c->vcpus = 2 + lapic_any(s, 3);
	bsp = lapic_one_in(s, 8) ? lapic_any(s, 5) : 0;
	for (uint32_t flag = 1; flag <= LM_NO_LOWEST; flag <<= 1)
		if (lapic_one_in(s, 4))
			c->policy |= flag;
	c->msi = LAPIC_PICK(s, formats);
	c->extint = !lapic_one_in(s, 4);
	c->phys_bits = LAPIC_PICK(s, phys_bits);
	pick_ids(s, c);
	for (uint32_t i = 0; i < c->vcpus; i++)
		c->flags[i] = pick_flags(s, i == bsp, mode);
	spec->clock = !lapic_one_in(s, 16);
}

static void pick_hot(struct lapic_steps *s)
{
	static const uint8_t some[] = {0x10, 0x1f, 0x31, 0x3f, 0x41, 0x51, 0x52,
				       0x80, 0x81, 0xa0, 0xef, 0xfe, 0xff};

	for (uint32_t i = 0; i < LAPIC_STEPS_HOT; i++)
		s->hot[i] = LAPIC_PICK(s, some);
}

/* As a guest's boot does: started, enabled, with logical ids. */
static void boot(struct lapic_steps *s, uint32_t cpu)
{
	const struct lm_vcpu *v = &s->rig.lm.vcpu[cpu];

	if (v->waits) {
		lapic_rig_request(&s->rig, cpu, VIC_REQUEST_SIPI, 0x9a);
		lapic_check_scan(&s->rig, cpu, VIC_CAN_IRQ);
		lapic_rig_ack_sipi(&s->rig, cpu, false);
	}
	lapic_step_put(s, cpu, VIC_APIC_SVR, VIC_SVR_ENABLE | 0xff);
	if (!lm_is_x2apic(v))
		lapic_step_put(s, cpu, VIC_APIC_LDR, 1u << (24 + cpu));
}

void lapic_steps_init(struct lapic_steps *s, uint64_t seed)
{
	struct lapic_rig_spec spec;

	memset(s, 0, sizeof(*s));
	s->random = (seed + 1) * 0x9e3779b97f4a7c15ull;
	if (s->random == 0)
		s->random = 1;
	for (uint32_t i = 0; i < 8; i++)
		lapic_any(s, 2);
	pick_spec(s, &spec);
	pick_hot(s);
	lapic_rig_init(&s->rig, &spec);
	for (uint32_t i = 0; i < spec.model.vcpus; i++)
		if (!lapic_one_in(s, 8))
			boot(s, i);
	for (uint32_t i = 0; i < spec.model.vcpus; i++)
		lapic_check_scan(&s->rig, i, VIC_CAN_IRQ);
}
