#!/bin/sh
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
set -eu
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<'END'
usage: scripts/demo.sh [--arm]

Shows libvic at work, on a bare Debian machine, in about two minutes. First it
installs what is missing (scripts/deps.sh); it builds below build/.

Without --arm it boots the guest of tests/guest/x86 on four vCPUs under KVM,
whose local APICs are libvic's. Where KVM cannot be used, examples/minimal
takes its place: there the guest is C code in the same process.

With --arm it boots Debian's own arm64 kernel on four vCPUs of examples/el2, a
hypervisor at EL2 of QEMU's virt machine, whose GICv3 is libvic's. Linux then
takes its CPUs offline and online again. The kernel and busybox are fetched
from Debian into build/cache/linux-arm64; nothing but the packages of
`scripts/deps.sh arm` is installed.

Standard output is the guest's result and tables. Progress goes to standard
error. The exit status is 0 if all checks passed; without --arm they include
that every interrupt that was sent arrived.

VIC_NO_KVM=1 runs as if the machine had no KVM.
END
}

arm=
case ${1-} in
'') ;;
--arm) arm=yes ;;
-h | --help) usage; exit 0 ;;
*) bad_argument "$1" ;;
esac

cd "$root"
started=$(date +%s)
out=build/demo
minimal=examples/minimal/vic-minimal
kvm=examples/kvm/vic-kvm
guest=tests/guest/x86/guest.elf

step() {
	say "demo: [$(($(date +%s) - started)) s] $*"
}

# run LOG COMMAND...: its output is shown only if it fails.
run() {
	log=$1
	shift
	"$@" >"$log" 2>&1 </dev/null || {
		tail -n 60 "$log" >&2
		die "'$*' failed, as above; the whole output is in $log"
	}
}

build() {
	mkdir -p "$out"
	run "$out/setup.log" meson setup "$out" --buildtype=release
	run "$out/build.log" ninja -C "$out" "$@"
}

# The guest under KVM; 125 if there is no KVM. What it prints goes to
# $out/console, a line for every 20 checks to the terminal.
boot() {
	{
		status=0
		"$out/$kvm" --kernel "$out/$guest" --vcpus 4 --irqchip vic \
			--stats --report --timeout 150 2>"$out/report" ||
			status=$?
		echo "status $status"
	} | while read -r line; do
		echo "$line"
		case $line in
		check*) checks=$((${checks-0} + 1)) ;;
		*) continue ;;
		esac
		[ $((checks % 20)) != 0 ] || step "$checks checks"
	done >"$out/console"
	return "$(sed -n 's/^status //p' "$out/console")"
}

show_kvm() {
	echo "Guest on 4 vCPUs under KVM ($(nproc) CPUs); its local APICs" \
		"are libvic's."
	grep -v -e '^check .* PASS$' -e '^status ' "$out/console" || :
	echo
	grep -v '^stat ' "$out/report" || :
}

# Exit status (0 << 1) | 1: the guest wrote 0 to say that all checks passed.
try_kvm() {
	step 'booting the guest under KVM on 4 vCPUs'
	status=0
	boot || status=$?
	if [ "$status" = 125 ]; then
		why=$(tail -n 1 "$out/report" | sed 's,^vic-kvm: ,,')
		return 1
	fi
	show_kvm
	[ "$status" = 1 ] ||
		die "the guest failed: vic-kvm's exit status is $status, not 1"
	grep -q '^stat balance 0$' "$out/report" ||
		die 'not exact: interrupts were lost or invented'
	step 'all checks passed, exact'
}

show_minimal() {
	step "no KVM, so examples/minimal instead ($why)"
	echo "Pretend guest on 4 vCPUs, each a thread; no KVM: $why"
	"$out/$minimal" --vcpus 4 --report ||
		die 'examples/minimal failed: interrupts were lost or invented'
	step 'exact'
}

# One copy of /proc/interrupts, without rows of zeroes.
show_interrupts() {
	sed -n "/^@@ interrupts $1/,/^@@ end/p" "$out/console" | tr -d '\r' |
		grep -v -e '^@@' -e '^[^:]*:\( *0\)* *[^ 0-9]'
}

show_arm() {
	linux=build/cache/linux-arm64
	echo "Debian's $(cat $linux/package) on 4 vCPUs of examples/el2;" \
		"its GICv3 is libvic's."
	echo
	echo '/proc/interrupts in the guest, rows of zeroes left out:'
	show_interrupts before
	echo
	echo 'After CPUs 1, 2 and 3 went offline, each by itself, then all:'
	show_interrupts after
	echo
	echo 'What the hypervisor counted:'
	sed -n 's/^\[el2\] //p' "$out/el2"
	echo
}

demo_arm() {
	step 'installing what is missing (a cross compiler and QEMU)'
	scripts/deps.sh arm
	out=build/demo/arm
	mkdir -p "$out"
	step 'fetching a kernel, if there is none yet'
	scripts/arm64-linux.sh
	step "booting Linux, which ends within a minute"
	status=0
	tests/guest/arm64_linux/boot.py --keep "$out" --wfi-exits on \
		>"$out/checks" || status=$?
	[ "$status" != 77 ] || die "$(cat "$out/checks")"
	show_arm
	grep '^not ok' -A 20 "$out/checks" || :
	[ "$status" = 0 ] ||
		die "failed checks: $(grep -c '^not ok' "$out/checks"), as" \
			"above; the console is in $out/console"
	echo "$(grep -c '^ok' "$out/checks") checks, all passed"
	step 'all checks passed'
}

if [ -n "$arm" ]; then
	demo_arm
	exit 0
fi
step 'installing what is missing (a compiler and Meson)'
scripts/deps.sh build
why=
if [ "${VIC_NO_KVM-}" = 1 ]; then
	why='VIC_NO_KVM is 1'
elif [ "$(uname -m)" != x86_64 ]; then
	why="vic-kvm is for x86_64, this is $(uname -m)"
fi
step building
if [ -n "$why" ]; then
	build "$minimal"
else
	build "$minimal" "$kvm" "$guest"
fi
if [ -n "$why" ] || ! try_kvm; then
	show_minimal
fi
