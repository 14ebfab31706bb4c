/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* vic-kvm: the VM, its vCPUs, and what the files of this folder share. */
#ifndef VIC_KVM_VM_H
#define VIC_KVM_VM_H

#include <linux/kvm.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <vic/vic.h>

#include "chips.h"
#include "devices.h"
#include "load.h"

/* Exit statuses beside those that the guest asks for. */
#define EXIT_GUEST_BROKE 123
#define EXIT_TIMED_OUT 124
#define EXIT_NO_KVM 125
#define EXIT_USAGE 126

#define MAX_VCPUS 255
#define MAX_MODULES 16
#define LATENCY_SAMPLES 65536

struct options {
	const char *kernel;
	const char *append;
	const char *initrd;
	/* Each a file name, a space and more for the kernel. */
	const char *modules[MAX_MODULES];
	uint32_t nr_modules;
	const char *trace;
	const char *share;
	uint32_t vcpus;
	uint32_t mem_mib;
	uint32_t timeout;
	/* Milliseconds between two rounds; 0: none. */
	uint32_t save_restore;
	/* Interrupts go through libvic, not through KVM's own APIC. */
	bool vic;
	bool x2apic;
	/* Local APICs can withhold EOIs from IOAPICs. */
	bool suppress_eoi;
	/* Standard input goes to the serial port. */
	bool input;
	bool stats;
	bool report;
};

struct vm;

/* One vCPU. Its own thread uses it but where a field says otherwise. */
struct cpu {
	struct vm *vm;
	uint32_t index;
	int fd;
	struct kvm_run *run;
	/* As KVM made it: the state after reset. */
	struct kvm_sregs reset;
	/* MAXPHYADDR, from CPUID. */
	uint32_t physical_bits;
	pthread_t thread;
	/* For the signals of others; set before any vCPU runs. */
	pid_t tid;

	struct vic_vcpu *vcpu;
	struct vic_lapic *lapic;
	const uint32_t *page;
	/* Posted by the wake callback, on any thread. */
	sem_t wake;
	/* A signal handler of this thread saw a kick. */
	volatile sig_atomic_t kicked;
	/* In HLT. */
	bool halted;
	/* It has run: KVM may owe it the end of an access. */
	bool started;
	/* KVM would take a vector now. */
	bool irq_ready;
	/* An NMI was queued and may not have reached the guest yet. */
	bool nmi_watch;
	/* CR8 as given to KVM at the last entry. */
	uint8_t cr8;
	/* Sends signals while TPR holds a vector back. */
	timer_t poll;
	bool polling;
	/* Goes off at the local APIC's deadline. */
	struct watch timer;
	/* What its accesses to devices made pending. */
	struct vic_counters counters;

	/* When the first wake or kick since the last look came; 0: none. */
	atomic_uint_least64_t signalled;
	uint64_t *latency;
	uint64_t nr_latency;
	struct trace_buffer *trace;
	/* By KVM's exit reason. */
	uint64_t exits[64];
	/* Loads and stores where nothing is. */
	uint64_t strays;
	/* Taken by dump_look(). */
	struct vic_vcpu_inbox inbox;
};

/* The thread that waits for timers: of vCPUs and of devices. */
struct timer {
	pthread_t thread;
	int epoll_fd;
	/* Readable: the thread ends. */
	struct watch stop;
	/* Held while it is inside libvic or a device. */
	pthread_mutex_t inside;
	/* Its own, and of whoever holds @inside in its place. */
	struct vic_counters counters;
};

struct vm {
	struct options options;
	int kvm_fd;
	int fd;
	unsigned char *memory;
	uint64_t memory_size;
	struct load_start start;
	struct cpu *cpus;
	struct vic_apic_bus *bus;
	uint64_t *matrix;
	int tsc_khz;
	struct timer timer;
	struct chips chips;
	struct devices devices;
	/* All threads exist, all tids are known. */
	pthread_barrier_t ready;

	/* The end of the run: the first one decides. */
	atomic_bool stop;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool has_ended;
	int status;

	/* Asks all vCPU threads to stand still; paused are those that do. */
	atomic_bool pause;
	uint32_t paused;
	pthread_cond_t all_paused;
	pthread_cond_t resumed;
	/* Rounds of --save-restore. */
	uint64_t rounds;
};

/* options.c: fills in @options or ends the program. */
void options_parse(struct options *options, int argc, char **argv);

/* vm.c: each ends the program with one sentence if it fails. */
void vm_create(struct vm *vm);
void vm_write_boot(struct vm *vm);
/* End the run with @status unless it has ended already. Any thread. */
void vm_end(struct vm *vm, int status);
/* Bring each vCPU thread out of KVM or its sleep. */
void vm_call_all(struct vm *vm);
/* Make all vCPU threads return. After vm_end() or a timeout. */
void vm_stop(struct vm *vm);
_Noreturn void die(int status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* kernel.c: fill memory: ACPI tables, the kernel and what goes with it. */
void kernel_load(struct vm *vm);

/* cpu.c: KVM's side of a vCPU. */
void cpu_create(struct vm *vm, uint32_t index);
/* The state in which vCPU 0 enters the kernel. */
void cpu_start_kernel(struct cpu *cpu);
/* The state after SIPI @page. */
void cpu_start_real_mode(struct cpu *cpu, uint8_t page);
void cpu_ioctl(struct cpu *cpu, unsigned long request, void *argument,
	       const char *name);

/* run.c: the thread of a vCPU; its argument is the struct cpu. */
void *run_thread(void *cpu);
/* The vCPU of the calling thread. */
struct cpu *run_self(void);
/* Signals for kicks; once per process. */
void run_init_signals(void);

/*
 * emulate.c: finish the instruction that KVM could not emulate. False:
 * vic-kvm cannot either, and nothing has changed.
 */
bool emulate_finish(struct cpu *cpu);

/* exit.c: act on what KVM_RUN returned with. */
void exit_handle(struct cpu *cpu);

/* ports.c: the guest's IN and OUT. */
void ports_access(struct cpu *cpu);

/*
 * What ports.c calls: one access of a device's ports, as wide as that takes.
 * chips.c: the PIC. devices.c: the devices of a PC. testdev.c: more.
 */
uint32_t chips_in(struct cpu *cpu, uint16_t port, uint8_t size);
void chips_out(struct cpu *cpu, uint16_t port, uint8_t size, uint32_t value);
uint32_t dev_pit_in(struct cpu *cpu, uint16_t port, uint8_t size);
void dev_pit_out(struct cpu *cpu, uint16_t port, uint8_t size, uint32_t value);
uint32_t dev_rtc_in(struct cpu *cpu, uint16_t port, uint8_t size);
void dev_rtc_out(struct cpu *cpu, uint16_t port, uint8_t size, uint32_t value);
uint32_t dev_serial_in(struct cpu *cpu, uint16_t port, uint8_t size);
void dev_serial_out(struct cpu *cpu, uint16_t port, uint8_t size,
		    uint32_t value);
uint32_t dev_fw_cfg_in(struct cpu *cpu, uint16_t port, uint8_t size);
void dev_fw_cfg_out(struct cpu *cpu, uint16_t port, uint8_t size,
		    uint32_t value);
uint32_t dev_pm1_in(struct cpu *cpu, uint16_t port, uint8_t size);
void dev_pm1_out(struct cpu *cpu, uint16_t port, uint8_t size, uint32_t value);
uint32_t dev_pm_timer_in(struct cpu *cpu, uint16_t port, uint8_t size);
void testdev_line_out(struct cpu *cpu, uint16_t port, uint8_t size,
		      uint32_t value);
void testdev_exit_out(struct cpu *cpu, uint16_t port, uint8_t size,
		      uint32_t value);

/* devices.c: after timer_start(), before the vCPUs run. */
void devices_init(struct vm *vm);

/* apic.c: libvic's objects, and the guest's accesses to them. */
void apic_init_vm(struct vm *vm);
void apic_init_cpu(struct cpu *cpu);
void apic_init_thread(struct cpu *cpu);
void apic_mmio(struct cpu *cpu);
void apic_msr(struct cpu *cpu, bool write);
/* End the program unless @call was right to be made. */
void apic_must(int result, const char *call);
/* Zeroed memory for an object of libvic, or the end of the program. */
void *apic_storage(size_t alignment, size_t size);

/* irq.c: what is pending, on its way into the guest. */
/* Give the guest what is pending. False: look again, do not enter. */
bool irq_before_entry(struct cpu *cpu);
void irq_after_exit(struct cpu *cpu);
/* Vectors that are pending and were not given to the guest yet. */
uint32_t irq_pending(const struct cpu *cpu);

/* timer.c: clocks and deadlines. */
uint64_t timer_now(void *cpu, uint32_t clock);
/* When VIC_WORK_TIMER says so. */
void timer_arm(struct cpu *cpu);
void timer_start(struct vm *vm);
void timer_stop(struct vm *vm);
/* @watch's function is called on the timer thread while it is readable. */
void timer_watch(struct vm *vm, struct watch *watch);
/* The same, but only when there is more to read than before. */
void timer_watch_news(struct vm *vm, struct watch *watch);
/* Whether a timerfd went off since; not if it was armed anew. */
bool timer_read(const struct watch *watch);

/* state.c: all interrupt controllers, while every thread stands still. */
void state_round(struct vm *vm);
/* A vCPU thread that was asked to pause; one that returns for good. */
void state_pause(struct cpu *cpu);
void state_gone(struct cpu *cpu);

/* stats.c: what the run did, to standard error. After vm_stop(). */
void stats_print(struct vm *vm);

/* dump.c: where each vCPU is: look while it is there, print when all
 * threads have returned, to standard error. */
void dump_look(struct vm *vm);
void dump_print(struct vm *vm);

/* trace.c: a record of what happened, for --trace. */
enum trace_event {
	TRACE_SEND,
	TRACE_WAKE,
	TRACE_KICK,
	TRACE_INJECT,
	TRACE_EXTINT,
	TRACE_NMI,
	TRACE_INIT,
	TRACE_SIPI,
	TRACE_SLEEP,
	TRACE_UNBLOCK,
};
void trace_init(struct vm *vm);
/* Add to the buffer of @cpu, the thread's own. Nothing without --trace. */
void trace_add(struct cpu *cpu, enum trace_event event, uint8_t vector,
	       uint32_t target);
/* One record for each target of what @cpu writes to @reg. */
void trace_send(struct cpu *cpu, enum vic_send_register reg, uint64_t value);
void trace_write(struct vm *vm);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t now_ns(void);

#endif
