// SPDX-License-Identifier: GPL-2.0
/*
 * The remote part of the free path: give pages to the CPU that owns their
 * block, without a lock, from any context.
 *
 * Whoever takes a free_llist whole, with llist_del_all(), has sole use of
 * what it took. nr_waiting is raised before a page is on the list and lowered
 * after it is off, so it is never less than what waits.
 */
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <trace/events/pcp.h>

#include "../internal.h"
#include "pcp.h"
#include "zone.h"

/**
 * pcp_init() - set up what mm/pcp/ keeps in a PCP
 * @pcp: the PCP, zeroed, its lists initialised
 * @cpu: the CPU that it is for
 *
 * The PCP is disabled until pcp_set_bound() says otherwise.
 *
 * Context: Before anybody can look the PCP up.
 */
void pcp_init(struct per_cpu_pages *pcp, int cpu)
{
	pcp->cpu = cpu;
	pcp->taken = NULL;
	INIT_LIST_HEAD(&pcp->owned_blocks);
	pcp->nr_owned_blocks = 0;
	init_llist_head(&pcp->free_llist);
	atomic_set(&pcp->nr_waiting, 0);
	pcp->bound = 0;
	pcp->bound_low = 0;
	pcp->dead = false;
}

/**
 * pcp_set_bound() - how many pages may wait for a PCP
 * @pcp: the PCP
 * @high_min: its new high_min, in base pages
 * @high_max: its new high_max, in base pages; 0 disables the PCP
 *
 * As many may wait as may be cached, pcp->high moves between the two, but no
 * more than the largest refill: whoever finds more has to take them all to the
 * zone, and while they wait for a CPU that wants none, others claim new blocks.
 *
 * Context: As for pageset_update(). Who disables a PCP drains it afterwards.
 */
void pcp_set_bound(struct per_cpu_pages *pcp, int high_min, int high_max)
{
	int refill = READ_ONCE(pcp->batch) << CONFIG_PCP_BATCH_SCALE_MAX;

	WRITE_ONCE(pcp->bound_low, high_min);
	WRITE_ONCE(pcp->bound, min(high_max, max(high_min, refill)));
}

/*
 * More may wait while the zone has enough than while it is short. The zone is
 * asked last: its flags share a cache line with zone->lock.
 */
static bool pcp_over_bound(struct zone *zone, struct per_cpu_pages *pcp,
			   int waiting)
{
	if (likely(waiting <= READ_ONCE(pcp->bound_low)))
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

/**
 * pcp_push() - give a run of pages to the CPU that owns their blocks
 * @run: pages of one PCP; empty on return
 * @nolock: FPI_NOLOCK, do not wait for a lock
 *
 * PGFREE is counted here and not again when the pages are absorbed.
 *
 * The PCP may be closed, because its CPU dies or because it is disabled,
 * between the look that sent the pages here and the push. So this looks again
 * after the push, and the side that closes looks at the list after closing:
 *
 *	pcp_push()			pcp_cpu_dead(), zone_pcp_disable()
 *	  add to free_llist		  dead = true, or bound = 0
 *	  <llist_add_batch()>		  <smp_mb() in pcp_drain()>
 *	  read dead and bound		  read free_llist
 *
 * Both are fully ordered, so at least one of them sees the other and takes the
 * pages to the zone. The successful cmpxchg() in llist_add_batch() is the
 * barrier here.
 *
 * The owner may never look at its list. So whoever finds that more pages wait
 * than the bound allows takes them all to the zone; with @nolock just its own,
 * because that may be an NMI, or a caller that holds any lock.
 *
 * Nothing keeps the zone and its PCPs alive once the pages are on the list:
 * somebody may take them, and offline the zone's last memory. So this is an
 * RCU reader until it is done, and zone_pcp_reset() waits for those.
 *
 * Context: Any, NMI included with @nolock. Takes zone->lock in the two rare
 * cases.
 */
void pcp_push(struct pcp_run *run, bool nolock)
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
		run->first = NULL;
		run->pcp = NULL;
		run->nr_pages = 0;
		return;
	}

	rcu_read_lock();
	pcp_count_freed(nr_pages, true);
	waiting = atomic_add_return(nr_pages, &pcp->nr_waiting);
	llist_add_batch(run->first, run->last, &pcp->free_llist);
	trace_mm_pcp_push(pcp->cpu, nr_pages, waiting);
	run->first = NULL;
	run->pcp = NULL;
	run->nr_pages = 0;
	pcp_point(pcp, PCP_POINT_PUSHED);

	if (unlikely(!pcp_open(pcp))) {
		count_vm_events(PCP_RESCUE,
				pcp_flush_waiting(zone, pcp, nolock));
	} else if (unlikely(!nolock && pcp_over_bound(zone, pcp, waiting))) {
		if (pcp_flush_waiting(zone, pcp, false))
			count_vm_event(PCP_OVERFLOW);
	}
	rcu_read_unlock();
}

/**
 * pcp_waiting_to_zone() - pages that waited for a PCP go to the zone
 * @zone: the zone
 * @pcp: the PCP that they waited for
 * @first: what was taken off its waiting lists, linked by pcp_llist; may be
 *	NULL
 * @nolock: do not wait for zone->lock
 *
 * Context: Any, NMI included with @nolock. Takes zone->lock, not @pcp->lock.
 * Return: the number of base pages.
 */
unsigned int pcp_waiting_to_zone(struct zone *zone, struct per_cpu_pages *pcp,
				 struct llist_node *first, bool nolock)
{
	struct llist_node *node;
	unsigned int nr_pages = 0;

	if (!first)
		return 0;

	/*
	 * They no longer wait. Say so before the zone takes its time, or
	 * other pushers would come here for a handful of pages each.
	 */
	for (node = first; node; node = node->next)
		nr_pages += 1U << page_private(llist_entry(node, struct page,
							   pcp_llist));
	atomic_sub(nr_pages, &pcp->nr_waiting);

	pcp_zone_free_waiting(zone, first, nolock);
	return nr_pages;
}

/**
 * pcp_flush_waiting() - take what waits for a PCP to the zone
 * @zone: the zone
 * @pcp: the PCP, usually of another CPU
 * @nolock: do not wait for zone->lock
 *
 * What an absorb took and did not get to is under @pcp->lock, which may only
 * be tried here: if somebody has it, those pages stay.
 *
 * Context: Any, NMI included with @nolock. Takes zone->lock.
 * Return: the number of base pages.
 */
unsigned int pcp_flush_waiting(struct zone *zone, struct per_cpu_pages *pcp,
			       bool nolock)
{
	struct llist_node *taken = NULL, *first;
	unsigned int nr_pages;

	first = llist_del_all(&pcp->free_llist);
	pcp_point(pcp, PCP_POINT_TAKEN);
	nr_pages = pcp_waiting_to_zone(zone, pcp, first, nolock);

	if (unlikely(READ_ONCE(pcp->taken)) && can_spin_trylock() &&
	    spin_trylock(&pcp->lock)) {
		taken = pcp->taken;
		WRITE_ONCE(pcp->taken, NULL);
		spin_unlock(&pcp->lock);
	}
	return nr_pages + pcp_waiting_to_zone(zone, pcp, taken, nolock);
}
