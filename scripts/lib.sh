# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the scripts beside it, after they set -eu.

root=$(cd "$(dirname "$0")/.." && pwd)

# Progress and complaints; standard output is for data.
say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "$(basename "$0"): $*"
	exit 1
}

# bad_argument ARGUMENT: ends the script.
bad_argument() {
	die "unknown argument '$1'; see $(basename "$0") --help"
}
