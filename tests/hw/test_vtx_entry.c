/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* VM entry and the state that VM exit saves: SDM vol. 3, 26 and 27. */

#include "machine.h"

#define VID VTX_PROC2_VIRTUAL_INTERRUPT_DELIVERY
#define INJECT(vector) (VTX_INFO_VALID | (vector))
#define INJECT_NMI (VTX_INFO_VALID | VTX_INFO_NMI | VTX_NMI_VECTOR)

/* 26.2.1.1 */
static void virtual_apic_controls_need_the_tpr_shadow(void **state)
{
	static const uint32_t controls[] = {
		VTX_PROC2_VIRTUALIZE_X2APIC_MODE,
		VTX_PROC2_APIC_REGISTER_VIRTUALIZATION,
		VID,
	};
	struct machine m;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		machine_make(&m, PLAIN);
		m.vmcs.secondary = controls[i];
		assert_refused(&m, VTX_ERROR_NEEDS_TPR_SHADOW);
		/* Secondary controls that are not activated count as 0. */
		m.vmcs.primary &= ~VTX_PROC_ACTIVATE_SECONDARY;
		assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	}
	machine_make(&m, PLAIN);
	m.vmcs.secondary = VTX_PROC2_VIRTUALIZE_APIC_ACCESSES;
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
}

static void addresses_are_aligned(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, SHADOW);
	m.vmcs.virtual_apic = NULL;
	assert_refused(&m, VTX_ERROR_VIRTUAL_APIC_ADDRESS);
	m.vmcs.virtual_apic = m.page + 2048;
	assert_refused(&m, VTX_ERROR_VIRTUAL_APIC_ADDRESS);
	machine_make(&m, PLAIN);
	m.vmcs.msr_bitmap = m.bitmap + 64;
	assert_refused(&m, VTX_ERROR_MSR_BITMAP_ADDRESS);
	machine_make(&m, XAPIC);
	m.vmcs.pid = NULL;
	assert_refused(&m, VTX_ERROR_PID_ADDRESS);
	m.vmcs.pid = (struct vic_pid *)(void *)(m.page + 32);
	assert_refused(&m, VTX_ERROR_PID_ADDRESS);
	/* What is not used is not looked at. */
	machine_make(&m, PLAIN);
	m.vmcs.virtual_apic = NULL;
	m.vmcs.pid = NULL;
	m.vmcs.primary &= ~VTX_PROC_USE_MSR_BITMAPS;
	m.vmcs.msr_bitmap = NULL;
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
}

static void the_tpr_threshold_is_checked_without_vid(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, SHADOW);
	m.vmcs.tpr_threshold = 0x10;
	assert_refused(&m, VTX_ERROR_TPR_THRESHOLD_RESERVED);
	/* Neither "virtualize APIC accesses" nor VID: not above VTPR. */
	machine_make(&m, SHADOW);
	m.vmcs.secondary = 0;
	m.vmcs.tpr_threshold = 5;
	machine_set_reg(&m, VIC_APIC_TPR, 0x4f);
	assert_refused(&m, VTX_ERROR_TPR_THRESHOLD_ABOVE_VTPR);
	machine_set_reg(&m, VIC_APIC_TPR, 0x50);
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	machine_make(&m, XAPIC);
	m.vmcs.tpr_threshold = 0xff;
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
}

static void apic_accesses_exclude_x2apic_mode(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	m.vmcs.secondary |= VTX_PROC2_VIRTUALIZE_X2APIC_MODE;
	assert_refused(&m, VTX_ERROR_X2APIC_AND_APIC_ACCESSES);
}

static void vid_needs_external_interrupt_exiting(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	m.vmcs.pin_based = 0;
	assert_refused(&m, VTX_ERROR_VID_NEEDS_EXTERNAL_INTERRUPT_EXITING);
}

static void posted_interrupts_need_their_controls(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	m.vmcs.secondary &= ~VID;
	assert_refused(&m, VTX_ERROR_POSTED_NEEDS_VID);
	machine_make(&m, XAPIC);
	m.vmcs.exit_controls = 0;
	assert_refused(&m, VTX_ERROR_POSTED_NEEDS_ACKNOWLEDGE);
	machine_make(&m, XAPIC);
	m.vmcs.notification_vector = 0x1f2;
	assert_refused(&m, VTX_ERROR_NOTIFICATION_VECTOR);
}

/* 26.2.1.3 */
static void injections_are_checked(void **state)
{
	struct machine m;
	uint32_t type;

	(void)state;
	machine_make(&m, PLAIN);
	for (type = 1; type < 8; type++) {
		if (type == 2)
			continue;
		m.vmcs.entry_info = INJECT(0x51) | type << 8;
		assert_refused(&m, VTX_ERROR_INJECTION_TYPE);
	}
	m.vmcs.entry_info = INJECT(3) | VTX_INFO_NMI;
	assert_refused(&m, VTX_ERROR_INJECTION_VECTOR);
	m.vmcs.entry_info = INJECT(0x51) | 0x800;
	assert_refused(&m, VTX_ERROR_INJECTION_RESERVED);
	m.vmcs.entry_info = INJECT(0x51) | 0x40000000;
	assert_refused(&m, VTX_ERROR_INJECTION_RESERVED);
	/* Without the valid bit none of it matters. */
	m.vmcs.entry_info = 0x7fffffff;
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
}

static void refuse_state(struct machine *m, enum vtx_error error)
{
	assert_refused(m, error);
	assert_int_equal(m->vmcs.exit_reason, 0x80000021);
	assert_int_equal(m->vmcs.stats.entries, 0);
}

/* 26.3.1.4 and 26.3.1.5, 26.7 */
static void invalid_guest_state_fails_the_entry(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, PLAIN);
	m.vmcs.rflags = 0;
	m.vmcs.entry_info = INJECT(0x51);
	refuse_state(&m, VTX_ERROR_INJECTION_IF);
	assert_int_equal(m.vmcs.entry_info, INJECT(0x51));
	machine_make(&m, PLAIN);
	m.vmcs.entry_info = INJECT(0x51);
	m.vmcs.interruptibility = VTX_BLOCKING_BY_STI;
	refuse_state(&m, VTX_ERROR_INJECTION_BLOCKED);
	m.vmcs.interruptibility = VTX_BLOCKING_BY_MOV_SS;
	refuse_state(&m, VTX_ERROR_INJECTION_BLOCKED);
	m.vmcs.entry_info = INJECT_NMI;
	refuse_state(&m, VTX_ERROR_INJECTION_BLOCKED);
	machine_make(&m, PLAIN);
	m.vmcs.activity = 2;
	refuse_state(&m, VTX_ERROR_ACTIVITY);
	m.vmcs.activity = VTX_ACTIVITY_HLT;
	m.vmcs.interruptibility = VTX_BLOCKING_BY_STI;
	refuse_state(&m, VTX_ERROR_ACTIVITY_BLOCKED);
	m.vmcs.interruptibility = VTX_BLOCKING_BY_MOV_SS;
	refuse_state(&m, VTX_ERROR_ACTIVITY_BLOCKED);
	machine_make(&m, PLAIN);
	m.vmcs.interruptibility = 0x20;
	refuse_state(&m, VTX_ERROR_INTERRUPTIBILITY_RESERVED);
	m.vmcs.interruptibility = 3;
	refuse_state(&m, VTX_ERROR_INTERRUPTIBILITY_STI);
	m.vmcs.interruptibility = VTX_BLOCKING_BY_STI;
	m.vmcs.rflags = 0;
	refuse_state(&m, VTX_ERROR_INTERRUPTIBILITY_STI);
}

/* 26.3.2.5: PPR virtualization, then evaluation, with VID only. */
static void entry_evaluates_rvi(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	machine_set_reg(&m, VIC_APIC_PPR, 0xf0);
	machine_request(&m, 0x51);
	assert_takes(&m, vtx_enter(&m.cpu, &m.vmcs), 0x51);
	assert_int_equal(m.vmcs.stats.entries, 1);
	machine_make(&m, SHADOW);
	machine_set_reg(&m, VIC_APIC_PPR, 0xf0);
	machine_request(&m, 0x51);
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	assert_carries_on(vtx_step(&m.cpu));
	assert_int_equal(machine_reg(&m, VIC_APIC_PPR), 0xf0);
	machine_exit(&m);
	assert_int_equal(machine_rvi(&m), 0x51);
}

/* VIRR alone, without RVI, is nothing to the processor. */
static void entry_does_not_scan_virr(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	machine_set_bit(&m, VIC_APIC_IRR, 0x51);
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	assert_carries_on(vtx_step(&m.cpu));
}

/* 29.2.2: delivery at once wakes a guest that was entered in HLT. */
static void entry_in_hlt(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	m.vmcs.activity = VTX_ACTIVITY_HLT;
	assert_result(vtx_enter(&m.cpu, &m.vmcs), VTX_HALTED);
	vtx_ipi(&m.cpu, HOST_VECTOR);
	assert_exits(&m, vtx_wait(&m.cpu), VTX_EXIT_EXTERNAL_INTERRUPT);
	machine_request(&m, 0x51);
	assert_takes(&m, vtx_enter(&m.cpu, &m.vmcs), 0x51);
	machine_exit(&m);
	assert_int_equal(m.vmcs.activity, VTX_ACTIVITY_ACTIVE);
}

/* 26.6.7: after entry, whatever RFLAGS.IF and blocking are, and in HLT. */
static void entry_exits_below_the_tpr_threshold(void **state)
{
	struct machine m;
	int halted;

	(void)state;
	for (halted = 0; halted < 2; halted++) {
		machine_make(&m, SHADOW);
		m.vmcs.tpr_threshold = 6;
		m.vmcs.rflags = halted ? 0 : VTX_RFLAGS_IF;
		m.vmcs.activity = halted ? VTX_ACTIVITY_HLT : 0;
		m.vmcs.interruptibility = halted ? 0 : VTX_BLOCKING_BY_STI;
		machine_set_reg(&m, VIC_APIC_TPR, 0x5f);
		vtx_ipi(&m.cpu, HOST_VECTOR);
		assert_exits(&m, vtx_enter(&m.cpu, &m.vmcs),
			     VTX_EXIT_TPR_BELOW_THRESHOLD);
		assert_true(vtx_pending(&m.cpu));
		assert_int_equal(m.vmcs.stats.entries, 1);
		vtx_host_interrupt(&m.cpu);
		machine_set_reg(&m, VIC_APIC_TPR, 0x60);
		assert_result(vtx_enter(&m.cpu, &m.vmcs),
			      halted ? VTX_HALTED : VTX_OK);
	}
	/* It follows event injection. */
	machine_make(&m, SHADOW);
	m.vmcs.tpr_threshold = 1;
	m.vmcs.entry_info = INJECT(0x51);
	assert_takes(&m, vtx_enter(&m.cpu, &m.vmcs), 0x51);
	assert_exits(&m, vtx_step(&m.cpu), VTX_EXIT_TPR_BELOW_THRESHOLD);
	assert_false(m.vmcs.rflags & VTX_RFLAGS_IF);
}

/* 26.5: through the IDT, with no part of the virtual APIC in it. */
static void an_external_interrupt_is_injected(void **state)
{
	int vector;

	(void)state;
	for (vector = 0; vector < 256; vector++) {
		struct machine m;

		machine_make(&m, XAPIC);
		m.vmcs.activity = VTX_ACTIVITY_HLT;
		m.vmcs.entry_info = INJECT((uint32_t)vector);
		assert_takes(&m, vtx_enter(&m.cpu, &m.vmcs), vector);
		machine_exit(&m);
		/* VM exit clears the valid bit. */
		assert_int_equal(m.vmcs.entry_info, vector);
		assert_int_equal(m.vmcs.rflags & VTX_RFLAGS_IF, 0);
		assert_int_equal(m.vmcs.activity, VTX_ACTIVITY_ACTIVE);
		assert_int_equal(m.vmcs.interrupt_status, 0);
		assert_int_equal(m.vmcs.stats.injected[vector], 1);
		assert_int_equal(vtx_sum(m.vmcs.stats.delivered), 0);
		assert_false(machine_bit(&m, VIC_APIC_ISR, (uint8_t)vector));
	}
}

static void an_nmi_is_injected_and_blocks_until_iret(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, PLAIN);
	m.vmcs.rflags = 0;
	m.vmcs.interruptibility = 0;
	m.vmcs.entry_info = INJECT_NMI;
	assert_takes(&m, vtx_enter(&m.cpu, &m.vmcs), 2);
	machine_exit(&m);
	assert_int_equal(m.vmcs.interruptibility, VTX_BLOCKING_BY_NMI);
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	assert_carries_on(vtx_iret(&m.cpu, false));
	machine_exit(&m);
	assert_int_equal(m.vmcs.interruptibility, 0);
}

/* An injected handler runs with IF = 0; what is pending waits for IRET. */
static void a_pending_virtual_interrupt_waits_for_the_injected_one(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	machine_request(&m, 0xf1);
	m.vmcs.entry_info = INJECT(0x51);
	assert_takes(&m, vtx_enter(&m.cpu, &m.vmcs), 0x51);
	assert_carries_on(vtx_step(&m.cpu));
	assert_carries_on(vtx_iret(&m.cpu, true));
	assert_takes(&m, vtx_step(&m.cpu), 0xf1);
}

/* 26.6: interrupts that pend before entry come right after it. */
static void a_pending_external_interrupt_exits_at_once(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	vtx_ipi(&m.cpu, HOST_VECTOR);
	assert_exits(&m, vtx_enter(&m.cpu, &m.vmcs),
		     VTX_EXIT_EXTERNAL_INTERRUPT);
	assert_int_equal(m.vmcs.exit_info, VTX_INFO_VALID | HOST_VECTOR);
	/* A notification is processed, and what it brings delivered. */
	machine_post(&m, 0x51);
	assert_takes(&m, vtx_enter(&m.cpu, &m.vmcs), 0x51);
}

/* The processor has copies of the controls, and the guest's state is its. */
static void fields_written_in_non_root_operation_have_no_effect(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	m.vmcs.rflags = 0;
	m.vmcs.interrupt_status = 0x9191;
	m.vmcs.notification_vector = HOST_VECTOR;
	memset(m.vmcs.eoi_exit, 0xff, sizeof(m.vmcs.eoi_exit));
	machine_post(&m, 0x51);
	assert_takes(&m, vtx_step(&m.cpu), 0x51);
	assert_carries_on(vtx_store(&m.cpu, VIC_APIC_EOI, 0));
	assert_carries_on(vtx_iret(&m.cpu, true));
	machine_exit(&m);
	assert_int_equal(m.vmcs.interrupt_status, 0);
	assert_int_equal(m.vmcs.rflags, VTX_RFLAGS_IF | 2);
}

/* A VMCS moves from one processor to another between exit and entry. */
static void a_vmcs_may_move(void **state)
{
	struct machine m;
	struct vtx_pcpu other;

	(void)state;
	machine_make(&m, XAPIC);
	vtx_pcpu_init(&other, 4);
	machine_request(&m, 0x51);
	assert_takes(&m, vtx_enter(&m.cpu, &m.vmcs), 0x51);
	machine_exit(&m);
	machine_request(&m, 0x61);
	m.vmcs.rflags |= VTX_RFLAGS_IF;
	assert_result(vtx_enter(&other, &m.vmcs), VTX_VECTOR);
	assert_int_equal(other.vector, 0x61);
	vtx_pcpu_destroy(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(virtual_apic_controls_need_the_tpr_shadow),
		cmocka_unit_test(addresses_are_aligned),
		cmocka_unit_test(the_tpr_threshold_is_checked_without_vid),
		cmocka_unit_test(apic_accesses_exclude_x2apic_mode),
		cmocka_unit_test(vid_needs_external_interrupt_exiting),
		cmocka_unit_test(posted_interrupts_need_their_controls),
		cmocka_unit_test(injections_are_checked),
		cmocka_unit_test(invalid_guest_state_fails_the_entry),
		cmocka_unit_test(entry_evaluates_rvi),
		cmocka_unit_test(entry_does_not_scan_virr),
		cmocka_unit_test(entry_in_hlt),
		cmocka_unit_test(entry_exits_below_the_tpr_threshold),
		cmocka_unit_test(an_external_interrupt_is_injected),
		cmocka_unit_test(an_nmi_is_injected_and_blocks_until_iret),
		cmocka_unit_test(
			a_pending_virtual_interrupt_waits_for_the_injected_one),
		cmocka_unit_test(a_pending_external_interrupt_exits_at_once),
		cmocka_unit_test(
			fields_written_in_non_root_operation_have_no_effect),
		cmocka_unit_test(a_vmcs_may_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
