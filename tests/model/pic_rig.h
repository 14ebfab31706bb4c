/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libvic's pair of 8259A beside the model: alone, or wired to LINT0 of vCPUs
 * and to an IOAPIC. As in ioapic_rig.h each function does a thing to both
 * and compares, and libvic goes first.
 */
#ifndef PIC_RIG_H
#define PIC_RIG_H

#include <vic/vic.h>

#include "ioapic_rig.h"
#include "lapic_rig.h"
#include "pic_model.h"

#define PIC_RIG_EVENTS 16

/* An EOI, and what the device did at once. */
struct pic_event {
	uint32_t irq;
	bool drives, level, rose;
	uint32_t other, source;
};

struct pic_rig_spec {
	bool keep_edges;
	/* With locks of the embedder's. */
	bool locks;
	/* The vCPUs with INT at LINT0. */
	uint32_t wired;
	/* NULL, or who has INT at that pin. */
	struct ioapic_rig *ioapic;
	uint32_t ioapic_pin;
	/* Of devices that answer EOIs. */
	uint64_t random;
};

struct pic_rig {
	struct lapic_rig *lapic;
	struct pic_rig_spec spec;
	struct pm pm;
	struct vic_vcpu_ops ops;
	struct vic_pic *pic;
	void *storage;
	uint64_t random;
	struct pic_event events[PIC_RIG_EVENTS];
	uint32_t nr_events, next_event;
	/* An image of before, and of what. */
	bool has_kept;
	uint8_t kept[VIC_PIC_IMAGE_SIZE];
	struct pm kept_model;
	/* How much there was of it. */
	uint64_t taken, spurious, ended, polls, restored;
};

void pic_rig_init(struct pic_rig *rig, struct lapic_rig *lapic,
		  const struct pic_rig_spec *spec);
void pic_rig_free(struct pic_rig *rig);

void pic_rig_line(struct pic_rig *rig, uint32_t irq, uint32_t source,
		  bool level);
void pic_rig_in(struct pic_rig *rig, uint32_t port);
void pic_rig_out(struct pic_rig *rig, uint32_t port, uint8_t value);
uint8_t pic_rig_ack(struct pic_rig *rig);
/* The two halves of that, for an INTA cycle of a local APIC. */
uint8_t pic_rig_inta(struct pic_rig *rig);
uint8_t pic_rig_model_inta(struct pic_rig *rig);
void pic_rig_reset(struct pic_rig *rig);
/* Saved and restored; with @p flip one bit is wrong at first. */
void pic_rig_image(struct pic_rig *rig, uint32_t flip);
/* Saved for later, and back to there; not if it is wired. */
void pic_rig_keep(struct pic_rig *rig);
void pic_rig_go_back(struct pic_rig *rig);

void pic_check(struct pic_rig *rig);
void pic_check_show(const struct pic_rig *rig);

#endif
