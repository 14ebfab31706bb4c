/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The guest's own view of the local APIC, from SDM vol. 3 chapter "Advanced
 * Programmable Interrupt Controller". It shares nothing with libvic on
 * purpose: a slip in libvic's definitions must show.
 */
#ifndef GUEST_APIC_H
#define GUEST_APIC_H

#include "guest.h"

/* Offsets in the page; the MSR is 0x800 + offset / 16. */
enum apic_reg {
	APIC_ID = 0x20,
	APIC_VERSION = 0x30,
	APIC_TPR = 0x80,
	APIC_PPR = 0xa0,
	APIC_EOI = 0xb0,
	APIC_LDR = 0xd0,
	APIC_DFR = 0xe0,
	APIC_SVR = 0xf0,
	APIC_ISR = 0x100,
	APIC_TMR = 0x180,
	APIC_IRR = 0x200,
	APIC_ESR = 0x280,
	APIC_ICR = 0x300,
	APIC_ICR2 = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330,
	APIC_LVT_PERF = 0x340,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_ICR = 0x380,
	APIC_TIMER_CCR = 0x390,
	APIC_TIMER_DCR = 0x3e0,
	APIC_SELF_IPI = 0x3f0,
};

#define APIC_MSR(reg) (0x800u + (uint32_t)(reg) / 16)

/* IA32_APIC_BASE */
#define BASE_ADDRESS 0xfee00000u
#define BASE_BSP (1u << 8)
#define BASE_EXTD (1u << 10)
#define BASE_EN (1u << 11)

#define SVR_ENABLE (1u << 8)
/* What every running CPU of this guest has there. */
#define SVR_NORMAL (SVR_ENABLE | VECTOR_SPURIOUS)
/* No EOI is told to the IOAPIC (SDM 10.8.5). */
#define SVR_SUPPRESS (1u << 12)

#define ESR_SEND_ILLEGAL (1u << 5)
#define ESR_RECEIVE_ILLEGAL (1u << 6)

#define ESR_ILLEGAL_REGISTER (1u << 7)

/* Entries of the local vector table; what they are after reset. */
#define LVT_MASKED (1u << 16)
#define LVT_EXTINT (7u << 8)
#define LVT_ONE_SHOT 0u
#define LVT_PERIODIC (1u << 17)
#define LVT_TSC_DEADLINE (2u << 17)
/* The divide configuration for 1. */
#define DCR_1 0xbu

/* ICR */
#define ICR_FIXED 0u
#define ICR_LOWEST (1u << 8)
#define ICR_NMI (4u << 8)
#define ICR_INIT (5u << 8)
#define ICR_SIPI (6u << 8)
#define ICR_LOGICAL (1u << 11)
#define ICR_BUSY (1u << 12)
#define ICR_ASSERT (1u << 14)
#define ICR_LEVEL (1u << 15)
#define ICR_SELF (1u << 18)
#define ICR_ALL (2u << 18)
#define ICR_OTHERS (3u << 18)

/* A register in a page that may be anywhere. */
volatile uint32_t *page_at(uint32_t address, enum apic_reg reg);
/* A register of this CPU's APIC, in the mode it is in. */
uint32_t apic_read(enum apic_reg reg);
void apic_write(enum apic_reg reg, uint32_t value);
/* The same destination in both modes, but for logical ones. */
void apic_send(uint32_t icr, uint32_t dest);
void apic_send_self(uint32_t vector);
/* From a handler: what it interrupted may be between ICR2 and ICR. */
void apic_reply(uint32_t icr, uint32_t dest);
void apic_eoi(void);
uint32_t apic_id(void);

/* A bit of ISR, TMR or IRR. */
bool apic_bit(enum apic_reg reg, uint32_t vector);
/* How many bits of it are set, vectors 16 to 255. */
uint32_t apic_bits(enum apic_reg reg);

/* LDR in the logical models: what the CPU has, and one CPU's address. */
uint32_t flat_bit(uint32_t id);
uint32_t cluster_address(uint32_t id);
/* LINT0 of this CPU takes the PIC's interrupts, or nothing. */
void lint0_extint(bool on);
/* On all CPUs, xAPIC mode only. */
void use_flat(void);
void use_cluster(void);

#endif
