/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * vic-minimal: the smallest VMM around libvic. Each vCPU is a thread. The
 * guest is C code (guest.c) whose WRMSRs and HLTs exit to here as a real
 * guest's do. A halted vCPU sleeps on a semaphore. A kick sets a flag that
 * guest_run() looks at after every instruction, for nothing interrupts a C
 * function from outside.
 *
 * To start a VMM from this file, put KVM_RUN, VMLAUNCH or an emulator in the
 * place of guest_run(), and whatever makes it return into kick().
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <vic/vic.h>

#include "guest.h"
#include "minimal.h"

/* Without progress for so long, the run has failed. */
#define PATIENCE_S 60

struct vcpu {
	_Alignas(VIC_CACHE_LINE) unsigned char vcpu_storage[VIC_VCPU_SIZE];
	_Alignas(VIC_CACHE_LINE) unsigned char lapic_storage[VIC_LAPIC_SIZE];
	struct vic_vcpu *vcpu;
	struct vic_lapic *lapic;
	struct guest guest;
	bool halted;
	sem_t wake;
	atomic_bool kicked;
	pthread_t thread;
};

static struct vcpu vcpus[GUEST_MAX_VCPUS];
static _Alignas(VIC_APIC_PAGE_SIZE) unsigned char
	pages[GUEST_MAX_VCPUS][VIC_APIC_PAGE_SIZE];
uint64_t minimal_matrix[GUEST_MAX_VCPUS * GUEST_MAX_VCPUS];
static unsigned int n_vcpus;
static struct vic_apic_bus *bus;
static sem_t ended;
/* Of all loops, to see progress. */
static atomic_ulong turns;

static _Noreturn void fail(const char *what, long number)
{
	fprintf(stderr, "vic-minimal: %s (%ld)\n", what, number);
	exit(EXIT_FAILURE);
}

/* For calls that fail only through a mistake in this program. */
#define MUST(call) must(call, #call " failed, see <vic/types.h>")

static void must(long status, const char *what)
{
	if (status != 0)
		fail(what, status);
}

/* Senders call these two on their own threads, from inside the library. */
static void wake(void *opaque)
{
	struct vcpu *v = opaque;

	sem_post(&v->wake);
}

static void kick(void *opaque)
{
	struct vcpu *v = opaque;

	atomic_store(&v->kicked, true);
}

static const struct vic_vcpu_ops ops = {
	.size = sizeof(ops),
	.wake = wake,
	.kick = kick,
};

/* Act on what the scan found. */
static void inject(struct vcpu *v, const struct vic_work *work)
{
	struct guest *g = &v->guest;

	if (work->flags & VIC_WORK_INIT) {
		*g = (struct guest){ .id = g->id };
		v->halted = false;
		MUST(vic_lapic_ack_init(v->lapic));
	}
	if (work->flags & VIC_WORK_SIPI) {
		/* A real guest starts at work->sipi_vector << 12. */
		MUST(vic_lapic_ack_sipi(v->lapic));
	}
	if (work->flags & VIC_WORK_NMI) {
		g->nmi = true;
		v->halted = false;
		MUST(vic_lapic_ack_nmi(v->lapic));
	}
	if (work->flags & VIC_WORK_IRQ) {
		g->vector = work->vector;
		v->halted = false;
		MUST(vic_lapic_ack(v->lapic, work->vector));
	}
	/* Otherwise no exit says when the guest can take the next one. */
	g->window_exit = work->nmis > 1 ||
			 (work->flags &
			  (VIC_WORK_IRQ_WINDOW | VIC_WORK_NMI_WINDOW));
}

static void emulate(struct vcpu *v, enum guest_exit exit)
{
	struct guest *g = &v->guest;

	if (exit == GUEST_HLT)
		v->halted = true;
	/* A real guest gets #GP(0) for VIC_ACCESS_FAULT. */
	if (exit == GUEST_WRMSR)
		MUST(vic_lapic_msr_write(v->lapic, g->msr, g->value));
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *v = arg;
	struct guest *g = &v->guest;

	for (;;) {
		uint32_t can = (g->vector ? 0 : VIC_CAN_IRQ) |
			       (g->nmi ? 0 : VIC_CAN_NMI);
		struct vic_work work;
		enum vic_enter enter;
		enum guest_exit exit;

		atomic_fetch_add(&turns, 1);
		vic_lapic_scan(v->lapic, can, &work);
		inject(v, &work);
		if (work.flags & (VIC_WORK_INIT | VIC_WORK_SIPI))
			continue;
		if (v->halted || (work.flags & VIC_WORK_WAIT_SIPI)) {
			if (!vic_lapic_block(v->lapic, can))
				continue;
			/* Nothing is pending here, and nothing will come. */
			if (g->done)
				break;
			sem_wait(&v->wake);
			/* The next scan answers all wakes up to here. */
			while (sem_trywait(&v->wake) == 0)
				;
			vic_vcpu_unblock(v->vcpu);
			continue;
		}

		enter = vic_vcpu_enter(v->vcpu);
		if (enter == VIC_ENTER_AGAIN)
			continue;
		if (enter == VIC_ENTER_EXIT)
			atomic_store(&v->kicked, true);
		exit = guest_run(g, &v->kicked);
		vic_vcpu_exit(v->vcpu, exit == GUEST_KICKED);
		/* The next scan answers every kick up to here. */
		atomic_store(&v->kicked, false);
		emulate(v, exit);
	}
	sem_post(&ended);
	return NULL;
}

static void make_bus(void)
{
	struct vic_apic_bus_config config = {
		.size = sizeof(config),
		.max_vcpus = n_vcpus,
		.matrix = minimal_matrix,
	};
	size_t size = vic_apic_bus_size(n_vcpus);
	size_t lines = (size + VIC_CACHE_LINE - 1) / VIC_CACHE_LINE;
	void *storage = aligned_alloc(VIC_CACHE_LINE, lines * VIC_CACHE_LINE);

	if (!storage)
		fail("out of memory", (long)size);
	MUST(vic_apic_bus_init(storage, size, &config, &bus));
}

static void make_vcpu(unsigned int index)
{
	struct vcpu *v = &vcpus[index];
	struct vic_vcpu_config vcpu = {
		.size = sizeof(vcpu),
		.index = index,
		.ops = &ops,
		.opaque = v,
	};
	struct vic_lapic_config lapic = {
		.size = sizeof(lapic),
		.flags = VIC_LAPIC_X2APIC | (index ? 0 : VIC_LAPIC_BSP),
		.id = index,
		.bus = bus,
		.page = pages[index],
	};

	MUST(sem_init(&v->wake, 0, 0));
	MUST(vic_vcpu_init(v->vcpu_storage, sizeof(v->vcpu_storage), &vcpu,
			   &v->vcpu));
	lapic.vcpu = v->vcpu;
	MUST(vic_lapic_init(v->lapic_storage, sizeof(v->lapic_storage), &lapic,
			    &v->lapic));
	v->guest.id = index;
}

/* Wait for all vCPUs; a lost interrupt leaves them asleep for ever. */
static void wait_for_end(void)
{
	for (unsigned int left = n_vcpus; left;) {
		unsigned long before = atomic_load(&turns);
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += PATIENCE_S;
		if (sem_timedwait(&ended, &until) == 0)
			left--;
		else if (atomic_load(&turns) == before)
			fail("an interrupt was lost: vCPUs asleep", (long)left);
	}
}

void minimal_run(unsigned int n)
{
	n_vcpus = n;
	make_bus();
	MUST(sem_init(&ended, 0, 0));
	for (unsigned int i = 0; i < n; i++)
		make_vcpu(i);
	for (unsigned int i = 0; i < n; i++)
		MUST(pthread_create(&vcpus[i].thread, NULL, vcpu_thread,
				    &vcpus[i]));
	wait_for_end();
	for (unsigned int i = 0; i < n; i++)
		MUST(pthread_join(vcpus[i].thread, NULL));
	free(bus);
}

const struct vic_counters *minimal_counters(unsigned int index)
{
	return vic_vcpu_counters(vcpus[index].vcpu);
}
