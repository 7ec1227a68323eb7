// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for refill.c: how many pages a refill takes from the zone, which ones, and in
 * which order they are on the PCP then. The suite pcp_refill_owner has who owns their blocks.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <kunit/test-bug.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "lib/refills.h"

KUNIT_ARRAY_PARAM_DESC(type, pcp_fx_type_cases, desc);

/* Expects that @page of @order is handed out next, as movable, and takes it. */
static void expect_next(struct pcp_fixture *fx, struct page *page, unsigned int order)
{
	KUNIT_EXPECT_PTR_EQ(fx->test, page,
			    pcp_take(fx->pcp, order, MIGRATE_MOVABLE));
	pcp_fx_check(fx);
}

/* === Pieces === */

static void refill_takes_pages_of_wanted_type(struct kunit *test)
{
	const struct pcp_fx_type_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;
	struct page *page, *other;

	pcp_fx_type(fx, 0, c->other);
	pcp_fx_type(fx, 1, c->type);
	other = pcp_fx_zone_page(fx, 0, 0, 0);
	page = pcp_fx_zone_page(fx, 1, 0, 1);

	KUNIT_EXPECT_EQ(test, 2, pcp_fx_refill(fx, 0, c->type, 4));
	pcp_fx_expect_on_pcp(fx, page, 0);
	pcp_fx_expect_on_pcp(fx, page + 1, 0);
	KUNIT_EXPECT_EQ(test, 2, pcp_fx_list_len(fx, c->type, 0));
	pcp_fx_expect_in_zone(fx, other, 0);
	/* Two more were wanted, and asked for. */
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 1);
}

static void refill_takes_smallest_pages_first(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *block = pcp_fx_zone_page(fx, 2, 0, pageblock_order);
	struct page *large = pcp_fx_zone_page(fx, 0, 4, 2);
	struct page *pair = pcp_fx_zone_page(fx, 0, 0, 1);
	struct page *single = pcp_fx_zone_page(fx, 1, 0, 0);

	KUNIT_EXPECT_EQ(test, 3, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 3));
	pcp_fx_expect_in_zone(fx, block, pageblock_order);
	pcp_fx_expect_in_zone(fx, large, 2);
	expect_next(fx, single, 0);
	expect_next(fx, pair, 0);
	expect_next(fx, pair + 1, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 0);
}

static void refill_breaks_no_more_than_it_wants(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_zone_page(fx, 0, 0, pageblock_order);
	unsigned int order;

	KUNIT_EXPECT_EQ(test, 1, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 1));
	pcp_fx_expect_on_pcp(fx, page, 0);
	for (order = 0; order < pageblock_order; order++)
		pcp_fx_expect_in_zone(fx, page + (1 << order), order);
}

/* One split in the zone instead of one for each page. */
static void refill_takes_a_large_page_at_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_zone_page(fx, 0, 4, 2);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, 4, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 4));
	KUNIT_EXPECT_EQ(test, fx->nr_take, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 0);
	KUNIT_EXPECT_EQ(test, 4, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0));
	for (i = 0; i < 4; i++)
		expect_next(fx, page + i, 0);
}

/* 7 pages are 4, 2 and 1. */
static void refill_takes_pieces_of_what_is_still_wanted(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_zone_page(fx, 0, 0, 3);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, 7, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 7));
	KUNIT_EXPECT_EQ(test, fx->nr_take, 3);
	for (i = 0; i < 7; i++)
		expect_next(fx, page + i, 0);
	pcp_fx_expect_in_zone(fx, page + 7, 0);
}

static void refill_splits_to_the_wanted_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_zone_page(fx, 0, 0, 3);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, 8, pcp_fx_refill(fx, 1, MIGRATE_MOVABLE, 4));
	KUNIT_EXPECT_EQ(test, fx->nr_take, 1);
	KUNIT_EXPECT_EQ(test, 4, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 1));
	for (i = 0; i < 8; i += 2)
		expect_next(fx, page + i, 1);
}

static void refill_takes_nothing_below_the_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *small = pcp_fx_zone_page(fx, 0, 0, 0);
	struct page *page = pcp_fx_zone_page(fx, 1, 0, 1);

	KUNIT_EXPECT_EQ(test, 2, pcp_fx_refill(fx, 1, MIGRATE_MOVABLE, 3));
	pcp_fx_expect_in_zone(fx, small, 0);
	pcp_fx_expect_on_pcp(fx, page, 1);
	KUNIT_EXPECT_EQ(test, 1, fx->nr_rmqueue);
}

static void refill_takes_whole_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int i;

	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++)
		pcp_fx_zone_page(fx, i, 0, pageblock_order);

	KUNIT_EXPECT_EQ(test, 2 * pageblock_nr_pages,
			pcp_fx_refill(fx, pageblock_order, MIGRATE_MOVABLE, 2));
	pcp_fx_expect_in_zone(fx, fx->base[2], pageblock_order);
	KUNIT_EXPECT_EQ(test, fx->nr_take, 2);
	expect_next(fx, fx->base[0], pageblock_order);
	expect_next(fx, fx->base[1], pageblock_order);
}

/* Cached pages are hotter, and a refill leaves those of other types alone. */
static void refill_goes_behind_what_is_cached(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *hot = pcp_fx_page(fx, 2, 7), *page;

	pcp_list_add(fx->pcp, hot, 0, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 2, 0), 0, MIGRATE_UNMOVABLE);
	page = pcp_fx_zone_page(fx, 0, 0, 1);

	KUNIT_EXPECT_EQ(test, 2, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 2));
	expect_next(fx, hot, 0);
	expect_next(fx, page, 0);
	expect_next(fx, page + 1, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

/* Two buddies come as two pages, if those are wanted. */
static void refill_merges_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_zone_page(fx, 0, 0, 0);
	pcp_fx_zone_page(fx, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, 2, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 2));
	KUNIT_EXPECT_EQ(test, 2, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0));
}

/* The last request to the zone. */
static struct {
	unsigned int order;
	unsigned int max_order;
	int migratetype;
} asked;

static struct page *note_take(struct zone *zone, unsigned int order,
			      unsigned int max_order, int migratetype,
			      unsigned int *got)
{
	asked.order = order;
	asked.max_order = max_order;
	asked.migratetype = migratetype;
	return NULL;
}

static void refill_asks_for_pieces_of_a_block_at_most(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	kunit_activate_static_stub(test, pcp_zone_take, note_take);
	pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 4 * pageblock_nr_pages);
	KUNIT_EXPECT_EQ(test, asked.order, 0);
	KUNIT_EXPECT_EQ(test, asked.max_order, pageblock_order);
	KUNIT_EXPECT_EQ(test, asked.migratetype, MIGRATE_MOVABLE);

	pcp_fx_refill(fx, 1, MIGRATE_UNMOVABLE, pageblock_nr_pages / 2 - 1);
	KUNIT_EXPECT_EQ(test, asked.order, 1);
	KUNIT_EXPECT_EQ(test, asked.max_order, pageblock_order - 1);
	KUNIT_EXPECT_EQ(test, asked.migratetype, MIGRATE_UNMOVABLE);

	pcp_fx_refill(fx, pageblock_order, MIGRATE_MOVABLE, 1);
	KUNIT_EXPECT_EQ(test, asked.order, pageblock_order);
	KUNIT_EXPECT_EQ(test, asked.max_order, pageblock_order);
}

/* === How many === */

/* A size that tells which order was asked for. */
static int order_as_size(struct zone *zone, struct per_cpu_pages *pcp,
			 unsigned int order)
{
	return order;
}

static void refill_asks_for_the_size_of_its_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	kunit_activate_static_stub(test, pcp_zone_nr_alloc, order_as_size);
	for (i = 0; i < 4; i++)
		pcp_fx_add_fallback(fx, 0, 2 * i);
	KUNIT_EXPECT_EQ(test, 2, pcp_fx_refill(fx, 1, MIGRATE_MOVABLE, 0));
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 1);
}

static int set_new_bound(struct zone *zone, struct per_cpu_pages *pcp,
			 unsigned int order)
{
	pcp->bound = 4;
	return 8;
}

struct bound_case {
	const char *desc;
	int bound;
	unsigned int order;
	int nr;
	unsigned int got;
};

static const struct bound_case bound_cases[] = {
	{ "half of what may wait", 8, 0, 100, 4 },
	{ "no more than is wanted", 8, 0, 3, 3 },
	{ "just as many", 8, 0, 4, 4 },
	{ "half of an odd bound", 7, 0, 100, 3 },
	{ "in base pages", 8, 1, 100, 4 },
	{ "pages that fit", 7, 1, 100, 2 },
	{ "one page at least", 1, 0, 100, 1 },
	{ "one large page at least", 2, 2, 100, 4 },
	{ "one page of a disabled PCP", 0, 0, 1, 1 },
	{ "one large page of a disabled PCP", 0, 2, 1, 4 },
};

KUNIT_ARRAY_PARAM_DESC(bound, bound_cases, desc);

/* If all of it came back at once, it could wait. */
static void refill_is_half_of_the_bound_at_most(struct kunit *test)
{
	const struct bound_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;

	pcp_fx_zone_page(fx, 0, 0, pageblock_order);
	pcp_fx_zone_page(fx, 1, 0, pageblock_order);
	fx->pcp->bound = c->bound;
	KUNIT_EXPECT_EQ(test, c->got, pcp_fx_refill(fx, c->order, MIGRATE_MOVABLE, c->nr));
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 0);
	KUNIT_EXPECT_EQ(test, c->got >> c->order,
			pcp_fx_list_len(fx, MIGRATE_MOVABLE, c->order));
}

/* The PCP may be set up anew while its size is found out. */
static void refill_looks_at_the_bound_after_the_size(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	kunit_activate_static_stub(test, pcp_zone_nr_alloc, set_new_bound);
	pcp_fx_zone_page(fx, 0, 0, pageblock_order);
	KUNIT_EXPECT_EQ(test, 2, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 0));
}

/* A disabled PCP gets just the page that the caller takes at once. */
static void refill_of_disabled_pcp_gets_just_one_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int order;

	pcp_fx_zone_page(fx, 0, 0, 2);
	pcp_fx_zone_page(fx, 1, 0, pageblock_order);
	pcp_fx_add_fallback(fx, 2, 4);
	pcp_fx_disable(fx->pcp);

	for (order = 0; order < 2; order++) {
		KUNIT_EXPECT_EQ(test, 1U << order,
				pcp_fx_refill(fx, order, MIGRATE_MOVABLE, 1));
		KUNIT_EXPECT_NOT_NULL(test, pcp_take(fx->pcp, order,
						     MIGRATE_MOVABLE));
		pcp_fx_check(fx);
		KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	}
	pcp_fx_expect_in_zone(fx, fx->base[1], pageblock_order);
}

/* === Other types === */

static void refill_falls_back_for_the_rest(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int i;

	pcp_fx_type(fx, 0, MIGRATE_RECLAIMABLE);
	pcp_fx_zone_page(fx, 0, 0, 1);
	for (i = 0; i < 4; i++)
		pcp_fx_add_fallback(fx, 1, 2 * i);

	/* The page in the fallback that is one too many stays there. */
	fx->nr_alloc = 4;
	KUNIT_EXPECT_EQ(test, 8,
			pcp_refill(fx->zone, fx->pcp, 1, MIGRATE_RECLAIMABLE,
				   ALLOC_NON_BLOCK));
	pcp_fx_check(fx);
	pcp_fx_check_blocks(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 3);
	KUNIT_EXPECT_EQ(test, fx->rmqueue_order, 1);
	KUNIT_EXPECT_EQ(test, fx->rmqueue_type, MIGRATE_RECLAIMABLE);
	KUNIT_EXPECT_EQ(test, fx->rmqueue_flags, ALLOC_NON_BLOCK);
	/* It began with 0, and was handed on. */
	KUNIT_EXPECT_EQ(test, fx->rmqueue_mode, 2);
	KUNIT_EXPECT_EQ(test, 4, pcp_fx_list_len(fx, MIGRATE_RECLAIMABLE, 1));
	pcp_fx_expect_on_pcp(fx, fx->base[0], 1);
	for (i = 0; i < 3; i++)
		pcp_fx_expect_on_pcp(fx, pcp_fx_page(fx, 1, 2 * i), 1);
}

static void refill_fallback_stops_when_zone_has_none(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_add_fallback(fx, 0, 0);
	pcp_fx_add_fallback(fx, 0, 1);
	KUNIT_EXPECT_EQ(test, 2, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 5));
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 3);
}

static void refill_of_empty_zone_gets_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_EQ(test, 0, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 5));
	KUNIT_EXPECT_EQ(test, fx->nr_take, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* A fallback that gives a block the wanted type: its other pages are free. */
static int mode_after_steal;

static struct page *rmqueue_steals(struct zone *zone, unsigned int order,
				   int migratetype, unsigned int alloc_flags,
				   int *mode)
{
	struct pcp_fixture *fx = kunit_get_current_test()->priv;

	*mode = mode_after_steal;
	if (fx->nr_rmqueue++)
		return NULL;
	pcp_fx_type(fx, 1, migratetype);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 1, 4), 2);
	return pcp_fx_page(fx, 1, 0);
}

static void refill_takes_pieces_again_of_a_block_it_got(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	mode_after_steal = 0;
	kunit_activate_static_stub(test, pcp_zone_rmqueue, rmqueue_steals);
	KUNIT_EXPECT_EQ(test, 4, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 4));
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 1);
	expect_next(fx, pcp_fx_page(fx, 1, 0), 0);
	for (i = 4; i < 7; i++)
		expect_next(fx, pcp_fx_page(fx, 1, i), 0);
}

/* The zone found single pages of other types, and will do so again. */
static void refill_goes_on_where_the_fallback_found_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	mode_after_steal = 1;
	kunit_activate_static_stub(test, pcp_zone_rmqueue, rmqueue_steals);
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 4));
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_take, 1);
	pcp_fx_expect_in_zone(fx, pcp_fx_page(fx, 1, 4), 2);
}

/* The fallback alone knows how to balance CMA. */
static void refill_with_cma_first_only_falls_back(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_zone_page(fx, 0, 0, 0);
	pcp_fx_zone_page(fx, 1, 0, pageblock_order);
	pcp_fx_add_fallback(fx, 2, 4);
	pcp_fx_add_fallback(fx, 2, 6);
	fx->cma_first = true;

	KUNIT_EXPECT_EQ(test, 2, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 2));
	KUNIT_EXPECT_EQ(test, fx->nr_take, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 2);
	expect_next(fx, pcp_fx_page(fx, 2, 4), 0);
	expect_next(fx, pcp_fx_page(fx, 2, 6), 0);
	pcp_fx_expect_in_zone(fx, fx->base[0], 0);
	pcp_fx_expect_in_zone(fx, fx->base[1], pageblock_order);
}

static int nr_cma_asked;
static unsigned int cma_asked_flags;

static bool cma_first_once(struct zone *zone, unsigned int alloc_flags)
{
	cma_asked_flags = alloc_flags;
	return !nr_cma_asked++;
}

/* Its pages become fewer with each that is taken. */
static void refill_asks_about_cma_before_all_pieces(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	nr_cma_asked = 0;
	mode_after_steal = 0;
	kunit_activate_static_stub(test, pcp_zone_cma_first, cma_first_once);
	kunit_activate_static_stub(test, pcp_zone_rmqueue, rmqueue_steals);
	pcp_fx_zone_page(fx, 0, 0, 1);
	fx->nr_alloc = 3;
	KUNIT_EXPECT_EQ(test, 3, pcp_refill(fx->zone, fx->pcp, 0, MIGRATE_MOVABLE,
					    ALLOC_CMA));
	KUNIT_EXPECT_EQ(test, nr_cma_asked, 2);
	KUNIT_EXPECT_EQ(test, cma_asked_flags, ALLOC_CMA);
	expect_next(fx, pcp_fx_page(fx, 1, 0), 0);
	expect_next(fx, pcp_fx_page(fx, 0, 0), 0);
	expect_next(fx, pcp_fx_page(fx, 0, 1), 0);
}

/* === The lock === */

static unsigned int nr_looked_up;

static void expect_unlocked(struct pcp_fixture *fx)
{
	nr_looked_up++;
	KUNIT_EXPECT_FALSE_MSG(fx->test, fx->locked, "zone->lock is held");
}

static void refill_adopts_and_splits_without_zone_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_zone_page(fx, 0, 0, 0);
	pcp_fx_zone_page(fx, 1, 0, 2);
	fx->on_pageblock = expect_unlocked;
	nr_looked_up = 0;
	KUNIT_EXPECT_EQ(test, 5, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 5));
	fx->on_pageblock = NULL;
	/* Once for each piece, not for each page. */
	KUNIT_EXPECT_EQ(test, nr_looked_up, 2);
	pcp_fx_expect_owner(fx, 1, fx->cpu);
}

static void refill_takes_all_under_one_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_zone_page(fx, 0, 0, 0);

	pcp_fx_zone_page(fx, 1, 0, pageblock_order);
	pcp_fx_add_fallback(fx, 2, 1);
	/* pcp_fx_refill() looks at the number of locks. */
	KUNIT_EXPECT_EQ(test, pageblock_nr_pages + 2,
			pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, pageblock_nr_pages + 3));
	expect_next(fx, page, 0);
	expect_next(fx, fx->base[1], 0);
}

static void refill_nolock_gives_up_on_busy_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_zone_page(fx, 0, 0, 0);
	pcp_fx_add_fallback(fx, 1, 0);
	fx->lock_busy = true;

	KUNIT_EXPECT_EQ(test, 0, pcp_refill(fx->zone, fx->pcp, 0,
					    MIGRATE_MOVABLE, ALLOC_NOLOCK));
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_take, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 0);
	pcp_fx_expect_in_zone(fx, fx->base[0], 0);
	pcp_fx_expect_owner(fx, 0, -1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void refill_nolock_uses_free_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_zone_page(fx, 0, 0, 0);
	fx->nr_alloc = 1;
	KUNIT_EXPECT_EQ(test, 1, pcp_refill(fx->zone, fx->pcp, 0,
					    MIGRATE_MOVABLE, ALLOC_NOLOCK));
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 1);
}

static void refill_waits_for_busy_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_zone_page(fx, 0, 0, 0);
	fx->lock_busy = true;
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 1));
}

static struct kunit_case refill_cases[] = {
	KUNIT_CASE_PARAM(refill_takes_pages_of_wanted_type, type_gen_params),
	KUNIT_CASE(refill_takes_smallest_pages_first),
	KUNIT_CASE(refill_breaks_no_more_than_it_wants),
	KUNIT_CASE(refill_takes_a_large_page_at_once),
	KUNIT_CASE(refill_takes_pieces_of_what_is_still_wanted),
	KUNIT_CASE(refill_splits_to_the_wanted_order),
	KUNIT_CASE(refill_takes_nothing_below_the_order),
	KUNIT_CASE(refill_takes_whole_blocks),
	KUNIT_CASE(refill_goes_behind_what_is_cached),
	KUNIT_CASE(refill_merges_nothing),
	KUNIT_CASE(refill_asks_for_pieces_of_a_block_at_most),
	KUNIT_CASE(refill_asks_for_the_size_of_its_order),
	KUNIT_CASE_PARAM(refill_is_half_of_the_bound_at_most, bound_gen_params),
	KUNIT_CASE(refill_looks_at_the_bound_after_the_size),
	KUNIT_CASE(refill_of_disabled_pcp_gets_just_one_page),
	KUNIT_CASE(refill_falls_back_for_the_rest),
	KUNIT_CASE(refill_fallback_stops_when_zone_has_none),
	KUNIT_CASE(refill_of_empty_zone_gets_nothing),
	KUNIT_CASE(refill_takes_pieces_again_of_a_block_it_got),
	KUNIT_CASE(refill_goes_on_where_the_fallback_found_pages),
	KUNIT_CASE(refill_with_cma_first_only_falls_back),
	KUNIT_CASE(refill_asks_about_cma_before_all_pieces),
	KUNIT_CASE(refill_adopts_and_splits_without_zone_lock),
	KUNIT_CASE(refill_takes_all_under_one_lock),
	KUNIT_CASE(refill_nolock_gives_up_on_busy_zone),
	KUNIT_CASE(refill_nolock_uses_free_zone),
	KUNIT_CASE(refill_waits_for_busy_zone),
	{}
};

static struct kunit_suite refill_suite = {
	.name = "pcp_refill",
	.init = pcp_fx_refill_init,
	.test_cases = refill_cases,
};

kunit_test_suites(&refill_suite);
