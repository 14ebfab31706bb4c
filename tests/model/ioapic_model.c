/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "ioapic_model.h"

#include <string.h>
#include <vic/spec/apic.h>

static bool is_asserted(const struct im *m, const struct im_pin *p)
{
	bool high = false;

	for (uint32_t i = 0; i < IM_SOURCES; i++)
		high |= p->sources[i];
	if (m->config.voltages && (p->entry & VIC_RTE_LOW))
		return !high;
	return high;
}

static uint32_t mode_of(const struct im_pin *p)
{
	return (uint32_t)(p->entry & VIC_RTE_MODE) >> VIC_RTE_MODE_SHIFT;
}

static bool has_vector(const struct im_pin *p)
{
	return mode_of(p) == VIC_MODE_FIXED || mode_of(p) == VIC_MODE_LOWEST;
}

/* 3.2.4: all others are edge-triggered, whatever software wrote. */
static bool is_level(const struct im_pin *p)
{
	return has_vector(p) && (p->entry & VIC_RTE_LEVEL);
}

static bool is_masked(const struct im_pin *p)
{
	return p->entry & VIC_RTE_MASKED;
}

/* What a level-triggered pin has to send, and has not. */
static bool is_due(const struct im *m, const struct im_pin *p)
{
	return is_level(p) && is_asserted(m, p) && !is_masked(p) &&
	       !p->remote_irr;
}

static bool send(struct im *m, const struct im_pin *p)
{
	uint32_t mode = mode_of(p);
	uint64_t address = VIC_MSI_BASE;
	uint32_t data = p->entry & VIC_RTE_VECTOR;

	/* 011 and 110 are reserved. */
	if (mode == VIC_MODE_RESERVED || mode == VIC_MODE_SIPI)
		return false;
	address |= (p->entry >> 56 & 0xff) << VIC_MSI_DEST_SHIFT;
	address |= (p->entry >> 49 & 0x7f) << VIC_MSI_EXT_DEST_SHIFT;
	if (p->entry & VIC_RTE_LOGICAL)
		address |= VIC_MSI_DM;
	data |= mode << VIC_ICR_MODE_SHIFT;
	if (p->entry & VIC_RTE_LEVEL)
		data |= VIC_ICR_LEVEL | VIC_ICR_ASSERT;
	return m->config.send(m->config.opaque, address, data);
}

static bool try_level(struct im *m, struct im_pin *p)
{
	if (!is_due(m, p))
		return false;
	p->remote_irr = send(m, p);
	return p->remote_irr;
}

/* Something made the input asserted that was not. */
static bool rise(struct im *m, struct im_pin *p)
{
	if (is_level(p))
		return try_level(m, p);
	return !is_masked(p) && send(m, p);
}

bool im_line(struct im *m, uint32_t pin, uint32_t source, bool level)
{
	struct im_pin *p = &m->pin[pin];
	bool was = is_asserted(m, p);

	p->sources[source] = level;
	return !was && is_asserted(m, p) && rise(m, p);
}

static uint64_t writable(const struct im *m)
{
	uint64_t bits = VIC_RTE_VECTOR | VIC_RTE_MODE | VIC_RTE_LOGICAL |
			VIC_RTE_LOW | VIC_RTE_LEVEL | VIC_RTE_MASKED;

	bits |= 0xffull << 56;
	if (m->config.wide)
		bits |= 0x7full << 49;
	return bits;
}

static void
write_entry(struct im *m, struct im_pin *p, bool high, uint32_t value)
{
	bool was = is_asserted(m, p);
	uint64_t entry = p->entry;

	if (high)
		entry = (entry & 0xffffffff) | (uint64_t)value << 32;
	else
		entry = (entry & ~0xffffffffull) | value;
	p->entry = entry & writable(m);
	if (!is_level(p))
		p->remote_irr = false;
	if (is_level(p))
		try_level(m, p);
	else if (!was && is_asserted(m, p))
		rise(m, p);
}

uint64_t im_entry(const struct im *m, uint32_t pin)
{
	const struct im_pin *p = &m->pin[pin];
	uint64_t entry = p->entry;

	if (p->remote_irr)
		entry |= VIC_RTE_REMOTE_IRR;
	if (is_due(m, p))
		entry |= VIC_RTE_BUSY;
	return entry;
}

uint64_t im_sources(const struct im *m, uint32_t pin)
{
	uint64_t mask = 0;

	for (uint32_t i = 0; i < IM_SOURCES; i++)
		mask |= (uint64_t)m->pin[pin].sources[i] << i;
	return mask;
}

/* Behind IOWIN. */
static uint32_t read_window(const struct im *m)
{
	uint32_t entry = (m->select - VIC_IOAPIC_REDTBL) / 2;

	if (m->select == VIC_IOAPIC_ID)
		return (uint32_t)m->id << 24;
	if (m->select == VIC_IOAPIC_VER)
		return m->config.version | (m->config.pins - 1) << 16;
	if (m->select == VIC_IOAPIC_ARB)
		return (uint32_t)m->arb << 24;
	if (m->select < VIC_IOAPIC_REDTBL || entry >= m->config.pins)
		return 0;
	return (uint32_t)(im_entry(m, entry) >> (m->select % 2 ? 32 : 0));
}

static void write_window(struct im *m, uint32_t value)
{
	uint32_t entry = (m->select - VIC_IOAPIC_REDTBL) / 2;

	if (m->select == VIC_IOAPIC_ID) {
		m->id = value >> 24 & 0xf;
		/* 3.2.3 */
		m->arb = m->id;
	} else if (m->select >= VIC_IOAPIC_REDTBL && entry < m->config.pins) {
		write_entry(m, &m->pin[entry], m->select % 2, value);
	}
}

static bool is_mine(uint32_t offset, uint32_t len)
{
	return offset < VIC_IOAPIC_PAGE_SIZE &&
	       (len == 1 || len == 2 || len == 4 || len == 8);
}

bool im_read(const struct im *m, uint32_t offset, uint32_t len, uint64_t *value)
{
	if (!is_mine(offset, len))
		return false;
	*value = 0;
	if (offset == VIC_IOAPIC_IOREGSEL)
		*value = m->select;
	else if (offset == VIC_IOAPIC_IOWIN)
		*value = read_window(m);
	if (len < 4)
		*value &= (1u << 8 * len) - 1;
	return true;
}

bool im_write(struct im *m, uint32_t offset, uint32_t len, uint64_t value)
{
	if (!is_mine(offset, len))
		return false;
	if (len < 8)
		value &= (1ull << 8 * len) - 1;
	if (offset == VIC_IOAPIC_IOREGSEL)
		m->select =
			(uint32_t)value & (m->config.pins > 120 ? 0x1ff : 0xff);
	else if (offset == VIC_IOAPIC_IOWIN)
		write_window(m, (uint32_t)value);
	else if (offset == VIC_IOAPIC_EOI && m->config.version == 0x20)
		im_eoi(m, value & 0xff);
	return true;
}

void im_eoi(struct im *m, uint8_t vector)
{
	bool matches[IM_PINS] = {false}, ended[IM_PINS] = {false};

	for (uint32_t i = 0; i < m->config.pins; i++) {
		struct im_pin *p = &m->pin[i];

		matches[i] =
			is_level(p) && (p->entry & VIC_RTE_VECTOR) == vector;
		ended[i] = matches[i] && p->remote_irr;
		if (matches[i])
			p->remote_irr = false;
	}
	for (uint32_t i = 0; i < m->config.pins; i++)
		if (ended[i])
			m->config.eoi(m->config.opaque, i);
	for (uint32_t i = 0; i < m->config.pins; i++)
		if (ended[i])
			try_level(m, &m->pin[i]);
}

void im_retry(struct im *m)
{
	for (uint32_t i = 0; i < m->config.pins; i++)
		try_level(m, &m->pin[i]);
}

void im_reset(struct im *m)
{
	m->select = 0;
	m->id = (uint8_t)m->config.id;
	m->arb = m->id;
	for (uint32_t i = 0; i < m->config.pins; i++) {
		m->pin[i].entry = VIC_RTE_MASKED;
		m->pin[i].remote_irr = false;
	}
}

void im_init(struct im *m, const struct im_config *config)
{
	memset(m, 0, sizeof(*m));
	m->config = *config;
	im_reset(m);
}
