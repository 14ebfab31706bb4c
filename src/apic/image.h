/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Numbers in state images: little endian, at any address. */
#ifndef VIC_SRC_APIC_IMAGE_H
#define VIC_SRC_APIC_IMAGE_H

#include "base.h"

/* Every image begins with these. */
enum {
	IMAGE_MAGIC = 0,
	IMAGE_VERSION = 8,
	IMAGE_SIZE = 12,
	IMAGE_BODY = 16,
};

static inline uint32_t get32(const unsigned char *bytes, size_t at)
{
	return bytes[at] | (uint32_t)bytes[at + 1] << 8 |
	       (uint32_t)bytes[at + 2] << 16 | (uint32_t)bytes[at + 3] << 24;
}

static inline uint64_t get64(const unsigned char *bytes, size_t at)
{
	return get32(bytes, at) | (uint64_t)get32(bytes, at + 4) << 32;
}

static inline void put32(unsigned char *bytes, size_t at, uint32_t value)
{
	for (uint32_t i = 0; i < 4; i++)
		bytes[at + i] = (unsigned char)(value >> 8 * i);
}

static inline void put64(unsigned char *bytes, size_t at, uint64_t value)
{
	put32(bytes, at, (uint32_t)value);
	put32(bytes, at + 4, (uint32_t)(value >> 32));
}

static inline void image_begin(unsigned char *bytes, const char magic[8],
			       uint32_t version, size_t size)
{
	memset(bytes, 0, size);
	memcpy(bytes, magic, 8);
	put32(bytes, IMAGE_VERSION, version);
	put32(bytes, IMAGE_SIZE, (uint32_t)size);
}

/* NULL if @bytes begin as image_begin() makes it, or what is wrong. */
static inline const char *image_head(const unsigned char *bytes, size_t size,
				     const char magic[8], uint32_t version,
				     size_t expected)
{
	if (!bytes || size < expected)
		return "size";
	for (uint32_t i = 0; i < 8; i++)
		if (bytes[i] != (unsigned char)magic[i])
			return "magic";
	if (get32(bytes, IMAGE_VERSION) != version)
		return "version";
	return get32(bytes, IMAGE_SIZE) == expected ? NULL : "size";
}

/* Whether @what is NULL; if so it becomes @name unless @right. */
static inline bool image_check(const char **what, bool right, const char *name)
{
	if (!*what && !right)
		*what = name;
	return !*what;
}

#endif
