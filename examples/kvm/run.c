/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The thread of a vCPU, and the signals that bring it out of KVM. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vm.h"

static _Thread_local struct cpu *self;

struct cpu *run_self(void)
{
	return self;
}

/*
 * SIGUSR1: a kick by another thread, or the poll timer of this one. The
 * flag stays set until the thread clears it, so a signal that comes after
 * vic_vcpu_enter() and before KVM_RUN still ends KVM_RUN at once.
 */
static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (!self)
		return;
	if (info->si_code != SI_TIMER)
		self->kicked = 1;
	self->run->immediate_exit = 1;
}

void run_init_signals(void)
{
	struct sigaction action = {.sa_sigaction = on_signal,
				   .sa_flags = SA_SIGINFO};

	sigemptyset(&action.sa_mask);
	if (sigaction(SIGUSR1, &action, NULL))
		die(EXIT_NO_KVM, "sigaction: %s", strerror(errno));
}

static void run_once(struct cpu *cpu)
{
	bool vic = cpu->vm->options.vic;

	if (vic && !irq_before_entry(cpu))
		return;
	int error = ioctl(cpu->fd, KVM_RUN, 0) ? errno : 0;
	cpu->started = true;
	if (vic)
		irq_after_exit(cpu);
	/*
	 * In HOST nobody kicks, so only a late kick or a stop can be lost
	 * here, and both are looked at before the next entry.
	 */
	cpu->run->immediate_exit = 0;
	if (!error) {
		exit_handle(cpu);
	} else if (error != EINTR && error != EAGAIN) {
		fprintf(stderr, "vic-kvm: vCPU %u: KVM_RUN: %s\n", cpu->index,
			strerror(error));
		vm_end(cpu->vm, EXIT_GUEST_BROKE);
	}
}

void *run_thread(void *argument)
{
	struct cpu *cpu = argument;

	self = cpu;
	cpu->tid = gettid();
	if (cpu->vm->options.vic)
		apic_init_thread(cpu);
	pthread_barrier_wait(&cpu->vm->ready);
	while (!atomic_load(&cpu->vm->stop)) {
		if (atomic_load(&cpu->vm->pause))
			state_pause(cpu);
		else
			run_once(cpu);
	}
	state_gone(cpu);
	return NULL;
}
