/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What fuzz_vcpu knows of its three vCPUs beside libvic, and the checks that
 * follow each operation.
 *
 * Each operation says what it does to two sets of each vCPU: "pending", the
 * vectors in the inbox or in IRR, and "service", those in ISR. Nothing else
 * may change in either: so no vector is lost, none appears, and ISR gains a
 * bit by an ack alone.
 */
#ifndef SHADOW_H
#define SHADOW_H

#include <model/dest_model.h>
#include <model/rig.h>

#include "input.h"

#define VCPUS 3
#define REFUSALS 4

struct vectors {
	uint64_t word[4];
};

struct look {
	struct vic_vcpu_inbox inbox;
	struct vectors irr, tmr, pending, service;
};

struct shadow {
	enum vic_run_state state;
	/* Entered with an immediate exit armed: no kick is owed. */
	bool armed;
	bool bsp;
	bool born_x2apic;
	bool waits_for_sipi;
	uint8_t tpr;
	uint32_t refusals;
	/* Wakes and kicks when it blocked or entered. */
	uint32_t signals;
	/* Before the operation, and after the last one that was checked. */
	struct look before, now;
	/* What the operation should leave. */
	struct vectors pending, service;
	/* What it found in the inbox may be gone: no APIC wanted it. */
	bool may_discard;
};

struct world {
	struct input input;
	struct rig rig;
	struct dest_model model;
	struct shadow vcpu[VCPUS];
	uint32_t msi_width;
	/* Any one of these also gets @c vector. */
	bool any_one[DEST_MODEL_MAX];
	bool any;
	uint32_t vector;
	/* It is there, and at how many it was not before. */
	bool found;
	uint32_t gained;
};

static inline void set_add(struct vectors *v, uint32_t vector)
{
	v->word[vector / 64] |= UINT64_C(1) << vector % 64;
}

static inline void set_drop(struct vectors *v, uint32_t vector)
{
	v->word[vector / 64] &= ~(UINT64_C(1) << vector % 64);
}

static inline bool set_has(const struct vectors *v, uint32_t vector)
{
	return rig_bit(v->word, vector);
}

static inline bool inbox_has(const struct look *l, uint32_t vector)
{
	return rig_bit(l->inbox.pir, vector);
}

static inline struct vic_lapic *lapic_of(const struct world *w, uint32_t i)
{
	return w->rig.vcpus[i].lapic;
}

/* The highest vector, or 0. */
uint32_t set_highest(const struct vectors *v);
void take_look(const struct world *w, uint32_t i, struct look *out);
/* PPR by its definition. */
uint8_t ppr_of(const struct world *w, uint32_t i, const struct look *now);
/* The owner is in the hypervisor when it calls. */
void come_home(struct world *w, uint32_t i);
/* Out of reset or INIT: nothing pending, nothing in service. */
void shadow_reset(struct world *w, uint32_t i);
/* A message was sent: who has one more vector. */
void expect(struct world *w, uint32_t sender, const struct dest_message *m);

/* The answer of a scan is what inbox, IRR and ISR make it. */
void check_work(struct world *w, uint32_t i, uint32_t can,
		const struct vic_work *work);
/* Before an operation, and after it. */
void begin_step(struct world *w);
void check_step(struct world *w);

#endif
