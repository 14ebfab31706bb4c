/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The Arm decoders. */
#ifndef VIC_SRC_IPI_SGI_H
#define VIC_SRC_IPI_SGI_H

#include <vic/ipi.h>

#include "base.h"

enum vic_decode sgir_decode(uint32_t value, struct vic_ipi *out);

/* ICC_SGI1R_EL1 and its two like (IHI 0069 12.2), inline for the hot path. */
ALWAYS_INLINE uint32_t sgi1r_field(uint64_t value, unsigned int shift,
				   uint32_t mask)
{
	return (uint32_t)(value >> shift) & mask;
}

/* Aff3.Aff2.Aff1, and the first Aff0 of the range. */
ALWAYS_INLINE uint32_t sgi1r_affinity(uint64_t value)
{
	/* Most machines number their PEs in Aff1 and Aff0. */
	if (LIKELY(!(value >> 32)))
		return sgi1r_field(value, VIC_SGI1R_AFF1_SHIFT, 0xff) << 8;
	return sgi1r_field(value, VIC_SGI1R_AFF3_SHIFT, 0xff) << 24 |
	       sgi1r_field(value, VIC_SGI1R_AFF2_SHIFT, 0xff) << 16 |
	       sgi1r_field(value, VIC_SGI1R_AFF1_SHIFT, 0xff) << 8 |
	       sgi1r_field(value, VIC_SGI1R_RS_SHIFT, 0xf) << 4;
}

ALWAYS_INLINE enum vic_decode
sgi1r_decode(uint64_t value, enum vic_sgi_group group, struct vic_ipi *out)
{
	*out = (struct vic_ipi){
		.intid =
			(uint8_t)sgi1r_field(value, VIC_SGI1R_INTID_SHIFT, 0xf),
		.mode = (uint8_t)group,
	};
	if (sgi1r_field(value, VIC_SGI1R_IRM_SHIFT, 1)) {
		out->kind = VIC_DEST_OTHERS;
		return VIC_DECODE_SEND;
	}
	out->kind = VIC_DEST_AFFINITY;
	out->list = value & VIC_SGI1R_LIST;
	out->dest = sgi1r_affinity(value);
	return out->list ? VIC_DECODE_SEND : VIC_DECODE_NOTHING;
}

#endif
