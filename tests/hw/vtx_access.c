/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The guest's three ways to its APIC, CR8, the APIC-access page and MSRs:
 * SDM vol. 3, 29.3 to 29.5, and the VM exits of 25.1.3.
 */

#include "vtx_priv.h"

static bool primary(const struct vtx_pcpu *cpu, uint32_t control)
{
	return cpu->ctl.primary & control;
}

static bool secondary(const struct vtx_pcpu *cpu, uint32_t control)
{
	return cpu->ctl.secondary & control;
}

/* A fault-like exit of an instruction whose operand the VMM will want. */
static enum vtx_result leave_with(struct vtx_pcpu *cpu,
				  enum vtx_exit_reason reason,
				  uint64_t qualification, uint64_t value)
{
	struct vtx_vmcs *vmcs = cpu->vmcs;
	enum vtx_result result = vtx_leave(cpu, reason, qualification);

	vmcs->value = value;
	return result;
}

enum vtx_result vtx_mov_to_cr8(struct vtx_pcpu *cpu, uint64_t value)
{
	enum vtx_result result = vtx_begin(cpu);

	if (result != VTX_OK)
		return result;
	if (primary(cpu, VTX_PROC_CR8_LOAD_EXITING))
		return leave_with(cpu, VTX_EXIT_CR_ACCESS, VTX_QUAL_MOV_TO_CR8,
				  value);
	if (value & ~UINT64_C(0xf))
		return VTX_GP;
	if (!primary(cpu, VTX_PROC_USE_TPR_SHADOW))
		return VTX_PHYSICAL;
	vtx_put(cpu, VIC_APIC_TPR, (uint32_t)value << 4);
	vtx_retire(cpu);
	return vtx_tpr_virtualization(cpu);
}

enum vtx_result vtx_mov_from_cr8(struct vtx_pcpu *cpu, uint64_t *value)
{
	enum vtx_result result = vtx_begin(cpu);

	if (result != VTX_OK)
		return result;
	if (primary(cpu, VTX_PROC_CR8_STORE_EXITING))
		return vtx_leave(cpu, VTX_EXIT_CR_ACCESS,
				 VTX_QUAL_MOV_FROM_CR8);
	if (!primary(cpu, VTX_PROC_USE_TPR_SHADOW))
		return VTX_PHYSICAL;
	*value = vtx_get(cpu, VIC_APIC_TPR) >> 4 & 0xf;
	vtx_retire(cpu);
	return VTX_OK;
}

/* The offsets of 29.4.2 for reads and 29.4.3.1 for writes, in that order. */
static const struct {
	uint16_t first, last;
	bool read, write;
} registers[] = {
	{VIC_APIC_ID, VIC_APIC_ID, true, true},
	{VIC_APIC_VERSION, VIC_APIC_VERSION, true, false},
	{VIC_APIC_TPR, VIC_APIC_TPR, true, true},
	{VIC_APIC_EOI, VIC_APIC_EOI, true, true},
	{VIC_APIC_LDR, VIC_APIC_LDR, true, true},
	{VIC_APIC_DFR, VIC_APIC_DFR, true, true},
	{VIC_APIC_SVR, VIC_APIC_SVR, true, true},
	{VIC_APIC_ISR, VIC_APIC_ISR + 0x70, true, false},
	{VIC_APIC_TMR, VIC_APIC_TMR + 0x70, true, false},
	{VIC_APIC_IRR, VIC_APIC_IRR + 0x70, true, false},
	{VIC_APIC_ESR, VIC_APIC_ESR, true, true},
	{VIC_APIC_ICR_LO, VIC_APIC_ICR_HI, true, true},
	{VIC_APIC_LVT_TIMER, VIC_APIC_LVT_ERROR, true, true},
	{VIC_APIC_TIMER_ICR, VIC_APIC_TIMER_ICR, true, true},
	{VIC_APIC_TIMER_DCR, VIC_APIC_TIMER_DCR, true, true},
};

/* With "APIC-register virtualization". */
static bool is_virtualized(uint32_t offset, bool write)
{
	size_t i;

	for (i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		if (offset % 0x10 == 0 && offset >= registers[i].first &&
		    offset <= registers[i].last)
			return write ? registers[i].write : registers[i].read;
	return false;
}

static bool read_is_virtualized(const struct vtx_pcpu *cpu, uint32_t offset)
{
	if (!primary(cpu, VTX_PROC_USE_TPR_SHADOW))
		return false;
	if (secondary(cpu, VTX_PROC2_APIC_REGISTER_VIRTUALIZATION))
		return is_virtualized(offset, false);
	return offset == VIC_APIC_TPR;
}

static bool write_is_virtualized(const struct vtx_pcpu *cpu, uint32_t offset)
{
	if (!primary(cpu, VTX_PROC_USE_TPR_SHADOW))
		return false;
	if (secondary(cpu, VTX_PROC2_APIC_REGISTER_VIRTUALIZATION))
		return is_virtualized(offset, true);
	if (vtx_vid(cpu) &&
	    (offset == VIC_APIC_EOI || offset == VIC_APIC_ICR_LO))
		return true;
	return offset == VIC_APIC_TPR;
}

enum vtx_result vtx_load(struct vtx_pcpu *cpu, uint32_t offset, uint32_t *value)
{
	enum vtx_result result = vtx_begin(cpu);

	assert(offset <= VIC_APIC_PAGE_SIZE - 4);
	if (result != VTX_OK)
		return result;
	if (!secondary(cpu, VTX_PROC2_VIRTUALIZE_APIC_ACCESSES))
		return VTX_PHYSICAL;
	if (!read_is_virtualized(cpu, offset))
		return vtx_leave(cpu, VTX_EXIT_APIC_ACCESS,
				 VTX_QUAL_APIC_READ | offset);
	*value = vtx_get(cpu, offset);
	vtx_retire(cpu);
	return VTX_OK;
}

/* The conditions of 29.4.3.2 under which VICR_LO is a self-IPI. */
static bool is_self_ipi(uint32_t icr)
{
	return !(icr & (VIC_ICR_RESERVED | VIC_ICR_BUSY)) &&
	       (icr & VIC_ICR_SHORTHAND) == VIC_ICR_SELF &&
	       !(icr & VIC_ICR_LEVEL) && !(icr & VIC_ICR_MODE) && icr & 0xf0;
}

/* 29.4.3.2, after the write itself. */
static enum vtx_result
apic_write_emulation(struct vtx_pcpu *cpu, uint32_t offset)
{
	uint32_t value = vtx_get(cpu, offset);

	switch (offset) {
	case VIC_APIC_TPR:
		vtx_put(cpu, offset, value & 0xff);
		return vtx_tpr_virtualization(cpu);
	case VIC_APIC_EOI:
		if (!vtx_vid(cpu))
			break;
		vtx_put(cpu, offset, 0);
		return vtx_eoi_virtualization(cpu);
	case VIC_APIC_ICR_LO:
		if (!vtx_vid(cpu) || !is_self_ipi(value))
			break;
		vtx_self_ipi_virtualization(cpu, (uint8_t)value);
		return VTX_OK;
	case VIC_APIC_ICR_HI:
		vtx_put(cpu, offset, value & 0xff000000);
		return VTX_OK;
	default:
		break;
	}
	return vtx_leave(cpu, VTX_EXIT_APIC_WRITE, offset);
}

enum vtx_result vtx_store(struct vtx_pcpu *cpu, uint32_t offset, uint32_t value)
{
	enum vtx_result result = vtx_begin(cpu);

	assert(offset <= VIC_APIC_PAGE_SIZE - 4);
	if (result != VTX_OK)
		return result;
	if (!secondary(cpu, VTX_PROC2_VIRTUALIZE_APIC_ACCESSES))
		return VTX_PHYSICAL;
	if (!write_is_virtualized(cpu, offset))
		return leave_with(cpu, VTX_EXIT_APIC_ACCESS,
				  VTX_QUAL_APIC_WRITE | offset, value);
	vtx_put(cpu, offset, value);
	vtx_retire(cpu);
	return apic_write_emulation(cpu, offset);
}

/* 25.1.3 and 24.6.9 */
static bool msr_exits(const struct vtx_pcpu *cpu, uint32_t msr, bool write)
{
	const uint8_t *bitmap = cpu->ctl.msr_bitmap;

	if (!primary(cpu, VTX_PROC_USE_MSR_BITMAPS))
		return true;
	if (msr >= 0xc0000000 && msr <= 0xc0001fff)
		bitmap += 1024;
	else if (msr > 0x1fff)
		return true;
	if (write)
		bitmap += 2048;
	msr &= 0x1fff;
	return bitmap[msr / 8] >> (msr % 8) & 1;
}

static enum vtx_result leave_msr(struct vtx_pcpu *cpu,
				 enum vtx_exit_reason reason, uint32_t msr,
				 uint64_t value)
{
	struct vtx_vmcs *vmcs = cpu->vmcs;
	enum vtx_result result = leave_with(cpu, reason, 0, value);

	vmcs->msr = msr;
	return result;
}

/* Page offset of the register that x2APIC MSR @msr stands for. */
static uint32_t offset_of(uint32_t msr)
{
	return (msr & 0xff) << 4;
}

enum vtx_result vtx_rdmsr(struct vtx_pcpu *cpu, uint32_t msr, uint64_t *value)
{
	enum vtx_result result = vtx_begin(cpu);
	uint32_t offset = offset_of(msr);

	if (result != VTX_OK)
		return result;
	if (msr_exits(cpu, msr, false))
		return leave_msr(cpu, VTX_EXIT_RDMSR, msr, 0);
	if (!secondary(cpu, VTX_PROC2_VIRTUALIZE_X2APIC_MODE) ||
	    msr < VIC_MSR_X2APIC || msr > VIC_MSR_X2APIC_END)
		return VTX_PHYSICAL;
	if (!secondary(cpu, VTX_PROC2_APIC_REGISTER_VIRTUALIZATION) &&
	    offset != VIC_APIC_TPR)
		return VTX_PHYSICAL;
	*value =
		(uint64_t)vtx_get(cpu, offset + 4) << 32 | vtx_get(cpu, offset);
	vtx_retire(cpu);
	return VTX_OK;
}

/* Whether a WRMSR gets the special processing of 29.5. */
static bool is_special(const struct vtx_pcpu *cpu, uint32_t msr)
{
	if (!secondary(cpu, VTX_PROC2_VIRTUALIZE_X2APIC_MODE) ||
	    msr < VIC_MSR_X2APIC || msr > VIC_MSR_X2APIC_END)
		return false;
	switch (offset_of(msr)) {
	case VIC_APIC_TPR:
		return true;
	case VIC_APIC_EOI:
	case VIC_APIC_SELF_IPI:
		return vtx_vid(cpu);
	default:
		return false;
	}
}

enum vtx_result vtx_wrmsr(struct vtx_pcpu *cpu, uint32_t msr, uint64_t value)
{
	enum vtx_result result = vtx_begin(cpu);
	uint32_t offset = offset_of(msr);

	if (result != VTX_OK)
		return result;
	if (msr_exits(cpu, msr, true))
		return leave_msr(cpu, VTX_EXIT_WRMSR, msr, value);
	if (!is_special(cpu, msr))
		return VTX_PHYSICAL;
	if (offset == VIC_APIC_EOI ? value : value >> 8)
		return VTX_GP;
	vtx_put(cpu, offset, (uint32_t)value);
	vtx_put(cpu, offset + 4, (uint32_t)(value >> 32));
	vtx_retire(cpu);
	if (offset == VIC_APIC_TPR)
		return vtx_tpr_virtualization(cpu);
	if (offset == VIC_APIC_EOI)
		return vtx_eoi_virtualization(cpu);
	if (!(value & 0xf0))
		return vtx_leave(cpu, VTX_EXIT_APIC_WRITE, offset);
	vtx_self_ipi_virtualization(cpu, (uint8_t)value);
	return VTX_OK;
}
