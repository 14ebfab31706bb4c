#!/bin/sh
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
set -eu
. "$(dirname "$0")/lib.sh"

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
mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
cd "$cache"

# apt with lists of its own, for another architecture.
foreign_apt() {
	apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
		-o Dir::State::Lists="$cache/apt/lists" \
		-o Dir::State::status=/dev/null -o Dir::Cache="$cache/apt" \
		-o APT::Sandbox::User=root -o Acquire::Languages=none "$@" \
		>apt/log 2>&1
}

say 'arm64-cmocka: fetching libcmocka for arm64'
if ! foreign_apt update || ! foreign_apt download libcmocka0 libcmocka-dev
then
	cat apt/log >&2
	die 'apt-get could not fetch libcmocka0:arm64 and libcmocka-dev:arm64'
fi
for package in ./*.deb; do
	dpkg-deb -x "$package" tree
done
rm -rf apt ./*.deb
lib=$cache/tree/usr/lib/aarch64-linux-gnu
cat >"$ini" <<END
[binaries]
exe_wrapper = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu',
  '-E', 'LD_LIBRARY_PATH=$lib']

[properties]
sys_root = '$cache/tree'
pkg_config_libdir = '$lib/pkgconfig'
END
