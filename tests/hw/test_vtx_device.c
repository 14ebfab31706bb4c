/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What a VT-d unit does to a descriptor: VT-d 5.2.3 and 9.11. */

#include "machine.h"

#define CONTROL(nv, ndst)                                      \
	((uint64_t)(nv) << VIC_PID_NV_SHIFT | (uint64_t)(ndst) \
						      << VIC_PID_NDST_SHIFT)

static void every_vector_has_its_pir_bit(void **state)
{
	struct vic_pid pid = {.control = VIC_PID_ON};
	int vector;

	(void)state;
	for (vector = 0; vector < 256; vector++) {
		struct vtx_notification done =
			vtx_device_post(&pid, (uint8_t)vector, false, NULL);
		unsigned char *bytes = (unsigned char *)&pid;

		assert_true(done.posted);
		assert_int_equal(bytes[vector / 8], 1u << (vector % 8));
		assert_false(vtx_device_post(&pid, (uint8_t)vector, false, NULL)
				     .posted);
		memset(pid.pir, 0, sizeof(pid.pir));
	}
	assert_true(pid.control == VIC_PID_ON);
}

static void a_notification_goes_where_the_descriptor_says(void **state)
{
	struct vic_pid pid = {.control = CONTROL(0xe1, 0x12345678)};
	struct vtx_notification done = vtx_device_post(&pid, 0x41, false, NULL);

	(void)state;
	assert_false(done.fault);
	assert_true(done.posted);
	assert_true(done.notify);
	assert_int_equal(done.vector, 0xe1);
	assert_int_equal(done.ndst, 0x12345678);
	assert_true(pid.control == (CONTROL(0xe1, 0x12345678) | VIC_PID_ON));
}

/* NDST: 32 bits, or bits 15:8 of them if the host is in xAPIC mode. */
static void ndst_has_two_formats(void **state)
{
	(void)state;
	assert_int_equal(vtx_ndst_apic_id(0x12345678, true), 0x12345678);
	assert_int_equal(vtx_ndst_apic_id(0x0000fe00, false), 0xfe);
	assert_int_equal(vtx_ndst_apic_id(0x00000300, false), 3);
}

/* X = (ON == 0) & (URG | (SN == 0)); only if X, set ON and notify. */
static void on_and_sn_decide_about_notification(void **state)
{
	int on, sn, urgent;

	(void)state;
	for (on = 0; on < 2; on++)
		for (sn = 0; sn < 2; sn++)
			for (urgent = 0; urgent < 2; urgent++) {
				struct vic_pid pid = {.control =
							      CONTROL(0xe1, 5)};
				bool x = !on && (urgent || !sn);
				struct vtx_notification done;

				pid.control |= on ? VIC_PID_ON : 0;
				pid.control |= sn ? VIC_PID_SN : 0;
				done = vtx_device_post(&pid, 0x80, urgent,
						       NULL);
				assert_true(done.posted);
				assert_int_equal(pid.pir[2], 1);
				assert_int_equal(done.notify, x);
				assert_int_equal(!!(pid.control & VIC_PID_ON),
						 on || x);
				assert_int_equal(!!(pid.control & VIC_PID_SN),
						 sn);
			}
}

/* A PIR bit that is set already does not stop the unit. */
static void a_merged_request_still_notifies(void **state)
{
	struct vic_pid pid = {.control = CONTROL(0xe1, 5)};

	(void)state;
	assert_true(vtx_device_post(&pid, 0x41, false, NULL).notify);
	pid.control &= ~VIC_PID_ON;
	assert_true(vtx_device_post(&pid, 0x41, false, NULL).notify);
	assert_true(pid.control & VIC_PID_ON);
}

static void reserved_fields_block_the_request(void **state)
{
	int bit;

	(void)state;
	for (bit = 256; bit < 512; bit++) {
		struct vic_pid pid = {.control = 0};
		bool reserved = (bit >= 258 && bit < 272) ||
				(bit >= 280 && bit < 288) || bit >= 320;
		uint64_t value = UINT64_C(1) << (bit % 64);
		struct vtx_notification done;

		if (bit < 320)
			pid.control = value;
		else
			pid.reserved[bit / 64 - 5] = value;
		done = vtx_device_post(&pid, 0x41, true, NULL);
		assert_int_equal(done.fault, reserved);
		assert_int_equal(done.posted, !reserved);
		assert_int_equal(pid.pir[1], reserved ? 0 : 2);
		if (reserved)
			assert_false(done.notify);
	}
}

/* Sets SN or ON between the unit's two steps. */
struct meddler {
	struct vic_pid *pid;
	uint64_t bits;
	int calls;
};

static void meddle(void *arg)
{
	struct meddler *meddler = arg;

	if (++meddler->calls == 2)
		meddler->pid->control |= meddler->bits;
}

static void the_control_word_is_read_after_the_pir_bit_is_set(void **state)
{
	static const uint64_t bits[] = {VIC_PID_ON, VIC_PID_SN};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct vic_pid pid = {.control = CONTROL(0xe1, 5)};
		struct meddler meddler = {&pid, bits[i], 0};
		const struct vtx_hook hook = {meddle, &meddler};
		struct vtx_notification done;

		done = vtx_device_post(&pid, 0x41, false, &hook);
		assert_true(done.posted);
		assert_false(done.notify);
		assert_true(pid.control == (CONTROL(0xe1, 5) | bits[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vector_has_its_pir_bit),
		cmocka_unit_test(a_notification_goes_where_the_descriptor_says),
		cmocka_unit_test(ndst_has_two_formats),
		cmocka_unit_test(on_and_sn_decide_about_notification),
		cmocka_unit_test(a_merged_request_still_notifies),
		cmocka_unit_test(reserved_fields_block_the_request),
		cmocka_unit_test(
			the_control_word_is_read_after_the_pir_bit_is_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
