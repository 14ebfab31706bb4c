#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Declared, listed and exported are the same functions:
check_symbols.py ROOT LIBRARY VERSION NM CC...
"""

import os
import re
import sys
import tempfile

import csource
import tap

ROOT, LIBRARY, VERSION, NM = sys.argv[1:5]
CC = sys.argv[5:]
NODE = 'LIBVIC_' + '.'.join(VERSION.split('.')[:2])


def declared():
    return {name for path in tap.files(ROOT, 'include', ends='.h')
            for name in csource.api_functions(tap.read(ROOT, path))}


def listed():
    text = csource.without_comments(tap.read(ROOT, 'src/libvic.map'))
    node = re.fullmatch(
        r'\s*(\w+(?:\.\d+)*)\s*\{\s*global:(.*)local:\s*\*;\s*\};\s*',
        text, re.S)
    tap.ok(node and node.group(1) == NODE, f'the map is one node, {NODE}')
    names = re.findall(r'(\S+)\s*;', node.group(2)) if node else []
    tap.ok(names == sorted(set(names)), 'the map is sorted, each name once')
    return set(names)


def exported():
    _, output = tap.run(NM, '-D', '--defined-only', LIBRARY)
    names = {line.split()[-1] for line in output.splitlines()}
    return {name.split('@')[0] for name in names if name != NODE} - {NODE}


def difference(one, other, text):
    return [f'{name} {text}' for name in sorted(one - other)]


def links(functions):
    """Each declaration has C linkage also where C++ reads it."""
    headers = ''.join(f'#include <{h.split("/", 1)[1]}>\n' for h in
                      tap.files(ROOT, 'include', ends='.h'))
    table = ','.join(f'(void (*)(void)){name}' for name in functions)
    text = (headers + 'void (*const all[])(void) = {' + table + '};\n'
            'int main(void) { return all[0] == 0; }\n')
    with tempfile.TemporaryDirectory() as place:
        status, output = tap.run(
            *CC, '-w', '-x', 'c++', '-I', os.path.join(ROOT, 'include'), '-',
            '-x', 'none', LIBRARY, '-o', os.path.join(place, 'all'),
            input=text)
    tap.ok(status == 0, 'C++ code links with every function', output[-1000:])


def main():
    header, map_, library = declared(), listed(), exported()
    tap.ok(header, 'the headers declare functions')
    tap.none(difference(header, map_, 'is not in src/libvic.map') +
             difference(map_, header, 'is not declared VIC_API'),
             'the map lists what the headers declare')
    tap.none(difference(map_, library, 'is not exported') +
             difference(library, map_, 'is exported'),
             'the library exports what the map lists')
    links(sorted(header))
    tap.done()


main()
