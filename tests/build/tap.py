# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What the checks in this folder share: TAP output and the file list."""

import os
import subprocess
import sys

SKIPPED = {'.git', 'build', 'LICENSES', 'fuzz/corpus'}

_count = 0
_failed = 0


def ok(passed, name, *details):
    """One test. Details are printed if it failed."""
    global _count, _failed
    _count += 1
    print('ok' if passed else 'not ok', _count, '-', name)
    if not passed:
        _failed += 1
        for detail in details:
            for line in str(detail).splitlines():
                print('#', line)
    sys.stdout.flush()
    return passed


def none(found, name):
    """One test: the list of offences is empty."""
    return ok(not found, name, *found)


def done():
    print(f'1..{_count}')
    sys.exit(1 if _failed or not _count else 0)


def run(*command, **options):
    """Run a command: its exit status and its output, both streams."""
    result = subprocess.run([str(c) for c in command], text=True,
                            stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, **options)
    return result.returncode, result.stdout


def files(root, *folders, ends=''):
    """Paths below the folders (default: all), relative to root."""
    for folder in folders or ('',):
        for where, dirs, names in os.walk(os.path.join(root, folder)):
            below = os.path.normpath(os.path.relpath(where, root))
            dirs[:] = sorted(d for d in dirs if d != '__pycache__' and
                             os.path.normpath(os.path.join(below, d))
                             not in SKIPPED)
            for name in sorted(names):
                if name.endswith(ends):
                    yield os.path.normpath(os.path.join(below, name))


def read(root, path):
    """The text of a file, or None if it is not text."""
    try:
        with open(os.path.join(root, path), encoding='utf-8') as file:
            text = file.read()
    except UnicodeDecodeError:
        return None
    return None if '\0' in text else text
