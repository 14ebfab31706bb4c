/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Address translation: EL2's own, and the VM's stage 2; both identity. */
#include "el2.h"

#define GIB (1ull << 30)
#define BLOCK_2M (1ull << 21)

#define PTE_BLOCK 1ull
#define PTE_TABLE 3ull
#define PTE_ATTR_NORMAL (1ull << 2)
#define PTE_INNER_SHAREABLE (3ull << 8)
#define PTE_AF (1ull << 10)
#define PTE_XN (1ull << 54)
#define S2_DEVICE_NGNRE (1ull << 2)
#define S2_NORMAL_WB (0xfull << 2)
#define S2_READ_WRITE (3ull << 6)

/* Attribute 0: Device-nGnRE; attribute 1: Normal, write-back. */
#define MAIR 0xff04ull
/* Of both translations: 39 bits, 4 KiB pages, cached, inner shareable. */
#define TCR_COMMON (3ull << 12 | 1 << 10 | 1 << 8 | 25)
#define TCR_EL2 (1ull << 31 | 1 << 23 | 2 << 16 | TCR_COMMON)
/* SL0 = 1: the walk starts at level 1. 40 bits of physical address. */
#define VTCR_EL2 (1ull << 31 | 2 << 16 | 1 << 6 | TCR_COMMON)
#define VTTBR_VMID (1ull << 48)
#define SCTLR_EL2 (0x30c50830ull | 1 << 12 | 1 << 2 | 1 << 0)

typedef uint64_t table[512] __attribute__((aligned(4096)));

static table own, stage2, stage2_devices, stage2_ram;

static void
map_stage2(table level2, uint64_t from, uint64_t to, uint64_t attributes)
{
	for (; from < to; from += BLOCK_2M)
		level2[from % GIB / BLOCK_2M] =
			from | PTE_AF | S2_READ_WRITE | attributes | PTE_BLOCK;
}

/* The first CPU: what is left out of stage 2 is EL2's, and the GIC. */
void mmu_init(void)
{
	own[0] = PTE_XN | PTE_AF | PTE_BLOCK;
	own[1] = GIB | PTE_AF | PTE_INNER_SHAREABLE | PTE_ATTR_NORMAL |
		 PTE_BLOCK;
	map_stage2(stage2_devices, DEVICES_BASE, DEVICES_END,
		   PTE_XN | S2_DEVICE_NGNRE);
	map_stage2(stage2_ram, RAM_BASE, RAM_END,
		   PTE_INNER_SHAREABLE | S2_NORMAL_WB);
	stage2[0] = (uintptr_t)stage2_devices | PTE_TABLE;
	stage2[1] = (uintptr_t)stage2_ram | PTE_TABLE;
}

void mmu_init_cpu(void)
{
	sysreg_write(mair_el2, MAIR);
	sysreg_write(tcr_el2, TCR_EL2);
	sysreg_write(ttbr0_el2, (uintptr_t)own);
	sysreg_write(vtcr_el2, VTCR_EL2);
	sysreg_write(vttbr_el2, (uintptr_t)stage2 | VTTBR_VMID);
	__asm__ volatile("dsb ish\n\ttlbi alle2\n\ttlbi alle1\n\t"
			 "ic iallu\n\tdsb ish\n\tisb" ::
				 : "memory");
	sysreg_write(sctlr_el2, SCTLR_EL2);
	isb();
}
