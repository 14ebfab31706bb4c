#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The Multiboot test kernel on vic-kvm: multiboot.py VIC_KVM KERNEL...

It judges what it was handed by itself. Here its console is compared with
what was given on the command line, and vic-kvm's refusals are read.
"""

import os
import re
import subprocess
import sys
import tempfile

import run
import tap

SECONDS = 60
CHECK = re.compile(r'check (\S+) (PASS|FAIL)')
MODULE = re.compile(r'module 0x([0-9a-f]+) 0x([0-9a-f]+) (.*)')


def start(vic_kvm, *arguments):
    """A run: its exit status and its lines, console and errors."""
    command = [vic_kvm, '--timeout', str(SECONDS), *arguments]
    print('#', *command, file=sys.stderr, flush=True)
    done = subprocess.run(command, text=True, errors='replace',
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=SECONDS + 30)
    return done.returncode, done.stdout.splitlines(), done.stderr


def checksum(data):
    """What the kernel prints of a module."""
    total = 0
    for byte in data:
        total = (total * 31 + byte) & 0xffffffffffffffff
    return total


def judge(where, status, lines, errors):
    """The kernel's own checks."""
    matches = [m for m in map(CHECK.fullmatch, lines) if m]
    tap.none([m[1] for m in matches if m[2] == 'FAIL'],
             f'{where}: the kernel finds all as specified')
    return tap.ok(len(matches) > 30 and 'kernel: passed' in lines,
                  f'{where}: it ran to its end', f'exit status {status}',
                  *lines[-5:], errors)


def plain(vic_kvm, kernel, irqchip):
    """No module, no argument but what the kernel wants to compare."""
    where = f'{os.path.basename(kernel)}, {irqchip}'
    append = 'mem=64 cpus=1'
    result = start(vic_kvm, '--kernel', kernel, '--irqchip', irqchip,
                   '--append', append)
    if judge(where, *result):
        tap.ok(result[0] == 1, f'{where}: exit through port 0xf4')
        tap.ok(f'cmdline {kernel} {append}' in result[1],
               f'{where}: the command line')
        tap.ok('loader vic-kvm' in result[1], f'{where}: the loader')


def modules(vic_kvm, kernel, folder):
    """An initrd and modules, one of them empty; more CPUs and memory."""
    data = {'one': b'first', 'two': bytes(range(256)) * 33, 'empty': b''}
    for name, content in data.items():
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(content)
    one, two, empty = (os.path.join(folder, name) for name in data)
    status, lines, errors = start(
        vic_kvm, '--kernel', kernel, '--vcpus', '3', '--mem', '100',
        '--initrd', one, '--module', f'{two} with arguments', '--module',
        empty, '--append', 'mem=100 cpus=3 poweroff')
    judge('modules', status, lines, errors)
    found = [(int(m[1], 16), int(m[2], 16), m[3])
             for m in map(MODULE.fullmatch, lines) if m]
    wanted = [(len(data['one']), checksum(data['one']), one),
              (len(data['two']), checksum(data['two']),
               two + ' with arguments'), (0, 0, empty)]
    tap.ok(found == wanted, 'the modules as given', found, wanted)
    tap.ok(status == 0, 'power-off as the ACPI tables say',
           f'exit status {status}', errors)


def unusual(vic_kvm, kernel):
    """CRC32 of 1 and 0, or a sentence where KVM cannot emulate it."""
    status, lines, errors = start(vic_kvm, '--kernel', kernel, '--append',
                                  'mem=64 cpus=1 unusual')
    if status == 123:
        tap.ok(re.search(r'vCPU 0 at RIP 0x20[0-9a-f]{4}: KVM cannot emulate '
                         r'this instruction.*: f2 0f 38 f1', errors),
               'an instruction that nobody can emulate ends the run',
               errors)
    else:
        tap.ok(status == 1 and 'unusual 0xdd45aab8' in lines,
               'KVM runs CRC32', status, *lines[-3:], errors)


def refused(vic_kvm, why, *arguments):
    """The command line is refused, with words that say so."""
    status, _, errors = start(vic_kvm, *arguments)
    tap.ok(status == 126 and re.search(why, errors), f'refused: {why}',
           f'exit status {status}', errors)


def refusals(vic_kvm, kernel, folder):
    """What cannot be loaded."""
    text = os.path.join(folder, 'text')
    with open(text, 'w', encoding='utf-8') as file:
        file.write('no kernel\n' * 1000)
    refused(vic_kvm, 'neither an ELF executable, nor', '--kernel', text)
    refused(vic_kvm, 'No such file', '--kernel', text + '.missing')
    refused(vic_kvm, 'not a regular file', '--kernel', folder)
    refused(vic_kvm, '--module .*missing: No such file', '--kernel', kernel,
            '--module', text + '.missing with arguments')
    large = os.path.join(folder, 'large')
    with open(large, 'wb') as file:
        file.truncate(3 << 20)
    refused(vic_kvm, 'raise --mem', '--kernel', kernel, '--mem', '4',
            '--module', large)
    refused(vic_kvm, 'more than 16 times', '--kernel', kernel,
            *['--module', text] * 17)


def main():
    vic_kvm, *kernels = sys.argv[1:]
    run.skip_without_kvm()
    for kernel in kernels:
        plain(vic_kvm, kernel, 'vic')
    plain(vic_kvm, kernels[0], 'kernel')
    with tempfile.TemporaryDirectory() as folder:
        modules(vic_kvm, kernels[0], folder)
        refusals(vic_kvm, kernels[0], folder)
    unusual(vic_kvm, kernels[0])
    tap.done()


main()
