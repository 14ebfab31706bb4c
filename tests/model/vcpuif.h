/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What hardware does with a virtual CPU interface's registers when a guest
 * uses ICC_*_EL1: written from IHI 0069 (chapters 5 and 6, the ICV_* and
 * ICH_* registers of chapter 12), with nothing of libvic in it but the
 * struct that holds the registers.
 */
#ifndef VCPUIF_H
#define VCPUIF_H

#include <vic/gic_lr.h>

struct vcpuif {
	/* The registers; @c used means nothing here. */
	struct vic_gic_lrs regs;
	uint32_t nr_lrs;
	/* Of equal priorities: the highest INTID, not the lowest. */
	bool ties_high;
	/* The physical Distributor, told by a list register with HW = 1. */
	void (*deactivated)(void *opaque, uint32_t pintid);
	void *opaque;
};

/* ICH_VMCR_EL2 out of reset: all closed, binary points at the least. */
void vcpuif_init(struct vcpuif *cpu, uint32_t nr_lrs, uint32_t prebits);

/* ICC_IAR<group>_EL1, ICC_HPPIR<group>_EL1. */
uint32_t vcpuif_iar(struct vcpuif *cpu, uint32_t group);
uint32_t vcpuif_hppir(const struct vcpuif *cpu, uint32_t group);
/* ICC_RPR_EL1. */
uint32_t vcpuif_rpr(const struct vcpuif *cpu);
/* ICC_EOIR<group>_EL1. */
void vcpuif_eoir(struct vcpuif *cpu, uint32_t group, uint32_t intid);
/* ICC_DIR_EL1; false when ICH_HCR_EL2.TDIR traps it. */
bool vcpuif_dir(struct vcpuif *cpu, uint32_t intid);
void vcpuif_set_pmr(struct vcpuif *cpu, uint32_t value);
void vcpuif_set_bpr(struct vcpuif *cpu, uint32_t group, uint32_t value);
void vcpuif_set_igrpen(struct vcpuif *cpu, uint32_t group, bool enable);
/* ICC_CTLR_EL1. */
void vcpuif_set_ctlr(struct vcpuif *cpu, bool cbpr, bool eoimode);

/* Whether vFIQ (group 0) or vIRQ is asserted. */
bool vcpuif_signal(const struct vcpuif *cpu, uint32_t group);
uint32_t vcpuif_misr(const struct vcpuif *cpu);
uint32_t vcpuif_eisr(const struct vcpuif *cpu);
uint32_t vcpuif_elrsr(const struct vcpuif *cpu);

#endif
