#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Ids in docs/conformance*.md are those of the tests: ... ROOT."""

import re
import sys

import tap

ROOT = sys.argv[1]
PAGES = ('docs/conformance.md', 'docs/conformance-gic.md',
         'docs/conformance-ioapic.md')
ID = re.compile(r'\b(?:APIC|IOAPIC|PIC|GIC|ITS)-\d{2,}[a-z]?\b')


def ids(paths):
    """Each id with the first file that names it."""
    found = {}
    for path in paths:
        for name in ID.findall(tap.read(ROOT, path) or ''):
            found.setdefault(name, path)
    return found


listed = ids(PAGES)
tested = ids(p for p in tap.files(ROOT, 'tests')
             if not p.startswith('tests/build/'))
for page in PAGES:
    tap.ok(ids([page]), f'{page} lists cases')
tap.none([f'no test names {name}' for name in sorted(listed)
          if name not in tested],
         'every listed case has a test')
tap.none([f'{path} names {name}' for name, path in sorted(tested.items())
          if name not in listed],
         'every case that a test names is listed')
tap.done()
