#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Run the guest under KVM: compare.py VIC_KVM GUEST

On libvic every check of the guest must pass. On KVM's own APIC the verdicts
must be the same, but for the differences in differences.txt.
"""

import fcntl
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'build'))
import tap  # noqa: E402

KVM_CREATE_VM = 0xae01
SECONDS = 240
# Each of the two storms sends so many IPIs from each CPU.
STORM = 500
CHECK = re.compile(r'check (\S+) (\S+)(.*)')
EXACT = re.compile(r'exact (\S+) posted=(\d+) seen=(\d+)')
STAT = re.compile(r'stat (\S+) (-?\d+)')


def why_not():
    """Why KVM cannot be used, or None."""
    if os.environ.get('VIC_NO_KVM') == '1':
        return 'VIC_NO_KVM is set'
    try:
        fd = os.open('/dev/kvm', os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        return f'/dev/kvm: {error.strerror}'
    try:
        os.close(fcntl.ioctl(fd, KVM_CREATE_VM, 0))
    except OSError as error:
        return f'KVM_CREATE_VM: {error.strerror}'
    finally:
        os.close(fd)
    return None


def differences():
    """{check: (libvic, kernel)} for the KVM module of this host.

    Without /sys (a bare chroot) nothing tells the module: what is listed
    may then differ or not, and all else must agree as ever.
    """
    listed = {}
    known = os.path.isdir('/sys/module')
    if not known:
        print('# no /sys/module: listed differences may be missing',
              file=sys.stderr)
    with open(os.path.join(HERE, 'differences.txt'),
              encoding='utf-8') as file:
        text = file.read().replace('\n ', ' ')
    for line in text.splitlines():
        if line and not line.startswith('#'):
            check, ours, theirs, module, _ = line.split(None, 4)
            if not known:
                listed[check] = ours, 'EITHER'
            elif os.path.isdir(f'/sys/module/{module}'):
                listed[check] = ours, theirs
    return listed


class Run:
    """One run of the guest and what it printed."""

    def __init__(self, vic_kvm, guest, irqchip, vcpus, *options):
        command = [vic_kvm, '--kernel', guest, '--irqchip', irqchip,
                   '--vcpus', vcpus, '--timeout', str(SECONDS),
                   '--append', f'storm={STORM}', *options]
        print('#', *command, file=sys.stderr, flush=True)
        began = time.monotonic()
        done = subprocess.run(command, text=True, errors='replace',
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=SECONDS + 30)
        print(f'# {time.monotonic() - began:.1f} s', file=sys.stderr)
        self.status = done.returncode
        self.errors = done.stderr
        self.console = done.stdout
        lines = done.stdout.splitlines()
        matches = [m for m in map(CHECK.fullmatch, lines) if m]
        self.names = [m[1] for m in matches]
        self.verdicts = {m[1]: m[2] for m in matches}
        self.details = {m[1]: m[3].strip() for m in matches}
        self.exact = [m for m in map(EXACT.fullmatch, lines) if m]
        self.stats = {m[1]: int(m[2]) for m in
                      map(STAT.fullmatch, done.stderr.splitlines()) if m}

    def tail(self):
        """The ends of both streams, for a failure."""
        return '\n'.join((self.console[-1500:], self.errors[-6000:]))


def judge_libvic(run, where):
    """Each check of the guest is one test, and the whole run is sound."""
    for name in run.names:
        tap.ok(run.verdicts[name] == 'PASS', f'{where}: {name}',
               run.details[name])
    twice = sorted({n for n in run.names if run.names.count(n) > 1})
    tap.none(twice, f'{where}: each check ran once')
    for match in run.exact:
        tap.ok(match[2] == match[3], f'{where}: {match[1]} is exact',
               match[0])
    tap.ok(run.names and run.status == 1,
           f'{where}: the guest says that it passed',
           f'exit status {run.status}', run.tail())
    tap.ok(run.stats.get('balance') == 0,
           f'{where}: each vector made pending is accounted for',
           f"balance {run.stats.get('balance')}", run.tail())


def fits(verdict, listed):
    """Whether the list allows it."""
    return verdict == listed or (listed == 'EITHER' and
                                 verdict in ('PASS', 'FAIL'))


def compare(ours, theirs, listed):
    """Where the pairs of verdicts are not as they should be."""
    wrong = []
    for name in ours.verdicts | theirs.verdicts:
        pair = (ours.verdicts.get(name, 'NONE'),
                theirs.verdicts.get(name, 'NONE'))
        if name not in listed:
            if pair[0] != pair[1]:
                wrong.append(f'{name}: {pair}, and no difference is listed: '
                             f'{theirs.details.get(name)}')
        elif not all(map(fits, pair, listed[name])):
            wrong.append(f'{name}: {pair}, but {listed[name]} is listed')
    return wrong


def main():
    vic_kvm, guest = sys.argv[1:]
    reason = why_not()
    if reason:
        print(f'SKIP kvm: {reason}')
        sys.exit(77)
    listed = differences()
    known = set()
    for vcpus in ('1', '2', '4'):
        where = f'{vcpus} vCPU' + 's' * (vcpus != '1')
        ours = Run(vic_kvm, guest, 'vic', vcpus, '--stats')
        judge_libvic(ours, where)
        theirs = Run(vic_kvm, guest, 'kernel', vcpus)
        tap.ok(theirs.names and theirs.status in (1, 3),
               f"{where}: the guest ends on KVM's own APIC",
               f'exit status {theirs.status}', theirs.tail())
        tap.none(compare(ours, theirs, listed),
                 f'{where}: libvic and KVM differ as listed')
        known |= set(ours.names) | set(theirs.names)
    tap.none(sorted(set(listed) - known), 'each check that is listed ran')
    off = Run(vic_kvm, guest, 'vic', '2', '--x2apic', 'off', '--stats')
    judge_libvic(off, '2 vCPUs without x2APIC')
    tap.ok(not any(n.startswith('x2apic.') for n in off.names),
           '2 vCPUs without x2APIC: the guest does not use it')
    tap.done()


main()
