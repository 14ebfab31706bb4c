/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Devices: threads that interrupt guests by messages, through the posted-
 * interrupt descriptor as an IOMMU does, and by a level-triggered line with
 * what an I/O APIC does about it.
 */
#include <time.h>

#include "xen.h"

/* A device waits so long between two looks. */
#define PAUSE_NS 20000
#define LOOKS 50
#define MSI_LEVEL_ASSERT 0xc000u

static void pause_device(void)
{
	struct timespec pause = {.tv_nsec = PAUSE_NS};

	nanosleep(&pause, NULL);
}

static atomic_uint *line_of(struct device *d)
{
	return &d->domain->memory->lines[d->index];
}

static void send(struct device *d, struct vic_counters *counters,
		 uint32_t target, uint32_t data)
{
	uint64_t address = VIC_MSI_BASE | target << VIC_MSI_DEST_SHIFT;
	int result = vic_msi(d->domain->bus, counters, address, data);

	if (result < 0)
		die("vic_msi() returns %d", result);
}

static void send_level(struct device *d, struct vic_counters *counters)
{
	send(d, counters, d->line_target,
	     MSI_LEVEL_ASSERT | (kind_vector(KIND_LEVEL) + d->index));
}

/* The line rises; it is for the last target until that has answered. */
static uint32_t raise_line(struct device *d, uint32_t target)
{
	struct guest_memory *memory = d->domain->memory;
	uint32_t sender = memory->cpus + d->index;

	if (!atomic_load(line_of(d)))
		d->line_target = target;
	target = d->line_target;
	message_write(memory, KIND_LEVEL, sender, target, false);
	if (!(atomic_fetch_or(line_of(d), LINE_HIGH | LINE_REMOTE_IRR) &
	      LINE_REMOTE_IRR))
		send_level(d, &d->counters);
	return target;
}

void device_eoi(struct vcpu *v, uint8_t vector)
{
	struct domain *domain = v->domain;
	uint32_t index = (uint32_t)vector - kind_vector(KIND_LEVEL);
	struct device *d = &domain->devices[index];
	unsigned int state, low = LINE_REMOTE_IRR;

	if (index >= domain->nr_devices)
		die("an EOI of vector %#x, which no line sends", vector);
	state = atomic_load(line_of(d));
	if (!(state & LINE_REMOTE_IRR) || d->line_target != v->index)
		die("an EOI of vector %#x that nobody waits for", vector);
	if (!atomic_compare_exchange_strong(line_of(d), &low, 0))
		send_level(d, &v->counters);
}

/* As an IOMMU: the vCPU is known by its descriptor alone. */
static void post(struct device *d, struct vcpu *v, uint8_t vector)
{
	struct vic_pid *pid = vic_vcpu_pid(v->vic);
	struct vtx_notification done;
	uint64_t notify;

	if (draw(&d->random) % 4 == 0) {
		enum vic_post result = vic_pid_post(pid, vector, &notify);

		d->posted += result != VIC_POST_MERGED;
		done.notify = notify;
		done.vector = (uint8_t)(notify >> VIC_PID_NV_SHIFT);
		done.ndst = (uint32_t)(notify >> VIC_PID_NDST_SHIFT);
	} else {
		done = vtx_device_post(pid, vector, false, NULL);
		if (done.fault)
			die("a reserved bit of a descriptor is not 0");
		d->posted += done.posted;
	}
	if (done.notify)
		pcpu_notify(done.ndst, done.vector);
}

static struct message *interrupt(struct device *d)
{
	struct guest_memory *memory = d->domain->memory;
	uint32_t sender = memory->cpus + d->index;
	uint32_t target = (uint32_t)draw(&d->random) % memory->cpus;
	uint64_t choice = draw(&d->random) % 4;
	enum kind kind = choice == 0   ? KIND_LEVEL
			 : choice == 1 ? KIND_EDGE
				       : KIND_POSTED;

	if (kind == KIND_LEVEL) {
		target = raise_line(d, target);
		return message_of(memory, kind, sender, target);
	}
	message_write(memory, kind, sender, target, false);
	if (kind == KIND_POSTED)
		post(d, &d->domain->vcpus[target], kind_vector(kind));
	else
		send(d, &d->counters, target, kind_vector(kind));
	return message_of(memory, kind, sender, target);
}

static bool is_seen(const struct message *message)
{
	return atomic_load(&message->seen) ==
	       atomic_load(&message->number) >> 1;
}

static void *device_thread(void *device)
{
	struct device *d = device;
	struct guest_memory *memory = d->domain->memory;

	while (atomic_load(&memory->online) < memory->cpus &&
	       !atomic_load(&run.stop))
		pause_device();
	while (!atomic_load(&run.stop)) {
		uint64_t burst = 1 + draw(&d->random) % 8;
		struct message *last;

		do
			last = interrupt(d);
		while (--burst);
		for (int i = 0; i < LOOKS && !is_seen(last); i++)
			pause_device();
	}
	return NULL;
}

void device_start_all(void)
{
	for (uint32_t i = 0; i < run.options->domains; i++)
		for (uint32_t j = 0; j < run.domains[i].nr_devices; j++) {
			struct device *d = &run.domains[i].devices[j];

			MUST(pthread_create(&d->thread, NULL, device_thread,
					    d));
		}
}

void device_join_all(void)
{
	for (uint32_t i = 0; i < run.options->domains; i++)
		for (uint32_t j = 0; j < run.domains[i].nr_devices; j++)
			MUST(pthread_join(run.domains[i].devices[j].thread,
					  NULL));
}
