/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The end of an interrupt, in one step and in two. IHI 0069 4.3, 12.2.7. */

#include "gic.h"

#define MANY 20u

static void one_step_handler(struct cpu *me, uint32_t intid)
{
	expect("ISACTIVER", gic_get(me, ISACTIVER, intid), 1);
	expect("ICC_RPR_EL1", read_icc_rpr_el1(), PRIORITY_USUAL);
	eoi(intid);
	expect("ISACTIVER after the EOI", gic_get(me, ISACTIVER, intid), 0);
	expect("ICC_RPR_EL1 after the EOI", read_icc_rpr_el1(), 0xff);
}

static void one_step(struct cpu *me, void *arg)
{
	uint32_t spi = SPI_FREE + me->id;

	(void)arg;
	gic_pend(me, spi);
	sgi_send(me, 4);
	if (!reached(&me->logged, 2))
		fail("cpu %u took %u of 2", me->id, me->logged);
}

static void prepare_spis(handler_fn handler)
{
	for (uint32_t i = 0; i < nr_cpus; i++) {
		handlers[SPI_FREE + i] = handler;
		gic_spi(&cpus[i], SPI_FREE + i, PRIORITY_USUAL);
	}
}

static void expect_logged(uint32_t n)
{
	settle();
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("interrupts taken", LOAD(cpus[i].logged), n);
}

void check_eoi_one_step(void)
{
	handlers[4] = one_step_handler;
	prepare_spis(one_step_handler);
	run_all(one_step, NULL);
	expect_logged(2);
}

/* After EOIR alone: active, and lower priorities get in. */
static void two_steps_handler(struct cpu *me, uint32_t intid)
{
	uint32_t before = me->logged;

	eoi(intid);
	expect("ISACTIVER after EOIR", gic_get(me, ISACTIVER, intid), 1);
	expect("ICC_RPR_EL1 after EOIR", read_icc_rpr_el1(), 0xff);
	if (before == 1) {
		sgi_send(me, 5);
		irq_on();
		if (!reached(&me->count[5], 1))
			fail("cpu %u: EOIR does not let a lower one in",
			     me->id);
		irq_off();
	}
	write_icc_dir_el1(intid);
	expect("ISACTIVER after DIR", gic_get(me, ISACTIVER, intid), 0);
}

static void two_steps(struct cpu *me, void *arg)
{
	write_icc_ctlr_el1(ICC_CTLR_EOIMODE);
	gic_priority(me, 5, 0xc0);
	one_step(me, arg);
	if (!reached(&me->logged, 3))
		fail("cpu %u took %u of 3", me->id, me->logged);
	irq_off();
	write_icc_ctlr_el1(0);
}

static void end_both(struct cpu *me, uint32_t intid)
{
	(void)me;
	eoi(intid);
	write_icc_dir_el1(intid);
}

void check_eoi_two_steps(void)
{
	handlers[4] = two_steps_handler;
	handlers[5] = end_both;
	prepare_spis(two_steps_handler);
	run_all(two_steps, NULL);
	expect_logged(3);
}

/* Acknowledge what should be the best. */
static void acknowledge(uint32_t intid)
{
	expect("ICC_IAR1_EL1", read_icc_iar1_el1(), intid);
}

static void expect_active(struct cpu *me, const uint32_t *intids, uint32_t set)
{
	for (uint32_t i = 0; i < 3; i++)
		expect("ISACTIVER", gic_get(me, ISACTIVER, intids[i]),
		       set >> i & 1);
}

/* Three nested, dropped from the inside out, deactivated otherwise. */
static void order(struct cpu *me, void *arg)
{
	static const uint8_t orders[][3] = {{0, 1, 2}, {1, 2, 0}, {0, 2, 1}};
	uint32_t intids[3] = {0, SPI_FREE + me->id, 2};

	(void)arg;
	irq_off();
	write_icc_ctlr_el1(ICC_CTLR_EOIMODE);
	gic_priority(me, 0, 0xa0);
	gic_priority(me, 2, 0x60);
	for (uint32_t n = 0; n < 3; n++) {
		uint32_t set = 7;

		for (uint32_t i = 0; i < 3; i++) {
			gic_pend(me, intids[i]);
			acknowledge(intids[i]);
		}
		for (uint32_t i = 3; i-- > 0;) {
			expect("ICC_RPR_EL1", read_icc_rpr_el1(),
			       0xa0 - 0x20 * i);
			eoi(intids[i]);
		}
		expect_active(me, intids, set);
		for (uint32_t i = 0; i < 3; i++) {
			write_icc_dir_el1(intids[orders[n][i]]);
			set &= ~(1u << orders[n][i]);
			expect_active(me, intids, set);
		}
	}
	write_icc_ctlr_el1(0);
}

void check_eoi_order(void)
{
	prepare_spis(NULL);
	run_all(order, NULL);
	expect_logged(0);
}

/* All active at once, more than list registers, and their EOIs done. */
static void drop_many(struct cpu *me)
{
	irq_off();
	write_icc_ctlr_el1(ICC_CTLR_EOIMODE);
	for (uint32_t i = 0; i < MANY; i++)
		gic_pend(me, SPI_FREE + i);
	for (uint32_t i = 0; i < MANY; i++) {
		acknowledge(SPI_FREE + i);
		eoi(SPI_FREE + i);
	}
}

void check_eoi_many(void)
{
	struct cpu *me = this_cpu();
	uint32_t active = MANY;

	for (uint32_t i = 0; i < MANY; i++)
		gic_spi(me, SPI_FREE + i, 0x10 + 8 * i);
	drop_many(me);
	acknowledge(INTID_NONE);
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t still = 0;

		write_icc_dir_el1(SPI_FREE + 7 * i % MANY);
		expect("ISACTIVER after DIR",
		       gic_get(me, ISACTIVER, SPI_FREE + 7 * i % MANY), 0);
		for (uint32_t k = 0; k < MANY; k++)
			still += gic_get(me, ISACTIVER, SPI_FREE + k);
		expect("active ones", still, --active);
	}
	write_icc_ctlr_el1(0);
	for (uint32_t i = 0; i < MANY; i++)
		gic_pend(me, SPI_FREE + i);
	irq_on();
	if (!reached(&me->logged, MANY))
		fail("%u taken again, of %u", me->logged, MANY);
	settle();
	expect("interrupts taken", me->logged, MANY);
}

/* Pended between EOIR and DIR: once more, after DIR. */
static void pending(struct cpu *me, void *arg)
{
	uint32_t spi = SPI_FREE + me->id;

	(void)arg;
	irq_off();
	write_icc_ctlr_el1(ICC_CTLR_EOIMODE);
	gic_pend(me, spi);
	acknowledge(spi);
	eoi(spi);
	gic_pend(me, spi);
	gic_pend(me, spi);
	expect("ISPENDR", gic_get(me, ISPENDR, spi), 1);
	acknowledge(INTID_NONE);
	write_icc_dir_el1(spi);
	acknowledge(spi);
	eoi(spi);
	write_icc_dir_el1(spi);
	acknowledge(INTID_NONE);
	write_icc_ctlr_el1(0);
}

void check_eoi_pending(void)
{
	prepare_spis(NULL);
	run_all(pending, NULL);
	expect_logged(0);
}

/* Dropped here, deactivated by whoever. IHI 0069 4.3.3. */
static void remote_dir(struct cpu *me, void *arg)
{
	(void)me;
	(void)arg;
	irq_off();
	write_icc_ctlr_el1(ICC_CTLR_EOIMODE);
	for (uint32_t i = 0; i < MANY; i++)
		write_icc_dir_el1(SPI_FREE + 3 * i % MANY);
	write_icc_ctlr_el1(0);
}

void check_eoi_remote_dir(void)
{
	struct cpu *me = this_cpu();

	for (uint32_t i = 0; i < MANY; i++)
		gic_spi(me, SPI_FREE + i, 0x10 + 8 * i);
	for (uint32_t n = 0; n < 2; n++) {
		drop_many(me);
		run_on(&cpus[nr_cpus - 1], remote_dir, NULL);
		for (uint32_t i = 0; i < MANY; i++)
			expect("ISACTIVER after DIR elsewhere",
			       gic_get(me, ISACTIVER, SPI_FREE + i), 0);
		acknowledge(INTID_NONE);
		write_icc_ctlr_el1(0);
		irq_on();
	}
	settle();
	expect("interrupts taken", me->logged, 0);
}

/* 12.2.7: EOIR of a special INTID is ignored. */
static void special(struct cpu *me, void *arg)
{
	(void)arg;
	irq_off();
	sgi_send(me, 0);
	acknowledge(0);
	eoi(INTID_NONE);
	eoi(1022);
	expect("ICC_RPR_EL1 after EOIR of 1023", read_icc_rpr_el1(),
	       PRIORITY_USUAL);
	expect("ISACTIVER", gic_get(me, ISACTIVER, 0), 1);
	eoi(0);
	expect("ICC_RPR_EL1 after EOIR", read_icc_rpr_el1(), 0xff);
}

void check_eoi_special(void)
{
	run_all(special, NULL);
	expect_logged(0);
}

/* All SGIs but the wake-up's active, on every CPU. */
static void sgis(struct cpu *me, void *arg)
{
	(void)arg;
	irq_off();
	write_icc_ctlr_el1(ICC_CTLR_EOIMODE);
	for (uint32_t k = 0; k < SGI_WAKE; k++) {
		gic_priority(me, k, 0x10 + 8 * k);
		sgi_send(me, k);
	}
	for (uint32_t k = 0; k < SGI_WAKE; k++) {
		acknowledge(k);
		eoi(k);
	}
	expect("ISACTIVER0", read32(me->gicr + GICR_SGI_BASE + ISACTIVER),
	       (1u << SGI_WAKE) - 1);
	for (uint32_t k = SGI_WAKE; k-- > 0;)
		write_icc_dir_el1(k);
	expect("ISACTIVER0 after DIR",
	       read32(me->gicr + GICR_SGI_BASE + ISACTIVER), 0);
	write_icc_ctlr_el1(0);
}

void check_eoi_sgis(void)
{
	run_all(sgis, NULL);
	expect_logged(0);
}
