/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The registers of an IOAPIC: 82093AA data sheet, 3.1 and 3.2; the version
 * and the EOI register of ICH data sheets.
 */

#include "fake_pc.h"

#include <string.h>

/* What a guest can write of a low half. */
#define WRITABLE 0x1afffu
/* No message goes out of these. */
#define MASKED ((uint64_t)VIC_RTE_MASKED)

static const uint32_t pin_counts[] = {1, 24, 120, 121, 240};

static void make(struct fake_pc *pc, uint32_t pins, uint32_t version)
{
	struct fake_pc_spec spec = {.pins = pins, .version = version};

	fake_reset(NULL);
	fake_pc_make(pc, &spec);
}

static uint64_t load(struct fake_pc *pc, uint32_t offset, uint32_t len)
{
	uint64_t value = UINT64_MAX;

	assert_int_equal(vic_ioapic_read(pc->ioapic, offset, len, &value),
			 VIC_ACCESS_DONE);
	return value;
}

static void
store(struct fake_pc *pc, uint32_t offset, uint32_t len, uint64_t value)
{
	assert_int_equal(
		vic_ioapic_write(pc->ioapic, &pc->device, offset, len, value),
		VIC_ACCESS_DONE);
}

/* IOAPIC-01 */
static void ioapic_01_select_and_window(void **state)
{
	struct fake_pc pc;
	uint32_t index;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(pin_counts); i++) {
		uint32_t bits = pin_counts[i] > 120 ? 0x1ff : 0xff;

		make(&pc, pin_counts[i], 0);
		assert_int_equal(fake_ioapic_load(&pc, VIC_IOAPIC_IOREGSEL), 0);
		for (index = 0; index < 0x400; index++) {
			fake_ioapic_store(&pc, VIC_IOAPIC_IOREGSEL, index);
			assert_int_equal(
				fake_ioapic_load(&pc, VIC_IOAPIC_IOREGSEL),
				index & bits);
		}
		fake_ioapic_store(&pc, VIC_IOAPIC_IOREGSEL, UINT32_MAX);
		assert_int_equal(fake_ioapic_load(&pc, VIC_IOAPIC_IOREGSEL),
				 bits);
		/* The window is the register that was selected last. */
		fake_ioapic_store(&pc, VIC_IOAPIC_IOREGSEL, VIC_IOAPIC_VER);
		assert_int_equal(fake_ioapic_load(&pc, VIC_IOAPIC_IOWIN) & 0xff,
				 0x20);
		fake_ioapic_store(&pc, VIC_IOAPIC_IOREGSEL, VIC_IOAPIC_REDTBL);
		assert_int_equal(fake_ioapic_load(&pc, VIC_IOAPIC_IOWIN),
				 VIC_RTE_MASKED);
	}
}

static bool is_register(uint32_t offset)
{
	return offset == VIC_IOAPIC_IOREGSEL || offset == VIC_IOAPIC_IOWIN;
}

/* IOAPIC-02 */
static void ioapic_02_loads_of_all_widths(void **state)
{
	static const uint32_t lens[] = {1, 2, 4, 8};
	struct fake_pc pc;
	uint32_t offset;
	size_t i;

	(void)state;
	make(&pc, 24, 0);
	fake_program(&pc, 0, 0xa5000000ull << 32 | 0x1a5c6);
	fake_ioapic_store(&pc, VIC_IOAPIC_IOREGSEL, VIC_IOAPIC_REDTBL);
	assert_int_equal(load(&pc, VIC_IOAPIC_IOWIN, 1), 0xc6);
	assert_int_equal(load(&pc, VIC_IOAPIC_IOWIN, 2), 0xa5c6);
	assert_int_equal(load(&pc, VIC_IOAPIC_IOWIN, 4), 0x1a5c6);
	assert_true(load(&pc, VIC_IOAPIC_IOWIN, 8) == 0x1a5c6);
	for (i = 0; i < FAKE_COUNT(lens); i++) {
		assert_true(load(&pc, VIC_IOAPIC_IOREGSEL, lens[i]) == 0x10);
		for (offset = 0; offset + lens[i] <= 4096; offset++)
			if (!is_register(offset))
				assert_true(load(&pc, offset, lens[i]) == 0);
	}
}

/* IOAPIC-02 */
static void ioapic_02_stores_of_all_widths(void **state)
{
	static const struct {
		uint32_t len;
		uint64_t low;
	} rows[] = {
		{1, 0x00000c6},
		{2, 0x000a5c6},
		{4, 0x001a5c6},
		{8, 0x001a5c6},
	};
	struct fake_pc pc;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		make(&pc, 24, 0);
		fake_program(&pc, 0, 0x17000000ull << 32 | 0x1a000);
		fake_ioapic_store(&pc, VIC_IOAPIC_IOREGSEL, VIC_IOAPIC_REDTBL);
		store(&pc, VIC_IOAPIC_IOWIN, rows[i].len, 0xff0000000001a5c6);
		assert_true(fake_entry(&pc, 0) ==
			    (0x17000000ull << 32 | rows[i].low));
		store(&pc, VIC_IOAPIC_IOREGSEL, rows[i].len,
		      0xffffffffffffff01);
		assert_int_equal(fake_ioapic_load(&pc, VIC_IOAPIC_IOREGSEL), 1);
	}
}

/* IOAPIC-02 */
static void ioapic_02_what_is_no_register(void **state)
{
	static const uint32_t lens[] = {1, 2, 4, 8};
	static unsigned char before[FAKE_IOAPIC_BYTES];
	static unsigned char after[FAKE_IOAPIC_BYTES];
	struct fake_pc pc;
	uint32_t offset;
	size_t size, i;

	(void)state;
	make(&pc, 24, 0x11);
	size = vic_ioapic_image_size(pc.ioapic);
	assert_in_range(size, 1, sizeof(before));
	fake_program(&pc, 0, 0xa5000000ull << 32 | 0x1a5c6);
	vic_ioapic_save(pc.ioapic, before);
	for (i = 0; i < FAKE_COUNT(lens); i++)
		for (offset = 0; offset + lens[i] <= 4096; offset++)
			if (!is_register(offset))
				store(&pc, offset, lens[i], UINT64_MAX);
	vic_ioapic_save(pc.ioapic, after);
	assert_memory_equal(before, after, size);
}

/* IOAPIC-02 */
static void ioapic_02_foreign(void **state)
{
	static const struct {
		uint32_t offset, len;
	} rows[] = {
		{0x1000, 1}, {0x1000, 4}, {0x1010, 4}, {UINT32_MAX, 4},
		{0, 0},      {0x10, 0},   {0x10, 3},   {0x10, 5},
		{0x10, 16},  {0x10, 6},   {0x10, 7},   {0x10, UINT32_MAX},
	};
	struct fake_pc pc;
	uint64_t value;
	size_t i;

	(void)state;
	make(&pc, 24, 0);
	fake_ioapic_store(&pc, VIC_IOAPIC_IOREGSEL, VIC_IOAPIC_REDTBL);
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		assert_int_equal(vic_ioapic_read(pc.ioapic, rows[i].offset,
						 rows[i].len, &value),
				 VIC_ACCESS_FOREIGN);
		assert_int_equal(vic_ioapic_write(pc.ioapic, &pc.device,
						  rows[i].offset, rows[i].len,
						  VIC_RTE_MASKED | 0x51),
				 VIC_ACCESS_FOREIGN);
	}
	assert_int_equal(load(&pc, VIC_IOAPIC_IOREGSEL, 4), VIC_IOAPIC_REDTBL);
	assert_true(fake_entry(&pc, 0) == MASKED);
}

/* IOAPIC-03 */
static void ioapic_03_id(void **state)
{
	struct fake_pc_spec spec = {0};
	struct fake_pc pc;
	uint32_t id, bit;

	(void)state;
	for (id = 0; id < 16; id++) {
		fake_reset(NULL);
		spec.id = id;
		fake_pc_make(&pc, &spec);
		assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_ID), id << 24);
		for (bit = 0; bit < 32; bit++) {
			fake_ioapic_put(&pc, VIC_IOAPIC_ID, UINT32_C(1) << bit);
			assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_ID),
					 UINT32_C(1) << bit & 0x0f000000);
		}
		fake_ioapic_put(&pc, VIC_IOAPIC_ID, UINT32_MAX);
		assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_ID),
				 0x0f000000);
		vic_ioapic_reset(pc.ioapic);
		assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_ID), id << 24);
	}
}

/* IOAPIC-04 */
static void ioapic_04_version(void **state)
{
	static const uint32_t versions[] = {0, 0x11, 0x20};
	struct fake_pc pc;
	size_t i, k;

	(void)state;
	for (i = 0; i < FAKE_COUNT(pin_counts); i++)
		for (k = 0; k < FAKE_COUNT(versions); k++) {
			uint32_t value = versions[k] ? versions[k] : 0x20;

			make(&pc, pin_counts[i], versions[k]);
			value |= (pin_counts[i] - 1) << 16;
			assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_VER),
					 value);
			fake_ioapic_put(&pc, VIC_IOAPIC_VER, ~value);
			assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_VER),
					 value);
		}
	/* Of the 82093AA, and of an ICH. */
	make(&pc, 0, 0x11);
	assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_VER), 0x00170011);
	make(&pc, 0, 0);
	assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_VER), 0x00170020);
}

/* IOAPIC-05 */
static void ioapic_05_arbitration(void **state)
{
	struct fake_pc_spec spec = {.version = 0x11};
	struct fake_pc pc;

	(void)state;
	fake_pc_make(&pc, &spec);
	assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_ARB), 0);
	fake_ioapic_put(&pc, VIC_IOAPIC_ID, 0xf7ffffff);
	assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_ARB), 0x07000000);
	fake_ioapic_put(&pc, VIC_IOAPIC_ARB, 0x0f000000);
	assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_ARB), 0x07000000);
	assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_ID), 0x07000000);
	spec.id = 9;
	fake_pc_make(&pc, &spec);
	assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_ARB), 0x09000000);
	spec.version = 0x20;
	fake_pc_make(&pc, &spec);
	fake_ioapic_put(&pc, VIC_IOAPIC_ID, 0x07000000);
	fake_ioapic_put(&pc, VIC_IOAPIC_ARB, 0x0f000000);
	assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_ARB), 0x07000000);
}

/* What each bit of a half leaves, written alone. */
static void
walk(struct fake_pc *pc, uint32_t index, uint32_t always, uint32_t writable)
{
	uint32_t bit;

	for (bit = 0; bit < 32; bit++) {
		uint32_t value = UINT32_C(1) << bit | always;

		fake_ioapic_put(pc, index, value);
		assert_int_equal(fake_ioapic_get(pc, index), value & writable);
	}
	fake_ioapic_put(pc, index, UINT32_MAX);
	assert_int_equal(fake_ioapic_get(pc, index), writable);
}

/* IOAPIC-06 */
static void ioapic_06_entries(void **state)
{
	struct fake_pc_spec spec = {0};
	struct fake_pc pc;
	uint32_t pin;
	int wide;

	(void)state;
	for (wide = 0; wide < 2; wide++) {
		uint32_t high = wide ? 0xfffe0000 : 0xff000000;

		fake_reset(NULL);
		spec.msi_format = wide ? VIC_MSI_15BIT : VIC_MSI_8BIT;
		fake_pc_make(&pc, &spec);
		for (pin = 0; pin < 24; pin++) {
			uint32_t index = VIC_IOAPIC_REDTBL + 2 * pin;

			assert_true(fake_entry(&pc, pin) == MASKED);
			walk(&pc, index, VIC_RTE_MASKED, WRITABLE);
			assert_int_equal(fake_ioapic_get(&pc, index + 1), 0);
			walk(&pc, index + 1, 0, high);
			assert_int_equal(fake_ioapic_get(&pc, index), WRITABLE);
		}
		assert_int_equal(pc.device.ioapic, 0);
	}
}

/* IOAPIC-06 */
static void ioapic_06_no_bus_no_wide_destination(void **state)
{
	struct fake_pc_spec spec = {
		.alone = true,
		.msi_format = VIC_MSI_15BIT,
	};
	struct fake_pc pc;

	(void)state;
	fake_pc_make(&pc, &spec);
	walk(&pc, VIC_IOAPIC_REDTBL + 1, 0, 0xff000000);
}

/* IOAPIC-07 */
static void ioapic_07_pins(void **state)
{
	struct vic_ioapic_pin out;
	struct fake_pc pc;
	uint32_t index, pin;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(pin_counts); i++) {
		uint32_t pins = pin_counts[i];
		uint32_t end = VIC_IOAPIC_REDTBL + 2 * pins;

		make(&pc, pins, 0);
		for (pin = 0; pin < pins; pin++)
			fake_program(&pc, pin,
				     FAKE_RTE_TO(pin) | MASKED | (255 - pin));
		for (pin = 0; pin < pins; pin++)
			assert_true(fake_entry(&pc, pin) ==
				    (FAKE_RTE_TO(pin) | MASKED | (255 - pin)));
		for (index = 2; index < (pins > 120 ? 0x200u : 0x100u);
		     index++) {
			if (index >= VIC_IOAPIC_REDTBL && index < end)
				continue;
			fake_ioapic_put(&pc, index, UINT32_MAX);
			assert_int_equal(fake_ioapic_get(&pc, index), 0);
		}
		for (pin = 0; pin < pins; pin++)
			assert_true(fake_entry(&pc, pin) ==
				    (FAKE_RTE_TO(pin) | MASKED | (255 - pin)));
		assert_int_equal(vic_ioapic_peek(pc.ioapic, pins, &out),
				 VIC_ERR_INVAL);
		assert_int_equal(vic_ioapic_peek(pc.ioapic, UINT32_MAX, &out),
				 VIC_ERR_INVAL);
	}
}

/* IOAPIC-07: the last pin is a pin like others. */
static void ioapic_07_the_last_pin(void **state)
{
	struct fake_pc pc;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(pin_counts); i++) {
		uint32_t last = pin_counts[i] - 1;

		make(&pc, pin_counts[i], 0);
		fake_program(&pc, last, FAKE_RTE_TO(1) | FAKE_RTE_LEVEL(0x51));
		assert_true(fake_line(&pc, last, true));
		assert_true(fake_remote_irr(&pc, last));
		fake_pc_serve(&pc, 1, 0x51);
		fake_line(&pc, last, false);
		fake_pc_eoi(&pc, 1);
		assert_false(fake_remote_irr(&pc, last));
		fake_heard_one(&pc, VIC_EOI_IOAPIC, last);
		assert_int_equal(fake_todo(&pc.vm.cpu[1]), 0);
	}
}

/* IOAPIC-08 */
static void ioapic_08_reset(void **state)
{
	struct vic_ioapic_pin out;
	struct fake_pc pc;

	(void)state;
	make(&pc, 24, 0x11);
	fake_ioapic_put(&pc, VIC_IOAPIC_ID, 0x05000000);
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	fake_program(&pc, 4, FAKE_RTE_TO(9) | FAKE_RTE_LEVEL(0x52));
	fake_source(&pc, 3, 7, true);
	fake_source(&pc, 4, 63, true);
	assert_true(fake_remote_irr(&pc, 3));
	assert_true(fake_send_pending(&pc, 4));
	fake_ioapic_store(&pc, VIC_IOAPIC_IOREGSEL, 0x17);
	vic_ioapic_reset(pc.ioapic);
	assert_int_equal(fake_ioapic_load(&pc, VIC_IOAPIC_IOREGSEL), 0);
	assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_ID), 0);
	assert_int_equal(fake_ioapic_get(&pc, VIC_IOAPIC_ARB), 0);
	assert_true(fake_entry(&pc, 3) == MASKED);
	assert_true(fake_entry(&pc, 4) == MASKED);
	/* Lines are wires. */
	assert_int_equal(vic_ioapic_peek(pc.ioapic, 3, &out), VIC_OK);
	assert_true(out.sources == UINT64_C(1) << 7);
	assert_int_equal(vic_ioapic_peek(pc.ioapic, 4, &out), VIC_OK);
	assert_true(out.sources == UINT64_C(1) << 63);
	fake_pc_serve(&pc, 0, 0x51);
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x61));
	assert_int_equal(fake_pc_next(&pc, 0), 0x61);
}

static int init(const struct vic_ioapic_config *config, size_t less)
{
	static _Alignas(VIC_CACHE_LINE) unsigned char bytes[FAKE_IOAPIC_BYTES];
	size_t size = vic_ioapic_size(config);
	struct vic_ioapic *ioapic = NULL;
	int err;

	assert_true(size <= sizeof(bytes));
	if (!size)
		size = sizeof(bytes);
	memset(bytes, 0x5a, sizeof(bytes));
	err = vic_ioapic_init(bytes, size - less, config, &ioapic);
	if (err == VIC_OK)
		assert_ptr_equal(ioapic, bytes);
	assert_int_equal(
		vic_ioapic_init(bytes + 8, sizeof(bytes) - 8, config, &ioapic),
		err == VIC_OK ? VIC_ERR_STORAGE : err);
	return err;
}

static void what_init_accepts(void **state)
{
	static const uint32_t bad_pins[] = {241, 256, UINT32_MAX};
	static const uint32_t bad_versions[] = {1, 0x10, 0x12, 0x21, 0x111};
	const struct vic_ioapic_config good = {
		.size = sizeof(good),
		.ops = &fake_pc_ops,
	};
	struct vic_vcpu_ops ops = fake_pc_ops;
	struct vic_ioapic_config config = good;
	uint32_t i;

	(void)state;
	assert_int_equal(init(&good, 0), VIC_OK);
	assert_int_equal(init(&good, 1), VIC_ERR_STORAGE);
	config.size = sizeof(config) - 1;
	assert_int_equal(init(&config, 0), VIC_ERR_ABI);
	assert_int_equal(vic_ioapic_size(&config), 0);
	for (i = 1; i < 32; i++) {
		config = good;
		config.flags = UINT32_C(1) << i;
		assert_int_equal(init(&config, 0), VIC_ERR_ABI);
		assert_int_equal(vic_ioapic_size(&config), 0);
	}
	for (i = 0; i < FAKE_COUNT(bad_pins); i++) {
		config = good;
		config.pins = bad_pins[i];
		assert_int_equal(init(&config, 0), VIC_ERR_INVAL);
		assert_int_equal(vic_ioapic_size(&config), 0);
	}
	for (i = 0; i < FAKE_COUNT(bad_versions); i++) {
		config = good;
		config.version = bad_versions[i];
		assert_int_equal(init(&config, 0), VIC_ERR_INVAL);
	}
	config = good;
	config.id = 16;
	assert_int_equal(init(&config, 0), VIC_ERR_INVAL);
	config.id = 15;
	config.pins = 240;
	assert_int_equal(init(&config, 0), VIC_OK);
	config = good;
	config.reserved = 1;
	assert_int_equal(init(&config, 0), VIC_ERR_INVAL);
	/* Only eoi, lock, unlock and msi are its own. */
	ops.wake = NULL;
	ops.kick = NULL;
	ops.eoi = NULL;
	config = good;
	config.ops = &ops;
	assert_int_equal(init(&config, 0), VIC_OK);
	ops.lock = NULL;
	assert_int_equal(init(&config, 0), VIC_ERR_INVAL);
	ops.unlock = NULL;
	assert_int_equal(init(&config, 0), VIC_OK);
	ops.msi = NULL;
	assert_int_equal(init(&config, 0), VIC_ERR_INVAL);
	config.ops = NULL;
	assert_int_equal(init(&config, 0), VIC_ERR_INVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_PC_TEST(ioapic_01_select_and_window),
		FAKE_PC_TEST(ioapic_02_loads_of_all_widths),
		FAKE_PC_TEST(ioapic_02_stores_of_all_widths),
		FAKE_PC_TEST(ioapic_02_what_is_no_register),
		FAKE_PC_TEST(ioapic_02_foreign),
		FAKE_PC_TEST(ioapic_03_id),
		FAKE_PC_TEST(ioapic_04_version),
		FAKE_PC_TEST(ioapic_05_arbitration),
		FAKE_PC_TEST(ioapic_06_entries),
		FAKE_PC_TEST(ioapic_06_no_bus_no_wide_destination),
		FAKE_PC_TEST(ioapic_07_pins),
		FAKE_PC_TEST(ioapic_07_the_last_pin),
		FAKE_PC_TEST(ioapic_08_reset),
		FAKE_PC_ONCE(what_init_accepts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
