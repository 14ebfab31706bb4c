#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The program in docs/embedding.md works as the page says:
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


def blocks(text, language):
    return re.findall(rf'^```{language}\n(.*?)^```$', text, re.S | re.M)


def main():
    page = tap.read(ROOT, 'docs/embedding.md')
    with tempfile.TemporaryDirectory(prefix='stage', dir=BUILD) as stage:
        status, output = tap.run(MESON, 'install', '--no-rebuild', '-C', BUILD,
                                 env=dict(os.environ, DESTDIR=stage))
        tap.ok(status == 0, 'install with DESTDIR', output)
        libdir = os.path.join(stage + PREFIX, LIBDIR)
        env = dict(os.environ, LD_LIBRARY_PATH=libdir,
                   PKG_CONFIG_LIBDIR=libdir + '/pkgconfig',
                   PKG_CONFIG_SYSROOT_DIR=stage)
        with open(f'{stage}/vmm.c', 'w', encoding='utf-8') as file:
            file.write('\n'.join(blocks(page, 'c')))

        # The page's own command, with this build's compiler and warnings.
        command = next((b for b in blocks(page, 'sh') if 'pkg-config' in b),
                       'false')
        command = re.sub(r'^cc\b', ' '.join(map(shlex.quote, CC + FLAGS)),
                         command.strip())
        status, output = tap.run('sh', '-c', command, cwd=stage, env=env)
        tap.ok(status == 0, 'the command of the page builds its program',
               output)

        promised = re.search(r'^It prints `(.*?)`', page, re.M).group(1)
        pattern = re.escape(promised).replace('N', r'\d+') + '\n'
        wrong = []
        for _ in range(RUNS):
            status, output = tap.run('./vmm', cwd=stage, env=env, timeout=60)
            if status or not re.fullmatch(pattern, output):
                wrong.append(f'status {status}: {output}')
        tap.none(wrong[:3], f'in {RUNS} runs it prints what the page says')
    tap.done()


main()
