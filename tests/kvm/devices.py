#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The serial port's input: devices.py VIC_KVM GUEST

The guest takes bytes by interrupts, from a pipe that has them late and from
a file, on libvic's interrupt controllers and on KVM's. Its other checks of
devices need nothing from outside; compare.py has them.
"""

import os
import sys
import tempfile
import threading
import time

import run
import tap

# The first one is lost when the guest turns FIFOs on.
TEXT = b'!' + b'abcdefghijklmnopqrstuvwxyz' * 4
CHECK = 'xapic.serial_input'


def expect(programs, irqchip, stdin, where):
    """The guest's check ran, and passed."""
    done = run.Run(*programs, irqchip, '2', '--input',
                   append='only=serial_input mode=xapic', stdin=stdin)
    tap.ok(done.verdicts.get(CHECK) == 'PASS' and done.status == 1,
           f'{irqchip}, {where}: each byte came once',
           done.details.get(CHECK), done.tail())


def pipe(programs, irqchip):
    """Parts that fit a FIFO and one that does not; the first is there when
    the guest looks whether anybody writes."""
    parts = TEXT[:1], TEXT[1:9], TEXT[9:10], TEXT[10:26], TEXT[26:]
    ours, theirs = os.pipe()

    def write():
        for part in parts[1:]:
            time.sleep(0.2)
            os.write(theirs, part)

    os.write(theirs, parts[0])
    writer = threading.Thread(target=write)
    writer.start()
    expect(programs, irqchip, ours, 'pipe')
    writer.join()
    os.close(ours)
    os.close(theirs)


def file(programs, irqchip):
    """What cannot be waited for, and ends."""
    with tempfile.TemporaryFile() as stdin:
        stdin.write(TEXT)
        stdin.seek(0)
        expect(programs, irqchip, stdin, 'file')


def main():
    programs = sys.argv[1:]
    run.skip_without_kvm()
    for irqchip in ('vic', 'kernel'):
        pipe(programs, irqchip)
        file(programs, irqchip)
    tap.done()


main()
