/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The x86 decoders, inline so that the ICR's own path keeps the message in
 * registers. SDM vol. 3: 10.6.1 (ICR, table 10-3), 10.12.9 (x2APIC ICR),
 * 10.12.11 (SELF IPI).
 */
#ifndef VIC_SRC_IPI_DECODE_H
#define VIC_SRC_IPI_DECODE_H

#include <vic/bus.h>
#include <vic/ipi.h>

#include "base.h"

/*
 * Valid delivery modes, a byte for each shorthand (none, self, all
 * including self, all excluding self): bit n is mode n. Modes 3 and 7 are
 * reserved; self and all including self take Fixed only.
 */
#define VALID_COMBINATIONS 0x77010177u

ALWAYS_INLINE unsigned int icr_mode(uint32_t low)
{
	return (low & VIC_ICR_MODE) >> VIC_ICR_MODE_SHIFT;
}

ALWAYS_INLINE unsigned int icr_shorthand(uint32_t low)
{
	return (low & VIC_ICR_SHORTHAND) >> VIC_ICR_SHORTHAND_SHIFT;
}

ALWAYS_INLINE enum vic_dest_kind icr_kind(uint32_t low)
{
	unsigned int shorthand = icr_shorthand(low);

	if (shorthand == 0)
		return low & VIC_ICR_LOGICAL ? VIC_DEST_LOGICAL :
					       VIC_DEST_PHYSICAL;
	return (enum vic_dest_kind)(VIC_DEST_SELF + shorthand - 1);
}

_Static_assert(VIC_DEST_SELF + 1 == VIC_DEST_ALL &&
		       VIC_DEST_ALL + 1 == VIC_DEST_OTHERS,
	       "in the order of the shorthands");

ALWAYS_INLINE enum vic_decode icr_check(uint32_t low)
{
	unsigned int mode = icr_mode(low);

	/*
	 * INIT level de-assert: meant for all, whatever the destination and
	 * the shorthand say, and without effect since the Pentium 4.
	 */
	if (mode == VIC_MODE_INIT &&
	    (low & (VIC_ICR_ASSERT | VIC_ICR_LEVEL)) == VIC_ICR_LEVEL)
		return VIC_DECODE_NOTHING;
	if (!(VALID_COMBINATIONS >> (icr_shorthand(low) * 8 + mode) & 1))
		return VIC_DECODE_INVALID;
	if (mode <= VIC_MODE_LOWEST && (low & VIC_ICR_VECTOR) < VIC_VECTOR_MIN)
		return VIC_DECODE_ILLEGAL_VECTOR;
	return VIC_DECODE_SEND;
}

/* @low of either mode's ICR; @dest of @width bits. */
ALWAYS_INLINE enum vic_decode icr_decode(uint32_t low, uint32_t dest,
					 uint8_t width, struct vic_ipi *out)
{
	enum vic_dest_kind kind = icr_kind(low);
	bool addressed = kind <= VIC_DEST_LOGICAL;

	*out = (struct vic_ipi){
		.dest = addressed ? dest : 0,
		.intid = (uint8_t)low,
		.kind = (uint8_t)kind,
		.mode = (uint8_t)icr_mode(low),
		.width = addressed ? width : 0,
	};
	return icr_check(low);
}

/* Lowest priority, of processors that cannot send it: SDM 10.5.3. */
ALWAYS_INLINE bool icr_redirectable(uint32_t policy, uint32_t low,
				    enum vic_decode decode)
{
	return (policy & VIC_BUS_NO_LOWEST) &&
	       icr_mode(low) == VIC_MODE_LOWEST &&
	       (decode == VIC_DECODE_SEND ||
		decode == VIC_DECODE_ILLEGAL_VECTOR);
}

/* What a VM's enum vic_bus_flags make of it. */
ALWAYS_INLINE enum vic_decode icr_policy(uint32_t policy, uint32_t low,
					 enum vic_decode decode,
					 struct vic_ipi *out)
{
	if (icr_redirectable(policy, low, decode))
		return VIC_DECODE_INVALID;
	/* AMD's processors heed the trigger mode: APM vol. 2, 16.5. */
	if (!(policy & VIC_BUS_LEVEL_IPIS) || !(low & VIC_ICR_LEVEL) ||
	    decode != VIC_DECODE_SEND || out->mode > VIC_MODE_LOWEST)
		return decode;
	out->level = true;
	return low & VIC_ICR_ASSERT ? decode : VIC_DECODE_NOTHING;
}

/* The message of a SELF IPI, or of the shorthand "self". */
ALWAYS_INLINE struct vic_ipi self_ipi(uint8_t vector)
{
	return (struct vic_ipi){
		.intid = vector,
		.kind = VIC_DEST_SELF,
		.mode = VIC_MODE_FIXED,
	};
}

#endif
