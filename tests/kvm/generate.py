# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Random streams of operations on one or two local APICs."""

import random

import stream
from stream import Op

BASE = 0xfee00000
ELSEWHERE = 0xfed80000
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
VECTORS = [v for v in range(16, 0xc0) if v not in (17, 21, 29, 30)]
# These are for one purpose each, so that a difference in it stays there.
LEVEL_ASSERT = range(0xc0, 0xc8)
LEVEL_DEASSERT = range(0xc8, 0xd0)
TIMER = range(0xd0, 0xd8)
TIMER_MASKED = range(0xd8, 0xe0)
ERROR = range(0xe8, 0xf0)

# Cycles of the TSC: what should come soon, and what should not come.
PATIENCE = 4000000000
SHORT = 4000000


class Cpu:
    """What the generator knows of a CPU, to make sense and to stay safe."""

    def __init__(self, index):
        self.index = index
        self.reset()

    def reset(self):
        self.mode, self.page = 'xapic', BASE
        self.power_up()

    def power_up(self):
        self.tpr = 0
        self.svr = 0xff
        self.ldr, self.dfr = 0, 0xffffffff
        self.xid = self.index


class Generator:
    """Appends to self.ops."""

    def __init__(self, seed, cpus):
        self.random = random.Random(seed)
        self.ops = []
        self.cpus = [Cpu(i) for i in range(cpus)]
        self.cpu = self.cpus[0]

    # Single operations.

    def add(self, code, at=0, value=0, width=4, may=()):
        self.ops.append(Op(code, at, value, width, self.cpu.index, may))

    def read(self, reg, may=()):
        if self.cpu.mode == 'x2apic':
            self.add(stream.RDMSR, MSR_X2APIC + reg // 16, may=may)
        else:
            self.add(stream.LOAD, self.cpu.page + reg, may=may)

    def write(self, reg, value, may=()):
        if self.cpu.mode == 'x2apic':
            self.add(stream.WRMSR, MSR_X2APIC + reg // 16, value, may=may)
        else:
            self.add(stream.STORE, self.cpu.page + reg, value, may=may)

    def snapshot(self, may=()):
        self.add(stream.SNAPSHOT, may=may)

    def pick(self, choices):
        return self.random.choice(choices)

    def bits(self, n):
        return self.random.getrandbits(n)

    def x2apic(self):
        return self.cpu.mode == 'x2apic'

    # Registers.

    def set_tpr(self, value):
        self.cpu.tpr = value & 0xff
        self.write(TPR, value)

    def set_svr(self, value):
        self.cpu.svr = value & 0x3ff
        self.write(SVR, value)

    def init_registers(self):
        """After a mode change: all as a guest would set them."""
        cpu = self.cpu
        self.set_svr(0x1ff)
        self.set_tpr(0)
        for reg in LVTS:
            self.write(reg, MASKED)
        self.write(TIMER_ICR, 0)
        self.write(TIMER_DCR, 0)
        if not self.x2apic():
            cpu.dfr = 0xffffffff
            cpu.ldr = 1 << cpu.index
            cpu.xid = cpu.index
            self.write(ID, cpu.index << 24)
            self.write(DFR, cpu.dfr)
            self.write(LDR, cpu.ldr << 24)
            self.write(ICR2, 0)
        self.write(ESR, 0)
        self.write(ESR, 0)

    def block_tpr(self):
        if self.x2apic():
            if self.random.random() < 0.15:
                self.write(TPR, self.bits(8) | 1 << self.random.randrange(
                    8, 64), may=['reserved_tpr'])
                self.set_tpr(self.cpu.tpr)
            else:
                self.set_tpr(self.bits(8))
        else:
            self.set_tpr(self.bits(32))
        self.read(self.pick((TPR, PPR)))
        self.add(stream.READ_CR8)
        if self.random.random() < 0.5:
            self.set_tpr(0)

    def block_cr8(self):
        # An equal CR8 would not clear TPR[3:0] in vic-kvm: no exit tells.
        value = self.bits(4)
        if value == self.cpu.tpr >> 4:
            value ^= 8
        self.add(stream.WRITE_CR8, value=value)
        self.cpu.tpr = value << 4
        self.read(self.pick((TPR, PPR)))
        self.add(stream.READ_CR8)

    def block_svr(self):
        value = 0x100 | self.bits(8) | self.pick((0, 0, 0x200))
        if self.x2apic() and self.random.random() < 0.3:
            self.set_svr(value)
            self.write(SVR, value | 1 << self.pick((10, 11, 13, 20, 31, 32)),
                       may=['reserved_svr'])
            self.write(SVR, value)
        elif not self.x2apic():
            value |= self.bits(19) << 13 | self.bits(2) << 10
            self.set_svr(value)
        else:
            self.set_svr(value)
        self.read(SVR)

    def block_disable(self):
        """Software disable, and what is accepted then."""
        self.set_svr(self.bits(8))
        self.read(SVR)
        self.lvt_write(self.pick(LVTS))
        self.read(self.pick(LVTS))
        for _ in range(self.bits(2)):
            self.self_ipi(self.pick(VECTORS))
        self.snapshot()
        self.set_svr(0x100 | self.bits(8))
        self.read(self.pick(LVTS))

    def lvt_value(self, reg):
        """Legal bits; all are masked, or never fire by themselves."""
        value = self.bits(32) & {LVT_TIMER: 0x300ff, LVT_ERROR: 0x100ff,
                                 LVT_LINT0: 0x1a7ff, LVT_LINT1: 0x1a7ff,
                                 LVT_THERMAL: 0x107ff,
                                 LVT_PERF: 0x107ff}[reg]
        if reg == LVT_ERROR:
            value = value & MASKED | self.pick(ERROR)
        if reg == LVT_TIMER:
            value |= self.pick((0, 0, 1 << 18)) & ~(value & 1 << 17) << 1
        return value

    def lvt_write(self, reg):
        value = self.lvt_value(reg)
        if self.x2apic():
            self.write(reg, value)
        else:
            # Reserved bits, but the timer's second mode bit.
            noise = self.bits(32) & 0xfff82000 & ~0x2000
            if reg in (LVT_THERMAL, LVT_PERF):
                noise |= self.bits(1) << 15
            if reg == LVT_ERROR:
                noise |= self.bits(3) << 8
            self.write(reg, value | noise)

    def block_lvt(self):
        reg = self.pick(LVTS)
        if self.x2apic() and self.random.random() < 0.3:
            reserved = {LVT_TIMER: (8, 11, 13, 15, 19, 31, 33),
                        LVT_ERROR: (8, 10, 13, 15, 17, 40)}.get(
                            reg, (11, 17, 18, 30, 63))
            self.write(reg, MASKED | 1 << self.pick(reserved),
                       may=['reserved_lvt'])
            self.write(reg, MASKED)
        elif self.random.random() < 0.2:
            # Delivery status and remote IRR.
            self.write(reg, MASKED | 0x1000 | (
                0x4000 if reg in (LVT_LINT0, LVT_LINT1) else 0))
            self.read(reg, may=['lvt_read_only'])
            self.write(reg, MASKED)
        else:
            self.lvt_write(reg)
        self.read(reg)
        if self.random.random() < 0.3:
            self.write(reg, MASKED)

    def block_dest(self):
        """ID, LDR, DFR, ICR2: registers of xAPIC mode."""
        cpu = self.cpu
        if self.x2apic():
            return
        reg = self.pick((LDR, LDR, DFR, ICR2, ID))
        value = self.bits(32)
        if reg == DFR:
            value = self.pick((0xffffffff, 0x0fffffff, value | 0xf0000000,
                               value & 0x0fffffff))
            cpu.dfr = value | 0x0fffffff
        if reg == LDR:
            cpu.ldr = value >> 24
        if reg == ID:
            value = value & 0xffffff | cpu.index << 24
        self.write(reg, value)
        self.read(reg)

    # Interrupts.

    def icr(self, low, dest=0, may=()):
        if self.x2apic():
            self.write(ICR, dest << 32 | low, may=may)
        else:
            self.write(ICR2, dest << 24)
            self.write(ICR, low, may=may)

    def self_ipi(self, vector, may=()):
        kind = self.random.randrange(5)
        noise = self.pick((0, ASSERT))
        if kind == 0:
            self.icr(SELF | noise | vector, self.bits(8), may=may)
        elif kind == 1:
            self.icr(noise | vector, self.my_id(), may=may)
        elif kind == 2 and self.x2apic():
            self.write(SELF_IPI, vector, may=may)
        elif kind == 3:
            self.icr(ALL | noise | vector, self.bits(8), may=may)
        else:
            self.icr(LOGICAL | noise | vector, self.my_logical(), may=may)

    def my_id(self):
        return self.cpu.index if self.x2apic() else self.cpu.xid

    def my_logical(self):
        if self.x2apic():
            return 1 << self.cpu.index
        # Nobody, or who is addressed: both sides must agree.
        return self.cpu.ldr

    def block_ipi(self):
        for _ in range(1 + self.bits(2)):
            self.self_ipi(self.pick(VECTORS))
        self.read(self.pick((IRR + 0x10 * self.bits(3), ICR)))
        if self.random.random() < 0.5:
            self.add(stream.WINDOW)

    def block_illegal(self):
        self.self_ipi(self.random.randrange(16))
        if self.random.random() < 0.5:
            self.write(ESR, 0)
        self.read(ESR)

    def block_absent(self):
        """Nobody has the id; or the value is no message."""
        if self.random.random() < 0.5:
            self.icr(self.pick(VECTORS) | self.pick((0, NMI, ASSERT)),
                     self.random.randrange(2, 0xff))
        else:
            self.icr(self.pick((3, 7)) << 8 | self.pick(VECTORS) |
                     self.pick((0, SELF, ALL, OTHERS)), self.my_id())
        self.snapshot()

    def block_nmi(self):
        self.icr(NMI | self.pick((0, ASSERT)) | self.bits(8), self.my_id())
        self.add(stream.SETTLE)
        self.add(stream.WINDOW)

    def block_nmi_shorthand(self):
        self.icr(NMI | ASSERT | self.pick((SELF, ALL)), self.bits(8))
        self.add(stream.SETTLE)
        self.add(stream.WINDOW, may=['shorthand_nmi'])

    def block_level(self):
        """Trigger mode and level, which IPIs do not have."""
        if self.random.random() < 0.5:
            self.icr(SELF | LEVEL | ASSERT | self.pick(LEVEL_ASSERT))
        else:
            self.icr(SELF | LEVEL | self.pick(LEVEL_DEASSERT))
        self.snapshot()
        self.add(stream.WINDOW)

    def block_lowest(self):
        kind = self.random.randrange(3)
        dest = self.my_logical() if kind == 0 else self.my_id()
        low = LOWEST | self.pick(VECTORS) | (LOGICAL if kind == 0 else 0)
        self.icr(low, dest)
        self.read(ICR)
        self.add(stream.WINDOW)

    def block_window(self):
        self.add(stream.WINDOW)
        if self.random.random() < 0.5:
            self.set_tpr(0)
            self.add(stream.WINDOW)

    def block_eoi(self):
        if self.x2apic() and self.random.random() < 0.3:
            self.write(EOI, 1 << self.random.randrange(64),
                       may=['reserved_eoi'])
        else:
            self.write(EOI, 0 if self.x2apic() else self.bits(32))
        self.snapshot()

    # What does not exist.

    def block_msr(self):
        """Any MSR of the range, but those that do something."""
        index = self.pick([i for i in range(0x100) if i << 4 not in (
            EOI, ICR, SELF_IPI, TIMER_ICR, TIMER_CCR, ESR, *LVTS, TPR, SVR,
            TIMER_DCR)])
        if self.random.random() < 0.5:
            self.add(stream.RDMSR, MSR_X2APIC + index)
        else:
            self.add(stream.WRMSR, MSR_X2APIC + index,
                     self.pick((0, self.bits(32), self.bits(64))))

    def block_reserved(self):
        """Reserved and read-only registers in the page."""
        if self.x2apic():
            value = self.pick((ID, VERSION, PPR, LDR, TIMER_CCR,
                               *range(ISR, ESR, 16)))
            self.write(value, self.bits(32))
            return
        reg = self.pick((0, 0x10, 0x40, 0x50, 0x60, 0x70, 0x90, 0xc0, 0x290,
                         0x2e0, 0x3a0, 0x3d0, 0x3f0, 0x400, 0xff0, VERSION,
                         PPR, TIMER_CCR, ISR, TMR + 0x10, IRR + 0x20))
        if self.random.random() < 0.5:
            self.write(reg, self.bits(32))
            self.snapshot()
        else:
            self.read(reg)

    def block_width(self):
        """Loads that are not of 32 bits at multiples of 16."""
        if self.x2apic():
            return
        reg = self.pick((ID, VERSION, TPR, SVR, LDR, DFR, IRR, ICR2,
                         LVT_ERROR))
        self.add(stream.LOAD, self.cpu.page + reg +
                 self.pick((0, 0, 1, 2, 3, 4, 8, 12)),
                 width=self.pick((1, 2, 8)))

    # IA32_APIC_BASE.

    def base_value(self):
        mode = {'off': 0, 'xapic': EN, 'x2apic': EN | EXTD}[self.cpu.mode]
        return self.cpu.page | mode | (BSP if self.cpu.index == 0 else 0)

    def write_base(self, value, may=()):
        self.add(stream.WRMSR, MSR_BASE, value, may=may)
        self.add(stream.RDMSR, MSR_BASE)

    def block_base_fault(self):
        """Illegal bits and transitions."""
        value = self.base_value()
        kind = self.random.randrange(3)
        if kind == 0:
            value |= 1 << self.pick((*range(8), 9, 52, 55, 63))
        elif kind == 1 or self.cpu.mode == 'xapic':
            value = value & ~EN | EXTD
        else:
            value = value & ~EXTD | EN
        self.write_base(value)

    def block_move(self):
        if self.cpu.mode != 'xapic':
            return
        old, self.cpu.page = self.cpu.page, (
            ELSEWHERE if self.cpu.page == BASE else BASE)
        self.write_base(self.base_value())
        self.add(stream.LOAD, old + self.pick((ID, SVR)))
        self.add(stream.STORE, old + TPR, self.bits(8))
        self.read(TPR)

    def block_to_x2apic(self):
        if self.cpu.mode != 'xapic':
            return
        cpu = self.cpu
        cpu.mode = 'x2apic'
        self.write_base(self.base_value())
        cpu.ldr, cpu.dfr = 0, 0xffffffff
        self.snapshot()
        self.add(stream.LOAD, cpu.page + self.pick((ID, TPR, 0x40)))

    def drain(self):
        """Nothing is pending and no timer runs."""
        self.write(TIMER_ICR, 0)
        for reg in LVTS:
            self.write(reg, MASKED)
        self.set_svr(0x1ff)
        self.set_tpr(0)
        self.add(stream.WINDOW)

    def block_off_and_on(self):
        cpu = self.cpu
        self.drain()
        cpu.mode = 'off'
        self.write_base(self.base_value())
        self.add(stream.CPUID)
        self.add(stream.LOAD, cpu.page + self.pick((ID, TPR, SVR)))
        self.add(stream.STORE, cpu.page + TPR, 0x40)
        self.block_msr()
        self.block_base_fault()
        self.snapshot()
        cpu.mode = 'xapic'
        cpu.power_up()
        self.write_base(self.base_value())
        self.add(stream.CPUID)
        self.snapshot(may=['kept_when_off'])
        self.init_registers()

    # The timer.

    def block_timer_regs(self):
        """Set, and read what stays."""
        if self.x2apic() and self.random.random() < 0.3:
            self.write(TIMER_DCR, 1 << self.pick((2, 4, 8, 31, 32)),
                       may=['reserved_dcr'])
            self.write(TIMER_DCR, 0)
        dcr = self.bits(32) if not self.x2apic() else self.bits(32) & 0xb
        self.write(LVT_TIMER, MASKED | self.pick((0, 1 << 17)))
        self.write(TIMER_DCR, dcr)
        self.read(TIMER_DCR, may=['dcr_bits'])
        # So long that it does not end.
        self.write(TIMER_ICR, 0xf0000000 | self.bits(28))
        self.read(TIMER_ICR)
        self.write(LVT_TIMER, MASKED | self.pick((0, 1 << 17)))
        self.read(TIMER_ICR)
        self.write(LVT_TIMER, MASKED | 1 << 18)
        self.read(TIMER_ICR)
        self.read(TIMER_CCR)
        self.write(TIMER_ICR, self.bits(32))
        self.read(TIMER_CCR)
        self.write(LVT_TIMER, MASKED)
        self.write(TIMER_ICR, 0)
        self.read(TIMER_CCR)

    def block_timer(self):
        """A one-shot, and a periodic one that is stopped."""
        vector = self.pick(TIMER)
        self.write(TIMER_DCR, self.pick((0xb, 0, 1)))
        if self.random.random() < 0.5:
            self.write(LVT_TIMER, vector)
            self.write(TIMER_ICR, 1 + self.bits(14))
            self.add(stream.WAIT, vector, PATIENCE)
        else:
            self.write(LVT_TIMER, vector | 1 << 17)
            self.write(TIMER_ICR, 300000 + self.bits(14))
            self.add(stream.WAIT, vector, PATIENCE)
            self.write(TIMER_ICR, 0)
        self.write(LVT_TIMER, MASKED)
        self.set_tpr(0)
        self.add(stream.WINDOW)

    def block_timer_masked(self):
        vector = self.pick(TIMER_MASKED)
        self.write(TIMER_DCR, 0xb)
        self.write(LVT_TIMER, MASKED | vector)
        self.write(TIMER_ICR, 1 + self.bits(10))
        self.add(stream.WAIT, vector, SHORT)
        self.write(LVT_TIMER, vector)
        self.add(stream.SETTLE)
        self.add(stream.WINDOW, may=['timer_masked'])
        self.write(LVT_TIMER, MASKED)

    def block_deadline(self):
        vector = self.pick(TIMER)
        self.write(LVT_TIMER, vector | 1 << 18)
        self.add(stream.WRMSR, MSR_DEADLINE, 1 << 60 | self.bits(32))
        self.add(stream.RDMSR, MSR_DEADLINE)
        if self.random.random() < 0.5:
            self.add(stream.WRMSR, MSR_DEADLINE, 0)
        else:
            self.write(LVT_TIMER, vector)
            self.add(stream.RDMSR, MSR_DEADLINE)
            self.add(stream.WRMSR, MSR_DEADLINE, self.bits(20))
            self.add(stream.RDMSR, MSR_DEADLINE)
            self.write(LVT_TIMER, vector | 1 << 18)
        self.add(stream.RDMSR, MSR_DEADLINE)
        self.add(stream.WRMSR, MSR_DEADLINE, 1 + self.bits(10))
        self.add(stream.WAIT, vector, PATIENCE)
        self.add(stream.RDMSR, MSR_DEADLINE)
        self.write(LVT_TIMER, MASKED)
        self.set_tpr(0)
        self.add(stream.WINDOW)

    def block_snapshot(self):
        self.snapshot()

    BLOCKS = (
        (8, block_tpr), (6, block_cr8), (4, block_svr), (3, block_disable),
        (8, block_lvt), (6, block_dest), (16, block_ipi),
        (4, block_illegal), (4, block_absent), (3, block_nmi),
        (1, block_nmi_shorthand), (3, block_level), (4, block_lowest),
        (8, block_window), (4, block_eoi), (10, block_msr),
        (5, block_reserved), (4, block_width), (4, block_base_fault),
        (2, block_move), (1, block_to_x2apic), (1, block_off_and_on),
        (3, block_timer_regs), (3, block_timer), (1, block_timer_masked),
        (2, block_deadline), (4, block_snapshot))

    def one(self, operations):
        """A stream for a single CPU, of that many operations or more."""
        weights = [w for w, _ in self.BLOCKS]
        blocks = [b for _, b in self.BLOCKS]
        self.snapshot()
        self.init_registers()
        while count(self.ops) < operations:
            self.random.choices(blocks, weights)[0](self)
        self.drain()
        self.snapshot()
        return self.ops


def count(ops):
    """A snapshot is as many as it reads."""
    return sum(42 if op.code == stream.SNAPSHOT else 1 for op in ops)
