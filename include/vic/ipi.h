/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief From the value of a send register to one decoded message.
 *
 * Every decoder is pure and total: no state, no callbacks, an answer for
 * every input, any thread. What comes out is the only type that the
 * destination map, the local APIC, the GIC and MSIs share.
 */
#ifndef VIC_IPI_H
#define VIC_IPI_H

#include <vic/spec/apic.h>
#include <vic/spec/sgi.h>
#include <vic/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a message names its targets. */
enum vic_dest_kind {
	/** One APIC id in vic_ipi.dest, or all of them. */
	VIC_DEST_PHYSICAL,
	/** A logical destination (MDA) in vic_ipi.dest. */
	VIC_DEST_LOGICAL,
	/** The sender. */
	VIC_DEST_SELF,
	/** Every vCPU. */
	VIC_DEST_ALL,
	/** Every vCPU but the sender. */
	VIC_DEST_OTHERS,
	/** vic_ipi.list of Arm PEs from the affinity in vic_ipi.dest on. */
	VIC_DEST_AFFINITY,
};
#define VIC_DEST_KINDS 6

/** Which group an SGI is sent to. */
enum vic_sgi_group {
	VIC_SGI_GROUP0,
	VIC_SGI_GROUP1,
	/** Group 1 of the other Security state (ICC_ASGI1R_EL1). */
	VIC_SGI_GROUP1_OTHER,
	/** GICD_SGIR: the group is the interrupt's, bit 15 NSATT aside. */
	VIC_SGI_GROUP_ANY,
};

/** One message, decoded. Fields that a kind has no use for are 0. */
struct vic_ipi {
	/**
	 * x86: the destination as written. Arm: the affinity of bit 0 of
	 * @c list as Aff3 << 24 | Aff2 << 16 | Aff1 << 8 | Aff0; a GICv2
	 * CPU interface number is an Aff0.
	 */
	uint32_t dest;
	/** Arm: bit n names the PE with Aff0 = dest[7:0] + n. */
	uint16_t list;
	/** x86 vector (for SIPI: the start page), or SGI INTID 0-15. */
	uint8_t intid;
	/** enum vic_dest_kind. */
	uint8_t kind;
	/** x86: enum vic_delivery_mode. Arm: enum vic_sgi_group. */
	uint8_t mode;
	/** x86: bits in @c dest that were sent: 8, 15 or 32. Arm: 0. */
	uint8_t width;
	/** x86: the trigger mode is level; only an MSI's can be. */
	bool level;
	/** MSI redirection hint in logical mode: one of the addressed set. */
	bool redirect;
};

/** What a value turned out to be. */
enum vic_decode {
	/** A message to send. */
	VIC_DECODE_SEND,
	/** Legal, and nothing is sent (INIT level de-assert, for one). */
	VIC_DECODE_NOTHING,
	/** A combination that the manual calls invalid: nothing is sent. */
	VIC_DECODE_INVALID,
	/** Vector 0-15: the sender records Send Illegal Vector. */
	VIC_DECODE_ILLEGAL_VECTOR,
	/** A reserved bit is set where that is #GP. */
	VIC_DECODE_RESERVED,
	/** Not such a message at all (an MSI address outside 0xFEExxxxx). */
	VIC_DECODE_FOREIGN,
};

/** The registers that vic_decode() knows. */
enum vic_send_register {
	/** Both halves of the xAPIC ICR: 0x310 in bits 63:32, 0x300. */
	VIC_SEND_XAPIC_ICR,
	/** MSR 0x830. */
	VIC_SEND_X2APIC_ICR,
	/** MSR 0x83F. */
	VIC_SEND_SELF_IPI,
	/** GICv2 GICD_SGIR. */
	VIC_SEND_GICD_SGIR,
	/** ICC_SGI1R_EL1; the other two differ in the group. */
	VIC_SEND_ICC_SGI1R,
	VIC_SEND_ICC_SGI0R,
	VIC_SEND_ICC_ASGI1R,
};

/** How an MSI address carries more than eight destination bits. */
enum vic_msi_format {
	/** Address bits 19:12 only. */
	VIC_MSI_8BIT,
	/** Address bits 11:5 are destination bits 14:8. */
	VIC_MSI_15BIT,
	/** Address bits 63:40 are destination bits 31:8, 39:32 are 0. */
	VIC_MSI_32BIT,
};

/**
 * Decode what a guest wrote to @p reg.
 *
 * xAPIC ICR: reserved bits are ignored; x2APIC ICR and SELF IPI: they are
 * VIC_DECODE_RESERVED, but for bit 12, which is ignored. Vectors 0-15 are
 * illegal for Fixed and Lowest Priority only. Trigger mode and level are
 * ignored but for INIT level de-assert (SDM 10.6.1, tables 10-3 and 10-6).
 * Shorthands "self" and "all including self" are valid for Fixed only;
 * delivery modes 011 and 111 are reserved. An unknown @p reg is
 * VIC_DECODE_FOREIGN.
 *
 * @param out is filled, also when nothing is to be sent.
 */
VIC_API VIC_NODISCARD enum vic_decode vic_decode(enum vic_send_register reg,
						 uint64_t value,
						 struct vic_ipi *out);

/**
 * Decode a message-signalled interrupt (SDM 10.11).
 *
 * Level-triggered with level de-asserted is VIC_DECODE_NOTHING. Delivery
 * modes 011 and 110 are reserved: VIC_DECODE_INVALID. A vector below 16 is
 * VIC_DECODE_SEND: it is the receiver that records it. A redirection hint
 * counts in logical mode only. An address outside 0xFEExxxxx, in remappable
 * format (bit 4, with 15 bits), or with bits above 31 that @p format does
 * not know, is VIC_DECODE_FOREIGN.
 */
VIC_API VIC_NODISCARD enum vic_decode
vic_msi_decode(enum vic_msi_format format, uint64_t address, uint32_t data,
	       struct vic_ipi *out);

#ifdef __cplusplus
}
#endif

#endif
