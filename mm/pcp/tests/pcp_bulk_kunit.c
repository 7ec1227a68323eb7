// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for bulk.c: which pages of a PCP go back to the zone, in which
 * order, merged to what, who owns their blocks then, and under how many holds of
 * zone->lock.
 */
#include <kunit/test.h>

#include "lib/fixture.h"

/*
 * Pages of block 1, which nobody owns. Cases that count on their order use none that
 * are buddies.
 */
static struct page *add(struct pcp_fixture *fx, unsigned int index,
			unsigned int order, int migratetype)
{
	struct page *page = pcp_fx_page(fx, 1, index);

	pcp_list_add(fx->pcp, page, order, migratetype);
	pcp_fx_check(fx);
	return page;
}

static struct page *add_movable(struct pcp_fixture *fx, unsigned int index,
				unsigned int order)
{
	return add(fx, index, order, MIGRATE_MOVABLE);
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
	pcp_collect(fx->zone, fx->pcp, count, pindex, victims);
	pcp_fx_check(fx);
}

/* === Which pages === */

static void bulk_collect_takes_cold_pages_first(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *cold = add_movable(fx, 0, 0);
	struct page *warm = add_movable(fx, 5, 0);
	struct page *hot = add_movable(fx, 2, 0);
	LIST_HEAD(victims);

	collect(fx, 2, 0, &victims);
	expect_victim(fx, &victims, cold, 0);
	expect_victim(fx, &victims, warm, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_PTR_EQ(test, hot, pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
}

static void bulk_collect_gives_first_what_has_no_buddy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *pair = add_movable(fx, 0, 0), *lone[2];
	LIST_HEAD(victims);

	add_movable(fx, 1, 0);
	lone[0] = add_movable(fx, 6, 0);
	lone[1] = add_movable(fx, 4, 0);
	collect(fx, 4, 0, &victims);
	expect_victim(fx, &victims, lone[0], 0);
	expect_victim(fx, &victims, lone[1], 0);
	expect_victim(fx, &victims, pair, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
}

/* Not until the others have merged. */
static void bulk_collect_merges_with_chosen_page_that_had_no_buddy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *first = add_movable(fx, 0, 0);
	LIST_HEAD(victims);

	add_movable(fx, 1, 0);
	add_movable(fx, 2, 1);
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

	add(fx, 0, 0, MIGRATE_UNMOVABLE);
	add(fx, 4, 0, MIGRATE_RECLAIMABLE);
	page = add(fx, 2, 1, MIGRATE_UNMOVABLE);

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

	page = add(fx, 0, 2, MIGRATE_RECLAIMABLE);
	collect(fx, 1, pcp_pindex(MIGRATE_UNMOVABLE, 0), &victims);
	expect_victim(fx, &victims, page, 2);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
}

static void bulk_collect_goes_round(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *first, *second, *last;
	LIST_HEAD(victims);

	second = add(fx, 0, 0, MIGRATE_UNMOVABLE);
	last = add_movable(fx, 2, 0);
	pcp_list_add(fx->pcp, fx->base[2], pageblock_order, MIGRATE_PCPTYPES - 1);
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

	before = add(fx, 0, 0, MIGRATE_UNMOVABLE);
	first = add_movable(fx, 2, 0);
	second = add(fx, 4, 0, MIGRATE_RECLAIMABLE);

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
	struct page *page = add(fx, 0, 0, MIGRATE_UNMOVABLE);
	LIST_HEAD(victims);

	collect(fx, 1, 1, &victims);
	expect_victim(fx, &victims, page, 0);
}

static void bulk_collect_empties_a_list_before_the_next(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *first = add(fx, 0, 0, MIGRATE_UNMOVABLE);
	struct page *other = add_movable(fx, 2, 0);
	struct page *second = add(fx, 4, 0, MIGRATE_UNMOVABLE);
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

	add_movable(fx, 0, 0);
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
	struct page *page = add_movable(fx, 0, 1);
	LIST_HEAD(victims);

	add_movable(fx, 4, 1);
	collect(fx, 2, 0, &victims);
	expect_victim(fx, &victims, page, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
}

static void bulk_collect_takes_large_page_whole(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_movable(fx, 0, 2);
	LIST_HEAD(victims);

	collect(fx, 1, 0, &victims);
	expect_victim(fx, &victims, page, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void bulk_collect_of_more_than_there_is_takes_all(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *small = add_movable(fx, 0, 0);
	struct page *large = add_movable(fx, 2, 1);
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
	struct page *first = add_movable(fx, 0, 0);
	LIST_HEAD(victims);

	add_movable(fx, 1, 0);
	add_movable(fx, 2, 1);
	add_movable(fx, 4, 0);
	/* One page was wanted: 4, the hot one of order 0, stays. */
	collect(fx, 1, 0, &victims);
	expect_victim(fx, &victims, first, 2);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void bulk_collect_counts_merged_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *cold = add_movable(fx, 0, 0);
	struct page *next = add_movable(fx, 4, 0);
	LIST_HEAD(victims);

	add_movable(fx, 1, 0);
	add_movable(fx, 6, 0);
	/* The coldest are 0, 4 and 1. 0 and 1 merge. */
	collect(fx, 3, 0, &victims);
	expect_victim(fx, &victims, next, 0);
	expect_victim(fx, &victims, cold, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void bulk_collect_survives_merge_that_empties_the_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *first = add_movable(fx, 0, 0), *other;
	LIST_HEAD(victims);

	add_movable(fx, 1, 0);
	other = add(fx, 4, 0, MIGRATE_RECLAIMABLE);
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
		add_movable(fx, i, 0);
	collect(fx, pageblock_nr_pages, 0, &victims);
	expect_victim(fx, &victims, fx->base[1], pageblock_order);
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
		add_movable(fx, index[i], 0);
	collect(fx, ARRAY_SIZE(index), 0, &victims);
	expect_victim(fx, &victims, fx->base[1], 3);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* The coldest pages go first in what they merge to, too. */
static void bulk_collect_merges_the_coldest_first(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *cold = add_movable(fx, 4, 0);
	struct page *warm = add_movable(fx, 0, 0);
	LIST_HEAD(victims);

	add_movable(fx, 1, 0);
	add_movable(fx, 5, 0);
	collect(fx, 4, 0, &victims);
	expect_victim(fx, &victims, cold, 1);
	expect_victim(fx, &victims, warm, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
}

/* Its list has a page that was chosen, and keeps it. */
static void bulk_collect_puts_merged_page_behind_chosen_ones(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *merged = add_movable(fx, 0, 0);
	struct page *chosen = add_movable(fx, 4, 1);
	LIST_HEAD(victims);

	add_movable(fx, 1, 0);
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

	add_movable(fx, 0, pageblock_order);
	KUNIT_ASSERT_PTR_EQ(test, fx->base[1],
			    pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
	add_movable(fx, 0, 0);
	collect(fx, 1, 0, &victims);
	expect_victim(fx, &victims, fx->base[1], pageblock_order);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
}

/* It was cached before its block changed its type, say. */
static void bulk_collect_takes_buddy_from_any_list_along(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;
	LIST_HEAD(victims);

	add(fx, 2, 1, MIGRATE_RECLAIMABLE);
	add(fx, 0, 0, MIGRATE_UNMOVABLE);
	page = add_movable(fx, 1, 0);
	add_movable(fx, 4, 0);
	collect(fx, 1, pcp_pindex(MIGRATE_MOVABLE, 0), &victims);
	expect_victim(fx, &victims, page - 1, 2);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
	KUNIT_EXPECT_EQ(test, 0, pcp_fx_list_len(fx, MIGRATE_UNMOVABLE, 0));
	KUNIT_EXPECT_EQ(test, 0, pcp_fx_list_len(fx, MIGRATE_RECLAIMABLE, 1));
}

/* Nobody's block, this CPU's and another one's. */
static void bulk_collect_merges_in_any_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int i;

	pcp_fx_own(fx, 1, fx->cpu);
	pcp_fx_own(fx, 2, fx->other->cpu);
	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++) {
		LIST_HEAD(victims);

		pcp_list_add(fx->pcp, pcp_fx_page(fx, i, 1), 0, MIGRATE_MOVABLE);
		pcp_list_add(fx->pcp, pcp_fx_page(fx, i, 0), 0, MIGRATE_MOVABLE);
		collect(fx, 1, 0, &victims);
		expect_victim(fx, &victims, fx->base[i], 1);
		KUNIT_EXPECT_TRUE(test, list_empty(&victims));
		KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	}
}

static void bulk_collect_leaves_buddies_on_other_pcps(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_movable(fx, 0, 0);
	LIST_HEAD(victims);

	pcp_list_add(fx->other, pcp_fx_page(fx, 1, 1), 0, MIGRATE_MOVABLE);
	collect(fx, 2, 0, &victims);
	expect_victim(fx, &victims, page, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, fx->other->count, 1);
}

static void bulk_collect_leaves_buddies_that_wait(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_movable(fx, 0, 0);
	LIST_HEAD(victims);

	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 1), 0);
	collect(fx, 2, 0, &victims);
	expect_victim(fx, &victims, page, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&victims));
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->nr_waiting), 1);
}

/* === Owners === */

static void drop_victims(struct list_head *victims)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, victims, pcp_list) {
		list_del(&page->pcp_list);
		set_page_private(page, 0);
	}
}

static void bulk_collect_disowns_the_blocks_of_what_it_gives(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	LIST_HEAD(victims);

	/* Two pages that merge, one that does not. */
	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 2, fx->cpu);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 0, 0), 0, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 2, 4), 0, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 0, 1), 0, MIGRATE_MOVABLE);
	collect(fx, 3, 0, &victims);
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 0, -1);
	pcp_fx_expect_owner(fx, 2, -1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->owned_blocks), 0);
	drop_victims(&victims);
}

/* A second page of the block finds no owner. */
static void bulk_collect_disowns_a_block_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	LIST_HEAD(victims);

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 1, fx->cpu);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 0, 0), 0, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 0, 2), 0, MIGRATE_MOVABLE);
	collect(fx, 2, 0, &victims);
	pcp_fx_check_blocks(fx);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->owned_blocks), 1);
	pcp_fx_expect_owner(fx, 1, fx->cpu);
	drop_victims(&victims);
}

/* Its owner may well want what comes back next. */
static void bulk_collect_leaves_the_blocks_of_others_owned(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	LIST_HEAD(victims);

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 0, 0), 0, MIGRATE_MOVABLE);
	collect(fx, 1, 0, &victims);
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 0, fx->other->cpu);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->other->owned_blocks), 1);
	drop_victims(&victims);
}

static void bulk_collect_keeps_the_blocks_of_what_stays(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	LIST_HEAD(victims);

	pcp_fx_own(fx, 0, fx->cpu);
	add_movable(fx, 0, 0);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 0, 0), 0, MIGRATE_MOVABLE);
	collect(fx, 1, 0, &victims);
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	drop_victims(&victims);
}

/* Not of the CPU that happens to run: a drain works on the PCP of any. */
static void bulk_collect_looks_at_the_cpu_of_the_pcp(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	LIST_HEAD(victims);

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_own(fx, 1, fx->cpu);
	pcp_list_add(fx->other, pcp_fx_page(fx, 0, 0), 0, MIGRATE_MOVABLE);
	pcp_list_add(fx->other, pcp_fx_page(fx, 1, 0), 0, MIGRATE_MOVABLE);
	pcp_collect(fx->zone, fx->other, 2, 0, &victims);
	pcp_fx_check(fx);
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 0, -1);
	pcp_fx_expect_owner(fx, 1, fx->cpu);
	drop_victims(&victims);
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

	add_movable(fx, 0, 0);
	free_bulk(fx, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void bulk_free_locks_the_zone_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page[8];
	unsigned int i;

	for (i = 0; i < 8; i++) {
		page[i] = pcp_fx_page(fx, i / 4, i % 4 * 2);
		pcp_list_add(fx->pcp, page[i], 0, MIGRATE_MOVABLE);
	}
	free_bulk(fx, 7);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 7);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, i), page[i]);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void bulk_free_begins_where_told(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;

	add_movable(fx, 0, 0);
	page = add_movable(fx, 2, 1);
	pcp_free_bulk(fx->zone, fx->pcp, 1, pcp_pindex(MIGRATE_MOVABLE, 1));
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), page);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void bulk_free_gives_the_zone_merged_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_movable(fx, 0, 0);

	pcp_fx_own(fx, 1, fx->cpu);
	add_movable(fx, 1, 0);
	free_bulk(fx, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), page);
	KUNIT_EXPECT_EQ(test, page_private(page), 1);
	KUNIT_EXPECT_NULL(test, pcp_fx_freed(fx, 1));
	pcp_fx_expect_owner(fx, 1, -1);
	pcp_fx_check_blocks(fx);
}

/* Whether they are of use, the next allocation finds out. */
static void bulk_free_of_all_leaves_what_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct llist_node *node = &pcp_fx_page(fx, 1, 5)->pcp_llist;

	add_movable(fx, 0, 2);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 5), 0);
	free_bulk(fx, 100);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_PTR_EQ(test, fx->pcp->free_llist.first, node);
	KUNIT_EXPECT_NULL(test, fx->pcp->taken);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->nr_waiting), 1);
}

static struct kunit_case pcp_bulk_cases[] = {
	KUNIT_CASE(bulk_collect_takes_cold_pages_first),
	KUNIT_CASE(bulk_collect_gives_first_what_has_no_buddy),
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
	KUNIT_CASE(bulk_collect_merges_the_coldest_first),
	KUNIT_CASE(bulk_collect_puts_merged_page_behind_chosen_ones),
	KUNIT_CASE(bulk_collect_of_block_in_halves_gives_one_page),
	KUNIT_CASE(bulk_collect_takes_buddy_from_any_list_along),
	KUNIT_CASE(bulk_collect_merges_in_any_block),
	KUNIT_CASE(bulk_collect_leaves_buddies_on_other_pcps),
	KUNIT_CASE(bulk_collect_leaves_buddies_that_wait),
	KUNIT_CASE(bulk_collect_disowns_the_blocks_of_what_it_gives),
	KUNIT_CASE(bulk_collect_disowns_a_block_once),
	KUNIT_CASE(bulk_collect_leaves_the_blocks_of_others_owned),
	KUNIT_CASE(bulk_collect_keeps_the_blocks_of_what_stays),
	KUNIT_CASE(bulk_collect_looks_at_the_cpu_of_the_pcp),
	KUNIT_CASE(bulk_free_of_empty_pcp_leaves_zone_alone),
	KUNIT_CASE(bulk_free_of_nothing_leaves_zone_alone),
	KUNIT_CASE(bulk_free_locks_the_zone_once),
	KUNIT_CASE(bulk_free_begins_where_told),
	KUNIT_CASE(bulk_free_gives_the_zone_merged_pages),
	KUNIT_CASE(bulk_free_of_all_leaves_what_waits),
	{}
};

static struct kunit_suite pcp_bulk_suite = {
	.name = "pcp_bulk",
	.init = pcp_fx_init,
	.test_cases = pcp_bulk_cases,
};

kunit_test_suites(&pcp_bulk_suite);
