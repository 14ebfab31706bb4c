#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The arrows between the folders: check_layers.py ROOT.

apic and gic stand on ipi, ipi stands on base, and what lies outside src/
sees the public headers alone (tests see everything, an example may run on the
modelled processor, what fuzzes the GIC sees its state, what fuzzes vic-kvm's
loader sees that, and one file of the benchmark measures a step inside).
"""

import os
import re
import sys

import tap

ROOT = sys.argv[1]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
# Who stands outside, and whose headers it may see beside the public ones.
USERS = {
    'examples': ('examples/', 'tests/hw/'),
    'bench': ('bench/',),
    'tools': ('tools/',),
    'fuzz': ('fuzz/', 'tests/model/', 'tests/hw/', 'src/gic/'),
    'tests/hw': ('tests/hw/',),
    'tests/model': ('tests/model/',),
}
# The model of a processor knows no library.
SPEC_ALONE = ('tests/hw',)
# Single files that may see more.
FILES = {
    'bench/pick.c': ('src/gic/queue.h',),
    'fuzz/fuzz_loader.c': ('examples/kvm/boot.h', 'examples/kvm/load.h'),
    'fuzz/loader_check.c': ('examples/kvm/boot.h', 'examples/kvm/load.h'),
    'fuzz/loader_check.h': ('examples/kvm/load.h',),
}
BELOW = {
    'spec': {'spec', 'base'},
    'base': {'base', 'spec'},
    'ipi': {'ipi', 'base', 'spec'},
    'apic': {'apic', 'ipi', 'base', 'spec'},
    'gic': {'gic', 'ipi', 'base', 'spec'},
}
# A public header belongs to a layer by its name; the others are ipi's.
PUBLIC = (
    ('apic', r'(l?apic|ioapic|pic|pc)(_\w+)?\.h'),
    ('gic', r'(gic|its)(v\d)?(_\w+)?\.h'),
    ('base', r'(ops|types|version)\.h'),
)
FREESTANDING = {'float.h', 'iso646.h', 'limits.h', 'stdalign.h', 'stdarg.h',
                'stdbool.h', 'stddef.h', 'stdint.h', 'stdnoreturn.h'}


def layer(path):
    parts = path.split('/')
    if parts[0] == 'src':
        return parts[1] if len(parts) > 2 else 'base'
    if parts[0] != 'include':
        return 'outside'
    if path.startswith('include/vic/spec/'):
        return 'spec'
    if path == 'include/vic/vic.h':
        return 'umbrella'
    for name, pattern in PUBLIC:
        if re.fullmatch(pattern, parts[-1]):
            return name
    return 'ipi'


def resolve(path, quote, name):
    """The file of this project that an include names, or None."""
    beside = [] if quote == '<' else [os.path.dirname(path)]
    for folder in beside + ['include', 'src', 'tests']:
        target = os.path.normpath(os.path.join(folder, name))
        if os.path.isfile(os.path.join(ROOT, target)):
            return target
    return None


def offences(path, allowed):
    """Includes of a file for which allowed(quote, name, target) is false."""
    for match in INCLUDE.finditer(tap.read(ROOT, path)):
        quote, name = match.groups()
        if not allowed(quote, name, resolve(path, quote, name)):
            yield f'{path} must not include {name}'


def inside_library(path):
    mine = layer(path)

    def allowed(quote, name, target):
        if target is None:
            return quote == '<' and name in FREESTANDING
        if path.startswith('include/') and not target.startswith('include/'):
            return False
        return mine == 'umbrella' or layer(target) in BELOW[mine]
    return offences(path, allowed)


def outside(path, own):
    public = 'include/'
    if path.startswith(SPEC_ALONE):
        public += 'vic/spec/'

    def allowed(quote, name, target):
        if target is None:
            return quote == '<' and not name.startswith('vic/')
        return target.startswith((public,) + own + FILES.get(path, ()))
    return offences(path, allowed)


def main():
    groups = {}
    for path in tap.files(ROOT, 'src', 'include'):
        if path.endswith(('.c', '.h')):
            groups.setdefault(layer(path), []).append(path)
    for name, paths in sorted(groups.items()):
        if name not in BELOW and name != 'umbrella':
            tap.ok(False, f'src/{name} is a known layer')
            continue
        tap.none([o for p in paths for o in inside_library(p)],
                 f'{name}: {len(paths)} files include what lies below')
    for top, own in USERS.items():
        paths = [p for p in tap.files(ROOT, top) if p.endswith(('.c', '.h'))]
        if paths:
            tap.none([o for p in paths for o in outside(p, own)],
                     f'{top}: {len(paths)} files do not see the inside')
    tap.done()


main()
