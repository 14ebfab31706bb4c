/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief GICv3: the hypervisor's control registers and the encodings of
 * system registers, in the manual's names (IHI 0069, 12.2 and 12.4).
 */
#ifndef VIC_SPEC_ICH_H
#define VIC_SPEC_ICH_H

/* ICH_LR<n>_EL2. */
#define VIC_LR_VINTID 0xffffffffull
#define VIC_LR_PINTID_SHIFT 32
#define VIC_LR_PINTID (0x1fffull << VIC_LR_PINTID_SHIFT)
/* With HW = 0: a maintenance interrupt at the deactivation. */
#define VIC_LR_EOI (1ull << 41)
#define VIC_LR_PRIORITY_SHIFT 48
#define VIC_LR_PRIORITY (0xffull << VIC_LR_PRIORITY_SHIFT)
#define VIC_LR_GROUP (1ull << 60)
#define VIC_LR_HW (1ull << 61)
#define VIC_LR_PENDING (1ull << 62)
#define VIC_LR_ACTIVE (1ull << 63)
#define VIC_LR_STATE (3ull << 62)

/* ICH_HCR_EL2. */
#define VIC_HCR_EN (1u << 0)
#define VIC_HCR_UIE (1u << 1)
#define VIC_HCR_LRENPIE (1u << 2)
#define VIC_HCR_NPIE (1u << 3)
#define VIC_HCR_VGRP0EIE (1u << 4)
#define VIC_HCR_VGRP0DIE (1u << 5)
#define VIC_HCR_VGRP1EIE (1u << 6)
#define VIC_HCR_VGRP1DIE (1u << 7)
#define VIC_HCR_TDIR (1u << 14)
#define VIC_HCR_EOICOUNT_SHIFT 27

/* ICH_VMCR_EL2. */
#define VIC_VMCR_VENG0 (1u << 0)
#define VIC_VMCR_VENG1 (1u << 1)
#define VIC_VMCR_VCBPR (1u << 4)
#define VIC_VMCR_VEOIM (1u << 9)
#define VIC_VMCR_VBPR1_SHIFT 18
#define VIC_VMCR_VBPR0_SHIFT 21
#define VIC_VMCR_VPMR_SHIFT 24

/* ICH_VTR_EL2. */
#define VIC_VTR_LISTREGS 0x1fu
#define VIC_VTR_PREBITS_SHIFT 26

/* ICH_MISR_EL2. */
#define VIC_MISR_EOI (1u << 0)
#define VIC_MISR_U (1u << 1)
#define VIC_MISR_LRENP (1u << 2)
#define VIC_MISR_NP (1u << 3)

/** A system register: Op0, Op1, CRn, CRm, Op2 as in MSR's encoding. */
#define VIC_SYSREG(op0, op1, crn, crm, op2)                                  \
	((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define VIC_ICC_DIR_EL1 VIC_SYSREG(3u, 0u, 12u, 11u, 1u)
#define VIC_ICC_SGI1R_EL1 VIC_SYSREG(3u, 0u, 12u, 11u, 5u)
#define VIC_ICC_ASGI1R_EL1 VIC_SYSREG(3u, 0u, 12u, 11u, 6u)
#define VIC_ICC_SGI0R_EL1 VIC_SYSREG(3u, 0u, 12u, 11u, 7u)
#define VIC_ICC_SRE_EL1 VIC_SYSREG(3u, 0u, 12u, 12u, 5u)

/* ICC_SRE_EL1: no GICv2 interface, no bypass. */
#define VIC_ICC_SRE_VALUE 7u

#endif
