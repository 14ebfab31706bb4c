/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief All interrupt controllers of one x86 VM at once: state and reset.
 *
 * For all calls but vic_pc_image_size(): each vCPU in HOST or BLOCKED, no
 * other thread inside libvic for this VM.
 */
#ifndef VIC_PC_H
#define VIC_PC_H

#include <vic/ioapic.h>
#include <vic/lapic.h>
#include <vic/pic.h>
#include <vic/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The most IOAPICs that one image holds. */
#define VIC_PC_MAX_IOAPICS 8

/** What a VM has. The order of the arrays is part of an image. */
struct vic_pc {
	/** sizeof(struct vic_pc) of the caller. */
	uint32_t size;
	/** Must be 0. */
	uint32_t flags;
	/** 1 to VIC_BUS_MAX_VCPUS. */
	uint32_t nr_lapics;
	/** 0 to VIC_PC_MAX_IOAPICS. */
	uint32_t nr_ioapics;
	struct vic_lapic *const *lapics;
	struct vic_ioapic *const *ioapics;
	/** NULL: there is none. */
	struct vic_pic *pic;
	/** The calling thread's own. */
	struct vic_counters *counters;
};

/** Bytes of an image of @p pc; 0 if @p pc is not valid. Any thread. */
VIC_API size_t vic_pc_image_size(const struct vic_pc *pc);

/**
 * Write the state of all of them to @p image: docs/images.md.
 *
 * @return VIC_OK; VIC_ERR_ABI or VIC_ERR_INVAL for @p pc, VIC_ERR_STORAGE
 * if @p size is less than vic_pc_image_size().
 */
VIC_API VIC_NODISCARD int vic_pc_save(const struct vic_pc *pc, void *image,
				      size_t size);

/**
 * Take the state in @p image, which must be private to the caller. All parts
 * are checked before the first one changes.
 *
 * @param what NULL, or receives what is wrong; NULL after VIC_OK.
 * @param part NULL, or receives where, after VIC_ERR_IMAGE and its like: the
 * index of a local APIC, behind them the IOAPICs, behind them the PIC, and
 * one more for the image itself.
 * @return VIC_OK; VIC_ERR_ABI, VIC_ERR_INVAL, VIC_ERR_IMAGE,
 * VIC_ERR_IMAGE_CONFIG or VIC_ERR_IMAGE_STATE, and nothing has changed.
 */
VIC_API VIC_NODISCARD int vic_pc_restore(const struct vic_pc *pc,
					 const void *image, size_t size,
					 const char **what, uint32_t *part);

/** What resets a VM. */
enum vic_pc_reset {
	/** Power-up or RESET#: all that vic_*_reset() resets. */
	VIC_PC_POWER_UP,
	/**
	 * INIT# to all processors, as a keyboard controller or port 0x92
	 * does it: each vCPU has an INIT pending. IOAPICs and PIC stay.
	 */
	VIC_PC_INIT,
};

/** Reset the VM. VIC_OK, VIC_ERR_ABI or VIC_ERR_INVAL. */
VIC_API VIC_NODISCARD int vic_pc_reset(const struct vic_pc *pc,
				       enum vic_pc_reset kind);

#ifdef __cplusplus
}
#endif

#endif
