// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for pcp_return_waiting() of mm/pcp/flush.c: pages that their CPU does not take
 * in go to the zone, and their blocks lose their owner.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "lib/pushes.h"
#include "lib/workers.h"

/* Nothing waits afterwards. */
static void return_waiting(struct pcp_fixture *fx, bool expected)
{
	KUNIT_EXPECT_EQ(fx->test, expected,
			pcp_return_waiting(fx->zone, fx->pcp));
	pcp_fx_check(fx);
	KUNIT_EXPECT_FALSE(fx->test, pcp_has_waiting(fx->pcp));
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->pcp->nr_waiting), 0);
}

static void return_says_if_nothing_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 0), 0, MIGRATE_MOVABLE);
	return_waiting(fx, false);
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void return_takes_what_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 0), 0, MIGRATE_MOVABLE);
	pcp_fx_push_and_check(fx, 2, 1);
	pcp_fx_push_and_check(fx, 4, 2);
	return_waiting(fx, true);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
	/* The CPU keeps the page that it has sorted. */
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void return_takes_what_an_absorb_left(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_leave_taken(fx);
	return_waiting(fx, true);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void return_takes_both(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_leave_taken(fx);
	pcp_fx_push_and_check(fx, 4, 2);
	pcp_fx_push_and_check(fx, 3, 0);
	return_waiting(fx, true);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 7);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
	/* In the order of the frees. */
	EXPECT_FREED(fx, pcp_fx_page(fx, 1, 1), pcp_fx_page(fx, 1, 2),
		     pcp_fx_page(fx, 1, 4), pcp_fx_page(fx, 1, 3));
}

static void return_waits_for_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_leave_taken(fx);
	pcp_fx_push_and_check(fx, 4, 2);
	fx->lock_busy = true;
	return_waiting(fx, true);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 6);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
}

struct holder {
	struct per_cpu_pages *pcp;
	bool got;
};

/* Has the lock of a PCP until somebody waits for it, other than by a trylock. */
static long hold_until_wanted(struct pcp_worker *w)
{
	unsigned long end = jiffies + 5 * HZ;
	struct holder *h = w->arg;

	spin_lock(&h->pcp->lock);
	WRITE_ONCE(h->got, true);
	/* Some virtual machines do not tell that somebody waits. */
	while (!spin_is_contended(&h->pcp->lock) && !time_after(jiffies, end) &&
	       !kthread_should_stop())
		cpu_relax();
	spin_unlock(&h->pcp->lock);
	return 0;
}

/* A flush only tries the lock. This comes from a worker, which can wait. */
static void return_waits_for_the_lock(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct cpumask *elsewhere;
	struct pcp_workers *p;
	struct holder *h;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "not with CONFIG_PREEMPT_RT");
	pcp_workers_require(test, 2);
	KUNIT_ASSERT_EQ(test, 0,
			set_cpus_allowed_ptr(current, cpumask_of(fx->cpu)));
	elsewhere = kunit_kzalloc(test, cpumask_size(), GFP_KERNEL);
	h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, elsewhere);
	KUNIT_ASSERT_NOT_NULL(test, h);
	cpumask_andnot(elsewhere, cpu_online_mask, cpumask_of(fx->cpu));
	h->pcp = fx->pcp;

	pcp_fx_leave_taken(fx);
	fx->lock_busy = true;
	p = pcp_workers_start(test, elsewhere, 1, hold_until_wanted, h);
	while (!READ_ONCE(h->got))
		cond_resched();
	return_waiting(fx, true);
	pcp_workers_wait(test, p);
	KUNIT_EXPECT_NULL(test, fx->pcp->taken);
	KUNIT_EXPECT_FALSE(test, pcp_fx_locked(fx->pcp));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void return_disowns_the_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int block;

	for (block = 0; block < 3; block++)
		pcp_fx_own(fx, block, fx->cpu);
	/* Block 2 has a page that is cached, and keeps its owner. */
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 2, 0), 0, MIGRATE_MOVABLE);
	pcp_fx_push_and_check(fx, 0, 0);
	return_waiting(fx, true);
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	pcp_fx_expect_owner(fx, 1, -1);
	pcp_fx_expect_owner(fx, 2, fx->cpu);
}

static void return_disowns_the_blocks_of_what_an_absorb_left(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 1, fx->cpu);
	pcp_fx_leave_taken(fx);
	return_waiting(fx, true);
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 1, -1);
}

static void expect_disowned_carrier(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->pcp->carriers), 1);
	KUNIT_EXPECT_FALSE(fx->test, pcp_fx_locked(fx->pcp));
	/* When the zone has the page, somebody else may own the block. */
	pcp_fx_expect_owner(fx, 1, -1);
}

static void return_is_a_carrier_until_the_zone_has_it(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 1, fx->cpu);
	pcp_fx_leave_taken(fx);
	pcp_fx_push_and_check(fx, 4, 2);
	fx->on_free = expect_disowned_carrier;
	return_waiting(fx, true);
	fx->on_free = NULL;
	KUNIT_EXPECT_EQ(test, fx->nr_free_calls, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->carriers), 0);
	return_waiting(fx, false);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->carriers), 0);
}

/* The CPU absorbs again, while the pages it left before are on their way. */
static void absorb_leaves_one(struct pcp_fixture *fx)
{
	fx->on_free = NULL;
	pcp_fx_push_and_check(fx, 4, 0);
	pcp_fx_push_and_check(fx, 5, 0);
	pcp_fx_absorb_one(fx);
}

/* So it is at work, and will take in the rest. */
static void return_leaves_what_an_absorb_left_meanwhile(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_leave_taken(fx);
	fx->on_free = absorb_leaves_one;
	KUNIT_EXPECT_TRUE(test, pcp_return_waiting(fx->zone, fx->pcp));
	pcp_fx_check(fx);
	KUNIT_EXPECT_NULL(test, fx->on_free);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->nr_waiting), 1);

	/* A drain goes on until nothing is there. */
	pcp_drain(fx->zone, fx->pcp);
	pcp_fx_check(fx);
	KUNIT_EXPECT_FALSE(test, pcp_has_pages(fx->pcp));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 5);
}

static struct kunit_case return_cases[] = {
	KUNIT_CASE(return_says_if_nothing_waits),
	KUNIT_CASE(return_takes_what_waits),
	KUNIT_CASE(return_takes_both),
	KUNIT_CASE(return_waits_for_the_zone),
	KUNIT_CASE(return_waits_for_the_lock),
	KUNIT_CASE(return_takes_what_an_absorb_left),
	KUNIT_CASE(return_disowns_the_blocks),
	KUNIT_CASE(return_disowns_the_blocks_of_what_an_absorb_left),
	KUNIT_CASE(return_is_a_carrier_until_the_zone_has_it),
	KUNIT_CASE(return_leaves_what_an_absorb_left_meanwhile),
	{}
};

static struct kunit_suite return_suite = {
	.name = "pcp_return",
	.init = pcp_fx_init,
	.test_cases = return_cases,
};

kunit_test_suites(&return_suite);
