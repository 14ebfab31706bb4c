#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What the archive needs and holds: check_link.py ARCHIVE CPU CC...

The library links into a kernel: it asks for four functions, has no writable
data, and touches no vector register. A second object that breaks each rule
shows that the check sees it.
"""

import os
import re
import sys
import tempfile

import tap

ARCHIVE, CPU = sys.argv[1:3]
CC = sys.argv[3:]
ALLOWED = r'mem(cpy|set|move|cmp)'
ALLOWED_ALSO = {
    'arm': r'|__aeabi_mem(cpy|set|move|clr)[48]?',
    'x86': r'|_GLOBAL_OFFSET_TABLE_',
}
WRITABLE = re.compile(r'\.(data(?!\.rel\.ro)|bss|tbss|tdata)')
X86_VECTOR = r'%[xyz]?mm\d|%st\b|^f(?!s\b)\w+|^emms'
VECTOR = {
    'x86': X86_VECTOR,
    'x86_64': X86_VECTOR,
    'aarch64': r'(?<![\w.])[qvdshb]\d+(\.\w+)?\b',
    'arm': r'(?<![\w.])[qds]\d+\b|^v\w+\.',
    'riscv64': r'\bf([ats]\d+)\b|\bv\d+\b',
}
# Not built for the core: libc, writable data, floating point.
BAD = '''
extern int puts(const char *);
int bad_data = 1;
int bad_bss[4];
double bad_float(double a, double b) { puts("x"); return a * b + a; }
'''


def tool(name):
    return tap.run(*CC, '-print-prog-name=' + name)[1].strip()


def must(*command):
    status, output = tap.run(*command)
    if status:
        tap.ok(False, ' '.join(map(str, command)), output)
        tap.done()
    return output


def undefined(path):
    allowed = re.compile(ALLOWED + ALLOWED_ALSO.get(CPU, ''))
    names = [line.split()[-1] for line in
             must(tool('nm'), '-u', path).splitlines()]
    found = [f'undefined: {n}' for n in names if not allowed.fullmatch(n)]
    if 'undefined: _GLOBAL_OFFSET_TABLE_' in found:
        found.append('declare extern objects with hidden visibility')
    return found


def writable(path):
    found = []
    for line in must(tool('objdump'), '-h', path).splitlines():
        part = line.split()
        if part and part[0].isdigit() and int(part[2], 16) and \
                WRITABLE.match(part[1]):
            found.append(f'{part[1]}: {int(part[2], 16)} bytes')
    found += [f'common: {line}' for line in
              must(tool('nm'), path).splitlines() if ' C ' in line]
    return found


def vectors(path):
    """Instructions that name a vector or floating-point register."""
    found = []
    pattern = re.compile(VECTOR[CPU])
    for line in must(tool('objdump'), '-d', '--no-show-raw-insn',
                     path).splitlines():
        part = re.match(r'\s*[0-9a-f]+:\s+(.*)', line)
        # Branch targets and comments are not registers.
        text = re.sub(r'([0-9a-f]+ )?<[^>]*>|//.*|[;@#] .*', '',
                      part.group(1)) if part else ''
        if pattern.search(text.strip()):
            found.append(line)
    return found


RULES = (
    ('needs only the four memory functions', undefined),
    ('has no writable data', writable),
    ('uses no vector register', vectors),
)


def main():
    with tempfile.TemporaryDirectory() as place:
        whole = os.path.join(place, 'whole.o')
        must(*CC, '-nostdlib', '-r', '-o', whole, '-Wl,--whole-archive',
             ARCHIVE, '-Wl,--no-whole-archive')
        defined = must(tool('nm'), '--defined-only', whole)
        tap.ok(' T vic_version' in defined, 'the archive holds the library')
        for name, rule in RULES:
            tap.none(rule(whole), 'the library ' + name)

        source = os.path.join(place, 'bad.c')
        with open(source, 'w', encoding='utf-8') as file:
            file.write(BAD)
        bad = os.path.join(place, 'bad.o')
        must(*CC, '-O1', '-c', source, '-o', bad)
        for name, rule in RULES:
            tap.ok(rule(bad), 'the check sees code that is not so: ' + name)
    tap.done()


main()
