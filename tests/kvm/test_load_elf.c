/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* ELF executables with vic-kvm's own boot protocol, as boot.h has it. */

#include "loading.h"

#include <elf.h>

#define SEGMENT_AT 0x1000u
#define FILE_SIZE 0x1100u

struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
};

/* One segment of 256 bytes, 0x1000 bytes in memory, and a note. */
static const struct image plain = {
	.header =
		{
			.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64,
				    ELFDATA2LSB, EV_CURRENT},
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = 0x180010,
			.e_phoff = offsetof(struct image, segments),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2,
		},
	.segments =
		{
			{.p_type = PT_NOTE,
			 .p_offset = 1ull << 60,
			 .p_filesz = 1,
			 .p_memsz = 1},
			{.p_type = PT_LOAD,
			 .p_offset = SEGMENT_AT,
			 .p_vaddr = 0xffffffff80180000,
			 .p_paddr = 0x180000,
			 .p_filesz = 0x100,
			 .p_memsz = 0x1000},
		},
};

static void give(struct loading *loading, const struct image *image)
{
	memset(loading->file, 0, sizeof(loading->file));
	memcpy(loading->file, image, sizeof(*image));
	for (uint32_t i = 0; i < FILE_SIZE - SEGMENT_AT; i++)
		loading->file[SEGMENT_AT + i] = (unsigned char)(i + 1);
	loading->request.kernel.size = FILE_SIZE;
}

static void loads_segments_where_p_paddr_says(void **state)
{
	struct loading *loading = *state;
	const unsigned char *memory = loading->request.memory;

	give(loading, &plain);
	assert_true(loading_load(loading));
	assert_memory_equal(memory + 0x180000, loading->file + SEGMENT_AT,
			    0x100);
	for (uint32_t i = 0x100; i < 0x1000; i++)
		assert_int_equal(memory[0x180000 + i], 0);
	assert_int_equal(loading->result.start.entry, 0x180010);
}

static void starts_as_boot_h_says(void **state)
{
	struct loading *loading = *state;
	const struct load_start *start = &loading->result.start;
	struct guest_boot boot;

	give(loading, &plain);
	loading->request.append = "an argument";
	loading->request.x2apic = true;
	assert_true(loading_load(loading));
	assert_true(start->long_mode);
	assert_false(start->firmware_apic);
	assert_int_equal(start->code, BOOT_CS);
	assert_int_equal(start->data, BOOT_DS);
	assert_int_equal(start->rdi, BOOT_PAGE);
	memcpy(&boot, loading->request.memory + BOOT_PAGE, sizeof(boot));
	assert_int_equal(boot.magic, BOOT_MAGIC);
	assert_int_equal(boot.nr_vcpus, 3);
	assert_int_equal(boot.x2apic_allowed, 1);
	assert_int_equal(boot.flags, 0);
	assert_string_equal(boot.append, "an argument");
}

static void the_longest_append(void **state)
{
	struct loading *loading = *state;
	char append[BOOT_APPEND_SIZE + 1] = {0};

	give(loading, &plain);
	memset(append, 'a', BOOT_APPEND_SIZE - 1);
	loading->request.append = append;
	assert_true(loading_load(loading));
	append[BOOT_APPEND_SIZE - 1] = 'a';
	loading_refused(loading, "--append is longer than 1023");
}

/* No prefix of the file is loaded, and none is read beyond its end. */
static void a_file_that_is_cut_short(void **state)
{
	struct loading *loading = *state;

	give(loading, &plain);
	for (size_t size = 0; size < FILE_SIZE; size++) {
		loading->request.kernel.size = size;
		assert_false(loading_load(loading));
		assert_int_not_equal(loading->result.why[0], 0);
	}
}

#define HEADER(field) \
	offsetof(struct image, header.field), sizeof(plain.header.field)
#define SEGMENT(field)                             \
	offsetof(struct image, segments[1].field), \
		sizeof(plain.segments[1].field)
static void fields_that_are_wrong(void **state)
{
	static const struct {
		size_t offset;
		size_t size;
		uint64_t value;
		const char *words;
	} wrong[] = {
		{HEADER(e_ident[EI_CLASS]), 3, "no static ELF"},
		{HEADER(e_ident[EI_CLASS]), ELFCLASS32, "a 32-bit ELF"},
		{HEADER(e_ident[0]), 0, "neither an ELF executable"},
		{HEADER(e_type), ET_DYN, "-no-pie"},
		{HEADER(e_machine), EM_AARCH64, "for x86"},
		{HEADER(e_phentsize), 1, "no static ELF"},
		{HEADER(e_phentsize), 0, "no static ELF"},
		{HEADER(e_phnum), 0, "entry point"},
		{HEADER(e_phnum), 65, "at most 64"},
		{HEADER(e_phoff), FILE_SIZE, "program headers"},
		{HEADER(e_phoff), FILE_SIZE - 111, "program headers"},
		{HEADER(e_phoff), UINT64_MAX, "program headers"},
		{HEADER(e_entry), 0x17ffff, "entry point 0x17ffff"},
		{HEADER(e_entry), 0x181000, "entry point 0x181000"},
		{HEADER(e_entry), 0xffffffff80180010, "entry point"},
		{SEGMENT(p_offset), SEGMENT_AT + 1, "end of the file"},
		{SEGMENT(p_offset), UINT64_MAX, "end of the file"},
		{SEGMENT(p_filesz), 0x101, "end of the file"},
		{SEGMENT(p_filesz), UINT64_MAX, "end of the file"},
		{SEGMENT(p_memsz), 0xff, "end of the file"},
		{SEGMENT(p_memsz), UINT64_MAX, "raise --mem"},
		{SEGMENT(p_memsz), LOADING_MEMORY - 0x180000 + 1,
		 "0x280001 bytes at 0x180000"},
		{SEGMENT(p_paddr), BOOT_END - 1, "link it elsewhere"},
		{SEGMENT(p_paddr), BOOT_LOW_END - 0xfff, "link it elsewhere"},
		{SEGMENT(p_paddr), BOOT_BIOS, "link it elsewhere"},
		{SEGMENT(p_paddr), BOOT_HIGH - 1, "link it elsewhere"},
		{SEGMENT(p_paddr), LOADING_MEMORY - 0xfff, "raise --mem"},
		{SEGMENT(p_paddr), UINT64_MAX, "raise --mem"},
		{SEGMENT(p_paddr), 0, "link it elsewhere"},
	};
	struct loading *loading = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		give(loading, &plain);
		memcpy(loading->file + wrong[i].offset, &wrong[i].value,
		       wrong[i].size);
		loading_refused(loading, wrong[i].words);
	}
}

static void segments_at_the_edges_of_memory(void **state)
{
	static const uint64_t places[] = {BOOT_END, BOOT_LOW_END - 0x1000,
					  BOOT_HIGH, LOADING_MEMORY - 0x1000};
	struct loading *loading = *state;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct image image = plain;

		image.header.e_entry = places[i];
		image.segments[1].p_paddr = places[i];
		give(loading, &image);
		assert_true(loading_load(loading));
		assert_memory_equal(loading->request.memory + places[i],
				    loading->file + SEGMENT_AT, 0x100);
	}
}

/* As many segments as there may be, up to the last byte of the file. */
static void program_headers_at_the_end(void **state)
{
	struct loading *loading = *state;
	struct image image = plain;
	uint32_t table = FILE_SIZE - 64 * (uint32_t)sizeof(Elf64_Phdr);
	const Elf64_Phdr none = {.p_type = PT_NULL};

	image.header.e_phoff = table;
	image.header.e_phnum = 64;
	image.segments[1].p_filesz = 0x1000;
	image.segments[1].p_offset = FILE_SIZE - 0x1000;
	give(loading, &image);
	for (uint32_t i = 0; i < 63; i++)
		memcpy(loading->file + table + i * sizeof(none), &none,
		       sizeof(none));
	memcpy(loading->file + FILE_SIZE - sizeof(none), &image.segments[1],
	       sizeof(none));
	assert_true(loading_load(loading));
	assert_memory_equal(loading->request.memory + 0x180000,
			    loading->file + FILE_SIZE - 0x1000, 0x1000);
}

static void nobody_takes_initrd_and_modules(void **state)
{
	struct loading *loading = *state;

	give(loading, &plain);
	loading->request.initrd = &loading->initrd;
	loading_refused(loading, "--initrd");
	loading->request.initrd = NULL;
	loading->request.nr_modules = 1;
	loading_refused(loading, "--module");
}

static void too_little_memory(void **state)
{
	struct loading *loading = *state;

	give(loading, &plain);
	loading->request.memory_size = LOAD_LEAST_MEMORY - 0x1000;
	loading_refused(loading, "raise --mem");
	loading->request.memory_size = LOAD_LEAST_MEMORY;
	assert_true(loading_load(loading));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, loading_setup, loading_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(loads_segments_where_p_paddr_says),
		TEST(starts_as_boot_h_says),
		TEST(the_longest_append),
		TEST(a_file_that_is_cut_short),
		TEST(fields_that_are_wrong),
		TEST(segments_at_the_edges_of_memory),
		TEST(program_headers_at_the_end),
		TEST(nobody_takes_initrd_and_modules),
		TEST(too_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
