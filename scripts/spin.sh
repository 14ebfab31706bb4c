#!/bin/sh
# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
set -eu
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<'END'
usage: scripts/spin.sh [--quick] [--only NAME]
       scripts/spin.sh --trace NAME

Checks the models of the delivery protocol, of posting, of IOAPIC and PIC, and
of the GIC's queues and list registers, tests/concurrency/spin/, below
build/spin/: every
configuration must hold in all its states, every mutant must fail by the
property it names, every variant must hold and every limit must fail. One line
per run on standard output, progress on standard error; the last line is
  N passed, N failed, N skipped
and the exit status is 0 if nothing failed, 77 if there is no spin.

  --quick       small configurations, for scripts/test.sh
  --only NAME   this configuration, mutant, variant or limit alone
  --trace NAME  print the shortest run that makes this mutant or limit fail
END
}

quick='' only='' trace=''
while [ $# -gt 0 ]; do
	case $1 in
	--quick) quick=yes ;;
	--only | --trace)
		[ $# -gt 1 ] || die "$1 needs a name"
		only=$2
		[ "$1" = --only ] || trace=yes
		shift
		;;
	-h | --help) usage; exit 0 ;;
	*) bad_argument "$1" ;;
	esac
	shift
done

cd "$root"
models=$root/tests/concurrency/spin
out=build/spin
passed=0 failed=0

command -v spin >/dev/null && command -v gcc >/dev/null || {
	echo 'SKIP spin: spin or gcc is missing; run scripts/deps.sh test'
	echo '0 passed, 0 failed, 1 skipped'
	exit 77
}

# The configurations, as flags for the model: small ones for mutants and
# --quick, large ones for the full check. Senders are without limit but in W
# and M (SENDS 1), for want of memory. Enter refuses once instead of four
# times but in F and L, for the count does not matter elsewhere.
#   V vectors          R requests             N two requesters
#   T triggers         E triggers, 1 vector   W triggers, 2 of everything
#   Q a scan's second look
#   I INIT discards    S the owner posts too  F four refusals
#   X Y M vectors and requests together       L liveness of enter
# Of posting, in posted.pml and held.pml:
#   PS software posts     PD devices post, no sleep    PB devices, and sleep
#   PR requests           PG devices, but the processor does not post
#   PL liveness of the wake-up handler
#   PX PY software, or requests, and devices together
#   HP held vectors       HE two edge sources          HA posting begins
# Of IOAPIC and PIC, in chips.pml:
#   CA a refused level        CL LINT0
# And of the GIC, in gic.pml and route.pml:
#   GS senders        GI two interrupts       GW ICENABLER, ISENABLER
#   GG GICD_CTLR      GR ISACTIVER is read    GD as GW, depth first
#   M1 IROUTER once, one interrupt            MS IROUTER twice
defaults='NPOST=0 NVEC=1 WORDS=1 NREQ=0 KINDS=0 TRIGGERS=0 DISCARD=0 SELF=0
	SENDS=0 REFUSALS=1 LIVE=0
	NDEV=0 POSTING=1 PREEMPT=1 SLEEP=1 NLEVEL=1 NEDGE=1 ACTIVATE=0
	WIRE=0 NARRIVE=1
	NSEND=1 NIRQ=1 NWRITE=0 NREAD=0 GROUP=0 NROUTE=1 ROUTES=0'
small() {
	case $1 in
	V) echo NPOST=1 NVEC=2 WORDS=2 ;;
	R) echo NREQ=1 KINDS=13 ;;
	Q) echo NREQ=1 KINDS=17 ;;
	T) echo NPOST=2 NVEC=2 TRIGGERS=1 ;;
	E) echo NPOST=2 TRIGGERS=1 ;;
	I) echo NPOST=1 NREQ=1 KINDS=4 DISCARD=1 ;;
	S) echo NPOST=1 SELF=1 ;;
	F) echo NPOST=1 REFUSALS=4 ;;
	L) echo NPOST=1 REFUSALS=4 LIVE=1 ;;
	PS) echo NPOST=1 ;;
	PD) echo NDEV=1 SLEEP=0 ;;
	PB) echo NDEV=1 ;;
	PR) echo NREQ=1 ;;
	PG) echo NDEV=1 POSTING=0 ;;
	PL) echo NDEV=1 PREEMPT=0 ;;
	HP) echo SENDS=2 ;;
	HE) echo NEDGE=2 SENDS=1 ;;
	HA) echo ACTIVATE=1 SENDS=1 ;;
	CA) echo SENDS=2 ;;
	CL) echo WIRE=1 SENDS=3 NARRIVE=2 ;;
	GS) echo NSEND=2 ;;
	GI) echo NIRQ=2 ;;
	GW | GD) echo NWRITE=1 ;;
	GG) echo NWRITE=1 GROUP=1 ;;
	GR) echo NREAD=1 ;;
	M1) echo SENDS=1 ROUTES=1 ;;
	MS) echo SENDS=1 ROUTES=2 ;;
	esac
}
large() {
	case $1 in
	V) echo NPOST=2 NVEC=2 WORDS=2 ;;
	T) echo NPOST=1 NVEC=2 TRIGGERS=1 ;;
	W) echo NPOST=2 NVEC=2 TRIGGERS=1 SENDS=1 ;;
	Q) echo NREQ=1 KINDS=21 ;;
	N) echo NREQ=2 KINDS=13 ;;
	I) echo NPOST=1 NREQ=1 KINDS=12 DISCARD=1 ;;
	X) echo NPOST=2 NREQ=1 KINDS=1 ;;
	Y) echo NPOST=1 NVEC=2 WORDS=2 NREQ=1 KINDS=1 ;;
	M) echo NPOST=2 NVEC=2 WORDS=2 NREQ=1 KINDS=13 SENDS=1 ;;
	F) echo NPOST=1 NVEC=2 WORDS=2 REFUSALS=4 ;;
	L) echo NPOST=1 NVEC=2 WORDS=2 REFUSALS=4 LIVE=1 ;;
	PX) echo NPOST=1 NDEV=1 PREEMPT=0 ;;
	PY) echo NREQ=1 NDEV=1 PREEMPT=0 ;;
	HP) echo SENDS=0 ;;
	HA) echo ACTIVATE=1 SENDS=2 ;;
	CA) echo SENDS=3 ;;
	CL) echo WIRE=1 SENDS=6 NARRIVE=6 ;;
	GI) echo NSEND=2 NIRQ=2 ;;
	*) small "$1" ;;
	esac
}

# flags NAME=VALUE...: the model's -D flags; a later value counts.
flags() {
	printf '%s\n' $defaults "$@" |
		awk -F= '{ v[$1] = $2 }
			END { for (n in v) printf "-D%s=%s ", n, v[n] }'
}

# model_of CONFIGURATION: its file.
model_of() {
	case $1 in
	G*) echo "$models/gic.pml" ;;
	M?) echo "$models/route.pml" ;;
	P?) echo "$models/posted.pml" ;;
	H?) echo "$models/held.pml" ;;
	C?) echo "$models/chips.pml" ;;
	*) echo "$models/delivery.pml" ;;
	esac
}

# verify DIR PAN-COMPILE-FLAGS PAN-FLAGS MODEL-FLAG...: leaves DIR/log.
verify() {
	dir=$out/$1 compile=$2 options=$3
	shift 3
	rm -rf "$dir"
	mkdir -p "$dir"
	(
		cd "$dir"
		{
			spin -a "$@" "$model" && gcc -w -DCOLLAPSE \
				-DMEMLIM=8000 $compile -o pan pan.c
		} >build.log 2>&1 || {
			cat build.log >&2
			die "the model does not compile; see $dir"
		}
		./pan $options 2>&1 | tee log | grep '^Depth=' >&2 || :
	)
}

# What a log says: complete, or the property that failed, or what is wrong.
verdict() {
	awk '/max search depth|out of memory|MEMLIM bound|not completed/ \
			{ trouble = "incomplete" }
		/invalid end state \(|VECTORSZ/ { trouble = $0 }
		/assertion violated +!\([a-z_]+\)/ {
			sub(/.*!\(/, ""); sub(/\).*/, ""); property = $0 }
		/^pan:1: non-progress cycle/ { property = "non-progress" }
		/errors: 0/ { complete = 1 }
		END {
			if (property) print property
			else if (trouble) print trouble
			else print complete ? "complete" : "no result"
		}' "$1/log"
}

states() {
	awk '/states, stored/ { printf "%d states", $1 }' "$1/log"
}

# report NAME WANTED TEXT
report() {
	got=$(verdict "$out/$1")
	if [ "$got" = "$2" ]; then
		passed=$((passed + 1))
		echo "ok $1: $got, $(states "$out/$1"): $3"
	else
		failed=$((failed + 1))
		echo "not ok $1: $got instead of $2: $3"
	fi
}

wanted() {
	[ -z "$only" ] || [ "$only" = "$1" ]
}

# The search stack, in steps, and the hash table, as a power of 2.
depth=3000000 table=22
[ -n "$quick" ] || depth=10000000 table=26
fair='-O1 -DNP -DNFAIR=8'

# holds NAME TEXT CONFIGURATION FLAG...
holds() {
	name=$1 text=$2 letter=$3 model=$(model_of "$3")
	shift 3
	wanted "$name" || return 0
	say "spin: $name"
	case $letter in
	L) verify "$name" "$fair" "-l -f -m$depth" "$@" ;;
	PL) verify "$name" '-O1 -DNP' "-l -m$depth" "$@" ;;
	*) verify "$name" '-O2 -DSAFETY' "-m$depth -w$table" "$@" ;;
	esac
	report "$name" complete "$text"
}

# fails NAME PROPERTY TEXT CONFIGURATION FLAG...: breadth first, so that the
# run that fails is a short one.
fails() {
	name=$1 property=$2 text=$3 letter=$4 model=$(model_of "$4")
	shift 4
	wanted "$name" || return 0
	say "spin: $name"
	case $letter in
	L) verify "$name" "$fair" "-l -f -m$depth" "$@" ;;
	PL) verify "$name" '-O1 -DNP' "-l -m$depth" "$@" ;;
	GD | H?) verify "$name" '-O1 -DSAFETY' "-m$depth -w22" "$@" ;;
	C? | G? | M? | P?) verify "$name" '-O0 -DSAFETY -DBFS' -w22 "$@" ;;
	*) verify "$name" '-O1 -DSAFETY -DBFS' -w22 "$@" ;;
	esac
	report "$name" "$property" "$text"
	[ -z "$trace" ] || (cd "$out/$name" &&
		spin -k "${model##*/}.trail" -p -g "$@" "$model")
}

letters='V R Q E I S F L PS PD PB PR PG PL HP HE HA CA CL GS M1'
[ -n "$quick" ] || letters="$letters T W X Y N M PX PY GI GW GG GR MS"
for letter in $letters; do
	case $quick in
	yes) values=$(small $letter) ;;
	*) values=$(large $letter) ;;
	esac
	holds base-$letter "$values" $letter $(flags $values)
done

# The lists in the models: "#define NAME N", then
# "/* KIND LETTER WHAT: TEXT */". Names differ between models.
mkdir -p "$out"
list=$out/list
sed -n -e '/^#define [a-z_]* [0-9]*$/ {
	N
	s|^#define \([a-z_]*\) .*\n/\* \(.*\) \*/$|\1 \2|p
}' "$models/delivery.pml" "$models/posted.pml" "$models/held.pml" \
	"$models/chips.pml" "$models/gic.pml" "$models/route.pml" >"$list"
while read -r name kind letter property text; do
	# The long ones are for the full check.
	case $quick$only:$kind:$letter in
	yes:variant:[CGH]* | yes:*:M*) continue ;;
	esac
	set -- $(flags $(small ${letter%:})) -DMUT=$name
	case $kind in
	variant) holds $name "variant: $property $text" ${letter%:} "$@" ;;
	*) fails $name ${property%:} "$kind: $text" $letter "$@" ;;
	esac
done <"$list"

[ $((passed + failed)) -ne 0 ] || die "nothing is named '$only'"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
