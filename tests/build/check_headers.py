#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Each public header compiles alone: check_headers.py ROOT."""

import os
import sys

import tap

ROOT = sys.argv[1]
WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow',
            '-Werror', '-fsyntax-only', '-I', os.path.join(ROOT, 'include')]
COMPILERS = (
    ('gcc', '-std=c11', '-x', 'c'),
    ('gcc', '-std=c11', '-ffreestanding', '-x', 'c'),
    ('clang', '-std=c11', '-x', 'c'),
    ('g++', '-std=c++11', '-Wold-style-cast', '-x', 'c++'),
    ('clang++', '-std=c++11', '-Wold-style-cast', '-x', 'c++'),
)


def main():
    headers = list(tap.files(ROOT, 'include', ends='.h'))
    for header in headers:
        name = header.split('/', 1)[1]
        # Twice: the guard works too. A header may hold macros alone.
        text = f'#include <{name}>\n' * 2 + 'extern int x;\n'
        for compiler in COMPILERS:
            try:
                status, output = tap.run(*compiler, *WARNINGS, '-',
                                         input=text)
            except FileNotFoundError:
                status, output = 1, 'install it (scripts/deps.sh test)'
            tap.ok(status == 0, f'{name} with {" ".join(compiler[:-2])}',
                   output)
    tap.done()


main()
