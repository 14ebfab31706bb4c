/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What is measured of the GIC. */
#include "pick.h"
#include "scenario.h"

#define SGI 5u
/* The interrupts that are pending: 32 priorities, over and over. */
#define PENDING(i) (VIC_INTID_SPI + (i))
#define BEST PENDING(0)
#define LINE 0
/* SPIs in a 32-bit register with a bit for each. */
#define BITS 32u
#define REGISTERS (GIC_SPIS / BITS)

/* Which register's SPIs isenabler_32 enables for a vCPU. */
static uint32_t bits_of(uint32_t index)
{
	return (index - 1) % REGISTERS;
}

static void loop_sgi(struct bench *b, uint64_t iterations)
{
	struct vic_gicr *gicr = b->machine.cpus[0].gicr;
	struct target *t = b->first;

	for (uint64_t i = 0; i < iterations; i++, t = t->next) {
		if (!empty(b))
			b->bad |= vic_gic_sysreg_write(gicr, VIC_ICC_SGI1R_EL1,
						       t->message);
		put_back(b, t);
	}
}

static void loop_sgi_broadcast(struct bench *b, uint64_t iterations)
{
	struct vic_gicr *gicr = b->machine.cpus[0].gicr;
	uint64_t value = (uint64_t)SGI << VIC_SGI1R_INTID_SHIFT |
			 UINT64_C(1) << VIC_SGI1R_IRM_SHIFT;

	for (uint64_t i = 0; i < iterations; i++) {
		if (!empty(b))
			b->bad |= vic_gic_sysreg_write(gicr, VIC_ICC_SGI1R_EL1,
						       value);
		for (uint32_t j = 0; j < b->count; j++)
			put_back(b, &b->targets[j]);
	}
}

static void loop_line(struct bench *b, uint64_t iterations)
{
	struct machine *m = &b->machine;
	struct target *t = b->first;

	for (uint64_t i = 0; i < iterations; i++, t = t->next) {
		if (!empty(b))
			b->bad |= vic_gic_line_set(m->gic, NULL, &m->device,
						   (uint32_t)t->message, LINE,
						   true) != VIC_POST_KICKED;
		put_back(b, t);
	}
}

static void loop_message(struct bench *b, uint64_t iterations)
{
	struct machine *m = &b->machine;
	struct target *t = b->first;

	for (uint64_t i = 0; i < iterations; i++, t = t->next) {
		if (!empty(b))
			b->bad |= vic_gic_message(m->gic, &m->device,
						  (uint32_t)t->message,
						  true) != VIC_POST_KICKED;
		put_back(b, t);
	}
}

static void loop_isenabler(struct bench *b, uint64_t iterations)
{
	struct vic_gicr *gicr = b->machine.cpus[0].gicr;
	struct target *t = b->first;

	for (uint64_t i = 0; i < iterations; i++, t = t->next) {
		if (!empty(b))
			b->bad |= vic_gic_mmio_write(gicr, t->message, 4,
						     UINT32_MAX);
		put_back(b, t);
	}
}

static void loop_pick(struct bench *b, uint64_t iterations)
{
	struct cpu *cpu = &b->machine.cpus[0];
	uint32_t best = b->pending ? BEST : PICK_NONE;

	for (uint64_t i = 0; i < iterations; i++)
		if (!empty(b))
			b->bad |= pick(cpu->gicr) != best;
}

static void loop_deliverable(struct bench *b, uint64_t iterations)
{
	struct cpu *cpu = &b->machine.cpus[0];
	bool pending = b->pending != 0;

	for (uint64_t i = 0; i < iterations; i++)
		if (!empty(b))
			b->bad |= vic_gic_deliverable(cpu->gicr, &cpu->lrs) !=
				  pending;
}

static void loop_flush_sync(struct bench *b, uint64_t iterations)
{
	struct cpu *cpu = &b->machine.cpus[0];

	for (uint64_t i = 0; i < iterations; i++) {
		if (!empty(b)) {
			b->bad |= vic_gic_flush(cpu->gicr, &cpu->lrs);
			vic_gic_sync(cpu->gicr, &cpu->lrs);
		}
		put_back(b, b->targets);
	}
}

/* What is raised is the best, and in the first list register. */
static void loop_inject_eoi(struct bench *b, uint64_t iterations)
{
	struct machine *m = &b->machine;
	struct cpu *cpu = &m->cpus[0];

	for (uint64_t i = 0; i < iterations; i++) {
		if (empty(b))
			continue;
		b->bad |= vic_gic_message(m->gic, &m->device, BEST, true) !=
			  VIC_POST_SILENT;
		b->bad |= vic_gic_flush(cpu->gicr, &cpu->lrs);
		b->bad |= (uint32_t)cpu->lrs.lr[0] != BEST;
		cpu->lrs.lr[0] &= ~VIC_LR_STATE;
		vic_gic_sync(cpu->gicr, &cpu->lrs);
	}
}

static void loop_exit_sync_flush_enter(struct bench *b, uint64_t iterations)
{
	struct cpu *cpu = &b->machine.cpus[0];

	for (uint64_t i = 0; i < iterations; i++) {
		if (empty(b))
			continue;
		vic_vcpu_exit(cpu->vcpu, false);
		vic_gic_sync(cpu->gicr, &cpu->lrs);
		b->bad |= vic_gic_flush(cpu->gicr, &cpu->lrs);
		b->bad |= vic_vcpu_enter(cpu->vcpu);
	}
}

static uint64_t to_sgi(uint32_t index)
{
	return (uint64_t)SGI << VIC_SGI1R_INTID_SHIFT |
	       (uint64_t)(index / 16) << VIC_SGI1R_AFF1_SHIFT |
	       UINT64_C(1) << index % 16;
}

static uint64_t to_spi(uint32_t index)
{
	return VIC_INTID_SPI + index;
}

static uint64_t to_isenabler(uint32_t index)
{
	uint32_t first = VIC_INTID_SPI + bits_of(index) * BITS;

	return GICD_BASE + VIC_GICD_ISENABLER + first / 8;
}

/* The list registers are the guest's. */
static void flushed(struct bench *b, struct target *t)
{
	struct cpu *cpu = t->cpu;

	(void)b;
	if (vic_gic_flush(cpu->gicr, &cpu->lrs))
		die("a vCPU without news wants a look");
}

static void in_guest(struct bench *b, struct target *t)
{
	flushed(b, t);
	if (vic_vcpu_enter(t->cpu->vcpu) != VIC_ENTER_GUEST)
		die("an idle vCPU cannot enter");
}

/* The SPIs of a register are disabled and routed to a vCPU. */
static void disabled(struct bench *b, struct target *t)
{
	uint32_t index = vic_vcpu_index(t->cpu->vcpu);
	uint32_t first = bits_of(index) * BITS;

	in_guest(b, t);
	if (index > REGISTERS)
		return;
	for (uint32_t i = first; i < first + BITS; i++)
		gic_route(&b->machine, VIC_INTID_SPI + i, index);
	gicd_write(&b->machine,
		   VIC_GICD_ICENABLER + (VIC_INTID_SPI + first) / 8, 4,
		   UINT32_MAX);
}

static void raise(struct bench *b, uint32_t intid)
{
	enum vic_post post = vic_gic_message(b->machine.gic, &b->machine.device,
					     intid, true);

	if (post == VIC_POST_MERGED || post == VIC_POST_REFUSED)
		die("an interrupt cannot be raised");
}

static void raise_from(struct bench *b, uint32_t first)
{
	for (uint32_t i = first; i < b->pending; i++)
		raise(b, PENDING(i));
}

static void pending(struct bench *b, struct target *t)
{
	(void)t;
	raise_from(b, 0);
}

static void pending_flushed(struct bench *b, struct target *t)
{
	raise_from(b, 0);
	flushed(b, t);
}

/* The best came after the last flush. */
static void pending_news(struct bench *b, struct target *t)
{
	raise_from(b, 1);
	flushed(b, t);
	raise(b, BEST);
}

static void pending_but_best(struct bench *b, struct target *t)
{
	(void)t;
	raise_from(b, 1);
}

const struct scenario gic_scenarios[] = {
	{
		.name = "sgi_unicast",
		.sizes = {2, 8, 64, 255, 512},
		.loop = loop_sgi,
		.machine = MACHINE_GIC,
		.regions = 2,
		.prepare = in_guest,
		.message = to_sgi,
		.effect.vectors.kicked = 1,
	},
	{
		.name = "sgi_broadcast",
		.sizes = {8, 64, 255},
		.loop = loop_sgi_broadcast,
		.machine = MACHINE_GIC,
		.broadcast = true,
		.regions = 2,
		.prepare = in_guest,
		.effect.vectors.kicked = 1,
	},
	{
		.name = "spi_raise",
		.sizes = {2, 64, 255},
		.loop = loop_line,
		.machine = MACHINE_GIC,
		.regions = MAX_REGIONS,
		.prepare = in_guest,
		.message = to_spi,
		.effect.vectors.kicked = 1,
	},
	{
		.name = "spi_message",
		.sizes = {2, 64, 255},
		.loop = loop_message,
		.machine = MACHINE_GIC,
		.regions = MAX_REGIONS,
		.prepare = in_guest,
		.message = to_spi,
		.effect.vectors.kicked = 1,
	},
	{
		.name = "isenabler_32",
		.sizes = {2, 64},
		.loop = loop_isenabler,
		.machine = MACHINE_GIC,
		.regions = MAX_REGIONS,
		.prepare = disabled,
		.message = to_isenabler,
	},
	{
		.name = "best_pending",
		.sizes = {0, 1, 32, 256, 900},
		.loop = loop_pick,
		.machine = MACHINE_GIC,
		.pends = true,
		.prepare = pending,
	},
	{
		.name = "deliverable",
		.sizes = {0, 1, 32, 256, 900},
		.loop = loop_deliverable,
		.machine = MACHINE_GIC,
		.pends = true,
		.prepare = pending,
	},
	{
		.name = "lr_flush_sync",
		.sizes = {0, 1, 4, 8, 32, 256, 900},
		.loop = loop_flush_sync,
		.machine = MACHINE_GIC,
		.pends = true,
		.prepare = pending_flushed,
	},
	{
		.name = "lr_flush_sync_news",
		.sizes = {1, 4, 8, 32, 256, 900},
		.loop = loop_flush_sync,
		.machine = MACHINE_GIC,
		.pends = true,
		.regions = MAX_REGIONS,
		.prepare = pending_news,
	},
	{
		.name = "lr_inject_eoi",
		.sizes = {1, 4, 32, 900},
		.loop = loop_inject_eoi,
		.machine = MACHINE_GIC,
		.pends = true,
		.prepare = pending_but_best,
		.effect =
			{
				.vectors.silent = 1,
				.acked = 1,
				.eois = 1,
			},
	},
	{
		.name = "exit_sync_flush_enter_idle",
		.sizes = {1},
		.loop = loop_exit_sync_flush_enter,
		.machine = MACHINE_GIC,
		.prepare = in_guest,
		.effect = {.enters = 1, .exits = 1},
	},
};
const unsigned gic_scenario_count =
	sizeof(gic_scenarios) / sizeof(gic_scenarios[0]);
