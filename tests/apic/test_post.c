/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * From a sender to the target's IRR, one thread at a time: the posted
 * descriptor (SDM vol. 3, 29.6; VT-d 9.11) and the run states. What several
 * threads can do is in tests/concurrency.
 */

#include "fake_vmm.h"

#include "ipi/vcpu_priv.h"

static enum vic_post post(struct fake_vm *vm, uint8_t vector)
{
	return fake_post(&vm->cpu[0], vector, false);
}

static enum vic_post request(struct fake_vm *vm, enum vic_request what)
{
	return vic_vcpu_request(vm->cpu[0].vcpu, &vm->device, what, 0);
}

/* APIC-66 */
static void apic_66_descriptor_layout(void **state)
{
	struct fake_vm vm;
	uint32_t vector;

	(void)state;
	assert_int_equal(sizeof(struct vic_pid), 64);
	assert_int_equal(offsetof(struct vic_pid, pir), 0);
	assert_int_equal(offsetof(struct vic_pid, control), 256 / 8);
	assert_true(VIC_PID_ON == UINT64_C(1) << (256 - 256));
	assert_true(VIC_PID_SN == UINT64_C(1) << (257 - 256));
	assert_int_equal(VIC_PID_NV_SHIFT, 272 - 256);
	assert_int_equal(VIC_PID_NDST_SHIFT, 288 - 256);

	fake_vm_plain(&vm, 1, false);
	assert_int_equal((uintptr_t)&vm.cpu[0].vcpu->pid % 64, 0);
	for (vector = 16; vector < 256; vector++) {
		const uint8_t *bytes = (const uint8_t *)vm.cpu[0].vcpu->pid.pir;

		post(&vm, (uint8_t)vector);
		assert_int_equal(bytes[vector / 8] >> vector % 8, 1);
		assert_int_equal(fake_inbox(&vm.cpu[0]).pir[vector / 64] >>
					 vector % 64,
				 1);
		assert_true(vm.cpu[0].vcpu->pid.control & VIC_PID_ON);
		assert_int_equal(fake_take(&vm, (uint8_t)vector), 1);
	}
}

/* APIC-67 */
static void apic_67_one_signal_an_outstanding_period(void **state)
{
	static const struct {
		enum vic_run_state state;
		enum vic_post first;
		unsigned int wakes, kicks;
	} rows[] = {
		{VIC_HOST, VIC_POST_SILENT, 0, 0},
		{VIC_GUEST, VIC_POST_KICKED, 0, 1},
		{VIC_BLOCKED, VIC_POST_WOKEN, 1, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		struct fake_vm vm;
		struct fake_vcpu *cpu;

		fake_vm_plain(&vm, 1, false);
		cpu = &vm.cpu[0];
		if (rows[i].state == VIC_GUEST)
			fake_enter(cpu);
		else if (rows[i].state == VIC_BLOCKED)
			fake_block(cpu);
		assert_int_equal(fake_inbox(&vm.cpu[0]).state, rows[i].state);
		assert_false(fake_inbox(&vm.cpu[0]).outstanding);
		assert_int_equal(post(&vm, 0x41), rows[i].first);
		assert_true(fake_inbox(&vm.cpu[0]).outstanding);
		assert_int_equal(post(&vm, 0x41), VIC_POST_MERGED);
		assert_int_equal(post(&vm, 0x42), VIC_POST_COALESCED);
		assert_int_equal(post(&vm, 0xff), VIC_POST_COALESCED);
		assert_int_equal(post(&vm, 0x42), VIC_POST_MERGED);
		assert_int_equal(cpu->wakes, rows[i].wakes);
		assert_int_equal(cpu->kicks, rows[i].kicks);
		assert_int_equal(fake_inbox(&vm.cpu[0]).pir[1], 6);
		assert_true(fake_inbox(&vm.cpu[0]).pir[3] == UINT64_C(1) << 63);
	}
}

static void requests_signal_on_their_own_edge(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	fake_enter(cpu);
	assert_int_equal(request(&vm, VIC_REQUEST_NMI), VIC_POST_KICKED);
	assert_int_equal(request(&vm, VIC_REQUEST_SMI), VIC_POST_COALESCED);
	assert_int_equal(request(&vm, VIC_REQUEST_SMI), VIC_POST_MERGED);
	assert_true(fake_inbox(&vm.cpu[0]).request_new);
	assert_int_equal(fake_inbox(&vm.cpu[0]).nmi, 1);
	assert_true(fake_inbox(&vm.cpu[0]).smi);
	vic_vcpu_exit(cpu->vcpu, true);
	fake_block(cpu);
	/* Known, and still pending: a new one is an edge again. */
	assert_int_equal(request(&vm, VIC_REQUEST_NMI), VIC_POST_WOKEN);
	assert_int_equal(cpu->wakes, 1);
	assert_int_equal(cpu->kicks, 1);
}

static void vectors_below_16_are_refused(void **state)
{
	struct fake_vm vm;
	uint32_t vector;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	for (vector = 0; vector < 16; vector++)
		assert_int_equal(post(&vm, (uint8_t)vector), VIC_POST_REFUSED);
	assert_int_equal(fake_inbox(&vm.cpu[0]).pir[0], 0);
	assert_false(fake_inbox(&vm.cpu[0]).outstanding);
	assert_int_equal(request(&vm, (enum vic_request)99), VIC_POST_REFUSED);
	assert_false(fake_inbox(&vm.cpu[0]).request_new);
}

/* APIC-68 */
static void apic_68_consumer_takes_all_and_rearms(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	uint32_t vector, i;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	for (vector = 16; vector < 256; vector += 3)
		post(&vm, (uint8_t)vector);
	fake_harvest(cpu);
	assert_false(fake_inbox(&vm.cpu[0]).outstanding);
	for (i = 0; i < 4; i++)
		assert_int_equal(fake_inbox(&vm.cpu[0]).pir[i], 0);
	for (vector = 16; vector < 256; vector++)
		assert_int_equal(fake_bit(cpu, VIC_APIC_IRR, (uint8_t)vector),
				 (vector - 16) % 3 == 0);
	/* ON was cleared: the next one signals. */
	fake_enter(cpu);
	assert_int_equal(post(&vm, 0x41), VIC_POST_KICKED);
	/* It does not look at IRR; there the two merge. */
	vic_vcpu_exit(cpu->vcpu, true);
	fake_enter(cpu);
	assert_int_equal(post(&vm, 16), VIC_POST_KICKED);
	assert_int_equal(cpu->kicks, 2);
}

/* APIC-68b */
static void apic_68b_on_without_pir(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct vic_work work;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	post(&vm, 0x41);
	post(&vm, 0x91);
	fake_harvest(cpu);
	/* A pass took the bits of a sender that had not set ON yet. */
	cpu->vcpu->pid.control |= VIC_PID_ON;
	assert_true(vic_lapic_scan(cpu->lapic, VIC_CAN_IRQ, &work) &
		    VIC_WORK_IRQ);
	assert_int_equal(work.vector, 0x91);
	assert_false(fake_inbox(&vm.cpu[0]).outstanding);
	/* The same with nothing outstanding at all. */
	assert_true(vic_lapic_scan(cpu->lapic, VIC_CAN_IRQ, &work) &
		    VIC_WORK_IRQ);
	assert_int_equal(work.vector, 0x91);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x91), VIC_OK);
	fake_write(cpu, VIC_APIC_EOI, 0);
	cpu->vcpu->pid.control |= VIC_PID_ON;
	assert_false(vic_lapic_block(cpu->lapic, VIC_CAN_IRQ));
	assert_int_equal(fake_take(&vm, 0x41), 1);
}

/* APIC-71 */
static void apic_71_enter_sees_what_came_before(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	/* Posted before: refused. Posted after: a kick. Never neither. */
	post(&vm, 0x41);
	assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_AGAIN);
	assert_int_equal(fake_inbox(&vm.cpu[0]).state, VIC_HOST);
	fake_enter(cpu);
	assert_int_equal(fake_inbox(&vm.cpu[0]).state, VIC_GUEST);
	post(&vm, 0x42);
	assert_int_equal(cpu->kicks, 1);
	vic_vcpu_exit(cpu->vcpu, true);
	assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_AGAIN);
	fake_enter(cpu);
	vic_vcpu_exit(cpu->vcpu, false);
	request(&vm, VIC_REQUEST_NMI);
	assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_AGAIN);
	fake_enter(cpu);
	vic_vcpu_exit(cpu->vcpu, false);
	/* The same for a vCPU that is about to sleep. */
	post(&vm, 0x43);
	assert_false(vic_vcpu_block(cpu->vcpu));
	assert_int_equal(fake_inbox(&vm.cpu[0]).state, VIC_HOST);
	fake_block(cpu);
	post(&vm, 0x44);
	assert_int_equal(cpu->wakes, 1);
	vic_vcpu_unblock(cpu->vcpu);
	assert_int_equal(fake_inbox(&vm.cpu[0]).state, VIC_HOST);
	assert_false(vic_vcpu_block(cpu->vcpu));
}

static void apic_71_progress_after_four_refusals(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	int round, i;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	post(&vm, 0x41);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 4; i++)
			assert_int_equal(vic_vcpu_enter(cpu->vcpu),
					 VIC_ENTER_AGAIN);
		assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_EXIT);
		assert_int_equal(fake_inbox(&vm.cpu[0]).state, VIC_GUEST);
		vic_vcpu_exit(cpu->vcpu, false);
	}
	assert_int_equal(fake_take(&vm, 0x41), 1);
	/* Refusals with an entry between them are not in a row. */
	for (i = 0; i < 9; i++) {
		post(&vm, 0x41);
		assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_AGAIN);
		fake_enter(cpu);
		vic_vcpu_exit(cpu->vcpu, false);
	}
}

/* APIC-72 */
static void apic_72_entry_does_not_replace_the_scan(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	fake_enter(cpu);
	post(&vm, 0x41);
	vic_vcpu_exit(cpu->vcpu, true);
	/* The vCPU may not go back in with bits left in PIR. */
	assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_AGAIN);
	assert_int_equal(fake_inbox(&vm.cpu[0]).pir[1], 2);
	fake_harvest(cpu);
	assert_int_equal(fake_inbox(&vm.cpu[0]).pir[1], 0);
	assert_true(fake_bit(cpu, VIC_APIC_IRR, 0x41));
	assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_GUEST);
}

static void block_unless_there_is_work(void **state)
{
	static const struct {
		uint32_t can;
		bool irq, nmi, smi, init;
		uint8_t tpr;
		bool blocks;
	} rows[] = {
		{FAKE_CAN_ALL, false, false, false, false, 0, true},
		{FAKE_CAN_ALL, true, false, false, false, 0, false},
		{FAKE_CAN_ALL, true, false, false, false, 0x40, true},
		{FAKE_CAN_ALL, true, false, false, false, 0x3f, false},
		{FAKE_CAN_ALL, false, true, false, false, 0xff, false},
		{FAKE_CAN_ALL, false, false, true, false, 0xff, false},
		{0, true, true, true, false, 0, true},
		{VIC_CAN_NMI, true, false, false, false, 0, true},
		{VIC_CAN_IRQ, false, true, false, false, 0, true},
		{VIC_CAN_IRQ, true, true, false, false, 0, false},
		{0, false, false, false, true, 0, false},
	};
	size_t i;
	int known;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++)
		for (known = 0; known < 2; known++) {
			struct fake_vm vm;
			struct fake_vcpu *cpu;
			bool blocked;

			fake_vm_plain(&vm, 1, false);
			cpu = &vm.cpu[0];
			fake_write(cpu, VIC_APIC_TPR, rows[i].tpr);
			if (rows[i].irq)
				post(&vm, 0x41);
			if (rows[i].nmi)
				request(&vm, VIC_REQUEST_NMI);
			if (rows[i].smi)
				request(&vm, VIC_REQUEST_SMI);
			if (rows[i].init)
				request(&vm, VIC_REQUEST_INIT);
			if (known)
				fake_harvest(cpu);
			blocked = vic_lapic_block(cpu->lapic, rows[i].can);
			assert_int_equal(blocked, rows[i].blocks);
			assert_int_equal(fake_inbox(&vm.cpu[0]).state,
					 blocked ? VIC_BLOCKED : VIC_HOST);
			assert_int_equal(cpu->wakes, 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(apic_66_descriptor_layout),
		FAKE_TEST(apic_67_one_signal_an_outstanding_period),
		FAKE_TEST(requests_signal_on_their_own_edge),
		FAKE_TEST(vectors_below_16_are_refused),
		FAKE_TEST(apic_68_consumer_takes_all_and_rearms),
		FAKE_TEST(apic_68b_on_without_pir),
		FAKE_TEST(apic_71_enter_sees_what_came_before),
		FAKE_TEST(apic_71_progress_after_four_refusals),
		FAKE_TEST(apic_72_entry_does_not_replace_the_scan),
		FAKE_TEST(block_unless_there_is_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
