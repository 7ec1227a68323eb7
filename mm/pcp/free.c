// SPDX-License-Identifier: GPL-2.0
/*
 * Free one page: find its route, and take it.
 */
#include "../internal.h"
#include "commit.h"
#include "free.h"

/*
 * Try the local PCP. Returns where the page goes: somewhere else if the lock is taken, or if
 * the page could not leave a disabled PCP again because zone->lock may not be waited for.
 */
static __always_inline enum pcp_route
pcp_free_local(struct zone *zone, struct per_cpu_pages *pcp, struct page *page,
	       unsigned int order, int migratetype, bool nolock)
	__no_context_analysis
{
	if (!pcp_trylock(pcp, PCP_SIDE_FREE))
		return pcp_route_busy(nolock);

	if (unlikely(nolock && pcp_disabled(pcp))) {
		pcp_unlock(pcp);
		/* Not deferred: whoever disabled the PCP wants to see the page in the zone. */
		return PCP_ROUTE_ZONE;
	}

	if (likely(pcp_commit(zone, pcp, page, migratetype, order, nolock)))
		pcp_unlock(pcp);
	return PCP_ROUTE_LOCAL;
}

/**
 * __pcp_free_page() - free a page
 * @zone: zone of @page
 * @page: first page, prepared for freeing
 * @pfn: its pfn
 * @order: order of @page
 * @order_allowed: pages of this order may be on a PCP
 * @nolock: FPI_NOLOCK, do not wait for a lock
 *
 * See pcp_free_page() and pcp_free_uncached().
 */
void __pcp_free_page(struct zone *zone, struct page *page, unsigned long pfn,
		     unsigned int order, bool order_allowed, bool nolock)
{
	struct pcp_route_in in = {
		.order_allowed = order_allowed,
		.nolock = nolock,
		.can_trylock = can_spin_trylock(),
	};
	enum pcp_route route;

	/* Pinned before the CPU is read: its PCP may be locked below. */
	pcpu_task_pin();
	route = pcp_route_page(&in, zone, page, pfn, order);
	if (likely(route == PCP_ROUTE_LOCAL))
		route = pcp_free_local(zone, zone_pcp(zone, in.cpu), page, order,
				       pcp_list_type(in.migratetype), nolock);
	pcpu_task_unpin();

	switch (route) {
	case PCP_ROUTE_LOCAL:
		break;
	case PCP_ROUTE_REMOTE:
		pcp_push_page(zone, in.owner, page, order, nolock);
		break;
	case PCP_ROUTE_DEFER:
		pcp_zone_defer(zone, page, order);
		break;
	case PCP_ROUTE_ZONE:
		pcp_zone_free_one(zone, page, pfn, order, nolock);
		break;
	}
}
