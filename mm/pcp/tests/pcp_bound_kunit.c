// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the bound of mm/pcp/push.c and pcp.c: how many pages may wait for a CPU,
 * and what a push does that finds more.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>

#include "lib/pushes.h"

static void push_to_the_bound_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_set_bound(fx, 2, 5);
	pcp_fx_push_nr(fx, 4);
	pcp_fx_expect_waiting(fx, 4, 4);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	pcp_fx_expect_waiting(fx, 5, 5);
	pcp_fx_expect_zone_untouched(fx);
}

static void push_over_the_bound_flushes_all(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_set_bound(fx, 2, 5);
	pcp_fx_push_nr(fx, 5);
	pcp_fx_expect_waiting(fx, 5, 5);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	pcp_fx_expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_FALSE(test, fx->free_nolock);
	/* As they would have gone from the PCP of whoever freed them. */
	EXPECT_FREED(fx, pcp_fx_page(fx, 0, 0), pcp_fx_page(fx, 0, 1),
		     pcp_fx_page(fx, 0, 2), pcp_fx_page(fx, 0, 3),
		     pcp_fx_page(fx, 0, 4), pcp_fx_page(fx, 1, 0));

	/* From nothing again. */
	pcp_fx_reuse_pages(fx);
	pcp_fx_push_nr(fx, 5);
	pcp_fx_expect_waiting(fx, 5, 5);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
}

static void push_run_larger_than_the_bound(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_set_bound(fx, 2, 3);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 0, 0), 2);
	pcp_fx_expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
}

static void push_overflow_counts_flushes(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run = pcp_fx_run_of(fx, 5);

	pcp_fx_need_events(fx);
	pcp_fx_set_bound(fx, 2, 4);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_OVERFLOW, pcp_push(&run, false)),
			1);
	pcp_fx_reuse_pages(fx);
	run = pcp_fx_run_of(fx, 4);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_OVERFLOW, pcp_push(&run, false)),
			0);
	pcp_fx_expect_waiting(fx, 4, 4);
	pcp_flush_waiting(fx->zone, fx->other, false);

	pcp_fx_reuse_pages(fx);
	run = pcp_fx_run_of(fx, 5);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_RESCUE, pcp_push(&run, false)),
			0);
	pcp_fx_reuse_pages(fx);
	run = pcp_fx_run_of(fx, 5);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, pcp_push(&run, false)), 5);
	pcp_fx_expect_waiting(fx, 0, 0);
}

static void push_overflow_nolock_zone_busy_defers(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run = pcp_fx_run_of(fx, 5);

	pcp_fx_set_bound(fx, 2, 4);
	fx->lock_busy = true;
	pcp_push(&run, true);
	pcp_fx_expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 5);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
}

static void push_short_zone_has_the_short_bound(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_set_bound(fx, 2, 5);
	fx->zone_short = true;
	pcp_fx_push_nr(fx, 2);
	pcp_fx_expect_waiting(fx, 2, 2);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	pcp_fx_expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

/* Its flags are in a cache line that all CPUs fight for. */
static void push_asks_the_zone_only_between_the_bounds(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	kunit_activate_static_stub(test, __pcp_zone_short, pcp_fx_count_short);
	pcp_fx_set_bound(fx, 2, 3);
	pcp_fx_push_nr(fx, 2);
	KUNIT_EXPECT_EQ(test, pcp_fx_nr_short, 0);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_nr_short, 1);
	pcp_fx_expect_waiting(fx, 3, 3);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_nr_short, 1);
	pcp_fx_expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
}

static void push_bound_includes_taken(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_have_two_taken(fx);
	pcp_fx_set_bound(fx, 1, 3);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting(fx), 3);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, pcp_fx_waiting(fx), 0);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 4);
	pcp_fx_check(fx);
}

/* In an NMI, say: no time for the pages of others, not even to count them. */
static void push_over_the_bound_nolock_frees_its_own(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_set_bound(fx, 2, 4);
	pcp_fx_push_nr(fx, 4);
	pcp_fx_push_nolock(fx, 0);
	pcp_fx_expect_waiting(fx, 4, 4);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	pcp_fx_check(fx);
}

static void push_over_the_bound_nolock_counts_its_own(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_events(fx);
	pcp_fx_set_bound(fx, 2, 4);
	pcp_fx_push_nr(fx, 4);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PGFREE, pcp_fx_push_nolock(fx, 1)), 1);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_PUSH, pcp_fx_push_nolock(fx, 2)), 0);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_OVERFLOW, pcp_fx_push_nolock(fx, 3)),
			1);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
	pcp_fx_check(fx);
}

static void shrink_bound(struct kunit *test)
{
	pcp_fx_set_bound(test->priv, 1, 1);
}

/* It looked before the push. Pages that come later are left to a caller that may wait. */
static void push_nolock_flushes_for_no_bound(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_set_bound(fx, 4, 4);
	pcp_fx_push_nr(fx, 2);
	pcp_fx_at_point(test, PCP_POINT_PUSHED, shrink_bound);
	pcp_fx_push_nolock(fx, 0);
	pcp_fx_expect_waiting(fx, 3, 3);
	pcp_fx_expect_zone_untouched(fx);
}

static void push_nolock_to_the_bound_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_set_bound(fx, 2, 3);
	pcp_fx_push_nr(fx, 2);
	pcp_fx_push_nolock(fx, 0);
	pcp_fx_expect_waiting(fx, 3, 3);
	pcp_fx_expect_zone_untouched(fx);
}

static void push_nolock_short_zone_has_the_short_bound(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_set_bound(fx, 2, 5);
	fx->zone_short = true;
	pcp_fx_push_nr(fx, 2);
	pcp_fx_push_nolock(fx, 0);
	pcp_fx_expect_waiting(fx, 2, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 1);
	KUNIT_EXPECT_TRUE(test, fx->free_nolock);
}

/* Two of the largest refills, and no more than may be cached. */
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
	struct pcp_run run = pcp_fx_run_of(fx, 3);

	pcp_fx_need_events(fx);
	race_fx = fx;
	kunit_activate_static_stub(test, __pcp_zone_short, flush_meanwhile);
	pcp_fx_set_bound(fx, 2, 5);
	KUNIT_EXPECT_EQ(test, PCP_FX_EVENTS(PCP_OVERFLOW, pcp_push(&run, false)),
			0);
	pcp_fx_expect_waiting(fx, 0, 0);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 1);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

static void pages_of_a_zone_are_cached_or_wait(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_nr(fx, 3);
	pcp_list_add(fx->other, pcp_fx_page(fx, 1, 0), 0, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 2, 0), 1, MIGRATE_MOVABLE);
	KUNIT_EXPECT_EQ(test, pcp_zone_nr_pages(fx->zone, cpumask_of(fx->other->cpu)), 4UL);
	KUNIT_EXPECT_EQ(test, pcp_zone_nr_pages(fx->zone, cpumask_of(fx->cpu)), 2UL);
	KUNIT_EXPECT_EQ(test, pcp_zone_nr_pages(fx->zone, cpu_possible_mask), 6UL);
}

/* A push writes one line. An allocation or a local free of order 0 needs the other. */
static void bound_is_on_one_line_and_order_0_on_another(struct kunit *test)
{
	size_t remote = offsetof(struct per_cpu_pages, free_llist);

	if (SMP_CACHE_BYTES < 64)
		kunit_skip(test, "a cache line has %d bytes", SMP_CACHE_BYTES);
	KUNIT_EXPECT_EQ(test, remote % SMP_CACHE_BYTES, 0);
	KUNIT_EXPECT_LE(test, offsetofend(struct per_cpu_pages, stale) - remote, SMP_CACHE_BYTES);

	if (sizeof(spinlock_t) > sizeof(u32))
		kunit_skip(test, "a lock that is checked, or that sleeps, is larger");
	KUNIT_EXPECT_LE(test, offsetof(struct per_cpu_pages, lists[MIGRATE_RECLAIMABLE]),
			SMP_CACHE_BYTES);
}

static struct kunit_case bound_cases[] = {
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
	KUNIT_CASE(pages_of_a_zone_are_cached_or_wait),
	KUNIT_CASE(bound_is_on_one_line_and_order_0_on_another),
	{}
};

static struct kunit_suite bound_suite = {
	.name = "pcp_bound",
	.init = pcp_fx_pushes_init,
	.test_cases = bound_cases,
};

kunit_test_suites(&bound_suite);
