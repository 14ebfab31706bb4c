#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The planted errors go with the sources: check_mutants.py ROOT.

scripts/mutants.sh puts each into a copy and sees a suite fail, which takes
long. Here only: the suite exists, and what a patch changes stands in its file
just once, so that no error lands in another place.
"""

import re
import sys

import tap

ROOT = sys.argv[1]
HEAD = re.compile(r'# (\S+): \S')
FILE = re.compile(r'^--- a/(\S+)\n\+\+\+ .*\n', re.M)
HUNK = re.compile(r'^@@.*\n', re.M)


def hunks(text):
    """(path, old text) of each hunk."""
    parts = FILE.split(text)
    for path, body in zip(parts[1::2], parts[2::2]):
        for hunk in HUNK.split(body)[1:]:
            yield path, ''.join(line[1:] for line in hunk.splitlines(True)
                                if line[0] in ' -')


def faults(name, suites):
    """What is wrong with one patch."""
    text = tap.read(ROOT, name)
    head = HEAD.match(text)
    if not head or head[1] not in suites:
        yield f'{name}: its first line is not "# SUITE: what is wrong"'
    found = 0
    for path, old in hunks(text):
        found += 1
        times = ('\n' + tap.read(ROOT, path)).count('\n' + old)
        if times != 1:
            yield (f'{name}: what it changes stands {times} times in {path}; '
                   'renew it by diff -U1')
    if not found:
        yield f'{name}: it changes nothing'


def main():
    suites = re.findall(r"^  '([^']+)':", tap.read(ROOT, 'tests/meson.build'),
                        re.M)
    names = list(tap.files(ROOT, 'tests/mutants', ends='.patch'))
    tap.ok(len(names) > 100, 'there are planted errors')
    tap.none([fault for name in names for fault in faults(name, suites)],
             'each has a suite and one place')
    tap.done()


main()
