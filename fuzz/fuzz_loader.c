/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * vic-kvm's loader: a kernel file that says anything, into a small memory. It
 * is refused with a sentence, or everything is where the protocol has it.
 */
#include <string.h>

#include "../examples/kvm/boot.h"
#include "input.h"
#include "loader_check.h"

#define MULTIBOOT_MAGIC 0x1badb002u
#define BIOS_BYTE 0xb5
#define NAME_SIZE 512
#define APPEND_SIZE 0x8000

struct world {
	struct input input;
	struct load_request request;
	struct load_file modules[LOAD_MAX_MODULES];
	struct load_file initrd;
	char append[APPEND_SIZE];
	char names[LOAD_MAX_MODULES + 2][NAME_SIZE];
	uint32_t nr_names;
};

/* Exactly as large as it says, so that an over-read is seen. */
static unsigned char *block(size_t size)
{
	unsigned char *at = calloc(size ? size : 1, 1);

	REQUIRE(at);
	return at;
}

static const char *name(struct world *w)
{
	char *at = w->names[w->nr_names];
	size_t length = 1 + input_below(&w->input, 64);

	if (length > 60)
		length = NAME_SIZE - 1;
	memset(at, (int)('a' + w->nr_names++), length);
	at[length] = 0;
	return at;
}

/* A module, of which the ends are looked at. */
static struct load_file file(struct world *w)
{
	struct load_file result = {.name = name(w)};
	unsigned char *bytes;

	result.size = input_u16(&w->input);
	result.size <<= input_u8(&w->input) % 7;
	bytes = block(result.size);
	if (result.size) {
		bytes[0] = (unsigned char)w->nr_names;
		bytes[result.size - 1] = (unsigned char)~w->nr_names;
	}
	result.bytes = bytes;
	return result;
}

/* No mutation finds it. */
static void correct_checksum(unsigned char *bytes, size_t size)
{
	const uint32_t magic = MULTIBOOT_MAGIC;
	uint32_t flags;

	for (size_t at = 0; at + 12 <= size && at < 8192; at += 4) {
		if (memcmp(bytes + at, &magic, 4))
			continue;
		memcpy(&flags, bytes + at + 4, 4);
		flags = 0u - magic - flags;
		memcpy(bytes + at + 8, &flags, 4);
		return;
	}
}

/* What is left of the input, and zeroes behind it. */
static void kernel(struct world *w, bool correct)
{
	size_t tail = (size_t)input_u8(&w->input) << 10;
	size_t size = w->input.left + tail;
	unsigned char *bytes = block(size);

	if (w->input.left)
		memcpy(bytes, w->input.data, w->input.left);
	if (correct)
		correct_checksum(bytes, size);
	w->request.kernel.bytes = bytes;
	w->request.kernel.size = size;
}

static void prepare(struct world *w)
{
	static const size_t sizes[] = {LOAD_LEAST_MEMORY, 0x201000, 0x400000,
				       0x1000000};
	struct load_request *request = &w->request;
	uint32_t shape = input_u8(&w->input), count;

	request->memory_size = sizes[shape & 3];
	request->memory = block(request->memory_size);
	memset(request->memory + BOOT_BIOS, BIOS_BYTE, BOOT_HIGH - BOOT_BIOS);
	request->x2apic = shape & 4;
	request->rsdp = shape & 8 ? BOOT_BIOS : 0;
	request->nr_vcpus = 1 + input_u8(&w->input);
	count = input_u8(&w->input);
	count *= count < 64 ? 16 : 128;
	memset(w->append, 'A', count);
	request->append = w->append;
	request->kernel.name = name(w);
	if (shape & 16) {
		w->initrd = file(w);
		request->initrd = &w->initrd;
	}
	count = shape & 32 ? input_below(&w->input, LOAD_MAX_MODULES) : 0;
	request->modules = w->modules;
	for (; request->nr_modules < count; request->nr_modules++)
		w->modules[request->nr_modules] = file(w);
	kernel(w, shape & 64);
}

static void release(struct world *w)
{
	for (uint32_t i = 0; i < w->request.nr_modules; i++)
		free((void *)(uintptr_t)w->modules[i].bytes);
	free((void *)(uintptr_t)w->initrd.bytes);
	free((void *)(uintptr_t)w->request.kernel.bytes);
	free(w->request.memory);
}

/* One sentence, for a person. */
static void check_why(const struct load_result *result)
{
	const char *end = memchr(result->why, 0, sizeof(result->why));

	REQUIRE(end && end - result->why > 10);
	for (const char *at = result->why; at < end; at++)
		REQUIRE(*at >= ' ' && *at <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = {.input = {data, size}};
	struct load_result result;

	/* What it leaves out is seen. */
	memset(&result, 0xa5, sizeof(result));
	prepare(&w);
	if (load_kernel(&w.request, &result)) {
		loader_check(&w.request, &result.start);
		for (uint32_t at = BOOT_BIOS; at < BOOT_HIGH; at++)
			REQUIRE(w.request.memory[at] == BIOS_BYTE);
	} else {
		check_why(&result);
	}
	release(&w);
	return 0;
}
