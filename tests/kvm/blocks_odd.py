# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Blocks about what KVM's IOAPIC and PIC do otherwise.

Each brings one difference about and ends in a state that both share.
"""

import stream
from apic import LEVEL, MASKED, LVT_LINT0, NMI, SELF
from blocks_chips import EDGES, ELCR, MASTER, PIC_LINES, SLAVE, Chips


class OddChips(Chips):
    """The names of the differences are those of rules_chips.py."""

    def take_pending(self):
        """So that one more on one side is all that differs."""
        self.add(stream.WINDOW)
        self.add(stream.WINDOW)

    def begin(self, **icws):
        bases = self.pic_begin(**icws)
        self.take_pending()
        return bases

    # The IOAPIC.

    def block_same_vector(self):
        """An edge pin, whose line is up, and a level one."""
        self.take_pending()
        vector = self.pick(EDGES)
        self.entry(16, MASKED, self.cpu.index << 24)
        self.line(16, 0)
        self.entry(16, vector)
        self.line(16, 1)
        self.add(stream.WINDOW)
        self.line(17, 0)
        self.entry(17, LEVEL | vector, self.cpu.index << 24)
        self.line(17, 1)
        self.line(17, 0)
        self.add(stream.WINDOW, may=['edge_again'])
        self.entry(16, MASKED)
        self.entry(17, MASKED)
        # TMR has the last of them: let that be an IPI.
        self.icr(SELF | vector)
        self.add(stream.WINDOW, may=['edge_again'])

    def block_nmi_level(self):
        self.entry(17, MASKED, self.cpu.index << 24)
        self.line(17, 0)
        self.entry(17, NMI | LEVEL)
        self.add(stream.WINDOW)
        for _ in range(2):
            self.line(17, 1)
            self.add(stream.IOAPIC, may=['nmi_level'])
            self.add(stream.WINDOW, may=['nmi_level'])
            self.line(17, 0)
        self.entry(17, MASKED)
        self.add(stream.IOAPIC)

    def block_extint_by_pin(self):
        self.begin(icw4=1)
        self.write(LVT_LINT0, MASKED)
        self.line(self.pick(PIC_LINES), 1)
        self.entry(17, MASKED, 0)
        self.line(17, 0)
        self.entry(17, 0x700)
        self.line(17, 1)
        self.add(stream.WINDOW, may=['extint_by_pin'])
        self.entry(17, MASKED)
        self.pic_begin()

    # The PIC.

    def block_edge_falls(self):
        """A request that goes with its line."""
        self.begin(icw4=1)
        n = self.pick(PIC_LINES)
        self.line(n, 1)
        self.line(n, 0)
        self.add(stream.PIC, may=['edge_kept'])
        self.pic_begin()

    def block_special_mask(self):
        """One of the slave is in service and masked, a lower one comes."""
        self.begin(icw4=1)
        n, lower = sorted(self.random.sample(range(8, 16), 2))
        self.line(n, 1)
        self.add(stream.WINDOW)
        self.out(SLAVE + 1, 1 << n - 8)
        self.out(SLAVE, 0x68)
        self.line(lower, 1)
        self.add(stream.PIC, may=['special_mask'])
        self.out(SLAVE, 0x48)
        self.pic_begin()

    def block_fully_nested(self):
        """Special: of the slave the higher come, of the master no lower."""
        self.begin(icw4=0x11)
        high, low = sorted(self.random.sample(range(8, 16), 2))
        for n in (low, high):
            self.line(n, 1)
            self.add(stream.WINDOW)
            self.add(stream.PIC)
        self.line(self.pick(range(3, 8)), 1)
        self.add(stream.WINDOW, may=['special_nested'])
        self.pic_begin()

    def block_ltim(self):
        """All inputs are level; the line is still up when it is served."""
        self.begin(icw1=0x19, icw4=1)
        self.line(self.pick(PIC_LINES), 1)
        self.add(stream.WINDOW)
        self.add(stream.PIC, may=['ltim'])
        self.pic_begin()

    def block_icw1_single(self):
        """No ICW3: what follows ICW4 is OCW1."""
        base, _ = self.begin(icw4=1)
        self.pic_init(MASTER, base, icw1=0x13)
        self.out(MASTER + 1, 0x54)
        self.inb(MASTER + 1, may=['icw1_single'])
        self.pic_begin()

    def block_icw_midway(self):
        """A request between ICW2 and ICW3."""
        base, _ = self.begin(icw4=1)
        self.out(MASTER, 0x11)
        self.out(MASTER + 1, base)
        self.line(self.pick((1, 3, 4, 5, 6, 7)), 1)
        self.add(stream.WINDOW, may=['icw_midway'])
        self.out(MASTER + 1, 4)
        self.out(MASTER + 1, 1)
        self.add(stream.WINDOW, may=['icw_midway'])
        self.add(stream.PIC)
        self.pic_begin()

    def block_icw1_cascade(self):
        """The master alone begins anew, while the slave has a request."""
        base, _ = self.begin(icw4=1)
        self.line(self.pick(range(8, 16)), 1)
        self.pic_init(MASTER, base)
        self.add(stream.WINDOW, may=['icw1_cascade'])
        self.pic_begin()

    def block_icw1_rotate(self):
        """Rotation in automatic EOI, and ICW1."""
        base, _ = self.begin(icw4=1)
        self.out(MASTER, 0x80)
        self.pic_init(MASTER, base, icw4=3)
        self.line(3, 1)
        self.add(stream.WINDOW)
        self.line(1, 1)
        self.line(5, 1)
        self.add(stream.WINDOW, may=['icw1_rotate'])
        self.pic_begin()

    def block_elcr_kept(self):
        """A level becomes an edge, which is yet to come."""
        self.begin(icw4=1)
        self.out(MASTER + 1, 0xff)
        self.line(5, 1)
        self.out(ELCR, 1 << 5)
        self.line(5, 1)
        self.out(ELCR, 0)
        self.add(stream.PIC, may=['elcr_kept'])
        self.pic_begin()
