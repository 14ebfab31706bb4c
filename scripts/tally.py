#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Count what a `meson test` run did: tally.py NAME TESTLOG.JSON...

A suite that prints TAP is as many tests as it has cases, any other is one.
Prints "SKIP suite: reason" lines and, last, "PASSED FAILED SKIPPED". The
output of what failed goes to standard error.
"""

import json
import re
import sys

CASE = re.compile(r'(not )?ok\b(?: +\d+)?(.*)')
PLAN = re.compile(r'1\.\.(\d+)\b')
SHOWN_LINES = 200


def cases(text):
    """Cases that passed and failed, and how many the plan announced."""
    passed, failed, plan = 0, [], None
    for line in text.splitlines():
        if match := CASE.match(line):
            if match.group(1):
                failed.append(match.group(2).lstrip(' -'))
            else:
                passed += 1
        elif match := PLAN.match(line):
            plan = (plan or 0) + int(match.group(1))
    return passed, failed, plan


def judge(record):
    """(passed, failed, skip line or None, what is wrong or None)."""
    output = record.get('stdout') or ''
    if record['returncode'] == 77:
        skip = re.search(r'^SKIP \S.*: .*$', output +
                         (record.get('stderr') or ''), re.M)
        if skip:
            return 0, 0, skip.group(), None
        return 0, 1, None, 'exit status 77 without "SKIP suite: reason"'
    passed, failed, plan = cases(output)
    if record['result'] != 'OK':
        why = record['result']
    elif plan == 0:
        why = 'no cases'
    elif plan is not None and plan != passed + len(failed):
        why = f'{plan} cases announced, {passed + len(failed)} reported'
    elif failed:
        why = 'exit status 0 in spite of failed cases'
    else:
        return passed or 1, 0, None, None
    return passed, len(failed) or 1, None, why


def show(build, record, why):
    text = (record.get('stdout') or '') + (record.get('stderr') or '')
    lines = [line for line in text.splitlines()
             if not line.startswith('ok ')]
    print(f'FAILED {build}: {record["name"]}: {why}, exit status '
          f'{record["returncode"]}', *lines[-SHOWN_LINES:], '', sep='\n',
          file=sys.stderr)


def main():
    build = sys.argv[1]
    passed = failed = skipped = 0
    for path in sys.argv[2:]:
        with open(path, encoding='utf-8') as file:
            for record in map(json.loads, file):
                good, bad, skip, why = judge(record)
                passed += good
                failed += bad
                if skip:
                    skipped += 1
                    print(skip, f'[{build}]')
                if why:
                    show(build, record, why)
    print(passed, failed, skipped)


main()
