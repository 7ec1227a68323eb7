// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for mm/pcp/alloc.c: what is on the lists of a PCP goes first,
 * then what other CPUs gave back, then the zone.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "fixture.h"

static struct page *alloc_flags(struct pcp_fixture *fx, unsigned int order,
				unsigned int flags)
{
	struct page *page;

	spin_lock(&fx->pcp->lock);
	page = pcp_alloc(fx->zone, fx->pcp, order, MIGRATE_MOVABLE, flags);
	spin_unlock(&fx->pcp->lock);
	if (page) {
		KUNIT_EXPECT_EQ(fx->test, page_private(page), 0);
		KUNIT_EXPECT_FALSE(fx->test, PagePCPBuddy(page));
	}
	pcp_fx_check(fx);
	return page;
}

static struct page *alloc(struct pcp_fixture *fx, unsigned int order)
{
	return alloc_flags(fx, order, 0);
}

/* Put a page on the PCP, which owns none. */
static void cache(struct pcp_fixture *fx, struct page *page, unsigned int order,
		  int migratetype)
{
	spin_lock(&fx->pcp->lock);
	pcp_list_add(fx->pcp, page, order, migratetype, false);
	spin_unlock(&fx->pcp->lock);
}

static int waiting(struct pcp_fixture *fx)
{
	return atomic_read(&fx->pcp->nr_waiting);
}

/* Each source has one page: block 0 on the PCP, 1 waiting, 2 in the zone. */
static void fill_sources(struct pcp_fixture *fx, unsigned int order)
{
	fx->nr_alloc = 1;
	cache(fx, pcp_fx_page(fx, 0, 0), order, MIGRATE_MOVABLE);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), order);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 2, 0), order);
	pcp_fx_check(fx);
}

/* === Order of the sources === */

static void alloc_lists_then_waiting_then_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fill_sources(fx, 1);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 1), pcp_fx_page(fx, 0, 0));
	KUNIT_EXPECT_EQ(test, waiting(fx), 2);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);

	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 1), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_EQ(test, waiting(fx), 0);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);

	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 1), pcp_fx_page(fx, 2, 0));
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 1);

	KUNIT_EXPECT_NULL(test, alloc(fx, 1));
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* Also when the page has to be split. */
static void alloc_larger_page_before_waiting(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fill_sources(fx, 2);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 0, 0));
	KUNIT_EXPECT_EQ(test, waiting(fx), 4);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 1), 1);
}

static void alloc_page_of_another_type_is_no_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	cache(fx, pcp_fx_page(fx, 0, 0), 0, MIGRATE_UNMOVABLE);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void alloc_splits_a_waiting_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 0, 0), 2);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 0, 0));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
	KUNIT_EXPECT_EQ(test, waiting(fx), 0);
	KUNIT_EXPECT_TRUE(test, PagePCPBuddy(pcp_fx_page(fx, 0, 2)));
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);
}

static void alloc_waiting_page_is_too_small(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->nr_alloc = 1;
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 2, 0), 1);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 1), pcp_fx_page(fx, 2, 0));
	/* Absorbed all the same. */
	KUNIT_EXPECT_EQ(test, waiting(fx), 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

/* An absorb left it there. */
static void alloc_goes_on_with_taken(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 1), 0);
	spin_lock(&fx->pcp->lock);
	pcp_absorb(fx->zone, fx->pcp, 1, false, false);
	spin_unlock(&fx->pcp->lock);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_NOT_NULL(test, fx->pcp->taken);
	KUNIT_EXPECT_TRUE(test, llist_empty(&fx->pcp->free_llist));
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 1, 1));
	KUNIT_EXPECT_NULL(test, fx->pcp->taken);
}

/* At its high mark a PCP takes nothing in: the zone has to help. */
static void alloc_nothing_absorbed_at_the_high_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->nr_alloc = 1;
	cache(fx, pcp_fx_page(fx, 0, 0), 1, MIGRATE_UNMOVABLE);
	fx->pcp->high = 2;
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	list_add(&pcp_fx_page(fx, 2, 0)->buddy_list, &fx->fallback);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 2, 0));
	KUNIT_EXPECT_EQ(test, waiting(fx), 1);
}

/* H4: what waits may be of a block that was isolated meanwhile. */
static void alloc_never_from_an_isolated_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_isolation(fx);
	fx->nr_alloc = 1;
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	pcp_fx_isolate(fx, 1, true);
	KUNIT_EXPECT_NULL(test, alloc(fx, 0));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->pcp));
}

/* === The free_llist is not touched without need (H9) === */

static void alloc_leaves_waiting_alone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct llist_node *node = &pcp_fx_page(fx, 1, 1)->pcp_llist;

	cache(fx, pcp_fx_page(fx, 0, 0), 2, MIGRATE_MOVABLE);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 1), 0);
	while (fx->pcp->count) {
		KUNIT_ASSERT_NOT_NULL(test, alloc(fx, 0));
		KUNIT_EXPECT_PTR_EQ(test, fx->pcp->free_llist.first, node);
		KUNIT_EXPECT_NULL(test, fx->pcp->taken);
		KUNIT_EXPECT_EQ(test, waiting(fx), 2);
	}
}

static void free_area(void *area)
{
	vfree(area);
}

/*
 * A PCP whose free_llist lies in an unmapped page. To read it, and not only to
 * take it, is a fault that ends the run.
 */
static void alloc_does_not_read_the_free_llist(struct kunit *test)
{
	size_t offset = offsetof(struct per_cpu_pages, free_llist);
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	struct per_cpu_pages *pcp;
	char *area;
	int i;

	KUNIT_ASSERT_LE(test, offset, PAGE_SIZE);
	area = vzalloc(PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_area, area));
	/* The guard page of vmalloc(). */
	KUNIT_ASSERT_NULL(test, vmalloc_to_page(area + PAGE_SIZE));

	pcp = (void *)(area + PAGE_SIZE - offset);
	spin_lock_init(&pcp->lock);
	for (i = 0; i < NR_PCP_LISTS; i++)
		INIT_LIST_HEAD(&pcp->lists[i]);
	pcp->cpu = fx->cpu;

	spin_lock(&pcp->lock);
	pcp_list_add(pcp, page, 1, MIGRATE_MOVABLE, false);
	/* One that is split, and one that fits. */
	KUNIT_EXPECT_PTR_EQ(test, pcp_alloc(fx->zone, pcp, 0, MIGRATE_MOVABLE, 0),
			    page);
	KUNIT_EXPECT_PTR_EQ(test, pcp_alloc(fx->zone, pcp, 0, MIGRATE_MOVABLE, 0),
			    page + 1);
	spin_unlock(&pcp->lock);
	KUNIT_EXPECT_EQ(test, pcp->count, 0);
}

/* === Bounded work (H6) === */

static void alloc_absorbs_no_more_than_its_share(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i, nr = PCP_ABSORB_NODES + 5;

	if (nr > PCP_FIXTURE_BLOCKS * pageblock_nr_pages)
		kunit_skip(test, "blocks are too small");
	for (i = 0; i < nr; i++)
		pcp_fx_push(fx, fx->pcp,
			    pcp_fx_page(fx, i / pageblock_nr_pages,
					i % pageblock_nr_pages), 0);
	KUNIT_EXPECT_NOT_NULL(test, alloc(fx, 0));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, PCP_ABSORB_NODES - 1);
	KUNIT_EXPECT_EQ(test, waiting(fx), 5);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);
}

/* === Refills === */

static void alloc_highatomic_never_refills(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fill_sources(fx, 1);
	KUNIT_EXPECT_PTR_EQ(test, alloc_flags(fx, 1, ALLOC_HIGHATOMIC),
			    pcp_fx_page(fx, 0, 0));
	KUNIT_EXPECT_PTR_EQ(test, alloc_flags(fx, 1, ALLOC_HIGHATOMIC),
			    pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_NULL(test, alloc_flags(fx, 1, ALLOC_HIGHATOMIC));
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void alloc_refill_failed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_NULL(test, alloc(fx, 0));
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_rmqueue, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void alloc_rest_of_a_refill_stays(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	fx->nr_alloc = 3;
	for (i = 0; i < 4; i++)
		pcp_fx_zone_add(fx, pcp_fx_page(fx, 2, 2 * i), 0);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 2, 0));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 2, 2));
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 1);
}

/* Fragments that were recovered stay for others. */
static void alloc_refill_brought_only_smaller_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned long flags;

	fx->nr_alloc = 1;
	pcp_fx_own(fx, 2, fx->cpu);
	pcp_zone_lock(fx->zone, &flags, false);
	pageblock_list(fx->pcp, &fx->block[2]);
	pcp_zone_unlock(fx->zone, flags);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 2, 0), 0);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 2, 3), 0);

	KUNIT_EXPECT_NULL(test, alloc(fx, 1));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 2);
	KUNIT_EXPECT_NOT_NULL(test, alloc(fx, 0));
}

static void alloc_nolock_zone_busy(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->lock_busy = true;
	fill_sources(fx, 0);
	KUNIT_EXPECT_PTR_EQ(test, alloc_flags(fx, 0, ALLOC_NOLOCK),
			    pcp_fx_page(fx, 0, 0));
	KUNIT_EXPECT_PTR_EQ(test, alloc_flags(fx, 0, ALLOC_NOLOCK),
			    pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_NULL(test, alloc_flags(fx, 0, ALLOC_NOLOCK));
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);

	fx->lock_busy = false;
	KUNIT_EXPECT_PTR_EQ(test, alloc_flags(fx, 0, ALLOC_NOLOCK),
			    pcp_fx_page(fx, 2, 0));
}

/* The absorb hears of ALLOC_NOLOCK, and of nothing else. */
static void alloc_nolock_isolated_deferred(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_isolation(fx);
	fx->lock_busy = true;
	pcp_fx_isolate(fx, 1, true);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 1);
	KUNIT_EXPECT_NULL(test, alloc_flags(fx, 0, ALLOC_NOLOCK));
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 2);

	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 2), 1);
	KUNIT_EXPECT_NULL(test, alloc_flags(fx, 0, ALLOC_HIGHATOMIC));
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
}

static struct kunit_case alloc_cases[] = {
	KUNIT_CASE(alloc_lists_then_waiting_then_zone),
	KUNIT_CASE(alloc_larger_page_before_waiting),
	KUNIT_CASE(alloc_page_of_another_type_is_no_page),
	KUNIT_CASE(alloc_splits_a_waiting_page),
	KUNIT_CASE(alloc_waiting_page_is_too_small),
	KUNIT_CASE(alloc_goes_on_with_taken),
	KUNIT_CASE(alloc_nothing_absorbed_at_the_high_mark),
	KUNIT_CASE(alloc_never_from_an_isolated_block),
	KUNIT_CASE(alloc_leaves_waiting_alone),
	KUNIT_CASE(alloc_does_not_read_the_free_llist),
	KUNIT_CASE(alloc_absorbs_no_more_than_its_share),
	KUNIT_CASE(alloc_highatomic_never_refills),
	KUNIT_CASE(alloc_refill_failed),
	KUNIT_CASE(alloc_rest_of_a_refill_stays),
	KUNIT_CASE(alloc_refill_brought_only_smaller_pages),
	KUNIT_CASE(alloc_nolock_zone_busy),
	KUNIT_CASE(alloc_nolock_isolated_deferred),
	{}
};

static struct kunit_suite alloc_suite = {
	.name = "pcp_alloc",
	.init = pcp_fx_init,
	.test_cases = alloc_cases,
};

kunit_test_suites(&alloc_suite);
