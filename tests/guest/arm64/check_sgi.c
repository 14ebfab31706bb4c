/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Who gets an SGI, and what becomes of it there. IHI 0069 4.7, 12.2.26. */

#include "gic.h"

/* One SGI of a plan: whom it is for, and the value to write. */
struct send {
	uint64_t value; /* without the INTID */
	uint32_t targets;
};

typedef void (*plan_fn)(struct cpu *me, uint32_t round, struct send *send);

struct plan {
	plan_fn send;
	uint32_t rounds;
};

/* [target][sender], written by the sender alone. */
static uint32_t expected[MAX_CPUS][MAX_CPUS];

/* A sender's INTID is its own number, so that nobody's SGIs merge. */
static void deliver(struct cpu *me, void *arg)
{
	const struct plan *plan = arg;

	for (uint32_t round = 0; round < plan->rounds; round++) {
		struct send send = {0, 0};

		plan->send(me, round, &send);
		write_icc_sgi1r_el1(send.value | (uint64_t)me->id << 24);
		for (uint32_t r = 0; r < nr_cpus; r++) {
			uint32_t n;

			if (!(send.targets >> r & 1))
				continue;
			n = ++expected[r][me->id];
			if (reached(&cpus[r].count[me->id], n))
				continue;
			fail("cpu %u wrote ICC_SGI1R_EL1 %lx: cpu %u handled "
			     "%u, expected %u",
			     me->id, send.value, r, LOAD(cpus[r].count[me->id]),
			     n);
			return;
		}
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
	for (uint32_t r = 0; r < nr_cpus; r++) {
		for (uint32_t s = 0; s < nr_cpus; s++) {
			uint32_t n = LOAD(cpus[r].count[s]);

			if (n != expected[r][s])
				fail("cpu %u handled %u SGIs of cpu %u, "
				     "expected %u",
				     r, n, s, expected[r][s]);
		}
	}
}

static void self(struct cpu *me, uint32_t round, struct send *send)
{
	(void)round;
	send->value = sgi_to(me, 0);
	send->targets = 1u << me->id;
}

void check_sgi_self(void)
{
	run_plan(self, 3);
}

static void unicast(struct cpu *me, uint32_t round, struct send *send)
{
	uint32_t target = (me->id + round) % nr_cpus;

	send->value = sgi_to(&cpus[target], 0);
	send->targets = 1u << target;
}

void check_sgi_unicast(void)
{
	run_plan(unicast, 2 * nr_cpus);
}

/* Those of the set that one write reaches together with its first. */
static void list(struct cpu *me, uint32_t round, struct send *send)
{
	static const uint32_t sets[] = {~0u, 0x5555, 0xaaaa, 0x3, 0xe, 0x81};
	uint32_t set = sets[round] & everybody();

	(void)me;
	for (uint32_t i = 0; i < nr_cpus; i++) {
		uint64_t value = sgi_to(&cpus[i], 0);

		if (!(set >> i & 1))
			continue;
		if (send->targets && (value ^ send->value) & ~0xffffull)
			continue;
		send->value |= value;
		send->targets |= 1u << i;
	}
}

void check_sgi_list(void)
{
	run_plan(list, 6);
}

/* IRM = 1: everybody but the sender, whatever the other fields say. */
static void others(struct cpu *me, uint32_t round, struct send *send)
{
	send->value = SGI1R_IRM;
	if (round == 1)
		send->value |= 0xffff;
	if (round == 2)
		send->value |= sgi_to(me, 0);
	if (round == 3)
		send->value |= 0x7full << 48 | 0x7full << 32 | 0x7f << 16;
	send->targets = everybody() & ~(1u << me->id);
}

void check_sgi_others(void)
{
	run_plan(others, 4);
}

/* Bits without a CPU, affinities without a CPU, and no bit at all. */
static void absent(struct cpu *me, uint32_t round, struct send *send)
{
	static const uint64_t affinity[] = {0x7full << 16, 0x7full << 32,
					    0x7full << 48, 0};

	if (round < 4) {
		send->value = affinity[round];
		if (round < 3)
			send->value |= 0xffff;
		return;
	}
	/* The sender's own range, less those who are there. */
	send->value = sgi_to(me, 0) | 0xffff;
	for (uint32_t i = 0; i < nr_cpus; i++) {
		uint64_t value = sgi_to(&cpus[i], 0);

		if (!((value ^ send->value) & ~0xffffull))
			send->value &= ~value | ~0xffffull;
	}
}

void check_sgi_absent(void)
{
	run_plan(absent, 5);
}

static uint32_t targets_of(uint64_t value)
{
	uint32_t targets = 0;

	for (uint32_t i = 0; i < nr_cpus; i++) {
		uint64_t own = sgi_to(&cpus[i], 0);

		if (!((value ^ own) & ~0xffffull) && value & own & 0xffff)
			targets |= 1u << i;
	}
	return targets;
}

#define RANGES 16u
#define LISTS 5u

/*
 * Each CPU alone; then in each sixteen that RS can name all of them, every
 * other, those where nobody is, and the last one where nobody is.
 */
static void range(struct cpu *me, uint32_t round, struct send *send)
{
	uint64_t first = sgi_to(me, 0) & ~(0xfull << 44 | 0xffff);
	uint64_t nobody = 0, last = 0;

	if (round < nr_cpus) {
		unicast(me, round, send);
		return;
	}
	round -= nr_cpus;
	first |= (uint64_t)(round % RANGES) << 44;
	for (uint64_t bit = 1; bit <= 0x8000; bit <<= 1) {
		if (targets_of(first | bit))
			continue;
		nobody |= bit;
		last = bit;
	}
	const uint64_t lists[LISTS] = {0xffff, 0x5555, 0xaaaa, nobody, last};

	send->value = first | lists[round / RANGES];
	send->targets = targets_of(send->value);
}

/* 12.2.26: where either RSS bit is 0, RS is RES0 and says nothing. */
void check_sgi_range(void)
{
	bool rs = options.rs || read_icc_ctlr_el1() & ICC_CTLR_RSS;

	if (rs && read32(machine.gicd + GICD_TYPER) & GICD_TYPER_RSS)
		run_plan(range, nr_cpus + RANGES * LISTS);
	else
		leave_out("there is no range selector");
}

/* All but the wake-up's. */
void check_sgi_intids(void)
{
	for (uint32_t intid = 0; intid < SGI_WAKE; intid++) {
		sgi_send_set(everybody(), intid);
		for (uint32_t i = 0; i < nr_cpus; i++) {
			if (!reached(&cpus[i].count[intid], 1))
				fail("cpu %u took no SGI %u", i, intid);
		}
	}
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++) {
		expect("SGIs taken", cpus[i].logged, SGI_WAKE);
		for (uint32_t k = 0; k < SGI_WAKE; k++)
			expect("SGIs of one INTID", cpus[i].count[k], 1);
	}
}

static void merge(struct cpu *me, void *arg)
{
	(void)arg;
	irq_off();
	for (uint32_t i = 0; i < 5; i++)
		sgi_send(me, 3);
	irq_on();
	if (!reached(&me->count[3], 1))
		fail("cpu %u took no SGI", me->id);
	sgi_send(me, 3);
	if (!reached(&me->count[3], 2))
		fail("cpu %u took no second SGI", me->id);
}

/* Pending is one bit: five before the first is taken are one. */
void check_sgi_merge(void)
{
	run_all(merge, NULL);
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("SGIs taken", cpus[i].count[3], 2);
}

static void disabled(struct cpu *me, void *arg)
{
	(void)arg;
	gic_disable(me, 5);
	sgi_send(me, 5);
	delay(1000);
	expect("SGIs taken while disabled", me->count[5], 0);
	expect("ISPENDR while disabled", gic_get(me, ISPENDR, 5), 1);
	gic_enable(me, 5);
	if (!reached(&me->count[5], 1))
		fail("cpu %u took no SGI once enabled", me->id);
	expect("ISPENDR when taken", gic_get(me, ISPENDR, 5), 0);
}

void check_sgi_disabled(void)
{
	run_all(disabled, NULL);
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("SGIs taken", cpus[i].count[5], 1);
}

static void pending_bits(struct cpu *me, void *arg)
{
	(void)arg;
	gic_pend(me, 6);
	if (!reached(&me->count[6], 1))
		fail("cpu %u: ISPENDR makes no SGI pending", me->id);
	irq_off();
	sgi_send(me, 7);
	expect("ISPENDR after an SGI", gic_get(me, ISPENDR, 7), 1);
	gic_set(me, ICPENDR, 7);
	expect("ISPENDR after ICPENDR", gic_get(me, ISPENDR, 7), 0);
	irq_on();
}

/* 12.11.32: with affinity routing SGIs' bits can be written. */
void check_sgi_pending_bits(void)
{
	run_all(pending_bits, NULL);
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++) {
		expect("SGIs from ISPENDR", cpus[i].count[6], 1);
		expect("SGIs after ICPENDR", cpus[i].count[7], 0);
	}
}

/* Another CPU's Redistributor. */
static void remote_bits(struct cpu *me, void *arg)
{
	struct cpu *next = &cpus[(me->id + 1) % nr_cpus];

	(void)arg;
	for (uint32_t i = 1; i <= 5; i++) {
		gic_pend(next, me->id);
		if (!reached(&next->count[me->id], i))
			fail("cpu %u took %u of cpu %u's, expected %u",
			     next->id, LOAD(next->count[me->id]), me->id, i);
	}
}

void check_sgi_remote_bits(void)
{
	run_all(remote_bits, NULL);
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("SGIs taken", cpus[i].logged, 5);
}

/* Sends to itself while active: pending again, not taken yet. */
static void resend(struct cpu *me, uint32_t intid)
{
	if (me->count[intid] == 0) {
		sgi_send(me, intid);
		sgi_send(me, intid);
		expect("ISPENDR while active", gic_get(me, ISPENDR, intid), 1);
		expect("ISACTIVER", gic_get(me, ISACTIVER, intid), 1);
	}
	eoi(intid);
}

static void active(struct cpu *me, void *arg)
{
	(void)arg;
	sgi_send(me, 8);
	if (!reached(&me->count[8], 2))
		fail("cpu %u lost the SGI that came while active", me->id);
}

void check_sgi_active(void)
{
	handlers[8] = resend;
	run_all(active, NULL);
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("SGIs taken", cpus[i].count[8], 2);
}

static void group0(struct cpu *me, void *arg)
{
	(void)arg;
	gic_group(me, 9, 0);
	write_icc_sgi0r_el1(sgi_to(me, 9));
	if (!reached(&me->count[9], 1))
		fail("cpu %u took no Group 0 SGI", me->id);
	expect("taken as FIQ", me->log[0], LOG_FIQ | 9);
}

void check_sgi_group0(void)
{
	run_all(group0, NULL);
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("SGIs taken", cpus[i].logged, 1);
}

/* 12.2.26, table "Forwarding an SGI": SGI0R is for Group 0 alone. */
void check_sgi_wrong_group(void)
{
	struct cpu *me = this_cpu();

	write_icc_sgi0r_el1(sgi_to(me, 10));
	write_icc_sgi0r_el1(SGI1R_IRM | 10ull << 24);
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("SGIs taken", cpus[i].logged, 0);
}
