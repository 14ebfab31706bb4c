/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The Arm send registers: IHI 0048B 4.3.15 (GICD_SGIR), IHI 0069 12.2
 * (ICC_SGI1R_EL1, ICC_SGI0R_EL1, ICC_ASGI1R_EL1).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <vic/ipi.h>

static const struct {
	enum vic_send_register reg;
	enum vic_sgi_group group;
} registers[] = {
	{VIC_SEND_ICC_SGI1R, VIC_SGI_GROUP1},
	{VIC_SEND_ICC_SGI0R, VIC_SGI_GROUP0},
	{VIC_SEND_ICC_ASGI1R, VIC_SGI_GROUP1_OTHER},
};

static void check(const struct vic_ipi *ipi, unsigned kind, uint32_t dest,
		  unsigned list, unsigned intid, unsigned group)
{
	assert_int_equal(ipi->kind, kind);
	assert_int_equal(ipi->dest, dest);
	assert_int_equal(ipi->list, list);
	assert_int_equal(ipi->intid, intid);
	assert_int_equal(ipi->mode, group);
	assert_int_equal(ipi->width, 0);
	assert_false(ipi->level);
	assert_false(ipi->redirect);
}

static void sgir_with_a_list_names_cpu_interfaces(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (uint32_t list = 0; list < 256; list++)
		for (uint32_t intid = 0; intid < 16; intid++) {
			assert_int_equal(vic_decode(VIC_SEND_GICD_SGIR,
						    list << 16 | intid, &ipi),
					 list ? VIC_DECODE_SEND
					      : VIC_DECODE_NOTHING);
			check(&ipi, VIC_DEST_AFFINITY, 0, list, intid,
			      VIC_SGI_GROUP_ANY);
		}
}

static void sgir_filters_1_and_2_ignore_the_list(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (uint32_t list = 0; list < 256; list++) {
		uint32_t value = list << 16 | 9;

		assert_int_equal(vic_decode(VIC_SEND_GICD_SGIR,
					    UINT32_C(1) << 24 | value, &ipi),
				 VIC_DECODE_SEND);
		check(&ipi, VIC_DEST_OTHERS, 0, 0, 9, VIC_SGI_GROUP_ANY);
		assert_int_equal(vic_decode(VIC_SEND_GICD_SGIR,
					    UINT32_C(2) << 24 | value, &ipi),
				 VIC_DECODE_SEND);
		check(&ipi, VIC_DEST_SELF, 0, 0, 9, VIC_SGI_GROUP_ANY);
	}
}

static void sgir_filter_3_is_reserved(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (uint32_t list = 0; list < 256; list++)
		assert_int_equal(vic_decode(VIC_SEND_GICD_SGIR,
					    UINT32_C(3) << 24 | list << 16,
					    &ipi),
				 VIC_DECODE_INVALID);
}

static void sgir_ignores_nsatt_and_reserved_bits(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (unsigned bit = 0; bit < 32; bit++) {
		if (bit < 4 || (bit >= 16 && bit < 26))
			continue;
		assert_int_equal(vic_decode(VIC_SEND_GICD_SGIR,
					    UINT32_C(1) << bit | 0x810006,
					    &ipi),
				 VIC_DECODE_SEND);
		check(&ipi, VIC_DEST_AFFINITY, 0, 0x81, 6, VIC_SGI_GROUP_ANY);
	}
}

static void sgi1r_lists_every_set_of_sixteen(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (uint32_t list = 0; list < 0x10000; list++) {
			assert_int_equal(
				vic_decode(registers[i].reg,
					   UINT32_C(5) << 24 | list, &ipi),
				list ? VIC_DECODE_SEND : VIC_DECODE_NOTHING);
			check(&ipi, VIC_DEST_AFFINITY, 0, list, 5,
			      registers[i].group);
		}
}

static void sgi1r_fields_stand_where_the_manual_says(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (uint64_t n = 0; n < 256; n++) {
			unsigned group = registers[i].group;
			uint64_t intid = n & 15;

			assert_int_equal(vic_decode(registers[i].reg,
						    n << 48 | intid << 24 | 1,
						    &ipi),
					 VIC_DECODE_SEND);
			check(&ipi, VIC_DEST_AFFINITY, (uint32_t)n << 24, 1,
			      (unsigned)intid, group);
			assert_int_equal(vic_decode(registers[i].reg,
						    n << 32 | intid << 24 | 1,
						    &ipi),
					 VIC_DECODE_SEND);
			check(&ipi, VIC_DEST_AFFINITY, (uint32_t)n << 16, 1,
			      (unsigned)intid, group);
			assert_int_equal(vic_decode(registers[i].reg,
						    n << 16 | intid << 24 | 1,
						    &ipi),
					 VIC_DECODE_SEND);
			check(&ipi, VIC_DEST_AFFINITY, (uint32_t)n << 8, 1,
			      (unsigned)intid, group);
		}
}

static void range_selector_counts_sixteens_of_aff0(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (uint64_t rs = 0; rs < 16; rs++) {
			uint64_t value = UINT64_C(0x12) << 48 | rs << 44 |
					 UINT64_C(0x34) << 32 |
					 UINT64_C(0xf) << 24 |
					 UINT64_C(0x56) << 16 | 0x8001;

			assert_int_equal(
				vic_decode(registers[i].reg, value, &ipi),
				VIC_DECODE_SEND);
			check(&ipi, VIC_DEST_AFFINITY,
			      0x12345600 + (uint32_t)rs * 16, 0x8001, 15,
			      registers[i].group);
		}
}

static void irm_ignores_list_and_affinity(void **state)
{
	static const uint64_t rest[] = {0,
					0xffff,
					UINT64_C(0xff) << 16,
					UINT64_C(0xff) << 32,
					UINT64_C(0xff) << 48,
					UINT64_C(0xf) << 44};
	struct vic_ipi ipi;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t n = 0; n < sizeof(rest) / sizeof(rest[0]); n++) {
			uint64_t value =
				UINT64_C(1) << 40 | UINT64_C(7) << 24 | rest[n];

			assert_int_equal(
				vic_decode(registers[i].reg, value, &ipi),
				VIC_DECODE_SEND);
			check(&ipi, VIC_DEST_OTHERS, 0, 0, 7,
			      registers[i].group);
		}
}

static void sgi1r_ignores_res0_bits(void **state)
{
	static const uint8_t res0[] = {28, 29, 30, 31, 41, 42, 43, 56,
				       57, 58, 59, 60, 61, 62, 63};
	struct vic_ipi ipi;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t n = 0; n < sizeof(res0); n++) {
			assert_int_equal(
				vic_decode(registers[i].reg,
					   UINT64_C(1) << res0[n] | 0x3000004,
					   &ipi),
				VIC_DECODE_SEND);
			check(&ipi, VIC_DEST_AFFINITY, 0, 4, 3,
			      registers[i].group);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sgir_with_a_list_names_cpu_interfaces),
		cmocka_unit_test(sgir_filters_1_and_2_ignore_the_list),
		cmocka_unit_test(sgir_filter_3_is_reserved),
		cmocka_unit_test(sgir_ignores_nsatt_and_reserved_bits),
		cmocka_unit_test(sgi1r_lists_every_set_of_sixteen),
		cmocka_unit_test(sgi1r_fields_stand_where_the_manual_says),
		cmocka_unit_test(range_selector_counts_sixteens_of_aff0),
		cmocka_unit_test(irm_ignores_list_and_affinity),
		cmocka_unit_test(sgi1r_ignores_res0_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
