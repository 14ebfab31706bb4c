/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Linux bzImages: the kernel's Documentation/arch/x86/boot.rst, "The Real-
 * Mode Kernel Header" and "64-bit Boot Protocol", and zero-page.rst.
 */

#include "loading.h"

#include <elf.h>

/* Offsets in the file and in the zero page. */
#define SETUP_SECTS 0x1f1
#define SYSSIZE 0x1f4
#define BOOT_FLAG 0x1fe
#define JUMP 0x200
#define HEADER 0x202
#define VERSION 0x206
#define TYPE_OF_LOADER 0x210
#define LOADFLAGS 0x211
#define RAMDISK_IMAGE 0x218
#define RAMDISK_SIZE 0x21c
#define CMD_LINE_PTR 0x228
#define INITRD_ADDR_MAX 0x22c
#define KERNEL_ALIGNMENT 0x230
#define RELOCATABLE_KERNEL 0x234
#define XLOADFLAGS 0x236
#define CMDLINE_SIZE 0x238
#define SETUP_DATA 0x250
#define PREF_ADDRESS 0x258
#define INIT_SIZE 0x260
#define ACPI_RSDP_ADDR 0x070
#define E820_ENTRIES 0x1e8
#define E820_TABLE 0x2d0

#define KERNEL_AT 0x1400u
#define KERNEL_SIZE 0x1000u

static void
put(struct loading *loading, uint32_t at, uint64_t value, uint32_t size)
{
	memcpy(loading->file + at, &value, size);
}

/* 9 sectors of setup, 4 KiB of kernel. */
static void give(struct loading *loading)
{
	memset(loading->file, 0, sizeof(loading->file));
	for (uint32_t i = 0; i < KERNEL_SIZE; i++)
		loading->file[KERNEL_AT + i] = (unsigned char)(i * 5 + 3);
	loading->request.kernel.size = KERNEL_AT + KERNEL_SIZE;
	put(loading, SETUP_SECTS, KERNEL_AT / 512 - 1, 1);
	put(loading, SYSSIZE, KERNEL_SIZE / 16, 4);
	put(loading, BOOT_FLAG, 0xaa55, 2);
	/* A jump over the header, the end of which it so tells. */
	put(loading, JUMP, 0x6aeb, 2);
	put(loading, HEADER, 0x53726448, 4);
	put(loading, VERSION, 0x20f, 2);
	put(loading, LOADFLAGS, 1, 1);
	put(loading, INITRD_ADDR_MAX, 0x7fffffff, 4);
	put(loading, KERNEL_ALIGNMENT, 0x200000, 4);
	put(loading, RELOCATABLE_KERNEL, 1, 1);
	put(loading, XLOADFLAGS, 1, 2);
	put(loading, CMDLINE_SIZE, 2047, 4);
	put(loading, PREF_ADDRESS, 0x300000, 8);
	put(loading, INIT_SIZE, 0x10000, 4);
}

static uint32_t zero_page(const struct loading *loading, uint32_t field)
{
	return loading_read32(loading, loading->result.start.rsi + field);
}

static void starts_at_the_preferred_address(void **state)
{
	struct loading *loading = *state;
	const struct load_start *start = &loading->result.start;

	give(loading);
	assert_true(loading_load(loading));
	assert_memory_equal(loading->request.memory + 0x300000,
			    loading->file + KERNEL_AT, KERNEL_SIZE);
	assert_true(start->long_mode);
	assert_true(start->firmware_apic);
	assert_int_equal(start->entry, 0x300200);
	/* __BOOT_CS, __BOOT_DS. */
	assert_int_equal(start->code, 0x10);
	assert_int_equal(start->data, 0x18);
}

static void elsewhere_if_it_may(void **state)
{
	struct loading *loading = *state;

	give(loading);
	put(loading, INIT_SIZE, 0x100001, 4);
	assert_true(loading_load(loading));
	assert_int_equal(loading->result.start.entry, 0x200200);
	put(loading, RELOCATABLE_KERNEL, 0, 1);
	loading_refused(loading, "raise --mem");
}

static void memory_that_it_needs(void **state)
{
	static const struct {
		uint64_t pref;
		uint32_t alignment;
		uint32_t init_size;
		uint64_t entry;
	} cases[] = {
		{0x300000, 0x200000, 0x100000, 0x300200},
		{0x300000, 0x200000, 0x200000, 0x200200},
		{0x300000, 0x200000, 0x200001, 0},
		{0x300000, 0x100000, 0x300000, 0x100200},
		{0x300000, 0x100000, 0x300001, 0},
		{0x300000, 0x100000, UINT32_MAX, 0},
		{0x300000, 0, 0x200000, 0},
		{0x300000, 0x300000, 0x200000, 0},
		{0x300000, 0x80000000, 0x200000, 0},
		{UINT64_MAX, 0x200000, 0x1000, 0x200200},
		{0, 0x200000, 0x1000, 0x200200},
		{BOOT_HIGH - 1, 0x200000, 0x1000, 0x200200},
		{LOADING_MEMORY - 0x1000, 0x200000, 0x1000,
		 LOADING_MEMORY - 0xe00},
		/* Less than the file has. */
		{LOADING_MEMORY - 0x800, 0x200000, 0x800, 0x200200},
	};
	struct loading *loading = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		give(loading);
		put(loading, PREF_ADDRESS, cases[i].pref, 8);
		put(loading, KERNEL_ALIGNMENT, cases[i].alignment, 4);
		put(loading, INIT_SIZE, cases[i].init_size, 4);
		if (!cases[i].entry) {
			loading_refused(loading, "raise --mem");
			continue;
		}
		assert_true(loading_load(loading));
		assert_int_equal(loading->result.start.entry, cases[i].entry);
	}
}

static void no_setup_sects_means_four(void **state)
{
	struct loading *loading = *state;

	give(loading);
	put(loading, SETUP_SECTS, 0, 1);
	assert_true(loading_load(loading));
	assert_memory_equal(loading->request.memory + 0x300000,
			    loading->file + 5 * 512, KERNEL_SIZE);
}

static void the_zero_page(void **state)
{
	struct loading *loading = *state;
	const unsigned char *page;
	uint64_t ram = 0;

	give(loading);
	loading->request.rsdp = 0xf0000;
	assert_true(loading_load(loading));
	page = loading->request.memory + loading->result.start.rsi;
	/* The header to its end, 0x202 + 0x6a; the loader's fields apart. */
	assert_memory_equal(page + SETUP_SECTS, loading->file + SETUP_SECTS,
			    TYPE_OF_LOADER - SETUP_SECTS);
	assert_memory_equal(page + INITRD_ADDR_MAX,
			    loading->file + INITRD_ADDR_MAX,
			    0x26c - INITRD_ADDR_MAX);
	assert_int_equal(page[TYPE_OF_LOADER], 0xff);
	assert_int_equal(zero_page(loading, ACPI_RSDP_ADDR), 0xf0000);
	assert_int_equal(page[E820_ENTRIES], 3);
	for (uint32_t i = 0; i < 3; i++) {
		uint64_t entry =
			loading->result.start.rsi + E820_TABLE + i * 20;

		if (loading_read32(loading, entry + 16) == 1)
			ram += loading_read64(loading, entry + 8);
	}
	assert_int_equal(ram, LOADING_MEMORY - 0x60000);
}

/* Nothing that the file has behind its header, or instead of a loader. */
static void what_is_not_the_headers(void **state)
{
	struct loading *loading = *state;
	const unsigned char *page;

	give(loading);
	memset(loading->file, 0xff, SETUP_SECTS);
	memset(loading->file + 0x26c, 0xff, 0x1000 - 0x26c);
	put(loading, RAMDISK_IMAGE, 0x1234, 4);
	put(loading, RAMDISK_SIZE, 0x1234, 4);
	put(loading, SETUP_DATA, 0x123456789a, 8);
	assert_true(loading_load(loading));
	page = loading->request.memory + loading->result.start.rsi;
	for (uint32_t i = 0; i < E820_ENTRIES; i++)
		assert_int_equal(page[i], 0);
	for (uint32_t i = 0x26c; i < E820_TABLE; i++)
		assert_int_equal(page[i], 0);
	for (uint32_t i = E820_TABLE + 3 * 20; i < 0x1000; i++)
		assert_int_equal(page[i], 0);
	assert_int_equal(zero_page(loading, RAMDISK_IMAGE), 0);
	assert_int_equal(zero_page(loading, RAMDISK_SIZE), 0);
	assert_int_equal(zero_page(loading, SETUP_DATA), 0);
	assert_int_equal(zero_page(loading, SETUP_DATA + 4), 0);
}

static void the_command_line(void **state)
{
	struct loading *loading = *state;
	char append[2049];

	give(loading);
	memset(append, 'a', 2047);
	append[2047] = 0;
	loading->request.append = append;
	assert_true(loading_load(loading));
	assert_string_equal((const char *)loading->request.memory +
				    zero_page(loading, CMD_LINE_PTR),
			    append);
	append[2047] = 'a';
	append[2048] = 0;
	loading_refused(loading, "--append is longer than the 2047 bytes");
	/* vic-kvm's own limit. */
	put(loading, CMDLINE_SIZE, UINT32_MAX, 4);
	assert_true(loading_load(loading));
}

static void the_initrd(void **state)
{
	static unsigned char bytes[LOADING_MEMORY];
	struct loading *loading = *state;
	uint32_t address;

	give(loading);
	for (uint32_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i % 251);
	loading->initrd = (struct load_file){"initrd", bytes, 0x10001};
	loading->request.initrd = &loading->initrd;
	assert_true(loading_load(loading));
	/* As high as a page allows. */
	address = zero_page(loading, RAMDISK_IMAGE);
	assert_int_equal(address, LOADING_MEMORY - 0x11000);
	assert_int_equal(zero_page(loading, RAMDISK_SIZE), 0x10001);
	assert_memory_equal(loading->request.memory + address, bytes, 0x10001);

	put(loading, INITRD_ADDR_MAX, LOADING_MEMORY - 0x8000, 4);
	assert_true(loading_load(loading));
	assert_int_equal(zero_page(loading, RAMDISK_IMAGE),
			 LOADING_MEMORY - 0x18000);
}

static void an_initrd_without_room(void **state)
{
	static unsigned char bytes[LOADING_MEMORY + 1];
	struct loading *loading = *state;

	give(loading);
	loading->request.initrd = &loading->initrd;
	/* The kernel takes 0x300000 to 0x310000. */
	loading->initrd = (struct load_file){"initrd", bytes, 0xf0000};
	assert_true(loading_load(loading));
	loading->initrd.size++;
	loading_refused(loading, "raise --mem");
	loading->initrd.size = LOADING_MEMORY + 1;
	loading_refused(loading, "raise --mem");
	loading->initrd.size = 1;
	put(loading, INITRD_ADDR_MAX, 0x30ffff, 4);
	loading_refused(loading, "raise --mem");
	put(loading, INITRD_ADDR_MAX, 0, 4);
	loading_refused(loading, "raise --mem");
}

static void kernels_that_are_too_old(void **state)
{
	static const struct {
		uint32_t at;
		uint32_t value;
	} old[] = {{VERSION, 0x20b}, {LOADFLAGS, 0}, {XLOADFLAGS, 2}};
	struct loading *loading = *state;

	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		give(loading);
		put(loading, old[i].at, old[i].value,
		    old[i].at == LOADFLAGS ? 1 : 2);
		loading_refused(loading, "64-bit mode");
	}
}

static void a_file_that_is_cut_short(void **state)
{
	struct loading *loading = *state;

	give(loading);
	for (size_t size = 0; size <= KERNEL_AT + KERNEL_SIZE - 16; size++) {
		loading->request.kernel.size = size;
		assert_false(loading_load(loading));
	}
	/* syssize counts 16 bytes each; files need not have all of the last. */
	for (size_t size = KERNEL_AT + KERNEL_SIZE - 15;
	     size <= KERNEL_AT + KERNEL_SIZE; size++) {
		loading->request.kernel.size = size;
		assert_true(loading_load(loading));
	}
	give(loading);
	put(loading, SYSSIZE, KERNEL_SIZE / 16 + 1, 4);
	loading_refused(loading, "cut short");
	put(loading, SYSSIZE, UINT32_MAX, 4);
	loading_refused(loading, "cut short");
	/* The entry point is at 0x200. */
	put(loading, SYSSIZE, 0x20, 4);
	loading_refused(loading, "cut short");
	give(loading);
	put(loading, SETUP_SECTS, 0xff, 1);
	loading_refused(loading, "cut short");
}

static void what_follows_the_kernel_is_not_loaded(void **state)
{
	struct loading *loading = *state;

	give(loading);
	put(loading, KERNEL_AT + KERNEL_SIZE, UINT32_MAX, 4);
	loading->request.kernel.size += 4;
	assert_true(loading_load(loading));
	assert_int_equal(loading_read32(loading, 0x300000 + KERNEL_SIZE), 0);
}

/* The ELF executable in a bzImage, which has a note of Linux. */
#define VMLINUX_NOTE 0x200u
#define VMLINUX_SEGMENT 0x1000u

static void give_vmlinux(struct loading *loading, const char *owner)
{
	const Elf64_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_entry = 0x100010,
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
	};
	const Elf64_Phdr segments[2] = {
		{.p_type = PT_LOAD,
		 .p_offset = VMLINUX_SEGMENT,
		 .p_vaddr = 0xffffffff80100000,
		 .p_paddr = 0x100000,
		 .p_filesz = 0x1000,
		 .p_memsz = 0x80000},
		/* One of somebody else, and one of @owner. */
		{.p_type = PT_NOTE, .p_offset = VMLINUX_NOTE, .p_filesz = 44},
	};
	const Elf64_Nhdr notes[2] = {
		{.n_namesz = 4, .n_descsz = 3, .n_type = 1},
		{.n_namesz = 6, .n_type = 1},
	};

	memset(loading->file, 0, sizeof(loading->file));
	memcpy(loading->file, &header, sizeof(header));
	memcpy(loading->file + sizeof(header), segments, sizeof(segments));
	memcpy(loading->file + VMLINUX_NOTE, &notes[0], 12);
	memcpy(loading->file + VMLINUX_NOTE + 12, "GNU", 4);
	memcpy(loading->file + VMLINUX_NOTE + 20, &notes[1], 12);
	memcpy(loading->file + VMLINUX_NOTE + 32, owner, strlen(owner) + 1);
	for (uint32_t i = 0; i < 0x1000; i++)
		loading->file[VMLINUX_SEGMENT + i] = (unsigned char)(i * 3);
	loading->request.kernel.size = VMLINUX_SEGMENT + 0x1000;
}

static void vmlinux_is_started_likewise(void **state)
{
	static const unsigned char initrd[] = "initrd";
	struct loading *loading = *state;
	const struct load_start *start = &loading->result.start;
	const unsigned char *page;

	give_vmlinux(loading, "Linux");
	loading->initrd = (struct load_file){"initrd", initrd, 6};
	loading->request.initrd = &loading->initrd;
	loading->request.append = "an argument";
	loading->request.rsdp = 0xf0000;
	assert_true(loading_load(loading));
	assert_memory_equal(loading->request.memory + 0x100000,
			    loading->file + VMLINUX_SEGMENT, 0x1000);
	assert_true(start->long_mode);
	assert_int_equal(start->entry, 0x100010);
	assert_int_equal(start->code, 0x10);
	assert_int_equal(start->data, 0x18);
	page = loading->request.memory + start->rsi;
	assert_memory_equal(page + HEADER, "HdrS", 4);
	assert_int_equal(page[TYPE_OF_LOADER], 0xff);
	assert_int_equal(page[E820_ENTRIES], 3);
	assert_int_equal(zero_page(loading, ACPI_RSDP_ADDR), 0xf0000);
	assert_int_equal(zero_page(loading, RAMDISK_IMAGE),
			 LOADING_MEMORY - 0x1000);
	assert_int_equal(zero_page(loading, RAMDISK_SIZE), 6);
	assert_string_equal((const char *)loading->request.memory +
				    zero_page(loading, CMD_LINE_PTR),
			    "an argument");
}

static void a_note_at_the_end_of_its_segment(void **state)
{
	struct loading *loading = *state;

	give_vmlinux(loading, "Linux");
	put(loading, 64 + 56 + 32, 38, 8);
	assert_true(loading_load(loading));
	assert_int_equal(loading->result.start.rsi, BOOT_PAGE);
}

/* It says nothing of how 32-bit kernels are started. */
static void a_32_bit_vmlinux_is_refused(void **state)
{
	const Elf32_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_386,
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = 1,
	};
	const Elf32_Phdr note = {
		.p_type = PT_NOTE, .p_offset = VMLINUX_NOTE, .p_filesz = 44};
	struct loading *loading = *state;

	give_vmlinux(loading, "Linux");
	memset(loading->file, 0, VMLINUX_NOTE);
	memcpy(loading->file, &header, sizeof(header));
	memcpy(loading->file + sizeof(header), &note, sizeof(note));
	loading_refused(loading, "a 32-bit ELF");
}

static void without_the_note_it_is_no_vmlinux(void **state)
{
	struct loading *loading = *state;

	give_vmlinux(loading, "Linus");
	assert_true(loading_load(loading));
	assert_int_equal(loading->result.start.rdi, BOOT_PAGE);
	/* The note is cut short by its segment, or by the file. */
	give_vmlinux(loading, "Linux");
	put(loading, 64 + 56 + 32, 43 - 6, 8);
	assert_true(loading_load(loading));
	assert_int_equal(loading->result.start.rdi, BOOT_PAGE);
	give_vmlinux(loading, "Linux");
	put(loading, 64 + 56 + 32, UINT64_MAX, 8);
	assert_true(loading_load(loading));
	assert_int_equal(loading->result.start.rdi, BOOT_PAGE);
	/* The note before it is longer than all. */
	give_vmlinux(loading, "Linux");
	put(loading, VMLINUX_NOTE, UINT32_MAX, 4);
	assert_true(loading_load(loading));
	assert_int_equal(loading->result.start.rdi, BOOT_PAGE);
}

static void modules_are_not_for_linux(void **state)
{
	struct loading *loading = *state;

	give(loading);
	loading->request.nr_modules = 1;
	loading_refused(loading, "no --module");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, loading_setup, loading_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(starts_at_the_preferred_address),
		TEST(elsewhere_if_it_may),
		TEST(memory_that_it_needs),
		TEST(no_setup_sects_means_four),
		TEST(the_zero_page),
		TEST(what_is_not_the_headers),
		TEST(the_command_line),
		TEST(the_initrd),
		TEST(an_initrd_without_room),
		TEST(kernels_that_are_too_old),
		TEST(a_file_that_is_cut_short),
		TEST(what_follows_the_kernel_is_not_loaded),
		TEST(vmlinux_is_started_likewise),
		TEST(a_note_at_the_end_of_its_segment),
		TEST(a_32_bit_vmlinux_is_refused),
		TEST(without_the_note_it_is_no_vmlinux),
		TEST(modules_are_not_for_linux),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
