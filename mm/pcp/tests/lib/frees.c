// SPDX-License-Identifier: GPL-2.0
/*
 * Shared by the suites that free single pages, see frees.h.
 */
#include <kunit/test.h>

#include "frees.h"

/* Free a page; the task is neither pinned nor has it the lock afterwards. */
void pcp_fx_free(struct pcp_fixture *fx, struct page *page, unsigned int order, bool nolock)
{
	int pinned = pcp_fx_pinned();

	pcp_free_page(fx->zone, page, page_to_pfn(page), order, nolock);
	KUNIT_EXPECT_EQ(fx->test, pcp_fx_pinned(), pinned);
	KUNIT_EXPECT_FALSE(fx->test, pcp_fx_locked(fx->pcp));
	pcp_fx_check(fx);
}

/* The same while something else on this CPU has the lock. */
void pcp_fx_free_busy(struct pcp_fixture *fx, struct page *page, unsigned int order,
		      bool nolock)
{
	int pinned;

	spin_lock(&fx->pcp->lock);
	pinned = pcp_fx_pinned();
	pcp_free_page(fx->zone, page, page_to_pfn(page), order, nolock);
	pinned -= pcp_fx_pinned();
	spin_unlock(&fx->pcp->lock);
	KUNIT_EXPECT_EQ(fx->test, pinned, 0);
	pcp_fx_check(fx);
}

/*
 * Have pages enough on this CPU's PCP, one of them of @order, so that it keeps
 * no movable page of that order of others' blocks. Returns its count.
 */
int pcp_fx_enough_of_order(struct pcp_fixture *fx, unsigned int order)
{
	pcp_fx_enough(fx, MIGRATE_MOVABLE, order);
	pcp_fx_check(fx);
	return fx->pcp->count;
}

void pcp_fx_expect_local(struct pcp_fixture *fx, int nr_pages)
{
	KUNIT_EXPECT_EQ(fx->test, fx->pcp->count, nr_pages);
	KUNIT_EXPECT_EQ(fx->test, fx->other->count, 0);
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->other->nr_waiting), 0);
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->pcp->nr_waiting), 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_deferred, 0);
}

/* It waits for the other CPU, and this one has @count pages as before. */
void pcp_fx_expect_remote(struct pcp_fixture *fx, int nr_pages, int count)
{
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->other->nr_waiting), nr_pages);
	KUNIT_EXPECT_FALSE(fx->test, llist_empty(&fx->other->free_llist));
	KUNIT_EXPECT_EQ(fx->test, fx->other->count, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->pcp->count, count);
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->pcp->nr_waiting), 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_deferred, 0);
}

/* The one page went to the zone. */
void pcp_fx_expect_zone(struct pcp_fixture *fx, struct page *page, unsigned int order,
			bool nolock)
{
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_one, 1);
	KUNIT_EXPECT_PTR_EQ(fx->test, pcp_fx_freed(fx, 0), page);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_freed, 1 << order);
	KUNIT_EXPECT_EQ(fx->test, fx->free_nolock, nolock);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_deferred, 0);
	KUNIT_EXPECT_FALSE(fx->test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_FALSE(fx->test, pcp_has_pages(fx->other));
}

void pcp_fx_expect_deferred(struct pcp_fixture *fx, int nr_pages)
{
	KUNIT_EXPECT_EQ(fx->test, fx->nr_deferred, nr_pages);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_FALSE(fx->test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_FALSE(fx->test, pcp_has_pages(fx->other));
}
