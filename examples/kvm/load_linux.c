/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Linux kernels by the 64-bit boot protocol: the kernel's Documentation/
 * arch/x86/boot.rst, which names the fields, and zero-page.rst.
 */
#include <asm/bootparam.h>
#include <stddef.h>
#include <string.h>

#include "boot.h"
#include "load_parts.h"

#define HEADER_AT offsetof(struct boot_params, hdr)
#define HEADER_MAGIC 0x53726448u
/* The first one that has xloadflags. */
#define PROTOCOL 0x020cu
#define SECTOR 512u
/* From the load address to the 64-bit entry point. */
#define ENTRY_64 0x200u
/* A loader without a number of its own. */
#define LOADER_UNDEFINED 0xff
/* COMMAND_LINE_SIZE of all kernels for x86, without its 0. */
#define VMLINUX_CMDLINE 2047
/* 64-bit code: entry 2 of the GDT; data: entry 3. */
#define BOOT_CS_LINUX 0x10u
#define BOOT_DS_LINUX 0x18u

static uint32_t magic_of(const struct load_file *file)
{
	uint32_t magic;

	memcpy(&magic, file->bytes + offsetof(struct boot_params, hdr.header),
	       sizeof(magic));
	return magic;
}

bool load_is_linux(const struct load_file *file)
{
	return file->size >= sizeof(struct boot_params) &&
	       file->bytes[SECTOR - 2] == 0x55 &&
	       file->bytes[SECTOR - 1] == 0xaa &&
	       magic_of(file) == HEADER_MAGIC;
}

/* Copy the setup header of the file; the rest is zero. */
static bool read_setup(struct load *load, struct boot_params *params)
{
	const unsigned char *bytes = load->request->kernel.bytes;
	size_t end = SECTOR + 2 + bytes[SECTOR + 1];

	if (end > HEADER_AT + sizeof(params->hdr))
		end = HEADER_AT + sizeof(params->hdr);
	memcpy(&params->hdr, bytes + HEADER_AT, end - HEADER_AT);
	/* The loader's to write. */
	params->hdr.ext_loader_ver = 0;
	params->hdr.ext_loader_type = 0;
	params->hdr.ramdisk_image = 0;
	params->hdr.ramdisk_size = 0;
	params->hdr.setup_data = 0;
	if (params->hdr.version < PROTOCOL ||
	    !(params->hdr.loadflags & LOADED_HIGH) ||
	    !(params->hdr.xloadflags & XLF_KERNEL_64))
		return load_refuse(load,
				   "a Linux kernel that cannot be "
				   "entered in 64-bit mode; give the bzImage "
				   "of a 64-bit kernel of version 3.8 or "
				   "later");
	return true;
}

/* An address where it may run and where there is room for it. */
static bool choose_address(struct load *load, const struct setup_header *setup,
			   uint64_t room, uint64_t *address)
{
	uint64_t memory = load->request->memory_size;
	uint64_t align = setup->kernel_alignment;

	*address = setup->pref_address;
	if (*address >= BOOT_HIGH && *address <= memory &&
	    room <= memory - *address)
		return true;
	if (setup->relocatable_kernel && align && !(align & (align - 1))) {
		*address = (BOOT_HIGH + align - 1) & ~(align - 1);
		if (*address <= memory && room <= memory - *address)
			return true;
	}
	return load_refuse(load,
			   "this Linux kernel needs %llu MiB of memory "
			   "at 0x%llx to start; raise --mem",
			   (unsigned long long)((room + 0xfffff) >> 20),
			   (unsigned long long)*address);
}

static bool place_linux(struct load *load, const struct setup_header *setup)
{
	const struct load_file *file = &load->request->kernel;
	uint64_t sectors = setup->setup_sects ? setup->setup_sects : 4u;
	uint64_t at = (sectors + 1) * SECTOR;
	uint64_t size = (uint64_t)setup->syssize * 16;
	uint64_t room, address;

	/* The size is rounded up, or signatures follow. */
	if (at <= file->size && size > file->size - at &&
	    size - (file->size - at) < 16)
		size = file->size - at;
	if (at > file->size || size > file->size - at || size <= ENTRY_64)
		return load_refuse(load, "this Linux kernel is cut short or "
					 "damaged");
	room = setup->init_size > size ? setup->init_size : size;
	if (!choose_address(load, setup, room, &address) ||
	    !load_place(load, file->bytes + at, size, address, room, BOOT_HIGH))
		return false;
	load->result->start.entry = address + ENTRY_64;
	return true;
}

static bool put_cmdline(struct load *load, struct setup_header *setup)
{
	size_t length = strlen(load->request->append);
	size_t most = BOOT_INFO_END - BOOT_INFO - 1;

	if (setup->cmdline_size < most)
		most = setup->cmdline_size;
	if (length > most)
		return load_refuse(load,
				   "--append is longer than the %zu "
				   "bytes that this Linux kernel takes; "
				   "shorten it",
				   most);
	memcpy(load->request->memory + BOOT_INFO, load->request->append,
	       length + 1);
	setup->cmd_line_ptr = BOOT_INFO;
	return true;
}

/* As high as it may be, for the kernel needs room to unpack. */
static bool put_initrd(struct load *load, struct setup_header *setup)
{
	const struct load_file *file = load->request->initrd;
	uint64_t end = load->request->memory_size;

	if (!file)
		return true;
	if (end > (uint64_t)setup->initrd_addr_max + 1)
		end = (uint64_t)setup->initrd_addr_max + 1;
	if (file->size > end ||
	    ((end - file->size) & ~(uint64_t)0xfff) < load->end)
		return load_refuse(load,
				   "the initrd of %zu bytes has no room "
				   "behind the Linux kernel; raise --mem",
				   file->size);
	setup->ramdisk_image = (uint32_t)((end - file->size) & ~0xfffull);
	setup->ramdisk_size = (uint32_t)file->size;
	return load_place(load, file->bytes, file->size, setup->ramdisk_image,
			  file->size, BOOT_HIGH);
}

static void put_map(const struct load *load, struct boot_params *params)
{
	struct load_region regions[LOAD_REGIONS];

	load_map(load, regions);
	for (uint32_t i = 0; i < LOAD_REGIONS; i++) {
		params->e820_table[i].addr = regions[i].base;
		params->e820_table[i].size = regions[i].size;
		params->e820_table[i].type = regions[i].type;
	}
	params->e820_entries = LOAD_REGIONS;
}

/* What both kinds of file are given, once the kernel has its place. */
static bool start(struct load *load, struct boot_params *params)
{
	const struct load_request *request = load->request;
	struct load_start *start = &load->result->start;

	if (request->nr_modules)
		return load_refuse(load, "a Linux kernel takes no --module; "
					 "put what it needs into --initrd");
	if (!put_cmdline(load, &params->hdr) || !put_initrd(load, &params->hdr))
		return false;
	params->hdr.type_of_loader = LOADER_UNDEFINED;
	params->acpi_rsdp_addr = request->rsdp;
	put_map(load, params);
	memcpy(request->memory + BOOT_PAGE, params, sizeof(*params));
	start->long_mode = true;
	start->firmware_apic = true;
	start->code = BOOT_CS_LINUX;
	start->data = BOOT_DS_LINUX;
	start->rsi = BOOT_PAGE;
	return true;
}

bool load_linux(struct load *load)
{
	struct boot_params params = {0};

	return read_setup(load, &params) && place_linux(load, &params.hdr) &&
	       start(load, &params);
}

bool load_is_vmlinux(const struct load_file *file)
{
	return load_elf64_has_note(file, "Linux");
}

/* The setup header is in the bzImage alone; this is what matters of it. */
bool load_vmlinux(struct load *load)
{
	struct boot_params params = {
		.hdr = {.boot_flag = 0xaa55,
			.header = HEADER_MAGIC,
			.version = PROTOCOL,
			.loadflags = LOADED_HIGH,
			.initrd_addr_max = INT32_MAX,
			.cmdline_size = VMLINUX_CMDLINE},
	};

	return load_segments(load, BOOT_HIGH, false) && start(load, &params);
}
