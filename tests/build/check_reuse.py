#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Every file has a licence: check_reuse.py ROOT."""

import os
import shutil
import sys
import tempfile

import tap

ROOT = sys.argv[1]


def not_sources(folder, names):
    top = {'build', '.git'} if os.path.samefile(folder, ROOT) else set()
    return (top | {'__pycache__'}) & set(names)


# A copy, as reuse looks at what version control does not ignore only where
# there is version control.
with tempfile.TemporaryDirectory() as place:
    copy = os.path.join(place, 'copy')
    shutil.copytree(ROOT, copy, symlinks=True, ignore=not_sources)
    status, output = tap.run('reuse', '--root', copy, 'lint')
tap.ok(status == 0, 'reuse lint', output)
tap.done()
