/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Virtual APIC state, evaluation and delivery of virtual interrupts: SDM
 * vol. 3, 29.1 and 29.2, line by line as the manual's pseudocode has them.
 */

#include "vtx_priv.h"

/* The highest index of a bit set in VISR or VIRR, or 0. */
static uint8_t highest(const struct vtx_pcpu *cpu, uint32_t base)
{
	int vector;

	for (vector = 255; vector > 0; vector--)
		if (vtx_test(cpu, base, (uint8_t)vector))
			return (uint8_t)vector;
	return 0;
}

/* 29.1.3; it always clears bytes 3:1 of VPPR. */
void vtx_ppr_virtualization(struct vtx_pcpu *cpu)
{
	uint32_t vtpr = vtx_get(cpu, VIC_APIC_TPR);

	if ((vtpr >> 4 & 0xf) >= cpu->svi >> 4)
		vtx_put(cpu, VIC_APIC_PPR, vtpr & 0xff);
	else
		vtx_put(cpu, VIC_APIC_PPR, cpu->svi & 0xf0u);
}

/* 29.2.1 */
void vtx_evaluate(struct vtx_pcpu *cpu)
{
	uint32_t vppr = vtx_get(cpu, VIC_APIC_PPR);

	cpu->recognized =
		!(cpu->ctl.primary & VTX_PROC_INTERRUPT_WINDOW_EXITING) &&
		cpu->rvi >> 4 > (vppr >> 4 & 0xf);
}

/* 29.1.2 */
enum vtx_result vtx_tpr_virtualization(struct vtx_pcpu *cpu)
{
	uint32_t vtpr = vtx_get(cpu, VIC_APIC_TPR);

	if (!vtx_vid(cpu)) {
		if ((vtpr >> 4 & 0xf) < (cpu->ctl.tpr_threshold & 0xf))
			return vtx_leave(cpu, VTX_EXIT_TPR_BELOW_THRESHOLD, 0);
		return VTX_OK;
	}
	vtx_ppr_virtualization(cpu);
	vtx_evaluate(cpu);
	return VTX_OK;
}

/* 29.1.4 */
enum vtx_result vtx_eoi_virtualization(struct vtx_pcpu *cpu)
{
	uint8_t vector = cpu->svi;

	vtx_clear(cpu, VIC_APIC_ISR, vector);
	cpu->svi = highest(cpu, VIC_APIC_ISR);
	vtx_ppr_virtualization(cpu);
	if (cpu->ctl.eoi_exit[vector / 64] >> (vector % 64) & 1)
		return vtx_leave(cpu, VTX_EXIT_VIRTUALIZED_EOI, vector);
	vtx_evaluate(cpu);
	return VTX_OK;
}

/* 29.1.5 */
void vtx_self_ipi_virtualization(struct vtx_pcpu *cpu, uint8_t vector)
{
	struct vtx_stats *stats = &cpu->vmcs->stats;

	stats->self_ipis[vector]++;
	stats->self_folds[vector] += vtx_test(cpu, VIC_APIC_IRR, vector);
	vtx_set(cpu, VIC_APIC_IRR, vector);
	if (vector > cpu->rvi)
		cpu->rvi = vector;
	vtx_evaluate(cpu);
}

/* 29.2.2 */
enum vtx_result vtx_deliver(struct vtx_pcpu *cpu)
{
	uint8_t vector = cpu->rvi;

	vtx_set(cpu, VIC_APIC_ISR, vector);
	cpu->svi = vector;
	vtx_put(cpu, VIC_APIC_PPR, vector & 0xf0u);
	vtx_clear(cpu, VIC_APIC_IRR, vector);
	cpu->rvi = highest(cpu, VIC_APIC_IRR);
	cpu->recognized = false;
	cpu->vmcs->stats.delivered[vector]++;
	return vtx_through_idt(cpu, vector);
}
