#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes sure that the programs are there. On Debian what is missing is
# installed, with root or sudo; else one command is printed. Exit status 2: the
# user has to do something.
set -u

# program, or a header with a slash in its name, and the Debian package that has it
needed() {
	cat <<-END
		gcc		gcc
		make		make
		flex		flex
		bison		bison
		bc		bc
		git		git
		python3		python3
		perl		perl
		xz		xz-utils
		tar		tar
		ccache		ccache
		sys/types.h	libc6-dev
	END
	case $1 in
	model) cat <<-END ;;
		spin		spin
	END
	fuzz) cat <<-END ;;
		clang		clang
		llvm-profdata	llvm
		libfuzzer	libclang-rt-dev
	END
	coverage) cat <<-END ;;
		lcov		lcov
	END
	bench) cat <<-END ;;
		gnuplot		gnuplot-nox
	END
	series) cat <<-END ;;
		codespell	codespell
		cppcheck	cppcheck
		sparse		sparse
		spatch		coccinelle
	END
	lava) cat <<-END ;;
		lava-run	lava-dispatcher
	END
	configs) cat <<-END ;;
		libelf.h	libelf-dev
		aarch64-linux-gnu-gcc	gcc-aarch64-linux-gnu
	END
	qemu | selftests) cat <<-END ;;
		qemu-system-x86_64	qemu-system-x86
		libelf.h	libelf-dev
		busybox		busybox-static
		stress-ng	stress-ng
	END
	esac
	[ "$1" != selftests ] || cat <<-END
		bash		bash
		numa.h		libnuma-dev
		liburing.h	liburing-dev
		sys/capability.h	libcap-dev
	END
}

have() {
	case $1 in
	*.h) command -v gcc >/dev/null && echo "#include <$1>" | gcc -E -o /dev/null - 2>/dev/null ;;
	# No program: what clang links.
	libfuzzer)
		echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
			clang -fsanitize=fuzzer,address -x c -o /dev/null - 2>/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

missing() {
	needed "$1" | while read -r program package; do
		have "$program" || echo "$program $package"
	done
}

lacking=$(missing "${1:-}")
[ -z "$lacking" ] && exit 0

programs=$(cut -d' ' -f1 <<<"$lacking" | paste -sd' ')
packages=$(cut -d' ' -f2 <<<"$lacking" | sort -u | paste -sd' ')

if ! command -v apt-get >/dev/null; then
	echo "splitfree: these programs are missing: $programs; install them and try again" >&2
	exit 2
fi

sudo=()
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
		echo "splitfree: packages are missing; run this and try again:" \
			"sudo apt-get install -y $packages" >&2
		exit 2
	fi
	sudo=(sudo -n)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

apt() {
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" >>"$log" 2>&1 </dev/null
}

install() {
	# The list is made of words.
	# shellcheck disable=SC2086
	apt install -y --no-install-recommends $packages
}

echo "installing packages: $packages"
# The package lists are mostly there and good; fetching them anew takes longest.
if ! install && ! { apt update && install; }; then
	tail -n 5 "$log" >&2
	echo "splitfree: apt-get could not install $packages (its last lines are above);" \
		"check the network and the apt sources" >&2
	exit 2
fi

lacking=$(missing "${1:-}")
if [ -n "$lacking" ]; then
	echo "splitfree: still missing after the installation: $(cut -d' ' -f1 <<<"$lacking" |
		paste -sd' '); install what has them and try again" >&2
	exit 2
fi
