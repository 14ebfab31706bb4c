# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Blocks about interrupts, of one CPU and of two."""

import stream
from apic import (ALL, ASSERT, BASE, EOI, ESR, ICR, IRR, LEVEL, LEVEL_ASSERT,
                  LEVEL_DEASSERT, LOGICAL, LOWEST, LOWEST_VECTORS, MIXED,
                  NMI, OTHERS, SELF, SELF_IPI, VECTORS)
from actor import Actor


class Interrupts(Actor):
    """IPIs to all that there is, and to nobody."""

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

    def block_logical(self):
        """Destinations that match, or nearly; one CPU or both."""
        if self.x2apic():
            dest = self.pick((self.bits(16), self.bits(32), 0xffffffff,
                              self.bits(2), 0xff))
        else:
            dest = self.pick((self.bits(8), 0xff, self.cpu.ldr & 0xf0 |
                              self.bits(4), 1 << self.bits(3)))
        self.icr(LOGICAL | self.pick(self.vectors_to(dest, True)), dest)
        self.look_everywhere()

    def block_physical(self):
        dest = self.pick((0xff, self.bits(8), 0xffffffff if self.x2apic()
                          else 0xff))
        self.icr(self.pick(self.vectors_to(dest)), dest)
        self.look_everywhere()

    def vectors_to(self, dest, logical=False):
        """Those of MIXED for what the manual says of one mode only."""
        mixed = len({cpu.mode for cpu in self.cpus}) > 1
        wide = dest in (0xff, 0xffffffff) or logical and dest > 0xff
        return MIXED if mixed and wide else VECTORS

    def look_everywhere(self):
        """Snapshots of all CPUs, beginning with this one."""
        here = self.cpu
        for cpu in [here] + [c for c in self.cpus if c is not here]:
            self.cpu = cpu
            self.snapshot()
        self.cpu = here

    # Two CPUs.

    def other(self):
        return self.cpus[1 - self.cpu.index]

    def address(self, cpu):
        """Of another CPU, in this one's mode: ICR bits and destination."""
        if self.random.random() < 0.5:
            return 0, cpu.index
        if self.x2apic():
            return LOGICAL, 1 << cpu.index
        return LOGICAL, cpu.ldr if cpu.mode == 'xapic' else 1 << cpu.index

    def block_cross(self):
        """To the other one, or to all others."""
        for _ in range(1 + self.bits(2)):
            vector = self.pick(VECTORS)
            if self.random.random() < 0.2:
                self.icr(self.pick((OTHERS, ALL)) | vector, self.bits(8))
            else:
                bits, dest = self.address(self.other())
                self.icr(bits | self.pick((0, ASSERT)) | vector, dest)
        self.look_everywhere()
        self.cpu = self.other()
        self.add(stream.WINDOW)

    def block_cross_nmi(self):
        if self.random.random() < 0.3:
            self.icr(NMI | ASSERT | OTHERS)
        else:
            bits, dest = 0, self.other().index
            self.icr(NMI | ASSERT | bits | self.bits(8), dest)
        self.cpu = self.other()
        self.add(stream.SETTLE)
        self.add(stream.WINDOW)

    def block_cross_lowest(self):
        """One of both, whichever: only vectors of its own range."""
        vector = self.pick(LOWEST_VECTORS)
        if self.x2apic():
            self.icr(LOWEST | LOGICAL | vector, self.pick((1, 2, 3)))
        else:
            self.icr(LOWEST | LOGICAL | vector, self.bits(8))
        self.look_everywhere()
        for cpu in self.cpus:
            self.cpu = cpu
            self.add(stream.WINDOW)

    def block_start(self):
        """INIT and SIPI for CPU 1, in whatever state its APIC is."""
        target = self.cpus[1]
        self.cpu = self.cpus[0]
        if target.page != BASE:
            # The code after SIPI looks there.
            self.cpu = target
            self.block_move()
        self.cpu = self.cpus[0]
        self.add(stream.START)
        self.cpu = target
        target.power_up()
        self.snapshot()
        self.init_registers()

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
        shorthand = self.pick((SELF, ALL))
        self.icr(NMI | ASSERT | shorthand, self.bits(8))
        for self.cpu in [self.cpu] if shorthand == SELF else self.cpus:
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
        if self.random.random() < 0.3:
            # Another one may have the same logical address.
            self.icr(LOWEST | LOGICAL | self.pick(LOWEST_VECTORS),
                     self.my_logical())
        else:
            self.icr(LOWEST | self.pick(VECTORS), self.my_id())
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
