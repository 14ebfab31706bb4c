/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Physical interrupts. */
#include "el2.h"

#define ISR_IRQ (1u << 7)

/*
 * The guest's own: its priority is dropped, it stays active until the guest
 * deactivates the virtual interrupt that it is linked to.
 */
static void to_guest(struct pcpu *pcpu, uint32_t intid)
{
	struct vic_gicr *gicr = NULL;

	if (intid < VIC_INTID_SPI) {
		if (!pcpu->resident) {
			gic_phys_deactivate(intid);
			return;
		}
		gicr = pcpu->resident->gicr;
	}
	vic_gic_line_set(gic, gicr, &pcpu->counters, intid, 0, true);
}

/* No vCPU is in the guest here: it was synced after its exit. */
void irq_handle(struct pcpu *pcpu, uint32_t intid)
{
	switch (intid) {
	case VIC_INTID_NONE:
		break;
	case INTID_KICK:
		gic_phys_deactivate(intid);
		dump_stop_if_asked(pcpu);
		break;
	case INTID_MAINTENANCE:
		/* vic_gic_sync() has done what there was to do. */
		gic_phys_deactivate(intid);
		break;
	case INTID_EL2_TIMER:
		clock_check_timeout(pcpu);
		sched_tick(pcpu);
		gic_phys_deactivate(intid);
		break;
	case INTID_VIRTUAL_TIMER:
	case INTID_PHYSICAL_TIMER:
	case INTID_UART:
		to_guest(pcpu, intid);
		break;
	default:
		die("physical interrupt %u is nobody's", intid);
	}
}

/* What is pending now; a kick among it has done its work with this. */
void irq_drain(struct pcpu *pcpu)
{
	while (sysreg_read(isr_el1) & ISR_IRQ) {
		uint32_t intid = gic_phys_ack();

		if (intid == VIC_INTID_NONE)
			return;
		irq_handle(pcpu, intid);
	}
}
