/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What must hold between two operations: every interrupt is where its state
 * says, once; what the registers show is what the states say, or the vCPU
 * was told; and nobody sleeps on an interrupt.
 */
#include "gic_world.h"

#include <string.h>

/* Of all interrupts that a vCPU may have: its own and all shared. */
static uint32_t numbers(const struct gic_world *w)
{
	return VIC_INTID_SPI + w->gic->spis + w->gic->eppis + w->gic->espis;
}

static const struct gic_irq *
at(const struct gic_world *w, const struct vic_gicr *r, uint32_t number)
{
	return irq_at(w->gic, r, number);
}

static bool
at_home(const struct gic_world *w, const struct vic_gicr *r, uint32_t number)
{
	return irq_private(w->gic, number) ||
	       at(w, r, number)->home == r->index;
}

static bool forwarded(const struct vic_gicr *r, uint32_t s)
{
	return !r->asleep && (r->gic->forward >> (s & IRQ_ROW) & 1);
}

/* It could be signalled to the PE, as far as the Distributor goes. */
static bool waits(const struct vic_gicr *r, uint32_t s)
{
	return (s & IRQ_ENABLED) && irq_pending(s) && !(s & IRQ_ACTIVE) &&
	       forwarded(r, s);
}

static void check_irq(const struct gic_world *w, const struct vic_gicr *r,
		      uint32_t number, const struct gic_irq *irq)
{
	uint32_t s = irq->state;
	bool shared = !irq_private(w->gic, number);

	REQUIRE(!(s >> 21));
	REQUIRE((s & IRQ_ACTIVE) || !(s & IRQ_ACKED));
	REQUIRE(!(s & IRQ_LINE) == !irq->lines);
	REQUIRE(irq->route <= w->gic->max && w->gic->gicrs[irq->route]);
	if (!shared)
		REQUIRE(irq->home == r->index && irq->route == r->index);
	if (!shared && number < VIC_INTID_PPI)
		REQUIRE((s & IRQ_EDGE) && !irq->lines);
	/* It goes where it is routed, unless that must wait. */
	if (irq->home != irq->route)
		REQUIRE(s & (IRQ_RESIDENT | IRQ_ACTIVE));
	if (shared && !(s & IRQ_1_OF_N)) {
		const struct vic_vcpu *vcpu =
			id_table_find(&w->gic->ids, irq->affinity);

		REQUIRE(irq->route == (vcpu ? vcpu->index : w->gic->max));
	}
	if (!(w->config.flags & VIC_GIC_1_OF_N))
		REQUIRE(!(s & IRQ_1_OF_N));
	REQUIRE(!(s & IRQ_QUEUED) == (queue_row(s) == ROW_NONE));
	if (!(s & IRQ_RESIDENT))
		REQUIRE(!(s & IRQ_LR_LATCH));
	if (!(s & IRQ_RESIDENT) || !r->loaded)
		REQUIRE(!(s & (IRQ_DEFERRED | IRQ_AGAIN)));
	if (s & IRQ_LINKED)
		REQUIRE(irq->pintid >= VIC_INTID_PPI &&
			irq->pintid < VIC_INTID_SPECIAL);
}

/* The bitmaps hold these interrupts, each in its row, and nothing else. */
static void check_queue(const struct gic_world *w, const struct vic_gicr *r)
{
	uint32_t queued = 0, resident = 0, found = 0, used = r->used;

	for (uint32_t n = 0; n < numbers(w); n++) {
		const struct gic_irq *irq = at(w, r, n);
		uint32_t row = queue_row(irq->state);

		if (!at_home(w, r, n))
			continue;
		check_irq(w, r, n, irq);
		resident += (irq->state & IRQ_RESIDENT) != 0;
		if (row == ROW_NONE)
			continue;
		queued++;
		REQUIRE(r->bits[row * r->words + n / 64] >> n % 64 & 1);
	}
	for (uint32_t row = 0; row <= ROWS; row++) {
		uint64_t summary = 0;

		for (uint32_t i = 0; i < r->words; i++) {
			uint64_t word = r->bits[row * r->words + i];

			summary |= (uint64_t)(word != 0) << i;
			found += (uint32_t)__builtin_popcountll(word);
		}
		REQUIRE(summary == r->summary[row]);
		if (row < ROWS)
			REQUIRE((r->levels >> row & 1) == (summary != 0));
	}
	REQUIRE(found == queued);
	REQUIRE(!(used >> r->nr_lrs));
	REQUIRE(resident == (uint32_t)__builtin_popcount(used));
	for (; used; used &= used - 1) {
		uint32_t number = r->lr_irq[low_bit32(used)];

		REQUIRE(number < numbers(w));
		REQUIRE(at_home(w, r, number));
		REQUIRE(at(w, r, number)->state & IRQ_RESIDENT);
		for (uint32_t rest = used & (used - 1); rest; rest &= rest - 1)
			REQUIRE(r->lr_irq[low_bit32(rest)] != number);
	}
}

/* The source that a physical interrupt is. */
#define LINKED (UINT64_C(1) << LINE_LINKED)

/*
 * Whether the interrupt in @lr would be pending after the guest deactivated
 * it, with nothing in the register to say so.
 */
static bool
is_left(const struct vic_gicr *r, const struct gic_irq *irq, uint64_t lr)
{
	uint32_t s = irq->state;
	/* A physical interrupt ends with the virtual one. */
	uint64_t lines = lr & VIC_LR_HW ? irq->lines & ~LINKED : irq->lines;

	if (!(s & IRQ_ENABLED) || !forwarded(r, s))
		return false;
	return (!(s & IRQ_EDGE) && lines) || (s & IRQ_LATCH) ||
	       ((s & IRQ_LR_LATCH) && !(lr & VIC_LR_PENDING));
}

/* The register of an interrupt: IHI 0069, ICH_LR<n>_EL2. */
static void check_register(const struct gic_cpu *cpu, uint32_t n)
{
	const struct gic_world *w = cpu->world;
	const struct vic_gicr *r = cpu->gicr;
	const struct gic_irq *irq = at(w, r, r->lr_irq[n]);
	uint64_t lr = cpu->image.lr[n], state = lr & VIC_LR_STATE;
	uint32_t s = irq->state, intid = (uint32_t)(lr & VIC_LR_VINTID);
	uint64_t known = VIC_LR_VINTID | VIC_LR_PRIORITY | VIC_LR_GROUP |
			 VIC_LR_HW | VIC_LR_STATE;

	REQUIRE(intid == irq_intid(w->gic, r->lr_irq[n]));
	REQUIRE(irq_number(w->gic, intid) == r->lr_irq[n]);
	REQUIRE(intid < VIC_INTID_SPECIAL || intid >= VIC_INTID_EPPI);
	REQUIRE((lr & VIC_LR_PRIORITY) >> VIC_LR_PRIORITY_SHIFT ==
		(s & IRQ_LEVEL) << 3);
	REQUIRE(!(lr & VIC_LR_GROUP) == !(s & IRQ_GROUP1));
	REQUIRE(!(lr & VIC_LR_ACTIVE) == !(s & IRQ_ACTIVE));
	REQUIRE(state);
	if (!(s & IRQ_ACTIVE))
		REQUIRE(waits(r, s) && !(s & IRQ_LATCH));
	/* A guest that is hostile may have added the pending state. */
	else if ((lr & VIC_LR_PENDING) && !w->hostile)
		REQUIRE((s & IRQ_LR_LATCH) && (s & IRQ_ENABLED) &&
			forwarded(r, s));
	if (lr & VIC_LR_HW) {
		known |= VIC_LR_PINTID;
		REQUIRE((s & IRQ_LINKED) && (irq->lines & LINKED));
		REQUIRE(state != VIC_LR_STATE);
		REQUIRE((lr & VIC_LR_PINTID) >> VIC_LR_PINTID_SHIFT ==
			irq->pintid);
	} else {
		known |= VIC_LR_EOI;
	}
	/* Then the deactivation must bring the vCPU back. */
	if (is_left(r, irq, lr))
		REQUIRE(!(lr & VIC_LR_HW) && (lr & VIC_LR_EOI));
	REQUIRE(!(lr & ~known));
}

/* Whether the guest has enabled the group of an interrupt in state @s. */
static bool is_open(const struct gic_cpu *cpu, uint32_t s)
{
	return cpu->image.vmcr &
	       (s & IRQ_GROUP1 ? VIC_VMCR_VENG1 : VIC_VMCR_VENG0);
}

/* It takes open groups first, then the urgent, then the low. */
static uint32_t rank(const struct gic_cpu *cpu, uint32_t number)
{
	uint32_t s = at(cpu->world, cpu->gicr, number)->state;

	return (is_open(cpu, s) ? 0u : 1u << 24) | (s & IRQ_LEVEL) << 16 |
	       number;
}

/* What brings the vCPU back for one that is left out. */
static uint32_t control(const struct gic_cpu *cpu, uint32_t s)
{
	if (is_open(cpu, s))
		return VIC_HCR_NPIE;
	return s & IRQ_GROUP1 ? VIC_HCR_VGRP1EIE : VIC_HCR_VGRP0EIE;
}

#define CONTROLS                                                          \
	(VIC_HCR_EN | VIC_HCR_LRENPIE | VIC_HCR_NPIE | VIC_HCR_VGRP0EIE | \
	 VIC_HCR_VGRP0DIE | VIC_HCR_VGRP1EIE | VIC_HCR_VGRP1DIE |         \
	 VIC_HCR_TDIR)

/* The image is what the states say: nothing is lost behind it. */
static void check_image(const struct gic_cpu *cpu)
{
	const struct gic_world *w = cpu->world;
	const struct vic_gicr *r = cpu->gicr;
	const struct vic_gic_lrs *image = &cpu->image;
	uint32_t best = UINT32_MAX, worst = 0, spilled = 0;
	uint32_t hcr = VIC_HCR_EN;
	bool open = false;

	REQUIRE(image->used == r->used);
	for (uint32_t n = 0; n < numbers(w); n++) {
		uint32_t s = at(w, r, n)->state;

		if (!at_home(w, r, n) || (s & IRQ_RESIDENT))
			continue;
		/* One that ISACTIVER made active is due no EOI. */
		spilled += (s & IRQ_ACTIVE) && (s & IRQ_ACKED);
		if (!waits(r, s))
			continue;
		hcr |= control(cpu, s);
		if (rank(cpu, n) < best)
			best = rank(cpu, n);
	}
	for (uint32_t bits = r->used; bits; bits &= bits - 1) {
		uint32_t n = low_bit32(bits);

		check_register(cpu, n);
		if (image->lr[n] & VIC_LR_ACTIVE)
			continue;
		open |= is_open(cpu, at(w, r, r->lr_irq[n])->state);
		if (rank(cpu, r->lr_irq[n]) > worst)
			worst = rank(cpu, r->lr_irq[n]);
	}
	/* Without one that waits, nothing would bring the vCPU back. */
	if (best != UINT32_MAX)
		REQUIRE(worst < best && (open || !(hcr & VIC_HCR_NPIE)));
	/* An SPI may end at another vCPU, by ICC_DIR_EL1. */
	if (image->vmcr & VIC_VMCR_VEOIM)
		hcr |= VIC_HCR_TDIR;
	else if (spilled)
		hcr |= VIC_HCR_LRENPIE;
	if ((spilled && !r->asleep) || best != UINT32_MAX)
		REQUIRE(r->used == (1u << r->nr_lrs) - 1);
	/* The rest costs an exit at most. */
	REQUIRE((image->hcr & hcr) == hcr && !(image->hcr & ~CONTROLS));
	/* What it was there for may be gone, which tells nobody. */
	if (best == UINT32_MAX && !r->changed && !r->stale)
		REQUIRE(!(image->hcr & VIC_HCR_NPIE));
}

static bool would_take(const struct gic_cpu *cpu, uint32_t number)
{
	uint32_t s = at(cpu->world, cpu->gicr, number)->state;
	struct vcpuif hw = cpu->hw;

	if (!waits(cpu->gicr, s))
		return false;
	memset(hw.regs.lr, 0, sizeof(hw.regs.lr));
	hw.regs.hcr = VIC_HCR_EN;
	hw.regs.lr[0] = VIC_LR_PENDING | number |
			(uint64_t)(s & IRQ_LEVEL) << VIC_LR_PRIORITY_SHIFT << 3;
	if (s & IRQ_GROUP1)
		hw.regs.lr[0] |= VIC_LR_GROUP;
	return vcpuif_signal(&hw, (s & IRQ_GROUP1) != 0);
}

bool world_would_take(const struct gic_cpu *cpu)
{
	const struct gic_world *w = cpu->world;

	for (uint32_t n = 0; n < numbers(w); n++)
		if (at_home(w, cpu->gicr, n) && would_take(cpu, n))
			return true;
	return false;
}

static void check_cpu(struct gic_cpu *cpu)
{
	const struct vic_gicr *r = cpu->gicr;
	bool news = cpu->vcpu->request & REQUEST_NEW;

	REQUIRE(gicr_at(cpu->world->gic, r->index) == r);
	/* It only grows. */
	REQUIRE(r->generation - cpu->generation < 1u << 16);
	cpu->generation = r->generation;
	REQUIRE(!r->rwp || r->loaded);
	switch (cpu->place) {
	case AT_HOST:
		break;
	case AT_FLUSHED:
		if (!news && !cpu->garbled)
			check_image(cpu);
		break;
	case AT_GUEST:
		REQUIRE(cpu->vcpu->state == VIC_GUEST);
		REQUIRE(!news || cpu->signals || cpu->armed);
		if (!news && !cpu->garbled)
			check_image(cpu);
		break;
	case AT_BLOCKED:
		REQUIRE(cpu->vcpu->state == VIC_BLOCKED);
		REQUIRE(!r->loaded);
		REQUIRE(!news == !cpu->signals);
		if (!cpu->world->hostile && !news)
			REQUIRE(!world_would_take(cpu));
		break;
	}
}

/* Physical interrupts are active as long as libvic has them, no longer. */
static void check_physical(const struct gic_world *w)
{
	for (uint32_t n = VIC_INTID_SPI; n < VIC_INTID_SPI + w->gic->spis;
	     n++) {
		const struct gic_irq *irq = at(w, NULL, n);

		/* The guest's deactivation is seen at the sync. */
		if ((irq->state & IRQ_LINKED) && !(irq->state & IRQ_RESIDENT))
			REQUIRE(w->active[irq->pintid] == (irq->lines & 1));
	}
	for (uint32_t i = 0; i < w->config.max_vcpus; i++) {
		const struct gic_cpu *cpu = &w->cpu[i];

		if (!cpu->vcpu || !cpu->on_cpu)
			continue;
		for (uint32_t n = VIC_INTID_PPI; n < VIC_INTID_SPI; n++) {
			const struct gic_irq *irq = at(w, cpu->gicr, n);

			if ((irq->state & IRQ_LINKED) &&
			    !(irq->state & IRQ_RESIDENT))
				REQUIRE(cpu->active[irq->pintid] ==
					(irq->lines & 1));
		}
	}
}

void world_check(struct gic_world *w)
{
	const struct vic_gic *gic = w->gic;
	uint32_t rwp = 0;

	REQUIRE(w->depth == 0);
	for (uint32_t n = 0; n < numbers(w); n++)
		if (!irq_private(gic, n)) {
			uint32_t home = at(w, NULL, n)->home;

			REQUIRE(home <= gic->max && gic->gicrs[home]);
		}
	for (uint32_t i = 0; i <= gic->max; i++) {
		if (!gic->gicrs[i])
			continue;
		check_queue(w, gic->gicrs[i]);
		rwp += (gic->gicrs[i]->rwp & RWP_GICD) != 0;
	}
	REQUIRE(gic->rwp == rwp);
	for (uint32_t i = 0; i < w->config.max_vcpus; i++)
		if (w->cpu[i].vcpu)
			check_cpu(&w->cpu[i]);
	if (!w->hostile)
		check_physical(w);
}

static uint64_t mix(uint64_t digest, uint64_t value)
{
	return (digest ^ value) * UINT64_C(0x100000001b3) + (digest >> 41);
}

uint64_t world_digest(const struct gic_world *w)
{
	uint64_t digest = mix(w->gic->ctlr, w->gic->forward);

	for (uint32_t i = 0; i < w->config.max_vcpus; i++) {
		const struct vic_gicr *r = w->gic->gicrs[i];

		if (!r)
			continue;
		digest = mix(digest, r->asleep | r->dpg);
		for (uint32_t n = 0; n < numbers(w); n++)
			if (irq_private(w->gic, n))
				digest = mix(digest, at(w, r, n)->state);
	}
	for (uint32_t n = 0; n < w->gic->spis + w->gic->espis; n++) {
		const struct gic_irq *irq = &w->gic->shared[n];

		digest = mix(digest, irq->state);
		digest = mix(digest, irq->lines);
		digest =
			mix(digest, (uint64_t)irq->route << 32 | irq->affinity);
	}
	return digest;
}
