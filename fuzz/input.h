/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The fuzzer's bytes as numbers, little-endian; 0 when they run out. */
#ifndef INPUT_H
#define INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* No input makes a target do more than this many operations. */
#define INPUT_MAX_OPS 4096

struct input {
	const uint8_t *data;
	size_t left;
};

static inline uint8_t input_u8(struct input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->data++;
}

static inline uint32_t input_u16(struct input *input)
{
	uint32_t low = input_u8(input);

	return low | (uint32_t)input_u8(input) << 8;
}

static inline uint32_t input_u32(struct input *input)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < 32; i += 8)
		value |= (uint32_t)input_u8(input) << i;
	return value;
}

static inline uint64_t input_u64(struct input *input)
{
	uint64_t low = input_u32(input);

	return low | (uint64_t)input_u32(input) << 32;
}

/* A number below @p n, which is not 0. */
static inline uint32_t input_below(struct input *input, uint32_t n)
{
	return input_u8(input) % n;
}

/* A property that must hold for every input. */
#define REQUIRE(condition)                                                   \
	do {                                                                 \
		if (!(condition)) {                                          \
			fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, \
				__LINE__, __func__, #condition);             \
			abort();                                             \
		}                                                            \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
