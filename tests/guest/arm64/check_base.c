/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Identification, fixed registers, the enables of the groups. */

#include "gic.h"

/* IHI 0069 12.11.35: one Last; PIDR2.ArchRev is 3. */
void check_frames(void)
{
	uint32_t frames = 0;
	uint64_t typer;

	expect("GICD_PIDR2.ArchRev", read32(machine.gicd + PIDR2) >> 4 & 0xf,
	       3);
	do {
		uint64_t frame = machine.gicr + frames++ * GICR_FRAME;

		expect("GICR_PIDR2.ArchRev", read32(frame + PIDR2) >> 4 & 0xf,
		       3);
		typer = read64(frame + GICR_TYPER);
		/* Two 32-bit loads read the same. */
		expect("GICR_TYPER's lower half", read32(frame + GICR_TYPER),
		       (uint32_t)typer);
		expect("GICR_TYPER's upper half",
		       read32(frame + GICR_TYPER + 4), typer >> 32);
	} while (!(typer & GICR_TYPER_LAST) && frames < MAX_CPUS);
	expect("frames up to the last", frames, nr_cpus);
}

static void icc(struct cpu *me, void *arg)
{
	(void)arg;
	expect("MPIDR_EL1 affinity", read_mpidr_el1() & 0xff00ffffff,
	       affinity_of(me));
	expect("ICC_SRE_EL1.SRE", read_icc_sre_el1() & 1, 1);
	expect("ICC_IGRPEN1_EL1", read_icc_igrpen1_el1(), 1);
	write_icc_igrpen1_el1(0);
	expect("ICC_IGRPEN1_EL1 cleared", read_icc_igrpen1_el1(), 0);
	write_icc_igrpen1_el1(1);
	write_icc_ctlr_el1(ICC_CTLR_EOIMODE);
	expect("ICC_CTLR_EL1.EOImode", read_icc_ctlr_el1() & 3,
	       ICC_CTLR_EOIMODE);
	write_icc_ctlr_el1(0);
	expect("ICC_CTLR_EL1 cleared", read_icc_ctlr_el1() & 3, 0);
	expect("ICC_RPR_EL1 when idle", read_icc_rpr_el1(), 0xff);
	expect("GICR_WAKER.ChildrenAsleep",
	       read32(me->gicr + GICR_WAKER) & GICR_WAKER_ASLEEP, 0);
}

void check_icc(void)
{
	run_all(icc, NULL);
}

static void igrpen1(struct cpu *me, void *arg)
{
	(void)arg;
	write_icc_igrpen1_el1(0);
	sgi_send(me, 1);
	delay(1000);
	expect("SGIs with ICC_IGRPEN1_EL1 = 0", me->count[1], 0);
	write_icc_igrpen1_el1(1);
	if (!reached(&me->count[1], 1))
		fail("cpu %u: not delivered with ICC_IGRPEN1_EL1 = 1", me->id);
}

/* 4.6.2: an interrupt of a group that is disabled waits. */
void check_group_enables(void)
{
	struct cpu *me = this_cpu();

	run_all(igrpen1, NULL);
	write32(machine.gicd + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP0);
	gic_wait_rwp(NULL, 32);
	for (uint32_t i = 0; i < nr_cpus; i++)
		sgi_send(&cpus[i], 2);
	gic_spi(me, SPI_FREE, PRIORITY_USUAL);
	gic_pend(me, SPI_FREE);
	delay(2000);
	for (uint32_t i = 0; i < nr_cpus; i++)
		expect("SGIs with EnableGrp1 = 0", LOAD(cpus[i].count[2]), 0);
	expect("SPIs with EnableGrp1 = 0", LOAD(me->count[SPI_FREE]), 0);
	expect("ISPENDR with EnableGrp1 = 0", gic_get(me, ISPENDR, SPI_FREE),
	       1);
	write32(machine.gicd + GICD_CTLR,
		GICD_CTLR_ARE | GICD_CTLR_GRP0 | GICD_CTLR_GRP1);
	for (uint32_t i = 0; i < nr_cpus; i++) {
		if (!reached(&cpus[i].count[2], 1))
			fail("cpu %u: EnableGrp1 = 1 does not deliver", i);
	}
	if (!reached(&me->count[SPI_FREE], 1))
		fail("EnableGrp1 = 1 does not deliver the SPI");
	settle();
	expect("SPIs in all", me->count[SPI_FREE], 1);
}

/*
 * 8.9.7: GICD registers of INTIDs 0-31 are RES0 with affinity routing.
 * 12.9.9: SGIs are edge-triggered for ever.
 */
void check_fixed(void)
{
	struct cpu *me = this_cpu();
	uint64_t sgis = me->gicr + GICR_SGI_BASE;

	expect("GICR_ICFGR0", read32(sgis + ICFGR), 0xaaaaaaaa);
	write32(sgis + ICFGR, 0);
	expect("GICR_ICFGR0 written", read32(sgis + ICFGR), 0xaaaaaaaa);
	write32(machine.gicd + ISPENDR, 0xffff0000);
	expect("GICD_ISPENDR0", read32(machine.gicd + ISPENDR), 0);
	expect("GICD_ISENABLER0", read32(machine.gicd + ISENABLER), 0);
	write32(machine.gicd + IPRIORITYR, 0x50505050);
	expect("GICD_IPRIORITYR0", read32(machine.gicd + IPRIORITYR), 0);
	expect("GICR_IPRIORITYR0", gic_get_priority(me, 0), PRIORITY_USUAL);
	expect("GICD_CTLR.ARE and DS",
	       read32(machine.gicd + GICD_CTLR) &
		       (GICD_CTLR_ARE | GICD_CTLR_DS),
	       GICD_CTLR_ARE | GICD_CTLR_DS);
	settle();
	expect("interrupts taken", me->logged, 0);
}

/* 12.9.38: beyond ITLinesNumber all is RES0. */
void check_beyond(void)
{
	static const enum gic_register banks[] = {IGROUPR, ISENABLER, ISPENDR,
						  ISACTIVER};
	uint32_t lines = gic_lines();

	if (lines > 960) {
		leave_out("every INTID exists");
		return;
	}
	for (uint32_t i = 0; i < sizeof(banks) / sizeof(banks[0]); i++) {
		uint64_t at = machine.gicd + banks[i] + lines / 8;

		write32(at, ~0u);
		expect("a register beyond the last INTID", read32(at), 0);
	}
	write32(machine.gicd + IPRIORITYR + lines, ~0u);
	expect("GICD_IPRIORITYR beyond the last INTID",
	       read32(machine.gicd + IPRIORITYR + lines), 0);
}
