/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Devices and processors that use an IOAPIC at the same time, and what happens
 * while a message is on its way: <vic/ioapic.h>.
 */

#include "fake_pc.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#define ROUNDS 4000

struct device {
	struct vic_ioapic *ioapic;
	struct vic_counters counters;
	uint32_t pin, source;
};

static void *toggle(void *argument)
{
	struct device *device = argument;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		vic_ioapic_line_set(device->ioapic, &device->counters,
				    device->pin, device->source, true);
		vic_ioapic_line_set(device->ioapic, &device->counters,
				    device->pin, device->source, false);
	}
	return NULL;
}

/* Take what there is and end it. */
static unsigned int drain(struct fake_pc *pc)
{
	struct fake_vcpu *cpu = &pc->vm.cpu[0];
	unsigned int taken = 0;
	uint8_t vector;

	while ((vector = fake_deliverable(cpu)) != 0) {
		/* Without another look, which may find a higher one. */
		assert_int_equal(vic_lapic_ack(cpu->lapic, vector), VIC_OK);
		fake_write(cpu, VIC_APIC_EOI, 0);
		taken++;
	}
	return taken;
}

/* Two devices on a level line, one of them on an edge line too. */
static void threads_raise(void **state)
{
	static struct device devices[3];
	struct vic_vcpu_ops ops = fake_pc_ops;
	struct fake_pc_spec spec = {.ops = &ops};
	struct vic_ioapic_pin out;
	pthread_t threads[3];
	struct fake_pc pc;
	unsigned int i;

	(void)state;
	ops.lock = NULL;
	ops.unlock = NULL;
	ops.eoi = NULL;
	fake_pc_make(&pc, &spec);
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	fake_program(&pc, 4, 0x61);
	for (i = 0; i < 3; i++) {
		devices[i] = (struct device){
			.ioapic = pc.ioapic,
			.pin = i == 2 ? 4 : 3,
			.source = i,
		};
		assert_int_equal(
			pthread_create(&threads[i], NULL, toggle, &devices[i]),
			0);
	}
	for (i = 0; i < ROUNDS; i++)
		drain(&pc);
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	drain(&pc);
	/* Each edge was a message, and all that began has ended. */
	assert_int_equal(devices[2].counters.ioapic, ROUNDS);
	assert_false(fake_remote_irr(&pc, 3));
	for (i = 3; i < 5; i++) {
		assert_int_equal(vic_ioapic_peek(pc.ioapic, i, &out), VIC_OK);
		assert_true(out.sources == 0);
	}
	assert_true(fake_line(&pc, 3, true));
	fake_line(&pc, 3, false);
	assert_int_equal(drain(&pc), 1);
}

/* A message that the one who is told of it refuses, but not at once. */
struct slow {
	struct vic_ioapic *ioapic;
	sem_t asked, answer;
	unsigned int messages;
	uint64_t address;
};

static bool slow_msi(void *opaque, uint64_t address, uint32_t data)
{
	struct slow *slow = opaque;

	(void)data;
	slow->address = address;
	if (slow->messages++)
		return true;
	sem_post(&slow->asked);
	sem_wait(&slow->answer);
	return false;
}

static void *raise_line(void *argument)
{
	struct slow *slow = argument;
	struct vic_counters counters = {0};

	vic_ioapic_line_set(slow->ioapic, &counters, 3, 0, true);
	return NULL;
}

static void put(struct slow *slow, struct vic_counters *counters,
		uint32_t index, uint32_t value)
{
	assert_int_equal(vic_ioapic_write(slow->ioapic, counters,
					  VIC_IOAPIC_IOREGSEL, 4, index),
			 VIC_ACCESS_DONE);
	assert_int_equal(vic_ioapic_write(slow->ioapic, counters,
					  VIC_IOAPIC_IOWIN, 4, value),
			 VIC_ACCESS_DONE);
}

/* IOAPIC-25: what asks for another attempt while one is being refused. */
static void ioapic_25_meanwhile(void **state)
{
	static _Alignas(VIC_CACHE_LINE) unsigned char bytes[FAKE_IOAPIC_BYTES];
	struct vic_vcpu_ops ops = {.size = sizeof(ops), .msi = slow_msi};
	struct vic_counters counters = {0};
	struct vic_ioapic_pin out;
	struct slow slow;
	pthread_t thread;
	int how;

	(void)state;
	for (how = 0; how < 3; how++) {
		struct vic_ioapic_config config = {
			.size = sizeof(config),
			.ops = &ops,
			.opaque = &slow,
		};

		slow.messages = 0;
		sem_init(&slow.asked, 0, 0);
		sem_init(&slow.answer, 0, 0);
		assert_int_equal(vic_ioapic_init(bytes, sizeof(bytes), &config,
						 &slow.ioapic),
				 VIC_OK);
		put(&slow, &counters, VIC_IOAPIC_REDTBL + 7, 0x05000000);
		put(&slow, &counters, VIC_IOAPIC_REDTBL + 6,
		    FAKE_RTE_LEVEL(0x51));
		assert_int_equal(
			pthread_create(&thread, NULL, raise_line, &slow), 0);
		sem_wait(&slow.asked);
		if (how == 0)
			put(&slow, &counters, VIC_IOAPIC_REDTBL + 7,
			    0x01000000);
		else if (how == 1)
			vic_ioapic_retry(slow.ioapic, &counters);
		sem_post(&slow.answer);
		assert_int_equal(pthread_join(thread, NULL), 0);
		/* And once more only if there was something. */
		assert_int_equal(slow.messages, how == 2 ? 1 : 2);
		assert_int_equal(vic_ioapic_peek(slow.ioapic, 3, &out), VIC_OK);
		assert_int_equal((out.entry & VIC_RTE_REMOTE_IRR) != 0,
				 how != 2);
		assert_int_equal((out.entry & VIC_RTE_BUSY) != 0, how == 2);
		if (how == 0)
			assert_true(slow.address == 0xfee01000);
		sem_destroy(&slow.asked);
		sem_destroy(&slow.answer);
	}
}

static struct fake_pc meant;
/* The APIC is enabled at this lock or unlock from now on; 0: never. */
static unsigned int enable_at;

static void meanwhile(void)
{
	if (enable_at && --enable_at == 0)
		fake_write(&meant.vm.cpu[0], VIC_APIC_SVR,
			   VIC_SVR_RESET | VIC_SVR_ENABLE);
}

static uint64_t take_and_look(uint32_t *word)
{
	meanwhile();
	assert_int_equal(*word, 0);
	*word = 1;
	return 0;
}

static void drop_and_look(uint32_t *word, uint64_t flags)
{
	(void)flags;
	*word = 0;
	meanwhile();
}

/* IOAPIC-25: the same, at every place where another thread gets its turn. */
static void ioapic_25_enabled_at_each_step(void **state)
{
	struct vic_vcpu_ops ops = fake_pc_ops;
	struct fake_pc_spec spec = {.ops = &ops};
	unsigned int at;

	(void)state;
	ops.lock = take_and_look;
	ops.unlock = drop_and_look;
	for (at = 1; at <= 4; at++) {
		fake_reset(NULL);
		fake_pc_make(&meant, &spec);
		fake_program(&meant, 3, FAKE_RTE_LEVEL(0x51));
		fake_write(&meant.vm.cpu[0], VIC_APIC_SVR, VIC_SVR_RESET);
		enable_at = at;
		fake_line(&meant, 3, true);
		assert_int_equal(enable_at, 0);
		assert_true(fake_remote_irr(&meant, 3));
		fake_pc_serve(&meant, 0, 0x51);
	}
}

#define MEETINGS 3000

/* A device and a vCPU that meet again and again. */
struct meeting {
	struct device device;
	atomic_uint begun, ended;
};

static void wait_for(atomic_uint *turn, unsigned int value)
{
	unsigned int spins = 0;

	while (atomic_load(turn) < value)
		if (++spins % 10000 == 0)
			sched_yield();
}

static void *raise_at_meetings(void *argument)
{
	struct meeting *m = argument;
	unsigned int i;

	for (i = 1; i <= MEETINGS; i++) {
		wait_for(&m->begun, i);
		vic_ioapic_line_set(m->device.ioapic, &m->device.counters, 3, 0,
				    true);
		atomic_store(&m->ended, i);
	}
	return NULL;
}

/* IOAPIC-25: the APIC is enabled while a device finds it disabled. */
static void ioapic_25_enabled_meanwhile(void **state)
{
	static struct meeting m;
	struct vic_vcpu_ops ops = fake_pc_ops;
	struct fake_pc_spec spec = {.ops = &ops};
	struct fake_vcpu *cpu;
	struct fake_pc pc;
	pthread_t thread;
	unsigned int i, spins;

	(void)state;
	ops.lock = NULL;
	ops.unlock = NULL;
	fake_pc_make(&pc, &spec);
	cpu = &pc.vm.cpu[0];
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	m.device.ioapic = pc.ioapic;
	assert_int_equal(pthread_create(&thread, NULL, raise_at_meetings, &m),
			 0);
	for (i = 1; i <= MEETINGS; i++) {
		fake_write(cpu, VIC_APIC_SVR, VIC_SVR_RESET);
		atomic_store(&m.begun, i);
		/* A little later each time. */
		for (spins = 0; spins < i % 300; spins++)
			(void)atomic_load(&m.begun);
		fake_write(cpu, VIC_APIC_SVR, VIC_SVR_RESET | VIC_SVR_ENABLE);
		wait_for(&m.ended, i);
		/* Whoever was first, it has come. */
		fake_pc_serve(&pc, 0, 0x51);
		assert_true(fake_remote_irr(&pc, 3));
		fake_line(&pc, 3, false);
		fake_pc_eoi(&pc, 0);
		fake_heard_one(&pc, VIC_EOI_IOAPIC, 3);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(fake_todo(cpu), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_PC_ONCE(threads_raise),
		FAKE_PC_ONCE(ioapic_25_meanwhile),
		FAKE_PC_ONCE(ioapic_25_enabled_at_each_step),
		FAKE_PC_ONCE(ioapic_25_enabled_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
