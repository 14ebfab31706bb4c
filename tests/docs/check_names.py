#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The pages speak of what exists: check_names.py ROOT

In the README.md of a folder of src/ a block of ```calls is a call graph. A
line is a function, indented below its caller, perhaps with a "*" when the
call goes through a pointer, and the file that defines it:

    vic_lapic_msr_write     src/apic/access.c
      write_icr *           src/apic/regs.c
"""

import os
import re
import sys

import tap
from csource import without_comments

ROOT = sys.argv[1]
GRAPHS = ('src/ipi/README.md', 'src/gic/README.md')
PAGES = (*GRAPHS, 'docs/design.md', 'docs/embedding.md',
                  'docs/embedding-arm.md', 'docs/posting.md',
         'docs/glossary.md')
PATH = re.compile(r'\b(?:src|include|tests|examples|docs|scripts|bench|fuzz)'
                  r'/[\w./-]*\w')
# libvic's own names, and every function in code quotes.
NAME = re.compile(r'(?<![:\w])(?:vic|VIC)_\w+|(?<=`)\w+(?=\(\)`)')


def load():
    """{path: code} of the library and its examples."""
    return {path: without_comments(tap.read(ROOT, path))
            for path in tap.files(ROOT, 'include', 'src', 'examples')
            if path.endswith(('.c', '.h'))}


def body(code, name):
    """The body of a function that a file defines, or None."""
    match = re.search(rf'^[^\s#][^;{{}}]*?\b{name}\([^;{{}}]*\)\n'
                      r'\{\n(.*?)^\}$', code, re.S | re.M)
    return match and match.group(1)


def called(text, name):
    return re.search(rf'\b{name}\(', text)


def mentioned(text, name):
    """The function's name where it is not called."""
    return re.search(rf'\b{name}\b(?!\()', text)


def graph_errors(block, sources):
    callers = []
    for line in block.splitlines():
        match = re.fullmatch(r'( *)(\w+)( \*)? +(\S+)(?:  .*)?', line)
        if not match:
            yield f'not understood: {line!r}'
            continue
        indent, name, pointer, path = match.groups()
        while callers and callers[-1][0] >= len(indent):
            callers.pop()
        text = body(sources.get(path, ''), name)
        if text is None:
            yield f'{path} does not define {name}()'
            text = ''
        if callers:
            _, caller, caller_text = callers[-1]
            if not pointer and not called(caller_text, name):
                yield f'{caller}() does not call {name}()'
            if pointer and not any(mentioned(outer, name)
                                   for _, _, outer in callers):
                yield f'no caller in the graph hands on {name}'
        callers.append((len(indent), name, text))


def main():
    sources = load()
    for page in GRAPHS:
        blocks = re.findall(r'^```calls\n(.*?)^```$', tap.read(ROOT, page),
                            re.S | re.M)
        tap.ok(blocks, f'{page} has a call graph')
        tap.none([e for b in blocks for e in graph_errors(b, sources)],
                 f'the call graph in {page} is that of the code')
    everything = '\n'.join(sources.values())
    for page in PAGES:
        text = tap.read(ROOT, page)
        if text is None:
            continue
        names = sorted(set(NAME.findall(text)))
        tap.none([f'no {n}' for n in names
                  if not re.search(rf'\b{n}'
                                   + ('' if n.endswith('_') else r'\b'),
                                   everything)],
                 f'{page}: its {len(names)} names exist')
        paths = sorted(set(PATH.findall(text)))
        tap.none([f'no {p}' for p in paths
                  if not os.path.exists(os.path.join(ROOT, p))],
                 f'{page}: its {len(paths)} paths exist')
    tap.done()


main()
