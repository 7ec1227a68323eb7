// SPDX-License-Identifier: GPL-2.0
/*
 * Shared by the suites that refill the PCP under test, see refills.h.
 */
#include <kunit/test.h>

#include "refills.h"

const struct pcp_fx_type_case pcp_fx_type_cases[MIGRATE_PCPTYPES] = {
	{ "unmovable", MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
	{ "movable", MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE },
	{ "reclaimable", MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
};

/* Of any size that a case asks for, unless it sets the bound itself. */
int pcp_fx_refill_init(struct kunit *test)
{
	struct pcp_fixture *fx;
	int err;

	if (debug_guardpage_enabled())
		kunit_skip(test, "the zone splits all pages itself for its guards");

	err = pcp_fx_init(test);
	if (err)
		return err;
	fx = test->priv;
	fx->pcp->bound = 16 * pageblock_nr_pages;
	fx->other->bound = fx->pcp->bound;
	return 0;
}

/* Refills with @nr pages of @order, and returns the base pages that it got. */
unsigned int pcp_fx_refill(struct pcp_fixture *fx, unsigned int order, int type, int nr)
{
	int count = fx->pcp->count;
	unsigned int got;

	fx->nr_alloc = nr;
	fx->nr_locked = 0;
	got = pcp_refill(fx->zone, fx->pcp, order, type, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_locked, 1);
	KUNIT_EXPECT_EQ(fx->test, fx->pcp->count, count + (int)got);
	pcp_fx_check(fx);
	pcp_fx_check_blocks(fx);
	return got;
}

/* Make a page free in the zone. */
struct page *pcp_fx_zone_page(struct pcp_fixture *fx, int block, unsigned int index,
			      unsigned int order)
{
	struct page *page = pcp_fx_page(fx, block, index);

	pcp_fx_zone_add(fx, page, order);
	return page;
}

/* pcp_zone_rmqueue() will find it. */
void pcp_fx_add_fallback(struct pcp_fixture *fx, int block, unsigned int index)
{
	list_add_tail(&pcp_fx_page(fx, block, index)->buddy_list, &fx->fallback);
}

void pcp_fx_expect_on_pcp(struct pcp_fixture *fx, struct page *page, unsigned int order)
{
	KUNIT_EXPECT_FALSE(fx->test, PageBuddy(page));
	KUNIT_EXPECT_TRUE(fx->test, pcp_has_mark(page, pcp_mark(fx->pcp)));
	KUNIT_EXPECT_EQ(fx->test, page_private(page), order);
}

void pcp_fx_expect_in_zone(struct pcp_fixture *fx, struct page *page, unsigned int order)
{
	KUNIT_EXPECT_TRUE(fx->test, PageBuddy(page));
	KUNIT_EXPECT_EQ(fx->test, page_private(page), order);
}
