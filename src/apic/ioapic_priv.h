/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * struct vic_ioapic, and what the rest of src/apic does with one.
 *
 * Its lock guards all that changes; messages and callbacks go out after it
 * was dropped. Lock tree: PIC > IOAPIC.
 */
#ifndef VIC_SRC_APIC_IOAPIC_PRIV_H
#define VIC_SRC_APIC_IOAPIC_PRIV_H

#include <vic/ioapic.h>

#include "ipi/send.h"
#include "lock.h"

/* Words of a bitmap of pins. */
#define PIN_WORDS ((VIC_IOAPIC_MAX_PINS + 63) / 64)

struct ioapic_pin {
	uint64_t sources;
	/* As a guest reads it, but for the delivery status. */
	uint64_t entry;
	/* Level messages that were begun: one that was refused is known. */
	uint32_t attempts;
	/* How often a level was not sent only because remote IRR was 1. */
	uint32_t missed;
	/* The attempt that was refused last: if it is the last, it waits. */
	uint32_t refused;
	/* enum pin_way, from @entry. */
	uint32_t way;
};

/*
 * Which way a pin's message goes: the short ones are for Fixed to one
 * physical id, not masked, on a bus.
 */
enum pin_way {
	PIN_LONG,
	PIN_EDGE,
	PIN_LEVEL,
};

struct vic_ioapic {
	_Alignas(VIC_CACHE_LINE) struct lock lock;
	struct vic_apic_bus *bus;
	const struct vic_vcpu_ops *ops;
	void *opaque;
	/* The next one on the bus. */
	struct vic_ioapic *next;
	/* Fixed by init. */
	uint32_t nr, flags;
	uint8_t version, reset_id;
	/*
	 * @nr where the short ways can be gone: the lock is libvic's own, and
	 * polarity means nothing. Otherwise 0.
	 */
	uint32_t short_pins;
	/* What a guest can write of an entry. */
	uint64_t writable;
	/* ID, not shifted, and IOREGSEL. */
	uint32_t id, select;
	/* Bit n: remote IRR of pin n. */
	uint64_t remote[PIN_WORDS];
	struct ioapic_pin pins[];
};

/* A message that is due: the entry, and attempts and missed of a level. */
struct ioapic_message {
	uint64_t entry;
	uint32_t pin, attempt, missed;
};

/* What a chip uses of the callbacks. */
static inline bool chip_ops_valid(const struct vic_vcpu_ops *ops)
{
	return ops && !ops->lock == !ops->unlock;
}

/* Remote IRR is for what an EOI ends: Fixed and lowest priority. */
ALWAYS_INLINE bool entry_is_level(uint64_t entry)
{
	return (entry & VIC_RTE_LEVEL) &&
	       (entry & VIC_RTE_MODE) >> VIC_RTE_MODE_SHIFT <= VIC_MODE_LOWEST;
}

ALWAYS_INLINE bool
pin_asserted(const struct vic_ioapic *ioapic, const struct ioapic_pin *pin)
{
	bool low = (ioapic->flags & VIC_IOAPIC_VOLTAGES) &&
		   (pin->entry & VIC_RTE_LOW);

	return !pin->sources == low;
}

/* A level that wants to be sent. */
ALWAYS_INLINE bool
pin_wants(const struct vic_ioapic *ioapic, const struct ioapic_pin *pin)
{
	return entry_is_level(pin->entry) &&
	       !(pin->entry & (VIC_RTE_MASKED | VIC_RTE_REMOTE_IRR)) &&
	       pin_asserted(ioapic, pin);
}

ALWAYS_INLINE void
pin_remote_irr(struct vic_ioapic *ioapic, uint32_t n, bool set)
{
	uint64_t bit = UINT64_C(1) << n % 64;

	if (set) {
		ioapic->pins[n].entry |= VIC_RTE_REMOTE_IRR;
		ioapic->remote[n / 64] |= bit;
	} else {
		ioapic->pins[n].entry &= ~(uint64_t)VIC_RTE_REMOTE_IRR;
		ioapic->remote[n / 64] &= ~bit;
	}
}

/* Under the lock: @pin was asserted just now; *message is due if true. */
ALWAYS_INLINE bool ioapic_edge(const struct vic_ioapic *ioapic, uint32_t pin,
			       struct ioapic_message *message)
{
	const struct ioapic_pin *p = &ioapic->pins[pin];

	if ((p->entry & VIC_RTE_MASKED) || !pin_asserted(ioapic, p))
		return false;
	message->entry = p->entry;
	message->pin = pin;
	return true;
}

/* ioapic.c, under the lock: the entry has changed. */
void ioapic_choose_way(const struct vic_ioapic *ioapic, struct ioapic_pin *pin);
/* Under the lock: as ioapic_edge() for a level that is asserted. */
bool ioapic_level(struct vic_ioapic *ioapic, uint32_t pin,
		  struct ioapic_message *message);
/* Takes the lock: a source moves. */
bool ioapic_move(struct vic_ioapic *ioapic, uint32_t pin, uint32_t source,
		 bool level, struct ioapic_message *message);
/* Without the lock: what vic_ioapic_line_set() returns. */
bool ioapic_send(struct vic_ioapic *ioapic, struct vic_counters *counters,
		 const struct ioapic_message *message);

/* An EOI on @bus of a vector that was level. */
void ioapic_eoi_bus(struct vic_apic_bus *bus, struct vic_counters *counters,
		    uint8_t vector);
/* A local APIC of @bus was enabled, or answers to other destinations. */
void ioapic_arrival(struct vic_apic_bus *bus, struct vic_counters *counters);

/* What IOREGSEL can hold: 8 bits reach 120 pins. */
ALWAYS_INLINE uint32_t ioapic_select_bits(const struct vic_ioapic *ioapic)
{
	return ioapic->nr > 120 ? 0x1ff : 0xff;
}

/* ioapic_image.c: what vic_ioapic_restore() would say. */
int ioapic_image_check(const struct vic_ioapic *ioapic, const void *bytes,
		       size_t size, const char **what);

#endif
