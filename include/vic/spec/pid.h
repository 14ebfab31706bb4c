/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief The posted-interrupt descriptor, in hardware layout.
 *
 * SDM vol. 3, "Posted-Interrupt Processing"; VT-d 9.11. Every vCPU has one;
 * without posting hardware it is the software inbox for vectors.
 */
#ifndef VIC_SPEC_PID_H
#define VIC_SPEC_PID_H

#include <vic/types.h>

/** 64 bytes, 64-byte aligned, little-endian. */
struct vic_pid {
	/** Posted-interrupt requests: vector v is bit v % 64 of word v / 64. */
	uint64_t pir[4];
	/** ON, SN, NV and NDST: bits 256-319 of the descriptor. */
	uint64_t control;
	uint64_t reserved[3];
};

/** Outstanding notification (bit 256). */
#define VIC_PID_ON (UINT64_C(1) << 0)
/** Suppress notification (bit 257). */
#define VIC_PID_SN (UINT64_C(1) << 1)
/** Notification vector (bits 279:272). */
#define VIC_PID_NV_SHIFT 16
#define VIC_PID_NV (UINT64_C(0xff) << VIC_PID_NV_SHIFT)
/**
 * Notification destination (bits 319:288): a physical APIC id; in a host
 * whose APICs are in xAPIC mode that id is in bits 303:296.
 */
#define VIC_PID_NDST_SHIFT 32
#define VIC_PID_NDST_XAPIC_SHIFT 40
#define VIC_PID_NDST (UINT64_C(0xffffffff) << VIC_PID_NDST_SHIFT)

#endif
