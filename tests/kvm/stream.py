# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Streams of operations for tests/guest/x86/executor.c, and their logs."""

import struct

MAGIC = 0x45584543
HEAD = struct.Struct('<8I')
OP = struct.Struct('<BBBBIQ')

(LOAD, STORE, RDMSR, WRMSR, READ_CR8, WRITE_CR8, WINDOW, SETTLE, WAIT,
 SNAPSHOT, CPUID, START, IN, OUT, IOAPIC, PIC, FALL) = range(17)
NAMES = ('LOAD', 'STORE', 'RDMSR', 'WRMSR', 'READ_CR8', 'WRITE_CR8',
         'WINDOW', 'SETTLE', 'WAIT', 'SNAPSHOT', 'CPUID', 'START', 'IN',
         'OUT', 'IOAPIC', 'PIC', 'FALL')

# Registers of a snapshot after IA32_APIC_BASE and CR8.
REGISTERS = (['ID', 'VERSION', 'TPR', 'PPR', 'LDR', 'SVR', 'ESR',
              'LVT_TIMER', 'LVT_THERMAL', 'LVT_PERF', 'LVT_LINT0',
              'LVT_LINT1', 'LVT_ERROR', 'TIMER_ICR', 'TIMER_DCR'] +
             [f'{name}{i}' for name in ('ISR', 'TMR', 'IRR')
              for i in range(8)] + ['ICR', 'DFR'])

# Words of an IOAPIC and a PIC.
IOAPIC_WORDS = (['IOREGSEL', 'IOAPIC_ID', 'IOAPIC_VER'] +
                [f'entry{n}' for n in range(24)])
PIC_WORDS = ['PIC_IRR', 'PIC_ISR', 'PIC_IMR', 'PIC_ELCR']


class Op:
    """One operation; @may names differences that it may show."""

    def __init__(self, code, at=0, value=0, width=4, cpu=0, may=()):
        self.code, self.at, self.value = code, at, value
        self.width, self.cpu, self.may = width, cpu, frozenset(may)

    def __str__(self):
        return (f'cpu {self.cpu} {NAMES[self.code]} at {self.at:#x} '
                f'width {self.width} value {self.value:#x}')


class Outcome:
    """What the guest logged for one operation."""

    def __init__(self, fault, value, extra):
        self.fault, self.value, self.extra = fault, value, extra

    def __str__(self):
        if self.fault:
            return '#GP'
        return f'{self.value:#x} [{" ".join(f"{w:x}" for w in self.extra)}]'


def write(path, ops):
    """A file for --share."""
    ops_at = 4096
    log_at = (ops_at + len(ops) * OP.size + 4095) // 4096 * 4096
    # At most: 256 vectors in a window, 43 registers, 27, 4.
    most = {WINDOW: 258, SNAPSHOT: 48, IOAPIC: 29, PIC: 6}
    words = sum(most.get(op.code, 2) for op in ops)
    size = (log_at + words * 8 + 4095) // 4096 * 4096
    with open(path, 'wb') as file:
        file.truncate(size)
        file.write(HEAD.pack(MAGIC, len(ops), ops_at, log_at, words,
                             0, 0, 0))
        file.seek(ops_at)
        file.write(b''.join(
            OP.pack(op.code, op.cpu, op.width, 0, op.at,
                    op.value & 0xffffffffffffffff) for op in ops))


def read(path):
    """The outcomes that a run has left in the file, in order."""
    with open(path, 'rb') as file:
        data = file.read()
    _, _, _, log_at, _, _, logged, _ = HEAD.unpack_from(data)
    words = struct.unpack_from(f'<{logged}Q', data, log_at)
    outcomes = []
    at = 0
    while at + 1 < len(words):
        head, value = words[at], words[at + 1]
        extra = head >> 48
        if head & 0xffffffff != len(outcomes):
            raise ValueError(f'log word {at} is of operation '
                             f'{head & 0xffffffff}, not {len(outcomes)}')
        outcomes.append(Outcome(bool(head >> 32 & 1), value,
                                words[at + 2:at + 2 + extra]))
        at += 2 + extra
    return outcomes
