#!/bin/sh
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
set -eu
. "$(dirname "$0")/lib.sh"
. "$root/scripts/arm64-apt.sh"

usage() {
	cat <<'END'
usage: scripts/arm64-cmocka.sh

Unpacks Debian's arm64 cmocka below build/cache, without a change to the
machine's own packages, and writes build/cache/arm64/cmocka.ini, a second
cross file for tests/build/cross/aarch64.ini: with both, `meson test` runs the
unit suites under qemu-user.
END
}

case ${1-} in
'') ;;
-h | --help) usage; exit 0 ;;
*) bad_argument "$1" ;;
esac

cache=$root/build/cache/arm64
ini=$cache/cmocka.ini
[ ! -e "$ini" ] || exit 0
mkdir -p "$cache"

say 'arm64-cmocka: fetching libcmocka for arm64'
apt_dir=$cache/apt
foreign_update
foreign_unpack "$cache/tree" libcmocka0 libcmocka-dev
rm -rf "$apt_dir"
lib=$cache/tree/usr/lib/aarch64-linux-gnu
cat >"$ini" <<END
[binaries]
exe_wrapper = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu',
  '-E', 'LD_LIBRARY_PATH=$lib']

[properties]
sys_root = '$cache/tree'
pkg_config_libdir = '$lib/pkgconfig'
END
