/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One Arm VM in one thread: libvic's GICv3 on simulated hardware, beside
 * the model. Each function does a thing to both and compares; the first
 * difference is kept, with what led to it.
 */
#ifndef GIC_RIG_H
#define GIC_RIG_H

#include <vic/vic.h>

#include "gic_model.h"
#include "vcpuif.h"

#define GIC_RIG_NOTES 4096
#define GIC_RIG_NOTE 120
#define GIC_RIG_LINKS 24
#define GIC_RIG_POSTED 32

enum gic_rig_where {
	/* In the hypervisor, list registers synced. */
	RIG_HOST,
	/* After vic_gic_flush(). */
	RIG_FLUSHED,
	/* After VIC_ENTER_AGAIN. */
	RIG_REFUSED,
	RIG_GUEST,
	/* After vic_vcpu_exit(), before vic_gic_sync(). */
	RIG_LEFT,
	RIG_BLOCKED,
};

struct gic_rig;

struct gic_rig_cpu {
	struct gic_rig *rig;
	uint32_t index;
	struct vic_vcpu *vcpu;
	struct vic_gicr *gicr;
	void *vcpu_storage, *gicr_storage;
	struct vic_gic_lrs image;
	struct vcpuif hw;
	/* What flush gave. */
	uint64_t given[VIC_GIC_MAX_LRS];
	uint32_t given_used;
	enum gic_rig_where where;
	/* Told since it last looked: it leaves when it likes, but does. */
	bool told;
	/* A maintenance interrupt, or an exit that was armed. */
	bool must_exit;
	bool loaded;
	bool resync;
	uint32_t kicks, wakes;
	/* A read that has to be repeated, and who did not leave since. */
	uint64_t asked_address;
	uint32_t asked;
	/* Entries in a row that a maintenance interrupt ended at once. */
	uint32_t idle;
	/* Dropped with EOImode = 1, to be deactivated. */
	uint32_t dropped[GM_DEPTH * 2];
	uint32_t nr_dropped;
};

/* A physical interrupt; a PPI's is that of the vCPU's physical CPU. */
struct gic_rig_link {
	struct gm_irq *irq;
	uint32_t pintid;
	/* Its device asks; the physical GIC has it active. */
	bool requested, active;
};

/* What the embedder's eoi callback does to source 1 of the line. */
enum gic_rig_on_eoi {
	RIG_EOI_NOTHING,
	RIG_EOI_RAISES,
	RIG_EOI_LOWERS,
};

struct gic_rig_spec {
	struct gm_config model;
	uint32_t nr_lrs, prebits, nr_regions;
	uint32_t region_count[VIC_GIC_MAX_REGIONS];
	bool ties_high;
};

struct gic_rig {
	struct gm gm;
	struct gic_rig_spec spec;
	struct vic_gic *gic;
	void *gic_storage;
	uint64_t *matrix;
	struct vic_counters counters;
	struct gic_rig_cpu cpu[GM_VCPUS];
	struct gic_rig_link links[GIC_RIG_LINKS];
	uint32_t nr_links;
	/* The vCPU whose thread calls, or GM_NOBODY. */
	uint32_t thread;
	enum gic_rig_on_eoi on_eoi;
	/* What eoi posts in a flush is in the image or comes after it. */
	bool flushing;
	struct gm_irq *posted[GIC_RIG_POSTED];
	uint32_t nr_posted;
	/* Deactivations of level-sensitive interrupts, told and yet to be. */
	uint32_t eois;
	/* Kicks and wakes that nothing needed, of all. */
	uint64_t spurious, signals;
	uint64_t taken, retries, spilled, left_out;
	/*
	 * Physical interrupts, lines that eoi raised, and deactivations for
	 * another vCPU.
	 */
	uint64_t fired, raised, dirs_for;
	bool failed;
	char failure[256];
	uint32_t nr_notes;
	char notes[GIC_RIG_NOTES][GIC_RIG_NOTE];
};

void gic_rig_init(struct gic_rig *rig, const struct gic_rig_spec *spec);
void gic_rig_free(struct gic_rig *rig);
#define PRINTF(n) __attribute__((format(printf, n, n + 1)))
void gic_rig_note(struct gic_rig *rig, const char *format, ...) PRINTF(2);
void gic_rig_fail(struct gic_rig *rig, const char *format, ...) PRINTF(2);

/* That INTID, of each vCPU if it is a PPI; before it is used. */
void gic_rig_link(struct gic_rig *rig, uint32_t intid, uint32_t pintid);
/* NULL: none. */
struct gic_rig_link *
gic_rig_linked(struct gic_rig *rig, uint32_t vcpu, uint32_t pintid);
/* The device's; and what the physical GIC then signals. */
void gic_rig_request(struct gic_rig *rig, struct gic_rig_link *link, bool high);
void gic_rig_fire(struct gic_rig *rig, struct gic_rig_link *link);

/* From the hypervisor, synced. */
void gic_rig_write(struct gic_rig *rig, uint32_t vcpu, uint64_t address,
		   uint32_t len, uint64_t value);
void gic_rig_read(struct gic_rig *rig, uint32_t vcpu, uint64_t address,
		  uint32_t len, bool insist);
void gic_rig_sgi(struct gic_rig *rig, uint32_t vcpu, uint32_t sysreg,
		 uint64_t value);
void gic_rig_sre(struct gic_rig *rig, uint32_t vcpu, uint64_t value);
void gic_rig_flush(struct gic_rig *rig, uint32_t vcpu);
void gic_rig_block(struct gic_rig *rig, uint32_t vcpu);
void gic_rig_put(struct gic_rig *rig, uint32_t vcpu);

/* From elsewhere. */
void gic_rig_enter(struct gic_rig *rig, uint32_t vcpu);
void gic_rig_exit(struct gic_rig *rig, uint32_t vcpu);
void gic_rig_sync(struct gic_rig *rig, uint32_t vcpu);
void gic_rig_unblock(struct gic_rig *rig, uint32_t vcpu);
void gic_rig_resync(struct gic_rig *rig, uint32_t vcpu);
void gic_rig_line(struct gic_rig *rig, uint32_t vcpu, uint32_t intid,
		  uint32_t source, bool level);
void gic_rig_message(struct gic_rig *rig, uint32_t intid, bool set);
void gic_rig_reset(struct gic_rig *rig);

/* The guest's instructions. */
void gic_rig_iar(struct gic_rig *rig, uint32_t vcpu, uint32_t group);
void gic_rig_eoir(struct gic_rig *rig, uint32_t vcpu);
void gic_rig_dir(struct gic_rig *rig, uint32_t vcpu, uint32_t which);
/* What another one has acknowledged, and dropped: an SPI. */
void gic_rig_dir_for(struct gic_rig *rig, uint32_t vcpu, uint32_t other,
		     uint32_t which);
void gic_rig_pmr(struct gic_rig *rig, uint32_t vcpu, uint32_t value);
void gic_rig_bpr(struct gic_rig *rig, uint32_t vcpu, uint32_t group,
		 uint32_t value);
void gic_rig_igrpen(struct gic_rig *rig, uint32_t vcpu, uint32_t group,
		    bool enable);
void gic_rig_ctlr(struct gic_rig *rig, uint32_t vcpu, bool cbpr, bool eoimode);

/*
 * Physical interrupts are active while linked ones stand for them. A PPI's
 * is set by the thread of its vCPU alone, so it is exact when that has just
 * flushed, or blocked.
 */
void gic_check_physical(struct gic_rig *rig, uint32_t exact);
/* What must hold between any two of these: gic_check.c. */
void gic_check(struct gic_rig *rig);
/* Whether flush gave it. */
bool gic_check_given(const struct gic_rig_cpu *cpu, uint32_t intid);
/* What flush gave, and that nothing hides behind it. */
void gic_check_flush(struct gic_rig *rig, uint32_t vcpu);
/*
 * With more than fits, an interrupt that was given as active and pending may
 * come before a better one that was left out.
 */
bool gic_check_excused(struct gic_rig *rig, uint32_t vcpu, uint32_t intid);
/* What vic_gic_deliverable() says. */
void gic_check_deliverable(struct gic_rig *rig, uint32_t vcpu);
/* What vic_gic_peek() says of every interrupt. */
void gic_check_peek(struct gic_rig *rig);
/* The interrupts in which something goes on, here and there. */
void gic_check_show(struct gic_rig *rig);
/* Whether the vCPU must leave the guest, or its sleep, for its own good. */
bool gic_check_needed(struct gic_rig *rig, uint32_t vcpu);

#endif
