/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Devices and a host post at and interrupt a guest that runs, nests handlers
 * and halts. No interrupt may be lost or doubled: for every vector, the PIR
 * bits newly set are those delivered, merged or still pending.
 */

#define _POSIX_C_SOURCE 200809L

#include "machine.h"

#include <sched.h>

#define POSTERS 3
#define POSTS 20000

struct poster {
	struct machine *m;
	uint64_t seed;
	uint64_t posted[256];
};

struct run {
	struct machine m;
	struct poster posters[POSTERS];
	/** Set when the posters are done; the guest then drains. */
	int done;
	uint64_t seed;
	uint64_t self_ipis;
	uint64_t handled;
};

static uint32_t random_below(uint64_t *seed, uint32_t limit)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33) % limit;
}

static void yield(void *arg)
{
	(void)arg;
	sched_yield();
}

static void *post_many(void *arg)
{
	static const struct vtx_hook hook = {yield, NULL};
	struct poster *poster = arg;
	int i;

	for (i = 0; i < POSTS; i++) {
		uint8_t vector =
			(uint8_t)(16 + random_below(&poster->seed, 240));
		bool yields = !random_below(&poster->seed, 8);
		struct vtx_notification done = vtx_device_post(
			&poster->m->pid, vector, false, yields ? &hook : NULL);

		poster->posted[vector] += done.posted;
		if (done.notify)
			vtx_ipi(&poster->m->cpu, done.vector);
		if (!random_below(&poster->seed, 64))
			vtx_ipi(&poster->m->cpu, HOST_VECTOR);
		if (!random_below(&poster->seed, 16))
			sched_yield();
	}
	return NULL;
}

/*
 * The VMM after an exit, and back in. The host takes interrupts, so it may
 * take a notification; then it sends itself another, which waits for entry.
 */
static enum vtx_result vmm(struct run *run)
{
	struct vtx_pcpu *cpu = &run->m.cpu;
	bool notified = false;
	uint8_t vector;

	if (run->m.vmcs.exit_reason == VTX_EXIT_VMCALL)
		vtx_sleep(cpu, 1);
	while ((vector = vtx_host_interrupt(cpu)) != 0)
		notified |= vector == NV;
	if (notified)
		vtx_ipi(cpu, NV);
	/* Nobody will wake it any more. */
	if (__atomic_load_n(&run->done, __ATOMIC_SEQ_CST)) {
		run->m.vmcs.primary |= VTX_PROC_HLT_EXITING;
		run->m.vmcs.activity = VTX_ACTIVITY_ACTIVE;
	}
	return vtx_enter(cpu, &run->m.vmcs);
}

enum kind {
	STEP,
	STI,
	CLI,
	HLT,
	CR8,
	EOI,
	SELF,
	IRET,
	VMCALL,
};

static enum vtx_result call(struct run *run, enum kind kind, uint32_t operand)
{
	struct vtx_pcpu *cpu = &run->m.cpu;

	switch (kind) {
	case STI:
		return vtx_sti(cpu);
	case CLI:
		return vtx_cli(cpu);
	case HLT:
		return vtx_hlt(cpu);
	case CR8:
		return vtx_mov_to_cr8(cpu, operand);
	case EOI:
		return vtx_wrmsr(cpu, 0x80b, 0);
	case SELF:
		return vtx_wrmsr(cpu, 0x83f, operand);
	case IRET:
		return vtx_iret(cpu, true);
	case VMCALL:
		return vtx_vmcall(cpu);
	default:
		return vtx_step(cpu);
	}
}

static void handler(struct run *run);

/* Run one instruction of the guest, and all that comes before and after. */
static void execute(struct run *run, enum kind kind, uint32_t operand)
{
	struct vtx_pcpu *cpu = &run->m.cpu;
	bool retired;

	do {
		enum vtx_result result = call(run, kind, operand);

		retired = cpu->retired;
		while (result != VTX_OK && result != VTX_VECTOR) {
			if (result == VTX_HALTED) {
				result = vtx_wait(cpu);
				continue;
			}
			assert_result(result, VTX_EXIT);
			if (run->m.vmcs.exit_reason == VTX_EXIT_VMCALL ||
			    run->m.vmcs.exit_reason == VTX_EXIT_HLT)
				retired = true;
			result = vmm(run);
		}
		if (result == VTX_VECTOR)
			handler(run);
	} while (!retired);
}

/* Some handlers allow nesting before their EOI. */
static void handler(struct run *run)
{
	run->handled++;
	if (random_below(&run->seed, 2)) {
		execute(run, STI, 0);
		execute(run, STEP, 0);
		execute(run, STEP, 0);
		execute(run, CLI, 0);
	}
	execute(run, EOI, 0);
	execute(run, IRET, 0);
}

static void guest_round(struct run *run)
{
	uint32_t vector;

	switch (random_below(&run->seed, 8)) {
	case 0:
		execute(run, CLI, 0);
		execute(run, STEP, 0);
		execute(run, STI, 0);
		execute(run, HLT, 0);
		break;
	case 1:
		execute(run, CR8, 1 + random_below(&run->seed, 15));
		execute(run, STEP, 0);
		execute(run, CR8, 0);
		break;
	case 2:
		vector = 16 + random_below(&run->seed, 240);
		execute(run, SELF, vector);
		run->self_ipis++;
		break;
	case 3:
		if (!random_below(&run->seed, 64))
			execute(run, VMCALL, 0);
		break;
	default:
		execute(run, STEP, 0);
		break;
	}
}

static bool is_quiet(struct run *run)
{
	int i;

	if (vtx_pending(&run->m.cpu))
		return false;
	for (i = 0; i < 8; i++)
		if (machine_reg(&run->m, VIC_APIC_IRR + (uint32_t)i * 16))
			return false;
	return true;
}

static void *run_guest(void *arg)
{
	struct run *run = arg;
	enum vtx_result result = vtx_enter(&run->m.cpu, &run->m.vmcs);
	int i;

	while (result == VTX_EXIT)
		result = vmm(run);
	if (result == VTX_VECTOR)
		handler(run);
	while (!__atomic_load_n(&run->done, __ATOMIC_SEQ_CST))
		guest_round(run);
	for (i = 0; i < 1000 && !is_quiet(run); i++)
		execute(run, STEP, 0);
	return NULL;
}

static void start(struct run *run)
{
	int i;

	memset(run, 0, sizeof(*run));
	machine_make(&run->m, X2APIC);
	run->m.cpu.nowait = false;
	run->m.vmcs.eoi_exit[2] = 0x0f0f;
	run->seed = 42;
	for (i = 0; i < POSTERS; i++) {
		run->posters[i].m = &run->m;
		run->posters[i].seed = (uint64_t)i;
	}
}

static void account(struct run *run)
{
	const struct vtx_stats *stats = &run->m.vmcs.stats;
	int vector, i;

	assert_true(is_quiet(run));
	for (i = 0; i < 4; i++)
		assert_true(!run->m.pid.pir[i]);
	assert_false(run->m.pid.control & VIC_PID_ON);
	for (vector = 0; vector < 256; vector++) {
		uint64_t posted = 0;

		for (i = 0; i < POSTERS; i++)
			posted += run->posters[i].posted[vector];
		assert_true(posted == stats->posted[vector]);
		assert_true(posted - stats->folds[vector] +
				    stats->self_ipis[vector] -
				    stats->self_folds[vector] ==
			    stats->delivered[vector]);
		assert_false(
			machine_bit(&run->m, VIC_APIC_ISR, (uint8_t)vector));
	}
	assert_true(vtx_sum(stats->delivered) == run->handled);
	assert_true(vtx_sum(stats->self_ipis) == run->self_ipis);
	assert_true(stats->notifications > 0);
	assert_true(stats->exits[VTX_EXIT_EXTERNAL_INTERRUPT] > 0);
}

static void every_posted_interrupt_is_accounted_for(void **state)
{
	static struct run run;
	pthread_t guest, posters[POSTERS];
	int i;

	(void)state;
	start(&run);
	assert_int_equal(pthread_create(&guest, NULL, run_guest, &run), 0);
	for (i = 0; i < POSTERS; i++)
		assert_int_equal(pthread_create(&posters[i], NULL, post_many,
						&run.posters[i]),
				 0);
	for (i = 0; i < POSTERS; i++)
		pthread_join(posters[i], NULL);
	__atomic_store_n(&run.done, 1, __ATOMIC_SEQ_CST);
	vtx_ipi(&run.m.cpu, HOST_VECTOR);
	pthread_join(guest, NULL);
	account(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_posted_interrupt_is_accounted_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
