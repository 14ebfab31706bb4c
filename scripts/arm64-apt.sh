# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
# Sourced after lib.sh. Debian packages for arm64, without a change to the
# machine's own packages: apt with lists, cache and state below $apt_dir,
# which the caller sets, and with the sources and keys of the machine.

# foreign COMMAND...: an apt command for arm64.
foreign() {
	command=$1
	shift
	"$command" -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
		-o Dir::State="$apt_dir" -o Dir::State::Lists="$apt_dir/lists" \
		-o Dir::State::status=/dev/null -o Dir::Cache="$apt_dir" \
		-o APT::Sandbox::User=root -o Acquire::Languages=none \
		-o Acquire::Retries=3 -o Acquire::http::Timeout=20 \
		-o Acquire::https::Timeout=20 "$@" </dev/null 2>>"$apt_dir/log"
}

# A source that cannot be read matters only if a package is not found.
foreign_update() {
	command -v apt-get >/dev/null ||
		die 'no apt-get here, which fetches packages for arm64'
	mkdir -p "$apt_dir/lists/partial" "$apt_dir/archives/partial"
	: >"$apt_dir/log"
	foreign apt-get update >>"$apt_dir/log" || :
}

# foreign_unpack TREE PACKAGE...: fetch and unpack them.
foreign_unpack() {
	tree=$1
	shift
	rm -rf "$apt_dir/debs"
	mkdir -p "$tree" "$apt_dir/debs"
	if ! (cd "$apt_dir/debs" &&
		foreign apt-get download "$@" >>"$apt_dir/log"); then
		foreign_failed "apt-get could not fetch for arm64: $*"
	fi
	for deb in "$apt_dir"/debs/*.deb; do
		dpkg-deb -x "$deb" "$tree"
	done
}

# foreign_failed TEXT: ends the script, with what apt said.
foreign_failed() {
	grep -E '^[EW]:' "$apt_dir/log" | sort -u | tail -n 12 >&2 || :
	die "$*; is there a network, and does /etc/apt name Debian's archive?"
}
