/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What a guest does with the registers, by every door. */
#include "apic_world.h"

static const uint16_t registers[] = {
	VIC_APIC_ID,        VIC_APIC_VERSION,     VIC_APIC_TPR,
	VIC_APIC_APR,       VIC_APIC_PPR,         VIC_APIC_EOI,
	VIC_APIC_RRD,       VIC_APIC_LDR,         VIC_APIC_DFR,
	VIC_APIC_SVR,       VIC_APIC_ISR + 0x70,  VIC_APIC_TMR + 0x10,
	VIC_APIC_IRR,       VIC_APIC_IRR + 0x70,  VIC_APIC_ESR,
	VIC_APIC_LVT_CMCI,  VIC_APIC_ICR_LO,      VIC_APIC_ICR_HI,
	VIC_APIC_LVT_TIMER, VIC_APIC_LVT_THERMAL, VIC_APIC_LVT_PERF,
	VIC_APIC_LVT_LINT0, VIC_APIC_LVT_LINT1,   VIC_APIC_LVT_ERROR,
	VIC_APIC_TIMER_ICR, VIC_APIC_TIMER_CCR,   VIC_APIC_TIMER_DCR,
	VIC_APIC_SELF_IPI,
};
#define REGISTERS (sizeof(registers) / sizeof(registers[0]))

static bool in_x2apic(const struct apic_cpu *c)
{
	return vic_lapic_base(c->lapic) & VIC_APIC_BASE_EXTD;
}

static bool in_xapic(const struct apic_cpu *c)
{
	return (vic_lapic_base(c->lapic) & VIC_APIC_BASE_EN) && !in_x2apic(c);
}

/* One of the registers, or any row up to 0x1ff. */
static uint32_t pick_offset(struct apic_world *w)
{
	uint32_t pick = input_u8(&w->input);

	if (pick < 8 * REGISTERS)
		return registers[pick % REGISTERS];
	return ((pick & 1) << 8 | input_u8(&w->input)) << 4;
}

static uint32_t pick_len(struct apic_world *w, uint32_t *offset)
{
	uint32_t odd = input_u8(&w->input);

	if (odd < 0xc0)
		return 4;
	*offset += odd & 0xf;
	return 1u << (odd >> 4 & 3);
}

/* An access that is not DONE has changed nothing. */
static void refused(const struct apic_world *w, enum vic_access access)
{
	REQUIRE(access == VIC_ACCESS_DONE || access == VIC_ACCESS_FAULT ||
		access == VIC_ACCESS_FOREIGN);
	if (access != VIC_ACCESS_DONE)
		REQUIRE(apic_copy_equal(w, &w->before));
}

void apic_mmio_read(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t offset = pick_offset(w), len = pick_len(w, &offset);
	uint64_t value = 0, again = 0;
	uint32_t drift = w->drift;
	enum vic_access access;

	apic_come_home(c);
	apic_copy_take(w, &w->before);
	access = vic_lapic_mmio_read(c->lapic, offset, len, &value);
	refused(w, access);
	REQUIRE((access == VIC_ACCESS_DONE) ==
		(in_xapic(c) && offset < VIC_APIC_PAGE_SIZE));
	if (access != VIC_ACCESS_DONE)
		return;
	REQUIRE(len >= 4 ? value <= UINT32_MAX : !(value >> len * 8));
	if ((offset & 0xf) >= 4)
		REQUIRE(value == 0);
	w->drift = 0;
	if (drift)
		access = vic_lapic_mmio_read(c->lapic, offset, len, &value);
	access = vic_lapic_mmio_read(c->lapic, offset, len, &again);
	REQUIRE(value == again);
	w->drift = drift;
}

/* What reads back after @value was stored; false if that is not so simple. */
static bool reads_back(const struct apic_cpu *c, uint32_t offset,
		       uint32_t value, uint32_t *expected)
{
	bool enabled = apic_reg(c, VIC_APIC_SVR) & VIC_SVR_ENABLE;
	uint32_t mask = 0, set = 0;

	switch (offset) {
	case VIC_APIC_TPR:
		mask = 0xff;
		break;
	case VIC_APIC_TIMER_DCR:
		mask = VIC_DCR_MASK;
		break;
	case VIC_APIC_LVT_ERROR:
		mask = 0x100ff;
		break;
	case VIC_APIC_LVT_THERMAL:
	case VIC_APIC_LVT_PERF:
		mask = 0x107ff;
		break;
	case VIC_APIC_LVT_LINT0:
		set = apic_reg(c, offset) & VIC_LVT_REMOTE_IRR;
		mask = 0x1a7ff;
		break;
	case VIC_APIC_LVT_LINT1:
		mask = 0x1a7ff;
		break;
	case VIC_APIC_LVT_TIMER:
		mask = c->flags & VIC_LAPIC_NO_TSC_DEADLINE ? 0x300ff : 0x700ff;
		break;
	case VIC_APIC_SVR:
		mask = c->world->policy & VIC_BUS_SUPPRESS_EOI ? 0x13ff : 0x3ff;
		break;
	default:
		return false;
	}
	if (offset >= VIC_APIC_LVT_TIMER && offset <= VIC_APIC_LVT_ERROR &&
	    !enabled)
		set |= VIC_LVT_MASKED;
	*expected = (value & mask) | set;
	return true;
}

static void written(const struct apic_cpu *c, uint32_t offset, uint32_t value)
{
	uint32_t expected;

	if (reads_back(c, offset, value, &expected))
		REQUIRE(apic_reg(c, offset) == expected);
}

enum vic_access apic_store(struct apic_world *w, struct apic_cpu *c,
			   uint32_t offset, uint32_t len, uint64_t value)
{
	enum vic_access access;

	apic_come_home(c);
	apic_copy_take(w, &w->before);
	access = vic_lapic_mmio_write(c->lapic, offset, len, value);
	refused(w, access);
	REQUIRE((access == VIC_ACCESS_DONE) ==
		(in_xapic(c) && offset < VIC_APIC_PAGE_SIZE));
	if (access != VIC_ACCESS_DONE)
		return access;
	/* SDM 10.4.1: what is undefined is nothing here. */
	if (len != 4 || (offset & 0xf))
		REQUIRE(apic_copy_equal(w, &w->before));
	else
		written(c, offset, (uint32_t)value);
	return access;
}

void apic_mmio_write(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t offset = pick_offset(w), len = pick_len(w, &offset);
	uint64_t value = len == 8 ? input_u64(&w->input) : input_u32(&w->input);

	apic_store(w, c, offset, len, value);
}

/* 0x800-0x8FF and some more. */
static uint32_t pick_msr(struct apic_world *w)
{
	uint32_t offset = pick_offset(w);

	if (input_u8(&w->input) == 0xff)
		return input_u32(&w->input);
	return VIC_MSR_X2APIC + (offset >> 4 & 0xff);
}

static bool is_x2apic_msr(uint32_t msr)
{
	return msr >= VIC_MSR_X2APIC && msr <= VIC_MSR_X2APIC_END;
}

static bool is_foreign(const struct apic_cpu *c, uint32_t msr)
{
	if (msr == VIC_MSR_TSC_DEADLINE)
		return c->flags & VIC_LAPIC_NO_TSC_DEADLINE;
	return msr != VIC_MSR_APIC_BASE && !is_x2apic_msr(msr);
}

void apic_msr_read(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t msr = pick_msr(w), drift = w->drift;
	uint64_t value = 0, again = 0;
	enum vic_access access;

	apic_come_home(c);
	apic_copy_take(w, &w->before);
	access = vic_lapic_msr_read(c->lapic, msr, &value);
	refused(w, access);
	REQUIRE((access == VIC_ACCESS_FOREIGN) == is_foreign(c, msr));
	if (is_x2apic_msr(msr) && !in_x2apic(c))
		REQUIRE(access == VIC_ACCESS_FAULT);
	if (access != VIC_ACCESS_DONE)
		return;
	w->drift = 0;
	if (drift)
		access = vic_lapic_msr_read(c->lapic, msr, &value);
	access = vic_lapic_msr_read(c->lapic, msr, &again);
	REQUIRE(value == again);
	w->drift = drift;
}

enum vic_access apic_wrmsr(struct apic_world *w, struct apic_cpu *c,
			   uint32_t msr, uint64_t value)
{
	enum vic_access access;

	apic_come_home(c);
	/* Who waits for a SIPI runs no WRMSR: INIT looked at this bit. */
	if (c->waits && msr == VIC_MSR_APIC_BASE) {
		value &= ~(uint64_t)VIC_APIC_BASE_BSP;
		value |= vic_lapic_base(c->lapic) & VIC_APIC_BASE_BSP;
	}
	apic_copy_take(w, &w->before);
	access = vic_lapic_msr_write(c->lapic, msr, value);
	refused(w, access);
	REQUIRE((access == VIC_ACCESS_FOREIGN) == is_foreign(c, msr));
	if (access == VIC_ACCESS_DONE && msr == VIC_MSR_APIC_BASE)
		REQUIRE(vic_lapic_base(c->lapic) == value);
	if (!is_x2apic_msr(msr))
		return access;
	if (!in_x2apic(c))
		REQUIRE(access == VIC_ACCESS_FAULT);
	if (access == VIC_ACCESS_DONE) {
		/* SDM 10.12.1.2: no register but the ICR has a high half. */
		REQUIRE(msr == VIC_MSR_X2APIC + VIC_APIC_ICR_LO / 16 ||
			value <= UINT32_MAX);
		written(c, (msr - VIC_MSR_X2APIC) << 4, (uint32_t)value);
	}
	return access;
}

void apic_msr_write(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t msr = pick_msr(w);
	uint64_t value = input_u32(&w->input);

	if (msr == VIC_MSR_X2APIC + VIC_APIC_ICR_LO / 16 ||
	    !is_x2apic_msr(msr) || (value & 0xff) == 0xfe)
		value |= (uint64_t)input_u32(&w->input) << 32;
	apic_wrmsr(w, c, msr, value);
}

/* SDM 10.12.5: which transitions there are. */
static bool may_become(const struct apic_cpu *c, uint64_t value)
{
	const uint64_t mode = VIC_APIC_BASE_EN | VIC_APIC_BASE_EXTD;

	if ((value & mode) == VIC_APIC_BASE_EXTD)
		return false;
	if (in_x2apic(c))
		return (value & mode) != VIC_APIC_BASE_EN;
	return in_xapic(c) || (value & mode) != mode;
}

void apic_base_write(struct apic_world *w, struct apic_cpu *c)
{
	uint64_t base = vic_lapic_base(c->lapic), value = base;
	uint32_t what = input_u8(&w->input);
	bool legal;

	value &= ~(uint64_t)(VIC_APIC_BASE_EN | VIC_APIC_BASE_EXTD);
	value |= (what & 1 ? VIC_APIC_BASE_EN : 0u) |
		 (what & 2 ? VIC_APIC_BASE_EXTD : 0u);
	if (what & 4)
		value ^= VIC_APIC_BASE_BSP;
	if (what & 8)
		value ^= (uint64_t)input_u32(&w->input) << 12;
	if (what >= 0xf0)
		value ^= UINT64_C(1) << (input_u8(&w->input) & 63);
	legal = may_become(c, value);
	if (!legal)
		REQUIRE(apic_wrmsr(w, c, VIC_MSR_APIC_BASE, value) ==
			VIC_ACCESS_FAULT);
	else if (what < 8 && !(value & VIC_APIC_BASE_EXTD))
		REQUIRE(apic_wrmsr(w, c, VIC_MSR_APIC_BASE, value) ==
			VIC_ACCESS_DONE);
	else
		apic_wrmsr(w, c, VIC_MSR_APIC_BASE, value);
}

void apic_deadline_write(struct apic_world *w, struct apic_cpu *c)
{
	uint64_t value = w->clock[VIC_CLOCK_TSC];
	uint32_t what = input_u8(&w->input);

	if (what & 1)
		value += what >> 2;
	else if (what & 2)
		value -= what >> 2;
	else
		value = input_u64(&w->input);
	apic_wrmsr(w, c, VIC_MSR_TSC_DEADLINE, value);
}

/* By the door that is open; a closed one is tried, too. */
static void guest_writes(struct apic_world *w, struct apic_cpu *c,
			 uint32_t offset, uint64_t value)
{
	if (in_x2apic(c))
		apic_wrmsr(w, c, VIC_MSR_X2APIC + offset / 16, value);
	else
		apic_store(w, c, offset, 4, value);
}

void apic_lvt_write(struct apic_world *w, struct apic_cpu *c)
{
	static const uint16_t entries[] = {
		VIC_APIC_LVT_TIMER, VIC_APIC_LVT_LINT0,   VIC_APIC_LVT_LINT1,
		VIC_APIC_LVT_PERF,  VIC_APIC_LVT_ERROR,   VIC_APIC_LVT_TIMER,
		VIC_APIC_LVT_LINT0, VIC_APIC_LVT_THERMAL, VIC_APIC_LVT_CMCI,
	};
	uint32_t offset = entries[input_below(
		&w->input, sizeof(entries) / sizeof(entries[0]))];
	uint32_t value = input_u8(&w->input);

	/* Bits 10:8, 13, 15, 16, and the timer's mode, most often. */
	value |= (uint32_t)input_u8(&w->input) << 8;
	value |= (uint32_t)input_u8(&w->input) % 16 << 16;
	if (offset == VIC_APIC_LVT_TIMER && !(value & 0x1000))
		value &= 0x700ff;
	guest_writes(w, c, offset, value);
}

void apic_svr_write(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t value = input_u8(&w->input);
	uint32_t what = input_u8(&w->input);

	if (what & 3)
		value |= VIC_SVR_ENABLE;
	if (what & 4)
		value |= VIC_SVR_FOCUS;
	if (what & 8)
		value |= VIC_SVR_SUPPRESS;
	guest_writes(w, c, VIC_APIC_SVR, value);
}

void apic_timer_write(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t value = input_u8(&w->input);

	if (value >= 0xe0) {
		guest_writes(w, c, VIC_APIC_TIMER_DCR, value & VIC_DCR_MASK);
		return;
	}
	if (value >= 0xc0)
		value = input_u32(&w->input);
	guest_writes(w, c, VIC_APIC_TIMER_ICR, value);
}

void apic_icr_write(struct apic_world *w, struct apic_cpu *c)
{
	uint64_t icr = input_u32(&w->input);
	uint64_t dest = input_u8(&w->input);

	/* Mostly legal, and to somebody. */
	if (icr >> 28)
		icr &= 0xcdfff;
	if (dest >= 0xc0)
		dest = w->cpu[dest % w->count].id;
	else if (dest >= 0xa0)
		dest = UINT32_MAX;
	if (!in_x2apic(c)) {
		apic_store(w, c, VIC_APIC_ICR_HI, 4, (dest & 0xff) << 24);
		apic_store(w, c, VIC_APIC_ICR_LO, 4, icr);
		return;
	}
	icr |= dest << VIC_ICR_DEST_SHIFT;
	apic_wrmsr(w, c, VIC_MSR_X2APIC + VIC_APIC_ICR_LO / 16, icr);
}

void apic_eoi(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t vector, eois;
	bool level;

	/* On its way out the processor may deliver one more. */
	apic_come_home(c);
	vector = apic_top(c, VIC_APIC_ISR);
	level = vector && apic_bit(c, VIC_APIC_TMR, vector);
	eois = c->seen.eois;
	w->line_stays = input_u8(&w->input) & 1;
	if (!(vic_lapic_base(c->lapic) & VIC_APIC_BASE_EN))
		return;
	if (apic_reg(c, VIC_APIC_SVR) & VIC_SVR_SUPPRESS || !w->ops.eoi)
		level = false;
	guest_writes(w, c, VIC_APIC_EOI, 0);
	REQUIRE(c->seen.eois == eois + level);
	if (level)
		REQUIRE(c->seen.eoi_vector == vector);
	if (vector)
		REQUIRE(!apic_bit(c, VIC_APIC_ISR, vector));
	REQUIRE(apic_top(c, VIC_APIC_ISR) < vector || !vector);
}

void apic_cr8(struct apic_world *w, struct apic_cpu *c)
{
	uint8_t tpr = input_u8(&w->input);
	bool is_off = !(vic_lapic_base(c->lapic) & VIC_APIC_BASE_EN);

	apic_come_home(c);
	vic_lapic_set_tpr(c->lapic, tpr);
	REQUIRE(vic_lapic_tpr(c->lapic) == (is_off ? 0 : tpr));
}
