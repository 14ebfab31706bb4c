/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Devices raise IRQs of a PIC while a processor sleeps, takes them through
 * LINT0 and masks that: <vic/pic.h>. One that is lost leaves both waiting.
 */

#include "fake_pc.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#define ROUNDS 2000u
#define EXTINT ((uint32_t)VIC_MODE_EXTINT << VIC_LVT_MODE_SHIFT)

struct device {
	struct vic_pic *pic;
	struct vic_counters counters;
	uint32_t irq;
	atomic_uint served;
};

static sem_t woken;

static void wake(void *opaque)
{
	(void)opaque;
	sem_post(&woken);
}

static void *raise_in_turn(void *argument)
{
	struct device *device = argument;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		vic_pic_line_set(device->pic, &device->counters, device->irq, 0,
				 true);
		while (atomic_load(&device->served) <= i)
			sched_yield();
	}
	return NULL;
}

/* The vCPU has nothing to do; a wake-up that is lost ends in the time-out. */
static void rest(struct fake_vcpu *cpu)
{
	if (!vic_lapic_block(cpu->lapic, FAKE_CAN_ALL))
		return;
	while (sem_wait(&woken))
		;
	vic_vcpu_unblock(cpu->vcpu);
}

static void serve(struct fake_pc *pc, struct device *devices)
{
	struct fake_vcpu *cpu = &pc->vm.cpu[0];
	uint8_t vector;
	uint32_t n;

	assert_int_equal(vic_lapic_ack_extint(cpu->lapic, &vector), VIC_OK);
	for (n = 0; n < 3; n++) {
		struct device *device = &devices[n];
		bool slave = device->irq >= 8;
		uint32_t base =
			slave ? FAKE_PIC_SLAVE_BASE - 8 : FAKE_PIC_MASTER_BASE;

		if (vector != base + device->irq)
			continue;
		vic_pic_line_set(pc->pic, &pc->device, device->irq, 0, false);
		if (slave)
			fake_out(pc, VIC_PIC_SLAVE, FAKE_EOI);
		fake_out(pc, VIC_PIC_MASTER, FAKE_EOI);
		atomic_fetch_add(&device->served, 1);
		return;
	}
	/* The lines stay until they are served, so none is spurious. */
	fail();
}

/* PIC-29: an edge, a level and one of the slave. */
static void pic_29_none_is_lost(void **state)
{
	static const uint32_t irqs[] = {3, 5, 12};
	static struct device devices[3];
	struct vic_vcpu_ops ops = fake_pc_ops;
	struct fake_pc_spec spec = {.ops = &ops, .wires = 1};
	struct fake_vcpu *cpu;
	pthread_t threads[3];
	struct fake_pc pc;
	unsigned int i, done = 0;

	(void)state;
	ops.lock = NULL;
	ops.unlock = NULL;
	ops.eoi = NULL;
	ops.wake = wake;
	sem_init(&woken, 0, 0);
	fake_pc_make(&pc, &spec);
	fake_pic_setup(&pc);
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0x20);
	cpu = &pc.vm.cpu[0];
	fake_write(cpu, VIC_APIC_LVT_LINT0, EXTINT);
	for (i = 0; i < 3; i++) {
		devices[i].pic = pc.pic;
		devices[i].irq = irqs[i];
		assert_int_equal(pthread_create(&threads[i], NULL,
						raise_in_turn, &devices[i]),
				 0);
	}
	while (done < 3 * ROUNDS) {
		if (fake_todo(cpu) & VIC_WORK_EXTINT) {
			serve(&pc, devices);
			done++;
		} else {
			rest(cpu);
		}
		/* It looks away for a moment, and back. */
		if (done % 7 == 0) {
			fake_write(cpu, VIC_APIC_LVT_LINT0,
				   VIC_LVT_MASKED | EXTINT);
			fake_write(cpu, VIC_APIC_LVT_LINT0, EXTINT);
		}
	}
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(fake_todo(cpu), 0);
	assert_false(vic_pic_output(pc.pic));
	assert_int_equal(fake_chip(&pc, 0).irr | fake_chip(&pc, 0).isr, 0);
	assert_int_equal(fake_chip(&pc, 1).irr | fake_chip(&pc, 1).isr, 0);
	sem_destroy(&woken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_PC_ONCE(pic_29_none_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
