// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for pcp_drain() and pcp_drain_finish() of drain.c: after a drain nothing is left,
 * whatever was pushed meanwhile. The suite pcp_drain_closed has disabled PCPs and dead CPUs.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "lib/pushes.h"

static void drain(struct pcp_fixture *fx)
{
	pcp_drain(fx->zone, fx->pcp);
	pcp_fx_check(fx);
	pcp_fx_expect_empty(fx, fx->pcp);
}

/* === Setting up === */

static void drain_new_pcp_is_empty_and_closed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct per_cpu_pages *pcp = kunit_kmalloc(test, sizeof(*pcp), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pcp);
	memset(pcp, 0xa5, sizeof(*pcp));
	pcp_init(pcp, fx->other->cpu);

	KUNIT_EXPECT_EQ(test, pcp->cpu, fx->other->cpu);
	KUNIT_EXPECT_NULL(test, pcp->taken);
	KUNIT_EXPECT_TRUE(test, llist_empty(&pcp->free_llist));
	KUNIT_EXPECT_EQ(test, atomic_read(&pcp->nr_waiting), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&pcp->owned_blocks), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&pcp->carriers), 0);
	KUNIT_EXPECT_FALSE(test, pcp->dead);
	KUNIT_EXPECT_FALSE(test, pcp->stale);
	KUNIT_EXPECT_FALSE(test, pcp_open(pcp));
	KUNIT_EXPECT_EQ(test, pcp->bound_short, 0);

	pcp->batch = 8;
	pcp_set_bound(pcp, 2);
	KUNIT_EXPECT_TRUE(test, pcp_open(pcp));
}

static void drain_bound_is_what_may_be_cached(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->batch = 8;
	pcp_set_bound(fx->pcp, 7);
	KUNIT_EXPECT_EQ(test, fx->pcp->bound_short, 7);
	KUNIT_EXPECT_EQ(test, fx->pcp->bound,
			min(7, (8 << CONFIG_PCP_BATCH_SCALE_MAX) / 2));
	KUNIT_EXPECT_TRUE(test, pcp_open(fx->pcp));

	pcp_set_bound(fx->pcp, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->bound_short, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->bound, 0);
	KUNIT_EXPECT_FALSE(test, pcp_open(fx->pcp));
}

/* === What a drain has to look at === */

static void drain_sees_pages_wherever_they_are(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_FALSE(test, pcp_has_waiting(fx->pcp));

	/* The count is 0. */
	pcp_fx_push_and_check(fx, 0, 0);
	KUNIT_EXPECT_TRUE(test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_TRUE(test, pcp_has_waiting(fx->pcp));
	drain(fx);

	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 4), 0, MIGRATE_MOVABLE);
	KUNIT_EXPECT_TRUE(test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_FALSE(test, pcp_has_waiting(fx->pcp));
	drain(fx);

	pcp_fx_leave_taken(fx);
	KUNIT_ASSERT_NOT_NULL(test, pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
	KUNIT_EXPECT_TRUE(test, llist_empty(&fx->pcp->free_llist));
	KUNIT_EXPECT_TRUE(test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_TRUE(test, pcp_has_waiting(fx->pcp));
	drain(fx);
}

/* === Drain === */

static void drain_of_empty_pcp_leaves_zone_alone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
}

static void drain_gives_everything_back(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 0), 0, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 2), 1, MIGRATE_UNMOVABLE);
	pcp_list_add(fx->pcp, fx->base[2], pageblock_order, MIGRATE_RECLAIMABLE);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3 + pageblock_nr_pages);
}

/* Between two holds of pcp->lock, the CPU can allocate and free. */
static void drain_locks_for_one_large_batch_at_a_time(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int nr = pageblock_nr_pages / 2, i;

	fx->pcp->batch = 1;
	/* No buddies: each is one page when it goes. */
	for (i = 0; i < nr; i++)
		pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 2 * i), 0, MIGRATE_MOVABLE);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, nr);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls,
			DIV_ROUND_UP(nr, max(1U, (1U << CONFIG_PCP_BATCH_SCALE_MAX) / 2)));
}

static void drain_merges_what_is_cached(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	/* A block in halves, and one of them in pieces. Nobody has to own it. */
	fx->pcp->batch = pageblock_nr_pages;
	for (i = 0; i < pageblock_nr_pages / 2; i++)
		pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, i), 0, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, i), pageblock_order - 1,
		     MIGRATE_MOVABLE);
	drain(fx);
	KUNIT_EXPECT_PTR_EQ(test, fx->base[1], pcp_fx_freed(fx, 0));
	KUNIT_EXPECT_EQ(test, page_private(fx->base[1]), pageblock_order);
	KUNIT_EXPECT_NULL(test, pcp_fx_freed(fx, 1));
	KUNIT_EXPECT_FALSE(test, PagePCPBuddy(fx->base[1]));
}

/* Pages that wait merge with each other; those that were absorbed, with cached ones. */
static void drain_merges_what_was_absorbed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_and_check(fx, 0, 0);
	pcp_fx_push_and_check(fx, 1, 0);
	KUNIT_ASSERT_EQ(test, 2, pcp_absorb(fx->zone, fx->pcp, 0));
	pcp_fx_push_and_check(fx, 2, 0);
	pcp_fx_push_and_check(fx, 3, 0);
	drain(fx);
	EXPECT_FREED(fx, pcp_fx_page(fx, 1, 0), pcp_fx_page(fx, 1, 2));
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_page(fx, 1, 0)), 1);
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_page(fx, 1, 2)), 1);
}

static void drain_of_waiting_pages_needs_no_count(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_and_check(fx, 0, 0);
	pcp_fx_push_and_check(fx, 2, 1);
	KUNIT_ASSERT_EQ(test, fx->pcp->count, 0);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
	EXPECT_FREED(fx, pcp_fx_page(fx, 1, 0), pcp_fx_page(fx, 1, 2));
}

/* The CPU's own lists have no part in it: what waits goes as it is. */
static void drain_takes_all_that_waits_at_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 1;
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 4), 0, MIGRATE_MOVABLE);
	pcp_fx_push_and_check(fx, 0, 0);
	pcp_fx_push_and_check(fx, 1, 0);
	pcp_fx_push_and_check(fx, 2, 1);
	drain(fx);
	/* One for what was cached. */
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 2);
	EXPECT_FREED(fx, pcp_fx_page(fx, 1, 4), pcp_fx_page(fx, 1, 0),
		     pcp_fx_page(fx, 1, 1), pcp_fx_page(fx, 1, 2));
}

static void drain_takes_more_than_an_allocation_would(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i, nr = PCP_ABSORB_NODES + 5;

	pcp_fx_need_block_of(fx, nr);
	fx->pcp->bound = INT_MAX;
	for (i = 0; i < nr; i++)
		pcp_fx_push_and_check(fx, i, 0);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, nr);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
}

static void drain_takes_what_an_absorb_left(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_leave_taken(fx);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

static void drain_takes_what_an_absorb_left_and_what_came_since(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_leave_taken(fx);
	pcp_fx_push_and_check(fx, 4, 2);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 7);
	EXPECT_FREED(fx, pcp_fx_page(fx, 1, 0), pcp_fx_page(fx, 1, 1),
		     pcp_fx_page(fx, 1, 2), pcp_fx_page(fx, 1, 4));
}

static void push_once(struct pcp_fixture *fx)
{
	fx->on_free = NULL;
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 4), 1);
}

static void push_twice(struct pcp_fixture *fx)
{
	fx->on_free = push_once;
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 6), 1);
}

static void drain_repeats_while_others_push(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_and_check(fx, 0, 0);
	fx->on_free = push_twice;
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 5);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 3);
}

static unsigned int pushed_again;

/* Somebody who always has one more page, up to as many as the fixture has. */
static void push_again(struct pcp_fixture *fx)
{
	unsigned int i = pushed_again++;

	struct pcp_run run = { .zone = fx->zone, .pcp = fx->pcp };

	if (i == 3 * 8 - 1)
		fx->on_free = NULL;
	/* Without the second look of pcp_push(), which comes too late here. */
	pcp_run_add(&run, pcp_fx_page(fx, i / 8, i % 8), 0);
	atomic_inc(&fx->pcp->nr_waiting);
	llist_add_batch(run.first, run.last, &fx->pcp->free_llist);
}

/* Direct reclaim, say, must not be kept here for as long as others free. */
static void drain_of_an_open_pcp_ends_while_others_push(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pushed_again = 0;
	push_again(fx);
	fx->on_free = push_again;
	pcp_drain(fx->zone, fx->pcp);
	fx->on_free = NULL;
	KUNIT_EXPECT_GT(test, fx->nr_free_calls, 1U);
	KUNIT_EXPECT_LT(test, fx->nr_free_calls, 16U);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_TRUE(test, pcp_has_waiting(fx->pcp));
	pcp_fx_check(fx);
}

/* Nobody comes after the one who closed it. */
static void drain_of_a_closed_pcp_goes_on_while_others_push(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pushed_again = 0;
	push_again(fx);
	fx->pcp->dead = true;
	fx->on_free = push_again;
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3U * 8);
}

static void commit_once(struct pcp_fixture *fx)
{
	fx->on_free = NULL;
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 4), 1, MIGRATE_MOVABLE);
}

static void drain_repeats_while_the_cpu_frees(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_and_check(fx, 0, 0);
	fx->on_free = commit_once;
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

static void commit_and_push_once(struct pcp_fixture *fx)
{
	push_once(fx);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 2), 0, MIGRATE_MOVABLE);
}

/* A page comes while the last one goes: the drain repeats until both lists are empty. */
static void drain_repeats_until_nothing_is_cached_nor_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* The first on_free comes after what is cached, */
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 0), 0, MIGRATE_MOVABLE);
	fx->on_free = commit_and_push_once;
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);

	/* and here after what waits. */
	INIT_LIST_HEAD(&fx->freed);
	pcp_fx_push_and_check(fx, 0, 0);
	fx->on_free = commit_and_push_once;
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 8);
}

/* The pusher takes it to the zone, or the next drain does. */
static void drain_does_not_wait_for_a_push_on_its_way(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* The first half of a push: nothing is on the list yet. */
	atomic_inc(&fx->pcp->nr_waiting);
	fx->pcp->dead = true;
	pcp_drain(fx->zone, fx->pcp);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->nr_waiting), 1);
	atomic_dec(&fx->pcp->nr_waiting);
}

/* The CPU did not want the pages that it gives back: others may adopt the block. */
static void drain_disowns_the_blocks_of_what_is_cached(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 1, fx->cpu);
	pcp_fx_own(fx, 2, fx->other->cpu);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 0), 0, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 2, 0), 0, MIGRATE_MOVABLE);
	drain(fx);
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	pcp_fx_expect_owner(fx, 1, -1);
	pcp_fx_expect_owner(fx, 2, fx->other->cpu);
}

static void drain_disowns_the_blocks_of_what_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 1, fx->cpu);
	pcp_fx_push_and_check(fx, 0, 0);
	drain(fx);
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	pcp_fx_expect_owner(fx, 1, -1);
}

/* === After the drain of all CPUs === */

static struct zone *deferred_of;

static void note_flush_deferred(struct zone *zone)
{
	deferred_of = zone;
}

/* Or isolation does not find them, and nobody else may ever free to the zone. */
static void drain_finish_frees_what_was_deferred(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	deferred_of = NULL;
	kunit_activate_static_stub(test, pcp_zone_flush_deferred,
				   note_flush_deferred);
	pcp_drain_finish(fx->zone);
	KUNIT_EXPECT_PTR_EQ(test, deferred_of, fx->zone);

	/* After it has waited for whoever has pages from there. */
	deferred_of = NULL;
	atomic_inc(&fx->other->carriers);
	pcp_drain_finish(fx->zone);
	atomic_dec(&fx->other->carriers);
	KUNIT_EXPECT_PTR_EQ(test, deferred_of, fx->zone);
}

/* The waits of a drain for tasks that carry pages. */
static struct {
	struct task_struct *task;
	unsigned int looks;
	unsigned int end_after;	/* so many looks; 0: nobody ends */
	unsigned int graces;
} awaited;

static void note_await(struct per_cpu_pages *pcp, enum pcp_point point)
{
	if (current != READ_ONCE(awaited.task))
		return;
	if (point == PCP_POINT_GRACE)
		awaited.graces++;
	if (point != PCP_POINT_CARRIED)
		return;
	awaited.looks++;
	if (awaited.end_after && !(awaited.looks % awaited.end_after))
		atomic_dec(&pcp->carriers);
}

static void note_await_no_more(void *unused)
{
	WRITE_ONCE(pcp_point_hook, NULL);
	WRITE_ONCE(awaited.task, NULL);
}

static void finish(struct pcp_fixture *fx, unsigned int end_after)
{
	kunit_activate_static_stub(fx->test, pcp_zone_flush_deferred, note_flush_deferred);
	KUNIT_ASSERT_EQ(fx->test, 0,
			kunit_add_action_or_reset(fx->test, note_await_no_more, NULL));
	memset(&awaited, 0, sizeof(awaited));
	awaited.end_after = end_after;
	WRITE_ONCE(awaited.task, current);
	WRITE_ONCE(pcp_point_hook, note_await);
	pcp_drain_finish(fx->zone);
	kunit_release_action(fx->test, note_await_no_more, NULL);
}

static void drain_finish_waits_for_nobody(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct zone *zone = pcp_fx_zone(fx);

	/* In another zone. */
	atomic_inc(&zone_pcp(zone, fx->cpu)->carriers);
	finish(fx, 0);
	atomic_dec(&zone_pcp(zone, fx->cpu)->carriers);
	KUNIT_EXPECT_EQ(test, awaited.looks, 0);
	KUNIT_EXPECT_EQ(test, awaited.graces, 0);
}

/* One in direct reclaim would wait for a grace period otherwise. */
static void drain_finish_waits_a_moment_for_all_carriers(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	atomic_inc(&fx->pcp->carriers);
	atomic_inc(&fx->other->carriers);
	finish(fx, 3);
	KUNIT_EXPECT_EQ(test, awaited.looks, 6);
	KUNIT_EXPECT_EQ(test, awaited.graces, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->carriers), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->other->carriers), 0);
}

static void drain_finish_waits_for_a_carrier_that_stays(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	atomic_inc(&fx->other->carriers);
	finish(fx, 0);
	atomic_dec(&fx->other->carriers);
	KUNIT_EXPECT_GE(test, awaited.looks, 100);
	KUNIT_EXPECT_LE(test, awaited.looks, 100000);
	KUNIT_EXPECT_EQ(test, awaited.graces, 1);
	KUNIT_EXPECT_PTR_EQ(test, deferred_of, fx->zone);
}

static struct kunit_case pcp_drain_cases[] = {
	KUNIT_CASE(drain_new_pcp_is_empty_and_closed),
	KUNIT_CASE(drain_bound_is_what_may_be_cached),
	KUNIT_CASE(drain_sees_pages_wherever_they_are),
	KUNIT_CASE(drain_of_empty_pcp_leaves_zone_alone),
	KUNIT_CASE(drain_gives_everything_back),
	KUNIT_CASE(drain_locks_for_one_large_batch_at_a_time),
	KUNIT_CASE(drain_merges_what_is_cached),
	KUNIT_CASE(drain_merges_what_was_absorbed),
	KUNIT_CASE(drain_of_waiting_pages_needs_no_count),
	KUNIT_CASE(drain_takes_all_that_waits_at_once),
	KUNIT_CASE(drain_takes_more_than_an_allocation_would),
	KUNIT_CASE(drain_takes_what_an_absorb_left),
	KUNIT_CASE(drain_takes_what_an_absorb_left_and_what_came_since),
	KUNIT_CASE(drain_repeats_while_others_push),
	KUNIT_CASE(drain_of_an_open_pcp_ends_while_others_push),
	KUNIT_CASE(drain_of_a_closed_pcp_goes_on_while_others_push),
	KUNIT_CASE(drain_repeats_while_the_cpu_frees),
	KUNIT_CASE(drain_repeats_until_nothing_is_cached_nor_waits),
	KUNIT_CASE(drain_does_not_wait_for_a_push_on_its_way),
	KUNIT_CASE(drain_disowns_the_blocks_of_what_is_cached),
	KUNIT_CASE(drain_disowns_the_blocks_of_what_waits),
	KUNIT_CASE(drain_finish_frees_what_was_deferred),
	KUNIT_CASE(drain_finish_waits_for_nobody),
	KUNIT_CASE(drain_finish_waits_a_moment_for_all_carriers),
	KUNIT_CASE(drain_finish_waits_for_a_carrier_that_stays),
	{}
};

static struct kunit_suite pcp_drain_suite = {
	.name = "pcp_drain",
	.init = pcp_fx_init,
	.test_cases = pcp_drain_cases,
};

kunit_test_suites(&pcp_drain_suite);
