// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for commit.h: a page goes on the local PCP, and what that says about the frees
 * to come. The heuristics were there before mm/pcp/, so each term is tried on both sides of
 * its limit. The suite pcp_commit_trim has what goes back to the zone.
 */
#include <kunit/test.h>
#include <linux/mm.h>

#include "lib/commits.h"

/* === The page === */

static void commit_puts_page_on_its_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	KUNIT_EXPECT_TRUE(test, pcp_fx_commit_page(fx, page, MIGRATE_RECLAIMABLE, 1, false));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_RECLAIMABLE, 1), 1);
	KUNIT_EXPECT_EQ(test, page_private(page), 1);
	pcp_fx_check(fx);
	pcp_fx_expect_not_trimmed(fx);
}

/* It can merge, whoever owns the block. */
static void commit_gives_the_mark_of_the_pcp(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int block;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 2, fx->other->cpu);
	for (block = 0; block < 3; block++) {
		pcp_fx_commit(fx, block, 0, 0);
		KUNIT_EXPECT_TRUE(test, pcp_has_mark(pcp_fx_page(fx, block, 0),
						     pcp_mark(fx->pcp)));
	}
}

static void commit_nolock_gives_the_mark_of_the_pcp(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_commit_nolock(fx, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(pcp_fx_page(fx, 0, 0),
					     pcp_mark(fx->pcp)));
}

/* It is the first to be handed out again, while it is in the cache. */
static void commit_to_the_hot_end(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	struct list_head *list;

	pcp_fx_fill(fx, 2);
	pcp_fx_commit(fx, 0, 0, 0);
	list = &fx->pcp->lists[pcp_pindex(MIGRATE_MOVABLE, 0)];
	KUNIT_EXPECT_PTR_EQ(test, list->next, &page->pcp_list);
}

static void commit_counts_pgfree(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_need_events(fx);
	KUNIT_EXPECT_EQ(test, 4,
			PCP_FX_EVENTS(PGFREE, pcp_fx_commit_page(fx, page, MIGRATE_MOVABLE,
								 2, false)));
	page = pcp_fx_page(fx, 0, 4);
	KUNIT_EXPECT_EQ(test, 4,
			PCP_FX_EVENTS(PGFREE, pcp_fx_commit_page(fx, page, MIGRATE_MOVABLE,
								 2, true)));
	pcp_fx_check(fx);
}

/* === Heuristics === */

static void commit_halves_alloc_factor(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->alloc_factor = 5;
	pcp_fx_commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->alloc_factor, 2);
	pcp_fx_commit(fx, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->alloc_factor, 1);
	pcp_fx_commit_nolock(fx, 0, 2, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->alloc_factor, 0);
	pcp_fx_commit(fx, 0, 3, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->alloc_factor, 0);
}

static void commit_free_count_grows_by_base_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->free_count, 1);
	pcp_fx_commit(fx, 0, 4, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->free_count, 5);
	pcp_fx_commit_nolock(fx, 0, 2, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->free_count, 7);
}

static void commit_free_count_saturates(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int limit = PCP_FX_COMMIT_BATCH << CONFIG_PCP_BATCH_SCALE_MAX;

	fx->pcp->free_count = limit - 1;
	pcp_fx_commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->free_count, limit);
	pcp_fx_commit(fx, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->free_count, limit);

	fx->pcp->free_count = limit - 1;
	pcp_fx_commit(fx, 0, 4, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->free_count, limit + 3);
}

static bool prev_high(struct pcp_fixture *fx)
{
	return fx->pcp->flags & PCPF_PREV_FREE_HIGH_ORDER;
}

static void commit_remembers_high_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_commit(fx, 0, 0, 1);
	KUNIT_EXPECT_TRUE(test, prev_high(fx));
	pcp_fx_commit(fx, 0, 4, 2);
	KUNIT_EXPECT_TRUE(test, prev_high(fx));
	pcp_fx_commit(fx, 0, 2, 0);
	KUNIT_EXPECT_FALSE(test, prev_high(fx));
	pcp_fx_commit(fx, 0, 3, 0);
	KUNIT_EXPECT_FALSE(test, prev_high(fx));
	pcp_fx_commit(fx, 1, 0, PAGE_ALLOC_COSTLY_ORDER);
	KUNIT_EXPECT_TRUE(test, prev_high(fx));
}

static void commit_keeps_other_flags(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->flags = PCPF_FREE_HIGH_BATCH;
	pcp_fx_commit(fx, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->flags,
			PCPF_FREE_HIGH_BATCH | PCPF_PREV_FREE_HIGH_ORDER);
	pcp_fx_commit(fx, 0, 2, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->flags, PCPF_FREE_HIGH_BATCH);
}

static void commit_costly_order_is_not_high(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	if (pageblock_order <= PAGE_ALLOC_COSTLY_ORDER)
		kunit_skip(test, "no block is larger");
	pcp_fx_commit(fx, 0, 0, 1);
	KUNIT_EXPECT_TRUE(test, prev_high(fx));
	pcp_fx_commit(fx, 1, 0, PAGE_ALLOC_COSTLY_ORDER + 1);
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
	pcp_fx_fill(fx, c->cached);
	fx->pcp->high_min = 9;
	fx->pcp->free_count = c->free_count;
	fx->pcp->flags = c->flags;

	pcp_fx_commit(fx, 0, 0, c->order);
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
	pcp_fx_fill(fx, 1);
	pcp_fx_commit(fx, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
	pcp_fx_expect_not_trimmed(fx);

	/* Without the flag it is not kept. */
	fx->pcp->flags &= ~PCPF_FREE_HIGH_BATCH;
	fx->pcp->batch = 8;
	pcp_fx_commit(fx, 0, 2, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	pcp_fx_expect_trimmed(fx, 5);
}

static void commit_nolock_high_order_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high_min = 8;
	fx->pcp->free_count = 6;
	fx->pcp->flags = PCPF_PREV_FREE_HIGH_ORDER;
	pcp_fx_commit_nolock(fx, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	pcp_fx_expect_not_trimmed(fx);
	pcp_fx_commit(fx, 0, 2, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static struct kunit_case commit_cases[] = {
	KUNIT_CASE(commit_puts_page_on_its_list),
	KUNIT_CASE(commit_gives_the_mark_of_the_pcp),
	KUNIT_CASE(commit_nolock_gives_the_mark_of_the_pcp),
	KUNIT_CASE(commit_to_the_hot_end),
	KUNIT_CASE(commit_counts_pgfree),
	KUNIT_CASE(commit_halves_alloc_factor),
	KUNIT_CASE(commit_free_count_grows_by_base_pages),
	KUNIT_CASE(commit_free_count_saturates),
	KUNIT_CASE(commit_remembers_high_order),
	KUNIT_CASE(commit_keeps_other_flags),
	KUNIT_CASE(commit_costly_order_is_not_high),
	KUNIT_CASE_PARAM(commit_many_of_high_order, free_high_gen_params),
	KUNIT_CASE(commit_high_order_keeps_a_batch),
	KUNIT_CASE(commit_nolock_high_order_waits),
	{}
};

static struct kunit_suite commit_suite = {
	.name = "pcp_commit",
	.init = pcp_fx_commit_init,
	.test_cases = commit_cases,
};

kunit_test_suites(&commit_suite);
