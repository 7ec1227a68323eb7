#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes sure that the programs are there. On Debian what is missing is
# installed, with root or sudo; else one command is printed, on Fedora and Arch
# Linux too. Exit status 2: the user has to do something.
set -u

# program, library, header or option of gcc, and the packages of Debian, Fedora
# and Arch Linux that have it. dnf takes the name of a file, too; aur is not in pacman's reach.
needed() {
	cat <<-END
		gcc		gcc		gcc			gcc
		make		make		make			make
		flex		flex		flex			flex
		bison		bison		bison			bison
		bc		bc		bc			bc
		git		git		git			git
		python3		python3		python3			python
		perl		perl		perl			perl
		xz		xz-utils	xz			xz
		tar		tar		tar			tar
		ccache		ccache		ccache			ccache
		sys/types.h	libc6-dev	glibc-devel		glibc
		libc.a		libc6-dev	glibc-static		glibc
	END
	case $1 in
	user) cat <<-END ;;
		-fsanitize=address	gcc	libasan			gcc-libs
		-fsanitize=undefined	gcc	libubsan		gcc-libs
		-fsanitize=thread	gcc	libtsan			gcc-libs
	END
	model) cat <<-END ;;
		spin		spin		/usr/bin/spin		aur:spin
	END
	fuzz) cat <<-END ;;
		clang		clang		clang			clang
		llvm-profdata	llvm		llvm			llvm
		libfuzzer	libclang-rt-dev	compiler-rt		compiler-rt
	END
	coverage) cat <<-END ;;
		lcov		lcov		lcov			lcov
	END
	bench) cat <<-END ;;
		gnuplot		gnuplot-nox	gnuplot			gnuplot
	END
	series) cat <<-END ;;
		codespell	codespell	codespell		codespell
		cppcheck	cppcheck	cppcheck		cppcheck
		sparse		sparse		sparse			aur:sparse
		spatch		coccinelle	coccinelle		aur:coccinelle
	END
	lava) cat <<-END ;;
		lava-run	lava-dispatcher	lava-dispatcher		aur:lava-dispatcher
	END
	configs) cat <<-END ;;
		libelf.h	libelf-dev	elfutils-libelf-devel	libelf
		aarch64-linux-gnu-gcc	gcc-aarch64-linux-gnu	gcc-aarch64-linux-gnu	aarch64-linux-gnu-gcc
	END
	distros) cat <<-END ;;
		debootstrap	debootstrap	debootstrap		debootstrap
		unshare		util-linux	util-linux		util-linux
	END
	count-x86_64) cat <<-END ;;
		qemu-system-x86_64	qemu-system-x86	qemu-system-x86-core	qemu-system-x86
		libelf.h	libelf-dev	elfutils-libelf-devel	libelf
	END
	count-arm64) cat <<-END ;;
		qemu-system-aarch64	qemu-system-arm	qemu-system-aarch64-core	qemu-system-aarch64
		aarch64-linux-gnu-gcc	gcc-aarch64-linux-gnu	gcc-aarch64-linux-gnu	aarch64-linux-gnu-gcc
	END
	qemu | selftests) cat <<-END ;;
		qemu-system-x86_64	qemu-system-x86	qemu-system-x86-core	qemu-system-x86
		libelf.h	libelf-dev	elfutils-libelf-devel	libelf
		busybox		busybox-static	busybox			busybox
		stress-ng	stress-ng	stress-ng		stress-ng
	END
	ltp) cat <<-END ;;
		autoconf	autoconf	autoconf		autoconf
		automake	automake	automake		automake
		m4		m4		m4			m4
	END
	wis) cat <<-END ;;
		hwloc.h		libhwloc-dev	hwloc-devel		hwloc
	END
	llvm*) needed_llvm "${1#llvm}" ;;
	esac
	[ "$1" != selftests ] || cat <<-END
		bash		bash		bash			bash
		numa.h		libnuma-dev	numactl-devel		numactl
		liburing.h	liburing-dev	liburing-devel		liburing
		sys/capability.h	libcap-dev	libcap-devel	libcap
	END
}

# Clang that is new enough for the kernel. Debian's own may be older than this.
CLANG=17

# llvm1: any; llvm-19: that one. In Debian, 19 has a name of its own in all suites of today.
needed_llvm() {
	local suffix=$1 n

	if [ "$suffix" = 1 ]; then
		suffix=-19
		for n in "" -{30..17}; do
			if [ "$(clang_version "clang$n")" -ge "$CLANG" ] && have "ld.lld$n"; then
				suffix=$n
				break
			fi
		done
	fi
	cat <<-END
		clang$suffix	clang$suffix		clang	clang
		ld.lld$suffix	lld$suffix		lld	lld
		llvm-ar$suffix	llvm$suffix		llvm	llvm
		clang_rt.asan$suffix	libclang-rt${suffix:+$suffix}-dev	compiler-rt	compiler-rt
	END
}

clang_version() {
	local version

	version=$(command -v "$1" >/dev/null && "$1" -dumpversion)
	echo "${version%%.*}" | grep -x '[0-9][0-9]*' || echo 0
}

have() {
	case $1 in
	*.h) command -v gcc >/dev/null && echo "#include <$1>" | gcc -E -o /dev/null - 2>/dev/null ;;
	# No program: what clang links.
	libfuzzer)
		echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
			clang -fsanitize=fuzzer,address -x c -o /dev/null - 2>/dev/null ;;
	# gcc answers with the name alone when it has no such library.
	*.a) command -v gcc >/dev/null && [ "$(gcc -print-file-name="$1")" != "$1" ] ;;
	# Fedora has a libasan.so that names a file of another package.
	-f*) echo 'int main(void) { return 0; }' | gcc "$1" -x c -o /dev/null - 2>/dev/null ;;
	clang_rt.*) have_clang_rt "${1#clang_rt.asan}" ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

have_clang_rt() {
	local name

	command -v "clang$1" >/dev/null || return
	for name in libclang_rt.asan-x86_64.a libclang_rt.asan.a; do
		[ -e "$("clang$1" "-print-file-name=$name")" ] && return
	done
	return 1
}

# The line of each that is not there: program, and the package of that column.
missing() {
	needed "$1" | while read -r program debian fedora arch; do
		case $2 in
		dnf) package=$fedora ;;
		pacman) package=$arch ;;
		*) package=$debian ;;
		esac
		have "$program" || echo "$program $package"
	done
}

manager=none
for name in apt-get dnf pacman; do
	if command -v "$name" >/dev/null; then
		manager=$name
		break
	fi
done

lacking=$(missing "${1:-}" "$manager")
[ -z "$lacking" ] && exit 0

programs=$(cut -d' ' -f1 <<<"$lacking" | paste -sd' ')
packages=$(cut -d' ' -f2 <<<"$lacking" | sort -u | grep -v '^aur:' | paste -sd' ')
aur=$(cut -d' ' -f2 <<<"$lacking" | sort -u | sed -n 's/^aur://p' | paste -sd' ')

if [ "$manager" != apt-get ]; then
	case $manager in
	dnf) command="sudo dnf install -y $packages" ;;
	pacman) command="sudo pacman -S --needed $packages" ;;
	*) command= ;;
	esac
	[ -n "$packages" ] || command=
	echo "splitfree: these programs are missing: $programs; install them and try again" \
		"${command:+: $command}${aur:+; in the AUR: $aur}" >&2
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

lacking=$(missing "${1:-}" "$manager")
if [ -n "$lacking" ]; then
	echo "splitfree: still missing after the installation: $(cut -d' ' -f1 <<<"$lacking" |
		paste -sd' '); install what has them and try again" >&2
	exit 2
fi
