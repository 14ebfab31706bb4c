/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What the files load*.c share. */
#ifndef VIC_KVM_LOAD_PARTS_H
#define VIC_KVM_LOAD_PARTS_H

#include "load.h"

struct load {
	const struct load_request *request;
	struct load_result *result;
	/* From here on, memory above BOOT_HIGH is free. */
	uint64_t end;
};

/* The map of the guest's memory; types as ACPI's 15.2 has them. */
#define LOAD_REGIONS 3
#define LOAD_RAM 1u
#define LOAD_RESERVED 2u

struct load_region {
	uint64_t base;
	uint64_t size;
	uint32_t type;
};

/* Write the sentence; always false. */
bool load_refuse(struct load *load, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Copy @size bytes to @address, for what fills @room bytes there. Refused
 * if that is no free memory; @least is the first address that is free.
 */
bool load_place(struct load *load, const unsigned char *bytes, uint64_t size,
		uint64_t address, uint64_t room, uint32_t least);

void load_map(const struct load *load, struct load_region *regions);

/* load_elf.c: the header of the file is an ELF executable's. */
bool load_is_elf(const struct load_file *file);
/*
 * Place the segments of an ELF32 or ELF64 executable, from @least on.
 * @physical: an entry point inside a segment's virtual addresses is
 * translated to where the segment was loaded.
 */
bool load_segments(struct load *load, uint32_t least, bool physical);
/* The file is an ELF64 executable with a note of @owner. */
bool load_elf64_has_note(const struct load_file *file, const char *owner);
/* An executable with vic-kvm's own protocol. */
bool load_own(struct load *load);

/* load_multiboot.c: true if there is a header, and where. */
bool load_find_multiboot(const struct load_file *file, size_t *where);
bool load_multiboot(struct load *load, size_t header);

/* load_linux.c: the file is a bzImage. */
bool load_is_linux(const struct load_file *file);
bool load_linux(struct load *load);
/* It is what a bzImage unpacks. */
bool load_is_vmlinux(const struct load_file *file);
bool load_vmlinux(struct load *load);

#endif
