// SPDX-License-Identifier: GPL-2.0
/*
 * A thread that wants the lock of a PCP, see rival.h.
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/processor.h>
#include <linux/sched.h>

#include "rival.h"
#include "workers.h"

static long pcp_fx_rival(struct pcp_worker *w)
{
	struct pcp_fx_rival *rival = w->arg;

	while (!READ_ONCE(rival->go)) {
		if (kthread_should_stop())
			return 0;
		cpu_relax();
		cond_resched();
	}

	spin_lock(&rival->pcp->lock);
	WRITE_ONCE(rival->got, true);
	while (!READ_ONCE(rival->release) && !kthread_should_stop())
		cpu_relax();
	spin_unlock(&rival->pcp->lock);
	return 0;
}

/**
 * pcp_fx_rival_start() - start a thread that will want the lock of a PCP
 * @fx: the fixture; the test is bound to @fx->cpu
 * @pcp: the PCP
 *
 * Ends with the test, if pcp_fx_rival_stop() does not end it before. Skips the
 * test where there is no other CPU, or where locks sleep.
 *
 * Return: the rival.
 */
struct pcp_fx_rival *pcp_fx_rival_start(struct pcp_fixture *fx,
					struct per_cpu_pages *pcp)
{
	struct kunit *test = fx->test;
	struct pcp_fx_rival *rival;
	struct cpumask *elsewhere;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "not with CONFIG_PREEMPT_RT");
	pcp_workers_require(test, 2);

	elsewhere = kunit_kzalloc(test, cpumask_size(), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, elsewhere);
	cpumask_andnot(elsewhere, cpu_online_mask, cpumask_of(fx->cpu));

	rival = kunit_kzalloc(test, sizeof(*rival), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rival);
	rival->pcp = pcp;
	rival->workers = pcp_workers_start(test, elsewhere, 1, pcp_fx_rival,
					   rival);
	return rival;
}

/**
 * pcp_fx_rival_queue() - let the rival wait for the lock
 * @rival: the rival
 *
 * From here on it gets the lock when that is released, and a trylock fails:
 * spinlocks are fair. Those of some virtual machines are not, and do not tell
 * that somebody waits.
 *
 * Context: The caller holds the lock.
 * Return: true when it waits, false if that could not be seen.
 */
bool pcp_fx_rival_queue(struct pcp_fx_rival *rival)
{
	unsigned long end = jiffies + 5 * HZ;

	WRITE_ONCE(rival->go, true);
	while (!spin_is_contended(&rival->pcp->lock)) {
		if (time_after(jiffies, end))
			return false;
		cpu_relax();
	}
	return true;
}

/**
 * pcp_fx_rival_stop() - let the rival release the lock and end
 * @fx: the fixture
 * @rival: the rival
 *
 * Context: The caller does not hold the lock.
 */
void pcp_fx_rival_stop(struct pcp_fixture *fx, struct pcp_fx_rival *rival)
{
	WRITE_ONCE(rival->release, true);
	WRITE_ONCE(rival->go, true);
	pcp_workers_wait(fx->test, rival->workers);
}
