// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for drain.c: after a drain nothing is left, whatever was pushed
 * meanwhile; a dead or disabled CPU strands no page; and what is taken off
 * owned_blocks can be put on it again.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "fixture.h"
#include "workers.h"

static void push(struct pcp_fixture *fx, unsigned int index, unsigned int order)
{
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, index), order);
	pcp_fx_check(fx);
}

/* Leaves pages 1 and 2 of block 1 on @taken, and page 0 on a PCP list. */
static void leave_taken(struct pcp_fixture *fx)
{
	/* The list is last in, first out. */
	push(fx, 2, 0);
	push(fx, 1, 0);
	push(fx, 0, 0);
	KUNIT_ASSERT_EQ(fx->test, 1, pcp_absorb(fx->zone, fx->pcp, 1, false, false));
	pcp_fx_check(fx);
	KUNIT_ASSERT_NOT_NULL(fx->test, fx->pcp->taken);
	KUNIT_ASSERT_EQ(fx->test, atomic_read(&fx->pcp->nr_waiting), 2);
}

static void expect_empty(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_EQ(fx->test, fx->pcp->count, 0);
	KUNIT_EXPECT_NULL(fx->test, fx->pcp->taken);
	KUNIT_EXPECT_TRUE(fx->test, llist_empty(&fx->pcp->free_llist));
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->pcp->nr_waiting), 0);
	KUNIT_EXPECT_FALSE(fx->test, pcp_has_pages(fx->pcp));
}

static void drain(struct pcp_fixture *fx)
{
	pcp_drain(fx->zone, fx->pcp);
	pcp_fx_check(fx);
	expect_empty(fx);
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
	KUNIT_EXPECT_TRUE(test, list_empty(&pcp->owned_blocks));
	KUNIT_EXPECT_EQ(test, pcp->nr_owned_blocks, 0);
	KUNIT_EXPECT_FALSE(test, pcp->dead);
	KUNIT_EXPECT_FALSE(test, pcp_open(pcp));
	KUNIT_EXPECT_EQ(test, pcp->bound_low, 0);

	pcp_set_bound(pcp, 1, 2);
	KUNIT_EXPECT_TRUE(test, pcp_open(pcp));
}

static void drain_bound_is_what_may_be_cached(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_set_bound(fx->pcp, 40, 80);
	KUNIT_EXPECT_EQ(test, fx->pcp->bound_low, 40);
	KUNIT_EXPECT_EQ(test, fx->pcp->bound, 80);
	KUNIT_EXPECT_TRUE(test, pcp_open(fx->pcp));

	pcp_set_bound(fx->pcp, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->bound_low, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->bound, 0);
	KUNIT_EXPECT_FALSE(test, pcp_open(fx->pcp));
}

/* === What a drain has to look at === */

static void drain_sees_pages_wherever_they_are(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_FALSE(test, pcp_has_waiting(fx->pcp));

	/* H1: the count is 0. */
	push(fx, 0, 0);
	KUNIT_EXPECT_TRUE(test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_TRUE(test, pcp_has_waiting(fx->pcp));
	drain(fx);

	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 4), 0, MIGRATE_MOVABLE, false);
	KUNIT_EXPECT_TRUE(test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_FALSE(test, pcp_has_waiting(fx->pcp));
	drain(fx);

	leave_taken(fx);
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

	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 0), 0, MIGRATE_MOVABLE, false);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 2), 1, MIGRATE_UNMOVABLE, false);
	pcp_list_add(fx->pcp, fx->base[2], pageblock_order, MIGRATE_RECLAIMABLE,
		     false);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3 + pageblock_nr_pages);
}

/* Between two holds of pcp->lock, the CPU can allocate and free. */
static void drain_locks_for_one_large_batch_at_a_time(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int nr = pageblock_nr_pages, i;

	fx->pcp->batch = 1;
	for (i = 0; i < nr; i++)
		pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, i), 0, MIGRATE_MOVABLE,
			     false);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, nr);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls,
			DIV_ROUND_UP(nr, 1U << CONFIG_PCP_BATCH_SCALE_MAX));
}

static void drain_merges_first(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* A page from afar completes the block. */
	pcp_fx_own(fx, 0, fx->cpu);
	pcp_list_add(fx->pcp, fx->base[0], pageblock_order, MIGRATE_MOVABLE, true);
	KUNIT_ASSERT_PTR_EQ(test, fx->base[0],
			    pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
	pcp_fx_push(fx, fx->pcp, fx->base[0], 0);
	drain(fx);
	KUNIT_EXPECT_PTR_EQ(test, fx->base[0], pcp_fx_freed(fx, 0));
	KUNIT_EXPECT_EQ(test, page_private(fx->base[0]), pageblock_order);
	KUNIT_EXPECT_NULL(test, pcp_fx_freed(fx, 1));
}

/* H1 */
static void drain_of_waiting_pages_needs_no_count(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	push(fx, 0, 0);
	push(fx, 2, 1);
	KUNIT_ASSERT_EQ(test, fx->pcp->count, 0);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

/* An absorb in a free stops at the high mark; this one is to merge them all. */
static void drain_takes_all_that_waits_at_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 1, fx->cpu);
	fx->pcp->high = 1;
	push(fx, 0, 0);
	push(fx, 1, 0);
	push(fx, 2, 1);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), fx->base[1]);
	KUNIT_EXPECT_EQ(test, page_private(fx->base[1]), 2);
}

/* Not only what a bulk free takes in by itself: all of it can merge. */
static void drain_takes_more_than_an_allocation_would(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i, nr = PCP_ABSORB_NODES + 5;

	if (nr > pageblock_nr_pages)
		kunit_skip(test, "blocks are too small");
	fx->pcp->high = 1;
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 2, 0), 0, MIGRATE_MOVABLE, false);
	for (i = 0; i < nr; i++)
		push(fx, i, 0);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, nr + 1);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
}

static void drain_sorts_what_an_absorb_left(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	leave_taken(fx);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

static void drain_sorts_what_an_absorb_left_and_what_came_since(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	leave_taken(fx);
	push(fx, 4, 2);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 7);
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

	push(fx, 0, 0);
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
	KUNIT_EXPECT_LT(test, fx->nr_free_calls, 16U);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
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
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 4), 1, MIGRATE_MOVABLE, false);
}

static void drain_repeats_while_the_cpu_frees(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	push(fx, 0, 0);
	fx->on_free = commit_once;
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

/* Pages of an isolated block must not be merged into what is not isolated. */
static void drain_sends_isolated_pages_to_the_zone_as_they_are(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_isolation(fx);
	pcp_fx_own(fx, 1, fx->cpu);
	push(fx, 0, 0);
	push(fx, 1, 0);
	pcp_fx_isolate(fx, 1, true);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_page(fx, 1, 0)), 0);
	KUNIT_EXPECT_NOT_NULL(test, pcp_fx_freed(fx, 1));
}

/* === A disabled PCP (H3) === */

static void disable(struct pcp_fixture *fx)
{
	/* As pageset_update() does for zone_pcp_disable(). */
	fx->pcp->high = 0;
	fx->pcp->high_min = 0;
	fx->pcp->high_max = 0;
	pcp_set_bound(fx->pcp, 0, 0);
}

static void drain_push_after_disable_goes_to_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	disable(fx);
	drain(fx);
	push(fx, 0, 1);
	expect_empty(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
}

static void drain_after_disable_finds_push_before(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 4), 0, MIGRATE_MOVABLE, false);
	push(fx, 0, 1);
	disable(fx);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

static void drain_after_disable_finds_what_an_absorb_left(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	leave_taken(fx);
	disable(fx);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

/* === A dead CPU (H2) === */

static void cpu_dead(struct pcp_fixture *fx)
{
	pcp_cpu_dead(fx->zone, fx->pcp);
	pcp_fx_check(fx);
	pcp_fx_check_blocks(fx);
	KUNIT_EXPECT_TRUE(fx->test, fx->pcp->dead);
	KUNIT_EXPECT_FALSE(fx->test, pcp_open(fx->pcp));
	KUNIT_EXPECT_TRUE(fx->test, list_empty(&fx->pcp->owned_blocks));
	KUNIT_EXPECT_EQ(fx->test, fx->pcp->nr_owned_blocks, 0);
	expect_empty(fx);
}

static void drain_dead_cpu_gives_everything_back(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	leave_taken(fx);
	push(fx, 4, 2);
	cpu_dead(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 7);
}

static void drain_push_to_dead_cpu_goes_to_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	cpu_dead(fx);
	push(fx, 0, 1);
	expect_empty(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
}

static void expect_dead_push_once(struct pcp_fixture *fx)
{
	/* Who pushes now is on its own: the flag was set before the drain. */
	fx->on_free = NULL;
	KUNIT_EXPECT_FALSE(fx->test, pcp_open(fx->pcp));
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 4), 1);
	KUNIT_EXPECT_TRUE(fx->test, llist_empty(&fx->pcp->free_llist));
}

static void drain_push_while_cpu_dies_strands_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	push(fx, 0, 0);
	fx->on_free = expect_dead_push_once;
	cpu_dead(fx);
	KUNIT_EXPECT_NULL(test, fx->on_free);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

/* What went to the zone in the drain lists nothing on the dead CPU. */
static void free_fragment(struct pcp_fixture *fx)
{
	pageblock_freed(fx->zone, &fx->block[0], 0);
}

static void drain_fragments_of_dead_cpu_stay_off_its_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	push(fx, 0, 0);
	fx->on_free = free_fragment;
	cpu_dead(fx);
	KUNIT_EXPECT_TRUE(test, list_empty(&fx->block[0].cpu_node));
	KUNIT_EXPECT_TRUE(test, fx->block[0].unlisted);
}

/* === Teardown of owned_blocks === */

struct blocks_case {
	const char *desc;
	unsigned int nr;
};

static const struct blocks_case blocks_cases[] = {
	{ "none", 0 },
	{ "one", 1 },
	{ "two", 2 },
	{ "many", 1000 },
};

KUNIT_ARRAY_PARAM_DESC(blocks, blocks_cases, desc);

/* Blocks without fragments, all pages of block 2 are in use. */
static struct pageblock_data *list_blocks(struct pcp_fixture *fx,
					  unsigned int nr)
{
	struct pageblock_data *blocks;
	unsigned int i;

	blocks = kunit_kcalloc(fx->test, nr + 1, sizeof(*blocks), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(fx->test, blocks);
	for (i = 0; i < nr; i++) {
		pageblock_data_init(&blocks[i], 1, page_to_pfn(fx->base[2]));
		blocks[i].owner = fx->pcp->cpu + 1;
		pageblock_list(fx->pcp, &blocks[i]);
	}
	pcp_fx_check_blocks(fx);
	return blocks;
}

static void drain_dead_cpu_leaves_each_node_empty(struct kunit *test)
{
	const struct blocks_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;
	struct pageblock_data *blocks = list_blocks(fx, c->nr);
	unsigned int i;

	cpu_dead(fx);
	for (i = 0; i < c->nr; i++) {
		KUNIT_ASSERT_TRUE(test, list_empty(&blocks[i].cpu_node));
		KUNIT_ASSERT_TRUE(test, blocks[i].unlisted);
		/* Pages of it may be in use: they still have their owner. */
		KUNIT_ASSERT_EQ(test, pageblock_owner_cpu(&blocks[i]), fx->cpu);
		KUNIT_ASSERT_EQ(test, pcp_validate_block(fx->zone, &blocks[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 1);
}

static void drain_detached_blocks_can_be_listed_again(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pageblock_data *blocks = list_blocks(fx, 3);
	int i;

	cpu_dead(fx);
	pcp_cpu_online(fx->zone, fx->pcp);
	for (i = 2; i >= 0; i--) {
		pageblock_freed(fx->zone, &blocks[i], 0);
		pcp_fx_check_blocks(fx);
	}
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 3);
	pageblock_disown(fx->zone, &blocks[1]);
	pcp_fx_check_blocks(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 2);
	pcp_detach_blocks(fx->zone, fx->pcp);
	pcp_fx_check_blocks(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 0);
}

static void drain_detach_waits_for_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_blocks(fx, 2);
	fx->lock_busy = true;
	pcp_detach_blocks(fx->zone, fx->pcp);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 0);
}

static void drain_detach_leaves_other_cpus_lists_alone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pageblock_list(fx->pcp, &fx->block[0]);
	pcp_fx_own(fx, 1, fx->other->cpu);
	pageblock_list(fx->other, &fx->block[1]);
	cpu_dead(fx);
	KUNIT_EXPECT_EQ(test, fx->other->nr_owned_blocks, 1);
	KUNIT_EXPECT_FALSE(test, list_empty(&fx->block[1].cpu_node));
}

/*
 * Why each node is taken off by itself. This is the broken teardown of one of
 * the RFCs, on purpose.
 */
static void drain_reset_of_the_head_alone_would_corrupt(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct list_head *head = &fx->pcp->owned_blocks;
	struct pageblock_data *blocks = list_blocks(fx, 2);
	struct list_head *stale = &blocks[0].cpu_node;

	INIT_LIST_HEAD(head);

	/* The nodes say that they are listed, and the list does not know. */
	KUNIT_EXPECT_FALSE(test, list_empty(stale));
	KUNIT_EXPECT_PTR_EQ(test, stale->prev, head);
	KUNIT_EXPECT_PTR_NE(test, head->next, stale);

	/* A removal of one (less the checks of DEBUG_LIST) brings the other back. */
	__list_del(stale->prev, stale->next);
	INIT_LIST_HEAD(stale);
	KUNIT_EXPECT_PTR_EQ(test, head->next, &blocks[1].cpu_node);
	KUNIT_EXPECT_PTR_EQ(test, head->prev, head);

	/* The real thing on the same blocks, for comparison. */
	INIT_LIST_HEAD(&blocks[1].cpu_node);
	INIT_LIST_HEAD(head);
	fx->pcp->nr_owned_blocks = 0;
	blocks = list_blocks(fx, 2);
	pcp_detach_blocks(fx->zone, fx->pcp);
	pcp_fx_check_blocks(fx);
	KUNIT_EXPECT_TRUE(test, list_empty(&blocks[0].cpu_node));
	pageblock_disown(fx->zone, &blocks[0]);
	KUNIT_EXPECT_TRUE(test, list_empty(head));
	pcp_fx_check_blocks(fx);
}

/* === Online again === */

static void drain_online_cpu_is_open_and_absorbs(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* One that came in before the flag was seen. */
	push(fx, 0, 1);
	fx->pcp->dead = true;
	pcp_cpu_online(fx->zone, fx->pcp);
	pcp_fx_check(fx);
	KUNIT_EXPECT_TRUE(test, pcp_open(fx->pcp));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	KUNIT_EXPECT_FALSE(test, pcp_has_waiting(fx->pcp));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);

	/* And from here on all is as before. */
	push(fx, 4, 0);
	KUNIT_EXPECT_TRUE(test, pcp_has_waiting(fx->pcp));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
}

static void drain_online_cpu_absorbs_without_limit(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	/* No allocation waits for it, and the high mark is for later. */
	fx->pcp->high = 1;
	for (i = 0; i < pageblock_nr_pages; i++)
		push(fx, i, 0);
	fx->pcp->dead = true;
	pcp_cpu_online(fx->zone, fx->pcp);
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, pageblock_nr_pages);
	KUNIT_EXPECT_FALSE(test, pcp_has_waiting(fx->pcp));
}

static void drain_online_cpu_frees_isolated_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_isolation(fx);
	push(fx, 0, 0);
	pcp_fx_isolate(fx, 1, true);
	fx->pcp->dead = true;
	fx->lock_busy = true;
	pcp_cpu_online(fx->zone, fx->pcp);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
}

/* === vmstat comes by === */

static void return_waiting(struct pcp_fixture *fx, bool expected)
{
	KUNIT_EXPECT_EQ(fx->test, expected,
			pcp_return_waiting(fx->zone, fx->pcp));
	pcp_fx_check(fx);
	KUNIT_EXPECT_FALSE(fx->test, pcp_has_waiting(fx->pcp));
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->pcp->nr_waiting), 0);
}

static void drain_return_waiting_says_if_nothing_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 0), 0, MIGRATE_MOVABLE, false);
	return_waiting(fx, false);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void drain_return_waiting_takes_what_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 0), 0, MIGRATE_MOVABLE, false);
	push(fx, 2, 1);
	push(fx, 4, 2);
	return_waiting(fx, true);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
	/* What the CPU has sorted, it keeps. */
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void drain_return_waiting_takes_what_an_absorb_left(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	leave_taken(fx);
	return_waiting(fx, true);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void drain_return_waiting_takes_both(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	leave_taken(fx);
	push(fx, 4, 2);
	return_waiting(fx, true);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void drain_return_waiting_waits_for_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	leave_taken(fx);
	push(fx, 4, 2);
	fx->lock_busy = true;
	return_waiting(fx, true);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
}

struct holder {
	struct per_cpu_pages *pcp;
	bool got;
};

/* Has the lock of a PCP until somebody waits for it, other than by a trylock. */
static long hold_until_wanted(struct pcp_worker *w)
{
	unsigned long end = jiffies + 5 * HZ;
	struct holder *h = w->arg;

	spin_lock(&h->pcp->lock);
	WRITE_ONCE(h->got, true);
	/* Some virtual machines do not tell that somebody waits. */
	while (!spin_is_contended(&h->pcp->lock) && !time_after(jiffies, end) &&
	       !kthread_should_stop())
		cpu_relax();
	spin_unlock(&h->pcp->lock);
	return 0;
}

/* A flush only tries the lock. This comes from a worker, which can wait. */
static void drain_return_waiting_waits_for_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct cpumask *elsewhere;
	struct pcp_workers *p;
	struct holder *h;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "not with CONFIG_PREEMPT_RT");
	pcp_workers_require(test, 2);
	KUNIT_ASSERT_EQ(test, 0,
			set_cpus_allowed_ptr(current, cpumask_of(fx->cpu)));
	elsewhere = kunit_kzalloc(test, cpumask_size(), GFP_KERNEL);
	h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, elsewhere);
	KUNIT_ASSERT_NOT_NULL(test, h);
	cpumask_andnot(elsewhere, cpu_online_mask, cpumask_of(fx->cpu));
	h->pcp = fx->pcp;

	leave_taken(fx);
	fx->lock_busy = true;
	p = pcp_workers_start(test, elsewhere, 1, hold_until_wanted, h);
	while (!READ_ONCE(h->got))
		cond_resched();
	return_waiting(fx, true);
	pcp_workers_wait(test, p);
	KUNIT_EXPECT_NULL(test, fx->pcp->taken);
	KUNIT_EXPECT_FALSE(test, pcp_fx_locked(fx->pcp));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

/* The CPU absorbs again, while the pages it left before are on their way. */
static void absorb_leaves_one(struct pcp_fixture *fx)
{
	fx->on_free = NULL;
	push(fx, 5, 0);
	push(fx, 4, 0);
	KUNIT_ASSERT_EQ(fx->test, 1, pcp_absorb(fx->zone, fx->pcp, 1, false, false));
	KUNIT_ASSERT_NOT_NULL(fx->test, fx->pcp->taken);
}

static void drain_return_waiting_takes_what_an_absorb_left_meanwhile(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	leave_taken(fx);
	fx->on_free = absorb_leaves_one;
	return_waiting(fx, true);
	KUNIT_EXPECT_NULL(test, fx->on_free);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
}

static struct kunit_case pcp_drain_cases[] = {
	KUNIT_CASE(drain_new_pcp_is_empty_and_closed),
	KUNIT_CASE(drain_bound_is_what_may_be_cached),
	KUNIT_CASE(drain_sees_pages_wherever_they_are),
	KUNIT_CASE(drain_of_empty_pcp_leaves_zone_alone),
	KUNIT_CASE(drain_gives_everything_back),
	KUNIT_CASE(drain_locks_for_one_large_batch_at_a_time),
	KUNIT_CASE(drain_merges_first),
	KUNIT_CASE(drain_of_waiting_pages_needs_no_count),
	KUNIT_CASE(drain_takes_all_that_waits_at_once),
	KUNIT_CASE(drain_takes_more_than_an_allocation_would),
	KUNIT_CASE(drain_sorts_what_an_absorb_left),
	KUNIT_CASE(drain_sorts_what_an_absorb_left_and_what_came_since),
	KUNIT_CASE(drain_repeats_while_others_push),
	KUNIT_CASE(drain_of_an_open_pcp_ends_while_others_push),
	KUNIT_CASE(drain_of_a_closed_pcp_goes_on_while_others_push),
	KUNIT_CASE(drain_repeats_while_the_cpu_frees),
	KUNIT_CASE(drain_sends_isolated_pages_to_the_zone_as_they_are),
	KUNIT_CASE(drain_push_after_disable_goes_to_the_zone),
	KUNIT_CASE(drain_after_disable_finds_push_before),
	KUNIT_CASE(drain_after_disable_finds_what_an_absorb_left),
	KUNIT_CASE(drain_dead_cpu_gives_everything_back),
	KUNIT_CASE(drain_push_to_dead_cpu_goes_to_the_zone),
	KUNIT_CASE(drain_push_while_cpu_dies_strands_nothing),
	KUNIT_CASE(drain_fragments_of_dead_cpu_stay_off_its_list),
	KUNIT_CASE_PARAM(drain_dead_cpu_leaves_each_node_empty,
			 blocks_gen_params),
	KUNIT_CASE(drain_detached_blocks_can_be_listed_again),
	KUNIT_CASE(drain_detach_waits_for_the_zone),
	KUNIT_CASE(drain_detach_leaves_other_cpus_lists_alone),
	KUNIT_CASE(drain_reset_of_the_head_alone_would_corrupt),
	KUNIT_CASE(drain_online_cpu_is_open_and_absorbs),
	KUNIT_CASE(drain_online_cpu_absorbs_without_limit),
	KUNIT_CASE(drain_online_cpu_frees_isolated_pages),
	KUNIT_CASE(drain_return_waiting_says_if_nothing_waits),
	KUNIT_CASE(drain_return_waiting_takes_what_waits),
	KUNIT_CASE(drain_return_waiting_takes_both),
	KUNIT_CASE(drain_return_waiting_waits_for_the_zone),
	KUNIT_CASE(drain_return_waiting_waits_for_the_lock),
	KUNIT_CASE(drain_return_waiting_takes_what_an_absorb_left),
	KUNIT_CASE(drain_return_waiting_takes_what_an_absorb_left_meanwhile),
	{}
};

static struct kunit_suite pcp_drain_suite = {
	.name = "pcp_drain",
	.init = pcp_fx_init,
	.test_cases = pcp_drain_cases,
};

kunit_test_suites(&pcp_drain_suite);
