# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Blocks about lines, IOAPIC and PIC: what both sides do alike."""

import stream
from apic import (EXTINT, IOAPIC, LEVEL, LOGICAL, LOWEST, LOWEST_VECTORS,
                  LVT_LINT0, MASKED, NMI, VECTORS)
from actor import Actor

IOREGSEL, IOWIN = 0x00, 0x10
ENTRIES = 0x10
LINES = 0x2000
MASTER, SLAVE, ELCR = 0x20, 0xa0, 0x4d0
# The slave is at 2; 0 is the PIT's, which has another pin.
PIC_LINES = (1, *range(3, 16))
PINS = (*PIC_LINES, *range(16, 24))
ELCR_BITS = {MASTER: 0xf8, SLAVE: 0xde}
# Apart, because of edge_again in differences.txt.
EDGES = [v for v in VECTORS if v % 2]
LEVELS = [v for v in VECTORS if not v % 2]
EXTINT_MODE = 0x700
# Interrupts that a window takes: a level that stays up has no end.
MOST = 24


class Chips(Actor):
    """blocks_odd.py has what they do not."""

    def out(self, port, value, width=1, may=()):
        self.add(stream.OUT, port, value, width, may=may)

    def inb(self, port, may=()):
        self.add(stream.IN, port, width=1, may=may)

    def line(self, n, up):
        self.out(LINES + n, up, width=4)

    def lines_down(self, lines):
        for n in lines:
            self.line(n, 0)

    def look_at_chips(self):
        self.add(stream.IOAPIC)
        self.add(stream.PIC)

    # The IOAPIC.

    def select(self, index):
        self.add(stream.STORE, IOAPIC + IOREGSEL, index)

    def entry(self, pin, low, high=None):
        """Its halves, in any order."""
        halves = [(ENTRIES + 2 * pin, low)]
        if high is not None:
            halves.append((ENTRIES + 2 * pin + 1, high))
            self.random.shuffle(halves)
        for index, value in halves:
            self.select(index)
            self.add(stream.STORE, IOAPIC + IOWIN, value)

    def destination(self):
        """Bits of the low half, and of the high half."""
        kind = self.random.randrange(8)
        if kind < 4:
            return 0, self.pick(self.cpus).index
        if kind == 4:
            return 0, 0xff
        if kind == 5:
            return 0, self.bits(8)
        return LOGICAL, self.bits(8)

    def entry_value(self):
        """Low and high half."""
        logical, dest = self.destination()
        low = logical | (self.random.random() < 0.25) * MASKED
        kind = self.random.random()
        if kind < 0.1:
            low |= LOWEST | self.pick(LOWEST_VECTORS)
        elif kind < 0.15:
            low |= NMI | self.bits(8)
        elif kind < 0.2:
            low |= self.pick((3, 6)) << 8 | self.pick(EDGES)
        elif kind < 0.6:
            low |= self.pick(EDGES)
        else:
            low |= LEVEL | self.pick(LEVELS)
        # Delivery status and remote IRR are read-only, polarity has no say.
        low |= self.pick((0, 0, 0x1000, 0x4000, 0x2000))
        return low, dest << 24

    def block_entry(self):
        pin = self.pick(PINS)
        low, high = self.entry_value()
        self.entry(pin, low, high)
        if self.random.random() < 0.5:
            self.line(self.pick(range(16, 24)), self.bits(1))
        self.look_at_chips()

    def block_reserved_entry(self):
        pin = self.pick(PINS)
        low, high = self.entry_value()
        self.entry(pin, low | self.bits(15) << 17, high | self.bits(24))
        self.add(stream.IOAPIC)

    def block_ioapic_mask(self):
        """The low half alone."""
        self.entry(self.pick(PINS), self.entry_value()[0] ^ MASKED)
        self.add(stream.IOAPIC)

    def block_select(self):
        """Any register, and what is none."""
        index = self.pick((0, 1, 0x10 + self.bits(5), self.bits(8)))
        self.add(stream.STORE, IOAPIC + IOREGSEL, index)
        self.add(stream.LOAD, IOAPIC + IOREGSEL)
        self.read_window(index)
        # What is no register is none on both.
        self.add(stream.LOAD, IOAPIC + self.pick((4, 8, 0x14, 0x20, 0x40)))

    def block_width(self):
        """Other widths than 32 bits; a narrow store clears the rest."""
        self.select(ENTRIES + 2 * self.pick(PINS))
        self.add(stream.STORE, IOAPIC + IOWIN, self.pick(EDGES) | MASKED,
                 width=self.pick((1, 2, 8)))
        for width in (1, 2, 8):
            self.add(stream.LOAD, IOAPIC + IOWIN, width=width)
        self.add(stream.IOAPIC)

    def read_window(self, index):
        """The value, which a load does not use, says what it reads."""
        self.add(stream.LOAD, IOAPIC + IOWIN, index)

    def block_ioapic_id(self):
        self.select(0)
        self.add(stream.STORE, IOAPIC + IOWIN, self.bits(32))
        self.read_window(0)

    def block_pins(self):
        """Up and down."""
        for _ in range(1 + self.bits(2)):
            self.line(self.pick(range(16, 24)), self.bits(1))
        self.snapshot()
        self.add(stream.IOAPIC)
        if self.random.random() < 0.5:
            self.take()

    def block_pulse(self):
        n = self.pick(range(16, 24))
        up = self.bits(1)
        for level in (up, 1 - up, up):
            self.line(n, level)
        self.add(stream.IOAPIC)

    def take(self):
        for self.cpu in self.cpus:
            self.add(stream.WINDOW)
        self.look_at_chips()

    def block_take(self):
        self.take()

    # The PIC, as far as both agree.

    def pic_init(self, chip, base, icw1=0x11, icw4=1):
        """The words of @icw1, for any base."""
        self.out(chip, icw1)
        self.out(chip + 1, base)
        if not icw1 & 2:
            self.out(chip + 1, 4 if chip == MASTER else 2)
        if icw1 & 1:
            self.out(chip + 1, icw4)

    def random_icws(self):
        """ICW4 or none; automatic EOI, a buffer."""
        return {'icw1': self.pick((0x11, 0x11, 0x10, 0x15)),
                'icw4': self.pick((0, 1, 1)) | self.pick((0, 0, 2)) |
                self.pick((0, 0, 4, 8, 12))}

    def pic_begin(self, **icws):
        """Initialize both. Nothing is requested, and lines are down."""
        self.out(SLAVE + 1, 0xff)
        self.out(MASTER + 1, 0xff)
        self.lines_down(PIC_LINES)
        bases = self.random.sample(EXTINT, 2)
        for chip, base in zip((MASTER, SLAVE), bases):
            self.pic_init(chip, base, **(icws or self.random_icws()))
            # No rotation in automatic EOI: ICW1 need not end it.
            self.out(chip, 0x00)
        elcr = 0 if icws else self.pick((0, self.bits(16)))
        self.out(ELCR, elcr & ELCR_BITS[MASTER])
        self.out(ELCR + 1, elcr >> 8 & ELCR_BITS[SLAVE])
        self.add(stream.PIC, may=['icw1_isr'])
        for level in range(8):
            self.out(MASTER, 0x60 | level)
            self.out(SLAVE, 0x60 | level)
        self.cpu = self.cpus[0]
        self.write(LVT_LINT0, EXTINT_MODE if icws else
                   self.pick((EXTINT_MODE, EXTINT_MODE, MASKED)))
        return bases

    def block_pic_begin(self):
        self.pic_begin()

    def block_poll(self):
        chip = self.pick((MASTER, SLAVE))
        self.out(chip, 0x0c)
        self.inb(chip)
        self.add(stream.PIC, may=['poll_is_inta'])
        self.pic_begin()

    def block_imr(self):
        chip = self.pick((MASTER, SLAVE))
        self.out(chip + 1, self.pick((0, 0, self.bits(8), 1 << self.bits(3))))
        self.inb(chip + 1)
        self.add(stream.PIC)

    def block_irq(self):
        for _ in range(1 + self.bits(2)):
            self.line(self.pick(PIC_LINES), 1)
        self.add(stream.PIC)
        if self.random.random() < 0.7:
            self.cpu = self.cpus[0]
            self.add(stream.WINDOW)
            self.add(stream.PIC)

    def block_fall(self):
        for n in self.random.sample(PIC_LINES, 5):
            self.add(stream.FALL, n)
        self.look_at_chips()

    def block_ocw2(self):
        """All of them, on either chip."""
        chip = self.pick((MASTER, SLAVE, MASTER))
        self.out(chip, self.pick((0x20, 0x20, 0x20, 0xa0, 0x60, 0xe0, 0xc0,
                                  0x80, 0x00, 0x40)) | self.bits(3))
        self.add(stream.PIC)
        self.cpu = self.cpus[0]
        self.add(stream.WINDOW)

    def block_eoi_both(self):
        self.out(SLAVE, 0x20)
        self.out(MASTER, 0x20)
        self.add(stream.PIC)

    def block_ocw3(self):
        chip = self.pick((MASTER, SLAVE))
        self.out(chip, 0x08 | self.pick((0, 2, 3)))
        self.inb(chip)
