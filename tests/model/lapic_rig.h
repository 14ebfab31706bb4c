/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One x86 VM in one thread: libvic's local APICs beside the model. Each
 * function does a thing to both and compares the answers; lapic_check()
 * compares what they are. The first difference is kept, with what led to it.
 */
#ifndef LAPIC_RIG_H
#define LAPIC_RIG_H

#include <vic/vic.h>

#include "lapic_model.h"

#define LAPIC_RIG_VCPUS 4
#define LAPIC_RIG_NOTES 512
#define LAPIC_RIG_NOTE 120
#define LAPIC_RIG_EOIS 64

enum lapic_rig_where {
	/* In the hypervisor; it has scanned. */
	LAPIC_RIG_HOST,
	/* It looks before it goes on. */
	LAPIC_RIG_GUEST,
	LAPIC_RIG_BLOCKED,
};

struct lapic_rig;

struct lapic_rig_cpu {
	struct lapic_rig *rig;
	uint32_t index;
	struct vic_vcpu *vcpu;
	struct vic_lapic *lapic;
	void *vcpu_storage, *lapic_storage;
	uint8_t *page;
	enum lapic_rig_where where;
	/* Told since it last looked. */
	bool told;
	/* What the last scan said. */
	struct vic_work work;
	/* What the embedder armed for it. */
	bool armed;
	struct vic_deadline deadline;
	/* Of vic_vcpu_ops.inta: how many, and the last answer. */
	uint32_t intas;
	uint8_t inta;
	bool resync;
	/* An image of before, and of what. */
	bool has_kept;
	uint8_t kept[VIC_LAPIC_IMAGE_SIZE];
	struct lm_vcpu kept_model;
};

/* Of the image: docs/images.md. */
#define LAPIC_IMAGE_PAGE 16
#define LAPIC_IMAGE_BASE 1056
#define LAPIC_IMAGE_ERRORS 1064
#define LAPIC_IMAGE_WAITS 1068
#define LAPIC_IMAGE_NMIS 1072
#define LAPIC_IMAGE_SMI 1073
#define LAPIC_IMAGE_INIT 1074
#define LAPIC_IMAGE_LINES 1078
#define LAPIC_IMAGE_DEADLINE 1096

struct lapic_rig_spec {
	/* extint is vic_vcpu_ops.inta, choose and opaque are the rig's. */
	struct lm_config model;
	/* There is vic_vcpu_ops.now. */
	bool clock;
};

/*
 * The VM's other chips, which see what becomes of the local APICs; after
 * lapic_rig_init().
 */
struct lapic_rig_chips {
	/*
	 * An access, which both have seen: it ended @p eoi, if not NULL, or
	 * it may have changed which messages the vCPU accepts.
	 */
	void (*accessed)(void *opaque, uint32_t vcpu, const struct lm_eoi *eoi,
			 bool moved);
	/* The INTA cycle of libvic's 8259, and of its model; or NULL. */
	uint8_t (*inta)(void *opaque);
	uint8_t (*model_inta)(void *opaque);
	void *opaque;
	/* The vCPUs that have an 8259 at LINT0. */
	uint32_t wired;
};

struct lapic_rig {
	struct lm lm;
	struct lapic_rig_spec spec;
	struct vic_vcpu_ops ops;
	struct vic_apic_bus *bus;
	void *bus_storage;
	struct vic_counters counters;
	struct lapic_rig_cpu cpu[LAPIC_RIG_VCPUS];
	/* By enum vic_clock. */
	uint64_t now[2];
	/* What vic_vcpu_ops.eoi was told, and the model has not said yet. */
	struct lm_eoi eois[LAPIC_RIG_EOIS];
	uint32_t nr_eois;
	struct lapic_rig_chips chips;
	/* The line of what ends is still high: it is sent again at once. */
	bool lines_stay;
	/* How much there was of it. */
	uint64_t taken, ended, expired, choices, inits, restored;
	bool failed;
	char failure[256];
	uint32_t nr_notes;
	char notes[LAPIC_RIG_NOTES][LAPIC_RIG_NOTE];
};

void lapic_rig_init(struct lapic_rig *rig, const struct lapic_rig_spec *spec);
void lapic_rig_free(struct lapic_rig *rig);
#define PRINTF(n) __attribute__((format(printf, n, n + 1)))
void lapic_rig_note(struct lapic_rig *rig, const char *format, ...) PRINTF(2);
void lapic_rig_fail(struct lapic_rig *rig, const char *format, ...) PRINTF(2);
/* The last of the notes, to stderr. */
void lapic_rig_show(const struct lapic_rig *rig);

/* The guest's accesses. */
void lapic_rig_load(struct lapic_rig *rig, uint32_t vcpu, uint32_t offset,
		    uint32_t len);
void lapic_rig_store(struct lapic_rig *rig, uint32_t vcpu, uint32_t offset,
		     uint32_t len, uint64_t value);
void lapic_rig_rdmsr(struct lapic_rig *rig, uint32_t vcpu, uint32_t msr);
void lapic_rig_wrmsr(struct lapic_rig *rig, uint32_t vcpu, uint32_t msr,
		     uint64_t value);
void lapic_rig_set_tpr(struct lapic_rig *rig, uint32_t vcpu, uint8_t cr8);

/* What the vCPU's thread does. */
void lapic_rig_ack(struct lapic_rig *rig, uint32_t vcpu, uint8_t vector);
void lapic_rig_unack(struct lapic_rig *rig, uint32_t vcpu, uint8_t vector);
void lapic_rig_inta(struct lapic_rig *rig, uint32_t vcpu);
void lapic_rig_ack_extint(struct lapic_rig *rig, uint32_t vcpu, uint8_t vector);
void lapic_rig_ack_nmi(struct lapic_rig *rig, uint32_t vcpu);
void lapic_rig_ack_smi(struct lapic_rig *rig, uint32_t vcpu);
void lapic_rig_ack_init(struct lapic_rig *rig, uint32_t vcpu);
/* After an INIT that the last scan did not see, if so. */
void lapic_rig_ack_sipi(struct lapic_rig *rig, uint32_t vcpu, bool late);
/* Before and after something that may change LINT0 of those wired. */
void lapic_rig_before_wire(struct lapic_rig *rig);
void lapic_rig_after_wire(struct lapic_rig *rig);
void lapic_rig_reset(struct lapic_rig *rig, uint32_t vcpu);
void lapic_rig_enter(struct lapic_rig *rig, uint32_t vcpu);
void lapic_rig_block(struct lapic_rig *rig, uint32_t vcpu, uint32_t can);
/* To LAPIC_RIG_HOST. */
void lapic_rig_leave(struct lapic_rig *rig, uint32_t vcpu);
/* vic_lapic_save(). */
void lapic_rig_save(struct lapic_rig *rig, uint32_t vcpu, uint8_t *image);
/* Saved and restored; with @p flip one bit is wrong at first. */
void lapic_rig_image(struct lapic_rig *rig, uint32_t vcpu, uint32_t flip);
/* The model goes back to @p kept. */
void lapic_rig_put_back(struct lapic_rig *rig, uint32_t vcpu,
			const struct lm_vcpu *kept);
/* What both have taken from an image. */
void lapic_rig_restored(struct lapic_rig *rig, uint32_t vcpu);
/* Saved for later, and back to there. */
void lapic_rig_keep(struct lapic_rig *rig, uint32_t vcpu);
void lapic_rig_go_back(struct lapic_rig *rig, uint32_t vcpu);

/* From elsewhere. */
void lapic_rig_msi(struct lapic_rig *rig, uint64_t address, uint32_t data);
void lapic_rig_post(struct lapic_rig *rig, uint32_t vcpu, uint8_t vector,
		    bool level);
void lapic_rig_request(struct lapic_rig *rig, uint32_t vcpu,
		       enum vic_request request, uint8_t argument);
/* Time goes on; and the host's timers go off, that much later. */
void lapic_rig_pass(struct lapic_rig *rig, enum vic_clock clock,
		    uint64_t ticks);
void lapic_rig_ring(struct lapic_rig *rig);

/* Looks; and compares all that there is: lapic_check.c. */
void lapic_check_scan(struct lapic_rig *rig, uint32_t vcpu, uint32_t can);
void lapic_check(struct lapic_rig *rig, uint32_t vcpu);
/* The same by what is saved, which needs another look then. */
void lapic_check_image(struct lapic_rig *rig, uint32_t vcpu);
/* The same by the guest's own reads. */
void lapic_check_reads(struct lapic_rig *rig, uint32_t vcpu);
/* EOI messages, sent by both. */
void lapic_check_eois(struct lapic_rig *rig);
/* That no vector was lost on its way, or counted twice. */
void lapic_check_counters(struct lapic_rig *rig);
/* That nobody stays in the guest, or asleep, with something to do. */
void lapic_check_told(struct lapic_rig *rig);
void lapic_check_show(const struct lapic_rig *rig);

#endif
