// SPDX-License-Identifier: GPL-2.0
/*
 * The split free path in the page allocator that is running, on two or more
 * CPUs. What the other suites show on made-up structures, this one shows
 * where it counts. Workers count and return; the test thread judges.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/page-isolation.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "../route.h"
#include "../zone.h"
#include "live.h"

/* Allocations until a page of some block that is free has come. */
#define LIVE_ADOPT_TRIES	65536

static bool live_is_own(struct live *lv, struct page *page)
{
	unsigned int i;

	for (i = 0; i < lv->nr; i++) {
		if (lv->pages[i] == page)
			return true;
	}
	return false;
}

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

/* H1 */
static void live_drain_all_pages_sees_pages_that_wait(struct kunit *test)
{
	struct live *lv = test->priv;
	int tries, count = -1;

	/* count must be 0 for the case to say something. */
	for (tries = 0; tries < 8 && count; tries++) {
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
		live_empty_lists(lv);
		count = READ_ONCE(lv->pcp->count);
		drain_all_pages(lv->zone);
		KUNIT_EXPECT_LT(test, atomic_read(&lv->pcp->nr_waiting), 64);
	}
	KUNIT_EXPECT_EQ(test, count, 0);
	live_check(test);
}

/* What vm.stat_interval is unless somebody changes it. */
#define LIVE_INTERVAL	((unsigned long)HZ)

/* H1, H5: two intervals are promised. */
static void live_vmstat_returns_what_waits_on_an_idle_cpu(struct kunit *test)
{
	unsigned long took = ULONG_MAX, end = jiffies + 30 * HZ;
	struct live *lv = test->priv;

	/*
	 * Somebody who allocates on CPU a may absorb them first, and a busy
	 * host may keep the timer: again.
	 */
	do {
		unsigned long start;

		KUNIT_ASSERT_TRUE(test, live_waits(lv, 512));
		start = jiffies;
		while (atomic_read(&lv->pcp->nr_waiting) >= 512 &&
		       time_before(jiffies, end))
			schedule_timeout_uninterruptible(1);
		if (live_in_zone(lv) >= 256)
			took = jiffies - start;
	} while (took > 2 * LIVE_INTERVAL && time_before(jiffies, end));
	kunit_info(test, "returned after %u ms", jiffies_to_msecs(took));
	KUNIT_EXPECT_LE(test, took, 2 * LIVE_INTERVAL);
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

/* H5 */
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

static void live_bound_is_half_a_refill_at_most(struct kunit *test)
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

/* H6 */
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

/* H9 */
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

/* H7 */
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

/* As stock has it, though most frees do not ask for the mark. */
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

/* H3 */
static void live_disabled_pcp_keeps_no_page(struct kunit *test)
{
	struct live *lv = test->priv;
	int cpu;

	KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
	zone_pcp_disable(lv->zone);
	for_each_online_cpu(cpu) {
		struct per_cpu_pages *pcp = zone_pcp(lv->zone, cpu);

		KUNIT_EXPECT_EQ(test, live_count(pcp), 0);
		KUNIT_EXPECT_TRUE(test, llist_empty(&pcp->free_llist));
		KUNIT_EXPECT_PTR_EQ(test, READ_ONCE(pcp->taken), NULL);
	}
	KUNIT_EXPECT_GE(test, live_in_zone(lv), 32U);
	zone_pcp_enable(lv->zone);

	/* The same for pages that are freed meanwhile. */
	live_own(lv, 64, false);
	zone_pcp_disable(lv->zone);
	pcp_on_cpu(test, lv->b, live_free_fn, lv);
	KUNIT_EXPECT_EQ(test, atomic_read(&lv->pcp->nr_waiting), 0);
	KUNIT_EXPECT_GE(test, live_in_zone(lv), 32U);
	zone_pcp_enable(lv->zone);
	live_check(test);
}

/* H10 */
static void live_counters_balance_after_a_mixed_load(struct kunit *test)
{
	struct live *lv = test->priv;
	struct pcp_workers *p;
	struct zone *zone;
	unsigned int i;
	long before, after, nr = 0;

	live_seed(lv);
	lv->round = 20000;
	before = live_balance(test);
	p = pcp_workers_run(test, NULL, live_nr_workers(), live_mixed_fn, lv);
	for (i = 0; i < p->nr; i++)
		nr += p->worker[i].ret;
	KUNIT_EXPECT_GT(test, nr, 1000L);
	live_check(test);
	live_empty_slots(lv);
	live_check(test);
	after = live_balance(test);
	KUNIT_EXPECT_EQ(test, before, after);
	for_each_populated_zone(zone)
		live_check_free_lists(test, zone);
	live_check(test);
}

/* All kinds of drains while the others allocate and free. */
static void live_drains_and_disables_under_load(struct kunit *test)
{
	struct live *lv = test->priv;
	struct pcp_workers *p;
	long before, after;
	int i;

	live_seed(lv);
	live_own(lv, 1, false);
	__free_page(lv->pages[0]);
	lv->round = UINT_MAX;
	before = live_balance(test);
	p = pcp_workers_start(test, NULL, live_nr_workers(), live_mixed_fn, lv);
	for (i = 0; i < 20; i++) {
		drain_all_pages(NULL);
		drain_all_pages(lv->zone);
		zone_pcp_disable(lv->zone);
		cond_resched();
		zone_pcp_enable(lv->zone);
		pcp_shepherd(lv->a);
		live_check(test);
	}
	WRITE_ONCE(lv->stop, true);
	pcp_workers_wait(test, p);
	live_empty_slots(lv);
	after = live_balance(test);
	KUNIT_EXPECT_EQ(test, before, after);
	live_check(test);
}

/* On CPU b: push pages one by one until told to stop, then wait. */
static long live_pusher_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i;

	for (i = 0; i < lv->nr && !READ_ONCE(lv->stop); i++) {
		__free_page(lv->pages[i]);
		WRITE_ONCE(lv->round, i + 1);
	}
	return i;
}

/*
 * H3, with frees on their way when the PCP is disabled: whichever side is
 * later, nothing waits when both are done.
 */
static void live_push_races_with_disable(struct kunit *test)
{
	struct live *lv = test->priv;
	int round;

	for (round = 0; round < 20; round++) {
		struct pcp_workers *p;
		unsigned int i;

		live_own(lv, 512, false);
		lv->stop = false;
		lv->round = 0;
		p = pcp_workers_start(test, cpumask_of(lv->b), 1,
				      live_pusher_fn, lv);
		while (READ_ONCE(lv->round) < 100 + round)
			cond_resched();
		zone_pcp_disable(lv->zone);
		WRITE_ONCE(lv->stop, true);
		pcp_workers_wait(test, p);
		KUNIT_EXPECT_TRUE(test, llist_empty(&lv->pcp->free_llist));
		KUNIT_EXPECT_EQ(test, atomic_read(&lv->pcp->nr_waiting), 0);
		KUNIT_EXPECT_EQ(test, live_count(lv->pcp), 0);
		zone_pcp_enable(lv->zone);
		for (i = p->worker[0].ret; i < lv->nr; i++)
			__free_page(lv->pages[i]);
	}
	live_check(test);
}

/* How long pages are carried around after the PCPs were closed. */
#define LIVE_CARRY_NS	(200 * NSEC_PER_MSEC)

/* Who carries pages, and what it saw: as an RCU reader, it does not judge. */
static struct {
	struct live *lv;
	struct task_struct *task;
	bool closed;
	bool late;
} live_carried;

/* Pages are off the list, and not yet in the zone: do not hurry. */
static void live_carry(struct per_cpu_pages *pcp, enum pcp_point point)
{
	struct live *lv = live_carried.lv;
	u64 limit = ktime_get_ns() + 50 * LIVE_CARRY_NS, now;

	if (!in_task() || current != live_carried.task || pcp != lv->pcp ||
	    point != PCP_POINT_TAKEN || lv->round)
		return;
	WRITE_ONCE(lv->round, 1);
	do {
		cpu_relax();
		now = ktime_get_ns();
		if (!live_carried.closed && !pcp_open(pcp)) {
			live_carried.closed = true;
			limit = now + LIVE_CARRY_NS;
		}
	} while (!READ_ONCE(lv->stop) && now < limit);
	live_carried.late = READ_ONCE(lv->stop);
}

static void live_unhook(void *unused)
{
	WRITE_ONCE(pcp_point_hook, NULL);
	synchronize_rcu();
}

/* On CPU b: returns how many of the pages the zone has when this is done. */
static long live_disable_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	long nr;

	while (!READ_ONCE(lv->round)) {
		if (kthread_should_stop())
			return -1;
		cond_resched();
	}
	zone_pcp_disable(lv->zone);
	WRITE_ONCE(lv->stop, true);
	nr = live_in_zone(lv);
	zone_pcp_enable(lv->zone);
	return nr;
}

/*
 * H3, with pages that somebody took off the list before: the drain does not see
 * them, so who disables has to wait for whom carries them.
 */
static void live_disable_waits_for_pages_that_are_carried(struct kunit *test)
{
	struct live *lv = test->priv;
	struct pcp_workers *p;
	int tries = 0;

	lv->stop = false;
	lv->round = 0;
	memset(&live_carried, 0, sizeof(live_carried));
	live_carried.lv = lv;
	live_carried.task = current;
	p = pcp_workers_start(test, cpumask_of(lv->b), 1, live_disable_fn, lv);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_unhook,
							   NULL));
	/* vmstat may take what waits, then nothing is carried. */
	do {
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
		WRITE_ONCE(pcp_point_hook, live_carry);
		pcp_return_waiting(lv->zone, lv->pcp);
		WRITE_ONCE(pcp_point_hook, NULL);
	} while (!lv->round && ++tries < 8);
	KUNIT_ASSERT_EQ(test, lv->round, 1U);
	pcp_workers_wait(test, p);
	kunit_release_action(test, live_unhook, NULL);
	KUNIT_EXPECT_TRUE(test, live_carried.closed);
	KUNIT_EXPECT_FALSE(test, live_carried.late);
	KUNIT_EXPECT_GE(test, p->worker[0].ret, 32L);
	live_check(test);
}

/*
 * H2. There is no CPU hotplug under UML, so this only says that the CPU is
 * dead, and does to its PCP what hotplug does.
 */
static void live_push_races_with_teardown(struct kunit *test)
{
	struct live *lv = test->priv;
	int round;

	for (round = 0; round < 20; round++) {
		struct pcp_workers *p;
		unsigned int i;

		live_own(lv, 512, false);
		lv->stop = false;
		lv->round = 0;
		p = pcp_workers_start(test, cpumask_of(lv->b), 1,
				      live_pusher_fn, lv);
		while (READ_ONCE(lv->round) < 100 + round)
			cond_resched();
		pcp_cpu_dead(lv->zone, lv->pcp);
		WRITE_ONCE(lv->stop, true);
		pcp_workers_wait(test, p);
		KUNIT_EXPECT_TRUE(test, llist_empty(&lv->pcp->free_llist));
		KUNIT_EXPECT_EQ(test, atomic_read(&lv->pcp->nr_waiting), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&lv->pcp->owned_blocks), 0);

		/* Pages that are still in use have no owner to be pushed to. */
		for (i = p->worker[0].ret; i < lv->nr; i++)
			__free_page(lv->pages[i]);
		KUNIT_EXPECT_TRUE(test, llist_empty(&lv->pcp->free_llist));
		pcp_cpu_online(lv->pcp);
		pcp_on_cpu(test, lv->a, live_drain_fn, lv);
	}
	live_check(test);
}

#ifdef CONFIG_MEMORY_ISOLATION
static unsigned int live_block_pages_cached(struct live *lv)
{
	unsigned int i, nr = 0;

	for (i = 0; i < lv->nr; i++)
		nr += !!PagePCPBuddy(lv->pages[i]);
	return nr;
}

/* H4 */
static void live_isolated_while_waiting_goes_to_the_zone(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long start, end;
	int tries, ret = -1;
	unsigned int absorbed = 0;

	for (tries = 0; tries < 8; tries++) {
		live_own(lv, 0, true);
		start = page_to_pfn(lv->pages[0]);
		end = start + pageblock_nr_pages;
		live_set_bound(lv, INT_MAX);
		pcp_on_cpu(test, lv->b, live_free_fn, lv);
		ret = start_isolate_page_range(start, end, PB_ISOLATE_MODE_OTHER);
		/* Not drained: what waits is absorbed as an allocation would. */
		absorbed = live_absorb_all(lv, 0);
		live_reset_bound(lv);
		if (!ret) {
			KUNIT_EXPECT_EQ(test, live_block_pages_cached(lv), 0U);
			undo_isolate_page_range(start, end);
		}
		if (!ret && absorbed >= pageblock_nr_pages)
			break;
	}
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_GE(test, absorbed, (unsigned int)pageblock_nr_pages);
	live_check(test);
}

/* H4, H10: as above, by one who may not take zone->lock. */
static void live_isolated_while_waiting_is_deferred(struct kunit *test)
{
	long before = live_balance(test);
	struct live *lv = test->priv;
	unsigned int absorbed = 0;
	unsigned long start, end;
	int tries, ret = -1;

	for (tries = 0; tries < 8; tries++) {
		live_own(lv, 0, true);
		start = page_to_pfn(lv->pages[0]);
		end = start + pageblock_nr_pages;
		live_set_bound(lv, INT_MAX);
		pcp_on_cpu(test, lv->b, live_free_fn, lv);
		ret = start_isolate_page_range(start, end, PB_ISOLATE_MODE_OTHER);
		absorbed = live_absorb_all(lv, PCP_ABSORB_NOLOCK);
		live_reset_bound(lv);
		if (!ret) {
			KUNIT_EXPECT_EQ(test, live_block_pages_cached(lv), 0U);
			undo_isolate_page_range(start, end);
		}
		if (!ret && absorbed >= pageblock_nr_pages)
			break;
	}
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_GE(test, absorbed, (unsigned int)pageblock_nr_pages);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
	live_check(test);
}
#endif

#ifdef CONFIG_CONTIG_ALLOC
static void live_contig_alloc_gets_pages_that_wait(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long start, end;
	int ret = -1, tries;

	/* Somebody else may get a page of the block first. */
	for (tries = 0; tries < 8 && ret; tries++) {
		live_own(lv, 0, true);
		start = page_to_pfn(lv->pages[0]);
		end = start + pageblock_nr_pages;
		live_set_bound(lv, INT_MAX);
		pcp_on_cpu(test, lv->b, live_free_fn, lv);
		ret = alloc_contig_range(start, end, ACR_FLAGS_NONE, GFP_KERNEL);
		live_reset_bound(lv);
	}
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ_MSG(test, live_owner(pfn_to_page(start)), -1,
			    "the block was whole in the zone meanwhile");
	live_check(test);
	free_contig_range(start, pageblock_nr_pages);
	live_check(test);
}
#endif

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

/* On CPU a: allocate pages of order 3 until the last two are buddies. */
static long live_buddies_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	for (lv->nr = 0; lv->nr < 256; lv->nr++) {
		struct page *page = alloc_pages(LIVE_GFP, 3);
		unsigned long pfn;

		if (!page)
			return false;
		lv->pages[lv->nr] = page;
		lv->zone = page_zone(page);
		pfn = page_to_pfn(page);
		if (lv->nr && IS_ALIGNED(pfn, 8) && !IS_ALIGNED(pfn, 16) &&
		    lv->pages[lv->nr - 1] + 8 == page && live_owner(page) == w->cpu) {
			lv->nr++;
			return true;
		}
	}
	return false;
}

static void live_defer(struct live *lv, struct page *page, unsigned int order)
{
	unsigned long flags;

	pcpu_task_pin();
	/* Neither the PCP nor the zone can be had. */
	spin_lock(&this_cpu_ptr(lv->zone->per_cpu_pageset)->lock);
	spin_lock_irqsave(&lv->zone->lock, flags);
	free_pages_nolock(page, order);
	spin_unlock_irqrestore(&lv->zone->lock, flags);
	spin_unlock(&this_cpu_ptr(lv->zone->per_cpu_pageset)->lock);
	pcpu_task_unpin();
}

/* On CPU a: the left half goes to the zone, the right half is deferred. */
static long live_defer_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	__free_pages(lv->pages[lv->nr - 2], 3);
	drain_local_pages(NULL);
	live_defer(lv, lv->pages[lv->nr - 1], 3);
	return !llist_empty(&lv->zone->trylock_free_pages);
}

/* H10, and no trace of the order is left in a page that merged. */
static void live_drain_frees_deferred_pages(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test);
	struct page *right;

	if (pageblock_order < 4)
		kunit_skip(test, "a block of %lu pages is too small", pageblock_nr_pages);
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "zone->lock sleeps with PREEMPT_RT");
	KUNIT_ASSERT_GT(test, pcp_on_cpu(test, lv->a, live_buddies_fn, lv), 0L);
	right = lv->pages[lv->nr - 1];
	KUNIT_EXPECT_GT(test, pcp_on_cpu(test, lv->a, live_defer_fn, lv), 0L);
	drain_all_pages(lv->zone);
	KUNIT_EXPECT_TRUE(test, llist_empty(&lv->zone->trylock_free_pages));
	if (!PageBuddy(right) && !PagePCPBuddy(right))
		KUNIT_EXPECT_EQ(test, page_private(right), 0UL);
	while (lv->nr > 2)
		__free_pages(lv->pages[--lv->nr - 2], 3);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
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

/* H10: what a push counted is not counted again when it is deferred. */
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

/* With lockdep this tells of each lock that one of them may not take (H11). */
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

static long live_counted_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct page *page = alloc_pages(LIVE_GFP, lv->order);

	if (page)
		__free_pages(page, lv->order);
	return !!page;
}

static void live_counters_move(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long claims = live_event(PCP_CLAIM);
	unsigned long merges = live_event(PCP_MERGE);
	unsigned long absorbs = live_event(PCP_ABSORB);

	KUNIT_ASSERT_TRUE(test, live_waits(lv, 1024));
	live_absorb_all(lv, 0);
	drain_all_pages(lv->zone);
	KUNIT_EXPECT_GT(test, live_event(PCP_ABSORB), absorbs);
	KUNIT_EXPECT_GT(test, live_event(PCP_MERGE), merges);
	live_own(lv, 0, true);
	pcp_on_cpu(test, lv->a, live_free_fn, lv);
	KUNIT_EXPECT_GT(test, live_event(PCP_CLAIM), claims);
	lv->order = 3;
	KUNIT_EXPECT_EQ(test, pcp_on_cpu(test, lv->a, live_counted_fn, lv), 1L);
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

static unsigned long live_nr_whole(struct zone *zone)
{
	unsigned long flags, nr = 0;
	unsigned int order;

	spin_lock_irqsave(&zone->lock, flags);
	for (order = pageblock_order; order < NR_PAGE_ORDERS; order++)
		nr += zone->free_area[order].nr_free << (order - pageblock_order);
	spin_unlock_irqrestore(&zone->lock, flags);
	return nr;
}

/* On CPU a, with single pages in the zone: how many whole blocks do allocations cost? */
static long live_small_first_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct page *page, *next;
	LIST_HEAD(pages);
	unsigned int i;
	long before;

	drain_local_pages(lv->zone);
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
	KUNIT_EXPECT_EQ(test, lost, 0L);
	live_check(test);
}

/* What the page allocator does before it has the OOM killer chosen. */
static void live_waiting_pages_return_before_oom(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned int nr = 0;
	int tries;

	/* Somebody who allocates on CPU a may absorb them first. */
	for (tries = 0; tries < 8 && nr < 48; tries++) {
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
		pcp_return_all();
		nr = live_in_zone(lv);
		KUNIT_EXPECT_LT(test, atomic_read(&lv->pcp->nr_waiting), 64);
	}
	KUNIT_EXPECT_GE(test, nr, 48U);
	live_check(test);
}

static void live_nobody_watches_while_nothing_waits(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long end;

	KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
	KUNIT_EXPECT_TRUE(test, READ_ONCE(pcp_watched) ||
				!atomic_read(&lv->pcp->nr_waiting));
	/* Others may push now and then, but not all the time. */
	drain_all_pages(NULL);
	end = jiffies + 10 * HZ;
	while (READ_ONCE(pcp_watched) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(pcp_watched));
}

/* On CPU b, with nothing on its PCP: free pages of CPU a's blocks. Returns how many stay. */
static long live_keep_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct per_cpu_pages *pcp = zone_pcp(lv->zone, w->cpu);
	unsigned int i, nr = 0;

	drain_local_pages(lv->zone);
	WRITE_ONCE(pcp->high_min, lv->zone->pageset_high_min);
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

static struct kunit_case live_cases[] = {
	KUNIT_CASE(live_remote_free_comes_back_to_its_owner_alone),
	KUNIT_CASE(live_owner_reuses_what_others_freed),
	KUNIT_CASE(live_pages_come_back_in_the_order_of_their_frees),
	KUNIT_CASE(live_whole_blocks_lose_their_owner),
	KUNIT_CASE(live_blocks_in_use_are_adopted),
	KUNIT_CASE(live_refill_takes_small_pieces_first),
	KUNIT_CASE(live_waiting_pages_return_before_oom),
	KUNIT_CASE_SLOW(live_nobody_watches_while_nothing_waits),
	KUNIT_CASE(live_cpu_with_few_pages_keeps_them),
	KUNIT_CASE(live_reclaim_pushes_nothing),
	KUNIT_CASE(live_drain_all_pages_sees_pages_that_wait),
	KUNIT_CASE_SLOW(live_vmstat_returns_what_waits_on_an_idle_cpu),
	KUNIT_CASE(live_flood_stays_within_the_bound),
	KUNIT_CASE(live_bound_is_half_a_refill_at_most),
	KUNIT_CASE(live_allocation_absorbs_a_bounded_number),
	KUNIT_CASE(live_allocation_leaves_the_free_llist_alone),
	KUNIT_CASE(live_absorbing_does_not_pass_the_high_mark),
	KUNIT_CASE(live_short_zone_lowers_the_high_mark),
	KUNIT_CASE(live_disabled_pcp_keeps_no_page),
	KUNIT_CASE(live_push_races_with_disable),
	KUNIT_CASE(live_disable_waits_for_pages_that_are_carried),
	KUNIT_CASE(live_push_races_with_teardown),
#ifdef CONFIG_MEMORY_ISOLATION
	KUNIT_CASE(live_isolated_while_waiting_goes_to_the_zone),
	KUNIT_CASE(live_isolated_while_waiting_is_deferred),
#endif
#ifdef CONFIG_CONTIG_ALLOC
	KUNIT_CASE(live_contig_alloc_gets_pages_that_wait),
#endif
	KUNIT_CASE(live_allocation_from_an_empty_pcp),
	KUNIT_CASE(live_nolock_allocation_with_the_zone_locked),
	KUNIT_CASE(live_drain_frees_deferred_pages),
	KUNIT_CASE(live_overflow_with_the_zone_locked_is_deferred),
	KUNIT_CASE(live_hardirq_free_while_the_local_lock_is_held),
	KUNIT_CASE(live_free_under_a_lock_that_hardirq_takes),
	KUNIT_CASE(live_counters_move),
	KUNIT_CASE(live_counters_balance_after_a_mixed_load),
	KUNIT_CASE(live_drains_and_disables_under_load),
	{}
};

static struct kunit_suite live_suite = {
	.name = "pcp_live",
	.init = live_init,
	.test_cases = live_cases,
};

kunit_test_suite(live_suite);
