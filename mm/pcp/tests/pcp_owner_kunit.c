// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for owner.c: which CPU owns a block, and when a block is on its
 * owner's owned_blocks.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/irqflags.h>
#include <linux/slab.h>

#include "fixture.h"

static void expect_listed(struct pcp_fixture *fx, int block, bool listed)
{
	KUNIT_EXPECT_EQ(fx->test, listed,
			!list_empty(&fx->block[block].cpu_node));
}

static void expect_owner(struct pcp_fixture *fx, int block, int cpu)
{
	KUNIT_EXPECT_EQ(fx->test, cpu, pageblock_owner_cpu(&fx->block[block]));
}

static void own_and_list(struct pcp_fixture *fx, int block)
{
	pcp_fx_own(fx, block, fx->cpu);
	pageblock_list(fx->pcp, &fx->block[block]);
	pcp_fx_check_blocks(fx);
}

/* As the zone buddy says, after it has merged them, that pages came to it. */
static void zone_freed(struct pcp_fixture *fx, int block, unsigned int order)
{
	pageblock_freed(fx->zone, &fx->block[block], order);
	pcp_fx_check_blocks(fx);
}

/* === Claim === */

static void owner_of_new_block_is_nobody(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	expect_owner(fx, 0, -1);
	expect_listed(fx, 0, false);
}

static void owner_claim_sets_the_cpu_and_lists_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pageblock_claim(&fx->block[0], fx->cpu);
	pageblock_claim(&fx->block[1], fx->other->cpu);
	pageblock_claim(&fx->block[2], 0);
	pcp_fx_check_blocks(fx);

	expect_owner(fx, 0, fx->cpu);
	expect_owner(fx, 1, fx->other->cpu);
	/* CPU 0 is an owner, too. */
	expect_owner(fx, 2, 0);
	expect_listed(fx, 0, false);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 0);
}

/* === The list === */

static void owner_list_counts_and_keeps_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 1);
	own_and_list(fx, 0);
	own_and_list(fx, 2);

	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 3);
	KUNIT_EXPECT_PTR_EQ(test, fx->pcp->owned_blocks.next,
			    &fx->block[1].cpu_node);
	KUNIT_EXPECT_PTR_EQ(test, fx->pcp->owned_blocks.prev,
			    &fx->block[2].cpu_node);
}

static void owner_unlist_leaves_an_empty_node(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int i;

	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++)
		own_and_list(fx, i);

	/* From the middle, from the end, the last one. */
	for (i = 1; i <= PCP_FIXTURE_BLOCKS; i++) {
		int block = i % PCP_FIXTURE_BLOCKS;

		pageblock_unlist(fx->pcp, &fx->block[block]);
		pcp_fx_check_blocks(fx);
		expect_listed(fx, block, false);
		expect_owner(fx, block, fx->cpu);
		KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks,
				PCP_FIXTURE_BLOCKS - i);
	}
	KUNIT_EXPECT_TRUE(test, list_empty(&fx->pcp->owned_blocks));
}

static void owner_list_after_unlist_works(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 0);
	pageblock_unlist(fx->pcp, &fx->block[0]);
	pageblock_list(fx->pcp, &fx->block[0]);
	pcp_fx_check_blocks(fx);
	expect_listed(fx, 0, true);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 1);
}

/* Whatever the memory held before: it is that of sections that come and go. */
static void owner_new_blocks_belong_to_nobody(struct kunit *test)
{
	struct pageblock_data *blocks;
	int i;

	blocks = kunit_kcalloc(test, 3, sizeof(*blocks), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, blocks);
	memset(blocks, 0xa5, 3 * sizeof(*blocks));
	pageblock_data_init(blocks, 2, 5 * pageblock_nr_pages);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, blocks[i].flags, 0UL);
		KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&blocks[i]), -1);
		KUNIT_EXPECT_FALSE(test, blocks[i].unlisted);
		KUNIT_EXPECT_EQ(test, blocks[i].block_pfn,
				(5UL + i) * pageblock_nr_pages);
		KUNIT_EXPECT_TRUE(test, list_empty(&blocks[i].cpu_node));
	}
	/* And no more than it was asked to set up. */
	KUNIT_EXPECT_NE(test, blocks[2].flags, 0UL);
}

static void owner_list_ends_the_unlisted_state(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->block[0].unlisted = true;
	own_and_list(fx, 0);
	KUNIT_EXPECT_FALSE(test, fx->block[0].unlisted);
}

/* === Pages come to the zone === */

static void owner_fragment_puts_block_on_the_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	zone_freed(fx, 0, 0);
	expect_listed(fx, 0, true);
	expect_owner(fx, 0, fx->cpu);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 1);
}

static void owner_half_a_block_is_a_fragment(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	zone_freed(fx, 0, pageblock_order - 1);
	expect_listed(fx, 0, true);
	expect_owner(fx, 0, fx->cpu);
}

static void owner_fragment_goes_to_its_owners_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->other->cpu);
	zone_freed(fx, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, fx->other->owned_blocks.next,
			    &fx->block[0].cpu_node);
	KUNIT_EXPECT_EQ(test, fx->other->nr_owned_blocks, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 0);
}

static void owner_second_fragment_lists_no_second_time(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	zone_freed(fx, 0, 0);
	zone_freed(fx, 0, 1);
	expect_listed(fx, 0, true);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 1);
}

static void owner_is_lost_when_block_is_whole(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	zone_freed(fx, 0, pageblock_order);
	expect_owner(fx, 0, -1);
	expect_listed(fx, 0, false);

	own_and_list(fx, 1);
	own_and_list(fx, 2);
	zone_freed(fx, 1, pageblock_order);
	expect_owner(fx, 1, -1);
	expect_listed(fx, 1, false);
	expect_listed(fx, 2, true);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 1);
}

/* The zone buddy merges beyond a block where MAX_PAGE_ORDER allows it. */
static void owner_is_lost_when_more_than_a_block_is_whole(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 0);
	zone_freed(fx, 0, pageblock_order + 1);
	expect_owner(fx, 0, -1);
	expect_listed(fx, 0, false);
}

static void owner_none_leaves_block_alone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int order;

	for (order = 0; order <= pageblock_order; order++) {
		zone_freed(fx, 0, order);
		/* Past the inline test as well. */
		pageblock_zone_freed(fx->zone, &fx->block[0], order);
	}
	expect_owner(fx, 0, -1);
	expect_listed(fx, 0, false);
	KUNIT_EXPECT_FALSE(test, fx->block[0].unlisted);
}

static void owner_that_is_dead_gets_nothing_listed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->dead = true;
	pcp_fx_own(fx, 0, fx->cpu);
	zone_freed(fx, 0, 0);
	expect_listed(fx, 0, false);
	expect_owner(fx, 0, fx->cpu);
	KUNIT_EXPECT_TRUE(test, fx->block[0].unlisted);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 0);
}

static void owner_that_came_back_gets_block_with_next_fragment(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->dead = true;
	pcp_fx_own(fx, 0, fx->cpu);
	zone_freed(fx, 0, 0);
	fx->pcp->dead = false;
	zone_freed(fx, 0, 1);
	expect_listed(fx, 0, true);
	KUNIT_EXPECT_FALSE(test, fx->block[0].unlisted);
}

static void owner_that_is_dead_loses_whole_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->dead = true;
	pcp_fx_own(fx, 0, fx->cpu);
	zone_freed(fx, 0, 0);
	zone_freed(fx, 0, pageblock_order);
	expect_owner(fx, 0, -1);
	KUNIT_EXPECT_FALSE(test, fx->block[0].unlisted);
}

/* The dead flag is set before the list is emptied. */
static void owner_that_is_dying_keeps_listed_block_listed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 0);
	fx->pcp->dead = true;
	pageblock_freed(fx->zone, &fx->block[0], 0);
	expect_listed(fx, 0, true);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 1);
	KUNIT_EXPECT_FALSE(test, fx->block[0].unlisted);
}

/* === Disown === */

static void owner_disown_takes_block_off_the_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 0);
	own_and_list(fx, 1);
	pageblock_disown(fx->zone, &fx->block[0]);
	pcp_fx_check_blocks(fx);
	expect_owner(fx, 0, -1);
	expect_listed(fx, 0, false);
	expect_listed(fx, 1, true);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 1);
}

static void owner_disown_of_another_cpus_block_counts_there(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 0);
	pcp_fx_own(fx, 1, fx->other->cpu);
	pageblock_list(fx->other, &fx->block[1]);
	pageblock_disown(fx->zone, &fx->block[1]);
	pcp_fx_check_blocks(fx);
	KUNIT_EXPECT_EQ(test, fx->other->nr_owned_blocks, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 1);
}

static void owner_disown_works_off_the_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	fx->block[0].unlisted = true;
	pageblock_disown(fx->zone, &fx->block[0]);
	pcp_fx_check_blocks(fx);
	expect_owner(fx, 0, -1);
	KUNIT_EXPECT_FALSE(test, fx->block[0].unlisted);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 0);
}

static void owner_disown_without_owner_does_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pageblock_disown(fx->zone, &fx->block[0]);
	pcp_fx_check_blocks(fx);
	expect_owner(fx, 0, -1);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 0);
}

/* A disowned block can be claimed again, by any CPU. */
static void owner_claim_after_disown_works(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 0);
	pageblock_disown(fx->zone, &fx->block[0]);
	pageblock_claim(&fx->block[0], fx->other->cpu);
	zone_freed(fx, 0, 0);
	expect_owner(fx, 0, fx->other->cpu);
	KUNIT_EXPECT_EQ(test, fx->other->nr_owned_blocks, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 0);
}

/* === Disown a range === */

#define RANGE_BLOCKS	4

/* Made-up blocks of a range of pfns that has to exist, but is in use. */
struct made_up {
	unsigned long start_pfn;
	struct pageblock_data block[RANGE_BLOCKS];
};

static struct made_up *range;

static struct pageblock_data *range_pageblock(struct zone *zone,
					      const struct page *page,
					      unsigned long pfn)
{
	return &range->block[(pfn - range->start_pfn) / pageblock_nr_pages];
}

static void disown_range(struct pcp_fixture *fx, int first, int end)
{
	pageblock_disown_range(fx->zone,
			       range->start_pfn + first * pageblock_nr_pages,
			       range->start_pfn + end * pageblock_nr_pages);
	KUNIT_EXPECT_EQ(fx->test, 0,
			pcp_validate_owned_blocks(fx->zone, fx->cpu));
}

static void owner_disown_range_disowns_just_its_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct zone *real = page_zone(fx->base[0]);
	int i;

	range = kunit_kzalloc(test, sizeof(*range), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, range);
	range->start_pfn = ALIGN(real->zone_start_pfn, pageblock_nr_pages);
	KUNIT_ASSERT_LE(test,
			range->start_pfn + RANGE_BLOCKS * pageblock_nr_pages,
			zone_end_pfn(real));
	pageblock_data_init(range->block, RANGE_BLOCKS, range->start_pfn);
	for (i = 0; i < RANGE_BLOCKS; i++) {
		range->block[i].owner = fx->cpu + 1;
		pageblock_list(fx->pcp, &range->block[i]);
	}
	kunit_activate_static_stub(test, pcp_pageblock, range_pageblock);

	/* Nothing is in an empty range. */
	disown_range(fx, 1, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, RANGE_BLOCKS);

	disown_range(fx, 1, 3);
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&range->block[0]), fx->cpu);
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&range->block[1]), -1);
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&range->block[2]), -1);
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&range->block[3]), fx->cpu);
	KUNIT_EXPECT_EQ(test, fx->pcp->nr_owned_blocks, 2);
	kunit_deactivate_static_stub(test, pcp_pageblock);
}

static struct kunit_case pcp_owner_cases[] = {
	KUNIT_CASE(owner_of_new_block_is_nobody),
	KUNIT_CASE(owner_claim_sets_the_cpu_and_lists_nothing),
	KUNIT_CASE(owner_list_counts_and_keeps_order),
	KUNIT_CASE(owner_unlist_leaves_an_empty_node),
	KUNIT_CASE(owner_list_after_unlist_works),
	KUNIT_CASE(owner_new_blocks_belong_to_nobody),
	KUNIT_CASE(owner_list_ends_the_unlisted_state),
	KUNIT_CASE(owner_fragment_puts_block_on_the_list),
	KUNIT_CASE(owner_half_a_block_is_a_fragment),
	KUNIT_CASE(owner_fragment_goes_to_its_owners_list),
	KUNIT_CASE(owner_second_fragment_lists_no_second_time),
	KUNIT_CASE(owner_is_lost_when_block_is_whole),
	KUNIT_CASE(owner_is_lost_when_more_than_a_block_is_whole),
	KUNIT_CASE(owner_none_leaves_block_alone),
	KUNIT_CASE(owner_that_is_dead_gets_nothing_listed),
	KUNIT_CASE(owner_that_came_back_gets_block_with_next_fragment),
	KUNIT_CASE(owner_that_is_dead_loses_whole_block),
	KUNIT_CASE(owner_that_is_dying_keeps_listed_block_listed),
	KUNIT_CASE(owner_disown_takes_block_off_the_list),
	KUNIT_CASE(owner_disown_of_another_cpus_block_counts_there),
	KUNIT_CASE(owner_disown_works_off_the_list),
	KUNIT_CASE(owner_disown_without_owner_does_nothing),
	KUNIT_CASE(owner_claim_after_disown_works),
	KUNIT_CASE(owner_disown_range_disowns_just_its_blocks),
	{}
};

static struct kunit_suite pcp_owner_suite = {
	.name = "pcp_owner",
	.init = pcp_fx_init,
	.test_cases = pcp_owner_cases,
};

kunit_test_suites(&pcp_owner_suite);
