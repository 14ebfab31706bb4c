/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The public decoders of x86 messages: ICR, SELF IPI, MSI. */
#include "ipi/decode.h"
#include "ipi/sgi.h"

static enum vic_decode decode_self_ipi(uint64_t value, struct vic_ipi *out)
{
	*out = self_ipi((uint8_t)value);
	if (value > VIC_ICR_VECTOR)
		return VIC_DECODE_RESERVED;
	if (value < VIC_VECTOR_MIN)
		return VIC_DECODE_ILLEGAL_VECTOR;
	return VIC_DECODE_SEND;
}

static enum vic_decode decode_x2apic(uint64_t value, struct vic_ipi *out)
{
	enum vic_decode decode = icr_decode(
		(uint32_t)value, (uint32_t)(value >> VIC_ICR_DEST_SHIFT), 32,
		out);

	return value & VIC_ICR_RESERVED ? VIC_DECODE_RESERVED : decode;
}

enum vic_decode vic_decode(enum vic_send_register reg, uint64_t value,
			   struct vic_ipi *out)
{
	switch (reg) {
	case VIC_SEND_XAPIC_ICR:
		return icr_decode((uint32_t)value,
				  (uint32_t)(value >> VIC_ICR_XAPIC_DEST_SHIFT),
				  8, out);
	case VIC_SEND_X2APIC_ICR:
		return decode_x2apic(value, out);
	case VIC_SEND_SELF_IPI:
		return decode_self_ipi(value, out);
	case VIC_SEND_GICD_SGIR:
		return sgir_decode((uint32_t)value, out);
	case VIC_SEND_ICC_SGI1R:
		return sgi1r_decode(value, VIC_SGI_GROUP1, out);
	case VIC_SEND_ICC_SGI0R:
		return sgi1r_decode(value, VIC_SGI_GROUP0, out);
	case VIC_SEND_ICC_ASGI1R:
		return sgi1r_decode(value, VIC_SGI_GROUP1_OTHER, out);
	}
	*out = (struct vic_ipi){ 0 };
	return VIC_DECODE_FOREIGN;
}

/* The destination, or false if @address is no message of @format. */
static bool msi_dest(enum vic_msi_format format, uint64_t address,
		     struct vic_ipi *out)
{
	uint32_t low = (uint32_t)address, high = (uint32_t)(address >> 32);

	if ((low & VIC_MSI_BASE_MASK) != VIC_MSI_BASE)
		return false;
	out->dest = low >> VIC_MSI_DEST_SHIFT & 0xff;
	switch (format) {
	case VIC_MSI_8BIT:
		out->width = 8;
		return high == 0;
	case VIC_MSI_15BIT:
		out->width = 15;
		out->dest |= (low & VIC_MSI_EXT_DEST)
			     << (8 - VIC_MSI_EXT_DEST_SHIFT);
		return high == 0 && !(low & VIC_MSI_REMAPPABLE);
	case VIC_MSI_32BIT:
		out->width = 32;
		out->dest |= high & 0xffffff00u;
		return (high & 0xff) == 0;
	}
	return false;
}

enum vic_decode vic_msi_decode(enum vic_msi_format format, uint64_t address,
			       uint32_t data, struct vic_ipi *out)
{
	bool logical = (address & VIC_MSI_DM) != 0;

	*out = (struct vic_ipi){
		.intid = (uint8_t)data,
		.kind = logical ? VIC_DEST_LOGICAL : VIC_DEST_PHYSICAL,
		.mode = (uint8_t)icr_mode(data),
		.level = (data & VIC_ICR_LEVEL) != 0,
		.redirect = logical && (address & VIC_MSI_RH),
	};
	if (!msi_dest(format, address, out))
		return VIC_DECODE_FOREIGN;
	/* SDM 10.11.2: start-up is an IPI only. */
	if (out->mode == VIC_MODE_RESERVED || out->mode == VIC_MODE_SIPI)
		return VIC_DECODE_INVALID;
	if (out->level && !(data & VIC_ICR_ASSERT))
		return VIC_DECODE_NOTHING;
	return VIC_DECODE_SEND;
}
