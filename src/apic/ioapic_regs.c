/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* A guest's accesses to an IOAPIC: Intel 82093AA data sheet, 3.1 and 3.2. */
#include "apic/ioapic_priv.h"

#define VERSION_EOI 0x20u

/* The pin whose entry IOREGSEL names; nr or more: none. */
static uint32_t selected_pin(const struct vic_ioapic *ioapic)
{
	return (ioapic->select - VIC_IOAPIC_REDTBL) / 2;
}

static uint32_t read_entry(const struct vic_ioapic *ioapic)
{
	const struct ioapic_pin *pin = &ioapic->pins[selected_pin(ioapic)];

	if (ioapic->select & 1)
		return (uint32_t)(pin->entry >> 32);
	return (uint32_t)pin->entry |
	       (pin_wants(ioapic, pin) ? VIC_RTE_BUSY : 0);
}

static uint32_t read_window(const struct vic_ioapic *ioapic)
{
	switch (ioapic->select) {
	case VIC_IOAPIC_ID:
	case VIC_IOAPIC_ARB:
		/* What the bus arbitrates with starts as the ID. */
		return ioapic->id << VIC_IOAPIC_ID_SHIFT;
	case VIC_IOAPIC_VER:
		return ioapic->version |
		       (ioapic->nr - 1) << VIC_IOAPIC_VER_ENTRIES_SHIFT;
	default:
		return selected_pin(ioapic) < ioapic->nr ? read_entry(ioapic)
							 : 0;
	}
}

static bool legal(uint32_t offset, uint32_t len)
{
	return offset < VIC_IOAPIC_PAGE_SIZE && len <= 8 && len &&
	       !(len & (len - 1));
}

enum vic_access vic_ioapic_read(struct vic_ioapic *ioapic, uint32_t offset,
				uint32_t len, uint64_t *value)
{
	uint32_t v = 0;

	if (!legal(offset, len))
		return VIC_ACCESS_FOREIGN;
	lock_take(&ioapic->lock);
	if (offset == VIC_IOAPIC_IOREGSEL)
		v = ioapic->select;
	else if (offset == VIC_IOAPIC_IOWIN)
		v = read_window(ioapic);
	lock_drop(&ioapic->lock);
	*value = len < 4 ? v & ((1u << len * 8) - 1) : v;
	return VIC_ACCESS_DONE;
}

/* Half an entry; whether a message is due. */
static bool write_entry(struct vic_ioapic *ioapic, uint32_t value,
			struct ioapic_message *message)
{
	uint32_t n = selected_pin(ioapic);
	struct ioapic_pin *pin = &ioapic->pins[n];
	uint32_t shift = (ioapic->select & 1) * 32;
	uint64_t half = (uint64_t)UINT32_MAX << shift & ioapic->writable;
	bool asserted = pin_asserted(ioapic, pin);

	pin->entry = (pin->entry & ~half) | ((uint64_t)value << shift & half);
	ioapic_choose_way(ioapic, pin);
	if (entry_is_level(pin->entry))
		return ioapic_level(ioapic, n, message);
	pin_remote_irr(ioapic, n, false);
	/* Another polarity may be an edge. */
	return !asserted && ioapic_edge(ioapic, n, message);
}

static bool write_window(struct vic_ioapic *ioapic, uint32_t value,
			 struct ioapic_message *message)
{
	if (ioapic->select == VIC_IOAPIC_ID)
		ioapic->id = value >> VIC_IOAPIC_ID_SHIFT & 0xf;
	else if (selected_pin(ioapic) < ioapic->nr)
		return write_entry(ioapic, value, message);
	return false;
}

enum vic_access vic_ioapic_write(struct vic_ioapic *ioapic,
				 struct vic_counters *counters, uint32_t offset,
				 uint32_t len, uint64_t value)
{
	struct ioapic_message message;
	uint32_t v = (uint32_t)value;
	bool due = false;

	if (!legal(offset, len))
		return VIC_ACCESS_FOREIGN;
	if (len < 4)
		v &= (1u << len * 8) - 1;
	if (offset == VIC_IOAPIC_EOI && ioapic->version >= VERSION_EOI) {
		vic_ioapic_eoi(ioapic, counters, (uint8_t)v);
		return VIC_ACCESS_DONE;
	}
	lock_take(&ioapic->lock);
	if (offset == VIC_IOAPIC_IOREGSEL)
		ioapic->select = v & ioapic_select_bits(ioapic);
	else if (offset == VIC_IOAPIC_IOWIN)
		due = write_window(ioapic, v, &message);
	lock_drop(&ioapic->lock);
	if (due)
		ioapic_send(ioapic, counters, &message);
	return VIC_ACCESS_DONE;
}
