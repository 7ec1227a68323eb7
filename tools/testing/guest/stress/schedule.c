// SPDX-License-Identifier: GPL-2.0
/*
 * The schedulers: they unplug CPUs and memory, take huge pages, make trylocks fail, and have
 * the kernel keep types of pages apart at times.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "stress.h"

static void schedule_cpus(uint64_t *r)
{
	int cpu = 1 + rnd(r) % (nr_cpus - 1);
	char path[80];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	if (!put(path, "0")) {
		rest(rnd(r) % 1000);
		if (put(path, "1"))
			error("a CPU does not come back");
		else
			atomic_fetch_add(&shared->cpu_cycles, 1);
	}
	rest(1000 + rnd(r) % 2000);
}

/* Blocks that may go: those of a movable zone, as the kernel says it. */
static int movable_blocks(char names[][32], int max)
{
	DIR *dir = opendir("/sys/devices/system/memory");
	struct dirent *entry;
	int nr = 0;

	while (dir && nr < max && (entry = readdir(dir))) {
		char path[320], zones[64] = "";
		int fd;

		if (strncmp(entry->d_name, "memory", 6) || strlen(entry->d_name) > 30)
			continue;
		snprintf(path, sizeof(path), "/sys/devices/system/memory/%s/valid_zones",
			 entry->d_name);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		if (read(fd, zones, sizeof(zones) - 1) > 0 && !strncmp(zones, "Movable", 7))
			strcpy(names[nr++], entry->d_name);
		close(fd);
	}
	if (dir)
		closedir(dir);
	return nr;
}

static int set_block(const char *name, const char *state)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/devices/system/memory/%s/state", name);
	return put(path, state);
}

long block_pages(void)
{
	char size[32] = "";
	int fd = open("/sys/devices/system/memory/block_size_bytes", O_RDONLY);

	if (fd >= 0 && read(fd, size, sizeof(size) - 1) < 0)
		size[0] = 0;
	if (fd >= 0)
		close(fd);
	return strtol(size, NULL, 16) / (long)PAGE;
}

static void schedule_memory(uint64_t *r)
{
	char names[64][32];
	int nr = movable_blocks(names, 64);

	if (nr > 1) {
		const char *name = names[rnd(r) % nr];
		unsigned long pages = block_pages();
		unsigned long pfn = strtoul(name + strlen("memory"), NULL, 10) * pages;
		/* A block with a bad page does not come back, so none may go bad now. */
		int lock = poison_lock(LOCK_EX);

		/* It gives up after a signal, or never, if a page stays in use. */
		if (unpoison(pfn, pages) || set_block(name, "offline")) {
			atomic_fetch_add(&shared->mem_failed, 1);
		} else {
			rest(rnd(r) % 500);
			if (set_block(name, "online_movable"))
				error("memory does not come back");
			else
				atomic_fetch_add(&shared->mem_cycles, 1);
		}
		poison_unlock(lock);
	}
	rest(2000 + rnd(r) % 4000);
}

static void schedule_huge(uint64_t *r)
{
	long want = 2 + rnd(r) % 8, got;

	put("/proc/sys/vm/nr_hugepages", "%ld", want);
	got = get("/proc/sys/vm/nr_hugepages");
	if (got > 0 && got <= want)
		atomic_fetch_add(&shared->huge_pages, got);
	rest(500 + rnd(r) % 2000);
	put("/proc/sys/vm/nr_hugepages", "0");
	rest(500 + rnd(r) % 2000);
}

static void schedule_failures(uint64_t *r)
{
	static const int probability[] = { 0, 1, 5, 20, 100 };
	int side = rnd(r) % 3;

	put(FAIL_DIR "ignore-free", side == 1 ? "Y" : "N");
	put(FAIL_DIR "ignore-alloc", side == 2 ? "Y" : "N");
	put(FAIL_DIR "probability", "%d", probability[rnd(r) % 5]);
	rest(200 + rnd(r) % 1500);
}

/* For a short time, as compaction takes the CPUs from the others then. */
static void schedule_defrag(uint64_t *r)
{
	if (put(DEFRAG_MODE, "1"))
		error("vm.defrag_mode");
	else
		atomic_fetch_add(&shared->defrag_cycles, 1);
	rest(50 + rnd(r) % 150);
	put(DEFRAG_MODE, "0");
	rest(3000 + rnd(r) % 3000);
}

void (*const schedulers[NR_SCHEDULERS])(uint64_t *r) = {
	schedule_cpus, schedule_memory, schedule_huge, schedule_failures, schedule_defrag,
};
