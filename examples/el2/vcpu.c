/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* A vCPU's state in the registers of a physical CPU, and its run loop. */
#include "el2.h"

/* EL1h with interrupts masked; the reset value of an EL1 without MMU. */
#define PSTATE_RESET 0x3c5
#define SCTLR_EL1_RESET 0x30d00800
#define MPIDR_RES1 (1ull << 31)

struct vcpu vcpus[MAX_VCPUS];

void vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t x0)
{
	memset(&vcpu->context, 0, sizeof(vcpu->context));
	memset(&vcpu->el1, 0, sizeof(vcpu->el1));
	memset(&vcpu->fp, 0, sizeof(vcpu->fp));
	memset(&vcpu->virtual_timer, 0, sizeof(vcpu->virtual_timer));
	memset(&vcpu->physical_timer, 0, sizeof(vcpu->physical_timer));
	memset(vcpu->lrs.ap0r, 0, sizeof(vcpu->lrs.ap0r));
	memset(vcpu->lrs.ap1r, 0, sizeof(vcpu->lrs.ap1r));
	vcpu->lrs.vmcr = 0;
	vcpu->context.pc = pc;
	vcpu->context.pstate = PSTATE_RESET;
	vcpu->context.x[0] = x0;
	vcpu->el1.sctlr_el1 = SCTLR_EL1_RESET;
	vcpu->el1.vmpidr_el2 = MPIDR_RES1 | vcpu_affinity(vcpu);
}

/*
 * vCPUs share a VMID, and a guest may give the same ASID a different
 * meaning on each: what another vCPU left in this TLB must go.
 */
static void forget_translations(struct pcpu *pcpu, struct vcpu *vcpu)
{
	if (pcpu->last != vcpu)
		__asm__ volatile("tlbi vmalle1\n\tdsb nsh\n\tisb" ::: "memory");
	pcpu->last = vcpu;
}

/* Most are the same on all vCPUs, and a write may cost a TLB. */
#define LOAD(name)                               \
	if (sysreg_read(name) != vcpu->el1.name) \
		sysreg_write(name, vcpu->el1.name);

void vcpu_load(struct pcpu *pcpu, struct vcpu *vcpu)
{
	EL1_REGISTERS(LOAD)
	isb();
	forget_translations(pcpu, vcpu);
	fp_load(&vcpu->fp);
	/* The timers last: what is active already must not fire again. */
	vgic_load(vcpu);
	timers_load(vcpu);
	pcpu->resident = vcpu;
}

void vcpu_put(struct pcpu *pcpu, struct vcpu *vcpu)
{
	timers_save(vcpu);
	pcpu->resident = NULL;
	vgic_put(vcpu);
	fp_save(&vcpu->fp);
#define SAVE(name) vcpu->el1.name = sysreg_read(name);
	EL1_REGISTERS(SAVE)
#undef SAVE
}

static void run_once(struct pcpu *pcpu, struct vcpu *vcpu)
{
	uint32_t intid = VIC_INTID_NONE;

	if (!vgic_before_entry(pcpu, vcpu))
		return;
	isb();
	uint64_t kind = enter_guest(&vcpu->context);

	if (kind == EXIT_IRQ)
		intid = gic_phys_ack();
	vgic_after_exit(pcpu, vcpu, intid == INTID_KICK);
	if (kind == EXIT_SYNC) {
		vcpu->exits_sync++;
		trap_handle(pcpu, vcpu);
	} else if (kind == EXIT_IRQ) {
		vcpu->exits_irq++;
		irq_handle(pcpu, intid);
	} else {
		die("vCPU %u: SError, ESR 0x%lx, ELR 0x%lx", vcpu->index,
		    sysreg_read(esr_el2), vcpu->context.pc);
	}
}

/*
 * Interrupts that came meanwhile are taken before libvic is asked, so that
 * a kick that is answered already does not cost an exit.
 */
_Noreturn void vcpu_run_all(struct pcpu *pcpu)
{
	for (;;) {
		struct vcpu *vcpu = sched_next(pcpu);

		if (vcpu->blocked) {
			vcpu->blocked = false;
			vic_vcpu_unblock(vcpu->vic);
		}
		while (sched_runs(pcpu, vcpu)) {
			irq_drain(pcpu);
			if (sched_runs(pcpu, vcpu))
				run_once(pcpu, vcpu);
		}
	}
}
