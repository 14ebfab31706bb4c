/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "chip_world.h"

#include <string.h>

/* Behind the head of an image of a whole VM: docs/images.md. */
#define PC_PARTS 32
#define LAPIC_CCR (16 + VIC_APIC_TIMER_CCR)

/* Registers of one chip, or of all; wires stay as they are. */
void chip_reset(struct chip_world *w)
{
	struct vic_lapic *lapics[CHIP_CPUS];
	struct vic_pc pc = chip_pc(w, lapics);

	switch (input_below(&w->input, 4)) {
	case 0:
		vic_ioapic_reset(w->ioapic);
		im_reset(&w->im);
		break;
	case 1:
		vic_pic_reset(w->pic, &w->real.device);
		pm_reset(&w->pm);
		break;
	case 2:
		REQUIRE(!vic_pc_reset(&pc, VIC_PC_INIT));
		for (uint32_t i = 0; i < CHIP_CPUS; i++)
			vic_vcpu_request(w->twin.cpu[i].vcpu, &w->twin.device,
					 VIC_REQUEST_INIT, 0);
		break;
	default:
		REQUIRE(!vic_pc_reset(&pc, VIC_PC_POWER_UP));
		im_reset(&w->im);
		pm_reset(&w->pm);
		for (uint32_t i = 0; i < CHIP_CPUS; i++)
			vic_lapic_reset(w->twin.cpu[i].lapic);
		chip_check_all(w);
	}
}

/* Exactly as large as it says, so that a step past its end is seen. */
static uint8_t *image_of(struct chip_world *w, size_t *size)
{
	struct vic_lapic *lapics[CHIP_CPUS];
	struct vic_pc pc = chip_pc(w, lapics);
	uint8_t *image;

	*size = vic_pc_image_size(&pc);
	image = malloc(*size);
	REQUIRE(image && *size);
	REQUIRE(vic_pc_save(&pc, image, *size - 1) == VIC_ERR_STORAGE);
	REQUIRE(!vic_pc_save(&pc, image, *size));
	return image;
}

void chip_keep(struct chip_world *w)
{
	size_t size;

	free(w->image);
	w->image = image_of(w, &size);
	for (uint32_t i = 0; i < CHIP_CPUS; i++)
		vic_lapic_save(w->twin.cpu[i].lapic, w->twin_image[i]);
	w->kept_im = w->im;
	w->kept_pm = w->pm;
	w->kept = true;
}

static void
restore_twin(struct chip_world *w, uint32_t index, const uint8_t *image)
{
	REQUIRE(!vic_lapic_restore(w->twin.cpu[index].lapic, image,
				   VIC_LAPIC_IMAGE_SIZE, NULL));
}

void chip_back(struct chip_world *w)
{
	struct vic_lapic *lapics[CHIP_CPUS];
	struct vic_pc pc = chip_pc(w, lapics);
	const char *what = "";
	uint8_t *again;
	size_t size;

	if (!w->kept)
		return;
	size = vic_pc_image_size(&pc);
	REQUIRE(!vic_pc_restore(&pc, w->image, size, &what, NULL));
	REQUIRE(!what);
	again = image_of(w, &size);
	REQUIRE(!memcmp(w->image, again, size));
	free(again);
	for (uint32_t i = 0; i < CHIP_CPUS; i++)
		restore_twin(w, i, w->twin_image[i]);
	w->im = w->kept_im;
	w->pm = w->kept_pm;
	chip_check_all(w);
}

static void change(struct input *input, uint8_t *image, size_t size)
{
	uint32_t changes = input_below(input, 16);

	while (changes--) {
		size_t at = input_u16(input) % size;
		uint32_t how = input_below(input, 4);
		uint8_t value = input_u8(input);

		if (how == 0)
			image[at] = value;
		else if (how == 1)
			image[at] ^= (uint8_t)(1u << (value & 7));
		else if (how == 2)
			image[at] = (uint8_t)(image[at] + value);
		else
			for (; value && at < size; value--)
				image[at++] = input_u8(input);
	}
}

/* An image that is too short, or one of which the end is another's. */
static size_t cut(struct input *input, size_t size)
{
	uint32_t pick = input_u8(input);

	if (pick < 0xf0)
		return size;
	return (size_t)input_u8(input) << (pick & 3);
}

/* The bytes of @image that there are, in memory of that size. */
static uint8_t *resized(uint8_t *image, size_t old, size_t size)
{
	image = realloc(image, size ? size : 1);
	REQUIRE(image);
	if (size > old)
		memset(image + old, 0, size - old);
	return image;
}

/* An answer that is one: whether it is a refusal. */
static bool refusal(int err, const char *what)
{
	REQUIRE(!what == !err);
	REQUIRE(!err || err == VIC_ERR_IMAGE || err == VIC_ERR_IMAGE_CONFIG ||
		err == VIC_ERR_IMAGE_STATE);
	return err;
}

static uint8_t *lapic_in(uint8_t *image, uint32_t index)
{
	return image + PC_PARTS + index * VIC_LAPIC_IMAGE_SIZE;
}

/* Refused, and nothing has changed; or the whole VM has that image. */
void chip_hostile_pc(struct chip_world *w)
{
	struct vic_lapic *lapics[CHIP_CPUS];
	struct vic_pc pc = chip_pc(w, lapics);
	uint32_t parts = CHIP_CPUS + 2, part = UINT32_MAX;
	size_t size, given;
	uint8_t *before = image_of(w, &size), *image = image_of(w, &size);
	uint8_t *after;
	const char *what = "";
	bool refused;
	int err;

	change(&w->input, image, size);
	given = cut(&w->input, size);
	image = resized(image, size, given);
	err = vic_pc_restore(&pc, image, given, &what, &part);
	refused = refusal(err, what);
	REQUIRE(!refused || part <= parts);
	after = image_of(w, &size);
	if (!refused) {
		for (uint32_t i = 0; i < CHIP_CPUS; i++) {
			restore_twin(w, i, lapic_in(image, i));
			/* It is told, not asked. */
			memcpy(lapic_in(after, i) + LAPIC_CCR,
			       lapic_in(image, i) + LAPIC_CCR, 4);
		}
	}
	REQUIRE(!memcmp(after, refused ? before : image, size));
	if (!refused) {
		chip_follow_ioapic(w);
		chip_follow_pic(w);
	}
	free(before);
	free(image);
	free(after);
	chip_check_all(w);
}

void chip_hostile_ioapic(struct chip_world *w)
{
	size_t size = vic_ioapic_image_size(w->ioapic), given;
	uint8_t *image = malloc(size), *after = malloc(size);
	const char *what = "";
	int err;

	REQUIRE(image && after);
	vic_ioapic_save(w->ioapic, image);
	change(&w->input, image, size);
	given = cut(&w->input, size);
	image = resized(image, size, given);
	err = vic_ioapic_restore(w->ioapic, image, given, &what);
	if (!refusal(err, what)) {
		vic_ioapic_save(w->ioapic, after);
		REQUIRE(!memcmp(image, after, size));
		chip_follow_ioapic(w);
	}
	free(image);
	free(after);
	chip_check_all(w);
}

void chip_hostile_pic(struct chip_world *w)
{
	size_t size = VIC_PIC_IMAGE_SIZE, given;
	uint8_t *image = malloc(size), after[VIC_PIC_IMAGE_SIZE];
	const char *what = "";
	int err;

	REQUIRE(image);
	vic_pic_save(w->pic, image);
	change(&w->input, image, size);
	given = cut(&w->input, size);
	image = resized(image, size, given);
	err = vic_pic_restore(w->pic, image, given, &what);
	if (!refusal(err, what)) {
		vic_pic_save(w->pic, after);
		REQUIRE(!memcmp(image, after, size));
		chip_follow_pic(w);
	}
	free(image);
	chip_check_all(w);
}
