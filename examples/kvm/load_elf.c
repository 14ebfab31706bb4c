/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* ELF executables, to the physical addresses of their segments. */
#include <elf.h>
#include <string.h>

#include "boot.h"
#include "load_parts.h"

/* So that a damaged file takes no time. */
#define MAX_SEGMENTS 64

/* The fields of both classes that matter here. */
struct executable {
	uint64_t entry;
	uint64_t table;
	uint32_t entry_size;
	uint32_t count;
	bool is64;
};

struct segment {
	uint32_t type;
	uint64_t offset;
	uint64_t file_size;
	uint64_t virtual;
	uint64_t physical;
	uint64_t memory_size;
};

bool load_is_elf(const struct load_file *file)
{
	return file->size >= EI_NIDENT && !memcmp(file->bytes, ELFMAG, SELFMAG);
}

/* NULL, or what is wrong with it. */
static const char *
read_header(const struct load_file *file, struct executable *executable)
{
	bool sound = false;

	*executable = (struct executable){0};
	if (file->bytes[EI_CLASS] == ELFCLASS64 &&
	    file->size >= sizeof(Elf64_Ehdr)) {
		Elf64_Ehdr header;

		memcpy(&header, file->bytes, sizeof(header));
		sound = header.e_machine == EM_X86_64 &&
			header.e_type == ET_EXEC &&
			header.e_phentsize == sizeof(Elf64_Phdr);
		*executable = (struct executable){
			header.e_entry, header.e_phoff, header.e_phentsize,
			header.e_phnum, true};
	} else if (file->bytes[EI_CLASS] == ELFCLASS32 &&
		   file->size >= sizeof(Elf32_Ehdr)) {
		Elf32_Ehdr header;

		memcpy(&header, file->bytes, sizeof(header));
		sound = header.e_machine == EM_386 &&
			header.e_type == ET_EXEC &&
			header.e_phentsize == sizeof(Elf32_Phdr);
		*executable = (struct executable){
			header.e_entry, header.e_phoff, header.e_phentsize,
			header.e_phnum, false};
	}
	if (!sound || executable->count > MAX_SEGMENTS)
		return "no static ELF executable for x86 with at most 64 "
		       "program headers; link it with -static -no-pie";
	if (executable->table > file->size ||
	    executable->count >
		    (file->size - executable->table) / executable->entry_size)
		return "its program headers lie beyond the end of the file; "
		       "the file is cut short or damaged";
	return NULL;
}

static struct segment read_segment(const struct load_file *file,
				   const struct executable *executable,
				   uint32_t index)
{
	const unsigned char *at = file->bytes + executable->table +
				  (uint64_t)index * executable->entry_size;

	if (executable->is64) {
		Elf64_Phdr segment;

		memcpy(&segment, at, sizeof(segment));
		return (struct segment){segment.p_type,   segment.p_offset,
					segment.p_filesz, segment.p_vaddr,
					segment.p_paddr,  segment.p_memsz};
	}
	Elf32_Phdr segment;

	memcpy(&segment, at, sizeof(segment));
	return (struct segment){segment.p_type,   segment.p_offset,
				segment.p_filesz, segment.p_vaddr,
				segment.p_paddr,  segment.p_memsz};
}

static bool
place(struct load *load, const struct segment *segment, uint32_t least)
{
	const struct load_file *file = &load->request->kernel;

	if (segment->file_size > segment->memory_size ||
	    segment->offset > file->size ||
	    segment->file_size > file->size - segment->offset)
		return load_refuse(load, "a segment lies beyond the end of "
					 "the file; the file is cut short or "
					 "damaged");
	/* Memory is zero, so .bss needs nothing. */
	return load_place(load, file->bytes + segment->offset,
			  segment->file_size, segment->physical,
			  segment->memory_size, least);
}

bool load_segments(struct load *load, uint32_t least, bool physical)
{
	struct executable executable;
	const char *wrong;
	uint64_t entry;
	bool inside = false;

	wrong = read_header(&load->request->kernel, &executable);
	if (wrong)
		return load_refuse(load, "%s", wrong);
	entry = executable.entry;
	for (uint32_t i = 0; i < executable.count; i++) {
		struct segment segment =
			read_segment(&load->request->kernel, &executable, i);

		if (segment.type != PT_LOAD || !segment.memory_size)
			continue;
		if (!place(load, &segment, least))
			return false;
		if (physical && executable.entry >= segment.virtual &&
		    executable.entry - segment.virtual < segment.memory_size)
			entry = executable.entry - segment.virtual +
				segment.physical;
		inside = inside ||
			 (entry >= segment.physical &&
			  entry - segment.physical < segment.memory_size);
	}
	if (!inside)
		return load_refuse(load,
				   "its entry point 0x%llx is in none "
				   "of the segments to load; check how it was "
				   "linked",
				   (unsigned long long)executable.entry);
	load->result->start.entry = entry;
	return true;
}

/* A note of @owner is among those from @at to @end. */
static bool has_note(const struct load_file *file, uint64_t at, uint64_t end,
		     const char *owner)
{
	size_t length = strlen(owner) + 1;
	Elf64_Nhdr note;

	while (at + sizeof(note) + length <= end) {
		memcpy(&note, file->bytes + at, sizeof(note));
		at += sizeof(note);
		if (note.n_namesz == length &&
		    !memcmp(file->bytes + at, owner, length))
			return true;
		at += ((uint64_t)note.n_namesz + 3) / 4 * 4 +
		      ((uint64_t)note.n_descsz + 3) / 4 * 4;
	}
	return false;
}

bool load_elf64_has_note(const struct load_file *file, const char *owner)
{
	struct executable executable;

	if (!load_is_elf(file) || read_header(file, &executable) ||
	    !executable.is64)
		return false;
	for (uint32_t i = 0; i < executable.count; i++) {
		struct segment segment = read_segment(file, &executable, i);

		if (segment.type == PT_NOTE && segment.offset <= file->size &&
		    segment.file_size <= file->size - segment.offset &&
		    has_note(file, segment.offset,
			     segment.offset + segment.file_size, owner))
			return true;
	}
	return false;
}

bool load_own(struct load *load)
{
	const struct load_request *request = load->request;
	struct guest_boot boot = {.magic = BOOT_MAGIC,
				  .nr_vcpus = request->nr_vcpus,
				  .x2apic_allowed = request->x2apic};
	size_t length = strlen(request->append);

	if (request->kernel.bytes[EI_CLASS] == ELFCLASS32)
		return load_refuse(load,
				   "a 32-bit ELF executable without a "
				   "Multiboot header in its first 8192 bytes; "
				   "add the header or build it for 64 bits");
	if (request->initrd || request->nr_modules)
		return load_refuse(load,
				   "neither a Linux bzImage nor a "
				   "Multiboot kernel, so there is nobody to "
				   "take --initrd or --module; drop them");
	if (length >= BOOT_APPEND_SIZE)
		return load_refuse(load,
				   "--append is longer than %d bytes; "
				   "shorten it",
				   BOOT_APPEND_SIZE - 1);
	if (!load_segments(load, BOOT_END, false))
		return false;
	memcpy(boot.append, request->append, length);
	memcpy(request->memory + BOOT_PAGE, &boot, sizeof(boot));
	load->result->start.long_mode = true;
	load->result->start.code = BOOT_CS;
	load->result->start.data = BOOT_DS;
	load->result->start.rdi = BOOT_PAGE;
	return true;
}
