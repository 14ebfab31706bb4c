/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What kind of kernel a file is, and what all kinds need. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "boot.h"
#include "load_parts.h"

bool load_refuse(struct load *load, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(load->result->why, sizeof(load->result->why), format,
		  arguments);
	va_end(arguments);
	return false;
}

bool load_place(struct load *load, const unsigned char *bytes, uint64_t size,
		uint64_t address, uint64_t room, uint32_t least)
{
	uint64_t memory = load->request->memory_size;
	bool low = address >= least && address < BOOT_LOW_END &&
		   room <= BOOT_LOW_END - address;
	bool high = address >= BOOT_HIGH && address <= memory &&
		    room <= memory - address;

	if (!low && !high)
		return load_refuse(load,
				   "it needs 0x%llx bytes at 0x%llx, but free "
				   "are 0x%x to 0x%x and 0x%x to 0x%llx; link "
				   "it elsewhere or raise --mem",
				   (unsigned long long)room,
				   (unsigned long long)address, least,
				   BOOT_LOW_END, BOOT_HIGH,
				   (unsigned long long)memory);
	if (size)
		memcpy(load->request->memory + address, bytes, size);
	if (high && address + room > load->end)
		load->end = address + room;
	return true;
}

void load_map(const struct load *load, struct load_region *regions)
{
	uint64_t memory = load->request->memory_size;

	regions[0] = (struct load_region){0, BOOT_LOW_END, LOAD_RAM};
	regions[1] = (struct load_region){BOOT_BIOS, BOOT_HIGH - BOOT_BIOS,
					  LOAD_RESERVED};
	regions[2] =
		(struct load_region){BOOT_HIGH, memory - BOOT_HIGH, LOAD_RAM};
}

bool load_kernel(const struct load_request *request, struct load_result *result)
{
	struct load load = {
		.request = request, .result = result, .end = BOOT_HIGH};
	size_t header;

	*result = (struct load_result){0};
	if (request->memory_size < LOAD_LEAST_MEMORY)
		return load_refuse(&load,
				   "the guest has less than %u MiB of "
				   "memory; raise --mem",
				   LOAD_LEAST_MEMORY >> 20);
	if (load_is_linux(&request->kernel))
		return load_linux(&load);
	if (load_find_multiboot(&request->kernel, &header))
		return load_multiboot(&load, header);
	if (load_is_vmlinux(&request->kernel))
		return load_vmlinux(&load);
	if (load_is_elf(&request->kernel))
		return load_own(&load);
	return load_refuse(&load,
			   "neither an ELF executable, nor a Multiboot "
			   "kernel, nor a Linux bzImage; give the file that "
			   "a boot loader would load, not compressed");
}
