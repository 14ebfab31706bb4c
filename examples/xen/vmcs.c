/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The VMCS of each mode: what the processor does without the hypervisor. */
#include "xen.h"

#define MSR(offset) (VIC_MSR_X2APIC + (offset) / 16)
/* Where the bits for writes of low MSRs begin. */
#define WRITES 2048

static uint8_t bitmap[4096] __attribute__((aligned(4096)));
static pthread_once_t bitmap_once = PTHREAD_ONCE_INIT;

static void allow(uint32_t msr, uint32_t base)
{
	bitmap[base + msr / 8] &= (uint8_t) ~(1u << msr % 8);
}

/* Every MSR exits, but what "virtualize x2APIC mode" virtualizes. */
static void make_bitmap(void)
{
	for (size_t i = 0; i < sizeof(bitmap); i++)
		bitmap[i] = 0xff;
	for (uint32_t msr = VIC_MSR_X2APIC; msr <= VIC_MSR_X2APIC_END; msr++)
		if (msr != MSR(VIC_APIC_TIMER_CCR))
			allow(msr, 0);
	allow(MSR(VIC_APIC_TPR), WRITES);
	allow(MSR(VIC_APIC_EOI), WRITES);
	allow(MSR(VIC_APIC_SELF_IPI), WRITES);
}

/* Vectors are injected; of the APIC, the processor knows TPR alone. */
static void fill_trap(struct vcpu *v)
{
	v->vmcs.primary |= VTX_PROC_USE_TPR_SHADOW;
	if (v->domain->xapic)
		v->vmcs.secondary = VTX_PROC2_VIRTUALIZE_APIC_ACCESSES;
}

static void fill_posted(struct vcpu *v)
{
	pthread_once(&bitmap_once, make_bitmap);
	v->vmcs.pin_based |= VTX_PIN_PROCESS_POSTED_INTERRUPTS;
	v->vmcs.primary |= VTX_PROC_USE_TPR_SHADOW;
	v->vmcs.secondary = VTX_PROC2_APIC_REGISTER_VIRTUALIZATION |
			    VTX_PROC2_VIRTUAL_INTERRUPT_DELIVERY;
	v->vmcs.notification_vector = VECTOR_NOTIFY;
	v->vmcs.pid = vic_vcpu_pid(v->vic);
	if (v->domain->xapic) {
		v->vmcs.secondary |= VTX_PROC2_VIRTUALIZE_APIC_ACCESSES;
		return;
	}
	v->vmcs.primary |= VTX_PROC_USE_MSR_BITMAPS;
	v->vmcs.msr_bitmap = bitmap;
	v->vmcs.secondary |= VTX_PROC2_VIRTUALIZE_X2APIC_MODE;
}

const struct mode modes[] = {
	{.name = "trap",
	 .what = "every access to the APIC exits, vectors are injected",
	 .fill_vmcs = fill_trap},
	{.name = "posted",
	 .what = "virtual-interrupt delivery and posted interrupts",
	 .posting = true,
	 .fill_vmcs = fill_posted},
};
const unsigned int nr_modes = sizeof(modes) / sizeof(modes[0]);

void vmcs_fill(struct vcpu *v)
{
	bool inhibited = run.mode->posting && !vic_lapic_posting(v->lapic);

	v->vmcs.pin_based = VTX_PIN_EXTERNAL_INTERRUPT_EXITING;
	v->vmcs.primary = VTX_PROC_ACTIVATE_SECONDARY;
	v->vmcs.secondary = 0;
	if (run.options->halt_exits)
		v->vmcs.primary |= VTX_PROC_HLT_EXITING;
	v->vmcs.exit_controls = VTX_EXIT_CTL_ACKNOWLEDGE_INTERRUPT;
	v->vmcs.virtual_apic = v->page;
	if (inhibited)
		fill_trap(v);
	else
		run.mode->fill_vmcs(v);
}
