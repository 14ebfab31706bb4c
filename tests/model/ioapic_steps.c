/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "ioapic_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Which of several vCPUs takes a message of lowest priority is seen
 * afterwards, so no two that a step may send have the same vector: these are
 * for one pin each.
 */
#define OWN_VECTORS 0xb0u

static bool is_alone(const struct ioapic_steps *s)
{
	return s->rig[0]->spec.alone;
}

static uint32_t any_hot(struct ioapic_steps *s)
{
	return lapic_any(&s->lapic, IOAPIC_STEPS_HOT);
}

static uint32_t any_pin(struct ioapic_steps *s, uint32_t n)
{
	if (lapic_one_in(&s->lapic, 40))
		return lapic_any(&s->lapic, s->rig[n]->im.config.pins);
	return s->hot[n][any_hot(s)];
}

static uint32_t
own_vector(const struct ioapic_steps *s, uint32_t n, uint32_t pin)
{
	for (uint32_t i = 0; i < IOAPIC_STEPS_HOT; i++)
		if (s->hot[n][i] == pin)
			return OWN_VECTORS + n * 8 + i;
	return 0;
}

/* Of low halves, one that leaves no doubt who takes it. */
static uint32_t
decided(const struct ioapic_steps *s, uint32_t n, uint32_t pin, uint32_t low)
{
	uint32_t vector = low & VIC_RTE_VECTOR;
	uint32_t mode = (low & VIC_RTE_MODE) >> VIC_RTE_MODE_SHIFT;

	if (is_alone(s) || (s->lapic.rig.spec.model.policy & LM_ARBITRATE))
		return low;
	if (mode == VIC_MODE_LOWEST && own_vector(s, n, pin))
		return (low & ~VIC_RTE_VECTOR) | own_vector(s, n, pin);
	if (mode == VIC_MODE_LOWEST)
		low &= ~VIC_RTE_MODE;
	if ((vector & 0xf0) == OWN_VECTORS)
		low ^= 0x80;
	return low;
}

static uint32_t any_low(struct ioapic_steps *s, uint32_t n, uint32_t pin)
{
	static const uint32_t modes[] = {
		VIC_MODE_FIXED,  VIC_MODE_FIXED,    VIC_MODE_FIXED,
		VIC_MODE_FIXED,  VIC_MODE_FIXED,    VIC_MODE_FIXED,
		VIC_MODE_LOWEST, VIC_MODE_LOWEST,   VIC_MODE_LOWEST,
		VIC_MODE_SMI,    VIC_MODE_NMI,      VIC_MODE_EXTINT,
		VIC_MODE_SIPI,   VIC_MODE_RESERVED,
	};
	struct lapic_steps *l = &s->lapic;
	uint32_t low = lapic_any_vector(l);

	low |= LAPIC_PICK(l, modes) << VIC_RTE_MODE_SHIFT;
	if (lapic_one_in(l, 80))
		low |= VIC_MODE_INIT << VIC_RTE_MODE_SHIFT;
	if (lapic_one_in(l, 2))
		low |= VIC_RTE_LOGICAL;
	if (!lapic_one_in(l, 3))
		low |= VIC_RTE_LEVEL;
	if (lapic_one_in(l, 4))
		low |= VIC_RTE_LOW;
	if (lapic_one_in(l, 4))
		low |= VIC_RTE_MASKED;
	if (lapic_one_in(l, 8))
		low |= VIC_RTE_BUSY | VIC_RTE_REMOTE_IRR;
	if (lapic_one_in(l, 16))
		low ^= 1u << lapic_any(l, 32);
	return decided(s, n, pin, low);
}

static uint32_t any_high(struct ioapic_steps *s)
{
	struct lapic_steps *l = &s->lapic;
	uint32_t dest = lapic_any(l, 0x8000);

	if (!is_alone(s) && !lapic_one_in(l, 8)) {
		const struct lm_vcpu *v = &l->rig.lm.vcpu[lapic_any_cpu(l)];
		const uint32_t some[] = {
			v->id,
			v->xapic_id,
			v->ldr >> 24,
			v->ldr >> 24 | lapic_any(l, 0x100),
			1u << (v->id & 0xf),
			0xff,
			0xff,
		};

		dest = LAPIC_PICK(l, some);
	}
	return (dest & 0xff) << 24 | (dest >> 8 & 0x7f) << 17 |
	       (lapic_one_in(l, 8) ? lapic_any(l, 1u << 17) : 0);
}

static void
put(struct ioapic_steps *s, uint32_t n, uint32_t pin, bool high, uint32_t value)
{
	ioapic_rig_put(s->rig[n], VIC_IOAPIC_REDTBL + 2 * pin + high, value);
}

/* As drivers do it, most often: one bit of what is there. */
static void step_entry(struct ioapic_steps *s, uint32_t n)
{
	struct lapic_steps *l = &s->lapic;
	uint32_t pin = any_pin(s, n);
	uint32_t low = (uint32_t)im_entry(&s->rig[n]->im, pin);

	switch (lapic_any(l, 8)) {
	case 0:
	case 1:
		put(s, n, pin, true, any_high(s));
		break;
	case 2:
	case 3:
		put(s, n, pin, false, low ^ VIC_RTE_MASKED);
		break;
	case 4:
		put(s, n, pin, false, low ^ VIC_RTE_LEVEL);
		break;
	case 5:
		put(s, n, pin, false,
		    decided(s, n, pin, low ^ 1u << lapic_any(l, 17)));
		break;
	default:
		put(s, n, pin, false, any_low(s, n, pin));
	}
}

static void step_line(struct ioapic_steps *s, uint32_t n)
{
	struct lapic_steps *l = &s->lapic;
	uint32_t pin = any_pin(s, n);
	uint32_t source = lapic_any(l, s->sources);
	bool level = s->rig[n]->im.pin[pin].sources[source];

	if (lapic_one_in(l, 40))
		source = lapic_any(l, VIC_IOAPIC_SOURCES - s->has_pic);
	if (!lapic_one_in(l, 8))
		level = !level;
	ioapic_rig_line(s->rig[n], pin, source, level);
}

/* Guests that were not written for this chip. */
static void step_odd(struct ioapic_steps *s, uint32_t n)
{
	static const uint32_t offsets[] = {0, 4, 0x10, 0x14, 0x20, 0x40, 0x41};
	static const uint32_t lens[] = {1, 2, 4, 8, 0, 3, 16};
	struct lapic_steps *l = &s->lapic;
	uint32_t offset = LAPIC_PICK(l, offsets), len = LAPIC_PICK(l, lens);
	uint32_t pin = any_pin(s, n), index = 2 * pin + VIC_IOAPIC_REDTBL;
	uint64_t value;

	switch (lapic_any(l, 10)) {
	case 0:
		ioapic_rig_load(s->rig[n], lapic_any(l, 0x2000), 4);
		break;
	case 1:
		ioapic_rig_store(s->rig[n], 0x1000 + lapic_any(l, 64), 4, 0);
		break;
	case 2:
		ioapic_rig_put(s->rig[n], VIC_IOAPIC_ID,
			       (uint32_t)lapic_any64(l));
		break;
	case 3:
		/* What cannot be written. */
		index = 1 + lapic_any(l, 15);
		ioapic_rig_put(s->rig[n], index, (uint32_t)lapic_any64(l));
		break;
	case 4:
		index = lapic_any(l, 0x400);
		ioapic_rig_store(s->rig[n], VIC_IOAPIC_IOREGSEL, 4, index);
		break;
	case 5:
		ioapic_rig_load(s->rig[n], offset, len);
		break;
	default:
		/* Narrow or wide, where it is known what it does. */
		index += lapic_any(l, 2);
		ioapic_rig_store(s->rig[n], VIC_IOAPIC_IOREGSEL, 4, index);
		value = index % 2 ? any_high(s) : any_low(s, n, pin);
		if (offset == VIC_IOAPIC_IOREGSEL)
			offset = VIC_IOAPIC_IOWIN;
		if (len == 1 && offset == VIC_IOAPIC_IOWIN && index % 2 == 0)
			value = decided(s, n, pin, value & 0xff);
		value |= (uint64_t)lapic_any(l, 1u << 31) << 32;
		ioapic_rig_store(s->rig[n], offset, len, value);
	}
}

static uint8_t any_pins_vector(struct ioapic_steps *s, uint32_t n)
{
	uint32_t pin = any_pin(s, n);

	if (lapic_one_in(&s->lapic, 8))
		return lapic_any_vector(&s->lapic);
	return im_entry(&s->rig[n]->im, pin) & VIC_RTE_VECTOR;
}

static void step_eoi(struct ioapic_steps *s, uint32_t n)
{
	uint8_t vector = any_pins_vector(s, n);

	if (lapic_one_in(&s->lapic, 2))
		ioapic_rig_eoi(s->rig[n], vector);
	else
		ioapic_rig_store(s->rig[n], VIC_IOAPIC_EOI, 4, vector);
}

static void step_seldom(struct ioapic_steps *s, uint32_t n)
{
	struct ioapic_rig *rig = s->rig[n];
	uint32_t bits = 8 * (uint32_t)vic_ioapic_image_size(rig->ioapic);

	switch (lapic_any(&s->lapic, 12)) {
	case 0:
		if (lapic_one_in(&s->lapic, 4))
			ioapic_rig_reset(rig);
		break;
	case 1:
	case 2:
	case 3:
		ioapic_rig_image(rig, lapic_any(&s->lapic, bits));
		break;
	case 4:
		ioapic_rig_image(rig, bits);
		break;
	case 5:
		ioapic_rig_keep(rig);
		break;
	case 6:
		/* The PIC would not go with it. */
		if (!s->has_pic)
			ioapic_rig_go_back(rig);
		break;
	default:
		ioapic_rig_retry(rig);
	}
}

static void step_one(struct ioapic_steps *s, uint32_t n)
{
	switch (lapic_any(&s->lapic, 40)) {
	case 0:
	case 1:
		step_odd(s, n);
		break;
	case 2:
	case 3:
		step_seldom(s, n);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		step_eoi(s, n);
		break;
	case 8:
	case 9:
	case 10:
	case 11:
	case 12:
	case 13:
	case 14:
	case 15:
	case 16:
	case 17:
		step_entry(s, n);
		break;
	default:
		step_line(s, n);
	}
}

/* A guest that does nothing but what the devices want of it. */
static void step_guest(struct lapic_steps *l)
{
	uint32_t cpu = lapic_any_cpu(l);

	lapic_rig_leave(&l->rig, cpu);
	lapic_check_scan(&l->rig, cpu, VIC_CAN_IRQ);
	if (!lapic_step_revive(l, cpu))
		lapic_step_serve(l, cpu);
}

void ioapic_steps_check(struct ioapic_steps *s)
{
	for (uint32_t n = 0; n < s->nr_rigs; n++)
		ioapic_check(s->rig[n]);
	ioapic_check_counters(s->rig, s->nr_rigs);
}

void ioapic_step(struct ioapic_steps *s)
{
	uint32_t n = lapic_any(&s->lapic, s->nr_rigs);

	if (is_alone(s)) {
		step_one(s, n);
		ioapic_steps_check(s);
		return;
	}
	for (uint32_t i = 0; i < s->nr_rigs; i++)
		ioapic_rig_prepare(s->rig[i], 0xff);
	switch (lapic_any(&s->lapic, 8)) {
	case 0:
	case 1:
		lapic_step(&s->lapic);
		break;
	case 2:
	case 3:
		step_guest(&s->lapic);
		break;
	default:
		step_one(s, n);
	}
	lapic_step_look(&s->lapic);
	ioapic_steps_check(s);
}

void ioapic_steps_end(struct ioapic_steps *s)
{
	if (!is_alone(s))
		lapic_steps_end(&s->lapic);
	for (uint32_t n = 0; n < s->nr_rigs; n++)
		ioapic_check_reads(s->rig[n]);
	ioapic_steps_check(s);
}

void ioapic_steps_accessed(struct ioapic_steps *s, uint32_t vcpu,
			   const struct lm_eoi *eoi, bool moved)
{
	for (uint32_t n = 0; n < s->nr_rigs; n++)
		ioapic_rig_accessed(s->rig[n], vcpu, eoi, moved);
}

static void
accessed(void *opaque, uint32_t vcpu, const struct lm_eoi *eoi, bool moved)
{
	ioapic_steps_accessed(opaque, vcpu, eoi, moved);
}

static void add(struct ioapic_steps *s, bool alone)
{
	static const uint32_t pins[] = {1, 2, 16, 24, 24, 24, 120, 121, 240};
	struct lapic_steps *l = &s->lapic;
	uint32_t n = s->nr_rigs;
	struct ioapic_rig_spec spec = {.alone = alone};

	/* In steps: a compiler chooses the order within an initializer. */
	spec.locks = lapic_one_in(l, 4);
	spec.random = lapic_any64(l);
	spec.model.pins = LAPIC_PICK(l, pins);
	spec.model.version = lapic_one_in(l, 3) ? 0x11 : 0x20;
	spec.model.id = lapic_any(l, 16);
	spec.model.voltages = lapic_one_in(l, 3);
	spec.model.wide = !alone && l->rig.spec.model.msi == LM_MSI_15;
	s->rig[n] = malloc(sizeof(*s->rig[n]));
	if (!s->rig[n]) {
		perror("malloc");
		exit(1);
	}
	ioapic_rig_init(s->rig[n], &l->rig, n, &spec);
	for (uint32_t i = 0; i < IOAPIC_STEPS_HOT; i++)
		s->hot[n][i] = lapic_any(l, spec.model.pins);
	s->nr_rigs++;
}

void ioapic_steps_init(struct ioapic_steps *s, uint64_t seed, bool alone)
{
	struct lapic_steps *l = &s->lapic;

	lapic_steps_init(l, seed);
	s->nr_rigs = 0;
	s->has_pic = false;
	s->sources = 1 + lapic_any(l, lapic_one_in(l, 4) ? 63 : 3);
	add(s, alone);
	if (alone)
		return;
	if (lapic_one_in(l, 3))
		add(s, alone);
	l->rig.chips = (struct lapic_rig_chips){
		.accessed = accessed,
		.opaque = s,
	};
}

void ioapic_steps_free(struct ioapic_steps *s)
{
	for (uint32_t n = 0; n < s->nr_rigs; n++) {
		ioapic_rig_free(s->rig[n]);
		free(s->rig[n]);
	}
	lapic_rig_free(&s->lapic.rig);
}

void ioapic_steps_show(const struct ioapic_steps *s)
{
	lapic_check_show(&s->lapic.rig);
	for (uint32_t n = 0; n < s->nr_rigs; n++)
		ioapic_check_show(s->rig[n]);
}
