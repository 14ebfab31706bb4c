/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Posting goes on and off while interrupts are everywhere: posted, held,
 * pending, in service. So do INIT, reset, save and restore.
 */

#include "fake_image.h"
#include "fake_posting.h"

static struct fake_vm vm;
static struct fake_run run;

static struct fake_vcpu *cpu(void)
{
	return &vm.cpu[0];
}

static enum vic_enter enter(void)
{
	return vic_lapic_enter(cpu()->lapic, &run.status);
}

/* What waits where, before it is thrown away or carried over. */
static void fill_everything(void)
{
	fake_run_make(&run, &vm, false);
	fake_post(cpu(), 0x31, true);
	fake_run_enter(&run);
	fake_deliver(&run);
	fake_post(cpu(), 0x35, false);
	fake_notification(&run);
	fake_post(cpu(), 0x81, true);
	fake_post(cpu(), 0x91, false);
	fake_run_exit(&run, true);
}

static void init_and_reset_discard(void **state)
{
	for (int reset = 0; reset < 2; reset++) {
		const struct vic_counters *own;

		(void)state;
		fill_everything();
		own = vic_vcpu_counters(cpu()->vcpu);
		if (reset) {
			vic_lapic_reset(cpu()->lapic);
		} else {
			fake_request(cpu(), VIC_REQUEST_INIT, 0);
			assert_int_equal(enter(), VIC_ENTER_AGAIN);
			assert_true(fake_run_scan(&run) & VIC_WORK_INIT);
			assert_int_equal(vic_lapic_ack_init(cpu()->lapic),
					 VIC_OK);
		}
		fake_write(cpu(), VIC_APIC_SVR, 0x1ff);
		assert_int_equal(vic_lapic_harvest(cpu()->lapic), 0);
		fake_run_scan(&run);
		assert_false(fake_eoi_exits(cpu(), 0x31) ||
			     fake_eoi_exits(cpu(), 0x81));
		/* 0x31 went to the guest, which libvic does not see. */
		assert_in_range(own->discarded, 3, 4);
		if (!vic_lapic_posting(cpu()->lapic))
			continue;
		fake_run_enter(&run);
		assert_int_equal(run.status, 0);
		assert_int_equal(run.eoi_exit[0] | run.eoi_exit[1] |
					 run.eoi_exit[2] | run.eoi_exit[3],
				 0);
		/* And it is a usual edge again. */
		assert_int_equal(fake_post(cpu(), 0x81, false),
				 VIC_POST_NOTIFIED);
	}
}

static void inhibited_in_the_middle_of_everything(void **state)
{
	(void)state;
	fill_everything();
	assert_int_equal(vic_lapic_set_posting(cpu()->lapic, false), VIC_OK);
	fake_complete(cpu(), 0x91);
	assert_int_equal(cpu()->eois, 0);
	fake_complete(cpu(), 0x81);
	assert_int_equal(cpu()->eoi_number, 0x81);
	/* 0x35 is of the class that is in service. */
	assert_int_equal(fake_deliverable(cpu()), 0);
	fake_write(cpu(), VIC_APIC_EOI, 0);
	assert_int_equal(cpu()->eoi_number, 0x31);
	assert_int_equal(cpu()->eois, 2);
	fake_complete(cpu(), 0x35);
	assert_int_equal(cpu()->eois, 2);
	/* Nothing is held any more, whatever the trigger mode. */
	fake_enter(cpu());
	assert_int_equal(fake_post(cpu(), 0x81, false), VIC_POST_KICKED);
	assert_int_equal(fake_post(cpu(), 0x83, true), VIC_POST_COALESCED);
	vic_vcpu_exit(cpu()->vcpu, true);
	assert_int_equal(vm.device.held, 2);
}

static void activated_in_the_middle_of_everything(void **state)
{
	uint8_t vector;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	fake_serve(&vm, cpu(), 0x31);
	fake_post(cpu(), 0x41, true);
	fake_harvest(cpu());
	assert_int_equal(vic_lapic_ack(cpu()->lapic, 0x41), VIC_OK);
	fake_post(cpu(), 0x45, true);
	fake_post(cpu(), 0x46, false);
	fake_harvest(cpu());
	fake_post(cpu(), 0x81, true);
	fake_post(cpu(), 0x91, false);
	fake_run_start(&run, cpu(), fake_pcpu(0, 0, NULL));
	fake_run_enter(&run);
	assert_int_equal(run.status, 0x4191);
	assert_int_equal(fake_deliver(&run), 0x91);
	assert_false(fake_virtual_eoi(&run, &vector));
	assert_int_equal(vector, 0x91);
	assert_int_equal(fake_deliver(&run), 0x81);
	assert_true(fake_virtual_eoi(&run, &vector));
	assert_int_equal(vector, 0x81);
	assert_int_equal(fake_deliver(&run), 0);
	assert_true(fake_virtual_eoi(&run, &vector));
	assert_int_equal(vector, 0x41);
	assert_int_equal(fake_deliver(&run), 0x46);
	assert_false(fake_virtual_eoi(&run, &vector));
	assert_int_equal(fake_deliver(&run), 0x45);
	assert_true(fake_virtual_eoi(&run, &vector));
	assert_false(fake_virtual_eoi(&run, &vector));
	assert_int_equal(vector, 0x31);
	assert_int_equal(run.status, 0);
}

static void a_guest_that_disables_the_apic(void **state)
{
	(void)state;
	fill_everything();
	fake_hardware_enable(cpu(), false);
	assert_false(vic_lapic_posting(cpu()->lapic));
	fake_harvest(cpu());
	assert_int_equal(enter(), VIC_ENTER_GUEST);
	assert_int_equal(fake_inbox(cpu()).state, VIC_GUEST);
	vic_lapic_exit(cpu()->lapic, 0, false);
	fake_hardware_enable(cpu(), true);
	assert_false(vic_lapic_posting(cpu()->lapic));
	fake_write(cpu(), VIC_APIC_SVR, 0x1ff);
	fake_run_start(&run, cpu(), fake_pcpu(0, 0, NULL));
	fake_run_enter(&run);
	assert_int_equal(run.status, 0);
	assert_false(fake_eoi_exits(cpu(), 0x31) ||
		     fake_eoi_exits(cpu(), 0x81));
	assert_int_equal(fake_post(cpu(), 0x91, false), VIC_POST_NOTIFIED);
}

static void restored(void **state)
{
	struct fake_image image;

	(void)state;
	fill_everything();
	image = fake_save(cpu());
	assert_true(vic_lapic_posting(cpu()->lapic));
	fake_restore(cpu(), &image);
	assert_false(vic_lapic_posting(cpu()->lapic));
	/* All that was saved is offered. */
	fake_complete(cpu(), 0x91);
	fake_complete(cpu(), 0x81);
	assert_int_equal(cpu()->eois, 1);
	fake_write(cpu(), VIC_APIC_EOI, 0);
	assert_int_equal(cpu()->eoi_number, 0x31);
	fake_complete(cpu(), 0x35);
	assert_int_equal(fake_deliverable(cpu()), 0);
}

/* The same history on a host that posts and on one that does not. */
static void saved_while_posting(void **state)
{
	for (int x2apic = 0; x2apic < 2; x2apic++) {
		struct fake_image posting, plain;
		struct fake_vm twin;

		(void)state;
		fake_run_make(&run, &vm, x2apic);
		fake_vm_plain(&twin, 1, x2apic);
		for (uint32_t v = 16; v < 250; v += 7) {
			uint8_t vector;

			fake_post(cpu(), (uint8_t)v, v % 3 == 0);
			vic_vcpu_post(twin.cpu[0].vcpu, &twin.device,
				      (uint8_t)v, v % 3 == 0);
			if (v % 2)
				continue;
			fake_run_enter(&run);
			vector = fake_deliver(&run);
			fake_run_exit(&run, false);
			assert_int_equal(fake_deliverable(&twin.cpu[0]),
					 vector);
			if (!vector)
				continue;
			assert_int_equal(
				vic_lapic_ack(twin.cpu[0].lapic, vector),
				VIC_OK);
		}
		fake_request(cpu(), VIC_REQUEST_NMI, 0);
		fake_request(&twin.cpu[0], VIC_REQUEST_NMI, 0);
		posting = fake_save(cpu());
		plain = fake_save(&twin.cpu[0]);
		assert_memory_equal(posting.bytes, plain.bytes,
				    sizeof(plain.bytes));
		assert_true(vic_lapic_posting(cpu()->lapic));
		/* The save asks for a look. */
		assert_int_equal(enter(), VIC_ENTER_AGAIN);
		assert_true(fake_run_scan(&run) & VIC_WORK_RESYNC);
		fake_run_enter(&run);
		assert_int_equal(run.status >> 8, 16 + 7 * 32);
	}
}

/* What a device posts for one that is preempted is in no ON: APIC-69. */
static void saved_while_preempted(void **state)
{
	(void)state;
	for (int posting = 0; posting < 2; posting++) {
		struct fake_image image;

		fake_run_make(&run, &vm, false);
		if (!posting)
			assert_int_equal(
				vic_lapic_set_posting(cpu()->lapic, false),
				VIC_OK);
		vic_vcpu_put(cpu()->vcpu);
		fake_device_post(cpu()->vcpu, 0x41);
		assert_false(fake_inbox(cpu()).outstanding);
		image = fake_save(cpu());
		assert_int_equal(
			fake_image_get(&image, IMAGE_PAGE(VIC_APIC_IRR + 32)),
			2);
	}
}

/*
 * vic/counters.h, "folded": newly pending = acked + discarded + folded +
 * still pending, where the processor's deliveries and folds are its own.
 */
static void newly_pending_is_accounted_for(void **state)
{
	uint64_t fresh = 0, pending = 0;
	const struct vic_counters *own;
	uint32_t random = 7;

	(void)state;
	fake_run_make(&run, &vm, false);
	own = vic_vcpu_counters(cpu()->vcpu);
	for (int i = 0; i < 20000; i++) {
		enum vic_post what;
		uint8_t vector;
		unsigned int n;

		random = random * 1664525 + 1013904223;
		n = random >> 28;
		vector = (uint8_t)(16 + (random >> 8) % 240);
		what = fake_post(cpu(), vector, (random >> 20 & 31) == 0);
		fresh += what != VIC_POST_MERGED;
		if (what == VIC_POST_NOTIFIED && n % 2)
			fake_notification(&run);
		if (fake_inbox(cpu()).state != VIC_POSTED) {
			if (n > 3)
				fake_run_enter(&run);
			continue;
		}
		fake_deliver(&run);
		if (n < 9 && run.status >> 8)
			fake_virtual_eoi(&run, &vector);
		if (n > 9)
			fake_run_exit(&run, what == VIC_POST_KICKED);
		if (n == 15) {
			fake_request(cpu(), VIC_REQUEST_INIT, 0);
			fake_run_scan(&run);
			assert_int_equal(vic_lapic_ack_init(cpu()->lapic),
					 VIC_OK);
			fake_write(cpu(), VIC_APIC_SVR, 0x1ff);
			/* What was in service counted as delivered. */
			fake_run_scan(&run);
		}
	}
	if (fake_inbox(cpu()).state == VIC_POSTED)
		fake_run_exit(&run, false);
	fake_run_touch(&run);
	for (uint32_t v = 16; v < 256; v++)
		pending += fake_page_bit(cpu(), VIC_APIC_IRR, (uint8_t)v);
	assert_int_equal(fresh, run.delivered + own->acked[VIC_MODE_FIXED] +
					own->discarded + own->folded +
					run.folds + pending);
	assert_int_equal(vm.device.vectors.notified, cpu()->notifies);
	assert_int_equal(vm.device.vectors.kicked, cpu()->kicks);
	assert_true(vm.device.held > 100 && own->discarded > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(init_and_reset_discard),
		FAKE_TEST(inhibited_in_the_middle_of_everything),
		FAKE_TEST(activated_in_the_middle_of_everything),
		FAKE_TEST(a_guest_that_disables_the_apic),
		FAKE_TEST(restored),
		FAKE_TEST(saved_while_posting),
		FAKE_TEST(saved_while_preempted),
		FAKE_TEST(newly_pending_is_accounted_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
