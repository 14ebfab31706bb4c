/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A guest on a host that posts sees what it sees on one that does not:
 * random histories on both, compared after each step (SDM vol. 3, 10.4-10.8
 * beside 29.1-29.6).
 */

#include "fake_pair.h"

static struct fake_pair pair;
static uint64_t seed;

static uint32_t draw(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 32) % below);
}

/*
 * A vector has one trigger mode here. Where it changes, hosts differ: while
 * vectors are posted one that was level stays so until its EOI.
 */
enum mode {
	EDGE,
	LEVEL,
	/* A device's, for which the processor takes TMR as it is. */
	DEVICE = 3,
};

static uint64_t of_mode(uint64_t value, enum mode mode)
{
	return (value & ~UINT64_C(3)) | mode;
}

static uint8_t a_vector(enum mode mode)
{
	return (uint8_t)of_mode(16 + draw(240), mode);
}

/* Where an APIC-write exit may come from in xAPIC mode. */
static const uint32_t offsets[] = {
	VIC_APIC_ID,        VIC_APIC_LDR,         VIC_APIC_DFR,
	VIC_APIC_SVR,       VIC_APIC_SVR,         VIC_APIC_ESR,
	VIC_APIC_ICR_LO,    VIC_APIC_ICR_LO,      VIC_APIC_LVT_TIMER,
	VIC_APIC_LVT_TIMER, VIC_APIC_LVT_THERMAL, VIC_APIC_LVT_PERF,
	VIC_APIC_LVT_LINT0, VIC_APIC_LVT_LINT1,   VIC_APIC_LVT_ERROR,
	VIC_APIC_TIMER_ICR, VIC_APIC_TIMER_ICR,   VIC_APIC_TIMER_DCR,
};

/* What a WRMSR may have set: others are #GP, and change nothing. */
static uint64_t legal(uint32_t offset)
{
	switch (offset) {
	case VIC_APIC_SVR:
		return 0x3ff;
	case VIC_APIC_LVT_TIMER:
		return 0x700ff;
	case VIC_APIC_LVT_LINT0:
	case VIC_APIC_LVT_LINT1:
		return 0x1a7ff;
	case VIC_APIC_LVT_ERROR:
		return 0x100ff;
	case VIC_APIC_TIMER_DCR:
		return VIC_DCR_MASK;
	case VIC_APIC_ICR_LO:
		return ~(uint64_t)VIC_ICR_RESERVED;
	default:
		return offset == VIC_APIC_ESR ? 0 : 0x107ff;
	}
}

static uint64_t a_value(uint32_t offset, bool level_ipis)
{
	uint64_t value = (uint64_t)draw(UINT32_MAX) << 32 | draw(UINT32_MAX);

	switch (offset) {
	case VIC_APIC_ID:
	case VIC_APIC_LDR:
	case VIC_APIC_DFR:
	case VIC_APIC_TIMER_DCR:
		return value;
	case VIC_APIC_SVR:
		/* Mostly enabled. */
		return draw(8) ? value | VIC_SVR_ENABLE : value;
	case VIC_APIC_TIMER_ICR:
		return draw(5000);
	case VIC_APIC_LVT_LINT0:
		value = of_mode(value, value & VIC_LVT_LEVEL ? LEVEL : EDGE);
		/* Mostly Fixed. */
		return draw(4) ? value & ~UINT64_C(0x10700) : value;
	case VIC_APIC_LVT_LINT1:
		value = of_mode(value & ~UINT64_C(0x8000), EDGE);
		return draw(4) ? value & ~UINT64_C(0x10700) : value;
	case VIC_APIC_ICR_LO:
		/* Fixed to everybody and anybody; no INIT of oneself. */
		value &= ~(uint64_t)VIC_ICR_MODE;
		if (draw(4) == 0)
			value |= FAKE_MODE(draw(5));
		value = of_mode(value, level_ipis && (value & VIC_ICR_LEVEL)
					       ? LEVEL
					       : EDGE);
		return (value & UINT32_MAX) | FAKE_TO8(draw(4));
	default:
		value = of_mode(value, EDGE);
		return draw(4) ? value & ~UINT64_C(0x10000) : value;
	}
}

/*
 * No processor looks at SVR when it posts, so what comes while the APIC is
 * software-disabled is discarded only if it comes in HOST.
 */
static bool disabled(void)
{
	return !(fake_page(&pair.plain.cpu[0], VIC_APIC_SVR) & VIC_SVR_ENABLE);
}

static void step(bool level_ipis, bool x2apic)
{
	uint64_t value;
	uint32_t offset;
	bool level;

	switch (draw(16)) {
	case 0:
	case 1:
		level = draw(3) == 0;
		fake_pair_post(&pair, a_vector(level ? LEVEL : EDGE), level,
			       disabled() || draw(2));
		break;
	case 2:
		fake_pair_device(&pair, a_vector(DEVICE),
				 disabled() || draw(2));
		break;
	case 3:
	case 4:
	case 5:
		fake_pair_deliver(&pair);
		break;
	case 6:
	case 7:
	case 8:
		fake_pair_eoi(&pair);
		break;
	case 9:
		value = draw(2) ? 0 : draw(256);
		/* Some accesses are emulated on every host. */
		if (draw(4))
			fake_pair_tpr(&pair, (uint8_t)value);
		else if (draw(2))
			fake_pair_access(&pair, VIC_APIC_TPR, value);
		else
			fake_pair_access(&pair, VIC_APIC_EOI, value);
		break;
	case 10:
		if (!disabled())
			fake_pair_self_ipi(&pair, a_vector(DEVICE));
		break;
	case 11:
		fake_pair_ticks(&pair, draw(4000));
		break;
	case 12:
		fake_pair_request(
			&pair, draw(2) ? VIC_REQUEST_LINT0 : VIC_REQUEST_LINT1,
			(uint8_t)draw(2));
		break;
	case 13:
		if (draw(8) == 0)
			fake_pair_switch(&pair, draw(2));
		else if (draw(20) == 0)
			fake_pair_request(&pair, VIC_REQUEST_INIT, 0);
		else
			fake_pair_request(
				&pair,
				(enum vic_request)(VIC_REQUEST_PERF + draw(2)),
				0);
		break;
	default:
		offset = offsets[draw(FAKE_COUNT(offsets))];
		value = a_value(offset, level_ipis);
		if (x2apic && offset == VIC_APIC_ICR_LO)
			value = (value & UINT32_MAX) | FAKE_TO32(draw(4));
		if (x2apic && (offset == VIC_APIC_ICR_LO || draw(8)))
			value &= legal(offset);
		if (draw(2) || (x2apic && offset != VIC_APIC_ICR_LO))
			fake_pair_access(&pair, offset, value);
		else
			fake_pair_write(&pair, offset, value);
		break;
	}
}

static void a_history(uint32_t bus_flags, uint32_t lapic_flags, int steps)
{
	fake_pair_make(&pair, bus_flags, lapic_flags);
	for (int i = 0; i < steps; i++) {
		step(bus_flags & VIC_BUS_LEVEL_IPIS,
		     lapic_flags & VIC_LAPIC_X2APIC);
		fake_pair_compare(&pair);
		/* Posting goes on where an image ends it. */
		assert_int_equal(vic_lapic_posting(pair.posting.cpu[0].lapic),
				 pair.on);
	}
}

static void random_histories(void **state)
{
	static const uint32_t lapic_flags[] = {
		0,
		VIC_LAPIC_X2APIC,
		VIC_LAPIC_CMCI,
	};
	static const uint32_t bus_flags[] = {
		0,
		VIC_BUS_SUPPRESS_EOI,
		VIC_BUS_LEVEL_IPIS | VIC_BUS_ID_READ_ONLY,
		VIC_BUS_PMI_KEEPS_MASK | VIC_BUS_NO_LOWEST,
	};

	(void)state;
	seed = 1;
	for (int i = 0; i < 120; i++)
		a_history(bus_flags[i % 4], lapic_flags[i / 4 % 3], 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(random_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
