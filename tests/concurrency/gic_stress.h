/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the parts of the GIC's stress share: gic_stress.c makes the machine
 * and sends, gic_stress_vcpu.c runs vCPUs and their guests,
 * gic_stress_check.c judges.
 */
#ifndef GIC_STRESS_H
#define GIC_STRESS_H

#include <vic/vic.h>

#include "model/vcpuif.h"
#include "threads.h"

enum {
	/* vCPUs that run a guest; one more only writes registers. */
	GUESTS = 4,
	VCPUS,
	KEEPER = GUESTS,
	/* Messages of a run; VIC_TEST_LONG=1 or --long for the longer. */
	SHORT_RUN = 500000,
	LONG_RUN = 5000000,
	/* Messages of a round, after which all is quiet. */
	ROUND = 64,
	/* After so many of these there is one with more at a time. */
	ROUNDS = 128,
	LONG_ROUND = ROUND * ROUNDS,
	/* Turns of the keeper after the last message, at most. */
	TURNS = 32,
	/* Of the messages, at least one in so many. */
	PER_WAKE = 100,
	PER_KICK = 100,
	PER_MERGE = 100,

	/* Each device has so many SPIs, in two registers. */
	SPIS_EACH = 8,
	FIRST_SPI = 52,
	SPIS = 3 * SPIS_EACH,
	/* Of the lines. */
	SOURCE = 1,
	/* An edge-triggered one, for it has to be the same at each vCPU. */
	PPI = 20,
	/* Guests nest no deeper: each level has a higher priority. */
	DEPTH = 32,
};

enum device_kind {
	/* Edges of a line. */
	EDGES,
	/* Messages: vic_gic_message(). */
	MESSAGES,
	/* Levels: the handler lowers the line before it looks. */
	LEVELS,
	/* Edges of a PPI of each guest. */
	PPIS,
	DEVICES,
};

/* An interrupt that the guest acknowledged and did not end. */
struct frame {
	uint32_t intid;
	/* Dropped with EOImode = 1, yet to be deactivated. */
	bool dropped;
};

struct vcpu {
	_Alignas(VIC_CACHE_LINE) unsigned char vcpu_storage[VIC_VCPU_SIZE];
	struct vic_vcpu *vcpu;
	struct vic_gicr *gicr;
	/* The virtual CPU interface; its registers are the image. */
	struct vcpuif cpu;
	struct latch wake, kick;
	uint32_t index;
	uint64_t random;
	struct frame frames[DEPTH];
	uint32_t depth;
	bool halted, eoimode;
	/* SGIs that the guest still has in mind to send. */
	unsigned burst;
	/* As the hypervisor of a device: it lowers lines. */
	struct vic_counters counters;
	/* Interrupts acknowledged. */
	_Atomic uint64_t irqs;
	uint64_t ended, level_irqs, level_eois, sent, puts;
};

struct device {
	struct vic_counters counters;
	struct latch reply;
	enum device_kind kind;
	uint64_t random;
	uint64_t sent, newly;
};

/* What the keeper did. */
struct keeper {
	uint64_t random, pended, retries;
	_Atomic uint64_t turns;
};

extern struct vic_gic *gic;
extern struct vcpu *vcpus;
extern struct device devices[DEVICES];
extern struct keeper keeper;
extern struct mailbox sgi_box[GUESTS][GUESTS], ppi_box[GUESTS];
extern struct mailbox spi_box[SPIS];
/* Disabled, and GICD_CTLR.RWP was 0 after that: it cannot be taken. */
extern atomic_bool disabled[SPIS];
extern atomic_bool stop;
/* Devices, keeper and main thread: a round begins, its last was sent. */
extern pthread_barrier_t round_begin, round_end;

/* How often a handler of each SPI began or ended; not atomic. */
extern uint64_t handlers[SPIS];

static inline enum device_kind kind_of(uint32_t spi)
{
	return (enum device_kind)(spi / SPIS_EACH);
}

#define GICD_BASE UINT64_C(0x08000000)
#define GICR_BASE UINT64_C(0x40000000)

/* The keeper's accesses, 32 bits unless @len says otherwise. */
void store(uint64_t address, uint32_t len, uint64_t value);
uint64_t load(uint64_t address);
/* IROUTER, to a vCPU; VCPUS is nobody. */
void route(uint32_t spi, uint32_t index);

/* Take @messages out of the budget; false if there is none left. */
bool spend(int64_t messages);
bool spent(void);

/* gic_stress_vcpu.c */
void *vcpu_thread(void *opaque);

/* gic_stress_keeper.c: registers, while all the others run. */
void *keeper_thread(void *unused);

/* gic_stress_check.c */
/* Until @stop is set: fail if a message is not seen for too long. */
void *watchdog_thread(void *unused);

/*
 * Nobody sends: let the vCPUs see what was sent, by that alone. The watchdog
 * ends the wait if it takes too long.
 */
void drain(void);
/* At the end: until the counters agree, or for too long. */
void settle_counters(void);

/* No thread runs any more: TAP. Returns how many checks failed. */
unsigned report(uint64_t messages);

#endif
