/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * struct vic_pic. Its lock guards all of it, and INT on its way: LINT0 of a
 * wired vCPU and the IOAPIC's pin change under it, so that they follow INT
 * in its order. Who is to be told of that is told after the lock was dropped.
 */
#ifndef VIC_SRC_APIC_PIC_PRIV_H
#define VIC_SRC_APIC_PIC_PRIV_H

#include <vic/pic.h>

#include "apic/ioapic_priv.h"
#include "lock.h"

#define PIC_INPUTS 8u
#define PIC_IRQS 16u
/* The source that an IOAPIC's pin has INT as. */
#define PIC_SOURCE 63u
/* Inputs that can be level: not 0, 1, 2, 8 and 13. */
#define PIC_ELCR_MASTER 0xf8u
#define PIC_ELCR_SLAVE 0xdeu
/* What a spurious request and a poll without one read. */
#define PIC_SPURIOUS 7u

/* One 8259A; bit n of a byte is input n. */
struct pic_chip {
	/* The levels at its inputs; requests, in service, masked. */
	uint8_t inputs, irr, isr, imr;
	/* Inputs that are level-triggered: by ELCR, or all by LTIM. */
	uint8_t level;
	uint8_t elcr, base;
	/* The input of lowest priority. */
	uint8_t lowest;
	/* As they were written; ICW1 0: never. */
	uint8_t icw1, icw3, icw4;
	/* The ICW that comes next, or 0. */
	uint8_t step;
	/* Initialized: it delivers. */
	bool ready;
	bool special_mask, rotate, read_isr, poll;
	/* INT, of the slave as its own input of the master has it. */
	bool output;
};

enum {
	PIC_CHIP_MASTER,
	PIC_CHIP_SLAVE
};

struct vic_pic {
	_Alignas(VIC_CACHE_LINE) struct lock lock;
	const struct vic_vcpu_ops *ops;
	void *opaque;
	struct vic_ioapic *ioapic;
	uint32_t ioapic_pin, flags;
	/*
	 * IRQs below this, if any, can go the short ways, which are for the
	 * master's own inputs where the lock is libvic's and a fall of INT
	 * sends nothing: no slave, no callback.
	 */
	uint32_t short_irqs;
	struct pic_chip chips[2];
	uint32_t nr_wires;
	struct vic_vcpu *wires[VIC_PIC_MAX_WIRES];
	/* The only one where INT goes, or NULL. */
	struct vic_vcpu *sole;
	uint64_t sources[PIC_IRQS];
};

_Static_assert(sizeof(struct vic_pic) <= VIC_PIC_SIZE, "published size");

/* What a call leaves to do when the lock is dropped. */
struct pic_call {
	struct vic_pic *pic;
	struct vic_counters *counters;
	/* Bit n: wires[n] is to be told. */
	uint32_t tell;
	/* Bit n: an EOI ended level-triggered IRQ n. */
	uint32_t ended;
	/* The IOAPIC's message, and one from before INT dropped. */
	uint32_t messages;
	struct ioapic_message message[2];
	/* INT rose. */
	bool rose;
};

/* pic.c: a call begins and ends. */
void pic_begin(struct pic_call *call, struct vic_pic *pic,
	       struct vic_counters *counters);
/* Work INT out again, drop the lock, and do what is left. */
void pic_end(struct pic_call *call);
/* What the request of highest priority is; PIC_INPUTS for none. */
uint32_t pic_pick(const struct pic_chip *chip, bool master);
/* The acknowledge cycle of chip @c; as pic_pick(). */
uint32_t pic_service(struct pic_call *call, uint32_t c);
/* Input @n of @chip is no longer in service. */
void pic_finish(struct pic_call *call, uint32_t c, uint32_t n);
/* The highest of @bits, not 0. */
uint32_t pic_highest(const struct pic_chip *chip, uint32_t bits);
/* The trigger modes have changed. */
void pic_set_level(struct pic_chip *chip);

/* pic_regs.c: vic_pic_write() the long way. */
enum vic_access pic_write(struct vic_pic *pic, struct vic_counters *counters,
			  uint32_t port, uint8_t value);

/* pic_image.c: what vic_pic_restore() would say. */
int pic_image_check(const struct vic_pic *pic, const void *image, size_t size,
		    const char **what);

#endif
