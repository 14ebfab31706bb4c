/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief GICv3 list registers: what the hardware's virtual CPU interface
 * shows to a vCPU.
 *
 * libvic touches no hardware: it reads and writes an image of the ICH_*
 * registers, and the embedder, or a firmware that owns them, carries it to
 * and from the hardware.
 *
 *     vic_gic_load()                     the vCPU comes to a physical CPU
 *     restore VMCR and APRs
 *     for (;;) {
 *         vic_gic_flush()
 *         vic_vcpu_enter(); if VIC_ENTER_AGAIN: back to flush
 *         write LRs (those in used), HCR; run the guest;
 *         read LRs (those in used), HCR, VMCR; then ICH_HCR_EL2 := 0
 *         vic_vcpu_exit()
 *         vic_gic_sync()
 *         emulate: vic_gic_mmio_write(), vic_gic_sysreg_write(), ...
 *     }
 *     save VMCR and APRs
 *     vic_gic_put()                      and leaves it
 *
 * Between flush and sync the image belongs to the physical CPU, otherwise
 * to the vCPU. All calls are the owner's.
 */
#ifndef VIC_GIC_LR_H
#define VIC_GIC_LR_H

#include <vic/gic.h>
#include <vic/spec/ich.h>
#include <vic/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** List registers that the architecture allows. */
#define VIC_GIC_MAX_LRS 16

/** The image. Start with all zeroes. */
struct vic_gic_lrs {
	/** ICH_LR<n>_EL2. */
	uint64_t lr[VIC_GIC_MAX_LRS];
	/**
	 * ICH_HCR_EL2: En, TDIR, LRENPIE, NPIE and the VGrp enables come
	 * from flush; sync wants it as read from the hardware, for EOIcount.
	 * Add what else the embedder traps when it is written. Without
	 * ICH_VTR_EL2.TDS there is no TDIR; trap DIR by TC there.
	 */
	uint32_t hcr;
	/**
	 * ICH_VMCR_EL2. libvic only reads it: it must be current at flush,
	 * block and put.
	 */
	uint32_t vmcr;
	/** ICH_AP0R<n>_EL2 and ICH_AP1R<n>_EL2. Current at block. */
	uint32_t ap0r[4], ap1r[4];
	/**
	 * Bit n: LR n holds an interrupt. After flush write these, and 0 to
	 * every other list register of the physical CPU that is not 0: one
	 * that a guest emptied may still ask for maintenance.
	 */
	uint32_t used;
	/** ICH_VTR_EL2.PREbits + 1: 5, 6 or 7; 0 means 5. */
	uint32_t prebits;
};

/** Answers of vic_gic_flush(). */
enum vic_gic_work {
	/** Somebody asked for a look (VIC_REQUEST_RESYNC); told once. */
	VIC_GIC_WORK_RESYNC = 1 << 0,
};

/**
 * The vCPU comes to a physical CPU, before the sources of its linked PPIs are
 * enabled there: take the physical active state of its
 * hardware-linked PPIs over, through vic_vcpu_ops.hw_set_active.
 */
VIC_API void vic_gic_load(struct vic_gicr *gicr);

/**
 * It leaves: after vic_gic_sync(), and with those sources disabled, give that
 * state back. A vCPU that is blocked stays so.
 */
VIC_API void vic_gic_put(struct vic_gicr *gicr);

/**
 * Fill the list registers with the best of what is pending. Before every
 * vic_vcpu_enter().
 *
 * If more is pending than fits, ICH_HCR_EL2.NPIE brings the vCPU back when
 * none is left pending in the list registers, and a VGrp enable when the
 * guest changes a group that decides what fits. Active interrupts that had
 * to give way end by LRENPIE and EOIcount, or, with EOImode = 1, by the trap
 * of ICC_DIR_EL1: hand it to vic_gic_sysreg_write().
 *
 * @return enum vic_gic_work.
 */
VIC_API uint32_t vic_gic_flush(struct vic_gicr *gicr, struct vic_gic_lrs *lrs);

/**
 * Take over what the guest did to the list registers. After every exit,
 * before anything else is called for this vCPU. A maintenance interrupt
 * needs nothing more than this.
 *
 * Only the state of a list register is believed, as that of the interrupt
 * which flush put there: another INTID, priority or group in it, a register
 * that flush left free, and a pending bit that flush did not give, change
 * nothing.
 */
VIC_API void vic_gic_sync(struct vic_gicr *gicr, struct vic_gic_lrs *lrs);

/**
 * Whether an interrupt would be taken now: its group is enabled here and
 * there, its priority is above VMCR's mask and above what is active.
 * Synced.
 */
VIC_API VIC_NODISCARD bool vic_gic_deliverable(struct vic_gicr *gicr,
					       const struct vic_gic_lrs *lrs);

/**
 * vic_vcpu_block(), unless an interrupt would be taken, or, asleep by
 * GICR_WAKER, is pending: that is a wake request. Synced. The wake comes when
 * one of them begins.
 */
VIC_API VIC_NODISCARD bool vic_gic_block(struct vic_gicr *gicr,
					 const struct vic_gic_lrs *lrs);

#ifdef __cplusplus
}
#endif

#endif
