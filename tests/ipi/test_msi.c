/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* MSI address and data, SDM 10.11, and the two wider destinations. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <vic/ipi.h>

#define BASE UINT64_C(0xfee00000)
#define RH 8
#define DM 4

static const enum vic_msi_format formats[] = {VIC_MSI_8BIT, VIC_MSI_15BIT,
					      VIC_MSI_32BIT};
static const uint8_t widths[] = {8, 15, 32};

/* Figure 10-25: data bits 10:8. */
static const char valid_modes[] = "VVV-VV-V";

static void check_dest(const struct vic_ipi *ipi, uint32_t dest, unsigned width,
		       uint64_t address)
{
	assert_int_equal(ipi->dest, dest);
	assert_int_equal(ipi->width, width);
	assert_int_equal(ipi->kind,
			 address & DM ? VIC_DEST_LOGICAL : VIC_DEST_PHYSICAL);
	assert_int_equal(ipi->redirect, (address & RH) && (address & DM));
	assert_int_equal(ipi->list, 0);
}

/* APIC-83 */
static void data_of_sixteen_bits_decodes_by_figure_10_25(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (size_t f = 0; f < 3; f++)
		for (uint32_t data = 0; data < 0x10000; data++) {
			bool level = data & 0x8000;
			enum vic_decode want = VIC_DECODE_SEND;

			if (valid_modes[data >> 8 & 7] != 'V')
				want = VIC_DECODE_INVALID;
			else if (level && !(data & 0x4000))
				want = VIC_DECODE_NOTHING;
			assert_int_equal(vic_msi_decode(formats[f],
							BASE | 0x5a000, data,
							&ipi),
					 want);
			check_dest(&ipi, 0x5a, widths[f], 0);
			assert_int_equal(ipi.intid, data & 0xff);
			assert_int_equal(ipi.mode, data >> 8 & 7);
			assert_int_equal(ipi.level, level);
		}
}

static void reserved_data_bits_are_ignored(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (unsigned bit = 11; bit < 32; bit++) {
		if (bit == 14 || bit == 15)
			continue;
		assert_int_equal(vic_msi_decode(VIC_MSI_8BIT, BASE,
						UINT32_C(1) << bit | 0x41,
						&ipi),
				 VIC_DECODE_SEND);
		assert_int_equal(ipi.intid, 0x41);
		assert_int_equal(ipi.mode, 0);
		assert_false(ipi.level);
	}
}

static void vector_below_16_is_the_receivers_business(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (uint32_t vector = 0; vector < 16; vector++) {
		assert_int_equal(
			vic_msi_decode(VIC_MSI_8BIT, BASE, vector, &ipi),
			VIC_DECODE_SEND);
		assert_int_equal(ipi.intid, vector);
	}
}

/* APIC-83, APIC-84 */
static void every_low_address_of_8_bits(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (uint32_t low = 0; low < UINT32_C(1) << 20; low++) {
		assert_int_equal(
			vic_msi_decode(VIC_MSI_8BIT, BASE | low, 0x31, &ipi),
			VIC_DECODE_SEND);
		check_dest(&ipi, low >> 12, 8, low);
	}
}

/* APIC-83, APIC-84 */
static void every_low_address_of_15_bits(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (uint32_t low = 0; low < UINT32_C(1) << 20; low++) {
		enum vic_decode got =
			vic_msi_decode(VIC_MSI_15BIT, BASE | low, 0x31, &ipi);

		/* Bit 4 is the remappable format. */
		if (low & 0x10) {
			assert_int_equal(got, VIC_DECODE_FOREIGN);
			continue;
		}
		assert_int_equal(got, VIC_DECODE_SEND);
		check_dest(&ipi, low >> 12 | (low >> 5 & 0x7f) << 8, 15, low);
	}
}

/* APIC-83, APIC-84 */
static void every_low_address_of_32_bits(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (uint32_t low = 0; low < UINT32_C(1) << 20; low++) {
		uint64_t address = UINT64_C(0xabcdef) << 40 | BASE | low;

		assert_int_equal(
			vic_msi_decode(VIC_MSI_32BIT, address, 0x31, &ipi),
			VIC_DECODE_SEND);
		check_dest(&ipi, 0xabcdef00 | low >> 12, 32, low);
	}
}

static void upper_address_is_known_to_32_bits_alone(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (unsigned bit = 32; bit < 64; bit++) {
		uint64_t address = UINT64_C(1) << bit | BASE;

		assert_int_equal(
			vic_msi_decode(VIC_MSI_8BIT, address, 0x31, &ipi),
			VIC_DECODE_FOREIGN);
		assert_int_equal(
			vic_msi_decode(VIC_MSI_15BIT, address, 0x31, &ipi),
			VIC_DECODE_FOREIGN);
		assert_int_equal(
			vic_msi_decode(VIC_MSI_32BIT, address, 0x31, &ipi),
			bit < 40 ? VIC_DECODE_FOREIGN : VIC_DECODE_SEND);
		if (bit >= 40)
			check_dest(&ipi, UINT32_C(1) << (bit - 32), 32, 0);
	}
}

static void only_0xfee_is_an_interrupt_message(void **state)
{
	struct vic_ipi ipi;

	(void)state;
	for (size_t f = 0; f < 3; f++)
		for (uint32_t top = 0; top < 0x1000; top++)
			assert_int_equal(vic_msi_decode(formats[f], top << 20,
							0x31, &ipi),
					 top == 0xfee ? VIC_DECODE_SEND
						      : VIC_DECODE_FOREIGN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_of_sixteen_bits_decodes_by_figure_10_25),
		cmocka_unit_test(reserved_data_bits_are_ignored),
		cmocka_unit_test(vector_below_16_is_the_receivers_business),
		cmocka_unit_test(every_low_address_of_8_bits),
		cmocka_unit_test(every_low_address_of_15_bits),
		cmocka_unit_test(every_low_address_of_32_bits),
		cmocka_unit_test(upper_address_is_known_to_32_bits_alone),
		cmocka_unit_test(only_0xfee_is_an_interrupt_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
