// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for mm/pcp/free.c: a page that is freed takes its route, and the task is neither
 * pinned nor has it a lock afterwards. The route itself is checked by the suite pcp_route, and
 * whether a page of another CPU's block is kept by pcp_free_keep. A context that may not even
 * try a lock needs PREEMPT_RT, and is checked there only.
 */
#include <kunit/test.h>

#include "lib/frees.h"
#include "lib/rival.h"

/* === Local === */

static void free_unowned_page_is_local(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_free(fx, page, 1, false);
	pcp_fx_expect_local(fx, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 1), 1);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(page, pcp_mark(fx->pcp)));
}

static void free_own_page_is_local(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_own(fx, 0, fx->cpu);
	/* However many pages it has. */
	pcp_fx_enough_of_order(fx, 2);
	pcp_fx_free(fx, page, 2, false);
	pcp_fx_expect_local(fx, 8);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(page, pcp_mark(fx->pcp)));
	/* It owns the block as before. */
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	pcp_fx_check_blocks(fx);
}

static void free_to_the_list_of_the_type(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_type(fx, 0, MIGRATE_UNMOVABLE);
	pcp_fx_type(fx, 1, MIGRATE_RECLAIMABLE);
	pcp_fx_type(fx, 2, MIGRATE_HIGHATOMIC);
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 0), 0, false);
	pcp_fx_free(fx, pcp_fx_page(fx, 1, 0), 0, false);
	pcp_fx_free(fx, pcp_fx_page(fx, 2, 0), 0, false);
	pcp_fx_expect_local(fx, 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_UNMOVABLE, 0), 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_RECLAIMABLE, 0), 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 1);
}

static void free_nolock_local(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 1;
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 0), 2, true);
	pcp_fx_expect_local(fx, 4);
	KUNIT_EXPECT_EQ(test, fx->nr_relaxed, 0);
}

static void free_trims_to_the_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 4;
	fx->nr_free = 1;
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 0), 2, false);
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
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 0), 1, false);
	pcp_fx_expect_local(fx, 2);
	/* A batch is there now, so it goes. */
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 2), 1, false);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);

	fx->pcp->flags &= ~PCPF_FREE_HIGH_BATCH;
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 4), 1, false);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
}

static void free_local_busy_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_free_busy(fx, page, 2, false);
	pcp_fx_expect_zone(fx, page, 2, false);
}

static void free_local_busy_nolock_deferred(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_free_busy(fx, pcp_fx_page(fx, 0, 0), 2, true);
	pcp_fx_expect_deferred(fx, 4);
}

/* The hook found this. */
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
	struct page *page = pcp_fx_page(fx, 0, 4);
	int pinned = pcp_fx_pinned();
	bool locked;

	rival = pcp_fx_rival_start(fx, fx->pcp);
	/* No buddies: each is one page when it goes. */
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 0), 0, false);
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 2), 0, false);
	fx->pcp->batch = 1;
	fx->pcp->high = 3;
	fx->nr_free = 2;
	fx->on_free = lose_to_rival;
	pcp_free_page(fx->zone, page, page_to_pfn(page), 0, false);
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

static void free_that_loses_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 4);
	int pinned = pcp_fx_pinned();

	/* No buddies: each is one page when it goes. */
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 0), 0, false);
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 2), 0, false);
	fx->pcp->batch = 1;
	fx->pcp->high = 3;
	fx->nr_free = 2;
	fx->on_free = pcp_fx_migrate;
	pcp_free_page(fx->zone, page, page_to_pfn(page), 0, false);
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

/* === A disabled PCP: nothing may stay === */

static void free_disabled_keeps_no_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_disable(fx->pcp);
	fx->nr_free = 1;
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 0), 0, false);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 4), 2, false);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 5);
}

/* It has few pages, so the page of the other CPU's block comes here. */
static void free_disabled_keeps_no_remote_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_disable(fx->pcp);
	fx->nr_free = 1;
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 0), 2, false);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->other));
}

/* The zone tries its lock. */
static void free_disabled_nolock_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_disable(fx->pcp);
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 0), 2, true);
	pcp_fx_expect_zone(fx, pcp_fx_page(fx, 0, 0), 2, true);
	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->pcp));
}

/* === Remote === */

/* The push found the PCP closed, and took the page to the zone. */
static void expect_rescued(struct pcp_fixture *fx, struct page *page, int count,
			   bool nolock)
{
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_one, 0);
	KUNIT_EXPECT_PTR_EQ(fx->test, pcp_fx_freed(fx, 0), page);
	KUNIT_EXPECT_NULL(fx->test, pcp_fx_freed(fx, 1));
	KUNIT_EXPECT_EQ(fx->test, fx->free_nolock, nolock);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_deferred, 0);
	KUNIT_EXPECT_FALSE(fx->test, pcp_has_pages(fx->other));
	KUNIT_EXPECT_EQ(fx->test, fx->pcp->count, count);
}

static void free_remote_is_pushed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	int count = pcp_fx_enough_of_order(fx, 2);

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_free(fx, page, 2, false);
	pcp_fx_expect_remote(fx, 4, count);
	KUNIT_EXPECT_PTR_EQ(test, fx->other->free_llist.first, &page->pcp_llist);
	KUNIT_EXPECT_EQ(test, page_private(page), 2);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(page, PCP_MARK_WAITS));
}

static void free_remote_nolock_is_pushed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int count = pcp_fx_enough_of_order(fx, 2);

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 0), 2, true);
	pcp_fx_expect_remote(fx, 4, count);
}

/* Needs no lock at all, so one that is taken is not in the way. */
static void free_remote_while_locks_are_taken(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	int count = pcp_fx_enough_of_order(fx, 2);

	pcp_fx_own(fx, 0, fx->other->cpu);
	spin_lock(&fx->pcp->lock);
	spin_lock_nested(&fx->other->lock, SINGLE_DEPTH_NESTING);
	pcp_free_page(fx->zone, page, page_to_pfn(page), 2, false);
	spin_unlock(&fx->other->lock);
	spin_unlock(&fx->pcp->lock);
	pcp_fx_expect_remote(fx, 4, count);
	pcp_fx_check(fx);
}

/* The push hears of FPI_NOLOCK: a flush may not wait for the zone. */
static void free_remote_nolock_over_bound_deferred(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_enough_of_order(fx, 2);
	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_set_bound(fx->other, 1);
	fx->lock_busy = true;
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 0), 2, true);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 4);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->other));
}

static void free_remote_over_bound_waits_for_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_enough_of_order(fx, 2);
	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_set_bound(fx->other, 1);
	fx->lock_busy = true;
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 0), 2, false);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
}

/* Nobody looks whether the owner is there, before the page was pushed. */
static void free_remote_dead_is_rescued(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	int count = pcp_fx_enough_of_order(fx, 1);

	pcp_fx_own(fx, 0, fx->other->cpu);
	fx->other->dead = true;
	pcp_fx_free(fx, page, 1, false);
	expect_rescued(fx, page, count, false);
}

static void free_remote_disabled_is_rescued(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	int count = pcp_fx_enough_of_order(fx, 1);

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_set_bound(fx->other, 0);
	pcp_fx_free(fx, page, 1, false);
	expect_rescued(fx, page, count, false);
}

static void free_remote_dead_nolock_is_rescued(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	int count = pcp_fx_enough_of_order(fx, 1);

	pcp_fx_own(fx, 0, fx->other->cpu);
	fx->other->dead = true;
	pcp_fx_free(fx, page, 1, true);
	expect_rescued(fx, page, count, true);
}

/* === Zone === */

static void free_order_not_allowed_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	int pinned = pcp_fx_pinned();

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_free_uncached(fx->zone, page, page_to_pfn(page), 2, false);
	KUNIT_EXPECT_EQ(test, pcp_fx_pinned(), pinned);
	pcp_fx_expect_zone(fx, page, 2, false);
	pcp_fx_check(fx);
}

static unsigned int nr_looks;

static void count_looks(struct pcp_fixture *fx)
{
	nr_looks++;
}

/* The block is a cache line, and nothing depends on it. */
static void free_order_not_allowed_looks_at_no_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	nr_looks = 0;
	fx->on_pageblock = count_looks;
	pcp_free_uncached(fx->zone, page, page_to_pfn(page), 2, false);
	KUNIT_EXPECT_EQ(test, nr_looks, 0U);
	page = pcp_fx_page(fx, 0, 4);
	pcp_free_page(fx->zone, page, page_to_pfn(page), 2, false);
	KUNIT_EXPECT_EQ(test, nr_looks, 1U);
	fx->on_pageblock = NULL;
}

static void free_isolated_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_need_isolation(fx);
	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_isolate(fx, 0, true);
	pcp_fx_free(fx, page, 2, true);
	pcp_fx_expect_zone(fx, page, 2, true);
}

/* Not to a CPU that would take it, nor kept by one that has few. */
static void free_remote_isolated_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_need_isolation(fx);
	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_isolate(fx, 0, true);
	pcp_fx_free(fx, page, 2, false);
	pcp_fx_expect_zone(fx, page, 2, false);
}

/* === Counters === */

static void do_free(struct pcp_fixture *fx, int block, unsigned int index,
		    unsigned int order, bool nolock)
{
	struct page *page = pcp_fx_page(fx, block, index);

	pcp_free_page(fx->zone, page, page_to_pfn(page), order, nolock);
}

/* The zone counts what goes there. */
static void free_counts_pgfree_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	long n;

	pcp_fx_need_events(fx);
	pcp_fx_enough_of_order(fx, 2);
	pcp_fx_own(fx, 1, fx->other->cpu);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, do_free(fx, 0, 0, 2, false)),
			4);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, do_free(fx, 1, 0, 2, false)),
			4);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->other->nr_waiting), 4);

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
	KUNIT_CASE(free_own_page_is_local),
	KUNIT_CASE(free_to_the_list_of_the_type),
	KUNIT_CASE(free_nolock_local),
	KUNIT_CASE(free_trims_to_the_mark),
	KUNIT_CASE(free_many_of_high_order_go_back),
	KUNIT_CASE(free_local_busy_to_zone),
	KUNIT_CASE(free_local_busy_nolock_deferred),
	KUNIT_CASE(free_that_loses_the_lock),
	KUNIT_CASE(free_that_loses_the_lock_to_another_cpu),
	KUNIT_CASE(free_disabled_keeps_no_page),
	KUNIT_CASE(free_disabled_keeps_no_remote_page),
	KUNIT_CASE(free_disabled_nolock_to_zone),
	KUNIT_CASE(free_remote_is_pushed),
	KUNIT_CASE(free_remote_nolock_is_pushed),
	KUNIT_CASE(free_remote_while_locks_are_taken),
	KUNIT_CASE(free_remote_nolock_over_bound_deferred),
	KUNIT_CASE(free_remote_over_bound_waits_for_zone),
	KUNIT_CASE(free_remote_dead_is_rescued),
	KUNIT_CASE(free_remote_disabled_is_rescued),
	KUNIT_CASE(free_remote_dead_nolock_is_rescued),
	KUNIT_CASE(free_order_not_allowed_to_zone),
	KUNIT_CASE(free_order_not_allowed_looks_at_no_block),
	KUNIT_CASE(free_isolated_to_zone),
	KUNIT_CASE(free_remote_isolated_to_zone),
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
