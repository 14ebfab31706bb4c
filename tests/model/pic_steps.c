/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "pic_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct lapic_steps *random_of(struct pic_steps *s)
{
	return &s->rest.lapic;
}

/* The command port of a chip; A0 = 1 is behind it. */
static uint32_t port_of(uint32_t chip)
{
	return chip ? VIC_PIC_SLAVE : VIC_PIC_MASTER;
}

static void step_line(struct pic_steps *s)
{
	struct lapic_steps *l = random_of(s);
	uint32_t irq = lapic_any(l, 16), source = lapic_any(l, s->sources);
	bool level;

	if (irq == VIC_PIC_CASCADE)
		irq = lapic_one_in(l, 2) ? 1 : 8;
	if (lapic_one_in(l, 40))
		source = lapic_any(l, PM_SOURCES);
	level = s->pic.pm.sources[irq][source];
	if (!lapic_one_in(l, 8))
		level = !level;
	pic_rig_line(&s->pic, irq, source, level);
	/* A pulse, or too short. */
	if (level && lapic_one_in(l, 6))
		pic_rig_line(&s->pic, irq, source, false);
}

/* As firmware and kernels do it; some give up, or go on too early. */
static void step_initialize(struct pic_steps *s, uint32_t chip)
{
	struct lapic_steps *l = random_of(s);
	uint32_t port = port_of(chip);
	uint32_t icw1 = VIC_PIC_ICW1 | VIC_PIC_ICW1_IC4, icw4 = 1;

	if (lapic_one_in(l, 4))
		icw1 ^= 1u << lapic_any(l, 4);
	if (lapic_one_in(l, 16))
		icw1 = VIC_PIC_ICW1 | lapic_any(l, 0x100);
	if (lapic_one_in(l, 4))
		icw4 |= VIC_PIC_ICW4_AEOI;
	if (lapic_one_in(l, 3))
		icw4 |= VIC_PIC_ICW4_SFNM;
	if (lapic_one_in(l, 8))
		icw4 = lapic_any(l, 0x100);
	pic_rig_out(&s->pic, port, (uint8_t)icw1);
	if (lapic_one_in(l, 12))
		return;
	pic_rig_out(&s->pic, port + 1, (uint8_t)lapic_any(l, 0x100));
	if (lapic_one_in(l, 12))
		step_line(s);
	if (!(icw1 & VIC_PIC_ICW1_SNGL) && !lapic_one_in(l, 24))
		pic_rig_out(&s->pic, port + 1, (uint8_t)lapic_any(l, 0x100));
	if ((icw1 & VIC_PIC_ICW1_IC4) && !lapic_one_in(l, 24))
		pic_rig_out(&s->pic, port + 1, (uint8_t)icw4);
}

static void step_ocw1(struct pic_steps *s, uint32_t chip)
{
	struct lapic_steps *l = random_of(s);
	struct pm_state state;
	uint32_t mask;

	pm_peek(&s->pic.pm, chip, &state);
	mask = state.imr ^ 1u << lapic_any(l, 8);
	if (lapic_one_in(l, 3))
		mask &= lapic_any(l, 0x100);
	if (lapic_one_in(l, 12))
		mask = lapic_any(l, 0x100);
	if (lapic_one_in(l, 8))
		mask = 0xff & ~(1u << lapic_any(l, 8));
	/* Most often the slave is heard. */
	if (chip == 0 && !lapic_one_in(l, 8))
		mask &= ~(1u << VIC_PIC_CASCADE);
	pic_rig_out(&s->pic, port_of(chip) + 1, (uint8_t)mask);
}

static void step_ocw2(struct pic_steps *s, uint32_t chip)
{
	struct lapic_steps *l = random_of(s);
	uint32_t value = VIC_PIC_OCW2_EOI;

	switch (lapic_any(l, 4)) {
	case 0:
		value = lapic_any(l, 0x100) & ~0x18u;
		break;
	case 1:
		value |= VIC_PIC_OCW2_SL | lapic_any(l, 8);
		break;
	default:
		break;
	}
	pic_rig_out(&s->pic, port_of(chip), (uint8_t)value);
}

/* A handler lets all others interrupt it, and gives that up later. */
static void step_special(struct pic_steps *s, uint32_t chip)
{
	struct lapic_steps *l = random_of(s);
	struct pm_state state;

	pm_peek(&s->pic.pm, chip, &state);
	if (s->pic.pm.chip[chip].special && !lapic_one_in(l, 3)) {
		step_ocw2(s, chip);
		return;
	}
	pic_rig_out(&s->pic, port_of(chip) + 1, state.imr | state.isr);
	pic_rig_out(&s->pic, port_of(chip),
		    VIC_PIC_OCW3 | VIC_PIC_OCW3_ESMM | VIC_PIC_OCW3_SMM);
	if (lapic_one_in(l, 3))
		pic_rig_out(&s->pic, port_of(chip), VIC_PIC_OCW2_EOI);
}

static void step_ocw3(struct pic_steps *s, uint32_t chip)
{
	struct lapic_steps *l = random_of(s);
	uint32_t value = VIC_PIC_OCW3 | (lapic_any(l, 0x100) & 0xe7);

	if (lapic_one_in(l, 4)) {
		step_special(s, chip);
		return;
	}
	if (lapic_one_in(l, 2))
		value = VIC_PIC_OCW3 | VIC_PIC_OCW3_P;
	/* Special mask mode does not last for ever. */
	else if ((value & VIC_PIC_OCW3_ESMM) && lapic_one_in(l, 2))
		value &= ~VIC_PIC_OCW3_SMM;
	pic_rig_out(&s->pic, port_of(chip), (uint8_t)value);
	if (!lapic_one_in(l, 4))
		pic_rig_in(&s->pic, port_of(chip) + lapic_any(l, 2));
}

/* A handler, from its INTA to its EOIs. */
static void step_serve(struct pic_steps *s)
{
	struct lapic_steps *l = random_of(s);
	uint8_t vector = pic_rig_ack(&s->pic);
	uint32_t irq = vector & 7;

	if (lapic_one_in(l, 3))
		step_line(s);
	if (lapic_one_in(l, 4))
		return;
	if ((vector & VIC_PIC_ICW2_BASE) == s->pic.pm.chip[1].base) {
		pic_rig_out(&s->pic, VIC_PIC_SLAVE,
			    (uint8_t)(lapic_one_in(l, 2) ? 0x20 : 0x60 | irq));
		irq = VIC_PIC_CASCADE;
	}
	pic_rig_out(&s->pic, VIC_PIC_MASTER,
		    (uint8_t)(lapic_one_in(l, 2) ? 0x20 : 0x60 | irq));
}

static void step_elcr(struct pic_steps *s, uint32_t chip)
{
	struct lapic_steps *l = random_of(s);
	struct pm_state state;
	uint32_t value;

	pm_peek(&s->pic.pm, chip, &state);
	value = state.elcr ^ 1u << lapic_any(l, 8);
	if (lapic_one_in(l, 8))
		value = lapic_any(l, 0x100);
	pic_rig_out(&s->pic, VIC_PIC_ELCR_MASTER + chip, (uint8_t)value);
}

static void step_read(struct pic_steps *s)
{
	static const uint32_t ports[] = {
		VIC_PIC_MASTER,      VIC_PIC_MASTER_A0,  VIC_PIC_SLAVE,
		VIC_PIC_SLAVE_A0,    VIC_PIC_ELCR_SLAVE, VIC_PIC_MASTER,
		VIC_PIC_ELCR_MASTER, VIC_PIC_SLAVE,
	};
	struct lapic_steps *l = random_of(s);
	uint32_t port = LAPIC_PICK(l, ports);

	if (lapic_one_in(l, 16))
		port ^= 1u << lapic_any(l, 32);
	pic_rig_in(&s->pic, port);
	if (lapic_one_in(l, 16))
		pic_rig_out(&s->pic, 0x22 + lapic_any(l, 0x7e), 0xff);
}

/* All of the PC's chips, in the order that they have in an image. */
static void describe(struct pic_steps *s, struct vic_pc *pc,
		     struct vic_lapic **lapics, struct vic_ioapic **ioapics)
{
	struct lapic_rig *l = &s->rest.lapic.rig;

	*pc = (struct vic_pc){
		.size = sizeof(*pc),
		.nr_lapics = l->lm.config.vcpus,
		.nr_ioapics = s->rest.nr_rigs,
		.lapics = lapics,
		.ioapics = ioapics,
		.pic = s->pic.pic,
		.counters = &l->counters,
	};
	for (uint32_t i = 0; i < pc->nr_lapics; i++)
		lapics[i] = l->cpu[i].lapic;
	for (uint32_t i = 0; i < pc->nr_ioapics; i++)
		ioapics[i] = s->rest.rig[i]->ioapic;
}

static void keep(struct pic_steps *s)
{
	struct lapic_rig *l = &s->rest.lapic.rig;
	struct vic_ioapic *ioapics[IOAPIC_STEPS_RIGS];
	struct vic_lapic *lapics[LAPIC_RIG_VCPUS];
	struct vic_pc pc;

	for (uint32_t i = 0; i < l->lm.config.vcpus; i++)
		lapic_rig_leave(l, i);
	lapic_step_look(&s->rest.lapic);
	describe(s, &pc, lapics, ioapics);
	lapic_rig_note(l, "pc: save");
	if (!s->kept)
		s->kept = malloc(vic_pc_image_size(&pc));
	if (!s->kept || vic_pc_save(&pc, s->kept, vic_pc_image_size(&pc)))
		lapic_rig_fail(l, "pc: save");
	for (uint32_t i = 0; i < l->lm.config.vcpus; i++)
		l->cpu[i].resync = true;
	s->kept_lm = l->lm;
	for (uint32_t i = 0; i < s->rest.nr_rigs; i++)
		s->kept_im[i] = s->rest.rig[i]->im;
	s->kept_pm = s->pic.pm;
	s->has_kept = true;
}

static void go_back(struct pic_steps *s)
{
	struct lapic_rig *l = &s->rest.lapic.rig;
	struct vic_ioapic *ioapics[IOAPIC_STEPS_RIGS];
	struct vic_lapic *lapics[LAPIC_RIG_VCPUS];
	const char *what = "";
	struct vic_pc pc;
	int err;

	if (!s->has_kept)
		return;
	for (uint32_t i = 0; i < l->lm.config.vcpus; i++)
		lapic_rig_leave(l, i);
	describe(s, &pc, lapics, ioapics);
	err = vic_pc_restore(&pc, s->kept, vic_pc_image_size(&pc), &what, NULL);
	lapic_rig_note(l, "pc: restore -> %d %s", err, what ? what : "");
	if (err != VIC_OK || what)
		lapic_rig_fail(l, "pc: restore: %d %s", err, what ? what : "");
	s->restored++;
	for (uint32_t i = 0; i < s->rest.nr_rigs; i++)
		s->rest.rig[i]->im = s->kept_im[i];
	s->pic.pm = s->kept_pm;
	for (uint32_t i = 0; i < l->lm.config.vcpus; i++) {
		lapic_rig_put_back(l, i, &s->kept_lm.vcpu[i]);
		lapic_rig_restored(l, i);
	}
	lapic_rig_pass(l, VIC_CLOCK_TSC, 0);
	lapic_rig_ring(l);
}

static void reset(struct pic_steps *s, enum vic_pc_reset kind)
{
	struct lapic_rig *l = &s->rest.lapic.rig;
	struct vic_ioapic *ioapics[IOAPIC_STEPS_RIGS];
	struct vic_lapic *lapics[LAPIC_RIG_VCPUS];
	struct vic_pc pc;

	for (uint32_t i = 0; i < l->lm.config.vcpus; i++)
		lapic_rig_leave(l, i);
	describe(s, &pc, lapics, ioapics);
	lapic_rig_note(l, "pc: reset %d", kind);
	if (vic_pc_reset(&pc, kind))
		lapic_rig_fail(l, "pc: reset");
	/* The wires between them see it in this order. */
	for (uint32_t i = 0; i < s->rest.nr_rigs; i++)
		if (kind == VIC_PC_POWER_UP)
			im_reset(&s->rest.rig[i]->im);
	if (kind == VIC_PC_POWER_UP)
		pm_reset(&s->pic.pm);
	for (uint32_t i = 0; i < l->lm.config.vcpus; i++) {
		if (kind == VIC_PC_POWER_UP)
			lm_reset(&l->lm, i);
		else
			lm_accept_init(&l->lm.vcpu[i]);
	}
}

static void step_seldom(struct pic_steps *s)
{
	struct lapic_steps *l = random_of(s);
	uint32_t bits = 8 * VIC_PIC_IMAGE_SIZE;

	switch (lapic_any(l, 10)) {
	case 0:
		if (lapic_one_in(l, 4))
			pic_rig_reset(&s->pic);
		break;
	case 1:
		pic_rig_image(&s->pic, bits);
		break;
	case 2:
		if (!s->alone && lapic_one_in(l, 4))
			reset(s, lapic_one_in(l, 2) ? VIC_PC_POWER_UP
						    : VIC_PC_INIT);
		break;
	case 3:
	case 6:
		if (s->alone)
			pic_rig_keep(&s->pic);
		else
			keep(s);
		break;
	case 4:
	case 5:
		if (s->alone)
			pic_rig_go_back(&s->pic);
		else
			go_back(s);
		break;
	default:
		pic_rig_image(&s->pic, lapic_any(l, bits));
	}
}

/* A chip that is not to be used for long would hide the rest. */
static void step_revive(struct pic_steps *s)
{
	for (uint32_t chip = 0; chip < 2; chip++)
		if (!s->pic.pm.chip[chip].ready)
			step_initialize(s, chip);
}

static void step_pic(struct pic_steps *s)
{
	struct lapic_steps *l = random_of(s);
	uint32_t chip = lapic_any(l, 2);

	switch (lapic_any(l, 40)) {
	case 0:
		step_initialize(s, chip);
		break;
	case 1:
		step_seldom(s);
		break;
	case 2:
		step_elcr(s, chip);
		break;
	case 3:
	case 4:
		step_ocw3(s, chip);
		break;
	case 5:
	case 6:
	case 7:
		step_ocw1(s, chip);
		break;
	case 8:
	case 9:
	case 10:
		step_read(s);
		break;
	case 11:
	case 12:
	case 13:
	case 14:
	case 15:
	case 16:
		step_ocw2(s, chip);
		break;
	case 17:
	case 18:
		pic_rig_ack(&s->pic);
		break;
	case 19:
	case 20:
		if (lapic_one_in(l, 4))
			step_revive(s);
		break;
	case 21:
	case 22:
	case 23:
	case 24:
	case 25:
		if (pm_output(&s->pic.pm))
			step_serve(s);
		break;
	default:
		step_line(s);
	}
}

void pic_step(struct pic_steps *s)
{
	struct lapic_steps *l = random_of(s);

	if (s->alone) {
		step_pic(s);
	} else if (lapic_one_in(l, 2)) {
		ioapic_step(&s->rest);
	} else {
		step_pic(s);
		lapic_step_look(l);
		ioapic_steps_check(&s->rest);
	}
	pic_check(&s->pic);
}

void pic_steps_end(struct pic_steps *s)
{
	if (!s->alone)
		ioapic_steps_end(&s->rest);
	pic_check(&s->pic);
}

static uint8_t inta(void *opaque)
{
	struct pic_steps *s = opaque;

	return pic_rig_inta(&s->pic);
}

static uint8_t model_inta(void *opaque)
{
	struct pic_steps *s = opaque;

	return pic_rig_model_inta(&s->pic);
}

static void
accessed(void *opaque, uint32_t vcpu, const struct lm_eoi *eoi, bool moved)
{
	struct pic_steps *s = opaque;

	ioapic_steps_accessed(&s->rest, vcpu, eoi, moved);
}

void pic_steps_init(struct pic_steps *s, uint64_t seed, bool alone)
{
	struct lapic_steps *l = random_of(s);
	struct lapic_rig *rig = &l->rig;
	struct pic_rig_spec spec = {0};

	memset(s, 0, sizeof(*s));
	s->alone = alone;
	ioapic_steps_init(&s->rest, seed, alone);
	s->sources = 1 + lapic_any(l, 3);
	spec.keep_edges = lapic_one_in(l, 3);
	spec.locks = lapic_one_in(l, 4);
	spec.random = lapic_any64(l);
	if (!alone && rig->spec.model.extint)
		spec.wired = lapic_any(l, 1u << rig->lm.config.vcpus);
	if (!alone && !lapic_one_in(l, 4)) {
		spec.ioapic = s->rest.rig[0];
		spec.ioapic_pin = s->rest.hot[0][0];
		s->rest.has_pic = true;
	}
	pic_rig_init(&s->pic, rig, &spec);
	if (alone)
		return;
	rig->chips = (struct lapic_rig_chips){
		.accessed = accessed,
		.inta = inta,
		.model_inta = model_inta,
		.opaque = s,
		.wired = spec.wired,
	};
}

void pic_steps_free(struct pic_steps *s)
{
	pic_rig_free(&s->pic);
	ioapic_steps_free(&s->rest);
	free(s->kept);
}

void pic_steps_show(const struct pic_steps *s)
{
	ioapic_steps_show(&s->rest);
	pic_check_show(&s->pic);
}
