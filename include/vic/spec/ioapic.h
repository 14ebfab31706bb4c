/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief IOAPIC registers, in the manual's names (Intel 82093AA data sheet,
 * chapter 3; the EOI register from Intel's ICH and PCH data sheets).
 */
#ifndef VIC_SPEC_IOAPIC_H
#define VIC_SPEC_IOAPIC_H

/** Bytes that the registers below take; a page by convention. */
#define VIC_IOAPIC_PAGE_SIZE 4096

/* Direct registers: offsets in the page. */
#define VIC_IOAPIC_IOREGSEL 0x00
#define VIC_IOAPIC_IOWIN 0x10
/** Version 0x20 and later. */
#define VIC_IOAPIC_EOI 0x40

/* Indirect registers: values of IOREGSEL. */
#define VIC_IOAPIC_ID 0x00
#define VIC_IOAPIC_VER 0x01
/** Version 0x11 only. */
#define VIC_IOAPIC_ARB 0x02
/** Entry n: bits 31:0 at this + 2 * n, bits 63:32 behind them. */
#define VIC_IOAPIC_REDTBL 0x10

/** ID and ARB: bits 27:24. */
#define VIC_IOAPIC_ID_SHIFT 24
/** VER: entries less one, in bits 23:16. */
#define VIC_IOAPIC_VER_ENTRIES_SHIFT 16

/* A redirection table entry; the low half has the fields of an ICR. */
#define VIC_RTE_VECTOR 0xffu
#define VIC_RTE_MODE_SHIFT 8
#define VIC_RTE_MODE 0x700u
/** Destination mode: 1 is logical. */
#define VIC_RTE_LOGICAL (1u << 11)
/** Delivery status, read-only: 1 is send pending. */
#define VIC_RTE_BUSY (1u << 12)
/** Input pin polarity: 1 is active low. */
#define VIC_RTE_LOW (1u << 13)
/** Remote IRR, read-only. */
#define VIC_RTE_REMOTE_IRR (1u << 14)
/** Trigger mode: 1 is level. */
#define VIC_RTE_LEVEL (1u << 15)
#define VIC_RTE_MASKED (1u << 16)
/** Destination: bits 63:56. */
#define VIC_RTE_DEST_SHIFT 56
/** Destination bits 14:8 where MSIs have 15 (VIC_MSI_15BIT): 55:49. */
#define VIC_RTE_EXT_DEST_SHIFT 49
#define VIC_RTE_EXT_DEST 0x7fu

#endif
