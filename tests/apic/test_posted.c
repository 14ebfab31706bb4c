/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Vectors that a processor takes from the descriptor by itself: entry, exit
 * and notification (SDM vol. 3, 29.2, 29.6).
 */

#include "fake_posting.h"

static struct fake_vm vm;
static struct fake_run run;

static struct fake_vcpu *cpu(void)
{
	return &vm.cpu[0];
}

static bool irr(uint8_t vector)
{
	return fake_page_bit(cpu(), VIC_APIC_IRR, vector);
}

static enum vic_enter enter(void)
{
	return vic_lapic_enter(cpu()->lapic, &run.status);
}

static void what_posting_needs(void **state)
{
	struct vic_vcpu_ops ops = fake_ops;
	struct fake_spec spec = {.vcpus = 1, .ops = &ops};

	(void)state;
	fake_vm_plain(&vm, 1, false);
	assert_false(vic_lapic_posting(cpu()->lapic));
	/* A vCPU that was never loaded has nobody to notify. */
	assert_int_equal(vic_lapic_set_posting(cpu()->lapic, true),
			 VIC_ERR_STATE);
	assert_false(vic_lapic_posting(cpu()->lapic));
	vic_vcpu_load(cpu()->vcpu, fake_pcpu(0, 0, NULL));
	assert_int_equal(vic_lapic_set_posting(cpu()->lapic, true), VIC_OK);
	assert_true(vic_lapic_posting(cpu()->lapic));
	assert_int_equal(vic_lapic_set_posting(cpu()->lapic, true), VIC_OK);
	assert_int_equal(vic_lapic_set_posting(cpu()->lapic, false), VIC_OK);
	assert_false(vic_lapic_posting(cpu()->lapic));
	/* Software-disabled is not disabled. */
	fake_write(cpu(), VIC_APIC_SVR, VIC_SVR_RESET);
	assert_int_equal(vic_lapic_set_posting(cpu()->lapic, true), VIC_OK);
	assert_int_equal(vic_lapic_set_posting(cpu()->lapic, false), VIC_OK);
	fake_write_base(cpu(), VIC_APIC_BASE_RESET);
	assert_int_equal(vic_lapic_set_posting(cpu()->lapic, true),
			 VIC_ERR_STATE);
	assert_false(vic_lapic_posting(cpu()->lapic));
	ops.notify = NULL;
	fake_vm_make(&vm, &spec);
	vic_vcpu_load(cpu()->vcpu, fake_pcpu(0, 0, NULL));
	assert_int_equal(vic_lapic_set_posting(cpu()->lapic, true),
			 VIC_ERR_INVAL);
	assert_false(vic_lapic_posting(cpu()->lapic));
}

static void off_enter_and_exit_are_the_vcpus(void **state)
{
	struct vic_work work;

	(void)state;
	fake_run_make(&run, &vm, false);
	assert_int_equal(vic_lapic_set_posting(cpu()->lapic, false), VIC_OK);
	fake_harvest(cpu());
	assert_int_equal(enter(), VIC_ENTER_GUEST);
	assert_int_equal(fake_inbox(cpu()).state, VIC_GUEST);
	assert_int_equal(fake_post(cpu(), 0x41, false), VIC_POST_KICKED);
	assert_int_equal(cpu()->notifies, 0);
	vic_lapic_exit(cpu()->lapic, 0, true);
	assert_int_equal(fake_inbox(cpu()).state, VIC_HOST);
	assert_int_equal(enter(), VIC_ENTER_AGAIN);
	assert_true(vic_lapic_scan(cpu()->lapic, VIC_CAN_IRQ, &work) &
		    VIC_WORK_IRQ);
	assert_int_equal(work.vector, 0x41);
}

/* APIC-67 */
static void apic_67_notified_on_the_edge(void **state)
{
	for (int x2apic = 0; x2apic < 2; x2apic++) {
		(void)state;
		fake_run_make(&run, &vm, x2apic);
		fake_run_enter(&run);
		assert_int_equal(fake_post(cpu(), 0x41, false),
				 VIC_POST_NOTIFIED);
		assert_int_equal(cpu()->notifies, 1);
		assert_int_equal(cpu()->notify_vector, FAKE_NV);
		assert_int_equal(cpu()->notify_dest, FAKE_PCPU_ID(0));
		assert_true(fake_inbox(cpu()).outstanding);
		assert_int_equal(fake_post(cpu(), 0x41, false),
				 VIC_POST_MERGED);
		assert_int_equal(fake_post(cpu(), 0x42, false),
				 VIC_POST_COALESCED);
		assert_int_equal(fake_post(cpu(), 0xff, false),
				 VIC_POST_COALESCED);
		assert_int_equal(cpu()->notifies, 1);
		fake_notification(&run);
		assert_int_equal(fake_rvi(&run), 0xff);
		assert_int_equal(fake_post(cpu(), 0x41, false),
				 VIC_POST_NOTIFIED);
		assert_int_equal(cpu()->notifies, 2);
		assert_int_equal(cpu()->kicks + cpu()->wakes, 0);
		assert_int_equal(vm.device.vectors.notified, 2);
		assert_int_equal(vm.device.vectors.coalesced, 2);
		assert_int_equal(vm.device.vectors.merged, 1);
		assert_int_equal(vm.device.held, 0);
	}
}

/* APIC-67 */
static void apic_67_no_notification_elsewhere(void **state)
{
	(void)state;
	fake_run_make(&run, &vm, false);
	assert_int_equal(fake_post(cpu(), 0x41, false), VIC_POST_SILENT);
	fake_run_touch(&run);
	assert_int_equal(vic_vcpu_block(cpu()->vcpu), true);
	assert_int_equal(fake_post(cpu(), 0x42, false), VIC_POST_WOKEN);
	assert_int_equal(cpu()->wakes, 1);
	vic_vcpu_unblock(cpu()->vcpu);
	assert_int_equal(cpu()->notifies + cpu()->kicks, 0);
	/* It went elsewhere: there is where the next one goes. */
	vic_vcpu_put(cpu()->vcpu);
	vic_vcpu_load(cpu()->vcpu, fake_pcpu(1, 0, NULL));
	fake_run_enter(&run);
	assert_int_equal(fake_rvi(&run), 0x42);
	assert_int_equal(fake_post(cpu(), 0x43, false), VIC_POST_NOTIFIED);
	assert_int_equal(cpu()->notify_dest, FAKE_PCPU_ID(1));
	fake_run_exit(&run, false);
	/* The notification was late; nothing is lost. */
	fake_run_enter(&run);
	assert_int_equal(fake_rvi(&run), 0x43);
}

/* APIC-66 */
static void apic_66_destination_of_a_notification(void **state)
{
	(void)state;
	fake_vm_plain(&vm, 1, false);
	fake_run_start(&run, cpu(), fake_pcpu(2, VIC_PCPU_XAPIC, NULL));
	fake_run_enter(&run);
	assert_int_equal(fake_post(cpu(), 0x41, false), VIC_POST_NOTIFIED);
	/* As the descriptor has it: the id in bits 15:8 of NDST. */
	assert_int_equal(cpu()->notify_dest, FAKE_PCPU_ID(2) << 8);
}

/* APIC-67 */
static void apic_67_requests_kick(void **state)
{
	static const enum vic_request requests[] = {
		VIC_REQUEST_NMI,   VIC_REQUEST_SMI,    VIC_REQUEST_INIT,
		VIC_REQUEST_ESR,   VIC_REQUEST_RESYNC, VIC_REQUEST_TIMER,
		VIC_REQUEST_LINT0,
	};

	(void)state;
	for (size_t i = 0; i < FAKE_COUNT(requests); i++) {
		fake_run_make(&run, &vm, false);
		fake_run_enter(&run);
		assert_int_equal(vic_vcpu_request(cpu()->vcpu, &vm.device,
						  requests[i], 1),
				 VIC_POST_KICKED);
		assert_int_equal(cpu()->kicks, 1);
		/* Each on its own edge. */
		assert_int_equal(fake_post(cpu(), 0x41, false),
				 VIC_POST_NOTIFIED);
		assert_int_equal(cpu()->notifies, 1);
		fake_run_exit(&run, true);
		assert_int_equal(enter(), VIC_ENTER_AGAIN);
		assert_int_equal(fake_inbox(cpu()).state, VIC_HOST);
	}
}

/* APIC-72 */
static void apic_72_entry_takes_over(void **state)
{
	(void)state;
	for (uint32_t v = 16; v < 256; v++) {
		fake_run_make(&run, &vm, v & 1);
		fake_post(cpu(), (uint8_t)v, false);
		assert_int_equal(enter(), VIC_ENTER_GUEST);
		assert_int_equal(fake_inbox(cpu()).state, VIC_POSTED);
		assert_int_equal(run.status, v);
		assert_false(fake_inbox(cpu()).outstanding);
		for (int i = 0; i < 4; i++)
			assert_int_equal(fake_inbox(cpu()).pir[i], 0);
		assert_true(irr((uint8_t)v));
		assert_int_equal(fake_deliver(&run), v);
		assert_int_equal(run.status, v << 8);
		fake_run_exit(&run, false);
		assert_int_equal(fake_inbox(cpu()).state, VIC_HOST);
		assert_int_equal(enter(), VIC_ENTER_GUEST);
		assert_int_equal(run.status, v << 8);
	}
}

/* APIC-72 */
static void apic_72_vectors_never_refuse(void **state)
{
	const struct vic_counters *own;

	(void)state;
	fake_run_make(&run, &vm, false);
	own = vic_vcpu_counters(cpu()->vcpu);
	for (uint32_t i = 0; i < 1000; i++) {
		fake_post(cpu(), (uint8_t)(16 + i * 7 % 240), false);
		if (i % 3)
			fake_device_post(cpu()->vcpu, 0x55);
		assert_int_equal(enter(), VIC_ENTER_GUEST);
		assert_int_equal(
			fake_post(cpu(), (uint8_t)(16 + i * 11 % 240), false),
			VIC_POST_NOTIFIED);
		fake_run_exit(&run, false);
	}
	assert_int_equal(own->enters, 1000);
	assert_int_equal(own->exits, 1000);
	assert_int_equal(own->enter_refusals, 0);
	assert_int_equal(own->kicks, 0);
}

static void status_is_of_irr_and_isr(void **state)
{
	static const uint8_t vectors[] = {0x31, 0x45, 0x47, 0x52, 0xa3};

	(void)state;
	fake_run_make(&run, &vm, true);
	/* In service and pending, from both sides of the switch. */
	assert_int_equal(vic_lapic_set_posting(cpu()->lapic, false), VIC_OK);
	fake_serve(&vm, cpu(), 0x31);
	fake_serve(&vm, cpu(), 0x45);
	fake_post(cpu(), 0x47, false);
	fake_harvest(cpu());
	assert_int_equal(vic_lapic_set_posting(cpu()->lapic, true), VIC_OK);
	fake_run_scan(&run);
	fake_post(cpu(), 0x32, false);
	fake_run_enter(&run);
	assert_int_equal(fake_rvi(&run), 0x47);
	assert_int_equal(fake_svi(&run), 0x45);
	/* Of one class: it waits. */
	assert_int_equal(fake_deliver(&run), 0);
	for (size_t i = 3; i < FAKE_COUNT(vectors); i++) {
		fake_post(cpu(), vectors[i], false);
		fake_notification(&run);
		assert_int_equal(fake_deliver(&run), vectors[i]);
		fake_run_exit(&run, false);
		fake_run_enter(&run);
		assert_int_equal(fake_rvi(&run), 0x47);
		assert_int_equal(fake_svi(&run), vectors[i]);
	}
}

static void no_vector_is_offered(void **state)
{
	struct vic_work work;

	(void)state;
	fake_run_make(&run, &vm, false);
	fake_post(cpu(), 0x41, false);
	assert_int_equal(vic_lapic_scan(cpu()->lapic, FAKE_CAN_ALL, &work), 0);
	fake_request(cpu(), VIC_REQUEST_NMI, 0);
	fake_post(cpu(), 0x42, false);
	assert_int_equal(vic_lapic_scan(cpu()->lapic, FAKE_CAN_ALL, &work),
			 VIC_WORK_NMI);
	assert_int_equal(work.tpr_threshold, 0);
	assert_int_equal(vic_lapic_scan(cpu()->lapic, 0, &work),
			 VIC_WORK_NMI_WINDOW);
	assert_int_equal(vic_lapic_ack_nmi(cpu()->lapic), VIC_OK);
	fake_run_enter(&run);
	assert_int_equal(fake_rvi(&run), 0x42);
}

static void a_scan_tells_the_bitmap_first(void **state)
{
	struct vic_work work;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	vic_vcpu_load(cpu()->vcpu, fake_pcpu(0, 0, NULL));
	assert_int_equal(vic_lapic_set_posting(cpu()->lapic, true), VIC_OK);
	assert_int_equal(enter(), VIC_ENTER_AGAIN);
	assert_true(vic_lapic_scan(cpu()->lapic, FAKE_CAN_ALL, &work) &
		    VIC_WORK_EOI_EXIT);
	/* Told once. */
	assert_int_equal(vic_lapic_scan(cpu()->lapic, FAKE_CAN_ALL, &work), 0);
	assert_int_equal(enter(), VIC_ENTER_GUEST);
}

static void refuses_for_the_timer(void **state)
{
	struct vic_work work;

	(void)state;
	fake_run_make(&run, &vm, false);
	fake_write(cpu(), VIC_APIC_LVT_TIMER, 0x41);
	fake_write(cpu(), VIC_APIC_TIMER_ICR, 100);
	assert_int_equal(enter(), VIC_ENTER_AGAIN);
	assert_true(vic_lapic_scan(cpu()->lapic, 0, &work) & VIC_WORK_TIMER);
	fake_run_enter(&run);
	assert_int_equal(fake_rvi(&run), 0);
	vm.ticks += 1000;
	fake_request(cpu(), VIC_REQUEST_TIMER, 0);
	fake_run_exit(&run, true);
	fake_run_enter(&run);
	assert_int_equal(fake_rvi(&run), 0x41);
}

/* APIC-71 */
static void apic_71_progress_after_four_refusals(void **state)
{
	(void)state;
	fake_run_make(&run, &vm, false);
	for (int round = 0; round < 2; round++) {
		fake_request(cpu(), VIC_REQUEST_NMI, 0);
		fake_post(cpu(), 0x41, false);
		for (int i = 0; i < 4; i++)
			assert_int_equal(enter(), VIC_ENTER_AGAIN);
		run.status = 0xffff;
		assert_int_equal(enter(), VIC_ENTER_EXIT);
		assert_int_equal(run.status, 0x41);
		assert_int_not_equal(fake_inbox(cpu()).state, VIC_HOST);
		fake_run_exit(&run, false);
		assert_int_equal(fake_inbox(cpu()).state, VIC_HOST);
		assert_int_equal(enter(), VIC_ENTER_AGAIN);
		assert_true(fake_run_scan(&run) & VIC_WORK_NMI);
		fake_run_touch(&run);
	}
}

/* APIC-71 */
static void apic_71_a_sleeper_of_a_posting_vcpu(void **state)
{
	(void)state;
	fake_run_make(&run, &vm, false);
	fake_device_post(cpu()->vcpu, 0x41);
	assert_false(vic_lapic_block(cpu()->lapic, VIC_CAN_IRQ));
	fake_run_touch(&run);
	/* It is in IRR, and would be delivered: no reason to sleep. */
	assert_false(vic_lapic_block(cpu()->lapic, VIC_CAN_IRQ));
	fake_write(cpu(), VIC_APIC_TPR, 0x40);
	assert_true(vic_lapic_block(cpu()->lapic, VIC_CAN_IRQ));
	fake_device_post(cpu()->vcpu, 0x51);
	vic_vcpu_unblock(cpu()->vcpu);
	assert_false(vic_lapic_block(cpu()->lapic, VIC_CAN_IRQ));
	fake_run_enter(&run);
	assert_int_equal(fake_rvi(&run), 0x51);
}

/* APIC-71: a block that refuses swallows nothing. */
static void apic_71_entered_after_a_block_that_refused(void **state)
{
	static const enum vic_request requests[] = {
		VIC_REQUEST_NMI,
		VIC_REQUEST_SMI,
		VIC_REQUEST_INIT,
	};

	(void)state;
	for (size_t i = 0; i < FAKE_COUNT(requests); i++) {
		fake_run_make(&run, &vm, false);
		fake_request(cpu(), requests[i], 0);
		assert_false(vic_lapic_block(cpu()->lapic, FAKE_CAN_ALL));
		assert_int_equal(enter(), VIC_ENTER_AGAIN);
		assert_int_not_equal(fake_run_scan(&run), 0);
	}
}

/* APIC-69: what a device posted for one that was not loaded again yet. */
static void apic_69_entered_without_a_load(void **state)
{
	(void)state;
	fake_run_make(&run, &vm, false);
	vic_vcpu_put(cpu()->vcpu);
	fake_device_post(cpu()->vcpu, 0x41);
	assert_false(fake_inbox(cpu()).outstanding);
	assert_int_equal(enter(), VIC_ENTER_GUEST);
	assert_int_equal(fake_rvi(&run), 0x41);
}

/* APIC-68 */
static void apic_68_harvest(void **state)
{
	(void)state;
	fake_run_make(&run, &vm, true);
	assert_int_equal(vic_lapic_harvest(cpu()->lapic), 0);
	for (uint32_t v = 20; v < 256; v += 5) {
		fake_device_post(cpu()->vcpu, (uint8_t)v);
		assert_int_equal(vic_lapic_harvest(cpu()->lapic), v);
		assert_false(fake_inbox(cpu()).outstanding);
		/* Once more, with nothing new. */
		assert_int_equal(vic_lapic_harvest(cpu()->lapic), v);
		assert_int_equal(fake_inbox(cpu()).pir[v / 64], 0);
		assert_true(irr((uint8_t)v));
	}
	/* A lower one: the highest stays. */
	fake_post(cpu(), 0x30, false);
	assert_int_equal(vic_lapic_harvest(cpu()->lapic), 255);
	assert_true(irr(0x30));
	/* At any time, also without posting. */
	assert_int_equal(vic_lapic_set_posting(cpu()->lapic, false), VIC_OK);
	fake_post(cpu(), 0x31, false);
	assert_int_equal(vic_lapic_harvest(cpu()->lapic), 255);
	assert_true(irr(0x31));
}

/* APIC-68b */
static void apic_68b_on_without_pir(void **state)
{
	(void)state;
	fake_run_make(&run, &vm, false);
	fake_post(cpu(), 0x41, false);
	fake_post(cpu(), 0x91, false);
	fake_run_touch(&run);
	vic_vcpu_pid(cpu()->vcpu)->control |= VIC_PID_ON;
	assert_int_equal(vic_lapic_harvest(cpu()->lapic), 0x91);
	assert_false(fake_inbox(cpu()).outstanding);
	vic_vcpu_pid(cpu()->vcpu)->control |= VIC_PID_ON;
	fake_run_enter(&run);
	assert_int_equal(fake_rvi(&run), 0x91);
	assert_false(fake_inbox(cpu()).outstanding);
	assert_int_equal(fake_deliver(&run), 0x91);
	fake_run_exit(&run, false);
	vic_vcpu_pid(cpu()->vcpu)->control |= VIC_PID_ON;
	assert_int_equal(vic_lapic_harvest(cpu()->lapic), 0x41);
}

/* APIC-66 */
static void apic_66_illegal_vectors_of_a_device(void **state)
{
	(void)state;
	for (int alone = 0; alone < 2; alone++) {
		fake_run_make(&run, &vm, false);
		for (uint32_t v = 0; v < 16; v++)
			fake_device_post(cpu()->vcpu, (uint8_t)v);
		if (!alone)
			fake_device_post(cpu()->vcpu, 0x31);
		assert_int_equal(enter(), VIC_ENTER_GUEST);
		/* Below class 1 nothing is ever recognized. */
		assert_int_equal(fake_rvi(&run) & 0xf0, alone ? 0 : 0x30);
		assert_false(fake_inbox(cpu()).outstanding);
		assert_int_equal(fake_deliver(&run), alone ? 0 : 0x31);
		assert_int_equal(fake_deliver(&run), 0);
		fake_run_exit(&run, false);
		assert_true(fake_esr(cpu()) & VIC_ESR_RECEIVE_ILLEGAL);
		assert_int_equal(vic_vcpu_counters(cpu()->vcpu)->discarded, 16);
		fake_harvest(cpu());
		assert_true(vic_lapic_block(cpu()->lapic, FAKE_CAN_ALL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(what_posting_needs),
		FAKE_TEST(off_enter_and_exit_are_the_vcpus),
		FAKE_TEST(apic_67_notified_on_the_edge),
		FAKE_TEST(apic_67_no_notification_elsewhere),
		FAKE_TEST(apic_66_destination_of_a_notification),
		FAKE_TEST(apic_67_requests_kick),
		FAKE_TEST(apic_72_entry_takes_over),
		FAKE_TEST(apic_72_vectors_never_refuse),
		FAKE_TEST(status_is_of_irr_and_isr),
		FAKE_TEST(no_vector_is_offered),
		FAKE_TEST(a_scan_tells_the_bitmap_first),
		FAKE_TEST(refuses_for_the_timer),
		FAKE_TEST(apic_71_progress_after_four_refusals),
		FAKE_TEST(apic_71_a_sleeper_of_a_posting_vcpu),
		FAKE_TEST(apic_71_entered_after_a_block_that_refused),
		FAKE_TEST(apic_69_entered_without_a_load),
		FAKE_TEST(apic_68_harvest),
		FAKE_TEST(apic_68b_on_without_pir),
		FAKE_TEST(apic_66_illegal_vectors_of_a_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
