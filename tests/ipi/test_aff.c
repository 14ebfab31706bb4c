/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* From an SGI to its targets (IHI 0048B 4.3.15, IHI 0069 12.2). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vic/aff.h>

#define MAX 300

static _Alignas(VIC_CACHE_LINE) unsigned char storage[MAX][VIC_VCPU_SIZE];
static struct vic_vcpu *vcpus[MAX];
static struct vic_aff_map *map;
static void *map_storage;
static uint32_t indices[MAX];
static struct vic_targets targets;

static void nothing(void *opaque)
{
	(void)opaque;
}

static const struct vic_vcpu_ops ops = {
	.size = sizeof(ops),
	.wake = nothing,
	.kick = nothing,
};

static int add(uint32_t index, uint32_t affinity)
{
	const struct vic_vcpu_config config = {
		.size = sizeof(config),
		.index = index,
		.ops = &ops,
	};

	assert_int_equal(vic_vcpu_init(storage[index], VIC_VCPU_SIZE, &config,
				       &vcpus[index]),
			 VIC_OK);
	return vic_aff_map_add(map, vcpus[index], affinity);
}

static int make(void **state)
{
	size_t size = vic_aff_map_size(MAX - 1);

	(void)state;
	map_storage = aligned_alloc(VIC_CACHE_LINE,
				    (size + VIC_CACHE_LINE - 1) &
					    ~(size_t)(VIC_CACHE_LINE - 1));
	assert_non_null(map_storage);
	memset(map_storage, 0xa5, size);
	return vic_aff_map_init(map_storage, size, MAX - 1, &map);
}

static int drop(void **state)
{
	(void)state;
	free(map_storage);
	return 0;
}

/* How many targets; their indices in ascending order. */
static uint32_t
compile(uint32_t sender, enum vic_send_register reg, uint64_t value)
{
	targets.indices = indices;
	targets.capacity = MAX;
	vic_aff_map_compile(map, vcpus[sender], reg, value, &targets);
	for (uint32_t i = 1; i < targets.count; i++)
		for (uint32_t n = i; n && indices[n - 1] > indices[n]; n--) {
			uint32_t swap = indices[n];

			indices[n] = indices[n - 1];
			indices[n - 1] = swap;
		}
	return targets.count;
}

static uint64_t sgi1r(uint32_t affinity, uint32_t list)
{
	return (uint64_t)(affinity >> 24) << 48 |
	       (uint64_t)(affinity >> 4 & 15) << 44 |
	       (uint64_t)(affinity >> 16 & 0xff) << 32 | (uint64_t)5 << 24 |
	       (affinity >> 8 & 0xff) << 16 | list;
}

static void sgir_list_is_cpu_interface_numbers(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(add(i, i), VIC_OK);
	for (uint32_t list = 1; list < 256; list++) {
		uint32_t got = 0;

		compile(0, VIC_SEND_GICD_SGIR, list << 16 | 7);
		assert_int_equal(targets.decode, VIC_DECODE_SEND);
		assert_int_equal(targets.ipi.intid, 7);
		for (uint32_t i = 0; i < targets.count; i++)
			got |= UINT32_C(1) << indices[i];
		assert_int_equal(got, list & 0x3f);
		assert_int_equal(targets.count, __builtin_popcount(got));
	}
}

static void sgir_filters(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(add(i, i), VIC_OK);
	assert_int_equal(compile(2, VIC_SEND_GICD_SGIR, 0x01ff0000), 3);
	assert_int_equal(indices[0], 0);
	assert_int_equal(indices[1], 1);
	assert_int_equal(indices[2], 3);
	assert_int_equal(compile(2, VIC_SEND_GICD_SGIR, 0x02ff0000), 1);
	assert_int_equal(indices[0], 2);
	assert_int_equal(compile(2, VIC_SEND_GICD_SGIR, 0x03ff0000), 0);
	assert_int_equal(targets.decode, VIC_DECODE_INVALID);
	assert_int_equal(compile(2, VIC_SEND_GICD_SGIR, 0), 0);
	assert_int_equal(targets.decode, VIC_DECODE_NOTHING);
}

/* Every level of the affinity tells two vCPUs apart. */
static void each_affinity_field_counts(void **state)
{
	static const uint32_t affinities[] = {
		0x00000000, 0x00000001, 0x0000000f, 0x00000010, 0x000000ff,
		0x00000100, 0x0000ff00, 0x00010000, 0x00ff0000, 0x01000000,
		0xff000000, 0x01020304, 0x04030201, 0xffffffff,
	};
	static const enum vic_send_register registers[] = {
		VIC_SEND_ICC_SGI1R,
		VIC_SEND_ICC_SGI0R,
		VIC_SEND_ICC_ASGI1R,
	};
	uint32_t count = sizeof(affinities) / sizeof(affinities[0]);

	(void)state;
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(add(i, affinities[i]), VIC_OK);
	for (size_t r = 0; r < 3; r++)
		for (uint32_t i = 0; i < count; i++) {
			uint32_t bit = UINT32_C(1) << (affinities[i] & 15);

			assert_int_equal(compile(0, registers[r],
						 sgi1r(affinities[i], bit)),
					 1);
			assert_int_equal(indices[0], i);
		}
	/* Somebody else's list, and nobody's affinity. */
	assert_int_equal(compile(0, VIC_SEND_ICC_SGI1R, sgi1r(0, 0xffff)), 3);
	assert_int_equal(compile(0, VIC_SEND_ICC_SGI1R, sgi1r(0, 0x7ffc)), 0);
	assert_int_equal(targets.decode, VIC_DECODE_SEND);
	assert_int_equal(
		compile(0, VIC_SEND_ICC_SGI1R, sgi1r(0x00020000, 0xffff)), 0);
}

static void sixteen_ranges_of_sixteen(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 256; i++)
		assert_int_equal(add(i, 0x30000 | (i ^ 0x5a)), VIC_OK);
	for (uint32_t rs = 0; rs < 16; rs++) {
		bool seen[256] = {false};

		assert_int_equal(compile(0, VIC_SEND_ICC_SGI1R,
					 sgi1r(0x30000 | rs << 4, 0xffff)),
				 16);
		for (uint32_t i = 0; i < 16; i++)
			seen[indices[i] ^ 0x5a] = true;
		for (uint32_t aff0 = 0; aff0 < 256; aff0++)
			assert_int_equal(seen[aff0], aff0 >> 4 == rs);
	}
}

static void irm_is_everyone_else(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < MAX - 1; i++)
		assert_int_equal(add(i, i * 0x01010107), VIC_OK);
	for (uint32_t sender = 0; sender < MAX - 1; sender += 13) {
		assert_int_equal(compile(sender, VIC_SEND_ICC_SGI1R,
					 UINT64_C(1) << 40 | 0xffff),
				 MAX - 2);
		for (uint32_t i = 0; i < MAX - 2; i++)
			assert_int_equal(indices[i], i + (i >= sender));
	}
}

/* A list may name the sender. */
static void a_list_may_include_the_sender(void **state)
{
	(void)state;
	assert_int_equal(add(0, 0), VIC_OK);
	assert_int_equal(add(1, 1), VIC_OK);
	assert_int_equal(compile(1, VIC_SEND_ICC_SGI1R, sgi1r(0, 3)), 2);
	assert_int_equal(compile(1, VIC_SEND_GICD_SGIR, 0x30000), 2);
}

static void more_targets_than_capacity_are_counted(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 16; i++)
		assert_int_equal(add(i, i), VIC_OK);
	for (uint32_t capacity = 0; capacity < 16; capacity++) {
		targets.indices = indices;
		targets.capacity = capacity;
		memset(indices, 0xff, sizeof(indices));
		vic_aff_map_compile(map, vcpus[0], VIC_SEND_ICC_SGI1R, 0xffff,
				    &targets);
		assert_int_equal(targets.count, 16);
		for (uint32_t i = 0; i < 16; i++)
			assert_int_equal(indices[i] == UINT32_MAX,
					 i >= capacity);
	}
}

static void x86_registers_are_foreign(void **state)
{
	(void)state;
	assert_int_equal(add(0, 0), VIC_OK);
	assert_int_equal(compile(0, VIC_SEND_XAPIC_ICR, 0x80031), 0);
	assert_int_equal(targets.decode, VIC_DECODE_FOREIGN);
	assert_int_equal(compile(0, VIC_SEND_X2APIC_ICR, 0x80031), 0);
	assert_int_equal(targets.decode, VIC_DECODE_FOREIGN);
	assert_int_equal(compile(0, VIC_SEND_SELF_IPI, 0x31), 0);
	assert_int_equal(targets.decode, VIC_DECODE_FOREIGN);
}

static void affinity_and_index_are_taken_once(void **state)
{
	(void)state;
	assert_int_equal(add(0, 0x100), VIC_OK);
	assert_int_equal(add(1, 0x100), VIC_ERR_EXISTS);
	assert_int_equal(add(1, 0x101), VIC_OK);
	assert_int_equal(add(1, 0x102), VIC_ERR_EXISTS);
	assert_int_equal(add(MAX - 1, 0x103), VIC_ERR_INVAL);
	assert_int_equal(compile(0, VIC_SEND_ICC_SGI1R, sgi1r(0x100, 0xffff)),
			 2);
}

static void storage_is_checked(void **state)
{
	size_t size = vic_aff_map_size(MAX - 1);
	unsigned char *bytes = map_storage;
	struct vic_aff_map *other;

	(void)state;
	assert_int_equal(vic_aff_map_size(0), 0);
	assert_int_equal(vic_aff_map_size(4097), 0);
	assert_true(vic_aff_map_size(4096) > vic_aff_map_size(1));
	assert_int_equal(vic_aff_map_init(bytes, size - 1, MAX - 1, &other),
			 VIC_ERR_STORAGE);
	assert_int_equal(vic_aff_map_init(bytes + 8, size, MAX - 1, &other),
			 VIC_ERR_STORAGE);
	assert_int_equal(vic_aff_map_init(bytes, size, 0, &other),
			 VIC_ERR_INVAL);
	assert_int_equal(vic_aff_map_init(bytes, size, 4097, &other),
			 VIC_ERR_INVAL);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(sgir_list_is_cpu_interface_numbers),
		CASE(sgir_filters),
		CASE(each_affinity_field_counts),
		CASE(sixteen_ranges_of_sixteen),
		CASE(irm_is_everyone_else),
		CASE(a_list_may_include_the_sender),
		CASE(more_targets_than_capacity_are_counted),
		CASE(x86_registers_are_foreign),
		CASE(affinity_and_index_are_taken_once),
		CASE(storage_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
