// SPDX-License-Identifier: GPL-2.0
/*
 * Drains, disabled PCPs and PCPs of dead CPUs in the page allocator in use: no page is left
 * behind, whoever frees meanwhile.
 */
#include <kunit/test.h>
#include <linux/folio_batch.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "../zone.h"
#include "lib/live.h"

/* Nothing is cached for CPU a, in any zone. Returns how much still is. */
static int live_empty_all_lists(struct live *lv)
{
	struct per_cpu_pages *pcp = lv->pcp;
	struct zone *of = lv->zone, *zone;
	int count = 0;

	for_each_populated_zone(zone) {
		lv->zone = zone;
		lv->pcp = zone_pcp(zone, lv->a);
		live_empty_lists(lv);
		count += READ_ONCE(lv->pcp->count);
	}
	lv->zone = of;
	lv->pcp = pcp;
	return count;
}

/* Waiting pages are drained. */
static void live_expect_waiting_drained(struct kunit *test, bool all_zones)
{
	struct live *lv = test->priv;
	int tries, count = -1;

	/* count must be 0 for the case to say something. */
	for (tries = 0; tries < 8 && count; tries++) {
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
		count = live_empty_all_lists(lv);
		drain_all_pages(all_zones ? NULL : lv->zone);
		KUNIT_EXPECT_LT(test, atomic_read(&lv->pcp->nr_waiting), 64);
	}
	KUNIT_EXPECT_EQ(test, count, 0);
	live_check(test);
}

static void live_drain_all_pages_sees_pages_that_wait(struct kunit *test)
{
	live_expect_waiting_drained(test, false);
}

static void live_drain_of_all_zones_sees_pages_that_wait(struct kunit *test)
{
	live_expect_waiting_drained(test, true);
}

static void live_expect_nothing_kept(struct live *lv)
{
	int cpu;

	for_each_online_cpu(cpu) {
		struct per_cpu_pages *pcp = zone_pcp(lv->zone, cpu);

		KUNIT_EXPECT_EQ(lv->test, live_count(pcp), 0);
		KUNIT_EXPECT_TRUE(lv->test, llist_empty(&pcp->free_llist));
		KUNIT_EXPECT_PTR_EQ(lv->test, READ_ONCE(pcp->taken), NULL);
	}
}

/* A disabled PCP keeps no page. */
static void live_disabled_pcp_keeps_no_page(struct kunit *test)
{
	struct live *lv = test->priv;

	KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
	zone_pcp_disable(lv->zone);
	live_expect_nothing_kept(lv);
	KUNIT_EXPECT_GE(test, live_in_zone(lv), 32U);
	zone_pcp_enable(lv->zone);

	/* The same for pages that are freed meanwhile. */
	live_own(lv, 64, false);
	zone_pcp_disable(lv->zone);
	pcp_on_cpu(test, lv->b, live_free_fn, lv);
	live_expect_nothing_kept(lv);
	KUNIT_EXPECT_GE(test, live_in_zone(lv), 32U);
	zone_pcp_enable(lv->zone);
	live_check(test);
}

#define LIVE_KEPT_TURNS		64

/* On CPU a, with the PCPs disabled. Returns the turns after which some page was kept. */
static long live_kept_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int turn, i;
	long kept = 0;

	for (turn = 0; turn < LIVE_KEPT_TURNS; turn++) {
		unsigned int order = min_t(unsigned int, turn % (PAGE_ALLOC_COSTLY_ORDER + 1),
					   pageblock_order);
		struct page *page = alloc_pages(LIVE_GFP, order);
		struct folio_batch batch;

		folio_batch_init(&batch);
		for (i = 0; i < 4 && lv->nr; i++) {
			struct page *own = lv->pages[--lv->nr];

			if (turn & 4)
				folio_batch_add(&batch, page_folio(own));
			else
				__free_page(own);
		}
		folios_put(&batch);
		if (page)
			__free_pages(page, order);
		kept += live_count(lv->pcp) != 0;
	}
	return kept;
}

/* Pages of all orders that its own CPU frees: nothing but the trim takes them off again. */
static void live_disabled_pcp_keeps_no_page_of_its_own_cpu(struct kunit *test)
{
	struct live *lv = test->priv;

	live_own(lv, 4 * LIVE_KEPT_TURNS, false);
	zone_pcp_disable(lv->zone);
	KUNIT_EXPECT_EQ(test, pcp_on_cpu(test, lv->a, live_kept_fn, lv), 0L);
	live_expect_nothing_kept(lv);
	zone_pcp_enable(lv->zone);
	live_check(test);
}

/* On CPU a: frees without waiting for a lock. Returns how many found the page deferred. */
static long live_free_nolock_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	long deferred = 0;
	unsigned int i;

	for (i = 0; i < lv->nr; i++) {
		free_pages_nolock(lv->pages[i], 0);
		deferred += !llist_empty(&lv->zone->trylock_free_pages);
	}
	return deferred;
}

/* Nobody may free another page, and whoever disabled the PCP waits for these. */
static void live_disabled_pcp_defers_nothing(struct kunit *test)
{
	struct live *lv = test->priv;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "zone->lock sleeps with PREEMPT_RT");
	live_own(lv, 64, false);
	zone_pcp_disable(lv->zone);
	/* Somebody else may have zone->lock now and then. */
	KUNIT_EXPECT_LT(test, pcp_on_cpu(test, lv->a, live_free_nolock_fn, lv), 32L);
	zone_pcp_enable(lv->zone);
	drain_all_pages(lv->zone);
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
	live_push_much(lv);
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
 * The same with frees on their way when the PCP is disabled: whichever side is
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

/* How long pages are carried around after somebody began to wait for it, or should have. */
#define LIVE_CARRY_NS	(40 * NSEC_PER_MSEC)
#define LIVE_ALONE_NS	(200 * NSEC_PER_MSEC)

/* The carrier, and what it saw. It is an RCU reader, so it leaves the verdict to others. */
static struct {
	struct live *lv;
	struct task_struct *task;
	bool closed;
	bool awaited;
	bool late;
} live_carried;

/* Pages are off the list, and not yet in the zone: do not hurry. */
static void live_carry(struct per_cpu_pages *pcp, enum pcp_point point)
{
	struct live *lv = live_carried.lv;
	u64 limit = ktime_get_ns() + 50 * LIVE_ALONE_NS, now;
	bool waits = false;

	if (point == PCP_POINT_GRACE && live_carried.closed)
		WRITE_ONCE(live_carried.awaited, true);
	if (!in_task() || current != live_carried.task || pcp != lv->pcp ||
	    point != PCP_POINT_TAKEN || lv->round)
		return;
	WRITE_ONCE(lv->round, 1);
	do {
		cpu_relax();
		now = ktime_get_ns();
		if (!live_carried.closed && !pcp_open(pcp)) {
			WRITE_ONCE(live_carried.closed, true);
			limit = now + LIVE_ALONE_NS;
		}
		if (!waits && READ_ONCE(live_carried.awaited)) {
			waits = true;
			limit = now + LIVE_CARRY_NS;
		}
	} while (!READ_ONCE(lv->stop) && now < limit);
	live_carried.late = READ_ONCE(lv->stop);
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

/* On CPU a, so that CPU b can disable the PCPs meanwhile: carry what waits to the zone. */
static long live_carry_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	live_carried.task = current;
	WRITE_ONCE(pcp_point_hook, live_carry);
	rcu_read_lock();
	pcp_return_waiting(lv->zone, lv->pcp);
	rcu_read_unlock();
	WRITE_ONCE(pcp_point_hook, NULL);
	return 0;
}

/*
 * The same with pages that somebody took off the list before. The drain does not see
 * them, so disabling has to wait for whoever carries them.
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
	p = pcp_workers_start(test, cpumask_of(lv->b), 1, live_disable_fn, lv);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_unhook,
							   NULL));
	/* vmstat may take what waits, then nothing is carried. */
	do {
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
		pcp_on_cpu(test, lv->a, live_carry_fn, lv);
	} while (!lv->round && ++tries < 8);
	KUNIT_ASSERT_EQ(test, lv->round, 1U);
	pcp_workers_wait(test, p);
	kunit_release_action(test, live_unhook, NULL);
	KUNIT_EXPECT_TRUE(test, live_carried.closed);
	KUNIT_EXPECT_FALSE(test, live_carried.late);
	KUNIT_EXPECT_GE(test, p->worker[0].ret, 32L);
	live_check(test);
}

/* A drain, and somebody who carries pages to the zone meanwhile. */
static struct {
	struct live *lv;
	struct task_struct *drainer, *carrier;
	unsigned int graces;	/* that the drain waited for */
	bool carried;		/* the zone has the pages */
} live_awaited;

/* The carrier stays until the drain waits for a grace period, and then for some time more. */
static void live_stay(struct per_cpu_pages *pcp, enum pcp_point point)
{
	struct live *lv = live_awaited.lv;
	u64 limit = ktime_get_ns() + 50 * LIVE_CARRY_NS;

	if (!in_task())
		return;
	if (point == PCP_POINT_GRACE && current == READ_ONCE(live_awaited.drainer)) {
		live_awaited.graces++;
		WRITE_ONCE(lv->stop, true);
	}
	if (point != PCP_POINT_TAKEN || current != READ_ONCE(live_awaited.carrier) ||
	    pcp != lv->pcp || lv->round)
		return;
	WRITE_ONCE(lv->round, 1);
	while (!READ_ONCE(lv->stop) && ktime_get_ns() < limit)
		cpu_relax();
	limit = ktime_get_ns() + LIVE_CARRY_NS;
	while (ktime_get_ns() < limit)
		cpu_relax();
}

static void live_stay_begin(struct live *lv)
{
	lv->stop = false;
	lv->round = 0;
	memset(&live_awaited, 0, sizeof(live_awaited));
	live_awaited.lv = lv;
	KUNIT_ASSERT_EQ(lv->test, 0, kunit_add_action_or_reset(lv->test, live_unhook, NULL));
	WRITE_ONCE(pcp_point_hook, live_stay);
}

/* One in direct reclaim would wait long. */
static void live_drain_without_carriers_waits_for_no_grace_period(struct kunit *test)
{
	struct live *lv = test->priv;
	int tries;

	live_stay_begin(lv);
	live_awaited.drainer = current;
	live_awaited.graces = 1;
	/* Somebody else may carry pages, and not run meanwhile. */
	for (tries = 0; tries < 8 && live_awaited.graces; tries++) {
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
		live_awaited.graces = 0;
		drain_all_pages(lv->zone);
	}
	kunit_release_action(test, live_unhook, NULL);
	KUNIT_EXPECT_EQ(test, live_awaited.graces, 0U);
	live_check(test);
}

/* On CPU b, once pages are carried. Returns whether the zone has them after the drain. */
static long live_drain_amid_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	while (!READ_ONCE(lv->round)) {
		if (kthread_should_stop())
			return -1;
		cond_resched();
	}
	WRITE_ONCE(live_awaited.drainer, current);
	drain_all_pages(lv->zone);
	return READ_ONCE(live_awaited.carried);
}

/* On CPU a. */
static long live_carry_long_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	rcu_read_lock();
	WRITE_ONCE(live_awaited.carrier, current);
	pcp_return_waiting(lv->zone, lv->pcp);
	WRITE_ONCE(live_awaited.carrier, NULL);
	WRITE_ONCE(live_awaited.carried, lv->round);
	rcu_read_unlock();
	return 0;
}

static void live_drain_waits_for_a_carrier_that_stays(struct kunit *test)
{
	struct live *lv = test->priv;
	struct pcp_workers *p;
	int tries = 0;

	live_stay_begin(lv);
	p = pcp_workers_start(test, cpumask_of(lv->b), 1, live_drain_amid_fn, lv);
	/* vmstat may take what waits, then nothing is carried. */
	do {
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
		pcp_on_cpu(test, lv->a, live_carry_long_fn, lv);
	} while (!lv->round && ++tries < 8);
	KUNIT_ASSERT_EQ(test, lv->round, 1U);
	pcp_workers_wait(test, p);
	kunit_release_action(test, live_unhook, NULL);
	KUNIT_EXPECT_EQ(test, live_awaited.graces, 1U);
	KUNIT_EXPECT_EQ(test, p->worker[0].ret, 1L);
	live_check(test);
}

/*
 * Nothing strands on a dead CPU. There is no CPU hotplug under UML, so this only says that
 * the CPU is dead, and does to its PCP what hotplug does.
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

/* On CPU a: allocate pages of order 3, three at least, until the last two are buddies. */
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
		if (lv->nr > 1 && IS_ALIGNED(pfn, 8) && !IS_ALIGNED(pfn, 16) &&
		    lv->pages[lv->nr - 1] + 8 == page && live_owner(page) == w->cpu) {
			lv->nr++;
			return true;
		}
	}
	return false;
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

static void live_drain_zone(struct live *lv)
{
	drain_all_pages(lv->zone);
}

static void live_drain_zones(struct live *lv)
{
	drain_all_pages(NULL);
}

static void live_return_all(struct live *lv)
{
	pcp_return_all();
}

/* One of the other pages. */
static void live_free_to_zone(struct live *lv)
{
	struct page *page = lv->pages[0];

	memmove(lv->pages, lv->pages + 1, --lv->nr * sizeof(*lv->pages));
	if (put_page_testzero(page) && free_pages_prepare(page, 3))
		pcp_zone_free_one(page_zone(page), page, page_to_pfn(page), 3, false);
}

/* PGFREE is counted once, and a page that merged has no trace of its order left. */
static void live_expect_deferred_freed(struct kunit *test, void (*flush)(struct live *lv))
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
	flush(lv);
	KUNIT_EXPECT_TRUE(test, llist_empty(&lv->zone->trylock_free_pages));
	if (!PageBuddy(right) && !PagePCPBuddy(right))
		KUNIT_EXPECT_EQ(test, page_private(right), 0UL);
	while (lv->nr > 2)
		__free_pages(lv->pages[--lv->nr - 2], 3);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
	live_check(test);
}

static void live_drain_frees_deferred_pages(struct kunit *test)
{
	live_expect_deferred_freed(test, live_drain_zone);
}

static void live_drain_of_all_zones_frees_deferred_pages(struct kunit *test)
{
	live_expect_deferred_freed(test, live_drain_zones);
}

/* A free that has zone->lock frees the deferred pages, too. */
static void live_next_free_to_the_zone_frees_deferred_pages(struct kunit *test)
{
	live_expect_deferred_freed(test, live_free_to_zone);
}

/* Nobody may free another page before the OOM killer comes. */
static void live_deferred_pages_return_before_oom(struct kunit *test)
{
	live_expect_deferred_freed(test, live_return_all);
}

/* On CPU a: pages of order 1, of blocks that it owns. */
static long live_pairs_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	for (lv->nr = 0; lv->nr < 256; lv->nr++) {
		struct page *page = alloc_pages(LIVE_GFP, 1);

		if (!page)
			return -ENOMEM;
		if (!lv->nr)
			lv->zone = page_zone(page);
		lv->pages[lv->nr] = page;
		pageblock_own(page_zone(page), zone_pcp(page_zone(page), w->cpu),
			      live_pbd(page));
	}
	return 0;
}

static long live_free_pairs_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i;

	for (i = 0; i < lv->nr; i++)
		__free_pages(lv->pages[i], 1);
	return 0;
}

/* Those that merged with their left neighbour, and that kept their order. */
static unsigned int live_orders_left(struct live *lv, unsigned int *merged)
{
	unsigned int i, nr = 0;
	unsigned long flags;

	*merged = 0;
	spin_lock_irqsave(&lv->zone->lock, flags);
	for (i = 0; i < lv->nr; i++) {
		struct page *page = lv->pages[i];

		if (page_zone(page) != lv->zone || PageBuddy(page) ||
		    !is_free_buddy_page(page))
			continue;
		(*merged)++;
		nr += page_private(page) != 0;
	}
	spin_unlock_irqrestore(&lv->zone->lock, flags);
	return nr;
}

/* Otherwise the next user of the merged page would find it there. */
static void live_pages_leave_their_order_behind(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned int merged = 0;
	int tries;

	/* Somebody may allocate first. */
	for (tries = 0; tries < 8 && merged < 32; tries++) {
		KUNIT_ASSERT_EQ(test, pcp_on_cpu(test, lv->a, live_pairs_fn, lv), 0L);
		lv->pcp = zone_pcp(lv->zone, lv->a);
		live_have_enough(lv);
		live_set_bound(lv, INT_MAX);
		pcp_on_cpu(test, lv->b, live_free_pairs_fn, lv);
		drain_all_pages(NULL);
		KUNIT_EXPECT_EQ(test, live_orders_left(lv, &merged), 0U);
		live_reset_bound(lv);
	}
	KUNIT_EXPECT_GE(test, merged, 32U);
	live_check(test);
}

static struct kunit_case live_drain_cases[] = {
	KUNIT_CASE(live_drain_all_pages_sees_pages_that_wait),
	KUNIT_CASE(live_drain_of_all_zones_sees_pages_that_wait),
	KUNIT_CASE(live_disabled_pcp_keeps_no_page),
	KUNIT_CASE(live_disabled_pcp_keeps_no_page_of_its_own_cpu),
	KUNIT_CASE(live_disabled_pcp_defers_nothing),
	KUNIT_CASE(live_push_races_with_disable),
	KUNIT_CASE(live_disable_waits_for_pages_that_are_carried),
	KUNIT_CASE(live_drain_without_carriers_waits_for_no_grace_period),
	KUNIT_CASE(live_drain_waits_for_a_carrier_that_stays),
	KUNIT_CASE(live_push_races_with_teardown),
	KUNIT_CASE(live_pages_leave_their_order_behind),
	KUNIT_CASE(live_drain_frees_deferred_pages),
	KUNIT_CASE(live_drain_of_all_zones_frees_deferred_pages),
	KUNIT_CASE(live_next_free_to_the_zone_frees_deferred_pages),
	KUNIT_CASE(live_deferred_pages_return_before_oom),
	KUNIT_CASE(live_drains_and_disables_under_load),
	{}
};

static struct kunit_suite live_drain_suite = {
	.name = "pcp_live_drain",
	.init = live_init,
	.test_cases = live_drain_cases,
};

kunit_test_suite(live_drain_suite);
