/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * ACPI Specification 6.5, 5.2: the tables for any number of vCPUs. What is
 * in them is also read by the Multiboot test kernel.
 */

#include "acpi.h"
#include "loading.h"

static uint32_t read32(const unsigned char *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static bool sums_up(const unsigned char *bytes, uint32_t size)
{
	unsigned int sum = 0;

	while (size--)
		sum += *bytes++;
	return !(sum & 0xff);
}

/* A table that the RSDT names, or NULL. */
static const unsigned char *
find(const unsigned char *memory, uint32_t rsdp, const char *signature)
{
	const unsigned char *rsdt = memory + read32(memory + rsdp + 16);
	uint32_t size = read32(rsdt + 4);

	for (uint32_t i = 36; i < size; i += 4) {
		const unsigned char *table = memory + read32(rsdt + i);

		if (!memcmp(table, signature, 4))
			return table;
	}
	return NULL;
}

static void make(struct loading *loading, uint32_t nr_vcpus, uint32_t *rsdp)
{
	memset(loading->request.memory, 0, LOADING_MEMORY);
	*rsdp = acpi_write(loading->request.memory, nr_vcpus);
}

/* 5.2.5.1: on a 16-byte boundary between 0xe0000 and 0xfffff. */
static void the_rsdp_is_found(void **state)
{
	struct loading *loading = *state;
	const unsigned char *memory = loading->request.memory;
	uint32_t rsdp, found = 0;

	make(loading, 1, &rsdp);
	for (uint32_t at = 0xe0000; at < 0x100000; at += 16)
		if (!memcmp(memory + at, "RSD PTR ", 8) && !found)
			found = at;
	assert_int_equal(found, rsdp);
	assert_true(sums_up(memory + rsdp, 20));
	assert_true(sums_up(memory + rsdp, 36));
	assert_int_equal(memory[rsdp + 15], 2);
}

static void all_tables_are_sound(void **state)
{
	static const uint32_t counts[] = {1, 2, 17, 254, 255};
	struct loading *loading = *state;
	const unsigned char *memory = loading->request.memory;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		const unsigned char *tables[5];
		uint32_t rsdp, end = 0xe0000 + 64;

		make(loading, counts[i], &rsdp);
		tables[1] = find(memory, rsdp, "FACP");
		tables[2] = find(memory, rsdp, "APIC");
		assert_non_null(tables[1]);
		assert_non_null(tables[2]);
		tables[0] = memory + read32(tables[1] + 40);
		tables[3] = memory + read32(memory + rsdp + 16);
		tables[4] = memory + read32(memory + rsdp + 24);
		/* Each behind the one before, and all below the RSDP. */
		for (uint32_t table = 0; table < 5; table++) {
			uint32_t size = read32(tables[table] + 4);
			uint32_t at = (uint32_t)(tables[table] - memory);

			assert_true(sums_up(tables[table], size));
			assert_true(at >= end);
			end = at + size;
		}
		assert_true(end <= rsdp);
	}
}

static void a_processor_for_each_vcpu(void **state)
{
	static const uint32_t counts[] = {1, 3, 255};
	struct loading *loading = *state;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		const unsigned char *madt;
		uint32_t rsdp, cpus = 0;

		make(loading, counts[i], &rsdp);
		madt = find(loading->request.memory, rsdp, "APIC");
		assert_non_null(madt);
		for (uint32_t at = 44; at < read32(madt + 4);
		     at += madt[at + 1]) {
			assert_int_not_equal(madt[at + 1], 0);
			if (madt[at])
				continue;
			assert_int_equal(madt[at + 2], cpus);
			assert_int_equal(madt[at + 3], cpus);
			assert_int_equal(read32(madt + at + 4), 1);
			cpus++;
		}
		assert_int_equal(cpus, counts[i]);
	}
}

/* 5.2.9: the FADT's blocks are where ports.c has them. */
static void the_power_management_ports(void **state)
{
	struct loading *loading = *state;
	const unsigned char *fadt;
	uint32_t rsdp, flags;

	make(loading, 1, &rsdp);
	fadt = find(loading->request.memory, rsdp, "FACP");
	assert_non_null(fadt);
	assert_int_equal(read32(fadt + 4), 276);
	assert_int_equal(read32(fadt + 48), 0);
	assert_int_equal(read32(fadt + 56), ACPI_PORT_PM1_EVENT);
	assert_int_equal(read32(fadt + 64), ACPI_PORT_PM1_CONTROL);
	assert_int_equal(read32(fadt + 76), ACPI_PORT_PM_TIMER);
	assert_int_equal(fadt[88], 4);
	assert_int_equal(fadt[89], 2);
	assert_int_equal(fadt[91], 4);
	/* X_PM1a_EVT_BLK, X_PM1a_CNT_BLK, X_PM_TMR_BLK: I/O, the same. */
	assert_int_equal(read32(fadt + 152), ACPI_PORT_PM1_EVENT);
	assert_int_equal(read32(fadt + 176), ACPI_PORT_PM1_CONTROL);
	assert_int_equal(read32(fadt + 212), ACPI_PORT_PM_TIMER);
	assert_int_equal(fadt[148], 1);
	assert_int_equal(fadt[172], 1);
	assert_int_equal(fadt[208], 1);
	/* Not HW_REDUCED_ACPI; TMR_VAL_EXT: the timer has 32 bits. */
	flags = read32(fadt + 112);
	assert_false(flags & 1u << 20);
	assert_true(flags & 1u << 8);
}

static void nothing_else_is_written(void **state)
{
	struct loading *loading = *state;
	const unsigned char *memory = loading->request.memory;
	uint32_t rsdp;

	make(loading, 255, &rsdp);
	for (uint32_t at = 0; at < LOADING_MEMORY; at++)
		if (at < BOOT_BIOS || at >= BOOT_HIGH)
			assert_int_equal(memory[at], 0);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, loading_setup, loading_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_rsdp_is_found),
		TEST(all_tables_are_sound),
		TEST(a_processor_for_each_vcpu),
		TEST(the_power_management_ports),
		TEST(nothing_else_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
