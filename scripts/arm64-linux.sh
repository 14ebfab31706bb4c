#!/bin/sh
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
set -eu
. "$(dirname "$0")/lib.sh"
. "$root/scripts/arm64-apt.sh"

usage() {
	cat <<'END'
usage: scripts/arm64-linux.sh [INIT]

Makes build/cache/linux-arm64/Image, the kernel that Debian's current
linux-image-cloud-arm64 depends on, and build/cache/linux-arm64/busybox. They
are fetched once, without a change to the machine's own packages; remove the
folder to fetch newer ones. With INIT, a busybox script, it also makes
build/cache/linux-arm64/initrd, an initial RAM disk whose /init that is.
END
}

init=
case ${1-} in
'') ;;
-h | --help) usage; exit 0 ;;
-*) bad_argument "$1" ;;
*) init=$1 ;;
esac

cache=$root/build/cache/linux-arm64
meta=linux-image-cloud-arm64

# The package that holds the kernel: its name has a version that changes.
kernel_package() {
	foreign apt-cache depends "$meta" |
		sed -n 's/^ *Depends: \(linux-image-[0-9][^ :]*\).*/\1/p' |
		head -n 1
}

fetch() {
	say 'arm64-linux: reading package lists for arm64'
	apt_dir=$cache/apt
	foreign_update
	package=$(kernel_package)
	[ -n "$package" ] || foreign_failed "apt knows no $meta for arm64"
	say "arm64-linux: fetching $package and busybox-static"
	foreign_unpack "$cache/tree" "$package" busybox-static
	set -- "$cache"/tree/boot/vmlinuz-*
	# An arm64 Image says so at byte 56: no boot loader unpacks it here.
	[ "$(dd if="$1" bs=1 skip=56 count=4 2>/dev/null)" = ARMd ] ||
		die "the kernel of $package is no plain Image"
	mv "$cache/tree/bin/busybox" "$cache/busybox"
	echo "$package" >"$cache/package"
	# Last: it says that all the others are there.
	mv "$1" "$cache/Image"
	rm -rf "$cache/tree" "$apt_dir"
}

# Beside the target first: others may be reading it.
make_initrd() {
	command -v cpio >/dev/null || die 'cpio is missing: install cpio'
	tree=$(mktemp -d "$cache/initrd.XXXXXX")
	trap 'rm -rf "$tree" "$tree.new"' EXIT
	mkdir "$tree/bin" "$tree/dev" "$tree/proc" "$tree/sys" "$tree/tmp"
	cp "$cache/busybox" "$tree/bin/busybox"
	cp "$init" "$tree/init"
	chmod 755 "$tree/bin/busybox" "$tree/init"
	(cd "$tree" && find . | cpio --quiet -o -H newc) >"$tree.new"
	mv "$tree.new" "$cache/initrd"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
[ -e "$cache/Image" ] || fetch
[ -z "$init" ] || make_initrd
