/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lock of one PCP, and what keeps a task on the CPU whose PCP it locks.
 */
#ifndef __MM_PCP_LOCK_H
#define __MM_PCP_LOCK_H

#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/vmstat.h>

#include "fail.h"

/*
 * Locking a pcp requires a PCP lookup followed by a spinlock. The task stays
 * on its CPU in between, so that no other CPU's PCP is locked. On PREEMPT_RT
 * the spinlock may sleep, so there only migration is off.
 *
 * The pin is no part of pcp_trylock(): a free reads the number of its CPU to find
 * the route, and many routes take no lock. These functions pin the task, and unpin
 * it when the lock is released:
 *
 *	pcp_spin_trylock()	for allocations, in page_alloc.c
 *	__pcp_free_page()	from the look at the CPU until the page is on the PCP
 *	pcp_batch_free()	while the batch has a lock; pcp_batch_end() unpins then
 *	pcp_take_lockless()
 *
 * pcp_relock() and pcp_push_flush() unpin the task for a moment, so that it can be
 * preempted, and pin it again. They may lose the lock. The task is pinned when they
 * return, with the lock or without, so that their callers unpin it in one way.
 */
#ifndef CONFIG_PREEMPT_RT
#define pcpu_task_pin()		preempt_disable()
#define pcpu_task_unpin()	preempt_enable()
#else
#define pcpu_task_pin()		migrate_disable()
#define pcpu_task_unpin()	migrate_enable()
#endif

/*
 * Clang's context analysis checks that each function leaves the lock as it is
 * annotated. It cannot say that a call may lose the lock. So a function that makes
 * such a call, or keeps the lock for a later one, has __no_context_analysis.
 */

/**
 * pcp_trylock() - try to lock the local PCP
 * @pcp: this CPU's PCP
 * @side: who tries, for fault injection
 *
 * Fails when this CPU holds the lock already, i.e. an interrupt hit the
 * allocator, or when another CPU drains the PCP. With CONFIG_SMP=n a trylock
 * cannot fail and so would not notice the former: there the PCP is not used.
 *
 * Context: Any where can_spin_trylock() is true; the task is pinned.
 * Return: true with @pcp->lock held, false without.
 */
static __always_inline bool pcp_trylock(struct per_cpu_pages *pcp,
					enum pcp_side side)
	__cond_acquires(true, &pcp->lock)
{
	if (!IS_ENABLED(CONFIG_SMP))
		return false;
	if (likely(!pcp_should_fail_trylock(side) && spin_trylock(&pcp->lock)))
		return true;
	count_vm_event(PCP_TRYLOCK_FAIL);
	return false;
}

/**
 * pcp_unlock() - unlock the local PCP, leave the task pinned
 * @pcp: this CPU's PCP
 *
 * Context: @pcp->lock is held.
 */
static __always_inline void pcp_unlock(struct per_cpu_pages *pcp)
	__releases(&pcp->lock)
{
	spin_unlock(&pcp->lock);
}

#endif /* __MM_PCP_LOCK_H */
