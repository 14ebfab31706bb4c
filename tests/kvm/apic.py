# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Numbers of the local APIC, and the vectors of the streams."""

BASE = 0xfee00000
ELSEWHERE = 0xfed80000
IOAPIC = 0xfec00000
EN, EXTD, BSP = 1 << 11, 1 << 10, 1 << 8
MSR_BASE, MSR_DEADLINE, MSR_X2APIC = 0x1b, 0x6e0, 0x800

(ID, VERSION, TPR, PPR, EOI, LDR, DFR, SVR, ISR, TMR, IRR, ESR, ICR, ICR2,
 LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR,
 TIMER_ICR, TIMER_CCR, TIMER_DCR, SELF_IPI) = (
    0x20, 0x30, 0x80, 0xa0, 0xb0, 0xd0, 0xe0, 0xf0, 0x100, 0x180, 0x200,
    0x280, 0x300, 0x310, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x380,
    0x390, 0x3e0, 0x3f0)
LVTS = (LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR)
READABLE = (ID, VERSION, TPR, PPR, LDR, SVR, ESR, ICR, *LVTS, TIMER_ICR,
            TIMER_DCR, *range(ISR, ESR, 0x10))

MASKED = 1 << 16
NMI, INIT, SMI, SIPI, LOWEST = 4 << 8, 5 << 8, 2 << 8, 6 << 8, 1 << 8
LOGICAL, ASSERT, LEVEL = 1 << 11, 1 << 14, 1 << 15
SELF, ALL, OTHERS = 1 << 18, 2 << 18, 3 << 18

# 17, 21, 29 and 30 are exceptions with an error code.
VECTORS = [v for v in range(16, 0xa0) if v not in (17, 21, 29, 30)]
# These are for one purpose each, so that a difference in it stays there.
MIXED = range(0xa0, 0xb0)
LOWEST_VECTORS = range(0xb0, 0xc0)
LEVEL_ASSERT = range(0xc0, 0xc8)
LEVEL_DEASSERT = range(0xc8, 0xd0)
TIMER = range(0xd0, 0xd8)
TIMER_MASKED = range(0xd8, 0xe0)
ERROR = range(0xe8, 0xf0)
# Where a PIC's vectors begin.
EXTINT = (0xe0, 0xf0, 0xf8)

# Cycles of the TSC: what should come soon, and what should not come.
PATIENCE = 4000000000
SHORT = 4000000
