/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A test kernel as projects that make hypervisors keep them: it is started
 * by a Multiboot loader, writes to the serial port and leaves through port
 * 0xf4. It knows nothing of vic-kvm beside its command line, words of which
 * choose what it does:
 *
 *     cpus=N     so many CPUs the ACPI tables have to name
 *     mem=MIB    so much memory there has to be
 *     poweroff   leave as ACPI says, not through port 0xf4
 *     unusual    execute CRC32, which not every KVM can emulate
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct entry_state {
	uint32_t eax;
	uint32_t ebx;
	uint32_t eflags;
	uint32_t cr0;
	uint16_t cs;
	uint16_t ds;
	uint16_t ss;
	uint16_t unused;
	/* After an INT 0x15 with AX = 0xe820, in real mode. */
	uint16_t bios_ax;
	uint16_t bios_flags;
	/* Of the local APIC. */
	uint32_t svr;
	uint32_t lint0;
	uint32_t lint1;
};

extern const struct entry_state state;

/* One line and one verdict. */
void check(const char *name, bool passed);
void print(const char *text);
void print_number(uint64_t value);

/* The number behind @name in the command line, or @otherwise. */
uint32_t option(const char *name, uint32_t otherwise);
bool equal(const void *a, const void *b, size_t size);
size_t length(const char *string);

static inline void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint16_t in16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

/* At an address that only the machine knows. */
static inline const void *at(uint64_t address)
{
	return (const void *)(uintptr_t)address;
}

/* info.c, tables.c, traps.c: their checks. */
void check_entry(void);
void check_info(void);
void check_tables(void);
void check_traps(void);
/* After check_traps(). */
void check_timer(void);
/* Leave as the ACPI tables say. */
void power_off(void);
void unusual(void);

#endif
