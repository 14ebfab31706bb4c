/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Kernels with a header of the Multiboot Specification 0.6.96. */
#include <string.h>

#include "boot.h"
#include "load_parts.h"

/* 3.1: where the header has to be, and its fields. */
#define SEARCH 8192u
#define HEADER_MAGIC 0x1badb002u
/* Bits 0 to 15: who does not know one must refuse. */
#define HEADER_PAGE_ALIGN (1u << 0)
#define HEADER_MEMORY (1u << 1)
#define HEADER_REQUIRED 0xffffu
#define HEADER_ADDRESSES (1u << 16)
#define HEADER_LEAST_SIZE 12u

struct multiboot_header {
	uint32_t magic;
	uint32_t flags;
	uint32_t checksum;
	uint32_t header_addr;
	uint32_t load_addr;
	uint32_t load_end_addr;
	uint32_t bss_end_addr;
	uint32_t entry_addr;
};

/* 3.2, 3.3: what the kernel finds in EAX, and where EBX points. */
#define STARTED_MAGIC 0x2badb002u
#define INFO_MEMORY (1u << 0)
#define INFO_CMDLINE (1u << 2)
#define INFO_MODULES (1u << 3)
#define INFO_MAP (1u << 6)
#define INFO_LOADER_NAME (1u << 9)

struct multiboot_info {
	uint32_t flags;
	uint32_t mem_lower;
	uint32_t mem_upper;
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count;
	uint32_t mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length;
	uint32_t mmap_addr;
	uint32_t drives_length;
	uint32_t drives_addr;
	uint32_t config_table;
	uint32_t boot_loader_name;
};

struct multiboot_module {
	uint32_t start;
	uint32_t end;
	uint32_t string;
	uint32_t reserved;
};

/* The 64-bit fields are not aligned; this is the layout without them. */
struct multiboot_region {
	/* Of what follows. */
	uint32_t size;
	uint32_t base[2];
	uint32_t length[2];
	uint32_t type;
};

bool load_find_multiboot(const struct load_file *file, size_t *where)
{
	size_t end = file->size < SEARCH ? file->size : SEARCH;
	uint32_t words[3];

	for (size_t at = 0; at + HEADER_LEAST_SIZE <= end; at += 4) {
		memcpy(words, file->bytes + at, sizeof(words));
		if (words[0] == HEADER_MAGIC &&
		    words[0] + words[1] + words[2] == 0) {
			*where = at;
			return true;
		}
	}
	return false;
}

/* The addresses in the header say what goes where. */
static bool place_by_header(struct load *load, size_t at,
			    const struct multiboot_header *header)
{
	const struct load_file *file = &load->request->kernel;
	uint32_t before = header->header_addr - header->load_addr;
	uint32_t load_end = header->load_end_addr;
	uint64_t room;

	if (header->header_addr < header->load_addr || before > at)
		return load_refuse(load,
				   "its Multiboot header says that the "
				   "image begins before the file; correct "
				   "header_addr or load_addr");
	uint64_t size = file->size - (at - before);

	/* 0: all of the file. */
	if (load_end && (load_end < header->load_addr ||
			 load_end - header->load_addr > size))
		return load_refuse(load,
				   "its Multiboot header says that the "
				   "image ends behind the file; the file is "
				   "cut short, or load_end_addr is wrong");
	if (load_end)
		size = load_end - header->load_addr;
	room = size;
	if (header->bss_end_addr > header->load_addr + size)
		room = header->bss_end_addr - header->load_addr;
	if (header->entry_addr < header->load_addr ||
	    header->entry_addr - header->load_addr >= size)
		return load_refuse(load,
				   "the entry_addr 0x%x of its "
				   "Multiboot header is outside of the image; "
				   "correct it",
				   header->entry_addr);
	load->result->start.entry = header->entry_addr;
	return load_place(load, file->bytes + at - before, size,
			  header->load_addr, room, BOOT_INFO_END);
}

static bool
place_kernel(struct load *load, size_t at, struct multiboot_header *header)
{
	const struct load_file *file = &load->request->kernel;
	uint32_t unknown;

	*header = (struct multiboot_header){0};
	memcpy(header, file->bytes + at, HEADER_LEAST_SIZE);
	unknown = header->flags & HEADER_REQUIRED &
		  ~(HEADER_PAGE_ALIGN | HEADER_MEMORY);
	if (unknown)
		return load_refuse(load,
				   "its Multiboot header asks for 0x%x "
				   "(bit 2 is a video mode), which vic-kvm "
				   "has not; clear these flags",
				   unknown);
	if (!(header->flags & HEADER_ADDRESSES)) {
		if (load_is_elf(file))
			return load_segments(load, BOOT_INFO_END, true);
		return load_refuse(load,
				   "its Multiboot header is in no ELF "
				   "executable and has no addresses; set bit "
				   "16 of its flags and give them");
	}
	if (file->size - at < sizeof(*header))
		return load_refuse(load, "its Multiboot header is cut short");
	memcpy(header, file->bytes + at, sizeof(*header));
	return place_by_header(load, at, header);
}

/* @size bytes of what the kernel is told; NULL if there is no room. */
static unsigned char *
take(struct load *load, uint32_t *free, size_t size, uint32_t *where)
{
	if (size > BOOT_INFO_END - *free) {
		load_refuse(load, "--append and the names of the modules are "
				  "too long together; shorten them");
		return NULL;
	}
	*where = *free;
	*free += ((uint32_t)size + 3u) & ~3u;
	return load->request->memory + *where;
}

static bool put(struct load *load, uint32_t *free, const void *data,
		size_t size, uint32_t *where)
{
	unsigned char *to = take(load, free, size, where);

	if (to)
		memcpy(to, data, size);
	return to;
}

/* The kernel's name, a space, --append. */
static bool put_cmdline(struct load *load, uint32_t *free, uint32_t *where)
{
	const struct load_request *request = load->request;
	size_t name = strlen(request->kernel.name);
	size_t append = strlen(request->append);
	unsigned char *to = take(load, free, name + append + 2, where);

	if (!to)
		return false;
	memcpy(to, request->kernel.name, name);
	to[name] = append ? ' ' : 0;
	memcpy(to + name + 1, request->append, append + 1);
	return true;
}

static bool put_module(struct load *load, uint32_t *free,
		       const struct load_file *file,
		       struct multiboot_module *module)
{
	uint64_t start = (load->end + 0xfff) & ~(uint64_t)0xfff;

	if (!load_place(load, file->bytes, file->size, start, file->size,
			BOOT_INFO_END))
		return false;
	module->start = (uint32_t)start;
	module->end = (uint32_t)(start + file->size);
	return put(load, free, file->name, strlen(file->name) + 1,
		   &module->string);
}

static bool
put_modules(struct load *load, uint32_t *free, struct multiboot_info *info)
{
	const struct load_request *request = load->request;
	struct multiboot_module modules[LOAD_MAX_MODULES] = {0};
	uint32_t count = 0;

	if (request->initrd &&
	    !put_module(load, free, request->initrd, &modules[count++]))
		return false;
	for (uint32_t i = 0; i < request->nr_modules; i++) {
		if (count == LOAD_MAX_MODULES)
			return load_refuse(load,
					   "there are more than %d "
					   "modules; drop some",
					   LOAD_MAX_MODULES);
		if (!put_module(load, free, &request->modules[i],
				&modules[count++]))
			return false;
	}
	info->mods_count = count;
	return put(load, free, modules, count * sizeof(modules[0]),
		   &info->mods_addr);
}

static bool
put_map(struct load *load, uint32_t *free, struct multiboot_info *info)
{
	struct load_region regions[LOAD_REGIONS];
	struct multiboot_region map[LOAD_REGIONS];

	load_map(load, regions);
	for (uint32_t i = 0; i < LOAD_REGIONS; i++) {
		map[i].size = sizeof(map[i]) - sizeof(map[i].size);
		memcpy(map[i].base, &regions[i].base, sizeof(map[i].base));
		memcpy(map[i].length, &regions[i].size, sizeof(map[i].length));
		map[i].type = regions[i].type;
	}
	info->mmap_length = sizeof(map);
	return put(load, free, map, sizeof(map), &info->mmap_addr);
}

bool load_multiboot(struct load *load, size_t at)
{
	static const char name[] = "vic-kvm";
	struct multiboot_header header;
	struct multiboot_info info = {
		.flags = INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MAP |
			 INFO_LOADER_NAME,
		.mem_lower = BOOT_LOW_END >> 10,
		.mem_upper =
			(uint32_t)((load->request->memory_size - BOOT_HIGH) >>
				   10),
	};
	uint32_t free = BOOT_INFO + sizeof(info);

	if (!place_kernel(load, at, &header) || !put_map(load, &free, &info) ||
	    !put_modules(load, &free, &info) ||
	    !put_cmdline(load, &free, &info.cmdline) ||
	    !put(load, &free, name, sizeof(name), &info.boot_loader_name))
		return false;
	memcpy(load->request->memory + BOOT_INFO, &info, sizeof(info));
	load->result->start.firmware_apic = true;
	load->result->start.code = BOOT_CS;
	load->result->start.data = BOOT_DS;
	load->result->start.rax = STARTED_MAGIC;
	load->result->start.rbx = BOOT_INFO;
	return true;
}
