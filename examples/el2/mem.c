/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The four functions that a compiler may call, and libvic does. */
#include "el2.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	for (; size >= 8; size -= 8, t += 8, f += 8) {
		uint64_t word;

		__asm__("ldr %0, [%1]" : "=r"(word) : "r"(f) : "memory");
		__asm__ volatile("str %0, [%1]" ::"r"(word), "r"(t) : "memory");
	}
	while (size--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (t <= f)
		return memcpy(to, from, size);
	while (size--)
		t[size] = f[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	uint8_t *t = to;

	for (; size && (uintptr_t)t % 8; size--)
		*t++ = (uint8_t)byte;
	for (; size >= 8; size -= 8, t += 8)
		*(uint64_t *)(void *)t =
			(uint8_t)byte * UINT64_C(0x0101010101010101);
	while (size--)
		*t++ = (uint8_t)byte;
	return to;
}

int memcmp(const void *left, const void *right, size_t size)
{
	const uint8_t *l = left, *r = right;

	for (; size; size--, l++, r++)
		if (*l != *r)
			return *l - *r;
	return 0;
}
