/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Vectors that may not be posted, because the EOI-exit bitmap of the running
 * target does not know their trigger mode yet (SDM vol. 3, 29.1.4), and the
 * exits that the bitmap asks for.
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

static bool tmr(uint8_t vector)
{
	return fake_page_bit(cpu(), VIC_APIC_TMR, vector);
}

static enum vic_enter enter(void)
{
	return vic_lapic_enter(cpu()->lapic, &run.status);
}

/* APIC-73 */
static void apic_73_level_for_a_running_target(void **state)
{
	(void)state;
	fake_run_make(&run, &vm, false);
	fake_run_enter(&run);
	assert_int_equal(fake_post(cpu(), 0x41, true), VIC_POST_KICKED);
	assert_int_equal(cpu()->kicks, 1);
	assert_int_equal(cpu()->notifies, 0);
	assert_int_equal(vm.device.held, 1);
	/* The processor does not find it: the bitmap is not loaded. */
	assert_false(vic_vcpu_pid(cpu()->vcpu)->pir[1]);
	assert_false(irr(0x41));
	assert_int_equal(fake_post(cpu(), 0x41, true), VIC_POST_MERGED);
	assert_int_equal(fake_post(cpu(), 0x42, true), VIC_POST_COALESCED);
	assert_int_equal(vm.device.held, 2);
	/* Others go on. */
	assert_int_equal(fake_post(cpu(), 0x43, false), VIC_POST_NOTIFIED);
	assert_int_equal(vm.device.held, 2);
	fake_run_exit(&run, true);
	assert_int_equal(enter(), VIC_ENTER_AGAIN);
	assert_false(fake_eoi_exits(cpu(), 0x40));
	fake_run_scan(&run);
	assert_true(run.eoi_exit[1] == 6);
	assert_true(irr(0x41) && irr(0x42) && irr(0x43));
	assert_true(tmr(0x41) && tmr(0x42) && !tmr(0x43));
	fake_run_enter(&run);
	assert_int_equal(fake_rvi(&run), 0x43);
	/* Known to the bitmap: posted as others are. */
	assert_int_equal(fake_post(cpu(), 0x41, true), VIC_POST_NOTIFIED);
	assert_int_equal(cpu()->kicks, 1);
	assert_int_equal(vm.device.held, 2);
	assert_int_equal(vm.device.vectors.kicked, 1);
}

/* The guest ends what is in service. True: that exited. */
static bool eoi(void)
{
	uint8_t vector;
	bool exits = fake_virtual_eoi(&run, &vector);

	fake_run_exit(&run, false);
	if (exits)
		vic_lapic_eoi_exit(cpu()->lapic, vector);
	fake_run_enter(&run);
	return exits;
}

/* APIC-73: a level one stays so until its EOI, which is reported. */
static void apic_73_back_to_edge(void **state)
{
	(void)state;
	fake_run_make(&run, &vm, true);
	fake_post(cpu(), 0x41, true);
	fake_run_enter(&run);
	assert_true(fake_eoi_exits(cpu(), 0x41) && tmr(0x41));
	assert_int_equal(fake_deliver(&run), 0x41);
	assert_int_equal(fake_post(cpu(), 0x41, false), VIC_POST_NOTIFIED);
	fake_notification(&run);
	/* The level one's; the edge is pending and shares its mode. */
	assert_true(eoi());
	assert_int_equal(cpu()->eois, 1);
	assert_true(fake_eoi_exits(cpu(), 0x41));
	assert_int_equal(fake_deliver(&run), 0x41);
	/* Once too often, and then it is an edge like others. */
	eoi();
	assert_int_equal(cpu()->eois, 2);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fake_post(cpu(), 0x41, false),
				 VIC_POST_NOTIFIED);
		fake_notification(&run);
		assert_int_equal(fake_deliver(&run), 0x41);
		eoi();
	}
	assert_in_range(cpu()->eois, 2, 3);
	assert_false(fake_eoi_exits(cpu(), 0x41) || tmr(0x41));
	assert_false(run.eoi_exit[1]);
	assert_int_equal(cpu()->kicks, 0);
	assert_int_equal(vm.device.held, 1);
	/* And level again: the bitmap has to be loaded once more. */
	assert_int_equal(fake_post(cpu(), 0x41, true), VIC_POST_KICKED);
	assert_int_equal(vm.device.held, 2);
}

/*
 * APIC-73: no level interrupt goes without its EOI, so of several posts
 * before the look a level one counts, first or last.
 */
static void apic_73_several_posts_before_the_look(void **state)
{
	(void)state;
	for (int known = 0; known < 2; known++)
		for (int modes = 0; modes < 8; modes++) {
			bool level = modes || known;
			unsigned int eois;

			fake_run_make(&run, &vm, false);
			if (known) {
				fake_post(cpu(), 0x61, true);
				fake_run_enter(&run);
				fake_deliver(&run);
				eoi();
			} else {
				fake_run_enter(&run);
			}
			eois = cpu()->eois;
			for (int i = 0; i < 3; i++)
				fake_post(cpu(), 0x61, modes >> i & 1);
			/* The processor may take what it finds. */
			if (cpu()->notifies)
				fake_notification(&run);
			fake_run_exit(&run, cpu()->kicks);
			fake_run_enter(&run);
			assert_int_equal(fake_rvi(&run), 0x61);
			assert_int_equal(tmr(0x61), level);
			assert_int_equal(run.eoi_exit[1] != 0, level);
			assert_int_equal(fake_deliver(&run), 0x61);
			assert_int_equal(eoi(), level);
			assert_int_equal(cpu()->eois, eois + level);
			assert_int_equal(fake_deliver(&run), 0);
		}
}

/* APIC-73 */
static void apic_73_level_in_other_states(void **state)
{
	(void)state;
	fake_run_make(&run, &vm, false);
	assert_int_equal(fake_post(cpu(), 0x41, true), VIC_POST_SILENT);
	assert_int_equal(enter(), VIC_ENTER_AGAIN);
	fake_run_touch(&run);
	assert_true(run.eoi_exit[1] == 2 && irr(0x41));
	assert_true(vic_lapic_block(cpu()->lapic, 0));
	assert_int_equal(fake_post(cpu(), 0x52, true), VIC_POST_WOKEN);
	assert_int_equal(cpu()->wakes, 1);
	vic_vcpu_unblock(cpu()->vcpu);
	assert_false(vic_vcpu_block(cpu()->vcpu));
	fake_run_touch(&run);
	assert_true(irr(0x52) && tmr(0x52) && fake_eoi_exits(cpu(), 0x52));
	/* An exit for something else does as well. */
	fake_run_enter(&run);
	assert_int_equal(fake_post(cpu(), 0x63, true), VIC_POST_KICKED);
	fake_run_exit(&run, false);
	assert_false(vic_lapic_block(cpu()->lapic, VIC_CAN_IRQ));
	fake_run_enter(&run);
	assert_int_equal(fake_rvi(&run), 0x63);
	assert_true(run.eoi_exit[1] >> (0x63 - 64) & 1);
}

/* APIC-73: LINT0's vector is level at once, and senders know it. */
static void apic_73_level_of_lint0(void **state)
{
	(void)state;
	fake_run_make(&run, &vm, false);
	fake_write(cpu(), VIC_APIC_LVT_LINT0, VIC_LVT_LEVEL | 0x51);
	fake_run_touch(&run);
	fake_request(cpu(), VIC_REQUEST_LINT0, 1);
	fake_run_enter(&run);
	assert_int_equal(fake_rvi(&run), 0x51);
	assert_true(tmr(0x51) && run.eoi_exit[1]);
	assert_int_equal(fake_deliver(&run), 0x51);
	assert_int_equal(fake_post(cpu(), 0x51, true), VIC_POST_NOTIFIED);
	assert_int_equal(vm.device.held, 0);
	assert_int_equal(cpu()->kicks, 0);
	assert_true(eoi());
	assert_int_equal(cpu()->eois, 1);
}

/* APIC-73: what was discarded has taught nobody anything. */
static void apic_73_discarded_while_disabled(void **state)
{
	(void)state;
	for (int off = 0; off < 2; off++) {
		fake_run_make(&run, &vm, false);
		if (off)
			assert_int_equal(
				vic_lapic_set_posting(cpu()->lapic, false),
				VIC_OK);
		fake_write(cpu(), VIC_APIC_SVR, 0xff);
		fake_post(cpu(), 0x41, true);
		fake_run_scan(&run);
		if (off)
			assert_int_equal(
				vic_lapic_set_posting(cpu()->lapic, true),
				VIC_OK);
		fake_run_touch(&run);
		assert_false(tmr(0x41) || fake_eoi_exits(cpu(), 0x41));
		fake_write(cpu(), VIC_APIC_SVR, 0x1ff);
		fake_run_enter(&run);
		assert_int_equal(fake_post(cpu(), 0x41, true), VIC_POST_KICKED);
		fake_run_exit(&run, true);
		fake_run_enter(&run);
		assert_true(tmr(0x41));
		assert_int_equal(fake_deliver(&run), 0x41);
		assert_true(eoi());
		assert_int_equal(cpu()->eois, 1);
	}
}

/* APIC-73: an edge of LINT0's vector does not hide its EOI. */
static void apic_73_edge_of_lint0s_vector(void **state)
{
	(void)state;
	fake_run_make(&run, &vm, false);
	fake_write(cpu(), VIC_APIC_LVT_LINT0, VIC_LVT_LEVEL | 0x51);
	fake_request(cpu(), VIC_REQUEST_LINT0, 1);
	fake_run_touch(&run);
	fake_request(cpu(), VIC_REQUEST_LINT0, 0);
	fake_run_enter(&run);
	fake_post(cpu(), 0x51, false);
	fake_notification(&run);
	assert_int_equal(fake_deliver(&run), 0x51);
	assert_true(eoi());
	assert_false(fake_page(cpu(), VIC_APIC_LVT_LINT0) & VIC_LVT_REMOTE_IRR);
}

/* APIC-73 */
static void apic_73_every_vector(void **state)
{
	(void)state;
	fake_run_make(&run, &vm, true);
	fake_run_enter(&run);
	for (int round = 0; round < 4; round++)
		for (uint32_t v = 16; v < 256; v++) {
			bool level = (v + (uint32_t)round) % 2;
			bool known = fake_eoi_exits(cpu(), (uint8_t)v);
			enum vic_post what =
				fake_post(cpu(), (uint8_t)v, level);

			if (level && !known) {
				assert_int_equal(what, VIC_POST_KICKED);
				fake_run_exit(&run, true);
				fake_run_enter(&run);
			} else {
				assert_int_equal(what, VIC_POST_NOTIFIED);
				fake_notification(&run);
			}
			assert_int_equal(fake_rvi(&run), v);
			assert_int_equal(tmr((uint8_t)v), level || known);
			assert_int_equal(fake_deliver(&run), v);
			assert_int_equal(eoi(), level || known);
			assert_int_equal(fake_eoi_exits(cpu(), (uint8_t)v),
					 level);
			assert_int_equal(run.eoi_exit[v / 64] >> v % 64 & 1,
					 level);
		}
	assert_true(vm.device.held >= 240);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(apic_73_level_for_a_running_target),
		FAKE_TEST(apic_73_back_to_edge),
		FAKE_TEST(apic_73_several_posts_before_the_look),
		FAKE_TEST(apic_73_level_in_other_states),
		FAKE_TEST(apic_73_level_of_lint0),
		FAKE_TEST(apic_73_discarded_while_disabled),
		FAKE_TEST(apic_73_edge_of_lint0s_vector),
		FAKE_TEST(apic_73_every_vector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
