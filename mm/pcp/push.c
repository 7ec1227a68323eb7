// SPDX-License-Identifier: GPL-2.0
/*
 * The remote part of the free path: give pages to the CPU that owns their
 * block, without a lock, from any context.
 *
 * nr_waiting is raised before a page is on the list and lowered after it is off,
 * so it is never less than what waits. Litmus test: pcp-nr-waiting.
 */
#include <linux/rcupdate.h>
#include <trace/events/pcp.h>

#include "pcp.h"
#include "point.h"
#include "zone.h"

/*
 * More may wait while the zone has enough than while it is short. The zone is
 * asked last: its flags share a cache line with zone->lock.
 */
static bool pcp_over_bound(struct zone *zone, struct per_cpu_pages *pcp,
			   int waiting)
{
	if (likely(waiting <= READ_ONCE(pcp->bound_short)))
		return false;
	return waiting > READ_ONCE(pcp->bound) || pcp_zone_short(zone);
}

/*
 * No count_vm_events(): where this_cpu_add() is not one instruction, it turns
 * interrupts off and on again. The local part counts like this too.
 */
static __always_inline void pcp_count_freed(unsigned int nr_pages, bool pushed)
{
	preempt_disable();
	__count_vm_events(PGFREE, nr_pages);
	if (pushed)
		__count_vm_events(PCP_PUSH, nr_pages);
	preempt_enable();
}

static void pcp_run_empty(struct pcp_run *run)
{
	run->first = NULL;
	run->pcp = NULL;
	run->nr_pages = 0;
}

/*
 * The pages that wait for @pcp have to go to the zone. That may take long, so the task is not
 * pinned meanwhile, and the lock of the local PCP not held. @local is NULL unless the task is
 * pinned; then *local is the local PCP while that is locked.
 */
static void pcp_push_flush(struct zone *zone, struct per_cpu_pages *pcp, bool nolock,
			   struct per_cpu_pages **local)
	__no_context_analysis
{
	bool open = pcp_open(pcp);
	unsigned int nr_pages;

	if (local) {
		if (*local)
			pcp_unlock(*local);
		*local = NULL;
		pcpu_task_unpin();
	}
	nr_pages = pcp_flush_waiting(zone, pcp, nolock);
	if (local)
		pcpu_task_pin();

	if (!open)
		count_vm_events(PCP_RESCUE, nr_pages);
	else if (nr_pages)
		count_vm_event(PCP_OVERFLOW);
}

static __always_inline void __pcp_push(struct pcp_run *run, bool nolock,
				       struct per_cpu_pages **local)
{
	struct per_cpu_pages *pcp = run->pcp;
	struct zone *zone = run->zone;
	unsigned int nr_pages = run->nr_pages;
	int waiting;

	pcp_point(pcp, PCP_POINT_LOOKED);

	/* Others do not look first: that is one more miss of a remote line. */
	if (unlikely(nolock && pcp_open(pcp) &&
		     pcp_over_bound(zone, pcp, atomic_read(&pcp->nr_waiting) +
					       nr_pages))) {
		pcp_count_freed(nr_pages, false);
		count_vm_event(PCP_OVERFLOW);
		pcp_zone_free_waiting(zone, run->first, true);
		pcp_run_empty(run);
		return;
	}

	rcu_read_lock();
	pcp_count_freed(nr_pages, true);
	waiting = atomic_add_return(nr_pages, &pcp->nr_waiting);
	llist_add_batch(run->first, run->last, &pcp->free_llist);
	/* The number of the CPU is in a line that its owner writes all the time. */
	if (trace_mm_pcp_push_enabled())
		trace_mm_pcp_push(pcp->cpu, nr_pages, waiting);
	pcp_run_empty(run);
	pcp_point(pcp, PCP_POINT_PUSHED);

	/*
	 * Have somebody look after an interval, see watch.c. It is not enough to do so for the
	 * first page that waits: nr_waiting is lowered after the list was taken, and a push in
	 * between is not the first, and its page is not taken. Litmus test: pcp-watch.
	 */
	if (unlikely(!READ_ONCE(pcp_watched)))
		pcp_watch();

	if (unlikely(!pcp_open(pcp) || (!nolock && pcp_over_bound(zone, pcp, waiting))))
		pcp_push_flush(zone, pcp, nolock, local);
	rcu_read_unlock();
}

/**
 * pcp_push() - give a run of pages to the CPU that owns their blocks
 * @run: pages of one PCP; empty on return
 * @nolock: FPI_NOLOCK, do not wait for a lock
 *
 * PGFREE is counted here and not again when the pages are absorbed.
 *
 * The PCP may be closed, because its CPU dies or because it is disabled. That
 * is seen after the push, and the side that closes looks at the list after closing:
 *
 *	pcp_push()			pcp_cpu_dead(), zone_pcp_disable()
 *	  add to free_llist		  dead = true, or bound = 0
 *	  <llist_add_batch()>		  <smp_mb() in pcp_drain()>
 *	  read dead and bound		  read free_llist
 *
 * Both are fully ordered, so at least one of them sees the other and takes the
 * pages to the zone. The successful cmpxchg() in llist_add_batch() is the
 * barrier here. It also makes the order and the mark of the pages visible to a task that
 * takes the list. Litmus tests: pcp-dead-look, pcp-dead-xchg, pcp-disable-look, pcp-old-owner,
 * pcp-publish.
 *
 * The owner may never look at its list. So a push that finds more pages waiting
 * than the bound allows takes them all to the zone; with @nolock just its own,
 * because that may be an NMI, or a caller that holds any lock.
 *
 * Nothing keeps the zone and its PCPs alive once the pages are on the list:
 * somebody may take them, and offline the zone's last memory. So this is an
 * RCU reader until it is done, and zone_pcp_reset() waits for those. Litmus test:
 * pcp-reset.
 *
 * Context: Any, NMI included with @nolock. Takes zone->lock in the two rare
 * cases.
 */
void pcp_push(struct pcp_run *run, bool nolock)
{
	__pcp_push(run, nolock, NULL);
}

/**
 * pcp_push_page() - give one page to the CPU that owns its block
 * @zone: zone of @page
 * @owner: that CPU
 * @page: first page, on no list
 * @order: order of @page
 * @nolock: FPI_NOLOCK, do not wait for a lock
 *
 * As pcp_push(), for single frees: here the run stays in registers, and the caller, which
 * mostly has a local page, needs no stack for it.
 *
 * Context: As for pcp_push().
 */
void pcp_push_page(struct zone *zone, int owner, struct page *page, unsigned int order,
		   bool nolock)
{
	struct pcp_run run = {
		.zone = zone,
		.pcp = zone_pcp(zone, owner),
	};

	pcp_run_add(&run, page, order);
	__pcp_push(&run, nolock, NULL);
}

/**
 * pcp_push_pinned() - the same, by a task that is pinned and may have the local PCP locked
 * @run: pages of one PCP; empty on return
 * @local: the local PCP, or NULL if it is not locked
 *
 * If all that waits has to go to the zone, the lock is released for that, and the task not
 * pinned meanwhile.
 *
 * Context: Any but NMI.
 * Return: @local, or NULL if the lock was lost; the task is pinned, maybe to another CPU.
 */
struct per_cpu_pages *pcp_push_pinned(struct pcp_run *run, struct per_cpu_pages *local)
{
	__pcp_push(run, false, &local);
	return local;
}
