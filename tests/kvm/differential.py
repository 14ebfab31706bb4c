#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The same operations on libvic and on KVM's own interrupt controllers.

differential.py VIC_KVM EXECUTOR apic|chips [SEED [CPUS]]

Random streams run on both (--irqchip): of the local APIC, or of IOAPIC and
PIC. What the guest sees must be the same, but for the differences that
rules.py and rules_chips.py know and tests/guest/x86/differences.txt lists.
With a seed that stream runs alone, and what differs is shown.
"""

import os
import subprocess
import sys
import tempfile

import generate
import rules
import rules_chips
import run
import stream
import tap

LISTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..',
                      'guest', 'x86', 'differences.txt')
LONG = bool(os.environ.get('VIC_TEST_LONG'))
# What makes the streams, the differences that they must show, and streams
# of one CPU and of two.
SUITES = {
    'apic': (generate.Generator, rules.NAMES, {1: 12, 2: 4}),
    'chips': (generate.ChipsGenerator, rules_chips.NAMES, {1: 14, 2: 8}),
}
TIMES = 10 if LONG else 1
OPERATIONS = 7500
SECONDS = 120
SHOWN = 8


def listed():
    """{difference: whether this host's KVM must show it}."""
    found = {}
    with open(LISTED, encoding='utf-8') as file:
        for line in file:
            if line.strip() and line[0] not in '# ':
                name, module, _ = line.split(None, 2)
                found[name] = os.path.isdir(f'/sys/module/{module}')
    return found


def execute(vic_kvm, executor, irqchip, ops, cpus):
    """The outcomes, and what is wrong with the run."""
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, 'share')
        stream.write(path, ops)
        done = subprocess.run(
            [vic_kvm, '--kernel', executor, '--irqchip', irqchip,
             '--vcpus', str(cpus), '--share', path, '--timeout',
             str(SECONDS)], text=True, errors='replace',
            stdin=subprocess.DEVNULL, capture_output=True,
            timeout=SECONDS + 30)
        outcomes = stream.read(path)
    wrong = ''
    if done.returncode != 1 or len(outcomes) != len(ops):
        wrong = (f'{irqchip}: exit status {done.returncode}, '
                 f'{len(outcomes)} of {len(ops)} operations\n'
                 f'{done.stdout[-500:]}{done.stderr[-3000:]}')
    return outcomes, wrong


def compare(make, seed, cpus, programs, allowed):
    """Run one stream: (operations, differences seen, what is wrong)."""
    ops = make(seed, cpus).make(OPERATIONS)
    ours, wrong_ours = execute(*programs, 'vic', ops, cpus)
    theirs, wrong_theirs = execute(*programs, 'kernel', ops, cpus)
    wrong = [w for w in (wrong_ours, wrong_theirs) if w]
    seen = set()
    for number, (op, a, b) in enumerate(zip(ops, ours, theirs)):
        for field, left, right in rules.differences(op, a, b, allowed, seen):
            wrong.append(f'seed {seed}, operation {number}: {op}: {field} '
                         f'is {left} on libvic, {right} on KVM')
    return generate.count(ops), seen, wrong


def main():
    programs = sys.argv[1:3]
    make, names, suite = SUITES[sys.argv[3]]
    run.skip_without_kvm()
    required = listed()
    seen = set()
    total = 0
    if len(sys.argv) > 4:
        cpus = int(sys.argv[5]) if len(sys.argv) > 5 else 1
        _, seen, wrong = compare(make, int(sys.argv[4]), cpus, programs,
                                 required)
        print(*wrong, sep='\n')
        print('seen:', *sorted(seen))
        return
    for cpus, streams in suite.items():
        for seed in range(streams * TIMES):
            operations, shown, wrong = compare(make, seed, cpus, programs,
                                               required)
            total += operations
            seen |= shown
            tap.none(wrong[:SHOWN],
                     f'{cpus} CPUs, seed {seed}: {operations} operations')
    tap.ok(total >= 100000, f'{total} operations')
    known = {n for _, known, _ in SUITES.values() for n in known}
    tap.none(sorted(set(required) - known),
             'each difference that is listed has a rule')
    tap.none(sorted(known - set(required)), 'each rule is listed')
    tap.none([n for n in names if required.get(n) and n not in seen],
             'each difference that is listed was seen')
    tap.done()


if __name__ == '__main__':
    main()
