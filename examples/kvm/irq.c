/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libvic's side of a vCPU. The loop is the one in <vic/lapic.h>; what is
 * particular to KVM without an APIC of its own is told where it is done.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "vm.h"

/* How often to look whether the guest lowered CR8. */
#define POLL_NS 300000

/*
 * No exit tells that the guest lowered CR8 (KVM_EXIT_SET_TPR does not come
 * where KVM emulates the instruction). So while a vector waits for that,
 * the guest is interrupted now and then to look.
 */
static void poll_tpr(struct cpu *cpu, bool wanted)
{
	const struct itimerspec off = {0};
	const struct itimerspec on = {
		.it_interval.tv_nsec = POLL_NS,
		.it_value.tv_nsec = POLL_NS,
	};

	if (cpu->polling == wanted)
		return;
	cpu->polling = wanted;
	timer_settime(cpu->poll, 0, wanted ? &on : &off, NULL);
}

/* What came by a signal reached KVM now. */
static void measure(struct cpu *cpu)
{
	uint64_t since = atomic_exchange(&cpu->signalled, 0);

	if (since && cpu->latency)
		cpu->latency[cpu->nr_latency++ % LATENCY_SAMPLES] =
			now_ns() - since;
}

uint32_t irq_pending(const struct cpu *cpu)
{
	struct vic_vcpu_inbox inbox;
	uint32_t count = 0;

	vic_vcpu_peek(cpu->vcpu, &inbox);
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t at = (VIC_APIC_IRR + i * 2 * 0x10) / 4;
		uint64_t irr = cpu->page[at] | (uint64_t)cpu->page[at + 4]
						       << 32;

		/* In both: two posts, of which the second was news. */
		count += (uint32_t)(__builtin_popcountll(irr) +
				    __builtin_popcountll(inbox.pir[i]));
	}
	return count;
}

/*
 * KVM finishes the access that the guest left for in the next KVM_RUN; its
 * API has registers replaced only after that. With immediate_exit it runs
 * nothing more. An access in several parts comes back once for each.
 */
static void finish_access(struct cpu *cpu)
{
	int tries = 16;

	if (!cpu->started)
		return;
	do
		cpu->run->immediate_exit = 1;
	while (!ioctl(cpu->fd, KVM_RUN, 0) && --tries);
	cpu->run->immediate_exit = 0;
}

/* vic_lapic_scan(), and the host's timer follows the APIC's. */
static uint32_t look(struct cpu *cpu, uint32_t can, struct vic_work *work)
{
	uint32_t flags = vic_lapic_scan(cpu->lapic, can, work);

	if (flags & VIC_WORK_TIMER)
		timer_arm(cpu);
	return flags;
}

static void take_init(struct cpu *cpu)
{
	if (!cpu->index) {
		fputs("vic-kvm: INIT for vCPU 0, which would start at the "
		      "reset vector, but there is no firmware; send INIT to "
		      "the others only\n",
		      stderr);
		vm_end(cpu->vm, EXIT_GUEST_BROKE);
	}
	trace_add(cpu, TRACE_INIT, 0, cpu->index);
	measure(cpu);
	finish_access(cpu);
	apic_must(vic_lapic_ack_init(cpu->lapic), "vic_lapic_ack_init()");
	cpu->halted = false;
	cpu->irq_ready = false;
	cpu->nmi_watch = false;
}

static void take_sipi(struct cpu *cpu, uint8_t page)
{
	trace_add(cpu, TRACE_SIPI, page, cpu->index);
	measure(cpu);
	apic_must(vic_lapic_ack_sipi(cpu->lapic), "vic_lapic_ack_sipi()");
	cpu_start_real_mode(cpu, page);
}

static void sleep_until_wake(struct cpu *cpu, uint32_t can)
{
	if (!vic_lapic_block(cpu->lapic, can))
		return;
	poll_tpr(cpu, false);
	trace_add(cpu, TRACE_SLEEP, 0, cpu->index);
	while (sem_wait(&cpu->wake) && errno == EINTR)
		;
	/* A vector and a request wake once each; one look serves both. */
	while (!sem_trywait(&cpu->wake))
		;
	/* It was not libvic that woke it. */
	if (atomic_load(&cpu->vm->stop))
		return;
	trace_add(cpu, TRACE_UNBLOCK, 0, cpu->index);
	vic_vcpu_unblock(cpu->vcpu);
}

/*
 * KVM takes a vector for delivered: it would go in before an NMI that is
 * still queued, although the NMI came first. So a vector waits until the
 * guest has taken the NMI, or masks it.
 */
static bool nmi_comes_first(struct cpu *cpu)
{
	struct kvm_vcpu_events events;

	if (!cpu->nmi_watch)
		return false;
	cpu_ioctl(cpu, KVM_GET_VCPU_EVENTS, &events, "KVM_GET_VCPU_EVENTS");
	cpu->nmi_watch =
		events.nmi.pending || events.nmi.injected || events.nmi.masked;
	return events.nmi.injected ||
	       (events.nmi.pending && !events.nmi.masked);
}

static void inject_nmi(struct cpu *cpu, uint8_t count)
{
	for (; count; count--) {
		cpu_ioctl(cpu, KVM_NMI, NULL, "KVM_NMI");
		apic_must(vic_lapic_ack_nmi(cpu->lapic), "vic_lapic_ack_nmi()");
		trace_add(cpu, TRACE_NMI, 2, cpu->index);
	}
	measure(cpu);
	cpu->nmi_watch = true;
	cpu->halted = false;
}

static void inject_vector(struct cpu *cpu, uint8_t vector)
{
	struct kvm_interrupt interrupt = {.irq = vector};

	cpu_ioctl(cpu, KVM_INTERRUPT, &interrupt, "KVM_INTERRUPT");
	measure(cpu);
	/* KVM holds one vector at a time. */
	cpu->irq_ready = false;
	cpu->halted = false;
}

/* The PIC says which vector it is, unless another vCPU was faster. */
static void inject_extint(struct cpu *cpu)
{
	uint8_t vector;

	if (vic_lapic_ack_extint(cpu->lapic, &vector))
		return;
	inject_vector(cpu, vector);
	trace_add(cpu, TRACE_EXTINT, vector, cpu->index);
}

static void inject_irq(struct cpu *cpu, uint8_t vector)
{
	inject_vector(cpu, vector);
	apic_must(vic_lapic_ack(cpu->lapic, vector), "vic_lapic_ack()");
	trace_add(cpu, TRACE_INJECT, vector, cpu->index);
}

/* Give KVM what it can take, and ask for a window for the rest. */
static void inject(struct cpu *cpu, struct vic_work *work)
{
	bool window = work->flags & VIC_WORK_IRQ_WINDOW;

	if (work->flags & VIC_WORK_NMI) {
		inject_nmi(cpu, work->nmis);
		window = window ||
			 work->flags & (VIC_WORK_IRQ | VIC_WORK_EXTINT);
	} else if (work->flags & VIC_WORK_EXTINT) {
		inject_extint(cpu);
		window = look(cpu, 0, work) & VIC_WORK_IRQ_WINDOW;
	} else if (work->flags & VIC_WORK_IRQ) {
		inject_irq(cpu, work->vector);
		window = look(cpu, 0, work) & VIC_WORK_IRQ_WINDOW;
	} else if (!window && !work->tpr_threshold) {
		/* What the signal was for needs nothing more. */
		atomic_store(&cpu->signalled, 0);
	}
	cpu->run->request_interrupt_window = window;
}

bool irq_before_entry(struct cpu *cpu)
{
	struct vic_work work;
	uint32_t can = VIC_CAN_NMI;

	if (nmi_comes_first(cpu))
		cpu->halted = false;
	else if (cpu->irq_ready)
		can |= VIC_CAN_IRQ;
	look(cpu, can, &work);
	if (work.flags & VIC_WORK_INIT) {
		take_init(cpu);
		return false;
	}
	if (work.flags & VIC_WORK_SIPI) {
		take_sipi(cpu, work.sipi_vector);
		return false;
	}
	if (work.flags & VIC_WORK_WAIT_SIPI) {
		sleep_until_wake(cpu, 0);
		return false;
	}
	inject(cpu, &work);
	if (cpu->halted) {
		sleep_until_wake(cpu, can);
		return false;
	}
	poll_tpr(cpu, work.tpr_threshold);
	cpu->cr8 = vic_lapic_tpr(cpu->lapic) >> 4;
	cpu->run->cr8 = cpu->cr8;
	switch (vic_vcpu_enter(cpu->vcpu)) {
	case VIC_ENTER_AGAIN:
		return false;
	case VIC_ENTER_EXIT:
		cpu->run->immediate_exit = 1;
		return true;
	default:
		return true;
	}
}

void irq_after_exit(struct cpu *cpu)
{
	const struct kvm_run *run = cpu->run;
	bool kicked = cpu->kicked;

	cpu->kicked = 0;
	vic_vcpu_exit(cpu->vcpu, kicked);
	if ((run->cr8 & 0xf) != cpu->cr8)
		vic_lapic_set_tpr(cpu->lapic, (uint8_t)(run->cr8 << 4));
	cpu->irq_ready = run->ready_for_interrupt_injection && run->if_flag;
}
