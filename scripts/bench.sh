#!/bin/sh
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
set -eu
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<'END'
usage: scripts/bench.sh [--check] [--barriers | --table]
                        [--scenario NAME]... [--jobs N] [--no-deps]

Counts what the library's operations cost and prints CSV:
  scenario,n,instructions,ns
One row is one whole operation, from the call that a VMM makes; broadcasts
are per target, boot_vcpus is for all n. Instructions are counted by
callgrind and repeat exactly; ns is the median of five timed runs. Progress
goes to standard error.

  --check          fail if a row exceeds its limit in bench/budgets.csv: a
                   number of instructions, or "linear", at most 1.2 times as
                   many per vCPU as the scenario needs at its smallest n;
                   "barriers" is how many locked instructions must run,
                   "peer" is for comparison
  --barriers       print scenario,n,barriers instead: the locked
                   instructions in one operation
  --table          print all of this as the table of docs/performance.md
  --scenario NAME  this scenario alone (may be repeated)
  --jobs N         callgrind runs at a time (default: 1)
  --no-deps        do not call scripts/deps.sh first

Exit status: 0 all right, 1 a limit is exceeded or a run failed, 2 wrong
arguments.
END
}

deps=yes
for argument; do
	case $argument in
	--no-deps) deps='' ;;
	-h | --help) usage; exit 0 ;;
	esac
done

cd "$root"
[ -z "$deps" ] || scripts/deps.sh test

# What the limits are for: gcc -O2, static, no LTO, no -march.
out=build/bench
mkdir -p build
if ! [ -e "$out/meson-private/coredata.dat" ]; then
	say 'bench: configuring'
	CC=gcc meson setup "$out" --buildtype=plain -Doptimization=2 \
		-Db_ndebug=true -Db_lto=false -Ddefault_library=static \
		-Dexamples=disabled >"$out.log" 2>&1 ||
		{ cat "$out.log" >&2; die 'meson setup failed'; }
fi
say 'bench: building'
ninja -C "$out" bench/vic-bench >"$out.log" 2>&1 ||
	{ cat "$out.log" >&2; die 'the benchmark does not build'; }
exec python3 bench/measure.py "$out/bench/vic-bench" bench/budgets.csv "$@"
