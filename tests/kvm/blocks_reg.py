# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Blocks about registers."""

import stream
from apic import (DFR, EOI, ERROR, ESR, ICR, ICR2, ID, IRR, ISR, LDR, LVTS,
                  LVT_ERROR, LVT_LINT0, LVT_LINT1, LVT_PERF, LVT_THERMAL,
                  LVT_TIMER, MASKED, MSR_X2APIC, PPR, SELF, SELF_IPI, SVR,
                  TIMER_CCR, TIMER_DCR, TIMER_ICR, TIMER_MASKED, TMR, TPR,
                  VECTORS, VERSION)
from actor import Actor


class Registers(Actor):
    """Legal and reserved bits, and what does not exist."""

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
            value = value & ~0xff | self.pick(TIMER_MASKED)
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

    def block_msr(self):
        """Any MSR of the range; stores not where they do something."""
        if self.random.random() < 0.5:
            index = self.pick([i for i in range(0x100)
                               if i << 4 != TIMER_CCR])
            self.add(stream.RDMSR, MSR_X2APIC + index)
        else:
            index = self.pick([i for i in range(0x100) if i << 4 not in (
                EOI, ICR, SELF_IPI, TIMER_ICR, ESR, *LVTS, TPR, SVR,
                TIMER_DCR)])
            self.add(stream.WRMSR, MSR_X2APIC + index,
                     self.pick((0, self.bits(32), self.bits(64))))

    def block_fault(self):
        """Reserved bits that nobody takes."""
        if not self.x2apic():
            return
        reg, bits = self.pick((
            (ESR, range(64)), (TIMER_ICR, range(32, 64)),
            (SELF_IPI, range(8, 64)),
            (ICR, (13, 16, 17, *range(20, 32)))))
        value = 1 << self.pick(bits)
        if reg == SELF_IPI:
            value |= self.pick(VECTORS)
        if reg == ICR:
            value |= SELF | self.pick(VECTORS)
        self.write(reg, value)
        self.snapshot()

    def block_odd_store(self):
        """Stores that are not of 32 bits at multiples of 16."""
        if self.x2apic():
            return
        reg = self.pick((TPR, SVR, LDR, ICR2))
        width = self.pick((1, 2, 4, 8))
        self.add(stream.STORE, self.cpu.page + reg +
                 (self.pick((4, 8, 12)) if width == 4 else
                  self.pick((0, 1, 2, 4, 8))), self.bits(32), width=width)
        self.read(reg)
        self.set_svr(self.cpu.svr)
        self.set_tpr(self.cpu.tpr)
        self.write(LDR, self.cpu.ldr << 24)
        self.write(ICR2, 0)

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
