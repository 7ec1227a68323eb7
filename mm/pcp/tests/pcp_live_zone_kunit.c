// SPDX-License-Identifier: GPL-2.0
/*
 * A zone in use, as zone.c and the changes of page_alloc.c handle it: pages larger than a
 * block, CMA areas, types that are kept apart, the flag of a zone that is short, compaction.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-isolation.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "../zone.h"
#include "lib/live.h"

/* === Pages larger than a block === */

/* Give back what pcp_zone_take() took. */
static void live_put_back(struct zone *zone, struct page *page, unsigned int order)
{
	LIST_HEAD(pages);

	set_page_private(page, order);
	list_add(&page->pcp_list, &pages);
	pcp_zone_free_list(zone, &pages);
}

/*
 * Take a page with all smaller ones out of sight, so that it has to come from the largest
 * there are. Returns what @from says, -1 if there was no page; lv->want is by how much
 * NR_FREE_PAGES went down.
 */
static int live_take_from_largest(struct live *lv, unsigned int order,
				  unsigned int max_order)
{
	struct list_head hidden[NR_PAGE_ORDERS];
	struct zone *zone = lv->zone;
	unsigned int from = 0, i;
	unsigned long flags;
	long free;

	spin_lock_irqsave(&zone->lock, flags);
	free = zone_page_state_snapshot(zone, NR_FREE_PAGES);
	for (i = 0; i < MAX_PAGE_ORDER; i++) {
		INIT_LIST_HEAD(&hidden[i]);
		list_splice_init(&zone->free_area[i].free_list[MIGRATE_MOVABLE],
				 &hidden[i]);
	}
	lv->page = pcp_zone_take(zone, order, max_order, MIGRATE_MOVABLE, &from);
	for (i = 0; i < MAX_PAGE_ORDER; i++)
		list_splice(&hidden[i], &zone->free_area[i].free_list[MIGRATE_MOVABLE]);
	lv->want = free - zone_page_state_snapshot(zone, NR_FREE_PAGES);
	spin_unlock_irqrestore(&zone->lock, flags);
	return lv->page ? from : -1;
}

/* The rest of a page of the largest order when the first part of @order is taken. */
static void live_expect_rest(struct live *lv, struct page *page, unsigned int order)
{
	struct kunit *test = lv->test;
	unsigned long flags;

	spin_lock_irqsave(&lv->zone->lock, flags);
	for (; order < MAX_PAGE_ORDER; order++) {
		struct page *half = page + (1UL << order);

		/* Somebody may have taken it since, but not as a part of a larger one. */
		if (PageBuddy(half))
			KUNIT_EXPECT_LE(test, buddy_order(half), order);
	}
	spin_unlock_irqrestore(&lv->zone->lock, flags);
}

/* A claim of a block, and a refill of less, from a page of several blocks. */
static void live_page_larger_than_a_block_is_split(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned int max_order;
	int tries;

	live_own(lv, 1, false);
	__free_page(lv->pages[0]);
	for (max_order = 0; max_order <= pageblock_order; max_order++) {
		/* vmstat folds the counters of a CPU without the lock. */
		for (tries = 0, lv->want = 0; tries < 8 && lv->want != 1 << max_order; tries++) {
			KUNIT_ASSERT_EQ(test, live_take_from_largest(lv, 0, max_order),
					MAX_PAGE_ORDER);
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED(page_to_pfn(lv->page),
							   1UL << max_order));
			KUNIT_EXPECT_FALSE(test, is_free_buddy_page(lv->page));
			live_expect_rest(lv, lv->page, max_order);
			live_put_back(lv->zone, lv->page, max_order);
		}
		KUNIT_EXPECT_EQ(test, lv->want, 1U << max_order);
	}
	live_check_free_lists(test, lv->zone);
	live_check(test);
}

/* === The mark of a zone that is short === */

/* On CPU a: an allocation looks at the watermarks. Returns whether it set the mark. */
static long live_below_high_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct zone *zone = lv->zone;
	unsigned long high = zone->_watermark[WMARK_HIGH];
	struct page *page;
	bool set;

	pcpu_task_pin();
	clear_bit(ZONE_BELOW_HIGH, &zone->flags);
	zone->_watermark[WMARK_HIGH] = zone_managed_pages(zone);
	page = alloc_page(LIVE_GFP & ~__GFP_DIRECT_RECLAIM);
	set = test_bit(ZONE_BELOW_HIGH, &zone->flags);
	zone->_watermark[WMARK_HIGH] = high;
	clear_bit(ZONE_BELOW_HIGH, &zone->flags);
	pcpu_task_unpin();
	if (page)
		__free_page(page);
	return set;
}

static void live_zone_below_high_is_set(struct kunit *test)
{
	struct live *lv = test->priv;

	live_own(lv, 1, false);
	__free_page(lv->pages[0]);
	KUNIT_EXPECT_EQ(test, pcp_on_cpu(test, lv->a, live_below_high_fn, lv), 1L);
}

/* On CPU a: one page more than the PCP may have. */
static void live_relax_by_trim(struct live *lv)
{
	spin_lock(&lv->pcp->lock);
	lv->pcp->high_min = 0;
	lv->pcp->high = 0;
	spin_unlock(&lv->pcp->lock);
	__free_page(lv->pages[0]);
}

/* The others on CPU b. */
static void live_relax_by_overflow(struct live *lv)
{
	live_set_bound(lv, 1);
	__free_page(lv->pages[0]);
	__free_page(lv->pages[1]);
	live_reset_bound(lv);
}

static void live_relax_by_rescue(struct live *lv)
{
	WRITE_ONCE(lv->pcp->dead, true);
	__free_page(lv->pages[0]);
	__free_page(lv->pages[1]);
	pcp_cpu_online(lv->pcp);
}

static void live_relax_by_shepherd(struct live *lv)
{
	__free_page(lv->pages[0]);
	__free_page(lv->pages[1]);
	pcp_shepherd(lv->a);
	pcp_shepherd(lv->a);
}

static void live_relax_by_return(struct live *lv)
{
	__free_page(lv->pages[0]);
	__free_page(lv->pages[1]);
	/* Not pcp_return_all(), which does this for each PCP: it may sleep, the task is pinned. */
	rcu_read_lock();
	pcp_return_waiting(lv->zone, lv->pcp);
	rcu_read_unlock();
}

static const struct live_relax_param {
	const char *name;
	void (*relax)(struct live *lv);
	unsigned int nr;
} live_relax_params[] = {
	{ "a trim", live_relax_by_trim, 1 },
	{ "an overflow", live_relax_by_overflow, 2 },
	{ "a rescue from a dead CPU", live_relax_by_rescue, 2 },
	{ "the look once in an interval", live_relax_by_shepherd, 2 },
	{ "the look before an OOM", live_relax_by_return, 2 },
};

KUNIT_ARRAY_PARAM_DESC(live_relax, live_relax_params, name);

/*
 * With the mark set, give pages to the zone, which has enough or not. Returns whether the
 * mark is still there, 2 if kswapd is hopeless without the mark or not with it, or -1 if the
 * zone has not got the page. Each free on a CPU that is full looks at the mark, so nothing
 * else may run here meanwhile.
 */
static long live_relax_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	const struct live_relax_param *param = lv->test->param_value;
	struct zone *zone = lv->zone;
	unsigned long high = zone->_watermark[WMARK_HIGH];
	struct pglist_data *pgdat = zone->zone_pgdat;
	/* Only of a node before others. */
	bool has_next = next_memory_node(pgdat->node_id) < MAX_NUMNODES;
	long set;

	pcpu_task_pin();
	if (lv->stop)
		zone->_watermark[WMARK_HIGH] = zone_managed_pages(zone);
	if (has_next)
		atomic_set(&pgdat->kswapd_failures, MAX_RECLAIM_RETRIES);
	set_bit(ZONE_BELOW_HIGH, &zone->flags);
	param->relax(lv);
	set = test_bit(ZONE_BELOW_HIGH, &zone->flags);
	/* As long as the mark is there, kswapd does not try again. */
	if (has_next && kswapd_test_hopeless(pgdat) != set)
		set = 2;
	if (has_next)
		atomic_set(&pgdat->kswapd_failures, 0);
	if (param->nr > 1 && !is_free_buddy_page(lv->pages[0]))
		set = -1;
	zone->_watermark[WMARK_HIGH] = high;
	clear_bit(ZONE_BELOW_HIGH, &zone->flags);
	pcpu_task_unpin();
	return set;
}

/* A task that gives pages to the zone looks whether it has enough now. */
static long live_relax(struct kunit *test, bool is_short)
{
	const struct live_relax_param *param = test->param_value;
	struct live *lv = test->priv;
	long set = -1;
	int tries;

	lv->stop = is_short;
	/* CPU a may take in what waits. */
	for (tries = 0; tries < 8 && set < 0; tries++) {
		live_own(lv, param->nr, false);
		set = pcp_on_cpu(test, param->nr == 1 ? lv->a : lv->b, live_relax_fn, lv);
	}
	live_check(test);
	return set;
}

static void live_zone_below_high_is_cleared_by(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, live_relax(test, false), 0L);
}

static void live_zone_below_high_stays_while_short(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, live_relax(test, true), 1L);
}

/* === A zone lock that may not be tried === */

static void live_nolock_in_hardirq(struct irq_work *work)
{
	struct live *lv = container_of(work, struct live, work);
	unsigned long flags;

	lv->step.arrived = (atomic_t)ATOMIC_INIT(can_spin_trylock());
	lv->done = false;
	if (pcp_zone_lock(lv->zone, &flags, true)) {
		lv->done = true;
		pcp_zone_unlock(lv->zone, flags);
	}
}

static long live_nolock_zone_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	lv->work = IRQ_WORK_INIT_HARD(live_nolock_in_hardirq);
	irq_work_queue(&lv->work);
	irq_work_sync(&lv->work);
	return lv->done;
}

/* With PREEMPT_RT a spinlock must not even be tried in hardirq. */
static void live_zone_lock_is_tried_where_that_is_allowed(struct kunit *test)
{
	struct live *lv = test->priv;
	long got = -1;
	int tries;

	live_own(lv, 1, false);
	__free_page(lv->pages[0]);
	/* Somebody may have the lock. */
	for (tries = 0; tries < 100 && got != !IS_ENABLED(CONFIG_PREEMPT_RT); tries++)
		got = pcp_on_cpu(test, lv->a, live_nolock_zone_fn, lv);
	KUNIT_EXPECT_EQ(test, got, (long)!IS_ENABLED(CONFIG_PREEMPT_RT));
	KUNIT_EXPECT_EQ(test, atomic_read(&lv->step.arrived),
			!IS_ENABLED(CONFIG_PREEMPT_RT));
}

#ifdef CONFIG_COMPACTION
/* === Compaction === */

/*
 * On CPU a: a whole block goes to the zone while its CPU still owns it, freed by a task
 * that compacted and waits for one. Only a task of userland captures pages.
 */
static long live_capture_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct page *page = alloc_pages(LIVE_GFP, pageblock_order);
	struct capture_control capc = {
		.order = pageblock_order,
		.migratetype = MIGRATE_MOVABLE,
	};
	unsigned int kthread = current->flags & PF_KTHREAD;

	if (!page)
		return -ENOMEM;
	lv->zone = page_zone(page);
	capc.zone = lv->zone;
	pageblock_own(lv->zone, zone_pcp(lv->zone, w->cpu), live_pbd(page));
	set_page_count(page, 0);
	free_pages_prepare(page, pageblock_order);

	current->flags &= ~PF_KTHREAD;
	current->capture_control = &capc;
	live_put_back(lv->zone, page, pageblock_order);
	current->capture_control = NULL;
	current->flags |= kthread;
	lv->page = capc.page;
	return 0;
}

/* A captured block leaves the zone without having been on its lists. */
static void live_captured_block_has_no_owner(struct kunit *test)
{
	struct live *lv = test->priv;

	if (pageblock_order == MAX_PAGE_ORDER)
		kunit_skip(test, "a block is the largest page, which is never captured");
	KUNIT_ASSERT_EQ(test, pcp_on_cpu(test, lv->a, live_capture_fn, lv), 0L);
	KUNIT_ASSERT_NOT_NULL(test, lv->page);
	KUNIT_EXPECT_EQ(test, live_owner(lv->page), -1);
	KUNIT_EXPECT_EQ(test, page_private(lv->page), 0UL);
	KUNIT_EXPECT_FALSE(test, PageBuddy(lv->page));
	KUNIT_EXPECT_FALSE(test, PagePCPBuddy(lv->page));
	live_put_back(lv->zone, lv->page, pageblock_order);
	live_check_free_lists(test, lv->zone);
	live_check(test);
}
#endif

#if defined(CONFIG_CMA) && defined(CONFIG_CONTIG_ALLOC)
/* === CMA areas === */

/* The area is as large as live_blocks() gets. */
#define LIVE_CMA_BLOCKS		(pageblock_nr_pages < 4096 ? 65536 / pageblock_nr_pages : 16)

/* Pages that are looked at: one refill of an empty PCP has as many. */
#define LIVE_CMA_ALLOCS		16L

static bool live_is_cma(struct page *page)
{
	return is_migrate_cma(pageblock_migratetype(live_pbd(page)));
}

/* On CPU a: as many pages as one refill has. How many of them are of CMA areas? */
static long live_cma_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct page *page, *next;
	LIST_HEAD(pages);
	unsigned int i;
	long nr = 0;

	drain_local_pages(lv->zone);
	for (i = 0; i < LIVE_CMA_ALLOCS; i++) {
		page = alloc_page(lv->gfp);
		if (!page)
			break;
		list_add(&page->lru, &pages);
		nr += live_is_cma(page);
	}
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_page(page);
	return nr;
}

/* Leave no more free in the zone than the area has, without the area. */
static void live_hide_memory(struct live *lv, struct list_head *hidden)
{
	LIST_HEAD(strangers);
	struct page *page, *next;

	while (zone_page_state_snapshot(lv->zone, NR_FREE_PAGES) > (long)lv->nr / 2) {
		page = alloc_pages(LIVE_GFP & ~__GFP_RECLAIM, MAX_PAGE_ORDER);
		if (!page)
			break;
		list_add(&page->lru, page_zone(page) == lv->zone ? hidden : &strangers);
	}
	list_for_each_entry_safe(page, next, &strangers, lru)
		__free_pages(page, MAX_PAGE_ORDER);
}

static void live_show_memory(struct list_head *hidden)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, hidden, lru)
		__free_pages(page, MAX_PAGE_ORDER);
	INIT_LIST_HEAD(hidden);
}

/* The best of some tries: others allocate, too. */
static long live_nr_cma(struct live *lv, gfp_t gfp, long want)
{
	long nr = -1;
	int tries;

	lv->gfp = gfp;
	for (tries = 0; tries < 8 && nr != want; tries++)
		nr = pcp_on_cpu(lv->test, lv->a, live_cma_fn, lv);
	return nr;
}

/*
 * User pages come from CMA areas first when these have more than half of what is free,
 * and kernel pages never do.
 */
static void live_cma_is_balanced(struct kunit *test)
{
	struct live *lv = test->priv;
	LIST_HEAD(hidden);
	unsigned long cma;

	live_blocks(lv, LIVE_CMA_BLOCKS);
	live_hide_memory(lv, &hidden);
	live_set_type(lv, MIGRATE_CMA);
	pcp_on_cpu(test, lv->a, live_free_fn, lv);
	drain_all_pages(lv->zone);
	cma = zone_page_state_snapshot(lv->zone, NR_FREE_CMA_PAGES);
	if (cma <= zone_page_state_snapshot(lv->zone, NR_FREE_PAGES) * 5 / 8) {
		live_show_memory(&hidden);
		KUNIT_EXPECT_TRUE(test, live_get_back(lv));
		live_free_fn(&(struct pcp_worker){ .arg = lv });
		kunit_skip(test, "the area has not more than half of the zone");
	}
	KUNIT_EXPECT_GE(test, cma, (unsigned long)lv->nr);

	KUNIT_EXPECT_EQ(test, live_nr_cma(lv, LIVE_GFP, LIVE_CMA_ALLOCS), LIVE_CMA_ALLOCS);
	KUNIT_EXPECT_EQ(test, live_nr_cma(lv, GFP_KERNEL, 0), 0L);
	live_show_memory(&hidden);
	/* In a small zone the area has the most even then. */
	if (zone_page_state_snapshot(lv->zone, NR_FREE_PAGES) > cma * 5 / 2)
		KUNIT_EXPECT_EQ(test, live_nr_cma(lv, LIVE_GFP, 0), 0L);
	live_check_free_lists(test, lv->zone);

	KUNIT_EXPECT_TRUE(test, live_get_back(lv));
	live_free_fn(&(struct pcp_worker){ .arg = lv });
	live_check(test);
}
#endif

/* === Types that are kept apart === */

static struct list_head live_hidden[NR_PAGE_ORDERS][MIGRATE_PCPTYPES];

/* All pages of a type, and whole blocks of the others, go out of sight or come back. */
static void live_hide_type(struct zone *zone, int migratetype, bool hide)
{
	unsigned int order;
	int type;

	for (order = 0; order < NR_PAGE_ORDERS; order++) {
		for (type = 0; type < MIGRATE_PCPTYPES; type++) {
			struct list_head *free = &zone->free_area[order].free_list[type];
			struct list_head *hidden = &live_hidden[order][type];

			if (type != migratetype && order < pageblock_order)
				continue;
			if (hide) {
				INIT_LIST_HEAD(hidden);
				list_splice_init(free, hidden);
			} else {
				list_splice(hidden, free);
			}
		}
	}
}

/*
 * On CPU a: refill where only parts of blocks of other types are left. Returns the pages
 * that came. A claim of a block boosts the watermarks, and nobody wakes kswapd here.
 */
static long live_refill_short_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct zone *zone = lv->zone;
	unsigned long flags, boost;
	long nr;

	pcpu_task_pin();
	spin_lock(&lv->pcp->lock);
	spin_lock_irqsave(&zone->lock, flags);
	boost = zone->watermark_boost;
	live_hide_type(zone, MIGRATE_RECLAIMABLE, true);
	spin_unlock_irqrestore(&zone->lock, flags);

	nr = pcp_refill(zone, lv->pcp, 0, MIGRATE_RECLAIMABLE, lv->round);

	spin_lock_irqsave(&zone->lock, flags);
	live_hide_type(zone, MIGRATE_RECLAIMABLE, false);
	zone->watermark_boost = boost;
	spin_unlock_irqrestore(&zone->lock, flags);
	spin_unlock(&lv->pcp->lock);
	pcpu_task_unpin();
	drain_local_pages(zone);
	return nr;
}

/* A refill is many pages at once, which would mix into the blocks of another type. */
static void live_refill_keeps_types_apart(struct kunit *test)
{
	struct live *lv = test->priv;
	long nr = -1;
	unsigned int i;
	int tries;

	if (!ALLOC_NOFRAGMENT)
		kunit_skip(test, "ALLOC_NOFRAGMENT is 0 without the zone DMA32");
	live_own(lv, 0, true);
	for (i = 0; i < lv->nr; i += 2)
		__free_page(lv->pages[i]);
	drain_all_pages(lv->zone);

	lv->round = ALLOC_NOFRAGMENT;
	/* Somebody may free a page of the type meanwhile. */
	for (tries = 0; tries < 8 && nr; tries++)
		nr = pcp_on_cpu(test, lv->a, live_refill_short_fn, lv);
	KUNIT_EXPECT_EQ_MSG(test, nr, 0L, "pages came out of blocks of other types");
	/* There are some to come. */
	lv->round = 0;
	KUNIT_EXPECT_GT(test, pcp_on_cpu(test, lv->a, live_refill_short_fn, lv), 0L);

	for (i = 1; i < lv->nr; i += 2)
		__free_page(lv->pages[i]);
	live_check_free_lists(test, lv->zone);
	live_check(test);
}

/* === How long zone->lock is held === */

static struct {
	struct task_struct *task;
	struct zone *zone;
	unsigned int nr_holds, nr_let_go;
} live_flush;

/* Others may have the lock as well now and then. */
static void live_count_let_go(struct per_cpu_pages *pcp, enum pcp_point point)
{
	unsigned long flags;

	if (point != PCP_POINT_LET_GO || current != READ_ONCE(live_flush.task))
		return;
	live_flush.nr_holds++;
	if (spin_trylock_irqsave(&live_flush.zone->lock, flags)) {
		spin_unlock_irqrestore(&live_flush.zone->lock, flags);
		live_flush.nr_let_go++;
	}
}

/* On CPU b: free all pages, so that they wait, and flush them. Returns how many they were. */
static long live_flush_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	long nr;

	live_free_fn(w);
	live_flush.zone = lv->zone;
	live_flush.nr_holds = 0;
	live_flush.nr_let_go = 0;
	rcu_read_lock();
	WRITE_ONCE(live_flush.task, current);
	nr = pcp_flush_waiting(lv->zone, lv->pcp, false);
	WRITE_ONCE(live_flush.task, NULL);
	rcu_read_unlock();
	return nr;
}

/* No two buddies are freed one behind the other, or they would go to the zone as one piece. */
static void live_part_buddies(struct live *lv, unsigned int nr)
{
	unsigned int i;

	for (i = 1; i < nr / 2; i += 2)
		swap(lv->pages[i], lv->pages[i + nr / 2]);
}

/* Many may wait, and interrupts are off. In between the lock is free for others. */
static void live_flush_lets_the_zone_go_now_and_then(struct kunit *test)
{
	const unsigned int want = 16 * PCP_FLUSH_CHUNK;
	struct live *lv = test->priv;
	long nr = 0;
	int tries;

	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_unhook, NULL));
	WRITE_ONCE(pcp_point_hook, live_count_let_go);
	/* Somebody who allocates on CPU a, or the shepherd, may come first. */
	for (tries = 0; tries < 8 && (nr < want || live_flush.nr_let_go < 8); tries++) {
		live_own(lv, want, false);
		live_part_buddies(lv, want);
		live_set_bound(lv, 2 * want);
		nr = pcp_on_cpu(test, lv->b, live_flush_fn, lv);
	}
	KUNIT_EXPECT_GE(test, nr, (long)want);
	KUNIT_EXPECT_GE(test, live_flush.nr_let_go, 8U);
	live_check(test);
}

/* A process that ends frees its pages in a row: zone->lock is held for a few pieces of them. */
static void live_flush_holds_the_lock_once_for_a_row_of_pages(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned int least = UINT_MAX;
	long nr;
	int tries;

	if (pageblock_nr_pages < 4 * PCP_FLUSH_CHUNK)
		kunit_skip(test, "needs larger blocks");
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_unhook, NULL));
	WRITE_ONCE(pcp_point_hook, live_count_let_go);
	/* An absorb may take some of them first. */
	for (tries = 0; tries < 8 && least > 1; tries++) {
		live_blocks(lv, 1);
		live_set_bound(lv, 2 * pageblock_nr_pages);
		nr = pcp_on_cpu(test, lv->b, live_flush_fn, lv);
		if (nr >= (long)pageblock_nr_pages)
			least = min(least, live_flush.nr_holds);
	}
	/* One by one they would need one for each PCP_FLUSH_CHUNK. */
	KUNIT_EXPECT_EQ(test, least, 1U);
	live_check(test);
}

static struct kunit_case live_zone_cases[] = {
	KUNIT_CASE(live_page_larger_than_a_block_is_split),
	KUNIT_CASE(live_zone_below_high_is_set),
	KUNIT_CASE_PARAM(live_zone_below_high_is_cleared_by, live_relax_gen_params),
	KUNIT_CASE_PARAM(live_zone_below_high_stays_while_short, live_relax_gen_params),
	KUNIT_CASE(live_zone_lock_is_tried_where_that_is_allowed),
	KUNIT_CASE(live_refill_keeps_types_apart),
	KUNIT_CASE(live_flush_lets_the_zone_go_now_and_then),
	KUNIT_CASE(live_flush_holds_the_lock_once_for_a_row_of_pages),
#ifdef CONFIG_COMPACTION
	KUNIT_CASE(live_captured_block_has_no_owner),
#endif
#if defined(CONFIG_CMA) && defined(CONFIG_CONTIG_ALLOC)
	KUNIT_CASE(live_cma_is_balanced),
#endif
	{}
};

static struct kunit_suite live_zone_suite = {
	.name = "pcp_live_zone",
	.init = live_init,
	.test_cases = live_zone_cases,
};

kunit_test_suite(live_zone_suite);
