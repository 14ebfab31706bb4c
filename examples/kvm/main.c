/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * vic-kvm: a bare-metal guest on KVM whose interrupt controllers are
 * libvic's.
 *
 * To build it against an installed libvic, in this folder:
 *
 *     cc -std=c11 -D_GNU_SOURCE *.c ../common/report.c \
 *        $(pkg-config --cflags --libs libvic) -pthread -o vic-kvm
 *
 * options.c the command line       run.c  a vCPU's thread, signals
 * kernel.c  the guest's files      exit.c KVM's exits
 * load*.c   boot protocols         emulate.c what KVM cannot emulate
 * vm.c      the VM, memory         apic.c local APICs, callbacks
 * cpu.c     CPUID, registers       irq.c  interrupts on their way in
 * timer.c   clocks, deadlines      chips.c IOAPIC, PIC, their lines
 * ports.c   who has which port     state.c --save-restore
 * devices.c pit.c rtc.c serial.c fw_cfg.c testdev.c  devices
 * stats.c trace.c dump.c           what happened
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm.h"

static void start(struct vm *vm)
{
	run_init_signals();
	for (uint32_t i = 0; i < vm->options.vcpus; i++) {
		struct cpu *cpu = &vm->cpus[i];

		cpu_create(vm, i);
		if (vm->options.vic)
			apic_init_cpu(cpu);
	}
	trace_init(vm);
	timer_start(vm);
	chips_init(vm);
	devices_init(vm);
	cpu_start_kernel(&vm->cpus[0]);
	for (uint32_t i = 0; i < vm->options.vcpus; i++) {
		struct cpu *cpu = &vm->cpus[i];
		int error = pthread_create(&cpu->thread, NULL, run_thread, cpu);

		if (error)
			die(EXIT_NO_KVM, "no thread for vCPU %u: %s", i,
			    strerror(error));
	}
	pthread_barrier_wait(&vm->ready);
}

/* Until the guest ends or it is @ns; false for the latter. */
static bool wait_until(struct vm *vm, uint64_t ns)
{
	struct timespec limit = {.tv_sec = (time_t)(ns / 1000000000),
				 .tv_nsec = (long)(ns % 1000000000)};
	int error = 0;

	pthread_mutex_lock(&vm->lock);
	while (!vm->has_ended && !error)
		error = pthread_cond_timedwait(&vm->ended, &vm->lock, &limit);
	bool ended = vm->has_ended;
	pthread_mutex_unlock(&vm->lock);
	return ended;
}

/* Until the guest ends or its time is over; false for the latter. */
static bool wait_for_end(struct vm *vm)
{
	uint64_t limit = now_ns() + vm->options.timeout * UINT64_C(1000000000);
	uint64_t pause = vm->options.save_restore * UINT64_C(1000000);

	while (pause && now_ns() + pause < limit) {
		if (wait_until(vm, now_ns() + pause))
			return true;
		state_round(vm);
	}
	return wait_until(vm, limit);
}

int main(int argc, char **argv)
{
	static struct vm vm;

	options_parse(&vm.options, argc, argv);
	/* What the guest printed is there when the guest hangs. */
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	vm_create(&vm);
	kernel_load(&vm);
	vm_write_boot(&vm);
	vm.cpus = calloc(vm.options.vcpus, sizeof(*vm.cpus));
	if (!vm.cpus)
		die(EXIT_NO_KVM, "out of memory");
	if (vm.options.vic)
		apic_init_vm(&vm);
	start(&vm);

	bool ended = wait_for_end(&vm);
	if (!ended)
		dump_look(&vm);
	vm_stop(&vm);
	timer_stop(&vm);
	fflush(stdout);
	if (!ended) {
		fprintf(stderr,
			"vic-kvm: the guest did not end within %u s; "
			"see where it is, or raise --timeout\n",
			vm.options.timeout);
		dump_print(&vm);
		vm.status = EXIT_TIMED_OUT;
	}
	stats_print(&vm);
	trace_write(&vm);
	return vm.status;
}
