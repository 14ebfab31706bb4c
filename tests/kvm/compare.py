#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Run the guest under KVM: compare.py VIC_KVM GUEST [--ours]

On libvic every check of the guest must pass. On KVM's own APIC the verdicts
must be the same, but for the differences in differences.txt. With --ours that
side is left out: another build of libvic runs it, and what fails there waits.
"""

import os
import sys

import run
import tap

HERE = os.path.dirname(os.path.abspath(__file__))
# Runs on libvic with EOI broadcasts that can be suppressed.
SUPPRESSED = ('level*', 'storm_lines')
# Each of the storms sends so many IPIs from each CPU.
STORM = 500


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


def both(vic_kvm, guest, ours, vcpus, where, listed):
    """KVM's side; the names of the checks that ran."""
    theirs = run.Run(vic_kvm, guest, 'kernel', vcpus,
                     append=f'storm={STORM}')
    tap.ok(theirs.names and theirs.status in (1, 3),
           f"{where}: the guest ends on KVM's own APIC",
           f'exit status {theirs.status}', theirs.tail())
    tap.none(compare(ours, theirs, listed),
             f'{where}: libvic and KVM differ as listed')
    return set(ours.names) | set(theirs.names)


def suppressed(vic_kvm, guest):
    """Directed EOIs, alone and in a storm."""
    for vcpus in ('1', '2', '4'):
        for checks in SUPPRESSED:
            ours = run.Run(vic_kvm, guest, 'vic', vcpus, '--suppress-eoi',
                           'on', '--stats',
                           append=f'storm={STORM} only={checks}')
            where = f'{vcpus} vCPUs, EOI suppressed, {checks}'
            run.judge(ours, where)
            ran = {n for n in ours.names if 'suppressed' in n}
            tap.ok(len(ran) == (2 if checks == 'level*' else 0),
                   f'{where}: it is offered', ours.tail())


def main():
    vic_kvm, guest, *alone = sys.argv[1:]
    run.skip_without_kvm()
    listed = differences()
    known = set()
    for vcpus in ('1', '2', '4'):
        where = f'{vcpus} vCPU' + 's' * (vcpus != '1')
        ours = run.Run(vic_kvm, guest, 'vic', vcpus, '--stats',
                       append=f'storm={STORM}')
        run.judge(ours, where)
        if not alone:
            known |= both(vic_kvm, guest, ours, vcpus, where, listed)
    if not alone:
        tap.none(sorted(set(listed) - known), 'each check that is listed ran')
    off = run.Run(vic_kvm, guest, 'vic', '2', '--x2apic', 'off', '--stats',
                  append=f'storm={STORM}')
    run.judge(off, '2 vCPUs without x2APIC')
    tap.ok(not any(n.startswith('x2apic.') for n in off.names),
           '2 vCPUs without x2APIC: the guest does not use it')
    suppressed(vic_kvm, guest)
    tap.done()


main()
