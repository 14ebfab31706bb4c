/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What passes from the inbox to the APIC, is cancelled, or is thrown away. */

#include <string.h>

#include "fake_vmm.h"

#define V 0x41u

static uint32_t scan(struct fake_vcpu *cpu)
{
	struct vic_work work;

	return vic_lapic_scan(cpu->lapic, FAKE_CAN_ALL, &work);
}

static void request(struct fake_vm *vm, enum vic_request what, uint8_t with)
{
	vic_vcpu_request(vm->cpu[0].vcpu, &vm->device, what, with);
}

static void resync_is_told_once(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	assert_true(vic_lapic_block(vm.cpu[0].lapic, FAKE_CAN_ALL));
	request(&vm, VIC_REQUEST_RESYNC, 0);
	assert_int_equal(vm.cpu[0].wakes, 1);
	vic_vcpu_unblock(vm.cpu[0].vcpu);
	assert_int_equal(scan(&vm.cpu[0]), VIC_WORK_RESYNC);
	assert_int_equal(scan(&vm.cpu[0]), 0);
	request(&vm, VIC_REQUEST_RESYNC, 0);
	assert_false(vic_lapic_block(vm.cpu[0].lapic, FAKE_CAN_ALL));
	assert_false(vic_lapic_block(vm.cpu[0].lapic, FAKE_CAN_ALL));
	assert_int_equal(scan(&vm.cpu[0]), VIC_WORK_RESYNC);
	assert_true(vic_lapic_block(vm.cpu[0].lapic, FAKE_CAN_ALL));
}

/* Another vCPU's INIT may come between the scan and the ack. */
static void an_init_may_cancel_a_sipi_that_was_offered(void **state)
{
	struct fake_spec spec = {.vcpus = 2, .raw = true};
	struct fake_vm vm;
	struct vic_lapic *ap;

	(void)state;
	fake_vm_make(&vm, &spec);
	ap = vm.cpu[1].lapic;
	vic_vcpu_request(vm.cpu[1].vcpu, &vm.device, VIC_REQUEST_SIPI, 8);
	assert_int_equal(scan(&vm.cpu[1]), VIC_WORK_SIPI);
	vic_vcpu_request(vm.cpu[1].vcpu, &vm.device, VIC_REQUEST_INIT, 0);
	assert_int_equal(vm.device.requests_discarded, 1);
	assert_int_equal(vic_lapic_ack_sipi(ap), VIC_OK);
	assert_int_equal(scan(&vm.cpu[1]), VIC_WORK_INIT);
	vic_vcpu_request(vm.cpu[1].vcpu, &vm.device, VIC_REQUEST_SIPI, 9);
	/* Here the ack of the first must leave the second alone. */
	assert_int_equal(vic_lapic_ack_init(ap), VIC_OK);
	assert_int_equal(scan(&vm.cpu[1]), VIC_WORK_SIPI);
	assert_int_equal(vic_lapic_ack_sipi(ap), VIC_OK);
	assert_int_equal(vic_lapic_ack_sipi(ap), VIC_ERR_ABSENT);
}

static void irr_shows_what_was_just_accepted(void **state)
{
	(void)state;
	for (int x2apic = 0; x2apic < 2; x2apic++) {
		struct fake_vm vm;

		fake_reset(NULL);
		fake_vm_plain(&vm, 1, x2apic);
		fake_icr(&vm.cpu[0], VIC_ICR_SELF | V);
		assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_IRR + 0x20),
				 1u << V % 32);
		vic_vcpu_post(vm.cpu[0].vcpu, &vm.device, 0x61, true);
		assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_TMR + 0x30),
				 1u << 0x61 % 32);
	}
}

static void esr_latches_what_was_just_received(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	assert_int_equal(vic_msi(vm.bus, &vm.device, 0xfee00000, 5), 0);
	fake_write(&vm.cpu[0], VIC_APIC_ESR, 0);
	assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_ESR),
			 VIC_ESR_RECEIVE_ILLEGAL);
}

static void disabling_forgets_errors_but_no_nmi(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	request(&vm, VIC_REQUEST_ESR, VIC_ESR_RECEIVE_ILLEGAL);
	request(&vm, VIC_REQUEST_NMI, 0);
	fake_hardware_enable(&vm.cpu[0], false);
	fake_hardware_enable(&vm.cpu[0], true);
	fake_write(&vm.cpu[0], VIC_APIC_ESR, 0);
	assert_int_equal(fake_read(&vm.cpu[0], VIC_APIC_ESR), 0);
	assert_int_equal(scan(&vm.cpu[0]), VIC_WORK_NMI);
}

static uint64_t newly(const struct vic_outcomes *o)
{
	return o->coalesced + o->silent + o->woken + o->kicked;
}

static void requests_add_up_over_an_init(void **state)
{
	struct fake_vm vm;
	struct vic_counters c;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	for (int i = 0; i < 3; i++)
		request(&vm, VIC_REQUEST_NMI, 0);
	request(&vm, VIC_REQUEST_SMI, 0);
	request(&vm, VIC_REQUEST_INIT, 0);
	assert_int_equal(vic_lapic_ack_init(vm.cpu[0].lapic), VIC_OK);
	/* The BSP does not wait for it. */
	request(&vm, VIC_REQUEST_SIPI, 7);
	assert_int_equal(scan(&vm.cpu[0]), 0);
	vic_counters_read(vic_vcpu_counters(vm.cpu[0].vcpu), &c);
	assert_int_equal(newly(&vm.device.requests), 5);
	assert_int_equal(c.acked[VIC_MODE_INIT], 1);
	assert_int_equal(c.requests_discarded, 4);
}

static void self_of_nobody_is_nobody(void **state)
{
	uint32_t indices[4];
	struct vic_targets targets = {.indices = indices, .capacity = 4};
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 2, true);
	vic_apic_bus_compile(vm.bus, NULL, VIC_SEND_SELF_IPI, V, &targets);
	assert_int_equal(targets.decode, VIC_DECODE_SEND);
	assert_int_equal(targets.count, 0);
	vic_apic_bus_compile(vm.bus, NULL, VIC_SEND_X2APIC_ICR,
			     VIC_ICR_OTHERS | V, &targets);
	assert_int_equal(targets.count, 2);
}

static void a_vcpu_is_on_one_bus(void **state)
{
	static _Alignas(VIC_CACHE_LINE) unsigned char storage[VIC_LAPIC_SIZE];
	struct vic_lapic_config config = {.size = sizeof(config), .id = 77};
	struct vic_lapic *lapic;
	struct fake_spec half = {.vcpus = 2, .present = 1};
	struct fake_vm a, b;

	(void)state;
	fake_vm_plain(&a, 2, false);
	fake_vm_make(&b, &half);
	config.bus = b.bus;
	config.vcpu = a.cpu[1].vcpu;
	config.page = a.cpu[1].page;
	assert_int_equal(
		vic_lapic_init(storage, sizeof(storage), &config, &lapic),
		VIC_ERR_STATE);
	assert_int_equal(vic_msi(a.bus, &a.device, 0xfee01000, V), 1);
}

static void lowest_priority_that_all_refuse_is_refused(void **state)
{
	struct fake_vm vm;
	const struct vic_counters *c;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	fake_write(&vm.cpu[1], VIC_APIC_SVR, 0xff);
	fake_icr(&vm.cpu[0], FAKE_TO8(1) | FAKE_MODE(VIC_MODE_LOWEST) | V);
	c = vic_vcpu_counters(vm.cpu[0].vcpu);
	assert_int_equal(c->refused, 1);
	assert_int_equal(c->unmatched, 0);
}

static void reset_is_power_up(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *ap;

	(void)state;
	fake_vm_plain(&vm, 2, false);
	ap = &vm.cpu[1];
	fake_x2apic(ap);
	vic_vcpu_post(ap->vcpu, &vm.device, V, false);
	vic_vcpu_request(ap->vcpu, &vm.device, VIC_REQUEST_NMI, 0);
	vic_lapic_reset(ap->lapic);
	assert_int_equal(vic_lapic_base(ap->lapic), 0xfee00800);
	assert_int_equal(scan(ap), VIC_WORK_WAIT_SIPI);
	assert_int_equal(fake_page(ap, VIC_APIC_ID), 1u << 24);
	assert_int_equal(fake_page(ap, VIC_APIC_SVR), 0xff);
	assert_int_equal(fake_page(ap, VIC_APIC_LDR), 0);
	/* It answers to its xAPIC id again, and takes no vectors yet. */
	assert_int_equal(vic_msi(vm.bus, &vm.device, 0xfee01000, V), 0);
	fake_vcpu_start(ap);
	assert_int_equal(vic_msi(vm.bus, &vm.device, 0xfee01000, V), 1);
	assert_int_equal(scan(ap), VIC_WORK_IRQ);
}

/* A level line that is still high when its interrupt ends. */
struct line {
	struct vic_apic_bus *bus;
	struct vic_counters counters;
	int left;
};

static void ignore(void *opaque)
{
	(void)opaque;
}

static void still_high(void *opaque, uint32_t source, uint32_t number)
{
	struct line *line = opaque;

	assert_int_equal(source, VIC_EOI_LAPIC);
	if (line->left-- > 0)
		assert_int_equal(
			vic_msi(line->bus, &line->counters, 0xfee00000,
				VIC_ICR_LEVEL | VIC_ICR_ASSERT | number),
			1);
}

static void eoi_may_make_the_line_pending_again(void **state)
{
	static const struct vic_vcpu_ops ops = {
		.size = sizeof(ops),
		.wake = ignore,
		.kick = ignore,
		.eoi = still_high,
	};
	static _Alignas(VIC_CACHE_LINE) unsigned char bus[16384];
	static _Alignas(VIC_CACHE_LINE) unsigned char vcpu[VIC_VCPU_SIZE];
	static _Alignas(VIC_CACHE_LINE) unsigned char apic[VIC_LAPIC_SIZE];
	static _Alignas(
		VIC_APIC_PAGE_SIZE) unsigned char page[VIC_APIC_PAGE_SIZE];
	struct line line = {.left = 2};
	struct vic_apic_bus_config b = {.size = sizeof(b), .max_vcpus = 1};
	struct vic_vcpu_config v = {
		.size = sizeof(v), .ops = &ops, .opaque = &line};
	struct vic_lapic_config l = {
		.size = sizeof(l), .flags = VIC_LAPIC_BSP, .page = page};
	struct fake_vcpu cpu = {.page = page};
	int taken = 0;

	(void)state;
	assert_int_equal(vic_apic_bus_init(bus, sizeof(bus), &b, &line.bus),
			 VIC_OK);
	assert_int_equal(vic_vcpu_init(vcpu, sizeof(vcpu), &v, &cpu.vcpu),
			 VIC_OK);
	l.bus = line.bus;
	l.vcpu = cpu.vcpu;
	assert_int_equal(vic_lapic_init(apic, sizeof(apic), &l, &cpu.lapic),
			 VIC_OK);
	fake_write(&cpu, VIC_APIC_SVR, 0x1ff);
	still_high(&line, VIC_EOI_LAPIC, V);
	for (; scan(&cpu) == VIC_WORK_IRQ; taken++) {
		assert_int_equal(vic_lapic_ack(cpu.lapic, V), VIC_OK);
		fake_write(&cpu, VIC_APIC_EOI, 0);
	}
	assert_int_equal(taken, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(resync_is_told_once),
		FAKE_TEST(an_init_may_cancel_a_sipi_that_was_offered),
		FAKE_TEST(irr_shows_what_was_just_accepted),
		FAKE_TEST(esr_latches_what_was_just_received),
		FAKE_TEST(disabling_forgets_errors_but_no_nmi),
		FAKE_TEST(requests_add_up_over_an_init),
		FAKE_TEST(self_of_nobody_is_nobody),
		FAKE_TEST(a_vcpu_is_on_one_bus),
		FAKE_TEST(lowest_priority_that_all_refuse_is_refused),
		FAKE_TEST(reset_is_power_up),
		FAKE_TEST(eoi_may_make_the_line_pending_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
