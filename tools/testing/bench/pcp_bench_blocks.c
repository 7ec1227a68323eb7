// SPDX-License-Identifier: GPL-2.0
/*
 * Whole blocks that are left after a load.
 */
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "pcp_bench.h"

static unsigned long *slots;
static unsigned int nr_slots;

#define OPS_PER_WORKER	400000
#define KEPT		64	/* one page in so many lives on */

static void free_slot(unsigned long slot)
{
	if (slot)
		__free_pages((struct page *)(slot & ~3UL), slot & 3);
}

/* Most pages are small, most can be moved. */
static unsigned long fill_slot(u32 random)
{
	unsigned int order = random % 16 < 11 ? 0 : random % 16 < 13 ? 1 : random % 16 < 15 ? 2 : 3;
	gfp_t gfp = (random >> 4) % 4 ? GFP_HIGHUSER_MOVABLE : GFP_KERNEL;
	struct page *page = alloc_pages(gfp | __GFP_NOWARN | __GFP_NORETRY, order);

	return page ? (unsigned long)page | order : 0;
}

static void mixed_load_worker(struct worker *w)
{
	struct rnd_state state;
	unsigned int i;

	prandom_seed_state(&state, 4711 + w->index);
	for (i = 0; i < OPS_PER_WORKER; i++) {
		u32 random = prandom_u32_state(&state);
		u32 where = prandom_u32_state(&state) % nr_slots;

		free_slot(xchg(&slots[where], random & BIT(31) ? fill_slot(random) : 0));
		if (i % 256 == 0)
			cond_resched();
	}
}

static u64 whole_blocks(void)
{
	struct zone *zone;
	u64 nr = 0;

	for_each_populated_zone(zone) {
		unsigned int order;

		for (order = pageblock_order; order < NR_PAGE_ORDERS; order++)
			nr += (u64)READ_ONCE(zone->free_area[order].nr_free)
				<< (order - pageblock_order);
	}
	return nr;
}

/* An allocation of a range drains all per-CPU lists first. */
static bool drain_all(void)
{
	struct page *page = NULL;

#ifdef CONFIG_CONTIG_ALLOC
	page = alloc_contig_pages(pageblock_nr_pages, GFP_KERNEL, 0, NULL);
	if (page)
		free_contig_range(page_to_pfn(page), pageblock_nr_pages);
#endif
	return page;
}

/*
 * How many pageblocks are wholly free after half of the memory was allocated and
 * freed over and over, on all cores and by other CPUs than allocated it, and all
 * but a few pages were freed: a system that has run for days and now wants huge
 * pages. One sample, the second: the first leaves its traces as well.
 */
void bench_run_blocks(const struct bench *b)
{
	struct gang *gang;
	unsigned int i, n = min(bench_cores, num_online_cpus());
	bool good;

	nr_slots = global_zone_page_state(NR_FREE_PAGES) / 4;
	slots = vzalloc(array_size(nr_slots, sizeof(*slots)));
	gang = gang_alloc(b);
	good = slots && gang;
	for (i = 0; good && i < n; i++)
		good = gang_add(gang, i, mixed_load_worker);
	if (!good)
		bench_result.failed = "no memory for the table";
	drain_all();
	bench_record("blocks_before", whole_blocks());
	if (good && gang_run(gang)) {
		for (i = 0; i < nr_slots; i++)
			if (i % KEPT)
				free_slot(xchg(&slots[i], 0));
		bench_record("blocks", whole_blocks());
		if (!drain_all())
			bench_result.failed = "no whole block could be had";
		bench_record("blocks_drained", whole_blocks());
	}
	for (i = 0; slots && i < nr_slots; i++)
		free_slot(slots[i]);
	vfree(slots);
	if (gang)
		gang_free(gang);
}
