/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * --save-restore: in the middle of what the guest does, all local APICs
 * are saved, reset and restored. The guest must not notice. What KVM holds
 * of a vCPU stays where it is; a VMM that migrates would save that too.
 */
#include <unistd.h>

#include "vm.h"

/* A vCPU thread stands here while others look at its local APIC. */
void state_pause(struct cpu *cpu)
{
	struct vm *vm = cpu->vm;

	pthread_mutex_lock(&vm->lock);
	vm->paused++;
	pthread_cond_signal(&vm->all_paused);
	while (atomic_load(&vm->pause) && !atomic_load(&vm->stop))
		pthread_cond_wait(&vm->resumed, &vm->lock);
	vm->paused--;
	pthread_mutex_unlock(&vm->lock);
}

void state_gone(struct cpu *cpu)
{
	struct vm *vm = cpu->vm;

	pthread_mutex_lock(&vm->lock);
	vm->paused++;
	pthread_cond_signal(&vm->all_paused);
	pthread_mutex_unlock(&vm->lock);
}

/* All vCPUs are out of KVM and of libvic afterwards. */
static void pause_all(struct vm *vm)
{
	atomic_store(&vm->pause, true);
	vm_call_all(vm);
	pthread_mutex_lock(&vm->lock);
	while (vm->paused < vm->options.vcpus)
		pthread_cond_wait(&vm->all_paused, &vm->lock);
	pthread_mutex_unlock(&vm->lock);
}

static void resume_all(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	atomic_store(&vm->pause, false);
	pthread_cond_broadcast(&vm->resumed);
	pthread_mutex_unlock(&vm->lock);
}

static void save_and_restore(struct vm *vm)
{
	const char *what = NULL;

	for (uint32_t i = 0; i < vm->options.vcpus; i++)
		vic_lapic_save(vm->cpus[i].lapic, vm->cpus[i].image);
	for (uint32_t i = 0; i < vm->options.vcpus; i++)
		vic_lapic_reset(vm->cpus[i].lapic);
	for (uint32_t i = 0; i < vm->options.vcpus; i++) {
		struct cpu *cpu = &vm->cpus[i];
		int error = vic_lapic_restore(cpu->lapic, cpu->image,
					      sizeof(cpu->image), &what);

		if (error)
			die(EXIT_NO_KVM,
			    "vCPU %u: vic_lapic_restore() of its own image "
			    "returns %d: %s",
			    i, error, what);
	}
	vm->rounds++;
}

void state_round(struct vm *vm)
{
	pause_all(vm);
	/* Nor does a timer thread go into libvic. */
	pthread_mutex_lock(&vm->timer.inside);
	save_and_restore(vm);
	pthread_mutex_unlock(&vm->timer.inside);
	resume_all(vm);
}
