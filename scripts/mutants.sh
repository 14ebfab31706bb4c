#!/bin/sh
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
set -eu
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<'END'
usage: scripts/mutants.sh [--jobs N] [NAME]...

Puts each error of tests/mutants/NAME.patch into a copy of the library below
build/mutants/ and runs the test that must see it. The first line of a patch
names both:
  # SUITE: what is broken
One line per error on standard output, "caught" or "NOT caught"; the last is
  N caught, M not caught
Progress goes to standard error. The exit status is 0 if all are caught.

  --jobs N  errors at a time (default: one per processor)
END
}

jobs=$(nproc 2>/dev/null || echo 1) names=''
while [ $# -gt 0 ]; do
	case $1 in
	--jobs)
		[ $# -gt 1 ] || die '--jobs needs a number'
		jobs=$2
		shift
		;;
	-h | --help) usage; exit 0 ;;
	-*) bad_argument "$1" ;;
	*) names="$names ${1%.patch}" ;;
	esac
	shift
done
case $jobs in
'' | *[!0-9]* | 0) die "--jobs needs a number from 1, not '$jobs'" ;;
esac
command -v patch >/dev/null || die 'no patch; run scripts/deps.sh test'

cd "$root"
out=build/mutants
patches=$root/tests/mutants
[ -n "$names" ] || names=$(cd "$patches" && ls | sed -n 's/\.patch$//p')
[ -n "$names" ] || die 'tests/mutants/ holds no errors'
for name in $names; do
	[ -e "$patches/$name.patch" ] || die "there is no error '$name'"
done

# suite NAME, text NAME: the two halves of the first line.
suite() {
	sed -n '1s/^# *\([^ :]*\): .*/\1/p' "$patches/$1.patch"
}
text() {
	sed -n '1s/^# *[^ :]*: *//p' "$patches/$1.patch"
}

# prepare N: a copy for one job. What an interrupted run left patched has a
# newer object than its source, so all that is ever patched is built again.
prepare() {
	tree=$out/$1/tree
	rm -rf "$tree"
	mkdir -p "$tree"
	tar -cf - --exclude=./build --exclude=./.git . |
		tar -xf - -C "$tree" || die "cannot copy to $tree"
	sed -n 's|^+++ b/\([^ 	]*\).*|\1|p' "$patches"/*.patch | sort -u |
		while read -r file; do
			[ ! -e "$tree/$file" ] || touch "$tree/$file"
		done
	[ -e "$out/$1/build/build.ninja" ] && return
	rm -rf "$out/$1/build"
	meson setup "$out/$1/build" "$tree" -Ddefault_library=static \
		-Dexamples=disabled >"$out/$1/setup.log" 2>&1 ||
		die "meson setup failed; see $out/$1/setup.log"
}

# build N SUITE
build() {
	ninja -C "$out/$1/build" "tests/$(echo "$2" | tr / _)" \
		>"$out/$1/build.log" 2>&1
}

# run N SUITE: its exit status; one that hangs has failed.
run() {
	CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 60 \
		"$out/$1/build/tests/$(echo "$2" | tr / _)" \
		>"$out/$1/run.log" 2>&1 </dev/null
}

# try N NAME: prints the verdict.
try() {
	suite=$(suite "$2")
	verdict='NOT caught'
	if [ -z "$suite" ]; then
		verdict='NOT caught: the first line names no suite'
	elif ! patch -d "$out/$1/tree" -p1 -s -f -F 0 --no-backup-if-mismatch \
		-r - <"$patches/$2.patch" >"$out/$1/patch.log" 2>&1; then
		verdict='NOT caught: the patch does not apply'
		# Part of it may have been.
		prepare "$1"
	else
		if ! build "$1" "$suite"; then
			verdict='NOT caught: it does not build'
		elif ! run "$1" "$suite"; then
			verdict=caught
		fi
		patch -d "$out/$1/tree" -R -p1 -s -f -F 0 -r - \
			--no-backup-if-mismatch <"$patches/$2.patch" \
			>"$out/$1/patch.log" 2>&1 || prepare "$1"
	fi
	echo "$verdict: $2: $suite: $(text "$2")"
}

# work N: each job takes every JOBS-th name.
work() {
	n=0
	prepare "$1"
	# A test that fails by itself would catch everything.
	for suite in $(for name in $names; do suite "$name"; done | sort -u); do
		n=$((n + 1))
		[ $((n % jobs)) -eq "$1" ] || continue
		say "mutants: $suite without an error"
		build "$1" "$suite" || {
			cat "$out/$1/build.log" >&2
			die "$suite does not build"
		}
		run "$1" "$suite" || die "$suite fails without any error;" \
			"see $out/$1/run.log"
	done
	n=0
	for name in $names; do
		n=$((n + 1))
		[ $((n % jobs)) -eq "$1" ] || continue
		say "mutants: $name"
		try "$1" "$name"
	done
}

mkdir -p "$out"
rm -f "$out"/*.result "$out"/*.failed
pids=
trap 'for pid in $pids; do kill "$pid" 2>/dev/null || :; done' EXIT
trap 'exit 130' INT TERM
job=0
while [ $job -lt "$jobs" ]; do
	{ (work $job) >"$out/$job.result" || : >"$out/$job.failed"; } &
	pids="$pids $!"
	job=$((job + 1))
done
wait
pids=
for file in "$out"/*.failed; do
	[ ! -e "$file" ] || die 'a job failed; see above'
done
sort -t: -k2 "$out"/*.result
caught=$(cat "$out"/*.result | grep -c '^caught: ' || :)
missed=$(cat "$out"/*.result | grep -vc '^caught: ' || :)
echo "$caught caught, $missed not caught"
[ "$missed" = 0 ]
