/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Sending from a local APIC: ICR and SELF IPI. SDM vol. 3, 10.6. */
#include "apic/lapic_priv.h"
#include "ipi/decode.h"
#include "ipi/lowest.h"
#include "ipi/unicast.h"

static void send_nothing(struct vic_lapic *lapic, enum vic_decode decode)
{
	if (decode == VIC_DECODE_ILLEGAL_VECTOR)
		lapic_error(lapic, VIC_ESR_SEND_ILLEGAL);
	if (decode != VIC_DECODE_NOTHING)
		count(&lapic->vcpu->counters.invalid);
}

/* For the short ways: none of @not_short, a legal vector. */
ALWAYS_INLINE bool is_short(uint32_t low, uint32_t not_short)
{
	return LIKELY(!(low & not_short) &&
		      (low & VIC_ICR_VECTOR) >= VIC_VECTOR_MIN);
}

/* All, or all but self. */
static __attribute__((noinline)) enum vic_access
send_all(struct vic_lapic *lapic, uint32_t low)
{
	struct vic_vcpu *vcpu = lapic->vcpu;
	enum vic_dest_kind kind = icr_kind(low);

	count(&vcpu->counters.sent[kind][VIC_MODE_FIXED]);
	bus_broadcast(lapic->bus, vcpu, kind == VIC_DEST_ALL,
		      low & VIC_ICR_VECTOR);
	return VIC_ACCESS_DONE;
}

ALWAYS_INLINE enum vic_access
send_one(struct vic_lapic *lapic, struct vic_vcpu *target, uint32_t low,
	 enum vic_dest_kind kind, enum vic_delivery_mode mode)
{
	struct vic_counters *counters = &lapic->vcpu->counters;

	count(&counters->sent[kind][mode]);
	inbox_post(target, counters, low & VIC_ICR_VECTOR, false);
	return VIC_ACCESS_DONE;
}

/* Lowest priority that is logical, legal and edge, of those that can. */
ALWAYS_INLINE bool is_lowest(const struct vic_lapic *lapic, uint32_t low)
{
	return (low & (lapic->icr_long | VIC_ICR_LOGICAL)) ==
		       lapic->icr_lowest &&
	       (low & VIC_ICR_VECTOR) >= VIC_VECTOR_MIN;
}

/* Decode, resolve, accept. */
static __attribute__((noinline)) enum vic_access
send_any(struct vic_lapic *lapic, uint32_t low, uint32_t dest, uint8_t width)
{
	struct vic_vcpu *vcpu = lapic->vcpu;
	struct vic_ipi ipi;
	enum vic_decode decode;

	decode = icr_decode(low, dest, width, &ipi);
	if (UNLIKELY(icr_redirectable(lapic->bus->flags, low, decode)))
		lapic_error(lapic, VIC_ESR_REDIRECTABLE);
	decode = icr_policy(lapic->bus->flags, low, decode, &ipi);
	if (LIKELY(decode == VIC_DECODE_SEND))
		bus_send(lapic->bus, vcpu, &vcpu->counters, &ipi);
	else
		send_nothing(lapic, decode);
	return VIC_ACCESS_DONE;
}

ALWAYS_INLINE enum vic_access lowest32_by(bool arbitration,
					  struct vic_lapic *lapic, uint32_t low,
					  uint32_t dest)
{
	struct vic_vcpu *target = lowest_logical32(arbitration, lapic->bus,
						   dest, low & VIC_ICR_VECTOR);

	if (UNLIKELY(!target))
		return send_any(lapic, low, dest, 32);
	return send_one(lapic, target, low, VIC_DEST_LOGICAL, VIC_MODE_LOWEST);
}

static __attribute__((noinline)) enum vic_access
lowest32_arbitrated(struct vic_lapic *lapic, uint32_t low, uint32_t dest)
{
	return lowest32_by(true, lapic, low, dest);
}

static __attribute__((noinline)) enum vic_access
lowest32(struct vic_lapic *lapic, uint32_t low, uint32_t dest)
{
	if (UNLIKELY(lapic->bus->flags & VIC_BUS_ARBITRATE))
		return lowest32_arbitrated(lapic, low, dest);
	return lowest32_by(false, lapic, low, dest);
}

/* Every message that goes to more than one, or is of another kind. */
static __attribute__((noinline)) enum vic_access
send(struct vic_lapic *lapic, uint32_t low, uint32_t dest, uint8_t width)
{
	if (is_short(low, lapic->icr_long_all) && icr_kind(low) >= VIC_DEST_ALL)
		return send_all(lapic, low);
	if (width == 32 && is_lowest(lapic, low))
		return lowest32(lapic, low, dest);
	return send_any(lapic, low, dest, width);
}

static __attribute__((noinline)) enum vic_access
logical32(struct vic_lapic *lapic, uint32_t low, uint32_t dest)
{
	struct vic_vcpu *target = unicast_logical32(lapic->bus, dest);

	if (UNLIKELY(!target))
		return send(lapic, low, dest, 32);
	return send_one(lapic, target, low, VIC_DEST_LOGICAL, VIC_MODE_FIXED);
}

/* Both halves in one register of the page, the low one first. */
ALWAYS_INLINE void store_icr(uint32_t *icr, uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	__builtin_memcpy(icr, &value, sizeof(value));
#else
	icr[0] = (uint32_t)value;
	icr[1] = (uint32_t)(value >> 32);
#endif
}

enum vic_access lapic_icr_split(struct vic_lapic *lapic, uint64_t value)
{
	uint32_t dest = (uint32_t)(value >> VIC_ICR_DEST_SHIFT);
	uint32_t low = (uint32_t)value & ~VIC_ICR_BUSY;

	if (value & lapic->icr_reserved)
		return VIC_ACCESS_FAULT;
	*reg(lapic, VIC_APIC_ICR_LO) = low;
	*reg(lapic, VIC_APIC_ICR_HI) = dest;
	return send(lapic, low, dest, 32);
}

enum vic_access
lapic_icr_x2apic(struct vic_lapic *lapic, uint32_t msr, uint64_t value)
{
	uint32_t dest = (uint32_t)(value >> VIC_ICR_DEST_SHIFT);
	uint32_t low = (uint32_t)value;
	struct vic_vcpu *target;

	(void)msr;
	/* One 64-bit register in the page, as Intel has it. */
	store_icr(reg(lapic, VIC_APIC_ICR_LO), value & ~(uint64_t)VIC_ICR_BUSY);
	if (UNLIKELY(!is_short(low, lapic->icr_long)))
		return send(lapic, low, dest, 32);
	if (low & VIC_ICR_LOGICAL)
		return logical32(lapic, low, dest);
	target = unicast_physical32(lapic->bus, dest);
	if (UNLIKELY(!target))
		return send(lapic, low, dest, 32);
	return send_one(lapic, target, low, VIC_DEST_PHYSICAL, VIC_MODE_FIXED);
}

static __attribute__((noinline)) enum vic_access
logical8(struct vic_lapic *lapic, uint32_t low, uint32_t dest)
{
	struct vic_vcpu *target = unicast_logical8(lapic->bus, dest);

	if (UNLIKELY(!target))
		return send(lapic, low, dest, 8);
	return send_one(lapic, target, low, VIC_DEST_LOGICAL, VIC_MODE_FIXED);
}

enum vic_access lapic_icr_xapic(struct vic_lapic *lapic, uint32_t low)
{
	uint32_t dest = *reg(lapic, VIC_APIC_ICR_HI) >> 24;
	struct vic_vcpu *target;

	low &= ~(VIC_ICR_BUSY | VIC_ICR_RESERVED);
	*reg(lapic, VIC_APIC_ICR_LO) = low;
	if (UNLIKELY(!is_short(low, lapic->icr_long)))
		return send(lapic, low, dest, 8);
	if (low & VIC_ICR_LOGICAL)
		return logical8(lapic, low, dest);
	target = unicast_physical8(lapic->bus, dest);
	if (UNLIKELY(!target))
		return send(lapic, low, dest, 8);
	return send_one(lapic, target, low, VIC_DEST_PHYSICAL, VIC_MODE_FIXED);
}

void lapic_send_self(struct vic_lapic *lapic, uint8_t vector)
{
	struct vic_ipi ipi = self_ipi(vector);

	if (vector < VIC_VECTOR_MIN)
		send_nothing(lapic, VIC_DECODE_ILLEGAL_VECTOR);
	else
		bus_send(lapic->bus, lapic->vcpu, &lapic->vcpu->counters, &ipi);
}

/* A send to self, while no scan is to come: IRR has it. */
static enum vic_fast
fast_self(struct vic_lapic *lapic, uint32_t low, uint8_t *vector)
{
	*vector = low & VIC_ICR_VECTOR;
	lapic_accept(lapic, *vector, false);
	return VIC_FAST_SELF;
}

/* More than one target, or one that takes a longer look. */
static __attribute__((noinline)) enum vic_fast
fast_many(struct vic_lapic *lapic, uint32_t low, uint32_t dest, uint8_t width,
	  uint8_t *vector)
{
	struct vic_ipi ipi;

	(void)icr_decode(low, dest, width, &ipi);
	if (ipi.kind == VIC_DEST_OTHERS && is_short(low, lapic->icr_long_all)) {
		(void)send_all(lapic, low);
		return VIC_FAST_DONE;
	}
	if (!bus_send_others(lapic->bus, lapic->vcpu, &ipi))
		return VIC_FAST_DONE;
	return fast_self(lapic, low, vector);
}

static struct vic_vcpu *fast_target(const struct vic_lapic *lapic, uint32_t low,
				    uint32_t dest, bool wide)
{
	if (low & VIC_ICR_LOGICAL)
		return wide ? unicast_logical32(lapic->bus, dest)
			    : unicast_logical8(lapic->bus, dest);
	return wide ? unicast_physical32(lapic->bus, dest)
		    : unicast_physical8(lapic->bus, dest);
}

/* What is no Fixed edge to another's physical x2APIC id. */
static __attribute__((noinline)) enum vic_fast
fast_any(struct vic_lapic *lapic, uint64_t value, uint8_t *vector)
{
	bool wide = lapic->mode == LAPIC_X2APIC;
	uint32_t dest = (uint32_t)(value >> VIC_ICR_DEST_SHIFT);
	uint32_t low = (uint32_t)value;
	struct vic_vcpu *target = NULL;

	if (!is_short(low, lapic->icr_long & ~VIC_ICR_SHORTHAND))
		return VIC_FAST_EXIT;
	if (wide) {
		if (low & lapic->icr_reserved)
			return VIC_FAST_EXIT;
		value &= ~(uint64_t)VIC_ICR_BUSY;
		store_icr(reg(lapic, VIC_APIC_ICR_LO), value);
	} else if (lapic->mode == LAPIC_XAPIC) {
		low &= ~(VIC_ICR_BUSY | VIC_ICR_RESERVED);
		*reg(lapic, VIC_APIC_ICR_LO) = low;
		dest = *reg(lapic, VIC_APIC_ICR_HI) >> 24;
	} else {
		return VIC_FAST_EXIT;
	}
	if (!(low & VIC_ICR_SHORTHAND))
		target = fast_target(lapic, low, dest, wide);
	if (!target || target == lapic->vcpu)
		return fast_many(lapic, low, dest, wide ? 32 : 8, vector);
	(void)send_one(lapic, target, low, icr_kind(low), VIC_MODE_FIXED);
	return VIC_FAST_DONE;
}

enum vic_fast
vic_lapic_icr_fast(struct vic_lapic *lapic, uint64_t value, uint8_t *vector)
{
	const uint32_t any = VIC_ICR_LOGICAL | VIC_ICR_BUSY | VIC_ICR_RESERVED;
	uint32_t low = (uint32_t)value;
	struct vic_vcpu *target;

	if (UNLIKELY(lapic->mode != LAPIC_X2APIC ||
		     !is_short(low, lapic->icr_long | any)))
		return fast_any(lapic, value, vector);
	target = unicast_physical32(lapic->bus,
				    (uint32_t)(value >> VIC_ICR_DEST_SHIFT));
	if (UNLIKELY(!target || target == lapic->vcpu))
		return fast_any(lapic, value, vector);
	store_icr(reg(lapic, VIC_APIC_ICR_LO), value);
	(void)send_one(lapic, target, low, VIC_DEST_PHYSICAL, VIC_MODE_FIXED);
	return VIC_FAST_DONE;
}
