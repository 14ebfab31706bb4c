/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The vCPUs of the stress programs for x86, each with a local APIC. */
#ifndef X86_H
#define X86_H

#include <vic/vic.h>

struct x86_storage {
	_Alignas(VIC_CACHE_LINE) unsigned char vcpu[VIC_VCPU_SIZE];
	_Alignas(VIC_CACHE_LINE) unsigned char lapic[VIC_LAPIC_SIZE];
	_Alignas(4096) unsigned char page[VIC_APIC_PAGE_SIZE];
};

struct vic_apic_bus *x86_bus(uint32_t vcpus);

/* vCPU @config->index, its APIC id too; @flags is of struct vic_lapic_config.
 */
struct vic_lapic *
x86_vcpu(struct x86_storage *storage, const struct vic_vcpu_config *config,
	 struct vic_apic_bus *bus, uint32_t flags, struct vic_vcpu **vcpu);

#endif
