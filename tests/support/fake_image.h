/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Images of local APICs, as docs/images.md lays them out, and all that a
 * guest and an embedder can see of an APIC.
 */
#ifndef FAKE_IMAGE_H
#define FAKE_IMAGE_H

#include "fake_vmm.h"

/* Where things are in an image. */
#define IMAGE_MAGIC 0u
#define IMAGE_VERSION 8u
#define IMAGE_SIZE 12u
#define IMAGE_PAGE(offset) (16u + (offset))
#define IMAGE_LAPIC_FLAGS 1040u
#define IMAGE_BUS_FLAGS 1044u
#define IMAGE_ID 1048u
#define IMAGE_PHYSICAL_BITS 1052u
#define IMAGE_BASE 1056u
#define IMAGE_ESR_PENDING 1064u
#define IMAGE_WAIT_SIPI 1068u
#define IMAGE_NMIS 1072u
#define IMAGE_SMI 1073u
#define IMAGE_INIT 1074u
#define IMAGE_SIPI 1075u
#define IMAGE_SIPI_VECTOR 1076u
#define IMAGE_EXTINT 1077u
#define IMAGE_LINES 1078u
#define IMAGE_ZERO 1079u
#define IMAGE_LINT0_VECTOR 1080u
#define IMAGE_TIMER_COUNT 1084u
#define IMAGE_TIMER_TICKS 1088u
#define IMAGE_TSC_DEADLINE 1096u

/** An image of one local APIC. */
struct fake_image {
	unsigned char bytes[VIC_LAPIC_IMAGE_SIZE];
};

/** What can be seen of an APIC without changing it. */
struct fake_view {
	uint64_t base;
	uint64_t tsc_deadline;
	/* By offset / 16; 0 where there is no such register. */
	uint64_t regs[64];
	struct vic_vcpu_inbox inbox;
	/* When the timer expires, from now on. */
	uint64_t armed, clock, due;
};

uint32_t fake_image_get(const struct fake_image *image, uint32_t at);
uint64_t fake_image_get64(const struct fake_image *image, uint32_t at);
void fake_image_put(struct fake_image *image, uint32_t at, uint32_t value);
void fake_image_put64(struct fake_image *image, uint32_t at, uint64_t value);

struct fake_image fake_save(const struct fake_vcpu *cpu);

/** Restore @p image, which must be accepted. */
void fake_restore(struct fake_vcpu *cpu, const struct fake_image *image);

struct fake_view fake_look(const struct fake_vcpu *cpu);

void fake_expect_same_view(const struct fake_view *is,
			   const struct fake_view *should);

/** Something in every register and in the inbox, the timer running. */
void fake_busy(struct fake_vcpu *cpu);

#endif
