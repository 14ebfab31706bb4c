/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief Local APIC register offsets and fields, in the SDM's names.
 *
 * SDM vol. 3, chapter "Advanced Programmable Interrupt Controller", tables
 * "Local APIC Register Address Map" (10-1 in the classic numbering) and
 * "Local APIC Register Address Map Supported by x2APIC" (10-6). The MSR of
 * a register is VIC_MSR_X2APIC + offset / 16.
 */
#ifndef VIC_SPEC_APIC_H
#define VIC_SPEC_APIC_H

/* Offsets in the 4 KiB page. */
#define VIC_APIC_ID 0x020
#define VIC_APIC_VERSION 0x030
#define VIC_APIC_TPR 0x080
#define VIC_APIC_APR 0x090
#define VIC_APIC_PPR 0x0a0
#define VIC_APIC_EOI 0x0b0
#define VIC_APIC_RRD 0x0c0
#define VIC_APIC_LDR 0x0d0
#define VIC_APIC_DFR 0x0e0
#define VIC_APIC_SVR 0x0f0
/** Eight registers of 32 bits, 16 bytes apart; so are TMR and IRR. */
#define VIC_APIC_ISR 0x100
#define VIC_APIC_TMR 0x180
#define VIC_APIC_IRR 0x200
#define VIC_APIC_ESR 0x280
#define VIC_APIC_LVT_CMCI 0x2f0
#define VIC_APIC_ICR_LO 0x300
#define VIC_APIC_ICR_HI 0x310
#define VIC_APIC_LVT_TIMER 0x320
#define VIC_APIC_LVT_THERMAL 0x330
#define VIC_APIC_LVT_PERF 0x340
#define VIC_APIC_LVT_LINT0 0x350
#define VIC_APIC_LVT_LINT1 0x360
#define VIC_APIC_LVT_ERROR 0x370
/** Initial count of the timer; CCR is the current one, DCR divides. */
#define VIC_APIC_TIMER_ICR 0x380
#define VIC_APIC_TIMER_CCR 0x390
#define VIC_APIC_TIMER_DCR 0x3e0
#define VIC_APIC_SELF_IPI 0x3f0
#define VIC_APIC_PAGE_SIZE 0x1000

/* Model-specific registers. */
#define VIC_MSR_APIC_BASE 0x1b
#define VIC_MSR_X2APIC 0x800
#define VIC_MSR_X2APIC_END 0x8ff
#define VIC_MSR_TSC_DEADLINE 0x6e0

/* IA32_APIC_BASE. */
#define VIC_APIC_BASE_BSP 0x100u
#define VIC_APIC_BASE_EXTD 0x400u
#define VIC_APIC_BASE_EN 0x800u
#define VIC_APIC_BASE_RESET 0xfee00000u

/* Spurious-interrupt vector register. */
#define VIC_SVR_VECTOR 0x0ffu
#define VIC_SVR_ENABLE 0x100u
#define VIC_SVR_FOCUS 0x200u
/** Suppress EOI broadcasts; reserved unless VERSION[24] is 1. */
#define VIC_SVR_SUPPRESS 0x1000u
#define VIC_SVR_RESET 0x0ffu

/* Destination format register: model in bits 31:28, the rest reads 1. */
#define VIC_DFR_ONES 0x0fffffffu
#define VIC_DFR_FLAT 0xfu
#define VIC_DFR_CLUSTER 0x0u

/** Version 0x14 and no LVT entry; bits 23:16 have the highest entry. */
#define VIC_APIC_VERSION_VALUE 0x00000014u
#define VIC_APIC_VERSION_LVT_SHIFT 16
#define VIC_APIC_VERSION_SUPPRESS 0x1000000u

/* Entries of the local vector table: SDM figure 10-8. */
#define VIC_LVT_VECTOR 0xffu
/** enum vic_delivery_mode in bits 10:8; timer and error have none. */
#define VIC_LVT_MODE_SHIFT 8
#define VIC_LVT_MODE 0x700u
/** Delivery status, read-only. */
#define VIC_LVT_BUSY 0x1000u
/* LINT0 and LINT1. */
#define VIC_LVT_LOW_ACTIVE 0x2000u
#define VIC_LVT_REMOTE_IRR 0x4000u
#define VIC_LVT_LEVEL 0x8000u
#define VIC_LVT_MASKED 0x10000u
/* Timer mode, bits 18:17; 3 is reserved. */
#define VIC_LVT_TIMER_MODE 0x60000u
#define VIC_LVT_ONE_SHOT 0x00000u
#define VIC_LVT_PERIODIC 0x20000u
#define VIC_LVT_TSC_DEADLINE 0x40000u

/* Divide configuration register: bits 3, 1 and 0. */
#define VIC_DCR_MASK 0xbu

/* Interrupt command register; MSI data has the same vector and mode. */
#define VIC_ICR_VECTOR 0xffu
#define VIC_ICR_MODE_SHIFT 8
#define VIC_ICR_MODE 0x700u
#define VIC_ICR_LOGICAL 0x800u
#define VIC_ICR_BUSY 0x1000u
#define VIC_ICR_ASSERT 0x4000u
#define VIC_ICR_LEVEL 0x8000u
#define VIC_ICR_SHORTHAND_SHIFT 18
#define VIC_ICR_SHORTHAND 0xc0000u
#define VIC_ICR_SELF 0x40000u
#define VIC_ICR_ALL 0x80000u
#define VIC_ICR_OTHERS 0xc0000u
/** Bits 31:20, 17:16 and 13: writing 1 in x2APIC mode is #GP. */
#define VIC_ICR_RESERVED 0xfff32000u
#define VIC_ICR_DEST_SHIFT 32
#define VIC_ICR_XAPIC_DEST_SHIFT 56

/** Delivery modes: ICR and MSI data bits 10:8. */
enum vic_delivery_mode {
	VIC_MODE_FIXED = 0,
	VIC_MODE_LOWEST = 1,
	VIC_MODE_SMI = 2,
	VIC_MODE_RESERVED = 3,
	VIC_MODE_NMI = 4,
	VIC_MODE_INIT = 5,
	VIC_MODE_SIPI = 6,
	VIC_MODE_EXTINT = 7,
};

/* Error status register. */
#define VIC_ESR_REDIRECTABLE 0x10u
#define VIC_ESR_SEND_ILLEGAL 0x20u
#define VIC_ESR_RECEIVE_ILLEGAL 0x40u
#define VIC_ESR_ILLEGAL_REGISTER 0x80u

/* MSI address, bits of the low half. */
#define VIC_MSI_BASE 0xfee00000u
#define VIC_MSI_BASE_MASK 0xfff00000u
#define VIC_MSI_DEST_SHIFT 12
#define VIC_MSI_EXT_DEST_SHIFT 5
#define VIC_MSI_EXT_DEST 0xfe0u
#define VIC_MSI_REMAPPABLE 0x10u
#define VIC_MSI_RH 0x8u
#define VIC_MSI_DM 0x4u

/** Vectors 0-15 are illegal in a message (SDM 10.5.2). */
#define VIC_VECTOR_MIN 16

#endif
