/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The clocks that libvic asks for, and the timers of the host that stand
 * for its deadlines: one timerfd for each vCPU, and one thread that waits
 * for all of them. libvic does the rest at the next scan.
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
	timerfd_settime(cpu->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void add(const struct timer *timer, int fd, struct cpu *cpu)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = cpu};

	if (fd < 0 || epoll_ctl(timer->epoll_fd, EPOLL_CTL_ADD, fd, &event))
		die(EXIT_NO_KVM, "no timer: %s", strerror(errno));
}

static void expired(struct timer *timer, struct cpu *cpu)
{
	uint64_t times;

	/* Nothing if it was armed anew since. */
	if (read(cpu->timer_fd, &times, sizeof(times)) != sizeof(times))
		return;
	pthread_mutex_lock(&timer->inside);
	vic_vcpu_request(cpu->vcpu, &timer->counters, VIC_REQUEST_TIMER, 0);
	pthread_mutex_unlock(&timer->inside);
}

static void *timer_thread(void *argument)
{
	struct timer *timer = argument;
	struct epoll_event event;

	for (;;) {
		if (epoll_wait(timer->epoll_fd, &event, 1, -1) < 1)
			continue;
		if (!event.data.ptr)
			return NULL;
		expired(timer, event.data.ptr);
	}
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
	timer->stop_fd = eventfd(0, EFD_CLOEXEC);
	add(timer, timer->stop_fd, NULL);
	for (uint32_t i = 0; i < vm->options.vcpus; i++) {
		struct cpu *cpu = &vm->cpus[i];

		cpu->timer_fd = timerfd_create(CLOCK_MONOTONIC,
					       TFD_CLOEXEC | TFD_NONBLOCK);
		add(timer, cpu->timer_fd, cpu);
	}
	error = pthread_create(&timer->thread, NULL, timer_thread, timer);
	if (error)
		die(EXIT_NO_KVM, "no thread for timers: %s", strerror(error));
}

void timer_stop(struct vm *vm)
{
	if (eventfd_write(vm->timer.stop_fd, 1))
		die(EXIT_NO_KVM, "eventfd_write: %s", strerror(errno));
	pthread_join(vm->timer.thread, NULL);
}
