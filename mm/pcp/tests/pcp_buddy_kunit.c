// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the lists of buddy.c: what is put on a list of a PCP, taken off it, and
 * split. The suite pcp_buddy_merge has the merging, and pcp_buddy_random all together.
 */
#include <kunit/test.h>

#include "lib/fixture.h"

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

/* === Lists === */

static void buddy_add_puts_page_on_hot_end(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_add(fx, pcp_fx_page(fx, 0, 4), 1);
	pcp_fx_add(fx, pcp_fx_page(fx, 0, 2), 1);

	expect_list(fx, 1, pcp_fx_page(fx, 0, 2), pcp_fx_page(fx, 0, 4));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_page(fx, 0, 2)), 1);
}

static void buddy_add_tail_puts_page_on_cold_end(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_add(fx, pcp_fx_page(fx, 0, 4), 1);
	add_tail(fx, pcp_fx_page(fx, 0, 2), 1);

	expect_list(fx, 1, pcp_fx_page(fx, 0, 4), pcp_fx_page(fx, 0, 2));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_page(fx, 0, 2)), 1);
}

/* It does not matter which CPU owns the block. */
static void buddy_add_sets_the_mark_of_the_cpu(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int i;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 1, fx->other->cpu);
	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++) {
		pcp_fx_add(fx, pcp_fx_page(fx, i, 0), 0);
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
	pcp_fx_add(fx, page, 0);
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

	pcp_fx_add(fx, cold, 1);
	pcp_fx_add(fx, hot, 1);

	pcp_list_del(fx->pcp, cold, 1);
	pcp_fx_check(fx);
	pcp_fx_expect_out(fx, cold);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	expect_list(fx, 1, hot, hot);

	pcp_list_del(fx->pcp, hot, 1);
	pcp_fx_check(fx);
	pcp_fx_expect_out(fx, hot);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* === Pieces of one order === */

static void buddy_add_split_appends_pieces_by_ascending_pfn(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *hot = pcp_fx_page(fx, 1, 0);
	unsigned int i;

	pcp_fx_add(fx, hot, 1);
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

	pcp_fx_add(fx, pcp_fx_page(fx, 0, 0), 0);
	pcp_fx_add(fx, pcp_fx_page(fx, 0, 1), 0);

	KUNIT_EXPECT_NULL(test, pcp_take(fx->pcp, 1, MIGRATE_MOVABLE));
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
}

static void buddy_take_keeps_to_its_type(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_add(fx, pcp_fx_page(fx, 0, 0), 0);
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

	pcp_fx_add(fx, pcp_fx_page(fx, 0, 0), 0);
	pcp_fx_add(fx, pcp_fx_page(fx, 0, 5), 0);

	page = pcp_take(fx->pcp, 0, MIGRATE_MOVABLE);
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(test, page, pcp_fx_page(fx, 0, 5));
	pcp_fx_expect_out(fx, page);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void buddy_take_exact_order_splits_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;

	pcp_fx_add(fx, pcp_fx_page(fx, 0, 4), 2);
	pcp_fx_add(fx, pcp_fx_page(fx, 0, 2), 1);
	pcp_fx_add(fx, pcp_fx_page(fx, 0, 0), 0);

	page = pcp_take(fx->pcp, 1, MIGRATE_MOVABLE);
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(test, page, pcp_fx_page(fx, 0, 2));
	pcp_fx_expect_out(fx, page);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 5);
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 2));
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0));
}

static void buddy_take_splits_the_smallest_that_will_do(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;

	pcp_fx_add(fx, fx->base[1], pageblock_order);
	pcp_fx_add(fx, pcp_fx_page(fx, 0, 4), 2);

	page = pcp_take(fx->pcp, 0, MIGRATE_MOVABLE);
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(test, page, pcp_fx_page(fx, 0, 4));
	pcp_fx_expect_out(fx, page);
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

	pcp_fx_add(fx, fx->base[0], pageblock_order);

	page = pcp_take(fx->pcp, 0, MIGRATE_MOVABLE);
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(test, page, fx->base[0]);
	pcp_fx_expect_out(fx, page);
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

	pcp_fx_add(fx, pcp_fx_page(fx, 1, 0), pageblock_order - 1);
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

	pcp_fx_add(fx, fx->base[0], pageblock_order);
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

static struct kunit_case buddy_cases[] = {
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
	{}
};

static struct kunit_suite buddy_suite = {
	.name = "pcp_buddy",
	.init = pcp_fx_init,
	.test_cases = buddy_cases,
};

kunit_test_suites(&buddy_suite);
