/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Any value in any send register: total, in range, and as the model says. */

#include <model/dest_model.h>
#include <vic/ipi.h>

#include "input.h"

static void in_range(enum vic_decode decode, const struct vic_ipi *ipi)
{
	REQUIRE(decode >= VIC_DECODE_SEND && decode <= VIC_DECODE_FOREIGN);
	REQUIRE(ipi->kind < VIC_DEST_KINDS);
	REQUIRE(ipi->mode < 8);
	REQUIRE(ipi->width == 0 || ipi->width == 8 || ipi->width == 15 ||
		ipi->width == 32);
}

static enum vic_dest_kind kind_of(const struct dest_message *message)
{
	switch (message->shorthand) {
	case DEST_SELF:
		return VIC_DEST_SELF;
	case DEST_ALL:
		return VIC_DEST_ALL;
	case DEST_OTHERS:
		return VIC_DEST_OTHERS;
	default:
		return message->logical ? VIC_DEST_LOGICAL : VIC_DEST_PHYSICAL;
	}
}

static void same_x86(enum vic_decode decode, const struct vic_ipi *ipi,
		     enum dest_verdict verdict,
		     const struct dest_message *message)
{
	static const enum vic_decode verdicts[] = {
		[DEST_SEND] = VIC_DECODE_SEND,
		[DEST_NOTHING] = VIC_DECODE_NOTHING,
		[DEST_INVALID] = VIC_DECODE_INVALID,
		[DEST_ILLEGAL_VECTOR] = VIC_DECODE_ILLEGAL_VECTOR,
		[DEST_RESERVED] = VIC_DECODE_RESERVED,
		[DEST_FOREIGN] = VIC_DECODE_FOREIGN,
	};

	in_range(decode, ipi);
	REQUIRE(decode == verdicts[verdict]);
	if (verdict == DEST_RESERVED || verdict == DEST_FOREIGN)
		return;
	REQUIRE(ipi->kind == kind_of(message));
	REQUIRE(ipi->dest == message->dest);
	REQUIRE(ipi->width == message->width);
	REQUIRE(ipi->intid == message->vector);
	REQUIRE(ipi->mode == message->mode);
	REQUIRE(ipi->level == message->level);
	REQUIRE(ipi->redirect == message->redirect);
	REQUIRE(ipi->list == 0);
}

static void try_x86(enum vic_send_register reg, uint64_t value)
{
	struct dest_message message;
	enum dest_verdict verdict;
	struct vic_ipi ipi;
	enum vic_decode decode = vic_decode(reg, value, &ipi);

	if (reg == VIC_SEND_XAPIC_ICR)
		verdict = dest_model_xapic_icr(value, &message);
	else if (reg == VIC_SEND_X2APIC_ICR)
		verdict = dest_model_x2apic_icr(value, &message);
	else
		verdict = dest_model_self_ipi(value, &message);
	same_x86(decode, &ipi, verdict, &message);
}

static void try_msi(uint32_t format, uint64_t address, uint32_t data)
{
	static const uint8_t widths[] = {8, 15, 32};
	struct dest_message message;
	enum dest_verdict verdict;
	struct vic_ipi ipi;
	enum vic_decode decode = vic_msi_decode((enum vic_msi_format)format,
						address, data, &ipi);

	verdict = dest_model_msi(widths[format], address, data, &message);
	same_x86(decode, &ipi, verdict, &message);
}

static void same_arm(const struct vic_ipi *ipi, unsigned kind, uint64_t dest,
		     uint64_t list, uint64_t intid)
{
	REQUIRE(ipi->kind == kind);
	REQUIRE(ipi->dest == dest);
	REQUIRE(ipi->list == list);
	REQUIRE(ipi->intid == intid);
	REQUIRE(ipi->width == 0);
	REQUIRE(!ipi->level && !ipi->redirect);
}

/* IHI 0048B 4.3.15 */
static void try_sgir(uint64_t value)
{
	struct vic_ipi ipi;
	enum vic_decode decode = vic_decode(VIC_SEND_GICD_SGIR, value, &ipi);
	uint64_t list = value >> 16 & 0xff;

	in_range(decode, &ipi);
	switch (value >> 24 & 3) {
	case 0:
		REQUIRE(decode ==
			(list ? VIC_DECODE_SEND : VIC_DECODE_NOTHING));
		same_arm(&ipi, VIC_DEST_AFFINITY, 0, list, value & 15);
		break;
	case 1:
		REQUIRE(decode == VIC_DECODE_SEND);
		same_arm(&ipi, VIC_DEST_OTHERS, 0, 0, value & 15);
		break;
	case 2:
		REQUIRE(decode == VIC_DECODE_SEND);
		same_arm(&ipi, VIC_DEST_SELF, 0, 0, value & 15);
		break;
	default:
		REQUIRE(decode == VIC_DECODE_INVALID);
		return;
	}
	REQUIRE(ipi.mode == VIC_SGI_GROUP_ANY);
}

/* IHI 0069 12.2 */
static void try_sgi1r(enum vic_send_register reg, uint64_t value)
{
	struct vic_ipi ipi;
	enum vic_decode decode = vic_decode(reg, value, &ipi);
	uint64_t list = value & 0xffff;
	uint64_t intid = value >> 24 & 15;
	uint64_t dest = (value >> 48 & 0xff) << 24 |
			(value >> 32 & 0xff) << 16 | (value >> 16 & 0xff) << 8 |
			(value >> 44 & 15) * 16;

	in_range(decode, &ipi);
	if (value >> 40 & 1) {
		REQUIRE(decode == VIC_DECODE_SEND);
		same_arm(&ipi, VIC_DEST_OTHERS, 0, 0, intid);
	} else {
		REQUIRE(decode ==
			(list ? VIC_DECODE_SEND : VIC_DECODE_NOTHING));
		same_arm(&ipi, VIC_DEST_AFFINITY, dest, list, intid);
	}
	if (reg == VIC_SEND_ICC_SGI0R)
		REQUIRE(ipi.mode == VIC_SGI_GROUP0);
	else if (reg == VIC_SEND_ICC_SGI1R)
		REQUIRE(ipi.mode == VIC_SGI_GROUP1);
	else
		REQUIRE(ipi.mode == VIC_SGI_GROUP1_OTHER);
}

static void try_unknown(uint32_t reg, uint64_t value)
{
	struct vic_ipi ipi;

	if (reg <= VIC_SEND_ICC_ASGI1R)
		return;
	REQUIRE(vic_decode((enum vic_send_register)reg, value, &ipi) ==
		VIC_DECODE_FOREIGN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};

	for (int i = 0; i < INPUT_MAX_OPS && input.left; i++) {
		uint32_t what = input_below(&input, 11);
		uint64_t value = input_u64(&input);

		switch (what) {
		case VIC_SEND_XAPIC_ICR:
		case VIC_SEND_X2APIC_ICR:
		case VIC_SEND_SELF_IPI:
			try_x86((enum vic_send_register)what, value);
			break;
		case VIC_SEND_GICD_SGIR:
			try_sgir(value);
			break;
		case VIC_SEND_ICC_SGI1R:
		case VIC_SEND_ICC_SGI0R:
		case VIC_SEND_ICC_ASGI1R:
			try_sgi1r((enum vic_send_register)what, value);
			break;
		case 10:
			try_unknown(input_u32(&input), value);
			break;
		default:
			try_msi(what - 7, value, input_u32(&input));
			break;
		}
	}
	return 0;
}
