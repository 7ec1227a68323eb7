// SPDX-License-Identifier: GPL-2.0
/*
 * Shared by the suites that put pages on the local PCP, see commits.h.
 */
#include <kunit/test.h>

#include "commits.h"

int pcp_fx_commit_init(struct kunit *test)
{
	int ret = pcp_fx_init_bound(test);
	struct pcp_fixture *fx = test->priv;

	if (ret)
		return ret;
	fx->pcp->batch = PCP_FX_COMMIT_BATCH;
	return 0;
}

/* Returns whether the lock was kept. With it or without it, the task is pinned as it was. */
bool pcp_fx_commit_page(struct pcp_fixture *fx, struct page *page, int migratetype,
			unsigned int order, bool nolock)
	__no_context_analysis
{
	bool locked;
	int pinned;

	pcpu_task_pin();
	pinned = pcp_fx_pinned();
	spin_lock(&fx->pcp->lock);
	locked = pcp_commit(fx->zone, fx->pcp, page, migratetype, order, nolock);
	if (locked)
		spin_unlock(&fx->pcp->lock);
	pinned -= pcp_fx_pinned();
	pcpu_task_unpin();
	KUNIT_EXPECT_EQ(fx->test, pinned, 0);
	return locked;
}

static void commit_movable(struct pcp_fixture *fx, struct page *page, unsigned int order,
			   bool nolock)
{
	KUNIT_EXPECT_TRUE(fx->test, pcp_fx_commit_page(fx, page, MIGRATE_MOVABLE, order, nolock));
	pcp_fx_check(fx);
}

/* Commit a page of a movable block, and expect to keep the lock. */
void pcp_fx_commit(struct pcp_fixture *fx, int block, unsigned int index, unsigned int order)
{
	commit_movable(fx, pcp_fx_page(fx, block, index), order, false);
}

void pcp_fx_commit_nolock(struct pcp_fixture *fx, int block, unsigned int index,
			  unsigned int order)
{
	commit_movable(fx, pcp_fx_page(fx, block, index), order, true);
}

void pcp_fx_expect_not_trimmed(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_relaxed, 0);
}

void pcp_fx_expect_trimmed(struct pcp_fixture *fx, unsigned int nr_pages)
{
	KUNIT_EXPECT_EQ(fx->test, fx->nr_freed, nr_pages);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_relaxed, 1);
}
