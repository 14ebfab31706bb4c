/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Counters by cause and the source x target matrix: <vic/counters.h>. */

#include "fake_vmm.h"

#include <string.h>

static uint64_t matrix[4 * 4];

static const struct vic_counters *counters(struct fake_vm *vm, uint32_t i)
{
	return vic_vcpu_counters(vm->cpu[i].vcpu);
}

static void a_new_vcpu_has_counted_nothing(void **state)
{
	static const struct vic_counters zero;
	struct fake_spec spec = {.vcpus = 2, .raw = true};
	struct fake_vm vm;

	(void)state;
	fake_vm_make(&vm, &spec);
	assert_memory_equal(counters(&vm, 1), &zero, sizeof(zero));
}

static void messages_by_kind_and_mode(void **state)
{
	/* A vector in each; those that need none ignore it or want 0. */
	static const struct {
		uint64_t icr;
		enum vic_dest_kind kind;
		enum vic_delivery_mode mode;
	} rows[] = {
		{FAKE_TO8(1) | 0x41, VIC_DEST_PHYSICAL, VIC_MODE_FIXED},
		{FAKE_TO8(1) | 0x141, VIC_DEST_PHYSICAL, VIC_MODE_LOWEST},
		{FAKE_TO8(1) | 0x200, VIC_DEST_PHYSICAL, VIC_MODE_SMI},
		{FAKE_TO8(1) | 0x400, VIC_DEST_PHYSICAL, VIC_MODE_NMI},
		{FAKE_TO8(1) | 0x500, VIC_DEST_PHYSICAL, VIC_MODE_INIT},
		{FAKE_TO8(1) | 0x612, VIC_DEST_PHYSICAL, VIC_MODE_SIPI},
		{FAKE_TO8(1) | 0x841, VIC_DEST_LOGICAL, VIC_MODE_FIXED},
		{FAKE_TO8(1) | 0xc00, VIC_DEST_LOGICAL, VIC_MODE_NMI},
		{VIC_ICR_SELF | 0x41, VIC_DEST_SELF, VIC_MODE_FIXED},
		{VIC_ICR_ALL | 0x41, VIC_DEST_ALL, VIC_MODE_FIXED},
		{VIC_ICR_OTHERS | 0x41, VIC_DEST_OTHERS, VIC_MODE_FIXED},
		{VIC_ICR_OTHERS | 0x400, VIC_DEST_OTHERS, VIC_MODE_NMI},
	};
	struct fake_vm vm;
	size_t i, k, m;

	(void)state;
	fake_vm_plain(&vm, 3, false);
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		uint64_t sent = 0;

		fake_icr(&vm.cpu[0], rows[i].icr);
		assert_int_equal(
			counters(&vm, 0)->sent[rows[i].kind][rows[i].mode], 1);
		for (k = 0; k < VIC_DEST_KINDS; k++)
			for (m = 0; m < 8; m++)
				sent += counters(&vm, 0)->sent[k][m];
		assert_int_equal(sent, i + 1);
	}
	assert_int_equal(counters(&vm, 0)->msi, 0);
	assert_int_equal(counters(&vm, 1)->sent[0][0], 0);
}

static void self_ipi_counts_as_self(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 1, true);
	fake_write(&vm.cpu[0], VIC_APIC_SELF_IPI, 0x41);
	assert_int_equal(counters(&vm, 0)->sent[VIC_DEST_SELF][VIC_MODE_FIXED],
			 1);
	assert_int_equal(counters(&vm, 0)->vectors.silent, 1);
}

static void outcomes_of_vectors(void **state)
{
	struct fake_vm vm;
	const struct vic_outcomes *o;

	(void)state;
	fake_vm_plain(&vm, 4, false);
	o = &counters(&vm, 0)->vectors;
	fake_enter(&vm.cpu[1]);
	fake_block(&vm.cpu[2]);
	fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | 0x41);
	assert_int_equal(o->kicked, 1);
	assert_int_equal(o->woken, 1);
	assert_int_equal(o->silent, 1);
	assert_int_equal(o->coalesced + o->merged, 0);
	fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | 0x42);
	assert_int_equal(o->coalesced, 3);
	fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | 0x41);
	assert_int_equal(o->merged, 3);
	assert_int_equal(o->kicked + o->woken + o->silent, 3);
	assert_int_equal(o->coalesced, 3);
	assert_int_equal(vm.cpu[1].kicks, 1);
	assert_int_equal(vm.cpu[2].wakes, 1);
	assert_int_equal(counters(&vm, 0)->requests.silent, 0);
}

static void outcomes_of_requests(void **state)
{
	struct fake_vm vm;
	const struct vic_outcomes *o;

	(void)state;
	fake_vm_plain(&vm, 4, true);
	o = &counters(&vm, 3)->requests;
	fake_enter(&vm.cpu[0]);
	fake_block(&vm.cpu[1]);
	fake_icr(&vm.cpu[3], VIC_ICR_OTHERS | FAKE_MODE(VIC_MODE_SMI));
	assert_int_equal(o->kicked, 1);
	assert_int_equal(o->woken, 1);
	assert_int_equal(o->silent, 1);
	fake_icr(&vm.cpu[3], VIC_ICR_OTHERS | FAKE_MODE(VIC_MODE_SMI));
	assert_int_equal(o->merged, 3);
	fake_icr(&vm.cpu[3], VIC_ICR_OTHERS | FAKE_MODE(VIC_MODE_NMI));
	assert_int_equal(o->coalesced, 3);
	assert_int_equal(counters(&vm, 3)->vectors.silent, 0);
}

static void messages_that_reach_nobody(void **state)
{
	struct fake_vm vm;
	const struct vic_counters *c;

	(void)state;
	fake_vm_plain(&vm, 3, false);
	c = counters(&vm, 0);
	fake_icr(&vm.cpu[0], FAKE_TO8(9) | 0x41);
	assert_int_equal(c->unmatched, 1);
	assert_int_equal(c->refused, 0);
	fake_icr(&vm.cpu[0], FAKE_TO8(1) | 0x41);
	assert_int_equal(c->unmatched, 1);
	fake_write(&vm.cpu[1], VIC_APIC_SVR, 0xff);
	fake_icr(&vm.cpu[0], FAKE_TO8(1) | 0x42);
	assert_int_equal(c->refused, 1);
	fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | 0x43);
	assert_int_equal(c->refused, 2);
	fake_icr(&vm.cpu[0], FAKE_TO8(1) | FAKE_MODE(VIC_MODE_NMI));
	assert_int_equal(c->refused, 2);
	assert_int_equal(c->invalid, 0);
	fake_icr(&vm.cpu[0], VIC_ICR_SELF | FAKE_MODE(VIC_MODE_NMI));
	assert_int_equal(c->invalid, 1);
	fake_icr(&vm.cpu[0], FAKE_TO8(1) | 0x341);
	assert_int_equal(c->invalid, 2);
}

static void messages_of_a_device_thread(void **state)
{
	struct fake_vm vm;
	const struct vic_counters *d = &vm.device;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	fake_enter(&vm.cpu[1]);
	assert_int_equal(vic_msi(vm.bus, &vm.device, 0xfee01000, 0x41), 1);
	assert_int_equal(vic_msi(vm.bus, &vm.device, 0xfee00000, 0x41), 1);
	assert_int_equal(vic_msi(vm.bus, &vm.device, 0xfee00000, 0x41), 0);
	assert_int_equal(vic_msi(vm.bus, &vm.device, 0xfee01004, 0x441), 0);
	assert_int_equal(d->msi, 4);
	assert_int_equal(d->sent[VIC_DEST_PHYSICAL][VIC_MODE_FIXED], 0);
	assert_int_equal(d->sent[VIC_DEST_LOGICAL][VIC_MODE_NMI], 0);
	assert_int_equal(d->vectors.kicked, 1);
	assert_int_equal(d->vectors.silent, 1);
	assert_int_equal(d->vectors.merged, 1);
	assert_int_equal(d->unmatched, 1);
	assert_int_equal(vic_msi(vm.bus, &vm.device, 0xfee01000, 0x341), 0);
	assert_int_equal(d->invalid, 1);
	/* Nothing is counted at the target. */
	assert_int_equal(counters(&vm, 1)->vectors.kicked, 0);
	assert_int_equal(counters(&vm, 1)->msi, 0);
}

static void run_state_changes(void **state)
{
	struct fake_vm vm;
	const struct vic_counters *c;
	struct vic_vcpu *vcpu;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	vcpu = vm.cpu[0].vcpu;
	c = counters(&vm, 0);
	fake_enter(&vm.cpu[0]);
	vic_vcpu_exit(vcpu, false);
	assert_int_equal(c->enters, 1);
	assert_int_equal(c->exits, 1);
	assert_int_equal(c->kicks + c->kicks_spurious, 0);
	fake_enter(&vm.cpu[0]);
	vic_vcpu_exit(vcpu, true);
	assert_int_equal(c->kicks, 1);
	assert_int_equal(c->kicks_spurious, 1);
	fake_enter(&vm.cpu[0]);
	vic_vcpu_post(vcpu, &vm.device, 0x41, false);
	vic_vcpu_exit(vcpu, true);
	assert_int_equal(c->kicks, 2);
	assert_int_equal(c->kicks_spurious, 1);
	assert_int_equal(c->enter_refusals, 0);
	assert_int_equal(vic_vcpu_enter(vcpu), VIC_ENTER_AGAIN);
	assert_int_equal(c->enter_refusals, 1);
	assert_int_equal(c->enters, 3);
	assert_false(vic_vcpu_block(vcpu));
	assert_int_equal(c->block_refusals, 1);
	assert_int_equal(c->blocks, 0);
	fake_block(&vm.cpu[0]);
	assert_int_equal(c->blocks, 1);
	vic_vcpu_unblock(vcpu);
	assert_int_equal(c->wakes_spurious, 1);
	fake_block(&vm.cpu[0]);
	vic_vcpu_post(vcpu, &vm.device, 0x42, false);
	vic_vcpu_unblock(vcpu);
	assert_int_equal(c->blocks, 2);
	assert_int_equal(c->wakes_spurious, 1);
	assert_int_equal(c->exits, 3);
}

static void what_the_guest_was_given(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	const struct vic_counters *c;
	uint64_t sipis;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	cpu = &vm.cpu[1];
	c = counters(&vm, 1);
	sipis = c->acked[VIC_MODE_SIPI];
	fake_serve(&vm, cpu, 0x41);
	assert_int_equal(c->acked[VIC_MODE_FIXED], 1);
	assert_int_equal(c->eois, 0);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(c->eois, 1);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(c->eois, 1);
	vic_vcpu_request(cpu->vcpu, &vm.device, VIC_REQUEST_NMI, 0);
	vic_vcpu_request(cpu->vcpu, &vm.device, VIC_REQUEST_SMI, 0);
	fake_harvest(cpu);
	assert_int_equal(vic_lapic_ack_nmi(cpu->lapic), VIC_OK);
	assert_int_equal(vic_lapic_ack_smi(cpu->lapic), VIC_OK);
	assert_int_equal(c->discarded, 0);
	vic_vcpu_post(cpu->vcpu, &vm.device, 0x42, false);
	vic_vcpu_post(cpu->vcpu, &vm.device, 0x43, false);
	vic_vcpu_request(cpu->vcpu, &vm.device, VIC_REQUEST_INIT, 0);
	assert_true(fake_work(&vm, VIC_WORK_INIT) == 2);
	assert_int_equal(vic_lapic_ack_init(cpu->lapic), VIC_OK);
	fake_vcpu_start(cpu);
	assert_int_equal(c->acked[VIC_MODE_NMI], 1);
	assert_int_equal(c->acked[VIC_MODE_SMI], 1);
	assert_int_equal(c->acked[VIC_MODE_INIT], 1);
	assert_int_equal(c->discarded, 2);
	assert_int_equal(c->acked[VIC_MODE_SIPI], sipis + 1);
	assert_int_equal(c->acked[VIC_MODE_FIXED], 1);
}

static void two_that_became_one(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	const struct vic_counters *c;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	c = counters(&vm, 0);
	vic_vcpu_post(cpu->vcpu, &vm.device, 0x41, false);
	fake_harvest(cpu);
	assert_int_equal(c->folded, 0);
	/* Newly pending in the inbox, and not in IRR. */
	vic_vcpu_post(cpu->vcpu, &vm.device, 0x41, false);
	fake_harvest(cpu);
	assert_int_equal(vm.device.vectors.merged, 0);
	assert_int_equal(c->folded, 1);
	/* In service is no longer pending. */
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x41), VIC_OK);
	vic_vcpu_post(cpu->vcpu, &vm.device, 0x41, false);
	fake_harvest(cpu);
	assert_int_equal(c->folded, 1);
}

static uint64_t pending_vectors(struct fake_vcpu *cpu)
{
	struct vic_vcpu_inbox inbox;
	uint64_t pending = 0;
	uint32_t i;

	vic_vcpu_peek(cpu->vcpu, &inbox);
	for (i = 0; i < 4; i++)
		pending += (uint64_t)__builtin_popcountll(inbox.pir[i]);
	for (i = 0; i < 8; i++)
		pending += (uint64_t)__builtin_popcount(
			fake_page(cpu, VIC_APIC_IRR + 16 * i));
	return pending;
}

static void step(struct fake_vm *vm, uint32_t what, uint8_t vector)
{
	const uint64_t base = VIC_APIC_BASE_RESET | VIC_APIC_BASE_BSP;
	struct fake_vcpu *cpu = &vm->cpu[0];
	struct vic_work work;

	if (what < 60) {
		vic_vcpu_post(cpu->vcpu, &vm->device, vector, what & 1);
	} else if (what < 85) {
		if (vic_lapic_scan(cpu->lapic, VIC_CAN_IRQ, &work) &
		    VIC_WORK_IRQ)
			assert_int_equal(vic_lapic_ack(cpu->lapic, work.vector),
					 VIC_OK);
		if (what == 60 && work.vector)
			assert_int_equal(
				vic_lapic_unack(cpu->lapic, work.vector),
				VIC_OK);
	} else if (what < 97) {
		fake_write(cpu, VIC_APIC_EOI, 0);
	} else if (what == 97) {
		fake_write(cpu, VIC_APIC_SVR, vector & 1 ? 0xff : 0x1ff);
	} else if (what == 98) {
		vic_vcpu_request(cpu->vcpu, &vm->device, VIC_REQUEST_INIT, 0);
		assert_int_equal(vic_lapic_ack_init(cpu->lapic), VIC_OK);
		fake_write(cpu, VIC_APIC_SVR, 0x1ff);
	} else if (vector > 200) {
		fake_write_base(cpu, base);
		fake_write_base(cpu, base | VIC_APIC_BASE_EN);
		fake_write(cpu, VIC_APIC_SVR, 0x1ff);
	}
}

/* Every vector that was made pending is accounted for, at every moment. */
static void the_books_balance(void **state)
{
	struct fake_vm vm;
	const struct vic_counters *c;
	const struct vic_outcomes *o;
	uint32_t x = 1, i;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	c = counters(&vm, 0);
	o = &vm.device.vectors;
	for (i = 0; i < 200000; i++) {
		x = x * 1103515245u + 12345u;
		step(&vm, (x >> 16) % 100, (uint8_t)(16 + (x >> 8) % 240));
		assert_int_equal(
			o->silent + o->coalesced + o->woken + o->kicked,
			c->acked[VIC_MODE_FIXED] + c->discarded + c->folded +
				pending_vectors(&vm.cpu[0]));
	}
	assert_true(o->merged > 1000 && c->folded > 1000);
	assert_true(c->discarded > 1000 && c->acked[VIC_MODE_FIXED] > 1000);
}

/* What the local vector table raises is in the books, too. */
static void local_interrupts_balance(void **state)
{
	static const uint32_t lvts[] = {
		VIC_APIC_LVT_TIMER, VIC_APIC_LVT_THERMAL, VIC_APIC_LVT_PERF,
		VIC_APIC_LVT_LINT0, VIC_APIC_LVT_LINT1,   VIC_APIC_LVT_ERROR,
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	const struct vic_counters *c;
	size_t i;
	int times;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	cpu = &vm.cpu[0];
	c = counters(&vm, 0);
	for (i = 0; i < FAKE_COUNT(lvts); i++) {
		fake_write(cpu, lvts[i], 0x51 + i);
		/* The second one folds into the first. */
		for (times = 0; times < 2; times++) {
			fake_fire(cpu, lvts[i]);
			fake_write(cpu, lvts[i], 0x51 + i);
			fake_write(cpu, VIC_APIC_ESR, 0);
		}
	}
	for (i = FAKE_COUNT(lvts); i-- > 0;)
		fake_complete(cpu, (uint8_t)(0x51 + i));
	assert_int_equal(c->acked[VIC_MODE_FIXED], FAKE_COUNT(lvts));
	assert_int_equal(c->vectors.silent + c->vectors.coalesced +
				 c->vectors.woken + c->vectors.kicked,
			 c->acked[VIC_MODE_FIXED] + c->folded);
	assert_int_equal(c->discarded, 0);
}

static void source_by_target(void **state)
{
	static const uint64_t expected[4 * 4] = {
		1, 4, 2, 2, /* from 0 */
		0, 0, 0, 0, /* from 1 */
		1, 1, 0, 1, /* from 2 */
		0, 0, 0, 1, /* from 3 */
	};
	struct fake_spec spec = {.vcpus = 4, .matrix = matrix};
	struct fake_vm vm;
	int i;

	(void)state;
	memset(matrix, 0, sizeof(matrix));
	fake_vm_make(&vm, &spec);
	for (i = 0; i < 2; i++)
		fake_icr(&vm.cpu[0], FAKE_TO8(1) | 0x41);
	fake_icr(&vm.cpu[0], FAKE_TO8(0xff) | 0x41);
	fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | FAKE_MODE(VIC_MODE_NMI));
	fake_icr(&vm.cpu[2], VIC_ICR_OTHERS | 0x42);
	fake_icr(&vm.cpu[3], VIC_ICR_SELF | 0x42);
	fake_icr(&vm.cpu[3], FAKE_TO8(7) | 0x42);
	/* A device is no source. */
	vic_msi(vm.bus, &vm.device, 0xfee01000, 0x43);
	assert_memory_equal(matrix, expected, sizeof(matrix));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(a_new_vcpu_has_counted_nothing),
		FAKE_TEST(messages_by_kind_and_mode),
		FAKE_TEST(self_ipi_counts_as_self),
		FAKE_TEST(outcomes_of_vectors),
		FAKE_TEST(outcomes_of_requests),
		FAKE_TEST(messages_that_reach_nobody),
		FAKE_TEST(messages_of_a_device_thread),
		FAKE_TEST(run_state_changes),
		FAKE_TEST(what_the_guest_was_given),
		FAKE_TEST(two_that_became_one),
		FAKE_TEST(the_books_balance),
		FAKE_TEST(local_interrupts_balance),
		FAKE_TEST(source_by_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
