// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for mm/pcp/push.c: runs of pages go to a free_llist with one
 * operation, nothing strands on a closed PCP, and no list grows over its
 * bound. One thread at a time; the concurrent suites race several.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/rcupdate.h>

#include "fixture.h"

/* What pcp_zone_short() was asked: once by each push over bound_low. */
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

	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 0, 0), 2);
	expect_waiting(fx, 1, 4);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), pageblock_order);
	expect_waiting(fx, 2, 4 + pageblock_nr_pages);
}

/* Each push over bound_low asks the zone once. */
static void push_run_is_one_operation(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct llist_head *list = &fx->other->free_llist;
	struct llist_node *second = &pcp_fx_page(fx, 1, 0)->pcp_llist;
	struct pcp_run run = run_of(fx, 3);

	kunit_activate_static_stub(test, pcp_zone_short, count_short);
	pcp_set_bound(fx->other, 0, 100);
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

/* === Counters === */

static void push_counts_events_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run;

	pcp_fx_need_events(fx);

	run = empty_run(fx);
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

/* === Closed PCPs (H2, H3) === */

struct closed_case {
	const char *desc;
	bool dead;
	int bound;
};

static const struct closed_case closed_cases[] = {
	{ "dead",		true,	100 },
	{ "disabled",		false,	0 },
	{ "dead and disabled",	true,	0 },
};

KUNIT_ARRAY_PARAM_DESC(closed, closed_cases, desc);

static void close_other(struct kunit *test)
{
	const struct closed_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;

	fx->other->dead = c->dead;
	pcp_set_bound(fx->other, c->bound, c->bound);
}

static void push_open_is_not_rescued(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_TRUE(test, pcp_open(fx->other));
	push_nr(fx, 4);
	expect_waiting(fx, 4, 4);
	expect_zone_untouched(fx);
}

/* It closed between the look that sent the pages here and the push. */
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

static void push_closed_rescues_all_that_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 2);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 2, 0), pageblock_order);
	expect_waiting(fx, 2, 4 + pageblock_nr_pages);

	close_other(test);
	push_nr(fx, 2);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6 + pageblock_nr_pages);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_NOT_NULL(test, pcp_fx_freed(fx, 3));
	KUNIT_EXPECT_NULL(test, pcp_fx_freed(fx, 4));
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
	/* Not even of a disabled one, which is always over its bound. */
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

static void have_one_taken(struct pcp_fixture *fx)
{
	push_nr(fx, 3);
	spin_lock(&fx->other->lock);
	pcp_absorb(fx->zone, fx->other, 1, false, false);
	spin_unlock(&fx->other->lock);
	KUNIT_ASSERT_EQ(fx->test, waiting(fx), 2);
	KUNIT_ASSERT_NOT_NULL(fx->test, fx->other->taken);
}

/* What an absorb has taken and not sorted yet waits, too. */
static void push_closed_rescues_taken(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_one_taken(fx);
	close_other(test);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, waiting(fx), 0);
	KUNIT_EXPECT_NULL(test, fx->other->taken);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), pcp_fx_page(fx, 1, 0));
	pcp_fx_check(fx);
}

/* It is under pcp->lock. Whoever has that finds it: a drain, an absorb. */
static void push_closed_leaves_taken_to_who_has_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_one_taken(fx);
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
	pcp_set_bound(fx->other, 0, 1);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	fx->other->dead = true;
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 2, 0), 0);
	spin_unlock(&fx->other->lock);

	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

/* === The bound (H5) === */

static void push_to_the_bound_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_set_bound(fx->other, 2, 5);
	push_nr(fx, 4);
	expect_waiting(fx, 4, 4);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	expect_waiting(fx, 5, 5);
	expect_zone_untouched(fx);
}

static void push_over_the_bound_flushes_all(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_set_bound(fx->other, 2, 5);
	push_nr(fx, 5);
	expect_waiting(fx, 5, 5);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_FALSE(test, fx->free_nolock);

	/* From nothing again. */
	reuse_pages(fx);
	push_nr(fx, 5);
	expect_waiting(fx, 5, 5);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
}

static void push_run_larger_than_the_bound(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_set_bound(fx->other, 2, 3);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 0, 0), 2);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
}

static void push_overflow_counts_flushes(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run = run_of(fx, 5);

	pcp_fx_need_events(fx);
	pcp_set_bound(fx->other, 2, 4);
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

	pcp_set_bound(fx->other, 2, 4);
	fx->lock_busy = true;
	pcp_push(&run, true);
	expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 5);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
}

static void push_short_zone_has_the_low_bound(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_set_bound(fx->other, 2, 5);
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

	kunit_activate_static_stub(test, pcp_zone_short, count_short);
	pcp_set_bound(fx->other, 2, 3);
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

	have_one_taken(fx);
	pcp_set_bound(fx->other, 1, 3);
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

	pcp_set_bound(fx->other, 2, 4);
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
	pcp_set_bound(fx->other, 2, 4);
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

static void push_bound_follows_the_batch(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int refill;

	fx->other->batch = 2;
	refill = 2 << CONFIG_PCP_BATCH_SCALE_MAX;
	pcp_set_bound(fx->other, 1, refill - 1);
	KUNIT_EXPECT_EQ(test, fx->other->bound, refill - 1);
	pcp_set_bound(fx->other, 1, refill + 1);
	KUNIT_EXPECT_EQ(test, fx->other->bound, refill);
	pcp_set_bound(fx->other, refill + 2, refill + 4);
	KUNIT_EXPECT_EQ(test, fx->other->bound, refill + 2);
	KUNIT_EXPECT_EQ(test, fx->other->bound_low, refill + 2);
	pcp_set_bound(fx->other, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->other->bound, 0);
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
	kunit_activate_static_stub(test, pcp_zone_short, flush_meanwhile);
	pcp_set_bound(fx->other, 2, 5);
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
	KUNIT_EXPECT_PTR_EQ(test, pcp_fx_freed(fx, 0), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_freed(fx, 0)), 2);
	KUNIT_EXPECT_EQ(test, page_private(pcp_fx_freed(fx, 3)), 0);

	KUNIT_EXPECT_EQ(test, pcp_flush_waiting(fx->zone, fx->other, false), 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 7);
}

static void push_flush_returns_what_an_absorb_left(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	have_one_taken(fx);
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
	KUNIT_CASE(push_run_overwrites_stale_order),
	KUNIT_CASE(push_one_page),
	KUNIT_CASE(push_counts_base_pages),
	KUNIT_CASE(push_run_is_one_operation),
	KUNIT_CASE(push_leaves_run_empty),
	KUNIT_CASE(push_goes_to_its_own_list),
	KUNIT_CASE(push_counts_events_once),
	KUNIT_CASE(push_counts_nothing_else),
	KUNIT_CASE(push_open_is_not_rescued),
	KUNIT_CASE_PARAM(push_closed_is_rescued, closed_gen_params),
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
	KUNIT_CASE(push_short_zone_has_the_low_bound),
	KUNIT_CASE(push_asks_the_zone_only_between_the_bounds),
	KUNIT_CASE(push_bound_includes_taken),
	KUNIT_CASE(push_over_the_bound_nolock_frees_its_own),
	KUNIT_CASE(push_over_the_bound_nolock_counts_its_own),
	KUNIT_CASE(push_bound_follows_the_batch),
	KUNIT_CASE(push_overflow_that_another_cpu_flushed),
	KUNIT_CASE(push_flush_of_nothing),
	KUNIT_CASE(push_flush_returns_base_pages),
	KUNIT_CASE(push_flush_returns_what_an_absorb_left),
	KUNIT_CASE(push_flush_nolock),
	KUNIT_CASE(push_flushed_pages_do_not_wait),
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
