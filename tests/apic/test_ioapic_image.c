/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Images of an IOAPIC: docs/images.md. What was saved in the middle of
 * everything goes on from there; a hostile image is refused, or is a state
 * that a guest may lead to.
 */

#include "fake_pc.h"

#include <string.h>

#define MASKED ((uint64_t)VIC_RTE_MASKED)
#define PINS 5u
#define SIZE (48u + 16u * PINS)
#define AT_ENTRY(pin) (48u + 16u * (pin))
#define AT_SOURCES(pin) (56u + 16u * (pin))
#define WRITABLE UINT64_C(0xff0000000001afff)

struct image {
	unsigned char bytes[SIZE];
};

static const struct fake_pc_spec plain = {.pins = PINS, .id = 3};

static void make(struct fake_pc *pc, const struct fake_pc_spec *spec)
{
	fake_reset(NULL);
	fake_pc_make(pc, spec);
	assert_int_equal(vic_ioapic_image_size(pc->ioapic), SIZE);
}

/* Pin 0 in service, 1 accepted and masked, 2 refused, 3 edge, 4 ExtINT. */
static void upset(struct fake_pc *pc)
{
	fake_program(pc, 0, FAKE_RTE_LEVEL(0x51));
	fake_program(pc, 1, FAKE_RTE_TO(1) | FAKE_RTE_LEVEL(0x61));
	fake_program(pc, 2, FAKE_RTE_TO(0x77) | FAKE_RTE_LEVEL(0x71));
	fake_program(pc, 3, VIC_RTE_LOW | 0x42);
	fake_program(pc, 4,
		     MASKED | VIC_RTE_LOGICAL | FAKE_RTE_TO(0xa5) |
			     FAKE_RTE_MODE(VIC_MODE_EXTINT));
	fake_source(pc, 0, 0, true);
	fake_source(pc, 0, 63, true);
	fake_source(pc, 1, 7, true);
	fake_source(pc, 2, 5, true);
	fake_source(pc, 3, 1, true);
	fake_pc_serve(pc, 0, 0x51);
	fake_program(pc, 1, MASKED | FAKE_RTE_TO(1) | FAKE_RTE_LEVEL(0x61));
	fake_ioapic_put(pc, VIC_IOAPIC_ID, 0x0b000000);
	fake_ioapic_store(pc, VIC_IOAPIC_IOREGSEL, 0x17);
}

static struct image save(struct fake_pc *pc)
{
	struct image image;

	memset(&image, 0x5a, sizeof(image));
	vic_ioapic_save(pc->ioapic, image.bytes);
	return image;
}

static void restore(struct fake_pc *pc, const struct image *image)
{
	const char *what = "not NULL";

	assert_int_equal(vic_ioapic_restore(pc->ioapic, image->bytes,
					    sizeof(image->bytes), &what),
			 VIC_OK);
	assert_null(what);
}

/* IOAPIC-32 */
static void ioapic_32_layout(void **state)
{
	static const struct {
		uint64_t entry, sources;
	} pins[PINS] = {
		{0x0000c051, UINT64_C(1) << 63 | 1},
		{UINT64_C(1) << 56 | 0x1c061, 1 << 7},
		{UINT64_C(0x77) << 56 | 0x08071, 1 << 5},
		{0x02042, 1 << 1},
		{UINT64_C(0xa5) << 56 | 0x10f00, 0},
	};
	struct fake_pc pc;
	struct image image;
	uint32_t pin;

	(void)state;
	make(&pc, &plain);
	upset(&pc);
	image = save(&pc);
	assert_memory_equal(image.bytes, "vicIOAPC", 8);
	assert_int_equal(fake_get32(image.bytes, 8), 1);
	assert_int_equal(fake_get32(image.bytes, 12), SIZE);
	assert_int_equal(fake_get32(image.bytes, 16), 0);
	assert_int_equal(fake_get32(image.bytes, 20), PINS);
	assert_int_equal(fake_get32(image.bytes, 24), 0x20);
	assert_int_equal(fake_get32(image.bytes, 28), 3);
	assert_true(fake_get64(image.bytes, 32) == WRITABLE);
	assert_int_equal(fake_get32(image.bytes, 40), 0xb);
	assert_int_equal(fake_get32(image.bytes, 44), 0x17);
	for (pin = 0; pin < PINS; pin++) {
		assert_true(fake_get64(image.bytes, AT_ENTRY(pin)) ==
			    pins[pin].entry);
		assert_true(fake_get64(image.bytes, AT_SOURCES(pin)) ==
			    pins[pin].sources);
	}
}

/* IOAPIC-32: what it was goes on, in the same object or another one. */
static void ioapic_32_goes_on(void **state)
{
	static struct fake_pc pc, other;
	struct fake_pc *to;
	struct image image, again;
	uint64_t messages;
	int which;

	(void)state;
	for (which = 0; which < 2; which++) {
		make(&pc, &plain);
		upset(&pc);
		image = save(&pc);
		again = save(&pc);
		assert_memory_equal(&image, &again, sizeof(image));
		to = &pc;
		if (which) {
			fake_pc_make(&other, &plain);
			to = &other;
		}
		vic_ioapic_reset(to->ioapic);
		fake_source(to, 0, 0, false);
		fake_source(to, 3, 1, false);
		fake_source(to, 4, 9, true);
		messages = to->device.ioapic;
		restore(to, &image);
		again = save(to);
		assert_memory_equal(&image, &again, sizeof(image));
		/* Nothing was sent; what was accepted is elsewhere. */
		assert_true(to->device.ioapic == messages);
		fake_heard_nothing(to);
		assert_int_equal(fake_ioapic_load(to, VIC_IOAPIC_IOREGSEL),
				 0x17);
		assert_int_equal(fake_ioapic_get(to, VIC_IOAPIC_ID),
				 0x0b000000);
		assert_true(fake_remote_irr(to, 0));
		assert_true(fake_remote_irr(to, 1));
		assert_true(fake_send_pending(to, 2));
		assert_false(fake_send_pending(to, 1));
		/* The line was high, so no edge. */
		assert_false(fake_source(to, 3, 1, true));
		assert_true(to->device.ioapic == messages);
		fake_ioapic_store(to, VIC_IOAPIC_EOI, 0x51);
		fake_heard_one(to, VIC_EOI_IOAPIC, 0);
		assert_true(to->device.ioapic == messages + 1);
		fake_source(to, 0, 63, false);
		assert_true(fake_remote_irr(to, 0));
		fake_source(to, 0, 0, false);
		fake_ioapic_store(to, VIC_IOAPIC_EOI, 0x51);
		fake_heard_one(to, VIC_EOI_IOAPIC, 0);
		assert_false(fake_remote_irr(to, 0));
		fake_ioapic_store(to, VIC_IOAPIC_EOI, 0x61);
		fake_heard_one(to, VIC_EOI_IOAPIC, 1);
		assert_true(to->device.ioapic == messages + 1);
		fake_program(to, 1, FAKE_RTE_TO(1) | FAKE_RTE_LEVEL(0x61));
		assert_true(to->device.ioapic == messages + 2);
		vic_ioapic_retry(to->ioapic, &to->device);
		assert_true(to->device.ioapic == messages + 3);
		fake_program(to, 2, FAKE_RTE_LEVEL(0x71));
		assert_int_equal(fake_pc_next(to, 0), 0x71);
	}
}

/* IOAPIC-32: an APIC that begins to accept finds what waits. */
static void ioapic_32_what_was_refused(void **state)
{
	static struct fake_pc pc;
	struct image image;

	(void)state;
	make(&pc, &plain);
	fake_program(&pc, 2, FAKE_RTE_LEVEL(0x71));
	fake_write(&pc.vm.cpu[0], VIC_APIC_SVR, VIC_SVR_RESET);
	fake_line(&pc, 2, true);
	image = save(&pc);
	fake_line(&pc, 2, false);
	vic_ioapic_reset(pc.ioapic);
	/* Nobody waits any more, as in another VM. */
	fake_write(&pc.vm.cpu[0], VIC_APIC_SVR, VIC_SVR_RESET | VIC_SVR_ENABLE);
	fake_write(&pc.vm.cpu[0], VIC_APIC_SVR, VIC_SVR_RESET);
	restore(&pc, &image);
	assert_true(fake_send_pending(&pc, 2));
	fake_write(&pc.vm.cpu[0], VIC_APIC_SVR, VIC_SVR_RESET | VIC_SVR_ENABLE);
	fake_pc_serve(&pc, 0, 0x71);
	assert_true(fake_remote_irr(&pc, 2));
}

/* Refuse it, and change nothing. */
static void refused(struct fake_pc *pc, const struct image *image, size_t size,
		    int err, const char *name)
{
	struct image before = save(pc), after, copy = *image;
	const char *what = NULL;

	assert_int_equal(
		vic_ioapic_restore(pc->ioapic, copy.bytes, size, &what), err);
	assert_non_null(what);
	if (name)
		assert_string_equal(what, name);
	assert_int_equal(vic_ioapic_restore(pc->ioapic, copy.bytes, size, NULL),
			 err);
	after = save(pc);
	assert_memory_equal(&before, &after, sizeof(after));
	assert_memory_equal(&copy, image, sizeof(copy));
}

/* IOAPIC-33 */
static void ioapic_33_no_image(void **state)
{
	static const size_t sizes[] = {0, 8, 15, 16, 47, 48, SIZE - 1};
	struct fake_pc pc;
	struct image image, bad;
	uint32_t i;

	(void)state;
	make(&pc, &plain);
	upset(&pc);
	image = save(&pc);
	for (i = 0; i < FAKE_COUNT(sizes); i++)
		refused(&pc, &image, sizes[i], VIC_ERR_IMAGE, NULL);
	for (i = 0; i < 128; i++) {
		bad = image;
		bad.bytes[i / 8] ^= (unsigned char)(1u << i % 8);
		refused(&pc, &bad, SIZE, VIC_ERR_IMAGE, NULL);
	}
}

/* IOAPIC-33 */
static void ioapic_33_another_configuration(void **state)
{
	static const struct {
		uint32_t at, bits;
		const char *name;
	} words[] = {
		{16, 32, "vic_ioapic_config.flags"},
		{24, 32, "vic_ioapic_config.version"},
		{28, 32, "vic_ioapic_config.id"},
		{32, 64, "vic_apic_bus_config.msi_format"},
	};
	struct fake_pc pc;
	struct image image, bad;
	uint32_t i, bit;

	(void)state;
	make(&pc, &plain);
	upset(&pc);
	image = save(&pc);
	for (i = 0; i < FAKE_COUNT(words); i++)
		for (bit = 0; bit < words[i].bits; bit++) {
			bad = image;
			bad.bytes[words[i].at + bit / 8] ^=
				(unsigned char)(1u << bit % 8);
			refused(&pc, &bad, SIZE, VIC_ERR_IMAGE_CONFIG,
				words[i].name);
		}
}

/* IOAPIC-33: the same by objects that are configured so. */
static void ioapic_33_images_of_others(void **state)
{
	static const struct fake_pc_spec others[] = {
		{.pins = PINS, .id = 3, .flags = VIC_IOAPIC_VOLTAGES},
		{.pins = PINS, .id = 4},
		{.pins = PINS, .id = 3, .version = 0x11},
		{.pins = PINS, .id = 3, .msi_format = VIC_MSI_15BIT},
	};
	struct fake_pc_spec more = {.pins = PINS + 1, .id = 3};
	static unsigned char big[SIZE + 16];
	static struct fake_pc pc, other;
	struct image image;
	const char *what;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(others); i++) {
		make(&other, &others[i]);
		image = save(&other);
		fake_pc_make(&pc, &plain);
		upset(&pc);
		refused(&pc, &image, SIZE, VIC_ERR_IMAGE_CONFIG, NULL);
	}
	fake_reset(NULL);
	fake_pc_make(&other, &more);
	vic_ioapic_save(other.ioapic, big);
	assert_int_not_equal(
		vic_ioapic_restore(pc.ioapic, big, sizeof(big), &what), VIC_OK);
	assert_non_null(what);
}

/* IOAPIC-33 */
static void ioapic_33_impossible_states(void **state)
{
	struct fake_pc pc;
	struct image image, bad;
	uint32_t bit;

	(void)state;
	make(&pc, &plain);
	upset(&pc);
	image = save(&pc);
	/* Bits that no entry has; the delivery status is one of them. */
	for (bit = 0; bit < 64; bit++) {
		if ((WRITABLE | VIC_RTE_REMOTE_IRR) >> bit & 1)
			continue;
		bad = image;
		fake_put64(bad.bytes, AT_ENTRY(2),
			   fake_get64(bad.bytes, AT_ENTRY(2)) | UINT64_C(1)
									<< bit);
		refused(&pc, &bad, SIZE, VIC_ERR_IMAGE_STATE, NULL);
	}
	/* Remote IRR of what is edge. */
	bad = image;
	fake_put64(bad.bytes, AT_ENTRY(3), 0x4042);
	refused(&pc, &bad, SIZE, VIC_ERR_IMAGE_STATE, NULL);
	for (bit = 2; bit < 8; bit++) {
		bad = image;
		fake_put64(bad.bytes, AT_ENTRY(0), 0xc051 | bit << 8);
		refused(&pc, &bad, SIZE, VIC_ERR_IMAGE_STATE, NULL);
	}
	/* ID, IOREGSEL. */
	for (bit = 4; bit < 32; bit++) {
		bad = image;
		fake_put32(bad.bytes, 40, UINT32_C(1) << bit);
		refused(&pc, &bad, SIZE, VIC_ERR_IMAGE_STATE, NULL);
	}
	for (bit = 8; bit < 32; bit++) {
		bad = image;
		fake_put32(bad.bytes, 44, UINT32_C(1) << bit);
		refused(&pc, &bad, SIZE, VIC_ERR_IMAGE_STATE, NULL);
	}
}

/* What a guest may have done: an image that is taken works. */
static void use(struct fake_pc *pc)
{
	uint32_t pin, source, vector;

	for (pin = 0; pin < PINS; pin++)
		for (source = 0; source < 64; source++)
			fake_source(pc, pin, source, false);
	for (vector = 0; vector < 256; vector++)
		fake_ioapic_store(pc, VIC_IOAPIC_EOI, vector);
	for (pin = 0; pin < PINS; pin++) {
		assert_false(fake_remote_irr(pc, pin));
		assert_false(fake_send_pending(pc, pin));
		fake_program(pc, pin, FAKE_RTE_LEVEL(0x81 + pin));
		assert_true(fake_line(pc, pin, true));
		fake_line(pc, pin, false);
		assert_int_equal(fake_take(&pc->vm, (uint8_t)(0x81 + pin)), 1);
	}
	pc->heard_count = 0;
}

/* IOAPIC-33 */
static void ioapic_33_every_bit(void **state)
{
	static const struct fake_pc_spec specs[] = {
		{.pins = PINS, .id = 3},
		{.pins = PINS, .id = 3, .flags = VIC_IOAPIC_VOLTAGES},
		{.pins = PINS, .id = 3, .version = 0x11},
		{.pins = PINS, .id = 3, .msi_format = VIC_MSI_15BIT},
	};
	struct fake_pc pc;
	struct image good, bad, is;
	unsigned int accepted;
	const char *what;
	uint32_t bit;
	size_t i;
	int err;

	(void)state;
	for (i = 0; i < FAKE_COUNT(specs); i++) {
		make(&pc, &specs[i]);
		upset(&pc);
		good = save(&pc);
		accepted = 0;
		for (bit = 0; bit < 8 * SIZE; bit++) {
			bad = good;
			bad.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
			what = NULL;
			err = vic_ioapic_restore(pc.ioapic, bad.bytes, SIZE,
						 &what);
			is = save(&pc);
			if (err != VIC_OK) {
				assert_non_null(what);
				assert_memory_equal(&is, &good, sizeof(is));
				continue;
			}
			assert_null(what);
			assert_memory_equal(&is, &bad, sizeof(is));
			accepted++;
			if (specs[i].version != 0x11 && !specs[i].flags)
				use(&pc);
			restore(&pc, &good);
		}
		/* The sources alone are 64 a pin. */
		assert_true(accepted > 64 * PINS);
		assert_true(accepted < 8 * SIZE - 128 - 192);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_PC_TEST(ioapic_32_layout),
		FAKE_PC_TEST(ioapic_32_goes_on),
		FAKE_PC_TEST(ioapic_32_what_was_refused),
		FAKE_PC_TEST(ioapic_33_no_image),
		FAKE_PC_TEST(ioapic_33_another_configuration),
		FAKE_PC_TEST(ioapic_33_images_of_others),
		FAKE_PC_TEST(ioapic_33_impossible_states),
		FAKE_PC_TEST(ioapic_33_every_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
