/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What the checks do to the GIC. */

#include "gic.h"

#define AFFINITY 0xff00ffffffull

uint64_t affinity_of(const struct cpu *cpu)
{
	return cpu->mpidr & AFFINITY;
}

static uint64_t base_of(const struct cpu *cpu, uint32_t intid)
{
	return intid < 32 ? cpu->gicr + GICR_SGI_BASE : machine.gicd;
}

uint32_t gic_lines(void)
{
	uint32_t lines = 32 * ((read32(machine.gicd + GICD_TYPER) & 31) + 1);

	return lines < MAX_INTID ? lines : MAX_INTID;
}

/* GICR_TYPER has the affinity as Aff3.Aff2.Aff1.Aff0 in its upper half. */
bool gic_find(void)
{
	uint32_t found = 0;

	for (uint64_t at = 0; at < machine.gicr_size; at += GICR_FRAME) {
		uint64_t typer = read64(machine.gicr + at + GICR_TYPER);
		uint64_t affinity = typer >> 32;

		affinity = (affinity >> 24) << 32 | (affinity & 0xffffff);
		for (uint32_t i = 0; i < nr_cpus; i++) {
			if (affinity_of(&cpus[i]) != affinity)
				continue;
			cpus[i].gicr = machine.gicr + at;
			found++;
		}
		if (typer & GICR_TYPER_LAST)
			break;
	}
	return found == nr_cpus;
}

void gic_set(struct cpu *cpu, uint32_t offset, uint32_t intid)
{
	write32(base_of(cpu, intid) + offset + intid / 32 * 4,
		1u << intid % 32);
}

bool gic_get(struct cpu *cpu, uint32_t offset, uint32_t intid)
{
	return read32(base_of(cpu, intid) + offset + intid / 32 * 4) >>
		       intid % 32 &
	       1;
}

void gic_group(struct cpu *cpu, uint32_t intid, uint32_t group)
{
	uint64_t at = base_of(cpu, intid) + IGROUPR + intid / 32 * 4;

	write32(at, (read32(at) & ~(1u << intid % 32)) | group << intid % 32);
}

void gic_priority(struct cpu *cpu, uint32_t intid, uint32_t priority)
{
	write8(base_of(cpu, intid) + IPRIORITYR + intid, (uint8_t)priority);
}

uint32_t gic_get_priority(struct cpu *cpu, uint32_t intid)
{
	return read8(base_of(cpu, intid) + IPRIORITYR + intid);
}

void gic_edge(struct cpu *cpu, uint32_t intid, bool edge)
{
	uint64_t at = base_of(cpu, intid) + ICFGR + intid / 16 * 4;
	uint32_t bit = 2u << intid % 16 * 2;

	write32(at, (read32(at) & ~bit) | (edge ? bit : 0));
}

void gic_route(uint32_t intid, uint64_t affinity)
{
	write64(machine.gicd + GICD_IROUTER + 8 * intid, affinity);
}

/* Upper half first, as good as the other way. */
void gic_route_halves(uint32_t intid, uint64_t affinity)
{
	uint64_t at = machine.gicd + GICD_IROUTER + 8 * intid;

	write32(at + 4, (uint32_t)(affinity >> 32));
	write32(at, (uint32_t)affinity);
}

void gic_enable(struct cpu *cpu, uint32_t intid)
{
	gic_set(cpu, ISENABLER, intid);
}

bool gic_wait_rwp(struct cpu *cpu, uint32_t intid)
{
	uint64_t at = machine.gicd + GICD_CTLR;
	uint32_t bit = GICD_CTLR_RWP;
	uint64_t start = now();

	if (intid < 32) {
		at = cpu->gicr + GICR_CTLR;
		bit = GICR_CTLR_RWP;
	}
	while (read32(at) & bit) {
		if (out_of_patience(start)) {
			fail("RWP stays 1 after a write for INTID %u", intid);
			return false;
		}
		yield();
	}
	return true;
}

void gic_disable(struct cpu *cpu, uint32_t intid)
{
	gic_set(cpu, ICENABLER, intid);
	gic_wait_rwp(cpu, intid);
}

void gic_pend(struct cpu *cpu, uint32_t intid)
{
	gic_set(cpu, ISPENDR, intid);
}

void gic_spi(struct cpu *cpu, uint32_t intid, uint32_t priority)
{
	gic_edge(cpu, intid, true);
	gic_priority(cpu, intid, priority);
	gic_route(intid, affinity_of(cpu));
	gic_enable(cpu, intid);
}

bool gic_reads(struct cpu *cpu, uint32_t offset, uint32_t intid, bool value)
{
	uint64_t start = now();

	while (gic_get(cpu, offset, intid) != value) {
		if (out_of_patience(start)) {
			fail("register %x of INTID %u does not become %u",
			     offset, intid, value);
			return false;
		}
		yield();
	}
	return true;
}

void gic_reset(void)
{
	uint64_t gicd = machine.gicd;
	uint32_t lines = gic_lines();

	for (uint32_t i = 32; i < lines; i += 32)
		write32(gicd + ICENABLER + i / 8, ~0u);
	gic_wait_rwp(NULL, 32);
	write32(gicd + GICD_CTLR,
		GICD_CTLR_ARE | GICD_CTLR_GRP1 | GICD_CTLR_GRP0);
	for (uint32_t i = 32; i < lines; i += 16)
		write32(gicd + ICFGR + i / 4, 0);
	for (uint32_t i = 32; i < lines; i += 32) {
		write32(gicd + ICPENDR + i / 8, ~0u);
		write32(gicd + ICACTIVER + i / 8, ~0u);
		write32(gicd + IGROUPR + i / 8, ~0u);
	}
	for (uint32_t i = 32; i < lines; i += 4)
		write32(gicd + IPRIORITYR + i, PRIORITY_USUAL * 0x01010101u);
	for (uint32_t i = 32; i < lines; i++)
		gic_route(i, affinity_of(&cpus[0]));
}

/* ICC registers: after reset, and after a check played with them. */
static void reset_interface(void)
{
	write_icc_sre_el1(7);
	write_icc_ctlr_el1(0);
	write_icc_bpr0_el1(0);
	write_icc_bpr1_el1(0);
	write_icc_pmr_el1(PRIORITY_OPEN);
	write_icc_igrpen0_el1(1);
	write_icc_igrpen1_el1(1);
}

/* What CPU_ON leaves to do; what is pending stays. */
void gic_setup_cpu(struct cpu *me)
{
	uint64_t waker = me->gicr + GICR_WAKER;
	uint64_t start = now();

	write32(waker, read32(waker) & ~GICR_WAKER_SLEEP);
	while (read32(waker) & GICR_WAKER_ASLEEP) {
		if (out_of_patience(start)) {
			fail("cpu %u: ChildrenAsleep stays 1", me->id);
			break;
		}
	}
	write_cntv_ctl_el0(0);
	reset_interface();
}

/* By the CPU itself, for nobody else knows what it takes right now. */
void gic_reset_cpu(struct cpu *me)
{
	uint64_t base = me->gicr + GICR_SGI_BASE;

	write_cntv_ctl_el0(0);
	write32(base + ICENABLER, ~0u);
	gic_wait_rwp(me, 0);
	write32(base + ICPENDR, ~0u);
	write32(base + ICACTIVER, ~0u);
	write32(base + IGROUPR, ~0u);
	for (uint32_t i = 0; i < 32; i += 4)
		write32(base + IPRIORITYR + i, PRIORITY_USUAL * 0x01010101u);
	gic_priority(me, SGI_WAKE, PRIORITY_WAKE);
	gic_priority(me, PPI_VTIMER, PRIORITY_WATCH);
	write32(base + ISENABLER, 0xffff);
	reset_interface();
}

/* The register's range, Aff0 bits 7:4, goes to RS. */
uint64_t sgi_to(const struct cpu *cpu, uint32_t intid)
{
	uint64_t a = affinity_of(cpu);

	return (a >> 32 & 0xff) << 48 | (a >> 4 & 0xf) << 44 |
	       (a >> 16 & 0xff) << 32 | (uint64_t)intid << 24 |
	       (a >> 8 & 0xff) << 16 | 1ull << (a & 0xf);
}

void sgi_send(const struct cpu *cpu, uint32_t intid)
{
	write_icc_sgi1r_el1(sgi_to(cpu, intid));
}

void sgi_send_set(uint32_t set, uint32_t intid)
{
	while (set) {
		uint32_t first = (uint32_t)__builtin_ctz(set);
		uint64_t value = sgi_to(&cpus[first], intid);

		for (uint32_t i = first; i < nr_cpus; i++) {
			uint64_t other = sgi_to(&cpus[i], intid);

			if (!(set >> i & 1) || (value ^ other) & ~0xffffull)
				continue;
			value |= other;
			set &= ~(1u << i);
		}
		write_icc_sgi1r_el1(value);
	}
}

void sgi_send_others(uint32_t intid)
{
	write_icc_sgi1r_el1(SGI1R_IRM | (uint64_t)intid << 24);
}
