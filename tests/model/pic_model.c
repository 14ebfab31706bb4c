/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "pic_model.h"

#include <string.h>

#define MASTER 0u
#define SLAVE 1u
#define NONE 8u

static bool is_level(const struct pm_chip *c, uint32_t n)
{
	return c->ltim || c->in[n].level;
}

static bool is_requested(const struct pm_chip *c, uint32_t n)
{
	return is_level(c, n) ? c->in[n].high : c->in[n].edge;
}

/* The inputs from the highest priority down: 0 to 7 is first to last. */
static uint32_t ranked(const struct pm_chip *c, uint32_t rank)
{
	return (c->lowest + 1 + rank) % 8;
}

/* Whether what is in service at input @p by keeps input @p n from it. */
static bool blocks(const struct pm *m, uint32_t chip, uint32_t by, uint32_t n)
{
	const struct pm_chip *c = &m->chip[chip];

	if (!c->in[by].in_service)
		return false;
	/* Special mask mode: all but the masked level itself. */
	if (c->special && c->in[by].masked)
		return false;
	/* Special fully nested mode: more of the slave's may come. */
	if (chip == MASTER && c->nested && by == VIC_PIC_CASCADE && n == by)
		return false;
	return true;
}

/* The request that an INTA would acknowledge, or NONE. */
static uint32_t winner(const struct pm *m, uint32_t chip)
{
	const struct pm_chip *c = &m->chip[chip];

	if (!c->ready)
		return NONE;
	for (uint32_t rank = 0; rank < 8; rank++) {
		uint32_t n = ranked(c, rank);
		bool blocked = false;

		if (c->in[n].masked || !is_requested(c, n))
			continue;
		for (uint32_t above = 0; above <= rank; above++)
			blocked |= blocks(m, chip, ranked(c, above), n);
		if (!blocked)
			return n;
	}
	return NONE;
}

/*
 * An input as its wire is. What the master once heard of the slave stays
 * until somebody acknowledges it.
 */
static void drive(struct pm *m, uint32_t chip, uint32_t n, bool high)
{
	struct pm_input *in = &m->chip[chip].in[n];
	bool is_wire = chip == MASTER && n == VIC_PIC_CASCADE;

	if (high && !in->high)
		in->edge = !is_level(&m->chip[chip], n);
	if (!high && !is_wire && !m->config.keep_edges)
		in->edge = false;
	in->high = high;
}

static void set_output(struct pm *m, uint32_t chip, bool high)
{
	if (m->chip[chip].output == high)
		return;
	m->chip[chip].output = high;
	if (chip == MASTER)
		m->config.wire(m->config.opaque, high);
	else
		drive(m, MASTER, VIC_PIC_CASCADE, high);
}

static void settle(struct pm *m)
{
	set_output(m, SLAVE, winner(m, SLAVE) != NONE);
	set_output(m, MASTER, winner(m, MASTER) != NONE);
}

/*
 * An output drops for a moment when its request is acknowledged, and then
 * the master has not heard of the slave.
 */
static void drop(struct pm *m, uint32_t chip)
{
	set_output(m, chip, false);
	if (chip == SLAVE) {
		m->chip[MASTER].in[VIC_PIC_CASCADE].edge = false;
		set_output(m, MASTER, winner(m, MASTER) != NONE);
	}
}

/* The end of one in service; whether somebody is to be told. */
static bool finish(struct pm *m, uint32_t chip, uint32_t n)
{
	struct pm_chip *c = &m->chip[chip];
	bool was = c->in[n].in_service;

	c->in[n].in_service = false;
	if (chip == MASTER && n == VIC_PIC_CASCADE)
		return false;
	return was && is_level(c, n);
}

static void tell(struct pm *m, uint32_t chip, uint32_t n)
{
	m->config.eoi(m->config.opaque, chip * 8 + n);
}

/* Into service; whether it ended at once, and somebody is to be told. */
static bool acknowledge(struct pm *m, uint32_t chip, uint32_t n)
{
	struct pm_chip *c = &m->chip[chip];

	c->in[n].in_service = true;
	c->in[n].edge = false;
	if (!c->automatic)
		return false;
	if (c->rotates)
		c->lowest = n;
	return finish(m, chip, n);
}

uint8_t pm_ack(struct pm *m)
{
	uint32_t n = winner(m, MASTER), i = NONE;
	bool told = false, slave_told = false;
	uint8_t vector = m->chip[MASTER].base;

	if (n == NONE)
		return vector | 7;
	vector |= (uint8_t)n;
	told = acknowledge(m, MASTER, n);
	if (n == VIC_PIC_CASCADE) {
		i = winner(m, SLAVE);
		vector = (uint8_t)(m->chip[SLAVE].base | (i == NONE ? 7 : i));
		if (i != NONE)
			slave_told = acknowledge(m, SLAVE, i);
		drop(m, SLAVE);
	}
	drop(m, MASTER);
	if (told)
		tell(m, MASTER, n);
	if (slave_told)
		tell(m, SLAVE, i);
	settle(m);
	return vector;
}

static uint8_t poll(struct pm *m, uint32_t chip)
{
	uint32_t n = winner(m, chip);
	bool told;

	m->chip[chip].poll = false;
	if (n == NONE)
		return 7;
	told = acknowledge(m, chip, n);
	drop(m, chip);
	if (told)
		tell(m, chip, n);
	settle(m);
	return (uint8_t)(VIC_PIC_POLL_I | n);
}

static void icw1(struct pm *m, uint32_t chip, uint8_t value)
{
	struct pm_chip *c = &m->chip[chip];

	for (uint32_t n = 0; n < 8; n++) {
		c->in[n].edge = false;
		c->in[n].in_service = false;
		c->in[n].masked = false;
	}
	c->ltim = value & VIC_PIC_ICW1_LTIM;
	c->single = value & VIC_PIC_ICW1_SNGL;
	c->icw4 = value & VIC_PIC_ICW1_IC4;
	c->lowest = 7;
	c->rotates = false;
	c->special = false;
	c->poll = false;
	c->read_isr = false;
	if (!c->icw4) {
		c->automatic = false;
		c->nested = false;
	}
	c->ready = false;
	c->expects = PM_ICW2;
}

/* What ends a sequence makes the chip ready. */
static void icw(struct pm_chip *c, uint8_t value)
{
	switch (c->expects) {
	case PM_ICW2:
		c->base = value & VIC_PIC_ICW2_BASE;
		c->expects = !c->single ? PM_ICW3 : c->icw4 ? PM_ICW4 : PM_MASK;
		break;
	case PM_ICW3:
		c->expects = c->icw4 ? PM_ICW4 : PM_MASK;
		break;
	default:
		c->automatic = value & VIC_PIC_ICW4_AEOI;
		c->nested = value & VIC_PIC_ICW4_SFNM;
		c->expects = PM_MASK;
	}
	c->ready = c->expects == PM_MASK;
}

/* What an EOI that names none ends, or NONE. */
static uint32_t first_in_service(const struct pm_chip *c)
{
	for (uint32_t rank = 0; rank < 8; rank++) {
		const struct pm_input *in = &c->in[ranked(c, rank)];

		if (in->in_service && !(c->special && in->masked))
			return ranked(c, rank);
	}
	return NONE;
}

static void ocw2(struct pm *m, uint32_t chip, uint8_t value)
{
	struct pm_chip *c = &m->chip[chip];
	uint32_t n = value & VIC_PIC_OCW2_LEVEL;
	bool told = false;

	switch (value >> 5) {
	case 0: /* Rotate in automatic EOI mode: clear, and set. */
	case 4:
		c->rotates = value & VIC_PIC_OCW2_R;
		break;
	case 1: /* Non-specific EOI. */
	case 5:
		n = first_in_service(c);
		if (n == NONE)
			break;
		told = finish(m, chip, n);
		if (value & VIC_PIC_OCW2_R)
			c->lowest = n;
		break;
	case 3: /* Specific EOI. */
	case 7:
		told = finish(m, chip, n);
		if (value & VIC_PIC_OCW2_R)
			c->lowest = n;
		break;
	case 6: /* Set priority. */
		c->lowest = n;
		break;
	default:
		break;
	}
	if (told)
		tell(m, chip, n);
	settle(m);
}

static void ocw3(struct pm_chip *c, uint8_t value)
{
	if (value & VIC_PIC_OCW3_ESMM)
		c->special = value & VIC_PIC_OCW3_SMM;
	if (value & VIC_PIC_OCW3_RR)
		c->read_isr = value & VIC_PIC_OCW3_RIS;
	if (value & VIC_PIC_OCW3_P)
		c->poll = true;
}

static void write_elcr(struct pm *m, uint32_t chip, uint8_t value)
{
	value &= chip == MASTER ? 0xf8 : 0xde;
	for (uint32_t n = 0; n < 8; n++) {
		struct pm_input *in = &m->chip[chip].in[n];
		bool level = value >> n & 1;

		/* A level that is there already is no edge. */
		if (in->level != level)
			in->edge = false;
		in->level = level;
	}
}

bool pm_write(struct pm *m, uint32_t port, uint8_t value)
{
	uint32_t chip = port == VIC_PIC_SLAVE || port == VIC_PIC_SLAVE_A0 ||
			port == VIC_PIC_ELCR_SLAVE;
	struct pm_chip *c = &m->chip[chip];

	switch (port) {
	case VIC_PIC_MASTER:
	case VIC_PIC_SLAVE:
		if (value & VIC_PIC_ICW1) {
			icw1(m, chip, value);
		} else if (value & VIC_PIC_OCW3) {
			ocw3(c, value);
		} else {
			ocw2(m, chip, value);
			return true;
		}
		break;
	case VIC_PIC_MASTER_A0:
	case VIC_PIC_SLAVE_A0:
		if (c->expects != PM_MASK)
			icw(c, value);
		else
			for (uint32_t n = 0; n < 8; n++)
				c->in[n].masked = value >> n & 1;
		break;
	case VIC_PIC_ELCR_MASTER:
	case VIC_PIC_ELCR_SLAVE:
		write_elcr(m, chip, value);
		break;
	default:
		return false;
	}
	settle(m);
	return true;
}

void pm_peek(const struct pm *m, uint32_t chip, struct pm_state *state)
{
	const struct pm_chip *c = &m->chip[chip];

	memset(state, 0, sizeof(*state));
	for (uint32_t n = 0; n < 8; n++) {
		state->irr |= (uint8_t)(is_requested(c, n) << n);
		state->isr |= (uint8_t)(c->in[n].in_service << n);
		state->imr |= (uint8_t)(c->in[n].masked << n);
		state->elcr |= (uint8_t)(c->in[n].level << n);
	}
	state->base = c->base;
	state->lowest = c->lowest;
	state->output = c->output;
}

bool pm_read(struct pm *m, uint32_t port, uint8_t *value)
{
	uint32_t chip = port == VIC_PIC_SLAVE || port == VIC_PIC_SLAVE_A0 ||
			port == VIC_PIC_ELCR_SLAVE;
	bool is_elcr =
		port == VIC_PIC_ELCR_MASTER || port == VIC_PIC_ELCR_SLAVE;
	bool a0 = port == VIC_PIC_MASTER_A0 || port == VIC_PIC_SLAVE_A0;
	struct pm_state state;

	if (!is_elcr && !a0 && port != VIC_PIC_MASTER && port != VIC_PIC_SLAVE)
		return false;
	pm_peek(m, chip, &state);
	if (is_elcr)
		*value = state.elcr;
	else if (m->chip[chip].poll)
		*value = poll(m, chip);
	else if (a0)
		*value = state.imr;
	else
		*value = m->chip[chip].read_isr ? state.isr : state.irr;
	return true;
}

bool pm_line(struct pm *m, uint32_t irq, uint32_t source, bool level)
{
	bool was = m->chip[MASTER].output, high = false;

	m->sources[irq][source] = level;
	for (uint32_t i = 0; i < PM_SOURCES; i++)
		high |= m->sources[irq][i];
	/* Another source of the same: the wire does not move. */
	if (high == m->chip[irq / 8].in[irq % 8].high)
		return false;
	drive(m, irq / 8, irq % 8, high);
	settle(m);
	return !was && m->chip[MASTER].output;
}

bool pm_output(const struct pm *m)
{
	return m->chip[MASTER].output;
}

void pm_reset(struct pm *m)
{
	for (uint32_t chip = MASTER; chip <= SLAVE; chip++) {
		struct pm_chip *c = &m->chip[chip];

		icw1(m, chip, 0);
		for (uint32_t n = 0; n < 8; n++)
			c->in[n].level = false;
		c->base = 0;
		c->expects = PM_MASK;
	}
	settle(m);
}

void pm_init(struct pm *m, const struct pm_config *config)
{
	memset(m, 0, sizeof(*m));
	m->config = *config;
	pm_reset(m);
}
