/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Posted-interrupt processing: SDM vol. 3, 29.6. */

#include "vtx_priv.h"

/* One PIR bit on its way into VIRR. */
static void merge(struct vtx_pcpu *cpu, uint8_t vector)
{
	struct vtx_stats *stats = &cpu->vmcs->stats;

	stats->posted[vector]++;
	stats->folds[vector] += vtx_test(cpu, VIC_APIC_IRR, vector);
	vtx_set(cpu, VIC_APIC_IRR, vector);
}

/*
 * Steps 3 to 7. The manual allows PIR to be taken in groups of bits, as long
 * as each is read and cleared at once; the groups here are 64 bits.
 */
void vtx_process_posted(struct vtx_pcpu *cpu)
{
	struct vic_pid *pid = cpu->ctl.pid;
	uint8_t top = 0;
	int group, bit;

	cpu->vmcs->stats.notifications++;
	vtx_yield(&cpu->hook);
	__atomic_fetch_and(&pid->control, ~VIC_PID_ON, __ATOMIC_SEQ_CST);
	for (group = 0; group < 4; group++) {
		uint64_t pir;

		vtx_yield(&cpu->hook);
		pir = __atomic_exchange_n(&pid->pir[group], 0,
					  __ATOMIC_SEQ_CST);
		for (bit = 0; bit < 64; bit++)
			if (pir >> bit & 1) {
				top = (uint8_t)(group * 64 + bit);
				merge(cpu, top);
			}
	}
	if (top > cpu->rvi)
		cpu->rvi = top;
	vtx_evaluate(cpu);
}
