/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "machine.h"

#define GICR_BASE UINT64_C(0x40000000)
#define SPI_END (VIC_INTID_SPI + GIC_SPIS)

/* Sixteen vCPUs for each value of Aff1. */
static uint32_t affinity_of(uint32_t index)
{
	return index / 16 << 8 | index % 16;
}

static void
store(struct machine *m, uint64_t address, uint32_t len, uint64_t value)
{
	must((int)vic_gic_mmio_write(m->cpus[0].gicr, address, len, value),
	     "the GIC refuses a store");
}

void gicd_write(struct machine *m, uint32_t offset, uint32_t len,
		uint64_t value)
{
	store(m, GICD_BASE + offset, len, value);
}

void gic_route(struct machine *m, uint32_t intid, uint32_t index)
{
	gicd_write(m, VIC_GICD_IROUTER + intid * 8, 8, affinity_of(index));
}

static void init_cpu(struct machine *m, uint32_t index)
{
	struct cpu *cpu = &m->cpus[index];
	const struct vic_vcpu_config vcpu = {
		.size = sizeof(vcpu),
		.index = index,
		.ops = &ops,
		.opaque = cpu,
	};
	struct vic_gicr_config gicr = {
		.size = sizeof(gicr),
		.gic = m->gic,
		.affinity = affinity_of(index),
		.nr_lrs = 4,
	};

	must(vic_vcpu_init(cpu->vcpu_storage, VIC_VCPU_SIZE, &vcpu, &cpu->vcpu),
	     "a vCPU cannot be made");
	gicr.vcpu = cpu->vcpu;
	must(vic_gicr_init(m->gicr_storage + index * m->gicr_size, m->gicr_size,
			   &gicr, &cpu->gicr),
	     "a Redistributor cannot be made");
	cpu->lrs.vmcr = GIC_VMCR;
	store(m,
	      GICR_BASE + (uint64_t)index * VIC_GICR_FRAME_SIZE +
		      VIC_GICR_ISENABLER0,
	      4, 0xffff);
}

void gic_machine_init(struct machine *m)
{
	const struct vic_gic_config config = {
		.size = sizeof(config),
		.flags = VIC_GIC_RESET_AWAKE,
		.max_vcpus = m->n,
		.spis = GIC_SPIS,
		.nr_regions = 1,
		.gicd_base = GICD_BASE,
		.regions = {{.base = GICR_BASE, .count = m->n}},
		.ops = &ops,
	};

	m->gic_size = vic_gic_size(&config);
	must(vic_gic_init(alloc(VIC_CACHE_LINE, m->gic_size), m->gic_size,
			  &config, &m->gic),
	     "the GIC cannot be made");
	m->gicr_size = vic_gicr_size(m->gic);
	m->gicr_storage = alloc(VIC_CACHE_LINE, m->n * m->gicr_size);
	for (uint32_t i = 0; i < m->n; i++)
		init_cpu(m, i);

	gicd_write(m, VIC_GICD_CTLR, 4, VIC_GICD_CTLR_GRP1);
	for (uint32_t i = VIC_INTID_SPI; i < SPI_END; i += 16)
		gicd_write(m, VIC_GICD_ICFGR + i / 4, 4, 0xaaaaaaaa);
	for (uint32_t i = VIC_INTID_SPI; i < SPI_END; i += 32)
		gicd_write(m, VIC_GICD_ISENABLER + i / 8, 4, UINT32_MAX);
	for (uint32_t i = 0; i < GIC_SPIS; i++) {
		gicd_write(m, VIC_GICD_IPRIORITYR + VIC_INTID_SPI + i, 1,
			   i * 8 & 0xff);
		gic_route(m, VIC_INTID_SPI + i, i % m->n);
	}
}
