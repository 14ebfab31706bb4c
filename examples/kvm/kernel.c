/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The files that go into the guest's memory. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acpi.h"
#include "boot.h"
#include "vm.h"

/* @name for the guest; the file's own name ends at its first @end. */
static struct load_file map_file(const char *option, const char *name, char end)
{
	struct load_file file = {.name = name};
	char path[PATH_MAX];
	const char *stop = strchrnul(name, end);
	size_t length = (size_t)(stop - name);
	struct stat st;
	int fd;

	if (length >= sizeof(path))
		die(EXIT_USAGE, "%s: the file name is too long", option);
	memcpy(path, name, length);
	path[length] = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die(EXIT_USAGE, "%s %s: %s", option, path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		die(EXIT_USAGE, "%s %s: not a regular file", option, path);
	file.size = (size_t)st.st_size;
	if (file.size) {
		void *bytes =
			mmap(NULL, file.size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (bytes == MAP_FAILED)
			die(EXIT_USAGE, "%s %s: %s", option, path,
			    strerror(errno));
		file.bytes = bytes;
	}
	close(fd);
	return file;
}

static void unmap_file(const struct load_file *file)
{
	if (file->size)
		munmap((void *)(uintptr_t)file->bytes, file->size);
}

/*
 * What kernels for PCs read of a BIOS, and all that they can call: every
 * function of it sets AH to 0x86 and CF in the caller's flags, which says
 * that it is not supported.
 */
static void write_bios(unsigned char *memory)
{
	static const uint8_t code[] = {
		0x55,                   /* push %bp */
		0x89, 0xe5,             /* mov %sp, %bp */
		0x80, 0x4e, 0x06, 0x01, /* orb $1, 6(%bp) */
		0x5d,                   /* pop %bp */
		0xb4, 0x86,             /* mov $0x86, %ah */
		0xcf,                   /* iret */
	};
	const uint32_t vector = BOOT_BIOS_CODE >> 4 << 16;
	const uint16_t com1 = BOOT_PORT_CONSOLE;
	const uint16_t kib = BOOT_LOW_END >> 10;

	memcpy(memory + BOOT_BIOS_CODE, code, sizeof(code));
	for (uint32_t i = 0; i < 256; i++)
		memcpy(memory + i * sizeof(vector), &vector, sizeof(vector));
	memcpy(memory + BOOT_BDA_COM1, &com1, sizeof(com1));
	memcpy(memory + BOOT_BDA_MEMORY, &kib, sizeof(kib));
}

void kernel_load(struct vm *vm)
{
	const struct options *options = &vm->options;
	struct load_file initrd = {0}, modules[MAX_MODULES];
	struct load_request request = {
		.kernel = map_file("--kernel", options->kernel, 0),
		.append = options->append,
		.modules = modules,
		.nr_modules = options->nr_modules,
		.memory = vm->memory,
		.memory_size = vm->memory_size,
		.rsdp = acpi_write(vm->memory, options->vcpus),
		.nr_vcpus = options->vcpus,
		.x2apic = options->x2apic,
	};
	struct load_result result;

	write_bios(vm->memory);
	if (options->initrd) {
		initrd = map_file("--initrd", options->initrd, 0);
		request.initrd = &initrd;
	}
	for (uint32_t i = 0; i < options->nr_modules; i++)
		modules[i] = map_file("--module", options->modules[i], ' ');
	if (!load_kernel(&request, &result))
		die(EXIT_USAGE, "--kernel %s: %s", options->kernel, result.why);
	vm->start = result.start;
	unmap_file(&request.kernel);
	unmap_file(&initrd);
	for (uint32_t i = 0; i < options->nr_modules; i++)
		unmap_file(&modules[i]);
}
