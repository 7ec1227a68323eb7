// SPDX-License-Identifier: GPL-2.0
/*
 * The page allocator in use while the trylock of the local PCP is made to
 * fail: never, at times and always, when pages are freed, allocated and both.
 */
#include <kunit/test.h>
#include <linux/fault-inject.h>
#include <linux/folio_batch.h>
#include <linux/gfp.h>
#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../fail.h"
#include "../pcp.h"
#include "lib/live.h"

/* Which sides fail, and how often. */
struct fail_param {
	const char *name;
	unsigned long probability;
	bool free;
	bool alloc;
};

static const struct fail_param fail_params[] = {
	{ "never",		0,	true,	true },
	{ "free_at_times",	30,	true,	false },
	{ "alloc_at_times",	30,	false,	true },
	{ "both_at_times",	30,	true,	true },
	{ "free_always",	100,	true,	false },
	{ "alloc_always",	100,	false,	true },
	{ "both_always",	100,	true,	true },
};

KUNIT_ARRAY_PARAM_DESC(fail, fail_params, name);

static struct pcp_fail fail_saved;

static void fail_restore(void *unused)
{
	fail_pcp_trylock.attr = fail_saved.attr;
	WRITE_ONCE(fail_pcp_trylock.ignore_free, fail_saved.ignore_free);
	WRITE_ONCE(fail_pcp_trylock.ignore_alloc, fail_saved.ignore_alloc);
}

static void fail_set(const struct fail_param *param, bool task_filter)
{
	struct fault_attr *attr = &fail_pcp_trylock.attr;

	WRITE_ONCE(fail_pcp_trylock.ignore_free, !param->free);
	WRITE_ONCE(fail_pcp_trylock.ignore_alloc, !param->alloc);
	attr->verbose = 0;
	attr->task_filter = task_filter;
	atomic_set(&attr->times, -1);
	WRITE_ONCE(attr->probability, param->probability);
}

static void fail_off(void)
{
	WRITE_ONCE(fail_pcp_trylock.attr.probability, 0);
}

static int fail_init(struct kunit *test)
{
	fail_saved = fail_pcp_trylock;
	fail_off();
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, fail_restore, NULL));
	return live_init(test);
}

static void fail_balances_under_load(struct kunit *test)
{
	const struct fail_param *param = test->param_value;
	int nr_free = atomic_read(&fail_pcp_trylock.nr_free);
	int nr_alloc = atomic_read(&fail_pcp_trylock.nr_alloc);
	unsigned long fails;
	struct live *lv = test->priv;
	struct zone *zone;
	long before;

	live_seed(lv);
	lv->round = 2000;
	live_push_much(lv);
	before = live_balance(test);
	fails = live_event(PCP_TRYLOCK_FAIL);

	fail_set(param, false);
	pcp_workers_run(test, NULL, live_nr_workers(), live_mixed_fn, lv);
	live_check(test);
	live_empty_slots(lv);
	fail_off();

	nr_free = atomic_read(&fail_pcp_trylock.nr_free) - nr_free;
	nr_alloc = atomic_read(&fail_pcp_trylock.nr_alloc) - nr_alloc;
	kunit_info(test, "injected: free %d, alloc %d", nr_free, nr_alloc);
	KUNIT_EXPECT_EQ(test, nr_free > 0, param->free && param->probability);
	KUNIT_EXPECT_EQ(test, nr_alloc > 0, param->alloc && param->probability);
	/* Each counts as a failure of the trylock, as a real one does. */
	KUNIT_EXPECT_GE(test, live_event(PCP_TRYLOCK_FAIL) - fails,
			(unsigned long)nr_free + nr_alloc);

	live_check(test);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
	for_each_populated_zone(zone)
		live_check_free_lists(test, zone);
}

/*
 * On CPU a, for this task alone: free all pages. Returns base pages cached. The
 * rest of them, which are pushed without a trylock, are counted in lv->round: CPU a
 * may have lost a block to another one, as it gave back some of its pages.
 */
static long fail_free_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	long nr;

	lv->round = 0;
	for (unsigned int i = 0; i < lv->nr; i++)
		lv->round += live_owner(lv->pages[i]) >= 0 &&
			     live_owner(lv->pages[i]) != w->cpu;
	current->make_it_fail = 1;
	nr = live_free_fn(w);
	current->make_it_fail = 0;
	for (unsigned int i = 0; i < lv->nr; i++)
		nr -= is_free_buddy_page(lv->pages[i]);
	return nr;
}

static void fail_free_goes_to_the_zone(struct kunit *test)
{
	static const struct fail_param param = { "", 100, true, false };
	struct live *lv = test->priv;
	long cached;
	int tries;

	/* Somebody else may get some of the pages, or refill from them. */
	for (tries = 0, cached = 1; tries < 8 && cached; tries++) {
		int nr_free = atomic_read(&fail_pcp_trylock.nr_free);
		int nr_alloc = atomic_read(&fail_pcp_trylock.nr_alloc);

		live_own(lv, 256, false);
		fail_set(&param, true);
		cached = pcp_on_cpu(test, lv->a, fail_free_fn, lv);
		fail_off();
		KUNIT_EXPECT_GE(test, atomic_read(&fail_pcp_trylock.nr_free),
				nr_free + 256 - (int)lv->round);
		KUNIT_EXPECT_LT(test, lv->round, 256U);
		KUNIT_EXPECT_EQ(test, atomic_read(&fail_pcp_trylock.nr_alloc),
				nr_alloc);
		live_check(test);
	}
	KUNIT_EXPECT_EQ(test, cached, 0L);
}

/* For this task alone: allocate pages one by one, then free them. */
static long fail_alloc_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i;

	current->make_it_fail = 1;
	for (i = 0; i < 64; i++) {
		lv->pages[i] = alloc_page(LIVE_GFP);
		if (!lv->pages[i])
			break;
	}
	current->make_it_fail = 0;
	lv->nr = i;
	live_free_fn(w);
	return i;
}

static void fail_alloc_comes_from_the_zone(struct kunit *test)
{
	static const struct fail_param param = { "", 100, false, true };
	int nr_alloc = atomic_read(&fail_pcp_trylock.nr_alloc);
	int nr_free = atomic_read(&fail_pcp_trylock.nr_free);
	struct live *lv = test->priv;
	long before = live_balance(test), nr;

	fail_set(&param, true);
	nr = pcp_on_cpu(test, lv->a, fail_alloc_fn, lv);
	fail_off();
	KUNIT_EXPECT_EQ(test, nr, 64L);
	KUNIT_EXPECT_GE(test, atomic_read(&fail_pcp_trylock.nr_alloc),
			nr_alloc + 64);
	KUNIT_EXPECT_EQ(test, atomic_read(&fail_pcp_trylock.nr_free), nr_free);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
	live_check(test);
}

static void fail_spares_other_tasks(struct kunit *test)
{
	static const struct fail_param param = { "", 100, true, true };
	int nr_alloc = atomic_read(&fail_pcp_trylock.nr_alloc);
	int nr_free = atomic_read(&fail_pcp_trylock.nr_free);
	struct live *lv = test->priv;

	fail_set(&param, true);
	live_own(lv, 64, false);
	pcp_on_cpu(test, lv->a, live_free_fn, lv);
	fail_off();
	KUNIT_EXPECT_EQ(test, atomic_read(&fail_pcp_trylock.nr_alloc), nr_alloc);
	KUNIT_EXPECT_EQ(test, atomic_read(&fail_pcp_trylock.nr_free), nr_free);
}

#define FAIL_BATCH	24

/* Each kind of allocation and free that takes the lock. */
static void fail_nth_work(struct live *lv)
{
	struct page *batch[FAIL_BATCH] = {};
	struct folio_batch fbatch;
	unsigned int i, order;
	struct page *page;

	for (order = 0; order <= PAGE_ALLOC_COSTLY_ORDER; order++) {
		page = alloc_pages(LIVE_GFP, order);
		if (page)
			__free_pages(page, order);
	}

	folio_batch_init(&fbatch);
	alloc_pages_bulk(LIVE_GFP, FAIL_BATCH, batch);
	for (i = 0; i < FAIL_BATCH; i++) {
		if (!batch[i])
			continue;
		put_page_testzero(batch[i]);
		folio_batch_add(&fbatch, page_folio(batch[i]));
	}
	free_unref_folios(&fbatch);

	page = alloc_pages_nolock(0, NUMA_NO_NODE, 0);
	if (page)
		free_pages_nolock(page, 0);

	/* One page that another CPU owns. */
	if (lv->nr)
		__free_page(lv->pages[--lv->nr]);
}

/* Returns what is left of the count: 0 if the n-th trylock was there. */
static long fail_nth_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int left;

	current->fail_nth = lv->round;
	fail_nth_work(lv);
	left = current->fail_nth;
	current->fail_nth = 0;
	return left;
}

/* The first trylock fails, then the second, until there is none left to fail. */
static void fail_nth_until_none_is_left(struct kunit *test)
{
	static const struct fail_param param = { "", 0, true, true };
	struct live *lv = test->priv;
	long before = live_balance(test);
	unsigned int n;

	live_own(lv, 256, false);
	/* While there is room it keeps what it frees, which takes a trylock each. */
	live_have_room(lv, lv->b, lv->zone->pageset_high_min);
	fail_set(&param, false);
	for (n = 1; n < 256; n++) {
		lv->round = n;
		if (pcp_on_cpu(test, lv->b, fail_nth_fn, lv))
			break;
		live_check(test);
	}
	fail_off();
	kunit_info(test, "%u trylocks failed one by one", n - 1);
	KUNIT_EXPECT_LT(test, n, 256U);
	/*
	 * Allocations of four orders, in bulk and nolock lock each. Frees lock, too, but one
	 * of a block that another CPU took over meanwhile may be pushed.
	 */
	KUNIT_EXPECT_GT(test, n, 6U);
	pcp_on_cpu(test, lv->a, live_free_fn, lv);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
	live_check(test);
}

#ifdef CONFIG_FAULT_INJECTION_STACKTRACE_FILTER
static noinline void fail_here(struct page *page)
{
	__free_page(page);
	/* No tail call: the filter looks for this function on the stack. */
	barrier();
}

/* Frees one page from fail_here(), the other not. */
static long fail_filter_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	__free_page(lv->pages[0]);
	lv->round = atomic_read(&fail_pcp_trylock.nr_free);
	fail_here(lv->pages[1]);
	return atomic_read(&fail_pcp_trylock.nr_free);
}

static void fail_stacktrace_filter_chooses_the_caller(struct kunit *test)
{
	static const struct fail_param param = { "", 100, true, false };
	int nr_free = atomic_read(&fail_pcp_trylock.nr_free);
	struct fault_attr *attr = &fail_pcp_trylock.attr;
	struct live *lv = test->priv;
	unsigned long size;
	long after;

	if (!kallsyms_lookup_size_offset((unsigned long)fail_here, &size, NULL))
		kunit_skip(test, "needs CONFIG_KALLSYMS");
	live_own(lv, 2, false);
	attr->require_start = (unsigned long)fail_here;
	attr->require_end = attr->require_start + size;
	fail_set(&param, false);
	after = pcp_on_cpu(test, lv->a, fail_filter_fn, lv);
	fail_off();
	KUNIT_EXPECT_EQ(test, lv->round, (unsigned int)nr_free);
	KUNIT_EXPECT_EQ(test, after, nr_free + 1L);
	live_check(test);
}
#endif

static struct kunit_case fail_cases[] = {
	KUNIT_CASE_PARAM(fail_balances_under_load, fail_gen_params),
	KUNIT_CASE(fail_free_goes_to_the_zone),
	KUNIT_CASE(fail_alloc_comes_from_the_zone),
	KUNIT_CASE(fail_spares_other_tasks),
	KUNIT_CASE(fail_nth_until_none_is_left),
#ifdef CONFIG_FAULT_INJECTION_STACKTRACE_FILTER
	KUNIT_CASE(fail_stacktrace_filter_chooses_the_caller),
#endif
	{}
};

static struct kunit_suite fail_suite = {
	.name = "pcp_fail",
	.init = fail_init,
	.test_cases = fail_cases,
};

kunit_test_suite(fail_suite);
