// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for mm/pcp/batch.c: the local lock stays where it is while a batch is freed, and
 * nothing is pinned nor locked after it. The suite pcp_batch_runs has the remote folios.
 */
#include <kunit/test.h>
#include <linux/sched.h>

#include "lib/batches.h"

static void batch_of_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();

	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 0);
}

/* === Local folios === */

static void batch_local_keeps_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	bool locked;

	batch_free(&batch, fx->zone, local(fx, 0));
	locked = pcp_fx_locked(fx->pcp) && batch.pcp == fx->pcp;
	batch_free_order(&batch, fx->zone, local(fx, 4), 2);
	locked &= pcp_fx_locked(fx->pcp) && batch.pcp == fx->pcp;
	pcp_batch_end(&batch);

	KUNIT_EXPECT_TRUE(test, locked);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 5);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 2), 1);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(local(fx, 0), pcp_mark(fx->pcp)));
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
}

static void batch_unowned_is_local(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();

	pcp_fx_own(fx, 2, -1);
	pcp_fx_type(fx, 2, MIGRATE_HIGHATOMIC);
	batch_free(&batch, fx->zone, local(fx, 0));
	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(local(fx, 0), pcp_mark(fx->pcp)));
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 2);
}

static void batch_local_busy_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int before = pcp_fx_pinned(), pinned;

	spin_lock(&fx->pcp->lock);
	pinned = pcp_fx_pinned();
	batch_free(&batch, fx->zone, local(fx, 0));
	pinned -= pcp_fx_pinned();
	spin_unlock(&fx->pcp->lock);
	KUNIT_EXPECT_EQ(test, pinned, 0);
	pcp_fx_expect_unlocked(fx, &batch, before);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 1);
	KUNIT_EXPECT_FALSE(test, fx->free_nolock);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), local(fx, 0));

	/* The next one tries again. */
	batch_free(&batch, fx->zone, local(fx, 1));
	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, before);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 1);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 1);
}

/* As free_unref_folios() marks them, so that a folio that is there twice is noticed. */
static void batch_zone_gets_pages_without_a_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};

	pcp_set_mark(local(fx, 0), PCP_MARK_WAITS);
	spin_lock(&fx->pcp->lock);
	batch_free(&batch, fx->zone, local(fx, 0));
	spin_unlock(&fx->pcp->lock);
	pcp_batch_end(&batch);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), local(fx, 0));
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(local(fx, 0), UINT_MAX));
}

static void batch_lock_goes_from_zone_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct zone *zone = pcp_fx_zone(fx);
	struct per_cpu_pages *pcp = zone_pcp(zone, fx->cpu);
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	bool moved, back;

	batch_free(&batch, fx->zone, local(fx, 0));
	batch_free(&batch, zone, local(fx, 1));
	moved = pcp_fx_locked(pcp) && !pcp_fx_locked(fx->pcp);
	batch_free(&batch, fx->zone, local(fx, 2));
	back = !pcp_fx_locked(pcp) && pcp_fx_locked(fx->pcp);
	pcp_batch_end(&batch);

	KUNIT_EXPECT_TRUE(test, moved);
	KUNIT_EXPECT_TRUE(test, back);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 2);
	KUNIT_EXPECT_EQ(test, pcp->count, 1);
}

static void batch_next_zone_is_busy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct zone *zone = pcp_fx_zone(fx);
	struct per_cpu_pages *pcp = zone_pcp(zone, fx->cpu);
	struct pcp_batch batch = {};
	int before = pcp_fx_pinned(), pinned;
	bool dropped;

	spin_lock(&pcp->lock);
	pinned = pcp_fx_pinned();
	batch_free(&batch, fx->zone, local(fx, 0));
	batch_free(&batch, zone, local(fx, 1));
	dropped = !pcp_fx_locked(fx->pcp) && !batch.pcp;
	pinned -= pcp_fx_pinned();
	spin_unlock(&pcp->lock);
	KUNIT_EXPECT_TRUE(test, dropped);
	KUNIT_EXPECT_EQ(test, pinned, 0);

	batch_free(&batch, fx->zone, local(fx, 2));
	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, before);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 2);
	KUNIT_EXPECT_EQ(test, pcp->count, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 1);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), local(fx, 1));
}

static void batch_lock_lost_in_a_trim(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();

	/* No buddies: each is one page when it goes. */
	batch_free(&batch, fx->zone, remote(fx, 0));
	batch_free(&batch, fx->zone, local(fx, 0));
	batch_free(&batch, fx->zone, local(fx, 2));
	fx->pcp->batch = 1;
	fx->pcp->high = fx->pcp->count + 1;
	fx->nr_free = 2;
	fx->on_free = pcp_fx_migrate;
	batch_free(&batch, fx->zone, local(fx, 4));
	pcp_fx_come_back(fx);
	fx->on_free = NULL;
	pcp_fx_expect_unlocked(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 2);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 0);

	/* The run is kept, and the lock taken again. */
	pcp_fx_room(fx->pcp, 0);
	batch_free(&batch, fx->zone, remote(fx, 1));
	batch_free(&batch, fx->zone, local(fx, 6));
	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 1);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 3);
}

/* On each route of a folio, the task is pinned if, and only if, it has the lock. */
static void batch_pins_while_it_has_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int before = pcp_fx_pinned(), pinned, wrong = 0;

	batch_free(&batch, fx->zone, remote(fx, 0));
	KUNIT_EXPECT_EQ(test, pcp_fx_pinned(), before);

	/* The count of a task that is pinned once, and has the lock. */
	pcpu_task_pin();
	spin_lock(&fx->pcp->lock);
	pinned = pcp_fx_pinned();
	spin_unlock(&fx->pcp->lock);
	pcpu_task_unpin();

	batch_free(&batch, fx->zone, local(fx, 0));
	wrong += pcp_fx_pinned() != pinned;
	batch_free(&batch, fx->zone, local(fx, 1));
	wrong += pcp_fx_pinned() != pinned;
	batch_free(&batch, fx->zone, remote(fx, 1));
	wrong += pcp_fx_pinned() != pinned;
	if (IS_ENABLED(CONFIG_MEMORY_ISOLATION)) {
		pcp_fx_isolate(fx, 1, true);
		batch_free(&batch, fx->zone, pcp_fx_page(fx, 1, 0));
		wrong += pcp_fx_pinned() != pinned;
	}
	pcp_batch_end(&batch);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	pcp_fx_expect_ended(fx, &batch, before);
}

/* === Folios of other CPUs' blocks that are of use here === */

/* Each folio is looked at by itself: the first one is enough. */
static void batch_remote_is_kept_while_there_is_room(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	bool locked;

	pcp_fx_room(fx->pcp, 1);
	batch_free(&batch, fx->zone, remote(fx, 0));
	locked = pcp_fx_locked(fx->pcp) && batch.pcp == fx->pcp;
	batch_free(&batch, fx->zone, remote(fx, 1));
	pcp_batch_end(&batch);
	KUNIT_EXPECT_TRUE(test, locked);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 1);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(remote(fx, 0), pcp_mark(fx->pcp)));
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(remote(fx, 1), PCP_MARK_WAITS));
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 1);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 1);
}

static void batch_remote_is_kept_for_an_empty_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();

	batch_free_order(&batch, fx->zone, remote(fx, 0), 1);
	batch_free_order(&batch, fx->zone, remote(fx, 2), 1);
	batch_free(&batch, fx->zone, remote(fx, 4));
	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 1), 1);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 3);
}

/* Reclaim frees folios in batches. */
static void batch_remote_is_kept_for_reclaim(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int before = current->flags & PF_MEMALLOC;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();

	current->flags |= PF_MEMALLOC;
	batch_free(&batch, fx->zone, remote(fx, 0));
	batch_free(&batch, fx->zone, remote(fx, 1));
	pcp_batch_end(&batch);
	current->flags = (current->flags & ~PF_MEMALLOC) | before;
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 0);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 0);
}

static void batch_remote_kept_local_busy_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int before = pcp_fx_pinned(), pinned;

	pcp_fx_room(fx->pcp, 1);
	spin_lock(&fx->pcp->lock);
	pinned = pcp_fx_pinned();
	batch_free(&batch, fx->zone, remote(fx, 0));
	pinned -= pcp_fx_pinned();
	spin_unlock(&fx->pcp->lock);
	KUNIT_EXPECT_EQ(test, pinned, 0);
	pcp_fx_expect_unlocked(fx, &batch, before);
	pcp_batch_end(&batch);
	pcp_fx_expect_ended(fx, &batch, before);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_pushes.nr, 0);
}

/* === Zone === */

/* The lock is kept for the local folios to come. */
static void batch_isolated_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	bool kept;

	pcp_fx_need_isolation(fx);
	pcp_fx_isolate(fx, 0, true);
	batch_free(&batch, fx->zone, remote(fx, 0));
	batch_free(&batch, fx->zone, local(fx, 0));
	batch_free(&batch, fx->zone, remote(fx, 1));
	kept = pcp_fx_locked(fx->pcp) && batch.pcp == fx->pcp;
	pcp_batch_end(&batch);
	KUNIT_EXPECT_TRUE(test, kept);
	pcp_fx_expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 1);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 0);
}

/* === Counters === */

static void have_enough_for_the_whole_batch(struct pcp_fixture *fx)
{
	pcp_fx_enough_in(fx, fx->zone, 1, 4, 1);
	pcp_fx_enough_in(fx, fx->zone, 1, 0, 2);
}

static void whole_batch(struct pcp_fixture *fx)
{
	struct pcp_batch batch = {};

	batch_free_order(&batch, fx->zone, remote(fx, 0), 1);
	batch_free(&batch, fx->zone, local(fx, 0));
	batch_free_order(&batch, fx->zone, remote(fx, 4), 2);
	batch_free_order(&batch, fx->zone, local(fx, 4), 2);
	pcp_batch_end(&batch);
}

static void batch_counts_pgfree_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_events(fx);
	have_enough_for_the_whole_batch(fx);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, whole_batch(fx)), 11);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 6);
	KUNIT_EXPECT_EQ(test, pcp_fx_came(fx), 5);
	pcp_fx_check(fx);
}

static void batch_counts_trylock_failures(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	long n;

	pcp_fx_need_events(fx);
	have_enough_for_the_whole_batch(fx);
	spin_lock(&fx->pcp->lock);
	n = PCP_FX_EVENTS(PCP_TRYLOCK_FAIL, whole_batch(fx));
	spin_unlock(&fx->pcp->lock);
	KUNIT_EXPECT_EQ(test, n, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 2);
	pcp_fx_check(fx);
}

static struct kunit_case batch_cases[] = {
	KUNIT_CASE(batch_of_nothing),
	KUNIT_CASE(batch_local_keeps_the_lock),
	KUNIT_CASE(batch_unowned_is_local),
	KUNIT_CASE(batch_local_busy_to_zone),
	KUNIT_CASE(batch_zone_gets_pages_without_a_mark),
	KUNIT_CASE(batch_lock_goes_from_zone_to_zone),
	KUNIT_CASE(batch_next_zone_is_busy),
	KUNIT_CASE(batch_lock_lost_in_a_trim),
	KUNIT_CASE(batch_pins_while_it_has_the_lock),
	KUNIT_CASE(batch_remote_is_kept_while_there_is_room),
	KUNIT_CASE(batch_remote_is_kept_for_an_empty_list),
	KUNIT_CASE(batch_remote_is_kept_for_reclaim),
	KUNIT_CASE(batch_remote_kept_local_busy_to_zone),
	KUNIT_CASE(batch_isolated_to_zone),
	KUNIT_CASE(batch_counts_pgfree_once),
	KUNIT_CASE(batch_counts_trylock_failures),
	{}
};

static struct kunit_suite batch_suite = {
	.name = "pcp_batch",
	.init = pcp_fx_batch_init,
	.test_cases = batch_cases,
};

kunit_test_suites(&batch_suite);
