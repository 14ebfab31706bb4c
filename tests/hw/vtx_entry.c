/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * VM entry and VM exit: SDM vol. 3, chapters 26 and 27, as far as the fields
 * of struct vtx_vmcs go.
 */

#include "vtx_priv.h"

#define BLOCKING (VTX_BLOCKING_BY_STI | VTX_BLOCKING_BY_MOV_SS)
/* Controls that have no meaning without "use TPR shadow". */
#define NEED_TPR_SHADOW                           \
	(VTX_PROC2_VIRTUALIZE_X2APIC_MODE |       \
	 VTX_PROC2_APIC_REGISTER_VIRTUALIZATION | \
	 VTX_PROC2_VIRTUAL_INTERRUPT_DELIVERY)
/* Interruption information: error code (bit 11) and bits 30:12. */
#define INFO_UNUSED 0x7ffff800u

static uint32_t secondary_of(const struct vtx_vmcs *vmcs)
{
	return vmcs->primary & VTX_PROC_ACTIVATE_SECONDARY ? vmcs->secondary
							   : 0;
}

/* VTPR[7:4] in the page that the VMCS names. */
static uint32_t vtpr_class(const struct vtx_vmcs *vmcs)
{
	uint32_t vtpr;

	memcpy(&vtpr, (const unsigned char *)vmcs->virtual_apic + VIC_APIC_TPR,
	       sizeof(vtpr));
	return vtpr >> 4 & 0xf;
}

static bool aligned(const void *address, uintptr_t bytes)
{
	return address && !((uintptr_t)address % bytes);
}

/* 26.2.1.1: what only concerns "use TPR shadow". */
static enum vtx_error check_tpr_shadow(const struct vtx_vmcs *vmcs)
{
	uint32_t secondary = secondary_of(vmcs);

	if (!(vmcs->primary & VTX_PROC_USE_TPR_SHADOW))
		return secondary & NEED_TPR_SHADOW ? VTX_ERROR_NEEDS_TPR_SHADOW
						   : VTX_ERROR_NONE;
	if (!aligned(vmcs->virtual_apic, VIC_APIC_PAGE_SIZE))
		return VTX_ERROR_VIRTUAL_APIC_ADDRESS;
	if (secondary & VTX_PROC2_VIRTUAL_INTERRUPT_DELIVERY)
		return VTX_ERROR_NONE;
	if (vmcs->tpr_threshold & ~0xfu)
		return VTX_ERROR_TPR_THRESHOLD_RESERVED;
	if (!(secondary & VTX_PROC2_VIRTUALIZE_APIC_ACCESSES) &&
	    vmcs->tpr_threshold > vtpr_class(vmcs))
		return VTX_ERROR_TPR_THRESHOLD_ABOVE_VTPR;
	return VTX_ERROR_NONE;
}

static enum vtx_error check_posted(const struct vtx_vmcs *vmcs)
{
	if (!(vmcs->pin_based & VTX_PIN_PROCESS_POSTED_INTERRUPTS))
		return VTX_ERROR_NONE;
	if (!(secondary_of(vmcs) & VTX_PROC2_VIRTUAL_INTERRUPT_DELIVERY))
		return VTX_ERROR_POSTED_NEEDS_VID;
	if (!(vmcs->exit_controls & VTX_EXIT_CTL_ACKNOWLEDGE_INTERRUPT))
		return VTX_ERROR_POSTED_NEEDS_ACKNOWLEDGE;
	if (vmcs->notification_vector > 0xff)
		return VTX_ERROR_NOTIFICATION_VECTOR;
	if (!aligned(vmcs->pid, sizeof(*vmcs->pid)))
		return VTX_ERROR_PID_ADDRESS;
	return VTX_ERROR_NONE;
}

/* 26.2.1.1 */
static enum vtx_error check_controls(const struct vtx_vmcs *vmcs)
{
	const uint32_t both = VTX_PROC2_VIRTUALIZE_X2APIC_MODE |
			      VTX_PROC2_VIRTUALIZE_APIC_ACCESSES;
	uint32_t secondary = secondary_of(vmcs);
	enum vtx_error error;

	if (vmcs->primary & VTX_PROC_USE_MSR_BITMAPS &&
	    !aligned(vmcs->msr_bitmap, 4096))
		return VTX_ERROR_MSR_BITMAP_ADDRESS;
	error = check_tpr_shadow(vmcs);
	if (error)
		return error;
	if ((secondary & both) == both)
		return VTX_ERROR_X2APIC_AND_APIC_ACCESSES;
	if (secondary & VTX_PROC2_VIRTUAL_INTERRUPT_DELIVERY &&
	    !(vmcs->pin_based & VTX_PIN_EXTERNAL_INTERRUPT_EXITING))
		return VTX_ERROR_VID_NEEDS_EXTERNAL_INTERRUPT_EXITING;
	return check_posted(vmcs);
}

/* 26.2.1.3 */
static enum vtx_error check_injection(const struct vtx_vmcs *vmcs)
{
	uint32_t info = vmcs->entry_info;
	uint32_t type = info & VTX_INFO_TYPE;

	if (!(info & VTX_INFO_VALID))
		return VTX_ERROR_NONE;
	if (type != VTX_INFO_EXTERNAL_INTERRUPT && type != VTX_INFO_NMI)
		return VTX_ERROR_INJECTION_TYPE;
	if (type == VTX_INFO_NMI && (info & VTX_INFO_VECTOR) != VTX_NMI_VECTOR)
		return VTX_ERROR_INJECTION_VECTOR;
	if (info & INFO_UNUSED)
		return VTX_ERROR_INJECTION_RESERVED;
	return VTX_ERROR_NONE;
}

/* 26.3.1.5: what the event to be injected asks of the guest's state. */
static enum vtx_error check_injected_state(const struct vtx_vmcs *vmcs)
{
	if (!(vmcs->entry_info & VTX_INFO_VALID))
		return VTX_ERROR_NONE;
	if ((vmcs->entry_info & VTX_INFO_TYPE) == VTX_INFO_NMI)
		return vmcs->interruptibility & VTX_BLOCKING_BY_MOV_SS
			       ? VTX_ERROR_INJECTION_BLOCKED
			       : VTX_ERROR_NONE;
	if (!(vmcs->rflags & VTX_RFLAGS_IF))
		return VTX_ERROR_INJECTION_IF;
	if (vmcs->interruptibility & BLOCKING)
		return VTX_ERROR_INJECTION_BLOCKED;
	return VTX_ERROR_NONE;
}

/* 26.3.1.4 and 26.3.1.5 */
static enum vtx_error check_state(const struct vtx_vmcs *vmcs)
{
	uint32_t state = vmcs->interruptibility;

	if (vmcs->activity > VTX_ACTIVITY_HLT)
		return VTX_ERROR_ACTIVITY;
	if (vmcs->activity == VTX_ACTIVITY_HLT && state & BLOCKING)
		return VTX_ERROR_ACTIVITY_BLOCKED;
	if (state & ~(BLOCKING | VTX_BLOCKING_BY_NMI))
		return VTX_ERROR_INTERRUPTIBILITY_RESERVED;
	if ((state & BLOCKING) == BLOCKING)
		return VTX_ERROR_INTERRUPTIBILITY_STI;
	if (state & VTX_BLOCKING_BY_STI && !(vmcs->rflags & VTX_RFLAGS_IF))
		return VTX_ERROR_INTERRUPTIBILITY_STI;
	return check_injected_state(vmcs);
}

static void load(struct vtx_pcpu *cpu, struct vtx_vmcs *vmcs)
{
	cpu->vmcs = vmcs;
	cpu->ctl.pin_based = vmcs->pin_based;
	cpu->ctl.primary = vmcs->primary;
	cpu->ctl.secondary = secondary_of(vmcs);
	cpu->ctl.exit_controls = vmcs->exit_controls;
	cpu->ctl.tpr_threshold = vmcs->tpr_threshold;
	memcpy(cpu->ctl.eoi_exit, vmcs->eoi_exit, sizeof(vmcs->eoi_exit));
	cpu->ctl.notification_vector = (uint8_t)vmcs->notification_vector;
	cpu->ctl.pid = vmcs->pid;
	cpu->ctl.page = vmcs->virtual_apic;
	cpu->ctl.msr_bitmap = vmcs->msr_bitmap;
	cpu->rflags = vmcs->rflags;
	cpu->interruptibility = vmcs->interruptibility;
	cpu->activity = vmcs->activity;
	cpu->rvi = (uint8_t)vmcs->interrupt_status;
	cpu->svi = (uint8_t)(vmcs->interrupt_status >> 8);
	cpu->recognized = false;
	cpu->retired = false;
}

/* 26.6.7 */
static bool below_threshold(const struct vtx_vmcs *vmcs)
{
	const uint32_t mask = VTX_PROC2_VIRTUALIZE_APIC_ACCESSES |
			      VTX_PROC2_VIRTUAL_INTERRUPT_DELIVERY;

	return vmcs->primary & VTX_PROC_USE_TPR_SHADOW &&
	       (secondary_of(vmcs) & mask) ==
		       VTX_PROC2_VIRTUALIZE_APIC_ACCESSES &&
	       vmcs->tpr_threshold > vtpr_class(vmcs);
}

/* 26.5 */
static enum vtx_result inject(struct vtx_pcpu *cpu, uint32_t info)
{
	uint8_t vector = (uint8_t)info;

	cpu->vmcs->stats.injected[vector]++;
	if ((info & VTX_INFO_TYPE) == VTX_INFO_NMI)
		cpu->interruptibility |= VTX_BLOCKING_BY_NMI;
	return vtx_through_idt(cpu, vector);
}

enum vtx_result vtx_enter(struct vtx_pcpu *cpu, struct vtx_vmcs *vmcs)
{
	enum vtx_result result;

	assert(!cpu->vmcs);
	vmcs->error = check_controls(vmcs);
	if (!vmcs->error)
		vmcs->error = check_injection(vmcs);
	if (vmcs->error)
		return VTX_FAILED;
	vmcs->error = check_state(vmcs);
	if (vmcs->error) {
		vmcs->exit_reason =
			VTX_EXIT_INVALID_GUEST_STATE | VTX_EXIT_ENTRY_FAILURE;
		vmcs->exit_qualification = 0;
		return VTX_FAILED;
	}
	load(cpu, vmcs);
	vmcs->stats.entries++;
	cpu->below_threshold = below_threshold(vmcs);
	if (vtx_vid(cpu)) {
		vtx_ppr_virtualization(cpu);
		vtx_evaluate(cpu);
	}
	if (vmcs->entry_info & VTX_INFO_VALID)
		return inject(cpu, vmcs->entry_info);
	result = vtx_boundary(cpu);
	if (result == VTX_OK && cpu->activity == VTX_ACTIVITY_HLT)
		return VTX_HALTED;
	return result;
}

enum vtx_result vtx_leave(struct vtx_pcpu *cpu, enum vtx_exit_reason reason,
			  uint64_t qualification)
{
	struct vtx_vmcs *vmcs = cpu->vmcs;

	vmcs->rflags = cpu->rflags;
	vmcs->interruptibility = cpu->interruptibility;
	vmcs->activity = cpu->activity;
	if (vtx_vid(cpu))
		vmcs->interrupt_status = (uint16_t)(cpu->svi << 8 | cpu->rvi);
	vmcs->entry_info &= ~VTX_INFO_VALID;
	vmcs->exit_reason = reason;
	vmcs->exit_qualification = qualification;
	vmcs->exit_info = 0;
	vmcs->msr = 0;
	vmcs->value = 0;
	vmcs->stats.exits[reason]++;
	cpu->vmcs = NULL;
	return VTX_EXIT;
}
