/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One to three vCPUs with local APICs under a stream of operations, and what
 * must hold after each of them (apic_check.c). Storage is plain memory, so
 * a check may try something and put back what was there.
 */
#ifndef APIC_WORLD_H
#define APIC_WORLD_H

#include <vic/vic.h>

#include "input.h"

#define APIC_CPUS 3
#define APIC_PCPUS 2
#define APIC_PIECES (3 * APIC_CPUS + 1 + APIC_PCPUS)
/* Calls of vic_vcpu_ops.now in one call of libvic. */
#define APIC_MOST_NOWS 16

/* What the callbacks saw. */
struct apic_seen {
	uint32_t wakes, kicks, eois, eoi_vector;
	/* Notifications; the last one, and whether it is still to be sent. */
	uint32_t notifies, notify_dest;
	uint8_t notify_vector;
	bool notify_due;
};

/* Processors and devices that post: hw_world.h. */
struct hw;
struct hw_cpu;

struct apic_cpu {
	struct apic_world *world;
	struct vic_vcpu *vcpu;
	struct vic_lapic *lapic;
	void *vcpu_storage, *lapic_storage;
	uint8_t *page;
	uint32_t id, flags, physical_bits;
	struct apic_seen seen;
	/* NULL where nothing posts. */
	struct hw_cpu *hw;
	enum vic_run_state state;
	/* Entered with an immediate exit armed: no kick is owed. */
	bool immediate;
	/* In wait-for-SIPI. */
	bool waits;
	/* Somebody asked for a look: the next scan tells. */
	bool resync;
	uint32_t refusals;
	/* Wakes and kicks when it blocked or entered. */
	uint32_t signals;
	/* The host's timer, armed as vic_lapic_deadline() said. */
	bool armed;
	struct vic_deadline deadline;
	/* Before the operation. */
	struct vic_vcpu_inbox before;
	/* An image to come back to. */
	bool kept;
	uint8_t image[VIC_LAPIC_IMAGE_SIZE];
};

/* All memory that libvic has, and a copy to put back. */
struct apic_copy {
	uint8_t *piece[APIC_PIECES];
	struct apic_seen seen[APIC_CPUS];
};

struct apic_world {
	struct input input;
	struct vic_vcpu_ops ops;
	struct vic_apic_bus *bus;
	void *bus_storage;
	size_t bus_size;
	uint32_t policy;
	uint32_t count;
	struct apic_cpu cpu[APIC_CPUS];
	struct hw *hw;
	/* Something is tried and put back afterwards: no processor runs. */
	bool trial;
	/* The block of the one thread that is no vCPU. */
	struct vic_counters device;
	/* enum vic_clock; how far a look at them moves them. */
	uint64_t clock[2];
	uint32_t drift;
	/* Calls of now since the operation began. */
	uint32_t nows;
	/* The next EOI callback posts the vector again: its line is high. */
	bool line_stays;
	uint8_t inta_vector;
	/* What the accounts are off by since a restore, modulo 2^64. */
	uint64_t vectors_off, requests_off;
	struct apic_copy before, spare;
};

typedef void (*apic_step)(struct apic_world *w, struct apic_cpu *c);

/*
 * Make @count vCPUs as the head of the input says, without the lapic flags
 * @never; @hw is NULL, or what posts to them. All of the input then goes to
 * @steps.
 */
void apic_world_init(struct apic_world *w, const uint8_t *data, size_t size,
		     uint32_t count, uint32_t never, struct hw *hw);
void apic_world_run(struct apic_world *w, const apic_step *steps, uint32_t n);
void apic_world_free(struct apic_world *w);

void apic_copy_take(const struct apic_world *w, struct apic_copy *copy);
void apic_copy_put_back(struct apic_world *w, const struct apic_copy *copy);
/* Whether all memory is as in the copy. */
bool apic_copy_equal(const struct apic_world *w, const struct apic_copy *copy);

/* The owner is in the hypervisor when it calls. */
void apic_come_home(struct apic_cpu *c);
uint32_t apic_reg(const struct apic_cpu *c, uint32_t offset);
bool apic_bit(const struct apic_cpu *c, uint32_t offset, uint32_t vector);
/* The highest vector of IRR or ISR; 0 for none. */
uint32_t apic_top(const struct apic_cpu *c, uint32_t offset);
/* PPR by its definition. */
uint32_t apic_ppr(const struct apic_cpu *c);
/* Vectors of IRR that some scan may offer. */
bool apic_deliverable(const struct apic_cpu *c);
/* An ExtINT waits: @inbox is a look that was just taken. */
bool apic_extint(const struct apic_cpu *c, const struct vic_vcpu_inbox *inbox);
/* The image that it would have: nothing changes. */
void apic_image(struct apic_cpu *c, uint8_t *image);

/* All vectors are in IRR afterwards, in a trial. */
void apic_settle(struct apic_world *w);

/* apic_check.c */
void apic_check_begin(struct apic_world *w);
/* Of all vCPUs; @changed is the one that the operation was for. */
void apic_check(struct apic_world *w, struct apic_cpu *changed);
/* The page and the image of one, whatever the others are like. */
void apic_check_sound(struct apic_cpu *c);
/* After a restore from @image: the accounts begin anew. */
void apic_check_restored(struct apic_cpu *c, const uint8_t *image);
/* A vector is offered only where none is posted. */
bool apic_offers_vectors(const struct apic_cpu *c);
/* The answer of a scan just made is what the state makes it. */
void apic_check_work(const struct apic_cpu *c, uint32_t can,
		     const struct vic_work *work);
/* Requests that were newly pending and are nothing to acknowledge. */
void apic_no_request(struct apic_world *w, uint64_t n);
/* A save or a restore asked for a look. */
void apic_asked(struct apic_cpu *c);
uint64_t apic_newly_requested(const struct apic_world *w);

/* apic_access.c: the guest. */
void apic_mmio_read(struct apic_world *w, struct apic_cpu *c);
void apic_mmio_write(struct apic_world *w, struct apic_cpu *c);
void apic_msr_read(struct apic_world *w, struct apic_cpu *c);
void apic_msr_write(struct apic_world *w, struct apic_cpu *c);
void apic_base_write(struct apic_world *w, struct apic_cpu *c);
void apic_deadline_write(struct apic_world *w, struct apic_cpu *c);
enum vic_access apic_store(struct apic_world *w, struct apic_cpu *c,
			   uint32_t offset, uint32_t len, uint64_t value);
enum vic_access apic_wrmsr(struct apic_world *w, struct apic_cpu *c,
			   uint32_t msr, uint64_t value);
/* By the door that the mode has. */
void apic_lvt_write(struct apic_world *w, struct apic_cpu *c);
void apic_svr_write(struct apic_world *w, struct apic_cpu *c);
void apic_timer_write(struct apic_world *w, struct apic_cpu *c);
void apic_icr_write(struct apic_world *w, struct apic_cpu *c);
void apic_eoi(struct apic_world *w, struct apic_cpu *c);
void apic_cr8(struct apic_world *w, struct apic_cpu *c);

/* apic_steps.c: senders, time, the owner. */
uint32_t apic_look(struct apic_world *w, struct apic_cpu *c, uint32_t can,
		   struct vic_work *work);
void apic_msi(struct apic_world *w, struct apic_cpu *c);
void apic_post(struct apic_world *w, struct apic_cpu *c);
void apic_request(struct apic_world *w, struct apic_cpu *c);
void apic_time(struct apic_world *w, struct apic_cpu *c);
void apic_host_timer(struct apic_world *w, struct apic_cpu *c);
void apic_scan(struct apic_world *w, struct apic_cpu *c);
void apic_take(struct apic_world *w, struct apic_cpu *c);
void apic_ack(struct apic_world *w, struct apic_cpu *c);
void apic_unack(struct apic_world *w, struct apic_cpu *c);
void apic_inta(struct apic_world *w, struct apic_cpu *c);
void apic_ack_request(struct apic_world *w, struct apic_cpu *c);
void apic_enter(struct apic_world *w, struct apic_cpu *c);
void apic_home(struct apic_world *w, struct apic_cpu *c);
void apic_block(struct apic_world *w, struct apic_cpu *c);
void apic_reset(struct apic_world *w, struct apic_cpu *c);
void apic_in_place(struct apic_world *w, struct apic_cpu *c);
void apic_keep(struct apic_world *w, struct apic_cpu *c);
void apic_back(struct apic_world *w, struct apic_cpu *c);

#endif
