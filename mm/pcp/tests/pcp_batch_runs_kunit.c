// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the runs of mm/pcp/batch.c: remote folios go out in runs, one push for each,
 * while the local lock stays where it is.
 */
#include <kunit/test.h>

#include "lib/batches.h"
#include "lib/rival.h"

static void batch_remote_goes_out_at_the_end(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();

	pcp_fx_enough_in(fx, fx->zone, 1, 0, 2);
	batch_free(&batch, fx->zone, remote(fx, 0));
	batch_free_order(&batch, fx->zone, remote(fx, 4), 2);
	batch_free(&batch, fx->zone, pcp_fx_page(fx, 1, 4));
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 0);
	pcp_fx_expect_unlocked(fx, &batch, pinned);

	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 1);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 6);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);

	/* The batch is as good as new. */
	batch_free(&batch, fx->zone, remote(fx, 1));
	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 2);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 7);
}

/* Others that wait for the lock do not wait for the pcp_fx_pushes. */
static void batch_pushes_without_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();

	batch_free(&batch, fx->zone, remote(fx, 0));
	batch_free(&batch, fx->zone, local(fx, 0));
	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 1);
	KUNIT_EXPECT_FALSE(test, pcp_fx_pushes.under_lock);
}

static void batch_local_between_remote(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	bool kept = true;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		batch_free(&batch, fx->zone, local(fx, i));
		batch_free(&batch, fx->zone, remote(fx, i));
		kept &= pcp_fx_locked(fx->pcp) && batch.pcp == fx->pcp;
	}
	pcp_batch_end(&batch);
	KUNIT_EXPECT_TRUE(test, kept);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 1);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 4);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 4);
}

/*
 * A rival waits for the lock all the while: it would get it if the lock was
 * dropped between two folios, however shortly.
 */
static void batch_lock_is_not_dropped_for_remote(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_fx_rival *rival = pcp_fx_rival_start(fx, fx->pcp);
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	bool queued, got;
	unsigned int i;

	batch_free(&batch, fx->zone, local(fx, 0));
	queued = pcp_fx_rival_queue(rival);
	for (i = 1; i < 4; i++) {
		batch_free(&batch, fx->zone, remote(fx, i));
		batch_free(&batch, fx->zone, local(fx, i));
	}
	got = READ_ONCE(rival->got);
	pcp_batch_end(&batch);
	pcp_fx_rival_stop(fx, rival);
	if (!queued)
		kunit_skip(test, "needs locks that tell who waits");

	KUNIT_EXPECT_FALSE(test, got);
	KUNIT_EXPECT_TRUE(test, rival->got);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 4);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 0);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 1);
}

static void batch_interleaved_zones_one_push_each(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	unsigned int i, z;

	pcp_fx_have_zones(fx, PCP_BATCH_WAYS);
	for (i = 0; i < 2; i++) {
		for (z = 0; z < PCP_BATCH_WAYS; z++)
			batch_free(&batch, fx->zones[z],
				   pcp_fx_page(fx, i, z));
	}
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 0);
	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, PCP_BATCH_WAYS);
	for (z = 0; z < PCP_BATCH_WAYS; z++)
		KUNIT_EXPECT_EQ(test, waiting(fx, fx->zones[z]), 2);
}

/* Base pages that wait for all CPUs, in all zones. */
static int waiting_for_all(struct pcp_fixture *fx)
{
	int z, cpu, sum = 0;

	for (z = 0; z < fx->nr_zones; z++)
		for_each_possible_cpu(cpu)
			sum += atomic_read(&zone_pcp(fx->zones[z], cpu)->nr_waiting);
	return sum;
}

/* More PCPs than one CPU may have runs for: CPUs do not push each other's out. */
static void batch_owners_have_runs_of_their_own(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	unsigned int i, z, nr = 0, nr_owners = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		nr_owners += cpu != fx->cpu;
	if (2 * nr_owners <= PCP_BATCH_WAYS || nr_owners > PCP_BATCH_RUNS / 2)
		kunit_skip(test, "needs 4 to 9 CPUs");
	if (pageblock_nr_pages < 4 * nr_owners)
		kunit_skip(test, "needs larger blocks");

	pcp_fx_have_zones(fx, 2);
	for (i = 0; i < 2; i++) {
		for_each_possible_cpu(cpu) {
			if (cpu == fx->cpu)
				continue;
			pcp_fx_own(fx, 0, cpu);
			for (z = 0; z < 2; z++)
				batch_free(&batch, fx->zones[z], remote(fx, nr++));
		}
	}
	KUNIT_EXPECT_EQ(test, waiting_for_all(fx), 0);
	pcp_batch_end(&batch);
	KUNIT_EXPECT_EQ(test, waiting_for_all(fx), nr);
	for_each_possible_cpu(cpu) {
		for (z = 0; cpu != fx->cpu && z < 2; z++)
			KUNIT_EXPECT_EQ(test, 2,
					atomic_read(&zone_pcp(fx->zones[z], cpu)->nr_waiting));
	}
	pcp_fx_expect_ended(fx, &batch, pinned);
}

static void batch_more_zones_of_one_owner_than_ways(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct zone *first, *fifth, *sixth;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	unsigned int z;

	pcp_fx_have_zones(fx, PCP_BATCH_WAYS + 2);
	fifth = fx->zones[PCP_BATCH_WAYS];
	sixth = fx->zones[PCP_BATCH_WAYS + 1];

	for (z = 0; z < PCP_BATCH_WAYS; z++)
		batch_free(&batch, fx->zones[z], remote(fx, z));
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 0);

	/* One run has to go, and only one. */
	batch_free(&batch, fifth, remote(fx, z++));
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 1);
	first = pcp_fx_pushes.last;
	KUNIT_EXPECT_EQ(test, waiting(fx, first), 1);
	KUNIT_EXPECT_EQ(test, waiting(fx, fifth), 0);

	/* Then another one, not the one that has just begun. */
	batch_free(&batch, sixth, remote(fx, z++));
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 2);
	KUNIT_EXPECT_PTR_NE(test, pcp_fx_pushes.last, first);
	KUNIT_EXPECT_EQ(test, waiting(fx, fifth), 0);
	KUNIT_EXPECT_EQ(test, waiting(fx, sixth), 0);

	/* Those that are under way still grow. */
	batch_free(&batch, fifth, pcp_fx_page(fx, 1, 0));
	batch_free(&batch, sixth, pcp_fx_page(fx, 1, 1));
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 2);

	/* The one that went begins a new run. */
	batch_free(&batch, first, pcp_fx_page(fx, 1, 2));
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 3);
	KUNIT_EXPECT_EQ(test, waiting(fx, first), 1);

	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, PCP_BATCH_WAYS + 3);
	for (z = 0; z < fx->nr_zones; z++) {
		struct zone *zone = fx->zones[z];
		bool two = zone == first || zone == fifth || zone == sixth;

		KUNIT_EXPECT_EQ(test, waiting(fx, zone), two ? 2 : 1);
	}
}

/* Nobody looks before the push, which is long after the folio was freed. */
static void batch_owner_closes_meanwhile(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();

	batch_free(&batch, fx->zone, remote(fx, 0));
	batch_free(&batch, fx->zone, remote(fx, 1));
	fx->other->dead = true;
	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_FALSE(test, fx->free_nolock);
}

/* As in a batch that began later. */
static void batch_closed_owner_is_rescued(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();

	pcp_fx_enough_in(fx, fx->zone, 1, 0, 2);
	pcp_set_bound(fx->other, 0);
	batch_free_order(&batch, fx->zone, remote(fx, 0), 2);
	batch_free(&batch, fx->zone, remote(fx, 4));
	pcp_fx_expect_unlocked(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 5);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 0);
	/* In the order of the frees. */
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), remote(fx, 0));
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 1), remote(fx, 4));
}

/* As one that goes out at the end: a batch may wait for the zone. */
static void batch_run_that_makes_room_waits_for_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	unsigned int z;

	pcp_fx_have_zones(fx, PCP_BATCH_WAYS + 1);
	for (z = 0; z < PCP_BATCH_WAYS; z++)
		batch_free(&batch, fx->zones[z], remote(fx, z));
	for (z = 0; z < PCP_BATCH_WAYS; z++)
		zone_pcp(fx->zones[z], fx->other->cpu)->dead = true;
	fx->lock_busy = true;
	batch_free(&batch, fx->zones[z], remote(fx, z));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
	KUNIT_EXPECT_FALSE(test, fx->free_nolock);
	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, PCP_BATCH_WAYS);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
}

/* Most runs need no zone. */
static void batch_run_that_makes_room_leaves_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	unsigned int z;

	pcp_fx_have_zones(fx, PCP_BATCH_WAYS + 1);
	batch_free(&batch, fx->zone, local(fx, 6));
	for (z = 0; z < PCP_BATCH_WAYS + 1; z++)
		batch_free(&batch, fx->zones[z], remote(fx, z));
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 1);
	KUNIT_EXPECT_PTR_EQ(test, batch.pcp, fx->pcp);
	KUNIT_EXPECT_TRUE(test, pcp_fx_locked(fx->pcp));
	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, pinned);
}

static bool locked_in_flush;
static int pinned_in_flush;

static void note_state(struct pcp_fixture *fx)
{
	locked_in_flush = pcp_fx_locked(fx->pcp);
	pinned_in_flush = pcp_fx_pinned();
}

/* The local part of a trim holds its lock for a batch, and here as many wait as for a refill. */
static void batch_run_that_makes_room_flushes_without_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	unsigned int z;
	int reader;

	/* An RCU reader may be pinned as well. */
	rcu_read_lock();
	reader = pcp_fx_pinned();
	rcu_read_unlock();

	pcp_fx_have_zones(fx, PCP_BATCH_WAYS + 1);
	batch_free(&batch, fx->zone, local(fx, 6));
	for (z = 0; z < PCP_BATCH_WAYS; z++) {
		batch_free(&batch, fx->zones[z], remote(fx, z));
		zone_pcp(fx->zones[z], fx->other->cpu)->bound = 0;
	}
	locked_in_flush = true;
	fx->on_free = note_state;
	batch_free(&batch, fx->zones[z], remote(fx, z));
	fx->on_free = NULL;
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	KUNIT_EXPECT_FALSE(test, locked_in_flush);
	KUNIT_EXPECT_EQ(test, pinned_in_flush, reader);
	pcp_fx_expect_unlocked(fx, &batch, pinned);

	/* And goes on as a batch that has just begun. */
	batch_free(&batch, fx->zone, local(fx, 7));
	KUNIT_EXPECT_PTR_EQ(test, batch.pcp, fx->pcp);
	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 2);
}

static struct kunit_case batch_runs_cases[] = {
	KUNIT_CASE(batch_remote_goes_out_at_the_end),
	KUNIT_CASE(batch_pushes_without_the_lock),
	KUNIT_CASE(batch_local_between_remote),
	KUNIT_CASE(batch_lock_is_not_dropped_for_remote),
	KUNIT_CASE(batch_interleaved_zones_one_push_each),
	KUNIT_CASE(batch_owners_have_runs_of_their_own),
	KUNIT_CASE(batch_more_zones_of_one_owner_than_ways),
	KUNIT_CASE(batch_owner_closes_meanwhile),
	KUNIT_CASE(batch_closed_owner_is_rescued),
	KUNIT_CASE(batch_run_that_makes_room_waits_for_the_zone),
	KUNIT_CASE(batch_run_that_makes_room_leaves_the_lock),
	KUNIT_CASE(batch_run_that_makes_room_flushes_without_the_lock),
	{}
};

static struct kunit_suite batch_runs_suite = {
	.name = "pcp_batch_runs",
	.init = pcp_fx_batch_init,
	.test_cases = batch_runs_cases,
};

kunit_test_suites(&batch_runs_suite);
