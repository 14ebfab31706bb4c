/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What a Multiboot loader hands over: Multiboot Specification, 3.2 and 3.3. */

#include "kernel.h"

#define MAGIC 0x2badb002u

#define FLAGS_CF (1u << 0)
#define EFLAGS_IF (1u << 9)
#define EFLAGS_VM (1u << 17)
#define CR0_PE (1u << 0)
#define CR0_PG (1u << 31)

#define INFO_MEMORY (1u << 0)
#define INFO_CMDLINE (1u << 2)
#define INFO_MODULES (1u << 3)
#define INFO_MAP (1u << 6)
#define INFO_LOADER_NAME (1u << 9)

#define MAP_RAM 1u

/* On purpose not the loader's structures: their mistakes would not show. */
struct info {
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

struct module {
	uint32_t start;
	uint32_t end;
	uint32_t string;
	uint32_t reserved;
};

struct region {
	uint32_t size;
	uint64_t base;
	uint64_t length;
	uint32_t type;
} __attribute__((packed));

extern const char image_start[], bss_end[];

static const struct info *info(void)
{
	return at(state.ebx);
}

static const char *cmdline(void)
{
	return at(info()->cmdline);
}

uint32_t option(const char *name, uint32_t otherwise)
{
	const char *text = cmdline();
	size_t size = length(name);
	uint32_t value = 0;

	while (*text && !(text[0] == ' ' && equal(text + 1, name, size) &&
			  (text[size + 1] == '=' || text[size + 1] == ' ' ||
			   !text[size + 1])))
		text++;
	if (!*text)
		return otherwise;
	text += size + 1;
	if (*text++ != '=')
		return 1;
	while (*text >= '0' && *text <= '9')
		value = value * 10 + (uint32_t)(*text++ - '0');
	return value;
}

void check_entry(void)
{
	check("entry.magic", state.eax == MAGIC);
	check("entry.protected_mode",
	      state.cr0 & CR0_PE && !(state.cr0 & CR0_PG));
	check("entry.flags", !(state.eflags & (EFLAGS_IF | EFLAGS_VM)));
	/* There is no BIOS, but calls of it come back and say so. */
	check("entry.bios_call",
	      state.bios_ax >> 8 == 0x86 && state.bios_flags & FLAGS_CF);
	/* As firmware leaves it: enabled, LINT0 ExtINT, LINT1 NMI. */
	check("entry.local_apic", state.svr & 0x100 &&
					  (state.lint0 & 0x107ff) == 0x700 &&
					  (state.lint1 & 0x107ff) == 0x400);
	check("entry.selectors",
	      state.cs && state.ds && state.ss && state.cs != state.ds);
}

/* Address 1 MiB is not address 0. */
static void check_a20(void)
{
	uintptr_t address = 0x500;

	/* The compiler must not know where this is. */
	__asm__("" : "+r"(address));
	volatile uint32_t *low = (volatile uint32_t *)address;
	volatile uint32_t *high = (volatile uint32_t *)(address + 0x100000);

	*low = 1;
	*high = 2;
	check("info.a20", *low == 1 && *high == 2);
}

static void check_map(void)
{
	const struct info *given = info();
	uint64_t kernel = (uintptr_t)image_start, last = 0, top = 0;
	uint64_t end = (uintptr_t)bss_end;
	bool sorted = true, holds = false, apic = false;

	for (uint32_t offset = 0; offset < given->mmap_length;) {
		const struct region *region = at(given->mmap_addr + offset);
		uint64_t stop = region->base + region->length;

		sorted = sorted && region->base >= last;
		last = stop;
		if (region->type == MAP_RAM) {
			top = stop;
			holds = holds ||
				(kernel >= region->base && end <= stop);
			apic = apic || (region->base <= 0xfee00000u &&
					0xfee00000u < stop);
		}
		offset += region->size + 4;
	}
	check("info.map_sorted", sorted);
	check("info.map_has_kernel", holds);
	check("info.map_spares_apic", !apic);
	check("info.mem_lower", given->mem_lower == 640);
	check("info.mem_upper", given->mem_upper == (top >> 10) - 1024 &&
					top >> 20 == option("mem", 64));
}

/* Each on a line of its own, for whoever started this. */
static void print_modules(void)
{
	const struct info *given = info();
	const struct module *modules = at(given->mods_addr);
	uint32_t free = (uint32_t)(uintptr_t)bss_end;
	bool aligned = true, apart = true;

	for (uint32_t i = 0; i < given->mods_count; i++) {
		const unsigned char *bytes = at(modules[i].start);
		uint64_t sum = 0;

		for (uint32_t at = 0; at < modules[i].end - modules[i].start;
		     at++)
			sum = sum * 31 + bytes[at];
		aligned = aligned && !(modules[i].start & 0xfff);
		apart = apart && modules[i].start >= free;
		free = modules[i].end;
		print("module ");
		print_number(modules[i].end - modules[i].start);
		print(" ");
		print_number(sum);
		print(" ");
		print(at(modules[i].string));
		print("\n");
	}
	check("info.modules_aligned", aligned);
	check("info.modules_apart", apart);
}

void check_info(void)
{
	const uint32_t needed = INFO_MEMORY | INFO_CMDLINE | INFO_MODULES |
				INFO_MAP | INFO_LOADER_NAME;

	check("info.flags", (info()->flags & needed) == needed);
	print("cmdline ");
	print(cmdline());
	print("\nloader ");
	print(at(info()->boot_loader_name));
	print("\n");
	check_a20();
	check_map();
	print_modules();
}
