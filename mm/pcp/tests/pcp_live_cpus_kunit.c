// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs in other numbers and states than usual, with the page allocator in use: one CPU of
 * several (maxcpus=1), one that comes later, one that must not be disturbed (nohz_full=).
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/hardirq.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kernel_stat.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/tick.h>
#include <linux/vmstat.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "../zone.h"
#include "lib/live.h"

/* === One CPU === */

/* Returns how often a page went to the PCP of this CPU and was had back from it. */
static long live_one_cpu_fn(struct pcp_worker *w)
{
	unsigned int i;
	long used = 0;

	for (i = 0; i < 64; i++) {
		struct per_cpu_pages *pcp;
		struct page *page, *next;
		int count;

		page = alloc_page(LIVE_GFP);
		if (!page)
			return -ENOMEM;
		pcpu_task_pin();
		pcp = this_cpu_ptr(page_zone(page)->per_cpu_pageset);
		count = READ_ONCE(pcp->count);
		__free_page(page);
		next = READ_ONCE(pcp->count) == count + 1 ?
			alloc_page(LIVE_GFP & ~__GFP_DIRECT_RECLAIM) : NULL;
		pcpu_task_unpin();
		used += next == page;
		if (next)
			__free_page(next);
	}
	return used;
}

/* Each CPU that is up, be it the only one. */
static void live_each_cpu_uses_its_pcp(struct kunit *test)
{
	unsigned long pushed = live_event(PCP_PUSH);
	int cpu;

	for_each_online_cpu(cpu)
		KUNIT_EXPECT_GE_MSG(test, pcp_on_cpu(test, cpu, live_one_cpu_fn, NULL), 32L,
				    "CPU %d", cpu);
	if (num_online_cpus() == 1)
		KUNIT_EXPECT_EQ(test, live_event(PCP_PUSH), pushed);
	live_check(test);
}

/* Nothing is with those that are not. */
static void live_cpus_that_are_down_have_nothing(struct kunit *test)
{
	struct zone *zone;
	int cpu;

	if (num_online_cpus() == num_possible_cpus())
		kunit_skip(test, "all CPUs are up");
	drain_all_pages(NULL);
	for_each_populated_zone(zone) {
		for_each_possible_cpu(cpu) {
			struct per_cpu_pages *pcp = zone_pcp(zone, cpu);

			if (cpu_online(cpu))
				continue;
			KUNIT_EXPECT_FALSE(test, pcp_has_pages(pcp));
			KUNIT_EXPECT_FALSE(test, pcp_has_waiting(pcp));
			KUNIT_EXPECT_EQ(test, atomic_read(&pcp->owned_blocks), 0);
		}
	}
}

#ifdef CONFIG_HOTPLUG_CPU
static void live_down_again(void *data)
{
	unsigned int cpu = (unsigned long)data;

	if (cpu_online(cpu))
		remove_cpu(cpu);
}

/* A CPU that was left out at boot comes later, owns blocks and gets its pages back. */
static void live_cpu_that_comes_later(struct kunit *test)
{
	unsigned int cpu;
	struct live *lv;
	int tries;

	cpu = cpumask_first_zero(cpu_online_mask);
	if (cpu >= nr_cpu_ids || !cpu_present(cpu))
		kunit_skip(test, "all CPUs are up");
	KUNIT_ASSERT_EQ(test, add_cpu(cpu), 0);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_down_again,
							   (void *)(unsigned long)cpu));
	KUNIT_ASSERT_EQ(test, live_init(test), 0);
	lv = test->priv;
	lv->a = cpu;
	lv->b = cpumask_any_but(cpu_online_mask, cpu);
	KUNIT_EXPECT_TRUE(test, live_waits(lv, 64));
	live_check(test);
	KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	for (tries = 0; tries < 50 && pcp_has_pages(lv->pcp); tries++)
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_FALSE(test, pcp_has_pages(lv->pcp));
	KUNIT_EXPECT_EQ(test, atomic_read(&lv->pcp->owned_blocks), 0);
	live_check(test);
}
#else
static void live_cpu_that_comes_later(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_HOTPLUG_CPU");
}
#endif

/* === A CPU that must not be disturbed === */

#ifdef CONFIG_NO_HZ_FULL
/* On CPU a: work, as a task would in userspace, where RCU need not ask it for anything. */
static long live_spin_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned long flags;

	WRITE_ONCE(lv->round, 1);
	while (!READ_ONCE(lv->stop) && !kthread_should_stop()) {
		local_irq_save(flags);
		rcu_momentary_eqs();
		local_irq_restore(flags);
		cpu_relax();
	}
	return 0;
}

static struct {
	int cpu;
	unsigned int nr;
} live_looks;

static void live_count_looks(struct per_cpu_pages *pcp, enum pcp_point point)
{
	if (point == PCP_POINT_FOUND && raw_smp_processor_id() == live_looks.cpu)
		live_looks.nr++;
}

/* All that a CPU was interrupted for. */
static u64 live_interrupts(int cpu)
{
	u64 sum = kstat_cpu_irqs_sum(cpu);

#ifdef arch_irq_stat_cpu
	sum += arch_irq_stat_cpu(cpu);
#endif
	return sum;
}

/* Interrupts of CPU a in a time in which all that waits has to be taken away. */
static u64 live_interrupts_meanwhile(struct live *lv)
{
	u64 before = live_interrupts(lv->a);

	/* Two intervals, each rounded up to a second. */
	schedule_timeout_uninterruptible(2 * sysctl_stat_interval + 3 * HZ);
	return live_interrupts(lv->a) - before;
}

/*
 * Its pages are freed elsewhere, and it does not ask for them. They are back in the zone
 * after two intervals, and it has not noticed.
 */
static void live_busy_cpu_is_not_disturbed(struct kunit *test)
{
	struct live *lv = test->priv;
	struct pcp_workers *p;
	u64 quiet, after;
	int waiting;

	if (live_init(test))
		return;
	lv = test->priv;
	if (!tick_nohz_full_enabled())
		kunit_skip(test, "needs nohz_full=");
	lv->a = cpumask_first_and(tick_nohz_full_mask, cpu_online_mask);
	if (lv->a >= nr_cpu_ids)
		kunit_skip(test, "no CPU of nohz_full= is up");
	lv->b = cpumask_any_but(cpu_online_mask, lv->a);

	live_own(lv, 256, false);
	live_set_bound(lv, INT_MAX);
	p = pcp_workers_start(test, cpumask_of(lv->a), 1, live_spin_fn, lv);
	while (!READ_ONCE(lv->round))
		schedule_timeout_uninterruptible(1);
	quiet = live_interrupts_meanwhile(lv);

	live_looks = (typeof(live_looks)) { .cpu = lv->a };
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_unhook, NULL));
	WRITE_ONCE(pcp_point_hook, live_count_looks);
	pcp_on_cpu(test, lv->b, live_free_fn, lv);
	waiting = atomic_read(&lv->pcp->nr_waiting);
	KUNIT_EXPECT_GE(test, waiting, (int)lv->nr / 2);
	after = live_interrupts_meanwhile(lv);
	KUNIT_EXPECT_EQ(test, atomic_read(&lv->pcp->nr_waiting), 0);
	KUNIT_EXPECT_GE(test, live_in_zone(lv), lv->nr / 2);
	KUNIT_EXPECT_EQ_MSG(test, live_looks.nr, 0U, "the work ran on CPU %d", lv->a);
	WRITE_ONCE(lv->stop, true);
	pcp_workers_wait(test, p);

	kunit_info(test, "CPU %d: %llu interrupts while nothing waited, %llu while %d pages did\n",
		   lv->a, quiet, after, waiting);
	/* Others have it do something now and then. */
	KUNIT_EXPECT_LE(test, after, quiet + quiet / 4 + 4);
	live_check(test);
}
#else
static void live_busy_cpu_is_not_disturbed(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_NO_HZ_FULL");
}
#endif

static struct kunit_case live_cpus_cases[] = {
	KUNIT_CASE(live_each_cpu_uses_its_pcp),
	KUNIT_CASE(live_cpus_that_are_down_have_nothing),
	KUNIT_CASE_SLOW(live_cpu_that_comes_later),
	KUNIT_CASE_SLOW(live_busy_cpu_is_not_disturbed),
	{}
};

static struct kunit_suite live_cpus_suite = {
	.name = "pcp_live_cpus",
	.test_cases = live_cpus_cases,
};

kunit_test_suite(live_cpus_suite);
