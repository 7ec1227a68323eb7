// SPDX-License-Identifier: GPL-2.0
/*
 * Allocate from a PCP: what is on its lists, then what other CPUs gave back,
 * then the zone.
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "../page_alloc.h"
#include "pcp.h"
#include "zone.h"

/*
 * Waiting pages are taken in even if the PCP is full. Then it is full of pages that are not
 * wanted now, and as many of these go to the zone, the coldest of the next list first.
 */
static struct page *pcp_take_absorbed(struct zone *zone, struct per_cpu_pages *pcp,
				      unsigned int order, int migratetype, bool nolock)
{
	struct page *page;
	int over;

	pcp_absorb(zone, pcp, nolock ? PCP_ABSORB_NOLOCK : 0);
	page = pcp_take_exact(pcp, order, migratetype);

	over = pcp->count - READ_ONCE(pcp->high);
	if (over > 0 && !nolock)
		pcp_free_bulk(zone, pcp, min(over, READ_ONCE(pcp->batch)),
			      (pcp_pindex(migratetype, order) + 1) % NR_PCP_LISTS);
	return page;
}

/**
 * pcp_alloc() - allocate a page from a PCP, and refill it if need be
 * @zone: the zone
 * @pcp: this CPU's PCP
 * @order: order that is wanted
 * @migratetype: type that is wanted, below MIGRATE_PCPTYPES
 * @alloc_flags: ALLOC_*
 *
 * For callers that looked at the list, see pcp_take_exact(), and for those that did not.
 *
 * The free_llist, which other CPUs write, is not looked at while the PCP has
 * a page of the order. A larger one is split last: the task that cached it may want it
 * again, and the zone has its small pieces for this.
 *
 * Context: @pcp->lock is held. May take zone->lock.
 * Return: the page, with page_private() 0, or NULL.
 */
struct page *pcp_alloc(struct zone *zone, struct per_cpu_pages *pcp,
		       unsigned int order, int migratetype,
		       unsigned int alloc_flags)
{
	struct page *page;

	page = pcp_take_exact(pcp, order, migratetype);
	if (likely(page))
		return page;

	if (pcp_has_waiting(pcp)) {
		page = pcp_take_absorbed(zone, pcp, order, migratetype,
					 alloc_flags & ALLOC_NOLOCK);
		if (page)
			return page;
	}

	/*
	 * A higher-order atomic allocation under memory pressure goes to the
	 * zone itself: a refill would not build up the HIGHATOMIC reserves
	 * that might be needed soon.
	 */
	if (alloc_flags & ALLOC_HIGHATOMIC)
		return NULL;

	if (pcp_refill(zone, pcp, order, migratetype, alloc_flags))
		return pcp_take_exact(pcp, order, migratetype);

	/* The zone leaves guards behind what it splits, see debug_guardpage_minorder. */
	if (debug_guardpage_enabled())
		return NULL;
	return pcp_take(pcp, order, migratetype);
}
