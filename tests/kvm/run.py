# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of this folder share: runs of the guest on vic-kvm."""

import fcntl
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '..', 'build'))
import tap  # noqa: E402

KVM_CREATE_VM = 0xae01
SECONDS = 240
CHECK = re.compile(r'check (\S+) (\S+)(.*)')
LAST = re.compile(r'guest: (\d+) checks, (\d+) failed')
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


def skip_without_kvm():
    """End the test as skipped where it cannot run."""
    reason = why_not()
    if reason:
        print(f'SKIP kvm: {reason}')
        sys.exit(77)


class Run:
    """One run of the guest and what it printed."""

    def __init__(self, vic_kvm, guest, irqchip, vcpus, *options,
                 append='', stdin=subprocess.DEVNULL):
        command = [vic_kvm, '--kernel', guest, '--irqchip', irqchip,
                   '--vcpus', vcpus, '--timeout', str(SECONDS),
                   '--append', append, *options]
        print('#', *command, file=sys.stderr, flush=True)
        began = time.monotonic()
        done = subprocess.run(command, text=True, errors='replace',
                              stdin=stdin, capture_output=True,
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
        last = LAST.fullmatch(lines[-1]) if lines else None
        self.last = last and (int(last[1]), int(last[2]))
        self.exact = [m for m in map(EXACT.fullmatch, lines) if m]
        self.stats = {m[1]: int(m[2]) for m in
                      map(STAT.fullmatch, done.stderr.splitlines()) if m}

    def tail(self):
        """The ends of both streams, for a failure."""
        return '\n'.join((self.console[-1500:], self.errors[-6000:]))


def judge(run, where):
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
    tap.ok(run.last == (len(run.names), 0),
           f'{where}: it says so of all its checks', run.last)
    tap.ok(run.stats.get('balance') == 0,
           f'{where}: each vector made pending is accounted for',
           f"balance {run.stats.get('balance')}", run.tail())
