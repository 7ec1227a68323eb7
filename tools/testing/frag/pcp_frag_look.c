// SPDX-License-Identifier: GPL-2.0
/*
 * Counters during a phase, and the memory after it.
 */
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "internal.h"
#include "page_alloc.h"
#if __has_include("pcp/pcp.h")
#include "pcp/pcp.h"
#define SPLIT
#endif
#include "pcp_frag.h"

/* Counters ----------------------------------------------------------------- */

/* Of the numbers of a node, those of reclaim only grow. */
#define FIRST_RECLAIM	PGSTEAL_KSWAPD
#define NR_RECLAIM	(PGSCAN_FILE - FIRST_RECLAIM + 1)

struct stamp {
	unsigned long events[NR_VM_EVENT_ITEMS];
	unsigned long reclaim[NR_RECLAIM];
	unsigned long locks;
	u64 ns;
};

static struct stamp before, after;

/* How often any zone->lock was taken; 0 in a kernel that does not count it. */
static unsigned long acquisitions(void)
{
#ifdef CONFIG_LOCK_STAT
	static struct lock_class_stats stats;
	struct zone *zone;

	/* They all have one class. */
	for_each_populated_zone(zone) {
		struct lock_class *class = READ_ONCE(zone->lock.dep_map.class_cache[0]);

		if (!class)
			continue;
		lock_stats(class, &stats);
		return stats.read_holdtime.nr + stats.write_holdtime.nr;
	}
#endif
	return 0;
}

static void take_stamp(struct stamp *stamp)
{
	unsigned int i;

	all_vm_events(stamp->events);
	for (i = 0; i < NR_RECLAIM; i++)
		stamp->reclaim[i] = global_node_page_state(FIRST_RECLAIM + i);
	stamp->locks = acquisitions();
	stamp->ns = ktime_get_ns();
}

void frag_start_phase(void)
{
	take_stamp(&before);
}

void frag_end_phase(void)
{
	unsigned int i;

	take_stamp(&after);
	say("us", "%llu", div_u64(after.ns - before.ns, 1000));
	for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
		if (after.events[i] != before.events[i])
			printk(KERN_WARNING "frag: %s event_%s %lu\n", frag_phase, vm_event_name(i),
			       after.events[i] - before.events[i]);
	for (i = 0; i < NR_RECLAIM; i++)
		if (after.reclaim[i] != before.reclaim[i])
			printk(KERN_WARNING "frag: %s event_%s %lu\n", frag_phase,
			       node_stat_name(FIRST_RECLAIM + i),
			       after.reclaim[i] - before.reclaim[i]);
	if (IS_ENABLED(CONFIG_LOCK_STAT))
		say("locks", "%lu", after.locks - before.locks);
}

/* The memory after a phase ------------------------------------------------- */

u16 (*frag_held)[2];
unsigned long frag_first_block, frag_nr_blocks;

void frag_find_blocks(void)
{
	unsigned long low = ULONG_MAX, high = 0;
	struct zone *zone;

	for_each_populated_zone(zone) {
		low = min(low, zone->zone_start_pfn);
		high = max(high, zone_end_pfn(zone));
	}
	frag_first_block = low >> pageblock_order;
	frag_nr_blocks = DIV_ROUND_UP(high, pageblock_nr_pages) - frag_first_block;
	frag_held = vzalloc(array_size(frag_nr_blocks, sizeof(*frag_held)));
	if (!frag_held)
		frag_fail("no memory for the blocks");
}

static void look_at_block(struct picture *p, struct zone *zone, unsigned long pfn)
{
	unsigned long end = min(pfn + pageblock_nr_pages, zone_end_pfn(zone)), at = pfn;
	unsigned int migratetype = get_pfnblock_migratetype(pfn_to_page(pfn), pfn);
	const u16 *mine = frag_held[(pfn >> pageblock_order) - frag_first_block];
	unsigned long nr = 0;

	spin_lock_irq(&zone->lock);
	while (at < end) {
		struct page *page = pfn_to_page(at);
		unsigned long step = PageBuddy(page) ? 1UL << buddy_order(page) : 1;

		if (PageBuddy(page))
			nr += step;
		at += step;
	}
	spin_unlock_irq(&zone->lock);
	nr = min(nr, pageblock_nr_pages);
	p->types[migratetype]++;
	p->fullness[nr == pageblock_nr_pages ? 5 : nr ? 1 + nr * 4 / pageblock_nr_pages : 0]++;
	if (mine[0] && mine[1])
		p->mixed++;
	/* Of the kernel, where it hinders compaction. */
	if (mine[0] && migratetype == MIGRATE_MOVABLE)
		p->stray++;
#ifdef SPLIT
	if (pageblock_owner_cpu(pfn_to_pageblock(pfn_to_page(pfn), pfn)) >= 0)
		p->owned++;
#endif
}

/* Only figures that cost little. */
void frag_take_sketch(struct picture *p)
{
	struct zone *zone;
	unsigned int o;
	int i;

	memset(p, 0, sizeof(*p));
	for_each_populated_zone(zone) {
		for (o = 0; o < NR_PAGE_ORDERS; o++) {
			unsigned long nr = READ_ONCE(zone->free_area[o].nr_free);

			p->pieces[o] += nr;
			p->free += nr << o;
			if (o >= pageblock_order)
				p->whole += nr << (o - pageblock_order);
		}
		for_each_possible_cpu(i) {
			struct per_cpu_pages *pcp = per_cpu_ptr(zone->per_cpu_pageset, i);

			p->pcp += READ_ONCE(pcp->count);
#ifdef SPLIT
			p->waiting += atomic_read(&pcp->nr_waiting);
#endif
		}
	}
}

static void take_picture(struct picture *p)
{
	struct zone *zone;

	frag_take_sketch(p);
	for_each_populated_zone(zone) {
		unsigned long pfn = zone->zone_start_pfn;

		for (pfn = pageblock_start_pfn(pfn); pfn < zone_end_pfn(zone);
		     pfn += pageblock_nr_pages)
			if (pfn_valid(pfn))
				look_at_block(p, zone, max(pfn, zone->zone_start_pfn));
	}
}

static void say_picture(const struct picture *p, const char *when)
{
	char text[256];
	int len = 0;
	unsigned int i;

	say("%s_whole", "%lu", when, p->whole);
	say("%s_free", "%lu", when, p->free);
	say("%s_possible", "%lu", when, p->free / pageblock_nr_pages);
	say("%s_pcp", "%lu", when, p->pcp);
	say("%s_waiting", "%lu", when, p->waiting);
	say("%s_owned", "%lu", when, p->owned);
	say("%s_mixed", "%lu", when, p->mixed);
	say("%s_stray", "%lu", when, p->stray);
	for (i = 0; i < NR_PAGE_ORDERS; i++)
		len += scnprintf(text + len, sizeof(text) - len, " %lu", p->pieces[i]);
	say("%s_pieces", "%s", when, text + 1);
	len = 0;
	for (i = 0; i < ARRAY_SIZE(p->fullness); i++)
		len += scnprintf(text + len, sizeof(text) - len, " %lu", p->fullness[i]);
	say("%s_fullness", "%s", when, text + 1);
	for (i = 0; i < MIGRATE_TYPES; i++)
		if (p->types[i])
			say("%s_type_%s", "%lu", when, migratetype_names[i], p->types[i]);
}

void frag_show_memory(const char *when)
{
	struct picture *p = kvzalloc(sizeof(*p), GFP_KERNEL);

	if (!p) {
		frag_fail("no memory for the picture");
		return;
	}
	take_picture(p);
	say_picture(p, when);
	kvfree(p);
}

void frag_drain_all(void)
{
	lru_add_drain_all();
	drain_all_pages(NULL);
}
