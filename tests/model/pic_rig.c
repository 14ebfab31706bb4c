/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "pic_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The source of an IOAPIC's pin that is a PIC's. */
#define PIC_SOURCE 63u

static uint32_t any(struct pic_rig *rig, uint32_t count)
{
	rig->random = rig->random * 6364136223846793005ull + 1;
	return (uint32_t)(rig->random >> 33) % count;
}

/* A device lowers its line, most likely, or somebody else does something. */
static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct pic_rig *rig = opaque;
	struct pic_event *event;

	if (ioapic_rig_is_locked() || source != VIC_EOI_PIC || number > 15 ||
	    number == VIC_PIC_CASCADE || rig->nr_events == PIC_RIG_EVENTS) {
		lapic_rig_fail(rig->lapic, "pic: eoi, source %u, irq %u",
			       source, number);
		return;
	}
	event = &rig->events[rig->nr_events++];
	memset(event, 0, sizeof(*event));
	event->irq = number;
	event->drives = any(rig, 3) != 0;
	if (!event->drives)
		return;
	event->other = any(rig, 4) ? number : any(rig, 16);
	if (event->other == VIC_PIC_CASCADE)
		event->other = number;
	event->source = any(rig, 2);
	event->level = any(rig, 3) == 0;
	event->rose =
		vic_pic_line_set(rig->pic, &rig->lapic->counters, event->other,
				 event->source, event->level);
}

static void model_eoi(void *opaque, uint32_t irq)
{
	struct pic_rig *rig = opaque;
	const struct pic_event *event = &rig->events[rig->next_event];
	bool was;

	rig->ended++;
	if (rig->next_event == rig->nr_events || event->irq != irq) {
		lapic_rig_fail(rig->lapic, "pic: no eoi of %u", irq);
		return;
	}
	rig->next_event++;
	lapic_rig_note(rig->lapic, "  eoi of irq %u", irq);
	if (!event->drives)
		return;
	lapic_rig_note(rig->lapic, "  its device: irq %u source %u = %d",
		       event->other, event->source, event->level);
	was = pm_output(&rig->pm);
	pm_line(&rig->pm, event->other, event->source, event->level);
	/* If it was low: who comes first, this or the end of the EOI. */
	if (event->rose && was)
		lapic_rig_fail(rig->lapic, "pic: line in eoi: %d", event->rose);
}

static void model_wire(void *opaque, bool level)
{
	struct pic_rig *rig = opaque;
	struct lm *lm = &rig->lapic->lm;

	lapic_rig_note(rig->lapic, "  int = %d", level);
	if (rig->spec.ioapic)
		im_line(&rig->spec.ioapic->im, rig->spec.ioapic_pin, PIC_SOURCE,
			level);
	/* What is local waits for a scan, after all messages. */
	for (uint32_t i = 0; i < lm->config.vcpus; i++)
		if (rig->spec.wired >> i & 1)
			lm_lint(lm, i, 0, level);
}

static void before(struct pic_rig *rig)
{
	lapic_rig_before_wire(rig->lapic);
	if (rig->spec.ioapic)
		ioapic_rig_prepare(rig->spec.ioapic, 0xff);
}

static void replayed(struct pic_rig *rig)
{
	if (rig->next_event != rig->nr_events)
		lapic_rig_fail(rig->lapic, "pic: eoi of %u",
			       rig->events[rig->next_event].irq);
	rig->next_event = 0;
	rig->nr_events = 0;
	if (rig->spec.ioapic)
		ioapic_rig_replayed(rig->spec.ioapic);
}

static void after(struct pic_rig *rig)
{
	replayed(rig);
	lapic_rig_after_wire(rig->lapic);
}

static void must(int err, const char *what)
{
	if (err) {
		fprintf(stderr, "%s: error %d\n", what, err);
		abort();
	}
}

void pic_rig_init(struct pic_rig *rig, struct lapic_rig *lapic,
		  const struct pic_rig_spec *spec)
{
	const struct vic_pic_config config = {
		.size = sizeof(config),
		.flags = spec->keep_edges ? VIC_PIC_KEEP_EDGES : 0,
		.ioapic = spec->ioapic ? spec->ioapic->ioapic : NULL,
		.ioapic_pin = spec->ioapic_pin,
		.ops = &rig->ops,
		.opaque = rig,
	};
	const struct pm_config model = {
		.keep_edges = spec->keep_edges,
		.wire = model_wire,
		.eoi = model_eoi,
		.opaque = rig,
	};

	memset(rig, 0, sizeof(*rig));
	rig->lapic = lapic;
	rig->spec = *spec;
	rig->random = spec->random;
	/* As those of the vCPUs are. */
	rig->ops = lapic->ops;
	rig->ops.size = sizeof(rig->ops);
	rig->ops.eoi = eoi;
	if (spec->locks)
		ioapic_rig_locks(&rig->ops);
	rig->storage = aligned_alloc(VIC_CACHE_LINE, VIC_PIC_SIZE);
	if (!rig->storage) {
		perror("aligned_alloc");
		exit(1);
	}
	memset(rig->storage, 0, VIC_PIC_SIZE);
	must(vic_pic_init(rig->storage, VIC_PIC_SIZE, &config, &rig->pic),
	     "vic_pic_init");
	for (uint32_t i = 0; i < lapic->lm.config.vcpus; i++)
		if (spec->wired >> i & 1)
			must(vic_pic_wire(rig->pic, &lapic->counters,
					  lapic->cpu[i].vcpu),
			     "vic_pic_wire");
	pm_init(&rig->pm, &model);
}

void pic_rig_free(struct pic_rig *rig)
{
	free(rig->storage);
}

void pic_rig_line(struct pic_rig *rig, uint32_t irq, uint32_t source,
		  bool level)
{
	bool rose;

	before(rig);
	lapic_rig_note(rig->lapic, "pic: irq %u source %u = %d", irq, source,
		       level);
	rose = vic_pic_line_set(rig->pic, &rig->lapic->counters, irq, source,
				level);
	if (pm_line(&rig->pm, irq, source, level) != rose)
		lapic_rig_fail(rig->lapic, "pic: line: %d", rose);
	after(rig);
}

void pic_rig_in(struct pic_rig *rig, uint32_t port)
{
	uint8_t value = 0, model = 0;
	enum vic_access access, wanted;

	before(rig);
	rig->polls += rig->pm.chip[0].poll || rig->pm.chip[1].poll;
	access = vic_pic_read(rig->pic, &rig->lapic->counters, port, &value);
	lapic_rig_note(rig->lapic, "pic: in %x -> %d %02x", port, access,
		       value);
	wanted = pm_read(&rig->pm, port, &model) ? VIC_ACCESS_DONE
						 : VIC_ACCESS_FOREIGN;
	if (access != wanted || (access == VIC_ACCESS_DONE && value != model))
		lapic_rig_fail(rig->lapic, "pic: in: %d %02x, not %d %02x",
			       access, value, wanted, model);
	after(rig);
}

void pic_rig_out(struct pic_rig *rig, uint32_t port, uint8_t value)
{
	enum vic_access access, wanted;

	before(rig);
	lapic_rig_note(rig->lapic, "pic: out %x = %02x", port, value);
	access = vic_pic_write(rig->pic, &rig->lapic->counters, port, value);
	wanted = pm_write(&rig->pm, port, value) ? VIC_ACCESS_DONE
						 : VIC_ACCESS_FOREIGN;
	if (access != wanted)
		lapic_rig_fail(rig->lapic, "pic: out: %d", access);
	after(rig);
}

uint8_t pic_rig_inta(struct pic_rig *rig)
{
	return vic_pic_ack(rig->pic, &rig->lapic->counters);
}

uint8_t pic_rig_model_inta(struct pic_rig *rig)
{
	uint8_t isr[2] = {0}, vector;
	struct pm_state state;

	for (uint32_t i = 0; i < 2; i++) {
		pm_peek(&rig->pm, i, &state);
		isr[i] = state.irr;
	}
	rig->spurious += !pm_output(&rig->pm) || (isr[0] == 4 && !isr[1]);
	rig->taken++;
	vector = pm_ack(&rig->pm);
	replayed(rig);
	return vector;
}

uint8_t pic_rig_ack(struct pic_rig *rig)
{
	uint8_t vector;

	before(rig);
	vector = pic_rig_inta(rig);
	lapic_rig_note(rig->lapic, "pic: ack -> %02x", vector);
	if (pic_rig_model_inta(rig) != vector)
		lapic_rig_fail(rig->lapic, "pic: ack: %02x", vector);
	after(rig);
	return vector;
}

void pic_rig_reset(struct pic_rig *rig)
{
	before(rig);
	lapic_rig_note(rig->lapic, "pic: reset");
	vic_pic_reset(rig->pic, &rig->lapic->counters);
	pm_reset(&rig->pm);
	after(rig);
}

static void restore(struct pic_rig *rig, const uint8_t *image)
{
	const char *what = "";
	int err = vic_pic_restore(rig->pic, image, VIC_PIC_IMAGE_SIZE, &what);

	lapic_rig_note(rig->lapic, "pic: restore -> %d %s", err,
		       what ? what : "");
	if (err != VIC_OK || what)
		lapic_rig_fail(rig->lapic, "pic: restore: %d %s", err,
			       what ? what : "");
	rig->restored++;
}

void pic_rig_keep(struct pic_rig *rig)
{
	lapic_rig_note(rig->lapic, "pic: save");
	vic_pic_save(rig->pic, rig->kept);
	rig->kept_model = rig->pm;
	rig->has_kept = true;
}

void pic_rig_go_back(struct pic_rig *rig)
{
	if (!rig->has_kept)
		return;
	restore(rig, rig->kept);
	rig->pm = rig->kept_model;
}

void pic_rig_image(struct pic_rig *rig, uint32_t flip)
{
	uint8_t image[VIC_PIC_IMAGE_SIZE], again[VIC_PIC_IMAGE_SIZE];
	const char *what = "";
	int err;

	vic_pic_save(rig->pic, image);
	memcpy(again, image, sizeof(again));
	if (flip < 8 * VIC_PIC_IMAGE_SIZE) {
		again[flip / 8] ^= (uint8_t)(1u << flip % 8);
		err = vic_pic_restore(rig->pic, again, sizeof(again), &what);
		lapic_rig_note(rig->lapic,
			       "pic: restore, bit %x wrong -> %d %s", flip, err,
			       what ? what : "");
		if (err != VIC_OK && !what)
			lapic_rig_fail(rig->lapic, "pic: restore: what?");
		/* Then it is what it was, which the next look shows. */
		if (err == VIC_OK)
			restore(rig, image);
	} else {
		restore(rig, image);
	}
	vic_pic_save(rig->pic, again);
	if (memcmp(image, again, sizeof(image)) != 0)
		lapic_rig_fail(rig->lapic, "pic: saved again, another");
}

void pic_check(struct pic_rig *rig)
{
	struct vic_pic_chip chip;
	struct pm_state model;

	if (vic_pic_output(rig->pic) != pm_output(&rig->pm))
		lapic_rig_fail(rig->lapic, "pic: int = %d, not %d",
			       vic_pic_output(rig->pic), pm_output(&rig->pm));
	for (uint32_t i = 0; i < 2; i++) {
		vic_pic_peek(rig->pic, i, &chip);
		pm_peek(&rig->pm, i, &model);
		if (chip.irr != model.irr || chip.isr != model.isr ||
		    chip.imr != model.imr || chip.elcr != model.elcr ||
		    chip.base != model.base || chip.lowest != model.lowest ||
		    chip.output != model.output)
			lapic_rig_fail(rig->lapic,
				       "pic: chip %u: irr %02x isr %02x imr "
				       "%02x elcr %02x base %02x lowest %u "
				       "output %d",
				       i, chip.irr, chip.isr, chip.imr,
				       chip.elcr, chip.base, chip.lowest,
				       chip.output);
	}
}

void pic_check_show(const struct pic_rig *rig)
{
	fprintf(stderr, "# pic: keep edges %d, wired %x\n",
		rig->spec.keep_edges, rig->spec.wired);
	for (uint32_t i = 0; i < 2; i++) {
		const struct pm_chip *c = &rig->pm.chip[i];
		struct pm_state s;

		pm_peek(&rig->pm, i, &s);
		fprintf(stderr,
			"#   irr %02x isr %02x imr %02x elcr %02x base %02x "
			"lowest %u output %d, expects %d ready %d ltim %d "
			"aeoi %d sfnm %d rotates %d smm %d poll %d\n",
			s.irr, s.isr, s.imr, s.elcr, s.base, s.lowest, s.output,
			c->expects, c->ready, c->ltim, c->automatic, c->nested,
			c->rotates, c->special, c->poll);
	}
}
