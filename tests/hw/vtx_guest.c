/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Instruction boundaries, and the instructions that change whether the guest
 * takes interrupts: SDM vol. 3, 25.1.3, 25.2, 29.2.2 and 29.6.
 */

#include "vtx_priv.h"

#define BLOCKING (VTX_BLOCKING_BY_STI | VTX_BLOCKING_BY_MOV_SS)

enum vtx_result vtx_through_idt(struct vtx_pcpu *cpu, uint8_t vector)
{
	cpu->vector = vector;
	cpu->rflags &= ~(uint64_t)VTX_RFLAGS_IF;
	cpu->interruptibility &= ~BLOCKING;
	cpu->activity = VTX_ACTIVITY_ACTIVE;
	return VTX_VECTOR;
}

/* "Acknowledge interrupt on exit" decides whether the host finds it taken. */
static enum vtx_result
external_interrupt(struct vtx_pcpu *cpu, uint8_t vector, bool acknowledged)
{
	struct vtx_vmcs *vmcs = cpu->vmcs;
	enum vtx_result result;

	result = vtx_leave(cpu, VTX_EXIT_EXTERNAL_INTERRUPT, 0);
	if (acknowledged)
		vmcs->exit_info =
			VTX_INFO_VALID | VTX_INFO_EXTERNAL_INTERRUPT | vector;
	return result;
}

/*
 * The physical interrupt @vector is pending and unmasked. VTX_OK if it was a
 * notification, which may have made a virtual interrupt deliverable.
 */
static enum vtx_result physical(struct vtx_pcpu *cpu, uint8_t vector)
{
	if (!(cpu->ctl.exit_controls & VTX_EXIT_CTL_ACKNOWLEDGE_INTERRUPT))
		return external_interrupt(cpu, vector, false);
	vtx_acknowledge(cpu, vector);
	if (!(cpu->ctl.pin_based & VTX_PIN_PROCESS_POSTED_INTERRUPTS) ||
	    vector != cpu->ctl.notification_vector)
		return external_interrupt(cpu, vector, true);
	vtx_process_posted(cpu);
	return VTX_OK;
}

enum vtx_result vtx_boundary(struct vtx_pcpu *cpu)
{
	bool blocked = cpu->interruptibility & BLOCKING;
	bool open = cpu->rflags & VTX_RFLAGS_IF && !blocked;
	enum vtx_result result;
	uint8_t vector;

	if (cpu->below_threshold)
		return vtx_leave(cpu, VTX_EXIT_TPR_BELOW_THRESHOLD, 0);
	if (open && cpu->ctl.primary & VTX_PROC_INTERRUPT_WINDOW_EXITING)
		return vtx_leave(cpu, VTX_EXIT_INTERRUPT_WINDOW, 0);
	for (;;) {
		if (open && cpu->recognized)
			return vtx_deliver(cpu);
		vector = vtx_highest(cpu);
		if (!vector || blocked)
			return VTX_OK;
		if (!(cpu->ctl.pin_based &
		      VTX_PIN_EXTERNAL_INTERRUPT_EXITING)) {
			if (!open)
				return VTX_OK;
			vtx_acknowledge(cpu, vector);
			return vtx_through_idt(cpu, vector);
		}
		result = physical(cpu, vector);
		if (result != VTX_OK)
			return result;
	}
}

/* Whether a guest in HLT stays in it whatever physical interrupt comes. */
static bool halted_for_good(const struct vtx_pcpu *cpu)
{
	return !(cpu->ctl.pin_based & VTX_PIN_EXTERNAL_INTERRUPT_EXITING) &&
	       !(cpu->rflags & VTX_RFLAGS_IF);
}

/* The boundary, and in HLT the wait for one at which something happens. */
static enum vtx_result boundary_or_wait(struct vtx_pcpu *cpu)
{
	for (;;) {
		enum vtx_result result = vtx_boundary(cpu);

		if (result != VTX_OK || cpu->activity != VTX_ACTIVITY_HLT)
			return result;
		if (cpu->nowait || halted_for_good(cpu))
			return VTX_HALTED;
		vtx_sleep(cpu, -1);
	}
}

enum vtx_result vtx_begin(struct vtx_pcpu *cpu)
{
	assert(cpu->vmcs);
	cpu->retired = false;
	return boundary_or_wait(cpu);
}

void vtx_retire(struct vtx_pcpu *cpu)
{
	cpu->interruptibility &= ~BLOCKING;
	cpu->retired = true;
}

enum vtx_result vtx_step(struct vtx_pcpu *cpu)
{
	enum vtx_result result = vtx_begin(cpu);

	if (result == VTX_OK)
		vtx_retire(cpu);
	return result;
}

enum vtx_result vtx_sti(struct vtx_pcpu *cpu)
{
	enum vtx_result result = vtx_begin(cpu);

	if (result != VTX_OK)
		return result;
	vtx_retire(cpu);
	if (!(cpu->rflags & VTX_RFLAGS_IF))
		cpu->interruptibility |= VTX_BLOCKING_BY_STI;
	cpu->rflags |= VTX_RFLAGS_IF;
	return VTX_OK;
}

enum vtx_result vtx_cli(struct vtx_pcpu *cpu)
{
	enum vtx_result result = vtx_begin(cpu);

	if (result != VTX_OK)
		return result;
	vtx_retire(cpu);
	cpu->rflags &= ~(uint64_t)VTX_RFLAGS_IF;
	return VTX_OK;
}

enum vtx_result vtx_hlt(struct vtx_pcpu *cpu)
{
	enum vtx_result result = vtx_begin(cpu);

	if (result != VTX_OK)
		return result;
	if (cpu->ctl.primary & VTX_PROC_HLT_EXITING)
		return vtx_leave(cpu, VTX_EXIT_HLT, 0);
	vtx_retire(cpu);
	cpu->activity = VTX_ACTIVITY_HLT;
	return boundary_or_wait(cpu);
}

enum vtx_result vtx_wait(struct vtx_pcpu *cpu)
{
	return vtx_begin(cpu);
}

enum vtx_result vtx_iret(struct vtx_pcpu *cpu, bool interrupts)
{
	enum vtx_result result = vtx_begin(cpu);

	if (result != VTX_OK)
		return result;
	vtx_retire(cpu);
	cpu->rflags &= ~(uint64_t)VTX_RFLAGS_IF;
	if (interrupts)
		cpu->rflags |= VTX_RFLAGS_IF;
	cpu->interruptibility &= ~VTX_BLOCKING_BY_NMI;
	return VTX_OK;
}

enum vtx_result vtx_vmcall(struct vtx_pcpu *cpu)
{
	enum vtx_result result = vtx_begin(cpu);

	if (result != VTX_OK)
		return result;
	return vtx_leave(cpu, VTX_EXIT_VMCALL, 0);
}
