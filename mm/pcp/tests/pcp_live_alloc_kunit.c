// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations in the page allocator in use: what they take in of the pages that wait, and
 * where a refill finds others.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/vmstat.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "lib/live.h"

/* Allocations until a page of some block that is free has come. */
#define LIVE_ADOPT_TRIES	65536

/*
 * On CPU a: allocate one page while many wait, and nothing else is there.
 * Returns how many it moved.
 */
static long live_alloc_one_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	long before, moved;

	live_empty_lists(lv);
	before = atomic_read(&lv->pcp->nr_waiting);
	lv->page = alloc_page(LIVE_GFP);
	moved = before - atomic_read(&lv->pcp->nr_waiting);
	if (lv->page)
		__free_page(lv->page);
	return moved;
}

/* An allocation does bounded work. */
static void live_allocation_absorbs_a_bounded_number(struct kunit *test)
{
	struct live *lv = test->priv;
	long moved = 0;
	int tries;

	/* vmstat, or somebody who allocates on CPU a, can spoil it. */
	for (tries = 0; tries < 8; tries++) {
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 2048));
		moved = pcp_on_cpu(test, lv->a, live_alloc_one_fn, lv);
		if (moved > 0 && moved <= PCP_ABSORB_NODES)
			break;
	}
	KUNIT_EXPECT_GT(test, moved, 0L);
	KUNIT_EXPECT_LE(test, moved, (long)PCP_ABSORB_NODES);
	live_check(test);
}

/* On CPU a: fill the PCP, have a page wait, allocate. Returns what moved. */
static long live_lazy_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct pcp_run run = { .zone = lv->zone, .pcp = lv->pcp };
	struct page *page = alloc_page(LIVE_GFP), *again;
	long before, moved;

	if (!page || !lv->page)
		return -ENOMEM;

	/* The push may find that more than the bound wait, and take a lock. */
	pcpu_task_pin();
	__free_page(page);
	/* As free.c would on another CPU. */
	set_page_count(lv->page, 0);
	free_pages_prepare(lv->page, 0);
	pcp_run_add(&run, lv->page, 0);
	pcp_push(&run, false);
	before = atomic_read(&lv->pcp->nr_waiting);
	again = alloc_page((LIVE_GFP & ~__GFP_DIRECT_RECLAIM));
	moved = before - atomic_read(&lv->pcp->nr_waiting);
	pcpu_task_unpin();

	if (again)
		__free_page(again);
	return moved;
}

/* The fast path stays on its own cache lines. */
static void live_allocation_leaves_the_free_llist_alone(struct kunit *test)
{
	struct live *lv = test->priv;
	long moved = -1;
	int tries;

	for (tries = 0; tries < 8 && moved; tries++) {
		live_own(lv, 1, false);
		lv->page = lv->pages[0];
		moved = pcp_on_cpu(test, lv->a, live_lazy_fn, lv);
	}
	KUNIT_EXPECT_EQ(test, moved, 0L);
	live_check(test);
}

/* Absorbing respects the high mark. */
static void live_absorbing_does_not_pass_the_high_mark(struct kunit *test)
{
	struct live *lv = test->priv;
	int high, count, limit;

	KUNIT_ASSERT_TRUE(test, live_waits(lv, 2048));
	spin_lock(&lv->pcp->lock);
	high = lv->pcp->high;
	lv->pcp->high = lv->pcp->count + 20;
	limit = lv->pcp->high + (int)pageblock_nr_pages;
	while (pcp_absorb(lv->zone, lv->pcp, PCP_ABSORB_TO_HIGH))
		;
	count = lv->pcp->count;
	lv->pcp->high = high;
	spin_unlock(&lv->pcp->lock);

	/* One page of the largest order may be on top. */
	KUNIT_EXPECT_LT(test, count, limit);
	KUNIT_EXPECT_GT(test, atomic_read(&lv->pcp->nr_waiting), 0);
	live_check(test);
	pcp_on_cpu(test, lv->a, live_drain_fn, lv);
	live_check(test);
}

static void live_whole_blocks_lose_their_owner(struct kunit *test)
{
	struct live *lv = test->priv;
	int tries, owner = 0;

	for (tries = 0; tries < 8 && owner >= 0; tries++) {
		live_own(lv, 0, true);
		pcp_on_cpu(test, lv->b, live_free_fn, lv);
		drain_all_pages(lv->zone);
		owner = live_owner(lv->pages[0]);
	}
	KUNIT_EXPECT_LT(test, owner, 0);
	live_check(test);
}

/* On CPU a, with empty lists each time: one page of each order. */
static long live_from_nothing_fn(struct pcp_worker *w)
{
	unsigned int order, nr = 0;

	for (order = 0; order <= MAX_PAGE_ORDER; order++) {
		struct page *page;

		drain_local_pages(NULL);
		page = alloc_pages(LIVE_GFP, order);
		if (!page)
			continue;
		nr++;
		__free_pages(page, order);
	}
	return nr;
}

static void live_allocation_from_an_empty_pcp(struct kunit *test)
{
	struct live *lv = test->priv;

	KUNIT_EXPECT_EQ(test, pcp_on_cpu(test, lv->a, live_from_nothing_fn, lv),
			(long)NR_PAGE_ORDERS);
	live_check(test);
}

/*
 * On CPU a, with the zone locked: an allocation that may not wait for locks
 * gets what waits, and nothing when there is nothing.
 */
static long live_nolock_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct page *first, *second;
	unsigned long flags;
	long ret = 0;

	live_empty_lists(lv);
	spin_lock_irqsave(&lv->zone->lock, flags);
	first = alloc_pages_nolock(0, NUMA_NO_NODE, 0);
	spin_unlock_irqrestore(&lv->zone->lock, flags);

	drain_local_pages(NULL);
	spin_lock_irqsave(&lv->zone->lock, flags);
	second = alloc_pages_nolock(0, NUMA_NO_NODE, 0);
	spin_unlock_irqrestore(&lv->zone->lock, flags);

	if (first && live_is_own(lv, first))
		ret |= 1;
	if (second && page_zone(second) == lv->zone)
		ret |= 2;
	if (first)
		free_pages_nolock(first, 0);
	if (second)
		free_pages_nolock(second, 0);
	return ret;
}

/*
 * CPU b frees the pages while CPU a stands by. To start the thread on CPU a
 * may take pages of this type from it, so it has to run already.
 */
static long live_push_then_nolock_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	if (!pcp_step_wait(&lv->step, 2))
		return -EINTR;
	if (w->cpu == lv->b)
		live_free_fn(w);
	if (!pcp_step_wait(&lv->step, 2))
		return -EINTR;
	return w->cpu == lv->a ? live_nolock_fn(w) : 0;
}

/* On CPU a: leave whole free blocks of unmovable type in the zone. */
static long live_unmovable_blocks_fn(struct pcp_worker *w)
{
	struct page *page[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(page); i++)
		page[i] = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN,
				      pageblock_order);
	for (i = 0; i < ARRAY_SIZE(page); i++) {
		if (page[i])
			__free_pages(page[i], pageblock_order);
	}
	drain_local_pages(NULL);
	return 0;
}

static void live_nolock_allocation_with_the_zone_locked(struct kunit *test)
{
	struct live *lv = test->priv;
	static struct cpumask both;
	struct pcp_workers *p;
	long ret = 0;
	int tries;

	cpumask_clear(&both);
	cpumask_set_cpu(lv->a, &both);
	cpumask_set_cpu(lv->b, &both);
	/* The type that it asks for. */
	lv->gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;
	/* vmstat may take them to the zone, or somebody push meanwhile. */
	for (tries = 0; tries < 8 && ret != 1; tries++) {
		pcp_on_cpu(test, lv->a, live_unmovable_blocks_fn, lv);
		live_own(lv, 64, false);
		p = pcp_workers_run(test, &both, 2, live_push_then_nolock_fn, lv);
		ret = p->worker[lv->a > lv->b].ret;
	}
	KUNIT_EXPECT_EQ_MSG(test, ret, 1L, "%s%s",
			    ret & 1 ? "" : "what waits was not found ",
			    ret & 2 ? "got a page with nothing cached" : "");
	live_check(test);
}

/* On CPU a: every other page stays in use, the rest go to the zone. */
static long live_fragments_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i;

	for (i = 0; i < lv->nr; i += 2)
		__free_page(lv->pages[i]);
	drain_local_pages(lv->zone);
	return live_owner(lv->pages[1]);
}

/* On CPU a: allocate until a page of the block comes. Returns its owner then. */
static long live_adopt_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct page *page, *next;
	LIST_HEAD(pages);
	unsigned int i;
	long owner = -2;

	for (i = 0; i < LIVE_ADOPT_TRIES && owner == -2; i++) {
		page = alloc_page(LIVE_GFP);
		if (!page)
			break;
		list_add(&page->lru, &pages);
		if (live_is_own(lv, page))
			owner = live_owner(page);
	}
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_page(page);
	for (i = 1; i < lv->nr; i += 2)
		__free_page(lv->pages[i]);
	return owner;
}

/* A block that is partly in use loses its owner, and finds one again. */
static void live_blocks_in_use_are_adopted(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long adopted = live_event(PCP_ADOPT);
	long before = 0, after = -2;
	int tries;

	/* Somebody on another CPU may be the one who takes the pages. */
	for (tries = 0; tries < 8 && (before != -1 || after != lv->a); tries++) {
		live_own(lv, 0, true);
		before = pcp_on_cpu(test, lv->a, live_fragments_fn, lv);
		live_check(test);
		after = pcp_on_cpu(test, lv->a, live_adopt_fn, lv);
	}
	KUNIT_EXPECT_EQ(test, before, -1L);
	KUNIT_EXPECT_EQ(test, after, (long)lv->a);
	KUNIT_EXPECT_GT(test, live_event(PCP_ADOPT), adopted);
	live_check(test);
}

/* Free pages of the zone, in pieces of @from to below @to. */
static unsigned long live_nr_free(struct zone *zone, unsigned int from, unsigned int to)
{
	unsigned long flags, nr = 0;
	unsigned int order;

	spin_lock_irqsave(&zone->lock, flags);
	for (order = from; order < to; order++)
		nr += zone->free_area[order].nr_free << order;
	spin_unlock_irqrestore(&zone->lock, flags);
	return nr;
}

static unsigned long live_nr_whole(struct zone *zone)
{
	return live_nr_free(zone, pageblock_order, NR_PAGE_ORDERS) >> pageblock_order;
}

/*
 * On CPU a, with single pages in the zone: how many whole blocks do allocations cost?
 * Returns -1 if one refill may be more than there is in smaller pieces.
 */
static long live_small_first_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct page *page, *next;
	LIST_HEAD(pages);
	unsigned int i;
	long before;

	drain_local_pages(lv->zone);
	if (live_nr_free(lv->zone, 0, pageblock_order) <
	    lv->nr / 4 + (lv->pcp->batch << CONFIG_PCP_BATCH_SCALE_MAX))
		return -1;
	before = live_nr_whole(lv->zone);
	for (i = 0; i < lv->nr / 4; i++) {
		page = alloc_page(LIVE_GFP);
		if (page)
			list_add(&page->lru, &pages);
	}
	before -= live_nr_whole(lv->zone);
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_page(page);
	return before;
}

static void live_refill_takes_small_pieces_first(struct kunit *test)
{
	struct live *lv = test->priv;
	long lost = 1;
	unsigned int i;
	int tries;

	/* Somebody else may break up a block meanwhile. */
	for (tries = 0; tries < 8 && lost; tries++) {
		live_own(lv, 0, true);
		pcp_on_cpu(test, lv->a, live_fragments_fn, lv);
		lost = pcp_on_cpu(test, lv->a, live_small_first_fn, lv);
		for (i = 1; i < lv->nr; i += 2)
			__free_page(lv->pages[i]);
	}
	if (lost < 0)
		kunit_skip(test, "the zone has few pieces smaller than a block of %lu pages",
			   pageblock_nr_pages);
	KUNIT_EXPECT_EQ(test, lost, 0L);
	live_check(test);
}

/* Pages that one CPU fills blocks with, and another one frees. */
#define LIVE_FILL_PAGES		16384

/* On CPU a. */
static long live_fill_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	for (lv->nr = 0; lv->nr < LIVE_FILL_PAGES; lv->nr++) {
		lv->pages[lv->nr] = alloc_page(LIVE_GFP);
		if (!lv->pages[lv->nr])
			break;
	}
	return lv->nr;
}

/* All zones: a fill may go from one to the next. */
static long live_nr_whole_all(void)
{
	struct zone *zone;
	long nr = 0;

	drain_all_pages(NULL);
	for_each_populated_zone(zone)
		nr += live_nr_whole(zone);
	return nr;
}

/* Huge pages need whole blocks: none stays in pieces because another CPU freed it. */
static void live_blocks_freed_from_afar_are_whole_again(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = 0, filled = 0, after = -1, now;
	int tries;

	/* Somebody else may break up a block meanwhile, and keep it: not if something waits. */
	for (tries = 0; tries < 8 && after < before; tries++) {
		now = live_nr_whole_all();
		if (!tries || !pcp_has_waiting(lv->pcp))
			before = now;
		KUNIT_ASSERT_EQ(test, pcp_on_cpu(test, lv->a, live_fill_fn, lv),
				(long)LIVE_FILL_PAGES);
		filled = live_nr_whole_all();
		lv->pcp = zone_pcp(page_zone(lv->pages[0]), lv->a);
		pcp_on_cpu(test, lv->b, live_free_fn, lv);
		after = live_nr_whole_all();
	}
	KUNIT_EXPECT_LT(test, filled, before);
	KUNIT_EXPECT_GE(test, after, before);
	live_check(test);
}

static struct kunit_case live_alloc_cases[] = {
	KUNIT_CASE(live_allocation_absorbs_a_bounded_number),
	KUNIT_CASE(live_allocation_leaves_the_free_llist_alone),
	KUNIT_CASE(live_absorbing_does_not_pass_the_high_mark),
	KUNIT_CASE(live_allocation_from_an_empty_pcp),
	KUNIT_CASE(live_nolock_allocation_with_the_zone_locked),
	KUNIT_CASE(live_blocks_in_use_are_adopted),
	KUNIT_CASE(live_whole_blocks_lose_their_owner),
	KUNIT_CASE(live_refill_takes_small_pieces_first),
	KUNIT_CASE(live_blocks_freed_from_afar_are_whole_again),
	{}
};

static struct kunit_suite live_alloc_suite = {
	.name = "pcp_live_alloc",
	.init = live_init,
	.test_cases = live_alloc_cases,
};

kunit_test_suite(live_alloc_suite);
