/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A PC twice. One has two local APICs, an IOAPIC and a PIC of libvic; in the
 * other one the models of tests/model stand for the last two and send by
 * vic_msi() and vic_vcpu_request(). Both get the same stream of operations,
 * and after each of them nobody can tell one from the other.
 */
#ifndef CHIP_WORLD_H
#define CHIP_WORLD_H

#include <vic/vic.h>

#include "input.h"
#include "model/ioapic_model.h"
#include "model/pic_model.h"

#define CHIP_CPUS 2
#define CHIP_LOG 1024

/* What the callbacks saw in the present operation. */
struct chip_log {
	uint32_t count;
	uint64_t event[CHIP_LOG];
};

struct chip_cpu {
	struct chip_world *world;
	struct chip_side *side;
	struct vic_vcpu *vcpu;
	struct vic_lapic *lapic;
	void *vcpu_storage, *lapic_storage, *page;
};

struct chip_side {
	struct vic_apic_bus *bus;
	struct chip_cpu cpu[CHIP_CPUS];
	/* The block of the one thread that is no vCPU. */
	struct vic_counters device;
	struct chip_log log;
};

struct chip_world {
	struct input input;
	struct vic_vcpu_ops ops;
	/* What libvic makes, and what the models do. */
	struct chip_side real, twin;
	struct vic_ioapic_config config;
	struct vic_ioapic *ioapic;
	void *ioapic_storage;
	struct vic_pic *pic;
	void *pic_storage;
	/* INT is wired to that pin, too. */
	bool pic_ioapic;
	uint32_t pic_pin;
	struct im im;
	struct pm pm;
	/* vCPUs whose LINT0 the PIC is wired to. */
	uint32_t wired;
	/* The IOAPIC stands alone, and who does not accept then. */
	bool alone;
	uint8_t deaf;
	/* Nothing of the models' is told: a model is being set. */
	bool quiet;
	/* The twin's last message was newly pending somewhere. */
	bool newly;
	/* Messages that the model sent; a restore starts anew. */
	uint64_t sent;
	/* What devices do when they hear of an EOI: enum chip_answer. */
	uint8_t answer;
	/* Entries that were touched are among the first, or this. */
	uint32_t other_pin;
	/* An image of the VM to come back to; its models and twin. */
	bool kept;
	uint8_t *image;
	uint8_t twin_image[CHIP_CPUS][VIC_LAPIC_IMAGE_SIZE];
	struct im kept_im;
	struct pm kept_pm;
};

enum chip_answer {
	CHIP_ANSWERS = 1 << 0,
	/* Raises, else lowers, its source. */
	CHIP_RAISES = 1 << 1,
	/* Source 1, else 0. */
	CHIP_SOURCE = 1 << 2,
};

typedef void (*chip_step)(struct chip_world *w);

/* All of the input behind its head goes to @steps. */
void chip_run(const uint8_t *data, size_t size, const chip_step *steps,
	      uint32_t count);

/* The VM as vic_pc_save() wants it. */
struct vic_pc chip_pc(struct chip_world *w, struct vic_lapic **lapics);
/* Whether the local APIC @c is in x2APIC mode, and whether it is there. */
bool chip_x2apic(const struct chip_cpu *c);
bool chip_enabled(const struct chip_cpu *c);
/* A guest's write to a local APIC by the door that its mode has. */
enum vic_access
chip_apic_write(struct chip_cpu *c, uint32_t offset, uint64_t value);

/* chip_check.c */
void chip_check(struct chip_world *w);
/* Of all entries. */
void chip_check_all(struct chip_world *w);
/* The models get the state that the chips of libvic have. */
void chip_follow_ioapic(struct chip_world *w);
void chip_follow_pic(struct chip_world *w);

/* chip_steps.c: devices and guests. */
void chip_line(struct chip_world *w);
void chip_entry(struct chip_world *w);
void chip_write(struct chip_world *w);
void chip_read(struct chip_world *w);
void chip_eoi(struct chip_world *w);
void chip_retry(struct chip_world *w);
void chip_pic_line(struct chip_world *w);
void chip_pic_write(struct chip_world *w);
void chip_pic_read(struct chip_world *w);
void chip_pic_ack(struct chip_world *w);
void chip_take(struct chip_world *w);
void chip_apic_eoi(struct chip_world *w);
void chip_apic_register(struct chip_world *w);
void chip_apic_base(struct chip_world *w);
void chip_msi(struct chip_world *w);
void chip_devices(struct chip_world *w);

/* chip_state.c: reset, images. */
void chip_reset(struct chip_world *w);
void chip_keep(struct chip_world *w);
void chip_back(struct chip_world *w);
void chip_hostile_ioapic(struct chip_world *w);
void chip_hostile_pic(struct chip_world *w);
void chip_hostile_pc(struct chip_world *w);

#endif
