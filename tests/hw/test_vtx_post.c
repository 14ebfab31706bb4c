/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Posted-interrupt processing: SDM vol. 3, 29.6. */

#include "machine.h"

static void set_pir(struct machine *m, uint8_t vector)
{
	m->pid.pir[vector / 64] |= UINT64_C(1) << (vector % 64);
}

/* A guest with IF = 0, so that nothing is delivered. */
static void make_closed(struct machine *m)
{
	machine_make(m, XAPIC);
	m->vmcs.rflags = 0;
	assert_carries_on(vtx_enter(&m->cpu, &m->vmcs));
}

/* Steps 1 and 2: another vector exits, and the descriptor is left alone. */
static void other_vectors_exit(void **state)
{
	struct machine m;
	int vector;

	(void)state;
	for (vector = 16; vector < 256; vector++) {
		if (vector == NV)
			continue;
		make_closed(&m);
		set_pir(&m, 0x51);
		m.pid.control |= VIC_PID_ON;
		vtx_ipi(&m.cpu, (uint8_t)vector);
		assert_exits(&m, vtx_step(&m.cpu), VTX_EXIT_EXTERNAL_INTERRUPT);
		assert_int_equal(m.vmcs.exit_info,
				 VTX_INFO_VALID | (unsigned)vector);
		assert_true(m.pid.control & VIC_PID_ON);
		assert_int_equal(machine_rvi(&m), 0);
		assert_int_equal(m.vmcs.stats.notifications, 0);
	}
}

static void without_the_control_the_notification_vector_exits(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	m.vmcs.pin_based &= ~VTX_PIN_PROCESS_POSTED_INTERRUPTS;
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	machine_post(&m, 0x51);
	assert_exits(&m, vtx_step(&m.cpu), VTX_EXIT_EXTERNAL_INTERRUPT);
	assert_int_equal(m.vmcs.exit_info, VTX_INFO_VALID | NV);
}

/* Step 3: ON is cleared, the rest of the descriptor is unmodified. */
static void only_on_is_cleared(void **state)
{
	struct machine m;
	uint64_t control;

	(void)state;
	make_closed(&m);
	control = m.pid.control | VIC_PID_SN | UINT64_C(0xab) << 8;
	m.pid.control = control | VIC_PID_ON;
	m.pid.reserved[1] = 0x1234;
	vtx_ipi(&m.cpu, NV);
	assert_carries_on(vtx_step(&m.cpu));
	assert_true(m.pid.control == control);
	assert_true(m.pid.reserved[1] == 0x1234);
	/* Step 4: the notification is dismissed, without an exit. */
	assert_false(vtx_pending(&m.cpu));
	assert_int_equal(m.vmcs.stats.notifications, 1);
}

/* Step 5, for every vector; and step 6. */
static void pir_goes_to_virr(void **state)
{
	struct machine m;
	int vector;

	(void)state;
	make_closed(&m);
	for (vector = 255; vector >= 0; vector--) {
		set_pir(&m, (uint8_t)vector);
		vtx_ipi(&m.cpu, NV);
		assert_carries_on(vtx_step(&m.cpu));
		assert_true(machine_bit(&m, VIC_APIC_IRR, (uint8_t)vector));
		assert_true(!(m.pid.pir[0] | m.pid.pir[1] | m.pid.pir[2] |
			      m.pid.pir[3]));
		assert_int_equal(m.vmcs.stats.posted[vector], 1);
	}
	machine_exit(&m);
	/* The maximum of the old RVI and the highest that was in PIR. */
	assert_int_equal(machine_rvi(&m), 255);
	assert_int_equal(vtx_sum(m.vmcs.stats.folds), 0);
}

static void rvi_rises_to_the_highest_in_pir(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	m.vmcs.rflags = 0;
	machine_request(&m, 0x61);
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	set_pir(&m, 0x31);
	set_pir(&m, 0x51);
	vtx_ipi(&m.cpu, NV);
	assert_carries_on(vtx_step(&m.cpu));
	set_pir(&m, 0xa1);
	set_pir(&m, 0x92);
	vtx_ipi(&m.cpu, NV);
	assert_carries_on(vtx_step(&m.cpu));
	/* An empty PIR leaves RVI unmodified. */
	vtx_ipi(&m.cpu, NV);
	assert_carries_on(vtx_step(&m.cpu));
	machine_exit(&m);
	assert_int_equal(machine_rvi(&m), 0xa1);
	assert_true(machine_bit(&m, VIC_APIC_IRR, 0x31));
	assert_true(machine_bit(&m, VIC_APIC_IRR, 0x92));

	machine_make(&m, XAPIC);
	m.vmcs.rflags = 0;
	machine_request(&m, 0x61);
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	set_pir(&m, 0x31);
	vtx_ipi(&m.cpu, NV);
	assert_carries_on(vtx_step(&m.cpu));
	machine_exit(&m);
	assert_int_equal(machine_rvi(&m), 0x61);
}

/* Step 7: and what it recognizes may be delivered at once. */
static void a_post_is_delivered_without_an_exit(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	assert_true(machine_post(&m, 0x51).notify);
	assert_false(machine_post(&m, 0x31).notify);
	assert_takes(&m, vtx_step(&m.cpu), 0x51);
	assert_carries_on(vtx_store(&m.cpu, VIC_APIC_EOI, 0));
	assert_carries_on(vtx_iret(&m.cpu, true));
	assert_takes(&m, vtx_step(&m.cpu), 0x31);
	machine_exit(&m);
	assert_int_equal(m.vmcs.stats.notifications, 1);
	assert_int_equal(m.vmcs.stats.exits[VTX_EXIT_EXTERNAL_INTERRUPT], 0);
}

static void a_post_below_vppr_waits_for_the_tpr(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	machine_set_reg(&m, VIC_APIC_TPR, 0x50);
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	machine_post(&m, 0x5f);
	assert_carries_on(vtx_step(&m.cpu));
	assert_carries_on(vtx_mov_to_cr8(&m.cpu, 4));
	assert_takes(&m, vtx_step(&m.cpu), 0x5f);
}

/* A host's own interrupt beside it: each by its priority, none lost. */
static void a_notification_and_a_host_interrupt(void **state)
{
	static const uint8_t others[] = {NV - 1, NV + 1};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct machine m;

		make_closed(&m);
		machine_post(&m, 0x51);
		vtx_ipi(&m.cpu, others[i]);
		assert_exits(&m, vtx_step(&m.cpu), VTX_EXIT_EXTERNAL_INTERRUPT);
		assert_int_equal(m.vmcs.exit_info, VTX_INFO_VALID | others[i]);
		assert_int_equal(machine_rvi(&m), others[i] < NV ? 0x51 : 0);
		assert_int_equal(vtx_pending(&m.cpu), others[i] > NV);
	}
}

/* HLT: processing leaves the guest in HLT unless an interrupt is taken. */
static void in_hlt(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	machine_set_reg(&m, VIC_APIC_TPR, 0x50);
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	assert_result(vtx_hlt(&m.cpu), VTX_HALTED);
	machine_post(&m, 0x31);
	assert_result(vtx_wait(&m.cpu), VTX_HALTED);
	machine_post(&m, 0x61);
	assert_takes(&m, vtx_wait(&m.cpu), 0x61);
	assert_carries_on(vtx_step(&m.cpu));
	machine_exit(&m);
	assert_int_equal(m.vmcs.activity, VTX_ACTIVITY_ACTIVE);
	assert_int_equal(m.vmcs.stats.notifications, 2);
}

static void merged_requests_are_counted(void **state)
{
	struct machine m;
	int i;

	(void)state;
	make_closed(&m);
	for (i = 0; i < 5; i++) {
		assert_true(machine_post(&m, 0x51).posted);
		assert_carries_on(vtx_step(&m.cpu));
	}
	machine_post(&m, 0x61);
	assert_carries_on(vtx_step(&m.cpu));
	assert_int_equal(m.vmcs.stats.posted[0x51], 5);
	assert_int_equal(m.vmcs.stats.folds[0x51], 4);
	assert_int_equal(vtx_sum(m.vmcs.stats.folds), 4);
	assert_int_equal(vtx_sum(m.vmcs.stats.posted), 6);
}

/* What the descriptor looks like between the processor's accesses. */
struct watcher {
	const struct vic_pid *pid;
	int calls;
	bool on[8];
	int words[8];
};

static void watch(void *arg)
{
	struct watcher *watcher = arg;
	int i;

	assert_in_range(watcher->calls, 0, 7);
	watcher->on[watcher->calls] = watcher->pid->control & VIC_PID_ON;
	for (i = 0; i < 4; i++)
		watcher->words[watcher->calls] += !!watcher->pid->pir[i];
	watcher->calls++;
}

/* ON goes first: step 3 before step 5. */
static void on_is_cleared_before_pir_is_read(void **state)
{
	struct machine m;
	struct watcher watcher = {.pid = &m.pid};
	int i;

	(void)state;
	make_closed(&m);
	m.cpu.hook = (struct vtx_hook){watch, &watcher};
	for (i = 0; i < 4; i++)
		machine_post(&m, (uint8_t)(i * 64 + 17));
	assert_carries_on(vtx_step(&m.cpu));
	assert_int_equal(watcher.calls, 5);
	assert_true(watcher.on[0]);
	for (i = 1; i < 5; i++) {
		assert_false(watcher.on[i]);
		assert_int_equal(watcher.words[i], 5 - i);
	}
}

/* Posts @vector when the processor is at its access number @at. */
struct poster {
	struct machine *m;
	int at;
	int calls;
	uint8_t vector;
};

static void post(void *arg)
{
	struct poster *poster = arg;

	if (poster->calls++ == poster->at)
		machine_post(poster->m, poster->vector);
}

static void a_post_at_any_moment_arrives(void **state)
{
	int at, vector;

	(void)state;
	for (at = 0; at < 5; at++)
		for (vector = 16; vector < 256; vector++) {
			struct machine m;
			struct poster poster = {&m, at, 0, (uint8_t)vector};

			make_closed(&m);
			m.cpu.hook = (struct vtx_hook){post, &poster};
			machine_post(&m, 0x85);
			assert_carries_on(vtx_step(&m.cpu));
			assert_true(machine_bit(&m, VIC_APIC_IRR, 0x85));
			assert_true(
				machine_bit(&m, VIC_APIC_IRR, (uint8_t)vector));
			assert_false(m.pid.control & VIC_PID_ON);
			assert_false(vtx_pending(&m.cpu));
			machine_exit(&m);
			assert_int_equal(machine_rvi(&m),
					 vector > 0x85 ? vector : 0x85);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_vectors_exit),
		cmocka_unit_test(
			without_the_control_the_notification_vector_exits),
		cmocka_unit_test(only_on_is_cleared),
		cmocka_unit_test(pir_goes_to_virr),
		cmocka_unit_test(rvi_rises_to_the_highest_in_pir),
		cmocka_unit_test(a_post_is_delivered_without_an_exit),
		cmocka_unit_test(a_post_below_vppr_waits_for_the_tpr),
		cmocka_unit_test(a_notification_and_a_host_interrupt),
		cmocka_unit_test(in_hlt),
		cmocka_unit_test(merged_requests_are_counted),
		cmocka_unit_test(on_is_cleared_before_pir_is_read),
		cmocka_unit_test(a_post_at_any_moment_arrives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
