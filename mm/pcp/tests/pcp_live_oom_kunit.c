// SPDX-License-Identifier: GPL-2.0
/*
 * Memory runs out in the page allocator in use: nobody goes without while pages wait for a
 * CPU that does not want them.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/spinlock.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "lib/live.h"

/* The page allocator does this before it calls the OOM killer. */
static void live_waiting_pages_return_before_oom(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned int nr = 0;
	int tries;

	/* Somebody who allocates on CPU a may absorb them first. */
	for (tries = 0; tries < 8 && nr < 48; tries++) {
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
		pcp_return_all();
		nr = live_in_zone(lv);
		KUNIT_EXPECT_LT(test, atomic_read(&lv->pcp->nr_waiting), 64);
	}
	KUNIT_EXPECT_GE(test, nr, 48U);
	live_check(test);
}

/* All memory, and what waited for CPU a before the last page was asked for, and at the kill. */
struct live_hog {
	struct notifier_block nb;
	struct live *lv;
	/* Any task may come to the notifier, and an interrupt takes pages. */
	spinlock_t lock;
	struct list_head pages;
	struct irq_work work;
	int before;
	int at_kill;
	int left;
	bool asked;
};

static void live_hog_add(struct live_hog *hog, struct page *page, unsigned int order)
{
	unsigned long flags;

	set_page_private(page, order);
	spin_lock_irqsave(&hog->lock, flags);
	list_add(&page->lru, &hog->pages);
	spin_unlock_irqrestore(&hog->lock, flags);
}

/* Returns how many pages they were. */
static unsigned long live_hog_free(struct live_hog *hog)
{
	struct page *page, *next;
	unsigned long nr = 0;
	LIST_HEAD(pages);

	spin_lock_irq(&hog->lock);
	list_splice_init(&hog->pages, &pages);
	spin_unlock_irq(&hog->lock);
	list_for_each_entry_safe(page, next, &pages, lru) {
		unsigned int order = page_private(page);

		set_page_private(page, 0);
		nr += 1UL << order;
		__free_pages(page, order);
	}
	return nr;
}

/* In place of a process that is killed. */
static int live_oom_notify(struct notifier_block *nb, unsigned long unused, void *freed)
{
	struct live_hog *hog = container_of(nb, struct live_hog, nb);

	if (!READ_ONCE(hog->asked))
		hog->at_kill = atomic_read(&hog->lv->pcp->nr_waiting);
	WRITE_ONCE(hog->asked, true);
	*(unsigned long *)freed += live_hog_free(hog);
	return NOTIFY_OK;
}

/* Without reclaim. Movable, or all blocks would be of the kernel afterwards. */
#define LIVE_HOG_GFP	(__GFP_NOWARN | __GFP_HIGHMEM | __GFP_MOVABLE)

/* On CPU b: all that the page allocator gives to somebody who may not reclaim. */
static void live_hog_without_reclaim(struct live_hog *hog, int least)
{
	int order = MAX_PAGE_ORDER;

	while (order >= least) {
		struct page *page = alloc_pages(LIVE_HOG_GFP, order);

		if (page)
			live_hog_add(hog, page, order);
		else
			order--;
	}
}

/* On CPU b: these wait for CPU a, which owns their blocks. */
static void live_hog_push(struct live *lv)
{
	struct pcp_run run = { .zone = lv->zone, .pcp = lv->pcp };

	while (lv->nr) {
		struct page *page = lv->pages[--lv->nr];

		if (put_page_testzero(page) && free_pages_prepare(page, 0))
			pcp_run_add(&run, page, 0);
	}
	pcp_push(&run, false);
}

/* On CPU b: pages wait, and the page allocator gives all it has, until somebody is to be killed. */
static long live_hog_fn(struct pcp_worker *w)
{
	struct live_hog *hog = w->arg;
	struct live *lv = hog->lv;
	struct page *page;

	/* Reclaim that gets somewhere drains, so there is none before the last page. */
	live_hog_without_reclaim(hog, 0);
	live_hog_push(lv);
	while (!READ_ONCE(hog->asked)) {
		hog->before = atomic_read(&lv->pcp->nr_waiting);
		page = alloc_page(GFP_KERNEL | __GFP_NOWARN);
		if (!page)
			return false;
		live_hog_add(hog, page, 0);
	}
	return true;
}

static void live_hog_init(struct live *lv, struct live_hog *hog)
{
	spin_lock_init(&hog->lock);
	INIT_LIST_HEAD(&hog->pages);
	hog->lv = lv;
}

/* Have CPU b take memory, with pages that it can push. All that it took is free afterwards. */
static long live_hog_run(struct live_hog *hog, pcp_worker_fn fn)
{
	struct live *lv = hog->lv;
	long ret;

	live_own(lv, 64, false);
	live_set_bound(lv, 128);
	ret = pcp_on_cpu(lv->test, lv->b, fn, hog);
	live_hog_free(hog);
	return ret;
}

/* All is taken, until the page allocator wants to kill. */
static void live_hog_all(struct kunit *test, struct live_hog *hog)
{
	hog->asked = false;
	KUNIT_ASSERT_EQ(test, register_oom_notifier(&hog->nb), 0);
	KUNIT_EXPECT_TRUE(test, live_hog_run(hog, live_hog_fn));
	unregister_oom_notifier(&hog->nb);
}

/* Nobody is killed for pages that wait. */
static void live_nothing_waits_when_somebody_is_killed(struct kunit *test)
{
	struct live_hog hog = { .nb.notifier_call = live_oom_notify };
	int tries;

	live_hog_init(test->priv, &hog);
	/* Somebody who allocates on CPU a, or the shepherd, may come first. */
	for (tries = 0; tries < 8 && hog.before < 48; tries++)
		live_hog_all(test, &hog);
	KUNIT_EXPECT_GE(test, hog.before, 48);
	KUNIT_EXPECT_LT(test, hog.at_kill, 16);
	live_check(test);
}

/* A burst of an interrupt, which gets all that is kept back. */
static void live_hog_atomic(struct irq_work *work)
{
	struct live_hog *hog = container_of(work, struct live_hog, work);
	struct page *page;

	do {
		page = alloc_page(GFP_ATOMIC | __GFP_NOWARN);
		if (page)
			live_hog_add(hog, page, 0);
	} while (page);
	hog->left = atomic_read(&hog->lv->pcp->nr_waiting);
}

static const struct live_fail_param {
	const char *name;
	bool irq;
} live_fail_params[] = {
	{ "of a task", false },
	{ "of an interrupt", true },
};

KUNIT_ARRAY_PARAM_DESC(live_fail, live_fail_params, name);

/* On CPU b: pages wait, and so many of them still do when it gets no more. */
static long live_hog_waiting_fn(struct pcp_worker *w)
{
	struct live_hog *hog = w->arg;
	struct live *lv = hog->lv;
	const struct live_fail_param *param = lv->test->param_value;

	if (param->irq)
		live_hog_without_reclaim(hog, 0);
	live_hog_push(lv);
	hog->before = atomic_read(&lv->pcp->nr_waiting);
	if (param->irq) {
		init_irq_work(&hog->work, live_hog_atomic);
		irq_work_queue(&hog->work);
		irq_work_sync(&hog->work);
		return hog->left;
	}
	live_hog_without_reclaim(hog, 0);
	return atomic_read(&lv->pcp->nr_waiting);
}

/* The watermarks do not see them, and such an allocation cannot reclaim. */
static void live_nothing_waits_when_an_allocation_fails(struct kunit *test)
{
	const struct live_fail_param *param = test->param_value;
	struct live_hog hog = {};
	long left = 0;
	int tries;

	if (param->irq && IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "no allocation in hardirq with PREEMPT_RT");
	live_hog_init(test->priv, &hog);
	/* Somebody who allocates on CPU a, or the shepherd, may come first. */
	for (tries = 0; tries < 8 && hog.before < 48; tries++)
		left = live_hog_run(&hog, live_hog_waiting_fn);
	KUNIT_EXPECT_GE(test, hog.before, 48);
	KUNIT_EXPECT_LT(test, left, 16L);
	live_check(test);
}

/* An order that sockets and caches ask for, though smaller ones will do. */
#define LIVE_LARGE	3

/*
 * On CPU b: of some large pages that it has, free each second page. The zone is above its
 * mark then, even while that is boosted.
 */
static void live_hog_fragment(struct live_hog *hog)
{
	unsigned long want = 4 * hog->lv->zone->_watermark[WMARK_HIGH];
	unsigned int i, nr = 1U << MAX_PAGE_ORDER, left = want / (nr / 2) + 1;
	struct page *page, *next;
	LIST_HEAD(pages);

	list_splice_init(&hog->pages, &pages);
	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del(&page->lru);
		if (page_private(page) != MAX_PAGE_ORDER || page_zone(page) != hog->lv->zone ||
		    !left) {
			live_hog_add(hog, page, page_private(page));
			continue;
		}
		left--;
		set_page_private(page, 0);
		split_page(page, MAX_PAGE_ORDER);
		for (i = 0; i < nr; i++) {
			if (i % 2)
				live_hog_add(hog, page + i, 0);
			else
				__free_page(page + i);
		}
	}
	drain_local_pages(NULL);
}

/* On CPU b: pages are free, none of them large, and others wait. Returns how many still do. */
static long live_large_page_fn(struct pcp_worker *w)
{
	struct live_hog *hog = w->arg;
	struct live *lv = hog->lv;
	struct page *page;

	live_hog_without_reclaim(hog, 0);
	live_hog_fragment(hog);
	/* Of what the mark kept back. */
	live_hog_without_reclaim(hog, LIVE_LARGE);
	live_hog_push(lv);
	page = alloc_pages(LIVE_HOG_GFP, LIVE_LARGE);
	if (page)
		live_hog_add(hog, page, LIVE_LARGE);
	return page ? 0 : atomic_read(&lv->pcp->nr_waiting);
}

/* A socket asks for a large page and takes a small one: the remote path goes on meanwhile. */
static void live_large_page_that_fails_leaves_what_waits(struct kunit *test)
{
	struct live_hog hog = {};
	long left = 0;
	int tries;

	live_hog_init(test->priv, &hog);
	/* Somebody who allocates on CPU a, or the shepherd, may come first. */
	for (tries = 0; tries < 8 && left < 48; tries++)
		left = live_hog_run(&hog, live_large_page_fn);
	KUNIT_EXPECT_GE(test, left, 48L);
	live_check(test);
}

static struct kunit_case live_oom_cases[] = {
	KUNIT_CASE(live_waiting_pages_return_before_oom),
	KUNIT_CASE_SLOW(live_nothing_waits_when_somebody_is_killed),
	KUNIT_CASE_PARAM(live_nothing_waits_when_an_allocation_fails, live_fail_gen_params),
	KUNIT_CASE(live_large_page_that_fails_leaves_what_waits),
	{}
};

static struct kunit_suite live_oom_suite = {
	.name = "pcp_live_oom",
	.init = live_init,
	.test_cases = live_oom_cases,
};

kunit_test_suite(live_oom_suite);
