# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Random streams of operations on one or two local APICs."""

import stream
from blocks_chips import MOST
from blocks_irq import Interrupts
from blocks_mode import Modes
from blocks_odd import OddChips
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


class ChipsGenerator(Generator, OddChips):
    """Lines, IOAPIC and PIC, among IPIs. All CPUs are in one mode."""

    BLOCKS = {
        'entry': 30, 'reserved_entry': 3, 'ioapic_mask': 12, 'select': 8,
        'ioapic_id': 3, 'width': 4, 'pins': 30, 'pulse': 12, 'take': 24,
        'pic_begin': 9, 'imr': 12, 'irq': 24, 'fall': 15, 'ocw2': 21,
        'eoi_both': 21, 'ocw3': 9, 'poll': 4, 'ipi': 9, 'tpr': 6,
        'snapshot': 3, 'all_x2apic': 1,
        # Differences.
        'same_vector': 1, 'nmi_level': 1, 'extint_by_pin': 1,
        'edge_falls': 1, 'special_mask': 1, 'fully_nested': 1, 'ltim': 1,
        'icw1_single': 1,
        'icw_midway': 1, 'icw1_cascade': 1, 'icw1_rotate': 1,
        'elcr_kept': 1,
    }

    def make(self, operations):
        for self.cpu in self.cpus:
            self.snapshot()
            self.init_registers()
            if self.cpu.index == 0 and len(self.cpus) > 1:
                self.block_start()
        self.block_pic_begin()
        while count(self.ops) < operations:
            self.cpu = self.pick(self.cpus)
            name, = self.random.choices(list(self.BLOCKS),
                                        self.BLOCKS.values())
            getattr(self, f'block_{name}')()
        self.take()
        return self.ops

    def add(self, code, at=0, value=0, width=4, may=()):
        if code == stream.WINDOW:
            value = MOST
        super().add(code, at, value, width, may)

    def block_all_x2apic(self):
        for self.cpu in self.cpus:
            self.block_to_x2apic()


# What an operation reads is one each.
READS = {stream.SNAPSHOT: 42, stream.IOAPIC: 50, stream.PIC: 8}


def count(ops):
    """A snapshot is as many as it reads."""
    return sum(READS.get(op.code, 1) for op in ops)
