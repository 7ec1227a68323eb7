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

static void add(struct pcp_fixture *fx, struct page *page, unsigned int order,
		bool mergeable)
{
	pcp_list_add(fx->pcp, page, order, MIGRATE_MOVABLE, mergeable);
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

	add(fx, pcp_fx_page(fx, 0, 4), 1, false);
	add(fx, pcp_fx_page(fx, 0, 2), 1, false);

	expect_list(fx, 1, pcp_fx_page(fx, 0, 2), pcp_fx_page(fx, 0, 4));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_page(fx, 0, 2)), 1);
}

static void buddy_add_tail_puts_page_on_cold_end(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add(fx, pcp_fx_page(fx, 0, 4), 1, false);
	pcp_list_add_tail(fx->pcp, pcp_fx_page(fx, 0, 2), 1, MIGRATE_MOVABLE,
			  false);
	pcp_fx_check(fx);

	expect_list(fx, 1, pcp_fx_page(fx, 0, 4), pcp_fx_page(fx, 0, 2));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_page(fx, 0, 2)), 1);
}

static void buddy_add_marks_only_mergeable_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_list_add_tail(fx->pcp, pcp_fx_page(fx, 0, 0), 0, MIGRATE_MOVABLE,
			  true);
	add(fx, pcp_fx_page(fx, 0, 1), 0, true);
	add(fx, pcp_fx_page(fx, 1, 0), 0, false);
	pcp_list_add_tail(fx->pcp, pcp_fx_page(fx, 1, 1), 0, MIGRATE_MOVABLE,
			  false);
	pcp_fx_check(fx);

	KUNIT_EXPECT_TRUE(test, PagePCPBuddy(pcp_fx_page(fx, 0, 0)));
	KUNIT_EXPECT_TRUE(test, PagePCPBuddy(pcp_fx_page(fx, 0, 1)));
	KUNIT_EXPECT_FALSE(test, PagePCPBuddy(pcp_fx_page(fx, 1, 0)));
	KUNIT_EXPECT_FALSE(test, PagePCPBuddy(pcp_fx_page(fx, 1, 1)));
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

			pcp_list_add(fx->pcp, page, order, type, false);
			pcp_fx_check(fx);
			KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, type, order));
		}
		index += 2;
	}
	pcp_list_add(fx->pcp, fx->base[2], pageblock_order, MIGRATE_RECLAIMABLE,
		     false);
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, MIGRATE_RECLAIMABLE,
						 pageblock_order));
	KUNIT_EXPECT_EQ(test, fx->pcp->count,
			3 * MIGRATE_PCPTYPES + pageblock_nr_pages);
}

static void buddy_del_tells_if_page_was_mergeable(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *own = pcp_fx_page(fx, 0, 2), *cached = pcp_fx_page(fx, 1, 2);

	pcp_fx_own(fx, 0, fx->cpu);
	add(fx, own, 1, true);
	add(fx, cached, 1, false);

	KUNIT_EXPECT_TRUE(test, pcp_list_del(fx->pcp, own, 1));
	pcp_fx_check(fx);
	expect_out(fx, own);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);

	KUNIT_EXPECT_FALSE(test, pcp_list_del(fx->pcp, cached, 1));
	pcp_fx_check(fx);
	expect_out(fx, cached);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
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

	pcp_fx_own(fx, 0, fx->cpu);
	add(fx, pcp_fx_page(fx, 0, 0), 0, true);
	add(fx, pcp_fx_page(fx, 0, 1), 0, true);

	KUNIT_EXPECT_NULL(test, pcp_take(fx->pcp, 1, MIGRATE_MOVABLE));
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
}

static void buddy_take_keeps_to_its_type(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add(fx, pcp_fx_page(fx, 0, 0), 0, false);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 0), 1, MIGRATE_RECLAIMABLE,
		     false);

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

	add(fx, pcp_fx_page(fx, 0, 0), 0, false);
	add(fx, pcp_fx_page(fx, 0, 5), 0, false);

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

	pcp_fx_own(fx, 0, fx->cpu);
	add(fx, pcp_fx_page(fx, 0, 4), 2, true);
	add(fx, pcp_fx_page(fx, 0, 2), 1, true);
	add(fx, pcp_fx_page(fx, 0, 0), 0, true);

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

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 1, fx->cpu);
	add(fx, fx->base[1], pageblock_order, true);
	add(fx, pcp_fx_page(fx, 0, 4), 2, true);

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

/* The upper half of each order stays, and may merge if the whole could. */
static void split_block(struct kunit *test, bool mergeable)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;
	int order;

	if (mergeable)
		pcp_fx_own(fx, 0, fx->cpu);
	add(fx, fx->base[0], pageblock_order, mergeable);

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
		KUNIT_EXPECT_EQ(test, PagePCPBuddy(half), mergeable);
	}
}

static void buddy_split_of_owned_page_leaves_mergeable_halves(struct kunit *test)
{
	split_block(test, true);
}

static void buddy_split_of_cached_page_leaves_plain_halves(struct kunit *test)
{
	split_block(test, false);
}

static void buddy_pages_of_a_block_come_in_ascending_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	pcp_fx_own(fx, 0, fx->cpu);
	add(fx, fx->base[0], pageblock_order, true);
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
		pcp_list_add_tail(fx->pcp, pcp_fx_page(fx, 0, i), 0,
				  MIGRATE_MOVABLE, false);
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

	pcp_fx_own(fx, 0, fx->cpu);
	expect_merge(fx, 2, 0, 2, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_merge_with_right_buddy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	add(fx, pcp_fx_page(fx, 0, 4), 1, true);
	expect_merge(fx, 6, 1, 4, 2);
	expect_out(fx, pcp_fx_page(fx, 0, 4));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_merge_with_left_buddy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	add(fx, pcp_fx_page(fx, 0, 6), 1, true);
	expect_merge(fx, 4, 1, 4, 2);
	expect_out(fx, pcp_fx_page(fx, 0, 6));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_merge_stops_at_buddy_in_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 0, 1), 0);
	expect_merge(fx, 0, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, PageBuddy(pcp_fx_page(fx, 0, 1)));
}

/* Its block lost the owner that this CPU was when it was cached. */
static void buddy_merge_stops_at_cached_page_of_no_owner(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add(fx, pcp_fx_page(fx, 0, 1), 0, false);
	expect_merge(fx, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void buddy_merge_stops_at_split_buddy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	add(fx, pcp_fx_page(fx, 0, 2), 0, true);
	expect_merge(fx, 0, 1, 0, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

/* Cannot be while all is well: the larger page would hold this one. */
static void buddy_merge_stops_at_larger_buddy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int order = 0;

	pcp_fx_own(fx, 0, fx->cpu);
	add(fx, pcp_fx_page(fx, 0, 0), 1, true);
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
	pcp_fx_own(fx, 0, fx->cpu);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 0, 1), 0, MIGRATE_UNMOVABLE, true);
	pcp_fx_check(fx);
	expect_merge(fx, 0, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_merge_chain_stops_at_gap(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* 0 1 23 are free, 4567 is in use from the start. */
	pcp_fx_own(fx, 0, fx->cpu);
	add(fx, pcp_fx_page(fx, 0, 0), 0, true);
	add(fx, pcp_fx_page(fx, 0, 2), 1, true);
	expect_merge(fx, 1, 0, 0, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void buddy_merge_chain_goes_left_and_right(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* 5 merges with 4, then right with 67, then left with 0123. */
	pcp_fx_own(fx, 0, fx->cpu);
	add(fx, pcp_fx_page(fx, 0, 4), 0, true);
	add(fx, pcp_fx_page(fx, 0, 6), 1, true);
	add(fx, pcp_fx_page(fx, 0, 0), 2, true);
	expect_merge(fx, 5, 0, 0, 3);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* The last page of a block, after all its upper halves. */
static void buddy_merge_chain_reaches_the_whole_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	add(fx, fx->base[0], pageblock_order, true);
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
	pcp_fx_own(fx, 0, fx->cpu);
	KUNIT_EXPECT_EQ(test, 0,
			PCP_FX_EVENTS(PCP_MERGE,
				      pcp_merge(fx->pcp, fx->base[0], &order)));
	add(fx, pcp_fx_page(fx, 0, 1), 0, true);
	add(fx, pcp_fx_page(fx, 0, 2), 1, true);
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
		__ClearPagePCPBuddy(page);
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
			fx->block[0].block_pfn = page_to_pfn(block[i]);
			fx->block[1].block_pfn = page_to_pfn(block[j]);
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
	add(fx, fx->base[1], pageblock_order, true);

	page = pcp_merge(fx->pcp, fx->base[0], &order);
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(test, page, fx->base[0]);
	KUNIT_EXPECT_EQ(test, order, pageblock_order);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, pageblock_nr_pages);
}

/* === A random sequence against a model === */

#define STEPS	2000

/* A page on a list of the PCP. */
struct piece {
	int block;
	unsigned int index;
	unsigned int order;
	int type;
	bool mergeable;
};

/*
 * What must be on the lists: @pieces from hot to cold, all orders and types
 * together. One bit in @free for each of their base pages.
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
static bool model_take(struct model *m, unsigned int order, int type,
		       struct piece *taken)
{
	unsigned int want, i;

	for (want = order; want <= pageblock_order; want++) {
		for (i = 0; i < m->nr; i++) {
			if (m->pieces[i].order == want && m->pieces[i].type == type)
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

		if (!q->mergeable || q->block != p->block ||
		    q->order != p->order ||
		    q->index / (2 << p->order) != p->index / (2 << p->order))
			continue;
		p->index = min(p->index, q->index);
		p->order++;
		model_del(m, i - 1);
		i = 0;
	}
}

static void model_check(struct model *m)
{
	struct kunit *test = m->fx->test;
	struct per_cpu_pages *pcp = m->fx->pcp;
	unsigned int pindex, weight = 0, i;

	for (pindex = 0; pindex < NR_PCP_LISTS; pindex++) {
		struct list_head *pos = &pcp->lists[pindex];

		for (i = 0; i < m->nr; i++) {
			struct piece *p = &m->pieces[i];
			struct page *page = piece_page(m, p);

			if (pcp_pindex(p->type, p->order) != pindex)
				continue;
			pos = pos->next;
			KUNIT_ASSERT_PTR_EQ(test, pos, &page->pcp_list);
			KUNIT_ASSERT_EQ(test, PagePCPBuddy(page), p->mergeable);
		}
		KUNIT_ASSERT_PTR_EQ(test, pos->next, &pcp->lists[pindex]);
	}
	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++)
		weight += bitmap_weight(m->free[i], pageblock_nr_pages);
	KUNIT_ASSERT_EQ(test, pcp->count, weight);
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

static void model_free_step(struct model *m)
{
	struct piece p = {
		.block = model_random(m, PCP_FIXTURE_BLOCKS),
		.order = model_order(m),
		.type = model_random(m, MIGRATE_PCPTYPES),
	};
	bool tail = model_random(m, 2);

	p.index = model_random(m, pageblock_nr_pages) & ~((1U << p.order) - 1);
	p.mergeable = pageblock_owner_cpu(&m->fx->block[p.block]) == m->fx->cpu;
	if (find_next_bit(m->free[p.block], p.index + (1 << p.order),
			  p.index) < p.index + (1 << p.order))
		return;
	model_add(m, p, tail);
	if (tail)
		pcp_list_add_tail(m->fx->pcp, piece_page(m, &p), p.order, p.type,
				  p.mergeable);
	else
		pcp_list_add(m->fx->pcp, piece_page(m, &p), p.order, p.type,
			     p.mergeable);
}

static void model_take_step(struct model *m)
{
	unsigned int order = model_order(m);
	int type = model_random(m, MIGRATE_PCPTYPES);
	struct page *page = pcp_take(m->fx->pcp, order, type);
	struct piece p;

	if (!model_take(m, order, type, &p)) {
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
	bool mergeable;

	if (!m->nr)
		return;
	p = model_del(m, model_random(m, m->nr));
	page = piece_page(m, &p);
	order = p.order;
	mergeable = pcp_list_del(m->fx->pcp, page, order);
	KUNIT_ASSERT_EQ(m->fx->test, mergeable, p.mergeable);
	if (mergeable) {
		model_merge(m, &p);
		page = pcp_merge(m->fx->pcp, page, &order);
	}
	KUNIT_ASSERT_PTR_EQ(m->fx->test, page, piece_page(m, &p));
	KUNIT_ASSERT_EQ(m->fx->test, order, p.order);
	if (model_random(m, 2)) {
		model_add(m, p, false);
		pcp_list_add(m->fx->pcp, page, order, p.type, mergeable);
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
	pcp_fx_own(fx, 2, fx->cpu);

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
	KUNIT_CASE(buddy_add_marks_only_mergeable_pages),
	KUNIT_CASE(buddy_each_type_and_order_has_its_list),
	KUNIT_CASE(buddy_del_tells_if_page_was_mergeable),
	KUNIT_CASE(buddy_take_from_empty_pcp_is_null),
	KUNIT_CASE(buddy_take_never_joins_smaller_pages),
	KUNIT_CASE(buddy_take_keeps_to_its_type),
	KUNIT_CASE(buddy_take_prefers_the_hot_page),
	KUNIT_CASE(buddy_take_exact_order_splits_nothing),
	KUNIT_CASE(buddy_take_splits_the_smallest_that_will_do),
	KUNIT_CASE(buddy_split_of_owned_page_leaves_mergeable_halves),
	KUNIT_CASE(buddy_split_of_cached_page_leaves_plain_halves),
	KUNIT_CASE(buddy_pages_of_a_block_come_in_ascending_order),
	KUNIT_CASE(buddy_refilled_pages_come_in_ascending_order),
	KUNIT_CASE(buddy_merge_stops_at_buddy_in_use),
	KUNIT_CASE(buddy_merge_with_right_buddy),
	KUNIT_CASE(buddy_merge_with_left_buddy),
	KUNIT_CASE(buddy_merge_stops_at_buddy_in_zone),
	KUNIT_CASE(buddy_merge_stops_at_cached_page_of_no_owner),
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
