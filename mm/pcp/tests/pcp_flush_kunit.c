// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for pcp_flush_waiting() of mm/pcp/flush.c: what is flushed goes to the zone in
 * the order of the frees, and no longer waits. The suite pcp_return has pcp_return_waiting().
 */
#include <kunit/test.h>

#include "lib/pushes.h"

static void flush_of_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 0);
	pcp_fx_expect_waiting(fx, 0, 0);
	pcp_fx_expect_zone_untouched(fx);
}

static void flush_returns_base_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_nr(fx, 3);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 2);
	pcp_fx_expect_waiting(fx, 4, 7);
	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 7);
	pcp_fx_expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 7);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	EXPECT_FREED(fx, pcp_fx_page(fx, 0, 0), pcp_fx_page(fx, 0, 1),
		     pcp_fx_page(fx, 0, 2), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_page(fx, 1, 0)), 2);

	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 7);
}

/* Compaction relies on where in the zone's lists old and new pages are. */
static void flush_goes_in_the_order_of_the_frees(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run;

	pcp_fx_push_nr(fx, 3);
	/* A run and the list both have the page that came last first. */
	run = pcp_fx_empty_run(fx);
	pcp_run_add(&run, pcp_fx_page(fx, 1, 0), 0);
	pcp_run_add(&run, pcp_fx_page(fx, 1, 1), 0);
	pcp_push(&run, false);
	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 5);
	EXPECT_FREED(fx, pcp_fx_page(fx, 0, 0), pcp_fx_page(fx, 0, 1),
		     pcp_fx_page(fx, 0, 2), pcp_fx_page(fx, 1, 0),
		     pcp_fx_page(fx, 1, 1));
}

/**
 * struct flush_join - pages that are pushed, and what goes to the zone
 * @name: what the pages are
 * @push: index and order of each page in block 1, in the order of the pushes
 * @nr: how many
 * @freed: index and order of each piece
 * @nr_pieces: how many
 * @least_order: of a block that has room for them
 */
struct flush_join {
	const char *name;
	struct {
		unsigned int index, order;
	} push[8], freed[8];
	unsigned int nr, nr_pieces, least_order;
};

static const struct flush_join flush_joins[] = {
	{ "two, the lower one first", { {0}, {1} }, { {0, 1} }, 2, 1, 1 },
	{ "two, the upper one first", { {1}, {0} }, { {0, 1} }, 2, 1, 1 },
	{ "a run of eight", { {0}, {1}, {2}, {3}, {4}, {5}, {6}, {7} }, { {0, 3} }, 8, 1, 3 },
	{ "the same backward", { {7}, {6}, {5}, {4}, {3}, {2}, {1}, {0} }, { {0, 3} }, 8, 1, 3 },
	{ "a run that begins in the middle", { {1}, {2}, {3}, {4}, {5} },
	  { {1}, {2, 1}, {4, 1} }, 5, 3, 3 },
	{ "neighbours that are no buddies", { {1}, {2} }, { {1}, {2} }, 2, 2, 2 },
	{ "pages of two orders", { {0}, {2, 1} }, { {0}, {2, 1} }, 2, 2, 2 },
	{ "small ones that make up the buddy of a larger one", { {0, 1}, {2}, {3} },
	  { {0, 2} }, 3, 1, 2 },
	{ "a buddy that came later than another page", { {0}, {2}, {1} },
	  { {0}, {2}, {1} }, 3, 3, 2 },
};

KUNIT_ARRAY_PARAM_DESC(flush_join, flush_joins, name);

static bool was_freed(struct pcp_fixture *fx, struct page *page)
{
	struct page *piece;
	unsigned int i;

	for (i = 0; (piece = pcp_fx_freed(fx, i)); i++) {
		if (piece == page)
			return true;
	}
	return false;
}

/* The zone gets few pieces, and each page of them once. */
static void flush_joins_pages_that_were_freed_in_a_row(struct kunit *test)
{
	const struct flush_join *param = test->param_value;
	struct pcp_fixture *fx = test->priv;
	unsigned int nr_pages = 0, i;

	if (pageblock_order < param->least_order)
		kunit_skip(test, "needs larger blocks");

	for (i = 0; i < param->nr; i++) {
		pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, param->push[i].index),
			    param->push[i].order);
		nr_pages += 1U << param->push[i].order;
	}
	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), nr_pages);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, nr_pages);
	for (i = 0; i < param->nr_pieces; i++) {
		struct page *page = pcp_fx_page(fx, 1, param->freed[i].index);

		KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, i), page);
		KUNIT_EXPECT_EQ(test, page_private(page), param->freed[i].order);
	}
	KUNIT_EXPECT_NULL(test, pcp_fx_freed(fx, i));
	pcp_fx_expect_waiting(fx, 0, 0);
	/* A page in the middle of a piece has no mark and no order. */
	for (i = 0; i < param->nr; i++) {
		struct page *page = pcp_fx_page(fx, 1, param->push[i].index);

		if (!was_freed(fx, page)) {
			KUNIT_EXPECT_FALSE(test, PagePCPBuddy(page));
			KUNIT_EXPECT_EQ(test, page_private(page), 0);
		}
	}
}

/* A larger page may be of two blocks, with an owner and a type each. */
static void flush_joins_no_more_than_a_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *first = min(fx->base[0], fx->base[1]);
	struct page *second = max(fx->base[0], fx->base[1]);

	pcp_fx_push(fx, fx->other, first, pageblock_order);
	pcp_fx_push(fx, fx->other, second, pageblock_order);
	pcp_flush_waiting(fx->zone, fx->other, false);
	EXPECT_FREED(fx, first, second);
	KUNIT_EXPECT_EQ(test, page_private(first), pageblock_order);
	KUNIT_EXPECT_EQ(test, page_private(second), pageblock_order);
}

static void flush_counts_what_it_joins(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_events(fx);
	if (pageblock_order < 2)
		kunit_skip(test, "needs larger blocks");
	pcp_fx_push_nr(fx, 4);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_MERGE,
					    pcp_flush_waiting(fx->zone, fx->other,
							      false)), 4);
}

static void flush_takes_what_an_absorb_left_first(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_have_two_taken(fx);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 4);
	EXPECT_FREED(fx, pcp_fx_page(fx, 0, 1), pcp_fx_page(fx, 0, 2),
		     pcp_fx_page(fx, 1, 0), pcp_fx_page(fx, 1, 1));
	/* The page that it sorted stays. */
	KUNIT_EXPECT_EQ(test, fx->other->count, 1);
	pcp_fx_check(fx);
}

/* No lock of a PCP is held while the zone takes its time. */
static void expect_unlocked_in_the_zone(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_FALSE(fx->test, pcp_fx_locked(fx->other));
}

static void flush_unlocks_before_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_have_two_taken(fx);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	fx->on_free = expect_unlocked_in_the_zone;
	pcp_flush_waiting(fx->zone, fx->other, false);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 2);
}

/* A drain waits for those who have pages that nobody sees. */
static void expect_carrier(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->other->carriers), 1);
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->pcp->carriers), 0);
}

static void expect_carrier_at(struct kunit *test)
{
	expect_carrier(test->priv);
}

static void flush_is_a_carrier_until_the_zone_has_it(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_have_two_taken(fx);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->other->carriers), 0);
	pcp_fx_at_point(test, PCP_POINT_TAKEN, expect_carrier_at);
	fx->on_free = expect_carrier;
	pcp_flush_waiting(fx->zone, fx->other, false);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->other->carriers), 0);
	/* Not when there is nothing, either. */
	pcp_flush_waiting(fx->zone, fx->other, false);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->other->carriers), 0);
}

/* Too many waited. The owner may be at work, and take in the next ones. */
static void flush_leaves_the_owner(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_push_nr(fx, 2);
	pcp_flush_waiting(fx->zone, fx->other, false);
	pcp_fx_expect_owner(fx, 0, fx->other->cpu);
	pcp_fx_check_blocks(fx);
}

static void flush_returns_what_an_absorb_left(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_have_two_taken(fx);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 2);
	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 6);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting(fx), 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
	pcp_fx_check(fx);
}

static void flush_nolock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_nr(fx, 3);
	fx->lock_busy = true;
	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, true), 3);
	pcp_fx_expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 3);
}

static void expect_none_waits(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_EQ(fx->test, pcp_fx_waiting(fx), 0);
}

static void expect_one_waits(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_EQ(fx->test, pcp_fx_waiting(fx), 1);
	fx->on_free = expect_none_waits;
}

/* Or others would flush a handful each while the zone takes its time. */
static void flushed_pages_do_not_wait(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_nr(fx, 3);
	fx->on_free = expect_none_waits;
	pcp_flush_waiting(fx->zone, fx->other, false);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	pcp_fx_check(fx);
}

static void flushed_taken_pages_do_not_wait(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_have_two_taken(fx);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	fx->on_free = expect_one_waits;
	pcp_flush_waiting(fx->zone, fx->other, false);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 2);
	pcp_fx_check(fx);
}

static void push_late(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
}

/* A push after the list was taken finds an empty one. */
static void flush_leaves_what_comes_meanwhile(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_nr(fx, 2);
	pcp_fx_at_point(test, PCP_POINT_TAKEN, push_late);
	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 2);
	pcp_fx_expect_waiting(fx, 1, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
}

static void flush_counts_no_event(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_events(fx);
	pcp_fx_push_nr(fx, 3);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE,
					    pcp_flush_waiting(fx->zone, fx->other,
							      false)), 0);
	pcp_fx_expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

static struct kunit_case flush_cases[] = {
	KUNIT_CASE(flush_of_nothing),
	KUNIT_CASE(flush_returns_base_pages),
	KUNIT_CASE(flush_goes_in_the_order_of_the_frees),
	KUNIT_CASE_PARAM(flush_joins_pages_that_were_freed_in_a_row, flush_join_gen_params),
	KUNIT_CASE(flush_joins_no_more_than_a_block),
	KUNIT_CASE(flush_counts_what_it_joins),
	KUNIT_CASE(flush_takes_what_an_absorb_left_first),
	KUNIT_CASE(flush_unlocks_before_the_zone),
	KUNIT_CASE(flush_is_a_carrier_until_the_zone_has_it),
	KUNIT_CASE(flush_leaves_the_owner),
	KUNIT_CASE(flush_returns_what_an_absorb_left),
	KUNIT_CASE(flush_nolock),
	KUNIT_CASE(flushed_pages_do_not_wait),
	KUNIT_CASE(flushed_taken_pages_do_not_wait),
	KUNIT_CASE(flush_leaves_what_comes_meanwhile),
	KUNIT_CASE(flush_counts_no_event),
	{}
};

static struct kunit_suite flush_suite = {
	.name = "pcp_flush",
	.init = pcp_fx_pushes_init,
	.test_cases = flush_cases,
};

kunit_test_suites(&flush_suite);
