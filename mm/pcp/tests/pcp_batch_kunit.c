// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for mm/pcp/batch.c: remote folios go out in runs, one push for
 * each, while the local lock stays where it is; nothing is pinned nor locked
 * after a batch.
 *
 * Each zone has a free_llist of its own for the same other CPU, so that more
 * zones stand for more owners, on any number of CPUs.
 *
 * This CPU has a page of order 0 in each zone from the beginning, and wants no more:
 * it would keep the pages of others' blocks.
 */
#include <kunit/test.h>
#include <linux/sched.h>

#include "fixture.h"

/* Pushes of the test's own thread to the other CPU's made-up PCPs. */
static struct {
	struct task_struct *task;
	struct pcp_fixture *fx;
	unsigned int nr;
	struct zone *last;
	bool under_lock;
} pushes;

/* Called for each push in the system. */
static void note_push(struct per_cpu_pages *pcp, enum pcp_point point)
{
	struct pcp_fixture *fx = pushes.fx;
	int i;

	if (READ_ONCE(pushes.task) != current || point != PCP_POINT_PUSHED)
		return;
	for (i = 0; i < fx->nr_zones; i++) {
		if (pcp != zone_pcp(fx->zones[i], fx->other->cpu))
			continue;
		pushes.nr++;
		pushes.last = fx->zones[i];
		pushes.under_lock |= pcp_fx_locked(fx->pcp);
	}
}

static void note_no_more(void *unused)
{
	WRITE_ONCE(pcp_point_hook, NULL);
	WRITE_ONCE(pushes.task, NULL);
}

/* Base pages that this CPU's PCP of the first zone had before the case. */
static int had;

/*
 * Put a page on the cold end of this CPU's PCP of a zone, so that it keeps none of
 * this order.
 */
static void have_enough(struct pcp_fixture *fx, struct zone *zone, int block,
			unsigned int index, unsigned int order)
{
	struct per_cpu_pages *pcp = zone_pcp(zone, fx->cpu);

	spin_lock(&pcp->lock);
	pcp_list_add_tail(pcp, pcp_fx_page(fx, block, index), order, MIGRATE_MOVABLE);
	pcp_fx_room(pcp, 0);
	spin_unlock(&pcp->lock);
	had = fx->pcp->count;
}

/* Have so many zones, each with one of the pages of block 2, but for the first. */
static void have_zones(struct pcp_fixture *fx, unsigned int nr)
{
	while (fx->nr_zones < nr) {
		struct zone *zone = pcp_fx_zone(fx);

		have_enough(fx, zone, 2, fx->nr_zones, 0);
	}
}

/* What came to this CPU's PCP of the first zone, or less. */
static int came(struct pcp_fixture *fx)
{
	return fx->pcp->count - had;
}

/* Blocks 0 and 1 belong to the other CPU, block 2 to this one. */
static int batch_init(struct kunit *test)
{
	struct pcp_fixture *fx;
	int ret = pcp_fx_init_bound(test);

	if (ret)
		return ret;
	fx = test->priv;
	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_own(fx, 1, fx->other->cpu);
	pcp_fx_own(fx, 2, fx->cpu);
	have_enough(fx, fx->zone, 1, 7, 0);
	memset(&pushes, 0, sizeof(pushes));
	pushes.fx = fx;
	WRITE_ONCE(pushes.task, current);
	WRITE_ONCE(pcp_point_hook, note_push);
	return kunit_add_action_or_reset(test, note_no_more, NULL);
}

static int waiting(struct pcp_fixture *fx, struct zone *zone)
{
	return atomic_read(&zone_pcp(zone, fx->other->cpu)->nr_waiting);
}

static void batch_free_order(struct pcp_batch *batch, struct zone *zone,
			     struct page *page, unsigned int order)
{
	pcp_batch_free(batch, zone, page, page_to_pfn(page), order);
}

static void batch_free(struct pcp_batch *batch, struct zone *zone,
		       struct page *page)
{
	batch_free_order(batch, zone, page, 0);
}

static struct page *remote(struct pcp_fixture *fx, unsigned int index)
{
	return pcp_fx_page(fx, 0, index);
}

static struct page *local(struct pcp_fixture *fx, unsigned int index)
{
	return pcp_fx_page(fx, 2, index);
}

/* Nothing is pinned nor locked, as before the batch. */
static void expect_ended(struct pcp_fixture *fx, const struct pcp_batch *batch,
			 int pinned)
{
	int i;

	KUNIT_EXPECT_EQ(fx->test, pcp_fx_pinned(), pinned);
	KUNIT_EXPECT_NULL(fx->test, batch->pcp);
	for (i = 0; i < PCP_BATCH_RUNS; i++)
		KUNIT_EXPECT_NULL(fx->test, batch->runs[i].pcp);
	for (i = 0; i < fx->nr_zones; i++) {
		struct per_cpu_pages *pcp = zone_pcp(fx->zones[i], fx->cpu);

		KUNIT_EXPECT_FALSE(fx->test, pcp_fx_locked(pcp));
	}
	pcp_fx_check(fx);
}

/* The lock is free and the task not pinned in the middle of a batch. */
static void expect_unlocked(struct pcp_fixture *fx,
			    const struct pcp_batch *batch, int pinned)
{
	KUNIT_EXPECT_EQ(fx->test, pcp_fx_pinned(), pinned);
	KUNIT_EXPECT_NULL(fx->test, batch->pcp);
	KUNIT_EXPECT_FALSE(fx->test, pcp_fx_locked(fx->pcp));
}

static void batch_of_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();

	pcp_batch_end(&batch);
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pushes.nr, 0);
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
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, came(fx), 5);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 2), 1);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(local(fx, 0), pcp_mark(fx->pcp)));
	KUNIT_EXPECT_EQ(test, pushes.nr, 0);
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
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(local(fx, 0), pcp_mark(fx->pcp)));
	KUNIT_EXPECT_EQ(test, came(fx), 1);
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
	expect_unlocked(fx, &batch, before);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 1);
	KUNIT_EXPECT_FALSE(test, fx->free_nolock);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), local(fx, 0));

	/* The next one tries again. */
	batch_free(&batch, fx->zone, local(fx, 1));
	pcp_batch_end(&batch);
	expect_ended(fx, &batch, before);
	KUNIT_EXPECT_EQ(test, came(fx), 1);
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
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, came(fx), 2);
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
	expect_ended(fx, &batch, before);
	KUNIT_EXPECT_EQ(test, came(fx), 2);
	KUNIT_EXPECT_EQ(test, pcp->count, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 1);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), local(fx, 1));
}

static void migrate(struct pcp_fixture *fx)
{
	pcp_fx_migrate(fx);
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
	fx->pcp->high = had + 3;
	fx->nr_free = 2;
	fx->on_free = migrate;
	batch_free(&batch, fx->zone, local(fx, 4));
	pcp_fx_come_back(fx);
	fx->on_free = NULL;
	expect_unlocked(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, came(fx), 2);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 0);

	/* The run is kept, and the lock taken again. */
	pcp_fx_room(fx->pcp, 0);
	batch_free(&batch, fx->zone, remote(fx, 1));
	batch_free(&batch, fx->zone, local(fx, 6));
	pcp_batch_end(&batch);
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pushes.nr, 1);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 2);
	KUNIT_EXPECT_EQ(test, came(fx), 3);
}

/* Whatever route a folio takes, the task is pinned if, and only if, it has the lock. */
static void batch_pins_while_it_has_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int before = pcp_fx_pinned(), pinned, wrong = 0;

	batch_free(&batch, fx->zone, remote(fx, 0));
	KUNIT_EXPECT_EQ(test, pcp_fx_pinned(), before);

	/* What a task has that is pinned once, and has the lock. */
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
	expect_ended(fx, &batch, before);
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
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, came(fx), 1);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(remote(fx, 0), pcp_mark(fx->pcp)));
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(remote(fx, 1), PCP_MARK_WAITS));
	KUNIT_EXPECT_EQ(test, pushes.nr, 1);
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
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, came(fx), 2);
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
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, came(fx), 2);
	KUNIT_EXPECT_EQ(test, pushes.nr, 0);
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
	expect_unlocked(fx, &batch, before);
	pcp_batch_end(&batch);
	expect_ended(fx, &batch, before);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 1);
	KUNIT_EXPECT_EQ(test, came(fx), 0);
	KUNIT_EXPECT_EQ(test, pushes.nr, 0);
}

/* === Runs === */

static void batch_remote_goes_out_at_the_end(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();

	have_enough(fx, fx->zone, 1, 0, 2);
	batch_free(&batch, fx->zone, remote(fx, 0));
	batch_free_order(&batch, fx->zone, remote(fx, 4), 2);
	batch_free(&batch, fx->zone, pcp_fx_page(fx, 1, 4));
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 0);
	expect_unlocked(fx, &batch, pinned);

	pcp_batch_end(&batch);
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pushes.nr, 1);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 6);
	KUNIT_EXPECT_EQ(test, came(fx), 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);

	/* The batch is as good as new. */
	batch_free(&batch, fx->zone, remote(fx, 1));
	pcp_batch_end(&batch);
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pushes.nr, 2);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 7);
}

/* Others that wait for the lock do not wait for the pushes. */
static void batch_pushes_without_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();

	batch_free(&batch, fx->zone, remote(fx, 0));
	batch_free(&batch, fx->zone, local(fx, 0));
	pcp_batch_end(&batch);
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pushes.nr, 1);
	KUNIT_EXPECT_FALSE(test, pushes.under_lock);
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
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pushes.nr, 1);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 4);
	KUNIT_EXPECT_EQ(test, came(fx), 4);
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
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, came(fx), 4);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 0);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 3);
	KUNIT_EXPECT_EQ(test, pushes.nr, 1);
}

static void batch_interleaved_owners_one_push_each(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	unsigned int i, z;

	have_zones(fx, PCP_BATCH_RUNS);
	for (i = 0; i < 2; i++) {
		for (z = 0; z < PCP_BATCH_RUNS; z++)
			batch_free(&batch, fx->zones[z],
				   pcp_fx_page(fx, i, z));
	}
	KUNIT_EXPECT_EQ(test, pushes.nr, 0);
	pcp_batch_end(&batch);
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pushes.nr, PCP_BATCH_RUNS);
	for (z = 0; z < PCP_BATCH_RUNS; z++)
		KUNIT_EXPECT_EQ(test, waiting(fx, fx->zones[z]), 2);
}

static void batch_more_owners_than_runs(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct zone *first, *fifth, *sixth;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	unsigned int z;

	have_zones(fx, PCP_BATCH_RUNS + 2);
	fifth = fx->zones[PCP_BATCH_RUNS];
	sixth = fx->zones[PCP_BATCH_RUNS + 1];

	for (z = 0; z < PCP_BATCH_RUNS; z++)
		batch_free(&batch, fx->zones[z], remote(fx, z));
	KUNIT_EXPECT_EQ(test, pushes.nr, 0);

	/* One run has to go, and only one. */
	batch_free(&batch, fifth, remote(fx, z++));
	KUNIT_EXPECT_EQ(test, pushes.nr, 1);
	first = pushes.last;
	KUNIT_EXPECT_EQ(test, waiting(fx, first), 1);
	KUNIT_EXPECT_EQ(test, waiting(fx, fifth), 0);

	/* Then another one, not the one that has just begun. */
	batch_free(&batch, sixth, remote(fx, z++));
	KUNIT_EXPECT_EQ(test, pushes.nr, 2);
	KUNIT_EXPECT_PTR_NE(test, pushes.last, first);
	KUNIT_EXPECT_EQ(test, waiting(fx, fifth), 0);
	KUNIT_EXPECT_EQ(test, waiting(fx, sixth), 0);

	/* Those that are under way still grow. */
	batch_free(&batch, fifth, pcp_fx_page(fx, 1, 0));
	batch_free(&batch, sixth, pcp_fx_page(fx, 1, 1));
	KUNIT_EXPECT_EQ(test, pushes.nr, 2);

	/* The one that went begins a new run. */
	batch_free(&batch, first, pcp_fx_page(fx, 1, 2));
	KUNIT_EXPECT_EQ(test, pushes.nr, 3);
	KUNIT_EXPECT_EQ(test, waiting(fx, first), 1);

	pcp_batch_end(&batch);
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, pushes.nr, PCP_BATCH_RUNS + 3);
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
	expect_ended(fx, &batch, pinned);
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

	have_enough(fx, fx->zone, 1, 0, 2);
	pcp_set_bound(fx->other, 0);
	batch_free_order(&batch, fx->zone, remote(fx, 0), 2);
	batch_free(&batch, fx->zone, remote(fx, 4));
	expect_unlocked(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
	pcp_batch_end(&batch);
	expect_ended(fx, &batch, pinned);
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

	have_zones(fx, PCP_BATCH_RUNS + 1);
	for (z = 0; z < PCP_BATCH_RUNS; z++)
		batch_free(&batch, fx->zones[z], remote(fx, z));
	for (z = 0; z < PCP_BATCH_RUNS; z++)
		zone_pcp(fx->zones[z], fx->other->cpu)->dead = true;
	fx->lock_busy = true;
	batch_free(&batch, fx->zones[z], remote(fx, z));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
	KUNIT_EXPECT_FALSE(test, fx->free_nolock);
	pcp_batch_end(&batch);
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, PCP_BATCH_RUNS);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
}

/* Most runs need no zone. */
static void batch_run_that_makes_room_leaves_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_batch batch = {};
	int pinned = pcp_fx_pinned();
	unsigned int z;

	have_zones(fx, PCP_BATCH_RUNS + 1);
	batch_free(&batch, fx->zone, local(fx, 6));
	for (z = 0; z < PCP_BATCH_RUNS + 1; z++)
		batch_free(&batch, fx->zones[z], remote(fx, z));
	KUNIT_EXPECT_EQ(test, pushes.nr, 1);
	KUNIT_EXPECT_PTR_EQ(test, batch.pcp, fx->pcp);
	KUNIT_EXPECT_TRUE(test, pcp_fx_locked(fx->pcp));
	pcp_batch_end(&batch);
	expect_ended(fx, &batch, pinned);
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

	/* Who reads RCU may be pinned as well. */
	rcu_read_lock();
	reader = pcp_fx_pinned();
	rcu_read_unlock();

	have_zones(fx, PCP_BATCH_RUNS + 1);
	batch_free(&batch, fx->zone, local(fx, 6));
	for (z = 0; z < PCP_BATCH_RUNS; z++) {
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
	expect_unlocked(fx, &batch, pinned);

	/* And goes on as a batch that has just begun. */
	batch_free(&batch, fx->zone, local(fx, 7));
	KUNIT_EXPECT_PTR_EQ(test, batch.pcp, fx->pcp);
	pcp_batch_end(&batch);
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, came(fx), 2);
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
	expect_ended(fx, &batch, pinned);
	KUNIT_EXPECT_EQ(test, fx->nr_free_one, 2);
	KUNIT_EXPECT_EQ(test, came(fx), 1);
	KUNIT_EXPECT_EQ(test, waiting(fx, fx->zone), 0);
}

/* === Counters === */

static void have_enough_for_the_whole_batch(struct pcp_fixture *fx)
{
	have_enough(fx, fx->zone, 1, 4, 1);
	have_enough(fx, fx->zone, 1, 0, 2);
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
	KUNIT_EXPECT_EQ(test, came(fx), 5);
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
	KUNIT_CASE(batch_remote_goes_out_at_the_end),
	KUNIT_CASE(batch_pushes_without_the_lock),
	KUNIT_CASE(batch_local_between_remote),
	KUNIT_CASE(batch_lock_is_not_dropped_for_remote),
	KUNIT_CASE(batch_interleaved_owners_one_push_each),
	KUNIT_CASE(batch_more_owners_than_runs),
	KUNIT_CASE(batch_owner_closes_meanwhile),
	KUNIT_CASE(batch_closed_owner_is_rescued),
	KUNIT_CASE(batch_run_that_makes_room_waits_for_the_zone),
	KUNIT_CASE(batch_run_that_makes_room_leaves_the_lock),
	KUNIT_CASE(batch_run_that_makes_room_flushes_without_the_lock),
	KUNIT_CASE(batch_isolated_to_zone),
	KUNIT_CASE(batch_counts_pgfree_once),
	KUNIT_CASE(batch_counts_trylock_failures),
	{}
};

static struct kunit_suite batch_suite = {
	.name = "pcp_batch",
	.init = batch_init,
	.test_cases = batch_cases,
};

kunit_test_suites(&batch_suite);
