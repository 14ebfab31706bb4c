/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* A vCPU that only writes registers, while the others use what they name. */
#define _POSIX_C_SOURCE 200809L

#include "gic_stress.h"

#include <sched.h>

/* The register with a bit for each interrupt that has @spi. */
static uint64_t bits_of(uint32_t base, uint32_t spi)
{
	return GICD_BASE + base + (FIRST_SPI + spi) / 32 * 4;
}

static uint32_t bit_of(uint32_t spi)
{
	return 1u << (FIRST_SPI + spi) % 32;
}

static uint64_t gicr_of(uint32_t index)
{
	return GICR_BASE + (uint64_t)index * VIC_GICR_FRAME_SIZE;
}

void store(uint64_t address, uint32_t len, uint64_t value)
{
	if (vic_gic_mmio_write(vcpus[KEEPER].gicr, address, len, value) !=
	    VIC_ACCESS_DONE)
		die("a store is refused");
}

uint64_t load(uint64_t address)
{
	enum vic_access access;
	uint64_t value;

	while ((access = vic_gic_mmio_read(vcpus[KEEPER].gicr, address, 4,
					   &value)) == VIC_ACCESS_RETRY) {
		keeper.retries++;
		sched_yield();
	}
	if (access != VIC_ACCESS_DONE)
		die("a load is refused");
	return value;
}

void route(uint32_t spi, uint32_t index)
{
	store(GICD_BASE + VIC_GICD_IROUTER + (FIRST_SPI + spi) * 8, 8, index);
}

static void settle(void)
{
	while (load(GICD_BASE + VIC_GICD_CTLR) & VIC_GICD_CTLR_RWP)
		sched_yield();
}

/* Disable it; sometimes see that it is, and that it stays where it is. */
static void toggle_enable(uint32_t spi)
{
	store(bits_of(VIC_GICD_ICENABLER, spi), 4, bit_of(spi));
	if (random_below(&keeper.random, 2)) {
		settle();
		atomic_store(&disabled[spi], true);
		sched_yield();
		atomic_store(&disabled[spi], false);
	}
	store(bits_of(VIC_GICD_ISENABLER, spi), 4, bit_of(spi));
}

/* The same of a guest's PPI. */
static void toggle_ppi(uint32_t index)
{
	uint64_t gicr = gicr_of(index);

	store(gicr + VIC_GICR_ICENABLER0, 4, 1u << PPI);
	while (load(gicr + VIC_GICR_CTLR) & VIC_GICR_CTLR_RWP)
		sched_yield();
	store(gicr + VIC_GICR_ISENABLER0, 4, 1u << PPI);
}

static void toggle_group(void)
{
	store(GICD_BASE + VIC_GICD_CTLR, 4, 0);
	if (random_below(&keeper.random, 2))
		settle();
	store(GICD_BASE + VIC_GICD_CTLR, 4, VIC_GICD_CTLR_GRP1);
}

/* ISPENDR of an edge-triggered one: it is handled once more. */
static void set_pending(uint32_t spi)
{
	if (kind_of(spi) == LEVELS || !spend(1))
		return;
	keeper.pended++;
	store(bits_of(VIC_GICD_ISPENDR, spi), 4, bit_of(spi));
}

/* Of an SPI, or of an SGI of a guest. */
static void set_priority(uint32_t spi)
{
	uint32_t priority = random_below(&keeper.random, 30) * 8;
	uint32_t index = random_below(&keeper.random, GUESTS);

	if (random_below(&keeper.random, 2))
		store(GICD_BASE + VIC_GICD_IPRIORITYR + FIRST_SPI + spi, 1,
		      priority);
	else
		store(gicr_of(index) + VIC_GICR_IPRIORITYR0 +
			      random_below(&keeper.random, GUESTS),
		      1, priority);
}

static void operate(uint32_t spi)
{
	uint32_t index = random_below(&keeper.random, GUESTS);

	switch (random_below(&keeper.random, 16)) {
	case 0:
		/* To nobody, for a while. */
		route(spi, VCPUS);
		sched_yield();
		route(spi, index);
		break;
	case 1:
		toggle_enable(spi);
		break;
	case 2:
		toggle_ppi(index);
		break;
	case 3:
		load(bits_of(VIC_GICD_ISPENDR, spi));
		break;
	case 4:
		load(bits_of(VIC_GICD_ISACTIVER, spi));
		break;
	case 5:
		load(gicr_of(index) + VIC_GICR_ISPENDR0);
		break;
	case 6:
		toggle_group();
		break;
	case 7:
	case 8:
		set_pending(spi);
		break;
	case 9:
	case 10:
		set_priority(spi);
		break;
	default:
		route(spi, index);
	}
}

void *keeper_thread(void *unused)
{
	struct vic_gic_state state;

	(void)unused;
	for (;;) {
		uint32_t turns = random_below(&keeper.random, TURNS);

		atomic_fetch_add(&keeper.turns, turns + 1);
		pthread_barrier_wait(&round_begin);
		if (atomic_load(&stop))
			return NULL;
		while (!spent() || turns--) {
			uint32_t spi = random_below(&keeper.random, SPIS);

			operate(spi);
			if (vic_gic_peek(gic, NULL, FIRST_SPI + spi, &state))
				die("an interrupt cannot be looked at");
		}
		pthread_barrier_wait(&round_end);
	}
}
