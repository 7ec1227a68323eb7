// SPDX-License-Identifier: GPL-2.0
/*
 * Allocate from a PCP: what is on its lists, then what other CPUs gave back,
 * then the zone.
 */
#include "../internal.h"
#include "../page_alloc.h"
#include "pcp.h"
#include "zone.h"

/* Most allocations find a page of just their order, and need no more. */
static __always_inline struct page *pcp_take_exact(struct per_cpu_pages *pcp,
						   unsigned int order,
						   int migratetype)
{
	struct page *page;

	page = list_first_entry_or_null(&pcp->lists[pcp_pindex(migratetype, order)],
					struct page, pcp_list);
	if (page)
		pcp_list_del(pcp, page, order);
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
 * The free_llist, which other CPUs write, is not looked at while the PCP has
 * a page that will do.
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

	page = pcp_take(pcp, order, migratetype);
	if (page)
		return page;

	if (pcp_has_waiting(pcp) &&
	    pcp_absorb(zone, pcp, PCP_ABSORB_NODES, true,
		       alloc_flags & ALLOC_NOLOCK)) {
		page = pcp_take(pcp, order, migratetype);
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

	if (!pcp_refill(zone, pcp, order, migratetype, alloc_flags))
		return NULL;

	return pcp_take(pcp, order, migratetype);
}
