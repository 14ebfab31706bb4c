/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* An IOAPIC and a PIC. */
#include "scenario.h"

#define VECTOR 0x51u
#define EDGE_PIN 4u
#define LEVEL_PIN 5u
#define IRQ 4u
#define PIC_BASE 0x20u
#define PIC_EOI VIC_PIC_OCW2_EOI
#define EXTINT (VIC_MODE_EXTINT << VIC_LVT_MODE_SHIFT)

/* The device of a level-triggered pin was served. */
static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct machine *m = opaque;

	calls.eois++;
	if (source == VIC_EOI_IOAPIC)
		vic_ioapic_line_set(m->ioapic, &m->device, number, 0, false);
}

/* A wired vCPU must have one; loop_pic() is who acknowledges. */
static uint8_t inta(void *opaque)
{
	(void)opaque;
	return PIC_BASE;
}

static struct vic_vcpu_ops chip_ops;

static void program(struct machine *m, uint32_t index, uint32_t value)
{
	must((int)vic_ioapic_write(m->ioapic, &m->device, VIC_IOAPIC_IOREGSEL,
				   4, index),
	     "IOREGSEL refuses to be written");
	must((int)vic_ioapic_write(m->ioapic, &m->device, VIC_IOAPIC_IOWIN, 4,
				   value),
	     "IOWIN refuses to be written");
}

static void ioapic_init(struct machine *m)
{
	const struct vic_ioapic_config config = {
		.size = sizeof(config),
		.bus = m->bus,
		.ops = m->ops,
		.opaque = m,
	};
	size_t size = vic_ioapic_size(&config);

	must(vic_ioapic_init(alloc(VIC_CACHE_LINE, size), size, &config,
			     &m->ioapic),
	     "an IOAPIC cannot be made");
	program(m, VIC_IOAPIC_REDTBL + 2 * EDGE_PIN, VECTOR);
	program(m, VIC_IOAPIC_REDTBL + 2 * LEVEL_PIN, VIC_RTE_LEVEL | VECTOR);
}

static void out(struct machine *m, uint32_t port, uint8_t value)
{
	must((int)vic_pic_write(m->pic, &m->device, port, value),
	     "the PIC refuses a port");
}

static void pic_init(struct machine *m)
{
	const struct vic_pic_config config = {
		.size = sizeof(config),
		.ops = m->ops,
		.opaque = m,
	};

	must(vic_pic_init(alloc(VIC_CACHE_LINE, vic_pic_size()), vic_pic_size(),
			  &config, &m->pic),
	     "a PIC cannot be made");
	must(vic_pic_wire(m->pic, &m->device, m->cpus[0].vcpu),
	     "a PIC cannot be wired");
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t port = i ? VIC_PIC_SLAVE : VIC_PIC_MASTER;

		out(m, port, VIC_PIC_ICW1 | VIC_PIC_ICW1_IC4);
		out(m, port + 1, (uint8_t)(PIC_BASE + i * 8));
		out(m, port + 1, i ? VIC_PIC_CASCADE : 1u << VIC_PIC_CASCADE);
		out(m, port + 1, VIC_PIC_ICW4_UPM);
	}
}

void chip_machine_init(struct machine *m, unsigned flags)
{
	chip_ops = ops;
	chip_ops.eoi = eoi;
	chip_ops.inta = inta;
	m->ops = &chip_ops;
	machine_init(m, flags);
	must((int)vic_lapic_msr_write(m->cpus[0].lapic,
				      VIC_MSR_X2APIC + VIC_APIC_LVT_LINT0 / 16,
				      EXTINT),
	     "LVT LINT0 refuses to be written");
	ioapic_init(m);
	pic_init(m);
}

static void loop_edge(struct bench *b, uint64_t iterations)
{
	struct machine *m = &b->machine;

	for (uint64_t i = 0; i < iterations; i++) {
		if (!empty(b)) {
			b->bad |= !vic_ioapic_line_set(m->ioapic, &m->device,
						       EDGE_PIN, 0, true);
			b->bad |= vic_ioapic_line_set(m->ioapic, &m->device,
						      EDGE_PIN, 0, false);
		}
		put_back(b, b->targets);
	}
}

/* The local APIC's part is what the next loop has beside this. */
static void loop_level(struct bench *b, uint64_t iterations)
{
	struct machine *m = &b->machine;

	for (uint64_t i = 0; i < iterations; i++) {
		if (!empty(b)) {
			b->bad |= !vic_ioapic_line_set(m->ioapic, &m->device,
						       LEVEL_PIN, 0, true);
			vic_ioapic_eoi(m->ioapic, &m->device, VECTOR);
		}
		put_back(b, b->targets);
	}
}

static void loop_level_whole(struct bench *b, uint64_t iterations)
{
	struct machine *m = &b->machine;
	struct vic_lapic *lapic = m->cpus[0].lapic;
	struct vic_work work;

	for (uint64_t i = 0; i < iterations; i++) {
		if (empty(b))
			continue;
		b->bad |= !vic_ioapic_line_set(m->ioapic, &m->device, LEVEL_PIN,
					       0, true);
		b->bad |= vic_lapic_scan(lapic, VIC_CAN_IRQ, &work) ^
			  VIC_WORK_IRQ;
		b->bad |= (unsigned)vic_lapic_ack(lapic, work.vector);
		b->bad |= vic_lapic_msr_write(
			lapic, VIC_MSR_X2APIC + VIC_APIC_EOI / 16, 0);
	}
}

static void loop_pic(struct bench *b, uint64_t iterations)
{
	struct machine *m = &b->machine;

	for (uint64_t i = 0; i < iterations; i++) {
		if (!empty(b)) {
			b->bad |= !vic_pic_line_set(m->pic, &m->device, IRQ, 0,
						    true);
			b->bad |= vic_pic_ack(m->pic, &m->device) ^
				  (PIC_BASE + IRQ);
			b->bad |= vic_pic_line_set(m->pic, &m->device, IRQ, 0,
						   false);
			b->bad |= vic_pic_write(m->pic, &m->device,
						VIC_PIC_MASTER, PIC_EOI);
		}
		put_back(b, b->targets);
	}
}

const struct scenario chip_scenarios[] = {
	{
		.name = "ioapic_edge",
		.sizes = {1},
		.loop = loop_edge,
		.machine = MACHINE_X2APIC | MACHINE_CHIPS,
		.regions = 1,
		.effect.vectors.silent = 1,
	},
	{
		.name = "ioapic_level_cycle",
		.sizes = {1},
		.loop = loop_level,
		.machine = MACHINE_X2APIC | MACHINE_CHIPS,
		.regions = 1,
		.effect.vectors.silent = 1,
	},
	{
		.name = "ioapic_level_whole",
		.sizes = {1},
		.loop = loop_level_whole,
		.machine = MACHINE_X2APIC | MACHINE_CHIPS,
		.effect = {.vectors.silent = 1, .acked = 1, .eois = 1},
	},
	{
		.name = "pic_irq_cycle",
		.sizes = {1},
		.loop = loop_pic,
		.machine = MACHINE_X2APIC | MACHINE_CHIPS,
		.regions = 1,
	},
};
const unsigned chip_scenario_count =
	sizeof(chip_scenarios) / sizeof(chip_scenarios[0]);
