// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the trim of commit.h and commit.c: a PCP keeps below its high mark. Which
 * pages go, and who has the lock afterwards.
 */
#include <kunit/test.h>

#include "lib/commits.h"
#include "lib/rival.h"

/* === The high mark === */

static void commit_below_the_mark_keeps(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 4;
	pcp_fx_fill(fx, 2);
	pcp_fx_commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
	pcp_fx_expect_not_trimmed(fx);
}

static void commit_at_the_mark_trims(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 4;
	pcp_fx_fill(fx, 3);
	pcp_fx_commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	pcp_fx_expect_trimmed(fx, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
}

static void commit_above_the_mark_trims(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 4;
	pcp_fx_fill(fx, 4);
	pcp_fx_commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
	pcp_fx_expect_trimmed(fx, 2);
}

static void commit_mark_is_in_base_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 6;
	pcp_fx_fill(fx, 1);
	pcp_fx_commit(fx, 0, 0, 2);
	pcp_fx_expect_not_trimmed(fx);
	pcp_fx_commit(fx, 0, 4, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_relaxed, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
}

/* Most frees end before that call. */
static void commit_far_below_the_mark_does_not_ask_for_it(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 4;
	pcp_fx_fill(fx, 2);
	pcp_fx_commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_asked_high, 0);
	pcp_fx_commit(fx, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_asked_high, 1);
}

/* The zone may have lowered the mark since. */
static void commit_in_a_short_zone_asks_for_the_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 4;
	fx->zone_short = true;
	pcp_fx_commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_asked_high, 1);
}

/* Somebody lowered it, and pcp->high was not adjusted yet. */
static void commit_over_the_highest_mark_asks_for_it(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high_min = 0;
	fx->pcp->high_max = 8;
	fx->pcp->high = 8;
	pcp_fx_commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_asked_high, 0);
	fx->pcp->high = 9;
	pcp_fx_commit(fx, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_asked_high, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->high, 8);
}

/* The list of the page goes first, its cold end before its hot one. */
static void commit_trims_cold_pages_of_the_list_first(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_fill_type(fx, 1, 3, MIGRATE_UNMOVABLE);
	pcp_fx_fill_type(fx, 2, 2, MIGRATE_MOVABLE);
	fx->pcp->high = 6;
	pcp_fx_commit(fx, 0, 0, 0);
	pcp_fx_expect_trimmed(fx, 2);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), pcp_fx_page(fx, 2, 0));
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 1), pcp_fx_page(fx, 2, 2));
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_UNMOVABLE, 0), 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 1);
}

static void commit_trims_the_order_first(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_fill(fx, 2);
	fx->pcp->high = 4;
	pcp_fx_commit(fx, 0, 0, 1);
	pcp_fx_expect_trimmed(fx, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 1), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 2);
}

/* zone->lock is out of reach: the next free trims. */
static void commit_nolock_never_trims(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 4;
	pcp_fx_fill(fx, 6);
	pcp_fx_commit_nolock(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 7);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
	pcp_fx_expect_not_trimmed(fx);

	fx->nr_free = 6;
	pcp_fx_commit(fx, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	pcp_fx_expect_trimmed(fx, 6);
}

/* As it is after its drain: nothing is cached. */
static void commit_disabled_keeps_no_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_disable(fx->pcp);
	fx->pcp->batch = 1;
	fx->nr_free = 1;
	pcp_fx_commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	/* One base page is to go, and the page goes whole. */
	pcp_fx_commit(fx, 0, 4, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 5);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_relaxed, 2);
}

static void commit_relaxes_even_if_nothing_was_to_free(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 1;
	fx->nr_free = 0;
	pcp_fx_commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_relaxed, 1);
}

/* An allocation takes it in, a free has no use for it. */
static void commit_trim_leaves_what_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	pcp_fx_fill(fx, 3);
	for (i = 0; i < 5; i++)
		pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 2, i), 0);
	fx->pcp->high = 4;
	pcp_fx_commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->nr_waiting), 5);
	KUNIT_EXPECT_NULL(test, fx->pcp->taken);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	pcp_fx_expect_trimmed(fx, 2);
}

/* This CPU has more than it wants of them. */
static void commit_trim_disowns_the_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 1, fx->cpu);
	pcp_fx_fill(fx, 3);
	fx->pcp->high = 4;
	pcp_fx_commit(fx, 0, 0, 0);
	pcp_fx_expect_trimmed(fx, 2);
	pcp_fx_expect_owner(fx, 1, -1);
	/* The page that came is still here. */
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	pcp_fx_check_blocks(fx);
}

/* Those that are trimmed were counted when they came. */
static void commit_counts_trimmed_pages_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_need_events(fx);
	pcp_fx_fill(fx, 7);
	fx->pcp->high = 8;
	fx->nr_free = 5;
	KUNIT_EXPECT_EQ(test, 1,
			PCP_FX_EVENTS(PGFREE, pcp_fx_commit_page(fx, page, MIGRATE_MOVABLE,
								 0, false)));
	pcp_fx_expect_trimmed(fx, 5);
	pcp_fx_check(fx);
}

/* === Batches === */

/* Pages that have come to the zone with each call. */
static unsigned int freed_after[3];

static void note_freed(struct pcp_fixture *fx)
{
	if (fx->nr_free_calls <= ARRAY_SIZE(freed_after))
		freed_after[fx->nr_free_calls - 1] = fx->nr_freed;
}

/* With seven pages on the PCP and one that comes, what the zone has after each hold. */
static void commit_expect_holds(struct kunit *test, int batch, const unsigned int after[3])
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	fx->pcp->batch = batch;
	pcp_fx_fill(fx, 7);
	fx->pcp->high = 8;
	fx->nr_free = after[2];
	fx->on_free = note_freed;
	pcp_fx_commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 8 - after[2]);
	KUNIT_ASSERT_EQ(test, fx->nr_free_calls, 3);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, freed_after[i], after[i]);
	pcp_fx_expect_trimmed(fx, after[2]);
}

static void commit_trims_a_small_batch_at_a_time(struct kunit *test)
{
	commit_expect_holds(test, PCP_FX_COMMIT_BATCH, (unsigned int []){ 2, 4, 5 });
}

static void commit_trims_three_quarters_of_a_batch_at_a_time(struct kunit *test)
{
	commit_expect_holds(test, 4, (unsigned int []){ 3, 6, 7 });
}

static void commit_trims_until_empty(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_fill(fx, 2);
	fx->pcp->high = 3;
	fx->nr_free = 100;
	pcp_fx_commit(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	pcp_fx_expect_trimmed(fx, 3);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 2);
}

/* === Loss of the lock === */

static unsigned int lose_at;	/* call of the zone in which the lock gets lost */

static void lose_to_migration(struct pcp_fixture *fx)
{
	if (fx->nr_free_calls == lose_at)
		pcp_fx_migrate(fx);
}

/* Between two holds of the lock the task was moved to another CPU. */
static void commit_migrated_between_batches(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_fill(fx, 7);
	fx->pcp->high = 8;
	fx->nr_free = 6;
	fx->on_free = lose_to_migration;
	lose_at = 2;
	KUNIT_EXPECT_FALSE(test, pcp_fx_commit_page(fx, page, MIGRATE_MOVABLE, 0, false));
	KUNIT_EXPECT_FALSE(test, pcp_fx_locked(fx->pcp));
	pcp_fx_come_back(fx);

	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
	/* The zone has got pages, though. */
	pcp_fx_expect_trimmed(fx, 4);
	pcp_fx_check(fx);
}

/* After the last batch there is no need to drop the lock. */
static void commit_keeps_the_lock_after_the_last_batch(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_fill(fx, 7);
	fx->pcp->high = 8;
	fx->nr_free = 4;
	fx->on_free = lose_to_migration;
	lose_at = 2;
	KUNIT_EXPECT_TRUE(test, pcp_fx_commit_page(fx, page, MIGRATE_MOVABLE, 0, false));
	pcp_fx_come_back(fx);
	pcp_fx_expect_trimmed(fx, 4);
	pcp_fx_check(fx);
}

static void commit_keeps_the_lock_when_empty(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_fill(fx, 3);
	fx->pcp->high = 4;
	fx->nr_free = 100;
	fx->on_free = lose_to_migration;
	lose_at = 2;
	KUNIT_EXPECT_TRUE(test, pcp_fx_commit_page(fx, page, MIGRATE_MOVABLE, 0, false));
	pcp_fx_come_back(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	pcp_fx_check(fx);
}

static struct pcp_fx_rival *rival;
static bool rival_waits;

static void lose_to_rival(struct pcp_fixture *fx)
{
	if (fx->nr_free_calls == 1)
		rival_waits = pcp_fx_rival_queue(rival);
}

/* A waiter for the lock gets it between two batches. */
static void commit_lock_taken_between_batches(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	bool locked;

	rival = pcp_fx_rival_start(fx, fx->pcp);
	pcp_fx_fill(fx, 7);
	fx->pcp->high = 8;
	fx->nr_free = 6;
	fx->on_free = lose_to_rival;
	locked = pcp_fx_commit_page(fx, page, MIGRATE_MOVABLE, 0, false);
	pcp_fx_rival_stop(fx, rival);
	if (!rival_waits)
		kunit_skip(test, "needs locks that tell who waits");

	KUNIT_EXPECT_FALSE(test, locked);
	KUNIT_EXPECT_TRUE(test, rival->got);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	pcp_fx_expect_trimmed(fx, 2);
	pcp_fx_check(fx);
}

static struct kunit_case commit_trim_cases[] = {
	KUNIT_CASE(commit_counts_trimmed_pages_once),
	KUNIT_CASE(commit_below_the_mark_keeps),
	KUNIT_CASE(commit_at_the_mark_trims),
	KUNIT_CASE(commit_above_the_mark_trims),
	KUNIT_CASE(commit_mark_is_in_base_pages),
	KUNIT_CASE(commit_far_below_the_mark_does_not_ask_for_it),
	KUNIT_CASE(commit_in_a_short_zone_asks_for_the_mark),
	KUNIT_CASE(commit_over_the_highest_mark_asks_for_it),
	KUNIT_CASE(commit_trims_cold_pages_of_the_list_first),
	KUNIT_CASE(commit_trims_the_order_first),
	KUNIT_CASE(commit_nolock_never_trims),
	KUNIT_CASE(commit_disabled_keeps_no_page),
	KUNIT_CASE(commit_relaxes_even_if_nothing_was_to_free),
	KUNIT_CASE(commit_trim_leaves_what_waits),
	KUNIT_CASE(commit_trim_disowns_the_blocks),
	KUNIT_CASE(commit_trims_a_small_batch_at_a_time),
	KUNIT_CASE(commit_trims_three_quarters_of_a_batch_at_a_time),
	KUNIT_CASE(commit_trims_until_empty),
	KUNIT_CASE(commit_migrated_between_batches),
	KUNIT_CASE(commit_keeps_the_lock_after_the_last_batch),
	KUNIT_CASE(commit_keeps_the_lock_when_empty),
	KUNIT_CASE(commit_lock_taken_between_batches),
	{}
};

static struct kunit_suite commit_trim_suite = {
	.name = "pcp_commit_trim",
	.init = pcp_fx_commit_init,
	.test_cases = commit_trim_cases,
};

kunit_test_suites(&commit_trim_suite);
