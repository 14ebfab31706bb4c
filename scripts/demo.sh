#!/bin/sh
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
set -eu
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<'END'
usage: scripts/demo.sh

Shows libvic at work, on a bare Debian machine, in under two minutes: installs
what a build needs (scripts/deps.sh build), builds below build/demo/, and boots
the guest of tests/guest/x86 on four vCPUs under KVM, whose local APICs are
libvic's. Where KVM cannot be used, examples/minimal takes its place: there
the guest is C code in the same process.

Standard output is the guest's result and tables: IPIs sent and delivered by
kind, how each target was reached, exits, latencies, and who sent to whom.
Progress goes to standard error. The exit status is 0 if all checks passed and
every interrupt that was sent arrived.

VIC_NO_KVM=1 runs as if the machine had no KVM.
END
}

case ${1-} in
'') ;;
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
			--stats --report 2>"$out/report" || status=$?
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
