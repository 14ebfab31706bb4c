/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The timer in one-shot and periodic mode (SDM 10.5.4). Nothing is known
 * of its clock but that it and the TSC run evenly, and nothing of when this
 * CPU runs: a reading is good for the TSC values around it, so verdicts
 * compare intervals.
 */

#include "expect.h"

#define VECTOR 0x61u
#define CHAIN 0xf3u
#define LONGEST 0xffffffffu
/* Ticks; 0.5 ms of a clock of 1 GHz. */
#define PERIOD 500000u

/* The count, and the TSC before and after it was read or written. */
struct sample {
	uint64_t before, after;
	uint32_t ccr;
};

/* This CPU was not off in between. More tries than these are in vain. */
static bool is_narrow(struct sample s)
{
	return s.after - s.before < MILLISECOND / 20;
}

#define TRIES 20

static struct sample sample(void)
{
	struct sample s;
	uint32_t tries = 0;

	do {
		s.before = rdtsc();
		s.ccr = apic_read(APIC_TIMER_CCR);
		s.after = rdtsc();
	} while (!is_narrow(s) && ++tries < TRIES);
	return s;
}

/* The interval in which it starts; as a reading of the whole count. */
static struct sample start(uint32_t mode, uint32_t count)
{
	struct sample s;

	apic_write(APIC_LVT_TIMER, mode | VECTOR);
	s.before = rdtsc();
	apic_write(APIC_TIMER_ICR, count);
	s.after = rdtsc();
	s.ccr = count;
	return s;
}

static void stop(void)
{
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_TIMER_ICR, 0);
	apic_write(APIC_TIMER_DCR, 0);
}

static void one_shot(struct cpu *me, void *arg)
{
	(void)arg;
	apic_write(APIC_TIMER_DCR, DCR_1);
	start(LVT_ONE_SHOT, 100000);
	expect_count(me, VECTOR, 1, "after a one-shot");
	expect_reg(me, "CCR", apic_read(APIC_TIMER_CCR), 0, "after a one-shot");
	expect_reg(me, "ICR", apic_read(APIC_TIMER_ICR), 100000,
		   "after a one-shot");
	delay(MILLISECOND);
	expect_count(me, VECTOR, 1, "a while after a one-shot");
	stop();
}

void check_timer_one_shot(void)
{
	run_all(one_shot, NULL);
}

static void counts(struct cpu *me, void *arg)
{
	struct sample a, b;

	(void)arg;
	apic_write(APIC_TIMER_DCR, DCR_1);
	start(LVT_MASKED | LVT_ONE_SHOT, LONGEST);
	a = sample();
	delay(MILLISECOND);
	b = sample();
	/* Right after the start it may read as ICR. */
	if (a.ccr < LONGEST / 2 || b.ccr >= a.ccr || !b.ccr)
		fail("cpu %u: CCR reads %x, then %x, of %x", me->id, a.ccr,
		     b.ccr, LONGEST);
	stop();
	expect_reg(me, "CCR", apic_read(APIC_TIMER_CCR), 0,
		   "after ICR was set to 0");
}

void check_timer_counts(void)
{
	run_all(counts, NULL);
}

/* At least and at most so many ticks in so many TSC cycles. */
struct rate {
	uint64_t least, most;
	uint64_t longest, shortest;
};

static struct rate rate_between(struct sample a, struct sample b)
{
	uint64_t ticks = a.ccr - b.ccr;

	return (struct rate){
		.least = ticks ? ticks - 1 : 0,
		.most = ticks + 1,
		.longest = b.after - a.before,
		.shortest = b.before - a.after,
	};
}

static struct rate measure(uint32_t dcr, uint64_t cycles)
{
	struct sample a, b;

	uint32_t tries = 0;

	apic_write(APIC_TIMER_DCR, dcr);
	do
		a = start(LVT_MASKED | LVT_ONE_SHOT, LONGEST);
	while (!is_narrow(a) && ++tries < TRIES);
	delay(cycles);
	b = sample();
	return rate_between(a, b);
}

static uint32_t divisor(uint32_t dcr)
{
	uint32_t code = (dcr & 3) | (dcr >> 1 & 4);

	return code == 7 ? 1 : 2u << code;
}

/* Bit 2 is not stored, and in x2APIC mode not written here. */
static void divide(struct cpu *me, void *arg)
{
	struct rate whole = measure(DCR_1, MILLISECOND);

	(void)arg;
	for (uint32_t dcr = 0; dcr < 16 && !failed(); dcr++) {
		uint32_t value = me->x2apic ? dcr & 0xb : dcr;
		struct rate part = measure(value, MILLISECOND);
		uint64_t d = divisor(dcr);

		expect_reg(me, "DCR", apic_read(APIC_TIMER_DCR), dcr & 0xb,
			   "after a write, without bit 2");
		/* part * d is whole, as far as the intervals can tell. */
		if (part.least * d * whole.shortest >
			    whole.most * part.longest ||
		    part.most * d * whole.longest < whole.least * part.shortest)
			fail("cpu %u: with DCR %x some %lu ticks in %lu "
			     "cycles, undivided %lu in %lu",
			     me->id, dcr, part.most, part.longest, whole.most,
			     whole.longest);
	}
	stop();
}

void check_timer_divide(void)
{
	run_all(divide, NULL);
}

/*
 * Whether the count is where the start and the rate say that it is: ticks
 * since the start are in [low, high], and PERIOD - CCR beyond a multiple of
 * PERIOD. False if the reading tells nothing, for it took too long.
 */
static bool in_phase(struct cpu *me, struct sample began, struct rate rate)
{
	struct sample now = sample();
	uint64_t low = (now.before - began.after) * rate.least / rate.longest;
	uint64_t high =
		(now.after - began.before) * rate.most / rate.shortest + 1;
	uint64_t at = PERIOD - now.ccr;

	if (now.ccr > PERIOD) {
		fail("cpu %u: CCR reads %u of %u", me->id, now.ccr, PERIOD);
		return true;
	}
	if (high - low > PERIOD / 2)
		return false;
	/* The first multiple that puts it at or above low, less a tick. */
	at += (low + PERIOD - 1 - at) / PERIOD * PERIOD;
	if (at > high + 1 && at + 1 > low + PERIOD)
		at -= PERIOD;
	if (at > high + 1)
		fail("cpu %u: CCR reads %u of %u between %lu and %lu ticks "
		     "after the start",
		     me->id, now.ccr, PERIOD, low, high);
	return true;
}

static void expect_phase(struct cpu *me, struct sample began, struct rate rate)
{
	for (uint32_t i = 0; i < TRIES && !in_phase(me, began, rate); i++)
		pause();
}

/* Interrupts merge while the CPU does not run; there are never too many. */
static void periodic(struct cpu *me, void *arg)
{
	struct rate rate = measure(DCR_1, 10 * MILLISECOND);
	struct sample began;
	uint32_t count, tries = 0;
	uint64_t most;

	(void)arg;
	do
		began = start(LVT_MASKED | LVT_PERIODIC, PERIOD);
	while (!is_narrow(began) && ++tries < TRIES);
	apic_write(APIC_LVT_TIMER, LVT_PERIODIC | VECTOR);
	if (!reached(&me->count[VECTOR], 10))
		fail("cpu %u: %u interrupts of a periodic timer, expected 10",
		     me->id, LOAD(me->count[VECTOR]));
	expect_phase(me, began, rate);
	cli();
	apic_write(APIC_LVT_TIMER, LVT_PERIODIC | LVT_MASKED | VECTOR);
	/* One more may be in IRR. */
	count = LOAD(me->count[VECTOR]) + apic_bit(APIC_IRR, VECTOR);
	most = (rdtsc() - began.before) * rate.most / rate.shortest / PERIOD;
	sti();
	expect_count(me, VECTOR, count, "by the time the timer is masked");
	if (count > most + 1)
		fail("cpu %u: %u interrupts of a periodic timer in time for "
		     "%lu",
		     me->id, count, most);
	delay(MILLISECOND);
	expect_phase(me, began, rate);
	expect_count(me, VECTOR, count, "after the timer was masked");
	stop();
}

void check_timer_periodic(void)
{
	run_all(periodic, NULL);
}

static void restart(struct cpu *me, void *arg)
{
	struct sample a, b;

	(void)arg;
	apic_write(APIC_TIMER_DCR, DCR_1);
	a = start(LVT_MASKED | LVT_ONE_SHOT, LONGEST);
	delay(MILLISECOND);
	a = sample();
	apic_write(APIC_TIMER_ICR, LONGEST);
	b = sample();
	/* Unless the second took as long as the first. */
	if (b.ccr <= a.ccr && b.after - a.after < MILLISECOND / 2)
		fail("cpu %u: CCR reads %x, and %x after ICR was written "
		     "again",
		     me->id, a.ccr, b.ccr);
	stop();
}

void check_timer_restart(void)
{
	run_all(restart, NULL);
}

/* SDM 10.5.4: ICR of 0 stops it, also when periodic. */
static void stops(struct cpu *me, void *arg)
{
	uint32_t count;

	(void)arg;
	apic_write(APIC_TIMER_DCR, DCR_1);
	start(LVT_PERIODIC, PERIOD);
	if (!reached(&me->count[VECTOR], 2))
		fail("cpu %u: the periodic timer does not start", me->id);
	cli();
	apic_write(APIC_TIMER_ICR, 0);
	count = LOAD(me->count[VECTOR]) + apic_bit(APIC_IRR, VECTOR);
	sti();
	expect_reg(me, "CCR", apic_read(APIC_TIMER_CCR), 0,
		   "after ICR was set to 0");
	delay(MILLISECOND);
	quiet();
	expect_count(me, VECTOR, count, "after ICR was set to 0");
	stop();
}

void check_timer_stop(void)
{
	run_all(stops, NULL);
}

/*
 * A one-shot that becomes periodic while it counts, so that it does not end
 * as a one-shot does. If it ran out before the change, it did end: again.
 */
static void become_periodic(struct cpu *me)
{
	uint32_t tries = 0;
	bool in_time;

	do {
		cli();
		STORE(me->count[VECTOR], 0);
		start(LVT_ONE_SHOT, PERIOD);
		apic_write(APIC_LVT_TIMER, LVT_PERIODIC | VECTOR);
		in_time = !apic_bit(APIC_IRR, VECTOR);
		if (!in_time)
			apic_write(APIC_TIMER_ICR, 0);
		sti();
		quiet();
	} while (!in_time && ++tries < TRIES);
}

/* Between one-shot and periodic the count goes on. */
static void mode_change(struct cpu *me, void *arg)
{
	struct sample a, b;

	(void)arg;
	apic_write(APIC_TIMER_DCR, DCR_1);
	start(LVT_MASKED | LVT_ONE_SHOT, LONGEST);
	a = sample();
	apic_write(APIC_LVT_TIMER, LVT_MASKED | LVT_PERIODIC | VECTOR);
	b = sample();
	expect_reg(me, "ICR", apic_read(APIC_TIMER_ICR), LONGEST,
		   "after a change to periodic");
	if (b.ccr > a.ccr || b.ccr < LONGEST / 2)
		fail("cpu %u: CCR reads %x, and %x once periodic", me->id,
		     a.ccr, b.ccr);
	become_periodic(me);
	if (!reached(&me->count[VECTOR], 3))
		fail("cpu %u: %u interrupts once periodic, expected 3", me->id,
		     LOAD(me->count[VECTOR]));
	stop();
}

void check_timer_mode_change(void)
{
	run_all(mode_change, NULL);
}

static void await_end(struct cpu *me)
{
	uint64_t since = rdtsc();

	while (apic_read(APIC_TIMER_CCR)) {
		if (out_of_patience(since)) {
			fail("cpu %u: CCR does not come to 0", me->id);
			return;
		}
		pause();
	}
}

/* An expiry while masked is lost (SDM 10.5.1). */
static void masked(struct cpu *me, void *arg)
{
	(void)arg;
	apic_write(APIC_TIMER_DCR, DCR_1);
	start(LVT_MASKED | LVT_ONE_SHOT, 100000);
	await_end(me);
	apic_write(APIC_LVT_TIMER, VECTOR);
	quiet();
	expect_count(me, VECTOR, 0, "of an expiry while masked");
	start(LVT_ONE_SHOT, 100000);
	expect_count(me, VECTOR, 1, "of the next one, unmasked");
	stop();
}

void check_timer_masked(void)
{
	run_all(masked, NULL);
}

static void halted(struct cpu *me, void *arg)
{
	(void)arg;
	apic_write(APIC_TIMER_DCR, DCR_1);
	for (uint32_t n = 1; n <= 10; n++) {
		cli();
		start(LVT_ONE_SHOT, 50000 * n);
		while (LOAD(me->count[VECTOR]) < n) {
			sti_hlt();
			cli();
		}
		sti();
	}
	expect_count(me, VECTOR, 10, "while halted");
	stop();
}

void check_timer_halted(void)
{
	run_all(halted, NULL);
}

/* SDM 10.4.7.2: software disable masks it. The count goes on. */
static void disabled(struct cpu *me, void *arg)
{
	(void)arg;
	apic_write(APIC_TIMER_DCR, DCR_1);
	cli();
	start(LVT_ONE_SHOT, PERIOD);
	apic_write(APIC_SVR, VECTOR_SPURIOUS);
	if (apic_bit(APIC_IRR, VECTOR))
		me->note[0] = 1;
	await_end(me);
	apic_write(APIC_SVR, SVR_NORMAL);
	apic_write(APIC_LVT_TIMER, VECTOR);
	sti();
	quiet();
	expect_count(me, VECTOR, me->note[0], "of an expiry while disabled");
	stop();
}

void check_timer_disabled(void)
{
	run_all(disabled, NULL);
}

/* SDM 10.5.2, 10.5.3: an error, and not an interrupt. */
static void illegal(struct cpu *me, void *arg)
{
	uint32_t esr;

	(void)arg;
	apic_write(APIC_TIMER_DCR, DCR_1);
	apic_write(APIC_LVT_TIMER, 0x0d);
	apic_write(APIC_ESR, 0);
	apic_write(APIC_TIMER_ICR, 100000);
	await_end(me);
	quiet();
	apic_write(APIC_ESR, 0);
	esr = apic_read(APIC_ESR);
	expect_reg(me, "ESR", esr, ESR_RECEIVE_ILLEGAL,
		   "after a timer with vector d");
	expect_reg(me, "IRR bits 31:0", apic_read(APIC_IRR), 0,
		   "after a timer with vector d");
	stop();
	apic_write(APIC_ESR, 0);
}

void check_timer_illegal(void)
{
	run_all(illegal, NULL);
}

/*
 * note[2]: started, note[3]: taken, note[4]: no more. Each eighth is long:
 * where KVM looks for an interrupt window once in a while, so short ones in
 * a row would keep all lower vectors out.
 */
static void chain_link(struct cpu *me)
{
	uint32_t n = me->note[2] + 1;

	STORE(me->note[2], n);
	apic_write(APIC_TIMER_ICR, n % 8 ? 200000 + 50000 * (n % 8) : 8000000);
}

static void chain_handler(struct cpu *me, uint32_t vector)
{
	(void)vector;
	STORE(me->note[3], me->note[3] + 1);
	if (!me->note[4])
		chain_link(me);
	apic_eoi();
}

void chain_begin(struct cpu *me)
{
	STORE(handlers[CHAIN], chain_handler);
	apic_write(APIC_TIMER_DCR, DCR_1);
	apic_write(APIC_LVT_TIMER, LVT_ONE_SHOT | CHAIN);
	cli();
	chain_link(me);
	sti();
}

void chain_end(struct cpu *me)
{
	STORE(me->note[4], 1);
	if (!reached(&me->note[3], me->note[2]))
		fail("cpu %u: %u one-shots, but %u interrupts", me->id,
		     me->note[2], LOAD(me->note[3]));
	stop();
}

void chain_report(void)
{
	uint32_t asked = 0, taken = 0;

	for (uint32_t i = 0; i < nr_cpus; i++) {
		asked += LOAD(cpus[i].note[2]);
		taken += LOAD(cpus[i].note[3]);
		if (cpus[i].note[2] != cpus[i].note[3])
			fail("cpu %u: %u one-shots, but %u interrupts", i,
			     cpus[i].note[2], cpus[i].note[3]);
	}
	print("exact %s.timers posted=%u seen=%u\n", mode_name, asked, taken);
}
