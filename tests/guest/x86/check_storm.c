/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Many interrupts at once, exact in two ways.
 *
 * storm: messages. A sender writes a message's number to memory, then sends
 * the IPI; the handler notes the number that it finds. Interrupts merge, so
 * handlers cannot be counted, but each number must in the end be seen by a
 * handler of its target, with no further signal. Only its sender uses a
 * channel's vector, so nobody else's IPI hides a lost one.
 *
 * storm_timers: the same while each CPU's timer runs; as many timer
 * interrupts must have come as were asked for.
 *
 * storm_lines: the same as storm_timers, while devices raise their lines at
 * the IOAPIC and the PIC (check_lines.c).
 *
 * pingpong: counts. A sender waits for the reply of each IPI, nothing can
 * merge, and handlers must have run exactly as often as IPIs were sent.
 */

#include "apic.h"

#define CHANNELS 4u
#define PINGS 100u /* of each CPU, roughly */
#define VECTOR_DONE 0xf2u
#define VECTOR_PONG 0xe9u

struct channel {
	uint32_t sent; /* written by the sender */
	uint32_t seen; /* written by the target's handler */
};

static struct channel channels[MAX_CPUS][MAX_CPUS][CHANNELS];
static uint8_t vector_sender[256], vector_channel[256];
static bool timers, lines;

/* 16 senders times 4 channels, spread over the classes 2 to 12. */
static uint32_t channel_vector(uint32_t sender, uint32_t channel)
{
	return 0x21 + 10 * sender + 3 * channel;
}

static struct channel *channel_to(uint32_t target, uint32_t sender, uint32_t k)
{
	return &channels[target][sender][k];
}

static void storm_handler(struct cpu *me, uint32_t vector)
{
	struct channel *channel = channel_to(me->id, vector_sender[vector],
					     vector_channel[vector]);

	STORE(channel->seen, LOAD(channel->sent));
	STORE(me->note[1], me->note[1] + 1);
	apic_eoi();
}

static uint32_t xorshift(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void number(uint32_t target, uint32_t sender, uint32_t k)
{
	struct channel *channel = channel_to(target, sender, k);

	STORE(channel->sent, channel->sent + 1);
}

static uint32_t other_cpu(struct cpu *me, uint32_t random)
{
	if (nr_cpus == 1)
		return me->id;
	return (me->id + 1 + random % (nr_cpus - 1)) % nr_cpus;
}

/* One in sixteen goes to all others, one by its logical address. */
static uint32_t send_message(struct cpu *me, uint32_t random)
{
	uint32_t k = random % CHANNELS;
	uint32_t kind = random >> 4 & 15;
	uint32_t target = other_cpu(me, random >> 8);
	uint32_t vector = channel_vector(me->id, k);

	if (kind == 0 && nr_cpus > 1) {
		for (uint32_t r = 0; r < nr_cpus; r++) {
			if (r != me->id)
				number(r, me->id, k);
		}
		apic_send(ICR_OTHERS | vector, 0);
		return nr_cpus - 1;
	}
	number(target, me->id, k);
	/* Flat addresses are shared beyond eight CPUs. */
	if (kind == 1 && me->x2apic)
		apic_send(ICR_LOGICAL | vector, cluster_address(target));
	else if (kind == 1 && nr_cpus <= 8)
		apic_send(ICR_LOGICAL | vector, flat_bit(target));
	else
		apic_send(ICR_FIXED | vector, target);
	return 1;
}

/*
 * A low vector may wait for long in a storm, so patience ends only when the
 * target handled nothing else either. What can still come is finite.
 */
static bool seen_by(const struct cpu *target, const struct channel *channel)
{
	uint32_t handled;

	do {
		handled = LOAD(target->note[1]);
		if (reached(&channel->seen, channel->sent))
			return true;
	} while (LOAD(target->note[1]) != handled);
	return false;
}

/* All that was sent to the target so far. */
static bool all_seen(struct cpu *me, uint32_t target)
{
	for (uint32_t k = 0; k < CHANNELS; k++) {
		struct channel *channel = channel_to(target, me->id, k);

		if (seen_by(&cpus[target], channel))
			continue;
		fail("message %u of cpu %u to cpu %u, vector %x, was not seen; "
		     "the last one seen is %u",
		     channel->sent, me->id, target, channel_vector(me->id, k),
		     LOAD(channel->seen));
		return false;
	}
	return true;
}

/* note[0]: IPIs addressed, note[1]: handled; step 1: all mine were seen. */
static void storm(struct cpu *me, void *arg)
{
	uint32_t random = 0x9e3779b9 * (me->id + 1);
	uint32_t messages = lines ? storm_messages / 4 : storm_messages;

	(void)arg;
	if (timers)
		chain_begin(me);
	for (uint32_t i = 0; i < messages && !failed(); i++) {
		me->note[0] += send_message(me, xorshift(&random));
		if (lines)
			lines_step(me, random);
		/* Now and then alone, so that a lost one is not overtaken. */
		if (i % 16 == 0)
			all_seen(me, other_cpu(me, random >> 8));
	}
	for (uint32_t r = 0; r < nr_cpus && !failed(); r++)
		all_seen(me, r);
	if (lines)
		lines_end(me);
	if (timers)
		chain_end(me);
	STORE(me->step, 1);
	if (me->id == 0)
		return;
	/* Halted, while the others may still send. */
	cli();
	while (!LOAD(me->count[VECTOR_DONE])) {
		sti_hlt();
		cli();
	}
	sti();
}

static void report_storm(void)
{
	uint32_t addressed = 0, handled = 0;

	for (uint32_t i = 0; i < nr_cpus; i++) {
		addressed += cpus[i].note[0];
		handled += LOAD(cpus[i].note[1]);
	}
	if (handled > addressed)
		fail("%u handlers ran for %u IPIs", handled, addressed);
	print("info %s.storm%s addressed %u handled %u merged %u\n", mode_name,
	      lines    ? "_lines"
	      : timers ? "_timers"
		       : "",
	      addressed, handled, addressed - handled);
}

static void prepare_storm(void)
{
	for (uint32_t s = 0; s < MAX_CPUS; s++) {
		for (uint32_t k = 0; k < CHANNELS; k++) {
			uint32_t vector = channel_vector(s, k);

			vector_sender[vector] = (uint8_t)s;
			vector_channel[vector] = (uint8_t)k;
			handlers[vector] = storm_handler;
			for (uint32_t r = 0; r < nr_cpus; r++) {
				channel_to(r, s, k)->sent = 0;
				channel_to(r, s, k)->seen = 0;
			}
		}
	}
	if (lines)
		lines_prepare();
	if (!this_cpu()->x2apic)
		use_flat();
}

static void run_storm(void)
{
	prepare_storm();
	for (uint32_t i = 1; i < nr_cpus; i++)
		run_begin(&cpus[i], storm, NULL);
	storm(&cpus[0], NULL);
	/* Each either gets there or fails; its own waits have bounds. */
	for (uint32_t i = 1; i < nr_cpus; i++) {
		while (!LOAD(cpus[i].step))
			pause();
	}
	if (nr_cpus > 1)
		apic_send(ICR_OTHERS | VECTOR_DONE, 0);
	for (uint32_t i = 1; i < nr_cpus; i++)
		run_end(&cpus[i]);
	settle();
	report_storm();
}

void check_storm(void)
{
	timers = false;
	run_storm();
}

void check_storm_timers(void)
{
	timers = true;
	run_storm();
	chain_report();
}

void check_storm_lines(void)
{
	timers = lines = true;
	run_storm();
	lines = false;
	chain_report();
	lines_report();
}

static uint32_t ping_vector(uint32_t sender)
{
	return 0x31 + 11 * sender;
}

static void ping_handler(struct cpu *me, uint32_t vector)
{
	(void)me;
	apic_reply(ICR_FIXED | VECTOR_PONG, (vector - 0x31) / 11);
	apic_eoi();
}

/* So many rounds to every other CPU that each sends about as much. */
static uint32_t ping_rounds(void)
{
	return 1 + PINGS / nr_cpus;
}

/* Halted in every other round; the BSP stays awake, to see others fail. */
static bool await_pong(struct cpu *me, uint32_t n, bool halted)
{
	uint32_t *pongs = &me->count[VECTOR_PONG];

	if (!halted || me->id == 0)
		return reached(pongs, n);
	cli();
	while (LOAD(*pongs) < n) {
		sti_hlt();
		cli();
	}
	sti();
	return true;
}

static void pingpong(struct cpu *me, void *arg)
{
	uint32_t rounds = *(uint32_t *)arg;
	uint32_t n = 0;

	for (uint32_t i = 0; i < rounds; i++) {
		for (uint32_t r = 0; r < nr_cpus; r++) {
			if (r == me->id && nr_cpus > 1)
				continue;
			apic_send(ICR_FIXED | ping_vector(me->id), r);
			if (await_pong(me, ++n, i & 1))
				continue;
			fail("cpu %u pinged cpu %u: %u replies, expected %u",
			     me->id, r, LOAD(me->count[VECTOR_PONG]), n);
			return;
		}
	}
}

static void compare_pings(uint32_t rounds)
{
	uint32_t peers = nr_cpus > 1 ? nr_cpus - 1 : 1;

	for (uint32_t r = 0; r < nr_cpus; r++) {
		uint32_t pongs = LOAD(cpus[r].count[VECTOR_PONG]);

		if (pongs != rounds * peers)
			fail("cpu %u handled %u replies, expected %u", r, pongs,
			     rounds * peers);
		for (uint32_t s = 0; s < nr_cpus; s++) {
			bool pings = s != r || nr_cpus == 1;
			uint32_t n = LOAD(cpus[r].count[ping_vector(s)]);

			if (n != (pings ? rounds : 0))
				fail("cpu %u handled %u pings of cpu %u, "
				     "expected %u",
				     r, n, s, pings ? rounds : 0);
		}
	}
	print("info %s.pingpong sent %u\n", mode_name,
	      2 * rounds * peers * nr_cpus);
}

void check_pingpong(void)
{
	uint32_t rounds = ping_rounds();

	for (uint32_t s = 0; s < nr_cpus; s++)
		handlers[ping_vector(s)] = ping_handler;
	run_all(pingpong, &rounds);
	settle();
	compare_pings(rounds);
}
