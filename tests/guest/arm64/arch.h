/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What needs an instruction: system registers, MMIO, memory shared by CPUs. */
#ifndef ARCH_H
#define ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD(x) __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define STORE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_SEQ_CST)
#define SWAP(x, value) __atomic_exchange_n(&(x), (value), __ATOMIC_SEQ_CST)
#define ADD(x, value) __atomic_add_fetch(&(x), (value), __ATOMIC_SEQ_CST)

#define SYSREG(name)                                                           \
	static inline uint64_t read_##name(void)                               \
	{                                                                      \
		uint64_t value;                                                \
                                                                               \
		__asm__ volatile("mrs %0, " #name : "=r"(value) : : "memory"); \
		return value;                                                  \
	}                                                                      \
	static inline void write_##name(uint64_t value)                        \
	{                                                                      \
		__asm__ volatile("msr " #name ", %0\n\tisb"                    \
				 :                                             \
				 : "r"(value)                                  \
				 : "memory");                                  \
	}
#define SYSREG_READ(name, assembly)                                    \
	static inline uint64_t read_##name(void)                       \
	{                                                              \
		uint64_t value;                                        \
                                                                       \
		__asm__ volatile(assembly : "=r"(value) : : "memory"); \
		return value;                                          \
	}
#define SYSREG_WRITE(name)                                            \
	static inline void write_##name(uint64_t value)               \
	{                                                             \
		__asm__ volatile("dsb sy\n\tmsr " #name ", %0\n\tisb" \
				 :                                    \
				 : "r"(value)                         \
				 : "memory");                         \
	}

SYSREG(cntv_ctl_el0)
SYSREG(cntv_cval_el0)
SYSREG(icc_bpr0_el1)
SYSREG(icc_bpr1_el1)
SYSREG(icc_ctlr_el1)
SYSREG(icc_igrpen0_el1)
SYSREG(icc_igrpen1_el1)
SYSREG(icc_pmr_el1)
SYSREG(icc_sre_el1)
SYSREG(tpidr_el1)
SYSREG_READ(cntfrq_el0, "mrs %0, cntfrq_el0")
SYSREG_READ(cntvct_el0, "isb\n\tmrs %0, cntvct_el0")
SYSREG_READ(elr_el1, "mrs %0, elr_el1")
SYSREG_READ(esr_el1, "mrs %0, esr_el1")
SYSREG_READ(far_el1, "mrs %0, far_el1")
SYSREG_READ(icc_hppir1_el1, "mrs %0, icc_hppir1_el1")
SYSREG_READ(icc_iar0_el1, "mrs %0, icc_iar0_el1\n\tdsb sy")
SYSREG_READ(icc_iar1_el1, "mrs %0, icc_iar1_el1\n\tdsb sy")
SYSREG_READ(icc_rpr_el1, "mrs %0, icc_rpr_el1")
SYSREG_READ(mpidr_el1, "mrs %0, mpidr_el1")
SYSREG_WRITE(icc_dir_el1)
SYSREG_WRITE(icc_eoir0_el1)
SYSREG_WRITE(icc_eoir1_el1)
SYSREG_WRITE(icc_sgi0r_el1)
SYSREG_WRITE(icc_sgi1r_el1)

/*
 * One load or store with one general register each: what a hypervisor can
 * emulate from the syndrome alone (ISS.ISV = 1).
 */
static inline uint32_t read32(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, [%1]"
			 : "=r"(value)
			 : "r"(address)
			 : "memory");
	return value;
}

static inline void write32(uint64_t address, uint32_t value)
{
	__asm__ volatile("dsb sy\n\tstr %w0, [%1]"
			 :
			 : "r"(value), "r"(address)
			 : "memory");
}

static inline uint64_t read64(uint64_t address)
{
	uint64_t value;

	__asm__ volatile("ldr %0, [%1]"
			 : "=r"(value)
			 : "r"(address)
			 : "memory");
	return value;
}

static inline void write64(uint64_t address, uint64_t value)
{
	__asm__ volatile("dsb sy\n\tstr %0, [%1]"
			 :
			 : "r"(value), "r"(address)
			 : "memory");
}

static inline uint8_t read8(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("ldrb %w0, [%1]"
			 : "=r"(value)
			 : "r"(address)
			 : "memory");
	return (uint8_t)value;
}

static inline void write8(uint64_t address, uint8_t value)
{
	__asm__ volatile("dsb sy\n\tstrb %w0, [%1]"
			 :
			 : "r"((uint32_t)value), "r"(address)
			 : "memory");
}

static inline void irq_off(void)
{
	__asm__ volatile("msr daifset, #3" : : : "memory");
}

/* IRQ and FIQ. What is pending is taken before it returns. */
static inline void irq_on(void)
{
	__asm__ volatile("msr daifclr, #3\n\tisb" : : : "memory");
}

static inline void wfi(void)
{
	__asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

static inline void yield(void)
{
	__asm__ volatile("yield" : : : "memory");
}

#endif
