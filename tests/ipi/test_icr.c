/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The x86 send registers, from the SDM: figures 10-12, 10-28 and 10-31. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <vic/ipi.h>

#define LOW_PATTERNS (UINT32_C(1) << 20)

/*
 * Table 10-3 with the reserved modes 011 and 111: a row per shorthand, a
 * column per delivery mode. A level trigger mode is not here: the local APIC
 * "will override the bit setting and issue the interrupt as edge triggered".
 */
static const char *const table_10_3[4] = {
	"VVV-VVV-", /* no shorthand */
	"V-------", /* self */
	"V-------", /* all including self */
	"VVV-VVV-", /* all excluding self */
};

static const uint8_t kinds[4] = {
	0, /* the destination mode says */
	VIC_DEST_SELF,
	VIC_DEST_ALL,
	VIC_DEST_OTHERS,
};

static enum vic_decode expect_low(uint32_t low)
{
	unsigned mode = low >> 8 & 7;

	/* INIT, trigger mode level, level de-assert */
	if (mode == 5 && (low & 0xc000) == 0x8000)
		return VIC_DECODE_NOTHING;
	if (table_10_3[low >> 18 & 3][mode] != 'V')
		return VIC_DECODE_INVALID;
	if (mode < 2 && (low & 0xff) < 16)
		return VIC_DECODE_ILLEGAL_VECTOR;
	return VIC_DECODE_SEND;
}

static void check_fields(const struct vic_ipi *ipi, uint32_t low, uint32_t dest,
			 unsigned width)
{
	unsigned shorthand = low >> 18 & 3;

	if (shorthand) {
		assert_int_equal(ipi->kind, kinds[shorthand]);
		dest = 0;
		width = 0;
	} else if (low & 0x800) {
		assert_int_equal(ipi->kind, VIC_DEST_LOGICAL);
	} else {
		assert_int_equal(ipi->kind, VIC_DEST_PHYSICAL);
	}
	assert_int_equal(ipi->dest, dest);
	assert_int_equal(ipi->width, width);
	assert_int_equal(ipi->intid, low & 0xff);
	assert_int_equal(ipi->mode, low >> 8 & 7);
	assert_int_equal(ipi->list, 0);
	assert_false(ipi->level);
	assert_false(ipi->redirect);
}

static void xapic_low_half_follows_table_10_3(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (uint32_t low = 0; low < LOW_PATTERNS; low++) {
		uint64_t icr = UINT64_C(0xa5) << 56 | low;

		assert_int_equal(vic_decode(VIC_SEND_XAPIC_ICR, icr, &ipi),
				 expect_low(low));
		check_fields(&ipi, low, 0xa5, 8);
	}
}

static void x2apic_low_half_follows_table_10_3(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (uint32_t low = 0; low < LOW_PATTERNS; low++) {
		uint64_t icr = UINT64_C(0xdeadbeef) << 32 | low;
		enum vic_decode got =
			vic_decode(VIC_SEND_X2APIC_ICR, icr, &ipi);

		if (low & 0x32000) {
			assert_int_equal(got, VIC_DECODE_RESERVED);
			continue;
		}
		assert_int_equal(got, expect_low(low));
		check_fields(&ipi, low, 0xdeadbeef, 32);
	}
}

static void xapic_destination_is_bits_63_to_56(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (uint32_t dest = 0; dest < 256; dest++)
		for (unsigned bit = 0; bit < 24; bit++) {
			uint64_t icr = (uint64_t)dest << 56 |
				       UINT64_C(1) << (32 + bit) | 0x4831;

			assert_int_equal(
				vic_decode(VIC_SEND_XAPIC_ICR, icr, &ipi),
				VIC_DECODE_SEND);
			check_fields(&ipi, 0x4831, dest, 8);
		}
}

static void x2apic_destination_is_bits_63_to_32(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (unsigned bit = 0; bit < 32; bit++) {
		uint32_t dest = UINT32_C(1) << bit;

		assert_int_equal(vic_decode(VIC_SEND_X2APIC_ICR,
					    (uint64_t)dest << 32 | 0xff, &ipi),
				 VIC_DECODE_SEND);
		check_fields(&ipi, 0xff, dest, 32);
		assert_int_equal(vic_decode(VIC_SEND_X2APIC_ICR,
					    (uint64_t)~dest << 32 | 0xff, &ipi),
				 VIC_DECODE_SEND);
		check_fields(&ipi, 0xff, ~dest, 32);
	}
}

static void reserved_bits_fault_in_x2apic_mode_alone(void **state)
{
	static const uint8_t reserved[] = {13, 16, 17, 20, 21, 22, 23, 24,
					   25, 26, 27, 28, 29, 30, 31};
	struct vic_ipi ipi;

	(void)state;
	for (size_t i = 0; i < sizeof(reserved); i++)
		for (uint32_t low = 0; low < 0x1000; low++) {
			uint64_t icr = UINT64_C(1) << reserved[i] | low;

			assert_int_equal(
				vic_decode(VIC_SEND_X2APIC_ICR, icr, &ipi),
				VIC_DECODE_RESERVED);
			assert_int_equal(
				vic_decode(VIC_SEND_XAPIC_ICR, icr, &ipi),
				expect_low(low));
			check_fields(&ipi, low, 0, 8);
		}
}

static void delivery_status_is_ignored(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	assert_int_equal(vic_decode(VIC_SEND_XAPIC_ICR, 0x1020, &ipi),
			 VIC_DECODE_SEND);
	assert_int_equal(vic_decode(VIC_SEND_X2APIC_ICR, 0x1020, &ipi),
			 VIC_DECODE_SEND);
}

/* APIC-64 */
static void init_with_level_deasserted_is_nothing(void **state)
{
	static const enum vic_send_register icr[] = {VIC_SEND_XAPIC_ICR,
						     VIC_SEND_X2APIC_ICR};
	struct vic_ipi ipi;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		/* Software should say "all including self" (10.6.1). */
		assert_int_equal(vic_decode(icr[i], 0x88500, &ipi),
				 VIC_DECODE_NOTHING);
		assert_int_equal(vic_decode(icr[i], 0x08500, &ipi),
				 VIC_DECODE_NOTHING);
		/* Edge: the level bit has no meaning, so this is an INIT. */
		assert_int_equal(vic_decode(icr[i], 0x00500, &ipi),
				 VIC_DECODE_SEND);
		assert_int_equal(vic_decode(icr[i], 0x04500, &ipi),
				 VIC_DECODE_SEND);
		assert_int_equal(vic_decode(icr[i], 0x0c500, &ipi),
				 VIC_DECODE_SEND);
		/* No other mode has a de-assert. */
		assert_int_equal(vic_decode(icr[i], 0x08420, &ipi),
				 VIC_DECODE_SEND);
	}
}

/* APIC-27 */
static void reserved_delivery_modes_send_nothing(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (uint32_t shorthand = 0; shorthand < 4; shorthand++)
		for (uint32_t vector = 0; vector < 256; vector++) {
			uint32_t icr = shorthand << 18 | vector;

			assert_int_equal(vic_decode(VIC_SEND_XAPIC_ICR,
						    icr | 0x300, &ipi),
					 VIC_DECODE_INVALID);
			assert_int_equal(vic_decode(VIC_SEND_XAPIC_ICR,
						    icr | 0x700, &ipi),
					 VIC_DECODE_INVALID);
			assert_int_equal(vic_decode(VIC_SEND_X2APIC_ICR,
						    icr | 0x300, &ipi),
					 VIC_DECODE_INVALID);
			assert_int_equal(vic_decode(VIC_SEND_X2APIC_ICR,
						    icr | 0x700, &ipi),
					 VIC_DECODE_INVALID);
		}
}

static void self_ipi_is_a_vector_and_no_more(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (uint32_t vector = 0; vector < 256; vector++) {
		assert_int_equal(vic_decode(VIC_SEND_SELF_IPI, vector, &ipi),
				 vector < 16 ? VIC_DECODE_ILLEGAL_VECTOR
					     : VIC_DECODE_SEND);
		check_fields(&ipi, 0x40000 | vector, 0, 0);
	}
	for (unsigned bit = 8; bit < 64; bit++)
		assert_int_equal(vic_decode(VIC_SEND_SELF_IPI,
					    UINT64_C(1) << bit | 0x31, &ipi),
				 VIC_DECODE_RESERVED);
}

static void unknown_register_is_foreign(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	assert_int_equal(vic_decode((enum vic_send_register)7, 0x31, &ipi),
			 VIC_DECODE_FOREIGN);
	assert_int_equal(vic_decode((enum vic_send_register)0x7fff, 0x31, &ipi),
			 VIC_DECODE_FOREIGN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xapic_low_half_follows_table_10_3),
		cmocka_unit_test(x2apic_low_half_follows_table_10_3),
		cmocka_unit_test(xapic_destination_is_bits_63_to_56),
		cmocka_unit_test(x2apic_destination_is_bits_63_to_32),
		cmocka_unit_test(reserved_bits_fault_in_x2apic_mode_alone),
		cmocka_unit_test(delivery_status_is_ignored),
		cmocka_unit_test(init_with_level_deasserted_is_nothing),
		cmocka_unit_test(reserved_delivery_modes_send_nothing),
		cmocka_unit_test(self_ipi_is_a_vector_and_no_more),
		cmocka_unit_test(unknown_register_is_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
