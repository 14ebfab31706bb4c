#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""vic-xen loses and invents nothing: exact.py VIC_XEN

Each run is one test: every message of the guests was seen by a handler, and
all that was made pending is accounted for. vic-xen says so by its exit
status; what it prints has to agree. With VIC_TEST_LONG the runs are so much
longer that there are 10^8 interrupts in all.
"""

import os
import random
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '..', 'build'))
import tap  # noqa: E402

VIC_XEN, = sys.argv[1:]
LONG = bool(os.environ.get('VIC_TEST_LONG'))
ALL = 100_000_000
MODES = ('trap', 'posted')
# Of the interrupts of a long test: more of those that are cheap. A ring has
# but one under way.
SHARES = {'dry-run': 0, 'self-ipi': 12, 'unicast': 3, 'broadcast': 6,
          'broadcast-lock': 3, 'ring': 0.1, 'device-storm': 6,
          'tlb-shootdown': 3}
SEEDS = 8 if LONG else 4
SECONDS = 3600 if LONG else 100
TAKEN = re.compile(r'^interrupts taken +(\d+)', re.M)
BALANCE = re.compile(r'still pending: (.*)')


def shapes(seed):
    """Options of a run: more vCPUs than pCPUs, or as many, or fewer."""
    pick = random.Random(seed)
    pcpus = pick.choice((1, 2, 2, 3, 4))
    return ['--pcpus', pcpus,
            '--vcpus', pick.choice((1, 2, pcpus, 2 * pcpus, 9, 17)),
            '--domains', pick.choice((1, 1, 2, 3)),
            '--apic', pick.choice(('x2apic', 'xapic', 'mixed'))]


def run(*options):
    """The exit status, both streams, and the seconds."""
    command = [VIC_XEN, *map(str, options)]
    began = time.monotonic()
    try:
        done = subprocess.run(command, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=SECONDS)
    except subprocess.TimeoutExpired as late:
        return None, '', f'{late}', SECONDS
    return (done.returncode, done.stdout, done.stderr,
            time.monotonic() - began)


def exact(least, *options):
    """One run of at least that many interrupts; how many there were."""
    status, out, errors, seconds = run('--interrupts', max(least, 500),
                                       *options)
    taken = TAKEN.search(out)
    count = int(taken[1]) if taken else 0
    name = ' '.join(map(str, options))
    tap.ok(status == 0 and count >= least and
           set(BALANCE.findall(out)) == {'exact'},
           f'exact: {name}', f'exit status {status}', out[-3000:],
           errors[-20000:])
    print(f'# {count} interrupts, {seconds:.1f} s', flush=True)
    return count


def all_runs():
    """(interrupts, options) of each run."""
    weights = len(MODES) * 2 * SEEDS * sum(SHARES.values())
    seed = 0
    for workload, share in SHARES.items():
        for mode in MODES:
            for halts in ('on', 'off'):
                for _ in range(SEEDS):
                    seed += 1
                    count = 10000 if share >= 1 else int(share * 30000)
                    if LONG:
                        count = int(share * ALL / weights + 0.999)
                    inhibit = mode == 'posted' and seed % 3 == 0
                    yield count, ['--mode', mode, '--workload', workload,
                                  '--halt-exits', halts, '--seed', seed,
                                  *shapes(seed),
                                  *['--inhibit'] * inhibit]


def command_line():
    """What does not run guests."""
    status, out, _, _ = run('--help')
    tap.ok(status == 0 and all(w in out for w in (*SHARES, *MODES)),
           '--help lists the modes and the workloads', out)
    for wrong in (['--mode', 'none'], ['--vcpus', '0'], ['--pcpus', '65'],
                  ['--workload', ''], ['--halt-exits', 'yes'],
                  ['--seed', '-1'], ['--apic', 'on'], ['--what'], ['more']):
        status, out, errors, _ = run(*wrong)
        tap.ok(status == 2 and wrong[0].lstrip('-') in errors and not out,
               f'refused: {" ".join(wrong)}', f'exit status {status}',
               errors)


def main():
    command_line()
    status, out, errors, _ = run('--compare', '--interrupts', 2000)
    taken = re.search(r'^interrupts taken +(\d+) +(\d+)$', out, re.M)
    tap.ok(status == 0 and taken and
           all(int(n) >= 2000 for n in taken.groups()) and
           BALANCE.findall(out) == ['exact', 'exact'],
           '--compare runs both modes and prints them side by side', out,
           errors)
    total = sum(exact(count, *options) for count, options in all_runs())
    if LONG:
        tap.ok(total >= ALL, f'{ALL} interrupts in all', f'{total}')
    tap.done()


main()
