// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that come and go while pages wait for them. The live suites do to a PCP what hotplug
 * does; this one has hotplug do it. pcp_hotplug_memory_kunit.c has memory that comes and goes.
 *
 * Between a pusher's look and its push, or its push and its second look, the
 * state is changed by a hook in the pusher's own thread. So the race happens
 * each time.
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "../zone.h"
#include "lib/live.h"

#ifdef CONFIG_HOTPLUG_CPU
static void hotplug_up(void *data)
{
	unsigned int cpu = (unsigned long)data;

	if (!cpu_online(cpu))
		add_cpu(cpu);
}

/* CPU a goes and comes; x86 cannot do without CPU 0. */
static int hotplug_cpu_init(struct kunit *test)
{
	int ret = live_init(test);
	struct live *lv = test->priv;

	if (ret)
		return ret;
	swap(lv->a, lv->b);
	if (!get_cpu_device(lv->a) || dev_offline_disabled(get_cpu_device(lv->a)))
		kunit_skip(test, "CPU %d cannot be unplugged", lv->a);
	return kunit_add_action_or_reset(test, hotplug_up,
					 (void *)(unsigned long)lv->a);
}

static void hotplug_expect_nothing_left(struct live *lv)
{
	struct kunit *test = lv->test;

	KUNIT_EXPECT_TRUE(test, READ_ONCE(lv->pcp->dead));
	KUNIT_EXPECT_TRUE(test, llist_empty(&lv->pcp->free_llist));
	KUNIT_EXPECT_PTR_EQ(test, READ_ONCE(lv->pcp->taken), NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&lv->pcp->nr_waiting), 0);
	KUNIT_EXPECT_EQ(test, live_count(lv->pcp), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&lv->pcp->owned_blocks), 0);
}

/* The CPU is dead: pages from @from on, still in use, are of blocks of others. */
static void hotplug_expect_disowned(struct live *lv, unsigned int from)
{
	unsigned int i, owned = 0;

	for (i = from; i < lv->nr; i++)
		owned += live_owner(lv->pages[i]) == lv->a;
	KUNIT_EXPECT_EQ(lv->test, owned, 0U);
}

static long hotplug_pusher_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i;

	for (i = 0; i < lv->nr && !READ_ONCE(lv->stop); i++) {
		__free_page(lv->pages[i]);
		WRITE_ONCE(lv->round, i + 1);
		if (!(i % 64))
			cond_resched();
	}
	return i;
}

/* Nothing strands, with frees on their way to a CPU that really goes. */
static void hotplug_cpu_down_amid_remote_frees(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test);
	unsigned int round;

	for (round = 0; round < 3; round++) {
		struct pcp_workers *p;
		unsigned int i;

		live_own(lv, 2048, false);
		lv->stop = false;
		lv->round = 0;
		p = pcp_workers_start(test, cpumask_of(lv->b), 1,
				      hotplug_pusher_fn, lv);
		while (READ_ONCE(lv->round) < 64)
			cond_resched();
		KUNIT_ASSERT_EQ(test, remove_cpu(lv->a), 0);
		WRITE_ONCE(lv->stop, true);
		pcp_workers_wait(test, p);
		hotplug_expect_nothing_left(lv);
		hotplug_expect_disowned(lv, p->worker[0].ret);
		live_check(test);

		/* The rest stays with whoever frees it: the owner is gone. */
		for (i = p->worker[0].ret; i < lv->nr; i++)
			__free_page(lv->pages[i]);
		hotplug_expect_nothing_left(lv);
		live_check(test);

		KUNIT_ASSERT_EQ(test, add_cpu(lv->a), 0);
		KUNIT_EXPECT_FALSE(test, READ_ONCE(lv->pcp->dead));
		live_check(test);
	}
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
}

/* The hook does this once at each point, in the thread of the test. */
static struct {
	struct task_struct *task;
	struct per_cpu_pages *pcp;
	void (*fn[NR_PCP_POINTS])(struct live *lv);
	struct live *lv;
	unsigned int nr;
} hook;

static void hotplug_hook(struct per_cpu_pages *pcp, enum pcp_point point)
{
	void (*fn)(struct live *lv);

	if (!in_task() || current != hook.task || pcp != hook.pcp)
		return;
	fn = hook.fn[point];
	if (!fn)
		return;
	hook.fn[point] = NULL;
	fn(hook.lv);
	hook.nr++;
}

/* Free one page of CPU a, and do something at the two points. */
static void hotplug_free_with(struct live *lv, void (*looked)(struct live *lv),
			      void (*pushed)(struct live *lv))
{
	struct kunit *test = lv->test;
	unsigned int i = lv->nr;

	/* CPU a may have lost some of its blocks since, as it gave back pages. */
	while (i && live_owner(lv->pages[i - 1]) != lv->a)
		i--;
	KUNIT_ASSERT_GT(test, i, 0U);
	swap(lv->pages[i - 1], lv->pages[lv->nr - 1]);

	hook.task = current;
	hook.pcp = lv->pcp;
	hook.lv = lv;
	hook.fn[PCP_POINT_LOOKED] = looked;
	hook.fn[PCP_POINT_PUSHED] = pushed;
	hook.nr = 0;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_unhook,
							   NULL));
	WRITE_ONCE(pcp_point_hook, hotplug_hook);
	/* Elsewhere it would be a local free. */
	set_cpus_allowed_ptr(current, cpumask_of(lv->b));
	__free_page(lv->pages[--lv->nr]);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	kunit_release_action(test, live_unhook, NULL);
}

static void hotplug_down(struct live *lv)
{
	KUNIT_EXPECT_EQ(lv->test, remove_cpu(lv->a), 0);
}

/* The pusher saw that the CPU owns the block, and pushes when it is gone. */
static void hotplug_push_after_the_cpu_died(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test);
	unsigned long rescued;

	live_own(lv, 64, false);
	rescued = live_event(PCP_RESCUE);
	hotplug_free_with(lv, hotplug_down, NULL);
	KUNIT_EXPECT_EQ(test, hook.nr, 1U);
	KUNIT_EXPECT_EQ(test, live_event(PCP_RESCUE), rescued + 1);
	hotplug_expect_nothing_left(lv);
	live_check(test);

	/* The others, with the CPU dead all the time, and nothing of its own. */
	hotplug_expect_disowned(lv, 0);
	live_free_fn(&(struct pcp_worker){ .arg = lv });
	hotplug_expect_nothing_left(lv);
	live_check(test);
	KUNIT_ASSERT_EQ(test, add_cpu(lv->a), 0);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
}

static void hotplug_disable(struct live *lv)
{
	zone_pcp_disable(lv->zone);
}

/* The pusher saw the owner, and pushes when its PCP is disabled. */
static void hotplug_push_after_the_pcp_was_disabled(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test);

	live_own(lv, 64, false);
	hotplug_free_with(lv, hotplug_disable, NULL);
	KUNIT_EXPECT_EQ(test, hook.nr, 1U);
	KUNIT_EXPECT_TRUE(test, llist_empty(&lv->pcp->free_llist));
	KUNIT_EXPECT_EQ(test, atomic_read(&lv->pcp->nr_waiting), 0);
	KUNIT_EXPECT_EQ(test, live_count(lv->pcp), 0);
	zone_pcp_enable(lv->zone);
	live_check(test);
	live_free_fn(&(struct pcp_worker){ .arg = lv });
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
}

static void hotplug_down_and_up(struct live *lv)
{
	hotplug_down(lv);
	KUNIT_EXPECT_EQ(lv->test, add_cpu(lv->a), 0);
}

/* The pusher missed that the CPU was away: its page waits like any other. */
static void hotplug_push_after_the_cpu_came_back(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test);

	live_own(lv, 64, false);
	hotplug_free_with(lv, hotplug_down_and_up, NULL);
	KUNIT_EXPECT_EQ(test, hook.nr, 1U);
	live_check(test);
	live_free_fn(&(struct pcp_worker){ .arg = lv });
	live_check(test);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
}

/*
 * Revival with pages waiting: those that got onto the list of a dead CPU, from a
 * pusher that has not looked again yet, wait like any others when it is back.
 */
static void hotplug_revival_keeps_what_waits(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test);
	struct pcp_run run;
	unsigned int i;

	live_own(lv, 64, false);
	hotplug_down(lv);
	hotplug_expect_nothing_left(lv);

	/* The first half of pcp_push(). */
	run = (struct pcp_run){ .zone = lv->zone, .pcp = lv->pcp };
	for (i = 0; i < lv->nr; i++) {
		set_page_count(lv->pages[i], 0);
		free_pages_prepare(lv->pages[i], 0);
		pcp_run_add(&run, lv->pages[i], 0);
	}
	count_vm_events(PGFREE, lv->nr);
	atomic_add(lv->nr, &lv->pcp->nr_waiting);
	llist_add_batch(run.first, run.last, &lv->pcp->free_llist);

	KUNIT_ASSERT_EQ(test, add_cpu(lv->a), 0);
	live_check(test);
	/* It may have taken them in already. If not, the second look finds them stale. */
	pcp_shepherd(lv->a);
	pcp_shepherd(lv->a);
	/* Somebody may have pushed a few more since. */
	KUNIT_EXPECT_LT(test, atomic_read(&lv->pcp->nr_waiting), (int)lv->nr);
	live_check(test);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
}

/* Blocks with pages in use lose their owner, too. */
static void hotplug_teardown_of_blocks_in_use(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test);
	unsigned int i, nr;

	live_own(lv, 0, true);
	nr = lv->nr;
	/* Every other page goes, and is a fragment in the zone. */
	for (i = 0; i < nr; i += 2)
		__free_page(lv->pages[i]);
	hotplug_down(lv);
	hotplug_expect_nothing_left(lv);
	hotplug_expect_disowned(lv, 0);
	live_check(test);

	/* Frees into what was the block of a dead CPU, until it is whole. */
	for (i = 1; i < nr; i += 2)
		__free_page(lv->pages[i]);
	hotplug_expect_nothing_left(lv);
	live_check(test);
	drain_all_pages(lv->zone);
	live_check(test);

	KUNIT_ASSERT_EQ(test, add_cpu(lv->a), 0);
	live_check(test);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
}

/* The CPU comes back, and frees what it had, of blocks that it lost. */
static void hotplug_pages_outlive_their_cpu(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test);
	unsigned int i;

	live_own(lv, 0, true);
	for (i = 0; i < lv->nr; i += 2)
		__free_page(lv->pages[i]);
	hotplug_down_and_up(lv);
	live_check(test);
	for (i = 0; i + 1 < lv->nr; i += 2)
		lv->pages[i / 2] = lv->pages[i + 1];
	lv->nr /= 2;
	pcp_on_cpu(test, lv->a, live_free_fn, lv);
	live_check(test);
	drain_all_pages(lv->zone);
	live_check(test);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
}

static struct kunit_case hotplug_cpu_cases[] = {
	KUNIT_CASE_SLOW(hotplug_cpu_down_amid_remote_frees),
	KUNIT_CASE_SLOW(hotplug_push_after_the_cpu_died),
	KUNIT_CASE(hotplug_push_after_the_pcp_was_disabled),
	KUNIT_CASE_SLOW(hotplug_push_after_the_cpu_came_back),
	KUNIT_CASE_SLOW(hotplug_revival_keeps_what_waits),
	KUNIT_CASE_SLOW(hotplug_teardown_of_blocks_in_use),
	KUNIT_CASE_SLOW(hotplug_pages_outlive_their_cpu),
	{}
};

static struct kunit_suite hotplug_cpu_suite = {
	.name = "pcp_hotplug_cpu",
	.init = hotplug_cpu_init,
	.test_cases = hotplug_cpu_cases,
};

kunit_test_suite(hotplug_cpu_suite);
#endif /* CONFIG_HOTPLUG_CPU */
