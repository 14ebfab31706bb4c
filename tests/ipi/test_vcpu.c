/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A vCPU by itself, without a local APIC that would empty its inbox: what
 * each run state does with each kind of interrupt, and what is counted.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <vic/vcpu.h>

static _Alignas(VIC_CACHE_LINE) unsigned char storage[VIC_VCPU_SIZE];
static struct vic_vcpu *vcpu;
static struct vic_counters device;
static int wakes, kicks, opaque_object;

static void wake(void *opaque)
{
	assert_ptr_equal(opaque, &opaque_object);
	wakes++;
}

static void kick(void *opaque)
{
	assert_ptr_equal(opaque, &opaque_object);
	kicks++;
}

static const struct vic_vcpu_ops ops = {
	.size = sizeof(ops),
	.wake = wake,
	.kick = kick,
};

/* A fresh vCPU in @run_state, nothing called and nothing counted. */
static void fresh(enum vic_run_state run_state)
{
	const struct vic_vcpu_config config = {
		.size = sizeof(config),
		.index = 77,
		.ops = &ops,
		.opaque = &opaque_object,
	};

	memset(storage, 0xa5, sizeof(storage));
	memset(&device, 0, sizeof(device));
	assert_int_equal(
		vic_vcpu_init(storage, sizeof(storage), &config, &vcpu),
		VIC_OK);
	assert_ptr_equal(vcpu, storage);
	if (run_state == VIC_GUEST)
		assert_int_equal(vic_vcpu_enter(vcpu), VIC_ENTER_GUEST);
	else if (run_state == VIC_BLOCKED)
		assert_true(vic_vcpu_block(vcpu));
	wakes = 0;
	kicks = 0;
}

static enum vic_post post(uint8_t vector)
{
	return vic_vcpu_post(vcpu, &device, vector, false);
}

static enum vic_post request(enum vic_request what, uint8_t argument)
{
	return vic_vcpu_request(vcpu, &device, what, argument);
}

static struct vic_vcpu_inbox peek(void)
{
	struct vic_vcpu_inbox inbox;

	memset(&inbox, 0xa5, sizeof(inbox));
	vic_vcpu_peek(vcpu, &inbox);
	return inbox;
}

static const struct {
	enum vic_run_state state;
	enum vic_post first;
	int wakes, kicks;
} reach[] = {
	{VIC_HOST, VIC_POST_SILENT, 0, 0},
	{VIC_GUEST, VIC_POST_KICKED, 0, 1},
	{VIC_BLOCKED, VIC_POST_WOKEN, 1, 0},
};

static void starts_in_host_with_an_empty_inbox(void **state)
{
	struct vic_vcpu_inbox inbox;

	(void)state;
	fresh(VIC_HOST);
	inbox = peek();
	assert_int_equal(inbox.state, VIC_HOST);
	assert_false(inbox.request_new || inbox.outstanding);
	assert_int_equal(inbox.nmi, 0);
	assert_false(inbox.smi || inbox.init || inbox.sipi);
	for (int i = 0; i < 4; i++)
		assert_int_equal(inbox.pir[i], 0);
	assert_int_equal(vic_vcpu_index(vcpu), 77);
}

static void size_is_an_odd_number_of_cache_lines(void **state)
{
	(void)state;
	assert_in_range(vic_vcpu_size(), 1, VIC_VCPU_SIZE);
	assert_int_equal(VIC_VCPU_SIZE % VIC_CACHE_LINE, 0);
	assert_int_equal(VIC_VCPU_SIZE / VIC_CACHE_LINE % 2, 1);
}

static void every_vector_in_every_state(void **state)
{
	(void)state;
	for (size_t r = 0; r < 3; r++)
		for (uint32_t vector = 0; vector < 256; vector++) {
			struct vic_vcpu_inbox inbox;

			fresh(reach[r].state);
			if (vector < 16) {
				assert_int_equal(post((uint8_t)vector),
						 VIC_POST_REFUSED);
				assert_false(peek().outstanding);
				assert_int_equal(wakes + kicks, 0);
				continue;
			}
			assert_int_equal(post((uint8_t)vector), reach[r].first);
			assert_int_equal(post((uint8_t)vector),
					 VIC_POST_MERGED);
			assert_int_equal(post(vector == 255 ? 16 : 255),
					 VIC_POST_COALESCED);
			inbox = peek();
			assert_true(inbox.outstanding);
			assert_false(inbox.request_new);
			assert_true(inbox.pir[vector / 64] >> vector % 64 & 1);
			assert_int_equal(inbox.state, reach[r].state);
			assert_int_equal(wakes, reach[r].wakes);
			assert_int_equal(kicks, reach[r].kicks);
		}
}

static void every_request_in_every_state(void **state)
{
	(void)state;
	for (size_t r = 0; r < 3; r++)
		for (int what = VIC_REQUEST_NMI; what <= VIC_REQUEST_RESYNC;
		     what++) {
			fresh(reach[r].state);
			assert_int_equal(request((enum vic_request)what, 1),
					 reach[r].first);
			assert_true(peek().request_new);
			assert_false(peek().outstanding);
			assert_int_equal(wakes, reach[r].wakes);
			assert_int_equal(kicks, reach[r].kicks);
		}
}

static void vectors_and_requests_signal_each_for_themselves(void **state)
{
	(void)state;
	for (size_t r = 0; r < 3; r++) {
		fresh(reach[r].state);
		assert_int_equal(post(0x31), reach[r].first);
		assert_int_equal(request(VIC_REQUEST_NMI, 0), reach[r].first);
		assert_int_equal(request(VIC_REQUEST_SMI, 0),
				 VIC_POST_COALESCED);
		assert_int_equal(post(0x32), VIC_POST_COALESCED);
		assert_int_equal(wakes, 2 * reach[r].wakes);
		assert_int_equal(kicks, 2 * reach[r].kicks);
	}
}

static void two_nmis_are_pending_and_no_more(void **state)
{
	(void)state;
	fresh(VIC_HOST);
	assert_int_equal(request(VIC_REQUEST_NMI, 0), VIC_POST_SILENT);
	assert_int_equal(request(VIC_REQUEST_NMI, 0), VIC_POST_COALESCED);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(request(VIC_REQUEST_NMI, 0), VIC_POST_MERGED);
		assert_int_equal(peek().nmi, 2);
	}
	assert_false(peek().smi || peek().init || peek().sipi);
}

static void init_cancels_a_sipi_that_came_before(void **state)
{
	(void)state;
	fresh(VIC_HOST);
	request(VIC_REQUEST_SIPI, 0x9a);
	assert_true(peek().sipi);
	assert_int_equal(peek().sipi_vector, 0x9a);
	request(VIC_REQUEST_INIT, 0);
	assert_true(peek().init);
	assert_false(peek().sipi);
	/* One that comes after stays, and the first of them counts. */
	request(VIC_REQUEST_SIPI, 0x10);
	assert_int_equal(request(VIC_REQUEST_SIPI, 0x20), VIC_POST_MERGED);
	assert_true(peek().init && peek().sipi);
	assert_int_equal(peek().sipi_vector, 0x10);
	/* An INIT that is no news still cancels it. */
	request(VIC_REQUEST_INIT, 0);
	assert_false(peek().sipi);
}

static void every_start_page_is_kept(void **state)
{
	(void)state;
	for (uint32_t page = 0; page < 256; page++) {
		fresh(VIC_HOST);
		request(VIC_REQUEST_SIPI, (uint8_t)page);
		assert_int_equal(peek().sipi_vector, page);
		assert_false(peek().smi || peek().init || peek().nmi);
	}
}

static void unknown_requests_are_refused(void **state)
{
	(void)state;
	for (int what = VIC_REQUEST_EXTINT + 1; what < 300; what++) {
		fresh(VIC_BLOCKED);
		assert_int_equal(request((enum vic_request)what, 0xff),
				 VIC_POST_REFUSED);
		assert_false(peek().request_new);
		assert_int_equal(wakes, 0);
	}
}

static void trigger_mode_is_that_of_the_last_post(void **state)
{
	(void)state;
	fresh(VIC_HOST);
	for (uint32_t vector = 16; vector < 256; vector++)
		for (uint32_t n = 0; n < 8; n++) {
			bool level = (vector + n) % 3 == 0;
			uint64_t bit = UINT64_C(1) << vector % 64;

			vic_vcpu_post(vcpu, &device, (uint8_t)vector, level);
			assert_int_equal((peek().trigger[vector / 64] & bit) !=
						 0,
					 level);
		}
}

static void enter_and_block_refuse_what_is_new(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		fresh(VIC_HOST);
		if (kind)
			request(VIC_REQUEST_NMI, 0);
		else
			post(0x31);
		assert_false(vic_vcpu_block(vcpu));
		assert_int_equal(peek().state, VIC_HOST);
		for (int i = 0; i < 4; i++) {
			assert_int_equal(vic_vcpu_enter(vcpu), VIC_ENTER_AGAIN);
			assert_int_equal(peek().state, VIC_HOST);
		}
		assert_int_equal(vic_vcpu_enter(vcpu), VIC_ENTER_EXIT);
		assert_int_equal(peek().state, VIC_GUEST);
		vic_vcpu_exit(vcpu, false);
		assert_int_equal(peek().state, VIC_HOST);
		assert_int_equal(vic_vcpu_enter(vcpu), VIC_ENTER_AGAIN);
	}
}

static void owners_counters(void **state)
{
	const struct vic_counters *own;

	(void)state;
	fresh(VIC_HOST);
	own = vic_vcpu_counters(vcpu);
	assert_int_equal(own->enters + own->exits + own->blocks, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(vic_vcpu_enter(vcpu), VIC_ENTER_GUEST);
		vic_vcpu_exit(vcpu, false);
	}
	assert_int_equal(vic_vcpu_enter(vcpu), VIC_ENTER_GUEST);
	vic_vcpu_exit(vcpu, true);
	assert_true(vic_vcpu_block(vcpu));
	vic_vcpu_unblock(vcpu);
	assert_true(vic_vcpu_block(vcpu));
	post(0x31);
	vic_vcpu_unblock(vcpu);
	assert_false(vic_vcpu_block(vcpu));
	assert_int_equal(vic_vcpu_enter(vcpu), VIC_ENTER_AGAIN);
	assert_int_equal(own->enters, 4);
	assert_int_equal(own->enter_refusals, 1);
	assert_int_equal(own->exits, 4);
	assert_int_equal(own->kicks, 1);
	assert_int_equal(own->kicks_spurious, 1);
	assert_int_equal(own->blocks, 2);
	assert_int_equal(own->block_refusals, 1);
	assert_int_equal(own->wakes_spurious, 1);
}

static uint64_t sum(const struct vic_outcomes *outcomes)
{
	return outcomes->merged + outcomes->coalesced + outcomes->silent +
	       outcomes->woken + outcomes->kicked;
}

static void senders_counters_are_what_the_calls_returned(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (size_t r = 0; r < 3; r++) {
		uint64_t got[VIC_POST_REFUSED + 1] = {0};

		fresh(reach[r].state);
		for (int i = 0; i < 1000; i++) {
			random = random * 1664525 + 1013904223;
			got[post((uint8_t)(random >> 24))]++;
		}
		assert_int_equal(device.vectors.merged, got[VIC_POST_MERGED]);
		assert_int_equal(device.vectors.coalesced,
				 got[VIC_POST_COALESCED]);
		assert_int_equal(device.vectors.silent, got[VIC_POST_SILENT]);
		assert_int_equal(device.vectors.woken, got[VIC_POST_WOKEN]);
		assert_int_equal(device.vectors.kicked, got[VIC_POST_KICKED]);
		assert_int_equal(sum(&device.vectors) + got[VIC_POST_REFUSED],
				 1000);
		assert_int_equal(sum(&device.requests), 0);
		request(VIC_REQUEST_NMI, 0);
		assert_int_equal(sum(&device.requests), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_in_host_with_an_empty_inbox),
		cmocka_unit_test(size_is_an_odd_number_of_cache_lines),
		cmocka_unit_test(every_vector_in_every_state),
		cmocka_unit_test(every_request_in_every_state),
		cmocka_unit_test(
			vectors_and_requests_signal_each_for_themselves),
		cmocka_unit_test(two_nmis_are_pending_and_no_more),
		cmocka_unit_test(init_cancels_a_sipi_that_came_before),
		cmocka_unit_test(every_start_page_is_kept),
		cmocka_unit_test(unknown_requests_are_refused),
		cmocka_unit_test(trigger_mode_is_that_of_the_last_post),
		cmocka_unit_test(enter_and_block_refuse_what_is_new),
		cmocka_unit_test(owners_counters),
		cmocka_unit_test(senders_counters_are_what_the_calls_returned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
