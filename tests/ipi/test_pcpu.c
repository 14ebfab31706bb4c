/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Where a descriptor says that its notification goes while the vCPU runs, is
 * preempted, migrates and sleeps: VT-d 5.2.3, 9.11; SDM vol. 3, 29.6.
 */

#include "fake_host.h"

static _Alignas(VIC_CACHE_LINE) unsigned char memory[2 * VIC_CACHE_LINE];

static const struct vic_pcpu_config good = {
	.size = sizeof(good),
	.id = 3,
	.notify_vector = 0xf2,
	.wakeup_vector = 0xf1,
	.ops = &fake_host_ops,
};

static int init(const struct vic_pcpu_config *config)
{
	struct vic_pcpu *pcpu;

	return vic_pcpu_init(memory, sizeof(memory), config, &pcpu);
}

static void what_init_accepts(void **state)
{
	struct vic_pcpu_config config;
	struct vic_pcpu *pcpu = NULL;
	uint32_t v;

	(void)state;
	assert_in_range(vic_pcpu_size(), 1, VIC_PCPU_SIZE);
	assert_int_equal(vic_pcpu_init(memory, vic_pcpu_size(), &good, &pcpu),
			 VIC_OK);
	assert_ptr_equal(pcpu, memory);
	assert_int_equal(
		vic_pcpu_init(memory, vic_pcpu_size() - 1, &good, &pcpu),
		VIC_ERR_STORAGE);
	assert_int_equal(
		vic_pcpu_init(memory + 8, sizeof(memory) - 8, &good, &pcpu),
		VIC_ERR_STORAGE);
	config = good;
	config.size = 1;
	assert_int_equal(init(&config), VIC_ERR_ABI);
	config = good;
	config.flags = 2;
	assert_int_equal(init(&config), VIC_ERR_ABI);
	for (v = 0; v < 256; v++) {
		config = good;
		config.notify_vector = (uint8_t)v;
		assert_int_equal(init(&config),
				 v < 16 || v == 0xf1 ? VIC_ERR_INVAL : VIC_OK);
		config = good;
		config.wakeup_vector = (uint8_t)v;
		assert_int_equal(init(&config),
				 v < 16 || v == 0xf2 ? VIC_ERR_INVAL : VIC_OK);
	}
}

static void ids_of_both_host_modes(void **state)
{
	static const struct {
		uint32_t flags, id;
		int err;
	} rows[] = {
		{0, 0, VIC_OK},
		{0, 255, VIC_OK},
		{0, 0x12345678, VIC_OK},
		{VIC_PCPU_XAPIC, 0, VIC_OK},
		{VIC_PCPU_XAPIC, 254, VIC_OK},
		{VIC_PCPU_XAPIC, 255, VIC_ERR_INVAL},
		{VIC_PCPU_XAPIC, 256, VIC_ERR_INVAL},
		{VIC_PCPU_XAPIC, UINT32_MAX, VIC_ERR_INVAL},
	};

	(void)state;
	for (size_t i = 0; i < FAKE_COUNT(rows); i++) {
		struct vic_pcpu_config config = good;

		config.flags = rows[i].flags;
		config.id = rows[i].id;
		assert_int_equal(init(&config), rows[i].err);
	}
}

static void lock_comes_with_unlock(void **state)
{
	struct vic_vcpu_ops own = fake_host_ops;
	struct vic_pcpu_config config = good;

	(void)state;
	config.ops = &own;
	own.lock = NULL;
	assert_int_equal(init(&config), VIC_ERR_INVAL);
	own = fake_host_ops;
	own.unlock = NULL;
	assert_int_equal(init(&config), VIC_ERR_INVAL);
	own.lock = NULL;
	assert_int_equal(init(&config), VIC_OK);
	own.size = 4;
	assert_int_equal(init(&config), VIC_ERR_ABI);
}

/* APIC-66 */
static void apic_66_destination_in_both_host_modes(void **state)
{
	uint32_t id;

	(void)state;
	for (id = 0; id < 255; id += 2) {
		struct vic_pcpu_config config = good;
		struct vic_pcpu *pcpu;

		fake_host_make(1);
		config.id = id;
		assert_int_equal(
			vic_pcpu_init(memory, sizeof(memory), &config, &pcpu),
			VIC_OK);
		vic_vcpu_load(fake_host_vcpu(), pcpu);
		assert_true(fake_host_control() ==
			    fake_control(0xf2, id, false));
		config.flags = VIC_PCPU_XAPIC;
		assert_int_equal(
			vic_pcpu_init(memory, sizeof(memory), &config, &pcpu),
			VIC_OK);
		vic_vcpu_load(fake_host_vcpu(), pcpu);
		assert_true(fake_host_control() ==
			    fake_control(0xf2, id << 8, false));
	}
	fake_host_make(1);
	assert_int_equal((uintptr_t)vic_vcpu_pid(fake_host_vcpu()) % 64, 0);
}

/* APIC-66 */
static void apic_66_a_new_descriptor(void **state)
{
	struct vic_pid expected = {0};

	(void)state;
	fake_host_make(1);
	/* Nobody is to be notified yet, if anybody posts at all. */
	expected.control = VIC_PID_SN;
	assert_memory_equal(vic_vcpu_pid(fake_host_vcpu()), &expected,
			    sizeof(expected));
}

static void load_put_migrate_sleep(void **state)
{
	(void)state;
	fake_host_make(1);
	vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[0]);
	assert_true(fake_host_control() == fake_running_on(0));
	vic_vcpu_put(fake_host_vcpu());
	assert_true(fake_host_control() & VIC_PID_SN);
	vic_vcpu_put(fake_host_vcpu());
	assert_true(fake_host_control() & VIC_PID_SN);
	vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[1]);
	assert_true(fake_host_control() == fake_running_on(1));
	vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[0]);
	assert_true(fake_host_control() == fake_running_on(0));
	assert_true(vic_vcpu_block(fake_host_vcpu()));
	assert_true(fake_host_control() == fake_asleep_on(0));
	/* Nothing changes for one that sleeps. */
	vic_vcpu_put(fake_host_vcpu());
	assert_true(fake_host_control() == fake_asleep_on(0));
	vic_vcpu_unblock(fake_host_vcpu());
	assert_true(fake_host_control() == fake_running_on(0));
	/* A preempted one may go to sleep, too. */
	vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[1]);
	vic_vcpu_put(fake_host_vcpu());
	assert_true(vic_vcpu_block(fake_host_vcpu()));
	assert_true(fake_host_control() == fake_asleep_on(1));
	vic_vcpu_unblock(fake_host_vcpu());
	assert_true(fake_host_control() == fake_running_on(1));
	assert_int_equal(fake_host.held, 0);
}

static void one_that_was_never_loaded_is_not_listed(void **state)
{
	(void)state;
	fake_host_make(1);
	assert_true(vic_vcpu_block(fake_host_vcpu()));
	vic_vcpu_put(fake_host_vcpu());
	assert_int_equal(fake_host_control() & (VIC_PID_NV | VIC_PID_NDST), 0);
	assert_int_equal(vic_vcpu_post(fake_host_vcpu(), &fake_host.vm.device,
				       FAKE_HOST_VECTOR, false),
			 VIC_POST_WOKEN);
	assert_int_equal(
		vic_pcpu_wakeup(fake_host.pcpus[0], &fake_host.vm.device), 0);
	vic_vcpu_unblock(fake_host_vcpu());
	assert_int_equal(fake_host_control() & (VIC_PID_NV | VIC_PID_NDST), 0);
}

static void refused_to_sleep(void **state)
{
	(void)state;
	fake_host_make(1);
	vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[0]);
	vic_vcpu_request(fake_host_vcpu(), &fake_host.vm.device,
			 VIC_REQUEST_NMI, 0);
	assert_false(vic_vcpu_block(fake_host_vcpu()));
	assert_true(fake_host_control() == fake_running_on(0));
	assert_int_equal(fake_inbox(&fake_host.vm.cpu[0]).state, VIC_HOST);
	/* Nor is it found by the handler. */
	fake_host_device_posts();
	assert_int_equal(fake_host.notice.vector, FAKE_NV);
	assert_int_equal(
		vic_pcpu_wakeup(fake_host.pcpus[0], &fake_host.vm.device), 0);
	assert_int_equal(fake_host.vm.cpu[0].wakes, 0);
	assert_false(vic_vcpu_block(fake_host_vcpu()));
	assert_int_equal(
		vic_pcpu_wakeup(fake_host.pcpus[0], &fake_host.vm.device), 0);
}

/* APIC-69 */
static void apic_69_posted_while_suppressed(void **state)
{
	for (int again = 0; again < 3; again++) {
		(void)state;
		fake_host_make(1);
		vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[0]);
		vic_vcpu_put(fake_host_vcpu());
		fake_host_device_posts();
		/* VT-d 5.2.3: no notification, and ON stays clear. */
		assert_false(fake_host.notice.sent);
		assert_false(fake_inbox(&fake_host.vm.cpu[0]).outstanding);
		if (again == 0) {
			vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[1]);
			assert_true(fake_host_control() ==
				    (fake_running_on(1) | VIC_PID_ON));
			assert_int_equal(vic_vcpu_enter(fake_host_vcpu()),
					 VIC_ENTER_AGAIN);
		} else if (again == 1) {
			vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[0]);
			assert_false(vic_vcpu_block(fake_host_vcpu()));
		} else {
			/* It goes to sleep as it is. */
			assert_false(vic_vcpu_block(fake_host_vcpu()));
			assert_int_equal(fake_inbox(&fake_host.vm.cpu[0]).state,
					 VIC_HOST);
		}
		fake_harvest(&fake_host.vm.cpu[0]);
		assert_true(fake_bit(&fake_host.vm.cpu[0], VIC_APIC_IRR,
				     FAKE_HOST_VECTOR));
		assert_false(fake_inbox(&fake_host.vm.cpu[0]).outstanding);
		assert_true(vic_vcpu_block(fake_host_vcpu()));
	}
}

/* APIC-69 */
static void apic_69_every_vector(void **state)
{
	(void)state;
	for (uint32_t v = 16; v < 256; v++) {
		fake_host_make(1);
		vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[0]);
		vic_vcpu_put(fake_host_vcpu());
		fake_device_post(fake_host_vcpu(), (uint8_t)v);
		vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[0]);
		assert_true(fake_inbox(&fake_host.vm.cpu[0]).outstanding);
		vic_vcpu_put(fake_host_vcpu());
		assert_false(vic_vcpu_block(fake_host_vcpu()));
		fake_harvest(&fake_host.vm.cpu[0]);
		assert_true(fake_bit(&fake_host.vm.cpu[0], VIC_APIC_IRR,
				     (uint8_t)v));
	}
}

/* APIC-69 */
static void apic_69_nothing_outstanding_after_a_load(void **state)
{
	(void)state;
	fake_host_make(1);
	vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[0]);
	vic_vcpu_put(fake_host_vcpu());
	vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[1]);
	assert_true(fake_host_control() == fake_running_on(1));
	/* What is outstanding stays so. */
	fake_host_device_posts();
	assert_true(fake_host.notice.sent);
	assert_int_equal(fake_host.notice.ndst, FAKE_PCPU_ID(1));
	vic_vcpu_put(fake_host_vcpu());
	assert_true(fake_inbox(&fake_host.vm.cpu[0]).outstanding);
	vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[0]);
	assert_true(fake_host_control() == (fake_running_on(0) | VIC_PID_ON));
}

/* APIC-67 */
static void apic_67_software_posts_while_suppressed(void **state)
{
	(void)state;
	fake_host_make(1);
	vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[0]);
	vic_vcpu_put(fake_host_vcpu());
	assert_int_equal(vic_vcpu_post(fake_host_vcpu(), &fake_host.vm.device,
				       FAKE_HOST_VECTOR, false),
			 VIC_POST_SILENT);
	assert_false(vic_vcpu_block(fake_host_vcpu()));
	vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[1]);
	assert_int_equal(vic_vcpu_enter(fake_host_vcpu()), VIC_ENTER_AGAIN);
	assert_true(fake_inbox(&fake_host.vm.cpu[0]).outstanding);
	assert_int_equal(fake_inbox(&fake_host.vm.cpu[0]).pir[1],
			 UINT64_C(1) << (FAKE_HOST_VECTOR - 64));
}

/* APIC-70 */
static void apic_70_the_wakeup_vector(void **state)
{
	(void)state;
	fake_host_make(1);
	vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[1]);
	assert_true(vic_vcpu_block(fake_host_vcpu()));
	assert_int_equal(
		vic_pcpu_wakeup(fake_host.pcpus[1], &fake_host.vm.device), 0);
	assert_int_equal(fake_host.vm.cpu[0].wakes, 0);
	fake_host_device_posts();
	assert_true(fake_host.notice.sent);
	assert_int_equal(fake_host.notice.vector, FAKE_WAKEUP);
	assert_int_equal(fake_host.notice.ndst, FAKE_PCPU_ID(1));
	assert_int_equal(
		vic_pcpu_wakeup(fake_host.pcpus[0], &fake_host.vm.device), 0);
	assert_int_equal(
		vic_pcpu_wakeup(fake_host.pcpus[1], &fake_host.vm.device), 1);
	assert_int_equal(fake_host.vm.cpu[0].wakes, 1);
	assert_int_equal(fake_host.vm.device.wakeups, 1);
	/* It is on its way. */
	assert_int_equal(
		vic_pcpu_wakeup(fake_host.pcpus[1], &fake_host.vm.device), 0);
	vic_vcpu_unblock(fake_host_vcpu());
	assert_true(fake_host_control() == (fake_running_on(1) | VIC_PID_ON));
	assert_false(vic_vcpu_block(fake_host_vcpu()));
	assert_int_equal(vic_vcpu_enter(fake_host_vcpu()), VIC_ENTER_AGAIN);
	fake_harvest(&fake_host.vm.cpu[0]);
	assert_int_equal(fake_host_control(), fake_running_on(1));
	/* Asleep again: another post is another wake. */
	assert_true(vic_vcpu_block(fake_host_vcpu()));
	fake_host_device_posts();
	assert_int_equal(
		vic_pcpu_wakeup(fake_host.pcpus[1], &fake_host.vm.device), 1);
	assert_int_equal(fake_host.vm.cpu[0].wakes, 2);
	assert_int_equal(fake_host.vm.device.wakeups, 2);
	assert_int_equal(fake_host.held, 0);
}

/* VT-d 5.2.3 by software: what it did, and what is to be sent. */
static void a_post_to_a_descriptor_alone(void **state)
{
	static const struct {
		bool put, on;
		enum vic_post post;
	} rows[] = {
		{false, false, VIC_POST_NOTIFIED},
		{false, true, VIC_POST_COALESCED},
		{true, false, VIC_POST_SILENT},
		{true, true, VIC_POST_SILENT},
	};
	uint64_t notify;

	(void)state;
	for (size_t i = 0; i < FAKE_COUNT(rows); i++)
		for (uint32_t v = 0; v < 256; v++) {
			struct vic_pid *pid;
			uint64_t before;

			fake_host_make(1);
			pid = vic_vcpu_pid(fake_host_vcpu());
			vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[1]);
			if (rows[i].on)
				pid->control |= VIC_PID_ON;
			if (rows[i].put)
				vic_vcpu_put(fake_host_vcpu());
			before = pid->control;
			notify = 1;
			assert_int_equal(vic_pid_post(pid, (uint8_t)v, &notify),
					 v < 16 ? VIC_POST_REFUSED
						: rows[i].post);
			if (v < 16) {
				assert_int_equal(notify, 0);
				assert_true(pid->control == before);
				assert_int_equal(pid->pir[0], 0);
				continue;
			}
			assert_true(pid->pir[v / 64] == UINT64_C(1) << v % 64);
			if (rows[i].post == VIC_POST_NOTIFIED) {
				assert_true((notify & ~VIC_PID_ON) ==
					    fake_running_on(1));
				assert_true(pid->control ==
					    (fake_running_on(1) | VIC_PID_ON));
			} else {
				assert_int_equal(notify, 0);
				assert_true(pid->control == before);
			}
			notify = 1;
			assert_int_equal(vic_pid_post(pid, (uint8_t)v, &notify),
					 VIC_POST_MERGED);
			assert_int_equal(notify, 0);
		}
	/* To one that sleeps, the wake-up vector. */
	fake_host_make(1);
	vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[0]);
	assert_true(vic_vcpu_block(fake_host_vcpu()));
	assert_int_equal(vic_pid_post(vic_vcpu_pid(fake_host_vcpu()),
				      FAKE_HOST_VECTOR, &notify),
			 VIC_POST_NOTIFIED);
	assert_true((notify & ~VIC_PID_ON) == fake_asleep_on(0));
	assert_int_equal(
		vic_pcpu_wakeup(fake_host.pcpus[0], &fake_host.vm.device), 1);
}

/* APIC-70 */
static void apic_70_software_wakes_it_itself(void **state)
{
	(void)state;
	fake_host_make(1);
	vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[0]);
	assert_true(vic_vcpu_block(fake_host_vcpu()));
	assert_int_equal(vic_vcpu_post(fake_host_vcpu(), &fake_host.vm.device,
				       FAKE_HOST_VECTOR, false),
			 VIC_POST_WOKEN);
	assert_int_equal(fake_host.vm.cpu[0].wakes, 1);
	fake_host_device_posts();
	assert_false(fake_host.notice.sent);
	vic_vcpu_unblock(fake_host_vcpu());
	assert_int_equal(
		vic_pcpu_wakeup(fake_host.pcpus[0], &fake_host.vm.device), 0);
	assert_int_equal(fake_host.vm.cpu[0].wakes, 1);
	assert_int_equal(fake_host.vm.device.wakeups, 0);
	/* A request, too. */
	fake_harvest(&fake_host.vm.cpu[0]);
	assert_true(vic_vcpu_block(fake_host_vcpu()));
	assert_int_equal(vic_vcpu_request(fake_host_vcpu(),
					  &fake_host.vm.device, VIC_REQUEST_NMI,
					  0),
			 VIC_POST_WOKEN);
	assert_int_equal(fake_host.vm.cpu[0].wakes, 2);
	vic_vcpu_unblock(fake_host_vcpu());
	assert_true(fake_host_control() == fake_running_on(0));
}

/* The vCPUs i of pCPU @n for which the device posts: i % 3 == 0. */
static void outstanding_sleepers(uint32_t per_pcpu)
{
	fake_host_make(2 * per_pcpu);
	for (uint32_t i = 0; i < 2 * per_pcpu; i++) {
		vic_vcpu_load(fake_host.vm.cpu[i].vcpu,
			      fake_host.pcpus[i / per_pcpu]);
		assert_true(vic_vcpu_block(fake_host.vm.cpu[i].vcpu));
	}
	for (uint32_t i = 0; i < 2 * per_pcpu; i += 3)
		fake_device_post(fake_host.vm.cpu[i].vcpu, FAKE_HOST_VECTOR);
}

/* APIC-70 */
static void apic_70_who_is_woken(void **state)
{
	static const uint32_t sizes[] = {1, 3, 16, 17, 46, 48, 49, 51, 97, 200};

	(void)state;
	for (size_t s = 0; s < FAKE_COUNT(sizes); s++) {
		uint32_t n = sizes[s], due = 0, i;

		outstanding_sleepers(n);
		for (i = 0; i < n; i += 3)
			due++;
		assert_int_equal(vic_pcpu_wakeup(fake_host.pcpus[0],
						 &fake_host.vm.device),
				 due);
		assert_int_equal(fake_host.vm.device.wakeups, due);
		for (i = 0; i < 2 * n; i++)
			assert_int_equal(fake_host.vm.cpu[i].wakes,
					 i < n && i % 3 == 0);
		assert_int_equal(vic_pcpu_wakeup(fake_host.pcpus[0],
						 &fake_host.vm.device),
				 0);
		/* In an order of their own, and the lists hold. */
		for (i = 0; i < 2 * n; i += 2)
			vic_vcpu_unblock(fake_host.vm.cpu[i].vcpu);
		for (i = 1; i < 2 * n; i += 2)
			fake_device_post(fake_host.vm.cpu[i].vcpu,
					 FAKE_HOST_VECTOR + 1);
		vic_pcpu_wakeup(fake_host.pcpus[0], &fake_host.vm.device);
		vic_pcpu_wakeup(fake_host.pcpus[1], &fake_host.vm.device);
		for (i = 0; i < 2 * n; i++)
			assert_int_equal(fake_host.vm.cpu[i].wakes,
					 i % 2 ? 1 : i < n && i % 3 == 0);
		for (i = 1; i < 2 * n; i += 2)
			vic_vcpu_unblock(fake_host.vm.cpu[i].vcpu);
		assert_int_equal(vic_pcpu_wakeup(fake_host.pcpus[1],
						 &fake_host.vm.device),
				 0);
		assert_int_equal(fake_host.held, 0);
	}
}

/* APIC-70 */
static void apic_70_all_of_many(void **state)
{
	uint32_t n = 100;

	(void)state;
	outstanding_sleepers(n);
	for (uint32_t i = 0; i < n; i++)
		if (i % 3)
			fake_device_post(fake_host.vm.cpu[i].vcpu,
					 FAKE_HOST_VECTOR);
	assert_int_equal(
		vic_pcpu_wakeup(fake_host.pcpus[0], &fake_host.vm.device), n);
	for (uint32_t i = 0; i < 2 * n; i++)
		assert_int_equal(fake_host.vm.cpu[i].wakes, i < n);
	for (uint32_t i = 0; i < n; i++)
		vic_vcpu_unblock(fake_host.vm.cpu[i].vcpu);
	assert_int_equal(
		vic_pcpu_wakeup(fake_host.pcpus[0], &fake_host.vm.device), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_init_accepts),
		cmocka_unit_test(ids_of_both_host_modes),
		cmocka_unit_test(lock_comes_with_unlock),
		cmocka_unit_test(apic_66_destination_in_both_host_modes),
		cmocka_unit_test(apic_66_a_new_descriptor),
		cmocka_unit_test(load_put_migrate_sleep),
		cmocka_unit_test(one_that_was_never_loaded_is_not_listed),
		cmocka_unit_test(refused_to_sleep),
		cmocka_unit_test(apic_69_posted_while_suppressed),
		cmocka_unit_test(apic_69_every_vector),
		cmocka_unit_test(apic_69_nothing_outstanding_after_a_load),
		cmocka_unit_test(apic_67_software_posts_while_suppressed),
		cmocka_unit_test(apic_70_the_wakeup_vector),
		cmocka_unit_test(a_post_to_a_descriptor_alone),
		cmocka_unit_test(apic_70_software_wakes_it_itself),
		cmocka_unit_test(apic_70_who_is_woken),
		cmocka_unit_test(apic_70_all_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
