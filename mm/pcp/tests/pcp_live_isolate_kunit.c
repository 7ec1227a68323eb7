// SPDX-License-Identifier: GPL-2.0
/*
 * Isolated blocks, and ranges that are allocated whole, in the page allocator in use.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/page-isolation.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "live.h"

#ifdef CONFIG_MEMORY_ISOLATION
static unsigned int live_block_pages_cached(struct live *lv)
{
	unsigned int i, nr = 0;

	for (i = 0; i < lv->nr; i++)
		nr += !!PagePCPBuddy(lv->pages[i]);
	return nr;
}

/* Isolated pages leave the PCP. */
static void live_isolated_while_waiting_goes_to_the_zone(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long start, end;
	int tries, ret = -1;
	unsigned int absorbed = 0;

	for (tries = 0; tries < 8; tries++) {
		live_own(lv, 0, true);
		start = page_to_pfn(lv->pages[0]);
		end = start + pageblock_nr_pages;
		live_set_bound(lv, INT_MAX);
		pcp_on_cpu(test, lv->b, live_free_fn, lv);
		ret = start_isolate_page_range(start, end, PB_ISOLATE_MODE_OTHER);
		/* Not drained: what waits is absorbed as an allocation would. */
		absorbed = live_absorb_all(lv, 0);
		live_reset_bound(lv);
		if (!ret) {
			KUNIT_EXPECT_EQ(test, live_block_pages_cached(lv), 0U);
			undo_isolate_page_range(start, end);
		}
		if (!ret && absorbed >= pageblock_nr_pages)
			break;
	}
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_GE(test, absorbed, (unsigned int)pageblock_nr_pages);
	live_check(test);
}

/* As above, by an absorb that may not take zone->lock. PGFREE is counted once. */
static void live_isolated_while_waiting_is_deferred(struct kunit *test)
{
	long before = live_balance(test);
	struct live *lv = test->priv;
	unsigned int absorbed = 0;
	unsigned long start, end;
	int tries, ret = -1;

	for (tries = 0; tries < 8; tries++) {
		live_own(lv, 0, true);
		start = page_to_pfn(lv->pages[0]);
		end = start + pageblock_nr_pages;
		live_set_bound(lv, INT_MAX);
		pcp_on_cpu(test, lv->b, live_free_fn, lv);
		ret = start_isolate_page_range(start, end, PB_ISOLATE_MODE_OTHER);
		absorbed = live_absorb_all(lv, PCP_ABSORB_NOLOCK);
		live_reset_bound(lv);
		if (!ret) {
			KUNIT_EXPECT_EQ(test, live_block_pages_cached(lv), 0U);
			undo_isolate_page_range(start, end);
		}
		if (!ret && absorbed >= pageblock_nr_pages)
			break;
	}
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_GE(test, absorbed, (unsigned int)pageblock_nr_pages);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
	live_check(test);
}
#endif

#ifdef CONFIG_CONTIG_ALLOC
static void live_contig_alloc_gets_pages_that_wait(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long start, end;
	int ret = -1, tries;

	/* Somebody else may get a page of the block first. */
	for (tries = 0; tries < 8 && ret; tries++) {
		live_own(lv, 0, true);
		start = page_to_pfn(lv->pages[0]);
		end = start + pageblock_nr_pages;
		live_set_bound(lv, INT_MAX);
		pcp_on_cpu(test, lv->b, live_free_fn, lv);
		ret = alloc_contig_range(start, end, ACR_FLAGS_NONE, GFP_KERNEL);
		live_reset_bound(lv);
	}
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ_MSG(test, live_owner(pfn_to_page(start)), -1,
			    "the block was whole in the zone meanwhile");
	live_check(test);
	free_contig_range(start, pageblock_nr_pages);
	live_check(test);
}
#endif

static struct kunit_case live_isolate_cases[] = {
#ifdef CONFIG_MEMORY_ISOLATION
	KUNIT_CASE(live_isolated_while_waiting_goes_to_the_zone),
	KUNIT_CASE(live_isolated_while_waiting_is_deferred),
#endif
#ifdef CONFIG_CONTIG_ALLOC
	KUNIT_CASE(live_contig_alloc_gets_pages_that_wait),
#endif
	{}
};

static struct kunit_suite live_isolate_suite = {
	.name = "pcp_live_isolate",
	.init = live_init,
	.test_cases = live_isolate_cases,
};

kunit_test_suite(live_isolate_suite);
