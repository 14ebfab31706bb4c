#!/bin/sh
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
set -eu
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<'END'
usage: scripts/test.sh [--quick] [--long] [--coverage] [--no-deps]

Builds libvic in every way that is supported below build/test/ and runs the
suites that fit each build. Progress and the output of what failed go to
standard error; the last line of standard output is
  N passed, N failed, N skipped
where one CMocka case, TAP line, guest check or replayed input is one test.
The exit status is 0 if nothing failed.

  --quick     the plain gcc build alone
  --long      also the suites that take hours
  --coverage  also line and branch coverage, below build/test/coverage/
  --no-deps   do not call scripts/deps.sh first

VIC_NO_KVM=1 runs as if the machine had no KVM.
END
}

quick='' long='' coverage='' deps=yes
for argument; do
	case $argument in
	--quick) quick=yes ;;
	--long) long=long ;;
	--coverage) coverage=yes ;;
	--no-deps) deps='' ;;
	-h | --help) usage; exit 0 ;;
	*) bad_argument "$argument" ;;
	esac
done

cd "$root"
started=$(date +%s)
out=build/test
mkdir -p "$out"
exec 9>"$out/lock"
flock -n 9 || {
	say 'another test.sh runs in this tree; waiting for its end'
	flock 9
}
passed=0 failed=0 skipped=0

# step BUILD TEXT: what goes on, with the time since the start.
step() {
	say "[$(($(date +%s) - started)) s] $1: $2"
}

# add PASSED FAILED SKIPPED
add() {
	passed=$((passed + $1)) failed=$((failed + $2))
	skipped=$((skipped + $3))
}

# The gcc build runs these for all.
once='--no-suite source --no-suite package'

# build NAME MESON-ARGUMENT...: configure and compile. One failure is one
# failed test.
build() {
	name=$1
	shift
	step "$name" building
	log=$out/$name.log
	again=
	[ ! -e "$out/$name/meson-private/coredata.dat" ] || again=--reconfigure
	if meson setup $again "$out/$name" -Dwerror=true -Dtests=enabled \
		"$@" >"$log" 2>&1 </dev/null &&
		meson compile -C "$out/$name" >>"$log" 2>&1; then
		return 0
	fi
	say "FAILED $name: does not build"
	grep -m 1 -A 60 -E '^FAILED|ERROR:' "$log" >&2 || tail -n 60 "$log" >&2
	add 0 1 0
	return 1
}

# run NAME MESON-TEST-ARGUMENT...: the suites of one build, under $wrapper.
wrapper=
run() {
	name=$1
	shift
	step "$name" testing
	rm -f "$out/$name"/meson-logs/testlog*.json
	$wrapper meson test -C "$out/$name" --setup "${long:-default}" \
		"$@" >"$out/$name.log" 2>&1 </dev/null || :
	if ! counts=$(scripts/tally.py "$name" \
		"$out/$name"/meson-logs/testlog*.json); then
		tail -n 60 "$out/$name.log" >&2
		add 0 1 0
		return 0
	fi
	printf '%s\n' "$counts" | sed '$d'
	add $(printf '%s\n' "$counts" | tail -n 1)
}

# The link test of one machine that this one is not; for aarch64 also the
# unit suites and the guests of examples/el2. On a machine of that kind there
# is nothing to cross.
run_cross() {
	machine=$1
	case $machine in
	"$(uname -m)") return 0 ;;
	aarch64) suites="$once --no-suite concurrency" ;;
	*) suites='--suite build' ;;
	esac
	set -- --cross-file "tests/build/cross/$machine.ini"
	if [ "$machine" = aarch64 ]; then
		if scripts/arm64-cmocka.sh; then
			set -- "$@" --cross-file build/cache/arm64/cmocka.ini
		else
			echo 'SKIP aarch64 unit suites: no cmocka for arm64'
			add 0 0 1
			suites='--suite build --suite guest'
		fi
	fi
	build "$machine" "$@" || return 0
	run "$machine" $suites -t 5
}

# The model of the protocol: small configurations, or with --long all.
run_spin() {
	step spin checking
	bounded=--quick
	[ -z "$long" ] || bounded=
	scripts/spin.sh $bounded >"$out/spin.out" 2>"$out/spin.log" || :
	counts=$(tail -n 1 "$out/spin.out" | tr -dc '0-9 ')
	grep -v '^ok' "$out/spin.out" | sed '$d'
	if [ -z "$counts" ]; then
		tail -n 40 "$out/spin.log" >&2
		counts='0 1 0'
	fi
	add $counts
}

run_coverage() {
	# Threads would otherwise lose counts, which gcovr does not forgive.
	args="-fprofile-update=atomic '-DALWAYS_INLINE=static inline'"
	build coverage -Db_coverage=true --buildtype=debug \
		-Dc_args="$args" || return 0
	run coverage $once
	step coverage reporting
	gcovr --root . --filter src/ --branches --print-summary \
		--html-details "$out/coverage/index.html" \
		"$out/coverage" >"$out/coverage.log" 2>&1 || {
		cat "$out/coverage.log" >&2
		add 0 1 0
	}
	grep -E '^(lines|branches):' "$out/coverage.log" || :
}

[ -z "$deps" ] || scripts/deps.sh test

if build gcc -Ddocs=enabled -Dexamples=enabled; then
	run gcc
fi
if [ -z "$quick" ]; then
	if CC=clang build clang -Dexamples=enabled; then
		run clang $once --no-suite kvm --no-suite guest
	fi
	# The sanitizers' fixed shadow does not fit every random layout.
	! setarch -R true 2>/dev/null || wrapper='setarch -R'
	if CC=clang build asan -Dfuzz=true -Db_lundef=false \
		-Db_sanitize=address,undefined \
		-Dc_args=-fno-sanitize-recover=all; then
		run asan $once -t 3
	fi
	if CC=clang build tsan -Db_lundef=false -Db_sanitize=thread; then
		run tsan $once -t 3
	fi
	wrapper=
	for machine in i386 armv7 riscv64 aarch64; do
		run_cross "$machine"
	done
fi
[ -n "$quick" ] || run_spin
[ -z "$coverage" ] || run_coverage

step all "done; logs are below $out"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
