/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* VM exits: what the hypervisor does for the guest. */
#include <string.h>

#include "xen.h"

#define MSR_ICR (VIC_MSR_X2APIC + VIC_APIC_ICR_LO / 16)
#define BLOCKING (VTX_BLOCKING_BY_STI | VTX_BLOCKING_BY_MOV_SS)

/*
 * The instruction that exited was carried out here: RIP goes behind it. Not
 * after an APIC-write exit, which comes behind the instruction.
 */
static void complete(struct vcpu *v)
{
	if (v->vmcs.exit_reason == VTX_EXIT_APIC_WRITE)
		return;
	v->vmcs.interruptibility &= ~BLOCKING;
	guest_complete(&v->guest);
}

static void done(enum vic_access access)
{
	if (access != VIC_ACCESS_DONE)
		die("a guest's access to its APIC: %s",
		    access == VIC_ACCESS_FAULT ? "#GP(0)" : "no register");
}

static uint32_t stored_icr(const struct vcpu *v)
{
	uint32_t word;

	memcpy(&word, v->page + VIC_APIC_ICR_LO, sizeof(word));
	return word;
}

/* What was written to ICR, if that is why the guest has left. */
static bool is_icr_write(const struct vcpu *v, uint64_t *value)
{
	const struct vtx_vmcs *vmcs = &v->vmcs;

	switch (vmcs->exit_reason) {
	case VTX_EXIT_WRMSR:
		*value = vmcs->value;
		return vmcs->msr == MSR_ICR;
	case VTX_EXIT_APIC_ACCESS:
		*value = vmcs->value;
		return vmcs->exit_qualification ==
		       (VTX_QUAL_APIC_WRITE | VIC_APIC_ICR_LO);
	case VTX_EXIT_APIC_WRITE:
		*value = stored_icr(v);
		return vmcs->exit_qualification == VIC_APIC_ICR_LO;
	default:
		return false;
	}
}

/* The vector is in IRR: RVI tells the processor. */
static void raise_rvi(struct vtx_vmcs *vmcs, uint8_t vector)
{
	if (vector > (uint8_t)vmcs->interrupt_status)
		vmcs->interrupt_status =
			(uint16_t)((vmcs->interrupt_status & 0xff00) | vector);
}

bool exit_fast(struct vcpu *v)
{
	uint64_t value;
	uint8_t vector;

	v->exit_is_done = false;
	if (!is_icr_write(v, &value))
		return false;
	switch (vic_lapic_icr_fast(v->lapic, value, &vector)) {
	case VIC_FAST_DONE:
		complete(v);
		v->fast_icrs++;
		return true;
	case VIC_FAST_SELF:
		complete(v);
		v->fast_icrs++;
		/* Without posting the next scan has it. */
		v->exit_is_done = !vic_lapic_posting(v->lapic);
		if (v->exit_is_done)
			return false;
		raise_rvi(&v->vmcs, vector);
		return true;
	case VIC_FAST_EXIT:
		break;
	}
	return false;
}

static void on_interrupt(struct pcpu *p, struct vcpu *v)
{
	if (v->vmcs.exit_info & VTX_INFO_VALID)
		pcpu_interrupt(p, (uint8_t)v->vmcs.exit_info);
}

/* The next scan injects what can be taken now. */
static void on_window(struct pcpu *p, struct vcpu *v)
{
	(void)p;
	(void)v;
}

static void on_hlt(struct pcpu *p, struct vcpu *v)
{
	(void)p;
	complete(v);
	v->vmcs.activity = VTX_ACTIVITY_HLT;
	atomic_store(&v->guest.halted, true);
}

/* The guest spins: somebody else may have what it waits for. */
static void on_vmcall(struct pcpu *p, struct vcpu *v)
{
	complete(v);
	p->resched = true;
}

static void on_rdmsr(struct pcpu *p, struct vcpu *v)
{
	(void)p;
	done(vic_lapic_msr_read(v->lapic, v->vmcs.msr, &v->guest.value));
	complete(v);
}

static void on_wrmsr(struct pcpu *p, struct vcpu *v)
{
	(void)p;
	done(vic_lapic_msr_write(v->lapic, v->vmcs.msr, v->vmcs.value));
	complete(v);
}

static void on_apic_access(struct pcpu *p, struct vcpu *v)
{
	uint64_t qualification = v->vmcs.exit_qualification;
	uint32_t offset = qualification & VTX_QUAL_APIC_OFFSET;

	(void)p;
	if (qualification & VTX_QUAL_APIC_WRITE)
		done(vic_lapic_mmio_write(v->lapic, offset, 4, v->vmcs.value));
	else
		done(vic_lapic_mmio_read(v->lapic, offset, 4, &v->guest.value));
	complete(v);
}

/* These two come behind the instruction. */
static void on_eoi(struct pcpu *p, struct vcpu *v)
{
	(void)p;
	vic_lapic_eoi_exit(v->lapic, (uint8_t)v->vmcs.exit_qualification);
}

static void on_apic_write(struct pcpu *p, struct vcpu *v)
{
	(void)p;
	done(vic_lapic_write_exit(v->lapic,
				  (uint32_t)v->vmcs.exit_qualification));
}

static void (*const handlers[VTX_EXIT_REASONS])(struct pcpu *,
						struct vcpu *) = {
	[VTX_EXIT_EXTERNAL_INTERRUPT] = on_interrupt,
	[VTX_EXIT_INTERRUPT_WINDOW] = on_window,
	[VTX_EXIT_HLT] = on_hlt,
	[VTX_EXIT_VMCALL] = on_vmcall,
	[VTX_EXIT_RDMSR] = on_rdmsr,
	[VTX_EXIT_WRMSR] = on_wrmsr,
	[VTX_EXIT_TPR_BELOW_THRESHOLD] = on_window,
	[VTX_EXIT_APIC_ACCESS] = on_apic_access,
	[VTX_EXIT_VIRTUALIZED_EOI] = on_eoi,
	[VTX_EXIT_APIC_WRITE] = on_apic_write,
};

void exit_handle(struct pcpu *p, struct vcpu *v)
{
	uint32_t reason = v->vmcs.exit_reason;

	if (v->exit_is_done)
		return;
	if (reason >= VTX_EXIT_REASONS || !handlers[reason])
		die("VM exit with reason %u", reason);
	handlers[reason](p, v);
	/* An access to the APIC may leave work behind. */
	if (reason != VTX_EXIT_EXTERNAL_INTERRUPT && reason != VTX_EXIT_VMCALL)
		v->look = true;
}
