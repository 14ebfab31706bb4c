/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The IDT: every vector leads to trap(). */

#include "guest.h"

struct gate {
	uint16_t low;
	uint16_t selector;
	uint16_t type;
	uint16_t middle;
	uint32_t high;
	uint32_t zero;
};

#define CODE_SELECTOR 0x08
#define INTERRUPT_GATE 0x8e00

/* boot.S */
extern const char trap_stubs[];

static struct gate idt[256];

void trap_build(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint64_t stub = (uint64_t)(trap_stubs + 16 * i);

		idt[i] = (struct gate){
			.low = (uint16_t)stub,
			.selector = CODE_SELECTOR,
			.type = INTERRUPT_GATE,
			.middle = (uint16_t)(stub >> 16),
			.high = (uint32_t)(stub >> 32),
		};
	}
}

void trap_load(void)
{
	struct __attribute__((packed)) {
		uint16_t limit;
		uint64_t base;
	} pointer = {sizeof(idt) - 1, (uint64_t)idt};

	__asm__ volatile("lidt %0" : : "m"(pointer));
}
