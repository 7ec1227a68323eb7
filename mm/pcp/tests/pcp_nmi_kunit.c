// SPDX-License-Identifier: GPL-2.0
/*
 * Frees and allocations without locks, from an NMI that interrupts the code
 * of the PCPs wherever it is. x86 only, because it has to send the NMI.
 */
#include <asm/apic.h>
#include <asm/nmi.h>
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "../../internal.h"
#include "../pcp.h"
#include "lib/live.h"

#define NMI_ROUNDS	2000

/* Written by the NMI handler on CPU a. */
static struct {
	bool active;
	int cpu;
	struct live *lv;
	/* Pages of CPU b's blocks for the handler to free. */
	struct page **pages;
	unsigned int nr;
	unsigned long handled;
	unsigned long allocated;
	unsigned long lockless;
	unsigned long freed;
	/* It hit somebody who had the lock of the PCP. */
	unsigned long in_lock;
	/* Of the task that it hits. */
	unsigned long rounds;
} nmi;

static int nmi_handler(unsigned int type, struct pt_regs *regs)
{
	unsigned long addr;
	struct page *page;

	if (!READ_ONCE(nmi.active) || raw_smp_processor_id() != nmi.cpu)
		return NMI_DONE;

	if (spin_is_locked(&zone_pcp(nmi.lv->zone, nmi.cpu)->lock))
		nmi.in_lock++;
	page = alloc_pages_nolock(0, NUMA_NO_NODE, 0);
	if (page) {
		nmi.allocated++;
		free_pages_nolock(page, 0);
	}
	addr = __rcu_alloc_page_lockless();
	if (addr) {
		nmi.lockless++;
		free_pages_nolock(virt_to_page((void *)addr), 0);
	}
	if (nmi.nr) {
		free_pages_nolock(nmi.pages[--nmi.nr], 0);
		nmi.freed++;
	}
	WRITE_ONCE(nmi.handled, nmi.handled + 1);
	return NMI_HANDLED;
}

static void nmi_unregister(void *unused)
{
	WRITE_ONCE(nmi.active, false);
	unregister_nmi_handler(NMI_LOCAL, "pcp_nmi");
}

/* Have the lock when the next NMI comes, not by luck. */
static void nmi_wait_in_the_lock(struct live *lv)
{
	struct per_cpu_pages *pcp;
	unsigned long handled;

	pcpu_task_pin();
	pcp = this_cpu_ptr(lv->zone->per_cpu_pageset);
	spin_lock(&pcp->lock);
	handled = READ_ONCE(nmi.handled);
	while (READ_ONCE(nmi.handled) == handled && READ_ONCE(nmi.active))
		cpu_relax();
	spin_unlock(&pcp->lock);
	pcpu_task_unpin();
}

/* On CPU a: keep the PCP busy. */
static long nmi_victim_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	while (!READ_ONCE(lv->stop) && !kthread_should_stop()) {
		unsigned int order = nmi.rounds % 4;
		struct page *page = alloc_pages(LIVE_GFP, order);

		if (page)
			__free_pages(page, order);
		if (nmi.rounds % 64 == 0)
			nmi_wait_in_the_lock(lv);
		WRITE_ONCE(nmi.rounds, nmi.rounds + 1);
		cond_resched();
	}
	return nmi.rounds;
}

static void nmi_free_and_allocate(struct kunit *test)
{
	struct live *lv = test->priv;
	struct pcp_workers *p;
	unsigned long start;
	unsigned int sent, i;
	long before;

	/* Pages that are remote for the CPU that gets the NMIs. */
	before = live_balance(test);
	swap(lv->a, lv->b);
	live_own(lv, NMI_ROUNDS, false);
	swap(lv->a, lv->b);

	memset(&nmi, 0, sizeof(nmi));
	nmi.cpu = lv->a;
	nmi.lv = lv;
	nmi.pages = lv->pages;
	nmi.nr = lv->nr;
	KUNIT_ASSERT_EQ(test, 0, register_nmi_handler(NMI_LOCAL, nmi_handler, 0,
						      "pcp_nmi"));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, nmi_unregister,
							   NULL));
	lv->stop = false;
	start = jiffies + 10 * HZ;
	p = pcp_workers_start(test, cpumask_of(lv->a), 1, nmi_victim_fn, lv);
	set_cpus_allowed_ptr(current, cpumask_of(lv->b));
	/* Not before there is somebody to hit. */
	while (!READ_ONCE(nmi.rounds) && time_before(jiffies, start))
		cond_resched();
	WRITE_ONCE(nmi.active, true);
	for (sent = 0; sent < NMI_ROUNDS; sent++) {
		unsigned long handled = READ_ONCE(nmi.handled);
		unsigned long end = jiffies + 10 * HZ;

		__apic_send_IPI(lv->a, NMI_VECTOR);
		while (READ_ONCE(nmi.handled) == handled &&
		       time_before(jiffies, end))
			cpu_relax();
		/* Not at the same place each time. */
		ndelay(sent % 1024);
		cond_resched();
	}
	WRITE_ONCE(nmi.active, false);
	WRITE_ONCE(lv->stop, true);
	pcp_workers_wait(test, p);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	kunit_release_action(test, nmi_unregister, NULL);

	kunit_info(test, "%lu NMIs, %lu within the lock, %lu + %lu pages allocated, %lu freed",
		   nmi.handled, nmi.in_lock, nmi.allocated, nmi.lockless,
		   nmi.freed);
	KUNIT_EXPECT_GE(test, nmi.handled, NMI_ROUNDS * 9UL / 10);
	KUNIT_EXPECT_GT(test, nmi.in_lock, 0UL);
	/* With PREEMPT_RT no spinlock can be tried there. */
	KUNIT_EXPECT_EQ(test, nmi.allocated > 0, !IS_ENABLED(CONFIG_PREEMPT_RT));
	KUNIT_EXPECT_EQ(test, nmi.lockless > 0, !IS_ENABLED(CONFIG_PREEMPT_RT));
	KUNIT_EXPECT_GT(test, p->worker[0].ret, 0L);
	for (i = 0; i < nmi.nr; i++)
		__free_page(nmi.pages[i]);
	live_check(test);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
	live_check(test);
}

static int nmi_init(struct kunit *test)
{
	int ret = live_init(test);
	struct live *lv = test->priv;

	if (ret)
		return ret;
	/* CPU 0 gets the NMIs of others too. */
	swap(lv->a, lv->b);
	return 0;
}

static struct kunit_case nmi_cases[] = {
	KUNIT_CASE_SLOW(nmi_free_and_allocate),
	{}
};

static struct kunit_suite nmi_suite = {
	.name = "pcp_nmi",
	.init = nmi_init,
	.test_cases = nmi_cases,
};

kunit_test_suite(nmi_suite);
