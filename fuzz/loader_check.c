/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "loader_check.h"

#include <elf.h>
#include <string.h>

#include "../examples/kvm/boot.h"
#include "input.h"

#define MULTIBOOT_MAGIC 0x1badb002u
#define MULTIBOOT_SEARCH 8192u
#define MULTIBOOT_ADDRESSES (1u << 16)
#define LINUX_MAGIC 0x53726448u

/* Guest memory that somebody has; nobody else may have it. */
struct claim {
	uint64_t start, end;
};

struct claims {
	struct claim claim[128];
	uint32_t count;
};

static uint16_t get16(const unsigned char *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t get32(const unsigned char *at)
{
	return get16(at) | (uint32_t)get16(at + 2) << 16;
}

static uint64_t get64(const unsigned char *at)
{
	return get32(at) | (uint64_t)get32(at + 4) << 32;
}

static const unsigned char *
inside(const struct load_request *request, uint64_t address, uint64_t size)
{
	REQUIRE(address <= request->memory_size);
	REQUIRE(size <= request->memory_size - address);
	return request->memory + address;
}

static void claim(const struct load_request *request, struct claims *claims,
		  uint64_t start, uint64_t size)
{
	if (!size)
		return;
	(void)inside(request, start, size);
	for (uint32_t i = 0; i < claims->count; i++)
		REQUIRE(start + size <= claims->claim[i].start ||
			start >= claims->claim[i].end);
	REQUIRE(claims->count < 128);
	claims->claim[claims->count++] = (struct claim){start, start + size};
}

/* A string that ends inside of memory; it is nobody else's. */
static const char *text(const struct load_request *request,
			struct claims *claims, uint64_t address)
{
	const unsigned char *at = inside(request, address, 1);
	const unsigned char *end =
		memchr(at, 0, request->memory_size - address);

	REQUIRE(end);
	/* boot.h: page tables follow, or the kernel. */
	REQUIRE(end < request->memory + BOOT_INFO_END);
	claim(request, claims, address, (uint64_t)(end - at) + 1);
	return (const char *)at;
}

static void check_file(const struct load_request *request,
		       struct claims *claims, const struct load_file *file,
		       uint64_t address)
{
	claim(request, claims, address, file->size);
	REQUIRE(!memcmp(inside(request, address, file->size), file->bytes,
			file->size));
}

/* Memory that a map calls free is there, and is not the BIOS's. */
static void
check_free(const struct load_request *request, uint64_t start, uint64_t size)
{
	(void)inside(request, start, size);
	REQUIRE(start >= BOOT_HIGH || start + size <= BOOT_BIOS);
}

/*
 * The segments of an ELF file. They may overlap, so that the last one alone
 * is certain to be in memory as the file has it.
 */
struct segment {
	uint64_t offset, address, filesz, memsz;
};

static uint32_t
segments(const struct load_file *file, struct segment *last, struct claim *all)
{
	const unsigned char *bytes = file->bytes;
	bool wide = bytes[EI_CLASS] == ELFCLASS64;
	uint64_t at = wide ? get64(bytes + 32) : get32(bytes + 28);
	uint32_t size = get16(bytes + (wide ? 54 : 42));
	uint32_t count = get16(bytes + (wide ? 56 : 44)), loaded = 0;

	*all = (struct claim){UINT64_MAX, 0};
	for (; count--; at += size) {
		const unsigned char *p = bytes + at;
		struct segment s;

		REQUIRE(at <= file->size && size <= file->size - at);
		if (wide)
			s = (struct segment){get64(p + 8), get64(p + 24),
					     get64(p + 32), get64(p + 40)};
		else
			s = (struct segment){get32(p + 4), get32(p + 12),
					     get32(p + 16), get32(p + 20)};
		if (get32(p) != PT_LOAD || !s.memsz)
			continue;
		REQUIRE(s.filesz <= s.memsz && s.offset <= file->size &&
			s.filesz <= file->size - s.offset);
		if (s.address < all->start)
			all->start = s.address;
		if (s.address + s.memsz > all->end)
			all->end = s.address + s.memsz;
		*last = s;
		loaded++;
	}
	return loaded;
}

static bool zero(const unsigned char *at, uint64_t size)
{
	return !size || (!at[0] && !memcmp(at, at + 1, size - 1));
}

static void check_elf(const struct load_request *request, struct claims *claims)
{
	struct segment last;
	struct claim all;
	uint32_t count = segments(&request->kernel, &last, &all);
	const unsigned char *at;

	REQUIRE(count);
	if (count == 1)
		claim(request, claims, all.start, all.end - all.start);
	at = inside(request, last.address, last.memsz);
	REQUIRE(!memcmp(at, request->kernel.bytes + last.offset, last.filesz));
	REQUIRE(count > 1 || zero(at + last.filesz, last.memsz - last.filesz));
}

/* Multiboot 3.1: the first in the first 8192 bytes. */
static const unsigned char *multiboot_header(const struct load_file *file)
{
	for (uint32_t at = 0; at + 12 <= MULTIBOOT_SEARCH; at += 4) {
		const unsigned char *header = file->bytes + at;

		if (at + 12 > file->size)
			break;
		if (get32(header) == MULTIBOOT_MAGIC &&
		    get32(header) + get32(header + 4) + get32(header + 8) == 0)
			return header;
	}
	return NULL;
}

/* Multiboot 3.1.3: where the file says by itself what goes where. */
static void check_addresses(const struct load_request *request,
			    struct claims *claims, const unsigned char *header)
{
	const struct load_file *file = &request->kernel;
	uint32_t header_addr = get32(header + 12);
	uint32_t load_addr = get32(header + 16);
	uint32_t load_end = get32(header + 20);
	uint32_t bss_end = get32(header + 24);
	uint64_t at = (uint64_t)(header - file->bytes);
	uint64_t size;

	REQUIRE(load_addr <= header_addr && header_addr - load_addr <= at);
	at -= header_addr - load_addr;
	size = load_end ? load_end - load_addr : file->size - at;
	REQUIRE(size <= file->size - at);
	REQUIRE(!memcmp(inside(request, load_addr, size), file->bytes + at,
			size));
	if (bss_end > load_addr + size) {
		REQUIRE(zero(inside(request, load_addr + size,
				    bss_end - load_addr - size),
			     bss_end - load_addr - size));
		size = bss_end - load_addr;
	}
	claim(request, claims, load_addr, size);
}

static void check_modules(const struct load_request *request,
			  struct claims *claims, const unsigned char *mbi)
{
	uint32_t count = get32(mbi + 20), at = get32(mbi + 24), n = 0;

	if (!(get32(mbi) & 8))
		count = 0;
	REQUIRE(count == request->nr_modules + (request->initrd ? 1 : 0));
	claim(request, claims, at, count * 16);
	for (uint32_t i = 0; i < count; i++, at += 16) {
		const unsigned char *module = inside(request, at, 16);
		const struct load_file *file = request->initrd;
		uint32_t start = get32(module), end = get32(module + 4);

		if (i || !file)
			file = &request->modules[n++];
		REQUIRE(start % 4096 == 0 && end - start == file->size);
		check_file(request, claims, file, start);
		REQUIRE(!strcmp(text(request, claims, get32(module + 8)),
				file->name));
	}
}

static void check_mmap(const struct load_request *request,
		       struct claims *claims, const unsigned char *mbi)
{
	uint32_t length = get32(mbi + 44), at = get32(mbi + 48);

	REQUIRE(get32(mbi) & 64);
	claim(request, claims, at, length);
	while (length) {
		const unsigned char *entry = inside(request, at, 24);
		uint32_t size = get32(entry) + 4;

		REQUIRE(size >= 24 && size <= length);
		if (get32(entry + 20) == 1)
			check_free(request, get64(entry + 4),
				   get64(entry + 12));
		at += size;
		length -= size;
	}
}

static void check_multiboot(const struct load_request *request,
			    const struct load_start *start)
{
	const unsigned char *header = multiboot_header(&request->kernel);
	const unsigned char *mbi = inside(request, start->rbx, 68);
	const char *line, *name = request->kernel.name;
	size_t length = strlen(name);
	struct claims claims = {.count = 0};

	REQUIRE(header && start->rax == 0x2badb002);
	claim(request, &claims, start->rbx, 68);
	if (get32(header + 4) & MULTIBOOT_ADDRESSES)
		check_addresses(request, &claims, header);
	else
		check_elf(request, &claims);
	check_modules(request, &claims, mbi);
	check_mmap(request, &claims, mbi);
	REQUIRE((get32(mbi) & 5) == 5);
	REQUIRE(get32(mbi + 4) <= 640);
	REQUIRE(get32(mbi + 8) <= (request->memory_size - BOOT_HIGH) / 1024);
	line = text(request, &claims, get32(mbi + 16));
	REQUIRE(!strncmp(line, name, length));
	if (*request->append)
		REQUIRE(line[length] == ' ' &&
			!strcmp(line + length + 1, request->append));
	else
		REQUIRE(!line[length] || !strcmp(line + length, " "));
	if (get32(mbi) & 512)
		(void)text(request, &claims, get32(mbi + 64));
}

static void
check_e820(const struct load_request *request, const unsigned char *params)
{
	uint64_t before = 0;

	REQUIRE(params[0x1e8] && params[0x1e8] <= 128);
	for (uint32_t i = 0; i < params[0x1e8]; i++) {
		const unsigned char *entry = params + 0x2d0 + i * 20;
		uint64_t at = get64(entry), size = get64(entry + 8);

		REQUIRE(at >= before);
		before = at + size;
		if (get32(entry + 16) == 1)
			check_free(request, at, size);
	}
}

/* What follows the setup sectors of a bzImage is the kernel. */
static void check_image(const struct load_request *request,
			struct claims *claims, const struct load_start *start,
			uint32_t init_size)
{
	const struct load_file *file = &request->kernel;
	uint32_t setup = (file->bytes[0x1f1] ? file->bytes[0x1f1] : 4) + 1;
	uint64_t size = (uint64_t)get32(file->bytes + 0x1f4) * 16;

	REQUIRE(setup * 512 <= file->size && size <= file->size - setup * 512);
	REQUIRE(!memcmp(inside(request, start->entry - 0x200, size),
			file->bytes + setup * 512, size));
	claim(request, claims, start->entry - 0x200,
	      init_size > size ? init_size : size);
}

static bool is_image(const struct load_file *file)
{
	return file->size >= 4096 && get16(file->bytes + 0x1fe) == 0xaa55 &&
	       get32(file->bytes + 0x202) == LINUX_MAGIC;
}

/* Documentation/arch/x86/boot.rst: the 64-bit boot protocol. */
static void
check_linux(const struct load_request *request, const struct load_start *start)
{
	const struct load_file *initrd = request->initrd;
	const unsigned char *params = inside(request, start->rsi, 4096);
	struct claims claims = {.count = 0};

	claim(request, &claims, start->rsi, 4096);
	REQUIRE(get32(params + 0x202) == LINUX_MAGIC && params[0x210]);
	REQUIRE(get64(params + 0x70) == request->rsdp);
	REQUIRE(!get64(params + 0x250));
	check_e820(request, params);
	REQUIRE(!strcmp(text(request, &claims, get32(params + 0x228)),
			request->append));
	REQUIRE(strlen(request->append) <= get32(params + 0x238));
	if (is_image(&request->kernel))
		check_image(request, &claims, start, get32(params + 0x260));
	else
		check_elf(request, &claims);
	REQUIRE(!request->nr_modules);
	REQUIRE(get32(params + 0x21c) == (initrd ? initrd->size : 0));
	if (initrd)
		check_file(request, &claims, initrd, get32(params + 0x218));
	else
		REQUIRE(!get32(params + 0x218));
}

static void
check_own(const struct load_request *request, const struct load_start *start)
{
	struct claims claims = {.count = 0};
	struct guest_boot boot;

	memcpy(&boot, inside(request, start->rdi, sizeof(boot)), sizeof(boot));
	claim(request, &claims, 0, BOOT_END);
	check_elf(request, &claims);
	REQUIRE(boot.magic == BOOT_MAGIC);
	REQUIRE(boot.nr_vcpus == request->nr_vcpus);
	REQUIRE(boot.x2apic_allowed == request->x2apic && !boot.flags);
	REQUIRE(!strcmp(boot.append, request->append));
}

void loader_check(const struct load_request *request,
		  const struct load_start *start)
{
	(void)inside(request, start->entry, 1);
	REQUIRE(start->code >= 8 && start->code <= 24 && !(start->code & 7));
	REQUIRE(start->data >= 8 && start->data <= 24 && !(start->data & 7));
	REQUIRE(start->code != start->data);
	if (start->long_mode && !is_image(&request->kernel))
		REQUIRE(request->kernel.bytes[EI_CLASS] == ELFCLASS64);
	if (!start->long_mode)
		check_multiboot(request, start);
	else if (start->rdi == BOOT_PAGE)
		check_own(request, start);
	else
		check_linux(request, start);
}
