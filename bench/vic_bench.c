/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * vic-bench SCENARIO N ITERATIONS [--empty]
 *     Run a loop and print the nanoseconds that it took.
 * vic-bench --list
 *     scenario,n,divisor,iterations,timed: an operation counts as divisor
 *     operations; iterations are enough to count instructions, timed ones
 *     to see the time.
 * vic-bench --self-test
 *     Does each operation do what its name says? Prints TAP.
 *
 * scripts/bench.sh builds and runs it.
 */

#define _POSIX_C_SOURCE 200809L

#include "scenario.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The regions of all targets as they are before an operation. */
static unsigned char *image;
static size_t image_stride;

static void *zeroed(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory)
		die("out of memory");
	return memory;
}

/* How many targets a scenario has at its size @n. */
static uint32_t targets(const struct scenario *s, uint32_t n)
{
	return s->pends || n == 1 ? 1 : n - 1;
}

static enum vic_enter enter(const struct scenario *s, const struct cpu *cpu)
{
	uint16_t status;

	if (s->machine & MACHINE_POSTING)
		return vic_lapic_enter(cpu->lapic, &status);
	return vic_vcpu_enter(cpu->vcpu);
}

static void setup_target(struct bench *b, uint32_t index, uint32_t next)
{
	const struct scenario *s = b->scenario;
	const struct machine *m = &b->machine;
	struct cpu *cpu = &m->cpus[m->n > 1 ? index + 1 : 0];
	struct target *t = &b->targets[index];

	t->next = &b->targets[next];
	t->cpu = cpu;
	t->regions[0] = (struct region){cpu->vcpu_storage, VIC_VCPU_SIZE};
	if (m->gic) {
		t->regions[1] = (struct region){cpu->gicr, m->gicr_size};
		t->regions[2] = (struct region){m->gic, m->gic_size};
	} else {
		t->regions[1] =
			(struct region){cpu->lapic_storage, VIC_LAPIC_SIZE};
		t->regions[2] = (struct region){cpu->page, VIC_APIC_PAGE_SIZE};
	}
	if (s->message)
		t->message = s->message(vic_vcpu_index(cpu->vcpu));
	if (s->guest && enter(s, cpu) != VIC_ENTER_GUEST)
		die("an idle vCPU cannot enter");
	if (s->prepare)
		s->prepare(b, t);
}

static void setup(struct bench *b, const struct scenario *s, uint32_t n)
{
	memset(b, 0, sizeof(*b));
	b->scenario = s;
	if (s->pends) {
		b->pending = n;
		n = 1;
	}
	machine_alloc(&b->machine, n);
	b->count = targets(s, n);
	if (s->boots)
		return;
	if (s->machine & MACHINE_GIC)
		gic_machine_init(&b->machine);
	else if (s->machine & MACHINE_CHIPS)
		chip_machine_init(&b->machine, s->machine);
	else
		machine_init(&b->machine, s->machine);
	b->targets = zeroed(b->count, sizeof(*b->targets));
	b->first = b->targets;
	for (uint32_t i = 0; i < b->count; i++)
		setup_target(b, i, (i + 1) % b->count);
}

static void teardown(struct bench *b)
{
	machine_free(&b->machine);
	free(b->targets);
}

static unsigned char *
image_of(const struct bench *b, uint32_t target, uint32_t region)
{
	unsigned char *at = image + target * image_stride;

	for (uint32_t r = 0; r < region; r++)
		at += b->targets[target].regions[r].size;
	return at;
}

static void take_image(const struct bench *b)
{
	image_stride = 0;
	for (uint32_t r = 0; r < b->scenario->regions; r++)
		image_stride += b->targets[0].regions[r].size;
	image = zeroed(b->count, image_stride + 1);
	for (uint32_t i = 0; i < b->count; i++)
		for (uint32_t r = 0; r < b->scenario->regions; r++)
			memcpy(image_of(b, i, r), b->targets[i].regions[r].at,
			       b->targets[i].regions[r].size);
}

/* Which words did the operation change in a target? */
static uint32_t learn_words(const struct bench *b, uint32_t target)
{
	struct target *t = &b->targets[target];
	uint32_t words = 0;

	for (uint32_t r = 0; r < b->scenario->regions; r++) {
		const unsigned char *before = image_of(b, target, r);
		unsigned char *after = t->regions[r].at;

		for (size_t o = 0; o < t->regions[r].size; o += 8) {
			if (!memcmp(before + o, after + o, 8))
				continue;
			if (words == MAX_WORDS)
				die("an operation changes too many words");
			t->word[words].at = after + o;
			memcpy(&t->word[words++].value, before + o, 8);
		}
	}
	return words;
}

static void put_all_back(struct bench *b)
{
	for (uint32_t i = 0; i < b->count; i++)
		put_back(b, &b->targets[i]);
	for (uint32_t i = 0; i < b->count; i++)
		for (uint32_t r = 0; r < b->scenario->regions; r++)
			if (memcmp(image_of(b, i, r),
				   b->targets[i].regions[r].at,
				   b->targets[i].regions[r].size))
				die("a target is not what it was");
}

/* What all the counters say, as one struct. */
static struct effect observe(const struct bench *b)
{
	const struct vic_counters *sender, *device = &b->machine.device;
	const struct vic_counters *target;
	struct effect e = {.wakes = calls.wakes};

	if (b->scenario->boots)
		return e;
	sender = vic_vcpu_counters(b->machine.cpus[0].vcpu);
	target = vic_vcpu_counters(b->targets[0].regions[0].at);
	e.vectors.merged = sender->vectors.merged + device->vectors.merged;
	e.vectors.coalesced =
		sender->vectors.coalesced + device->vectors.coalesced;
	e.vectors.silent = sender->vectors.silent + device->vectors.silent;
	e.vectors.woken = sender->vectors.woken + device->vectors.woken;
	e.vectors.kicked = sender->vectors.kicked + device->vectors.kicked;
	e.vectors.notified =
		sender->vectors.notified + device->vectors.notified;
	e.acked = target->acked[VIC_MODE_FIXED];
	e.eois = target->eois;
	e.enters = target->enters;
	e.exits = target->exits;
	return e;
}

static bool grew(uint64_t before, uint64_t after, uint64_t by)
{
	return after - before == by;
}

static bool vectors_grew(const struct vic_outcomes *before,
			 const struct vic_outcomes *after,
			 const struct vic_outcomes *expected, uint64_t posts)
{
	return grew(before->merged, after->merged, posts * expected->merged) &&
	       grew(before->coalesced, after->coalesced,
		    posts * expected->coalesced) &&
	       grew(before->silent, after->silent, posts * expected->silent) &&
	       grew(before->woken, after->woken, posts * expected->woken) &&
	       grew(before->kicked, after->kicked, posts * expected->kicked) &&
	       grew(before->notified, after->notified,
		    posts * expected->notified);
}

static uint64_t divisor(const struct bench *b)
{
	return b->scenario->broadcast ? b->count : 1;
}

/* Whether counting survives: what a target counts is put back. */
static bool counts_stay(const struct bench *b)
{
	return !b->words || b->machine.n > 1;
}

/* Run operations and check what they did. */
static void run(struct bench *b, uint64_t iterations)
{
	const struct effect *expected = &b->scenario->effect;
	uint64_t posts = b->empty ? 0 : iterations * divisor(b);
	uint64_t kicks = calls.kicks, notifies = calls.notifies;
	uint64_t wakes = b->empty ? 0 : iterations * b->count;
	struct effect before = observe(b), after;

	b->scenario->loop(b, iterations);
	after = observe(b);
	if (b->bad)
		die("a call returned what it should not");
	if (counts_stay(b) && !vectors_grew(&before.vectors, &after.vectors,
					    &expected->vectors, posts))
		die("the sender counted other outcomes than expected");
	if (!grew(kicks, calls.kicks, posts * expected->vectors.kicked))
		die("kicks were not called once for each target");
	if (!grew(notifies, calls.notifies, posts * expected->vectors.notified))
		die("notifications were not called once for each target");
	if (!grew(before.wakes, after.wakes, wakes * expected->wakes))
		die("wakes were not called once for each signal");
	/* What an operation changes in its target's counters is put back. */
	if (!b->words &&
	    (!grew(before.acked, after.acked, posts * expected->acked) ||
	     !grew(before.eois, after.eois, posts * expected->eois) ||
	     !grew(before.enters, after.enters, posts * expected->enters) ||
	     !grew(before.exits, after.exits, posts * expected->exits)))
		die("the target counted other work than expected");
}

static void learn_target(struct bench *b, uint32_t target)
{
	uint32_t words, before = b->words;

	/* Nothing to put back so far. */
	b->words = 0;
	b->first = &b->targets[target];
	if (!b->scenario->broadcast)
		run(b, 1);
	words = learn_words(b, target);
	if (target && words != before)
		die("an operation changes its targets differently");
	b->words = words;
	put_back(b, b->first);
}

/*
 * Run each target's operation once, learn what it changes, and see that
 * putting that back puts everything back.
 */
static void learn(struct bench *b)
{
	if (!b->scenario->regions)
		return;
	take_image(b);
	if (b->scenario->broadcast)
		run(b, 1);
	for (uint32_t i = 0; i < b->count; i++)
		learn_target(b, i);
	b->first = b->targets;
	put_all_back(b);
	run(b, 1);
	put_all_back(b);
	free(image);
}

static void make_empty(struct bench *b)
{
	b->empty = true;
	for (uint32_t i = 0; b->targets && i < b->count; i++)
		b->targets[i].next = &b->targets[i];
}

/* A multiple of the targets, so that the average is exact. */
static uint64_t enough(const struct scenario *s, uint32_t n)
{
	uint64_t count = targets(s, n);

	if (s->boots)
		return 1;
	if (s->broadcast)
		return 2048 / count + 1;
	return count * (2048 / count + 1);
}

/* The scenario with this number, NULL after the last. */
static const struct scenario *nth(unsigned i)
{
	if (i < apic_scenario_count)
		return &apic_scenarios[i];
	i -= apic_scenario_count;
	if (i < posted_scenario_count)
		return &posted_scenarios[i];
	i -= posted_scenario_count;
	if (i < chip_scenario_count)
		return &chip_scenarios[i];
	i -= chip_scenario_count;
	return i < gic_scenario_count ? &gic_scenarios[i] : NULL;
}

/* Only the first size can be 0. */
static bool has_size(const struct scenario *s, unsigned j)
{
	return j < MAX_SIZES && (!j || s->sizes[j]);
}

static void list(void)
{
	const struct scenario *s;

	for (unsigned i = 0; (s = nth(i)); i++) {
		for (unsigned j = 0; has_size(s, j); j++) {
			uint32_t n = s->sizes[j];
			uint64_t iterations = enough(s, n);

			printf("%s,%" PRIu32 ",%" PRIu32 ",%" PRIu64 ",%" PRIu64
			       "\n",
			       s->name, n, s->broadcast ? n - 1 : 1, iterations,
			       iterations * (s->boots ? 4 : 200));
		}
	}
}

static int self_test(void)
{
	const struct scenario *s;
	struct bench b;
	unsigned tests = 0;

	for (unsigned i = 0; (s = nth(i)); i++) {
		for (unsigned j = 0; has_size(s, j); j++) {
			setup(&b, s, s->sizes[j]);
			learn(&b);
			run(&b, enough(s, s->sizes[j]));
			make_empty(&b);
			run(&b, 10);
			teardown(&b);
			printf("ok %u - %s %" PRIu32 "\n", ++tests, s->name,
			       s->sizes[j]);
		}
	}
	printf("1..%u\n", tests);
	return 0;
}

/* Time on the processor: others may want it too. */
static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t
number(const char *text, uint64_t min, uint64_t max, const char *what)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value < min || value > max)
		die(what);
	return value;
}

static const struct scenario *find(const char *name)
{
	const struct scenario *s;

	for (unsigned i = 0; (s = nth(i)); i++)
		if (!strcmp(s->name, name))
			return s;
	die("no such scenario: see vic-bench --list");
}

int main(int argc, char **argv)
{
	bool is_empty = argc == 5 && !strcmp(argv[4], "--empty");
	struct bench b;
	const struct scenario *s;
	uint64_t iterations, start;
	uint32_t n;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		list();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--self-test"))
		return self_test();
	if (argc != 4 && !is_empty)
		die("usage: vic-bench SCENARIO N ITERATIONS [--empty]");
	s = find(argv[1]);
	n = (uint32_t)number(argv[2], s->sizes[0] ? 1 : 0, VIC_BUS_MAX_VCPUS,
			     "N must be 1 to 4096");
	iterations =
		number(argv[3], 1, UINT32_MAX, "ITERATIONS must be 1 to 2^32");
	setup(&b, s, n);
	learn(&b);
	if (is_empty)
		make_empty(&b);
	start = now();
	run(&b, iterations);
	printf("%" PRIu64 "\n", now() - start);
	teardown(&b);
	return 0;
}
