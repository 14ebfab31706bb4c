/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Registers: values that the SDM fixes, read-back, the error register. */

#include "apic.h"

/* Write, read back, compare. */
static void write_read(struct cpu *me, const char *name, enum apic_reg reg,
		       uint32_t value, uint32_t expected)
{
	uint32_t got;

	apic_write(reg, value);
	got = apic_read(reg);
	if (got != expected)
		fail("cpu %u: %s written %x reads %x, expected %x", me->id,
		     name, value, got, expected);
}

static void base(struct cpu *me, void *arg)
{
	uint64_t expected = BASE_ADDRESS | BASE_EN;
	uint64_t got = rdmsr(MSR_APIC_BASE);

	(void)arg;
	if (me->x2apic)
		expected |= BASE_EXTD;
	if (me->id == 0)
		expected |= BASE_BSP;
	if (got != expected)
		fail("cpu %u: IA32_APIC_BASE reads %lx, expected %lx", me->id,
		     got, expected);
}

void check_base(void)
{
	run_all(base, NULL);
}

static void id(struct cpu *me, void *arg)
{
	uint32_t regs[4];

	(void)arg;
	if (apic_id() != me->id)
		fail("cpu %u: the ID register says %u", me->id, apic_id());
	cpuid(1, regs);
	if (regs[1] >> 24 != me->id)
		fail("cpu %u: CPUID.1 says id %u", me->id, regs[1] >> 24);
}

void check_id(void)
{
	run_all(id, NULL);
}

static void version(struct cpu *me, void *arg)
{
	uint32_t value = apic_read(APIC_VERSION);
	uint32_t entries = (value >> 16 & 0xff) + 1;

	if ((value & 0xff) < 0x10 || (value & 0xff) > 0x15)
		fail("cpu %u: version %x, expected 10 to 15 in bits 7:0",
		     me->id, value);
	if (entries < 4 || entries > 7)
		fail("cpu %u: version %x: %u LVT entries, expected 4 to 7",
		     me->id, value, entries);
	if (value & 0xfe00ff00)
		fail("cpu %u: version %x: reserved bits are set", me->id,
		     value);
	if (value != *(uint32_t *)arg)
		fail("cpu %u: version %x, but %x on cpu 0", me->id, value,
		     *(uint32_t *)arg);
}

void check_version(void)
{
	uint32_t first = apic_read(APIC_VERSION);

	run_all(version, &first);
}

static void svr(struct cpu *me, void *arg)
{
	(void)arg;
	if (apic_read(APIC_SVR) != SVR_NORMAL)
		fail("cpu %u: SVR reads %x, expected %x", me->id,
		     apic_read(APIC_SVR), SVR_NORMAL);
	/* Bits 3:0 of the vector are wired to 1 on old processors. */
	write_read(me, "SVR", APIC_SVR, 0x1af, 0x1af);
	write_read(me, "SVR", APIC_SVR, 0x0ff, 0x0ff);
	write_read(me, "SVR", APIC_SVR, SVR_NORMAL, SVR_NORMAL);
}

void check_svr(void)
{
	run_all(svr, NULL);
}

static void tpr_rw(struct cpu *me, void *arg)
{
	(void)arg;
	write_read(me, "TPR", APIC_TPR, 0xff, 0xff);
	write_read(me, "TPR", APIC_TPR, 0x5a, 0x5a);
	write_read(me, "TPR", APIC_TPR, 0, 0);
}

void check_tpr_rw(void)
{
	run_all(tpr_rw, NULL);
}

static void ldr(struct cpu *me, void *arg)
{
	uint32_t expected = (me->id >> 4) << 16 | 1u << (me->id & 15);

	(void)arg;
	if (me->x2apic) {
		if (apic_read(APIC_LDR) != expected)
			fail("cpu %u: LDR reads %x, expected %x", me->id,
			     apic_read(APIC_LDR), expected);
		return;
	}
	write_read(me, "LDR", APIC_LDR, 0x5a000000, 0x5a000000);
	expected = flat_bit(me->id) << 24;
	write_read(me, "LDR", APIC_LDR, expected, expected);
}

void check_ldr(void)
{
	run_all(ldr, NULL);
}

static void dfr(struct cpu *me, void *arg)
{
	(void)arg;
	write_read(me, "DFR", APIC_DFR, 0x0fffffff, 0x0fffffff);
	write_read(me, "DFR", APIC_DFR, 0xf0000000, 0xffffffff);
}

void check_dfr(void)
{
	run_all(dfr, NULL);
}

static void unchanged(struct cpu *me, enum apic_reg reg)
{
	uint32_t before = apic_read(reg);
	uint32_t after;

	apic_write(reg, ~before);
	after = apic_read(reg);
	if (after != before)
		fail("cpu %u: register %x read %x, and %x after a write",
		     me->id, reg, before, after);
}

static void read_only(struct cpu *me, void *arg)
{
	(void)arg;
	cli();
	unchanged(me, APIC_VERSION);
	unchanged(me, APIC_PPR);
	for (uint32_t i = 0; i < 8; i++) {
		unchanged(me, APIC_ISR + i * 0x10);
		unchanged(me, APIC_TMR + i * 0x10);
		unchanged(me, APIC_IRR + i * 0x10);
	}
}

void check_read_only(void)
{
	run_all(read_only, NULL);
}

/* SVR bits 9 and 12 exist on some processors. */
static void reserved_ignored(struct cpu *me, void *arg)
{
	uint32_t got;

	(void)arg;
	write_read(me, "TPR", APIC_TPR, 0xffffff20, 0x20);
	write_read(me, "TPR", APIC_TPR, 0, 0);
	write_read(me, "LDR", APIC_LDR, 0x5affffff, 0x5a000000);
	apic_write(APIC_LDR, flat_bit(me->id) << 24);
	write_read(me, "ICR2", APIC_ICR2, 0x12ffffff, 0x12000000);
	apic_write(APIC_SVR, 0xffffedff);
	got = apic_read(APIC_SVR) & ~0x200u;
	apic_write(APIC_SVR, SVR_NORMAL);
	if (got != SVR_NORMAL)
		fail("cpu %u: SVR written ffffedff reads %x, expected %x",
		     me->id, got, SVR_NORMAL);
}

void check_reserved_ignored(void)
{
	run_all(reserved_ignored, NULL);
}

static uint64_t icr(struct cpu *me)
{
	if (me->x2apic)
		return rdmsr(APIC_MSR(APIC_ICR));
	return (uint64_t)apic_read(APIC_ICR2) << 32 | apic_read(APIC_ICR);
}

/* The destination is kept, though the shorthand makes it meaningless. */
static void icr_readback(struct cpu *me, void *arg)
{
	uint32_t value = ICR_SELF | ICR_ASSERT | 0x71;
	uint64_t expected = (me->x2apic ? 0x12345678ull : 0x78000000) << 32;
	uint64_t got;

	(void)arg;
	expected |= value;
	/* Delivery status is read-only in xAPIC mode, reserved in x2APIC. */
	apic_send(me->x2apic ? value : value | ICR_BUSY, 0x12345678);
	if (!reached(&me->count[0x71], 1))
		fail("cpu %u: the self IPI did not arrive", me->id);
	got = icr(me);
	if (got != expected)
		fail("cpu %u: ICR reads %lx, expected %lx", me->id, got,
		     expected);
}

void check_icr_readback(void)
{
	run_all(icr_readback, NULL);
}

static void self_ipi_keeps_icr(struct cpu *me, void *arg)
{
	uint64_t before, after;

	(void)arg;
	apic_send(ICR_SELF | ICR_ASSERT | 0x71, 0x12345678);
	before = icr(me);
	wrmsr(APIC_MSR(APIC_SELF_IPI), 0x72);
	after = icr(me);
	if (before != after)
		fail("cpu %u: ICR read %lx, and %lx after a SELF IPI", me->id,
		     before, after);
	if (!reached(&me->count[0x72], 1))
		fail("cpu %u: the SELF IPI did not arrive", me->id);
}

void check_self_ipi_keeps_icr(void)
{
	run_all(self_ipi_keeps_icr, NULL);
}

/*
 * ESR shows what was latched by the last write; a write latches what was
 * collected since. An APIC that receives its own illegal vector may report
 * that too (SDM 10.5.3).
 */
static void expect_send_illegal(struct cpu *me)
{
	uint32_t early = apic_read(APIC_ESR);
	uint32_t latched, again;

	apic_write(APIC_ESR, 0);
	latched = apic_read(APIC_ESR);
	apic_write(APIC_ESR, 0);
	again = apic_read(APIC_ESR);
	if (early)
		fail("cpu %u: ESR reads %x before the write that latches",
		     me->id, early);
	if ((latched & ~ESR_RECEIVE_ILLEGAL) != ESR_SEND_ILLEGAL)
		fail("cpu %u: vector d sent, ESR reads %x, expected %x", me->id,
		     latched, ESR_SEND_ILLEGAL);
	if (again)
		fail("cpu %u: ESR reads %x after a second write, expected 0",
		     me->id, again);
}

static void esr_send_illegal(struct cpu *me, void *arg)
{
	(void)arg;
	apic_write(APIC_ESR, 0);
	apic_write(APIC_ESR, 0);
	apic_send_self(0x0d);
	expect_send_illegal(me);
}

void check_esr_send_illegal(void)
{
	run_all(esr_send_illegal, NULL);
}

static void esr_self_ipi_illegal(struct cpu *me, void *arg)
{
	(void)arg;
	apic_write(APIC_ESR, 0);
	apic_write(APIC_ESR, 0);
	wrmsr(APIC_MSR(APIC_SELF_IPI), 0x0d);
	expect_send_illegal(me);
}

void check_esr_self_ipi_illegal(void)
{
	run_all(esr_self_ipi_illegal, NULL);
}

static void illegal_vector_dropped(struct cpu *me, void *arg)
{
	uint32_t low;

	(void)arg;
	apic_send_self(0x0c);
	apic_send(ICR_FIXED | 0x0d, me->id);
	low = apic_read(APIC_IRR) & 0xffff;
	if (low)
		fail("cpu %u: IRR bits 15:0 are %x after illegal vectors c "
		     "and d, expected 0",
		     me->id, low);
	apic_write(APIC_ESR, 0);
	apic_write(APIC_ESR, 0);
}

void check_illegal_vector_dropped(void)
{
	run_all(illegal_vector_dropped, NULL);
}
