/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The virtual CPU interface of fake_gic.h: ICV_* and ICH_* of IHI 0069. */

#include "fake_gic.h"

#define HCR_GROUPS                                                \
	(VIC_HCR_VGRP0EIE | VIC_HCR_VGRP0DIE | VIC_HCR_VGRP1EIE | \
	 VIC_HCR_VGRP1DIE)

static unsigned int lr_state(uint64_t lr)
{
	return (unsigned int)(lr >> 62);
}

static uint8_t lr_priority(uint64_t lr)
{
	return (uint8_t)(lr >> VIC_LR_PRIORITY_SHIFT);
}

static uint32_t lr_pintid(uint64_t lr)
{
	return (uint32_t)((lr & VIC_LR_PINTID) >> VIC_LR_PINTID_SHIFT);
}

int fake_gic_lr(const struct fake_gic_cpu *cpu, uint32_t intid)
{
	int n;

	for (n = 0; n < VIC_GIC_MAX_LRS; n++)
		if (((cpu->lrs.used >> n) & 1) != 0 &&
		    lr_state(cpu->lrs.lr[n]) != 0 &&
		    (cpu->lrs.lr[n] & VIC_LR_VINTID) == intid)
			return n;
	return -1;
}

unsigned int fake_gic_lr_state(const struct fake_gic_cpu *cpu, uint32_t intid)
{
	int n = fake_gic_lr(cpu, intid);

	return n < 0 ? 0 : lr_state(cpu->lrs.lr[n]);
}

/* What the architecture asks of one list register that software writes. */
static void check_lr(uint64_t lr)
{
	uint64_t res0 = UINT64_C(7) << 45 | UINT64_C(15) << 56;

	assert_true(lr_state(lr) != 0);
	assert_true((lr & res0) == 0);
	/* Five bits of priority. */
	assert_int_equal(lr_priority(lr) & 7, 0);
	if ((lr & VIC_LR_HW) != 0) {
		assert_true(lr_state(lr) != 3);
		assert_true(lr_pintid(lr) >= VIC_INTID_PPI);
		assert_true(lr_pintid(lr) < VIC_INTID_SPECIAL);
	} else {
		/* Only EOI is no RES0 among these. */
		assert_true((lr & VIC_LR_PINTID & ~VIC_LR_EOI) == 0);
	}
}

uint32_t fake_gic_flush(struct fake_gic_cpu *cpu)
{
	uint32_t work = vic_gic_flush(cpu->gicr, &cpu->lrs);
	uint32_t allowed = VIC_HCR_EN | VIC_HCR_LRENPIE | VIC_HCR_NPIE |
			   VIC_HCR_TDIR | HCR_GROUPS;
	int i, j;

	assert_true((cpu->lrs.hcr & VIC_HCR_EN) != 0);
	assert_int_equal(cpu->lrs.hcr & ~allowed, 0);
	assert_int_equal(cpu->lrs.used >> cpu->nr_lrs, 0);
	for (i = 0; i < VIC_GIC_MAX_LRS; i++) {
		if (((cpu->lrs.used >> i) & 1) == 0)
			continue;
		check_lr(cpu->lrs.lr[i]);
		/* Two of one vINTID are UNPREDICTABLE. */
		for (j = 0; j < i; j++)
			assert_false(((cpu->lrs.used >> j) & 1) != 0 &&
				     (cpu->lrs.lr[i] & VIC_LR_VINTID) ==
					     (cpu->lrs.lr[j] & VIC_LR_VINTID));
	}
	/* Otherwise the guest would never run. */
	assert_int_equal(fake_gic_misr(cpu), 0);
	return work;
}

void fake_gic_enter(struct fake_gic_cpu *cpu)
{
	unsigned int tries = 0;
	enum vic_enter enter;

	do {
		fake_gic_flush(cpu);
		enter = vic_vcpu_enter(cpu->vcpu);
		assert_true(++tries < 4);
	} while (enter == VIC_ENTER_AGAIN);
	assert_int_equal(enter, VIC_ENTER_GUEST);
}

void fake_gic_leave(struct fake_gic_cpu *cpu)
{
	vic_vcpu_exit(cpu->vcpu, false);
	vic_gic_sync(cpu->gicr, &cpu->lrs);
}

void fake_gic_turn(struct fake_gic_cpu *cpu)
{
	fake_gic_leave(cpu);
	fake_gic_enter(cpu);
}

/* The group priority: what of it takes part in preemption. */
static uint8_t
group_priority(const struct fake_gic_cpu *cpu, uint8_t priority, bool group1)
{
	uint32_t vmcr = cpu->lrs.vmcr;
	uint32_t bpr0 = (vmcr >> VIC_VMCR_VBPR0_SHIFT) & 7;
	uint32_t bpr1 = (vmcr >> VIC_VMCR_VBPR1_SHIFT) & 7;

	if (group1 && (vmcr & VIC_VMCR_VCBPR) == 0)
		return (uint8_t)(priority & (0xffu << bpr1));
	return (uint8_t)(priority & (0xffu << (bpr0 + 1)));
}

uint8_t fake_gic_running(const struct fake_gic_cpu *cpu)
{
	uint32_t shift = 8 - cpu->lrs.prebits;
	uint32_t n, word;

	for (n = 0; n < 4; n++) {
		word = cpu->lrs.ap0r[n] | cpu->lrs.ap1r[n];
		if (word)
			return (uint8_t)((n * 32 +
					  (uint32_t)__builtin_ctz(word))
					 << shift);
	}
	return FAKE_IDLE;
}

/* Whether LR @a goes before @b; ties are IMPLEMENTATION DEFINED. */
static bool before(uint64_t a, uint64_t b)
{
	if (lr_priority(a) != lr_priority(b))
		return lr_priority(a) < lr_priority(b);
	return (a & VIC_LR_VINTID) < (b & VIC_LR_VINTID);
}

static int best_pending(const struct fake_gic_cpu *cpu)
{
	int best = -1, n;

	for (n = 0; n < VIC_GIC_MAX_LRS; n++) {
		uint64_t lr = cpu->lrs.lr[n];
		uint32_t enable =
			(lr & VIC_LR_GROUP) ? VIC_VMCR_VENG1 : VIC_VMCR_VENG0;

		if (((cpu->lrs.used >> n) & 1) == 0 || lr_state(lr) != 1 ||
		    (cpu->lrs.vmcr & enable) == 0)
			continue;
		if (best < 0 || before(lr, cpu->lrs.lr[best]))
			best = n;
	}
	return best;
}

uint32_t fake_gic_take(struct fake_gic_cpu *cpu)
{
	int n = best_pending(cpu);
	uint32_t bit;
	uint64_t *lr;
	uint8_t group;

	if (n < 0)
		return VIC_INTID_NONE;
	lr = &cpu->lrs.lr[n];
	group = group_priority(cpu, lr_priority(*lr),
			       (*lr & VIC_LR_GROUP) != 0);
	if (lr_priority(*lr) >= cpu->lrs.vmcr >> VIC_VMCR_VPMR_SHIFT ||
	    group >= fake_gic_running(cpu))
		return VIC_INTID_NONE;
	*lr = (*lr & ~VIC_LR_PENDING) | VIC_LR_ACTIVE;
	bit = (uint32_t)group >> (8 - cpu->lrs.prebits);
	if ((*lr & VIC_LR_GROUP) != 0)
		cpu->lrs.ap1r[bit / 32] |= 1u << bit % 32;
	else
		cpu->lrs.ap0r[bit / 32] |= 1u << bit % 32;
	return (uint32_t)(*lr & VIC_LR_VINTID);
}

/* The interrupt leaves the active state, or EOIcount counts it. */
static void deactivate(struct fake_gic_cpu *cpu, uint32_t intid)
{
	int n = fake_gic_lr(cpu, intid);

	if (n < 0 || (cpu->lrs.lr[n] & VIC_LR_ACTIVE) == 0) {
		cpu->lrs.hcr += 1u << VIC_HCR_EOICOUNT_SHIFT;
		return;
	}
	cpu->lrs.lr[n] &= ~VIC_LR_ACTIVE;
	if ((cpu->lrs.lr[n] & VIC_LR_HW) != 0) {
		cpu->hw_deactivations++;
		cpu->hw_deactivated = lr_pintid(cpu->lrs.lr[n]);
		cpu->hw_active[cpu->hw_deactivated] = false;
	}
}

void fake_gic_eoi(struct fake_gic_cpu *cpu, uint32_t intid)
{
	uint32_t n;

	for (n = 0; n < 4; n++) {
		uint32_t word = cpu->lrs.ap0r[n] | cpu->lrs.ap1r[n];

		if (word) {
			cpu->lrs.ap0r[n] &= ~(word & -word);
			cpu->lrs.ap1r[n] &= ~(word & -word);
			break;
		}
	}
	if ((cpu->lrs.vmcr & VIC_VMCR_VEOIM) == 0)
		deactivate(cpu, intid);
}

void fake_gic_dir(struct fake_gic_cpu *cpu, uint32_t intid)
{
	if ((cpu->lrs.hcr & VIC_HCR_TDIR) == 0) {
		deactivate(cpu, intid);
		return;
	}
	fake_gic_leave(cpu);
	assert_int_equal(
		vic_gic_sysreg_write(cpu->gicr, VIC_ICC_DIR_EL1, intid),
		VIC_ACCESS_DONE);
	fake_gic_enter(cpu);
}

/* VGrp0E to VGrp1D: their bits are those of the enables. */
static uint32_t group_misr(const struct fake_gic_cpu *cpu)
{
	uint32_t vmcr = cpu->lrs.vmcr;
	uint32_t misr = 0;

	misr |= vmcr & VIC_VMCR_VENG0 ? VIC_HCR_VGRP0EIE : VIC_HCR_VGRP0DIE;
	misr |= vmcr & VIC_VMCR_VENG1 ? VIC_HCR_VGRP1EIE : VIC_HCR_VGRP1DIE;
	return misr & cpu->lrs.hcr;
}

uint32_t fake_gic_misr(const struct fake_gic_cpu *cpu)
{
	uint32_t hcr = cpu->lrs.hcr;
	uint32_t misr = group_misr(cpu);
	bool pending = false;
	int n;

	for (n = 0; n < VIC_GIC_MAX_LRS; n++) {
		uint64_t lr = cpu->lrs.lr[n];

		if (((cpu->lrs.used >> n) & 1) == 0)
			continue;
		pending |= lr_state(lr) == 1;
		if (lr_state(lr) == 0 && (lr & VIC_LR_HW) == 0 &&
		    (lr & VIC_LR_EOI) != 0)
			misr |= VIC_MISR_EOI;
	}
	if ((hcr & VIC_HCR_LRENPIE) != 0 && hcr >> VIC_HCR_EOICOUNT_SHIFT)
		misr |= VIC_MISR_LRENP;
	if ((hcr & VIC_HCR_NPIE) != 0 && !pending)
		misr |= VIC_MISR_NP;
	return misr;
}

void fake_gic_acknowledge(struct fake_gic_cpu *cpu, uint32_t intid)
{
	fake_gic_enter(cpu);
	assert_int_equal(fake_gic_take(cpu), intid);
	fake_gic_leave(cpu);
}

void fake_gic_complete(struct fake_gic_cpu *cpu, uint32_t intid)
{
	fake_gic_enter(cpu);
	fake_gic_eoi(cpu, intid);
	fake_gic_leave(cpu);
}

uint32_t fake_gic_run(struct fake_gic_cpu *cpu, uint32_t *taken, uint32_t max)
{
	uint32_t count = 0;
	uint32_t idle = 0;

	fake_gic_enter(cpu);
	for (;;) {
		uint32_t intid = fake_gic_take(cpu);

		if (intid != VIC_INTID_NONE) {
			assert_true(count < max);
			taken[count++] = intid;
			fake_gic_eoi(cpu, intid);
			if ((cpu->lrs.vmcr & VIC_VMCR_VEOIM) != 0)
				fake_gic_dir(cpu, intid);
			idle = 0;
		}
		if (fake_gic_misr(cpu) != 0) {
			/* A maintenance interrupt that changes nothing. */
			assert_true(idle++ < 3);
			fake_gic_turn(cpu);
		} else if (intid == VIC_INTID_NONE) {
			break;
		}
	}
	fake_gic_leave(cpu);
	return count;
}

void fake_gic_runs(struct fake_gic_cpu *cpu, const uint32_t *intids,
		   uint32_t count)
{
	uint32_t taken[64];
	uint32_t n = fake_gic_run(cpu, taken, FAKE_COUNT(taken));
	uint32_t i;

	for (i = 0; i < n && i < count; i++)
		assert_int_equal(taken[i], intids[i]);
	assert_int_equal(n, count);
}

void fake_gic_runs_one(struct fake_gic_cpu *cpu, uint32_t intid)
{
	fake_gic_runs(cpu, &intid, 1);
}

void fake_gic_runs_none(struct fake_gic_cpu *cpu)
{
	fake_gic_runs(cpu, NULL, 0);
}
