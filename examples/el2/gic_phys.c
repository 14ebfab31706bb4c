/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The physical GICv3. EOImode is 1: acknowledging an interrupt here drops
 * its priority at once, and either the hypervisor deactivates it, or, for
 * one that is linked to a virtual interrupt, the guest does.
 */
#include "el2.h"

#define WAIT_TRIES 1000000

/* ICC_CTLR_EL1.EOImode, ICC_SRE_EL2: Enable, DIB, DFB, SRE. */
#define ICC_EOIMODE (1u << 1)
#define ICC_SRE_ALL 0xfu
#define PMR_ALL 0xf8u
#define SGI1R_INTID_SHIFT 24

static uint64_t gicr_of(const struct pcpu *pcpu)
{
	return GICR_BASE + (uint64_t)pcpu->index * VIC_GICR_FRAME_SIZE;
}

static void wait_clear(uint64_t address, uint32_t mask, const char *what)
{
	for (uint32_t i = 0; i < WAIT_TRIES; i++)
		if (!(mmio_read32(address) & mask))
			return;
	die("the physical GIC does not answer: %s", what);
}

void gic_phys_init(void)
{
	uint32_t word = INTID_UART / 32 * 4;

	mmio_write32(GICD_BASE + VIC_GICD_CTLR, VIC_GICD_CTLR_ARE);
	mmio_write32(GICD_BASE + VIC_GICD_CTLR,
		     VIC_GICD_CTLR_ARE | VIC_GICD_CTLR_GRP1);
	wait_clear(GICD_BASE + VIC_GICD_CTLR, VIC_GICD_CTLR_RWP,
		   "GICD_CTLR.RWP");
	/* Reset routes it to affinity 0, the first CPU. */
	mmio_write32(GICD_BASE + VIC_GICD_IGROUPR + word, UINT32_MAX);
	mmio_write32(GICD_BASE + VIC_GICD_ISENABLER + word,
		     1u << INTID_UART % 32);
}

void gic_phys_init_cpu(const struct pcpu *pcpu)
{
	uint64_t gicr = gicr_of(pcpu);
	uint32_t waker = mmio_read32(gicr + VIC_GICR_WAKER);

	mmio_write32(gicr + VIC_GICR_WAKER, waker & ~VIC_GICR_WAKER_SLEEP);
	wait_clear(gicr + VIC_GICR_WAKER, VIC_GICR_WAKER_ASLEEP,
		   "GICR_WAKER.ChildrenAsleep");
	mmio_write32(gicr + VIC_GICR_IGROUPR0, UINT32_MAX);
	mmio_write32(gicr + VIC_GICR_ISENABLER0,
		     1u << INTID_KICK | 1u << INTID_MAINTENANCE |
			     1u << INTID_EL2_TIMER | 1u << INTID_VIRTUAL_TIMER |
			     1u << INTID_PHYSICAL_TIMER);
	sysreg_write(icc_sre_el2, ICC_SRE_ALL);
	isb();
	sysreg_write(icc_pmr_el1, PMR_ALL);
	sysreg_write(icc_ctlr_el1, ICC_EOIMODE);
	sysreg_write(icc_bpr1_el1, 0);
	sysreg_write(icc_igrpen1_el1, 1);
	isb();
}

uint32_t gic_phys_ack(void)
{
	uint32_t intid = (uint32_t)sysreg_read(icc_iar1_el1);

	dsb();
	if (intid >= VIC_INTID_SPECIAL && intid <= VIC_INTID_NONE)
		return VIC_INTID_NONE;
	sysreg_write(icc_eoir1_el1, intid);
	isb();
	return intid;
}

void gic_phys_deactivate(uint32_t intid)
{
	sysreg_write(icc_dir_el1, intid);
	isb();
}

/* What was written before must be seen by whom the kick wakes. */
void gic_phys_kick(const struct pcpu *pcpu)
{
	dsb();
	sysreg_write(icc_sgi1r_el1,
		     INTID_KICK << SGI1R_INTID_SHIFT | 1u << pcpu->index);
	isb();
}

/* The register of @p intid in a bank of one bit for each. */
static uint64_t bank(uint32_t offset, uint32_t intid)
{
	if (intid < VIC_INTID_SPI)
		return gicr_of(this_pcpu()) + VIC_GICR_SGI_BASE + offset;
	return GICD_BASE + offset + intid / 32 * 4;
}

/* A level-sensitive interrupt's pending bit is its line. */
bool gic_phys_line(uint32_t intid)
{
	uint32_t word = mmio_read32(bank(VIC_GICD_ISPENDR, intid));

	return word >> intid % 32 & 1;
}

void gic_phys_set_active(uint32_t intid, bool active)
{
	uint32_t offset = active ? VIC_GICD_ISACTIVER : VIC_GICD_ICACTIVER;

	mmio_write32(bank(offset, intid), 1u << intid % 32);
	dsb();
}
