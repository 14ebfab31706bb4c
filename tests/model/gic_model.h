/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A GICv3 with one Security state: slow, obvious, and written from IHI 0069.
 * It knows nothing of libvic and nothing of list registers but this: while a
 * vCPU runs with an interrupt in its CPU interface, the rest of the system
 * cannot see what it does with it, and what the rest does to the interrupt
 * takes effect there at some moment before the vCPU is back. So the pending
 * and active states of an interrupt are a set, all that they may be by now;
 * what is seen of them makes the set smaller, and an empty set is a mistake
 * of whoever was seen.
 */
#ifndef GIC_MODEL_H
#define GIC_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <vic/spec/gicv3.h>

#define GM_VCPUS 8
#define GM_SPIS 988
#define GM_ESPIS 1024
#define GM_PRIVATE 96
#define GM_LINES 64
#define GM_OPS 24
#define GM_STATES (16 * (GM_OPS + 1))
#define GM_DEPTH 32
#define GM_NOBODY UINT32_MAX
/* The line that GICD_SETSPI_NSR drives. */
#define GM_MESSAGE 63

/* What the rest of the system does to an interrupt. */
enum gm_op {
	GM_SET,
	GM_CLEAR,
	GM_LOW,
	GM_HIGH,
	GM_DEACTIVATE,
	GM_ACTIVATE,
};

struct gm_state {
	bool latch, line, active;
	/* Linked: active as the physical interrupt that the line stands for. */
	bool served;
	/* How many of gm_irq.ops have taken effect. */
	uint32_t done;
};

struct gm_irq {
	uint32_t intid;
	/* Whose SGI or PPI; GM_NOBODY for an SPI. */
	uint32_t vcpu;
	bool enabled, group1, edge;
	/*
	 * To a physical interrupt: source 0 of the line is high from when
	 * that becomes active, and the deactivation of this one lowers it.
	 */
	bool linked;
	uint8_t priority;
	bool lines[GM_LINES];
	uint64_t router;
	/*
	 * Where it was active and pending when its route changed: there or
	 * at the new target the pending one is taken (12.9.22).
	 */
	uint32_t old_home;
	/* IRM = 1: the vCPU that was chosen, or GM_NOBODY. */
	uint32_t chosen;
	struct gm_state states[GM_STATES];
	uint32_t nr_states;
	enum gm_op ops[GM_OPS];
	uint32_t nr_ops;
	/* Whose CPU interface has it now, and as what. */
	uint32_t holder;
	bool shown_pending, shown_group1, shown_hw;
	uint8_t shown_priority;
	/* The vCPU that acknowledged it and did not deactivate it yet. */
	uint32_t acked_by;
	/*
	 * For who counts reports: deactivations by a guest since its vCPU
	 * last told, what was told, whether something must be, and whether
	 * a register may have ended it.
	 */
	uint32_t ended, reported, ender;
	bool due, cleared;
};

/* An entry of a CPU interface's active priorities. */
struct gm_active {
	uint32_t intid;
	uint8_t group_priority;
	bool group1;
};

struct gm_pe {
	bool enabled[2];
	uint8_t pmr, bpr[2];
	bool cbpr, eoimode;
	/* The last is the running one. */
	struct gm_active active[GM_DEPTH];
	uint32_t nr_active;
	/* GICR_WAKER.ProcessorSleep. */
	bool asleep;
	/* GICR_CTLR.DPG0, DPG1NS. */
	bool dpg[2];
	/* It may have what the rest of the system cannot see; it runs. */
	bool out, running;
	/* It has yet to see a write that RWP tracks, or another one. */
	bool gicd_rwp, gicr_rwp;
	bool gicd_late, gicr_late, sleep_late;
};

struct gm_config {
	uint32_t vcpus, spis, espis, eppis, iidr;
	bool one_of_n, reset_group0, reset_awake, sgi1r_any;
	uint32_t affinity[GM_VCPUS];
	/* Where the frames are. */
	uint64_t gicd_base, gicr_base[GM_VCPUS];
	bool last[GM_VCPUS];
	/* What the manual leaves open, as read from the registers. */
	uint32_t typer_open, ctlr_open;
	bool dpgs;
};

struct gm {
	struct gm_config config;
	bool group_enabled[2];
	/* Bits of GICD_CTLR that are open, and stored. */
	uint32_t ctlr_extra;
	struct gm_irq private[GM_VCPUS][GM_PRIVATE];
	struct gm_irq spi[GM_SPIS];
	struct gm_irq espi[GM_ESPIS];
	struct gm_pe pe[GM_VCPUS];
	/* Of equal priorities the hardware takes any, not the lowest INTID. */
	bool ties_open;
	/* As vic_gic_config.matrix. */
	uint64_t sgis[GM_VCPUS][GM_VCPUS];
};

void gm_init(struct gm *gm, const struct gm_config *config);
void gm_reset(struct gm *gm);

/* NULL if there is none. An SPI's is the same for every vcpu. */
struct gm_irq *gm_irq(struct gm *gm, uint32_t vcpu, uint32_t intid);
/* The next one, private ones first; NULL starts, NULL ends. */
struct gm_irq *gm_next(struct gm *gm, struct gm_irq *irq);

/* The inputs. */
void gm_line(struct gm_irq *irq, uint32_t source, bool level);
void gm_message(struct gm_irq *irq, bool set);
void gm_apply(struct gm_irq *irq, enum gm_op op);
/* Group 0: ICC_SGI0R_EL1 and ICC_ASGI1R_EL1. */
void gm_sgi(struct gm *gm, uint32_t sender, bool group1, uint64_t value);

/* The vCPU's CPU interface gets the interrupt, and gives it back. */
void gm_hold(struct gm_irq *irq, uint32_t vcpu, bool shown_pending,
	     bool shown_hw);
void gm_settle(struct gm_irq *irq);
/* It gives all back. */
void gm_back(struct gm *gm, uint32_t vcpu);
/* What was seen of it: false if that cannot be. */
bool gm_see(struct gm_irq *irq, bool pending, bool active);
bool gm_see_pending(struct gm_irq *irq, bool pending);
bool gm_see_active(struct gm_irq *irq, bool active);
/*
 * Of a linked one that nobody holds, what its physical interrupt is. Where
 * that is no longer requested, one that waits may be given up.
 */
bool gm_see_physical(struct gm_irq *irq, bool active, bool requested);
/* Where that is out of reach it stays, and the next end may be no end. */
void gm_keep_physical(struct gm_irq *irq);
/* Whether it may be pending for more than its line, once all is in effect. */
bool gm_is_latched(const struct gm_irq *irq);

/*
 * All answers that a pending and an active state may still have: now, or
 * with everything in effect that was done to the interrupt.
 */
struct gm_answers {
	/* By pending, active. */
	bool may[2][2];
};
struct gm_answers gm_now(const struct gm_irq *irq);
struct gm_answers gm_settled(const struct gm_irq *irq);
bool gm_is(struct gm_answers answers, bool pending, bool active);
bool gm_is_active(struct gm_answers answers);
bool gm_can(struct gm_answers answers, bool pending, bool active);

/* The vCPU that it is routed to, or GM_NOBODY. */
uint32_t gm_target(const struct gm *gm, const struct gm_irq *irq);
/* A vCPU that may be chosen for a 1 of N interrupt. */
bool gm_eligible(const struct gm *gm, const struct gm_irq *irq, uint32_t vcpu);
/* Pending, it may go to the vCPU's CPU interface. */
bool gm_forwarded(const struct gm *gm, const struct gm_irq *irq, uint32_t vcpu);
/* 4.8: beyond that, it would be signalled to the PE. */
bool gm_unmasked(const struct gm *gm, const struct gm_irq *irq, uint32_t vcpu);
/* Whether a is taken before b. */
bool gm_before(const struct gm_irq *a, const struct gm_irq *b);
/* Its pending state is signalled, if it is the best and not masked. */
bool gm_candidate(const struct gm *gm, const struct gm_irq *irq, uint32_t vcpu);
/*
 * Whether the vCPU's PE may be signalled that interrupt now, or, for NULL,
 * none at all.
 */
bool gm_may_take(struct gm *gm, uint32_t vcpu, const struct gm_irq *irq);
/* Whether it may be signalled any. */
bool gm_may_take_any(struct gm *gm, uint32_t vcpu);

/* The PE. */
uint8_t
gm_group_priority(const struct gm_pe *pe, bool group1, uint8_t priority);
uint8_t gm_running(const struct gm_pe *pe);
/* It acknowledged the interrupt: false if that cannot be. */
bool gm_ack(struct gm *gm, uint32_t vcpu, struct gm_irq *irq);
void gm_drop(struct gm *gm, uint32_t vcpu);
/* It deactivated the interrupt, which it held. */
void gm_deactivate(struct gm_irq *irq);

/* Memory-mapped registers: gic_model_mmio.c. */
bool gm_is_mine(struct gm *gm, uint64_t address);
/* No register has that width there. */
bool gm_is_reserved(struct gm *gm, uint64_t address, uint32_t len);
void gm_write(struct gm *gm, uint64_t address, uint32_t len, uint64_t value);
/* Whether a read may return that, which is taken for seen. */
bool gm_read(struct gm *gm, uint64_t address, uint32_t len, uint64_t value);
/* Whether a read needs a look at a running vCPU; which ones, as a mask. */
uint32_t gm_asks(struct gm *gm, uint64_t address, uint32_t len);

#endif
