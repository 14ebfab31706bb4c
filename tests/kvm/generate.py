# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Random streams of operations on one or two local APICs."""

import stream
from blocks_irq import Interrupts
from blocks_mode import Modes
from blocks_reg import Registers


class Generator(Registers, Interrupts, Modes):
    """Blocks in random order; make() it once."""

    def block_snapshot(self):
        self.snapshot()

    # How often each comes, next to the others.
    BLOCKS = {
        'tpr': 8, 'cr8': 6, 'svr': 4, 'disable': 3, 'lvt': 8, 'dest': 6,
        'ipi': 16, 'illegal': 4, 'absent': 4, 'nmi': 3, 'nmi_shorthand': 1,
        'level': 3, 'lowest': 4, 'window': 8, 'eoi': 4, 'msr': 10,
        'reserved': 5, 'width': 4, 'base_fault': 4, 'fault': 2,
        'odd_store': 2, 'logical': 3, 'physical': 2, 'move': 2,
        'to_x2apic': 1, 'off_and_on': 1, 'timer_regs': 3, 'timer': 3,
        'timer_masked': 1, 'deadline': 2, 'snapshot': 4,
    }
    # These besides where there are two CPUs.
    CROSS_BLOCKS = {
        'cross': 30, 'cross_nmi': 8, 'cross_lowest': 8, 'start': 3,
    }

    def make(self, operations):
        """A stream of that many operations or more."""
        blocks = dict(self.BLOCKS)
        self.snapshot()
        self.init_registers()
        if len(self.cpus) > 1:
            blocks.update(self.CROSS_BLOCKS)
            self.block_start()
        while count(self.ops) < operations:
            self.cpu = self.pick(self.cpus)
            name, = self.random.choices(list(blocks), blocks.values())
            getattr(self, f'block_{name}')()
        for self.cpu in self.cpus:
            self.drain()
            self.snapshot()
        return self.ops


def count(ops):
    """A snapshot is as many as it reads."""
    return sum(42 if op.code == stream.SNAPSHOT else 1 for op in ops)
