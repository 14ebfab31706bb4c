/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "apic.h"

volatile uint32_t *page_at(uint32_t address, enum apic_reg reg)
{
	return (volatile uint32_t *)(uint64_t)(address + (uint32_t)reg);
}

static volatile uint32_t *mmio(enum apic_reg reg)
{
	return page_at(BASE_ADDRESS, reg);
}

uint32_t apic_read(enum apic_reg reg)
{
	if (this_cpu()->x2apic)
		return (uint32_t)rdmsr(APIC_MSR(reg));
	return *mmio(reg);
}

void apic_write(enum apic_reg reg, uint32_t value)
{
	if (this_cpu()->x2apic)
		wrmsr(APIC_MSR(reg), value);
	else
		*mmio(reg) = value;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

uint32_t apic_id(void)
{
	uint32_t id = apic_read(APIC_ID);

	return this_cpu()->x2apic ? id : id >> 24;
}

void apic_send(uint32_t icr, uint32_t dest)
{
	if (this_cpu()->x2apic) {
		wrmsr(APIC_MSR(APIC_ICR), (uint64_t)dest << 32 | icr);
		return;
	}
	for (uint32_t i = 0; i < 1000 && *mmio(APIC_ICR) & ICR_BUSY; i++)
		pause();
	*mmio(APIC_ICR2) = dest << 24;
	*mmio(APIC_ICR) = icr;
}

void apic_send_self(uint32_t vector)
{
	apic_send(ICR_SELF | ICR_FIXED | vector, 0);
}

void apic_reply(uint32_t icr, uint32_t dest)
{
	uint32_t icr2 = 0;

	if (!this_cpu()->x2apic)
		icr2 = *mmio(APIC_ICR2);
	apic_send(icr, dest);
	if (!this_cpu()->x2apic)
		*mmio(APIC_ICR2) = icr2;
}

bool apic_bit(enum apic_reg reg, uint32_t vector)
{
	uint32_t word = apic_read(reg + vector / 32 * 0x10);

	return word >> (vector % 32) & 1;
}

uint32_t apic_bits(enum apic_reg reg)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < 8; i++) {
		uint32_t word = apic_read(reg + i * 0x10);

		if (i == 0)
			word &= 0xffff0000;
		for (; word; word &= word - 1)
			n++;
	}
	return n;
}

/* Beyond eight CPUs two share a bit, and both are addressed by it. */
uint32_t flat_bit(uint32_t id)
{
	return 1u << (id % 8);
}

/* Four CPUs a cluster in xAPIC mode, sixteen in x2APIC mode. */
uint32_t cluster_address(uint32_t id)
{
	if (this_cpu()->x2apic)
		return (id >> 4) << 16 | 1u << (id & 15);
	return (id / 4) << 4 | 1u << (id % 4);
}

static void set_model(struct cpu *me, void *arg)
{
	bool flat = arg != NULL;
	uint32_t id = me->id;

	apic_write(APIC_DFR, flat ? 0xffffffff : 0x0fffffff);
	apic_write(APIC_LDR, (flat ? flat_bit(id) : cluster_address(id)) << 24);
}

void use_flat(void)
{
	run_all(set_model, cpus);
}

void use_cluster(void)
{
	run_all(set_model, NULL);
}

void lint0_extint(bool on)
{
	apic_write(APIC_LVT_LINT0, on ? LVT_EXTINT : LVT_MASKED);
}
