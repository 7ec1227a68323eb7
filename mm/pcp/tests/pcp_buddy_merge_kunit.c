// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for pcp_merge() of buddy.c: each state that a neighbour can be in.
 */
#include <kunit/test.h>
#include <linux/gfp.h>

#include "lib/fixture.h"

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

	pcp_fx_add(fx, pcp_fx_page(fx, 0, 4), 1);
	expect_merge(fx, 6, 1, 4, 2);
	pcp_fx_expect_out(fx, pcp_fx_page(fx, 0, 4));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_merge_with_left_buddy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_add(fx, pcp_fx_page(fx, 0, 6), 1);
	expect_merge(fx, 4, 1, 4, 2);
	pcp_fx_expect_out(fx, pcp_fx_page(fx, 0, 6));
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

		pcp_fx_add(fx, pcp_fx_page(fx, i, 1), 0);
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

/* The next push changes its links, without a lock. */
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

/* The value that its user has in page_private() is no order. */
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

	pcp_fx_add(fx, pcp_fx_page(fx, 0, 2), 0);
	expect_merge(fx, 0, 1, 0, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

/* Cannot be while all is well: the larger page would hold this one. */
static void buddy_merge_stops_at_larger_buddy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int order = 0;

	pcp_fx_add(fx, pcp_fx_page(fx, 0, 0), 1);
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
	pcp_fx_add(fx, pcp_fx_page(fx, 0, 0), 0);
	pcp_fx_add(fx, pcp_fx_page(fx, 0, 2), 1);
	expect_merge(fx, 1, 0, 0, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_merge_chain_goes_left_and_right(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* 5 merges with 4, then right with 67, then left with 0123. */
	pcp_fx_add(fx, pcp_fx_page(fx, 0, 4), 0);
	pcp_fx_add(fx, pcp_fx_page(fx, 0, 6), 1);
	pcp_fx_add(fx, pcp_fx_page(fx, 0, 0), 2);
	expect_merge(fx, 5, 0, 0, 3);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* The last page of a block, after all its upper halves. */
static void buddy_merge_chain_reaches_the_whole_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_add(fx, fx->base[0], pageblock_order);
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
	pcp_fx_add(fx, pcp_fx_page(fx, 0, 1), 0);
	pcp_fx_add(fx, pcp_fx_page(fx, 0, 2), 1);
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
	pcp_fx_add(fx, fx->base[1], pageblock_order);

	page = pcp_merge(fx->pcp, fx->base[0], &order);
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(test, page, fx->base[0]);
	KUNIT_EXPECT_EQ(test, order, pageblock_order);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, pageblock_nr_pages);
}

static struct kunit_case buddy_merge_cases[] = {
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
	{}
};

static struct kunit_suite buddy_merge_suite = {
	.name = "pcp_buddy_merge",
	.init = pcp_fx_init,
	.test_cases = buddy_merge_cases,
};

kunit_test_suites(&buddy_merge_suite);
