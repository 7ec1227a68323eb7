// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for mm/pcp/absorb.c: waiting pages get to the right lists, in their order, and
 * those that have no business on a PCP go to the zone. The suite pcp_absorb_bound has how
 * many at a time.
 */
#include <kunit/test.h>

#include "lib/pushes.h"

/* === Nothing there === */

static void absorb_empty_is_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, PCP_ABSORB_TO_HIGH), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, PCP_ABSORB_NOLOCK), 0);
	pcp_fx_expect_all_absorbed(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);
}

static void absorb_empty_keeps_the_lists(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_here_nr(fx, 0, 2);
	KUNIT_ASSERT_EQ(test, pcp_fx_absorb(fx, 0), 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
}

/* === Lists === */

static void absorb_one_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_here(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 1);
	pcp_fx_expect_all_absorbed(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 1);
	KUNIT_EXPECT_TRUE(test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
}

static void absorb_returns_base_pages_of_mixed_orders(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_here(fx, 0, 0, 0);
	pcp_fx_push_here(fx, 0, 2, 1);
	pcp_fx_push_here(fx, 0, 4, 2);
	pcp_fx_push_here(fx, 1, 0, pageblock_order);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 7 + pageblock_nr_pages);
	pcp_fx_expect_all_absorbed(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 7 + pageblock_nr_pages);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 1), 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 2), 1);
	KUNIT_EXPECT_EQ(test,
			pcp_fx_list_len(fx, MIGRATE_MOVABLE, pageblock_order), 1);
}

static void absorb_to_the_list_of_the_type(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_type(fx, 0, MIGRATE_UNMOVABLE);
	pcp_fx_type(fx, 1, MIGRATE_MOVABLE);
	pcp_fx_type(fx, 2, MIGRATE_RECLAIMABLE);
	pcp_fx_push_here_nr(fx, 0, 1);
	pcp_fx_push_here_nr(fx, 1, 2);
	pcp_fx_push_here_nr(fx, 2, 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 6);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_UNMOVABLE, 0), 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_RECLAIMABLE, 0), 3);
}

/* They were in use a moment ago, and what was there is not what is wanted. */
static void absorb_puts_pages_on_the_hot_end(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct list_head *list = &fx->pcp->lists[pcp_pindex(MIGRATE_MOVABLE, 0)];

	pcp_fx_push_here(fx, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, pcp_fx_absorb(fx, 0), 1);
	pcp_fx_push_here(fx, 0, 1, 0);
	KUNIT_ASSERT_EQ(test, pcp_fx_absorb(fx, 0), 1);
	KUNIT_EXPECT_PTR_EQ(test, list->next, &pcp_fx_page(fx, 0, 1)->pcp_list);
	KUNIT_EXPECT_PTR_EQ(test, list->prev, &pcp_fx_page(fx, 0, 0)->pcp_list);
}

/* === Order === */

/* The pages of block 0 on the list of order 0, from its hot end on. */
static void expect_order(struct pcp_fixture *fx, const unsigned int *index,
			 unsigned int nr)
{
	struct list_head *list = &fx->pcp->lists[pcp_pindex(MIGRATE_MOVABLE, 0)];
	struct page *page;
	unsigned int i = 0;

	list_for_each_entry(page, list, pcp_list) {
		KUNIT_ASSERT_LT(fx->test, i, nr);
		KUNIT_EXPECT_PTR_EQ(fx->test, page, pcp_fx_page(fx, 0, index[i]));
		i++;
	}
	KUNIT_EXPECT_EQ(fx->test, i, nr);
}

/* Pages that are side by side stay so, for caches that fetch what comes next. */
static void absorb_keeps_the_order_of_the_pushes(struct kunit *test)
{
	static const unsigned int order[] = { 0, 1, 2, 3, 4 };
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_here_nr(fx, 0, 5);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 5);
	expect_order(fx, order, ARRAY_SIZE(order));
}

/* An absorb that stopped at the high mark goes on there when there is room again. */
static void absorb_in_portions_keeps_the_order_of_the_pushes(struct kunit *test)
{
	static const unsigned int portions[] = { 1, 1, 2, 2 };
	struct pcp_fixture *fx = test->priv;
	unsigned int i, k, index = 0;

	pcp_fx_push_here_nr(fx, 0, 3);
	for (i = 0; i < ARRAY_SIZE(portions); i++) {
		KUNIT_ASSERT_EQ(test, pcp_fx_absorb_portion(fx, portions[i], 0),
				portions[i]);
		/* The third is the end of this list, and the beginning of the next. */
		for (k = 0; !i && k < 3; k++)
			pcp_fx_push_here(fx, 0, 3 + k, 0);
		for (k = 0; k < portions[i]; k++)
			KUNIT_EXPECT_PTR_EQ(test, pcp_take(fx->pcp, 0, MIGRATE_MOVABLE),
					    pcp_fx_page(fx, 0, index++));
	}
	pcp_fx_expect_all_absorbed(fx);
}

/* Each list has an order of its own, as far as they do not take turns. */
static void absorb_of_two_orders_keeps_both(struct kunit *test)
{
	static const unsigned int order[] = { 0, 1, 6 };
	struct pcp_fixture *fx = test->priv;
	struct list_head *list = &fx->pcp->lists[pcp_pindex(MIGRATE_MOVABLE, 1)];

	pcp_fx_push_here(fx, 0, 6, 0);
	pcp_fx_push_here(fx, 0, 2, 1);
	pcp_fx_push_here(fx, 0, 4, 1);
	pcp_fx_push_here(fx, 0, 0, 0);
	pcp_fx_push_here(fx, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 7);
	expect_order(fx, order, ARRAY_SIZE(order));
	KUNIT_EXPECT_PTR_EQ(test, list->next, &pcp_fx_page(fx, 0, 2)->pcp_list);
	KUNIT_EXPECT_PTR_EQ(test, list->prev, &pcp_fx_page(fx, 0, 4)->pcp_list);
}

/* To begin with the first one, each page would have to be looked at once more. */
static void absorb_nolock_begins_with_the_last_push(struct kunit *test)
{
	static const unsigned int order[] = { 2, 1 };
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_here_nr(fx, 0, 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb_portion(fx, 2, PCP_ABSORB_NOLOCK), 2);
	expect_order(fx, order, ARRAY_SIZE(order));
}

/* However many wait: no more than two of the largest refills, which are no less work. */
static void absorb_of_many_keeps_the_order_of_the_pushes(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i, nr = 2 * PCP_ABSORB_NODES;

	pcp_fx_need_block_of(fx, nr);
	pcp_fx_push_here_nr(fx, 0, nr);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), PCP_ABSORB_NODES);
	for (i = 0; i < PCP_ABSORB_NODES; i++)
		KUNIT_ASSERT_PTR_EQ(test, pcp_take(fx->pcp, 0, MIGRATE_MOVABLE),
				    pcp_fx_page(fx, 0, i));
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), PCP_ABSORB_NODES);
	KUNIT_EXPECT_PTR_EQ(test, pcp_take(fx->pcp, 0, MIGRATE_MOVABLE),
			    pcp_fx_page(fx, 0, i));
	pcp_fx_check(fx);
}

/* === Types that are none of a PCP === */

static void absorb_highatomic_as_movable(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_type(fx, 0, MIGRATE_HIGHATOMIC);
	pcp_fx_push_here_nr(fx, 0, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 2);
}

static void absorb_cma_as_movable(struct kunit *test)
{
#ifdef CONFIG_CMA
	struct pcp_fixture *fx = test->priv;

	pcp_fx_type(fx, 0, MIGRATE_CMA);
	pcp_fx_push_here_nr(fx, 0, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 2);
#else
	kunit_skip(test, "needs CONFIG_CMA");
#endif
}

static void absorb_reads_the_type_anew(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_here_nr(fx, 0, 2);
	pcp_fx_type(fx, 0, MIGRATE_RECLAIMABLE);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_RECLAIMABLE, 0), 2);
}

/* === Marks === */

static void expect_mark(struct pcp_fixture *fx, struct page *page, unsigned int mark)
{
	KUNIT_EXPECT_TRUE_MSG(fx->test, pcp_has_mark(page, mark),
			      "page type %x, not %x", page->page_type, mark);
}

/* From here on the page can merge, whoever owns its block. */
static void absorb_gives_the_mark_of_the_pcp(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int block;

	pcp_fx_own(fx, 0, fx->cpu);
	/* The block lost its owner, and found another, while its page waited. */
	pcp_fx_own(fx, 1, -1);
	pcp_fx_own(fx, 2, fx->other->cpu);
	for (block = 0; block < 3; block++) {
		pcp_fx_push_here(fx, block, 0, 1);
		expect_mark(fx, pcp_fx_page(fx, block, 0), PCP_MARK_WAITS);
	}
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 6);
	for (block = 0; block < 3; block++) {
		expect_mark(fx, pcp_fx_page(fx, block, 0), pcp_mark(fx->pcp));
		KUNIT_EXPECT_EQ(test, page_private(pcp_fx_page(fx, block, 0)), 1);
	}
}

static void absorb_leaves_the_mark_of_what_it_leaves(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_here_nr(fx, 0, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb_portion(fx, 1, 0), 1);
	expect_mark(fx, pcp_fx_page(fx, 0, 0), pcp_mark(fx->pcp));
	expect_mark(fx, pcp_fx_page(fx, 0, 1), PCP_MARK_WAITS);
}

/* A merge could find it there, though it is on no list. */
static void absorb_to_zone_never_gives_the_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_need_isolation(fx);
	pcp_fx_push_here(fx, 0, 0, 0);
	pcp_fx_push_here(fx, 1, 0, 0);
	pcp_fx_isolate(fx, 0, true);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 2);
	KUNIT_EXPECT_FALSE(test, PagePCPBuddy(page));
	spin_lock(&fx->pcp->lock);
	KUNIT_EXPECT_NULL(test, pcp_buddy(fx->pcp, page + 1, page_to_pfn(page) + 1, 0));
	spin_unlock(&fx->pcp->lock);
	expect_mark(fx, pcp_fx_page(fx, 1, 0), pcp_mark(fx->pcp));
}

/* === Isolation === */

static void absorb_isolated_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_isolation(fx);
	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_isolate(fx, 0, true);
	pcp_fx_push_here(fx, 0, 0, 1);
	pcp_fx_push_here(fx, 0, 2, 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 3);
	pcp_fx_expect_all_absorbed(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_FALSE(test, PagePCPBuddy(pcp_fx_page(fx, 0, 0)));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_FALSE(test, fx->free_nolock);
}

static void absorb_isolated_after_the_push(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_isolation(fx);
	pcp_fx_push_here_nr(fx, 0, 3);
	pcp_fx_push_here_nr(fx, 1, 2);
	pcp_fx_isolate(fx, 0, true);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 5);
	pcp_fx_expect_all_absorbed(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 2);
	/* The isolated ones alone. */
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), pcp_fx_page(fx, 0, 2));
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 2), pcp_fx_page(fx, 0, 0));
}

/* Left over by an absorb that saw the block before. */
static void absorb_isolated_while_taken(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_isolation(fx);
	pcp_fx_push_here_nr(fx, 0, 3);
	KUNIT_ASSERT_EQ(test, pcp_fx_absorb_portion(fx, 1, 0), 1);
	pcp_fx_isolate(fx, 0, true);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 2);
	pcp_fx_expect_all_absorbed(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
}

static void absorb_isolation_that_ended(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_isolation(fx);
	pcp_fx_isolate(fx, 0, true);
	pcp_fx_push_here_nr(fx, 0, 2);
	pcp_fx_isolate(fx, 0, false);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
}

static void absorb_nolock_isolated_zone_busy_defers(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_isolation(fx);
	pcp_fx_push_here_nr(fx, 0, 3);
	pcp_fx_push_here_nr(fx, 1, 2);
	pcp_fx_isolate(fx, 0, true);
	fx->lock_busy = true;
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, PCP_ABSORB_NOLOCK), 5);
	pcp_fx_expect_all_absorbed(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 3);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
}

/* Not even tried: the caller may hold zone->lock, or wait for nothing. */
static void absorb_nolock_isolated_zone_free_defers_too(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_isolation(fx);
	pcp_fx_push_here_nr(fx, 0, 3);
	pcp_fx_isolate(fx, 0, true);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, PCP_ABSORB_NOLOCK), 3);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 3);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);
}

/* === A disabled PCP: nothing may stay === */

static void absorb_disabled_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_push_here(fx, 0, 0, 0);
	pcp_fx_push_here(fx, 0, 4, 2);
	pcp_fx_push_here(fx, 1, 0, 0);
	pcp_fx_disable(fx->pcp);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 6);
	pcp_fx_expect_all_absorbed(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
}

/* It is at its high mark, and what waits has to go whatever the caller says. */
static void absorb_disabled_has_no_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_here_nr(fx, 0, 3);
	KUNIT_ASSERT_EQ(test, pcp_fx_absorb_portion(fx, 1, 0), 1);
	pcp_fx_push_here_nr(fx, 1, 2);
	pcp_fx_disable(fx->pcp);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, PCP_ABSORB_TO_HIGH), 4);
	pcp_fx_expect_all_absorbed(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

/* No look comes after this one. */
static void absorb_disabled_takes_all(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int nr = PCP_ABSORB_NODES + 5;

	pcp_fx_need_block_of(fx, nr);
	pcp_fx_push_here_nr(fx, 0, nr);
	pcp_fx_disable(fx->pcp);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), nr);
	pcp_fx_expect_all_absorbed(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, nr);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void absorb_disabled_nolock_defers(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_here_nr(fx, 0, 3);
	pcp_fx_disable(fx->pcp);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, PCP_ABSORB_NOLOCK), 3);
	pcp_fx_expect_all_absorbed(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 3);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
	KUNIT_EXPECT_FALSE(test, PagePCPBuddy(pcp_fx_page(fx, 0, 0)));
}

/* === Counters === */

static void absorb_counts_base_pages_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct per_cpu_pages *pcp = fx->pcp;
	long n;

	pcp_fx_need_events(fx);
	pcp_fx_push_here(fx, 0, 0, 2);
	pcp_fx_push_here(fx, 0, 4, 0);
	spin_lock(&pcp->lock);
	n = PCP_FX_EVENTS(PCP_ABSORB, pcp_absorb(fx->zone, pcp, 0));
	spin_unlock(&pcp->lock);
	KUNIT_EXPECT_EQ(test, n, 5);

	/* The push did. */
	pcp_fx_push_here(fx, 1, 0, 2);
	spin_lock(&pcp->lock);
	n = PCP_FX_EVENTS(PGFREE, pcp_absorb(fx->zone, pcp, 0));
	spin_unlock(&pcp->lock);
	KUNIT_EXPECT_EQ(test, n, 0);
	KUNIT_EXPECT_EQ(test, pcp->count, 9);
	pcp_fx_check(fx);
}

static unsigned int nr_looks;

/* Called before each page is put on its list. */
static void see_all_pages(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_TRUE(fx->test, pcp_has_pages(fx->pcp));
	/* Those that went over still wait, until all have. */
	KUNIT_EXPECT_EQ(fx->test, pcp_fx_waiting_here(fx), 3);
	KUNIT_EXPECT_EQ(fx->test, fx->pcp->count, nr_looks);
	nr_looks++;
}

/* Else a drain would pass by a CPU that is about to have pages. */
static void absorb_pages_are_seen_throughout(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_here_nr(fx, 0, 3);
	nr_looks = 0;
	fx->on_pageblock = see_all_pages;
	spin_lock(&fx->pcp->lock);
	pcp_absorb(fx->zone, fx->pcp, 0);
	fx->on_pageblock = NULL;
	spin_unlock(&fx->pcp->lock);

	KUNIT_EXPECT_EQ(test, nr_looks, 3);
	pcp_fx_expect_all_absorbed(fx);
	KUNIT_EXPECT_TRUE(test, pcp_has_pages(fx->pcp));
	pcp_fx_check(fx);
}

static struct kunit_case absorb_cases[] = {
	KUNIT_CASE(absorb_empty_is_nothing),
	KUNIT_CASE(absorb_empty_keeps_the_lists),
	KUNIT_CASE(absorb_one_page),
	KUNIT_CASE(absorb_returns_base_pages_of_mixed_orders),
	KUNIT_CASE(absorb_to_the_list_of_the_type),
	KUNIT_CASE(absorb_puts_pages_on_the_hot_end),
	KUNIT_CASE(absorb_of_two_orders_keeps_both),
	KUNIT_CASE(absorb_keeps_the_order_of_the_pushes),
	KUNIT_CASE(absorb_in_portions_keeps_the_order_of_the_pushes),
	KUNIT_CASE(absorb_nolock_begins_with_the_last_push),
	KUNIT_CASE(absorb_of_many_keeps_the_order_of_the_pushes),
	KUNIT_CASE(absorb_highatomic_as_movable),
	KUNIT_CASE(absorb_cma_as_movable),
	KUNIT_CASE(absorb_reads_the_type_anew),
	KUNIT_CASE(absorb_gives_the_mark_of_the_pcp),
	KUNIT_CASE(absorb_leaves_the_mark_of_what_it_leaves),
	KUNIT_CASE(absorb_to_zone_never_gives_the_mark),
	KUNIT_CASE(absorb_isolated_to_zone),
	KUNIT_CASE(absorb_isolated_after_the_push),
	KUNIT_CASE(absorb_isolated_while_taken),
	KUNIT_CASE(absorb_isolation_that_ended),
	KUNIT_CASE(absorb_nolock_isolated_zone_busy_defers),
	KUNIT_CASE(absorb_nolock_isolated_zone_free_defers_too),
	KUNIT_CASE(absorb_disabled_to_zone),
	KUNIT_CASE(absorb_disabled_has_no_mark),
	KUNIT_CASE(absorb_disabled_takes_all),
	KUNIT_CASE(absorb_disabled_nolock_defers),
	KUNIT_CASE(absorb_counts_base_pages_once),
	KUNIT_CASE(absorb_pages_are_seen_throughout),
	{}
};

static struct kunit_suite absorb_suite = {
	.name = "pcp_absorb",
	.init = pcp_fx_absorb_init,
	.test_cases = absorb_cases,
};

kunit_test_suites(&absorb_suite);
