/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The state of an IOAPIC as bytes: docs/images.md. */
#include "apic/image.h"
#include "apic/ioapic_priv.h"

#define VERSION 1

/* Offsets in the image. */
enum {
	AT_FLAGS = IMAGE_BODY,
	AT_PINS = 20,
	AT_CHIP = 24,
	AT_RESET_ID = 28,
	AT_WRITABLE = 32,
	AT_ID = 40,
	AT_SELECT = 44,
	AT_ENTRIES = 48,
	ENTRY_SIZE = 16,
};

static const char magic[8] = {'v', 'i', 'c', 'I', 'O', 'A', 'P', 'C'};

size_t vic_ioapic_image_size(const struct vic_ioapic *ioapic)
{
	return AT_ENTRIES + (size_t)ioapic->nr * ENTRY_SIZE;
}

void vic_ioapic_save(struct vic_ioapic *ioapic, void *image)
{
	unsigned char *bytes = image;

	image_begin(bytes, magic, VERSION, vic_ioapic_image_size(ioapic));
	put32(bytes, AT_FLAGS, ioapic->flags);
	put32(bytes, AT_PINS, ioapic->nr);
	put32(bytes, AT_CHIP, ioapic->version);
	put32(bytes, AT_RESET_ID, ioapic->reset_id);
	put64(bytes, AT_WRITABLE, ioapic->writable);
	put32(bytes, AT_ID, ioapic->id);
	put32(bytes, AT_SELECT, ioapic->select);
	for (uint32_t i = 0; i < ioapic->nr; i++) {
		size_t at = AT_ENTRIES + (size_t)i * ENTRY_SIZE;

		put64(bytes, at, ioapic->pins[i].entry);
		put64(bytes, at + 8, ioapic->pins[i].sources);
	}
}

static bool entry_possible(const struct vic_ioapic *ioapic, uint64_t entry)
{
	uint64_t bits = ioapic->writable;

	if (entry_is_level(entry))
		bits |= VIC_RTE_REMOTE_IRR;
	return !(entry & ~bits);
}

int ioapic_image_check(const struct vic_ioapic *ioapic, const void *image,
		       size_t size, const char **what)
{
	const unsigned char *bytes = image;

	*what = image_head(bytes, size, magic, VERSION,
			   vic_ioapic_image_size(ioapic));
	if (*what)
		return VIC_ERR_IMAGE;
	if (!image_check(what, get32(bytes, AT_FLAGS) == ioapic->flags,
			 "vic_ioapic_config.flags") ||
	    !image_check(what, get32(bytes, AT_PINS) == ioapic->nr,
			 "vic_ioapic_config.pins") ||
	    !image_check(what, get32(bytes, AT_CHIP) == ioapic->version,
			 "vic_ioapic_config.version") ||
	    !image_check(what, get32(bytes, AT_RESET_ID) == ioapic->reset_id,
			 "vic_ioapic_config.id") ||
	    !image_check(what, get64(bytes, AT_WRITABLE) == ioapic->writable,
			 "vic_apic_bus_config.msi_format"))
		return VIC_ERR_IMAGE_CONFIG;
	image_check(what, get32(bytes, AT_ID) <= 15, "ID");
	image_check(what,
		    !(get32(bytes, AT_SELECT) & ~ioapic_select_bits(ioapic)),
		    "IOREGSEL");
	for (uint32_t i = 0; i < ioapic->nr; i++)
		image_check(what,
			    entry_possible(
				    ioapic,
				    get64(bytes,
					  AT_ENTRIES + (size_t)i * ENTRY_SIZE)),
			    "redirection table entry");
	return *what ? VIC_ERR_IMAGE_STATE : VIC_OK;
}

int vic_ioapic_restore(struct vic_ioapic *ioapic, const void *image,
		       size_t size, const char **what)
{
	const unsigned char *bytes = image;
	const char *wrong;
	int err = ioapic_image_check(ioapic, image, size, &wrong);

	if (what)
		*what = wrong;
	if (err)
		return err;
	ioapic->id = get32(bytes, AT_ID);
	ioapic->select = get32(bytes, AT_SELECT);
	for (uint32_t i = 0; i < ioapic->nr; i++) {
		size_t at = AT_ENTRIES + (size_t)i * ENTRY_SIZE;
		uint64_t entry = get64(bytes, at);

		ioapic->pins[i].entry = entry;
		ioapic->pins[i].sources = get64(bytes, at + 8);
		pin_remote_irr(ioapic, i, entry & VIC_RTE_REMOTE_IRR);
		/* What was not accepted waits; see waits() in ioapic.c. */
		ioapic->pins[i].attempts = 1;
		ioapic->pins[i].refused = !(entry & VIC_RTE_REMOTE_IRR);
		ioapic_choose_way(ioapic, &ioapic->pins[i]);
	}
	/* What nobody accepted then still waits. */
	if (ioapic->bus)
		fetch_or(&ioapic->bus->waiting, 1);
	return VIC_OK;
}
