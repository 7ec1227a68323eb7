// SPDX-License-Identifier: GPL-2.0
/*
 * Memory errors in free pages, in the page allocator in use. Wherever the page is, it is
 * taken out of use and nobody gets it, and it comes back when the error is taken back.
 *
 * The outcome is that of kernels without mm/pcp/: the zone's PCPs are disabled and drained,
 * so the page is in the zone, and the zone gives it up.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "../zone.h"
#include "lib/live.h"

#ifdef CONFIG_MEMORY_FAILURE
/* Pages that are freed beside the one that matters. */
#define POISON_PAGES	64
/* Of a larger page on a PCP, some page in the middle has the error. */
#define POISON_ORDER	3
#define POISON_TAIL	5

enum poison_state {
	POISON_IN_THE_ZONE,
	POISON_CACHED,
	POISON_IN_A_LARGER_PAGE,
	POISON_WAITS,
	POISON_TAKEN,
	POISON_FRAGMENT,
	POISON_DEFERRED,
	POISON_NR_STATES,
};

/**
 * struct poison_param - a case
 * @state: where the page is
 * @soft: the page could still be read, so soft_offline_page()
 */
struct poison_param {
	enum poison_state state;
	bool soft;
};

static const void *poison_gen_params(struct kunit *test, const void *prev, char *desc)
{
	static const char * const states[] = {
		[POISON_IN_THE_ZONE] = "in the zone",
		[POISON_CACHED] = "on a PCP",
		[POISON_IN_A_LARGER_PAGE] = "in a larger page on a PCP",
		[POISON_WAITS] = "waiting",
		[POISON_TAKEN] = "taken",
		[POISON_FRAGMENT] = "in a fragment of an owned block",
		[POISON_DEFERRED] = "deferred",
	};
	static struct poison_param params[POISON_NR_STATES * 2];
	const struct poison_param *last = prev;
	unsigned int i = last ? last - params + 1 : 0;

	if (i == ARRAY_SIZE(params))
		return NULL;
	params[i].state = i / 2;
	params[i].soft = i % 2;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s", states[params[i].state],
		 params[i].soft ? "soft" : "hard");
	return &params[i];
}

/* On CPU a: free all but the last page, and defer that one. */
static long poison_defer_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	lv->nr--;
	live_free_fn(w);
	live_defer(lv, lv->pages[lv->nr], 0);
	return 0;
}

/* On CPU a: a page of an order that only a PCP or the zone can have. */
static long poison_larger_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	lv->page = alloc_pages(lv->gfp, POISON_ORDER);
	if (!lv->page)
		return 0;
	lv->zone = page_zone(lv->page);
	__free_pages(lv->page, POISON_ORDER);
	return 1;
}

/* One page of a block that CPU a owns is free, in the zone, and those beside it are not. */
static struct page *poison_make_fragment(struct live *lv)
{
	struct page *page;
	unsigned int i;

	live_own(lv, 0, true);
	i = lv->nr / 2;
	page = lv->pages[i];
	__free_page(page);
	lv->pages[i] = lv->pages[--lv->nr];
	drain_all_pages(lv->zone);
	/* The drain took its block from CPU a, if that CPU had it cached. */
	if (live_owner(page) != lv->a)
		pageblock_own(lv->zone, lv->pcp, live_pbd(page));
	return page;
}

static bool poison_is_taken(struct live *lv, struct page *page)
{
	struct llist_node *node;
	bool found = false;

	spin_lock(&lv->pcp->lock);
	for (node = lv->pcp->taken; node && !found; node = node->next)
		found = node == &page->pcp_llist;
	spin_unlock(&lv->pcp->lock);
	return found;
}

/*
 * Bring a page into the state. Returns NULL if others came in between. In a fragment, the
 * others of lv->pages are still in use afterwards.
 */
static struct page *poison_bring(struct live *lv, enum poison_state state)
{
	struct kunit *test = lv->test;
	struct page *page;

	switch (state) {
	case POISON_IN_THE_ZONE:
		live_own(lv, POISON_PAGES, false);
		pcp_on_cpu(test, lv->a, live_free_fn, lv);
		drain_all_pages(NULL);
		page = lv->pages[lv->nr / 2];
		return is_free_buddy_page(page) ? page : NULL;
	case POISON_CACHED:
		live_own(lv, POISON_PAGES, false);
		pcp_on_cpu(test, lv->a, live_free_fn, lv);
		page = lv->pages[lv->nr / 2];
		return pcp_has_mark(page, pcp_mark(lv->pcp)) ? page : NULL;
	case POISON_IN_A_LARGER_PAGE:
		if (pcp_on_cpu(test, lv->a, poison_larger_fn, lv) <= 0)
			return NULL;
		lv->pcp = zone_pcp(lv->zone, lv->a);
		if (!pcp_has_mark(lv->page, pcp_mark(lv->pcp)))
			return NULL;
		return lv->page + POISON_TAIL;
	case POISON_WAITS:
		if (!live_waits(lv, POISON_PAGES))
			return NULL;
		page = lv->pages[lv->nr / 2];
		return pcp_has_mark(page, PCP_MARK_WAITS) ? page : NULL;
	case POISON_TAKEN:
		if (!live_waits(lv, 2 * PCP_ABSORB_NODES))
			return NULL;
		spin_lock(&lv->pcp->lock);
		pcp_absorb(lv->zone, lv->pcp, 0);
		spin_unlock(&lv->pcp->lock);
		page = lv->pages[lv->nr - 1];
		return poison_is_taken(lv, page) ? page : NULL;
	case POISON_FRAGMENT:
		page = poison_make_fragment(lv);
		if (PageBuddy(page) && live_owner(page) == lv->a)
			return page;
		live_free_fn(&(struct pcp_worker){ .arg = lv });
		return NULL;
	default:
		live_own(lv, POISON_PAGES, false);
		page = lv->pages[lv->nr - 1];
		pcp_on_cpu(test, lv->a, poison_defer_fn, lv);
		return !llist_empty(&lv->zone->trylock_free_pages) &&
		       pcp_has_mark(page, PCP_MARK_WAITS) ? page : NULL;
	}
}

static int poison_page(struct page *page, bool soft)
{
	/* Simulated, or nothing can be taken back. */
	return soft ? soft_offline_page(page_to_pfn(page), 0) :
		      memory_failure(page_to_pfn(page), MF_SW_SIMULATED);
}

static void poison_expect_taken_off(struct kunit *test, struct page *page)
{
	KUNIT_EXPECT_TRUE(test, PageHWPoison(page));
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	KUNIT_EXPECT_FALSE(test, PagePCPBuddy(page));
	KUNIT_EXPECT_FALSE(test, is_free_buddy_page(page));
}

static void poison_free_page_of_each_state(struct kunit *test)
{
	const struct poison_param *param = test->param_value;
	long before = live_balance(test), errors;
	struct live *lv = test->priv;
	struct page *page = NULL;
	int tries;

	for (tries = 0; tries < 8 && !page; tries++)
		page = poison_bring(lv, param->state);
	KUNIT_ASSERT_NOT_NULL(test, page);
	errors = atomic_long_read(&num_poisoned_pages);
	KUNIT_ASSERT_EQ(test, poison_page(page, param->soft), 0);

	/* One page is gone, and no other one. */
	poison_expect_taken_off(test, page);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&num_poisoned_pages), errors + 1);
	live_check(test);
	live_check_free_lists(test, lv->zone);
	if (param->state == POISON_FRAGMENT)
		live_free_fn(&(struct pcp_worker){ .arg = lv });
	KUNIT_EXPECT_EQ(test, live_balance(test), before - 1);
	poison_expect_taken_off(test, page);
	live_check(test);

	/* And again, which changes nothing. */
	KUNIT_EXPECT_EQ(test, poison_page(page, param->soft),
			param->soft ? 0 : -EHWPOISON);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&num_poisoned_pages), errors + 1);

	KUNIT_ASSERT_EQ(test, unpoison_memory(page_to_pfn(page)), 0);
	KUNIT_EXPECT_FALSE(test, PageHWPoison(page));
	/* The zone may have it as the first page of a larger one by now. */
	if (!PageBuddy(page))
		KUNIT_EXPECT_EQ(test, page_private(page), 0UL);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&num_poisoned_pages), errors);
	KUNIT_EXPECT_EQ(test, live_balance(test), before);
	live_check(test);
	live_check_free_lists(test, lv->zone);
}

/* On CPU a: have a page on the lists, with an error, and take all that is there. */
static long poison_take_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i, nr = lv->nr;
	long got = 0;

	lv->page = lv->pages[nr - 1];
	live_free_fn(w);
	pcpu_task_pin();
	spin_lock(&lv->pcp->lock);
	if (pcp_has_mark(lv->page, pcp_mark(lv->pcp)))
		SetPageHWPoison(lv->page);
	spin_unlock(&lv->pcp->lock);
	pcpu_task_unpin();
	if (!PageHWPoison(lv->page))
		return -EAGAIN;
	for (i = 0; i < nr; i++) {
		lv->pages[i] = alloc_page(lv->gfp);
		got += lv->pages[i] == lv->page;
	}
	for (i = 0; i < nr; i++) {
		if (lv->pages[i])
			__free_page(lv->pages[i]);
	}
	return got;
}

/*
 * The flag is set before the PCPs are drained. An allocation in between does not get the
 * page, and no later one does.
 */
static void poison_page_on_a_pcp_is_not_handed_out(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test);
	long got = -EAGAIN;
	int tries;

	if (!IS_ENABLED(CONFIG_DEBUG_VM))
		kunit_skip(test, "without CONFIG_DEBUG_VM pages are not looked at");
	for (tries = 0; tries < 8 && got == -EAGAIN; tries++) {
		live_own(lv, POISON_PAGES, false);
		got = pcp_on_cpu(test, lv->a, poison_take_fn, lv);
	}
	KUNIT_EXPECT_EQ(test, got, 0L);
	live_check(test);
	KUNIT_EXPECT_EQ(test, live_balance(test), before - 1);
	KUNIT_EXPECT_FALSE(test, PagePCPBuddy(lv->page));
	KUNIT_EXPECT_FALSE(test, is_free_buddy_page(lv->page));

	/* It was free, and is freed again, so that it is not lost for good. */
	ClearPageHWPoison(lv->page);
	clear_page_tag_ref(lv->page);
	init_page_count(lv->page);
	count_vm_event(PGALLOC_NORMAL);
	__free_page(lv->page);
	KUNIT_EXPECT_EQ(test, live_balance(test), before);
	live_check(test);
}

/* A page in use that nobody can move: it goes when it is freed, to no PCP and no zone. */
static void poison_page_in_use_is_freed_to_nobody(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test);
	struct page *page;

	live_own(lv, 1, false);
	page = lv->pages[0];
	KUNIT_EXPECT_EQ(test, memory_failure(page_to_pfn(page), MF_SW_SIMULATED), -EBUSY);
	KUNIT_EXPECT_TRUE(test, PageHWPoison(page));
	pcp_on_cpu(test, lv->b, live_free_fn, lv);
	KUNIT_EXPECT_FALSE(test, PagePCPBuddy(page));
	KUNIT_EXPECT_FALSE(test, is_free_buddy_page(page));
	live_check(test);

	/* It is not the zone that has it, so it stays where it is, as in other kernels. */
	KUNIT_EXPECT_EQ(test, unpoison_memory(page_to_pfn(page)), 0);
	KUNIT_EXPECT_FALSE(test, PageHWPoison(page));
	init_page_count(page);
	__free_page(page);
	KUNIT_EXPECT_EQ(test, live_balance(test), before);
	live_check(test);
}

/* Errors in pages that go from CPU to CPU meanwhile. */
static void poison_under_load(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test);
	struct pcp_workers *p;
	unsigned int i, nr = 0;

	live_own(lv, POISON_PAGES, false);
	live_free_fn(&(struct pcp_worker){ .arg = lv });
	live_seed(lv);
	lv->round = UINT_MAX;
	live_push_much(lv);
	p = pcp_workers_start(test, NULL, live_nr_workers(), live_mixed_fn, lv);
	for (i = 0; i < lv->nr; i++) {
		/* One in use stays as it is. */
		if (!soft_offline_page(page_to_pfn(lv->pages[i]), 0))
			lv->pages[nr++] = lv->pages[i];
	}
	WRITE_ONCE(lv->stop, true);
	pcp_workers_wait(test, p);
	live_empty_slots(lv);
	live_check(test);
	kunit_info(test, "%u of %u pages were taken out of use\n", nr, lv->nr);
	KUNIT_EXPECT_GT(test, nr, 0U);
	KUNIT_EXPECT_EQ(test, live_balance(test), before - nr);

	for (i = 0; i < nr; i++) {
		poison_expect_taken_off(test, lv->pages[i]);
		KUNIT_EXPECT_EQ(test, unpoison_memory(page_to_pfn(lv->pages[i])), 0);
	}
	KUNIT_EXPECT_EQ(test, live_balance(test), before);
	live_check(test);
	live_check_free_lists(test, lv->zone);
}

static struct kunit_case poison_cases[] = {
	KUNIT_CASE_PARAM(poison_free_page_of_each_state, poison_gen_params),
	KUNIT_CASE(poison_page_on_a_pcp_is_not_handed_out),
	KUNIT_CASE(poison_page_in_use_is_freed_to_nobody),
	KUNIT_CASE_SLOW(poison_under_load),
	{}
};
#else
static void poison_skip(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_MEMORY_FAILURE");
}

static struct kunit_case poison_cases[] = {
	KUNIT_CASE(poison_skip),
	{}
};
#endif /* CONFIG_MEMORY_FAILURE */

static struct kunit_suite poison_suite = {
	.name = "pcp_poison",
	.init = live_init,
	.test_cases = poison_cases,
};

kunit_test_suite(poison_suite);
