// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for mm/pcp/alloc.c: pages of the order on the lists of a PCP go first,
 * then what other CPUs gave back, then the zone, and larger cached pages last.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "lib/fixture.h"

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

static void cache(struct pcp_fixture *fx, struct page *page, unsigned int order,
		  int migratetype)
{
	spin_lock(&fx->pcp->lock);
	pcp_list_add(fx->pcp, page, order, migratetype);
	spin_unlock(&fx->pcp->lock);
}

static int waiting(struct pcp_fixture *fx)
{
	return atomic_read(&fx->pcp->nr_waiting);
}

/* The zone leaves guards behind what it splits. */
static void skip_with_guards(struct kunit *test)
{
	if (debug_guardpage_enabled())
		kunit_skip(test, "nothing is split here with guard pages");
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

/* The task that cached it may want it again. */
static void alloc_waiting_before_larger_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	cache(fx, pcp_fx_page(fx, 0, 0), 2, MIGRATE_MOVABLE);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 2), 1);
}

static void alloc_zone_before_larger_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fill_sources(fx, 2);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 2, 0));
	/* Absorbed, but not split either. */
	KUNIT_EXPECT_EQ(test, waiting(fx), 0);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 8);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 2), 2);
}

static void alloc_larger_page_when_the_zone_has_none(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	skip_with_guards(test);
	fx->nr_alloc = 1;
	cache(fx, fx->base[0], pageblock_order, MIGRATE_MOVABLE);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 2, 0), 0);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 2, 0));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, pageblock_nr_pages);

	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), fx->base[0]);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, pageblock_nr_pages - 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 1), 1);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, pageblock_order), 0);

	/* And its lower half next. */
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 0, 1));
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 2);
}

static void alloc_page_of_another_type_is_no_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	cache(fx, pcp_fx_page(fx, 0, 0), 0, MIGRATE_UNMOVABLE);
	cache(fx, pcp_fx_page(fx, 0, 4), 2, MIGRATE_RECLAIMABLE);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_NULL(test, alloc(fx, 0));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 5);
}

static void alloc_splits_a_waiting_page_last(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	skip_with_guards(test);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 0, 0), 2);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 0, 0));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
	KUNIT_EXPECT_EQ(test, waiting(fx), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 1), 1);
	/* The zone was asked before. */
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 1);
}

static void alloc_waiting_page_is_too_small(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->nr_alloc = 1;
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 2, 0), 1);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 1), pcp_fx_page(fx, 2, 0));
	/* It was absorbed, though. */
	KUNIT_EXPECT_EQ(test, waiting(fx), 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

/* An absorb left it there. */
static void alloc_goes_on_with_taken(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int high = fx->pcp->high;

	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 2), 0);
	fx->pcp->high = 1;
	spin_lock(&fx->pcp->lock);
	pcp_absorb(fx->zone, fx->pcp, PCP_ABSORB_TO_HIGH);
	spin_unlock(&fx->pcp->lock);
	fx->pcp->high = high;
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_NOT_NULL(test, fx->pcp->taken);
	KUNIT_EXPECT_TRUE(test, llist_empty(&fx->pcp->free_llist));
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 1, 2));
	KUNIT_EXPECT_NULL(test, fx->pcp->taken);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);
}

/* === An absorb that brings too much === */

/* Two cold pages of @type and, waiting, three of the type that is wanted. */
static void fill_over(struct pcp_fixture *fx, int type, int high)
{
	unsigned int i;

	fx->pcp->high = high;
	cache(fx, pcp_fx_page(fx, 0, 0), 0, type);
	cache(fx, pcp_fx_page(fx, 0, 2), 0, type);
	for (i = 0; i < 3; i++)
		pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 2 * i), 0);
}

/* A full PCP has other pages. These it wants. */
static void alloc_absorbs_at_the_high_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fill_over(fx, MIGRATE_UNMOVABLE, 4);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_EQ(test, waiting(fx), 0);
	/* At the mark again, so nothing has to go. */
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
}

static void alloc_overfull_gives_back_other_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fill_over(fx, MIGRATE_RECLAIMABLE, 3);
	/* On the list before, which is the last one to look at. */
	cache(fx, pcp_fx_page(fx, 2, 0), 0, MIGRATE_UNMOVABLE);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), pcp_fx_page(fx, 0, 0));
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 1), pcp_fx_page(fx, 0, 2));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 2);
}

static void alloc_overfull_gives_back_a_batch_at_most(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fill_over(fx, MIGRATE_UNMOVABLE, 0);
	fx->pcp->batch = 1;
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), pcp_fx_page(fx, 0, 0));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
}

/* The list behind the last one is the first. */
static void alloc_overfull_goes_round_the_lists(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page;

	cache(fx, pcp_fx_page(fx, 0, 0), 0, MIGRATE_UNMOVABLE);
	pcp_fx_type(fx, 1, MIGRATE_PCPTYPES - 1);
	fx->pcp->bound = pageblock_nr_pages;
	pcp_fx_push(fx, fx->pcp, fx->base[1], pageblock_order);
	fx->pcp->high = 0;
	spin_lock(&fx->pcp->lock);
	page = pcp_alloc(fx->zone, fx->pcp, pageblock_order, MIGRATE_PCPTYPES - 1, 0);
	spin_unlock(&fx->pcp->lock);
	pcp_fx_check(fx);
	KUNIT_EXPECT_PTR_EQ(test, page, fx->base[1]);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

/* Nothing of what waited was wanted, and the PCP is full. */
static void alloc_overfull_without_a_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->nr_alloc = 1;
	pcp_fx_type(fx, 1, MIGRATE_UNMOVABLE);
	fill_over(fx, MIGRATE_UNMOVABLE, 3);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 2, 0), 0);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 2, 0));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
}

/* It may hold zone->lock. */
static void alloc_nolock_overfull_gives_back_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fill_over(fx, MIGRATE_UNMOVABLE, 1);
	/* It does not reverse the list first. */
	KUNIT_EXPECT_PTR_EQ(test, alloc_flags(fx, 0, ALLOC_NOLOCK),
			    pcp_fx_page(fx, 1, 4));
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
}

/* Only an absorb brings pages that were not asked for. */
static void alloc_overfull_before_is_no_matter(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->high = 1;
	cache(fx, pcp_fx_page(fx, 0, 0), 2, MIGRATE_UNMOVABLE);
	cache(fx, pcp_fx_page(fx, 1, 0), 0, MIGRATE_MOVABLE);
	KUNIT_EXPECT_PTR_EQ(test, alloc(fx, 0), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_NULL(test, alloc(fx, 0));
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
}

/* === Isolated blocks === */

/* A page that waits may be of a block that was isolated meanwhile. */
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

/* === The free_llist is not touched without need === */

static void alloc_leaves_waiting_alone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct llist_node *node = &pcp_fx_page(fx, 1, 1)->pcp_llist;

	cache(fx, pcp_fx_page(fx, 0, 0), 0, MIGRATE_MOVABLE);
	cache(fx, pcp_fx_page(fx, 0, 2), 0, MIGRATE_MOVABLE);
	cache(fx, pcp_fx_page(fx, 0, 4), 0, MIGRATE_MOVABLE);
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
	pcp_list_add(pcp, page + 1, 0, MIGRATE_MOVABLE);
	pcp_list_add(pcp, page, 0, MIGRATE_MOVABLE);
	KUNIT_EXPECT_PTR_EQ(test, pcp_alloc(fx->zone, pcp, 0, MIGRATE_MOVABLE, 0),
			    page);
	KUNIT_EXPECT_PTR_EQ(test, pcp_alloc(fx->zone, pcp, 0, MIGRATE_MOVABLE, 0),
			    page + 1);
	spin_unlock(&pcp->lock);
	KUNIT_EXPECT_EQ(test, pcp->count, 0);
}

/* === Bounded work === */

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

/* It does not split: the zone itself does better then. */
static void alloc_highatomic_splits_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	cache(fx, pcp_fx_page(fx, 0, 0), 2, MIGRATE_MOVABLE);
	KUNIT_EXPECT_NULL(test, alloc_flags(fx, 1, ALLOC_HIGHATOMIC));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 4);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);
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

/* The last resort needs no lock. */
static void alloc_nolock_zone_busy_splits_a_larger_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	skip_with_guards(test);
	fx->lock_busy = true;
	cache(fx, pcp_fx_page(fx, 0, 0), 1, MIGRATE_MOVABLE);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 2, 0), 0);
	KUNIT_EXPECT_PTR_EQ(test, alloc_flags(fx, 0, ALLOC_NOLOCK),
			    pcp_fx_page(fx, 0, 0));
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

/* The flags of the allocation reach the zone. */
static void alloc_refill_gets_flags_order_and_type(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_NULL(test, alloc_flags(fx, 2, ALLOC_NON_BLOCK));
	KUNIT_EXPECT_EQ(test, fx->rmqueue_flags, ALLOC_NON_BLOCK);
	KUNIT_EXPECT_EQ(test, fx->rmqueue_order, 2);
	KUNIT_EXPECT_EQ(test, fx->rmqueue_type, MIGRATE_MOVABLE);
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
	KUNIT_CASE(alloc_waiting_before_larger_page),
	KUNIT_CASE(alloc_zone_before_larger_page),
	KUNIT_CASE(alloc_larger_page_when_the_zone_has_none),
	KUNIT_CASE(alloc_page_of_another_type_is_no_page),
	KUNIT_CASE(alloc_splits_a_waiting_page_last),
	KUNIT_CASE(alloc_waiting_page_is_too_small),
	KUNIT_CASE(alloc_goes_on_with_taken),
	KUNIT_CASE(alloc_absorbs_at_the_high_mark),
	KUNIT_CASE(alloc_overfull_gives_back_other_pages),
	KUNIT_CASE(alloc_overfull_gives_back_a_batch_at_most),
	KUNIT_CASE(alloc_overfull_goes_round_the_lists),
	KUNIT_CASE(alloc_overfull_without_a_page),
	KUNIT_CASE(alloc_nolock_overfull_gives_back_nothing),
	KUNIT_CASE(alloc_overfull_before_is_no_matter),
	KUNIT_CASE(alloc_never_from_an_isolated_block),
	KUNIT_CASE(alloc_leaves_waiting_alone),
	KUNIT_CASE(alloc_does_not_read_the_free_llist),
	KUNIT_CASE(alloc_absorbs_no_more_than_its_share),
	KUNIT_CASE(alloc_highatomic_never_refills),
	KUNIT_CASE(alloc_highatomic_splits_nothing),
	KUNIT_CASE(alloc_refill_failed),
	KUNIT_CASE(alloc_rest_of_a_refill_stays),
	KUNIT_CASE(alloc_nolock_zone_busy),
	KUNIT_CASE(alloc_nolock_zone_busy_splits_a_larger_page),
	KUNIT_CASE(alloc_refill_gets_flags_order_and_type),
	KUNIT_CASE(alloc_nolock_isolated_deferred),
	{}
};

static struct kunit_suite alloc_suite = {
	.name = "pcp_alloc",
	.init = pcp_fx_init,
	.test_cases = alloc_cases,
};

kunit_test_suites(&alloc_suite);
