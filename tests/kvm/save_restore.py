#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Save and restore in the middle of a storm: save_restore.py VIC_KVM GUEST

While the guest's CPUs send IPIs, their timers run and devices raise their
lines, all vCPUs are stopped again and again, and all interrupt controllers
saved, reset and restored. No interrupt may be lost or come twice: the guest
counts.
"""

import os
import sys

import run
import tap

# So many rounds in all; half of them in each mode of the APICs, roughly.
ROUNDS = 1000 if os.environ.get('VIC_TEST_LONG') else 150

# The guest's storms: messages of each CPU, and what else is counted.
CHECKS = {'storm_timers': (300, ['timers']),
          'storm_lines': (240, ['timers', 'lines'])}


def storm(programs, check, mode, vcpus, milliseconds, *options):
    """The rounds of one run, which must be exact."""
    messages, counted = CHECKS[check]
    done = run.Run(*programs, 'vic', vcpus, '--stats', '--save-restore',
                   milliseconds, *options,
                   append=f'storm={messages} only={mode}.{check} '
                          f'mode={mode}')
    where = f'{check}, {mode}, {vcpus} vCPUs, every {milliseconds} ms'
    run.judge(done, where)
    tap.ok({m[1] for m in done.exact} == {f'{mode}.{n}' for n in counted},
           f'{where}: all are counted', done.tail())
    return done.stats.get('save_restores', 0)


def storms(programs, check, vcpus, milliseconds, *options):
    """Runs in both modes until there were enough rounds."""
    rounds = runs = 0
    # A short storm may end before its rounds have come.
    while rounds < ROUNDS and runs < 20:
        for mode in ('xapic', 'x2apic'):
            rounds += storm(programs, check, mode, vcpus, milliseconds,
                            *options)
        runs += 1
    tap.ok(rounds >= ROUNDS,
           f'{check}, {vcpus} vCPUs: saved and restored {ROUNDS} times, '
           f'every {milliseconds} ms', f'{rounds} times')


def main():
    programs = sys.argv[1:]
    run.skip_without_kvm()
    for vcpus in ('2', '4'):
        for milliseconds in ('2', '5'):
            storms(programs, 'storm_timers', vcpus, milliseconds)
    for vcpus in ('1', '2', '4'):
        for suppress in ('off', 'on'):
            storms(programs, 'storm_lines', vcpus, '5', '--suppress-eoi',
                   suppress)
    tap.done()


main()
