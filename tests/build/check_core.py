#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What the text of headers and core must and may not hold:
check_core.py ROOT.
"""

import os
import re
import sys

import csource
import tap

ROOT = sys.argv[1]
# A field "name : width;", and not a label, ?: or case.
BIT_FIELD = r'\b\w+\s+\w+\s*:\s*\w+\s*[;,]'
SPIN_HINTS = {'pause', 'yield', 'rep; nop'}


def found(folder, pattern, exempt=()):
    hits = []
    for path in tap.files(ROOT, folder):
        if path.endswith(('.c', '.h')) and path not in exempt:
            hits += csource.places(path, tap.read(ROOT, path), pattern)
    return hits


def strange_assembly():
    for hit in found('src', r'\b(__asm__|__asm|asm)\b'):
        text = re.search(r'"([^"]*)"', hit)
        if not text or text.group(1) not in SPIN_HINTS:
            yield hit


def undocumented():
    """Functions of public headers with no comment right above."""
    for path in tap.files(ROOT, 'include', ends='.h'):
        before = ''
        for line in tap.read(ROOT, path).splitlines():
            if line.startswith('VIC_API') and not before.endswith('*/'):
                yield f'{path}: {line}'
            before = line


def unbuilt():
    """C files that no meson.build of the same top folder names."""
    for top in 'src', 'tests', 'bench', 'examples', 'fuzz':
        rules = ''.join(tap.read(ROOT, path) for path in
                        tap.files(ROOT, top, ends='meson.build'))
        for path in tap.files(ROOT, top, ends='.c'):
            name = os.path.basename(path)[:-2].removeprefix('fuzz_')
            if not path.startswith('tests/build/') and not re.search(
                    r'\b' + re.escape(name) + r'\b', rules):
                yield path


tap.none(list(undocumented()), 'every public function has a comment')
tap.none(list(unbuilt()), 'a meson.build names every C file')
tap.none(found('include', r'\b_Atomic\b|stdatomic\.h'),
         'public headers hold no _Atomic')
tap.none(found('include', r'\b(__)?inline(__)?\b'),
         'public headers hold no inline function')
tap.none([h for h in found('include', BIT_FIELD) if '?' not in h],
         'public headers hold no bit-field')
tap.none(found('src', r'atomic_(thread|signal)_fence|__sync_synchronize'),
         'src holds no fence')
tap.none(found('src', r'\b__(atomic|sync)_|\b_Atomic\b|stdatomic\.h',
               exempt={'src/atomic.h'}),
         'src/atomic.h alone names the atomic builtins')
tap.none(found('src', r'\b(float|double)\b'), 'src holds no floating point')
tap.none(list(strange_assembly()),
         'src holds no assembly but the spin-wait hint')
tap.done()
