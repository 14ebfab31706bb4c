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
	bool tmr_or_irr = index >= VIC_APIC_TMR >> 4 &&
			  index < VIC_APIC_ESR >> 4;

	if (tmr_or_irr &&
	    (load_acquire(&lapic->vcpu->pid.control) & VIC_PID_ON))
		lapic_harvest(lapic);
}

static void illegal_register(struct vic_lapic *lapic)
{
	lapic->esr_pending |= VIC_ESR_ILLEGAL_REGISTER;
}

/* @len bytes from byte @shift / 8 of a 32-bit register on. */
static uint64_t cut(uint32_t value, uint32_t shift, uint32_t len)
{
	uint64_t part = (uint64_t)value >> shift;

	return len < 4 ? part & ((UINT64_C(1) << len * 8) - 1) : part;
}

static uint64_t read_row(struct vic_lapic *lapic, uint32_t offset,
			 uint32_t len)
{
	uint32_t index = offset >> 4, byte = offset & 0xf;
	uint32_t access = index < REG_ROWS ? reg_rows[index].access : 0;

	if (!(access & (REG_MMIO_READ | REG_MMIO_ZERO))) {
		illegal_register(lapic);
		return 0;
	}
	if (byte >= 4 || !(access & REG_MMIO_READ))
		return 0;
	fresh(lapic, index);
	return cut(lapic->page[index * 4], byte * 8, len);
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
	if (offset >= REG_ROWS << 4 ||
	    !(row->access & (REG_MMIO_READ | REG_MMIO_WRITE))) {
		illegal_register(lapic);
		return VIC_ACCESS_DONE;
	}
	if (!(row->access & REG_MMIO_WRITE))
		return VIC_ACCESS_DONE;
	value = (value & row->mmio_mask) | row->mmio_ones;
	if (row->write)
		row->write(lapic, value);
	else
		*reg(lapic, offset) = value;
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
static const struct reg_row *msr_row(const struct vic_lapic *lapic,
				     uint32_t msr, uint32_t access)
{
	uint32_t index = msr - VIC_MSR_X2APIC;

	if (lapic->mode != LAPIC_X2APIC || index >= REG_ROWS)
		return NULL;
	return reg_rows[index].access & access ? &reg_rows[index] : NULL;
}

static bool is_lapic_msr(uint32_t msr)
{
	return msr >= VIC_MSR_X2APIC && msr <= VIC_MSR_X2APIC_END;
}

enum vic_access vic_lapic_msr_read(struct vic_lapic *lapic, uint32_t msr,
				   uint64_t *value)
{
	uint32_t *at = &lapic->page[(msr & 0x3f) * 4];

	if (!is_lapic_msr(msr)) {
		if (msr != VIC_MSR_APIC_BASE)
			return VIC_ACCESS_FOREIGN;
		*value = lapic->base;
		return VIC_ACCESS_DONE;
	}
	if (!msr_row(lapic, msr, REG_MSR_READ))
		return VIC_ACCESS_FAULT;
	fresh(lapic, msr - VIC_MSR_X2APIC);
	*value = at[0];
	if (msr == MSR_ICR)
		*value |= (uint64_t)at[1] << VIC_ICR_DEST_SHIFT;
	return VIC_ACCESS_DONE;
}

static __attribute__((noinline)) enum vic_access
msr_write_row(struct vic_lapic *lapic, uint32_t msr, uint64_t value)
{
	const struct reg_row *row;

	if (msr == VIC_MSR_APIC_BASE)
		return lapic_write_base(lapic, value);
	if (!is_lapic_msr(msr))
		return VIC_ACCESS_FOREIGN;
	row = msr_row(lapic, msr, REG_MSR_WRITE);
	if (!row || (value & ~row->msr_mask))
		return VIC_ACCESS_FAULT;
	row->write(lapic, value);
	return VIC_ACCESS_DONE;
}

enum vic_access vic_lapic_msr_write(struct vic_lapic *lapic, uint32_t msr,
				    uint64_t value)
{
	if (LIKELY(msr == MSR_ICR && lapic->mode == LAPIC_X2APIC &&
		   !(value & VIC_ICR_RESERVED)))
		return lapic_icr_x2apic(lapic, msr, value);
	if (msr == MSR_EOI && lapic->mode == LAPIC_X2APIC && !value)
		return lapic_eoi(lapic);
	return msr_write_row(lapic, msr, value);
}
