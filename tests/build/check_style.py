#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Lengths and leftovers: check_style.py ROOT CTAGS."""

import json
import os
import re
import statistics
import sys

import tap

ROOT, CTAGS = sys.argv[1:]
MAX_LINES = 600
MAX_COLUMNS = 80
MAX_FUNCTION = 100
MAX_MEDIAN = 15
LEFTOVER = re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X)\b')


def functions():
    """(length, name) of each function in src/."""
    sources = [os.path.join(ROOT, p) for p in tap.files(ROOT, 'src')
               if p.endswith(('.c', '.h'))]
    status, output = tap.run(CTAGS, '--output-format=json', '--fields=+ne',
                             '--languages=C', '--langmap=C:+.h',
                             '--kinds-C=f', *sources)
    if status:
        return
    for line in output.splitlines():
        if line.startswith('{'):
            tag = json.loads(line)
            if tag.get('_type') == 'tag':
                yield tag['end'] - tag['line'] + 1, tag['name']


def main():
    long_files, wide, leftovers = [], [], []
    for path in tap.files(ROOT):
        text = tap.read(ROOT, path)
        if text is None:
            continue
        lines = text.split('\n')
        if len(lines) - 1 > MAX_LINES:
            long_files.append(f'{path}: {len(lines) - 1} lines')
        for number, line in enumerate(lines, 1):
            columns = len(line.expandtabs(8))
            if columns > MAX_COLUMNS and not path.endswith('.csv'):
                wide.append(f'{path}:{number}: {columns} columns')
            if LEFTOVER.search(line):
                leftovers.append(f'{path}:{number}: {line.strip()}')
    tap.none(long_files, f'no file is longer than {MAX_LINES} lines')
    tap.none(wide, f'no line is wider than {MAX_COLUMNS} columns')
    tap.none(leftovers, 'no work is left for later')

    lengths = sorted(functions())
    if tap.ok(lengths, f'{CTAGS} finds the functions of src/',
              'install universal-ctags (scripts/deps.sh test)'):
        tap.none([f'{name}: {n} lines' for n, name in lengths
                  if n > MAX_FUNCTION],
                 f'no function is longer than {MAX_FUNCTION} lines')
        median = statistics.median(n for n, _ in lengths)
        tap.ok(median <= MAX_MEDIAN,
               f'the median function has at most {MAX_MEDIAN} lines',
               f'it has {median}')
    tap.done()


main()
