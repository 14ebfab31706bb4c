#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Save and restore in the middle of a storm: save_restore.py VIC_KVM GUEST

While the guest's CPUs send IPIs and their timers run, all vCPUs are stopped
again and again, their local APICs saved, reset and restored. No interrupt
may be lost or come twice: the guest counts.
"""

import os
import sys

import run
import tap

# So many rounds in all; half of them in each mode of the APICs, roughly.
ROUNDS = 1000 if os.environ.get('VIC_TEST_LONG') else 150


def storm(vic_kvm, guest, mode, vcpus, milliseconds):
    """The rounds of one run, which must be exact."""
    done = run.Run(vic_kvm, guest, 'vic', vcpus, '--stats',
                   '--save-restore', milliseconds,
                   append=f'storm=300 only={mode}.storm_timers mode={mode}')
    where = f'{mode}, {vcpus} vCPUs, every {milliseconds} ms'
    run.judge(done, where)
    tap.ok(done.exact, f'{where}: the timers are counted', done.tail())
    return done.stats.get('save_restores', 0)


def main():
    vic_kvm, guest = sys.argv[1:]
    run.skip_without_kvm()
    for vcpus in ('2', '4'):
        for milliseconds in ('2', '5'):
            rounds = runs = 0
            # A short storm may end before its rounds have come.
            while rounds < ROUNDS and runs < 20:
                for mode in ('xapic', 'x2apic'):
                    rounds += storm(vic_kvm, guest, mode, vcpus,
                                    milliseconds)
                runs += 1
            tap.ok(rounds >= ROUNDS,
                   f'{vcpus} vCPUs: saved and restored {ROUNDS} times, '
                   f'every {milliseconds} ms', f'{rounds} times')
    tap.done()


main()
