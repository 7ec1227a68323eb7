// SPDX-License-Identifier: GPL-2.0
/*
 * Shared by the suites that free folios in batches, see batches.h.
 */
#include <kunit/test.h>
#include <linux/sched.h>

#include "batches.h"

struct pcp_fx_pushes pcp_fx_pushes;

/* Whose pushes are noted. */
static struct task_struct *pusher;
static struct pcp_fixture *pusher_fx;

/* Called for each push in the system. */
static void note_push(struct per_cpu_pages *pcp, enum pcp_point point)
{
	struct pcp_fixture *fx = pusher_fx;
	int i;

	if (READ_ONCE(pusher) != current || point != PCP_POINT_PUSHED)
		return;
	for (i = 0; i < fx->nr_zones; i++) {
		if (pcp != zone_pcp(fx->zones[i], fx->other->cpu))
			continue;
		pcp_fx_pushes.nr++;
		pcp_fx_pushes.last = fx->zones[i];
		pcp_fx_pushes.under_lock |= pcp_fx_locked(fx->pcp);
	}
}

static void note_no_more(void *unused)
{
	WRITE_ONCE(pcp_point_hook, NULL);
	WRITE_ONCE(pusher, NULL);
}

/* Base pages that this CPU's PCP of the first zone had before the case. */
static int had;

/*
 * Put a page on the cold end of this CPU's PCP of a zone, so that it keeps none of
 * this order.
 */
void pcp_fx_enough_in(struct pcp_fixture *fx, struct zone *zone, int block,
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
void pcp_fx_have_zones(struct pcp_fixture *fx, unsigned int nr)
{
	while (fx->nr_zones < nr) {
		struct zone *zone = pcp_fx_zone(fx);

		pcp_fx_enough_in(fx, zone, 2, fx->nr_zones, 0);
	}
}

/* Pages that came to this CPU's PCP of the first zone; negative if it lost some. */
int pcp_fx_came(struct pcp_fixture *fx)
{
	return fx->pcp->count - had;
}

int pcp_fx_batch_init(struct kunit *test)
{
	struct pcp_fixture *fx;
	int ret = pcp_fx_init_bound(test);

	if (ret)
		return ret;
	fx = test->priv;
	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_own(fx, 1, fx->other->cpu);
	pcp_fx_own(fx, 2, fx->cpu);
	pcp_fx_enough_in(fx, fx->zone, 1, 7, 0);
	memset(&pcp_fx_pushes, 0, sizeof(pcp_fx_pushes));
	pusher_fx = fx;
	WRITE_ONCE(pusher, current);
	WRITE_ONCE(pcp_point_hook, note_push);
	return kunit_add_action_or_reset(test, note_no_more, NULL);
}

/* Nothing is pinned nor locked, as before the batch. */
void pcp_fx_expect_ended(struct pcp_fixture *fx, const struct pcp_batch *batch, int pinned)
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
void pcp_fx_expect_unlocked(struct pcp_fixture *fx, const struct pcp_batch *batch, int pinned)
{
	KUNIT_EXPECT_EQ(fx->test, pcp_fx_pinned(), pinned);
	KUNIT_EXPECT_NULL(fx->test, batch->pcp);
	KUNIT_EXPECT_FALSE(fx->test, pcp_fx_locked(fx->pcp));
}
