#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Boot Debian's arm64 kernel on examples/el2: boot.py [--keep DIR] [OPTION...]

The kernel and its busybox come from scripts/arm64-linux.sh. Linux's own
account of its GIC, /proc/interrupts and its messages, is what is checked.
OPTIONs go to scripts/el2.sh; without any it boots once for each of MODES.
--keep leaves the console and what the hypervisor says in DIR.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, '..', '..', '..'))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'build'))
import tap  # noqa: E402

CACHE = os.path.join(ROOT, 'build', 'cache', 'linux-arm64')
CPUS = 4
SECONDS = 150
MODES = (('--wfi-exits', 'off'),
         ('--wfi-exits', 'on', '--pcpus', '2'))
# The bytes that init sends from CPU to CPU, one at a time.
BYTES = 400
TYPED = 'libvic'
NEEDS = {'qemu-system-aarch64': 'qemu-system-arm',
         'aarch64-linux-gnu-gcc': 'gcc-aarch64-linux-gnu',
         'cpio': 'cpio'}
COMPLAINT = re.compile(r'WARNING:|BUG:|Oops|Call trace|stall|panic'
                       r'|[Uu]nexpected|timed out|enabling workaround')
ROW = re.compile(r' *(\w+): +((?:\d+ +)*\d+)\b *(.*)')
STAT = re.compile(r'\[el2\] vCPU (\d): IPIs sent (\d+), taken (\d+), '
                  r'EOIs (\d+);')


def skip(why):
    print(f'SKIP guest/arm64_linux: {why}')
    sys.exit(77)


def prepare():
    for tool, package in NEEDS.items():
        if not shutil.which(tool):
            skip(f'no {tool} (package {package})')
    cached = os.path.exists(os.path.join(CACHE, 'Image'))
    status, output = tap.run(f'{ROOT}/scripts/arm64-linux.sh',
                             os.path.join(HERE, 'init'))
    if status and not cached:
        print(output, file=sys.stderr)
        skip(f'no kernel: {output.strip().splitlines()[-1]}')
    if status:
        tap.ok(False, 'the initial RAM disk is made', output)
        tap.done()


def type_when_asked(process, out):
    """Copy the console to out; answer the guest's question on the way."""
    for line in process.stdout:
        out.write(line)
        if line.startswith(b'@@ type'):
            process.stdin.write(TYPED.encode() + b'\n')
            process.stdin.flush()


def boot(options, folder):
    """Exit status, console, what the hypervisor said."""
    os.makedirs(folder, exist_ok=True)
    paths = [os.path.join(folder, name) for name in ('console', 'el2')]
    with open(paths[0], 'wb') as out, open(paths[1], 'wb') as err, \
            subprocess.Popen(
                [f'{ROOT}/scripts/el2.sh', '--vcpus', str(CPUS), '--stats',
                 '--timeout', str(SECONDS), '--stdin', '--append',
                 'console=ttyAMA0 earlycon', '--initrd', f'{CACHE}/initrd',
                 *options, f'{CACHE}/Image'],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=err) as process:
        type_when_asked(process, out)
    texts = []
    for path in paths:
        with open(path, encoding='utf-8', errors='replace') as file:
            texts.append(file.read().replace('\r', ''))
    return process.returncode, *texts


def table(text):
    """{what: [count per CPU]} of one copy of /proc/interrupts."""
    rows = {}
    for line in text.splitlines():
        if match := ROW.match(line):
            what = match.group(3).split('  ')[-1].strip() or match.group(1)
            rows[what] = [int(n) for n in match.group(2).split()]
    return rows


def part(console, title):
    """The lines between "@@ TITLE" and "@@ end"."""
    match = re.search(rf'^@@ {title}\n(.*?)^@@ end$', console, re.S | re.M)
    return match.group(1) if match else ''


def check_cpus(console, told):
    tap.ok(told.count('online 0-3') == 2, 'all CPUs are online, twice', told)
    for cpu, rest in (1, '0,2-3'), (2, '0-1,3'), (3, '0-2'):
        tap.ok(f'offline {cpu} {rest}' in told and f'back {cpu} 0-3' in told,
               f'CPU {cpu} goes offline and comes back', told)
    tap.ok('alone 0' in told, 'CPU 0 can be the only one', told)
    for when in 'before', 'after':
        talks = re.findall(rf'^@@ talk {when} (\d \d) (\d+)$', console, re.M)
        tap.ok([n for _, n in talks] == [str(BYTES)] * CPUS,
               f'what CPUs send each other arrives, {when}', talks)


def check_interrupts(console):
    before = table(part(console, 'interrupts before'))
    after = table(part(console, 'interrupts after'))
    for what in ('Rescheduling interrupts', 'Function call interrupts',
                 'arch_timer'):
        old, new = before.get(what, []), after.get(what, [])
        tap.ok(len(old) == CPUS and all(old),
               f'{what}: some on each CPU', before)
        tap.ok(len(new) == CPUS and all(a < b for a, b in zip(old, new)),
               f'{what}: more on each CPU after it was away', old, new)
    tap.ok(f'@@ typed {TYPED}' in console.splitlines() and
           any(after.get('uart-pl011', [])),
           'what is typed arrives, with the interrupts of an SPI', after)
    tap.ok(after.get('Err') == [0], 'no spurious interrupts', after)


def check(options, status, console, said):
    tap.ok(status == 0, f'exit status 0 with {" ".join(options)}',
           f'status {status}', said[-4000:], console[-4000:])
    told = re.findall(r'^@@ (.*)$', console, re.M)
    messages = part(console, 'messages')
    tap.ok('done' in told and 'reboot: Power down' in console,
           'Linux powers the machine off', console[-4000:])
    found = re.findall(r'GICv3: CPU(\d): found redistributor', messages)
    tap.ok(set(found) == set(map(str, range(CPUS))),
           'each CPU finds its Redistributor', found)
    tap.none([line for line in messages.splitlines()
              if COMPLAINT.search(line)], 'the kernel does not complain')
    check_cpus(console, told)
    check_interrupts(console)
    stats = STAT.findall(said)
    tap.ok(len(stats) == CPUS and
           all(int(n) for line in stats for n in line[1:]),
           'each vCPU sends, takes and ends interrupts', said[-4000:])


def main():
    options = sys.argv[1:]
    keep = None
    if options[:1] == ['--keep']:
        keep, options = options[1], options[2:]
    prepare()
    for mode in [options] if options else MODES:
        with tempfile.TemporaryDirectory() as scratch:
            check(mode, *boot(mode, keep or scratch))
    tap.done()


main()
