// SPDX-License-Identifier: GPL-2.0
/*
 * The books: how many pages there are, and how many the kernel and the processes
 * say that they use.
 *
 * Pages lost are those that nothing explains when all is at rest again: neither
 * free, nor on a per-CPU list, nor in one of the counters of what the kernel
 * and the processes use. A page that is free and on no list is one of these,
 * and so is one that was allocated and forgotten.
 *
 * The sum of pgalloc, pgfree and the free pages says the same, but for memory
 * that was unplugged and came back, and for the free pages that compaction takes
 * for its own use: both are counted when freed, and not when taken. With no
 * compaction it has to match, so it is printed too.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "stress.h"

long vmstat_sum(const char *prefix, int whole)
{
	FILE *f = fopen("/proc/vmstat", "r");
	char name[64];
	long value, sum = 0;

	while (f && fscanf(f, "%63s %ld", name, &value) == 2)
		if (whole ? !strcmp(name, prefix) :
			    !strncmp(name, prefix, strlen(prefix)))
			sum += value;
	if (f)
		fclose(f);
	return sum;
}

/* Cached and waiting pages of all PCPs. */
static long on_pcps(void)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	char line[256];
	long value, sum = 0;
	int in_pagesets = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (strstr(line, "pagesets"))
			in_pagesets = 1;
		else if (!strncmp(line, "Node", 4))
			in_pagesets = 0;
		else if (in_pagesets && (sscanf(line, " count: %ld", &value) == 1 ||
					 sscanf(line, " waiting: %ld", &value) == 1))
			sum += value;
	}
	if (f)
		fclose(f);
	return sum;
}

static long balance_now(void)
{
	return vmstat_sum("nr_free_pages", 1) + on_pcps() +
	       vmstat_sum("pgalloc_", 0) - vmstat_sum("pgfree", 1);
}

/* Reading allocates, too: several equal results in a row are true. */
long balance(void)
{
	long last = 0, sum;
	int same = 0;

	for (int tries = 0; tries < 300 && same < 3; tries++) {
		put("/proc/sys/vm/stat_refresh", "1");
		sum = balance_now();
		same = sum == last ? same + 1 : 0;
		last = sum;
		rest(50);
	}
	return last;
}

/*
 * Pages that KASAN and others keep stack traces in. They are never given back, and
 * a path that was not taken before adds to them.
 */
long stack_depot(void)
{
	enum { POOL_PAGES = 4 };	/* DEPOT_POOL_ORDER */
	FILE *f = fopen("/sys/kernel/debug/stackdepot/stats", "r");
	long pools;

	if (!f)
		return 0;
	if (fscanf(f, "pools: %ld", &pools) != 1)
		pools = 0;
	fclose(f);
	return pools * POOL_PAGES;
}

/* Pages in use that no counter of the kernel explains. */
static long unaccounted(void)
{
	static const char *const names[] = {
		"nr_zone_inactive_anon", "nr_zone_active_anon",
		"nr_zone_inactive_file", "nr_zone_active_file",
		"nr_zone_unevictable", "nr_slab_reclaimable",
		"nr_slab_unreclaimable", "nr_page_table_pages", "nr_vmalloc",
	};
	FILE *f;
	char name[64], line[256];
	long managed = 0, known = vmstat_sum("nr_free_pages", 1) + on_pcps() + stack_depot();
	long value;

	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		known += vmstat_sum(names[i], 1);
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63[^:]: %ld", name, &value) != 2)
			continue;
		if (!strcmp(name, "MemTotal"))
			managed = value / 4;
		if (!strcmp(name, "KernelStack") || !strcmp(name, "VmallocUsed") ||
		    !strcmp(name, "Percpu") || !strcmp(name, "HardwareCorrupted"))
			known += value / 4;
	}
	if (f)
		fclose(f);
	return managed - known;
}

/*
 * The same at rest: the least of some looks, or the first that is @enough. Pages
 * that compaction has isolated, or a process that still exits, are not counted
 * either, but they come back; a page that is lost does not.
 */
long unaccounted_at_rest(int looks, long enough)
{
	long least = LONG_MAX;

	while (looks-- && least > enough) {
		long value;

		put("/proc/sys/vm/stat_refresh", "1");
		value = unaccounted();
		if (value < least)
			least = value;
		if (least > enough)
			rest(500);
	}
	return least;
}
