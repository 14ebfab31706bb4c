/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * vic-kvm's own boot protocol, for a guest with no Multiboot or Linux
 * header. A guest's own header repeats this page.
 *
 * The guest is an ELF64 executable for x86-64, loaded where its segments'
 * p_paddr say: from BOOT_END to BOOT_LOW_END, or at or above BOOT_HIGH
 * (linked at 1 MiB, for one). vCPU 0 enters at e_entry in 64-bit mode:
 *
 *     CS = BOOT_CS, other segments = BOOT_DS, GDT at BOOT_GDT, no IDT
 *     CR3 = BOOT_PML4: the first 4 GiB map to themselves by 2 MiB pages,
 *                      the APIC page at 0xFEE00000 included
 *     RDI = BOOT_PAGE, a struct guest_boot
 *     RSP = BOOT_STACK
 *     RFLAGS = 2: interrupts are off
 *
 * At 0 are the interrupt vectors and the data area of a BIOS of which every
 * function says that it is not supported, for real mode.
 *
 * Between BOOT_BIOS and BOOT_HIGH are the ACPI tables; the RSDP is found by
 * the search that the ACPI specification describes.
 *
 * The other vCPUs are in the state after reset and wait for INIT and SIPI;
 * BOOT_TRAMPOLINE is free for their real-mode code. The APIC id of a vCPU
 * is its index; all local APICs come out of reset in xAPIC mode.
 *
 * With --share FILE the file is memory at BOOT_SHARE: what the guest writes
 * there is in the file when the run has ended.
 *
 * Ports: BOOT_PORT_CONSOLE takes the bytes of the console. BOOT_PORT_EXIT
 * ends the run with exit status (v << 1) | 1 for a write of v. A 16-bit
 * write of BOOT_POWER_OFF to BOOT_PORT_POWER ends it with 0. A write to
 * BOOT_PORT_YIELD lets other threads of the host run, for a guest that spins.
 */
#ifndef VIC_KVM_BOOT_H
#define VIC_KVM_BOOT_H

#include <stdint.h>

#define BOOT_GDT 0x1000u
#define BOOT_PML4 0x2000u
#define BOOT_PDPT 0x3000u
/* The stack grows down from here; RDI points just above. */
#define BOOT_STACK 0x6ff0u
#define BOOT_PAGE 0x7000u
#define BOOT_TRAMPOLINE 0x8000u
/* Other protocols: what they hand to a kernel beside a page at BOOT_PAGE. */
#define BOOT_INFO 0x9000u
#define BOOT_INFO_END 0x10000u
/* Four page directories, one for each GiB. */
#define BOOT_PD 0x10000u
#define BOOT_END 0x14000u
#define BOOT_LOW_END 0xa0000u
/* The BIOS data area: the port of COM1, and the KiB below BOOT_LOW_END. */
#define BOOT_BDA_COM1 0x400u
#define BOOT_BDA_MEMORY 0x413u
#define BOOT_BIOS 0xe0000u
#define BOOT_BIOS_CODE 0xff000u
#define BOOT_HIGH 0x100000u

#define BOOT_SHARE 0xd0000000u
#define BOOT_SHARE_MAX 0x10000000u

#define BOOT_GDT_ENTRIES 4
#define BOOT_CS 0x08u
#define BOOT_DS 0x10u

#define BOOT_MAGIC 0x56494342u
#define BOOT_APPEND_SIZE 1024

struct guest_boot {
	uint32_t magic;
	uint32_t nr_vcpus;
	/* 0: the guest must not switch to x2APIC mode; else 1. */
	uint32_t x2apic_allowed;
	/* 0; a guest ignores it. */
	uint32_t flags;
	/* --append, ended by a 0. */
	char append[BOOT_APPEND_SIZE];
};

#define BOOT_PORT_YIELD 0xe0u
#define BOOT_PORT_EXIT 0xf4u
#define BOOT_PORT_CONSOLE 0x3f8u
#define BOOT_PORT_POWER 0x604u
#define BOOT_POWER_OFF 0x2000u

#endif
