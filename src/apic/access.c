/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The front doors: a guest's load, store, RDMSR and WRMSR. The registers
 * that guests use all the time come first and do not pay for the table.
 */
#include "apic/regs.h"

#define MSR_ICR (VIC_MSR_X2APIC + (VIC_APIC_ICR_LO >> 4))

#define MSR_EOI (VIC_MSR_X2APIC + (VIC_APIC_EOI >> 4))

/* Where a guest sees what is in its inbox, as if it were accepted there. */
static void fresh(struct vic_lapic *lapic, uint32_t index)
{
	bool tmr_or_irr =
		index >= VIC_APIC_TMR >> 4 && index < VIC_APIC_ESR >> 4;

	if (tmr_or_irr && inbox_vectors(lapic->vcpu))
		lapic_harvest(lapic);
}

/* @len bytes from byte @shift / 8 of a 32-bit register on. */
static uint64_t cut(uint32_t value, uint32_t shift, uint32_t len)
{
	uint64_t part = (uint64_t)value >> shift;

	return len < 4 ? part & ((UINT64_C(1) << len * 8) - 1) : part;
}

static uint32_t read_page(struct vic_lapic *lapic, uint32_t index)
{
	if (reg_rows[index].read)
		return reg_rows[index].read(lapic);
	fresh(lapic, index);
	return lapic->page[index * 4];
}

static uint64_t read_row(struct vic_lapic *lapic, uint32_t offset, uint32_t len)
{
	uint32_t index = offset >> 4, byte = offset & 0xf;
	const struct reg_row *row = &reg_rows[index % REG_ROWS];
	const uint32_t readable = REG_MMIO_READ | REG_MMIO_ZERO;

	if (index >= REG_ROWS || !reg_exists(lapic, index) ||
	    !(row->access & readable)) {
		lapic_error(lapic, VIC_ESR_ILLEGAL_REGISTER);
		return 0;
	}
	if (byte >= 4 || !(row->access & REG_MMIO_READ))
		return 0;
	return cut(read_page(lapic, index), byte * 8, len);
}

static __attribute__((noinline)) enum vic_access
mmio_read_row(struct vic_lapic *lapic, uint32_t offset, uint32_t len,
	      uint64_t *value)
{
	if (lapic->mode != LAPIC_XAPIC || offset >= VIC_APIC_PAGE_SIZE)
		return VIC_ACCESS_FOREIGN;
	*value = read_row(lapic, offset, len);
	return VIC_ACCESS_DONE;
}

enum vic_access vic_lapic_mmio_read(struct vic_lapic *lapic, uint32_t offset,
				    uint32_t len, uint64_t *value)
{
	if (UNLIKELY(lapic->mode != LAPIC_XAPIC || offset != VIC_APIC_TPR ||
		     len != 4))
		return mmio_read_row(lapic, offset, len, value);
	*value = *reg(lapic, VIC_APIC_TPR);
	return VIC_ACCESS_DONE;
}

static void write_row(struct vic_lapic *lapic, const struct reg_row *row,
		      uint32_t offset, uint32_t value)
{
	value = (value & reg_stored(lapic, row)) | row->ones;
	if (row->write)
		row->write(lapic, offset, value);
	else
		*reg(lapic, offset) = value;
}

/* What the hot rows leave over. */
static __attribute__((noinline)) enum vic_access
mmio_write_row(struct vic_lapic *lapic, uint32_t offset, uint32_t len,
	       uint32_t value)
{
	const struct reg_row *row = &reg_rows[(offset >> 4) % REG_ROWS];

	if (lapic->mode != LAPIC_XAPIC || offset >= VIC_APIC_PAGE_SIZE)
		return VIC_ACCESS_FOREIGN;
	if (len != 4 || (offset & 0xf))
		return VIC_ACCESS_DONE;
	if (UNLIKELY(posting(lapic)))
		lapic->attention |= ATTENTION_SHADOW;
	if (offset >= REG_ROWS << 4 || !reg_exists(lapic, offset >> 4) ||
	    !(row->access & (REG_MMIO_READ | REG_MMIO_WRITE)))
		lapic_error(lapic, VIC_ESR_ILLEGAL_REGISTER);
	else if (row->access & REG_MMIO_WRITE)
		write_row(lapic, row, offset, value);
	return VIC_ACCESS_DONE;
}

enum vic_access vic_lapic_mmio_write(struct vic_lapic *lapic, uint32_t offset,
				     uint32_t len, uint64_t value)
{
	uint32_t low = (uint32_t)value;

	if (UNLIKELY(lapic->mode != LAPIC_XAPIC || len != 4))
		return mmio_write_row(lapic, offset, len, low);
	if (offset == VIC_APIC_EOI)
		return lapic_eoi(lapic);
	if (offset == VIC_APIC_TPR) {
		set_tpr(lapic, low & 0xff);
		return VIC_ACCESS_DONE;
	}
	if (offset == VIC_APIC_ICR_LO)
		return lapic_icr_xapic(lapic, low);
	if (UNLIKELY(offset != VIC_APIC_ICR_HI))
		return mmio_write_row(lapic, offset, len, low);
	*reg(lapic, VIC_APIC_ICR_HI) = low & 0xff000000;
	return VIC_ACCESS_DONE;
}

/* The row of an x2APIC MSR; NULL where the access is #GP. */
static const struct reg_row *
msr_row(const struct vic_lapic *lapic, uint32_t msr, uint32_t access)
{
	uint32_t index = msr - VIC_MSR_X2APIC;

	if (!in_x2apic(lapic) || index >= REG_ROWS || !reg_exists(lapic, index))
		return NULL;
	return reg_rows[index].access & access ? &reg_rows[index] : NULL;
}

static bool is_lapic_msr(uint32_t msr)
{
	return msr >= VIC_MSR_X2APIC && msr <= VIC_MSR_X2APIC_END;
}

static bool is_deadline_msr(const struct vic_lapic *lapic, uint32_t msr)
{
	return msr == VIC_MSR_TSC_DEADLINE &&
	       (lapic->features & FEATURE_TSC_DEADLINE);
}

/* MSRs outside of 0x800-0x8FF. */
static enum vic_access
msr_read_other(struct vic_lapic *lapic, uint32_t msr, uint64_t *value)
{
	if (msr == VIC_MSR_APIC_BASE) {
		*value = lapic->base;
		return VIC_ACCESS_DONE;
	}
	if (!is_deadline_msr(lapic, msr))
		return VIC_ACCESS_FOREIGN;
	*value = lapic_timer_read_deadline(lapic);
	return VIC_ACCESS_DONE;
}

static enum vic_access
msr_write_other(struct vic_lapic *lapic, uint32_t msr, uint64_t value)
{
	if (msr == VIC_MSR_APIC_BASE)
		return lapic_write_base(lapic, value);
	if (!is_deadline_msr(lapic, msr))
		return VIC_ACCESS_FOREIGN;
	lapic_timer_write_deadline(lapic, value);
	return VIC_ACCESS_DONE;
}

/* What the plain rows leave over. */
static __attribute__((noinline)) enum vic_access
msr_read_row(struct vic_lapic *lapic, uint32_t msr, uint64_t *value)
{
	if (!is_lapic_msr(msr))
		return msr_read_other(lapic, msr, value);
	if (!msr_row(lapic, msr, REG_MSR_READ))
		return VIC_ACCESS_FAULT;
	*value = read_page(lapic, msr - VIC_MSR_X2APIC);
	if (msr == MSR_ICR)
		*value |= (uint64_t)*icr_high(lapic) << VIC_ICR_DEST_SHIFT;
	return VIC_ACCESS_DONE;
}

enum vic_access
vic_lapic_msr_read(struct vic_lapic *lapic, uint32_t msr, uint64_t *value)
{
	uint32_t index = msr - VIC_MSR_X2APIC;

	if (UNLIKELY(index >= REG_ROWS || !in_x2apic(lapic) ||
		     !(reg_rows[index].access & REG_MSR_PLAIN)))
		return msr_read_row(lapic, msr, value);
	*value = lapic->page[(size_t)index * 4];
	return VIC_ACCESS_DONE;
}

static __attribute__((noinline)) enum vic_access
msr_write_row(struct vic_lapic *lapic, uint32_t msr, uint64_t value)
{
	const struct reg_row *row;

	if (!is_lapic_msr(msr))
		return msr_write_other(lapic, msr, value);
	row = msr_row(lapic, msr, REG_MSR_WRITE);
	if (!row)
		return VIC_ACCESS_FAULT;
	if (msr == MSR_ICR && lapic->mode == LAPIC_X2APIC_SPLIT)
		return lapic_icr_split(lapic, value);
	if (value & ~(uint64_t)(reg_stored(lapic, row) | row->ignored))
		return VIC_ACCESS_FAULT;
	write_row(lapic, row, (msr - VIC_MSR_X2APIC) << 4, (uint32_t)value);
	return VIC_ACCESS_DONE;
}

enum vic_access
vic_lapic_msr_write(struct vic_lapic *lapic, uint32_t msr, uint64_t value)
{
	if (LIKELY(msr == MSR_ICR && lapic->mode == LAPIC_X2APIC &&
		   !((uint32_t)value & lapic->icr_reserved)))
		return lapic_icr_x2apic(lapic, msr, value);
	if (msr == MSR_EOI && in_x2apic(lapic) && !value)
		return lapic_eoi(lapic);
	return msr_write_row(lapic, msr, value);
}
