// SPDX-License-Identifier: GPL-2.0
/*
 * Look once in a vmstat interval whether pages wait for a CPU that does not take them in.
 *
 * Only while something waits: a machine that sleeps is not woken for nothing. The timer
 * of vmstat's shepherd would not do, as it is deferred while its CPU sleeps.
 */
#include <kunit/visibility.h>
#include <linux/cache.h>
#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/timer.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>

#include "pcp.h"

static void pcp_watch_fn(struct work_struct *work);
VISIBLE_IF_KUNIT struct delayed_work pcp_watch_work =
	__DELAYED_WORK_INITIALIZER(pcp_watch_work, pcp_watch_fn, 0);

/* The work is queued, or will be. Each push reads this. */
bool pcp_watched __read_mostly;

/*
 * A push adds to the list and then reads pcp_watched; this clears pcp_watched and then
 * looks at the lists. Both are fully ordered, so either the push sees that nobody
 * watches, or this sees its pages. Litmus test: pcp-watch.
 */
static void pcp_watch_fn(struct work_struct *work)
{
	bool wait = false;
	int cpu;

	WRITE_ONCE(pcp_watched, false);
	/* Pairs with llist_add_batch() in pcp_push(). Litmus test: pcp-watch. */
	smp_mb();
	for_each_possible_cpu(cpu) {
		wait |= pcp_shepherd(cpu);
		cond_resched();
	}
	if (wait)
		pcp_watch();
}

/*
 * This runs in the hardware interrupt, as a push may come from anywhere. The work goes to
 * a CPU that may be disturbed: an isolated CPU has only interrupted itself so far.
 */
static void pcp_watch_arm(struct irq_work *work)
{
	/* Rounding adds three quarters of a second at most, and two looks are two intervals. */
	queue_delayed_work(system_dfl_wq, &pcp_watch_work,
			   round_jiffies_relative(max(sysctl_stat_interval - 3 * HZ / 4, 1)));
}

static DEFINE_IRQ_WORK(pcp_watch_irq, pcp_watch_arm);

/**
 * pcp_watch() - look after an interval whether pages still wait
 *
 * The xchg() has one of several callers queue the work. Litmus test: pcp-watch.
 *
 * Context: Any, NMI included.
 */
void pcp_watch(void)
{
	if (!xchg(&pcp_watched, true))
		irq_work_queue(&pcp_watch_irq);
}
