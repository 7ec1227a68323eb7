// SPDX-License-Identifier: GPL-2.0
/*
 * A page from the per-CPU lists and nothing else, for callers that may hold
 * any lock: kvfree_rcu() has a raw one.
 */
#include <linux/gfp.h>
#include <linux/mmzone.h>
#include <linux/preempt.h>
#include <linux/topology.h>

#include "../internal.h"
#include "pcp.h"
#include "zone.h"

/*
 * A page of any type that the PCP lists have. Pages of CMA and HIGHATOMIC blocks are
 * cached as movable, and a block may have been isolated since its page was cached.
 * The kernel, which does not move its pages, must get none of these.
 */
static struct page *pcp_take_any(struct zone *zone, struct per_cpu_pages *pcp)
{
	int migratetype;

	for (migratetype = 0; migratetype < MIGRATE_PCPTYPES; migratetype++) {
		struct pageblock_data *pbd;
		struct page *page;

		page = pcp_take(pcp, 0, migratetype);
		if (!page)
			continue;
		pbd = pcp_pageblock(zone, page, page_to_pfn(page));
		if (likely(pageblock_migratetype(pbd) < MIGRATE_PCPTYPES))
			return page;
		pcp_list_add_tail(pcp, page, 0, migratetype);
	}
	return NULL;
}

/**
 * pcp_take_lockless() - a page of order 0 from this CPU's PCP in one zone
 * @zone: the zone
 *
 * Pages that other CPUs gave back are taken in when the lists are empty. zone->lock is
 * not even tried: isolated pages that turn up are deferred.
 *
 * A page that fails the check for new pages is dropped, as everywhere.
 *
 * Context: Any where can_spin_trylock() is true.
 * Return: the page, with page_private() 0 and no reference, or NULL.
 */
struct page *pcp_take_lockless(struct zone *zone)
{
	struct per_cpu_pages *pcp;
	struct page *page = NULL;

	pcpu_task_pin();
	pcp = this_cpu_ptr(zone->per_cpu_pageset);
	if (!pcp_has_pages(pcp) || !pcp_trylock(pcp, PCP_SIDE_ALLOC))
		goto unpin;

	do {
		page = pcp_take_any(zone, pcp);
		if (!page && pcp_has_waiting(pcp) &&
		    pcp_absorb(zone, pcp, PCP_ABSORB_TO_HIGH | PCP_ABSORB_NOLOCK))
			page = pcp_take_any(zone, pcp);
	} while (page && unlikely(pcp_zone_bad_page(zone, page)));

	pcp_unlock(pcp);
unpin:
	pcpu_task_unpin();
	return page;
}

/**
 * pcp_lockless_from() - a page from this CPU's PCPs of several zones
 * @zonelist: the zones
 * @highest: last type of zone that will do
 *
 * Context: Any where can_spin_trylock() is true.
 * Return: the page, prepared and with one reference, or NULL.
 */
struct page *pcp_lockless_from(struct zonelist *zonelist, enum zone_type highest)
{
	struct zoneref *ref, *first;
	struct zone *zone;

	first = first_zones_zonelist(zonelist, highest, NULL);
	ref = first;
	for_next_zone_zonelist_nodemask(zone, ref, highest, NULL) {
		struct page *page = pcp_take_lockless(zone);

		if (page) {
			pcp_zone_hand_out(zone, page, zonelist_zone(first));
			return page;
		}
	}
	return NULL;
}

/*
 * With PREEMPT_RT a trylock, and the unlock after it, may take the wait_lock of
 * the rtmutex below, in which pi_lock nests. A caller with a raw lock may hold just
 * that one: set_cpus_allowed_force() calls kvfree_rcu() with a pi_lock held. A caller
 * that can be preempted holds none.
 */
static bool pcp_can_lock_here(void)
{
	return can_spin_trylock() &&
	       (!IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible());
}

/**
 * __rcu_alloc_page_lockless() - a page from the per-CPU lists alone
 *
 * It never takes zone->lock, never refills, never uses reserves, never sleeps
 * and never waits for a lock, so it fails often: when this CPU has no free
 * page at hand, or when it interrupted somebody who works on the lists.
 *
 * The page is from the zonelist of the local node for GFP_KERNEL. It is
 * prepared as for a gfp mask of 0, and not charged to a memory cgroup. Free it
 * with free_page().
 *
 * With debug_pagealloc it always fails: to map the page may take locks that
 * sleep on some architectures. With PREEMPT_RT it fails under a raw spinlock and
 * with interrupts or preemption off.
 *
 * Context: Any: raw spinlocks, interrupts off, hardirq, NMI.
 * Return: the kernel address of the page, or 0.
 */
unsigned long __rcu_alloc_page_lockless_noprof(void)
{
	struct page *page;

	if (debug_pagealloc_enabled_static() || !pcp_can_lock_here())
		return 0;

	page = pcp_lockless_from(node_zonelist(numa_mem_id(), GFP_KERNEL),
				 gfp_zone(GFP_KERNEL));
	return page ? (unsigned long)page_address(page) : 0;
}
