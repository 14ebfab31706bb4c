/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Under the vCPUs of an apic_world: physical CPUs with posted-interrupt
 * processing, a processor that runs the guest, and devices that post. The
 * fuzz target plays the hypervisor that stands between them and libvic.
 */
#ifndef HW_WORLD_H
#define HW_WORLD_H

#include "apic_world.h"

#include "hw/vtx.h"

/* The physical vector that a kick is. */
#define HW_KICK 0xfb

/* What a vCPU is for the hardware. */
struct hw_cpu {
	struct vtx_vmcs vmcs;
	/* Where it was loaded last; NULL: nowhere yet. */
	struct hw_pcpu *at;
	bool put;
	/* Since it sleeps the wake-up vector's handler has woken it. */
	bool woken;
	/* An access or an unblock: scan before the next entry. */
	bool must_scan;
	/* Kicks that were sent to the pCPU. */
	uint32_t kicks;
	/*
	 * Vectors that were posted as level and that nothing else can have
	 * posted since: their delivery is one of a level interrupt.
	 */
	uint64_t level[4];
	/* PIR bits that devices set newly. */
	uint64_t posted;
	/* What only the hardware may change while it runs the guest. */
	uint8_t page[VIC_APIC_PAGE_SIZE];
};

struct hw_pcpu {
	struct vic_pcpu *pcpu;
	void *storage;
	struct vtx_pcpu cpu;
};

struct hw {
	struct hw_cpu cpu[APIC_CPUS];
	struct hw_pcpu pcpu[APIC_PCPUS];
	/* All vCPUs have started when the stream begins. */
	bool booted;
	/* Of the host: NDST as in xAPIC mode; its vectors. */
	bool xapic;
	uint8_t notify_vector, wakeup_vector;
	/* Locks of libvic's that are held. */
	uint32_t locks;
	/* Which accesses of x2APIC mode exit. */
	uint8_t *msr_bitmap;
};

/* For apic_world.c. */
void hw_init(struct apic_world *w, uint32_t shape);
void hw_cpu_init(struct apic_cpu *c);
void hw_free(struct apic_world *w);
/* Memory of libvic's: the pCPU @n. */
void *hw_piece(const struct apic_world *w, uint32_t n, size_t *size);
/* POSTED to HOST. */
void hw_home(struct apic_cpu *c);
/* What was asked for in callbacks goes out to the pCPUs. */
void hw_flush(struct apic_world *w);
/* A scan said @flags. */
void hw_looked(struct apic_cpu *c, uint32_t flags);
/* The descriptor was written by hardware, which wants to tell somebody. */
void hw_notify(struct apic_world *w, uint32_t ndst, uint8_t vector);
/* A vector came to the host, which was interrupted in it. */
void hw_host_vector(struct apic_world *w, struct hw_pcpu *p, uint8_t vector);

/* hw_check.c, for apic_check.c. */
void hw_check(struct apic_cpu *c);
void hw_check_reached(const struct apic_cpu *c,
		      const struct vic_vcpu_inbox *inbox);
/* What the hardware adds to what is newly pending, less what it took. */
uint64_t hw_vectors(const struct apic_cpu *c);
bool hw_pending(const struct hw_pcpu *p, uint8_t vector);

/* A post of software's is to come. */
void hw_posting(struct apic_cpu *c, uint8_t vector, bool level);
/* Anything may be posted now. */
void hw_forget(struct apic_world *w);
/* The processor delivers @vector. */
void hw_delivered(struct apic_cpu *c, uint8_t vector);

/* hw_guest.c */
/* The vCPU leaves its guest, which exited or not. */
void hw_leave(struct apic_cpu *c, bool kicked);
/* vic_lapic_enter(): whether it let the vCPU go. */
bool hw_go(struct apic_world *w, struct apic_cpu *c, uint16_t *status);
void hw_enter(struct apic_world *w, struct apic_cpu *c);
void hw_guest(struct apic_world *w, struct apic_cpu *c);

/* hw_steps.c */
/* Whether it posts nothing that hw_posting() does not hear of. */
bool hw_is_quiet(apic_step step);
/* The vCPU has started, posts, and is loaded. */
void hw_boot(struct apic_world *w, struct apic_cpu *c);
void hw_device(struct apic_world *w, struct apic_cpu *c);
void hw_spurious(struct apic_world *w, struct apic_cpu *c);
void hw_load(struct apic_world *w, struct apic_cpu *c);
void hw_put(struct apic_world *w, struct apic_cpu *c);
void hw_host(struct apic_world *w, struct apic_cpu *c);
void hw_sleep(struct apic_world *w, struct apic_cpu *c);
void hw_set_posting(struct apic_world *w, struct apic_cpu *c);
void hw_harvest(struct apic_world *w, struct apic_cpu *c);
void hw_reload(struct apic_world *w, struct apic_cpu *c);
void hw_write_exit(struct apic_world *w, struct apic_cpu *c);
void hw_eoi_exit(struct apic_world *w, struct apic_cpu *c);
/* Without posting these are an embedder's that delivers itself. */
void hw_ack(struct apic_world *w, struct apic_cpu *c);
void hw_unack(struct apic_world *w, struct apic_cpu *c);
void hw_inta(struct apic_world *w, struct apic_cpu *c);

#endif
