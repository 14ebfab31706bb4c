/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libvic's IOAPIC beside the model, on the bus of the local APICs' rig or
 * alone. Each function does a thing to both and compares; what fails is kept
 * in the local APICs' rig, with what led to it.
 *
 * libvic goes first. What it sends and tells is recorded, with what became
 * of it, and the model has to do the same in the same order.
 */
#ifndef IOAPIC_RIG_H
#define IOAPIC_RIG_H

#include <vic/vic.h>

#include "ioapic_model.h"
#include "lapic_rig.h"

#define IOAPIC_RIG_EVENTS 2048

struct ioapic_event {
	bool is_eoi;
	/* A message, of one that is alone. */
	uint64_t address;
	uint32_t data;
	bool accepted;
	/* An EOI, and what the device did at once. */
	uint32_t pin;
	bool drives, level, sent;
	uint32_t other, source;
};

struct ioapic_rig_spec {
	/* Without the callbacks. */
	struct im_config model;
	bool alone;
	/* With locks of the embedder's. */
	bool locks;
	/* Of devices that answer EOIs, and of processors that are alone. */
	uint64_t random;
};

struct ioapic_rig {
	struct lapic_rig *lapic;
	uint32_t index;
	struct ioapic_rig_spec spec;
	struct im im;
	struct vic_vcpu_ops ops;
	struct vic_ioapic *ioapic;
	void *storage;
	uint64_t random;
	struct ioapic_event events[IOAPIC_RIG_EVENTS];
	uint32_t nr_events, next_event;
	/* Whose thread it is, and what was sent on it; the last is no vCPU. */
	uint32_t thread;
	uint64_t sent[LM_VCPUS + 1];
	/* An image of before, and of what. */
	uint8_t *kept;
	bool has_kept;
	struct im kept_model;
	/* How much there was of it. */
	uint64_t messages, refused, ended, restored;
};

/* vic_vcpu_ops.lock and unlock, and whether one is held. */
void ioapic_rig_locks(struct vic_vcpu_ops *ops);
bool ioapic_rig_is_locked(void);
void ioapic_rig_init(struct ioapic_rig *rig, struct lapic_rig *lapic,
		     uint32_t index, const struct ioapic_rig_spec *spec);
void ioapic_rig_free(struct ioapic_rig *rig);

/* Before something that may send its entries, or one with that vector. */
void ioapic_rig_prepare(struct ioapic_rig *rig, uint8_t vector);
void ioapic_rig_line(struct ioapic_rig *rig, uint32_t pin, uint32_t source,
		     bool level);
void ioapic_rig_load(struct ioapic_rig *rig, uint32_t offset, uint32_t len);
void ioapic_rig_store(struct ioapic_rig *rig, uint32_t offset, uint32_t len,
		      uint64_t value);
/* By IOREGSEL and IOWIN. */
void ioapic_rig_put(struct ioapic_rig *rig, uint32_t index, uint32_t value);
void ioapic_rig_eoi(struct ioapic_rig *rig, uint8_t vector);
void ioapic_rig_retry(struct ioapic_rig *rig);
void ioapic_rig_reset(struct ioapic_rig *rig);
/* Saved and restored; with @p flip one bit is wrong at first. */
void ioapic_rig_image(struct ioapic_rig *rig, uint32_t flip);
/* Saved for later, and back to there. */
void ioapic_rig_keep(struct ioapic_rig *rig);
void ioapic_rig_go_back(struct ioapic_rig *rig);

/* Of lapic_rig_chips. */
void ioapic_rig_accessed(struct ioapic_rig *rig, uint32_t vcpu,
			 const struct lm_eoi *eoi, bool moved);
/* The model's turn after something else that libvic has done. */
void ioapic_rig_replayed(struct ioapic_rig *rig);

/* All that there is to see; and by all registers. */
void ioapic_check(struct ioapic_rig *rig);
void ioapic_check_reads(struct ioapic_rig *rig);
/* Of all IOAPICs of a VM. */
void ioapic_check_counters(struct ioapic_rig *const *rigs, uint32_t count);
void ioapic_check_show(const struct ioapic_rig *rig);

#endif
