#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Run the arm64 test guest: run.py ROOT GUEST [NAME...]

First on QEMU's own GICv3, to see that the checks ask for what others do too,
but for differences.txt; then under examples/el2 on libvic's. Each check of
each run is one test. NAMEs select runs: qemu-4, or el2-4-2-on for 4 vCPUs on
2 CPUs whose WFI leaves the guest, and el2-8-2-on-12 for Aff0 from 12 on.

Under examples/el2 RS of ICC_SGI1R_EL1 works, for writes are trapped, though
ICC_CTLR_EL1.RSS is that of QEMU's CPU; rs=on tells the guest.
"""

import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'build'))
import tap  # noqa: E402

LONG = os.environ.get('VIC_TEST_LONG') == '1'
SECONDS = 300
CHECK = re.compile(r'check (\S+) (PASS|FAIL|NONE)(.*)')
LAST = re.compile(r'guest: (\d+) checks, (\d+) failed')
QEMU = ['qemu-system-aarch64', '-M', 'virt,gic-version=3', '-cpu',
        'cortex-a57', '-m', '512', '-nodefaults', '-display', 'none',
        '-serial', 'stdio', '-no-reboot',
        '-semihosting-config', 'enable=on,target=native']
# vCPUs, physical CPUs, whether WFI leaves the guest, and the first vCPU's Aff0
# if it is not 0: then SGIs need two ranges.
CONFIGURATIONS = [(1, 1, 'off'), (1, 1, 'on'), (2, 2, 'off'), (2, 2, 'on'),
                  (2, 1, 'off'), (2, 1, 'on'), (4, 4, 'off'), (4, 4, 'on'),
                  (4, 2, 'off'), (4, 2, 'on'), (8, 8, 'off'), (8, 8, 'on'),
                  (8, 2, 'off'), (8, 2, 'on'), (4, 4, 'off', 14),
                  (8, 2, 'on', 12)]
MODES = ['pairs', 'ring', 'broadcast', 'wfi']
# SGIs on 4 vCPUs: a million in one mode, fewer in each other; ten times a
# million in all for --long.
MILLION = 1000000
STRESSED = ('ring', 'off')


def why_not():
    """Why nothing can be run, or None."""
    for program in ('qemu-system-aarch64', 'aarch64-linux-gnu-gcc'):
        if not shutil.which(program):
            return f'{program} is missing'
    return None


def differences():
    """{whose: {check: verdict}}."""
    with open(os.path.join(HERE, 'differences.txt'),
              encoding='utf-8') as file:
        text = file.read().replace('\n ', ' ')
    listed = {'qemu': {}, 'el2': {}}
    for line in text.splitlines():
        if line and not line.startswith('#'):
            whose, check, verdict, _ = line.split(None, 3)
            listed[whose][check] = verdict
    return listed


class Run:
    """One run of the guest and what it printed."""

    def __init__(self, command, seconds):
        print('#', *command, file=sys.stderr, flush=True)
        began = time.monotonic()
        try:
            done = subprocess.run(command, text=True, errors='replace',
                                  stdin=subprocess.DEVNULL, timeout=seconds,
                                  capture_output=True)
            self.status, output = done.returncode, done.stdout
            self.errors = done.stderr
        except subprocess.TimeoutExpired as error:
            self.status, self.errors = 'none in time', ''
            output = (error.stdout or b'').decode(errors='replace')
        print(f'# {time.monotonic() - began:.1f} s', file=sys.stderr)
        self.console = output
        lines = output.splitlines()
        self.checks = [m for m in map(CHECK.fullmatch, lines) if m]
        self.last = LAST.fullmatch(lines[-1]) if lines else None

    def tail(self):
        """The ends of both streams, for a failure."""
        return '\n'.join((self.console[-1500:], self.errors[-6000:]))

    def names(self):
        return [m[1] for m in self.checks]


def judge(run, where, listed):
    """Each check is one test; then the run as a whole."""
    failed = 0
    for match in run.checks:
        want = listed.get(match[1], 'PASS')
        allowed = {want, 'PASS'} if want == 'FAIL' else {want}
        failed += match[2] == 'FAIL'
        tap.ok(match[2] in allowed, f'{where}: {match[1]}',
               f'{match[2]}{match[3]}, expected {want}',
               *([] if match[2] in allowed else [run.errors[-3000:]]))
    counted = [m for m in run.checks if m[2] != 'NONE']
    whole = (run.last and int(run.last[1]) == len(counted) and
             int(run.last[2]) == failed and
             len(set(run.names())) == len(run.names()))
    tap.ok(whole and run.status == (1 if failed else 0),
           f'{where}: the guest comes to its end',
           f'exit status {run.status}', run.tail())


def on_qemu(guest, vcpus):
    return Run([*QEMU, '-smp', str(vcpus), '-kernel', guest], SECONDS)


def on_el2(root, guest, vcpus, pcpus, wfi, aff0=0, append='rs=on',
           seconds=SECONDS):
    return Run([os.path.join(root, 'scripts', 'el2.sh'),
                '--vcpus', str(vcpus), '--pcpus', str(pcpus),
                '--aff0', str(aff0), '--wfi-exits', wfi,
                '--timeout', str(seconds),
                '--append', append, guest], seconds + 120)


def main():
    root, guest, *wanted = sys.argv[1:]
    reason = why_not()
    if reason:
        print(f'SKIP guest-arm64: {reason}')
        sys.exit(77)
    listed = differences()
    known = {}

    def selected(name):
        return not wanted or name in wanted

    def same_checks(run, where, vcpus):
        """One vCPU has fewer checks; otherwise all have the same."""
        names = known.setdefault(vcpus > 1, run.names())
        tap.ok(run.names() == names, f'{where}: the same checks as before',
               *(set(run.names()) ^ set(names)))

    for vcpus in (1, 2, 4, 8):
        where = f'qemu-{vcpus}'
        if selected(where):
            run = on_qemu(guest, vcpus)
            judge(run, where, listed['qemu'])
            same_checks(run, where, vcpus)
    for vcpus, pcpus, wfi, *aff0 in CONFIGURATIONS:
        where = '-'.join(map(str, ('el2', vcpus, pcpus, wfi, *aff0)))
        if selected(where):
            run = on_el2(root, guest, vcpus, pcpus, wfi, *aff0)
            judge(run, where, listed['el2'])
            first = aff0[0] if aff0 else 0
            tap.ok(f'cpus {vcpus} from affinity {first:x} ' in run.console,
                   f'{where}: the affinities that it should have',
                   run.tail())
            same_checks(run, where, vcpus)
    for turn in range(10 if LONG else 1):
        for wfi in ('off', 'on'):
            for mode in MODES:
                where = f'stress-{mode}-{wfi}-{turn}'
                many = LONG or (mode, wfi) == STRESSED
                limit = 900 if LONG else 120
                if selected(where):
                    count = MILLION if many else MILLION // 10
                    judge(on_el2(root, guest, 4, 4, wfi,
                                 append=f'stress={count} mode={mode} '
                                        f'limit={limit}',
                                 seconds=limit + 60),
                          where, {})
    tap.done()


main()
