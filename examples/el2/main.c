/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Start-up: the first CPU makes the VM, then each runs what there is. */
#include "el2.h"

#define HCR_VM (1ull << 0)
#define HCR_SWIO (1ull << 1)
#define HCR_FMO (1ull << 3)
#define HCR_IMO (1ull << 4)
#define HCR_AMO (1ull << 5)
/* vCPUs move, so what they do to this CPU's TLB must reach all others. */
#define HCR_FB (1ull << 9)
#define HCR_BSU_INNER (1ull << 10)
#define HCR_TWI (1ull << 13)
#define HCR_TSC (1ull << 19)
#define HCR_RW (1ull << 31)
#define HCR_ALWAYS                                                  \
	(HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | \
	 HCR_BSU_INNER | HCR_TSC | HCR_RW)

/* EL1 may use the physical counter and timer. */
#define CNTHCTL_EL1PC 3u
/* No traps, but for what a Cortex-A57 has not got. */
#define CPTR_RES1 0x33ffu
#define PMCR_N_SHIFT 11
#define PMCR_N 0x1fu

#define SMC_CPU_ON 0xc4000003u

static void init_traps(void)
{
	uint64_t hcr = HCR_ALWAYS | (options.wfi_exits ? HCR_TWI : 0);

	sysreg_write(hcr_el2, hcr);
	sysreg_write(cnthctl_el2, CNTHCTL_EL1PC);
	sysreg_write(cntvoff_el2, 0);
	sysreg_write(vpidr_el2, sysreg_read(midr_el1));
	sysreg_write(cptr_el2, CPTR_RES1);
	sysreg_write(mdcr_el2, sysreg_read(pmcr_el0) >> PMCR_N_SHIFT & PMCR_N);
	sysreg_write(hstr_el2, 0);
	sysreg_write(cntv_ctl_el0, 0);
	sysreg_write(cntp_ctl_el0, 0);
	sysreg_write(ich_hcr_el2, 0);
	isb();
}

static uint64_t firmware(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;

	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"x4", "x5",
			   "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
			   "x14", "x15", "x16", "x17", "memory");
	return x0;
}

static void start_others(void)
{
	for (uint32_t i = 1; i < options.pcpus; i++)
		if (firmware(SMC_CPU_ON, i, (uintptr_t)secondary, i))
			die("physical CPU %u does not start", i);
}

static void init_vm(void)
{
	vgic_init();
	for (uint32_t i = 0; i < options.vcpus; i++) {
		vcpus[i].index = i;
		vcpus[i].deadline = NEVER;
		vgic_init_vcpu(&vcpus[i]);
	}
	if (!options.dtb)
		fdt_write();
}

_Noreturn void cpu_main(uint64_t index)
{
	struct pcpu *pcpu = &pcpus[index];

	if (index == 0)
		mmu_init();
	mmu_init_cpu();
	pcpu->index = (uint32_t)index;
	pcpu->clock_next = NEVER;
	sysreg_write(cnthp_ctl_el2, 0);
	sysreg_write(tpidr_el2, (uintptr_t)pcpu);
	if (index == 0) {
		options_read();
		clock_init();
		gic_phys_init();
		init_vm();
		start_others();
	}
	gic_phys_init_cpu(pcpu);
	init_traps();
	if (index == 0)
		sched_on(&vcpus[0], KERNEL_BASE, DTB_BASE);
	vcpu_run_all(pcpu);
}

_Noreturn void fault_at_el2(uint64_t esr, uint64_t elr, uint64_t far)
{
	die("exception at EL2: ESR 0x%lx, ELR 0x%lx, FAR 0x%lx", esr, elr, far);
}
