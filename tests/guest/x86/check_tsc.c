/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The timer in TSC-deadline mode (SDM 10.5.4.1). */

#include "expect.h"

#define VECTOR 0x61u
#define LONG_AWAY (1ull << 60)

bool tsc_deadline_offered(void)
{
	uint32_t regs[4];

	cpuid(1, regs);
	return regs[2] >> 24 & 1;
}

static void run_if_offered(void (*work)(struct cpu *me, void *arg))
{
	if (tsc_deadline_offered())
		run_all(work, NULL);
	else
		print("info %s: no TSC-deadline mode\n", mode_name);
}

static void use_deadline(void)
{
	apic_write(APIC_LVT_TIMER, LVT_TSC_DEADLINE | VECTOR);
	/* The mode is set before the deadline: SDM 10.5.4.1. */
	__asm__ volatile("mfence" : : : "memory");
}

static void expect_deadline(struct cpu *me, uint64_t expected, const char *when)
{
	uint64_t got = rdmsr(MSR_TSC_DEADLINE);

	if (got != expected)
		fail("cpu %u: IA32_TSC_DEADLINE reads %lx %s, expected %lx",
		     me->id, got, when, expected);
}

/* note[0]: it came before its time. */
static uint64_t due[MAX_CPUS];

static void early_or_not(struct cpu *me, uint32_t vector)
{
	(void)vector;
	if (rdtsc() < due[me->id])
		me->note[0]++;
	apic_eoi();
}

static void fires(struct cpu *me, void *arg)
{
	(void)arg;
	use_deadline();
	for (uint32_t n = 1; n <= 10; n++) {
		cli();
		due[me->id] = rdtsc() + n * (MILLISECOND / 10);
		wrmsr(MSR_TSC_DEADLINE, due[me->id]);
		while (LOAD(me->count[VECTOR]) < n) {
			sti_hlt();
			cli();
		}
		sti();
		expect_deadline(me, 0, "after it has passed");
	}
	expect_count(me, VECTOR, 10, "after ten deadlines");
	expect_reg(me, "the number of early interrupts", me->note[0], 0,
		   "of ten");
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
}

void check_tsc_deadline(void)
{
	handlers[VECTOR] = early_or_not;
	run_if_offered(fires);
}

static void past(struct cpu *me, void *arg)
{
	(void)arg;
	use_deadline();
	cli();
	wrmsr(MSR_TSC_DEADLINE, 1);
	expect_reg(me, "IRR bit 61", apic_bit(APIC_IRR, VECTOR), 1,
		   "after a deadline in the past");
	expect_deadline(me, 0, "after a deadline in the past");
	sti();
	expect_count(me, VECTOR, 1, "after a deadline in the past");
	quiet();
	expect_count(me, VECTOR, 1, "after a deadline in the past");
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
}

void check_tsc_deadline_past(void)
{
	run_if_offered(past);
}

static void disarm(struct cpu *me, void *arg)
{
	(void)arg;
	use_deadline();
	wrmsr(MSR_TSC_DEADLINE, LONG_AWAY);
	expect_deadline(me, LONG_AWAY, "as it was written");
	wrmsr(MSR_TSC_DEADLINE, 0);
	expect_deadline(me, 0, "after it was disarmed");
	quiet();
	expect_count(me, VECTOR, 0, "after a deadline was disarmed");
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
}

void check_tsc_deadline_disarm(void)
{
	run_if_offered(disarm);
}

static void masked(struct cpu *me, void *arg)
{
	(void)arg;
	apic_write(APIC_LVT_TIMER, LVT_TSC_DEADLINE | LVT_MASKED | VECTOR);
	wrmsr(MSR_TSC_DEADLINE, 1);
	expect_deadline(me, 0, "after it has passed, masked");
	apic_write(APIC_LVT_TIMER, LVT_TSC_DEADLINE | VECTOR);
	quiet();
	expect_count(me, VECTOR, 0, "of a deadline that passed while masked");
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
}

void check_tsc_deadline_masked(void)
{
	run_if_offered(masked);
}

/* What belongs to one kind of timer does nothing in the other's modes. */
static void mode(struct cpu *me, void *arg)
{
	(void)arg;
	apic_write(APIC_LVT_TIMER, LVT_ONE_SHOT | VECTOR);
	wrmsr(MSR_TSC_DEADLINE, 1);
	expect_deadline(me, 0, "in one-shot mode");
	apic_write(APIC_TIMER_ICR, 0xffffffff);
	use_deadline();
	expect_reg(me, "CCR", apic_read(APIC_TIMER_CCR), 0,
		   "once in TSC-deadline mode");
	apic_write(APIC_TIMER_ICR, 100000);
	expect_reg(me, "CCR", apic_read(APIC_TIMER_CCR), 0,
		   "in TSC-deadline mode");
	wrmsr(MSR_TSC_DEADLINE, LONG_AWAY);
	apic_write(APIC_LVT_TIMER, LVT_ONE_SHOT | VECTOR);
	expect_deadline(me, 0, "once in one-shot mode");
	use_deadline();
	expect_deadline(me, 0, "back in TSC-deadline mode");
	quiet();
	expect_count(me, VECTOR, 0, "of a timer that is in the other mode");
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	expect_reg(me, "ICR", apic_read(APIC_TIMER_ICR), 0,
		   "back in one-shot mode");
}

void check_tsc_deadline_mode(void)
{
	run_if_offered(mode);
}
