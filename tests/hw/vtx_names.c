/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Names and sums for the messages of tests. */

#include "vtx_priv.h"

static const char *const results[] = {
	[VTX_OK] = "carried on",
	[VTX_VECTOR] = "vector delivered",
	[VTX_EXIT] = "VM exit",
	[VTX_HALTED] = "halted",
	[VTX_GP] = "#GP(0)",
	[VTX_PHYSICAL] = "access to the physical APIC",
	[VTX_FAILED] = "VM entry failed",
};

static const char *const errors[] = {
	[VTX_ERROR_NONE] = "none",
	[VTX_ERROR_VIRTUAL_APIC_ADDRESS] = "virtual-APIC address",
	[VTX_ERROR_MSR_BITMAP_ADDRESS] = "MSR-bitmap address",
	[VTX_ERROR_TPR_THRESHOLD_RESERVED] = "TPR threshold bits 31:4",
	[VTX_ERROR_TPR_THRESHOLD_ABOVE_VTPR] = "TPR threshold above VTPR",
	[VTX_ERROR_NEEDS_TPR_SHADOW] = "control without use TPR shadow",
	[VTX_ERROR_X2APIC_AND_APIC_ACCESSES] =
		"virtualize x2APIC mode and APIC accesses",
	[VTX_ERROR_VID_NEEDS_EXTERNAL_INTERRUPT_EXITING] =
		"virtual-interrupt delivery without external-interrupt "
		"exiting",
	[VTX_ERROR_POSTED_NEEDS_VID] =
		"process posted interrupts without virtual-interrupt "
		"delivery",
	[VTX_ERROR_POSTED_NEEDS_ACKNOWLEDGE] =
		"process posted interrupts without acknowledge interrupt "
		"on exit",
	[VTX_ERROR_NOTIFICATION_VECTOR] = "notification vector bits 15:8",
	[VTX_ERROR_PID_ADDRESS] = "posted-interrupt descriptor address",
	[VTX_ERROR_INJECTION_TYPE] = "injected interruption type",
	[VTX_ERROR_INJECTION_VECTOR] = "injected NMI's vector",
	[VTX_ERROR_INJECTION_RESERVED] = "injection bits 30:11",
	[VTX_ERROR_INJECTION_IF] = "injection with RFLAGS.IF = 0",
	[VTX_ERROR_INJECTION_BLOCKED] = "injection blocked by STI or MOV SS",
	[VTX_ERROR_ACTIVITY] = "activity state",
	[VTX_ERROR_ACTIVITY_BLOCKED] = "HLT blocked by STI or MOV SS",
	[VTX_ERROR_INTERRUPTIBILITY_RESERVED] =
		"interruptibility state, reserved bits",
	[VTX_ERROR_INTERRUPTIBILITY_STI] = "blocking by STI",
};

const char *vtx_result_name(enum vtx_result result)
{
	return results[result];
}

const char *vtx_error_name(enum vtx_error error)
{
	return errors[error];
}

uint64_t vtx_sum(const uint64_t counts[256])
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < 256; i++)
		sum += counts[i];
	return sum;
}
