#!/bin/sh
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
set -eu
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<'END'
usage: scripts/el2.sh [OPTION]... GUEST [-- QEMU-ARGUMENT...]

Runs GUEST, an arm64 Image or a raw program for EL1, on examples/el2: a small
hypervisor at EL2 of QEMU's virt machine, whose guest has libvic's GIC. The
guest is loaded at 0x44000000 and entered there on vCPU 0 with the address of
its device tree in x0; PSCI starts the other vCPUs.

  --gic 3            the guest's GIC (default and only choice: 3)
  --vcpus N          vCPUs, 1 to 8 (default 4)
  --pcpus P          physical CPUs, 1 to 8 (default: as many as vCPUs);
                     with fewer than N the vCPUs take turns
  --aff0 A           vCPU i has Aff0 = A + i (default 0), in a --dtb too; RS
                     of ICC_SGI1R_EL1 works whatever ICC_CTLR_EL1.RSS says
  --wfi-exits on|off whether a vCPU that waits for an interrupt leaves the
                     guest (default off)
  --tcg multi|single a host thread for each physical CPU (default), or one
                     for all: then a guest that spins for another vCPU's
                     answer is quick even where host CPUs are few or busy
  --append TEXT      the guest's command line
  --initrd FILE      its initial RAM disk
  --dtb FILE         its device tree, in place of the one that is made up
  --timeout SECONDS  time for the guest (default 60; 0: as long as it wants)
  --stdin            standard input goes to the guest's console
  --stats            tell at the guest's power-off who sent what, how each
                     target was reached, and the exits

The guest's console (PL011) is standard output; what the hypervisor says goes
to standard error, each line after "[el2] ". The exit status is 0 when the
guest powers off through PSCI, 1 when it does what the hypervisor does not
know, its own if it exits by semihosting, and 124 when its time is over: then
the state of each vCPU's GIC is dumped before.

The hypervisor is built below build/el2/.
END
}

gic=3 vcpus=4 pcpus='' aff0=0 wfi=off tcg=multi append='' initrd='' dtb=''
timeout=60 stats=0 guest='' stdin=''

# number NAME VALUE MAXIMUM
number() {
	case $2 in
	'' | *[!0-9]*) die "--$1 wants a number, not '$2'" ;;
	esac
	[ "$2" -le "$3" ] || die "--$1 is at most $3"
}

while [ $# != 0 ]; do
	case $1 in
	-h | --help) usage; exit 0 ;;
	--stats) stats=1; shift; continue ;;
	--stdin) stdin=yes; shift; continue ;;
	--) shift; break ;;
	--*) [ $# -ge 2 ] || bad_argument "$1" ;;
	*)
		[ -z "$guest" ] || bad_argument "$1"
		guest=$1
		shift
		continue
		;;
	esac
	case $1 in
	--gic) gic=$2 ;;
	--vcpus) vcpus=$2 ;;
	--pcpus) pcpus=$2 ;;
	--aff0) aff0=$2 ;;
	--wfi-exits) wfi=$2 ;;
	--tcg) tcg=$2 ;;
	--append) append=$2 ;;
	--initrd) initrd=$2 ;;
	--dtb) dtb=$2 ;;
	--timeout) timeout=$2 ;;
	*) bad_argument "$1" ;;
	esac
	shift 2
done
: "${pcpus:=$vcpus}"
[ -n "$guest" ] || die 'no guest; see el2.sh --help'
[ "$gic" = 3 ] || die "there is no GICv$gic here, only 3"
number vcpus "$vcpus" 8
number pcpus "$pcpus" 8
number aff0 "$aff0" $((256 - vcpus))
number timeout "$timeout" 86400
case $wfi in
on) wfi=1 ;;
off) wfi=0 ;;
*) die "--wfi-exits is on or off, not '$wfi'" ;;
esac
case $tcg in
multi | single) ;;
*) die "--tcg is multi or single, not '$tcg'" ;;
esac
for file in "$guest" ${initrd:+"$initrd"} ${dtb:+"$dtb"}; do
	[ -r "$file" ] || die "cannot read $file"
done

out=$root/build/el2
target=examples/el2/vic-el2.bin

need() {
	command -v "$1" >/dev/null || die "$1 is missing: install $2"
}

# Several runs at once share one build.
build() {
	need qemu-system-aarch64 qemu-system-arm
	need aarch64-linux-gnu-gcc \
		'gcc-aarch64-linux-gnu and libc6-dev-arm64-cross'
	mkdir -p "$out"
	exec 9>"$out/lock"
	flock 9
	if [ ! -e "$out/build.ninja" ]; then
		meson setup "$out" "$root" --buildtype=release \
			--cross-file "$root/tests/build/cross/aarch64.ini" \
			-Dtests=disabled -Dexamples=enabled
	fi >"$out/setup.log" 2>&1 </dev/null || {
		tail -n 40 "$out/setup.log" >&2
		die 'meson setup failed, as above'
	}
	ninja -C "$out" "$target" >"$out/build.log" 2>&1 </dev/null || {
		tail -n 40 "$out/build.log" >&2
		die 'the build failed, as above'
	}
	cp "$out/$target" "$work/hypervisor"
	exec 9>&-
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build

# loader FILE ADDRESS: QEMU's option for a file in memory.
loader() {
	echo "-device loader,file=$1,addr=$2,force-raw=on"
}

{
	printf 'vcpus=%s\npcpus=%s\naff0=%s\n' "$vcpus" "$pcpus" "$aff0"
	printf 'wfi-exits=%s\n' "$wfi"
	printf 'timeout=%s\nstats=%s\n' "$timeout" "$stats"
	[ -z "$dtb" ] || echo dtb=1
	[ -z "$initrd" ] || echo "initrd=$(stat -L -c %s "$initrd")"
	printf 'append=%s\n' "$append"
} >"$work/options"
# QEMU's option syntax would split a name at its commas and spaces.
ln -s "$(realpath "$guest")" "$work/guest"
files="$(loader "$work/options" 0x41f00000)
	$(loader "$work/guest" 0x44000000)"
if [ -n "$dtb" ]; then
	ln -s "$(realpath "$dtb")" "$work/dtb"
	files="$files $(loader "$work/dtb" 0x4f000000)"
fi
if [ -n "$initrd" ]; then
	ln -s "$(realpath "$initrd")" "$work/initrd"
	files="$files $(loader "$work/initrd" 0x50000000)"
fi

[ -n "$stdin" ] || exec </dev/null
# The hypervisor ends the run itself; this is for the case that it hangs.
limit=0
[ "$timeout" = 0 ] || limit=$((timeout + 15))
status=0
timeout --foreground -s KILL "$limit" qemu-system-aarch64 \
	-M virt,virtualization=on,gic-version=3 -cpu cortex-a57 \
	-accel "tcg,thread=$tcg" -smp "$pcpus" -m 512 -nodefaults \
	-display none -serial stdio -no-reboot \
	-semihosting-config enable=on,target=native \
	-kernel "$work/hypervisor" $files "$@" || status=$?
if [ "$status" = 137 ]; then
	say '[el2] the hypervisor itself hangs: no dump'
	status=124
fi
exit "$status"
