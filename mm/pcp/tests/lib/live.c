// SPDX-License-Identifier: GPL-2.0
/*
 * Shared by the suites that work on the page allocator in use, see live.h: pages to work
 * with, of blocks that a CPU owns, and how they get where a case wants them.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/page-isolation.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "../../../internal.h"
#include "../../../page_alloc.h"
#include "../../pcp.h"
#include "../../zone.h"
#include "live.h"

#define LIVE_MAX_PAGES	(16 * (pageblock_nr_pages < 4096 ? 4096 : pageblock_nr_pages))

static bool live_whole_block(struct live *lv)
{
	unsigned long pfn = page_to_pfn(lv->pages[0]);
	unsigned int i, j;

	/* Pages of a block that was just broken up come in one run. */
	for (i = 0, j = 0; i < lv->nr; i++) {
		pfn = page_to_pfn(lv->pages[i]);
		if (j && pfn == page_to_pfn(lv->pages[i - 1]) + 1 &&
		    !pageblock_aligned(pfn)) {
			j++;
		} else {
			j = pageblock_aligned(pfn) ? 1 : 0;
		}
		if (j == pageblock_nr_pages) {
			/* Keep the run, give back the rest. */
			unsigned int first = i + 1 - j;
			unsigned int k;

			for (k = 0; k < lv->nr; k++) {
				if (k < first || k > i)
					__free_page(lv->pages[k]);
			}
			memmove(lv->pages, lv->pages + first,
				j * sizeof(*lv->pages));
			lv->nr = j;
			return true;
		}
	}
	return false;
}

/* On CPU a: allocate until there are enough pages of its own blocks. */
static long live_own_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	LIST_HEAD(strangers);
	struct page *page, *next;
	unsigned long tries;

	for (tries = 0; tries < LIVE_MAX_PAGES; tries++) {
		page = alloc_page(lv->gfp);
		if (!page)
			break;
		if (live_owner(page) != w->cpu ||
		    (lv->zone && page_zone(page) != lv->zone)) {
			list_add(&page->lru, &strangers);
			continue;
		}
		lv->zone = page_zone(page);
		lv->pages[lv->nr++] = page;
		if (lv->whole) {
			if (pageblock_aligned(page_to_pfn(page) + 1) &&
			    live_whole_block(lv))
				break;
		} else if (lv->nr == lv->want) {
			break;
		}
	}

	list_for_each_entry_safe(page, next, &strangers, lru)
		__free_page(page);
	return lv->whole ? lv->nr == pageblock_nr_pages : lv->nr == lv->want;
}

/* Why might CPU a own no block? */
static void live_tell(struct live *lv)
{
	struct zone *zone;

	for_each_populated_zone(zone) {
		struct per_cpu_pages *pcp = zone_pcp(zone, lv->a);

		kunit_info(lv->test, "%s: %lu free, %lu whole blocks, flags %lx; CPU %d: %d of %d pages (%d to %d), %d wait\n",
			   zone->name, zone_page_state(zone, NR_FREE_PAGES),
			   zone->free_area[pageblock_order].nr_free,
			   zone->flags, lv->a, READ_ONCE(pcp->count),
			   READ_ONCE(pcp->high), READ_ONCE(pcp->high_min),
			   READ_ONCE(pcp->high_max),
			   atomic_read(&pcp->nr_waiting));
	}
}

/* On CPU b: have some pages of the kind on its PCP. */
static long live_stock_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct page *page[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(page); i++)
		page[i] = alloc_page(lv->gfp);
	for (i = 0; i < ARRAY_SIZE(page); i++) {
		if (page[i])
			__free_page(page[i]);
	}
	return 0;
}

/**
 * live_have_room() - have a CPU keep so many pages of others' blocks
 * @lv: the zone
 * @cpu: the CPU
 * @room: pages that it has before it pushes more
 *
 * A batch is all that the PCP may have, but for twice the room, so that little is trimmed.
 * See pcp_keep_mark(). Set back after the case.
 */
void live_have_room(struct live *lv, int cpu, int room)
{
	struct per_cpu_pages *pcp = zone_pcp(lv->zone, cpu);
	int high = max(lv->zone->pageset_high_max, 2 * room + 1);

	spin_lock(&pcp->lock);
	WRITE_ONCE(pcp->high_min, room);
	WRITE_ONCE(pcp->high_max, high);
	WRITE_ONCE(pcp->high, high);
	WRITE_ONCE(pcp->batch, high - 2 * room);
	spin_unlock(&pcp->lock);
}

/**
 * live_have_enough() - have CPU b push what it frees of other CPUs' blocks
 * @lv: CPU b and the zone
 *
 * It has no room for them, and some on the list.
 */
void live_have_enough(struct live *lv)
{
	live_have_room(lv, lv->b, 4);
	pcp_on_cpu(lv->test, lv->b, live_stock_fn, lv);
}

/* A trim on CPU a, of what it did not keep, may have taken some blocks from it. */
static void live_own_again(struct live *lv)
{
	unsigned int i;

	for (i = 0; i < lv->nr; i++) {
		struct page *page = lv->pages[i];

		if (live_owner(page) != lv->a)
			pageblock_own(lv->zone, lv->pcp, live_pbd(page));
	}
}

/**
 * live_own() - have CPU a allocate pages of blocks that it owns
 * @lv: gets the pages, their zone and the PCP
 * @want: how many, if not @whole
 * @whole: all pages of one block instead
 */
void live_own(struct live *lv, unsigned int want, bool whole)
{
	int tries = 0;
	long ok;

	lv->want = want;
	lv->whole = whole;
	for (;;) {
		lv->nr = 0;
		lv->zone = NULL;
		ok = pcp_on_cpu(lv->test, lv->a, live_own_fn, lv);
		if (ok > 0 || ++tries == 4)
			break;
		/* No whole block was free, or the zone is short of memory. */
		live_tell(lv);
		while (lv->nr)
			__free_page(lv->pages[--lv->nr]);
		drain_all_pages(NULL);
	}
	KUNIT_ASSERT_GT_MSG(lv->test, ok, 0L,
			    "CPU %d got only %u pages of blocks of its own",
			    lv->a, lv->nr);
	lv->pcp = zone_pcp(lv->zone, lv->a);
	live_have_enough(lv);
	live_own_again(lv);
}

/* On CPU a: whole blocks, each in pages of order 0. */
static long live_blocks_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i;

	while (lv->nr < lv->want) {
		struct page *page = alloc_pages(lv->gfp, pageblock_order);

		if (!page)
			return false;
		if (lv->zone && page_zone(page) != lv->zone) {
			__free_pages(page, pageblock_order);
			return false;
		}
		lv->zone = page_zone(page);
		split_page(page, pageblock_order);
		for (i = 0; i < pageblock_nr_pages; i++)
			lv->pages[lv->nr++] = page + i;
	}
	return true;
}

/**
 * live_blocks() - have whole blocks in use, in pages of order 0
 * @lv: gets the pages, block by block, their zone and the PCP of CPU a, which owns them
 * @nr: number of blocks
 */
void live_blocks(struct live *lv, unsigned int nr)
{
	unsigned int i;
	int tries = 0;
	long ok;

	lv->want = nr * pageblock_nr_pages;
	KUNIT_ASSERT_LE(lv->test, (unsigned long)lv->want, LIVE_MAX_PAGES);
	for (;;) {
		lv->nr = 0;
		lv->zone = NULL;
		ok = pcp_on_cpu(lv->test, lv->a, live_blocks_fn, lv);
		if (ok > 0 || ++tries == 4)
			break;
		while (lv->nr)
			__free_page(lv->pages[--lv->nr]);
		drain_all_pages(NULL);
	}
	KUNIT_ASSERT_GT_MSG(lv->test, ok, 0L, "only %u pages of whole blocks", lv->nr);
	lv->pcp = zone_pcp(lv->zone, lv->a);
	for (i = 0; i < lv->nr; i += pageblock_nr_pages)
		pageblock_own(lv->zone, lv->pcp, live_pbd(lv->pages[i]));
	live_have_enough(lv);
}

/**
 * live_set_type() - make blocks a CMA area, a reserve, or of another type
 * @lv: all pages of whole blocks, in use
 * @migratetype: their new type
 */
void live_set_type(struct live *lv, int migratetype)
{
	unsigned int i;

	for (i = 0; i < lv->nr; i += pageblock_nr_pages) {
		struct pageblock_data *pbd = live_pbd(lv->pages[i]);
		unsigned long word = READ_ONCE(pbd->flags), new, flags;
		int old = word & PAGEBLOCK_MIGRATETYPE_MASK;

		do {
			new = (word & ~PAGEBLOCK_MIGRATETYPE_MASK) | migratetype;
		} while (!try_cmpxchg(&pbd->flags, &word, new));

		spin_lock_irqsave(&lv->zone->lock, flags);
		if (migratetype == MIGRATE_HIGHATOMIC)
			lv->zone->nr_reserved_highatomic += pageblock_nr_pages;
		if (old == MIGRATE_HIGHATOMIC)
			lv->zone->nr_reserved_highatomic -= pageblock_nr_pages;
		spin_unlock_irqrestore(&lv->zone->lock, flags);
	}
}

#ifdef CONFIG_CONTIG_ALLOC
/**
 * live_get_back() - have all pages of the blocks in use again, and make them movable
 * @lv: pages of whole blocks, free, or in use by somebody who frees them or lets them move
 *
 * Return: false if some block cannot be had.
 */
bool live_get_back(struct live *lv)
{
	unsigned int i, tries;

	for (i = 0; i < lv->nr; i += pageblock_nr_pages) {
		unsigned long start = page_to_pfn(lv->pages[i]);
		acr_flags_t acr = ACR_FLAGS_NONE;
		int ret = -EBUSY;

		if (is_migrate_cma(pageblock_migratetype(live_pbd(lv->pages[i]))))
			acr = ACR_FLAGS_CMA;
		for (tries = 0; tries < 20 && ret; tries++) {
			ret = alloc_contig_range(start, start + pageblock_nr_pages, acr,
						 GFP_KERNEL);
			if (ret)
				schedule_timeout_uninterruptible(1);
		}
		if (ret)
			return false;
	}
	live_set_type(lv, MIGRATE_MOVABLE);
	return true;
}
#endif

/**
 * live_set_bound() - let other numbers of pages wait for CPU a, until the case ends
 * @lv: its PCP
 * @bound: base pages
 */
void live_set_bound(struct live *lv, int bound)
{
	WRITE_ONCE(lv->pcp->bound_short, bound);
	WRITE_ONCE(lv->pcp->bound, bound);
}

/**
 * live_reset_bound() - undo live_set_bound()
 * @lv: the PCP of CPU a
 */
void live_reset_bound(struct live *lv)
{
	pcp_set_bound(lv->pcp, lv->pcp->high_max);
}

/**
 * live_unhook() - action at the end of a case: no hook at the points of mm/pcp/ any more
 * @unused: nothing
 *
 * Nobody is in it when this returns.
 */
void live_unhook(void *unused)
{
	WRITE_ONCE(pcp_point_hook, NULL);
	synchronize_rcu_expedited();
}

/**
 * live_free_fn() - worker: free all pages
 * @w: on any CPU
 *
 * Return: how many.
 */
long live_free_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i;

	for (i = 0; i < lv->nr; i++)
		__free_page(lv->pages[i]);
	return lv->nr;
}

/**
 * live_is_own() - is it one of the pages that CPU a had?
 * @lv: the pages
 * @page: a page
 *
 * Return: true if it is.
 */
bool live_is_own(struct live *lv, struct page *page)
{
	unsigned int i;

	for (i = 0; i < lv->nr; i++) {
		if (lv->pages[i] == page)
			return true;
	}
	return false;
}

/**
 * live_in_zone() - of the pages that were freed, how many the zone buddy has
 * @lv: the pages
 *
 * Return: how many.
 */
unsigned int live_in_zone(struct live *lv)
{
	unsigned int i, nr = 0;

	for (i = 0; i < lv->nr; i++)
		nr += is_free_buddy_page(lv->pages[i]);
	return nr;
}

/**
 * live_drain_fn() - worker: drain this CPU
 * @w: the CPU
 *
 * Return: 0.
 */
long live_drain_fn(struct pcp_worker *w)
{
	drain_local_pages(NULL);
	return 0;
}

/**
 * live_defer() - free a page where neither the local PCP nor the zone can be had
 * @lv: the zone
 * @page: a page of a block of this CPU, or of nobody
 * @order: its order
 */
void live_defer(struct live *lv, struct page *page, unsigned int order)
{
	struct per_cpu_pages *pcp;
	unsigned long flags;

	pcpu_task_pin();
	pcp = this_cpu_ptr(lv->zone->per_cpu_pageset);
	spin_lock(&pcp->lock);
	spin_lock_irqsave(&lv->zone->lock, flags);
	free_pages_nolock(page, order);
	spin_unlock_irqrestore(&lv->zone->lock, flags);
	spin_unlock(&pcp->lock);
	pcpu_task_unpin();
}

/**
 * live_absorb_all() - take in all that waits for CPU a
 * @lv: its PCP and zone
 * @flags: PCP_ABSORB_NOLOCK or 0
 *
 * Return: base pages that were taken in.
 */
unsigned int live_absorb_all(struct live *lv, unsigned int flags)
{
	unsigned int nr, sum = 0;

	spin_lock(&lv->pcp->lock);
	while ((nr = pcp_absorb(lv->zone, lv->pcp, flags)))
		sum += nr;
	spin_unlock(&lv->pcp->lock);
	return sum;
}

/**
 * live_empty_lists() - take all that is cached for CPU a to the zone, but nothing that waits
 * @lv: its PCP and zone
 */
void live_empty_lists(struct live *lv)
{
	LIST_HEAD(cached);

	spin_lock(&lv->pcp->lock);
	pcp_collect(lv->zone, lv->pcp, lv->pcp->count, 0, &cached);
	spin_unlock(&lv->pcp->lock);
	pcp_zone_free_list(lv->zone, &cached);
}

/**
 * live_waits() - push pages to CPU a and have them wait there
 * @lv: gets the pages
 * @want: how many
 *
 * Return: false if vmstat took them to the zone each time.
 */
bool live_waits(struct live *lv, unsigned int want)
{
	unsigned int i, waiting;
	int tries;

	for (tries = 0; tries < 8; tries++) {
		live_own(lv, want, false);
		for (i = 1; lv->swapped && i < lv->nr; i += 2)
			swap(lv->pages[i - 1], lv->pages[i]);
		/* In a small zone, fewer may wait; set back after the case. */
		if (lv->pcp->bound_short < 2 * want)
			live_set_bound(lv, 2 * want);
		pcp_on_cpu(lv->test, lv->b, live_free_fn, lv);
		live_empty_lists(lv);
		waiting = atomic_read(&lv->pcp->nr_waiting);
		if (waiting >= want)
			return true;
		kunit_info(lv->test, "%u of %u wait, CPU %d has %d pages, %d at least\n",
			   waiting, want, lv->b, READ_ONCE(zone_pcp(lv->zone, lv->b)->count),
			   READ_ONCE(zone_pcp(lv->zone, lv->b)->high_min));
	}
	return false;
}

/* A case may have set these and have ended before it set them back. */
static void live_restore(void *unused)
{
	struct zone *zone;
	int cpu;

	for_each_populated_zone(zone) {
		for_each_online_cpu(cpu) {
			struct per_cpu_pages *pcp = zone_pcp(zone, cpu);

			if (pcp->dead)
				pcp_cpu_online(pcp);
			WRITE_ONCE(pcp->high_min, zone->pageset_high_min);
			WRITE_ONCE(pcp->high_max, zone->pageset_high_max);
			WRITE_ONCE(pcp->batch, zone->pageset_batch);
			pcp_set_bound(pcp, pcp->high_max);
		}
	}
}

static void live_free_mem(void *ptr)
{
	vfree(ptr);
}

/**
 * live_init() - init function of a suite
 * @test: gets a struct live as priv
 *
 * Return: 0; ends the test if there are not enough CPUs.
 */
int live_init(struct kunit *test)
{
	struct live *lv;

	pcp_workers_require(test, 2);
	lv = kunit_kzalloc(test, sizeof(*lv), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, lv);
	lv->test = test;
	lv->gfp = LIVE_GFP;
	lv->a = cpumask_first(cpu_online_mask);
	lv->b = cpumask_next(lv->a, cpu_online_mask);
	lv->pages = vzalloc(array_size(LIVE_MAX_PAGES, sizeof(*lv->pages)));
	KUNIT_ASSERT_NOT_NULL(test, lv->pages);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_free_mem,
							   lv->pages));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, live_restore, NULL));
	lv->slots = vzalloc(LIVE_SLOTS * sizeof(*lv->slots));
	KUNIT_ASSERT_NOT_NULL(test, lv->slots);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_free_mem,
							   lv->slots));
	test->priv = lv;
	return 0;
}
