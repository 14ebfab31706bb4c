/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct calls calls;
uint64_t clock_now;

static void wake(void *opaque)
{
	(void)opaque;
	calls.wakes++;
}

static void kick(void *opaque)
{
	(void)opaque;
	calls.kicks++;
}

static void notify(void *opaque, uint32_t dest, uint8_t vector)
{
	(void)opaque;
	(void)dest;
	(void)vector;
	calls.notifies++;
}

static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	(void)opaque;
	(void)source;
	(void)number;
	calls.eois++;
}

static uint64_t now(void *opaque, uint32_t clock)
{
	(void)opaque;
	(void)clock;
	return clock_now;
}

const struct vic_vcpu_ops ops = {
	.size = sizeof(ops),
	.wake = wake,
	.kick = kick,
	.eoi = eoi,
	.now = now,
	.notify = notify,
};

noreturn void die(const char *what)
{
	fprintf(stderr, "vic-bench: %s\n", what);
	exit(1);
}

void *alloc(size_t alignment, size_t size)
{
	size_t rounded = (size + alignment - 1) & ~(alignment - 1);
	void *memory = aligned_alloc(alignment, rounded);

	if (!memory)
		die("out of memory");
	/* Page faults belong to no measurement. */
	memset(memory, 0, rounded);
	return memory;
}

void machine_alloc(struct machine *m, uint32_t n)
{
	unsigned char *pages;

	memset(m, 0, sizeof(*m));
	m->n = n;
	m->ops = &ops;
	m->bus_size = vic_apic_bus_size(n);
	if (!m->bus_size)
		die("no bus has that many vCPUs");
	m->bus = alloc(VIC_CACHE_LINE, m->bus_size);
	m->cpus = alloc(VIC_CACHE_LINE, n * sizeof(*m->cpus));
	pages = alloc(VIC_APIC_PAGE_SIZE, (size_t)n * VIC_APIC_PAGE_SIZE);
	for (uint32_t i = 0; i < n; i++)
		m->cpus[i].page = pages + (size_t)i * VIC_APIC_PAGE_SIZE;
}

void machine_free(struct machine *m)
{
	free(m->bus);
	free(m->cpus[0].page);
	free(m->cpus);
	free(m->ioapic);
	free(m->pic);
	free(m->gic);
	free(m->gicr_storage);
}

static int init_bus(struct machine *m, uint32_t policy)
{
	const struct vic_apic_bus_config config = {
		.size = sizeof(config),
		.flags = policy | VIC_BUS_NO_XAPIC_ALIAS,
		.max_vcpus = m->n,
		.msi_format = VIC_MSI_8BIT,
	};

	return vic_apic_bus_init(m->bus, m->bus_size, &config, &m->bus);
}

static int init_cpu(struct machine *m, uint32_t index, uint32_t flags)
{
	struct cpu *cpu = &m->cpus[index];
	const struct vic_vcpu_config vcpu = {
		.size = sizeof(vcpu),
		.index = index,
		.ops = m->ops,
		.opaque = cpu,
	};
	struct vic_lapic_config lapic = {
		.size = sizeof(lapic),
		.flags = flags,
		.id = index,
		.bus = m->bus,
		.page = cpu->page,
	};
	int result;

	result = vic_vcpu_init(cpu->vcpu_storage, VIC_VCPU_SIZE, &vcpu,
			       &cpu->vcpu);
	if (result)
		return result;
	lapic.vcpu = cpu->vcpu;
	return vic_lapic_init(cpu->lapic_storage, VIC_LAPIC_SIZE, &lapic,
			      &cpu->lapic);
}

static void enable(struct cpu *cpu, uint32_t index, unsigned flags)
{
	uint32_t svr = VIC_SVR_RESET | VIC_SVR_ENABLE;

	if (flags & MACHINE_X2APIC) {
		must((int)vic_lapic_msr_write(
			     cpu->lapic, VIC_MSR_X2APIC + VIC_APIC_SVR / 16,
			     svr),
		     "SVR refuses to be written by WRMSR");
		return;
	}
	must((int)vic_lapic_mmio_write(cpu->lapic, VIC_APIC_SVR, 4, svr),
	     "SVR refuses to be written");
	if (flags & MACHINE_FLAT)
		must((int)vic_lapic_mmio_write(cpu->lapic, VIC_APIC_LDR, 4,
					       0x1000000u << index),
		     "LDR refuses to be written");
}

static void init_pcpus(struct machine *m)
{
	for (uint32_t i = 0; i < 2; i++) {
		const struct vic_pcpu_config config = {
			.size = sizeof(config),
			.id = i,
			.notify_vector = 0xf2,
			.wakeup_vector = 0xf1,
			.ops = &ops,
		};

		must(vic_pcpu_init(m->pcpu_storage[i], VIC_PCPU_SIZE, &config,
				   &m->pcpu[i]),
		     "a pCPU cannot be made");
	}
}

static void start_posting(struct machine *m, struct cpu *cpu)
{
	struct vic_work work;

	vic_vcpu_load(cpu->vcpu, m->pcpu[0]);
	must(vic_lapic_set_posting(cpu->lapic, true), "posting does not start");
	if (vic_lapic_scan(cpu->lapic, 0, &work) != VIC_WORK_EOI_EXIT)
		die("posting does not tell its EOI-exit bitmap");
}

void machine_init(struct machine *m, unsigned flags)
{
	uint32_t mode = flags & MACHINE_X2APIC ? VIC_LAPIC_X2APIC : 0;
	uint32_t policy = flags & MACHINE_ARBITRATE ? VIC_BUS_ARBITRATE : 0;

	must(init_bus(m, policy), "the bus cannot be made");
	init_pcpus(m);
	for (uint32_t i = 0; i < m->n; i++) {
		/* All are BSPs: none waits for a SIPI. */
		must(init_cpu(m, i, mode | VIC_LAPIC_BSP),
		     "a vCPU cannot be made");
		enable(&m->cpus[i], i, flags);
		if (flags & MACHINE_POSTING)
			start_posting(m, &m->cpus[i]);
	}
}

/* What an AP does that a wake let out of its wait. */
static unsigned boot_step(struct cpu *ap, uint32_t expected)
{
	struct vic_work work;

	vic_vcpu_unblock(ap->vcpu);
	if (!(vic_lapic_scan(ap->lapic, 0, &work) & expected))
		return 1;
	if (expected == VIC_WORK_INIT)
		return vic_lapic_ack_init(ap->lapic) != VIC_OK ||
		       !vic_lapic_block(ap->lapic, 0);
	return vic_lapic_ack_sipi(ap->lapic) != VIC_OK ||
	       work.sipi_vector != 0x9a;
}

static unsigned boot_ap(struct vic_lapic *bsp, struct cpu *ap, uint32_t id)
{
	const uint32_t icr = VIC_MSR_X2APIC + VIC_APIC_ICR_LO / 16;
	uint64_t dest = (uint64_t)id << VIC_ICR_DEST_SHIFT;
	uint64_t base = vic_lapic_base(ap->lapic) | VIC_APIC_BASE_EXTD;
	unsigned bad = !vic_lapic_block(ap->lapic, 0);

	bad |= vic_lapic_msr_write(bsp, icr,
				   dest | VIC_ICR_ASSERT |
					   VIC_MODE_INIT << VIC_ICR_MODE_SHIFT);
	bad |= boot_step(ap, VIC_WORK_INIT);
	bad |= vic_lapic_msr_write(bsp, icr,
				   dest | VIC_ICR_ASSERT | 0x9a |
					   VIC_MODE_SIPI << VIC_ICR_MODE_SHIFT);
	bad |= boot_step(ap, VIC_WORK_SIPI);
	bad |= vic_lapic_msr_write(ap->lapic, VIC_MSR_APIC_BASE, base);
	return bad;
}

unsigned machine_boot(struct machine *m)
{
	unsigned bad = 0;

	bad |= init_bus(m, 0) != VIC_OK;
	bad |= init_cpu(m, 0, VIC_LAPIC_BSP | VIC_LAPIC_X2APIC) != VIC_OK;
	for (uint32_t i = 1; i < m->n; i++) {
		bad |= init_cpu(m, i, 0) != VIC_OK;
		bad |= boot_ap(m->cpus[0].lapic, &m->cpus[i], i);
	}
	return bad;
}
