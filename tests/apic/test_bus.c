/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The bus: adding, removing, ids of all kinds, compiling, several VMs. */

#include "fake_vmm.h"

#include <string.h>

/* What a lookup may cost at most, whatever the ids: see <vic/bus.h>. */
#define SMALL_PROBE 24u

static uint32_t many_ids[VIC_BUS_MAX_VCPUS];

static void remove_vcpu(struct fake_vm *vm, uint32_t index)
{
	assert_int_equal(vic_apic_bus_remove(vm->bus, index), VIC_OK);
	assert_int_equal(vic_apic_bus_quiesced(vm->bus, index), VIC_OK);
}

static void a_removed_vcpu_is_reached_by_nothing(void **state)
{
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		const uint64_t to_1 = x2apic ? FAKE_TO32(1) : FAKE_TO8(1);
		const uint64_t mda_2 =
			(x2apic ? FAKE_TO32(2) : FAKE_TO8(2)) | VIC_ICR_LOGICAL;
		const uint64_t all =
			x2apic ? FAKE_TO32(UINT32_MAX) : FAKE_TO8(0xff);
		struct fake_vm vm;

		fake_vm_plain(&vm, 3, x2apic);
		if (!x2apic)
			fake_write(&vm.cpu[1], VIC_APIC_LDR, 2u << 24);
		assert_int_equal(fake_send(&vm, 0, mda_2 | 0x41), 2);
		assert_int_equal(vic_apic_bus_remove(vm.bus, 1), VIC_OK);
		assert_int_equal(fake_send(&vm, 0, to_1 | 0x41), 0);
		assert_int_equal(fake_send(&vm, 0, mda_2 | 0x41), 0);
		assert_int_equal(fake_send(&vm, 0, all | 0x41), 5);
		assert_int_equal(fake_send(&vm, 0, VIC_ICR_ALL | 0x41), 5);
		assert_int_equal(fake_send(&vm, 0, VIC_ICR_OTHERS | 0x41), 4);
		assert_int_equal(fake_msi(&vm, 0xfee01000, 0x41), 0);
		fake_block(&vm.cpu[1]);
		fake_icr(&vm.cpu[0], to_1 | FAKE_MODE(VIC_MODE_INIT));
		fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | FAKE_MODE(VIC_MODE_NMI));
		assert_int_equal(vm.cpu[1].wakes, 0);
		assert_int_equal(vic_apic_bus_quiesced(vm.bus, 1), VIC_OK);
		/* Its memory is ours again. */
		memset(vm.cpu[1].vcpu, 0x5a, VIC_VCPU_SIZE);
		fake_icr(&vm.cpu[0], all | 0x41);
		fake_icr(&vm.cpu[0], to_1 | 0x41);
		fake_icr(&vm.cpu[0], mda_2 | 0x41);
		fake_harvest(&vm.cpu[2]);
		assert_true(fake_bit(&vm.cpu[2], VIC_APIC_IRR, 0x41));
	}
}

static void remove_and_quiesced_in_the_wrong_order(void **state)
{
	struct fake_spec spec = {.vcpus = 4, .present = 2};
	struct fake_vm vm;

	(void)state;
	fake_vm_make(&vm, &spec);
	assert_int_equal(vic_apic_bus_remove(vm.bus, 2), VIC_ERR_ABSENT);
	assert_int_equal(vic_apic_bus_remove(vm.bus, 4), VIC_ERR_ABSENT);
	assert_int_equal(vic_apic_bus_remove(vm.bus, UINT32_MAX),
			 VIC_ERR_ABSENT);
	assert_int_equal(vic_apic_bus_quiesced(vm.bus, 2), VIC_ERR_ABSENT);
	assert_int_equal(vic_apic_bus_quiesced(vm.bus, 4), VIC_ERR_ABSENT);
	assert_int_equal(vic_apic_bus_quiesced(vm.bus, 1), VIC_ERR_STATE);
	assert_int_equal(vic_apic_bus_remove(vm.bus, 1), VIC_OK);
	assert_int_equal(vic_apic_bus_remove(vm.bus, 1), VIC_ERR_ABSENT);
	/* Neither the index nor the id is free before quiesced(). */
	assert_int_equal(fake_vcpu_add_at(&vm, 3, 1, 9, 0), VIC_ERR_EXISTS);
	assert_int_equal(fake_vcpu_add_at(&vm, 3, 2, 1, 0), VIC_ERR_EXISTS);
	assert_int_equal(vic_apic_bus_quiesced(vm.bus, 1), VIC_OK);
	assert_int_equal(vic_apic_bus_quiesced(vm.bus, 1), VIC_ERR_ABSENT);
}

static void index_and_id_are_used_anew(void **state)
{
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		const uint32_t flags = x2apic ? VIC_LAPIC_X2APIC : 0;
		struct fake_spec spec = {
			.vcpus = 4,
			.present = 3,
			.lapic_flags = flags,
		};
		struct fake_vm vm;
		int i;

		fake_vm_make(&vm, &spec);
		for (i = 0; i < 3; i++) {
			remove_vcpu(&vm, 1);
			assert_int_equal(fake_vcpu_add(&vm, 1, 1, flags),
					 VIC_OK);
			fake_vcpu_start(&vm.cpu[1]);
			assert_int_equal(fake_msi(&vm, 0xfee01000, 0x41), 2);
			assert_int_equal(fake_send(&vm, 0, VIC_ICR_ALL | 0x41),
					 7);
		}
		/* The same id at another index. */
		remove_vcpu(&vm, 1);
		assert_int_equal(fake_vcpu_add(&vm, 3, 1, flags), VIC_OK);
		assert_int_equal(fake_vcpu_add(&vm, 1, 77, flags), VIC_OK);
		vm.count = 4;
		fake_vcpu_start(&vm.cpu[1]);
		fake_vcpu_start(&vm.cpu[3]);
		assert_int_equal(fake_msi(&vm, 0xfee01000, 0x41), 8);
		assert_int_equal(fake_msi(&vm, 0xfee4d000, 0x41), 2);
	}
}

static void a_vcpu_may_come_late(void **state)
{
	struct fake_spec spec = {.vcpus = 2, .present = 1};
	struct fake_vm vm;

	(void)state;
	fake_vm_make(&vm, &spec);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(1) | 0x41), 0);
	assert_int_equal(fake_vcpu_add(&vm, 1, 1, 0), VIC_OK);
	vm.count = 2;
	fake_icr(&vm.cpu[0], FAKE_TO8(1) | FAKE_MODE(VIC_MODE_SIPI) | 0x12);
	assert_int_equal(fake_work(&vm, VIC_WORK_SIPI), 2);
	fake_vcpu_start(&vm.cpu[1]);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(1) | 0x41), 2);
}

/* A slot that is used for ever new ids neither fills nor slows the map. */
static void ids_may_change_for_ever(void **state)
{
	struct fake_spec spec = {.vcpus = 4, .lapic_flags = VIC_LAPIC_X2APIC};
	struct fake_vm vm;
	uint32_t i;

	(void)state;
	fake_vm_make(&vm, &spec);
	for (i = 0; i < 20000; i++) {
		uint32_t id = 4 + i * 2654435761u % 0xffff0000u;

		remove_vcpu(&vm, 3);
		assert_int_equal(fake_vcpu_add(&vm, 3, id, VIC_LAPIC_X2APIC),
				 VIC_OK);
		assert_true(vic_apic_bus_worst_probe(vm.bus) <= 8);
		fake_vcpu_start(&vm.cpu[3]);
		assert_int_equal(fake_send(&vm, 0, FAKE_TO32(id) | 0x41), 8);
		assert_int_equal(fake_send(&vm, 3, FAKE_TO32(1) | 0x41), 2);
	}
}

static void xapic_ids_may_change_for_ever(void **state)
{
	struct fake_vm vm;
	uint32_t i;

	(void)state;
	fake_vm_plain(&vm, 3, false);
	for (i = 0; i < 5000; i++) {
		uint32_t a = i * 7 % 255, b = i * 13 % 255;
		uint64_t both = (a == b ? 6 : 2);

		fake_write(&vm.cpu[0], VIC_APIC_ID, 0xffu << 24);
		fake_write(&vm.cpu[1], VIC_APIC_ID, a << 24);
		fake_write(&vm.cpu[2], VIC_APIC_ID, b << 24);
		fake_write(&vm.cpu[1], VIC_APIC_LDR, a << 24);
		fake_write(&vm.cpu[2], VIC_APIC_LDR, b << 24);
		assert_int_equal(fake_send(&vm, 0, FAKE_TO8(a) | 0x41), both);
		assert_int_equal(fake_send(&vm, 0, FAKE_TO8(b) | 0x41) & 4, 4);
		assert_int_equal(
			fake_send(&vm, 0,
				  FAKE_TO8(0x10) | VIC_ICR_LOGICAL | 0x41),
			(a & 0x10 ? 2 : 0) | (b & 0x10 ? 4 : 0));
	}
}

/* Fill a bus with many_ids, and reach each by its id. */
static void every_id_is_found(uint32_t count)
{
	struct fake_spec spec = {
		.vcpus = count,
		.ids = many_ids,
		.lapic_flags = VIC_LAPIC_X2APIC,
	};
	struct fake_vm vm;
	uint32_t i;

	fake_reset(NULL);
	fake_vm_make(&vm, &spec);
	assert_true(vic_apic_bus_worst_probe(vm.bus) <= SMALL_PROBE);
	for (i = 0; i < count; i++) {
		uint32_t index;
		struct vic_targets targets = {
			.indices = &index,
			.capacity = 1,
		};

		vic_apic_bus_compile(vm.bus, vm.cpu[0].vcpu,
				     VIC_SEND_X2APIC_ICR,
				     FAKE_TO32(many_ids[i]) | 0x41, &targets);
		assert_int_equal(targets.count, 1);
		assert_int_equal(index, i);
		fake_write(&vm.cpu[0], VIC_APIC_ICR_LO,
			   FAKE_TO32(many_ids[i]) | 0x41);
		fake_harvest(&vm.cpu[i]);
		assert_int_equal(vic_lapic_ack(vm.cpu[i].lapic, 0x41), VIC_OK);
	}
	/* Each got one, nobody got two. */
	for (i = 0; i < count; i++) {
		fake_harvest(&vm.cpu[i]);
		assert_false(fake_bit(&vm.cpu[i], VIC_APIC_IRR, 0x41));
	}
}

static void worst_probe_of_4096_ids_in_a_row(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < VIC_BUS_MAX_VCPUS; i++)
		many_ids[i] = i;
	every_id_is_found(VIC_BUS_MAX_VCPUS);
}

static void worst_probe_of_strides(void **state)
{
	static const uint32_t strides[] = {16, 256, 4096, 8192, 65536, 0xfffff};
	uint32_t i;
	size_t j;

	(void)state;
	for (j = 0; j < FAKE_COUNT(strides); j++) {
		for (i = 0; i < 1024; i++)
			many_ids[i] = i * strides[j];
		every_id_is_found(1024);
	}
	for (i = 0; i < VIC_BUS_MAX_VCPUS; i++)
		many_ids[i] = i * 16;
	every_id_is_found(VIC_BUS_MAX_VCPUS);
}

static void worst_probe_of_spread_ids(void **state)
{
	uint32_t x = 1, i;

	(void)state;
	/* A full-period xorshift never repeats an id. */
	for (i = 0; i < VIC_BUS_MAX_VCPUS; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		many_ids[i] = x;
	}
	every_id_is_found(VIC_BUS_MAX_VCPUS);
}

static void broadcast_to_4096(void **state)
{
	struct fake_vm vm;
	const struct vic_counters *counters;
	uint32_t i;

	(void)state;
	fake_vm_plain(&vm, VIC_BUS_MAX_VCPUS, true);
	fake_icr(&vm.cpu[4095], FAKE_TO32(UINT32_MAX) | 0x41);
	fake_icr(&vm.cpu[4095], VIC_ICR_OTHERS | 0x42);
	for (i = 0; i < VIC_BUS_MAX_VCPUS; i++) {
		fake_harvest(&vm.cpu[i]);
		assert_true(fake_bit(&vm.cpu[i], VIC_APIC_IRR, 0x41));
		assert_int_equal(fake_bit(&vm.cpu[i], VIC_APIC_IRR, 0x42),
				 i != 4095);
	}
	counters = vic_vcpu_counters(vm.cpu[4095].vcpu);
	assert_int_equal(counters->vectors.silent, VIC_BUS_MAX_VCPUS);
	assert_int_equal(counters->vectors.coalesced, VIC_BUS_MAX_VCPUS - 1);
	assert_int_equal(vic_msi(vm.bus, &vm.device, 0xfeeff000, 0x43),
			 VIC_BUS_MAX_VCPUS);
}

static void compile_lists_and_counts(void **state)
{
	uint32_t indices[4] = {99, 99, 99, 99};
	struct vic_targets targets = {.indices = indices, .capacity = 2};
	struct fake_vm vm;
	const struct vic_vcpu *sender;

	(void)state;
	fake_vm_plain(&vm, 4, true);
	sender = vm.cpu[1].vcpu;
	vic_apic_bus_compile(vm.bus, sender, VIC_SEND_X2APIC_ICR,
			     VIC_ICR_OTHERS | 0x41, &targets);
	assert_int_equal(targets.decode, VIC_DECODE_SEND);
	assert_int_equal(targets.ipi.kind, VIC_DEST_OTHERS);
	assert_int_equal(targets.count, 3);
	assert_int_not_equal(indices[0], indices[1]);
	assert_true(indices[0] < 4 && indices[0] != 1);
	assert_true(indices[1] < 4 && indices[1] != 1);
	assert_int_equal(indices[2], 99);
	targets.capacity = 0;
	vic_apic_bus_compile(vm.bus, sender, VIC_SEND_XAPIC_ICR,
			     FAKE_TO8(0xff) | 0x41, &targets);
	assert_int_equal(targets.count, 4);
	targets.capacity = 4;
	vic_apic_bus_compile(vm.bus, sender, VIC_SEND_SELF_IPI, 0x41, &targets);
	assert_int_equal(targets.count, 1);
	assert_int_equal(indices[0], 1);
	/* Nothing was sent by any of these. */
	assert_int_equal(fake_work(&vm, ~0u), 0);
}

static void compile_names_those_that_accept(void **state)
{
	uint32_t indices[4];
	struct vic_targets targets = {.indices = indices, .capacity = 4};
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 4, false);
	fake_write(&vm.cpu[2], VIC_APIC_SVR, 0xff);
	vic_apic_bus_compile(vm.bus, vm.cpu[0].vcpu, VIC_SEND_XAPIC_ICR,
			     FAKE_TO8(2) | 0x41, &targets);
	assert_int_equal(targets.decode, VIC_DECODE_SEND);
	assert_int_equal(targets.count, 0);
	vic_apic_bus_compile(vm.bus, vm.cpu[0].vcpu, VIC_SEND_XAPIC_ICR,
			     FAKE_TO8(2) | FAKE_MODE(VIC_MODE_NMI), &targets);
	assert_int_equal(targets.count, 1);
	assert_int_equal(indices[0], 2);
	vic_apic_bus_compile(vm.bus, vm.cpu[0].vcpu, VIC_SEND_XAPIC_ICR,
			     VIC_ICR_OTHERS | 0x41, &targets);
	assert_int_equal(targets.count, 2);
}

static void compile_of_what_is_no_message(void **state)
{
	static const struct {
		enum vic_send_register reg;
		uint64_t value;
		enum vic_decode decode;
	} rows[] = {
		{VIC_SEND_X2APIC_ICR, 3, VIC_DECODE_ILLEGAL_VECTOR},
		{VIC_SEND_X2APIC_ICR, 0x10041, VIC_DECODE_RESERVED},
		{VIC_SEND_X2APIC_ICR, VIC_ICR_SELF | 0x400, VIC_DECODE_INVALID},
		{VIC_SEND_X2APIC_ICR, 0x8500, VIC_DECODE_NOTHING},
		{VIC_SEND_SELF_IPI, 0x141, VIC_DECODE_RESERVED},
		{VIC_SEND_SELF_IPI, 0xf, VIC_DECODE_ILLEGAL_VECTOR},
		{VIC_SEND_GICD_SGIR, 0x02000001, VIC_DECODE_FOREIGN},
		{VIC_SEND_ICC_SGI1R, 1, VIC_DECODE_FOREIGN},
		{VIC_SEND_ICC_SGI0R, 1, VIC_DECODE_FOREIGN},
		{VIC_SEND_ICC_ASGI1R, 1, VIC_DECODE_FOREIGN},
		{(enum vic_send_register)99, 0x41, VIC_DECODE_FOREIGN},
	};
	uint32_t indices[4];
	struct fake_vm vm;
	size_t i;

	(void)state;
	fake_vm_plain(&vm, 4, true);
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		struct vic_targets targets = {
			.indices = indices,
			.capacity = 4,
			.count = 77,
		};

		vic_apic_bus_compile(vm.bus, vm.cpu[0].vcpu, rows[i].reg,
				     rows[i].value, &targets);
		assert_int_equal(targets.decode, rows[i].decode);
		assert_int_equal(targets.count, 0);
	}
	assert_int_equal(fake_esr(&vm.cpu[0]), 0);
}

static void two_vms_in_one_process(void **state)
{
	static const uint32_t ids[] = {1, 0, 2};
	struct fake_spec spec = {.vcpus = 3, .ids = ids};
	struct fake_vm a, b;

	(void)state;
	fake_vm_plain(&a, 3, true);
	fake_vm_make(&b, &spec);
	fake_icr(&a.cpu[0], VIC_ICR_ALL | 0x41);
	fake_icr(&b.cpu[0], FAKE_TO8(0) | 0x42);
	fake_icr(&a.cpu[0], VIC_ICR_OTHERS | FAKE_MODE(VIC_MODE_NMI));
	vic_msi(b.bus, &b.device, 0xfeeff000, 0x43);
	assert_int_equal(fake_take(&a, 0x42), 0);
	assert_int_equal(fake_take(&a, 0x43), 0);
	assert_int_equal(fake_take(&b, 0x41), 0);
	assert_int_equal(fake_work(&a, VIC_WORK_NMI), 6);
	assert_int_equal(fake_work(&b, VIC_WORK_NMI), 0);
	assert_int_equal(fake_take(&a, 0x41), 7);
	assert_int_equal(fake_take(&b, 0x42), 2);
	assert_int_equal(fake_take(&b, 0x43), 7);
	assert_int_equal(a.device.msi, 0);
	assert_int_equal(b.device.msi, 1);
}

/* What the bus compiles is what an APIC would send, policies included. */
static void compiled_as_sent(void **state)
{
	static const struct {
		uint32_t flags;
		uint32_t icr;
		enum vic_decode decode;
		bool level;
	} rows[] = {
		{0, 0x141, VIC_DECODE_SEND, false},
		{VIC_BUS_NO_LOWEST, 0x141, VIC_DECODE_INVALID, false},
		{VIC_BUS_NO_LOWEST, 0x103, VIC_DECODE_INVALID, false},
		{VIC_BUS_NO_LOWEST, 0x41, VIC_DECODE_SEND, false},
		{0, 0xc041, VIC_DECODE_SEND, false},
		{VIC_BUS_LEVEL_IPIS, 0xc041, VIC_DECODE_SEND, true},
		{VIC_BUS_LEVEL_IPIS, 0x8041, VIC_DECODE_NOTHING, true},
		{VIC_BUS_LEVEL_IPIS, 0x4041, VIC_DECODE_SEND, false},
		{0, 0x1041, VIC_DECODE_SEND, false},
		{VIC_BUS_BUSY_FAULTS, 0x1041, VIC_DECODE_RESERVED, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		struct fake_spec spec = {
			.vcpus = 2,
			.bus_flags = rows[i].flags,
			.lapic_flags = VIC_LAPIC_X2APIC,
		};
		uint32_t index = 7;
		struct vic_targets targets = {
			.indices = &index,
			.capacity = 1,
		};
		struct fake_vm vm;
		bool sent = rows[i].decode == VIC_DECODE_SEND;

		fake_vm_make(&vm, &spec);
		vic_apic_bus_compile(vm.bus, vm.cpu[0].vcpu,
				     VIC_SEND_X2APIC_ICR,
				     FAKE_TO32(1) | rows[i].icr, &targets);
		assert_int_equal(targets.decode, rows[i].decode);
		assert_int_equal(targets.count, sent);
		assert_int_equal(index, sent ? 1 : 7);
		if (sent)
			assert_int_equal(targets.ipi.level, rows[i].level);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(a_removed_vcpu_is_reached_by_nothing),
		FAKE_TEST(remove_and_quiesced_in_the_wrong_order),
		FAKE_TEST(index_and_id_are_used_anew),
		FAKE_TEST(a_vcpu_may_come_late),
		FAKE_TEST(ids_may_change_for_ever),
		FAKE_TEST(xapic_ids_may_change_for_ever),
		FAKE_TEST(worst_probe_of_4096_ids_in_a_row),
		FAKE_TEST(worst_probe_of_strides),
		FAKE_TEST(worst_probe_of_spread_ids),
		FAKE_TEST(broadcast_to_4096),
		FAKE_TEST(compile_lists_and_counts),
		FAKE_TEST(compile_names_those_that_accept),
		FAKE_TEST(compile_of_what_is_no_message),
		FAKE_TEST(two_vms_in_one_process),
		FAKE_TEST(compiled_as_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
