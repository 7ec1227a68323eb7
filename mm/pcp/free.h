/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All frees begin here: look at the page's block, and find the route.
 */
#ifndef __MM_PCP_FREE_H
#define __MM_PCP_FREE_H

#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <trace/events/pcp.h>

#include "pcp.h"
#include "route.h"
#include "zone.h"

/*
 * Reclaim and compaction free pages that they, or somebody who waits for them, want
 * back at once, for the watermarks to see or in whole blocks.
 */
static __always_inline bool pcp_task_needs_pages(void)
{
	return current->flags & (PF_MEMALLOC | PF_KCOMPACTD);
}

/*
 * How many pages a CPU has before it pushes others: half of what it may have beside a batch.
 * The high mark goes up while the CPU allocates, so it keeps what it has use for. The zone
 * would have to break up blocks for it otherwise, while these pages wait for another CPU.
 * If it kept all that it may have, it would give as many to the zone as if none were pushed.
 *
 * No less than high_min while that is small: high is raised above it when the PCP is full.
 * But with much memory for each CPU, or if its limits are set by hand, high stays at high_min,
 * and the PCP is trimmed there: it would push nothing.
 */
static __always_inline int pcp_keep_mark(const struct per_cpu_pages *pcp)
{
	/* Written with the lock held, by code that stays as it is upstream. */
	int high = data_race(READ_ONCE(pcp->high));
	int batch = READ_ONCE(pcp->batch);
	/* Shifts: to halve a number that may be negative takes three instructions. */
	int least = min3(READ_ONCE(pcp->high_min), READ_ONCE(pcp->high_max) >> 1,
			 (batch << CONFIG_PCP_BATCH_SCALE_MAX) >> 1);

	return max((high - batch) >> 1, least);
}

/*
 * This CPU has room for the page, or none like it. It looks without the lock, so the answer
 * may be out of date.
 */
static __always_inline bool pcp_wants_pages(const struct per_cpu_pages *pcp,
					    unsigned int pindex)
{
	return READ_ONCE(pcp->count) < pcp_keep_mark(pcp) ||
	       list_empty(&pcp->lists[pindex]);
}

/**
 * pcp_route_page() - find the route of a page
 * @in: what the caller knows: order_allowed, nolock, can_trylock; the rest is
 *	filled in
 * @zone: zone of @page
 * @page: first page, prepared for freeing
 * @pfn: its pfn
 * @order: its order
 *
 * Context: Any; the task is pinned.
 * Return: the destination.
 */
static __always_inline enum pcp_route
pcp_route_page(struct pcp_route_in *in, struct zone *zone, struct page *page,
	       unsigned long pfn, unsigned int order)
{
	enum pcp_route route;

	in->cpu = smp_processor_id();
	in->owner = -1;
	/* The block of an order that no PCP may have matters to a tracer alone. */
	if (likely(in->order_allowed) || trace_mm_pcp_route_enabled()) {
		struct pageblock_data *pbd = pcp_pageblock(zone, page, pfn);

		in->migratetype = pageblock_migratetype(pbd);
		in->owner = pageblock_owner_cpu(pbd);
		if (in->owner >= 0 && in->owner != in->cpu) {
			unsigned int pindex = pcp_pindex(pcp_list_type(in->migratetype), order);

			in->keep = pcp_task_needs_pages() ||
				   pcp_wants_pages(zone_pcp(zone, in->cpu), pindex);
			if (unlikely(!pcp_owners_on()))
				in->owner = -1;
		}
	}
	route = pcp_decide_route(*in);
	trace_mm_pcp_route(pfn, order, in->migratetype, in->owner, route);
	return route;
}

#endif /* __MM_PCP_FREE_H */
