/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "chip_world.h"

#include <string.h>

/* Offsets in images: docs/images.md. */
#define IOAPIC_ID 40
#define IOAPIC_SELECT 44
#define PIC_CHIPS 152
#define PIC_CHIP 20

/* Pins that steps touch often: see chip_steps.c. */
#define OFTEN 6

static bool is_level(uint64_t entry)
{
	uint32_t mode = (entry & VIC_RTE_MODE) >> VIC_RTE_MODE_SHIFT;

	return (entry & VIC_RTE_LEVEL) &&
	       (mode == VIC_MODE_FIXED || mode == VIC_MODE_LOWEST);
}

/* What the data sheet says of any entry, whoever works it out. */
static void
check_entry(const struct chip_world *w, const struct vic_ioapic_pin *pin)
{
	bool asserted = pin->sources;
	bool waits = !(pin->entry & (VIC_RTE_MASKED | VIC_RTE_REMOTE_IRR));

	if ((w->config.flags & VIC_IOAPIC_VOLTAGES) &&
	    (pin->entry & VIC_RTE_LOW))
		asserted = !asserted;
	if (pin->entry & VIC_RTE_REMOTE_IRR)
		REQUIRE(is_level(pin->entry));
	REQUIRE(!!(pin->entry & VIC_RTE_BUSY) ==
		(is_level(pin->entry) && asserted && waits));
}

static void check_pin(struct chip_world *w, uint32_t n)
{
	struct vic_ioapic_pin pin;

	if (n >= w->im.config.pins) {
		REQUIRE(vic_ioapic_peek(w->ioapic, n, &pin) == VIC_ERR_INVAL);
		return;
	}
	REQUIRE(!vic_ioapic_peek(w->ioapic, n, &pin));
	check_entry(w, &pin);
	REQUIRE(pin.entry == im_entry(&w->im, n));
	REQUIRE(pin.sources == im_sources(&w->im, n));
}

static void check_pic(struct chip_world *w)
{
	for (uint32_t i = 0; i < 2; i++) {
		struct vic_pic_chip chip;
		struct pm_state model;

		vic_pic_peek(w->pic, i, &chip);
		pm_peek(&w->pm, i, &model);
		REQUIRE(chip.irr == model.irr);
		REQUIRE(chip.isr == model.isr);
		REQUIRE(chip.imr == model.imr);
		REQUIRE(chip.elcr == model.elcr);
		REQUIRE(chip.base == model.base);
		REQUIRE(chip.lowest == model.lowest);
		REQUIRE(chip.output == model.output);
	}
	REQUIRE(vic_pic_output(w->pic) == pm_output(&w->pm));
}

static void check_apics(struct chip_world *w)
{
	for (uint32_t i = 0; i < CHIP_CPUS; i++) {
		uint8_t real[VIC_LAPIC_IMAGE_SIZE], twin[VIC_LAPIC_IMAGE_SIZE];

		vic_lapic_save(w->real.cpu[i].lapic, real);
		vic_lapic_save(w->twin.cpu[i].lapic, twin);
		REQUIRE(!memcmp(real, twin, sizeof(real)));
	}
}

static void check_log(const struct chip_world *w)
{
	const struct chip_log *real = &w->real.log, *twin = &w->twin.log;

	REQUIRE(real->count == twin->count);
	REQUIRE(!memcmp(real->event, twin->event,
			real->count * sizeof(real->event[0])));
}

/* The thread that did it counts: a device's, or the vCPU's whose EOI it was. */
static void check_sent(const struct chip_world *w)
{
	uint64_t sent = w->real.device.ioapic;

	for (uint32_t i = 0; i < CHIP_CPUS; i++)
		sent += vic_vcpu_counters(w->real.cpu[i].vcpu)->ioapic;
	REQUIRE(sent == w->sent);
}

void chip_check(struct chip_world *w)
{
	check_log(w);
	for (uint32_t i = 0; i < OFTEN; i++)
		check_pin(w, i);
	check_pin(w, w->other_pin);
	check_pic(w);
	check_apics(w);
	check_sent(w);
}

void chip_check_all(struct chip_world *w)
{
	for (uint32_t i = 0; i <= w->im.config.pins; i++)
		check_pin(w, i);
	chip_check(w);
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

void chip_follow_ioapic(struct chip_world *w)
{
	size_t size = vic_ioapic_image_size(w->ioapic);
	const uint64_t read_only = VIC_RTE_BUSY | VIC_RTE_REMOTE_IRR;
	uint8_t *image = malloc(size);
	struct vic_ioapic_pin pin;

	REQUIRE(image);
	vic_ioapic_save(w->ioapic, image);
	w->im.id = image[IOAPIC_ID];
	w->im.arb = w->im.id;
	w->im.select = get32(image + IOAPIC_SELECT);
	free(image);
	for (uint32_t i = 0; i < w->im.config.pins; i++) {
		struct im_pin *model = &w->im.pin[i];

		REQUIRE(!vic_ioapic_peek(w->ioapic, i, &pin));
		model->entry = pin.entry & ~read_only;
		model->remote_irr = pin.entry & VIC_RTE_REMOTE_IRR;
		for (uint32_t s = 0; s < IM_SOURCES; s++)
			model->sources[s] = pin.sources >> s & 1;
	}
}

/* A chip of the image: docs/images.md. */
static void follow_chip(struct pm_chip *c, const uint8_t *at)
{
	static const enum pm_expects steps[] = {PM_MASK, PM_MASK, PM_ICW2,
						PM_ICW3, PM_ICW4};

	for (uint32_t n = 0; n < 8; n++) {
		c->in[n].in_service = at[1] >> n & 1;
		c->in[n].masked = at[2] >> n & 1;
		c->in[n].level = at[3] >> n & 1;
	}
	c->base = at[4];
	c->lowest = at[5];
	c->ltim = at[6] & VIC_PIC_ICW1_LTIM;
	c->single = at[6] & VIC_PIC_ICW1_SNGL;
	c->icw4 = at[6] & VIC_PIC_ICW1_IC4;
	c->automatic = at[8] & VIC_PIC_ICW4_AEOI;
	c->nested = at[8] & VIC_PIC_ICW4_SFNM;
	c->expects = steps[at[9]];
	c->ready = at[10];
	c->special = at[11];
	c->rotates = at[12];
	c->read_isr = at[13];
	c->poll = at[14];
	for (uint32_t n = 0; n < 8; n++)
		c->in[n].edge = (at[0] >> n & 1) && !c->ltim && !c->in[n].level;
}

void chip_follow_pic(struct chip_world *w)
{
	uint8_t image[VIC_PIC_IMAGE_SIZE];
	struct vic_pic_chip chip;

	vic_pic_save(w->pic, image);
	for (uint32_t irq = 0; irq < 16; irq++) {
		const uint8_t *at = image + 24 + irq * 8;
		uint64_t mask = get32(at) | (uint64_t)get32(at + 4) << 32;

		for (uint32_t s = 0; s < PM_SOURCES; s++)
			w->pm.sources[irq][s] = mask >> s & 1;
		w->pm.chip[irq / 8].in[irq % 8].high = mask;
	}
	for (uint32_t i = 0; i < 2; i++)
		follow_chip(&w->pm.chip[i], image + PIC_CHIPS + i * PIC_CHIP);
	/* Outputs are what the rest makes them: the check comes anyway. */
	vic_pic_peek(w->pic, 1, &chip);
	w->pm.chip[1].output = chip.output;
	w->pm.chip[0].in[VIC_PIC_CASCADE].high = chip.output;
	vic_pic_peek(w->pic, 0, &chip);
	w->pm.chip[0].output = chip.output;
}
