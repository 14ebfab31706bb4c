/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "vcpuif.h"

#include <string.h>
#include <vic/spec/gicv3.h>

#define NONE UINT32_MAX
#define IDLE 0xffu
/* INTIDs from here on are LPIs. */
#define LPI 8192u

static uint32_t prebits(const struct vcpuif *cpu)
{
	return cpu->regs.prebits ? cpu->regs.prebits : 5;
}

static uint32_t priority_of(uint64_t lr)
{
	return (uint32_t)(lr >> VIC_LR_PRIORITY_SHIFT) & 0xff;
}

static uint32_t group_of(uint64_t lr)
{
	return (lr & VIC_LR_GROUP) != 0;
}

static uint32_t intid_of(uint64_t lr)
{
	return (uint32_t)(lr & VIC_LR_VINTID);
}

static bool group_enabled(const struct vcpuif *cpu, uint32_t group)
{
	return cpu->regs.vmcr & (group ? VIC_VMCR_VENG1 : VIC_VMCR_VENG0);
}

static uint32_t bpr(const struct vcpuif *cpu, uint32_t group)
{
	return cpu->regs.vmcr >>
		       (group ? VIC_VMCR_VBPR1_SHIFT : VIC_VMCR_VBPR0_SHIFT) &
	       7;
}

/* 4.8.5: the part of a priority that preempts. */
static uint32_t
group_priority(const struct vcpuif *cpu, uint32_t group, uint32_t priority)
{
	uint32_t low;

	if (group && !(cpu->regs.vmcr & VIC_VMCR_VCBPR))
		low = bpr(cpu, 1);
	else
		low = bpr(cpu, 0) + 1;
	return priority >> low << low & 0xff;
}

uint32_t vcpuif_rpr(const struct vcpuif *cpu)
{
	uint32_t shift = 8 - prebits(cpu);

	for (uint32_t bit = 0; bit < 1u << prebits(cpu); bit++) {
		uint32_t both =
			cpu->regs.ap0r[bit / 32] | cpu->regs.ap1r[bit / 32];

		if (both >> bit % 32 & 1)
			return bit << shift;
	}
	return IDLE;
}

/* The list register with the best pending interrupt of an enabled group. */
static uint32_t best(const struct vcpuif *cpu)
{
	uint32_t found = NONE;

	if (!(cpu->regs.hcr & VIC_HCR_EN))
		return NONE;
	for (uint32_t n = 0; n < cpu->nr_lrs; n++) {
		uint64_t lr = cpu->regs.lr[n], other;

		if ((lr & VIC_LR_STATE) != VIC_LR_PENDING ||
		    !group_enabled(cpu, group_of(lr)))
			continue;
		if (found == NONE) {
			found = n;
			continue;
		}
		other = cpu->regs.lr[found];
		if (priority_of(lr) < priority_of(other) ||
		    (priority_of(lr) == priority_of(other) &&
		     (intid_of(lr) < intid_of(other)) != cpu->ties_high))
			found = n;
	}
	return found;
}

static bool can_signal(const struct vcpuif *cpu, uint64_t lr)
{
	uint32_t pmr = cpu->regs.vmcr >> VIC_VMCR_VPMR_SHIFT & 0xff;

	return priority_of(lr) < pmr &&
	       group_priority(cpu, group_of(lr), priority_of(lr)) <
		       vcpuif_rpr(cpu);
}

bool vcpuif_signal(const struct vcpuif *cpu, uint32_t group)
{
	uint32_t n = best(cpu);

	return n != NONE && group_of(cpu->regs.lr[n]) == group &&
	       can_signal(cpu, cpu->regs.lr[n]);
}

uint32_t vcpuif_hppir(const struct vcpuif *cpu, uint32_t group)
{
	uint32_t n = best(cpu);

	if (n == NONE || group_of(cpu->regs.lr[n]) != group)
		return VIC_INTID_NONE;
	return intid_of(cpu->regs.lr[n]);
}

uint32_t vcpuif_iar(struct vcpuif *cpu, uint32_t group)
{
	uint32_t n = best(cpu), bit;
	uint64_t *lr;

	if (!vcpuif_signal(cpu, group))
		return VIC_INTID_NONE;
	lr = &cpu->regs.lr[n];
	bit = group_priority(cpu, group, priority_of(*lr)) >>
	      (8 - prebits(cpu));
	if (group)
		cpu->regs.ap1r[bit / 32] |= 1u << bit % 32;
	else
		cpu->regs.ap0r[bit / 32] |= 1u << bit % 32;
	*lr &= ~VIC_LR_STATE;
	if (intid_of(*lr) < LPI)
		*lr |= VIC_LR_ACTIVE;
	return intid_of(*lr);
}

static void deactivate(struct vcpuif *cpu, uint32_t intid)
{
	const uint32_t one = 1u << VIC_HCR_EOICOUNT_SHIFT;

	for (uint32_t n = 0; n < cpu->nr_lrs; n++) {
		uint64_t *lr = &cpu->regs.lr[n];

		if (!(*lr & VIC_LR_ACTIVE) || intid_of(*lr) != intid)
			continue;
		*lr &= ~VIC_LR_ACTIVE;
		if ((*lr & VIC_LR_HW) && cpu->deactivated)
			cpu->deactivated(cpu->opaque,
					 (uint32_t)((*lr & VIC_LR_PINTID) >>
						    VIC_LR_PINTID_SHIFT));
		return;
	}
	/* EOIcount is the top field: it wraps within itself. */
	if (intid < LPI)
		cpu->regs.hcr += one;
}

static void priority_drop(struct vcpuif *cpu)
{
	for (uint32_t n = 0; n < 4; n++) {
		uint32_t both = cpu->regs.ap0r[n] | cpu->regs.ap1r[n];
		uint32_t lowest = both & (~both + 1);

		if (!both)
			continue;
		if (cpu->regs.ap0r[n] & lowest)
			cpu->regs.ap0r[n] &= ~lowest;
		else
			cpu->regs.ap1r[n] &= ~lowest;
		return;
	}
}

static bool is_special(uint32_t intid)
{
	return intid >= VIC_INTID_SPECIAL && intid <= VIC_INTID_NONE;
}

void vcpuif_eoir(struct vcpuif *cpu, uint32_t group, uint32_t intid)
{
	(void)group;
	if (is_special(intid))
		return;
	priority_drop(cpu);
	if (!(cpu->regs.vmcr & VIC_VMCR_VEOIM))
		deactivate(cpu, intid);
}

bool vcpuif_dir(struct vcpuif *cpu, uint32_t intid)
{
	if (cpu->regs.hcr & VIC_HCR_TDIR)
		return false;
	if ((cpu->regs.vmcr & VIC_VMCR_VEOIM) && !is_special(intid))
		deactivate(cpu, intid);
	return true;
}

static void
set_field(struct vcpuif *cpu, uint32_t shift, uint32_t mask, uint32_t value)
{
	cpu->regs.vmcr &= ~(mask << shift);
	cpu->regs.vmcr |= (value & mask) << shift;
}

void vcpuif_set_pmr(struct vcpuif *cpu, uint32_t value)
{
	/* As many bits of priority as of preemption. */
	set_field(cpu, VIC_VMCR_VPMR_SHIFT, 0xff,
		  value >> (8 - prebits(cpu)) << (8 - prebits(cpu)));
}

void vcpuif_set_bpr(struct vcpuif *cpu, uint32_t group, uint32_t value)
{
	uint32_t least = 7 - prebits(cpu) + group;

	value &= 7;
	set_field(cpu, group ? VIC_VMCR_VBPR1_SHIFT : VIC_VMCR_VBPR0_SHIFT, 7,
		  value < least ? least : value);
}

void vcpuif_set_igrpen(struct vcpuif *cpu, uint32_t group, bool enable)
{
	set_field(cpu, group, 1, enable);
}

void vcpuif_set_ctlr(struct vcpuif *cpu, bool cbpr, bool eoimode)
{
	cpu->regs.vmcr &= ~(VIC_VMCR_VCBPR | VIC_VMCR_VEOIM);
	if (cbpr)
		cpu->regs.vmcr |= VIC_VMCR_VCBPR;
	if (eoimode)
		cpu->regs.vmcr |= VIC_VMCR_VEOIM;
}

uint32_t vcpuif_eisr(const struct vcpuif *cpu)
{
	uint32_t result = 0;

	for (uint32_t n = 0; n < cpu->nr_lrs; n++)
		if (!(cpu->regs.lr[n] & (VIC_LR_STATE | VIC_LR_HW)) &&
		    (cpu->regs.lr[n] & VIC_LR_EOI))
			result |= 1u << n;
	return result;
}

uint32_t vcpuif_elrsr(const struct vcpuif *cpu)
{
	uint32_t result = 0;

	for (uint32_t n = 0; n < cpu->nr_lrs; n++)
		if (!(cpu->regs.lr[n] & VIC_LR_STATE) &&
		    ((cpu->regs.lr[n] & VIC_LR_HW) ||
		     !(cpu->regs.lr[n] & VIC_LR_EOI)))
			result |= 1u << n;
	return result;
}

uint32_t vcpuif_misr(const struct vcpuif *cpu)
{
	uint32_t hcr = cpu->regs.hcr, valid = 0, pending = 0, result = 0;

	if (!(hcr & VIC_HCR_EN))
		return 0;
	for (uint32_t n = 0; n < cpu->nr_lrs; n++) {
		valid += (cpu->regs.lr[n] & VIC_LR_STATE) != 0;
		pending += (cpu->regs.lr[n] & VIC_LR_STATE) == VIC_LR_PENDING;
	}
	if (vcpuif_eisr(cpu))
		result |= VIC_MISR_EOI;
	if ((hcr & VIC_HCR_UIE) && valid <= 1)
		result |= VIC_MISR_U;
	if ((hcr & VIC_HCR_LRENPIE) && hcr >> VIC_HCR_EOICOUNT_SHIFT)
		result |= VIC_MISR_LRENP;
	if ((hcr & VIC_HCR_NPIE) && !pending)
		result |= VIC_MISR_NP;
	/* These have the same bits in both registers. */
	result |= hcr &
		  (group_enabled(cpu, 0) ? VIC_HCR_VGRP0EIE : VIC_HCR_VGRP0DIE);
	result |= hcr &
		  (group_enabled(cpu, 1) ? VIC_HCR_VGRP1EIE : VIC_HCR_VGRP1DIE);
	return result;
}

void vcpuif_init(struct vcpuif *cpu, uint32_t nr_lrs, uint32_t bits)
{
	memset(cpu, 0, sizeof(*cpu));
	cpu->nr_lrs = nr_lrs;
	cpu->regs.prebits = bits;
	vcpuif_set_bpr(cpu, 0, 0);
	vcpuif_set_bpr(cpu, 1, 0);
}
