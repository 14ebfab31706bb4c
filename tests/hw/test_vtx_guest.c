/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Instruction boundaries, blocking and HLT: SDM vol. 3, 24.4.2, 25.1.3,
 * 25.2, 27.1 and 29.2.2.
 */

#include "machine.h"

static void enter(struct machine *m)
{
	assert_carries_on(vtx_enter(&m->cpu, &m->vmcs));
}

static void vmcall_exits(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, PLAIN);
	enter(&m);
	assert_exits(&m, vtx_vmcall(&m.cpu), VTX_EXIT_VMCALL);
	assert_false(m.cpu.retired);
	assert_int_equal(m.vmcs.stats.exits[18], 1);
}

/* 25.2: whatever RFLAGS.IF is, and before the instruction. */
static void an_external_interrupt_exits(void **state)
{
	int enabled;

	(void)state;
	for (enabled = 0; enabled < 2; enabled++) {
		struct machine m;

		machine_make(&m, SHADOW);
		m.vmcs.rflags = enabled ? VTX_RFLAGS_IF : 0;
		enter(&m);
		vtx_ipi(&m.cpu, HOST_VECTOR);
		assert_exits(&m, vtx_mov_to_cr8(&m.cpu, 5),
			     VTX_EXIT_EXTERNAL_INTERRUPT);
		assert_int_equal(m.vmcs.exit_info, 0x80000000u | HOST_VECTOR);
		assert_false(m.cpu.retired);
		assert_int_equal(machine_reg(&m, VIC_APIC_TPR), 0);
		/* It was acknowledged on exit. */
		assert_false(vtx_pending(&m.cpu));
		assert_int_equal(m.vmcs.stats.exits[1], 1);
	}
}

/* 27.2.2: else the host takes it itself. */
static void an_unacknowledged_interrupt_stays_pending(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, PLAIN);
	m.vmcs.exit_controls = 0;
	enter(&m);
	vtx_ipi(&m.cpu, HOST_VECTOR);
	assert_exits(&m, vtx_step(&m.cpu), VTX_EXIT_EXTERNAL_INTERRUPT);
	assert_int_equal(m.vmcs.exit_info, 0);
	assert_int_equal(vtx_host_interrupt(&m.cpu), HOST_VECTOR);
}

/* 25.2: without the control they go through the guest's IDT, if IF = 1. */
static void without_exiting_the_guest_takes_them(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, PLAIN);
	m.vmcs.pin_based = 0;
	m.vmcs.rflags = 0;
	enter(&m);
	vtx_ipi(&m.cpu, HOST_VECTOR);
	assert_carries_on(vtx_step(&m.cpu));
	assert_carries_on(vtx_sti(&m.cpu));
	assert_carries_on(vtx_step(&m.cpu));
	assert_takes(&m, vtx_step(&m.cpu), HOST_VECTOR);
	assert_false(vtx_pending(&m.cpu));
	/* In HLT with IF = 0 nothing but a VM exit could wake it. */
	vtx_ipi(&m.cpu, HOST_VECTOR);
	m.cpu.nowait = false;
	assert_result(vtx_hlt(&m.cpu), VTX_HALTED);
}

/* STI: one more instruction; not if IF was 1 already. */
static void sti_blocks_for_one_instruction(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	m.vmcs.rflags = 0;
	machine_request(&m, 0x51);
	enter(&m);
	assert_carries_on(vtx_sti(&m.cpu));
	assert_carries_on(vtx_step(&m.cpu));
	assert_takes(&m, vtx_step(&m.cpu), 0x51);
	assert_false(m.cpu.retired);

	machine_make(&m, X2APIC);
	enter(&m);
	assert_carries_on(vtx_sti(&m.cpu));
	assert_carries_on(vtx_wrmsr(&m.cpu, 0x83f, 0x51));
	assert_takes(&m, vtx_step(&m.cpu), 0x51);
}

/* STI followed by CLI opens no window. */
static void sti_cli_leaves_no_window(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	m.vmcs.rflags = 0;
	machine_request(&m, 0x51);
	enter(&m);
	assert_carries_on(vtx_sti(&m.cpu));
	assert_carries_on(vtx_cli(&m.cpu));
	assert_carries_on(vtx_step(&m.cpu));
	assert_carries_on(vtx_step(&m.cpu));
}

/* Table 24-3: so blocked are external interrupts, and their exits. */
static void blocking_by_sti_delays_the_exit(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, PLAIN);
	m.vmcs.rflags = 0;
	enter(&m);
	assert_carries_on(vtx_sti(&m.cpu));
	vtx_ipi(&m.cpu, HOST_VECTOR);
	assert_carries_on(vtx_step(&m.cpu));
	assert_exits(&m, vtx_step(&m.cpu), VTX_EXIT_EXTERNAL_INTERRUPT);
}

/* 24.4.2: an exit in the shadow saves it, and entry restores it. */
static void the_shadow_survives_an_exit_in_it(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	m.vmcs.rflags = 0;
	machine_request(&m, 0x51);
	enter(&m);
	assert_carries_on(vtx_sti(&m.cpu));
	machine_exit(&m);
	assert_int_equal(m.vmcs.interruptibility, VTX_BLOCKING_BY_STI);
	assert_true(m.vmcs.rflags & VTX_RFLAGS_IF);
	/* Not delivered at the entry, but after the instruction. */
	enter(&m);
	assert_carries_on(vtx_step(&m.cpu));
	assert_takes(&m, vtx_step(&m.cpu), 0x51);
	machine_exit(&m);
	assert_int_equal(m.vmcs.interruptibility, 0);
}

static void blocking_by_mov_ss_lasts_one_instruction_too(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	m.vmcs.interruptibility = VTX_BLOCKING_BY_MOV_SS;
	machine_request(&m, 0x51);
	enter(&m);
	assert_carries_on(vtx_step(&m.cpu));
	assert_takes(&m, vtx_step(&m.cpu), 0x51);
}

/* 25.2 and 29.2.2: virtual interrupts take priority over external ones. */
static void a_virtual_interrupt_goes_before_an_external_one(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, X2APIC);
	enter(&m);
	assert_carries_on(vtx_wrmsr(&m.cpu, 0x83f, 0x51));
	vtx_ipi(&m.cpu, HOST_VECTOR);
	assert_takes(&m, vtx_step(&m.cpu), 0x51);
	/* Before the first instruction of the handler. */
	assert_exits(&m, vtx_step(&m.cpu), VTX_EXIT_EXTERNAL_INTERRUPT);
	assert_false(m.vmcs.rflags & VTX_RFLAGS_IF);
}

/* 25.2: before any instruction if IF = 1 and nothing blocks. */
static void the_interrupt_window(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, PLAIN);
	m.vmcs.primary |= VTX_PROC_INTERRUPT_WINDOW_EXITING;
	m.vmcs.rflags = 0;
	enter(&m);
	assert_carries_on(vtx_step(&m.cpu));
	assert_carries_on(vtx_sti(&m.cpu));
	assert_carries_on(vtx_step(&m.cpu));
	vtx_ipi(&m.cpu, HOST_VECTOR);
	/* It takes priority over external interrupts. */
	assert_exits(&m, vtx_step(&m.cpu), VTX_EXIT_INTERRUPT_WINDOW);
	assert_int_equal(m.vmcs.exit_info, 0);
	assert_true(vtx_pending(&m.cpu));
	/* Also at once after VM entry, in HLT too (26.6.5). */
	m.vmcs.activity = VTX_ACTIVITY_HLT;
	assert_exits(&m, vtx_enter(&m.cpu, &m.vmcs), VTX_EXIT_INTERRUPT_WINDOW);
}

/* IRET gives RFLAGS.IF back, with no shadow. */
static void iret_opens_at_once(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, X2APIC);
	machine_request(&m, 0x51);
	assert_takes(&m, vtx_enter(&m.cpu, &m.vmcs), 0x51);
	assert_carries_on(vtx_wrmsr(&m.cpu, 0x83f, 0x61));
	assert_carries_on(vtx_iret(&m.cpu, true));
	assert_takes(&m, vtx_step(&m.cpu), 0x61);
	assert_carries_on(vtx_iret(&m.cpu, false));
	assert_carries_on(vtx_wrmsr(&m.cpu, 0x83f, 0x71));
	assert_carries_on(vtx_step(&m.cpu));
	machine_exit(&m);
	assert_false(m.vmcs.rflags & VTX_RFLAGS_IF);
}

static void hlt_exits(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, PLAIN);
	m.vmcs.primary |= VTX_PROC_HLT_EXITING;
	enter(&m);
	assert_exits(&m, vtx_hlt(&m.cpu), VTX_EXIT_HLT);
	assert_false(m.cpu.retired);
	assert_int_equal(m.vmcs.activity, VTX_ACTIVITY_ACTIVE);
}

/* 27.1: the exit saves HLT, and the guest is back in it after VM entry. */
static void an_exit_from_hlt_saves_hlt(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	enter(&m);
	assert_result(vtx_hlt(&m.cpu), VTX_HALTED);
	assert_true(m.cpu.retired);
	vtx_ipi(&m.cpu, HOST_VECTOR);
	assert_exits(&m, vtx_wait(&m.cpu), VTX_EXIT_EXTERNAL_INTERRUPT);
	assert_int_equal(m.vmcs.activity, VTX_ACTIVITY_HLT);
	assert_result(vtx_enter(&m.cpu, &m.vmcs), VTX_HALTED);
	assert_result(vtx_step(&m.cpu), VTX_HALTED);
	assert_false(m.cpu.retired);
}

/* 29.2.2: delivery wakes from HLT; so does it if recognized before HLT. */
static void sti_hlt_has_no_gap(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	m.vmcs.rflags = 0;
	enter(&m);
	assert_carries_on(vtx_sti(&m.cpu));
	/* It arrives in the shadow of STI. */
	machine_post(&m, 0x51);
	assert_takes(&m, vtx_hlt(&m.cpu), 0x51);
	assert_true(m.cpu.retired);
	machine_exit(&m);
	assert_int_equal(m.vmcs.activity, VTX_ACTIVITY_ACTIVE);
	assert_int_equal(m.vmcs.interruptibility, 0);
}

static void hlt_with_if_0_sleeps_through_virtual_interrupts(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	m.vmcs.rflags = 0;
	enter(&m);
	assert_result(vtx_hlt(&m.cpu), VTX_HALTED);
	machine_post(&m, 0x51);
	assert_result(vtx_wait(&m.cpu), VTX_HALTED);
	assert_int_equal(m.vmcs.stats.notifications, 1);
	vtx_ipi(&m.cpu, HOST_VECTOR);
	assert_exits(&m, vtx_wait(&m.cpu), VTX_EXIT_EXTERNAL_INTERRUPT);
	assert_int_equal(machine_rvi(&m), 0x51);
}

static void *post_one(void *arg)
{
	machine_post(arg, 0x51);
	return NULL;
}

static void a_notification_wakes_a_waiting_guest(void **state)
{
	struct machine m;
	pthread_t thread;

	(void)state;
	machine_make(&m, XAPIC);
	m.vmcs.rflags = 0;
	m.cpu.nowait = false;
	enter(&m);
	assert_carries_on(vtx_sti(&m.cpu));
	assert_int_equal(pthread_create(&thread, NULL, post_one, &m), 0);
	assert_takes(&m, vtx_hlt(&m.cpu), 0x51);
	assert_true(m.cpu.retired);
	pthread_join(thread, NULL);
	assert_int_equal(m.vmcs.stats.exits[VTX_EXIT_EXTERNAL_INTERRUPT], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vmcall_exits),
		cmocka_unit_test(an_external_interrupt_exits),
		cmocka_unit_test(an_unacknowledged_interrupt_stays_pending),
		cmocka_unit_test(without_exiting_the_guest_takes_them),
		cmocka_unit_test(sti_blocks_for_one_instruction),
		cmocka_unit_test(sti_cli_leaves_no_window),
		cmocka_unit_test(blocking_by_sti_delays_the_exit),
		cmocka_unit_test(the_shadow_survives_an_exit_in_it),
		cmocka_unit_test(blocking_by_mov_ss_lasts_one_instruction_too),
		cmocka_unit_test(
			a_virtual_interrupt_goes_before_an_external_one),
		cmocka_unit_test(the_interrupt_window),
		cmocka_unit_test(iret_opens_at_once),
		cmocka_unit_test(hlt_exits),
		cmocka_unit_test(an_exit_from_hlt_saves_hlt),
		cmocka_unit_test(sti_hlt_has_no_gap),
		cmocka_unit_test(
			hlt_with_if_0_sleeps_through_virtual_interrupts),
		cmocka_unit_test(a_notification_wakes_a_waiting_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
