// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for bulk.c: which pages of a PCP go back to the zone, in which
 * order, merged to what, and under how many holds of zone->lock.
 */
#include <kunit/test.h>
#include <linux/minmax.h>

#include "fixture.h"

/* A page that may not merge, so that a case can count on its order. */
static struct page *add_cached(struct pcp_fixture *fx, unsigned int index,
			       unsigned int order, int migratetype)
{
	struct page *page = pcp_fx_page(fx, 1, index);

	pcp_list_add(fx->pcp, page, order, migratetype, false);
	pcp_fx_check(fx);
	return page;
}

/* A page of block 0, which the CPU owns. */
static struct page *add_owned(struct pcp_fixture *fx, unsigned int index,
			      unsigned int order)
{
	struct page *page = pcp_fx_page(fx, 0, index);

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_list_add(fx->pcp, page, order, MIGRATE_MOVABLE, true);
	pcp_fx_check(fx);
	return page;
}

/* Expects @page, of @order, to be the next victim, and takes it. */
static void expect_victim(struct pcp_fixture *fx, struct list_head *victims,
			  struct page *page, unsigned int order)
{
	struct page *victim;

	victim = list_first_entry_or_null(victims, struct page, pcp_list);
	KUNIT_ASSERT_NOT_NULL(fx->test, victim);
	KUNIT_EXPECT_PTR_EQ(fx->test, victim, page);
	KUNIT_EXPECT_EQ(fx->test, page_private(victim), order);
	KUNIT_EXPECT_FALSE(fx->test, PagePCPBuddy(victim));
	list_del(&victim->pcp_list);
	set_page_private(victim, 0);
}

static void collect(struct pcp_fixture *fx, int count, unsigned int pindex,
		    struct list_head *victims)
{
	pcp_collect(fx->pcp, count, pindex, victims);
	pcp_fx_check(fx);
}

/* === Which pages === */

static void bulk_collect_takes_cold_pages_first(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *cold = add_cached(fx, 0, 0, MIGRATE_MOVABLE);
	struct page *warm = add_cached(fx, 5, 0, MIGRATE_MOVABLE);
	struct page *hot = add_cached(fx, 2, 0, MIGRATE_MOVABLE);
	LIST_HEAD(victims);

	collect(fx, 2, 0, &victims);
	expect_victim(fx, &victims, cold, 0);
	expect_victim(fx, &victims, warm, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_PTR_EQ(test, hot, pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
}

static void bulk_collect_gives_lone_owned_pages_cold_first(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *cold = add_owned(fx, 4, 0);
	struct page *warm = add_owned(fx, 0, 0);
	LIST_HEAD(victims);

	add_owned(fx, 2, 0);
	collect(fx, 2, 0, &victims);
	expect_victim(fx, &victims, cold, 0);
	expect_victim(fx, &victims, warm, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void bulk_collect_gives_first_what_cannot_merge(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *owned = add_owned(fx, 0, 0), *cached, *lone;
	LIST_HEAD(victims);

	add_owned(fx, 1, 0);
	cached = add_cached(fx, 0, 0, MIGRATE_MOVABLE);
	lone = add_owned(fx, 4, 0);
	collect(fx, 4, 0, &victims);
	expect_victim(fx, &victims, cached, 0);
	expect_victim(fx, &victims, lone, 0);
	expect_victim(fx, &victims, owned, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_FALSE(test, PagePCPBuddy(lone));
	KUNIT_EXPECT_FALSE(test, PagePCPBuddy(owned));
}

/* Not until the others have merged. */
static void bulk_collect_merges_with_chosen_page_that_had_no_buddy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *first = add_owned(fx, 0, 0);
	LIST_HEAD(victims);

	add_owned(fx, 1, 0);
	add_owned(fx, 2, 1);
	collect(fx, 4, 0, &victims);
	expect_victim(fx, &victims, first, 2);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void bulk_collect_begins_where_told(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;
	LIST_HEAD(victims);

	add_cached(fx, 0, 0, MIGRATE_UNMOVABLE);
	add_cached(fx, 1, 0, MIGRATE_RECLAIMABLE);
	page = add_cached(fx, 2, 1, MIGRATE_UNMOVABLE);

	collect(fx, 1, pcp_pindex(MIGRATE_UNMOVABLE, 1), &victims);
	expect_victim(fx, &victims, page, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
}

static void bulk_collect_skips_empty_lists(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;
	LIST_HEAD(victims);

	page = add_cached(fx, 0, 2, MIGRATE_RECLAIMABLE);
	collect(fx, 1, pcp_pindex(MIGRATE_UNMOVABLE, 0), &victims);
	expect_victim(fx, &victims, page, 2);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
}

static void bulk_collect_goes_round(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *first, *second, *last;
	LIST_HEAD(victims);

	second = add_cached(fx, 0, 0, MIGRATE_UNMOVABLE);
	last = add_cached(fx, 1, 0, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, fx->base[2], pageblock_order, MIGRATE_PCPTYPES - 1,
		     false);
	first = fx->base[2];

	collect(fx, pageblock_nr_pages + 2,
		pcp_pindex(MIGRATE_PCPTYPES - 1, pageblock_order), &victims);
	expect_victim(fx, &victims, first, pageblock_order);
	expect_victim(fx, &victims, second, 0);
	expect_victim(fx, &victims, last, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
}

static void bulk_collect_goes_on_with_the_next_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *before, *first, *second;
	LIST_HEAD(victims);

	before = add_cached(fx, 0, 0, MIGRATE_UNMOVABLE);
	first = add_cached(fx, 1, 0, MIGRATE_MOVABLE);
	second = add_cached(fx, 2, 0, MIGRATE_RECLAIMABLE);

	collect(fx, 2, pcp_pindex(MIGRATE_MOVABLE, 0), &victims);
	expect_victim(fx, &victims, first, 0);
	expect_victim(fx, &victims, second, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_PTR_EQ(test, before,
			    pcp_take(fx->pcp, 0, MIGRATE_UNMOVABLE));
}

/* From an empty list on, past the end and to the list before it. */
static void bulk_collect_goes_all_the_way_round(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_cached(fx, 0, 0, MIGRATE_UNMOVABLE);
	LIST_HEAD(victims);

	collect(fx, 1, 1, &victims);
	expect_victim(fx, &victims, page, 0);
}

static void bulk_collect_empties_a_list_before_the_next(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *first = add_cached(fx, 0, 0, MIGRATE_UNMOVABLE);
	struct page *other = add_cached(fx, 1, 0, MIGRATE_MOVABLE);
	struct page *second = add_cached(fx, 2, 0, MIGRATE_UNMOVABLE);
	LIST_HEAD(victims);

	collect(fx, 2, 0, &victims);
	expect_victim(fx, &victims, first, 0);
	expect_victim(fx, &victims, second, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_PTR_EQ(test, other, pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
}

/* === How many === */

static void bulk_collect_of_nothing_takes_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	LIST_HEAD(victims);

	add_cached(fx, 0, 0, MIGRATE_MOVABLE);
	collect(fx, 0, 0, &victims);
	collect(fx, -1, 0, &victims);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void bulk_collect_from_empty_pcp_ends(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	LIST_HEAD(victims);

	collect(fx, 10, 0, &victims);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
}

static void bulk_collect_counts_base_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_cached(fx, 0, 1, MIGRATE_MOVABLE);
	LIST_HEAD(victims);

	add_cached(fx, 2, 1, MIGRATE_MOVABLE);
	collect(fx, 2, 0, &victims);
	expect_victim(fx, &victims, page, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
}

static void bulk_collect_takes_large_page_whole(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_cached(fx, 0, 2, MIGRATE_MOVABLE);
	LIST_HEAD(victims);

	collect(fx, 1, 0, &victims);
	expect_victim(fx, &victims, page, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void bulk_collect_of_more_than_there_is_takes_all(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *small = add_cached(fx, 0, 0, MIGRATE_MOVABLE);
	struct page *large = add_cached(fx, 2, 1, MIGRATE_MOVABLE);
	LIST_HEAD(victims);

	collect(fx, 100, 0, &victims);
	expect_victim(fx, &victims, small, 0);
	expect_victim(fx, &victims, large, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
}

/* === Merged to what === */

static void bulk_collect_merges_and_takes_the_result_whole(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *first = add_owned(fx, 0, 0);
	LIST_HEAD(victims);

	add_owned(fx, 1, 0);
	add_owned(fx, 2, 1);
	add_owned(fx, 4, 0);
	/* One page was wanted: 4, the hot one of order 0, stays. */
	collect(fx, 1, 0, &victims);
	expect_victim(fx, &victims, first, 2);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void bulk_collect_counts_merged_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *cold = add_owned(fx, 0, 0);
	struct page *next = add_owned(fx, 4, 0);
	LIST_HEAD(victims);

	add_owned(fx, 1, 0);
	add_owned(fx, 6, 0);
	/* The coldest are 0, 4 and 1, of which 0 and 1 merge. */
	collect(fx, 3, 0, &victims);
	expect_victim(fx, &victims, next, 0);
	expect_victim(fx, &victims, cold, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void bulk_collect_survives_merge_that_empties_the_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *first = add_owned(fx, 0, 0), *other;
	LIST_HEAD(victims);

	add_owned(fx, 1, 0);
	other = add_cached(fx, 0, 0, MIGRATE_RECLAIMABLE);
	collect(fx, 3, pcp_pindex(MIGRATE_MOVABLE, 0), &victims);
	expect_victim(fx, &victims, other, 0);
	expect_victim(fx, &victims, first, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
}

static void bulk_collect_of_block_in_pieces_gives_one_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	LIST_HEAD(victims);
	unsigned int i;

	for (i = 0; i < pageblock_nr_pages; i++)
		add_owned(fx, i, 0);
	collect(fx, pageblock_nr_pages, 0, &victims);
	expect_victim(fx, &victims, fx->base[0], pageblock_order);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* Two pages of order 1 are no buddies until both have merged. */
static void bulk_collect_merges_what_it_chose_bottom_up(struct kunit *test)
{
	static const unsigned int index[] = { 5, 0, 7, 2, 4, 1, 6, 3 };
	struct pcp_fixture *fx = test->priv;
	LIST_HEAD(victims);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(index); i++)
		add_owned(fx, index[i], 0);
	collect(fx, ARRAY_SIZE(index), 0, &victims);
	expect_victim(fx, &victims, fx->base[0], 3);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* Its list has a page that was chosen, and keeps it. */
static void bulk_collect_puts_merged_page_behind_chosen_ones(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *merged = add_owned(fx, 0, 0);
	struct page *chosen = add_owned(fx, 4, 1);
	LIST_HEAD(victims);

	add_owned(fx, 1, 0);
	collect(fx, 4, 0, &victims);
	expect_victim(fx, &victims, chosen, 1);
	expect_victim(fx, &victims, merged, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* As pcp_take() splits it. */
static void bulk_collect_of_block_in_halves_gives_one_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	LIST_HEAD(victims);

	add_owned(fx, 0, pageblock_order);
	KUNIT_ASSERT_PTR_EQ(test, fx->base[0],
			    pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
	add_owned(fx, 0, 0);
	collect(fx, 1, 0, &victims);
	expect_victim(fx, &victims, fx->base[0], pageblock_order);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
}

static void bulk_collect_never_merges_cached_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *left = add_cached(fx, 0, 0, MIGRATE_MOVABLE);
	struct page *right = add_cached(fx, 1, 0, MIGRATE_MOVABLE);
	LIST_HEAD(victims);

	collect(fx, 2, 0, &victims);
	expect_victim(fx, &victims, left, 0);
	expect_victim(fx, &victims, right, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
}

/* === Back to the zone === */

static void free_bulk(struct pcp_fixture *fx, int count)
{
	pcp_free_bulk(fx->zone, fx->pcp, count, 0);
	pcp_fx_check(fx);
}

static void bulk_free_of_empty_pcp_leaves_zone_alone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	free_bulk(fx, 10);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
}

static void bulk_free_of_nothing_leaves_zone_alone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add_cached(fx, 0, 0, MIGRATE_MOVABLE);
	free_bulk(fx, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void bulk_free_locks_the_zone_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	for (i = 0; i < 8; i++)
		add_cached(fx, i, 0, MIGRATE_MOVABLE);
	free_bulk(fx, 7);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 7);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, i),
				    pcp_fx_page(fx, 1, i));
}

static void bulk_free_begins_where_told(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;

	add_cached(fx, 0, 0, MIGRATE_MOVABLE);
	page = add_cached(fx, 2, 1, MIGRATE_MOVABLE);
	pcp_free_bulk(fx->zone, fx->pcp, 1, pcp_pindex(MIGRATE_MOVABLE, 1));
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), page);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void bulk_free_of_more_than_there_is_frees_all(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add_cached(fx, 0, 2, MIGRATE_MOVABLE);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 4), 0);
	free_bulk(fx, 100);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 5);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* A caller that trims to a mark gets there, whatever came from afar. */
static void bulk_free_gives_back_what_it_absorbs(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	for (i = 0; i < 4; i++)
		add_cached(fx, i, 0, MIGRATE_MOVABLE);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 6), 0);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 7), 0);
	free_bulk(fx, 3);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 5);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->nr_waiting), 0);
}

static void bulk_free_of_nothing_still_absorbs(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 1), 0);
	free_bulk(fx, 10);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_FALSE(test, pcp_has_waiting(fx->pcp));
}

static void bulk_free_goes_on_with_a_half_sorted_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 1), 0);
	KUNIT_ASSERT_EQ(test, 1, pcp_absorb(fx->zone, fx->pcp, 1, false, false));
	pcp_fx_check(fx);
	KUNIT_ASSERT_NOT_NULL(test, fx->pcp->taken);
	KUNIT_ASSERT_TRUE(test, llist_empty(&fx->pcp->free_llist));

	free_bulk(fx, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_NULL(test, fx->pcp->taken);
}

static void bulk_free_merges_pages_from_afar(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_owned(fx, 0, 0);

	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 0, 1), 0);
	free_bulk(fx, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), page);
	KUNIT_EXPECT_EQ(test, page_private(page), 1);
	KUNIT_EXPECT_NULL(test, pcp_fx_freed(fx, 1));
}

static void bulk_free_absorbs_a_bounded_number(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int nr = min(pageblock_nr_pages, PCP_ABSORB_NODES + 5UL);
	unsigned int sorted = min(nr, PCP_ABSORB_NODES);
	unsigned int i;

	/* With blocks of 64 pages or less, all fit. */
	for (i = 0; i < nr; i++)
		pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, i), 0);
	free_bulk(fx, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, sorted);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->nr_waiting), nr - sorted);
}

static void bulk_free_sends_isolated_page_straight_to_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_cached(fx, 0, 0, MIGRATE_MOVABLE);

	pcp_fx_need_isolation(fx);
	pcp_fx_isolate(fx, 2, true);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 2, 0), 1);
	free_bulk(fx, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), pcp_fx_page(fx, 2, 0));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
	KUNIT_EXPECT_PTR_EQ(test, page, pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
}

static struct kunit_case pcp_bulk_cases[] = {
	KUNIT_CASE(bulk_collect_takes_cold_pages_first),
	KUNIT_CASE(bulk_collect_gives_lone_owned_pages_cold_first),
	KUNIT_CASE(bulk_collect_gives_first_what_cannot_merge),
	KUNIT_CASE(bulk_collect_merges_with_chosen_page_that_had_no_buddy),
	KUNIT_CASE(bulk_collect_begins_where_told),
	KUNIT_CASE(bulk_collect_skips_empty_lists),
	KUNIT_CASE(bulk_collect_goes_round),
	KUNIT_CASE(bulk_collect_goes_on_with_the_next_list),
	KUNIT_CASE(bulk_collect_goes_all_the_way_round),
	KUNIT_CASE(bulk_collect_empties_a_list_before_the_next),
	KUNIT_CASE(bulk_collect_of_nothing_takes_nothing),
	KUNIT_CASE(bulk_collect_from_empty_pcp_ends),
	KUNIT_CASE(bulk_collect_counts_base_pages),
	KUNIT_CASE(bulk_collect_takes_large_page_whole),
	KUNIT_CASE(bulk_collect_of_more_than_there_is_takes_all),
	KUNIT_CASE(bulk_collect_merges_and_takes_the_result_whole),
	KUNIT_CASE(bulk_collect_counts_merged_pages),
	KUNIT_CASE(bulk_collect_survives_merge_that_empties_the_list),
	KUNIT_CASE(bulk_collect_of_block_in_pieces_gives_one_page),
	KUNIT_CASE(bulk_collect_merges_what_it_chose_bottom_up),
	KUNIT_CASE(bulk_collect_puts_merged_page_behind_chosen_ones),
	KUNIT_CASE(bulk_collect_of_block_in_halves_gives_one_page),
	KUNIT_CASE(bulk_collect_never_merges_cached_pages),
	KUNIT_CASE(bulk_free_of_empty_pcp_leaves_zone_alone),
	KUNIT_CASE(bulk_free_of_nothing_leaves_zone_alone),
	KUNIT_CASE(bulk_free_locks_the_zone_once),
	KUNIT_CASE(bulk_free_begins_where_told),
	KUNIT_CASE(bulk_free_of_more_than_there_is_frees_all),
	KUNIT_CASE(bulk_free_gives_back_what_it_absorbs),
	KUNIT_CASE(bulk_free_of_nothing_still_absorbs),
	KUNIT_CASE(bulk_free_goes_on_with_a_half_sorted_list),
	KUNIT_CASE(bulk_free_merges_pages_from_afar),
	KUNIT_CASE(bulk_free_absorbs_a_bounded_number),
	KUNIT_CASE(bulk_free_sends_isolated_page_straight_to_the_zone),
	{}
};

static struct kunit_suite pcp_bulk_suite = {
	.name = "pcp_bulk",
	.init = pcp_fx_init,
	.test_cases = pcp_bulk_cases,
};

kunit_test_suites(&pcp_bulk_suite);
