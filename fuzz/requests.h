/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What a scan says of NMI, SMI, INIT and SIPI. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include <vic/vic.h>

#include "input.h"

/* False if they keep all else waiting; @waits: in wait-for-SIPI. */
static inline bool check_requests(const struct vic_vcpu_inbox *inbox,
				  bool waits, uint32_t can,
				  const struct vic_work *work)
{
	const uint32_t told =
		VIC_WORK_RESYNC | VIC_WORK_TIMER | VIC_WORK_EOI_EXIT;
	const uint32_t irq =
		VIC_WORK_IRQ | VIC_WORK_IRQ_WINDOW | VIC_WORK_EXTINT;
	uint32_t flags = work->flags & ~told, want = 0;

	REQUIRE(!inbox->outstanding);
	if (inbox->init) {
		REQUIRE(flags == VIC_WORK_INIT);
		return false;
	}
	if (waits) {
		REQUIRE(flags ==
			(inbox->sipi ? VIC_WORK_SIPI : VIC_WORK_WAIT_SIPI));
		if (inbox->sipi)
			REQUIRE(work->sipi_vector == inbox->sipi_vector);
		return false;
	}
	if (inbox->nmi)
		want = can & VIC_CAN_NMI ? VIC_WORK_NMI : VIC_WORK_NMI_WINDOW;
	if (inbox->smi)
		want |= can & VIC_CAN_SMI ? VIC_WORK_SMI : VIC_WORK_SMI_WINDOW;
	REQUIRE((flags & ~irq) == want);
	REQUIRE(work->nmis == inbox->nmi);
	REQUIRE(!inbox->sipi);
	return true;
}

#endif
