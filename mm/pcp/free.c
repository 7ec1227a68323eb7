// SPDX-License-Identifier: GPL-2.0
/*
 * Free one page: find its route, and take it.
 */
#include <trace/events/pcp.h>

#include "../internal.h"
#include "commit.h"
#include "pcp.h"
#include "route.h"
#include "zone.h"

/*
 * Try the local PCP. Returns false if its lock is taken, or if the page could
 * not leave a disabled PCP again because zone->lock may not be waited for.
 */
static __always_inline bool pcp_free_local(struct zone *zone,
					   struct per_cpu_pages *pcp,
					   struct page *page,
					   unsigned int order, int migratetype,
					   bool owned, bool nolock)
{
	if (!pcp_trylock(pcp, PCP_SIDE_FREE)) {
		pcpu_task_unpin();
		return false;
	}

	if (unlikely(nolock && pcp_disabled(pcp))) {
		pcp_unlock(pcp);
		pcpu_task_unpin();
		return false;
	}

	if (likely(pcp_commit(zone, pcp, page, migratetype, order, owned, nolock))) {
		pcp_unlock(pcp);
		pcpu_task_unpin();
	}
	return true;
}

/**
 * pcp_free_page() - free a page
 * @zone: zone of @page
 * @page: first page, prepared for freeing
 * @pfn: its pfn
 * @order: order of @page
 * @order_allowed: pages of this order may be on a PCP
 * @nolock: FPI_NOLOCK, do not wait for a lock
 *
 * Context: Any with @nolock, else any but NMI. May take pcp->lock and
 * zone->lock.
 */
void pcp_free_page(struct zone *zone, struct page *page, unsigned long pfn,
		   unsigned int order, bool order_allowed, bool nolock)
{
	struct pcp_route_in in = {
		.owner = -1,
		.order_allowed = order_allowed,
		.nolock = nolock,
		.can_trylock = can_spin_trylock(),
	};
	struct pageblock_data *pbd;
	enum pcp_route route;

	/* The block of an order that no PCP may have matters to a tracer alone. */
	if (likely(order_allowed) || trace_mm_pcp_route_enabled()) {
		pbd = pcp_pageblock(zone, page, pfn);
		in.migratetype = pageblock_migratetype(pbd);
		in.owner = pageblock_owner_cpu(pbd);
	}

	/* Pinned before the CPU is read: its PCP may be locked below. */
	pcpu_task_pin();
	in.cpu = smp_processor_id();
	if (in.owner >= 0 && in.owner != in.cpu)
		in.owner_open = pcp_open(zone_pcp(zone, in.owner));

	route = pcp_route(in);
	trace_mm_pcp_route(pfn, order, in.migratetype, in.owner, route);
	if (likely(route == PCP_ROUTE_LOCAL)) {
		if (likely(pcp_free_local(zone, zone_pcp(zone, in.cpu), page,
					  order, pcp_list_type(in.migratetype),
					  in.owner == in.cpu, nolock)))
			return;
		route = pcp_route_busy(nolock);
	} else {
		pcpu_task_unpin();
	}

	switch (route) {
	case PCP_ROUTE_REMOTE: {
		struct pcp_run run = {
			.zone = zone,
			.pcp = zone_pcp(zone, in.owner),
		};

		pcp_run_add(&run, page, order);
		pcp_push(&run, nolock);
		break;
	}
	case PCP_ROUTE_DEFER:
		pcp_zone_defer(zone, page, order);
		break;
	default:
		pcp_zone_free_one(zone, page, pfn, order, nolock);
		break;
	}
}
