/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Physical interrupts of a model processor, and the host that takes them. */

#include "machine.h"

static void interrupts_are_latched_and_merge(void **state)
{
	struct vtx_pcpu cpu;

	(void)state;
	vtx_pcpu_init(&cpu, 7);
	assert_int_equal(cpu.apic_id, 7);
	assert_false(vtx_pending(&cpu));
	assert_int_equal(vtx_host_interrupt(&cpu), 0);
	assert_true(vtx_ipi(&cpu, 0x31));
	assert_false(vtx_ipi(&cpu, 0x31));
	assert_true(vtx_pending(&cpu));
	assert_int_equal(vtx_host_interrupt(&cpu), 0x31);
	assert_int_equal(vtx_host_interrupt(&cpu), 0);
	assert_true(vtx_ipi(&cpu, 0x31));
	vtx_pcpu_destroy(&cpu);
}

static void the_host_takes_the_highest_first(void **state)
{
	static const uint8_t vectors[] = {0x10, 0x3f, 0x40, 0x7f, 0x80, 0xff};
	struct vtx_pcpu cpu;
	size_t i;

	(void)state;
	vtx_pcpu_init(&cpu, 0);
	for (i = 0; i < sizeof(vectors); i++)
		assert_true(vtx_ipi(&cpu, vectors[i]));
	for (i = sizeof(vectors); i > 0; i--)
		assert_int_equal(vtx_host_interrupt(&cpu), vectors[i - 1]);
	assert_false(vtx_pending(&cpu));
	vtx_pcpu_destroy(&cpu);
}

static void sleep_ends_at_once_if_one_is_pending(void **state)
{
	struct vtx_pcpu cpu;

	(void)state;
	vtx_pcpu_init(&cpu, 0);
	assert_false(vtx_sleep(&cpu, 1));
	vtx_ipi(&cpu, 0x40);
	assert_true(vtx_sleep(&cpu, -1));
	assert_true(vtx_sleep(&cpu, 0));
	/* It is still there. */
	assert_int_equal(vtx_host_interrupt(&cpu), 0x40);
	assert_false(vtx_sleep(&cpu, 0));
	vtx_pcpu_destroy(&cpu);
}

static void *send_one(void *arg)
{
	vtx_ipi(arg, 0x55);
	return NULL;
}

static void an_interrupt_from_another_thread_ends_sleep(void **state)
{
	struct vtx_pcpu cpu;
	pthread_t thread;

	(void)state;
	vtx_pcpu_init(&cpu, 0);
	assert_int_equal(pthread_create(&thread, NULL, send_one, &cpu), 0);
	assert_true(vtx_sleep(&cpu, -1));
	assert_int_equal(vtx_host_interrupt(&cpu), 0x55);
	pthread_join(thread, NULL);
	vtx_pcpu_destroy(&cpu);
}

/* In the host nothing processes posted interrupts. */
static void the_notification_vector_is_an_interrupt_in_the_host(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	assert_true(machine_post(&m, 0x41).notify);
	assert_int_equal(vtx_host_interrupt(&m.cpu), NV);
	assert_true(m.pid.control & VIC_PID_ON);
	assert_true(m.pid.pir[1] == 2);
	/* Nor does VM entry look into the descriptor. */
	assert_carries_on(vtx_enter(&m.cpu, &m.vmcs));
	assert_carries_on(vtx_step(&m.cpu));
	assert_true(m.pid.pir[1] == 2);
	assert_int_equal(m.vmcs.stats.notifications, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interrupts_are_latched_and_merge),
		cmocka_unit_test(the_host_takes_the_highest_first),
		cmocka_unit_test(sleep_ends_at_once_if_one_is_pending),
		cmocka_unit_test(an_interrupt_from_another_thread_ends_sleep),
		cmocka_unit_test(
			the_notification_vector_is_an_interrupt_in_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
