/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* GICD_SGIR: IHI 0048 4.3.15. */
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
