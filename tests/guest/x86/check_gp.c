/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * MSR accesses that must raise #GP, and those that must not (SDM 10.12.1.2,
 * table 10-6). One check for each register, so that a system that is lax
 * with one is seen to be strict with the others.
 */

#include "apic.h"

static void read_faults(struct cpu *me, uint32_t msr)
{
	uint64_t value;

	if (!rdmsr_faults(msr, &value))
		fail("cpu %u: RDMSR %x gives %lx, expected #GP", me->id, msr,
		     value);
}

static void write_faults(struct cpu *me, uint32_t msr, uint64_t value)
{
	if (!wrmsr_faults(msr, value))
		fail("cpu %u: WRMSR %x of %lx is done, expected #GP", me->id,
		     msr, value);
}

/* A value that is legal but for each of these bits, one at a time. */
static void
reserved_bits(struct cpu *me, enum apic_reg reg, uint32_t value, uint64_t bits)
{
	for (uint32_t i = 0; i < 64; i++) {
		if (bits >> i & 1)
			write_faults(me, APIC_MSR(reg), value | 1ull << i);
	}
}

/* Bits 63:32 are reserved everywhere but in ICR; three of them will do. */
#define HIGH_BITS (1ull << 32 | 1ull << 47 | 1ull << 63)

static void base_gp(struct cpu *me, void *arg)
{
	uint64_t legal = rdmsr(MSR_APIC_BASE);
	uint32_t regs[4], width;

	(void)arg;
	/* MAXPHYADDR. */
	cpuid(0x80000008, regs);
	width = regs[0] & 0xff;
	write_faults(me, MSR_APIC_BASE, legal | 1);
	write_faults(me, MSR_APIC_BASE, legal | 1 << 9);
	write_faults(me, MSR_APIC_BASE, legal | 1ull << 63);
	if (width < 63)
		write_faults(me, MSR_APIC_BASE, legal | 1ull << width);
	write_faults(me, MSR_APIC_BASE,
		     (legal & ~(uint64_t)BASE_EN) | BASE_EXTD);
	if (me->x2apic)
		write_faults(me, MSR_APIC_BASE, legal & ~(uint64_t)BASE_EXTD);
	if (rdmsr(MSR_APIC_BASE) == legal)
		return;
	fail("cpu %u: IA32_APIC_BASE reads %lx, expected %lx as before", me->id,
	     rdmsr(MSR_APIC_BASE), legal);
	wrmsr_faults(MSR_APIC_BASE, legal);
	cpu_setup(me);
}

void check_base_gp(void)
{
	run_all(base_gp, NULL);
}

static void msrs_in_xapic(struct cpu *me, void *arg)
{
	(void)arg;
	for (uint32_t msr = 0x800; msr <= 0x83f; msr++)
		read_faults(me, msr);
	write_faults(me, APIC_MSR(APIC_TPR), 0);
	write_faults(me, APIC_MSR(APIC_EOI), 0);
	write_faults(me, APIC_MSR(APIC_SVR), SVR_NORMAL);
	write_faults(me, APIC_MSR(APIC_ICR), ICR_SELF | 0x71);
	write_faults(me, APIC_MSR(APIC_SELF_IPI), 0x71);
}

void check_msrs_in_xapic(void)
{
	run_all(msrs_in_xapic, NULL);
}

static void readable_one(struct cpu *me, enum apic_reg reg)
{
	uint64_t value;

	if (rdmsr_faults(APIC_MSR(reg), &value))
		fail("cpu %u: RDMSR %x raises #GP", me->id, APIC_MSR(reg));
	else if (reg != APIC_ICR && value >> 32)
		fail("cpu %u: RDMSR %x gives %lx, expected 0 in bits 63:32",
		     me->id, APIC_MSR(reg), value);
}

static void readable(struct cpu *me, void *arg)
{
	static const enum apic_reg regs[] = {
		APIC_ID,  APIC_VERSION, APIC_TPR, APIC_PPR,
		APIC_LDR, APIC_SVR,     APIC_ESR, APIC_ICR,
	};

	(void)arg;
	for (uint32_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		readable_one(me, regs[i]);
	for (uint32_t i = 0; i < 8; i++) {
		readable_one(me, APIC_ISR + i * 0x10);
		readable_one(me, APIC_TMR + i * 0x10);
		readable_one(me, APIC_IRR + i * 0x10);
	}
}

void check_readable(void)
{
	run_all(readable, NULL);
}

static void gp_write_only(struct cpu *me, void *arg)
{
	(void)arg;
	read_faults(me, APIC_MSR(APIC_EOI));
	read_faults(me, APIC_MSR(APIC_SELF_IPI));
}

void check_gp_write_only(void)
{
	run_all(gp_write_only, NULL);
}

/* DFR and ICR2 do not exist in x2APIC mode, nor do APR and RRD. */
static void gp_absent(struct cpu *me, void *arg)
{
	static const uint32_t msrs[] = {
		0x800, 0x801, 0x804, 0x807, 0x809, 0x80c, 0x80e,
		0x829, 0x82e, 0x831, 0x83a, 0x83d, 0x840, 0x8ff,
	};

	(void)arg;
	for (uint32_t i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++) {
		read_faults(me, msrs[i]);
		write_faults(me, msrs[i], 0);
	}
}

void check_gp_absent(void)
{
	run_all(gp_absent, NULL);
}

static void gp_read_only(struct cpu *me, void *arg)
{
	(void)arg;
	write_faults(me, APIC_MSR(APIC_ID), me->id);
	write_faults(me, APIC_MSR(APIC_VERSION), 0);
	write_faults(me, APIC_MSR(APIC_PPR), 0);
	write_faults(me, APIC_MSR(APIC_LDR), 0);
	for (uint32_t i = 0; i < 8; i++) {
		write_faults(me, APIC_MSR(APIC_ISR) + i, 0);
		write_faults(me, APIC_MSR(APIC_TMR) + i, 0);
		write_faults(me, APIC_MSR(APIC_IRR) + i, 0);
	}
}

void check_gp_read_only(void)
{
	run_all(gp_read_only, NULL);
}

static void gp_tpr(struct cpu *me, void *arg)
{
	(void)arg;
	reserved_bits(me, APIC_TPR, 0, 0xffffff00 | HIGH_BITS);
}

void check_gp_tpr(void)
{
	run_all(gp_tpr, NULL);
}

static void gp_eoi(struct cpu *me, void *arg)
{
	(void)arg;
	reserved_bits(me, APIC_EOI, 0, 0xffffffff | HIGH_BITS);
}

void check_gp_eoi(void)
{
	run_all(gp_eoi, NULL);
}

static void gp_esr(struct cpu *me, void *arg)
{
	(void)arg;
	reserved_bits(me, APIC_ESR, 0, 0xffffffff | HIGH_BITS);
}

void check_gp_esr(void)
{
	run_all(gp_esr, NULL);
}

/* Bit 12 exists if VERSION[24] says so; bit 9 did once. */
static void gp_svr(struct cpu *me, void *arg)
{
	uint64_t bits = 0xffffec00 | HIGH_BITS;

	(void)arg;
	if (!(apic_read(APIC_VERSION) & 1u << 24))
		bits |= 1 << 12;
	reserved_bits(me, APIC_SVR, SVR_NORMAL, bits);
	apic_write(APIC_SVR, SVR_NORMAL);
}

void check_gp_svr(void)
{
	run_all(gp_svr, NULL);
}

/* Bit 12 is left out: processors differ. */
static void gp_icr(struct cpu *me, void *arg)
{
	(void)arg;
	reserved_bits(me, APIC_ICR, ICR_SELF | 0x71, 0xfff32000);
}

void check_gp_icr(void)
{
	run_all(gp_icr, NULL);
}

static void gp_self_ipi(struct cpu *me, void *arg)
{
	(void)arg;
	reserved_bits(me, APIC_SELF_IPI, 0x71, 0xffffff00 | HIGH_BITS);
}

void check_gp_self_ipi(void)
{
	run_all(gp_self_ipi, NULL);
}
