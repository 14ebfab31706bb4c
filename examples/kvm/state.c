/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * --save-restore: in the middle of what the guest does, all interrupt
 * controllers are saved, reset and restored. The guest must not notice. What
 * KVM holds of a vCPU and what devices hold stays where it is; a VMM that
 * migrates would save that too.
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
	struct vic_pc pc = chips_pc(vm);
	struct chips *chips = &vm->chips;
	const char *what = NULL;
	uint32_t part = 0;
	int error;

	apic_must(vic_pc_save(&pc, chips->image, chips->image_size),
		  "vic_pc_save()");
	apic_must(vic_pc_reset(&pc, VIC_PC_POWER_UP), "vic_pc_reset()");
	error = vic_pc_restore(&pc, chips->image, chips->image_size, &what,
			       &part);
	if (error)
		die(EXIT_NO_KVM,
		    "vic_pc_restore() of its own image returns %d: part %u: "
		    "%s",
		    error, part, what);
	vm->rounds++;
}

void state_round(struct vm *vm)
{
	pause_all(vm);
	/* Nor does the timer thread go into libvic or a device. */
	pthread_mutex_lock(&vm->timer.inside);
	save_and_restore(vm);
	pthread_mutex_unlock(&vm->timer.inside);
	resume_all(vm);
}
