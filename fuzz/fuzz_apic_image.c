/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Images that nobody saved: a saved one with changes. An image is refused
 * and nothing has changed, or the APIC is as sound as any other then and
 * has that image. What follows is a guest's life with it.
 */
#include "apic_world.h"

#include <string.h>

/* Offsets in an image: docs/images.md. */
#define IMAGE_PAGE 16
#define IMAGE_CCR (IMAGE_PAGE + VIC_APIC_TIMER_CCR)
#define IMAGE_TSC_DEADLINE 1096

/* Registers and what is behind the page; what is between them is 0. */
static uint32_t pick_offset(struct input *input)
{
	uint32_t pick = input_u8(input);

	if (pick < 64)
		return IMAGE_PAGE + pick * 16 + input_u8(input) % 4;
	if (pick < 160)
		return IMAGE_PAGE + 1024 + (pick - 64) % 64;
	return input_u16(input) % VIC_LAPIC_IMAGE_SIZE;
}

static void change(struct input *input, uint8_t *image)
{
	uint32_t changes = input_below(input, 16);

	while (changes--) {
		uint32_t at = pick_offset(input), how = input_below(input, 4);
		uint8_t value = input_u8(input);

		if (how == 0)
			image[at] = value;
		else if (how == 1)
			image[at] ^= 1u << (value & 7);
		else if (how == 2)
			image[at] = (uint8_t)(image[at] + value);
		else
			image[at] ^= value;
	}
}

static uint64_t get64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* CCR in an image is told, not asked; and what is due has expired since. */
static void check_same(struct apic_cpu *c, const uint8_t *image)
{
	uint64_t deadline = get64(image + IMAGE_TSC_DEADLINE);
	uint8_t again[VIC_LAPIC_IMAGE_SIZE];

	if (deadline && c->world->ops.now &&
	    deadline <= c->world->clock[VIC_CLOCK_TSC])
		return;
	c->world->nows = 0;
	apic_image(c, again);
	memcpy(again + IMAGE_CCR, image + IMAGE_CCR, 4);
	REQUIRE(!memcmp(image, again, sizeof(again)));
}

static void hostile(struct apic_world *w, struct apic_cpu *c)
{
	uint8_t *image = malloc(VIC_LAPIC_IMAGE_SIZE);
	size_t size = VIC_LAPIC_IMAGE_SIZE;
	uint32_t drift = w->drift;
	const char *what = NULL;
	int err;

	REQUIRE(image);
	apic_come_home(c);
	/* Time stands still between the two images. */
	w->drift = 0;
	vic_lapic_save(c->lapic, image);
	apic_asked(c);
	change(&w->input, image);
	if (input_u8(&w->input) >= 0xf8)
		size = input_u8(&w->input);
	/* Exactly as large as it says, so that an over-read is seen. */
	image = realloc(image, size ? size : 1);
	REQUIRE(image);
	apic_copy_take(w, &w->before);
	err = vic_lapic_restore(c->lapic, image, size, &what);
	REQUIRE(!what == !err);
	if (err) {
		REQUIRE(err == VIC_ERR_IMAGE || err == VIC_ERR_IMAGE_CONFIG ||
			err == VIC_ERR_IMAGE_STATE);
		REQUIRE(apic_copy_equal(w, &w->before));
	} else {
		apic_asked(c);
		apic_check_restored(c, image);
		check_same(c, image);
	}
	w->drift = drift;
	free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const apic_step steps[] = {
		hostile,         hostile,          hostile,
		hostile,         hostile,          apic_mmio_write,
		apic_msr_write,  apic_base_write,  apic_deadline_write,
		apic_lvt_write,  apic_svr_write,   apic_timer_write,
		apic_icr_write,  apic_eoi,         apic_cr8,
		apic_post,       apic_request,     apic_time,
		apic_host_timer, apic_scan,        apic_take,
		apic_inta,       apic_ack_request, apic_in_place,
		apic_keep,       apic_back,
	};
	struct apic_world w;

	apic_world_init(&w, data, size, 1, 0, NULL);
	apic_world_run(&w, steps, sizeof(steps) / sizeof(steps[0]));
	apic_world_free(&w);
	return 0;
}
