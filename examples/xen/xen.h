/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* vic-xen: what the files of this folder share. README.md has the map. */
#ifndef VIC_XEN_H
#define VIC_XEN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <vic/vic.h>

#include "../../tests/hw/vtx.h"
#include "guest.h"
#include "options.h"

/* Physical vectors. */
#define VECTOR_TIMER 0xef
#define VECTOR_WAKEUP 0xf1
#define VECTOR_NOTIFY 0xf2
/* Leave the guest, or the idle loop, and look. */
#define VECTOR_KICK 0xfb

struct domain;
struct pcpu;

/* Where a vCPU is for the scheduler. */
enum sched_state {
	/* In a run queue, or on its way into one. */
	SCHED_RUNNABLE,
	SCHED_RUNNING,
	/* Waits for vcpu_wake(). */
	SCHED_BLOCKED,
};

/*
 * A vCPU. Who runs it owns it: the pCPU's thread from sched_next() to
 * sched_leave(). Only the fields marked "any" are for others.
 */
struct vcpu {
	_Alignas(VIC_CACHE_LINE) unsigned char vic_storage[VIC_VCPU_SIZE];
	_Alignas(VIC_CACHE_LINE) unsigned char lapic_storage[VIC_LAPIC_SIZE];
	struct vic_vcpu *vic;
	struct vic_lapic *lapic;
	struct domain *domain;
	uint32_t index;
	unsigned char *page;

	/* Any; changed under the lock of its run queue. */
	_Atomic(struct pcpu *) home;
	enum sched_state sched;
	/* A wake came that has not ended a sleep yet. */
	bool wake_latched;
	struct vcpu *next;

	/* From vic_lapic_block() to vic_vcpu_unblock(). */
	bool is_blocked;
	/* A scan is due before the next entry. */
	bool look;
	/* exit_fast() did all that the exit was about. */
	bool exit_is_done;
	/* Waits for a SIPI, by the last scan. */
	bool wait_sipi;
	/* Instructions since it was scheduled. */
	uint32_t slice;
	uint64_t random;
	struct vtx_vmcs vmcs;
	struct guest guest;
	/* For what it posts in vic_vcpu_ops.eoi. */
	struct vic_counters counters;
	uint64_t scheduled, migrations, fast_icrs;
};

struct run_queue {
	pthread_mutex_t lock;
	struct vcpu *head, *tail;
	/* Changed under the lock; any. */
	atomic_uint length;
};

/* A physical CPU: one host thread and one modelled processor. */
struct pcpu {
	_Alignas(VIC_CACHE_LINE) unsigned char vic_storage[VIC_PCPU_SIZE];
	struct vic_pcpu *vic;
	struct vtx_pcpu cpu;
	struct run_queue queue;
	uint32_t id;
	/* Any: it sleeps, or is about to. Set under the queue's lock. */
	atomic_bool idle;
	/* Any: its vCPU is in HLT and did not exit. */
	atomic_bool halted;
	/* Who runs here. */
	_Atomic(struct vcpu *) current;
	bool resched;
	struct vic_counters counters;
	pthread_t thread;
	uint64_t idles;
};

/* A virtual machine. */
struct domain {
	uint32_t id;
	bool xapic;
	struct vic_apic_bus *bus;
	uint64_t *matrix;
	struct vcpu *vcpus;
	unsigned char *pages;
	struct guest_memory *memory;
	struct device *devices;
	uint32_t nr_devices;
};

/* One row for each way to give vectors to a guest. */
struct mode {
	const char *name;
	const char *what;
	/* Virtual-interrupt delivery and posted interrupts. */
	bool posting;
	void (*fill_vmcs)(struct vcpu *v);
};
extern const struct mode modes[];
extern const unsigned int nr_modes;

/* A run in one mode. */
struct run {
	const struct options *options;
	const struct mode *mode;
	struct pcpu *pcpus;
	struct domain *domains;
	/* Senders stop; the guests go to rest. */
	atomic_bool stop;
	/* pCPUs leave their vCPUs and end. */
	atomic_bool over;
	pthread_t ticker;
	uint64_t ns;
};
extern struct run run;

/* main.c */
_Noreturn void die(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void *allocate(size_t alignment, size_t size);
/* For calls that fail only through a mistake in this program. */
#define MUST(call) must((call), #call)
void must(int result, const char *call);
uint64_t now_ns(void);
uint64_t draw(uint64_t *random);

/* domain.c */
void domain_create(struct domain *d, uint32_t id);
void domain_destroy(struct domain *d);
/* Vectors in IRR and in the descriptor. No thread is inside libvic. */
uint32_t vcpu_pending(const struct vcpu *v);
/* Those in the descriptor alone. Any thread. */
uint32_t vcpu_posted(const struct vcpu *v);

/* vmcs.c */
/* The controls; again when posting begins or ends. */
void vmcs_fill(struct vcpu *v);

/* pcpu.c */
void pcpu_create(struct pcpu *p, uint32_t id);
void pcpu_destroy(struct pcpu *p);
void *pcpu_thread(void *pcpu);
void *ticker_thread(void *unused);
/* The handler of a physical interrupt. */
void pcpu_interrupt(struct pcpu *p, uint8_t vector);
/* Send @p vector to where a descriptor's NDST says. Any thread. */
void pcpu_notify(uint32_t ndst, uint8_t vector);
/* Interrupts on for a moment, in the host. */
void pcpu_take_interrupts(struct pcpu *p);

/* sched.c */
void sched_start(struct vcpu *v, struct pcpu *p);
/* The next vCPU for @p, or NULL: @p is marked idle then. */
struct vcpu *sched_next(struct pcpu *p);
/* @v, which ran on @p, was preempted or has blocked. */
void sched_leave(struct pcpu *p, struct vcpu *v);
void sched_wake(struct vcpu *v);

/* vcpu.c: the glue between the scheduler and libvic. */
extern const struct vic_vcpu_ops vcpu_ops;
void vcpu_schedule_in(struct pcpu *p, struct vcpu *v);
/* Until it is preempted or blocks. */
void vcpu_run(struct pcpu *p, struct vcpu *v);

/* exit.c */
/* After the guest's exit, still in GUEST: true if it may go on at once. */
bool exit_fast(struct vcpu *v);
/* In HOST. */
void exit_handle(struct pcpu *p, struct vcpu *v);

/* device.c */
struct device {
	struct domain *domain;
	uint32_t index;
	/* Whom its level-triggered line interrupts. */
	uint32_t line_target;
	struct vic_counters counters;
	/* PIR bits that it has newly set. */
	uint64_t posted;
	uint64_t random;
	pthread_t thread;
};
void device_start_all(void);
void device_join_all(void);
/* The I/O APIC hears an EOI on the thread of @v. */
void device_eoi(struct vcpu *v, uint8_t vector);

/* check.c */
/* All messages were seen, and every vCPU rests. Any thread. */
bool check_quiet(void);
/* Interrupts that guests took, or loops of the dry run. Any thread. */
uint64_t check_progress(void);
/* Both halves, after the run; prints what is wrong to standard error. */
bool check_exact(void);
/* The sums of a domain, by who knows of it. */
struct ledger {
	/* Newly pending, acknowledged, folded, discarded: libvic's. */
	uint64_t posted, acked, folded, discarded;
	/* Newly pending without libvic; merged and delivered likewise. */
	uint64_t hw_posted, hw_folded, hw_delivered;
	/* By VM entry; what the guest's handlers counted. */
	uint64_t injected, taken;
	uint64_t pending;
};
void check_ledger(const struct domain *d, struct ledger *ledger);

/* dump.c: the state of everything, to standard error. */
void check_dump(void);

/* stats.c */
/* Keep what the run did; prints at the end. */
void stats_keep(void);
void stats_print(void);

#endif
