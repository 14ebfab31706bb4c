/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Put a guest's kernel, and what its boot protocol hands it, into memory.
 *
 * It knows nothing of KVM, opens no file and never ends the program. Files
 * may say what they like: nothing outside of them is read, and nothing
 * outside of the guest's memory is written.
 *
 * The kind of a kernel is found by looking at it:
 *
 * - a Linux bzImage (its setup header): the 64-bit boot protocol of Linux,
 *   Documentation/arch/x86/boot.rst, with an initrd;
 * - an ELF executable with a note of Linux, the vmlinux of such a bzImage:
 *   likewise, and it need not be unpacked by the guest;
 * - a Multiboot header in its first 8192 bytes: Multiboot Specification
 *   0.6.96, with modules, of which an initrd is the first;
 * - any other ELF64 executable: vic-kvm's own protocol, boot.h.
 */
#ifndef VIC_KVM_LOAD_H
#define VIC_KVM_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The smallest memory that anything is loaded into. */
#define LOAD_LEAST_MEMORY 0x200000u
/* The most modules, an initrd among them. */
#define LOAD_MAX_MODULES 17

/* A file, all of it. */
struct load_file {
	/* A kernel's file name; a module's file name and arguments. */
	const char *name;
	const unsigned char *bytes;
	size_t size;
};

struct load_request {
	struct load_file kernel;
	/* The command line, without the kernel's name. */
	const char *append;
	/* NULL: there is none. */
	const struct load_file *initrd;
	const struct load_file *modules;
	uint32_t nr_modules;
	/*
	 * The guest's memory from address 0: all zero but for the first page
	 * and what vic-kvm keeps in BOOT_BIOS to BOOT_HIGH. What it holds after
	 * a refusal is not specified. At most 4 GiB.
	 */
	unsigned char *memory;
	size_t memory_size;
	/* The address of the ACPI RSDP; 0: there is none. */
	uint32_t rsdp;
	uint32_t nr_vcpus;
	bool x2apic;
};

/* How vCPU 0 starts. */
struct load_start {
	/* 64-bit mode with paging; else 32-bit mode without. */
	bool long_mode;
	/*
	 * The local APIC is as firmware leaves it: enabled, LINT0 takes what
	 * the 8259s send, LINT1 NMIs. Else: as after reset.
	 */
	bool firmware_apic;
	/* Selectors of CS and of the other segments; GDT entries 1 to 3. */
	uint16_t code;
	uint16_t data;
	uint64_t entry;
	uint64_t rax;
	uint64_t rbx;
	uint64_t rsi;
	uint64_t rdi;
};

struct load_result {
	struct load_start start;
	/* After a refusal: what is wrong and what to do, one sentence. */
	char why[256];
};

/* Load @request->kernel. False: refused, and @result->why says why. */
bool load_kernel(const struct load_request *request,
		 struct load_result *result);

#endif
