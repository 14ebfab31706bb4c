/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief Fields of the Arm GIC's send registers, in the manuals' names.
 *
 * IHI 0048 (GICv2) 4.3.15 GICD_SGIR; IHI 0069 (GICv3) 12.2 ICC_SGI1R_EL1,
 * ICC_SGI0R_EL1 and ICC_ASGI1R_EL1, which share one layout.
 */
#ifndef VIC_SPEC_SGI_H
#define VIC_SPEC_SGI_H

/* GICD_SGIR. */
#define VIC_SGIR_INTID 0xfu
#define VIC_SGIR_LIST_SHIFT 16
#define VIC_SGIR_FILTER_SHIFT 24
#define VIC_SGIR_FILTER_LIST 0u
#define VIC_SGIR_FILTER_OTHERS 1u
#define VIC_SGIR_FILTER_SELF 2u

/* ICC_SGI1R_EL1, ICC_SGI0R_EL1, ICC_ASGI1R_EL1. */
#define VIC_SGI1R_LIST 0xffffu
#define VIC_SGI1R_AFF1_SHIFT 16
#define VIC_SGI1R_INTID_SHIFT 24
#define VIC_SGI1R_AFF2_SHIFT 32
#define VIC_SGI1R_IRM_SHIFT 40
#define VIC_SGI1R_RS_SHIFT 44
#define VIC_SGI1R_AFF3_SHIFT 48

#endif
