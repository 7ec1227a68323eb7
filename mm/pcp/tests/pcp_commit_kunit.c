// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for commit.h and commit.c: a page goes on the local PCP, which
 * keeps below its high mark. The heuristics are those of stock, so each term is
 * tried on both sides of its limit.
 */
#include <kunit/test.h>
#include <linux/mm.h>

#include "../commit.h"
#include "fixture.h"

#define BATCH		2
#define MAX_CALLS	8

/* What the hooks saw. */
static struct {
	unsigned int nr_calls;		/* times that pages came to the zone */
	unsigned int nr_pages[MAX_CALLS];
	unsigned int nr_seen;
	unsigned int lose_at;		/* call in which the lock gets lost */
	bool rival_waits;
	struct pcp_fx_rival *rival;
} saw;

static void note_call(struct pcp_fixture *fx)
{
	if (saw.nr_calls < MAX_CALLS)
		saw.nr_pages[saw.nr_calls] = fx->nr_freed - saw.nr_seen;
	saw.nr_seen = fx->nr_freed;
	saw.nr_calls++;
}

static int commit_init(struct kunit *test)
{
	struct pcp_fixture *fx;
	int ret = pcp_fx_init_bound(test);

	memset(&saw, 0, sizeof(saw));
	fx = test->priv;
	fx->pcp->batch = BATCH;
	fx->on_free = note_call;
	return ret;
}

/* What pcp_commit() is called with, and how it went. */
struct commit {
	struct page *page;
	int migratetype;
	unsigned int order;
	bool nolock;
	int pinned;		/* by how much less the task is pinned afterwards */
};

static bool commit_locked(struct pcp_fixture *fx, struct commit *c)
	__no_context_analysis
{
	bool locked;

	pcpu_task_pin();
	c->pinned = pcp_fx_pinned();
	spin_lock(&fx->pcp->lock);
	locked = pcp_commit(fx->zone, fx->pcp, c->page, c->migratetype,
			    c->order, c->nolock);
	if (locked)
		spin_unlock(&fx->pcp->lock);
	/* With the lock or without it, the task is pinned as it was. */
	c->pinned -= pcp_fx_pinned();
	pcpu_task_unpin();
	return locked;
}

/* Commit and expect to keep the lock. */
static void commit(struct pcp_fixture *fx, int block, unsigned int index,
		   unsigned int order)
{
	struct commit c = {
		.page = pcp_fx_page(fx, block, index),
		.migratetype = MIGRATE_MOVABLE,
		.order = order,
	};

	KUNIT_EXPECT_TRUE(fx->test, commit_locked(fx, &c));
	KUNIT_EXPECT_EQ(fx->test, c.pinned, 0);
	pcp_fx_check(fx);
}

static void commit_nolock(struct pcp_fixture *fx, int block, unsigned int index,
			  unsigned int order)
{
	struct commit c = {
		.page = pcp_fx_page(fx, block, index),
		.migratetype = MIGRATE_MOVABLE,
		.order = order,
		.nolock = true,
	};

	KUNIT_EXPECT_TRUE(fx->test, commit_locked(fx, &c));
	KUNIT_EXPECT_EQ(fx->test, c.pinned, 0);
	pcp_fx_check(fx);
}

/*
 * Put @nr pages on the PCP, which are in the way of no case: no two of them are
 * buddies, so each is one page when it goes. From block @block on, four of each.
 */
static void fill_type(struct pcp_fixture *fx, int block, unsigned int nr,
		      int migratetype)
{
	unsigned int i;

	spin_lock(&fx->pcp->lock);
	for (i = 0; i < nr; i++)
		pcp_list_add(fx->pcp, pcp_fx_page(fx, block + i / 4, i % 4 * 2), 0,
			     migratetype);
	spin_unlock(&fx->pcp->lock);
	pcp_fx_check(fx);
}

static void fill(struct pcp_fixture *fx, unsigned int nr)
{
	fill_type(fx, 1, nr, MIGRATE_MOVABLE);
}

static void expect_not_trimmed(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_EQ(fx->test, saw.nr_calls, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_relaxed, 0);
}

static void expect_trimmed(struct pcp_fixture *fx, unsigned int nr_pages)
{
	KUNIT_EXPECT_EQ(fx->test, fx->nr_freed, nr_pages);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_relaxed, 1);
}

/* === The page === */

static void commit_puts_page_on_its_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct commit c = {
		.page = pcp_fx_page(fx, 0, 0),
		.migratetype = MIGRATE_RECLAIMABLE,
		.order = 1,
	};

	KUNIT_EXPECT_TRUE(test, commit_locked(fx, &c));
	KUNIT_EXPECT_EQ(test, c.pinned, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_RECLAIMABLE, 1), 1);
	KUNIT_EXPECT_EQ(test, page_private(c.page), 1);
	pcp_fx_check(fx);
	expect_not_trimmed(fx);
}

/* It can merge, whoever owns the block. */
static void commit_gives_the_mark_of_the_pcp(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int block;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 2, fx->other->cpu);
	for (block = 0; block < 3; block++) {
		commit(fx, block, 0, 0);
		KUNIT_EXPECT_TRUE(test, pcp_has_mark(pcp_fx_page(fx, block, 0),
						     pcp_mark(fx->pcp)));
	}
}

static void commit_nolock_gives_the_mark_of_the_pcp(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	commit_nolock(fx, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(pcp_fx_page(fx, 0, 0),
					     pcp_mark(fx->pcp)));
}

/* It is the first to be handed out again, while it is in the cache. */
static void commit_to_the_hot_end(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	struct list_head *list;

	fill(fx, 2);
	commit(fx, 0, 0, 0);
	list = &fx->pcp->lists[pcp_pindex(MIGRATE_MOVABLE, 0)];
	KUNIT_EXPECT_PTR_EQ(test, list->next, &page->pcp_list);
}

static void commit_counts_pgfree(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct commit c = {
		.page = pcp_fx_page(fx, 0, 0),
		.migratetype = MIGRATE_MOVABLE,
		.order = 2,
	};

	pcp_fx_need_events(fx);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, commit_locked(fx, &c)), 4);
	c.page = pcp_fx_page(fx, 0, 4);
	c.nolock = true;
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, commit_locked(fx, &c)), 4);
	pcp_fx_check(fx);
}

/* Those that are trimmed were counted when they came. */
static void commit_counts_trimmed_pages_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct commit c = {
		.page = pcp_fx_page(fx, 0, 0),
		.migratetype = MIGRATE_MOVABLE,
	};

	pcp_fx_need_events(fx);
	fill(fx, 7);
	fx->pcp->high = 8;
	fx->nr_free = 5;
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, commit_locked(fx, &c)), 1);
	expect_trimmed(fx, 5);
	pcp_fx_check(fx);
}

/* === The high mark === */

static void commit_below_the_mark_keeps(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 4;
	fill(fx, 2);
	commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
	expect_not_trimmed(fx);
}

static void commit_at_the_mark_trims(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 4;
	fill(fx, 3);
	commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	expect_trimmed(fx, 2);
	KUNIT_EXPECT_EQ(test, saw.nr_calls, 1);
}

static void commit_above_the_mark_trims(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 4;
	fill(fx, 4);
	commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
	expect_trimmed(fx, 2);
}

static void commit_mark_is_in_base_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 6;
	fill(fx, 1);
	commit(fx, 0, 0, 2);
	expect_not_trimmed(fx);
	commit(fx, 0, 4, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_relaxed, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
}

/* Most frees end before that call. */
static void commit_far_below_the_mark_does_not_ask_for_it(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 4;
	fill(fx, 2);
	commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_asked_high, 0);
	commit(fx, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_asked_high, 1);
}

/* The zone may have lowered the mark since. */
static void commit_in_a_short_zone_asks_for_the_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 4;
	fx->zone_short = true;
	commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_asked_high, 1);
}

/* Somebody lowered it, and pcp->high was not adjusted yet. */
static void commit_over_the_highest_mark_asks_for_it(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high_min = 0;
	fx->pcp->high_max = 8;
	fx->pcp->high = 8;
	commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_asked_high, 0);
	fx->pcp->high = 9;
	commit(fx, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_asked_high, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->high, 8);
}

/* The list of the page goes first, its cold end before its hot one. */
static void commit_trims_cold_pages_of_the_list_first(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fill_type(fx, 1, 3, MIGRATE_UNMOVABLE);
	fill_type(fx, 2, 2, MIGRATE_MOVABLE);
	fx->pcp->high = 6;
	commit(fx, 0, 0, 0);
	expect_trimmed(fx, 2);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), pcp_fx_page(fx, 2, 0));
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 1), pcp_fx_page(fx, 2, 2));
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_UNMOVABLE, 0), 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 1);
}

static void commit_trims_the_order_first(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fill(fx, 2);
	fx->pcp->high = 4;
	commit(fx, 0, 0, 1);
	expect_trimmed(fx, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 1), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 2);
}

/* zone->lock is out of reach: the next free trims. */
static void commit_nolock_never_trims(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 4;
	fill(fx, 6);
	commit_nolock(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 7);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
	expect_not_trimmed(fx);

	fx->nr_free = 6;
	commit(fx, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	expect_trimmed(fx, 6);
}

static void commit_disabled_keeps_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	spin_lock(&fx->pcp->lock);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 0, 1), 0, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 0, 2), 1, MIGRATE_MOVABLE);
	spin_unlock(&fx->pcp->lock);
	fill_type(fx, 1, 3, MIGRATE_UNMOVABLE);

	/* What zone_pcp_disable() sets. */
	fx->pcp->high_min = 0;
	fx->pcp->high_max = 0;
	fx->nr_free = 1;
	commit(fx, 2, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	expect_trimmed(fx, 7);
	/* At once: between two holds of the lock something would stay. */
	KUNIT_EXPECT_EQ(test, saw.nr_calls, 1);
}

static void commit_relaxes_even_if_nothing_was_to_free(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 1;
	fx->nr_free = 0;
	commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
	KUNIT_EXPECT_EQ(test, saw.nr_calls, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_relaxed, 1);
}

/* An allocation takes it in, a free has no use for it. */
static void commit_trim_leaves_what_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	fill(fx, 3);
	for (i = 0; i < 5; i++)
		pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 2, i), 0);
	fx->pcp->high = 4;
	commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->nr_waiting), 5);
	KUNIT_EXPECT_NULL(test, fx->pcp->taken);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	expect_trimmed(fx, 2);
}

/* This CPU has more than it wants of them. */
static void commit_trim_disowns_the_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 1, fx->cpu);
	fill(fx, 3);
	fx->pcp->high = 4;
	commit(fx, 0, 0, 0);
	expect_trimmed(fx, 2);
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[1]), -1);
	/* The page that came is still here. */
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[0]), fx->cpu);
	pcp_fx_check_blocks(fx);
}

/* === Heuristics === */

static void commit_halves_alloc_factor(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->alloc_factor = 5;
	commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->alloc_factor, 2);
	commit(fx, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->alloc_factor, 1);
	commit_nolock(fx, 0, 2, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->alloc_factor, 0);
	commit(fx, 0, 3, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->alloc_factor, 0);
}

static void commit_free_count_grows_by_base_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->free_count, 1);
	commit(fx, 0, 4, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->free_count, 5);
	commit_nolock(fx, 0, 2, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->free_count, 7);
}

static void commit_free_count_saturates(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int limit = BATCH << CONFIG_PCP_BATCH_SCALE_MAX;

	fx->pcp->free_count = limit - 1;
	commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->free_count, limit);
	commit(fx, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->free_count, limit);

	fx->pcp->free_count = limit - 1;
	commit(fx, 0, 4, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->free_count, limit + 3);
}

static bool prev_high(struct pcp_fixture *fx)
{
	return fx->pcp->flags & PCPF_PREV_FREE_HIGH_ORDER;
}

static void commit_remembers_high_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	commit(fx, 0, 0, 1);
	KUNIT_EXPECT_TRUE(test, prev_high(fx));
	commit(fx, 0, 4, 2);
	KUNIT_EXPECT_TRUE(test, prev_high(fx));
	commit(fx, 0, 2, 0);
	KUNIT_EXPECT_FALSE(test, prev_high(fx));
	commit(fx, 0, 3, 0);
	KUNIT_EXPECT_FALSE(test, prev_high(fx));
	commit(fx, 1, 0, PAGE_ALLOC_COSTLY_ORDER);
	KUNIT_EXPECT_TRUE(test, prev_high(fx));
}

static void commit_keeps_other_flags(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->flags = PCPF_FREE_HIGH_BATCH;
	commit(fx, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->flags,
			PCPF_FREE_HIGH_BATCH | PCPF_PREV_FREE_HIGH_ORDER);
	commit(fx, 0, 2, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->flags, PCPF_FREE_HIGH_BATCH);
}

static void commit_costly_order_is_not_high(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	if (pageblock_order <= PAGE_ALLOC_COSTLY_ORDER)
		kunit_skip(test, "no block is larger");
	commit(fx, 0, 0, 1);
	KUNIT_EXPECT_TRUE(test, prev_high(fx));
	commit(fx, 1, 0, PAGE_ALLOC_COSTLY_ORDER + 1);
	KUNIT_EXPECT_FALSE(test, prev_high(fx));
}

/*
 * One commit of @order to a PCP that has @cached pages. All that it has go back
 * if, and only if, it is one of many frees of high order.
 */
struct free_high_case {
	const char *desc;
	unsigned int order;
	unsigned int cached;
	int free_count;
	unsigned int flags;
	bool free_high;
};

/* With a batch of 2 and a high_min of 9: from a free_count of 6 on. */
static const struct free_high_case free_high_cases[] = {
	{ "many, high order before", 1, 3, 6, PCPF_PREV_FREE_HIGH_ORDER, true },
	{ "many more", 1, 3, 7, PCPF_PREV_FREE_HIGH_ORDER, true },
	{ "one too few frees", 1, 3, 5, PCPF_PREV_FREE_HIGH_ORDER, false },
	{ "order 0 before", 1, 3, 6, 0, false },
	{ "order 0", 0, 3, 6, PCPF_PREV_FREE_HIGH_ORDER, false },
	{ "order 3", 3, 3, 6, PCPF_PREV_FREE_HIGH_ORDER, true },
	{ "order 4", 4, 3, 6, PCPF_PREV_FREE_HIGH_ORDER, false },
	{ "keeps a batch, has it", 1, 0, 6,
	  PCPF_PREV_FREE_HIGH_ORDER | PCPF_FREE_HIGH_BATCH, true },
	{ "keeps a batch, has more", 1, 3, 6,
	  PCPF_PREV_FREE_HIGH_ORDER | PCPF_FREE_HIGH_BATCH, true },
	{ "keeps a batch, order 0 before", 1, 3, 6, PCPF_FREE_HIGH_BATCH, false },
};

KUNIT_ARRAY_PARAM_DESC(free_high, free_high_cases, desc);

static void commit_many_of_high_order(struct kunit *test)
{
	const struct free_high_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;
	unsigned int nr = c->cached + (1 << c->order);

	if (c->order > pageblock_order)
		kunit_skip(test, "no block is so large");
	fill(fx, c->cached);
	fx->pcp->high_min = 9;
	fx->pcp->free_count = c->free_count;
	fx->pcp->flags = c->flags;

	commit(fx, 0, 0, c->order);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, c->free_high ? 0 : nr);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, c->free_high ? nr : 0);
}

/* Having less than a batch needs a larger one: a page of order 1 is two. */
static void commit_high_order_keeps_a_batch(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->batch = 4;
	fx->pcp->high_min = 0;
	fx->pcp->flags = PCPF_PREV_FREE_HIGH_ORDER | PCPF_FREE_HIGH_BATCH;
	fx->pcp->free_count = 100;
	fill(fx, 1);
	commit(fx, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
	expect_not_trimmed(fx);

	/* Without the flag it is not kept. */
	fx->pcp->flags &= ~PCPF_FREE_HIGH_BATCH;
	fx->pcp->batch = 8;
	commit(fx, 0, 2, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	expect_trimmed(fx, 5);
}

static void commit_nolock_high_order_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high_min = 8;
	fx->pcp->free_count = 6;
	fx->pcp->flags = PCPF_PREV_FREE_HIGH_ORDER;
	commit_nolock(fx, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	expect_not_trimmed(fx);
	commit(fx, 0, 2, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* === Batches === */

static void commit_trims_a_batch_at_a_time(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fill(fx, 7);
	fx->pcp->high = 8;
	fx->nr_free = 5;
	commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
	expect_trimmed(fx, 5);
	KUNIT_ASSERT_EQ(test, saw.nr_calls, 3);
	KUNIT_EXPECT_EQ(test, saw.nr_pages[0], 2);
	KUNIT_EXPECT_EQ(test, saw.nr_pages[1], 2);
	KUNIT_EXPECT_EQ(test, saw.nr_pages[2], 1);
}

static void commit_trims_until_empty(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fill(fx, 2);
	fx->pcp->high = 3;
	fx->nr_free = 100;
	commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	expect_trimmed(fx, 3);
	KUNIT_EXPECT_EQ(test, saw.nr_calls, 2);
}

/* === Loss of the lock === */

static void lose_to_migration(struct pcp_fixture *fx)
{
	note_call(fx);
	if (saw.nr_calls == saw.lose_at)
		pcp_fx_migrate(fx);
}

/* Between two holds of the lock the task was moved to another CPU. */
static void commit_migrated_between_batches(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct commit c = {
		.page = pcp_fx_page(fx, 0, 0),
		.migratetype = MIGRATE_MOVABLE,
	};

	fill(fx, 7);
	fx->pcp->high = 8;
	fx->nr_free = 6;
	fx->on_free = lose_to_migration;
	saw.lose_at = 2;
	KUNIT_EXPECT_FALSE(test, commit_locked(fx, &c));
	/* The caller pinned it, and unpins it. */
	KUNIT_EXPECT_EQ(test, c.pinned, 0);
	KUNIT_EXPECT_FALSE(test, pcp_fx_locked(fx->pcp));
	pcp_fx_come_back(fx);

	KUNIT_EXPECT_EQ(test, saw.nr_calls, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
	/* The zone has got pages all the same. */
	expect_trimmed(fx, 4);
	pcp_fx_check(fx);
}

/* After the last batch there is no need to drop the lock. */
static void commit_keeps_the_lock_after_the_last_batch(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct commit c = {
		.page = pcp_fx_page(fx, 0, 0),
		.migratetype = MIGRATE_MOVABLE,
	};

	fill(fx, 7);
	fx->pcp->high = 8;
	fx->nr_free = 4;
	fx->on_free = lose_to_migration;
	saw.lose_at = 2;
	KUNIT_EXPECT_TRUE(test, commit_locked(fx, &c));
	KUNIT_EXPECT_EQ(test, c.pinned, 0);
	pcp_fx_come_back(fx);
	expect_trimmed(fx, 4);
	pcp_fx_check(fx);
}

static void commit_keeps_the_lock_when_empty(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct commit c = {
		.page = pcp_fx_page(fx, 0, 0),
		.migratetype = MIGRATE_MOVABLE,
	};

	fill(fx, 3);
	fx->pcp->high = 4;
	fx->nr_free = 100;
	fx->on_free = lose_to_migration;
	saw.lose_at = 2;
	KUNIT_EXPECT_TRUE(test, commit_locked(fx, &c));
	KUNIT_EXPECT_EQ(test, c.pinned, 0);
	pcp_fx_come_back(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	pcp_fx_check(fx);
}

static void lose_to_rival(struct pcp_fixture *fx)
{
	note_call(fx);
	if (saw.nr_calls == 1)
		saw.rival_waits = pcp_fx_rival_queue(saw.rival);
}

/* Whoever waits for the lock gets it between two batches. */
static void commit_lock_taken_between_batches(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct commit c = {
		.page = pcp_fx_page(fx, 0, 0),
		.migratetype = MIGRATE_MOVABLE,
	};
	bool locked;

	saw.rival = pcp_fx_rival_start(fx, fx->pcp);
	fill(fx, 7);
	fx->pcp->high = 8;
	fx->nr_free = 6;
	fx->on_free = lose_to_rival;
	locked = commit_locked(fx, &c);
	pcp_fx_rival_stop(fx, saw.rival);
	if (!saw.rival_waits)
		kunit_skip(test, "needs locks that tell who waits");

	KUNIT_EXPECT_FALSE(test, locked);
	KUNIT_EXPECT_EQ(test, c.pinned, 0);
	KUNIT_EXPECT_TRUE(test, saw.rival->got);
	KUNIT_EXPECT_EQ(test, saw.nr_calls, 1);
	expect_trimmed(fx, 2);
	pcp_fx_check(fx);
}

static struct kunit_case commit_cases[] = {
	KUNIT_CASE(commit_puts_page_on_its_list),
	KUNIT_CASE(commit_gives_the_mark_of_the_pcp),
	KUNIT_CASE(commit_nolock_gives_the_mark_of_the_pcp),
	KUNIT_CASE(commit_to_the_hot_end),
	KUNIT_CASE(commit_counts_pgfree),
	KUNIT_CASE(commit_counts_trimmed_pages_once),
	KUNIT_CASE(commit_below_the_mark_keeps),
	KUNIT_CASE(commit_at_the_mark_trims),
	KUNIT_CASE(commit_above_the_mark_trims),
	KUNIT_CASE(commit_mark_is_in_base_pages),
	KUNIT_CASE(commit_far_below_the_mark_does_not_ask_for_it),
	KUNIT_CASE(commit_in_a_short_zone_asks_for_the_mark),
	KUNIT_CASE(commit_over_the_highest_mark_asks_for_it),
	KUNIT_CASE(commit_trims_cold_pages_of_the_list_first),
	KUNIT_CASE(commit_trims_the_order_first),
	KUNIT_CASE(commit_nolock_never_trims),
	KUNIT_CASE(commit_disabled_keeps_nothing),
	KUNIT_CASE(commit_relaxes_even_if_nothing_was_to_free),
	KUNIT_CASE(commit_trim_leaves_what_waits),
	KUNIT_CASE(commit_trim_disowns_the_blocks),
	KUNIT_CASE(commit_halves_alloc_factor),
	KUNIT_CASE(commit_free_count_grows_by_base_pages),
	KUNIT_CASE(commit_free_count_saturates),
	KUNIT_CASE(commit_remembers_high_order),
	KUNIT_CASE(commit_keeps_other_flags),
	KUNIT_CASE(commit_costly_order_is_not_high),
	KUNIT_CASE_PARAM(commit_many_of_high_order, free_high_gen_params),
	KUNIT_CASE(commit_high_order_keeps_a_batch),
	KUNIT_CASE(commit_nolock_high_order_waits),
	KUNIT_CASE(commit_trims_a_batch_at_a_time),
	KUNIT_CASE(commit_trims_until_empty),
	KUNIT_CASE(commit_migrated_between_batches),
	KUNIT_CASE(commit_keeps_the_lock_after_the_last_batch),
	KUNIT_CASE(commit_keeps_the_lock_when_empty),
	KUNIT_CASE(commit_lock_taken_between_batches),
	{}
};

static struct kunit_suite commit_suite = {
	.name = "pcp_commit",
	.init = commit_init,
	.test_cases = commit_cases,
};

kunit_test_suites(&commit_suite);
