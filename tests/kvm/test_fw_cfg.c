/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* vic-kvm's fw_cfg: QEMU's docs/specs/fw_cfg. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fw_cfg.h"

static struct fw_cfg cfg = {
	.memory_size = 0x123456789a,
	.vcpus = 0x1ff,
};

/* The first @n bytes of @item, little endian. */
static uint64_t read_item(uint16_t item, uint32_t n)
{
	uint64_t value = 0;

	fw_cfg_select(&cfg, item);
	for (uint32_t i = 0; i < n; i++)
		value |= (uint64_t)fw_cfg_byte(&cfg) << 8 * i;
	return value;
}

static void signature(void **state)
{
	(void)state;
	fw_cfg_select(&cfg, 0);
	assert_int_equal(fw_cfg_byte(&cfg), 'Q');
	assert_int_equal(fw_cfg_byte(&cfg), 'E');
	assert_int_equal(fw_cfg_byte(&cfg), 'M');
	assert_int_equal(fw_cfg_byte(&cfg), 'U');
	/* The ports, and no DMA. */
	assert_int_equal(read_item(1, 4), 1);
}

static void counts_and_size(void **state)
{
	(void)state;
	assert_int_equal(read_item(3, 8), 0x123456789a);
	assert_int_equal(read_item(5, 2), 0x1ff);
	assert_int_equal(read_item(0xf, 2), 0x1ff);
}

/* No files (item 0x19), and nothing else. */
static void the_rest_is_zero(void **state)
{
	(void)state;
	for (uint32_t item = 0; item < 0x10000; item++)
		if (item > 1 && item != 3 && item != 5 && item != 0xf)
			assert_int_equal(read_item((uint16_t)item, 8), 0);
}

static void behind_the_end(void **state)
{
	(void)state;
	read_item(3, 8);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(fw_cfg_byte(&cfg), 0);
	/* Selecting starts at the first byte again. */
	fw_cfg_select(&cfg, 3);
	assert_int_equal(fw_cfg_byte(&cfg), 0x9a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signature),
		cmocka_unit_test(counts_and_size),
		cmocka_unit_test(the_rest_is_zero),
		cmocka_unit_test(behind_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
