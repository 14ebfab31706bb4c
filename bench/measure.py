#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Runs vic-bench and prints what its operations cost; see scripts/bench.sh.

What one operation costs is the difference between a run of 2 I and one of
I iterations, less the same difference of the loop without the operation.
"""

import argparse
import concurrent.futures
import csv
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

TIMED_RUNS = 5
LINEAR = 1.2
# What other ways to send are compared with.
UNICAST = ('icr_x2apic_unicast', 16)
SENDS = ('icr_', 'msi_')
# What makes an x86 instruction a full barrier.
BARRIER = re.compile(
    r'^\s*([0-9a-f]+):\s+(lock |xchg .*\(|mfence|cpuid|serialize)')
# No rep stosb, which callgrind counts by the byte, whatever the processor.
ENVIRONMENT = dict(
    os.environ,
    GLIBC_TUNABLES='glibc.cpu.x86_rep_stosb_threshold=1048576:'
                   'glibc.cpu.x86_rep_movsb_threshold=1048576')


class Bench:
    """A copy of the program, for a build may come between two runs, and
    where its barriers are."""

    def __init__(self, program, scratch):
        self.scratch = scratch
        self.program = shutil.copy(program, scratch)
        self.barriers = set()
        listing = self.output('objdump', '-d', '--no-show-raw-insn',
                              self.program)
        for line in listing.splitlines():
            match = BARRIER.match(line)
            if match:
                self.barriers.add(int(match.group(1), 16))

    @staticmethod
    def output(*command):
        result = subprocess.run(command, text=True, env=ENVIRONMENT,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        if result.returncode:
            sys.exit(f'{" ".join(command)}: {result.stderr}'
                     f'exit status {result.returncode}')
        return result.stdout

    def rows(self):
        for line in self.output(self.program, '--list').split():
            name, *numbers = line.split(',')
            yield Row(self, name, *map(int, numbers))

    def collect(self, *arguments):
        """Instructions and barriers executed in the loop."""
        with tempfile.NamedTemporaryFile(dir=self.scratch) as out:
            self.output('valgrind', '-q', '--tool=callgrind',
                        f'--callgrind-out-file={out.name}',
                        '--dump-instr=yes', '--dump-line=no',
                        '--compress-pos=no', '--compress-strings=no',
                        '--toggle-collect=loop_*', self.program, *arguments)
            with open(out.name, encoding='utf-8') as profile:
                return self.totals(profile)

    def totals(self, profile):
        instructions = barriers = 0
        inclusive = False
        for line in profile:
            if line.startswith('calls='):
                inclusive = True
            elif line.startswith('0x'):
                address, cost = line.split()[:2]
                if not inclusive:
                    instructions += int(cost)
                    if int(address, 16) in self.barriers:
                        barriers += int(cost)
                inclusive = False
        return instructions, barriers


class Row:
    """One scenario at one n."""

    def __init__(self, bench, name, n, divisor, iterations, timed):
        self.bench = bench
        self.name = name
        self.n = n
        self.divisor = divisor
        self.iterations = iterations
        self.timed = timed
        self.instructions = self.barriers = self.ns = None

    def count(self):
        """Instructions and barriers per operation, exactly."""
        total = [0, 0]
        for factor, empty, sign in ((2, (), 1), (1, (), -1),
                                    (2, ('--empty',), -1),
                                    (1, ('--empty',), 1)):
            counts = self.bench.collect(
                self.name, str(self.n), str(factor * self.iterations), *empty)
            total = [t + sign * c for t, c in zip(total, counts)]
        self.instructions, self.barriers = (
            t / self.iterations / self.divisor for t in total)
        return self

    def time(self):
        """Nanoseconds per operation: medians."""
        def run(*empty):
            return statistics.median(
                int(self.bench.output(self.bench.program, self.name,
                                      str(self.n), str(self.timed), *empty))
                for _ in range(TIMED_RUNS))
        self.ns = (run() - run('--empty')) / self.timed / self.divisor


def progress(text):
    print(text, file=sys.stderr, flush=True)


def problems(rows, limits):
    """One line for each limit that is exceeded."""
    smallest = {}
    for row in rows:
        smallest.setdefault(row.name, row)
    for row in rows:
        limit = limits.pop((row.name, row.n), None)
        if not limit:
            yield f'{row.name},{row.n}: no limit in the budgets'
            continue
        if limit['limit'] == 'linear':
            first = smallest[row.name]
            allowed = LINEAR * first.instructions / first.n * row.n
        else:
            allowed = float(limit['limit'])
        if row.instructions > allowed:
            yield (f'{row.name},{row.n}: {row.instructions:.1f} '
                   f'instructions, the limit is {allowed:.1f}')
        if limit['barriers'] and row.barriers != float(limit['barriers']):
            yield (f'{row.name},{row.n}: {row.barriers:g} barriers, there '
                   f'must be {limit["barriers"]}')


def check(rows, limits):
    found = list(problems(rows, limits))
    found += [f'{name},{n}: has a limit and is not measured'
              for name, n in limits]
    for line in found:
        progress(f'bench.sh: {line}')
    return 1 if found else 0


def limits_of(path):
    with open(path, encoding='utf-8', newline='') as file:
        return {(line['scenario'], int(line['n'])): line
                for line in csv.DictReader(file)}


def print_table(rows, limits):
    """The table of docs/performance.md."""
    unicast = [row.instructions for row in rows
               if (row.name, row.n) == UNICAST]
    print('| scenario | n | instructions | limit | peer | of a unicast '
          '| barriers | ns |')
    print('|---|---:|---:|---:|---:|---:|---:|---:|')
    for row in rows:
        limit = limits.get((row.name, row.n), {})
        ratio = ''
        if unicast and row.name.startswith(SENDS):
            ratio = f'{row.instructions / unicast[0]:.2f}'
        cells = (row.name, row.n, f'{row.instructions:.1f}',
                 limit.get('limit', ''), limit.get('peer', ''), ratio,
                 f'{row.barriers:g}', f'{row.ns:.1f}')
        print(f'| {" | ".join(map(str, cells))} |')


def print_csv(rows, column):
    print(f'scenario,n,{column}')
    for row in rows:
        values = ([f'{row.barriers:g}'] if column == 'barriers' else
                  [f'{row.instructions:.1f}', f'{row.ns:.1f}'])
        print(row.name, row.n, *values, sep=',')


def measure(rows, jobs, timed):
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for i, row in enumerate(pool.map(Row.count, rows), 1):
            progress(f'[{i}/{len(rows)}] {row.name} {row.n}: '
                     f'{row.instructions:.1f} instructions')
    if timed:
        progress(f'timing {len(rows)} scenarios')
        for row in rows:
            row.time()


def run(parser, options, scratch):
    rows = list(Bench(options.program, scratch).rows())
    unknown = set(options.scenario) - {row.name for row in rows}
    if unknown:
        names = ', '.join(dict.fromkeys(row.name for row in rows))
        parser.error(f'no scenario {", ".join(sorted(unknown))}; '
                     f'there are {names}')
    if options.scenario:
        rows = [row for row in rows if row.name in options.scenario]

    measure(rows, options.jobs, not options.barriers)
    limits = limits_of(options.budgets)
    if options.scenario:
        limits = {key: line for key, line in limits.items()
                  if key[0] in options.scenario}
    if options.table:
        print_table(rows, limits)
    elif options.barriers:
        print_csv(rows, 'barriers')
    else:
        print_csv(rows, 'instructions,ns')
    sys.stdout.flush()
    return check(rows, limits) if options.check else 0


def main():
    parser = argparse.ArgumentParser(prog='bench.sh', add_help=False)
    parser.add_argument('program')
    parser.add_argument('budgets')
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--barriers', action='store_true')
    parser.add_argument('--table', action='store_true')
    parser.add_argument('--scenario', action='append', default=[])
    parser.add_argument('--jobs', type=int, default=1)
    parser.add_argument('--no-deps', action='store_true')
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix='vic-bench.') as scratch:
        sys.exit(run(parser, options, scratch))


main()
