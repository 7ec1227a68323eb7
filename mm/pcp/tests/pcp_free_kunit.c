// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for mm/pcp/free.c: a page that is freed takes its route, and the
 * task is neither pinned nor has it a lock afterwards. The route itself is
 * checked by the suite pcp_route; a context that may not even try a lock needs
 * PREEMPT_RT, and is checked there only.
 */
#include <kunit/test.h>

#include "fixture.h"

static void free_it(struct pcp_fixture *fx, struct page *page,
		    unsigned int order, bool nolock)
{
	int pinned = pcp_fx_pinned();

	pcp_free_page(fx->zone, page, page_to_pfn(page), order, true, nolock);
	KUNIT_EXPECT_EQ(fx->test, pcp_fx_pinned(), pinned);
	KUNIT_EXPECT_FALSE(fx->test, pcp_fx_locked(fx->pcp));
	pcp_fx_check(fx);
}

/* The same while something else on this CPU has the lock. */
static void free_it_busy(struct pcp_fixture *fx, struct page *page,
			 unsigned int order, bool nolock)
{
	int pinned;

	spin_lock(&fx->pcp->lock);
	pinned = pcp_fx_pinned();
	pcp_free_page(fx->zone, page, page_to_pfn(page), order, true, nolock);
	pinned -= pcp_fx_pinned();
	spin_unlock(&fx->pcp->lock);
	KUNIT_EXPECT_EQ(fx->test, pinned, 0);
	pcp_fx_check(fx);
}

static void expect_local(struct pcp_fixture *fx, int nr_pages)
{
	KUNIT_EXPECT_EQ(fx->test, fx->pcp->count, nr_pages);
	KUNIT_EXPECT_EQ(fx->test, fx->other->count, 0);
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->other->nr_waiting), 0);
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->pcp->nr_waiting), 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_deferred, 0);
}

static void expect_remote(struct pcp_fixture *fx, int nr_pages)
{
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->other->nr_waiting), nr_pages);
	KUNIT_EXPECT_FALSE(fx->test, llist_empty(&fx->other->free_llist));
	KUNIT_EXPECT_EQ(fx->test, fx->other->count, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->pcp->count, 0);
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->pcp->nr_waiting), 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_deferred, 0);
}

/* One page. */
static void expect_zone(struct pcp_fixture *fx, struct page *page,
			unsigned int order, bool nolock)
{
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_one, 1);
	KUNIT_EXPECT_PTR_EQ(fx->test, pcp_fx_freed(fx, 0), page);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_freed, 1 << order);
	KUNIT_EXPECT_EQ(fx->test, fx->free_nolock, nolock);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_deferred, 0);
	KUNIT_EXPECT_FALSE(fx->test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_FALSE(fx->test, pcp_has_pages(fx->other));
}

static void expect_deferred(struct pcp_fixture *fx, int nr_pages)
{
	KUNIT_EXPECT_EQ(fx->test, fx->nr_deferred, nr_pages);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_FALSE(fx->test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_FALSE(fx->test, pcp_has_pages(fx->other));
}

/* === Local === */

static void free_unowned_page_is_local(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	free_it(fx, page, 1, false);
	expect_local(fx, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 1), 1);
	KUNIT_EXPECT_FALSE(test, PagePCPBuddy(page));
}

static void free_own_page_is_local_and_may_merge(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_own(fx, 0, fx->cpu);
	free_it(fx, page, 1, false);
	expect_local(fx, 2);
	KUNIT_EXPECT_TRUE(test, PagePCPBuddy(page));
}

static void free_to_the_list_of_the_type(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_type(fx, 0, MIGRATE_UNMOVABLE);
	pcp_fx_type(fx, 1, MIGRATE_RECLAIMABLE);
	pcp_fx_type(fx, 2, MIGRATE_HIGHATOMIC);
	free_it(fx, pcp_fx_page(fx, 0, 0), 0, false);
	free_it(fx, pcp_fx_page(fx, 1, 0), 0, false);
	free_it(fx, pcp_fx_page(fx, 2, 0), 0, false);
	expect_local(fx, 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_UNMOVABLE, 0), 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_RECLAIMABLE, 0), 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 1);
}

static void free_nolock_local(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 1;
	free_it(fx, pcp_fx_page(fx, 0, 0), 2, true);
	expect_local(fx, 4);
	KUNIT_EXPECT_EQ(test, fx->nr_relaxed, 0);
}

static void free_trims_to_the_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 4;
	fx->nr_free = 1;
	free_it(fx, pcp_fx_page(fx, 0, 0), 2, false);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 0);
}

/* The suite pcp_commit has the conditions; this is the copy in a free. */
static void free_many_of_high_order_go_back(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->batch = 4;
	fx->pcp->high_min = 0;
	fx->pcp->free_count = 100;
	fx->pcp->flags = PCPF_PREV_FREE_HIGH_ORDER | PCPF_FREE_HIGH_BATCH;
	free_it(fx, pcp_fx_page(fx, 0, 0), 1, false);
	expect_local(fx, 2);
	/* A batch is there now, so it goes. */
	free_it(fx, pcp_fx_page(fx, 0, 2), 1, false);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);

	fx->pcp->flags &= ~PCPF_FREE_HIGH_BATCH;
	free_it(fx, pcp_fx_page(fx, 0, 4), 1, false);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
}

static void free_local_busy_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_own(fx, 0, fx->cpu);
	free_it_busy(fx, page, 2, false);
	expect_zone(fx, page, 2, false);
}

static void free_local_busy_nolock_deferred(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	free_it_busy(fx, pcp_fx_page(fx, 0, 0), 2, true);
	expect_deferred(fx, 4);
}

/* What the hook found. */
static struct pcp_fx_rival *rival;
static bool rival_waits;

static void lose_to_rival(struct pcp_fixture *fx)
{
	fx->on_free = NULL;
	rival_waits = pcp_fx_rival_queue(rival);
}

/* The lock is the other one's then, and not to be released here. */
static void free_that_loses_the_lock_to_another_cpu(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 2);
	int pinned = pcp_fx_pinned();
	bool locked;

	rival = pcp_fx_rival_start(fx, fx->pcp);
	free_it(fx, pcp_fx_page(fx, 0, 0), 0, false);
	free_it(fx, pcp_fx_page(fx, 0, 1), 0, false);
	fx->pcp->batch = 1;
	fx->pcp->high = 3;
	fx->nr_free = 2;
	fx->on_free = lose_to_rival;
	pcp_free_page(fx->zone, page, page_to_pfn(page), 0, true, false);
	locked = pcp_fx_locked(fx->pcp);
	pcp_fx_rival_stop(fx, rival);
	if (!rival_waits)
		kunit_skip(test, "needs locks that tell who waits");

	KUNIT_EXPECT_TRUE(test, locked);
	KUNIT_EXPECT_TRUE(test, rival->got);
	KUNIT_EXPECT_EQ(test, pcp_fx_pinned(), pinned);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	pcp_fx_check(fx);
}

static void migrate(struct pcp_fixture *fx)
{
	pcp_fx_migrate(fx);
}

static void free_that_loses_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 2);
	int pinned = pcp_fx_pinned();

	free_it(fx, pcp_fx_page(fx, 0, 0), 0, false);
	free_it(fx, pcp_fx_page(fx, 0, 1), 0, false);
	fx->pcp->batch = 1;
	fx->pcp->high = 3;
	fx->nr_free = 2;
	fx->on_free = migrate;
	pcp_free_page(fx->zone, page, page_to_pfn(page), 0, true, false);
	pcp_fx_come_back(fx);
	KUNIT_EXPECT_EQ(test, pcp_fx_pinned(), pinned);
	KUNIT_EXPECT_FALSE(test, pcp_fx_locked(fx->pcp));
	/* The page itself was taken. */
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
	pcp_fx_check(fx);
}

/* === A disabled PCP (H3) === */

static void disable(struct pcp_fixture *fx)
{
	fx->pcp->high_min = 0;
	fx->pcp->high_max = 0;
	fx->nr_free = 1;
	pcp_set_bound(fx->pcp, 0, 0);
}

static void free_disabled_keeps_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	free_it(fx, pcp_fx_page(fx, 0, 0), 0, false);
	disable(fx);
	free_it(fx, pcp_fx_page(fx, 0, 4), 2, false);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 5);
}

static void free_disabled_nolock_deferred(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	disable(fx);
	free_it(fx, pcp_fx_page(fx, 0, 0), 2, true);
	expect_deferred(fx, 4);
}

/* === Remote === */

static void free_remote_is_pushed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_own(fx, 0, fx->other->cpu);
	free_it(fx, page, 2, false);
	expect_remote(fx, 4);
	KUNIT_EXPECT_PTR_EQ(test, fx->other->free_llist.first, &page->pcp_llist);
	KUNIT_EXPECT_EQ(test, page_private(page), 2);
	KUNIT_EXPECT_FALSE(test, PagePCPBuddy(page));
}

static void free_remote_nolock_is_pushed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->other->cpu);
	free_it(fx, pcp_fx_page(fx, 0, 0), 2, true);
	expect_remote(fx, 4);
}

/* Needs no lock at all, so one that is taken is not in the way. */
static void free_remote_while_locks_are_taken(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_own(fx, 0, fx->other->cpu);
	spin_lock(&fx->pcp->lock);
	spin_lock_nested(&fx->other->lock, SINGLE_DEPTH_NESTING);
	pcp_free_page(fx->zone, page, page_to_pfn(page), 2, true, false);
	spin_unlock(&fx->other->lock);
	spin_unlock(&fx->pcp->lock);
	expect_remote(fx, 4);
	pcp_fx_check(fx);
}

/* The push hears of FPI_NOLOCK: a flush may not wait for the zone. */
static void free_remote_nolock_over_bound_deferred(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_set_bound(fx->other, 1, 1);
	fx->lock_busy = true;
	free_it(fx, pcp_fx_page(fx, 0, 0), 2, true);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 4);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->other));
}

static void free_remote_over_bound_waits_for_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_set_bound(fx->other, 1, 1);
	fx->lock_busy = true;
	free_it(fx, pcp_fx_page(fx, 0, 0), 2, false);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
}

static void free_remote_dead_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_own(fx, 0, fx->other->cpu);
	fx->other->dead = true;
	free_it(fx, page, 1, false);
	expect_zone(fx, page, 1, false);
}

static void free_remote_disabled_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_set_bound(fx->other, 0, 0);
	free_it(fx, page, 1, false);
	expect_zone(fx, page, 1, false);
}

static void free_remote_dead_nolock_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_own(fx, 0, fx->other->cpu);
	fx->other->dead = true;
	free_it(fx, page, 1, true);
	expect_zone(fx, page, 1, true);
}

/* === Zone === */

static void free_order_not_allowed_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	int pinned = pcp_fx_pinned();

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_free_page(fx->zone, page, page_to_pfn(page), 2, false, false);
	KUNIT_EXPECT_EQ(test, pcp_fx_pinned(), pinned);
	expect_zone(fx, page, 2, false);
	pcp_fx_check(fx);
}

static void free_isolated_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_need_isolation(fx);
	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_isolate(fx, 0, true);
	free_it(fx, page, 2, true);
	expect_zone(fx, page, 2, true);
}

/* === Counters === */

static void do_free(struct pcp_fixture *fx, int block, unsigned int index,
		    unsigned int order, bool nolock)
{
	struct page *page = pcp_fx_page(fx, block, index);

	pcp_free_page(fx->zone, page, page_to_pfn(page), order, true, nolock);
}

/* The zone counts what goes there. */
static void free_counts_pgfree_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	long n;

	pcp_fx_need_events(fx);
	pcp_fx_own(fx, 1, fx->other->cpu);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, do_free(fx, 0, 0, 2, false)),
			4);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, do_free(fx, 1, 0, 2, false)),
			4);

	spin_lock(&fx->pcp->lock);
	n = PCP_FX_EVENTS(PGFREE, do_free(fx, 2, 0, 0, false));
	n += PCP_FX_EVENTS(PGFREE, do_free(fx, 2, 1, 0, true));
	spin_unlock(&fx->pcp->lock);
	KUNIT_EXPECT_EQ(test, n, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 1);
	pcp_fx_check(fx);
}

static void free_counts_trylock_failures(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	long n;

	pcp_fx_need_events(fx);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_TRYLOCK_FAIL,
					    do_free(fx, 0, 0, 0, false)), 0);
	spin_lock(&fx->pcp->lock);
	n = PCP_FX_EVENTS(PCP_TRYLOCK_FAIL, do_free(fx, 0, 1, 0, false));
	spin_unlock(&fx->pcp->lock);
	KUNIT_EXPECT_EQ(test, n, 1);
	pcp_fx_check(fx);
}

static struct kunit_case free_cases[] = {
	KUNIT_CASE(free_unowned_page_is_local),
	KUNIT_CASE(free_own_page_is_local_and_may_merge),
	KUNIT_CASE(free_to_the_list_of_the_type),
	KUNIT_CASE(free_nolock_local),
	KUNIT_CASE(free_trims_to_the_mark),
	KUNIT_CASE(free_many_of_high_order_go_back),
	KUNIT_CASE(free_local_busy_to_zone),
	KUNIT_CASE(free_local_busy_nolock_deferred),
	KUNIT_CASE(free_that_loses_the_lock),
	KUNIT_CASE(free_that_loses_the_lock_to_another_cpu),
	KUNIT_CASE(free_disabled_keeps_nothing),
	KUNIT_CASE(free_disabled_nolock_deferred),
	KUNIT_CASE(free_remote_is_pushed),
	KUNIT_CASE(free_remote_nolock_is_pushed),
	KUNIT_CASE(free_remote_while_locks_are_taken),
	KUNIT_CASE(free_remote_nolock_over_bound_deferred),
	KUNIT_CASE(free_remote_over_bound_waits_for_zone),
	KUNIT_CASE(free_remote_dead_to_zone),
	KUNIT_CASE(free_remote_disabled_to_zone),
	KUNIT_CASE(free_remote_dead_nolock_to_zone),
	KUNIT_CASE(free_order_not_allowed_to_zone),
	KUNIT_CASE(free_isolated_to_zone),
	KUNIT_CASE(free_counts_pgfree_once),
	KUNIT_CASE(free_counts_trylock_failures),
	{}
};

static struct kunit_suite free_suite = {
	.name = "pcp_free",
	.init = pcp_fx_init_bound,
	.test_cases = free_cases,
};

kunit_test_suites(&free_suite);
