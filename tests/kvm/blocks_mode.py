# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Blocks about modes and the timer."""

import stream
from apic import (BASE, BSP, ELSEWHERE, EN, EXTD, ID, LVTS, LVT_TIMER, MASKED,
                  MSR_BASE, MSR_DEADLINE, PATIENCE, SHORT, SVR, TIMER,
                  TIMER_CCR, TIMER_DCR, TIMER_ICR, TIMER_MASKED, TPR)
from actor import Actor


class Modes(Actor):
    """IA32_APIC_BASE, and the timer where its time does not matter."""

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
        elif self.cpu.mode == 'off':
            value |= EN | EXTD
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
        self.snapshot(may=['icr_high_kept'])
        self.icr(0x20, 0xfd)
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

    def flush_timer(self):
        """KVM keeps an expiry while masked: here it comes, if ever.

        It looks for one at exits that it handles by itself, not at each.
        """
        self.write(LVT_TIMER, self.pick(TIMER_MASKED))
        self.set_tpr(0)
        for _ in range(16):
            self.read(LVT_TIMER)
        self.add(stream.SETTLE)
        self.add(stream.WINDOW)

    def block_timer(self):
        """A one-shot, and a periodic one that is stopped."""
        self.flush_timer()
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
        self.flush_timer()
        self.write(LVT_TIMER, MASKED)

    def block_deadline(self):
        self.flush_timer()
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
