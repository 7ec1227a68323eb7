// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for buddy.c: the lists of one PCP, splitting and merging.
 *
 * Cases by hand for each state that a neighbour can be in, and a random
 * sequence against a model that keeps its pieces in a plain array. To run that
 * sequence again: pcp_buddy_kunit.seed=<the number that it prints>.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>

#include "fixture.h"

static unsigned int seed;
module_param(seed, uint, 0444);

static void add(struct pcp_fixture *fx, struct page *page, unsigned int order)
{
	pcp_list_add(fx->pcp, page, order, MIGRATE_MOVABLE);
	pcp_fx_check(fx);
}

static void add_tail(struct pcp_fixture *fx, struct page *page, unsigned int order)
{
	pcp_list_add_tail(fx->pcp, page, order, MIGRATE_MOVABLE);
	pcp_fx_check(fx);
}

static void expect_list(struct pcp_fixture *fx, unsigned int order,
			const struct page *first, const struct page *last)
{
	struct list_head *list;

	list = &fx->pcp->lists[pcp_pindex(MIGRATE_MOVABLE, order)];
	KUNIT_ASSERT_FALSE(fx->test, list_empty(list));
	KUNIT_EXPECT_PTR_EQ(fx->test, first,
			    list_first_entry(list, struct page, pcp_list));
	KUNIT_EXPECT_PTR_EQ(fx->test, last,
			    list_last_entry(list, struct page, pcp_list));
}

/* A page that was handed out looks like any page in use. */
static void expect_out(struct pcp_fixture *fx, struct page *page)
{
	KUNIT_ASSERT_NOT_NULL(fx->test, page);
	KUNIT_EXPECT_FALSE(fx->test, PagePCPBuddy(page));
	KUNIT_EXPECT_EQ(fx->test, page_private(page), 0);
}

/* === Lists === */

static void buddy_add_puts_page_on_hot_end(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add(fx, pcp_fx_page(fx, 0, 4), 1);
	add(fx, pcp_fx_page(fx, 0, 2), 1);

	expect_list(fx, 1, pcp_fx_page(fx, 0, 2), pcp_fx_page(fx, 0, 4));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_page(fx, 0, 2)), 1);
}

static void buddy_add_tail_puts_page_on_cold_end(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add(fx, pcp_fx_page(fx, 0, 4), 1);
	add_tail(fx, pcp_fx_page(fx, 0, 2), 1);

	expect_list(fx, 1, pcp_fx_page(fx, 0, 4), pcp_fx_page(fx, 0, 2));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_page(fx, 0, 2)), 1);
}

/* Whoever owns the block. */
static void buddy_add_sets_the_mark_of_the_cpu(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int i;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 1, fx->other->cpu);
	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++) {
		add(fx, pcp_fx_page(fx, i, 0), 0);
		add_tail(fx, pcp_fx_page(fx, i, 2), 0);
		KUNIT_EXPECT_EQ(test, pcp_fx_page(fx, i, 0)->page_type,
				pcp_mark(fx->pcp));
		KUNIT_EXPECT_EQ(test, pcp_fx_page(fx, i, 2)->page_type,
				pcp_mark(fx->pcp));
	}
}

static void buddy_add_replaces_the_mark_of_a_waiting_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_set_mark(page, PCP_MARK_WAITS);
	add(fx, page, 0);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(page, pcp_mark(fx->pcp)));
}

/* CPU 0 is a CPU, too. */
static void buddy_each_cpu_has_a_mark_of_its_own(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	int cpu, at;

	for_each_possible_cpu(cpu) {
		struct per_cpu_pages *pcp = zone_pcp(fx->zone, cpu);

		pcp_list_add(pcp, page, 0, MIGRATE_MOVABLE);
		pcp_fx_check(fx);
		KUNIT_EXPECT_TRUE(test, PagePCPBuddy(page));
		KUNIT_EXPECT_FALSE(test, pcp_has_mark(page, PCP_MARK_WAITS));
		for_each_possible_cpu(at)
			KUNIT_EXPECT_EQ(test, at == cpu,
					pcp_has_mark(page, pcp_mark(zone_pcp(fx->zone, at))));
		pcp_list_del(pcp, page, 0);
	}
	KUNIT_EXPECT_FALSE(test, pcp_has_mark(page, PCP_MARK_WAITS));

	/* And a page that waits is on the PCP of none. */
	pcp_set_mark(page, PCP_MARK_WAITS);
	KUNIT_EXPECT_TRUE(test, PagePCPBuddy(page));
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_FALSE(test, pcp_has_mark(page, pcp_mark(zone_pcp(fx->zone, cpu))));
}

static void buddy_each_type_and_order_has_its_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int index = 0;
	int type, order;

	/* Orders 0 and 1 of each type fit into a block of 8 pages. */
	for (type = 0; type < MIGRATE_PCPTYPES; type++) {
		for (order = 0; order < 2; order++) {
			struct page *page = pcp_fx_page(fx, order, index);

			pcp_list_add(fx->pcp, page, order, type);
			pcp_fx_check(fx);
			KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, type, order));
		}
		index += 2;
	}
	pcp_list_add(fx->pcp, fx->base[2], pageblock_order, MIGRATE_RECLAIMABLE);
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, MIGRATE_RECLAIMABLE,
						 pageblock_order));
	KUNIT_EXPECT_EQ(test, fx->pcp->count,
			3 * MIGRATE_PCPTYPES + pageblock_nr_pages);
}

static void buddy_del_leaves_no_trace(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *cold = pcp_fx_page(fx, 0, 2), *hot = pcp_fx_page(fx, 0, 4);

	add(fx, cold, 1);
	add(fx, hot, 1);

	pcp_list_del(fx->pcp, cold, 1);
	pcp_fx_check(fx);
	expect_out(fx, cold);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	expect_list(fx, 1, hot, hot);

	pcp_list_del(fx->pcp, hot, 1);
	pcp_fx_check(fx);
	expect_out(fx, hot);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* === Pieces of one order === */

static void buddy_add_split_appends_pieces_by_ascending_pfn(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *hot = pcp_fx_page(fx, 1, 0);
	unsigned int i;

	add(fx, hot, 1);
	pcp_add_split(fx->pcp, pcp_fx_page(fx, 0, 0), 3, 1, MIGRATE_MOVABLE);
	pcp_fx_check(fx);

	KUNIT_EXPECT_EQ(test, fx->pcp->count, 10);
	KUNIT_EXPECT_EQ(test, 5, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_PTR_EQ(test, hot, pcp_take(fx->pcp, 1, MIGRATE_MOVABLE));
	for (i = 0; i < 8; i += 2)
		KUNIT_EXPECT_PTR_EQ(test, pcp_fx_page(fx, 0, i),
				    pcp_take(fx->pcp, 1, MIGRATE_MOVABLE));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_add_split_of_the_order_itself_adds_one_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_add_split(fx->pcp, pcp_fx_page(fx, 0, 4), 2, 2, MIGRATE_RECLAIMABLE);
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, MIGRATE_RECLAIMABLE, 2));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_page(fx, 0, 4),
			    pcp_take(fx->pcp, 2, MIGRATE_RECLAIMABLE));
}

/* === Taking and splitting === */

static void buddy_take_from_empty_pcp_is_null(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_NULL(test, pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
	KUNIT_EXPECT_NULL(test, pcp_take(fx->pcp, pageblock_order,
					 MIGRATE_MOVABLE));
	pcp_fx_check(fx);
}

static void buddy_take_never_joins_smaller_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add(fx, pcp_fx_page(fx, 0, 0), 0);
	add(fx, pcp_fx_page(fx, 0, 1), 0);

	KUNIT_EXPECT_NULL(test, pcp_take(fx->pcp, 1, MIGRATE_MOVABLE));
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
}

static void buddy_take_keeps_to_its_type(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add(fx, pcp_fx_page(fx, 0, 0), 0);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 0), 1, MIGRATE_RECLAIMABLE);

	KUNIT_EXPECT_NULL(test, pcp_take(fx->pcp, 0, MIGRATE_UNMOVABLE));
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_page(fx, 1, 0),
			    pcp_take(fx->pcp, 0, MIGRATE_RECLAIMABLE));
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0));
	/* A split leaves the rest to the same type. */
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, MIGRATE_RECLAIMABLE, 0));
}

static void buddy_take_prefers_the_hot_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;

	add(fx, pcp_fx_page(fx, 0, 0), 0);
	add(fx, pcp_fx_page(fx, 0, 5), 0);

	page = pcp_take(fx->pcp, 0, MIGRATE_MOVABLE);
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(test, page, pcp_fx_page(fx, 0, 5));
	expect_out(fx, page);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void buddy_take_exact_order_splits_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;

	add(fx, pcp_fx_page(fx, 0, 4), 2);
	add(fx, pcp_fx_page(fx, 0, 2), 1);
	add(fx, pcp_fx_page(fx, 0, 0), 0);

	page = pcp_take(fx->pcp, 1, MIGRATE_MOVABLE);
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(test, page, pcp_fx_page(fx, 0, 2));
	expect_out(fx, page);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 5);
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 2));
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0));
}

static void buddy_take_splits_the_smallest_that_will_do(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;

	add(fx, fx->base[1], pageblock_order);
	add(fx, pcp_fx_page(fx, 0, 4), 2);

	page = pcp_take(fx->pcp, 0, MIGRATE_MOVABLE);
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(test, page, pcp_fx_page(fx, 0, 4));
	expect_out(fx, page);
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, MIGRATE_MOVABLE,
						 pageblock_order));
	expect_list(fx, 0, pcp_fx_page(fx, 0, 5), pcp_fx_page(fx, 0, 5));
	expect_list(fx, 1, pcp_fx_page(fx, 0, 6), pcp_fx_page(fx, 0, 6));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, pageblock_nr_pages + 3);
}

/* The upper half of each order stays, and may merge again. */
static void buddy_split_leaves_the_upper_halves(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;
	int order;

	add(fx, fx->base[0], pageblock_order);

	page = pcp_take(fx->pcp, 0, MIGRATE_MOVABLE);
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(test, page, fx->base[0]);
	expect_out(fx, page);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, pageblock_nr_pages - 1);
	for (order = 0; order < pageblock_order; order++) {
		struct page *half = pcp_fx_page(fx, 0, 1 << order);

		KUNIT_EXPECT_EQ(test, 1,
				pcp_fx_list_len(fx, MIGRATE_MOVABLE, order));
		expect_list(fx, order, half, half);
		KUNIT_EXPECT_EQ(test, page_private(half), order);
		KUNIT_EXPECT_TRUE(test, pcp_has_mark(half, pcp_mark(fx->pcp)));
	}
}

/* Larger pages of other types stay whole. */
static void buddy_take_of_a_block_leaves_pages_of_other_lists(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add(fx, pcp_fx_page(fx, 1, 0), pageblock_order - 1);
	pcp_list_add(fx->pcp, fx->base[0], pageblock_order, MIGRATE_UNMOVABLE);
	KUNIT_EXPECT_NULL(test, pcp_take(fx->pcp, pageblock_order, MIGRATE_MOVABLE));
	KUNIT_EXPECT_PTR_EQ(test, fx->base[0],
			    pcp_take(fx->pcp, pageblock_order, MIGRATE_UNMOVABLE));
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, pageblock_nr_pages / 2);
}

static void buddy_pages_of_a_block_come_in_ascending_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	add(fx, fx->base[0], pageblock_order);
	for (i = 0; i < pageblock_nr_pages; i++) {
		KUNIT_ASSERT_PTR_EQ(test, pcp_fx_page(fx, 0, i),
				    pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
		pcp_fx_check(fx);
	}
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_refilled_pages_come_in_ascending_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	for (i = 0; i < 8; i++)
		add_tail(fx, pcp_fx_page(fx, 0, i), 0);
	for (i = 0; i < 8; i++) {
		KUNIT_ASSERT_PTR_EQ(test, pcp_fx_page(fx, 0, i),
				    pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
		pcp_fx_check(fx);
	}
}

/* === Merging === */

/* Merge page @index of block 0, and say what became of it. */
static void expect_merge(struct pcp_fixture *fx, unsigned int index,
			 unsigned int order, unsigned int to_index,
			 unsigned int to_order)
{
	struct page *page;

	page = pcp_merge(fx->pcp, pcp_fx_page(fx, 0, index), &order);
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(fx->test, page, pcp_fx_page(fx, 0, to_index));
	KUNIT_EXPECT_EQ(fx->test, order, to_order);
	KUNIT_EXPECT_FALSE(fx->test, PagePCPBuddy(page));
	KUNIT_EXPECT_EQ(fx->test, page_private(page), 0);
}

static void buddy_merge_stops_at_buddy_in_use(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	expect_merge(fx, 2, 0, 2, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_merge_with_right_buddy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add(fx, pcp_fx_page(fx, 0, 4), 1);
	expect_merge(fx, 6, 1, 4, 2);
	expect_out(fx, pcp_fx_page(fx, 0, 4));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_merge_with_left_buddy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add(fx, pcp_fx_page(fx, 0, 6), 1);
	expect_merge(fx, 4, 1, 4, 2);
	expect_out(fx, pcp_fx_page(fx, 0, 6));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_merge_stops_at_buddy_in_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_zone_add(fx, pcp_fx_page(fx, 0, 1), 0);
	expect_merge(fx, 0, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, PageBuddy(pcp_fx_page(fx, 0, 1)));
}

/* Nobody's block, this CPU's and another one's. */
static void buddy_merge_does_not_ask_for_the_owner(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int i;

	pcp_fx_own(fx, 1, fx->cpu);
	pcp_fx_own(fx, 2, fx->other->cpu);
	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++) {
		unsigned int order = 0;

		add(fx, pcp_fx_page(fx, i, 1), 0);
		KUNIT_EXPECT_PTR_EQ(test, fx->base[i],
				    pcp_merge(fx->pcp, fx->base[i], &order));
		pcp_fx_check(fx);
		KUNIT_EXPECT_EQ(test, order, 1);
		KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	}
	pcp_fx_check_blocks(fx);
}

/* Even in this CPU's block: that lock is not held. */
static void buddy_merge_leaves_a_page_of_another_pcp(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int cpu;

	pcp_fx_own(fx, 0, fx->cpu);
	for_each_possible_cpu(cpu) {
		struct per_cpu_pages *pcp = zone_pcp(fx->zone, cpu);
		struct page *page = pcp_fx_page(fx, 0, 1);

		if (cpu == fx->cpu)
			continue;
		pcp_list_add(pcp, page, 0, MIGRATE_MOVABLE);
		expect_merge(fx, 0, 0, 0, 0);
		KUNIT_EXPECT_EQ(test, pcp->count, 1);
		KUNIT_EXPECT_TRUE(test, pcp_has_mark(page, pcp_mark(pcp)));
		pcp_list_del(pcp, page, 0);
	}
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* The last block of lowmem has pages of HIGHMEM, say. This CPU has a PCP there, too. */
static void buddy_merge_leaves_a_page_of_another_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct zone *zone = pcp_fx_zone(fx);
	struct per_cpu_pages *pcp = zone_pcp(zone, fx->cpu);
	struct page *page = pcp_fx_page(fx, 0, 1);
	enum zone_type type = page_zonenum(page);

	set_page_zone(page, type ? 0 : ZONE_MOVABLE);
	pcp_list_add(pcp, page, 0, MIGRATE_MOVABLE);
	KUNIT_ASSERT_EQ(test, pcp_mark(pcp), pcp_mark(fx->pcp));
	expect_merge(fx, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, pcp->count, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(page, pcp_mark(pcp)));
	pcp_list_del(pcp, page, 0);
	set_page_zone(page, type);
}

/* Who pushes the next page holds no lock. */
static void buddy_merge_leaves_a_page_that_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 0, 1), 0);
	expect_merge(fx, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->nr_waiting), 1);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(pcp_fx_page(fx, 0, 1), PCP_MARK_WAITS));
	KUNIT_EXPECT_PTR_EQ(test, fx->pcp->free_llist.first,
			    &pcp_fx_page(fx, 0, 1)->pcp_llist);
}

/* What its user has in page_private() is no order. */
static void buddy_merge_leaves_a_page_in_use_that_has_private_data(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	set_page_private(pcp_fx_page(fx, 0, 2), 1);
	expect_merge(fx, 0, 1, 0, 1);
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_page(fx, 0, 2)), 1UL);
}

static void buddy_merge_stops_at_split_buddy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add(fx, pcp_fx_page(fx, 0, 2), 0);
	expect_merge(fx, 0, 1, 0, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

/* Cannot be while all is well: the larger page would hold this one. */
static void buddy_merge_stops_at_larger_buddy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int order = 0;

	add(fx, pcp_fx_page(fx, 0, 0), 1);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_page(fx, 0, 1),
			    pcp_merge(fx->pcp, pcp_fx_page(fx, 0, 1), &order));
	KUNIT_EXPECT_EQ(test, order, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	pcp_fx_check(fx);
}

static void buddy_merge_finds_buddy_on_list_of_another_type(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* The block changed its type since the buddy was cached. */
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 0, 1), 0, MIGRATE_UNMOVABLE);
	pcp_fx_check(fx);
	expect_merge(fx, 0, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_merge_chain_stops_at_gap(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* 0 1 23 are free, 4567 is in use from the start. */
	add(fx, pcp_fx_page(fx, 0, 0), 0);
	add(fx, pcp_fx_page(fx, 0, 2), 1);
	expect_merge(fx, 1, 0, 0, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_merge_chain_goes_left_and_right(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* 5 merges with 4, then right with 67, then left with 0123. */
	add(fx, pcp_fx_page(fx, 0, 4), 0);
	add(fx, pcp_fx_page(fx, 0, 6), 1);
	add(fx, pcp_fx_page(fx, 0, 0), 2);
	expect_merge(fx, 5, 0, 0, 3);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* The last page of a block, after all its upper halves. */
static void buddy_merge_chain_reaches_the_whole_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add(fx, fx->base[0], pageblock_order);
	KUNIT_ASSERT_PTR_EQ(test, fx->base[0],
			    pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
	pcp_fx_check(fx);
	expect_merge(fx, 0, 0, 0, pageblock_order);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_merge_counts_the_pages_merged(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int order = 0;

	pcp_fx_need_events(fx);
	KUNIT_EXPECT_EQ(test, 0,
			PCP_FX_EVENTS(PCP_MERGE,
				      pcp_merge(fx->pcp, fx->base[0], &order)));
	add(fx, pcp_fx_page(fx, 0, 1), 0);
	add(fx, pcp_fx_page(fx, 0, 2), 1);
	KUNIT_EXPECT_EQ(test, 3,
			PCP_FX_EVENTS(PCP_MERGE,
				      pcp_merge(fx->pcp, fx->base[0], &order)));
	KUNIT_EXPECT_EQ(test, order, 2);
	pcp_fx_check(fx);
}

static void free_block(void *ptr)
{
	struct page *page = ptr;

	if (PagePCPBuddy(page))
		pcp_clear_mark(page);
	set_page_private(page, 0);
	set_page_count(page, 1);
	__free_pages(page, pageblock_order);
}

/*
 * Makes blocks 0 and 1 of the fixture buddies of each other. With blocks below
 * MAX_PAGE_ORDER they are already.
 */
static void get_buddy_blocks(struct pcp_fixture *fx)
{
	struct kunit *test = fx->test;
	struct page *block[16];
	int i, j;

	if ((page_to_pfn(fx->base[0]) ^ pageblock_nr_pages) ==
	    page_to_pfn(fx->base[1]))
		return;

	for (i = 0; i < ARRAY_SIZE(block); i++) {
		block[i] = alloc_pages(GFP_KERNEL, pageblock_order);
		KUNIT_ASSERT_NOT_NULL(test, block[i]);
		KUNIT_ASSERT_EQ(test, 0,
				kunit_add_action_or_reset(test, free_block,
							  block[i]));
		set_page_count(block[i], 0);
		for (j = 0; j < i; j++) {
			if ((page_to_pfn(block[i]) ^ pageblock_nr_pages) !=
			    page_to_pfn(block[j]))
				continue;
			fx->base[0] = block[i];
			fx->base[1] = block[j];
			return;
		}
	}
	KUNIT_FAIL_AND_ABORT(test, "no two free blocks are buddies");
}

static void buddy_merge_does_not_cross_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int order = pageblock_order;
	struct page *page;

	get_buddy_blocks(fx);
	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 1, fx->cpu);
	add(fx, fx->base[1], pageblock_order);

	page = pcp_merge(fx->pcp, fx->base[0], &order);
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(test, page, fx->base[0]);
	KUNIT_EXPECT_EQ(test, order, pageblock_order);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, pageblock_nr_pages);
}

/* === A random sequence against a model === */

#define STEPS	2000

/* A page on a list of a PCP. */
struct piece {
	struct per_cpu_pages *pcp;
	int block;
	unsigned int index;
	unsigned int order;
	int type;
};

/*
 * What must be on the lists of both PCPs: @pieces from hot to cold, all orders and
 * types together. One bit in @free for each of their base pages.
 */
struct model {
	struct pcp_fixture *fx;
	struct rnd_state rnd;
	unsigned int nr;
	struct piece *pieces;
	unsigned long *free[PCP_FIXTURE_BLOCKS];
};

static struct page *piece_page(struct model *m, const struct piece *p)
{
	return pcp_fx_page(m->fx, p->block, p->index);
}

static void model_add(struct model *m, struct piece p, bool tail)
{
	if (!tail)
		memmove(m->pieces + 1, m->pieces, m->nr * sizeof(p));
	m->pieces[tail ? m->nr : 0] = p;
	m->nr++;
	KUNIT_ASSERT_EQ(m->fx->test, p.index + (1 << p.order),
			find_next_bit(m->free[p.block],
				      p.index + (1 << p.order), p.index));
	bitmap_set(m->free[p.block], p.index, 1 << p.order);
}

static struct piece model_del(struct model *m, unsigned int i)
{
	struct piece p = m->pieces[i];

	m->nr--;
	memmove(m->pieces + i, m->pieces + i + 1, (m->nr - i) * sizeof(p));
	bitmap_clear(m->free[p.block], p.index, 1 << p.order);
	return p;
}

/* Returns false if nothing is large enough. */
static bool model_take(struct model *m, struct per_cpu_pages *pcp,
		       unsigned int order, int type, struct piece *taken)
{
	unsigned int want, i;

	for (want = order; want <= pageblock_order; want++) {
		for (i = 0; i < m->nr; i++) {
			struct piece *p = &m->pieces[i];

			if (p->pcp == pcp && p->order == want && p->type == type)
				goto found;
		}
	}
	return false;
found:
	*taken = model_del(m, i);
	while (taken->order > order) {
		struct piece half = *taken;

		taken->order--;
		half.order--;
		half.index += 1 << half.order;
		model_add(m, half, false);
	}
	return true;
}

static void model_merge(struct model *m, struct piece *p)
{
	unsigned int i = 0;

	while (p->order < pageblock_order && i < m->nr) {
		struct piece *q = &m->pieces[i++];

		if (q->pcp != p->pcp || q->block != p->block ||
		    q->order != p->order ||
		    q->index / (2 << p->order) != p->index / (2 << p->order))
			continue;
		p->index = min(p->index, q->index);
		p->order++;
		model_del(m, i - 1);
		i = 0;
	}
}

static void model_check_pcp(struct model *m, struct per_cpu_pages *pcp)
{
	struct kunit *test = m->fx->test;
	unsigned int pindex, count = 0, i;

	for (pindex = 0; pindex < NR_PCP_LISTS; pindex++) {
		struct list_head *pos = &pcp->lists[pindex];

		for (i = 0; i < m->nr; i++) {
			struct piece *p = &m->pieces[i];

			if (p->pcp != pcp || pcp_pindex(p->type, p->order) != pindex)
				continue;
			pos = pos->next;
			KUNIT_ASSERT_PTR_EQ(test, pos, &piece_page(m, p)->pcp_list);
			count += 1 << p->order;
		}
		KUNIT_ASSERT_PTR_EQ(test, pos->next, &pcp->lists[pindex]);
	}
	KUNIT_ASSERT_EQ(test, pcp->count, count);
}

static void model_check(struct model *m)
{
	model_check_pcp(m, m->fx->pcp);
	model_check_pcp(m, m->fx->other);
	pcp_fx_check(m->fx);
}

static unsigned int model_random(struct model *m, unsigned int below)
{
	return prandom_u32_state(&m->rnd) % below;
}

/* Half of all pages have order 0, a quarter has order 1, and so on. */
static unsigned int model_order(struct model *m)
{
	unsigned int order = __ffs(prandom_u32_state(&m->rnd) | BIT(31));

	return min(order, pageblock_order);
}

/* A quarter of all steps is done by the other CPU. */
static struct per_cpu_pages *model_pcp(struct model *m)
{
	return model_random(m, 4) ? m->fx->pcp : m->fx->other;
}

static void model_free_step(struct model *m)
{
	struct piece p = {
		.pcp = model_pcp(m),
		.block = model_random(m, PCP_FIXTURE_BLOCKS),
		.order = model_order(m),
		.type = model_random(m, MIGRATE_PCPTYPES),
	};
	bool tail = model_random(m, 2);

	p.index = model_random(m, pageblock_nr_pages) & ~((1U << p.order) - 1);
	if (find_next_bit(m->free[p.block], p.index + (1 << p.order),
			  p.index) < p.index + (1 << p.order))
		return;
	model_add(m, p, tail);
	if (tail)
		pcp_list_add_tail(p.pcp, piece_page(m, &p), p.order, p.type);
	else
		pcp_list_add(p.pcp, piece_page(m, &p), p.order, p.type);
}

static void model_take_step(struct model *m)
{
	struct per_cpu_pages *pcp = model_pcp(m);
	unsigned int order = model_order(m);
	int type = model_random(m, MIGRATE_PCPTYPES);
	struct page *page = pcp_take(pcp, order, type);
	struct piece p;

	if (!model_take(m, pcp, order, type, &p)) {
		KUNIT_ASSERT_NULL(m->fx->test, page);
		return;
	}
	KUNIT_ASSERT_PTR_EQ(m->fx->test, page, piece_page(m, &p));
	expect_out(m->fx, page);
}

/* As a bulk free does, but the merged page may stay. */
static void model_merge_step(struct model *m)
{
	struct page *page;
	unsigned int order;
	struct piece p;

	if (!m->nr)
		return;
	p = model_del(m, model_random(m, m->nr));
	page = piece_page(m, &p);
	order = p.order;
	pcp_list_del(p.pcp, page, order);
	model_merge(m, &p);
	page = pcp_merge(p.pcp, page, &order);
	KUNIT_ASSERT_PTR_EQ(m->fx->test, page, piece_page(m, &p));
	KUNIT_ASSERT_EQ(m->fx->test, order, p.order);
	if (model_random(m, 2)) {
		model_add(m, p, false);
		pcp_list_add(p.pcp, page, order, p.type);
	}
}

static void buddy_random_sequence_matches_model(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	u32 used = seed ?: get_random_u32();
	int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->fx = fx;
	m->pieces = kunit_kcalloc(test, PCP_FIXTURE_BLOCKS * pageblock_nr_pages,
				  sizeof(*m->pieces), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m->pieces);
	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++) {
		m->free[i] = kunit_kcalloc(test, BITS_TO_LONGS(pageblock_nr_pages),
					   sizeof(long), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, m->free[i]);
	}
	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 1, fx->other->cpu);

	kunit_info(test, "seed %u", used);
	prandom_seed_state(&m->rnd, used);
	for (i = 0; i < STEPS; i++) {
		switch (model_random(m, 4)) {
		case 0:
		case 1:
			model_free_step(m);
			break;
		case 2:
			model_take_step(m);
			break;
		case 3:
			model_merge_step(m);
			break;
		}
		model_check(m);
	}
}

static struct kunit_case pcp_buddy_cases[] = {
	KUNIT_CASE(buddy_add_puts_page_on_hot_end),
	KUNIT_CASE(buddy_add_tail_puts_page_on_cold_end),
	KUNIT_CASE(buddy_add_sets_the_mark_of_the_cpu),
	KUNIT_CASE(buddy_add_replaces_the_mark_of_a_waiting_page),
	KUNIT_CASE(buddy_each_cpu_has_a_mark_of_its_own),
	KUNIT_CASE(buddy_each_type_and_order_has_its_list),
	KUNIT_CASE(buddy_del_leaves_no_trace),
	KUNIT_CASE(buddy_add_split_appends_pieces_by_ascending_pfn),
	KUNIT_CASE(buddy_add_split_of_the_order_itself_adds_one_page),
	KUNIT_CASE(buddy_take_from_empty_pcp_is_null),
	KUNIT_CASE(buddy_take_never_joins_smaller_pages),
	KUNIT_CASE(buddy_take_keeps_to_its_type),
	KUNIT_CASE(buddy_take_prefers_the_hot_page),
	KUNIT_CASE(buddy_take_exact_order_splits_nothing),
	KUNIT_CASE(buddy_take_splits_the_smallest_that_will_do),
	KUNIT_CASE(buddy_split_leaves_the_upper_halves),
	KUNIT_CASE(buddy_take_of_a_block_leaves_pages_of_other_lists),
	KUNIT_CASE(buddy_pages_of_a_block_come_in_ascending_order),
	KUNIT_CASE(buddy_refilled_pages_come_in_ascending_order),
	KUNIT_CASE(buddy_merge_stops_at_buddy_in_use),
	KUNIT_CASE(buddy_merge_with_right_buddy),
	KUNIT_CASE(buddy_merge_with_left_buddy),
	KUNIT_CASE(buddy_merge_stops_at_buddy_in_zone),
	KUNIT_CASE(buddy_merge_does_not_ask_for_the_owner),
	KUNIT_CASE(buddy_merge_leaves_a_page_of_another_pcp),
	KUNIT_CASE(buddy_merge_leaves_a_page_of_another_zone),
	KUNIT_CASE(buddy_merge_leaves_a_page_that_waits),
	KUNIT_CASE(buddy_merge_leaves_a_page_in_use_that_has_private_data),
	KUNIT_CASE(buddy_merge_stops_at_split_buddy),
	KUNIT_CASE(buddy_merge_stops_at_larger_buddy),
	KUNIT_CASE(buddy_merge_finds_buddy_on_list_of_another_type),
	KUNIT_CASE(buddy_merge_chain_stops_at_gap),
	KUNIT_CASE(buddy_merge_chain_goes_left_and_right),
	KUNIT_CASE(buddy_merge_chain_reaches_the_whole_block),
	KUNIT_CASE(buddy_merge_counts_the_pages_merged),
	KUNIT_CASE(buddy_merge_does_not_cross_blocks),
	KUNIT_CASE(buddy_random_sequence_matches_model),
	{}
};

static struct kunit_suite pcp_buddy_suite = {
	.name = "pcp_buddy",
	.init = pcp_fx_init,
	.test_cases = pcp_buddy_cases,
};

kunit_test_suites(&pcp_buddy_suite);
