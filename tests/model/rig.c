/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void wake(void *opaque)
{
	((struct rig_vcpu *)opaque)->wakes++;
}

static void kick(void *opaque)
{
	((struct rig_vcpu *)opaque)->kicks++;
}

static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct rig_vcpu *v = opaque;

	if (source != VIC_EOI_LAPIC)
		abort();
	v->eois++;
	v->eoi_vector = number;
}

static const struct vic_vcpu_ops ops = {
	.size = sizeof(ops),
	.wake = wake,
	.kick = kick,
	.eoi = eoi,
};

static void *storage(size_t size, size_t alignment)
{
	size_t rounded = (size + alignment - 1) / alignment * alignment;
	void *result = aligned_alloc(alignment, rounded);

	if (!result) {
		perror("aligned_alloc");
		exit(1);
	}
	memset(result, 0, rounded);
	return result;
}

static void must(int err, const char *what)
{
	if (err) {
		fprintf(stderr, "%s: error %d\n", what, err);
		abort();
	}
}

void rig_init(struct rig *rig, uint32_t max_vcpus, uint32_t flags,
	      uint32_t msi_format, uint64_t *matrix)
{
	const struct vic_apic_bus_config config = {
		.size = sizeof(config),
		.flags = flags,
		.max_vcpus = max_vcpus,
		.msi_format = msi_format,
		.matrix = matrix,
	};
	size_t size = vic_apic_bus_size(max_vcpus);

	memset(rig, 0, sizeof(*rig));
	rig->max_vcpus = max_vcpus;
	rig->vcpus = calloc(max_vcpus, sizeof(*rig->vcpus));
	if (!rig->vcpus) {
		perror("calloc");
		exit(1);
	}
	rig->bus_storage = storage(size, VIC_CACHE_LINE);
	must(vic_apic_bus_init(rig->bus_storage, size, &config, &rig->bus),
	     "vic_apic_bus_init");
}

void rig_drop(struct rig *rig, uint32_t index)
{
	struct rig_vcpu *v = &rig->vcpus[index];

	free(v->vcpu_storage);
	free(v->lapic_storage);
	free(v->page);
	memset(v, 0, sizeof(*v));
}

void rig_free(struct rig *rig)
{
	for (uint32_t i = 0; i < rig->max_vcpus; i++)
		rig_drop(rig, i);
	free(rig->vcpus);
	free(rig->bus_storage);
}

int rig_add(struct rig *rig, uint32_t index, uint32_t id, uint32_t flags)
{
	struct rig_vcpu *v = &rig->vcpus[index];
	const struct vic_vcpu_config vcpu_config = {
		.size = sizeof(vcpu_config),
		.index = index,
		.ops = &ops,
		.opaque = v,
	};
	struct vic_lapic_config config = {
		.size = sizeof(config),
		.flags = flags,
		.id = id,
		.bus = rig->bus,
	};
	int err;

	v->vcpu_storage = storage(vic_vcpu_size(), VIC_CACHE_LINE);
	v->lapic_storage = storage(vic_lapic_size(), VIC_CACHE_LINE);
	v->page = storage(VIC_APIC_PAGE_SIZE, VIC_APIC_PAGE_SIZE);
	must(vic_vcpu_init(v->vcpu_storage, vic_vcpu_size(), &vcpu_config,
			   &v->vcpu),
	     "vic_vcpu_init");
	config.vcpu = v->vcpu;
	config.page = v->page;
	err = vic_lapic_init(v->lapic_storage, vic_lapic_size(), &config,
			     &v->lapic);
	if (err)
		rig_drop(rig, index);
	return err;
}

bool rig_is_x2apic(const struct rig *rig, uint32_t index)
{
	return vic_lapic_base(rig->vcpus[index].lapic) & VIC_APIC_BASE_EXTD;
}

enum vic_access
rig_read(struct rig *rig, uint32_t index, uint32_t offset, uint64_t *value)
{
	struct vic_lapic *lapic = rig->vcpus[index].lapic;

	if (rig_is_x2apic(rig, index))
		return vic_lapic_msr_read(lapic, VIC_MSR_X2APIC + offset / 16,
					  value);
	return vic_lapic_mmio_read(lapic, offset, 4, value);
}

enum vic_access
rig_write(struct rig *rig, uint32_t index, uint32_t offset, uint64_t value)
{
	struct vic_lapic *lapic = rig->vcpus[index].lapic;

	if (rig_is_x2apic(rig, index))
		return vic_lapic_msr_write(lapic, VIC_MSR_X2APIC + offset / 16,
					   value);
	return vic_lapic_mmio_write(lapic, offset, 4, value);
}

enum vic_access rig_icr(struct rig *rig, uint32_t index, uint64_t value)
{
	enum vic_access access;

	if (rig_is_x2apic(rig, index))
		return rig_write(rig, index, VIC_APIC_ICR_LO, value);
	access = rig_write(rig, index, VIC_APIC_ICR_HI, value >> 32);
	if (access != VIC_ACCESS_DONE)
		return access;
	return rig_write(rig, index, VIC_APIC_ICR_LO, value & 0xffffffff);
}

enum vic_access rig_base(struct rig *rig, uint32_t index, uint64_t value)
{
	return vic_lapic_msr_write(rig->vcpus[index].lapic, VIC_MSR_APIC_BASE,
				   value);
}

void rig_vectors(const struct rig *rig, uint32_t index, uint32_t offset,
		 uint64_t vectors[4])
{
	const uint8_t *page = rig->vcpus[index].page;

	for (uint32_t i = 0; i < 4; i++) {
		uint32_t low, high;

		memcpy(&low, page + offset + 32 * i, 4);
		memcpy(&high, page + offset + 32 * i + 16, 4);
		vectors[i] = low | (uint64_t)high << 32;
	}
}
