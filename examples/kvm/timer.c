/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The clocks that libvic asks for, and the timers of the host that stand
 * for its deadlines: one timerfd for each vCPU, and one thread that waits
 * for all of them. libvic does the rest at the next scan. The devices'
 * timers and the console's input wait on the same thread.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "vm.h"

#define MSR_TSC 0x10
/* A guest that asks for more interrupts than this gets them late. */
#define LEAST_NS 20000

/* What the guest's RDTSC gives, whatever it wrote to its TSC. */
static uint64_t guest_tsc(struct cpu *cpu)
{
	union {
		struct kvm_msrs msrs;
		unsigned char room[sizeof(struct kvm_msrs) +
				   sizeof(struct kvm_msr_entry)];
	} tsc = {.msrs.nmsrs = 1};

	tsc.msrs.entries[0].index = MSR_TSC;
	if (ioctl(cpu->fd, KVM_GET_MSRS, &tsc) != 1)
		die(EXIT_NO_KVM, "vCPU %u: KVM_GET_MSRS of the TSC: %s",
		    cpu->index, strerror(errno));
	return tsc.msrs.entries[0].data;
}

/* The bus clock is 1 GHz, as that of KVM's own APICs. */
uint64_t timer_now(void *opaque, uint32_t clock)
{
	return clock == VIC_CLOCK_TSC ? guest_tsc(opaque) : now_ns();
}

static uint64_t ns_of_tsc(struct cpu *cpu, uint64_t deadline)
{
	uint64_t tsc = guest_tsc(cpu), khz = (uint64_t)cpu->vm->tsc_khz;
	uint64_t cycles = deadline > tsc ? deadline - tsc : 0;
	uint64_t ms = cycles / khz;

	/* Centuries away. */
	if (ms > UINT64_MAX / 4 / 1000000)
		ms = UINT64_MAX / 4 / 1000000;
	return now_ns() + ms * 1000000 + cycles % khz * 1000000 / khz;
}

void timer_arm(struct cpu *cpu)
{
	struct itimerspec at = {0};
	struct vic_deadline deadline;
	uint64_t ns, least = now_ns() + LEAST_NS;

	if (vic_lapic_deadline(cpu->lapic, &deadline)) {
		ns = deadline.clock == VIC_CLOCK_TSC
			     ? ns_of_tsc(cpu, deadline.at)
			     : deadline.at;
		if (ns < least)
			ns = least;
		at.it_value.tv_sec = (time_t)(ns / 1000000000);
		at.it_value.tv_nsec = (long)(ns % 1000000000);
	}
	timerfd_settime(cpu->timer.fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static bool add(struct vm *vm, struct watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	return watch->fd >= 0 &&
	       !epoll_ctl(vm->timer.epoll_fd, EPOLL_CTL_ADD, watch->fd, &event);
}

void timer_watch(struct vm *vm, struct watch *watch)
{
	if (!add(vm, watch, EPOLLIN))
		die(EXIT_NO_KVM, "no timer: %s", strerror(errno));
}

void timer_watch_news(struct vm *vm, struct watch *watch)
{
	/* A file on a disk has no news. */
	if (!add(vm, watch, EPOLLIN | EPOLLET) && errno != EPERM)
		die(EXIT_NO_KVM, "cannot wait for input: %s", strerror(errno));
}

bool timer_read(const struct watch *watch)
{
	uint64_t times;

	return read(watch->fd, &times, sizeof(times)) == sizeof(times);
}

static void expired(struct vm *vm, void *opaque)
{
	struct cpu *cpu = opaque;

	if (timer_read(&cpu->timer))
		vic_vcpu_request(cpu->vcpu, &vm->timer.counters,
				 VIC_REQUEST_TIMER, 0);
}

static void *timer_thread(void *argument)
{
	struct vm *vm = argument;
	struct timer *timer = &vm->timer;
	struct epoll_event event;
	struct watch *watch;

	for (;;) {
		if (epoll_wait(timer->epoll_fd, &event, 1, -1) < 1)
			continue;
		watch = event.data.ptr;
		if (watch == &timer->stop)
			return NULL;
		pthread_mutex_lock(&timer->inside);
		watch->ready(vm, watch->opaque);
		pthread_mutex_unlock(&timer->inside);
	}
}

static void add_cpu(struct cpu *cpu)
{
	cpu->timer.fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	cpu->timer.ready = expired;
	cpu->timer.opaque = cpu;
	timer_watch(cpu->vm, &cpu->timer);
}

void timer_start(struct vm *vm)
{
	struct timer *timer = &vm->timer;
	int error;

	vm->tsc_khz = ioctl(vm->cpus[0].fd, KVM_GET_TSC_KHZ, 0);
	if (vm->tsc_khz <= 0)
		die(EXIT_NO_KVM, "KVM does not tell the TSC's frequency");
	pthread_mutex_init(&timer->inside, NULL);
	timer->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	timer->stop.fd = eventfd(0, EFD_CLOEXEC);
	timer_watch(vm, &timer->stop);
	for (uint32_t i = 0; vm->options.vic && i < vm->options.vcpus; i++)
		add_cpu(&vm->cpus[i]);
	error = pthread_create(&timer->thread, NULL, timer_thread, vm);
	if (error)
		die(EXIT_NO_KVM, "no thread for timers: %s", strerror(error));
}

void timer_stop(struct vm *vm)
{
	if (eventfd_write(vm->timer.stop.fd, 1))
		die(EXIT_NO_KVM, "eventfd_write: %s", strerror(errno));
	pthread_join(vm->timer.thread, NULL);
}
