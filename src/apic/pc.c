/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* State and reset of all interrupt controllers of a VM: docs/images.md. */
#include <vic/pc.h>

#include "apic/image.h"
#include "apic/lapic_priv.h"
#include "apic/pic_priv.h"

#define VERSION 1

/* Offsets in the image; the parts follow, as they are without it. */
enum {
	AT_LAPICS = IMAGE_BODY,
	AT_IOAPICS = 20,
	AT_PICS = 24,
	AT_ZERO = 28,
	AT_PARTS = 32,
};

static const char magic[8] = {'v', 'i', 'c', 'P', 'C', 0, 0, 0};

static int pc_check(const struct vic_pc *pc)
{
	if (!pc)
		return VIC_ERR_INVAL;
	if (!abi_known(pc, pc->size, sizeof(*pc), sizeof(*pc)) || pc->flags)
		return VIC_ERR_ABI;
	if (!pc->nr_lapics || pc->nr_lapics > VIC_BUS_MAX_VCPUS ||
	    pc->nr_ioapics > VIC_PC_MAX_IOAPICS || !pc->lapics ||
	    (pc->nr_ioapics && !pc->ioapics) || !pc->counters)
		return VIC_ERR_INVAL;
	for (uint32_t i = 0; i < pc->nr_lapics; i++)
		if (!pc->lapics[i])
			return VIC_ERR_INVAL;
	for (uint32_t i = 0; i < pc->nr_ioapics; i++)
		if (!pc->ioapics[i])
			return VIC_ERR_INVAL;
	return VIC_OK;
}

/* Local APICs, IOAPICs, the PIC: so many. */
static uint32_t nr_parts(const struct vic_pc *pc)
{
	return pc->nr_lapics + pc->nr_ioapics + (pc->pic != NULL);
}

static struct vic_ioapic *ioapic_at(const struct vic_pc *pc, uint32_t part)
{
	return pc->ioapics[part - pc->nr_lapics];
}

static size_t part_size(const struct vic_pc *pc, uint32_t part)
{
	if (part < pc->nr_lapics)
		return VIC_LAPIC_IMAGE_SIZE;
	if (part < pc->nr_lapics + pc->nr_ioapics)
		return vic_ioapic_image_size(ioapic_at(pc, part));
	return VIC_PIC_IMAGE_SIZE;
}

size_t vic_pc_image_size(const struct vic_pc *pc)
{
	size_t size = AT_PARTS;

	if (pc_check(pc))
		return 0;
	for (uint32_t i = 0; i < nr_parts(pc); i++)
		size += part_size(pc, i);
	return size;
}

static void save_part(const struct vic_pc *pc, uint32_t part, void *image)
{
	if (part < pc->nr_lapics)
		vic_lapic_save(pc->lapics[part], image);
	else if (part < pc->nr_lapics + pc->nr_ioapics)
		vic_ioapic_save(ioapic_at(pc, part), image);
	else
		vic_pic_save(pc->pic, image);
}

int vic_pc_save(const struct vic_pc *pc, void *image, size_t size)
{
	int err = pc_check(pc);
	unsigned char *bytes = image;

	if (err)
		return err;
	if (!bytes || size < vic_pc_image_size(pc))
		return VIC_ERR_STORAGE;
	image_begin(bytes, magic, VERSION, vic_pc_image_size(pc));
	put32(bytes, AT_LAPICS, pc->nr_lapics);
	put32(bytes, AT_IOAPICS, pc->nr_ioapics);
	put32(bytes, AT_PICS, pc->pic != NULL);
	bytes += AT_PARTS;
	for (uint32_t i = 0; i < nr_parts(pc); i++) {
		save_part(pc, i, bytes);
		bytes += part_size(pc, i);
	}
	return VIC_OK;
}

static int check_part(const struct vic_pc *pc, uint32_t part,
		      const unsigned char *image, const char **what)
{
	size_t size = part_size(pc, part);

	if (part < pc->nr_lapics)
		return lapic_image_check(pc->lapics[part], image, size, what);
	if (part < pc->nr_lapics + pc->nr_ioapics)
		return ioapic_image_check(ioapic_at(pc, part), image, size,
					  what);
	return pic_image_check(pc->pic, image, size, what);
}

/* Which parts the image has; *what is set if they are not those of @pc. */
static bool check_config(const struct vic_pc *pc, const unsigned char *bytes,
			 const char **what)
{
	image_check(what, get32(bytes, AT_LAPICS) == pc->nr_lapics,
		    "vic_pc.nr_lapics");
	image_check(what, get32(bytes, AT_IOAPICS) == pc->nr_ioapics,
		    "vic_pc.nr_ioapics");
	image_check(what, get32(bytes, AT_PICS) == (pc->pic != NULL),
		    "vic_pc.pic");
	return !*what;
}

/* *part is where it is wrong. */
static int check_all(const struct vic_pc *pc, const unsigned char *bytes,
		     size_t size, const char **what, uint32_t *part)
{
	int err = VIC_OK;

	*part = nr_parts(pc);
	/* The size follows from the parts, so they come first. */
	*what = image_head(bytes, size, magic, VERSION,
			   bytes && size >= AT_PARTS ? get32(bytes, IMAGE_SIZE)
						     : AT_PARTS);
	if (*what)
		return VIC_ERR_IMAGE;
	if (!check_config(pc, bytes, what))
		return VIC_ERR_IMAGE_CONFIG;
	*what = image_head(bytes, size, magic, VERSION, vic_pc_image_size(pc));
	if (!*what && get32(bytes, AT_ZERO))
		*what = "reserved bytes";
	if (*what)
		return VIC_ERR_IMAGE;
	bytes += AT_PARTS;
	for (uint32_t i = 0; i < nr_parts(pc) && !err; i++) {
		err = check_part(pc, i, bytes, what);
		bytes += part_size(pc, i);
		*part = i;
	}
	return err;
}

/* It was checked. */
static int
restore_part(const struct vic_pc *pc, uint32_t part, const unsigned char *image)
{
	size_t size = part_size(pc, part);

	if (part < pc->nr_lapics)
		return vic_lapic_restore(pc->lapics[part], image, size, NULL);
	if (part < pc->nr_lapics + pc->nr_ioapics)
		return vic_ioapic_restore(ioapic_at(pc, part), image, size,
					  NULL);
	return vic_pic_restore(pc->pic, image, size, NULL);
}

int vic_pc_restore(const struct vic_pc *pc, const void *image, size_t size,
		   const char **what, uint32_t *part)
{
	const unsigned char *bytes = image;
	const char *wrong = NULL;
	uint32_t where = 0;
	int err = pc_check(pc);

	if (!err)
		err = check_all(pc, bytes, size, &wrong, &where);
	if (what)
		*what = wrong;
	if (part)
		*part = where;
	if (err)
		return err;
	bytes += AT_PARTS;
	for (uint32_t i = 0; i < nr_parts(pc) && !err; i++) {
		err = restore_part(pc, i, bytes);
		bytes += part_size(pc, i);
	}
	return err;
}

int vic_pc_reset(const struct vic_pc *pc, enum vic_pc_reset kind)
{
	int err = pc_check(pc);

	if (err)
		return err;
	if (kind != VIC_PC_POWER_UP && kind != VIC_PC_INIT)
		return VIC_ERR_INVAL;
	/* First who listens to the PIC. */
	for (uint32_t i = 0; kind == VIC_PC_POWER_UP && i < pc->nr_ioapics; i++)
		vic_ioapic_reset(pc->ioapics[i]);
	if (kind == VIC_PC_POWER_UP && pc->pic)
		vic_pic_reset(pc->pic, pc->counters);
	for (uint32_t i = 0; i < pc->nr_lapics; i++) {
		struct vic_lapic *lapic = pc->lapics[i];

		if (kind == VIC_PC_POWER_UP)
			vic_lapic_reset(lapic);
		else
			inbox_request(lapic->vcpu, pc->counters,
				      VIC_REQUEST_INIT, 0);
	}
	return VIC_OK;
}
