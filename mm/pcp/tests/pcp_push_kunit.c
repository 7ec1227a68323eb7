// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for mm/pcp/push.c: runs of pages go to a free_llist with one operation, and
 * nothing strands on a closed PCP. The suite pcp_bound has how many may wait. One thread at
 * a time; the concurrent suites race several.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/rcupdate.h>

#include "lib/pushes.h"

/* === Runs === */

static void push_run_records_orders(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *a = pcp_fx_page(fx, 0, 0), *b = pcp_fx_page(fx, 0, 2);
	struct page *c = pcp_fx_page(fx, 0, 4);
	struct pcp_run run = pcp_fx_empty_run(fx);

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
	pcp_fx_expect_waiting(fx, 0, 0);
}

/* Nobody merges it: the PCP that it is for has not got it yet. */
static void push_page_has_the_mark_of_no_pcp(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	struct pcp_run run = pcp_fx_empty_run(fx);

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

/* An old value of page_private() does not survive as the order of the page. */
static void push_run_overwrites_stale_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	struct pcp_run run = pcp_fx_empty_run(fx);

	set_page_private(page, 3);
	pcp_run_add(&run, page, 0);
	pcp_push(&run, false);
	pcp_fx_expect_waiting(fx, 1, 1);
}

static void push_one_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->other));
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 0, 0), 0);
	pcp_fx_expect_waiting(fx, 1, 1);
	KUNIT_EXPECT_TRUE(test, pcp_has_pages(fx->other));
	KUNIT_EXPECT_TRUE(test, pcp_has_waiting(fx->other));
	pcp_fx_expect_zone_untouched(fx);
}

static void push_counts_base_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_set_bound(fx, INT_MAX, INT_MAX);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 0, 0), 2);
	pcp_fx_expect_waiting(fx, 1, 4);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), pageblock_order);
	pcp_fx_expect_waiting(fx, 2, 4 + pageblock_nr_pages);
}

/* Each push over bound_short asks the zone once. */
static void push_run_is_one_operation(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct llist_head *list = &fx->other->free_llist;
	struct llist_node *second = &pcp_fx_page(fx, 1, 0)->pcp_llist;
	struct pcp_run run = pcp_fx_run_of(fx, 3);

	kunit_activate_static_stub(test, __pcp_zone_short, pcp_fx_count_short);
	pcp_fx_set_bound(fx, 0, 100);
	pcp_push(&run, false);
	KUNIT_EXPECT_EQ(test, pcp_fx_nr_short, 1);
	pcp_fx_expect_waiting(fx, 3, 3);
	KUNIT_EXPECT_PTR_EQ(test, list->first,
			    &pcp_fx_page(fx, 0, 2)->pcp_llist);

	/* The next run goes in front of it. */
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_nr_short, 2);
	pcp_fx_expect_waiting(fx, 4, 4);
	KUNIT_EXPECT_PTR_EQ(test, list->first, second);
	KUNIT_EXPECT_PTR_EQ(test, second->next,
			    &pcp_fx_page(fx, 0, 2)->pcp_llist);
}

static void push_leaves_run_empty(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run = pcp_fx_run_of(fx, 3);
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
	pcp_fx_expect_waiting(fx, 4, 4);
}

static void push_goes_to_its_own_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 0, 0), 0);
	pcp_fx_expect_waiting(fx, 0, 0);
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

static struct {
	unsigned int pushes;
	bool watched;
} late;

static void push_late_and_look(struct kunit *test)
{
	late.watched |= push_is_watched(test->priv, late.pushes++);
}

/*
 * nr_waiting is lowered when the list has been taken. So a page that is pushed meanwhile is
 * not the first that waits, but it is not among those that were taken.
 */
static void push_while_the_list_is_taken_is_watched(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, watch_again, NULL));
	late.pushes = 0;
	late.watched = false;
	pcp_fx_at_point(test, PCP_POINT_TAKEN, push_late_and_look);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	/* Somebody who looked just now may not be watching any more. */
	while (!late.watched && late.pushes < 8)
		KUNIT_EXPECT_TRUE(test, pcp_return_waiting(fx->zone, fx->other));
	KUNIT_EXPECT_TRUE(test, late.watched);
	pcp_fx_check(fx);
}
#endif

/* === Counters === */

static void push_counts_events_once(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run;

	pcp_fx_need_events(fx);

	run = pcp_fx_empty_run(fx);
	pcp_fx_set_bound(fx, 100, 100);
	pcp_run_add(&run, pcp_fx_page(fx, 0, 0), 2);
	pcp_run_add(&run, pcp_fx_page(fx, 0, 4), 0);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, pcp_push(&run, false)), 5);

	run = pcp_fx_empty_run(fx);
	pcp_run_add(&run, pcp_fx_page(fx, 1, 0), 2);
	pcp_run_add(&run, pcp_fx_page(fx, 1, 4), 0);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_PUSH, pcp_push(&run, false)), 5);
	pcp_fx_expect_waiting(fx, 4, 10);
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
	pcp_fx_expect_waiting(fx, 4, 4);
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
	pcp_fx_set_bound(fx, c->bound, c->bound);
}

static void push_open_is_not_rescued(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	KUNIT_EXPECT_TRUE(test, pcp_open(fx->other));
	pcp_fx_push_nr(fx, 4);
	pcp_fx_expect_waiting(fx, 4, 4);
	pcp_fx_expect_zone_untouched(fx);
}

/* Nothing looks before the push: the route depends on the owner alone. */
static void push_closed_is_rescued(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	close_other(test);
	KUNIT_EXPECT_FALSE(test, pcp_open(fx->other));
	pcp_fx_push_nr(fx, 2);
	pcp_fx_expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->other));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_FALSE(test, fx->free_nolock);
}

/* It was open when the push began, and closes just before, or just after. */
static void push_closed_meanwhile_is_rescued(struct kunit *test)
{
	static const enum pcp_point points[] = { PCP_POINT_LOOKED, PCP_POINT_PUSHED };
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		fx->other->dead = false;
		pcp_fx_set_bound(fx, 100, 100);
		pcp_fx_at_point(test, points[i], close_other);
		pcp_fx_push_nr(fx, 2);
		kunit_release_action(test, pcp_fx_at_no_point, NULL);
		pcp_fx_expect_waiting(fx, 0, 0);
		KUNIT_EXPECT_EQ(test, fx->nr_freed, 2 * (i + 1));
		KUNIT_EXPECT_EQ(test, fx->nr_free_calls, i + 1);
		pcp_fx_reuse_pages(fx);
	}
}

static void push_closed_rescues_all_that_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_set_bound(fx, INT_MAX, INT_MAX);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 2);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 2, 0), pageblock_order);
	pcp_fx_expect_waiting(fx, 2, 4 + pageblock_nr_pages);

	close_other(test);
	pcp_fx_push_nr(fx, 2);
	pcp_fx_expect_waiting(fx, 0, 0);
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

	run = pcp_fx_run_of(fx, 3);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_RESCUE, pcp_push(&run, false)),
			7);
	pcp_fx_reuse_pages(fx);
	run = pcp_fx_run_of(fx, 3);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, pcp_push(&run, false)), 3);
	pcp_fx_reuse_pages(fx);
	/* Not even of one that is over its bound, as a disabled one always is. */
	run = pcp_fx_run_of(fx, 3);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_OVERFLOW, pcp_push(&run, false)),
			0);
	pcp_fx_expect_waiting(fx, 0, 0);
}

static void push_closed_nolock_zone_busy_defers(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run = pcp_fx_run_of(fx, 3);

	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 2);
	close_other(test);
	fx->lock_busy = true;
	pcp_push(&run, true);
	/* Not just its own, as in an open one that is over its bound. */
	pcp_fx_expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 7);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
}

static void push_closed_nolock_zone_free(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run = pcp_fx_run_of(fx, 3);

	close_other(test);
	pcp_push(&run, true);
	pcp_fx_expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
	KUNIT_EXPECT_TRUE(test, fx->free_nolock);
}

static void push_closed_waits_for_busy_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	close_other(test);
	fx->lock_busy = true;
	pcp_fx_push_nr(fx, 3);
	pcp_fx_expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

/* The pages that an absorb has taken and not sorted wait, too. They wait longer. */
static void push_closed_rescues_taken(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_have_two_taken(fx);
	close_other(test);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting(fx), 0);
	KUNIT_EXPECT_NULL(test, fx->other->taken);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
	EXPECT_FREED(fx, pcp_fx_page(fx, 0, 1), pcp_fx_page(fx, 0, 2),
		     pcp_fx_page(fx, 1, 0));
	pcp_fx_check(fx);
}

/* It is under pcp->lock. The holder of that finds it: a drain, an absorb. */
static void push_closed_leaves_taken_to_who_has_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_have_two_taken(fx);
	close_other(test);
	spin_lock(&fx->other->lock);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	spin_unlock(&fx->other->lock);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting(fx), 2);
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
	pcp_fx_push_nr(fx, 1);
	pcp_fx_set_bound(fx, 1, 1);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	fx->other->dead = true;
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 2, 0), 0);
	spin_unlock(&fx->other->lock);

	pcp_fx_expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

/* === A reader of RCU === */

/* The hook saw this. It is called for the pushes of the whole system. */
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

/* The page may be taken and the zone freed. Then zone_pcp_reset() frees its PCPs. */
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
	pcp_fx_push_nr(fx, 2);
	pcp_fx_push_nolock(fx, 0);
	KUNIT_EXPECT_EQ(test, seen.nr_pushed, 2);
	KUNIT_EXPECT_EQ(test, seen.nr_readers, 2);
	KUNIT_EXPECT_FALSE(test, rcu_read_lock_held());
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
	KUNIT_CASE(push_is_an_rcu_reader_until_it_is_done),
	{}
};

static struct kunit_suite push_suite = {
	.name = "pcp_push",
	.init = pcp_fx_pushes_init,
	.test_cases = push_cases,
};

kunit_test_suites(&push_suite);
