/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Load an ELF64 guest to the physical addresses of its segments. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"
#include "vm.h"

static _Noreturn void refuse(const struct vm *vm, const char *why)
{
	die(EXIT_USAGE, "kernel %s: %s", vm->options.kernel, why);
}

static const unsigned char *map_file(const struct vm *vm, size_t *size)
{
	struct stat st;
	int fd = open(vm->options.kernel, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		refuse(vm, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(Elf64_Ehdr))
		refuse(vm, "not a file with an ELF64 header; give the "
			   "guest's executable");
	*size = (size_t)st.st_size;
	void *file = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		refuse(vm, strerror(errno));
	close(fd);
	return file;
}

static void load_segment(struct vm *vm, const unsigned char *file, size_t size,
			 const Elf64_Phdr *segment)
{
	if (segment->p_filesz > segment->p_memsz || segment->p_offset > size ||
	    segment->p_filesz > size - segment->p_offset)
		refuse(vm, "a segment lies beyond the end of the file; the "
			   "file is cut short or damaged");
	if (segment->p_paddr < BOOT_END || segment->p_paddr > vm->memory_size ||
	    segment->p_memsz > vm->memory_size - segment->p_paddr)
		die(EXIT_USAGE,
		    "kernel %s: a segment needs 0x%llx bytes at 0x%llx, but "
		    "memory for it is 0x%x to 0x%llx; link it elsewhere or "
		    "raise --mem",
		    vm->options.kernel, (unsigned long long)segment->p_memsz,
		    (unsigned long long)segment->p_paddr, BOOT_END,
		    (unsigned long long)vm->memory_size);
	/* The rest of memory is zero, so .bss needs nothing. */
	memcpy(vm->memory + segment->p_paddr, file + segment->p_offset,
	       segment->p_filesz);
}

void elf_load(struct vm *vm)
{
	size_t size;
	Elf64_Ehdr header;
	const unsigned char *file = map_file(vm, &size);
	unsigned int loaded = 0;

	memcpy(&header, file, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_machine != EM_X86_64 || header.e_type != ET_EXEC)
		refuse(vm, "not a static ELF64 executable for x86-64; link "
			   "the guest with -static -no-pie");
	if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phoff > size ||
	    header.e_phnum > (size - header.e_phoff) / sizeof(Elf64_Phdr))
		refuse(vm, "its program headers lie beyond the end of the "
			   "file; the file is cut short or damaged");
	for (unsigned int i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;

		memcpy(&segment, file + header.e_phoff + i * sizeof(segment),
		       sizeof(segment));
		if (segment.p_type != PT_LOAD || !segment.p_memsz)
			continue;
		load_segment(vm, file, size, &segment);
		loaded++;
	}
	if (!loaded || header.e_entry < BOOT_END ||
	    header.e_entry >= vm->memory_size)
		refuse(vm, "it has nothing to load, or its entry point is "
			   "outside of memory; check how it was linked");
	vm->entry = header.e_entry;
	munmap((void *)(uintptr_t)file, size);
}
