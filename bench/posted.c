/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Posting: vCPUs whose vectors the processor takes from the descriptor. */
#include "scenario.h"

#define VECTOR 0x51u

/* The descriptor alone, and who is to be told. */
static void loop_pid_post(struct bench *b, uint64_t iterations)
{
	struct vic_pid *pid = vic_vcpu_pid(b->machine.cpus[0].vcpu);
	uint64_t notify;

	for (uint64_t i = 0; i < iterations; i++) {
		if (!empty(b))
			b->bad |= vic_pid_post(pid, VECTOR, &notify) ^
				  VIC_POST_NOTIFIED;
		put_back(b, b->targets);
	}
}

/* With the notification. */
static void loop_vcpu_post(struct bench *b, uint64_t iterations)
{
	struct machine *m = &b->machine;
	struct vic_vcpu *vcpu = m->cpus[0].vcpu;

	for (uint64_t i = 0; i < iterations; i++) {
		if (!empty(b))
			b->bad |=
				vic_vcpu_post(vcpu, &m->device, VECTOR, false) ^
				VIC_POST_NOTIFIED;
		put_back(b, b->targets);
	}
}

static void loop_pid_harvest_empty(struct bench *b, uint64_t iterations)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;
	for (uint64_t i = 0; i < iterations; i++)
		if (!empty(b))
			(void)vic_lapic_harvest(lapic);
	/* Once for all. */
	b->bad |= vic_lapic_harvest(lapic);
}

static void loop_pid_harvest_one(struct bench *b, uint64_t iterations)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;

	for (uint64_t i = 0; i < iterations; i++) {
		if (!empty(b))
			b->bad |= vic_lapic_harvest(lapic) ^ VECTOR;
		put_back(b, b->targets);
	}
}

static void loop_icr_fast(struct bench *b, uint64_t iterations)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;
	struct target *t = b->first;
	uint8_t vector;

	for (uint64_t i = 0; i < iterations; i++, t = t->next) {
		if (!empty(b))
			b->bad |=
				vic_lapic_icr_fast(lapic, t->message, &vector);
		put_back(b, t);
	}
}

static void loop_pcpu_switch(struct bench *b, uint64_t iterations)
{
	struct machine *m = &b->machine;

	for (uint64_t i = 0; i < iterations; i++) {
		if (empty(b))
			continue;
		vic_vcpu_put(m->cpus[0].vcpu);
		vic_vcpu_load(m->cpus[0].vcpu, m->pcpu[i & 1]);
	}
}

static void loop_exit_enter(struct bench *b, uint64_t iterations)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;
	uint16_t status = 0;

	for (uint64_t i = 0; i < iterations; i++) {
		if (empty(b))
			continue;
		vic_lapic_exit(lapic, status, false);
		b->bad |= vic_lapic_enter(lapic, &status);
	}
}

static uint64_t to_x2apic_id(uint32_t index)
{
	return (uint64_t)index << VIC_ICR_DEST_SHIFT | VECTOR;
}

static void posted(struct bench *b, struct target *t)
{
	if (vic_vcpu_post(t->cpu->vcpu, &b->machine.device, VECTOR, false) !=
	    VIC_POST_SILENT)
		die("a vector cannot be posted");
}

const struct scenario posted_scenarios[] = {
	{
		.name = "pid_post",
		.sizes = {1},
		.loop = loop_pid_post,
		.machine = MACHINE_X2APIC | MACHINE_POSTING,
		.guest = true,
		.regions = 1,
	},
	{
		.name = "vcpu_post_notify",
		.sizes = {1},
		.loop = loop_vcpu_post,
		.machine = MACHINE_X2APIC | MACHINE_POSTING,
		.guest = true,
		.regions = 1,
		.effect.vectors.notified = 1,
	},
	{
		.name = "pid_harvest_empty",
		.sizes = {1},
		.loop = loop_pid_harvest_empty,
		.machine = MACHINE_X2APIC | MACHINE_POSTING,
	},
	{
		.name = "pid_harvest_one",
		.sizes = {1},
		.loop = loop_pid_harvest_one,
		.machine = MACHINE_X2APIC | MACHINE_POSTING,
		.regions = MAX_REGIONS,
		.prepare = posted,
	},
	{
		.name = "icr_fastpath",
		.sizes = {1024},
		.loop = loop_icr_fast,
		.machine = MACHINE_X2APIC | MACHINE_POSTING,
		.guest = true,
		.regions = 1,
		.message = to_x2apic_id,
		.effect.vectors.notified = 1,
	},
	{
		.name = "pcpu_switch",
		.sizes = {1},
		.loop = loop_pcpu_switch,
		.machine = MACHINE_X2APIC | MACHINE_POSTING,
	},
	{
		.name = "exit_enter_posted",
		.sizes = {1},
		.loop = loop_exit_enter,
		.machine = MACHINE_X2APIC | MACHINE_POSTING,
		.guest = true,
		.effect = {.enters = 1, .exits = 1},
	},
};
const unsigned posted_scenario_count =
	sizeof(posted_scenarios) / sizeof(posted_scenarios[0]);
