/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* System registers, barriers and device registers. */
#ifndef EL2_SYSREG_H
#define EL2_SYSREG_H

#include <stdint.h>

/* The name is the manual's, in lower case as the assembler wants it. */
#define sysreg_read(name)                                                    \
	__extension__({                                                      \
		uint64_t value_;                                             \
		__asm__ volatile("mrs %0, " #name : "=r"(value_)::"memory"); \
		value_;                                                      \
	})
#define sysreg_write(name, value)                                            \
	__asm__ volatile("msr " #name ", %x0" ::"rZ"((uint64_t)(value))      \
			 : "memory")

static inline void isb(void)
{
	__asm__ volatile("isb" ::: "memory");
}

static inline void dsb(void)
{
	__asm__ volatile("dsb ish" ::: "memory");
}

static inline void wait_for_interrupt(void)
{
	__asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

static inline uint32_t mmio_read32(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address)
			 : "memory");
	return value;
}

static inline void mmio_write32(uint64_t address, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(address)
			 : "memory");
}

static inline uint64_t counter_now(void)
{
	isb();
	return sysreg_read(cntpct_el0);
}

#endif
