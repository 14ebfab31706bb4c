#!/bin/sh
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
set -eu
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<'END'
usage: scripts/fuzz.sh [--minutes M] [--target T] [--merge]
       scripts/fuzz.sh --check

Builds the fuzz targets with clang, ASan and UBSan below build/fuzz/ and runs
each for M minutes, one after the other. What they find new is kept in
build/fuzz-corpus/, so that the next run goes on from there. Each run appends
a row of libFuzzer's own figures to docs/fuzzing.csv and prints it. Progress
goes to standard error. The exit status is 0 if nothing crashed.

  --minutes M  how long, for each target (default 1)
  --target T   only this one: apic_image, apic_mmio, apic_msr, apic_pair,
               chip_image, decode, gic, gicd, gicr, ioapic, loader, lrs, map,
               page, pic, posted, sysreg or vcpu
  --merge      afterwards add to fuzz/corpus/ what reaches new code
  --check      fuzz nothing; fail unless docs/fuzzing.csv has 30 minutes or
               more of each target
END
}

minutes=1 wanted= merge= check=
while [ $# -gt 0 ]; do
	case $1 in
	--minutes | --target)
		[ $# -gt 1 ] || die "$1 needs an argument"
		case $1 in
		--minutes) minutes=$2 ;;
		*) wanted=$2 ;;
		esac
		shift
		;;
	--merge) merge=yes ;;
	--check) check=yes ;;
	-h | --help) usage; exit 0 ;;
	*) bad_argument "$1" ;;
	esac
	shift
done
case $minutes in
'' | *[!0-9]* | 0) die "--minutes needs a number from 1, not '$minutes'" ;;
esac

cd "$root"
table=docs/fuzzing.csv
targets=$(sed -n "s/^  '\([a-z_]*\)': \[.*/\1/p" fuzz/meson.build)
case " $(echo $targets) " in
*" ${wanted:-decode} "*) ;;
*) die "no target '$wanted'; there are:" $targets ;;
esac

if [ -n "$check" ]; then
	for target in ${wanted:-$targets}; do
		sum=$(awk -F, -v t="$target" '$1 == t { n += $3 }
			END { print n + 0 }' "$table")
		[ "$sum" -ge 30 ] || die "$table has $sum minutes of" \
			"'$target'; run scripts/fuzz.sh --minutes 30" \
			"--target $target"
	done
	exit 0
fi

# What is built below, however the tree changes while it runs.
commit=$(git rev-parse --short HEAD 2>/dev/null) || commit=none
git diff --quiet HEAD -- src fuzz tests/model examples/kvm 2>/dev/null ||
	commit=$commit+
command -v clang >/dev/null || die 'no clang; run scripts/deps.sh test'
out=build/fuzz
crashes=build/fuzz-crashes
mkdir -p "$out" "$crashes"
say 'fuzz: building'
[ -e $out/build.ninja ] || CC=clang meson setup $out -Dfuzz=true \
	-Dtests=disabled -Dexamples=disabled -Db_lundef=false \
	-Db_sanitize=address,undefined >$out/setup.log 2>&1 ||
	die "meson setup failed; see $out/setup.log"
meson compile -C $out >$out/compile.log 2>&1 ||
	die "the targets do not build; see $out/compile.log"

# The default quarantine, 256 MiB, would be most of the memory in use.
export ASAN_OPTIONS=quarantine_size_mb=16
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null' EXIT
trap 'exit 130' INT TERM

# engine TARGET ARGUMENT...: run it, with a line of its log now and then.
engine() {
	target=$1
	shift
	log=$out/$target.log
	dict=
	[ ! -e "fuzz/dict/$target.dict" ] ||
		dict=-dict=fuzz/dict/$target.dict
	"$out/fuzz/fuzz_$target" -max_len=4096 -timeout=20 $dict \
		-rss_limit_mb=1024 -artifact_prefix="$crashes/$target-" \
		-print_final_stats=1 "$@" >"$log" 2>&1 </dev/null &
	pid=$!
	ticks=0
	while kill -0 "$pid" 2>/dev/null; do
		sleep 1
		ticks=$((ticks + 1))
		[ $((ticks % 20)) -ne 0 ] ||
			say "fuzz_$target: $(tail -n 1 "$log")"
	done
	status=0
	wait "$pid" || status=$?
	pid=
	return $status
}

# last TARGET EXPRESSION: what sed finds last in the log.
last() {
	sed -n "$2" "$out/$1.log" | tail -n 1
}

fuzz() {
	target=$1
	corpus=build/fuzz-corpus/$target
	mkdir -p "$corpus"
	say "fuzz_$target: $minutes min, log in $out/$target.log"
	if ! engine "$target" -max_total_time=$((minutes * 60)) \
		"$corpus" "fuzz/corpus/$target"; then
		grep -a -m 1 -e 'not so:' -e 'runtime error' -e 'ERROR' \
			"$out/$target.log" >&2 || :
		file=$(last "$target" 's/.*Test unit written to //p')
		die "fuzz_$target failed; to see it again:" \
			"$out/fuzz/fuzz_$target $file"
	fi
	execs=$(last "$target" 's/^stat::number_of_executed_units: *//p')
	edges=$(last "$target" 's/^#[0-9]*.DONE *cov: \([0-9]*\) .*/\1/p')
	inputs=$(last "$target" \
		's/^#[0-9]*.DONE .* corp: \([0-9]*\)\/.*/\1/p')
	[ -n "$execs" ] && [ -n "$edges" ] && [ -n "$inputs" ] ||
		die "no figures in $out/$target.log; did it run to its end?"
	row=$target,$commit,$minutes,$execs,$edges,$inputs
	echo "$row" >>"$table"
	echo "$row"
}

# The fewest inputs, found greedily, that reach every edge which the corpus in
# the tree does not. A feature of the engine's is an edge and how often, in 8.
cover='
	NR == 1 { files = $1; next }
	NR == 2 { next }
	NR <= files + 2 { path[NR - 3] = $0; next }
	$1 == "FT" {
		for (n = 3; n <= NF; n++) {
			edge = int($n / 8)
			if (path[$2] ~ /^fuzz\/corpus\//)
				done[edge]
			else if (!(($2, edge) in seen)) {
				seen[$2, edge]
				edges[$2] = edges[$2] " " edge
			}
		}
	}
	END {
		do {
			most = 0
			for (file in edges) {
				total = split(edges[file], list, " ")
				fresh = 0
				rest = ""
				for (n = 1; n <= total; n++)
					if (!(list[n] in done)) {
						fresh++
						rest = rest " " list[n]
					}
				edges[file] = rest
				if (fresh > most) {
					most = fresh
					best = file
				}
			}
			if (most) {
				print path[best]
				total = split(edges[best], list, " ")
				for (n = 1; n <= total; n++)
					done[list[n]]
			}
		} while (most)
	}'

merge() {
	target=$1
	work=$out/merge-$target
	rm -rf "$work"
	mkdir -p "$work/chosen"
	say "fuzz_$target: merging"
	engine "$target" -set_cover_merge=1 \
		-merge_control_file="$work/control" "$work/chosen" \
		"fuzz/corpus/$target" "build/fuzz-corpus/$target" ||
		die "the merge failed; see $out/$target.log"
	awk "$cover" "$work/control" | while read -r file; do
		cp "$file" "fuzz/corpus/$target/"
	done
	say "fuzz/corpus/$target: $(ls "fuzz/corpus/$target" | wc -l) inputs"
}

for target in ${wanted:-$targets}; do
	fuzz "$target"
	[ -z "$merge" ] || merge "$target"
done
