/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "x86.h"

#include "threads.h"

struct vic_apic_bus *x86_bus(uint32_t vcpus)
{
	const struct vic_apic_bus_config config = {
		.size = sizeof(config),
		.max_vcpus = vcpus,
	};
	size_t size = vic_apic_bus_size(vcpus);
	struct vic_apic_bus *bus;

	if (vic_apic_bus_init(zeroed(VIC_CACHE_LINE, size), size, &config,
			      &bus))
		die("vic_apic_bus_init fails");
	return bus;
}

struct vic_lapic *
x86_vcpu(struct x86_storage *storage, const struct vic_vcpu_config *config,
	 struct vic_apic_bus *bus, uint32_t flags, struct vic_vcpu **vcpu)
{
	struct vic_lapic_config lapic_config = {
		.size = sizeof(lapic_config),
		.flags = flags,
		.id = config->index,
		.bus = bus,
		.page = storage->page,
	};
	struct vic_lapic *lapic;

	if (vic_vcpu_init(storage->vcpu, sizeof(storage->vcpu), config, vcpu))
		die("vic_vcpu_init fails");
	lapic_config.vcpu = *vcpu;
	if (vic_lapic_init(storage->lapic, sizeof(storage->lapic),
			   &lapic_config, &lapic))
		die("vic_lapic_init fails");
	return lapic;
}
