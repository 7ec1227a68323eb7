// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for mm/pcp/free.c and free.h: a page that is freed takes its route, and
 * the task is neither pinned nor has it a lock afterwards. The route itself is
 * checked by the suite pcp_route, and what it depends on by this one. A context that
 * may not even try a lock needs PREEMPT_RT, and is checked there only.
 */
#include <kunit/test.h>
#include <linux/sched.h>

#include "../free.h"
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

/*
 * Have pages enough on this CPU's PCP, one of which is of @order, so that it keeps
 * no movable page of that order of others' blocks. Returns its count.
 */
static int have_enough(struct pcp_fixture *fx, unsigned int order)
{
	pcp_fx_enough(fx, MIGRATE_MOVABLE, order);
	pcp_fx_check(fx);
	return fx->pcp->count;
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

/* It waits for the other CPU, and this one has @count pages as before. */
static void expect_remote(struct pcp_fixture *fx, int nr_pages, int count)
{
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->other->nr_waiting), nr_pages);
	KUNIT_EXPECT_FALSE(fx->test, llist_empty(&fx->other->free_llist));
	KUNIT_EXPECT_EQ(fx->test, fx->other->count, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->pcp->count, count);
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->pcp->nr_waiting), 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_deferred, 0);
}

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
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(page, pcp_mark(fx->pcp)));
}

static void free_own_page_is_local(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_own(fx, 0, fx->cpu);
	/* However many pages it has. */
	have_enough(fx, 2);
	free_it(fx, page, 2, false);
	expect_local(fx, 8);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(page, pcp_mark(fx->pcp)));
	/* It owns the block as before. */
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[0]), fx->cpu);
	pcp_fx_check_blocks(fx);
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
	struct page *page = pcp_fx_page(fx, 0, 4);
	int pinned = pcp_fx_pinned();
	bool locked;

	rival = pcp_fx_rival_start(fx, fx->pcp);
	/* No buddies: each is one page when it goes. */
	free_it(fx, pcp_fx_page(fx, 0, 0), 0, false);
	free_it(fx, pcp_fx_page(fx, 0, 2), 0, false);
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
	struct page *page = pcp_fx_page(fx, 0, 4);
	int pinned = pcp_fx_pinned();

	/* No buddies: each is one page when it goes. */
	free_it(fx, pcp_fx_page(fx, 0, 0), 0, false);
	free_it(fx, pcp_fx_page(fx, 0, 2), 0, false);
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

/* === A disabled PCP: nothing may stay === */

static void disable(struct pcp_fixture *fx)
{
	fx->pcp->high_min = 0;
	fx->pcp->high_max = 0;
	fx->nr_free = 1;
	pcp_set_bound(fx->pcp, 0);
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

/* It has few pages, so the page of the other CPU's block comes here. */
static void free_disabled_keeps_no_remote_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->other->cpu);
	disable(fx);
	free_it(fx, pcp_fx_page(fx, 0, 0), 2, false);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->other));
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
	int count = have_enough(fx, 2);

	pcp_fx_own(fx, 0, fx->other->cpu);
	free_it(fx, page, 2, false);
	expect_remote(fx, 4, count);
	KUNIT_EXPECT_PTR_EQ(test, fx->other->free_llist.first, &page->pcp_llist);
	KUNIT_EXPECT_EQ(test, page_private(page), 2);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(page, PCP_MARK_WAITS));
}

static void free_remote_nolock_is_pushed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int count = have_enough(fx, 2);

	pcp_fx_own(fx, 0, fx->other->cpu);
	free_it(fx, pcp_fx_page(fx, 0, 0), 2, true);
	expect_remote(fx, 4, count);
}

/* Needs no lock at all, so one that is taken is not in the way. */
static void free_remote_while_locks_are_taken(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	int count = have_enough(fx, 2);

	pcp_fx_own(fx, 0, fx->other->cpu);
	spin_lock(&fx->pcp->lock);
	spin_lock_nested(&fx->other->lock, SINGLE_DEPTH_NESTING);
	pcp_free_page(fx->zone, page, page_to_pfn(page), 2, true, false);
	spin_unlock(&fx->other->lock);
	spin_unlock(&fx->pcp->lock);
	expect_remote(fx, 4, count);
	pcp_fx_check(fx);
}

/* The push hears of FPI_NOLOCK: a flush may not wait for the zone. */
static void free_remote_nolock_over_bound_deferred(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_enough(fx, 2);
	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_set_bound(fx->other, 1);
	fx->lock_busy = true;
	free_it(fx, pcp_fx_page(fx, 0, 0), 2, true);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 4);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->other));
}

static void free_remote_over_bound_waits_for_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_enough(fx, 2);
	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_set_bound(fx->other, 1);
	fx->lock_busy = true;
	free_it(fx, pcp_fx_page(fx, 0, 0), 2, false);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
}

/* Nobody looks whether the owner is there, before the page was pushed. */
static void free_remote_dead_is_rescued(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	int count = have_enough(fx, 1);

	pcp_fx_own(fx, 0, fx->other->cpu);
	fx->other->dead = true;
	free_it(fx, page, 1, false);
	expect_rescued(fx, page, count, false);
}

static void free_remote_disabled_is_rescued(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	int count = have_enough(fx, 1);

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_set_bound(fx->other, 0);
	free_it(fx, page, 1, false);
	expect_rescued(fx, page, count, false);
}

static void free_remote_dead_nolock_is_rescued(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	int count = have_enough(fx, 1);

	pcp_fx_own(fx, 0, fx->other->cpu);
	fx->other->dead = true;
	free_it(fx, page, 1, true);
	expect_rescued(fx, page, count, true);
}

/* === Pages of other CPUs' blocks that are of use here === */

/* Free a page of order 2 in the other CPU's block, and expect that it is kept. */
static void expect_kept(struct pcp_fixture *fx, bool nolock)
{
	struct page *page = pcp_fx_page(fx, 0, 0);
	int count = fx->pcp->count;

	pcp_fx_own(fx, 0, fx->other->cpu);
	free_it(fx, page, 2, nolock);
	expect_local(fx, count + 4);
	KUNIT_EXPECT_TRUE(fx->test, pcp_has_mark(page, pcp_mark(fx->pcp)));
	/* Who owns the block has others of its pages. */
	KUNIT_EXPECT_EQ(fx->test, pageblock_owner_cpu(&fx->block[0]),
			fx->other->cpu);
	pcp_fx_check_blocks(fx);
}

/* The same, and expect that it is pushed. */
static void expect_pushed(struct pcp_fixture *fx, bool nolock)
{
	int count = fx->pcp->count;

	pcp_fx_own(fx, 0, fx->other->cpu);
	free_it(fx, pcp_fx_page(fx, 0, 0), 2, nolock);
	expect_remote(fx, 4, count);
}

static void free_remote_is_kept_while_there_is_room(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_enough(fx, 2);
	pcp_fx_room(fx->pcp, 1);
	expect_kept(fx, false);
}

static void free_remote_is_pushed_when_there_is_no_room(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_enough(fx, 2);
	pcp_fx_room(fx->pcp, 0);
	expect_pushed(fx, false);
}

/*
 * With much memory for each CPU, and when the high mark is set by hand, the high mark of a
 * CPU that only frees is its least, and never is reached: the PCP is trimmed there.
 */
static void free_remote_is_pushed_below_the_least_high_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct per_cpu_pages *pcp = fx->pcp;

	spin_lock(&pcp->lock);
	pcp_list_add(pcp, fx->base[1], pageblock_order, MIGRATE_MOVABLE);
	pcp_list_add(pcp, fx->base[2], pageblock_order, MIGRATE_MOVABLE);
	pcp_list_add(pcp, pcp_fx_page(fx, 0, 4), 2, MIGRATE_MOVABLE);
	pcp->batch = 1;
	pcp->high = 2 * pcp->count - 1;
	pcp->high_min = pcp->high;
	pcp->high_max = 4 * pcp->high;
	spin_unlock(&pcp->lock);
	expect_pushed(fx, false);
}

/* Even if the largest refill is as much. */
static void free_remote_is_pushed_with_high_marks_set_by_hand(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_enough(fx, 2);
	fx->pcp->batch = fx->pcp->count;
	fx->pcp->high = fx->pcp->count + 1;
	fx->pcp->high_min = fx->pcp->high;
	fx->pcp->high_max = fx->pcp->high;
	expect_pushed(fx, false);
}

/* What a CPU keeps, of its marks and its batch. */
static void free_keep_mark_is_half_of_what_it_may_have(struct kunit *test)
{
	static const struct {
		int high, high_min, high_max, batch, keep;
	} row[] = {
		{ 2000, 0, 8000, 1000, 500 },
		/* No less than high_min, */
		{ 1000, 300, 8000, 1000, 300 },
		/* but no more than half of high_max, */
		{ 1000, 900, 1000, 2000, 500 },
		/* nor than half of the largest refill. */
		{ 10, 100000, 400000, 10, (10 << CONFIG_PCP_BATCH_SCALE_MAX) / 2 },
	};
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		fx->pcp->high = row[i].high;
		fx->pcp->high_min = row[i].high_min;
		fx->pcp->high_max = row[i].high_max;
		fx->pcp->batch = row[i].batch;
		KUNIT_EXPECT_EQ_MSG(test, pcp_keep_mark(fx->pcp), row[i].keep, "row %u", i);
	}
}

static void turn_owners_on(void *unused)
{
	static_branch_enable(&pcp_owners);
}

static void free_remote_is_local_with_owners_off(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_enough(fx, 2);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, turn_owners_on, NULL));
	static_branch_disable(&pcp_owners);
	expect_kept(fx, false);
}

static void free_remote_nolock_is_kept_while_there_is_room(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_enough(fx, 2);
	pcp_fx_room(fx->pcp, 1);
	expect_kept(fx, true);
}

/* Others may be full: the next allocation of this kind goes to the zone. */
static void free_remote_is_kept_for_an_empty_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	spin_lock(&fx->pcp->lock);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 0), 0, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 2), 1, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 4), 2, MIGRATE_UNMOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 2, 0), 2, MIGRATE_RECLAIMABLE);
	pcp_fx_room(fx->pcp, 0);
	spin_unlock(&fx->pcp->lock);
	expect_kept(fx, false);

	/* Not empty any more. */
	pcp_free_page(fx->zone, pcp_fx_page(fx, 0, 4),
		      page_to_pfn(pcp_fx_page(fx, 0, 4)), 2, true, false);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->other->nr_waiting), 4);
	pcp_fx_check(fx);
}

/* It is cached as movable, so that list counts. */
static void free_remote_highatomic_is_kept_for_the_movable_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_type(fx, 0, MIGRATE_HIGHATOMIC);
	have_enough(fx, 2);
	expect_pushed(fx, false);
}

static void free_remote_highatomic_is_kept_for_no_other_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int order;

	pcp_fx_type(fx, 0, MIGRATE_HIGHATOMIC);
	spin_lock(&fx->pcp->lock);
	/* Those beside it in the array, whose page would be taken for it. */
	for (order = 2; order <= 3 && order <= pageblock_order; order++)
		pcp_list_add(fx->pcp, fx->base[order - 1], order, MIGRATE_UNMOVABLE);
	pcp_fx_room(fx->pcp, 0);
	spin_unlock(&fx->pcp->lock);
	expect_kept(fx, false);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 2), 1);
}

/* What the task is, and whether pages that it frees stay here. */
struct task_case {
	const char *desc;
	unsigned int flags;
	bool kept;
};

static const struct task_case task_cases[] = {
	{ "reclaim",	PF_MEMALLOC,			true },
	{ "kcompactd",	PF_KCOMPACTD,			true },
	{ "both",	PF_MEMALLOC | PF_KCOMPACTD,	true },
	{ "neither",	0,				false },
};

KUNIT_ARRAY_PARAM_DESC(task, task_cases, desc);

/* It needs them back at once, for the watermarks or in whole blocks. */
static void free_remote_is_kept_for_the_task(struct kunit *test)
{
	const struct task_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;
	unsigned int flags = PF_MEMALLOC | PF_KCOMPACTD;
	struct page *page = pcp_fx_page(fx, 0, 0);
	unsigned int before = current->flags & flags;
	int count = have_enough(fx, 2);

	pcp_fx_own(fx, 0, fx->other->cpu);
	current->flags = (current->flags & ~flags) | c->flags;
	pcp_free_page(fx->zone, page, page_to_pfn(page), 2, true, false);
	current->flags = (current->flags & ~flags) | before;
	if (c->kept)
		expect_local(fx, count + 4);
	else
		expect_remote(fx, 4, count);
	pcp_fx_check(fx);
}

/* It is as good there as on the list, and its owner is far. */
static void free_remote_kept_local_busy_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_own(fx, 0, fx->other->cpu);
	free_it_busy(fx, page, 2, false);
	expect_zone(fx, page, 2, false);
}

static void free_remote_kept_local_busy_nolock_deferred(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->other->cpu);
	free_it_busy(fx, pcp_fx_page(fx, 0, 0), 2, true);
	expect_deferred(fx, 4);
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
	pcp_free_page(fx->zone, page, page_to_pfn(page), 2, false, false);
	KUNIT_EXPECT_EQ(test, nr_looks, 0U);
	page = pcp_fx_page(fx, 0, 4);
	pcp_free_page(fx->zone, page, page_to_pfn(page), 2, true, false);
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
	free_it(fx, page, 2, true);
	expect_zone(fx, page, 2, true);
}

/* Not to a CPU that would take it, nor kept by one that has few. */
static void free_remote_isolated_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_need_isolation(fx);
	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_isolate(fx, 0, true);
	free_it(fx, page, 2, false);
	expect_zone(fx, page, 2, false);
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
	have_enough(fx, 2);
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
	KUNIT_CASE(free_disabled_keeps_nothing),
	KUNIT_CASE(free_disabled_keeps_no_remote_page),
	KUNIT_CASE(free_disabled_nolock_deferred),
	KUNIT_CASE(free_remote_is_pushed),
	KUNIT_CASE(free_remote_nolock_is_pushed),
	KUNIT_CASE(free_remote_while_locks_are_taken),
	KUNIT_CASE(free_remote_nolock_over_bound_deferred),
	KUNIT_CASE(free_remote_over_bound_waits_for_zone),
	KUNIT_CASE(free_remote_dead_is_rescued),
	KUNIT_CASE(free_remote_disabled_is_rescued),
	KUNIT_CASE(free_remote_dead_nolock_is_rescued),
	KUNIT_CASE(free_remote_is_kept_while_there_is_room),
	KUNIT_CASE(free_remote_is_pushed_when_there_is_no_room),
	KUNIT_CASE(free_remote_is_pushed_below_the_least_high_mark),
	KUNIT_CASE(free_remote_is_pushed_with_high_marks_set_by_hand),
	KUNIT_CASE(free_keep_mark_is_half_of_what_it_may_have),
	KUNIT_CASE(free_remote_is_local_with_owners_off),
	KUNIT_CASE(free_remote_nolock_is_kept_while_there_is_room),
	KUNIT_CASE(free_remote_is_kept_for_an_empty_list),
	KUNIT_CASE(free_remote_highatomic_is_kept_for_the_movable_list),
	KUNIT_CASE(free_remote_highatomic_is_kept_for_no_other_list),
	KUNIT_CASE_PARAM(free_remote_is_kept_for_the_task, task_gen_params),
	KUNIT_CASE(free_remote_kept_local_busy_to_zone),
	KUNIT_CASE(free_remote_kept_local_busy_nolock_deferred),
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
