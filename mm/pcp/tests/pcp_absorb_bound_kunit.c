// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the bounds of mm/pcp/absorb.c: the work of one absorb, and the high mark of
 * the PCP; what is left over waits for the next one. The suite pcp_absorb has where the pages
 * go.
 */
#include <kunit/test.h>

#include "lib/pushes.h"

/* === Bounded work === */

static void absorb_leaves_the_rest_for_later(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_block_of(fx, PCP_ABSORB_NODES + 3);
	pcp_fx_push_here_nr(fx, 0, PCP_ABSORB_NODES + 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), PCP_ABSORB_NODES);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, PCP_ABSORB_NODES);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting_here(fx), 3);
	KUNIT_EXPECT_TRUE(test, llist_empty(&fx->pcp->free_llist));
	KUNIT_EXPECT_PTR_EQ(test, fx->pcp->taken,
			    &pcp_fx_page(fx, 0, PCP_ABSORB_NODES)->pcp_llist);
	KUNIT_EXPECT_TRUE(test, pcp_has_waiting(fx->pcp));

	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 3);
	pcp_fx_expect_all_absorbed(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, PCP_ABSORB_NODES + 3);
}

static void absorb_just_as_many_as_allowed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_block_of(fx, PCP_ABSORB_NODES);
	pcp_fx_push_here_nr(fx, 0, PCP_ABSORB_NODES);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), PCP_ABSORB_NODES);
	KUNIT_EXPECT_NULL(test, fx->pcp->taken);
	pcp_fx_expect_all_absorbed(fx);
}

/* Those of kvfree_rcu() too, where raw spinlocks may be held. */
static void absorb_is_bounded_with_each_flag(struct kunit *test)
{
	static const unsigned int flags[] = {
		PCP_ABSORB_TO_HIGH, PCP_ABSORB_NOLOCK,
		PCP_ABSORB_TO_HIGH | PCP_ABSORB_NOLOCK,
	};
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	pcp_fx_need_block_of(fx, PCP_ABSORB_NODES + 1);
	fx->pcp->high = INT_MAX;
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		pcp_fx_push_here_nr(fx, i, PCP_ABSORB_NODES + 1);
		KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, flags[i]), PCP_ABSORB_NODES);
		KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, flags[i]), 1);
	}
	pcp_fx_expect_all_absorbed(fx);
}

static void absorb_goes_on_before_the_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct llist_node *pushed = &pcp_fx_page(fx, 1, 1)->pcp_llist;

	pcp_fx_push_here_nr(fx, 0, 3);
	KUNIT_ASSERT_EQ(test, pcp_fx_absorb_portion(fx, 1, 0), 1);
	pcp_fx_push_here_nr(fx, 1, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb_portion(fx, 1, 0), 1);
	KUNIT_EXPECT_PTR_EQ(test, fx->pcp->taken,
			    &pcp_fx_page(fx, 0, 2)->pcp_llist);
	KUNIT_EXPECT_PTR_EQ(test, fx->pcp->free_llist.first, pushed);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting_here(fx), 3);

	while (pcp_has_waiting(fx->pcp))
		KUNIT_ASSERT_EQ(test, pcp_fx_absorb_portion(fx, 1, 0), 1);
	pcp_fx_expect_all_absorbed(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 5);
}

static void absorb_bound_is_in_pages_of_any_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i, nr = PCP_ABSORB_NODES + 1;

	pcp_fx_need_block_of(fx, 4 * nr);
	for (i = 0; i < nr; i++)
		pcp_fx_push_here(fx, 0, 4 * i, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 4 * PCP_ABSORB_NODES);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting_here(fx), 4);
}

static void absorb_bound_includes_isolated(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_isolation(fx);
	pcp_fx_need_block_of(fx, PCP_ABSORB_NODES + 1);
	pcp_fx_push_here_nr(fx, 0, PCP_ABSORB_NODES + 1);
	pcp_fx_isolate(fx, 0, true);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), PCP_ABSORB_NODES);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, PCP_ABSORB_NODES);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting_here(fx), 1);
}

/* An absorb goes on beyond the pages left over: the list has one that is wanted now. */
static void absorb_goes_on_to_the_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_here_nr(fx, 0, 3);
	KUNIT_ASSERT_EQ(test, pcp_fx_absorb_portion(fx, 1, 0), 1);
	pcp_fx_push_here_nr(fx, 1, 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb_portion(fx, 3, 0), 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 4);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting_here(fx), 2);
	KUNIT_EXPECT_TRUE(test, llist_empty(&fx->pcp->free_llist));
	KUNIT_EXPECT_PTR_EQ(test, fx->pcp->taken,
			    &pcp_fx_page(fx, 1, 1)->pcp_llist);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb_portion(fx, 3, 0), 2);
	pcp_fx_expect_all_absorbed(fx);
}

/* The bound holds for both together. */
static void absorb_goes_on_to_the_list_within_the_bound(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_block_of(fx, PCP_ABSORB_NODES + 1);
	pcp_fx_push_here_nr(fx, 0, 3);
	KUNIT_ASSERT_EQ(test, pcp_fx_absorb_portion(fx, 1, 0), 1);
	pcp_fx_push_here_nr(fx, 1, PCP_ABSORB_NODES);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), PCP_ABSORB_NODES);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting_here(fx), 2);
}

static struct page *late_page;

/* Another CPU pushes while the absorb is at work. */
static void push_late(struct pcp_fixture *fx)
{
	struct page *page = late_page;

	late_page = NULL;
	if (page)
		pcp_fx_push(fx, fx->pcp, page, 0);
}

/* Or it would not end while others push. */
static void absorb_takes_the_list_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_here_nr(fx, 0, 2);
	KUNIT_ASSERT_EQ(test, pcp_fx_absorb_portion(fx, 1, 0), 1);
	pcp_fx_push_here_nr(fx, 1, 1);
	/* One is left over and one on the list when this one comes. */
	late_page = pcp_fx_page(fx, 2, 0);
	fx->on_pageblock = push_late;
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 2);
	fx->on_pageblock = NULL;
	KUNIT_EXPECT_NULL(test, fx->pcp->taken);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting_here(fx), 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 1);
	pcp_fx_expect_all_absorbed(fx);
}

/* === The high mark: what is over it stays for a flush === */

static void absorb_stops_at_the_high_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 3;
	pcp_fx_push_here_nr(fx, 0, 5);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, PCP_ABSORB_TO_HIGH), 3);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting_here(fx), 2);

	/* Nothing goes in, and nothing is lost. */
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, PCP_ABSORB_TO_HIGH), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting_here(fx), 2);
	KUNIT_EXPECT_TRUE(test, pcp_has_waiting(fx->pcp));

	fx->pcp->high = 4;
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, PCP_ABSORB_TO_HIGH), 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
}

/* A flush takes the list without a lock, but not what an absorb took off it. */
static void absorb_at_the_high_mark_leaves_the_list_alone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 2;
	pcp_fx_push_here_nr(fx, 0, 2);
	KUNIT_ASSERT_EQ(test, pcp_fx_absorb(fx, PCP_ABSORB_TO_HIGH), 2);
	pcp_fx_push_here_nr(fx, 1, 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, PCP_ABSORB_TO_HIGH), 0);
	KUNIT_EXPECT_NULL(test, fx->pcp->taken);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting_here(fx), 3);
	KUNIT_EXPECT_FALSE(test, llist_empty(&fx->pcp->free_llist));
}

static void absorb_below_the_high_mark_goes_on(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 6;
	pcp_fx_push_here_nr(fx, 0, 5);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, PCP_ABSORB_TO_HIGH), 5);
	pcp_fx_expect_all_absorbed(fx);
}

/* A page is counted with all its base pages, and the last one may go over the mark. */
static void absorb_high_mark_is_in_base_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 5;
	pcp_fx_push_here(fx, 0, 0, 2);
	pcp_fx_push_here(fx, 0, 4, 2);
	pcp_fx_push_here(fx, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, PCP_ABSORB_TO_HIGH), 8);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting_here(fx), 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, PCP_ABSORB_TO_HIGH), 0);
}

/* For an allocation that finds nothing that it wants, full or not. */
static void absorb_without_the_flag_goes_over_the_high_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 3;
	pcp_fx_push_here_nr(fx, 0, 4);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 4);
	pcp_fx_push_here_nr(fx, 1, 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 5);
	pcp_fx_expect_all_absorbed(fx);
}

/* === Stale pages: the CPU that takes in some is at work === */

static void absorb_of_a_page_is_seen_by_the_watch(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_here_nr(fx, 0, 2);
	fx->pcp->stale = true;
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb_portion(fx, 1, 0), 1);
	KUNIT_EXPECT_FALSE(test, fx->pcp->stale);
}

static void absorb_of_nothing_is_not_seen_by_the_watch(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->stale = true;
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb(fx, 0), 0);
	KUNIT_EXPECT_TRUE(test, fx->pcp->stale);
	pcp_fx_push_here_nr(fx, 0, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_absorb_portion(fx, 0, 0), 0);
	KUNIT_EXPECT_TRUE(test, fx->pcp->stale);
}

static struct kunit_case absorb_bound_cases[] = {
	KUNIT_CASE(absorb_leaves_the_rest_for_later),
	KUNIT_CASE(absorb_just_as_many_as_allowed),
	KUNIT_CASE(absorb_is_bounded_with_each_flag),
	KUNIT_CASE(absorb_goes_on_before_the_list),
	KUNIT_CASE(absorb_bound_is_in_pages_of_any_order),
	KUNIT_CASE(absorb_bound_includes_isolated),
	KUNIT_CASE(absorb_goes_on_to_the_list),
	KUNIT_CASE(absorb_goes_on_to_the_list_within_the_bound),
	KUNIT_CASE(absorb_takes_the_list_once),
	KUNIT_CASE(absorb_stops_at_the_high_mark),
	KUNIT_CASE(absorb_at_the_high_mark_leaves_the_list_alone),
	KUNIT_CASE(absorb_below_the_high_mark_goes_on),
	KUNIT_CASE(absorb_high_mark_is_in_base_pages),
	KUNIT_CASE(absorb_without_the_flag_goes_over_the_high_mark),
	KUNIT_CASE(absorb_of_a_page_is_seen_by_the_watch),
	KUNIT_CASE(absorb_of_nothing_is_not_seen_by_the_watch),
	{}
};

static struct kunit_suite absorb_bound_suite = {
	.name = "pcp_absorb_bound",
	.init = pcp_fx_absorb_init,
	.test_cases = absorb_bound_cases,
};

kunit_test_suites(&absorb_bound_suite);
