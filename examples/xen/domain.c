/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* A domain: its bus, its vCPUs with their local APICs, its devices. */
#include <stdlib.h>
#include <string.h>

#include "xen.h"

static void make_bus(struct domain *d, uint32_t vcpus)
{
	struct vic_apic_bus_config config = {
		.size = sizeof(config),
		.max_vcpus = vcpus,
	};
	size_t size = vic_apic_bus_size(vcpus);

	d->matrix =
		allocate(VIC_CACHE_LINE, sizeof(*d->matrix) * vcpus * vcpus);
	config.matrix = d->matrix;
	MUST(vic_apic_bus_init(allocate(VIC_CACHE_LINE, size), size, &config,
			       &d->bus));
}

static void make_memory(struct domain *d, uint32_t vcpus)
{
	struct guest_memory *memory = allocate(VIC_CACHE_LINE, sizeof(*memory));

	memory->workload = run.options->workload;
	memory->xapic = d->xapic;
	memory->cpus = vcpus;
	memory->senders = vcpus + d->nr_devices;
	memory->messages =
		allocate(VIC_CACHE_LINE, sizeof(*memory->messages) * KINDS *
						 memory->senders * vcpus);
	memory->stop = &run.stop;
	d->memory = memory;
}

static void make_vcpu(struct domain *d, uint32_t index)
{
	struct vcpu *v = &d->vcpus[index];
	struct vic_vcpu_config vcpu = {
		.size = sizeof(vcpu),
		.index = index,
		.ops = &vcpu_ops,
		.opaque = v,
	};
	struct vic_lapic_config lapic = {
		.size = sizeof(lapic),
		.flags = (d->xapic ? 0 : VIC_LAPIC_X2APIC) |
			 (index ? 0 : VIC_LAPIC_BSP),
		.id = index,
		.bus = d->bus,
		.page = d->pages + (size_t)index * VIC_APIC_PAGE_SIZE,
	};

	v->domain = d;
	v->index = index;
	v->page = lapic.page;
	v->look = true;
	v->random = run.options->seed + d->id * 1000u + index;
	MUST(vic_vcpu_init(v->vic_storage, sizeof(v->vic_storage), &vcpu,
			   &v->vic));
	lapic.vcpu = v->vic;
	MUST(vic_lapic_init(v->lapic_storage, sizeof(v->lapic_storage), &lapic,
			    &v->lapic));
	guest_init(&v->guest, d->memory, index, draw(&v->random));
	sched_start(v, &run.pcpus[(d->id + index) % run.options->pcpus]);
}

static bool is_xapic(const struct options *options, uint32_t id)
{
	if (options->apic == APIC_MIXED)
		return (options->seed / 2 + id) % 2;
	return options->apic == APIC_XAPIC;
}

void domain_create(struct domain *d, uint32_t id)
{
	const struct options *options = run.options;
	uint32_t vcpus = options->vcpus;

	d->id = id;
	d->xapic = is_xapic(options, id);
	d->nr_devices = options->workload->devices ? MAX_DEVICES : 0;
	make_bus(d, vcpus);
	make_memory(d, vcpus);
	d->vcpus = allocate(VIC_CACHE_LINE, sizeof(*d->vcpus) * vcpus);
	d->pages = allocate(VIC_APIC_PAGE_SIZE,
			    (size_t)VIC_APIC_PAGE_SIZE * vcpus);
	d->devices =
		allocate(VIC_CACHE_LINE, sizeof(*d->devices) * MAX_DEVICES);
	for (uint32_t i = 0; i < d->nr_devices; i++) {
		d->devices[i].domain = d;
		d->devices[i].index = i;
		d->devices[i].random = options->seed + id * 100u + i;
	}
	for (uint32_t i = 0; i < vcpus; i++)
		make_vcpu(d, i);
}

void domain_destroy(struct domain *d)
{
	free(d->devices);
	free(d->pages);
	free(d->vcpus);
	free(d->memory->messages);
	free(d->memory);
	free(d->matrix);
	free(d->bus);
}

static uint32_t in_irr(const struct vcpu *v)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < 8; i++) {
		uint32_t word;

		memcpy(&word, v->page + VIC_APIC_IRR + i * 0x10, sizeof(word));
		count += (uint32_t)__builtin_popcount(word);
	}
	return count;
}

uint32_t vcpu_posted(const struct vcpu *v)
{
	struct vic_vcpu_inbox inbox;
	uint32_t count = 0;

	vic_vcpu_peek(v->vic, &inbox);
	for (int i = 0; i < 4; i++)
		count += (uint32_t)__builtin_popcountll(inbox.pir[i]);
	return count;
}

uint32_t vcpu_pending(const struct vcpu *v)
{
	return in_irr(v) + vcpu_posted(v);
}
