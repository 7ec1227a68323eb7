// SPDX-License-Identifier: GPL-2.0
/*
 * Owners turned off and on, in the page allocator in use.
 */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../free.h"
#include "../pcp.h"
#include "../zone.h"
#include "lib/live.h"

static void switch_on(void *unused)
{
	pcp_set_owners(true);
}

static int switch_init(struct kunit *test)
{
	int ret = live_init(test);

	return ret ?: kunit_add_action_or_reset(test, switch_on, NULL);
}

/* Pages of the same blocks waited. They went to the zone, and the blocks lost their owner. */
static void switch_off_with_owners(struct live *lv)
{
	unsigned int i;

	pcp_set_owners(false);
	for (i = 0; i < lv->nr; i++)
		pageblock_own(lv->zone, lv->pcp, live_pbd(lv->pages[i]));
}

/* On CPU b, which has no room: free all. Returns how many wait. */
static long switch_free_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i;
	long waits = 0;

	for (i = 0; i < lv->nr; i++) {
		__free_page(lv->pages[i]);
		waits += pcp_has_mark(lv->pages[i], PCP_MARK_WAITS);
	}
	lv->nr = 0;
	return waits;
}

/* The first case: the others turn owners on. */
static void switch_parameter_turns_owners_off(struct kunit *test)
{
	if (!strstr(saved_command_line, "pcp_owners=off"))
		kunit_skip(test, "needs a boot with pcp_owners=off");
	KUNIT_EXPECT_FALSE(test, pcp_owners_on());
}

static void switch_off_pushes_nothing(struct kunit *test)
{
	struct live *lv = test->priv;

	live_own(lv, 64, false);
	switch_off_with_owners(lv);
	KUNIT_EXPECT_EQ(test, pcp_on_cpu(test, lv->b, switch_free_fn, lv), 0L);
	live_check(test);
}

/* On CPU b: where goes a page, freed by somebody who may not even try a lock? */
static long switch_route_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct pcp_route_in in = {
		.order_allowed = true,
		.nolock = true,
		.can_trylock = false,
	};
	struct page *page = lv->pages[0];
	enum pcp_route route;

	pcpu_task_pin();
	route = pcp_route_page(&in, lv->zone, page, page_to_pfn(page), 0);
	pcpu_task_unpin();
	return route;
}

static void switch_off_defers_what_may_try_no_lock(struct kunit *test)
{
	struct live *lv = test->priv;

	live_own(lv, 64, false);
	KUNIT_EXPECT_EQ(test, pcp_on_cpu(test, lv->b, switch_route_fn, lv),
			(long)PCP_ROUTE_REMOTE);
	switch_off_with_owners(lv);
	KUNIT_EXPECT_EQ(test, pcp_on_cpu(test, lv->b, switch_route_fn, lv),
			(long)PCP_ROUTE_DEFER);
	pcp_on_cpu(test, lv->b, switch_free_fn, lv);
	live_check(test);
}

static void switch_on_again_pushes(struct kunit *test)
{
	struct live *lv = test->priv;
	long waits = 0;
	int tries;

	pcp_set_owners(false);
	pcp_set_owners(true);
	/* vmstat may take what waits, or a drain the block from its owner. */
	for (tries = 0; tries < 8 && !waits; tries++) {
		live_own(lv, 64, false);
		waits = pcp_on_cpu(test, lv->b, switch_free_fn, lv);
	}
	KUNIT_EXPECT_GT(test, waits, 0L);
	live_check(test);
}

static void switch_off_returns_what_waits(struct kunit *test)
{
	struct live *lv = test->priv;

	KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
	pcp_set_owners(false);
	KUNIT_EXPECT_LT(test, atomic_read(&lv->pcp->nr_waiting), 64);
	live_check(test);
}

#ifdef CONFIG_DEBUG_FS
static void switch_file_takes_0_and_1(struct kunit *test)
{
	u64 on = 2;

	KUNIT_EXPECT_EQ(test, pcp_owners_set(NULL, 0), 0);
	KUNIT_EXPECT_FALSE(test, pcp_owners_on());
	KUNIT_EXPECT_EQ(test, pcp_owners_get(NULL, &on), 0);
	KUNIT_EXPECT_EQ(test, on, 0ULL);
	KUNIT_EXPECT_EQ(test, pcp_owners_set(NULL, 2), -EINVAL);
	KUNIT_EXPECT_FALSE(test, pcp_owners_on());
	KUNIT_EXPECT_EQ(test, pcp_owners_set(NULL, 1), 0);
	KUNIT_EXPECT_TRUE(test, pcp_owners_on());
	KUNIT_EXPECT_EQ(test, pcp_owners_get(NULL, &on), 0);
	KUNIT_EXPECT_EQ(test, on, 1ULL);
}
#endif

/* On CPU a: take pages that no PCP has. Returns how many are of a block of CPU a. */
static long switch_refill_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	long own = 0;

	for (lv->nr = 0; lv->nr < lv->want; lv->nr++) {
		struct page *page = alloc_page(LIVE_GFP);

		if (!page)
			break;
		lv->pages[lv->nr] = page;
		own += live_owner(page) == lv->a;
	}
	return own;
}

/* Returns how many pages are of a block that CPU a owns, of those it took. */
static long switch_refill(struct kunit *test, bool on)
{
	struct live *lv = test->priv;
	struct zone *zone;
	long own;
	int cpu;

	pcp_set_owners(true);
	drain_all_pages(NULL);
	for_each_populated_zone(zone)
		for_each_online_cpu(cpu)
			pageblock_disown_cpu(zone, zone_pcp(zone, cpu));
	pcp_set_owners(on);
	lv->want = 512;
	own = pcp_on_cpu(test, lv->a, switch_refill_fn, lv);
	KUNIT_EXPECT_EQ(test, lv->nr, lv->want);
	while (lv->nr)
		__free_page(lv->pages[--lv->nr]);
	return own;
}

static void switch_off_refill_owns_nothing(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, switch_refill(test, false), 0L);
	KUNIT_EXPECT_GE(test, switch_refill(test, true), 256L);
	live_check(test);
}

/* Workers that have not been through a round yet. */
static atomic_t switch_late;

/*
 * All but one exchange pages until that one says stop. It turns owners off and on 32 times
 * at least, and until all others have been through a round.
 */
static long switch_load_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	bool first = true;
	long nr;

	if (!w->index) {
		for (nr = 0; nr < 32 || atomic_read(&switch_late); nr++) {
			pcp_set_owners(nr & 1);
			cond_resched();
		}
		pcp_set_owners(true);
		WRITE_ONCE(lv->stop, true);
		return nr;
	}
	for (nr = 0; !READ_ONCE(lv->stop); first = false) {
		nr += live_mixed_fn(w);
		if (first)
			atomic_dec(&switch_late);
	}
	return nr;
}

static void switch_under_load_loses_nothing(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test), nr = 0;
	struct pcp_workers *p;
	unsigned int i;

	live_seed(lv);
	lv->stop = false;
	lv->round = 1000;
	live_push_much(lv);
	atomic_set(&switch_late, live_nr_workers() - 1);
	p = pcp_workers_run(test, NULL, live_nr_workers(), switch_load_fn, lv);
	for (i = 1; i < p->nr; i++)
		nr += p->worker[i].ret;
	KUNIT_EXPECT_GT(test, nr, 1000L);
	live_empty_slots(lv);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
	live_check(test);
}

static struct kunit_case switch_cases[] = {
	KUNIT_CASE(switch_parameter_turns_owners_off),
	KUNIT_CASE(switch_off_pushes_nothing),
	KUNIT_CASE(switch_off_defers_what_may_try_no_lock),
	KUNIT_CASE(switch_on_again_pushes),
	KUNIT_CASE(switch_off_returns_what_waits),
	KUNIT_CASE(switch_off_refill_owns_nothing),
#ifdef CONFIG_DEBUG_FS
	KUNIT_CASE(switch_file_takes_0_and_1),
#endif
	KUNIT_CASE(switch_under_load_loses_nothing),
	{}
};

static struct kunit_suite switch_suite = {
	.name = "pcp_switch",
	.init = switch_init,
	.test_cases = switch_cases,
};

kunit_test_suite(switch_suite);

MODULE_DESCRIPTION("KUnit tests for the switch that turns owners off");
MODULE_LICENSE("GPL");
