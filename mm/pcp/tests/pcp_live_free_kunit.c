// SPDX-License-Identifier: GPL-2.0
/*
 * Frees in the page allocator in use: who gets the pages, from which contexts they may
 * come, and how many wait how long.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "lib/live.h"

static bool live_in_free_piece(struct page *page, struct page *head)
{
	return page >= head && page < head + (1UL << page_private(head));
}

/* Is the page on the PCP lists of a CPU, alone or in a merged page? */
static bool live_on_pcp(struct zone *zone, int cpu, struct page *page)
{
	struct per_cpu_pages *pcp = zone_pcp(zone, cpu);
	unsigned int i;
	struct page *p;
	bool found = false;

	spin_lock(&pcp->lock);
	for (i = 0; i < NR_PCP_LISTS && !found; i++) {
		list_for_each_entry(p, &pcp->lists[i], pcp_list) {
			if (live_in_free_piece(page, p)) {
				found = true;
				break;
			}
		}
	}
	spin_unlock(&pcp->lock);
	return found;
}

static void live_remote_free_comes_back_to_its_owner_alone(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long pushed = live_event(PCP_PUSH);
	unsigned int i, on_a, elsewhere;
	int cpu, tries = 0;

	/* vmstat may take them to the zone, where anybody finds them. */
	do {
		on_a = 0;
		elsewhere = 0;
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 256));
		KUNIT_EXPECT_GE(test, live_event(PCP_PUSH) - pushed, 256UL);
		live_check(test);

		live_absorb_all(lv, 0);
		for (i = 0; i < lv->nr; i++) {
			on_a += live_on_pcp(lv->zone, lv->a, lv->pages[i]);
			for_each_online_cpu(cpu) {
				if (cpu != lv->a)
					elsewhere += live_on_pcp(lv->zone, cpu,
								 lv->pages[i]);
			}
		}
	} while (++tries < 8 && (on_a < lv->nr / 2 || elsewhere));
	KUNIT_EXPECT_GE(test, on_a, lv->nr / 2);
	KUNIT_EXPECT_EQ(test, elsewhere, 0U);
	live_check(test);
}

/* On CPU a: allocate as many pages, count those that were freed to it. */
static long live_reuse_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i, hits = 0;
	struct page *page, *next;
	LIST_HEAD(pages);

	for (i = 0; i < lv->nr; i++) {
		page = alloc_page(LIVE_GFP);
		if (!page)
			break;
		hits += live_is_own(lv, page);
		list_add(&page->lru, &pages);
	}
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_page(page);
	return hits;
}

static void live_owner_reuses_what_others_freed(struct kunit *test)
{
	struct live *lv = test->priv;
	long on_b = 0, on_a = 0;
	int tries;

	/* vmstat may take them to the zone, where anybody finds them. */
	for (tries = 0; tries < 8; tries++) {
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 256));
		on_b = pcp_on_cpu(test, lv->b, live_reuse_fn, lv);
		on_a = pcp_on_cpu(test, lv->a, live_reuse_fn, lv);
		if (!on_b && on_a > 128)
			break;
	}
	KUNIT_EXPECT_EQ(test, on_b, 0L);
	KUNIT_EXPECT_GT(test, on_a, 128L);
	live_check(test);
}

/*
 * On CPU a: allocate until all pages are back, or too many others came. How many
 * of them came after the one that was freed before them?
 */
static long live_order_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i, k, last = lv->nr, own = 0, hits = 0;
	struct page *page, *next;
	LIST_HEAD(pages);

	for (i = 0; i < 4 * lv->nr && own < lv->nr; i++) {
		page = alloc_page(LIVE_GFP);
		if (!page)
			break;
		list_add(&page->lru, &pages);
		for (k = 0; k < lv->nr && lv->pages[k] != page; k++)
			;
		if (k == lv->nr)
			continue;
		own++;
		hits += k == last + 1;
		last = k;
	}
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_page(page);
	return hits;
}

/* More than one allocation takes in, so the portions have to be in order, too. */
static void live_pages_come_back_in_the_order_of_their_frees(struct kunit *test)
{
	struct live *lv = test->priv;
	long hits = 0;
	int tries;

	lv->swapped = true;
	/* vmstat, or somebody who allocates on CPU a, can spoil it. */
	for (tries = 0; tries < 8; tries++) {
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 4 * PCP_ABSORB_NODES));
		hits = pcp_on_cpu(test, lv->a, live_order_fn, lv);
		if (hits == lv->nr - 1)
			break;
	}
	KUNIT_EXPECT_EQ(test, hits, (long)lv->nr - 1);
	live_check(test);
}

/* The default of vm.stat_interval. */
#define LIVE_INTERVAL	((unsigned long)HZ)

/*
 * Wait until the next push starts the timer, at a time at which to round an interval to whole
 * seconds would make it longer.
 */
static void live_await_no_timer(void)
{
	unsigned long end = jiffies + 10 * HZ, phase;

	drain_all_pages(NULL);
	do {
		mod_delayed_work(system_dfl_wq, &pcp_watch_work, 0);
		flush_delayed_work(&pcp_watch_work);
		schedule_timeout_uninterruptible(1);
		phase = jiffies % HZ;
	} while ((READ_ONCE(pcp_watched) || phase < HZ * 3 / 10 || phase > HZ * 8 / 10) &&
		 time_before(jiffies, end));
}

/*
 * Have the work look now, and wait until it has. Returns how long its timer would have taken,
 * ULONG_MAX if nobody started that.
 */
static unsigned long live_look_now(void)
{
	struct timer_list *timer = &pcp_watch_work.timer;
	unsigned long start = jiffies, end = start + HZ, took;

	while (!timer_pending(timer)) {
		if (time_after(jiffies, end))
			return ULONG_MAX;
		schedule_timeout_uninterruptible(1);
	}
	took = READ_ONCE(timer->expires) - start;
	mod_delayed_work(system_dfl_wq, &pcp_watch_work, 0);
	flush_delayed_work(&pcp_watch_work);
	return took;
}

/*
 * The wait is bounded in time: two intervals are promised. That the timer runs out by itself
 * is left to live_nobody_watches_while_nothing_waits().
 */
static void live_vmstat_returns_what_waits_on_an_idle_cpu(struct kunit *test)
{
	unsigned long first = ULONG_MAX, second = ULONG_MAX;
	struct live *lv = test->priv;
	int left = 0, tries;

	/* Somebody who allocates on CPU a may absorb them first, or the timer of others run out. */
	for (tries = 0; tries < 8; tries++) {
		live_await_no_timer();
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 512));
		first = live_look_now();
		left = atomic_read(&lv->pcp->nr_waiting);
		second = live_look_now();
		if (left < 512)
			continue;
		/* It is no other's fault if they wait for a third look. */
		if (atomic_read(&lv->pcp->nr_waiting) >= 512 ||
		    (second != ULONG_MAX && live_in_zone(lv) >= 256))
			break;
	}
	/* A machine that sleeps wakes up for it. */
	KUNIT_EXPECT_FALSE(test, pcp_watch_work.timer.flags & TIMER_DEFERRABLE);
	kunit_info(test, "looks after %u and %u ms", jiffies_to_msecs(first),
		   jiffies_to_msecs(second));
	KUNIT_EXPECT_LE(test, first, LIVE_INTERVAL);
	KUNIT_EXPECT_LE(test, second, LIVE_INTERVAL);
	KUNIT_EXPECT_GE(test, left, 512);
	KUNIT_EXPECT_GE(test, live_in_zone(lv), 256U);
	live_check(test);
}

/* On CPU b: free all pages, watch how many wait. Returns the most. */
static long live_flood_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	long waiting, max = 0;
	unsigned int i;

	for (i = 0; i < lv->nr; i++) {
		__free_page(lv->pages[i]);
		waiting = atomic_read(&lv->pcp->nr_waiting);
		max = max(max, waiting);
	}
	return max;
}

/* The wait is bounded in number. */
static void live_flood_stays_within_the_bound(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long overflows = live_event(PCP_OVERFLOW);
	long max = LONG_MAX, rise = 0;
	int tries;

	/* Somebody else may push too, or take pages meanwhile. */
	for (tries = 0; tries < 8 && (max > 512 || rise < 4096 - 1024); tries++) {
		live_own(lv, 4096, false);
		rise = -(long)zone_page_state_snapshot(lv->zone, NR_FREE_PAGES);
		live_set_bound(lv, 512);
		max = pcp_on_cpu(test, lv->b, live_flood_fn, lv);
		live_reset_bound(lv);
		rise += zone_page_state_snapshot(lv->zone, NR_FREE_PAGES);
	}
	KUNIT_EXPECT_LE(test, max, 512L);
	KUNIT_EXPECT_GT(test, live_event(PCP_OVERFLOW), overflows);
	/* MemFree shows it. */
	KUNIT_EXPECT_GE(test, rise, 4096L - 1024);
	live_check(test);
}

/* The same while the zone is short, and so all the time: a task that frees may clear the flag. */
static long live_short_flood_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	long waiting, max = 0;
	unsigned int i;

	for (i = 0; i < lv->nr; i++) {
		pcpu_task_pin();
		set_bit(ZONE_BELOW_HIGH, &lv->zone->flags);
		__free_page(lv->pages[i]);
		waiting = atomic_read(&lv->pcp->nr_waiting);
		pcpu_task_unpin();
		max = max(max, waiting);
	}
	clear_bit(ZONE_BELOW_HIGH, &lv->zone->flags);
	return max;
}

/* An interrupt, say, that needs pages at once finds all but a batch in the zone. */
static void live_flood_of_a_short_zone_leaves_a_batch(struct kunit *test)
{
	struct live *lv = test->priv;
	long max = LONG_MAX, batch = 0;
	int tries;

	/* Somebody else may push, too. */
	for (tries = 0; tries < 8 && max > batch; tries++) {
		live_own(lv, 4096, false);
		batch = lv->pcp->batch;
		max = pcp_on_cpu(test, lv->b, live_short_flood_fn, lv);
	}
	KUNIT_EXPECT_GT(test, max, 0L);
	KUNIT_EXPECT_LE(test, max, batch);
	KUNIT_EXPECT_GE(test, live_in_zone(lv), 2048U);
	live_check(test);
}

static void live_bound_is_one_refill_at_most(struct kunit *test)
{
	struct zone *zone;
	int cpu;

	for_each_populated_zone(zone) {
		for_each_online_cpu(cpu) {
			struct per_cpu_pages *pcp = zone_pcp(zone, cpu);

			KUNIT_EXPECT_LE(test, pcp->bound, pcp->high_max);
			KUNIT_EXPECT_LE(test, pcp->bound,
					pcp->batch << CONFIG_PCP_BATCH_SCALE_MAX);
			KUNIT_EXPECT_LE(test, pcp->bound_short, pcp->batch);
			KUNIT_EXPECT_GT(test, pcp->bound_short, 0);
			KUNIT_EXPECT_GT(test, pcp->bound, 0);
		}
	}
}

/* On CPU a: free a page with the bit set. Returns by how much the mark went down. */
static long live_short_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	int high, max;

	spin_lock(&lv->pcp->lock);
	max = lv->pcp->high_max;
	lv->pcp->high = max;
	spin_unlock(&lv->pcp->lock);
	set_bit(lv->round, &lv->zone->flags);
	__free_page(lv->pages[--lv->nr]);
	high = READ_ONCE(lv->pcp->high);
	clear_bit(lv->round, &lv->zone->flags);
	return max - high;
}

/* As without mm/pcp/, though most frees do not ask for the mark. */
static void live_short_zone_lowers_the_high_mark(struct kunit *test)
{
	struct live *lv = test->priv;

	live_own(lv, 64, false);
	if (lv->pcp->high_min == lv->pcp->high_max)
		kunit_skip(test, "the mark does not move here");
	lv->round = ZONE_BELOW_HIGH;
	KUNIT_EXPECT_GT(test, pcp_on_cpu(test, lv->a, live_short_fn, lv), 0L);
	lv->round = ZONE_RECLAIM_ACTIVE;
	KUNIT_EXPECT_GT(test, pcp_on_cpu(test, lv->a, live_short_fn, lv), 0L);
	live_check(test);
}

/* On CPU b, with the zone locked: free a page over the bound of CPU a. */
static long live_overflow_nolock_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned long flags;

	spin_lock_irqsave(&lv->zone->lock, flags);
	free_pages_nolock(lv->pages[0], 0);
	spin_unlock_irqrestore(&lv->zone->lock, flags);
	return !llist_empty(&lv->zone->trylock_free_pages);
}

/* A page that a push counted is not counted again when it is deferred. */
static void live_overflow_with_the_zone_locked_is_deferred(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test);

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "zone->lock sleeps with PREEMPT_RT");
	live_own(lv, 1, false);
	WRITE_ONCE(lv->pcp->bound_short, 0);
	WRITE_ONCE(lv->pcp->bound, 1);
	/* More than one page. */
	atomic_add(4, &lv->pcp->nr_waiting);
	KUNIT_EXPECT_GT(test, pcp_on_cpu(test, lv->b, live_overflow_nolock_fn, lv), 0L);
	atomic_sub(4, &lv->pcp->nr_waiting);
	live_reset_bound(lv);
	drain_all_pages(lv->zone);
	KUNIT_EXPECT_TRUE(test, llist_empty(&lv->zone->trylock_free_pages));
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
	live_check(test);
}

static void live_free_in_hardirq(struct irq_work *work)
{
	struct live *lv = container_of(work, struct live, work);

	__free_pages(lv->page, lv->order);
	WRITE_ONCE(lv->done, true);
}

/* On a CPU: free a page from hardirq while this holds the local lock. */
static long live_hardirq_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct per_cpu_pages *pcp;

	preempt_disable();
	pcp = this_cpu_ptr(lv->zone->per_cpu_pageset);
	spin_lock(&pcp->lock);
	irq_work_queue(&lv->work);
	while (!READ_ONCE(lv->done))
		cpu_relax();
	spin_unlock(&pcp->lock);
	preempt_enable();
	return 0;
}

static void live_hardirq_free_while_the_local_lock_is_held(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long fails, pushed;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "pcp->lock sleeps with PREEMPT_RT");

	/* The owner's own page: the trylock fails, the zone gets it. */
	live_own(lv, 2, false);
	init_irq_work(&lv->work, live_free_in_hardirq);
	lv->page = lv->pages[0];
	fails = live_event(PCP_TRYLOCK_FAIL);
	pcp_on_cpu(test, lv->a, live_hardirq_fn, lv);
	KUNIT_EXPECT_GT(test, live_event(PCP_TRYLOCK_FAIL), fails);
	live_check(test);

	/* Another CPU's page: the push needs no lock. */
	lv->done = false;
	lv->page = lv->pages[1];
	pushed = live_event(PCP_PUSH);
	pcp_on_cpu(test, lv->b, live_hardirq_fn, lv);
	KUNIT_EXPECT_GT(test, live_event(PCP_PUSH), pushed);
	live_check(test);
}

/* Pages are freed under it, by tasks, from softirq and from hardirq. */
static DEFINE_SPINLOCK(live_shared_lock);

struct live_softirq {
	struct work_struct work;
	struct live *lv;
	bool seen;
};

/* One page, and one that is too large for a PCP, so that zone->lock is taken. */
static void live_free_under_shared_lock(struct live *lv)
{
	struct page *large, *page;
	unsigned long flags;

	spin_lock_irqsave(&live_shared_lock, flags);
	page = lv->pages[lv->round];
	lv->pages[lv->round++] = NULL;
	__free_page(page);
	large = alloc_pages(GFP_ATOMIC | __GFP_NOWARN, PAGE_ALLOC_COSTLY_ORDER + 1);
	if (large)
		__free_pages(large, PAGE_ALLOC_COSTLY_ORDER + 1);
	spin_unlock_irqrestore(&live_shared_lock, flags);
}

static void live_shared_lock_in_hardirq(struct irq_work *work)
{
	struct live *lv = container_of(work, struct live, work);

	live_free_under_shared_lock(lv);
	lv->done = IS_ENABLED(CONFIG_PREEMPT_RT) || in_hardirq();
}

static void live_shared_lock_in_softirq(struct work_struct *work)
{
	struct live_softirq *softirq = container_of(work, struct live_softirq, work);

	live_free_under_shared_lock(softirq->lv);
	softirq->seen = in_serving_softirq();
}

/* Returns whether the two were what they are called. */
static long live_shared_lock_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct live_softirq softirq = { .lv = lv };

	live_free_under_shared_lock(lv);

	lv->done = false;
	init_irq_work(&lv->work, live_shared_lock_in_hardirq);
	irq_work_queue(&lv->work);
	irq_work_sync(&lv->work);

	INIT_WORK_ONSTACK(&softirq.work, live_shared_lock_in_softirq);
	queue_work(system_bh_wq, &softirq.work);
	flush_work(&softirq.work);
	destroy_work_on_stack(&softirq.work);

	return lv->done && softirq.seen;
}

/* A free may come from any context: lockdep reports each lock that one of them may not take. */
static void live_free_under_a_lock_that_hardirq_takes(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long pushed;

	live_own(lv, 6, false);
	KUNIT_EXPECT_TRUE(test, pcp_on_cpu(test, lv->a, live_shared_lock_fn, lv));
	KUNIT_EXPECT_EQ(test, lv->round, 3);

	pushed = live_event(PCP_PUSH);
	KUNIT_EXPECT_TRUE(test, pcp_on_cpu(test, lv->b, live_shared_lock_fn, lv));
	KUNIT_EXPECT_EQ(test, lv->round, 6);
	KUNIT_EXPECT_GE(test, live_event(PCP_PUSH), pushed + 3);
	live_check(test);
}

static void live_nobody_watches_while_nothing_waits(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long end;
	bool watched;

	KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
	KUNIT_EXPECT_TRUE(test,
			  READ_ONCE(pcp_watched) || !atomic_read(&lv->pcp->nr_waiting));
	/* Others may push now and then, but not all the time. */
	drain_all_pages(NULL);
	end = jiffies + 10 * HZ;
	while ((watched = READ_ONCE(pcp_watched)) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_FALSE(test, watched);
}

/* On CPU b, with nothing on its PCP: free pages of CPU a's blocks. Returns how many stay. */
static long live_keep_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct per_cpu_pages *pcp = zone_pcp(lv->zone, w->cpu);
	unsigned int i, nr = 0;

	drain_local_pages(lv->zone);
	live_have_room(lv, w->cpu, lv->zone->pageset_high_min);
	for (i = 0; i < lv->nr; i++) {
		__free_page(lv->pages[i]);
		nr += pcp_has_mark(lv->pages[i], pcp_mark(pcp));
	}
	return nr;
}

static void live_cpu_with_few_pages_keeps_them(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned int few;
	long kept = 0;
	int tries;

	for (tries = 0; tries < 8; tries++) {
		live_own(lv, 2048, false);
		few = lv->zone->pageset_high_min;
		kept = pcp_on_cpu(test, lv->b, live_keep_fn, lv);
		if (kept >= few / 2 && kept <= few + 64)
			break;
	}
	KUNIT_EXPECT_GE(test, kept, (long)few / 2);
	KUNIT_EXPECT_LE(test, kept, (long)few + 64);
	live_check(test);
}

/* On CPU b, as reclaim and compaction free: the pages stay on this CPU. */
static long live_reclaim_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int flags = memalloc_noreclaim_save();
	unsigned long pushed = 0;
	unsigned int i;

	for (i = 0; i < lv->nr; i++) {
		__free_page(lv->pages[i]);
		pushed += pcp_has_mark(lv->pages[i], PCP_MARK_WAITS);
	}
	memalloc_noreclaim_restore(flags);
	return pushed;
}

static void live_reclaim_pushes_nothing(struct kunit *test)
{
	struct live *lv = test->priv;

	live_own(lv, 512, false);
	KUNIT_EXPECT_EQ(test, pcp_on_cpu(test, lv->b, live_reclaim_fn, lv), 0L);
	live_check(test);
}

static struct kunit_case live_free_cases[] = {
	KUNIT_CASE(live_remote_free_comes_back_to_its_owner_alone),
	KUNIT_CASE(live_owner_reuses_what_others_freed),
	KUNIT_CASE(live_pages_come_back_in_the_order_of_their_frees),
	KUNIT_CASE(live_cpu_with_few_pages_keeps_them),
	KUNIT_CASE(live_reclaim_pushes_nothing),
	KUNIT_CASE(live_vmstat_returns_what_waits_on_an_idle_cpu),
	KUNIT_CASE_SLOW(live_nobody_watches_while_nothing_waits),
	KUNIT_CASE(live_flood_stays_within_the_bound),
	KUNIT_CASE(live_flood_of_a_short_zone_leaves_a_batch),
	KUNIT_CASE(live_bound_is_one_refill_at_most),
	KUNIT_CASE(live_short_zone_lowers_the_high_mark),
	KUNIT_CASE(live_overflow_with_the_zone_locked_is_deferred),
	KUNIT_CASE(live_hardirq_free_while_the_local_lock_is_held),
	KUNIT_CASE(live_free_under_a_lock_that_hardirq_takes),
	{}
};

static struct kunit_suite live_free_suite = {
	.name = "pcp_live_free",
	.init = live_init,
	.test_cases = live_free_cases,
};

kunit_test_suite(live_free_suite);
