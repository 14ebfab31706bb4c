/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Which vCPU runs on which physical CPU: one queue, first come first served,
 * time slices if there are more vCPUs than physical CPUs.
 *
 * A vCPU that blocks stays in the registers of its physical CPU until that
 * one takes another; only there may it run again before that. Its timers
 * count on meanwhile. One that had to leave has a deadline instead.
 */
#include "el2.h"

#define SLICES_PER_SECOND 500u
#define SHORT_SLICES_PER_SECOND 20000u

struct pcpu pcpus[MAX_PCPUS];

static struct lock sched_lock;
static struct vcpu *queue_head, *queue_tail;

static void enqueue(struct vcpu *vcpu)
{
	vcpu->state = VCPU_QUEUED;
	vcpu->next = NULL;
	if (queue_head)
		queue_tail->next = vcpu;
	else
		queue_head = vcpu;
	queue_tail = vcpu;
}

/* The first in the queue that @p pcpu may run. */
static struct vcpu *dequeue(const struct pcpu *pcpu)
{
	struct vcpu *previous = NULL, *vcpu = queue_head;

	while (vcpu && vcpu->pcpu && vcpu->pcpu != pcpu) {
		previous = vcpu;
		vcpu = vcpu->next;
	}
	if (!vcpu)
		return NULL;
	if (previous)
		previous->next = vcpu->next;
	else
		queue_head = vcpu->next;
	if (queue_tail == vcpu)
		queue_tail = previous;
	return vcpu;
}

/* An idle CPU that may run @p vcpu, best one that holds no other's state. */
static struct pcpu *find_idle(const struct vcpu *vcpu)
{
	struct pcpu *found = NULL;

	if (vcpu->pcpu)
		return vcpu->pcpu->idle ? vcpu->pcpu : NULL;
	for (uint32_t i = 0; i < options.pcpus; i++) {
		if (pcpus[i].idle && (!found || !pcpus[i].resident))
			found = &pcpus[i];
	}
	return found;
}

/* Whom to kick, after the unlock, so that @p vcpu runs; NULL: nobody. */
static struct pcpu *claim_idle(const struct vcpu *vcpu)
{
	struct pcpu *pcpu = find_idle(vcpu);

	if (pcpu)
		pcpu->idle = false;
	return pcpu;
}

static void kick_claimed(const struct pcpu *pcpu)
{
	if (pcpu && pcpu != this_pcpu())
		gic_phys_kick(pcpu);
}

static uint64_t next_deadline(const struct pcpu *pcpu, bool running)
{
	uint64_t next = running ? pcpu->slice_end : NEVER;

	for (uint32_t i = 0; i < options.vcpus; i++)
		if (vcpus[i].clock == pcpu && vcpus[i].deadline < next)
			next = vcpus[i].deadline;
	return next;
}

static void start_slice(struct pcpu *pcpu)
{
	if (options.vcpus > options.pcpus)
		pcpu->slice_end =
			counter_now() + clock_seconds(1) / SLICES_PER_SECOND;
	else
		pcpu->slice_end = NEVER;
}

/* Take the state of the CPU's vCPU out of its registers. */
static void evict(struct pcpu *pcpu)
{
	struct vcpu *vcpu = pcpu->resident;
	struct pcpu *claimed = NULL;
	uint64_t deadline;

	if (!vcpu)
		return;
	vcpu_put(pcpu, vcpu);
	deadline = timers_deadline(vcpu);
	lock(&sched_lock);
	__atomic_store_n(&vcpu->pcpu, NULL, __ATOMIC_RELAXED);
	if (vcpu->state == VCPU_BLOCKED) {
		vcpu->deadline = deadline;
		vcpu->clock = pcpu;
	} else if (vcpu->state == VCPU_QUEUED) {
		claimed = claim_idle(vcpu);
	}
	unlock(&sched_lock);
	kick_claimed(claimed);
}

/* What to run now, or NULL and the CPU is idle. */
static struct vcpu *take(struct pcpu *pcpu)
{
	struct vcpu *vcpu;
	uint64_t next;

	lock(&sched_lock);
	vcpu = dequeue(pcpu);
	pcpu->idle = !vcpu;
	if (vcpu) {
		vcpu->state = VCPU_RUNNING;
		vcpu->wake = false;
		vcpu->deadline = NEVER;
		__atomic_store_n(&vcpu->pcpu, pcpu, __ATOMIC_RELAXED);
		start_slice(pcpu);
	}
	next = next_deadline(pcpu, vcpu);
	unlock(&sched_lock);
	clock_set(pcpu, next);
	return vcpu;
}

struct vcpu *sched_next(struct pcpu *pcpu)
{
	struct vcpu *vcpu;

	while (!(vcpu = take(pcpu))) {
		wait_for_interrupt();
		irq_drain(pcpu);
	}
	if (pcpu->resident != vcpu) {
		bool evicts = pcpu->resident;

		evict(pcpu);
		vcpu_load(pcpu, vcpu);
		/* For the deadline of the one that left. */
		if (evicts)
			sched_tick(pcpu);
	}
	return vcpu;
}

/* One that left may run elsewhere already, so its state alone says little. */
bool sched_runs(const struct pcpu *pcpu, const struct vcpu *vcpu)
{
	return pcpu->resident == vcpu && vcpu->state == VCPU_RUNNING;
}

static struct pcpu *wake_locked(struct vcpu *vcpu)
{
	if (vcpu->state != VCPU_BLOCKED) {
		vcpu->wake = true;
		return NULL;
	}
	vcpu->deadline = NEVER;
	enqueue(vcpu);
	return claim_idle(vcpu);
}

void sched_wake(struct vcpu *vcpu)
{
	struct pcpu *claimed;

	lock(&sched_lock);
	claimed = wake_locked(vcpu);
	unlock(&sched_lock);
	kick_claimed(claimed);
}

void sched_block(struct vcpu *vcpu)
{
	lock(&sched_lock);
	vcpu->blocked = true;
	if (vcpu->wake)
		enqueue(vcpu);
	else
		vcpu->state = VCPU_BLOCKED;
	unlock(&sched_lock);
}

/*
 * The clock of this CPU: wake those whose timer is due (it fires when they
 * are loaded), end the slice if another waits for a CPU.
 */
void sched_tick(struct pcpu *pcpu)
{
	uint64_t now = counter_now(), next;
	struct vcpu *running = pcpu->resident;
	struct pcpu *claimed[MAX_VCPUS];

	lock(&sched_lock);
	for (uint32_t i = 0; i < options.vcpus; i++) {
		struct vcpu *vcpu = &vcpus[i];

		claimed[i] = NULL;
		if (vcpu->clock == pcpu && vcpu->deadline <= now)
			claimed[i] = wake_locked(vcpu);
	}
	if (running && running->state != VCPU_RUNNING)
		running = NULL;
	if (running && pcpu->slice_end <= now) {
		start_slice(pcpu);
		if (queue_head)
			enqueue(running);
	}
	next = next_deadline(pcpu, running);
	unlock(&sched_lock);
	for (uint32_t i = 0; i < options.vcpus; i++)
		kick_claimed(claimed[i]);
	clock_set(pcpu, next);
}

/*
 * The running vCPU has sent an IPI and is likely to spin for the answer,
 * which one that waits for a CPU may have to give.
 */
void sched_hurry(struct pcpu *pcpu)
{
	uint64_t end;

	if (pcpu->slice_end == NEVER ||
	    !__atomic_load_n(&queue_head, __ATOMIC_RELAXED))
		return;
	end = counter_now() + clock_seconds(1) / SHORT_SLICES_PER_SECOND;
	if (end < pcpu->slice_end)
		pcpu->slice_end = end;
	clock_advance(pcpu, end);
}

bool sched_on(struct vcpu *vcpu, uint64_t pc, uint64_t x0)
{
	struct pcpu *claimed = NULL;
	bool was_off;

	lock(&sched_lock);
	was_off = vcpu->state == VCPU_OFF;
	if (was_off) {
		vcpu_reset(vcpu, pc, x0);
		enqueue(vcpu);
		claimed = claim_idle(vcpu);
	}
	unlock(&sched_lock);
	kick_claimed(claimed);
	return was_off;
}

/* Its state must have left the registers before somebody resets it. */
void sched_off(struct pcpu *pcpu, struct vcpu *vcpu)
{
	evict(pcpu);
	lock(&sched_lock);
	vcpu->state = VCPU_OFF;
	unlock(&sched_lock);
}

bool sched_is_off(struct vcpu *vcpu)
{
	bool is_off;

	lock(&sched_lock);
	is_off = vcpu->state == VCPU_OFF;
	unlock(&sched_lock);
	return is_off;
}
