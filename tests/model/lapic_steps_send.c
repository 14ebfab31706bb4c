/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* IPIs and MSIs, most of them to somebody. */

#include "lapic_steps.h"

/* Eight bits for a logical destination. */
static uint32_t any_logical8(struct lapic_steps *s)
{
	uint32_t ldr = s->rig.lm.vcpu[lapic_any_cpu(s)].ldr >> 24;

	switch (lapic_any(s, 8)) {
	case 0:
		return 0xff;
	case 1:
		return lapic_any(s, 0x100);
	case 2:
		return ldr | lapic_any(s, 0x10);
	case 3:
		return ldr | lapic_any(s, 0x100);
	default:
		return ldr;
	}
}

static uint32_t any_id(struct lapic_steps *s)
{
	const struct lm_vcpu *v = &s->rig.lm.vcpu[lapic_any_cpu(s)];

	switch (lapic_any(s, 12)) {
	case 0:
		return lapic_any(s, 0x100);
	case 1:
		return 0xff;
	case 2:
	case 3:
		return v->xapic_id;
	case 4:
		return v->id & 0xff;
	case 5:
		return v->id ^ 1u << lapic_any(s, 32);
	default:
		return v->id;
	}
}

static uint32_t any_dest32(struct lapic_steps *s, bool logical)
{
	const struct lm_vcpu *v = &s->rig.lm.vcpu[lapic_any_cpu(s)];
	uint32_t ldr = (v->id >> 4) << 16 | 1u << (v->id & 0xf);

	if (lapic_one_in(s, 12))
		return lapic_one_in(s, 2) ? 0xffffffff : 0xff;
	if (lapic_one_in(s, 40))
		return (uint32_t)lapic_any64(s);
	if (!logical)
		return any_id(s);
	switch (lapic_any(s, 6)) {
	case 0:
		return any_logical8(s);
	case 1:
		return ldr | 0xffff;
	case 2:
		return ldr | lapic_any(s, 0x10000);
	default:
		return ldr;
	}
}

/* Most are to be delivered to a handler; few stop the guest's life. */
static uint32_t any_mode(struct lapic_steps *s)
{
	static const uint32_t modes[] = {
		VIC_MODE_FIXED,  VIC_MODE_FIXED,  VIC_MODE_FIXED,
		VIC_MODE_FIXED,  VIC_MODE_FIXED,  VIC_MODE_FIXED,
		VIC_MODE_LOWEST, VIC_MODE_LOWEST, VIC_MODE_LOWEST,
		VIC_MODE_SMI,    VIC_MODE_NMI,    VIC_MODE_NMI,
		VIC_MODE_EXTINT, VIC_MODE_SIPI,   VIC_MODE_SIPI,
	};

	if (lapic_one_in(s, 40))
		return VIC_MODE_INIT;
	if (lapic_one_in(s, 40))
		return VIC_MODE_RESERVED;
	return LAPIC_PICK(s, modes);
}

static uint64_t any_icr(struct lapic_steps *s, uint32_t cpu)
{
	bool x2apic = lm_is_x2apic(&s->rig.lm.vcpu[cpu]);
	bool logical = lapic_one_in(s, 2);
	uint64_t icr = lapic_any_vector(s), dest;

	icr |= any_mode(s) << VIC_ICR_MODE_SHIFT;
	if (logical)
		icr |= VIC_ICR_LOGICAL;
	if (!lapic_one_in(s, 4))
		icr |= VIC_ICR_ASSERT;
	if (lapic_one_in(s, 4))
		icr |= VIC_ICR_LEVEL;
	if (lapic_one_in(s, 4))
		icr |= (uint64_t)lapic_any(s, 4) << VIC_ICR_SHORTHAND_SHIFT;
	if (lapic_one_in(s, 24))
		icr |= VIC_ICR_BUSY;
	if (lapic_one_in(s, 64))
		icr ^= 1ull << lapic_any(s, 32);
	if (x2apic)
		return icr | (uint64_t)any_dest32(s, logical)
				     << VIC_ICR_DEST_SHIFT;
	dest = logical ? any_logical8(s) : any_id(s) & 0xff;
	return icr | dest << VIC_ICR_XAPIC_DEST_SHIFT;
}

void lapic_step_icr(struct lapic_steps *s, uint32_t cpu)
{
	uint64_t icr = any_icr(s, cpu);

	if (lapic_one_in(s, 8)) {
		icr = lapic_any_vector(s);
		if (lapic_one_in(s, 20))
			icr ^= 1ull << lapic_any(s, 64);
		lapic_step_put(s, cpu, VIC_APIC_SELF_IPI, icr);
		return;
	}
	if (lm_is_x2apic(&s->rig.lm.vcpu[cpu])) {
		lapic_step_put(s, cpu, VIC_APIC_ICR_LO, icr);
		return;
	}
	if (!lapic_one_in(s, 4))
		lapic_step_put(s, cpu, VIC_APIC_ICR_HI, icr >> 32);
	lapic_step_put(s, cpu, VIC_APIC_ICR_LO, icr & 0xffffffff);
}

void lapic_step_msi(struct lapic_steps *s)
{
	const struct lm_config *c = &s->rig.lm.config;
	bool logical = lapic_one_in(s, 2);
	uint32_t dest = any_dest32(s, logical), low = VIC_MSI_BASE;
	uint32_t data = lapic_any_vector(s);
	uint64_t address;

	if (c->msi == LM_MSI_8)
		dest &= 0xff;
	else if (c->msi == LM_MSI_15)
		dest &= 0x7fff;
	low |= (dest & 0xff) << VIC_MSI_DEST_SHIFT;
	if (c->msi == LM_MSI_15)
		low |= dest >> 8 << VIC_MSI_EXT_DEST_SHIFT;
	if (logical)
		low |= VIC_MSI_DM;
	if (lapic_one_in(s, 4))
		low |= VIC_MSI_RH;
	address = low | lapic_any(s, 4);
	if (c->msi == LM_MSI_32)
		address |= (uint64_t)(dest >> 8) << 40;
	/* Bits 11:4 of the other formats are nobody's. */
	if (lapic_one_in(s, 24))
		address ^= c->msi == LM_MSI_15 && lapic_one_in(s, 4)
				   ? VIC_MSI_REMAPPABLE
				   : 0x100000ull << lapic_any(s, 44);
	data |= any_mode(s) << VIC_ICR_MODE_SHIFT;
	if (lapic_one_in(s, 2))
		data |= VIC_ICR_LEVEL;
	if (!lapic_one_in(s, 6))
		data |= VIC_ICR_ASSERT;
	if (lapic_one_in(s, 4))
		data |= (uint32_t)lapic_any64(s) & 0xffff3800;
	lapic_rig_msi(&s->rig, address, data);
}
