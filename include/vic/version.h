/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief The version of these headers and of the library.
 */
#ifndef VIC_VERSION_H
#define VIC_VERSION_H

#include <vic/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of these headers, "MAJOR.MINOR.PATCH". */
#define VIC_VERSION "0.1.0"
#define VIC_VERSION_MAJOR 0
#define VIC_VERSION_MINOR 1
#define VIC_VERSION_PATCH 0

/**
 * The version of the library that the program runs with, in the form of
 * VIC_VERSION. Any thread.
 */
VIC_API const char *vic_version(void);

#ifdef __cplusplus
}
#endif

#endif
