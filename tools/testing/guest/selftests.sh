#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Process 1 of the guest of make selftests. /tests has a line for each test: a
# name, its limit in seconds, and a command. The output of a test goes to the second
# serial line, between "@begin NAME" and "@end NAME STATUS SECONDS"; the console
# has the kernel's messages, and marks that say which test they belong to.

port=/dev/ttyS1
export PATH=/bin:/sbin HOME=/tmp TERM=dumb LC_ALL=C

say() {
	# Warning level, or loglevel=5 would hide it.
	echo "<4>selftest: $*" >/dev/kmsg
}

set_up() {
	/bin/busybox mkdir -p /bin /sbin /etc /proc /sys /dev /tmp /mnt
	/bin/busybox --install -s /bin
	ln -sf /bin/busybox /sbin/modprobe
	mount -t devtmpfs none /dev
	mount -t proc none /proc
	mount -t sysfs none /sys
	mount -t debugfs none /sys/kernel/debug
	mkdir -p /dev/shm /dev/hugepages
	mount -t tmpfs none /dev/shm
	mount -t tmpfs -o mode=1777,huge=advise none /tmp
	mount -t hugetlbfs none /dev/hugepages
	ln -sf /proc/self/fd /dev/fd
	echo 'root::0:0::/:/bin/sh' >/etc/passwd
	echo 'nobody::65534:65534::/:/bin/sh' >>/etc/passwd
	mkswap /dev/ram0 >/dev/null && swapon /dev/ram0
	stty -F "$port" raw -echo
}

# The next test finds what the first one found.
clean_up() {
	kill -9 -1
	cd /
	echo 0 >/proc/sys/vm/nr_hugepages
	echo 2 >/sys/kernel/mm/ksm/run
	echo 0 >/sys/kernel/mm/ksm/run
	find /tmp /dev/shm -mindepth 1 -xdev -delete
	echo 7 >/proc/sys/vm/drop_caches
} >/dev/null 2>&1

now() {
	cut -d' ' -f1 /proc/uptime
}

set_up
say "up with $(nproc) CPUs, $(grep MemTotal /proc/meminfo)"
while read -r name seconds command; do
	say "begin $name"
	printf '\n@begin %s\n' "$name" >"$port"
	start=$(now)
	cd "/selftests/${name%%/*}" || exit 1
	timeout -s KILL "$seconds" setsid sh -c "$command" >"$port" 2>&1 </dev/null
	status=$?
	spent=$(echo "$(now) - $start" | bc)
	clean_up
	printf '\n@end %s %s %s\n' "$name" "$status" "$spent" >"$port"
	say "end $name $status"
done </tests
printf '\n@done\n' >"$port"
say "finished"
poweroff -f
