// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for refill.c: what each of the four phases takes from the zone,
 * and what it leaves there.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/slab.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "fixture.h"

struct type_case {
	const char *desc;
	int type;
	int other;
};

static const struct type_case type_cases[] = {
	{ "unmovable", MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
	{ "movable", MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE },
	{ "reclaimable", MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
};

static_assert(ARRAY_SIZE(type_cases) == MIGRATE_PCPTYPES);

KUNIT_ARRAY_PARAM_DESC(type, type_cases, desc);

/* Refills with @nr pages of @order, and returns the base pages that it got. */
static unsigned int refill(struct pcp_fixture *fx, unsigned int order, int type,
			   int nr)
{
	unsigned int got;

	fx->nr_alloc = nr;
	fx->nr_locked = 0;
	got = pcp_refill(fx->zone, fx->pcp, order, type, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_locked, 1);
	pcp_fx_check(fx);
	pcp_fx_check_blocks(fx);
	return got;
}

/* A block of the CPU under test that is on owned_blocks. */
static void list_block(struct pcp_fixture *fx, int block, int type)
{
	pcp_fx_type(fx, block, type);
	pcp_fx_own(fx, block, fx->cpu);
	pageblock_list(fx->pcp, &fx->block[block]);
}

/* Blocks on owned_blocks without fragments: all pages of block 2 are in use. */
static void list_stale_blocks(struct pcp_fixture *fx, int nr, int type)
{
	struct pageblock_data *pbd;

	pbd = kunit_kcalloc(fx->test, nr, sizeof(*pbd), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(fx->test, pbd);
	for (; nr--; pbd++) {
		pageblock_data_init(pbd, 1, page_to_pfn(fx->base[2]));
		pbd->owner = fx->cpu + 1;
		pbd->flags = type;
		pageblock_list(fx->pcp, pbd);
	}
}

static bool listed(struct pcp_fixture *fx, int block)
{
	return !list_empty(&fx->block[block].cpu_node);
}

static struct page *zone_page(struct pcp_fixture *fx, int block,
			      unsigned int index, unsigned int order)
{
	struct page *page = pcp_fx_page(fx, block, index);

	pcp_fx_zone_add(fx, page, order);
	return page;
}

static void add_fallback(struct pcp_fixture *fx, int block, unsigned int index)
{
	list_add_tail(&pcp_fx_page(fx, block, index)->buddy_list, &fx->fallback);
}

static void expect_on_pcp(struct pcp_fixture *fx, struct page *page,
			  unsigned int order, bool mergeable)
{
	KUNIT_EXPECT_FALSE(fx->test, PageBuddy(page));
	KUNIT_EXPECT_EQ(fx->test, PagePCPBuddy(page), mergeable);
	KUNIT_EXPECT_EQ(fx->test, page_private(page), order);
}

/* === Phase 0: recover === */

static void refill_recovers_fragments_of_wanted_type(struct kunit *test)
{
	const struct type_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;
	struct page *page[3], *other;
	int order;

	list_block(fx, 0, c->type);
	list_block(fx, 1, c->other);
	for (order = 0; order < 3; order++)
		page[order] = zone_page(fx, 0, 1 << order, order);
	other = zone_page(fx, 1, 0, 0);

	KUNIT_EXPECT_EQ(test, 7, refill(fx, 0, c->type, 7));
	for (order = 0; order < 3; order++) {
		expect_on_pcp(fx, page[order], order, true);
		KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, c->type, order));
	}
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 7);
	KUNIT_EXPECT_FALSE(test, listed(fx, 0));
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[0]), fx->cpu);
	KUNIT_EXPECT_TRUE(test, listed(fx, 1));
	KUNIT_EXPECT_TRUE(test, PageBuddy(other));
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 0);
}

static void refill_recovered_page_merges_with_its_neighbour(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;
	unsigned int order = 0;

	list_block(fx, 0, MIGRATE_MOVABLE);
	page = zone_page(fx, 0, 1, 0);
	pcp_list_add(fx->pcp, fx->base[0], 0, MIGRATE_MOVABLE, true);

	KUNIT_EXPECT_EQ(test, 1, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_ASSERT_TRUE(test, pcp_list_del(fx->pcp, page, 0));
	page = pcp_merge(fx->pcp, page, &order);
	KUNIT_EXPECT_PTR_EQ(test, page, fx->base[0]);
	KUNIT_EXPECT_EQ(test, order, 1);
	pcp_fx_check(fx);
}

static void refill_recovery_scans_the_whole_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int last = pageblock_nr_pages - 1;

	/* 0 in the zone, 1 in use, 23 cached, 4 in use, the last in the zone. */
	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 0);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 0, 2), 1, MIGRATE_MOVABLE, true);
	zone_page(fx, 0, last, 0);

	/* Pages of order 1 are wanted, so that none of these is a chunk. */
	KUNIT_EXPECT_EQ(test, 0, refill(fx, 1, MIGRATE_MOVABLE, 1));
	expect_on_pcp(fx, pcp_fx_page(fx, 0, 0), 0, true);
	expect_on_pcp(fx, pcp_fx_page(fx, 0, 2), 1, true);
	expect_on_pcp(fx, pcp_fx_page(fx, 0, last), 0, true);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
	KUNIT_EXPECT_FALSE(test, listed(fx, 0));
}

static void refill_recovers_all_of_a_block_beyond_want(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 0);
	zone_page(fx, 0, 2, 1);

	KUNIT_EXPECT_EQ(test, 3, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_FALSE(test, listed(fx, 0));
}

static void refill_recovery_stops_when_it_has_enough(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_block(fx, 0, MIGRATE_MOVABLE);
	list_block(fx, 1, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 0);
	zone_page(fx, 1, 0, 0);

	KUNIT_EXPECT_EQ(test, 1, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_FALSE(test, listed(fx, 0));
	KUNIT_EXPECT_TRUE(test, listed(fx, 1));
	KUNIT_EXPECT_TRUE(test, PageBuddy(fx->base[1]));
}

static void refill_recovery_counts_only_pages_of_use(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 0);
	zone_page(fx, 0, 2, 1);

	KUNIT_EXPECT_EQ(test, 2, refill(fx, 1, MIGRATE_MOVABLE, 2));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
	/* Two more were wanted, and asked for. */
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 1);
}

static void refill_fragment_without_room_stays(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 2);
	zone_page(fx, 0, 4, 0);
	fx->pcp->high = 3;

	KUNIT_EXPECT_EQ(test, 1, refill(fx, 0, MIGRATE_MOVABLE, 3));
	KUNIT_EXPECT_TRUE(test, PageBuddy(fx->base[0]));
	expect_on_pcp(fx, pcp_fx_page(fx, 0, 4), 0, true);
	KUNIT_EXPECT_TRUE(test, listed(fx, 0));
}

static void refill_fragment_that_just_fits_comes(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 2);
	pcp_list_add(fx->pcp, fx->base[1], 0, MIGRATE_UNMOVABLE, false);
	fx->pcp->high = 5;

	KUNIT_EXPECT_EQ(test, 4, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_FALSE(test, listed(fx, 0));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 5);
}

static void refill_recovery_uses_up_the_room(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 1, 0);
	zone_page(fx, 0, 3, 0);
	fx->pcp->high = 2;
	KUNIT_EXPECT_EQ(test, 2, refill(fx, 0, MIGRATE_MOVABLE, 2));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	KUNIT_EXPECT_FALSE(test, listed(fx, 0));
}

static void refill_recovery_needs_room_for_one_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 1, 0);
	fx->pcp->high = 1;
	KUNIT_EXPECT_EQ(test, 1, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_FALSE(test, listed(fx, 0));
}

/* What its user has in page_private() is no order. */
static void refill_recovery_passes_pages_in_use_singly(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;

	list_block(fx, 0, MIGRATE_MOVABLE);
	set_page_private(pcp_fx_page(fx, 0, 0), 2);
	page = zone_page(fx, 0, 1, 0);
	/* Of order 1, which no other phase can make of it. */
	KUNIT_EXPECT_EQ(test, 0, refill(fx, 1, MIGRATE_MOVABLE, 1));
	expect_on_pcp(fx, page, 0, true);
}

static void refill_at_high_mark_scans_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_stale_blocks(fx, 1, MIGRATE_MOVABLE);
	fx->pcp->high = 0;

	KUNIT_EXPECT_EQ(test, 0, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 1);
}

static void refill_stale_block_leaves_owned_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_block(fx, 0, MIGRATE_MOVABLE);
	KUNIT_EXPECT_EQ(test, 0, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_FALSE(test, listed(fx, 0));
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 0);
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[0]), fx->cpu);
}

static void refill_isolated_block_is_not_recovered(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_isolation(fx);
	list_block(fx, 0, MIGRATE_MOVABLE);
	pcp_fx_isolate(fx, 0, true);
	zone_page(fx, 0, 0, 0);

	KUNIT_EXPECT_EQ(test, 0, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_TRUE(test, PageBuddy(fx->base[0]));
	KUNIT_EXPECT_TRUE(test, listed(fx, 0));
}

/*
 * The fragments of these three cases are larger than what is wanted, so that
 * only recovery takes them.
 */
static void refill_looks_at_few_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_stale_blocks(fx, PCP_RECOVER_LOOKS, MIGRATE_UNMOVABLE);
	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 1);

	KUNIT_EXPECT_EQ(test, 0, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_TRUE(test, PageBuddy(fx->base[0]));

	/* The next refill goes on where this one stopped. */
	KUNIT_EXPECT_EQ(test, 2, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_FALSE(test, listed(fx, 0));
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, PCP_RECOVER_LOOKS);
}

static void refill_looks_at_last_block_allowed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_stale_blocks(fx, PCP_RECOVER_LOOKS - 1, MIGRATE_UNMOVABLE);
	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 1);

	KUNIT_EXPECT_EQ(test, 2, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_FALSE(test, listed(fx, 0));
}

static void refill_scans_few_blocks(struct kunit *test)
{
	unsigned int nr = DIV_ROUND_UP(PCP_RECOVER_PAGES, pageblock_nr_pages);
	struct pcp_fixture *fx = test->priv;

	if (nr + 3 > PCP_RECOVER_LOOKS)
		kunit_skip(test, "blocks are so small that the looks end first");
	/* A look at a block of another type is no scan. */
	list_stale_blocks(fx, 2, MIGRATE_UNMOVABLE);
	list_stale_blocks(fx, nr, MIGRATE_MOVABLE);
	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 1);

	KUNIT_EXPECT_EQ(test, 0, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_TRUE(test, PageBuddy(fx->base[0]));
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 3);

	KUNIT_EXPECT_EQ(test, 2, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 2);
}

static void refill_block_looked_at_goes_to_the_end(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_block(fx, 0, MIGRATE_MOVABLE);
	list_block(fx, 1, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 0);
	zone_page(fx, 0, 4, 2);
	zone_page(fx, 1, 0, 0);
	fx->pcp->high = 2;

	/* Block 0 still has what did not fit, but block 1 is next. */
	KUNIT_EXPECT_EQ(test, 1, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_PTR_EQ(test, fx->pcp->owned_blocks.next,
			    &fx->block[1].cpu_node);
	KUNIT_EXPECT_PTR_EQ(test, fx->pcp->owned_blocks.prev,
			    &fx->block[0].cpu_node);
}

/* === Phase 1: claim === */

static void refill_claims_block_of_wanted_type(struct kunit *test)
{
	const struct type_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;

	pcp_fx_type(fx, 0, c->other);
	pcp_fx_type(fx, 1, c->type);
	zone_page(fx, 0, 0, pageblock_order);
	zone_page(fx, 1, 0, pageblock_order);

	KUNIT_EXPECT_EQ(test, pageblock_nr_pages,
			refill(fx, 0, c->type, pageblock_nr_pages + 1));
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[1]), fx->cpu);
	KUNIT_EXPECT_FALSE(test, listed(fx, 1));
	expect_on_pcp(fx, fx->base[1], pageblock_order, true);
	KUNIT_EXPECT_EQ(test, 1,
			pcp_fx_list_len(fx, c->type, pageblock_order));
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[0]), -1);
	KUNIT_EXPECT_TRUE(test, PageBuddy(fx->base[0]));
}

static void refill_claim_makes_pcps_cpu_the_owner(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* Not simply the CPU that this runs on. */
	zone_page(fx, 0, 0, pageblock_order);
	fx->nr_alloc = 1;
	KUNIT_EXPECT_EQ(test, pageblock_nr_pages,
			pcp_refill(fx->zone, fx->other, 0, MIGRATE_MOVABLE, 0));
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[0]), fx->other->cpu);
	pcp_fx_check(fx);
}

static void refill_claims_as_many_blocks_as_wanted(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int i;

	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++)
		zone_page(fx, i, 0, pageblock_order);

	KUNIT_EXPECT_EQ(test, 2 * pageblock_nr_pages,
			refill(fx, 1, MIGRATE_MOVABLE, pageblock_nr_pages));
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[0]), fx->cpu);
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[1]), fx->cpu);
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[2]), -1);
}

static void refill_claims_block_that_just_fits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	zone_page(fx, 0, 0, pageblock_order);
	pcp_list_add(fx->pcp, fx->base[2], 0, MIGRATE_UNMOVABLE, false);
	fx->pcp->high = pageblock_nr_pages + 1;

	KUNIT_EXPECT_EQ(test, pageblock_nr_pages,
			refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, fx->pcp->high);
}

static void refill_claims_no_block_without_room(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	zone_page(fx, 0, 0, pageblock_order);
	pcp_list_add(fx->pcp, fx->base[2], 0, MIGRATE_UNMOVABLE, false);
	fx->pcp->high = pageblock_nr_pages;

	KUNIT_EXPECT_EQ(test, 0, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[0]), -1);
	KUNIT_EXPECT_TRUE(test, PageBuddy(fx->base[0]));
}

/* What has come in this refill is no room any more either. */
static void refill_claim_counts_room_that_was_used(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 0);
	zone_page(fx, 1, 0, pageblock_order);
	zone_page(fx, 2, 0, pageblock_order);
	fx->pcp->high = 2 * pageblock_nr_pages;

	KUNIT_EXPECT_EQ(test, 1 + pageblock_nr_pages,
			refill(fx, 0, MIGRATE_MOVABLE, 2 * pageblock_nr_pages));
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[1]), fx->cpu);
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[2]), -1);
}

static void refill_claims_nothing_when_recovery_was_enough(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 0);
	zone_page(fx, 1, 0, pageblock_order);

	KUNIT_EXPECT_EQ(test, 1, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[1]), -1);
}

static void refill_claims_nothing_while_zone_is_short(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* Recovery goes on: it needs no more of the zone's free blocks. */
	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 0);
	zone_page(fx, 1, 0, pageblock_order);
	fx->zone_short = true;

	KUNIT_EXPECT_EQ(test, 1,
			refill(fx, 0, MIGRATE_MOVABLE, 2 * pageblock_nr_pages));
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[1]), -1);
	/* Nor is a whole block a chunk. */
	KUNIT_EXPECT_TRUE(test, PageBuddy(fx->base[1]));
	KUNIT_EXPECT_FALSE(test, listed(fx, 0));
}

static int lower_high(struct zone *zone, struct per_cpu_pages *pcp,
		      unsigned int order)
{
	pcp->high = pageblock_nr_pages - 1;
	return 1;
}

/* nr_pcp_alloc() adjusts the high mark before the refill looks at it. */
static void refill_knows_the_new_high_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	kunit_activate_static_stub(test, pcp_zone_nr_alloc, lower_high);
	zone_page(fx, 0, 0, pageblock_order);

	KUNIT_EXPECT_EQ(test, 0, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[0]), -1);
}

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
		add_fallback(fx, 0, 2 * i);
	KUNIT_EXPECT_EQ(test, 2, refill(fx, 1, MIGRATE_MOVABLE, 0));
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 1);
}

/* === Phase 2: chunks === */

static void refill_takes_chunks_of_wanted_type(struct kunit *test)
{
	const struct type_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;
	struct page *page, *other;

	pcp_fx_type(fx, 0, c->type);
	pcp_fx_type(fx, 1, c->other);
	page = zone_page(fx, 0, 0, 1);
	other = zone_page(fx, 1, 0, 1);

	KUNIT_EXPECT_EQ(test, 2, refill(fx, 0, c->type, 4));
	expect_on_pcp(fx, page, 1, false);
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, c->type, 1));
	KUNIT_EXPECT_TRUE(test, PageBuddy(other));
}

static void refill_takes_smallest_chunks_first(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *large = zone_page(fx, 0, 4, 2);

	zone_page(fx, 0, 0, 1);
	zone_page(fx, 0, 2, 0);
	zone_page(fx, 1, 0, 0);

	KUNIT_EXPECT_EQ(test, 4, refill(fx, 0, MIGRATE_MOVABLE, 4));
	KUNIT_EXPECT_EQ(test, 2, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0));
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_TRUE(test, PageBuddy(large));
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 0);
}

static void refill_takes_chunk_of_what_is_still_wanted(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = zone_page(fx, 0, 4, 2);

	KUNIT_EXPECT_EQ(test, 4, refill(fx, 0, MIGRATE_MOVABLE, 4));
	expect_on_pcp(fx, page, 2, false);
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 0);
}

/* The large one would do if it were broken; that is for the fallback. */
static void refill_breaks_no_chunk(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *large = zone_page(fx, 0, 4, 2);

	zone_page(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, refill(fx, 0, MIGRATE_MOVABLE, 4));
	KUNIT_EXPECT_TRUE(test, PageBuddy(large));
	KUNIT_EXPECT_EQ(test, page_private(large), 2);
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 1);
}

static void refill_takes_no_chunk_below_the_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *small = zone_page(fx, 0, 0, 0);
	struct page *page = zone_page(fx, 0, 2, 1);

	KUNIT_EXPECT_EQ(test, 2, refill(fx, 1, MIGRATE_MOVABLE, 2));
	KUNIT_EXPECT_TRUE(test, PageBuddy(small));
	expect_on_pcp(fx, page, 1, false);
}

static void refill_chunk_merges_only_in_own_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *own, *foreign, *nobodys;

	/* No room, so recovery does not get to block 0. */
	list_block(fx, 0, MIGRATE_MOVABLE);
	own = zone_page(fx, 0, 0, 0);
	pcp_fx_own(fx, 1, fx->other->cpu);
	pageblock_list(fx->other, &fx->block[1]);
	foreign = zone_page(fx, 1, 0, 0);
	nobodys = zone_page(fx, 2, 0, 0);
	fx->pcp->high = 0;

	KUNIT_EXPECT_EQ(test, 3, refill(fx, 0, MIGRATE_MOVABLE, 3));
	expect_on_pcp(fx, own, 0, true);
	expect_on_pcp(fx, foreign, 0, false);
	expect_on_pcp(fx, nobodys, 0, false);
	/* Whether more fragments are left, the next recovery finds out. */
	KUNIT_EXPECT_TRUE(test, listed(fx, 0));
}

/* === Phase 3: fallback === */

static void refill_falls_back_for_the_rest(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	zone_page(fx, 0, 0, 1);
	add_fallback(fx, 1, 0);
	add_fallback(fx, 1, 4);
	add_fallback(fx, 1, 2);

	fx->nr_alloc = 3;
	KUNIT_EXPECT_EQ(test, 6,
			pcp_refill(fx->zone, fx->pcp, 1, MIGRATE_RECLAIMABLE,
				   ALLOC_NON_BLOCK));
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 3);
	KUNIT_EXPECT_EQ(test, fx->rmqueue_order, 1);
	KUNIT_EXPECT_EQ(test, fx->rmqueue_type, MIGRATE_RECLAIMABLE);
	KUNIT_EXPECT_EQ(test, fx->rmqueue_flags, ALLOC_NON_BLOCK);
	/* It began with 0, and was handed on. */
	KUNIT_EXPECT_EQ(test, fx->rmqueue_mode, 2);
	KUNIT_EXPECT_EQ(test, 3, pcp_fx_list_len(fx, MIGRATE_RECLAIMABLE, 1));
	expect_on_pcp(fx, pcp_fx_page(fx, 1, 2), 1, false);
}

static void refill_fallback_fills_up_after_chunks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	zone_page(fx, 0, 0, 1);
	add_fallback(fx, 1, 0);
	add_fallback(fx, 1, 2);

	/* The page in the fallback that is one too many stays there. */
	KUNIT_EXPECT_EQ(test, 3, refill(fx, 0, MIGRATE_MOVABLE, 3));
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 1);
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0));
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 1));
}

static void refill_fallback_stops_when_zone_has_none(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add_fallback(fx, 0, 0);
	add_fallback(fx, 0, 1);
	KUNIT_EXPECT_EQ(test, 2, refill(fx, 0, MIGRATE_MOVABLE, 5));
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 3);
}

static void refill_of_empty_zone_gets_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_EQ(test, 0, refill(fx, 0, MIGRATE_MOVABLE, 5));
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void refill_fallback_page_merges_only_in_own_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 1, fx->other->cpu);
	add_fallback(fx, 0, 0);
	add_fallback(fx, 1, 0);
	add_fallback(fx, 2, 0);

	KUNIT_EXPECT_EQ(test, 3, refill(fx, 0, MIGRATE_MOVABLE, 3));
	expect_on_pcp(fx, fx->base[0], 0, true);
	expect_on_pcp(fx, fx->base[1], 0, false);
	expect_on_pcp(fx, fx->base[2], 0, false);
}

/* === All together === */

static void refill_runs_all_phases_under_one_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *hot = pcp_fx_page(fx, 2, 7), *page[4];
	int i;

	list_block(fx, 0, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, hot, 0, MIGRATE_MOVABLE, false);
	page[0] = zone_page(fx, 0, 0, 0);
	zone_page(fx, 1, 0, pageblock_order);
	page[1] = zone_page(fx, 2, 0, 0);
	page[2] = pcp_fx_page(fx, 2, 1);
	add_fallback(fx, 2, 1);

	KUNIT_EXPECT_EQ(test, pageblock_nr_pages + 3,
			refill(fx, 0, MIGRATE_MOVABLE, pageblock_nr_pages + 3));
	/* The cold end, in the order of the phases. */
	KUNIT_EXPECT_PTR_EQ(test, hot, pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_PTR_EQ(test, page[i],
				    pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_list_len(fx, MIGRATE_MOVABLE,
						 pageblock_order));
}

static void refill_counts_fragments_and_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int got;

	pcp_fx_need_events(fx);
	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 0);
	zone_page(fx, 0, 2, 1);
	fx->nr_alloc = 1;
	KUNIT_EXPECT_EQ(test, 2,
			PCP_FX_EVENTS(PCP_RECOVER,
				      got = pcp_refill(fx->zone, fx->pcp, 0,
						       MIGRATE_MOVABLE, 0)));
	KUNIT_EXPECT_EQ(test, got, 3);

	zone_page(fx, 1, 0, pageblock_order);
	zone_page(fx, 2, 0, pageblock_order);
	fx->nr_alloc = 2 * pageblock_nr_pages;
	KUNIT_EXPECT_EQ(test, 2,
			PCP_FX_EVENTS(PCP_CLAIM,
				      got = pcp_refill(fx->zone, fx->pcp, 0,
						       MIGRATE_MOVABLE, 0)));
	KUNIT_EXPECT_EQ(test, got, 2 * pageblock_nr_pages);
	pcp_fx_check(fx);
}

/* The fallback alone knows how to balance CMA. */
static void refill_with_cma_first_only_falls_back(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 0);
	zone_page(fx, 1, 0, pageblock_order);
	zone_page(fx, 2, 0, 0);
	add_fallback(fx, 2, 4);
	fx->cma_first = true;

	KUNIT_EXPECT_EQ(test, 1, refill(fx, 0, MIGRATE_MOVABLE, 1));
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_page(fx, 2, 4),
			    pcp_take(fx->pcp, 0, MIGRATE_MOVABLE));
	KUNIT_EXPECT_TRUE(test, listed(fx, 0));
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[1]), -1);
	KUNIT_EXPECT_TRUE(test, PageBuddy(fx->base[2]));
	pcp_fx_check(fx);
}

static void refill_nolock_gives_up_on_busy_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	zone_page(fx, 0, 0, 0);
	add_fallback(fx, 1, 0);
	fx->lock_busy = true;

	KUNIT_EXPECT_EQ(test, 0, pcp_refill(fx->zone, fx->pcp, 0,
					    MIGRATE_MOVABLE, ALLOC_NOLOCK));
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 0);
	KUNIT_EXPECT_TRUE(test, PageBuddy(fx->base[0]));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void refill_nolock_uses_free_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	zone_page(fx, 0, 0, 0);
	fx->nr_alloc = 1;
	KUNIT_EXPECT_EQ(test, 1, pcp_refill(fx->zone, fx->pcp, 0,
					    MIGRATE_MOVABLE, ALLOC_NOLOCK));
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 1);
}

static void refill_waits_for_busy_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	zone_page(fx, 0, 0, 0);
	fx->lock_busy = true;
	KUNIT_EXPECT_EQ(test, 1, refill(fx, 0, MIGRATE_MOVABLE, 1));
}

/* H3: what the caller takes at once is all that a disabled PCP gets. */
static void refill_of_disabled_pcp_gets_just_one_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int order;

	list_block(fx, 0, MIGRATE_MOVABLE);
	zone_page(fx, 0, 0, 2);
	zone_page(fx, 1, 0, pageblock_order);
	add_fallback(fx, 2, 4);
	zone_page(fx, 2, 0, 1);
	fx->pcp->high = 0;
	fx->pcp->high_min = 0;
	fx->pcp->high_max = 0;
	pcp_set_bound(fx->pcp, 0, 0);

	for (order = 0; order < 2; order++) {
		KUNIT_EXPECT_EQ(test, 1U << order,
				refill(fx, order, MIGRATE_MOVABLE, 1));
		KUNIT_EXPECT_EQ(test, fx->pcp->count, 1 << order);
		KUNIT_EXPECT_NOT_NULL(test, pcp_take(fx->pcp, order,
						     MIGRATE_MOVABLE));
		pcp_fx_check(fx);
		KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	}
	KUNIT_EXPECT_TRUE(test, listed(fx, 0));
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[1]), -1);
}

static struct kunit_case pcp_refill_cases[] = {
	KUNIT_CASE_PARAM(refill_recovers_fragments_of_wanted_type,
			 type_gen_params),
	KUNIT_CASE(refill_recovered_page_merges_with_its_neighbour),
	KUNIT_CASE(refill_recovery_scans_the_whole_block),
	KUNIT_CASE(refill_recovers_all_of_a_block_beyond_want),
	KUNIT_CASE(refill_recovery_stops_when_it_has_enough),
	KUNIT_CASE(refill_recovery_counts_only_pages_of_use),
	KUNIT_CASE(refill_fragment_without_room_stays),
	KUNIT_CASE(refill_fragment_that_just_fits_comes),
	KUNIT_CASE(refill_recovery_uses_up_the_room),
	KUNIT_CASE(refill_recovery_needs_room_for_one_page),
	KUNIT_CASE(refill_recovery_passes_pages_in_use_singly),
	KUNIT_CASE(refill_at_high_mark_scans_nothing),
	KUNIT_CASE(refill_stale_block_leaves_owned_blocks),
	KUNIT_CASE(refill_isolated_block_is_not_recovered),
	KUNIT_CASE(refill_looks_at_few_blocks),
	KUNIT_CASE(refill_looks_at_last_block_allowed),
	KUNIT_CASE(refill_scans_few_blocks),
	KUNIT_CASE(refill_block_looked_at_goes_to_the_end),
	KUNIT_CASE_PARAM(refill_claims_block_of_wanted_type, type_gen_params),
	KUNIT_CASE(refill_claim_makes_pcps_cpu_the_owner),
	KUNIT_CASE(refill_claims_as_many_blocks_as_wanted),
	KUNIT_CASE(refill_claims_block_that_just_fits),
	KUNIT_CASE(refill_claims_no_block_without_room),
	KUNIT_CASE(refill_claim_counts_room_that_was_used),
	KUNIT_CASE(refill_claims_nothing_when_recovery_was_enough),
	KUNIT_CASE(refill_claims_nothing_while_zone_is_short),
	KUNIT_CASE(refill_knows_the_new_high_mark),
	KUNIT_CASE(refill_asks_for_the_size_of_its_order),
	KUNIT_CASE_PARAM(refill_takes_chunks_of_wanted_type, type_gen_params),
	KUNIT_CASE(refill_takes_smallest_chunks_first),
	KUNIT_CASE(refill_takes_chunk_of_what_is_still_wanted),
	KUNIT_CASE(refill_breaks_no_chunk),
	KUNIT_CASE(refill_takes_no_chunk_below_the_order),
	KUNIT_CASE(refill_chunk_merges_only_in_own_block),
	KUNIT_CASE(refill_falls_back_for_the_rest),
	KUNIT_CASE(refill_fallback_fills_up_after_chunks),
	KUNIT_CASE(refill_fallback_stops_when_zone_has_none),
	KUNIT_CASE(refill_of_empty_zone_gets_nothing),
	KUNIT_CASE(refill_fallback_page_merges_only_in_own_block),
	KUNIT_CASE(refill_runs_all_phases_under_one_lock),
	KUNIT_CASE(refill_counts_fragments_and_blocks),
	KUNIT_CASE(refill_with_cma_first_only_falls_back),
	KUNIT_CASE(refill_nolock_gives_up_on_busy_zone),
	KUNIT_CASE(refill_nolock_uses_free_zone),
	KUNIT_CASE(refill_waits_for_busy_zone),
	KUNIT_CASE(refill_of_disabled_pcp_gets_just_one_page),
	{}
};

static struct kunit_suite pcp_refill_suite = {
	.name = "pcp_refill",
	.init = pcp_fx_init,
	.test_cases = pcp_refill_cases,
};

kunit_test_suites(&pcp_refill_suite);
