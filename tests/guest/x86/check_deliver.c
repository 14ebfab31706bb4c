/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Who receives what. All CPUs send at once, each with a vector of its own
 * and each waiting for its targets before it sends again, so nothing merges:
 * at the end every CPU must have handled every sender's vector exactly as
 * often as it was addressed, and not once more.
 */

#include "apic.h"

/* One IPI; nothing is sent for targets that are not CPUs. */
struct send {
	uint32_t icr;
	uint32_t dest;
	uint32_t targets; /* bit i: CPU i */
	bool self_ipi;    /* the MSR instead of ICR */
};

typedef void (*plan_fn)(struct cpu *me, uint32_t round, struct send *send);

struct plan {
	plan_fn send;
	uint32_t rounds;
};

static uint32_t expected[MAX_CPUS][MAX_CPUS]; /* target, sender */

static uint32_t sender_vector(uint32_t sender)
{
	return 0x31 + 11 * sender;
}

static uint32_t everybody(void)
{
	return (1u << nr_cpus) - 1;
}

static void send_one(const struct send *send, uint32_t vector)
{
	if (send->self_ipi)
		wrmsr(APIC_MSR(APIC_SELF_IPI), vector);
	else
		apic_send(send->icr | vector, send->dest);
}

static void deliver(struct cpu *me, void *arg)
{
	const struct plan *plan = arg;
	uint32_t vector = sender_vector(me->id);

	for (uint32_t round = 0; round < plan->rounds; round++) {
		struct send send = {0};

		plan->send(me, round, &send);
		send_one(&send, vector);
		for (uint32_t r = 0; r < nr_cpus; r++) {
			uint32_t n;

			if (!(send.targets >> r & 1))
				continue;
			n = ++expected[r][me->id];
			if (reached(&cpus[r].count[vector], n))
				continue;
			fail("cpu %u sent ICR %x to %x: cpu %u handled %u of "
			     "vector %x, expected %u",
			     me->id, send.icr, send.dest, r,
			     LOAD(cpus[r].count[vector]), vector, n);
			return;
		}
	}
}

static void compare(void)
{
	for (uint32_t r = 0; r < nr_cpus; r++) {
		for (uint32_t s = 0; s < nr_cpus; s++) {
			uint32_t n = LOAD(cpus[r].count[sender_vector(s)]);

			if (n != expected[r][s])
				fail("cpu %u handled %u IPIs from cpu %u, "
				     "expected %u",
				     r, n, s, expected[r][s]);
		}
		if (cpus[r].spurious)
			fail("cpu %u handled %u spurious interrupts", r,
			     cpus[r].spurious);
	}
}

static void run_plan(plan_fn send, uint32_t rounds)
{
	struct plan plan = {send, rounds};

	for (uint32_t r = 0; r < nr_cpus; r++) {
		for (uint32_t s = 0; s < nr_cpus; s++)
			expected[r][s] = 0;
	}
	run_all(deliver, &plan);
	settle();
	compare();
}

/* Those of whom `dest` names a bit, where all are in one group. */
static uint32_t matching(uint32_t dest, uint32_t (*bit)(uint32_t id))
{
	uint32_t targets = 0;

	for (uint32_t i = 0; i < nr_cpus; i++) {
		if (bit(i) & dest)
			targets |= 1u << i;
	}
	return targets;
}

static void self_shorthand(struct cpu *me, uint32_t round, struct send *send)
{
	send->icr = ICR_SELF;
	/* The destination field means nothing with a shorthand. */
	send->dest = round ? 0xff : 0;
	send->targets = 1u << me->id;
}

void check_self_shorthand(void)
{
	run_plan(self_shorthand, 2);
}

static void self_own_id(struct cpu *me, uint32_t round, struct send *send)
{
	(void)round;
	send->dest = me->id;
	send->targets = 1u << me->id;
}

void check_self_own_id(void)
{
	run_plan(self_own_id, 2);
}

static void self_ipi_msr(struct cpu *me, uint32_t round, struct send *send)
{
	(void)round;
	send->self_ipi = true;
	send->targets = 1u << me->id;
}

void check_self_ipi_msr(void)
{
	run_plan(self_ipi_msr, 2);
}

static void unicast_physical(struct cpu *me, uint32_t round, struct send *send)
{
	send->dest = (me->id + round) % nr_cpus;
	send->targets = 1u << send->dest;
}

void check_unicast_physical(void)
{
	run_plan(unicast_physical, nr_cpus);
}

static void absent_physical(struct cpu *me, uint32_t round, struct send *send)
{
	send->dest = round ? 0x77 : 0x10 + me->id;
}

void check_absent_physical(void)
{
	run_plan(absent_physical, 2);
}

/* All 32 bits count: the low eight alone would name a CPU. */
static void wide_physical(struct cpu *me, uint32_t round, struct send *send)
{
	send->dest = (0x100u << 8 * round) + me->id;
}

void check_wide_physical(void)
{
	run_plan(wide_physical, 3);
}

static void ff_is_an_id(struct cpu *me, uint32_t round, struct send *send)
{
	(void)me;
	(void)round;
	send->dest = 0xff;
}

void check_ff_is_an_id(void)
{
	run_plan(ff_is_an_id, 1);
}

static void flat_unicast(struct cpu *me, uint32_t round, struct send *send)
{
	send->icr = ICR_LOGICAL;
	send->dest = flat_bit(me->id + round);
	send->targets = matching(send->dest, flat_bit);
}

void check_flat_unicast(void)
{
	use_flat();
	run_plan(flat_unicast, nr_cpus < 8 ? nr_cpus : 8);
}

static void flat_multi(struct cpu *me, uint32_t round, struct send *send)
{
	static const uint8_t masks[] = {0x03, 0x55, 0xaa, 0x0e, 0x7f};

	(void)me;
	send->icr = ICR_LOGICAL;
	send->dest = masks[round];
	send->targets = matching(send->dest, flat_bit);
}

void check_flat_multi(void)
{
	use_flat();
	run_plan(flat_multi, 5);
}

static void logical_ff(struct cpu *me, uint32_t round, struct send *send)
{
	(void)round;
	send->icr = ICR_LOGICAL;
	send->dest = me->x2apic ? 0xffffffff : 0xff;
	send->targets = everybody();
}

void check_flat_broadcast(void)
{
	use_flat();
	run_plan(logical_ff, 2);
}

static void cluster_unicast(struct cpu *me, uint32_t round, struct send *send)
{
	uint32_t target = (me->id + round) % nr_cpus;

	send->icr = ICR_LOGICAL;
	send->dest = cluster_address(target);
	send->targets = 1u << target;
}

static void cluster_model(void)
{
	if (!this_cpu()->x2apic)
		use_cluster();
}

void check_cluster_unicast(void)
{
	cluster_model();
	run_plan(cluster_unicast, nr_cpus);
}

/* One cluster at a time, several members: all, some, and those absent. */
static void cluster_multi(struct cpu *me, uint32_t round, struct send *send)
{
	static const uint32_t masks[] = {0xffff, 0x3333, 0x5555, 0xaaaa};
	uint32_t mask = masks[round % 4];
	uint32_t cluster = round / 4;
	uint32_t width = me->x2apic ? 16 : 4;

	send->icr = ICR_LOGICAL;
	mask &= (1u << width) - 1;
	send->dest = cluster << width | mask;
	send->targets = (mask << cluster * width) & everybody();
}

void check_cluster_multi(void)
{
	uint32_t width = this_cpu()->x2apic ? 16 : 4;

	cluster_model();
	run_plan(cluster_multi, (nr_cpus + width - 1) / width * 4);
}

/* Nobody is in it, though every bit is set. */
static void cluster_absent(struct cpu *me, uint32_t round, struct send *send)
{
	(void)round;
	send->icr = ICR_LOGICAL;
	send->dest = me->x2apic ? 0x0001ffff : 0xef;
}

void check_cluster_absent(void)
{
	cluster_model();
	run_plan(cluster_absent, 1);
}

void check_logical_broadcast(void)
{
	cluster_model();
	run_plan(logical_ff, 2);
}

static void
broadcast_shorthand(struct cpu *me, uint32_t round, struct send *send)
{
	(void)me;
	send->icr = ICR_ALL;
	send->dest = round;
	send->targets = everybody();
}

void check_broadcast_shorthand(void)
{
	run_plan(broadcast_shorthand, 2);
}

static void
broadcast_physical(struct cpu *me, uint32_t round, struct send *send)
{
	(void)round;
	send->dest = me->x2apic ? 0xffffffff : 0xff;
	send->targets = everybody();
}

void check_broadcast_physical(void)
{
	run_plan(broadcast_physical, 2);
}

static void all_but_self(struct cpu *me, uint32_t round, struct send *send)
{
	send->icr = ICR_OTHERS;
	send->dest = round ? me->id : 0;
	send->targets = everybody() & ~(1u << me->id);
}

void check_all_but_self(void)
{
	run_plan(all_but_self, 2);
}
