/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Many SGIs, exact in two ways.
 *
 * Counts: in pairs, ring and broadcast nothing can merge, and handlers must
 * have run exactly as often as SGIs were sent.
 *
 * Messages: a sender numbers what it sends in memory, before it sends; each
 * number must in the end be seen by a handler of its target with no further
 * signal. In wfi SGIs merge, so this alone tells a lost one.
 *
 *   pairs      two CPUs send one SGI to and fro; both halt meanwhile
 *   ring       an SGI of each CPU goes round, from handler to handler
 *   broadcast  to all others, and again once all have seen it
 *   wfi        at random, few or many at a time, and halt until all are seen
 *
 * A CPU that waits is halted, and only what it waits for wakes it: a timer
 * that would find lost SGIs runs out with the time limit alone.
 */

#include "gic.h"

#define CTL_ENABLE 1u
#define NOWHERE 0xffffffffu
#define PROGRESS_FROM 100000u

/* One CPU's side; its own cache line. */
static struct worker {
	uint32_t sent;
	uint32_t taken;
	uint32_t notes; /* SGIs that only wake */
	uint32_t acks;  /* broadcast: how many have seen mine */
	uint32_t waits; /* wfi: wake me when a message was seen */
	uint32_t slowest;
	const char *waits_for;
} __attribute__((aligned(64))) workers[MAX_CPUS];

/* pairs, ring: an SGI that is on its way to `at`, or held by a handler. */
static struct token {
	uint32_t hops;
	uint32_t at;
	uint32_t held; /* 1 + the CPU whose loop is to pass it on */
	uint64_t stamp;
} __attribute__((aligned(64))) tokens[MAX_CPUS];

/* broadcast, wfi: the last message sent, and the last one seen. */
static struct channel {
	uint32_t sent;
	uint32_t seen;
} channels[MAX_CPUS][MAX_CPUS]; /* [target][sender] */

static const char *mode;
static uint32_t quota;     /* of each token, or of each CPU */
static uint32_t nr_tokens; /* 0: no token mode */
static uint32_t finished;  /* tokens or CPUs that are */
static uint32_t over;
static uint64_t began;

static void note(uint32_t to)
{
	ADD(workers[this_cpu()->id].notes, 1);
	sgi_send(&cpus[to], SGI_NOTE);
}

static void finish_all(void)
{
	STORE(over, 1);
	sgi_send_others(SGI_NOTE);
}

static void wrong(const char *what, uint32_t have, uint32_t want)
{
	fail("cpu %u: %s %u, expected %u", this_cpu()->id, what, have, want);
	finish_all();
}

static void progress(struct cpu *me, uint32_t done)
{
	uint32_t tenth = quota / 10;

	if (me->id || options.stress < PROGRESS_FROM || done % tenth)
		return;
	print("info stress.%s %u0%% after %lu ms\n", mode, done / tenth,
	      (now() - began) / microseconds(1000));
}

static void slowest(struct worker *worker, uint64_t since)
{
	uint64_t us = (now() - since) / microseconds(1);

	if (us > worker->slowest)
		worker->slowest = (uint32_t)us;
}

/* IRQs are off before and after; what is pending is taken in between. */
static void halt_once(void)
{
	wfi();
	irq_on();
	irq_off();
}

static void report_cpu(uint32_t id)
{
	struct worker *worker = &workers[id];

	print("info cpu %u sent %u taken %u notes %u acks %u, waits for %s\n",
	      id, LOAD(worker->sent), LOAD(worker->taken), LOAD(worker->notes),
	      LOAD(worker->acks),
	      worker->waits_for ? worker->waits_for : "nothing");
	for (uint32_t s = 0; s < nr_cpus; s++) {
		struct channel *channel = &channels[id][s];

		if (LOAD(channel->sent) != LOAD(channel->seen))
			print("info cpu %u has not seen message %u of cpu %u, "
			      "the last one seen is %u\n",
			      id, LOAD(channel->sent), s, LOAD(channel->seen));
	}
}

/* The timer's handler, on the first CPU that takes it: the end. */
static void time_out(struct cpu *me, uint32_t intid)
{
	static uint32_t reported;

	write_cntv_ctl_el0(0);
	eoi(intid);
	if (SWAP(reported, 1))
		return;
	for (uint32_t i = 0; i < nr_cpus; i++)
		report_cpu(i);
	for (uint32_t t = 0; t < nr_tokens; t++)
		print("info SGI %u: hop %u of %u, %s cpu %u\n", t,
		      LOAD(tokens[t].hops), quota,
		      LOAD(tokens[t].at) == NOWHERE ? "held at" : "sent to",
		      LOAD(tokens[t].at) == NOWHERE ? LOAD(tokens[t].held) - 1
						    : LOAD(tokens[t].at));
	fail("cpu %u: not done after %u s", me->id, options.limit);
	check_end();
	for (uint32_t i = 0; i < nr_cpus; i++)
		print_cpu(&cpus[i]);
	print("info the rest is not run\n");
	finish();
}

static void watch(struct cpu *me)
{
	/* One after the other, should the first be the one that hangs. */
	uint64_t us = options.limit * 1000000ull + me->id * 250000ull;

	gic_enable(me, PPI_VTIMER);
	write_cntv_cval_el0(began + microseconds(us));
	write_cntv_ctl_el0(CTL_ENABLE);
}

static uint32_t next_of(uint32_t id)
{
	if (is_word(mode, "ring"))
		return (id + 1) % nr_cpus;
	return (id ^ 1) < nr_cpus ? id ^ 1 : id;
}

static void pass_on(struct cpu *me, uint32_t t)
{
	struct token *token = &tokens[t];
	uint32_t next = next_of(me->id);

	if (token->hops == quota) {
		if (ADD(finished, 1) == nr_tokens)
			finish_all();
		return;
	}
	token->hops++;
	if (t == 0)
		progress(&cpus[0], token->hops);
	workers[me->id].sent++;
	token->stamp = now();
	STORE(token->at, next);
	sgi_send(&cpus[next], t);
}

static void token_handler(struct cpu *me, uint32_t t)
{
	struct token *token = &tokens[t];
	uint32_t at = SWAP(token->at, NOWHERE);

	eoi(t);
	if (at != me->id) {
		wrong("took an SGI that is for", at, me->id);
		return;
	}
	slowest(&workers[me->id], token->stamp);
	workers[me->id].taken++;
	if (is_word(mode, "ring"))
		pass_on(me, t);
	else
		STORE(token->held, me->id + 1);
}

/* The token of its pair, if this CPU has it. */
static bool holds(struct cpu *me)
{
	return nr_tokens && LOAD(tokens[me->id / 2].held) == me->id + 1;
}

static void token_worker(struct cpu *me, void *arg)
{
	bool pairs = !is_word(mode, "ring");

	(void)arg;
	watch(me);
	irq_off();
	workers[me->id].waits_for = "an SGI";
	if (pairs ? me->id % 2 == 0 : true)
		pass_on(me, pairs ? me->id / 2 : me->id);
	while (!LOAD(over) && !failed()) {
		if (pairs && holds(me)) {
			STORE(tokens[me->id / 2].held, 0);
			pass_on(me, me->id / 2);
		} else {
			halt_once();
		}
	}
	irq_on();
}

static void broadcast_handler(struct cpu *me, uint32_t sender)
{
	struct channel *channel = &channels[me->id][sender];
	uint32_t sent = LOAD(channel->sent);

	eoi(sender);
	if (channel->seen + 1 != sent) {
		wrong("took a broadcast, number", sent, channel->seen + 1);
		return;
	}
	STORE(channel->seen, sent);
	workers[me->id].taken++;
	if (ADD(workers[sender].acks, 1) == sent * (nr_cpus - 1))
		note(sender);
}

/* Serve the others until all are done. */
static void wait_for_the_end(struct worker *worker)
{
	worker->waits_for = "the end";
	if (ADD(finished, 1) == nr_cpus)
		finish_all();
	while (!LOAD(over) && !failed())
		halt_once();
	irq_on();
}

static void broadcast_worker(struct cpu *me, void *arg)
{
	struct worker *worker = &workers[me->id];

	(void)arg;
	watch(me);
	worker->waits_for = "the others to see its broadcast";
	irq_off();
	for (uint32_t n = 1; n <= quota && !failed(); n++) {
		uint64_t start = now();

		for (uint32_t r = 0; r < nr_cpus; r++) {
			if (r != me->id)
				STORE(channels[r][me->id].sent, n);
		}
		worker->sent += nr_cpus - 1;
		sgi_send_others(me->id);
		while (LOAD(worker->acks) < n * (nr_cpus - 1) && !failed())
			halt_once();
		slowest(worker, start);
		progress(me, n);
	}
	wait_for_the_end(worker);
}

static void storm_handler(struct cpu *me, uint32_t sender)
{
	struct channel *channel = &channels[me->id][sender];

	eoi(sender);
	STORE(channel->seen, LOAD(channel->sent));
	workers[me->id].taken++;
	/* After `seen`; its sender looks at that after raising `waits`. */
	if (SWAP(workers[sender].waits, 0))
		note(sender);
}

static bool all_seen(struct cpu *me)
{
	for (uint32_t r = 0; r < nr_cpus; r++) {
		if (LOAD(channels[r][me->id].seen) !=
		    LOAD(channels[r][me->id].sent))
			return false;
	}
	return true;
}

static uint32_t xorshift(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Mostly to one; to several by a list; to all others by IRM. */
static void send_some(struct cpu *me, uint32_t random)
{
	uint32_t others = everybody() & ~(1u << me->id);
	uint32_t set = 1u << (me->id + 1 + random % (nr_cpus - 1)) % nr_cpus;
	uint32_t kind = random >> 8 & 15;

	if (kind == 0)
		set = others;
	else if (kind == 1)
		set |= random >> 12 & others;
	for (uint32_t r = 0; r < nr_cpus; r++) {
		if (!(set >> r & 1))
			continue;
		STORE(channels[r][me->id].sent, channels[r][me->id].sent + 1);
		workers[me->id].sent++;
	}
	if (kind == 0)
		sgi_send_others(me->id);
	else
		sgi_send_set(set, me->id);
}

static void storm_worker(struct cpu *me, void *arg)
{
	struct worker *worker = &workers[me->id];
	uint32_t random = 0x9e3779b9 * (me->id + 1);
	uint32_t tenths = 0;

	(void)arg;
	watch(me);
	worker->waits_for = "the others to see its messages";
	while (worker->sent < quota && !failed()) {
		uint64_t start = now();

		for (uint32_t burst = xorshift(&random) % 4; burst--;)
			send_some(me, xorshift(&random));
		send_some(me, xorshift(&random));
		if (quota / 10 && worker->sent / (quota / 10) != tenths) {
			tenths = worker->sent / (quota / 10);
			progress(me, tenths * (quota / 10));
		}
		irq_off();
		for (;;) {
			STORE(worker->waits, 1);
			if (all_seen(me) || failed())
				break;
			halt_once();
		}
		irq_on();
		STORE(worker->waits, 0);
		slowest(worker, start);
	}
	irq_off();
	wait_for_the_end(worker);
}

static void prepare(const char *name, handler_fn handler, uint32_t nr)
{
	mode = name;
	nr_tokens = nr;
	finished = 0;
	over = 0;
	handlers[PPI_VTIMER] = time_out;
	for (uint32_t i = 0; i < nr_cpus; i++) {
		handlers[i] = handler;
		workers[i] = (struct worker){.sent = 0};
		tokens[i] = (struct token){.at = NOWHERE};
		for (uint32_t s = 0; s < nr_cpus; s++)
			channels[i][s] = (struct channel){0, 0};
	}
	began = now();
}

static void run(void (*work)(struct cpu *, void *), bool merges)
{
	struct worker sum = {.sent = 0};

	run_all(work, NULL);
	for (uint32_t i = 0; i < nr_cpus; i++) {
		struct worker *worker = &workers[i];

		sum.sent += worker->sent;
		sum.taken += worker->taken;
		sum.notes += worker->notes;
		if (worker->slowest > sum.slowest)
			sum.slowest = worker->slowest;
		for (uint32_t s = 0; s < nr_cpus; s++) {
			struct channel *channel = &channels[i][s];

			if (channel->seen != channel->sent)
				fail("cpu %u saw message %u of cpu %u last, "
				     "expected %u",
				     i, channel->seen, s, channel->sent);
		}
	}
	print("info stress.%s sent %u taken %u merged %u notes %u in %lu ms, "
	      "slowest %u us\n",
	      mode, sum.sent, sum.taken, sum.sent - sum.taken, sum.notes,
	      (now() - began) / microseconds(1000), sum.slowest);
	if (sum.taken > sum.sent || (!merges && sum.taken != sum.sent))
		fail("%u SGIs taken of %u sent", sum.taken, sum.sent);
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++) {
		uint32_t taken = 0;

		for (uint32_t s = 0; s < nr_cpus; s++)
			taken += cpus[i].count[s];
		expect("handlers run, by trap.c's count", taken,
		       workers[i].taken);
	}
}

static uint32_t share(uint32_t parts)
{
	return options.stress / parts ? options.stress / parts : 1;
}

void check_stress_pairs(void)
{
	prepare("pairs", token_handler, (nr_cpus + 1) / 2);
	quota = share(nr_tokens);
	run(token_worker, false);
}

void check_stress_ring(void)
{
	prepare("ring", token_handler, nr_cpus);
	quota = share(nr_tokens);
	run(token_worker, false);
}

void check_stress_broadcast(void)
{
	prepare("broadcast", broadcast_handler, 0);
	quota = share(nr_cpus * (nr_cpus - 1));
	run(broadcast_worker, false);
}

void check_stress_wfi(void)
{
	prepare("wfi", storm_handler, 0);
	quota = share(nr_cpus);
	run(storm_worker, true);
}
