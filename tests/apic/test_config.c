/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What vic_x_size() and vic_x_init() accept, and what they say if not. */

#define _POSIX_C_SOURCE 200112L

#include "fake_vmm.h"

#include <stdlib.h>
#include <string.h>

/* Three vCPUs' worth of storage, each with room to be misaligned. */
static _Alignas(4096) unsigned char page[2][2 * VIC_APIC_PAGE_SIZE];
static _Alignas(VIC_CACHE_LINE) unsigned char bus_memory[1 << 16];
static _Alignas(VIC_CACHE_LINE) unsigned char vcpu_memory[2][2048];
static _Alignas(VIC_CACHE_LINE) unsigned char lapic_memory[2][1024];

static const struct vic_apic_bus_config bus_good = {
	.size = sizeof(bus_good),
	.max_vcpus = 4,
};

static int
init_bus(const struct vic_apic_bus_config *config, struct vic_apic_bus **bus)
{
	return vic_apic_bus_init(bus_memory, sizeof(bus_memory), config, bus);
}

static const struct vic_vcpu_config vcpu_good = {
	.size = sizeof(vcpu_good),
	.ops = &fake_ops,
};

static int
init_vcpu(const struct vic_vcpu_config *config, struct vic_vcpu **vcpu)
{
	return vic_vcpu_init(vcpu_memory[0], sizeof(vcpu_memory[0]), config,
			     vcpu);
}

/* A bus, a vCPU and a configuration that would be accepted. */
static struct vic_lapic_config lapic_good(void)
{
	struct vic_lapic_config config = {
		.size = sizeof(config),
		.flags = VIC_LAPIC_BSP,
		.id = 7,
		.page = page[0],
	};

	assert_int_equal(init_bus(&bus_good, &config.bus), VIC_OK);
	assert_int_equal(init_vcpu(&vcpu_good, &config.vcpu), VIC_OK);
	return config;
}

static int init_lapic(const struct vic_lapic_config *config)
{
	struct vic_lapic *lapic;

	return vic_lapic_init(lapic_memory[0], sizeof(lapic_memory[0]), config,
			      &lapic);
}

static void sizes(void **state)
{
	(void)state;
	assert_int_equal(vic_apic_bus_size(0), 0);
	assert_int_equal(vic_apic_bus_size(VIC_BUS_MAX_VCPUS + 1), 0);
	assert_int_equal(vic_apic_bus_size(UINT32_MAX), 0);
	assert_true(vic_apic_bus_size(1) > 0);
	assert_true(vic_apic_bus_size(1) <= vic_apic_bus_size(64));
	assert_true(vic_apic_bus_size(64) < vic_apic_bus_size(4096));
	assert_true(vic_vcpu_size() > 0);
	assert_true(vic_vcpu_size() <= VIC_VCPU_SIZE);
	assert_true(vic_lapic_size() > 0);
	assert_true(vic_lapic_size() <= VIC_LAPIC_SIZE);
	/* The stride spreads over cache sets. */
	assert_int_equal(VIC_VCPU_SIZE % VIC_CACHE_LINE, 0);
	assert_int_equal(VIC_VCPU_SIZE / VIC_CACHE_LINE % 2, 1);
}

static void storage(void **state)
{
	static const size_t skews[] = {1, 8, 16, 32, 63};
	size_t bus_size = vic_apic_bus_size(4);
	struct vic_lapic_config config = lapic_good();
	struct vic_apic_bus *bus;
	struct vic_vcpu *vcpu;
	struct vic_lapic *lapic;
	size_t i;

	(void)state;
	assert_int_equal(vic_lapic_init(lapic_memory[0], vic_lapic_size() - 1,
					&config, &lapic),
			 VIC_ERR_STORAGE);
	assert_int_equal(vic_lapic_init(lapic_memory[0], 0, &config, &lapic),
			 VIC_ERR_STORAGE);
	for (i = 0; i < FAKE_COUNT(skews); i++)
		assert_int_equal(vic_lapic_init(lapic_memory[0] + skews[i],
						VIC_LAPIC_SIZE, &config,
						&lapic),
				 VIC_ERR_STORAGE);
	assert_int_equal(vic_lapic_init(lapic_memory[0], vic_lapic_size(),
					&config, &lapic),
			 VIC_OK);
	assert_int_equal(vic_vcpu_init(vcpu_memory[0], vic_vcpu_size() - 1,
				       &vcpu_good, &vcpu),
			 VIC_ERR_STORAGE);
	assert_int_equal(
		vic_apic_bus_init(bus_memory, bus_size - 1, &bus_good, &bus),
		VIC_ERR_STORAGE);
	for (i = 0; i < FAKE_COUNT(skews); i++) {
		assert_int_equal(vic_vcpu_init(vcpu_memory[0] + skews[i],
					       VIC_VCPU_SIZE, &vcpu_good,
					       &vcpu),
				 VIC_ERR_STORAGE);
		assert_int_equal(vic_apic_bus_init(bus_memory + skews[i],
						   bus_size, &bus_good, &bus),
				 VIC_ERR_STORAGE);
	}
	assert_int_equal(vic_vcpu_init(vcpu_memory[0], vic_vcpu_size(),
				       &vcpu_good, &vcpu),
			 VIC_OK);
	assert_ptr_equal(vcpu, vcpu_memory[0]);
	assert_int_equal(
		vic_apic_bus_init(bus_memory, bus_size, &bus_good, &bus),
		VIC_OK);
}

/* A struct of a later version: the same, and a tail. */
#define WITH_TAIL(type)                 \
	struct {                        \
		type head;              \
		unsigned char tail[24]; \
	}

static void newer_and_older_bus_config(void **state)
{
	WITH_TAIL(struct vic_apic_bus_config) newer;
	struct vic_apic_bus_config config = bus_good;
	struct vic_apic_bus *bus;
	uint32_t size;

	(void)state;
	memset(&newer, 0, sizeof(newer));
	newer.head = bus_good;
	newer.head.size = sizeof(newer);
	assert_int_equal(init_bus(&newer.head, &bus), VIC_OK);
	newer.tail[sizeof(newer.tail) - 1] = 1;
	assert_int_equal(init_bus(&newer.head, &bus), VIC_ERR_ABI);
	newer.tail[sizeof(newer.tail) - 1] = 0;
	newer.tail[0] = 0x80;
	assert_int_equal(init_bus(&newer.head, &bus), VIC_ERR_ABI);
	for (size = 0; size < sizeof(config); size += 4) {
		config.size = size;
		assert_int_equal(init_bus(&config, &bus), VIC_ERR_ABI);
	}
}

static void newer_and_older_vcpu_config(void **state)
{
	WITH_TAIL(struct vic_vcpu_config) newer;
	struct vic_vcpu_config config = vcpu_good;
	struct vic_vcpu *vcpu;
	uint32_t size;

	(void)state;
	memset(&newer, 0, sizeof(newer));
	newer.head = vcpu_good;
	newer.head.size = sizeof(newer);
	assert_int_equal(init_vcpu(&newer.head, &vcpu), VIC_OK);
	newer.tail[sizeof(newer.tail) - 1] = 1;
	assert_int_equal(init_vcpu(&newer.head, &vcpu), VIC_ERR_ABI);
	newer.tail[sizeof(newer.tail) - 1] = 0;
	newer.tail[0] = 0x80;
	assert_int_equal(init_vcpu(&newer.head, &vcpu), VIC_ERR_ABI);
	for (size = 0; size < sizeof(config); size += 4) {
		config.size = size;
		assert_int_equal(init_vcpu(&config, &vcpu), VIC_ERR_ABI);
	}
}

static void newer_and_older_ops(void **state)
{
	WITH_TAIL(struct vic_vcpu_ops) newer;
	struct vic_vcpu_ops older = fake_ops;
	struct vic_vcpu_config config = vcpu_good;
	struct vic_vcpu *vcpu;
	uint32_t size;

	(void)state;
	memset(&newer, 0, sizeof(newer));
	newer.head = fake_ops;
	newer.head.size = sizeof(newer);
	config.ops = &newer.head;
	assert_int_equal(init_vcpu(&config, &vcpu), VIC_OK);
	newer.tail[sizeof(newer.tail) - 1] = 1;
	assert_int_equal(init_vcpu(&config, &vcpu), VIC_ERR_ABI);
	newer.tail[sizeof(newer.tail) - 1] = 0;
	newer.tail[0] = 0x80;
	assert_int_equal(init_vcpu(&config, &vcpu), VIC_ERR_ABI);
	config.ops = &older;
	for (size = 0; size < sizeof(older); size += 4) {
		older.size = size;
		assert_int_equal(init_vcpu(&config, &vcpu), VIC_ERR_ABI);
	}
}

static void newer_and_older_lapic_config(void **state)
{
	WITH_TAIL(struct vic_lapic_config) newer;
	struct vic_lapic_config config = lapic_good();
	uint32_t size;

	(void)state;
	for (size = 0; size < sizeof(config); size += 4) {
		config.size = size;
		assert_int_equal(init_lapic(&config), VIC_ERR_ABI);
	}
	memset(&newer, 0, sizeof(newer));
	newer.head = config;
	newer.head.size = sizeof(newer);
	newer.tail[sizeof(newer.tail) - 1] = 1;
	assert_int_equal(init_lapic(&newer.head), VIC_ERR_ABI);
	newer.tail[sizeof(newer.tail) - 1] = 0;
	newer.tail[0] = 0x80;
	assert_int_equal(init_lapic(&newer.head), VIC_ERR_ABI);
	newer.tail[0] = 0;
	assert_int_equal(init_lapic(&newer.head), VIC_OK);
}

static void bus_arguments(void **state)
{
	static const struct {
		uint32_t flags, max_vcpus, msi_format;
		int result;
	} rows[] = {
		{0, 0, 0, VIC_ERR_INVAL},
		{0, VIC_BUS_MAX_VCPUS + 1, 0, VIC_ERR_INVAL},
		{0, UINT32_MAX, 0, VIC_ERR_INVAL},
		{0, 4, VIC_MSI_32BIT + 1, VIC_ERR_INVAL},
		{0, 4, UINT32_MAX, VIC_ERR_INVAL},
		{0x800, 4, 0, VIC_ERR_ABI},
		{0x80000000, 4, 0, VIC_ERR_ABI},
		{7, 4, VIC_MSI_32BIT, VIC_OK},
		{0, 1, 0, VIC_OK},
	};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		struct vic_apic_bus_config config = {
			.size = sizeof(config),
			.flags = rows[i].flags,
			.max_vcpus = rows[i].max_vcpus,
			.msi_format = rows[i].msi_format,
		};
		struct vic_apic_bus *bus;

		assert_int_equal(init_bus(&config, &bus), rows[i].result);
	}
}

static void vcpu_arguments(void **state)
{
	struct vic_vcpu_ops ops = fake_ops;
	struct vic_vcpu_config config = vcpu_good;
	struct vic_vcpu *vcpu;

	(void)state;
	config.ops = &ops;
	config.index = 5;
	ops.wake = NULL;
	assert_int_equal(init_vcpu(&config, &vcpu), VIC_ERR_INVAL);
	ops = fake_ops;
	ops.kick = NULL;
	assert_int_equal(init_vcpu(&config, &vcpu), VIC_ERR_INVAL);
	ops = fake_ops;
	ops.flags = 1;
	assert_int_equal(init_vcpu(&config, &vcpu), VIC_ERR_ABI);
	ops.flags = 0;
	ops.eoi = NULL;
	assert_int_equal(init_vcpu(&config, &vcpu), VIC_OK);
	assert_int_equal(vic_vcpu_index(vcpu), 5);
	config.ops = NULL;
	assert_int_equal(init_vcpu(&config, &vcpu), VIC_ERR_INVAL);
}

static void lapic_arguments(void **state)
{
	const struct vic_lapic_config good = lapic_good();
	static const struct {
		uint32_t flags, id, physical_bits;
		int result;
	} rows[] = {
		{VIC_LAPIC_BSP, UINT32_MAX, 0, VIC_ERR_INVAL},
		{VIC_LAPIC_BSP, 7, 35, VIC_ERR_INVAL},
		{VIC_LAPIC_BSP, 7, 53, VIC_ERR_INVAL},
		{VIC_LAPIC_BSP, 7, 1, VIC_ERR_INVAL},
		{VIC_LAPIC_BSP, 7, UINT32_MAX, VIC_ERR_INVAL},
		{VIC_LAPIC_X2APIC | VIC_LAPIC_NO_X2APIC, 7, 0, VIC_ERR_INVAL},
		{0x20, 7, 0, VIC_ERR_ABI},
		{0x80000000, 7, 0, VIC_ERR_ABI},
	};
	struct vic_lapic_config config;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		config = good;
		config.flags = rows[i].flags;
		config.id = rows[i].id;
		config.physical_bits = rows[i].physical_bits;
		assert_int_equal(init_lapic(&config), rows[i].result);
	}
	config = good;
	config.page = NULL;
	assert_int_equal(init_lapic(&config), VIC_ERR_INVAL);
	config.page = page[0] + 64;
	assert_int_equal(init_lapic(&config), VIC_ERR_INVAL);
	config.page = page[0] + 2048;
	assert_int_equal(init_lapic(&config), VIC_ERR_INVAL);
	/* After all these nothing stands in the way. */
	config = good;
	config.id = UINT32_MAX - 1;
	config.physical_bits = 36;
	assert_int_equal(init_lapic(&config), VIC_OK);
}

static void lapic_index_and_id_must_be_free(void **state)
{
	struct vic_lapic_config config = lapic_good();
	struct vic_vcpu_config other = vcpu_good;
	struct vic_lapic *lapic;

	(void)state;
	assert_int_equal(init_lapic(&config), VIC_OK);
	config.page = page[1];
	/* The index of the bus's end, then the taken one. */
	other.index = bus_good.max_vcpus;
	assert_int_equal(vic_vcpu_init(vcpu_memory[1], VIC_VCPU_SIZE, &other,
				       &config.vcpu),
			 VIC_OK);
	config.id = 8;
	assert_int_equal(vic_lapic_init(lapic_memory[1], VIC_LAPIC_SIZE,
					&config, &lapic),
			 VIC_ERR_INVAL);
	other.index = 0;
	assert_int_equal(vic_vcpu_init(vcpu_memory[1], VIC_VCPU_SIZE, &other,
				       &config.vcpu),
			 VIC_OK);
	assert_int_equal(vic_lapic_init(lapic_memory[1], VIC_LAPIC_SIZE,
					&config, &lapic),
			 VIC_ERR_EXISTS);
	other.index = 1;
	assert_int_equal(vic_vcpu_init(vcpu_memory[1], VIC_VCPU_SIZE, &other,
				       &config.vcpu),
			 VIC_OK);
	config.id = 7;
	assert_int_equal(vic_lapic_init(lapic_memory[1], VIC_LAPIC_SIZE,
					&config, &lapic),
			 VIC_ERR_EXISTS);
	config.id = 8;
	assert_int_equal(vic_lapic_init(lapic_memory[1], VIC_LAPIC_SIZE,
					&config, &lapic),
			 VIC_OK);
}

static void *exact(size_t alignment, size_t size)
{
	void *memory;

	assert_int_equal(posix_memalign(&memory, alignment, size), 0);
	return memory;
}

/* For the address sanitizer: nothing beyond what the sizes say. */
static void exact_storage_suffices(void **state)
{
	void *bus_storage = exact(VIC_CACHE_LINE, vic_apic_bus_size(4));
	void *vcpu_storage = exact(VIC_CACHE_LINE, vic_vcpu_size());
	void *lapic_storage = exact(VIC_CACHE_LINE, vic_lapic_size());
	void *page_storage = exact(VIC_APIC_PAGE_SIZE, VIC_APIC_PAGE_SIZE);
	struct fake_vcpu cpu = {0};
	struct vic_vcpu_config vcpu = vcpu_good;
	struct vic_lapic_config config = {
		.size = sizeof(config),
		.flags = VIC_LAPIC_BSP,
		.id = 3,
		.page = page_storage,
	};
	struct vic_counters device = {0};

	(void)state;
	vcpu.index = 3;
	vcpu.opaque = &cpu;
	assert_int_equal(vic_apic_bus_init(bus_storage, vic_apic_bus_size(4),
					   &bus_good, &config.bus),
			 VIC_OK);
	assert_int_equal(vic_vcpu_init(vcpu_storage, vic_vcpu_size(), &vcpu,
				       &config.vcpu),
			 VIC_OK);
	assert_int_equal(vic_lapic_init(lapic_storage, vic_lapic_size(),
					&config, &cpu.lapic),
			 VIC_OK);
	cpu.vcpu = config.vcpu;
	fake_vcpu_start(&cpu);
	fake_icr(&cpu, FAKE_TO8(0xff) | 0xff);
	assert_int_equal(vic_msi(config.bus, &device, 0xfee03000, 0xc010), 1);
	fake_harvest(&cpu);
	assert_int_equal(vic_lapic_ack(cpu.lapic, 0xff), VIC_OK);
	fake_write(&cpu, VIC_APIC_EOI, 0);
	assert_int_equal(vic_lapic_ack(cpu.lapic, 0x10), VIC_OK);
	fake_write(&cpu, VIC_APIC_EOI, 0);
	assert_int_equal(cpu.eois, 1);
	free(bus_storage);
	free(vcpu_storage);
	free(lapic_storage);
	free(page_storage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(sizes),
		FAKE_TEST(storage),
		FAKE_TEST(newer_and_older_bus_config),
		FAKE_TEST(newer_and_older_vcpu_config),
		FAKE_TEST(newer_and_older_ops),
		FAKE_TEST(newer_and_older_lapic_config),
		FAKE_TEST(bus_arguments),
		FAKE_TEST(vcpu_arguments),
		FAKE_TEST(lapic_arguments),
		FAKE_TEST(lapic_index_and_id_must_be_free),
		FAKE_TEST(exact_storage_suffices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
