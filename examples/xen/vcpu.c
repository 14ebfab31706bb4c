/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The glue: how libvic reaches a vCPU, and a vCPU's way into the guest. A
 * hypervisor of your own begins here and in exit.c.
 */
#include <sched.h>
#include <stddef.h>

#include "xen.h"

#define BLOCKING (VTX_BLOCKING_BY_STI | VTX_BLOCKING_BY_MOV_SS)

/*
 * Callbacks. They run on any thread, inside the library: none of them calls
 * it, and the scheduler never calls it under the lock of a run queue.
 */
static void vcpu_wake(void *opaque)
{
	sched_wake(opaque);
}

/* Where it runs; if it has left meanwhile, it looks before it enters. */
static void vcpu_kick(void *opaque)
{
	struct vcpu *v = opaque;

	vtx_ipi(&atomic_load(&v->home)->cpu, VECTOR_KICK);
}

/* Each processor once. */
static void vcpu_kick_many(void *const *opaques, uint32_t n)
{
	uint64_t pcpus = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct vcpu *v = opaques[i];

		pcpus |= UINT64_C(1) << atomic_load(&v->home)->id;
	}
	for (uint32_t id = 0; pcpus; id++, pcpus >>= 1)
		if (pcpus & 1)
			vtx_ipi(&run.pcpus[id].cpu, VECTOR_KICK);
}

static void vcpu_notify(void *opaque, uint32_t dest, uint8_t vector)
{
	(void)opaque;
	pcpu_notify(dest, vector);
}

static void vcpu_eoi(void *opaque, uint32_t source, uint32_t number)
{
	(void)source;
	device_eoi(opaque, (uint8_t)number);
}

/*
 * A handler of a host interrupt runs where pcpu_take_interrupts() lets it,
 * so there is nothing to mask here.
 */
static uint64_t lock(uint32_t *word)
{
	while (__atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE))
		sched_yield();
	return 0;
}

static void unlock(uint32_t *word, uint64_t flags)
{
	(void)flags;
	__atomic_store_n(word, 0, __ATOMIC_RELEASE);
}

const struct vic_vcpu_ops vcpu_ops = {
	.size = sizeof(vcpu_ops),
	.wake = vcpu_wake,
	.kick = vcpu_kick,
	.eoi = vcpu_eoi,
	.lock = lock,
	.unlock = unlock,
	.notify = vcpu_notify,
	.kick_many = vcpu_kick_many,
};

static bool is_injecting(const struct vcpu *v)
{
	return v->vmcs.entry_info & VTX_INFO_VALID;
}

/* As if something inhibited posting for a while, at any moment. */
static void switch_posting(struct vcpu *v)
{
	bool on = vic_lapic_posting(v->lapic);

	MUST(vic_lapic_set_posting(v->lapic, !on));
	vmcs_fill(v);
}

/* Posting begins when the vCPU has a pCPU for its notifications. */
static void start(struct vcpu *v)
{
	if (run.mode->posting)
		MUST(vic_lapic_set_posting(v->lapic, true));
	vmcs_fill(v);
}

void vcpu_schedule_in(struct pcpu *p, struct vcpu *v)
{
	if (v->is_blocked)
		vic_vcpu_unblock(v->vic);
	v->is_blocked = false;
	vic_vcpu_load(v->vic, p->vic);
	if (v->scheduled++ == 0)
		start(v);
	else if (run.options->inhibit && run.mode->posting &&
		 !is_injecting(v) && draw(&v->random) % 16 == 0)
		switch_posting(v);
	v->look = true;
	v->slice = 0;
}

/* What the guest could take at the next entry. */
static uint32_t can(const struct vcpu *v)
{
	bool open = v->vmcs.rflags & VTX_RFLAGS_IF &&
		    !(v->vmcs.interruptibility & BLOCKING);

	return open && !is_injecting(v) ? VIC_CAN_IRQ : 0;
}

static void reset(struct vcpu *v)
{
	guest_reset(&v->guest);
	v->vmcs.rflags = 0;
	v->vmcs.interruptibility = 0;
	v->vmcs.activity = VTX_ACTIVITY_ACTIVE;
	v->vmcs.entry_info = 0;
}

static void inject(struct vcpu *v, const struct vic_work *work)
{
	v->vmcs.primary &= ~VTX_PROC_INTERRUPT_WINDOW_EXITING;
	if (work->flags & VIC_WORK_IRQ_WINDOW)
		v->vmcs.primary |= VTX_PROC_INTERRUPT_WINDOW_EXITING;
	v->vmcs.tpr_threshold = work->tpr_threshold;
	if (work->flags & VIC_WORK_IRQ) {
		v->vmcs.entry_info = VTX_INFO_VALID |
				     VTX_INFO_EXTERNAL_INTERRUPT | work->vector;
		MUST(vic_lapic_ack(v->lapic, work->vector));
	}
}

/* Act on what the scan finds. False: there is more to find. */
static bool look(struct vcpu *v)
{
	struct vic_work work;
	uint32_t flags = vic_lapic_scan(v->lapic, can(v), &work);

	v->wait_sipi = flags & VIC_WORK_WAIT_SIPI;
	if (flags & VIC_WORK_INIT) {
		reset(v);
		MUST(vic_lapic_ack_init(v->lapic));
		return false;
	}
	if (flags & VIC_WORK_SIPI) {
		/* A real guest starts at work.sipi_vector << 12. */
		MUST(vic_lapic_ack_sipi(v->lapic));
		return false;
	}
	if (flags & VIC_WORK_EOI_EXIT)
		vic_lapic_eoi_exit_bitmap(v->lapic, v->vmcs.eoi_exit);
	/* With posting a scan is only due when something says so. */
	v->look = !vic_lapic_posting(v->lapic);
	if (v->look)
		inject(v, &work);
	return true;
}

static bool should_leave(struct pcpu *p)
{
	bool resched = p->resched;

	p->resched = false;
	return (resched && atomic_load(&p->queue.length)) ||
	       atomic_load(&run.over);
}

static bool is_halted(const struct vcpu *v)
{
	return atomic_load(&v->guest.halted);
}

/*
 * Whether the vCPU may sleep: it waits for a SIPI, or it is in HLT. One in
 * HLT that did not exit sleeps only if it loses its pCPU, and even then not
 * always: a hypervisor may do either.
 */
static bool may_block(struct vcpu *v, bool leaves)
{
	if (v->wait_sipi)
		return true;
	if (!is_halted(v) || is_injecting(v))
		return false;
	return run.options->halt_exits || (leaves && draw(&v->random) % 2);
}

static bool block(struct vcpu *v)
{
	v->is_blocked = vic_lapic_block(v->lapic, can(v));
	/* Refused: the next look has more to find. */
	v->look = true;
	return v->is_blocked;
}

/* One instruction, or the wait in HLT. */
static enum vtx_result step(struct pcpu *p, struct vcpu *v)
{
	bool was_halted = is_halted(v);
	enum vtx_result result;

	if (!was_halted &&
	    (run.options->halt_exits || guest_insn(&v->guest)->op != OP_HLT))
		return guest_execute(&v->guest, &p->cpu);
	atomic_store(&v->guest.halted, true);
	atomic_store(&p->halted, true);
	/* The slice of a vCPU that does nothing is mostly cut short. */
	if (atomic_load(&p->queue.length) && draw(&v->random) % 4)
		vtx_ipi(&p->cpu, VECTOR_TIMER);
	if (was_halted)
		result = vtx_wait(&p->cpu);
	else
		result = guest_execute(&v->guest, &p->cpu);
	if (!was_halted && !p->cpu.retired)
		atomic_store(&v->guest.halted, false);
	atomic_store(&p->halted, false);
	return result;
}

/* The timer of the pCPU: a slice is so many instructions. */
static void count_slice(struct pcpu *p, struct vcpu *v)
{
	if (++v->slice < 64 + v->random % 512)
		return;
	v->slice = 0;
	if (atomic_load(&p->queue.length))
		vtx_ipi(&p->cpu, VECTOR_TIMER);
}

/* From VM entry to VM exit. */
static void enter(struct pcpu *p, struct vcpu *v)
{
	enum vtx_result result = vtx_enter(&p->cpu, &v->vmcs);

	while (result != VTX_EXIT) {
		if (result == VTX_VECTOR)
			guest_interrupt(&v->guest, p->cpu.vector);
		else if (result == VTX_HALTED && run.options->halt_exits)
			/* It was woken for nothing: it sleeps in the host. */
			vtx_ipi(&p->cpu, VECTOR_KICK);
		else if (result == VTX_FAILED)
			die("VM entry failed: %s",
			    vtx_error_name(v->vmcs.error));
		else if (result == VTX_GP || result == VTX_PHYSICAL)
			die("a guest's instruction: %s",
			    vtx_result_name(result));
		count_slice(p, v);
		result = step(p, v);
	}
}

static bool was_kick(const struct vcpu *v)
{
	return v->vmcs.exit_reason == VTX_EXIT_EXTERNAL_INTERRUPT &&
	       (v->vmcs.exit_info & VTX_INFO_VECTOR) == VECTOR_KICK;
}

/*
 * Host interrupts are masked from vic_lapic_enter() to vic_lapic_exit():
 * what comes meanwhile, kicks too, ends the guest's time at once.
 */
static void run_guest(struct pcpu *p, struct vcpu *v)
{
	uint16_t status = 0;
	uint8_t tpr;
	enum vic_enter entry = vic_lapic_enter(v->lapic, &status);

	if (entry == VIC_ENTER_AGAIN) {
		v->look = true;
		return;
	}
	if (entry == VIC_ENTER_EXIT)
		vtx_ipi(&p->cpu, VECTOR_KICK);
	v->vmcs.interrupt_status = status;
	tpr = vic_lapic_tpr(v->lapic);
	do
		enter(p, v);
	while (exit_fast(v));
	vic_lapic_exit(v->lapic, v->vmcs.interrupt_status, was_kick(v));
	/* MOV to CR8 has changed it past the library. */
	if (!vic_lapic_posting(v->lapic) && vic_lapic_tpr(v->lapic) != tpr)
		vic_lapic_reload(v->lapic);
	exit_handle(p, v);
}

void vcpu_run(struct pcpu *p, struct vcpu *v)
{
	for (;;) {
		bool leaves;

		pcpu_take_interrupts(p);
		leaves = should_leave(p);
		if (v->look && !look(v))
			continue;
		if (may_block(v, leaves)) {
			if (block(v))
				return;
			/* The scan has it, but for vectors that are posted. */
			if (!vic_lapic_posting(v->lapic) || v->wait_sipi)
				continue;
		}
		if (leaves)
			return;
		run_guest(p, v);
	}
}
