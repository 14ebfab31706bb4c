/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Multiboot Specification 0.6.96: 3.1 the header, 3.2, 3.3 what it gets. */

#include "loading.h"

#include <elf.h>

#define MAGIC 0x1badb002u
#define STARTED 0x2badb002u
#define ADDRESSES 0x10000u
#define HEADER_SIZE 32u

/* Offsets in the information structure. */
#define INFO_FLAGS 0
#define INFO_MEM_LOWER 4
#define INFO_MEM_UPPER 8
#define INFO_CMDLINE 16
#define INFO_MODS_COUNT 20
#define INFO_MODS_ADDR 24
#define INFO_MMAP_LENGTH 44
#define INFO_MMAP_ADDR 48
#define INFO_LOADER_NAME 64

static void put32(struct loading *loading, size_t at, uint32_t value)
{
	memcpy(loading->file + at, &value, sizeof(value));
}

/* The header of a file that is no ELF executable. */
struct header {
	uint32_t flags;
	uint32_t header_addr;
	uint32_t load_addr;
	uint32_t load_end_addr;
	uint32_t bss_end_addr;
	uint32_t entry_addr;
};

#define AT 0x100u

/* A file of 0x1000 bytes: 0x40 of something, then what 0x100000 gets. */
static const struct header plain = {
	.flags = ADDRESSES | 3,
	.header_addr = 0x1000c0,
	.load_addr = 0x100000,
	.load_end_addr = 0x100f80,
	.bss_end_addr = 0x102000,
	.entry_addr = 0x100200,
};

static void
put_header(struct loading *loading, size_t at, const struct header *header)
{
	put32(loading, at, MAGIC);
	put32(loading, at + 8, 0u - MAGIC - header->flags);
	memcpy(loading->file + at + 4, &header->flags, 4);
	memcpy(loading->file + at + 12, &header->header_addr,
	       sizeof(*header) - 4);
}

static void give(struct loading *loading, const struct header *header)
{
	for (size_t i = 0; i < sizeof(loading->file); i++)
		loading->file[i] = (unsigned char)(i * 7 + 1);
	put_header(loading, AT, header);
	loading->request.kernel.size = 0x1000;
}

static uint32_t info(const struct loading *loading, uint32_t field)
{
	return loading_read32(loading, loading->result.start.rbx + field);
}

static const char *string(const struct loading *loading, uint32_t address)
{
	assert_in_range(address, BOOT_INFO, BOOT_INFO_END - 1);
	return (const char *)loading->request.memory + address;
}

static void loads_where_the_header_says(void **state)
{
	struct loading *loading = *state;
	const unsigned char *memory = loading->request.memory;

	give(loading, &plain);
	assert_true(loading_load(loading));
	assert_memory_equal(memory + 0x100000, loading->file + 0x40, 0xf80);
	for (uint32_t i = 0xf80; i < 0x2000; i++)
		assert_int_equal(memory[0x100000 + i], 0);
}

static void starts_as_3_2_says(void **state)
{
	struct loading *loading = *state;
	const struct load_start *start = &loading->result.start;

	give(loading, &plain);
	assert_true(loading_load(loading));
	assert_false(start->long_mode);
	assert_int_equal(start->entry, 0x100200);
	assert_int_equal(start->rax, STARTED);
	assert_in_range(start->rbx, BOOT_INFO, BOOT_INFO_END - 1);
	assert_int_not_equal(start->code, start->data);
}

static void a_load_end_at_the_end_of_the_file(void **state)
{
	struct loading *loading = *state;
	struct header header = plain;

	header.load_end_addr = 0x100fc0;
	header.bss_end_addr = 0;
	give(loading, &header);
	assert_true(loading_load(loading));
	assert_memory_equal(loading->request.memory + 0x100000,
			    loading->file + 0x40, 0xfc0);
}

static void no_load_end_is_all_of_the_file(void **state)
{
	struct loading *loading = *state;
	struct header header = plain;

	header.load_end_addr = 0;
	header.bss_end_addr = 0;
	give(loading, &header);
	assert_true(loading_load(loading));
	assert_memory_equal(loading->request.memory + 0x100000,
			    loading->file + 0x40, 0xfc0);
}

/* The header is 4-byte aligned and within the first 8192 bytes. */
static void where_the_header_is_found(void **state)
{
	static const struct {
		size_t at;
		bool found;
	} places[] = {{0, true},         {4, true},     {2, false},
		      {8192 - 32, true}, {8192, false}, {8192 - 8, false}};
	struct loading *loading = *state;
	const struct header nothing = {0};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct header header = plain;

		give(loading, &nothing);
		memset(loading->file + AT, 0, HEADER_SIZE);
		header.header_addr = header.load_addr;
		header.load_end_addr = 0;
		header.entry_addr = header.load_addr;
		put_header(loading, places[i].at, &header);
		/* It may be the end of the file, too. */
		loading->request.kernel.size = places[i].at + HEADER_SIZE;
		if (places[i].found)
			assert_true(loading_load(loading));
		else
			loading_refused(loading, "neither an ELF");
	}
}

static void a_wrong_checksum_is_no_header(void **state)
{
	struct loading *loading = *state;

	give(loading, &plain);
	loading->file[AT + 8] ^= 1;
	loading_refused(loading, "neither an ELF");
}

/* 3.1.2: flags 0 to 15 that the loader does not know are refused. */
static void required_flags(void **state)
{
	struct loading *loading = *state;

	for (uint32_t bit = 0; bit < 32; bit++) {
		struct header header = plain;

		header.flags = ADDRESSES | 1u << bit;
		give(loading, &header);
		if (bit < 2 || bit > 15)
			assert_true(loading_load(loading));
		else
			loading_refused(loading, "asks for 0x");
	}
}

static void addresses_that_are_wrong(void **state)
{
	static const struct {
		size_t field;
		uint32_t value;
		const char *words;
	} wrong[] = {
		{offsetof(struct header, header_addr), 0xfffff, "before"},
		{offsetof(struct header, header_addr), 0x100101, "before"},
		{offsetof(struct header, header_addr), 0, "before"},
		{offsetof(struct header, load_addr), 0, "before"},
		{offsetof(struct header, load_addr), 0x1000c1, "before"},
		{offsetof(struct header, load_end_addr), 0x100fc1, "ends"},
		{offsetof(struct header, load_end_addr), 0xfffff, "ends"},
		{offsetof(struct header, load_end_addr), UINT32_MAX, "ends"},
		{offsetof(struct header, bss_end_addr), LOADING_MEMORY + 1,
		 "raise --mem"},
		{offsetof(struct header, bss_end_addr), UINT32_MAX,
		 "raise --mem"},
		{offsetof(struct header, entry_addr), 0xfffff, "entry_addr"},
		{offsetof(struct header, entry_addr), 0x100f80, "entry_addr"},
		{offsetof(struct header, flags), 3, "has no addresses"},
	};
	struct loading *loading = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct header header = plain;

		memcpy((char *)&header + wrong[i].field, &wrong[i].value, 4);
		give(loading, &header);
		loading_refused(loading, wrong[i].words);
	}
}

/* Over the page tables and what the kernel is told, or the BIOS area. */
static void addresses_that_are_taken(void **state)
{
	static const uint32_t taken[] = {0,
					 BOOT_INFO,
					 BOOT_INFO_END - 1,
					 BOOT_LOW_END - 0x10,
					 BOOT_BIOS,
					 BOOT_HIGH - 1,
					 LOADING_MEMORY,
					 UINT32_MAX - 0x1000};
	struct loading *loading = *state;

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		struct header header = {
			.flags = ADDRESSES,
			.header_addr = taken[i] + AT,
			.load_addr = taken[i],
			.entry_addr = taken[i],
		};

		give(loading, &header);
		loading_refused(loading, "link it elsewhere");
	}
}

static void a_file_that_is_cut_short(void **state)
{
	struct loading *loading = *state;

	give(loading, &plain);
	for (size_t size = 0; size < 0xfc0; size++) {
		loading->request.kernel.size = size;
		assert_false(loading_load(loading));
		assert_int_not_equal(loading->result.why[0], 0);
	}
}

static void tells_of_memory(void **state)
{
	struct loading *loading = *state;
	uint32_t at, end, ram = 0;
	bool reserved = false;

	give(loading, &plain);
	assert_true(loading_load(loading));
	/* Memory, command line, modules, map, loader name: bits 0 2 3 6 9. */
	assert_int_equal(info(loading, INFO_FLAGS), 0x24d);
	assert_int_equal(info(loading, INFO_MEM_LOWER), 640);
	assert_int_equal(info(loading, INFO_MEM_UPPER),
			 (LOADING_MEMORY >> 10) - 1024);
	at = info(loading, INFO_MMAP_ADDR);
	end = at + info(loading, INFO_MMAP_LENGTH);
	while (at < end) {
		uint64_t base = loading_read64(loading, at + 4);
		uint64_t size = loading_read64(loading, at + 12);

		if (loading_read32(loading, at + 20) == 1)
			ram += (uint32_t)size;
		else
			reserved = base == 0xe0000 && size == 0x20000;
		at += loading_read32(loading, at) + 4;
	}
	assert_int_equal(at, end);
	assert_int_equal(ram, LOADING_MEMORY - 0x60000);
	assert_true(reserved);
}

static void tells_the_command_line(void **state)
{
	struct loading *loading = *state;

	give(loading, &plain);
	loading->request.kernel.name = "dir/kernel";
	assert_true(loading_load(loading));
	assert_string_equal(string(loading, info(loading, INFO_CMDLINE)),
			    "dir/kernel");
	loading->request.append = "a b=c";
	assert_true(loading_load(loading));
	assert_string_equal(string(loading, info(loading, INFO_CMDLINE)),
			    "dir/kernel a b=c");
	assert_string_equal(string(loading, info(loading, INFO_LOADER_NAME)),
			    "vic-kvm");
}

static void a_command_line_that_is_too_long(void **state)
{
	struct loading *loading = *state;
	static char append[BOOT_INFO_END - BOOT_INFO];

	give(loading, &plain);
	memset(append, 'a', sizeof(append) - 1);
	loading->request.append = append;
	loading_refused(loading, "too long");
	/* Room for all the rest. */
	append[sizeof(append) - 0x200] = 0;
	assert_true(loading_load(loading));
}

static void tells_of_modules(void **state)
{
	static const unsigned char bytes[0x1001] = {1, [0x1000] = 2};
	struct loading *loading = *state;
	uint32_t module, start;

	give(loading, &plain);
	loading->initrd = (struct load_file){"initrd", bytes, 0x1001};
	loading->request.initrd = &loading->initrd;
	loading->modules[0] = (struct load_file){"one two", bytes, 1};
	loading->modules[1] = (struct load_file){"none", NULL, 0};
	loading->request.nr_modules = 2;
	assert_true(loading_load(loading));
	assert_int_equal(info(loading, INFO_MODS_COUNT), 3);
	module = info(loading, INFO_MODS_ADDR);
	/* Behind the kernel's .bss, page after page. */
	for (uint32_t i = 0; i < 3; i++, module += 16) {
		static const uint32_t starts[] = {0x102000, 0x104000, 0x105000};
		static const uint32_t sizes[] = {0x1001, 1, 0};
		static const char *const names[] = {"initrd", "one two",
						    "none"};

		start = loading_read32(loading, module);
		assert_int_equal(start, starts[i]);
		assert_int_equal(loading_read32(loading, module + 4),
				 start + sizes[i]);
		assert_string_equal(
			string(loading, loading_read32(loading, module + 8)),
			names[i]);
		assert_memory_equal(loading->request.memory + start, bytes,
				    sizes[i]);
	}
}

static void modules_that_have_no_room(void **state)
{
	static unsigned char bytes[LOADING_MEMORY];
	struct loading *loading = *state;

	give(loading, &plain);
	loading->modules[0] =
		(struct load_file){"fits", bytes, LOADING_MEMORY - 0x102000};
	loading->request.nr_modules = 1;
	assert_true(loading_load(loading));
	loading->modules[0].size++;
	loading_refused(loading, "raise --mem");
}

static void too_many_modules(void **state)
{
	struct loading *loading = *state;

	give(loading, &plain);
	for (uint32_t i = 0; i <= LOAD_MAX_MODULES; i++)
		loading->modules[i].name = "module";
	loading->request.nr_modules = LOAD_MAX_MODULES;
	assert_true(loading_load(loading));
	assert_int_equal(info(loading, INFO_MODS_COUNT), LOAD_MAX_MODULES);
	loading->request.nr_modules++;
	loading_refused(loading, "modules; drop some");
	loading->request.nr_modules--;
	loading->request.initrd = &loading->modules[0];
	loading_refused(loading, "modules; drop some");
}

/* An ELF32 executable: what it says of itself counts, but for bit 16. */
static void give_elf(struct loading *loading, uint32_t entry, uint32_t flags)
{
	const struct header header = {.flags = flags,
				      .header_addr = 0x200000 + AT,
				      .load_addr = 0x200000,
				      .entry_addr = 0x200200};
	Elf32_Ehdr elf = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_386,
		.e_entry = entry,
		.e_phoff = sizeof(elf),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = 1,
	};
	const Elf32_Phdr segment = {.p_type = PT_LOAD,
				    .p_offset = 0x800,
				    .p_vaddr = 0xc0180000,
				    .p_paddr = 0x180000,
				    .p_filesz = 0x800,
				    .p_memsz = 0x1800};

	give(loading, &header);
	memcpy(loading->file, &elf, sizeof(elf));
	memcpy(loading->file + sizeof(elf), &segment, sizeof(segment));
}

static void an_elf_executable(void **state)
{
	struct loading *loading = *state;

	give_elf(loading, 0x180010, 3);
	assert_true(loading_load(loading));
	assert_int_equal(loading->result.start.entry, 0x180010);
	assert_memory_equal(loading->request.memory + 0x180000,
			    loading->file + 0x800, 0x800);
	assert_int_equal(loading->result.start.rax, STARTED);
}

/* A kernel that is linked to high addresses and loaded to low ones. */
static void an_entry_that_is_virtual(void **state)
{
	struct loading *loading = *state;

	give_elf(loading, 0xc0180000, 3);
	assert_true(loading_load(loading));
	assert_int_equal(loading->result.start.entry, 0x180000);
	give_elf(loading, 0xc01817ff, 3);
	assert_true(loading_load(loading));
	assert_int_equal(loading->result.start.entry, 0x1817ff);
	give_elf(loading, 0xc0181800, 3);
	loading_refused(loading, "entry point 0xc0181800");
}

/* Its three fields are the last of the 8192 bytes. */
static void a_short_header_at_the_end(void **state)
{
	const struct header short_header = {.flags = 3};
	struct loading *loading = *state;
	unsigned char kept[HEADER_SIZE];

	give_elf(loading, 0x180010, 3);
	memset(loading->file + AT, 0, HEADER_SIZE);
	memcpy(kept, loading->file + 8192, HEADER_SIZE);
	put_header(loading, 8192 - 12, &short_header);
	memcpy(loading->file + 8192, kept, HEADER_SIZE);
	loading->request.kernel.size = 8192;
	assert_true(loading_load(loading));
	assert_int_equal(loading->result.start.rax, STARTED);
}

static void bit_16_overrides_the_elf_header(void **state)
{
	struct loading *loading = *state;

	give_elf(loading, 0x180010, ADDRESSES);
	assert_true(loading_load(loading));
	assert_int_equal(loading->result.start.entry, 0x200200);
	assert_memory_equal(loading->request.memory + 0x200000, loading->file,
			    0x1000);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, loading_setup, loading_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(loads_where_the_header_says),
		TEST(starts_as_3_2_says),
		TEST(a_load_end_at_the_end_of_the_file),
		TEST(no_load_end_is_all_of_the_file),
		TEST(where_the_header_is_found),
		TEST(a_wrong_checksum_is_no_header),
		TEST(required_flags),
		TEST(addresses_that_are_wrong),
		TEST(addresses_that_are_taken),
		TEST(a_file_that_is_cut_short),
		TEST(tells_of_memory),
		TEST(tells_the_command_line),
		TEST(a_command_line_that_is_too_long),
		TEST(tells_of_modules),
		TEST(modules_that_have_no_room),
		TEST(too_many_modules),
		TEST(an_elf_executable),
		TEST(an_entry_that_is_virtual),
		TEST(a_short_header_at_the_end),
		TEST(bit_16_overrides_the_elf_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
