#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The same operations on two local APICs: differential.py VIC_KVM EXECUTOR

Random streams run on libvic and on KVM's own APIC (--irqchip). What the
guest sees must be the same, but for the differences that rules.py knows and
tests/guest/x86/differences.txt lists. A seed as a third argument runs that
one alone, and shows what differs.
"""

import os
import subprocess
import sys
import tempfile

import generate
import rules
import run
import stream
import tap

LISTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..',
                      'guest', 'x86', 'differences.txt')
LONG = bool(os.environ.get('VIC_TEST_LONG'))
# Streams of one CPU and of two, and how many operations each has.
STREAMS = {1: 120 if LONG else 12, 2: 40 if LONG else 4}
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


def compare(seed, cpus, programs, allowed):
    """Run one stream: (operations, differences seen, what is wrong)."""
    ops = generate.Generator(seed, cpus).make(OPERATIONS)
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
    run.skip_without_kvm()
    required = listed()
    seen = set()
    total = 0
    if len(sys.argv) > 3:
        cpus = int(sys.argv[4]) if len(sys.argv) > 4 else 1
        _, seen, wrong = compare(int(sys.argv[3]), cpus, programs, required)
        print(*wrong, sep='\n')
        print('seen:', *sorted(seen))
        return
    for cpus, streams in STREAMS.items():
        for seed in range(streams):
            operations, shown, wrong = compare(seed, cpus, programs,
                                               required)
            total += operations
            seen |= shown
            tap.none(wrong[:SHOWN],
                     f'{cpus} CPUs, seed {seed}: {operations} operations')
    tap.ok(total >= 100000, f'{total} operations')
    tap.none(sorted(set(required) - set(rules.NAMES)),
             'each difference that is listed has a rule')
    tap.none(sorted(set(rules.NAMES) - set(required)),
             'each rule is listed')
    tap.none([n for n in sorted(required) if required[n] and n not in seen],
             'each difference that is listed was seen')
    tap.done()


main()
