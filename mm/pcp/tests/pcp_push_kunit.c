// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for mm/pcp/push.c and flush.c: runs of pages go to a free_llist with
 * one operation, nothing strands on a closed PCP, no list grows over its bound, and
 * what is flushed goes in the order of the frees. One thread at a time; the
 * concurrent suites race several.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/rcupdate.h>

#include "fixture.h"

/* What pcp_zone_short() was asked: once by each push over bound_short. */
static unsigned int nr_short;

static bool count_short(struct zone *zone)
{
	nr_short++;
	return false;
}

static int push_init(struct kunit *test)
{
	nr_short = 0;
	return pcp_fx_init(test);
}

/* As many may wait for the other CPU, and @bound_short while the zone is short. */
static void set_bound(struct pcp_fixture *fx, int bound_short, int bound)
{
	fx->other->bound_short = bound_short;
	fx->other->bound = bound;
}

static struct pcp_run empty_run(struct pcp_fixture *fx)
{
	return (struct pcp_run){ .zone = fx->zone, .pcp = fx->other };
}

/* A run of the first @nr pages of block 0, order 0. */
static struct pcp_run run_of(struct pcp_fixture *fx, unsigned int nr)
{
	struct pcp_run run = empty_run(fx);
	unsigned int i;

	for (i = 0; i < nr; i++)
		pcp_run_add(&run, pcp_fx_page(fx, 0, i), 0);
	return run;
}

static void push_nr(struct pcp_fixture *fx, unsigned int nr)
{
	struct pcp_run run = run_of(fx, nr);

	pcp_push(&run, false);
}

static int waiting(struct pcp_fixture *fx)
{
	return atomic_read(&fx->other->nr_waiting);
}

/* The zone hands out what it got, so that the pages can be pushed again. */
static void reuse_pages(struct pcp_fixture *fx)
{
	KUNIT_ASSERT_EQ(fx->test, waiting(fx), 0);
	INIT_LIST_HEAD(&fx->freed);
}

/* Nodes on the free_llist; the order of each page must be recorded. */
static unsigned int nr_listed(struct pcp_fixture *fx, unsigned int *nr_pages)
{
	struct llist_node *node;
	unsigned int nr = 0;

	*nr_pages = 0;
	llist_for_each(node, fx->other->free_llist.first) {
		*nr_pages += 1U << page_private(llist_entry(node, struct page,
							    pcp_llist));
		nr++;
	}
	return nr;
}

static void expect_waiting(struct pcp_fixture *fx, unsigned int nr,
			   unsigned int nr_pages)
{
	unsigned int listed_pages;

	KUNIT_EXPECT_EQ(fx->test, nr_listed(fx, &listed_pages), nr);
	KUNIT_EXPECT_EQ(fx->test, listed_pages, nr_pages);
	KUNIT_EXPECT_EQ(fx->test, waiting(fx), nr_pages);
	KUNIT_EXPECT_EQ(fx->test, fx->other->count, 0);
	pcp_fx_check(fx);
}

/* The pages that went to the zone, and their order. */
static void expect_freed(struct pcp_fixture *fx, struct page *const *pages,
			 unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		bool right = pcp_fx_freed(fx, i) == pages[i];

		KUNIT_EXPECT_TRUE_MSG(fx->test, right, "page %u of %u", i, nr);
	}
	KUNIT_EXPECT_NULL(fx->test, pcp_fx_freed(fx, nr));
}

#define EXPECT_FREED(fx, ...)						\
do {									\
	struct page *const __pages[] = { __VA_ARGS__ };			\
									\
	expect_freed(fx, __pages, ARRAY_SIZE(__pages));			\
} while (0)

static void expect_zone_untouched(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_deferred, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_locked, 0);
}

/* === Runs === */

static void push_run_records_orders(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *a = pcp_fx_page(fx, 0, 0), *b = pcp_fx_page(fx, 0, 2);
	struct page *c = pcp_fx_page(fx, 0, 4);
	struct pcp_run run = empty_run(fx);

	pcp_run_add(&run, a, 0);
	KUNIT_EXPECT_PTR_EQ(test, run.first, &a->pcp_llist);
	KUNIT_EXPECT_PTR_EQ(test, run.last, &a->pcp_llist);
	KUNIT_EXPECT_EQ(test, run.nr_pages, 1);

	pcp_run_add(&run, b, 1);
	pcp_run_add(&run, c, 2);
	KUNIT_EXPECT_PTR_EQ(test, run.first, &c->pcp_llist);
	KUNIT_EXPECT_PTR_EQ(test, c->pcp_llist.next, &b->pcp_llist);
	KUNIT_EXPECT_PTR_EQ(test, b->pcp_llist.next, &a->pcp_llist);
	KUNIT_EXPECT_PTR_EQ(test, run.last, &a->pcp_llist);
	KUNIT_EXPECT_EQ(test, run.nr_pages, 7);
	KUNIT_EXPECT_EQ(test, page_private(a), 0);
	KUNIT_EXPECT_EQ(test, page_private(b), 1);
	KUNIT_EXPECT_EQ(test, page_private(c), 2);

	/* Nobody sees them yet. */
	expect_waiting(fx, 0, 0);
}

/* Nobody merges it: the PCP that it is for has not got it yet. */
static void push_page_has_the_mark_of_no_pcp(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	struct pcp_run run = empty_run(fx);

	pcp_run_add(&run, page, 1);
	KUNIT_EXPECT_TRUE(test, PagePCPBuddy(page));
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(page, PCP_MARK_WAITS));
	pcp_push(&run, false);
	KUNIT_EXPECT_TRUE(test, pcp_has_mark(page, PCP_MARK_WAITS));
	KUNIT_EXPECT_FALSE(test, pcp_has_mark(page, pcp_mark(fx->other)));
	spin_lock(&fx->other->lock);
	KUNIT_EXPECT_NULL(test, pcp_buddy(fx->other, pcp_fx_page(fx, 0, 2),
					  page_to_pfn(page) + 2, 1));
	spin_unlock(&fx->other->lock);
}

/* What a page had in page_private() before does not survive as its order. */
static void push_run_overwrites_stale_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	struct pcp_run run = empty_run(fx);

	set_page_private(page, 3);
	pcp_run_add(&run, page, 0);
	pcp_push(&run, false);
	expect_waiting(fx, 1, 1);
}

static void push_one_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->other));
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 0, 0), 0);
	expect_waiting(fx, 1, 1);
	KUNIT_EXPECT_TRUE(test, pcp_has_pages(fx->other));
	KUNIT_EXPECT_TRUE(test, pcp_has_waiting(fx->other));
	expect_zone_untouched(fx);
}

static void push_counts_base_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	set_bound(fx, INT_MAX, INT_MAX);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 0, 0), 2);
	expect_waiting(fx, 1, 4);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), pageblock_order);
	expect_waiting(fx, 2, 4 + pageblock_nr_pages);
}

/* Each push over bound_short asks the zone once. */
static void push_run_is_one_operation(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct llist_head *list = &fx->other->free_llist;
	struct llist_node *second = &pcp_fx_page(fx, 1, 0)->pcp_llist;
	struct pcp_run run = run_of(fx, 3);

	kunit_activate_static_stub(test, __pcp_zone_short, count_short);
	set_bound(fx, 0, 100);
	pcp_push(&run, false);
	KUNIT_EXPECT_EQ(test, nr_short, 1);
	expect_waiting(fx, 3, 3);
	KUNIT_EXPECT_PTR_EQ(test, list->first,
			    &pcp_fx_page(fx, 0, 2)->pcp_llist);

	/* The next run goes in front of it. */
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, nr_short, 2);
	expect_waiting(fx, 4, 4);
	KUNIT_EXPECT_PTR_EQ(test, list->first, second);
	KUNIT_EXPECT_PTR_EQ(test, second->next,
			    &pcp_fx_page(fx, 0, 2)->pcp_llist);
}

static void push_leaves_run_empty(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run = run_of(fx, 3);
	struct page *page = pcp_fx_page(fx, 1, 0);

	pcp_push(&run, false);
	KUNIT_EXPECT_NULL(test, run.pcp);
	KUNIT_ASSERT_NULL(test, run.first);
	KUNIT_EXPECT_EQ(test, run.nr_pages, 0);

	/* So it can be used again. */
	run.pcp = fx->other;
	pcp_run_add(&run, page, 0);
	KUNIT_EXPECT_PTR_EQ(test, run.first, &page->pcp_llist);
	KUNIT_EXPECT_PTR_EQ(test, run.last, &page->pcp_llist);
	KUNIT_EXPECT_NULL(test, page->pcp_llist.next);
	KUNIT_EXPECT_EQ(test, run.nr_pages, 1);
	pcp_push(&run, false);
	expect_waiting(fx, 4, 4);
}

static void push_goes_to_its_own_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 0, 0), 0);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->nr_waiting), 1);
	KUNIT_EXPECT_TRUE(test, pcp_has_waiting(fx->pcp));
}

/* === The watch === */

#ifdef CONFIG_SMP
static void watch_again(void *unused)
{
	pcp_watch();
}

/*
 * The page at @index, as if nobody watched. Returns whether somebody does then. The
 * pages of real CPUs are not forgotten: whoever watched them still looks.
 */
static bool push_is_watched(struct pcp_fixture *fx, unsigned int index)
{
	WRITE_ONCE(pcp_watched, false);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 0, index), 0);
	return READ_ONCE(pcp_watched);
}

/* Or it would wait for as long as the other CPU sleeps. */
static void push_of_the_first_page_has_it_watched(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	bool watched = false;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, watch_again, NULL));
	/* Somebody who looked just now may not be watching any more. */
	for (i = 0; i < 8 && !watched; i++) {
		watched = push_is_watched(fx, i);
		pcp_flush_waiting(fx->zone, fx->other, false);
	}
	KUNIT_EXPECT_TRUE(test, watched);
}

#endif /* CONFIG_SMP */

/* === Counters === */

static void push_counts_events_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run;

	pcp_fx_need_events(fx);

	run = empty_run(fx);
	set_bound(fx, 100, 100);
	pcp_run_add(&run, pcp_fx_page(fx, 0, 0), 2);
	pcp_run_add(&run, pcp_fx_page(fx, 0, 4), 0);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, pcp_push(&run, false)), 5);

	run = empty_run(fx);
	pcp_run_add(&run, pcp_fx_page(fx, 1, 0), 2);
	pcp_run_add(&run, pcp_fx_page(fx, 1, 4), 0);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_PUSH, pcp_push(&run, false)), 5);
	expect_waiting(fx, 4, 10);
}

static void push_counts_nothing_else(struct kunit *test)
{
	static const enum vm_event_item items[] = {
		PCP_ABSORB, PCP_RESCUE, PCP_OVERFLOW, PCP_TRYLOCK_FAIL,
	};
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	pcp_fx_need_events(fx);
	for (i = 0; i < ARRAY_SIZE(items); i++) {
		struct page *page = pcp_fx_page(fx, 0, i);
		long n = PCP_FX_EVENTS(items[i],
				       pcp_fx_push(fx, fx->other, page, 0));

		KUNIT_EXPECT_EQ_MSG(test, n, 0, "item %u", i);
	}
	expect_waiting(fx, 4, 4);
}

/* === Closed PCPs: nothing strands there === */

struct closed_case {
	const char *desc;
	bool dead;
	int bound;
};

static const struct closed_case closed_cases[] = {
	{ "dead",		true,	100 },
	{ "dead and over the bound", true, 1 },
	{ "disabled",		false,	0 },
	{ "dead and disabled",	true,	0 },
};

KUNIT_ARRAY_PARAM_DESC(closed, closed_cases, desc);

static void close_other(struct kunit *test)
{
	const struct closed_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;

	fx->other->dead = c->dead;
	set_bound(fx, c->bound, c->bound);
}

static void push_open_is_not_rescued(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_TRUE(test, pcp_open(fx->other));
	push_nr(fx, 4);
	expect_waiting(fx, 4, 4);
	expect_zone_untouched(fx);
}

/* Nobody looks before the push: whoever routed the pages saw the owner alone. */
static void push_closed_is_rescued(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	close_other(test);
	KUNIT_EXPECT_FALSE(test, pcp_open(fx->other));
	push_nr(fx, 2);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->other));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_FALSE(test, fx->free_nolock);
}

/* What a hook does to the other CPU's PCP at one of the points of a push. */
static struct {
	struct per_cpu_pages *pcp;
	enum pcp_point point;
	void (*fn)(struct kunit *test);
	struct kunit *test;
} at;

/* Called for the pushes of the whole system. */
static void do_at(struct per_cpu_pages *pcp, enum pcp_point point)
{
	if (pcp == READ_ONCE(at.pcp) && point == at.point)
		at.fn(at.test);
}

static void do_no_more(void *unused)
{
	WRITE_ONCE(pcp_point_hook, NULL);
	WRITE_ONCE(at.pcp, NULL);
}

static void do_at_point(struct kunit *test, enum pcp_point point,
			void (*fn)(struct kunit *test))
{
	struct pcp_fixture *fx = test->priv;

	at.point = point;
	at.fn = fn;
	at.test = test;
	WRITE_ONCE(at.pcp, fx->other);
	WRITE_ONCE(pcp_point_hook, do_at);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, do_no_more, NULL));
}

/* It was open when the push began, and closes just before, or just after. */
static void push_closed_meanwhile_is_rescued(struct kunit *test)
{
	static const enum pcp_point points[] = { PCP_POINT_LOOKED, PCP_POINT_PUSHED };
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		fx->other->dead = false;
		set_bound(fx, 100, 100);
		do_at_point(test, points[i], close_other);
		push_nr(fx, 2);
		kunit_release_action(test, do_no_more, NULL);
		expect_waiting(fx, 0, 0);
		KUNIT_EXPECT_EQ(test, fx->nr_freed, 2 * (i + 1));
		KUNIT_EXPECT_EQ(test, fx->nr_free_calls, i + 1);
		reuse_pages(fx);
	}
}

static void push_closed_rescues_all_that_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	set_bound(fx, INT_MAX, INT_MAX);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 2);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 2, 0), pageblock_order);
	expect_waiting(fx, 2, 4 + pageblock_nr_pages);

	close_other(test);
	push_nr(fx, 2);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6 + pageblock_nr_pages);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	EXPECT_FREED(fx, pcp_fx_page(fx, 1, 0), pcp_fx_page(fx, 2, 0),
		     pcp_fx_page(fx, 0, 0), pcp_fx_page(fx, 0, 1));
}

static void push_closed_counts_rescue(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run;

	pcp_fx_need_events(fx);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 2);
	close_other(test);

	run = run_of(fx, 3);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_RESCUE, pcp_push(&run, false)),
			7);
	reuse_pages(fx);
	run = run_of(fx, 3);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, pcp_push(&run, false)), 3);
	reuse_pages(fx);
	/* Not even of one that is over its bound, as a disabled one always is. */
	run = run_of(fx, 3);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_OVERFLOW, pcp_push(&run, false)),
			0);
	expect_waiting(fx, 0, 0);
}

static void push_closed_nolock_zone_busy_defers(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run = run_of(fx, 3);

	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 2);
	close_other(test);
	fx->lock_busy = true;
	pcp_push(&run, true);
	/* Not just its own, as in an open one that is over its bound. */
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 7);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
}

static void push_closed_nolock_zone_free(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run = run_of(fx, 3);

	close_other(test);
	pcp_push(&run, true);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
	KUNIT_EXPECT_TRUE(test, fx->free_nolock);
}

static void push_closed_waits_for_busy_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	close_other(test);
	fx->lock_busy = true;
	push_nr(fx, 3);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

/* Leaves pages 1 and 2 of block 0 on @taken, in the order of the pushes. */
static void have_two_taken(struct pcp_fixture *fx)
{
	int high = fx->other->high;

	push_nr(fx, 3);
	fx->other->high = 1;
	spin_lock(&fx->other->lock);
	pcp_absorb(fx->zone, fx->other, PCP_ABSORB_TO_HIGH);
	spin_unlock(&fx->other->lock);
	fx->other->high = high;
	KUNIT_ASSERT_EQ(fx->test, waiting(fx), 2);
	KUNIT_ASSERT_NOT_NULL(fx->test, fx->other->taken);
}

/* What an absorb has taken and not sorted yet waits, too. It waits longer. */
static void push_closed_rescues_taken(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_two_taken(fx);
	close_other(test);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, waiting(fx), 0);
	KUNIT_EXPECT_NULL(test, fx->other->taken);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
	EXPECT_FREED(fx, pcp_fx_page(fx, 0, 1), pcp_fx_page(fx, 0, 2),
		     pcp_fx_page(fx, 1, 0));
	pcp_fx_check(fx);
}

/* It is under pcp->lock. Whoever has that finds it: a drain, an absorb. */
static void push_closed_leaves_taken_to_who_has_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_two_taken(fx);
	close_other(test);
	spin_lock(&fx->other->lock);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	spin_unlock(&fx->other->lock);
	KUNIT_EXPECT_EQ(test, waiting(fx), 2);
	KUNIT_EXPECT_NOT_NULL(test, fx->other->taken);
	KUNIT_EXPECT_TRUE(test, pcp_has_pages(fx->other));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), pcp_fx_page(fx, 1, 0));
	pcp_fx_check(fx);
}

/* Hangs if it does: this CPU has the lock. */
static void push_takes_no_pcp_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	spin_lock(&fx->other->lock);
	push_nr(fx, 1);
	set_bound(fx, 1, 1);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	fx->other->dead = true;
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 2, 0), 0);
	spin_unlock(&fx->other->lock);

	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

/* === The bound === */

static void push_to_the_bound_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	set_bound(fx, 2, 5);
	push_nr(fx, 4);
	expect_waiting(fx, 4, 4);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	expect_waiting(fx, 5, 5);
	expect_zone_untouched(fx);
}

static void push_over_the_bound_flushes_all(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	set_bound(fx, 2, 5);
	push_nr(fx, 5);
	expect_waiting(fx, 5, 5);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_FALSE(test, fx->free_nolock);
	/* As they would have gone from the PCP of whoever freed them. */
	EXPECT_FREED(fx, pcp_fx_page(fx, 0, 0), pcp_fx_page(fx, 0, 1),
		     pcp_fx_page(fx, 0, 2), pcp_fx_page(fx, 0, 3),
		     pcp_fx_page(fx, 0, 4), pcp_fx_page(fx, 1, 0));

	/* From nothing again. */
	reuse_pages(fx);
	push_nr(fx, 5);
	expect_waiting(fx, 5, 5);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
}

static void push_run_larger_than_the_bound(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	set_bound(fx, 2, 3);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 0, 0), 2);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
}

static void push_overflow_counts_flushes(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run = run_of(fx, 5);

	pcp_fx_need_events(fx);
	set_bound(fx, 2, 4);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_OVERFLOW, pcp_push(&run, false)),
			1);
	reuse_pages(fx);
	run = run_of(fx, 4);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_OVERFLOW, pcp_push(&run, false)),
			0);
	expect_waiting(fx, 4, 4);
	pcp_flush_waiting(fx->zone, fx->other, false);

	reuse_pages(fx);
	run = run_of(fx, 5);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_RESCUE, pcp_push(&run, false)),
			0);
	reuse_pages(fx);
	run = run_of(fx, 5);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, pcp_push(&run, false)), 5);
	expect_waiting(fx, 0, 0);
}

static void push_overflow_nolock_zone_busy_defers(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run = run_of(fx, 5);

	set_bound(fx, 2, 4);
	fx->lock_busy = true;
	pcp_push(&run, true);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 5);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
}

static void push_short_zone_has_the_short_bound(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	set_bound(fx, 2, 5);
	fx->zone_short = true;
	push_nr(fx, 2);
	expect_waiting(fx, 2, 2);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

/* Its flags are in a cache line that all CPUs fight for. */
static void push_asks_the_zone_only_between_the_bounds(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	kunit_activate_static_stub(test, __pcp_zone_short, count_short);
	set_bound(fx, 2, 3);
	push_nr(fx, 2);
	KUNIT_EXPECT_EQ(test, nr_short, 0);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, nr_short, 1);
	expect_waiting(fx, 3, 3);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, nr_short, 1);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
}

static void push_bound_includes_taken(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_two_taken(fx);
	set_bound(fx, 1, 3);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, waiting(fx), 3);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, waiting(fx), 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
	pcp_fx_check(fx);
}

static void push_one_nolock(struct pcp_fixture *fx, unsigned int i)
{
	struct pcp_run run = { .zone = fx->zone, .pcp = fx->other };

	pcp_run_add(&run, pcp_fx_page(fx, 1, i), 0);
	pcp_push(&run, true);
	KUNIT_EXPECT_NULL(fx->test, run.pcp);
	KUNIT_EXPECT_NULL(fx->test, run.first);
	KUNIT_EXPECT_EQ(fx->test, run.nr_pages, 0);
}

/* In an NMI, say: no time for the pages of others, not even to count them. */
static void push_over_the_bound_nolock_frees_its_own(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	set_bound(fx, 2, 4);
	push_nr(fx, 4);
	push_one_nolock(fx, 0);
	expect_waiting(fx, 4, 4);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	pcp_fx_check(fx);
}

static void push_over_the_bound_nolock_counts_its_own(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_events(fx);
	set_bound(fx, 2, 4);
	push_nr(fx, 4);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, push_one_nolock(fx, 1)), 1);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_PUSH, push_one_nolock(fx, 2)), 0);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_OVERFLOW, push_one_nolock(fx, 3)),
			1);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
	pcp_fx_check(fx);
}

/* What the hook saw. It is called for the pushes of the whole system. */
static struct {
	struct per_cpu_pages *pcp;
	unsigned int nr_pushed;
	unsigned int nr_readers;
} seen;

static void see_reader(struct per_cpu_pages *pcp, enum pcp_point point)
{
	if (pcp != READ_ONCE(seen.pcp) || point != PCP_POINT_PUSHED)
		return;
	seen.nr_pushed++;
	seen.nr_readers += rcu_read_lock_held();
}

static void see_no_more(void *unused)
{
	WRITE_ONCE(pcp_point_hook, NULL);
	WRITE_ONCE(seen.pcp, NULL);
}

/* Whoever takes the page may free the zone, and zone_pcp_reset() its PCPs. */
static void push_is_an_rcu_reader_until_it_is_done(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	if (!IS_ENABLED(CONFIG_PROVE_RCU))
		kunit_skip(test, "needs CONFIG_PROVE_RCU");
	KUNIT_ASSERT_FALSE(test, rcu_read_lock_held());
	seen.nr_pushed = 0;
	seen.nr_readers = 0;
	WRITE_ONCE(seen.pcp, fx->other);
	WRITE_ONCE(pcp_point_hook, see_reader);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, see_no_more, NULL));
	push_nr(fx, 2);
	push_one_nolock(fx, 0);
	KUNIT_EXPECT_EQ(test, seen.nr_pushed, 2);
	KUNIT_EXPECT_EQ(test, seen.nr_readers, 2);
	KUNIT_EXPECT_FALSE(test, rcu_read_lock_held());
}

static void shrink_bound(struct kunit *test)
{
	set_bound(test->priv, 1, 1);
}

/* It looked before the push. What it finds after it is for somebody with time. */
static void push_nolock_flushes_for_no_bound(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	set_bound(fx, 4, 4);
	push_nr(fx, 2);
	do_at_point(test, PCP_POINT_PUSHED, shrink_bound);
	push_one_nolock(fx, 0);
	expect_waiting(fx, 3, 3);
	expect_zone_untouched(fx);
}

static void push_nolock_to_the_bound_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	set_bound(fx, 2, 3);
	push_nr(fx, 2);
	push_one_nolock(fx, 0);
	expect_waiting(fx, 3, 3);
	expect_zone_untouched(fx);
}

static void push_nolock_short_zone_has_the_short_bound(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	set_bound(fx, 2, 5);
	fx->zone_short = true;
	push_nr(fx, 2);
	push_one_nolock(fx, 0);
	expect_waiting(fx, 2, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	KUNIT_EXPECT_TRUE(test, fx->free_nolock);
}

/* Half of the largest refill, and no more than may be cached. */
static void push_bound_follows_the_batch(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int most;

	fx->other->batch = 4;
	most = 4 << CONFIG_PCP_BATCH_SCALE_MAX;
	pcp_set_bound(fx->other, most - 1);
	KUNIT_EXPECT_EQ(test, fx->other->bound, most - 1);
	pcp_set_bound(fx->other, most + 1);
	KUNIT_EXPECT_EQ(test, fx->other->bound, most);
	fx->other->batch = 8;
	pcp_set_bound(fx->other, INT_MAX);
	KUNIT_EXPECT_EQ(test, fx->other->bound, 2 * most);
	pcp_set_bound(fx->other, 0);
	KUNIT_EXPECT_EQ(test, fx->other->bound, 0);
	KUNIT_EXPECT_FALSE(test, pcp_open(fx->other));
}

/* The watermarks of the zone do not see the pages. */
static void push_short_bound_is_a_batch(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->other->batch = 4;
	pcp_set_bound(fx->other, 100);
	KUNIT_EXPECT_EQ(test, fx->other->bound_short, 4);
	pcp_set_bound(fx->other, 3);
	KUNIT_EXPECT_EQ(test, fx->other->bound_short, 3);
	pcp_set_bound(fx->other, 0);
	KUNIT_EXPECT_EQ(test, fx->other->bound_short, 0);
}

static struct pcp_fixture *race_fx;

/* Another CPU flushes between the push and the look at the bound. */
static bool flush_meanwhile(struct zone *zone)
{
	pcp_flush_waiting(zone, race_fx->other, false);
	return true;
}

static void push_overflow_that_another_cpu_flushed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run = run_of(fx, 3);

	pcp_fx_need_events(fx);
	race_fx = fx;
	kunit_activate_static_stub(test, __pcp_zone_short, flush_meanwhile);
	set_bound(fx, 2, 5);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_OVERFLOW, pcp_push(&run, false)),
			0);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

/* === Flushes === */

static void push_flush_of_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 0);
	expect_waiting(fx, 0, 0);
	expect_zone_untouched(fx);
}

static void push_flush_returns_base_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	push_nr(fx, 3);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 2);
	expect_waiting(fx, 4, 7);
	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 7);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 7);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 3), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_freed(fx, 3)), 2);
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_freed(fx, 0)), 0);

	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 7);
}

/* Compaction relies on where in the zone's lists old and new pages are. */
static void push_flush_goes_in_the_order_of_the_frees(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run;

	push_nr(fx, 3);
	/* A run and the list both have the page that came last first. */
	run = empty_run(fx);
	pcp_run_add(&run, pcp_fx_page(fx, 1, 0), 0);
	pcp_run_add(&run, pcp_fx_page(fx, 1, 1), 0);
	pcp_push(&run, false);
	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 5);
	EXPECT_FREED(fx, pcp_fx_page(fx, 0, 0), pcp_fx_page(fx, 0, 1),
		     pcp_fx_page(fx, 0, 2), pcp_fx_page(fx, 1, 0),
		     pcp_fx_page(fx, 1, 1));
}

static void push_flush_takes_what_an_absorb_left_first(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_two_taken(fx);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 4);
	EXPECT_FREED(fx, pcp_fx_page(fx, 0, 1), pcp_fx_page(fx, 0, 2),
		     pcp_fx_page(fx, 1, 0), pcp_fx_page(fx, 1, 1));
	/* What it sorted stays. */
	KUNIT_EXPECT_EQ(test, fx->other->count, 1);
	pcp_fx_check(fx);
}

/* No lock of a PCP is held while the zone takes its time. */
static void expect_unlocked_in_the_zone(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_FALSE(fx->test, pcp_fx_locked(fx->other));
}

static void push_flush_unlocks_before_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_two_taken(fx);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	fx->on_free = expect_unlocked_in_the_zone;
	pcp_flush_waiting(fx->zone, fx->other, false);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 2);
}

/* A drain waits for those who have pages that nobody sees. */
static void expect_carrier(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->other->carriers), 1);
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->pcp->carriers), 0);
}

static void expect_carrier_at(struct kunit *test)
{
	expect_carrier(test->priv);
}

static void push_flush_is_a_carrier_until_the_zone_has_it(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_two_taken(fx);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->other->carriers), 0);
	do_at_point(test, PCP_POINT_TAKEN, expect_carrier_at);
	fx->on_free = expect_carrier;
	pcp_flush_waiting(fx->zone, fx->other, false);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->other->carriers), 0);
	/* Not when there is nothing, either. */
	pcp_flush_waiting(fx->zone, fx->other, false);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->other->carriers), 0);
}

/* Too many waited. The owner may be at work, and take in the next ones. */
static void push_flush_leaves_the_owner(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->other->cpu);
	push_nr(fx, 2);
	pcp_flush_waiting(fx->zone, fx->other, false);
	KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&fx->block[0]), fx->other->cpu);
	pcp_fx_check_blocks(fx);
}

static void push_flush_returns_what_an_absorb_left(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_two_taken(fx);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 2);
	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 6);
	KUNIT_EXPECT_EQ(test, waiting(fx), 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
	pcp_fx_check(fx);
}

static void push_flush_nolock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	push_nr(fx, 3);
	fx->lock_busy = true;
	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, true), 3);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 3);
}

static void expect_none_waits(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_EQ(fx->test, waiting(fx), 0);
}

static void expect_one_waits(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_EQ(fx->test, waiting(fx), 1);
	fx->on_free = expect_none_waits;
}

/* Or others would flush a handful each while the zone takes its time. */
static void push_flushed_pages_do_not_wait(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	push_nr(fx, 3);
	fx->on_free = expect_none_waits;
	pcp_flush_waiting(fx->zone, fx->other, false);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	pcp_fx_check(fx);
}

static void push_flushed_taken_pages_do_not_wait(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_two_taken(fx);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	fx->on_free = expect_one_waits;
	pcp_flush_waiting(fx->zone, fx->other, false);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 2);
	pcp_fx_check(fx);
}

static void push_late(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
}

/* Whoever comes when the list has been taken finds an empty one. */
static void push_flush_leaves_what_comes_meanwhile(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	push_nr(fx, 2);
	do_at_point(test, PCP_POINT_TAKEN, push_late);
	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 2);
	expect_waiting(fx, 1, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
}

#ifdef CONFIG_SMP
static struct {
	unsigned int pushes;
	bool watched;
} late;

static void push_late_and_look(struct kunit *test)
{
	late.watched |= push_is_watched(test->priv, late.pushes++);
}

/*
 * nr_waiting is lowered when the list has been taken. So who pushes meanwhile is not the
 * first that waits, but who took the list does not see its page.
 */
static void push_while_the_list_is_taken_is_watched(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, watch_again, NULL));
	late.pushes = 0;
	late.watched = false;
	do_at_point(test, PCP_POINT_TAKEN, push_late_and_look);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	/* Somebody who looked just now may not be watching any more. */
	while (!late.watched && late.pushes < 8)
		KUNIT_EXPECT_TRUE(test, pcp_return_waiting(fx->zone, fx->other));
	KUNIT_EXPECT_TRUE(test, late.watched);
	pcp_fx_check(fx);
}
#endif

static void push_flush_counts_no_event(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_events(fx);
	push_nr(fx, 3);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE,
					    pcp_flush_waiting(fx->zone, fx->other,
							      false)), 0);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

static struct kunit_case push_cases[] = {
	KUNIT_CASE(push_run_records_orders),
	KUNIT_CASE(push_page_has_the_mark_of_no_pcp),
	KUNIT_CASE(push_run_overwrites_stale_order),
	KUNIT_CASE(push_one_page),
	KUNIT_CASE(push_counts_base_pages),
	KUNIT_CASE(push_run_is_one_operation),
	KUNIT_CASE(push_leaves_run_empty),
	KUNIT_CASE(push_goes_to_its_own_list),
#ifdef CONFIG_SMP
	KUNIT_CASE(push_of_the_first_page_has_it_watched),
	KUNIT_CASE(push_while_the_list_is_taken_is_watched),
#endif
	KUNIT_CASE(push_counts_events_once),
	KUNIT_CASE(push_counts_nothing_else),
	KUNIT_CASE(push_open_is_not_rescued),
	KUNIT_CASE_PARAM(push_closed_is_rescued, closed_gen_params),
	KUNIT_CASE_PARAM(push_closed_meanwhile_is_rescued, closed_gen_params),
	KUNIT_CASE_PARAM(push_closed_rescues_all_that_waits, closed_gen_params),
	KUNIT_CASE_PARAM(push_closed_counts_rescue, closed_gen_params),
	KUNIT_CASE_PARAM(push_closed_nolock_zone_busy_defers, closed_gen_params),
	KUNIT_CASE_PARAM(push_closed_nolock_zone_free, closed_gen_params),
	KUNIT_CASE_PARAM(push_closed_waits_for_busy_zone, closed_gen_params),
	KUNIT_CASE_PARAM(push_closed_rescues_taken, closed_gen_params),
	KUNIT_CASE_PARAM(push_closed_leaves_taken_to_who_has_the_lock,
			 closed_gen_params),
	KUNIT_CASE(push_takes_no_pcp_lock),
	KUNIT_CASE(push_to_the_bound_waits),
	KUNIT_CASE(push_over_the_bound_flushes_all),
	KUNIT_CASE(push_run_larger_than_the_bound),
	KUNIT_CASE(push_overflow_counts_flushes),
	KUNIT_CASE(push_overflow_nolock_zone_busy_defers),
	KUNIT_CASE(push_short_zone_has_the_short_bound),
	KUNIT_CASE(push_asks_the_zone_only_between_the_bounds),
	KUNIT_CASE(push_bound_includes_taken),
	KUNIT_CASE(push_over_the_bound_nolock_frees_its_own),
	KUNIT_CASE(push_over_the_bound_nolock_counts_its_own),
	KUNIT_CASE(push_nolock_flushes_for_no_bound),
	KUNIT_CASE(push_nolock_to_the_bound_waits),
	KUNIT_CASE(push_nolock_short_zone_has_the_short_bound),
	KUNIT_CASE(push_bound_follows_the_batch),
	KUNIT_CASE(push_short_bound_is_a_batch),
	KUNIT_CASE(push_overflow_that_another_cpu_flushed),
	KUNIT_CASE(push_flush_of_nothing),
	KUNIT_CASE(push_flush_returns_base_pages),
	KUNIT_CASE(push_flush_goes_in_the_order_of_the_frees),
	KUNIT_CASE(push_flush_takes_what_an_absorb_left_first),
	KUNIT_CASE(push_flush_unlocks_before_the_zone),
	KUNIT_CASE(push_flush_is_a_carrier_until_the_zone_has_it),
	KUNIT_CASE(push_flush_leaves_the_owner),
	KUNIT_CASE(push_flush_returns_what_an_absorb_left),
	KUNIT_CASE(push_flush_nolock),
	KUNIT_CASE(push_flushed_pages_do_not_wait),
	KUNIT_CASE(push_flushed_taken_pages_do_not_wait),
	KUNIT_CASE(push_flush_leaves_what_comes_meanwhile),
	KUNIT_CASE(push_flush_counts_no_event),
	KUNIT_CASE(push_is_an_rcu_reader_until_it_is_done),
	{}
};

static struct kunit_suite push_suite = {
	.name = "pcp_push",
	.init = push_init,
	.test_cases = push_cases,
};

kunit_test_suites(&push_suite);
