// SPDX-License-Identifier: GPL-2.0
/*
 * What the page allocator in use counts: events, free pages, and the figures that are made
 * of them.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/vmstat.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "live.h"

/* H10 */
static void live_counters_balance_after_a_mixed_load(struct kunit *test)
{
	struct live *lv = test->priv;
	struct pcp_workers *p;
	struct zone *zone;
	unsigned int i;
	long before, after, nr = 0;

	live_seed(lv);
	lv->round = 20000;
	before = live_balance(test);
	p = pcp_workers_run(test, NULL, live_nr_workers(), live_mixed_fn, lv);
	for (i = 0; i < p->nr; i++)
		nr += p->worker[i].ret;
	KUNIT_EXPECT_GT(test, nr, 1000L);
	live_check(test);
	live_empty_slots(lv);
	live_check(test);
	after = live_balance(test);
	KUNIT_EXPECT_EQ(test, before, after);
	for_each_populated_zone(zone)
		live_check_free_lists(test, zone);
	live_check(test);
}

static long live_counted_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct page *page = alloc_pages(LIVE_GFP, lv->order);

	if (page)
		__free_pages(page, lv->order);
	return !!page;
}

static void live_counters_move(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long claims = live_event(PCP_CLAIM);
	unsigned long merges = live_event(PCP_MERGE);
	unsigned long absorbs = live_event(PCP_ABSORB);

	KUNIT_ASSERT_TRUE(test, live_waits(lv, 1024));
	live_absorb_all(lv, 0);
	drain_all_pages(lv->zone);
	KUNIT_EXPECT_GT(test, live_event(PCP_ABSORB), absorbs);
	KUNIT_EXPECT_GT(test, live_event(PCP_MERGE), merges);
	live_own(lv, 0, true);
	pcp_on_cpu(test, lv->a, live_free_fn, lv);
	KUNIT_EXPECT_GT(test, live_event(PCP_CLAIM), claims);
	lv->order = 3;
	KUNIT_EXPECT_EQ(test, pcp_on_cpu(test, lv->a, live_counted_fn, lv), 1L);
	live_check(test);
}

static struct kunit_case live_count_cases[] = {
	KUNIT_CASE(live_counters_move),
	KUNIT_CASE(live_counters_balance_after_a_mixed_load),
	{}
};

static struct kunit_suite live_count_suite = {
	.name = "pcp_live_count",
	.init = live_init,
	.test_cases = live_count_cases,
};

kunit_test_suite(live_count_suite);
