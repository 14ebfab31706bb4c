#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Use the installed library as its users do:
check_package.py ROOT BUILD PREFIX LIBDIR MESON CC...
"""

import os
import platform
import shutil
import sys
import tempfile

import tap

ROOT, BUILD, PREFIX, LIBDIR = sys.argv[1:5]
MESON = sys.argv[5]
CC = sys.argv[6:]
CONSUMER = os.path.join(ROOT, 'tests/build/consumer')
WARNINGS = ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror']
# examples/el2 is for arm64 alone.
EL2_CC = 'aarch64-linux-gnu-gcc'


class Steps:
    """Commands of one test; the first that fails ends it."""

    def __init__(self, place, env):
        self.place, self.env, self.log, self.failed = place, env, '', False

    def run(self, *command):
        if not self.failed:
            status, output = tap.run(*command, cwd=self.place, env=self.env)
            self.log += f'$ {" ".join(map(str, command))}\n{output}'
            self.failed = status != 0
            return output.split()
        return []

    def needs(self, program, wanted):
        """The program is linked with libvic.so.0, or is not."""
        if not self.failed:
            _, output = tap.run('readelf', '-d', program, cwd=self.place)
            if ('[libvic.so.0]' in output) != wanted:
                self.failed = True
                self.log += 'not linked as asked:\n' + output


def pkg_config(steps, *flags):
    return steps.run('pkg-config', '--cflags', '--libs', *flags, 'libvic')


def with_pkg_config(steps):
    flags = pkg_config(steps)
    steps.run(*CC, *WARNINGS, f'{CONSUMER}/main.c', *flags, '-o', 'main')
    steps.needs('main', True)
    steps.run('./main')


def with_pkg_config_static(steps):
    flags = pkg_config(steps, '--static')
    steps.run(*CC, *WARNINGS, f'{CONSUMER}/main.c', *flags, '-static',
              '-o', 'main')
    steps.needs('main', False)
    steps.run('./main')


def with_cmake(steps):
    steps.run('cmake', '-S', CONSUMER, '-B', 'out',
              '-G', 'Ninja', f'-DCMAKE_C_COMPILER={CC[-1]}',
              f'-Dvic_DIR={steps.env["CMAKE_PACKAGE"]}')
    steps.run('cmake', '--build', 'out')
    steps.needs('out/shared', True)
    steps.needs('out/static', False)
    steps.run('out/shared')
    steps.run('out/static')


def with_meson(steps):
    shutil.copytree(f'{CONSUMER}/meson', f'{steps.place}/user')
    shutil.copy(f'{CONSUMER}/main.c', f'{steps.place}/user')
    os.symlink(ROOT, f'{steps.place}/user/subprojects/libvic')
    steps.run(MESON, 'setup', 'out', 'user')
    steps.run(MESON, 'compile', '-C', 'out')
    steps.run('out/main')


def with_sources(steps, sources):
    flags = pkg_config(steps)
    steps.run(*CC, *WARNINGS, '-pthread', '-D_GNU_SOURCE', *sources, *flags,
              '-o', 'example')


def for_el2(steps, sources):
    """A hypervisor links its own build of libvic: the headers must do."""
    flags = [f for f in pkg_config(steps) if f.startswith('-I')]
    steps.run(EL2_CC, *WARNINGS, '-ffreestanding', '-mgeneral-regs-only',
              '-fsyntax-only', *sources, *flags)


def examples():
    """The sources of each program; examples/common/ serves them all.

    One runs on the modelled processor, whose sources it takes along.
    """
    found = {}
    for path in tap.files(ROOT, 'examples', ends='.c'):
        found.setdefault(os.path.dirname(path), []).append(
            os.path.join(ROOT, path))
    common = found.pop('examples/common', [])
    found['examples/xen'] += [os.path.join(ROOT, path) for path in
                              tap.files(ROOT, 'tests/hw', ends='.c')
                              if os.path.basename(path).startswith('vtx_')]
    if platform.machine() != 'x86_64':
        found.pop('examples/kvm', None)
    if not shutil.which(EL2_CC):
        found.pop('examples/el2', None)
    return [(name, own + common) for name, own in sorted(found.items())]


def attempt(name, env, body, *args):
    with tempfile.TemporaryDirectory() as place:
        steps = Steps(place, env)
        body(steps, *args)
        tap.ok(not steps.failed, name, steps.log)


def main():
    stage = tempfile.mkdtemp(prefix='stage', dir=BUILD)
    libdir = os.path.join(stage + PREFIX, LIBDIR)
    env = dict(os.environ, DESTDIR=stage)
    status, output = tap.run(MESON, 'install', '--no-rebuild', '-C', BUILD,
                             env=env)
    tap.ok(status == 0, 'install with DESTDIR', output)
    env.pop('DESTDIR')
    # All other paths come from what is installed. (CMake does not look into
    # every libdir that Meson may choose, so it is told.)
    env.update(CMAKE_PACKAGE=libdir + '/cmake/vic', LD_LIBRARY_PATH=libdir,
               PKG_CONFIG_LIBDIR=libdir + '/pkgconfig',
               PKG_CONFIG_SYSROOT_DIR=stage)
    attempt('pkg-config, shared', env, with_pkg_config)
    attempt('pkg-config, static', env, with_pkg_config_static)
    attempt('CMake find_package, shared and static', env, with_cmake)
    attempt('Meson subproject', env, with_meson)
    for folder, sources in examples():
        attempt(f'{folder} builds from the installed library', env,
                for_el2 if folder == 'examples/el2' else with_sources,
                sources)
    shutil.rmtree(stage)
    tap.done()


main()
