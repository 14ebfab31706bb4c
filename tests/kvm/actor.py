# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What all blocks of a stream are made of."""

import random

import stream
from apic import (BASE, DFR, ESR, ICR, ICR2, ID, LDR, LVTS, MASKED,
                  MSR_X2APIC, SVR, TIMER_DCR, TIMER_ICR, TPR)
from stream import Op


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


class Actor:
    """Appends operations to self.ops; self.cpu is the CPU that acts."""

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

    def icr(self, low, dest=0, may=()):
        if self.x2apic():
            self.write(ICR, dest << 32 | low, may=may)
        else:
            noise = self.pick((0, 0, 0, 0xfff33000 & self.bits(32)))
            self.write(ICR2, dest << 24 | self.pick((0, self.bits(24))))
            self.write(ICR, low | noise, may=may)

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
        # To nobody, so that ICR has a value.
        self.icr(0x20, 0xfd)
