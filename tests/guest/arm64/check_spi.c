/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* SPIs that software pends, or a message: IHI 0069 4.1.2, 12.9. */

#include "gic.h"

#define ABSENT_AFFINITY (0x7full << 32 | 0x7f)

static void expect_count(struct cpu *cpu, uint32_t intid, uint32_t n)
{
	settle();
	if (LOAD(cpu->count[intid]) != n)
		fail("cpu %u took INTID %u %u times, expected %u", cpu->id,
		     intid, LOAD(cpu->count[intid]), n);
}

static void await(struct cpu *cpu, uint32_t intid, uint32_t n)
{
	if (!reached(&cpu->count[intid], n))
		fail("cpu %u took INTID %u %u times, %u is awaited", cpu->id,
		     intid, LOAD(cpu->count[intid]), n);
}

/* At each CPU in turn; it halts, but for the first. */
void check_spi_pend(void)
{
	for (uint32_t i = 0; i < nr_cpus; i++) {
		gic_spi(&cpus[i], SPI_FREE + i, PRIORITY_USUAL);
		for (uint32_t n = 1; n <= 5; n++) {
			gic_pend(NULL, SPI_FREE + i);
			await(&cpus[i], SPI_FREE + i, n);
		}
	}
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("interrupts taken", cpus[i].logged, 5);
}

/* Every SPI that there is. */
void check_spi_all(void)
{
	uint32_t lines = gic_lines();
	uint32_t share[MAX_CPUS] = {0};

	for (uint32_t intid = 32; intid < lines; intid++) {
		struct cpu *cpu = &cpus[intid % nr_cpus];

		gic_spi(cpu, intid, PRIORITY_USUAL);
		gic_pend(cpu, intid);
		share[cpu->id]++;
		/* Two at a time. */
		if (intid % 2)
			await(cpu, intid, 1);
		if (failed())
			return;
	}
	settle();
	for (uint32_t intid = 32; intid < lines; intid++) {
		if (LOAD(cpus[intid % nr_cpus].count[intid]) != 1)
			fail("INTID %u was not taken once", intid);
	}
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("interrupts taken", cpus[i].logged, share[i]);
}

void check_spi_merge(void)
{
	struct cpu *me = this_cpu();

	gic_spi(me, SPI_FREE, PRIORITY_USUAL);
	irq_off();
	for (uint32_t i = 0; i < 4; i++)
		gic_pend(me, SPI_FREE);
	irq_on();
	await(me, SPI_FREE, 1);
	expect_count(me, SPI_FREE, 1);
}

/* Twice while active is once more. */
static void pend_again(struct cpu *me, uint32_t intid)
{
	expect("ISACTIVER", gic_get(me, ISACTIVER, intid), 1);
	expect("ISPENDR when taken", gic_get(me, ISPENDR, intid), 0);
	if (me->count[intid] == 0) {
		gic_pend(me, intid);
		gic_pend(me, intid);
		expect("ISPENDR while active", gic_get(me, ISPENDR, intid), 1);
		irq_on();
		delay(1000);
		irq_off();
		expect("taken while active", me->logged, 1);
	}
	eoi(intid);
	expect("ISACTIVER after the EOI", gic_get(me, ISACTIVER, intid), 0);
}

void check_spi_active_pending(void)
{
	struct cpu *me = this_cpu();

	handlers[SPI_FREE] = pend_again;
	gic_spi(me, SPI_FREE, PRIORITY_USUAL);
	gic_pend(me, SPI_FREE);
	await(me, SPI_FREE, 2);
	expect_count(me, SPI_FREE, 2);
}

/* Level-sensitive with a low input: ISPENDR's latch ends when taken. */
void check_spi_latch(void)
{
	struct cpu *me = this_cpu();

	gic_spi(me, SPI_FREE, PRIORITY_USUAL);
	gic_disable(me, SPI_FREE);
	gic_edge(me, SPI_FREE, false);
	gic_enable(me, SPI_FREE);
	gic_pend(me, SPI_FREE);
	await(me, SPI_FREE, 1);
	expect_count(me, SPI_FREE, 1);
	expect("ISPENDR when taken", gic_get(me, ISPENDR, SPI_FREE), 0);
	irq_off();
	gic_pend(me, SPI_FREE);
	expect("ISPENDR's latch", gic_get(me, ISPENDR, SPI_FREE), 1);
	gic_set(me, ICPENDR, SPI_FREE);
	expect("the latch after ICPENDR", gic_get(me, ISPENDR, SPI_FREE), 0);
	irq_on();
	expect_count(me, SPI_FREE, 1);
}

void check_spi_clear(void)
{
	struct cpu *me = this_cpu();

	gic_spi(me, SPI_FREE, PRIORITY_USUAL);
	irq_off();
	gic_pend(me, SPI_FREE);
	expect("ISPENDR", gic_get(me, ISPENDR, SPI_FREE), 1);
	expect("ICPENDR reads the same", gic_get(me, ICPENDR, SPI_FREE), 1);
	gic_set(me, ICPENDR, SPI_FREE);
	expect("ISPENDR after ICPENDR", gic_get(me, ISPENDR, SPI_FREE), 0);
	irq_on();
	expect_count(me, SPI_FREE, 0);
}

void check_spi_disabled(void)
{
	struct cpu *me = this_cpu();

	gic_spi(me, SPI_FREE, PRIORITY_USUAL);
	gic_disable(me, SPI_FREE);
	expect("ISENABLER", gic_get(me, ISENABLER, SPI_FREE), 0);
	gic_pend(me, SPI_FREE);
	expect_count(me, SPI_FREE, 0);
	expect("ISPENDR while disabled", gic_get(me, ISPENDR, SPI_FREE), 1);
	gic_enable(me, SPI_FREE);
	expect("ISENABLER, enabled", gic_get(me, ICENABLER, SPI_FREE), 1);
	await(me, SPI_FREE, 1);
	expect_count(me, SPI_FREE, 1);
}

/* Made active by software it is not taken, at each CPU. */
void check_spi_isactiver(void)
{
	for (uint32_t i = 0; i < nr_cpus; i++) {
		struct cpu *cpu = &cpus[i];

		gic_spi(cpu, SPI_FREE, PRIORITY_USUAL);
		gic_set(cpu, ISACTIVER, SPI_FREE);
		expect("ISACTIVER", gic_get(cpu, ISACTIVER, SPI_FREE), 1);
		gic_pend(cpu, SPI_FREE);
		expect_count(cpu, SPI_FREE, 0);
		expect("ISPENDR", gic_get(cpu, ISPENDR, SPI_FREE), 1);
		gic_set(cpu, ICACTIVER, SPI_FREE);
		await(cpu, SPI_FREE, 1);
		expect_count(cpu, SPI_FREE, 1);
		expect("ISACTIVER in the end",
		       gic_get(cpu, ISACTIVER, SPI_FREE), 0);
	}
}

/* Deactivated by ICACTIVER; the running priority stays until the EOI. */
static void deactivate(struct cpu *me, uint32_t intid)
{
	if (me->count[intid] == 0) {
		gic_set(me, ICACTIVER, intid);
		expect("ISACTIVER after ICACTIVER",
		       gic_get(me, ISACTIVER, intid), 0);
		expect("ICC_RPR_EL1", read_icc_rpr_el1(), PRIORITY_USUAL);
		gic_pend(me, intid);
		irq_on();
		delay(1000);
		irq_off();
		expect("taken within the handler", me->logged, 1);
	}
	eoi(intid);
}

void check_spi_icactiver(void)
{
	struct cpu *me = this_cpu();

	handlers[SPI_FREE] = deactivate;
	gic_spi(me, SPI_FREE, PRIORITY_USUAL);
	gic_pend(me, SPI_FREE);
	await(me, SPI_FREE, 2);
	expect_count(me, SPI_FREE, 2);
	expect("ISACTIVER in the end", gic_get(me, ISACTIVER, SPI_FREE), 0);
	expect("ICC_RPR_EL1 in the end", read_icc_rpr_el1(), 0xff);
}

/* GICD_TYPER.MBIS says whether there are message-based SPIs. */
static bool has_messages(void)
{
	if (read32(machine.gicd + GICD_TYPER) & GICD_TYPER_MBIS)
		return true;
	leave_out("GICD_TYPER.MBIS is 0");
	return false;
}

void check_spi_message_edge(void)
{
	if (!has_messages())
		return;
	for (uint32_t i = 0; i < nr_cpus; i++) {
		struct cpu *cpu = &cpus[i];

		gic_spi(cpu, SPI_FREE + i, PRIORITY_USUAL);
		for (uint32_t n = 1; n <= 3; n++) {
			write32(machine.gicd + GICD_SETSPI_NSR, SPI_FREE + i);
			await(cpu, SPI_FREE + i, n);
		}
		expect_count(cpu, SPI_FREE + i, 3);
	}
}

/* The level falls by CLRSPI, in the third handler. */
static void until_third(struct cpu *me, uint32_t intid)
{
	if (me->count[intid] == 2)
		write32(machine.gicd + GICD_CLRSPI_NSR, intid);
	eoi(intid);
}

/* 4.1.3: of a level-sensitive one SETSPI raises the level. */
void check_spi_message_level(void)
{
	struct cpu *me = this_cpu();

	if (!has_messages())
		return;
	handlers[SPI_FREE] = until_third;
	gic_priority(me, SPI_FREE, PRIORITY_USUAL);
	gic_enable(me, SPI_FREE);
	write32(machine.gicd + GICD_SETSPI_NSR, SPI_FREE);
	await(me, SPI_FREE, 3);
	expect_count(me, SPI_FREE, 3);
}

/* Between all CPUs, pending all the while; the last one may have it. */
void check_spi_route(void)
{
	uint32_t rounds = 10 * nr_cpus;

	gic_spi(&cpus[0], SPI_FREE, PRIORITY_USUAL);
	for (uint32_t n = 0; n < rounds; n++) {
		struct cpu *cpu = &cpus[n % nr_cpus];

		gic_disable(NULL, SPI_FREE);
		gic_pend(NULL, SPI_FREE);
		gic_route(SPI_FREE, affinity_of(cpu));
		gic_enable(NULL, SPI_FREE);
		await(cpu, SPI_FREE, n / nr_cpus + 1);
	}
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("interrupts taken", cpus[i].logged, 10);
}

void check_spi_route_halves(void)
{
	uint64_t at = machine.gicd + GICD_IROUTER + 8 * SPI_FREE;
	uint64_t wide = 0x12ull << 32 | 0x345678;

	gic_route(SPI_FREE, wide);
	expect("IROUTER", read64(at), wide);
	expect("IROUTER, upper half", read32(at + 4), 0x12);
	expect("IROUTER, lower half", read32(at), 0x345678);
	for (uint32_t i = 0; i < nr_cpus; i++) {
		gic_spi(&cpus[i], SPI_FREE, PRIORITY_USUAL);
		gic_route(SPI_FREE, wide);
		gic_route_halves(SPI_FREE, affinity_of(&cpus[i]));
		expect("IROUTER from halves", read64(at),
		       affinity_of(&cpus[i]));
		gic_pend(NULL, SPI_FREE);
		await(&cpus[i], SPI_FREE, 1);
	}
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("interrupts taken", cpus[i].logged, 1);
}

/* Nobody is there: it waits, and is not lost. */
void check_spi_route_absent(void)
{
	struct cpu *last = &cpus[nr_cpus - 1];

	gic_spi(last, SPI_FREE, PRIORITY_USUAL);
	gic_route(SPI_FREE, ABSENT_AFFINITY);
	gic_pend(NULL, SPI_FREE);
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("interrupts taken", cpus[i].logged, 0);
	expect("ISPENDR", gic_get(NULL, ISPENDR, SPI_FREE), 1);
	gic_route(SPI_FREE, affinity_of(last));
	await(last, SPI_FREE, 1);
	expect_count(last, SPI_FREE, 1);
}
