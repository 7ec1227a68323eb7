// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for owner.c: which CPU owns a block, when it stops to, and that the
 * blocks of each CPU are counted.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "lib/fixture.h"
#include "lib/workers.h"

static void expect_counted(struct pcp_fixture *fx, struct per_cpu_pages *pcp, int nr)
{
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&pcp->owned_blocks), nr);
}

static void own(struct pcp_fixture *fx, int block)
{
	pcp_fx_own(fx, block, fx->cpu);
	pcp_fx_check_blocks(fx);
}

/* As the zone buddy says, after it has merged them, that pages came to it. */
static void zone_freed(struct pcp_fixture *fx, int block, unsigned int order)
{
	pageblock_freed(fx->zone, &fx->block[block], order);
	pcp_fx_check_blocks(fx);
}

/* === Own === */

static void owner_of_new_block_is_nobody(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_expect_owner(fx, 0, -1);
	expect_counted(fx, fx->pcp, 0);
}

/* The memory may hold anything before: it is that of sections that come and go. */
static void owner_new_blocks_belong_to_nobody(struct kunit *test)
{
	struct pageblock_data *blocks;
	int i;

	blocks = kunit_kcalloc(test, 3, sizeof(*blocks), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, blocks);
	memset(blocks, 0xa5, 3 * sizeof(*blocks));
	pageblock_data_init(blocks, 2);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, blocks[i].flags, 0UL);
		KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&blocks[i]), -1);
	}
	/* And no more than it was asked to set up. */
	KUNIT_EXPECT_NE(test, blocks[2].flags, 0UL);
	KUNIT_EXPECT_NE(test, blocks[2].owner, PAGEBLOCK_NO_OWNER);
}

static void owner_own_sets_the_cpu_and_counts(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct per_cpu_pages *first = zone_pcp(fx->zone, 0);
	int before;

	KUNIT_EXPECT_TRUE(test, pageblock_own(fx->zone, fx->pcp, &fx->block[0]));
	KUNIT_EXPECT_TRUE(test, pageblock_own(fx->zone, fx->other, &fx->block[1]));
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	pcp_fx_expect_owner(fx, 1, fx->other->cpu);
	expect_counted(fx, fx->pcp, 1);
	expect_counted(fx, fx->other, 1);

	/* CPU 0 is an owner, too. */
	before = atomic_read(&first->owned_blocks);
	KUNIT_EXPECT_TRUE(test, pageblock_own(fx->zone, first, &fx->block[2]));
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 2, 0);
	expect_counted(fx, first, before + 1);
}

static void owner_own_twice_fails_and_counts_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_TRUE(test, pageblock_own(fx->zone, fx->pcp, &fx->block[0]));
	KUNIT_EXPECT_FALSE(test, pageblock_own(fx->zone, fx->pcp, &fx->block[0]));
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	expect_counted(fx, fx->pcp, 1);
}

static void owner_own_takes_the_block_from_another_cpu(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_TRUE(test, pageblock_own(fx->zone, fx->other, &fx->block[0]));
	KUNIT_EXPECT_TRUE(test, pageblock_own(fx->zone, fx->pcp, &fx->block[0]));
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	expect_counted(fx, fx->pcp, 1);
	expect_counted(fx, fx->other, 0);
}

static void owner_own_leaves_the_migratetype(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_type(fx, 0, MIGRATE_RECLAIMABLE);
	own(fx, 0);
	KUNIT_EXPECT_EQ(test, pageblock_migratetype(&fx->block[0]),
			MIGRATE_RECLAIMABLE);
	pageblock_disown(fx->zone, &fx->block[0]);
	KUNIT_EXPECT_EQ(test, pageblock_migratetype(&fx->block[0]),
			MIGRATE_RECLAIMABLE);
}

/* === Disown === */

static void owner_disown_counts_at_the_owner(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own(fx, 0);
	own(fx, 1);
	pcp_fx_own(fx, 2, fx->other->cpu);
	pageblock_disown(fx->zone, &fx->block[0]);
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 0, -1);
	pcp_fx_expect_owner(fx, 1, fx->cpu);
	expect_counted(fx, fx->pcp, 1);
	expect_counted(fx, fx->other, 1);

	/* Whichever CPU this is done on. */
	pageblock_disown(fx->zone, &fx->block[2]);
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 2, -1);
	expect_counted(fx, fx->pcp, 1);
	expect_counted(fx, fx->other, 0);
}

static void owner_disown_of_nobodys_block_counts_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int cpu;

	pageblock_disown(fx->zone, &fx->block[0]);
	/* Past the inline test as well: somebody may have been faster. */
	__pageblock_disown(fx->zone, &fx->block[0]);
	pcp_fx_expect_owner(fx, 0, -1);
	for_each_possible_cpu(cpu)
		expect_counted(fx, zone_pcp(fx->zone, cpu), 0);
}

static void owner_disown_twice_counts_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own(fx, 0);
	own(fx, 1);
	pageblock_disown(fx->zone, &fx->block[0]);
	pageblock_disown(fx->zone, &fx->block[0]);
	__pageblock_disown(fx->zone, &fx->block[0]);
	pcp_fx_check_blocks(fx);
	expect_counted(fx, fx->pcp, 1);
}

/* A disowned block can be had again, by any CPU. */
static void owner_own_after_disown_works(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own(fx, 0);
	pageblock_disown(fx->zone, &fx->block[0]);
	KUNIT_EXPECT_TRUE(test, pageblock_own(fx->zone, fx->other, &fx->block[0]));
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 0, fx->other->cpu);
	expect_counted(fx, fx->pcp, 0);
	expect_counted(fx, fx->other, 1);
}

/* === Pages come to the zone === */

static void owner_keeps_block_that_is_not_whole(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int order;

	own(fx, 0);
	for (order = 0; order < pageblock_order; order++)
		zone_freed(fx, 0, order);
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	expect_counted(fx, fx->pcp, 1);
}

static void owner_is_lost_when_block_is_whole(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own(fx, 0);
	own(fx, 1);
	pcp_fx_own(fx, 2, fx->other->cpu);
	zone_freed(fx, 0, pageblock_order);
	pcp_fx_expect_owner(fx, 0, -1);
	pcp_fx_expect_owner(fx, 1, fx->cpu);
	expect_counted(fx, fx->pcp, 1);

	zone_freed(fx, 2, pageblock_order);
	pcp_fx_expect_owner(fx, 2, -1);
	expect_counted(fx, fx->other, 0);
}

/* The zone buddy merges beyond a block where MAX_PAGE_ORDER allows it. */
static void owner_is_lost_when_more_than_a_block_is_whole(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own(fx, 0);
	zone_freed(fx, 0, pageblock_order + 1);
	pcp_fx_expect_owner(fx, 0, -1);
	expect_counted(fx, fx->pcp, 0);
}

static void owner_none_leaves_whole_block_alone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own(fx, 1);
	zone_freed(fx, 0, pageblock_order);
	pcp_fx_expect_owner(fx, 0, -1);
	expect_counted(fx, fx->pcp, 1);
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
	pageblock_data_init(range->block, RANGE_BLOCKS);
	for (i = 0; i < RANGE_BLOCKS; i++)
		KUNIT_ASSERT_TRUE(test, pageblock_own(fx->zone,
						      i == 2 ? fx->other : fx->pcp,
						      &range->block[i]));
	kunit_activate_static_stub(test, __pcp_pageblock, range_pageblock);

	/* Nothing is in an empty range. */
	disown_range(fx, 1, 1);
	expect_counted(fx, fx->pcp, RANGE_BLOCKS - 1);

	/* Any CPU may own them. */
	disown_range(fx, 1, 3);
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&range->block[0]), fx->cpu);
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&range->block[1]), -1);
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&range->block[2]), -1);
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&range->block[3]), fx->cpu);
	expect_counted(fx, fx->pcp, 2);
	expect_counted(fx, fx->other, 0);

	/* Some of them had none. */
	disown_range(fx, 0, RANGE_BLOCKS);
	expect_counted(fx, fx->pcp, 0);
	kunit_deactivate_static_stub(test, __pcp_pageblock);
}

/* === Disown all blocks of a CPU === */

static void disown_cpu(struct pcp_fixture *fx)
{
	fx->nr_blocks_seen = 0;
	pageblock_disown_cpu(fx->zone, fx->pcp);
	pcp_fx_check_blocks(fx);
}

static void owner_disown_cpu_leaves_the_blocks_of_others(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own(fx, 0);
	pcp_fx_own(fx, 1, fx->other->cpu);
	own(fx, 2);
	disown_cpu(fx);
	pcp_fx_expect_owner(fx, 0, -1);
	pcp_fx_expect_owner(fx, 1, fx->other->cpu);
	pcp_fx_expect_owner(fx, 2, -1);
	expect_counted(fx, fx->pcp, 0);
	expect_counted(fx, fx->other, 1);
}

static void owner_disown_cpu_without_blocks_looks_at_none(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->other->cpu);
	disown_cpu(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_blocks_seen, 0);
	pcp_fx_expect_owner(fx, 0, fx->other->cpu);
}

/* A zone has many blocks. */
static void owner_disown_cpu_stops_at_the_last_block_counted(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own(fx, 1);
	disown_cpu(fx);
	pcp_fx_expect_owner(fx, 1, -1);
	KUNIT_EXPECT_EQ(test, fx->nr_blocks_seen, 2);
}

static void owner_disown_cpu_passes_over_holes(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own(fx, 0);
	own(fx, 2);
	fx->hole = 1;
	disown_cpu(fx);
	pcp_fx_expect_owner(fx, 0, -1);
	pcp_fx_expect_owner(fx, 2, -1);
	KUNIT_EXPECT_EQ(test, fx->nr_blocks_seen, 3);
}

/* Such a count is a bug elsewhere, but no reason to leave the zone. */
static void owner_disown_cpu_ends_with_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own(fx, 0);
	atomic_inc(&fx->pcp->owned_blocks);
	fx->nr_blocks_seen = 0;
	pageblock_disown_cpu(fx->zone, fx->pcp);
	pcp_fx_expect_owner(fx, 0, -1);
	expect_counted(fx, fx->pcp, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_blocks_seen, PCP_FIXTURE_BLOCKS);
}

static unsigned long first_pfn_seen;

static struct pageblock_data *note_first_block(struct zone *zone, unsigned long pfn)
{
	first_pfn_seen = min(first_pfn_seen, pfn);
	return NULL;
}

static void owner_disown_cpu_begins_with_the_block_that_the_zone_begins_in(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own(fx, 0);
	fx->zone->zone_start_pfn = 2 * pageblock_nr_pages - 1;
	first_pfn_seen = ULONG_MAX;
	kunit_activate_static_stub(test, pcp_zone_block, note_first_block);
	pageblock_disown_cpu(fx->zone, fx->pcp);
	KUNIT_EXPECT_EQ(test, first_pfn_seen, pageblock_nr_pages);
}

/* === Several CPUs at once === */

#define RACE_ROUNDS	200
#define RACE_WORKERS	2

struct race {
	struct pcp_fixture *fx;
	struct pcp_step step;
};

/* All want the block, then all of them make it nobody's. Returns how often it was had. */
static long race_fn(struct pcp_worker *w)
{
	struct race *race = w->arg;
	struct pageblock_data *pbd = &race->fx->block[0];
	long won = 0;
	int i;

	for (i = 0; i < RACE_ROUNDS; i++) {
		if (!pcp_step_wait(&race->step, RACE_WORKERS))
			return -1;
		won += pageblock_own(race->fx->zone,
				     zone_pcp(race->fx->zone, w->cpu), pbd);
		if (!pcp_step_wait(&race->step, RACE_WORKERS))
			return -1;
		pageblock_disown(race->fx->zone, pbd);
	}
	return won;
}

static void owner_race_leaves_the_counts_right(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_workers *p;
	struct race *race;
	unsigned int i;
	long won = 0;
	int cpu;

	pcp_workers_require(test, RACE_WORKERS);
	race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, race);
	race->fx = fx;
	p = pcp_workers_run(test, NULL, RACE_WORKERS, race_fn, race);
	for (i = 0; i < p->nr; i++) {
		KUNIT_EXPECT_GE(test, p->worker[i].ret, 0L);
		won += p->worker[i].ret;
	}
	KUNIT_EXPECT_GE(test, won, (long)RACE_ROUNDS);
	pcp_fx_expect_owner(fx, 0, -1);
	for_each_possible_cpu(cpu)
		expect_counted(fx, zone_pcp(fx->zone, cpu), 0);
}

static struct kunit_case pcp_owner_cases[] = {
	KUNIT_CASE(owner_of_new_block_is_nobody),
	KUNIT_CASE(owner_new_blocks_belong_to_nobody),
	KUNIT_CASE(owner_own_sets_the_cpu_and_counts),
	KUNIT_CASE(owner_own_twice_fails_and_counts_once),
	KUNIT_CASE(owner_own_takes_the_block_from_another_cpu),
	KUNIT_CASE(owner_own_leaves_the_migratetype),
	KUNIT_CASE(owner_disown_counts_at_the_owner),
	KUNIT_CASE(owner_disown_of_nobodys_block_counts_nothing),
	KUNIT_CASE(owner_disown_twice_counts_once),
	KUNIT_CASE(owner_own_after_disown_works),
	KUNIT_CASE(owner_keeps_block_that_is_not_whole),
	KUNIT_CASE(owner_is_lost_when_block_is_whole),
	KUNIT_CASE(owner_is_lost_when_more_than_a_block_is_whole),
	KUNIT_CASE(owner_none_leaves_whole_block_alone),
	KUNIT_CASE(owner_disown_range_disowns_just_its_blocks),
	KUNIT_CASE(owner_disown_cpu_leaves_the_blocks_of_others),
	KUNIT_CASE(owner_disown_cpu_without_blocks_looks_at_none),
	KUNIT_CASE(owner_disown_cpu_stops_at_the_last_block_counted),
	KUNIT_CASE(owner_disown_cpu_passes_over_holes),
	KUNIT_CASE(owner_disown_cpu_ends_with_the_zone),
	KUNIT_CASE(owner_disown_cpu_begins_with_the_block_that_the_zone_begins_in),
	KUNIT_CASE(owner_race_leaves_the_counts_right),
	{}
};

static struct kunit_suite pcp_owner_suite = {
	.name = "pcp_owner",
	.init = pcp_fx_init,
	.test_cases = pcp_owner_cases,
};

kunit_test_suites(&pcp_owner_suite);
