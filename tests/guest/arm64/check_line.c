/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A level that a device drives: the PL011 raises its interrupt while the
 * transmit interrupt is raised (UARTRIS) and unmasked (UARTIMSC). It has been
 * raised since the console wrote its last character, so the mask is the level.
 */

#include "gic.h"

#define UART 0x09000000ull
#define UARTIMSC 0x38
#define UARTRIS 0x3c
#define UART_TX (1u << 5)

static void line(bool high)
{
	write32(UART + UARTIMSC, high ? UART_TX : 0);
}

static void prepare(struct cpu *cpu)
{
	line(false);
	if (!(read32(UART + UARTRIS) & UART_TX))
		print("info the transmit interrupt needs a character\n");
	expect("UARTRIS.TXRIS", read32(UART + UARTRIS) & UART_TX, UART_TX);
	gic_edge(cpu, SPI_UART, false);
	gic_priority(cpu, SPI_UART, PRIORITY_USUAL);
	gic_route(SPI_UART, affinity_of(cpu));
	gic_enable(cpu, SPI_UART);
}

static void await(struct cpu *cpu, uint32_t n)
{
	if (!reached(&cpu->count[SPI_UART], n))
		fail("cpu %u took %u of the line, %u is awaited", cpu->id,
		     LOAD(cpu->count[SPI_UART]), n);
}

static void finally(struct cpu *cpu, uint32_t n)
{
	settle();
	if (LOAD(cpu->count[SPI_UART]) != n)
		fail("cpu %u took %u of the line, expected %u", cpu->id,
		     LOAD(cpu->count[SPI_UART]), n);
	expect("ISPENDR in the end", gic_get(cpu, ISPENDR, SPI_UART), 0);
	expect("ISACTIVER in the end", gic_get(cpu, ISACTIVER, SPI_UART), 0);
	line(false);
}

/* High until the fifth: each EOI but the last brings exactly one more. */
static void until_fifth(struct cpu *me, uint32_t intid)
{
	expect("ISPENDR while high", gic_get(me, ISPENDR, intid), 1);
	expect("ISACTIVER", gic_get(me, ISACTIVER, intid), 1);
	if (me->count[intid] % 5 == 4)
		line(false);
	eoi(intid);
}

void check_line_level(void)
{
	handlers[SPI_UART] = until_fifth;
	for (uint32_t i = 0; i < nr_cpus; i++) {
		prepare(&cpus[i]);
		for (uint32_t n = 5; n <= 15; n += 5) {
			line(true);
			await(&cpus[i], n);
		}
		finally(&cpus[i], 15);
	}
}

/* Low again before anybody took it: as if nothing had been. */
void check_line_low(void)
{
	struct cpu *me = this_cpu();

	prepare(me);
	irq_off();
	line(true);
	gic_reads(me, ISPENDR, SPI_UART, true);
	line(false);
	gic_reads(me, ISPENDR, SPI_UART, false);
	irq_on();
	finally(me, 0);
}

static void lower(struct cpu *me, uint32_t intid)
{
	(void)me;
	line(false);
	eoi(intid);
}

/* ICPENDR does not clear a level; ISPENDR's latch outlives it. */
void check_line_latch(void)
{
	struct cpu *me = this_cpu();

	handlers[SPI_UART] = lower;
	prepare(me);
	irq_off();
	line(true);
	gic_reads(me, ISPENDR, SPI_UART, true);
	gic_set(me, ICPENDR, SPI_UART);
	expect("ISPENDR after ICPENDR while high",
	       gic_get(me, ISPENDR, SPI_UART), 1);
	irq_on();
	await(me, 1);
	irq_off();
	line(true);
	gic_reads(me, ISPENDR, SPI_UART, true);
	gic_pend(me, SPI_UART);
	line(false);
	delay(1000);
	expect("the latch when the line is low", gic_get(me, ISPENDR, SPI_UART),
	       1);
	irq_on();
	await(me, 2);
	finally(me, 2);
}

/* Disabled it shows, and is delivered once it is enabled. */
void check_line_disabled(void)
{
	struct cpu *me = this_cpu();

	handlers[SPI_UART] = lower;
	prepare(me);
	gic_disable(me, SPI_UART);
	line(true);
	gic_reads(me, ISPENDR, SPI_UART, true);
	delay(1000);
	expect("taken while disabled", me->count[SPI_UART], 0);
	line(false);
	gic_reads(me, ISPENDR, SPI_UART, false);
	line(true);
	gic_reads(me, ISPENDR, SPI_UART, true);
	gic_enable(me, SPI_UART);
	await(me, 1);
	finally(me, 1);
}

/* A level in spite of ICFGR would come again and again, and nothing else. */
static void not_for_ever(struct cpu *me, uint32_t intid)
{
	if (me->count[intid] > 10)
		line(false);
	eoi(intid);
}

/* Edge-triggered: the level that stays high is one interrupt. */
void check_line_edge(void)
{
	struct cpu *me = this_cpu();

	handlers[SPI_UART] = not_for_ever;
	prepare(me);
	gic_disable(me, SPI_UART);
	gic_edge(me, SPI_UART, true);
	gic_set(me, ICPENDR, SPI_UART);
	gic_enable(me, SPI_UART);
	for (uint32_t n = 1; n <= 3; n++) {
		line(true);
		await(me, n);
		delay(1000);
		line(false);
		delay(1000);
	}
	finally(me, 3);
}

/* To the next CPU in each handler, with the line high: each takes one. */
static void pass_line_on(struct cpu *me, uint32_t intid)
{
	uint32_t next = me->id + 1;

	if (next == nr_cpus)
		line(false);
	else
		gic_route(intid, affinity_of(&cpus[next]));
	eoi(intid);
}

void check_line_route(void)
{
	handlers[SPI_UART] = pass_line_on;
	for (uint32_t n = 1; n <= 3; n++) {
		prepare(&cpus[0]);
		line(true);
		for (uint32_t i = 0; i < nr_cpus; i++)
			await(&cpus[i], n);
	}
	for (uint32_t i = 0; i < nr_cpus; i++)
		finally(&cpus[i], 3);
}

/* EOImode 1: it waits for the deactivation, not for the priority drop. */
static void drop(struct cpu *me, uint32_t intid)
{
	eoi(intid);
	if (me->count[intid] == 1)
		line(false);
	if (me->count[intid] == 0) {
		irq_on();
		delay(1000);
		irq_off();
		expect("taken while active", me->logged, 1);
	}
	write_icc_dir_el1(intid);
}

void check_line_split(void)
{
	struct cpu *me = this_cpu();

	handlers[SPI_UART] = drop;
	prepare(me);
	write_icc_ctlr_el1(ICC_CTLR_EOIMODE);
	line(true);
	await(me, 2);
	settle();
	write_icc_ctlr_el1(0);
	finally(me, 2);
}
