#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The programs in docs/embedding*.md work as their pages say:
check_embedding.py ROOT BUILD PREFIX LIBDIR MESON CC...
"""

import os
import re
import shlex
import sys
import tempfile

import tap

ROOT, BUILD, PREFIX, LIBDIR, MESON = sys.argv[1:6]
CC = sys.argv[6:]
FLAGS = ['-O1', '-g', '-Wall', '-Wextra', '-Werror', '-pthread']
RUNS = 100
PAGES = ('docs/embedding.md', 'docs/embedding-arm.md')


def blocks(text, language):
    return re.findall(rf'^```{language}\n(.*?)^```$', text, re.S | re.M)


def check_page(page, stage, env):
    text = tap.read(ROOT, page)
    with open(f'{stage}/vmm.c', 'w', encoding='utf-8') as file:
        file.write('\n'.join(blocks(text, 'c')))
    status, output = tap.run('sh', '-c', command(), cwd=stage, env=env)
    tap.ok(status == 0, f'{page}: its program builds', output)

    promised = re.search(r'^It prints `(.*?)`', text, re.M).group(1)
    pattern = re.escape(promised).replace('N', r'\d+') + '\n'
    wrong = []
    for _ in range(RUNS):
        status, output = tap.run('./vmm', cwd=stage, env=env, timeout=60)
        if status or not re.fullmatch(pattern, output):
            wrong.append(f'status {status}: {output}')
    tap.none(wrong[:3], f'{page}: in {RUNS} runs its program prints what '
             'the page says')


def command():
    """The first page's command, with this build's compiler and warnings."""
    page = tap.read(ROOT, PAGES[0])
    found = next((b for b in blocks(page, 'sh') if 'pkg-config' in b), 'false')
    return re.sub(r'^cc\b', ' '.join(map(shlex.quote, CC + FLAGS)),
                  found.strip())


def main():
    with tempfile.TemporaryDirectory(prefix='stage', dir=BUILD) as stage:
        status, output = tap.run(MESON, 'install', '--no-rebuild', '-C', BUILD,
                                 env=dict(os.environ, DESTDIR=stage))
        tap.ok(status == 0, 'install with DESTDIR', output)
        libdir = os.path.join(stage + PREFIX, LIBDIR)
        env = dict(os.environ, LD_LIBRARY_PATH=libdir,
                   PKG_CONFIG_LIBDIR=libdir + '/pkgconfig',
                   PKG_CONFIG_SYSROOT_DIR=stage)
        for page in PAGES:
            check_page(page, stage, env)
    tap.done()


main()
