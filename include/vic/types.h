/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief Types that every other header uses: error codes, outcomes of a
 * guest's access, and the marks on public functions.
 */
#ifndef VIC_TYPES_H
#define VIC_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define VIC_API __attribute__((visibility("default")))
#define VIC_NODISCARD __attribute__((warn_unused_result))
#else
#define VIC_API
#define VIC_NODISCARD
#endif

/** Bytes in a cache line, the alignment of all storage given to libvic. */
#define VIC_CACHE_LINE 64

/**
 * Mistakes of the program that links libvic, never of its guest: a guest's
 * bad input has an architectural outcome (enum vic_access). All are
 * negative, so a call may return a count or one of these.
 */
enum vic_err {
	VIC_OK = 0,
	/* The caller's arguments. */
	/** An argument is out of its documented range. */
	VIC_ERR_INVAL = -1,
	/** A struct's size or flags are not of this library's version. */
	VIC_ERR_ABI = -2,
	/** Storage misaligned, or smaller than its size function says. */
	VIC_ERR_STORAGE = -3,
	/* The order of calls. */
	/** The id or index is taken by another vCPU. */
	VIC_ERR_EXISTS = -4,
	/** No such vCPU, or no such interrupt is pending. */
	VIC_ERR_ABSENT = -5,
	/** The call is not allowed in the object's present state. */
	VIC_ERR_STATE = -6,
	/* A saved image. */
	/** Not an image of this kind and version, or not all of it. */
	VIC_ERR_IMAGE = -7,
	/** It was saved by an object that was configured in another way. */
	VIC_ERR_IMAGE_CONFIG = -8,
	/** No guest and no sender can have led to the state in it. */
	VIC_ERR_IMAGE_STATE = -9,
};

/** What a guest's access to a register turned into. */
enum vic_access {
	/** Emulated: resume the guest after the instruction. */
	VIC_ACCESS_DONE,
	/** Inject #GP(0) (x86 MSR) or the bus's abort. */
	VIC_ACCESS_FAULT,
	/** Not a register of libvic's in this mode: the embedder decides. */
	VIC_ACCESS_FOREIGN,
	/** Not yet: run the instruction again (vic_gic_mmio_read()). */
	VIC_ACCESS_RETRY,
};

#endif
