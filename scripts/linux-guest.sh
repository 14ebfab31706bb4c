#!/bin/sh
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
set -eu
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<'END'
usage: scripts/linux-guest.sh [INIT]

Makes a Linux guest for examples/kvm below build/cache/linux-x86/:
  vmlinux  a kernel of Debian's linux-source package, with little in it
           (scripts/linux-guest/config)
  bzImage  the same, compressed
  initrd   an initial RAM disk with busybox and /init, which is INIT, a
           busybox script (default scripts/linux-guest/init)
  cmdline  a command line for a KVM that emulates the kernel
and prints the command that boots it. The kernel is built once: a few minutes
on two CPUs, and 2 GB of disk while it is built; remove the folder to fetch a
newer one. What the build needs is installed by `scripts/deps.sh linux`; the
two Debian packages that the guest is made of are fetched, not installed.

Worth adding to the command: --x2apic off (the guest uses xAPIC mode), and to
the command line run="COMMAND" (what /init runs in place of uname -a) and
lapic=notscdeadline (Linux measures the local APIC's timer by the 8254, whose
interrupts come through the IOAPIC).
END
}

init=$root/scripts/linux-guest/init
case ${1-} in
'') ;;
-h | --help) usage; exit 0 ;;
-*) bad_argument "$1" ;;
*) init=$1 ;;
esac
[ -r "$init" ] || die "cannot read $init"
[ "$(uname -m)" = x86_64 ] || die "the guest is for x86_64, this is $(uname -m)"

cache=$root/build/cache/linux-x86
parts=$root/scripts/linux-guest
work=$cache/work

# quiet_apt COMMAND...: an apt command, with what suits a script.
quiet_apt() {
	"$@" -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 </dev/null
}

# The package that holds the source: its name has a version that changes.
source_package() {
	quiet_apt apt-cache depends linux-source |
		sed -n 's/^ *Depends: \(linux-source-[0-9][^ :]*\).*/\1/p' |
		head -n 1
}

fetch() {
	package=$(source_package)
	[ -n "$package" ] ||
		die 'apt knows no linux-source; does apt-get update help?'
	say "linux-guest: fetching $package and busybox-static"
	(cd "$work" && quiet_apt apt-get download "$package" busybox-static) ||
		die "apt-get could not fetch $package and busybox-static"
	for deb in "$work"/*.deb; do
		dpkg-deb -x "$deb" "$work"
	done
	tar -C "$work" -xf "$work/usr/src/$package.tar.xz"
	tree=$work/$package
}

# The call in exc_page_fault() for which syscall.h is there.
add_syscall() {
	fault=$tree/arch/x86/mm/fault.c
	cp "$parts/syscall.h" "$tree/arch/x86/mm/"
	sed -i -e '/^DEFINE_IDTENTRY_RAW_ERRORCODE(exc_page_fault)/i \
#include "syscall.h"\n' -e '/^\tstate = irqentry_enter(regs);/i \
\tif (fault_is_syscall(regs, address))\
\t\treturn;\n' "$fault"
	[ "$(grep -c -e '^#include "syscall.h"' \
		-e '^	if (fault_is_syscall' "$fault")" = 2 ] ||
		die "cannot add the call to exc_page_fault() of $package"
}

# run COMMAND...: its output is shown only if it fails.
run() {
	"$@" >"$work/log" 2>&1 </dev/null || {
		tail -n 40 "$work/log" >&2
		die "'$*' failed, as above"
	}
}

configure() {
	run make -C "$tree" O="$work/out" KCONFIG_ALLCONFIG="$parts/config" \
		allnoconfig
	wanted=$(grep '=[y0-9]' "$parts/config" |
		grep -v -x -F -f "$work/out/.config" || :)
	[ -z "$wanted" ] || die "$package cannot be configured with" $wanted
}

make_kernel() {
	"$root/scripts/deps.sh" linux
	rm -rf "$work"
	mkdir -p "$work/out"
	fetch
	add_syscall
	configure
	say "linux-guest: building $package, which takes minutes"
	run make -C "$tree" O="$work/out" -j "$(nproc)" bzImage
	strip -o "$cache/vmlinux" "$work/out/vmlinux"
	mv "$work/bin/busybox" "$cache/busybox"
	cat "$parts/config" "$parts/syscall.h" >"$cache/made-of"
	# Last: it says that all the others are there.
	mv "$work/out/arch/x86/boot/bzImage" "$cache/bzImage"
	rm -rf "$work"
}

# Beside the target first: others may be reading it.
make_initrd() {
	tree=$(mktemp -d "$cache/initrd.XXXXXX")
	trap 'rm -rf "$tree" "$tree.new"' EXIT
	mkdir "$tree/bin" "$tree/proc" "$tree/tmp"
	cp "$cache/busybox" "$tree/bin/busybox"
	ln -s busybox "$tree/bin/sh"
	cp "$init" "$tree/init"
	chmod 755 "$tree" "$tree/bin/busybox" "$tree/init"
	(cd "$tree" && find . | cpio --quiet -o -H newc) >"$tree.new"
	mv "$tree.new" "$cache/initrd"
}

# For a KVM that emulates the kernel one instruction after the other:
# noxsave, clearcpuid: what the emulator cannot run, by numbers of
#     arch/x86/include/asm/cpufeatures.h (popcnt, smap, cmpxchg16b and the
#     like), and erms and fsrm, which it runs byte by byte;
# GLIBC_TUNABLES: a kernel without xsave does not keep AVX registers, and
#     user space is not emulated: it sees all that the host's CPU has;
# tsc_early_khz, lpj: far too much, so that the guest's clock is slow and
#     timer interrupts leave time for the rest;
# rodata: protecting the kernel from itself takes seconds.
make_cmdline() {
	{
		printf '%s ' console=ttyS0 tsc=reliable tsc_early_khz=20000000 \
			lpj=20000000 rodata=off noxsave
		printf 'clearcpuid=%s' 297,580,151,308,298,590,141,145,514
		printf ',%s ' 137,147,148,129,153,156,293,128
		printf 'GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX512F,%s\n' \
			-AVX512VL,-AVX_Fast_Unaligned_Load
	} >"$cache/cmdline"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
[ -e "$cache/bzImage" ] && cat "$parts/config" "$parts/syscall.h" |
	cmp -s - "$cache/made-of" || make_kernel
make_initrd
make_cmdline
say 'linux-guest: to boot it, with vic-kvm of your build folder:'
cat <<END
build/examples/kvm/vic-kvm --kernel $cache/vmlinux \\
  --initrd $cache/initrd --vcpus 2 --timeout 300 \\
  --append "\$(cat $cache/cmdline)"
END
