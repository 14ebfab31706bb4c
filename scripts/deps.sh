#!/bin/sh
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
set -eu
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<'END'
usage: scripts/deps.sh [build | arm | linux | test]

Installs the Debian packages that this tree needs and the machine lacks:
  build  what the library, the examples and the demo need
  arm    what examples/el2 and the demo's --arm need
  linux  what scripts/linux-guest.sh needs
  test   what scripts/test.sh needs (default)
Says nothing if nothing is missing. Needs root, or sudo.
END
}

build='gcc libc6-dev meson'
arm="$build cpio qemu-system-arm"
case $(uname -m) in
aarch64) ;;
*) arm="$arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross" ;;
esac
linux='bc bison cpio flex gcc libc6-dev libelf-dev lz4 make xz-utils'
test="$arm cmake clang doxygen g++ gcovr graphviz libclang-rt-dev
libcmocka-dev pkg-config relacy-dev reuse spin universal-ctags valgrind
gcc-i686-linux-gnu libc6-dev-i386-cross
gcc-arm-linux-gnueabihf libc6-dev-armhf-cross
gcc-riscv64-linux-gnu libc6-dev-riscv64-cross"
case $(uname -m) in
x86_64)
	test="$test qemu-user"
	;;
esac

case ${1-test} in
-h | --help) usage; exit 0 ;;
build) wanted=$build ;;
arm) wanted=$arm ;;
linux) wanted=$linux ;;
test) wanted=$test ;;
*) bad_argument "$1" ;;
esac

command -v apt-get >/dev/null ||
	die "no apt-get here; install what these packages hold: $wanted"

# Those of the wanted packages that are not installed.
missing() {
	for package in $wanted; do
		case $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" \
			2>/dev/null || :) in
		?i*) ;;
		*) printf ' %s' "$package" ;;
		esac
	done
}

lacks=$(missing)
[ -n "$lacks" ] || exit 0
sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
	command -v sudo >/dev/null ||
		die "not root and no sudo to install:$lacks"
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

apt() {
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq \
		-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		-o Acquire::Languages=none -o Acquire::Retries=3 "$@" \
		</dev/null >"$log" 2>&1
}

# A source that cannot be read matters only if the packages are not found.
update() {
	say 'deps: reading package lists'
	apt update || :
}

install() {
	say "deps: installing$lacks"
	apt install --no-install-recommends $lacks && [ -z "$(missing)" ]
}

find /var/lib/apt/lists -name '*_Packages*' 2>/dev/null | grep -q . || update
install || {
	# The lists may be older than the archive.
	update
	install
} || {
	cat "$log" >&2
	die 'apt-get could not install the packages named above'
}
