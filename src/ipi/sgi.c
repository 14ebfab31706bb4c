/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* GICD_SGIR (IHI 0048 4.3.15); ICC_SGI1R_EL1 and its two like (IHI 0069). */
#include "ipi/sgi.h"

enum vic_decode sgir_decode(uint32_t value, struct vic_ipi *out)
{
	*out = (struct vic_ipi){
		.intid = value & VIC_SGIR_INTID,
		.mode = VIC_SGI_GROUP_ANY,
	};
	switch (value >> VIC_SGIR_FILTER_SHIFT & 3) {
	case VIC_SGIR_FILTER_LIST:
		out->kind = VIC_DEST_AFFINITY;
		out->list = value >> VIC_SGIR_LIST_SHIFT & 0xff;
		return out->list ? VIC_DECODE_SEND : VIC_DECODE_NOTHING;
	case VIC_SGIR_FILTER_OTHERS:
		out->kind = VIC_DEST_OTHERS;
		return VIC_DECODE_SEND;
	case VIC_SGIR_FILTER_SELF:
		out->kind = VIC_DEST_SELF;
		return VIC_DECODE_SEND;
	default:
		return VIC_DECODE_INVALID;
	}
}

static uint32_t field(uint64_t value, unsigned int shift, uint32_t mask)
{
	return (uint32_t)(value >> shift) & mask;
}

enum vic_decode sgi1r_decode(uint64_t value, enum vic_sgi_group group,
			     struct vic_ipi *out)
{
	*out = (struct vic_ipi){
		.intid = (uint8_t)field(value, VIC_SGI1R_INTID_SHIFT, 0xf),
		.mode = (uint8_t)group,
	};
	if (field(value, VIC_SGI1R_IRM_SHIFT, 1)) {
		out->kind = VIC_DEST_OTHERS;
		return VIC_DECODE_SEND;
	}
	out->kind = VIC_DEST_AFFINITY;
	out->list = value & VIC_SGI1R_LIST;
	out->dest = field(value, VIC_SGI1R_AFF3_SHIFT, 0xff) << 24 |
		    field(value, VIC_SGI1R_AFF2_SHIFT, 0xff) << 16 |
		    field(value, VIC_SGI1R_AFF1_SHIFT, 0xff) << 8 |
		    field(value, VIC_SGI1R_RS_SHIFT, 0xf) << 4;
	return out->list ? VIC_DECODE_SEND : VIC_DECODE_NOTHING;
}
