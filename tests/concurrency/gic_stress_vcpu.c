/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The loop of <vic/gic_lr.h>, and a guest that takes what is in the image. */
#define _POSIX_C_SOURCE 200809L

#include "gic_stress.h"

#include <sched.h>

/* What the guest did that made it exit. */
enum action {
	NOTHING,
	SEND,
	/* Store to the device: lower the line. */
	LOWER,
	/* ICC_DIR_EL1, trapped. */
	DEACTIVATE,
	HALT,
};

static void reply(enum device_kind kind, struct mailbox *box)
{
	if (mailbox_read(box))
		latch_set(&devices[kind].reply);
}

static void handle(struct vcpu *v, uint32_t intid)
{
	uint32_t spi = intid - FIRST_SPI;

	if (intid < GUESTS)
		mailbox_read(&sgi_box[intid][v->index]);
	else if (intid == PPI)
		reply(PPIS, &ppi_box[v->index]);
	else if (spi < SPIS)
		reply(kind_of(spi), &spi_box[spi]);
	else
		die("an interrupt came that nobody sends");
}

/* IAR: the guest takes the best of its list registers. */
static enum action guest_take(struct vcpu *v)
{
	uint32_t intid = vcpuif_iar(&v->cpu, 1), spi = intid - FIRST_SPI;
	struct frame *frame = &v->frames[v->depth++];

	if (v->depth == DEPTH)
		die("interrupts nest deeper than there are priorities");
	*frame = (struct frame){.intid = intid};
	atomic_fetch_add(&v->irqs, 1);
	if (spi < SPIS) {
		if (atomic_load(&disabled[spi]))
			die("a disabled interrupt was taken");
		/* Not atomic: no other vCPU may handle it now. */
		handlers[spi]++;
		if (kind_of(spi) == LEVELS) {
			v->level_irqs++;
			return LOWER;
		}
	}
	handle(v, intid);
	return NOTHING;
}

/* EOIR, and with EOImode = 1 DIR: the end of the last that was taken. */
static enum action guest_end(struct vcpu *v)
{
	struct frame *frame = &v->frames[v->depth - 1];

	if (!frame->dropped) {
		if (frame->intid - FIRST_SPI < SPIS) {
			handlers[frame->intid - FIRST_SPI]++;
			if (kind_of(frame->intid - FIRST_SPI) == LEVELS)
				handle(v, frame->intid);
		}
		vcpuif_eoir(&v->cpu, 1, frame->intid);
		frame->dropped = true;
		if (v->eoimode && random_below(&v->random, 2))
			return NOTHING;
	}
	if (v->eoimode && !vcpuif_dir(&v->cpu, frame->intid))
		return DEACTIVATE;
	v->depth--;
	v->ended++;
	return NOTHING;
}

/* The guest runs on, spinning or in a wait: only a kick gets it out. */
static void guest_stay(struct vcpu *v, bool spin)
{
	if (!spin)
		latch_wait(&v->kick);
	while (spin && !latch_take(&v->kick))
		sched_yield();
}

static enum action guest_idle(struct vcpu *v, bool *kicked)
{
	uint32_t dice = random_below(&v->random, 16);

	if (v->burst) {
		v->burst--;
		return SEND;
	}
	if (dice < 6)
		return HALT;
	if (dice < 11) {
		guest_stay(v, dice == 6);
		*kicked = true;
		return NOTHING;
	}
	v->burst = random_below(&v->random, 16);
	return SEND;
}

static enum action guest_run(struct vcpu *v, bool immediate_exit, bool *kicked)
{
	enum action action = NOTHING;

	/* A kick that came before the entry. */
	*kicked = latch_take(&v->kick);
	if (*kicked || immediate_exit)
		return NOTHING;
	while (action == NOTHING) {
		bool take = vcpuif_signal(&v->cpu, 1);
		uint32_t dice = random_below(&v->random, 8);

		/* A maintenance interrupt, or another exit. */
		if (vcpuif_misr(&v->cpu) || dice == 0)
			return NOTHING;
		if (take && (!v->depth || dice < 6))
			action = guest_take(v);
		else if (v->depth)
			action = guest_end(v);
		else
			return guest_idle(v, kicked);
	}
	return action;
}

static void write_sysreg(struct vcpu *v, uint32_t sysreg, uint64_t value)
{
	if (vic_gic_sysreg_write(v->gicr, sysreg, value) != VIC_ACCESS_DONE)
		die("a system register refuses a legal value");
}

/* One SGI of the guest, with its own INTID: to all others, or to a list. */
static void send_sgi(struct vcpu *v)
{
	uint64_t value = (uint64_t)v->index << VIC_SGI1R_INTID_SHIFT;
	uint32_t dice = random_below(&v->random, 32);
	uint32_t list = 1u << random_below(&v->random, GUESTS), targets = 0;

	if (dice == 0) {
		/* The keeper is one of the others. */
		list = ((1u << VCPUS) - 1) & ~(1u << v->index);
		value |= UINT64_C(1) << VIC_SGI1R_IRM_SHIFT;
	} else {
		if (dice < 8)
			list |= 1u << random_below(&v->random, GUESTS);
		value |= list;
	}
	for (uint32_t t = 0; t < VCPUS; t++)
		targets += list >> t & 1;
	if (!spend(targets))
		return;
	for (uint32_t t = 0; t < GUESTS; t++)
		if (list >> t & 1)
			mailbox_write(&sgi_box[v->index][t], false);
	v->sent += targets;
	write_sysreg(v, VIC_ICC_SGI1R_EL1, value);
}

/* The device's store: the line falls, and may rise again at once. */
static void lower(struct vcpu *v)
{
	uint32_t intid = v->frames[v->depth - 1].intid;

	vic_gic_line_set(gic, NULL, &v->counters, intid, SOURCE, false);
}

static void emulate(struct vcpu *v, enum action action)
{
	if (action == SEND)
		send_sgi(v);
	if (action == LOWER)
		lower(v);
	if (action == DEACTIVATE) {
		v->depth--;
		v->ended++;
		write_sysreg(v, VIC_ICC_DIR_EL1, v->frames[v->depth].intid);
	}
	if (action == HALT)
		v->halted = true;
}

static void halt(struct vcpu *v)
{
	v->halted = false;
	if (!random_below(&v->random, 4)) {
		/* Off the physical CPU, and not always into a wait. */
		vic_gic_put(v->gicr);
		v->puts++;
		vic_gic_load(v->gicr);
		if (!random_below(&v->random, 4))
			return;
	}
	if (!vic_gic_block(v->gicr, &v->cpu.regs))
		return;
	latch_wait(&v->wake);
	vic_vcpu_unblock(v->vcpu);
}

/* Flush, and write the list registers: 0 to those not in use. */
static void flush(struct vcpu *v)
{
	struct vic_gic_lrs *lrs = &v->cpu.regs;

	vic_gic_flush(v->gicr, lrs);
	for (uint32_t n = 0; n < v->cpu.nr_lrs; n++)
		if (!(lrs->used >> n & 1))
			lrs->lr[n] = 0;
}

void *vcpu_thread(void *opaque)
{
	struct vcpu *v = opaque;
	enum action action;
	enum vic_enter enter;
	bool kicked;

	/* Nothing is left half done. */
	while (!atomic_load(&stop) || v->depth) {
		if (v->halted) {
			halt(v);
			continue;
		}
		flush(v);
		enter = vic_vcpu_enter(v->vcpu);
		if (enter == VIC_ENTER_AGAIN)
			continue;
		action = guest_run(v, enter == VIC_ENTER_EXIT, &kicked);
		vic_vcpu_exit(v->vcpu, kicked);
		vic_gic_sync(v->gicr, &v->cpu.regs);
		emulate(v, action);
	}
	return NULL;
}
