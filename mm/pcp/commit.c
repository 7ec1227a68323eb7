// SPDX-License-Identifier: GPL-2.0
/*
 * Keep the local PCP below its high mark after a free, see commit.h.
 */
#include <linux/minmax.h>

#include "commit.h"
#include "pcp.h"
#include "zone.h"

/*
 * Unlock, and lock again if this is still the same CPU. Others may run in
 * between. Returns false with the lock lost; the task is pinned in any case.
 */
static bool pcp_relock(struct zone *zone, struct per_cpu_pages *pcp)
	__no_context_analysis
{
	pcp_unlock(pcp);
	pcpu_task_unpin();

	pcpu_task_pin();
	/* Not this CPU's any more, or not in use, if the zone was reset. */
	return likely(this_cpu_ptr(zone->per_cpu_pageset) == pcp) &&
	       pcp_trylock(pcp, PCP_SIDE_FREE);
}

/* Give @to_free base pages back, @most for each hold of the lock. */
static bool pcp_trim(struct zone *zone, struct per_cpu_pages *pcp, int to_free,
		     int most, unsigned int pindex)
{
	for (;;) {
		pcp_free_bulk(zone, pcp, min(to_free, most), pindex);
		to_free -= most;
		if (to_free <= 0 || !pcp->count)
			return true;
		if (!pcp_relock(zone, pcp))
			return false;
	}
}

/**
 * pcp_commit_trim() - trim a PCP to its high mark after a free
 * @zone: the zone
 * @pcp: this CPU's PCP
 * @pindex: list that the page was put on; it is trimmed first
 * @batch: batch of the PCP, in base pages
 * @free_high: give back all pages of higher order
 *
 * nr_pcp_free() says how many pages go. Of a disabled PCP the page that came goes, and there
 * is no other: it was drained. After three quarters of a batch the lock is
 * dropped, so that the task can be preempted or interrupted during long frees.
 *
 * Context: @pcp->lock is held and the task pinned. Takes zone->lock.
 * Return: true if that is still so, false if the lock was lost; the task is pinned,
 * maybe to another CPU.
 */
bool pcp_commit_trim(struct zone *zone, struct per_cpu_pages *pcp,
		     unsigned int pindex, int batch, bool free_high)
{
	int high, to_free;
	bool locked;

	high = pcp_zone_high(zone, pcp, batch, free_high);
	if (pcp->count < high)
		return true;

	/* Less than a batch: pages are also chosen and merged with the lock held. */
	to_free = pcp_zone_nr_free(zone, pcp, batch, high, free_high);
	locked = pcp_trim(zone, pcp, to_free, batch - batch / 4, pindex);
	pcp_zone_relax(zone);
	return locked;
}
